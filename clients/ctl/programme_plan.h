/* programme_plan - marquee-plan, run as a child: it has the solver, which this program has not. */
#ifndef PROGRAMME_PLAN_H
#define PROGRAMME_PLAN_H
#include "clients/ctl/ctl.h"

/* Plan a problem (taken) with --seconds and --greedy; see docs/planning.md for both. Its progress
 * goes to this terminal. CTL_DONE with *plan, which the caller owns; otherwise it has been said. */
ctl_exit_t programme_plan(ctl_t *ctl, json_t *problem, json_t **plan);
#endif
