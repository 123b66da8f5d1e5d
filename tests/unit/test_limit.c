/* test_limit - token buckets: burst, refill, waiting, forgetting, against a naive model. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "clients/bridge/limit.h"
#include "tests/unit/chance.h"

static const uint8_t key[16] = { 1, 2, 3, 4 };

static uint32_t
take(limit_t *limit, const char *name, int64_t now_ms)
{
    return limit_take(limit, name, strlen(name), now_ms);
}

static void
a_burst_then_the_rate(void **unused)
{
    (void)unused;
    limit_t *limit = limit_new(64, 5, 2, key);
    assert_non_null(limit);
    for (int i = 0; i < 5; i++)
        assert_int_equal(take(limit, "a", 1000), 0);
    assert_int_equal(take(limit, "a", 1000), 500);
    assert_int_equal(take(limit, "a", 1499), 1);
    assert_int_equal(take(limit, "a", 1500), 0);
    assert_int_equal(take(limit, "a", 1500), 500);
    assert_int_equal(take(limit, "b", 1500), 0); /* another name has its own */
    /* the burst is the most that waiting gives */
    for (int i = 0; i < 5; i++)
        assert_int_equal(take(limit, "a", 1000000), 0);
    assert_int_equal(take(limit, "a", 1000000), 500);
    limit_destroy(&limit);
    assert_null(limit);
    limit_destroy(&limit);
}

/* Thirds and sevenths of a second are no whole milliseconds: one before is too soon, for ever. */
static void
the_time_to_wait_is_exact(void **unused)
{
    (void)unused;
    static const uint32_t rates[] = { 1, 2, 3, 7, 13, 999, 1000, 1001, 2500, 100000 };
    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        limit_t *limit = limit_new(8, 1, rates[i], key);
        int64_t now_ms = 5;
        assert_int_equal(take(limit, "a", now_ms), 0);
        for (int round = 0; round < 100; round++) {
            uint32_t wait_ms = take(limit, "a", now_ms);
            assert_in_range(wait_ms, 1, 1000);
            if (wait_ms > 1)
                assert_int_equal(take(limit, "a", now_ms + wait_ms - 1), 1);
            now_ms += wait_ms;
            assert_int_equal(take(limit, "a", now_ms), 0);
        }
        /* what waiting for thirds rounds up is kept, up to the burst of one token */
        assert_in_range(now_ms, 5 + 100 * 1000 / rates[i], 5 + 100 * (1000 / rates[i] + 1));
        limit_destroy(&limit);
    }
}

static void
what_is_given_back_can_be_taken(void **unused)
{
    (void)unused;
    limit_t *limit = limit_new(8, 2, 1, key);
    limit_give(limit, "a", 1, 0); /* never seen: full, and stays so */
    assert_int_equal(take(limit, "a", 0), 0);
    assert_int_equal(take(limit, "a", 0), 0);
    assert_int_equal(take(limit, "a", 0), 1000);
    limit_give(limit, "a", 1, 0);
    assert_int_equal(take(limit, "a", 0), 0);
    for (int i = 0; i < 9; i++)
        limit_give(limit, "a", 1, 500);
    assert_int_equal(take(limit, "a", 500), 0);
    assert_int_equal(take(limit, "a", 500), 0);
    assert_int_equal(take(limit, "a", 500), 1000);
    limit_destroy(&limit);
}

static void
a_clock_that_goes_back_gives_nothing(void **unused)
{
    (void)unused;
    limit_t *limit = limit_new(8, 1, 1, key);
    assert_int_equal(take(limit, "a", 10000), 0);
    assert_int_equal(take(limit, "a", 5000), 1000);
    assert_int_equal(take(limit, "a", -5000), 1000);
    assert_int_equal(take(limit, "a", 10999), 1);
    assert_int_equal(take(limit, "a", 11000), 0);
    assert_int_equal(take(limit, "b", INT64_MIN), 0);
    assert_int_equal(take(limit, "b", INT64_MIN), 1000);
    assert_int_equal(take(limit, "b", INT64_MAX), 0);
    limit_destroy(&limit);
}

static void
bounds_do_not_overflow(void **unused)
{
    (void)unused;
    limit_t *limit = limit_new(8, UINT32_MAX, UINT32_MAX, key);
    for (int64_t now_ms = 0; now_ms < 100; now_ms++)
        assert_int_equal(take(limit, "a", now_ms * (INT64_MAX / 100)), 0);
    assert_int_equal(limit_take(limit, NULL, 0, 0), 0);
    limit_destroy(&limit);
}

/* One set of eight: seven that used up all they had, and one that took little. */
static void
the_nearest_to_full_is_forgotten(void **unused)
{
    (void)unused;
    limit_t *limit = limit_new(LIMIT_WAYS, 10, 1, key);
    static const char *const spent[] = { "a", "b", "c", "d", "e", "f", "g" };
    for (int i = 0; i < 10; i++)
        for (int j = 0; j < 7; j++)
            assert_int_equal(take(limit, spent[j], 0), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(take(limit, "light", 0), 0);
    char name[16];
    for (int i = 0; i < 100; i++) { /* each takes the place of the one before */
        snprintf(name, sizeof name, "new %d", i);
        assert_int_equal(take(limit, name, 0), 0);
    }
    for (int j = 0; j < 7; j++)
        assert_int_equal(take(limit, spent[j], 0), 1000);
    for (int i = 0; i < 10; i++) /* forgotten, so full again */
        assert_int_equal(take(limit, "light", 0), 0);
    assert_int_equal(take(limit, "light", 0), 1000);
    limit_destroy(&limit);
}

/* What is full by now is forgotten before what is nearly full. */
static void
fullness_is_that_of_now(void **unused)
{
    (void)unused;
    limit_t *limit = limit_new(LIMIT_WAYS, 4, 1, key);
    for (int i = 0; i < 4; i++)
        assert_int_equal(take(limit, "early", 0), 0);
    static const char *const late[] = { "a", "b", "c", "d", "e", "f", "g" };
    for (int j = 0; j < 7; j++)
        assert_int_equal(take(limit, late[j], 3900), 0);
    /* early has 3.9 of 4 tokens, the others 3: it goes, though it once had none */
    assert_int_equal(take(limit, "new", 3900), 0);
    for (int j = 0; j < 7; j++) {
        for (int i = 0; i < 3; i++)
            assert_int_equal(take(limit, late[j], 3900), 0);
        assert_int_equal(take(limit, late[j], 3900), 1000);
    }
    limit_destroy(&limit);
}

/* The naive model: the virtual time of GCRA. It says the same in other words: a name is conforming
 * when what it took, at its rate, ends no later than the burst from now. Units of 1/rate ms. */
typedef struct {
    int64_t ends;
} model_t;

static uint32_t
model_take(model_t *model, int64_t burst, int64_t rate, int64_t now_ms)
{
    int64_t now = now_ms * rate, ends = model->ends > now ? model->ends : now;
    int64_t over = ends - now - (burst - 1) * 1000;
    if (over > 0)
        return (uint32_t)((over + rate - 1) / rate);
    model->ends = ends + 1000;
    return 0;
}

/* The step at which the two differ, or -1. */
static int
differs_from_model(chance_t *chance)
{
    enum { NAMES = 20, STEPS = 2000 };
    uint32_t burst = 1 + chance_below(chance, 30), rate = 1 + chance_below(chance, 3000);
    limit_t *limit = limit_new(4096, burst, rate, key);
    model_t model[NAMES] = { 0 };
    int64_t now_ms = chance_between(chance, 0, INT64_C(2000000000000));
    for (int step = 0; step < STEPS; step++) {
        uint32_t who = chance_below(chance, NAMES), wait_ms;
        if (chance_below(chance, 4) == 0)
            now_ms += chance_about(chance, 1 + 300 / rate);
        if (chance_below(chance, 10) == 0) {
            limit_give(limit, &who, sizeof who, now_ms);
            model[who].ends -= 1000;
            continue;
        }
        wait_ms = limit_take(limit, &who, sizeof who, now_ms);
        if (wait_ms != model_take(&model[who], burst, rate, now_ms)) {
            limit_destroy(&limit);
            return step;
        }
    }
    limit_destroy(&limit);
    return -1;
}

static void
it_does_what_the_model_does(void **unused)
{
    (void)unused;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        chance_t chance = { .state = seed };
        int step = differs_from_model(&chance);
        if (step >= 0)
            fail_msg("seed %llu, step %d", (unsigned long long)seed, step);
    }
}

/* Few places, many names: forgetting lets a name have more, never less; nobody who stays under the
 * rate is ever refused. */
static void
who_stays_under_the_rate_is_never_refused(void **unused)
{
    (void)unused;
    enum { NAMES = 200, BURST = 5, RATE = 4, GAP_MS = 1000 / RATE };
    static const uint32_t places[] = { 8, 64, 256, 4096 };
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        uint64_t seed = 77 + i;
        chance_t chance = { .state = seed };
        print_message("seed %llu\n", (unsigned long long)seed);
        limit_t *limit = limit_new(places[i], BURST, RATE, key);
        int64_t last_ms[NAMES];
        for (int who = 0; who < NAMES; who++)
            last_ms[who] = INT64_MIN / 2;
        int64_t now_ms = 0;
        for (int step = 0; step < 50000; step++) {
            uint32_t who = chance_below(&chance, NAMES);
            now_ms += chance_below(&chance, 3);
            if (now_ms - last_ms[who] < GAP_MS)
                continue;
            last_ms[who] = now_ms;
            assert_int_equal(limit_take(limit, &who, sizeof who, now_ms), 0);
        }
        limit_destroy(&limit);
    }
}

/* One that asks without end gets its burst and its rate, others beside it what they want. */
static void
a_greedy_name_takes_from_nobody(void **unused)
{
    (void)unused;
    enum { BURST = 10, RATE = 5, SPAN_MS = 20000 };
    uint64_t seed = 99;
    chance_t chance = { .state = seed };
    print_message("seed %llu\n", (unsigned long long)seed);
    limit_t *limit = limit_new(1024, BURST, RATE, key);
    uint32_t got = 0;
    for (int64_t now_ms = 0; now_ms <= SPAN_MS; now_ms++) {
        for (int i = 0; i < 5; i++)
            got += take(limit, "greedy", now_ms) == 0;
        uint32_t who = (uint32_t)now_ms % 500 + chance_below(&chance, 100) * 500;
        assert_int_equal(limit_take(limit, &who, sizeof who, now_ms), 0);
    }
    assert_int_equal(got, BURST + RATE * SPAN_MS / 1000);
    limit_destroy(&limit);
}

static int
start(void **unused)
{
    (void)unused;
    return sodium_init() < 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_burst_then_the_rate),
        cmocka_unit_test(the_time_to_wait_is_exact),
        cmocka_unit_test(what_is_given_back_can_be_taken),
        cmocka_unit_test(a_clock_that_goes_back_gives_nothing),
        cmocka_unit_test(bounds_do_not_overflow),
        cmocka_unit_test(the_nearest_to_full_is_forgotten),
        cmocka_unit_test(fullness_is_that_of_now),
        cmocka_unit_test(it_does_what_the_model_does),
        cmocka_unit_test(who_stays_under_the_rate_is_never_refused),
        cmocka_unit_test(a_greedy_name_takes_from_nobody),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
