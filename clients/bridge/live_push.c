/* live_push - what has changed, to all who follow: halls in line, one message for all readers of a
 * hall, readers in slices. */
#include "clients/bridge/live_inside.h"
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    LIVE_PUSH_SLICE = BURST_MAX, /* readers served before other events get their turn */
    LIVE_TLS_RECORD = 16 * 1024, /* what OpenSSL may hold of a write that was not taken */
    LIVE_RING_MIN = 8192,
    LIVE_HEAD_MAX = 64, /* of an event or a frame, and its end */
};
_Static_assert(LIVE_RING_MIN - LIVE_HEAD_MAX >= (int)HALL_STATES_ROOM,
               "any hall's seats fit a ring");

static char live_push_text[HALL_CHANGES_ROOM];

/* ------------------------------------------------------------------ pushing */

/* What could not be written waits in the connection, up to the end of a message: control frames may
 * stand between messages only. OpenSSL wants to be given the same bytes again. */
static void
live_keep(follower_t *self, const log_ring_t *log)
{
    uint64_t from = self->offset;
    uint64_t least = from + 1 + (self->conn->ssl ? LIVE_TLS_RECORD : 0);
    uint64_t border = least >= log->end ? log->end : log_ring_border(log, least);
    while (self->offset < border && self->conn->state != CONN_DEAD) {
        const uint8_t *bytes;
        size_t size = log_ring_bytes(log, self->offset, &bytes);
        if (size > border - self->offset)
            size = (size_t)(border - self->offset);
        self->offset += size;
        conn_keep(self->conn, bytes, size);
    }
}

static const log_ring_t *
live_log(const follower_t *self)
{
    return self->sse ? self->hall->sse_log : self->hall->ws_log;
}

/* The bytes that a reader is to be sent next. 0: none, or its socket is full; one that is too far
 * behind is cut. */
static size_t
live_next(follower_t *self, const uint8_t **bytes)
{
    const log_ring_t *log = live_log(self);
    if (self->conn->state == CONN_DEAD)
        return 0;
    if (!log_ring_has(log, self->offset)) {
        self->hall->bridge->figures.cut_lagging++;
        conn_cut(self->conn);
        return 0;
    }
    if (!conn_idle_out(self->conn) || self->offset == log->end)
        return 0;
    return log_ring_bytes(log, self->offset, bytes);
}

/* Of `size` bytes its socket took `sent`, or -1: it was killed. Is there more to send? */
static bool
live_took(follower_t *self, size_t size, long sent)
{
    const log_ring_t *log = live_log(self);
    bridge_t *bridge = self->hall->bridge;
    if (sent < 0)
        return false;
    self->offset += (uint64_t)sent;
    bridge->figures.push_bytes += (uint64_t)sent;
    if ((size_t)sent < size) {
        live_keep(self, log);
        return false;
    }
    if (self->offset < log->end)
        return true;
    bridge->figures.pushes++;
    return false;
}

void
live_push_one(follower_t *self)
{
    const uint8_t *bytes;
    size_t size = live_next(self, &bytes);
    while (size && live_took(self, size, conn_try_write(self->conn, bytes, size)))
        size = live_next(self, &bytes);
}

/* The next `max` readers of a hall at most; how many those were. TLS writes for itself. */
static int
live_push_some(hall_t *hall, int max)
{
    static burst_io_t writes[LIVE_PUSH_SLICE];
    static follower_t *readers[LIVE_PUSH_SLICE];
    size_t count = 0;
    int seen = 0;
    assert(max <= LIVE_PUSH_SLICE);
    for (; hall->push_at && seen < max; seen++) {
        const uint8_t *bytes;
        follower_t *reader = hall->push_at;
        hall->push_at = reader->next;
        if (reader->kind != FOLLOW_SEATS)
            continue;
        if (reader->conn->ssl) {
            live_push_one(reader);
            continue;
        }
        size_t size = live_next(reader, &bytes);
        if (!size)
            continue;
        writes[count] =
            (burst_io_t){ .data = bytes, .size = (uint32_t)size, .fd = reader->conn->fd };
        readers[count++] = reader;
    }
    burst_send(hall->bridge->halls->burst, writes, count);
    for (size_t i = 0; i < count; i++) {
        long sent = conn_wrote(readers[i]->conn, (long)writes[i].done);
        if (sent >= 0 && live_took(readers[i], writes[i].size, sent))
            live_push_one(readers[i]);
    }
    return seen;
}

static void
live_again(struct event *event, int64_t wait_ms)
{
    const struct timeval wait = { .tv_sec = wait_ms / 1000, .tv_usec = wait_ms % 1000 * 1000 };
    int fault = event_add(event, &wait);
    assert(fault == 0);
    (void)fault;
}

uint32_t
live_ring_room(const bridge_t *bridge)
{
    uint32_t room = LIVE_RING_MIN;
    while (room < (uint32_t)bridge->conf.number[BRIDGE_CONF_live_lag_kb] * 1024)
        room *= 2;
    return room;
}

/* One message for all readers of one framing. */
static void
live_append(hall_t *hall, size_t size)
{
    uint8_t head[WS_FRAME_HEAD_MAX];
    char first[LIVE_HEAD_MAX];
    if (hall->ws_log)
        (void)log_ring_append(hall->ws_log, head, ws_head(head, WS_TEXT, size), live_push_text,
                              size);
    if (!hall->sse_log)
        return;
    int head_size = snprintf(first, sizeof first, "id: %" PRIu32 "\ndata: ", hall->number);
    memcpy(live_push_text + size, "\n\n", 2);
    (void)log_ring_append(hall->sse_log, first, (size_t)head_size, live_push_text, size + 2);
}

/* The changes of a hall since the last message become one. */
void
live_frame(hall_t *hall)
{
    if (hall->number == hall->pushed)
        return;
    size_t size =
        hall_put_changes(hall, "change", hall->pushed, live_push_text, sizeof live_push_text - 2);
    /* A whole hall may change at once; where the ring is small, all its seats are shorter. */
    if (size > live_ring_room(hall->bridge) - LIVE_HEAD_MAX)
        size = hall_put_states(hall, "seats", live_push_text, sizeof live_push_text - 2);
    assert(size > 0);
    hall->pushed = hall->number;
    live_append(hall, size);
}

/* ------------------------------------------------------------------ halls in line */

/* Push when the tick is over. */
static void
live_tick(bridge_t *bridge)
{
    halls_t *halls = bridge->halls;
    if (halls->tick_due)
        return;
    halls->tick_due = true;
    live_again(halls->tick, bridge->conf.number[BRIDGE_CONF_live_tick_ms]);
}

/* Last in line: whoever was there before is served before, however fast others change. */
static void
live_line_up(hall_t *hall)
{
    halls_t *halls = hall->bridge->halls;
    hall->dirty = true;
    hall->dirty_next = NULL;
    if (halls->dirty)
        halls->dirty_last->dirty_next = hall;
    else
        halls->dirty = hall;
    halls->dirty_last = hall;
    live_tick(hall->bridge);
}

void
live_changed(hall_t *hall)
{
    if (!hall->dirty && hall->followers)
        live_line_up(hall);
}

void
live_forget(hall_t *hall)
{
    halls_t *halls = hall->bridge->halls;
    hall_t *before = NULL;
    if (!hall->dirty)
        return;
    for (hall_t *at = halls->dirty; at != hall; at = at->dirty_next)
        before = at;
    if (before)
        before->dirty_next = hall->dirty_next;
    else
        halls->dirty = hall->dirty_next;
    if (halls->dirty_last == hall)
        halls->dirty_last = before;
    hall->dirty = false;
}

/* All that have changed may be pushed; those who line up later wait for the next tick. */
static void
live_ticked(evutil_socket_t fd, short what, void *argument)
{
    bridge_t *bridge = argument;
    halls_t *halls = bridge->halls;
    (void)fd;
    (void)what;
    halls->tick_due = false;
    for (hall_t *hall = halls->dirty; hall; hall = hall->dirty_next)
        hall->due = true;
    live_again(halls->push, 0);
}

/* Framed when its turn comes, not when the tick was over: what changed in between is in the same
 * message. */
static void
live_pass(hall_t *hall)
{
    live_frame(hall);
    hall->passing = true;
    hall->push_at = hall->followers;
}

/* All readers were served. What has changed meanwhile wants another pass. */
static void
live_passed(halls_t *halls, hall_t *hall)
{
    assert(halls->dirty == hall);
    live_forget(hall);
    hall->passing = hall->due = false;
    if (hall->number != hall->pushed)
        live_line_up(hall);
}

/* Readers in slices: ten thousand of them must not keep a buyer waiting. */
static void
live_pushed(evutil_socket_t fd, short what, void *argument)
{
    bridge_t *bridge = argument;
    halls_t *halls = bridge->halls;
    int left = LIVE_PUSH_SLICE;
    (void)fd;
    (void)what;
    while (halls->dirty && halls->dirty->due && left > 0) {
        hall_t *hall = halls->dirty;
        if (!hall->passing)
            live_pass(hall);
        left -= live_push_some(hall, left);
        if (!hall->push_at)
            live_passed(halls, hall);
    }
    if (halls->dirty && halls->dirty->due)
        live_again(halls->push, 0);
}

int
live_start(bridge_t *bridge, halls_t *halls)
{
    halls->tick = evtimer_new(bridge->base, live_ticked, bridge);
    halls->push = evtimer_new(bridge->base, live_pushed, bridge);
    halls->burst = burst_new(bridge->conf.number[BRIDGE_CONF_live_uring] != 0);
    return halls->tick && halls->push && halls->burst ? 0 : -1;
}
