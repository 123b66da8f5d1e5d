/* broker - see broker.h for the contract. */
#include "broker/broker.h"
#include "broker/gate.h"
#include "broker/wire.h"
#include <assert.h>
#include <pthread.h>

enum {
    FRONT_PLAIN,
    FRONT_SECURE,
    FRONT_CASHIER,
    FRONT_BRIDGES,
    FRONT_SENDERS,
    FRONTS,
    BROKER_TURN_MESSAGES = 512, /* taken from one socket before the others get their turn */
    BROKER_REST_MS = 1,
    BROKER_HWM = 100000,
    /* Messages that wait here for one client. What is unread is late before it is read, so few:
     * the rest waits with the client, who sees it. */
    BROKER_FRONT_HWM = 128,
};

typedef struct {
    const broker_options_t *options;
    zsock_t *pipe;
    gate_t *gate;
    zsock_t *fronts[FRONTS];
    zsock_t *back, *events_in, *events_out, *secure_events_out;
    router_t *router;
    zmq_msg_t reply; /* the one that the router fills */
    bool stop;
} broker_t;

/* ------------------------------------------------------------------ the router's ways */

/* A client's name is its front's number in the high half and ROUTER's routing id in the low half;
 * libzmq makes routing ids of a zero byte and a 32-bit number. */
static uint64_t
broker_name(uint32_t front, const zmq_msg_t *id)
{
    const uint8_t *bytes = zmq_msg_data((zmq_msg_t *)(uintptr_t)id);
    return (uint64_t)front << 32 | get_u32(bytes + 1);
}

static void
broker_id_of(uint64_t name, uint8_t id[5])
{
    id[0] = 0;
    put_u32(id + 1, (uint32_t)name);
}

static role_t
broker_role_of(void *argument, uint64_t name, const char *public_key)
{
    const broker_t *self = argument;
    switch (name >> 32) {
    case FRONT_PLAIN:
        return self->options->role;
    case FRONT_CASHIER:
        return ROLE_CASHIER;
    case FRONT_BRIDGES:
        return ROLE_BRIDGE;
    case FRONT_SENDERS:
        return ROLE_SENDER;
    default:
        return public_key ? gate_role(self->gate, public_key) : ROLE_NONE;
    }
}

static void *
broker_client_room(void *argument, size_t size)
{
    broker_t *self = argument;
    return zmq_msg_init_size(&self->reply, size) == 0 ? zmq_msg_data(&self->reply) : NULL;
}

static int
broker_client_send(void *argument, uint64_t name)
{
    broker_t *self = argument;
    uint8_t id[5];
    broker_id_of(name, id);
    void *socket = zsock_resolve(self->fronts[name >> 32]);
    if (zmq_send(socket, id, sizeof id, ZMQ_SNDMORE | ZMQ_DONTWAIT) >= 0 &&
        zmq_msg_send(&self->reply, socket, ZMQ_DONTWAIT) >= 0)
        return 0;
    int trouble = errno;
    zmq_msg_close(&self->reply);
    return trouble ? trouble : EIO;
}

static bool
broker_actor_send(void *argument, uint64_t actor, const void *bytes, size_t size)
{
    const broker_t *self = argument;
    uint8_t id[5];
    broker_id_of(actor, id);
    void *socket = zsock_resolve(self->back);
    return zmq_send(socket, id, sizeof id, ZMQ_SNDMORE | ZMQ_DONTWAIT) >= 0 &&
           zmq_send(socket, bytes, size, ZMQ_DONTWAIT) >= 0;
}

static int64_t
broker_wall_ms(void *argument)
{
    (void)argument;
    struct timespec now;
    int rc = clock_gettime(CLOCK_REALTIME, &now);
    assert(rc == 0);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void
broker_warn(void *argument, const char *what)
{
    (void)argument;
    zsys_error("broker: %s", what);
}

static bool
broker_make_router(broker_t *self)
{
    router_options_t options = { .map = self->options->map,
                                 .peers_max = ROUTER_PEERS_MAX,
                                 .in_flight_max = self->options->in_flight_max,
                                 .retry_ms = self->options->retry_ms };
    router_ways_t ways = { .argument = self,
                           .role = broker_role_of,
                           .client_room = broker_client_room,
                           .client_send = broker_client_send,
                           .actor_send = broker_actor_send,
                           .wall_ms = broker_wall_ms,
                           .warn = broker_warn };
    self->router = router_new(&options, &ways);
    return self->router != NULL;
}

/* ------------------------------------------------------------------ messages in */

/* A message of a ROUTER socket: its sender's id, then exactly one frame. False when nothing waits;
 * *good says whether it was one. The caller closes both. */
static bool
broker_receive(zsock_t *from, zmq_msg_t *id, zmq_msg_t *frame, bool *good)
{
    void *socket = zsock_resolve(from);
    zmq_msg_init(id);
    zmq_msg_init(frame);
    if (zmq_msg_recv(id, socket, ZMQ_DONTWAIT) < 0) {
        zmq_msg_close(id);
        return false;
    }
    uint32_t frames = 0;
    for (int more = zmq_msg_more(id); more; more = zmq_msg_more(frame)) {
        if (zmq_msg_recv(frame, socket, ZMQ_DONTWAIT) < 0)
            break;
        frames++;
    }
    *good = frames == 1 && zmq_msg_size(id) == 5 && *(const uint8_t *)zmq_msg_data(id) == 0;
    return true;
}

static bool
broker_front_message(broker_t *self, uint32_t front)
{
    zmq_msg_t id, frame;
    bool good;
    if (!broker_receive(self->fronts[front], &id, &frame, &good))
        return false;
    const char *key = front == FRONT_SECURE ? zmq_msg_gets(&frame, "User-Id") : NULL;
    if (good)
        router_client(self->router, broker_name(front, &id), key, zmq_msg_data(&frame),
                      zmq_msg_size(&frame));
    else
        router_malformed(self->router);
    zmq_msg_close(&frame);
    zmq_msg_close(&id);
    return true;
}

static bool
broker_back_message(broker_t *self)
{
    zmq_msg_t id, frame;
    bool good;
    if (!broker_receive(self->back, &id, &frame, &good))
        return false;
    if (good)
        router_actor(self->router, broker_name(0, &id), zmq_msg_data(&frame), zmq_msg_size(&frame));
    else
        router_malformed(self->router);
    zmq_msg_close(&frame);
    zmq_msg_close(&id);
    return true;
}

/* ------------------------------------------------------------------ birth, loop, death */

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

static const char *
broker_endpoint(zsock_t *socket)
{
    return socket ? zsock_endpoint(socket) : "";
}

static void
broker_pipe(broker_t *self)
{
    zmsg_t *message = zmsg_recv(self->pipe);
    char *word = message ? zmsg_popstr(message) : NULL;
    if (!word || streq(word, "$TERM"))
        self->stop = true;
    else if (streq(word, "ENDPOINTS"))
        zstr_sendx(self->pipe, broker_endpoint(self->fronts[FRONT_PLAIN]),
                   broker_endpoint(self->events_out), broker_endpoint(self->fronts[FRONT_SECURE]),
                   broker_endpoint(self->fronts[FRONT_BRIDGES]),
                   broker_endpoint(self->fronts[FRONT_SENDERS]), NULL);
    zstr_free(&word);
    zmsg_destroy(&message);
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
broker_router(const char *endpoints, gate_t *gate, int receive_max)
{
    zsock_t *socket = zsock_new(ZMQ_ROUTER);
    assert(socket);
    broker_limits(socket);
    zsock_set_router_mandatory(socket, 1);
    zsock_set_rcvhwm(socket, receive_max);
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
        self->fronts[FRONT_SECURE] =
            broker_router(options->secure_clients, self->gate, BROKER_FRONT_HWM);
        self->secure_events_out = broker_publisher(options->secure_events, self->gate);
        if (!self->fronts[FRONT_SECURE] || !self->secure_events_out)
            return false;
    }
    char actors[512], events[512], cashiers[512];
    snprintf(actors, sizeof actors, "%s %s", BROKER_INSIDE, options->actors);
    snprintf(events, sizeof events, "%s %s", BROKER_INSIDE_EVENTS, options->actor_events);
    self->fronts[FRONT_PLAIN] = broker_router(options->clients, NULL, BROKER_FRONT_HWM);
    if (*options->bridges) {
        self->fronts[FRONT_BRIDGES] = broker_router(options->bridges, NULL, BROKER_FRONT_HWM);
        if (!self->fronts[FRONT_BRIDGES])
            return false;
    }
    if (*options->senders) {
        self->fronts[FRONT_SENDERS] = broker_router(options->senders, NULL, BROKER_FRONT_HWM);
        if (!self->fronts[FRONT_SENDERS])
            return false;
    }
    snprintf(cashiers, sizeof cashiers, "%s %s", BROKER_INSIDE_CASHIER,
             options->cashiers ? options->cashiers : "");
    self->fronts[FRONT_CASHIER] = broker_router(cashiers, NULL, BROKER_HWM);
    self->back = broker_router(actors, NULL, BROKER_HWM);
    self->events_out = broker_publisher(options->events, NULL);
    self->events_in = zsock_new(ZMQ_XSUB);
    if (!self->events_in || !broker_bind(self->events_in, events))
        return false;
    if (!self->fronts[FRONT_PLAIN] || !self->fronts[FRONT_CASHIER] || !self->back ||
        !self->events_out)
        return false;
    zsock_set_maxmsgsize(self->back, -1);
    return broker_make_router(self);
}

static void
broker_close(broker_t *self)
{
    router_destroy(&self->router);
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
    router_clock(self->router, zclock_mono());
    if (items[ITEM_PIPE].revents)
        broker_pipe(self);
    for (uint32_t i = 0; items[ITEM_BACK].revents && i < BROKER_TURN_MESSAGES; i++)
        if (!broker_back_message(self))
            break;
    for (int item = ITEM_FRONTS; item < count; item++)
        for (uint32_t i = 0; items[item].revents && i < BROKER_TURN_MESSAGES; i++)
            if (!router_hungry(self->router) ||
                !broker_front_message(self, fronts[item - ITEM_FRONTS]))
                break;
    router_flush(self->router);
    if (items[ITEM_EVENTS_IN].revents)
        broker_pass(self->events_in, self->events_out, self->secure_events_out);
    if (items[ITEM_EVENTS_OUT].revents)
        broker_pass(self->events_out, self->events_in, NULL);
    if (self->secure_events_out && items[ITEM_SECURE_OUT].revents)
        broker_pass(self->secure_events_out, self->events_in, NULL);
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
        /* Behind with refusing: only what makes room is looked at, until a little later. */
        bool hungry = router_hungry(self.router);
        for (int item = ITEM_FRONTS; item < count; item++)
            items[item].revents = 0;
        if (zmq_poll(items, hungry ? count : ITEM_FRONTS,
                     hungry ? ROUTER_HEARTBEAT_MS : BROKER_REST_MS) < 0) {
            if (errno == EINTR)
                continue;
            zsys_error("broker: poll: %s", zmq_strerror(errno));
            break;
        }
        broker_turn(&self, items, count, fronts);
    }
    broker_close(&self);
}
