/* box_check - the invariants of a showtime, recomputed from its records. See box.h for the list. */
#include "actors/box.h"
#include "actors/box_queue.h"
#include <string.h>

typedef struct {
    box_t box;
    turn_t turn;
    uint32_t counts[SEAT_STATES], held[BOX_TAG_GROUPS];
    uint32_t locked, sold; /* seats that purchases claim */
    int64_t live, pending, refunding, refunded, in;
    uint64_t voids, voids_sum; /* void tickets, and a sum over their names */
} check_t;

static uint64_t
check_name(uint32_t purchase, uint16_t seat)
{
    uint64_t name = ((uint64_t)purchase << 16 | seat) * UINT64_C(0x9e3779b97f4a7c15);
    return (name ^ name >> 29) * UINT64_C(0xbf58476d1ce4e5b9);
}

static const char *
check_seats(check_t *self)
{
    const head_t *head = self->box.head;
    for (uint32_t i = 0; i < head->seat_count; i++) {
        const seat_t *seat = &self->box.seats[i];
        if (seat->state == SEAT_NONE || seat->state >= SEAT_STATES)
            return "a seat has no state";
        if (seat->version > head->number)
            return "a seat is newer than its showtime";
        bool taken = seat->state == SEAT_LOCKED || seat->state == SEAT_SOLD;
        if (taken != (seat->purchase != 0))
            return "a seat names a purchase and is not taken, or the other way round";
        self->counts[seat->state]++;
        if (seat->state == SEAT_LOCKED)
            self->held[box_tag_group(seat->tag)]++;
    }
    for (uint32_t i = 0; i < SEAT_STATES; i++)
        if (self->counts[i] != head->counts[i])
            return "the counts of the head are not those of the seats";
    for (uint32_t i = 0; i < BOX_TAG_GROUPS; i++)
        if (self->held[i] != head->held[i])
            return "what the head says is held is not what the seats say";
    return NULL;
}

/* Does the purchase hold its seats locked? */
static bool
check_holds(const purchase_t *purchase)
{
    return purchase->order == ORDER_NONE || purchase->order == ORDER_PENDING ||
           purchase->order == ORDER_OFFERED;
}

static const char *
check_lines(check_t *self, uint32_t number, const purchase_t *purchase)
{
    bool holds = check_holds(purchase);
    for (uint32_t i = 0; i < purchase->count; i++) {
        const line_t *line = &purchase->lines[i];
        if (line->seat == 0 || line->seat > self->box.head->seat_count ||
            (i > 0 && line->seat <= line[-1].seat))
            return "the seats of a purchase are not ascending";
        const seat_t *seat = &self->box.seats[line->seat - 1];
        bool live = line->ticket == TICKET_ISSUED || line->ticket == TICKET_REDEEMED;
        if (line->print > PRINT_STATES - 1 - PRINT_ISSUED ||
            (line->print + PRINT_ISSUED == PRINT_PRINTED && line->prints == 0))
            return "a ticket was printed and not counted";
        if (line->ticket == TICKET_NONE && (line->print || line->prints))
            return "a ticket was printed that was not issued";
        if (line->ticket == TICKET_VOID) {
            self->voids++;
            self->voids_sum += check_name(number, line->seat);
        }
        if (holds && live)
            return "a ticket was issued without money";
        if (holds && (seat->state != SEAT_LOCKED || seat->purchase != number))
            return "a purchase holds a seat that is not locked for it";
        if (live && (seat->state != SEAT_SOLD || seat->purchase != number))
            return "a ticket's seat is not sold to its purchase";
        self->locked += holds;
        self->sold += live;
        self->live += live ? line->price : 0;
    }
    return NULL;
}

/* A machine's parts that belong together. */
static const char *
check_states(check_t *self, const purchase_t *purchase)
{
    static const struct {
        uint8_t locks; /* a bit for each state of the lock that goes with the order's */
        bool money;    /* has it its money? */
    } agree[ORDER_STATES] = {
        [ORDER_NONE] = { 1 << LOCK_HELD, false },
        [ORDER_PENDING] = { 1 << LOCK_ORDERED, false },
        [ORDER_PAID] = { 1 << LOCK_SETTLED | 1 << LOCK_EXPIRED, true },
        [ORDER_PARTLY_REFUNDED] = { 1 << LOCK_SETTLED | 1 << LOCK_EXPIRED, true },
        [ORDER_REFUNDED] = { 1 << LOCK_SETTLED | 1 << LOCK_EXPIRED, true },
        [ORDER_EXPIRED] = { 1 << LOCK_EXPIRED, false },
        [ORDER_CANCELLED] = { 1 << LOCK_RELEASED, false },
        [ORDER_OFFERED] = { 1 << LOCK_EXPIRED, true },
    };
    if (purchase->order >= ORDER_STATES || !(agree[purchase->order].locks >> purchase->lock & 1))
        return "the states of lock and order contradict each other";
    if (agree[purchase->order].money &&
        (purchase->payment != PAYMENT_SUCCEEDED || purchase->paid != purchase->amount))
        return "an order counts as paid without its money";
    if (check_holds(purchase) && state_next_due(self->turn.state) > purchase->until_ms)
        return "a lock has no due time";
    if (purchase->order == ORDER_OFFERED)
        self->pending += purchase->paid;
    self->in += purchase->paid;
    return NULL;
}

static const char *
check_refunds(check_t *self, uint32_t number, const purchase_t *purchase)
{
    uint32_t count = 0;
    int64_t main = 0;
    for (uint64_t tell = purchase->refund; tell; count++) {
        const refund_t *refund = box_refund(&self->box, tell);
        if (!refund || refund->purchase != number || refund->before >= tell)
            return "the chain of an order's refunds is broken";
        *(refund->state == REFUND_DONE ? &self->refunded : &self->refunding) += refund->amount;
        if (refund->flags & REFUND_EXTRA)
            self->in += refund->amount;
        else
            main += refund->amount;
        tell = refund->before;
    }
    if (count != purchase->refunds)
        return "an order's refunds are not as many as it counts";
    return main > purchase->paid ? "more was paid back than came in" : NULL;
}

/* A showtime of an older program may have no list. */
static const char *
check_revoked(const check_t *self)
{
    const revoked_t *list = box_revoked(&self->box);
    uint64_t sum = 0;
    if (!list)
        return NULL;
    if (list->count != self->voids)
        return "the list of revoked tickets is not as long as tickets are void";
    for (uint64_t at = 0; at < list->count; at++) {
        void_t ticket = box_revoked_at(&self->box, at);
        sum += check_name(ticket.purchase, ticket.seat);
    }
    return sum == self->voids_sum ? NULL
                                  : "the list of revoked tickets is not of those that are void";
}

/* What a walk through a cancelled showtime leaves. */
static const char *
check_walked(const check_t *self, uint32_t number, const purchase_t *purchase)
{
    const box_plan_t *plan = box_plan(&self->box);
    if (!self->box.head->cancelled || !plan || number > plan->walked)
        return NULL;
    if (check_holds(purchase))
        return "a cancelled showtime has seats on hold";
    for (uint32_t i = 0; i < purchase->count; i++)
        if (purchase->lines[i].ticket == TICKET_ISSUED)
            return "a cancelled showtime has a ticket that was not paid back";
    return NULL;
}

static const char *
check_books(const check_t *self)
{
    const head_t *head = self->box.head;
    if (head->in != head->live + head->pending + head->refunding + head->refunded)
        return "the books do not balance";
    if (self->in != head->in || self->live != head->live || self->pending != head->pending ||
        self->refunding != head->refunding || self->refunded != head->refunded)
        return "the books are not the sum of the purchases";
    return NULL;
}

const char *
box_check(state_t *state, uint64_t showtime)
{
    check_t self;
    memset(&self, 0, sizeof self);
    self.turn.state = state;
    if (!box_open(&self.box, &self.turn, showtime))
        return "there is no such showtime";
    box_hall(&self.box);
    const char *broken = check_seats(&self);
    for (uint32_t number = 1; !broken && number <= self.box.head->purchases; number++) {
        const purchase_t *purchase = box_purchase(&self.box, number);
        if (!purchase)
            continue;
        broken = check_lines(&self, number, purchase);
        if (!broken)
            broken = check_states(&self, purchase);
        if (!broken)
            broken = check_refunds(&self, number, purchase);
        if (!broken)
            broken = check_walked(&self, number, purchase);
    }
    if (broken)
        return broken;
    if (self.locked != self.counts[SEAT_LOCKED] || self.sold != self.counts[SEAT_SOLD])
        return "a seat is taken by nobody";
    broken = check_revoked(&self);
    if (broken)
        return broken;
    broken = box_queue_check(&self.box);
    return broken ? broken : check_books(&self);
}
