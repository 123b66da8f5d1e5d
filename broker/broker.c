/* broker - see broker.h for the contract. */
#include "broker/broker.h"
#include "broker/gate.h"
#include "broker/peers.h"
#include "broker/shard.h"
#include "broker/status.h"
#include "broker/wire.h"
#include <assert.h>
#include <sodium.h>
#include <unistd.h>

enum {
    FRONT_PLAIN,
    FRONT_SECURE,
    FRONT_CASHIER,
    FRONTS,
    BROKER_TURN_MESSAGES = 512, /* taken from one socket before the others get their turn */
    BROKER_PACK_BYTES = 256 * 1024, /* a partition's message is sent on when it is this big */
    BROKER_REPLIES_MAX = 65536,     /* replies of one message from an actor */
    BROKER_BODY_MAX = 512,          /* a body that the broker itself writes */
    BROKER_HWM = 100000,
};

typedef struct {
    uint8_t *bytes;
    size_t size, room;
    uint32_t records;
} pack_buffer_t;

typedef struct {
    uint64_t actor; /* routing id on the back socket; 0: nobody */
    int64_t seen_ms;
    uint64_t sequence;
    uint32_t in_flight;
    pack_buffer_t out;
} lane_t;

/* A reply waiting to be packed: where it is, and the next one of the same peer. */
typedef struct {
    const uint8_t *bytes;
    uint32_t size;
    int32_t next;
} waiting_t;

typedef struct {
    const broker_options_t *options;
    zsock_t *pipe;
    gate_t *gate;
    zsock_t *fronts[FRONTS];
    zsock_t *back, *events_in, *events_out, *secure_events_out;
    peers_t *peers;
    lane_t *partitions;
    uint64_t cashier; /* peer that executes provider calls; 0: nobody */
    waiting_t *waiting;
    uint64_t *touched; /* peers with something waiting */
    uint32_t waiting_count, touched_count;
    int64_t now_ms, tick_ms; /* monotonic */
    uint64_t forwarded, refused, dropped, malformed;
    bool stop;
} broker_t;

static int64_t
broker_wall_ms(void)
{
    struct timespec now;
    int rc = clock_gettime(CLOCK_REALTIME, &now);
    assert(rc == 0);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ------------------------------------------------------------------ sending to clients */

static void
broker_id_of(uint64_t name, uint8_t id[5])
{
    id[0] = 0;
    for (int i = 0; i < 4; i++)
        id[1 + i] = (uint8_t)(name >> (8 * i));
}

/* A client that is gone or doesn't read loses its replies, nobody waits for it. */
static void
broker_send(broker_t *self, uint64_t name, zmq_msg_t *message)
{
    uint8_t id[5];
    broker_id_of(name, id);
    void *socket = zsock_resolve(self->fronts[name >> 32]);
    if (zmq_send(socket, id, sizeof id, ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0 ||
        zmq_msg_send(message, socket, ZMQ_DONTWAIT) < 0) {
        self->dropped++;
        if (errno == EHOSTUNREACH)
            peers_remove(self->peers, name);
        zmq_msg_close(message);
    }
}

static void
broker_answer(broker_t *self, uint64_t name, const wire_header_t *command, status_t status,
              const void *body, uint32_t size)
{
    wire_header_t header = { .kind = WIRE_REPLY, .operation = command->operation,
                             .status = status, .key = command->key,
                             .request = command->request };
    zmq_msg_t message;
    if (zmq_msg_init_size(&message, wire_size(size)) != 0) {
        self->dropped++;
        return;
    }
    wire_put(zmq_msg_data(&message), &header, body, size);
    broker_send(self, name, &message);
}

static void
broker_refuse(broker_t *self, uint64_t name, const wire_header_t *command, status_t status)
{
    uint8_t buffer[BROKER_BODY_MAX];
    pack_t pack;
    pack_init(&pack, buffer, sizeof buffer);
    pack_map(&pack, status == STATUS_BUSY ? 2 : 1);
    pack_key_str(&pack, "error", status_name(status));
    if (status == STATUS_BUSY)
        pack_key_uint(&pack, "retry_ms", self->options->retry_ms);
    self->refused++;
    broker_answer(self, name, command, status, buffer, (uint32_t)pack.size);
}

/* Put a reply's bytes in its client's list; they stay where they are until broker_deliver(). */
static void
broker_wait(broker_t *self, uint64_t name, const uint8_t *bytes, size_t size)
{
    peer_t *peer = name ? peers_find(self->peers, name) : NULL;
    if (!peer) {
        self->dropped++;
        return;
    }
    assert(self->waiting_count < BROKER_REPLIES_MAX);
    int32_t at = (int32_t)self->waiting_count++;
    self->waiting[at] = (waiting_t){ .bytes = bytes, .size = (uint32_t)size, .next = -1 };
    if (peer->first < 0) {
        peer->first = at;
        self->touched[self->touched_count++] = name;
    } else {
        self->waiting[peer->last].next = at;
    }
    peer->last = at;
    peer->bytes += (uint32_t)size;
}

/* One message for each client that has replies waiting. */
static void
broker_deliver(broker_t *self)
{
    for (uint32_t i = 0; i < self->touched_count; i++) {
        peer_t *peer = peers_find(self->peers, self->touched[i]);
        if (!peer)
            continue;
        zmq_msg_t message;
        bool good = zmq_msg_init_size(&message, peer->bytes) == 0;
        uint8_t *to = good ? zmq_msg_data(&message) : NULL;
        for (int32_t at = peer->first; good && at >= 0; at = self->waiting[at].next) {
            memcpy(to, self->waiting[at].bytes, self->waiting[at].size);
            to += self->waiting[at].size;
        }
        peer->first = peer->last = -1;
        peer->bytes = 0;
        if (good)
            broker_send(self, self->touched[i], &message);
    }
    self->waiting_count = self->touched_count = 0;
}

/* ------------------------------------------------------------------ sending to actors */

static bool
broker_send_actor(broker_t *self, uint64_t actor, const void *bytes, size_t size)
{
    uint8_t id[5];
    broker_id_of(actor, id);
    void *socket = zsock_resolve(self->back);
    return zmq_send(socket, id, sizeof id, ZMQ_SNDMORE | ZMQ_DONTWAIT) >= 0 &&
           zmq_send(socket, bytes, size, ZMQ_DONTWAIT) >= 0;
}

/* The actor can't be reached: every packed command is answered. */
static void
broker_bounce(broker_t *self, lane_t *partition)
{
    size_t at = 0;
    wire_route_t route;
    wire_record_t record;
    while (at < partition->out.size) {
        status_t status = wire_next_routed(partition->out.bytes, partition->out.size, &at, &route,
                                           &record);
        assert(status == STATUS_OK);
        broker_refuse(self, route.peer, &record.header, STATUS_UNAVAILABLE);
    }
    partition->in_flight -= partition->out.records;
}

static void
broker_flush(broker_t *self, lane_t *partition)
{
    pack_buffer_t *out = &partition->out;
    if (!out->size)
        return;
    if (!broker_send_actor(self, partition->actor, out->bytes, out->size)) {
        partition->actor = 0;
        broker_bounce(self, partition);
    }
    out->size = 0;
    out->records = 0;
}

static void
broker_flush_all(broker_t *self)
{
    for (uint32_t i = 0; i < self->options->partitions; i++)
        broker_flush(self, &self->partitions[i]);
}

static void
broker_forward(broker_t *self, lane_t *partition, uint32_t number, const peer_t *peer,
               const wire_record_t *record)
{
    pack_buffer_t *out = &partition->out;
    size_t size = wire_routed_size(record->body_size);
    wire_route_t route = { .peer = peer->name, .client = peer->client, .role = peer->role,
                           .partition = (uint16_t)number };
    if (out->size + size > out->room)
        broker_flush(self, partition);
    out->size += wire_put_routed(out->bytes + out->size, &route, &record->header, record->body,
                                 record->body_size);
    out->records++;
    partition->in_flight++;
    self->forwarded++;
}

/* ------------------------------------------------------------------ what the broker answers itself */

/* The identity that repeats are known by: what the client says, tied to its key where it has one,
 * so that nobody can ask for another's replies. Never 0. */
static uint64_t
broker_client_id(const uint8_t claimed[16], const char *public_key)
{
    uint8_t hash[crypto_generichash_BYTES_MIN];
    size_t key_size = public_key ? strlen(public_key) : 0;
    int rc = crypto_generichash(hash, sizeof hash, claimed, 16, (const uint8_t *)public_key,
                                key_size);
    assert(rc == 0);
    return get_u64(hash) | 1;
}

static void
broker_hello(broker_t *self, peer_t *peer, const wire_record_t *record, const char *public_key)
{
    command_t command;
    field_t field;
    wire_route_t route = { .role = peer->role };
    status_t status = command_decode(&command, record, &route, &field);
    if (status != STATUS_OK) {
        broker_refuse(self, peer->name, &record->header, status);
        return;
    }
    const value_t *claimed = command_value(&command, FIELD_CLIENT);
    peer->client = broker_client_id((const uint8_t *)claimed->text.data, public_key);
    uint8_t buffer[BROKER_BODY_MAX];
    pack_t pack;
    pack_init(&pack, buffer, sizeof buffer);
    pack_map(&pack, 5);
    pack_key_uint(&pack, "partitions", self->options->partitions);
    pack_key_str(&pack, "role", role_name((role_t)peer->role));
    pack_key_uint(&pack, "version", WIRE_VERSION);
    pack_key_int(&pack, "now_ms", broker_wall_ms());
    pack_key_uint(&pack, "busy_retry_ms", self->options->retry_ms);
    broker_answer(self, peer->name, &record->header, STATUS_OK, buffer, (uint32_t)pack.size);
}

static bool
broker_up(const broker_t *self, const lane_t *partition)
{
    return partition->actor && self->now_ms - partition->seen_ms < BROKER_ACTOR_SILENT_MS;
}

static void
broker_status(broker_t *self, const peer_t *peer, const wire_record_t *record)
{
    static uint8_t buffer[BROKER_PARTITIONS_MAX * 32 + BROKER_BODY_MAX];
    pack_t pack;
    pack_init(&pack, buffer, sizeof buffer);
    pack_map(&pack, 7);
    pack_str(&pack, "partitions");
    pack_array(&pack, self->options->partitions);
    for (uint32_t i = 0; i < self->options->partitions; i++) {
        const lane_t *partition = &self->partitions[i];
        pack_array(&pack, 4);
        pack_uint(&pack, i);
        pack_bool(&pack, broker_up(self, partition));
        pack_uint(&pack, partition->in_flight);
        pack_uint(&pack, partition->sequence);
    }
    pack_key_uint(&pack, "clients", peers_count(self->peers));
    pack_key_bool(&pack, "cashier", self->cashier != 0);
    pack_key_uint(&pack, "forwarded", self->forwarded);
    pack_key_uint(&pack, "refused", self->refused);
    pack_key_uint(&pack, "dropped", self->dropped);
    pack_key_uint(&pack, "malformed", self->malformed);
    assert(!pack.overflow);
    broker_answer(self, peer->name, &record->header, STATUS_OK, buffer, (uint32_t)pack.size);
}

static void
broker_own(broker_t *self, peer_t *peer, const wire_record_t *record, const char *public_key)
{
    if (record->header.operation == OP_HELLO)
        broker_hello(self, peer, record, public_key);
    else if (peer->client == 0)
        broker_refuse(self, peer->name, &record->header, STATUS_HELLO_FIRST);
    else
        broker_status(self, peer, record);
}

/* ------------------------------------------------------------------ from clients */

/* What stands in the way of passing this command on? The partition goes to *number. */
static status_t
broker_judge(broker_t *self, const peer_t *peer, const wire_record_t *record, uint32_t *number)
{
    if (!peer->client)
        return STATUS_HELLO_FIRST;
    const operation_t *operation = operation_of(record->header.operation);
    if (operation->mode == MODE_MACHINE || !(operation->roles & peer->role))
        return STATUS_FORBIDDEN;
    if (operation->key == KEY_PARTITION && record->header.key >= self->options->partitions)
        return STATUS_WRONG_PARTITION;
    if (record->header.request == 0)
        return STATUS_BAD_FRAME;
    *number = operation->key == KEY_PARTITION
                  ? (uint32_t)record->header.key
                  : shard_of(record->header.key, self->options->partitions);
    const lane_t *partition = &self->partitions[*number];
    if (!broker_up(self, partition))
        return STATUS_UNAVAILABLE;
    return partition->in_flight >= self->options->in_flight_max ? STATUS_BUSY : STATUS_OK;
}

static void
broker_command(broker_t *self, peer_t *peer, const wire_record_t *record, const char *public_key,
               int64_t *only)
{
    const operation_t *operation = operation_of(record->header.operation);
    if (!operation) {
        broker_refuse(self, peer->name, &record->header, STATUS_UNKNOWN_OPERATION);
        return;
    }
    if (operation->key == KEY_NONE && operation->mode != MODE_MACHINE) {
        broker_own(self, peer, record, public_key);
        return;
    }
    uint32_t number = 0;
    status_t status = broker_judge(self, peer, record, &number);
    if (status == STATUS_OK && *only >= 0 && *only != (int64_t)number)
        status = STATUS_MIXED_PARTITIONS;
    if (status != STATUS_OK) {
        broker_refuse(self, peer->name, &record->header, status);
        return;
    }
    *only = number;
    broker_forward(self, &self->partitions[number], number, peer, record);
}

static void
broker_record(broker_t *self, uint64_t name, const wire_record_t *record, const char *public_key,
              int64_t *only)
{
    peer_t *peer = peers_find(self->peers, name);
    if (!peer) /* forgotten while its replies were sent: it says hello again */
        return;
    if (record->header.kind == WIRE_COMMAND)
        broker_command(self, peer, record, public_key, only);
    else if (record->header.kind == WIRE_READY && peer->role == ROLE_CASHIER && peer->client)
        self->cashier = name;
    else
        broker_refuse(self, name, &record->header, STATUS_BAD_KIND);
}

static role_t
broker_role_of(broker_t *self, uint32_t front, const char *public_key)
{
    switch (front) {
    case FRONT_PLAIN:
        return self->options->role;
    case FRONT_CASHIER:
        return ROLE_CASHIER;
    default:
        return public_key ? gate_role(self->gate, public_key) : ROLE_NONE;
    }
}

/* One frame of one client. What can't be read ends the frame: where the next record begins is not
 * known then. */
static void
broker_frame(broker_t *self, uint32_t front, uint64_t name, zmq_msg_t *frame)
{
    peer_t *peer = peers_find(self->peers, name);
    const char *public_key = NULL;
    if (front == FRONT_SECURE)
        public_key = zmq_msg_gets(frame, "User-Id");
    if (!peer || self->now_ms - peer->seen_ms > BROKER_HEARTBEAT_MS) {
        peer = peers_add(self->peers, name);
        if (!peer) {
            self->dropped++;
            return;
        }
        peer->seen_ms = self->now_ms;
        peer->role = (uint8_t)broker_role_of(self, front, public_key);
    }
    const void *bytes = zmq_msg_data(frame);
    size_t size = zmq_msg_size(frame), at = 0;
    int64_t only = -1;
    wire_record_t record = { 0 };
    status_t status = size <= WIRE_MESSAGE_MAX ? STATUS_OK : STATUS_TOO_LARGE;
    if (size == 0)
        status = STATUS_BAD_FRAME;
    for (uint32_t records = 0; status == STATUS_OK && at < size; records++) {
        status = records < WIRE_RECORDS_MAX ? wire_next(bytes, size, &at, &record)
                                            : STATUS_TOO_LARGE;
        if (status == STATUS_OK)
            broker_record(self, name, &record, public_key, &only);
    }
    if (status != STATUS_OK) {
        self->malformed++;
        broker_refuse(self, name, &record.header, status);
    }
}

/* One message of a front: routing id, then exactly one frame. False when nothing waits. */
static bool
broker_front_message(broker_t *self, uint32_t front)
{
    void *socket = zsock_resolve(self->fronts[front]);
    zmq_msg_t id, frame;
    zmq_msg_init(&id);
    if (zmq_msg_recv(&id, socket, ZMQ_DONTWAIT) < 0) {
        zmq_msg_close(&id);
        return false;
    }
    zmq_msg_init(&frame);
    uint32_t frames = 0;
    for (int more = zmq_msg_more(&id); more; more = zmq_msg_more(&frame)) {
        if (zmq_msg_recv(&frame, socket, ZMQ_DONTWAIT) < 0)
            break;
        frames++;
    }
    const uint8_t *bytes = zmq_msg_data(&id);
    if (frames == 1 && zmq_msg_size(&id) == 5 && bytes[0] == 0)
        broker_frame(self, front, (uint64_t)front << 32 | get_u32(bytes + 1), &frame);
    else
        self->malformed++;
    zmq_msg_close(&frame);
    zmq_msg_close(&id);
    return true;
}

/* ------------------------------------------------------------------ from actors */

static void
broker_ready(broker_t *self, uint64_t actor, const wire_record_t *record)
{
    uint64_t count = 0;
    mp_t mp;
    if (!mp_find(record->body, record->body_size, "partitions", &mp) || !mp_read_uint(&mp, &count) ||
        count != self->options->partitions || record->header.key >= count) {
        zsys_error("broker: an actor of another site was refused (%" PRIu64 " partitions, not %u)",
                   count, self->options->partitions);
        return;
    }
    lane_t *partition = &self->partitions[record->header.key];
    partition->actor = actor;
    partition->seen_ms = self->now_ms;
    partition->sequence = (uint64_t)record->header.moment;
    partition->in_flight = 0;
}

static void
broker_tell(broker_t *self, const uint8_t *bytes, size_t size)
{
    if (self->cashier)
        broker_wait(self, self->cashier, bytes, size);
    else
        self->dropped++; /* the outbox sends it again */
}

static void
broker_actor_record(broker_t *self, uint64_t actor, const wire_route_t *route,
                    const wire_record_t *record, const uint8_t *bytes, size_t size)
{
    lane_t *partition = NULL;
    if (route->partition < self->options->partitions)
        partition = &self->partitions[route->partition];
    switch (record->header.kind) {
    case WIRE_REPLY:
        if (partition && partition->in_flight)
            partition->in_flight--;
        if (partition)
            partition->sequence = (uint64_t)record->header.moment;
        broker_wait(self, route->peer, bytes, size);
        break;
    case WIRE_TELL:
        broker_tell(self, bytes, size);
        break;
    case WIRE_READY:
        broker_ready(self, actor, record);
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

static void
broker_actor_frame(broker_t *self, uint64_t actor, const uint8_t *bytes, size_t size)
{
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
        if (self->waiting_count == BROKER_REPLIES_MAX)
            broker_deliver(self);
        broker_actor_record(self, actor, &route, &record, bytes + begin, at - begin);
    }
    broker_deliver(self);
}

static bool
broker_back_message(broker_t *self)
{
    void *socket = zsock_resolve(self->back);
    zmq_msg_t id, frame;
    zmq_msg_init(&id);
    if (zmq_msg_recv(&id, socket, ZMQ_DONTWAIT) < 0) {
        zmq_msg_close(&id);
        return false;
    }
    zmq_msg_init(&frame);
    const uint8_t *bytes = zmq_msg_data(&id);
    if (zmq_msg_more(&id) && zmq_msg_recv(&frame, socket, ZMQ_DONTWAIT) >= 0 &&
        zmq_msg_size(&id) == 5)
        broker_actor_frame(self, get_u32(bytes + 1), zmq_msg_data(&frame), zmq_msg_size(&frame));
    zmq_msg_close(&frame);
    zmq_msg_close(&id);
    return true;
}

/* ------------------------------------------------------------------ events, pipe, ticks */

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
        zstr_sendx(self->pipe, zsock_endpoint(self->fronts[FRONT_PLAIN]),
                   zsock_endpoint(self->events_out), NULL);
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

/* ------------------------------------------------------------------ birth, loop, death */

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

typedef enum { ITEM_PIPE, ITEM_BACK, ITEM_EVENTS_IN, ITEM_EVENTS_OUT, ITEM_SECURE_OUT, ITEM_FRONTS } poll_item_t;

static int
broker_poll_items(broker_t *self, zmq_pollitem_t items[ITEM_FRONTS + FRONTS], uint32_t fronts[FRONTS])
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
        items[count++] = (zmq_pollitem_t){ .socket = zsock_resolve(self->fronts[i]),
                                           .events = ZMQ_POLLIN };
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
