/* notify - see notify.h for the contract. */
#include "clients/bridge/notify.h"
#include "clients/bridge/answer.h"
#include "clients/bridge/handlers.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { NOTIFY_MS = 4500, NOTIFY_POLLS = 16, NOTIFY_TYPE = 64, NOTIFY_IN_FLIGHT = 4096 };

static void
notify_poll(bridge_t *self)
{
    for (int polls = 0; polls < NOTIFY_POLLS; polls++)
        if (marquee_poll(self->cashier, 0) <= 0)
            return;
    event_active(self->cashier_turn, EV_TIMEOUT, 0);
}

static void
notify_event(evutil_socket_t fd, short what, void *argument)
{
    (void)fd, (void)what;
    notify_poll(argument);
}

/* The library sends again by the clock. */
static void
notify_clock(evutil_socket_t fd, short what, void *argument)
{
    bridge_t *self = argument;
    (void)fd, (void)what;
    if (marquee_in_flight(self->cashier))
        notify_poll(self);
}

int
notify_open(bridge_t *self, char *error, size_t room)
{
    static const struct timeval every = { .tv_usec = 100000 };
    const char *endpoint = self->conf.text[BRIDGE_CONF_site_cashier];
    const marquee_options_t options = { .endpoint = endpoint,
                                        .events = endpoint, /* nothing is followed there */
                                        .in_flight_max = NOTIFY_IN_FLIGHT };
    if (!*endpoint)
        return 0;
    self->cashier = marquee_new(&options);
    if (!self->cashier) {
        snprintf(error, room, "%.200s: %s", endpoint, strerror(errno));
        return -1;
    }
    self->cashier_answers =
        event_new(self->base, marquee_fd(self->cashier), EV_READ | EV_PERSIST, notify_event, self);
    self->cashier_turn = event_new(self->base, -1, 0, notify_event, self);
    self->cashier_clock = event_new(self->base, -1, EV_PERSIST, notify_clock, self);
    if (self->cashier_answers && self->cashier_turn && self->cashier_clock &&
        event_add(self->cashier_answers, NULL) == 0 && event_add(self->cashier_clock, &every) == 0)
        return 0;
    snprintf(error, room, "memory is short");
    return -1;
}

void
notify_close(bridge_t *self)
{
    struct event *const events[] = { self->cashier_answers, self->cashier_turn,
                                     self->cashier_clock };
    marquee_destroy(&self->cashier);
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++)
        if (events[i])
            event_free(events[i]);
}

/* ------------------------------------------------------------------ a callback */

static void
notify_answered(void *argument, const marquee_reply_t *reply)
{
    call_t *call = argument;
    const char *type, *body;
    char media[NOTIFY_TYPE];
    size_t type_size, body_size;
    uint64_t code;
    if (!call->conn) {
        serve_release(call);
        return;
    }
    if (reply->status != STATUS_OK) {
        answer_refused(call, reply);
        return;
    }
    if (!marquee_reply_number(reply, "code", &code) || code < 200 || code > 599 ||
        !marquee_reply_text(reply, "type", &type, &type_size) || type_size >= sizeof media ||
        !marquee_reply_text(reply, "body", &body, &body_size)) {
        answer_problem(call, PROBLEM_BAD_GATEWAY, NULL, "");
        return;
    }
    memcpy(media, type, type_size);
    media[type_size] = 0;
    answer_bytes(call, (uint16_t)code, media, body, body_size, "");
}

/* The lines that are signed; one that came twice goes over twice, for the cashier to refuse. */
static bool
notify_head(const http_request_t *request, char *to, size_t room, size_t *size)
{
    static const char begins[] = "wechatpay-";
    *size = 0;
    for (uint32_t i = 0; i < request->field_count; i++) {
        const http_field_t *field = &request->fields[i];
        if (field->name.size < sizeof begins ||
            strncasecmp(field->name.data, begins, sizeof begins - 1) != 0)
            continue;
        if (field->name.size + field->value.size + 3 > room - *size)
            return false;
        *size += (size_t)snprintf(to + *size, room - *size, "%.*s: %.*s\n", (int)field->name.size,
                                  field->name.data, (int)field->value.size, field->value.data);
    }
    return true;
}

static void
notify_take(call_t *call, const http_request_t *request, const char *provider, http_text_t body)
{
    static uint8_t room[MARQUEE_BODY_MAX];
    bridge_t *self = call->bridge;
    char head[2048];
    size_t head_size;
    pack_t pack;
    if (body.size == 0 || body.size > field_info(FIELD_RAW)->max ||
        !notify_head(request, head, sizeof head, &head_size)) {
        answer_problem(call, PROBLEM_BODY_TOO_LARGE, "not a callback", "");
        return;
    }
    pack_init(&pack, room, sizeof room);
    pack_map(&pack, 3);
    pack_key_str(&pack, "provider", provider);
    pack_str(&pack, "head");
    pack_strn(&pack, head, head_size);
    pack_str(&pack, "raw");
    pack_bin(&pack, body.data, body.size);
    const marquee_body_t command = {
        .data = room, .size = pack.size, .room = sizeof room, .overflow = pack.overflow
    };
    if (!self->cashier || marquee_call(self->cashier, OP_CALLBACK_TAKE, 0, &command, NOTIFY_MS,
                                       notify_answered, call) != 0) {
        self->figures.unavailable++;
        answer_problem(call, PROBLEM_SERVER_AWAY, "no cashier", "");
        return;
    }
    event_active(self->cashier_turn, EV_TIMEOUT, 0);
}

void
handle_wxpay_notify(call_t *call, const http_request_t *request, const path_t *path,
                    http_text_t body)
{
    (void)path;
    notify_take(call, request, "wxpay", body);
}

void
handle_alipay_notify(call_t *call, const http_request_t *request, const path_t *path,
                     http_text_t body)
{
    (void)path;
    notify_take(call, request, "alipay", body);
}
