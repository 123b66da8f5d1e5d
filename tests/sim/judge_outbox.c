/* judge_outbox - see judge.h for the contract: what partitions tell one another. */
#include "actors/outbox.h"
#include "actors/probe.h"
#include "tests/sim/judge_inside.h"
#include "tests/sim/server.h"
#include <inttypes.h>

static void
judge_lane(sim_t *sim, uint32_t from, uint32_t to, bool settled)
{
    state_t *sender = server_state(sim, from), *receiver = server_state(sim, to);
    const outbox_lane_t *lane =
        state_get(sender, (state_key_t){ .table = OUTBOX_LANE, .number = to }, NULL);
    const inbox_t *inbox =
        state_get(receiver, (state_key_t){ .table = OUTBOX_INBOX, .number = from }, NULL);
    uint64_t applied = inbox ? inbox->applied : 0, given = lane ? lane->given : 0;
    const char *broken = outbox_check(sender, to);
    if (broken)
        sim_broken(sim, "partition %u to %u: %s", from, to, broken);
    if (applied > given || (settled && applied != given))
        sim_broken(sim, "partition %u told %" PRIu64 " messages, %u has applied %" PRIu64, from,
                   given, to, applied);
    if (lane && lane->oldest > applied + 1)
        sim_broken(sim, "partition %u takes more as acknowledged by %u than that has applied", from,
                   to);
    if (settled && lane && lane->rows)
        sim_broken(sim, "partition %u still has %" PRIu64 " messages for %u", from, lane->rows, to);
}

void
judge_outbox(sim_t *sim, bool settled)
{
    probe_t sum = { 0 };
    for (uint32_t i = 0; i < SIM_PARTITIONS; i++)
        if (!server_state(sim, i))
            return;
    for (uint32_t from = 0; from < SIM_PARTITIONS && !sim->broken; from++) {
        probe_t probe = probe_of(server_state(sim, from));
        sum.sent += probe.sent;
        sum.sent_amount += probe.sent_amount;
        sum.taken += probe.taken;
        sum.taken_amount += probe.taken_amount;
        for (uint32_t to = 0; to < SIM_PARTITIONS && !sim->broken; to++)
            judge_lane(sim, from, to, settled);
    }
    if (sum.taken > sum.sent ||
        (settled && (sum.taken != sum.sent || sum.taken_amount != sum.sent_amount)))
        sim_broken(sim,
                   "%" PRIu64 " probes of %" PRIu64 " in all were sent, %" PRIu64 " of %" PRIu64
                   " taken",
                   sum.sent, sum.sent_amount, sum.taken, sum.taken_amount);
}
