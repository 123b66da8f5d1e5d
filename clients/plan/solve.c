/* solve - see solve.h for the contract. Clp solves the relaxation, Cbc the whole numbers. */
#include "clients/plan/solve.h"
#include "clients/plan/program.h"
#include <coin/Cbc_C_Interface.h>
#include <coin/Clp_C_Interface.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A tenth of a thousandth above the relaxation's value covers the solver's tolerances many times.
 */
#define SOLVE_BOUND_SLACK 1e-6

typedef struct {
    const plan_day_t *day;
    const program_t *all;
    double deadline; /* by solve_clock() */
    double bound;    /* the relaxation's value: visitors */
    double *reduced; /* what a column costs the relaxation, per showing; >= 0 */
    uint32_t gap_permille;
    solve_result_t *result;
} solve_t;

static double
solve_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* The relaxation of all columns: a bound on every plan, and each column's reduced cost. */
static bool
solve_relaxation(solve_t *self)
{
    const program_t *all = self->all;
    Clp_Simplex *model = Clp_newModel();
    Clp_setLogLevel(model, 0);
    Clp_setOptimizationDirection(model, -1);
    Clp_setMaximumSeconds(model, self->deadline - solve_clock());
    Clp_loadProblem(model, all->column_count, all->row_count, all->starts, all->rows, all->values,
                    all->column_lower, all->column_upper, all->objective, all->row_lower,
                    all->row_upper);
    Clp_initialSolve(model);
    bool done = Clp_isProvenOptimal(model);
    if (done) {
        const double *reduced = Clp_getReducedCost(model);
        self->bound = Clp_getObjValue(model);
        for (int i = 0; i < all->showing_count; i++)
            self->reduced[i] = fabs(reduced[i]);
        self->result->bound_micro =
            (int64_t)ceil(self->bound * (1 + SOLVE_BOUND_SLACK) * 1e6) + 1000;
    }
    Clp_deleteModel(model);
    return done;
}

/* Columns that cost less than the distance allowed, and those of the plan so far. */
static void
solve_choose(const solve_t *self, double cost_most, bool *keep)
{
    const plan_t *plan = &self->result->plan;
    for (int i = 0; i < self->all->showing_count; i++) {
        const plan_showing_t *one = &self->all->showings[i];
        keep[i] = self->reduced[i] <= cost_most;
        for (uint32_t k = 0; k < plan->count && !keep[i]; k++)
            keep[i] = plan->showings[k].film == one->film && plan->showings[k].hall == one->hall &&
                      plan->showings[k].slot == one->slot;
    }
}

/* Take what Cbc found, if it is a good plan and better than the one so far. */
static void
solve_take(solve_t *self, const program_t *some, const double *solution)
{
    plan_t plan = { .count = 0 };
    for (int i = 0; i < some->showing_count; i++)
        if (solution[i] > 0.5 && plan.count < PLAN_SHOWINGS_MAX)
            plan.showings[plan.count++] = some->showings[i];
    plan_sort(&plan);
    int64_t expect_micro = plan_expect_micro(self->day, &plan);
    if (plan_check(self->day, &plan) != PLAN_GOOD || expect_micro <= self->result->expect_micro)
        return;
    self->result->plan = plan;
    self->result->expect_micro = expect_micro;
    self->result->solved = true;
}

static void
solve_set(Cbc_Model *model, const char *name, double value)
{
    char text[32];
    snprintf(text, sizeof text, "%.6f", value);
    Cbc_setParameter(model, name, text);
}

/* Whole numbers over `some` columns. True when Cbc came to its end before the time did. */
static bool
solve_whole(solve_t *self, const program_t *some, double seconds)
{
    double *solution = calloc((size_t)some->column_count, sizeof *solution);
    if (!solution)
        return false;
    Cbc_Model *model = Cbc_newModel();
    Cbc_setParameter(model, "log", "0");
    Cbc_setParameter(model, "slogLevel", "0");
    Cbc_setParameter(model, "timeMode", "elapsed");
    solve_set(model, "sec", seconds);
    solve_set(model, "ratio", self->gap_permille / 1000.0);
    if (self->gap_permille == 0)
        solve_set(model, "allow", 1e-7);
    Cbc_loadProblem(model, some->column_count, some->row_count, some->starts, some->rows,
                    some->values, some->column_lower, some->column_upper, some->objective,
                    some->row_lower, some->row_upper);
    Cbc_setObjSense(model, -1);
    for (int i = 0; i < some->showing_count; i++)
        Cbc_setInteger(model, i);
    if (program_solution(some, self->day, &self->result->plan, solution))
        Cbc_setInitialSolution(model, solution);
    Cbc_solve(model);
    const double *best = Cbc_bestSolution(model);
    if (best)
        solve_take(self, some, best);
    bool done = Cbc_status(model) == 0;
    Cbc_deleteModel(model);
    free(solution);
    return done;
}

/* Few columns first: most of a day's columns cost more than the whole distance that is allowed. A
 * wider choice follows while the plan is not close enough and there is time. */
static void
solve_rounds(solve_t *self, solve_told_fn *told, void *argument)
{
    static const uint32_t keep_permille[] = { 2, 15, 1000000 };
    bool *keep = calloc((size_t)self->all->showing_count + 1, sizeof *keep);
    for (size_t round = self->gap_permille ? 0 : 2; keep && round < 3; round++) {
        double left = self->deadline - solve_clock();
        double far = self->bound * 1e6 - (double)self->result->expect_micro;
        if (left < 0.05 || far <= self->bound * 1e3 * self->gap_permille)
            break;
        solve_choose(self, self->bound * keep_permille[round] / 1000, keep);
        program_t *some = program_new(self->day, &self->result->plan, self->all, keep);
        if (some)
            (void)solve_whole(self, some, left);
        program_destroy(&some);
        if (told)
            told(argument, self->result);
    }
    free(keep);
}

void
solve_day(const plan_day_t *day, double seconds, uint32_t gap_permille, solve_told_fn *told,
          void *argument, solve_result_t *result)
{
    solve_t self = { .day = day,
                     .deadline = solve_clock() + seconds,
                     .gap_permille = gap_permille,
                     .result = result };
    memset(result, 0, sizeof *result);
    result->bound_micro = INT64_MAX;
    plan_greedy(day, &result->plan);
    result->greedy_micro = result->expect_micro = plan_expect_micro(day, &result->plan);
    if (told)
        told(argument, result);
    program_t *all = program_new(day, &result->plan, NULL, NULL);
    if (all && all->showing_count > 0) {
        self.all = all;
        self.reduced = calloc((size_t)all->showing_count, sizeof *self.reduced);
        if (self.reduced && solve_relaxation(&self)) {
            if (told)
                told(argument, result);
            solve_rounds(&self, told, argument);
        }
        free(self.reduced);
    } else if (all) {
        result->bound_micro = result->expect_micro;
    }
    program_destroy(&all);
}
