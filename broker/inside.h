/* inside - what the files of the broker share: its state, and the calls between them. */
#ifndef BROKER_PARTS_H
#define BROKER_PARTS_H
#include "broker/broker.h"
#include "broker/gate.h"
#include "broker/peers.h"
#include "broker/status.h"
#include "broker/wire.h"

enum {
    FRONT_PLAIN,
    FRONT_SECURE,
    FRONT_CASHIER,
    FRONTS,
    BROKER_TURN_MESSAGES = 512,     /* taken from one socket before the others get their turn */
    BROKER_PACK_BYTES = 256 * 1024, /* a partition's message is sent on when it is this big */
    BROKER_REPLIES_MAX = 65536,     /* replies of one message from an actor */
    BROKER_BODY_MAX = 512,          /* a body that the broker itself writes */
    BROKER_HWM = 100000,
};

/* What waits for one actor. */
typedef struct {
    uint8_t *bytes;
    size_t size, room;
    uint32_t records;
} pack_buffer_t;

typedef struct {
    uint64_t actor; /* routing id on the back socket; 0: nobody */
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

typedef struct {
    const broker_options_t *options;
    zsock_t *pipe;
    gate_t *gate;
    zsock_t *fronts[FRONTS];
    zsock_t *back, *events_in, *events_out, *secure_events_out;
    peers_t *peers;
    lane_t *partitions;
    uint64_t cashier; /* peer that executes provider calls; 0: nobody */
    waiting_t *waiting;
    uint64_t *touched; /* peers with something waiting */
    uint32_t waiting_count, touched_count;
    int64_t now_ms, tick_ms; /* monotonic */
    uint64_t forwarded, refused, dropped, malformed;
    bool stop;
} broker_t;

/* broker_send.c: to clients, a message at once or packed by the turn; to actors, packed. */
void broker_answer(broker_t *self, uint64_t name, const wire_header_t *command, status_t status,
                   const void *body, uint32_t size);
void broker_refuse(broker_t *self, uint64_t name, const wire_header_t *command, status_t status);
/* Put a reply's bytes in its client's list; they stay where they are until broker_deliver(). */
void broker_wait(broker_t *self, uint64_t name, const uint8_t *bytes, size_t size);
void broker_deliver(broker_t *self);
void broker_forward(broker_t *self, lane_t *lane, uint32_t number, const peer_t *peer,
                    const wire_record_t *record);
void broker_flush_all(broker_t *self);

/* broker_front.c: from clients. One message of a front; false when nothing waits. */
bool broker_front_message(broker_t *self, uint32_t front);
bool broker_up(const broker_t *self, const lane_t *lane);

/* broker_back.c: from actors. One message; false when nothing waits. */
bool broker_back_message(broker_t *self);
#endif
