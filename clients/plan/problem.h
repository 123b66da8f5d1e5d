/* problem - a cinema and its days as JSON, as marquee-plan reads and writes them. Format: see
 * docs/planning.md. */
#ifndef PROBLEM_H
#define PROBLEM_H
#include "clients/plan/cinema.h"
#include "clients/plan/solve.h"
#include <jansson.h>

/* False when it is not sound; `fault` then says what and where. */
bool problem_read(cinema_t *cinema, json_t *root, char *fault, size_t room);
/* NULL when memory is short. The caller owns it. */
json_t *problem_write(const cinema_t *cinema);
/* The plan of all days, with reasons, what is left out and why, and the distance to the bound. */
json_t *problem_answer(const cinema_t *cinema, const solve_result_t *results);
#endif
