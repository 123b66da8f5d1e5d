/* sim - a whole site in one thread: router, partitions with their journals and states, the sandbox
 * cashier, and everybody who talks to them, over a virtual clock, network and disk.
 *
 * All that happens is drawn from one seed and happens on the agenda, so a seed replays exactly. The
 * code under test is the code that serves: nothing of it is written again here but the loops that
 * carry messages (broker.c, actor.c, sandbox_actor.c) and the wait for the disk.
 *
 *   server   a marqueed: its birth, its loops, its deaths         -> judge: whatever leaves it
 *   crowd    buyers, staff, kiosks: what each can do is a table in acts.c
 *   bank     the payment provider, and the cashier that speaks for it
 *   judge    what must hold: at every exit, after every step, at the end
 *
 * To add an operation: a row in acts.c says who does it, how its body is made and what its answer
 * teaches; if it has invariants of its own, they go to judge.c. */
#ifndef SIM_H
#define SIM_H
#include "actors/turn.h"
#include "tests/sim/agenda.h"
#include "tests/unit/chance.h"
#include "tests/sim/faults.h"
#include "tests/sim/trail.h"
#include <stdbool.h>
#include <stdint.h>

enum {
    SIM_BOX_OFFICES = 2,
    SIM_PROGRAMMES = 2,
    SIM_MEMBERS = 2,
    SIM_PARTITIONS = SIM_BOX_OFFICES + SIM_PROGRAMMES + SIM_MEMBERS,
    SIM_WHY_MAX = 512,
    SIM_CINEMAS = 5,
};
#define SIM_CINEMA   (UINT64_C(1) << 40)    /* the first one's id: no showtime has such */
#define SIM_EPOCH_MS INT64_C(1767225600000) /* when a simulation begins: 2026-01-01 UTC */
#define SECOND_US    INT64_C(1000000)
#define MINUTE_US    (60 * SECOND_US)

typedef struct server server_t;
typedef struct crowd crowd_t;
typedef struct bank bank_t;
typedef struct judge judge_t;

struct sim {
    uint64_t seed;
    const char *folder; /* of this seed's files, empty at the start */
    chance_t chance;
    faults_t faults;
    agenda_t agenda;
    trail_t trail;
    server_t *server;
    crowd_t *crowd;
    bank_t *bank;
    judge_t *judge;
    uint64_t hash; /* of everything that happened, in order */
    uint64_t commands, entries, kills;
    bool broken;
    char why[SIM_WHY_MAX];
};

typedef struct {
    uint64_t seed;
    const char *folder;
    FILE *all; /* the whole trail goes here; NULL: nowhere */
    int64_t trade_us;
} sim_options_t;

/* Run one seed to its end: trade with faults, then calm until all is settled, then the last checks.
 * The caller looks at `broken`, prints the trail, and calls sim_close(). */
sim_t *sim_run(const sim_options_t *options);
void sim_close(sim_t **self_p);
/* The seed is broken: keep the first sentence; the run ends after this step. */
__attribute__((format(printf, 2, 3))) void sim_broken(sim_t *self, const char *format, ...);
/* Add to the hash of everything. */
void sim_note(sim_t *self, const void *bytes, size_t size);
/* Add a line to the trail (see there for # and $), and to the hash. */
void sim_tell(sim_t *self, const char *text, uint64_t a, uint64_t b, uint64_t c, uint64_t d);
/* The partition that an operation's key belongs to; 0 for what no partition owns. */
uint32_t sim_home(uint16_t operation, uint64_t key);
/* True time: what a perfect clock shows, Unix ms. */
int64_t sim_true_ms(const sim_t *self);
static inline bool
sim_strikes(sim_t *self, fault_t fault)
{
    return fault_strikes(&self->faults, &self->chance, fault);
}
/* The simulation that runs in this process: for the clock that stands in for libc's. */
extern sim_t *sim_now;
#endif
