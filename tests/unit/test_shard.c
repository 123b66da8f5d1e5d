/* shard - keys spread evenly, and one partition more moves only its share of them. */
#include "broker/peers.h"
#include "broker/shard.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { KEYS = 100000 };

static void
keys_spread_evenly(void **state)
{
    (void)state;
    uint32_t counts[16] = { 0 };
    for (uint64_t key = 1; key <= KEYS; key++) {
        uint32_t partition = shard_of(key, 16);
        assert_true(partition < 16);
        counts[partition]++;
    }
    for (int i = 0; i < 16; i++)
        assert_in_range(counts[i], KEYS / 16 * 95 / 100, KEYS / 16 * 105 / 100);
}

static void
growth_moves_keys_only_to_the_new_partition(void **state)
{
    (void)state;
    uint32_t moved = 0;
    for (uint64_t key = 1; key <= KEYS; key++) {
        uint32_t before = shard_of(key, 8), after = shard_of(key, 9);
        assert_true(before == after || after == 8);
        moved += before != after;
    }
    assert_in_range(moved, KEYS / 9 * 95 / 100, KEYS / 9 * 105 / 100);
}

/* Partitions of three roles are numbered through; a key of each kind finds one of its role only. */
static void
each_kind_of_key_finds_its_role(void **state)
{
    (void)state;
    const shard_map_t map = { 5, 3, 4 }, older = { 5, 0, 0 };
    for (uint64_t key = 1; key <= KEYS / 100; key++) {
        assert_true(shard_partition(&map, KEY_SHOWTIME, key) == shard_of(key, 5));
        assert_true(shard_partition(&map, KEY_CINEMA, key) == 5 + shard_of(key, 3));
        assert_true(shard_partition(&map, KEY_MEMBER, key) == 8 + shard_of(key, 4));
        assert_true(shard_partition(&older, KEY_CINEMA, key) == SHARD_NOWHERE);
        assert_true(shard_partition(&older, KEY_MEMBER, key) == SHARD_NOWHERE);
    }
    for (uint64_t key = 0; key < 16; key++)
        assert_true(shard_partition(&map, KEY_PARTITION, key) == (key < 12 ? key : SHARD_NOWHERE));
    assert_true(shard_partition(&map, KEY_PARTITION, UINT64_C(1) << 32) == SHARD_NOWHERE);
    assert_true(shard_partition(&map, KEY_CASHIER, 1) == SHARD_NOWHERE);
    assert_true(shard_partition(&map, KEY_SENDER, 1) == SHARD_NOWHERE);
    assert_true(shard_partition(&map, KEY_NONE, 1) == SHARD_NOWHERE);
}

/* Fixed for ever: a site's data lies by these. */
static void
known_keys_stay_where_they_are(void **state)
{
    (void)state;
    assert_int_equal(shard_of(0, 1), 0);
    static const uint32_t expected[] = { 120, 141, 31, 619, 329, 573, 378, 749, 145, 503 };
    for (uint64_t key = 1; key <= sizeof expected / sizeof expected[0]; key++)
        assert_int_equal(shard_of(key, 1000), expected[key - 1]);
}

static void
peers_are_found_as_a_plain_list_would(void **state)
{
    (void)state;
    enum { NAMES = 64, STEPS = 100000 };
    peers_t *peers = peers_new(40);
    bool known[NAMES] = { false };
    size_t count = 0;
    srand(7);
    for (int step = 0; step < STEPS; step++) {
        uint64_t name = (uint64_t)(rand() % NAMES);
        if (rand() % 2) {
            peer_t *peer = peers_add(peers, name + 1);
            assert_int_equal(peer != NULL, known[name] || count < 40);
            count += peer && !known[name];
            known[name] = peer != NULL;
        } else {
            peers_remove(peers, name + 1);
            count -= known[name];
            known[name] = false;
        }
        assert_int_equal(peers_count(peers), count);
        for (uint64_t other = 0; other < NAMES; other++) {
            peer_t *peer = peers_find(peers, other + 1);
            assert_int_equal(peer != NULL, known[other]);
            assert_true(!peer || peer->name == other + 1);
        }
    }
    peers_destroy(&peers);
    assert_null(peers);
}

static void
silent_peers_are_forgotten(void **state)
{
    (void)state;
    peers_t *peers = peers_new(1000);
    for (uint64_t name = 1; name <= 1000; name++)
        peers_add(peers, name)->seen_ms = (int64_t)name;
    assert_null(peers_add(peers, 5000));
    peers_sweep(peers, 600);
    assert_int_equal(peers_count(peers), 401);
    assert_null(peers_find(peers, 599));
    assert_non_null(peers_find(peers, 600));
    peers_destroy(&peers);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_spread_evenly),
        cmocka_unit_test(each_kind_of_key_finds_its_role),
        cmocka_unit_test(growth_moves_keys_only_to_the_new_partition),
        cmocka_unit_test(known_keys_stay_where_they_are),
        cmocka_unit_test(peers_are_found_as_a_plain_list_would),
        cmocka_unit_test(silent_peers_are_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
