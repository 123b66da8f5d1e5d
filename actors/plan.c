/* plan - see plan.h for the contract: the day, what may stand in it, and what it is worth.
 * The greedy plan is in plan_greedy.c. */
#include "actors/plan.h"
#include <assert.h>
#include <string.h>

enum { PLAN_MINUTE_MS = 60000, PLAN_BAND_MINUTES = 120 };

const uint16_t plan_step_permille[PLAN_STEPS] = { 1000, 750, 550, 400, 300 };

static const char *const plan_left_texts[PLAN_LEFTS] = {
#define X(name, text) text,
    PLAN_LEFT_TABLE(X)
#undef X
};
static const char *const plan_reason_texts[PLAN_REASONS] = {
#define X(name, text) text,
    PLAN_REASON_TABLE(X)
#undef X
};

const char *
plan_reason_text(plan_reason_t reason)
{
    assert(reason < PLAN_REASONS);
    return plan_reason_texts[reason];
}

const char *
plan_left_text(plan_left_t left)
{
    assert(left < PLAN_LEFTS);
    return plan_left_texts[left];
}

plan_rules_t
plan_defaults(void)
{
    return (plan_rules_t){
        .grid_min = 10,
        .prime_from_minute = 19 * 60,
        .prime_until_minute = 21 * 60 + 30,
        .hot_permille = 1200,
        .cold_permille = 750,
        .fresh_days = 7,
        .trial_showings = 2,
        .stagger_starts = 3,
        .stagger_min = 20,
        .base_visitors = 90,
        .film_pool = 180,
        .band_visitors = 700,
        .run_decay_permille = 975,
        .run_least_permille = 350,
        .demand_permille = { { [9] = 150,
                               200,
                               250,
                               300,
                               350,
                               450,
                               500,
                               550,
                               700,
                               850, /* 18 h */
                               1000,
                               950,
                               700,
                               450,
                               250 },
                             { [9] = 300,
                               400,
                               550,
                               700,
                               850,
                               950,
                               950,
                               950,
                               950,
                               1000,
                               1100,
                               1050,
                               850,
                               600,
                               350 } },
    };
}

static bool
plan_rules_valid(const plan_rules_t *rules)
{
    for (uint32_t i = 0; i < 48; i++)
        if (rules->demand_permille[i / 24][i % 24] > 5000)
            return false;
    return rules->grid_min >= 5 && rules->grid_min <= 120 && rules->prime_from_minute <= 2880 &&
           rules->prime_until_minute <= 2880 && rules->hot_permille <= 10000 &&
           rules->cold_permille <= rules->hot_permille && rules->fresh_days <= 366 &&
           rules->trial_showings <= 20 && rules->stagger_starts >= 1 && rules->stagger_min <= 240 &&
           rules->base_visitors <= 10000 && rules->film_pool <= 100000 &&
           rules->band_visitors <= 1000000 && rules->run_decay_permille <= 1000 &&
           rules->run_least_permille <= 1000;
}

static bool
plan_problem_valid(const plan_problem_t *problem)
{
    if (!plan_rules_valid(&problem->rules) || problem->film_count > PLAN_FILMS_MAX ||
        problem->hall_count > PLAN_HALLS_MAX || problem->fixed_count > PLAN_SHOWINGS_MAX ||
        problem->day < 0 || problem->day > ZONE_DAY_MAX / 2)
        return false;
    for (uint32_t i = 0; i < problem->film_count; i++)
        if (problem->films[i].film.duration_min < 1 || problem->films[i].film.duration_min > 720 ||
            problem->films[i].score_hundredths > 10000000)
            return false;
    for (uint32_t i = 0; i < problem->hall_count; i++)
        if (problem->halls[i].cleaning_min > 120 || problem->halls[i].seats > 10000)
            return false;
    for (uint32_t i = 0; i < problem->fixed_count; i++)
        if (problem->fixed[i].film >= problem->film_count ||
            problem->fixed[i].hall >= problem->hall_count ||
            problem->fixed[i].start_ms >= problem->fixed[i].end_ms)
            return false;
    for (uint32_t i = 0; i < 7; i++)
        if (problem->hours.from_minute[i] > 1440 || problem->hours.until_minute[i] > 2880)
            return false;
    return true;
}

static uint16_t
plan_run(const plan_rules_t *rules, int32_t since)
{
    uint32_t permille = 1000;
    for (int32_t i = 0; i < since && permille > rules->run_least_permille; i++)
        permille = permille * rules->run_decay_permille / 1000;
    return permille > rules->run_least_permille ? (uint16_t)permille : rules->run_least_permille;
}

static plan_left_t
plan_left_of(const plan_day_t *day, uint32_t at)
{
    const plan_film_t *film = &day->problem.films[at];
    int64_t need_ms = (int64_t)film->film.duration_min * PLAN_MINUTE_MS;
    bool hall = false;
    if (film->film.withdrawn)
        return PLAN_LEFT_WITHDRAWN;
    if (day->problem.day < film->film.release_day)
        return PLAN_LEFT_UNRELEASED;
    if (day->problem.day > film->film.last_day)
        return PLAN_LEFT_ENDED;
    if (day->slot_count == 0)
        return PLAN_LEFT_CLOSED;
    for (uint32_t i = 0; i < day->problem.hall_count; i++)
        hall |= (film->formats & ~day->problem.halls[i].formats) == 0;
    if (!hall)
        return PLAN_LEFT_NO_HALL;
    return day->open_ms + need_ms > day->close_ms ? PLAN_LEFT_TOO_LONG : PLAN_LEFT_NOT;
}

static void
plan_init_films(plan_day_t *day)
{
    const plan_rules_t *rules = &day->problem.rules;
    uint64_t sum = 0;
    uint32_t shown = 0;
    for (uint32_t i = 0; i < day->problem.film_count; i++) {
        const plan_film_t *film = &day->problem.films[i];
        int32_t since = day->problem.day - film->film.release_day;
        day->left[i] = plan_left_of(day, i);
        day->run_permille[i] = plan_run(rules, since);
        day->fresh[i] = since >= 0 && since <= rules->fresh_days;
        day->pool_milli[i] =
            (int64_t)rules->film_pool * film->score_hundredths * day->run_permille[i] / 10000;
        if (day->left[i] == PLAN_LEFT_NOT)
            sum += film->score_hundredths, shown++;
    }
    for (uint32_t i = 0; i < day->problem.film_count; i++) {
        uint64_t own = (uint64_t)day->problem.films[i].score_hundredths * 1000 * shown;
        day->heat[i] = own >= sum * rules->hot_permille    ? PLAN_HOT
                       : own <= sum * rules->cold_permille ? PLAN_COLD
                                                           : PLAN_WARM;
        day->any_hot |= day->left[i] == PLAN_LEFT_NOT && day->heat[i] == PLAN_HOT;
    }
}

bool
plan_day_init(plan_day_t *day, const plan_problem_t *problem)
{
    if (!plan_problem_valid(problem))
        return false;
    memset(day, 0, sizeof *day);
    day->problem = *problem;
    const plan_rules_t *rules = &day->problem.rules;
    int32_t weekday = zone_weekday(problem->day);
    day->open_ms = zone_utc_ms(problem->zone, problem->day, problem->hours.from_minute[weekday]);
    day->close_ms = zone_utc_ms(problem->zone, problem->day, problem->hours.until_minute[weekday]);
    int64_t grid_ms = (int64_t)rules->grid_min * PLAN_MINUTE_MS;
    if (day->close_ms > day->open_ms) {
        int64_t slots = (day->close_ms - day->open_ms + grid_ms - 1) / grid_ms;
        if (slots > PLAN_SLOTS_MAX)
            return false;
        day->slot_count = (uint32_t)slots;
    }
    day->stagger_slots = (rules->stagger_min + rules->grid_min - 1U) / rules->grid_min;
    day->band_count = PLAN_BANDS_MAX;
    for (uint32_t slot = 0; slot < day->slot_count; slot++) {
        zone_local_t local = zone_local(problem->zone, plan_slot_ms(day, slot));
        int32_t minute = (local.day - problem->day) * ZONE_DAY_MINUTES + local.minute;
        bool weekend = zone_weekday(local.day) >= 5;
        uint32_t band = minute < 0 ? 0 : (uint32_t)minute / PLAN_BAND_MINUTES;
        day->band[slot] = (uint8_t)(band < PLAN_BANDS_MAX ? band : PLAN_BANDS_MAX - 1);
        day->demand_permille[slot] = rules->demand_permille[weekend][local.minute / 60];
        day->prime[slot] = minute >= rules->prime_from_minute && minute < rules->prime_until_minute;
        int64_t width_milli = (int64_t)rules->band_visitors * day->demand_permille[slot];
        if (width_milli > day->band_width_milli[day->band[slot]])
            day->band_width_milli[day->band[slot]] = width_milli;
    }
    plan_init_films(day);
    return true;
}

int64_t
plan_slot_ms(const plan_day_t *day, uint32_t slot)
{
    return day->open_ms + (int64_t)slot * day->problem.rules.grid_min * PLAN_MINUTE_MS;
}

static uint32_t
plan_blocks_of(const plan_day_t *day, uint32_t minutes)
{
    return (minutes + day->problem.rules.grid_min - 1U) / day->problem.rules.grid_min;
}

uint32_t
plan_blocks(const plan_day_t *day, uint32_t film, uint32_t hall)
{
    return plan_blocks_of(day, day->problem.films[film].film.duration_min +
                                   day->problem.halls[hall].cleaning_min);
}

uint32_t
plan_run_blocks(const plan_day_t *day, uint32_t film)
{
    return plan_blocks_of(day, day->problem.films[film].film.duration_min);
}

bool
plan_may(const plan_day_t *day, uint32_t film, uint32_t hall, uint32_t slot)
{
    const plan_film_t *what = &day->problem.films[film];
    const plan_hall_t *where = &day->problem.halls[hall];
    if (day->left[film] != PLAN_LEFT_NOT || (what->formats & ~where->formats) ||
        slot >= day->slot_count || (day->prime[slot] && day->heat[film] == PLAN_COLD))
        return false;
    int64_t start_ms = plan_slot_ms(day, slot);
    int64_t end_ms = start_ms + (int64_t)what->film.duration_min * PLAN_MINUTE_MS;
    int64_t cleaning_ms = (int64_t)where->cleaning_min * PLAN_MINUTE_MS;
    if (end_ms > day->close_ms)
        return false;
    for (uint32_t i = 0; i < day->problem.fixed_count; i++) {
        const conflict_showtime_t *fixed = &day->problem.fixed[i];
        bool hall_taken = fixed->hall == hall && start_ms < fixed->end_ms + cleaning_ms &&
                          fixed->start_ms < end_ms + cleaning_ms;
        bool thing_taken = (fixed->equipment & what->equipment) && start_ms < fixed->end_ms &&
                           fixed->start_ms < end_ms;
        if (hall_taken || thing_taken)
            return false;
    }
    return true;
}

static int64_t
plan_audience_at(const plan_day_t *day, uint32_t film, uint32_t hall, uint16_t demand_permille)
{
    const plan_film_t *what = &day->problem.films[film];
    int64_t seats_milli = (int64_t)day->problem.halls[hall].seats * 1000;
    int64_t wish_milli = (int64_t)day->problem.rules.base_visitors * what->score_hundredths *
                         day->run_permille[film] / 10000 * demand_permille / 1000;
    return wish_milli < seats_milli ? wish_milli : seats_milli;
}

int64_t
plan_audience_milli(const plan_day_t *day, uint32_t film, uint32_t hall, uint32_t slot)
{
    assert(slot < day->slot_count);
    return plan_audience_at(day, film, hall, day->demand_permille[slot]);
}

/* The slot that a moment lies in, or -1 when it is not of the day. */
static int64_t
plan_slot_of(const plan_day_t *day, int64_t moment_ms)
{
    int64_t grid_ms = (int64_t)day->problem.rules.grid_min * PLAN_MINUTE_MS;
    bool within = moment_ms >= day->open_ms && moment_ms < day->close_ms;
    return within ? (moment_ms - day->open_ms) / grid_ms : -1;
}

uint32_t
plan_fixed_starts(const plan_day_t *day, uint32_t slot)
{
    uint32_t starts = 0;
    for (uint32_t i = 0; i < day->problem.fixed_count; i++)
        starts += plan_slot_of(day, day->problem.fixed[i].start_ms) == (int64_t)slot;
    return starts;
}

uint32_t
plan_showings_of(const plan_t *plan, uint32_t film)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < plan->count; i++)
        count += plan->showings[i].film == film;
    return count;
}

plan_left_t
plan_left_out(const plan_day_t *day, const plan_t *plan, uint32_t film)
{
    if (day->left[film] != PLAN_LEFT_NOT || plan_showings_of(plan, film) > 0)
        return day->left[film];
    return PLAN_LEFT_NO_ROOM;
}

static bool
plan_crowded(const plan_day_t *day, const plan_t *plan)
{
    uint32_t starts[PLAN_SLOTS_MAX];
    for (uint32_t slot = 0; slot < day->slot_count; slot++)
        starts[slot] = 0;
    for (uint32_t i = 0; i < plan->count; i++)
        starts[plan->showings[i].slot]++;
    for (uint32_t slot = 0; slot < day->slot_count; slot++) {
        uint32_t within = 0, own = 0;
        for (uint32_t at = slot; at < slot + day->stagger_slots && at < day->slot_count; at++) {
            within += starts[at] + plan_fixed_starts(day, at);
            own += starts[at];
        }
        if (own > 0 && within > day->problem.rules.stagger_starts)
            return true;
    }
    return false;
}

/* Two showings with no regard to order: do they stand in each other's way? */
static plan_verdict_t
plan_check_two(const plan_day_t *day, const plan_showing_t *one, const plan_showing_t *other)
{
    if (one->slot > other->slot)
        return plan_check_two(day, other, one);
    if (one->hall == other->hall &&
        one->slot + plan_blocks(day, one->film, one->hall) > other->slot)
        return PLAN_HALL_TAKEN;
    bool share =
        day->problem.films[one->film].equipment & day->problem.films[other->film].equipment;
    if (share && one->slot + plan_run_blocks(day, one->film) > other->slot)
        return PLAN_EQUIPMENT_TAKEN;
    return PLAN_GOOD;
}

plan_verdict_t
plan_check(const plan_day_t *day, const plan_t *plan)
{
    uint32_t hot = 0, warm = 0;
    if (plan->count > PLAN_SHOWINGS_MAX)
        return PLAN_TOO_MANY;
    for (uint32_t i = 0; i < plan->count; i++) {
        const plan_showing_t *one = &plan->showings[i];
        if (one->film >= day->problem.film_count || one->hall >= day->problem.hall_count ||
            !plan_may(day, one->film, one->hall, one->slot))
            return PLAN_MAY_NOT;
        hot += day->prime[one->slot] && day->heat[one->film] == PLAN_HOT;
        warm += day->prime[one->slot] && day->heat[one->film] == PLAN_WARM;
        for (uint32_t j = 0; j < i; j++) {
            plan_verdict_t verdict = plan_check_two(day, &plan->showings[j], one);
            if (verdict != PLAN_GOOD)
                return verdict;
        }
    }
    if (day->any_hot && warm > hot)
        return PLAN_WARM_PRIME;
    return plan_crowded(day, plan) ? PLAN_CROWD : PLAN_GOOD;
}

void
plan_fixed_sums(const plan_day_t *day, int64_t films_milli[PLAN_FILMS_MAX],
                int64_t bands_milli[PLAN_BANDS_MAX])
{
    memset(films_milli, 0, PLAN_FILMS_MAX * sizeof films_milli[0]);
    memset(bands_milli, 0, PLAN_BANDS_MAX * sizeof bands_milli[0]);
    for (uint32_t i = 0; i < day->problem.fixed_count; i++) {
        const conflict_showtime_t *fixed = &day->problem.fixed[i];
        int64_t slot = plan_slot_of(day, fixed->start_ms);
        if (slot < 0)
            continue;
        int64_t milli = plan_audience_milli(day, fixed->film, fixed->hall, (uint32_t)slot);
        films_milli[fixed->film] += milli;
        bands_milli[day->band[slot]] += milli;
    }
}

static int64_t
plan_film_micro(int64_t sum_milli, int64_t pool_milli)
{
    int64_t micro = 0;
    for (uint32_t step = 0; step < PLAN_STEPS; step++) {
        bool last = step == PLAN_STEPS - 1;
        int64_t part_milli = sum_milli < pool_milli || last ? sum_milli : pool_milli;
        micro += part_milli * plan_step_permille[step];
        sum_milli -= part_milli;
    }
    return micro;
}

int64_t
plan_expect_micro(const plan_day_t *day, const plan_t *plan)
{
    int64_t films_milli[PLAN_FILMS_MAX], bands_milli[PLAN_BANDS_MAX], micro = 0;
    plan_fixed_sums(day, films_milli, bands_milli);
    for (uint32_t i = 0; i < plan->count; i++) {
        const plan_showing_t *one = &plan->showings[i];
        int64_t milli = plan_audience_milli(day, one->film, one->hall, one->slot);
        films_milli[one->film] += milli;
        bands_milli[day->band[one->slot]] += milli;
    }
    for (uint32_t i = 0; i < day->problem.film_count; i++)
        micro += plan_film_micro(films_milli[i], day->pool_milli[i]);
    for (uint32_t i = 0; i < day->band_count; i++)
        if (bands_milli[i] > day->band_width_milli[i])
            micro -= (bands_milli[i] - day->band_width_milli[i]) * PLAN_BAND_LOSS_PERMILLE;
    return micro;
}

conflict_showtime_t
plan_showtime(const plan_day_t *day, const plan_showing_t *showing)
{
    const plan_film_t *film = &day->problem.films[showing->film];
    int64_t start_ms = plan_slot_ms(day, showing->slot);
    return (conflict_showtime_t){ .film = showing->film,
                                  .hall = showing->hall,
                                  .equipment = film->equipment,
                                  .start_ms = start_ms,
                                  .end_ms = start_ms +
                                            (int64_t)film->film.duration_min * PLAN_MINUTE_MS };
}
