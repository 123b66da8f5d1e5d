/* prog_hall - halls, and every version of their plans. */
#include "actors/box.h"
#include "actors/prog.h"
#include <assert.h>
#include <string.h>

const prog_hall_t *
prog_hall(turn_t *turn, uint64_t cinema, uint64_t number)
{
    return state_get(turn->state, prog_key(cinema, PROG_HALL, number), NULL);
}

const hall_plan_t *
prog_plan(turn_t *turn, uint64_t cinema, uint64_t hall, uint32_t version, size_t *size)
{
    return state_get(turn->state, prog_key(cinema, PROG_PLAN, hall << 32 | version), size);
}

static uint32_t
hall_list_size(const value_t *value)
{
    return (uint32_t)(value->list.items.end - value->list.items.at);
}

/* Is this version of the plan what the command says? */
static bool
hall_plan_same(const hall_plan_t *plan, size_t size, const value_t *zones, const value_t *rows)
{
    uint32_t zones_size = hall_list_size(zones), rows_size = hall_list_size(rows);
    return plan->zone_count == zones->list.count && plan->row_count == rows->list.count &&
           plan->zones_size == zones_size && size == sizeof *plan + zones_size + rows_size &&
           memcmp(plan->items, zones->list.items.at, zones_size) == 0 &&
           memcmp(plan->items + zones_size, rows->list.items.at, rows_size) == 0;
}

/* The plan's version: the current one if it is the same, else a new one. */
static uint32_t
hall_plan_keep(turn_t *turn, const command_t *command, uint64_t number, uint32_t version)
{
    const value_t *zones = command_value(command, FIELD_ZONES);
    const value_t *rows = command_value(command, FIELD_ROWS);
    uint32_t zones_size = hall_list_size(zones), rows_size = hall_list_size(rows);
    size_t size = 0;
    const hall_plan_t *plan =
        state_get(turn->state, prog_key(command->key, PROG_PLAN, number << 32 | version), &size);
    if (plan && hall_plan_same(plan, size, zones, rows))
        return version;
    hall_plan_t *fresh =
        state_insert(turn->state, prog_key(command->key, PROG_PLAN, number << 32 | ++version),
                     sizeof *fresh + zones_size + rows_size);
    fresh->zone_count = (uint16_t)zones->list.count;
    fresh->row_count = (uint16_t)rows->list.count;
    fresh->zones_size = zones_size;
    memcpy(fresh->items, zones->list.items.at, zones_size);
    memcpy(fresh->items + zones_size, rows->list.items.at, rows_size);
    return version;
}

/* A record of their own: those of halls were there before there were formats. */
static void
hall_keep_formats(turn_t *turn, const command_t *command, uint64_t number)
{
    state_key_t key = prog_key(command->key, PROG_HALL_FORMATS, number);
    if (command_has(command, FIELD_FORMATS) || state_get(turn->state, key, NULL))
        command_text(command, FIELD_FORMATS, prog_edit_or_insert(turn, key, PROG_FORMATS),
                     PROG_FORMATS);
}

static void
hall_pack_formats(turn_t *turn, uint64_t cinema, uint64_t number)
{
    const char *formats = state_get(turn->state, prog_key(cinema, PROG_HALL_FORMATS, number), NULL);
    pack_strn(turn->reply, formats ? formats : "", formats ? strnlen(formats, PROG_FORMATS) : 0);
}

status_t
prog_hall_set(turn_t *turn, const command_t *command)
{
    const cinema_t *cinema = prog_cinema(turn, command->key);
    uint64_t number = command_value(command, FIELD_HALL_NUMBER)->number;
    uint32_t seats = 0;
    if (!cinema)
        return STATUS_UNKNOWN_CINEMA;
    status_t status = box_judge_hall(turn, command, &seats);
    if (status != STATUS_OK)
        return status;
    if (hall_list_size(command_value(command, FIELD_ZONES)) +
            hall_list_size(command_value(command, FIELD_ROWS)) >
        PROG_PLAN_MAX)
        return STATUS_TOO_LARGE;
    const prog_hall_t *found = prog_hall(turn, command->key, number);
    uint32_t version = hall_plan_keep(turn, command, number, found ? found->version : 0);
    prog_hall_t *hall =
        prog_edit_or_insert(turn, prog_key(command->key, PROG_HALL, number), sizeof *hall);
    hall->version = version;
    hall->seats = (uint16_t)seats;
    hall->cleaning = (uint16_t)command_number(command, FIELD_CLEANING, 0);
    command_text(command, FIELD_HALL, hall->name, sizeof hall->name);
    command_text(command, FIELD_EQUIPMENT, hall->equipment, sizeof hall->equipment);
    hall_keep_formats(turn, command, number);
    prog_edit_cinema(turn, command->key)->halls |= UINT64_C(1) << (number - 1);
    prog_changed(turn, command->key);
    return STATUS_OK;
}

void
prog_pack_plan(pack_t *reply, const hall_plan_t *plan, size_t size)
{
    pack_str(reply, "zones");
    pack_array(reply, plan->zone_count);
    pack_raw(reply, plan->items, plan->zones_size);
    pack_str(reply, "rows");
    pack_array(reply, plan->row_count);
    pack_raw(reply, plan->items + plan->zones_size, size - sizeof *plan - plan->zones_size);
}

status_t
prog_hall_get(turn_t *turn, const command_t *command)
{
    pack_t *reply = turn->reply;
    uint64_t number = command_value(command, FIELD_HALL_NUMBER)->number;
    if (!prog_cinema(turn, command->key))
        return STATUS_UNKNOWN_CINEMA;
    const prog_hall_t *hall = prog_hall(turn, command->key, number);
    if (!hall)
        return STATUS_UNKNOWN_HALL;
    uint64_t version = command_number(command, FIELD_VERSION, hall->version);
    size_t size = 0;
    const hall_plan_t *plan =
        state_get(turn->state, prog_key(command->key, PROG_PLAN, number << 32 | version), &size);
    if (!plan)
        return box_refuse_uint(turn, STATUS_UNKNOWN_VERSION, "version", hall->version);
    pack_map(reply, 9);
    pack_str(reply, "formats");
    hall_pack_formats(turn, command->key, number);
    pack_key_uint(reply, "hall_number", number);
    pack_key_uint(reply, "version", version);
    pack_key_uint(reply, "seats", hall->seats);
    pack_key_uint(reply, "cleaning", hall->cleaning);
    box_pack_text(reply, "hall", hall->name, sizeof hall->name);
    box_pack_text(reply, "equipment", hall->equipment, sizeof hall->equipment);
    prog_pack_plan(reply, plan, size);
    return STATUS_OK;
}

/* [hall_number, hall, seats, version, cleaning, equipment, formats] each. */
status_t
prog_hall_list(turn_t *turn, const command_t *command)
{
    pack_t *reply = turn->reply;
    const cinema_t *cinema = prog_cinema(turn, command->key);
    if (!cinema)
        return STATUS_UNKNOWN_CINEMA;
    pack_map(reply, 1);
    pack_str(reply, "halls");
    pack_array(reply, (uint32_t)__builtin_popcountll(cinema->halls));
    for (uint64_t left = cinema->halls; left; left &= left - 1) {
        uint64_t number = (uint64_t)__builtin_ctzll(left) + 1;
        const prog_hall_t *hall = prog_hall(turn, command->key, number);
        assert(hall);
        pack_array(reply, 7);
        pack_uint(reply, number);
        pack_strn(reply, hall->name, strnlen(hall->name, sizeof hall->name));
        pack_uint(reply, hall->seats);
        pack_uint(reply, hall->version);
        pack_uint(reply, hall->cleaning);
        pack_strn(reply, hall->equipment, strnlen(hall->equipment, sizeof hall->equipment));
        hall_pack_formats(turn, command->key, number);
    }
    return STATUS_OK;
}
