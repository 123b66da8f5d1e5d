/* test_client - the library against a server that a test plays by hand over real sockets.
 *
 * Nobody sleeps: the test turns the client until what it waits for is there, or fails after a
 * bounded time. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <poll.h>
#include <zmq.h>

#include "broker/mp.h"
#include "broker/operation.h"
#include "broker/shard.h"
#include "broker/status.h"
#include "broker/wire.h"
#include "clients/marquee.h"
#include "tests/unit/chance.h"

enum { PATIENCE_MS = 5000, FRAME_MAX = 256 * 1024, SHOWTIME = 7, OTHER_CLOCK_MS = 3600 * 1000 };

typedef struct {
    void *context, *router, *pub;
    char endpoint[64], events[64];
    uint8_t peer[16], frame[FRAME_MAX]; /* of the last message */
    size_t peer_size, frame_size;
    uint32_t partitions;
    int64_t clock_ms; /* ahead of ours */
    marquee_t *client;
} server_t;

static int64_t
wall_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void
bind_at(void *socket, const char *endpoint, char bound[64])
{
    int linger = 0;
    size_t size = 64;
    assert_int_equal(zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof linger), 0);
    assert_int_equal(zmq_bind(socket, endpoint), 0);
    assert_int_equal(zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, bound, &size), 0);
}

static server_t *
server_new(uint32_t partitions)
{
    server_t *self = calloc(1, sizeof *self);
    assert_non_null(self);
    self->partitions = partitions;
    self->context = zmq_ctx_new();
    self->router = zmq_socket(self->context, ZMQ_ROUTER);
    self->pub = zmq_socket(self->context, ZMQ_PUB);
    bind_at(self->router, "tcp://127.0.0.1:*", self->endpoint);
    bind_at(self->pub, "tcp://127.0.0.1:*", self->events);
    return self;
}

static void
server_destroy(server_t *self)
{
    marquee_destroy(&self->client);
    zmq_close(self->router);
    zmq_close(self->pub);
    zmq_ctx_term(self->context);
    free(self);
}

static marquee_t *
server_client(server_t *self, marquee_options_t options)
{
    options.endpoint = self->endpoint;
    options.events = self->events;
    self->client = marquee_new(&options);
    assert_non_null(self->client);
    return self->client;
}

/* The next message, while the client is turned; false when none comes within `patience_ms`. */
static bool
server_receive(server_t *self, int patience_ms)
{
    int64_t until_ms = wall_ms() + patience_ms;
    while (wall_ms() < until_ms) {
        assert_true(marquee_poll(self->client, 1) >= 0);
        int size = zmq_recv(self->router, self->peer, sizeof self->peer, ZMQ_DONTWAIT);
        if (size < 0)
            continue;
        self->peer_size = (size_t)size;
        size = zmq_recv(self->router, self->frame, sizeof self->frame, 0);
        assert_true(size >= 0 && size <= (int)sizeof self->frame);
        self->frame_size = (size_t)size;
        return true;
    }
    return false;
}

/* The only record of the last message. */
static wire_record_t
server_record(const server_t *self)
{
    wire_record_t record;
    size_t at = 0;
    assert_int_equal(wire_next(self->frame, self->frame_size, &at, &record), STATUS_OK);
    assert_int_equal(at, self->frame_size);
    assert_int_equal(record.header.kind, WIRE_COMMAND);
    return record;
}

static void
server_reply(const server_t *self, const wire_header_t *to, uint16_t status, const pack_t *body)
{
    uint8_t frame[1024];
    wire_header_t header = *to;
    header.kind = WIRE_REPLY;
    header.status = status;
    header.moment = 4711;
    size_t size =
        wire_put(frame, &header, body ? body->data : NULL, body ? (uint32_t)body->size : 0);
    assert_true(zmq_send(self->router, self->peer, self->peer_size, ZMQ_SNDMORE) >= 0);
    assert_true(zmq_send(self->router, frame, size, 0) >= 0);
}

/* Answer a hello with a number that says which client it is. */
static void
server_welcome(const server_t *self, const wire_record_t *hello, uint8_t client[16])
{
    uint8_t room[256];
    pack_t body;
    mp_t mp;
    mp_item_t item;
    assert_int_equal(hello->header.operation, OP_HELLO);
    assert_true(hello->header.request != 0);
    assert_true(mp_find(hello->body, hello->body_size, "client", &mp) && mp_next(&mp, &item));
    assert_int_equal(item.type, MP_BIN);
    assert_int_equal(item.size, MARQUEE_CLIENT_SIZE);
    if (client)
        memcpy(client, item.data, item.size);
    pack_init(&body, room, sizeof room);
    pack_map(&body, 5);
    pack_key_uint(&body, "partitions", self->partitions);
    pack_key_str(&body, "role", "admin");
    pack_key_uint(&body, "version", WIRE_VERSION);
    pack_key_int(&body, "now_ms", wall_ms() + self->clock_ms);
    pack_key_uint(&body, "busy_retry_ms", 5);
    server_reply(self, &hello->header, STATUS_OK, &body);
}

static void
server_greet(server_t *self)
{
    assert_true(server_receive(self, PATIENCE_MS));
    wire_record_t hello = server_record(self);
    server_welcome(self, &hello, NULL);
}

/* What a callback was told. */
typedef struct {
    int calls;
    marquee_reply_t reply;
    uint64_t lock;
} told_t;

static void
told(void *argument, const marquee_reply_t *reply)
{
    told_t *self = argument;
    self->calls++;
    self->reply = *reply;
    (void)marquee_reply_number(reply, "lock", &self->lock);
}

static void
until_told(server_t *self, const told_t *told_, int calls)
{
    int64_t until_ms = wall_ms() + PATIENCE_MS;
    while (told_->calls < calls && wall_ms() < until_ms)
        assert_true(marquee_poll(self->client, 5) >= 0);
    assert_int_equal(told_->calls, calls);
}

static void
call_lock(server_t *self, uint64_t showtime, uint32_t timeout_ms, told_t *told_)
{
    uint8_t room[128];
    uint64_t seats[] = { 55, 56 };
    marquee_body_t body;
    marquee_body_init(&body, room, sizeof room);
    marquee_body_number(&body, "user", 7);
    marquee_body_numbers(&body, "seats", seats, 2);
    assert_int_equal(
        marquee_call(self->client, OP_SEATS_LOCK, showtime, &body, timeout_ms, told, told_), 0);
}

static void
reply_lock(const server_t *self, const wire_header_t *to, uint64_t lock)
{
    uint8_t room[64];
    pack_t body;
    pack_init(&body, room, sizeof room);
    pack_map(&body, 1);
    pack_key_uint(&body, "lock", lock);
    server_reply(self, to, STATUS_OK, &body);
}

/* --- the way of a command ------------------------------------------------------------------ */

static void
test_hello_comes_first_and_an_answer_reaches_its_callback(void **state)
{
    (void)state;
    server_t *server = server_new(1);
    told_t one = { 0 };
    server_client(server, (marquee_options_t){ .resend_ms = PATIENCE_MS });
    call_lock(server, SHOWTIME, 0, &one);
    server_greet(server);
    assert_true(server_receive(server, PATIENCE_MS));
    wire_record_t record = server_record(server);
    assert_int_equal(record.header.operation, OP_SEATS_LOCK);
    assert_int_equal(record.header.key, SHOWTIME);
    command_t command;
    wire_route_t route = { .role = ROLE_ADMIN };
    field_t field;
    assert_int_equal(command_decode(&command, &record, &route, &field), STATUS_OK);
    assert_int_equal(command_value(&command, FIELD_SEATS)->seats.count, 2);
    assert_int_equal(command_number(&command, FIELD_USER, 0), 7);
    reply_lock(server, &record.header, 12);
    until_told(server, &one, 1);
    assert_int_equal(one.reply.status, STATUS_OK);
    assert_int_equal(one.reply.sequence, 4711);
    assert_int_equal(one.lock, 12);
    assert_int_equal(marquee_in_flight(server->client), 0);
    assert_string_equal(marquee_role(server->client), "admin");
    server_destroy(server);
}

static void
test_a_late_answer_makes_the_same_bytes_go_out_again(void **state)
{
    (void)state;
    server_t *server = server_new(1);
    told_t one = { 0 };
    server_client(server, (marquee_options_t){ .resend_ms = 20 });
    call_lock(server, SHOWTIME, 0, &one);
    server_greet(server);
    assert_true(server_receive(server, PATIENCE_MS));
    uint8_t first[256];
    size_t first_size = server->frame_size;
    assert_true(first_size <= sizeof first);
    memcpy(first, server->frame, first_size);
    for (int i = 0; i < 3; i++) {
        assert_true(server_receive(server, PATIENCE_MS));
        assert_int_equal(server->frame_size, first_size);
        assert_memory_equal(server->frame, first, first_size);
    }
    wire_record_t record = server_record(server);
    for (int i = 0; i < 4; i++)
        reply_lock(server, &record.header, 12);
    until_told(server, &one, 1);
    for (int i = 0; i < 10; i++)
        assert_true(marquee_poll(server->client, 1) >= 0);
    assert_int_equal(one.calls, 1);
    server_destroy(server);
}

static void
test_a_forgotten_connection_is_greeted_again_and_hears_everything_again(void **state)
{
    (void)state;
    server_t *server = server_new(1);
    told_t tolds[3] = { 0 };
    uint8_t before[3 * 256], identity[16], again[16];
    server_client(server, (marquee_options_t){ .resend_ms = PATIENCE_MS });
    for (int i = 0; i < 3; i++)
        call_lock(server, SHOWTIME, 0, &tolds[i]);
    assert_true(server_receive(server, PATIENCE_MS));
    wire_record_t record = server_record(server);
    server_welcome(server, &record, identity);
    assert_true(server_receive(server, PATIENCE_MS));
    size_t size = server->frame_size;
    assert_true(size <= sizeof before);
    memcpy(before, server->frame, size);
    for (size_t at = 0; at < size;) {
        assert_int_equal(wire_next(server->frame, size, &at, &record), STATUS_OK);
        server_reply(server, &record.header, STATUS_HELLO_FIRST, NULL);
    }
    assert_true(server_receive(server, PATIENCE_MS));
    record = server_record(server);
    server_welcome(server, &record, again);
    assert_memory_equal(again, identity, sizeof again);
    assert_true(server_receive(server, PATIENCE_MS));
    assert_int_equal(server->frame_size, size);
    assert_memory_equal(server->frame, before, size);
    for (size_t at = 0; at < size;) {
        assert_int_equal(wire_next(server->frame, size, &at, &record), STATUS_OK);
        reply_lock(server, &record.header, record.header.request);
    }
    for (int i = 0; i < 3; i++) {
        until_told(server, &tolds[i], 1);
        assert_int_equal(tolds[i].reply.status, STATUS_OK);
    }
    server_destroy(server);
}

static void
test_a_server_that_was_started_again_is_found(void **state)
{
    (void)state;
    server_t *server = server_new(1);
    told_t one = { 0 };
    server_client(server, (marquee_options_t){ .resend_ms = 50 });
    call_lock(server, SHOWTIME, 0, &one);
    server_greet(server);
    assert_true(server_receive(server, PATIENCE_MS));
    uint8_t first[256];
    size_t first_size = server->frame_size;
    memcpy(first, server->frame, first_size);
    zmq_close(server->router);
    server->router = zmq_socket(server->context, ZMQ_ROUTER);
    while (zmq_bind(server->router, server->endpoint) != 0)
        assert_int_equal(errno, EADDRINUSE);
    assert_true(server_receive(server, PATIENCE_MS));
    wire_record_t record = server_record(server);
    assert_int_equal(record.header.operation, OP_SEATS_LOCK); /* it can't know yet */
    server_reply(server, &record.header, STATUS_HELLO_FIRST, NULL);
    server_greet(server);
    assert_true(server_receive(server, PATIENCE_MS));
    assert_int_equal(server->frame_size, first_size);
    assert_memory_equal(server->frame, first, first_size);
    record = server_record(server);
    reply_lock(server, &record.header, 5);
    until_told(server, &one, 1);
    assert_int_equal(one.reply.status, STATUS_OK);
    server_destroy(server);
}

/* --- packing ------------------------------------------------------------------------------- */

static void
test_waiting_commands_travel_together_by_partition(void **state)
{
    (void)state;
    enum { CALLS = 200, PARTITIONS = 5 };
    server_t *server = server_new(PARTITIONS);
    told_t tolds[CALLS] = { 0 };
    uint64_t last[PARTITIONS] = { 0 };
    server_client(server, (marquee_options_t){ .resend_ms = PATIENCE_MS });
    for (uint64_t i = 0; i < CALLS; i++)
        call_lock(server, 1000 + i, 0, &tolds[i]);
    server_greet(server);
    int messages = 0;
    for (int records = 0; records < CALLS; messages++) {
        assert_true(server_receive(server, PATIENCE_MS));
        uint32_t partition = PARTITIONS;
        for (size_t at = 0; at < server->frame_size; records++) {
            wire_record_t record;
            assert_int_equal(wire_next(server->frame, server->frame_size, &at, &record), STATUS_OK);
            uint32_t mine = shard_of(record.header.key, PARTITIONS);
            assert_true(partition == PARTITIONS || partition == mine);
            partition = mine;
            assert_true(record.header.request > last[mine]); /* in the order of the calls */
            last[mine] = record.header.request;
            reply_lock(server, &record.header, record.header.key);
        }
    }
    assert_int_equal(messages, PARTITIONS);
    for (uint64_t i = 0; i < CALLS; i++) {
        until_told(server, &tolds[i], 1);
        assert_int_equal(tolds[i].lock, 1000 + i);
    }
    server_destroy(server);
}

static void
test_messages_stay_within_the_limits(void **state)
{
    (void)state;
    enum { CALLS = WIRE_RECORDS_MAX + 1 };
    server_t *server = server_new(1);
    told_t every = { 0 };
    server_client(server, (marquee_options_t){ .in_flight_max = CALLS, .resend_ms = PATIENCE_MS });
    for (int i = 0; i < CALLS; i++)
        call_lock(server, SHOWTIME, 0, &every);
    server_greet(server);
    static const int expected[] = { WIRE_RECORDS_MAX, 1 };
    for (int i = 0; i < 2; i++) {
        int records = 0;
        wire_record_t record;
        assert_true(server_receive(server, PATIENCE_MS));
        for (size_t at = 0; at < server->frame_size; records++)
            assert_int_equal(wire_next(server->frame, server->frame_size, &at, &record), STATUS_OK);
        assert_int_equal(records, expected[i]);
    }
    server_destroy(server);
}

/* --- what may go wrong --------------------------------------------------------------------- */

static void
busy_server(bool retry, int busies, uint16_t status, told_t *one)
{
    server_t *server = server_new(1);
    uint8_t first[256];
    size_t first_size = 0;
    server_client(server, (marquee_options_t){ .retry = retry, .resend_ms = PATIENCE_MS });
    call_lock(server, SHOWTIME, 0, one);
    server_greet(server);
    for (int i = 0; i <= busies; i++) {
        if (one->calls || !server_receive(server, PATIENCE_MS))
            break;
        wire_record_t record = server_record(server);
        if (i == 0) {
            first_size = server->frame_size;
            memcpy(first, server->frame, first_size);
        }
        assert_int_equal(server->frame_size, first_size);
        assert_memory_equal(server->frame, first, first_size);
        server_reply(server, &record.header, i < busies ? status : STATUS_OK, NULL);
        if (!retry)
            until_told(server, one, 1);
    }
    until_told(server, one, 1);
    server_destroy(server);
}

static void
test_busy_is_said_or_tried_again_as_wished(void **state)
{
    (void)state;
    static const uint16_t statuses[] = { STATUS_BUSY, STATUS_UNAVAILABLE, STATUS_UNKNOWN_OUTCOME };
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        told_t said = { 0 }, tried = { 0 };
        busy_server(false, 1, statuses[i], &said);
        assert_int_equal(said.reply.status, statuses[i]);
        busy_server(true, 3, statuses[i], &tried);
        assert_int_equal(tried.reply.status, STATUS_OK);
    }
}

static void
test_a_deferred_answer_is_waited_for(void **state)
{
    (void)state;
    server_t *server = server_new(1);
    told_t one = { 0 };
    server_client(server, (marquee_options_t){ .resend_ms = PATIENCE_MS });
    call_lock(server, SHOWTIME, 0, &one);
    server_greet(server);
    assert_true(server_receive(server, PATIENCE_MS));
    wire_record_t record = server_record(server);
    server_reply(server, &record.header, STATUS_PENDING, NULL);
    for (int i = 0; i < 10; i++)
        assert_true(marquee_poll(server->client, 1) >= 0);
    assert_int_equal(one.calls, 0);
    reply_lock(server, &record.header, 9);
    until_told(server, &one, 1);
    assert_int_equal(one.lock, 9);
    server_destroy(server);
}

static void
test_an_expired_repeat_does_not_say_that_nothing_was_done(void **state)
{
    (void)state;
    for (int repeats = 0; repeats < 2; repeats++) {
        server_t *server = server_new(1);
        told_t one = { 0 };
        server_client(server, (marquee_options_t){ .resend_ms = repeats ? 10 : PATIENCE_MS });
        call_lock(server, SHOWTIME, 0, &one);
        server_greet(server);
        wire_record_t record;
        for (int copies = 0; copies <= repeats;) { /* a slow greeting was asked for twice */
            assert_true(server_receive(server, PATIENCE_MS));
            record = server_record(server);
            copies += record.header.operation == OP_SEATS_LOCK;
        }
        server_reply(server, &record.header, STATUS_EXPIRED, NULL);
        until_told(server, &one, 1);
        assert_int_equal(one.reply.status, repeats ? STATUS_UNKNOWN_OUTCOME : STATUS_EXPIRED);
        server_destroy(server);
    }
}

static void
test_silence_ends_with_the_timeout(void **state)
{
    (void)state;
    server_t *server = server_new(1);
    told_t unsent = { 0 }, unanswered = { 0 };
    server_client(server, (marquee_options_t){ .resend_ms = PATIENCE_MS });
    call_lock(server, SHOWTIME, 30, &unsent); /* nobody answers the hello */
    until_told(server, &unsent, 1);
    assert_int_equal(unsent.reply.status, MARQUEE_NOT_SENT);
    assert_string_equal(marquee_status_name(unsent.reply.status), "NOT_SENT");
    server_greet(server);
    call_lock(server, SHOWTIME, 200, &unanswered);
    assert_true(server_receive(server, PATIENCE_MS));
    until_told(server, &unanswered, 1);
    assert_int_equal(unanswered.reply.status, MARQUEE_NO_ANSWER);
    assert_int_equal(marquee_in_flight(server->client), 0);
    /* The answer that comes after that finds nobody, not even a newer call in the same place. */
    wire_record_t record = server_record(server);
    reply_lock(server, &record.header, 1);
    for (int i = 0; i < 10; i++)
        assert_true(marquee_poll(server->client, 1) >= 0);
    assert_int_equal(unanswered.calls, 1);
    server_destroy(server);
}

static void
test_nothing_is_promised_without_a_server(void **state)
{
    (void)state;
    marquee_t *client = marquee_new(&(marquee_options_t){ .endpoint = "tcp://127.0.0.1:1" });
    assert_non_null(client);
    marquee_reply_t reply;
    assert_int_equal(marquee_ask(client, OP_SHOWTIME_GET, 1, NULL, 30, &reply), MARQUEE_NOT_SENT);
    assert_int_equal(marquee_partitions(client), 0);
    marquee_destroy(&client);
    assert_null(client);
    marquee_destroy(&client);
}

static void
test_a_refused_hello_ends_every_call(void **state)
{
    (void)state;
    server_t *server = server_new(1);
    told_t one = { 0 }, two = { 0 };
    server_client(server, (marquee_options_t){ .resend_ms = PATIENCE_MS });
    call_lock(server, SHOWTIME, 0, &one);
    assert_true(server_receive(server, PATIENCE_MS));
    wire_record_t hello = server_record(server);
    server_reply(server, &hello.header, STATUS_FORBIDDEN, NULL);
    until_told(server, &one, 1);
    assert_int_equal(one.reply.status, STATUS_FORBIDDEN);
    call_lock(server, SHOWTIME, 0, &two);
    until_told(server, &two, 1);
    assert_int_equal(two.reply.status, STATUS_FORBIDDEN);
    server_destroy(server);
}

static void
test_deadlines_are_in_the_servers_time(void **state)
{
    (void)state;
    server_t *server = server_new(1);
    told_t one = { 0 }, two = { 0 };
    server->clock_ms = OTHER_CLOCK_MS;
    server_client(server, (marquee_options_t){ .resend_ms = PATIENCE_MS });
    call_lock(server, SHOWTIME, 10000, &one);
    server_greet(server);
    assert_true(server_receive(server, PATIENCE_MS));
    int64_t ahead_ms = server_record(server).header.moment - wall_ms() - OTHER_CLOCK_MS;
    assert_in_range(ahead_ms, 4000, 10100);
    call_lock(server, SHOWTIME, UINT32_MAX, &two);
    assert_true(server_receive(server, PATIENCE_MS));
    ahead_ms = server_record(server).header.moment - wall_ms() - OTHER_CLOCK_MS;
    assert_in_range(ahead_ms, 50000, WIRE_DEADLINE_HORIZON_MS);
    server_destroy(server);
}

static void
test_calls_are_bounded_and_bad_ones_refused(void **state)
{
    (void)state;
    server_t *server = server_new(1);
    told_t every = { 0 };
    uint8_t room[16];
    marquee_body_t body;
    marquee_t *client = server_client(server, (marquee_options_t){ .in_flight_max = 3 });
    for (int i = 0; i < 3; i++)
        call_lock(server, SHOWTIME, 0, &every);
    assert_int_equal(marquee_call(client, OP_STATS, 0, NULL, 0, told, &every), -1);
    assert_int_equal(errno, EAGAIN);
    assert_int_equal(marquee_call(client, 0, 0, NULL, 0, told, &every), -1);
    assert_int_equal(errno, EINVAL);
    marquee_body_init(&body, room, sizeof room);
    marquee_body_text(&body, "reason", "longer than the room");
    assert_int_equal(marquee_call(client, OP_SEATS_BLOCK, 1, &body, 0, told, &every), -1);
    assert_int_equal(errno, EMSGSIZE);
    assert_int_equal(marquee_in_flight(client), 3);
    server_destroy(server);
    assert_int_equal(every.calls, 0);
}

static void
test_bodies_are_well_formed(void **state)
{
    (void)state;
    uint8_t room[512];
    uint64_t numbers[] = { 1, 70000 }, number;
    marquee_body_t body;
    marquee_body_init(&body, room, sizeof room);
    assert_true(mp_valid(body.data, body.size));
    for (int i = 0; i < 15; i++) {
        char name[3] = { 'f', (char)('a' + i), 0 };
        switch (i % 4) {
        case 0:
            marquee_body_number(&body, name, 123456);
            break;
        case 1:
            marquee_body_text(&body, name, "Größe");
            break;
        case 2:
            marquee_body_bool(&body, name, true);
            break;
        default:
            marquee_body_numbers(&body, name, numbers, 2);
        }
        assert_true(mp_valid(body.data, body.size));
    }
    assert_false(body.overflow);
    marquee_reply_t reply = { .body = body.data, .body_size = body.size };
    const char *text;
    size_t size;
    assert_true(marquee_reply_number(&reply, "fe", &number));
    assert_int_equal(number, 123456);
    assert_true(marquee_reply_text(&reply, "fb", &text, &size));
    assert_int_equal(size, strlen("Größe"));
    assert_false(marquee_reply_number(&reply, "fb", &number));
    assert_false(marquee_reply_number(&reply, "zz", &number));
    marquee_body_number(&body, "one more", 1);
    assert_true(body.overflow);
}

/* --- events and other loops ---------------------------------------------------------------- */

typedef struct {
    int count;
    marquee_event_t last;
} heard_t;

static void
heard(void *argument, const marquee_event_t *event)
{
    heard_t *self = argument;
    self->count++;
    self->last = *event;
}

static void
publish(const server_t *self, uint64_t showtime, uint64_t number)
{
    uint8_t frame[9 + WIRE_PREFIX_SIZE + WIRE_HEADER_SIZE + 1] = { 'S' };
    for (int i = 0; i < 8; i++)
        frame[1 + i] = (uint8_t)(showtime >> (56 - 8 * i));
    wire_header_t header = {
        .kind = WIRE_EVENT, .operation = OP_SEATS_CHANGED, .key = showtime, .request = number
    };
    static const uint8_t empty = 0x80;
    size_t size = 9 + wire_put(frame + 9, &header, &empty, 1);
    assert_true(zmq_send(self->pub, frame, size, 0) >= 0);
}

static void
test_events_of_followed_showtimes_are_heard(void **state)
{
    (void)state;
    server_t *server = server_new(1);
    heard_t heard_ = { 0 };
    marquee_t *client = server_client(server, (marquee_options_t){ .resend_ms = 100 });
    marquee_on_event(client, heard, &heard_);
    assert_int_equal(marquee_follow(client, SHOWTIME), 0);
    /* Subscriptions travel by themselves: publish until one arrived. */
    int64_t until_ms = wall_ms() + PATIENCE_MS;
    for (uint64_t number = 1; heard_.count == 0 && wall_ms() < until_ms; number++) {
        publish(server, SHOWTIME + 1, number);
        publish(server, SHOWTIME, number);
        assert_true(marquee_poll(client, 5) >= 0);
    }
    assert_true(heard_.count > 0);
    assert_int_equal(heard_.last.showtime, SHOWTIME);
    assert_int_equal(heard_.last.operation, OP_SEATS_CHANGED);
    assert_true(heard_.last.number > 0);
    server_destroy(server);
}

static void
test_the_descriptor_wakes_another_loop(void **state)
{
    (void)state;
    server_t *server = server_new(1);
    told_t one = { 0 };
    marquee_t *client = server_client(server, (marquee_options_t){ .resend_ms = PATIENCE_MS });
    call_lock(server, SHOWTIME, 0, &one);
    server_greet(server);
    assert_true(server_receive(server, PATIENCE_MS));
    wire_record_t record = server_record(server);
    reply_lock(server, &record.header, 3);
    int64_t until_ms = wall_ms() + PATIENCE_MS;
    while (!one.calls && wall_ms() < until_ms) {
        struct pollfd item = { .fd = marquee_fd(client), .events = POLLIN };
        int wait_ms = marquee_wait_ms(client);
        assert_true(poll(&item, 1, wait_ms < PATIENCE_MS ? wait_ms : PATIENCE_MS) >= 0);
        assert_true(marquee_poll(client, 0) >= 0);
    }
    assert_int_equal(one.lock, 3);
    server_destroy(server);
}

/* --- a bad network ------------------------------------------------------------------------- */

enum { CHAOS_CALLS = 400 };

static uint64_t
chaos_random(uint64_t *seed)
{
    chance_t chance = { *seed };
    uint64_t number = chance_next(&chance);
    *seed = chance.state;
    return number;
}

/* The server forgets who it knows, loses commands and answers, is busy, and answers twice; it
 * remembers what it did, and finds every repeat equal to the first. */
static void
chaos_serve(server_t *self, uint64_t *seed, bool *greeted, uint8_t digests[][64], uint64_t *done)
{
    for (size_t at = 0; at < self->frame_size;) {
        wire_record_t record;
        size_t from = at;
        assert_int_equal(wire_next(self->frame, self->frame_size, &at, &record), STATUS_OK);
        uint64_t dice = chaos_random(seed) % 100;
        if (record.header.operation == OP_HELLO) {
            if (dice < 70) {
                server_welcome(self, &record, NULL);
                *greeted = true;
            }
            continue;
        }
        if (!*greeted || dice < 2) {
            *greeted = false;
            server_reply(self, &record.header, STATUS_HELLO_FIRST, NULL);
            continue;
        }
        if (dice < 25)
            continue;
        if (dice < 35) {
            server_reply(self, &record.header, dice < 30 ? STATUS_BUSY : STATUS_UNAVAILABLE, NULL);
            continue;
        }
        uint64_t call = record.header.key;
        assert_true(call < CHAOS_CALLS && at - from <= 64);
        if (!done[call]) {
            done[call] = record.header.request;
            memcpy(digests[call], self->frame + from, at - from);
        }
        assert_int_equal(record.header.request, done[call]);
        assert_memory_equal(digests[call], self->frame + from, at - from);
        if (dice >= 55)
            reply_lock(self, &record.header, call);
        if (dice >= 90)
            reply_lock(self, &record.header, call);
    }
}

static void
test_a_bad_network_loses_and_doubles_nothing(void **state)
{
    (void)state;
    uint64_t seed = (uint64_t)wall_ms(), done[CHAOS_CALLS] = { 0 };
    static uint8_t digests[CHAOS_CALLS][64];
    static told_t tolds[CHAOS_CALLS];
    memset(tolds, 0, sizeof tolds);
    print_message("seed %llu\n", (unsigned long long)seed);
    server_t *server = server_new(3);
    bool greeted = false;
    server_client(server,
                  (marquee_options_t){ .retry = true, .resend_ms = 5, .in_flight_max = 64 });
    uint64_t next = 0;
    int64_t until_ms = wall_ms() + 4 * PATIENCE_MS;
    do {
        while (next < CHAOS_CALLS && marquee_call(server->client, OP_SEATS_RELEASE, next, NULL,
                                                  30000, told, &tolds[next]) == 0)
            next++;
        if (server_receive(server, 3))
            chaos_serve(server, &seed, &greeted, digests, done);
    } while ((next < CHAOS_CALLS || marquee_in_flight(server->client)) && wall_ms() < until_ms);
    for (uint64_t i = 0; i < CHAOS_CALLS; i++) {
        assert_int_equal(tolds[i].calls, 1);
        assert_int_equal(tolds[i].reply.status, STATUS_OK);
        assert_int_equal(tolds[i].lock, i);
        assert_int_equal(tolds[i].reply.request, done[i]);
    }
    server_destroy(server);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hello_comes_first_and_an_answer_reaches_its_callback),
        cmocka_unit_test(test_a_late_answer_makes_the_same_bytes_go_out_again),
        cmocka_unit_test(test_a_forgotten_connection_is_greeted_again_and_hears_everything_again),
        cmocka_unit_test(test_a_server_that_was_started_again_is_found),
        cmocka_unit_test(test_waiting_commands_travel_together_by_partition),
        cmocka_unit_test(test_messages_stay_within_the_limits),
        cmocka_unit_test(test_busy_is_said_or_tried_again_as_wished),
        cmocka_unit_test(test_a_deferred_answer_is_waited_for),
        cmocka_unit_test(test_an_expired_repeat_does_not_say_that_nothing_was_done),
        cmocka_unit_test(test_silence_ends_with_the_timeout),
        cmocka_unit_test(test_nothing_is_promised_without_a_server),
        cmocka_unit_test(test_a_refused_hello_ends_every_call),
        cmocka_unit_test(test_deadlines_are_in_the_servers_time),
        cmocka_unit_test(test_calls_are_bounded_and_bad_ones_refused),
        cmocka_unit_test(test_bodies_are_well_formed),
        cmocka_unit_test(test_events_of_followed_showtimes_are_heard),
        cmocka_unit_test(test_the_descriptor_wakes_another_loop),
        cmocka_unit_test(test_a_bad_network_loses_and_doubles_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
