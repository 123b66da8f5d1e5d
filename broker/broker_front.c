/* broker_front - from clients: judge each command and pass it on, or answer it here. */
#include "broker/inside.h"
#include "broker/shard.h"
#include <assert.h>
#include <sodium.h>

static int64_t
broker_wall_ms(void)
{
    struct timespec now;
    int rc = clock_gettime(CLOCK_REALTIME, &now);
    assert(rc == 0);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The identity that repeats are known by: what the client says, tied to its key where it has one,
 * so that nobody can ask for another's replies. Never 0. */
static uint64_t
broker_client_id(const uint8_t claimed[16], const char *public_key)
{
    uint8_t hash[crypto_generichash_BYTES_MIN];
    size_t key_size = public_key ? strlen(public_key) : 0;
    int rc =
        crypto_generichash(hash, sizeof hash, claimed, 16, (const uint8_t *)public_key, key_size);
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

bool
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
        record = (wire_record_t){ 0 }; /* request 0, should the header be unreadable */
        status =
            records < WIRE_RECORDS_MAX ? wire_next(bytes, size, &at, &record) : STATUS_TOO_LARGE;
        if (status == STATUS_OK)
            broker_record(self, name, &record, public_key, &only);
    }
    if (status != STATUS_OK) {
        self->malformed++;
        broker_refuse(self, name, &record.header, status);
    }
}

/* One message of a front: routing id, then exactly one frame. False when nothing waits. */
bool
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
