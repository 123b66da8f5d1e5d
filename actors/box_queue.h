/* box_queue - the waiting room of a showtime that many want at once.
 *
 * Who joins before it is drawn gets an arrival number; the draw shuffles them (draw.h), and who
 * joins after it stands behind, first come, first served. A place is let in while fewer than
 * `capacity` are inside and not faster than `rate` a minute; one who was let in may buy until a
 * time. There are two lanes, each with its own numbers, draw and places; `share` of a hundred that
 * are let in are of lane 1.
 *
 * Records, in the showtime's space:
 *   Q 0     queue_t: settings, seed, counters; due at its next tick
 *   E n     place_t a place, QUEUE_PAGE_PLACES a page: lane << 32 | page, by arrival number
 *   U n     queue_user_t a user, level << 16 | bucket: from user to arrival number. A bucket's
 *           records are twice as large at each level, and filled in order
 * A place costs 32 bytes and its part of a page's record, its user 16 bytes or more and a part of a
 * bucket's record: measured in memory 194 bytes each at 1,000 users, 86 at 10,000, 60 at 100,000.
 * A join touches a page, a bucket and the head, however many wait. A place is computed in 6 us, so
 * a tick takes at most 50 ms.
 *
 * Numbers and places count from 0 here and from 1 on the wire. What holds between commands:
 * (1) The counts of a lane are those of its places, and add up to `joined`.
 * (2) A user has at most one place that waits or is inside, which is the one that U names.
 * (3) Places below `called` do not wait; the others wait or were left.
 * (4) No place below `settled` is inside; passes of a lane end in the order of its places.
 * (5) front_ms is not above the end of any pass of the lane; 0 when nobody is inside.
 * (6) While it is open and somebody waits, and while somebody is inside, the head is due. */
#ifndef BOX_QUEUE_H
#define BOX_QUEUE_H
#include "actors/box.h"
#include "actors/draw.h"

enum {
    QUEUE_LANES = 2,
    QUEUE_PLACES_MAX = DRAW_COUNT_MAX, /* of both lanes */
    QUEUE_PAGE_PLACES = 32,
    QUEUE_BUCKETS = 1024,
    QUEUE_BUCKET_USERS = 8, /* at level 0 */
    QUEUE_BUCKET_LEVELS = 9,
    QUEUE_JOINS_MAX = 32,     /* places that one user may have one after another */
    QUEUE_TICK_MS = 1000,     /* between ticks, at least */
    QUEUE_TICK_PLACES = 4096, /* looked at in a tick, at most, for calling and for expiry each */
    QUEUE_PASS_MS = 600000,   /* when nothing else was said */
    QUEUE_PERSON = 60000,     /* credit for one person: rate a minute times milliseconds */
};

typedef struct {
    uint64_t user;
    int64_t joined_ms;
    int64_t until_ms; /* when the pass ends, or ended; 0: it was never inside */
    uint8_t state, zero[7];
} place_t;
_Static_assert(sizeof(place_t) == 32, "stored");

typedef struct {
    uint64_t user; /* 0: free, and so is all behind it */
    uint32_t number;
    uint8_t lane, joins, zero[2];
} queue_user_t;
_Static_assert(sizeof(queue_user_t) == 16, "stored");

typedef struct {
    uint32_t drawn;   /* numbers that the draw was over */
    uint32_t joined;  /* numbers given out */
    uint32_t called;  /* places called */
    uint32_t settled; /* places before which nobody is inside any more */
    int64_t front_ms;
    uint32_t counts[PLACE_STATES];
} queue_lane_t;
_Static_assert(sizeof(queue_lane_t) == 48, "stored");

typedef struct {
    uint8_t seed[DRAW_SEED_SIZE], commitment[DRAW_SEED_SIZE];
    int64_t opened_ms; /* the last time by staff */
    int64_t opens_ms;  /* when it is to be drawn */
    int64_t drawn_ms;  /* 0: not yet */
    int64_t ticked_ms;
    int64_t until_ms; /* when the newest pass ends */
    int64_t minute_ms;
    uint32_t minute_count, minute_before; /* let in in this minute, and in the one before */
    uint32_t capacity, rate, pass_ms;
    uint32_t credit;           /* in parts of QUEUE_PERSON, as of ticked_ms */
    uint8_t share, deal, open; /* deal: hundredths of a person that lane 1 has coming */
    uint8_t zero[5];
    queue_lane_t lanes[QUEUE_LANES];
} queue_t;
_Static_assert(sizeof(queue_t) == 240, "stored");

/* --- for the rest of the box office ---------------------------------------------------------- */

/* May the command's user take seats now? STATUS_OK or STATUS_QUEUE_FIRST. Staff always may. */
status_t box_queue_allows(const box_t *box, const command_t *command);
/* The user has bought: the pass has served. */
void box_queue_bought(box_t *box, uint64_t user);
/* The head's time has come: draw, let passes end, let people in. */
void box_queue_tick(box_t *box);
/* NULL, or a sentence about which of the truths above is broken. */
const char *box_queue_check(const box_t *box);

/* --- between the files of the waiting room --------------------------------------------------- */

/* The showtime's waiting room, or NULL. */
const queue_t *box_queue(const box_t *box);
queue_t *box_queue_edit(box_t *box);

/* box_queue_table.c: places by lane and number, and the number of a user's newest place. */
const place_t *box_queue_place(const box_t *box, uint8_t lane, uint32_t number);
/* Add a place that waits, with the lane's next number; false, and nothing is changed, when the user
 * has no room in the table of users. */
bool box_queue_add(box_t *box, queue_t *queue, uint8_t lane, uint64_t user);
bool box_queue_find(const box_t *box, uint64_t user, queue_user_t *found);
/* Take a place through one event, and count it. */
void box_queue_step(box_t *box, queue_t *queue, uint8_t lane, uint32_t number, uint8_t event);

/* box_queue_admit.c: the number that has a place in a lane that was drawn, and the other way. */
uint32_t box_queue_number(const queue_t *queue, uint8_t lane, uint32_t place);
uint32_t box_queue_rank(const queue_t *queue, uint8_t lane, uint32_t number);
uint32_t box_queue_waiting(const queue_t *queue);
uint32_t box_queue_inside(const queue_t *queue);
/* After a change: tick at once if that is due, and set when the next one is. */
void box_queue_go_on(box_t *box);
/* The same, but never at once. */
void box_queue_schedule(box_t *box, const queue_t *queue);
void box_queue_publish(const box_t *box, const queue_t *queue);
/* How long one with `ahead` in front in the lane will wait, as things go. */
int64_t box_queue_wait_ms(const queue_t *queue, uint8_t lane, uint32_t ahead);
#endif
