/* call - one sending of one command, as its client saw it: what histories are made of.
 *
 * Every sending is a call of its own: a command that was sent again (after BUSY, because no answer
 * came, or to have its answer once more) makes calls with the same client and request. So does a
 * copy that a network made: one more call, without an answer. */
#ifndef CALL_H
#define CALL_H
#include <stddef.h>
#include <stdint.h>

enum {
    CALL_SEATS_MAX = 16,
    CALL_NO_ANSWER = 65535, /* a status: none came, for whatever reason */
};

/* A number is 0 where the operation has no such thing, or it is not known. */
typedef struct {
    uint64_t client, request; /* what a repeat is known by; a client's request is one command */
    uint64_t showtime;
    uint64_t user;
    int64_t start_ns;  /* before it was sent; any clock that all calls of the history share */
    int64_t end_ns;    /* after the answer was received; not looked at when none came */
    uint64_t sequence; /* the reply's moment */
    int64_t until_ms;  /* told by the answer: end of a lock, of an offer */
    int64_t served_ms; /* the server's clock when it was carried out, where that can be told */
    uint64_t payment;  /* payment.settle: names the transaction; order.refund: the answer's tell */
    int64_t amount;  /* order.create: told; payment.settle: paid; order.refund: what the answer says
                        is paid back */
    uint32_t digest; /* call_digest() of the answer's body */
    uint32_t lock;   /* the lock's number, which is its order's and its tickets' too */
    uint16_t operation, status, partition;
    uint16_t refused; /* the seat that a refusal names */
    uint16_t seat_count;
    /* Asked for, or told by the answer (seats.best, an offer); ticket operations: the ticket's;
     * order.refund: whose tickets, none means all that are left. */
    uint16_t seats[CALL_SEATS_MAX];
} history_call_t;

/* A digest by which two answers are told apart. */
static inline uint32_t
call_digest(const uint8_t *bytes, size_t size)
{
    uint64_t digest = UINT64_C(0xcbf29ce484222325) + size;
    for (size_t i = 0; i < size;) {
        uint64_t word = 0;
        for (uint32_t k = 0; k < 8 && i < size; k++)
            word = word << 8 | bytes[i++];
        digest = (digest ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        digest ^= digest >> 32;
    }
    return (uint32_t)digest;
}
#endif
