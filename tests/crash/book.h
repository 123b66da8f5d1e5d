/* book - what the server has acknowledged so far, and every contradiction found in it.
 *
 * A sale is one lock and what became of it. A seat has a holder from the moment its lock was
 * acknowledged until its release or cancelling is sent, or its lock is over. */
#ifndef CRASH_BOOK_H
#define CRASH_BOOK_H
#include <stdbool.h>
#include <stdint.h>

enum {
    BOOK_ROWS = 15,
    BOOK_COLUMNS = 20,
    BOOK_SEATS = BOOK_ROWS * BOOK_COLUMNS,
    BOOK_PAIRS = BOOK_SEATS / 2,
    BOOK_TEXT_MAX = 40,
    BOOK_SHOWN_MAX = 10, /* contradictions that are printed of one round */
};

typedef enum {
    SALE_LOCKED,
    SALE_RELEASED,
    SALE_ORDERED,
    SALE_CANCELLED,
    SALE_PAID,
} sale_state_t;

typedef struct {
    uint64_t showtime; /* index */
    uint64_t user;
    uint32_t pair, lock; /* seats 2 * pair + 1 and + 2 */
    int64_t until_ms;    /* end of the lock, as told */
    uint64_t amount;
    sale_state_t state; /* as acknowledged */
    bool ending;        /* a release or cancelling was sent: its seats may be anybody's */
    bool redeemed;      /* the first ticket was let in, as acknowledged */
    char order[BOOK_TEXT_MAX], code[BOOK_TEXT_MAX];
    char tickets[2][BOOK_TEXT_MAX], token[BOOK_TEXT_MAX]; /* token: of the first ticket */
} sale_t;

typedef struct {
    uint64_t base; /* id of showtime 0 */
    uint32_t showtime_count;
    uint32_t (*holders)[BOOK_PAIRS]; /* a pair's sale + 1, 0: nobody is known to have it */
    sale_t *sales;
    uint32_t sale_count, sale_room;
    uint64_t failures; /* contradictions of this round */
} book_t;

void book_close(book_t *self);
/* One showtime more; false when memory is short. */
bool book_add_showtime(book_t *self);
/* A sale begins with its acknowledged lock; its number. */
uint32_t book_add_sale(book_t *self, const sale_t *sale);
/* A release or cancelling is being sent. */
void book_ending(book_t *self, uint32_t sale);
/* The sale became this; a sale is for ever. */
void book_paid(book_t *self, uint32_t sale);
/* Is the sale's claim on its seats sure at `now_ms`? */
bool book_holds(const sale_t *sale, int64_t now_ms);
/* Note a contradiction. */
void book_fail(book_t *self, const char *format, ...) __attribute__((format(printf, 2, 3)));
#endif
