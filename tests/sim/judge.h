/* judge - what must hold, whatever happens.
 *
 * At every exit of a partition: nothing leaves before its entry is durable; a repeat gets the same
 * answer; nobody gets a seat that is another's; event numbers have no gaps.
 * After every entry: the invariants of box.h in every showtime touched, and no lock outlives its
 * time.
 * At every start: what was promised is there, entry by entry of the same history.
 * At the end: everything settled, the bank's books are the box office's, what watchers saw is what
 * is, and the journals alone make the same state, byte for byte. */
#ifndef SIM_JUDGE_H
#define SIM_JUDGE_H
#include "broker/wire.h"
#include "store/journal.h"
#include "tests/sim/sim.h"

enum { CALL_SEATS_MAX = 16 };

/* What a person asked for; the judge keeps it under (person, request). */
typedef struct {
    uint16_t operation;
    uint64_t showtime, user;
    uint32_t lock;     /* seats.extend, seats.release, order.create */
    uint32_t purchase; /* orders and payments: the number in the order id */
    uint32_t line;     /* ticket.redeem: which of the purchase */
    int64_t amount, deadline_ms;
    bool paid, wait; /* payment.settle: outcome succeeded; order.refund: deferred */
    bool forged;     /* must not be done */
    uint8_t step;    /* ticket.print */
    uint32_t once;   /* which name the write has instead of its request id, 0: none */
    uint64_t nonce;  /* of a gate's request, 0: none */
    int64_t at_ms;   /* when the request says that it was made */
    bool renewed;    /* each copy has a deadline of its own, so the first may be forgotten */
    uint8_t count;
    uint16_t seats[CALL_SEATS_MAX];
} call_t;

void judge_open(sim_t *sim);
void judge_close(sim_t *sim);
/* A person sends a call for the first time. */
void judge_call(sim_t *sim, uint32_t person, uint64_t request, const call_t *call);
/* A partition's journal has made this entry durable. */
void judge_durable(sim_t *sim, uint32_t partition, const journal_entry_t *entry);
/* A partition reads this entry while it recovers. */
void judge_recovered(sim_t *sim, uint32_t partition, const journal_entry_t *entry);
/* A partition has recovered, with its state at this sequence number. */
void judge_born(sim_t *sim, uint32_t partition, uint64_t sequence, const uint8_t chain[16]);
/* A record leaves a partition for the router. */
void judge_exit(sim_t *sim, uint32_t partition, const wire_route_t *route,
                const wire_header_t *header, const void *body, uint32_t size);
void judge_event(sim_t *sim, uint32_t partition, const wire_header_t *header, const void *body,
                 uint32_t size);
/* Somebody read a seat map's changes; `since` is the number that was asked with. */
void judge_read(sim_t *sim, uint64_t showtime, uint64_t since, const void *body, uint32_t size);
/* The number that a follower of the showtime asks for changes since. */
uint64_t judge_since(const sim_t *sim, uint64_t showtime);
/* A partition has done a step. */
void judge_step(sim_t *sim, uint32_t partition);
/* All is calm and time has passed: everything must have ended. */
void judge_settled(sim_t *sim);
/* The server has stopped: rebuild the states from the journals and compare. */
void judge_rebuild(sim_t *sim);
#endif
