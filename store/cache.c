/* cache - see cache.h for the contract. */
#include "store/cache.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS_FIRST = 4096, MOVES_PER_ADD = 2, EVICT_LOOKS = 256 };

uint32_t
cache_pieces(uint32_t size)
{
    return (size + STATE_PIECE_SIZE - 1) / STATE_PIECE_SIZE;
}

uint32_t
cache_piece_size(uint32_t size, uint32_t piece)
{
    uint32_t left = size - piece * STATE_PIECE_SIZE;
    return left < STATE_PIECE_SIZE ? left : STATE_PIECE_SIZE;
}

/* ---- finding ---- */

static uint64_t
cache_hash(state_key_t key)
{
    uint64_t mixed = key.space * UINT64_C(0x9e3779b97f4a7c15) + key.number;
    mixed = (mixed ^ ((uint64_t)key.table << 56) ^ (mixed >> 29)) * UINT64_C(0xbf58476d1ce4e5b9);
    return mixed ^ (mixed >> 32);
}

static bool
cache_same_key(const state_key_t *left, const state_key_t *right)
{
    return left->space == right->space && left->number == right->number &&
           left->table == right->table;
}

/* Where the bucket of a hash is now. */
static record_t **
cache_bucket(const cache_t *self, uint64_t hash)
{
    if (self->old != NULL && (hash & self->old_mask) >= self->old_moved)
        return &self->old[hash & self->old_mask];
    return &self->buckets[hash & self->mask];
}

/* Move a few buckets of the old table: doubling at once would hold a million-record table up. */
static void
cache_move(cache_t *self)
{
    for (int i = 0; i < MOVES_PER_ADD && self->old != NULL; i++) {
        record_t *record = self->old[self->old_moved];
        while (record != NULL) {
            record_t *next = record->next;
            record_t **bucket = &self->buckets[cache_hash(record->key) & self->mask];
            record->next = *bucket;
            *bucket = record;
            record = next;
        }
        if (++self->old_moved > self->old_mask) {
            free(self->old);
            self->old = NULL;
        }
    }
}

static bool
cache_grow(cache_t *self)
{
    uint64_t size = (self->mask + 1) * 2;
    record_t **buckets = calloc(size, sizeof *buckets);
    if (buckets == NULL)
        return false;
    self->old = self->buckets;
    self->old_mask = self->mask;
    self->old_moved = 0;
    self->buckets = buckets;
    self->mask = size - 1;
    return true;
}

bool
cache_init(cache_t *self)
{
    *self = (cache_t){ .mask = BUCKETS_FIRST - 1 };
    self->buckets = calloc(BUCKETS_FIRST, sizeof *self->buckets);
    return self->buckets != NULL;
}

void
cache_clear(cache_t *self)
{
    while (self->hand != NULL)
        cache_unload(self, self->hand);
#ifdef __SANITIZE_ADDRESS__
    while (self->old != NULL)
        cache_move(self);
    for (uint64_t i = 0; self->buckets != NULL && i <= self->mask; i++)
        while (self->buckets[i] != NULL)
            cache_forget(self, self->buckets[i]);
#endif
    pool_clear(&self->pool);
    free(self->buckets);
    free(self->old);
    free(self->heap);
    *self = (cache_t){ 0 };
}

record_t *
cache_find(const cache_t *self, state_key_t key)
{
    record_t *record = *cache_bucket(self, cache_hash(key));
    while (record != NULL && !cache_same_key(&record->key, &key))
        record = record->next;
    return record;
}

record_t *
cache_add(cache_t *self, state_key_t key)
{
    if (self->old != NULL)
        cache_move(self);
    else if (self->count > self->mask && !cache_grow(self))
        return NULL;
    record_t *record = pool_take(&self->pool, sizeof *record);
    if (record == NULL)
        return NULL;
    *record = (record_t){ .key = key };
    record_t **bucket = cache_bucket(self, cache_hash(key));
    record->next = *bucket;
    *bucket = record;
    self->count++;
    return record;
}

void
cache_forget(cache_t *self, record_t *record)
{
    record_t **at = cache_bucket(self, cache_hash(record->key));
    while (*at != record)
        at = &(*at)->next;
    *at = record->next;
    if (record->data != NULL)
        cache_unload(self, record);
    if (record->heap != 0)
        (void)cache_set_due(self, record, 0);
    cache_list(record, NULL);
    pool_give(&self->pool, record, sizeof *record);
    self->count--;
}

/* ---- bytes ---- */

bool
cache_load(cache_t *self, record_t *record, uint32_t size)
{
    assert(record->data == NULL);
    assert(size > 0 && size <= STATE_RECORD_MAX);
    record->data = pool_take(&self->pool, size);
    if (record->data == NULL)
        return false;
    record->size = size;
    record->used = true;
    if (self->hand == NULL) {
        record->ring_before = record->ring_after = record;
        self->hand = record;
    } else {
        record->ring_after = self->hand;
        record->ring_before = self->hand->ring_before;
        record->ring_before->ring_after = record;
        self->hand->ring_before = record;
    }
    self->loaded++;
    self->loads++;
    self->bytes += size + sizeof *record;
    return true;
}

void
cache_unload(cache_t *self, record_t *record)
{
    assert(record->data != NULL);
    if (record->ring_after == record) {
        self->hand = NULL;
    } else {
        if (self->hand == record)
            self->hand = record->ring_after;
        record->ring_before->ring_after = record->ring_after;
        record->ring_after->ring_before = record->ring_before;
    }
    pool_give(&self->pool, record->data, record->size);
    record->data = NULL;
    self->loaded--;
    self->bytes -= record->size + sizeof *record;
}

void
cache_list(record_t *record, record_list_t *list)
{
    if (record->list == list)
        return;
    if (record->list != NULL) {
        record_list_t *from = record->list;
        *(record->list_before ? &record->list_before->list_after : &from->head) =
            record->list_after;
        *(record->list_after ? &record->list_after->list_before : &from->tail) =
            record->list_before;
    }
    record->list = list;
    if (list == NULL)
        return;
    record->list_before = list->tail;
    record->list_after = NULL;
    *(list->tail ? &list->tail->list_after : &list->head) = record;
    list->tail = record;
}

void
cache_mark(cache_t *self, record_t *record, size_t offset, size_t size)
{
    if (size > record->size - offset)
        size = record->size - offset;
    uint32_t first = (uint32_t)(offset / STATE_PIECE_SIZE);
    uint32_t last = (uint32_t)((offset + size - 1) / STATE_PIECE_SIZE);
    uint64_t marks = (UINT64_MAX >> (63 - (last - first))) << first;
    uint64_t fresh = marks & ~record->dirty;
    if (fresh == 0)
        return;
    record->dirty |= marks;
    for (; fresh != 0; fresh &= fresh - 1)
        self->dirty_bytes += cache_piece_size(record->size, (uint32_t)__builtin_ctzll(fresh));
    cache_list(record, &self->changed);
}

void
cache_unmark(cache_t *self, record_t *record)
{
    for (; record->dirty != 0; record->dirty &= record->dirty - 1)
        self->dirty_bytes -=
            cache_piece_size(record->size, (uint32_t)__builtin_ctzll(record->dirty));
}

void
cache_evict(cache_t *self, size_t bytes, uint64_t committed)
{
    uint64_t looks = EVICT_LOOKS + 4 * self->loads;
    self->loads = 0;
    for (; looks > 0 && self->bytes > bytes && self->hand != NULL; looks--) {
        record_t *record = self->hand;
        self->hand = record->ring_after;
        if (record->used)
            record->used = false;
        else if (record->list == NULL && record->batch <= committed) {
            cache_unload(self, record);
            if (record->heap == 0)
                cache_forget(self, record);
        }
    }
}

void
cache_bury(cache_t *self, uint64_t committed)
{
    while (self->graves.head != NULL && self->graves.head->batch <= committed)
        cache_forget(self, self->graves.head);
}

/* ---- due times: a heap with four children a node ---- */

static bool
cache_before(const cache_due_t *left, const cache_due_t *right)
{
    if (left->due_ms != right->due_ms)
        return left->due_ms < right->due_ms;
    const state_key_t *a = &left->record->key, *b = &right->record->key;
    if (a->space != b->space)
        return a->space < b->space;
    return a->table != b->table ? a->table < b->table : a->number < b->number;
}

static void
cache_place(cache_t *self, size_t at, cache_due_t due)
{
    self->heap[at] = due;
    due.record->heap = (uint32_t)at + 1;
}

static void
cache_up(cache_t *self, size_t at, cache_due_t due)
{
    while (at > 0 && cache_before(&due, &self->heap[(at - 1) / 4])) {
        cache_place(self, at, self->heap[(at - 1) / 4]);
        at = (at - 1) / 4;
    }
    cache_place(self, at, due);
}

static void
cache_down(cache_t *self, size_t at, cache_due_t due)
{
    for (;;) {
        size_t child = at * 4 + 1, least = child;
        if (child >= self->heap_count)
            break;
        size_t end = child + 4 < self->heap_count ? child + 4 : self->heap_count;
        while (++child < end)
            if (cache_before(&self->heap[child], &self->heap[least]))
                least = child;
        if (!cache_before(&self->heap[least], &due))
            break;
        cache_place(self, at, self->heap[least]);
        at = least;
    }
    cache_place(self, at, due);
}

/* Put `due` where it belongs, beginning at a place that is free. */
static void
cache_settle(cache_t *self, size_t at, cache_due_t due)
{
    if (at > 0 && cache_before(&due, &self->heap[(at - 1) / 4]))
        cache_up(self, at, due);
    else
        cache_down(self, at, due);
}

bool
cache_set_due(cache_t *self, record_t *record, int64_t due_ms)
{
    if (due_ms == 0 && record->heap != 0) {
        size_t at = record->heap - 1;
        cache_due_t last = self->heap[--self->heap_count];
        record->heap = 0;
        if (last.record != record)
            cache_settle(self, at, last);
    } else if (due_ms != 0 && record->heap != 0) {
        record->due_ms = due_ms;
        cache_settle(self, record->heap - 1, (cache_due_t){ due_ms, record });
    } else if (due_ms != 0) {
        if (self->heap_count == self->heap_room) {
            size_t room = self->heap_room ? self->heap_room * 2 : 1024;
            cache_due_t *heap = realloc(self->heap, room * sizeof *heap);
            if (heap == NULL)
                return false;
            self->heap = heap;
            self->heap_room = room;
        }
        self->heap_count++;
        cache_up(self, self->heap_count - 1, (cache_due_t){ due_ms, record });
    }
    record->due_ms = due_ms;
    return true;
}
