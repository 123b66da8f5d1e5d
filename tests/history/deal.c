/* deal - see deal.h for the contract.
 *
 * The calls about one lock are few and stand together; each rule is one look at what they add up
 * to: from when on something may have happened, and from when on it surely had. */
#include "tests/history/deal.h"
#include "broker/operation.h"
#include "broker/status.h"

static void
step_clear(step_t *step)
{
    *step = (step_t){ NEVER, NEVER, ROW_NONE };
}

static void
step_take(step_t *step, const row_t *row, uint32_t at)
{
    uint64_t from = row_place(row);
    if (from < step->from)
        step->from = from;
    if (row->fate == FATE_DONE && row->sequence < step->sure) {
        step->sure = row->sequence;
        step->row = at;
    }
}

uint32_t
deal_seat(deal_t *self, uint16_t seat)
{
    for (uint32_t i = 0; i < self->seat_count; i++)
        if (self->seats[i] == seat)
            return i;
    if (self->seat_count == CALL_SEATS_MAX)
        return 0;
    self->seats[self->seat_count] = seat;
    return self->seat_count++;
}

void
deal_init(deal_t *self, history_t *history, const item_t *items, uint32_t count)
{
    *self = (deal_t){ .history = history, .items = items, .count = count };
    self->locked = self->offer = ROW_NONE;
    step_clear(&self->order);
    step_clear(&self->release);
    step_clear(&self->cancel);
    step_clear(&self->sale);
    step_clear(&self->accept);
    self->extended_from = NEVER;
    for (uint32_t i = 0; i < CALL_SEATS_MAX; i++) {
        step_clear(&self->redeem[i]);
        step_clear(&self->refund[i]);
    }
}

/* ------------------------------------------------------------------ adding up */

/* A step that happens once; `again` says what a second one is. */
static bool
deal_once(deal_t *self, step_t *step, const row_t *row, uint32_t at, const char *again)
{
    uint32_t before = step->row;
    bool second = row->fate == FATE_DONE && step->sure != NEVER;
    step_take(step, row, at);
    return !second || history_wrong(self->history, before, at, "%s", again);
}

static bool
deal_locked(deal_t *self, const row_t *row, uint32_t at)
{
    if (self->locked != ROW_NONE)
        return history_wrong(self->history, self->locked, at, "one lock was given twice");
    self->locked = at;
    for (uint32_t i = 0; i < row->seat_count; i++)
        (void)deal_seat(self, row_seats(self->history, row)[i]);
    return true;
}

/* Another transaction for an order that is paid is answered PAID_TWICE, the same one as before. */
static bool
deal_sale(deal_t *self, const row_t *row, uint32_t at)
{
    if (row->payment == 0)
        return true; /* it was told that nothing was paid */
    if (row->fate == FATE_DONE && self->sale.row != ROW_NONE &&
        self->history->rows[self->sale.row].payment != row->payment)
        return history_wrong(self->history, self->sale.row, at, "an order was paid twice");
    step_take(&self->sale, row, at);
    /* Money in another sum than was asked for ends the order. */
    if (row->fate == FATE_MAYBE && row->amount != self->asked && row_place(row) < self->cancel.from)
        self->cancel.from = row_place(row);
    if (row->amount > self->paid)
        self->paid = row->amount;
    return true;
}

static bool
deal_redeem(deal_t *self, const row_t *row, uint32_t at)
{
    if (row->seat_count == 0)
        return true;
    uint32_t seat = deal_seat(self, row_seats(self->history, row)[0]);
    return deal_once(self, &self->redeem[seat], row, at, "a ticket was let in twice");
}

/* Several answers may tell of one refund: a failed one is tried again under its number. */
static void
deal_give_back(deal_t *self, const row_t *row, uint32_t at)
{
    if (row->fate == FATE_MAYBE)
        self->refund_doubt = true;
    for (uint32_t i = 0; i < self->count && self->items[i].at != at; i++) {
        const row_t *other = deal_row(self, i);
        if (other->operation == OP_ORDER_REFUND && other->fate == FATE_DONE &&
            other->status == STATUS_OK && other->payment == row->payment)
            return;
    }
    if (row->fate == FATE_DONE && !self->refund_doubt)
        self->given_back += row->amount;
}

static bool
deal_refund(deal_t *self, const row_t *row, uint32_t at)
{
    const uint16_t *seats = row_seats(self->history, row);
    /* It may have been answered at its end, which is later than its entry. */
    uint64_t from = row->lowest + 1;
    for (uint32_t i = 0; i < row->seat_count; i++) {
        uint32_t seat = deal_seat(self, seats[i]);
        if (!deal_once(self, &self->refund[seat], row, at, "a ticket was paid back twice"))
            return false;
    }
    for (uint32_t i = 0; i < self->seat_count; i++) {
        bool named = row->seat_count == 0;
        for (uint32_t k = 0; k < row->seat_count; k++)
            named = named || seats[k] == self->seats[i];
        if (named && from < self->refund[i].from)
            self->refund[i].from = from;
    }
    deal_give_back(self, row, at);
    return true;
}

/* Add one step that was done, or may have been. */
static bool
deal_add(deal_t *self, const row_t *row, uint32_t at)
{
    switch (row->operation) {
    case OP_SEATS_LOCK:
    case OP_SEATS_BEST:
        return row->fate == FATE_MAYBE || deal_locked(self, row, at);
    case OP_SEATS_EXTEND:
        if (row->fate == FATE_MAYBE && row_place(row) < self->extended_from)
            self->extended_from = row_place(row);
        else if (row->fate == FATE_DONE)
            self->extended_sure = row->sequence;
        return true;
    case OP_SEATS_RELEASE:
        return deal_once(self, &self->release, row, at, "a lock was released twice");
    case OP_ORDER_CREATE:
        if (row->fate == FATE_DONE)
            self->asked = row->amount;
        return deal_once(self, &self->order, row, at, "a lock was ordered twice");
    case OP_ORDER_CANCEL:
        return deal_once(self, &self->cancel, row, at, "an order was cancelled twice");
    case OP_PAYMENT_SETTLE:
        return deal_sale(self, row, at);
    case OP_ORDER_ACCEPT:
        return deal_once(self, &self->accept, row, at, "an offer was accepted twice");
    case OP_TICKET_REDEEM:
        return deal_redeem(self, row, at);
    case OP_ORDER_REFUND:
        return deal_refund(self, row, at);
    default:
        return true;
    }
}

bool
deal_add_up(deal_t *self)
{
    for (uint32_t i = 0; i < self->count; i++) {
        const row_t *row = deal_row(self, i);
        uint32_t at = self->items[i].at;
        bool settled = row->operation == OP_PAYMENT_SETTLE && row->fate == FATE_DONE;
        if (settled && row->status == STATUS_LATE_OFFER)
            self->offer = at;
        /* These end an order whose lock was still held. */
        if (settled &&
            (row->status == STATUS_AMOUNT_MISMATCH || row->status == STATUS_LATE_REFUNDED) &&
            row->sequence < self->cancel.from)
            self->cancel.from = row->sequence;
        bool counts =
            row->fate == FATE_MAYBE ||
            (row->fate == FATE_DONE && (row->status == STATUS_OK || row->status == STATUS_PENDING));
        if (counts && !deal_add(self, row, at))
            return false;
    }
    return true;
}

/* ------------------------------------------------------------------ what the lock's time allows */

int64_t
deal_until(const deal_t *self, uint64_t number)
{
    int64_t until_ms = self->history->rows[self->locked].until_ms;
    for (uint32_t i = 0; i < self->count && self->extended_sure > 0; i++) {
        const row_t *row = deal_row(self, i);
        if (row->operation == OP_SEATS_EXTEND && row->fate == FATE_DONE &&
            row->status == STATUS_OK && row->sequence <= number && row->until_ms > until_ms)
            until_ms = row->until_ms;
    }
    return until_ms;
}

static bool
deal_may_last(const deal_t *self, const row_t *row)
{
    return self->extended_from <= row->sequence || deal_until(self, row->sequence) == 0 ||
           clock_least(self->history, row->partition, row->sequence) <
               deal_until(self, row->sequence);
}

bool
deal_may_be_over(const deal_t *self, const row_t *row)
{
    return clock_most(self->history, row->partition, row->sequence) >=
           deal_until(self, row->sequence);
}

/* ------------------------------------------------------------------ judging */

#define WRONG(other, text) return history_wrong(self->history, other, at, "%s", text)

/* The owner did something that he can do only while he holds the lock. */
static bool
deal_judge_holder(deal_t *self, const row_t *row, uint32_t at)
{
    if (row->user != self->history->rows[self->locked].user)
        WRONG(self->locked, "somebody else's lock was used");
    if (!deal_may_last(self, row))
        WRONG(self->locked, "a lock was used after its end");
    if (row->operation != OP_SEATS_RELEASE && self->release.sure < row->sequence)
        WRONG(self->release.row, "a lock was used after its release");
    if (row->operation == OP_SEATS_EXTEND && row->until_ms &&
        row->until_ms < deal_until(self, row->sequence))
        WRONG(self->locked, "a lock became shorter");
    if (row->operation == OP_SEATS_EXTEND && self->order.sure < row->sequence)
        WRONG(self->order.row, "a lock was extended behind its order");
    if (row->operation == OP_SEATS_RELEASE && self->order.sure != NEVER)
        WRONG(self->order.row, "a lock was both ordered and released");
    if (row->operation == OP_ORDER_CANCEL && self->order.from > row->sequence)
        WRONG(self->locked, "an order that nobody made was cancelled");
    if (row->sequence > self->held_until)
        self->held_until = row->sequence;
    return true;
}

static bool
deal_judge_sale(deal_t *self, const row_t *row, uint32_t at)
{
    if (row->payment == 0)
        return true;
    if (self->order.from > row->sequence)
        WRONG(self->locked, "an order that nobody made was paid");
    if (self->release.sure != NEVER)
        WRONG(self->release.row, "a released lock was sold");
    if (self->cancel.sure != NEVER)
        WRONG(self->cancel.row, "an order was both cancelled and paid");
    if (self->asked && row->amount != self->asked)
        WRONG(self->order.row, "an order was paid with another amount");
    return true;
}

/* From when on may there have been tickets? */
static uint64_t
deal_tickets_from(const deal_t *self)
{
    return self->sale.from < self->accept.from ? self->sale.from : self->accept.from;
}

static bool
deal_judge_ticket(deal_t *self, const row_t *row, uint32_t at)
{
    if (deal_tickets_from(self) > row->sequence)
        WRONG(self->locked, "a ticket that nobody paid for was good");
    if (row->operation != OP_TICKET_REDEEM || row->seat_count == 0)
        return true;
    uint32_t seat = deal_seat(self, row_seats(self->history, row)[0]);
    if (self->refund[seat].sure != NEVER)
        WRONG(self->refund[seat].row, "a ticket was both let in and paid back");
    return true;
}

static bool
deal_judge_done(deal_t *self, const row_t *row, uint32_t at)
{
    if (self->locked == ROW_NONE)
        return true;
    if (row->sequence < self->history->rows[self->locked].sequence)
        WRONG(self->locked, "a lock was used before it was given");
    switch (row->operation) {
    case OP_SEATS_EXTEND:
    case OP_SEATS_RELEASE:
    case OP_ORDER_CREATE:
    case OP_ORDER_CANCEL:
        return deal_judge_holder(self, row, at);
    case OP_PAYMENT_SETTLE:
        return deal_judge_sale(self, row, at);
    case OP_ORDER_REFUND:
    case OP_TICKET_GET:
    case OP_TICKET_REDEEM:
        return deal_judge_ticket(self, row, at);
    default:
        return true;
    }
}

/* Was there a reason for LOCK_ENDED, or for an order that can no longer be cancelled? */
static bool
deal_may_have_ended(const deal_t *self, const row_t *row)
{
    return self->release.from <= row->sequence || self->cancel.from <= row->sequence ||
           self->sale.from <= row->sequence || deal_may_be_over(self, row);
}

static bool
deal_judge_ticket_refusal(deal_t *self, const row_t *row, uint32_t at)
{
    uint64_t number = row->sequence;
    if ((row->status == STATUS_UNKNOWN_TICKET || row->status == STATUS_BAD_TOKEN) &&
        self->sale.sure < number && row->seat_count == 1)
        WRONG(self->sale.row, "a ticket that was paid for is unknown");
    if (row->seat_count != 1 || row->operation != OP_TICKET_REDEEM)
        return true;
    uint32_t seat = deal_seat(self, row_seats(self->history, row)[0]);
    if (row->status == STATUS_ALREADY_REDEEMED && self->redeem[seat].from > number)
        WRONG(self->locked, "a ticket is said to be used that nobody has used");
    if (row->status == STATUS_TICKET_VOID && self->refund[seat].from > number)
        WRONG(self->locked, "a ticket is said to be void that nobody paid back");
    return true;
}

static bool
deal_judge_refusal(deal_t *self, const row_t *row, uint32_t at)
{
    const row_t *locked = self->locked == ROW_NONE ? NULL : &self->history->rows[self->locked];
    uint64_t number = row->sequence;
    if (!locked)
        return true;
    self->history->counts.refusals++;
    if (row->status == STATUS_UNKNOWN_LOCK && locked->sequence < number)
        WRONG(self->locked, "a lock that was given is unknown");
    if (row->status == STATUS_UNKNOWN_ORDER && self->order.sure < number)
        WRONG(self->order.row, "an order that was made is unknown");
    if (row->status == STATUS_NOT_YOURS && row->user == locked->user && locked->sequence < number)
        WRONG(self->locked, "the owner of a lock is said not to be");
    if (row->status == STATUS_LOCK_ORDERED && self->order.from > number)
        WRONG(self->locked, "a lock is said to be ordered that nobody ordered");
    if (locked->sequence < number && !deal_may_have_ended(self, row)) {
        if (row->status == STATUS_LOCK_ENDED)
            WRONG(self->locked, "a lock is said to have ended that has not");
        if (row->status == STATUS_ORDER_STATE && row->operation == OP_ORDER_CANCEL &&
            self->order.sure < number)
            WRONG(self->order.row, "an order that waits cannot be cancelled");
    }
    return deal_judge_ticket_refusal(self, row, at);
}

bool
deal_judge(deal_t *self, bool maybe_locked)
{
    for (uint32_t i = 0; i < self->count; i++) {
        const row_t *row = deal_row(self, i);
        uint32_t at = self->items[i].at;
        if (row->fate != FATE_DONE && row->fate != FATE_READ)
            continue;
        bool done = row->status == STATUS_OK || row->status == STATUS_PENDING;
        if (done && row->fate == FATE_DONE && self->locked == ROW_NONE && !maybe_locked)
            WRONG(ROW_NONE, "a lock that nobody was given was used");
        if (!(done ? deal_judge_done(self, row, at) : deal_judge_refusal(self, row, at)))
            return false;
    }
    if (self->locked != ROW_NONE && self->sale.sure != NEVER && !self->refund_doubt &&
        self->given_back > self->paid)
        return history_wrong(self->history, self->sale.row, ROW_NONE,
                             "more was paid back than was paid");
    return true;
}
#undef WRONG
