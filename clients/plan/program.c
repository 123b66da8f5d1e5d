/* program - see program.h for the contract.
 *
 * Rows: a film's sum of audiences is the sum of its steps; a band's sum less its loss is at most
 * its width; a slot of a hall has one showing; so many starts within the stagger; a shared thing is
 * used once at a time; warm films have no more of prime time than hot ones; a new film has its
 * trials. */
#include "clients/plan/program.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Where each kind of row begins; -1 or no rows where a kind is not needed. */
typedef struct {
    const plan_day_t *day;
    int films, bands, halls, stagger, things, warm, trials, count;
} program_rows_t;

static uint32_t
program_all_things(const plan_day_t *day)
{
    uint32_t things = 0;
    for (uint32_t i = 0; i < day->problem.film_count; i++)
        things |= day->problem.films[i].equipment;
    return things;
}

static program_rows_t
program_rows(const plan_day_t *day)
{
    program_rows_t rows = { .day = day };
    int slots = (int)day->slot_count, films = (int)day->problem.film_count, things = 0;
    for (uint32_t left = program_all_things(day); left; left >>= 1)
        things++;
    rows.bands = rows.films + films;
    rows.halls = rows.bands + (int)day->band_count;
    rows.stagger = rows.halls + (int)day->problem.hall_count * slots;
    rows.things = rows.stagger + slots;
    rows.warm = rows.things + things * slots;
    rows.trials = rows.warm + 1;
    rows.count = rows.trials + films;
    return rows;
}

static void
program_entry(program_t *self, int row, double value)
{
    self->rows[self->entry_count] = row;
    self->values[self->entry_count++] = value;
}

static double
program_visitors(int64_t milli)
{
    return (double)milli / 1000;
}

static void
program_add_showing(program_t *self, const program_rows_t *at, const plan_showing_t *showing)
{
    const plan_day_t *day = at->day;
    int slots = (int)day->slot_count, slot = showing->slot, film = showing->film;
    double audience =
        program_visitors(plan_audience_milli(day, showing->film, showing->hall, showing->slot));
    self->showings[self->showing_count++] = *showing;
    self->starts[self->column_count] = self->entry_count;
    self->column_upper[self->column_count++] = 1;
    program_entry(self, at->films + film, audience);
    program_entry(self, at->bands + day->band[slot], audience);
    int end = slot + (int)plan_blocks(day, showing->film, showing->hall);
    for (int i = slot; i < end && i < slots; i++)
        program_entry(self, at->halls + showing->hall * slots + i, 1);
    int first = slot + 1 - (int)day->stagger_slots;
    for (int i = first > 0 ? first : 0; i <= slot; i++)
        program_entry(self, at->stagger + i, 1);
    end = slot + (int)plan_run_blocks(day, showing->film);
    uint32_t things = day->problem.films[film].equipment;
    for (int thing = 0; things >> thing; thing++)
        for (int i = slot; (things >> thing & 1) && i < end && i < slots; i++)
            program_entry(self, at->things + thing * slots + i, 1);
    if (day->any_hot && day->prime[slot] && day->heat[film] != PLAN_COLD)
        program_entry(self, at->warm, day->heat[film] == PLAN_HOT ? -1 : 1);
    if (day->fresh[film])
        program_entry(self, at->trials + film, 1);
}

static void
program_add_sums(program_t *self, const program_rows_t *at)
{
    const plan_day_t *day = at->day;
    for (uint32_t film = 0; film < day->problem.film_count; film++) {
        for (int step = 0; step < PLAN_STEPS; step++) {
            int column = self->column_count++;
            self->starts[column] = self->entry_count;
            self->objective[column] = plan_step_permille[step] / 1000.0;
            self->column_upper[column] =
                step < PLAN_STEPS - 1 ? program_visitors(day->pool_milli[film]) : (double)INT32_MAX;
            program_entry(self, at->films + (int)film, -1);
        }
    }
    for (uint32_t band = 0; band < day->band_count; band++) {
        int column = self->column_count++;
        self->starts[column] = self->entry_count;
        self->objective[column] = -PLAN_BAND_LOSS_PERMILLE / 1000.0;
        self->column_upper[column] = (double)INT32_MAX;
        program_entry(self, at->bands + (int)band, -1);
    }
    self->starts[self->column_count] = self->entry_count;
}

static void
program_bound_rows(program_t *self, const program_rows_t *at, const plan_t *greedy)
{
    const plan_day_t *day = at->day;
    int64_t films_milli[PLAN_FILMS_MAX], bands_milli[PLAN_BANDS_MAX];
    plan_fixed_sums(day, films_milli, bands_milli);
    for (int row = 0; row < self->row_count; row++)
        self->row_lower[row] = -(double)INT32_MAX, self->row_upper[row] = 1;
    for (uint32_t film = 0; film < day->problem.film_count; film++) {
        double there = program_visitors(films_milli[film]);
        uint32_t trials = plan_showings_of(greedy, film),
                 wanted = day->problem.rules.trial_showings;
        self->row_lower[at->films + (int)film] = -there;
        self->row_upper[at->films + (int)film] = -there;
        self->row_upper[at->trials + (int)film] = (double)INT32_MAX;
        if (day->fresh[film])
            self->row_lower[at->trials + (int)film] = trials < wanted ? trials : wanted;
    }
    for (uint32_t band = 0; band < day->band_count; band++)
        self->row_upper[at->bands + (int)band] =
            program_visitors(day->band_width_milli[band] - bands_milli[band]);
    for (uint32_t slot = 0; slot < day->slot_count; slot++) {
        uint32_t there = 0, most = day->problem.rules.stagger_starts;
        for (uint32_t i = slot; i < slot + day->stagger_slots && i < day->slot_count; i++)
            there += plan_fixed_starts(day, i);
        self->row_upper[at->stagger + (int)slot] = there < most ? most - there : 0;
    }
    self->row_upper[at->warm] = 0;
}

/* At most so many entries has a showing's column. */
static size_t
program_entries(const plan_day_t *day, const plan_showing_t *showing)
{
    size_t things = 0;
    for (uint32_t left = day->problem.films[showing->film].equipment; left; left &= left - 1)
        things++;
    return 4 + plan_blocks(day, showing->film, showing->hall) + day->stagger_slots +
           things * plan_run_blocks(day, showing->film);
}

static program_t *
program_alloc(int rows, size_t showings, size_t entries)
{
    size_t columns = showings + PLAN_FILMS_MAX * PLAN_STEPS + PLAN_BANDS_MAX;
    entries += columns - showings;
    program_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->row_count = rows;
    self->showings = calloc(showings + 1, sizeof *self->showings);
    self->starts = calloc(columns + 1, sizeof *self->starts);
    self->rows = calloc(entries, sizeof *self->rows);
    self->values = calloc(entries, sizeof *self->values);
    self->objective = calloc(columns, sizeof *self->objective);
    self->column_lower = calloc(columns, sizeof *self->column_lower);
    self->column_upper = calloc(columns, sizeof *self->column_upper);
    self->row_lower = calloc((size_t)rows, sizeof *self->row_lower);
    self->row_upper = calloc((size_t)rows, sizeof *self->row_upper);
    if (!self->showings || !self->starts || !self->rows || !self->values || !self->objective ||
        !self->column_lower || !self->column_upper || !self->row_lower || !self->row_upper)
        program_destroy(&self);
    return self;
}

/* Every showing that may stand, in order; `showings` NULL only counts. */
static size_t
program_candidates(const plan_day_t *day, plan_showing_t *showings)
{
    size_t count = 0;
    for (uint32_t film = 0; film < day->problem.film_count; film++)
        for (uint32_t hall = 0; hall < day->problem.hall_count; hall++)
            for (uint32_t slot = 0; slot < day->slot_count; slot++)
                if (plan_may(day, film, hall, slot)) {
                    if (showings)
                        showings[count] = (plan_showing_t){ (uint8_t)film, (uint8_t)hall,
                                                            (uint16_t)slot, PLAN_EXPECTED };
                    count++;
                }
    return count;
}

static program_t *
program_fill(const plan_day_t *day, const plan_t *greedy, const plan_showing_t *showings,
             size_t count)
{
    program_rows_t rows = program_rows(day);
    size_t entries = 0;
    for (size_t i = 0; i < count; i++)
        entries += program_entries(day, &showings[i]);
    program_t *self = program_alloc(rows.count, count, entries);
    if (!self)
        return NULL;
    for (size_t i = 0; i < count; i++)
        program_add_showing(self, &rows, &showings[i]);
    program_add_sums(self, &rows);
    program_bound_rows(self, &rows, greedy);
    return self;
}

program_t *
program_new(const plan_day_t *day, const plan_t *greedy, const program_t *from, const bool *keep)
{
    assert((from == NULL) == (keep == NULL));
    size_t room = from ? (size_t)from->showing_count : program_candidates(day, NULL), count = 0;
    plan_showing_t *showings = calloc(room + 1, sizeof *showings);
    if (!showings)
        return NULL;
    if (!from)
        count = program_candidates(day, showings);
    for (size_t i = 0; from && i < room; i++)
        if (keep[i])
            showings[count++] = from->showings[i];
    program_t *self = program_fill(day, greedy, showings, count);
    free(showings);
    return self;
}

void
program_destroy(program_t **self_p)
{
    program_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    free(self->showings);
    free(self->starts);
    free(self->rows);
    free(self->values);
    free(self->objective);
    free(self->column_lower);
    free(self->column_upper);
    free(self->row_lower);
    free(self->row_upper);
    free(self);
}

bool
program_solution(const program_t *self, const plan_day_t *day, const plan_t *plan, double *solution)
{
    int64_t films_milli[PLAN_FILMS_MAX], bands_milli[PLAN_BANDS_MAX];
    plan_fixed_sums(day, films_milli, bands_milli);
    memset(solution, 0, (size_t)self->column_count * sizeof *solution);
    for (uint32_t i = 0; i < plan->count; i++) {
        const plan_showing_t *one = &plan->showings[i];
        int at = 0;
        while (at < self->showing_count &&
               (self->showings[at].film != one->film || self->showings[at].hall != one->hall ||
                self->showings[at].slot != one->slot))
            at++;
        if (at == self->showing_count)
            return false;
        solution[at] = 1;
        int64_t milli = plan_audience_milli(day, one->film, one->hall, one->slot);
        films_milli[one->film] += milli;
        bands_milli[day->band[one->slot]] += milli;
    }
    double *sums = solution + self->showing_count;
    for (uint32_t film = 0; film < day->problem.film_count; film++) {
        double left = program_visitors(films_milli[film]);
        for (int step = 0; step < PLAN_STEPS; step++, sums++) {
            double most = self->column_upper[sums - solution];
            *sums = left < most ? left : most;
            left -= *sums;
        }
    }
    for (uint32_t band = 0; band < day->band_count; band++, sums++)
        if (bands_milli[band] > day->band_width_milli[band])
            *sums = program_visitors(bands_milli[band] - day->band_width_milli[band]);
    return true;
}
