/* facts - see facts.h for the contract. */
#include "tests/sim/facts.h"
#include "actors/ids.h"
#include "actors/machine.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    facts_t *facts;
    const call_t *call;
    int64_t now_ms;
    const void *body;
    uint32_t size;
} answer_t;

static fact_purchase_t *
facts_purchase(facts_t *self, uint32_t number)
{
    if (number >= self->purchase_room) {
        uint32_t room = number * 2 + 64;
        self->purchases = realloc(self->purchases, room * sizeof *self->purchases);
        assert(self->purchases);
        memset(self->purchases + self->purchase_room, 0,
               (room - self->purchase_room) * sizeof *self->purchases);
        self->purchase_room = room;
    }
    return &self->purchases[number];
}

void
facts_clear(facts_t *self)
{
    free(self->purchases);
    free(self->nonces);
    *self = (facts_t){ 0 };
}

/* Only the owner can end it; whose it is may not be known yet. */
static void
fact_may_end(facts_t *self, uint32_t number, uint64_t user)
{
    fact_purchase_t *purchase = facts_purchase(self, number);
    purchase->may_end |= purchase->user == 0 || user == 0 || purchase->user == user;
}

void
facts_asked(facts_t *self, const call_t *call)
{
    switch (call->operation) {
    case OP_SEATS_RELEASE:
        fact_may_end(self, call->lock, call->user);
        break;
    case OP_SEATS_EXTEND:
        facts_purchase(self, call->lock)->may_last = true;
        break;
    case OP_ORDER_CANCEL:
        fact_may_end(self, call->purchase, call->user);
        break;
    case OP_ORDER_REFUND:
        fact_may_end(self, call->purchase, 0);
        break;
    case OP_ORDER_ACCEPT:
        if (!call->paid)
            fact_may_end(self, call->purchase, call->user);
        break;
    case OP_PAYMENT_SETTLE: {
        fact_purchase_t *purchase = facts_purchase(self, call->purchase);
        if (call->paid && call->amount != purchase->amount)
            purchase->may_end = true;
        break;
    }
    case OP_SEATS_UNBLOCK:
        for (uint32_t i = 0; i < call->count; i++)
            if (call->seats[i] <= FACTS_SEATS_MAX)
                self->seats[call->seats[i]].may_unblock = true;
        break;
    default:
        break;
    }
}

static bool
answer_uint(const answer_t *self, const char *key, uint64_t *value)
{
    mp_t at;
    return mp_find(self->body, self->size, key, &at) && mp_read_uint(&at, value);
}

/* May this seat go to the purchase now? */
static const char *
fact_free(const answer_t *self, uint64_t seat, uint32_t purchase)
{
    if (seat == 0 || seat > FACTS_SEATS_MAX)
        return "a seat was given that is not there";
    if (self->facts->may_cancel)
        return NULL;
    const fact_seat_t *fact = &self->facts->seats[seat];
    if (fact->kind == FACT_UNKNOWN || (fact->purchase == purchase && fact->kind != FACT_BLOCKED))
        return NULL;
    if (fact->kind == FACT_BLOCKED)
        return fact->may_unblock ? NULL : "a blocked seat was given";
    const fact_purchase_t *holder = facts_purchase(self->facts, fact->purchase);
    if (holder->may_end)
        return NULL;
    if (fact->kind == FACT_SOLD)
        return "a seat that was sold was given to somebody else";
    return holder->until_ms > self->now_ms ? "a seat that is locked was given to somebody else"
                                           : NULL;
}

static const char *
fact_give(const answer_t *self, uint64_t seat, uint32_t purchase, fact_kind_t kind)
{
    const char *broken = fact_free(self, seat, purchase);
    if (!broken)
        self->facts->seats[seat] = (fact_seat_t){ .kind = kind, .purchase = purchase };
    return broken;
}

static void
fact_let_go(facts_t *facts, uint32_t purchase)
{
    for (uint32_t seat = 1; seat <= FACTS_SEATS_MAX; seat++)
        if (facts->seats[seat].purchase == purchase)
            facts->seats[seat] = (fact_seat_t){ .kind = FACT_UNKNOWN };
}

static const char *
answer_locked(const answer_t *self)
{
    uint64_t lock, until_ms, seat;
    uint32_t count;
    mp_t at;
    const char *broken = NULL;
    if (!answer_uint(self, "lock", &lock) || !answer_uint(self, "until_ms", &until_ms))
        return "a lock was answered without its number or its end";
    fact_purchase_t *purchase = facts_purchase(self->facts, (uint32_t)lock);
    if (purchase->user)
        return "the number of a lock was given twice";
    purchase->user = self->call->user;
    purchase->until_ms = (int64_t)until_ms;
    if (self->call->operation == OP_SEATS_LOCK) {
        for (uint32_t i = 0; i < self->call->count && !broken; i++)
            broken = fact_give(self, self->call->seats[i], (uint32_t)lock, FACT_LOCKED);
        return broken;
    }
    if (!mp_find(self->body, self->size, "seats", &at) || !mp_read_array(&at, &count) ||
        count != self->call->count)
        return "the best seats were not as many as wanted";
    while (count-- > 0 && !broken)
        broken = mp_read_uint(&at, &seat) ? fact_give(self, seat, (uint32_t)lock, FACT_LOCKED)
                                          : "the best seats were malformed";
    return broken;
}

static const char *
answer_by_owner(const answer_t *self, uint32_t number)
{
    const fact_purchase_t *purchase = facts_purchase(self->facts, number);
    return purchase->user && purchase->user != self->call->user
               ? "somebody did what only another may do with a lock or an order"
               : NULL;
}

/* The lock must not have been over: it covers [locked, until). */
static const char *
answer_in_time(const answer_t *self, uint32_t number)
{
    const fact_purchase_t *purchase = facts_purchase(self->facts, number);
    const char *broken = answer_by_owner(self, number);
    if (!broken && purchase->user && !purchase->may_last && purchase->until_ms <= self->now_ms)
        broken = "a lock was of use after its end";
    return broken;
}

static const char *
answer_extended(const answer_t *self)
{
    uint64_t until_ms;
    const char *broken = answer_in_time(self, self->call->lock);
    if (broken || !answer_uint(self, "until_ms", &until_ms))
        return broken ? broken : "a lock was extended without an end";
    fact_purchase_t *purchase = facts_purchase(self->facts, self->call->lock);
    if ((int64_t)until_ms < purchase->until_ms)
        return "a lock became shorter when it was extended";
    purchase->until_ms = (int64_t)until_ms;
    return NULL;
}

static const char *
answer_ordered(const answer_t *self)
{
    uint64_t amount;
    const char *broken = answer_in_time(self, self->call->lock);
    if (broken || !answer_uint(self, "amount", &amount))
        return broken ? broken : "an order was made without an amount";
    facts_purchase(self->facts, self->call->lock)->amount = (int64_t)amount;
    return NULL;
}

/* The tickets of an answer: [[ticket, seat, ...]]. */
static const char *
answer_tickets(const answer_t *self)
{
    mp_t at;
    uint32_t count, parts;
    const char *text, *broken = NULL;
    uint32_t size;
    if (!mp_find(self->body, self->size, "tickets", &at) || !mp_read_array(&at, &count))
        return "tickets were issued without being named";
    while (count-- > 0 && !broken) {
        uint64_t showtime;
        uint32_t number;
        uint16_t seat;
        if (!mp_read_array(&at, &parts) || parts < 2 || !mp_read_str(&at, &text, &size) ||
            !ids_ticket_read(text, size, &showtime, &number, &seat))
            return "a ticket was malformed";
        for (uint32_t i = 1; i < parts; i++)
            if (!mp_skip(&at))
                return "a ticket was malformed";
        if (showtime != self->facts->showtime || number != self->call->purchase)
            return "a ticket names another order than was paid";
        broken = fact_give(self, seat, number, FACT_SOLD);
    }
    return broken;
}

static const char *
answer_paid(const answer_t *self)
{
    if (!self->call->paid)
        return NULL;
    const fact_purchase_t *purchase = facts_purchase(self->facts, self->call->purchase);
    if (purchase->amount && purchase->amount != self->call->amount)
        return "tickets were issued for another amount";
    return answer_tickets(self);
}

static const char *
answer_offered(const answer_t *self)
{
    mp_t offer, at;
    uint32_t count;
    uint64_t seat, until_ms;
    if (!mp_find(self->body, self->size, "offer", &offer))
        return NULL; /* told again after the offer was over */
    size_t size = (size_t)(offer.end - offer.at);
    if (!mp_find(offer.at, size, "until_ms", &at) || !mp_read_uint(&at, &until_ms) ||
        !mp_find(offer.at, size, "seats", &at) || !mp_read_array(&at, &count))
        return "an offer was malformed";
    const char *broken = NULL;
    fact_let_go(self->facts, self->call->purchase); /* those of the lock that is over */
    facts_purchase(self->facts, self->call->purchase)->until_ms = (int64_t)until_ms;
    while (count-- > 0 && !broken)
        broken = mp_read_uint(&at, &seat) ? fact_give(self, seat, self->call->purchase, FACT_LOCKED)
                                          : "an offer was malformed";
    return broken;
}

static const char *
answer_blocked(const answer_t *self)
{
    const char *broken = NULL;
    for (uint32_t i = 0; i < self->call->count && !broken; i++)
        broken = fact_give(self, self->call->seats[i], 0, FACT_BLOCKED);
    return broken;
}

static const char *
answer_redeemed(const answer_t *self)
{
    fact_purchase_t *purchase = facts_purchase(self->facts, self->call->purchase);
    uint32_t bit = UINT32_C(1) << self->call->line;
    if (purchase->redeemed & bit)
        return "a ticket was redeemed twice";
    purchase->redeemed |= bit;
    return NULL;
}

/* More comes out of printers than is told of, never less. */
static const char *
answer_printed(const answer_t *self)
{
    uint64_t prints;
    uint16_t *known = &facts_purchase(self->facts, self->call->purchase)->prints[self->call->line];
    if (!answer_uint(self, "prints", &prints) || prints > UINT16_MAX)
        return "a print was answered without a count";
    uint32_t least = *known + (uint32_t)(self->call->step == PRINT_ON_DONE);
    *known = (uint16_t)prints;
    return prints < least ? "a ticket was printed and not counted" : NULL;
}

/* A request that was looked at, whatever came of it: its nonce was new, and its time right. */
static const char *
answer_nonce(const answer_t *self, status_t status)
{
    enum { WINDOW_MS = 300000 };
    facts_t *facts = self->facts;
    const call_t *call = self->call;
    if (call->nonce == 0 || status == STATUS_REPLAYED || status == STATUS_STALE_REQUEST ||
        status == STATUS_UNKNOWN_SHOWTIME)
        return NULL;
    if (call->at_ms - self->now_ms > WINDOW_MS || self->now_ms - call->at_ms > WINDOW_MS)
        return "a stale request was taken";
    for (uint32_t i = 0; i < facts->nonce_count; i++)
        if (facts->nonces[i].nonce == call->nonce &&
            self->now_ms - facts->nonces[i].now_ms <= 2 * WINDOW_MS)
            return "a nonce was taken twice";
    if (facts->nonce_count == facts->nonce_room) {
        facts->nonce_room = facts->nonce_room * 2 + 64;
        facts->nonces = realloc(facts->nonces, facts->nonce_room * sizeof *facts->nonces);
        assert(facts->nonces);
    }
    facts->nonces[facts->nonce_count++] = (fact_nonce_t){ call->nonce, self->now_ms };
    return NULL;
}

static const char *
answer_done(const answer_t *self)
{
    const call_t *call = self->call;
    const char *broken = NULL;
    switch (call->operation) {
    case OP_SEATS_LOCK:
    case OP_SEATS_BEST:
        return answer_locked(self);
    case OP_SEATS_EXTEND:
        return answer_extended(self);
    case OP_SEATS_RELEASE:
        broken = answer_in_time(self, call->lock);
        fact_let_go(self->facts, call->lock);
        return broken;
    case OP_ORDER_CREATE:
        return answer_ordered(self);
    case OP_ORDER_CANCEL:
        broken = answer_by_owner(self, call->purchase);
        fact_let_go(self->facts, call->purchase);
        return broken;
    case OP_ORDER_ACCEPT:
        broken = answer_by_owner(self, call->purchase);
        return broken || !call->paid ? broken : answer_tickets(self);
    case OP_PAYMENT_SETTLE:
        return answer_paid(self);
    case OP_SEATS_BLOCK:
        return answer_blocked(self);
    case OP_SEATS_UNBLOCK:
        for (uint32_t i = 0; i < call->count; i++)
            self->facts->seats[call->seats[i]] = (fact_seat_t){ .kind = FACT_UNKNOWN };
        return NULL;
    case OP_TICKET_REDEEM:
        return answer_redeemed(self);
    case OP_TICKET_PRINT:
        return answer_printed(self);
    default:
        return NULL;
    }
}

const char *
facts_answered(facts_t *self, const call_t *call, int64_t now_ms, status_t status, const void *body,
               uint32_t size)
{
    answer_t answer = { .facts = self, .call = call, .now_ms = now_ms, .body = body, .size = size };
    const char *broken = answer_nonce(&answer, status);
    if (broken)
        return broken;
    if (status == STATUS_OK)
        return answer_done(&answer);
    if (status == STATUS_LATE_OFFER && call->operation == OP_PAYMENT_SETTLE)
        return answer_offered(&answer);
    if (status == STATUS_AMOUNT_MISMATCH)
        facts_purchase(self, call->purchase)->may_end = true;
    return NULL;
}
