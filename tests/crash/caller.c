/* caller - see caller.h for the contract. */
#include "tests/crash/caller.h"
#include "broker/mp.h"
#include "broker/operation.h"
#include "broker/status.h"
#include <assert.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

enum {
    CALLER_TIMEOUT_MS = 10000,
    CALLER_BODY_MAX = 4096,
    CALLER_DEADLINE_MS = 20000,
    CALLER_TRIES = 500
};

int64_t
caller_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int
caller_init(caller_t *self)
{
    *self = (caller_t){ 0 };
    zmq_msg_init(&self->answer);
    ssize_t size = getrandom(self->identity, sizeof self->identity, 0);
    return size == (ssize_t)sizeof self->identity ? 0 : -1;
}

static int
caller_hello(caller_t *self)
{
    uint8_t body[64];
    pack_t pack;
    pack_init(&pack, body, sizeof body);
    pack_map(&pack, 1);
    pack_str(&pack, "client");
    pack_bin(&pack, self->identity, sizeof self->identity);
    wire_record_t record;
    mp_t at;
    uint64_t retry_ms;
    if (caller_call(self, OP_HELLO, 0, body, (uint32_t)pack.size, &record) ||
        record.header.status != STATUS_OK ||
        !mp_find(record.body, record.body_size, "busy_retry_ms", &at) ||
        !mp_read_uint(&at, &retry_ms) || retry_ms > 1000)
        return -1;
    self->retry_ms = (uint32_t)retry_ms;
    return 0;
}

int
caller_open(caller_t *self, void *context, const char *endpoint)
{
    int timeout = CALLER_TIMEOUT_MS, none = 0;
    assert(!self->socket);
    self->socket = zmq_socket(context, ZMQ_DEALER);
    if (!self->socket)
        return -1;
    if (zmq_setsockopt(self->socket, ZMQ_RCVTIMEO, &timeout, sizeof timeout) == 0 &&
        zmq_setsockopt(self->socket, ZMQ_SNDTIMEO, &timeout, sizeof timeout) == 0 &&
        zmq_setsockopt(self->socket, ZMQ_LINGER, &none, sizeof none) == 0 &&
        zmq_connect(self->socket, endpoint) == 0 && caller_hello(self) == 0)
        return 0;
    caller_close(self);
    return -1;
}

void
caller_close(caller_t *self)
{
    if (self->socket)
        zmq_close(self->socket);
    self->socket = NULL;
}

int
caller_send(caller_t *self, const void *bytes, uint32_t size)
{
    return zmq_send(self->socket, bytes, size, 0) == (int)size ? 0 : -1;
}

int
caller_receive(caller_t *self, caller_visit_fn *visit, void *argument)
{
    zmq_msg_t message;
    zmq_msg_init(&message);
    int count = 0;
    while (count >= 0 && zmq_msg_recv(&message, self->socket, ZMQ_DONTWAIT) >= 0) {
        size_t size = zmq_msg_size(&message), at = 0;
        wire_record_t record;
        while (at < size && count >= 0) {
            if (wire_next(zmq_msg_data(&message), size, &at, &record) != STATUS_OK) {
                count = -1;
                break;
            }
            visit(argument, &record);
            count++;
        }
    }
    zmq_msg_close(&message);
    return count;
}

int
caller_call(caller_t *self, uint16_t operation, uint64_t key, const void *body, uint32_t size,
            wire_record_t *record)
{
    uint8_t frame[CALLER_BODY_MAX + WIRE_PREFIX_SIZE + WIRE_HEADER_SIZE];
    assert(size <= CALLER_BODY_MAX);
    wire_header_t header = { .kind = WIRE_COMMAND, .operation = operation, .key = key };
    header.request = ++self->request;
    header.moment = operation == OP_HELLO ? 0 : caller_now_ms() + CALLER_DEADLINE_MS;
    uint32_t length = (uint32_t)wire_put(frame, &header, body, size);
    for (int i = 0; i < CALLER_TRIES; i++) {
        size_t at = 0;
        if (caller_send(self, frame, length) || zmq_msg_recv(&self->answer, self->socket, 0) < 0 ||
            wire_next(zmq_msg_data(&self->answer), zmq_msg_size(&self->answer), &at, record) !=
                STATUS_OK ||
            record->header.request != header.request)
            return -1;
        if (record->header.status != STATUS_BUSY && record->header.status != STATUS_UNAVAILABLE)
            return 0;
        struct timespec nap = { .tv_nsec = 20000000 };
        (void)nanosleep(&nap, NULL);
    }
    return -1;
}
