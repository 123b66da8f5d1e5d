/* list - all showtimes by their start, gathered from the partitions when somebody asks and the last
 * list is old. */
#include "clients/bridge/list.h"
#include "clients/bridge/answer.h"
#include "clients/bridge/ask.h"
#include "clients/bridge/handlers.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LIST_PAGE = 500,
    LIST_FRESH_MS = 1000,
    LIST_FRESH_TIMES = 20, /* gathering takes at most this part of the time */
    LIST_SHOWTIMES_MAX = 200000,
    LIST_TEXT = 96,
    LIST_LIMIT = 100,
    LIST_LIMIT_MAX = 500,
};

typedef struct {
    uint64_t id;
    int64_t starts_ms;
    uint32_t free, seats;
    char title[LIST_TEXT + 1], hall[49], zone[32];
} list_line_t;

struct list {
    bridge_t *bridge;
    list_line_t *lines, *next_lines; /* those that are shown; those that are gathered */
    uint32_t count, next_count, next_room, partition, page_from;
    call_t *waiting;
    int64_t gathered_ms, began_ms, lasts_ms;
    bool gathering, have;
};

static int
list_order(const void *a, const void *b)
{
    const list_line_t *one = a, *other = b;
    if (one->starts_ms != other->starts_ms)
        return one->starts_ms < other->starts_ms ? -1 : 1;
    return one->id < other->id ? -1 : one->id > other->id;
}

static bool
list_read_text(mp_t *mp, char *to, size_t room)
{
    const char *text;
    uint32_t size;
    if (!mp_read_str(mp, &text, &size) || size >= room)
        return false;
    memcpy(to, text, size);
    to[size] = 0;
    return true;
}

static bool
list_read_line(mp_t *mp, list_line_t *line)
{
    uint32_t items;
    uint64_t free_seats, seats;
    if (!mp_read_array(mp, &items) || items != 7 || !mp_read_uint(mp, &line->id) ||
        !mp_read_int(mp, &line->starts_ms) ||
        !list_read_text(mp, line->title, sizeof line->title) ||
        !list_read_text(mp, line->hall, sizeof line->hall) || !mp_read_uint(mp, &free_seats) ||
        !mp_read_uint(mp, &seats) || !list_read_text(mp, line->zone, sizeof line->zone))
        return false;
    line->free = (uint32_t)free_seats;
    line->seats = (uint32_t)seats;
    return free_seats <= UINT32_MAX && seats <= UINT32_MAX;
}

static bool
list_reserve(list_t *self, uint32_t more)
{
    if (self->next_count + more <= self->next_room)
        return true;
    uint32_t room = self->next_room ? self->next_room : LIST_PAGE;
    while (room < self->next_count + more)
        room *= 2;
    list_line_t *lines =
        room <= 2 * LIST_SHOWTIMES_MAX ? realloc(self->next_lines, room * sizeof *lines) : NULL;
    if (!lines)
        return false;
    self->next_lines = lines;
    self->next_room = room;
    return true;
}

/* ------------------------------------------------------------------ answers */

typedef struct {
    uint64_t from_ms, until_ms, from, limit;
} list_window_t;

static json_t *
list_json(const list_t *self, const list_window_t *window)
{
    json_t *lines = json_array();
    uint64_t matched = 0;
    for (uint32_t i = 0; lines && i < self->count; i++) {
        const list_line_t *line = &self->lines[i];
        if (line->starts_ms < (int64_t)window->from_ms ||
            line->starts_ms >= (int64_t)window->until_ms)
            continue;
        if (matched++ < window->from || json_array_size(lines) >= window->limit)
            continue;
        (void)json_array_append_new(
            lines, json_pack("{s:I, s:I, s:s, s:s, s:i, s:i, s:s}", "showtime",
                             (json_int_t)line->id, "starts_ms", (json_int_t)line->starts_ms,
                             "title", line->title, "hall", line->hall, "free", (int)line->free,
                             "seats", (int)line->seats, "time_zone", line->zone));
    }
    return json_pack("{s:I, s:o}", "total", (json_int_t)matched, "showtimes", lines);
}

static void
list_answer(const list_t *self, call_t *call)
{
    list_window_t window;
    memcpy(&window, call->word, sizeof window);
    answer_json(call, 200, list_json(self, &window), "");
}
_Static_assert(sizeof(list_window_t) <= BRIDGE_WORD_MAX, "a window fits a call");

static void
list_end(list_t *self, const marquee_reply_t *refusal)
{
    call_t *call = self->waiting;
    int64_t now_ms = bridge_clock_us() / 1000;
    self->waiting = NULL;
    self->gathering = false;
    if (!refusal) {
        free(self->lines);
        self->lines = self->next_lines;
        self->count = self->next_count;
        self->next_lines = NULL;
        self->next_room = 0;
        if (self->count)
            qsort(self->lines, self->count, sizeof *self->lines, list_order);
        self->gathered_ms = now_ms;
        self->lasts_ms = (now_ms - self->began_ms) * LIST_FRESH_TIMES;
        self->have = true;
    }
    while (call) {
        call_t *next = call->next;
        call->next = NULL;
        if (refusal)
            answer_refused(call, refusal);
        else
            list_answer(self, call);
        call = next;
    }
}

/* ------------------------------------------------------------------ gathering */

static void list_ask(list_t *self, uint32_t from);

static void
list_page(void *argument, const marquee_reply_t *reply)
{
    list_t *self = argument;
    mp_t mp;
    uint32_t count = 0;
    uint64_t total = 0;
    const uint32_t before = self->next_count;
    bool good = reply->status == STATUS_OK && marquee_reply_number(reply, "total", &total) &&
                mp_find(reply->body, reply->body_size, "showtimes", &mp) &&
                mp_read_array(&mp, &count) && list_reserve(self, count);
    for (uint32_t i = 0; good && i < count; i++)
        good = list_read_line(&mp, &self->next_lines[self->next_count++]);
    if (!good) {
        marquee_reply_t refusal = *reply;
        if (refusal.status == STATUS_OK)
            refusal.status = STATUS_BAD_FRAME;
        list_end(self, &refusal);
        return;
    }
    self->page_from += count;
    if (count && self->page_from < total && before < LIST_SHOWTIMES_MAX) {
        list_ask(self, self->page_from);
        return;
    }
    if (++self->partition < marquee_partitions(self->bridge->marquee)) {
        self->page_from = 0;
        list_ask(self, 0);
        return;
    }
    list_end(self, NULL);
}

static void
list_ask(list_t *self, uint32_t from)
{
    uint8_t room[48];
    marquee_body_t body;
    bridge_t *bridge = self->bridge;
    marquee_body_init(&body, room, sizeof room);
    marquee_body_number(&body, "from", from);
    marquee_body_number(&body, "limit", LIST_PAGE);
    if (bridge->connected && marquee_call(bridge->marquee, OP_SHOWTIME_LIST, self->partition, &body,
                                          BRIDGE_READ_MS, list_page, self) == 0) {
        bridge_turn(bridge);
        return;
    }
    const marquee_reply_t away = { .status = MARQUEE_NOT_SENT };
    list_end(self, &away);
}

list_t *
list_new(bridge_t *bridge)
{
    list_t *self = calloc(1, sizeof *self);
    if (self)
        self->bridge = bridge;
    return self;
}

void
list_destroy(list_t **self_p)
{
    if (!*self_p)
        return;
    free((*self_p)->lines);
    free((*self_p)->next_lines);
    free(*self_p);
    *self_p = NULL;
}

void
handle_showtimes(call_t *call, const http_request_t *request, const path_t *path, http_text_t body)
{
    list_t *self = call->bridge->list;
    list_window_t window = { .until_ms = INT64_MAX, .limit = LIST_LIMIT };
    const struct {
        const char *name;
        uint64_t *value, max;
    } parameters[] = {
        { "from_ms", &window.from_ms, TIME_MAX_MS },
        { "until_ms", &window.until_ms, TIME_MAX_MS },
        { "from", &window.from, UINT32_MAX },
        { "limit", &window.limit, LIST_LIMIT_MAX },
    };
    (void)path;
    (void)body;
    for (size_t i = 0; i < sizeof parameters / sizeof parameters[0]; i++) {
        char text[24];
        int found = ask_query(request, parameters[i].name, text, sizeof text);
        if (found < 0 || (found && (!ask_decimal(text, parameters[i].value) ||
                                    *parameters[i].value > parameters[i].max))) {
            answer_problem(call, PROBLEM_BAD_PARAMETER, parameters[i].name, "");
            return;
        }
    }
    memcpy(call->word, &window, sizeof window);
    int64_t now_ms = call->began_us / 1000;
    int64_t lasts_ms = self->lasts_ms > LIST_FRESH_MS ? self->lasts_ms : (int64_t)LIST_FRESH_MS;
    if (self->have && now_ms - self->gathered_ms < lasts_ms) {
        list_answer(self, call);
        return;
    }
    if (!call->bridge->connected) { /* nor will what is being gathered come */
        call->bridge->figures.unavailable++;
        answer_problem(call, PROBLEM_SERVER_AWAY, NULL, "");
        return;
    }
    call->next = self->waiting;
    self->waiting = call;
    if (self->gathering)
        return;
    self->gathering = true;
    self->partition = self->next_count = self->page_from = 0;
    self->began_ms = now_ms;
    list_ask(self, 0);
}
