/* test_burst - many writes at once: what each comes to, with the kernel's ring and without. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clients/bridge/burst.h"

enum { TEXT = 64, FULL = 8 * 1024 * 1024 };
_Static_assert(BURST_MAX *TEXT <= FULL, "each socket has a text");

static char texts[FULL];
static int sockets[BURST_MAX]; /* an even one and the next are a pair */
static burst_io_t writes[BURST_MAX], reads[BURST_MAX];
static char rooms[BURST_MAX][TEXT + 1];

static void
sockets_open(size_t count)
{
    for (size_t i = 0; i < count; i += 2)
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sockets + i), 0);
    for (size_t i = 0; i < count; i++) {
        memset(texts + i * TEXT, 'a' + (int)(i % 26), TEXT);
        writes[i] = (burst_io_t){ .data = texts + i * TEXT, .size = TEXT, .fd = sockets[i] };
    }
}

static void
sockets_close(size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_int_equal(close(sockets[i]), 0);
}

/* Both ways of writing come to the same. */
static void
by_ring_and_without(void (*check)(burst_t *burst))
{
    for (int ring = 0; ring < 2; ring++) {
        burst_t *burst = burst_new(ring);
        assert_non_null(burst);
        assert_true(ring || !burst_has_ring(burst));
        check(burst);
        burst_destroy(&burst);
        assert_null(burst);
        burst_destroy(&burst);
    }
}

static void
check_all(burst_t *burst)
{
    sockets_open(BURST_MAX);
    for (int round = 0; round < 3; round++) {
        burst_send(burst, writes, BURST_MAX);
        for (size_t i = 0; i < BURST_MAX; i++) {
            assert_int_equal(writes[i].done, TEXT);
            reads[i] = (burst_io_t){ .room = rooms[i], .size = TEXT + 1, .fd = sockets[i ^ 1] };
        }
        burst_receive(burst, reads, BURST_MAX);
        for (size_t i = 0; i < BURST_MAX; i++) {
            assert_int_equal(reads[i].done, TEXT);
            assert_memory_equal(rooms[i], texts + i * TEXT, TEXT);
        }
    }
    sockets_close(BURST_MAX);
}

static void
each_socket_gets_its_own_bytes(void **unused)
{
    (void)unused;
    by_ring_and_without(check_all);
}

/* One takes all, one a part, one nothing, one has nobody at its other end, one is no socket. */
static void
check_ends(burst_t *burst)
{
    enum { ALL = 0, PART = 2, FILLED = 4, LEFT = 6, WRONG = 8, LAST = 10, COUNT = 12 };
    burst_io_t some[COUNT / 2];
    sockets_open(COUNT);
    writes[PART].data = texts;
    writes[PART].size = FULL;
    while (send(sockets[FILLED], texts, TEXT, MSG_NOSIGNAL) > 0)
        continue;
    assert_int_equal(errno, EAGAIN);
    assert_int_equal(shutdown(sockets[LEFT + 1], SHUT_RDWR), 0);
    writes[WRONG].fd = -1;
    for (size_t i = 0; i < COUNT; i += 2)
        some[i / 2] = writes[i];
    burst_send(burst, some, COUNT / 2);
    assert_int_equal(some[ALL / 2].done, TEXT);
    assert_in_range(some[PART / 2].done, 1, FULL - 1);
    assert_int_equal(some[FILLED / 2].done, -EAGAIN);
    assert_int_equal(some[LEFT / 2].done, -EPIPE);
    assert_int_equal(some[WRONG / 2].done, -EBADF);
    assert_int_equal(some[LAST / 2].done, TEXT);
    sockets_close(COUNT);
}

static void
no_write_disturbs_another(void **unused)
{
    (void)unused;
    by_ring_and_without(check_ends);
}

/* Nothing is there, the other end is gone, no socket. */
static void
check_reads(burst_t *burst)
{
    enum { EMPTY = 0, ENDED = 2, WRONG = 4, COUNT = 6 };
    sockets_open(COUNT);
    assert_int_equal(shutdown(sockets[ENDED + 1], SHUT_WR), 0);
    for (size_t i = 0; i < COUNT; i += 2)
        reads[i / 2] = (burst_io_t){ .room = rooms[i], .size = TEXT, .fd = sockets[i] };
    reads[WRONG / 2].fd = -1;
    burst_receive(burst, reads, COUNT / 2);
    assert_int_equal(reads[EMPTY / 2].done, -EAGAIN);
    assert_int_equal(reads[ENDED / 2].done, 0);
    assert_int_equal(reads[WRONG / 2].done, -EBADF);
    sockets_close(COUNT);
}

static void
a_read_tells_what_it_came_to(void **unused)
{
    (void)unused;
    by_ring_and_without(check_reads);
}

static void
check_few(burst_t *burst)
{
    sockets_open(2);
    burst_send(burst, writes, 0);
    burst_send(burst, writes, 1);
    assert_int_equal(writes[0].done, TEXT);
    sockets_close(2);
}

static void
none_and_one_are_fine(void **unused)
{
    (void)unused;
    by_ring_and_without(check_few);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_socket_gets_its_own_bytes),
        cmocka_unit_test(a_read_tells_what_it_came_to),
        cmocka_unit_test(no_write_disturbs_another),
        cmocka_unit_test(none_and_one_are_fine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
