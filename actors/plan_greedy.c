/* plan_greedy - the first plan; see plan.h. Hall by hall, the film with the best score for the
 * showings it has: score / (1 + showings), as seats are dealt by D'Hondt. */
#include "actors/plan.h"
#include <assert.h>
#include <string.h>

enum { GREEDY_TRIAL_MINUTES = 4 * 60, GREEDY_THINGS = CONFLICT_EQUIPMENT_MAX };

typedef struct {
    const plan_day_t *day;
    plan_t *plan;
    bool hall_taken[PLAN_HALLS_MAX][PLAN_SLOTS_MAX];
    uint32_t things_taken[PLAN_SLOTS_MAX];
    uint32_t starts[PLAN_SLOTS_MAX];
    uint32_t showings[PLAN_FILMS_MAX];
    uint32_t hot_prime, warm_prime;
    uint8_t halls[PLAN_HALLS_MAX]; /* the largest first */
} greedy_t;

static bool
greedy_crowded(const greedy_t *self, uint32_t slot)
{
    uint32_t width = self->day->stagger_slots;
    uint32_t first = slot + 1 > width ? slot + 1 - width : 0;
    for (uint32_t from = first; from <= slot; from++) {
        uint32_t within = 1;
        for (uint32_t at = from; at < from + width && at < self->day->slot_count; at++)
            within += self->starts[at];
        if (width > 0 && within > self->day->problem.rules.stagger_starts)
            return true;
    }
    return false;
}

static bool
greedy_may(const greedy_t *self, uint32_t film, uint32_t hall, uint32_t slot)
{
    const plan_day_t *day = self->day;
    if (!plan_may(day, film, hall, slot) || greedy_crowded(self, slot))
        return false;
    if (day->any_hot && day->prime[slot] && day->heat[film] == PLAN_WARM &&
        self->warm_prime >= self->hot_prime)
        return false;
    uint32_t end = slot + plan_blocks(day, film, hall), things = 0;
    for (uint32_t at = slot; at < end && at < day->slot_count; at++)
        if (self->hall_taken[hall][at])
            return false;
    end = slot + plan_run_blocks(day, film);
    for (uint32_t at = slot; at < end && at < day->slot_count; at++)
        things |= self->things_taken[at];
    return !(things & day->problem.films[film].equipment);
}

static void
greedy_place(greedy_t *self, uint32_t film, uint32_t hall, uint32_t slot, plan_reason_t reason)
{
    const plan_day_t *day = self->day;
    assert(self->plan->count < PLAN_SHOWINGS_MAX);
    self->plan->showings[self->plan->count++] =
        (plan_showing_t){ (uint8_t)film, (uint8_t)hall, (uint16_t)slot, reason };
    uint32_t end = slot + plan_blocks(day, film, hall);
    for (uint32_t at = slot; at < end && at < day->slot_count; at++)
        self->hall_taken[hall][at] = true;
    end = slot + plan_run_blocks(day, film);
    for (uint32_t at = slot; at < end && at < day->slot_count; at++)
        self->things_taken[at] |= day->problem.films[film].equipment;
    self->starts[slot]++;
    self->showings[film]++;
    self->hot_prime += day->prime[slot] && day->heat[film] == PLAN_HOT;
    self->warm_prime += day->prime[slot] && day->heat[film] == PLAN_WARM;
}

/* The film with the best score for its showings that may start here; film_count when none may. */
static uint32_t
greedy_best(const greedy_t *self, uint32_t hall, uint32_t slot)
{
    uint32_t best = self->day->problem.film_count;
    for (uint32_t film = 0; film < self->day->problem.film_count; film++) {
        if (!greedy_may(self, film, hall, slot))
            continue;
        if (best == self->day->problem.film_count ||
            (uint64_t)self->day->problem.films[film].score_hundredths * (1 + self->showings[best]) >
                (uint64_t)self->day->problem.films[best].score_hundredths *
                    (1 + self->showings[film]))
            best = film;
    }
    return best;
}

static void
greedy_fill(greedy_t *self, uint32_t hall, bool prime)
{
    const plan_day_t *day = self->day;
    for (uint32_t slot = 0; slot < day->slot_count; slot++) {
        if ((prime && !day->prime[slot]) || self->hall_taken[hall][slot] ||
            self->plan->count == PLAN_SHOWINGS_MAX)
            continue;
        uint32_t film = greedy_best(self, hall, slot);
        if (film == day->problem.film_count)
            continue;
        plan_reason_t reason = !day->prime[slot]             ? PLAN_SCORE
                               : day->heat[film] == PLAN_HOT ? PLAN_PRIME_HOT
                                                             : PLAN_PRIME;
        greedy_place(self, film, hall, slot, reason);
    }
}

/* From the afternoon on, in the smallest hall that has room then. */
static bool
greedy_trial(greedy_t *self, uint32_t film)
{
    const plan_day_t *day = self->day;
    uint32_t first = GREEDY_TRIAL_MINUTES / day->problem.rules.grid_min;
    for (uint32_t turn = 0; turn < day->slot_count; turn++) {
        uint32_t slot = (first + turn) % day->slot_count;
        for (uint32_t i = day->problem.hall_count; i-- > 0;) {
            if (!greedy_may(self, film, self->halls[i], slot))
                continue;
            greedy_place(self, film, self->halls[i], slot, PLAN_TRIAL);
            return true;
        }
    }
    return false;
}

static void
greedy_trials(greedy_t *self)
{
    const plan_day_t *day = self->day;
    for (uint32_t film = 0; film < day->problem.film_count; film++) {
        if (!day->fresh[film] || day->left[film] != PLAN_LEFT_NOT)
            continue;
        while (self->showings[film] < day->problem.rules.trial_showings &&
               self->plan->count < PLAN_SHOWINGS_MAX)
            if (!greedy_trial(self, film))
                break;
    }
}

static void
greedy_order_halls(greedy_t *self)
{
    const plan_hall_t *halls = self->day->problem.halls;
    for (uint32_t i = 0; i < self->day->problem.hall_count; i++) {
        uint32_t at = i;
        for (; at > 0 && halls[self->halls[at - 1]].seats < halls[i].seats; at--)
            self->halls[at] = self->halls[at - 1];
        self->halls[at] = (uint8_t)i;
    }
}

void
plan_greedy(const plan_day_t *day, plan_t *plan)
{
    greedy_t self = { .day = day, .plan = plan };
    plan->count = 0;
    greedy_order_halls(&self);
    for (uint32_t slot = 0; slot < day->slot_count; slot++)
        self.starts[slot] = plan_fixed_starts(day, slot);
    for (uint32_t i = 0; i < day->problem.hall_count; i++)
        greedy_fill(&self, self.halls[i], true);
    greedy_trials(&self);
    for (uint32_t i = 0; i < day->problem.hall_count; i++)
        greedy_fill(&self, self.halls[i], false);
    plan_sort(plan);
}

void
plan_sort(plan_t *plan)
{
    for (uint32_t i = 1; i < plan->count; i++) {
        plan_showing_t moved = plan->showings[i];
        uint32_t at = i;
        for (; at > 0; at--) {
            const plan_showing_t *before = &plan->showings[at - 1];
            if (before->hall < moved.hall ||
                (before->hall == moved.hall && before->slot <= moved.slot))
                break;
            plan->showings[at] = *before;
        }
        plan->showings[at] = moved;
    }
}
