/* histogram - latencies counted in log-linear buckets: under 2 % of error, no allocation.
 *
 * Times are nanoseconds, 0 to about 18 minutes; longer ones count as the longest. */
#ifndef HISTOGRAM_H
#define HISTOGRAM_H
#include <stdint.h>

enum {
    HISTOGRAM_SUB_BITS = 6, /* 64 buckets a power of two */
    HISTOGRAM_BUCKETS = (40 - HISTOGRAM_SUB_BITS + 1) << HISTOGRAM_SUB_BITS,
};

typedef struct {
    uint64_t counts[HISTOGRAM_BUCKETS];
    uint64_t total, max_ns;
} histogram_t;

void histogram_add(histogram_t *self, uint64_t ns);
void histogram_merge(histogram_t *self, const histogram_t *other);
/* The latency that `per_mille` of 1000 samples do not exceed, 0 when there are none. */
uint64_t histogram_at(const histogram_t *self, uint32_t per_mille);
#endif
