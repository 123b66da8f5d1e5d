/* replies - see replies.h for the contract. What holds between calls:
 * (1) blocks first..last are in memory, `ring[number & mask]` each; replies go into the last one.
 * (2) the index has one slot per remembered request, that of its newest reply; its load is bounded
 *     because `slots` follows from the bound on blocks, or grows when more was loaded.
 * (3) a slot's place is the block number (its low 23 bits) and the offset in units of 4 bytes. */
#include "store/replies.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

typedef struct {
    uint64_t client, request, digest, sequence;
    int64_t deadline_ms;
    uint16_t status, body_size;
    uint32_t reserved;
} reply_head_t; /* stored as it is, then the body, padded with zeros to 4 bytes */
_Static_assert(sizeof(reply_head_t) == 48, "the head is stored as it is");
_Static_assert(sizeof(reply_head_t) + REPLY_BODY_MAX <= REPLIES_BLOCK, "a reply fits a block");

typedef struct {
    uint32_t used;
    int64_t deadline_ms; /* the latest of its replies */
    uint8_t bytes[REPLIES_BLOCK];
} reply_block_t;

typedef struct {
    uint32_t hash, place; /* place 0: free; else one more than block and offset */
} reply_slot_t;

enum {
    BLOCK_REPLIES_MAX = REPLIES_BLOCK / sizeof(reply_head_t),
    BLOCKS_MIN = 4,
    CARRY_MAX = REPLIES_BLOCK / 4 * 3,
    LINE_SLOTS = 8,
    PLACE_OFFSET_BITS = 9,
};
#define BLOCK_NUMBER_MAX (UINT64_MAX / 2) /* counting blocks never wraps */
_Static_assert(REPLIES_BLOCK / 4 < (1 << PLACE_OFFSET_BITS) - 1, "an offset fits its bits");

struct replies {
    reply_block_t **ring;
    uint64_t mask;
    uint64_t first, last;  /* block numbers; last >= first */
    uint64_t limit;        /* blocks */
    reply_block_t *unused; /* chained through their first bytes */
    reply_slot_t *index;
    uint64_t slots, count;
    uint64_t saved;      /* all blocks before this one are saved whole */
    uint32_t saved_used; /* bytes of that block that are saved */
};

/* Requests of a client are numbered one after the other and come in batches, so eight of them share
 * a line of the index: the low bits are the request's own, the others are mixed. */
static uint32_t
reply_hash(uint64_t client, uint64_t request)
{
    uint64_t line = request / LINE_SLOTS;
    uint64_t mixed = (client ^ (line * UINT64_C(0x9e3779b97f4a7c15))) + line;
    mixed = (mixed ^ (mixed >> 32)) * UINT64_C(0xd6e8feb86659fd93);
    mixed = (mixed ^ (mixed >> 32)) * UINT64_C(0xd6e8feb86659fd93);
    return (uint32_t)(mixed >> 32) / LINE_SLOTS * LINE_SLOTS + (uint32_t)(request % LINE_SLOTS);
}

static uint32_t
reply_size(uint16_t body_size)
{
    return (uint32_t)sizeof(reply_head_t) + ((uint32_t)body_size + 3) / 4 * 4;
}

static reply_block_t *
reply_block(const replies_t *self, uint64_t number)
{
    return self->ring[number & self->mask];
}

/* ---- the index: linear probing, in order of hash so that removal can close the gap ---- */

static uint64_t
reply_home(const replies_t *self, uint32_t hash)
{
    uint64_t lines = self->slots / LINE_SLOTS;
    return (hash / LINE_SLOTS * lines >> 29) * LINE_SLOTS + hash % LINE_SLOTS;
}

static uint32_t
reply_place(uint64_t number, uint32_t offset)
{
    return (uint32_t)((number << PLACE_OFFSET_BITS) | (offset / 4)) + 1;
}

static const uint8_t *
reply_at(const replies_t *self, uint32_t place)
{
    place--;
    uint64_t low = place >> PLACE_OFFSET_BITS;
    uint64_t mask = (UINT64_C(1) << (32 - PLACE_OFFSET_BITS)) - 1;
    uint64_t number = self->first + ((low - self->first) & mask);
    return reply_block(self, number)->bytes + (size_t)(place & ((1 << PLACE_OFFSET_BITS) - 1)) * 4;
}

/* The slot of the request, or the free one where it would go. */
static reply_slot_t *
reply_slot(const replies_t *self, uint32_t hash, uint64_t client, uint64_t request)
{
    uint64_t at = reply_home(self, hash);
    for (;; at = at + 1 < self->slots ? at + 1 : 0) {
        reply_slot_t *slot = &self->index[at];
        if (slot->place == 0)
            return slot;
        if (slot->hash == hash) {
            reply_head_t head;
            memcpy(&head, reply_at(self, slot->place), sizeof head);
            if (head.client == client && head.request == request)
                return slot;
        }
    }
}

/* Free a slot and move those behind it up that would not be found over the gap. */
static void
reply_slot_free(replies_t *self, reply_slot_t *slot)
{
    uint64_t gap = (uint64_t)(slot - self->index), at = gap;
    for (;;) {
        at = at + 1 < self->slots ? at + 1 : 0;
        if (self->index[at].place == 0)
            break;
        uint64_t home = reply_home(self, self->index[at].hash);
        uint64_t to_gap = gap >= home ? gap - home : gap + self->slots - home;
        uint64_t to_at = at >= home ? at - home : at + self->slots - home;
        if (to_gap <= to_at) {
            self->index[gap] = self->index[at];
            gap = at;
        }
    }
    self->index[gap].place = 0;
    self->count--;
}

static void
reply_index(replies_t *self, const reply_head_t *head, uint64_t number, uint32_t offset)
{
    uint32_t hash = reply_hash(head->client, head->request);
    reply_slot_t *slot = reply_slot(self, hash, head->client, head->request);
    if (slot->place == 0)
        self->count++;
    assert(self->count < self->slots);
    *slot = (reply_slot_t){ hash, reply_place(number, offset) };
}

/* Go over the replies of a block that is known to be well formed. */
static void
reply_block_index(replies_t *self, uint64_t number)
{
    const reply_block_t *block = reply_block(self, number);
    for (uint32_t offset = 0; offset < block->used;) {
        reply_head_t head;
        memcpy(&head, block->bytes + offset, sizeof head);
        reply_index(self, &head, number, offset);
        offset += reply_size(head.body_size);
    }
}

/* ---- blocks ---- */

/* A block of its own at the end of the ring, which grows when more is kept than its bound. */
static bool
reply_block_push(replies_t *self, uint64_t number)
{
    if (number - self->first > self->mask) {
        uint64_t size = (self->mask + 1) * 2;
        reply_block_t **ring = calloc(size, sizeof *ring);
        if (ring == NULL)
            return false;
        for (uint64_t i = self->first; i < number; i++)
            ring[i & (size - 1)] = reply_block(self, i);
        free(self->ring);
        self->ring = ring;
        self->mask = size - 1;
    }
    reply_block_t *block = self->unused;
    if (block != NULL)
        memcpy(&self->unused, block->bytes, sizeof(void *));
    else
        block = malloc(sizeof *block);
    if (block == NULL)
        return false;
    block->used = 0;
    block->deadline_ms = INT64_MIN;
    self->ring[number & self->mask] = block;
    self->last = number;
    return true;
}

static void
reply_block_drop(replies_t *self)
{
    reply_block_t *block = reply_block(self, self->first);
    for (uint32_t offset = 0; offset < block->used;) {
        reply_head_t head;
        memcpy(&head, block->bytes + offset, sizeof head);
        uint32_t hash = reply_hash(head.client, head.request);
        reply_slot_t *slot = reply_slot(self, hash, head.client, head.request);
        if (slot->place == reply_place(self->first, offset))
            reply_slot_free(self, slot);
        offset += reply_size(head.body_size);
    }
    memcpy(block->bytes, &self->unused, sizeof(void *));
    self->unused = block;
    self->first++;
}

/* Shared memory, though nobody shares it: a page of it is made when it is first read. A private one
 * would first show the page of zeros and be copied at the first write, and that interrupts every
 * other thread of the process: 15 % of the actor's time while a fresh index fills. */
static reply_slot_t *
reply_slots_new(uint64_t slots)
{
    void *memory = mmap(NULL, slots * sizeof(reply_slot_t), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

static void
reply_slots_free(reply_slot_t *index, uint64_t slots)
{
    if (index == NULL)
        return;
    int rc = munmap(index, slots * sizeof *index);
    assert(rc == 0);
}

/* Make an index for `blocks` blocks full of the smallest replies: its load stays below one half. */
static bool
reply_reindex(replies_t *self, uint64_t blocks)
{
    uint64_t slots = (blocks * BLOCK_REPLIES_MAX * 2 + LINE_SLOTS) / LINE_SLOTS * LINE_SLOTS;
    assert(blocks < (UINT64_C(1) << (32 - PLACE_OFFSET_BITS)));
    reply_slot_t *index = reply_slots_new(slots);
    if (index == NULL)
        return false;
    reply_slots_free(self->index, self->slots);
    self->index = index;
    self->slots = slots;
    self->count = 0;
    for (uint64_t i = self->first; self->ring != NULL && i <= self->last; i++)
        reply_block_index(self, i);
    return true;
}

/* Three quarters of the bytes are for blocks, the rest for the index. */
bool
replies_bound(replies_t *self, size_t bytes)
{
    uint64_t blocks = bytes / 4 * 3 / (sizeof(reply_block_t) + 16);
    uint64_t most = UINT64_C(1) << (31 - PLACE_OFFSET_BITS);
    blocks = blocks < BLOCKS_MIN ? BLOCKS_MIN : blocks > most ? most : blocks;
    uint64_t kept = self->ring != NULL ? self->last - self->first + 1 : 0;
    if (!reply_reindex(self, blocks > kept ? blocks : kept))
        return false;
    self->limit = blocks;
    return true;
}

replies_t *
replies_new(size_t bytes)
{
    replies_t *self = calloc(1, sizeof *self);
    if (self == NULL)
        return NULL;
    if (replies_bound(self, bytes)) {
        self->mask = 63;
        self->ring = calloc(self->mask + 1, sizeof *self->ring);
        if (self->ring != NULL && reply_block_push(self, 0))
            return self;
    }
    replies_destroy(&self);
    return NULL;
}

void
replies_destroy(replies_t **self_p)
{
    replies_t *self = *self_p;
    if (self == NULL)
        return;
    *self_p = NULL;
    for (uint64_t i = self->first; self->ring != NULL && i <= self->last; i++)
        free(reply_block(self, i));
    while (self->unused != NULL) {
        reply_block_t *next;
        memcpy(&next, self->unused->bytes, sizeof next);
        free(self->unused);
        self->unused = next;
    }
    free(self->ring);
    reply_slots_free(self->index, self->slots);
    free(self);
}

bool
replies_find(const replies_t *self, uint64_t client, uint64_t request, reply_t *reply)
{
    const reply_slot_t *slot = reply_slot(self, reply_hash(client, request), client, request);
    if (slot->place == 0)
        return false;
    reply_head_t head;
    const uint8_t *at = reply_at(self, slot->place);
    memcpy(&head, at, sizeof head);
    *reply = (reply_t){ .client = head.client,
                        .request = head.request,
                        .digest = head.digest,
                        .sequence = head.sequence,
                        .deadline_ms = head.deadline_ms,
                        .status = head.status,
                        .body_size = head.body_size,
                        .body = at + sizeof head };
    return true;
}

void
replies_add(replies_t *self, const reply_t *reply)
{
    assert(reply->body_size <= REPLY_BODY_MAX);
    uint32_t size = reply_size(reply->body_size);
    reply_block_t *block = reply_block(self, self->last);
    if (block->used + size > REPLIES_BLOCK) {
        assert(self->last - self->first + 1 < self->limit);
        bool pushed = reply_block_push(self, self->last + 1);
        assert(pushed);
        block = reply_block(self, self->last);
    }
    reply_head_t head = { .client = reply->client,
                          .request = reply->request,
                          .digest = reply->digest,
                          .sequence = reply->sequence,
                          .deadline_ms = reply->deadline_ms,
                          .status = reply->status,
                          .body_size = reply->body_size };
    uint8_t *at = block->bytes + block->used;
    memcpy(at, &head, sizeof head);
    if (reply->body_size > 0) {
        memset(at + size - 4, 0, 4);
        memcpy(at + sizeof head, reply->body, reply->body_size);
    }
    reply_index(self, &head, self->last, block->used);
    block->used += size;
    if (reply->deadline_ms > block->deadline_ms)
        block->deadline_ms = reply->deadline_ms;
}

/* What stays of the oldest block when it is dropped: the replies that must not be forgotten yet. */
typedef struct {
    uint8_t bytes[CARRY_MAX];
    uint32_t size;
} reply_carry_t;

/* Few enough that dropping the block wins some of its room? */
static bool
reply_carry(const replies_t *self, int64_t now_ms, reply_carry_t *carry)
{
    const reply_block_t *block = reply_block(self, self->first);
    carry->size = 0;
    for (uint32_t offset = 0, size; offset < block->used; offset += size) {
        reply_head_t head;
        memcpy(&head, block->bytes + offset, sizeof head);
        size = reply_size(head.body_size);
        if (head.deadline_ms < now_ms ||
            reply_slot(self, reply_hash(head.client, head.request), head.client, head.request)
                    ->place != reply_place(self->first, offset))
            continue;
        if (carry->size + size > CARRY_MAX)
            return false;
        memcpy(carry->bytes + carry->size, block->bytes + offset, size);
        carry->size += size;
    }
    return true;
}

/* Drop the oldest block; what was carried goes to the end, as if it had been answered last. */
static void
reply_turn_over(replies_t *self, const reply_carry_t *carry)
{
    reply_block_drop(self);
    for (uint32_t offset = 0; offset < carry->size;) {
        reply_head_t head;
        const uint8_t *at = carry->bytes + offset;
        memcpy(&head, at, sizeof head);
        replies_add(self, &(reply_t){ .client = head.client,
                                      .request = head.request,
                                      .digest = head.digest,
                                      .sequence = head.sequence,
                                      .deadline_ms = head.deadline_ms,
                                      .status = head.status,
                                      .body_size = head.body_size,
                                      .body = at + sizeof head });
        offset += reply_size(head.body_size);
    }
}

bool
replies_room(replies_t *self, int64_t now_ms)
{
    reply_carry_t carry;
    if (reply_block(self, self->last)->used + reply_size(REPLY_BODY_MAX) <= REPLIES_BLOCK)
        return true;
    /* Above a quarter of the bound old blocks go as fast as twice the new ones come; those with
     * something to remember only when there is no room left. */
    for (uint64_t i = 0, kept; (kept = self->last - self->first + 1) > self->limit / 4; i++) {
        bool over = reply_block(self, self->first)->deadline_ms < now_ms;
        if (self->first == self->last || (kept < self->limit && (i >= 2 || !over)))
            break;
        if (!reply_carry(self, now_ms, &carry))
            break;
        reply_turn_over(self, &carry);
    }
    return self->last - self->first + 1 < self->limit;
}

uint64_t
replies_count(const replies_t *self)
{
    return self->count;
}

size_t
replies_bytes(const replies_t *self)
{
    return (size_t)(self->last - self->first + 1) * sizeof(reply_block_t) +
           (size_t)self->count * 2 * sizeof(reply_slot_t);
}

/* ---- saving ---- */

uint64_t
replies_unsaved_from(const replies_t *self)
{
    return self->saved > self->first ? self->saved : self->first;
}

size_t
replies_unsaved_bytes(const replies_t *self)
{
    uint64_t blocks = self->last - replies_unsaved_from(self);
    return (size_t)blocks * REPLIES_BLOCK + reply_block(self, self->last)->used;
}

void
replies_unsaved(const replies_t *self, replies_block_fn *visit, void *argument)
{
    for (uint64_t i = replies_unsaved_from(self); i <= self->last; i++) {
        const reply_block_t *block = reply_block(self, i);
        if (block->used > (i == self->saved ? self->saved_used : 0))
            visit(argument, i, block->bytes, block->used);
    }
}

uint64_t
replies_first_block(const replies_t *self)
{
    return self->first;
}

void
replies_saved(replies_t *self)
{
    self->saved = self->last;
    self->saved_used = reply_block(self, self->last)->used;
}

void
replies_unsave(replies_t *self, uint64_t from)
{
    if (from <= self->saved) {
        self->saved = from;
        self->saved_used = 0;
    }
}

/* Are these bytes whole replies, one after the other? */
static bool
reply_block_sound(const uint8_t *bytes, size_t size, int64_t *deadline_ms)
{
    *deadline_ms = INT64_MIN;
    for (size_t offset = 0; offset < size;) {
        reply_head_t head;
        if (size - offset < sizeof head)
            return false;
        memcpy(&head, bytes + offset, sizeof head);
        if (head.body_size > REPLY_BODY_MAX || reply_size(head.body_size) > size - offset)
            return false;
        if (head.deadline_ms > *deadline_ms)
            *deadline_ms = head.deadline_ms;
        offset += reply_size(head.body_size);
    }
    return true;
}

int
replies_load(replies_t *self, uint64_t number, const void *data, size_t size)
{
    int64_t deadline_ms;
    bool empty = self->first == self->last && reply_block(self, self->last)->used == 0;
    if (number > BLOCK_NUMBER_MAX || size == 0 || size > REPLIES_BLOCK ||
        !reply_block_sound(data, size, &deadline_ms))
        return -1;
    if (empty) {
        self->ring[number & self->mask] = reply_block(self, self->last);
        self->first = self->last = number;
    } else if (number != self->last + 1 || !reply_block_push(self, number)) {
        return -1;
    }
    reply_block_t *block = reply_block(self, number);
    uint64_t kept = self->last - self->first + 1;
    if (kept * BLOCK_REPLIES_MAX * 2 > self->slots && !reply_reindex(self, kept * 2))
        return -1; /* a bound was lowered below what was kept */
    memcpy(block->bytes, data, size);
    block->used = (uint32_t)size;
    block->deadline_ms = deadline_ms;
    reply_block_index(self, number);
    replies_saved(self);
    return 0;
}
