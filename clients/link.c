/* link - see link.h for the contract. */
#include "clients/link.h"
#include "broker/wire.h"
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum {
    LINK_ENDPOINT_MAX = 256,
    LINK_MESSAGE_MAX = 64 * WIRE_MESSAGE_MAX, /* replies and events may be more than a client's */
};

/* Socket options that are ints, set on both sockets. Heartbeats find a peer that is gone without
 * having said so; without a handshake limit a half-open connection is never retried. */
static const struct {
    int name, value;
} link_options[] = {
    { ZMQ_LINGER, 0 },
    { ZMQ_IMMEDIATE, 1 },
    { ZMQ_HANDSHAKE_IVL, 1000 },
    { ZMQ_RECONNECT_IVL, 50 },
    { ZMQ_RECONNECT_IVL_MAX, 500 },
    { ZMQ_HEARTBEAT_IVL, 2000 },
    { ZMQ_HEARTBEAT_TIMEOUT, 6000 },
    { ZMQ_IPV6, 0 },
};

static int
link_curve(void *socket, const marquee_options_t *options)
{
    if (!options->server_key)
        return 0;
    const struct {
        int name;
        const char *key;
    } keys[] = {
        { ZMQ_CURVE_SERVERKEY, options->server_key },
        { ZMQ_CURVE_PUBLICKEY, options->public_key },
        { ZMQ_CURVE_SECRETKEY, options->secret_key },
    };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (!keys[i].key || strlen(keys[i].key) != MARQUEE_KEY_SIZE) {
            errno = EINVAL;
            return -1;
        }
        if (zmq_setsockopt(socket, keys[i].name, keys[i].key, MARQUEE_KEY_SIZE + 1))
            return -1;
    }
    return 0;
}

static void *
link_socket(link_t *self, int type, const marquee_options_t *options, const char *endpoint)
{
    void *socket = zmq_socket(self->context, type);
    if (!socket)
        return NULL;
    int fault = link_curve(socket, options);
    for (size_t i = 0; !fault && i < sizeof link_options / sizeof link_options[0]; i++)
        fault = zmq_setsockopt(socket, link_options[i].name, &link_options[i].value,
                               sizeof link_options[i].value);
    int64_t message_max = LINK_MESSAGE_MAX;
    if (!fault)
        fault = zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &message_max, sizeof message_max);
    int fd;
    size_t size = sizeof fd;
    if (!fault)
        fault = zmq_getsockopt(socket, ZMQ_FD, &fd, &size);
    if (!fault) {
        struct epoll_event interest = { .events = EPOLLIN };
        fault = epoll_ctl(self->fd, EPOLL_CTL_ADD, fd, &interest);
    }
    if (!fault)
        fault = zmq_connect(socket, endpoint);
    if (!fault)
        return socket;
    int saved = errno;
    (void)zmq_close(socket);
    errno = saved;
    return NULL;
}

/* Where nobody says where events come from, they come from the next port. */
static int
link_next_port(const char *endpoint, char *events)
{
    const char *colon = strrchr(endpoint, ':');
    char *end;
    unsigned long port = colon ? strtoul(colon + 1, &end, 10) : 0;
    if (strncmp(endpoint, "tcp://", 6) != 0 || port == 0 || port >= 65535 || *end)
        return -1;
    int size = snprintf(events, LINK_ENDPOINT_MAX, "%.*s:%lu", (int)(colon - endpoint), endpoint,
                        port + 1);
    return size < LINK_ENDPOINT_MAX ? 0 : -1;
}

int
link_open(link_t *self, const marquee_options_t *options)
{
    *self = (link_t){ .fd = epoll_create1(EPOLL_CLOEXEC) };
    if (self->fd < 0)
        return -1;
    const char *endpoint = options->endpoint ? options->endpoint : MARQUEE_ENDPOINT;
    char next[LINK_ENDPOINT_MAX];
    const char *events = options->events;
    if (!events && link_next_port(endpoint, next) == 0)
        events = next;
    self->context = zmq_ctx_new();
    if (!self->context)
        goto fault;
    self->commands = link_socket(self, ZMQ_DEALER, options, endpoint);
    if (!self->commands)
        goto fault;
    if (events) {
        self->events = link_socket(self, ZMQ_SUB, options, events);
        if (!self->events)
            goto fault;
    }
    return 0;
fault:;
    int saved = errno;
    link_close(self);
    errno = saved;
    return -1;
}

void
link_close(link_t *self)
{
    if (self->events)
        (void)zmq_close(self->events);
    if (self->commands)
        (void)zmq_close(self->commands);
    /* A signal may interrupt it, and linger is 0, so it ends soon. */
    while (self->context && zmq_ctx_term(self->context) && errno == EINTR)
        continue;
    if (self->fd >= 0)
        (void)close(self->fd);
    *self = (link_t){ .fd = -1 };
}

int
link_send(link_t *self, zmq_msg_t *message)
{
    int sent;
    do
        sent = zmq_msg_send(message, self->commands, ZMQ_DONTWAIT);
    while (sent < 0 && errno == EINTR);
    if (sent >= 0)
        return 1;
    int saved = errno;
    (void)zmq_msg_close(message);
    errno = saved;
    return errno == EAGAIN ? 0 : -1;
}

bool
link_writable(const link_t *self)
{
    int events = 0;
    size_t size = sizeof events;
    return zmq_getsockopt(self->commands, ZMQ_EVENTS, &events, &size) == 0 &&
           (events & ZMQ_POLLOUT);
}

int
link_receive(void *socket, zmq_msg_t *message)
{
    if (!socket)
        return 0;
    int size;
    do
        size = zmq_msg_recv(message, socket, ZMQ_DONTWAIT);
    while (size < 0 && errno == EINTR);
    if (size >= 0)
        return 1;
    return errno == EAGAIN ? 0 : -1;
}

int
link_wait(link_t *self, bool sending, long timeout_ms)
{
    zmq_pollitem_t items[] = {
        { .socket = self->commands, .events = (short)(ZMQ_POLLIN | (sending ? ZMQ_POLLOUT : 0)) },
        { .socket = self->events, .events = ZMQ_POLLIN },
    };
    return zmq_poll(items, self->events ? 2 : 1, timeout_ms) < 0 ? -1 : 0;
}
