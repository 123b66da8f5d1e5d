/* list - all showtimes by their start, gathered from the partitions when somebody asks and the last
 * list is old. */
#include "clients/bridge/list.h"
#include "clients/bridge/answer.h"
#include "clients/bridge/ask.h"
#include "clients/bridge/handlers.h"
#include "clients/zone_load.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIST_TIME_MAX INT64_C(7258118400000) /* the year 2200: days further away have no table */
enum {
    LIST_PAGE = 500,
    LIST_FRESH_MS = 1000,
    LIST_FRESH_TIMES = 20, /* gathering takes at most this part of the time */
    LIST_SHOWTIMES_MAX = 200000,
    LIST_TEXT = 96,
    LIST_LIMIT = 100,
    LIST_LIMIT_MAX = 500,
    LIST_FORMAT = 16,
    LIST_ZONES = 8,
};

typedef struct {
    uint64_t id;
    int64_t starts_ms;
    uint32_t free, seats;
    uint64_t cinema;
    uint32_t movie;
    bool cancelled;
    char title[LIST_TEXT + 1], hall[49], zone[32], format[LIST_FORMAT];
} list_line_t;

/* Tables of time zones, read when they are first asked for; the oldest makes room. */
typedef struct {
    char name[32];
    bool known;
    zone_t zone;
} list_zone_t;

struct list {
    bridge_t *bridge;
    list_line_t *lines, *next_lines; /* those that are shown; those that are gathered */
    uint32_t count, next_count, next_room, partition, page_from;
    call_t *waiting;
    int64_t gathered_ms, began_ms, lasts_ms;
    bool gathering, have;
    list_zone_t zones[LIST_ZONES];
    uint32_t zone_next;
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
    uint64_t free_seats, seats, movie;
    mp_item_t cancelled;
    if (!mp_read_array(mp, &items) || items != 11 || !mp_read_uint(mp, &line->id) ||
        !mp_read_int(mp, &line->starts_ms) ||
        !list_read_text(mp, line->title, sizeof line->title) ||
        !list_read_text(mp, line->hall, sizeof line->hall) || !mp_read_uint(mp, &free_seats) ||
        !mp_read_uint(mp, &seats) || !list_read_text(mp, line->zone, sizeof line->zone) ||
        !list_read_text(mp, line->format, sizeof line->format) ||
        !mp_read_uint(mp, &line->cinema) || !mp_read_uint(mp, &movie) || !mp_next(mp, &cancelled) ||
        cancelled.type != MP_BOOL)
        return false;
    line->movie = (uint32_t)movie;
    line->cancelled = cancelled.u;
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

/* What was asked for; zeros and "" where anything will do. */
typedef struct {
    uint64_t from_ms, until_ms, cinema;
    uint32_t from, limit, movie;
    int32_t day; /* the local day behind the one asked for, 0: any */
    char format[LIST_FORMAT];
} list_window_t;

/* The table of a time zone; NULL for one that the system does not know. */
static const zone_t *
list_zone(list_t *self, const char *name)
{
    for (uint32_t i = 0; i < LIST_ZONES; i++)
        if (strcmp(self->zones[i].name, name) == 0)
            return self->zones[i].known ? &self->zones[i].zone : NULL;
    list_zone_t *zone = &self->zones[self->zone_next++ % LIST_ZONES];
    snprintf(zone->name, sizeof zone->name, "%s", name);
    zone->known = zone_load(&zone->zone, name) == 0;
    return zone->known ? &zone->zone : NULL;
}

/* A showtime without a zone of its own is asked for by UTC. */
static bool
list_on_day(list_t *self, const list_line_t *line, int32_t day)
{
    static const zone_t utc;
    const zone_t *zone = *line->zone ? list_zone(self, line->zone) : &utc;
    if (line->starts_ms > LIST_TIME_MAX)
        return false;
    return zone && zone_local(zone, line->starts_ms).day == day;
}

static bool
list_wanted(list_t *self, const list_window_t *window, const list_line_t *line)
{
    return line->starts_ms >= (int64_t)window->from_ms &&
           line->starts_ms < (int64_t)window->until_ms && !line->cancelled &&
           (!window->cinema || window->cinema == line->cinema) &&
           (!window->movie || window->movie == line->movie) &&
           (!*window->format || strcmp(window->format, line->format) == 0) &&
           (!window->day || list_on_day(self, line, window->day - 1));
}

static json_t *
list_json(list_t *self, const list_window_t *window)
{
    json_t *lines = json_array();
    uint64_t matched = 0;
    for (uint32_t i = 0; lines && i < self->count; i++) {
        const list_line_t *line = &self->lines[i];
        if (!list_wanted(self, window, line))
            continue;
        if (matched++ < window->from || json_array_size(lines) >= window->limit)
            continue;
        (void)json_array_append_new(
            lines,
            json_pack("{s:I, s:I, s:s, s:s, s:i, s:i, s:s, s:s, s:I, s:I}", "showtime",
                      (json_int_t)line->id, "starts_ms", (json_int_t)line->starts_ms, "title",
                      line->title, "hall", line->hall, "free", (int)line->free, "seats",
                      (int)line->seats, "time_zone", line->zone, "format", line->format, "cinema",
                      (json_int_t)line->cinema, "movie", (json_int_t)line->movie));
    }
    return json_pack("{s:I, s:o}", "total", (json_int_t)matched, "showtimes", lines);
}

static void
list_answer(list_t *self, call_t *call)
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

/* "2026-12-07", as the day behind it. */
static bool
list_date(const char *text, int32_t *day)
{
    int year, month, of_month, end = 0;
    int32_t back[3];
    if (sscanf(text, "%4d-%2d-%2d%n", &year, &month, &of_month, &end) != 3 || end != 10 ||
        text[10] || year < 1970 || year > 2199 || month < 1 || month > 12 || of_month < 1)
        return false;
    *day = zone_day_of(year, month, of_month) + 1;
    zone_date_of(*day - 1, &back[0], &back[1], &back[2]);
    return back[1] == month && back[2] == of_month;
}

/* What the query asks for; NULL, or the parameter that is wrong. */
static const char *
list_read_window(const http_request_t *request, list_window_t *window)
{
    char text[24];
    uint64_t from = 0, limit = LIST_LIMIT, movie = 0;
    const struct {
        const char *name;
        uint64_t *value, max;
    } numbers[] = {
        { "from_ms", &window->from_ms, TIME_MAX_MS },
        { "until_ms", &window->until_ms, TIME_MAX_MS },
        { "cinema", &window->cinema, INT64_MAX },
        { "movie", &movie, UINT32_MAX },
        { "from", &from, UINT32_MAX },
        { "limit", &limit, LIST_LIMIT_MAX },
    };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        int found = ask_query(request, numbers[i].name, text, sizeof text);
        if (found < 0 ||
            (found && (!ask_decimal(text, numbers[i].value) || *numbers[i].value > numbers[i].max)))
            return numbers[i].name;
    }
    window->from = (uint32_t)from;
    window->limit = (uint32_t)limit;
    window->movie = (uint32_t)movie;
    int found = ask_query(request, "date", text, sizeof text);
    if (found < 0 || (found && !list_date(text, &window->day)))
        return "date";
    return ask_query(request, "format", window->format, sizeof window->format) < 0 ? "format"
                                                                                   : NULL;
}

void
handle_showtimes(call_t *call, const http_request_t *request, const path_t *path, http_text_t body)
{
    list_t *self = call->bridge->list;
    list_window_t window = { .until_ms = INT64_MAX };
    (void)path;
    (void)body;
    const char *wrong = list_read_window(request, &window);
    if (wrong) {
        answer_problem(call, PROBLEM_BAD_PARAMETER, wrong, "");
        return;
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
