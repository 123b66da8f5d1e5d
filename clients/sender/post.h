/* post - the messages that a sender has: which wait, which are on their way, how those ended that
 * may come again.
 *
 * Pure: time is passed in, Unix ms. A fixed table. What holds: (1) No name is in it twice, and a
 * message is on its way once at a time. (2) One that ended is known by its name at least until its
 * time has passed, so it is not sent again. (3) After its time no message is sent. */
#ifndef SENDER_POST_H
#define SENDER_POST_H
#include "clients/sender/message.h"

enum {
    POST_RETRY_MS = 1000, /* the first pause after a try that failed; doubled up to the other */
    POST_RETRY_MAX_MS = 30000,
};
#define POST_NOBODY UINT32_MAX

typedef enum {
    POST_NEW,   /* it waits from now on */
    POST_KNOWN, /* it waits, or is on its way */
    POST_ENDED, /* see post_outcome() */
    POST_FULL,  /* not taken: whoever told will tell again */
} post_verdict_t;
typedef enum { POST_DONE, POST_FAILED } post_outcome_t;
/* How a try ended: whoever delivers has it, never will, or may later. */
typedef enum { POST_TAKEN, POST_REFUSED, POST_LATER } post_result_t;

typedef struct post post_t;

/* A table of `max` messages, 1 or more. NULL: no memory. */
post_t *post_new(uint32_t max);
void post_destroy(post_t **self_p);

/* A message was told of. *slot is where it is, unless POST_FULL. One whose time has passed is taken
 * as one that ended and failed. */
post_verdict_t post_take(post_t *self, const message_t *message, int64_t now_ms, uint32_t *slot);
/* The message to be sent now, which is on its way from here on; POST_NOBODY when none is. */
uint32_t post_next(post_t *self, int64_t now_ms);
/* A try ended. `wait_ms` is the pause that was asked for, 0 when none was. True: so did the
 * message. */
bool post_tried(post_t *self, uint32_t slot, post_result_t result, int64_t wait_ms, int64_t now_ms);
/* A message that waited and whose time has passed: it ended and failed. POST_NOBODY when none did.
 */
uint32_t post_expire(post_t *self, int64_t now_ms);
/* How long until post_next() or post_expire() may have something; -1: not by time alone. */
int64_t post_wait_ms(const post_t *self, int64_t now_ms);

/* A message that has not ended; borrowed. */
const message_t *post_message(const post_t *self, uint32_t slot);
/* The name of a message, and how it ended. */
uint64_t post_key(const post_t *self, uint32_t slot);
uint64_t post_number(const post_t *self, uint32_t slot);
post_outcome_t post_outcome(const post_t *self, uint32_t slot);
/* Those that have not ended. */
uint32_t post_open(const post_t *self);
#endif
