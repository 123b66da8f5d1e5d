/* watch - what happens now: the events of a showtime, and the rates of the partitions; see ctl.h.
 */
#include "clients/ctl/ctl.h"
#include "clients/ctl/scrape.h"
#include "clients/mpjson.h"
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t watch_over;

static void
watch_stop(int number)
{
    (void)number;
    watch_over = 1;
}

static void
watch_signals(void)
{
    struct sigaction action = { .sa_handler = watch_stop };
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
}

/* --- events watch ------------------------------------------------------------------------------
 */

typedef struct {
    ctl_t *ctl;
    hall_t hall;
    uint64_t showtime, count_max;
    uint64_t seen;  /* the last change that was printed, or is in the map */
    uint64_t early; /* the last one that came before the map did */
    bool mapped, missed;
} watch_t;

static void
watch_print_changes(const watch_t *self, const char *when, const json_t *changes)
{
    static const char *const states[] = { "available", "locked", "sold", "blocked" };
    size_t index;
    json_t *change;
    json_array_foreach(changes, index, change)
    {
        char label[HALL_LABEL_ROOM];
        uint64_t state = (uint64_t)json_integer_value(json_array_get(change, 1));
        printf(
            "%s  %-6s %s\n", when,
            hall_label(&self->hall, (uint64_t)json_integer_value(json_array_get(change, 0)), label),
            state < 4 ? states[state] : "?");
    }
}

static void
watch_event(void *argument, const marquee_event_t *event)
{
    watch_t *self = argument;
    char when[CTL_TIME_ROOM];
    json_t *body = mpjson_read(event->body, event->body_size);
    if (!body)
        return;
    if (event->operation == OP_SEATS_CHANGED) {
        if (!self->mapped)
            self->early = event->number;
        if (!self->mapped || event->number <= self->seen) {
            json_decref(body);
            return;
        }
        self->missed |= (uint64_t)ctl_number(body, "from") > self->seen + 1;
        self->seen = event->number;
    }
    ctl_time(when, (int64_t)time(NULL) * 1000, CTL_TIME_NOW);
    if (self->ctl->json) {
        const operation_t *operation = operation_of(event->operation);
        (void)json_object_set_new(body, "event", json_string(operation ? operation->name : "?"));
        (void)ctl_print_json(self->ctl, body);
    } else if (event->operation == OP_SEATS_CHANGED) {
        watch_print_changes(self, when, json_object_get(body, "changes"));
    } else {
        printf("%s  order %s of buyer %" PRId64 ": %s, payment %s\n", when, ctl_text(body, "order"),
               ctl_number(body, "user"), ctl_text(body, "state"), ctl_text(body, "payment"));
    }
    (void)fflush(stdout);
    json_decref(body);
    if (self->count_max && --self->count_max == 0)
        watch_over = 1;
}

/* Numbers were left out: ask what changed since the last one that was printed. */
static ctl_exit_t
watch_catch_up(watch_t *self, uint64_t since)
{
    json_t *reply;
    char when[CTL_TIME_ROOM];
    ctl_exit_t outcome = ctl_ask(self->ctl, OP_SEATS_GET, self->showtime,
                                 json_pack("{s:I}", "since", (json_int_t)since), &reply);
    if (outcome != CTL_DONE)
        return outcome;
    self->missed = false;
    self->seen = (uint64_t)ctl_number(reply, "number");
    if (!ctl_print_json(self->ctl, reply))
        watch_print_changes(self, ctl_time(when, (int64_t)time(NULL) * 1000, CTL_TIME_NOW),
                            json_object_get(reply, "changes"));
    json_decref(reply);
    return CTL_DONE;
}

static ctl_exit_t
watch_run(watch_t *self)
{
    ctl_exit_t outcome = CTL_DONE;
    ctl_hint(self->ctl, "watching %" PRIu64 "; Ctrl-C ends it", self->showtime);
    while (!watch_over && outcome == CTL_DONE) {
        uint64_t since = self->seen;
        if (!self->missed && marquee_poll(self->ctl->marquee, 500) < 0)
            return ctl_say(CTL_FAULT, "events: %s", strerror(errno));
        if (self->missed)
            outcome = watch_catch_up(self, since);
    }
    return outcome;
}

static ctl_exit_t
watch_events(ctl_t *ctl)
{
    watch_t watch = { .ctl = ctl };
    if (!ctl_argument_u64(ctl, 0, "a showtime", &watch.showtime) ||
        !ctl_flag_u64(ctl, CTL_FLAG_COUNT, 0, &watch.count_max))
        return CTL_USAGE;
    ctl_exit_t outcome = ctl_connect(ctl);
    if (outcome != CTL_DONE)
        return outcome;
    marquee_on_event(ctl->marquee, watch_event, &watch);
    if (marquee_follow(ctl->marquee, watch.showtime))
        return ctl_say(CTL_FAULT, "--events says where events come from");
    watch_signals();
    outcome = hall_load(ctl, watch.showtime, &watch.hall);
    if (outcome != CTL_DONE)
        return outcome;
    watch.seen = watch.hall.number;
    watch.mapped = true;
    watch.missed = watch.early > watch.seen;
    outcome = watch_run(&watch);
    hall_free(&watch.hall);
    return outcome;
}

/* --- top ---------------------------------------------------------------------------------------
 */

/* Rates are differences of counters, the last two readings as they are. */
static const struct {
    const char *field, *name;
    bool rate;
} top_columns[] = {
    { "commands", "commands/s", true },  { "accepted", "accepted/s", true },
    { "refused", "refused/s", true },    { "reads", "reads/s", true },
    { "repeats", "repeats/s", true },    { "entries", "entries/s", true },
    { "timers", "timers/s", true },      { "append_last_us", "append us", false },
    { "dirty_bytes", "dirty B", false },
};
enum { TOP_COLUMNS = sizeof top_columns / sizeof top_columns[0] };

typedef struct {
    int64_t values[TOP_COLUMNS];
} top_row_t;

typedef struct {
    ctl_t *ctl;
    top_row_t *rows; /* one a partition */
    uint32_t count;
    int64_t read_ms;
    bool screen;
    struct termios before;
    const char *bridge; /* URL; NULL: none is shown */
    scrape_t *now, *then;
} top_t;

static int64_t
top_now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void
top_print_row(const top_t *self, uint32_t partition, const json_t *stats, int64_t passed_ms)
{
    top_row_t *row = &self->rows[partition];
    if (passed_ms)
        printf("%9u", partition);
    for (size_t i = 0; i < TOP_COLUMNS; i++) {
        int64_t value = ctl_number(stats, top_columns[i].field);
        int64_t shown =
            top_columns[i].rate && passed_ms ? (value - row->values[i]) * 1000 / passed_ms : value;
        row->values[i] = value;
        if (passed_ms)
            printf("  %10" PRId64, shown);
    }
    puts(passed_ms && self->screen ? "\033[K" : "");
}

static void
top_print_head(const top_t *self)
{
    if (self->screen)
        fputs("\033[H", stdout);
    printf("%s%9s", ctl_sgr(self->ctl, "\033[1m"), "partition");
    for (size_t i = 0; i < TOP_COLUMNS; i++)
        printf("  %10s", top_columns[i].name);
    printf("%s%s\n", ctl_sgr(self->ctl, "\033[0m"), self->screen ? "\033[K" : "");
}

static int64_t
top_rate(uint64_t now, uint64_t then, int64_t passed_ms)
{
    return now < then ? 0 : ((int64_t)(now - then) * 1000 + passed_ms / 2) / passed_ms;
}

/* Requests, streams and pushes in a line, then the routes that were asked. */
static void
top_print_bridge(const top_t *self, int64_t passed_ms)
{
    const scrape_t *now = self->now, *then = self->then;
    const char *end = self->screen ? "\033[K\n" : "\n";
    printf("bridge%s: %" PRId64 " requests/s, %" PRIu64 " connections, %" PRIu64
           " sockets, %" PRId64 " pushes/s, %" PRIu64 " in flight%s",
           now->connected ? "" : " (server away)",
           top_rate(now->requests, then->requests, passed_ms), now->connections, now->streams,
           top_rate(now->pushes, then->pushes, passed_ms), now->in_flight, end);
    for (uint32_t i = 0; i < now->route_count; i++) {
        uint64_t count;
        double p99_s = scrape_p99(now, then, i, &count);
        if (count)
            printf("%9" PRId64 "/s  p99 %s %6g ms  %s%s", top_rate(count, 0, passed_ms),
                   p99_s < 0 ? "> " : "<=", p99_s < 0 ? 5000 : p99_s * 1000, now->routes[i].name,
                   end);
    }
}

static void
top_read_bridge(top_t *self, int64_t passed_ms)
{
    char error[SCRAPE_ERROR_MAX];
    scrape_t *spare = self->then;
    self->then = self->now;
    self->now = spare;
    if (!scrape_read(self->now, self->bridge, error)) {
        *self->now = *self->then;
        printf("bridge: %s%s\n", error, self->screen ? "\033[K" : "");
    } else if (self->ctl->json) {
        json_t *line = json_pack(
            "{s:{s:I, s:I, s:I, s:I, s:b}}", "bridge", "requests", (json_int_t)self->now->requests,
            "connections", (json_int_t)self->now->connections, "sockets",
            (json_int_t)self->now->streams, "pushes", (json_int_t)self->now->pushes, "connected",
            (int)self->now->connected);
        (void)ctl_print_json(self->ctl, line);
        json_decref(line);
    } else if (passed_ms)
        top_print_bridge(self, passed_ms);
}

/* One reading of all partitions; the first one only fills the rows. */
static ctl_exit_t
top_read(top_t *self)
{
    int64_t now_ms = top_now_ms();
    int64_t passed_ms = self->read_ms ? now_ms - self->read_ms : 0;
    json_t *line = json_array();
    if (passed_ms && !self->ctl->json)
        top_print_head(self);
    for (uint32_t i = 0; i < self->count; i++) {
        json_t *stats;
        ctl_exit_t outcome = ctl_ask(self->ctl, OP_STATS, i, NULL, &stats);
        if (outcome != CTL_DONE) {
            json_decref(line);
            return outcome;
        }
        if (!self->ctl->json && passed_ms)
            top_print_row(self, i, stats, passed_ms);
        else
            for (size_t j = 0; j < TOP_COLUMNS; j++)
                self->rows[i].values[j] = ctl_number(stats, top_columns[j].field);
        (void)json_array_append_new(line, stats);
    }
    (void)ctl_print_json(self->ctl, line);
    json_decref(line);
    if (self->bridge)
        top_read_bridge(self, passed_ms);
    if (self->screen)
        fputs("\033[J\nq ends it\n", stdout);
    (void)fflush(stdout);
    self->read_ms = now_ms;
    return CTL_DONE;
}

/* Wait a second; true when q was typed. */
static bool
top_wait(const top_t *self)
{
    struct pollfd keyboard = { .fd = STDIN_FILENO, .events = POLLIN };
    char key;
    if (poll(&keyboard, self->screen ? 1 : 0, 1000) <= 0)
        return false;
    return read(STDIN_FILENO, &key, 1) != 1 || key == 'q' || key == 'Q';
}

static void
top_screen(top_t *self, bool on)
{
    if (!self->screen)
        return;
    struct termios raw = self->before;
    raw.c_lflag &= (tcflag_t) ~(ICANON | ECHO);
    (void)tcsetattr(STDIN_FILENO, TCSANOW, on ? &raw : &self->before);
    fputs(on ? "\033[?1049h\033[?25l" : "\033[?25h\033[?1049l", stdout);
    (void)fflush(stdout);
}

static ctl_exit_t
top_run(top_t *self, uint64_t count_max)
{
    watch_signals();
    top_screen(self, true);
    ctl_exit_t outcome = top_read(self);
    for (uint64_t i = 0; outcome == CTL_DONE && !watch_over && (!count_max || i < count_max); i++) {
        if (top_wait(self) || watch_over)
            break;
        outcome = top_read(self);
    }
    top_screen(self, false);
    return outcome;
}

static ctl_exit_t
watch_top(ctl_t *ctl)
{
    uint64_t count_max;
    char error[SCRAPE_ERROR_MAX];
    scrape_t *figures = NULL;
    if (!ctl_flag_u64(ctl, CTL_FLAG_COUNT, 0, &count_max))
        return CTL_USAGE;
    top_t top = { .ctl = ctl,
                  .count = ctl_partitions_all(ctl),
                  .bridge = ctl->flags[CTL_FLAG_BRIDGE] };
    if (!top.count)
        return CTL_FAULT;
    top.rows = calloc(top.count, sizeof *top.rows);
    figures = calloc(2, sizeof *figures);
    top.now = figures;
    top.then = figures ? figures + 1 : NULL;
    top.screen = !ctl->json && isatty(STDOUT_FILENO) && tcgetattr(STDIN_FILENO, &top.before) == 0;
    ctl_exit_t outcome;
    if (!top.rows || !figures)
        outcome = ctl_say(CTL_FAULT, "memory is short");
    else if (top.bridge && !scrape_read(top.now, top.bridge, error))
        outcome = ctl_say(CTL_FAULT, "%s", error);
    else
        outcome = top_run(&top, count_max);
    free(top.rows);
    free(figures);
    return outcome;
}

const ctl_verb_t ctl_watch_verbs[] = {
    { "events", "watch", "SHOWTIME", 1, 1, CTL_FLAG(COUNT), watch_events,
      "print changes of seats and orders as they happen" },
    { "top", NULL, "", 0, 0, CTL_FLAG(COUNT) | CTL_FLAG(BRIDGE), watch_top,
      "rates of each partition, once a second" },
    { NULL, NULL, NULL, 0, 0, 0, NULL, NULL },
};
