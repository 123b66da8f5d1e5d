/* layout - the geometry of a hall: built row by row, asked for lone seats and for the best block.
 *
 * Pure arithmetic over arrays. Seats have the ids 1..count in row-major order; arrays of seats are
 * indexed by id - 1. Lists of ids are strictly ascending. */
#ifndef LAYOUT_H
#define LAYOUT_H
#include <stdbool.h>
#include <stdint.h>

enum {
    LAYOUT_SEATS_MAX = 2048,
    LAYOUT_ROWS_MAX = 64,
    LAYOUT_COLUMNS_MAX = 64,
    LAYOUT_ROW_NAME = 4
};

/* Kinds as in showtime.open; the right half of a couple pair is stored as 'C', and 'x' is stored as
 * 's' (its seat starts blocked). */
enum {
    KIND_STANDARD = 's',
    KIND_PREMIUM = 'p',
    KIND_COUPLE = 'c',
    KIND_COUPLE_RIGHT = 'C',
    KIND_WHEELCHAIR = 'w',
};

typedef struct {
    uint8_t row, column; /* from 0 */
    uint8_t kind;
    uint8_t zone; /* a letter */
} layout_seat_t;

/* One seat of a showtime as stored. version: the showtime's change number at its last change. */
typedef struct {
    uint8_t state; /* SEAT_AVAILABLE.. */
    uint8_t flags; /* none yet */
    uint16_t tag;  /* of the user, while somebody holds it */
    uint32_t purchase;
    uint32_t version;
} seat_t;
_Static_assert(sizeof(layout_seat_t) == 4, "stored");
_Static_assert(sizeof(seat_t) == 12, "stored");

/* The immutable record of a showtime's hall; seats follow in it. */
typedef struct {
    uint16_t seat_count;
    uint8_t row_count, column_count;
    char row_names[LAYOUT_ROWS_MAX][LAYOUT_ROW_NAME];
    layout_seat_t seats[LAYOUT_SEATS_MAX];
} layout_t;
_Static_assert(sizeof(layout_t) == 4 + 256 + 4 * LAYOUT_SEATS_MAX, "stored");

/* Bytes of a layout with this many seats, as stored. */
static inline uint32_t
layout_size(uint32_t seat_count)
{
    return 4 + LAYOUT_ROWS_MAX * LAYOUT_ROW_NAME + seat_count * (uint32_t)sizeof(layout_seat_t);
}

/* What is wrong with a row: row and column count from 1, 0 where none is meant. */
typedef struct {
    uint32_t row, column;
    const char *reason;
} layout_fault_t;

/* Add the next row. `zones` has a bit for each letter that exists; blocked[id - 1] is set for seats
 * that start blocked. False with *fault filled in; the layout is then useless. */
bool layout_add_row(layout_t *self, bool blocked[LAYOUT_SEATS_MAX], uint32_t zones,
                    const char *name, uint32_t name_size, const char *kinds, uint32_t kinds_size,
                    const char *row_zones, uint32_t zones_size, layout_fault_t *fault);
/* After the last row. */
bool layout_complete(const layout_t *self, layout_fault_t *fault);

/* Does the choice split a couple pair? The first seat chosen without its other half, or 0. */
uint16_t layout_couple_split(const layout_t *self, const uint16_t *ids, uint32_t count);
/* The first wheelchair place of the choice, or 0. */
uint16_t layout_wheelchair(const layout_t *self, const uint16_t *ids, uint32_t count);
/* Would taking these free seats leave a lone one where another choice would not? A run is a longest
 * chain of neighbouring free standard or premium seats in a row (couple and wheelchair places
 * are no choice for the buyer of one seat, so they neither belong to a run nor rescue a lone seat
 * beside them). Refused is what leaves a run of one out of a longer one, unless the choice takes
 * all but one of that run: then no placement avoids it. Returns the lone seat, or 0. */
uint16_t layout_lone_seat(const layout_t *self, const seat_t *seats, const uint16_t *ids,
                          uint32_t count);

typedef struct {
    uint32_t count;
    uint8_t zone;    /* a letter, or 0 for any */
    bool wheelchair; /* the block holds at least one wheelchair place; else none */
} layout_wish_t;

/* The best block: free neighbours in one row, couple pairs whole. Of all those it is the one that
 * leaves no lone seat, if there is such a one, then with the least sum of squared distances to the
 * middle of the row two thirds back, then with the lowest ids. First id, or 0 when there is no
 * block. */
uint16_t layout_best(const layout_t *self, const seat_t *seats, const layout_wish_t *wish);
/* The block of free neighbours whose kinds and zones are, seat by seat, those of `ids`, chosen as
 * above; 0 when there is none or when `ids` are not neighbours themselves. */
uint16_t layout_equal_block(const layout_t *self, const seat_t *seats, const uint16_t *ids,
                            uint32_t count);
#endif
