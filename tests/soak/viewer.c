/* viewer - see viewer.h for the contract; stream.c reads what comes. */
#include "tests/soak/viewer.h"
#include "tests/soak/stream.h"
#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { VIEWER_TOLD = 5, VIEWER_ADDRESSES = 16, VIEWER_REQUEST_MAX = 512, VIEWER_DEAF_ROOM = 4096 };

const char *
fault_name(fault_t fault)
{
    static const char *const names[FAULTS] = {
        [FAULT_CONNECT] = "every connection is made",
        [FAULT_ANSWER] = "every stream is granted, by a proper head",
        [FAULT_LATE] = "every stream begins in time",
        [FAULT_FRAME] = "every byte belongs to a frame or an event",
        [FAULT_MALFORMED] = "every message is well formed",
        [FAULT_GAP] = "no change is missing before another",
        [FAULT_BACK] = "no message is older than the last",
        [FAULT_MAP] = "after each message the map is the truth at its number",
        [FAULT_END] = "nobody who reads is cut",
    };
    assert(fault < FAULTS);
    return names[fault];
}

void
house_fault(house_t *self, fault_t fault, const viewer_t *viewer, const char *detail)
{
    if (self->faults[fault]++ >= VIEWER_TOLD)
        return;
    printf("not so: %s: viewer %u (%s) of showtime %u at number %u: %s\n", fault_name(fault),
           viewer->index, viewer->sse ? "events" : "WebSocket", viewer->showtime,
           viewer->copy.number, detail);
    fflush(stdout);
}

/* ------------------------------------------------------------------ bytes */

static void
viewer_want(const viewer_t *self, const house_t *house, uint32_t events)
{
    /* Told once: else the kernel looks at each socket a second time. Who is told reads it all. */
    struct epoll_event event = { .events = events ? events | EPOLLRDHUP | EPOLLET : 0,
                                 .data.ptr = (void *)(uintptr_t)self };
    int fault = epoll_ctl(house->poll, EPOLL_CTL_MOD, self->fd, &event);
    assert(fault == 0);
    (void)fault;
}

/* Small things only, which go whole or not at all. */
static bool
viewer_send(const viewer_t *self, const void *data, size_t size)
{
    if (self->ssl) {
        ERR_clear_error();
        return SSL_write(self->ssl, data, (int)size) == (int)size;
    }
    return send(self->fd, data, size, MSG_NOSIGNAL) == (ssize_t)size;
}

/* Bytes, 0: the end, -1: none now. */
static long
viewer_receive(const viewer_t *self, char *to, size_t room)
{
    if (!self->ssl) {
        ssize_t got = recv(self->fd, to, room, 0);
        return got >= 0 ? got : errno == EAGAIN || errno == EINTR ? -1 : 0;
    }
    ERR_clear_error();
    int got = SSL_read(self->ssl, to, (int)room);
    if (got > 0)
        return got;
    int why = SSL_get_error(self->ssl, got);
    return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? -1 : 0;
}

/* A masked frame of ours, as a client's must be. */
static size_t
viewer_frame(house_t *house, uint8_t opcode, const void *data, size_t size, uint8_t *to)
{
    uint32_t mask = (uint32_t)chance_next(&house->chance);
    uint8_t key[4];
    assert(size <= 125);
    memcpy(key, &mask, sizeof key);
    to[0] = (uint8_t)(0x80 | opcode);
    to[1] = (uint8_t)(0x80 | size);
    memcpy(to + 2, key, sizeof key);
    for (size_t i = 0; i < size; i++)
        to[6 + i] = (uint8_t)(((const uint8_t *)data)[i] ^ key[i % 4]);
    return 6 + size;
}

static size_t
viewer_since_frame(house_t *house, uint32_t since, uint8_t *to)
{
    char text[32];
    int size = snprintf(text, sizeof text, "{\"since\":%" PRIu32 "}", since);
    return viewer_frame(house, STREAM_TEXT, text, (size_t)size, to);
}

bool
viewer_ask(viewer_t *self, house_t *house, uint32_t since)
{
    uint8_t frame[64];
    self->fresh = true;
    return viewer_send(self, frame, viewer_since_frame(house, since, frame));
}

/* ------------------------------------------------------------------ the beginning */

static int
viewer_socket(const viewer_t *self, const house_t *house)
{
    int one = 1, room = VIEWER_DEAF_ROOM;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    /* Ports of one address would run short: those of ended connections stay taken for a while. */
    struct sockaddr_in from = { .sin_family = AF_INET,
                                .sin_addr.s_addr =
                                    htonl(INADDR_LOOPBACK + 1 + self->index % VIEWER_ADDRESSES) };
    if (house->many_addresses &&
        (setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one) != 0 ||
         bind(fd, (struct sockaddr *)&from, sizeof from) != 0)) {
        close(fd);
        return -1;
    }
    if (self->deaf)
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    if (connect(fd, (const struct sockaddr *)&house->to, sizeof house->to) == 0 ||
        errno == EINPROGRESS)
        return fd;
    close(fd);
    return -1;
}

void
viewer_open(viewer_t *self, house_t *house, bool with_since)
{
    assert(self->state == VIEWER_OFF);
    if (!with_since)
        copy_forget(&self->copy);
    self->began_ns = load_now_ns(CLOCK_MONOTONIC);
    self->fresh = true;
    self->fd = viewer_socket(self, house);
    struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP, .data.ptr = self };
    if (self->fd < 0 || epoll_ctl(house->poll, EPOLL_CTL_ADD, self->fd, &event) != 0) {
        house_fault(house, FAULT_CONNECT, self, strerror(errno));
        if (self->fd >= 0)
            close(self->fd);
        return;
    }
    self->state = VIEWER_CONNECTING;
    if (!house->tls)
        return;
    self->ssl = SSL_new(house->tls);
    int fault = !self->ssl || SSL_set_fd(self->ssl, self->fd) != 1;
    assert(!fault);
    SSL_set_connect_state(self->ssl);
}

void
viewer_close(viewer_t *self, bool reset, bool in_frame, house_t *house)
{
    const struct linger now = { .l_onoff = 1, .l_linger = 0 };
    uint8_t frame[64];
    if (self->state == VIEWER_OFF)
        return;
    if (in_frame && self->state == VIEWER_OPEN && !self->sse) {
        size_t size = viewer_since_frame(house, self->copy.number, frame);
        (void)viewer_send(self, frame, 1 + chance_below(&house->chance, (uint32_t)size - 1));
    }
    if (reset)
        (void)setsockopt(self->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    SSL_free(self->ssl);
    self->ssl = NULL;
    close(self->fd);
    free(self->pending);
    self->pending = NULL;
    self->pending_size = 0;
    self->state = VIEWER_OFF;
}

static void
viewer_fail(viewer_t *self, house_t *house, fault_t fault, const char *detail)
{
    house_fault(house, fault, self, detail);
    viewer_close(self, true, false, house);
    copy_forget(&self->copy);
}

static void
viewer_request(viewer_t *self, house_t *house)
{
    char text[VIEWER_REQUEST_MAX], since[32] = "";
    bool by_id = self->sse && chance_next(&house->chance) & 1;
    if (self->copy.whole && !by_id)
        snprintf(since, sizeof since, "?since=%" PRIu32, self->copy.number);
    int size = self->sse
                   ? snprintf(text, sizeof text,
                              "GET /api/showtimes/%" PRIu64 "/events%s HTTP/1.1\r\nHost: soak\r\n"
                              "Accept: text/event-stream\r\n",
                              house->base + self->showtime, since)
                   : snprintf(text, sizeof text,
                              "GET /ws/showtimes/%" PRIu64 "%s HTTP/1.1\r\nHost: soak\r\n"
                              "Connection: Upgrade\r\nUpgrade: websocket\r\n"
                              "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n",
                              house->base + self->showtime, since, STREAM_KEY);
    if (self->copy.whole && by_id)
        size += snprintf(text + size, sizeof text - (size_t)size, "Last-Event-ID: %" PRIu32 "\r\n",
                         self->copy.number);
    size += snprintf(text + size, sizeof text - (size_t)size, "\r\n");
    self->state = VIEWER_ASKING;
    if (viewer_send(self, text, (size_t)size))
        viewer_want(self, house, EPOLLIN);
    else
        viewer_fail(self, house, FAULT_CONNECT, "the request is not taken");
}

static void
viewer_secure(viewer_t *self, house_t *house)
{
    ERR_clear_error();
    int done = SSL_connect(self->ssl);
    int why = done == 1 ? SSL_ERROR_NONE : SSL_get_error(self->ssl, done);
    if (why == SSL_ERROR_NONE)
        viewer_request(self, house);
    else if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE)
        viewer_want(self, house, why == SSL_ERROR_WANT_READ ? EPOLLIN : EPOLLOUT);
    else
        viewer_fail(self, house, FAULT_CONNECT, "TLS");
}

static void
viewer_connected(viewer_t *self, house_t *house)
{
    int wrong = 0;
    socklen_t size = sizeof wrong;
    if (getsockopt(self->fd, SOL_SOCKET, SO_ERROR, &wrong, &size) != 0 || wrong) {
        viewer_fail(self, house, FAULT_CONNECT, strerror(wrong));
        return;
    }
    if (self->ssl) {
        self->state = VIEWER_SECURING;
        viewer_secure(self, house);
    } else
        viewer_request(self, house);
}

/* ------------------------------------------------------------------ what comes */

/* Keep what is not a whole message yet. */
static void
viewer_keep(viewer_t *self, house_t *house, const char *data, size_t size)
{
    if (size > VIEWER_PENDING_MAX) {
        viewer_fail(self, house, FAULT_FRAME, "a message without end");
        return;
    }
    free(self->pending);
    self->pending = NULL;
    self->pending_size = (uint32_t)size;
    if (size == 0)
        return;
    self->pending = malloc(size);
    assert(self->pending);
    memcpy(self->pending, data, size);
}

/* What a control frame asks for. */
static bool
viewer_control(viewer_t *self, house_t *house, const stream_item_t *item)
{
    uint8_t frame[160];
    if (item->kind == STREAM_ITEM_PING) {
        house->pings++;
        return viewer_send(self, frame,
                           viewer_frame(house, STREAM_PONG, item->text, item->size, frame));
    }
    return item->kind == STREAM_ITEM_COMMENT;
}

static void
viewer_deafen(viewer_t *self, house_t *house)
{
    self->state = VIEWER_DEAF;
    self->began_ns = load_now_ns(CLOCK_MONOTONIC);
    viewer_want(self, house, 0); /* errors are told of all the same */
}

/* Take the messages that are whole; bytes used. */
static size_t
viewer_take(viewer_t *self, house_t *house, const char *data, size_t size)
{
    size_t at = 0;
    int64_t now_ns = load_now_ns(CLOCK_MONOTONIC);
    while (self->state != VIEWER_OFF && at < size) {
        stream_item_t item;
        size_t used = self->state == VIEWER_ASKING
                          ? stream_head(self->sse, data + at, size - at, &item)
                      : self->sse ? stream_event(data + at, size - at, &item)
                                  : stream_frame(data + at, size - at, &item);
        if (used == 0)
            break;
        at += used;
        if (item.kind == STREAM_ITEM_BAD)
            viewer_fail(self, house, self->state == VIEWER_ASKING ? FAULT_ANSWER : FAULT_FRAME,
                        item.wrong);
        else if (item.kind == STREAM_ITEM_HEAD)
            self->state = VIEWER_OPEN;
        else if (item.kind == STREAM_ITEM_MESSAGE)
            stream_message(self, house, &item, now_ns);
        else if (!viewer_control(self, house, &item))
            viewer_fail(self, house, FAULT_END, item.wrong);
    }
    return at;
}

/* Bytes came, and what was kept before them; `got` says how the last read ended. */
static void
viewer_feed(viewer_t *self, house_t *house, const char *data, size_t size, long got)
{
    size_t used = viewer_take(self, house, data, size);
    if (self->state == VIEWER_OFF)
        return;
    if (got == 0) {
        viewer_fail(self, house, FAULT_END, "the connection has ended");
        return;
    }
    viewer_keep(self, house, data + used, size - used);
    if (self->deaf && self->state == VIEWER_OPEN && self->copy.whole)
        viewer_deafen(self, house);
}

/* Read on, behind what is at the beginning of the house's buffer. */
static void
viewer_read(viewer_t *self, house_t *house, size_t kept, bool all)
{
    long got;
    do {
        got = viewer_receive(self, house->buffer + kept, sizeof house->buffer - kept);
        if (got > 0) {
            house->bytes += (uint64_t)got;
            kept += (size_t)got;
        }
    } while (got > 0 && all && kept < sizeof house->buffer);
    bool more = kept == sizeof house->buffer;
    viewer_feed(self, house, house->buffer, kept, got);
    if (more && self->state != VIEWER_OFF)
        viewer_want(self, house, EPOLLIN);
}

bool
viewer_reads(const viewer_t *self, uint32_t events)
{
    return !self->ssl && !self->pending_size && events == EPOLLIN &&
           (self->state == VIEWER_ASKING || self->state == VIEWER_OPEN);
}

void
viewer_got(viewer_t *self, house_t *house, const burst_io_t *read)
{
    if (read->done == -EAGAIN || read->done == -EINTR)
        return;
    size_t size = read->done > 0 ? (size_t)read->done : 0;
    house->bytes += size;
    if (size < read->size) {
        viewer_feed(self, house, read->room, size, (long)size);
        return;
    }
    memcpy(house->buffer, read->room, size);
    viewer_read(self, house, size, true);
}

void
viewer_ready(viewer_t *self, house_t *house, uint32_t events)
{
    if (self->state == VIEWER_DEAF) {
        self->deaf_ns = load_now_ns(CLOCK_MONOTONIC) - self->began_ns;
        viewer_close(self, true, false, house);
        self->state = VIEWER_CUT;
        return;
    }
    if (self->state == VIEWER_CONNECTING && events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) {
        viewer_connected(self, house);
        return;
    }
    if (self->state == VIEWER_SECURING) {
        viewer_secure(self, house);
        return;
    }
    if (self->state != VIEWER_ASKING && self->state != VIEWER_OPEN)
        return;
    size_t kept = self->pending_size;
    if (kept)
        memcpy(house->buffer, self->pending, kept);
    /* A plain socket is empty when it gives less than there is room for, but for its end. */
    viewer_read(self, house, kept, self->ssl || events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR));
}
