/* marquee-sender - sends what the server has for people's telephones.
 *
 * A client of role sender: partitions tell it of messages until it has said how they ended. It
 * keeps nothing over its end; a message that was told and not answered is told again. */
#include "broker/operation.h"
#include "broker/status.h"
#include "clients/marquee.h"
#include "clients/sender/out.h"
#include "clients/sender/sender_conf.h"
#include <czmq.h>
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <signal.h>
#include <sodium.h>

enum {
    EXIT_REFUSED = 1,
    EXIT_USAGE = 2,
    EXIT_FAULT = 3,
    SENDER_CLOCK_MS = 200,
    SENDER_GREET_TICKS = 10, /* of the clock, between two questions whether the server is there */
    SENDER_SETTLE_MS = 10000,
    SENDER_DRAIN_MS = 10000, /* what is under way at the end may take so long */
    SENDER_POLLS = 16,
};

typedef struct {
    zpl_t conf;
    struct event_base *base;
    struct event *answers, *clock, *signals[2];
    marquee_t *marquee;
    post_t *post;
    out_t *out;
    int64_t now_ms, drain_ms;
    uint64_t ticks;
    uint32_t under_way;
    bool connected, stopping, greeting;
} sender_t;

static const char sender_usage[] =
    "usage: marquee-sender [-c FILE] [--set SECTION/KEY=VALUE]... [--check]\n"
    "\n"
    "Send what a Marquee server has for people's telephones: codes to log in with, and texts.\n"
    "\n"
    "  -c, --config FILE   read the configuration (ZPL) from FILE\n"
    "  -s, --set K=V       set one key, over the file\n"
    "      --check         look whether it could start, then end\n"
    "  -k, --keys          list the configuration's keys\n"
    "  -h, --help          this text\n"
    "      --version       its version\n"
    "\n"
    "Prints a line \"ready to=...\" when it runs. Without a webhook in its configuration messages "
    "are\n"
    "only written, to a file or here, and nobody's telephone rings. SIGTERM ends it.\n"
    "Exit codes: 0 ended, 1 cannot run, 2 wrong usage, 3 fault.\n";

static int
sender_fail(int code, const char *reason)
{
    fprintf(stderr, "marquee-sender: %s\n", reason);
    return code;
}

static void sender_say(const sender_t *self, const char *level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void
sender_say(const sender_t *self, const char *level, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    json_t *line = json_pack("{s:I, s:s, s:s}", "at_ms", (json_int_t)self->now_ms, "level", level,
                             "say", text);
    if (line)
        (void)json_dumpf(line, stderr, JSON_COMPACT);
    fputc('\n', stderr);
    json_decref(line);
}

/* -1: go on; else the exit code. */
static int
sender_options(sender_t *self, int argc, char **argv, bool *check)
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
    sender_conf_defaults(&self->conf);
    for (int pass = 0; pass < 2; pass++) { /* the file first, whatever the order */
        optind = 1;
        for (int c; (c = getopt_long(argc, argv, "c:s:kh", options, NULL)) != -1;) {
            if (c == '?')
                return sender_fail(EXIT_USAGE, "see marquee-sender --help");
            if (c == 'h')
                return fputs(sender_usage, stdout) < 0 ? EXIT_FAULT : 0;
            if (c == 'V')
                return printf("marquee-sender %s\n", marquee_version()) < 0 ? EXIT_FAULT : 0;
            if (c == 'k')
                return zpl_help(&self->conf), 0;
            if (c == 'c' && pass == 0 && zpl_load(&self->conf, optarg, error) != 0)
                return sender_fail(EXIT_USAGE, error);
            if (c == 's' && pass == 1 && zpl_set(&self->conf, optarg, error) != 0)
                return sender_fail(EXIT_USAGE, error);
            *check |= c == 'C';
        }
    }
    if (optind != argc)
        return sender_fail(EXIT_USAGE, "see marquee-sender --help");
    return zpl_check(&self->conf, error) == 0 ? -1 : sender_fail(EXIT_USAGE, error);
}

/* ------------------------------------------------------------------ messages */

/* Say how a message ended. If nobody hears it the tell comes again, and so does this. */
static void
sender_settle(sender_t *self, uint64_t key, uint64_t number, post_outcome_t outcome)
{
    uint8_t room[64];
    marquee_body_t body;
    marquee_body_init(&body, room, sizeof room);
    marquee_body_number(&body, "tell", number);
    marquee_body_text(&body, "outcome", outcome == POST_DONE ? "done" : "failed");
    if (marquee_call(self->marquee, OP_MESSAGE_SETTLE, key, &body, SENDER_SETTLE_MS, NULL, NULL) !=
        0)
        sender_say(self, "error", "message %" PRIu64 "-%" PRIu64 ": its end cannot be told: %s",
                   key, number, strerror(errno));
}

static void
sender_settle_slot(sender_t *self, uint32_t slot)
{
    sender_settle(self, post_key(self->post, slot), post_number(self->post, slot),
                  post_outcome(self->post, slot));
}

static void
sender_tried(void *argument, uint32_t slot, post_result_t result, int64_t wait_ms,
             const char *reason)
{
    static const char *const words[] = { [POST_TAKEN] = "was taken",
                                         [POST_REFUSED] = "was refused for good",
                                         [POST_LATER] = "is tried again" };
    sender_t *self = argument;
    char id[MESSAGE_ID_ROOM], phone[MESSAGE_MASKED_ROOM];
    const message_t *message = post_message(self->post, slot);
    message_id(message, id);
    message_masked(message, phone);
    self->under_way--;
    sender_say(self, result == POST_TAKEN ? "info" : "error", "message %s to %s %s%s%s", id, phone,
               words[result], *reason ? ": " : "", reason);
    if (post_tried(self->post, slot, result, wait_ms, self->now_ms))
        sender_settle_slot(self, slot);
}

static void
sender_told(void *argument, const marquee_event_t *tell)
{
    sender_t *self = argument;
    message_t message;
    uint32_t slot;
    if (tell->operation != OP_MESSAGE_SEND)
        return;
    const char *reason = message_read(&message, tell->showtime, tell->number, tell->body,
                                      tell->body_size, self->conf.text[SENDER_CONF_message_code]);
    if (reason) {
        sender_say(self, "error", "message %" PRIu64 "-%" PRIu64 " cannot be sent: %s",
                   tell->showtime, tell->number, reason);
        sender_settle(self, tell->showtime, tell->number, POST_FAILED);
        return;
    }
    post_verdict_t verdict = post_take(self->post, &message, self->now_ms, &slot);
    sodium_memzero(&message, sizeof message);
    if (verdict == POST_ENDED)
        sender_settle_slot(self, slot);
    if (verdict == POST_FULL)
        sender_say(self, "error", "message %" PRIu64 "-%" PRIu64 " is left for later: too many",
                   tell->showtime, tell->number);
}

/* What is due goes out; what nobody needs any more is over. */
static void
sender_turn(sender_t *self)
{
    uint32_t slot;
    while ((slot = post_expire(self->post, self->now_ms)) != POST_NOBODY) {
        sender_say(self, "error", "message %" PRIu64 "-%" PRIu64 " is too late",
                   post_key(self->post, slot), post_number(self->post, slot));
        sender_settle_slot(self, slot);
    }
    while (!self->stopping && out_room(self->out) &&
           (slot = post_next(self->post, self->now_ms)) != POST_NOBODY) {
        self->under_way++;
        out_send(self->out, slot, post_message(self->post, slot));
    }
}

/* ------------------------------------------------------------------ the loop */

static void
sender_read_clock(sender_t *self)
{
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now) == 0)
        self->now_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void
sender_greeted(void *argument, const marquee_reply_t *reply)
{
    sender_t *self = argument;
    self->greeting = false;
    if (reply->status == STATUS_FORBIDDEN || reply->status == STATUS_BAD_VERSION)
        sender_say(self, "error", "the server does not want this sender: %s",
                   marquee_status_text(reply->status));
    else if (reply->status == STATUS_OK && strcmp(marquee_role(self->marquee), "sender") != 0)
        sender_say(self, "error", "this is role %s there, and gets nothing to send",
                   marquee_role(self->marquee));
}

static void
sender_poll(sender_t *self)
{
    for (int polls = 0; polls < SENDER_POLLS && marquee_poll(self->marquee, 0) > 0; polls++)
        continue;
    sender_turn(self);
    (void)marquee_poll(self->marquee, 0); /* what was answered in this turn */
    bool connected = marquee_connected(self->marquee);
    if (connected != self->connected)
        sender_say(self, "info", connected ? "the server is there" : "the server is away");
    self->connected = connected;
}

static void
sender_answers(evutil_socket_t fd, short what, void *argument)
{
    sender_t *self = argument;
    (void)fd;
    (void)what;
    sender_read_clock(self);
    sender_poll(self);
}

/* Messages under way may end, and what was said may be heard, before the end. */
static bool
sender_idle(const sender_t *self)
{
    return self->now_ms >= self->drain_ms ||
           (self->under_way == 0 && marquee_in_flight(self->marquee) == 0);
}

static void
sender_clock(evutil_socket_t fd, short what, void *argument)
{
    sender_t *self = argument;
    (void)fd;
    (void)what;
    sender_read_clock(self);
    if (self->ticks++ % SENDER_GREET_TICKS == 0 && !self->greeting && !self->stopping)
        self->greeting = marquee_call(self->marquee, OP_BROKER_STATUS, 0, NULL, SENDER_SETTLE_MS,
                                      sender_greeted, self) == 0;
    sender_poll(self);
    if (self->stopping && sender_idle(self))
        event_base_loopbreak(self->base);
}

static void
sender_signal(evutil_socket_t number, short what, void *argument)
{
    sender_t *self = argument;
    (void)number;
    (void)what;
    if (!self->stopping)
        self->drain_ms = self->now_ms + SENDER_DRAIN_MS;
    self->stopping = true;
    marquee_on_tell(self->marquee, NULL, NULL);
}

/* ------------------------------------------------------------------ birth and end */

static int
sender_connect(sender_t *self, char *error, size_t room)
{
    const char *path = self->conf.text[SENDER_CONF_site_key];
    marquee_options_t options = { .endpoint = self->conf.text[SENDER_CONF_site_endpoint],
                                  .in_flight_max =
                                      (uint32_t)self->conf.number[SENDER_CONF_message_open] + 1 };
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
    if (!self->marquee) {
        snprintf(error, room, "%.200s: %s", options.endpoint, zmq_strerror(saved));
        return -1;
    }
    marquee_on_tell(self->marquee, sender_told, self);
    return 0;
}

static out_t *
sender_out(sender_t *self, char error[OUT_ERROR_MAX])
{
    const zpl_t *conf = &self->conf;
    const out_webhook_options_t options = {
        .url = conf->text[SENDER_CONF_webhook_url],
        .secret_file = conf->text[SENDER_CONF_webhook_secret],
        .authorities = conf->text[SENDER_CONF_webhook_authorities],
        .timeout_ms = conf->number[SENDER_CONF_webhook_timeout_ms],
        .in_flight_max = (uint32_t)conf->number[SENDER_CONF_webhook_in_flight],
    };
    if (!*options.url)
        return out_file_new(conf->text[SENDER_CONF_file_path], sender_tried, self, error);
    return out_webhook_new(self->base, &options, sender_tried, self, error);
}

static int
sender_begin(sender_t *self, char error[ZPL_ERROR_MAX])
{
    static const int numbers[] = { SIGTERM, SIGINT };
    const struct timeval every = { .tv_usec = SENDER_CLOCK_MS * 1000 };
    char reason[OUT_ERROR_MAX] = "memory is short";
    snprintf(error, ZPL_ERROR_MAX, "memory is short");
    self->base = event_base_new();
    self->post = post_new((uint32_t)self->conf.number[SENDER_CONF_message_open]);
    self->out = self->base ? sender_out(self, reason) : NULL;
    if (!self->post || !self->out) {
        snprintf(error, ZPL_ERROR_MAX, "%s", reason);
        return -1;
    }
    if (sender_connect(self, error, ZPL_ERROR_MAX) != 0)
        return -1;
    self->answers = event_new(self->base, marquee_fd(self->marquee), EV_READ | EV_PERSIST,
                              sender_answers, self);
    self->clock = event_new(self->base, -1, EV_PERSIST, sender_clock, self);
    if (!self->answers || !self->clock || event_add(self->answers, NULL) != 0 ||
        event_add(self->clock, &every) != 0)
        return -1;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        self->signals[i] = evsignal_new(self->base, numbers[i], sender_signal, self);
        if (!self->signals[i] || event_add(self->signals[i], NULL) != 0)
            return -1;
    }
    return 0;
}

static void
sender_end(sender_t *self)
{
    out_destroy(&self->out);
    marquee_destroy(&self->marquee);
    post_destroy(&self->post);
    struct event *const events[] = { self->answers, self->clock, self->signals[0],
                                     self->signals[1] };
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++)
        if (events[i])
            event_free(events[i]);
    if (self->base)
        event_base_free(self->base);
    libevent_global_shutdown();
}

int
main(int argc, char **argv)
{
    static sender_t self;
    char error[ZPL_ERROR_MAX];
    bool check = false;
    int code = sender_options(&self, argc, argv, &check);
    if (code >= 0)
        return code;
    zsys_handler_set(NULL);
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR || sodium_init() < 0)
        return sender_fail(EXIT_FAULT, "cannot begin");
    sender_read_clock(&self);
    if (sender_begin(&self, error) != 0) {
        sender_end(&self);
        return sender_fail(EXIT_REFUSED, error);
    }
    if (!check) {
        bool webhook = *self.conf.text[SENDER_CONF_webhook_url] != 0;
        if (!webhook)
            sender_say(&self, "info", "messages are only written, to %s: no telephone rings",
                       self.out->what);
        printf("ready to=%s\n", webhook ? "webhook" : "file");
        fflush(stdout);
        code = event_base_dispatch(self.base) < 0 ? EXIT_FAULT : 0;
    } else
        code = 0;
    sender_end(&self);
    return code;
}
