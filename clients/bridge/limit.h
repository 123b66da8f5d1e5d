/* limit - how often somebody may: token buckets by address and by member, in fixed memory.
 *
 * Pure: time is passed in, of a clock that does not go back; if it does, no time has passed. A
 * table has a fixed number of places; when a new name finds none free among the LIMIT_WAYS it may
 * stand in, the one that is nearest to full is forgotten (a full bucket says nothing). Memory is 24
 * bytes a place. What holds: (1) A bucket that was never seen is full. (2) No name gets more than
 * burst + rate * time, as long as it is remembered. (3) Whoever waits as long as was said, and is
 * the only one of that name, gets a token. */
#ifndef LIMIT_H
#define LIMIT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct limit limit_t;

enum { LIMIT_WAYS = 8 };

/* `places` buckets (a power of two, at least LIMIT_WAYS) of `burst` tokens that fill at
 * `per_second` (both at least 1); `key` is random, so that nobody can choose names that collide
 * (SipHash by libsodium's shorthash). NULL: no memory. */
limit_t *limit_new(uint32_t places, uint32_t burst, uint32_t per_second, const uint8_t key[16]);
void limit_destroy(limit_t **self_p);
/* Take one token for a name. 0: taken. Else how many ms until there will be one; nothing was taken.
 */
uint32_t limit_take(limit_t *self, const void *name, size_t size, int64_t now_ms);
/* Give one back: what it was taken for did not happen. A bucket does not get over full. */
void limit_give(limit_t *self, const void *name, size_t size, int64_t now_ms);
#endif
