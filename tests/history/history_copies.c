/* history_copies - which calls are copies of one command, and what became of it: promises (4) and
 * (5) of history.h. */
#include "broker/operation.h"
#include "broker/status.h"
#include "tests/history/inside.h"
#include <stdlib.h>

/* Is this answer for good: remembered, and given again to every repeat? */
static bool
copy_final(const row_t *row)
{
    return row->status == STATUS_OK || row->status == STATUS_PENDING ||
           (row->status >= STATUS_UNKNOWN_SHOWTIME && row->status != CALL_NO_ANSWER);
}

static bool
copy_same_command(const history_t *self, const row_t *a, const row_t *b)
{
    if (a->operation != b->operation || a->showtime != b->showtime || a->user != b->user)
        return false;
    /* An answer may have told the seats, but then they stand there, too. */
    for (uint32_t i = 0; i < a->seat_count && a->seat_count == b->seat_count; i++)
        if (row_seats(self, a)[i] != row_seats(self, b)[i])
            return a->operation == OP_SEATS_BEST;
    return true;
}

/* A deferred command was answered PENDING first: its end may be anything later. */
static bool
copy_same_answer(const row_t *a, const row_t *b)
{
    if (a->status == STATUS_PENDING || b->status == STATUS_PENDING)
        return true;
    return a->status == b->status && a->sequence == b->sequence && a->digest == b->digest &&
           a->lock == b->lock && a->until_ms == b->until_ms;
}

/* Judge the copies of one command, in order of their start. */
static bool
copies_judge(history_t *self, const item_t *items, uint32_t count)
{
    uint32_t first = ROW_NONE, stands = ROW_NONE, begin = ROW_NONE;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t at = items[i].at;
        row_t *row = &self->rows[at];
        if (row->status == STATUS_REQUEST_REUSED)
            continue; /* another command, which was refused for that */
        if (first == ROW_NONE)
            first = at;
        else
            self->counts.repeats++;
        if (!copy_same_command(self, &self->rows[first], row))
            return history_wrong(self, first, at, "one request names two commands");
        /* What a copy was refused for it did not do: the command begins with the first other one.
         */
        bool doubt = row->status == CALL_NO_ANSWER || row->status == STATUS_UNKNOWN_OUTCOME;
        if (begin == ROW_NONE && (doubt || copy_final(row)))
            begin = at;
        if (!copy_final(row))
            continue;
        if (stands == ROW_NONE)
            stands = at;
        else if (!copy_same_answer(&self->rows[stands], row))
            return history_wrong(self, stands, at, "a repeat was answered differently");
        else if (row->sequence < self->rows[stands].sequence ||
                 (row->sequence == self->rows[stands].sequence &&
                  row->end_ns < self->rows[stands].end_ns))
            stands = at;
    }
    if (begin == ROW_NONE)
        return true;
    if (stands == ROW_NONE) {
        stands = begin;
        self->counts.unknown++;
        self->rows[stands].fate = FATE_MAYBE;
    } else {
        self->rows[stands].fate = FATE_DONE;
    }
    self->counts.writes++;
    self->rows[begin].stands = stands;
    return true;
}

static bool
copies_sorted(history_t *self, item_t *items, item_t *scratch)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < self->count; i++) {
        row_t *row = &self->rows[i];
        const operation_t *operation = operation_of(row->operation);
        if (operation && operation->mode == MODE_WRITE)
            items[count++] = (item_t){ (uint64_t)row->start_ns, i };
        else
            row->fate = FATE_READ;
    }
    self->counts.calls = self->count;
    self->counts.reads = self->count - count;
    history_sort(items, scratch, count);
    for (uint32_t i = 0; i < count; i++)
        items[i].key = self->rows[items[i].at].request;
    history_sort(items, scratch, count);
    for (uint32_t i = 0; i < count; i++)
        items[i].key = self->rows[items[i].at].client;
    history_sort(items, scratch, count);
    for (uint32_t i = 0, end; i < count; i = end) {
        const row_t *row = &self->rows[items[i].at];
        for (end = i + 1; end < count; end++)
            if (self->rows[items[end].at].client != row->client ||
                self->rows[items[end].at].request != row->request)
                break;
        if (!copies_judge(self, items + i, end - i))
            return false;
    }
    return true;
}

bool
history_copies(history_t *self)
{
    item_t *items = malloc(2 * ((size_t)self->count + 1) * sizeof *items);
    bool good = items ? copies_sorted(self, items, items + self->count) : history_short(self);
    free(items);
    return good;
}
