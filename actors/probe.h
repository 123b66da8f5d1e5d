/* probe - messages that do nothing but count, from a programme's partition to those of the box
 * office: to see whether the outbox works on a site, and to prove that it does in the tests.
 *
 * Record: Y 0 in space 0, probe_t. Over all partitions, what was taken becomes what was sent. */
#ifndef PROBE_H
#define PROBE_H
#include "actors/turn.h"

enum { PROBE = 'Y' };

typedef struct {
    uint64_t sent, sent_amount, taken, taken_amount;
} probe_t;
_Static_assert(sizeof(probe_t) == 32, "stored");

/* All zero when there is none yet. */
probe_t probe_of(state_t *state);
#endif
