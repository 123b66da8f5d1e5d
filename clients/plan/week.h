/* week - the plans of some days, each solved in a process of its own, a few at a time.
 *
 * A process, because a solver that crashes, hangs or prints takes nothing else with it: the day
 * then has the best plan it told of before, the greedy one at least. */
#ifndef WEEK_H
#define WEEK_H
#include "clients/plan/cinema.h"
#include "clients/plan/solve.h"

typedef struct {
    double seconds; /* for all days together */
    uint32_t workers, gap_permille;
    bool greedy_only;
} week_options_t;

/* How it stands: days done, and the sums so far; bound_micro is 0 while a day's is unknown. */
typedef struct {
    uint32_t days_done, days;
    int64_t expect_micro, bound_micro;
    double seconds;
} week_progress_t;
typedef void week_told_fn(void *argument, const week_progress_t *progress);

/* False when a day's problem is out of bounds; `bad_day` says which. `told` may be NULL. */
bool week_solve(const cinema_t *cinema, const week_options_t *options, week_told_fn *told,
                void *argument, solve_result_t *results, uint32_t *bad_day);
#endif
