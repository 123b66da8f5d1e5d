/* plan - the programme of a day: what may be shown when, how many are expected, and a first plan.
 * Pure.
 *
 * A day is cut into slots of `grid_min` from the opening on; a showing starts at a slot and holds
 * its hall for as many slots as film and cleaning need. The same rules and the same expectation
 * serve the greedy plan here and the better one that clients/plan makes with a solver: plan_may()
 * says what may stand alone, plan_check() what may stand together, plan_expect() what it is worth.
 *
 * How many are expected, in thousandths of a visitor, integers throughout:
 *   wish      of a film at a start: base_visitors x score / 100 x its run x the hour's demand
 *   audience  of a showing: the wish, at most the hall's seats
 *   a film's day: its showings share the same people. Of the sum of their audiences the first
 * `pool` (film_pool x score / 100 x run) come, of the next pool 750 in a thousand, then 550, 400,
 *             300: each showing more of a film adds less.
 *   competition: films that start in the same two hours take from one another. Of the sum of their
 *             audiences beyond `band_visitors` x demand a fifth stays away.
 *   run       1000 on the release day, times run_decay for each day since, at least run_least.
 * The expectation is concave in these sums, which lets a solver bound it. */
#ifndef PLAN_H
#define PLAN_H
#include "actors/conflict.h"
#include "actors/zone.h"
#include <stdbool.h>
#include <stdint.h>

enum {
    PLAN_HALLS_MAX = 16,
    PLAN_FILMS_MAX = 32,
    PLAN_SLOTS_MAX = 288,
    PLAN_SHOWINGS_MAX = 512, /* of a day */
    PLAN_STEPS = 5,
    PLAN_BANDS_MAX = 25, /* of two hours; a day may last two */
};

typedef struct {
    uint16_t grid_min;
    uint16_t prime_from_minute, prime_until_minute; /* a start in [from, until) is prime */
    uint16_t hot_permille, cold_permille;           /* of the day's mean score */
    uint16_t fresh_days, trial_showings;            /* a new film has so many a day, if it can be */
    uint16_t stagger_starts, stagger_min; /* at most so many starts in so long, all halls */
    uint32_t base_visitors, film_pool, band_visitors;
    uint16_t run_decay_permille, run_least_permille;
    uint16_t demand_permille[2][24]; /* by hour of the start: Monday to Friday, and the weekend */
} plan_rules_t;

typedef struct {
    conflict_film_t film;
    uint32_t formats;          /* bits; a hall must have them all */
    uint32_t equipment;        /* bits of shared things that a showing uses while it runs */
    uint32_t score_hundredths; /* on this day */
} plan_film_t;

typedef struct {
    uint32_t seats, formats;
    uint16_t cleaning_min; /* 15 to 30, says the trade; 0 to 120 is taken */
} plan_hall_t;

/* One day of one cinema. `fixed` showtimes stand already, in any order: they keep their halls, and
 * count wherever showings are counted. */
typedef struct {
    const zone_t *zone;
    plan_rules_t rules;
    conflict_hours_t hours;
    int32_t day;
    uint32_t film_count, hall_count, fixed_count;
    const plan_film_t *films;
    const plan_hall_t *halls;
    const conflict_showtime_t *fixed;
} plan_problem_t;

/* What keeps a film out of a day altogether; the last is said by plan_left_out() alone. */
#define PLAN_LEFT_TABLE(X)                                                                         \
    X(NOT, "is shown")                                                                             \
    X(WITHDRAWN, "is withdrawn")                                                                   \
    X(UNRELEASED, "is not released yet")                                                           \
    X(ENDED, "its run is over")                                                                    \
    X(CLOSED, "the cinema is closed")                                                              \
    X(NO_HALL, "no hall has its format")                                                           \
    X(TOO_LONG, "is longer than the opening hours")                                                \
    X(NO_ROOM, "no start was left that another film did not need more")
typedef enum {
#define X(name, text) PLAN_LEFT_##name,
    PLAN_LEFT_TABLE(X)
#undef X
        PLAN_LEFTS
} plan_left_t;

#define PLAN_REASON_TABLE(X)                                                                       \
    X(PRIME_HOT, "prime time goes to the hot films")                                               \
    X(PRIME, "best score left for this prime time")                                                \
    X(TRIAL, "a new film has trial showings")                                                      \
    X(SCORE, "best score for its showings so far")                                                 \
    X(EXPECTED, "adds most to the expected attendance of the day")
typedef enum {
#define X(name, text) PLAN_##name,
    PLAN_REASON_TABLE(X)
#undef X
        PLAN_REASONS
} plan_reason_t;

typedef enum { PLAN_WARM, PLAN_HOT, PLAN_COLD } plan_heat_t;

/* What follows from the problem; made once, then only read. */
typedef struct {
    plan_problem_t problem;
    int64_t open_ms, close_ms;
    uint32_t slot_count, band_count;
    uint16_t demand_permille[PLAN_SLOTS_MAX];
    bool prime[PLAN_SLOTS_MAX];
    uint8_t band[PLAN_SLOTS_MAX];
    int64_t band_width_milli[PLAN_BANDS_MAX];
    uint32_t stagger_slots;
    plan_left_t left[PLAN_FILMS_MAX];
    plan_heat_t heat[PLAN_FILMS_MAX];
    bool fresh[PLAN_FILMS_MAX];
    uint16_t run_permille[PLAN_FILMS_MAX];
    int64_t pool_milli[PLAN_FILMS_MAX];
    bool any_hot; /* then warm films may not have more of prime time than the hot */
} plan_day_t;

typedef struct {
    uint8_t film, hall;
    uint16_t slot;
    plan_reason_t reason;
} plan_showing_t;

typedef struct {
    uint32_t count;
    plan_showing_t showings[PLAN_SHOWINGS_MAX]; /* by hall, then slot */
} plan_t;

typedef enum {
    PLAN_GOOD,
    PLAN_MAY_NOT,    /* plan_may() says no */
    PLAN_HALL_TAKEN, /* two at once in a hall, or no time to clean */
    PLAN_CROWD,      /* too many starts at a time */
    PLAN_EQUIPMENT_TAKEN,
    PLAN_WARM_PRIME, /* more warm films than hot ones in prime time */
    PLAN_TOO_MANY
} plan_verdict_t;

plan_rules_t plan_defaults(void);
/* False when the problem is out of bounds; it comes from outside. What it points to is borrowed. */
bool plan_day_init(plan_day_t *day, const plan_problem_t *problem);

int64_t plan_slot_ms(const plan_day_t *day, uint32_t slot);
/* Slots that a showing holds its hall, and those that the film itself runs. */
uint32_t plan_blocks(const plan_day_t *day, uint32_t film, uint32_t hall);
uint32_t plan_run_blocks(const plan_day_t *day, uint32_t film);
/* May this showing stand, with the fixed ones alone? */
bool plan_may(const plan_day_t *day, uint32_t film, uint32_t hall, uint32_t slot);
int64_t plan_audience_milli(const plan_day_t *day, uint32_t film, uint32_t hall, uint32_t slot);
/* Fixed showtimes that start in the slot. */
uint32_t plan_fixed_starts(const plan_day_t *day, uint32_t slot);

/* What fixed showtimes have of the sums of films and bands already. */
void plan_fixed_sums(const plan_day_t *day, int64_t films_milli[PLAN_FILMS_MAX],
                     int64_t bands_milli[PLAN_BANDS_MAX]);

/* How a film's sum of audiences and a band's turn into visitors: `step` widths are the same, of
 * what falls into a step so much in a thousand comes, or stays away. */
extern const uint16_t plan_step_permille[PLAN_STEPS];
enum { PLAN_BAND_LOSS_PERMILLE = 200 };

plan_verdict_t plan_check(const plan_day_t *day, const plan_t *plan);
/* Expected visitors in millionths: thousandths of thousandths, so that nothing is rounded. */
int64_t plan_expect_micro(const plan_day_t *day, const plan_t *plan);
/* Showings of a film, without the fixed ones. */
uint32_t plan_showings_of(const plan_t *plan, uint32_t film);
plan_left_t plan_left_out(const plan_day_t *day, const plan_t *plan, uint32_t film);

/* The first plan: prime time to the hottest, trials, then hall by hall the film with the best score
 * for its showings so far. Always good by plan_check(). */
void plan_greedy(const plan_day_t *day, plan_t *plan);
/* By hall, then slot. */
void plan_sort(plan_t *plan);
/* Turn a showing into a showtime as conflict.h judges it. */
conflict_showtime_t plan_showtime(const plan_day_t *day, const plan_showing_t *showing);
const char *plan_reason_text(plan_reason_t reason);
const char *plan_left_text(plan_left_t left);
#endif
