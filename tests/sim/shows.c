/* shows - see shows.h for the contract. */
#include "tests/sim/shows.h"
#include "actors/box.h"
#include "actors/prog_show.h"
#include "tests/sim/judge_inside.h"
#include "tests/sim/programme.h"
#include "tests/sim/server.h"
#include <inttypes.h>

enum { SHOWS_PICKED = 8, SHOWS_LEAST_S = 30, SHOWS_MOST_S = 1500 };

/* One of the first numbers of a cinema: call.lock keeps it. */
static uint64_t
pick_show(sim_t *sim, person_t *person)
{
    person->call.showtime = SIM_CINEMA + chance_below(&sim->chance, SIM_CINEMAS);
    person->call.lock = 1 + chance_below(&sim->chance, SHOWS_PICKED);
    return show_id(person->call.showtime, person->call.lock);
}

static void
pack_item(sim_t *sim, pack_t *pack, uint64_t id, int64_t now_ms)
{
    int64_t starts_ms = now_ms + chance_between(&sim->chance, SHOWS_LEAST_S, SHOWS_MOST_S) * 1000;
    pack_array(pack, 6);
    pack_uint(pack, id);
    pack_uint(pack, 1 + chance_below(&sim->chance, PROGRAMME_HALLS));
    pack_uint(pack, 1 + chance_below(&sim->chance, PROGRAMME_FILMS));
    pack_int(pack, starts_ms);
    pack_int(pack, chance_below(&sim->chance, 3) ? 0 : starts_ms + 20 * 60000);
    pack_str(pack, "2D");
}

bool
shows_make_save(sim_t *sim, person_t *person, pack_t *pack)
{
    int64_t now_ms = person_clock(sim, person);
    uint64_t id = pick_show(sim, person);
    uint32_t count = 1 + chance_below(&sim->chance, 2);
    pack_map(pack, 1);
    pack_str(pack, "showtimes");
    pack_array(pack, count);
    pack_item(sim, pack, chance_below(&sim->chance, 4) ? 0 : id, now_ms);
    for (uint32_t i = 1; i < count; i++)
        pack_item(sim, pack, 0, now_ms);
    return true;
}

static void
pack_ids(pack_t *pack, const char *reason, uint64_t id)
{
    pack_map(pack, reason ? 2 : 1);
    pack_str(pack, "ids");
    pack_array(pack, 1);
    pack_uint(pack, id);
    if (reason)
        pack_key_str(pack, "reason", reason);
}

bool
shows_make_publish(sim_t *sim, person_t *person, pack_t *pack)
{
    pack_ids(pack, NULL, pick_show(sim, person));
    return true;
}

bool
shows_make_close(sim_t *sim, person_t *person, pack_t *pack)
{
    pack_ids(pack, NULL, pick_show(sim, person));
    return true;
}

bool
shows_make_delete(sim_t *sim, person_t *person, pack_t *pack)
{
    pack_ids(pack, NULL, pick_show(sim, person));
    return true;
}

/* From now on nobody can be sure of a seat there. */
bool
shows_make_cancel(sim_t *sim, person_t *person, pack_t *pack)
{
    uint64_t id = pick_show(sim, person);
    uint32_t index = judge_index(sim, id);
    if (index < CROWD_SHOWTIMES)
        sim->judge->facts[index].may_cancel = true;
    pack_ids(pack, "the projector is broken", id);
    return true;
}

bool
shows_make_list(sim_t *sim, person_t *person, pack_t *pack)
{
    (void)pick_show(sim, person);
    pack_map(pack, 2);
    pack_key_int(pack, "from_ms", SIM_EPOCH_MS);
    pack_key_int(pack, "until_ms", SIM_EPOCH_MS + 2 * SHOW_DAY_MS);
    return true;
}

void
shows_learn_published(sim_t *sim, person_t *person, status_t status, const void *body,
                      uint32_t size)
{
    crowd_t *crowd = sim->crowd;
    uint64_t id = show_id(person->call.showtime, person->call.lock);
    (void)body, (void)size;
    if (status != STATUS_OK || crowd->showtime_count == CROWD_SHOWTIMES ||
        judge_index(sim, id) < CROWD_SHOWTIMES)
        return;
    crowd->closes_ms[crowd->showtime_count] = 0; /* does not count among those opened by hand */
    crowd->showtimes[crowd->showtime_count++] = id;
}

/* ------------------------------------------------------------------ what must hold */

/* What the box office has of it: nothing, a showtime of this cinema, or another's. */
static const char *
show_agrees(sim_t *sim, uint64_t cinema, uint64_t id, const show_t *show, bool settled)
{
    turn_t turn = { .state = server_state(sim, sim_home(OP_SHOWTIME_GET, id)) };
    box_t box;
    bool open = box_open(&box, &turn, id);
    const box_plan_t *plan = open ? box_plan(&box) : NULL;
    bool ending = show->state == SHOW_CANCELLING || show->state == SHOW_CANCELLED;
    if (settled && (show->state == SHOW_OPENING || show->state == SHOW_CLOSING ||
                    show->state == SHOW_CANCELLING))
        return "a step of it never ended";
    if (show->state == SHOW_DRAFT && open)
        return "a draft is on sale";
    if (show->state != SHOW_DRAFT && show->state != SHOW_OPENING && !open)
        return "it is published and not on sale";
    if (!open)
        return NULL;
    if (!plan || plan->cinema != cinema || plan->movie != show->movie)
        return "the box office has another showtime by its number";
    if (box.head->starts_ms != show->starts_ms || box.head->ends_ms != show->ends_ms)
        return "the box office sells it for another time";
    if (box.head->cancelled && !ending)
        return "the box office has cancelled it alone";
    if (show->state == SHOW_CANCELLED && !box.head->cancelled)
        return "it is cancelled and on sale";
    if (settled && box.head->cancelled && plan->walked != box.head->purchases)
        return "it is cancelled, and not all of its purchases were ended";
    return NULL;
}

void
shows_judge(sim_t *sim, uint64_t cinema, bool settled)
{
    turn_t turn = { .state = server_state(sim, sim_home(OP_CINEMA_GET, cinema)) };
    for (uint32_t i = 0; i < SIM_PARTITIONS; i++)
        if (!server_state(sim, i))
            return;
    const cinema_t *found = prog_cinema(&turn, cinema);
    uint32_t shows = found ? found->shows : 0;
    for (uint32_t number = 1; number <= shows && !sim->broken; number++) {
        const show_t *show = show_get(&turn, cinema, number);
        const char *broken =
            show ? show_agrees(sim, cinema, show_id(cinema, number), show, settled) : NULL;
        if (broken)
            sim_broken(sim, "showtime %" PRIu64 " (%s): %s", show_id(cinema, number),
                       machine_state_name(MACHINE_SHOW, show->state), broken);
    }
}
