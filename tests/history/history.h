/* history - could all these answers have come from one server that did one thing after the other?
 *
 * Calls are added in any order, then checked once: against time, and against the trade. What a
 * reply's sequence number means, by actors/partition.c; an entry's number is `seq`:
 *
 * (1) A write that was carried out, or refused by the trade's rules (OK, PENDING, statuses from 100
 *     on), has the number of its entry. A call that began after an answer was received is served
 *     later: a write's number is above every number that its client side had seen before it began.
 * (2) A read has the number of the last entry applied, and so has a refusal that no entry knows
 *     (EXPIRED, BAD_DEADLINE, NO_SPACE, the partition's BUSY, UNAVAILABLE, faults of form): it is
 *     not below any number received before it began.
 * (3) What the broker refuses has 0, and says nothing about order. An OK is never the broker's.
 * (4) A repeat of a write that is remembered has the first answer, number included. So the copies
 *     of a command are one write, which began with its first copy. Copies that were refused by (2)
 *     or (3) were not carried out; that says nothing about the other copies.
 * (5) A write none of whose copies was answered for good, but one was not answered at all or with
 *     UNKNOWN_OUTCOME, may have been carried out, with any number that (1) allows.
 * (6) Within one entry the order of commands is not told, but for locks: a showtime's lock numbers
 *     are given out in order.
 * (7) The server's clock does not go back with the numbers; where calls tell it (served_ms), it
 *     bounds the time of all entries between them. Locks end by that clock and by no other.
 *
 * Then the trade: there is an order, entries in sequence, in which no seat has two owners, an owner
 * acts only while his lock lasts, an order is paid once, a ticket lets in once, no more is paid
 * back than was paid, what was acknowledged is known afterwards, and every refusal that names a
 * reason had it. All writes of the showtimes concerned must be in the history.
 *
 * Not looked at: seat maps, blocked seats' refusals, prices, the rules of choice (cap, lone seats).
 * Where a write of unknown outcome could explain an answer, it does; two answers that contradict
 * one another only about such a write pass in some cases. Time is O(n log n), memory about 250
 * bytes a call. No files, no clock: a simulator can call it. */
#ifndef HISTORY_H
#define HISTORY_H
#include "clients/load/call.h"
#include <stdbool.h>

enum { HISTORY_WHY_MAX = 1024 };

typedef struct {
    uint64_t calls, writes, reads, repeats, unknown; /* unknown: of the writes */
    uint64_t locks, refusals;                        /* locks given; refusals that were judged */
} history_counts_t;

typedef struct history history_t;

/* NULL when memory is short. */
history_t *history_new(void);
void history_destroy(history_t **self_p);
/* Copies the call; false when memory is short. */
bool history_add(history_t *self, const history_call_t *call);
/* Check what was added. True, or false with the first contradiction found in `why`. Memory short
 * is a contradiction, too. Ask once. */
bool history_check(history_t *self, char why[HISTORY_WHY_MAX]);
/* After the check. */
history_counts_t history_counts(const history_t *self);
/* The calls again, in the order of adding. */
uint64_t history_count(const history_t *self);
void history_call(const history_t *self, uint64_t at, history_call_t *call);
/* One call as a line of text, as history_file.h reads it. */
void history_text(const history_call_t *call, char *text, size_t room);
#endif
