/* box_refund - money that goes back: refunds, and the outbox rows that carry them to the provider.
 *
 * A refund keeps its number for ever, also when it failed and is tried again: providers pay a new
 * number a second time. It is sent again after 1 s, 2 s, 4 s .. 60 s until refund.settle ends it.
 */
#include "actors/box.h"
#include "actors/box_charge.h"
#include "actors/ids.h"
#include <assert.h>
#include <string.h>

enum { REFUND_RETRY_MS = 1000, REFUND_RETRY_MAX_MS = 60 * 1000, REFUND_RETRY_DOUBLINGS = 6 };

const refund_t *
box_refund(const box_t *self, uint64_t tell)
{
    return state_get(self->turn->state, box_key(self->showtime, BOX_REFUND, tell), NULL);
}

static refund_t *
refund_edit(box_t *box, uint64_t tell)
{
    refund_t *refund =
        state_edit(box->turn->state, box_key(box->showtime, BOX_REFUND, tell), 0, SIZE_MAX);
    assert(refund);
    return refund;
}

static void
refund_tell(const box_t *box, uint64_t tell, const refund_t *refund)
{
    uint8_t body[320];
    char order[ORDER_ID_ROOM];
    const purchase_t *purchase = box_purchase(box, refund->purchase);
    const sink_t *sink = box->turn->sink;
    pack_t pack;
    assert(purchase);
    ids_order_text(order, box->showtime, refund->purchase);
    pack_init(&pack, body, sizeof body);
    pack_map(&pack, 7);
    pack_key_str(&pack, "order", order);
    pack_key_str(&pack, "provider", box_provider_name(purchase->provider));
    pack_key_int(&pack, "amount", refund->amount);
    box_pack_text(&pack, "txn", refund->txn, sizeof refund->txn);
    box_pack_text(&pack, "reason", refund->reason, sizeof refund->reason);
    pack_key_int(&pack, "total", refund->flags & REFUND_EXTRA ? refund->amount : purchase->paid);
    pack_key_bool(&pack, "again", refund->attempts > 1);
    assert(!pack.overflow);
    sink->tell(sink->argument, OP_PROVIDER_REFUND, box->showtime, tell, body, (uint32_t)pack.size);
}

static void
refund_send(box_t *box, uint64_t tell, refund_t *refund)
{
    uint32_t doublings = refund->attempts++;
    int64_t wait_ms = REFUND_RETRY_MAX_MS;
    if (doublings < REFUND_RETRY_DOUBLINGS)
        wait_ms = (int64_t)REFUND_RETRY_MS << doublings;
    refund->state = machine_next(MACHINE_REFUND, refund->state, REFUND_ON_SEND);
    state_set_due(box->turn->state, box_key(box->showtime, BOX_REFUND, tell),
                  box->turn->now_ms + wait_ms);
    refund_tell(box, tell, refund);
}

void
box_refund_due(box_t *self, uint64_t tell)
{
    refund_send(self, tell, refund_edit(self, tell));
}

refund_t *
box_request_refund(box_t *self, uint32_t number, purchase_t *purchase, int64_t amount,
                   const char txn[BOX_TXN], const char *reason)
{
    if (amount == 0)
        return NULL;
    uint64_t tell = ++box_edit_counters(self->turn)->tells;
    refund_t *refund =
        state_insert(self->turn->state, box_key(self->showtime, BOX_REFUND, tell), sizeof *refund);
    refund->before = purchase->refund;
    refund->amount = amount;
    refund->asked_ms = self->turn->now_ms;
    refund->purchase = number;
    refund->state = REFUND_REQUESTED;
    memcpy(refund->txn, txn, BOX_TXN);
    memcpy(refund->reason, reason, strnlen(reason, sizeof refund->reason));
    purchase->refund = tell;
    purchase->refunds++;
    refund_send(self, tell, refund);
    return refund;
}

bool
box_refund_of_extra(const box_t *self, const purchase_t *purchase, const char txn[BOX_TXN])
{
    for (uint64_t tell = purchase->refund; tell;) {
        const refund_t *refund = box_refund(self, tell);
        assert(refund);
        if (refund->flags & REFUND_EXTRA && memcmp(refund->txn, txn, BOX_TXN) == 0)
            return true;
        tell = refund->before;
    }
    return false;
}

/* What order.refund is about to do. */
typedef struct {
    bool lines[SEATS_MAX];
    uint32_t count; /* of the lines */
    uint16_t ids[SEATS_MAX];
    int64_t amount;
} refund_plan_t;

static void
refund_plan_line(refund_plan_t *plan, const purchase_t *purchase, uint32_t at)
{
    plan->lines[at] = true;
    plan->ids[plan->count++] = purchase->lines[at].seat;
    plan->amount += purchase->lines[at].price;
}

static status_t
refund_plan_seat(box_t *box, refund_plan_t *plan, const purchase_t *purchase, uint16_t seat)
{
    static const status_t why_not[TICKET_STATES] = { [TICKET_NONE] = STATUS_UNKNOWN_TICKET,
                                                     [TICKET_REDEEMED] = STATUS_ALREADY_REDEEMED,
                                                     [TICKET_VOID] = STATUS_TICKET_VOID };
    for (uint32_t i = 0; i < purchase->count; i++) {
        const line_t *line = &purchase->lines[i];
        if (line->seat != seat)
            continue;
        if (!machine_allows(MACHINE_TICKET, line->ticket, TICKET_ON_VOID))
            return box_refuse_uint(box->turn, why_not[line->ticket], "seat", seat);
        refund_plan_line(plan, purchase, i);
        return STATUS_OK;
    }
    return box_refuse_uint(box->turn, STATUS_UNKNOWN_TICKET, "seat", seat);
}

/* All that were not redeemed. */
static void
refund_plan_unused(const purchase_t *purchase, refund_plan_t *plan)
{
    memset(plan, 0, sizeof *plan);
    for (uint32_t i = 0; i < purchase->count; i++)
        if (machine_allows(MACHINE_TICKET, purchase->lines[i].ticket, TICKET_ON_VOID))
            refund_plan_line(plan, purchase, i);
}

/* The named tickets, or all that were not redeemed. */
static status_t
refund_plan(box_t *box, const command_t *command, const purchase_t *purchase, refund_plan_t *plan)
{
    if (!command_has(command, FIELD_TICKETS)) {
        refund_plan_unused(purchase, plan);
        return STATUS_OK;
    }
    memset(plan, 0, sizeof *plan);
    const value_t *seats = command_value(command, FIELD_TICKETS);
    for (uint32_t i = 0; i < seats->seats.count; i++) {
        status_t status = refund_plan_seat(box, plan, purchase, seats->seats.ids[i]);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static bool
refund_any_failed(const box_t *box, const purchase_t *purchase)
{
    for (uint64_t tell = purchase->refund; tell;) {
        const refund_t *refund = box_refund(box, tell);
        assert(refund);
        if (refund->state == REFUND_FAILED)
            return true;
        tell = refund->before;
    }
    return false;
}

/* Try the failed ones again, under their old numbers; returns their sum. */
static int64_t
refund_retry(box_t *box, const command_t *command, const purchase_t *purchase, bool wait)
{
    int64_t sum = 0;
    for (uint64_t tell = purchase->refund; tell;) {
        const refund_t *found = box_refund(box, tell);
        if (found->state == REFUND_FAILED) {
            refund_t *refund = refund_edit(box, tell);
            refund->state = machine_next(MACHINE_REFUND, refund->state, REFUND_ON_RETRY);
            refund->attempts = 0;
            refund->ended_ms = 0;
            refund->client = wait ? command->client : 0;
            refund->request = wait ? command->request : 0;
            sum += refund->amount;
            refund_send(box, tell, refund);
        }
        tell = found->before;
    }
    return sum;
}

/* The refund, for who wants to wait; NULL when there is nothing to pay. */
static refund_t *
refund_tickets(box_t *box, uint32_t number, purchase_t *purchase, const refund_plan_t *plan,
               const char *reason)
{
    bool all = true;
    box_revoked_begin(box);
    for (uint32_t i = 0; i < purchase->count; i++) {
        line_t *line = &purchase->lines[i];
        if (plan->lines[i]) {
            line->ticket = machine_next(MACHINE_TICKET, line->ticket, TICKET_ON_VOID);
            box_revoked_add(box, number, line->seat);
        }
        all &= line->ticket == TICKET_VOID;
    }
    purchase->order = machine_next(MACHINE_ORDER, purchase->order,
                                   all ? ORDER_ON_REFUND_ALL : ORDER_ON_REFUND_PART);
    head_t *head = box_edit_head(box);
    head->live -= plan->amount;
    head->refunding += plan->amount;
    box_balance(head);
    box_change(box, plan->ids, plan->count, SEAT_ON_REFUND, 0, 0);
    box_member_refunded(box, number, purchase, plan->amount, plan->count);
    return box_request_refund(box, number, purchase, plan->amount, purchase->txn, reason);
}

void
box_refund_unused(box_t *self, uint32_t number, purchase_t *purchase, const char *reason)
{
    refund_plan_t plan;
    refund_plan_unused(purchase, &plan);
    if (plan.count == 0)
        return;
    (void)refund_tickets(self, number, purchase, &plan, reason);
    box_publish_order(self, number, purchase);
}

/* What order.refund names, with its reason, for who may wait for the end. */
static void
refund_named(box_t *box, const command_t *command, uint32_t number, purchase_t *purchase,
             const refund_plan_t *plan, bool wait)
{
    char reason[BOX_REASON];
    command_text(command, FIELD_REASON, reason, sizeof reason);
    refund_t *refund = refund_tickets(box, number, purchase, plan, reason);
    if (refund && wait) {
        refund->client = command->client;
        refund->request = command->request;
    }
}

static void
refund_pack(pack_t *reply, const box_t *box, const purchase_t *purchase, int64_t amount)
{
    pack_map(reply, 4);
    pack_key_str(reply, "state", machine_state_name(MACHINE_ORDER, purchase->order));
    pack_key_int(reply, "refunded", amount);
    pack_key_str(reply, "refund", box_refund_name(box, purchase));
    pack_key_uint(reply, "tell", purchase->refund);
}

/* Voids tickets; where none is left to void, tries again what failed. */
status_t
box_order_refund(turn_t *turn, const command_t *command)
{
    box_t box;
    uint32_t number;
    const purchase_t *found;
    refund_plan_t plan;
    if (!box_open(&box, turn, command->key))
        return STATUS_UNKNOWN_SHOWTIME;
    status_t status = box_find_order(&box, command, &number, &found);
    if (status == STATUS_OK)
        status = refund_plan(&box, command, found, &plan);
    if (status != STATUS_OK)
        return status;
    if (plan.count == 0 && !refund_any_failed(&box, found))
        return box_refuse_state(turn, STATUS_ORDER_STATE, MACHINE_ORDER, found->order);
    bool wait = command_number(command, FIELD_WAIT, 0);
    purchase_t *purchase = box_edit_purchase(&box, number);
    if (plan.count)
        refund_named(&box, command, number, purchase, &plan, wait);
    else
        plan.amount = refund_retry(&box, command, purchase, wait);
    box_publish_order(&box, number, purchase);
    refund_pack(turn->reply, &box, purchase, plan.amount);
    return wait && plan.amount ? STATUS_PENDING : STATUS_OK;
}

/* Answer who waits, once the last refund of that command has ended. */
static void
refund_resolve(box_t *box, uint32_t number, uint64_t client, uint64_t request)
{
    uint8_t body[160];
    pack_t pack;
    int64_t sum = 0;
    const purchase_t *purchase = box_purchase(box, number);
    assert(purchase);
    for (uint64_t tell = purchase->refund; tell;) {
        const refund_t *refund = box_refund(box, tell);
        assert(refund);
        if (refund->client == client && refund->request == request) {
            if (refund->state == REFUND_SENT)
                return;
            sum += refund->amount;
        }
        tell = refund->before;
    }
    pack_init(&pack, body, sizeof body);
    refund_pack(&pack, box, purchase, sum);
    assert(!pack.overflow);
    turn_resolve(box->turn, client, request, STATUS_OK, body, (uint32_t)pack.size);
}

static void
refund_end(box_t *box, const command_t *command, uint64_t tell, uint8_t event)
{
    refund_t *refund = refund_edit(box, tell);
    bool waited = refund->state == REFUND_SENT && refund->request;
    refund->state = machine_next(MACHINE_REFUND, refund->state, event);
    refund->ended_ms = box->turn->now_ms;
    command_text(command, FIELD_TXN, refund->receipt, sizeof refund->receipt);
    state_set_due(box->turn->state, box_key(box->showtime, BOX_REFUND, tell), 0);
    if (refund->state == REFUND_DONE) {
        head_t *head = box_edit_head(box);
        head->refunding -= refund->amount;
        head->refunded += refund->amount;
        box_balance(head);
    }
    box_publish_order(box, refund->purchase, box_purchase(box, refund->purchase));
    if (waited)
        refund_resolve(box, refund->purchase, refund->client, refund->request);
}

status_t
box_refund_told(box_t *self, const command_t *command, uint32_t number, uint64_t tell, bool done)
{
    turn_t *turn = self->turn;
    const refund_t *refund = box_refund(self, tell);
    if (!refund || refund->purchase != number)
        return STATUS_UNKNOWN_REFUND;
    uint8_t event = done ? REFUND_ON_FINISH : REFUND_ON_FAIL;
    if (!machine_allows(MACHINE_REFUND, refund->state, event))
        return box_refuse_state(turn, STATUS_REFUND_STATE, MACHINE_REFUND, refund->state);
    uint8_t next = machine_next(MACHINE_REFUND, refund->state, event);
    if (next != refund->state)
        refund_end(self, command, tell, event);
    pack_map(turn->reply, 1);
    pack_key_str(turn->reply, "state", machine_state_name(MACHINE_REFUND, next));
    return STATUS_OK;
}

status_t
box_refund_settle(turn_t *turn, const command_t *command)
{
    box_t box;
    uint32_t number;
    const purchase_t *purchase;
    uint64_t tell = command_value(command, FIELD_TELL)->number;
    if (!box_open(&box, turn, command->key))
        return STATUS_UNKNOWN_SHOWTIME;
    status_t status = box_find_order(&box, command, &number, &purchase);
    if (status != STATUS_OK)
        return status;
    const refund_t *refund = box_refund(&box, tell);
    if (!refund || refund->purchase != number)
        return STATUS_UNKNOWN_REFUND;
    bool done = command_text_is(command, FIELD_OUTCOME, "done");
    if (!done && !command_text_is(command, FIELD_OUTCOME, "failed"))
        return box_refuse_field(turn, FIELD_OUTCOME);
    return box_refund_told(&box, command, number, tell, done);
}
