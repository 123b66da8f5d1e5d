/* router - answers of a turn are one message a client; what comes on top of the room is told so,
 * cheaply, and only so much of it. */
#include "broker/router.h"
#include "broker/status.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum {
    ROOM = 8,
    FRAME_MAX = 64 * 1024,
    REPLY_MAX = 512 * 1024,
    ACTOR = 9,
    WALL_MS = 1000000,
    CLIENTS = 3
};

/* One router, and what it sent. */
typedef struct {
    router_t *router;
    uint8_t frame[FRAME_MAX];
    size_t size;
    int64_t now_ms;
    role_t role; /* of who says hello next */
    uint32_t messages[CLIENTS], answers[CLIENTS], by_status[32];
    uint32_t forwarded;
    uint8_t reply[REPLY_MAX];
    size_t reply_size;
} desk_t;

static role_t
desk_role(void *argument, uint64_t client, const char *public_key)
{
    const desk_t *desk = argument;
    (void)client, (void)public_key;
    return desk->role;
}

static void *
desk_room(void *argument, size_t size)
{
    desk_t *desk = argument;
    assert_true(size <= REPLY_MAX);
    desk->reply_size = size;
    return desk->reply;
}

static int
desk_send(void *argument, uint64_t client)
{
    desk_t *desk = argument;
    size_t at = 0;
    wire_record_t record;
    assert_true(client < CLIENTS);
    desk->messages[client]++;
    while (at < desk->reply_size) {
        assert_int_equal(wire_next(desk->reply, desk->reply_size, &at, &record), STATUS_OK);
        assert_true(record.header.status < 32);
        assert_true(mp_valid(record.body, record.body_size));
        desk->answers[client]++;
        desk->by_status[record.header.status]++;
    }
    return 0;
}

static bool
desk_to_actor(void *argument, uint64_t actor, const void *bytes, size_t size)
{
    desk_t *desk = argument;
    size_t at = 0;
    wire_route_t route;
    wire_record_t record;
    assert_int_equal(actor, ACTOR);
    for (; at < size; desk->forwarded++)
        assert_int_equal(wire_next_routed(bytes, size, &at, &route, &record), STATUS_OK);
    return true;
}

static int64_t
desk_wall_ms(void *argument)
{
    const desk_t *desk = argument;
    return WALL_MS + desk->now_ms;
}

static void
desk_warn(void *argument, const char *what)
{
    (void)argument;
    fail_msg("%s", what);
}

static void
desk_forget(desk_t *desk)
{
    memset(desk->messages, 0, sizeof desk->messages);
    memset(desk->answers, 0, sizeof desk->answers);
    memset(desk->by_status, 0, sizeof desk->by_status);
    desk->forwarded = 0;
}

static void
desk_add(desk_t *desk, uint16_t operation, int64_t deadline_ms, const void *body, uint32_t size)
{
    wire_header_t header = { .kind = WIRE_COMMAND,
                             .operation = operation,
                             .key = operation == OP_HELLO ? 0 : 1,
                             .request = 7,
                             .moment = deadline_ms };
    desk->size += wire_put(desk->frame + desk->size, &header, body, size);
}

static void
desk_give(desk_t *desk, uint64_t client)
{
    router_client(desk->router, client, NULL, desk->frame, desk->size);
    desk->size = 0;
}

/* So many commands of a client in one message. */
static void
desk_ask(desk_t *desk, uint64_t client, uint32_t count, int64_t deadline_ms)
{
    static const uint8_t nothing[] = { 0x80 };
    for (uint32_t i = 0; i < count; i++)
        desk_add(desk, OP_SEATS_LOCK, deadline_ms, nothing, sizeof nothing);
    desk_give(desk, client);
}

/* Something of an actor: its ready, or an answer. */
static void
desk_actor(desk_t *desk, wire_kind_t kind, status_t status)
{
    uint8_t frame[256], body[64];
    pack_t pack;
    pack_init(&pack, body, sizeof body);
    pack_map(&pack, 1);
    pack_key_uint(&pack, "partitions", 1);
    wire_route_t route = { .peer = 1, .client = 1 };
    wire_header_t header = { .kind = (uint8_t)kind, .status = status, .request = 7 };
    size_t size = wire_put_routed(frame, &route, &header, body, (uint32_t)pack.size);
    router_actor(desk->router, ACTOR, frame, size);
}

static void
desk_time(desk_t *desk, int64_t ms)
{
    desk->now_ms += ms;
    router_clock(desk->router, desk->now_ms);
}

static void
desk_hello(desk_t *desk, uint64_t client)
{
    static const uint8_t hello[] = "\x81\xa6"
                                   "client\xc4\x10"
                                   "0123456789abcdef";
    desk_add(desk, OP_HELLO, 0, hello, sizeof hello - 1);
    desk_give(desk, client);
}

static int
desk_open(void **state)
{
    desk_t *desk = calloc(1, sizeof *desk);
    if (!desk)
        return -1;
    router_options_t options = {
        .map = { .partitions = 1 }, .peers_max = 16, .in_flight_max = ROOM, .retry_ms = 20
    };
    router_ways_t ways = { .argument = desk,
                           .role = desk_role,
                           .client_room = desk_room,
                           .client_send = desk_send,
                           .actor_send = desk_to_actor,
                           .wall_ms = desk_wall_ms,
                           .warn = desk_warn };
    desk->router = router_new(&options, &ways);
    if (!desk->router)
        return -1;
    desk_time(desk, 100);
    desk_actor(desk, WIRE_READY, STATUS_OK);
    desk->role = ROLE_ADMIN;
    for (uint64_t client = 1; client < CLIENTS; client++)
        desk_hello(desk, client);
    router_flush(desk->router);
    assert_int_equal(desk->by_status[STATUS_OK], CLIENTS - 1);
    desk_forget(desk);
    *state = desk;
    return 0;
}

static int
desk_close(void **state)
{
    desk_t *desk = *state;
    router_destroy(&desk->router);
    free(desk);
    return 0;
}

#define SOON (WALL_MS + 60000)

static void
refusals_of_a_turn_are_one_message_a_client(void **state)
{
    desk_t *desk = *state;
    for (int i = 0; i < 10; i++) {
        desk_ask(desk, 1, 3, SOON);
        desk_ask(desk, 2, 2, SOON);
    }
    assert_int_equal(desk->messages[1] + desk->messages[2], 0);
    router_flush(desk->router);
    assert_int_equal(desk->forwarded, ROOM);
    assert_int_equal(desk->messages[1], 1);
    assert_int_equal(desk->messages[2], 1);
    assert_int_equal(desk->answers[1] + desk->answers[2] + ROOM, 50);
    assert_int_equal(desk->by_status[STATUS_BUSY], 50 - ROOM);
}

static void
more_answers_than_a_turn_holds_leave_early(void **state)
{
    desk_t *desk = *state;
    for (int i = 0; i < 20; i++)
        desk_ask(desk, 1, 500, SOON);
    router_flush(desk->router);
    assert_true(desk->messages[1] > 1);
    assert_int_equal(desk->answers[1] + ROOM, 10000);
}

static void
beyond_its_allowance_nothing_is_read_for_a_while(void **state)
{
    desk_t *desk = *state;
    assert_true(router_hungry(desk->router));
    desk_ask(desk, 1, ROOM + ROUTER_BUSY_MIN * ROUTER_BUSY_STEP_MS - 1, SOON);
    assert_true(router_hungry(desk->router));
    desk_ask(desk, 1, 1 + ROUTER_BUSY_MIN / 2, SOON);
    assert_false(router_hungry(desk->router));
    desk_time(desk, 0);
    assert_false(router_hungry(desk->router));
    desk_time(desk, 1);
    assert_true(router_hungry(desk->router));
}

static void
a_full_partition_does_not_take_what_is_late(void **state)
{
    desk_t *desk = *state;
    desk_ask(desk, 1, 1, WALL_MS); /* late, but there is room: the actor may know its answer */
    desk_ask(desk, 1, ROOM / 2 - 1, SOON);
    desk_ask(desk, 1, 5, WALL_MS);
    router_flush(desk->router);
    assert_int_equal(desk->forwarded, ROOM / 2);
    assert_int_equal(desk->by_status[STATUS_EXPIRED], 5);
    assert_int_equal(desk->by_status[STATUS_BUSY], 0);
}

/* How many BUSY the router tells until it is not hungry any more, given a whole step's time. */
static uint32_t
desk_appetite(desk_t *desk)
{
    uint32_t told = 0;
    desk_time(desk, ROUTER_BUSY_STEP_MS);
    for (; router_hungry(desk->router); told++)
        desk_ask(desk, 1, 1, SOON);
    return told;
}

static void
late_commands_shorten_the_queue_faster_up_to_a_bound(void **state)
{
    desk_t *desk = *state;
    desk_ask(desk, 1, ROOM, SOON);
    uint32_t usual = desk_appetite(desk), most = 0;
    assert_int_equal(usual, ROUTER_BUSY_MIN * ROUTER_BUSY_STEP_MS);
    for (int i = 0; i < 20; i++) {
        desk_ask(desk, 1, 1, WALL_MS);
        most = desk_appetite(desk);
    }
    assert_int_equal(most, ROUTER_BUSY_MAX * ROUTER_BUSY_STEP_MS);
    for (int i = 0; i < 100; i++)
        most = desk_appetite(desk);
    assert_int_equal(most, usual);
}

/* What the router lets through of a role that had said hello. */
static bool
desk_passes(desk_t *desk, uint16_t operation)
{
    desk_forget(desk);
    desk_add(desk, operation, WALL_MS + desk->now_ms + 1000, "\x80", 1);
    desk_give(desk, 1);
    router_flush(desk->router);
    assert_int_equal(desk->forwarded + desk->by_status[STATUS_FORBIDDEN], 1);
    return desk->forwarded == 1;
}

static void
a_bridge_passes_with_what_staff_may_do(void **state)
{
    static const struct {
        role_t role;
        uint16_t operation;
        bool passes;
    } cases[] = { { ROLE_BRIDGE, OP_SEATS_LOCK, true },     { ROLE_BRIDGE, OP_SEATS_BLOCK, true },
                  { ROLE_BRIDGE, OP_ORDER_REFUND, true },   { ROLE_BRIDGE, OP_ECHO, false },
                  { ROLE_BRIDGE, OP_RULES, false },         { ROLE_KIOSK, OP_SEATS_BLOCK, false },
                  { ROLE_KIOSK, OP_TICKET_REDEEM, true },   { ROLE_CASHIER, OP_SEATS_BLOCK, false },
                  { ROLE_SENDER, OP_SEATS_GET, false },     { ROLE_SENDER, OP_SEATS_LOCK, false },
                  { ROLE_ADMIN, OP_MESSAGE_SETTLE, false }, { ROLE_SENDER, OP_MESSAGE_SEND, false },
                  { ROLE_BRIDGE, OP_MESSAGE_SEND, false } };
    desk_t *desk = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        desk_time(desk, 11 * 60 * 1000); /* who was there is forgotten */
        desk_actor(desk, WIRE_READY, STATUS_OK);
        desk->role = cases[i].role;
        desk_hello(desk, 1);
        router_flush(desk->router);
        assert_int_equal(desk_passes(desk, cases[i].operation), cases[i].passes);
    }
}

/* A client of this role says hello, and then that it is ready. */
static void
desk_ready(desk_t *desk, uint64_t client, role_t role, bool hello)
{
    desk->role = role;
    if (hello)
        desk_hello(desk, client);
    wire_header_t header = { .kind = WIRE_READY, .request = 1 };
    desk->size += wire_put(desk->frame + desk->size, &header, NULL, 0);
    desk_give(desk, client);
    router_flush(desk->router);
}

/* Who gets a tell of this operation: the client, or CLIENTS when nobody does. */
static uint64_t
desk_tell(desk_t *desk, uint16_t operation)
{
    uint8_t frame[128];
    static const uint8_t nothing[] = { 0x80 };
    wire_route_t route = { .partition = 0 };
    wire_header_t header = { .kind = WIRE_TELL, .operation = operation, .key = 0, .request = 3 };
    size_t size = wire_put_routed(frame, &route, &header, nothing, sizeof nothing);
    desk_forget(desk);
    router_actor(desk->router, ACTOR, frame, size);
    uint64_t client = 0;
    while (client < CLIENTS && desk->answers[client] == 0)
        client++;
    return client;
}

static void
tells_go_to_who_is_ready_for_them(void **state)
{
    desk_t *desk = *state;
    desk_time(desk, 11 * 60 * 1000);
    assert_int_equal(desk_tell(desk, OP_MESSAGE_SEND), CLIENTS);
    desk_ready(desk, 1, ROLE_SENDER, false); /* no hello yet */
    assert_int_equal(desk_tell(desk, OP_MESSAGE_SEND), CLIENTS);
    desk_forget(desk);
    desk_ready(desk, 2, ROLE_ADMIN, true);
    assert_int_equal(desk->by_status[STATUS_BAD_KIND], 1);
    assert_int_equal(desk_tell(desk, OP_MESSAGE_SEND), CLIENTS);
    desk_ready(desk, 1, ROLE_SENDER, true);
    assert_int_equal(desk_tell(desk, OP_MESSAGE_SEND), 1);
    assert_int_equal(desk_tell(desk, OP_PROVIDER_REFUND), CLIENTS); /* is the cashier's */
    desk_time(desk, 11 * 60 * 1000);
    desk_ready(desk, 2, ROLE_CASHIER, true);
    assert_int_equal(desk_tell(desk, OP_PROVIDER_REFUND), 2);
    desk_time(desk, 11 * 60 * 1000);
    desk_ready(desk, 2, ROLE_SENDER, true); /* the last one to say so */
    assert_int_equal(desk_tell(desk, OP_MESSAGE_SEND), 2);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, desk_open, desk_close)
    const struct CMUnitTest tests[] = {
        TEST(refusals_of_a_turn_are_one_message_a_client),
        TEST(more_answers_than_a_turn_holds_leave_early),
        TEST(beyond_its_allowance_nothing_is_read_for_a_while),
        TEST(a_full_partition_does_not_take_what_is_late),
        TEST(late_commands_shorten_the_queue_faster_up_to_a_bound),
        TEST(a_bridge_passes_with_what_staff_may_do),
        TEST(tells_go_to_who_is_ready_for_them),
    };
    return cmocka_run_group_tests_name("router", tests, NULL, NULL);
}
