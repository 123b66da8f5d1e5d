/* week - see week.h for the contract. */
#include "clients/plan/week.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WEEK_WORKERS_MAX = 8, WEEK_GRACE_MS = 700 };

typedef struct {
    pid_t pid; /* 0: idle */
    int from;
    uint32_t day;
    size_t size; /* of a result that is coming in */
    double kill_at;
    char bytes[sizeof(solve_result_t)];
} week_worker_t;

typedef struct {
    const cinema_t *cinema;
    const week_options_t *options;
    solve_result_t *results;
    double start, deadline;
    uint32_t next, done;
    week_worker_t workers[WEEK_WORKERS_MAX];
} week_t;

static double
week_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void
week_send(void *argument, const solve_result_t *result)
{
    const char *at = (const char *)result;
    for (size_t left = sizeof *result; left > 0;) {
        ssize_t sent = write(*(int *)argument, at, left);
        if (sent <= 0)
            _exit(1);
        at += sent;
        left -= (size_t)sent;
    }
}

/* The child: solvers print what they like, so nothing of it reaches our output. */
static _Noreturn void
week_child(const week_t *self, uint32_t day, int to, double seconds)
{
    static plan_day_t the_day;
    static solve_result_t result;
    int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (nowhere < 0 || dup2(nowhere, STDOUT_FILENO) < 0 || dup2(nowhere, STDERR_FILENO) < 0)
        _exit(1);
    plan_problem_t problem = cinema_day(self->cinema, day);
    if (!plan_day_init(&the_day, &problem))
        _exit(1);
    solve_day(&the_day, seconds, self->options->gap_permille, week_send, &to, &result);
    week_send(&to, &result);
    _exit(0);
}

/* An idle worker takes the next day, with its share of the time that is left. */
static void
week_start(week_t *self, week_worker_t *worker)
{
    int ends[2];
    uint32_t days_left = self->cinema->day_count - self->next;
    double left = self->deadline - week_clock();
    double seconds = left * self->options->workers / days_left;
    seconds = seconds < left ? seconds : left;
    if (seconds < 0.1 || pipe2(ends, O_CLOEXEC) != 0) {
        self->next++;
        self->done++;
        return;
    }
    worker->pid = fork();
    if (worker->pid == 0)
        week_child(self, self->next, ends[1], seconds);
    (void)close(ends[1]);
    if (worker->pid < 0) {
        (void)close(ends[0]);
        worker->pid = 0;
        self->done++;
    }
    worker->from = ends[0];
    worker->day = self->next++;
    worker->size = 0;
    worker->kill_at = week_clock() + seconds + WEEK_GRACE_MS / 1000.0;
}

static void
week_end(week_t *self, week_worker_t *worker)
{
    (void)kill(worker->pid,
               SIGKILL); /* ours, and not waited for yet: the number is still its own */
    (void)close(worker->from);
    while (waitpid(worker->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    worker->pid = 0;
    self->done++;
}

/* A whole result that is a good plan takes the place of the one before. */
static void
week_take(week_t *self, week_worker_t *worker)
{
    static plan_day_t day;
    static solve_result_t result;
    solve_result_t *have = &self->results[worker->day];
    memcpy(&result, worker->bytes, sizeof result);
    worker->size = 0;
    plan_problem_t problem = cinema_day(self->cinema, worker->day);
    if (plan_day_init(&day, &problem) && plan_check(&day, &result.plan) == PLAN_GOOD &&
        plan_expect_micro(&day, &result.plan) == result.expect_micro &&
        result.expect_micro >= have->expect_micro)
        *have = result;
}

static void
week_read(week_t *self, week_worker_t *worker)
{
    ssize_t got =
        read(worker->from, worker->bytes + worker->size, sizeof worker->bytes - worker->size);
    if (got <= 0) {
        week_end(self, worker);
        return;
    }
    worker->size += (size_t)got;
    if (worker->size == sizeof worker->bytes)
        week_take(self, worker);
}

static void
week_turn(week_t *self)
{
    struct pollfd polled[WEEK_WORKERS_MAX];
    week_worker_t *whose[WEEK_WORKERS_MAX];
    nfds_t count = 0;
    for (uint32_t i = 0; i < self->options->workers; i++) {
        week_worker_t *worker = &self->workers[i];
        if (!worker->pid && self->next < self->cinema->day_count)
            week_start(self, worker);
        if (worker->pid) {
            whose[count] = worker;
            polled[count++] = (struct pollfd){ .fd = worker->from, .events = POLLIN };
        }
    }
    if (count == 0 || poll(polled, count, 100) < 0)
        return;
    for (nfds_t i = 0; i < count; i++) {
        if (polled[i].revents)
            week_read(self, whose[i]);
        else if (week_clock() > whose[i]->kill_at)
            week_end(self, whose[i]);
    }
}

static void
week_tell(const week_t *self, week_told_fn *told, void *argument)
{
    week_progress_t progress = { .days_done = self->done,
                                 .days = self->cinema->day_count,
                                 .seconds = week_clock() - self->start };
    bool known = true;
    for (uint32_t i = 0; i < self->cinema->day_count; i++) {
        progress.expect_micro += self->results[i].expect_micro;
        known = known && self->results[i].bound_micro != INT64_MAX;
        progress.bound_micro += known ? self->results[i].bound_micro : 0;
    }
    progress.bound_micro = known ? progress.bound_micro : 0;
    told(argument, &progress);
}

bool
week_solve(const cinema_t *cinema, const week_options_t *options, week_told_fn *told,
           void *argument, solve_result_t *results, uint32_t *bad_day)
{
    static plan_day_t day;
    static week_t self;
    week_options_t used = *options;
    if (used.workers < 1 || used.workers > WEEK_WORKERS_MAX)
        used.workers = 2;
    self = (week_t){ .cinema = cinema, .options = &used, .results = results };
    self.start = week_clock();
    self.deadline = self.start + used.seconds - WEEK_GRACE_MS / 1000.0;
    for (uint32_t i = 0; i < cinema->day_count; i++) {
        plan_problem_t problem = cinema_day(cinema, i);
        *bad_day = i;
        if (!plan_day_init(&day, &problem))
            return false;
        memset(&results[i], 0, sizeof results[i]);
        plan_greedy(&day, &results[i].plan);
        results[i].expect_micro = plan_expect_micro(&day, &results[i].plan);
        results[i].greedy_micro = results[i].expect_micro;
        results[i].bound_micro = INT64_MAX;
    }
    while (!used.greedy_only && self.done < cinema->day_count) {
        week_turn(&self);
        if (told)
            week_tell(&self, told, argument);
    }
    return true;
}
