/* changes - what happens to the seats: a thread of its own that locks and releases them, so many
 * times a second whatever comes back, and knows the truth.
 *
 * Nobody else changes these showtimes and each command changes one seat, so the k-th command that
 * was carried out is change number k. What holds at a number is known from the moment its answer,
 * sent when the change was on disk, is here. One thread makes changes; any may look. */
#ifndef CHANGES_H
#define CHANGES_H
#include "tests/soak/copy.h"

enum { CHANGES_REMEMBERED = 8192, CHANGES_ERROR_MAX = 256 };

typedef struct changes changes_t;

/* The showtimes base .. base + count - 1 are open and nothing has happened in them. NULL: memory
 * or sockets are short. */
changes_t *changes_new(const char *endpoint, uint64_t base, uint32_t count, uint32_t per_second);
/* Begin, held. 0, or -1. */
int changes_start(changes_t *self);
void changes_destroy(changes_t **self_p);
/* Make none for a while, or go on. */
void changes_hold(changes_t *self, bool hold);
/* Is it held, and everything answered? */
bool changes_quiet(const changes_t *self);
/* The number of the last change of a showtime that was answered. */
uint32_t changes_number(const changes_t *self, uint32_t showtime);
/* When a change was answered (ns, CLOCK_MONOTONIC) and the print of the seats as it left them;
 * false when that is not known yet, or not any more. Number 0 is the beginning. */
bool changes_at(const changes_t *self, uint32_t showtime, uint32_t number, int64_t *durable_ns,
                uint64_t *print);

typedef struct {
    uint64_t made, refused; /* answered so */
    uint64_t behind;        /* not offered: too many were unanswered */
    uint64_t disordered;    /* answers against the order of their sequence numbers */
} changes_figures_t;
void changes_figures(const changes_t *self, changes_figures_t *figures);
/* What went wrong with the first one that was refused; "" when none was. */
const char *changes_error(const changes_t *self);
#endif
