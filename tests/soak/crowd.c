/* crowd - see crowd.h for the contract. */
#include "tests/soak/crowd.h"
#include "broker/mp.h"
#include "broker/operation.h"
#include "broker/status.h"
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum {
    CROWD_EVENTS = BURST_MAX,
    CROWD_ROOM = 4096, /* of one read; more is there seldom */
    CROWD_NAP_MS = 2,
    CROWD_SWEEP_MS = 200,    /* between two looks at every viewer */
    CROWD_OPEN_MS = 10000,   /* for one viewer to open */
    CROWD_OPENING_MAX = 512, /* at a time: the server's backlog is bounded */
    CROWD_SETTLE_MS = 20000, /* for everybody to have the last number */
    CROWD_ASKS = 200,        /* a second by each second deaf viewer */
};

int
crowd_init(crowd_t *self, const crowd_options_t *options)
{
    self->options = *options;
    self->viewers = calloc(options->viewers, sizeof *self->viewers);
    self->house.poll = epoll_create1(EPOLL_CLOEXEC);
    self->burst = burst_new(true);
    if (!self->viewers || self->house.poll < 0 || !self->burst)
        return -1;
    if (options->tls) {
        self->house.tls = SSL_CTX_new(TLS_client_method());
        if (!self->house.tls)
            return -1;
        /* The certificate is made for the test; nothing here depends on whose it is. */
        SSL_CTX_set_verify(self->house.tls, SSL_VERIFY_NONE, NULL);
        (void)SSL_CTX_set_mode(self->house.tls, SSL_MODE_RELEASE_BUFFERS);
    }
    for (uint32_t i = 0; i < options->viewers; i++) {
        viewer_t *viewer = &self->viewers[i];
        viewer->index = i;
        viewer->showtime = i % options->showtimes;
        /* Spread evenly over the viewers of each showtime. */
        uint32_t place = i / options->showtimes;
        viewer->sse =
            (place + 1) * options->sse_percent / 100 != place * options->sse_percent / 100;
        viewer->deaf = i >= options->viewers - options->deaf;
        if (viewer->deaf) /* of each kind, by socket with and without questions */
            viewer->sse = i % 4 == 0;
    }
    return 0;
}

void
crowd_free(crowd_t *self)
{
    for (uint32_t i = 0; self->viewers && i < self->options.viewers; i++)
        if (self->viewers[i].state != VIEWER_CUT)
            viewer_close(&self->viewers[i], true, false, &self->house);
    free(self->viewers);
    burst_destroy(&self->burst);
    SSL_CTX_free(self->house.tls);
    if (self->house.poll > 0)
        close(self->house.poll);
}

/* ------------------------------------------------------------------ a turn */

/* Those with plain bytes are read in one burst: the driver's own system calls would be a third of
 * what a push costs the machine. */
static void
crowd_ready(crowd_t *self, const struct epoll_event *events, int ready)
{
    static char rooms[CROWD_EVENTS][CROWD_ROOM];
    burst_io_t reads[CROWD_EVENTS];
    viewer_t *readers[CROWD_EVENTS];
    size_t count = 0;
    for (int i = 0; i < ready; i++) {
        viewer_t *viewer = events[i].data.ptr;
        if (!viewer_reads(viewer, events[i].events)) {
            viewer_ready(viewer, &self->house, events[i].events);
            continue;
        }
        reads[count] = (burst_io_t){ .room = rooms[count], .size = CROWD_ROOM, .fd = viewer->fd };
        readers[count++] = viewer;
    }
    burst_receive(self->burst, reads, count);
    for (size_t i = 0; i < count; i++)
        viewer_got(readers[i], &self->house, &reads[i]);
}

/* Take what is there, then sleep: a reader that is woken for each message costs the sender, who
 * shares the machine, more than the message. It makes what is measured up to a nap longer. */
static void
crowd_poll(crowd_t *self)
{
    struct epoll_event events[CROWD_EVENTS];
    const struct timespec nap = { .tv_nsec = CROWD_NAP_MS * 1000000 };
    int ready = epoll_wait(self->house.poll, events, CROWD_EVENTS, 0);
    crowd_ready(self, events, ready);
    if (ready < CROWD_EVENTS)
        (void)nanosleep(&nap, NULL);
}

/* Whoever takes too long to open fails. How many are being opened. */
static uint32_t
crowd_sweep(crowd_t *self)
{
    uint32_t opening = 0;
    int64_t now_ns = load_now_ns(CLOCK_MONOTONIC);
    for (uint32_t i = 0; i < self->count; i++) {
        viewer_t *viewer = &self->viewers[i];
        bool asks = viewer_opening(viewer) ||
                    (viewer->state == VIEWER_OPEN && !viewer->copy.whole); /* no snapshot yet */
        opening += asks;
        if (!asks || now_ns - viewer->began_ns < CROWD_OPEN_MS * INT64_C(1000000))
            continue;
        house_fault(&self->house, FAULT_LATE, viewer, "not there after 10 s");
        viewer_close(viewer, true, false, &self->house);
    }
    return opening;
}

/* Those that a fault has closed come back. */
static void
crowd_reopen(crowd_t *self)
{
    for (uint32_t i = 0; i < self->count; i++)
        if (self->viewers[i].state == VIEWER_OFF) {
            self->reopened++;
            viewer_open(&self->viewers[i], &self->house, false);
        }
}

bool
crowd_open(crowd_t *self, uint32_t count)
{
    int64_t begin_ns = load_now_ns(CLOCK_MONOTONIC), swept_ns = 0;
    double seconds_max = 30 + 4.0 * count / self->options.open_rate;
    uint32_t opening = 0, first = self->count;
    assert(count <= self->options.viewers);
    for (;;) {
        int64_t now_ns = load_now_ns(CLOCK_MONOTONIC);
        double past = (double)(now_ns - begin_ns) / 1e9;
        if (past > seconds_max)
            return false;
        while (self->count < count && opening < CROWD_OPENING_MAX &&
               self->count - first < past * self->options.open_rate) {
            viewer_open(&self->viewers[self->count++], &self->house, false);
            opening++;
        }
        crowd_poll(self);
        bool full = opening >= CROWD_OPENING_MAX || self->count == count;
        if (full && now_ns - swept_ns > CROWD_SWEEP_MS / 8 * INT64_C(1000000)) {
            swept_ns = now_ns;
            opening = crowd_sweep(self);
            if (self->count == count && opening == 0)
                return true;
            crowd_reopen(self);
        }
    }
}

/* ------------------------------------------------------------------ cuts */

static void
crowd_cut(crowd_t *self)
{
    chance_t *chance = &self->house.chance;
    viewer_t *viewer = &self->viewers[chance_below(chance, self->count)];
    uint64_t how = chance_next(chance);
    bool reset = how & 1, in_frame = how & 2, since = (how >> 2) % 4 != 0;
    if (viewer->state != VIEWER_OPEN || viewer->deaf || !viewer->copy.whole)
        return;
    self->cuts++;
    self->resets += reset;
    self->in_frame += in_frame && !viewer->sse;
    self->with_since += since;
    viewer_close(viewer, reset, in_frame, &self->house);
    viewer_open(viewer, &self->house, since);
}

/* Ask over an open socket: a reader may do so at any time. */
static void
crowd_ask(crowd_t *self)
{
    chance_t *chance = &self->house.chance;
    viewer_t *viewer = &self->viewers[chance_below(chance, self->count)];
    if (viewer->state != VIEWER_OPEN || viewer->sse || viewer->deaf || !viewer->copy.whole)
        return;
    self->asked++;
    (void)viewer_ask(viewer, &self->house, chance_below(chance, viewer->copy.number + 1));
}

/* The deaf do not read; some of those with a WebSocket talk all the same. */
static bool
crowd_talks(const viewer_t *viewer)
{
    return !viewer->sse && viewer->index & 1;
}

static void
crowd_talk(crowd_t *self)
{
    for (uint32_t i = self->options.viewers - self->options.deaf; i < self->count; i++) {
        viewer_t *viewer = &self->viewers[i];
        if (viewer->state == VIEWER_DEAF && crowd_talks(viewer))
            (void)viewer_ask(viewer, &self->house, 0);
    }
}

static void
crowd_disturb(crowd_t *self, double seconds)
{
    self->cuts_due += seconds * self->options.cut_rate;
    self->asks_due += seconds * self->options.cut_rate;
    for (; self->cuts_due >= 1; self->cuts_due--)
        crowd_cut(self);
    for (; self->asks_due >= 1; self->asks_due--)
        crowd_ask(self);
}

void
crowd_run(crowd_t *self, double seconds, bool cutting)
{
    int64_t begin_ns = load_now_ns(CLOCK_MONOTONIC), before_ns = begin_ns;
    int64_t cpu_ns = load_now_ns(CLOCK_THREAD_CPUTIME_ID);
    for (;;) {
        int64_t now_ns = load_now_ns(CLOCK_MONOTONIC);
        if ((double)(now_ns - begin_ns) / 1e9 >= seconds)
            break;
        if (cutting)
            crowd_disturb(self, (double)(now_ns - before_ns) / 1e9);
        before_ns = now_ns;
        if (cutting && now_ns - self->talked_ns > 1000000000 / CROWD_ASKS) {
            self->talked_ns = now_ns;
            crowd_talk(self);
        }
        if (now_ns - self->swept_ns > CROWD_SWEEP_MS * INT64_C(1000000)) {
            self->swept_ns = now_ns;
            (void)crowd_sweep(self);
            crowd_reopen(self);
        }
        crowd_poll(self);
    }
    self->busy_ns += load_now_ns(CLOCK_THREAD_CPUTIME_ID) - cpu_ns;
}

/* ------------------------------------------------------------------ comparisons */

static bool
crowd_counts(const viewer_t *viewer)
{
    return !viewer->deaf;
}

/* How many do not have the last number of their showtime. */
static uint32_t
crowd_missing(const crowd_t *self)
{
    uint32_t missing = 0;
    for (uint32_t i = 0; i < self->count; i++) {
        const viewer_t *viewer = &self->viewers[i];
        missing += crowd_counts(viewer) &&
                   (viewer->state != VIEWER_OPEN || !viewer->copy.whole ||
                    viewer->copy.number != changes_number(self->house.changes, viewer->showtime));
    }
    return missing;
}

/* The server's own map: seats: [[id, row, column, state, ...], ...]. */
static bool
crowd_truth(const crowd_t *self, control_t *control, uint32_t showtime, copy_t *truth)
{
    wire_record_t record;
    mp_t at;
    uint32_t seats, fields;
    uint64_t number, id, state;
    *truth = (copy_t){ .whole = true };
    if (control_call(control, OP_SEATS_GET, self->house.base + showtime, NULL, 0, &record) ||
        record.header.status != STATUS_OK ||
        !mp_find(record.body, record.body_size, "number", &at) || !mp_read_uint(&at, &number) ||
        !mp_find(record.body, record.body_size, "seats", &at) || !mp_read_array(&at, &seats) ||
        seats != COPY_SEATS)
        return false;
    truth->number = (uint32_t)number;
    for (uint32_t i = 0; i < seats; i++) {
        if (!mp_read_array(&at, &fields) || fields != 6 || !mp_read_uint(&at, &id) || id != i + 1 ||
            !mp_skip(&at) || !mp_skip(&at) || !mp_read_uint(&at, &state) || state > 3 ||
            !mp_skip(&at) || !mp_skip(&at))
            return false;
        copy_set(truth, i + 1, (uint32_t)state);
    }
    return true;
}

/* How many viewers of a showtime have another map than this. */
static uint32_t
crowd_differ(const crowd_t *self, uint32_t showtime, const copy_t *truth)
{
    uint32_t differ = 0;
    for (uint32_t i = showtime; i < self->count; i += self->options.showtimes) {
        const viewer_t *viewer = &self->viewers[i];
        assert(viewer->showtime == showtime);
        if (crowd_counts(viewer))
            differ += viewer->copy.number != truth->number ||
                      memcmp(viewer->copy.states, truth->states, sizeof truth->states) != 0;
    }
    return differ;
}

void
crowd_compare(crowd_t *self, control_t *control, verdict_t *said)
{
    int64_t begin_ns = load_now_ns(CLOCK_MONOTONIC), past_ns = 0;
    uint32_t missing = 1, differ = 0, unread = 0;
    while (missing && past_ns < CROWD_SETTLE_MS * INT64_C(1000000)) {
        crowd_run(self, 0.01, false);
        missing = changes_quiet(self->house.changes) ? crowd_missing(self) : 1;
        past_ns = load_now_ns(CLOCK_MONOTONIC) - begin_ns;
    }
    verdict(said, missing == 0, "%u viewers came to the last number, %u not, within %.0f ms",
            self->count - self->options.deaf - missing, missing, (double)past_ns / 1e6);
    for (uint32_t i = 0; i < self->options.showtimes; i++) {
        copy_t truth;
        if (!crowd_truth(self, control, i, &truth))
            unread++;
        else {
            uint32_t number = changes_number(self->house.changes, i);
            uint32_t wrong = crowd_differ(self, i, &truth);
            if (wrong || truth.number != number)
                printf("showtime %u is at %u, %u answers came, %u viewers differ\n", i,
                       truth.number, number, wrong);
            differ += wrong + (truth.number != number);
        }
    }
    verdict(said, unread == 0 && differ == 0,
            "%u maps compared seat by seat with those of seats.get: %u differ, %u not read",
            self->count, differ, unread);
}

uint32_t
crowd_deaf_left(const crowd_t *self, bool talking, int64_t *longest_ns)
{
    uint32_t left = 0;
    *longest_ns = 0;
    for (uint32_t i = self->options.viewers - self->options.deaf; i < self->options.viewers; i++) {
        const viewer_t *viewer = &self->viewers[i];
        if (crowd_talks(viewer) != talking)
            continue;
        left += viewer->state != VIEWER_CUT;
        if (viewer->state == VIEWER_CUT && viewer->deaf_ns > *longest_ns)
            *longest_ns = viewer->deaf_ns;
    }
    return left;
}
