/* test_bridge - the small parts of the bridge: waits, logs of streams, the table of routes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "clients/bridge/log_ring.h"
#include "clients/bridge/route.h"
#include "clients/bridge/wait.h"
#include "tests/unit/chance.h"

/* ------------------------------------------------------------------ waits */

static void
waits_end_in_the_order_they_began(void **unused)
{
    (void)unused;
    wait_list_t list;
    wait_node_t nodes[5] = { 0 };
    wait_init(&list, 100);
    for (int i = 0; i < 5; i++)
        wait_begin(&list, &nodes[i], i * 10);
    assert_null(wait_over(&list, 99));
    assert_ptr_equal(wait_over(&list, 100), &nodes[0]);
    assert_null(wait_over(&list, 100));
    assert_false(wait_under_way(&nodes[0]));
    wait_end(&nodes[1]);
    wait_end(&nodes[1]);                /* twice is harmless */
    wait_begin(&list, &nodes[2], 1000); /* begins anew, at the end */
    assert_ptr_equal(wait_over(&list, 1000), &nodes[3]);
    assert_ptr_equal(wait_over(&list, 1000), &nodes[4]);
    assert_null(wait_over(&list, 1099));
    assert_ptr_equal(wait_over(&list, 1100), &nodes[2]);
    assert_null(wait_over(&list, INT64_MAX));
}

static void
a_node_is_in_one_list_at_a_time(void **unused)
{
    (void)unused;
    wait_list_t one, other;
    wait_node_t node = { 0 };
    wait_init(&one, 10);
    wait_init(&other, 20);
    wait_begin(&one, &node, 0);
    wait_begin(&other, &node, 0);
    assert_null(wait_over(&one, 1000));
    assert_ptr_equal(wait_over(&other, 20), &node);
}

/* ------------------------------------------------------------------ logs */

/* A reader at any end of a message that is still there gets, piece by piece, what was appended
 * since. Against a plain copy of all bytes. */
static void
a_log_gives_back_what_it_has(void **unused)
{
    (void)unused;
    enum { ROOM = 256, MESSAGES = 4000, MESSAGE_MAX = 60 };
    chance_t chance = { 20261125 };
    log_ring_t *ring = log_ring_new(ROOM);
    static uint8_t all[MESSAGES * MESSAGE_MAX];
    static uint64_t ends[MESSAGES + 1];
    assert_non_null(ring);
    for (uint32_t i = 0; i < MESSAGES; i++) {
        uint8_t bytes[MESSAGE_MAX];
        uint32_t size = 1 + (uint32_t)(chance_next(&chance) % MESSAGE_MAX);
        uint32_t head = (uint32_t)(chance_next(&chance) % (size + 1));
        for (uint32_t at = 0; at < size; at++)
            all[ends[i] + at] = bytes[at] = (uint8_t)chance_next(&chance);
        assert_true(log_ring_append(ring, bytes, head, bytes + head, size - head));
        ends[i + 1] = ends[i] + size;
        assert_int_equal(ring->end, ends[i + 1]);
        uint64_t from = ends[chance_next(&chance) % (i + 2)];
        assert_int_equal(log_ring_has(ring, from), ring->end - from <= ROOM);
        if (!log_ring_has(ring, from))
            continue;
        for (uint64_t at = from; at < ring->end;) {
            const uint8_t *piece;
            size_t got = log_ring_bytes(ring, at, &piece);
            assert_in_range(got, 1, ROOM);
            assert_memory_equal(piece, all + at, got);
            at += got;
        }
    }
    log_ring_destroy(&ring);
    assert_null(ring);
}

static void
a_border_is_the_next_end_of_a_message(void **unused)
{
    (void)unused;
    log_ring_t *ring = log_ring_new(64);
    assert_non_null(ring);
    assert_true(log_ring_has(ring, 0));
    assert_true(log_ring_append(ring, "ab", 2, "cd", 2));
    assert_true(log_ring_append(ring, "efg", 3, "", 0));
    assert_int_equal(log_ring_border(ring, 1), 4);
    assert_int_equal(log_ring_border(ring, 4), 4);
    assert_int_equal(log_ring_border(ring, 5), 7);
    assert_int_equal(log_ring_border(ring, 7), 7);
    char large[65] = { 0 };
    assert_false(log_ring_append(ring, large, sizeof large, "", 0));
    assert_int_equal(ring->end, 7);
    assert_true(log_ring_append(ring, large, 64, "", 0));
    assert_false(log_ring_has(ring, 4));
    assert_true(log_ring_has(ring, 7));
    assert_false(log_ring_has(ring, 72));
    log_ring_destroy(&ring);
}

/* A reader behind more messages than are remembered has lost the log, however short they were. */
static void
forgotten_borders_are_lost(void **unused)
{
    (void)unused;
    log_ring_t *ring = log_ring_new(64 * 1024);
    assert_non_null(ring);
    for (int i = 0; i < LOG_RING_BORDERS + 10; i++)
        assert_true(log_ring_append(ring, "x", 1, "", 0));
    assert_false(log_ring_has(ring, 0));
    assert_false(log_ring_has(ring, 10));
    assert_true(log_ring_has(ring, 11));
    assert_int_equal(log_ring_border(ring, 12), 12);
    log_ring_destroy(&ring);
}

/* ------------------------------------------------------------------ routes */

static route_verdict_t
match(http_method_t method, const char *path, const route_t **route, path_t *parameters)
{
    uint32_t allowed;
    return route_match(method, (http_text_t){ path, strlen(path) }, route, parameters, &allowed);
}

/* Every route is found by its own path, with words in place of its braces. */
static void
every_route_is_found(void **unused)
{
    (void)unused;
    for (route_id_t id = 0; id < ROUTES; id++) {
        const route_t *wanted = route_of(id), *found;
        char path[256];
        size_t size = 0;
        uint32_t braces = 0;
        path_t parameters;
        assert_int_equal(wanted->id, id);
        for (const char *at = wanted->path; *at; at++) {
            if (*at == '{') {
                braces++;
                at = strchr(at, '}');
                size += (size_t)snprintf(path + size, sizeof path - size, "w%u", braces);
            } else
                path[size++] = *at;
        }
        path[size] = 0;
        assert_int_equal(match(wanted->method, path, &found, &parameters), ROUTE_FOUND);
        assert_ptr_equal(found, wanted);
        assert_int_equal(parameters.count, braces);
        for (uint32_t i = 0; i < braces; i++) {
            char word[8];
            snprintf(word, sizeof word, "w%u", i + 1);
            assert_true(parameters.values[i].size == strlen(word) &&
                        memcmp(parameters.values[i].data, word, strlen(word)) == 0);
        }
        if (wanted->method == HTTP_GET)
            assert_int_equal(match(HTTP_HEAD, path, &found, &parameters), ROUTE_FOUND);
        path[size] = '/';
        path[size + 1] = 0;
        assert_int_equal(match(wanted->method, path, &found, &parameters), ROUTE_NO_PATH);
    }
}

static void
other_paths_are_not_found(void **unused)
{
    (void)unused;
    static const char *const paths[] = { "/",
                                         "",
                                         "/api",
                                         "/api/",
                                         "/api/showtimes/",
                                         "/api/showtimes//seats",
                                         "/api/showtimes/1/seat",
                                         "/api/showtimes/1/seats/",
                                         "/API/showtimes",
                                         "/api/showtimes/1/2/seats",
                                         "/healthz2" };
    const route_t *route;
    path_t parameters;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        assert_int_equal(match(HTTP_GET, paths[i], &route, &parameters), ROUTE_NO_PATH);
    assert_int_equal(match(HTTP_DELETE, "/healthz", &route, &parameters), ROUTE_NO_METHOD);
    assert_int_equal(match(HTTP_METHODS, "/healthz", &route, &parameters), ROUTE_NO_METHOD);
}

/* What a row names must be there: fields of its operation, words of its path. */
static void
rows_agree_with_operations(void **unused)
{
    (void)unused;
    for (route_id_t id = 0; id < ROUTES; id++) {
        const route_t *route = route_of(id);
        if (!route->operation)
            continue;
        const operation_t *operation = operation_of(route->operation);
        assert_non_null(operation);
        assert_true(operation->key == KEY_SHOWTIME || operation->key == KEY_CINEMA);
        assert_true(operation_open_to(operation, ROLE_BRIDGE));
        assert_true(route->who != WHO_STAFF || operation->roles & ROLE_STAFF);
        for (const char *word = route->query; *word;) {
            size_t size = strcspn(word, " ");
            field_t field = field_named(word, size);
            assert_true(field < FIELDS && field_in(operation_fields(operation), field));
            word += size + strspn(word + size, " ");
        }
        /* What is asked with a list is asked by POST. */
        assert_true(operation->mode == MODE_WRITE || route->method == HTTP_GET || *route->body);
    }
}

static void
words_are_found_whole(void **unused)
{
    (void)unused;
    assert_true(route_word("from limit", "from", 4));
    assert_true(route_word("from limit", "limit", 5));
    assert_false(route_word("from limit", "lim", 3));
    assert_false(route_word("", "x", 1));
    const char *words = "seats:seats! ttl_ms:number", *name;
    size_t size;
    char type;
    bool required;
    assert_true(route_body_next(&words, &name, &size, &type, &required));
    assert_true(size == 5 && type == 's' && required);
    assert_true(route_body_next(&words, &name, &size, &type, &required));
    assert_true(size == 6 && type == 'n' && !required);
    assert_false(route_body_next(&words, &name, &size, &type, &required));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_end_in_the_order_they_began),
        cmocka_unit_test(a_node_is_in_one_list_at_a_time),
        cmocka_unit_test(a_log_gives_back_what_it_has),
        cmocka_unit_test(a_border_is_the_next_end_of_a_message),
        cmocka_unit_test(forgotten_borders_are_lost),
        cmocka_unit_test(every_route_is_found),
        cmocka_unit_test(other_paths_are_not_found),
        cmocka_unit_test(rows_agree_with_operations),
        cmocka_unit_test(words_are_found_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
