/* sim_main - runs seeds, on all cores, and says what happened.
 *
 *     sim [--seeds N] [--first N] [--minutes N] [--jobs N]   many seeds
 *         [--stop]                                       ... till one fails
 *     sim --seed N [--verbose]                               one seed again
 *
 * A seed that fails prints itself, what broke and the last things that happened. Every eighth seed
 * runs twice and must come to the same hash of everything. A fault that never happened over many
 * seeds fails the run. Exit 0: nothing failed, 1: something did, 2: wrong use. */
#include "tests/sim/sim.h"
#include <errno.h>
#include <ftw.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { JOBS_MAX = 64, TWICE_EVERY = 8, TRAIL_SHOWN = 60, ALL_FAULTS_FROM = 200 };

typedef struct {
    uint64_t seeds, first, one;
    int64_t minutes;
    uint32_t jobs;
    bool verbose, single, stop;
} choice_t;

/* What the workers share. */
typedef struct {
    atomic_ullong next, passed, failed, commands, entries, kills;
    atomic_ullong fired[FAULTS];
} tally_t;

static tally_t *tally;
static char folder[256]; /* of this worker's seed */
static uint64_t seed_now;

static double
real_seconds(void)
{
    struct timespec now;
    int rc = clock_gettime(CLOCK_MONOTONIC, &now);
    return rc == 0 ? (double)now.tv_sec + (double)now.tv_nsec / 1e9 : 0.0;
}

static int
remove_one(const char *path, const struct stat *status, int kind, struct FTW *at)
{
    (void)status, (void)kind, (void)at;
    return remove(path);
}

static void
make_folder(void)
{
    snprintf(folder, sizeof folder, "%s/marquee-sim-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (!mkdtemp(folder)) {
        perror(folder);
        exit(3);
    }
}

static void
remove_folder(void)
{
    (void)nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void
print_failure(const sim_t *sim, uint64_t seed, const char *why)
{
    printf("seed %" PRIu64 " FAILED: %s\n", seed, why);
    if (sim)
        trail_print(&sim->trail, TRAIL_SHOWN, stdout);
    printf("  to see it again: make sim SEED=%" PRIu64 "\n", seed);
    fflush(stdout);
}

/* An assertion or a fault of memory ends the worker; the seed is told all the same. */
static void
crashed(int signal)
{
    char why[64];
    sim_t *sim = sim_now;
    sim_now = NULL;
    snprintf(why, sizeof why, "the program crashed (signal %d)", signal);
    print_failure(sim, seed_now, why);
    atomic_fetch_add(&tally->failed, 1);
    remove_folder();
    _exit(1);
}

typedef struct {
    uint64_t hash;
    bool broken;
} outcome_t;

static outcome_t
run_once(const choice_t *choice, uint64_t seed, bool counted)
{
    make_folder();
    sim_options_t options = { .seed = seed,
                              .folder = folder,
                              .all = choice->verbose ? stdout : NULL,
                              .trade_us = choice->minutes * MINUTE_US };
    sim_t *sim = sim_run(&options);
    outcome_t outcome = { .hash = sim->hash, .broken = sim->broken };
    if (sim->broken)
        print_failure(sim, seed, sim->why);
    for (uint32_t i = 0; counted && i < FAULTS; i++)
        atomic_fetch_add(&tally->fired[i], sim->faults.fired[i]);
    if (counted) {
        atomic_fetch_add(&tally->commands, sim->commands);
        atomic_fetch_add(&tally->entries, sim->entries);
        atomic_fetch_add(&tally->kills, sim->kills);
    }
    sim_close(&sim);
    remove_folder();
    return outcome;
}

static void
run_seed(const choice_t *choice, uint64_t seed)
{
    seed_now = seed;
    outcome_t first = run_once(choice, seed, true);
    bool good = !first.broken;
    if (good && (choice->single || seed % TWICE_EVERY == 0)) {
        outcome_t second = run_once(choice, seed, false);
        good = second.hash == first.hash;
        if (!good)
            print_failure(NULL, seed, "a second run came to another hash: it is not deterministic");
    }
    if (choice->single)
        printf("seed %" PRIu64 ": hash %016" PRIx64 "\n", seed, first.hash);
    atomic_fetch_add(good ? &tally->passed : &tally->failed, 1);
    fflush(stdout);
}

/* Was one failure enough? */
static bool
over(const choice_t *choice)
{
    return choice->stop && atomic_load(&tally->failed) > 0;
}

static void
worker(const choice_t *choice)
{
    static const int signals[] = { SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL };
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        (void)signal(signals[i], crashed);
    for (;;) {
        uint64_t at = atomic_fetch_add(&tally->next, 1);
        if (at >= choice->seeds || over(choice))
            return;
        run_seed(choice, choice->first + at);
    }
}

/* Start the workers, and another one for each that crashed, until all seeds are taken. */
static void
run_all(const choice_t *choice)
{
    uint32_t running = 0;
    fflush(stdout);
    while (running > 0 || (atomic_load(&tally->next) < choice->seeds && !over(choice))) {
        while (running < choice->jobs && atomic_load(&tally->next) < choice->seeds &&
               !over(choice)) {
            pid_t pid = fork();
            if (pid == 0) {
                worker(choice);
                exit(0);
            }
            if (pid < 0) {
                perror("fork");
                exit(3);
            }
            running++;
        }
        if (wait(NULL) > 0)
            running--;
    }
}

/* False when a fault never fired. */
static bool
report(const choice_t *choice, double seconds)
{
    bool all = true;
    uint64_t done = atomic_load(&tally->passed) + atomic_load(&tally->failed);
    double hours = (double)done * (double)choice->minutes / 60;
    printf("%-40s %12s\n", "fault", "fired");
    for (uint32_t i = 0; i < FAULTS; i++) {
        uint64_t fired = atomic_load(&tally->fired[i]);
        all &= fired > 0;
        printf("%-40s %12" PRIu64 "\n", fault_name((fault_t)i), fired);
    }
    printf("%" PRIu64 " seeds of %" PRId64 " minutes: %" PRIu64 " commands, %" PRIu64
           " journal entries, %" PRIu64 " deaths\n",
           done, choice->minutes, (uint64_t)atomic_load(&tally->commands),
           (uint64_t)atomic_load(&tally->entries), (uint64_t)atomic_load(&tally->kills));
    printf("%.1f seeds a second; %.0f virtual hours of trade a minute a core\n",
           (double)done / seconds, hours * 60 / seconds / choice->jobs);
    return all || done < ALL_FAULTS_FROM;
}

static bool
read_number(const char *text, uint64_t *number)
{
    char *end;
    errno = 0;
    *number = strtoull(text, &end, 10);
    return errno == 0 && end != text && *end == 0;
}

static bool
read_options(int argc, char **argv, choice_t *choice)
{
    static const struct option options[] = {
        { "seeds", required_argument, NULL, 'n' },   { "first", required_argument, NULL, 'f' },
        { "minutes", required_argument, NULL, 'm' }, { "jobs", required_argument, NULL, 'j' },
        { "seed", required_argument, NULL, 's' },    { "verbose", no_argument, NULL, 'v' },
        { "stop", no_argument, NULL, 'x' },          { NULL, 0, NULL, 0 },
    };
    int option;
    uint64_t number = 0;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == '?' || (optarg && !read_number(optarg, &number)))
            return false;
        switch (option) {
        case 'n':
            choice->seeds = number;
            break;
        case 'f':
            choice->first = number;
            break;
        case 'm':
            choice->minutes = (int64_t)number;
            break;
        case 'j':
            choice->jobs = (uint32_t)number;
            break;
        case 's':
            choice->first = number;
            choice->seeds = 1;
            choice->single = true;
            break;
        case 'x':
            choice->stop = true;
            break;
        default:
            choice->verbose = true;
        }
    }
    return optind == argc && choice->jobs >= 1 && choice->jobs <= JOBS_MAX && choice->minutes > 0;
}

int
main(int argc, char **argv)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    choice_t choice = { .seeds = 100, .first = 1, .minutes = 15 };
    choice.jobs = cores < 1 ? 1 : cores > JOBS_MAX ? JOBS_MAX : (uint32_t)cores;
    if (!read_options(argc, argv, &choice)) {
        fprintf(stderr, "usage: sim [--seeds N] [--first N] [--minutes N] [--jobs N] [--stop]\n"
                        "       sim --seed N [--verbose]\n");
        return 2;
    }
    tally = mmap(NULL, sizeof *tally, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (tally == MAP_FAILED) {
        perror("mmap");
        return 3;
    }
    double start = real_seconds();
    run_all(&choice);
    bool all = choice.single || report(&choice, real_seconds() - start);
    uint64_t passed = atomic_load(&tally->passed), failed = atomic_load(&tally->failed);
    if (!all)
        printf("a fault never fired\n");
    printf("%" PRIu64 " passed, %" PRIu64 " failed\n", passed, failed + (all ? 0 : 1));
    return failed == 0 && all ? 0 : 1;
}
