/* buyer - one of the many who buy at once: a small machine with one command in flight.
 *
 * It makes the next command of its scenario as a finished frame, and digests the answer. It knows
 * neither sockets nor latencies; the worker moves its frames. */
#ifndef LOAD_BUYER_H
#define LOAD_BUYER_H
#include "broker/wire.h"
#include "clients/load/call.h"
#include "clients/load/load.h"

enum {
    BUYER_FRAME_MAX = 256,
    BUYER_ID_MAX = 40, /* order ids, ticket ids and codes are shorter */
};

typedef enum {
    BUYER_LOCK,
    BUYER_RELEASE,
    BUYER_ORDER,
    BUYER_SETTLE,
    BUYER_TICKET,
    BUYER_LOOK,
    BUYER_STEPS
} buyer_step_t;

typedef struct {
    uint32_t showtime, pair, lock; /* lock 0: none */
} buyer_lock_t;

typedef struct {
    uint8_t frame[BUYER_FRAME_MAX];
    uint32_t frame_size;
    buyer_step_t step;   /* of the command to make next, or in flight */
    uint64_t key;        /* of the frame */
    uint64_t serial;     /* commands made; with `index` it makes the request id */
    int64_t intended_ns; /* when the command in flight was meant to be sent */
    int64_t start_ns;    /* when it was sent, where a history is kept */
    bool waiting;        /* for its answer */
    uint64_t chance;     /* never 0 */
    uint64_t amount;
    uint32_t number;        /* among all buyers, 0 .. */
    uint32_t client, index; /* its connection, and its place among that connection's buyers */
    bool drawn;             /* a purchase's seats are chosen, but their showtime is not open yet */
    buyer_lock_t at, kept;  /* the lock being worked on; rush: one held aside */
    char order[BUYER_ID_MAX], code[BUYER_ID_MAX], ticket[BUYER_ID_MAX];
} buyer_t;

void buyer_init(buyer_t *self, uint32_t number, uint32_t client, uint32_t index);
/* Make the next command, with its deadline. False when there is nothing to do yet: ask again
 * later. */
bool buyer_next(buyer_t *self, load_t *load, int64_t deadline_ms);
/* Digest the answer to the command in flight; buyer_next() then makes the one after it. */
void buyer_answer(buyer_t *self, load_t *load, const wire_record_t *record);
/* The operation of the command in flight, if it is not an echo. */
uint16_t buyer_operation(const buyer_t *self);
/* The command in flight as a call of the history, but for its end: `answer` is what came, NULL:
 * nothing. `client` is its connection's number among all. To be asked before buyer_answer(). */
void buyer_call(const buyer_t *self, const load_t *load, uint32_t client,
                const wire_record_t *answer, history_call_t *call);
/* The place among its connection's buyers that a request id names. */
static inline uint32_t
buyer_index(uint64_t request)
{
    return (uint32_t)(request & 0xffff);
}
#endif
