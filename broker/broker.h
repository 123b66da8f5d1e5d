/* broker - takes commands, finds the actor of the partition, carries answers back; decides nothing.
 *
 * One thread that gives the router its sockets: clients come in on ROUTER sockets, three keyless,
 * one with CURVE, one for the cashier of this process; actors on another. Events pass through XSUB
 * and XPUB. What is passed on, and what is refused, router.h says. */
#ifndef BROKER_H
#define BROKER_H
#include "broker/router.h"
#include <czmq.h>

/* Where actors and the inside cashier of the same process connect. */
#define BROKER_INSIDE         "inproc://marquee-actors"
#define BROKER_INSIDE_EVENTS  "inproc://marquee-actor-events"
#define BROKER_INSIDE_CASHIER "inproc://marquee-cashier"

typedef struct {
    const char *clients, *events;               /* keyless: loopback or ipc; lists by spaces */
    const char *bridges, *senders;              /* the same, of these roles; "": none */
    const char *cashiers;                       /* the same, of role cashier; NULL: none */
    const char *secure_clients, *secure_events; /* CURVE */
    const char *actors, *actor_events;          /* beside inproc: ipc, or "" */
    const char *keys;                           /* folder of certificates */
    role_t role;                                /* of keyless clients */
    shard_map_t map;
    uint32_t in_flight_max; /* commands per partition */
    uint32_t retry_ms;      /* told with BUSY */
} broker_options_t;

/* A zactor. Its argument is a broker_options_t that outlives it. A second signal is 0 when all is
 * bound and 1 when it could not start (the reason is logged). The command "ENDPOINTS" on its pipe
 * is answered with five strings: the last endpoints bound of clients, events, secure clients,
 * bridges and senders ("": none). */
void broker_actor(zsock_t *pipe, void *options);
#endif
