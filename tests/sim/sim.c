/* sim - see sim.h for the contract: one seed from its first moment to its last check. */
#include "tests/sim/sim.h"
#include "broker/shard.h"
#include "tests/sim/bank.h"
#include "tests/sim/crowd.h"
#include "tests/sim/judge.h"
#include "tests/sim/server.h"
#include <assert.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* After the last fault: locks end within their ceiling, the bank speaks within a minute, refunds
 * are asked for again within a minute, and lost calls are made again. */
#define SETTLE_US (8 * MINUTE_US)

sim_t *sim_now;

/* ------------------------------------------------------------------ the world's clock and chance
 */

/* Stands in for libc's in this program, so that the store's clocks are virtual too. */
int
clock_gettime(clockid_t clock, struct timespec *time)
{
    if (!sim_now)
        return (int)syscall(SYS_clock_gettime, clock, time);
    int64_t us = sim_now->agenda.now_us + (clock == CLOCK_REALTIME ? SIM_EPOCH_MS * 1000 : 0);
    *time = (struct timespec){ .tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000 };
    return 0;
}

static const char *
sim_random_name(void)
{
    return "simulation";
}

/* A stream of its own: how often the store asks must not change what happens. */
static uint64_t sim_random_state;

static uint32_t
sim_random_word(void)
{
    chance_t chance = { .state = sim_random_state };
    uint32_t word = (uint32_t)(chance_next(&chance) >> 32);
    sim_random_state = chance.state;
    return word;
}

static void
sim_random_bytes(void *const to, const size_t size)
{
    for (size_t i = 0; i < size; i++)
        ((uint8_t *)to)[i] = (uint8_t)sim_random_word();
}

static struct randombytes_implementation sim_random = { .implementation_name = sim_random_name,
                                                        .random = sim_random_word,
                                                        .buf = sim_random_bytes };

/* ------------------------------------------------------------------ what everybody uses */

uint32_t
sim_home(uint16_t operation, uint64_t key)
{
    static const shard_map_t map = { SIM_BOX_OFFICES, SIM_PROGRAMMES, SIM_MEMBERS };
    uint32_t home = shard_partition(&map, operation_of(operation)->key, key);
    return home == SHARD_NOWHERE ? 0 : home;
}

int64_t
sim_true_ms(const sim_t *self)
{
    return SIM_EPOCH_MS + self->agenda.now_us / 1000;
}

void
sim_note(sim_t *self, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    uint64_t hash = self->hash ^ size; /* FNV-1a, 64 bits, over words where it can */
    for (; size >= 8; at += 8, size -= 8)
        hash = (hash ^ get_u64(at)) * UINT64_C(0x100000001b3);
    for (; size > 0; at++, size--)
        hash = (hash ^ *at) * UINT64_C(0x100000001b3);
    self->hash = hash ^ hash >> 29;
}

void
sim_tell(sim_t *self, const char *text, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    const uint64_t numbers[TRAIL_NUMBERS] = { a, b, c, d };
    trail_add(&self->trail, self->agenda.now_us, text, numbers);
    sim_note(self, &self->agenda.now_us, sizeof self->agenda.now_us);
}

void
sim_broken(sim_t *self, const char *format, ...)
{
    if (self->broken)
        return;
    self->broken = true;
    va_list list;
    va_start(list, format);
    vsnprintf(self->why, sizeof self->why, format, list);
    va_end(list);
}

/* ------------------------------------------------------------------ a seed's life */

static void
sim_until(sim_t *self, int64_t until_us)
{
    while (!self->broken && agenda_step(&self->agenda, self, until_us))
        ;
}

static void
sim_live(sim_t *self, int64_t trade_us)
{
    sim_until(self, trade_us);
    if (self->broken)
        return;
    sim_tell(self, "no faults from now on", 0, 0, 0, 0);
    self->faults.healed = true;
    server_heal(self);
    crowd_heal(self);
    sim_until(self, trade_us + SETTLE_US);
    if (!self->broken && !server_up(self))
        sim_broken(self, "the server does not come back");
    if (!self->broken)
        judge_settled(self);
    if (!self->broken && server_stop(self))
        judge_rebuild(self);
}

sim_t *
sim_run(const sim_options_t *options)
{
    sim_t *self = calloc(1, sizeof *self);
    assert(self);
    self->seed = options->seed;
    self->folder = options->folder;
    self->chance.state = options->seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    self->trail.all = options->all;
    sim_random_state = options->seed;
    static bool chosen;
    if (!chosen) {
        int rc = randombytes_set_implementation(&sim_random);
        assert(rc == 0);
        chosen = true;
    }
    sim_now = self;
    faults_draw(&self->faults, &self->chance);
    judge_open(self);
    bank_open(self);
    crowd_open(self);
    server_open(self);
    sim_live(self, options->trade_us);
    server_close(self);
    sim_now = NULL;
    return self;
}

void
sim_close(sim_t **self_p)
{
    sim_t *self = *self_p;
    agenda_clear(&self->agenda);
    judge_close(self);
    bank_close(self);
    crowd_close(self);
    free(self);
    *self_p = NULL;
}
