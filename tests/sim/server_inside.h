/* server_inside - what the files of the simulated server share. */
#ifndef SIM_SERVER_INSIDE_H
#define SIM_SERVER_INSIDE_H
#include "actors/partition.h"
#include "broker/router.h"
#include "tests/disk/disk.h"
#include "tests/sim/server.h"
#include <setjmp.h>

enum { POST_OUT_BYTES = 2 * 1024 * 1024 };

/* The real journal behind a disk that takes its time: an append is begun, and ends later. */
typedef struct {
    journal_t base;
    journal_t *inner;
    journal_entry_t *entry; /* being appended; NULL: none */
    bool performed;         /* the inner journal has appended it */
} slow_journal_t;

/* An actor with its one partition. */
typedef struct {
    sim_t *sim;
    uint32_t number;
    partition_t *partition;
    slow_journal_t *journal;
    uint8_t *out;
    size_t out_size;
    int64_t wake_us; /* when a turn is on the agenda, INT64_MAX: it is not */
} post_t;

struct server {
    router_t *router;
    post_t posts[SIM_PARTITIONS];
    site_t sites[SIM_PARTITIONS];
    uint32_t life; /* what was sent inside an earlier one is gone */
    bool up, opening, stopping;
    bool struck;        /* a fault struck the disk in this life */
    fault_t plan;       /* the death that is to come, FAULTS: none */
    uint32_t plan_skip; /* occasions that are let pass before it */
    int64_t full_until_us;
    int64_t offset_ms, born_us;
    int32_t drift_ppm;
    char root[512];
    uint8_t *reply; /* the router's, to a client */
    size_t reply_size, reply_room;
    jmp_buf *guard; /* where a fatal error of the partitions ends */
    /* this seed's configuration */
    bool patient; /* also a lone entry takes the disk's time */
    int64_t disk_us, fate_us;
    partition_options_t options;
};

/* server_disk.c: what becomes of each operation on the disk. */
disk_verdict_t server_watch(void *argument, const disk_op_t *op, int *trouble);
uint32_t server_chance(void *argument, uint32_t bound);
/* Draw the next death, and carry it out or plan it. */
void server_fate(sim_t *sim, void *unused);

/* server_journal.c: as partition_options_t.journal_open; `argument` is a post_t. */
int server_journal_open(void *argument, journal_t **journal, const journal_file_options_t *options,
                        uint64_t checkpoint, const uint8_t chain[JOURNAL_CHAIN_SIZE], char *error);

/* server.c */
/* Call act() where a fatal error may end it; then, if the process has died, bury it. */
void server_guarded(sim_t *sim, void (*act)(sim_t *sim, post_t *post), post_t *post);
void server_turn(sim_t *sim, post_t *post);
/* The process dies now. */
void server_kill(sim_t *sim);
#endif
