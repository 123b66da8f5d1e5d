/* live - see live.h for the contract. */
#include "clients/bridge/live.h"
#include "clients/bridge/answer.h"
#include "clients/bridge/ask.h"
#include "clients/bridge/handlers.h"
#include "clients/bridge/live_inside.h"
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char live_room[HALL_CHANGES_ROOM];

/* ------------------------------------------------------------------ followers */

/* Tell one follower alone; JSON as WebSocket or server-sent event. */
void
live_say(follower_t *self, const char *text, size_t size)
{
    char head[64];
    if (!self->sse) {
        conn_frame(self->conn, WS_TEXT, text, size);
        return;
    }
    int head_size = self->kind == FOLLOW_SEATS
                        ? snprintf(head, sizeof head, "id: %" PRIu32 "\ndata: ", self->hall->number)
                        : snprintf(head, sizeof head, "data: ");
    conn_write(self->conn, head, (size_t)head_size, text, size);
    conn_write(self->conn, "\n\n", 2, NULL, 0);
}

static bool
live_switch(call_t *call)
{
    char head[256];
    if (!call->websocket)
        return answer_begin_stream(call, "text/event-stream");
    int size = snprintf(head, sizeof head,
                        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                        "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
                        call->accept);
    conn_write(call->conn, head, (size_t)size, NULL, 0);
    return call->conn && call->conn->state != CONN_DEAD;
}

/* HEAD asks for what a stream would begin with, and no more. */
static void
live_head_only(call_t *call)
{
    conn_t *conn = call->conn;
    (void)live_switch(call);
    metrics_count(call, 200);
    serve_release(call);
    conn_end(conn);
}

/* The call's connection becomes a stream; the call is over. NULL: it has ended otherwise. */
follower_t *
live_begin(hall_t *hall, call_t *call, follow_t kind)
{
    bridge_t *bridge = call->bridge;
    if (call->method == HTTP_HEAD) {
        live_head_only(call);
        return NULL;
    }
    follower_t *self = calloc(1, sizeof *self);
    if (!self) {
        answer_problem(call, PROBLEM_INTERNAL, "memory is short", "");
        return NULL;
    }
    conn_t *conn = call->conn;
    bool open = live_switch(call);
    *self = (follower_t){ .conn = conn,
                          .hall = hall,
                          .kind = kind,
                          .sse = !call->websocket,
                          .user = call->identity.user,
                          .next = hall->followers };
    memcpy(self->word, call->word, sizeof self->word);
    metrics_count(call, call->websocket ? 101 : 200);
    serve_release(call);
    if (!open) {
        free(self);
        return NULL;
    }
    if (hall->followers)
        hall->followers->before = self;
    hall->followers = self;
    hall->follower_count++;
    conn->owner = self;
    conn->follows = true;
    bridge->figures.streams++;
    (void)conn_stream(conn, !self->sse);
    return self;
}

follower_t *
live_begin_seen(call_t *call, const marquee_reply_t *reply, follow_t kind)
{
    if (reply->status != STATUS_OK) {
        answer_refused(call, reply);
        return NULL;
    }
    hall_t *hall = hall_of(call->bridge, call->key);
    if (hall && hall_follow(hall) == 0)
        return live_begin(hall, call, kind);
    answer_problem(call, PROBLEM_INTERNAL, "too much is followed", "");
    return NULL;
}

static log_ring_t **
live_log(follower_t *self)
{
    return self->sse ? &self->hall->sse_log : &self->hall->ws_log;
}

/* What is said next, as of the hall's number, joins on to the log's end. What a hall in line has
 * not framed yet comes once more, with others: a crowd that opens its pages together must not make
 * messages for all who are there already. Nobody waits for what a hall not in line has not framed.
 */
static void
live_join(follower_t *self)
{
    if (!self->hall->dirty)
        live_frame(self->hall);
    self->offset = (*live_log(self))->end;
}

void
live_begin_seats(hall_t *hall, call_t *call)
{
    bool has_since = call->has_since;
    uint64_t since = call->since;
    follower_t *self = live_begin(hall, call, FOLLOW_SEATS);
    if (!self)
        return;
    log_ring_t **log = live_log(self);
    if (!*log && !(*log = log_ring_new(live_ring_room(hall->bridge)))) {
        conn_kill(self->conn);
        return;
    }
    live_join(self);
    size_t size = 0;
    if (!has_since || since < hall->base || since > hall->number)
        size = hall_put_states(hall, "seats", live_room, sizeof live_room);
    else if (since < hall->number)
        size = hall_put_changes(hall, "change", (uint32_t)since, live_room, sizeof live_room);
    if (size)
        live_say(self, live_room, size);
}

void
live_gone(conn_t *conn)
{
    follower_t *self = conn->owner;
    hall_t *hall = self->hall;
    if (self->next)
        self->next->before = self->before;
    if (self->before)
        self->before->next = self->next;
    else
        hall->followers = self->next;
    if (hall->push_at == self)
        hall->push_at = self->next;
    if (self->asking)
        self->asking->conn = NULL;
    hall->follower_count--;
    hall->bridge->figures.streams--;
    hall->used_ms = hall->bridge->now_ms;
    conn->follows = false;
    conn->owner = NULL;
    free(self);
}

void
live_writable(conn_t *conn)
{
    follower_t *self = conn->owner;
    if (self && conn->follows && self->kind == FOLLOW_SEATS)
        live_push_one(self);
}

/* As in the beginning: what the log had for the reader before is in what is said. One who asks and
 * does not read is cut like any other. */
static void
live_tell_since(follower_t *self, uint64_t number)
{
    hall_t *hall = self->hall;
    bridge_t *bridge = hall->bridge;
    const conn_t *conn = self->conn;
    if (conn->out_size - conn->out_at > bridge->conf.number[BRIDGE_CONF_live_lag_kb] * 1024) {
        bridge->figures.cut_lagging++;
        conn_cut(self->conn);
        return;
    }
    live_join(self);
    size_t size =
        number < hall->base || number > hall->number
            ? hall_put_states(hall, "seats", live_room, sizeof live_room)
            : hall_put_changes(hall, "change", (uint32_t)number, live_room, sizeof live_room);
    live_say(self, live_room, size);
}

/* Clients have nothing to say on a stream but `{"since":N}`: tell me again from there. */
void
live_message(conn_t *conn, const ws_message_t *message)
{
    follower_t *self = conn->owner;
    json_error_t error;
    if (!self || !conn->follows)
        return;
    json_t *json =
        message->opcode == WS_TEXT && self->kind == FOLLOW_SEATS
            ? json_loadb((const char *)message->data, message->size, JSON_REJECT_DUPLICATES, &error)
            : NULL;
    const json_t *since = json_object_get(json, "since");
    bool good = json_is_integer(since) && json_integer_value(since) >= 0;
    uint64_t number = good ? (uint64_t)json_integer_value(since) : 0;
    json_decref(json);
    if (!good) {
        conn_close_frame(conn, WS_CLOSE_POLICY, "not understood");
        return;
    }
    live_tell_since(self, number);
}

/* ------------------------------------------------------------------ handlers */

/* A WebSocket's handshake is checked before anything is asked. */
bool
live_handshake(call_t *call, const http_request_t *request)
{
    call->websocket = call->route->success == 101;
    if (!call->websocket)
        return true;
    uint16_t verdict = ws_accept(request, call->accept);
    if (verdict == 101)
        return true;
    answer_problem(call, verdict == 426 ? PROBLEM_WEBSOCKET : PROBLEM_BAD_REQUEST,
                   "a WebSocket handshake was expected",
                   verdict == 426 ? "Sec-WebSocket-Version: 13\r\nUpgrade: websocket\r\n" : "");
    return false;
}

/* ------------------------------------------------------------------ what others tell */

void
live_event(hall_t *hall, const marquee_event_t *event)
{
    if (event->operation == OP_ORDER_CHANGED)
        live_order_event(hall, event);
    else if (event->operation == OP_QUEUE_CHANGED)
        live_room_event(hall, event);
    else if (event->operation == OP_SCHEDULE_CHANGED)
        live_schedule_event(hall, event);
}

void
live_verify(hall_t *hall)
{
    if (hall->showtime & HALL_CINEMA) {
        live_schedule_verify(hall);
        return;
    }
    for (follower_t *at = hall->followers; at; at = at->next) {
        if (at->kind == FOLLOW_ORDER)
            live_order_verify(at);
        else if (at->kind == FOLLOW_ROOM)
            live_room_verify(at);
    }
}

static bool
live_read_since(call_t *call, const http_request_t *request)
{
    char text[16];
    http_text_t last;
    int found = ask_query(request, "since", text, sizeof text);
    if (!found && http_field(request, "last-event-id", &last) && last.size < sizeof text) {
        memcpy(text, last.data, last.size);
        text[last.size] = 0;
        found = 1;
    }
    call->has_since = found > 0;
    if (found < 0 || (found && (!ask_decimal(text, &call->since) || call->since > UINT32_MAX))) {
        answer_problem(call, PROBLEM_BAD_PARAMETER, "since", "");
        return false;
    }
    return true;
}

void
handle_seats_stream(call_t *call, const http_request_t *request, const path_t *path,
                    http_text_t body)
{
    (void)body;
    if (!live_handshake(call, request) || !live_read_since(call, request) ||
        !ask_showtime(call, path, &call->key))
        return;
    hall_t *hall = hall_of(call->bridge, call->key);
    if (!hall || hall_follow(hall) != 0) {
        answer_problem(call, PROBLEM_INTERNAL, "too much is followed", "");
        return;
    }
    call->format = HALL_STREAM;
    hall_want(hall, call);
}

void
live_end_all(bridge_t *bridge)
{
    halls_t *halls = bridge->halls;
    for (hall_t *hall = halls->by_use.newer; hall != &halls->by_use; hall = hall->newer) {
        follower_t *next;
        for (follower_t *at = hall->followers; at; at = next) {
            conn_t *conn = at->conn;
            next = at->next;
            if (at->sse)
                conn_end(conn);
            else
                conn_close_frame(conn, WS_CLOSE_GOING_AWAY, "restart");
        }
    }
}
