/* judge_inside - what the files of the judge share. */
#ifndef SIM_JUDGE_INSIDE_H
#define SIM_JUDGE_INSIDE_H
#include "tests/sim/crowd.h"
#include "tests/sim/facts.h"
#include "tests/sim/judge.h"
#include "tests/sim/member.h"
#include "tests/sim/programme.h"
#include "tests/sim/queue.h"

/* A request and the first final answer to it. */
typedef struct {
    call_t call;
    bool asked, answered;
    uint16_t status;
    uint64_t sequence, digest;
} asked_t;

typedef struct {
    asked_t *of; /* by request id */
    uint64_t room;
} asks_t;

typedef struct {
    uint8_t chain[JOURNAL_CHAIN_SIZE];
    int64_t now_ms;
} entry_t;

/* What is known of a partition from outside. */
typedef struct {
    entry_t *entries; /* durable ones, by sequence number less one */
    uint64_t count, room;
    uint64_t promised; /* the highest sequence number that left */
    uint64_t answered; /* that of the newest first answer */
    uint32_t births;
    uint32_t touched[CROWD_SHOWTIMES], touched_count; /* showtimes, by index, in this step */
} ward_t;

/* A showtime's seats as a follower of its events knows them. */
typedef struct {
    uint64_t number;
    bool gap;
    uint32_t births; /* of the partition when the last event left */
    uint64_t left;   /* number of the last event that left */
    uint8_t seats[FACTS_SEATS_MAX + 1];
} board_t;

/* A write with `once`, and the first final answer to it. */
typedef struct {
    bool answered;
    int64_t now_ms; /* of the answer's entry */
    uint64_t sequence, digest;
} once_t;

struct judge {
    once_t *onces;
    uint32_t once_room;
    ward_t wards[SIM_PARTITIONS];
    asks_t asks[CROWD_MAX];
    facts_t facts[CROWD_SHOWTIMES];
    board_t boards[CROWD_SHOWTIMES];
    queue_board_t queues[CROWD_SHOWTIMES];
    cinema_board_t cinemas[SIM_CINEMAS];
};

/* The index of a showtime in the crowd's list, CROWD_SHOWTIMES when it is not there. */
uint32_t judge_index(const sim_t *sim, uint64_t showtime);
/* Assert what must hold of one showtime between two entries. */
void judge_showtime(sim_t *sim, uint32_t partition, uint32_t index, bool settled);
/* judge_outbox.c: what was told is applied once; `settled`: and nothing waits any more. */
void judge_outbox(sim_t *sim, bool settled);
#endif
