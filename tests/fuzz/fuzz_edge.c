/* fuzz_edge - whatever a client writes to the bridge: requests as they come, and bodies of every
 * route by a caller who is known. The server is away, so every command that is well-formed is
 * answered 503: all of the way to it is gone. */
#include "clients/bridge/bridge.h"
#include "clients/bridge/hall.h"
#include "clients/bridge/list.h"
#include "clients/bridge/revoked_live.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/tokens.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EDGE_TURNS = 4, EDGE_MEMORY = 1024 * 1024, EDGE_ANSWER_MAX = 512 * 1024 };

static bridge_t edge_bridge;
static char edge_bearer[TOKEN_JWT_MAX + 32];
static char edge_answer[EDGE_ANSWER_MAX];

/* There is nobody to send to. */
static void
edge_turned(evutil_socket_t fd, short what, void *argument)
{
    (void)fd;
    (void)what;
    (void)argument;
    edge_bridge.turn_due = false;
    edge_bridge.turn_calls = 0;
}

static void
edge_start(void)
{
    bridge_t *self = &edge_bridge;
    char error[ZPL_ERROR_MAX];
    static const uint8_t key[16] = { 1 };
    const edge_limits_t limits = { .connections_max = 16,
                                   .per_address_max = 16,
                                   .body_max = 65536,
                                   .head_ms = 10000,
                                   .body_ms = 10000,
                                   .idle_ms = 10000,
                                   .write_ms = 10000 };
    const marquee_options_t options = { .endpoint = "inproc://nobody",
                                        .events = "inproc://nothing" };
    bridge_conf_defaults(&self->conf);
    self->log_level = -1;
    self->base = event_base_new();
    FUZZ_HOLDS(self->base != NULL);
    self->edge = edge_new(self->base, &limits, &serve_handlers, self);
    self->marquee = marquee_new(&options);
    self->turn = event_new(self->base, -1, 0, edge_turned, NULL);
    self->kiosks = calloc(1, sizeof *self->kiosks);
    self->halls = halls_new(self);
    self->list = list_new(self);
    self->revoked = revoked_new(REVOKED_MAX, key);
    self->revoked_live = revoked_live_new(self);
    FUZZ_HOLDS(self->revoked && self->revoked_live);
    self->audit = open("/dev/null", O_WRONLY);
    for (lane_kind_t lane = LANE_READ; lane < LANES; lane++)
        self->by_address[lane] = limit_new(64, 1000000000, 1000000000, key);
    self->by_user = limit_new(64, 1000000000, 1000000000, key);
    FUZZ_HOLDS(self->edge && self->marquee && self->kiosks && self->halls && self->list);
    FUZZ_HOLDS(token_ring_read(&self->ring, tokens_ring_text, strlen(tokens_ring_text), error,
                               sizeof error) == 0);
    token_jwt_t jwt = { .subject = "g77", .role = TOKEN_ROLE_MEMBER, .issued_s = 1 };
    jwt.expires_s = INT64_C(99999999999);
    int size = snprintf(edge_bearer, sizeof edge_bearer, "Authorization: Bearer ");
    size_t made = token_jwt(&self->ring, "marquee", &jwt, edge_bearer + size, TOKEN_JWT_MAX);
    FUZZ_HOLDS(made > 0);
    snprintf(edge_bearer + size + made, 3, "\r\n");
}

/* A well-formed request for some route, with what comes as its body. */
static size_t
edge_wrap(const uint8_t *data, size_t size, char *to, size_t room)
{
    const route_t *route = route_of((route_id_t)(data[0] % ROUTES));
    char path[128];
    size_t at = 0;
    for (const char *from = route->path; *from; from++) {
        static const char *const words[] = { "{showtime}", "2611230803",
                                             "{lock}",     "1",
                                             "{order}",    "M0000002DTA8930000002Q",
                                             "{ticket}",   "M0000002DTA8930000002Q-30",
                                             "{place}",    "2611230803-5",
                                             "{kiosk}",    "lobby" };
        size_t word = 0;
        while (word < 12 && strncmp(from, words[word], strlen(words[word])) != 0)
            word += 2;
        if (word < 12) {
            at += (size_t)snprintf(path + at, sizeof path - at, "%s", words[word + 1]);
            from += strlen(words[word]) - 1;
        } else
            path[at++] = *from;
    }
    path[at] = 0;
    int head = snprintf(to, room,
                        "%s %s HTTP/1.1\r\nHost: a\r\n%sContent-Type: application/json\r\n"
                        "Content-Length: %zu\r\n\r\n",
                        route_method_name(route->method), path, edge_bearer, size - 1);
    FUZZ_HOLDS((size_t)head + size <= room);
    memcpy(to + head, data + 1, size - 1);
    return (size_t)head + size - 1;
}

static void
edge_turn(void)
{
    for (int i = 0; i < EDGE_TURNS; i++)
        (void)event_base_loop(edge_bridge.base, EVLOOP_NONBLOCK);
}

/* Answers follow one another, each with its status. */
static void
edge_check(size_t size)
{
    if (size == 0)
        return;
    FUZZ_HOLDS(size > 12 && memcmp(edge_answer, "HTTP/1.1 ", 9) == 0);
    int status = atoi(edge_answer + 9);
    FUZZ_HOLDS(status >= 100 && status <= 505 && status != 500);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int pair[2];
    static char room[16384];
    const address_t address = { { 1 } };
    if (!edge_bridge.base)
        edge_start();
    if (size < 2)
        return 0;
    bool raw = data[0] % 2 == 0;
    size_t length = raw ? size - 1 : edge_wrap(data + 1, size - 1, room, sizeof room);
    const void *bytes = raw ? (const void *)(data + 1) : room;
    FUZZ_HOLDS(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0);
    fuzz_memory_begin();
    edge_adopt(edge_bridge.edge, pair[0], &address, false);
    FUZZ_HOLDS(send(pair[1], bytes, length, MSG_NOSIGNAL) == (ssize_t)length);
    edge_turn();
    ssize_t got = recv(pair[1], edge_answer, sizeof edge_answer - 1, 0);
    if (got > 0)
        edge_answer[got] = 0;
    edge_check(got > 0 ? (size_t)got : 0);
    fuzz_memory_end(size, EDGE_MEMORY);
    close(pair[1]);
    edge_turn();
    FUZZ_HOLDS(edge_bridge.edge->connections == 0);
    FUZZ_HOLDS(edge_bridge.calls == 0);
    return 0;
}
