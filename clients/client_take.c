/* client_take - answers and events, as they come in; see client.h and marquee.h. */
#include "broker/operation.h"
#include "broker/status.h"
#include "clients/client.h"
#include <errno.h>
#include <string.h>

enum { CLIENT_FRAMES_MAX = 256 }; /* taken in a row before others get their turn */

static bool
client_is_write(const slot_t *slot)
{
    const operation_t *operation = operation_of(slot->operation);
    return !operation || operation->mode != MODE_READ;
}

/* The server does not know this connection: greet it again. Whatever was sent may have been lost
 * with the last one, or been carried out. */
static void
client_ungreet(marquee_t *self, int64_t now_ms)
{
    if (!self->greeted)
        return;
    self->greeted = false;
    self->hello_ms = now_ms + CLIENT_HELLO_PAUSE_MS;
}

/* In order of request, which is the order of calls: slots come back in it but for one turn. */
static void
client_requeue(marquee_t *self)
{
    uint64_t first = self->request_next & self->slot_mask;
    for (uint64_t i = 0; i <= self->slot_mask; i++) {
        slot_t *slot = &self->slots[(first + i) & self->slot_mask];
        if (!slot->request || slot->queued)
            continue;
        slot->doubt = slot->sends > 0;
        client_enqueue(self, slot);
    }
}

static void
client_greeted(marquee_t *self, const marquee_reply_t *reply)
{
    uint64_t partitions = 0, programmes = 0, members = 0, now_ms = 0, retry_ms;
    const char *role;
    size_t size;
    if (reply->status != STATUS_OK) {
        self->hello_status = reply->status;
        return;
    }
    if (!marquee_reply_number(reply, "partitions", &partitions) || partitions == 0 ||
        partitions > UINT16_MAX) {
        self->hello_status = STATUS_BAD_VERSION;
        return;
    }
    if (!marquee_reply_number(reply, "programmes", &programmes) || programmes > UINT16_MAX)
        programmes = 0; /* a server from before there were any */
    if (!marquee_reply_number(reply, "members", &members) || members > UINT16_MAX)
        members = 0;
    self->map = (shard_map_t){ (uint32_t)partitions, (uint32_t)programmes, (uint32_t)members };
    if (marquee_reply_number(reply, "now_ms", &now_ms) && now_ms <= (uint64_t)TIME_MAX_MS)
        self->clock_ms = (int64_t)now_ms - client_now_ms();
    if (marquee_reply_number(reply, "busy_retry_ms", &retry_ms) && retry_ms <= 1000)
        self->retry_ms = (uint32_t)retry_ms;
    if (marquee_reply_text(reply, "role", &role, &size) && size < sizeof self->role) {
        memcpy(self->role, role, size);
        self->role[size] = 0;
    }
    self->hello_request = 0;
    if (self->tell)
        self->hello_ms = client_now_ms() + CLIENT_READY_MS;
    if (self->greeted)
        return;
    self->greeted = true;
    client_requeue(self);
}

/* Is this answer not the end, but a reason to ask again later? */
static bool
client_try_again(marquee_t *self, slot_t *slot, const marquee_reply_t *reply, int64_t now_ms)
{
    uint64_t wait_ms = self->retry_ms;
    switch (reply->status) {
    case STATUS_HELLO_FIRST:
        client_ungreet(self, now_ms);
        return true;
    case STATUS_PENDING:
        slot->pending = true;
        return true;
    case STATUS_BUSY:
    case STATUS_UNAVAILABLE:
    case STATUS_UNKNOWN_OUTCOME:
        (void)marquee_reply_number(reply, "retry_ms", &wait_ms);
        if (!self->retry || wait_ms >= (uint64_t)(slot->give_up_ms - now_ms))
            return false;
        slot->doubt |= reply->status == STATUS_UNKNOWN_OUTCOME;
        slot->again_ms = now_ms + (int64_t)wait_ms;
        client_due(self, slot->again_ms);
        return true;
    default:
        return false;
    }
}

static int
client_answer(marquee_t *self, const wire_record_t *record, int64_t now_ms)
{
    const wire_header_t *header = &record->header;
    marquee_reply_t reply = {
        .operation = header->operation,
        .status = header->status,
        .key = header->key,
        .request = header->request,
        .sequence = (uint64_t)header->moment,
        .body = record->body,
        .body_size = record->body_size,
    };
    if (header->request == self->hello_request && header->request) {
        client_greeted(self, &reply);
        return 0;
    }
    slot_t *slot = &self->slots[header->request & self->slot_mask];
    if (slot->request != header->request || header->request == 0 || slot->sends == 0)
        return 0; /* the second answer to a command that was sent twice */
    if (client_try_again(self, slot, &reply, now_ms))
        return 0;
    if (reply.status == STATUS_EXPIRED && slot->doubt && client_is_write(slot))
        reply.status =
            STATUS_UNKNOWN_OUTCOME; /* the repeat was late; the first may have been done */
    client_finish(self, slot, &reply);
    return 1;
}

/* An event, or a tell: something that nobody asked for. */
static int
client_take_event(marquee_t *self, const wire_record_t *record, marquee_event_fn *taker,
                  void *argument)
{
    if (!taker)
        return 0;
    marquee_event_t event = {
        .operation = record->header.operation,
        .showtime = record->header.key,
        .number = record->header.request,
        .body = record->body,
        .body_size = record->body_size,
    };
    self->in_callback = true;
    taker(argument, &event);
    self->in_callback = false;
    return 1;
}

/* What is not understood is dropped: a server of a later version may say more than we know. */
static int
client_take_frame(marquee_t *self, zmq_msg_t *message, wire_kind_t kind, size_t at, int64_t now_ms)
{
    const void *frame = zmq_msg_data(message);
    size_t size = zmq_msg_size(message);
    int ran = 0;
    wire_record_t record;
    while (at < size && wire_next(frame, size, &at, &record) == STATUS_OK) {
        if (kind == WIRE_REPLY && record.header.kind == WIRE_TELL)
            ran += client_take_event(self, &record, self->tell, self->tell_argument);
        if (record.header.kind != kind)
            continue;
        ran += kind == WIRE_EVENT
                   ? client_take_event(self, &record, self->event, self->event_argument)
                   : client_answer(self, &record, now_ms);
    }
    return ran;
}

static int
client_drain(marquee_t *self, void *socket, wire_kind_t kind, size_t at, int64_t now_ms)
{
    int ran = 0;
    zmq_msg_t message;
    (void)zmq_msg_init(&message);
    for (int frames = 0; frames < CLIENT_FRAMES_MAX; frames++) {
        int got = link_receive(socket, &message);
        if (got < 0)
            ran = -1;
        if (got <= 0)
            break;
        if (zmq_msg_size(&message) > at)
            ran += client_take_frame(self, &message, kind, at, now_ms);
    }
    (void)zmq_msg_close(&message);
    return ran;
}

int
client_take_answers(marquee_t *self, int64_t now_ms)
{
    return client_drain(self, self->link.commands, WIRE_REPLY, 0, now_ms);
}

int
client_take_events(marquee_t *self, int64_t now_ms)
{
    return client_drain(self, self->link.events, WIRE_EVENT, CLIENT_TOPIC_SIZE, now_ms);
}
