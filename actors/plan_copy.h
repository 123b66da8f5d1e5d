/* plan_copy - a day, a week or several of them again, some days later. Pure.
 *
 * The wall clock is kept: what began at 20:00 begins at 20:00, whatever the clocks did in between,
 * and lasts as long as it did. What can't be shown on its new day is skipped, with the reason.
 * Whether the copies stand in the way of what is there already is asked of conflict.h, as a batch.
 */
#ifndef PLAN_COPY_H
#define PLAN_COPY_H
#include "actors/conflict.h"

#define PLAN_COPY_TABLE(X)                                                                         \
    X(MADE, "is copied")                                                                           \
    X(WITHDRAWN, "the film is withdrawn")                                                          \
    X(UNRELEASED, "the film is not released by then")                                              \
    X(ENDED, "the film's run is over by then")                                                     \
    X(CLOSED, "the cinema is not open then")
typedef enum {
#define X(name, text) PLAN_COPY_##name,
    PLAN_COPY_TABLE(X)
#undef X
        PLAN_COPIES
} plan_copy_why_t;

typedef struct {
    uint32_t from; /* the place of the showtime that is copied */
    plan_copy_why_t why;
    conflict_showtime_t showtime; /* the copy, id 0; filled in even where it is skipped */
} plan_copy_t;

/* The programme's day of a moment: after midnight, until the house closes, it is still the day
 * before. */
int32_t plan_copy_day(const conflict_cinema_t *cinema, int64_t start_ms);
/* Copy what is on from `first_day` for `day_count` days, `days_later` (not 0) later. Returns how
 * many showtimes are in those days; the first `room` of them are in `copies`, in the order they
 * came. */
uint32_t plan_copy(const conflict_cinema_t *cinema, const conflict_showtime_t *showtimes,
                   uint32_t count, int32_t first_day, int32_t day_count, int32_t days_later,
                   plan_copy_t *copies, uint32_t room);
const char *plan_copy_text(plan_copy_why_t why);
#endif
