/* prog_check - what speaks against a batch of showtimes: asked, and enforced when it is saved. */
#include "actors/box.h"
#include "actors/prog_show.h"
#include <assert.h>
#include <string.h>

enum {
    CHECK_NEAR_DAYS = 2
}; /* what starts earlier, or later, meets nobody: a show is a day at most */

static const char *const check_weights[] = {
    [CONFLICT_REFUSED] = "refused", [CONFLICT_WARNING] = "warning", [CONFLICT_NOTICE] = "notice"
};
static const char *const check_kinds[CONFLICT_KINDS] = {
    [CONFLICT_BAD_TIMES] = "bad_times", [CONFLICT_TOO_SHORT] = "too_short",
    [CONFLICT_WITHDRAWN] = "withdrawn", [CONFLICT_BEFORE_RELEASE] = "before_release",
    [CONFLICT_AFTER_RUN] = "after_run", [CONFLICT_CLOSED] = "closed",
    [CONFLICT_OVERLAP] = "overlap",     [CONFLICT_EQUIPMENT] = "equipment",
    [CONFLICT_CLEANING] = "cleaning",
};

/* ------------------------------------------------------------------ the house */

static void
check_house(show_desk_t *self, const cinema_t *cinema, const zone_t *zone)
{
    for (uint32_t day = 0; day < PROG_WEEKDAYS; day++) {
        self->cinema.hours.from_minute[day] = cinema->opening[day][0];
        self->cinema.hours.until_minute[day] = cinema->opening[day][1];
    }
    self->cinema.zone = zone;
    self->cinema.halls = self->halls;
    self->cinema.hall_count = PROG_HALLS_MAX;
    self->cinema.films = self->films;
    self->cinema.film_count = SHOWTIMES_MAX + SHOW_THERE_MAX;
}

typedef struct {
    const char *names[CONFLICT_EQUIPMENT_MAX];
    size_t sizes[CONFLICT_EQUIPMENT_MAX];
    uint32_t count;
} check_things_t;

/* The bit of a thing's name; what is too much to be told apart is not looked at. */
static uint32_t
check_thing(check_things_t *things, const char *name, size_t size)
{
    for (uint32_t i = 0; i < things->count; i++)
        if (things->sizes[i] == size && memcmp(things->names[i], name, size) == 0)
            return 1u << i;
    if (size == 0 || things->count == CONFLICT_EQUIPMENT_MAX)
        return 0;
    things->names[things->count] = name;
    things->sizes[things->count] = size;
    return 1u << things->count++;
}

static uint32_t
check_equipment(check_things_t *things, const prog_hall_t *hall)
{
    uint32_t bits = 0;
    const char *at = hall->equipment, *end = at + strnlen(at, sizeof hall->equipment);
    while (at < end) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        const char *stop = comma ? comma : end;
        while (at < stop && *at == ' ')
            at++;
        bits |= check_thing(things, at, (size_t)(stop - at));
        at = comma ? comma + 1 : end;
    }
    return bits;
}

static void
check_halls(show_desk_t *self, turn_t *turn, uint64_t id, const cinema_t *cinema)
{
    check_things_t things = { .count = 0 };
    for (uint64_t left = cinema->halls; left; left &= left - 1) {
        uint32_t at = (uint32_t)__builtin_ctzll(left);
        const prog_hall_t *hall = prog_hall(turn, id, at + 1u);
        assert(hall);
        self->equipment[at] = check_equipment(&things, hall);
        self->halls[at].cleaning_ms =
            (int64_t)(hall->cleaning ? hall->cleaning : cinema->cleaning) * 60000;
    }
}

static conflict_film_t
check_film(const movie_t *movie)
{
    return (conflict_film_t){ .duration_min = movie->minutes,
                              .release_day = (int32_t)movie->released,
                              .last_day = movie->ended ? (int32_t)movie->ended : INT32_MAX,
                              .withdrawn = movie->status == MOVIE_WITHDRAWN };
}

static conflict_showtime_t
check_showtime(const show_desk_t *self, const show_t *show, uint32_t number, uint32_t film)
{
    return (conflict_showtime_t){ .id = number,
                                  .film = film,
                                  .hall = show->hall - 1u,
                                  .equipment = self->equipment[show->hall - 1],
                                  .start_ms = show->starts_ms,
                                  .end_ms = show->ends_ms };
}

/* ------------------------------------------------------------------ the batch */

static status_t
check_refuse(turn_t *turn, status_t status, uint32_t index, const char *reason)
{
    pack_map(turn->reply, reason ? 4 : 2);
    pack_key_str(turn->reply, "error", status_name(status));
    pack_key_uint(turn->reply, "index", index);
    if (reason) {
        pack_key_str(turn->reply, "field", "showtimes");
        pack_key_str(turn->reply, "reason", reason);
    }
    return status;
}

static const char *
check_read_item(mp_t *items, uint64_t *id, show_t *show)
{
    uint32_t count, size;
    uint64_t hall, movie, starts_ms, ends_ms;
    const char *format;
    memset(show, 0, sizeof *show);
    if (!mp_read_array(items, &count) || count != 6 || !mp_read_uint(items, id) ||
        !mp_read_uint(items, &hall) || !mp_read_uint(items, &movie) ||
        !mp_read_uint(items, &starts_ms) || !mp_read_uint(items, &ends_ms) ||
        !mp_read_str(items, &format, &size))
        return "a showtime is [showtime or 0, hall_number, movie, starts_ms, ends_ms or 0, format]";
    if (hall == 0 || hall > PROG_HALLS_MAX)
        return "a hall's number is 1 to 64";
    if (movie == 0 || movie > UINT32_MAX)
        return "a film's number is 1 to 4294967295";
    if (starts_ms > SHOW_TIME_MAX || ends_ms > SHOW_TIME_MAX)
        return "a time is before the year 2100";
    if (size >= SHOW_FORMAT || memchr(format, 0, size))
        return "a format has up to 15 bytes";
    show->hall = (uint8_t)hall;
    show->movie = (uint32_t)movie;
    show->starts_ms = (int64_t)starts_ms;
    show->ends_ms = (int64_t)ends_ms;
    show->state = SHOW_DRAFT;
    memcpy(show->format, format, size);
    return NULL;
}

/* What is changed must be a draft of this cinema, and stand in the batch once. */
static status_t
check_known(const show_desk_t *self, turn_t *turn, uint64_t cinema, uint32_t index, uint64_t id)
{
    const show_t *there = show_get(turn, cinema, show_number(cinema, id));
    if (!there)
        return check_refuse(turn, STATUS_UNKNOWN_SHOWTIME, index, NULL);
    if (there->state != SHOW_DRAFT)
        return check_refuse(turn, STATUS_SHOW_STATE, index, NULL);
    for (uint32_t i = 0; i < index; i++)
        if (self->wishes[i].number == show_number(cinema, id))
            return check_refuse(turn, STATUS_BAD_FIELD, index, "a showtime comes twice");
    return STATUS_OK;
}

static status_t
check_wish(show_desk_t *self, turn_t *turn, uint64_t cinema, uint32_t index, mp_t *items)
{
    uint64_t id;
    show_wish_t *wish = &self->wishes[index];
    const char *reason = check_read_item(items, &id, &wish->show);
    if (reason)
        return check_refuse(turn, STATUS_BAD_FIELD, index, reason);
    wish->number = show_number(cinema, id);
    if (id) {
        status_t status = check_known(self, turn, cinema, index, id);
        if (status != STATUS_OK)
            return status;
    }
    const prog_hall_t *hall = prog_hall(turn, cinema, wish->show.hall);
    const movie_t *movie = prog_movie(turn, cinema, wish->show.movie);
    if (!hall)
        return check_refuse(turn, STATUS_UNKNOWN_HALL, index, NULL);
    if (!movie)
        return check_refuse(turn, STATUS_UNKNOWN_MOVIE, index, NULL);
    wish->show.plan = hall->version;
    if (wish->show.ends_ms == 0)
        wish->show.ends_ms = wish->show.starts_ms + movie->minutes * INT64_C(60000);
    self->films[index] = check_film(movie);
    self->batch[index] = check_showtime(self, &wish->show, wish->number, index);
    return STATUS_OK;
}

/* ------------------------------------------------------------------ what is there */

typedef struct {
    show_desk_t *desk;
    turn_t *turn;
    uint64_t cinema;
} check_there_t;

static bool
check_take_there(void *argument, uint32_t number)
{
    check_there_t *self = argument;
    show_desk_t *desk = self->desk;
    const show_t *show = show_get(self->turn, self->cinema, number);
    assert(show);
    if (show->state == SHOW_CANCELLING || show->state == SHOW_CANCELLED)
        return true;
    if (desk->there_count == SHOW_THERE_MAX)
        return false;
    uint32_t at = desk->there_count++, film = SHOWTIMES_MAX + at;
    const movie_t *movie = prog_movie(self->turn, self->cinema, show->movie);
    assert(movie);
    desk->films[film] = check_film(movie);
    desk->there[at] = check_showtime(desk, show, number, film);
    return true;
}

/* The days that the batch touches, each once. */
static bool
check_there(show_desk_t *self, turn_t *turn, uint64_t cinema)
{
    int64_t first = INT64_MAX, last = 0;
    check_there_t there = { self, turn, cinema };
    for (uint32_t i = 0; i < self->wish_count; i++) {
        int64_t day = show_day(self->wishes[i].show.starts_ms);
        first = day < first ? day : first;
        last = day > last ? day : last;
    }
    first = first > CHECK_NEAR_DAYS ? first - CHECK_NEAR_DAYS : 0;
    if (last - first > SHOW_DAYS_MAX)
        return false;
    for (int64_t day = first; day <= last + CHECK_NEAR_DAYS; day++)
        if (!show_day_visit(turn->state, cinema, day, check_take_there, &there))
            return false;
    return true;
}

status_t
show_desk_open(show_desk_t *self, turn_t *turn, const command_t *command)
{
    uint64_t id = command->key;
    const cinema_t *cinema = prog_cinema(turn, id);
    if (!cinema || id > SHOW_CINEMA_MAX)
        return STATUS_UNKNOWN_CINEMA;
    const zone_t *zone = state_get(turn->state, prog_key(id, PROG_OFFSETS, 0), NULL);
    if (!zone)
        return STATUS_NO_OFFSETS;
    const value_t *value = command_value(command, FIELD_SHOWTIMES);
    mp_t items = value->list.items;
    self->wish_count = value->list.count;
    self->there_count = 0;
    check_house(self, cinema, zone);
    check_halls(self, turn, id, cinema);
    for (uint32_t i = 0; i < self->wish_count; i++) {
        status_t status = check_wish(self, turn, id, i, &items);
        if (status != STATUS_OK)
            return status;
    }
    if (!check_there(self, turn, id))
        return STATUS_TOO_LARGE;
    size_t room = conflict_room(self->there, self->there_count, self->batch, self->wish_count);
    if (room > SHOW_ENTRIES_MAX)
        return STATUS_TOO_LARGE;
    conflict_build(&self->index, &self->cinema, self->there, self->there_count, self->batch,
                   self->wish_count, self->entries, room);
    return STATUS_OK;
}

/* ------------------------------------------------------------------ conflicts */

/* [index, kind, weight, showtime, title, starts_ms, ends_ms]: of the other showtime; 0 and "" where
 * there is none, 0 for one of the batch that has no id yet. */
static void
check_pack(const show_desk_t *self, turn_t *turn, uint64_t cinema, uint32_t index,
           const conflict_t *conflict)
{
    pack_t *reply = turn->reply;
    const conflict_showtime_t *other = conflict->other == CONFLICT_OTHER_NONE
                                           ? NULL
                                           : conflict_other(&self->index, conflict->other);
    uint32_t number = other ? (uint32_t)other->id : 0;
    const show_t *show = show_get(turn, cinema, number);
    if (other && other->film < SHOWTIMES_MAX)
        show = &self->wishes[other->film].show;
    const movie_t *movie = show ? prog_movie(turn, cinema, show->movie) : NULL;
    pack_array(reply, 7);
    pack_uint(reply, index);
    pack_str(reply, check_kinds[conflict->kind]);
    pack_str(reply, check_weights[conflict_weight(conflict->kind)]);
    pack_uint(reply, number ? show_id(cinema, number) : 0);
    pack_strn(reply, movie ? movie->title : "", movie ? strnlen(movie->title, PROG_TEXT) : 0);
    pack_int(reply, other ? other->start_ms : 0);
    pack_int(reply, other ? other->end_ms : 0);
}

/* Those that are refused, or the others; how many they are. */
static uint64_t
check_find(const show_desk_t *self, turn_t *turn, uint64_t cinema, size_t bytes, bool refused,
           uint32_t *packed)
{
    enum { FOUND_MAX = CONFLICT_KINDS + SHOWTIMES_MAX + SHOW_THERE_MAX, LINE_MAX_BYTES = 192 };
    conflict_t found[FOUND_MAX];
    uint64_t total = 0;
    for (uint32_t i = 0; i < self->wish_count; i++) {
        uint32_t count = conflict_find(&self->index, i, found, FOUND_MAX);
        assert(count <= FOUND_MAX);
        for (uint32_t at = 0; at < count; at++) {
            if ((conflict_weight(found[at].kind) == CONFLICT_REFUSED) != refused)
                continue;
            total++;
            if (turn->reply->size + LINE_MAX_BYTES > bytes)
                continue;
            check_pack(self, turn, cinema, i, &found[at]);
            ++*packed;
        }
    }
    return total;
}

bool
show_desk_judge(const show_desk_t *self, turn_t *turn, uint64_t cinema, size_t bytes)
{
    uint32_t packed = 0;
    pack_str(turn->reply, "conflicts");
    size_t array = box_array_begin(turn->reply);
    uint64_t refused = check_find(self, turn, cinema, bytes, true, &packed);
    uint64_t others = check_find(self, turn, cinema, bytes, false, &packed);
    box_array_end(turn->reply, array, packed);
    pack_key_uint(turn->reply, "total", refused + others);
    pack_key_bool(turn->reply, "good", refused == 0);
    return refused == 0;
}

status_t
prog_check_only(turn_t *turn, const command_t *command)
{
    show_desk_t desk;
    status_t status = show_desk_open(&desk, turn, command);
    if (status != STATUS_OK)
        return status;
    pack_map(turn->reply, 3);
    (void)show_desk_judge(&desk, turn, command->key, LIST_BYTES_MAX);
    return STATUS_OK;
}

/* ------------------------------------------------------------------ saving */

/* Is there room on each day for what comes to it? The count is that of the batch from the place on
 * where the day comes first. */
static bool
check_room(const show_desk_t *self, turn_t *turn, uint64_t cinema)
{
    for (uint32_t i = 0; i < self->wish_count; i++) {
        int64_t day = show_day(self->wishes[i].show.starts_ms);
        uint32_t more = 0;
        bool first = true;
        for (uint32_t j = 0; j < self->wish_count; j++) {
            bool same = show_day(self->wishes[j].show.starts_ms) == day;
            first &= !same || j >= i;
            more += same;
        }
        if (first && !show_day_room(turn, cinema, day, more))
            return false;
    }
    return true;
}

static uint32_t
check_store(turn_t *turn, uint64_t cinema, const show_wish_t *wish)
{
    uint32_t number = wish->number;
    if (number) {
        show_t *show = show_edit(turn, cinema, number);
        show_day_remove(turn, cinema, show_day(show->starts_ms), number);
        *show = wish->show;
    } else {
        number = ++prog_edit_cinema(turn, cinema)->shows;
        show_t *show = state_insert(turn->state, prog_key(cinema, PROG_SHOW, number), sizeof *show);
        *show = wish->show;
    }
    show_day_add(turn, cinema, show_day(wish->show.starts_ms), number);
    return number;
}

status_t
prog_save(turn_t *turn, const command_t *command)
{
    show_desk_t desk;
    uint64_t cinema = command->key, fresh = 0, first = 0;
    pack_t *reply = turn->reply;
    status_t status = show_desk_open(&desk, turn, command);
    if (status != STATUS_OK)
        return status;
    for (uint32_t i = 0; i < desk.wish_count; i++)
        fresh += desk.wishes[i].number == 0;
    if (prog_cinema(turn, cinema)->shows + fresh >= SHOW_IDS || !check_room(&desk, turn, cinema))
        return STATUS_CATALOGUE_FULL;
    size_t begun = reply->size;
    pack_map(reply, 6);
    if (!show_desk_judge(&desk, turn, cinema, REPLY_BODY_MAX - 128)) {
        /* Once more, as a refusal. */
        reply->size = begun;
        pack_map(reply, 4);
        pack_key_str(reply, "error", status_name(STATUS_CONFLICT));
        (void)show_desk_judge(&desk, turn, cinema, REPLY_BODY_MAX - 64);
        return STATUS_CONFLICT;
    }
    for (uint32_t i = 0; i < desk.wish_count; i++) {
        uint32_t number = check_store(turn, cinema, &desk.wishes[i]);
        if (desk.wishes[i].number == 0 && first == 0)
            first = show_id(cinema, number);
    }
    pack_key_uint(reply, "version", prog_published(turn, cinema));
    pack_key_uint(reply, "first", first);
    pack_key_uint(reply, "count", fresh);
    return STATUS_OK;
}
