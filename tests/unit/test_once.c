/* test_once - a write with `once` over connections and over a kill, at a whole partition. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "actors/ids.h"
#include "actors/partition.h"

enum { SHOWTIME = 7, BUYER = 5, ANSWERS_MAX = 8, BODY_MAX = 2048 };

typedef struct {
    wire_route_t route;
    wire_header_t header;
    uint8_t body[BODY_MAX];
    uint32_t size;
} answer_t;

typedef struct {
    char directory[64];
    partition_options_t options;
    partition_t *partition;
    int64_t now_ms;
    int64_t late_ms; /* how much earlier than usual the deadlines of commands are */
    uint64_t request, tell;
    answer_t answers[ANSWERS_MAX]; /* since the last command */
    uint32_t count;
} house_t;

static void
house_record(void *argument, const wire_route_t *route, const wire_header_t *header,
             const void *body, uint32_t size)
{
    house_t *house = argument;
    if (header->kind == WIRE_TELL) {
        house->tell = header->request;
        return;
    }
    assert_true(house->count < ANSWERS_MAX && size <= BODY_MAX);
    answer_t *answer = &house->answers[house->count++];
    *answer = (answer_t){ .route = *route, .header = *header, .size = size };
    memcpy(answer->body, body, size);
}

static bool
house_followed(void *argument, uint64_t showtime)
{
    (void)argument, (void)showtime;
    return false;
}

static void
house_event(void *argument, uint64_t showtime, const wire_header_t *header, const void *body,
            uint32_t size)
{
    (void)argument, (void)showtime, (void)header, (void)body, (void)size;
}

static uint64_t
house_seed(void *argument)
{
    return (uint64_t)((house_t *)argument)->now_ms;
}

static void
house_fatal(void *argument, const char *what)
{
    (void)argument;
    fail_msg("%s", what);
}

static void
house_start(house_t *house)
{
    char error[PARTITION_ERROR_MAX];
    house->partition = partition_open(&house->options, error);
    if (!house->partition)
        fail_msg("%s", error);
}

/* One command at the partition, by a client over a connection of the same number. */
static status_t
house_ask(house_t *house, role_t role, uint64_t client, uint16_t operation, const pack_t *pack)
{
    wire_route_t route = { .peer = client, .client = client, .role = (uint8_t)role };
    wire_record_t record = { .header = { .kind = WIRE_COMMAND,
                                         .operation = operation,
                                         .key = SHOWTIME,
                                         .request = ++house->request,
                                         .moment = house->now_ms + 5000 - house->late_ms },
                             .body = pack->data,
                             .body_size = (uint32_t)pack->size };
    assert_false(pack->overflow);
    house->count = 0;
    partition_accept(house->partition, &route, &record, house->now_ms);
    for (int i = 0; i < 3; i++)
        partition_turn(house->partition, ++house->now_ms);
    assert_true(house->count > 0);
    for (uint32_t i = 0; i < house->count; i++)
        if (house->answers[i].header.request == house->request &&
            house->answers[i].route.peer == client)
            return house->answers[i].header.status;
    fail_msg("no answer");
    return 0;
}

static bool
house_text(const house_t *house, const char *key, char *text, size_t room)
{
    mp_t at;
    const char *found;
    uint32_t size;
    const answer_t *answer = &house->answers[0];
    if (!mp_find(answer->body, answer->size, key, &at) || !mp_read_str(&at, &found, &size) ||
        size >= room)
        return false;
    memcpy(text, found, size);
    text[size] = 0;
    return true;
}

/* A paid order of one seat; its id goes to `order`. */
static void
house_sell(house_t *house, char order[ORDER_ID_ROOM])
{
    uint8_t bytes[1024];
    char code[IDS_CODE_SIZE + 1];
    pack_t pack;
    pack_init(&pack, bytes, sizeof bytes);
    pack_map(&pack, 8);
    pack_key_str(&pack, "title", "t");
    pack_key_str(&pack, "hall", "h");
    pack_key_int(&pack, "opens_ms", 0);
    pack_key_int(&pack, "closes_ms", 90000000);
    pack_key_int(&pack, "starts_ms", 90000000);
    pack_key_int(&pack, "ends_ms", 99000000);
    pack_str(&pack, "zones");
    pack_raw(&pack, "\x91\x93\xa1z\xa1z\x05", 7);
    pack_str(&pack, "rows");
    pack_raw(&pack, "\x91\x93\xa1R\xa2ss\xa2zz", 10);
    assert_int_equal(house_ask(house, ROLE_ADMIN, 1, OP_SHOWTIME_OPEN, &pack), STATUS_OK);
    pack_init(&pack, bytes, sizeof bytes);
    pack_map(&pack, 2);
    pack_key_uint(&pack, "user", BUYER);
    pack_str(&pack, "seats");
    pack_raw(&pack, "\x91\x01", 2);
    assert_int_equal(house_ask(house, ROLE_ADMIN, 1, OP_SEATS_LOCK, &pack), STATUS_OK);
    pack_init(&pack, bytes, sizeof bytes);
    pack_map(&pack, 3);
    pack_key_uint(&pack, "user", BUYER);
    pack_key_uint(&pack, "lock", 1);
    pack_key_str(&pack, "provider", "sandbox");
    assert_int_equal(house_ask(house, ROLE_ADMIN, 1, OP_ORDER_CREATE, &pack), STATUS_OK);
    assert_true(house_text(house, "order", order, ORDER_ID_ROOM));
    assert_true(house_text(house, "code", code, sizeof code));
    pack_init(&pack, bytes, sizeof bytes);
    pack_map(&pack, 6);
    pack_key_str(&pack, "order", order);
    pack_key_str(&pack, "provider", "sandbox");
    pack_key_str(&pack, "outcome", "succeeded");
    pack_key_uint(&pack, "amount", 5);
    pack_key_str(&pack, "txn", "t");
    pack_key_str(&pack, "code", code);
    assert_int_equal(house_ask(house, ROLE_ADMIN, 1, OP_PAYMENT_SETTLE, &pack), STATUS_OK);
}

/* The refund of an order by a member of staff at some bridge, who waits for its end. */
static status_t
house_refund(house_t *house, uint64_t client, const char *order, uint8_t trace)
{
    uint8_t bytes[512], span[26] = { 0, trace };
    pack_t pack;
    pack_init(&pack, bytes, sizeof bytes);
    pack_map(&pack, trace ? 5 : 4);
    pack_key_str(&pack, "order", order);
    pack_key_bool(&pack, "wait", true);
    pack_str(&pack, "once");
    pack_bin(&pack, "0123456789abcdef", 16);
    if (trace) {
        pack_str(&pack, "trace");
        pack_bin(&pack, span, sizeof span);
    }
    pack_key_str(&pack, "staff", "wang");
    return house_ask(house, ROLE_BRIDGE, client, OP_ORDER_REFUND, &pack);
}

static int
house_new(void **state)
{
    house_t *house = calloc(1, sizeof *house);
    if (!house)
        return -1;
    uint8_t seed[32] = { 1 }, public_key[32];
    strcpy(house->directory, "/tmp/marquee-once-XXXXXX");
    assert_non_null(mkdtemp(house->directory));
    house->now_ms = 1000000;
    house->options =
        (partition_options_t){ .directory = house->directory,
                               .site = { .partitions = 1 },
                               .rules = { .cap = 6, .lock_ms = 60000, .ceiling_ms = 60000 },
                               .segment_bytes = 4 * 1024 * 1024,
                               .replies_bytes = 1024 * 1024,
                               .checkpoint_ms = 1000,
                               .inline_io = true,
                               .ways = { .argument = house,
                                         .record = house_record,
                                         .followed = house_followed,
                                         .event = house_event,
                                         .seed = house_seed,
                                         .fatal = house_fatal } };
    assert_int_equal(crypto_sign_seed_keypair(public_key, house->options.site.sign_secret, seed),
                     0);
    house_start(house);
    *state = house;
    return 0;
}

static int
house_end(void **state)
{
    house_t *house = *state;
    char command[128];
    partition_close(&house->partition);
    snprintf(command, sizeof command, "rm -r '%s'", house->directory);
    int rc = system(command);
    free(house);
    return rc;
}

static void
all_who_ask_get_the_end(void **state)
{
    house_t *house = *state;
    char order[ORDER_ID_ROOM];
    house_sell(house, order);
    assert_int_equal(house_refund(house, 11, order, 0), STATUS_PENDING);
    uint64_t first = house->request;
    assert_int_equal(house_refund(house, 12, order, 3), STATUS_PENDING);
    uint64_t second = house->request;
    assert_int_equal(house_refund(house, 12, order, 4), STATUS_PENDING);
    uint64_t third = house->request;
    uint8_t bytes[256];
    pack_t pack;
    pack_init(&pack, bytes, sizeof bytes);
    pack_map(&pack, 3);
    pack_key_str(&pack, "order", order);
    pack_key_uint(&pack, "tell", house->tell);
    pack_key_str(&pack, "outcome", "done");
    assert_int_equal(house_ask(house, ROLE_CASHIER, 2, OP_REFUND_SETTLE, &pack), STATUS_OK);
    const struct {
        uint64_t peer, request;
    } right[] = { { 11, first }, { 12, second }, { 12, third } };
    assert_int_equal(house->count, 4);
    for (uint32_t i = 0; i < 3; i++) {
        const answer_t *answer = &house->answers[i];
        assert_int_equal(answer->header.status, STATUS_OK);
        assert_int_equal(answer->header.operation, OP_ORDER_REFUND);
        assert_int_equal(answer->route.peer, right[i].peer);
        assert_int_equal(answer->header.request, right[i].request);
        assert_memory_equal(answer->body, house->answers[0].body, house->answers[0].size);
    }
    /* and who comes later gets it at once, also after a kill */
    answer_t end = house->answers[0];
    for (uint64_t client = 13; client < 15; client++) {
        assert_int_equal(house_refund(house, client, order, (uint8_t)client), STATUS_OK);
        assert_int_equal(house->count, 1);
        assert_int_equal(house->answers[0].size, end.size);
        assert_memory_equal(house->answers[0].body, end.body, end.size);
        assert_int_equal(house->answers[0].header.moment, end.header.moment);
        partition_abandon(&house->partition);
        house_start(house);
    }
}

/* Late, but its first copy was answered. */
static void
a_late_repeat_is_answered(void **state)
{
    house_t *house = *state;
    char order[ORDER_ID_ROOM];
    house_sell(house, order);
    assert_int_equal(house_refund(house, 11, order, 0), STATUS_PENDING);
    int64_t first = house->answers[0].header.moment;
    house->late_ms = 6000;
    assert_int_equal(house_refund(house, 12, order, 1), STATUS_PENDING);
    assert_int_equal(house->answers[0].header.moment, first);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_who_ask_get_the_end, house_new, house_end),
        cmocka_unit_test_setup_teardown(a_late_repeat_is_answered, house_new, house_end),
    };
    return cmocka_run_group_tests_name("once", tests, NULL, NULL);
}
