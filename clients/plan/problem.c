/* problem - see problem.h for the contract. Reading is strict: a member that is not known, is of
 * the wrong type, or is out of bounds ends it. */
#include "clients/plan/problem.h"
#include "clients/zone_load.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

typedef struct {
    char *fault;
    size_t room;
} problem_t;

static bool __attribute__((format(printf, 2, 3)))
problem_fail(problem_t *self, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    vsnprintf(self->fault, self->room, format, list);
    va_end(list);
    return false;
}

/* What a member may hold. */
typedef struct {
    const char *name;
    int64_t least, most;
    int64_t *to;
    bool optional;
} problem_number_t;

static bool
problem_numbers(problem_t *self, const char *where, json_t *object, const problem_number_t *numbers,
                size_t count)
{
    for (size_t i = 0; i < count; i++) {
        json_t *value = json_object_get(object, numbers[i].name);
        if (!value && numbers[i].optional)
            continue;
        if (!json_is_integer(value) || json_integer_value(value) < numbers[i].least ||
            json_integer_value(value) > numbers[i].most)
            return problem_fail(self, "%s.%s: an integer from %lld to %lld", where, numbers[i].name,
                                (long long)numbers[i].least, (long long)numbers[i].most);
        *numbers[i].to = json_integer_value(value);
    }
    return true;
}

static bool
problem_members(problem_t *self, const char *where, json_t *object, const char *const *known)
{
    const char *name;
    json_t *value;
    if (!json_is_object(object))
        return problem_fail(self, "%s: an object", where);
    json_object_foreach(object, name, value)
    {
        size_t i = 0;
        while (known[i] && strcmp(known[i], name) != 0)
            i++;
        if (!known[i])
            return problem_fail(self, "%s.%s: not known", where, name);
    }
    return true;
}

static bool
problem_name(problem_t *self, const char *where, json_t *object, char *to, size_t room)
{
    json_t *value = json_object_get(object, "name");
    if (!json_is_string(value) || json_string_length(value) < 1 ||
        json_string_length(value) >= room)
        return problem_fail(self, "%s.name: 1 to %zu bytes", where, room - 1);
    memcpy(to, json_string_value(value), json_string_length(value) + 1);
    return true;
}

static bool
problem_date(problem_t *self, const char *where, json_t *value, int32_t *day)
{
    int year, month, day_of_month, end = 0;
    int32_t back[3];
    const char *text = json_string_value(value);
    if (!text || strlen(text) != 10 ||
        sscanf(text, "%4d-%2d-%2d%n", &year, &month, &day_of_month, &end) != 3 || end != 10 ||
        year < 1970 || month < 1 || month > 12 || day_of_month < 1)
        return problem_fail(self, "%s: a date, YYYY-MM-DD", where);
    *day = zone_day_of(year, month, day_of_month);
    zone_date_of(*day, &back[0], &back[1], &back[2]);
    if (back[1] != month || back[2] != day_of_month || *day > ZONE_DAY_MAX / 2)
        return problem_fail(self, "%s: no such day", where);
    return true;
}

static bool
problem_film(problem_t *self, cinema_t *cinema, uint32_t at, json_t *object)
{
    static const char *const known[] = { "name",    "duration_min", "release",
                                         "last",    "withdrawn",    "equipment",
                                         "formats", "scores",       NULL };
    char where[40];
    int64_t minutes, formats = 0, equipment = 0;
    plan_film_t film = { .film.last_day = ZONE_DAY_MAX };
    snprintf(where, sizeof where, "films[%u]", at);
    const problem_number_t numbers[] = { { "duration_min", 1, 720, &minutes, false },
                                         { "formats", 0, UINT32_MAX, &formats, true },
                                         { "equipment", 0, UINT32_MAX, &equipment, true } };
    json_t *scores = json_object_get(object, "scores"), *last = json_object_get(object, "last");
    json_t *withdrawn = json_object_get(object, "withdrawn");
    if (!problem_members(self, where, object, known) ||
        !problem_name(self, where, object, cinema->film_names[at], sizeof cinema->film_names[0]) ||
        !problem_numbers(self, where, object, numbers, 3) ||
        !problem_date(self, where, json_object_get(object, "release"), &film.film.release_day) ||
        (last && !problem_date(self, where, last, &film.film.last_day)))
        return false;
    if (withdrawn && !json_is_boolean(withdrawn))
        return problem_fail(self, "%s.withdrawn: true or false", where);
    if (json_array_size(scores) != cinema->day_count)
        return problem_fail(self, "%s.scores: one for each of %u days", where, cinema->day_count);
    film.film.duration_min = (uint32_t)minutes;
    film.film.withdrawn = json_is_true(withdrawn);
    film.formats = (uint32_t)formats, film.equipment = (uint32_t)equipment;
    for (uint32_t day = 0; day < cinema->day_count; day++) {
        json_t *score = json_array_get(scores, day);
        if (!json_is_integer(score) || json_integer_value(score) < 0 ||
            json_integer_value(score) > 10000000)
            return problem_fail(self, "%s.scores[%u]: hundredths, 0 to 10000000", where, day);
        film.score_hundredths = (uint32_t)json_integer_value(score);
        cinema->films[day][at] = film;
    }
    return true;
}

static bool
problem_hall(problem_t *self, cinema_t *cinema, uint32_t at, json_t *object)
{
    static const char *const known[] = { "name", "seats", "formats", "cleaning_min", NULL };
    char where[40];
    int64_t seats, formats = 0, cleaning = 20;
    snprintf(where, sizeof where, "halls[%u]", at);
    const problem_number_t numbers[] = { { "seats", 1, 10000, &seats, false },
                                         { "formats", 0, UINT32_MAX, &formats, true },
                                         { "cleaning_min", 0, 120, &cleaning, true } };
    if (!problem_members(self, where, object, known) ||
        !problem_name(self, where, object, cinema->hall_names[at], sizeof cinema->hall_names[0]) ||
        !problem_numbers(self, where, object, numbers, 3))
        return false;
    cinema->halls[at] = (plan_hall_t){ .seats = (uint32_t)seats,
                                       .formats = (uint32_t)formats,
                                       .cleaning_min = (uint16_t)cleaning };
    return true;
}

static bool
problem_fixed(problem_t *self, cinema_t *cinema, uint32_t at, json_t *object)
{
    static const char *const known[] = { "film", "hall", "start_ms", "end_ms", NULL };
    const int64_t most_ms = (int64_t)ZONE_DAY_MAX * 43200000;
    char where[40];
    int64_t film, hall, start_ms, end_ms;
    snprintf(where, sizeof where, "fixed[%u]", at);
    const problem_number_t numbers[] = {
        { "film", 0, (int64_t)cinema->film_count - 1, &film, false },
        { "hall", 0, (int64_t)cinema->hall_count - 1, &hall, false },
        { "start_ms", 0, most_ms, &start_ms, false },
        { "end_ms", 0, most_ms, &end_ms, false }
    };
    if (!problem_members(self, where, object, known) ||
        !problem_numbers(self, where, object, numbers, 4))
        return false;
    if (start_ms >= end_ms)
        return problem_fail(self, "%s: ends before it starts", where);
    cinema->fixed[at] = (conflict_showtime_t){ .film = (uint32_t)film,
                                               .hall = (uint32_t)hall,
                                               .equipment = cinema->films[0][film].equipment,
                                               .start_ms = start_ms,
                                               .end_ms = end_ms };
    return true;
}

typedef bool problem_item_fn(problem_t *self, cinema_t *cinema, uint32_t at, json_t *object);

static bool
problem_list(problem_t *self, cinema_t *cinema, json_t *root, const char *name, size_t most,
             uint32_t *count, problem_item_fn *read)
{
    json_t *list = json_object_get(root, name);
    if ((list && !json_is_array(list)) || json_array_size(list) > most)
        return problem_fail(self, "%s: a list of at most %zu", name, most);
    *count = (uint32_t)json_array_size(list);
    for (uint32_t i = 0; i < *count; i++)
        if (!read(self, cinema, i, json_array_get(list, i)))
            return false;
    return true;
}

/* [[from, until], ...] in minutes, Monday first; null is closed. */
static bool
problem_hours(problem_t *self, cinema_t *cinema, json_t *list)
{
    if (json_array_size(list) != 7)
        return problem_fail(self, "hours: seven of [from, until] or null, Monday first");
    for (uint32_t i = 0; i < 7; i++) {
        json_t *pair = json_array_get(list, i);
        json_int_t from = json_integer_value(json_array_get(pair, 0));
        json_int_t until = json_integer_value(json_array_get(pair, 1));
        if (json_is_null(pair))
            continue;
        if (json_array_size(pair) != 2 || !json_is_integer(json_array_get(pair, 0)) ||
            !json_is_integer(json_array_get(pair, 1)) || from < 0 || from > 1440 || until < from ||
            until > 2880)
            return problem_fail(self, "hours[%u]: minutes from 0 to 1440, until up to 2880", i);
        cinema->hours.from_minute[i] = (uint16_t)from;
        cinema->hours.until_minute[i] = (uint16_t)until;
    }
    return true;
}

/* The rules that may be set; the rest of plan_rules_t stays as it is by default. */
#define PROBLEM_RULES(X)                                                                           \
    X(grid_min, 5, 120)                                                                            \
    X(prime_from_minute, 0, 2880)                                                                  \
    X(prime_until_minute, 0, 2880)                                                                 \
    X(hot_permille, 0, 10000)                                                                      \
    X(cold_permille, 0, 10000)                                                                     \
    X(fresh_days, 0, 366)                                                                          \
    X(trial_showings, 0, 20)                                                                       \
    X(stagger_starts, 1, 100)                                                                      \
    X(stagger_min, 0, 240)                                                                         \
    X(base_visitors, 0, 10000)                                                                     \
    X(film_pool, 0, 100000)                                                                        \
    X(band_visitors, 0, 1000000)                                                                   \
    X(run_decay_permille, 0, 1000)                                                                 \
    X(run_least_permille, 0, 1000)

static bool
problem_rules(problem_t *self, cinema_t *cinema, json_t *object)
{
    static const char *const known[] = {
#define X(name, least, most) #name,
        PROBLEM_RULES(X)
#undef X
            NULL
    };
    if (!object)
        return true;
    if (!problem_members(self, "rules", object, known))
        return false;
#define X(name, least, most)                                                                       \
    {                                                                                              \
        int64_t value = cinema->rules.name;                                                        \
        const problem_number_t number = { #name, least, most, &value, true };                      \
        if (!problem_numbers(self, "rules", object, &number, 1))                                   \
            return false;                                                                          \
        cinema->rules.name = (__typeof__(cinema->rules.name))value;                                \
    }
    PROBLEM_RULES(X)
#undef X
    return true;
}

bool
problem_read(cinema_t *cinema, json_t *root, char *fault, size_t room)
{
    static const char *const known[] = { "zone",  "first_day", "days",  "hours", "rules",
                                         "films", "halls",     "fixed", NULL };
    problem_t self = { fault, room };
    int64_t days;
    const problem_number_t numbers[] = { { "days", 1, CINEMA_DAYS_MAX, &days, false } };
    memset(cinema, 0, sizeof *cinema);
    cinema->rules = plan_defaults();
    if (!problem_members(&self, "problem", root, known) ||
        !problem_numbers(&self, "problem", root, numbers, 1) ||
        !problem_date(&self, "first_day", json_object_get(root, "first_day"), &cinema->first_day) ||
        !problem_hours(&self, cinema, json_object_get(root, "hours")) ||
        !problem_rules(&self, cinema, json_object_get(root, "rules")))
        return false;
    cinema->day_count = (uint32_t)days;
    const char *zone = json_string_value(json_object_get(root, "zone"));
    if (!zone || strlen(zone) >= sizeof cinema->zone_name || zone_load(&cinema->zone, zone) != 0)
        return problem_fail(&self, "zone: none of the system's time zones");
    memcpy(cinema->zone_name, zone, strlen(zone) + 1);
    return problem_list(&self, cinema, root, "films", PLAN_FILMS_MAX, &cinema->film_count,
                        problem_film) &&
           problem_list(&self, cinema, root, "halls", PLAN_HALLS_MAX, &cinema->hall_count,
                        problem_hall) &&
           problem_list(&self, cinema, root, "fixed", PLAN_SHOWINGS_MAX, &cinema->fixed_count,
                        problem_fixed);
}
