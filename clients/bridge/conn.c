/* conn - one connection: bytes in, requests out, answers back; see edge.h for the contract. */
#include "clients/bridge/conn.h"
#include <assert.h>
#include <errno.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    CONN_READS = 4,             /* in a row, before others get their turn */
    CONN_LINGER_BYTES = 262144, /* read away from one who talks on after the end */
};

static void conn_readable(evutil_socket_t fd, short what, void *argument);
static void conn_writable(evutil_socket_t fd, short what, void *argument);

void
conn_wait(conn_t *self, edge_wait_t kind)
{
    self->wait_kind = (uint8_t)kind;
    wait_begin(&self->edge->waits[kind], &self->wait, self->edge->now_ms);
}

int
conn_new(edge_t *edge, int fd, const address_t *address, struct address_count *counted,
         SSL_CTX *tls)
{
    conn_t *self = calloc(1, sizeof *self);
    if (!self)
        return -1;
    self->edge = edge;
    self->fd = fd;
    self->address = *address;
    self->counted = counted;
    self->state = tls ? CONN_HANDSHAKE : CONN_READING;
    if (tls) {
        self->ssl = SSL_new(tls);
        if (!self->ssl || SSL_set_fd(self->ssl, fd) != 1) {
            SSL_free(self->ssl);
            free(self);
            return -1;
        }
        SSL_set_accept_state(self->ssl);
    }
    if (event_assign(&self->read_event, edge->base, fd, EV_READ | EV_PERSIST, conn_readable,
                     self) != 0 ||
        event_assign(&self->write_event, edge->base, fd, EV_WRITE | EV_PERSIST, conn_writable,
                     self) != 0 ||
        event_add(&self->read_event, NULL) != 0) {
        SSL_free(self->ssl);
        free(self);
        return -1;
    }
    edge->connections++;
    conn_wait(self, tls ? EDGE_WAIT_HANDSHAKE : EDGE_WAIT_HEAD);
    return 0;
}

void
conn_free(conn_t *self)
{
    assert(self->state == CONN_DEAD);
    free(self->in);
    free(self->out);
    free(self->reader);
    free(self);
}

void
conn_kill(conn_t *self)
{
    edge_t *edge = self->edge;
    if (self->state == CONN_DEAD)
        return;
    self->state = CONN_DEAD;
    (void)event_del(&self->read_event);
    (void)event_del(&self->write_event);
    wait_end(&self->wait);
    wait_end(&self->lag);
    SSL_free(self->ssl);
    self->ssl = NULL;
    close(self->fd);
    edge->connections--;
    edge_leave(edge, self->counted);
    if (self->owner)
        edge->handlers.gone(edge->owner, self);
    self->owner = NULL;
    self->next_dead = edge->dead;
    edge->dead = self;
    event_active(edge->bury, EV_TIMEOUT, 0);
}

void
conn_cut(conn_t *self)
{
    const struct linger at_once = { .l_onoff = 1, .l_linger = 0 };
    if (self->state != CONN_DEAD)
        (void)setsockopt(self->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    conn_kill(self);
}

/* ------------------------------------------------------------------ the end */

static void
conn_linger(conn_t *self)
{
    if (self->ssl) {
        ERR_clear_error();
        (void)SSL_shutdown(self->ssl);
    }
    (void)shutdown(self->fd, SHUT_WR);
    conn_wait(self, EDGE_WAIT_LINGER);
}

void
conn_end(conn_t *self)
{
    if (self->state == CONN_DEAD || self->state == CONN_ENDING)
        return;
    if (self->owner)
        self->edge->handlers.gone(self->edge->owner, self);
    self->owner = NULL;
    self->state = CONN_ENDING;
    self->in_size = 0;
    self->head_size = CONN_LINGER_BYTES; /* from here on: what is still read away */
    wait_end(&self->wait);
    if (self->paused)
        self->paused = event_add(&self->read_event, NULL) != 0;
    if (conn_idle_out(self))
        conn_linger(self);
}

void
conn_refuse(conn_t *self, uint16_t status, const char *reason)
{
    edge_t *edge = self->edge;
    edge->figures.bad_requests++;
    self->keep_alive = false;
    self->state = CONN_ANSWERING;
    edge->handlers.refused(edge->owner, self, status, reason);
    if (self->state == CONN_ANSWERING)
        conn_end(self);
}

/* ------------------------------------------------------------------ requests */

/* Keep what was not taken, for when more comes. False: it was killed. */
bool
conn_stash(conn_t *self, const char *data, size_t size)
{
    if (size == 0) {
        free(self->in);
        self->in = NULL;
        self->in_size = self->in_room = 0;
        return true;
    }
    if (data >= self->in && self->in && data < self->in + self->in_room) {
        memmove(self->in, data, size);
        self->in_size = (uint32_t)size;
        return true;
    }
    if (size > self->in_room) {
        size_t room = 512;
        while (room < size)
            room *= 2;
        char *in = realloc(self->in, room);
        if (!in) {
            conn_kill(self);
            return false;
        }
        self->in = in;
        self->in_room = (uint32_t)room;
    }
    memcpy(self->in, data, size);
    self->in_size = (uint32_t)size;
    return true;
}

/* The head is whole: how is the body? HTTP_DONE: all there, in one piece behind the head, *body
 * bytes of it, *used of data in all. */
static http_verdict_t
conn_body(conn_t *self, const http_request_t *request, char *data, size_t *size, size_t *body,
          size_t *used)
{
    uint32_t max = self->edge->limits.body_max;
    if (!request->chunked) {
        if (request->content_length > max) {
            self->chunks.status = 413;
            self->chunks.reason = "the body is too large";
            return HTTP_BAD;
        }
        *body = (size_t)request->content_length;
        *used = self->head_size + *body;
        return *size >= *used ? HTTP_DONE : HTTP_MORE;
    }
    char *raw = data + self->head_size;
    size_t at = self->raw_at;
    http_verdict_t verdict = http_chunks(&self->chunks, raw, *size - self->head_size, &at, max);
    *body = self->chunks.size;
    *used = self->head_size + at;
    if (verdict == HTTP_MORE) { /* close the gap between what is decoded and what is not read yet */
        size_t left = *size - *used;
        memmove(raw + *body, raw + at, left);
        self->raw_at = (uint32_t)*body;
        *size = self->head_size + *body + left;
    }
    return verdict;
}

static void
conn_continue(conn_t *self, const http_request_t *request)
{
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
    conn_wait(self, EDGE_WAIT_BODY);
    if (request->expects_continue)
        conn_write(self, go_on, sizeof go_on - 1, NULL, 0);
}

/* Take one request from the front of `data`: bytes used, 0 when it is not all there or was refused.
 */
static size_t
conn_take_request(conn_t *self, char *data, size_t *size)
{
    edge_t *edge = self->edge;
    http_request_t request;
    size_t head_size = 0, body = 0, used = 0;
    bool whole_before = self->head_size != 0;
    if (whole_before)
        self->parser = (http_parser_t){ 0 };
    http_verdict_t verdict = http_head(&self->parser, data, *size, &request, &head_size);
    if (verdict == HTTP_BAD) {
        conn_refuse(self, self->parser.status, self->parser.reason);
        return 0;
    }
    if (verdict == HTTP_MORE) {
        if (self->wait_kind != EDGE_WAIT_HEAD)
            conn_wait(self, EDGE_WAIT_HEAD);
        return 0;
    }
    self->head_size = (uint32_t)head_size;
    verdict = conn_body(self, &request, data, size, &body, &used);
    if (verdict == HTTP_BAD) {
        conn_refuse(self, self->chunks.status, self->chunks.reason);
        return 0;
    }
    if (verdict == HTTP_MORE) {
        if (!whole_before)
            conn_continue(self, &request);
        return 0;
    }
    edge->figures.requests++;
    wait_end(&self->wait);
    self->state = CONN_ANSWERING;
    self->keep_alive = request.keep_alive;
    edge->handlers.request(edge->owner, self, &request,
                           (http_text_t){ data + self->head_size, body });
    return used;
}

/* Take all requests that are there; what is left is kept. */
static void
conn_take(conn_t *self, char *data, size_t size)
{
    size_t at = 0;
    self->in_turn = true;
    while (self->state == CONN_READING && at < size) {
        size_t left = size - at;
        size_t used = conn_take_request(self, data + at, &left);
        size = at + left;
        if (!used)
            break;
        at += used;
    }
    self->in_turn = false;
    if (self->state == CONN_DEAD || self->state == CONN_ENDING)
        return;
    if (self->state == CONN_STREAMING)
        at = size;
    (void)conn_stash(self, data + at, size - at);
}

void
conn_answered(conn_t *self)
{
    if (self->state != CONN_ANSWERING)
        return;
    self->owner = NULL;
    self->requests++;
    if (!self->keep_alive) {
        conn_end(self);
        return;
    }
    self->state = CONN_READING;
    self->parser = (http_parser_t){ 0 };
    self->chunks = (http_chunks_t){ 0 };
    self->head_size = self->raw_at = 0;
    conn_wait(self, EDGE_WAIT_IDLE);
    if (self->in_turn)
        return;
    if (self->paused)
        self->paused = event_add(&self->read_event, NULL) != 0;
    if (self->in_size)
        conn_take(self, self->in, self->in_size);
}

/* ------------------------------------------------------------------ reading */

/* Bytes read, 0: the peer has ended, CONN_AGAIN or CONN_FAULT. */
static long
conn_receive(conn_t *self, char *to, size_t room)
{
    if (!self->ssl) {
        ssize_t got = recv(self->fd, to, room, 0);
        if (got >= 0)
            return got;
        return errno == EAGAIN || errno == EINTR ? CONN_AGAIN : CONN_FAULT;
    }
    ERR_clear_error();
    int got = SSL_read(self->ssl, to, (int)room);
    if (got > 0)
        return got;
    int why = SSL_get_error(self->ssl, got);
    if (why == SSL_ERROR_ZERO_RETURN)
        return 0;
    return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? CONN_AGAIN : CONN_FAULT;
}

static void
conn_handshake(conn_t *self)
{
    edge_t *edge = self->edge;
    ERR_clear_error();
    int done = SSL_accept(self->ssl);
    int why = done == 1 ? SSL_ERROR_NONE : SSL_get_error(self->ssl, done);
    if (why == SSL_ERROR_WANT_READ)
        return;
    if (why == SSL_ERROR_WANT_WRITE) {
        self->writing = self->writing || event_add(&self->write_event, NULL) == 0;
        return;
    }
    if (why != SSL_ERROR_NONE) {
        edge->figures.handshake_failures++;
        conn_kill(self);
        return;
    }
    edge->figures.handshakes++;
    if (self->writing)
        (void)event_del(&self->write_event);
    self->writing = false;
    self->state = CONN_READING;
    conn_wait(self, EDGE_WAIT_HEAD);
}

static void
conn_drop_input(conn_t *self, size_t size)
{
    if (self->state != CONN_ENDING)
        return;
    if (size >= self->head_size)
        conn_kill(self);
    else
        self->head_size -= (uint32_t)size;
}

/* Bytes came; they stand in the edge's buffer. */
static void
conn_took(conn_t *self, char *data, size_t size)
{
    if (self->state == CONN_STREAMING || self->state == CONN_ENDING) {
        conn_drop_input(self, size);
        return;
    }
    if (self->in_size) { /* what was kept and what came, in one piece */
        if (self->in_size + size > self->in_room) {
            size_t room = self->in_room;
            while (room < self->in_size + size)
                room *= 2;
            char *in = realloc(self->in, room);
            if (!in) {
                conn_kill(self);
                return;
            }
            self->in = in;
            self->in_room = (uint32_t)room;
        }
        memcpy(self->in + self->in_size, data, size);
        size += self->in_size;
        self->in_size = (uint32_t)size;
        data = self->in;
    }
    if (self->state == CONN_READING)
        conn_take(self, data, size);
    else if (self->state == CONN_SOCKET)
        conn_take_frames(self, data, size);
    else if (data == self->in || conn_stash(self, data, size)) {
        /* A client that talks on before it is answered waits in the kernel beyond this. */
        if (self->in_size >= EDGE_READ_SIZE) {
            (void)event_del(&self->read_event);
            self->paused = true;
        }
    }
}

static void
conn_readable(evutil_socket_t fd, short what, void *argument)
{
    conn_t *self = argument;
    edge_t *edge = self->edge;
    (void)fd;
    (void)what;
    edge->now_ms = edge_clock_ms();
    if (self->state == CONN_HANDSHAKE)
        conn_handshake(self);
    if (self->early && self->state == CONN_SOCKET) {
        self->early = false;
        conn_take_frames(self, self->in, self->in_size);
    }
    for (int reads = 0; reads < CONN_READS && self->state != CONN_DEAD && !self->paused; reads++) {
        if (self->state == CONN_HANDSHAKE)
            return;
        long got = conn_receive(self, edge->read_buffer, sizeof edge->read_buffer);
        if (got == CONN_AGAIN)
            break;
        if (got <= 0) {
            conn_kill(self);
            return;
        }
        edge->figures.bytes_in += (uint64_t)got;
        conn_took(self, edge->read_buffer, (size_t)got);
        if (!self->ssl && (size_t)got < sizeof edge->read_buffer)
            break;
        /* What TLS has decoded no event tells of. */
        if (self->ssl && self->state != CONN_DEAD && reads == CONN_READS - 1 &&
            SSL_pending(self->ssl) > 0)
            event_active(&self->read_event, EV_READ, 0);
    }
    if (self->ssl && self->state != CONN_DEAD && !conn_idle_out(self))
        conn_flush(self);
}

static void
conn_writable(evutil_socket_t fd, short what, void *argument)
{
    conn_t *self = argument;
    edge_t *edge = self->edge;
    (void)fd;
    (void)what;
    edge->now_ms = edge_clock_ms();
    if (self->state == CONN_HANDSHAKE) {
        conn_handshake(self);
        return;
    }
    conn_flush(self);
    if (self->state == CONN_DEAD || !conn_idle_out(self))
        return;
    if (self->state == CONN_ENDING)
        conn_linger(self);
    else if (self->state == CONN_SOCKET || self->state == CONN_STREAMING)
        edge->handlers.writable(edge->owner, self);
}
