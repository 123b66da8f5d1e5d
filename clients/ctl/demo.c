/* demo - a cinema from a file, put on sale for a week; see ctl.h.
 *
 * The file (conf/demo/cinema.json) names a time zone, films, halls as showtime.open takes them, and
 * a programme: for weekdays and weekends, which film starts when in which hall. A showtime's id
 * reads as YYMMDD, hall (two digits), number within the day and hall (two digits). */
#include "clients/ctl/ctl.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    DEMO_DAYS = 7,
    DEMO_DAYS_MAX = 60,
    DEMO_PRESALE_DAYS = 14,
    DEMO_CLOSES_AFTER_MIN = 10,
    DEMO_MINUTE_MS = 60 * 1000,
    DEMO_MINUTES_MAX = 24 * 60, /* of a film, of cleaning */
    DEMO_PERCENT_MAX = 1000,
    DEMO_HALLS_MAX = 99, /* two digits of a showtime's id, as are the shows */
    DEMO_SHOWS_MAX = 99,
    DEMO_TITLE_ROOM = 96 + 1,
};

typedef struct {
    ctl_t *ctl;
    const char *path;
    const json_t *cinema;
    int64_t opened, existed;
} demo_t;

static ctl_exit_t
demo_wrong(const demo_t *self, const char *what, const char *which)
{
    return ctl_say(CTL_FAULT, "%s: %s%s%s", self->path, what, which ? ": " : "",
                   which ? which : "");
}

static bool
demo_within(int64_t number, int64_t most)
{
    return number >= 0 && number <= most;
}

static const json_t *
demo_film(const demo_t *self, const char *id)
{
    size_t index;
    json_t *film;
    json_array_foreach(json_object_get(self->cinema, "films"), index,
                       film) if (id && strcmp(ctl_text(film, "id"), id) == 0) return film;
    return NULL;
}

static const json_t *
demo_hall(const demo_t *self, int64_t number)
{
    size_t index;
    json_t *hall;
    json_array_foreach(json_object_get(self->cinema, "halls"), index,
                       hall) if (ctl_number(hall, "number") == number) return hall;
    return NULL;
}

/* Minutes of "19:30"; -1 when it is something else. Hours over 23 belong to the night after. */
static int
demo_minutes(const char *text)
{
    unsigned hours, minutes;
    char more;
    if (!text || sscanf(text, "%2u:%2u%c", &hours, &minutes, &more) != 2 || hours > 27 ||
        minutes > 59)
        return -1;
    return (int)(hours * 60 + minutes);
}

/* Zones as the hall has them, matinees at their percentage, rounded to whole yuan. NULL when a
 * price or the percentage is none. */
static json_t *
demo_zones(const demo_t *self, const json_t *hall, int minutes)
{
    const json_t *matinee = json_object_get(self->cinema, "matinee");
    int before = demo_minutes(ctl_text(matinee, "before"));
    int64_t percent = minutes < before ? ctl_number(matinee, "percent") : 100;
    json_t *zones = json_deep_copy(json_object_get(hall, "zones")), *zone;
    size_t index;
    json_array_foreach(zones, index, zone)
    {
        int64_t price = json_integer_value(json_array_get(zone, 2));
        if (!demo_within(price, MONEY_MAX_FEN) || !demo_within(percent, DEMO_PERCENT_MAX)) {
            json_decref(zones);
            return NULL;
        }
        (void)json_array_set_new(zone, 2, json_integer((price * percent / 100 + 50) / 100 * 100));
    }
    return zones;
}

static json_t *
demo_fields(const demo_t *self, const json_t *hall, const json_t *film, int64_t day_ms, int minutes)
{
    char title[DEMO_TITLE_ROOM];
    int64_t starts_ms = day_ms + (int64_t)minutes * DEMO_MINUTE_MS;
    json_t *zones = demo_zones(self, hall, minutes);
    if (!zones)
        return NULL;
    snprintf(title, sizeof title, "%s %s", ctl_text(film, "title"), ctl_text(film, "english"));
    return json_pack("{s:s,s:O,s:O,s:O,s:I,s:I,s:I,s:I,s:o,s:O}", "title", title, "hall",
                     json_object_get(hall, "name"), "format", json_object_get(hall, "format"),
                     "time_zone", json_object_get(json_object_get(self->cinema, "cinema"), "zone"),
                     "starts_ms", (json_int_t)starts_ms, "ends_ms",
                     (json_int_t)(starts_ms + ctl_number(film, "minutes") * DEMO_MINUTE_MS),
                     "opens_ms", (json_int_t)(starts_ms - DEMO_PRESALE_DAYS * INT64_C(86400000)),
                     "closes_ms", (json_int_t)(starts_ms + DEMO_CLOSES_AFTER_MIN * DEMO_MINUTE_MS),
                     "zones", zones, "rows", json_object_get(hall, "rows"));
}

static ctl_exit_t
demo_open(demo_t *self, uint64_t id, json_t *fields)
{
    json_t *reply;
    status_t status;
    if (!fields)
        return demo_wrong(self, "a film or hall lacks something, or a price is out of bounds",
                          NULL);
    ctl_exit_t outcome = ctl_try(self->ctl, OP_SHOWTIME_OPEN, id, fields, &reply, &status);
    if (outcome != CTL_DONE)
        return outcome;
    if (status == STATUS_OK) {
        self->opened++;
    } else if (status == STATUS_SHOWTIME_EXISTS) {
        self->existed++;
    } else {
        char *body = json_dumps(reply, JSON_COMPACT);
        outcome =
            ctl_say(CTL_REFUSED, "showtime %" PRIu64 ": %s: %s %s", id, marquee_status_name(status),
                    marquee_status_text(status), body ? body : "");
        free(body);
    }
    json_decref(reply);
    return outcome;
}

/* One hall on one day: [start, film] each, in order, with time to clean in between. */
static ctl_exit_t
demo_hall_day(demo_t *self, const json_t *row, int64_t day_ms, uint64_t date)
{
    const json_t *hall = demo_hall(self, ctl_number(row, "hall"));
    int64_t cleaning = ctl_number(self->cinema, "cleaning_minutes"), free_from = 0;
    size_t index;
    json_t *show;
    if (!hall || !demo_within(ctl_number(hall, "number"), DEMO_HALLS_MAX))
        return demo_wrong(self, "the programme has a hall that there is not", NULL);
    if (!demo_within(cleaning, DEMO_MINUTES_MAX))
        return demo_wrong(self, "cleaning_minutes are 0 to a day", NULL);
    json_array_foreach(json_object_get(row, "shows"), index, show)
    {
        const char *start = json_string_value(json_array_get(show, 0));
        const json_t *film = demo_film(self, json_string_value(json_array_get(show, 1)));
        int minutes = demo_minutes(start);
        if (!film || minutes < 0 || index == DEMO_SHOWS_MAX)
            return demo_wrong(self, "a show is not [\"HH:MM\", film]", start);
        if (!demo_within(ctl_number(film, "minutes"), DEMO_MINUTES_MAX))
            return demo_wrong(self, "a film's minutes are 0 to a day", ctl_text(film, "id"));
        if (minutes < free_from)
            return demo_wrong(self, "a film starts before the hall is clean", start);
        free_from = minutes + ctl_number(film, "minutes") + cleaning;
        uint64_t id = date * 10000 + (uint64_t)ctl_number(hall, "number") * 100 + index + 1;
        ctl_exit_t outcome = demo_open(self, id, demo_fields(self, hall, film, day_ms, minutes));
        if (outcome != CTL_DONE)
            return outcome;
    }
    return CTL_DONE;
}

static ctl_exit_t
demo_day(demo_t *self, struct tm day)
{
    day.tm_isdst = -1;
    int64_t day_ms = (int64_t)mktime(&day) * 1000; /* also finds the weekday */
    uint64_t date = (uint64_t)(day.tm_year % 100) * 10000 + (uint64_t)(day.tm_mon + 1) * 100 +
                    (uint64_t)day.tm_mday;
    bool weekend = day.tm_wday == 0 || day.tm_wday == 6;
    const json_t *halls = json_object_get(json_object_get(self->cinema, "programme"),
                                          weekend ? "weekend" : "weekday");
    size_t index;
    json_t *row;
    if (json_array_size(halls) == 0)
        return demo_wrong(self, "the programme needs weekday and weekend", NULL);
    json_array_foreach(halls, index, row)
    {
        ctl_exit_t outcome = demo_hall_day(self, row, day_ms, date);
        if (outcome != CTL_DONE)
            return outcome;
    }
    return CTL_DONE;
}

/* The first day at 0:00 in the cinema's zone, which is a POSIX rule: zone files need not be here.
 */
static bool
demo_first_day(const demo_t *self, struct tm *day)
{
    const char *rule = ctl_text(json_object_get(self->cinema, "cinema"), "posix_zone");
    const char *from = ctl_flag_text(self->ctl, CTL_FLAG_FROM, "today");
    if (!*rule || setenv("TZ", rule, 1)) {
        demo_wrong(self, "the cinema has no posix_zone", NULL);
        return false;
    }
    tzset();
    time_t now = time(NULL);
    if (!localtime_r(&now, day))
        return false;
    day->tm_hour = day->tm_min = day->tm_sec = 0;
    if (strcmp(from, "today") == 0)
        return true;
    if (strcmp(from, "tomorrow") == 0) {
        day->tm_mday++;
        return true;
    }
    const char *end = strptime(from, "%Y-%m-%d", day);
    if (end && *end == 0)
        return true;
    ctl_say(CTL_USAGE, "--from is today, tomorrow or YYYY-MM-DD, not '%s'", from);
    return false;
}

static ctl_exit_t
demo_load(ctl_t *ctl)
{
    json_error_t error;
    uint64_t days;
    struct tm day;
    if (!ctl_flag_u64(ctl, CTL_FLAG_DAYS, DEMO_DAYS, &days) || days == 0 || days > DEMO_DAYS_MAX)
        return ctl_say(CTL_USAGE, "--days is 1 to %d", DEMO_DAYS_MAX);
    json_t *cinema = json_load_file(ctl->arguments[0], JSON_REJECT_DUPLICATES, &error);
    if (!cinema)
        return ctl_say(CTL_FAULT, "%s:%d: %s", ctl->arguments[0], error.line, error.text);
    demo_t demo = { .ctl = ctl, .path = ctl->arguments[0], .cinema = cinema };
    ctl_exit_t outcome = demo_first_day(&demo, &day) ? CTL_DONE : CTL_USAGE;
    for (uint64_t i = 0; i < days && outcome == CTL_DONE; i++, day.tm_mday++)
        outcome = demo_day(&demo, day);
    if (outcome == CTL_DONE) {
        json_t *said = json_pack("{s:I,s:I}", "opened", (json_int_t)demo.opened, "existed",
                                 (json_int_t)demo.existed);
        if (!ctl_print_json(ctl, said))
            printf("%s: %" PRId64 " showtimes opened, %" PRId64 " were there already\n",
                   ctl_text(json_object_get(cinema, "cinema"), "name"), demo.opened, demo.existed);
        json_decref(said);
    }
    json_decref(cinema);
    return outcome;
}

const ctl_verb_t ctl_demo_verbs[] = {
    { "demo", "load", "FILE", 1, 1, CTL_FLAG(FROM) | CTL_FLAG(DAYS), demo_load,
      "open a week of showtimes of the cinema in FILE; what is there stays" },
    { NULL, NULL, NULL, 0, 0, 0, NULL, NULL },
};
