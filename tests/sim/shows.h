/* shows - what staff do with the showtimes of cinemas, and what programme and box office must agree
 * on. */
#ifndef SIM_SHOWS_H
#define SIM_SHOWS_H
#include "tests/sim/crowd.h"

act_make_fn shows_make_save, shows_make_publish, shows_make_close, shows_make_cancel,
    shows_make_delete, shows_make_list;
/* What was published is offered to buyers. */
act_learn_fn shows_learn_published;
/* What must hold of the showtimes of a cinema between two entries. `settled`: no step is under way.
 */
void shows_judge(sim_t *sim, uint64_t cinema, bool settled);
#endif
