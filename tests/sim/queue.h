/* queue - the waiting rooms of the simulation: what people do with them, and what must hold of what
 * they are told, and of the records. */
#ifndef SIM_QUEUE_H
#define SIM_QUEUE_H
#include "actors/box.h"
#include "tests/sim/crowd.h"

enum { QUEUE_BOARD_PLACES = 1024 };

/* What is known from outside of a showtime's waiting room. */
typedef struct {
    bool told; /* the commitment, that is */
    uint8_t commitment[32];
    uint32_t capacity; /* the largest that was ever asked for */
    uint64_t called[2];
    /* by lane and number, from 1 */
    struct {
        uint64_t user;
        uint32_t place; /* 0: not told */
    } numbers[2][QUEUE_BOARD_PLACES];
    uint32_t who[2][QUEUE_BOARD_PLACES]; /* numbers by place */
} queue_board_t;

/* Acts: see acts.c. */
bool queue_make_open(sim_t *sim, person_t *person, pack_t *pack);
bool queue_make_close(sim_t *sim, person_t *person, pack_t *pack);
bool queue_make_join(sim_t *sim, person_t *person, pack_t *pack);
bool queue_make_of_user(sim_t *sim, person_t *person, pack_t *pack);
bool queue_make_get(sim_t *sim, person_t *person, pack_t *pack);
void queue_learn_place(sim_t *sim, person_t *person, status_t status, const void *body,
                       uint32_t size);
void queue_learn_get(sim_t *sim, person_t *person, status_t status, const void *body,
                     uint32_t size);

/* Somebody asks for this. */
void queue_asked(queue_board_t *board, const call_t *call);
/* A queue.changed leaves. */
void queue_event(sim_t *sim, queue_board_t *board, uint64_t showtime, const void *body,
                 uint32_t size);
/* What must hold of the records after an entry at `now_ms`; settled: everybody must be through. */
void queue_judge(sim_t *sim, const box_t *box, const queue_board_t *board, int64_t now_ms,
                 bool settled);
#endif
