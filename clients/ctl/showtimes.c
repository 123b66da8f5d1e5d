/* showtimes - list, show and open; see ctl.h. */
#include "clients/ctl/ctl.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SHOWTIME_PAGE = 500, SHOWTIME_LIMIT = 500 };

/* [id, starts_ms, title, hall, free, seats, time_zone] */
enum {
    SHOWTIME_ID,
    SHOWTIME_STARTS,
    SHOWTIME_TITLE,
    SHOWTIME_HALL,
    SHOWTIME_FREE,
    SHOWTIME_SEATS,
    SHOWTIME_ZONE,
};

static int64_t
showtime_starts(const json_t *row)
{
    return json_integer_value(json_array_get(row, SHOWTIME_STARTS));
}

static int
showtime_order(const void *a, const void *b)
{
    const json_t *const *left = a, *const *right = b;
    int64_t one = showtime_starts(*left), other = showtime_starts(*right);
    return one < other ? -1 : one > other;
}

static const char *
showtime_zone(const json_t *row)
{
    const char *name = json_string_value(json_array_get(row, SHOWTIME_ZONE));
    return name ? name : "";
}

/* A day begins and ends where the cinema is: the first showtime that is found says where. */
static ctl_exit_t
showtime_find_zone(ctl_t *ctl, uint32_t partitions)
{
    ctl_exit_t outcome = CTL_DONE;
    bool found = false;
    for (uint32_t i = 0; i < partitions && outcome == CTL_DONE && !found; i++) {
        json_t *reply;
        outcome = ctl_ask(ctl, OP_SHOWTIME_LIST, i, json_pack("{s:i}", "limit", 1), &reply);
        if (outcome != CTL_DONE)
            break;
        const json_t *row = json_array_get(json_object_get(reply, "showtimes"), 0);
        found = row != NULL;
        ctl_zone(showtime_zone(row));
        json_decref(reply);
    }
    return outcome;
}

/* All pages of a partition, those of the day (or all, with until_ms 0) appended to `rows`. */
static ctl_exit_t
showtime_pages(ctl_t *ctl, uint32_t partition, int64_t from_ms, int64_t until_ms, json_t *rows)
{
    for (int64_t from = 0, total = 1; from < total;) {
        json_t *reply, *row;
        size_t index;
        ctl_exit_t outcome = ctl_ask(
            ctl, OP_SHOWTIME_LIST, partition,
            json_pack("{s:I,s:i}", "from", (json_int_t)from, "limit", SHOWTIME_PAGE), &reply);
        if (outcome != CTL_DONE)
            return outcome;
        const json_t *page = json_object_get(reply, "showtimes");
        total = ctl_number(reply, "total");
        from += (int64_t)json_array_size(page);
        if (json_array_size(page) == 0)
            total = from;
        json_array_foreach(page, index, row)
        {
            int64_t starts_ms = showtime_starts(row);
            if (!until_ms || (starts_ms >= from_ms && starts_ms < until_ms))
                (void)json_array_append(rows, row);
        }
        json_decref(reply);
    }
    return CTL_DONE;
}

/* A day in the cinema's time zone, as [from, until). */
static bool
showtime_day(const char *day, int64_t *from_ms, int64_t *until_ms)
{
    time_t now = time(NULL);
    struct tm parts;
    if (!localtime_r(&now, &parts))
        return false;
    if (strcmp(day, "tomorrow") == 0)
        parts.tm_mday++;
    else if (strcmp(day, "today") != 0) {
        const char *end = strptime(day, "%Y-%m-%d", &parts);
        if (!end || *end)
            return false;
    }
    parts.tm_hour = parts.tm_min = parts.tm_sec = 0;
    parts.tm_isdst = -1;
    *from_ms = (int64_t)mktime(&parts) * 1000;
    parts.tm_mday++;
    parts.tm_isdst = -1;
    *until_ms = (int64_t)mktime(&parts) * 1000;
    return true;
}

static void
showtime_print_list(const ctl_t *ctl, json_t *const *rows, size_t count)
{
    char day[CTL_TIME_ROOM] = "", text[CTL_TIME_ROOM];
    for (size_t i = 0; i < count; i++) {
        const json_t *row = rows[i];
        int64_t starts_ms = showtime_starts(row);
        ctl_zone(showtime_zone(row));
        if (strcmp(day, ctl_time(text, starts_ms, CTL_TIME_DAY)) != 0) {
            printf("%s%s%s%s\n", i ? "\n" : "", ctl_sgr(ctl, "\033[1m"), text,
                   ctl_sgr(ctl, "\033[0m"));
            memcpy(day, text, sizeof day);
        }
        const char *id = json_string_value(json_array_get(row, SHOWTIME_ID));
        if (id)
            printf("  %s", id);
        else
            printf("  %" PRId64, (int64_t)json_integer_value(json_array_get(row, SHOWTIME_ID)));
        printf("  %s  %4" PRId64 " of %4" PRId64 " free  ",
               ctl_time(text, starts_ms, CTL_TIME_CLOCK),
               (int64_t)json_integer_value(json_array_get(row, SHOWTIME_FREE)),
               (int64_t)json_integer_value(json_array_get(row, SHOWTIME_SEATS)));
        ctl_print_padded(json_string_value(json_array_get(row, SHOWTIME_HALL)), 22);
        printf(" %s\n", json_string_value(json_array_get(row, SHOWTIME_TITLE)));
    }
}

/* Sort by start, cut, print. */
static ctl_exit_t
showtime_print(const ctl_t *ctl, const json_t *list, uint64_t limit)
{
    size_t count = json_array_size(list);
    json_t **rows = calloc(count ? count : 1, sizeof *rows);
    json_t *sorted = json_array();
    if (!rows || !sorted) {
        free(rows);
        return ctl_say(CTL_FAULT, "memory is short");
    }
    for (size_t i = 0; i < count; i++)
        rows[i] = json_array_get(list, i);
    qsort(rows, count, sizeof *rows, showtime_order);
    size_t shown = count < limit ? count : (size_t)limit;
    for (size_t i = 0; i < shown; i++)
        (void)json_array_append(sorted, rows[i]);
    if (!ctl_print_json(ctl, sorted))
        showtime_print_list(ctl, rows, shown);
    if (shown < count)
        ctl_hint(ctl, "%zu more; see --day and --limit", count - shown);
    else if (count == 0)
        ctl_hint(ctl, "no showtimes; `marquee demo load conf/demo/cinema.json` opens some");
    json_decref(sorted);
    free(rows);
    return CTL_DONE;
}

static ctl_exit_t
showtime_list(ctl_t *ctl)
{
    int64_t from_ms = 0, until_ms = 0;
    uint64_t limit;
    const char *day = ctl->flags[CTL_FLAG_DAY];
    if (!ctl_flag_u64(ctl, CTL_FLAG_LIMIT, SHOWTIME_LIMIT, &limit))
        return CTL_USAGE;
    uint32_t partitions = ctl_partitions(ctl);
    if (!partitions)
        return CTL_FAULT;
    ctl_exit_t outcome = showtime_find_zone(ctl, partitions);
    if (outcome == CTL_DONE && day && !showtime_day(day, &from_ms, &until_ms))
        return ctl_say(CTL_USAGE, "--day is today, tomorrow or YYYY-MM-DD, not '%s'", day);
    json_t *rows = json_array();
    for (uint32_t i = 0; i < partitions && outcome == CTL_DONE; i++)
        outcome = showtime_pages(ctl, i, from_ms, until_ms, rows);
    if (outcome == CTL_DONE)
        outcome = showtime_print(ctl, rows, limit);
    json_decref(rows);
    return outcome;
}

static void
showtime_print_times(const json_t *showtime)
{
    static const struct {
        const char *field, *name;
    } times[] = {
        { "starts_ms", "starts" },
        { "ends_ms", "ends" },
        { "opens_ms", "sale opens" },
        { "closes_ms", "sale closes" },
    };
    char text[CTL_TIME_ROOM];
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++)
        printf("%-12s %s\n", times[i].name,
               ctl_time(text, ctl_number(showtime, times[i].field), CTL_TIME_SHOW));
}

/* Maps of numbers, each as its kind is read best. */
static void
showtime_print_groups(const json_t *showtime)
{
    static const char *const groups[] = { "counts", "rules", "books" };
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
        const char *key;
        json_t *value, *group = json_object_get(showtime, groups[i]);
        printf("%-12s", groups[i]);
        json_object_foreach(group, key, value)
        {
            char money[CTL_MONEY_ROOM];
            size_t size = strlen(key);
            int64_t number = ctl_number(group, key);
            if (strcmp(groups[i], "books") == 0)
                printf(" %s %s", key, ctl_money(money, number));
            else if (json_is_boolean(value))
                printf(" %s %s", key, number ? "on" : "off");
            else if (size > 3 && strcmp(key + size - 3, "_ms") == 0)
                printf(" %.*s %" PRId64 " min", (int)(size - 3), key, number / 60000);
            else
                printf(" %s %" PRId64, key, number);
        }
        putchar('\n');
    }
}

static ctl_exit_t
showtime_show(ctl_t *ctl)
{
    uint64_t id;
    json_t *showtime, *zone;
    size_t index;
    if (!ctl_argument_u64(ctl, 0, "a showtime", &id))
        return CTL_USAGE;
    ctl_exit_t outcome = ctl_ask(ctl, OP_SHOWTIME_GET, id, NULL, &showtime);
    if (outcome != CTL_DONE)
        return outcome;
    if (!ctl_print_json(ctl, showtime)) {
        char price[CTL_MONEY_ROOM];
        ctl_zone(ctl_text(showtime, "time_zone"));
        printf("%-12s %" PRIu64 "\n%-12s %s %s\n%-12s %s\n", "showtime", id, "film",
               ctl_text(showtime, "title"), ctl_text(showtime, "format"), "hall",
               ctl_text(showtime, "hall"));
        showtime_print_times(showtime);
        json_array_foreach(json_object_get(showtime, "zones"), index, zone) printf(
            "%-12s %s %s %s\n", index ? "" : "zones", json_string_value(json_array_get(zone, 0)),
            ctl_money(price, json_integer_value(json_array_get(zone, 2))),
            json_string_value(json_array_get(zone, 1)));
        showtime_print_groups(showtime);
    }
    json_decref(showtime);
    return CTL_DONE;
}

static ctl_exit_t
showtime_open(ctl_t *ctl)
{
    json_error_t error;
    json_t *reply,
        *fields = strcmp(ctl->arguments[0], "-") == 0
                      ? json_loadf(stdin, JSON_REJECT_DUPLICATES, &error)
                      : json_load_file(ctl->arguments[0], JSON_REJECT_DUPLICATES, &error);
    if (!fields)
        return ctl_say(CTL_FAULT, "%s:%d: %s", ctl->arguments[0], error.line, error.text);
    int64_t id = ctl_number(fields, "id");
    if (!json_is_object(fields) || id < 1) {
        json_decref(fields);
        return ctl_say(CTL_FAULT,
                       "%s: wanted is an object with the showtime's id and the fields of "
                       "showtime.open",
                       ctl->arguments[0]);
    }
    (void)json_object_del(fields, "id");
    ctl_exit_t outcome = ctl_ask(ctl, OP_SHOWTIME_OPEN, (uint64_t)id, fields, &reply);
    if (outcome != CTL_DONE)
        return outcome;
    if (!ctl_print_json(ctl, reply))
        printf("showtime     %" PRId64 "\nseats        %" PRId64 "\n", id,
               ctl_number(reply, "seats"));
    ctl_hint(ctl, "next: marquee seats show %" PRId64, id);
    json_decref(reply);
    return CTL_DONE;
}

const ctl_verb_t ctl_showtime_verbs[] = {
    { "showtimes", "list", "", 0, 0, CTL_FLAG(DAY) | CTL_FLAG(LIMIT), showtime_list,
      "what is on, in order of time" },
    { "showtimes", "show", "SHOWTIME", 1, 1, 0, showtime_show,
      "times, zones, rules, seats and books of one" },
    { "showtimes", "open", "FILE", 1, 1, 0, showtime_open,
      "put one on sale: JSON with its id and the fields of showtime.open; - is stdin" },
    { NULL, NULL, NULL, 0, 0, 0, NULL, NULL },
};
