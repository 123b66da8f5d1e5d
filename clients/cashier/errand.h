/* errand - what is done about one tell of the box office, call by call, until there is something to
 * say, or nothing to say yet.
 *
 * Pure, and kept no longer than its calls: the box office asks again. An order has one number at
 * the provider and a refund has one, so the same errand run twice charges and pays back once. */
#ifndef ERRAND_H
#define ERRAND_H
#include "clients/cashier/provider.h"

enum { ERRAND_CALLS_MAX = 4, ERRAND_CLOSED_AFTER_MS = 120 * 1000 };

typedef struct {
    uint16_t operation; /* of the tell */
    uint64_t key, tell;
    char provider[16];
    bool again; /* it was asked before */
    uint32_t calls;
    charge_t charge; /* its kind is the call that is under way */
} errand_t;

typedef enum {
    ERRAND_CALL, /* make the call that `charge` is */
    ERRAND_WAIT, /* nothing is known: the box office will ask again */
    ERRAND_OPENED,
    ERRAND_REFUSED,
    ERRAND_PAID,
    ERRAND_CLOSED,
    ERRAND_REFUNDED,
    ERRAND_REFUND_FAILED,
} errand_step_t;

/* Read a tell; false: it is none that is meant for us, or malformed. */
bool errand_read(errand_t *self, uint16_t operation, uint64_t key, uint64_t number,
                 const void *body, size_t size);
/* The first call. */
errand_step_t errand_begin(errand_t *self);
/* What follows on an answer. */
errand_step_t errand_answered(errand_t *self, const answer_t *answer, int64_t now_ms);
#endif
