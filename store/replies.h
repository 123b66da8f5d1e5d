/* replies - what a partition answered lately, so that a repeat gets the same bytes.
 *
 * A ring: the newest replies push out the oldest, but only those whose command's deadline has
 * passed (its repeat would be refused as EXPIRED), so a command can never be carried out twice. A
 * few younger ones among the oldest are carried to the end, so that one patient client does not
 * hold up all that came after it. When the ring is full of younger ones there is no room: the
 * partition answers BUSY. Above a quarter of its bound it lets go what it may; below that it keeps
 * replies past their deadline.
 *
 * Kept in blocks that are saved with the checkpoint; part of the state, owned by state_t. */
#ifndef REPLIES_H
#define REPLIES_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    REPLY_BODY_MAX = 1900, /* a remembered reply's body; answers of writes fit */
    REPLIES_BLOCK = 2000,  /* bytes of a block as saved: under half an LMDB page, no overflow */
};

typedef struct replies replies_t;

typedef struct {
    uint64_t client, request, digest, sequence;
    int64_t deadline_ms;
    uint16_t status;
    uint16_t body_size;
    const uint8_t *body; /* borrowed until the next replies_add() */
} reply_t;

/* A memory bounded by `bytes` in all; NULL when memory is short. */
replies_t *replies_new(size_t bytes);
void replies_destroy(replies_t **self_p);
/* The newest reply to this request, if it is remembered. */
bool replies_find(const replies_t *self, uint64_t client, uint64_t request, reply_t *reply);
/* Is there room for one more reply of any size? Drops what may be dropped to make it: what it drops
 * is state, so ask with the time of an entry only. */
bool replies_room(replies_t *self, int64_t now_ms);
/* Remember a reply; replies_room() was just true. A second one for a request replaces the first
 * (the end of a deferred one). */
void replies_add(replies_t *self, const reply_t *reply);
/* Change the bound. What is remembered stays, so room may come only later. */
bool replies_bound(replies_t *self, size_t bytes);
uint64_t replies_count(const replies_t *self);
size_t replies_bytes(const replies_t *self);

/* For the state: visit the blocks to save since the last call of replies_saved(), and the range of
 * numbers to drop; load one block at opening, in order of number. */
typedef void replies_block_fn(void *argument, uint64_t number, const void *data, size_t size);
void replies_unsaved(const replies_t *self, replies_block_fn *visit, void *argument);
/* The oldest block still kept: all before it may be dropped from disk. */
uint64_t replies_first_block(const replies_t *self);
void replies_saved(replies_t *self);
/* Save the blocks of the last save again: it did not reach the disk. */
void replies_unsave(replies_t *self, uint64_t from);
/* The number of the first block that replies_unsaved() would visit. */
uint64_t replies_unsaved_from(const replies_t *self);
size_t replies_unsaved_bytes(const replies_t *self);
/* 0, or -1 when the block is malformed or out of order. */
int replies_load(replies_t *self, uint64_t number, const void *data, size_t size);
#endif
