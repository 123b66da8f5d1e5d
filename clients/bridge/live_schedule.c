/* live_schedule - followers of a cinema: its version, with every change of its programme.
 *
 * A cinema stands among the halls under its id and HALL_CINEMA; nothing of it is read but the
 * version. Who hears one that does not follow on has missed a change, and fetches what it shows. */
#include "clients/bridge/answer.h"
#include "clients/bridge/ask.h"
#include "clients/bridge/handlers.h"
#include "clients/bridge/live_inside.h"
#include <inttypes.h>
#include <stdio.h>

static void
schedule_say(follower_t *self, uint64_t version)
{
    char text[96];
    int size = snprintf(text, sizeof text,
                        "{\"type\":\"schedule\",\"cinema\":%" PRIu64 ",\"version\":%" PRIu64 "}",
                        self->hall->showtime & ~HALL_CINEMA, version);
    self->place = version;
    live_say(self, text, (size_t)size);
}

/* Tell all who know less. */
static void
schedule_spread(hall_t *hall, uint64_t version)
{
    follower_t *next;
    for (follower_t *at = hall->followers; at; at = next) {
        next = at->next;
        if (at->kind == FOLLOW_SCHEDULE && at->place < version)
            schedule_say(at, version);
    }
}

void
live_schedule_event(hall_t *hall, const marquee_event_t *event)
{
    schedule_spread(hall, event->number);
}

static void
schedule_seen(call_t *call, const marquee_reply_t *reply)
{
    follower_t *self = call->conn ? call->conn->owner : NULL;
    uint64_t version;
    if (self && call->conn->follows) {
        self->asking = NULL;
        if (reply->status == STATUS_OK && marquee_reply_number(reply, "version", &version))
            schedule_spread(self->hall, version);
    }
    call->conn = NULL;
    serve_release(call);
}

void
live_schedule_verify(hall_t *hall)
{
    follower_t *self = hall->followers;
    if (!self || self->asking)
        return;
    call_t *call = serve_background(hall->bridge, self->conn);
    if (!call)
        return;
    self->asking = call;
    if (ask_background(call, OP_CINEMA_GET, hall->showtime & ~HALL_CINEMA, NULL, schedule_seen) !=
        0)
        self->asking = NULL;
}

static void
schedule_begun(call_t *call, const marquee_reply_t *reply)
{
    uint64_t version = 0;
    call->key |= HALL_CINEMA;
    follower_t *self = live_begin_seen(call, reply, FOLLOW_SCHEDULE);
    if (self && marquee_reply_number(reply, "version", &version))
        schedule_say(self, version);
}

void
handle_schedule_stream(call_t *call, const http_request_t *request, const path_t *path,
                       http_text_t body)
{
    ask_t ask;
    char text[24];
    uint64_t cinema = 0;
    (void)body;
    if (!live_handshake(call, request))
        return;
    bool named = ask_parameter(path, "cinema", text, sizeof text) ||
                 ask_query(request, "cinema", text, sizeof text) == 1;
    if (!named || !ask_decimal(text, &cinema) || cinema == 0 || cinema > INT64_MAX) {
        answer_problem(call, PROBLEM_BAD_PARAMETER, "cinema", "");
        return;
    }
    ask_begin(&ask, call);
    ask_send(&ask, OP_CINEMA_GET, cinema, schedule_begun);
}
