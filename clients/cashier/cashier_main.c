/* marquee-cashier - talks to payment providers for the box office, and takes what they tell.
 *
 * SIGTERM and SIGINT end it at once: what is under way is asked for again by the box office, under
 * the same numbers. SIGHUP opens the audit log anew. */
#include "broker/operation.h"
#include "broker/status.h"
#include "clients/cashier/cashier.h"
#include "clients/cashier/cashier_conf.h"
#include <assert.h>
#include <curl/curl.h>
#include <czmq.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/random.h>

enum {
    EXIT_REFUSED = 1,
    EXIT_USAGE = 2,
    EXIT_FAULT = 3,
    MAIN_CLOCK_MS = 500,
    MAIN_POLLS = 16,
    MAIN_GREET_TICKS = 20, /* between two looks at the server, which shows it that we live */
    MAIN_IN_FLIGHT = 8192,
};

static const char main_usage[] =
    "usage: marquee-cashier [-c FILE] [--set SECTION/KEY=VALUE]... [--check]\n"
    "\n"
    "Execute what a Marquee server asks of payment providers, and take their callbacks.\n"
    "\n"
    "  -c, --config FILE   read the configuration (ZPL) from FILE\n"
    "  -s, --set K=V       set one key, over the file\n"
    "      --check         look whether it could start, then end\n"
    "  -k, --keys          list the configuration's keys\n"
    "  -h, --help          this text\n"
    "      --version       its version\n"
    "\n"
    "Prints a line \"ready\" with its providers when it serves. SIGTERM ends it, SIGHUP opens the\n"
    "audit log anew.\n"
    "Exit codes: 0 ended, 1 cannot serve, 2 wrong usage, 3 fault.\n";

static int
main_fail(int code, const char *reason)
{
    fprintf(stderr, "marquee-cashier: %s\n", reason);
    return code;
}

void
cashier_say(const cashier_t *self, const char *level, const char *format, ...)
{
    static const char levels[] = "eid";
    const char *at = strchr(levels, *level);
    va_list list;
    if (!at || at - levels > self->log_level)
        return;
    fprintf(stderr, "%s: ", level);
    va_start(list, format);
    vfprintf(stderr, format, list);
    va_end(list);
    fputc('\n', stderr);
}

int64_t
cashier_now_ms(void)
{
    struct timespec now;
    int fault = clock_gettime(CLOCK_REALTIME, &now);
    assert(fault == 0);
    (void)fault;
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

moment_t
cashier_moment(void)
{
    static const char digits[] = "0123456789abcdefghijkmnpqrstuvwx";
    uint8_t bytes[PROVIDER_NONCE];
    moment_t moment = { .now_ms = cashier_now_ms() };
    ssize_t got = getrandom(bytes, sizeof bytes, 0);
    assert(got == (ssize_t)sizeof bytes);
    (void)got;
    for (size_t i = 0; i < sizeof bytes; i++)
        moment.nonce[i] = digits[bytes[i] & 31];
    return moment;
}

/* -1: go on; else the exit code. */
static int
main_options(cashier_t *self, int argc, char **argv, bool *check)
{
    static const struct option options[] = {
        { "config", required_argument, NULL, 'c' },
        { "set", required_argument, NULL, 's' },
        { "check", no_argument, NULL, 'C' },
        { "keys", no_argument, NULL, 'k' },
        { "help", no_argument, NULL, 'h' },
        { "version", no_argument, NULL, 'V' },
        { NULL, 0, NULL, 0 },
    };
    char error[ZPL_ERROR_MAX];
    cashier_conf_defaults(&self->conf);
    for (int pass = 0; pass < 2; pass++) { /* the file first, whatever the order */
        optind = 1;
        for (int c; (c = getopt_long(argc, argv, "c:s:kh", options, NULL)) != -1;) {
            if (c == '?')
                return main_fail(EXIT_USAGE, "see marquee-cashier --help");
            if (c == 'h')
                return fputs(main_usage, stdout) < 0 ? EXIT_FAULT : 0;
            if (c == 'V')
                return printf("marquee-cashier %s\n", marquee_version()) < 0 ? EXIT_FAULT : 0;
            if (c == 'k')
                return zpl_help(&self->conf), 0;
            if (c == 'c' && pass == 0 && zpl_load(&self->conf, optarg, error) != 0)
                return main_fail(EXIT_USAGE, error);
            if (c == 's' && pass == 1 && zpl_set(&self->conf, optarg, error) != 0)
                return main_fail(EXIT_USAGE, error);
            *check |= c == 'C';
        }
    }
    if (optind != argc)
        return main_fail(EXIT_USAGE, "see marquee-cashier --help");
    return zpl_check(&self->conf, error) == 0 ? -1 : main_fail(EXIT_USAGE, error);
}

/* ------------------------------------------------------------------ the loop */

static void
main_poll(cashier_t *self)
{
    int polls = 0;
    while (polls < MAIN_POLLS && marquee_poll(self->marquee, 0) > 0)
        polls++;
    if (polls == MAIN_POLLS)
        cashier_turn(self);
}

void
cashier_turn(cashier_t *self)
{
    event_active(self->turn, EV_TIMEOUT, 0);
}

static void
main_answers(evutil_socket_t fd, short what, void *argument)
{
    (void)fd, (void)what;
    main_poll(argument);
}

static void
main_greeted(void *argument, const marquee_reply_t *reply)
{
    cashier_t *self = argument;
    (void)reply;
    self->greeting = false;
}

/* The server forgets who is silent; and one that was started again must hear that we are here. */
static void
main_greet(cashier_t *self)
{
    if (!self->greeting)
        self->greeting =
            marquee_call(self->marquee, OP_BROKER_STATUS, 0, NULL, 2000, main_greeted, self) == 0;
}

static void
main_clock(evutil_socket_t fd, short what, void *argument)
{
    static uint64_t ticks;
    cashier_t *self = argument;
    (void)fd, (void)what;
    if (!marquee_connected(self->marquee) || ticks++ % MAIN_GREET_TICKS == 0)
        main_greet(self);
    work_keys(self);
    main_poll(self);
}

static void
main_signal(evutil_socket_t number, short what, void *argument)
{
    cashier_t *self = argument;
    char error[ZPL_ERROR_MAX];
    (void)what;
    if (number != SIGHUP) {
        self->stopping = true;
        (void)event_base_loopbreak(self->base);
        return;
    }
    int old = self->audit;
    if (audit_open(self, error, sizeof error) == 0)
        close(old);
    else {
        self->audit = old;
        cashier_say(self, "error", "%s", error);
    }
}

/* ------------------------------------------------------------------ birth and end */

static int
main_connect(cashier_t *self, char *error, size_t room)
{
    const char *path = self->conf.text[CASHIER_CONF_site_key];
    marquee_options_t options = {
        .endpoint = self->conf.text[CASHIER_CONF_site_endpoint],
        .in_flight_max = MAIN_IN_FLIGHT,
        .retry = true,
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
        marquee_on_tell(self->marquee, work_told, self);
        return 0;
    }
    snprintf(error, room, "%.200s: %s", options.endpoint, zmq_strerror(saved));
    return -1;
}

static int
main_events(cashier_t *self)
{
    static const int numbers[] = { SIGTERM, SIGINT, SIGHUP };
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
main_begin(cashier_t *self, bool check, char *error, size_t room)
{
    const zpl_t *conf = &self->conf;
    const char *level = conf->text[CASHIER_CONF_log_level];
    const courier_options_t courier = {
        .calls_max = (uint32_t)conf->number[CASHIER_CONF_net_calls],
        .timeout_ms = (long)conf->number[CASHIER_CONF_net_timeout_ms],
        .authorities = conf->text[CASHIER_CONF_net_authorities],
        .certificate = conf->text[CASHIER_CONF_wxpay2_certificate],
        .certificate_key = conf->text[CASHIER_CONF_wxpay2_certificate_key],
    };
    self->log_level = *level == 'd' ? 2 : *level == 'i' ? 1 : 0;
    snprintf(error, room, "memory is short");
    if (till_open(&self->till, conf, error, room) != 0 || audit_open(self, error, room) != 0)
        return -1;
    self->base = event_base_new();
    self->courier = self->base ? courier_new(self->base, &courier) : NULL;
    if (!self->courier || main_connect(self, error, room) != 0 || main_events(self) != 0)
        return -1;
    if (check)
        return 0;
    self->desk =
        desk_new(self->base, conf->text[CASHIER_CONF_desk_listen], counter_take, self, error, room);
    return self->desk ? 0 : -1;
}

static void
main_end(cashier_t *self)
{
    desk_destroy(&self->desk);
    courier_destroy(&self->courier);
    marquee_destroy(&self->marquee);
    struct event *const events[] = { self->answers,    self->turn,       self->clock,
                                     self->signals[0], self->signals[1], self->signals[2] };
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++)
        if (events[i])
            event_free(events[i]);
    if (self->base)
        event_base_free(self->base);
    if (self->audit > 0)
        close(self->audit);
    till_close(&self->till);
    libevent_global_shutdown();
    curl_global_cleanup();
}

int
main(int argc, char **argv)
{
    static cashier_t self;
    char error[ZPL_ERROR_MAX];
    bool check = false;
    int code = main_options(&self, argc, argv, &check);
    if (code >= 0)
        return code;
    zsys_handler_set(NULL);
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return main_fail(EXIT_FAULT, "cannot begin");
    if (main_begin(&self, check, error, sizeof error) != 0) {
        main_end(&self);
        return main_fail(EXIT_REFUSED, error);
    }
    code = 0;
    if (!check) {
        printf("ready%s%s%s\n", self.till.has_wx3 ? " wxpay" : "",
               self.till.has_wx2 ? " wxpay2" : "", self.till.has_ali ? " alipay" : "");
        fflush(stdout);
        main_greet(&self);
        cashier_turn(&self);
        code = event_base_dispatch(self.base) < 0 ? EXIT_FAULT : 0;
    }
    main_end(&self);
    return code;
}
