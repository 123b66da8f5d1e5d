/* broker - see broker.h for the contract: birth, loop, death. */
#include "broker/inside.h"
#include <assert.h>
#include <pthread.h>

/* Pass what waits from one socket to another, or to two. */
static void
broker_pass(zsock_t *from, zsock_t *to, zsock_t *also)
{
    for (uint32_t i = 0; i < BROKER_TURN_MESSAGES; i++) {
        zmq_msg_t message;
        zmq_msg_init(&message);
        if (zmq_msg_recv(&message, zsock_resolve(from), ZMQ_DONTWAIT) < 0) {
            zmq_msg_close(&message);
            return;
        }
        if (also) {
            zmq_msg_t copy;
            zmq_msg_init(&copy);
            zmq_msg_copy(&copy, &message);
            if (zmq_msg_send(&copy, zsock_resolve(also), ZMQ_DONTWAIT) < 0)
                zmq_msg_close(&copy);
        }
        if (zmq_msg_send(&message, zsock_resolve(to), ZMQ_DONTWAIT) < 0)
            zmq_msg_close(&message);
    }
}

static void
broker_pipe(broker_t *self)
{
    zmsg_t *message = zmsg_recv(self->pipe);
    char *word = message ? zmsg_popstr(message) : NULL;
    if (!word || streq(word, "$TERM"))
        self->stop = true;
    else if (streq(word, "ENDPOINTS"))
        zstr_sendx(
            self->pipe, zsock_endpoint(self->fronts[FRONT_PLAIN]), zsock_endpoint(self->events_out),
            self->fronts[FRONT_SECURE] ? zsock_endpoint(self->fronts[FRONT_SECURE]) : "", NULL);
    zstr_free(&word);
    zmsg_destroy(&message);
}

static void
broker_tick(broker_t *self)
{
    if (self->now_ms < self->tick_ms)
        return;
    self->tick_ms = self->now_ms + BROKER_PEER_IDLE_MS / 10;
    peers_sweep(self->peers, self->now_ms - BROKER_PEER_IDLE_MS);
}

static void
broker_limits(zsock_t *socket)
{
    zsock_set_maxmsgsize(socket, WIRE_MESSAGE_MAX);
    zsock_set_handshake_ivl(socket, 1000);
    zsock_set_sndhwm(socket, BROKER_HWM);
    zsock_set_rcvhwm(socket, BROKER_HWM);
    zsock_set_linger(socket, 200);
}

/* Bind to a list of endpoints, separated by spaces. */
static bool
broker_bind(zsock_t *socket, const char *endpoints)
{
    char list[1024];
    if ((size_t)snprintf(list, sizeof list, "%s", endpoints) >= sizeof list)
        return false;
    char *rest = list;
    for (char *one = strsep(&rest, " "); one; one = strsep(&rest, " ")) {
        if (*one && zsock_bind(socket, "%s", one) < 0) {
            zsys_error("broker: cannot bind %s: %s", one, zmq_strerror(errno));
            return false;
        }
    }
    return true;
}

static zsock_t *
broker_router(const char *endpoints, gate_t *gate)
{
    zsock_t *socket = zsock_new(ZMQ_ROUTER);
    assert(socket);
    broker_limits(socket);
    zsock_set_router_mandatory(socket, 1);
    if (gate)
        gate_guard(gate, socket);
    if (!broker_bind(socket, endpoints))
        zsock_destroy(&socket);
    return socket;
}

static zsock_t *
broker_publisher(const char *endpoints, gate_t *gate)
{
    zsock_t *socket = zsock_new(ZMQ_XPUB);
    assert(socket);
    broker_limits(socket);
    if (gate)
        gate_guard(gate, socket);
    if (!broker_bind(socket, endpoints))
        zsock_destroy(&socket);
    return socket;
}

static bool
broker_open(broker_t *self)
{
    const broker_options_t *options = self->options;
    if (*options->secure_clients || *options->secure_events) {
        self->gate = gate_new(options->keys);
        if (!self->gate)
            return false;
        self->fronts[FRONT_SECURE] = broker_router(options->secure_clients, self->gate);
        self->secure_events_out = broker_publisher(options->secure_events, self->gate);
        if (!self->fronts[FRONT_SECURE] || !self->secure_events_out)
            return false;
    }
    char actors[512], events[512];
    snprintf(actors, sizeof actors, "%s %s", BROKER_INSIDE, options->actors);
    snprintf(events, sizeof events, "%s %s", BROKER_INSIDE_EVENTS, options->actor_events);
    self->fronts[FRONT_PLAIN] = broker_router(options->clients, NULL);
    self->fronts[FRONT_CASHIER] = broker_router(BROKER_INSIDE_CASHIER, NULL);
    self->back = broker_router(actors, NULL);
    self->events_out = broker_publisher(options->events, NULL);
    self->events_in = zsock_new(ZMQ_XSUB);
    if (!self->events_in || !broker_bind(self->events_in, events))
        return false;
    if (!self->fronts[FRONT_PLAIN] || !self->fronts[FRONT_CASHIER] || !self->back ||
        !self->events_out)
        return false;
    zsock_set_maxmsgsize(self->back, -1);
    self->peers = peers_new(BROKER_PEERS_MAX);
    self->partitions = calloc(options->partitions, sizeof *self->partitions);
    self->waiting = calloc(BROKER_REPLIES_MAX, sizeof *self->waiting);
    self->touched = calloc(BROKER_REPLIES_MAX, sizeof *self->touched);
    if (!self->peers || !self->partitions || !self->waiting || !self->touched)
        return false;
    for (uint32_t i = 0; i < options->partitions; i++) {
        pack_buffer_t *out = &self->partitions[i].out;
        out->room = BROKER_PACK_BYTES;
        out->bytes = malloc(out->room);
        if (!out->bytes)
            return false;
    }
    return true;
}

static void
broker_close(broker_t *self)
{
    for (uint32_t i = 0; self->partitions && i < self->options->partitions; i++)
        free(self->partitions[i].out.bytes);
    free(self->partitions);
    free(self->waiting);
    free(self->touched);
    peers_destroy(&self->peers);
    for (uint32_t i = 0; i < FRONTS; i++)
        zsock_destroy(&self->fronts[i]);
    zsock_destroy(&self->back);
    zsock_destroy(&self->events_in);
    zsock_destroy(&self->events_out);
    zsock_destroy(&self->secure_events_out);
    gate_destroy(&self->gate);
}

typedef enum {
    ITEM_PIPE,
    ITEM_BACK,
    ITEM_EVENTS_IN,
    ITEM_EVENTS_OUT,
    ITEM_SECURE_OUT,
    ITEM_FRONTS
} poll_item_t;

static int
broker_poll_items(broker_t *self, zmq_pollitem_t items[ITEM_FRONTS + FRONTS],
                  uint32_t fronts[FRONTS])
{
    int count = ITEM_FRONTS;
    zsock_t *fixed[ITEM_FRONTS] = { self->pipe, self->back, self->events_in, self->events_out,
                                    self->secure_events_out };
    for (int i = 0; i < ITEM_FRONTS; i++) /* no second publisher: watch the pipe twice instead */
        items[i] = (zmq_pollitem_t){ .socket = zsock_resolve(fixed[i] ? fixed[i] : self->pipe),
                                     .events = ZMQ_POLLIN };
    for (uint32_t i = 0; i < FRONTS; i++) {
        if (!self->fronts[i])
            continue;
        fronts[count - ITEM_FRONTS] = i;
        items[count++] =
            (zmq_pollitem_t){ .socket = zsock_resolve(self->fronts[i]), .events = ZMQ_POLLIN };
    }
    return count;
}

static void
broker_turn(broker_t *self, const zmq_pollitem_t *items, int count, const uint32_t *fronts)
{
    self->now_ms = zclock_mono();
    if (items[ITEM_PIPE].revents)
        broker_pipe(self);
    for (uint32_t i = 0; items[ITEM_BACK].revents && i < BROKER_TURN_MESSAGES; i++)
        if (!broker_back_message(self))
            break;
    for (int item = ITEM_FRONTS; item < count; item++)
        for (uint32_t i = 0; items[item].revents && i < BROKER_TURN_MESSAGES; i++)
            if (!broker_front_message(self, fronts[item - ITEM_FRONTS]))
                break;
    broker_flush_all(self);
    if (items[ITEM_EVENTS_IN].revents)
        broker_pass(self->events_in, self->events_out, self->secure_events_out);
    if (items[ITEM_EVENTS_OUT].revents)
        broker_pass(self->events_out, self->events_in, NULL);
    if (self->secure_events_out && items[ITEM_SECURE_OUT].revents)
        broker_pass(self->secure_events_out, self->events_in, NULL);
    broker_tick(self);
}

void
broker_actor(zsock_t *pipe, void *options)
{
    (void)pthread_setname_np(pthread_self(), "mq-broker");
    zsock_signal(pipe, 0); /* zactor_new() waits for this one and ignores its value */
    broker_t self = { .options = options, .pipe = pipe };
    if (!broker_open(&self)) {
        broker_close(&self);
        zsock_signal(pipe, 1);
        return;
    }
    zsock_signal(pipe, 0);
    zmq_pollitem_t items[ITEM_FRONTS + FRONTS];
    uint32_t fronts[FRONTS];
    int count = broker_poll_items(&self, items, fronts);
    while (!self.stop) {
        if (zmq_poll(items, count, BROKER_HEARTBEAT_MS) < 0) {
            if (errno == EINTR)
                continue;
            zsys_error("broker: poll: %s", zmq_strerror(errno));
            break;
        }
        broker_turn(&self, items, count, fronts);
    }
    broker_close(&self);
}
