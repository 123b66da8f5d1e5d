/* test_plan - the day of a plan, the greedy plan, and what is expected of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "actors/plan.h"
#include "clients/plan/cinema.h"
#include "clients/zone_load.h"
#include "tests/unit/chance.h"

static cinema_t cinema;
static plan_day_t day;
static plan_t plan;

static void
enter(uint64_t seed, uint32_t halls, uint32_t films, uint32_t at)
{
    cinema_make(&cinema, seed, halls, films, 7);
    plan_problem_t problem = cinema_day(&cinema, at);
    assert_true(plan_day_init(&day, &problem));
}

/* Prime time of a plan: showings of hot, warm and cold films. */
static void
count_prime(uint32_t counts[3])
{
    memset(counts, 0, 3 * sizeof counts[0]);
    for (uint32_t i = 0; i < plan.count; i++)
        if (day.prime[plan.showings[i].slot])
            counts[day.heat[plan.showings[i].film]]++;
}

static void
greedy_plans_are_good(void **unused)
{
    (void)unused;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        enter(seed, 1 + (uint32_t)seed % PLAN_HALLS_MAX, 1 + (uint32_t)seed % 20,
              (uint32_t)seed % 7);
        plan_greedy(&day, &plan);
        assert_int_equal(plan_check(&day, &plan), PLAN_GOOD);
        assert_true(plan.count > 0);
        uint32_t prime[3];
        count_prime(prime);
        assert_int_equal(prime[PLAN_COLD], 0);
        assert_true(!day.any_hot || prime[PLAN_HOT] >= prime[PLAN_WARM]);
        for (uint32_t film = 0; film < day.problem.film_count; film++)
            assert_int_equal(plan_left_out(&day, &plan, film) == PLAN_LEFT_NOT,
                             plan_showings_of(&plan, film) > 0);
    }
}

/* Every plan that is good is good to conflict.h too, which knows nothing of slots. */
static void
greedy_plans_have_no_conflict(void **unused)
{
    (void)unused;
    static conflict_showtime_t showtimes[PLAN_SHOWINGS_MAX];
    static conflict_entry_t entries[4 * PLAN_SHOWINGS_MAX];
    for (uint64_t seed = 1; seed <= 20; seed++) {
        enter(seed, 8, 12, (uint32_t)seed % 7);
        plan_greedy(&day, &plan);
        conflict_film_t films[PLAN_FILMS_MAX];
        conflict_hall_t halls[PLAN_HALLS_MAX];
        for (uint32_t i = 0; i < 12; i++)
            films[i] = day.problem.films[i].film;
        for (uint32_t i = 0; i < 8; i++)
            halls[i].cleaning_ms = day.problem.halls[i].cleaning_min * 60000;
        for (uint32_t i = 0; i < plan.count; i++)
            showtimes[i] = plan_showtime(&day, &plan.showings[i]);
        conflict_cinema_t place = { &cinema.zone, cinema.hours, films, halls, 12, 8 };
        conflict_index_t index;
        conflict_t found[8];
        conflict_build(&index, &place, NULL, 0, showtimes, plan.count, entries,
                       4 * PLAN_SHOWINGS_MAX);
        for (uint32_t i = 0; i < plan.count; i++)
            assert_int_equal(conflict_find(&index, i, found, 8), 0);
    }
}

static void
a_day_of_eight_halls_in_time(void **unused)
{
    (void)unused;
    clock_t start = clock();
    for (uint64_t seed = 1; seed <= 20; seed++) {
        enter(seed, 8, 12, 5);
        plan_greedy(&day, &plan);
    }
    double ms = (double)(clock() - start) * 1000 / CLOCKS_PER_SEC / 20;
    print_message("a greedy day: %.2f ms\n", ms);
    assert_true(ms < 50);
}

static void
new_films_have_trial_showings(void **unused)
{
    (void)unused;
    uint32_t fresh = 0;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        enter(seed, 8, 12, 6);
        plan_greedy(&day, &plan);
        for (uint32_t film = 0; film < 12; film++) {
            if (!day.fresh[film] || day.left[film] != PLAN_LEFT_NOT)
                continue;
            fresh++;
            assert_true(plan_showings_of(&plan, film) >= day.problem.rules.trial_showings);
        }
    }
    assert_true(fresh > 10);
}

static void
a_film_left_out_names_the_rule(void **unused)
{
    (void)unused;
    cinema_make(&cinema, 1, 2, 6, 7);
    plan_film_t *films = cinema.films[0];
    for (int i = 0; i < 6; i++)
        films[i].formats = 0, films[i].film.release_day = cinema.first_day - 20;
    films[0].film.withdrawn = true;
    films[1].film.release_day = cinema.first_day + 1;
    films[2].film.last_day = cinema.first_day - 1;
    films[3].formats = 8;
    films[4].film.duration_min = 720;
    cinema.hours.until_minute[0] = 1200;
    plan_problem_t problem = cinema_day(&cinema, 0);
    assert_true(plan_day_init(&day, &problem));
    plan_greedy(&day, &plan);
    static const plan_left_t wanted[] = { PLAN_LEFT_WITHDRAWN, PLAN_LEFT_UNRELEASED,
                                          PLAN_LEFT_ENDED,     PLAN_LEFT_NO_HALL,
                                          PLAN_LEFT_TOO_LONG,  PLAN_LEFT_NOT };
    for (uint32_t i = 0; i < 6; i++)
        assert_int_equal(plan_left_out(&day, &plan, i), wanted[i]);
    cinema.hours.until_minute[0] = 600;
    problem = cinema_day(&cinema, 0);
    assert_true(plan_day_init(&day, &problem));
    plan_greedy(&day, &plan);
    assert_int_equal(plan.count, 0);
    assert_int_equal(plan_left_out(&day, &plan, 5), PLAN_LEFT_CLOSED);
    plan.count = 0;
    enter(1, 1, 2, 0);
    assert_int_equal(plan_left_out(&day, &plan, 0), PLAN_LEFT_NO_ROOM);
}

static void
what_stands_already_stays(void **unused)
{
    (void)unused;
    enter(3, 8, 12, 0);
    plan_greedy(&day, &plan);
    cinema.fixed_count = 10;
    for (uint32_t i = 0; i < 10; i++) {
        cinema.fixed[i] = plan_showtime(&day, &plan.showings[i * 3]);
        cinema.fixed[i].start_ms += 60000; /* off the grid */
        cinema.fixed[i].end_ms += 60000;
    }
    plan_problem_t problem = cinema_day(&cinema, 0);
    assert_true(plan_day_init(&day, &problem));
    plan_greedy(&day, &plan);
    assert_int_equal(plan_check(&day, &plan), PLAN_GOOD);
    for (uint32_t i = 0; i < plan.count; i++) {
        conflict_showtime_t one = plan_showtime(&day, &plan.showings[i]);
        int64_t cleaning_ms = cinema.halls[one.hall].cleaning_min * 60000;
        for (uint32_t k = 0; k < 10; k++)
            assert_true(one.hall != cinema.fixed[k].hall ||
                        one.start_ms >= cinema.fixed[k].end_ms + cleaning_ms ||
                        one.end_ms + cleaning_ms <= cinema.fixed[k].start_ms);
    }
}

static void
bad_plans_are_told(void **unused)
{
    (void)unused;
    enter(1, 2, 4, 0);
    for (uint32_t i = 0; i < 4; i++)
        cinema.films[0][i].formats = 0, cinema.films[0][i].film.release_day = cinema.first_day - 9;
    cinema.films[0][0].equipment = cinema.films[0][1].equipment = 4;
    cinema.rules.stagger_starts = 1;
    plan_problem_t problem = cinema_day(&cinema, 0);
    assert_true(plan_day_init(&day, &problem));
    plan = (plan_t){ 2, { { 0, 0, 0, PLAN_SCORE }, { 1, 0, 8, PLAN_SCORE } } };
    assert_int_equal(plan_check(&day, &plan), PLAN_HALL_TAKEN);
    plan.showings[1].hall = 1;
    assert_int_equal(plan_check(&day, &plan), PLAN_EQUIPMENT_TAKEN);
    plan.showings[1].film = 2;
    assert_int_equal(plan_check(&day, &plan), PLAN_GOOD);
    plan.showings[1].slot = 1;
    assert_int_equal(plan_check(&day, &plan), PLAN_CROWD);
    plan.showings[1].slot = 2;
    assert_int_equal(plan_check(&day, &plan), PLAN_GOOD);
    plan.showings[1].slot = (uint16_t)(day.slot_count - 1);
    assert_int_equal(plan_check(&day, &plan), PLAN_MAY_NOT);
    plan.showings[1].slot = 20;
    plan.showings[1].film = 4;
    assert_int_equal(plan_check(&day, &plan), PLAN_MAY_NOT);
}

/* A showing never takes visitors away, and the same showing later in a row never adds more. */
static void
each_showing_adds_and_each_adds_less(void **unused)
{
    (void)unused;
    chance_t chance = { 7 };
    for (uint64_t seed = 1; seed <= 200; seed++) {
        enter(seed, 8, 12, (uint32_t)seed % 7);
        plan_showing_t one = { 0, 0, 0, PLAN_SCORE };
        do {
            one.film = (uint8_t)chance_below(&chance, 12);
            one.hall = (uint8_t)chance_below(&chance, 8);
            one.slot = (uint16_t)chance_below(&chance, day.slot_count);
        } while (!plan_may(&day, one.film, one.hall, one.slot));
        int64_t before = 0, added = INT64_MAX;
        plan.count = 0;
        for (int i = 0; i < 12; i++) {
            plan.showings[plan.count++] = one;
            int64_t expected = plan_expect_micro(&day, &plan);
            assert_true(expected >= before && expected - before <= added);
            added = expected - before;
            before = expected;
        }
    }
}

static void
a_run_decays_and_a_day_follows_the_clock(void **unused)
{
    (void)unused;
    enter(2, 4, 8, 0);
    for (uint32_t film = 0; film < 8; film++) {
        int32_t since = day.problem.day - day.problem.films[film].film.release_day;
        assert_true(since > 0 || day.run_permille[film] == 1000);
        assert_true(day.run_permille[film] >= day.problem.rules.run_least_permille);
    }
    /* Until four in the morning over the change to summer time: an hour less, and no slot at 02:30.
     */
    assert_int_equal(zone_load(&cinema.zone, "Europe/Berlin"), 0);
    plan_problem_t problem = cinema_day(&cinema, 0);
    problem.day = zone_day_of(2026, 3, 28);
    problem.hours.until_minute[5] = 1680;
    assert_true(plan_day_init(&day, &problem));
    assert_int_equal(day.slot_count, (28 - 10 - 1) * 6);
    for (uint32_t slot = 0; slot < day.slot_count; slot++)
        assert_int_not_equal(zone_local(&cinema.zone, plan_slot_ms(&day, slot)).minute / 60, 2);
}

static void
problems_out_of_bounds(void **unused)
{
    (void)unused;
    enter(1, 2, 4, 0);
    plan_problem_t good = cinema_day(&cinema, 0), bad = good;
    assert_true(plan_day_init(&day, &bad));
    bad.film_count = PLAN_FILMS_MAX + 1;
    assert_false(plan_day_init(&day, &bad));
    bad = good, bad.rules.grid_min = 0;
    assert_false(plan_day_init(&day, &bad));
    bad = good, bad.rules.grid_min = 5, bad.hours.from_minute[0] = 0,
    bad.hours.until_minute[0] = 2880;
    assert_false(plan_day_init(&day, &bad)); /* more slots than there may be */
    bad = good, cinema.films[0][1].film.duration_min = 0;
    assert_false(plan_day_init(&day, &bad));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(greedy_plans_are_good),
        cmocka_unit_test(greedy_plans_have_no_conflict),
        cmocka_unit_test(a_day_of_eight_halls_in_time),
        cmocka_unit_test(new_films_have_trial_showings),
        cmocka_unit_test(a_film_left_out_names_the_rule),
        cmocka_unit_test(what_stands_already_stays),
        cmocka_unit_test(bad_plans_are_told),
        cmocka_unit_test(each_showing_adds_and_each_adds_less),
        cmocka_unit_test(a_run_decays_and_a_day_follows_the_clock),
        cmocka_unit_test(problems_out_of_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
