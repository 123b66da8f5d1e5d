/* live_room - the waiting room: joining it, following one's place, and the door that its pass
 * opens.
 *
 * The places are the partition's; the bridge computes from what is published how many are ahead,
 * and asks only when a place was called. A room that is known to be open is known here too, so that
 * who has no pass is sent away without troubling the partition. */
#include "actors/pass.h"
#include "clients/bridge/answer.h"
#include "clients/bridge/ask.h"
#include "clients/bridge/handlers.h"
#include "clients/bridge/live_inside.h"
#include "clients/bridge/room.h"
#include "clients/mpjson.h"
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ROOM_KNOWN_MS = 5000, /* so long a room is taken to be open without another sign */
    ROOM_TURNS = 12,      /* of verification, between two looks at a place */
};

/* ------------------------------------------------------------------ the door */

void
room_seen(hall_t *hall, bool open)
{
    hall->room_ms = open ? hall->bridge->now_ms + ROOM_KNOWN_MS : 0;
}

static bool
room_pass_good(const call_t *call, http_text_t text, uint64_t showtime)
{
    const bridge_t *bridge = call->bridge;
    pass_t pass;
    for (uint32_t i = 0; i < bridge->site_key_count; i++)
        if (pass_read(text.data, text.size, bridge->site_keys[i], &pass))
            return pass.showtime == showtime && pass.user == call->identity.user &&
                   pass.until_ms > bridge->now_ms;
    return false;
}

bool
room_lets(call_t *call, const http_request_t *request, uint64_t showtime)
{
    http_text_t text;
    const hall_t *hall = hall_find(call->bridge, showtime);
    if (!hall || hall->room_ms <= call->bridge->now_ms || call->identity.kind == IDENTITY_STAFF ||
        call->bridge->site_key_count == 0 ||
        (http_field(request, "x-queue-pass", &text) && room_pass_good(call, text, showtime)))
        return true;
    const marquee_reply_t refusal = { .status = STATUS_QUEUE_FIRST };
    answer_refused(call, &refusal);
    return false;
}

void
room_refused(call_t *call)
{
    hall_t *hall = hall_of(call->bridge, call->key);
    if (hall)
        room_seen(hall, true);
}

void
room_take_keys(bridge_t *bridge, const marquee_reply_t *reply)
{
    json_t *body = mpjson_read(reply->body, reply->body_size);
    const json_t *one;
    size_t at, size;
    bridge->site_key_count = 0;
    json_array_foreach(json_object_get(body, "keys"), at, one)
    {
        const char *hex = json_string_value(json_array_get(one, 1));
        if (at < BRIDGE_SITE_KEYS && hex &&
            sodium_hex2bin(bridge->site_keys[at], PASS_KEY_SIZE, hex, strlen(hex), NULL, &size,
                           NULL) == 0 &&
            size == PASS_KEY_SIZE)
            bridge->site_key_count++;
    }
    json_decref(body);
}

/* ------------------------------------------------------------------ joining */

static void
room_joined(call_t *call, const marquee_reply_t *reply)
{
    hall_t *hall = reply->status == STATUS_OK ? hall_of(call->bridge, call->key) : NULL;
    if (hall)
        room_seen(hall, true);
    ask_answer(call, reply);
}

/* The lane is nothing that a caller can say: it follows from who is known to call. */
void
handle_queue_join(call_t *call, const http_request_t *request, const path_t *path, http_text_t body)
{
    ask_t ask;
    uint64_t key;
    ask_begin(&ask, call);
    if (!ask_request(&ask, OP_QUEUE_JOIN, request, path, body, &key))
        return;
    bool priority = call->identity.role == TOKEN_ROLE_MEMBER_VIP;
    ask_number(&ask, FIELD_LANE, priority);
    ask_send(&ask, OP_QUEUE_JOIN, key, room_joined);
}

/* ------------------------------------------------------------------ following */

static void
room_tell(follower_t *self, const char *text)
{
    if (strncmp(text, self->said, sizeof self->said - 1) == 0)
        return;
    snprintf(self->said, sizeof self->said, "%s", text);
    live_say(self, text, strlen(text));
}

/* How the partition says a place stands, told whole: when inside, the pass is in it. */
static void
room_tell_place(follower_t *self, const marquee_reply_t *reply)
{
    json_t *body = mpjson_read_web(reply->body, reply->body_size);
    const char *state = json_string_value(json_object_get(body, "state"));
    uint64_t lane = 0;
    (void)marquee_reply_number(reply, "place", &self->place);
    (void)marquee_reply_number(reply, "lane", &lane);
    self->lane = lane != 0;
    self->waiting = state && strcmp(state, "waiting") == 0;
    if (body)
        (void)json_object_set_new(body, "type", json_string("queue"));
    char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    json_decref(body);
    if (text)
        room_tell(self, text);
    free(text);
}

static void
room_looked(call_t *call, const marquee_reply_t *reply)
{
    follower_t *self = call->conn && call->conn->follows ? call->conn->owner : NULL;
    char text[96];
    if (self) {
        self->asking = NULL;
        if (reply->status == STATUS_OK)
            room_tell_place(self, reply);
        else if (reply->status >= 100) {
            snprintf(text, sizeof text, "{\"type\":\"queue\",\"state\":\"none\",\"code\":\"%s\"}",
                     marquee_status_name(reply->status));
            room_tell(self, text);
        }
    }
    call->conn = NULL;
    serve_release(call);
}

static void
room_look(follower_t *self)
{
    bridge_t *bridge = self->hall->bridge;
    uint8_t room[48];
    marquee_body_t body;
    call_t *call = self->asking ? NULL : serve_background(bridge, self->conn);
    if (!call)
        return;
    self->asking = call;
    marquee_body_init(&body, room, sizeof room);
    marquee_body_number(&body, "user", self->user);
    if (ask_background(call, OP_QUEUE_LOOK, self->hall->showtime, &body, room_looked) != 0)
        self->asking = NULL;
}

void
live_room_verify(follower_t *self)
{
    if (++self->turns < ROOM_TURNS)
        return;
    self->turns = 0;
    room_look(self);
}

typedef struct {
    bool open, drawn;
    uint64_t called[2], inside;
} room_news_t;

static bool
room_read_news(const marquee_event_t *event, room_news_t *news)
{
    mp_t mp;
    mp_item_t item;
    uint32_t lanes;
    const marquee_reply_t body = { .body = event->body, .body_size = event->body_size };
    if (!mp_find(event->body, event->body_size, "open", &mp) || !mp_next(&mp, &item))
        return false;
    news->open = item.type == MP_BOOL && item.u;
    if (!mp_find(event->body, event->body_size, "drawn", &mp) || !mp_next(&mp, &item))
        return false;
    news->drawn = item.type == MP_BOOL && item.u;
    return mp_find(event->body, event->body_size, "called", &mp) && mp_read_array(&mp, &lanes) &&
           lanes == 2 && mp_read_uint(&mp, &news->called[0]) &&
           mp_read_uint(&mp, &news->called[1]) &&
           marquee_reply_number(&body, "inside", &news->inside);
}

/* One whose place was called, or drawn, asks; the others can be told from here. */
static void
room_follow(follower_t *self, const room_news_t *news)
{
    char text[128];
    if (!news->open || !news->drawn || !self->waiting || self->place == 0 ||
        self->place <= news->called[self->lane]) {
        room_look(self);
        return;
    }
    snprintf(text, sizeof text,
             "{\"type\":\"queue\",\"state\":\"waiting\",\"place\":%" PRIu64 ",\"ahead\":%" PRIu64
             "}",
             self->place, self->place - news->called[self->lane] - 1);
    room_tell(self, text);
}

void
live_room_event(hall_t *hall, const marquee_event_t *event)
{
    room_news_t news;
    follower_t *next;
    if (!room_read_news(event, &news))
        return;
    room_seen(hall, news.open);
    for (follower_t *at = hall->followers; at; at = next) {
        next = at->next;
        if (at->kind == FOLLOW_ROOM)
            room_follow(at, &news);
    }
}

static void
room_begun(call_t *call, const marquee_reply_t *reply)
{
    follower_t *self = live_begin_seen(call, reply, FOLLOW_ROOM);
    if (self)
        room_tell_place(self, reply);
}

void
handle_queue_stream(call_t *call, const http_request_t *request, const path_t *path,
                    http_text_t body)
{
    ask_t ask;
    uint64_t key;
    if (!live_handshake(call, request))
        return;
    ask_begin(&ask, call);
    if (ask_request(&ask, OP_QUEUE_LOOK, request, path, body, &key))
        ask_send(&ask, OP_QUEUE_LOOK, key, room_begun);
}
