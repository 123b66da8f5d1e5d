/* broker - takes commands, finds the actor of the partition, carries answers back; decides nothing.
 *
 * One thread. It receives from clients on ROUTER sockets, and packs all that waits for a partition
 * into one message to its actor; replies of a turn are packed per client the same way. It never
 * decodes a body, but for hello, which it answers itself. Events pass through XSUB and XPUB.
 *
 * Truths: (1) a client is known by its hello, else HELLO_FIRST; (2) a record is passed on only when
 * its role may call the operation, its partition has a live actor, and the partition has
 * room in flight; (3) every command is answered or passed on exactly once. */
#ifndef BROKER_H
#define BROKER_H
#include "broker/operation.h"
#include <czmq.h>

/* Where actors and the inside cashier of the same process connect. */
#define BROKER_INSIDE         "inproc://marquee-actors"
#define BROKER_INSIDE_EVENTS  "inproc://marquee-actor-events"
#define BROKER_INSIDE_CASHIER "inproc://marquee-cashier"

enum {
    BROKER_PEERS_MAX = 65536,      /* clients known at once */
    BROKER_PEER_IDLE_MS = 600000,  /* a silent client is forgotten after this */
    BROKER_ACTOR_SILENT_MS = 5000, /* an actor without a heartbeat is down after this */
    BROKER_HEARTBEAT_MS = 1000,
    BROKER_PARTITIONS_MAX = 1024,
};

typedef struct {
    const char *clients, *events;               /* keyless: loopback or ipc; lists by spaces */
    const char *secure_clients, *secure_events; /* CURVE */
    const char *actors, *actor_events;          /* beside inproc: ipc, or "" */
    const char *keys;                           /* folder of certificates */
    role_t role;                                /* of keyless clients */
    uint32_t partitions;
    uint32_t in_flight_max; /* commands per partition */
    uint32_t retry_ms;      /* told with BUSY */
} broker_options_t;

/* A zactor. Its argument is a broker_options_t that outlives it. A second signal is 0 when all is
 * bound and 1 when it could not start (the reason is logged). The command "ENDPOINTS" on its pipe
 * is answered with three strings: the last endpoints bound of clients, events, and secure clients
 * ("": none). */
void broker_actor(zsock_t *pipe, void *options);
#endif
