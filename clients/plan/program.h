/* program - one day as a linear program, by columns, as solvers take it. */
#ifndef PROGRAM_H
#define PROGRAM_H
#include "actors/plan.h"

/* Columns: first a showing each (`showings`), then the steps of films and the losses of bands. */
typedef struct {
    int row_count, column_count, showing_count, entry_count;
    plan_showing_t *showings;
    int *starts; /* column_count + 1 */
    int *rows;   /* entry_count */
    double *values, *objective, *column_lower, *column_upper, *row_lower, *row_upper;
} program_t;

/* `greedy` says how many trial showings are possible. `keep` tells which showings of `from` become
 * columns; both NULL: all that may stand. NULL when memory is short. */
program_t *program_new(const plan_day_t *day, const plan_t *greedy, const program_t *from,
                       const bool *keep);
void program_destroy(program_t **self_p);
/* The values of all columns that go with a plan, into `solution`; false when a showing is no
 * column. */
bool program_solution(const program_t *self, const plan_day_t *day, const plan_t *plan,
                      double *solution);
#endif
