/* history_order - numbers against time: promises (1) to (3) of history.h.
 *
 * One walk over all beginnings and ends in order of time, with the greatest number received so far
 * from each partition at hand. A call that ended in the very moment in which another began did not
 * end before it. */
#include "broker/status.h"
#include "tests/history/inside.h"
#include <stdlib.h>

enum { PARTITIONS = 1 << 16 };

typedef struct {
    uint64_t number;
    uint32_t row; /* that told it */
} seen_t;

static bool
order_told(const row_t *row)
{
    return row->status != CALL_NO_ANSWER && (row->sequence > 0 || row->status == STATUS_OK);
}

static bool
order_begin(history_t *self, uint32_t at, const seen_t *seen)
{
    const row_t *row = &self->rows[at];
    if (row->stands != ROW_NONE) {
        row_t *stands = &self->rows[row->stands];
        stands->lowest = seen->number;
        if (stands->fate == FATE_DONE && stands->sequence <= seen->number)
            return history_wrong(self, seen->row, row->stands,
                                 "a write has a number that was told before it began");
    }
    /* The number of a command that was carried out is its first copy's concern. */
    bool done = row->status == STATUS_OK || row->status == STATUS_PENDING ||
                row->status >= STATUS_UNKNOWN_SHOWTIME;
    if (row->fate != FATE_READ && done)
        return true;
    if (order_told(row) && row->sequence < seen->number)
        return history_wrong(self, seen->row, at, "%s",
                             row->fate == FATE_READ
                                 ? "a read saw less than was told before it began"
                                 : "a refusal has a number below one told before it began");
    return true;
}

static bool
order_walk(history_t *self, const item_t *begins, const item_t *ends, uint32_t end_count,
           seen_t *seen)
{
    uint32_t ended = 0;
    for (uint32_t i = 0; i < self->count; i++) {
        for (; ended < end_count && ends[ended].key < begins[i].key; ended++) {
            const row_t *row = &self->rows[ends[ended].at];
            if (row->sequence >= seen[row->partition].number)
                seen[row->partition] = (seen_t){ row->sequence, ends[ended].at };
        }
        if (!order_begin(self, begins[i].at, &seen[self->rows[begins[i].at].partition]))
            return false;
    }
    return true;
}

static bool
order_sorted(history_t *self, item_t *begins, item_t *ends, item_t *scratch, seen_t *seen)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < self->count; i++) {
        begins[i] = (item_t){ (uint64_t)self->rows[i].start_ns ^ UINT64_C(1) << 63, i };
        if (order_told(&self->rows[i]))
            ends[count++] = (item_t){ (uint64_t)self->rows[i].end_ns ^ UINT64_C(1) << 63, i };
        if (self->rows[i].status != CALL_NO_ANSWER && self->rows[i].end_ns < self->rows[i].start_ns)
            return history_wrong(self, i, ROW_NONE, "a call ended before it began");
    }
    history_sort(begins, scratch, self->count);
    history_sort(ends, scratch, count);
    return order_walk(self, begins, ends, count, seen);
}

bool
history_order(history_t *self)
{
    item_t *items = malloc(3 * ((size_t)self->count + 1) * sizeof *items);
    seen_t *seen = malloc(PARTITIONS * sizeof *seen);
    for (uint32_t i = 0; seen && i < PARTITIONS; i++)
        seen[i] = (seen_t){ 0, ROW_NONE };
    bool good = items && seen ? order_sorted(self, items, items + self->count,
                                             items + 2 * (size_t)self->count, seen)
                              : history_short(self);
    free(items);
    free(seen);
    return good;
}
