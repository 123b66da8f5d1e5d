/* cinemas - the cinemas of the site, gathered from the partitions of the programme one after
 * another; and what the bridge adds to a cinema that is set. */
#include "clients/bridge/answer.h"
#include "clients/bridge/ask.h"
#include "clients/bridge/handlers.h"
#include "clients/mpjson.h"
#include "clients/zone_offsets.h"
#include <stdlib.h>
#include <string.h>

enum { CINEMAS_PAGE = 500, CINEMAS_MAX = 2000 };

/* One question; it lives until its call is over. */
typedef struct {
    call_t *call;
    json_t *cinemas;
    uint32_t partition; /* from 0, of the programme's */
    uint64_t from;
} cinemas_t;

static void cinemas_ask(cinemas_t *self);

static void
cinemas_end(cinemas_t *self, const marquee_reply_t *refusal)
{
    call_t *call = self->call;
    json_t *cinemas = self->cinemas;
    free(self);
    if (!call->conn) {
        json_decref(cinemas);
        serve_release(call);
    } else if (refusal) {
        json_decref(cinemas);
        answer_refused(call, refusal);
    } else {
        answer_json(call, 200, json_pack("{s:o}", "cinemas", cinemas), "");
    }
}

/* [cinema, name, time_zone, version] each. */
static bool
cinemas_take(cinemas_t *self, const marquee_reply_t *reply, uint64_t *total)
{
    json_t *body = mpjson_read_web(reply->body, reply->body_size);
    json_t *list = json_object_get(body, "cinemas"), *one;
    size_t at;
    *total = (uint64_t)json_integer_value(json_object_get(body, "total"));
    json_array_foreach(list, at, one)
    {
        json_t *line = json_pack("{s:O, s:O, s:O}", "cinema", json_array_get(one, 0), "name",
                                 json_array_get(one, 1), "time_zone", json_array_get(one, 2));
        (void)json_array_append_new(self->cinemas, line);
    }
    self->from += at;
    bool good = json_is_array(list);
    json_decref(body);
    return good;
}

static void
cinemas_told(void *argument, const marquee_reply_t *reply)
{
    cinemas_t *self = argument;
    uint64_t total = 0, before = self->from;
    marquee_reply_t refusal = *reply;
    if (reply->status == STATUS_OK && !cinemas_take(self, reply, &total))
        refusal.status = STATUS_BAD_FRAME;
    if (refusal.status != STATUS_OK) {
        cinemas_end(self, &refusal);
        return;
    }
    if (self->from >= total || self->from == before) {
        self->partition++;
        self->from = 0;
    }
    cinemas_ask(self);
}

static void
cinemas_ask(cinemas_t *self)
{
    uint8_t room[48];
    marquee_body_t body;
    bridge_t *bridge = self->call->bridge;
    if (self->partition >= marquee_programmes(bridge->marquee) ||
        json_array_size(self->cinemas) >= CINEMAS_MAX) {
        cinemas_end(self, NULL);
        return;
    }
    marquee_body_init(&body, room, sizeof room);
    marquee_body_number(&body, "from", self->from);
    marquee_body_number(&body, "limit", CINEMAS_PAGE);
    if (bridge->connected && marquee_call(bridge->marquee, OP_CINEMA_LIST,
                                          marquee_partitions(bridge->marquee) + self->partition,
                                          &body, BRIDGE_READ_MS, cinemas_told, self) == 0) {
        bridge_turn(bridge);
        return;
    }
    const marquee_reply_t away = { .status = MARQUEE_NOT_SENT };
    cinemas_end(self, &away);
}

void
handle_cinemas(call_t *call, const http_request_t *request, const path_t *path, http_text_t body)
{
    cinemas_t *self = calloc(1, sizeof *self);
    (void)request;
    (void)path;
    (void)body;
    if (!self || !(self->cinemas = json_array())) {
        free(self);
        answer_problem(call, PROBLEM_INTERNAL, "memory is short", "");
        return;
    }
    self->call = call;
    cinemas_ask(self);
}

/* The offsets of the time zone are the system's, where the caller brings none. */
void
handle_cinema_set(call_t *call, const http_request_t *request, const path_t *path, http_text_t body)
{
    ask_t ask;
    uint64_t key;
    ask_begin(&ask, call);
    if (!ask_request(&ask, OP_CINEMA_SET, request, path, body, &key))
        return;
    json_t *json = ask_has(&ask, FIELD_OFFSETS) ? NULL : ask_body(call, request, body);
    const char *name = json_string_value(json_object_get(json, "time_zone"));
    json_t *offsets = name ? zone_offsets(name) : NULL;
    if (name && !offsets) {
        json_decref(json);
        answer_problem(call, PROBLEM_BAD_JSON, "time_zone is of no zone that is known here", "");
        return;
    }
    if (offsets)
        (void)ask_json(&ask, FIELD_OFFSETS, offsets);
    json_decref(offsets);
    json_decref(json);
    ask_send(&ask, OP_CINEMA_SET, key, ask_answer);
}
