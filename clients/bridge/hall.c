/* hall - copies of showtimes: found, read, kept by events; see hall.h for the contract. */
#include "clients/bridge/hall.h"
#include "broker/mp.h"
#include "clients/bridge/answer.h"
#include "clients/bridge/ask.h"
#include "clients/bridge/hall_text.h"
#include "clients/bridge/live.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { HALL_CHAINS = 4096, HALL_VERIFY_SOON_MS = 1000 };

/* ------------------------------------------------------------------ the table */

static hall_t **
hall_chain(const halls_t *halls, uint64_t showtime)
{
    uint64_t hash = (showtime ^ showtime >> 32) * UINT64_C(0x9e3779b97f4a7c15);
    return &halls->chains[hash >> 52 & (HALL_CHAINS - 1)];
}

hall_t *
hall_find(bridge_t *bridge, uint64_t showtime)
{
    hall_t *hall = *hall_chain(bridge->halls, showtime);
    while (hall && hall->showtime != showtime)
        hall = hall->next;
    return hall;
}

static bool
hall_in_use(const hall_t *self)
{
    return self->reading || self->pinned || self->followers || self->asking || self->wanting;
}

static void
hall_unlink_use(hall_t *self)
{
    self->newer->older = self->older;
    self->older->newer = self->newer;
}

static void
hall_used(hall_t *self)
{
    hall_t *ring = &self->bridge->halls->by_use;
    if (self->newer)
        hall_unlink_use(self);
    self->older = ring->older;
    self->newer = ring;
    self->older->newer = self;
    ring->older = self;
    self->used_ms = self->bridge->now_ms;
}

static void
hall_unfollow(const hall_t *self)
{
    marquee_t *marquee = self->bridge->marquee;
    if (self->showtime & HALL_CINEMA)
        (void)marquee_unfollow_cinema(marquee, self->showtime & ~HALL_CINEMA);
    else
        (void)marquee_unfollow(marquee, self->showtime);
}

static void
hall_free(hall_t *self)
{
    bridge_t *bridge = self->bridge;
    halls_t *halls = bridge->halls;
    hall_t **at = hall_chain(halls, self->showtime);
    assert(!hall_in_use(self));
    while (*at != self)
        at = &(*at)->next;
    *at = self->next;
    hall_unlink_use(self);
    live_forget(self);
    halls->count--;
    if (self->following) {
        halls->following--;
        hall_unfollow(self);
    }
    log_ring_destroy(&self->ws_log);
    log_ring_destroy(&self->sse_log);
    hall_text_t *const texts[] = { &self->map, &self->compact, &self->layout };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        free(texts[i]->text);
        free(texts[i]->packed);
    }
    free(self->seats);
    free(self->changed);
    free(self);
}

/* Make room by letting the copy go that was not used for longest. */
static bool
halls_make_room(halls_t *halls)
{
    if (halls->count < halls->max)
        return true;
    for (hall_t *hall = halls->by_use.newer; hall != &halls->by_use; hall = hall->newer)
        if (!hall_in_use(hall)) {
            hall_free(hall);
            return true;
        }
    return false;
}

hall_t *
hall_of(bridge_t *bridge, uint64_t showtime)
{
    halls_t *halls = bridge->halls;
    hall_t *hall = hall_find(bridge, showtime);
    if (!hall) {
        if (!halls_make_room(halls) || !(hall = calloc(1, sizeof *hall)))
            return NULL;
        hall_t **chain = hall_chain(halls, showtime);
        hall->bridge = bridge;
        hall->showtime = showtime;
        hall->next = *chain;
        *chain = hall;
        halls->count++;
    }
    hall_used(hall);
    return hall;
}

/* ------------------------------------------------------------------ reading */

static bool
hall_reserve(hall_t *self, uint32_t count)
{
    hall_seat_t *seats = realloc(self->seats, (count ? count : 1) * sizeof *seats);
    if (seats)
        self->seats = seats;
    uint32_t *changed = realloc(self->changed, (count ? count : 1) * sizeof *changed);
    if (changed)
        self->changed = changed;
    return seats && changed;
}

static bool
hall_read_letter(mp_t *mp, char *letter)
{
    const char *text;
    uint32_t size;
    if (!mp_read_str(mp, &text, &size) || size != 1)
        return false;
    *letter = *text;
    return true;
}

static bool
hall_read_seat(mp_t *mp, uint32_t at, hall_seat_t *seat)
{
    uint32_t items;
    uint64_t id, row, column, state;
    if (!mp_read_array(mp, &items) || items != 6 || !mp_read_uint(mp, &id) || id != at + 1 ||
        !mp_read_uint(mp, &row) || !mp_read_uint(mp, &column) || !mp_read_uint(mp, &state) ||
        row > UINT16_MAX || column > UINT16_MAX || state > 3)
        return false;
    seat->row = (uint16_t)row;
    seat->column = (uint16_t)column;
    seat->state = (uint8_t)state;
    return hall_read_letter(mp, &seat->kind) && hall_read_letter(mp, &seat->zone);
}

/* The whole map. */
static bool
hall_take_map(hall_t *self, uint32_t number, mp_t *mp)
{
    uint32_t count;
    if (!mp_read_array(mp, &count) || count > HALL_SEATS_MAX || !hall_reserve(self, count))
        return false;
    self->ready = false;
    for (uint32_t i = 0; i < count; i++) {
        if (!hall_read_seat(mp, i, &self->seats[i]))
            return false;
        self->changed[i] = number;
    }
    self->seat_count = count;
    self->number = self->base = self->pushed = number;
    self->map.good = self->compact.good = self->layout.good = false;
    self->ready = true;
    return true;
}

/* [[id, state], ...] that bring us to `number`. */
static bool
hall_take_changes(hall_t *self, uint32_t number, mp_t *mp)
{
    uint32_t count, items;
    if (!mp_read_array(mp, &count))
        return false;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t id, state;
        if (!mp_read_array(mp, &items) || items != 2 || !mp_read_uint(mp, &id) || id == 0 ||
            id > self->seat_count || !mp_read_uint(mp, &state) || state > 3)
            return false;
        if (self->seats[id - 1].state == state)
            continue;
        self->seats[id - 1].state = (uint8_t)state;
        self->changed[id - 1] = number;
        self->map.good = self->compact.good = false;
    }
    if (number != self->number) {
        self->number = number;
        self->map.good = self->compact.good = false;
        live_changed(self);
    }
    return true;
}

static bool
hall_take_reply(hall_t *self, const marquee_reply_t *reply)
{
    mp_t mp;
    uint64_t number;
    if (!marquee_reply_number(reply, "number", &number) || number > UINT32_MAX)
        return false;
    if (mp_find(reply->body, reply->body_size, "seats", &mp))
        return hall_take_map(self, (uint32_t)number, &mp);
    /* An event may have brought us further than this read was. */
    if (!self->ready || !mp_find(reply->body, reply->body_size, "changes", &mp))
        return false;
    return number < self->number || hall_take_changes(self, (uint32_t)number, &mp);
}

static void
hall_done(void *argument, const marquee_reply_t *reply)
{
    hall_t *self = argument;
    call_t *call = self->asking;
    marquee_reply_t answer = *reply;
    self->reading = false;
    self->asking = NULL;
    if (answer.status == STATUS_OK && !hall_take_reply(self, reply))
        answer.status = STATUS_BAD_FRAME;
    self->reading = true; /* keeps it while answers run */
    while (call) {
        call_t *next = call->next;
        call->next = NULL;
        if (!call->conn)
            serve_release(call);
        else if (answer.status == STATUS_OK)
            hall_answer(self, call);
        else if (answer.status == STATUS_BAD_FRAME)
            answer_problem(call, PROBLEM_BAD_GATEWAY, NULL, "");
        else
            answer_refused(call, &answer);
        call = next;
    }
    self->reading = false;
    if (self->wanting || self->gap)
        hall_read(self);
    else if (!self->ready && !hall_in_use(self))
        hall_free(self);
}

/* Nothing can be asked now: tell those who wait. */
static void
hall_unasked(hall_t *self)
{
    call_t *call = self->asking;
    self->asking = NULL;
    self->reading = true;
    while (call) {
        call_t *next = call->next;
        call->next = NULL;
        answer_problem(call, PROBLEM_SERVER_AWAY, NULL, "");
        call = next;
    }
    self->reading = false;
}

void
hall_read(hall_t *self)
{
    uint8_t room[32];
    marquee_body_t body;
    bridge_t *bridge = self->bridge;
    if (self->reading)
        return;
    self->asking = self->wanting;
    self->wanting = NULL;
    self->gap = false;
    marquee_body_init(&body, room, sizeof room);
    if (self->ready)
        marquee_body_number(&body, "since", self->number);
    if (!bridge->connected || marquee_call(bridge->marquee, OP_SEATS_GET, self->showtime, &body,
                                           BRIDGE_READ_MS, hall_done, self) != 0) {
        hall_unasked(self);
        return;
    }
    self->reading = true;
    bridge_turn(bridge);
}

void
hall_want(hall_t *self, call_t *call)
{
    bridge_t *bridge = self->bridge;
    if (!bridge->connected) { /* a read that is on its way will not come back either */
        bridge->figures.unavailable++;
        answer_problem(call, PROBLEM_SERVER_AWAY, NULL, "");
        return;
    }
    call->next = self->wanting;
    self->wanting = call;
    hall_read(self);
}

/* ------------------------------------------------------------------ events */

int
hall_follow(hall_t *self)
{
    if (self->following)
        return 0;
    marquee_t *marquee = self->bridge->marquee;
    if ((self->showtime & HALL_CINEMA
             ? marquee_follow_cinema(marquee, self->showtime & ~HALL_CINEMA)
             : marquee_follow(marquee, self->showtime)) != 0)
        return -1;
    self->following = true;
    self->verified = 0;
    self->verify_ms = self->bridge->now_ms + HALL_VERIFY_FIRST_MS;
    self->bridge->halls->following++;
    bridge_turn(self->bridge);
    return 0;
}

/* An event that does not join on shows that some were lost. */
static void
hall_changed(hall_t *self, const marquee_event_t *event)
{
    mp_t mp;
    uint64_t from;
    marquee_reply_t body = { .body = event->body, .body_size = event->body_size };
    if (!self->ready || event->number <= self->number || event->number > UINT32_MAX)
        return;
    if (!marquee_reply_number(&body, "from", &from) || from > (uint64_t)self->number + 1 ||
        !mp_find(event->body, event->body_size, "changes", &mp) ||
        !hall_take_changes(self, (uint32_t)event->number, &mp)) {
        self->gap = true;
        hall_read(self);
    }
}

void
halls_event(void *argument, const marquee_event_t *event)
{
    bridge_t *bridge = argument;
    bool cinema = event->operation == OP_SCHEDULE_CHANGED;
    hall_t *hall = hall_find(bridge, event->showtime | (cinema ? HALL_CINEMA : 0));
    if (!hall)
        return;
    if (event->operation == OP_SEATS_CHANGED)
        hall_changed(hall, event);
    else
        live_event(hall, event);
}

/* ------------------------------------------------------------------ time */

static void
hall_verify(hall_t *self, int64_t now_ms)
{
    if (self->verified < 2)
        self->verified++;
    self->verify_ms =
        now_ms + (self->verified < 2 ? (int64_t)HALL_VERIFY_SOON_MS : (int64_t)HALL_VERIFY_MS);
    if (!(self->showtime & HALL_CINEMA))
        hall_read(self);
    live_verify(self);
}

void
halls_clock(bridge_t *bridge, int64_t now_ms)
{
    halls_t *halls = bridge->halls;
    hall_t *newer;
    for (hall_t *hall = halls->by_use.newer; hall != &halls->by_use; hall = newer) {
        newer = hall->newer;
        newer->pinned = true; /* what is told of this one may bring a request that wants room */
        if (hall->following && hall->followers && bridge->connected && now_ms >= hall->verify_ms)
            hall_verify(hall, now_ms);
        else if (!hall_in_use(hall) && now_ms - hall->used_ms > HALL_IDLE_MS)
            hall_free(hall);
        newer->pinned = false;
    }
}

halls_t *
halls_new(bridge_t *bridge)
{
    halls_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->chains = calloc(HALL_CHAINS, sizeof(hall_t *));
    self->max = (uint32_t)bridge->conf.number[BRIDGE_CONF_live_halls];
    self->by_use.newer = self->by_use.older = &self->by_use;
    if (!self->chains || live_start(bridge, self) != 0)
        halls_destroy(&self);
    return self;
}

/* All connections and calls are gone by now. */
void
halls_destroy(halls_t **self_p)
{
    halls_t *self = *self_p;
    if (!self)
        return;
    while (self->chains && self->by_use.newer != &self->by_use) {
        hall_t *hall = self->by_use.newer;
        hall->reading = hall->following = false;
        hall->asking = hall->wanting = NULL;
        hall_free(hall);
    }
    if (self->tick)
        event_free(self->tick);
    if (self->push)
        event_free(self->push);
    burst_destroy(&self->burst);
    free(self->chains);
    free(self);
    *self_p = NULL;
}
