/* score - see score.h for the contract. */
#include "actors/score.h"
#include "actors/zone.h"
#include <assert.h>

/* Five weights of four digits and a base of seven do not fit 64 bits. */
__extension__ typedef unsigned __int128 score_wide_t;

static const struct {
    uint32_t weight_permille;
    const char *name, *text;
} score_factors[SCORE_FACTORS] = {
#define X(factor, weight, name, text) { weight, name, text },
    SCORE_TABLE(X)
#undef X
};

const char *
score_factor_name(score_factor_t factor)
{
    assert(factor < SCORE_FACTORS);
    return score_factors[factor].name;
}

const char *
score_factor_text(score_factor_t factor)
{
    assert(factor < SCORE_FACTORS);
    return score_factors[factor].text;
}

score_rules_t
score_defaults(void)
{
    score_rules_t rules = { .base_hundredths = 10000,
                            .fresh_days = 7,
                            .imdb_tenths = 80,
                            .douban_tenths = 85,
                            .weekend = 0x60 };
    for (score_factor_t at = 0; at < SCORE_FACTORS; at++)
        rules.weight_permille[at] = score_factors[at].weight_permille;
    return rules;
}

bool
score_rules_valid(const score_rules_t *rules)
{
    score_wide_t most = rules->base_hundredths;
    for (score_factor_t at = 0; at < SCORE_FACTORS; at++) {
        if (rules->weight_permille[at] > SCORE_WEIGHT_MAX)
            return false;
        most *= rules->weight_permille[at] > 1000 ? rules->weight_permille[at] : 1000;
    }
    return rules->base_hundredths <= SCORE_BASE_MAX && rules->fresh_days >= 0 &&
           rules->fresh_days <= 366 && rules->holiday_ahead_days >= 0 &&
           rules->holiday_ahead_days <= 31 && rules->weekend < 0x80 &&
           most / 1000000000000000U <= UINT32_MAX / 2; /* 1000 to the fifth; the score fits */
}

static score_reason_t
score_fresh(const score_rules_t *rules, const score_film_t *film, int32_t day)
{
    int32_t since = day - film->release_day;
    return (score_reason_t){ .holds = since >= 0 && since <= rules->fresh_days,
                             .figure = since,
                             .bound = rules->fresh_days };
}

static score_reason_t
score_rated(const score_rules_t *rules, const score_film_t *film)
{
    bool imdb = film->imdb_tenths >= rules->imdb_tenths;
    bool douban = film->douban_tenths >= rules->douban_tenths;
    bool tell_imdb = imdb || (!douban && film->imdb_tenths >= film->douban_tenths);
    return (score_reason_t){ .holds = imdb || douban,
                             .figure = tell_imdb ? film->imdb_tenths : film->douban_tenths,
                             .bound = tell_imdb ? rules->imdb_tenths : rules->douban_tenths };
}

/* sold > all_sold / spans, without the division. */
static score_reason_t
score_demand(const score_film_t *film)
{
    if (film->spans == 0)
        return (score_reason_t){ .figure = (int64_t)film->sold };
    return (score_reason_t){ .holds = (score_wide_t)film->sold * film->spans > film->all_sold,
                             .figure = (int64_t)film->sold,
                             .bound = (int64_t)(film->all_sold / film->spans) };
}

static score_reason_t
score_holiday(const score_rules_t *rules, const score_film_t *film, int32_t day,
              const int32_t *holidays, uint32_t count)
{
    int32_t found = rules->weekend >> zone_weekday(day) & 1 ? day : -1;
    for (uint32_t i = 0; i < count && found < 0; i++)
        if (holidays[i] >= day && holidays[i] - day <= rules->holiday_ahead_days)
            found = holidays[i];
    return (score_reason_t){ .holds = film->holiday_theme && found >= 0,
                             .figure = found,
                             .bound = day };
}

score_t
score_of(const score_rules_t *rules, const score_film_t *film, int32_t day, const int32_t *holidays,
         uint32_t holiday_count)
{
    assert(score_rules_valid(rules));
    score_t score = { .reasons = {
                          [SCORE_FRESH] = score_fresh(rules, film, day),
                          [SCORE_RATED] = score_rated(rules, film),
                          [SCORE_DEMAND] = score_demand(film),
                          [SCORE_HOLIDAY] =
                              score_holiday(rules, film, day, holidays, holiday_count),
                          [SCORE_DRAW] = { .holds = film->high_draw,
                                           .figure = film->high_draw,
                                           .bound = 1 },
                      } };
    score_wide_t product = rules->base_hundredths, unit = 1;
    for (score_factor_t at = 0; at < SCORE_FACTORS; at++) {
        score_reason_t *reason = &score.reasons[at];
        reason->weight_permille = reason->holds ? rules->weight_permille[at] : 1000;
        product *= reason->weight_permille;
        unit *= 1000;
    }
    score.hundredths = (uint32_t)((product + unit / 2) / unit);
    return score;
}
