/* router - see router.h for the contract: birth, time, death. */
#include "broker/router_inside.h"
#include <stdlib.h>

static bool
router_lanes(router_t *self)
{
    self->lanes = calloc(self->lane_count, sizeof *self->lanes);
    if (!self->lanes)
        return false;
    for (uint32_t i = 0; i < self->lane_count; i++) {
        pack_buffer_t *out = &self->lanes[i].out;
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
    self->map = options->map;
    self->lane_count = shard_count(&self->map);
    self->peers = peers_new(options->peers_max);
    self->waiting = calloc(ROUTER_REPLIES_MAX, sizeof *self->waiting);
    self->touched = calloc(ROUTER_REPLIES_MAX, sizeof *self->touched);
    self->answers = malloc(ROUTER_ANSWERS_BYTES);
    self->status_room = self->lane_count * 32 + ROUTER_BODY_MAX;
    self->status_body = malloc(self->status_room);
    self->busy_per_ms = ROUTER_BUSY_MIN;
    router_make_refusals(self);
    if (!self->peers || !self->waiting || !self->touched || !self->answers || !self->status_body ||
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
    for (uint32_t i = 0; self->lanes && i < self->lane_count; i++)
        free(self->lanes[i].out.bytes);
    free(self->lanes);
    free(self->waiting);
    free(self->touched);
    free(self->answers);
    free(self->status_body);
    peers_destroy(&self->peers);
    free(self);
    *self_p = NULL;
}

/* How much may be refused. Telling BUSY is cheap, but not for nothing: a fixed share of the time
 * goes to it. Where commands are late when they are read, the queue before us is longer than their
 * deadlines, and all that is carried out would come too late: then it is shortened faster. */
static void
router_allow(router_t *self, int64_t now_ms)
{
    int64_t passed_ms = now_ms - self->now_ms;
    if (now_ms >= self->step_ms) {
        uint32_t rate = self->late ? self->busy_per_ms * 2 : self->busy_per_ms * 7 / 8;
        rate = rate > ROUTER_BUSY_MAX ? ROUTER_BUSY_MAX : rate;
        self->busy_per_ms = rate < ROUTER_BUSY_MIN ? ROUTER_BUSY_MIN : rate;
        self->late = false;
        self->step_ms = now_ms + ROUTER_BUSY_STEP_MS;
    }
    if (passed_ms > ROUTER_BUSY_STEP_MS) /* nobody was refused meanwhile, or the thread slept */
        passed_ms = ROUTER_BUSY_STEP_MS;
    int64_t most = (int64_t)self->busy_per_ms * ROUTER_BUSY_STEP_MS;
    self->busy_left += (int64_t)self->busy_per_ms * passed_ms;
    self->busy_left = self->busy_left > most ? most : self->busy_left;
}

bool
router_hungry(const router_t *self)
{
    return self->busy_left > 0;
}

void
router_clock(router_t *self, int64_t now_ms)
{
    if (now_ms > self->now_ms)
        router_allow(self, now_ms);
    self->now_ms = now_ms;
    self->wall_ms = self->ways.wall_ms(self->ways.argument);
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
