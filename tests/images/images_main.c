/* images - crash images of real runs: whatever a power loss may leave, all that was promised must
 * be in it. See day.h.
 *
 *     images [COUNT]      so many images (600), over days of seeds drawn from the clock, on two
 *                         processes; SEED in the environment runs the day of that seed alone
 *
 * Last line: "N passed, N failed", N being images. */
#include "tests/images/day.h"
#include "tests/unit/scratch.h"
#include <assert.h>
#include <inttypes.h>
#include <limits.h>
#include <malloc.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PROCESSES = 2, IMAGES_DEFAULT = 600, DAY_IMAGES = 1000, FAILED_DAYS_MAX = 5 };

static double
images_clock_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* One process's share: days whose seeds are of both policies. */
static void
images_share(uint64_t seed, uint64_t step, uint64_t images, day_counts_t *counts)
{
    char folder[SCRATCH_PATH_MAX];
    int failed = 0;
    scratch_make(folder);
    while (counts->images < images && failed < FAILED_DAYS_MAX) {
        uint64_t left = images - counts->images;
        failed += !day_run(folder, seed, left < DAY_IMAGES ? left : DAY_IMAGES, counts);
        seed += step;
        if (step == 0)
            break;
    }
    scratch_remove(folder);
}

static void
images_print(const day_counts_t *counts, double seconds)
{
    static const char *const points[DAY_POINTS] = { "writes",           "syncs",
                                                    "changes of names", "syncs of folders",
                                                    "changes of size",  "after answers" };
    printf("%" PRIu64 " images of %" PRIu64 " days, %.0f a second\n", counts->images, counts->days,
           (double)counts->images / seconds);
    for (int i = 0; i < DAY_POINTS; i++)
        printf("%8" PRIu64 " %s%s\n", counts->points[i], i == DAY_AFTER_ANSWERS ? "" : "before ",
               points[i]);
    printf("%8" PRIu64 " writes dropped, %" PRIu64 " torn\n", counts->dropped, counts->torn);
    printf("%8" PRIu64 " states compared with a run without a crash\n", counts->digests);
    printf("%8" PRIu64 " crashed again, %" PRIu64 " of them after recovery\n", counts->again,
           counts->again_late);
    printf("%.1f s\n", seconds);
}

static void
images_add(day_counts_t *sum, const day_counts_t *counts)
{
    const uint64_t *from = (const uint64_t *)counts;
    uint64_t *to = (uint64_t *)sum;
    _Static_assert(sizeof *sum % sizeof *to == 0, "numbers and nothing else");
    for (size_t i = 0; i < sizeof *sum / sizeof *to; i++)
        to[i] += from[i];
}

/* The shares run side by side; false when one of them did not come to its end. */
static bool
images_shares(uint64_t seed, uint64_t images, day_counts_t *sum)
{
    day_counts_t *shares = mmap(NULL, PROCESSES * sizeof *shares, PROT_READ | PROT_WRITE,
                                MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert(shares != MAP_FAILED);
    bool ended = true;
    for (uint64_t i = 0; i < PROCESSES; i++) {
        (void)fflush(stdout);
        pid_t child = fork();
        assert(child >= 0);
        if (child == 0) {
            images_share(seed + i, PROCESSES, images / PROCESSES, &shares[i]);
            exit(0);
        }
    }
    for (int i = 0, status; i < PROCESSES; i++)
        ended &= wait(&status) > 0 && status == 0;
    for (int i = 0; i < PROCESSES; i++)
        images_add(sum, &shares[i]);
    (void)munmap(shares, PROCESSES * sizeof *shares);
    return ended;
}

int
main(int count, char **arguments)
{
    uint64_t images = count > 1 ? strtoull(arguments[1], NULL, 10) : IMAGES_DEFAULT;
    uint64_t seed = scratch_seed("images");
    bool ended = true;
    day_counts_t sum = { 0 };
    double start_s = images_clock_s();
    /* Partitions come and go a thousand times a second: their memory stays. */
    (void)mallopt(M_MMAP_THRESHOLD, 32 * 1024 * 1024);
    (void)mallopt(M_TRIM_THRESHOLD, INT_MAX);
    if (access("/dev/shm", W_OK) == 0)
        setenv("TMPDIR", "/dev/shm", 1);
    if (getenv("SEED"))
        images_share(seed, 0, DAY_IMAGES, &sum);
    else
        ended = images_shares(seed, images, &sum);
    images_print(&sum, images_clock_s() - start_s);
    if (!ended)
        printf("a process ended before its time\n");
    printf("%" PRIu64 " passed, %" PRIu64 " failed\n", sum.images - sum.failed,
           sum.failed + !ended);
    return sum.failed == 0 && ended && sum.images > 0 ? 0 : 1;
}
