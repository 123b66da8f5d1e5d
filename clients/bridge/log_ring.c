/* log_ring - see log_ring.h for the contract. */
#include "clients/bridge/log_ring.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

log_ring_t *
log_ring_new(uint32_t room)
{
    assert(room > 0 && (room & (room - 1)) == 0);
    log_ring_t *self = malloc(sizeof *self);
    uint8_t *data = malloc(room);
    if (!self || !data) {
        free(self);
        free(data);
        return NULL;
    }
    self->data = data;
    self->room = room;
    self->first_border = self->border_count = 0;
    self->end = 0;
    return self;
}

void
log_ring_destroy(log_ring_t **self_p)
{
    if (!*self_p)
        return;
    free((*self_p)->data);
    free(*self_p);
    *self_p = NULL;
}

static void
log_ring_put(log_ring_t *self, const void *bytes, size_t size)
{
    size_t at = self->end & (self->room - 1);
    size_t first = size < self->room - at ? size : self->room - at;
    if (first)
        memcpy(self->data + at, bytes, first);
    if (size > first)
        memcpy(self->data, (const uint8_t *)bytes + first, size - first);
    self->end += size;
}

bool
log_ring_append(log_ring_t *self, const void *head, size_t head_size, const void *body,
                size_t body_size)
{
    if (head_size + body_size > self->room)
        return false;
    log_ring_put(self, head, head_size);
    log_ring_put(self, body, body_size);
    if (self->border_count == LOG_RING_BORDERS) {
        self->first_border = (self->first_border + 1) % LOG_RING_BORDERS;
        self->border_count--;
    }
    self->borders[(self->first_border + self->border_count) % LOG_RING_BORDERS] = self->end;
    self->border_count++;
    return true;
}

/* A reader at the end needs nothing. Any other needs its bytes, and the borders behind it: those of
 * the oldest remembered message on. */
bool
log_ring_has(const log_ring_t *self, uint64_t offset)
{
    if (offset == self->end)
        return true;
    if (offset > self->end || self->end - offset > self->room)
        return false;
    return self->border_count < LOG_RING_BORDERS || offset >= self->borders[self->first_border];
}

size_t
log_ring_bytes(const log_ring_t *self, uint64_t offset, const uint8_t **bytes)
{
    assert(log_ring_has(self, offset) || self->end - offset <= self->room);
    size_t at = offset & (self->room - 1);
    size_t left = self->end - offset;
    *bytes = self->data + at;
    return left < self->room - at ? left : self->room - at;
}

uint64_t
log_ring_border(const log_ring_t *self, uint64_t offset)
{
    uint32_t low = 0, high = self->border_count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (self->borders[(self->first_border + middle) % LOG_RING_BORDERS] >= offset)
            high = middle;
        else
            low = middle + 1;
    }
    assert(low < self->border_count);
    return self->borders[(self->first_border + low) % LOG_RING_BORDERS];
}
