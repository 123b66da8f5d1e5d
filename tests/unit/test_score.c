/* test_score - the score of a film on a day: each factor at its edges, and one rounding. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "actors/score.h"
#include "actors/zone.h"
#include "tests/unit/chance.h"

static score_rules_t rules;
static int32_t monday;

static int
set_up(void **unused)
{
    (void)unused;
    rules = score_defaults();
    monday = zone_day_of(2026, 12, 7);
    return 0;
}

static uint32_t
score(score_film_t film, int32_t day)
{
    return score_of(&rules, &film, day, NULL, 0).hundredths;
}

static void
nothing_special_is_a_hundred(void **unused)
{
    (void)unused;
    assert_int_equal(score((score_film_t){ .release_day = 0 }, monday), 10000);
}

static void
fresh_from_the_release_on(void **unused)
{
    (void)unused;
    score_film_t film = { .release_day = monday };
    assert_int_equal(score(film, monday - 1), 10000); /* not before it is out */
    assert_int_equal(score(film, monday), 14000);
    assert_int_equal(score(film, monday + 7), 14000);
    assert_int_equal(score(film, monday + 8), 10000);
    score_t full = score_of(&rules, &film, monday - 3, NULL, 0);
    assert_int_equal(full.reasons[SCORE_FRESH].figure, -3);
    assert_int_equal(full.reasons[SCORE_FRESH].weight_permille, 1000);
}

static void
one_good_rating_is_enough(void **unused)
{
    (void)unused;
    assert_int_equal(score((score_film_t){ .imdb_tenths = 79, .douban_tenths = 84 }, monday),
                     10000);
    assert_int_equal(score((score_film_t){ .imdb_tenths = 80 }, monday), 13000);
    assert_int_equal(score((score_film_t){ .douban_tenths = 85 }, monday), 13000);
    assert_int_equal(score((score_film_t){ .imdb_tenths = 90, .douban_tenths = 90 }, monday),
                     13000);
    score_film_t film = { .imdb_tenths = 70, .douban_tenths = 86 };
    score_t full = score_of(&rules, &film, monday, NULL, 0);
    assert_int_equal(full.reasons[SCORE_RATED].figure, 86);
    assert_int_equal(full.reasons[SCORE_RATED].bound, 85);
}

static void
sales_are_compared_span_by_span(void **unused)
{
    (void)unused;
    assert_int_equal(score((score_film_t){ .sold = 300, .all_sold = 900, .spans = 3 }, monday),
                     10000);
    assert_int_equal(score((score_film_t){ .sold = 301, .all_sold = 900, .spans = 3 }, monday),
                     15000);
    /* 300 is above the average of 899 in three, which is not a whole number. */
    assert_int_equal(score((score_film_t){ .sold = 300, .all_sold = 899, .spans = 3 }, monday),
                     15000);
    assert_int_equal(score((score_film_t){ .sold = 300 }, monday), 10000);
    score_film_t most = { .sold = UINT64_MAX / 2, .all_sold = UINT64_MAX, .spans = UINT32_MAX };
    assert_int_equal(score(most, monday), 15000);
}

static void
a_holiday_film_on_its_days(void **unused)
{
    (void)unused;
    score_film_t film = { .holiday_theme = true };
    const int32_t holidays[] = { monday - 1, monday + 2, monday + 18 };
    for (int32_t day = 0; day < 7; day++)
        assert_int_equal(score(film, monday + day), day >= 5 ? 12000 : 10000);
    assert_int_equal(score_of(&rules, &film, monday + 2, holidays, 3).hundredths, 12000);
    assert_int_equal(score_of(&rules, &film, monday, holidays, 3).hundredths, 10000);
    rules.holiday_ahead_days = 2;
    assert_int_equal(score_of(&rules, &film, monday, holidays, 3).hundredths, 12000);
    assert_int_equal(score_of(&rules, &film, monday + 3, holidays, 3).hundredths, 10000);
    film.holiday_theme = false;
    assert_int_equal(score_of(&rules, &film, monday + 2, holidays, 3).hundredths, 10000);
}

static void
all_at_once_is_rounded_once(void **unused)
{
    (void)unused;
    score_film_t film = { .release_day = monday,
                          .imdb_tenths = 85,
                          .holiday_theme = true,
                          .high_draw = true,
                          .sold = 2,
                          .all_sold = 1,
                          .spans = 1 };
    assert_int_equal(score(film, monday + 5), 36036); /* 1.4 x 1.3 x 1.5 x 1.2 x 1.1 */
    const uint32_t odd[SCORE_FACTORS] = { 1001, 1003, 1007, 1009, 1013 };
    memcpy(rules.weight_permille, odd, sizeof odd);
    assert_int_equal(score(film, monday + 5), 10334); /* 103.3425... in hundredths */
    const uint32_t half[SCORE_FACTORS] = { 1000, 1000, 1000, 1000, 10 };
    memcpy(rules.weight_permille, half, sizeof half);
    rules.base_hundredths = 10050; /* 1.005 */
    assert_int_equal(score(film, monday + 5), 101);
}

static void
rules_within_their_bounds(void **unused)
{
    (void)unused;
    assert_true(score_rules_valid(&rules));
    rules.weight_permille[2] = SCORE_WEIGHT_MAX + 1;
    assert_false(score_rules_valid(&rules));
    rules = score_defaults();
    for (score_factor_t at = 0; at < SCORE_FACTORS; at++)
        rules.weight_permille[at] = SCORE_WEIGHT_MAX;
    assert_true(score_rules_valid(&rules)); /* ten million */
    rules.base_hundredths = SCORE_BASE_MAX;
    assert_false(score_rules_valid(&rules)); /* would not fit */
    rules = score_defaults();
    rules.fresh_days = -1;
    assert_false(score_rules_valid(&rules));
}

/* Against the same product by long division of decimals: whole part and rest, digit by digit. */
static void
random_weights_agree_with_plain_arithmetic(void **unused)
{
    (void)unused;
    chance_t chance = { 42 };
    for (int round = 0; round < 20000; round++) {
        score_film_t film = { .release_day = monday + 4 - (int32_t)chance_below(&chance, 16) };
        film.imdb_tenths = (uint16_t)chance_below(&chance, 101);
        film.high_draw = chance_below(&chance, 2);
        for (score_factor_t at = 0; at < SCORE_FACTORS; at++)
            rules.weight_permille[at] = chance_below(&chance, 3001);
        score_t found = score_of(&rules, &film, monday, NULL, 0);
        /* At most three factors hold: the product of all fits 64 bits once reduced. */
        uint64_t product = rules.base_hundredths, unit = 1;
        const bool holds[] = { monday >= film.release_day && monday - film.release_day <= 7,
                               film.imdb_tenths >= 80, film.high_draw };
        const score_factor_t factors[] = { SCORE_FRESH, SCORE_RATED, SCORE_DRAW };
        for (int i = 0; i < 3; i++) {
            assert_int_equal(found.reasons[factors[i]].holds, holds[i]);
            product *= holds[i] ? rules.weight_permille[factors[i]] : 1000;
            unit *= 1000;
        }
        assert_int_equal(found.hundredths, (product + unit / 2) / unit);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(nothing_special_is_a_hundred, set_up),
        cmocka_unit_test_setup(fresh_from_the_release_on, set_up),
        cmocka_unit_test_setup(one_good_rating_is_enough, set_up),
        cmocka_unit_test_setup(sales_are_compared_span_by_span, set_up),
        cmocka_unit_test_setup(a_holiday_film_on_its_days, set_up),
        cmocka_unit_test_setup(all_at_once_is_rounded_once, set_up),
        cmocka_unit_test_setup(rules_within_their_bounds, set_up),
        cmocka_unit_test_setup(random_weights_agree_with_plain_arithmetic, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
