/* limit - see limit.h for the contract. What holds between calls:
 * (1) A place is free when its name is 0; no name is in two places, and all are in their own set.
 * (2) level is at most `full`, and counts thousandths of a token: at per_second tokens a second,
 *     that many come in a millisecond, so nothing is ever rounded.
 * (3) A bucket is known by a 64-bit hash of its name under a secret key. Two names that share one
 *     share a bucket; among a million names that happens once in 40 million tables. */
#include "clients/bridge/limit.h"
#include <assert.h>
#include <sodium/crypto_shorthash.h>
#include <sodium/utils.h>
#include <stdlib.h>
#include <string.h>

enum { TOKEN = 1000 };

typedef struct {
    uint64_t name;
    uint64_t level;
    int64_t at_ms; /* when the level was that */
} limit_bucket_t;
_Static_assert(sizeof(limit_bucket_t) == 24, "as limit.h says");

struct limit {
    uint64_t full, per_ms;
    uint32_t set_count;
    uint8_t key[crypto_shorthash_KEYBYTES];
    limit_bucket_t buckets[];
};

limit_t *
limit_new(uint32_t places, uint32_t burst, uint32_t per_second, const uint8_t key[16])
{
    assert(places >= LIMIT_WAYS && (places & (places - 1)) == 0);
    assert(burst >= 1);
    assert(per_second >= 1);
    limit_t *self = calloc(1, sizeof *self + places * sizeof self->buckets[0]);
    if (!self)
        return NULL;
    self->full = (uint64_t)burst * TOKEN;
    self->per_ms = per_second;
    self->set_count = places / LIMIT_WAYS;
    memcpy(self->key, key, sizeof self->key);
    return self;
}

void
limit_destroy(limit_t **self_p)
{
    limit_t *self = *self_p;
    if (!self)
        return;
    sodium_memzero(self->key, sizeof self->key);
    free(self);
    *self_p = NULL;
}

static uint64_t
limit_hash(const limit_t *self, const void *name, size_t size)
{
    uint64_t hash;
    _Static_assert(sizeof hash == crypto_shorthash_BYTES, "a hash fits");
    crypto_shorthash((uint8_t *)&hash, size ? name : "", size, self->key);
    return hash ? hash : 1;
}

static uint64_t
limit_level(const limit_t *self, const limit_bucket_t *bucket, int64_t now_ms)
{
    if (now_ms <= bucket->at_ms)
        return bucket->level;
    /* unsigned: the distance of any two times fits, and what is past full is not multiplied */
    uint64_t passed_ms = (uint64_t)now_ms - (uint64_t)bucket->at_ms;
    uint64_t missing = self->full - bucket->level;
    return passed_ms > missing / self->per_ms ? self->full
                                              : bucket->level + passed_ms * self->per_ms;
}

/* The bucket of a name as it is now, and its set; NULL when it has none. */
static limit_bucket_t *
limit_find(limit_t *self, uint64_t name, int64_t now_ms, limit_bucket_t **set)
{
    *set = &self->buckets[name % self->set_count * LIMIT_WAYS];
    for (uint32_t i = 0; i < LIMIT_WAYS; i++) {
        limit_bucket_t *bucket = *set + i;
        if (bucket->name != name)
            continue;
        bucket->level = limit_level(self, bucket, now_ms);
        if (now_ms > bucket->at_ms)
            bucket->at_ms = now_ms;
        return bucket;
    }
    return NULL;
}

/* A place of the set for a new name: a free one, else the one that is nearest to full. */
static limit_bucket_t *
limit_place(const limit_t *self, limit_bucket_t *set, int64_t now_ms)
{
    limit_bucket_t *best = NULL;
    uint64_t best_level = 0;
    for (uint32_t i = 0; i < LIMIT_WAYS; i++) {
        if (set[i].name == 0)
            return &set[i];
        uint64_t level = limit_level(self, &set[i], now_ms);
        if (best && level <= best_level)
            continue;
        best = &set[i];
        best_level = level;
    }
    return best;
}

uint32_t
limit_take(limit_t *self, const void *name, size_t size, int64_t now_ms)
{
    limit_bucket_t *set;
    uint64_t hash = limit_hash(self, name, size);
    limit_bucket_t *bucket = limit_find(self, hash, now_ms, &set);
    if (!bucket) {
        bucket = limit_place(self, set, now_ms);
        *bucket = (limit_bucket_t){ .name = hash, .level = self->full, .at_ms = now_ms };
    }
    if (bucket->level < TOKEN)
        return (uint32_t)((TOKEN - bucket->level + self->per_ms - 1) / self->per_ms);
    bucket->level -= TOKEN;
    return 0;
}

void
limit_give(limit_t *self, const void *name, size_t size, int64_t now_ms)
{
    limit_bucket_t *set;
    limit_bucket_t *bucket = limit_find(self, limit_hash(self, name, size), now_ms, &set);
    if (bucket)
        bucket->level = self->full - bucket->level < TOKEN ? self->full : bucket->level + TOKEN;
}
