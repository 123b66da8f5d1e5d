/* test_draw - the shuffle of waiting rooms is a permutation, fair, and the same for ever. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "actors/draw.h"

static void
seed_of(uint8_t seed[DRAW_SEED_SIZE], uint64_t number)
{
    const uint8_t key[32] = { 1 };
    draw_seed(seed, key, number, 7);
}

static void
is_permutation(const uint8_t *seed, uint8_t lane, uint32_t count)
{
    uint8_t *taken = calloc(count, 1);
    assert_non_null(taken);
    for (uint32_t arrival = 0; arrival < count; arrival++) {
        uint32_t place = draw_place(seed, lane, count, arrival);
        assert_true(place < count);
        assert_int_equal(taken[place]++, 0);
        assert_int_equal(draw_arrival(seed, lane, count, place), arrival);
    }
    free(taken);
}

static void
everybody_has_a_place_and_nobody_two(void **unused)
{
    (void)unused;
    uint8_t seed[DRAW_SEED_SIZE];
    seed_of(seed, 1);
    for (uint32_t count = 1; count <= 130; count++)
        is_permutation(seed, count % 2, count);
    static const uint32_t more[] = { 1023, 1024, 1025, 4095, 4097, 10007 };
    for (size_t i = 0; i < sizeof more / sizeof more[0]; i++)
        is_permutation(seed, 0, more[i]);
    assert_true(draw_place(seed, 0, DRAW_COUNT_MAX, DRAW_COUNT_MAX - 1) < DRAW_COUNT_MAX);
}

/* Each of the 24 orders of four comes as often as another: chi-square with 23 degrees of freedom
 * is above 58 once in 10,000 times. */
static void
all_orders_are_as_likely(void **unused)
{
    (void)unused;
    enum { ORDERS = 256, DRAWS = 12000, LIKELY = 24 };
    uint32_t seen[ORDERS] = { 0 }, kinds = 0;
    uint8_t seed[DRAW_SEED_SIZE];
    for (uint64_t i = 0; i < DRAWS; i++) {
        uint32_t order = 0;
        seed_of(seed, i);
        for (uint32_t arrival = 0; arrival < 4; arrival++)
            order = order << 2 | draw_place(seed, 0, 4, arrival);
        seen[order]++;
    }
    double chi = 0, expected = (double)DRAWS / LIKELY;
    for (uint32_t i = 0; i < ORDERS; i++) {
        kinds += seen[i] > 0;
        if (seen[i])
            chi += (seen[i] - expected) * (seen[i] - expected) / expected;
    }
    assert_int_equal(kinds, LIKELY);
    assert_true(chi < 58);
}

/* Neither the first nor the last to come is favoured, nor neighbours kept together: chi-square
 * with 99 degrees of freedom is above 165 less than once in 10,000 times. */
static void
no_arrival_is_favoured(void **unused)
{
    (void)unused;
    enum { COUNT = 100, DRAWS = 10000 };
    static const uint32_t arrivals[] = { 0, 1, 50, 99 };
    uint8_t seed[DRAW_SEED_SIZE];
    for (size_t at = 0; at <= sizeof arrivals / sizeof arrivals[0]; at++) {
        uint32_t seen[COUNT] = { 0 };
        for (uint64_t i = 0; i < DRAWS; i++) {
            seed_of(seed, i + 1000000 * at);
            uint32_t first = draw_place(seed, 0, COUNT, at < 4 ? arrivals[at] : 0);
            if (at == 4) /* how far the neighbour is */
                first = (draw_place(seed, 0, COUNT, 1) + COUNT - first) % COUNT;
            seen[first]++;
        }
        double chi = 0, expected = at < 4 ? DRAWS / COUNT : (double)DRAWS / (COUNT - 1);
        for (uint32_t i = at == 4; i < COUNT; i++)
            chi += (seen[i] - expected) * (seen[i] - expected) / expected;
        assert_true(chi < 165);
        assert_true(at < 4 || seen[0] == 0);
    }
}

static void
lanes_and_counts_have_draws_of_their_own(void **unused)
{
    (void)unused;
    uint8_t seed[DRAW_SEED_SIZE], other[DRAW_SEED_SIZE];
    uint32_t same_lane = 0, same_seed = 0, same_count = 0;
    seed_of(seed, 1);
    seed_of(other, 2);
    for (uint32_t i = 0; i < 1000; i++) {
        uint32_t place = draw_place(seed, 0, 1000, i);
        same_lane += place == draw_place(seed, 1, 1000, i);
        same_seed += place == draw_place(other, 0, 1000, i);
        same_count += place == draw_place(seed, 0, 1001, i);
    }
    assert_true(same_lane < 20 && same_seed < 20 && same_count < 20);
}

/* The numbers of docs/protocol.md: clients compute them too. */
static void
the_documented_numbers_hold(void **unused)
{
    (void)unused;
    uint8_t seed[DRAW_SEED_SIZE], commitment[DRAW_SEED_SIZE];
    char text[2 * DRAW_SEED_SIZE + 1];
    for (uint8_t i = 0; i < DRAW_SEED_SIZE; i++)
        seed[i] = i;
    draw_commitment(commitment, seed);
    sodium_bin2hex(text, sizeof text, commitment, sizeof commitment);
    assert_string_equal(text, "cb2f5160fc1f7e05a55ef49d340b48da2e5a78099d53393351cd579dd42503d6");
    static const uint32_t places[2][10] = { { 6, 9, 0, 2, 3, 1, 8, 7, 4, 5 },
                                            { 9, 4, 2, 5, 6, 1, 0, 8, 3, 7 } };
    for (uint8_t lane = 0; lane < 2; lane++)
        for (uint32_t i = 0; i < 10; i++)
            assert_int_equal(draw_place(seed, lane, 10, i), places[lane][i]);
    assert_int_equal(draw_place(seed, 0, 100000, 0), 2677);
    assert_int_equal(draw_place(seed, 0, 100000, 99999), 69716);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everybody_has_a_place_and_nobody_two),
        cmocka_unit_test(all_orders_are_as_likely),
        cmocka_unit_test(no_arrival_is_favoured),
        cmocka_unit_test(lanes_and_counts_have_draws_of_their_own),
        cmocka_unit_test(the_documented_numbers_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
