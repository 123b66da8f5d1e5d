/* box_queue_check - the truths of a waiting room, recomputed from its records. See box_queue.h. */
#include "actors/box_queue.h"
#include <string.h>

typedef struct {
    const box_t *box;
    const queue_t *queue;
    uint32_t counts[PLACE_STATES];
    int64_t until_ms; /* of the pass before */
} queue_check_t;

static const char *
queue_check_user(const queue_check_t *self, uint8_t lane, uint32_t number, const place_t *place)
{
    queue_user_t user;
    if (place->user == 0 || place->state == PLACE_NONE || place->state >= PLACE_STATES)
        return "a number of the waiting room is nobody's";
    if (!box_queue_find(self->box, place->user, &user))
        return "somebody in the waiting room is not in its table of users";
    bool live = place->state == PLACE_WAITING || place->state == PLACE_INSIDE;
    if (live && (user.lane != lane || user.number != number))
        return "a user has two places in the waiting room";
    return NULL;
}

static const char *
queue_check_place(queue_check_t *self, uint8_t lane, uint32_t at)
{
    const queue_lane_t *line = &self->queue->lanes[lane];
    uint32_t number = self->queue->drawn_ms ? box_queue_number(self->queue, lane, at) : at;
    if (number >= line->joined ||
        (self->queue->drawn_ms && box_queue_rank(self->queue, lane, number) != at))
        return "the places of a waiting room are no permutation";
    const place_t *place = box_queue_place(self->box, lane, number);
    bool inside = place->state == PLACE_INSIDE;
    self->counts[place->state < PLACE_STATES ? place->state : PLACE_NONE]++;
    if (at < line->called ? place->state == PLACE_WAITING
                          : place->state != PLACE_WAITING && place->state != PLACE_LEFT)
        return "somebody was let in before somebody ahead";
    if (at < line->settled && inside)
        return "a pass was forgotten";
    if (inside && (place->until_ms < self->until_ms || place->until_ms > self->queue->until_ms))
        return "passes do not end in the order of places";
    if (inside && (line->front_ms == 0 || line->front_ms > place->until_ms))
        return "the end of a pass is not waited for";
    if (inside)
        self->until_ms = place->until_ms;
    return queue_check_user(self, lane, number, place);
}

static const char *
queue_check_lane(queue_check_t *self, uint8_t lane)
{
    const queue_lane_t *line = &self->queue->lanes[lane];
    const char *broken = NULL;
    memset(self->counts, 0, sizeof self->counts);
    self->until_ms = 0;
    if (line->drawn > line->joined || line->called > line->joined || line->settled > line->called)
        return "the cursors of a waiting room contradict each other";
    for (uint32_t at = 0; at < line->joined && !broken; at++)
        broken = queue_check_place(self, lane, at);
    if (!broken && memcmp(self->counts, line->counts, sizeof self->counts) != 0)
        broken = "the counts of a waiting room are not those of its places";
    return broken;
}

const char *
box_queue_check(const box_t *box)
{
    queue_check_t self = { .box = box, .queue = box_queue(box) };
    const char *broken = NULL;
    if (!self.queue)
        return NULL;
    uint8_t commitment[DRAW_SEED_SIZE];
    draw_commitment(commitment, self.queue->seed);
    if (memcmp(commitment, self.queue->commitment, sizeof commitment) != 0)
        return "the seed of a waiting room is not the one it was committed to";
    for (uint8_t lane = 0; lane < QUEUE_LANES && !broken; lane++)
        broken = queue_check_lane(&self, lane);
    bool waits = (self.queue->open && box_queue_waiting(self.queue)) ||
                 (self.queue->drawn_ms && box_queue_inside(self.queue));
    if (!broken && waits && state_next_due(box->turn->state) == INT64_MAX)
        broken = "a waiting room has no due time";
    return broken;
}
