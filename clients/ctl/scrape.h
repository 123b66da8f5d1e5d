/* scrape - the few figures of a bridge's GET /metrics that `marquee top` shows. */
#ifndef SCRAPE_H
#define SCRAPE_H
#include <stdbool.h>
#include <stdint.h>

enum {
    SCRAPE_ROUTES = 64,
    SCRAPE_BUCKETS = 16,
    SCRAPE_NAME = 64,
    SCRAPE_ERROR_MAX = 160,
};

typedef struct {
    char name[SCRAPE_NAME]; /* method and path */
    uint32_t bucket_count;
    uint64_t buckets[SCRAPE_BUCKETS]; /* each holds those before it; the last one all */
} scrape_route_t;

typedef struct {
    uint32_t route_count;
    scrape_route_t routes[SCRAPE_ROUTES];
    double bounds_s[SCRAPE_BUCKETS];
    uint64_t connected, connections, streams, in_flight, pushes, requests;
} scrape_t;

/* Ask the bridge at http://HOST[:PORT]. False with the reason in `error`. */
bool scrape_read(scrape_t *self, const char *url, char error[SCRAPE_ERROR_MAX]);
/* In how many seconds 99 of 100 were answered since an earlier reading, at most; 0: none were, -1:
 * it took longer than the largest bound. */
double scrape_p99(const scrape_t *self, const scrape_t *before, uint32_t route, uint64_t *count);
#endif
