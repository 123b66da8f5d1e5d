/* judge - see judge.h for the contract: what leaves, and what was promised. */
#include "actors/apply.h"
#include "tests/sim/judge_inside.h"
#include "tests/sim/server.h"
#include <assert.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* Entries between two looks at what partitions say of one another's orders, which takes long. */
enum { MEMBERS_LOOK = 64 };

void
judge_open(sim_t *sim)
{
    sim->judge = calloc(1, sizeof *sim->judge);
    assert(sim->judge);
}

void
judge_close(sim_t *sim)
{
    judge_t *self = sim->judge;
    for (uint32_t i = 0; i < SIM_PARTITIONS; i++)
        free(self->wards[i].entries);
    for (uint32_t i = 0; i < CROWD_MAX; i++)
        free(self->asks[i].of);
    for (uint32_t i = 0; i < CROWD_SHOWTIMES; i++)
        facts_clear(&self->facts[i]);
    free(self->onces);
    free(self);
    sim->judge = NULL;
}

uint32_t
judge_index(const sim_t *sim, uint64_t showtime)
{
    uint32_t index = 0;
    while (index < sim->crowd->showtime_count && sim->crowd->showtimes[index] != showtime)
        index++;
    return index < sim->crowd->showtime_count ? index : CROWD_SHOWTIMES;
}

/* ------------------------------------------------------------------ entries */

static void
ward_add(ward_t *ward, const journal_entry_t *entry)
{
    if (ward->count == ward->room) {
        ward->room = ward->room ? ward->room * 2 : 4096;
        ward->entries = realloc(ward->entries, ward->room * sizeof *ward->entries);
        assert(ward->entries);
    }
    entry_t *added = &ward->entries[ward->count++];
    memcpy(added->chain, entry->chain, sizeof added->chain);
    added->now_ms = entry->now_ms;
}

void
judge_durable(sim_t *sim, uint32_t partition, const journal_entry_t *entry)
{
    ward_t *ward = &sim->judge->wards[partition];
    if (entry->sequence != ward->count + 1)
        sim_broken(sim, "partition %u made entry %" PRIu64 " durable after %" PRIu64, partition,
                   entry->sequence, ward->count);
    ward_add(ward, entry);
    sim->entries++;
    sim_note(sim, entry->chain, sizeof entry->chain);
}

static void
ward_same(sim_t *sim, uint32_t partition, uint64_t sequence, const uint8_t *chain)
{
    const ward_t *ward = &sim->judge->wards[partition];
    if (memcmp(ward->entries[sequence - 1].chain, chain, JOURNAL_CHAIN_SIZE) != 0)
        sim_broken(sim, "partition %u recovered another entry %" PRIu64 " than was durable",
                   partition, sequence);
}

void
judge_recovered(sim_t *sim, uint32_t partition, const journal_entry_t *entry)
{
    ward_t *ward = &sim->judge->wards[partition];
    if (entry->sequence <= ward->count)
        ward_same(sim, partition, entry->sequence, entry->chain);
    else if (entry->sequence == ward->count + 1)
        ward_add(ward, entry); /* the process died before it knew */
    else
        sim_broken(sim, "partition %u recovers entry %" PRIu64 " after %" PRIu64, partition,
                   entry->sequence, ward->count);
}

void
judge_born(sim_t *sim, uint32_t partition, uint64_t sequence, const uint8_t chain[16])
{
    ward_t *ward = &sim->judge->wards[partition];
    ward->births++;
    if (sequence != ward->count)
        sim_broken(sim,
                   "partition %u is at %" PRIu64 " after its start, but %" PRIu64
                   " entries were durable and %" PRIu64 " promised",
                   partition, sequence, ward->count, ward->promised);
    else if (sequence)
        ward_same(sim, partition, sequence, chain);
}

/* ------------------------------------------------------------------ what leaves */

static void
ward_promise(sim_t *sim, uint32_t partition, int64_t moment, const char *what)
{
    ward_t *ward = &sim->judge->wards[partition];
    if (moment < 0 || (uint64_t)moment > ward->count)
        sim_broken(sim,
                   "partition %u: %s of entry %" PRId64 " left, but only %" PRIu64 " are durable",
                   partition, what, moment, ward->count);
    else if ((uint64_t)moment > ward->promised)
        ward->promised = (uint64_t)moment;
}

static void
ward_touch(const sim_t *sim, uint32_t partition, uint64_t showtime)
{
    ward_t *ward = &sim->judge->wards[partition];
    uint32_t index = judge_index(sim, showtime);
    for (uint32_t i = 0; i < ward->touched_count; i++)
        if (ward->touched[i] == index)
            return;
    if (index < CROWD_SHOWTIMES)
        ward->touched[ward->touched_count++] = index;
}

/* Partitions know requests of their own only: the same id may be used for each. */
static uint64_t
ask_place(uint64_t request, uint32_t partition)
{
    return request * SIM_PARTITIONS + partition;
}

void
judge_call(sim_t *sim, uint32_t person, uint64_t request, const call_t *call)
{
    asks_t *asks = &sim->judge->asks[person];
    request = ask_place(request, sim_home(call->operation, call->showtime));
    if (request >= asks->room) {
        uint64_t room = request * 2 + 256;
        asks->of = realloc(asks->of, room * sizeof *asks->of);
        assert(asks->of);
        memset(asks->of + asks->room, 0, (room - asks->room) * sizeof *asks->of);
        asks->room = room;
    }
    if (asks->of[request].asked)
        return;
    asks->of[request] = (asked_t){ .call = *call, .asked = true };
    uint32_t index = judge_index(sim, call->showtime);
    if (index == CROWD_SHOWTIMES)
        return;
    sim->judge->facts[index].showtime = call->showtime;
    facts_asked(&sim->judge->facts[index], call);
    queue_asked(&sim->judge->queues[index], call);
}

/* Answers that are kept: a repeat must get the same. Others say that nothing was done, or that it
 * goes on. */
static bool
answer_is_final(uint16_t operation, uint16_t status)
{
    const operation_t *row = operation_of(operation);
    return row && row->mode == MODE_WRITE && (status == STATUS_OK || status >= 100);
}

static uint64_t
answer_digest(const wire_header_t *header, const void *body, uint32_t size)
{
    const uint64_t head[] = { header->status, (uint64_t)header->moment };
    uint64_t digest;
    crypto_generichash((uint8_t *)&digest, sizeof digest, body, size, (const uint8_t *)head,
                       sizeof head);
    return digest;
}

/* Only the newest answers teach facts: an old one, repeated after a crash that kept its first
 * sending, tells of a time that others have answered for since. */
static void
judge_answer(sim_t *sim, uint32_t partition, asked_t *asked, const wire_header_t *header,
             const void *body, uint32_t size)
{
    ward_t *ward = &sim->judge->wards[partition];
    uint64_t sequence = (uint64_t)header->moment;
    uint32_t index = judge_index(sim, asked->call.showtime);
    *asked = (asked_t){ .call = asked->call,
                        .asked = true,
                        .answered = true,
                        .status = header->status,
                        .sequence = sequence,
                        .digest = answer_digest(header, body, size) };
    if (asked->call.forged && header->status == STATUS_OK)
        sim_broken(sim, "a forged %s was believed", operation_of(header->operation)->name);
    if (sequence < ward->answered || sequence == 0 || sequence > ward->count ||
        index == CROWD_SHOWTIMES)
        return;
    ward->answered = sequence;
    if (!asked->call.wait && !asked->call.renewed && !asked->call.once &&
        ward->entries[sequence - 1].now_ms > asked->call.deadline_ms)
        sim_broken(sim, "%s was carried out %" PRId64 " ms after its deadline",
                   operation_of(header->operation)->name,
                   ward->entries[sequence - 1].now_ms - asked->call.deadline_ms);
    const char *broken =
        facts_answered(&sim->judge->facts[index], &asked->call, ward->entries[sequence - 1].now_ms,
                       header->status, body, size);
    if (broken)
        sim_broken(sim, "%s (%s, showtime %" PRIu64 ", entry %" PRIu64 ", lock %u, purchase %u)",
                   broken, operation_of(header->operation)->name, asked->call.showtime, sequence,
                   asked->call.lock, asked->call.purchase);
}

static once_t *
judge_once(judge_t *self, uint32_t number)
{
    if (number >= self->once_room) {
        uint32_t room = number * 2 + 256;
        self->onces = realloc(self->onces, room * sizeof *self->onces);
        assert(self->onces);
        memset(self->onces + self->once_room, 0, (room - self->once_room) * sizeof *self->onces);
        self->once_room = room;
    }
    return &self->onces[number];
}

/* Is this the answer to a repeat of a write with `once`? Then it must be the first answer again,
 * for as long as that is promised to be kept. How long that is for an end that was waited for is
 * not known here: it counts from PENDING on. */
static bool
judge_repeat(sim_t *sim, uint32_t partition, const asked_t *asked, const wire_header_t *header,
             const void *body, uint32_t size)
{
    const ward_t *ward = &sim->judge->wards[partition];
    once_t *once = judge_once(sim->judge, asked->call.once);
    uint64_t sequence = (uint64_t)header->moment, digest = answer_digest(header, body, size);
    if (asked->call.once == 0 || sequence == 0 || sequence > ward->count)
        return false;
    int64_t now_ms = ward->entries[sequence - 1].now_ms;
    bool repeat = once->answered && once->digest == digest;
    bool kept = sequence < once->sequence || now_ms <= once->now_ms + APPLY_ONCE_KEEP_MS;
    if (once->answered && kept && !repeat && !asked->call.wait)
        sim_broken(sim,
                   "%s by once: answered %s of entry %" PRIu64 ", the first time of entry %" PRIu64,
                   operation_of(header->operation)->name, status_name(header->status), sequence,
                   once->sequence);
    *once = (once_t){ .answered = true, .now_ms = now_ms, .sequence = sequence, .digest = digest };
    return repeat;
}

static void
judge_reply(sim_t *sim, uint32_t partition, const wire_route_t *route, const wire_header_t *header,
            const void *body, uint32_t size)
{
    if (route->peer == 0)
        return;
    uint32_t person = server_person(route->peer);
    asks_t *asks = &sim->judge->asks[person];
    uint64_t place = ask_place(header->request, partition);
    if (header->status == STATUS_REQUEST_REUSED && place < asks->room && asks->of[place].call.once)
        sim_broken(sim, "%s by once: a repeat is taken for another command",
                   operation_of(header->operation)->name);
    if (!answer_is_final(header->operation, header->status))
        return;
    if (place >= asks->room || !asks->of[place].asked) {
        sim_broken(sim, "an answer to request %" PRIu64 " of person %u, which was not made",
                   header->request, person);
        return;
    }
    asked_t *asked = &asks->of[place];
    if (judge_repeat(sim, partition, asked, header, body, size)) {
        if (asked->call.forged && header->status == STATUS_OK)
            sim_broken(sim, "a forged %s was believed", operation_of(header->operation)->name);
        return;
    }
    if (!asked->answered)
        judge_answer(sim, partition, asked, header, body, size);
    else if (asked->call.renewed ? asked->status != header->status
                                 : asked->digest != answer_digest(header, body, size))
        sim_broken(sim,
                   "%s, request %" PRIu64 " of person %u: the repeat was answered %s of entry "
                   "%" PRId64 ", the first time it was %s of entry %" PRIu64,
                   operation_of(header->operation)->name, header->request, person,
                   status_name(header->status), header->moment, status_name(asked->status),
                   asked->sequence);
}

void
judge_exit(sim_t *sim, uint32_t partition, const wire_route_t *route, const wire_header_t *header,
           const void *body, uint32_t size)
{
    ward_promise(sim, partition, header->moment,
                 header->kind == WIRE_TELL ? "a tell" : "an answer");
    ward_touch(sim, partition, header->key);
    if (header->kind == WIRE_REPLY)
        judge_reply(sim, partition, route, header, body, size);
}

/* ------------------------------------------------------------------ what followers see */

static void
board_changes(board_t *board, mp_t at)
{
    uint32_t count, two;
    uint64_t seat, state;
    if (!mp_read_array(&at, &count))
        return;
    while (count-- > 0)
        if (mp_read_array(&at, &two) && mp_read_uint(&at, &seat) && mp_read_uint(&at, &state) &&
            seat <= FACTS_SEATS_MAX)
            board->seats[seat] = (uint8_t)state;
}

void
judge_event(sim_t *sim, uint32_t partition, const wire_header_t *header, const void *body,
            uint32_t size)
{
    uint32_t index = judge_index(sim, header->key);
    mp_t at;
    ward_promise(sim, partition, header->moment, "an event");
    ward_touch(sim, partition, header->key);
    sim_note(sim, body, size);
    programme_event(sim, partition, header);
    if (header->operation == OP_QUEUE_CHANGED && index < CROWD_SHOWTIMES)
        queue_event(sim, &sim->judge->queues[index], header->key, body, size);
    if (header->operation != OP_SEATS_CHANGED || index == CROWD_SHOWTIMES)
        return;
    board_t *board = &sim->judge->boards[index];
    bool reborn = board->births != sim->judge->wards[partition].births;
    if (header->request != board->left + 1 && !(reborn && header->request > board->left))
        sim_broken(sim, "showtime %" PRIu64 ": event %" PRIu64 " after %" PRIu64, header->key,
                   header->request, board->left);
    board->left = header->request;
    board->births = sim->judge->wards[partition].births;
    if (sim_strikes(sim, FAULT_EVENT_LOST))
        return;
    if (header->request != board->number + 1) {
        board->gap = true;
        return;
    }
    board->number = header->request;
    if (mp_find(body, size, "changes", &at))
        board_changes(board, at);
}

uint64_t
judge_since(const sim_t *sim, uint64_t showtime)
{
    uint32_t index = judge_index(sim, showtime);
    return index < CROWD_SHOWTIMES ? sim->judge->boards[index].number : 0;
}

void
judge_read(sim_t *sim, uint64_t showtime, uint64_t since, const void *body, uint32_t size)
{
    uint32_t index = judge_index(sim, showtime);
    uint64_t number;
    mp_t at;
    if (index == CROWD_SHOWTIMES || !mp_find(body, size, "number", &at) ||
        !mp_read_uint(&at, &number))
        return;
    board_t *board = &sim->judge->boards[index];
    if (number <= board->number || since > board->number || !mp_find(body, size, "changes", &at))
        return;
    board_changes(board, at);
    board->number = number;
    board->gap = false;
}

/* ------------------------------------------------------------------ after each step */

void
judge_step(sim_t *sim, uint32_t partition)
{
    ward_t *ward = &sim->judge->wards[partition];
    for (uint32_t i = 0; i < ward->touched_count && !sim->broken; i++)
        if (sim_home(OP_SHOWTIME_GET, sim->crowd->showtimes[ward->touched[i]]) == partition)
            judge_showtime(sim, partition, ward->touched[i], false);
    ward->touched_count = 0;
    judge_outbox(sim, false);
    programme_judge(sim, partition);
    member_judge(sim, partition);
    if (sim->entries % MEMBERS_LOOK == 0)
        member_judge_all(sim, false);
}
