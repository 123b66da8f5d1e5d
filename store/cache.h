/* cache - the records of a partition that are in memory.
 *
 * What holds between calls:
 * (1) a record is found by its key: it is loaded (data), a outline (a due time only; its bytes are
 * on disk), or gone (removed, until the disk knows). (2) a record with a due time is in the heap;
 * `heap` is one more than its place. (3) `dirty` marks the pieces, `due_dirty` the due time, that
 * no checkpoint has copied; such a record, and a gone one not copied, is in the list `changed`; a
 * gone one copied is in `graves`. (4) every loaded record is in the clock's ring. (5) `pieces` and
 * `due_known` are at least what the disk may hold of the record. */
#ifndef CACHE_H
#define CACHE_H
#include "store/pool.h"
#include "store/state.h"

typedef struct record record_t;
typedef struct {
    record_t *head, *tail;
} record_list_t;

struct record {
    state_key_t key;
    record_t *next; /* in the bucket */
    uint8_t *data;
    record_t *ring_before, *ring_after;
    record_list_t *list;
    record_t *list_before, *list_after;
    int64_t due_ms;
    uint64_t dirty; /* a bit per piece */
    uint64_t batch; /* the last checkpoint that copied anything of it */
    uint32_t size, heap;
    uint16_t pieces;
    bool gone, due_dirty, due_known, used;
};
_Static_assert(STATE_RECORD_MAX / STATE_PIECE_SIZE <= 64, "a piece is a bit of a 64-bit mask");

typedef struct {
    int64_t due_ms;
    record_t *record;
} cache_due_t;

typedef struct {
    pool_t pool;
    record_t **buckets, **old; /* old: being moved to buckets, a few with every new record */
    uint64_t mask, old_mask, old_moved;
    uint64_t count;
    record_t *hand;         /* the clock's */
    uint64_t loaded, loads; /* loads: since the last eviction */
    size_t bytes;           /* of loaded records */
    record_list_t changed, graves;
    size_t dirty_bytes;
    cache_due_t *heap;
    size_t heap_count, heap_room;
} cache_t;

bool cache_init(cache_t *self);
void cache_clear(cache_t *self);
record_t *cache_find(const cache_t *self, state_key_t key);
/* A new record without data. The functions that make return NULL, or false, when memory is short.
 */
record_t *cache_add(cache_t *self, state_key_t key);
/* Give a record room for its bytes, not zeroed. */
bool cache_load(cache_t *self, record_t *record, uint32_t size);
/* Take the bytes of a record away. */
void cache_unload(cache_t *self, record_t *record);
/* Forget a record altogether. */
void cache_forget(cache_t *self, record_t *record);
/* Mark pieces as changed. */
void cache_mark(cache_t *self, record_t *record, size_t offset, size_t size);
/* Forget the marks of a record that is about to go. */
void cache_unmark(cache_t *self, record_t *record);
/* Put a record into a list, or with NULL none; it leaves the one it is in. */
void cache_list(record_t *record, record_list_t *list);
/* Set the due time, 0 for none, without marking it. */
bool cache_set_due(cache_t *self, record_t *record, int64_t due_ms);
/* Let clean records go until the loaded ones are within `bytes`, or a number was looked at that
 * keeps up with what is loaded. A record that a checkpoint after `committed` copied stays. */
void cache_evict(cache_t *self, size_t bytes, uint64_t committed);
/* Forget the graves that checkpoints up to `committed` have carried out. */
void cache_bury(cache_t *self, uint64_t committed);
/* The pieces a record of this size has, and the bytes of one of them. */
uint32_t cache_pieces(uint32_t size);
uint32_t cache_piece_size(uint32_t size, uint32_t piece);
#endif
