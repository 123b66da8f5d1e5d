/* post - see post.h for the contract. */
#include "clients/sender/post.h"
#include <assert.h>
#include <sodium/utils.h>
#include <stdlib.h>

typedef enum { SLOT_FREE, SLOT_WAITS, SLOT_UNDER_WAY, SLOT_ENDED } slot_state_t;

/* Apart from the messages, so that a look over all of them is over little memory. */
typedef struct {
    uint64_t key, number;
    int64_t due_ms, until_ms;
    uint32_t tries;
    uint8_t state, outcome;
} post_slot_t;

struct post {
    uint32_t max, open;
    post_slot_t *slots;
    message_t *messages;
};

post_t *
post_new(uint32_t max)
{
    assert(max >= 1 && max < POST_NOBODY);
    post_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->max = max;
    self->slots = calloc(max, sizeof *self->slots);
    self->messages = calloc(max, sizeof *self->messages);
    if (!self->slots || !self->messages)
        post_destroy(&self);
    return self;
}

void
post_destroy(post_t **self_p)
{
    post_t *self = *self_p;
    if (!self)
        return;
    if (self->messages)
        sodium_memzero(self->messages, self->max * sizeof *self->messages);
    free(self->messages);
    free(self->slots);
    free(self);
    *self_p = NULL;
}

/* A free place, else that of one which ended and is over the longest; POST_NOBODY when there is
 * neither. */
static uint32_t
post_place(const post_t *self, int64_t now_ms)
{
    uint32_t oldest = POST_NOBODY;
    for (uint32_t i = 0; i < self->max; i++) {
        const post_slot_t *slot = &self->slots[i];
        if (slot->state == SLOT_FREE)
            return i;
        if (slot->state == SLOT_ENDED && slot->until_ms <= now_ms &&
            (oldest == POST_NOBODY || slot->until_ms < self->slots[oldest].until_ms))
            oldest = i;
    }
    return oldest;
}

static void
post_end(post_t *self, uint32_t at, post_outcome_t outcome)
{
    self->slots[at].state = SLOT_ENDED;
    self->slots[at].outcome = (uint8_t)outcome;
    sodium_memzero(&self->messages[at], sizeof self->messages[at]);
    self->open--;
}

post_verdict_t
post_take(post_t *self, const message_t *message, int64_t now_ms, uint32_t *slot)
{
    for (uint32_t i = 0; i < self->max; i++) {
        const post_slot_t *one = &self->slots[i];
        if (one->state == SLOT_FREE || one->key != message->key || one->number != message->number)
            continue;
        *slot = i;
        return one->state == SLOT_ENDED ? POST_ENDED : POST_KNOWN;
    }
    uint32_t at = post_place(self, now_ms);
    if (at == POST_NOBODY)
        return POST_FULL;
    self->slots[at] = (post_slot_t){ .key = message->key,
                                     .number = message->number,
                                     .due_ms = now_ms,
                                     .until_ms = message->until_ms,
                                     .state = SLOT_WAITS };
    self->messages[at] = *message;
    self->open++;
    *slot = at;
    if (message->until_ms > now_ms)
        return POST_NEW;
    post_end(self, at, POST_FAILED);
    return POST_ENDED;
}

uint32_t
post_next(post_t *self, int64_t now_ms)
{
    uint32_t first = POST_NOBODY;
    for (uint32_t i = 0; i < self->max; i++) {
        const post_slot_t *slot = &self->slots[i];
        if (slot->state == SLOT_WAITS && slot->due_ms <= now_ms && slot->until_ms > now_ms &&
            (first == POST_NOBODY || slot->due_ms < self->slots[first].due_ms))
            first = i;
    }
    if (first == POST_NOBODY)
        return POST_NOBODY;
    self->slots[first].state = SLOT_UNDER_WAY;
    self->slots[first].tries++;
    return first;
}

static int64_t
post_pause_ms(const post_slot_t *slot, int64_t wait_ms)
{
    enum { DOUBLED_MAX = 5 };
    uint32_t doubled = slot->tries - 1 < DOUBLED_MAX ? slot->tries - 1 : DOUBLED_MAX;
    int64_t pause_ms = (int64_t)POST_RETRY_MS << doubled;
    if (pause_ms > POST_RETRY_MAX_MS)
        pause_ms = POST_RETRY_MAX_MS;
    return wait_ms > pause_ms ? wait_ms : pause_ms;
}

bool
post_tried(post_t *self, uint32_t slot, post_result_t result, int64_t wait_ms, int64_t now_ms)
{
    post_slot_t *one = &self->slots[slot];
    assert(slot < self->max && one->state == SLOT_UNDER_WAY);
    if (result != POST_LATER) {
        post_end(self, slot, result == POST_TAKEN ? POST_DONE : POST_FAILED);
        return true;
    }
    one->state = SLOT_WAITS;
    one->due_ms = now_ms + post_pause_ms(one, wait_ms);
    return false;
}

uint32_t
post_expire(post_t *self, int64_t now_ms)
{
    for (uint32_t i = 0; i < self->max; i++)
        if (self->slots[i].state == SLOT_WAITS && self->slots[i].until_ms <= now_ms) {
            post_end(self, i, POST_FAILED);
            return i;
        }
    return POST_NOBODY;
}

int64_t
post_wait_ms(const post_t *self, int64_t now_ms)
{
    int64_t next_ms = INT64_MAX;
    for (uint32_t i = 0; i < self->max; i++) {
        const post_slot_t *slot = &self->slots[i];
        int64_t at_ms = slot->due_ms < slot->until_ms ? slot->due_ms : slot->until_ms;
        if (slot->state == SLOT_WAITS && at_ms < next_ms)
            next_ms = at_ms;
    }
    if (next_ms == INT64_MAX)
        return -1;
    return next_ms > now_ms ? next_ms - now_ms : 0;
}

const message_t *
post_message(const post_t *self, uint32_t slot)
{
    assert(slot < self->max);
    assert(self->slots[slot].state == SLOT_WAITS || self->slots[slot].state == SLOT_UNDER_WAY);
    return &self->messages[slot];
}

uint64_t
post_key(const post_t *self, uint32_t slot)
{
    assert(slot < self->max && self->slots[slot].state != SLOT_FREE);
    return self->slots[slot].key;
}

uint64_t
post_number(const post_t *self, uint32_t slot)
{
    assert(slot < self->max && self->slots[slot].state != SLOT_FREE);
    return self->slots[slot].number;
}

post_outcome_t
post_outcome(const post_t *self, uint32_t slot)
{
    assert(slot < self->max && self->slots[slot].state == SLOT_ENDED);
    return (post_outcome_t)self->slots[slot].outcome;
}

uint32_t
post_open(const post_t *self)
{
    return self->open;
}
