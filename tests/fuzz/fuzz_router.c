/* fuzz_router - frames of hostile clients and of broken actors: every command is answered or passed
 * on exactly once, and nothing else is passed on. Input: for each frame a byte whose, two bytes of
 * length, the bytes. */
#include "broker/router.h"
#include "broker/status.h"
#include "broker/wire.h"
#include "tests/fuzz/fuzz.h"
#include <stdlib.h>

/* ROUTER_MEMORY: peers and an actor that are new with this input. */
enum { CLIENTS = 3, PARTITIONS = 2, ROUTER_MEMORY = 64 * 1024 };

static uint8_t reply[WIRE_MESSAGE_MAX * 4];
static size_t reply_size;
static uint64_t answers, passed_on;

static role_t
fuzz_role(void *argument, uint64_t client, const char *public_key)
{
    (void)argument, (void)public_key;
    return client == 1 ? ROLE_ADMIN : client == 2 ? ROLE_KIOSK : ROLE_CASHIER;
}

static void *
fuzz_room(void *argument, size_t size)
{
    (void)argument;
    FUZZ_HOLDS(size > 0);
    reply_size = size;
    return size <= sizeof reply ? reply : NULL;
}

static int
fuzz_send(void *argument, uint64_t client)
{
    (void)argument;
    size_t at = 0;
    wire_record_t record;
    FUZZ_HOLDS(client >= 1 && client <= CLIENTS);
    while (at < reply_size) {
        if (wire_next(reply, reply_size, &at, &record) != STATUS_OK)
            break; /* a broken actor's words are carried as they are */
        answers += record.header.kind == WIRE_REPLY;
    }
    return 0;
}

static bool
fuzz_pass(void *argument, uint64_t actor, const void *bytes, size_t size)
{
    (void)argument;
    size_t at = 0;
    wire_record_t record;
    wire_route_t route;
    FUZZ_HOLDS(actor > 0);
    while (at < size) {
        FUZZ_HOLDS(wire_next_routed(bytes, size, &at, &route, &record) == STATUS_OK);
        const operation_t *operation = operation_of(record.header.operation);
        FUZZ_HOLDS(record.header.kind == WIRE_COMMAND && operation);
        FUZZ_HOLDS(operation->mode != MODE_MACHINE && operation->roles & route.role);
        FUZZ_HOLDS(route.client != 0 && record.header.request != 0);
        FUZZ_HOLDS(route.partition < PARTITIONS);
        passed_on++;
    }
    return true;
}

static int64_t
fuzz_wall(void *argument)
{
    (void)argument;
    return 1000000;
}

static void
fuzz_warn(void *argument, const char *what)
{
    (void)argument, (void)what;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    router_options_t options = {
        .map = { .partitions = PARTITIONS }, .peers_max = 4, .in_flight_max = 8, .retry_ms = 20
    };
    router_ways_t ways = { .role = fuzz_role,
                           .client_room = fuzz_room,
                           .client_send = fuzz_send,
                           .actor_send = fuzz_pass,
                           .wall_ms = fuzz_wall,
                           .warn = fuzz_warn };
    /* One router for all inputs, but each begins when everybody has been forgotten. */
    static router_t *router;
    static int64_t now_ms;
    if (!router && !(router = router_new(&options, &ways)))
        return 0;
    now_ms += 2 * ROUTER_PEER_IDLE_MS;
    answers = passed_on = 0;
    fuzz_input_t input = { data, size };
    fuzz_memory_begin();
    for (; input.left > 0; now_ms += 10) {
        uint32_t who = fuzz_below(&input, CLIENTS + 2);
        size_t length = fuzz_take(&input, 2);
        length = length < input.left ? length : input.left;
        router_clock(router, now_ms);
        if (who < CLIENTS)
            router_client(router, who + 1, NULL, input.at, length);
        else
            router_actor(router, who, input.at, length);
        router_flush(router);
        input.at += length;
        input.left -= length;
    }
    fuzz_memory_end(size, ROUTER_MEMORY);
    return 0;
}
