/* schedule - the greedy plan and the solver's over generated cinemas, against the bound.
 *
 *     bench-schedule [CINEMAS [SECONDS]]
 *
 * 20 cinemas of 8 halls, 12 films and 7 days from the seeds 1 to 20, 30 seconds each on two cores.
 * What must hold: never worse than greedy, at least 8 % more on average, within 2 % of the bound,
 * in the time, and a greedy day in under 50 ms. Last line: "N passed, N failed". */
#include "clients/plan/week.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { SCHEDULE_GAIN_LEAST = 8, SCHEDULE_DISTANCE_MOST = 2, SCHEDULE_GREEDY_MS = 50 };

static uint32_t passed, failed;

static void
schedule_holds(bool fact, const char *what)
{
    passed += fact;
    failed += !fact;
    if (!fact)
        printf("      does not hold: %s\n", what);
}

static double
schedule_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double
schedule_greedy_ms(const cinema_t *cinema)
{
    static plan_day_t day;
    static plan_t plan;
    double start = schedule_clock();
    for (uint32_t i = 0; i < cinema->day_count; i++) {
        plan_problem_t problem = cinema_day(cinema, i);
        if (plan_day_init(&day, &problem))
            plan_greedy(&day, &plan);
    }
    return (schedule_clock() - start) * 1000 / cinema->day_count;
}

/* One cinema; its gain over greedy in percent. */
static double
schedule_cinema(uint64_t seed, double seconds)
{
    static cinema_t cinema;
    static solve_result_t results[CINEMA_DAYS_MAX];
    const week_options_t options = { .seconds = seconds, .workers = 2, .gap_permille = 15 };
    uint32_t bad_day, solved = 0;
    int64_t expect = 0, greedy = 0, bound = 0;
    cinema_make(&cinema, seed, 8, 12, 7);
    double greedy_ms = schedule_greedy_ms(&cinema), start = schedule_clock();
    bool good = week_solve(&cinema, &options, NULL, NULL, results, &bad_day), bounded = good;
    double took = schedule_clock() - start;
    for (uint32_t i = 0; good && i < cinema.day_count; i++) {
        expect += results[i].expect_micro;
        greedy += results[i].greedy_micro;
        bounded = bounded && results[i].bound_micro != INT64_MAX;
        bound += bounded ? results[i].bound_micro : 0;
        solved += results[i].solved;
    }
    double gain = greedy > 0 ? (double)(expect - greedy) * 100 / (double)greedy : 0;
    double distance = bound > 0 ? (double)(bound - expect) * 100 / (double)bound : 100;
    printf("%4llu %10.1f %10.1f %+8.2f %10.1f %9.2f %7u %7.1f %9.2f\n", (unsigned long long)seed,
           (double)greedy / 1e6, (double)expect / 1e6, gain, (double)bound / 1e6, distance, solved,
           took, greedy_ms);
    fflush(stdout);
    schedule_holds(good && expect >= greedy, "never worse than greedy");
    schedule_holds(bounded && distance <= SCHEDULE_DISTANCE_MOST, "within 2 % of the bound");
    schedule_holds(took <= seconds + 0.5, "in the time");
    schedule_holds(greedy_ms < SCHEDULE_GREEDY_MS, "a greedy day in under 50 ms");
    return gain;
}

int
main(int argc, char **argv)
{
    uint64_t cinemas = argc > 1 ? strtoull(argv[1], NULL, 10) : 20;
    double seconds = argc > 2 ? strtod(argv[2], NULL) : 30, gain = 0;
    printf(
        "seed     greedy       plan   gain %%      bound distance%%  solved seconds greedy ms\n");
    for (uint64_t seed = 1; seed <= cinemas; seed++)
        gain += schedule_cinema(seed, seconds) / (double)cinemas;
    printf("mean gain %.2f %%\n", gain);
    schedule_holds(gain >= SCHEDULE_GAIN_LEAST, "at least 8 % more on average");
    printf("%u passed, %u failed\n", passed, failed);
    return failed || !passed;
}
