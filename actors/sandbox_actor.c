/* sandbox_actor - see sandbox_actor.h for the contract. */
#include "actors/sandbox_actor.h"
#include "actors/sandbox.h"
#include "broker/broker.h"
#include "broker/status.h"
#include <assert.h>
#include <pthread.h>

/* The broker forgets clients that are silent for long, so hello is said again now and then. */
enum { SANDBOX_HELLO_MS = 300000 };

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
sandbox_send(sandbox_t *self, const uint8_t *frame, size_t size)
{
    if (size && zmq_send(zsock_resolve(self->socket), frame, size, ZMQ_DONTWAIT) < 0)
        zsys_warning("sandbox: send: %s", zmq_strerror(errno));
}

static void
sandbox_hello(sandbox_t *self)
{
    uint8_t frame[SANDBOX_FRAME_MAX];
    sandbox_send(self, frame, sandbox_greeting(frame));
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
            uint8_t frame[SANDBOX_FRAME_MAX];
            if (record.header.kind == WIRE_REPLY && record.header.status == STATUS_HELLO_FIRST)
                sandbox_hello(self);
            else
                sandbox_send(self, frame, sandbox_answer(&record, sandbox_wall_ms(), frame));
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
