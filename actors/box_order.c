/* box_order - orders: made of locks, looked at, cancelled, and ended when their time is over. */
#include "actors/box.h"
#include "actors/box_charge.h"
#include "actors/coupon.h"
#include "actors/ids.h"
#include <assert.h>
#include <string.h>

/* The prices of the lines, and their sum. */
static int64_t
order_prices(const box_t *box, const purchase_t *purchase, int64_t prices[SEATS_MAX])
{
    int64_t sum = 0;
    for (uint32_t i = 0; i < purchase->count; i++) {
        const line_t *line = &purchase->lines[i];
        prices[i] = box_price(box, line->zone, line->audience);
        sum += prices[i];
    }
    return sum;
}

void
box_make_order(box_t *self, uint32_t number, uint8_t provider, int64_t discount,
               const command_t *command)
{
    int64_t prices[SEATS_MAX];
    purchase_t *purchase = box_edit_purchase(self, number);
    purchase->lock = machine_next(MACHINE_LOCK, purchase->lock, LOCK_ON_ORDER);
    purchase->order = ORDER_PENDING;
    purchase->payment = PAYMENT_CREATED;
    purchase->amount = order_prices(self, purchase, prices) - discount;
    coupon_share(discount, prices, purchase->count);
    for (uint32_t i = 0; i < purchase->count; i++)
        purchase->lines[i].price = prices[i];
    if (provider != PROVIDER_NONE)
        box_begin_payment(self, number, purchase, provider);
    if (provider > PROVIDER_SANDBOX)
        box_charge_begin(self, number, purchase, command);
    box_pack_order(self, number, purchase);
    box_publish_order(self, number, purchase);
}

/* [seat, audience] each, by line; seats that are not named are for adults. False when one is not
 * of the lock, comes twice, or is for nobody that there is. */
static bool
order_read_audiences(const command_t *command, const purchase_t *held, uint8_t audiences[SEATS_MAX])
{
    bool named[SEATS_MAX] = { false };
    memset(audiences, AUDIENCE_ADULT, SEATS_MAX);
    if (!command_has(command, FIELD_AUDIENCES))
        return true;
    const value_t *value = command_value(command, FIELD_AUDIENCES);
    mp_t items = value->list.items;
    for (uint32_t i = 0; i < value->list.count; i++) {
        uint32_t count, size, line = 0;
        uint64_t seat;
        const char *word;
        if (!mp_read_array(&items, &count) || count != 2 || !mp_read_uint(&items, &seat) ||
            !mp_read_str(&items, &word, &size))
            return false;
        while (line < held->count && held->lines[line].seat != seat)
            line++;
        audience_t audience = audience_named(word, size);
        if (line == held->count || named[line] || audience == AUDIENCES)
            return false;
        named[line] = true;
        audiences[line] = (uint8_t)audience;
    }
    return true;
}

static void
order_set_audiences(box_t *box, uint32_t number, const uint8_t audiences[SEATS_MAX])
{
    purchase_t *purchase = box_edit_purchase(box, number);
    for (uint32_t i = 0; i < purchase->count; i++)
        purchase->lines[i].audience = audiences[i];
}

/* The order is made when the coupon comes; whom its seats are for is noted already. */
static status_t
order_with_coupon(box_t *box, const command_t *command, uint32_t number, uint8_t provider,
                  const uint8_t audiences[SEATS_MAX])
{
    const purchase_t *held = box_purchase(box, number);
    int64_t sum = 0;
    for (uint32_t i = 0; i < held->count; i++)
        sum += box_price(box, held->lines[i].zone, audiences[i]);
    status_t status = box_coupon_ask(box, command, number, provider, sum);
    if (status == STATUS_PENDING)
        order_set_audiences(box, number, audiences);
    return status;
}

status_t
box_order_create(turn_t *turn, const command_t *command)
{
    box_t box;
    uint32_t number = (uint32_t)command_value(command, FIELD_LOCK)->number;
    uint8_t provider = box_provider(command);
    if (!box_open(&box, turn, command->key))
        return STATUS_UNKNOWN_SHOWTIME;
    if (number > box.head->purchases)
        return STATUS_UNKNOWN_LOCK;
    const purchase_t *held = box_purchase(&box, number);
    if (!held)
        return STATUS_LOCK_ENDED;
    if (held->user != command_value(command, FIELD_USER)->number)
        return STATUS_NOT_YOURS;
    if (held->lock == LOCK_ORDERED)
        return STATUS_LOCK_ORDERED;
    if (!machine_allows(MACHINE_LOCK, held->lock, LOCK_ON_ORDER) || turn->now_ms >= held->until_ms)
        return STATUS_LOCK_ENDED;
    if (command_has(command, FIELD_PROVIDER) && !box_provider_taken(turn, provider))
        return STATUS_UNKNOWN_PROVIDER;
    uint8_t audiences[SEATS_MAX];
    if (!order_read_audiences(command, held, audiences))
        return box_refuse_field(turn, FIELD_AUDIENCES);
    if (held->flags & PURCHASE_COUPON)
        return STATUS_COUPON_PENDING;
    /* A coupon's order is made later, when nobody says how the buyer pays: payment.begin does. */
    if (command_has(command, FIELD_COUPON) && provider > PROVIDER_SANDBOX)
        return box_refuse_field(turn, FIELD_PROVIDER);
    if (command_has(command, FIELD_COUPON))
        return order_with_coupon(&box, command, number, provider, audiences);
    order_set_audiences(&box, number, audiences);
    box_make_order(&box, number, provider, 0, command);
    return STATUS_OK;
}

void
box_end_order(box_t *self, uint32_t number, purchase_t *purchase, uint8_t event)
{
    uint8_t lock_event = event == ORDER_ON_CANCEL ? LOCK_ON_RELEASE : LOCK_ON_EXPIRE;
    purchase->lock = machine_next(MACHINE_LOCK, purchase->lock, lock_event);
    purchase->order = machine_next(MACHINE_ORDER, purchase->order, event);
    if (purchase->payment != PAYMENT_SUCCEEDED)
        purchase->payment = machine_next(MACHINE_PAYMENT, purchase->payment, PAYMENT_ON_CLOSE);
    box_set_due(self, number, 0);
    box_change_lines(self, number, purchase, SEAT_ON_RELEASE);
    if (box_charged(purchase))
        box_charge_close(self, number);
    box_coupon_end(self, number, purchase, false);
}

status_t
box_order_cancel(turn_t *turn, const command_t *command)
{
    box_t box;
    uint32_t number;
    const purchase_t *found;
    if (!box_open(&box, turn, command->key))
        return STATUS_UNKNOWN_SHOWTIME;
    status_t status = box_find_order(&box, command, &number, &found);
    if (status != STATUS_OK)
        return status;
    if (!machine_allows(MACHINE_ORDER, found->order, ORDER_ON_CANCEL) ||
        turn->now_ms >= found->until_ms)
        return box_refuse_state(turn, STATUS_ORDER_STATE, MACHINE_ORDER, found->order);
    purchase_t *purchase = box_edit_purchase(&box, number);
    box_end_order(&box, number, purchase, ORDER_ON_CANCEL);
    box_publish_order(&box, number, purchase);
    pack_map(turn->reply, 1);
    pack_key_str(turn->reply, "state", machine_state_name(MACHINE_ORDER, purchase->order));
    return STATUS_OK;
}

status_t
box_order_accept(turn_t *turn, const command_t *command)
{
    box_t box;
    uint32_t number;
    const purchase_t *found;
    if (!box_open(&box, turn, command->key))
        return STATUS_UNKNOWN_SHOWTIME;
    status_t status = box_find_order(&box, command, &number, &found);
    if (status != STATUS_OK)
        return status;
    if (!machine_allows(MACHINE_ORDER, found->order, ORDER_ON_ACCEPT) ||
        turn->now_ms >= found->until_ms)
        return box_refuse_state(turn, STATUS_ORDER_STATE, MACHINE_ORDER, found->order);
    purchase_t *purchase = box_edit_purchase(&box, number);
    box_offer_end(&box, number, purchase, command_value(command, FIELD_YES)->number);
    pack_map(turn->reply, 2);
    pack_key_str(turn->reply, "state", machine_state_name(MACHINE_ORDER, purchase->order));
    box_pack_tickets(&box, number, purchase, turn->reply);
    return STATUS_OK;
}

/* Sandbox payments are known here, so one that is still open is simply closed; other providers were
 * asked shortly before, and are told to close now. */
void
box_purchase_due(box_t *self, uint32_t number)
{
    purchase_t *purchase = box_edit_purchase(self, number);
    assert(purchase->until_ms <= self->turn->now_ms);
    if (purchase->order == ORDER_NONE) {
        uint8_t ended = machine_next(MACHINE_LOCK, purchase->lock, LOCK_ON_EXPIRE);
        assert(ended == LOCK_EXPIRED);
        (void)ended;
        box_change_lines(self, number, purchase, SEAT_ON_RELEASE);
        state_remove(self->turn->state, box_key(self->showtime, BOX_PURCHASE, number));
    } else if (purchase->order == ORDER_OFFERED) {
        box_offer_end(self, number, purchase, false);
    } else {
        box_end_order(self, number, purchase, ORDER_ON_EXPIRE);
        box_publish_order(self, number, purchase);
    }
}

/* Past its end a pending order shows as expired, even where no timer has run yet. */
static uint8_t
order_shown(const box_t *box, const purchase_t *purchase)
{
    bool over = box->turn->now_ms >= purchase->until_ms;
    if (over && purchase->order == ORDER_PENDING)
        return machine_next(MACHINE_ORDER, purchase->order, ORDER_ON_EXPIRE);
    if (over && purchase->order == ORDER_OFFERED)
        return machine_next(MACHINE_ORDER, purchase->order, ORDER_ON_DECLINE);
    return purchase->order;
}

static void
order_pack_payment(const box_t *box, uint32_t number, const purchase_t *purchase, pack_t *reply)
{
    pack_str(reply, "payment");
    bool charge = box_charged(purchase) && box_charge(box, number);
    pack_map(reply, charge ? 6 + CHARGE_MORE : 6);
    pack_key_str(reply, "state", machine_state_name(MACHINE_PAYMENT, purchase->payment));
    pack_key_str(reply, "provider", box_provider_name(purchase->provider));
    pack_key_int(reply, "paid", purchase->paid);
    pack_key_int(reply, "paid_ms", purchase->paid_ms);
    box_pack_text(reply, "txn", purchase->txn, sizeof purchase->txn);
    pack_key_bool(reply, "mismatch", purchase->flags & PURCHASE_MISMATCH);
    if (charge)
        box_charge_pack_more(box, number, reply);
}

static void
order_pack_refunds(const box_t *box, const purchase_t *purchase, pack_t *reply)
{
    uint32_t count = 0;
    pack_str(reply, "refunds");
    size_t at = box_array_begin(reply);
    for (uint64_t tell = purchase->refund; tell; count++) {
        const refund_t *refund = box_refund(box, tell);
        assert(refund);
        pack_map(reply, 8);
        pack_key_uint(reply, "tell", tell);
        pack_key_str(reply, "state", machine_state_name(MACHINE_REFUND, refund->state));
        pack_key_int(reply, "amount", refund->amount);
        pack_key_int(reply, "asked_ms", refund->asked_ms);
        pack_key_int(reply, "ended_ms", refund->ended_ms);
        box_pack_text(reply, "txn", refund->txn, sizeof refund->txn);
        box_pack_text(reply, "receipt", refund->receipt, sizeof refund->receipt);
        box_pack_text(reply, "reason", refund->reason, sizeof refund->reason);
        tell = refund->before;
    }
    box_array_end(reply, at, count);
}

static void
order_pack_lines(const box_t *box, const purchase_t *purchase, pack_t *reply)
{
    pack_str(reply, "lines");
    pack_array(reply, purchase->count);
    for (uint32_t i = 0; i < purchase->count; i++) {
        const line_t *line = &purchase->lines[i];
        const layout_seat_t *place = &box->layout->seats[line->seat - 1];
        pack_map(reply, 6);
        pack_key_str(reply, "audience", audience_name(line->audience));
        pack_key_uint(reply, "seat", line->seat);
        pack_key_str(reply, "row", box->layout->row_names[place->row]);
        pack_key_uint(reply, "column", place->column + 1u);
        pack_key_int(reply, "price", line->price);
        pack_key_str(reply, "ticket", machine_state_name(MACHINE_TICKET, line->ticket));
    }
}

status_t
box_order_get(turn_t *turn, const command_t *command)
{
    box_t box;
    uint32_t number;
    const purchase_t *purchase;
    char order[ORDER_ID_ROOM];
    pack_t *reply = turn->reply;
    if (!box_open(&box, turn, command->key))
        return STATUS_UNKNOWN_SHOWTIME;
    status_t status = box_find_order(&box, command, &number, &purchase);
    if (status != STATUS_OK)
        return status;
    box_hall(&box);
    ids_order_text(order, box.showtime, number);
    const box_coupon_t *coupon = box_coupon(&box, number, purchase);
    pack_map(reply, coupon ? 14 : 12);
    pack_key_str(reply, "order", order);
    pack_key_uint(reply, "showtime", box.showtime);
    pack_key_uint(reply, "lock", number);
    pack_key_uint(reply, "user", purchase->user);
    pack_key_str(reply, "state", machine_state_name(MACHINE_ORDER, order_shown(&box, purchase)));
    pack_key_int(reply, "amount", purchase->amount);
    pack_key_int(reply, "until_ms", purchase->until_ms);
    pack_key_bool(reply, "late", purchase->flags & PURCHASE_LATE);
    if (coupon) {
        box_pack_text(reply, "coupon", coupon->code, sizeof coupon->code);
        pack_key_int(reply, "discount", coupon->discount);
    }
    order_pack_payment(&box, number, purchase, reply);
    order_pack_refunds(&box, purchase, reply);
    order_pack_lines(&box, purchase, reply);
    box_pack_tickets(&box, number, purchase, reply);
    return STATUS_OK;
}

/* Numbers whose lock ended without an order have no record: a call looks at a bounded count of
 * numbers, and `next` (0 at the end) says where to go on. */
status_t
box_order_list(turn_t *turn, const command_t *command)
{
    enum { LINE_MAX_BYTES = 128, LIMIT_DEFAULT = 100, LOOK_MAX = 5000 };
    box_t box;
    pack_t *reply = turn->reply;
    if (!box_open(&box, turn, command->key))
        return STATUS_UNKNOWN_SHOWTIME;
    uint64_t at = command_number(command, FIELD_FROM, 0), first = at;
    uint64_t limit = command_number(command, FIELD_LIMIT, LIMIT_DEFAULT);
    uint32_t count = 0;
    pack_map(reply, 2);
    pack_str(reply, "orders");
    size_t array = box_array_begin(reply);
    for (; at < box.head->purchases && count < limit && at - first < LOOK_MAX &&
           reply->size + LINE_MAX_BYTES <= LIST_BYTES_MAX;
         at++) {
        const purchase_t *purchase = box_purchase(&box, (uint32_t)at + 1);
        char order[ORDER_ID_ROOM];
        if (!purchase || purchase->order == ORDER_NONE)
            continue;
        ids_order_text(order, box.showtime, (uint32_t)at + 1);
        pack_array(reply, 5);
        pack_str(reply, order);
        pack_uint(reply, purchase->user);
        pack_str(reply, machine_state_name(MACHINE_ORDER, order_shown(&box, purchase)));
        pack_int(reply, purchase->amount);
        pack_array(reply, purchase->count);
        for (uint32_t i = 0; i < purchase->count; i++)
            pack_uint(reply, purchase->lines[i].seat);
        count++;
    }
    box_array_end(reply, array, count);
    pack_key_uint(reply, "next", at < box.head->purchases ? at : 0);
    return STATUS_OK;
}
