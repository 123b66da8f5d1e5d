/* edge - listeners, addresses and time; see edge.h for the contract, conn.c for connections. */
#include "clients/bridge/edge.h"
#include "clients/bridge/conn.h"
#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <event2/listener.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { EDGE_ADDRESSES = 16384, EDGE_BACKLOG = 1024, EDGE_WHERE_MAX = 256 };

/* How many connections an address has; freed with the last. */
struct address_count {
    struct address_count *next;
    address_t address;
    uint32_t count;
};

static const uint8_t address_v4_prefix[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

static bool
address_is_v4(const address_t *address)
{
    return memcmp(address->bytes, address_v4_prefix, sizeof address_v4_prefix) == 0;
}

size_t
address_name_size(const address_t *address)
{
    return address_is_v4(address) ? 16 : 8;
}

void
address_text(const address_t *address, char text[EDGE_ADDRESS_TEXT])
{
    bool v4 = address_is_v4(address);
    const char *done =
        inet_ntop(v4 ? AF_INET : AF_INET6, address->bytes + (v4 ? 12 : 0), text, EDGE_ADDRESS_TEXT);
    if (!done)
        snprintf(text, EDGE_ADDRESS_TEXT, "?");
}

bool
address_read(const char *text, address_t *address)
{
    memcpy(address->bytes, address_v4_prefix, sizeof address_v4_prefix);
    return inet_pton(AF_INET, text, address->bytes + 12) == 1 ||
           inet_pton(AF_INET6, text, address->bytes) == 1;
}

static void
address_of(const struct sockaddr *from, address_t *address)
{
    memset(address, 0, sizeof *address);
    if (from->sa_family == AF_INET) {
        memcpy(address->bytes, address_v4_prefix, sizeof address_v4_prefix);
        memcpy(address->bytes + 12, &((const struct sockaddr_in *)(const void *)from)->sin_addr, 4);
    } else if (from->sa_family == AF_INET6)
        memcpy(address->bytes, &((const struct sockaddr_in6 *)(const void *)from)->sin6_addr, 16);
}

/* FNV-1a: an address cannot be chosen freely enough to make long chains matter. */
static struct address_count **
address_chain(edge_t *self, const address_t *address)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < address_name_size(address); i++)
        hash = (hash ^ address->bytes[i]) * 16777619u;
    return &self->addresses[hash % EDGE_ADDRESSES];
}

/* Count a connection of an address; NULL when it has too many, or memory is short. */
static struct address_count *
address_enter(edge_t *self, const address_t *address)
{
    struct address_count **chain = address_chain(self, address), *at = *chain;
    while (at && memcmp(&at->address, address, address_name_size(address)) != 0)
        at = at->next;
    if (!at) {
        at = malloc(sizeof *at);
        if (!at)
            return NULL;
        *at = (struct address_count){ .next = *chain, .address = *address };
        *chain = at;
    }
    if (at->count >= self->limits.per_address_max)
        return NULL;
    at->count++;
    return at;
}

void
edge_leave(edge_t *self, struct address_count *counted)
{
    assert(counted->count > 0);
    if (--counted->count > 0)
        return;
    struct address_count **at = address_chain(self, &counted->address);
    while (*at != counted)
        at = &(*at)->next;
    *at = counted->next;
    free(counted);
}

int64_t
edge_clock_ms(void)
{
    struct timespec now;
    int fault = clock_gettime(CLOCK_MONOTONIC, &now);
    assert(fault == 0);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool
edge_is_tls(const edge_t *self, const struct evconnlistener *listener)
{
    for (uint32_t i = 0; i < self->listener_count; i++)
        if (self->listeners[i] == listener)
            return self->listener_tls[i];
    return false;
}

void
edge_adopt(edge_t *self, int fd, const address_t *address, bool tls)
{
    self->figures.accepted++;
    if (self->connections >= self->limits.connections_max) {
        self->figures.refused_total++;
        close(fd);
        return;
    }
    struct address_count *counted = address_enter(self, address);
    if (!counted) {
        self->figures.refused_address++;
        close(fd);
        return;
    }
    if (conn_new(self, fd, address, counted, tls ? self->tls : NULL) != 0) {
        edge_leave(self, counted);
        close(fd);
    }
}

static void
edge_accepted(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *from,
              int from_size, void *argument)
{
    edge_t *self = argument;
    address_t address;
    (void)from_size;
    address_of(from, &address);
    edge_adopt(self, fd, &address, edge_is_tls(self, listener));
}

/* No descriptor left, most likely: the tick takes the listener up again. */
static void
edge_accept_failed(struct evconnlistener *listener, void *argument)
{
    (void)argument;
    (void)evconnlistener_disable(listener);
}

/* What to do about a wait that is over. */
static void
edge_waited(conn_t *conn, edge_wait_t kind)
{
    edge_t *self = conn->edge;
    switch (kind) {
    case EDGE_WAIT_IDLE:
        conn_end(conn);
        return;
    case EDGE_WAIT_HEAD:
    case EDGE_WAIT_BODY:
        self->figures.timeouts++;
        conn_refuse(conn, 408, "the request did not come in time");
        return;
    case EDGE_WAIT_PING:
        conn_silent(conn);
        return;
    case EDGE_WAIT_LAG:
        self->figures.cut_slow++;
        conn_cut(conn);
        return;
    case EDGE_WAIT_HANDSHAKE:
    case EDGE_WAIT_LINGER:
    case EDGE_WAITS:
    default:
        conn_kill(conn);
        return;
    }
}

static void
edge_ticked(evutil_socket_t fd, short what, void *argument)
{
    edge_t *self = argument;
    (void)fd;
    (void)what;
    self->now_ms = edge_clock_ms();
    for (uint32_t kind = 0; kind < EDGE_WAITS; kind++) {
        wait_node_t *node;
        size_t offset = kind == EDGE_WAIT_LAG ? offsetof(conn_t, lag) : offsetof(conn_t, wait);
        while ((node = wait_over(&self->waits[kind], self->now_ms)))
            edge_waited((conn_t *)(void *)((char *)node - offset), (edge_wait_t)kind);
    }
    for (uint32_t i = 0; i < self->listener_count; i++)
        if (self->listeners[i])
            (void)evconnlistener_enable(self->listeners[i]);
}

static void
edge_buried(evutil_socket_t fd, short what, void *argument)
{
    edge_t *self = argument;
    (void)fd;
    (void)what;
    while (self->dead) {
        conn_t *conn = self->dead;
        self->dead = conn->next_dead;
        conn_free(conn);
    }
}

edge_t *
edge_new(struct event_base *base, const edge_limits_t *limits, const edge_handlers_t *handlers,
         void *owner)
{
    edge_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->base = base;
    self->limits = *limits;
    self->handlers = *handlers;
    self->owner = owner;
    self->now_ms = edge_clock_ms();
    const int64_t lasts_ms[EDGE_WAITS] = {
        [EDGE_WAIT_HANDSHAKE] = EDGE_HANDSHAKE_MS, [EDGE_WAIT_HEAD] = limits->head_ms,
        [EDGE_WAIT_BODY] = limits->body_ms,        [EDGE_WAIT_IDLE] = limits->idle_ms,
        [EDGE_WAIT_LINGER] = EDGE_LINGER_MS,       [EDGE_WAIT_PING] = EDGE_PING_MS,
        [EDGE_WAIT_LAG] = limits->write_ms,
    };
    for (uint32_t kind = 0; kind < EDGE_WAITS; kind++)
        wait_init(&self->waits[kind], lasts_ms[kind]);
    self->addresses = calloc(EDGE_ADDRESSES, sizeof(struct address_count *));
    self->tick = event_new(base, -1, EV_PERSIST, edge_ticked, self);
    self->bury = event_new(base, -1, 0, edge_buried, self);
    const struct timeval every = { .tv_usec = EDGE_TICK_MS * 1000 };
    if (!self->addresses || !self->tick || !self->bury || event_add(self->tick, &every) != 0)
        edge_destroy(&self);
    return self;
}

static void
edge_kill_all(edge_t *self)
{
    for (uint32_t kind = 0; kind < EDGE_WAITS; kind++) {
        wait_node_t *node;
        size_t offset = kind == EDGE_WAIT_LAG ? offsetof(conn_t, lag) : offsetof(conn_t, wait);
        while ((node = wait_over(&self->waits[kind], INT64_MAX)))
            conn_kill((conn_t *)(void *)((char *)node - offset));
    }
}

void
edge_destroy(edge_t **self_p)
{
    edge_t *self = *self_p;
    if (!self)
        return;
    *self_p = NULL;
    edge_stop_listening(self);
    edge_kill_all(self);
    edge_buried(-1, 0, self);
    SSL_CTX_free(self->tls);
    if (self->tick)
        event_free(self->tick);
    if (self->bury)
        event_free(self->bury);
    free(self->addresses);
    free(self);
}

/* Accepted connections inherit TCP_NODELAY, and that a reader which has stopped fills the kernel's
 * memory by kilobytes: else megabytes hide that it lags. A socket that was handed over needs it as
 * well; one that is not TCP has neither. */
static void
edge_set_options(int fd)
{
    int on = 1, unsent = EDGE_UNSENT_MAX;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof unsent);
}

int
edge_listen_fd(edge_t *self, int fd, bool tls, char *error, size_t room)
{
    if (self->listener_count == EDGE_LISTENERS_MAX) {
        snprintf(error, room, "more than %d listeners", EDGE_LISTENERS_MAX);
        return -1;
    }
    int listens = 0;
    socklen_t listens_size = sizeof listens;
    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &listens_size) != 0 || !listens) {
        snprintf(error, room, "descriptor %d is not a socket that listens", fd);
        return -1;
    }
    struct evconnlistener *listener =
        evconnlistener_new(self->base, edge_accepted, self, LEV_OPT_CLOSE_ON_EXEC, 0, fd);
    if (!listener || evutil_make_socket_nonblocking(fd) != 0) {
        snprintf(error, room, "cannot listen: %s", strerror(errno));
        if (listener)
            evconnlistener_free(listener);
        return -1;
    }
    edge_set_options(fd);
    evconnlistener_set_error_cb(listener, edge_accept_failed);
    uint32_t at = self->listener_count++;
    self->listeners[at] = listener;
    self->listener_fds[at] = fd;
    self->listener_tls[at] = tls;
    return 0;
}

/* Take ADDRESS:PORT apart in place. */
static bool
edge_split(char *where, char **host, char **port)
{
    char *colon = strrchr(where, ':');
    if (!colon || !colon[1])
        return false;
    *colon = 0;
    *port = colon + 1;
    *host = where;
    size_t size = strlen(where);
    if (where[0] == '[' && size > 1 && where[size - 1] == ']') {
        where[size - 1] = 0;
        *host = where + 1;
    }
    return **host != 0;
}

static int
edge_bind(const struct addrinfo *address)
{
    int on = 1;
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
        (address->ai_family != AF_INET6 ||
         setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) == 0) &&
        bind(fd, address->ai_addr, address->ai_addrlen) == 0 && listen(fd, EDGE_BACKLOG) == 0)
        return fd;
    int saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

int
edge_listen(edge_t *self, const char *where, bool tls, char *error, size_t room)
{
    char text[EDGE_WHERE_MAX], *host, *port;
    const struct addrinfo hints = { .ai_family = AF_UNSPEC,
                                    .ai_socktype = SOCK_STREAM,
                                    .ai_flags = AI_PASSIVE | AI_NUMERICSERV };
    struct addrinfo *found = NULL;
    if (snprintf(text, sizeof text, "%s", where) >= (int)sizeof text ||
        !edge_split(text, &host, &port)) {
        snprintf(error, room, "\"%.100s\" is not ADDRESS:PORT", where);
        return -1;
    }
    int wrong = getaddrinfo(host, port, &hints, &found);
    if (wrong) {
        snprintf(error, room, "%.100s: %s", where, gai_strerror(wrong));
        return -1;
    }
    int fd = edge_bind(found);
    int saved = errno;
    freeaddrinfo(found);
    if (fd < 0) {
        snprintf(error, room, "%.100s: %s", where,
                 saved == EADDRINUSE ? "another program listens there already" : strerror(saved));
        return -1;
    }
    if (edge_listen_fd(self, fd, tls, error, room) == 0)
        return 0;
    close(fd);
    return -1;
}

uint16_t
edge_port(const edge_t *self, uint32_t listener)
{
    struct sockaddr_storage name;
    socklen_t size = sizeof name;
    if (listener >= self->listener_count ||
        getsockname(self->listener_fds[listener], (struct sockaddr *)&name, &size) != 0)
        return 0;
    return ntohs(name.ss_family == AF_INET6
                     ? ((const struct sockaddr_in6 *)(const void *)&name)->sin6_port
                     : ((const struct sockaddr_in *)(const void *)&name)->sin_port);
}

void
edge_stop_listening(edge_t *self)
{
    for (uint32_t i = 0; i < self->listener_count; i++) {
        if (!self->listeners[i])
            continue;
        evconnlistener_free(self->listeners[i]);
        close(self->listener_fds[i]);
        self->listeners[i] = NULL;
    }
}

void
edge_end_idle(edge_t *self)
{
    wait_node_t *node;
    while ((node = wait_over(&self->waits[EDGE_WAIT_IDLE], INT64_MAX)))
        conn_end((conn_t *)(void *)((char *)node - offsetof(conn_t, wait)));
}
