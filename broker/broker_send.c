/* broker_send - what the broker sends: to clients, packed by the turn, and to actors. */
#include "broker/inside.h"
#include <assert.h>

static void
broker_id_of(uint64_t name, uint8_t id[5])
{
    id[0] = 0;
    for (int i = 0; i < 4; i++)
        id[1 + i] = (uint8_t)(name >> (8 * i));
}

/* A client that is gone or doesn't read loses its replies, nobody waits for it. */
static void
broker_send(broker_t *self, uint64_t name, zmq_msg_t *message)
{
    uint8_t id[5];
    broker_id_of(name, id);
    void *socket = zsock_resolve(self->fronts[name >> 32]);
    if (zmq_send(socket, id, sizeof id, ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0 ||
        zmq_msg_send(message, socket, ZMQ_DONTWAIT) < 0) {
        self->dropped++;
        if (errno == EHOSTUNREACH)
            peers_remove(self->peers, name);
        zmq_msg_close(message);
    }
}

void
broker_answer(broker_t *self, uint64_t name, const wire_header_t *command, status_t status,
              const void *body, uint32_t size)
{
    wire_header_t header = { .kind = WIRE_REPLY,
                             .operation = command->operation,
                             .status = status,
                             .key = command->key,
                             .request = command->request };
    zmq_msg_t message;
    if (zmq_msg_init_size(&message, wire_size(size)) != 0) {
        self->dropped++;
        return;
    }
    wire_put(zmq_msg_data(&message), &header, body, size);
    broker_send(self, name, &message);
}

void
broker_refuse(broker_t *self, uint64_t name, const wire_header_t *command, status_t status)
{
    uint8_t buffer[BROKER_BODY_MAX];
    pack_t pack;
    pack_init(&pack, buffer, sizeof buffer);
    pack_map(&pack, status == STATUS_BUSY ? 2 : 1);
    pack_key_str(&pack, "error", status_name(status));
    if (status == STATUS_BUSY)
        pack_key_uint(&pack, "retry_ms", self->options->retry_ms);
    self->refused++;
    broker_answer(self, name, command, status, buffer, (uint32_t)pack.size);
}

/* Put a reply's bytes in its client's list; they stay where they are until broker_deliver(). */
void
broker_wait(broker_t *self, uint64_t name, const uint8_t *bytes, size_t size)
{
    peer_t *peer = name ? peers_find(self->peers, name) : NULL;
    if (!peer) {
        self->dropped++;
        return;
    }
    assert(self->waiting_count < BROKER_REPLIES_MAX);
    int32_t at = (int32_t)self->waiting_count++;
    self->waiting[at] = (waiting_t){ .bytes = bytes, .size = (uint32_t)size, .next = -1 };
    if (peer->first < 0) {
        peer->first = at;
        self->touched[self->touched_count++] = name;
    } else {
        self->waiting[peer->last].next = at;
    }
    peer->last = at;
    peer->bytes += (uint32_t)size;
}

/* One message for each client that has replies waiting. */
void
broker_deliver(broker_t *self)
{
    for (uint32_t i = 0; i < self->touched_count; i++) {
        peer_t *peer = peers_find(self->peers, self->touched[i]);
        if (!peer)
            continue;
        zmq_msg_t message;
        bool good = zmq_msg_init_size(&message, peer->bytes) == 0;
        uint8_t *to = good ? zmq_msg_data(&message) : NULL;
        for (int32_t at = peer->first; good && at >= 0; at = self->waiting[at].next) {
            memcpy(to, self->waiting[at].bytes, self->waiting[at].size);
            to += self->waiting[at].size;
        }
        peer->first = peer->last = -1;
        peer->bytes = 0;
        if (good)
            broker_send(self, self->touched[i], &message);
    }
    self->waiting_count = self->touched_count = 0;
}

static bool
broker_send_actor(broker_t *self, uint64_t actor, const void *bytes, size_t size)
{
    uint8_t id[5];
    broker_id_of(actor, id);
    void *socket = zsock_resolve(self->back);
    return zmq_send(socket, id, sizeof id, ZMQ_SNDMORE | ZMQ_DONTWAIT) >= 0 &&
           zmq_send(socket, bytes, size, ZMQ_DONTWAIT) >= 0;
}

/* The actor can't be reached: every packed command is answered. */
static void
broker_bounce(broker_t *self, lane_t *partition)
{
    size_t at = 0;
    wire_route_t route;
    wire_record_t record;
    while (at < partition->out.size) {
        status_t status =
            wire_next_routed(partition->out.bytes, partition->out.size, &at, &route, &record);
        assert(status == STATUS_OK);
        broker_refuse(self, route.peer, &record.header, STATUS_UNAVAILABLE);
    }
    partition->in_flight -= partition->out.records;
}

static void
broker_flush(broker_t *self, lane_t *partition)
{
    pack_buffer_t *out = &partition->out;
    if (!out->size)
        return;
    if (!broker_send_actor(self, partition->actor, out->bytes, out->size)) {
        partition->actor = 0;
        broker_bounce(self, partition);
    }
    out->size = 0;
    out->records = 0;
}

void
broker_flush_all(broker_t *self)
{
    for (uint32_t i = 0; i < self->options->partitions; i++)
        broker_flush(self, &self->partitions[i]);
}

void
broker_forward(broker_t *self, lane_t *partition, uint32_t number, const peer_t *peer,
               const wire_record_t *record)
{
    pack_buffer_t *out = &partition->out;
    size_t size = wire_routed_size(record->body_size);
    wire_route_t route = { .peer = peer->name,
                           .client = peer->client,
                           .role = peer->role,
                           .partition = (uint16_t)number };
    if (out->size + size > out->room)
        broker_flush(self, partition);
    out->size += wire_put_routed(out->bytes + out->size, &route, &record->header, record->body,
                                 record->body_size);
    out->records++;
    partition->in_flight++;
    self->forwarded++;
}
