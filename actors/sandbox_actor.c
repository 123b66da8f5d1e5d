/* sandbox - see sandbox.h for the contract. */
#include "actors/sandbox.h"
#include "broker/broker.h"
#include "broker/status.h"
#include "broker/wire.h"
#include <assert.h>
#include <pthread.h>

enum { SANDBOX_DEADLINE_MS = 30000, SANDBOX_BODY_MAX = 256, SANDBOX_HELLO_MS = 300000 };

typedef struct {
    zsock_t *socket;
} sandbox_t;

static int64_t
sandbox_wall_ms(void)
{
    struct timespec now;
    int rc = clock_gettime(CLOCK_REALTIME, &now);
    assert(rc == 0);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void
sandbox_send(sandbox_t *self, const wire_header_t *header, const void *body, size_t size)
{
    uint8_t frame[WIRE_PREFIX_SIZE + WIRE_HEADER_SIZE + SANDBOX_BODY_MAX];
    assert(size <= SANDBOX_BODY_MAX);
    size_t bytes = wire_put(frame, header, body, (uint32_t)size);
    if (zmq_send(zsock_resolve(self->socket), frame, bytes, ZMQ_DONTWAIT) < 0)
        zsys_warning("sandbox: send: %s", zmq_strerror(errno));
}

/* The broker forgets clients that are silent for long, so hello is said again now and then. */
static void
sandbox_hello(sandbox_t *self)
{
    static const uint8_t identity[16] = "sandbox cashier";
    uint8_t body[SANDBOX_BODY_MAX];
    pack_t pack;
    pack_init(&pack, body, sizeof body);
    pack_map(&pack, 1);
    pack_str(&pack, "client");
    pack_bin(&pack, identity, sizeof identity);
    wire_header_t hello = { .kind = WIRE_COMMAND, .operation = OP_HELLO, .request = 1 };
    sandbox_send(self, &hello, body, pack.size);
    wire_header_t ready = { .kind = WIRE_READY, .request = 1 };
    sandbox_send(self, &ready, NULL, 0);
}

static void
sandbox_refund(sandbox_t *self, const wire_record_t *tell)
{
    mp_t order;
    const char *text;
    uint32_t size;
    if (!mp_find(tell->body, tell->body_size, "order", &order) ||
        !mp_read_str(&order, &text, &size) || size > 32)
        return;
    uint8_t body[SANDBOX_BODY_MAX];
    pack_t pack;
    pack_init(&pack, body, sizeof body);
    pack_map(&pack, 3);
    pack_str(&pack, "order");
    pack_strn(&pack, text, size);
    pack_key_uint(&pack, "tell", tell->header.request);
    pack_key_str(&pack, "outcome", "done");
    /* Tells are numbered per partition, and their key decides the partition: the key's mix makes
     * the request unique over all of them. A repeat is the same request. */
    wire_header_t header = {
        .kind = WIRE_COMMAND,
        .operation = OP_REFUND_SETTLE,
        .key = tell->header.key,
        .request = tell->header.request,
        .moment = sandbox_wall_ms() + SANDBOX_DEADLINE_MS,
    };
    sandbox_send(self, &header, body, pack.size);
}

static void
sandbox_receive(sandbox_t *self)
{
    zmq_msg_t message;
    zmq_msg_init(&message);
    while (zmq_msg_recv(&message, zsock_resolve(self->socket), ZMQ_DONTWAIT) >= 0) {
        const void *bytes = zmq_msg_data(&message);
        size_t size = zmq_msg_size(&message), at = 0;
        wire_record_t record;
        while (at < size && wire_next(bytes, size, &at, &record) == STATUS_OK) {
            if (record.header.kind == WIRE_TELL && record.header.operation == OP_PROVIDER_REFUND)
                sandbox_refund(self, &record);
            else if (record.header.kind == WIRE_REPLY && record.header.status == STATUS_HELLO_FIRST)
                sandbox_hello(self);
        }
    }
    zmq_msg_close(&message);
}

void
sandbox_run(zsock_t *pipe, void *unused)
{
    (void)pthread_setname_np(pthread_self(), "mq-sandbox");
    zsock_signal(pipe, 0); /* zactor_new() waits for this one and ignores its value */
    (void)unused;
    sandbox_t self = { .socket = zsock_new(ZMQ_DEALER) };
    if (!self.socket || zsock_connect(self.socket, "%s", BROKER_INSIDE_CASHIER) != 0) {
        zsock_destroy(&self.socket);
        zsock_signal(pipe, 1);
        return;
    }
    sandbox_hello(&self);
    zsock_signal(pipe, 0);
    zmq_pollitem_t items[] = {
        { .socket = zsock_resolve(pipe), .events = ZMQ_POLLIN },
        { .socket = zsock_resolve(self.socket), .events = ZMQ_POLLIN },
    };
    for (;;) {
        int rc = zmq_poll(items, 2, SANDBOX_HELLO_MS);
        if (rc < 0 && errno != EINTR)
            break;
        if (rc == 0)
            sandbox_hello(&self);
        if (items[0].revents)
            break;
        sandbox_receive(&self);
    }
    zsock_destroy(&self.socket);
}
