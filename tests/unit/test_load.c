/* test_load - the load client's histogram and ledger: what it reports, and what it would notice. */
#include "clients/load/histogram.c"
#include "clients/load/ledger.c"
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

static void
quantiles_are_within_two_percent(void **state)
{
    (void)state;
    static histogram_t histogram;
    for (uint64_t ns = 1; ns <= 1000000; ns++)
        histogram_add(&histogram, ns * 10);
    assert_int_equal(histogram.total, 1000000);
    static const uint32_t wanted[] = { 1, 10, 500, 900, 990, 999, 1000 };
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        uint64_t exact = (uint64_t)wanted[i] * 10000;
        uint64_t found = histogram_at(&histogram, wanted[i]);
        assert_true(found >= exact && found <= exact + exact / 50);
    }
    assert_int_equal(histogram.max_ns, 10000000);
}

static void
buckets_go_on_without_a_gap(void **state)
{
    (void)state;
    uint32_t last = 0;
    for (uint64_t ns = 0; ns < 1000000; ns++) {
        uint32_t bucket = histogram_bucket(ns);
        assert_true(bucket == last || bucket == last + 1);
        assert_true(histogram_bound(bucket) >= ns);
        last = bucket;
    }
    assert_int_equal(histogram_bucket(UINT64_MAX), HISTOGRAM_BUCKETS - 1);
}

static void
nothing_measured_is_zero(void **state)
{
    (void)state;
    static histogram_t histogram;
    assert_int_equal(histogram_at(&histogram, 999), 0);
}

static void
histograms_add_up(void **state)
{
    (void)state;
    static histogram_t a, b;
    histogram_add(&a, 10);
    histogram_add(&b, 20);
    histogram_merge(&a, &b);
    assert_int_equal(a.total, 2);
    assert_int_equal(a.max_ns, 20);
    assert_int_equal(histogram_at(&a, 500), 10);
}

static ledger_t *
ledger_fresh(void)
{
    ledger_t *ledger = ledger_new();
    assert_non_null(ledger);
    assert_true(ledger_grow(ledger, 2));
    return ledger;
}

static void
an_honest_run_is_clean(void **state)
{
    (void)state;
    ledger_t *ledger = ledger_fresh();
    ledger_locked(ledger, 0, 3, 7);
    ledger_released(ledger, 0, 3, 7);
    ledger_locked(ledger, 0, 3, 8);
    ledger_sold(ledger, 0, 3, 8);
    ledger_locked(ledger, 1, 3, 9);
    ledger_compare(ledger, 0, 7, 2);
    ledger_compare(ledger, 0, 8, 2);
    ledger_compare(ledger, 0, 9, 0);
    ledger_compare(ledger, 1, 7, 1);
    assert_true(ledger_touched(ledger, 0));
    assert_int_equal(ledger_oversold(ledger), 0);
    assert_int_equal(ledger_lost(ledger), 0);
    ledger_destroy(&ledger);
    assert_null(ledger);
}

static void
a_seat_for_two_is_noticed(void **state)
{
    (void)state;
    ledger_t *ledger = ledger_fresh();
    ledger_locked(ledger, 0, 3, 7);
    ledger_locked(ledger, 0, 3, 8);
    assert_int_equal(ledger_oversold(ledger), 2);
    ledger_destroy(&ledger);
}

static void
a_held_seat_shown_free_is_noticed(void **state)
{
    (void)state;
    ledger_t *ledger = ledger_fresh();
    ledger_locked(ledger, 0, 3, 7);
    ledger_compare(ledger, 0, 7, 0);
    assert_int_equal(ledger_oversold(ledger), 1);
    ledger_destroy(&ledger);
}

static void
a_sale_that_vanished_is_noticed(void **state)
{
    (void)state;
    ledger_t *ledger = ledger_fresh();
    ledger_locked(ledger, 0, 3, 7);
    ledger_sold(ledger, 0, 3, 7);
    ledger_compare(ledger, 0, 7, 1);
    assert_int_equal(ledger_lost(ledger), 1);
    ledger_destroy(&ledger);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantiles_are_within_two_percent),
        cmocka_unit_test(buckets_go_on_without_a_gap),
        cmocka_unit_test(nothing_measured_is_zero),
        cmocka_unit_test(histograms_add_up),
        cmocka_unit_test(an_honest_run_is_clean),
        cmocka_unit_test(a_seat_for_two_is_noticed),
        cmocka_unit_test(a_held_seat_shown_free_is_noticed),
        cmocka_unit_test(a_sale_that_vanished_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
