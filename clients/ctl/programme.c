/* programme - a cinema and its showtimes as the server has them; see programme.h. */
#include "clients/ctl/programme.h"
#include "clients/zone_load.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PROGRAMME_PAGE = 500, PROGRAMME_SPAN_DAYS = 400 };

/* ------------------------------------------------------------------ the cinema */

static ctl_exit_t
programme_load_movies(programme_t *self)
{
    self->movies = json_array();
    for (int64_t from = 0, total = 1; from < total;) {
        json_t *reply, *row;
        size_t index;
        ctl_exit_t outcome = ctl_ask(
            self->ctl, OP_MOVIE_LIST, self->cinema,
            json_pack("{s:I, s:i}", "from", (json_int_t)from, "limit", PROGRAMME_PAGE), &reply);
        if (outcome != CTL_DONE)
            return outcome;
        const json_t *page = json_object_get(reply, "movies");
        total = json_array_size(page) ? ctl_number(reply, "total") : 0;
        from += (int64_t)json_array_size(page);
        json_array_foreach(page, index, row)
        {
            json_t *movie;
            outcome = ctl_ask(self->ctl, OP_MOVIE_GET, self->cinema,
                              json_pack("{s:O}", "movie", json_array_get(row, 0)), &movie);
            if (outcome == CTL_DONE)
                (void)json_array_append_new(self->movies, movie);
        }
        json_decref(reply);
        if (outcome != CTL_DONE)
            return outcome;
    }
    return CTL_DONE;
}

static bool
programme_find_cinema(programme_t *self)
{
    const ctl_t *ctl = self->ctl;
    uint64_t showtime;
    if (ctl->flags[CTL_FLAG_CINEMA])
        return ctl_flag_u64(ctl, CTL_FLAG_CINEMA, 0, &self->cinema);
    if (ctl->argument_count && ctl_parse_u64(ctl->arguments[0], &showtime))
        self->cinema = showtime / PROGRAMME_SHOWTIME_IDS;
    if (self->cinema)
        return true;
    ctl_say(CTL_USAGE, "--cinema says which cinema is meant");
    return false;
}

ctl_exit_t
programme_open(programme_t *self, ctl_t *ctl)
{
    json_t *reply;
    *self = (programme_t){ .ctl = ctl };
    if (!programme_find_cinema(self))
        return CTL_USAGE;
    ctl_exit_t outcome = ctl_ask(ctl, OP_CINEMA_GET, self->cinema, NULL, &self->house);
    if (outcome != CTL_DONE)
        return outcome;
    const char *name = ctl_text(self->house, "time_zone");
    int fault = zone_load(&self->zone, name);
    if (fault)
        return ctl_say(CTL_FAULT, "the time zone '%s': %s", name, strerror(-fault));
    ctl_zone(name);
    outcome = ctl_ask(ctl, OP_HALL_LIST, self->cinema, NULL, &reply);
    if (outcome != CTL_DONE)
        return outcome;
    self->halls = json_incref(json_object_get(reply, "halls"));
    json_decref(reply);
    return programme_load_movies(self);
}

void
programme_close(programme_t *self)
{
    json_decref(self->house);
    json_decref(self->halls);
    json_decref(self->movies);
}

const json_t *
programme_movie(const programme_t *self, int64_t number)
{
    size_t index;
    json_t *movie;
    json_array_foreach(self->movies, index,
                       movie) if (ctl_number(movie, "movie") == number) return movie;
    return NULL;
}

const json_t *
programme_hall(const programme_t *self, int64_t number)
{
    size_t index;
    json_t *hall;
    json_array_foreach(self->halls, index, hall) if (programme_word(hall, 0) == number) return hall;
    return NULL;
}

const char *
programme_text(const json_t *row, size_t at)
{
    const char *text = json_string_value(json_array_get(row, at));
    return text ? text : "";
}

/* ------------------------------------------------------------------ days and clocks */

static bool
programme_parse_date(const char *text, int32_t *day)
{
    int year, month, of_month, end = 0;
    int32_t back[3];
    if (sscanf(text, "%4d-%2d-%2d%n", &year, &month, &of_month, &end) != 3 || end != 10 ||
        year < 1970 || year > 2099 || month < 1 || month > 12 || of_month < 1)
        return false;
    *day = zone_day_of(year, month, of_month);
    zone_date_of(*day, &back[0], &back[1], &back[2]);
    return back[1] == month && back[2] == of_month;
}

bool
programme_day(const programme_t *self, ctl_flag_t flag, const char *otherwise, int32_t *day)
{
    const char *text = ctl_flag_text(self->ctl, flag, otherwise);
    int32_t today = zone_local(&self->zone, (int64_t)time(NULL) * 1000).day;
    if (strcmp(text, "today") == 0 || strcmp(text, "tomorrow") == 0) {
        *day = today + (text[2] == 'm');
        return true;
    }
    if (strlen(text) == 10 && programme_parse_date(text, day))
        return true;
    ctl_say(CTL_USAGE, "a day is today, tomorrow or YYYY-MM-DD, not '%s'", text);
    return false;
}

bool
programme_moment(const programme_t *self, const char *text, int64_t *ms)
{
    int hours, minutes, end = 0;
    int32_t day;
    uint64_t number;
    if (ctl_parse_u64(text, &number)) {
        *ms = (int64_t)number;
        return number <= TIME_MAX_MS;
    }
    if (!programme_parse_date(text, &day) ||
        sscanf(text + 10, "%*1[T ]%2d:%2d%n", &hours, &minutes, &end) != 2 || text[10 + end] ||
        end == 0 || hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
        return false;
    *ms = zone_utc_ms(&self->zone, day, hours * 60 + minutes);
    return true;
}

const char *
programme_date(char text[PROGRAMME_MOMENT_ROOM], int32_t day)
{
    int32_t year, month, of_month;
    zone_date_of(day, &year, &month, &of_month);
    snprintf(text, PROGRAMME_MOMENT_ROOM, "%04d-%02d-%02d", year, month, of_month);
    return text;
}

const char *
programme_clock(const programme_t *self, char text[PROGRAMME_MOMENT_ROOM], int64_t ms)
{
    char date[PROGRAMME_MOMENT_ROOM];
    zone_local_t local = zone_local(&self->zone, ms);
    snprintf(text, PROGRAMME_MOMENT_ROOM, "%.10sT%02d:%02d", programme_date(date, local.day),
             local.minute / 60, local.minute % 60);
    return text;
}

/* ------------------------------------------------------------------ showtimes */

ctl_exit_t
programme_rows(programme_t *self, int64_t from_ms, int64_t until_ms, const char *state,
               json_t **rows)
{
    *rows = json_array();
    for (int64_t from = 0, total = 1; from < total;) {
        json_t *reply;
        json_t *fields =
            json_pack("{s:I, s:I, s:I, s:i}", "from_ms", (json_int_t)from_ms, "until_ms",
                      (json_int_t)until_ms, "from", (json_int_t)from, "limit", PROGRAMME_PAGE);
        if (state)
            (void)json_object_set_new(fields, "state", json_string(state));
        ctl_exit_t outcome = ctl_ask(self->ctl, OP_PROGRAMME_LIST, self->cinema, fields, &reply);
        if (outcome != CTL_DONE) {
            json_decref(*rows);
            *rows = NULL;
            return outcome;
        }
        json_t *page = json_object_get(reply, "showtimes");
        total = json_array_size(page) ? ctl_number(reply, "total") : 0;
        from += (int64_t)json_array_size(page);
        (void)json_array_extend(*rows, page);
        json_decref(reply);
    }
    return CTL_DONE;
}

ctl_exit_t
programme_days(programme_t *self, int32_t first, int32_t days, const char *state, json_t **rows)
{
    int64_t from_ms = zone_utc_ms(&self->zone, first, 0);
    int64_t until_ms = zone_utc_ms(&self->zone, first + days, 0);
    *rows = NULL;
    if (days > PROGRAMME_SPAN_DAYS || from_ms < 0)
        return ctl_say(CTL_USAGE, "up to %d days can be looked at", PROGRAMME_SPAN_DAYS);
    return programme_rows(self, from_ms, until_ms, state, rows);
}

static void
programme_print_row(const programme_t *self, const json_t *row)
{
    char from[PROGRAMME_MOMENT_ROOM], until[PROGRAMME_MOMENT_ROOM];
    programme_clock(self, from, programme_word(row, SHOW_ROW_STARTS));
    programme_clock(self, until, programme_word(row, SHOW_ROW_ENDS));
    printf("  %s-%s  %-10s %10" PRId64 "  ", from + 11, until + 11,
           programme_text(row, SHOW_ROW_STATE), programme_word(row, SHOW_ROW_ID));
    ctl_print_padded(programme_text(row, SHOW_ROW_FORMAT), 5);
    printf(" %s%s%s\n", programme_text(row, SHOW_ROW_TITLE),
           *programme_text(row, SHOW_ROW_FAULT) ? "  " : "", programme_text(row, SHOW_ROW_FAULT));
}

/* Day by day, hall by hall. */
void
programme_print(const programme_t *self, const json_t *rows)
{
    const ctl_t *ctl = self->ctl;
    size_t count = json_array_size(rows), at = 0;
    while (at < count) {
        char day[CTL_TIME_ROOM], other[CTL_TIME_ROOM];
        size_t end = at, index;
        json_t *hall;
        ctl_time(day, programme_word(json_array_get(rows, at), SHOW_ROW_STARTS), CTL_TIME_DAY);
        while (
            end < count &&
            strcmp(day, ctl_time(other, programme_word(json_array_get(rows, end), SHOW_ROW_STARTS),
                                 CTL_TIME_DAY)) == 0)
            end++;
        printf("%s%s%s%s\n", at ? "\n" : "", ctl_sgr(ctl, "\033[1m"), day, ctl_sgr(ctl, "\033[0m"));
        json_array_foreach(self->halls, index, hall)
        {
            bool said = false;
            for (size_t i = at; i < end; i++) {
                const json_t *row = json_array_get(rows, i);
                if (programme_word(row, SHOW_ROW_HALL) != programme_word(hall, 0))
                    continue;
                if (!said)
                    printf(" %" PRId64 " %s\n", programme_word(hall, 0), programme_text(hall, 1));
                said = true;
                programme_print_row(self, row);
            }
        }
        at = end;
    }
}

/* ------------------------------------------------------------------ saving */

json_t *
programme_item(int64_t id, int64_t hall, int64_t movie, int64_t starts_ms, int64_t ends_ms,
               const char *format)
{
    return json_pack("[I, I, I, I, I, s]", (json_int_t)id, (json_int_t)hall, (json_int_t)movie,
                     (json_int_t)starts_ms, (json_int_t)ends_ms, format);
}

/* Where item `index` came from: "file:12: ". */
static void
programme_say_place(const char *file, const json_t *lines, int64_t index)
{
    const json_t *line = index >= 0 ? json_array_get(lines, (size_t)index) : NULL;
    if (line)
        fprintf(stderr, "%s:%" PRId64 ": ", file, (int64_t)json_integer_value(line));
    else
        fprintf(stderr, "showtime %" PRId64 ": ", index + 1);
}

/* [index, kind, weight, showtime, title, starts_ms, ends_ms] each. */
static void
programme_say_conflicts(const programme_t *self, const json_t *reply, size_t before,
                        const char *file, const json_t *lines)
{
    size_t index, said = 0;
    json_t *one;
    json_array_foreach(json_object_get(reply, "conflicts"), index, one)
    {
        char clock[PROGRAMME_MOMENT_ROOM];
        programme_say_place(file, lines, programme_word(one, 0) + (int64_t)before);
        fprintf(stderr, "%s (%s)", programme_text(one, 1), programme_text(one, 2));
        if (*programme_text(one, 4))
            fprintf(stderr, ": %s, %s", programme_text(one, 4),
                    programme_clock(self, clock, programme_word(one, 5)));
        fputc('\n', stderr);
        said++;
    }
    if ((int64_t)said < ctl_number(reply, "total"))
        fprintf(stderr, "and %" PRId64 " more\n", ctl_number(reply, "total") - (int64_t)said);
}

/* One command's worth. `before` items of the list were saved by others. */
static ctl_exit_t
programme_save_some(programme_t *self, json_t *items, size_t before, const char *file,
                    const json_t *lines, json_t **reply)
{
    status_t status;
    ctl_exit_t outcome = ctl_try(self->ctl, OP_PROGRAMME_SAVE, self->cinema,
                                 json_pack("{s:o}", "showtimes", items), reply, &status);
    if (outcome != CTL_DONE)
        return outcome;
    if (!self->ctl->json)
        programme_say_conflicts(self, *reply, before, file, lines);
    if (status == STATUS_OK)
        return CTL_DONE;
    (void)ctl_print_json(self->ctl, *reply);
    if (json_object_get(*reply, "index"))
        programme_say_place(file, lines, ctl_number(*reply, "index") + (int64_t)before);
    const char *reason = ctl_text(*reply, "reason");
    return ctl_say(CTL_REFUSED, "%s: %s%s%s; nothing was saved", marquee_status_name(status),
                   marquee_status_text(status), *reason ? ": " : "", reason);
}

/* Take new drafts back: of a list that was too long for one command, and could not be saved whole.
 */
static void
programme_unsave(programme_t *self, int64_t first, int64_t count)
{
    for (int64_t at = 0; at < count;) {
        json_t *reply, *ids = json_array();
        for (; at < count && json_array_size(ids) < IDS_MAX; at++)
            (void)json_array_append_new(ids, json_integer(first + at));
        if (ctl_ask(self->ctl, OP_PROGRAMME_DELETE, self->cinema, json_pack("{s:o}", "ids", ids),
                    &reply) != CTL_DONE)
            return;
        json_decref(reply);
    }
}

/* More than one command takes are new ones: their numbers follow one another, so they are taken
 * back if one of the later commands is refused. */
ctl_exit_t
programme_save(programme_t *self, json_t *items, const char *file, const json_t *lines,
               json_t **reply)
{
    size_t count = json_array_size(items), at = 0;
    int64_t first = 0, saved = 0;
    json_t *answer = NULL;
    ctl_exit_t outcome = CTL_DONE;
    if (count == 0 || count > PROGRAMME_SAVE_MAX)
        outcome = ctl_say(CTL_REFUSED, "1 to %d showtimes are saved at a time, not %zu",
                          PROGRAMME_SAVE_MAX, count);
    while (outcome == CTL_DONE && at < count) {
        json_t *some = json_array();
        size_t before = at;
        json_decref(answer);
        for (; at < count && json_array_size(some) < SHOWTIMES_MAX; at++)
            (void)json_array_append(some, json_array_get(items, at));
        outcome = programme_save_some(self, some, before, file, lines, &answer);
        if (outcome == CTL_DONE) {
            first = before ? first : ctl_number(answer, "first");
            saved += ctl_number(answer, "count");
        } else if (saved) {
            programme_unsave(self, first, saved);
        }
    }
    json_decref(items);
    if (outcome == CTL_DONE) {
        (void)json_object_set_new(answer, "first", json_integer(first));
        (void)json_object_set_new(answer, "count", json_integer(saved));
    }
    if (reply)
        *reply = outcome == CTL_DONE ? json_incref(answer) : NULL;
    json_decref(answer);
    return outcome;
}

/* ------------------------------------------------------------------ for conflict.h */

static conflict_film_t
programme_film(const json_t *movie)
{
    int64_t ended = ctl_number(movie, "ended");
    return (conflict_film_t){ .duration_min = (uint32_t)ctl_number(movie, "minutes"),
                              .release_day = (int32_t)ctl_number(movie, "released"),
                              .last_day = ended ? (int32_t)ended : ZONE_DAY_MAX,
                              .withdrawn = strcmp(ctl_text(movie, "status"), "withdrawn") == 0 };
}

bool
programme_house(const programme_t *self, programme_house_t *house)
{
    size_t films = json_array_size(self->movies), halls = json_array_size(self->halls), index;
    json_t *one;
    *house = (programme_house_t){ .films = calloc(films + 1, sizeof *house->films),
                                  .halls = calloc(halls + 1, sizeof *house->halls) };
    if (!house->films || !house->halls) {
        programme_house_free(house);
        return false;
    }
    house->cinema = (conflict_cinema_t){ .zone = &self->zone,
                                         .films = house->films,
                                         .halls = house->halls,
                                         .film_count = (uint32_t)films,
                                         .hall_count = (uint32_t)halls };
    json_array_foreach(json_object_get(self->house, "opening"), index, one)
    {
        if (index >= PROGRAMME_WEEK)
            break;
        house->cinema.hours.from_minute[index] = (uint16_t)programme_word(one, 0);
        house->cinema.hours.until_minute[index] = (uint16_t)programme_word(one, 1);
    }
    json_array_foreach(self->movies, index, one) house->films[index] = programme_film(one);
    json_array_foreach(self->halls, index, one)
    {
        int64_t minutes = programme_word(one, 4);
        if (minutes == 0)
            minutes = ctl_number(self->house, "cleaning");
        house->halls[index].cleaning_ms = minutes * 60000;
    }
    return true;
}

void
programme_house_free(programme_house_t *house)
{
    free(house->films);
    free(house->halls);
    *house = (programme_house_t){ .films = NULL };
}
