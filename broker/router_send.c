/* router_send - what the router sends, packed by the turn: to clients and to actors. */
#include "broker/router_inside.h"
#include <assert.h>
#include <errno.h>
#include <string.h>

/* A client that is gone or doesn't read loses its replies, nobody waits for it. */
static void
router_send(router_t *self, uint64_t name)
{
    int trouble = self->ways.client_send(self->ways.argument, name);
    if (trouble == 0)
        return;
    self->dropped++;
    if (trouble == EHOSTUNREACH)
        peers_remove(self->peers, name);
}

/* Bodies of refusals: written once, copied ever after. */
void
router_make_refusals(router_t *self)
{
    for (status_t status = 1; status < ROUTER_REFUSALS; status++) {
        refusal_t *refusal = &self->refusals[status];
        pack_t pack;
        pack_init(&pack, refusal->bytes, sizeof refusal->bytes);
        pack_map(&pack, status == STATUS_BUSY ? 2 : 1);
        pack_key_str(&pack, "error", status_name(status));
        if (status == STATUS_BUSY)
            pack_key_uint(&pack, "retry_ms", self->options.retry_ms);
        assert(!pack.overflow);
        refusal->size = (uint32_t)pack.size;
    }
}

void
router_answer(router_t *self, uint64_t name, const wire_header_t *command, status_t status,
              const void *body, uint32_t size)
{
    wire_header_t header = { .kind = WIRE_REPLY,
                             .operation = command->operation,
                             .status = status,
                             .key = command->key,
                             .request = command->request };
    assert(wire_size(size) <= ROUTER_ANSWERS_BYTES);
    if (self->answers_size + wire_size(size) > ROUTER_ANSWERS_BYTES ||
        self->waiting_count == ROUTER_REPLIES_MAX)
        router_deliver(self);
    uint8_t *to = self->answers + self->answers_size;
    size_t written = wire_put(to, &header, body, size);
    self->answers_size += written;
    router_wait(self, name, to, written);
}

void
router_refuse(router_t *self, uint64_t name, const wire_header_t *command, status_t status)
{
    assert(status > 0 && status < ROUTER_REFUSALS);
    const refusal_t *refusal = &self->refusals[status];
    self->refused++;
    router_answer(self, name, command, status, refusal->bytes, refusal->size);
}

/* Put a reply's bytes in its client's list; they stay where they are until router_deliver(). Those
 * that stand behind one another are one piece. */
void
router_wait(router_t *self, uint64_t name, const uint8_t *bytes, size_t size)
{
    peer_t *peer = name ? peers_find(self->peers, name) : NULL;
    if (!peer) {
        self->dropped++;
        return;
    }
    peer->bytes += (uint32_t)size;
    waiting_t *last = peer->first < 0 ? NULL : &self->waiting[peer->last];
    if (last && last->bytes + last->size == bytes) {
        last->size += (uint32_t)size;
        return;
    }
    assert(self->waiting_count < ROUTER_REPLIES_MAX);
    int32_t at = (int32_t)self->waiting_count++;
    self->waiting[at] = (waiting_t){ .bytes = bytes, .size = (uint32_t)size, .next = -1 };
    if (last) {
        last->next = at;
    } else {
        peer->first = at;
        self->touched[self->touched_count++] = name;
    }
    peer->last = at;
}

/* One message for each client that has replies waiting. */
void
router_deliver(router_t *self)
{
    for (uint32_t i = 0; i < self->touched_count; i++) {
        peer_t *peer = peers_find(self->peers, self->touched[i]);
        if (!peer)
            continue;
        uint8_t *message = self->ways.client_room(self->ways.argument, peer->bytes), *to = message;
        for (int32_t at = peer->first; message && at >= 0; at = self->waiting[at].next) {
            memcpy(to, self->waiting[at].bytes, self->waiting[at].size);
            to += self->waiting[at].size;
        }
        peer->first = peer->last = -1;
        peer->bytes = 0;
        if (message)
            router_send(self, self->touched[i]);
        else
            self->dropped++;
    }
    self->waiting_count = self->touched_count = 0;
    self->answers_size = 0;
}

/* The actor can't be reached: every packed command is answered. */
static void
router_bounce(router_t *self, lane_t *partition)
{
    size_t at = 0;
    wire_route_t route;
    wire_record_t record;
    while (at < partition->out.size) {
        status_t status =
            wire_next_routed(partition->out.bytes, partition->out.size, &at, &route, &record);
        assert(status == STATUS_OK);
        if (route.peer == 0) {
            self->dropped++; /* the outbox sends it again */
            continue;
        }
        router_refuse(self, route.peer, &record.header, STATUS_UNAVAILABLE);
    }
    partition->in_flight -= partition->out.records;
}

static void
router_flush_lane(router_t *self, lane_t *partition)
{
    pack_buffer_t *out = &partition->out;
    if (!out->size)
        return;
    if (!self->ways.actor_send(self->ways.argument, partition->actor, out->bytes, out->size)) {
        partition->actor = 0;
        router_bounce(self, partition);
    }
    out->size = 0;
    out->records = 0;
}

void
router_flush(router_t *self)
{
    for (uint32_t i = 0; i < self->lane_count; i++)
        router_flush_lane(self, &self->lanes[i]);
    router_deliver(self);
}

void
router_forward(router_t *self, const wire_route_t *route, const wire_record_t *record)
{
    lane_t *partition = &self->lanes[route->partition];
    pack_buffer_t *out = &partition->out;
    size_t size = wire_routed_size(record->body_size);
    if (out->size + size > out->room)
        router_flush_lane(self, partition);
    out->size += wire_put_routed(out->bytes + out->size, route, &record->header, record->body,
                                 record->body_size);
    self->forwarded++;
    if (route->peer == 0) /* a tell: its sender bounds what is in flight */
        return;
    out->records++;
    partition->in_flight++;
}
