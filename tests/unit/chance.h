/* chance - all the randomness of a test: one stream from one 64-bit seed (SplitMix64, by
 * Steele, Lea and Flood: "Fast splittable pseudorandom number generators", 2014). */
#ifndef CHANCE_H
#define CHANCE_H
#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct {
    uint64_t state;
} chance_t;

static inline uint64_t
chance_next(chance_t *self)
{
    uint64_t z = self->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}
/* A number in [0, bound). */
static inline uint32_t
chance_below(chance_t *self, uint32_t bound)
{
    assert(bound > 0);
    return (uint32_t)((chance_next(self) >> 32) * bound >> 32);
}
/* A number in [least, most]. */
static inline int64_t
chance_between(chance_t *self, int64_t least, int64_t most)
{
    assert(least <= most);
    return least + (int64_t)(chance_next(self) % (uint64_t)(most - least + 1));
}
/* True `ppm` times in a million. */
static inline bool
chance_ppm(chance_t *self, uint32_t ppm)
{
    return ppm > 0 && chance_below(self, 1000000) < ppm;
}
/* A time with the mean given, long ones rarer: the sum of what halves. At least 1. */
static inline int64_t
chance_about(chance_t *self, int64_t mean)
{
    int64_t sum = 1 + (int64_t)(chance_next(self) % (uint64_t)(mean + 1));
    while (chance_below(self, 3) == 0 && sum < 20 * mean)
        sum += (int64_t)(chance_next(self) % (uint64_t)(mean + 1));
    return sum;
}
#endif
