/* scratch - a directory of a test's own, removed at its end; and the seed of random tests. */
#ifndef SCRATCH_H
#define SCRATCH_H
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SCRATCH_PATH_MAX = 256 };

static inline void
scratch_make(char path[SCRATCH_PATH_MAX])
{
    const char *base = getenv("TMPDIR");
    (void)snprintf(path, SCRATCH_PATH_MAX, "%s/marquee-test-XXXXXX", base ? base : "/tmp");
    if (mkdtemp(path) == NULL) {
        perror(path);
        exit(1);
    }
}

static inline int
scratch_remove_one(const char *path, const struct stat *status, int kind, struct FTW *at)
{
    (void)status;
    (void)kind;
    (void)at;
    return remove(path);
}

static inline void
scratch_remove(const char *path)
{
    if (nftw(path, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0)
        perror(path);
}

/* The seed of a random test: from SEED in the environment, else of the hour; printed. */
static inline uint64_t
scratch_seed(const char *what)
{
    const char *text = getenv("SEED");
    uint64_t seed = text ? strtoull(text, NULL, 10) : (uint64_t)time(NULL);
    (void)printf("%s: SEED=%llu\n", what, (unsigned long long)seed);
    return seed;
}

static inline uint64_t
scratch_random(uint64_t *seed)
{
    uint64_t mixed = *seed += UINT64_C(0x9e3779b97f4a7c15);
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}
#endif
