/* router - what the broker decides: whose command goes to which actor, and whose answer back.
 *
 * No socket and no clock: messages come in as bytes and leave through ways, so the simulator runs
 * this very code. broker.c is the loop that gives it sockets.
 *
 * It packs all that waits for a partition into one message to its actor; replies of one message
 * from an actor are packed per client the same way, and so are its own answers of a turn. It never
 * decodes a body, but for hello, which it answers itself.
 *
 * Overload: what finds no room is told BUSY, or EXPIRED when it is late, at the price of a copy;
 * and only so many a millisecond. What is beyond stays with the sockets, whose high-water marks
 * hold the clients back.
 *
 * Truths: (1) a client is known by its hello, else HELLO_FIRST; (2) a record is passed on only when
 * its role may call the operation, its partition has a live actor, and the partition has
 * room in flight; (3) every command is answered or passed on exactly once. */
#ifndef ROUTER_H
#define ROUTER_H
#include "broker/shard.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    ROUTER_PEERS_MAX = 65536,
    ROUTER_PEER_IDLE_MS = 600000,  /* a silent client is forgotten after this */
    ROUTER_ACTOR_SILENT_MS = 5000, /* an actor without a heartbeat is down after this */
    ROUTER_HEARTBEAT_MS = 1000,
    ROUTER_PARTITIONS_MAX = 2048,
    /* BUSY told in a millisecond: what is beyond stays unread, so that telling takes little of the
     * time that the work needs. The most, while commands are found late: the queue is too long. */
    ROUTER_BUSY_MIN = 100,
    ROUTER_BUSY_MAX = 3200,
    ROUTER_BUSY_STEP_MS = 10, /* it is doubled, or falls by an eighth, so often */
};

/* The ways out. A client's name is its connection's: whoever calls router_client() chose it; never
 * 0. An actor's likewise. */
typedef struct {
    void *argument;
    /* The role of a client that is new, or was silent for a while. */
    role_t (*role)(void *argument, uint64_t client, const char *public_key);
    /* Room for a message of this size to a client, NULL when there is none; then send it. */
    void *(*client_room)(void *argument, size_t size);
    /* 0, or an errno: EHOSTUNREACH when the client is gone. Never waits. */
    int (*client_send)(void *argument, uint64_t client);
    /* False: the actor can't be reached. Never waits. */
    bool (*actor_send)(void *argument, uint64_t actor, const void *bytes, size_t size);
    /* Unix ms: deadlines are judged by it. */
    int64_t (*wall_ms)(void *argument);
    /* Something odd, for the log. */
    void (*warn)(void *argument, const char *what);
} router_ways_t;

typedef struct {
    shard_map_t map;        /* how many partitions of each role */
    uint32_t peers_max;     /* clients known at once */
    uint32_t in_flight_max; /* commands per partition */
    uint32_t retry_ms;      /* told with BUSY */
} router_options_t;

typedef struct router router_t;

/* NULL when memory is short. */
router_t *router_new(const router_options_t *options, const router_ways_t *ways);
void router_destroy(router_t **self_p);
/* The time, monotonic and by ways.wall_ms(), before what happens at it. Forgets silent clients now
 * and then. */
void router_clock(router_t *self, int64_t now_ms);
/* One frame of one client, with the public key of its connection or NULL. */
void router_client(router_t *self, uint64_t client, const char *public_key, const void *bytes,
                   size_t size);
/* One frame of one actor. */
void router_actor(router_t *self, uint64_t actor, const void *bytes, size_t size);
/* Shall more be read from clients now? If not, ask again after router_clock(). */
bool router_hungry(const router_t *self);
/* Send on what was packed for actors, and the router's own answers: at the end of a turn. */
void router_flush(router_t *self);
/* A message that was none. */
void router_malformed(router_t *self);
#endif
