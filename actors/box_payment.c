/* box_payment - money that comes in: asked for, in time, too late, twice, or in another sum. */
#include "actors/box.h"
#include "actors/box_charge.h"
#include "actors/box_queue.h"
#include "actors/ids.h"
#include "actors/ticket.h"
#include <assert.h>
#include <string.h>

static const char *const payment_providers[PROVIDERS] = { [PROVIDER_NONE] = "none",
                                                          [PROVIDER_SANDBOX] = "sandbox",
                                                          [PROVIDER_WXPAY] = "wxpay",
                                                          [PROVIDER_WXPAY2] = "wxpay2",
                                                          [PROVIDER_ALIPAY] = "alipay" };

uint8_t
box_provider(const command_t *command)
{
    for (uint8_t i = PROVIDER_NONE + 1; i < PROVIDERS; i++)
        if (command_text_is(command, FIELD_PROVIDER, payment_providers[i]))
            return i;
    return PROVIDER_NONE;
}

const char *
box_provider_name(uint8_t provider)
{
    return payment_providers[provider < PROVIDERS ? provider : PROVIDER_NONE];
}

/* Older programs wrote no providers: they had the sandbox alone. */
bool
box_provider_taken(const turn_t *turn, uint8_t provider)
{
    const rules_t *rules = state_get(turn->state, box_key(0, BOX_RULES, 0), NULL);
    uint32_t taken = rules && rules->providers ? rules->providers : 1u << PROVIDER_SANDBOX;
    return provider != PROVIDER_NONE && taken >> provider & 1;
}

/* The code stays the same over failed attempts: a payment that succeeds after all is still good. */
void
box_begin_payment(box_t *self, uint32_t number, purchase_t *purchase, uint8_t provider)
{
    turn_t *turn = self->turn;
    purchase->payment = machine_next(MACHINE_PAYMENT, purchase->payment, PAYMENT_ON_BEGIN);
    purchase->provider = provider;
    if (provider == PROVIDER_SANDBOX && purchase->code[0] == 0)
        ticket_code(turn->site, turn_random(turn), self->showtime, number, purchase->code);
}

void
box_pack_order(const box_t *self, uint32_t number, const purchase_t *purchase)
{
    pack_t *reply = self->turn->reply;
    char order[ORDER_ID_ROOM];
    ids_order_text(order, self->showtime, number);
    const box_coupon_t *coupon = box_coupon(self, number, purchase);
    pack_map(reply, 3u + (purchase->code[0] != 0) + (coupon != NULL));
    pack_key_str(reply, "order", order);
    pack_key_int(reply, "amount", purchase->amount);
    pack_key_int(reply, "until_ms", purchase->until_ms);
    if (coupon)
        pack_key_int(reply, "discount", coupon->discount);
    if (purchase->code[0])
        box_pack_text(reply, "code", purchase->code, sizeof purchase->code);
}

status_t
box_payment_begin(turn_t *turn, const command_t *command)
{
    box_t box;
    uint32_t number;
    const purchase_t *found;
    uint8_t provider = box_provider(command);
    if (!box_open(&box, turn, command->key))
        return STATUS_UNKNOWN_SHOWTIME;
    status_t status = box_find_order(&box, command, &number, &found);
    if (status != STATUS_OK)
        return status;
    if (!box_provider_taken(turn, provider))
        return STATUS_UNKNOWN_PROVIDER;
    if (found->order != ORDER_PENDING || turn->now_ms >= found->until_ms)
        return box_refuse_state(turn, STATUS_ORDER_STATE, MACHINE_ORDER, found->order);
    if (!machine_allows(MACHINE_PAYMENT, found->payment, PAYMENT_ON_BEGIN) ||
        !box_charge_fits(&box, number, found, provider))
        return box_refuse_state(turn, STATUS_PAYMENT_STATE, MACHINE_PAYMENT, found->payment);
    bool again = found->payment == PAYMENT_SENT;
    purchase_t *purchase = box_edit_purchase(&box, number);
    box_begin_payment(&box, number, purchase, provider);
    if (provider == PROVIDER_SANDBOX)
        box_pack_order(&box, number, purchase);
    else {
        box_charge_begin(&box, number, purchase, command);
        box_charge_pack(&box, number, purchase, CHARGE_REPLY_LINK, turn->reply);
    }
    if (!again)
        box_publish_order(&box, number, purchase);
    return box_charged(purchase) && box_charge_wait(&box, number, command) ? STATUS_PENDING
                                                                           : STATUS_OK;
}

static void
payment_book(box_t *box, int64_t in, int64_t live, int64_t pending, int64_t refunding)
{
    head_t *head = box_edit_head(box);
    head->in += in;
    head->live += live;
    head->pending += pending;
    head->refunding += refunding;
    box_balance(head);
}

static void
payment_issue(purchase_t *purchase)
{
    for (uint32_t i = 0; i < purchase->count; i++)
        purchase->lines[i].ticket = TICKET_ISSUED;
}

static status_t
payment_in_time(box_t *box, uint32_t number, purchase_t *purchase)
{
    purchase->lock = machine_next(MACHINE_LOCK, purchase->lock, LOCK_ON_SETTLE);
    purchase->order = machine_next(MACHINE_ORDER, purchase->order, ORDER_ON_PAY);
    payment_issue(purchase);
    payment_book(box, purchase->paid, purchase->paid, 0, 0);
    box_set_due(box, number, 0);
    box_change_lines(box, number, purchase, SEAT_ON_SELL);
    box_coupon_end(box, number, purchase, true);
    box_member_bought(box, number, purchase);
    return STATUS_OK;
}

/* Money without a ticket for it goes back. */
static void
payment_give_back(box_t *box, uint32_t number, purchase_t *purchase, const char *reason)
{
    payment_book(box, purchase->paid, 0, 0, purchase->paid);
    (void)box_request_refund(box, number, purchase, purchase->paid, purchase->txn, reason);
}

static status_t
payment_mismatch(box_t *box, uint32_t number, purchase_t *purchase)
{
    purchase->flags |= PURCHASE_MISMATCH;
    if (purchase->order == ORDER_PENDING)
        box_end_order(box, number, purchase, ORDER_ON_CANCEL);
    payment_give_back(box, number, purchase, "another amount was paid");
    return STATUS_AMOUNT_MISMATCH;
}

static status_t
payment_refunded(box_t *box, uint32_t number, purchase_t *purchase, const char *reason)
{
    if (purchase->order == ORDER_PENDING)
        box_end_order(box, number, purchase, ORDER_ON_EXPIRE);
    payment_give_back(box, number, purchase, reason);
    return STATUS_LATE_REFUNDED;
}

/* The lines' own seats when all are free, else an equal block; 0 when there is neither. */
static uint16_t
payment_late_block(const box_t *box, const purchase_t *purchase, bool *same)
{
    uint16_t ids[SEATS_MAX];
    *same = true;
    for (uint32_t i = 0; i < purchase->count; i++) {
        ids[i] = purchase->lines[i].seat;
        *same &= box->seats[ids[i] - 1].state == SEAT_AVAILABLE;
    }
    return *same ? ids[0] : layout_equal_block(box->layout, box->seats, ids, purchase->count);
}

/* The end of the order has let its seats go. */
static status_t
payment_late(box_t *box, uint32_t number, purchase_t *purchase)
{
    bool same;
    purchase->flags |= PURCHASE_LATE;
    if (box_coupon(box, number, purchase))
        return payment_refunded(box, number, purchase, "paid too late, the coupon was given back");
    box_hall(box);
    uint16_t first = payment_late_block(box, purchase, &same);
    if (first == 0)
        return payment_refunded(box, number, purchase, "paid too late, the seats are gone");
    if (same) {
        purchase->order = machine_next(MACHINE_ORDER, purchase->order, ORDER_ON_LATE_PAY);
        payment_issue(purchase);
        payment_book(box, purchase->paid, purchase->paid, 0, 0);
        box_change_lines(box, number, purchase, SEAT_ON_TAKE);
        box_member_bought(box, number, purchase);
        return STATUS_OK;
    }
    purchase->order = machine_next(MACHINE_ORDER, purchase->order, ORDER_ON_OFFER);
    purchase->until_ms = box->turn->now_ms + box->head->rules.ttl_ms;
    for (uint32_t i = 0; i < purchase->count; i++)
        purchase->lines[i].seat = (uint16_t)(first + i);
    payment_book(box, purchase->paid, 0, purchase->paid, 0);
    box_set_due(box, number, purchase->until_ms);
    box_change_lines(box, number, purchase, SEAT_ON_LOCK);
    return STATUS_LATE_OFFER;
}

void
box_offer_end(box_t *self, uint32_t number, purchase_t *purchase, bool yes)
{
    uint8_t event = yes ? ORDER_ON_ACCEPT : ORDER_ON_DECLINE;
    purchase->order = machine_next(MACHINE_ORDER, purchase->order, event);
    box_set_due(self, number, 0);
    box_change_lines(self, number, purchase, yes ? SEAT_ON_SELL : SEAT_ON_RELEASE);
    if (yes) {
        payment_issue(purchase);
        payment_book(self, 0, purchase->paid, -purchase->paid, 0);
        box_queue_bought(self, purchase->user);
        box_member_bought(self, number, purchase);
    } else {
        payment_book(self, 0, 0, -purchase->paid, purchase->paid);
        (void)box_request_refund(self, number, purchase, purchase->paid, purchase->txn,
                                 "the other seats were not wanted");
    }
    box_publish_order(self, number, purchase);
}

/* What answered the transaction `txn` of this order before; STATUS_PENDING when nothing did. */
static status_t
payment_answered(const box_t *box, const purchase_t *purchase, const char txn[BOX_TXN])
{
    if (memcmp(purchase->txn, txn, BOX_TXN) == 0)
        return purchase->settled;
    return box_refund_of_extra(box, purchase, txn) ? STATUS_PAID_TWICE : STATUS_PENDING;
}

static void
payment_reply(const box_t *box, uint32_t number, const purchase_t *purchase, status_t status)
{
    pack_t *reply = box->turn->reply;
    bool offer = purchase->order == ORDER_OFFERED;
    pack_map(reply, 2u + (status != STATUS_OK) + offer);
    if (status != STATUS_OK)
        pack_key_str(reply, "error", status_name(status));
    pack_key_str(reply, "state", machine_state_name(MACHINE_ORDER, purchase->order));
    box_pack_tickets(box, number, purchase, reply);
    if (!offer)
        return;
    pack_str(reply, "offer");
    pack_map(reply, 2);
    pack_key_int(reply, "until_ms", purchase->until_ms);
    pack_str(reply, "seats");
    pack_array(reply, purchase->count);
    for (uint32_t i = 0; i < purchase->count; i++)
        pack_uint(reply, purchase->lines[i].seat);
}

/* Another transaction for an order that has its money. */
static status_t
payment_extra(box_t *box, uint32_t number, int64_t amount, const char txn[BOX_TXN])
{
    purchase_t *purchase = box_edit_purchase(box, number);
    payment_book(box, amount, 0, 0, amount);
    refund_t *refund =
        box_request_refund(box, number, purchase, amount, txn, "the order was paid already");
    if (refund)
        refund->flags |= REFUND_EXTRA;
    box_publish_order(box, number, purchase);
    payment_reply(box, number, purchase, STATUS_PAID_TWICE);
    return STATUS_PAID_TWICE;
}

static status_t
payment_accept_money(box_t *box, uint32_t number, purchase_t *purchase)
{
    if (purchase->paid != purchase->amount)
        return payment_mismatch(box, number, purchase);
    if (box->turn->now_ms >= box->head->ends_ms)
        return payment_refunded(box, number, purchase, "paid after the show");
    if (box->head->cancelled)
        return payment_refunded(box, number, purchase, "the showtime was cancelled");
    if (purchase->order == ORDER_PENDING)
        return payment_in_time(box, number, purchase);
    if (purchase->order == ORDER_EXPIRED)
        return payment_late(box, number, purchase);
    return payment_refunded(box, number, purchase, "the order was cancelled");
}

static status_t
payment_succeeded(box_t *box, const command_t *command, uint32_t number, const purchase_t *found)
{
    char txn[BOX_TXN];
    int64_t amount = (int64_t)command_value(command, FIELD_AMOUNT)->number;
    command_text(command, FIELD_TXN, txn, sizeof txn);
    status_t before = payment_answered(box, found, txn);
    if (before != STATUS_PENDING) {
        payment_reply(box, number, found, before);
        return before;
    }
    if (found->txn[0]) {
        if (found->refunds >= BOX_EXTRA_REFUNDS)
            return box_refuse_state(box->turn, STATUS_PAYMENT_STATE, MACHINE_PAYMENT,
                                    found->payment);
        return payment_extra(box, number, amount, txn);
    }
    if (!machine_allows(MACHINE_PAYMENT, found->payment, PAYMENT_ON_SUCCEED))
        return box_refuse_state(box->turn, STATUS_PAYMENT_STATE, MACHINE_PAYMENT, found->payment);
    if (box_charged(found))
        box_charge_end(box, number);
    purchase_t *purchase = box_edit_purchase(box, number);
    purchase->payment =
        machine_next(MACHINE_PAYMENT, purchase->payment,
                     amount == purchase->amount ? PAYMENT_ON_SUCCEED : PAYMENT_ON_MISMATCH);
    memcpy(purchase->txn, txn, sizeof txn);
    purchase->paid = amount;
    purchase->paid_ms = box->turn->now_ms;
    purchase->settled = payment_accept_money(box, number, purchase);
    if (purchase->settled == STATUS_OK)
        box_queue_bought(box, purchase->user);
    box_publish_order(box, number, purchase);
    payment_reply(box, number, purchase, purchase->settled);
    return purchase->settled;
}

static status_t
payment_unpaid(box_t *box, uint32_t number, const purchase_t *found, uint8_t event)
{
    if (!machine_allows(MACHINE_PAYMENT, found->payment, event))
        return box_refuse_state(box->turn, STATUS_PAYMENT_STATE, MACHINE_PAYMENT, found->payment);
    uint8_t next = machine_next(MACHINE_PAYMENT, found->payment, event);
    if (event == PAYMENT_ON_CLOSE && box_charged(found))
        box_charge_end(box, number);
    if (next != found->payment) {
        purchase_t *purchase = box_edit_purchase(box, number);
        purchase->payment = next;
        box_publish_order(box, number, purchase);
    }
    pack_map(box->turn->reply, 1);
    pack_key_str(box->turn->reply, "state", machine_state_name(MACHINE_ORDER, found->order));
    return STATUS_OK;
}

/* Whoever says that the sandbox was paid must know the code that only the buyer was told. */
static bool
payment_authentic(const command_t *command, const purchase_t *purchase)
{
    if (command->role == ROLE_CASHIER)
        return true;
    if (purchase->provider != PROVIDER_SANDBOX || !command_has(command, FIELD_CODE) ||
        purchase->code[0] == 0)
        return false;
    const value_t *code = command_value(command, FIELD_CODE);
    return ticket_code_is(purchase->code, code->text.data, code->text.size);
}

status_t
box_payment_told(box_t *self, const command_t *command, uint32_t number, const purchase_t *found,
                 outcome_t outcome)
{
    if (outcome == OUTCOME_SUCCEEDED)
        return payment_succeeded(self, command, number, found);
    return payment_unpaid(self, number, found,
                          outcome == OUTCOME_FAILED ? PAYMENT_ON_FAIL : PAYMENT_ON_CLOSE);
}

status_t
box_payment_settle(turn_t *turn, const command_t *command)
{
    box_t box;
    uint32_t number;
    const purchase_t *found;
    uint8_t provider = box_provider(command);
    if (!box_open(&box, turn, command->key))
        return STATUS_UNKNOWN_SHOWTIME;
    status_t status = box_find_order(&box, command, &number, &found);
    if (status != STATUS_OK)
        return status;
    if (provider == PROVIDER_NONE)
        return STATUS_UNKNOWN_PROVIDER;
    if (provider != found->provider)
        return box_refuse_state(turn, STATUS_PAYMENT_STATE, MACHINE_PAYMENT, found->payment);
    if (!payment_authentic(command, found))
        return STATUS_BAD_CODE;
    if (command_text_is(command, FIELD_OUTCOME, "succeeded"))
        return box_payment_told(&box, command, number, found, OUTCOME_SUCCEEDED);
    if (command_text_is(command, FIELD_OUTCOME, "failed"))
        return box_payment_told(&box, command, number, found, OUTCOME_FAILED);
    if (command_text_is(command, FIELD_OUTCOME, "closed"))
        return box_payment_told(&box, command, number, found, OUTCOME_CLOSED);
    return box_refuse_field(turn, FIELD_OUTCOME);
}
