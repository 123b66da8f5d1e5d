/* stock - see stock.h for the contract. */
#include "tests/overload/stock.h"
#include <assert.h>
#include <stdlib.h>

bool
stock_init(stock_t *self, uint32_t count)
{
    *self = (stock_t){ .count = count };
    self->states = calloc(count, sizeof *self->states);
    self->locks = calloc(count, sizeof *self->locks);
    self->free = (stock_ring_t){ .seats = calloc(count, sizeof(uint32_t)), .room = count };
    self->held = (stock_ring_t){ .seats = calloc(count, sizeof(uint32_t)), .room = count };
    if (!self->states || !self->locks || !self->free.seats || !self->held.seats) {
        stock_clear(self);
        return false;
    }
    /* Neighbours in the ring are of different showtimes only by the caller's numbering. */
    for (uint32_t seat = 0; seat < count; seat++)
        self->free.seats[self->free.count++] = seat;
    return true;
}

void
stock_clear(stock_t *self)
{
    free(self->states);
    free(self->locks);
    free(self->free.seats);
    free(self->held.seats);
    *self = (stock_t){ 0 };
}

static bool
stock_take(stock_t *self, stock_ring_t *ring, stock_state_t state, uint32_t *seat)
{
    if (!ring->count)
        return false;
    *seat = ring->seats[ring->first];
    ring->first = ring->first + 1 < ring->room ? ring->first + 1 : 0;
    ring->count--;
    assert(self->states[*seat] == state);
    self->states[*seat] = STOCK_UNDER_WAY;
    return true;
}

bool
stock_take_free(stock_t *self, uint32_t *seat)
{
    return stock_take(self, &self->free, STOCK_FREE, seat);
}

bool
stock_take_held(stock_t *self, uint32_t *seat)
{
    return stock_take(self, &self->held, STOCK_HELD, seat);
}

static void
stock_put(stock_t *self, stock_ring_t *ring, stock_state_t state, uint32_t seat)
{
    assert(self->states[seat] == STOCK_UNDER_WAY);
    uint32_t at = ring->first + ring->count;
    ring->seats[at < ring->room ? at : at - ring->room] = seat;
    ring->count++;
    self->states[seat] = (uint8_t)state;
}

void
stock_put_free(stock_t *self, uint32_t seat)
{
    stock_put(self, &self->free, STOCK_FREE, seat);
}

void
stock_put_held(stock_t *self, uint32_t seat, uint32_t lock)
{
    self->locks[seat] = lock;
    stock_put(self, &self->held, STOCK_HELD, seat);
}

void
stock_put_unknown(stock_t *self, uint32_t seat)
{
    assert(self->states[seat] == STOCK_UNDER_WAY);
    self->states[seat] = STOCK_UNKNOWN;
}
