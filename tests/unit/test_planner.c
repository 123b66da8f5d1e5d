/* test_planner - the solver's plan of small days against exhaustive search, and its bound. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "clients/plan/solve.h"
#include "clients/plan/week.h"

static cinema_t cinema;
static plan_day_t day;
static solve_result_t result;

/* Every plan there is, showing by showing in the order of (hall, slot): the best that is good. */
typedef struct {
    plan_t plan;
    int64_t best_micro;
    uint32_t trials[PLAN_FILMS_MAX]; /* what must be shown at least */
    uint64_t looked;
} search_t;

static void
search_look(search_t *self)
{
    self->looked++;
    for (uint32_t film = 0; film < day.problem.film_count; film++)
        if (plan_showings_of(&self->plan, film) < self->trials[film])
            return;
    int64_t expect_micro = plan_expect_micro(&day, &self->plan);
    if (expect_micro > self->best_micro && plan_check(&day, &self->plan) == PLAN_GOOD)
        self->best_micro = expect_micro;
}

static void
search_from(search_t *self, uint32_t hall, uint32_t slot)
{
    if (hall == day.problem.hall_count) {
        search_look(self);
        return;
    }
    if (slot >= day.slot_count) {
        search_from(self, hall + 1, 0);
        return;
    }
    search_from(self, hall, slot + 1); /* nothing starts here */
    for (uint32_t film = 0; film < day.problem.film_count; film++) {
        if (!plan_may(&day, film, hall, slot))
            continue;
        self->plan.showings[self->plan.count++] =
            (plan_showing_t){ (uint8_t)film, (uint8_t)hall, (uint16_t)slot, PLAN_SCORE };
        search_from(self, hall, slot + plan_blocks(&day, film, hall));
        self->plan.count--;
    }
}

/* A small house of an hour's grid that is open for `hours`, so that all plans can be walked. */
static void
small_day(uint64_t seed, uint32_t halls, uint32_t films, uint16_t hours)
{
    cinema_make(&cinema, seed, halls, films, 1);
    cinema.rules.grid_min = 60;
    cinema.rules.stagger_min = 60;
    cinema.rules.stagger_starts = (uint16_t)(1 + seed % 2);
    cinema.rules.trial_showings = (uint16_t)(seed % 3);
    cinema.rules.film_pool = 40 + 20 * (uint32_t)(seed % 4);
    cinema.rules.band_visitors = 100 + 50 * (uint32_t)(seed % 3);
    cinema.hours.from_minute[0] = (uint16_t)(22 - hours) * 60;
    cinema.hours.until_minute[0] = 22 * 60;
    for (uint32_t i = 0; i < films; i++)
        cinema.films[0][i].equipment = i % 3 == seed % 3 ? 1 : 0;
    plan_problem_t problem = cinema_day(&cinema, 0);
    assert_true(plan_day_init(&day, &problem));
}

static void
same_as_exhaustive(uint64_t seed, uint32_t halls, uint32_t films, uint16_t hours)
{
    static search_t search;
    small_day(seed, halls, films, hours);
    solve_day(&day, 10, 0, NULL, NULL, &result);
    assert_int_equal(plan_check(&day, &result.plan), PLAN_GOOD);
    memset(&search, 0, sizeof search);
    static plan_t greedy;
    plan_greedy(&day, &greedy);
    for (uint32_t film = 0; film < films; film++) {
        uint32_t shown = plan_showings_of(&greedy, film), wanted = cinema.rules.trial_showings;
        search.trials[film] = !day.fresh[film] ? 0 : shown < wanted ? shown : wanted;
    }
    search_from(&search, 0, 0);
    if (result.expect_micro != search.best_micro || result.bound_micro < search.best_micro)
        fail_msg("seed %llu, %u halls, %u films: %lld, bound %lld, all %llu plans have %lld",
                 (unsigned long long)seed, halls, films, (long long)result.expect_micro,
                 (long long)result.bound_micro, (unsigned long long)search.looked,
                 (long long)search.best_micro);
}

static void
small_days_have_the_best_plan_of_all(void **unused)
{
    (void)unused;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        same_as_exhaustive(seed, 1, 6, 7);
        same_as_exhaustive(seed, 2, 4, 5);
        same_as_exhaustive(seed, 3, 3, 4);
    }
    same_as_exhaustive(13, 3, 6, 4);
    same_as_exhaustive(14, 2, 6, 5);
}

/* The time is kept, the plan is never worse than greedy, and what is told is a good plan. */
static void
no_time_leaves_the_greedy_plan(void **unused)
{
    (void)unused;
    static solve_result_t results[CINEMA_DAYS_MAX];
    const week_options_t options = { .seconds = 0.7, .workers = 2, .gap_permille = 10 };
    uint32_t bad_day;
    cinema_make(&cinema, 5, 8, 12, 3);
    assert_true(week_solve(&cinema, &options, NULL, NULL, results, &bad_day));
    for (uint32_t i = 0; i < 3; i++) {
        plan_problem_t problem = cinema_day(&cinema, i);
        assert_true(plan_day_init(&day, &problem));
        assert_int_equal(plan_check(&day, &results[i].plan), PLAN_GOOD);
        assert_true(results[i].expect_micro >= results[i].greedy_micro);
        assert_true(results[i].greedy_micro > 0);
        assert_false(results[i].solved);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_days_have_the_best_plan_of_all),
        cmocka_unit_test(no_time_leaves_the_greedy_plan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
