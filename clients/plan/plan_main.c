/* plan_main - `marquee-plan <PROBLEM >PLAN`: the programme of some days, better than greedy.
 *
 * Exit: 0 done, 1 the problem is refused, 2 usage, 3 fault. */
#include "clients/plan/problem.h"
#include "clients/plan/week.h"
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_REFUSED = 1, EXIT_USAGE = 2, EXIT_FAULT = 3 };

static const char plan_usage[] =
    "usage: marquee-plan [--seconds 30] [--workers 2] [--gap 15] [--greedy] <PROBLEM >PLAN\n"
    "       marquee-plan --generate SEED >PROBLEM\n"
    "Plans the programme of some days; problem and plan are JSON (docs/planning.md).\n"
    "  --seconds N      for all days together\n"
    "  --workers N      days at a time, 1 to 8\n"
    "  --gap PERMILLE   good enough is this close to the bound\n"
    "  --greedy         the first plan only, without the solver\n"
    "  --generate SEED  writes a made-up cinema: 8 halls, 12 films, 7 days\n";

static void
plan_progress(void *argument, const week_progress_t *progress)
{
    (void)argument;
    fprintf(stderr, "\r%u of %u days, %5.1f s, expecting %.0f", progress->days_done, progress->days,
            progress->seconds, (double)progress->expect_micro / 1e6);
    if (progress->bound_micro)
        fprintf(stderr, ", at most %.0f possible (%.2f %%)", (double)progress->bound_micro / 1e6,
                (double)(progress->bound_micro - progress->expect_micro) * 100 /
                    (double)progress->bound_micro);
    fprintf(stderr, "\033[K%s", progress->days_done == progress->days ? "\n" : "");
}

static int
plan_print(json_t *json)
{
    int fault = !json || json_dumpf(json, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(12)) != 0 ||
                putchar('\n') == EOF || fflush(stdout) != 0;
    json_decref(json);
    if (fault)
        fputs("marquee-plan: cannot write\n", stderr);
    return fault ? EXIT_FAULT : 0;
}

static int
plan_run(const week_options_t *options)
{
    static cinema_t cinema;
    static solve_result_t results[CINEMA_DAYS_MAX];
    char fault[160] = "";
    uint32_t bad_day;
    json_error_t error;
    json_t *root = json_loadf(stdin, JSON_REJECT_DUPLICATES, &error);
    if (!root) {
        fprintf(stderr, "marquee-plan: line %d: %s\n", error.line, error.text);
        return EXIT_REFUSED;
    }
    bool good = problem_read(&cinema, root, fault, sizeof fault);
    json_decref(root);
    if (good && !week_solve(&cinema, options, isatty(STDERR_FILENO) ? plan_progress : NULL, NULL,
                            results, &bad_day)) {
        good = false;
        snprintf(fault, sizeof fault, "day %u: out of bounds, or more than %d slots", bad_day,
                 PLAN_SLOTS_MAX);
    }
    if (!good) {
        fprintf(stderr, "marquee-plan: %s\n", fault);
        return EXIT_REFUSED;
    }
    return plan_print(problem_answer(&cinema, results));
}

static int
plan_generate(const char *seed)
{
    static cinema_t cinema;
    cinema_make(&cinema, strtoull(seed, NULL, 10), 8, 12, 7);
    return plan_print(problem_write(&cinema));
}

/* A whole number within bounds, or -1. */
static int
plan_number(const char *text, long least, long most)
{
    char *end;
    long number = strtol(text, &end, 10);
    return *text && !*end && number >= least && number <= most ? (int)number : -1;
}

int
main(int argc, char **argv)
{
    static const struct option flags[] = {
        { "seconds", 1, NULL, 's' }, { "workers", 1, NULL, 'w' },  { "gap", 1, NULL, 'g' },
        { "greedy", 0, NULL, 'f' },  { "generate", 1, NULL, 'm' }, { "help", 0, NULL, 'h' },
        { NULL, 0, NULL, 0 }
    };
    int seconds = 30, workers = 2, gap = 15;
    week_options_t options = { .greedy_only = false };
    for (int flag; (flag = getopt_long(argc, argv, "", flags, NULL)) != -1;) {
        if (flag == 's')
            seconds = plan_number(optarg, 1, 3600);
        else if (flag == 'w')
            workers = plan_number(optarg, 1, 8);
        else if (flag == 'g')
            gap = plan_number(optarg, 0, 500);
        else if (flag == 'f')
            options.greedy_only = true;
        else if (flag == 'm')
            return plan_generate(optarg);
        else
            return fputs(plan_usage, flag == 'h' ? stdout : stderr), flag == 'h' ? 0 : EXIT_USAGE;
    }
    if (seconds < 0 || workers < 0 || gap < 0 || optind < argc)
        return fputs(plan_usage, stderr), EXIT_USAGE;
    options.seconds = seconds;
    options.workers = (uint32_t)workers;
    options.gap_permille = (uint32_t)gap;
    return plan_run(&options);
}
