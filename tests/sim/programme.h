/* programme - what staff do to cinemas, films and halls, and what must hold of them. */
#ifndef SIM_PROGRAMME_H
#define SIM_PROGRAMME_H
#include "tests/sim/crowd.h"

enum { PROGRAMME_FILMS = 6, PROGRAMME_HALLS = 4 };

/* What a follower knows of a cinema. */
typedef struct {
    uint64_t version; /* of the last event */
    uint32_t births;  /* of the partition then */
} cinema_board_t;

act_make_fn programme_make_cinema, programme_make_movie, programme_make_of_movie,
    programme_make_hall, programme_make_of_hall, programme_make_of_cinema, programme_make_card;
/* An event leaves a partition: versions have no gaps. */
void programme_event(sim_t *sim, uint32_t partition, const wire_header_t *header);
/* What must hold of the cinemas of a partition between two entries. */
void programme_judge(sim_t *sim, uint32_t partition);
/* What must hold between programme and box office; `settled`: and nothing is under way. */
void programme_agrees(sim_t *sim, bool settled);
#endif
