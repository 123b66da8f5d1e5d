/* router_back - from actors: replies to their clients, tells to the cashier and the sender, who
 * lives and who left. */
#include "broker/router_inside.h"
#include <inttypes.h>
#include <stdio.h>

/* A number of a READY's body, 0 where there is none. */
static uint64_t
router_said(const wire_record_t *record, const char *key)
{
    uint64_t number = 0;
    mp_t mp;
    return mp_find(record->body, record->body_size, key, &mp) && mp_read_uint(&mp, &number) ? number
                                                                                            : 0;
}

static void
router_ready(router_t *self, uint64_t actor, const wire_record_t *record)
{
    uint64_t count = router_said(record, "partitions");
    uint64_t programmes = router_said(record, "programmes");
    uint64_t members = router_said(record, "members");
    const shard_map_t *map = &self->map;
    if (count != map->partitions || programmes != map->programmes || members != map->members ||
        record->header.key >= self->lane_count) {
        char what[160];
        snprintf(what, sizeof what,
                 "an actor of another site was refused (%" PRIu64 ", %" PRIu64 " and %" PRIu64
                 " partitions, not %u, %u and %u)",
                 count, programmes, members, map->partitions, map->programmes, map->members);
        self->ways.warn(self->ways.argument, what);
        return;
    }
    lane_t *partition = &self->lanes[record->header.key];
    partition->actor = actor;
    partition->seen_ms = self->now_ms;
    partition->sequence = (uint64_t)record->header.moment;
    partition->in_flight = 0;
}

/* To each: which of them it is for stands in the body, which is not read here. */
static bool
router_to_cashiers(router_t *self, const uint8_t *bytes, size_t size)
{
    bool found = false;
    for (uint32_t i = 0; i < ROUTER_CASHIERS; i++)
        if (self->cashiers[i]) {
            router_wait(self, self->cashiers[i], bytes, size);
            found = true;
        }
    return found;
}

/* To the cashiers, or to the partition that the operation's key belongs to. What finds nobody is
 * dropped: the outbox sends it again. */
static void
router_tell(router_t *self, uint16_t sender, const wire_record_t *record, const uint8_t *bytes,
            size_t size)
{
    const operation_t *operation = operation_of(record->header.operation);
    uint32_t number = SHARD_NOWHERE;
    if (operation && operation->roles & ROLE_ACTOR)
        number = shard_partition(&self->map, operation->key, record->header.key);
    if (operation && operation->key == KEY_CASHIER && router_to_cashiers(self, bytes, size))
        return;
    if (operation && operation->key == KEY_SENDER && self->sender) {
        router_wait(self, self->sender, bytes, size);
    } else if (number != SHARD_NOWHERE && router_up(self, &self->lanes[number])) {
        wire_route_t route = { .role = ROLE_ACTOR,
                               .partition = (uint16_t)number,
                               .sender = sender };
        router_forward(self, &route, record);
    } else {
        self->dropped++;
    }
}

static void
router_actor_record(router_t *self, uint64_t actor, const wire_route_t *route,
                    const wire_record_t *record, const uint8_t *bytes, size_t size)
{
    lane_t *partition = NULL;
    if (route->partition < self->lane_count)
        partition = &self->lanes[route->partition];
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
        router_tell(self, route->partition, record, bytes, size);
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
        if (self->waiting_count + ROUTER_CASHIERS > ROUTER_REPLIES_MAX)
            router_deliver(self);
        router_actor_record(self, actor, &route, &record, bytes + begin, at - begin);
    }
    router_deliver(self);
}
