/* marquee-bridge - HTTP, WebSocket and TLS in front of marqueed.
 *
 * SIGTERM ends it when what is being answered is answered; SIGHUP reads certificate, keys, kiosks,
 * staff and what was revoked again and opens the audit log anew; SIGUSR2 starts the program anew,
 * hands the listening sockets over, and ends this one when the new one serves. */
#include "clients/bridge/answer.h"
#include "clients/bridge/ask.h"
#include "clients/bridge/bridge.h"
#include "clients/bridge/files.h"
#include "clients/bridge/hall.h"
#include "clients/bridge/list.h"
#include "clients/bridge/live.h"
#include "clients/bridge/metrics.h"
#include "clients/bridge/notify.h"
#include "clients/bridge/openapi.h"
#include "clients/bridge/reload.h"
#include "clients/bridge/revoked_live.h"
#include "clients/bridge/store.h"
#include "clients/bridge/succession.h"
#include <czmq.h>
#include <getopt.h>
#include <signal.h>
#include <sodium.h>
#include <sys/resource.h>

enum {
    EXIT_REFUSED = 1,
    EXIT_USAGE = 2,
    EXIT_FAULT = 3,
    MAIN_FILES = 200000,
    MAIN_CLOCK_MS = 100,
    MAIN_POLLS = 16,
    MAIN_LOOK_TICKS = 20,    /* of the clock, between two looks at the site */
    MAIN_REVOKED_TICKS = 10, /* between two questions for revoked tokens */
    MAIN_GREET_TICKS = 2,    /* between two attempts to find the broker */
    MAIN_SYNC_TICKS = 10,    /* between two syncs of the audit log */
    MAIN_DRAIN_MS = 10000,   /* what is not answered by then is cut */
    MAIN_HEIR_MS = 3000,     /* so long a new process looks for the server before it takes over */
    MAIN_PLACES = 65536,     /* names that a rate table remembers */
};

static const char main_usage[] =
    "usage: marquee-bridge [-c FILE] [--set SECTION/KEY=VALUE]... [--check]\n"
    "\n"
    "Serve HTTP, WebSocket and TLS in front of a Marquee server.\n"
    "\n"
    "  -c, --config FILE   read the configuration (ZPL) from FILE\n"
    "  -s, --set K=V       set one key, over the file\n"
    "      --check         look whether it could start, then end\n"
    "  -k, --keys          list the configuration's keys\n"
    "      --routes        the tables of routes and problems, in Markdown\n"
    "      --openapi       the OpenAPI document\n"
    "  -h, --help          this text\n"
    "      --version       its version\n"
    "\n"
    "Prints a line \"ready http=PORT https=PORT\" when it serves. SIGTERM ends it, SIGHUP reads "
    "keys\n"
    "and certificate again, SIGUSR2 hands over to a new process without refusing anybody.\n"
    "Exit codes: 0 ended, 1 cannot serve, 2 wrong usage, 3 fault.\n";

static int
main_fail(int code, const char *reason)
{
    fprintf(stderr, "marquee-bridge: %s\n", reason);
    return code;
}

/* -1: go on; else the exit code. */
static int
main_options(bridge_t *self, int argc, char **argv, bool *check)
{
    static const struct option options[] = {
        { "config", required_argument, NULL, 'c' },
        { "set", required_argument, NULL, 's' },
        { "check", no_argument, NULL, 'C' },
        { "keys", no_argument, NULL, 'k' },
        { "routes", no_argument, NULL, 'R' },
        { "openapi", no_argument, NULL, 'O' },
        { "help", no_argument, NULL, 'h' },
        { "version", no_argument, NULL, 'V' },
        { NULL, 0, NULL, 0 },
    };
    char error[ZPL_ERROR_MAX];
    bridge_conf_defaults(&self->conf);
    for (int pass = 0; pass < 2; pass++) { /* the file first, whatever the order */
        optind = 1;
        for (int c; (c = getopt_long(argc, argv, "c:s:kh", options, NULL)) != -1;) {
            if (c == '?')
                return main_fail(EXIT_USAGE, "see marquee-bridge --help");
            if (c == 'h')
                return fputs(main_usage, stdout) < 0 ? EXIT_FAULT : 0;
            if (c == 'V')
                return printf("marquee-bridge %s\n", marquee_version()) < 0 ? EXIT_FAULT : 0;
            if (c == 'k')
                return zpl_help(&self->conf), 0;
            if (c == 'R')
                return openapi_markdown(stdout), 0;
            if (c == 'O') {
                json_t *document = openapi_document();
                int fault = json_dumpf(document, stdout, JSON_INDENT(2));
                json_decref(document);
                return fault ? EXIT_FAULT : 0;
            }
            if (c == 'c' && pass == 0 && zpl_load(&self->conf, optarg, error) != 0)
                return main_fail(EXIT_USAGE, error);
            if (c == 's' && pass == 1 && zpl_set(&self->conf, optarg, error) != 0)
                return main_fail(EXIT_USAGE, error);
            *check |= c == 'C';
        }
    }
    if (optind != argc)
        return main_fail(EXIT_USAGE, "see marquee-bridge --help");
    return zpl_check(&self->conf, error) == 0 ? -1 : main_fail(EXIT_USAGE, error);
}

/* ------------------------------------------------------------------ the loop */

/* Send what was queued in this turn, take what came, and see whether the broker is there. */
static void
main_poll(bridge_t *self)
{
    int polls = 0;
    self->turn_due = false;
    if (self->turn_calls) {
        self->figures.turns++;
        self->figures.turn_calls += self->turn_calls;
        if (self->turn_calls > self->figures.turn_calls_max)
            self->figures.turn_calls_max = self->turn_calls;
        self->turn_calls = 0;
    }
    while (polls < MAIN_POLLS && marquee_poll(self->marquee, 0) > 0)
        polls++;
    bool connected = marquee_connected(self->marquee);
    if (connected != self->connected)
        log_say(self, "info", connected ? "the server is there" : "the server is away");
    if (connected && !self->connected)
        revoked_live_connected(self->revoked_live);
    self->connected = connected;
    if (polls == MAIN_POLLS && !self->turn_due) {
        self->turn_due = true;
        event_active(self->turn, EV_TIMEOUT, 0);
    }
}

static void
main_answers(evutil_socket_t fd, short what, void *argument)
{
    (void)fd;
    (void)what;
    main_poll(argument);
}

static void
main_greeted(void *argument, const marquee_reply_t *reply)
{
    bridge_t *self = argument;
    (void)reply;
    self->greeting = false;
}

/* A client library says hello when it has something to ask. */
static void
main_greet(bridge_t *self)
{
    if (self->greeting)
        return;
    self->greeting = marquee_call(self->marquee, OP_BROKER_STATUS, 0, NULL, BRIDGE_READ_MS,
                                  main_greeted, self) == 0;
}

static void
main_stop(bridge_t *self)
{
    if (self->stopping)
        return;
    self->stopping = true;
    self->drain_ms = bridge_clock_us() / 1000 + MAIN_DRAIN_MS;
    edge_stop_listening(self->edge);
    live_end_all(self);
    edge_end_idle(self->edge);
}

static void
main_read_clock(bridge_t *self)
{
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now) == 0)
        self->now_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void
main_clock(evutil_socket_t fd, short what, void *argument)
{
    bridge_t *self = argument;
    (void)fd;
    (void)what;
    main_read_clock(self);
    self->ticks++;
    if (token_ring_age(&self->ring, self->now_ms / 1000))
        log_say(self, "info", "a key of tokens is over");
    if (!self->connected && self->ticks % MAIN_GREET_TICKS == 0)
        main_greet(self);
    if (self->connected && self->ticks % MAIN_LOOK_TICKS == 0)
        metrics_look(self);
    if (self->connected && self->ticks % MAIN_REVOKED_TICKS == 0)
        revoked_live_clock(self->revoked_live);
    if (self->audit_unsynced && self->ticks % MAIN_SYNC_TICKS == 0) {
        self->audit_unsynced = false;
        if (fdatasync(self->audit) != 0)
            log_say(self, "error", "the audit log cannot be synced: %s", strerror(errno));
    }
    halls_clock(self, self->now_ms);
    main_poll(self);
    if (self->stopping &&
        (self->edge->connections == 0 || bridge_clock_us() / 1000 >= self->drain_ms))
        event_base_loopbreak(self->base);
}

/* ------------------------------------------------------------------ signals */

static void
main_succeeded(bridge_t *self, bool good)
{
    if (good)
        main_stop(self);
    else
        log_say(self, "error", "the new process did not come up; this one goes on");
}

static void
main_signal(evutil_socket_t number, short what, void *argument)
{
    bridge_t *self = argument;
    (void)what;
    if (number == SIGHUP)
        reload_again(self);
    else if (number == SIGUSR2)
        succession_begin(self, main_succeeded);
    else
        main_stop(self);
}

/* ------------------------------------------------------------------ birth and end */

static void
main_event(void *argument, const marquee_event_t *event)
{
    bridge_t *self = argument;
    if (event->operation == OP_SESSION_REVOKED)
        revoked_live_event(self->revoked_live, event);
    else
        halls_event(self, event);
}

static int
main_connect(bridge_t *self, char *error, size_t room)
{
    const char *path = self->conf.text[BRIDGE_CONF_site_key];
    marquee_options_t options = {
        .endpoint = self->conf.text[BRIDGE_CONF_site_endpoint],
        .events = self->conf.text[BRIDGE_CONF_site_events],
        .in_flight_max = (uint32_t)self->conf.number[BRIDGE_CONF_site_in_flight],
    };
    zcert_t *key = *path ? zcert_load(path) : NULL;
    if (*path && (!key || !zcert_meta(key, "server"))) {
        zcert_destroy(&key);
        snprintf(error, room, "%.200s: not a client's certificate", path);
        return -1;
    }
    if (key) {
        options.server_key = zcert_meta(key, "server");
        options.public_key = zcert_public_txt(key);
        options.secret_key = zcert_secret_txt(key);
    }
    self->marquee = marquee_new(&options);
    int saved = errno;
    zcert_destroy(&key);
    if (self->marquee) {
        marquee_on_event(self->marquee, main_event, self);
        return 0;
    }
    snprintf(error, room, "%.200s: %s", options.endpoint, zmq_strerror(saved));
    return -1;
}

static int
main_limits(bridge_t *self)
{
    static const struct {
        lane_kind_t lane;
        bridge_conf_key_t key;
        uint32_t burst_s; /* seconds' worth that may come at once */
    } lanes[] = { { LANE_READ, BRIDGE_CONF_limits_read_rate, 4 },
                  { LANE_SALE, BRIDGE_CONF_limits_sale_rate, 4 },
                  { LANE_ENTER, BRIDGE_CONF_limits_enter_rate, 8 } };
    for (size_t i = 0; i < sizeof lanes / sizeof lanes[0]; i++) {
        uint32_t rate = (uint32_t)self->conf.number[lanes[i].key];
        self->by_address[lanes[i].lane] =
            limit_new(MAIN_PLACES, rate * lanes[i].burst_s, rate, self->secret);
        if (!self->by_address[lanes[i].lane])
            return -1;
    }
    uint32_t rate = (uint32_t)self->conf.number[BRIDGE_CONF_limits_user_rate];
    self->by_user = limit_new(MAIN_PLACES, rate * 4, rate, self->secret);
    return self->by_user ? 0 : -1;
}

static int
main_edge(bridge_t *self)
{
    const int64_t *number = self->conf.number;
    const edge_limits_t limits = {
        .connections_max = (uint32_t)number[BRIDGE_CONF_limits_connections],
        .per_address_max = (uint32_t)number[BRIDGE_CONF_limits_per_address],
        .body_max = (uint32_t)number[BRIDGE_CONF_limits_body_kb] * 1024,
        .head_ms = number[BRIDGE_CONF_limits_head_ms],
        .body_ms = number[BRIDGE_CONF_limits_body_ms],
        .idle_ms = number[BRIDGE_CONF_limits_idle_ms],
        .write_ms = number[BRIDGE_CONF_limits_write_ms],
    };
    self->edge = edge_new(self->base, &limits, &serve_handlers, self);
    return self->edge ? 0 : -1;
}

static int
main_events(bridge_t *self)
{
    static const int numbers[] = { SIGTERM, SIGINT, SIGHUP, SIGUSR2 };
    const struct timeval every = { .tv_usec = MAIN_CLOCK_MS * 1000 };
    self->answers =
        event_new(self->base, marquee_fd(self->marquee), EV_READ | EV_PERSIST, main_answers, self);
    self->turn = event_new(self->base, -1, 0, main_answers, self);
    self->clock = event_new(self->base, -1, EV_PERSIST, main_clock, self);
    if (!self->answers || !self->turn || !self->clock || event_add(self->answers, NULL) != 0 ||
        event_add(self->clock, &every) != 0)
        return -1;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        self->signals[i] = evsignal_new(self->base, numbers[i], main_signal, self);
        if (!self->signals[i] || event_add(self->signals[i], NULL) != 0)
            return -1;
    }
    return 0;
}

static int
main_listen_all(bridge_t *self, const char *list, bool tls, char *error, size_t room)
{
    char copy[ZPL_TEXT_MAX];
    snprintf(copy, sizeof copy, "%s", list);
    char *rest = copy;
    for (const char *where; (where = zpl_word(&rest));)
        if (edge_listen(self->edge, where, tls, error, room) != 0)
            return -1;
    return 0;
}

/* Sockets that were handed over, else those of the configuration. */
static int
main_listen(bridge_t *self, char *error, size_t room)
{
    int taken = succession_take(self->edge, error, room);
    if (taken != 0)
        return taken < 0 ? -1 : 0;
    if (main_listen_all(self, self->conf.text[BRIDGE_CONF_http_listen], false, error, room) != 0)
        return -1;
    return main_listen_all(self, self->conf.text[BRIDGE_CONF_http_tls_listen], true, error, room);
}

static int
main_begin(bridge_t *self, char *error, size_t room)
{
    const char *folder = self->conf.text[BRIDGE_CONF_session_directory];
    const char *files = self->conf.text[BRIDGE_CONF_http_files];
    const char *level = self->conf.text[BRIDGE_CONF_log_level];
    snprintf(error, room, "memory is short");
    self->log_level = *level == 'd' ? 2 : *level == 'i' ? 1 : 0;
    bridge_random(self->secret, sizeof self->secret);
    bridge_random(&self->request_number, sizeof self->request_number);
    if (store_folder(folder) != 0) {
        snprintf(error, room, "%.200s: %s", folder, strerror(errno));
        return -1;
    }
    if (*files && !(self->files = files_new(files))) {
        snprintf(error, room, "%.200s: %s", files, strerror(errno));
        return -1;
    }
    if (!(self->revoked = revoked_new(REVOKED_MAX, self->secret)) ||
        !(self->revoked_live = revoked_live_new(self)))
        return -1;
    if (!(self->base = event_base_new()) || main_edge(self) != 0 || main_limits(self) != 0 ||
        reload_first(self, error, room) != 0 || main_connect(self, error, room) != 0 ||
        notify_open(self, error, room) != 0)
        return -1;
    self->halls = halls_new(self);
    self->list = list_new(self);
    return self->halls && self->list && main_events(self) == 0 ? 0 : -1;
}

static void
main_end(bridge_t *self)
{
    edge_destroy(&self->edge);
    halls_destroy(&self->halls);
    list_destroy(&self->list);
    marquee_destroy(&self->marquee);
    notify_close(self);
    metrics_forget(self);
    files_destroy(&self->files);
    staff_destroy(&self->staff);
    revoked_live_destroy(&self->revoked_live);
    revoked_destroy(&self->revoked);
    free(self->kiosks);
    for (size_t i = 0; i < LANES; i++)
        limit_destroy(&self->by_address[i]);
    limit_destroy(&self->by_user);
    struct event *const events[] = { self->answers,    self->turn,       self->clock,
                                     self->signals[0], self->signals[1], self->signals[2],
                                     self->signals[3] };
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++)
        if (events[i])
            event_free(events[i]);
    serve_forget(self);
    if (self->base)
        event_base_free(self->base);
    if (self->audit > 0) {
        (void)fdatasync(self->audit);
        close(self->audit);
    }
    sodium_memzero(&self->ring, sizeof self->ring);
    libevent_global_shutdown();
}

/* The program's own path, while it still is there: an update takes the running one's name away. */
static void
main_find_program(bridge_t *self)
{
    ssize_t size = readlink("/proc/self/exe", self->program, BRIDGE_PROGRAM_MAX);
    self->program[size > 0 ? size : 0] = 0;
}

static void
main_raise_files(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return;
    files.rlim_cur = files.rlim_max < MAIN_FILES ? files.rlim_max : MAIN_FILES;
    (void)setrlimit(RLIMIT_NOFILE, &files);
}

/* Who takes over takes no connection before it has found the server, as the one before has: what
 * it could not answer yet would be refused. When there is no server it is no worse than that one.
 */
static void
main_prepare(bridge_t *self)
{
    const int64_t until_us = bridge_clock_us() + (int64_t)MAIN_HEIR_MS * 1000;
    while (!self->connected && !self->stopping && bridge_clock_us() < until_us)
        if (event_base_loop(self->base, EVLOOP_ONCE) != 0)
            return;
}

static void
main_say_ready(const bridge_t *self)
{
    printf("ready");
    for (uint32_t i = 0; i < self->edge->listener_count; i++)
        printf(" %s=%u", self->edge->listener_tls[i] ? "https" : "http", edge_port(self->edge, i));
    printf("\n");
    fflush(stdout);
    succession_ready();
}

int
main(int argc, char **argv)
{
    static bridge_t self;
    char error[ZPL_ERROR_MAX];
    bool check = false;
    self.argv = argv;
    int code = main_options(&self, argc, argv, &check);
    if (code >= 0)
        return code;
    zsys_handler_set(NULL);
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR || sodium_init() < 0)
        return main_fail(EXIT_FAULT, "cannot begin");
    main_raise_files();
    main_find_program(&self);
    main_read_clock(&self);
    bool begun = main_begin(&self, error, sizeof error) == 0;
    if (begun && !check) {
        main_greet(&self);
        main_poll(&self);
        if (succession_awaited())
            main_prepare(&self);
    }
    if (!begun || (!check && main_listen(&self, error, sizeof error) != 0)) {
        main_end(&self);
        return main_fail(EXIT_REFUSED, error);
    }
    if (!check) {
        main_say_ready(&self);
        code = event_base_dispatch(self.base) < 0 ? EXIT_FAULT : 0;
    } else
        code = 0;
    main_end(&self);
    return code;
}
