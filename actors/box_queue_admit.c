/* box_queue_admit - who is let into a sale, and when. See box_queue.h. */
#include "actors/box_queue.h"
#include <assert.h>

uint32_t
box_queue_number(const queue_t *queue, uint8_t lane, uint32_t place)
{
    uint32_t drawn = queue->lanes[lane].drawn;
    return place < drawn ? draw_arrival(queue->seed, lane, drawn, place) : place;
}

uint32_t
box_queue_rank(const queue_t *queue, uint8_t lane, uint32_t number)
{
    uint32_t drawn = queue->lanes[lane].drawn;
    return number < drawn ? draw_place(queue->seed, lane, drawn, number) : number;
}

uint32_t
box_queue_waiting(const queue_t *queue)
{
    return queue->lanes[0].counts[PLACE_WAITING] + queue->lanes[1].counts[PLACE_WAITING];
}

uint32_t
box_queue_inside(const queue_t *queue)
{
    return queue->lanes[0].counts[PLACE_INSIDE] + queue->lanes[1].counts[PLACE_INSIDE];
}

void
box_queue_publish(const box_t *box, const queue_t *queue)
{
    uint8_t body[128];
    const sink_t *sink = box->turn->sink;
    if (!sink->followed(sink->argument, box->showtime))
        return;
    pack_t pack;
    pack_init(&pack, body, sizeof body);
    pack_map(&pack, 5);
    pack_key_bool(&pack, "open", queue->open);
    pack_key_bool(&pack, "drawn", queue->drawn_ms != 0);
    pack_str(&pack, "called");
    pack_array(&pack, QUEUE_LANES);
    for (int lane = 0; lane < QUEUE_LANES; lane++)
        pack_uint(&pack, queue->lanes[lane].called);
    pack_str(&pack, "joined");
    pack_array(&pack, QUEUE_LANES);
    for (int lane = 0; lane < QUEUE_LANES; lane++)
        pack_uint(&pack, queue->lanes[lane].joined);
    pack_key_uint(&pack, "inside", box_queue_inside(queue));
    assert(!pack.overflow);
    sink->event(sink->argument, OP_QUEUE_CHANGED, box->showtime, 0, body, (uint32_t)pack.size);
}

/* ------------------------------------------------------------------ when */

/* When there is credit for one more. */
static int64_t
queue_credit_ms(const queue_t *queue)
{
    if (queue->credit >= QUEUE_PERSON)
        return queue->ticked_ms;
    uint32_t missing = QUEUE_PERSON - queue->credit;
    return queue->ticked_ms + (missing + queue->rate - 1) / queue->rate;
}

/* When there is something to do next, 0: never, as things are. */
static int64_t
queue_due_ms(const box_t *box, const queue_t *queue)
{
    if (!queue->drawn_ms && !queue->open)
        return 0;
    if (!queue->drawn_ms)
        return queue->opens_ms ? queue->opens_ms : 1; /* 0 would be never */
    int64_t due_ms = INT64_MAX;
    if (queue->open && box_queue_waiting(queue)) {
        due_ms = box->head->closes_ms;
        if (box_queue_inside(queue) < queue->capacity && queue_credit_ms(queue) < due_ms)
            due_ms = queue_credit_ms(queue);
    }
    for (int lane = 0; lane < QUEUE_LANES; lane++)
        if (queue->lanes[lane].front_ms && queue->lanes[lane].front_ms < due_ms)
            due_ms = queue->lanes[lane].front_ms;
    if (due_ms == INT64_MAX)
        return 0;
    return due_ms > queue->ticked_ms + QUEUE_TICK_MS ? due_ms : queue->ticked_ms + QUEUE_TICK_MS;
}

void
box_queue_schedule(box_t *box, const queue_t *queue)
{
    state_set_due(box->turn->state, box_key(box->showtime, BOX_QUEUE, 0), queue_due_ms(box, queue));
}

void
box_queue_go_on(box_t *box)
{
    const queue_t *queue = box_queue(box);
    int64_t due_ms = queue_due_ms(box, queue);
    if (due_ms && due_ms <= box->turn->now_ms)
        box_queue_tick(box);
    else
        box_queue_schedule(box, queue);
}

/* ------------------------------------------------------------------ a tick */

/* Passes end in the order of places, so the cursor stops at the first that has not. */
static void
queue_expire(box_t *box, queue_t *queue, uint8_t lane)
{
    queue_lane_t *line = &queue->lanes[lane];
    line->front_ms = 0;
    for (uint32_t looks = 0; line->settled < line->called; line->settled++) {
        uint32_t number = box_queue_number(queue, lane, line->settled);
        const place_t *place = box_queue_place(box, lane, number);
        if (place->state == PLACE_INSIDE && place->until_ms > box->turn->now_ms) {
            line->front_ms = place->until_ms;
            return;
        }
        if (looks++ == QUEUE_TICK_PLACES) {
            line->front_ms = box->turn->now_ms;
            return;
        }
        if (place->state == PLACE_INSIDE)
            box_queue_step(box, queue, lane, number, PLACE_ON_EXPIRE);
    }
}

/* A second's worth can be saved up, and the part of a person that it does not divide by. */
static void
queue_earn(const box_t *box, queue_t *queue)
{
    uint64_t most = (uint64_t)queue->rate * QUEUE_TICK_MS + QUEUE_PERSON - 1;
    uint64_t since_ms = (uint64_t)(box->turn->now_ms - queue->ticked_ms);
    uint64_t credit = queue->credit + since_ms * queue->rate;
    queue->credit = (uint32_t)(credit < most ? credit : most);
    queue->ticked_ms = box->turn->now_ms;
}

/* Call places until one is let in; false when that would be too many looks. */
static bool
queue_call(box_t *box, queue_t *queue, uint8_t lane, uint32_t *looks)
{
    queue_lane_t *line = &queue->lanes[lane];
    assert(line->counts[PLACE_WAITING] > 0);
    while (*looks < QUEUE_TICK_PLACES) {
        uint32_t number = box_queue_number(queue, lane, line->called);
        line->called++;
        (*looks)++;
        if (box_queue_place(box, lane, number)->state != PLACE_WAITING)
            continue; /* left before it was called */
        box_queue_step(box, queue, lane, number, PLACE_ON_ADMIT);
        if (line->front_ms == 0)
            line->front_ms = queue->until_ms;
        return true;
    }
    return false;
}

/* The lane whose turn it is; when nobody waits there, the other goes, and nothing is saved up. */
static uint8_t
queue_whose_turn(queue_t *queue)
{
    uint8_t lane = 0;
    queue->deal = (uint8_t)(queue->deal + queue->share);
    if (queue->deal >= 100) {
        queue->deal = (uint8_t)(queue->deal - 100);
        lane = 1;
    }
    return queue->lanes[lane].counts[PLACE_WAITING] ? lane : !lane;
}

static void
queue_count_minute(queue_t *queue, int64_t now_ms, uint32_t admitted)
{
    enum { MINUTE_MS = 60000 };
    if (now_ms - queue->minute_ms >= MINUTE_MS) {
        queue->minute_before = now_ms - queue->minute_ms < 2 * MINUTE_MS ? queue->minute_count : 0;
        queue->minute_count = 0;
        queue->minute_ms = now_ms;
    }
    queue->minute_count += admitted;
}

static bool
queue_admit(box_t *box, queue_t *queue)
{
    int64_t now_ms = box->turn->now_ms;
    uint32_t looks = 0, admitted = 0;
    if (now_ms + queue->pass_ms > queue->until_ms)
        queue->until_ms = now_ms + queue->pass_ms;
    while (queue->credit >= QUEUE_PERSON && box_queue_waiting(queue) &&
           box_queue_inside(queue) < queue->capacity &&
           queue_call(box, queue, queue_whose_turn(queue), &looks)) {
        queue->credit -= QUEUE_PERSON;
        admitted++;
    }
    queue_count_minute(queue, now_ms, admitted);
    return looks > 0;
}

static void
queue_draw(box_t *box, queue_t *queue)
{
    for (int lane = 0; lane < QUEUE_LANES; lane++)
        queue->lanes[lane].drawn = queue->lanes[lane].joined;
    queue->drawn_ms = queue->ticked_ms = queue->minute_ms = box->turn->now_ms;
    queue->credit = queue->rate * QUEUE_TICK_MS;
    if (queue->credit < QUEUE_PERSON)
        queue->credit = QUEUE_PERSON;
}

void
box_queue_tick(box_t *box)
{
    queue_t *queue = box_queue_edit(box);
    bool changed = false;
    if (queue->open && box->turn->now_ms >= box->head->closes_ms) {
        queue->open = 0;
        changed = true;
    }
    if (queue->open && !queue->drawn_ms && box->turn->now_ms >= queue->opens_ms) {
        queue_draw(box, queue);
        changed = true;
    }
    if (queue->drawn_ms) {
        for (uint8_t lane = 0; lane < QUEUE_LANES; lane++)
            queue_expire(box, queue, lane);
        queue_earn(box, queue);
        if (queue->open && queue_admit(box, queue))
            changed = true;
    }
    box_queue_schedule(box, queue);
    if (changed)
        box_queue_publish(box, queue);
}

/* ------------------------------------------------------------------ how long */

/* People a minute. A full room lets in as many as go out, which is what it did in the minute
 * before, and at least all of its passes within their time. */
static uint64_t
queue_pace(const queue_t *queue)
{
    if (box_queue_inside(queue) < queue->capacity)
        return queue->rate;
    uint64_t least = (uint64_t)queue->capacity * 60000 / queue->pass_ms;
    uint64_t pace = queue->minute_before > least ? queue->minute_before : least;
    if (pace > queue->rate)
        pace = queue->rate;
    return pace ? pace : 1;
}

int64_t
box_queue_wait_ms(const queue_t *queue, uint8_t lane, uint32_t ahead)
{
    uint64_t part = 100;
    if (queue->lanes[!lane].counts[PLACE_WAITING])
        part = lane ? queue->share : 100u - queue->share;
    return (int64_t)((ahead + UINT64_C(1)) * 60000 * 100 / (queue_pace(queue) * (part ? part : 1)));
}
