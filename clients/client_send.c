/* client_send - what is queued becomes messages: one per partition, as large as allowed. */
#include "broker/operation.h"
#include "clients/client.h"
#include <assert.h>
#include <string.h>

enum { CLIENT_LANES = 16, CLIENT_MOMENT_AT = WIRE_PREFIX_SIZE + 24 };

/* What is being packed into one message. */
typedef struct {
    uint32_t partition, count;
    size_t size;
    queue_t queue;
} lane_t;

void
queue_push(marquee_t *self, queue_t *queue, slot_t *slot)
{
    uint32_t index = (uint32_t)(slot - self->slots);
    slot->next = CLIENT_NOBODY;
    slot->before = queue->last;
    if (queue->last == CLIENT_NOBODY)
        queue->first = index;
    else
        self->slots[queue->last].next = index;
    queue->last = index;
}

void
queue_remove(marquee_t *self, queue_t *queue, slot_t *slot)
{
    if (slot->before == CLIENT_NOBODY)
        queue->first = slot->next;
    else
        self->slots[slot->before].next = slot->next;
    if (slot->next == CLIENT_NOBODY)
        queue->last = slot->before;
    else
        self->slots[slot->next].before = slot->before;
}

/* Put all of `from` before the others of `to`. */
static void
queue_unread(marquee_t *self, queue_t *to, const queue_t *from)
{
    if (from->first == CLIENT_NOBODY)
        return;
    self->slots[from->last].next = to->first;
    if (to->first == CLIENT_NOBODY)
        to->last = from->last;
    else
        self->slots[to->first].before = from->last;
    to->first = from->first;
}

_Static_assert(CLIENT_NOBODY == SHARD_NOWHERE, "no partition is no partition");

/* Messages carry commands of one partition; what the broker answers itself goes alone. */
static uint32_t
client_partition(const marquee_t *self, const slot_t *slot)
{
    const operation_t *operation = operation_of(slot->operation);
    if (!operation)
        return CLIENT_NOBODY;
    return shard_partition(&self->map, operation->key, slot->key);
}

/* A deadline in the server's time is written once, before the first send. */
static void
slot_stamp(const marquee_t *self, slot_t *slot)
{
    if (slot->sends == 0)
        put_u64(slot->record + CLIENT_MOMENT_AT, (uint64_t)(slot->give_up_ms + self->clock_ms));
}

static void
slot_sent(marquee_t *self, slot_t *slot, int64_t now_ms)
{
    uint32_t shift =
        slot->sends < CLIENT_RESENDS_MAX_SHIFT ? slot->sends : CLIENT_RESENDS_MAX_SHIFT;
    slot->sends++;
    slot->queued = false;
    slot->again_ms = now_ms + ((int64_t)self->resend_ms << shift);
    client_due(self, slot->again_ms < slot->give_up_ms ? slot->again_ms : slot->give_up_ms);
}

/* Send a lane's records as one message. 1: sent, 0: not now, -1: fault; if not 1 they stay. */
static int
lane_send(marquee_t *self, lane_t *lane, int64_t now_ms)
{
    zmq_msg_t message;
    if (zmq_msg_init_size(&message, lane->size))
        return -1;
    uint8_t *to = zmq_msg_data(&message);
    for (uint32_t at = lane->queue.first; at != CLIENT_NOBODY; at = self->slots[at].next) {
        slot_t *slot = &self->slots[at];
        slot_stamp(self, slot);
        memcpy(to, slot->record, slot->size);
        to += slot->size;
    }
    int sent = link_send(&self->link, &message);
    if (sent != 1)
        return sent;
    for (uint32_t at = lane->queue.first; at != CLIENT_NOBODY; at = self->slots[at].next)
        slot_sent(self, &self->slots[at], now_ms);
    *lane = (lane_t){ .queue = { CLIENT_NOBODY, CLIENT_NOBODY } };
    return 1;
}

/* The lane to put a record in, or NULL when one must be sent first; *victim is then that one. */
static lane_t *
lane_for(lane_t *lanes, uint32_t partition, size_t size, lane_t **victim)
{
    lane_t *unused = NULL;
    for (lane_t *lane = lanes; lane < lanes + CLIENT_LANES; lane++) {
        if (lane->count == 0) {
            unused = unused ? unused : lane;
            continue;
        }
        if (lane->partition != partition || partition == CLIENT_NOBODY)
            continue;
        *victim = lane;
        bool fits = lane->count < WIRE_RECORDS_MAX && lane->size + size <= WIRE_MESSAGE_MAX;
        return fits ? lane : NULL;
    }
    *victim = lanes;
    return unused;
}

static int
client_fill_lanes(marquee_t *self, lane_t *lanes, int64_t now_ms)
{
    while (self->queue.first != CLIENT_NOBODY) {
        slot_t *slot = &self->slots[self->queue.first];
        lane_t *victim;
        uint32_t partition = client_partition(self, slot);
        lane_t *lane = lane_for(lanes, partition, slot->size, &victim);
        if (!lane) {
            int sent = lane_send(self, victim, now_ms);
            if (sent != 1)
                return sent;
            continue;
        }
        queue_remove(self, &self->queue, slot);
        queue_push(self, &lane->queue, slot);
        lane->partition = partition;
        lane->count++;
        lane->size += slot->size;
    }
    for (lane_t *lane = lanes; lane < lanes + CLIENT_LANES; lane++) {
        int sent = lane->count ? lane_send(self, lane, now_ms) : 1;
        if (sent != 1)
            return sent;
    }
    return 1;
}

int
client_flush(marquee_t *self, int64_t now_ms)
{
    self->blocked = false;
    if (self->queue.first == CLIENT_NOBODY)
        return 0;
    lane_t lanes[CLIENT_LANES];
    for (size_t i = 0; i < CLIENT_LANES; i++)
        lanes[i] = (lane_t){ .queue = { CLIENT_NOBODY, CLIENT_NOBODY } };
    int sent = client_fill_lanes(self, lanes, now_ms);
    self->blocked = sent == 0;
    for (lane_t *lane = lanes + CLIENT_LANES; lane-- > lanes;)
        queue_unread(self, &self->queue, &lane->queue);
    return sent < 0 ? -1 : 0;
}

int
client_hello(marquee_t *self, int64_t now_ms)
{
    self->blocked = false;
    if (now_ms < self->hello_ms || self->hello_status)
        return 0;
    uint8_t body[32];
    pack_t pack;
    pack_init(&pack, body, sizeof body);
    pack_map(&pack, 1);
    pack_str(&pack, "client");
    pack_bin(&pack, self->client, sizeof self->client);
    assert(!pack.overflow);
    if (!self->hello_request)
        self->hello_request = self->request_next++;
    wire_header_t header = { .kind = WIRE_COMMAND,
                             .operation = OP_HELLO,
                             .request = self->hello_request };
    /* Key 1: of the cashiers that of all providers but the sandbox. */
    wire_header_t ready = { .kind = WIRE_READY, .key = 1, .request = 1 };
    size_t size = wire_size((uint32_t)pack.size);
    zmq_msg_t message;
    if (zmq_msg_init_size(&message, size + (self->tell ? wire_size(0) : 0)))
        return -1;
    uint8_t *to = zmq_msg_data(&message);
    (void)wire_put(to, &header, body, (uint32_t)pack.size);
    if (self->tell)
        (void)wire_put(to + size, &ready, NULL, 0);
    int sent = link_send(&self->link, &message);
    self->blocked = sent == 0;
    if (sent == 1)
        self->hello_ms = now_ms + self->resend_ms;
    return sent < 0 ? -1 : 0;
}
