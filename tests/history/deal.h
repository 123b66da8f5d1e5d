/* deal - one lock and what became of it: order, payment, tickets, money back. */
#ifndef HISTORY_DEAL_H
#define HISTORY_DEAL_H
#include "tests/history/inside.h"

/* One kind of step in a deal. */
typedef struct {
    uint64_t from; /* the least number it can have had; NEVER: it was not even tried */
    uint64_t sure; /* the least number at which it is known to have happened; or NEVER */
    uint32_t row;  /* that knows it */
} step_t;

typedef struct {
    history_t *history;
    const item_t *items; /* its calls, in order of number */
    uint32_t count;
    uint32_t locked; /* row of the lock given, ROW_NONE: not in the history */
    uint32_t offer;  /* row of an offer after a late payment */
    step_t order, release, cancel, sale, accept;
    uint64_t extended_from, extended_sure; /* the last sure one */
    uint64_t held_until;
    int64_t paid, asked, given_back; /* given_back: by answers; the greatest of each tell */
    bool refund_doubt;
    uint16_t seats[CALL_SEATS_MAX];
    uint32_t seat_count;
    step_t redeem[CALL_SEATS_MAX], refund[CALL_SEATS_MAX];
} deal_t;

static inline const row_t *
deal_row(const deal_t *self, uint32_t i)
{
    return &self->history->rows[self->items[i].at];
}

/* A deal of the `count` calls about one lock, which stay where they are. */
void deal_init(deal_t *self, history_t *history, const item_t *items, uint32_t count);
/* Add up what was done and may have been. False: what must happen once did so twice. */
bool deal_add_up(deal_t *self);
/* Judge every answer by that. `maybe_locked`: a lock of the showtime is of unknown outcome. */
bool deal_judge(deal_t *self, bool maybe_locked);
/* The place of a seat among the deal's; one that is new is added while there is room. */
uint32_t deal_seat(deal_t *self, uint16_t seat);
/* The end of the lock as told up to `number`. */
int64_t deal_until(const deal_t *self, uint64_t number);
bool deal_may_be_over(const deal_t *self, const row_t *row);
#endif
