/* marquee-load - drives a server with many buyers at once, measures it, and checks its word: what
 * was acknowledged against the seat maps in the end.
 *
 * Exit: 0 done, 1 the server broke its word, 2 usage, 3 fault. */
#include "broker/mp.h"
#include "broker/operation.h"
#include "broker/status.h"
#include "clients/load/control.h"
#include "clients/load/ledger.h"
#include "clients/load/options.h"
#include "clients/load/report.h"
#include "clients/load/worker.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

enum { EXIT_DONE, EXIT_BROKEN_WORD, EXIT_USAGE, EXIT_FAULT };

static const uint32_t scenario_showtimes[LOAD_SCENARIOS] = {
    [LOAD_RUSH] = 1,  [LOAD_HOT] = 20,  [LOAD_UNIFORM] = 2000, [LOAD_PURCHASE] = LOAD_WINDOW,
    [LOAD_LOOK] = 20, [LOAD_ECHO] = 20,
};

typedef struct {
    load_t load;
    void *context;
    control_t control;
    worker_t *workers;
    uint32_t worker_count;
    control_stats_t before, after;
    double stats_seconds;
    report_t report;
} run_t;

static int
run_fault(const char *what)
{
    fprintf(stderr, "marquee-load: %s\n", what);
    return -1;
}

/* Put showtimes up to `count` on sale, and in the ledger. */
static int
run_open_to(run_t *self, uint32_t count)
{
    load_t *load = &self->load;
    uint32_t opened = atomic_load(&load->opened);
    if (count > LOAD_SHOWTIMES_MAX)
        return run_fault("the run needs more showtimes than there may be");
    if (!ledger_grow(load->ledger, count))
        return run_fault("no memory for the ledger");
    if (load->options->setup && load->options->scenario != LOAD_ECHO &&
        control_open_showtimes(&self->control, load->options->base, opened, count))
        return run_fault(self->control.error);
    atomic_store(&load->opened, count);
    return 0;
}

/* Wait, and keep purchases in fresh showtimes meanwhile. */
static int
run_wait(run_t *self, uint32_t ms)
{
    int64_t end_ns = load_now_ns(CLOCK_MONOTONIC) + (int64_t)ms * 1000000;
    while (load_now_ns(CLOCK_MONOTONIC) < end_ns) {
        if (self->load.options->scenario == LOAD_PURCHASE) {
            uint64_t window = atomic_load(&self->load.purchases) / (LOAD_WINDOW * LOAD_PAIRS);
            uint32_t wanted = (uint32_t)(window + LOAD_WINDOWS_AHEAD) * LOAD_WINDOW;
            if (wanted > atomic_load(&self->load.opened) && run_open_to(self, wanted))
                return -1;
        }
        if (atomic_load(&self->load.failed))
            return -1;
        struct timespec nap = { .tv_nsec = 2000000 };
        (void)nanosleep(&nap, NULL);
    }
    return 0;
}

static int
run_open(run_t *self, const load_options_t *options)
{
    self->load.options = options;
    self->load.showtimes = scenario_showtimes[options->scenario];
    if (options->showtimes && options->scenario != LOAD_PURCHASE)
        self->load.showtimes = options->showtimes;
    self->load.ledger = ledger_new();
    self->context = zmq_ctx_new();
    if (options->history && !(self->load.past = past_new(options->history)))
        return run_fault("the history's file cannot be made");
    self->workers = calloc(options->threads, sizeof *self->workers);
    if (!self->load.ledger || !self->context || !self->workers)
        return run_fault("no memory");
    if (zmq_ctx_set(self->context, ZMQ_MAX_SOCKETS, LOAD_CLIENTS_MAX + 16))
        return run_fault("no context for so many sockets");
    if (control_open(&self->control, self->context, options->endpoint))
        return run_fault(self->control.error);
    self->load.partitions = self->control.partitions;
    self->load.retry_ms = self->control.retry_ms;
    uint32_t ahead = options->scenario == LOAD_PURCHASE ? LOAD_WINDOWS_AHEAD : 1;
    if (run_open_to(self, self->load.showtimes * ahead))
        return -1;
    for (uint32_t i = 0; i < options->threads; i++) {
        uint32_t first = (uint32_t)((uint64_t)options->clients * i / options->threads);
        uint32_t end = (uint32_t)((uint64_t)options->clients * (i + 1) / options->threads);
        self->worker_count++;
        if (worker_open(&self->workers[i], &self->load, self->context, first, end - first))
            return run_fault(self->workers[i].error);
    }
    return 0;
}

/* Tell who watches the server from outside. */
static void
run_mark(const run_t *self, const char *what)
{
    if (self->load.options->marks)
        fprintf(stderr, "%s\n", what);
}

static int
run_measure(run_t *self)
{
    for (uint32_t i = 0; i < self->worker_count; i++)
        if (worker_start(&self->workers[i]))
            return run_fault("no thread");
    int result = run_wait(self, self->load.options->warm_ms);
    if (result == 0)
        result = control_stats(&self->control, &self->before);
    int64_t begin_ns = load_now_ns(CLOCK_MONOTONIC);
    atomic_store(&self->load.phase, LOAD_MEASURE);
    run_mark(self, "measuring");
    if (result == 0)
        result = run_wait(self, self->load.options->seconds * 1000);
    if (result == 0)
        result = control_stats(&self->control, &self->after);
    self->stats_seconds = (double)(load_now_ns(CLOCK_MONOTONIC) - begin_ns) / 1e9;
    atomic_store(&self->load.phase, LOAD_DRAIN);
    run_mark(self, "measured");
    for (uint32_t i = 0; i < self->worker_count; i++) {
        worker_join(&self->workers[i]);
        if (self->workers[i].error[0])
            result = run_fault(self->workers[i].error);
    }
    if (result && self->control.error[0])
        (void)run_fault(self->control.error);
    return result;
}

/* Compare one showtime's map: seats: [[id, row, column, state, ...], ...]. */
static int
run_check_showtime(run_t *self, uint32_t showtime)
{
    wire_record_t record;
    mp_t at;
    uint32_t seats;
    if (control_call(&self->control, OP_SEATS_GET, self->load.options->base + showtime, NULL, 0,
                     &record))
        return run_fault(self->control.error);
    if (record.header.status != STATUS_OK ||
        !mp_find(record.body, record.body_size, "seats", &at) || !mp_read_array(&at, &seats) ||
        seats != LOAD_SEATS)
        return run_fault("a seat map is refused or malformed");
    for (uint32_t i = 0; i < seats; i++) {
        uint32_t fields;
        uint64_t id, state;
        if (!mp_read_array(&at, &fields) || fields < 4 || !mp_read_uint(&at, &id) || id != i + 1 ||
            !mp_skip(&at) || !mp_skip(&at) || !mp_read_uint(&at, &state))
            return run_fault("a seat map is malformed");
        for (uint32_t k = 4; k < fields; k++)
            if (!mp_skip(&at))
                return run_fault("a seat map is malformed");
        ledger_compare(self->load.ledger, showtime, (uint32_t)id, state);
    }
    return 0;
}

static int
run_check(run_t *self)
{
    if (self->load.options->scenario == LOAD_ECHO)
        return 0;
    for (uint32_t i = 0; i < ledger_count(self->load.ledger); i++)
        if (ledger_touched(self->load.ledger, i) && run_check_showtime(self, i))
            return -1;
    return 0;
}

static void
run_sum(run_t *self)
{
    report_t *report = &self->report;
    report->options = self->load.options;
    for (uint32_t i = 0; i < self->worker_count; i++) {
        const worker_t *worker = &self->workers[i];
        histogram_merge(&report->histogram, &worker->histogram);
        for (uint32_t k = 0; k < WORKER_STATUS_MAX; k++)
            report->by_status[k] += worker->by_status[k];
        report->accepted += worker->accepted;
        report->refused += worker->refused;
        report->in_time += worker->in_time;
        report->turned_away += worker->turned_away;
        report->held_back += worker->held_back;
        report->malformed += worker->malformed;
        report->unanswered += worker->outstanding;
        double seconds = (double)(worker->measure_last_ns - worker->measure_first_ns) / 1e9;
        if (seconds > report->seconds)
            report->seconds = seconds;
    }
    uint64_t entries = self->after.entries - self->before.entries;
    uint64_t commands = self->after.commands - self->before.commands;
    report->commands_per_entry = entries ? (double)commands / (double)entries : 0.0;
    report->syncs_per_s =
        (double)(self->after.appends - self->before.appends) / self->stats_seconds;
    report->oversold = ledger_oversold(self->load.ledger);
    report->lost = ledger_lost(self->load.ledger);
}

static int
run_close(run_t *self)
{
    for (uint32_t i = 0; i < self->worker_count; i++)
        worker_close(&self->workers[i]);
    free(self->workers);
    control_close(&self->control);
    if (self->context)
        zmq_ctx_term(self->context);
    ledger_destroy(&self->load.ledger);
    return past_close(&self->load.past) ? run_fault("the history could not be written") : 0;
}

int
main(int count, char **words)
{
    load_options_t options;
    int read = options_read(&options, count, words);
    if (read)
        return read > 0 ? EXIT_DONE : EXIT_USAGE;
    /* A socket and its descriptor each a client; where the limit stays low, connecting says so. */
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
    run_t *run = calloc(1, sizeof *run);
    if (!run) {
        (void)run_fault("no memory");
        return EXIT_FAULT;
    }
    int result = EXIT_FAULT;
    if (run_open(run, &options) == 0 && run_measure(run) == 0 && run_check(run) == 0) {
        run_sum(run);
        bool kept = run->report.oversold == 0 && run->report.lost == 0;
        if (report_print(&run->report) == 0)
            result = kept ? EXIT_DONE : EXIT_BROKEN_WORD;
    }
    if (run_close(run))
        result = EXIT_FAULT;
    free(run);
    return result;
}
