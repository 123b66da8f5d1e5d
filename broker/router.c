/* router - see router.h for the contract: birth, time, death. */
#include "broker/router_inside.h"
#include <stdlib.h>

static bool
router_lanes(router_t *self)
{
    self->partitions = calloc(self->options.partitions, sizeof *self->partitions);
    if (!self->partitions)
        return false;
    for (uint32_t i = 0; i < self->options.partitions; i++) {
        pack_buffer_t *out = &self->partitions[i].out;
        out->room = ROUTER_PACK_BYTES;
        out->bytes = malloc(out->room);
        if (!out->bytes)
            return false;
    }
    return true;
}

router_t *
router_new(const router_options_t *options, const router_ways_t *ways)
{
    router_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->options = *options;
    self->ways = *ways;
    self->peers = peers_new(options->peers_max);
    self->waiting = calloc(ROUTER_REPLIES_MAX, sizeof *self->waiting);
    self->touched = calloc(ROUTER_REPLIES_MAX, sizeof *self->touched);
    self->status_room = options->partitions * 32 + ROUTER_BODY_MAX;
    self->status_body = malloc(self->status_room);
    if (!self->peers || !self->waiting || !self->touched || !self->status_body ||
        !router_lanes(self))
        router_destroy(&self);
    return self;
}

void
router_destroy(router_t **self_p)
{
    router_t *self = *self_p;
    if (!self)
        return;
    for (uint32_t i = 0; self->partitions && i < self->options.partitions; i++)
        free(self->partitions[i].out.bytes);
    free(self->partitions);
    free(self->waiting);
    free(self->touched);
    free(self->status_body);
    peers_destroy(&self->peers);
    free(self);
    *self_p = NULL;
}

void
router_clock(router_t *self, int64_t now_ms)
{
    self->now_ms = now_ms;
    if (now_ms < self->tick_ms)
        return;
    self->tick_ms = now_ms + ROUTER_PEER_IDLE_MS / 10;
    peers_sweep(self->peers, now_ms - ROUTER_PEER_IDLE_MS);
}

void
router_malformed(router_t *self)
{
    self->malformed++;
}
