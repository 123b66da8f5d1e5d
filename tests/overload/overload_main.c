/* overload - offer a running server ten times what it can carry, and see that it still carries as
 * much as before, keeps its word, stays small, and is itself again as soon as the storm is over.
 *
 * Usage: overload --endpoint E --pid P [--seconds S] [--times N] [--short]
 * The peak is found in a closed loop by the same client. --short judges no timing.
 * Exit: 0 all passed, 1 not, 2 usage. */
#include "broker/mp.h"
#include "broker/operation.h"
#include "broker/status.h"
#include "clients/load/control.h"
#include "clients/load/load.h"
#include "tests/overload/storm.h"
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    OVERLOAD_SHOWTIMES = 500,
    OVERLOAD_SHOWTIMES_SHORT = 200,
    OVERLOAD_CONNECTIONS = 8,
    OVERLOAD_SEND_MAX = 16,
    OVERLOAD_DEADLINE_MS = 1000,
    OVERLOAD_RSS_GROWTH_KB = 16 * 1024, /* in the second half of the storm */
    OVERLOAD_RSS_SAMPLES = 65536,
    OVERLOAD_NORMAL_SECONDS = 5,
    OVERLOAD_ROUNDS = 7,
    OVERLOAD_ROUND_SECONDS = 4,
};
#define OVERLOAD_GOODPUT_MIN 0.90
#define OVERLOAD_DRAIN_MAX_S 10.0
#define OVERLOAD_BRIEF_S     0.125
#define OVERLOAD_P99_FLOOR   20e6 /* ns: what a second of normal load may have at any time */

static const uint32_t windows[] = { 1024, 2048, 4096, 8192, 12288 };
enum { WINDOWS = sizeof windows / sizeof windows[0] };

typedef struct {
    const char *endpoint;
    int pid;
    double seconds, times;
    bool brief;
    void *context;
    control_t control;
    storm_t storm;
    uint32_t *rss_kb, rss_count;
    double goodput; /* in the storm */
    uint32_t passed, failed;
} overload_t;

static void
overload_judge(overload_t *self, bool good, const char *what)
{
    self->passed += good;
    self->failed += !good;
    printf("%s  %s\n", good ? "ok    " : "not ok", what);
}

/* Judge by the clock, which the short form does not. */
static void
overload_judge_timing(overload_t *self, bool good, const char *what)
{
    if (!self->brief)
        overload_judge(self, good, what);
}

static uint64_t
overload_rss_kb(const overload_t *self)
{
    char path[64];
    uint64_t size = 0, resident = 0;
    snprintf(path, sizeof path, "/proc/%d/statm", self->pid);
    FILE *file = fopen(path, "r");
    if (!file)
        return 0;
    if (fscanf(file, "%" SCNu64 " %" SCNu64, &size, &resident) != 2)
        resident = 0;
    fclose(file);
    return resident * (uint64_t)sysconf(_SC_PAGESIZE) / 1024;
}

static void
overload_tick(void *argument)
{
    overload_t *self = argument;
    if (self->rss_count < OVERLOAD_RSS_SAMPLES)
        self->rss_kb[self->rss_count++] = (uint32_t)overload_rss_kb(self);
}

/* The largest sample of a part of the storm. */
static uint32_t
overload_rss_most(const overload_t *self, double from, double to)
{
    uint32_t most = 0;
    for (uint32_t i = (uint32_t)(from * self->rss_count); i < (uint32_t)(to * self->rss_count); i++)
        most = self->rss_kb[i] > most ? self->rss_kb[i] : most;
    return most;
}

static void
overload_head(void)
{
    printf("%-14s %10s %10s %10s %10s %9s %10s %9s %10s %6s %8s %8s %8s\n", "phase", "offered/s",
           "sent/s", "good/s", "ok/s", "refused/s", "BUSY/s", "EXPIRED/s", "not taken/s", "late",
           "p50 ms", "p99 ms", "max ms");
}

static void
overload_row(const char *name, const storm_count_t *count)
{
    double s = count->seconds;
    const histogram_t *h = &count->accepted;
    printf("%-14s %10.0f %10.0f %10.0f %10.0f %9.0f %10.0f %9.0f %10.0f %6" PRIu64
           " %8.1f %8.1f %8.1f\n",
           name, (double)count->offered / s, (double)count->sent / s, (double)count->good / s,
           (double)count->ok / s, (double)count->refused / s,
           (double)count->by_status[STATUS_BUSY] / s, (double)count->by_status[STATUS_EXPIRED] / s,
           (double)count->not_taken / s, count->late, (double)histogram_at(h, 500) / 1e6,
           (double)histogram_at(h, 990) / 1e6, (double)h->max_ns / 1e6);
    fflush(stdout);
}

static uint64_t
overload_asked_again(const storm_count_t *count)
{
    return count->by_status[STATUS_BUSY] + count->by_status[STATUS_EXPIRED];
}

/* Closed loops of several widths; the best one's goodput, and its width. */
static int
overload_closed(overload_t *self, const char *name, uint32_t width, double seconds,
                storm_count_t *count)
{
    storm_count_t before;
    storm_mark(&self->storm, &before);
    if (storm_closed(&self->storm, width, seconds))
        return -1;
    storm_mark(&self->storm, count);
    count->seconds = seconds;
    overload_row(name, count);
    return 0;
}

/* How many in flight carry most, after a warm-up that fills memories and files. */
static int
overload_width(overload_t *self, uint32_t *width)
{
    storm_count_t count;
    double best = 0;
    if (storm_fill(&self->storm) || overload_closed(self, "warm-up", windows[WINDOWS / 2],
                                                    self->brief ? OVERLOAD_BRIEF_S : 15, &count))
        return -1;
    for (uint32_t i = 0; i < WINDOWS; i++) {
        char name[32];
        snprintf(name, sizeof name, "closed %u", windows[i]);
        if (overload_closed(self, name, windows[i], self->brief ? OVERLOAD_BRIEF_S : 3, &count))
            return -1;
        double good = (double)count.good / count.seconds;
        if (good > best) {
            best = good;
            *width = windows[i];
        }
    }
    return 0;
}

static int
overload_compare(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* Rounds of a closed loop and a storm, one right after the other, so that both meet the same
 * machine: others may have work for it too. The median of their ratios is the goodput's share. */
static int
overload_rounds(overload_t *self, uint32_t width, double *peak, double *share)
{
    double peaks[OVERLOAD_ROUNDS], shares[OVERLOAD_ROUNDS];
    double seconds = self->brief ? OVERLOAD_BRIEF_S : OVERLOAD_ROUND_SECONDS;
    uint32_t rounds = self->brief ? 1 : OVERLOAD_ROUNDS;
    uint64_t lost, lost_all = 0;
    for (uint32_t i = 0; i < rounds; i++) {
        storm_count_t closed, storm;
        char name[32];
        snprintf(name, sizeof name, "round %u peak", i + 1);
        if (overload_closed(self, name, width, seconds, &closed))
            return -1;
        peaks[i] = (double)closed.good / seconds;
        double rate = peaks[i] * self->times;
        if (storm_offer(&self->storm, rate, seconds / 4, NULL, NULL)) /* its beginning */
            return -1;
        storm_mark(&self->storm, &storm);
        if (storm_offer(&self->storm, rate, seconds, NULL, NULL))
            return -1;
        storm_mark(&self->storm, &storm);
        storm.seconds = seconds;
        shares[i] = (double)storm.good / seconds / peaks[i];
        snprintf(name, sizeof name, "storm, %.0f %%", 100 * shares[i]);
        overload_row(name, &storm);
        (void)storm_drain(&self->storm, OVERLOAD_DRAIN_MAX_S, &lost);
        lost_all += lost;
    }
    overload_judge(self, lost_all == 0, "in all rounds every command is answered");
    qsort(peaks, rounds, sizeof peaks[0], overload_compare);
    qsort(shares, rounds, sizeof shares[0], overload_compare);
    *peak = peaks[rounds / 2];
    *share = shares[rounds / 2];
    return 0;
}

/* Half the peak for some seconds, each counted by itself; the worst p99 among them and the first's,
 * and how many were told BUSY or EXPIRED in the first. */
static int
overload_normal(overload_t *self, const char *name, double rate, double *first_p99, double *worst,
                uint64_t *again)
{
    storm_count_t count;
    uint64_t lost;
    double seconds = self->brief ? OVERLOAD_BRIEF_S : 1;
    storm_mark(&self->storm, &count);
    *worst = 0;
    for (uint32_t i = 0; i < OVERLOAD_NORMAL_SECONDS; i++) {
        char row[32];
        snprintf(row, sizeof row, "%s, s %u", name, i + 1);
        if (storm_offer(&self->storm, rate, seconds, NULL, NULL))
            return -1;
        storm_mark(&self->storm, &count);
        count.seconds = seconds;
        overload_row(row, &count);
        double p99 = (double)histogram_at(&count.accepted, 990);
        if (i == 0) {
            *first_p99 = p99;
            *again = overload_asked_again(&count) + count.not_taken;
        }
        *worst = p99 > *worst ? p99 : *worst;
    }
    (void)storm_drain(&self->storm, OVERLOAD_DRAIN_MAX_S, &lost);
    overload_judge(self, lost == 0, "under normal load every command is answered");
    return 0;
}

static int
overload_storm(overload_t *self, double peak)
{
    storm_count_t count;
    uint64_t lost;
    char text[256];
    storm_mark(&self->storm, &count);
    self->rss_count = 0;
    if (storm_offer(&self->storm, peak * self->times, self->seconds, overload_tick, self))
        return -1;
    double measured = self->seconds;
    uint64_t good = self->storm.count.good;
    self->storm.count.seconds = measured;
    overload_row("storm", &self->storm.count);
    double drained = storm_drain(&self->storm, OVERLOAD_DRAIN_MAX_S, &lost);
    storm_mark(&self->storm, &count);
    uint64_t accounted = count.answered + count.not_taken + count.short_of_seats + lost;
    printf("\nof %" PRIu64 " commands offered: %" PRIu64 " answered (%" PRIu64
           " carried out, %" PRIu64 " refused by the trade, %" PRIu64 " BUSY, %" PRIu64
           " EXPIRED), %" PRIu64 " never sent (the client's queue full), %" PRIu64
           " not asked (no seat left), %" PRIu64
           " lost; the last answer %.0f ms after the last offer\n\n",
           count.offered, count.answered, count.ok, count.refused, count.by_status[STATUS_BUSY],
           count.by_status[STATUS_EXPIRED], count.not_taken, count.short_of_seats, lost,
           drained * 1e3);
    self->goodput = (double)good / measured;
    snprintf(text, sizeof text, "%.1f times the peak was offered",
             (double)count.offered / measured / peak);
    overload_judge_timing(self, (double)count.offered >= 0.95 * peak * self->times * self->seconds,
                          text);
    snprintf(text, sizeof text, "p99 of the accepted is %.0f ms, under the deadline of %d ms",
             (double)histogram_at(&count.accepted, 990) / 1e6, OVERLOAD_DEADLINE_MS);
    overload_judge_timing(
        self, histogram_at(&count.accepted, 990) < OVERLOAD_DEADLINE_MS * 1000000u, text);
    overload_judge(self, accounted == count.offered && lost == 0,
                   "every command offered is answered, or was not taken by the client's own queue");
    uint64_t odd = count.answered - count.ok - count.refused - overload_asked_again(&count);
    for (uint32_t i = STATUS_OK + 1; odd && i < STATUS_UNKNOWN_SHOWTIME; i++)
        if (count.by_status[i] && i != STATUS_BUSY && i != STATUS_EXPIRED)
            printf("%" PRIu64 " %s\n", count.by_status[i], status_name((status_t)i));
    overload_judge(self, odd == 0, "no other refusal than BUSY, EXPIRED and the trade's");
    overload_judge(self, count.ok > 0, "some are carried out");
    uint32_t half = overload_rss_most(self, 0, 0.5), end = overload_rss_most(self, 0.5, 1);
    snprintf(text, sizeof text,
             "the server's memory: %u MiB at most in the first half, %u MiB in the second, %d MiB "
             "more are allowed",
             half / 1024, end / 1024, OVERLOAD_RSS_GROWTH_KB / 1024);
    overload_judge_timing(self, half > 0 && end <= half + OVERLOAD_RSS_GROWTH_KB, text);
    return 0;
}

/* Compare one showtime's map with the stock: seats: [[id, row, column, state, ...], ...]. */
static int
overload_map(overload_t *self, uint32_t showtime, uint64_t *different)
{
    wire_record_t record;
    mp_t at;
    uint32_t seats;
    if (control_call(&self->control, OP_SEATS_GET, self->storm.options.base + showtime, NULL, 0,
                     &record))
        return -1;
    if (record.header.status != STATUS_OK ||
        !mp_find(record.body, record.body_size, "seats", &at) || !mp_read_array(&at, &seats) ||
        seats != STORM_SEATS)
        return -1;
    for (uint32_t i = 0; i < seats; i++) {
        uint32_t fields;
        uint64_t id, state;
        if (!mp_read_array(&at, &fields) || fields < 4 || !mp_read_uint(&at, &id) || id != i + 1 ||
            !mp_skip(&at) || !mp_skip(&at) || !mp_read_uint(&at, &state))
            return -1;
        for (uint32_t k = 4; k < fields; k++)
            if (!mp_skip(&at))
                return -1;
        uint8_t known = self->storm.stock.states[i * self->storm.options.showtimes + showtime];
        *different += (known == STOCK_HELD && state != 1) || (known == STOCK_FREE && state != 0);
    }
    return 0;
}

static int
overload_audit(overload_t *self)
{
    uint64_t different = 0;
    for (uint32_t i = 0; i < self->storm.options.showtimes; i++)
        if (overload_map(self, i, &different)) {
            snprintf(self->storm.error, sizeof self->storm.error, "a seat map is malformed");
            return -1;
        }
    char text[128];
    snprintf(text, sizeof text, "the seat maps say what was acknowledged (%" PRIu64 " differ)",
             different);
    overload_judge(self, different == 0, text);
    overload_judge(self, self->storm.sold_twice == 0, "no seat was given to two");
    overload_judge(self, self->storm.twice == 0 && self->storm.unknown == 0,
                   "no command was answered twice");
    snprintf(text, sizeof text, "every answer is the right one (%" PRIu64 " are not)",
             self->storm.wrong);
    overload_judge(self, self->storm.wrong == 0, text);
    return 0;
}

static int
overload_run(overload_t *self)
{
    double peak, share, first, worst, first_after, worst_after;
    uint64_t again, again_after, lost;
    uint32_t width = windows[0];
    char text[256];
    storm_count_t after;
    overload_head();
    if (overload_width(self, &width) || overload_rounds(self, width, &peak, &share) ||
        overload_normal(self, "before", peak / 2, &first, &worst, &again) ||
        overload_storm(self, peak) ||
        overload_normal(self, "after", peak / 2, &first_after, &worst_after, &again_after) ||
        overload_closed(self, "peak again", width,
                        self->brief ? OVERLOAD_BRIEF_S : OVERLOAD_ROUND_SECONDS, &after))
        return -1;
    (void)storm_drain(&self->storm, OVERLOAD_DRAIN_MAX_S, &lost);
    printf(
        "\npeak %.0f/s with %u in flight, median of the rounds; in the long storm %.0f/s, and in "
        "a closed loop after it %.0f/s\n\n",
        peak, width, self->goodput, (double)after.good / after.seconds);
    snprintf(text, sizeof text, "goodput in the storm is %.1f %% of the peak, at least %.0f %%",
             100 * share, 100 * OVERLOAD_GOODPUT_MIN);
    overload_judge_timing(self, share >= OVERLOAD_GOODPUT_MIN, text);
    double allowed = 2 * worst > OVERLOAD_P99_FLOOR ? 2 * worst : OVERLOAD_P99_FLOOR;
    snprintf(text, sizeof text,
             "the first second after the storm: p99 %.1f ms, at most %.1f ms (twice the worst "
             "before, or %.0f)",
             first_after / 1e6, allowed / 1e6, OVERLOAD_P99_FLOOR / 1e6);
    overload_judge_timing(self, first_after <= allowed, text);
    snprintf(text, sizeof text,
             "%" PRIu64 " commands of that second are told BUSY or EXPIRED, or not taken",
             again_after);
    overload_judge_timing(self, again_after == 0, text);
    return overload_audit(self);
}

static int
overload_open(overload_t *self)
{
    storm_options_t options = { .endpoint = self->endpoint,
                                .connections = OVERLOAD_CONNECTIONS,
                                .send_max = OVERLOAD_SEND_MAX,
                                .deadline_ms = OVERLOAD_DEADLINE_MS };
    options.showtimes = self->brief ? OVERLOAD_SHOWTIMES_SHORT : OVERLOAD_SHOWTIMES;
    options.base = (uint64_t)(load_now_ns(CLOCK_REALTIME) / 1000);
    self->context = zmq_ctx_new();
    self->rss_kb = calloc(OVERLOAD_RSS_SAMPLES, sizeof *self->rss_kb);
    if (!self->context || !self->rss_kb ||
        control_open(&self->control, self->context, self->endpoint))
        return -1;
    if (self->control.partitions != 1) {
        snprintf(self->control.error, sizeof self->control.error,
                 "a site of one partition, please");
        return -1;
    }
    if (control_open_showtimes(&self->control, options.base, 0, options.showtimes))
        return -1;
    return storm_open(&self->storm, self->context, &options);
}

static void
overload_close(overload_t *self)
{
    storm_close(&self->storm);
    control_close(&self->control);
    if (self->context)
        zmq_ctx_term(self->context);
    free(self->rss_kb);
}

static int
overload_words(overload_t *self, int count, char **words)
{
    static const struct option options[] = {
        { "endpoint", required_argument, NULL, 'e' }, { "pid", required_argument, NULL, 'p' },
        { "seconds", required_argument, NULL, 's' },  { "times", required_argument, NULL, 't' },
        { "short", no_argument, NULL, 'b' },          { NULL, 0, NULL, 0 },
    };
    for (int c; (c = getopt_long(count, words, "", options, NULL)) != -1;) {
        if (c == 'e')
            self->endpoint = optarg;
        else if (c == 'p')
            self->pid = atoi(optarg);
        else if (c == 's')
            self->seconds = atof(optarg);
        else if (c == 't')
            self->times = atof(optarg);
        else if (c == 'b')
            self->brief = true;
        else
            return -1;
    }
    return optind == count && self->endpoint && self->pid > 0 && self->seconds > 0 &&
                   self->times > 0
               ? 0
               : -1;
}

int
main(int count, char **words)
{
    overload_t *self = calloc(1, sizeof *self);
    if (!self)
        return 1;
    self->seconds = 60;
    self->times = 10;
    if (overload_words(self, count, words)) {
        fprintf(stderr,
                "usage: overload --endpoint E --pid P [--seconds S] [--times N] [--short]\n");
        free(self);
        return 2;
    }
    if (overload_open(self) || overload_run(self)) {
        fprintf(stderr, "overload: %s%s\n", self->control.error, self->storm.error);
        self->failed++;
    }
    overload_close(self);
    printf("%u passed, %u failed\n", self->passed, self->failed);
    int status = self->failed ? 1 : 0;
    free(self);
    return status;
}
