/* test_live - a reader of a live stream, however slowly it reads: all bytes of the log, in order,
 * once; and a control frame stands between two messages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "clients/bridge/live_inside.h"
#include "tests/unit/chance.h"

enum { RING = 8192, MESSAGE_MAX = 3000, TURNS = 3000, ALL = TURNS * (MESSAGE_MAX + 10) };

static bridge_t bridge;
static halls_t halls;
static hall_t hall;
static follower_t follower;

static void
request(void *owner, conn_t *conn, const http_request_t *asked, http_text_t body)
{
    (void)owner;
    (void)asked;
    (void)body;
    follower = (follower_t){ .conn = conn, .hall = &hall, .kind = FOLLOW_SEATS };
    conn->owner = &follower;
    conn->follows = true;
    assert_int_equal(conn_stream(conn, true), 0);
}

static void
refused(void *owner, conn_t *conn, uint16_t status, const char *reason)
{
    (void)owner;
    (void)conn;
    (void)reason;
    assert_int_equal(status, 0);
}

static void
message(void *owner, conn_t *conn, const ws_message_t *said)
{
    (void)owner;
    (void)conn;
    (void)said;
}

static void
writable(void *owner, conn_t *conn)
{
    (void)owner;
    live_writable(conn);
}

static void
gone(void *owner, conn_t *conn)
{
    (void)owner;
    (void)conn;
    follower.conn = NULL;
}

/* A pair whose bridge's end takes little; the other end is returned. */
static int
begin(void)
{
    static const edge_handlers_t handlers = { request, refused, message, writable, gone };
    const edge_limits_t limits = { .connections_max = 4,
                                   .per_address_max = 4,
                                   .body_max = 64,
                                   .head_ms = 60000,
                                   .body_ms = 60000,
                                   .idle_ms = 60000,
                                   .write_ms = 60000 };
    static const char asks[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    const address_t address = { { 1 } };
    const int little = 4096;
    int pair[2];
    bridge.base = event_base_new();
    assert_non_null(bridge.base);
    bridge.edge = edge_new(bridge.base, &limits, &handlers, &bridge);
    assert_non_null(bridge.edge);
    bridge.halls = &halls;
    hall = (hall_t){ .bridge = &bridge, .ws_log = log_ring_new(RING) };
    assert_non_null(hall.ws_log);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    assert_int_equal(setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &little, sizeof little), 0);
    edge_adopt(bridge.edge, pair[0], &address, false);
    assert_int_equal(send(pair[1], asks, sizeof asks - 1, 0), (ssize_t)sizeof asks - 1);
    assert_true(event_base_loop(bridge.base, EVLOOP_NONBLOCK) >= 0);
    assert_non_null(follower.conn);
    return pair[1];
}

static void
end(int fd)
{
    close(fd);
    log_ring_destroy(&hall.ws_log);
    edge_destroy(&bridge.edge);
    event_base_free(bridge.base);
    bridge = (bridge_t){ .base = NULL };
}

static size_t
take(int fd, uint8_t *to, size_t most)
{
    ssize_t got = recv(fd, to, most, 0);
    return got > 0 ? (size_t)got : 0;
}

/* One message, a frame of bytes by chance; its size. */
static size_t
append(chance_t *chance, uint8_t *copy)
{
    uint8_t head[WS_FRAME_HEAD_MAX];
    size_t size = chance_below(chance, MESSAGE_MAX), head_size = ws_head(head, WS_TEXT, size);
    memcpy(copy, head, head_size);
    for (size_t i = 0; i < size; i++)
        copy[head_size + i] = (uint8_t)chance_next(chance);
    assert_true(log_ring_append(hall.ws_log, copy, head_size, copy + head_size, size));
    return head_size + size;
}

static void
a_slow_reader_gets_all_of_the_log_in_order(void **unused)
{
    (void)unused;
    static uint8_t wrote[ALL], read[ALL];
    chance_t chance = { 20261125 };
    size_t written = 0, got = 0;
    uint32_t waited = 0;
    int fd = begin();
    for (uint32_t turn = 0; turn < TURNS; turn++) {
        /* What is not read yet is kept below what the ring has. */
        while (written - got > RING - 2 * MESSAGE_MAX) {
            got += take(fd, read + got, 1 + chance_below(&chance, 2000));
            assert_true(event_base_loop(bridge.base, EVLOOP_NONBLOCK) >= 0);
        }
        written += append(&chance, wrote + written);
        live_push_one(&follower);
        assert_non_null(follower.conn);
        waited += !conn_idle_out(follower.conn);
        if (chance_below(&chance, 3) == 0)
            got += take(fd, read + got, chance_below(&chance, 3000));
        assert_true(event_base_loop(bridge.base, EVLOOP_NONBLOCK) >= 0);
    }
    for (int idle = 0; got < written && idle < 1000; idle++) {
        got += take(fd, read + got, written - got);
        assert_true(event_base_loop(bridge.base, EVLOOP_NONBLOCK) >= 0);
    }
    assert_int_equal(got, written);
    assert_memory_equal(read, wrote, written);
    assert_in_range(waited, TURNS / 10, TURNS); /* it was slow indeed */
    end(fd);
}

/* A pong between messages: whoever reads frames finds only whole ones. */
static void
control_frames_stand_between_messages(void **unused)
{
    (void)unused;
    static uint8_t wrote[ALL], read[ALL];
    chance_t chance = { 7 };
    size_t got = 0, messages = 0, pings = 0, seen = 0, pinged = 0;
    int fd = begin();
    for (uint32_t turn = 0; turn < 600; turn++) {
        (void)append(&chance, wrote);
        messages++;
        live_push_one(&follower);
        if (chance_below(&chance, 4) == 0) {
            conn_frame(follower.conn, WS_PING, "", 0);
            pings++;
        }
        do { /* so slowly that most messages are in two pieces */
            got += take(fd, read + got, 1 + chance_below(&chance, 900));
            assert_true(event_base_loop(bridge.base, EVLOOP_NONBLOCK) >= 0);
        } while (hall.ws_log->end - got > RING - 2 * MESSAGE_MAX);
        assert_non_null(follower.conn);
    }
    for (int idle = 0; idle < 1000; idle++) {
        got += take(fd, read + got, sizeof read - got);
        assert_true(event_base_loop(bridge.base, EVLOOP_NONBLOCK) >= 0);
    }
    for (size_t at = 0; at < got;) {
        size_t size = read[at + 1], head = 2;
        assert_true(read[at] == (0x80 | WS_TEXT) || read[at] == (0x80 | WS_PING));
        if (size == 126) {
            size = (size_t)read[at + 2] << 8 | read[at + 3];
            head = 4;
        }
        assert_true(size < MESSAGE_MAX);
        (read[at] == (0x80 | WS_PING) ? &pinged : &seen)[0]++;
        at += head + size;
        assert_true(at <= got);
    }
    assert_int_equal(seen, messages);
    assert_int_equal(pinged, pings);
    end(fd);
}

/* One who is further behind than the ring reaches has lost the stream: it is cut, not fed on. */
static void
a_reader_behind_the_ring_is_cut(void **unused)
{
    (void)unused;
    static uint8_t wrote[MESSAGE_MAX + 10];
    chance_t chance = { 11 };
    int fd = begin();
    for (uint32_t turn = 0; turn < 100 && follower.conn; turn++) {
        (void)append(&chance, wrote);
        live_push_one(&follower);
        assert_true(event_base_loop(bridge.base, EVLOOP_NONBLOCK) >= 0);
    }
    assert_null(follower.conn);
    assert_int_equal(bridge.figures.cut_lagging, 1);
    assert_int_equal(bridge.edge->connections, 0);
    end(fd);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slow_reader_gets_all_of_the_log_in_order),
        cmocka_unit_test(control_frames_stand_between_messages),
        cmocka_unit_test(a_reader_behind_the_ring_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
