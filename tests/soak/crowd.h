/* crowd - all viewers of a run, and what is done to them: opened, read, cut, compared. */
#ifndef CROWD_H
#define CROWD_H
#include "clients/load/control.h"
#include "tests/soak/verdict.h"
#include "tests/soak/viewer.h"

typedef struct {
    uint32_t viewers, showtimes, open_rate, cut_rate, deaf; /* rates a second */
    uint32_t sse_percent;
    bool tls;
} crowd_options_t;

typedef struct {
    crowd_options_t options;
    house_t house;
    burst_t *burst;
    viewer_t *viewers;
    uint32_t count; /* of those that are there: the deaf come last */
    double cuts_due, asks_due;
    int64_t swept_ns, talked_ns; /* when that was done last */
    uint64_t cuts, resets, in_frame, with_since, reopened, asked;
    int64_t busy_ns; /* of this thread's processor time, in turns */
} crowd_t;

/* 0, or -1 with errno. The house's target, base, changes and chance are set by the caller. */
int crowd_init(crowd_t *self, const crowd_options_t *options);
void crowd_free(crowd_t *self);
/* Open viewers one after the other until `count` are there and know their seats; false: it took too
 * long. */
bool crowd_open(crowd_t *self, uint32_t count);
/* Let what happens happen for a time. `cutting`: viewers are cut meanwhile, and come back. */
void crowd_run(crowd_t *self, double seconds, bool cutting);
/* While no changes are made: wait until everybody has the last number, then compare all maps with
 * the server's own. */
void crowd_compare(crowd_t *self, control_t *control, verdict_t *verdict);
/* How many of the deaf, of those who talk or of the others, are not cut yet; how long (ns) it took
 * with the last of those who are. */
uint32_t crowd_deaf_left(const crowd_t *self, bool talking, int64_t *longest_ns);
#endif
