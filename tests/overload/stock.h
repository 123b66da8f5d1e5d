/* stock - the seats that the storm plays with, and what was acknowledged about each.
 *
 * A seat has at most one command under way, so every answer has exactly one right meaning. Truths:
 * (1) a seat is in one of four states; (2) the ring of the free holds exactly the STOCK_FREE ones,
 * the ring of the held exactly the STOCK_HELD ones. */
#ifndef STOCK_H
#define STOCK_H
#include <stdbool.h>
#include <stdint.h>

typedef enum { STOCK_FREE, STOCK_HELD, STOCK_UNDER_WAY, STOCK_UNKNOWN } stock_state_t;

typedef struct {
    uint32_t *seats;
    uint32_t first, count, room;
} stock_ring_t;

typedef struct {
    uint32_t count;
    uint8_t *states;
    uint32_t *locks; /* the lock's number of a seat that is held */
    stock_ring_t free, held;
} stock_t;

/* Seats 0 .. count - 1, all free; false when memory is short. */
bool stock_init(stock_t *self, uint32_t count);
void stock_clear(stock_t *self);
/* Take the seat that was longest free, or held, under way; false when there is none. */
bool stock_take_free(stock_t *self, uint32_t *seat);
bool stock_take_held(stock_t *self, uint32_t *seat);
/* What became of a seat that was under way. */
void stock_put_free(stock_t *self, uint32_t seat);
void stock_put_held(stock_t *self, uint32_t seat, uint32_t lock);
void stock_put_unknown(stock_t *self, uint32_t seat);
#endif
