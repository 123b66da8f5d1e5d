/* peer - a store that people use for this today, as the driver sees it: a connection that takes
 * commands and answers them in order.
 *
 * Each of bench/peers' programs is the driver and one such store. The commands are Marquee's: lock
 * two seats for a user, both or none, until a time; release; make an order of a lock; pay it; read
 * a ticket. What Marquee does beside that (repeats known again, rules of sale, events, timers,
 * audit) is not asked of a peer. */
#ifndef PEER_H
#define PEER_H
#include "clients/load/load.h"
#include <stdbool.h>
#include <stdint.h>

enum {
    PEER_ERROR_MAX = 256,
    PEER_LOCK_MS = 3600 * 1000, /* how long a lock is held, as marquee-load has it */
    PEER_PRICE = 4500,          /* of a seat, in fen */
};

typedef enum { PEER_LOCK, PEER_RELEASE, PEER_ORDER, PEER_PAY, PEER_TICKET, PEER_STEPS } peer_step_t;

/* Numbers that the step has no use for are not looked at. */
typedef struct {
    peer_step_t step;
    uint64_t showtime, user, lock, order, ticket;
    int64_t amount;
    uint32_t first, second; /* the seats, 1 .. */
} peer_command_t;

/* Lock, order, ticket: whichever the step makes or reads; 0: refused. */
typedef struct {
    uint64_t number;
    int64_t amount; /* PEER_ORDER: to be paid */
} peer_answer_t;

typedef struct peer peer_t;

/* Which store the program drives. */
extern const char *const peer_name;

/* A connection that is ready for commands, or NULL with `error`. */
peer_t *peer_new(const char *endpoint, char error[PEER_ERROR_MAX]);
void peer_destroy(peer_t **self_p);
/* Why a call failed. */
const char *peer_error(const peer_t *self);

/* Forget everything, and put showtimes 0 .. count - 1 on sale. 0 or -1. Waits; for a connection
 * that has no commands in flight. */
int peer_setup(peer_t *self, uint32_t count);
/* The states of a showtime's seats as ledger_compare() wants them. Waits, as peer_setup() does. */
int peer_map(peer_t *self, uint32_t showtime, uint8_t states[LOAD_SEATS]);

int peer_descriptor(const peer_t *self);
/* Put a command behind the others that wait to leave. 0 or -1. */
int peer_send(peer_t *self, const peer_command_t *command);
/* Let leave what waits. 1: some still waits for room; 0; or -1. */
int peer_flush(peer_t *self);
/* Read what has come, without waiting. 0 or -1. */
int peer_receive(peer_t *self);
/* The next answer of those read, in the order of the commands. 1, 0: none is whole, or -1. */
int peer_take(peer_t *self, peer_answer_t *answer);
#endif
