/* history - see history.h for the contract: what is kept, and how a contradiction is told. */
#include "tests/history/history.h"
#include "broker/operation.h"
#include "broker/status.h"
#include "tests/history/inside.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

history_t *
history_new(void)
{
    return calloc(1, sizeof(history_t));
}

void
history_destroy(history_t **self_p)
{
    history_t *self = *self_p;
    if (!self)
        return;
    free(self->rows);
    free(self->seats);
    free(self->moments);
    free(self->tenures);
    free(self);
    *self_p = NULL;
}

static bool
history_room(history_t *self, uint32_t seats)
{
    if (self->count == self->room) {
        uint32_t room = self->room ? self->room / 2 * 3 : 1024;
        row_t *rows = realloc(self->rows, room * sizeof *rows);
        if (!rows)
            return false;
        self->rows = rows;
        self->room = room;
    }
    if (self->seat_room - self->seat_count < seats) {
        uint32_t room = self->seat_room ? self->seat_room / 2 * 3 : 4096;
        uint16_t *more = realloc(self->seats, room * sizeof *more);
        if (!more)
            return false;
        self->seats = more;
        self->seat_room = room;
    }
    return true;
}

bool
history_add(history_t *self, const history_call_t *call)
{
    if (!history_room(self, call->seat_count))
        return false;
    self->rows[self->count++] = (row_t){
        .client = call->client,
        .request = call->request,
        .showtime = call->showtime,
        .user = call->user,
        .start_ns = call->start_ns,
        .end_ns = call->status == CALL_NO_ANSWER ? INT64_MAX : call->end_ns,
        .sequence = call->status == CALL_NO_ANSWER ? 0 : call->sequence,
        .until_ms = call->until_ms,
        .served_ms = call->served_ms,
        .payment = call->payment,
        .amount = call->amount,
        .stands = ROW_NONE,
        .digest = call->digest,
        .lock = call->lock,
        .seats_at = self->seat_count,
        .operation = call->operation,
        .status = call->status,
        .partition = call->partition,
        .refused = call->refused,
        .seat_count = (uint8_t)call->seat_count,
    };
    if (call->seat_count)
        memcpy(self->seats + self->seat_count, call->seats, call->seat_count * sizeof *call->seats);
    self->seat_count += call->seat_count;
    return true;
}

bool
history_check(history_t *self, char why[HISTORY_WHY_MAX])
{
    bool good = history_copies(self) && history_order(self) && history_clock(self) &&
                history_deals(self) && history_seats(self);
    memcpy(why, self->why, HISTORY_WHY_MAX);
    return good;
}

history_counts_t
history_counts(const history_t *self)
{
    return self->counts;
}

uint64_t
history_count(const history_t *self)
{
    return self->count;
}

void
history_call(const history_t *self, uint64_t at, history_call_t *call)
{
    const row_t *row = &self->rows[at];
    *call = (history_call_t){
        .client = row->client,
        .request = row->request,
        .showtime = row->showtime,
        .user = row->user,
        .start_ns = row->start_ns,
        .end_ns = row->end_ns,
        .sequence = row->sequence,
        .until_ms = row->until_ms,
        .served_ms = row->served_ms,
        .payment = row->payment,
        .amount = row->amount,
        .digest = row->digest,
        .lock = row->lock,
        .operation = row->operation,
        .status = row->status,
        .partition = row->partition,
        .refused = row->refused,
        .seat_count = row->seat_count,
    };
    if (row->seat_count)
        memcpy(call->seats, row_seats(self, row), row->seat_count * sizeof *call->seats);
}

void
history_text(const history_call_t *call, char *text, size_t room)
{
    const operation_t *operation = operation_of(call->operation);
    char seats[CALL_SEATS_MAX * 6 + 8] = "";
    size_t at = 0;
    for (uint32_t i = 0; i < call->seat_count; i++)
        at += (size_t)snprintf(seats + at, sizeof seats - at, "%s%u",
                               i ? "," : " seats=", call->seats[i]);
    int size = snprintf(text, room, "%" PRId64 " ", call->start_ns);
    bool answered = call->status != CALL_NO_ANSWER;
    if (answered)
        size += snprintf(text + size, room - (size_t)size, "%" PRId64, call->end_ns);
    else
        size += snprintf(text + size, room - (size_t)size, "-");
    size += snprintf(text + size, room - (size_t)size, " %" PRIu64 ".%" PRIu64 " %s %s",
                     call->client, call->request, operation ? operation->name : "unknown",
                     answered ? status_name((status_t)call->status) : "-");
    const struct {
        const char *name;
        uint64_t value;
    } fields[] = {
        { "at", call->sequence },
        { "partition", call->partition },
        { "showtime", call->showtime },
        { "user", call->user },
        { "lock", call->lock },
        { "until", (uint64_t)call->until_ms },
        { "now", (uint64_t)call->served_ms },
        { "payment", call->payment },
        { "amount", (uint64_t)call->amount },
        { "refused", call->refused },
        { "digest", call->digest },
    };
    for (size_t i = 0; i < sizeof fields / sizeof fields[0] && (size_t)size < room; i++)
        if (fields[i].value)
            size += snprintf(text + size, room - (size_t)size, " %s=%" PRIu64, fields[i].name,
                             fields[i].value);
    if ((size_t)size < room)
        (void)snprintf(text + size, room - (size_t)size, "%s", seats);
}

bool
history_wrong(history_t *self, uint32_t one, uint32_t other, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(self->why, sizeof self->why, format, arguments);
    va_end(arguments);
    const uint32_t rows[] = { one, other };
    for (size_t i = 0; i < 2 && size > 0 && (size_t)size < sizeof self->why; i++) {
        history_call_t call;
        char text[HISTORY_WHY_MAX / 2 - 64];
        if (rows[i] == ROW_NONE)
            continue;
        history_call(self, rows[i], &call);
        history_text(&call, text, sizeof text);
        size += snprintf(self->why + size, sizeof self->why - (size_t)size, "\n    %s", text);
    }
    return false;
}

bool
history_short(history_t *self)
{
    return history_wrong(self, ROW_NONE, ROW_NONE, "not enough memory to check");
}

void
history_sort(item_t *items, item_t *scratch, uint32_t count)
{
    static const uint32_t bytes = sizeof items->key;
    uint32_t starts[sizeof items->key][256] = { 0 };
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t k = 0; k < bytes; k++)
            starts[k][items[i].key >> (8 * k) & 0xff]++;
    item_t *from = items, *to = scratch;
    for (uint32_t k = 0; k < bytes; k++) {
        uint32_t sum = 0;
        if (count == 0 || starts[k][from[0].key >> (8 * k) & 0xff] == count)
            continue; /* all have the same byte here */
        for (uint32_t i = 0; i < 256; i++) {
            uint32_t own = starts[k][i];
            starts[k][i] = sum;
            sum += own;
        }
        for (uint32_t i = 0; i < count; i++)
            to[starts[k][from[i].key >> (8 * k) & 0xff]++] = from[i];
        item_t *other = from;
        from = to;
        to = other;
    }
    if (from != items)
        memcpy(items, from, count * sizeof *items);
}
