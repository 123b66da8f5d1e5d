/* actor - one thread that owns partitions: the ZeroMQ around them.
 *
 * Receives from the broker: routed COMMANDs, many in a message. Sends: REPLYs and TELLs, packed
 * the same way; READY once a partition, HEARTBEATs, BYE; events on XPUB, only of showtimes that
 * somebody follows. */
#ifndef ACTOR_H
#define ACTOR_H
#include "actors/partition.h"
#include <czmq.h>

enum { ACTOR_PARTITIONS_MAX = 2048, ACTOR_OUT_BYTES = 256 * 1024 };

typedef struct {
    const char *commands, *events;   /* the broker's endpoints for actors */
    uint32_t partition_count;        /* of this actor */
    partition_options_t *partitions; /* `ways` is filled in by the actor */
    bool echo; /* answer every command with its own body: to measure the way */
} actor_options_t;

/* A zactor; the options outlive it. A second signal is 0 when all its partitions are recovered and
 * READY, 1 when one could not be opened (the reason is logged). "$TERM" finishes, checkpoints and
 * ends. */
void actor_run(zsock_t *pipe, void *options);
#endif
