/* apply - see apply.h for the contract. */
#include "actors/apply.h"
#include "actors/outbox.h"
#include <assert.h>

#define none NULL
static handler_fn *const handlers[OPERATION_CODE_MAX] = {
#define O(code, id, handler, name, key, mode, roles, required, optional, reply, help)              \
    [code] = handler,
    OPERATION_TABLE(O)
#undef O
};
#undef none

void
apply_refusal(pack_t *reply, status_t status, field_t field)
{
    if (status == STATUS_OK || reply->size)
        return;
    pack_map(reply, field < FIELDS ? 2 : 1);
    pack_key_str(reply, "error", status_name(status));
    if (field < FIELDS)
        pack_key_str(reply, "field", field_info(field)->name);
}

/* The time of the last entry is state too: a clock set back while the program was down must not
 * take time back. */
static const state_key_t apply_clock_key = { .space = 0, .table = 'T', .number = 0 };

void
apply_init(apply_t *self, state_t *state, const site_t *site)
{
    const int64_t *now_ms = state_get(state, apply_clock_key, NULL);
    *self = (apply_t){ .state = state, .site = site, .now_ms = now_ms ? *now_ms : 0 };
}

static void
apply_clock(apply_t *self, int64_t now_ms)
{
    int64_t *clock = state_edit(self->state, apply_clock_key, 0, sizeof *clock);
    if (!clock)
        clock = state_insert(self->state, apply_clock_key, sizeof *clock);
    *clock = self->now_ms = now_ms;
}

static turn_t
apply_turn(apply_t *self, int64_t now_ms, uint64_t seed, pack_t *reply)
{
    return (turn_t){
        .state = self->state,
        .site = self->site,
        .sink = self->sink,
        .now_ms = now_ms,
        .sequence = state_sequence(self->state),
        .seed = seed,
        .reply = reply,
    };
}

/* The command's status, and its body in turn->reply. */
static status_t
apply_handle(turn_t *turn, const command_t *command)
{
    handler_fn *handler = handlers[command->operation->code];
    if (!handler)
        return STATUS_UNKNOWN_OPERATION;
    status_t status = handler(turn, command);
    assert(!turn->reply->overflow);
    apply_refusal(turn->reply, status, FIELDS);
    return status;
}

/* BUSY and EXPIRED are not remembered: a repeat gets the like again, and nothing was changed. */
static bool
apply_remembered(status_t status)
{
    return status != STATUS_BUSY && status != STATUS_EXPIRED;
}

/* Till when a repeat must find the reply. With `once` a repeat has a deadline of its own, so the
 * first one's says little about when it comes. */
static int64_t
apply_keep_until(const turn_t *turn, const command_t *command)
{
    int64_t until_ms = turn->now_ms + APPLY_ONCE_KEEP_MS;
    return command_has(command, FIELD_ONCE) && until_ms > command->deadline_ms
               ? until_ms
               : command->deadline_ms;
}

static void
apply_command(apply_t *self, turn_t *turn, uint32_t index, const command_t *command)
{
    replies_t *replies = state_replies(self->state);
    uint8_t body[REPLY_BODY_MAX];
    pack_t pack;
    pack_init(&pack, body, sizeof body);
    turn->reply = &pack;
    reply_t reply;
    bool named = command->client != 0;
    self->counts.commands++;
    if (named && replies_find(replies, command->client, command->request, &reply)) {
        self->counts.repeats++;
        if (reply.digest != command->digest) {
            apply_refusal(&pack, STATUS_REQUEST_REUSED, FIELDS);
            reply.status = STATUS_REQUEST_REUSED;
            reply.body = body;
            reply.body_size = (uint16_t)pack.size;
            reply.sequence = turn->sequence;
        }
        self->answer(self->argument, index, &reply);
        return;
    }
    status_t status;
    if (named && command->deadline_ms < turn->now_ms)
        status = STATUS_EXPIRED;
    else if (named && !replies_room(replies, turn->now_ms))
        status = STATUS_BUSY;
    else
        status = apply_handle(turn, command);
    apply_refusal(&pack, status, FIELDS);
    if (status == STATUS_OK)
        self->counts.accepted++;
    else
        self->counts.refused++;
    reply = (reply_t){ .client = command->client,
                       .request = command->request,
                       .digest = command->digest,
                       .sequence = turn->sequence,
                       .deadline_ms = apply_keep_until(turn, command),
                       .status = status,
                       .body_size = (uint16_t)pack.size,
                       .body = body };
    if (named && apply_remembered(status))
        state_remember(self->state, &reply);
    self->answer(self->argument, index, &reply);
}

/* What another partition tells is known by who told it and its number, not by client and request,
 * and how it ended is remembered for as long as it may be told again. */
static void
apply_tell(apply_t *self, turn_t *turn, const intake_item_t *item)
{
    uint8_t body[REPLY_BODY_MAX];
    pack_t pack;
    status_t status;
    uint16_t sender = item->route.sender;
    uint64_t number = item->header.request;
    pack_init(&pack, body, sizeof body);
    turn->reply = &pack;
    self->counts.commands++;
    if (item->header.operation == OP_OUTBOX_ACK) {
        (void)apply_handle(turn, &item->command);
        self->counts.accepted++;
        return;
    }
    if (outbox_seen(turn, sender, number, &status)) {
        self->counts.repeats++;
    } else {
        status = apply_handle(turn, &item->command);
        if (status == STATUS_OK)
            self->counts.accepted++;
        else
            self->counts.refused++;
        if (outbox_final(status))
            outbox_keep(turn, sender, number, status);
    }
    outbox_acknowledge(turn, sender, number, status);
}

void
apply_entry(apply_t *self, const journal_entry_t *entry, const intake_t *batch)
{
    assert(entry->now_ms >= self->now_ms);
    assert(entry->sequence == state_sequence(self->state) + 1);
    assert(entry->count == batch->count);
    self->counts.entries++;
    state_begin(self->state, entry->sequence, entry->chain);
    apply_clock(self, entry->now_ms);
    turn_t turn = apply_turn(self, entry->now_ms, entry->seed, NULL);
    state_key_t key;
    while (state_due(self->state, entry->now_ms, &key)) {
        uint8_t nobody[1];
        pack_t none;
        pack_init(&none, nobody, sizeof nobody);
        turn.reply = &none;
        self->counts.timers++;
        if (key.space == 0 && key.table == OUTBOX_ROW)
            outbox_due(&turn, key.number);
        else
            box_due(&turn, key);
    }
    for (uint32_t i = 0; i < batch->count; i++) {
        if (self->begin)
            self->begin(self->argument, i);
        if (batch->items[i].header.kind == WIRE_TELL)
            apply_tell(self, &turn, &batch->items[i]);
        else
            apply_command(self, &turn, i, &batch->items[i].command);
    }
    state_end(self->state);
}

status_t
apply_read(apply_t *self, const command_t *command, int64_t now_ms, pack_t *reply)
{
    turn_t turn = apply_turn(self, now_ms < self->now_ms ? self->now_ms : now_ms, 0, reply);
    self->counts.reads++;
    return apply_handle(&turn, command);
}
