/* solve - a better plan of one day by integer programming, and a bound on all plans. Outside the
 * actor.
 *
 * A column for each showing that may stand; a row for each slot of each hall; the concave
 * expectation as steps. First the relaxation: its value bounds every plan. Then whole numbers, over
 * the columns whose reduced cost says that they could matter, from the greedy plan on.
 * docs/decisions/0013. */
#ifndef SOLVE_H
#define SOLVE_H
#include "actors/plan.h"

typedef struct {
    int64_t expect_micro, greedy_micro;
    int64_t bound_micro; /* no plan is expected to do better; INT64_MAX when there was no time */
    bool solved;         /* false: the plan is the greedy one */
    plan_t plan;
} solve_result_t;

/* Told as soon as there is something better to fall back on. */
typedef void solve_told_fn(void *argument, const solve_result_t *result);

/* The best plan found within the time; never worse than the greedy one, and good by plan_check().
 * `gap_permille`: good enough is what is this close to the bound, in thousandths; 0 goes on to the
 * optimum of all columns. `told` may be NULL. */
void solve_day(const plan_day_t *day, double seconds, uint32_t gap_permille, solve_told_fn *told,
               void *argument, solve_result_t *result);
#endif
