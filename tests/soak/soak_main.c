/* soak - thousands of readers of a running bridge, cut and come back, while seats change: everybody
 * is told everything, in order and in time, and it costs little memory.
 *
 * Usage: soak --bridge ADDRESS:PORT --endpoint E --bridge-pid P [OPTION VALUE]... [--tls] [--short]
 * --idle N makes another run: so many idle HTTP connections and --slow of them that are slow, to a
 * bridge that is fresh, since its memory is measured. --short judges nothing by the clock.
 * Exit: 0 all passed, 1 not, 2 usage. */
#include "tests/soak/crowd.h"
#include "tests/soak/idle.h"
#include "tests/soak/process.h"
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    SOAK_ROUND_S = 20,          /* between two comparisons of all maps */
    SOAK_RSS_GROWTH_KB = 65536, /* of the bridge while it is busy, over its idle readers */
    SOAK_EACH_KB = 20,          /* for an idle connection */
    SOAK_P99_MS = 150,
    SOAK_OTHERS = 20,    /* per cent of a processor: more, and latency is theirs */
    SOAK_DEAF_S = 180,   /* a run that is shorter need not see silent readers cut */
    SOAK_MANY = 5000,    /* sockets, of which each can be said to take so much */
    SOAK_SATURATED = 90, /* per cent of a processor */
    SOAK_SETTLE_S = 2,
};

/* Whose processor time is told of. */
typedef enum { SOAK_BRIDGE, SOAK_SERVER, SOAK_DRIVER, SOAK_MACHINE, SOAK_WHO } soak_who_t;

typedef struct {
    crowd_options_t crowd;
    idle_options_t idle;
    const char *endpoint;
    uint32_t seconds, per_second;
    int server_pid;
    verdict_t verdict;
    crowd_t *all;
    changes_t *changes;
    void *context;
    control_t control;
    uint64_t idle_kb, most_kb;
    double measured_s;
    int64_t cpu_ns[SOAK_WHO]; /* while changes were made */
} soak_t;

/* ------------------------------------------------------------------ phases */

/* Readers that nothing is told to. */
static bool
soak_open(soak_t *self)
{
    uint32_t wanted = self->crowd.viewers - self->crowd.deaf;
    uint64_t before_kb = process_rss_kb(self->idle.pid);
    int64_t begin_ns = load_now_ns(CLOCK_MONOTONIC);
    bool open = crowd_open(self->all, wanted);
    double seconds = (double)(load_now_ns(CLOCK_MONOTONIC) - begin_ns) / 1e9;
    verdict(&self->verdict, open, "%u sockets are open after %.1f s", wanted, seconds);
    crowd_run(self->all, SOAK_SETTLE_S, false);
    self->idle_kb = process_rss_kb(self->idle.pid);
    double each = ((double)self->idle_kb - (double)before_kb) / wanted;
    /* The rings of the showtimes are there once, however many read them. */
    verdict_t told = { .brief = true };
    verdict_timing(wanted >= SOAK_MANY ? &self->verdict : &told, each < SOAK_EACH_KB,
                   "an idle socket takes %.2f KiB of the bridge (%.1f MiB before, %.1f after)",
                   each, (double)before_kb / 1024, (double)self->idle_kb / 1024);
    if (open)
        crowd_compare(self->all, &self->control, &self->verdict);
    return open;
}

static void
soak_cpu(const soak_t *self, int64_t cpu_ns[SOAK_WHO])
{
    cpu_ns[SOAK_BRIDGE] = process_cpu_ns(self->idle.pid);
    cpu_ns[SOAK_SERVER] = self->server_pid ? process_cpu_ns(self->server_pid) : 0;
    cpu_ns[SOAK_DRIVER] = process_cpu_ns((int)getpid());
    cpu_ns[SOAK_MACHINE] = process_machine_ns();
}

/* Changes, cuts, and from time to time a pause in which everything is compared. */
static void
soak_live(soak_t *self)
{
    int64_t left_ms = (int64_t)self->seconds * 1000, before[SOAK_WHO], after[SOAK_WHO];
    (void)crowd_open(self->all, self->crowd.viewers); /* those who will not read */
    self->all->busy_ns = 0;
    self->all->house.messages = self->all->house.bytes = 0;
    while (left_ms > 0) {
        int64_t round_ms = left_ms < SOAK_ROUND_S * 1000 ? left_ms : SOAK_ROUND_S * 1000;
        changes_hold(self->changes, false);
        soak_cpu(self, before);
        for (int64_t past_ms = 0; past_ms < round_ms; past_ms += 1000) {
            crowd_run(self->all, 1, true);
            uint64_t now_kb = process_rss_kb(self->idle.pid);
            self->most_kb = now_kb > self->most_kb ? now_kb : self->most_kb;
        }
        soak_cpu(self, after);
        self->measured_s += (double)round_ms / 1e3;
        for (int who = 0; who < SOAK_WHO; who++)
            self->cpu_ns[who] += after[who] - before[who];
        changes_hold(self->changes, true);
        crowd_compare(self->all, &self->control, &self->verdict);
        left_ms -= round_ms;
    }
}

/* ------------------------------------------------------------------ what came of it */

static int64_t
soak_others_ns(const soak_t *self)
{
    return self->cpu_ns[SOAK_MACHINE] - self->cpu_ns[SOAK_BRIDGE] - self->cpu_ns[SOAK_SERVER] -
           self->cpu_ns[SOAK_DRIVER];
}

static void
soak_tell(const soak_t *self)
{
    const house_t *house = &self->all->house;
    double seconds = self->measured_s;
    changes_figures_t figures;
    changes_figures(self->changes, &figures);
    printf("\ndriver, bridge and server on this machine of %ld processors, over loopback%s\n",
           sysconf(_SC_NPROCESSORS_ONLN), self->crowd.tls ? ", TLS" : "");
    printf("%" PRIu64 " changes (%.0f a second), %.0f messages a second, %.1f MB a second\n",
           figures.made, (double)figures.made / seconds, (double)house->messages / seconds,
           (double)house->bytes / seconds / 1e6);
    printf("%" PRIu64 " snapshots, %" PRIu64 " maps compared after a message, %" PRIu64
           " pings answered, %" PRIu64 " changes here before their answer\n",
           house->snapshots, house->compared, house->pings, house->early);
    printf("%" PRIu64 " cuts: %" PRIu64 " resets, %" PRIu64 " in a frame, %" PRIu64
           " came back with a number; %" PRIu64 " asked again over the socket\n",
           self->all->cuts, self->all->resets, self->all->in_frame, self->all->with_since,
           self->all->asked);
    printf("latency of a change, from its durable answer to the socket: p50 %.1f ms, p99 %.1f ms, "
           "p99.9 %.1f ms, max %.1f ms (%" PRIu64 " measured)\n",
           (double)histogram_at(&house->latency, 500) / 1e6,
           (double)histogram_at(&house->latency, 990) / 1e6,
           (double)histogram_at(&house->latency, 999) / 1e6, (double)house->latency.max_ns / 1e6,
           house->latency.total);
    double busy = 100 * (double)self->all->busy_ns / 1e9 / seconds, share[SOAK_WHO];
    for (int who = 0; who < SOAK_WHO; who++)
        share[who] = 100 * (double)self->cpu_ns[who] / 1e9 / seconds;
    printf("processor: bridge %.0f %%, server %.0f %%, driver %.0f %% (its reading thread %.0f "
           "%%), others on the machine %.0f %%%s\n\n",
           share[SOAK_BRIDGE], share[SOAK_SERVER], share[SOAK_DRIVER], busy,
           100 * (double)soak_others_ns(self) / 1e9 / seconds,
           busy >= SOAK_SATURATED ? ": THE DRIVER IS SATURATED, latency is its own" : "");
}

/* Of two processors bridge, server and driver need most: what others take of them shows here, so
 * that then nothing can be said about the bridge. */
static void
soak_judge_latency(soak_t *self)
{
    const histogram_t *latency = &self->all->house.latency;
    double others = (double)soak_others_ns(self) / 1e9 / self->measured_s;
    bool good = histogram_at(latency, 990) < SOAK_P99_MS * UINT64_C(1000000);
    if (good || others * 100 < SOAK_OTHERS)
        verdict_timing(&self->verdict, good, "p99 of the latency is under %d ms", SOAK_P99_MS);
    else
        printf("told    p99 of the latency is not under %d ms; not judged, since others on the "
               "machine took %.0f %% of a processor\n",
               SOAK_P99_MS, 100 * others);
}

/* Who asks and does not read is soon behind; with the others it takes until as much was pushed as
 * the kernel takes, and limits/write_ms or a ping's time after that. */
static void
soak_judge_deaf(soak_t *self)
{
    int64_t longest_ns;
    uint32_t left = crowd_deaf_left(self->all, true, &longest_ns);
    verdict_timing(&self->verdict, left == 0,
                   "readers that ask and do not read are cut: %u are not, the last was after "
                   "%.1f s",
                   left, (double)longest_ns / 1e9);
    left = crowd_deaf_left(self->all, false, &longest_ns);
    bool judged = self->seconds >= SOAK_DEAF_S;
    verdict_t told = { .brief = true };
    verdict_timing(judged ? &self->verdict : &told, left == 0,
                   "readers that do not read are cut: %u are not, the last was after %.1f s", left,
                   (double)longest_ns / 1e9);
}

static void
soak_judge(soak_t *self)
{
    verdict_t *said = &self->verdict;
    const house_t *house = &self->all->house;
    changes_figures_t figures;
    changes_figures(self->changes, &figures);
    for (fault_t fault = 0; fault < FAULTS; fault++)
        verdict(said, house->faults[fault] == 0, "%s (%" PRIu64 " times not)", fault_name(fault),
                house->faults[fault]);
    verdict(said, figures.refused == 0 && figures.disordered == 0,
            "every change was carried out, in order (%" PRIu64 " refused, %" PRIu64
            " out of order) %s",
            figures.refused, figures.disordered, changes_error(self->changes));
    verdict(said, house->latency.total > 0 && house->compared > 0, "changes were seen");
    verdict_timing(said, (double)figures.made >= 0.9 * self->per_second * self->measured_s,
                   "%.0f changes a second were made of %u", (double)figures.made / self->measured_s,
                   self->per_second);
    soak_judge_latency(self);
    soak_judge_deaf(self);
    verdict(said, self->most_kb < self->idle_kb + SOAK_RSS_GROWTH_KB,
            "the bridge took %.1f MiB at most, less than %d MiB more than with idle sockets",
            (double)self->most_kb / 1024, SOAK_RSS_GROWTH_KB / 1024);
}

/* ------------------------------------------------------------------ birth and end */

static const struct option soak_options[] = {
    { "bridge", required_argument, NULL, 'b' },
    { "endpoint", required_argument, NULL, 'e' },
    { "bridge-pid", required_argument, NULL, 'p' },
    { "server-pid", required_argument, NULL, 'P' },
    { "sockets", required_argument, NULL, 'n' },
    { "showtimes", required_argument, NULL, 'h' },
    { "changes", required_argument, NULL, 'c' },
    { "seconds", required_argument, NULL, 's' },
    { "cut-rate", required_argument, NULL, 'r' },
    { "open-rate", required_argument, NULL, 'o' },
    { "sse", required_argument, NULL, 'S' },
    { "deaf", required_argument, NULL, 'd' },
    { "idle", required_argument, NULL, 'i' },
    { "slow", required_argument, NULL, 'l' },
    { "head-ms", required_argument, NULL, 'H' },
    { "tls", no_argument, NULL, 't' },
    { "short", no_argument, NULL, 'B' },
    { NULL, 0, NULL, 0 },
};

static bool
soak_address(const char *text, struct sockaddr_in *to)
{
    char host[64];
    const char *colon = strrchr(text, ':');
    if (!colon || (size_t)(colon - text) >= sizeof host)
        return false;
    memcpy(host, text, (size_t)(colon - text));
    host[colon - text] = 0;
    to->sin_family = AF_INET;
    to->sin_port = htons((uint16_t)atoi(colon + 1));
    return inet_pton(AF_INET, host, &to->sin_addr) == 1;
}

static bool
soak_words(soak_t *self, int count, char **words)
{
    for (int c; (c = getopt_long(count, words, "", soak_options, NULL)) != -1;) {
        uint32_t number = optarg ? (uint32_t)strtoul(optarg, NULL, 10) : 0;
        uint32_t *to = c == 'n'   ? &self->crowd.viewers
                       : c == 'h' ? &self->crowd.showtimes
                       : c == 'c' ? &self->per_second
                       : c == 's' ? &self->seconds
                       : c == 'r' ? &self->crowd.cut_rate
                       : c == 'o' ? &self->crowd.open_rate
                       : c == 'S' ? &self->crowd.sse_percent
                       : c == 'd' ? &self->crowd.deaf
                       : c == 'i' ? &self->idle.idle
                       : c == 'l' ? &self->idle.slow
                       : c == 'H' ? &self->idle.head_ms
                                  : NULL;
        if (to)
            *to = number;
        else if (c == 'b') {
            if (!soak_address(optarg, &self->idle.to))
                return false;
        } else if (c == 'e')
            self->endpoint = optarg;
        else if (c == 'p')
            self->idle.pid = (int)number;
        else if (c == 'P')
            self->server_pid = (int)number;
        else if (c == 't')
            self->crowd.tls = true;
        else if (c == 'B')
            self->verdict.brief = true;
        else
            return false;
    }
    return optind == count && self->endpoint && self->idle.to.sin_port && self->idle.pid > 0 &&
           self->crowd.showtimes > 0 && self->crowd.viewers > self->crowd.deaf &&
           self->crowd.open_rate > 0;
}

static const char *
soak_begin(soak_t *self)
{
    struct rlimit files;
    uint32_t most = self->crowd.viewers > self->idle.idle + self->idle.slow
                        ? self->crowd.viewers
                        : self->idle.idle + self->idle.slow;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return strerror(errno);
    files.rlim_cur = files.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur < most + 100)
        return "so many descriptors are not allowed (ulimit -Hn)";
    self->idle.showtime = (uint64_t)(load_now_ns(CLOCK_REALTIME) / 1000);
    self->context = zmq_ctx_new();
    if (!self->context || control_open(&self->control, self->context, self->endpoint) ||
        control_open_showtimes(&self->control, self->idle.showtime, 0, self->crowd.showtimes))
        return self->control.error;
    self->changes =
        changes_new(self->endpoint, self->idle.showtime, self->crowd.showtimes, self->per_second);
    self->all = calloc(1, sizeof *self->all);
    if (!self->changes || !self->all || changes_start(self->changes))
        return "memory or sockets are short";
    house_t *house = &self->all->house;
    house->to = self->idle.to;
    house->base = self->idle.showtime;
    house->changes = self->changes;
    house->chance.state = house->base;
    house->many_addresses = ntohl(house->to.sin_addr.s_addr) >> 24 == 127;
    printf("seed %" PRIu64 "\n", house->base);
    return crowd_init(self->all, &self->crowd) ? strerror(errno) : NULL;
}

static void
soak_end(soak_t *self)
{
    if (self->all)
        crowd_free(self->all);
    free(self->all);
    self->all = NULL;
    changes_destroy(&self->changes);
    control_close(&self->control);
    if (self->context)
        zmq_ctx_term(self->context);
}

int
main(int count, char **words)
{
    static soak_t self = {
        .crowd = { .viewers = 10000,
                   .showtimes = 20,
                   .open_rate = 2000,
                   .cut_rate = 50,
                   .deaf = 20,
                   .sse_percent = 10 },
        .idle = { .slow = 200, .head_ms = 10000 },
        .seconds = 60,
        .per_second = 1000,
    };
    if (!soak_words(&self, count, words)) {
        fprintf(stderr, "usage: soak --bridge ADDRESS:PORT --endpoint E --bridge-pid P "
                        "[OPTION VALUE]... [--tls] [--short]\n");
        for (const struct option *at = soak_options; at->name; at++)
            fprintf(stderr, "  --%s%s\n", at->name, at->has_arg ? " VALUE" : "");
        return 2;
    }
    const char *wrong = soak_begin(&self);
    if (wrong)
        verdict(&self.verdict, false, "it begins: %s", wrong);
    else if (self.idle.idle)
        idle_run(&self.idle, &self.verdict);
    else if (soak_open(&self)) {
        soak_live(&self);
        soak_tell(&self);
        soak_judge(&self);
    }
    soak_end(&self);
    printf("%u passed, %u failed\n", self.verdict.passed, self.verdict.failed);
    return self.verdict.failed ? 1 : 0;
}
