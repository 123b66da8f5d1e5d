/* history_seats - who has a seat after whom: one owner at a time, and no refusal without one. */
#include "broker/status.h"
#include "tests/history/inside.h"
#include <stdlib.h>

/* One seat while its tenures are walked over, in order of number. */
typedef struct {
    history_t *history;
    const tenure_t *owner; /* the newest; NULL: nobody yet */
    bool owner_sold;       /* an answer showed that it was sold, although its sale is unknown */
    uint64_t owner_freed;  /* of a blocking: when it was taken back; or NEVER */
    uint64_t unblock_from; /* the least number of an unblocking */
    uint64_t maybe_from;   /* of a lock of unknown outcome */
    uint64_t sold_from;    /* of a sale of unknown outcome */
    uint32_t sales;        /* of them */
} seat_t;

bool
history_tenure(history_t *self, const tenure_t *tenure)
{
    if (self->tenure_count == self->tenure_room) {
        uint32_t room = self->tenure_room ? self->tenure_room / 2 * 3 : 1024;
        tenure_t *tenures = realloc(self->tenures, room * sizeof *tenures);
        if (!tenures)
            return history_short(self);
        self->tenures = tenures;
        self->tenure_room = room;
    }
    self->tenures[self->tenure_count++] = *tenure;
    return true;
}

static uint16_t
seat_partition(const seat_t *self, const tenure_t *tenure)
{
    return self->history->rows[tenure->row].partition;
}

/* Can the owner have let the seat go by `number`? */
static bool
seat_may_be_free(const seat_t *self, uint64_t number)
{
    const tenure_t *owner = self->owner;
    if (owner->held_until > number)
        return false;
    if (owner->kind == SEAT_BLOCKING)
        return self->owner_freed <= number || self->unblock_from <= number;
    if (owner->sold_sure != NEVER)
        return owner->free_from <= number;
    if (self->owner_sold)
        return false;
    return owner->free_from <= number ||
           clock_most(self->history, seat_partition(self, owner), number) >= owner->until_ms;
}

static bool
seat_owned(seat_t *self, const tenure_t *next)
{
    const tenure_t *owner = self->owner;
    bool same = owner && owner->kind == next->kind && owner->kind == SEAT_OWNED &&
                owner->lock == next->lock;
    if (owner && !same && !seat_may_be_free(self, next->begin))
        return history_wrong(self->history, owner->row, next->row, "seat %u has two owners",
                             next->seat);
    self->owner = next;
    self->owner_sold = false;
    self->owner_freed = NEVER;
    return true;
}

/* Can the owner have had the seat at `number`, sold or locked as the refusal says? */
static bool
seat_may_hold(const seat_t *self, const tenure_t *owner, uint64_t number, bool sold)
{
    if (owner->kind != SEAT_OWNED || owner->begin > number || owner->free_sure < number)
        return false;
    if (sold)
        return owner->sold_from <= number;
    if (owner->sold_sure < number)
        return false;
    return owner->longer || owner->until_ms == 0 ||
           clock_least(self->history, seat_partition(self, owner), number) < owner->until_ms;
}

/* A refusal: somebody must have had the seat. `rest` is what stands behind it. */
static bool
seat_seen(seat_t *self, const tenure_t *seen, const item_t *rest, uint32_t count)
{
    bool sold = self->history->rows[seen->row].status == STATUS_SEAT_SOLD;
    bool other = !sold && self->maybe_from <= seen->begin;
    bool by_owner = self->owner && seat_may_hold(self, self->owner, seen->begin, sold);
    self->history->counts.refusals++;
    for (uint32_t i = 0; i < count && !other; i++) {
        const tenure_t *next = &self->history->tenures[rest[i].at];
        if (next->seat != seen->seat || next->showtime != seen->showtime ||
            next->begin != seen->begin)
            break;
        other = seat_may_hold(self, next, seen->begin, sold);
    }
    /* Only this owner's sale of unknown outcome explains it: then it was sold. */
    if (sold && by_owner && self->owner->sold_sure == NEVER && !other && self->sales <= 1)
        self->owner_sold = true;
    if (other || by_owner || (sold && self->sold_from <= seen->begin))
        return true;
    return history_wrong(self->history, self->owner ? self->owner->row : ROW_NONE, seen->row,
                         "seat %u is said to be %s, but nobody has it", seen->seat,
                         sold ? "sold" : "locked");
}

static bool
seats_walk(history_t *self, const item_t *items, uint32_t count)
{
    seat_t seat = { 0 };
    uint64_t any_from = NEVER;
    for (uint32_t i = 0; i < count; i++) {
        const tenure_t *tenure = &self->tenures[items[i].at];
        const tenure_t *before = i ? &self->tenures[items[i - 1].at] : NULL;
        if (!before || before->showtime != tenure->showtime)
            any_from = NEVER;
        if (!before || before->showtime != tenure->showtime || before->seat != tenure->seat)
            seat = (seat_t){ .history = self,
                             .owner_freed = NEVER,
                             .unblock_from = NEVER,
                             .maybe_from = any_from,
                             .sold_from = NEVER };
        bool good = true;
        switch ((seat_kind_t)tenure->kind) {
        case SEAT_ANY:
            if (tenure->begin < any_from)
                any_from = tenure->begin;
            break;
        case SEAT_MAYBE:
            seat.sales += tenure->sold_from != NEVER;
            if (tenure->sold_from < seat.sold_from)
                seat.sold_from = tenure->sold_from;
            if (tenure->sold_from == NEVER && tenure->begin < seat.maybe_from)
                seat.maybe_from = tenure->begin;
            break;
        case SEAT_SEEN:
            good = seat_seen(&seat, tenure, items + i + 1, count - i - 1);
            break;
        case SEAT_UNBLOCKED:
            if (self->rows[tenure->row].fate == FATE_DONE)
                seat.owner_freed = tenure->begin;
            else if (tenure->begin < seat.unblock_from)
                seat.unblock_from = tenure->begin;
            break;
        case SEAT_BLOCKING:
        case SEAT_OWNED:
            good = seat_owned(&seat, tenure);
            break;
        }
        if (!good)
            return false;
    }
    return true;
}

static bool
seats_sorted(history_t *self, item_t *items, item_t *scratch)
{
    uint32_t count = self->tenure_count;
    for (uint32_t i = 0; i < count; i++)
        items[i] = (item_t){ (uint64_t)self->tenures[i].lock << 8 | self->tenures[i].kind, i };
    history_sort(items, scratch, count);
    for (uint32_t i = 0; i < count; i++)
        items[i].key = self->tenures[items[i].at].begin;
    history_sort(items, scratch, count);
    for (uint32_t i = 0; i < count; i++)
        items[i].key = self->tenures[items[i].at].seat;
    history_sort(items, scratch, count);
    for (uint32_t i = 0; i < count; i++)
        items[i].key = self->tenures[items[i].at].showtime;
    history_sort(items, scratch, count);
    return seats_walk(self, items, count);
}

bool
history_seats(history_t *self)
{
    item_t *items = malloc(2 * ((size_t)self->tenure_count + 1) * sizeof *items);
    bool good = items ? seats_sorted(self, items, items + self->tenure_count) : history_short(self);
    free(items);
    return good;
}
