/* router_front - from clients: judge each command and pass it on, or answer it here. */
#include "broker/router_inside.h"
#include <assert.h>
#include <sodium.h>
#include <string.h>

/* The identity that repeats are known by: what the client says, tied to its key where it has one,
 * so that nobody can ask for another's replies. Never 0. */
static uint64_t
router_client_id(const uint8_t claimed[16], const char *public_key)
{
    uint8_t hash[crypto_generichash_BYTES_MIN];
    size_t key_size = public_key ? strlen(public_key) : 0;
    int rc =
        crypto_generichash(hash, sizeof hash, claimed, 16, (const uint8_t *)public_key, key_size);
    assert(rc == 0);
    return get_u64(hash) | 1;
}

static void
router_hello(router_t *self, peer_t *peer, const wire_record_t *record, const char *public_key)
{
    command_t command;
    field_t field;
    wire_route_t route = { .role = peer->role };
    status_t status = command_decode(&command, record, &route, &field);
    if (status != STATUS_OK) {
        router_refuse(self, peer->name, &record->header, status);
        return;
    }
    const value_t *claimed = command_value(&command, FIELD_CLIENT);
    peer->client = router_client_id((const uint8_t *)claimed->text.data, public_key);
    uint8_t buffer[ROUTER_BODY_MAX];
    pack_t pack;
    pack_init(&pack, buffer, sizeof buffer);
    pack_map(&pack, 7);
    pack_key_uint(&pack, "partitions", self->map.partitions);
    pack_key_uint(&pack, "programmes", self->map.programmes);
    pack_key_uint(&pack, "members", self->map.members);
    pack_key_str(&pack, "role", role_name((role_t)peer->role));
    pack_key_uint(&pack, "version", WIRE_VERSION);
    pack_key_int(&pack, "now_ms", self->wall_ms);
    pack_key_uint(&pack, "busy_retry_ms", self->options.retry_ms);
    router_answer(self, peer->name, &record->header, STATUS_OK, buffer, (uint32_t)pack.size);
}

bool
router_up(const router_t *self, const lane_t *partition)
{
    return partition->actor && self->now_ms - partition->seen_ms < ROUTER_ACTOR_SILENT_MS;
}

static void
router_status(router_t *self, const peer_t *peer, const wire_record_t *record)
{
    pack_t pack;
    pack_init(&pack, self->status_body, self->status_room);
    pack_map(&pack, 8);
    pack_str(&pack, "partitions");
    pack_array(&pack, self->lane_count);
    for (uint32_t i = 0; i < self->lane_count; i++) {
        const lane_t *partition = &self->lanes[i];
        pack_array(&pack, 4);
        pack_uint(&pack, i);
        pack_bool(&pack, router_up(self, partition));
        pack_uint(&pack, partition->in_flight);
        pack_uint(&pack, partition->sequence);
    }
    pack_key_uint(&pack, "clients", peers_count(self->peers));
    pack_key_bool(&pack, "cashier", self->cashiers[0] != 0 || self->cashiers[1] != 0);
    pack_key_bool(&pack, "sender", self->sender != 0);
    pack_key_uint(&pack, "forwarded", self->forwarded);
    pack_key_uint(&pack, "refused", self->refused);
    pack_key_uint(&pack, "dropped", self->dropped);
    pack_key_uint(&pack, "malformed", self->malformed);
    assert(!pack.overflow);
    router_answer(self, peer->name, &record->header, STATUS_OK, pack.data, (uint32_t)pack.size);
}

static void
router_own(router_t *self, peer_t *peer, const wire_record_t *record, const char *public_key)
{
    if (record->header.operation == OP_HELLO)
        router_hello(self, peer, record, public_key);
    else if (peer->client == 0)
        router_refuse(self, peer->name, &record->header, STATUS_HELLO_FIRST);
    else
        router_status(self, peer, record);
}

/* A command that is late is passed on all the same while there is room: its first copy may have
 * been answered, and the actor knows. When half of the room is taken, its work is not worth it. */
static status_t
router_room(router_t *self, const lane_t *partition, const wire_header_t *command)
{
    if (partition->in_flight >= self->options.in_flight_max / 2 && command->moment > 0 &&
        command->moment < self->wall_ms) {
        self->late = true;
        return STATUS_EXPIRED;
    }
    if (partition->in_flight < self->options.in_flight_max)
        return STATUS_OK;
    self->busy_left--;
    return STATUS_BUSY;
}

/* What stands in the way of passing this command on? The partition goes to *number. */
static status_t
router_judge(router_t *self, const peer_t *peer, const wire_record_t *record, uint32_t *number)
{
    if (!peer->client)
        return STATUS_HELLO_FIRST;
    const operation_t *operation = operation_of(record->header.operation);
    if (operation->mode == MODE_MACHINE || !operation_open_to(operation, peer->role))
        return STATUS_FORBIDDEN;
    *number = shard_partition(&self->map, operation->key, record->header.key);
    if (*number == SHARD_NOWHERE)
        return STATUS_WRONG_PARTITION;
    if (record->header.request == 0)
        return STATUS_BAD_FRAME;
    const lane_t *partition = &self->lanes[*number];
    if (!router_up(self, partition))
        return STATUS_UNAVAILABLE;
    return router_room(self, partition, &record->header);
}

static void
router_command(router_t *self, peer_t *peer, const wire_record_t *record, const char *public_key,
               int64_t *only)
{
    const operation_t *operation = operation_of(record->header.operation);
    if (!operation) {
        router_refuse(self, peer->name, &record->header, STATUS_UNKNOWN_OPERATION);
        return;
    }
    if (operation->key == KEY_NONE && operation->mode != MODE_MACHINE) {
        router_own(self, peer, record, public_key);
        return;
    }
    uint32_t number = 0;
    status_t status = router_judge(self, peer, record, &number);
    if (status == STATUS_OK && *only >= 0 && *only != (int64_t)number)
        status = STATUS_MIXED_PARTITIONS;
    if (status != STATUS_OK) {
        router_refuse(self, peer->name, &record->header, status);
        return;
    }
    *only = number;
    wire_route_t route = { .peer = peer->name,
                           .client = peer->client,
                           .role = peer->role,
                           .partition = (uint16_t)number };
    router_forward(self, &route, record);
}

static void
router_record(router_t *self, uint64_t name, const wire_record_t *record, const char *public_key,
              int64_t *only)
{
    peer_t *peer = peers_find(self->peers, name);
    if (!peer) /* forgotten while its replies were sent: it says hello again */
        return;
    if (record->header.kind == WIRE_COMMAND)
        router_command(self, peer, record, public_key, only);
    else if (record->header.kind == WIRE_READY && peer->role == ROLE_CASHIER && peer->client &&
             record->header.key < ROUTER_CASHIERS)
        self->cashiers[record->header.key] = name;
    else if (record->header.kind == WIRE_READY && peer->role == ROLE_SENDER && peer->client)
        self->sender = name;
    else
        router_refuse(self, name, &record->header, STATUS_BAD_KIND);
}

/* One frame of one client. What can't be read ends the frame: where the next record begins is not
 * known then. */
void
router_client(router_t *self, uint64_t name, const char *public_key, const void *bytes, size_t size)
{
    peer_t *peer = peers_find(self->peers, name);
    if (!peer || self->now_ms - peer->seen_ms > ROUTER_HEARTBEAT_MS) {
        peer = peers_add(self->peers, name);
        if (!peer) {
            self->dropped++;
            return;
        }
        peer->seen_ms = self->now_ms;
        peer->role = (uint8_t)self->ways.role(self->ways.argument, name, public_key);
    }
    size_t at = 0;
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
            router_record(self, name, &record, public_key, &only);
    }
    if (status != STATUS_OK) {
        self->malformed++;
        router_refuse(self, name, &record.header, status);
    }
}
