/* hall_text - see hall_text.h for the contract. A map's text is made once a change, whoever many
 * ask. */
#include "clients/bridge/hall_text.h"
#include "clients/bridge/answer.h"
#include "clients/bridge/ask.h"
#include "clients/bridge/live.h"
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HALL_SEAT_TEXT = 72, HALL_LAYOUT_TEXT = 40 };

static char *
hall_put_number(char *to, uint32_t number)
{
    char text[10];
    int at = sizeof text;
    do {
        text[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    memcpy(to, text + at, sizeof text - (size_t)at);
    return to + sizeof text - at;
}

static char *
hall_put_text(char *to, const char *text)
{
    size_t size = strlen(text);
    memcpy(to, text, size);
    return to + size;
}

static bool
hall_text_room(hall_text_t *text, size_t room)
{
    if (room <= text->room)
        return true;
    char *bytes = realloc(text->text, room);
    if (!bytes)
        return false;
    text->text = bytes;
    text->room = room;
    return true;
}

/* The text is new: what was packed of the old one goes. */
static void
hall_text_made(hall_text_t *text, size_t size)
{
    free(text->packed);
    text->packed = NULL;
    text->size = size;
    text->good = true;
}

static const char *const hall_states[] = { "available", "locked", "sold", "blocked" };

static bool
hall_make_map(hall_t *self)
{
    hall_text_t *map = &self->map;
    if (!hall_text_room(map, (size_t)self->seat_count * HALL_SEAT_TEXT + 2))
        return false;
    char *to = map->text;
    *to++ = '[';
    for (uint32_t i = 0; i < self->seat_count; i++) {
        to = hall_put_text(to, i ? ",{\"id\":" : "{\"id\":");
        to = hall_put_number(to, i + 1);
        to = hall_put_text(to, ",\"row\":");
        to = hall_put_number(to, self->seats[i].row);
        to = hall_put_text(to, ",\"col\":");
        to = hall_put_number(to, self->seats[i].column);
        to = hall_put_text(to, ",\"status\":\"");
        to = hall_put_text(to, hall_states[self->seats[i].state]);
        to = hall_put_text(to, "\"}");
    }
    *to++ = ']';
    hall_text_made(map, (size_t)(to - map->text));
    return true;
}

size_t
hall_put_states(const hall_t *self, const char *type, char *to, size_t room)
{
    if (room < self->seat_count + 128u)
        return 0;
    char *at = to + snprintf(to, 128, "{\"type\":\"%s\",\"number\":%" PRIu32 ",\"states\":\"", type,
                             self->number);
    for (uint32_t i = 0; i < self->seat_count; i++)
        *at++ = (char)('0' + self->seats[i].state);
    at = hall_put_text(at, "\"}");
    return (size_t)(at - to);
}

size_t
hall_put_changes(const hall_t *self, const char *type, uint32_t since, char *to, size_t room)
{
    if (room < (size_t)self->seat_count * 9 + 128)
        return 0;
    char *at =
        to + snprintf(to, 128,
                      "{\"type\":\"%s\",\"from\":%" PRIu32 ",\"number\":%" PRIu32 ",\"changes\":[",
                      type, since + 1, self->number);
    bool first = true;
    for (uint32_t i = 0; i < self->seat_count; i++) {
        if (self->changed[i] <= since)
            continue;
        at = hall_put_text(at, first ? "[" : ",[");
        first = false;
        at = hall_put_number(at, i + 1);
        *at++ = ',';
        *at++ = (char)('0' + self->seats[i].state);
        *at++ = ']';
    }
    at = hall_put_text(at, "]}");
    return (size_t)(at - to);
}

static bool
hall_make_compact(hall_t *self)
{
    hall_text_t *compact = &self->compact;
    if (!hall_text_room(compact, HALL_STATES_ROOM))
        return false;
    hall_text_made(compact, hall_put_states(self, "seats", compact->text, compact->room));
    return compact->size > 0;
}

static bool
hall_make_layout(hall_t *self)
{
    hall_text_t *layout = &self->layout;
    if (!hall_text_room(layout, (size_t)self->seat_count * HALL_LAYOUT_TEXT + 64))
        return false;
    char *to = layout->text +
               sprintf(layout->text, "{\"showtime\":%" PRIu64 ",\"seats\":[", self->showtime);
    for (uint32_t i = 0; i < self->seat_count; i++) {
        const hall_seat_t *seat = &self->seats[i];
        to = hall_put_text(to, i ? ",[" : "[");
        to = hall_put_number(to, i + 1);
        *to++ = ',';
        to = hall_put_number(to, seat->row);
        *to++ = ',';
        to = hall_put_number(to, seat->column);
        to = hall_put_text(to, ",\"");
        *to++ = seat->kind;
        to = hall_put_text(to, "\",\"");
        *to++ = seat->zone;
        to = hall_put_text(to, "\"]");
    }
    to = hall_put_text(to, "]}");
    hall_text_made(layout, (size_t)(to - layout->text));
    return true;
}

/* An answer with an entity tag: 304 for who has it already. The tag is weak, as it is the same
 * packed and unpacked. */
static void
hall_answer_text(call_t *call, hall_text_t *text, const char *etag, const char *cache)
{
    char extra[160];
    snprintf(extra, sizeof extra, "ETag: %s\r\n%s", etag, cache);
    if (call->gzip && text->size >= ANSWER_GZIP_FROM && !text->packed)
        text->packed = answer_gzip(text->text, text->size, &text->packed_size);
    if (*call->etag && http_etag_listed((http_text_t){ call->etag, strlen(call->etag) }, etag))
        answer_empty(call, 304, extra);
    else if (call->gzip && text->packed)
        answer_packed(call, 200, "application/json", text->packed, text->packed_size, extra);
    else
        answer_bytes(call, 200, "application/json", text->text, text->size, extra);
}

/* Since a number that this copy does not reach back to, the whole is told. */
static void
hall_answer_changes(hall_t *self, call_t *call)
{
    static char room[HALL_CHANGES_ROOM];
    size_t size = call->since >= self->base && call->since <= self->number
                      ? hall_put_changes(self, "changes", (uint32_t)call->since, room, sizeof room)
                      : hall_put_states(self, "seats", room, sizeof room);
    answer_bytes(call, 200, "application/json", room, size, "");
}

void
hall_answer(hall_t *self, call_t *call)
{
    char etag[48];
    bool good = true;
    switch ((hall_format_t)call->format) {
    case HALL_MAP:
    case HALL_COMPACT: {
        hall_text_t *text = call->format == HALL_MAP ? &self->map : &self->compact;
        if (!text->good)
            good = call->format == HALL_MAP ? hall_make_map(self) : hall_make_compact(self);
        snprintf(etag, sizeof etag, "W/\"%c%" PRIu32 "\"", call->format == HALL_MAP ? 'm' : 'c',
                 self->number);
        if (good)
            hall_answer_text(call, text, etag, "Cache-Control: no-cache\r\n");
        break;
    }
    case HALL_LAYOUT:
        good = self->layout.good || hall_make_layout(self);
        if (good)
            hall_answer_text(call, &self->layout, "W/\"layout\"",
                             "Cache-Control: public, max-age=86400, immutable\r\n");
        break;
    case HALL_CHANGES:
        hall_answer_changes(self, call);
        return;
    case HALL_STREAM:
        live_begin_seats(self, call);
        return;
    default:
        assert(false);
    }
    if (!good)
        answer_problem(call, PROBLEM_INTERNAL, "memory is short", "");
}
