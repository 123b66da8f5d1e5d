/* box - see box.h for the records and the contract. */
#include "actors/box.h"
#include "actors/box_queue.h"
#include "actors/ids.h"
#include "actors/ticket.h"
#include <assert.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "records are structs");

bool
box_open(box_t *self, turn_t *turn, uint64_t showtime)
{
    *self = (box_t){ .turn = turn, .showtime = showtime };
    if (showtime == 0)
        return false;
    self->head = state_get(turn->state, box_key(showtime, BOX_HEAD, 0), NULL);
    return self->head != NULL;
}

void
box_hall(box_t *self)
{
    self->layout = state_get(self->turn->state, box_key(self->showtime, BOX_LAYOUT, 0), NULL);
    self->seats = state_get(self->turn->state, box_key(self->showtime, BOX_SEATS, 0), NULL);
    assert(self->layout);
    assert(self->seats);
}

head_t *
box_edit_head(box_t *self)
{
    head_t *head = state_edit(self->turn->state, box_key(self->showtime, BOX_HEAD, 0), 0, HEAD_HOT);
    assert(head);
    self->head = head;
    return head;
}

const purchase_t *
box_purchase(const box_t *self, uint32_t number)
{
    if (number == 0 || number > self->head->purchases)
        return NULL;
    return state_get(self->turn->state, box_key(self->showtime, BOX_PURCHASE, number), NULL);
}

purchase_t *
box_edit_purchase(box_t *self, uint32_t number)
{
    purchase_t *purchase =
        state_edit(self->turn->state, box_key(self->showtime, BOX_PURCHASE, number), 0, SIZE_MAX);
    assert(purchase);
    return purchase;
}

void
box_set_due(box_t *self, uint32_t number, int64_t due_ms)
{
    state_set_due(self->turn->state, box_key(self->showtime, BOX_PURCHASE, number), due_ms);
}

const box_zone_t *
box_zone(const head_t *head, uint8_t letter)
{
    for (uint32_t i = 0; i < head->zone_count; i++)
        if (head->zones[i].letter == letter)
            return &head->zones[i];
    return NULL;
}

uint16_t
box_tag(uint64_t user)
{
    return (uint16_t)(user * UINT64_C(0x9e3779b97f4a7c15) >> 48);
}

counters_t *
box_edit_counters(turn_t *turn)
{
    state_key_t key = box_key(0, BOX_COUNTERS, 0);
    counters_t *counters = state_edit(turn->state, key, 0, SIZE_MAX);
    return counters ? counters : state_insert(turn->state, key, sizeof *counters);
}

void
box_balance(const head_t *head)
{
    assert(head->in == head->live + head->pending + head->refunding + head->refunded);
    assert(head->live >= 0);
    assert(head->pending >= 0);
    assert(head->refunding >= 0);
}

/* The seats' bytes from the first to the last id of a group that lies close together. */
static seat_t *
box_edit_seats(box_t *self, uint16_t first, uint16_t last)
{
    seat_t *seats = state_edit(self->turn->state, box_key(self->showtime, BOX_SEATS, 0),
                               (first - 1u) * sizeof *seats, (last - first + 1u) * sizeof *seats);
    assert(seats);
    return seats;
}

static void
box_publish_seats(box_t *self, const uint16_t *ids, uint32_t count, const seat_t *seats)
{
    uint8_t body[64 + 8 * SEATS_MAX];
    const sink_t *sink = self->turn->sink;
    uint32_t number = self->head->number;
    if (!sink->followed(sink->argument, self->showtime))
        return;
    pack_t pack;
    pack_init(&pack, body, sizeof body);
    pack_map(&pack, 3);
    pack_key_uint(&pack, "from", number);
    pack_key_uint(&pack, "number", number);
    pack_str(&pack, "changes");
    pack_array(&pack, count);
    for (uint32_t i = 0; i < count; i++) {
        pack_array(&pack, 2);
        pack_uint(&pack, ids[i]);
        pack_uint(&pack, seats[ids[i] - 1].state - 1u);
    }
    assert(!pack.overflow);
    sink->event(sink->argument, OP_SEATS_CHANGED, self->showtime, number, body,
                (uint32_t)pack.size);
}

void
box_change(box_t *self, const uint16_t *ids, uint32_t count, uint8_t event, uint32_t purchase,
           uint16_t tag)
{
    enum { CLOSE_BY = STATE_PIECE_SIZE / sizeof(seat_t) };
    head_t *head = box_edit_head(self);
    seat_t *seats = NULL;
    assert(count >= 1 && count <= SEATS_MAX);
    assert(head->number < UINT32_MAX);
    head->number++;
    for (uint32_t i = 0, edited = 0; i < count; i++) {
        if (i == edited) {
            while (edited < count && ids[edited] - ids[i] < CLOSE_BY)
                edited++;
            seats = box_edit_seats(self, ids[i], ids[edited - 1]);
        }
        seat_t *seat = &seats[ids[i] - 1];
        head->counts[seat->state]--;
        if (seat->state == SEAT_LOCKED)
            head->held[box_tag_group(seat->tag)]--;
        *seat = (seat_t){ .state = machine_next(MACHINE_SEAT, seat->state, event),
                          .purchase = purchase,
                          .tag = tag,
                          .version = head->number };
        head->counts[seat->state]++;
        if (seat->state == SEAT_LOCKED)
            head->held[box_tag_group(tag)]++;
    }
    self->seats = seats;
    box_publish_seats(self, ids, count, seats);
}

void
box_change_lines(box_t *self, uint32_t number, const purchase_t *purchase, uint8_t event)
{
    uint16_t ids[SEATS_MAX];
    bool held = event == SEAT_ON_SELL || event == SEAT_ON_TAKE || event == SEAT_ON_LOCK;
    for (uint32_t i = 0; i < purchase->count; i++)
        ids[i] = purchase->lines[i].seat;
    box_change(self, ids, purchase->count, event, held ? number : 0, held ? purchase->tag : 0);
}

status_t
box_find_order(const box_t *self, const command_t *command, uint32_t *number,
               const purchase_t **purchase)
{
    const value_t *text = command_value(command, FIELD_ORDER);
    uint64_t showtime;
    if (!ids_order_read(text->text.data, text->text.size, &showtime, number) ||
        showtime != self->showtime)
        return STATUS_BAD_ORDER_ID;
    *purchase = box_purchase(self, *number);
    if (!*purchase || (*purchase)->order == ORDER_NONE)
        return STATUS_UNKNOWN_ORDER;
    if (command_number(command, FIELD_USER, (*purchase)->user) != (*purchase)->user)
        return STATUS_NOT_YOURS;
    return STATUS_OK;
}

const char *
box_refund_name(const box_t *self, const purchase_t *purchase)
{
    const refund_t *refund = purchase->refund ? box_refund(self, purchase->refund) : NULL;
    return machine_state_name(MACHINE_REFUND, refund ? refund->state : REFUND_NONE);
}

void
box_publish_order(box_t *self, uint32_t number, const purchase_t *purchase)
{
    uint8_t body[160];
    char order[ORDER_ID_ROOM];
    const sink_t *sink = self->turn->sink;
    if (!sink->followed(sink->argument, self->showtime))
        return;
    pack_t pack;
    ids_order_text(order, self->showtime, number);
    pack_init(&pack, body, sizeof body);
    pack_map(&pack, 5);
    pack_key_str(&pack, "order", order);
    pack_key_uint(&pack, "user", purchase->user);
    pack_key_str(&pack, "state", machine_state_name(MACHINE_ORDER, purchase->order));
    pack_key_str(&pack, "payment", machine_state_name(MACHINE_PAYMENT, purchase->payment));
    pack_key_str(&pack, "refund", box_refund_name(self, purchase));
    assert(!pack.overflow);
    sink->event(sink->argument, OP_ORDER_CHANGED, self->showtime, 0, body, (uint32_t)pack.size);
}

static void
box_pack_error(turn_t *turn, status_t status)
{
    pack_map(turn->reply, 2);
    pack_key_str(turn->reply, "error", status_name(status));
}

status_t
box_refuse_uint(turn_t *turn, status_t status, const char *key, uint64_t value)
{
    box_pack_error(turn, status);
    pack_key_uint(turn->reply, key, value);
    return status;
}

status_t
box_refuse_str(turn_t *turn, status_t status, const char *key, const char *value)
{
    box_pack_error(turn, status);
    pack_key_str(turn->reply, key, value);
    return status;
}

status_t
box_refuse_field(turn_t *turn, field_t field)
{
    return box_refuse_str(turn, STATUS_BAD_FIELD, "field", field_info(field)->name);
}

size_t
box_array_begin(pack_t *pack)
{
    size_t at = pack->size;
    pack_raw(pack, "\xdc\0\0", 3); /* an array 16 */
    return at;
}

void
box_array_end(pack_t *pack, size_t at, uint32_t count)
{
    if (pack->overflow)
        return;
    assert(count <= UINT16_MAX);
    pack->data[at + 1] = (uint8_t)(count >> 8);
    pack->data[at + 2] = (uint8_t)count;
}

void
box_pack_text(pack_t *pack, const char *key, const char *text, size_t room)
{
    pack_str(pack, key);
    pack_strn(pack, text, strnlen(text, room));
}

void
box_pack_tickets(const box_t *self, uint32_t number, const purchase_t *purchase, pack_t *pack)
{
    uint32_t count = 0;
    pack_str(pack, "tickets");
    size_t at = box_array_begin(pack);
    for (uint8_t i = 0; i < purchase->count; i++) {
        const line_t *line = &purchase->lines[i];
        if (line->ticket != TICKET_ISSUED && line->ticket != TICKET_REDEEMED)
            continue;
        char ticket[TICKET_ID_ROOM], token[TOKEN_ROOM];
        ticket_claim_t claim = { self->showtime, purchase->user, number, line->seat, i };
        ids_ticket_text(ticket, self->showtime, number, line->seat);
        ticket_token(self->turn->site, &claim, token);
        pack_array(pack, 3);
        pack_str(pack, ticket);
        pack_uint(pack, line->seat);
        pack_str(pack, token);
        count++;
    }
    box_array_end(pack, at, count);
}

void
box_due(turn_t *turn, state_key_t key)
{
    box_t box;
    bool open = box_open(&box, turn, key.space);
    assert(open);
    (void)open;
    if (key.table == BOX_PURCHASE) {
        box_purchase_due(&box, (uint32_t)key.number);
    } else if (key.table == BOX_NONCE) {
        box_nonce_due(&box, key.number);
    } else if (key.table == BOX_QUEUE) {
        box_queue_tick(&box);
    } else if (key.table == BOX_PLAN) {
        box_plan_due(&box);
    } else {
        assert(key.table == BOX_REFUND);
        box_refund_due(&box, key.number);
    }
}
