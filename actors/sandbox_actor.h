/* sandbox_actor - the loop that connects the sandbox cashier to the broker of its process. */
#ifndef SANDBOX_ACTOR_H
#define SANDBOX_ACTOR_H
#include <czmq.h>

/* A zactor without argument: a client of BROKER_INSIDE_CASHIER. A second signal is 0 when it is
 * connected, else 1. */
void sandbox_run(zsock_t *pipe, void *unused);
#endif
