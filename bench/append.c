/* bench-append - how fast this disk makes small appends durable: the limit the journal works
 * against.
 *
 * Writes entries of 512 bytes one after the other into a preallocated, zero-filled file, each with
 * one pwrite and one fdatasync, and prints one JSON object. Usage: bench-append DIRECTORY SECONDS
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    ENTRY_SIZE = 512,
    FILE_SIZE = 64 * 1024 * 1024,
    ZERO_SIZE = 1024 * 1024,
    SAMPLES_MAX = 4 * 1024 * 1024,
};

static uint8_t zeros[ZERO_SIZE];
static uint32_t samples_ns[SAMPLES_MAX];
static size_t sample_count;

static int
append_fault(const char *what)
{
    perror(what);
    return 3;
}

/* Zeros that are on the disk: an append then changes no length and allocates no block. */
static int
append_prepare(int file)
{
    for (off_t at = 0; at < FILE_SIZE; at += ZERO_SIZE)
        if (pwrite(file, zeros, sizeof zeros, at) != ZERO_SIZE)
            return -1;
    return fsync(file);
}

static int64_t
append_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int
append_run(int file, int64_t seconds, double *elapsed)
{
    uint8_t entry[ENTRY_SIZE];
    memset(entry, 0x5a, sizeof entry);
    int64_t start_ns = append_now_ns(), before_ns = start_ns;
    off_t at = 0;
    while (before_ns - start_ns < seconds * 1000000000 && sample_count < SAMPLES_MAX) {
        if (pwrite(file, entry, sizeof entry, at % FILE_SIZE) != ENTRY_SIZE || fdatasync(file))
            return -1;
        int64_t now_ns = append_now_ns();
        int64_t took_ns = now_ns - before_ns;
        samples_ns[sample_count++] = took_ns < UINT32_MAX ? (uint32_t)took_ns : UINT32_MAX;
        before_ns = now_ns;
        at += ENTRY_SIZE;
    }
    *elapsed = (double)(before_ns - start_ns) / 1e9;
    return 0;
}

static int
append_compare(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

static double
append_quantile_us(size_t percent)
{
    return (double)samples_ns[(sample_count - 1) * percent / 100] / 1e3;
}

int
main(int count, char **words)
{
    char path[4096];
    long seconds = count == 3 ? strtol(words[2], NULL, 10) : 0;
    if (seconds < 1 || seconds > 3600) {
        fprintf(stderr, "usage: bench-append DIRECTORY SECONDS\n");
        return 2;
    }
    int size = snprintf(path, sizeof path, "%s/append.XXXXXX", words[1]);
    if (size < 0 || (size_t)size >= sizeof path)
        return 2;
    int file = mkstemp(path);
    if (file < 0)
        return append_fault(path);
    double elapsed = 0;
    int result = append_prepare(file) || append_run(file, seconds, &elapsed);
    if (result)
        result = append_fault(path);
    if (unlink(path) || close(file))
        result = append_fault(path);
    if (result)
        return result;
    qsort(samples_ns, sample_count, sizeof samples_ns[0], append_compare);
    printf("{\"synced_append_per_s\": %.1f, \"synced_append_p50_us\": %.1f, "
           "\"synced_append_p99_us\": %.1f}\n",
           (double)sample_count / elapsed, append_quantile_us(50), append_quantile_us(99));
    return 0;
}
