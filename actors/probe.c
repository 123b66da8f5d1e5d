/* probe - see probe.h for the contract. */
#include "actors/probe.h"
#include "actors/outbox.h"
#include <assert.h>

static const state_key_t probe_key = { .space = 0, .table = PROBE, .number = 0 };

probe_t
probe_of(state_t *state)
{
    const probe_t *probe = state_get(state, probe_key, NULL);
    return probe ? *probe : (probe_t){ 0 };
}

static probe_t *
probe_edit(turn_t *turn)
{
    probe_t *probe = state_edit(turn->state, probe_key, 0, SIZE_MAX);
    return probe ? probe : state_insert(turn->state, probe_key, sizeof *probe);
}

/* Each message goes to another showtime, which need not exist. */
status_t
probe_send(turn_t *turn, const command_t *command)
{
    uint64_t count = command_value(command, FIELD_COUNT)->number;
    uint64_t amount = command_value(command, FIELD_AMOUNT)->number;
    uint64_t keys[SEATS_MAX];
    assert(count <= SEATS_MAX);
    for (uint64_t i = 0; i < count; i++) {
        keys[i] = turn_random(turn);
        if (!outbox_room(turn, OP_PROBE_TAKE, keys[i], (uint32_t)count))
            return STATUS_BUSY;
    }
    probe_t *probe = probe_edit(turn);
    probe->sent += count;
    probe->sent_amount += count * amount;
    for (uint64_t i = 0; i < count; i++) {
        uint8_t body[32];
        pack_t pack;
        pack_init(&pack, body, sizeof body);
        pack_map(&pack, 1);
        pack_key_uint(&pack, "amount", amount);
        assert(!pack.overflow);
        outbox_send(turn, OP_PROBE_TAKE, keys[i], 0, 0, body, (uint32_t)pack.size);
    }
    return STATUS_OK;
}

status_t
probe_take(turn_t *turn, const command_t *command)
{
    probe_t *probe = probe_edit(turn);
    probe->taken++;
    probe->taken_amount += command_value(command, FIELD_AMOUNT)->number;
    return STATUS_OK;
}

status_t
probe_get(turn_t *turn, const command_t *command)
{
    (void)command;
    const probe_t probe = probe_of(turn->state);
    pack_map(turn->reply, 4);
    pack_key_uint(turn->reply, "sent", probe.sent);
    pack_key_uint(turn->reply, "sent_amount", probe.sent_amount);
    pack_key_uint(turn->reply, "taken", probe.taken);
    pack_key_uint(turn->reply, "taken_amount", probe.taken_amount);
    return STATUS_OK;
}
