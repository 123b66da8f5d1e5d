/* router_inside - what the files of the router share: its state, and the calls between them. */
#ifndef ROUTER_INSIDE_H
#define ROUTER_INSIDE_H
#include "broker/peers.h"
#include "broker/router.h"
#include "broker/shard.h"
#include "broker/status.h"
#include "broker/wire.h"

enum {
    ROUTER_CASHIERS = 2,            /* the sandbox's, and that of all other providers */
    ROUTER_PACK_BYTES = 256 * 1024, /* a partition's message is sent on when it is this big */
    ROUTER_REPLIES_MAX = 65536,     /* replies of one message from an actor */
    ROUTER_BODY_MAX = 512,          /* a body that the router itself writes */
    ROUTER_REFUSALS = 32,           /* statuses that the router refuses with are below */
    ROUTER_REFUSAL_MAX = 64,
    ROUTER_ANSWERS_BYTES = 256 * 1024, /* its own answers of a turn; full, they leave early */
};

/* What waits for one actor. */
typedef struct {
    uint8_t *bytes;
    size_t size, room;
    uint32_t records;
} pack_buffer_t;

typedef struct {
    uint64_t actor; /* 0: nobody */
    int64_t seen_ms;
    uint64_t sequence;
    uint32_t in_flight;
    pack_buffer_t out;
} lane_t;

/* A reply waiting to be packed: where it is, and the next one of the same peer. */
typedef struct {
    const uint8_t *bytes;
    uint32_t size;
    int32_t next;
} waiting_t;

/* The body of a refusal, which is the same every time. */
typedef struct {
    uint8_t bytes[ROUTER_REFUSAL_MAX];
    uint32_t size;
} refusal_t;

struct router {
    router_options_t options;
    shard_map_t map;
    uint32_t lane_count; /* a lane for each partition of any role */
    router_ways_t ways;
    peers_t *peers;
    lane_t *lanes;
    uint64_t cashiers[ROUTER_CASHIERS]; /* peers that execute provider calls; 0: nobody */
    uint64_t sender;                    /* peer that sends messages to people; 0: nobody */
    waiting_t *waiting;
    uint64_t *touched; /* peers with something waiting */
    uint32_t waiting_count, touched_count;
    uint8_t *answers; /* written by the router itself; waiting ones point into it */
    size_t answers_size;
    refusal_t refusals[ROUTER_REFUSALS];
    uint8_t *status_body;
    size_t status_room;
    int64_t now_ms, tick_ms; /* monotonic */
    int64_t wall_ms;
    int64_t busy_left;    /* BUSY that may be told now; below 0: told ahead of time */
    uint32_t busy_per_ms; /* ROUTER_BUSY_MIN .. ROUTER_BUSY_MAX */
    int64_t step_ms;
    bool late; /* a command was found late since the last step */
    uint64_t forwarded, refused, dropped, malformed;
};

/* router_send.c: what goes out is packed, for each client and each actor one message a turn. */
void router_make_refusals(router_t *self);
void router_answer(router_t *self, uint64_t name, const wire_header_t *command, status_t status,
                   const void *body, uint32_t size);
void router_refuse(router_t *self, uint64_t name, const wire_header_t *command, status_t status);
/* Put a reply's bytes in its client's list; they stay where they are until router_deliver(). */
void router_wait(router_t *self, uint64_t name, const uint8_t *bytes, size_t size);
void router_deliver(router_t *self);
/* A record and its route, to the route's partition. */
void router_forward(router_t *self, const wire_route_t *route, const wire_record_t *record);
/* Does the partition have an actor that was heard of lately? */
bool router_up(const router_t *self, const lane_t *lane);
#endif
