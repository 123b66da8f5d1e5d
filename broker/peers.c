/* peers - see peers.h for the contract. Linear probing, at most half full; removal shifts the run
 * back (Knuth, TAOCP 3, 6.4, algorithm R), so there are no tombstones. */
#include "broker/peers.h"
#include <assert.h>
#include <stdlib.h>

struct peers {
    peer_t *slots;
    size_t mask, count, peers_max;
};

peers_t *
peers_new(size_t peers_max)
{
    peers_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    size_t slots = 16;
    while (slots < peers_max * 2)
        slots *= 2;
    self->slots = calloc(slots, sizeof *self->slots);
    self->mask = slots - 1;
    self->peers_max = peers_max;
    if (!self->slots)
        peers_destroy(&self);
    return self;
}

void
peers_destroy(peers_t **self_p)
{
    peers_t *self = *self_p;
    if (!self)
        return;
    free(self->slots);
    free(self);
    *self_p = NULL;
}

static size_t
peers_home(const peers_t *self, uint64_t name)
{
    return (size_t)((name * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & self->mask;
}

static peer_t *
peers_slot(peers_t *self, uint64_t name)
{
    size_t at = peers_home(self, name);
    while (self->slots[at].name && self->slots[at].name != name)
        at = (at + 1) & self->mask;
    return &self->slots[at];
}

peer_t *
peers_find(peers_t *self, uint64_t name)
{
    assert(name);
    peer_t *slot = peers_slot(self, name);
    return slot->name ? slot : NULL;
}

peer_t *
peers_add(peers_t *self, uint64_t name)
{
    assert(name);
    peer_t *slot = peers_slot(self, name);
    if (slot->name)
        return slot;
    if (self->count == self->peers_max)
        return NULL;
    self->count++;
    *slot = (peer_t){ .name = name, .first = -1, .last = -1 };
    return slot;
}

void
peers_remove(peers_t *self, uint64_t name)
{
    peer_t *slot = peers_slot(self, name);
    if (!slot->name)
        return;
    size_t hole = (size_t)(slot - self->slots);
    self->count--;
    for (size_t at = (hole + 1) & self->mask; self->slots[at].name; at = (at + 1) & self->mask) {
        size_t home = peers_home(self, self->slots[at].name);
        if (((at - home) & self->mask) >= ((at - hole) & self->mask)) {
            self->slots[hole] = self->slots[at];
            hole = at;
        }
    }
    self->slots[hole].name = 0;
}

void
peers_sweep(peers_t *self, int64_t before_ms)
{
    for (size_t at = 0; at <= self->mask;) {
        peer_t *slot = &self->slots[at];
        if (slot->name && slot->seen_ms < before_ms)
            peers_remove(self, slot->name); /* another may have moved here: look again */
        else
            at++;
    }
}

size_t
peers_count(const peers_t *self)
{
    return self->count;
}
