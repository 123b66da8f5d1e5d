/* box_seats - locks: taking seats, holding them longer, giving them back; blocking by staff. */
#include "actors/box.h"
#include "actors/box_queue.h"
#include <assert.h>
#include <stddef.h>
#include <string.h>

uint8_t
box_shown(const box_t *self, const seat_t *seat)
{
    if (seat->state != SEAT_LOCKED)
        return seat->state;
    const purchase_t *purchase = box_purchase(self, seat->purchase);
    assert(purchase);
    return self->turn->now_ms < purchase->until_ms ? SEAT_LOCKED : SEAT_AVAILABLE;
}

/* Numbers are never used twice; what is locked and sold can still end when they have run out. */
static bool
seats_numbers_left(const head_t *head)
{
    return head->number < BOX_NUMBER_MAX && head->purchases < BOX_NUMBER_MAX;
}

static status_t
seats_sale_window(const box_t *self)
{
    if (self->head->cancelled)
        return STATUS_SHOWTIME_CANCELLED;
    if (self->turn->now_ms < self->head->opens_ms)
        return STATUS_SALE_NOT_OPEN;
    if (self->turn->now_ms >= self->head->closes_ms || !seats_numbers_left(self->head))
        return STATUS_SALE_CLOSED;
    return STATUS_OK;
}

/* Seats that the user holds locked on this showtime, orders that wait for money included. */
static uint32_t
seats_held_by(const box_t *self, uint64_t user)
{
    uint16_t tag = box_tag(user);
    uint32_t held = 0, known = 0;
    bool theirs = false;
    for (uint32_t i = 0; i < self->head->seat_count; i++) {
        const seat_t *seat = &self->seats[i];
        if (seat->tag != tag || seat->state != SEAT_LOCKED)
            continue;
        if (seat->purchase != known) {
            const purchase_t *purchase = box_purchase(self, seat->purchase);
            assert(purchase);
            known = seat->purchase;
            theirs = purchase->user == user;
        }
        held += theirs;
    }
    return held;
}

static status_t
seats_limit(const box_t *self, uint64_t user, uint32_t count)
{
    const head_t *head = self->head;
    uint32_t cap = head->rules.cap;
    if (count > cap)
        return box_refuse_uint(self->turn, STATUS_TOO_MANY_SEATS, "cap", cap);
    /* The seats need a look only when those held under the tag's group might be too many. */
    if (head->held[box_tag_group(box_tag(user))] + count > cap &&
        seats_held_by(self, user) + count > cap)
        return box_refuse_uint(self->turn, STATUS_LOCK_LIMIT, "cap", cap);
    return STATUS_OK;
}

/* The first seat that does not exist, or STATUS_OK. */
static status_t
seats_known(const box_t *self, const uint16_t *ids, uint32_t count)
{
    if (ids[0] == 0)
        return box_refuse_uint(self->turn, STATUS_UNKNOWN_SEAT, "seat", 0);
    for (uint32_t i = 0; i < count; i++)
        if (ids[i] > self->head->seat_count)
            return box_refuse_uint(self->turn, STATUS_UNKNOWN_SEAT, "seat", ids[i]);
    return STATUS_OK;
}

static const status_t seats_why_not[SEAT_STATES] = {
    [SEAT_AVAILABLE] = STATUS_OK,
    [SEAT_LOCKED] = STATUS_SEAT_LOCKED,
    [SEAT_SOLD] = STATUS_SEAT_SOLD,
    [SEAT_BLOCKED] = STATUS_SEAT_BLOCKED,
};

static status_t
seats_available(const box_t *self, const uint16_t *ids, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        status_t status = seats_why_not[self->seats[ids[i] - 1].state];
        if (status != STATUS_OK)
            return box_refuse_uint(self->turn, status, "seat", ids[i]);
    }
    return STATUS_OK;
}

/* What the hall has to say about the choice. */
static status_t
seats_fitting(const box_t *self, const uint16_t *ids, uint32_t count, bool wheelchair)
{
    uint16_t seat = wheelchair ? 0 : layout_wheelchair(self->layout, ids, count);
    if (seat)
        return box_refuse_uint(self->turn, STATUS_WHEELCHAIR_ONLY, "seat", seat);
    if ((seat = layout_couple_split(self->layout, ids, count)))
        return box_refuse_uint(self->turn, STATUS_COUPLE_SPLIT, "seat", seat);
    if (self->head->rules.gap_rule &&
        (seat = layout_lone_seat(self->layout, self->seats, ids, count)))
        return box_refuse_uint(self->turn, STATUS_LONE_SEAT, "seat", seat);
    return STATUS_OK;
}

/* Make the lock of seats judged free; answers {lock, until_ms}, with `named` also {seats}. */
static status_t
seats_take(box_t *self, const command_t *command, const uint16_t *ids, uint32_t count, bool named)
{
    turn_t *turn = self->turn;
    const rules_t *rules = &self->head->rules;
    uint64_t ttl = command_number(command, FIELD_TTL, rules->ttl_ms);
    uint32_t number = ++box_edit_head(self)->purchases;
    state_key_t key = box_key(self->showtime, BOX_PURCHASE, number);
    purchase_t *purchase =
        state_insert(turn->state, key, sizeof *purchase + count * sizeof(line_t));
    purchase->user = command_value(command, FIELD_USER)->number;
    purchase->tag = box_tag(purchase->user);
    purchase->locked_ms = turn->now_ms;
    purchase->until_ms =
        turn->now_ms + (int64_t)(ttl < rules->ceiling_ms ? ttl : rules->ceiling_ms);
    purchase->lock = LOCK_HELD;
    purchase->count = (uint8_t)count;
    for (uint32_t i = 0; i < count; i++) {
        purchase->lines[i].seat = ids[i];
        purchase->lines[i].zone = self->layout->seats[ids[i] - 1].zone;
    }
    state_set_due(turn->state, key, purchase->until_ms);
    box_change(self, ids, count, SEAT_ON_LOCK, number, purchase->tag);
    pack_map(turn->reply, named ? 3 : 2);
    pack_key_uint(turn->reply, "lock", number);
    pack_key_int(turn->reply, "until_ms", purchase->until_ms);
    if (named) {
        pack_str(turn->reply, "seats");
        pack_array(turn->reply, count);
        for (uint32_t i = 0; i < count; i++)
            pack_uint(turn->reply, ids[i]);
    }
    return STATUS_OK;
}

status_t
box_seats_lock(turn_t *turn, const command_t *command)
{
    box_t box;
    const value_t *seats = command_value(command, FIELD_SEATS);
    const uint16_t *ids = seats->seats.ids;
    uint32_t count = seats->seats.count;
    uint64_t user = command_value(command, FIELD_USER)->number;
    if (!box_open(&box, turn, command->key))
        return STATUS_UNKNOWN_SHOWTIME;
    status_t status = seats_sale_window(&box);
    if (status == STATUS_OK)
        status = box_queue_allows(&box, command);
    if (status != STATUS_OK)
        return status;
    box_hall(&box);
    if ((status = seats_known(&box, ids, count)) != STATUS_OK ||
        (status = seats_limit(&box, user, count)) != STATUS_OK ||
        (status = seats_available(&box, ids, count)) != STATUS_OK ||
        (status = seats_fitting(&box, ids, count, command_number(command, FIELD_WHEELCHAIR, 0))) !=
            STATUS_OK)
        return status;
    return seats_take(&box, command, ids, count, false);
}

status_t
box_seats_best(turn_t *turn, const command_t *command)
{
    box_t box;
    uint16_t ids[SEATS_MAX];
    layout_wish_t wish = { .count = (uint32_t)command_value(command, FIELD_COUNT)->number,
                           .wheelchair = command_number(command, FIELD_WHEELCHAIR, 0) };
    if (!box_open(&box, turn, command->key))
        return STATUS_UNKNOWN_SHOWTIME;
    status_t status = seats_sale_window(&box);
    if (status == STATUS_OK)
        status = box_queue_allows(&box, command);
    if (status != STATUS_OK)
        return status;
    if (command_has(command, FIELD_ZONE)) {
        wish.zone = (uint8_t)command_value(command, FIELD_ZONE)->text.data[0];
        if (!box_zone(box.head, wish.zone))
            return box_refuse_field(turn, FIELD_ZONE);
    }
    box_hall(&box);
    status = seats_limit(&box, command_value(command, FIELD_USER)->number, wish.count);
    if (status != STATUS_OK)
        return status;
    uint16_t first = layout_best(box.layout, box.seats, &wish);
    if (first == 0)
        return STATUS_NO_BLOCK;
    for (uint32_t i = 0; i < wish.count; i++)
        ids[i] = (uint16_t)(first + i);
    return seats_take(&box, command, ids, wish.count, true);
}

/* The user's lock, if it allows the event. */
static status_t
seats_find_lock(const box_t *self, const command_t *command, uint8_t event, uint32_t *number,
                const purchase_t **purchase)
{
    *number = (uint32_t)command_value(command, FIELD_LOCK)->number;
    if (*number > self->head->purchases)
        return STATUS_UNKNOWN_LOCK;
    *purchase = box_purchase(self, *number);
    if (!*purchase)
        return STATUS_LOCK_ENDED;
    if ((*purchase)->user != command_value(command, FIELD_USER)->number)
        return STATUS_NOT_YOURS;
    if ((*purchase)->lock == LOCK_ORDERED)
        return STATUS_LOCK_ORDERED;
    if (!machine_allows(MACHINE_LOCK, (*purchase)->lock, event) ||
        self->turn->now_ms >= (*purchase)->until_ms)
        return STATUS_LOCK_ENDED;
    return STATUS_OK;
}

status_t
box_seats_extend(turn_t *turn, const command_t *command)
{
    box_t box;
    uint32_t number;
    const purchase_t *held;
    if (!box_open(&box, turn, command->key))
        return STATUS_UNKNOWN_SHOWTIME;
    status_t status = seats_find_lock(&box, command, LOCK_ON_EXTEND, &number, &held);
    if (status != STATUS_OK)
        return status;
    const rules_t *rules = &box.head->rules;
    int64_t ceiling_ms = held->locked_ms + rules->ceiling_ms;
    int64_t until_ms = turn->now_ms + (int64_t)command_number(command, FIELD_TTL, rules->ttl_ms);
    if (until_ms > ceiling_ms)
        until_ms = ceiling_ms;
    if (until_ms < held->until_ms)
        until_ms = held->until_ms; /* never shorter */
    if (held->until_ms >= ceiling_ms)
        return STATUS_LOCK_CEILING;
    purchase_t *purchase = box_edit_purchase(&box, number);
    purchase->lock = machine_next(MACHINE_LOCK, purchase->lock, LOCK_ON_EXTEND);
    purchase->until_ms = until_ms;
    box_set_due(&box, number, until_ms);
    pack_map(turn->reply, 2);
    pack_key_uint(turn->reply, "lock", number);
    pack_key_int(turn->reply, "until_ms", until_ms);
    return STATUS_OK;
}

status_t
box_seats_release(turn_t *turn, const command_t *command)
{
    box_t box;
    uint32_t number;
    const purchase_t *held;
    if (!box_open(&box, turn, command->key))
        return STATUS_UNKNOWN_SHOWTIME;
    status_t status = seats_find_lock(&box, command, LOCK_ON_RELEASE, &number, &held);
    if (status != STATUS_OK)
        return status;
    box_change_lines(&box, number, held, SEAT_ON_RELEASE);
    state_remove(turn->state, box_key(box.showtime, BOX_PURCHASE, number));
    return STATUS_OK;
}

status_t
box_seats_block(turn_t *turn, const command_t *command)
{
    box_t box;
    const value_t *seats = command_value(command, FIELD_SEATS);
    if (!box_open(&box, turn, command->key))
        return STATUS_UNKNOWN_SHOWTIME;
    if (!seats_numbers_left(box.head))
        return STATUS_SALE_CLOSED;
    box_hall(&box);
    status_t status = seats_known(&box, seats->seats.ids, seats->seats.count);
    if (status == STATUS_OK)
        status = seats_available(&box, seats->seats.ids, seats->seats.count);
    if (status == STATUS_OK)
        box_change(&box, seats->seats.ids, seats->seats.count, SEAT_ON_BLOCK, 0, 0);
    return status;
}

status_t
box_seats_unblock(turn_t *turn, const command_t *command)
{
    box_t box;
    const value_t *seats = command_value(command, FIELD_SEATS);
    const uint16_t *ids = seats->seats.ids;
    if (!box_open(&box, turn, command->key))
        return STATUS_UNKNOWN_SHOWTIME;
    box_hall(&box);
    status_t status = seats_known(&box, ids, seats->seats.count);
    if (status != STATUS_OK)
        return status;
    for (uint32_t i = 0; i < seats->seats.count; i++)
        if (box.seats[ids[i] - 1].state != SEAT_BLOCKED)
            return box_refuse_uint(turn, STATUS_SEAT_NOT_BLOCKED, "seat", ids[i]);
    box_change(&box, ids, seats->seats.count, SEAT_ON_UNBLOCK, 0, 0);
    return STATUS_OK;
}

static void
seats_pack_map(const box_t *self, pack_t *reply)
{
    char letter[2] = { 0 };
    pack_str(reply, "seats");
    pack_array(reply, self->head->seat_count);
    for (uint32_t i = 0; i < self->head->seat_count; i++) {
        const layout_seat_t *place = &self->layout->seats[i];
        pack_array(reply, 6);
        pack_uint(reply, i + 1);
        pack_uint(reply, place->row + 1u);
        pack_uint(reply, place->column + 1u);
        pack_uint(reply, box_shown(self, &self->seats[i]) - 1u);
        letter[0] = place->kind == KIND_COUPLE_RIGHT ? KIND_COUPLE : (char)place->kind;
        pack_str(reply, letter);
        letter[0] = (char)place->zone;
        pack_str(reply, letter);
    }
}

static void
seats_pack_changes(const box_t *self, uint64_t since, pack_t *reply)
{
    uint32_t count = 0;
    pack_str(reply, "changes");
    size_t at = box_array_begin(reply);
    for (uint32_t i = 0; i < self->head->seat_count; i++) {
        if (self->seats[i].version <= since)
            continue;
        pack_array(reply, 2);
        pack_uint(reply, i + 1);
        pack_uint(reply, box_shown(self, &self->seats[i]) - 1u);
        count++;
    }
    box_array_end(reply, at, count);
}

status_t
box_seats_get(turn_t *turn, const command_t *command)
{
    box_t box;
    if (!box_open(&box, turn, command->key))
        return STATUS_UNKNOWN_SHOWTIME;
    box_hall(&box);
    pack_map(turn->reply, 2);
    pack_key_uint(turn->reply, "number", box.head->number);
    if (command_has(command, FIELD_SINCE))
        seats_pack_changes(&box, command_value(command, FIELD_SINCE)->number, turn->reply);
    else
        seats_pack_map(&box, turn->reply);
    return STATUS_OK;
}
