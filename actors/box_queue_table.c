/* box_queue_table - the places of a waiting room, and which is whose. See box_queue.h. */
#include "actors/box_queue.h"
#include <assert.h>

const queue_t *
box_queue(const box_t *box)
{
    if (!box->head->room)
        return NULL;
    const queue_t *queue = state_get(box->turn->state, box_key(box->showtime, BOX_QUEUE, 0), NULL);
    assert(queue);
    return queue;
}

queue_t *
box_queue_edit(box_t *box)
{
    queue_t *queue =
        state_edit(box->turn->state, box_key(box->showtime, BOX_QUEUE, 0), 0, SIZE_MAX);
    assert(queue);
    return queue;
}

static state_key_t
queue_page_key(const box_t *box, uint8_t lane, uint32_t number)
{
    return box_key(box->showtime, BOX_QUEUE_PAGE,
                   (uint64_t)lane << 32 | number / QUEUE_PAGE_PLACES);
}

const place_t *
box_queue_place(const box_t *box, uint8_t lane, uint32_t number)
{
    const place_t *page = state_get(box->turn->state, queue_page_key(box, lane, number), NULL);
    assert(page);
    return &page[number % QUEUE_PAGE_PLACES];
}

static place_t *
queue_place_edit(box_t *box, uint8_t lane, uint32_t number)
{
    size_t at = number % QUEUE_PAGE_PLACES;
    place_t *page = state_edit(box->turn->state, queue_page_key(box, lane, number),
                               at * sizeof *page, sizeof *page);
    assert(page);
    return &page[at];
}

/* ------------------------------------------------------------------ users */

typedef struct {
    state_key_t key; /* of the record */
    uint32_t at;     /* in it */
    bool found, grows;
} queue_slot_t;

/* SplitMix64's finish. User numbers are the site's, nobody chooses them to meet in a bucket. */
static uint32_t
queue_bucket(uint64_t user)
{
    user = (user ^ user >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    user = (user ^ user >> 27) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)((user ^ user >> 31) % QUEUE_BUCKETS);
}

/* Where the user is, or would be put; false when the bucket is full. */
static bool
queue_slot(const box_t *box, uint64_t user, queue_slot_t *slot)
{
    for (uint64_t level = 0; level < QUEUE_BUCKET_LEVELS; level++) {
        slot->key = box_key(box->showtime, BOX_QUEUE_USERS, level << 16 | queue_bucket(user));
        const queue_user_t *users = state_get(box->turn->state, slot->key, NULL);
        uint32_t room = (uint32_t)QUEUE_BUCKET_USERS << level;
        slot->grows = users == NULL;
        for (slot->at = 0; slot->at < room; slot->at++) {
            uint64_t there = users ? users[slot->at].user : 0;
            slot->found = there == user;
            if (there == user || there == 0)
                return true;
        }
    }
    return false;
}

bool
box_queue_find(const box_t *box, uint64_t user, queue_user_t *found)
{
    queue_slot_t slot;
    if (!queue_slot(box, user, &slot) || !slot.found)
        return false;
    const queue_user_t *users = state_get(box->turn->state, slot.key, NULL);
    *found = users[slot.at];
    return true;
}

bool
box_queue_add(box_t *box, queue_t *queue, uint8_t lane, uint64_t user)
{
    state_t *state = box->turn->state;
    queue_slot_t slot;
    if (!queue_slot(box, user, &slot))
        return false;
    uint64_t level = slot.key.number >> 16;
    size_t size = sizeof(queue_user_t);
    queue_user_t *users = slot.grows
                              ? state_insert(state, slot.key, (QUEUE_BUCKET_USERS * size) << level)
                              : state_edit(state, slot.key, slot.at * size, size);
    uint32_t number = queue->lanes[lane].joined++;
    queue_user_t *entry = &users[slot.at];
    entry->user = user;
    entry->number = number;
    entry->lane = lane;
    entry->joins++;
    if (number % QUEUE_PAGE_PLACES == 0)
        (void)state_insert(state, queue_page_key(box, lane, number),
                           QUEUE_PAGE_PLACES * sizeof(place_t));
    *queue_place_edit(box, lane, number) =
        (place_t){ .user = user, .joined_ms = box->turn->now_ms, .state = PLACE_WAITING };
    queue->lanes[lane].counts[PLACE_WAITING]++;
    return true;
}

/* ------------------------------------------------------------------ steps */

void
box_queue_step(box_t *box, queue_t *queue, uint8_t lane, uint32_t number, uint8_t event)
{
    place_t *place = queue_place_edit(box, lane, number);
    queue_lane_t *line = &queue->lanes[lane];
    bool inside = place->state == PLACE_INSIDE;
    line->counts[place->state]--;
    place->state = machine_next(MACHINE_PLACE, place->state, event);
    line->counts[place->state]++;
    if (event == PLACE_ON_ADMIT)
        place->until_ms = queue->until_ms;
    else if (inside && place->until_ms > box->turn->now_ms)
        place->until_ms = box->turn->now_ms;
}
