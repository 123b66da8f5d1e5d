/* driver - the buyers of marquee-load at another store: the same choices of seats, the same steps,
 * the same ledger and histogram, one thread in one poll.
 *
 * An answer is counted when it comes while LOAD_MEASURE; a buyer's next command leaves with all
 * others that follow from what its connection had to say, so that pipelines stay full. */
#ifndef DRIVER_H
#define DRIVER_H
#include "bench/peers/peer.h"
#include "clients/load/histogram.h"
#include "clients/load/ledger.h"
#include <poll.h>

typedef struct {
    uint32_t showtime, pair;
    uint64_t lock; /* 0: none */
} driver_lock_t;

typedef struct {
    uint32_t number; /* among all, 0 ..; its user is the next number */
    uint64_t chance;
    peer_step_t step; /* of the command to make next, or in flight */
    driver_lock_t at, kept;
    uint64_t order, ticket;
    int64_t amount;
    int64_t sent_ns;
} driver_buyer_t;

typedef struct {
    peer_t *peer;
    uint32_t *flying; /* a ring: the buyers whose commands are in flight, in their order */
    uint32_t flying_first, flying_count;
    uint32_t *ready; /* those whose answers came in this turn */
    uint32_t ready_count;
    bool blocked; /* some of what was sent still waits for room */
} driver_client_t;

typedef struct {
    const char *endpoint;
    load_scenario_t scenario;
    uint32_t clients, inflight, showtimes, seconds, warm_ms;
    ledger_t *ledger;
    driver_client_t *all;
    struct pollfd *polls;
    driver_buyer_t *buyers; /* inflight of them a client */
    uint64_t purchases;     /* drawn so far */
    load_phase_t phase;
    int64_t measure_first_ns, measure_last_ns;
    histogram_t histogram;
    uint64_t accepted, refused, unanswered;
    bool failed;
    char error[PEER_ERROR_MAX];
} driver_t;

/* Connect, once the store is set up. 0, or -1 with self->error. driver_close() is due either
 * way. */
int driver_open(driver_t *self);
/* Warm up, measure, and wait for the last answers. The first moment measured and the last are told
 * on standard error. 0, or -1 with self->error. */
int driver_run(driver_t *self);
void driver_close(driver_t *self);
#endif
