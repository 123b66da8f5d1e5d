/* live_order - followers that are told apart: of one's own order, and kiosks. */
#include "clients/bridge/answer.h"
#include "clients/bridge/ask.h"
#include "clients/bridge/handlers.h"
#include "clients/bridge/live_inside.h"
#include "clients/mpjson.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The word for a state: an event tells it, an order that was asked for has the whole payment, and
 * its refunds, the newest first. */
static json_t *
live_order_word(const json_t *order, const char *name, const char *whole)
{
    json_t *value = json_object_get(order, name);
    if (json_is_string(value))
        return json_incref(value);
    value = json_object_get(order, whole);
    if (json_is_array(value))
        value = json_array_size(value) ? json_array_get(value, 0) : NULL;
    json_t *word = json_object_get(value, "state");
    return word ? json_incref(word) : json_string("none");
}

/* Tell how an order stands, if that is not what was told last. */
static void
live_say_order(follower_t *self, const json_t *order)
{
    json_t *message =
        json_pack("{s:s, s:O?, s:O?, s:o, s:o}", "type", "order", "order",
                  json_object_get(order, "order"), "state", json_object_get(order, "state"),
                  "payment", live_order_word(order, "payment", "payment"), "refund",
                  live_order_word(order, "refund", "refunds"));
    char *text = message ? json_dumps(message, JSON_COMPACT) : NULL;
    json_decref(message);
    if (text && strncmp(text, self->said, sizeof self->said - 1) != 0) {
        snprintf(self->said, sizeof self->said, "%s", text);
        live_say(self, text, strlen(text));
    }
    free(text);
}

static void
live_order_seen(call_t *call, const marquee_reply_t *reply)
{
    follower_t *self = call->conn ? call->conn->owner : NULL;
    if (self && call->conn->follows && reply->status == STATUS_OK) {
        json_t *order = mpjson_read_web(reply->body, reply->body_size);
        live_say_order(self, order);
        json_decref(order);
    }
    if (self && call->conn->follows)
        self->asking = NULL;
    call->conn = NULL;
    serve_release(call);
}

/* The first look proves that the order is the caller's. */
static void
live_order_begun(call_t *call, const marquee_reply_t *reply)
{
    follower_t *self = live_begin_seen(call, reply, FOLLOW_ORDER);
    if (!self)
        return;
    json_t *order = mpjson_read_web(reply->body, reply->body_size);
    live_say_order(self, order);
    json_decref(order);
}

void
live_order_event(hall_t *hall, const marquee_event_t *event)
{
    const char *text;
    size_t size;
    const marquee_reply_t body = { .body = event->body, .body_size = event->body_size };
    if (!marquee_reply_text(&body, "order", &text, &size))
        return;
    json_t *order = NULL;
    follower_t *next;
    for (follower_t *at = hall->followers; at; at = next) {
        next = at->next;
        if (at->kind != FOLLOW_ORDER || strlen(at->word) != size ||
            memcmp(at->word, text, size) != 0)
            continue;
        if (!order)
            order = mpjson_read_web(event->body, event->body_size);
        live_say_order(at, order);
    }
    json_decref(order);
}

/* Ask for an order as its follower would. */
void
live_order_verify(follower_t *self)
{
    bridge_t *bridge = self->hall->bridge;
    uint8_t room[96];
    marquee_body_t body;
    if (self->asking)
        return;
    call_t *call = serve_background(bridge, self->conn);
    if (!call)
        return;
    self->asking = call;
    marquee_body_init(&body, room, sizeof room);
    marquee_body_text(&body, "order", self->word);
    marquee_body_number(&body, "user", self->user);
    if (ask_background(call, OP_ORDER_GET, self->hall->showtime, &body, live_order_seen) != 0)
        self->asking = NULL;
}

void
handle_order_stream(call_t *call, const http_request_t *request, const path_t *path,
                    http_text_t body)
{
    ask_t ask;
    uint64_t showtime;
    if (!live_handshake(call, request))
        return;
    ask_begin(&ask, call);
    if (!ask_request(&ask, OP_ORDER_GET, request, path, body, &showtime))
        return;
    (void)ask_parameter(path, "order", call->word, sizeof call->word);
    ask_send(&ask, OP_ORDER_GET, showtime, live_order_begun);
}

/* Kiosks follow no showtime: they stand with the hall of showtime 0, which is never read. */
void
live_begin_kiosk(call_t *call)
{
    hall_t *hall = hall_of(call->bridge, 0);
    if (hall)
        (void)live_begin(hall, call, FOLLOW_KIOSK);
    else
        answer_problem(call, PROBLEM_INTERNAL, "memory is short", "");
}

uint32_t
live_tell_kiosk(bridge_t *bridge, const char *kiosk, const char *text, size_t size)
{
    uint32_t told = 0;
    const hall_t *hall = hall_find(bridge, 0);
    follower_t *next;
    for (follower_t *at = hall ? hall->followers : NULL; at; at = next) {
        next = at->next;
        if (strcmp(at->word, kiosk) != 0)
            continue;
        live_say(at, text, size);
        told++;
    }
    return told;
}

void
live_end_kiosk(bridge_t *bridge, const char *kiosk)
{
    const hall_t *hall = hall_find(bridge, 0);
    follower_t *next;
    for (follower_t *at = hall ? hall->followers : NULL; at; at = next) {
        next = at->next;
        if (strcmp(at->word, kiosk) == 0)
            conn_close_frame(at->conn, WS_CLOSE_POLICY, "revoked");
    }
}
