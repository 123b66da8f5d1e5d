/* history_clock - the server's clock at a number, bounded by what answers tell: promise (7) of
 * history.h. */
#include "tests/history/inside.h"
#include <stdlib.h>

static uint64_t
clock_place(uint16_t partition, uint64_t sequence)
{
    return (uint64_t)partition << 48 | (sequence & ((UINT64_C(1) << 48) - 1));
}

bool
history_clock(history_t *self)
{
    item_t *items = malloc(2 * ((size_t)self->count + 1) * sizeof *items);
    self->moments = malloc(((size_t)self->count + 1) * sizeof *self->moments);
    if (!items || !self->moments) {
        free(items);
        return history_short(self);
    }
    uint32_t count = 0;
    for (uint32_t i = 0; i < self->count; i++) {
        const row_t *row = &self->rows[i];
        if (row->fate == FATE_DONE && row->served_ms)
            items[count++] = (item_t){ clock_place(row->partition, row->sequence), i };
    }
    history_sort(items, items + self->count, count);
    bool good = true;
    for (uint32_t i = 0; i < count && good; i++) {
        moment_t moment = { items[i].key, self->rows[items[i].at].served_ms, items[i].at };
        const moment_t *last =
            self->moment_count ? &self->moments[self->moment_count - 1] : &moment;
        if (moment.place == last->place && moment.served_ms != last->served_ms)
            good = history_wrong(self, last->row, moment.row, "one entry has two times");
        else if (moment.place >> 48 == last->place >> 48 && moment.served_ms < last->served_ms)
            good = history_wrong(self, last->row, moment.row, "the server's clock went back");
        else if (self->moment_count == 0 || moment.place != last->place)
            self->moments[self->moment_count++] = moment;
    }
    free(items);
    return good;
}

/* How many moments stand at or before the place. */
static uint32_t
clock_find(const history_t *self, uint64_t place)
{
    uint32_t low = 0, high = self->moment_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (self->moments[middle].place <= place)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int64_t
clock_least(const history_t *self, uint16_t partition, uint64_t sequence)
{
    uint32_t at = clock_find(self, clock_place(partition, sequence));
    if (at == 0 || self->moments[at - 1].place >> 48 != partition)
        return INT64_MIN;
    return self->moments[at - 1].served_ms;
}

int64_t
clock_most(const history_t *self, uint16_t partition, uint64_t sequence)
{
    uint64_t place = clock_place(partition, sequence);
    uint32_t at = clock_find(self, place);
    if (at > 0 && self->moments[at - 1].place == place)
        return self->moments[at - 1].served_ms;
    if (at == self->moment_count || self->moments[at].place >> 48 != partition)
        return INT64_MAX;
    return self->moments[at].served_ms;
}
