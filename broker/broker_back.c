/* broker_back - from actors: replies to their clients, tells to the cashier, who lives and who
 * left. */
#include "broker/inside.h"

static void
broker_ready(broker_t *self, uint64_t actor, const wire_record_t *record)
{
    uint64_t count = 0;
    mp_t mp;
    if (!mp_find(record->body, record->body_size, "partitions", &mp) ||
        !mp_read_uint(&mp, &count) || count != self->options->partitions ||
        record->header.key >= count) {
        zsys_error("broker: an actor of another site was refused (%" PRIu64 " partitions, not %u)",
                   count, self->options->partitions);
        return;
    }
    lane_t *partition = &self->partitions[record->header.key];
    partition->actor = actor;
    partition->seen_ms = self->now_ms;
    partition->sequence = (uint64_t)record->header.moment;
    partition->in_flight = 0;
}

static void
broker_tell(broker_t *self, const uint8_t *bytes, size_t size)
{
    if (self->cashier)
        broker_wait(self, self->cashier, bytes, size);
    else
        self->dropped++; /* the outbox sends it again */
}

static void
broker_actor_record(broker_t *self, uint64_t actor, const wire_route_t *route,
                    const wire_record_t *record, const uint8_t *bytes, size_t size)
{
    lane_t *partition = NULL;
    if (route->partition < self->options->partitions)
        partition = &self->partitions[route->partition];
    switch (record->header.kind) {
    case WIRE_REPLY:
        if (partition && partition->in_flight &&
            route->client) /* none: the end of a deferred one */
            partition->in_flight--;
        if (partition)
            partition->sequence = (uint64_t)record->header.moment;
        broker_wait(self, route->peer, bytes, size);
        break;
    case WIRE_TELL:
        broker_tell(self, bytes, size);
        break;
    case WIRE_READY:
        broker_ready(self, actor, record);
        break;
    case WIRE_HEARTBEAT:
        if (partition && partition->actor == actor) {
            partition->seen_ms = self->now_ms;
            partition->sequence = (uint64_t)record->header.moment;
        }
        break;
    case WIRE_BYE:
        if (partition && partition->actor == actor)
            partition->actor = 0;
        break;
    default:
        self->malformed++;
    }
}

static void
broker_actor_frame(broker_t *self, uint64_t actor, const uint8_t *bytes, size_t size)
{
    size_t at = 0;
    while (at < size) {
        size_t begin = at;
        wire_route_t route;
        wire_record_t record;
        if (wire_next_routed(bytes, size, &at, &route, &record) != STATUS_OK) {
            self->malformed++;
            break;
        }
        begin += WIRE_ROUTE_SIZE;
        if (self->waiting_count == BROKER_REPLIES_MAX)
            broker_deliver(self);
        broker_actor_record(self, actor, &route, &record, bytes + begin, at - begin);
    }
    broker_deliver(self);
}

bool
broker_back_message(broker_t *self)
{
    void *socket = zsock_resolve(self->back);
    zmq_msg_t id, frame;
    zmq_msg_init(&id);
    if (zmq_msg_recv(&id, socket, ZMQ_DONTWAIT) < 0) {
        zmq_msg_close(&id);
        return false;
    }
    zmq_msg_init(&frame);
    const uint8_t *bytes = zmq_msg_data(&id);
    if (zmq_msg_more(&id) && zmq_msg_recv(&frame, socket, ZMQ_DONTWAIT) >= 0 &&
        zmq_msg_size(&id) == 5)
        broker_actor_frame(self, get_u32(bytes + 1), zmq_msg_data(&frame), zmq_msg_size(&frame));
    zmq_msg_close(&frame);
    zmq_msg_close(&id);
    return true;
}
