/* idle - see idle.h for the contract. */
#include "tests/soak/idle.h"
#include "clients/load/histogram.h"
#include "clients/load/load.h"
#include "tests/soak/process.h"
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    IDLE_EVENTS = 512,
    IDLE_ADDRESSES = 16,
    IDLE_AT_A_TIME = 256,
    IDLE_OPEN_MS = 60000,
    IDLE_PROBE_MS = 50,  /* between two requests of the client */
    IDLE_GOOD_MS = 100,  /* within which it is to be answered */
    IDLE_LATE_MS = 2000, /* a slow one is cut so long after its time at the latest */
    IDLE_ANSWER_MAX = 8192,
};

typedef enum { LINE_NEW, LINE_WAITING, LINE_IDLE, LINE_SLOW, LINE_OVER } line_state_t;

/* A connection. */
typedef struct {
    int fd;
    line_state_t state;
    int64_t began_ns;       /* of the request, or of the connection when it is slow */
    uint32_t got, want, at; /* bytes of the answer; bytes sent by a slow one */
} line_t;

typedef struct {
    const idle_options_t *options;
    verdict_t *verdict;
    int poll;
    uint32_t count, waiting, idle, lost, refused; /* lost: ended by the server, though idle */
    line_t *lines;                                /* idle ones, slow ones, the client */
    uint32_t cut, cut_early, cut_late;
    int64_t probe_ns;
    histogram_t answers;
} idle_t;

static bool
idle_connect(idle_t *self, line_t *line, uint32_t index)
{
    struct sockaddr_in from = { .sin_family = AF_INET,
                                .sin_addr.s_addr =
                                    htonl(INADDR_LOOPBACK + 1 + index % IDLE_ADDRESSES) };
    int one = 1;
    bool local = ntohl(self->options->to.sin_addr.s_addr) >> 24 == 127;
    line->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = line };
    if (line->fd < 0)
        return false;
    line->began_ns = load_now_ns(CLOCK_MONOTONIC);
    /* A connection to this machine is made at once, or the backlog is full: then it waits. */
    return (!local ||
            (setsockopt(line->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one) == 0 &&
             bind(line->fd, (struct sockaddr *)&from, sizeof from) == 0)) &&
           connect(line->fd, (const struct sockaddr *)&self->options->to,
                   sizeof self->options->to) == 0 &&
           epoll_ctl(self->poll, EPOLL_CTL_ADD, line->fd, &event) == 0;
}

static bool
idle_request(idle_t *self, line_t *line)
{
    char text[160];
    int size = snprintf(text, sizeof text,
                        "GET /api/showtimes/%" PRIu64
                        "/seats?format=compact HTTP/1.1\r\nHost: soak\r\n\r\n",
                        self->options->showtime);
    line->began_ns = load_now_ns(CLOCK_MONOTONIC);
    line->got = line->want = 0;
    line->state = LINE_WAITING;
    self->waiting++;
    return send(line->fd, text, (size_t)size, MSG_NOSIGNAL) == size;
}

static void
idle_over(idle_t *self, line_t *line)
{
    self->waiting -= line->state == LINE_WAITING;
    self->idle -= line->state == LINE_IDLE;
    if (line->fd >= 0)
        close(line->fd);
    line->fd = -1;
    line->state = LINE_OVER;
}

/* How long a whole answer is, once that can be told; 0: it is no good one. */
static uint32_t
idle_answer_size(const char *data, size_t size)
{
    const char *end = memmem(data, size, "\r\n\r\n", 4);
    const char *length = memmem(data, size, "\r\nContent-Length: ", 18);
    if (!end || !length || length > end || size < 13 || memcmp(data, "HTTP/1.1 200 ", 13) != 0)
        return 0;
    return (uint32_t)(end + 4 - data) + (uint32_t)strtoul(length + 18, NULL, 10);
}

static void
idle_answered(idle_t *self, line_t *line)
{
    int64_t past_ns = load_now_ns(CLOCK_MONOTONIC) - line->began_ns;
    if (line == &self->lines[self->count - 1])
        histogram_add(&self->answers, (uint64_t)past_ns);
    self->waiting--;
    self->idle++;
    line->state = LINE_IDLE;
}

/* A slow one was told something, or cut. */
static void
idle_slow_ready(idle_t *self, line_t *line)
{
    int64_t past_ms = (load_now_ns(CLOCK_MONOTONIC) - line->began_ns) / 1000000;
    char text[IDLE_ANSWER_MAX];
    ssize_t got = recv(line->fd, text, sizeof text, MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN)
        return;
    self->refused += got > 12 && memcmp(text, "HTTP/1.1 408", 12) == 0;
    self->cut++;
    self->cut_early += past_ms < self->options->head_ms - 200;
    self->cut_late += past_ms > self->options->head_ms + IDLE_LATE_MS;
    idle_over(self, line);
}

static void
idle_ready(idle_t *self, line_t *line)
{
    char text[IDLE_ANSWER_MAX];
    if (line->state == LINE_SLOW) {
        idle_slow_ready(self, line);
        return;
    }
    ssize_t got = recv(line->fd, text, sizeof text, MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN)
        return;
    /* The head of so small an answer comes whole. */
    if (got > 0 && line->got == 0)
        line->want = idle_answer_size(text, (size_t)got);
    line->got += got > 0 ? (uint32_t)got : 0;
    if (got <= 0 || line->state != LINE_WAITING || line->got > line->want) {
        self->lost++;
        idle_over(self, line);
    } else if (line->got == line->want)
        idle_answered(self, line);
}

static void
idle_poll(idle_t *self, int wait_ms)
{
    struct epoll_event events[IDLE_EVENTS];
    int ready = epoll_wait(self->poll, events, IDLE_EVENTS, wait_ms);
    for (int i = 0; i < ready; i++)
        idle_ready(self, events[i].data.ptr);
}

static bool
idle_open(idle_t *self)
{
    int64_t end_ns = load_now_ns(CLOCK_MONOTONIC) + IDLE_OPEN_MS * INT64_C(1000000);
    uint32_t next = 0;
    while (next < self->options->idle || self->waiting > 0) {
        if (load_now_ns(CLOCK_MONOTONIC) > end_ns)
            return false;
        if (next < self->options->idle && self->waiting < IDLE_AT_A_TIME) {
            line_t *line = &self->lines[next];
            if (!idle_connect(self, line, next) || !idle_request(self, line))
                return false;
            next++;
        }
        idle_poll(self, next < self->options->idle && self->waiting < IDLE_AT_A_TIME ? 0 : 5);
    }
    return true;
}

/* A byte a second each. */
static void
idle_drip(idle_t *self)
{
    static const char head[] = "GET /healthz HTTP/1.1\r\nHost: soak\r\nX-Slow: ";
    int64_t now_ns = load_now_ns(CLOCK_MONOTONIC);
    for (uint32_t i = self->options->idle; i < self->count - 1; i++) {
        line_t *line = &self->lines[i];
        if (line->state != LINE_SLOW || now_ns - line->began_ns < line->at * INT64_C(1000000000))
            continue;
        const char *byte = line->at < sizeof head - 1 ? &head[line->at] : "x";
        line->at++;
        (void)send(line->fd, byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
}

/* The client among them. */
static void
idle_probe(idle_t *self)
{
    line_t *client = &self->lines[self->count - 1];
    int64_t now_ns = load_now_ns(CLOCK_MONOTONIC);
    if (client->state != LINE_IDLE || now_ns < self->probe_ns)
        return;
    self->probe_ns = now_ns + IDLE_PROBE_MS * INT64_C(1000000);
    self->idle--;
    (void)idle_request(self, client);
}

static void
idle_judge(idle_t *self, uint64_t before_kb, uint64_t after_kb)
{
    verdict_t *said = self->verdict;
    double each =
        self->options->idle ? ((double)after_kb - (double)before_kb) / self->options->idle : 0;
    double p99 = (double)histogram_at(&self->answers, 990) / 1e6;
    double most = (double)self->answers.max_ns / 1e6;
    verdict(said, self->lost == 0 && self->idle >= self->options->idle,
            "%u idle HTTP connections are all still there", self->options->idle);
    verdict_timing(said, each < 20, "an idle HTTP connection takes %.2f KiB of the bridge", each);
    verdict(said, self->cut == self->options->slow && self->refused == self->cut,
            "of %u connections that send a byte a second %u were told 408 and cut",
            self->options->slow, self->refused);
    verdict_timing(said, self->cut_early == 0 && self->cut_late == 0,
                   "at limits/head_ms = %u ms: %u too early, %u too late", self->options->head_ms,
                   self->cut_early, self->cut_late);
    verdict(said, self->answers.total > 0, "%" PRIu64 " requests were answered meanwhile",
            self->answers.total);
    verdict_timing(said, most < IDLE_GOOD_MS, "within %d ms each: p99 %.1f ms, the longest %.1f ms",
                   IDLE_GOOD_MS, p99, most);
}

static void
idle_phase(idle_t *self)
{
    uint64_t before_kb = process_rss_kb(self->options->pid);
    bool open = idle_open(self);
    uint64_t after_kb = process_rss_kb(self->options->pid);
    verdict(self->verdict, open, "%u HTTP connections are served once each", self->options->idle);
    for (uint32_t i = self->options->idle; open && i < self->count; i++) {
        open = idle_connect(self, &self->lines[i], i);
        self->lines[i].state = i == self->count - 1 ? LINE_IDLE : LINE_SLOW;
        self->idle += i == self->count - 1;
    }
    int64_t end_ns =
        load_now_ns(CLOCK_MONOTONIC) + (self->options->head_ms + IDLE_LATE_MS) * INT64_C(1000000);
    while (open && load_now_ns(CLOCK_MONOTONIC) < end_ns) {
        idle_drip(self);
        idle_probe(self);
        idle_poll(self, 2);
    }
    idle_judge(self, before_kb, after_kb);
}

void
idle_run(const idle_options_t *options, verdict_t *said)
{
    idle_t *self = calloc(1, sizeof *self);
    uint32_t count = options->idle + options->slow + 1;
    line_t *lines = calloc(count, sizeof *lines);
    if (self && lines) {
        self->options = options;
        self->verdict = said;
        self->count = count;
        self->lines = lines;
        for (uint32_t i = 0; i < count; i++)
            lines[i].fd = -1;
        self->poll = epoll_create1(EPOLL_CLOEXEC);
        idle_phase(self);
        for (uint32_t i = 0; i < count; i++)
            idle_over(self, &lines[i]);
        close(self->poll);
    } else
        verdict(said, false, "memory");
    free(lines);
    free(self);
}
