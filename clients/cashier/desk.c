/* desk - see desk.h for the contract. */
#include "clients/cashier/desk.h"
#include "broker/mp.h"
#include "broker/operation.h"
#include "broker/status.h"
#include "clients/marquee.h"
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <zmq.h>

enum { DESK_NAME = 32, DESK_BODY = 512, DESK_FRAMES_MAX = 256, DESK_HWM = 10000 };

struct desk_case {
    desk_t *desk;
    desk_case_t *next, *before;
    uint8_t peer[DESK_NAME];
    size_t peer_size;
    uint64_t request;
};

struct desk {
    void *context, *socket;
    struct event *event, *again;
    desk_take_fn *take;
    void *argument;
    desk_case_t *cases;
    uint32_t count;
};

static void
desk_send(desk_t *self, const uint8_t *peer, size_t peer_size, const wire_header_t *header,
          const pack_t *pack)
{
    uint8_t frame[WIRE_PREFIX_SIZE + WIRE_HEADER_SIZE + DESK_BODY];
    assert(!pack || (!pack->overflow && pack->size <= DESK_BODY));
    size_t size =
        wire_put(frame, header, pack ? pack->data : NULL, pack ? (uint32_t)pack->size : 0);
    /* A bridge that is gone, or reads nothing, asks again. */
    if (zmq_send(self->socket, peer, peer_size, ZMQ_SNDMORE | ZMQ_DONTWAIT) >= 0)
        (void)zmq_send(self->socket, frame, size, ZMQ_DONTWAIT);
    event_active(self->again, EV_TIMEOUT, 0); /* the descriptor tells once, and may have by now */
}

static void
desk_refuse(desk_t *self, const uint8_t *peer, size_t peer_size, const wire_record_t *record,
            status_t status)
{
    uint8_t body[DESK_BODY];
    pack_t pack;
    pack_init(&pack, body, sizeof body);
    pack_map(&pack, 1);
    pack_key_str(&pack, "error", status_name(status));
    wire_header_t header = { .kind = WIRE_REPLY,
                             .operation = record->header.operation,
                             .status = status,
                             .key = record->header.key,
                             .request = record->header.request };
    desk_send(self, peer, peer_size, &header, &pack);
}

static void
desk_hello(desk_t *self, const uint8_t *peer, size_t peer_size, const wire_record_t *record)
{
    uint8_t body[DESK_BODY];
    struct timespec now;
    pack_t pack;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    pack_init(&pack, body, sizeof body);
    pack_map(&pack, 6);
    pack_key_uint(&pack, "partitions", 1);
    pack_key_uint(&pack, "programmes", 0);
    pack_key_str(&pack, "role", "bridge");
    pack_key_str(&pack, "version", marquee_version());
    pack_key_int(&pack, "now_ms", (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000);
    pack_key_uint(&pack, "busy_retry_ms", 50);
    wire_header_t header = { .kind = WIRE_REPLY,
                             .operation = OP_HELLO,
                             .request = record->header.request };
    desk_send(self, peer, peer_size, &header, &pack);
}

static bool
desk_under_way(const desk_t *self, const uint8_t *peer, size_t peer_size, uint64_t request)
{
    for (const desk_case_t *at = self->cases; at; at = at->next)
        if (at->request == request && at->peer_size == peer_size &&
            memcmp(at->peer, peer, peer_size) == 0)
            return true;
    return false;
}

static desk_case_t *
desk_open(desk_t *self, const uint8_t *peer, size_t peer_size, uint64_t request)
{
    desk_case_t *one = self->count < DESK_CASES_MAX ? calloc(1, sizeof *one) : NULL;
    if (!one)
        return NULL;
    one->desk = self;
    memcpy(one->peer, peer, peer_size);
    one->peer_size = peer_size;
    one->request = request;
    one->next = self->cases;
    if (one->next)
        one->next->before = one;
    self->cases = one;
    self->count++;
    return one;
}

static void
desk_forget(desk_case_t *one)
{
    desk_t *self = one->desk;
    if (one->before)
        one->before->next = one->next;
    else
        self->cases = one->next;
    if (one->next)
        one->next->before = one->before;
    self->count--;
    free(one);
}

static void
desk_command(desk_t *self, const uint8_t *peer, size_t peer_size, const wire_record_t *record)
{
    const wire_route_t route = { .role = ROLE_BRIDGE, .client = 1 };
    command_t command;
    field_t field;
    char provider[16];
    status_t status = command_decode(&command, record, &route, &field);
    if (status != STATUS_OK) {
        desk_refuse(self, peer, peer_size, record, status);
        return;
    }
    if (desk_under_way(self, peer, peer_size, record->header.request))
        return;
    desk_case_t *one = desk_open(self, peer, peer_size, record->header.request);
    if (!one) {
        desk_refuse(self, peer, peer_size, record, STATUS_BUSY);
        return;
    }
    const value_t *raw = command_value(&command, FIELD_RAW);
    text_t head = { "", 0 };
    if (command_has(&command, FIELD_HEAD)) {
        const value_t *value = command_value(&command, FIELD_HEAD);
        head = (text_t){ value->text.data, value->text.size };
    }
    command_text(&command, FIELD_PROVIDER, provider, sizeof provider);
    self->take(self->argument, one, provider, head, (text_t){ raw->text.data, raw->text.size });
}

static void
desk_frame(desk_t *self, const uint8_t *peer, size_t peer_size, const void *frame, size_t size)
{
    size_t at = 0;
    wire_record_t record;
    for (int i = 0; i < WIRE_RECORDS_MAX && at < size; i++) {
        if (wire_next(frame, size, &at, &record) != STATUS_OK)
            return;
        if (record.header.kind != WIRE_COMMAND)
            desk_refuse(self, peer, peer_size, &record, STATUS_BAD_KIND);
        else if (record.header.operation == OP_HELLO)
            desk_hello(self, peer, peer_size, &record);
        else if (record.header.operation == OP_CALLBACK_TAKE)
            desk_command(self, peer, peer_size, &record);
        else
            desk_refuse(self, peer, peer_size, &record, STATUS_UNKNOWN_OPERATION);
    }
}

/* A message is a name and a frame; more frames are nobody's. False: nothing is there. */
static bool
desk_receive(desk_t *self)
{
    uint8_t peer[DESK_NAME];
    zmq_msg_t message;
    int size = zmq_recv(self->socket, peer, sizeof peer, ZMQ_DONTWAIT);
    if (size < 0)
        return false;
    bool first = true, more = true;
    while (more) {
        (void)zmq_msg_init(&message);
        if (zmq_msg_recv(&message, self->socket, ZMQ_DONTWAIT) < 0)
            break;
        more = zmq_msg_more(&message);
        if (first && !more && size > 0 && size <= DESK_NAME)
            desk_frame(self, peer, (size_t)size, zmq_msg_data(&message), zmq_msg_size(&message));
        first = false;
        (void)zmq_msg_close(&message);
    }
    return true;
}

static void
desk_turn(evutil_socket_t fd, short what, void *argument)
{
    desk_t *self = argument;
    (void)fd, (void)what;
    for (int i = 0; i < DESK_FRAMES_MAX; i++)
        if (!desk_receive(self))
            return;
    event_active(self->again, EV_TIMEOUT, 0);
}

static bool
desk_bind(desk_t *self, const char *endpoint)
{
    const int linger = 500, hwm = DESK_HWM, handshake = 1000;
    const int64_t largest = WIRE_MESSAGE_MAX;
    self->context = zmq_ctx_new();
    self->socket = self->context ? zmq_socket(self->context, ZMQ_ROUTER) : NULL;
    return self->socket && zmq_setsockopt(self->socket, ZMQ_LINGER, &linger, sizeof linger) == 0 &&
           zmq_setsockopt(self->socket, ZMQ_SNDHWM, &hwm, sizeof hwm) == 0 &&
           zmq_setsockopt(self->socket, ZMQ_RCVHWM, &hwm, sizeof hwm) == 0 &&
           zmq_setsockopt(self->socket, ZMQ_HANDSHAKE_IVL, &handshake, sizeof handshake) == 0 &&
           zmq_setsockopt(self->socket, ZMQ_MAXMSGSIZE, &largest, sizeof largest) == 0 &&
           zmq_bind(self->socket, endpoint) == 0;
}

desk_t *
desk_new(struct event_base *base, const char *endpoint, desk_take_fn *take, void *argument,
         char *error, size_t room)
{
    desk_t *self = calloc(1, sizeof *self);
    int fd = -1;
    size_t size = sizeof fd;
    if (!self)
        return NULL;
    self->take = take;
    self->argument = argument;
    bool good = desk_bind(self, endpoint) && zmq_getsockopt(self->socket, ZMQ_FD, &fd, &size) == 0;
    if (!good)
        snprintf(error, room, "%.200s: %s", endpoint, zmq_strerror(errno));
    if (good) {
        self->event = event_new(base, fd, EV_READ | EV_PERSIST, desk_turn, self);
        self->again = event_new(base, -1, 0, desk_turn, self);
        good = self->event && self->again && event_add(self->event, NULL) == 0;
    }
    if (!good)
        desk_destroy(&self);
    else
        event_active(self->again, EV_TIMEOUT, 0);
    return self;
}

void
desk_destroy(desk_t **self_p)
{
    desk_t *self = *self_p;
    if (!self)
        return;
    while (self->cases)
        desk_forget(self->cases);
    if (self->event)
        event_free(self->event);
    if (self->again)
        event_free(self->again);
    if (self->socket)
        (void)zmq_close(self->socket);
    if (self->context)
        (void)zmq_ctx_term(self->context);
    free(self);
    *self_p = NULL;
}

void
desk_answer(desk_case_t *one, uint16_t code, const char *type, const char *body)
{
    uint8_t room[DESK_BODY];
    pack_t pack;
    pack_init(&pack, room, sizeof room);
    pack_map(&pack, 3);
    pack_key_uint(&pack, "code", code);
    pack_key_str(&pack, "type", type);
    pack_key_str(&pack, "body", body);
    wire_header_t header = { .kind = WIRE_REPLY,
                             .operation = OP_CALLBACK_TAKE,
                             .request = one->request };
    desk_send(one->desk, one->peer, one->peer_size, &header, &pack);
    desk_forget(one);
}
