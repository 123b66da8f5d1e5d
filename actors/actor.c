/* actor - see actor.h for the contract. */
#include "actors/actor.h"
#include "broker/broker.h"
#include <assert.h>
#include <pthread.h>
#include <sodium.h>
#include <unistd.h>

enum {
    ACTOR_TURN_MESSAGES = 256, /* drained before the partitions get their turn */
    ACTOR_FOLLOWED_SLOTS = 1 << 16,
    ACTOR_TOPIC_SIZE = 9,
    ACTOR_FATAL_GRACE_US = 100 * 1000,
    ACTOR_EXIT_FAULT = 70,
    ACTOR_WAIT_MS = 10,
};

typedef struct {
    const actor_options_t *options;
    zsock_t *pipe, *commands, *events;
    partition_t **partitions; /* in the order of the options */
    int16_t *of_number;       /* partition number -> index, -1: not ours */
    uint8_t *out;
    size_t out_size;
    /* Counting filter over followed showtimes: 0 means that nobody follows any of this slot. */
    uint16_t *followed;
    uint32_t followed_all; /* subscriptions shorter than a whole topic */
    int64_t heartbeat_ms;
    uint64_t malformed;
    bool stop;
} actor_t;

static int64_t
actor_wall_ms(void)
{
    struct timespec now;
    int rc = clock_gettime(CLOCK_REALTIME, &now);
    assert(rc == 0);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ------------------------------------------------------------------ out */

static void
actor_flush(actor_t *self)
{
    if (!self->out_size)
        return;
    if (zmq_send(zsock_resolve(self->commands), self->out, self->out_size, 0) < 0)
        zsys_error("actor: send: %s", zmq_strerror(errno));
    self->out_size = 0;
}

static void
actor_record(void *argument, const wire_route_t *route, const wire_header_t *header,
             const void *body, uint32_t size)
{
    actor_t *self = argument;
    if (self->out_size + wire_routed_size(size) > ACTOR_OUT_BYTES)
        actor_flush(self);
    self->out_size += wire_put_routed(self->out + self->out_size, route, header, body, size);
}

static uint16_t *
actor_followed(const actor_t *self, uint64_t showtime)
{
    uint64_t hash = showtime * UINT64_C(0x9e3779b97f4a7c15);
    return &self->followed[hash >> 48];
}
_Static_assert(ACTOR_FOLLOWED_SLOTS == 1 << 16, "the top 16 bits of a hash index the filter");

static bool
actor_is_followed(void *argument, uint64_t showtime)
{
    const actor_t *self = argument;
    return self->followed_all || *actor_followed(self, showtime);
}

/* Topics begin with a letter for each kind of key. */
static uint8_t
actor_topic_kind(uint16_t operation)
{
    key_kind_t kind = operation_of(operation)->key;
    if (kind == KEY_CINEMA)
        return 'C';
    if (kind == KEY_PARTITION)
        return 'P';
    return kind == KEY_MEMBER ? 'M' : 'S';
}

static void
actor_event(void *argument, uint64_t showtime, const wire_header_t *header, const void *body,
            uint32_t size)
{
    actor_t *self = argument;
    zmq_msg_t message;
    if (zmq_msg_init_size(&message, ACTOR_TOPIC_SIZE + wire_size(size)) != 0)
        return;
    uint8_t *to = zmq_msg_data(&message);
    *to++ = actor_topic_kind(header->operation);
    for (int i = 0; i < 8; i++)
        *to++ = (uint8_t)(showtime >> (56 - 8 * i));
    wire_put(to, header, body, size);
    if (zmq_msg_send(&message, zsock_resolve(self->events), ZMQ_DONTWAIT) < 0)
        zmq_msg_close(&message);
}

static uint64_t
actor_seed(void *argument)
{
    (void)argument;
    uint64_t seed;
    randombytes_buf(&seed, sizeof seed);
    return seed;
}

/* The disk or memory failed: what waits was answered UNKNOWN; let those answers leave, then end
 * the process. Its supervisor starts it again, and it recovers from disk. */
static void
actor_fatal(void *argument, const char *what)
{
    actor_t *self = argument;
    zsys_error("actor: %s; stopping to recover from disk", what);
    actor_flush(self);
    usleep(ACTOR_FATAL_GRACE_US);
    _exit(ACTOR_EXIT_FAULT);
}

/* ------------------------------------------------------------------ between broker and actor */

static void
actor_say(actor_t *self, wire_kind_t kind, uint32_t index)
{
    const site_t *site = &self->options->partitions[index].site;
    uint8_t body[64];
    pack_t pack;
    pack_init(&pack, body, sizeof body);
    pack_map(&pack, 4);
    pack_key_uint(&pack, "partitions", site->partitions);
    pack_key_uint(&pack, "programmes", site->programmes);
    pack_key_uint(&pack, "members", site->members);
    pack_key_uint(&pack, "apply_version", APPLY_VERSION);
    wire_route_t route = { .partition = (uint16_t)site->partition };
    wire_header_t header = { .kind = (uint8_t)kind, .key = site->partition };
    if (self->partitions[index])
        header.moment = (int64_t)partition_sequence(self->partitions[index]);
    actor_record(self, &route, &header, body, (uint32_t)pack.size);
}

static void
actor_say_all(actor_t *self, wire_kind_t kind)
{
    for (uint32_t i = 0; i < self->options->partition_count; i++)
        actor_say(self, kind, i);
    actor_flush(self);
}

static void
actor_echo(actor_t *self, const wire_route_t *route, const wire_record_t *record)
{
    wire_header_t header = record->header;
    header.kind = WIRE_REPLY;
    header.status = STATUS_OK;
    actor_record(self, route, &header, record->body, record->body_size);
}

/* A partition has no room: let it move on until it has. What the broker lets in flight bounds how
 * often this happens. */
static void
actor_wait(partition_t *partition)
{
    zmq_pollitem_t items[] = {
        { .fd = partition_journal_fd(partition), .events = ZMQ_POLLIN },
        { .fd = partition_state_fd(partition), .events = ZMQ_POLLIN },
    };
    partition_turn(partition, actor_wall_ms());
    if (!partition_room(partition) && zmq_poll(items, 2, ACTOR_WAIT_MS) < 0 && errno != EINTR)
        zsys_warning("actor: poll: %s", zmq_strerror(errno));
}

/* Take the commands of one message. All are for one partition, which has room for the next. True
 * when it had to be waited for room: then the turn has taken long enough. */
static bool
actor_message(actor_t *self, const uint8_t *bytes, size_t size, int64_t now_ms)
{
    size_t at = 0;
    bool waited = false;
    while (at < size) {
        wire_route_t route;
        wire_record_t record;
        if (wire_next_routed(bytes, size, &at, &route, &record) != STATUS_OK) {
            self->malformed++;
            return waited;
        }
        if (self->options->echo) {
            actor_echo(self, &route, &record);
            continue;
        }
        int16_t index =
            route.partition < ACTOR_PARTITIONS_MAX ? self->of_number[route.partition] : -1;
        if (index < 0 || (record.header.kind != WIRE_COMMAND && record.header.kind != WIRE_TELL)) {
            self->malformed++;
            continue;
        }
        partition_t *partition = self->partitions[index];
        while (!partition_room(partition)) {
            actor_wait(partition);
            now_ms = actor_wall_ms();
            waited = true;
        }
        partition_accept(partition, &route, &record, now_ms);
    }
    return waited;
}

static bool
actor_room(const actor_t *self)
{
    for (uint32_t i = 0; i < self->options->partition_count; i++)
        if (self->partitions[i] && !partition_room(self->partitions[i]))
            return false;
    return true;
}

static void
actor_receive(actor_t *self, int64_t now_ms)
{
    for (uint32_t i = 0; i < ACTOR_TURN_MESSAGES && actor_room(self); i++) {
        zmq_msg_t message;
        zmq_msg_init(&message);
        if (zmq_msg_recv(&message, zsock_resolve(self->commands), ZMQ_DONTWAIT) < 0) {
            zmq_msg_close(&message);
            return;
        }
        bool waited = actor_message(self, zmq_msg_data(&message), zmq_msg_size(&message), now_ms);
        zmq_msg_close(&message);
        if (waited) /* the broker waits for answers and heartbeats, and the time has moved on */
            return;
    }
}

/* Subscriptions come as 1 or 0 and the topic's prefix. */
static void
actor_subscriptions(actor_t *self)
{
    uint8_t bytes[ACTOR_TOPIC_SIZE + 1];
    int size;
    while ((size = zmq_recv(zsock_resolve(self->events), bytes, sizeof bytes, ZMQ_DONTWAIT)) > 0) {
        uint16_t change = bytes[0] ? 1 : UINT16_MAX; /* plus or minus one */
        if (size < ACTOR_TOPIC_SIZE + 1) {
            self->followed_all += bytes[0] ? 1 : UINT32_MAX;
            continue;
        }
        uint64_t showtime = 0;
        for (int i = 2; i < size && i < ACTOR_TOPIC_SIZE + 1; i++)
            showtime = showtime << 8 | bytes[i];
        uint16_t *slot = actor_followed(self, showtime);
        *slot = (uint16_t)(*slot + change);
    }
}

/* ------------------------------------------------------------------ birth, loop, death */

static bool
actor_open_partitions(actor_t *self)
{
    const actor_options_t *options = self->options;
    self->partitions = calloc(options->partition_count, sizeof(partition_t *));
    self->of_number = malloc(ACTOR_PARTITIONS_MAX * sizeof *self->of_number);
    if (!self->partitions || !self->of_number)
        return false;
    memset(self->of_number, 0xff, ACTOR_PARTITIONS_MAX * sizeof *self->of_number);
    for (uint32_t i = 0; i < options->partition_count && !options->echo; i++) {
        partition_options_t partition = options->partitions[i];
        partition.ways = (partition_ways_t){ .argument = self,
                                             .record = actor_record,
                                             .followed = actor_is_followed,
                                             .event = actor_event,
                                             .seed = actor_seed,
                                             .fatal = actor_fatal };
        char error[PARTITION_ERROR_MAX];
        self->partitions[i] = partition_open(&partition, error);
        if (!self->partitions[i]) {
            zsys_error("partition %u: %s", partition.site.partition, error);
            return false;
        }
        self->of_number[partition.site.partition] = (int16_t)i;
    }
    return true;
}

static bool
actor_open(actor_t *self)
{
    self->out = malloc(ACTOR_OUT_BYTES);
    self->followed = calloc(ACTOR_FOLLOWED_SLOTS, sizeof *self->followed);
    self->commands = zsock_new(ZMQ_DEALER);
    self->events = zsock_new(ZMQ_XPUB);
    if (!self->out || !self->followed || !self->commands || !self->events)
        return false;
    zsock_set_linger(self->commands, 500);
    zsock_set_sndhwm(self->commands, 0); /* bounded by what the broker lets in flight */
    zsock_set_rcvhwm(self->commands, 0);
    if (zsock_connect(self->commands, "%s", self->options->commands) != 0 ||
        zsock_connect(self->events, "%s", self->options->events) != 0) {
        zsys_error("actor: cannot connect to %s: %s", self->options->commands, zmq_strerror(errno));
        return false;
    }
    return actor_open_partitions(self);
}

static void
actor_close(actor_t *self)
{
    for (uint32_t i = 0; self->partitions && i < self->options->partition_count; i++)
        partition_close(&self->partitions[i]);
    if (self->out && self->commands)
        actor_flush(self);
    zsock_destroy(&self->commands);
    zsock_destroy(&self->events);
    free(self->partitions);
    free(self->of_number);
    free(self->out);
    free(self->followed);
}

static long
actor_timeout(const actor_t *self, int64_t now_ms)
{
    int64_t wake = self->heartbeat_ms;
    for (uint32_t i = 0; i < self->options->partition_count; i++) {
        int64_t due = self->partitions[i] ? partition_wake_ms(self->partitions[i]) : INT64_MAX;
        wake = due < wake ? due : wake;
    }
    return wake <= now_ms ? 0 : (long)(wake - now_ms);
}

static int
actor_poll_items(const actor_t *self, zmq_pollitem_t *items)
{
    int count = 0;
    items[count++] = (zmq_pollitem_t){ .socket = zsock_resolve(self->pipe), .events = ZMQ_POLLIN };
    items[count++] =
        (zmq_pollitem_t){ .socket = zsock_resolve(self->commands), .events = ZMQ_POLLIN };
    items[count++] =
        (zmq_pollitem_t){ .socket = zsock_resolve(self->events), .events = ZMQ_POLLIN };
    for (uint32_t i = 0; i < self->options->partition_count && !self->options->echo; i++) {
        items[count++] = (zmq_pollitem_t){ .fd = partition_journal_fd(self->partitions[i]),
                                           .events = ZMQ_POLLIN };
        items[count++] =
            (zmq_pollitem_t){ .fd = partition_state_fd(self->partitions[i]), .events = ZMQ_POLLIN };
    }
    return count;
}

static void
actor_turn(actor_t *self, const zmq_pollitem_t *items)
{
    int64_t now_ms = actor_wall_ms();
    if (items[0].revents) {
        char *word = zstr_recv(self->pipe);
        self->stop = !word || streq(word, "$TERM");
        zstr_free(&word);
    }
    if (items[2].revents)
        actor_subscriptions(self);
    actor_receive(self, now_ms);
    now_ms = actor_wall_ms();
    for (uint32_t i = 0; i < self->options->partition_count && !self->options->echo; i++)
        partition_turn(self->partitions[i], now_ms);
    if (now_ms >= self->heartbeat_ms) {
        self->heartbeat_ms = now_ms + ROUTER_HEARTBEAT_MS;
        actor_say_all(self, WIRE_HEARTBEAT);
    }
    actor_flush(self);
}

static void
actor_loop(actor_t *self)
{
    zmq_pollitem_t *items = calloc(3 + 2 * (size_t)self->options->partition_count, sizeof *items);
    assert(items);
    int count = actor_poll_items(self, items);
    while (!self->stop) {
        if (zmq_poll(items, count, actor_timeout(self, actor_wall_ms())) < 0 && errno != EINTR)
            actor_fatal(self, zmq_strerror(errno));
        actor_turn(self, items);
    }
    free(items);
}

void
actor_run(zsock_t *pipe, void *options)
{
    (void)pthread_setname_np(pthread_self(), "mq-actor");
    zsock_signal(pipe, 0); /* zactor_new() waits for this one and ignores its value */
    actor_t self = { .options = options, .pipe = pipe };
    if (!actor_open(&self)) {
        actor_close(&self);
        zsock_signal(pipe, 1);
        return;
    }
    actor_say_all(&self, WIRE_READY);
    zsock_signal(pipe, 0);
    actor_loop(&self);
    actor_say_all(&self, WIRE_BYE);
    actor_close(&self);
}
