/* programme - see programme.h for the contract. */
#include "tests/sim/programme.h"
#include "actors/prog.h"
#include "tests/sim/judge_inside.h"
#include "tests/sim/server.h"
#include "tests/sim/shows.h"
#include <inttypes.h>

static void
pick_cinema(sim_t *sim, person_t *person)
{
    person->call.showtime = SIM_CINEMA + chance_below(&sim->chance, SIM_CINEMAS);
}

bool
programme_make_cinema(sim_t *sim, person_t *person, pack_t *pack)
{
    bool offsets = chance_below(&sim->chance, 8);
    pick_cinema(sim, person);
    pack_map(pack, offsets ? 5 : 4);
    pack_key_str(pack, "name", "Lux");
    pack_key_str(pack, "time_zone", chance_below(&sim->chance, 10) ? "Europe/Berlin" : "../passwd");
    pack_key_uint(pack, "cleaning", chance_below(&sim->chance, 10));
    pack_str(pack, "opening");
    pack_array(pack, PROG_WEEKDAYS);
    for (uint32_t day = 0; day < PROG_WEEKDAYS; day++) {
        bool always = chance_below(&sim->chance, 8);
        pack_array(pack, 2);
        pack_uint(pack, always ? 0 : 500 + chance_below(&sim->chance, 300));
        pack_uint(pack, 1440 + chance_below(&sim->chance, 400));
    }
    if (!offsets)
        return true;
    pack_str(pack, "offsets");
    pack_array(pack, 1);
    pack_array(pack, 2);
    pack_uint(pack, 0);
    pack_uint(pack, 3600);
    return true;
}

bool
programme_make_movie(sim_t *sim, person_t *person, pack_t *pack)
{
    pick_cinema(sim, person);
    pack_map(pack, 3);
    pack_key_uint(pack, "movie", 1 + chance_below(&sim->chance, PROGRAMME_FILMS));
    pack_key_str(pack, "title", "A film");
    pack_key_uint(pack, "minutes", 1 + chance_below(&sim->chance, 15));
    return true;
}

bool
programme_make_of_movie(sim_t *sim, person_t *person, pack_t *pack)
{
    pick_cinema(sim, person);
    pack_map(pack, 1);
    pack_key_uint(pack, "movie", 1 + chance_below(&sim->chance, PROGRAMME_FILMS));
    return true;
}

bool
programme_make_hall(sim_t *sim, person_t *person, pack_t *pack)
{
    static const char *const kinds[] = { "ssssssssss", "sssss.sssss", "ss.ss", "s?" };
    static const char *const zones[] = { "aaaaaaaaaa", "aaaaa.aaaaa", "aa.aa", "aa" };
    static const char *const names[] = { "A", "B", "C", "D" };
    uint32_t which = chance_below(&sim->chance, 4), rows = which < 2 ? 4 : 1;
    pick_cinema(sim, person);
    pack_map(pack, 4);
    pack_key_uint(pack, "hall_number", 1 + chance_below(&sim->chance, PROGRAMME_HALLS));
    pack_key_str(pack, "hall", "Hall");
    pack_str(pack, "zones");
    pack_array(pack, 1);
    pack_array(pack, 3);
    pack_str(pack, "a");
    pack_str(pack, "seats");
    pack_uint(pack, 5000);
    pack_str(pack, "rows");
    pack_array(pack, rows);
    for (uint32_t row = 0; row < rows; row++) {
        pack_array(pack, 3);
        pack_str(pack, names[row]);
        pack_str(pack, kinds[which]);
        pack_str(pack, zones[which]);
    }
    return true;
}

bool
programme_make_of_hall(sim_t *sim, person_t *person, pack_t *pack)
{
    pick_cinema(sim, person);
    pack_map(pack, 1);
    pack_key_uint(pack, "hall_number", 1 + chance_below(&sim->chance, PROGRAMME_HALLS));
    return true;
}

/* Rules of all kinds, and one now and then that is wrong. */
bool
programme_make_card(sim_t *sim, person_t *person, pack_t *pack)
{
    static const char *const audiences[] = { "", "child", "senior", "adult" };
    uint32_t count = chance_below(&sim->chance, 4);
    pick_cinema(sim, person);
    pack_map(pack, 1);
    pack_str(pack, "card");
    pack_array(pack, count);
    for (uint32_t i = 0; i < count; i++) {
        pack_array(pack, 7);
        pack_str(pack, chance_below(&sim->chance, 2) ? "" : "a");
        pack_uint(pack, chance_below(&sim->chance, 700));
        pack_uint(pack, 700 + chance_below(&sim->chance, 750));
        pack_uint(pack, chance_below(&sim->chance, 128));
        pack_str(pack, "");
        pack_str(pack, audiences[chance_below(&sim->chance, 4)]);
        pack_uint(pack, 1000 + chance_below(&sim->chance, 5000));
    }
    return true;
}

bool
programme_make_of_cinema(sim_t *sim, person_t *person, pack_t *pack)
{
    pick_cinema(sim, person);
    pack_map(pack, 0);
    return true;
}

void
programme_event(sim_t *sim, uint32_t partition, const wire_header_t *header)
{
    uint64_t index = header->key - SIM_CINEMA;
    if (header->operation != OP_SCHEDULE_CHANGED)
        return;
    if (index >= SIM_CINEMAS) {
        sim_broken(sim, "an event of cinema %" PRIu64 ", which there is not", header->key);
        return;
    }
    cinema_board_t *board = &sim->judge->cinemas[index];
    bool reborn = board->births != sim->judge->wards[partition].births;
    if (header->request != board->version + 1 && !(reborn && header->request > board->version))
        sim_broken(sim, "cinema %" PRIu64 ": version %" PRIu64 " after %" PRIu64, header->key,
                   header->request, board->version);
    board->version = header->request;
    board->births = sim->judge->wards[partition].births;
}

void
programme_agrees(sim_t *sim, bool settled)
{
    for (uint64_t id = SIM_CINEMA; id < SIM_CINEMA + SIM_CINEMAS && !sim->broken; id++)
        shows_judge(sim, id, settled);
}

void
programme_judge(sim_t *sim, uint32_t partition)
{
    state_t *state = server_state(sim, partition);
    turn_t turn = { .state = state };
    for (uint64_t id = SIM_CINEMA; id < SIM_CINEMA + SIM_CINEMAS && !sim->broken; id++) {
        const cinema_t *cinema = prog_cinema(&turn, id);
        if (!cinema)
            continue;
        if (sim_home(OP_CINEMA_GET, id) != partition)
            sim_broken(sim, "cinema %" PRIu64 " is at partition %u", id, partition);
        if (cinema->version < sim->judge->cinemas[id - SIM_CINEMA].version)
            sim_broken(sim, "cinema %" PRIu64 " is at a version below one that was published", id);
        const char *broken = prog_check(state, id);
        if (broken)
            sim_broken(sim, "cinema %" PRIu64 ": %s", id, broken);
    }
    programme_agrees(sim, false);
}
