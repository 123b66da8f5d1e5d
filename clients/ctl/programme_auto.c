/* programme_auto - a draft for the largest audience: films are scored day by day, marquee-plan
 * plans them around what stands already, and what it plans is saved as drafts; see programme.h. */
#include "actors/score.h"
#include "clients/ctl/programme.h"
#include "clients/ctl/programme_plan.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { AUTO_DAYS_MAX = 14, AUTO_SPAN_DAYS = 3, AUTO_FILMS_MAX = 32, AUTO_SHOWS_MAX = 400 };

typedef struct {
    programme_t programme;
    score_rules_t rules;
    int32_t holidays[64];
    uint32_t holiday_count;
    json_t *plan_rules; /* for marquee-plan, NULL: its own */
    int32_t first, days;
    json_t *fixed; /* rows that stand already */
    json_t *films; /* movies that may be planned, in the order of the problem */
    uint64_t sold[AUTO_FILMS_MAX], all_sold;
} auto_t;

/* ------------------------------------------------------------------ rules */

static bool
auto_number(const json_t *object, const char *name, uint32_t *value)
{
    const json_t *one = json_object_get(object, name);
    if (!one)
        return true;
    if (!json_is_integer(one) || json_integer_value(one) < 0 ||
        json_integer_value(one) > SCORE_BASE_MAX)
        return false;
    *value = (uint32_t)json_integer_value(one);
    return true;
}

/* {"weights_permille": {"fresh": 1400, ...}, "base_hundredths", "fresh_days", "imdb_tenths",
 * "douban_tenths", "holiday_ahead_days"} */
static bool
auto_read_score(score_rules_t *rules, const json_t *object)
{
    uint32_t fresh = (uint32_t)rules->fresh_days, imdb = rules->imdb_tenths;
    uint32_t douban = rules->douban_tenths, ahead = (uint32_t)rules->holiday_ahead_days;
    const json_t *weights = json_object_get(object, "weights_permille");
    for (score_factor_t factor = 0; factor < SCORE_FACTORS; factor++)
        if (!auto_number(weights, score_factor_name(factor), &rules->weight_permille[factor]))
            return false;
    if (!auto_number(object, "base_hundredths", &rules->base_hundredths) ||
        !auto_number(object, "fresh_days", &fresh) || !auto_number(object, "imdb_tenths", &imdb) ||
        !auto_number(object, "douban_tenths", &douban) ||
        !auto_number(object, "holiday_ahead_days", &ahead) || imdb > 100 || douban > 100 ||
        fresh > 366 || ahead > 31)
        return false;
    rules->fresh_days = (int32_t)fresh;
    rules->imdb_tenths = (uint16_t)imdb;
    rules->douban_tenths = (uint16_t)douban;
    rules->holiday_ahead_days = (int32_t)ahead;
    return score_rules_valid(rules);
}

/* --rules FILE: {"score": ..., "holidays": ["2026-12-25", ...], "plan": the rules of
 * docs/planning.md}
 */
static ctl_exit_t
auto_read_rules(auto_t *self)
{
    json_error_t error;
    json_t *one;
    size_t index;
    const char *path = self->programme.ctl->flags[CTL_FLAG_RULES];
    self->rules = score_defaults();
    if (!path)
        return CTL_DONE;
    json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(root)) {
        ctl_exit_t outcome = ctl_say(CTL_FAULT, "%s:%d: %s", path, root ? 1 : error.line,
                                     root ? "an object is wanted" : error.text);
        json_decref(root);
        return outcome;
    }
    self->plan_rules = json_incref(json_object_get(root, "plan"));
    bool good = auto_read_score(&self->rules, json_object_get(root, "score"));
    json_array_foreach(json_object_get(root, "holidays"), index, one)
    {
        const char *text = json_string_value(one);
        int64_t ms;
        char moment[PROGRAMME_MOMENT_ROOM];
        snprintf(moment, sizeof moment, "%.10sT12:00", text ? text : "");
        good &= index < 64 && programme_moment(&self->programme, moment, &ms);
        if (!good)
            break;
        self->holidays[self->holiday_count++] = zone_local(&self->programme.zone, ms).day;
    }
    json_decref(root);
    return good ? CTL_DONE : ctl_say(CTL_FAULT, "%s: a rule is out of bounds", path);
}

/* ------------------------------------------------------------------ films */

static bool
auto_tagged(const json_t *movie, const char *tag)
{
    return strstr(ctl_text(movie, "tags"), tag) != NULL;
}

static score_t
auto_score(const auto_t *self, size_t film, int32_t day)
{
    const json_t *movie = json_array_get(self->films, film);
    const score_film_t what = { .release_day = (int32_t)ctl_number(movie, "released"),
                                .imdb_tenths = (uint16_t)ctl_number(movie, "imdb"),
                                .douban_tenths = (uint16_t)ctl_number(movie, "douban"),
                                .holiday_theme = auto_tagged(movie, "holiday"),
                                .high_draw = auto_tagged(movie, "draw"),
                                .sold = self->sold[film],
                                .all_sold = self->all_sold,
                                .spans = (uint32_t)json_array_size(self->films) };
    return score_of(&self->rules, &what, day, self->holidays, self->holiday_count);
}

/* Films that stand already come first, since they must be known; then those that may be shown. */
static ctl_exit_t
auto_pick_films(auto_t *self)
{
    size_t index;
    json_t *one;
    self->films = json_array();
    for (int pass = 0; pass < 2; pass++) {
        json_array_foreach(self->programme.movies, index, one)
        {
            bool stands = false, run = true;
            size_t at;
            json_t *row;
            json_array_foreach(self->fixed, at, row) stands |=
                programme_word(row, SHOW_ROW_MOVIE) == ctl_number(one, "movie");
            int64_t ended = ctl_number(one, "ended");
            run = strcmp(ctl_text(one, "status"), "showing") == 0 &&
                  (ended == 0 || ended >= self->first) &&
                  ctl_number(one, "released") < self->first + self->days;
            if ((pass == 0 && stands) || (pass == 1 && run && !stands))
                (void)json_array_append(self->films, one);
        }
    }
    if (json_array_size(self->films) > AUTO_FILMS_MAX)
        return ctl_say(CTL_REFUSED, "%zu films may be shown, a plan takes up to %d: withdraw some",
                       json_array_size(self->films), AUTO_FILMS_MAX);
    return json_array_size(self->films) ? CTL_DONE
                                        : ctl_say(CTL_REFUSED, "no film may be shown then");
}

/* Tickets of the last days, by film. */
static ctl_exit_t
auto_count_sold(auto_t *self)
{
    json_t *rows, *row;
    size_t index, film;
    json_t *movie;
    ctl_exit_t outcome =
        programme_days(&self->programme, self->first - AUTO_SPAN_DAYS, AUTO_SPAN_DAYS, NULL, &rows);
    json_array_foreach(rows, index, row)
    {
        json_t *reply;
        status_t status;
        const char *state = programme_text(row, SHOW_ROW_STATE);
        if (outcome != CTL_DONE || index >= AUTO_SHOWS_MAX)
            break;
        if (strcmp(state, "published") != 0 && strcmp(state, "closed") != 0)
            continue;
        outcome = ctl_try(self->programme.ctl, OP_SHOWTIME_GET,
                          (uint64_t)programme_word(row, SHOW_ROW_ID), NULL, &reply, &status);
        if (outcome != CTL_DONE)
            break;
        int64_t sold = ctl_number(json_object_get(reply, "counts"), "sold");
        json_decref(reply);
        json_array_foreach(self->films, film, movie)
        {
            if (ctl_number(movie, "movie") != programme_word(row, SHOW_ROW_MOVIE) || sold < 0)
                continue;
            self->sold[film] += (uint64_t)sold;
            self->all_sold += (uint64_t)sold;
        }
    }
    json_decref(rows);
    return outcome;
}

/* ------------------------------------------------------------------ the problem */

/* Do two lists with commas between have a word in common? An empty one fits all. The first one's
 * first such word goes to `word`. */
static bool
auto_common(const char *left, const char *right, char *word, size_t room)
{
    word[0] = 0;
    if (*left == 0 || *right == 0) {
        const char *one = *left ? left : right;
        snprintf(word, room, "%.*s", (int)strcspn(one, ","), one);
        return true;
    }
    for (const char *at = left; *at;) {
        size_t size = strcspn(at, ",");
        for (const char *other = right; *other;) {
            size_t length = strcspn(other, ",");
            if (length == size && strncmp(at, other, size) == 0) {
                snprintf(word, room, "%.*s", (int)size, at);
                return true;
            }
            other += length + (other[length] == ',');
        }
        at += size + (at[size] == ',');
    }
    return false;
}

static json_t *
auto_film(const auto_t *self, size_t film)
{
    char release[PROGRAMME_MOMENT_ROOM], last[PROGRAMME_MOMENT_ROOM];
    const json_t *movie = json_array_get(self->films, film);
    json_t *scores = json_array();
    int64_t ended = ctl_number(movie, "ended");
    for (int32_t day = 0; day < self->days; day++)
        (void)json_array_append_new(
            scores, json_integer(auto_score(self, film, self->first + day).hundredths));
    json_t *one = json_pack("{s:s, s:I, s:s, s:b, s:I, s:o}", "name", ctl_text(movie, "title"),
                            "duration_min", (json_int_t)ctl_number(movie, "minutes"), "release",
                            programme_date(release, (int32_t)ctl_number(movie, "released")),
                            "withdrawn", strcmp(ctl_text(movie, "status"), "withdrawn") == 0,
                            "formats", (json_int_t)(UINT32_C(1) << film), "scores", scores);
    if (ended)
        (void)json_object_set_new(one, "last", json_string(programme_date(last, (int32_t)ended)));
    return one;
}

/* A film has a bit of its own, which the halls have that can show it. */
static json_t *
auto_hall(const auto_t *self, const json_t *hall)
{
    int64_t bits = 0, cleaning = programme_word(hall, 4);
    size_t film;
    json_t *movie;
    char word[16];
    json_array_foreach(self->films, film, movie) bits |=
        (int64_t)auto_common(ctl_text(movie, "formats"), programme_text(hall, 6), word, sizeof word)
        << film;
    if (cleaning == 0)
        cleaning = ctl_number(self->programme.house, "cleaning");
    return json_pack("{s:s, s:I, s:I, s:I}", "name", programme_text(hall, 1), "seats",
                     (json_int_t)programme_word(hall, 2), "formats", (json_int_t)bits,
                     "cleaning_min", (json_int_t)(cleaning < 120 ? cleaning : 120));
}

static json_t *
auto_fixed(const auto_t *self)
{
    json_t *list = json_array(), *row, *one;
    size_t index, film, hall;
    json_array_foreach(self->fixed, index, row)
    {
        if (strncmp(programme_text(row, SHOW_ROW_STATE), "cancel", 6) == 0)
            continue;
        json_array_foreach(self->films, film, one)
        {
            if (ctl_number(one, "movie") == programme_word(row, SHOW_ROW_MOVIE))
                break;
        }
        json_array_foreach(self->programme.halls, hall, one)
        {
            if (programme_word(one, 0) == programme_word(row, SHOW_ROW_HALL))
                break;
        }
        (void)json_array_append_new(
            list, json_pack("{s:I, s:I, s:O, s:O}", "film", (json_int_t)film, "hall",
                            (json_int_t)hall, "start_ms", json_array_get(row, SHOW_ROW_STARTS),
                            "end_ms", json_array_get(row, SHOW_ROW_ENDS)));
    }
    return list;
}

static json_t *
auto_problem(const auto_t *self)
{
    char first[PROGRAMME_MOMENT_ROOM];
    json_t *films = json_array(), *halls = json_array(), *hours = json_array(), *one;
    size_t index;
    for (size_t film = 0; film < json_array_size(self->films); film++)
        (void)json_array_append_new(films, auto_film(self, film));
    json_array_foreach(self->programme.halls, index, one)(void)
        json_array_append_new(halls, auto_hall(self, one));
    json_array_foreach(json_object_get(self->programme.house, "opening"), index, one)(void)
        json_array_append_new(hours, programme_word(one, 1) ? json_incref(one) : json_null());
    json_t *problem = json_pack(
        "{s:s, s:s, s:i, s:o, s:o, s:o, s:o}", "zone", ctl_text(self->programme.house, "time_zone"),
        "first_day", programme_date(first, self->first), "days", (int)self->days, "hours", hours,
        "films", films, "halls", halls, "fixed", auto_fixed(self));
    if (self->plan_rules)
        (void)json_object_set(problem, "rules", self->plan_rules);
    return problem;
}

/* ------------------------------------------------------------------ the answer */

static json_t *
auto_items(const auto_t *self, const json_t *plan)
{
    json_t *items = json_array(), *day, *one;
    size_t index, at;
    json_array_foreach(json_object_get(plan, "days"), index, day)
    {
        json_array_foreach(json_object_get(day, "showings"), at, one)
        {
            char format[16];
            const json_t *hall =
                json_array_get(self->programme.halls, (size_t)ctl_number(one, "hall_number"));
            const json_t *movie =
                json_array_get(self->films, (size_t)ctl_number(one, "film_number"));
            (void)auto_common(ctl_text(movie, "formats"), programme_text(hall, 6), format,
                              sizeof format);
            (void)json_array_append_new(items, programme_item(0, programme_word(hall, 0),
                                                              ctl_number(movie, "movie"),
                                                              ctl_number(one, "start_ms"),
                                                              ctl_number(one, "end_ms"), format));
        }
    }
    return items;
}

static void
auto_print_sums(const char *what, const json_t *sums)
{
    const json_t *bound = json_object_get(sums, "bound");
    printf("%s: %.0f visitors expected, %.0f by the greedy plan", what,
           json_number_value(json_object_get(sums, "expected")),
           json_number_value(json_object_get(sums, "greedy")));
    if (json_is_real(bound))
        printf("; at most %.0f are possible, %.2f %% more\n", json_number_value(bound),
               json_number_value(json_object_get(sums, "distance_percent")));
    else
        puts("; how many are possible was not found in time");
}

static void
auto_print_day(const auto_t *self, const json_t *day)
{
    size_t index, at;
    json_t *hall, *one;
    auto_print_sums(ctl_text(day, "day"), day);
    json_array_foreach(self->programme.halls, index, hall)
    {
        printf(" %" PRId64 " %s\n", programme_word(hall, 0), programme_text(hall, 1));
        json_array_foreach(json_object_get(day, "showings"), at, one)
        {
            if ((size_t)ctl_number(one, "hall_number") != index)
                continue;
            printf("  %s  ", ctl_text(one, "start"));
            ctl_print_padded(ctl_text(one, "film"), 24);
            printf(" score %6.2f, %4.0f visitors: %s\n",
                   (double)ctl_number(one, "score_hundredths") / 100,
                   json_number_value(json_object_get(one, "audience")), ctl_text(one, "reason"));
        }
    }
    json_array_foreach(json_object_get(day, "left_out"), at, one)
        printf(" left out: %s %s\n", ctl_text(one, "film"), ctl_text(one, "why"));
}

/* Why each film is worth what it is, on the first day. */
static void
auto_print_scores(const auto_t *self)
{
    size_t film;
    json_t *movie;
    char day[PROGRAMME_MOMENT_ROOM];
    printf("scores of %s\n", programme_date(day, self->first));
    json_array_foreach(self->films, film, movie)
    {
        score_t score = auto_score(self, film, self->first);
        bool any = false;
        putchar(' ');
        ctl_print_padded(ctl_text(movie, "title"), 24);
        printf(" %6.2f", (double)score.hundredths / 100);
        for (score_factor_t factor = 0; factor < SCORE_FACTORS; factor++) {
            if (!score.reasons[factor].holds)
                continue;
            printf("%s%s x%.2f", any ? ", " : "  ", score_factor_text(factor),
                   (double)score.reasons[factor].weight_permille / 1000);
            any = true;
        }
        putchar('\n');
    }
}

static void
auto_print(const auto_t *self, const json_t *plan)
{
    size_t index;
    json_t *day;
    if (self->programme.ctl->flags[CTL_FLAG_EXPLAIN]) {
        auto_print_scores(self);
        json_array_foreach(json_object_get(plan, "days"), index, day)
        {
            putchar('\n');
            auto_print_day(self, day);
        }
        putchar('\n');
    }
    auto_print_sums("in all", plan);
}

static ctl_exit_t
auto_save(auto_t *self, json_t *plan)
{
    const ctl_t *ctl = self->programme.ctl;
    json_t *reply = NULL, *items = auto_items(self, plan);
    if (json_array_size(items) == 0) {
        json_decref(items);
        return ctl_say(CTL_REFUSED, "the plan is empty: there is no room for another showtime");
    }
    ctl_exit_t outcome = programme_save(&self->programme, items, NULL, NULL, &reply);
    if (outcome != CTL_DONE)
        return outcome;
    if (ctl->json) {
        (void)json_object_set(plan, "saved", reply);
        (void)ctl_print_json(ctl, plan);
    } else {
        char day[PROGRAMME_MOMENT_ROOM];
        auto_print(self, plan);
        printf("%" PRId64 " showtimes drafted, from %" PRId64 " on\n", ctl_number(reply, "count"),
               ctl_number(reply, "first"));
        ctl_hint(ctl, "next: marquee programme publish --cinema %" PRIu64 " --week %s",
                 self->programme.cinema, programme_date(day, self->first));
    }
    json_decref(reply);
    return CTL_DONE;
}

static ctl_exit_t
auto_run(auto_t *self)
{
    json_t *plan = NULL;
    ctl_exit_t outcome = auto_read_rules(self);
    /* The days around count too: what runs past midnight stands in the way. */
    if (outcome == CTL_DONE)
        outcome =
            programme_days(&self->programme, self->first - 1, self->days + 2, NULL, &self->fixed);
    if (outcome == CTL_DONE)
        outcome = auto_pick_films(self);
    if (outcome == CTL_DONE)
        outcome = auto_count_sold(self);
    if (outcome == CTL_DONE)
        outcome = programme_plan(self->programme.ctl, auto_problem(self), &plan);
    if (outcome == CTL_DONE)
        outcome = auto_save(self, plan);
    json_decref(plan);
    return outcome;
}

ctl_exit_t
programme_auto(ctl_t *ctl)
{
    auto_t self = { .films = NULL };
    uint64_t days;
    bool week = ctl->flags[CTL_FLAG_WEEK] != NULL;
    ctl_exit_t outcome = programme_open(&self.programme, ctl);
    if (outcome == CTL_DONE &&
        (!ctl_flag_u64(ctl, CTL_FLAG_DAYS, week ? PROGRAMME_WEEK : 1, &days) ||
         !programme_day(&self.programme, week ? CTL_FLAG_WEEK : CTL_FLAG_DAY, "tomorrow",
                        &self.first)))
        outcome = CTL_USAGE;
    if (outcome == CTL_DONE && (days == 0 || days > AUTO_DAYS_MAX))
        outcome = ctl_say(CTL_USAGE, "--days is 1 to %d", AUTO_DAYS_MAX);
    if (outcome == CTL_DONE) {
        self.days = (int32_t)days;
        outcome = auto_run(&self);
    }
    json_decref(self.fixed);
    json_decref(self.films);
    json_decref(self.plan_rules);
    programme_close(&self.programme);
    return outcome;
}
