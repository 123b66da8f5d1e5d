/* judge_state - see judge.h for the contract: what must hold of the state, while it is traded with
 * and at the end. */
#include "actors/box.h"
#include "actors/box_charge.h"
#include "actors/rebuild.h"
#include "tests/sim/bank.h"
#include "tests/sim/judge_inside.h"
#include "tests/sim/server.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* No lock outlives its time: it was over when the newest entry began. */
static void
showtime_locks(sim_t *sim, const box_t *box, int64_t now_ms, bool settled)
{
    for (uint32_t i = 0; i < box->head->seat_count; i++) {
        const seat_t *seat = &box->seats[i];
        if (seat->state != SEAT_LOCKED)
            continue;
        const purchase_t *purchase = box_purchase(box, seat->purchase);
        if (!purchase || purchase->until_ms <= now_ms || settled) {
            sim_broken(sim,
                       "showtime %" PRIu64 ": seat %u is locked for %u until %" PRId64
                       ", but it is %" PRId64,
                       box->showtime, i + 1, seat->purchase, purchase ? purchase->until_ms : 0,
                       now_ms);
            return;
        }
    }
}

/* Nobody holds more locked than the cap; what a late payment was offered comes on top. */
static void
showtime_caps(sim_t *sim, const box_t *box)
{
    uint32_t held[CROWD_USERS] = { 0 };
    for (uint32_t i = 0; i < box->head->seat_count; i++) {
        const seat_t *seat = &box->seats[i];
        const purchase_t *purchase =
            seat->state == SEAT_LOCKED ? box_purchase(box, seat->purchase) : NULL;
        if (!purchase || purchase->order == ORDER_OFFERED)
            continue;
        if (++held[purchase->user % CROWD_USERS] > box->head->rules.cap)
            sim_broken(sim, "showtime %" PRIu64 ": user %" PRIu64 " holds more than %u seats",
                       box->showtime, purchase->user, box->head->rules.cap);
    }
}

/* Who followed the events, and missed none or asked for what was missed, knows the seats. */
static void
showtime_board(sim_t *sim, const box_t *box, const board_t *board)
{
    if (board->number > box->head->number)
        sim_broken(sim, "showtime %" PRIu64 ": a follower is at %" PRIu64 ", the seats at %u",
                   box->showtime, board->number, box->head->number);
    if (board->number != box->head->number || board->number == 0)
        return;
    for (uint32_t i = 0; i < box->head->seat_count && i < FACTS_SEATS_MAX; i++)
        if (board->seats[i + 1] != box->seats[i].state - 1)
            sim_broken(sim,
                       "showtime %" PRIu64 ": at number %" PRIu64
                       " a follower sees seat %u as %u, but it is %u",
                       box->showtime, board->number, i + 1, board->seats[i + 1],
                       box->seats[i].state - 1u);
}

static void
showtime_settled(sim_t *sim, const box_t *box)
{
    int64_t in, out;
    bank_books(sim, box->showtime, &in, &out);
    if (box->head->pending || box->head->refunding)
        sim_broken(sim,
                   "showtime %" PRIu64 ": %" PRId64 " fen are still pending, %" PRId64
                   " still owed to buyers",
                   box->showtime, box->head->pending, box->head->refunding);
    if (in != box->head->in || out != box->head->refunded)
        sim_broken(sim,
                   "showtime %" PRIu64 ": the bank told of %" PRId64 " fen and paid back %" PRId64
                   ", the books say %" PRId64 " and %" PRId64,
                   box->showtime, in, out, box->head->in, box->head->refunded);
    for (uint32_t number = 1; number <= box->head->purchases; number++) {
        const purchase_t *purchase = box_purchase(box, number);
        if (purchase && (purchase->order == ORDER_PENDING || purchase->order == ORDER_OFFERED ||
                         purchase->order == ORDER_NONE || purchase->payment == PAYMENT_SENT))
            sim_broken(sim, "showtime %" PRIu64 ": purchase %u has not ended", box->showtime,
                       number);
        const charge_t *charge = box_charge(box, number);
        if (charge && charge->state != CHARGE_ENDED && charge->state != CHARGE_REFUSED)
            sim_broken(sim, "showtime %" PRIu64 ": the charge of purchase %u has not ended",
                       box->showtime, number);
    }
}

void
judge_showtime(sim_t *sim, uint32_t partition, uint32_t index, bool settled)
{
    const ward_t *ward = &sim->judge->wards[partition];
    uint64_t showtime = sim->crowd->showtimes[index];
    state_t *state = server_state(sim, partition);
    turn_t turn = { .state = state };
    box_t box;
    if (!box_open(&box, &turn, showtime))
        return;
    box_hall(&box);
    const char *broken = box_check(state, showtime);
    if (broken)
        sim_broken(sim, "showtime %" PRIu64 ": %s", showtime, broken);
    uint64_t applied = state_sequence(state);
    if (applied == 0 || applied > ward->count)
        sim_broken(sim, "partition %u has applied entry %" PRIu64 " of %" PRIu64 " durable ones",
                   partition, applied, ward->count);
    else {
        showtime_locks(sim, &box, ward->entries[applied - 1].now_ms, settled);
        queue_judge(sim, &box, &sim->judge->queues[index], ward->entries[applied - 1].now_ms,
                    settled);
    }
    showtime_caps(sim, &box);
    showtime_board(sim, &box, &sim->judge->boards[index]);
    if (settled)
        showtime_settled(sim, &box);
}

void
judge_settled(sim_t *sim)
{
    for (uint32_t i = 0; i < sim->crowd->showtime_count && !sim->broken; i++)
        judge_showtime(sim, sim_home(OP_SHOWTIME_GET, sim->crowd->showtimes[i]), i, true);
    if (!sim->broken)
        judge_outbox(sim, true);
    if (!sim->broken)
        programme_agrees(sim, true);
    if (!sim->broken)
        member_judge_all(sim, true);
    if (!bank_idle(sim))
        sim_broken(sim, "the bank still waits for an answer");
}

/* ------------------------------------------------------------------ at the end */

static bool
no_follower(void *argument, uint64_t showtime)
{
    (void)argument, (void)showtime;
    return false;
}
static void
no_event(void *argument, uint16_t operation, uint64_t showtime, uint64_t number, const void *body,
         uint32_t size)
{
    (void)argument, (void)operation, (void)showtime, (void)number, (void)body, (void)size;
}
static void
no_end(void *argument, const reply_t *reply)
{
    (void)argument, (void)reply;
}

static void
rebuild_fatal(void *argument, const char *what)
{
    sim_broken(argument, "a rebuilt state fails: %s", what);
}

static bool
live_digest(sim_t *sim, uint32_t partition, uint8_t digest[32])
{
    char path[512], error[STATE_ERROR_MAX];
    const site_t *site = server_site(sim, partition);
    server_path(sim, partition, "/state", path, sizeof path);
    state_options_t options = { .directory = path,
                                .partition = partition,
                                .partitions = site_stamp(site, partition),
                                .apply_version = APPLY_VERSION,
                                .read_only = true,
                                .inline_io = true,
                                .fatal = rebuild_fatal,
                                .argument = sim };
    memcpy(options.site, site->id, sizeof options.site);
    state_t *state = NULL;
    int rc = state_open(&state, &options, error);
    if (rc == 0)
        rc = state_digest(state, digest, error);
    if (rc != 0)
        sim_broken(sim, "partition %u: %s", partition, error);
    state_close(&state);
    return rc == 0;
}

static bool
rebuilt_digest(sim_t *sim, uint32_t partition, uint8_t digest[32])
{
    static const sink_t nobody = {
        .followed = no_follower, .event = no_event, .tell = no_event, .resolved = no_end
    };
    char journal[512], scratch[512], error[STATE_ERROR_MAX];
    state_t *state = NULL;
    server_path(sim, partition, "/journal", journal, sizeof journal);
    snprintf(scratch, sizeof scratch, "%s/rebuilt%u", sim->folder, partition);
    rebuild_options_t options = { .journal = journal,
                                  .scratch = scratch,
                                  .site = *server_site(sim, partition),
                                  .through = UINT64_MAX,
                                  .replies_bytes = server_replies_bytes(sim),
                                  .sink = &nobody,
                                  .argument = sim,
                                  .fatal = rebuild_fatal };
    if (mkdir(scratch, 0700) != 0 || rebuild_run(&options, &state, error) != 0) {
        sim_broken(sim, "partition %u cannot be rebuilt: %s", partition, error);
        return false;
    }
    int rc = state_digest(state, digest, error);
    if (rc != 0)
        sim_broken(sim, "partition %u, rebuilt: %s", partition, error);
    state_close(&state);
    return rc == 0;
}

void
judge_rebuild(sim_t *sim)
{
    for (uint32_t i = 0; i < SIM_PARTITIONS && !sim->broken; i++) {
        uint8_t live[32], rebuilt[32];
        if (!live_digest(sim, i, live) || !rebuilt_digest(sim, i, rebuilt))
            return;
        if (memcmp(live, rebuilt, sizeof live) != 0)
            sim_broken(sim, "partition %u: the journal alone makes another state than the live one",
                       i);
        sim_note(sim, live, sizeof live);
    }
}
