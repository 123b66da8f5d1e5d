/* box_notice - what providers tell of an order: kept with its raw bytes, acted by, shown to staff.
 *
 * The cashier has proven a notice before it comes here. It is durable when it is answered; what
 * came before, or contradicts what is known, changes nothing but what staff see. */
#include "actors/box_charge.h"
#include "actors/ids.h"
#include <assert.h>
#include <string.h>

static const char *const notice_outcomes[OUTCOMES] = {
    [OUTCOME_SUCCEEDED] = "succeeded",
    [OUTCOME_FAILED] = "failed",
    [OUTCOME_CLOSED] = "closed",
    [OUTCOME_REFUNDED] = "refunded",
    [OUTCOME_REFUND_FAILED] = "refund_failed",
    [OUTCOME_OTHER] = "other",
};

static state_key_t
notice_key(const box_t *box, uint32_t number, uint32_t at)
{
    return box_key(box->showtime, BOX_NOTICE, (uint64_t)number << 8 | at);
}

static const notice_t *
notice_get(const box_t *box, uint32_t number, uint32_t at)
{
    return state_get(box->turn->state, notice_key(box, number, at), NULL);
}

/* What was told in the same words; providers repeat themselves with another time and signature. */
static const notice_t *
notice_before(const box_t *box, uint32_t number, const charge_t *charge, const notice_t *notice)
{
    for (uint32_t at = 0; at < charge->notices; at++) {
        const notice_t *kept = notice_get(box, number, at);
        assert(kept);
        if (kept->outcome == notice->outcome && kept->amount == notice->amount &&
            kept->tell == notice->tell && memcmp(kept->txn, notice->txn, BOX_TXN) == 0)
            return kept;
    }
    return NULL;
}

static void
notice_keep(box_t *box, uint32_t number, const command_t *command, const notice_t *notice)
{
    charge_t *charge =
        state_edit(box->turn->state, box_key(box->showtime, BOX_CHARGE, number), 0, SIZE_MAX);
    const value_t *raw = command_value(command, FIELD_RAW), *head = NULL;
    if (charge->notices == CHARGE_NOTICES_MAX)
        return;
    if (command_has(command, FIELD_HEAD))
        head = command_value(command, FIELD_HEAD);
    uint32_t head_size = head ? head->text.size : 0;
    notice_t *kept = state_insert(box->turn->state, notice_key(box, number, charge->notices++),
                                  sizeof *kept + head_size + raw->text.size);
    *kept = *notice;
    kept->head_size = (uint16_t)head_size;
    kept->raw_size = (uint16_t)raw->text.size;
    if (head)
        memcpy(kept->bytes, head->text.data, head_size);
    memcpy(kept->bytes + head_size, raw->text.data, raw->text.size);
}

/* Does it contradict a payment that is known by the same transaction? */
static bool
notice_contradicts(const purchase_t *purchase, const notice_t *notice)
{
    return notice->outcome == OUTCOME_SUCCEEDED && purchase->txn[0] &&
           memcmp(purchase->txn, notice->txn, BOX_TXN) == 0 && purchase->paid != notice->amount;
}

static status_t
notice_act(box_t *box, const command_t *command, uint32_t number, const purchase_t *purchase,
           const notice_t *notice)
{
    if (notice_contradicts(purchase, notice))
        return STATUS_CONTRADICTORY;
    switch ((outcome_t)notice->outcome) {
    case OUTCOME_SUCCEEDED:
    case OUTCOME_FAILED:
    case OUTCOME_CLOSED:
        return box_payment_told(box, command, number, purchase, notice->outcome);
    case OUTCOME_REFUNDED:
    case OUTCOME_REFUND_FAILED:
        return box_refund_told(box, command, number, notice->tell,
                               notice->outcome == OUTCOME_REFUNDED);
    case OUTCOME_OTHER:
    case OUTCOMES:
        break;
    }
    return STATUS_OK;
}

static bool
notice_read(const turn_t *turn, const command_t *command, notice_t *notice)
{
    uint8_t outcome = 0;
    while (outcome < OUTCOMES && !command_text_is(command, FIELD_OUTCOME, notice_outcomes[outcome]))
        outcome++;
    *notice = (notice_t){ .at_ms = turn->now_ms,
                          .amount = (int64_t)command_value(command, FIELD_AMOUNT)->number,
                          .tell = command_number(command, FIELD_TELL, 0),
                          .outcome = outcome };
    command_text(command, FIELD_TXN, notice->txn, sizeof notice->txn);
    return outcome < OUTCOMES;
}

static void
notice_reply(turn_t *turn, status_t settled)
{
    /* What the act packed says how the order stands; here only whether it was taken counts. */
    pack_init(turn->reply, turn->reply->data, turn->reply->room);
    pack_map(turn->reply, 1);
    pack_key_str(turn->reply, "settled", status_name(settled));
}

/* An order that was never sent to this provider is not its to speak of. */
status_t
box_payment_callback(turn_t *turn, const command_t *command)
{
    box_t box;
    uint32_t number;
    const purchase_t *purchase;
    notice_t notice;
    if (!box_open(&box, turn, command->key))
        return STATUS_UNKNOWN_SHOWTIME;
    status_t status = box_find_order(&box, command, &number, &purchase);
    if (status != STATUS_OK)
        return status;
    const charge_t *charge = box_charge(&box, number);
    if (!charge || box_provider(command) != purchase->provider)
        return box_refuse_state(turn, STATUS_PAYMENT_STATE, MACHINE_PAYMENT, purchase->payment);
    if (!notice_read(turn, command, &notice))
        return box_refuse_field(turn, FIELD_OUTCOME);
    if (notice.outcome == OUTCOME_SUCCEEDED && notice.txn[0] == 0)
        return box_refuse_field(turn, FIELD_TXN);
    const notice_t *before = notice_before(&box, number, charge, &notice);
    if (before) {
        notice_reply(turn, before->settled);
        return STATUS_OK;
    }
    notice.settled = notice_act(&box, command, number, purchase, &notice);
    notice_keep(&box, number, command, &notice);
    notice_reply(turn, notice.settled);
    return STATUS_OK;
}

static void
notice_pack(pack_t *reply, uint32_t at, const notice_t *notice)
{
    pack_map(reply, 8);
    pack_key_uint(reply, "number", at);
    pack_key_int(reply, "at_ms", notice->at_ms);
    pack_key_str(reply, "outcome", notice_outcomes[notice->outcome]);
    pack_key_int(reply, "amount", notice->amount);
    box_pack_text(reply, "txn", notice->txn, sizeof notice->txn);
    pack_key_str(reply, "settled", status_name(notice->settled));
    pack_str(reply, "head");
    pack_strn(reply, notice->bytes, notice->head_size);
    pack_str(reply, "raw");
    pack_bin(reply, notice->bytes + notice->head_size, notice->raw_size);
}

static void
notice_pack_charge(pack_t *reply, const charge_t *charge)
{
    pack_str(reply, "charge");
    pack_map(reply, 7);
    pack_key_str(reply, "state",
                 machine_state_name(MACHINE_CHARGE, charge ? charge->state : CHARGE_NONE));
    pack_key_uint(reply, "tell", charge ? charge->tell : 0);
    pack_key_int(reply, "began_ms", charge ? charge->began_ms : 0);
    pack_key_int(reply, "opened_ms", charge ? charge->opened_ms : 0);
    pack_key_int(reply, "ended_ms", charge ? charge->ended_ms : 0);
    pack_key_uint(reply, "asked", charge ? charge->asked_in_all : 0);
    box_pack_text(reply, "refused", charge ? charge->reason : "", charge ? BOX_REASON : 1);
}

status_t
box_payment_audit(turn_t *turn, const command_t *command)
{
    enum { NOTICE_BYTES = 512 };
    box_t box;
    uint32_t number, count = 0;
    const purchase_t *purchase;
    pack_t *reply = turn->reply;
    if (!box_open(&box, turn, command->key))
        return STATUS_UNKNOWN_SHOWTIME;
    status_t status = box_find_order(&box, command, &number, &purchase);
    if (status != STATUS_OK)
        return status;
    const charge_t *charge = box_charge(&box, number);
    uint64_t at = command_number(command, FIELD_FROM, 0);
    uint32_t notices = charge ? charge->notices : 0;
    pack_map(reply, 4);
    pack_key_str(reply, "provider", box_provider_name(purchase->provider));
    notice_pack_charge(reply, charge);
    pack_str(reply, "notices");
    size_t array = box_array_begin(reply);
    for (; at < notices; at++, count++) {
        const notice_t *notice = notice_get(&box, number, (uint32_t)at);
        if (count &&
            reply->size + NOTICE_BYTES + notice->head_size + notice->raw_size > LIST_BYTES_MAX)
            break;
        notice_pack(reply, (uint32_t)at, notice);
    }
    box_array_end(reply, array, count);
    pack_key_uint(reply, "next", at < notices ? at : 0);
    return STATUS_OK;
}

/* ------------------------------------------------------------------ for reconciliation */

enum { PAYMENT_ROW = 256, PAYMENT_REFUND_ROW = 48 };

static void
payment_pack_refunds(const box_t *box, const purchase_t *purchase, pack_t *reply)
{
    uint32_t count = 0;
    size_t array = box_array_begin(reply);
    for (uint64_t tell = purchase->refund; tell; count++) {
        const refund_t *refund = box_refund(box, tell);
        assert(refund);
        pack_array(reply, 4);
        pack_uint(reply, tell);
        pack_int(reply, refund->amount);
        pack_str(reply, machine_state_name(MACHINE_REFUND, refund->state));
        pack_int(reply, refund->ended_ms);
        tell = refund->before;
    }
    box_array_end(reply, array, count);
}

static void
payment_pack_row(const box_t *box, uint32_t number, const purchase_t *purchase, pack_t *reply)
{
    char order[ORDER_ID_ROOM];
    ids_order_text(order, box->showtime, number);
    pack_array(reply, 8);
    pack_str(reply, order);
    pack_str(reply, box_provider_name(purchase->provider));
    pack_str(reply, machine_state_name(MACHINE_ORDER, purchase->order));
    pack_int(reply, purchase->amount);
    pack_int(reply, purchase->paid);
    pack_int(reply, purchase->paid_ms);
    pack_strn(reply, purchase->txn, strnlen(purchase->txn, sizeof purchase->txn));
    payment_pack_refunds(box, purchase, reply);
}

/* As order.list: a call looks at a bounded count of numbers. */
status_t
box_payment_list(turn_t *turn, const command_t *command)
{
    enum { LIMIT_DEFAULT = 200, LOOK_MAX = 5000 };
    box_t box;
    pack_t *reply = turn->reply;
    if (!box_open(&box, turn, command->key))
        return STATUS_UNKNOWN_SHOWTIME;
    uint64_t at = command_number(command, FIELD_FROM, 0), first = at;
    uint64_t limit = command_number(command, FIELD_LIMIT, LIMIT_DEFAULT);
    uint32_t count = 0;
    pack_map(reply, 2);
    pack_str(reply, "payments");
    size_t array = box_array_begin(reply);
    for (; at < box.head->purchases && count < limit && at - first < LOOK_MAX; at++) {
        const purchase_t *purchase = box_purchase(&box, (uint32_t)at + 1);
        if (!purchase || purchase->txn[0] == 0)
            continue;
        if (count &&
            reply->size + PAYMENT_ROW + PAYMENT_REFUND_ROW * purchase->refunds > LIST_BYTES_MAX)
            break;
        payment_pack_row(&box, (uint32_t)at + 1, purchase, reply);
        count++;
    }
    box_array_end(reply, array, count);
    pack_key_uint(reply, "next", at < box.head->purchases ? at : 0);
    return STATUS_OK;
}
