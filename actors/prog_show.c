/* prog_show - see prog_show.h for the contract: records, days, and the list. */
#include "actors/prog_show.h"
#include "actors/box.h"
#include <assert.h>
#include <string.h>

uint32_t
show_number(uint64_t cinema, uint64_t id)
{
    return id / SHOW_IDS == cinema ? (uint32_t)(id % SHOW_IDS) : 0;
}

const show_t *
show_get(turn_t *turn, uint64_t cinema, uint32_t number)
{
    return number ? state_get(turn->state, prog_key(cinema, PROG_SHOW, number), NULL) : NULL;
}

show_t *
show_edit(turn_t *turn, uint64_t cinema, uint32_t number)
{
    show_t *show = state_edit(turn->state, prog_key(cinema, PROG_SHOW, number), 0, SIZE_MAX);
    assert(show);
    return show;
}

/* ------------------------------------------------------------------ days */

static state_key_t
show_page_key(uint64_t cinema, int64_t day, uint32_t page)
{
    assert(day >= 0 && page < SHOW_PAGES_MAX);
    return prog_key(cinema, PROG_SHOW_PAGE, (uint64_t)day << 8 | page);
}

/* The last page of a day, SHOW_PAGES_MAX when there is none. */
static uint32_t
show_last_page(state_t *state, uint64_t cinema, int64_t day)
{
    uint32_t page = 0;
    while (page < SHOW_PAGES_MAX && state_get(state, show_page_key(cinema, day, page), NULL))
        page++;
    return page ? page - 1 : SHOW_PAGES_MAX;
}

bool
show_day_room(turn_t *turn, uint64_t cinema, int64_t day, uint32_t more)
{
    uint32_t last = show_last_page(turn->state, cinema, day), count = 0;
    if (last < SHOW_PAGES_MAX) {
        const show_page_t *page = state_get(turn->state, show_page_key(cinema, day, last), NULL);
        count = last * SHOW_PAGE_NUMBERS + page->count;
    }
    return count + more <= SHOW_PAGES_MAX * SHOW_PAGE_NUMBERS;
}

void
show_day_add(turn_t *turn, uint64_t cinema, int64_t day, uint32_t number)
{
    uint32_t last = show_last_page(turn->state, cinema, day);
    show_page_t *page = last < SHOW_PAGES_MAX
                            ? state_edit(turn->state, show_page_key(cinema, day, last), 0, SIZE_MAX)
                            : NULL;
    if (!page || page->count == SHOW_PAGE_NUMBERS)
        page = state_insert(turn->state, show_page_key(cinema, day, page ? last + 1 : 0),
                            sizeof *page);
    page->numbers[page->count++] = number;
}

/* The last one of the day takes its place. */
void
show_day_remove(turn_t *turn, uint64_t cinema, int64_t day, uint32_t number)
{
    uint32_t last = show_last_page(turn->state, cinema, day);
    assert(last < SHOW_PAGES_MAX);
    show_page_t *end = state_edit(turn->state, show_page_key(cinema, day, last), 0, SIZE_MAX);
    uint32_t moved = end->numbers[--end->count];
    end->numbers[end->count] = 0;
    for (uint32_t at = 0; moved != number && at <= last; at++) {
        show_page_t *page = state_edit(turn->state, show_page_key(cinema, day, at), 0, SIZE_MAX);
        for (uint32_t i = 0; i < page->count; i++)
            if (page->numbers[i] == number)
                page->numbers[i] = moved, moved = number;
    }
    assert(moved == number);
    if (end->count == 0)
        state_remove(turn->state, show_page_key(cinema, day, last));
}

bool
show_day_visit(state_t *state, uint64_t cinema, int64_t day, show_visit_fn *visit, void *argument)
{
    for (uint32_t at = 0; at < SHOW_PAGES_MAX; at++) {
        const show_page_t *page = state_get(state, show_page_key(cinema, day, at), NULL);
        if (!page)
            break;
        for (uint32_t i = 0; i < page->count; i++)
            if (!visit(argument, page->numbers[i]))
                return false;
    }
    return true;
}

/* ------------------------------------------------------------------ the list */

typedef struct {
    int64_t starts_ms;
    uint32_t number;
} show_place_t;

typedef struct {
    turn_t *turn;
    const command_t *command;
    int64_t from_ms, until_ms;
    uint64_t from, limit, matched;
    uint32_t packed, day_count;
    show_place_t places[SHOW_PAGES_MAX * SHOW_PAGE_NUMBERS]; /* of one day */
} show_list_t;

static bool
show_list_wants(const show_list_t *self, const show_t *show)
{
    const command_t *command = self->command;
    const char *state = machine_state_name(MACHINE_SHOW, show->state);
    char format[SHOW_FORMAT];
    command_text(command, FIELD_FORMAT, format, sizeof format);
    return show->starts_ms >= self->from_ms && show->starts_ms < self->until_ms &&
           command_number(command, FIELD_MOVIE, show->movie) == show->movie &&
           command_number(command, FIELD_HALL_NUMBER, show->hall) == show->hall &&
           (!command_has(command, FIELD_STATE) || command_text_is(command, FIELD_STATE, state)) &&
           (!command_has(command, FIELD_FORMAT) ||
            memcmp(format, show->format, sizeof format) == 0);
}

static bool
show_list_place(void *argument, uint32_t number)
{
    show_list_t *self = argument;
    const show_t *show = show_get(self->turn, self->command->key, number);
    assert(show);
    if (!show_list_wants(self, show))
        return true;
    uint32_t at = self->day_count++;
    for (; at > 0 && (self->places[at - 1].starts_ms > show->starts_ms ||
                      (self->places[at - 1].starts_ms == show->starts_ms &&
                       self->places[at - 1].number > number));
         at--)
        self->places[at] = self->places[at - 1];
    self->places[at] = (show_place_t){ show->starts_ms, number };
    return true;
}

static void
show_pack(turn_t *turn, uint64_t cinema, uint32_t number)
{
    pack_t *reply = turn->reply;
    const show_t *show = show_get(turn, cinema, number);
    assert(show);
    const movie_t *movie = prog_movie(turn, cinema, show->movie);
    assert(movie);
    pack_array(reply, 10);
    pack_uint(reply, show_id(cinema, number));
    pack_str(reply, machine_state_name(MACHINE_SHOW, show->state));
    pack_uint(reply, show->hall);
    pack_uint(reply, show->movie);
    pack_int(reply, show->starts_ms);
    pack_int(reply, show->ends_ms);
    pack_strn(reply, show->format, strnlen(show->format, sizeof show->format));
    pack_uint(reply, show->plan);
    pack_strn(reply, movie->title, strnlen(movie->title, sizeof movie->title));
    pack_str(reply, show->fault ? status_name(show->fault) : "");
}

static void
show_list_day(show_list_t *self, int64_t day)
{
    enum { LINE_MAX_BYTES = 224 };
    pack_t *reply = self->turn->reply;
    self->day_count = 0;
    (void)show_day_visit(self->turn->state, self->command->key, day, show_list_place, self);
    for (uint32_t i = 0; i < self->day_count; i++) {
        if (self->matched++ < self->from || self->packed >= self->limit ||
            reply->size + LINE_MAX_BYTES > LIST_BYTES_MAX)
            continue;
        show_pack(self->turn, self->command->key, self->places[i].number);
        self->packed++;
    }
}

/* `total` is what matches, on all pages. */
status_t
prog_list(turn_t *turn, const command_t *command)
{
    enum { LIMIT_DEFAULT = 100 };
    const cinema_t *cinema = prog_cinema(turn, command->key);
    show_list_t list = { .turn = turn,
                         .command = command,
                         .from_ms = (int64_t)command_value(command, FIELD_FROM_MS)->number,
                         .until_ms = (int64_t)command_value(command, FIELD_UNTIL_MS)->number,
                         .from = command_number(command, FIELD_FROM, 0),
                         .limit = command_number(command, FIELD_LIMIT, LIMIT_DEFAULT) };
    if (!cinema)
        return STATUS_UNKNOWN_CINEMA;
    if (list.from_ms >= list.until_ms || list.until_ms - list.from_ms > SHOW_DAYS_MAX * SHOW_DAY_MS)
        return STATUS_BAD_TIMES;
    pack_map(turn->reply, 3);
    pack_key_uint(turn->reply, "version", cinema->version);
    pack_str(turn->reply, "showtimes");
    size_t array = box_array_begin(turn->reply);
    for (int64_t day = show_day(list.from_ms); day <= show_day(list.until_ms - 1); day++)
        show_list_day(&list, day);
    box_array_end(turn->reply, array, list.packed);
    pack_key_uint(turn->reply, "total", list.matched);
    return STATUS_OK;
}

/* ------------------------------------------------------------------ for tests */

typedef struct {
    state_t *state;
    uint64_t cinema;
    uint32_t number, seen;
} show_seek_t;

static bool
show_seek(void *argument, uint32_t number)
{
    show_seek_t *seek = argument;
    seek->seen += number == seek->number;
    return true;
}

const char *
prog_shows_check(state_t *state, uint64_t id)
{
    turn_t turn = { .state = state };
    const cinema_t *cinema = prog_cinema(&turn, id);
    for (uint32_t number = 1; number <= cinema->shows; number++) {
        const show_t *show = show_get(&turn, id, number);
        show_seek_t seek = { state, id, number, 0 };
        if (!show)
            continue;
        if (show->state == SHOW_NONE || show->state >= SHOW_STATES)
            return "a showtime has no state";
        if (!prog_movie(&turn, id, show->movie))
            return "a showtime is of a film that there is not";
        if (!prog_plan(&turn, id, show->hall, show->plan, NULL))
            return "a showtime is in a hall, or a version of one, that there is not";
        if (show->starts_ms >= show->ends_ms)
            return "a showtime ends before it starts";
        (void)show_day_visit(state, id, show_day(show->starts_ms), show_seek, &seek);
        if (seek.seen != 1)
            return "a showtime does not stand once in its day";
    }
    return NULL;
}
