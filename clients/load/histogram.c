/* histogram - see histogram.h for the contract. */
#include "clients/load/histogram.h"
#include <assert.h>

/* Values below 2 * 64 have a bucket each; above, the six bits behind the leading one choose. */
static uint32_t
histogram_bucket(uint64_t ns)
{
    if (ns < (UINT64_C(2) << HISTOGRAM_SUB_BITS))
        return (uint32_t)ns;
    uint32_t shift = 63u - (uint32_t)__builtin_clzll(ns) - HISTOGRAM_SUB_BITS;
    uint32_t bucket = (shift << HISTOGRAM_SUB_BITS) + (uint32_t)(ns >> shift);
    return bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1;
}

/* The highest value that falls into a bucket. */
static uint64_t
histogram_bound(uint32_t bucket)
{
    if (bucket < (2u << HISTOGRAM_SUB_BITS))
        return bucket;
    uint32_t shift = (bucket >> HISTOGRAM_SUB_BITS) - 1;
    uint64_t lead = bucket - (shift << HISTOGRAM_SUB_BITS);
    return ((lead + 1) << shift) - 1;
}

void
histogram_add(histogram_t *self, uint64_t ns)
{
    self->counts[histogram_bucket(ns)]++;
    self->total++;
    if (ns > self->max_ns)
        self->max_ns = ns;
}

void
histogram_merge(histogram_t *self, const histogram_t *other)
{
    for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++)
        self->counts[i] += other->counts[i];
    self->total += other->total;
    if (other->max_ns > self->max_ns)
        self->max_ns = other->max_ns;
}

uint64_t
histogram_at(const histogram_t *self, uint32_t per_mille)
{
    assert(per_mille <= 1000);
    uint64_t rank = (self->total * per_mille + 999) / 1000;
    uint64_t seen = 0;
    for (uint32_t i = 0; i < HISTOGRAM_BUCKETS && rank > 0; i++) {
        seen += self->counts[i];
        if (seen >= rank) {
            uint64_t bound = histogram_bound(i);
            return bound < self->max_ns ? bound : self->max_ns;
        }
    }
    return 0;
}
