/* history - see history.h for the contract. */
#include "tests/history/history.h"
#include "broker/operation.h"
#include "broker/shard.h"
#include "broker/status.h"
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A sorted view: the calls stay where they are. */
typedef struct {
    uint64_t key;
    uint32_t call;
} place_t;

typedef struct {
    const history_t *history;
    char *why;
} check_t;

static const char *
check_no(const check_t *self, const past_call_t *call, const char *what, const past_call_t *other)
{
    const operation_t *operation = operation_of(call->operation);
    int size = snprintf(self->why, HISTORY_WHY_MAX,
                        "%s: %s, showtime %" PRIu64 ", number %u, client %" PRIu64
                        ", request %" PRIu64 ", entry %" PRIu64,
                        what, operation ? operation->name : "?", call->showtime, call->purchase,
                        call->client, call->request, call->sequence);
    if (other && size > 0 && size < HISTORY_WHY_MAX)
        (void)snprintf(self->why + size, (size_t)(HISTORY_WHY_MAX - size),
                       " against client %" PRIu64 ", request %" PRIu64 ", entry %" PRIu64,
                       other->client, other->request, other->sequence);
    return self->why;
}

static int
place_order(const void *left, const void *right)
{
    const place_t *a = left, *b = right;
    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    return a->call < b->call ? -1 : a->call > b->call;
}

static bool
call_is_write(const past_call_t *call)
{
    const operation_t *operation = operation_of(call->operation);
    return operation && operation->mode == MODE_WRITE;
}

/* Was it carried out, or refused by the trade, in an entry of the journal? */
static bool
call_is_final(const past_call_t *call)
{
    return call->end_ns && call->sequence && call_is_write(call) &&
           (call->status == STATUS_OK || call->status >= 100);
}

static bool
call_is_done(const past_call_t *call)
{
    return call_is_final(call) && call->status == STATUS_OK;
}

/* ------------------------------------------------------------------ repeats */

static int
call_by_request(const void *left, const void *right)
{
    const past_call_t *a = left, *b = right;
    if (a->client != b->client)
        return a->client < b->client ? -1 : 1;
    if (a->request != b->request)
        return a->request < b->request ? -1 : 1;
    return a->start_ns < b->start_ns ? -1 : a->start_ns > b->start_ns;
}

/* A call sorts behind the one that it repeats. */
static bool
call_repeats(const history_t *self, size_t at)
{
    return at > 0 && self->calls[at].client == self->calls[at - 1].client &&
           self->calls[at].request == self->calls[at - 1].request;
}

static const char *
check_repeats(const check_t *self)
{
    const history_t *history = self->history;
    for (size_t i = 1; i < history->count; i++) {
        const past_call_t *first = &history->calls[i - 1], *again = &history->calls[i];
        if (!call_repeats(history, i) || !call_is_final(first) || !call_is_final(again))
            continue;
        if (again->status != first->status || again->sequence != first->sequence ||
            again->mark != first->mark)
            return check_no(self, again, "a repeat got another answer", first);
    }
    return NULL;
}

/* ------------------------------------------------------------------ real time */

/* Sweep over the beginnings of a partition's calls, with the highest answer that had come before
 * each. */
static const char *
check_partition(const check_t *self, const place_t *starts, const place_t *ends, size_t count,
                size_t end_count)
{
    const past_call_t *calls = self->history->calls, *highest = NULL;
    size_t ended = 0;
    for (size_t i = 0; i < count; i++) {
        const past_call_t *call = &calls[starts[i].call];
        for (; ended < end_count && ends[ended].key < starts[i].key; ended++)
            if (!highest || calls[ends[ended].call].sequence > highest->sequence)
                highest = &calls[ends[ended].call];
        if (!highest || !call->end_ns || !call->sequence ||
            call_repeats(self->history, starts[i].call))
            continue;
        bool fresh = call_is_final(call);
        if (fresh ? call->sequence <= highest->sequence : call->sequence < highest->sequence)
            return check_no(self, call, "an answer from before it was asked for", highest);
    }
    return NULL;
}

static const char *
check_real_time(const check_t *self)
{
    const history_t *history = self->history;
    place_t *starts = malloc((history->count + 1) * sizeof *starts);
    place_t *ends = malloc((history->count + 1) * sizeof *ends);
    assert(starts && ends);
    const char *broken = NULL;
    for (uint32_t partition = 0; partition < history->partitions && !broken; partition++) {
        size_t count = 0, end_count = 0;
        for (size_t i = 0; i < history->count; i++) {
            const past_call_t *call = &history->calls[i];
            if (shard_of(call->showtime, history->partitions) != partition)
                continue;
            starts[count++] = (place_t){ (uint64_t)call->start_ns, (uint32_t)i };
            if (call->end_ns && call->sequence)
                ends[end_count++] = (place_t){ (uint64_t)call->end_ns, (uint32_t)i };
        }
        qsort(starts, count, sizeof *starts, place_order);
        qsort(ends, end_count, sizeof *ends, place_order);
        broken = check_partition(self, starts, ends, count, end_count);
    }
    free(starts);
    free(ends);
    return broken;
}

/* ------------------------------------------------------------------ owners */

typedef struct {
    const past_call_t *lock, *ended, *payment;
    uint64_t user;
    int64_t until_ms, paid, returned;
    int64_t may_end_ns; /* somebody may have ended it from then on; 0: nobody */
    int64_t may_last_ns;
    uint64_t redeemed; /* a bit a ticket */
} owned_t;

typedef struct {
    const past_call_t *taken; /* by; NULL: not known to be taken */
    bool sold;
} held_seat_t;

enum { SEAT_ROOM = UINT16_MAX + 1 };

/* One showtime's purchases by number, and who has its seats. */
typedef struct {
    const check_t *check;
    owned_t *owned;
    size_t room;
    held_seat_t *seats;
} trade_t;

static owned_t *
trade_owned(trade_t *self, uint32_t number)
{
    if (number >= self->room) {
        size_t room = (size_t)number * 2 + 1024;
        self->owned = realloc(self->owned, room * sizeof *self->owned);
        assert(self->owned);
        memset(self->owned + self->room, 0, (room - self->room) * sizeof *self->owned);
        self->room = room;
    }
    return &self->owned[number];
}

/* May the holder have lost the seat by the time this call was carried out? */
static bool
owned_may_be_over(const trade_t *self, const owned_t *holder, const past_call_t *call)
{
    if (holder->ended || (holder->may_end_ns && holder->may_end_ns < call->end_ns))
        return true;
    int64_t latest_ms = call->end_ns / 1000000 + self->check->history->skew_ms;
    return !holder->payment && latest_ms >= holder->until_ms;
}

static const char *
trade_take(trade_t *self, const past_call_t *call, bool sold)
{
    for (uint32_t i = 0; i < PAST_SEATS_MAX && call->seats[i]; i++) {
        held_seat_t *seat = &self->seats[call->seats[i]];
        if (seat->taken && seat->taken->purchase != call->purchase) {
            const owned_t *holder = trade_owned(self, seat->taken->purchase);
            if (!owned_may_be_over(self, holder, call))
                return check_no(self->check, call,
                                holder->payment ? "a sold seat was given to somebody else"
                                                : "a locked seat was given to somebody else",
                                seat->taken);
        }
        *seat = (held_seat_t){ .taken = call, .sold = sold };
    }
    return NULL;
}

static const char *
trade_lock(trade_t *self, const past_call_t *call)
{
    owned_t *owned = trade_owned(self, call->purchase);
    if (owned->lock)
        return check_no(self->check, call, "a number was given twice", owned->lock);
    owned->lock = call;
    owned->user = call->user;
    owned->until_ms = call->until_ms;
    return trade_take(self, call, false);
}

/* Only the owner, in its time, and not after its end. */
static const char *
trade_own(trade_t *self, const past_call_t *call)
{
    const owned_t *owned = trade_owned(self, call->purchase);
    if (!owned->lock)
        return NULL;
    if (owned->user != call->user)
        return check_no(self->check, call, "it belongs to somebody else", owned->lock);
    if (owned->ended && owned->ended->sequence < call->sequence)
        return check_no(self->check, call, "it had ended", owned->ended);
    int64_t earliest_ms = call->start_ns / 1000000 - self->check->history->skew_ms;
    if (!owned->payment && !owned->may_last_ns && earliest_ms > owned->until_ms)
        return check_no(self->check, call, "a lock was of use after its end", owned->lock);
    return NULL;
}

static const char *
trade_extend(trade_t *self, const past_call_t *call)
{
    const char *broken = trade_own(self, call);
    owned_t *owned = trade_owned(self, call->purchase);
    if (!broken && call->until_ms < owned->until_ms)
        broken = check_no(self->check, call, "a lock became shorter", owned->lock);
    owned->until_ms = call->until_ms;
    return broken;
}

static const char *
trade_end(trade_t *self, const past_call_t *call)
{
    const char *broken = trade_own(self, call);
    owned_t *owned = trade_owned(self, call->purchase);
    if (!broken && owned->payment)
        broken = check_no(self->check, call, "what was paid was given back", owned->payment);
    owned->ended = call;
    return broken;
}

static const char *
trade_pay(trade_t *self, const past_call_t *call)
{
    owned_t *owned = trade_owned(self, call->purchase);
    if (owned->payment && owned->payment->mark != call->mark)
        return check_no(self->check, call, "an order was paid by two transactions", owned->payment);
    if (owned->payment)
        return NULL;
    if (owned->ended && owned->ended->sequence < call->sequence)
        return check_no(self->check, call, "an order was paid after its end", owned->ended);
    owned->payment = call;
    owned->paid = call->amount;
    if (!owned->lock)
        return NULL;
    past_call_t sold = *owned->lock;
    for (uint32_t i = 0; i < PAST_SEATS_MAX && sold.seats[i]; i++) {
        held_seat_t *seat = &self->seats[sold.seats[i]];
        if (seat->taken && seat->taken->purchase != call->purchase &&
            !owned_may_be_over(self, trade_owned(self, seat->taken->purchase), call))
            return check_no(self->check, call, "a seat was sold that another holds", seat->taken);
        *seat = (held_seat_t){ .taken = owned->lock, .sold = true };
    }
    return NULL;
}

static const char *
trade_refund(trade_t *self, const past_call_t *call)
{
    owned_t *owned = trade_owned(self, call->purchase);
    owned->returned += call->amount;
    if (owned->payment && owned->returned > owned->paid)
        return check_no(self->check, call, "more was paid back than was paid", owned->payment);
    owned->ended = call;
    return NULL;
}

static const char *
trade_redeem(trade_t *self, const past_call_t *call)
{
    owned_t *owned = trade_owned(self, call->purchase);
    uint64_t bit = UINT64_C(1) << (call->mark % 64);
    if (owned->redeemed & bit)
        return check_no(self->check, call, "a ticket let in twice", owned->payment);
    owned->redeemed |= bit;
    return NULL;
}

static const char *
trade_done(trade_t *self, const past_call_t *call)
{
    switch (call->operation) {
    case OP_SEATS_LOCK:
    case OP_SEATS_BEST:
        return trade_lock(self, call);
    case OP_SEATS_EXTEND:
        return trade_extend(self, call);
    case OP_ORDER_CREATE:
        return trade_own(self, call);
    case OP_SEATS_RELEASE:
    case OP_ORDER_CANCEL:
        return trade_end(self, call);
    case OP_PAYMENT_SETTLE:
        return trade_pay(self, call);
    case OP_ORDER_REFUND:
        return trade_refund(self, call);
    case OP_TICKET_REDEEM:
        return trade_redeem(self, call);
    default:
        return NULL;
    }
}

/* What was acknowledged must not be unknown to a later call. */
static const char *
trade_lost(trade_t *self, const past_call_t *call)
{
    const owned_t *owned = call->purchase ? trade_owned(self, call->purchase) : NULL;
    bool unknown = call->status == STATUS_UNKNOWN_LOCK || call->status == STATUS_UNKNOWN_ORDER ||
                   call->status == STATUS_UNKNOWN_TICKET;
    if (unknown && owned && owned->lock && owned->user == call->user &&
        owned->lock->end_ns < call->start_ns)
        return check_no(self->check, call, "what was acknowledged is lost", owned->lock);
    return NULL;
}

/* Of a call without an answer it is only known that it may have ended or prolonged something. */
static void
trade_unanswered(trade_t *self, const past_call_t *call)
{
    if (!call->purchase || !call_is_write(call) || (call->end_ns && call->status >= 100) ||
        call_is_done(call))
        return;
    owned_t *owned = trade_owned(self, call->purchase);
    bool ends = call->operation == OP_SEATS_RELEASE || call->operation == OP_ORDER_CANCEL ||
                call->operation == OP_ORDER_REFUND;
    if (ends && (!owned->may_end_ns || call->start_ns < owned->may_end_ns))
        owned->may_end_ns = call->start_ns;
    if (call->operation == OP_SEATS_EXTEND)
        owned->may_last_ns = call->start_ns;
}

/* In one entry, what gives seats back comes before what takes them: who gives a lock back knew its
 * number, so it was taken in an earlier entry. */
static uint64_t
call_rank(const past_call_t *call)
{
    bool takes = call->operation == OP_SEATS_LOCK || call->operation == OP_SEATS_BEST;
    return call->sequence << 1 | takes;
}

static const char *
check_showtime(trade_t *self, const place_t *places, size_t count, place_t *by_rank)
{
    const past_call_t *calls = self->check->history->calls;
    const char *broken = NULL;
    memset(self->seats, 0, SEAT_ROOM * sizeof *self->seats);
    if (self->room)
        memset(self->owned, 0, self->room * sizeof *self->owned);
    size_t ranked = 0;
    for (size_t i = 0; i < count; i++) {
        const past_call_t *call = &calls[places[i].call];
        trade_unanswered(self, call);
        if (call->end_ns && call->sequence && !call_repeats(self->check->history, places[i].call))
            by_rank[ranked++] = (place_t){ call_rank(call), places[i].call };
    }
    qsort(by_rank, ranked, sizeof *by_rank, place_order);
    for (size_t i = 0; i < ranked && !broken; i++) {
        const past_call_t *call = &calls[by_rank[i].call];
        broken = call_is_done(call) ? trade_done(self, call) : trade_lost(self, call);
    }
    return broken;
}

static const char *
check_owners(const check_t *self)
{
    const history_t *history = self->history;
    trade_t trade = { .check = self, .seats = calloc(SEAT_ROOM, sizeof *trade.seats) };
    place_t *places = malloc((history->count + 1) * sizeof *places);
    place_t *by_rank = malloc((history->count + 1) * sizeof *by_rank);
    assert(trade.seats && places && by_rank);
    for (size_t i = 0; i < history->count; i++)
        places[i] = (place_t){ history->calls[i].showtime, (uint32_t)i };
    qsort(places, history->count, sizeof *places, place_order);
    const char *broken = NULL;
    for (size_t first = 0, end; first < history->count && !broken; first = end) {
        for (end = first; end < history->count && places[end].key == places[first].key;)
            end++;
        broken = check_showtime(&trade, places + first, end - first, by_rank);
    }
    free(trade.owned);
    free(trade.seats);
    free(places);
    free(by_rank);
    return broken;
}

const char *
history_check(history_t *self, char *why)
{
    check_t check = { .history = self, .why = why };
    assert(self->count < UINT32_MAX);
    if (self->count)
        qsort(self->calls, self->count, sizeof *self->calls, call_by_request);
    const char *broken = check_repeats(&check);
    if (!broken)
        broken = check_real_time(&check);
    if (!broken)
        broken = check_owners(&check);
    return broken;
}
