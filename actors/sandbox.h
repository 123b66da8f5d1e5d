/* sandbox - the built-in cashier: executes what the box office asks of the sandbox provider.
 *
 * A client like any other cashier: connects to BROKER_INSIDE_CASHIER, says hello and READY, gets
 * TELLs, answers by commands. The sandbox provider pays every refund back at once. Holds no state:
 * a tell that comes again is answered again, with the same request id. */
#ifndef SANDBOX_H
#define SANDBOX_H
#include <czmq.h>

/* A zactor without argument. A second signal is 0 when it is connected, else 1. */
void sandbox_run(zsock_t *pipe, void *unused);
#endif
