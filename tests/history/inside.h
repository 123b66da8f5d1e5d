/* inside - what the files of the checker share. */
#ifndef HISTORY_INSIDE_H
#define HISTORY_INSIDE_H
#include "tests/history/history.h"

#define NEVER UINT64_MAX /* a number that no entry has */

typedef enum {
    FATE_NOTHING, /* refused before any entry, or a copy of one that stands elsewhere */
    FATE_READ,
    FATE_DONE,  /* a write that stands in an entry; this copy has its answer */
    FATE_MAYBE, /* a write of unknown outcome; this is its first copy that may have done it */
} fate_t;

/* A call, and what was found out about it. */
typedef struct {
    uint64_t client, request, showtime, user;
    int64_t start_ns, end_ns;
    uint64_t sequence;
    int64_t until_ms, served_ms;
    uint64_t payment;
    int64_t amount;
    /* Of DONE and MAYBE: the greatest number received before the command began. */
    uint64_t lowest;
    uint32_t stands; /* of the copy that a command begins with: whose fate it is; else ROW_NONE */
    uint32_t digest, lock, seats_at;
    uint16_t operation, status, partition, refused;
    uint8_t seat_count, fate;
} row_t;
#define ROW_NONE UINT32_MAX

/* For sorting: a key and what it belongs to. */
typedef struct {
    uint64_t key;
    uint32_t at;
} item_t;

typedef struct {
    uint64_t place; /* partition << 48 | number */
    int64_t served_ms;
    uint32_t row;
} moment_t;

/* Who has a seat from when on, or what was seen of it. */
typedef enum {
    SEAT_ANY,   /* seat 0: locks of unknown outcome that chose their seats themselves */
    SEAT_MAYBE, /* a lock of unknown outcome, or a sale of one */
    SEAT_SEEN,  /* a refusal: locked, or sold */
    SEAT_UNBLOCKED,
    SEAT_BLOCKING,
    SEAT_OWNED,
} seat_kind_t;

typedef struct {
    uint64_t showtime, begin;
    uint64_t free_from, free_sure; /* may have been, was surely let go by a command; or NEVER */
    uint64_t held_until;           /* the last number at which an answer shows it held */
    uint64_t sold_from, sold_sure; /* may have been, was surely sold; or NEVER */
    int64_t until_ms;              /* end of the lock, as far as told */
    uint32_t lock, row;
    uint16_t seat;
    uint8_t kind;
    bool longer; /* an extension of unknown outcome may have moved the end */
} tenure_t;

struct history {
    row_t *rows;
    uint32_t count, room;
    uint16_t *seats;
    uint32_t seat_count, seat_room;
    moment_t *moments;
    uint32_t moment_count;
    tenure_t *tenures;
    uint32_t tenure_count, tenure_room;
    history_counts_t counts;
    char why[HISTORY_WHY_MAX];
};

/* Sort by key, stably; `scratch` has room for as many. */
void history_sort(item_t *items, item_t *scratch, uint32_t count);
/* Say what is wrong; one or two calls (ROW_NONE: none) are appended. Returns false. */
bool history_wrong(history_t *self, uint32_t one, uint32_t other, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
bool history_short(history_t *self);
static inline const uint16_t *
row_seats(const history_t *self, const row_t *row)
{
    return self->seats + row->seats_at;
}
/* The number of a row's effect: that of its entry, or the lowest that it can have. */
static inline uint64_t
row_place(const row_t *row)
{
    return row->fate == FATE_MAYBE ? row->lowest + 1 : row->sequence;
}

/* history_copies.c: find the copies of each command, and their fate. */
bool history_copies(history_t *self);
/* history_order.c: numbers against time. Needs fates, finds `lowest`. */
bool history_order(history_t *self);
/* history_clock.c: the server's clock at a number: not before, not after. */
bool history_clock(history_t *self);
int64_t clock_least(const history_t *self, uint16_t partition, uint64_t sequence);
int64_t clock_most(const history_t *self, uint16_t partition, uint64_t sequence);
/* history_deals.c: each lock and what became of it, by deal.c; makes the tenures. */
bool history_deals(history_t *self);
/* history_seats.c: who has a seat after whom. */
bool history_tenure(history_t *self, const tenure_t *tenure);
bool history_seats(history_t *self);
#endif
