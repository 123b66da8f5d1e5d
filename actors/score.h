/* score - how much a film is worth showing on a day, and why. Pure.
 *
 * A base times the weight of each factor that holds, rounded once, half up, to hundredths. Weights
 * are parts per thousand and come from the configuration; there are no fractions anywhere else, so
 * every machine has the same score. The answer has each factor, whether it holds, and the figures
 * that decided it, so that a manager sees why. */
#ifndef SCORE_H
#define SCORE_H
#include <stdbool.h>
#include <stdint.h>

enum { SCORE_WEIGHT_MAX = 10000, SCORE_BASE_MAX = 1000000 };

/* factor, default weight in parts per thousand, name, what a manager reads when it holds */
#define SCORE_TABLE(X)                                                                             \
    X(FRESH, 1400, "fresh", "released within the last days")                                       \
    X(RATED, 1300, "rated", "well rated")                                                          \
    X(DEMAND, 1500, "demand", "sells above the average")                                           \
    X(HOLIDAY, 1200, "holiday", "a holiday film on a holiday or weekend")                          \
    X(DRAW, 1100, "draw", "a director or cast with high draw")

typedef enum {
#define X(factor, weight, name, text) SCORE_##factor,
    SCORE_TABLE(X)
#undef X
        SCORE_FACTORS
} score_factor_t;

/* Ratings are in tenths: 8.5 is 85. Days are local, counted from 1970-01-01 (see zone.h). */
typedef struct {
    uint32_t base_hundredths;                /* 10000: 100.00 */
    uint32_t weight_permille[SCORE_FACTORS]; /* 0 to SCORE_WEIGHT_MAX */
    int32_t fresh_days;                      /* released at most so many days ago; 7 */
    uint16_t imdb_tenths, douban_tenths;     /* at least one of them reached; 80, 85 */
    int32_t holiday_ahead_days;              /* a holiday so many days ahead counts already; 0 */
    uint8_t weekend;                         /* a bit for each weekday, Monday's is 1; 0x60 */
} score_rules_t;

/* Tickets sold are compared span by span: `sold` of this film in the span before the day (three
 * days), and `all_sold` of the same span of all `spans` films, or of as many earlier spans of the
 * same length. What a day is compared with is a day, never three. */
typedef struct {
    int32_t release_day;
    uint16_t imdb_tenths, douban_tenths; /* 0: not rated */
    bool holiday_theme, high_draw;
    uint64_t sold, all_sold;
    uint32_t spans; /* 0: nothing to compare with, and the factor does not hold */
} score_film_t;

/* The figures behind a factor; which, depends on it:
 *   FRESH    figure: days since release, negative before it; bound: fresh_days
 *   RATED    figure: the rating that counted, or the better one; bound: what it had to reach
 *   DEMAND   figure: sold; bound: the average, rounded down
 *   HOLIDAY  figure: the holiday's or weekend's day, or -1; bound: the day asked for
 *   DRAW     figure: 1 or 0; bound: 1 */
typedef struct {
    bool holds;
    uint32_t weight_permille; /* what was multiplied by: 1000 when it does not hold */
    int64_t figure, bound;
} score_reason_t;

typedef struct {
    uint32_t hundredths;
    score_reason_t reasons[SCORE_FACTORS];
} score_t;

score_rules_t score_defaults(void);
/* Are these weights within their bounds? They come from outside. */
bool score_rules_valid(const score_rules_t *rules);
/* `holidays` are days, ascending. */
score_t score_of(const score_rules_t *rules, const score_film_t *film, int32_t day,
                 const int32_t *holidays, uint32_t holiday_count);
const char *score_factor_name(score_factor_t factor);
const char *score_factor_text(score_factor_t factor);
#endif
