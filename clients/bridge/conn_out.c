/* conn_out - what a connection sends; see edge.h for the contract. */
#include "clients/bridge/conn.h"
#include <assert.h>
#include <errno.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
    CONN_PROGRESS = 4096,    /* a reader that takes so much at once is no slow one */
    CONN_RECORD = 16 * 1024, /* of TLS */
};

static long
conn_send_tls(conn_t *self, const void *data, size_t size)
{
    ERR_clear_error();
    int sent = SSL_write(self->ssl, data, size > INT32_MAX ? INT32_MAX : (int)size);
    if (sent > 0)
        return sent;
    int why = SSL_get_error(self->ssl, sent);
    return why == SSL_ERROR_WANT_WRITE || why == SSL_ERROR_WANT_READ ? CONN_AGAIN : CONN_FAULT;
}

/* Bytes sent, CONN_AGAIN or CONN_FAULT. */
static long
conn_send(conn_t *self, const void *data, size_t size)
{
    if (self->ssl)
        return conn_send_tls(self, data, size);
    ssize_t sent = send(self->fd, data, size, MSG_NOSIGNAL);
    if (sent >= 0)
        return sent;
    return errno == EAGAIN || errno == EINTR ? CONN_AGAIN : CONN_FAULT;
}

void
conn_keep(conn_t *self, const void *data, size_t size)
{
    edge_t *edge = self->edge;
    if (self->state == CONN_DEAD || size == 0)
        return;
    size_t waits = self->out_size - self->out_at;
    if (waits + size > EDGE_OUT_MAX) {
        edge->figures.cut_slow++;
        conn_cut(self);
        return;
    }
    if (self->out_at && self->out_size + size > self->out_room) {
        memmove(self->out, self->out + self->out_at, waits);
        self->out_at = 0;
        self->out_size = (uint32_t)waits;
    }
    if (self->out_size + size > self->out_room) {
        size_t room = self->out_room ? self->out_room : 1024;
        while (room < self->out_size + size)
            room *= 2;
        char *out = realloc(self->out, room);
        if (!out) {
            conn_kill(self);
            return;
        }
        self->out = out;
        self->out_room = (uint32_t)room;
    }
    memcpy(self->out + self->out_size, data, size);
    self->out_size += (uint32_t)size;
    if (!wait_under_way(&self->lag))
        wait_begin(&edge->waits[EDGE_WAIT_LAG], &self->lag, edge->now_ms);
    if (!self->writing)
        self->writing = event_add(&self->write_event, NULL) == 0;
    if (!self->writing)
        conn_kill(self);
}

/* Book what a write came to; as conn_try_write. */
static long
conn_sent(conn_t *self, long sent)
{
    if (sent == CONN_FAULT) {
        conn_kill(self);
        return -1;
    }
    if (sent > 0)
        self->edge->figures.bytes_out += (uint64_t)sent;
    return sent > 0 ? sent : 0;
}

long
conn_try_write(conn_t *self, const void *data, size_t size)
{
    assert(conn_idle_out(self));
    if (self->state == CONN_DEAD)
        return -1;
    return conn_sent(self, conn_send(self, data, size));
}

long
conn_wrote(conn_t *self, long sent)
{
    assert(conn_idle_out(self) && !self->ssl);
    if (sent < 0)
        sent = sent == -EAGAIN || sent == -EINTR ? CONN_AGAIN : CONN_FAULT;
    return conn_sent(self, sent);
}

static long
conn_send_both(conn_t *self, const void *head, size_t head_size, const void *body, size_t body_size)
{
    if (self->ssl) {
        char record[CONN_RECORD];
        if (head_size + body_size > sizeof record)
            return 0; /* all of it is kept, and sent from there */
        memcpy(record, head, head_size);
        if (body_size)
            memcpy(record + head_size, body, body_size);
        return conn_send(self, record, head_size + body_size);
    }
    struct iovec parts[] = { { .iov_base = (void *)(uintptr_t)head, .iov_len = head_size },
                             { .iov_base = (void *)(uintptr_t)body, .iov_len = body_size } };
    const struct msghdr message = { .msg_iov = parts, .msg_iovlen = body_size ? 2 : 1 };
    ssize_t sent = sendmsg(self->fd, &message, MSG_NOSIGNAL);
    if (sent >= 0)
        return sent;
    return errno == EAGAIN || errno == EINTR ? CONN_AGAIN : CONN_FAULT;
}

void
conn_flush(conn_t *self)
{
    edge_t *edge = self->edge;
    while (!conn_idle_out(self)) {
        long sent = conn_send(self, self->out + self->out_at, self->out_size - self->out_at);
        if (sent == CONN_AGAIN)
            return;
        if (sent == CONN_FAULT) {
            conn_kill(self);
            return;
        }
        self->out_at += (uint32_t)sent;
        edge->figures.bytes_out += (uint64_t)sent;
        if (sent >= CONN_PROGRESS)
            wait_begin(&edge->waits[EDGE_WAIT_LAG], &self->lag, edge->now_ms);
    }
    free(self->out);
    self->out = NULL;
    self->out_at = self->out_size = self->out_room = 0;
    wait_end(&self->lag);
    (void)event_del(&self->write_event);
    self->writing = false;
}

void
conn_write(conn_t *self, const void *head, size_t head_size, const void *body, size_t body_size)
{
    if (self->state == CONN_DEAD)
        return;
    size_t done = 0;
    if (conn_idle_out(self)) {
        long sent = conn_send_both(self, head, head_size, body, body_size);
        if (sent == CONN_FAULT) {
            conn_kill(self);
            return;
        }
        done = sent > 0 ? (size_t)sent : 0;
        self->edge->figures.bytes_out += done;
    }
    if (done < head_size)
        conn_keep(self, (const char *)head + done, head_size - done);
    size_t of_body = done > head_size ? done - head_size : 0;
    if (of_body < body_size)
        conn_keep(self, (const char *)body + of_body, body_size - of_body);
    /* What TLS was not given yet goes now; a plain socket has just said that it is full. */
    if (self->ssl && self->state != CONN_DEAD && !conn_idle_out(self) && done == 0)
        conn_flush(self);
}
