/* prog - see prog.h for the contract: cinemas, and what all of the programme shares. */
#include "actors/prog.h"
#include "actors/box.h"
#include "actors/prog_show.h"
#include "actors/zone.h"
#include <assert.h>
#include <string.h>

const cinema_t *
prog_cinema(turn_t *turn, uint64_t cinema)
{
    return cinema ? state_get(turn->state, prog_key(cinema, PROG_CINEMA, 0), NULL) : NULL;
}

cinema_t *
prog_edit_cinema(turn_t *turn, uint64_t cinema)
{
    cinema_t *it = state_edit(turn->state, prog_key(cinema, PROG_CINEMA, 0), 0, SIZE_MAX);
    assert(it);
    return it;
}

void *
prog_edit_or_insert(turn_t *turn, state_key_t key, size_t size)
{
    void *record = state_edit(turn->state, key, 0, SIZE_MAX);
    return record ? record : state_insert(turn->state, key, size);
}

void
prog_changed(turn_t *turn, uint64_t cinema)
{
    uint64_t version = prog_published(turn, cinema);
    pack_map(turn->reply, 1);
    pack_key_uint(turn->reply, "version", version);
}

uint64_t
prog_published(turn_t *turn, uint64_t cinema)
{
    uint8_t body[32];
    pack_t pack;
    const sink_t *sink = turn->sink;
    uint64_t version = ++prog_edit_cinema(turn, cinema)->version;
    if (sink->followed(sink->argument, cinema)) {
        pack_init(&pack, body, sizeof body);
        pack_map(&pack, 1);
        pack_key_uint(&pack, "version", version);
        assert(!pack.overflow);
        sink->event(sink->argument, OP_SCHEDULE_CHANGED, cinema, version, body,
                    (uint32_t)pack.size);
    }
    return version;
}

void
prog_page_add(turn_t *turn, uint64_t space, uint8_t table, uint64_t at, uint64_t id)
{
    state_key_t page = prog_key(space, table, at / PROG_PAGE_IDS);
    size_t offset = at % PROG_PAGE_IDS;
    uint64_t *ids = offset ? state_edit(turn->state, page, offset * sizeof *ids, sizeof *ids)
                           : state_insert(turn->state, page, PROG_PAGE_IDS * sizeof *ids);
    assert(ids);
    ids[offset] = id;
}

uint64_t
prog_page_at(state_t *state, uint64_t space, uint8_t table, uint64_t at)
{
    const uint64_t *ids = state_get(state, prog_key(space, table, at / PROG_PAGE_IDS), NULL);
    assert(ids);
    return ids[at % PROG_PAGE_IDS];
}

/* ------------------------------------------------------------------ cinemas */

/* Seven times [opens, closes]; both 0 where it is closed. */
static bool
cinema_read_opening(const command_t *command, uint16_t opening[PROG_WEEKDAYS][2])
{
    mp_t items = command_value(command, FIELD_OPENING)->list.items;
    for (uint32_t day = 0; day < PROG_WEEKDAYS; day++) {
        uint32_t count;
        uint64_t opens, closes;
        if (!mp_read_array(&items, &count) || count != 2 || !mp_read_uint(&items, &opens) ||
            !mp_read_uint(&items, &closes) || closes > PROG_MINUTES_MAX || opens > closes ||
            opens >= 24 * 60 || (opens == closes && closes))
            return false;
        opening[day][0] = (uint16_t)opens;
        opening[day][1] = (uint16_t)closes;
    }
    return true;
}

/* [from, seconds ahead of UTC] each, as a table that was judged. */
static bool
cinema_read_offsets(const command_t *command, zone_t *zone)
{
    const value_t *value = command_value(command, FIELD_OFFSETS);
    mp_t items = value->list.items;
    memset(zone, 0, sizeof *zone);
    for (uint32_t i = 0; i < value->list.count; i++) {
        uint32_t count;
        int64_t from_s, offset_s;
        if (!mp_read_array(&items, &count) || count != 2 || !mp_read_int(&items, &from_s) ||
            !mp_read_int(&items, &offset_s) || offset_s < -ZONE_OFFSET_MAX_S ||
            offset_s > ZONE_OFFSET_MAX_S || (from_s == 0) != (i == 0))
            return false;
        if (i == 0) {
            zone->first_offset_s = (int32_t)offset_s;
            continue;
        }
        zone->at_s[zone->count] = from_s;
        zone->offset_s[zone->count++] = (int32_t)offset_s;
    }
    return zone_valid(zone);
}

/* A cinema that is set without them has none: they are of a time zone, which may be another. */
static void
cinema_keep_offsets(turn_t *turn, uint64_t cinema, const zone_t *zone)
{
    state_key_t key = prog_key(cinema, PROG_OFFSETS, 0);
    if (zone)
        memcpy(prog_edit_or_insert(turn, key, sizeof *zone), zone, sizeof *zone);
    else if (state_get(turn->state, key, NULL))
        state_remove(turn->state, key);
}

status_t
prog_cinema_set(turn_t *turn, const command_t *command)
{
    zone_t zone;
    uint16_t opening[PROG_WEEKDAYS][2];
    uint64_t id = command->key;
    if (id == 0)
        return STATUS_UNKNOWN_CINEMA;
    if (!box_time_zone_good(command))
        return box_refuse_field(turn, FIELD_TIME_ZONE);
    if (!cinema_read_opening(command, opening))
        return box_refuse_field(turn, FIELD_OPENING);
    bool offsets = command_has(command, FIELD_OFFSETS);
    if (offsets && !cinema_read_offsets(command, &zone))
        return box_refuse_field(turn, FIELD_OFFSETS);
    if (!prog_cinema(turn, id)) {
        const uint64_t *known = state_get(turn->state, prog_key(0, PROG_COUNT, 0), NULL);
        if (known && *known >= PROG_CINEMAS_MAX)
            return STATUS_CATALOGUE_FULL;
        uint64_t *count = prog_edit_or_insert(turn, prog_key(0, PROG_COUNT, 0), sizeof *count);
        prog_page_add(turn, 0, PROG_PAGE, (*count)++, id);
    }
    cinema_t *cinema = prog_edit_or_insert(turn, prog_key(id, PROG_CINEMA, 0), sizeof *cinema);
    memcpy(cinema->opening, opening, sizeof opening);
    cinema->cleaning = (uint16_t)command_value(command, FIELD_CLEANING)->number;
    command_text(command, FIELD_NAME, cinema->name, sizeof cinema->name);
    command_text(command, FIELD_TIME_ZONE, cinema->time_zone, sizeof cinema->time_zone);
    cinema_keep_offsets(turn, id, offsets ? &zone : NULL);
    prog_changed(turn, id);
    return STATUS_OK;
}

status_t
prog_cinema_get(turn_t *turn, const command_t *command)
{
    const cinema_t *cinema = prog_cinema(turn, command->key);
    pack_t *reply = turn->reply;
    if (!cinema)
        return STATUS_UNKNOWN_CINEMA;
    pack_map(reply, 9);
    pack_key_bool(reply, "offsets",
                  state_get(turn->state, prog_key(command->key, PROG_OFFSETS, 0), NULL) != NULL);
    pack_key_uint(reply, "cinema", command->key);
    pack_key_uint(reply, "version", cinema->version);
    box_pack_text(reply, "name", cinema->name, sizeof cinema->name);
    box_pack_text(reply, "time_zone", cinema->time_zone, sizeof cinema->time_zone);
    pack_key_uint(reply, "cleaning", cinema->cleaning);
    pack_key_uint(reply, "movies", cinema->movies);
    pack_key_uint(reply, "halls", (uint64_t)__builtin_popcountll(cinema->halls));
    pack_str(reply, "opening");
    pack_array(reply, PROG_WEEKDAYS);
    for (uint32_t day = 0; day < PROG_WEEKDAYS; day++) {
        pack_array(reply, 2);
        pack_uint(reply, cinema->opening[day][0]);
        pack_uint(reply, cinema->opening[day][1]);
    }
    return STATUS_OK;
}

/* [cinema, name, time_zone, version] each. */
status_t
prog_cinema_list(turn_t *turn, const command_t *command)
{
    enum { LINE_MAX_BYTES = 160, LIMIT_DEFAULT = 100 };
    pack_t *reply = turn->reply;
    const uint64_t *known = state_get(turn->state, prog_key(0, PROG_COUNT, 0), NULL);
    uint64_t total = known ? *known : 0;
    uint64_t at = command_number(command, FIELD_FROM, 0);
    uint64_t limit = command_number(command, FIELD_LIMIT, LIMIT_DEFAULT);
    uint32_t count = 0;
    pack_map(reply, 2);
    pack_key_uint(reply, "total", total);
    pack_str(reply, "cinemas");
    size_t array = box_array_begin(reply);
    for (; at < total && count < limit && reply->size + LINE_MAX_BYTES <= LIST_BYTES_MAX; at++) {
        uint64_t id = prog_page_at(turn->state, 0, PROG_PAGE, at);
        const cinema_t *cinema = prog_cinema(turn, id);
        assert(cinema);
        pack_array(reply, 4);
        pack_uint(reply, id);
        pack_strn(reply, cinema->name, strnlen(cinema->name, sizeof cinema->name));
        pack_strn(reply, cinema->time_zone, strnlen(cinema->time_zone, sizeof cinema->time_zone));
        pack_uint(reply, cinema->version);
        count++;
    }
    box_array_end(reply, array, count);
    return STATUS_OK;
}

/* ------------------------------------------------------------------ for tests */

const char *
prog_check(state_t *state, uint64_t id)
{
    const cinema_t *cinema = state_get(state, prog_key(id, PROG_CINEMA, 0), NULL);
    if (!cinema)
        return "records of a cinema that there is not";
    if (cinema->version == 0)
        return "a cinema has no version";
    for (uint64_t at = 0; at < cinema->movies; at++)
        if (!state_get(state,
                       prog_key(id, PROG_MOVIE, prog_page_at(state, id, PROG_MOVIE_PAGE, at)),
                       NULL))
            return "a page names a movie that there is not";
    for (uint64_t number = 1; number <= PROG_HALLS_MAX; number++) {
        const prog_hall_t *hall = state_get(state, prog_key(id, PROG_HALL, number), NULL);
        if ((hall != NULL) != (bool)(cinema->halls >> (number - 1) & 1))
            return "a cinema's bits are not its halls";
        for (uint64_t version = 1; hall && version <= hall->version; version++)
            if (!state_get(state, prog_key(id, PROG_PLAN, number << 32 | version), NULL))
                return "a version of a hall is gone";
    }
    return prog_shows_check(state, id);
}
