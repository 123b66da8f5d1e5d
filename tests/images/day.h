/* day - one run of a partition over a disk that may lose its power at any point, and at many of
 * them the look at what would be left.
 *
 * At a point an image of the disk is made, and a partition opened in it must have everything that
 * had left the one that runs. Some images are crashed a second time, while a partition recovers or
 * already works in them. All of it follows from one seed. */
#ifndef DAY_H
#define DAY_H
#include "tests/disk/disk.h"
#include <stdbool.h>
#include <stdint.h>

enum { DAY_AFTER_ANSWERS = DISK_KINDS, DAY_POINTS };

typedef struct {
    uint64_t images, failed, days;
    uint64_t points[DAY_POINTS];
    uint64_t digests, again, again_late; /* second crashes: while recovering, when at work */
    uint64_t dropped, torn;
} day_counts_t;

/* Run the day of a seed in an empty folder, for `images` at most; adds to `counts`. False when
 * something was not as it must be: said on stdout, with the seed. */
bool day_run(const char *folder, uint64_t seed, uint64_t images, day_counts_t *counts);
#endif
