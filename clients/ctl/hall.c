/* hall - the seats of a showtime as the server says them; see ctl.h for the contract. */
#include "clients/ctl/ctl.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* [id, row, column, state, kind, zone] */
enum { HALL_ID, HALL_ROW, HALL_COLUMN, HALL_STATE, HALL_KIND, HALL_ZONE };
enum { HALL_COLUMNS_MAX = 64 }; /* docs/records.md; the map draws every column there is */

static char
hall_letter(const json_t *text)
{
    const char *letter = json_string_value(text);
    return letter ? letter[0] : ' ';
}

static uint32_t
hall_number(const json_t *item, size_t index)
{
    return (uint32_t)json_integer_value(json_array_get(item, index));
}

/* Rows are numbered from 1; `names` has what the house calls them. */
static bool
hall_read_seat(const json_t *item, const json_t *names, hall_seat_t *seat)
{
    uint32_t row = hall_number(item, HALL_ROW), column = hall_number(item, HALL_COLUMN);
    const char *name = row ? json_string_value(json_array_get(names, row - 1)) : NULL;
    if (!name || strlen(name) >= sizeof seat->row || json_array_size(item) <= HALL_ZONE ||
        column < 1 || column > HALL_COLUMNS_MAX)
        return false;
    *seat = (hall_seat_t){
        .id = hall_number(item, HALL_ID),
        .line = row - 1,
        .column = column,
        .state = hall_number(item, HALL_STATE),
        .kind = hall_letter(json_array_get(item, HALL_KIND)),
        .zone = hall_letter(json_array_get(item, HALL_ZONE)),
    };
    memcpy(seat->row, name, strlen(name));
    return true;
}

/* Couple seats stand in pairs from left to right: the right one is called 'C' here. */
static void
hall_pair(hall_seat_t *left, hall_seat_t *right)
{
    bool beside = left->line == right->line && left->column + 1 == right->column;
    if (beside && left->kind == 'c' && right->kind == 'c')
        right->kind = 'C';
}

/* Seats come in order of id, which is row by row. */
static bool
hall_read_seats(hall_t *hall, const json_t *list)
{
    const json_t *names = json_object_get(hall->showtime, "rows");
    size_t count = json_array_size(list);
    hall->seats = calloc(count ? count : 1, sizeof *hall->seats);
    if (!hall->seats)
        return false;
    hall->column_first = UINT32_MAX;
    for (size_t i = 0; i < count; i++) {
        hall_seat_t *seat = &hall->seats[i];
        if (!hall_read_seat(json_array_get(list, i), names, seat))
            return false;
        if (i)
            hall_pair(seat - 1, seat);
        if (seat->column < hall->column_first)
            hall->column_first = seat->column;
        if (seat->column > hall->column_last)
            hall->column_last = seat->column;
    }
    hall->seat_count = (uint32_t)count;
    return count > 0;
}

ctl_exit_t
hall_load(ctl_t *ctl, uint64_t showtime, hall_t *hall)
{
    json_t *reply;
    *hall = (hall_t){ .seat_count = 0 };
    ctl_exit_t outcome = ctl_ask(ctl, OP_SHOWTIME_GET, showtime, NULL, &hall->showtime);
    if (outcome != CTL_DONE)
        return outcome;
    ctl_zone(ctl_text(hall->showtime, "time_zone"));
    outcome = ctl_ask(ctl, OP_SEATS_GET, showtime, NULL, &reply);
    if (outcome == CTL_DONE) {
        hall->number = (uint64_t)ctl_number(reply, "number");
        if (!hall_read_seats(hall, json_object_get(reply, "seats")))
            outcome = ctl_say(CTL_FAULT, "the server's seat map cannot be read");
        json_decref(reply);
    }
    if (outcome != CTL_DONE)
        hall_free(hall);
    return outcome;
}

void
hall_free(hall_t *hall)
{
    json_decref(hall->showtime);
    free(hall->seats);
    *hall = (hall_t){ .seat_count = 0 };
}

hall_seat_t *
hall_seat(const hall_t *hall, uint64_t id)
{
    for (uint32_t i = 0; i < hall->seat_count; i++)
        if (hall->seats[i].id == id)
            return &hall->seats[i];
    return NULL;
}

/* F7, f7 or F-7; a row called by a number needs the dash: 5-7. */
static bool
hall_is_named(const hall_seat_t *seat, const char *name)
{
    size_t row_size = strlen(seat->row);
    uint64_t column;
    if (strncasecmp(name, seat->row, row_size) != 0)
        return false;
    name += row_size;
    if (*name == '-')
        name++;
    else if (row_size && seat->row[row_size - 1] >= '0' && seat->row[row_size - 1] <= '9')
        return false;
    return ctl_parse_u64(name, &column) && column == seat->column;
}

hall_seat_t *
hall_find(const hall_t *hall, const char *name)
{
    uint64_t id;
    if (ctl_parse_u64(name, &id))
        return hall_seat(hall, id);
    for (uint32_t i = 0; i < hall->seat_count; i++)
        if (hall_is_named(&hall->seats[i], name))
            return &hall->seats[i];
    return NULL;
}

const char *
hall_label(const hall_t *hall, uint64_t id, char label[HALL_LABEL_ROOM])
{
    const hall_seat_t *seat = hall_seat(hall, id);
    if (!seat) {
        snprintf(label, HALL_LABEL_ROOM, "%" PRIu64, id);
        return label;
    }
    size_t size = strlen(seat->row);
    bool digits = size && seat->row[size - 1] >= '0' && seat->row[size - 1] <= '9';
    snprintf(label, HALL_LABEL_ROOM, "%s%s%u", seat->row, digits ? "-" : "", seat->column);
    return label;
}

/* Append one name's seat; false after having said that there is none. */
static bool
hall_append(const hall_t *hall, json_t *ids, const char *name)
{
    const hall_seat_t *seat = hall_find(hall, name);
    if (!seat) {
        ctl_say(CTL_USAGE, "there is no seat '%s' in this hall; `marquee seats show` draws it",
                name);
        return false;
    }
    return json_array_append_new(ids, json_integer(seat->id)) == 0;
}

json_t *
hall_list(const hall_t *hall, const char *names)
{
    json_t *ids = json_array();
    while (*names) {
        char name[32];
        size_t size = strcspn(names, ",");
        snprintf(name, sizeof name, "%.*s", (int)(size < sizeof name ? size : sizeof name - 1),
                 names);
        if (!hall_append(hall, ids, name)) {
            json_decref(ids);
            return NULL;
        }
        names += size + (names[size] == ',');
    }
    return ids;
}

json_t *
hall_arguments(const hall_t *hall, const ctl_t *ctl, int first)
{
    json_t *ids = json_array();
    for (int i = first; i < ctl->argument_count; i++) {
        json_t *some = hall_list(hall, ctl->arguments[i]);
        if (!some || json_array_extend(ids, some)) {
            json_decref(some);
            json_decref(ids);
            return NULL;
        }
        json_decref(some);
    }
    return ids;
}

char *
hall_labels(const hall_t *hall, const json_t *ids)
{
    char *text = NULL;
    size_t size, index;
    json_t *id;
    FILE *memory = open_memstream(&text, &size);
    if (!memory)
        return NULL;
    json_array_foreach(ids, index, id)
    {
        char label[HALL_LABEL_ROOM];
        fprintf(memory, "%s%s", index ? " " : "",
                hall_label(hall, (uint64_t)json_integer_value(id), label));
    }
    return fclose(memory) == 0 ? text : NULL;
}
