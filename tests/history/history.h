/* history - was what many clients were told one history? From their records alone, without a look
 * at the server.
 *
 * What the server promises, and the check holds it to:
 * (1) Real time. Who sends a command after another client's answer came gets an answer that is not
 *     from before: a write that was carried out has a higher sequence number than every answer that
 *     had come before it was sent, of its partition; a read, or a refusal that was not journaled,
 * at least as high a one. (2) One owner. A seat that was given is given to nobody else before its
 * holder gave it back, its lock's time was over, or it was refunded. Calls without an answer may
 * have been carried out or not, at any time after they were sent. (3) Locks and orders obey their
 * owner only, in their time, and not after their end. (4) An order is paid by one transaction; no
 * more is paid back than was paid; a ticket lets in once. (5) What was acknowledged is not unknown
 * later. (6) A repeat gets the first answer.
 *
 * O(n log n) in time; about 60 bytes a call beside the calls themselves. */
#ifndef HISTORY_H
#define HISTORY_H
#include "clients/load/past.h"
#include <stddef.h>

enum { HISTORY_WHY_MAX = 256 };

typedef struct {
    past_call_t *calls; /* any order; the check sorts them */
    size_t count;
    uint32_t partitions;
    int64_t skew_ms; /* how far the clients' clocks may be from the server's */
} history_t;

/* NULL when it is sound; else `why` (HISTORY_WHY_MAX bytes), which says what contradicts what. */
const char *history_check(history_t *self, char *why);
#endif
