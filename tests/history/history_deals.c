/* history_deals - all locks, and who had which seat by them: the tenures that history_seats.c
 * judges. */
#include "broker/operation.h"
#include "broker/status.h"
#include "tests/history/deal.h"
#include <stdlib.h>

/* What a showtime's calls say that is not about one lock. */
typedef struct {
    uint64_t known_from; /* an answer showed that it exists */
    uint32_t known_row, unknown_row;
    uint64_t unknown_at;  /* the last answer that it does not */
    bool maybe;           /* a lock of unknown outcome */
    uint32_t last_locked; /* row of the lock with the number before */
} show_t;

/* ------------------------------------------------------------------ who had the seats */

static bool
deal_offered_seats(deal_t *self)
{
    history_t *history = self->history;
    const row_t *row = &history->rows[self->offer];
    for (uint32_t i = 0; i < row->seat_count; i++) {
        tenure_t tenure = {
            .showtime = row->showtime,
            .begin = row->sequence,
            .free_from = row->sequence, /* declined at any time, or by its end */
            .free_sure = NEVER,
            .sold_from = self->accept.from,
            .sold_sure = NEVER,
            .until_ms = row->until_ms,
            .lock = row->lock,
            .row = self->offer,
            .seat = row_seats(history, row)[i],
            .kind = SEAT_OWNED,
        };
        if (!history_tenure(history, &tenure))
            return false;
    }
    return true;
}

/* A sale of unknown outcome may take the seats of an order that had expired, or hold others. */
static bool
deal_maybe_sold(deal_t *self, tenure_t tenure)
{
    if (self->sale.from == NEVER || self->sale.sure != NEVER)
        return true;
    tenure_t others = tenure;
    tenure.kind = SEAT_MAYBE;
    tenure.begin = tenure.sold_from = others.begin = self->sale.from;
    others.kind = SEAT_ANY;
    others.seat = 0;
    return history_tenure(self->history, &tenure) && history_tenure(self->history, &others);
}

static bool
deal_seat_tenure(deal_t *self, uint32_t at)
{
    history_t *history = self->history;
    const row_t *locked = &history->rows[self->locked];
    uint16_t seat = row_seats(history, locked)[at];
    uint32_t place = deal_seat(self, seat);
    const row_t *sale = self->sale.row == ROW_NONE ? NULL : &history->rows[self->sale.row];
    bool late = sale && deal_until(self, sale->sequence) != 0 && deal_may_be_over(self, sale);
    tenure_t tenure = {
        .showtime = locked->showtime,
        .begin = locked->sequence,
        .free_from =
            self->release.from < self->cancel.from ? self->release.from : self->cancel.from,
        .free_sure =
            self->release.sure < self->cancel.sure ? self->release.sure : self->cancel.sure,
        .held_until = self->held_until,
        .sold_from = self->sale.from,
        .sold_sure = NEVER,
        .until_ms = deal_until(self, NEVER),
        .lock = locked->lock,
        .row = self->locked,
        .seat = seat,
        .kind = SEAT_OWNED,
        .longer = self->extended_from != NEVER,
    };
    if (!sale)
        return history_tenure(history, &tenure) && deal_maybe_sold(self, tenure);
    if (late) {
        /* Perhaps in time, perhaps its seats were free again and taken a second time. */
        if (!history_tenure(history, &tenure))
            return false;
        tenure.begin = sale->sequence;
    }
    tenure.sold_sure = sale->sequence;
    if (tenure.held_until < sale->sequence)
        tenure.held_until = sale->sequence;
    if (self->redeem[place].sure != NEVER && tenure.held_until < self->redeem[place].sure)
        tenure.held_until = self->redeem[place].sure;
    tenure.free_from = self->refund[place].from;
    tenure.free_sure = self->refund[place].sure;
    return history_tenure(history, &tenure);
}

static bool
deal_tenures(deal_t *self)
{
    if (self->locked != ROW_NONE)
        for (uint32_t i = 0; i < self->history->rows[self->locked].seat_count; i++)
            if (!deal_seat_tenure(self, i))
                return false;
    return self->offer == ROW_NONE || deal_offered_seats(self);
}

/* ------------------------------------------------------------------ showtimes */

/* Calls that are about no lock that is known: refused or unanswered locks, blocked seats. */
static bool
show_seats(history_t *history, const row_t *row, uint32_t at)
{
    bool maybe = row->fate == FATE_MAYBE, good = row->status == STATUS_OK;
    tenure_t tenure = {
        .showtime = row->showtime,
        .begin = row_place(row),
        .free_from = NEVER,
        .free_sure = NEVER,
        .sold_from = NEVER,
        .sold_sure = NEVER,
        .until_ms = INT64_MAX,
        .row = at,
    };
    if (row->operation == OP_SEATS_UNBLOCK && (maybe || good))
        tenure.kind = SEAT_UNBLOCKED;
    else if (row->operation == OP_SEATS_BLOCK && good && !maybe)
        tenure.kind = SEAT_BLOCKING;
    else if (row->operation == OP_SEATS_LOCK && maybe)
        tenure.kind = SEAT_MAYBE;
    else if (row->operation == OP_SEATS_BEST && maybe)
        tenure.kind = SEAT_ANY;
    else if (!maybe && row->refused &&
             (row->status == STATUS_SEAT_LOCKED || row->status == STATUS_SEAT_SOLD))
        tenure.kind = SEAT_SEEN;
    else
        return true;
    if (tenure.kind == SEAT_SEEN || tenure.kind == SEAT_ANY) {
        tenure.seat = tenure.kind == SEAT_SEEN ? row->refused : 0;
        return history_tenure(history, &tenure);
    }
    for (uint32_t i = 0; i < row->seat_count; i++) {
        tenure.seat = row_seats(history, row)[i];
        if (!history_tenure(history, &tenure))
            return false;
    }
    return true;
}

static bool
show_add(show_t *show, history_t *history, const item_t *items, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const row_t *row = &history->rows[items[i].at];
        bool lock = row->operation == OP_SEATS_LOCK || row->operation == OP_SEATS_BEST;
        show->maybe = show->maybe || (lock && row->fate == FATE_MAYBE);
        if (row->status == STATUS_UNKNOWN_SHOWTIME && row->sequence >= show->unknown_at) {
            show->unknown_at = row->sequence;
            show->unknown_row = items[i].at;
        }
        if (row->status == STATUS_OK && row->fate != FATE_MAYBE &&
            row->sequence < show->known_from) {
            show->known_from = row->sequence;
            show->known_row = items[i].at;
        }
        if ((row->lock == 0 || row->operation == OP_SEATS_LOCK) && row->fate != FATE_READ &&
            !(lock && row->status == STATUS_OK) && !show_seats(history, row, items[i].at))
            return false;
    }
    return true;
}

static bool
show_deal(show_t *show, history_t *history, const item_t *items, uint32_t count)
{
    deal_t deal;
    deal_init(&deal, history, items, count);
    if (!deal_add_up(&deal) || !deal_judge(&deal, show->maybe) || !deal_tenures(&deal))
        return false;
    if (deal.locked == ROW_NONE)
        return true;
    history->counts.locks++;
    if (show->last_locked != ROW_NONE &&
        history->rows[show->last_locked].sequence > history->rows[deal.locked].sequence)
        return history_wrong(history, show->last_locked, deal.locked,
                             "lock numbers do not follow the order of entries");
    show->last_locked = deal.locked;
    return true;
}

/* All calls about one showtime, by lock and number; those about none come first. */
static bool
deals_showtime(history_t *self, const item_t *items, uint32_t count)
{
    show_t show = { .known_from = NEVER, .known_row = ROW_NONE, .unknown_row = ROW_NONE };
    show.last_locked = ROW_NONE;
    for (uint32_t i = 0, end; i < count; i = end) {
        uint32_t lock = self->rows[items[i].at].lock;
        for (end = i + 1; end < count && self->rows[items[end].at].lock == lock; end++)
            ;
        if (!show_add(&show, self, items + i, end - i) ||
            (lock && !show_deal(&show, self, items + i, end - i)))
            return false;
    }
    if (show.unknown_row != ROW_NONE && show.unknown_at > show.known_from)
        return history_wrong(self, show.known_row, show.unknown_row,
                             "a showtime that was sold is unknown");
    return true;
}

static bool
deals_sorted(history_t *self, item_t *items, item_t *scratch)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < self->count; i++) {
        const row_t *row = &self->rows[i];
        if (row->showtime && row->fate != FATE_NOTHING &&
            (row->fate != FATE_READ || row->status == STATUS_OK ||
             (row->status >= STATUS_UNKNOWN_SHOWTIME && row->status != CALL_NO_ANSWER)))
            items[count++] = (item_t){ row_place(row), i };
    }
    history_sort(items, scratch, count);
    for (uint32_t i = 0; i < count; i++)
        items[i].key = self->rows[items[i].at].lock;
    history_sort(items, scratch, count);
    for (uint32_t i = 0; i < count; i++)
        items[i].key = self->rows[items[i].at].showtime;
    history_sort(items, scratch, count);
    for (uint32_t i = 0, end; i < count; i = end) {
        for (end = i + 1; end < count && items[end].key == items[i].key; end++)
            ;
        if (!deals_showtime(self, items + i, end - i))
            return false;
    }
    return true;
}

bool
history_deals(history_t *self)
{
    item_t *items = malloc(2 * ((size_t)self->count + 1) * sizeof *items);
    bool good = items ? deals_sorted(self, items, items + self->count) : history_short(self);
    free(items);
    return good;
}
