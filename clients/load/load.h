/* load - what a run of marquee-load is: its options, its scenario, what its threads share. */
#ifndef LOAD_H
#define LOAD_H
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

enum {
    LOAD_ROWS = 15,
    LOAD_COLUMNS = 20,
    LOAD_SEATS = LOAD_ROWS * LOAD_COLUMNS,
    LOAD_PAIRS = LOAD_SEATS / 2, /* seats 1+2, 3+4, ...: a pair never spans two rows */
    LOAD_WINDOW = 20,            /* showtimes that purchases are spread over at a time */
    LOAD_WINDOWS_AHEAD = 4,      /* windows opened before they are needed */
    LOAD_SHOWTIMES_MAX = 1 << 17,
    LOAD_CLIENTS_MAX = 4096,
    LOAD_INFLIGHT_MAX = 4096,
};

typedef enum {
    LOAD_RUSH,
    LOAD_HOT,
    LOAD_UNIFORM,
    LOAD_PURCHASE,
    LOAD_LOOK,
    LOAD_ECHO,
    LOAD_SCENARIOS
} load_scenario_t;

typedef struct {
    const char *endpoint;
    const char *history; /* file to write every call to; NULL: none */
    load_scenario_t scenario;
    uint32_t clients, inflight, threads, pack;
    uint32_t showtimes; /* that the scenario spreads over; 0: its own number */
    uint32_t seconds, warm_ms, deadline_ms;
    uint64_t rate; /* commands a second in all; 0: as fast as the answers come */
    uint64_t base; /* id of the first showtime */
    bool json, setup;
    bool marks; /* standard error tells when measuring begins and ends */
    bool storm; /* what is turned away is not tried again, and nobody waits for the generator */
} load_options_t;

/* The phases of a run; only answers that come in LOAD_MEASURE count. */
typedef enum { LOAD_WARM, LOAD_MEASURE, LOAD_DRAIN } load_phase_t;

typedef struct ledger ledger_t;
typedef struct past past_t;

typedef struct {
    const load_options_t *options;
    past_t *past; /* the history's file, NULL: none */
    ledger_t *ledger;
    uint32_t showtimes; /* that the scenario spreads over; purchases move on */
    uint32_t partitions;
    uint32_t retry_ms;
    _Atomic uint32_t phase;
    _Atomic bool failed;        /* a thread cannot go on, and says why in its error */
    _Atomic uint32_t opened;    /* showtimes base .. base + opened - 1 are on sale */
    _Atomic uint64_t purchases; /* drawn so far; each names its own pair of seats */
} load_t;

static inline int64_t
load_now_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}
#endif
