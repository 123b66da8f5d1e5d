/* router_back - from actors: replies to their clients, tells to the cashier and the sender, who
 * lives and who left. */
#include "broker/router_inside.h"
#include <inttypes.h>
#include <stdio.h>

static void
router_ready(router_t *self, uint64_t actor, const wire_record_t *record)
{
    uint64_t count = 0;
    mp_t mp;
    if (!mp_find(record->body, record->body_size, "partitions", &mp) ||
        !mp_read_uint(&mp, &count) || count != self->options.partitions ||
        record->header.key >= count) {
        char what[128];
        snprintf(what, sizeof what,
                 "an actor of another site was refused (%" PRIu64 " partitions, not %u)", count,
                 self->options.partitions);
        self->ways.warn(self->ways.argument, what);
        return;
    }
    lane_t *partition = &self->partitions[record->header.key];
    partition->actor = actor;
    partition->seen_ms = self->now_ms;
    partition->sequence = (uint64_t)record->header.moment;
    partition->in_flight = 0;
}

static void
router_tell(router_t *self, const wire_record_t *record, const uint8_t *bytes, size_t size)
{
    const operation_t *operation = operation_of(record->header.operation);
    uint64_t peer = operation && operation->key == KEY_SENDER ? self->sender : self->cashier;
    if (peer)
        router_wait(self, peer, bytes, size);
    else
        self->dropped++; /* the outbox sends it again */
}

static void
router_actor_record(router_t *self, uint64_t actor, const wire_route_t *route,
                    const wire_record_t *record, const uint8_t *bytes, size_t size)
{
    lane_t *partition = NULL;
    if (route->partition < self->options.partitions)
        partition = &self->partitions[route->partition];
    switch (record->header.kind) {
    case WIRE_REPLY:
        if (partition && partition->in_flight &&
            route->client) /* none: the end of a deferred one */
            partition->in_flight--;
        if (partition)
            partition->sequence = (uint64_t)record->header.moment;
        self->late |= record->header.status == STATUS_EXPIRED;
        router_wait(self, route->peer, bytes, size);
        break;
    case WIRE_TELL:
        router_tell(self, record, bytes, size);
        break;
    case WIRE_READY:
        router_ready(self, actor, record);
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

void
router_actor(router_t *self, uint64_t actor, const void *frame, size_t size)
{
    const uint8_t *bytes = frame;
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
        if (self->waiting_count == ROUTER_REPLIES_MAX)
            router_deliver(self);
        router_actor_record(self, actor, &route, &record, bytes + begin, at - begin);
    }
    router_deliver(self);
}
