/* outbox - see outbox.h for the contract. */
#include "actors/outbox.h"
#include "actors/prog_show.h"
#include "broker/shard.h"
#include <assert.h>
#include <string.h>

/* What is done at the sender when a row has ended. */
static const struct {
    uint16_t operation;
    outbox_ended_fn *ended;
} outbox_endings[] = {
    { OP_PROBE_TAKE, NULL },
    { OP_SHOWTIME_PUT, prog_show_ended },
    { OP_SHOWTIME_SHUT, prog_show_ended },
    { OP_SHOWTIME_CANCEL, prog_show_ended },
    { OP_SHOWTIME_REMOVE, prog_show_removed },
};

static state_key_t
outbox_key(uint8_t table, uint64_t number)
{
    return (state_key_t){ .space = 0, .table = table, .number = number };
}

static state_key_t
outbox_row_key(uint32_t destination, uint64_t number)
{
    assert(number < UINT64_C(1) << 48);
    return outbox_key(OUTBOX_ROW, (uint64_t)destination << 48 | number);
}

static uint32_t
outbox_destination(const turn_t *turn, uint16_t operation, uint64_t key)
{
    const shard_map_t map = site_map(turn->site);
    return shard_partition(&map, operation_of(operation)->key, key);
}

static outbox_lane_t *
outbox_edit_lane(turn_t *turn, uint32_t destination)
{
    state_key_t key = outbox_key(OUTBOX_LANE, destination);
    outbox_lane_t *lane = state_edit(turn->state, key, 0, SIZE_MAX);
    if (lane)
        return lane;
    lane = state_insert(turn->state, key, sizeof *lane);
    lane->oldest = 1;
    return lane;
}

bool
outbox_room(turn_t *turn, uint16_t operation, uint64_t key, uint32_t rows)
{
    uint32_t destination = outbox_destination(turn, operation, key);
    assert(destination != SHARD_NOWHERE);
    const outbox_lane_t *lane = state_get(turn->state, outbox_key(OUTBOX_LANE, destination), NULL);
    return !lane || lane->rows + rows <= OUTBOX_ROWS_MAX;
}

/* Tell a row, once more. */
static void
outbox_tell(turn_t *turn, uint32_t destination, uint64_t number)
{
    state_key_t key = outbox_row_key(destination, number);
    outbox_row_t *row = state_edit(turn->state, key, 0, sizeof *row);
    assert(row);
    int64_t wait_ms = OUTBOX_RETRY_MS;
    for (uint32_t i = 0; i < row->attempts && wait_ms < OUTBOX_RETRY_MAX_MS; i++)
        wait_ms *= 2;
    row->attempts++;
    state_set_due(turn->state, key,
                  turn->now_ms + (wait_ms < OUTBOX_RETRY_MAX_MS ? wait_ms : OUTBOX_RETRY_MAX_MS));
    turn->sink->tell(turn->sink->argument, row->operation, row->key, number, row->body,
                     row->body_size);
}

void
outbox_send(turn_t *turn, uint16_t operation, uint64_t key, uint64_t about, uint64_t about_too,
            const void *body, uint32_t size)
{
    uint32_t destination = outbox_destination(turn, operation, key);
    assert(destination != SHARD_NOWHERE);
    assert(size <= OUTBOX_BODY_MAX);
    outbox_lane_t *lane = outbox_edit_lane(turn, destination);
    uint64_t number = ++lane->given;
    bool open = number < lane->oldest + OUTBOX_WINDOW;
    lane->rows++;
    outbox_row_t *row =
        state_insert(turn->state, outbox_row_key(destination, number), sizeof *row + size);
    row->key = key;
    row->about[0] = about;
    row->about[1] = about_too;
    row->asked_ms = turn->now_ms;
    row->body_size = size;
    row->operation = operation;
    memcpy(row->body, body, size);
    if (open)
        outbox_tell(turn, destination, number);
}

void
outbox_due(turn_t *turn, uint64_t number)
{
    outbox_tell(turn, (uint32_t)(number >> 48), number & ((UINT64_C(1) << 48) - 1));
}

/* The window moves on behind the oldest row that is left, and what comes into it is told. */
static void
outbox_advance(turn_t *turn, uint32_t destination)
{
    outbox_lane_t *lane = outbox_edit_lane(turn, destination);
    uint64_t oldest = lane->oldest, given = lane->given, end = oldest + OUTBOX_WINDOW;
    while (oldest <= given && !state_get(turn->state, outbox_row_key(destination, oldest), NULL))
        oldest++;
    lane->oldest = oldest;
    for (; end < oldest + OUTBOX_WINDOW && end <= given; end++)
        outbox_tell(turn, destination, end);
}

static void
outbox_end(turn_t *turn, uint32_t destination, uint64_t number, status_t status)
{
    state_key_t key = outbox_row_key(destination, number);
    const outbox_row_t *row = state_get(turn->state, key, NULL);
    const outbox_row_t ended = *row;
    state_remove(turn->state, key);
    outbox_edit_lane(turn, destination)->rows--;
    outbox_advance(turn, destination);
    for (size_t i = 0; i < sizeof outbox_endings / sizeof outbox_endings[0]; i++)
        if (outbox_endings[i].operation == ended.operation && outbox_endings[i].ended)
            outbox_endings[i].ended(turn, ended.about, status);
}

bool
outbox_final(status_t status)
{
    return status != STATUS_BUSY && status != STATUS_NO_SPACE && status != STATUS_UNAVAILABLE &&
           status != STATUS_UNKNOWN_OUTCOME && status != STATUS_EXPIRED;
}

/* An answer to a row that is gone is one that came twice. One that is not the end leaves the row
 * as it is: its next resend is due later each time. */
status_t
outbox_ack(turn_t *turn, const command_t *command)
{
    uint64_t number = command_value(command, FIELD_TELL)->number;
    status_t status = (status_t)command_value(command, FIELD_STATUS)->number;
    if (number >= UINT64_C(1) << 48 || !outbox_final(status) ||
        !state_get(turn->state, outbox_row_key(command->sender, number), NULL))
        return STATUS_OK;
    outbox_end(turn, command->sender, number, status);
    return STATUS_OK;
}

/* ------------------------------------------------------------------ the receiver */

bool
outbox_seen(turn_t *turn, uint16_t sender, uint64_t number, status_t *status)
{
    const inbox_t *inbox = state_get(turn->state, outbox_key(OUTBOX_INBOX, sender), NULL);
    if (!inbox)
        return false;
    const inbox_slot_t *slot = &inbox->slots[number % OUTBOX_WINDOW];
    /* Below the slot's number it was acknowledged long ago: what is said now, nobody hears. */
    *status = slot->number == number ? slot->status : STATUS_OK;
    return number <= slot->number;
}

void
outbox_keep(turn_t *turn, uint16_t sender, uint64_t number, status_t status)
{
    state_key_t key = outbox_key(OUTBOX_INBOX, sender);
    inbox_t *inbox = state_edit(turn->state, key, 0, SIZE_MAX);
    if (!inbox)
        inbox = state_insert(turn->state, key, sizeof *inbox);
    inbox_slot_t *slot = &inbox->slots[number % OUTBOX_WINDOW];
    assert(number > slot->number);
    inbox->applied++;
    slot->number = number;
    slot->status = status;
}

void
outbox_pack_ack(pack_t *pack, uint64_t number, status_t status)
{
    pack_map(pack, 2);
    pack_key_uint(pack, "tell", number);
    pack_key_uint(pack, "status", status);
}

void
outbox_acknowledge(turn_t *turn, uint16_t sender, uint64_t number, status_t status)
{
    uint8_t body[64];
    pack_t pack;
    pack_init(&pack, body, sizeof body);
    outbox_pack_ack(&pack, number, status);
    assert(!pack.overflow);
    turn->sink->tell(turn->sink->argument, OP_OUTBOX_ACK, sender, number, body,
                     (uint32_t)pack.size);
}

/* ------------------------------------------------------------------ for tests */

const char *
outbox_check(state_t *state, uint32_t destination)
{
    const outbox_lane_t *lane = state_get(state, outbox_key(OUTBOX_LANE, destination), NULL);
    uint64_t rows = 0;
    if (!lane)
        return NULL;
    if (lane->oldest == 0 || lane->oldest > lane->given + 1)
        return "an outbox lane's oldest number was never given";
    for (uint64_t number = lane->oldest; number <= lane->given; number++)
        rows += state_get(state, outbox_row_key(destination, number), NULL) != NULL;
    if (rows != lane->rows)
        return "an outbox lane has another count of rows than it says";
    if (lane->oldest <= lane->given &&
        !state_get(state, outbox_row_key(destination, lane->oldest), NULL))
        return "an outbox lane's oldest row is gone";
    return NULL;
}
