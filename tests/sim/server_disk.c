/* server_disk - what becomes of each operation on the server's disk, and how the server dies. */
#include "tests/sim/server_inside.h"
#include <errno.h>
#include <string.h>

enum { FULL_MOST_S = 20, SKIP_BELOW = 4 };

uint32_t
server_chance(void *argument, uint32_t bound)
{
    sim_t *sim = argument;
    return chance_below(&sim->chance, bound);
}

static bool
path_is_segment(const char *path)
{
    size_t size = strlen(path);
    return size > 4 && strcmp(path + size - 4, ".seg") == 0;
}

/* The operations that a planned death waits for. */
static bool
plan_meets(fault_t plan, const disk_op_t *op)
{
    bool journal = strstr(op->path, "/journal/") != NULL, state = strstr(op->path, "/state/");
    bool segment = journal && path_is_segment(op->path);
    switch ((int)plan) {
    case FAULT_KILL_APPEND_BEFORE:
    case FAULT_KILL_APPEND_DURING:
    case FAULT_KILL_APPEND_AFTER:
        return segment && op->kind == DISK_WRITE;
    case FAULT_KILL_SYNC_BEFORE:
    case FAULT_KILL_SYNC_DURING:
    case FAULT_KILL_SYNC_AFTER:
    case FAULT_SYNC_EIO:
        return segment && op->kind == DISK_SYNC;
    case FAULT_KILL_SAVE_BEFORE:
    case FAULT_KILL_SAVE_DURING:
    case FAULT_KILL_SAVE_AFTER:
        return state;
    case FAULT_SAVE_EIO:
        return state && op->kind == DISK_SYNC;
    case FAULT_KILL_NAMES:
        return op->kind == DISK_NAMES || op->kind == DISK_SYNC_DIR;
    default:
        return false;
    }
}

static disk_verdict_t
plan_verdict(sim_t *sim, fault_t plan, int *trouble)
{
    switch ((int)plan) {
    case FAULT_KILL_APPEND_BEFORE:
    case FAULT_KILL_SYNC_BEFORE:
    case FAULT_KILL_SAVE_BEFORE:
        return DISK_DIE_BEFORE;
    case FAULT_KILL_APPEND_DURING:
    case FAULT_KILL_SYNC_DURING:
    case FAULT_KILL_SAVE_DURING:
        return DISK_DIE_DURING;
    case FAULT_KILL_APPEND_AFTER:
    case FAULT_KILL_SYNC_AFTER:
    case FAULT_KILL_SAVE_AFTER:
        return DISK_DIE_AFTER;
    case FAULT_SYNC_EIO:
    case FAULT_SAVE_EIO:
        *trouble = EIO;
        return DISK_FAIL;
    default:
        return DISK_DIE_BEFORE + chance_below(&sim->chance, 3);
    }
}

/* Only what needs new space meets a full disk: the journal's segments are filled before use. */
static bool
server_disk_full(sim_t *sim, const disk_op_t *op)
{
    server_t *server = sim->server;
    bool state = strstr(op->path, "/state/data.mdb") != NULL;
    bool takes = op->kind == DISK_SIZE || (state && op->kind == DISK_WRITE);
    if (!takes)
        return false;
    if (sim->agenda.now_us < server->full_until_us)
        return true;
    if (!sim_strikes(sim, state ? FAULT_SAVE_FULL : FAULT_WRITE_FULL))
        return false;
    server->full_until_us =
        sim->agenda.now_us + chance_between(&sim->chance, 0, FULL_MOST_S * SECOND_US);
    sim_tell(sim, "the disk is full for # us",
             (uint64_t)(server->full_until_us - sim->agenda.now_us), 0, 0, 0);
    return true;
}

disk_verdict_t
server_watch(void *argument, const disk_op_t *op, int *trouble)
{
    sim_t *sim = argument;
    server_t *server = sim->server;
    if (sim->faults.healed)
        return DISK_GO;
    bool meets = server->opening && server->plan == FAULT_KILL_OPENING;
    if (meets || plan_meets(server->plan, op)) {
        if (server->plan_skip-- == 0) {
            fault_t plan = server->plan;
            server->plan = FAULTS;
            server->struck = true;
            sim->faults.fired[plan]++;
            sim_tell(sim, "$ at operation $ of #", TRAIL_NAME(fault_name(plan)),
                     TRAIL_NAME(op->kind == DISK_WRITE   ? "write"
                                : op->kind == DISK_SYNC  ? "sync"
                                : op->kind == DISK_NAMES ? "names"
                                : op->kind == DISK_SIZE  ? "size"
                                                         : "sync of names"),
                     op->offset, 0);
            return plan_verdict(sim, plan, trouble);
        }
    }
    if (server_disk_full(sim, op)) {
        server->struck = true;
        *trouble = ENOSPC;
        return DISK_FAIL;
    }
    return DISK_GO;
}

static const fault_t deaths[] = {
    FAULT_KILL_APPEND_BEFORE, FAULT_KILL_APPEND_DURING, FAULT_KILL_APPEND_AFTER,
    FAULT_KILL_SYNC_BEFORE,   FAULT_KILL_SYNC_DURING,   FAULT_KILL_SYNC_AFTER,
    FAULT_KILL_SAVE_BEFORE,   FAULT_KILL_SAVE_DURING,   FAULT_KILL_SAVE_AFTER,
    FAULT_KILL_NAMES,         FAULT_KILL_SEND_BEFORE,   FAULT_KILL_SEND_AFTER,
    FAULT_KILL_IDLE,          FAULT_STOP_CLEAN,         FAULT_SYNC_EIO,
    FAULT_SAVE_EIO,
};

void
server_fate(sim_t *sim, void *unused)
{
    (void)unused;
    server_t *server = sim->server;
    if (sim->faults.healed)
        return;
    agenda_add(&sim->agenda, sim->agenda.now_us + chance_about(&sim->chance, server->fate_us),
               server_fate, NULL, 0);
    if (!server->up)
        return;
    fault_t fate =
        fault_among(&sim->faults, &sim->chance, deaths, sizeof deaths / sizeof deaths[0]);
    server->plan = FAULTS;
    if (fate == FAULT_KILL_IDLE) {
        sim->faults.fired[fate]++;
        server_kill(sim);
    } else if (fate == FAULT_STOP_CLEAN) {
        sim->faults.fired[fate]++;
        (void)server_stop(sim);
    } else {
        server->plan = fate;
        server->plan_skip = chance_below(&sim->chance, SKIP_BELOW);
    }
}
