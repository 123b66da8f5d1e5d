/* box_world - one partition on a real state in a folder of its own, for the tests of the box
 * office.
 *
 * Each write is an entry of its own, through apply. Every event is checked to follow on the last
 * and kept in a mirror of the seats; after every write the invariants of the showtime are checked.
 */
#ifndef BOX_WORLD_H
#define BOX_WORLD_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>

#include "actors/apply.h"
#include "actors/box.h"
#include "actors/ids.h"
#include "actors/ticket.h"

enum { WORLD_BODY_MAX = 64 * 1024, BUYER = 7, OTHER = 8 };
#define SHOWTIME  UINT64_C(2611230803)
#define OPENS_MS  INT64_C(1000000)
#define CLOSES_MS INT64_C(9000000)
#define STARTS_MS INT64_C(8000000)
#define ENDS_MS   INT64_C(20000000)

typedef struct {
    state_t *state;
    site_t site;
    sink_t sink;
    int64_t late_ms;       /* how long before now, plus a second, the deadlines of commands are */
    const char *time_zone; /* that world_open() names; NULL: none */
    apply_t apply;
    intake_t intake;
    char directory[64];
    int64_t now_ms;
    uint64_t client, request;
    role_t role;
    bool unchecked; /* leave box_check to the test */
    /* the last answer */
    status_t status;
    uint32_t size;
    uint8_t body[WORLD_BODY_MAX];
    /* what went out */
    uint64_t number;                      /* of the last event of seats */
    uint8_t mirror[LAYOUT_SEATS_MAX + 1]; /* wire states, from events alone */
    uint32_t seat_events, order_events, queue_events, tells, resolved;
    uint64_t tell; /* the last one's number */
    uint16_t told; /* and its operation and body */
    uint32_t tell_size;
    uint8_t tell_body[1024];
    uint64_t resolved_request;
    status_t resolved_status;
} world_t;

typedef struct {
    field_t field;
    uint64_t number;
    const char *text; /* seats as "3,4" */
} world_arg_t;
#define N(name, value)                                                                             \
    {                                                                                              \
        FIELD_##name, (uint64_t)(value), NULL                                                      \
    }
#define T(name, value)                                                                             \
    {                                                                                              \
        FIELD_##name, 0, value                                                                     \
    }
#define CALL(w, op, ...)                                                                           \
    world_call(w, OP_##op, SHOWTIME, (world_arg_t[]){ __VA_ARGS__, { FIELDS, 0, NULL } })
#define ASK(w, op) world_call(w, OP_##op, SHOWTIME, (world_arg_t[]){ { FIELDS, 0, NULL } })

static inline bool
world_get(const world_t *w, const char *key, mp_t *value)
{
    return mp_find(w->body, w->size, key, value);
}

static inline uint64_t
world_uint(const world_t *w, const char *key)
{
    mp_t value;
    uint64_t number;
    assert_true(world_get(w, key, &value));
    assert_true(mp_read_uint(&value, &number));
    return number;
}

static inline void
world_text(const world_t *w, const char *key, char *text, size_t room)
{
    mp_t value;
    const char *found;
    uint32_t size;
    assert_true(world_get(w, key, &value));
    assert_true(mp_read_str(&value, &found, &size));
    assert_true(size < room);
    memcpy(text, found, size);
    text[size] = 0;
}

static inline void
world_text_is(const world_t *w, const char *key, const char *right)
{
    char text[256];
    world_text(w, key, text, sizeof text);
    assert_string_equal(text, right);
}

/* A number inside a map inside the body. */
static inline uint64_t
world_inner(const world_t *w, const char *outer, const char *key)
{
    mp_t map, value;
    uint64_t number;
    assert_true(world_get(w, outer, &map));
    assert_true(mp_find(map.at, (size_t)(map.end - map.at), key, &value));
    assert_true(mp_read_uint(&value, &number));
    return number;
}

static inline bool
world_followed(void *argument, uint64_t showtime)
{
    (void)argument;
    return showtime == SHOWTIME;
}

static inline void
world_on_event(void *argument, uint16_t operation, uint64_t showtime, uint64_t number,
               const void *body, uint32_t size)
{
    world_t *w = argument;
    mp_t changes;
    uint32_t count, two;
    uint64_t from, id, state;
    assert_true(showtime == SHOWTIME);
    assert_true(mp_valid(body, size));
    if (operation == OP_ORDER_CHANGED) {
        assert_int_equal(number, 0);
        w->order_events++;
        return;
    }
    if (operation == OP_QUEUE_CHANGED) {
        assert_int_equal(number, 0);
        w->queue_events++;
        return;
    }
    assert_int_equal(operation, OP_SEATS_CHANGED);
    assert_true(mp_find(body, size, "from", &changes));
    assert_true(mp_read_uint(&changes, &from));
    assert_true(from == w->number + 1);
    assert_true(number == w->number + 1);
    w->number = number;
    w->seat_events++;
    assert_true(mp_find(body, size, "changes", &changes));
    assert_true(mp_read_array(&changes, &count));
    for (uint32_t i = 0; i < count; i++) {
        assert_true(mp_read_array(&changes, &two));
        assert_true(mp_read_uint(&changes, &id));
        assert_true(mp_read_uint(&changes, &state));
        w->mirror[id] = (uint8_t)state;
    }
}

static inline void
world_on_tell(void *argument, uint16_t operation, uint64_t key, uint64_t number, const void *body,
              uint32_t size)
{
    world_t *w = argument;
    assert_int_equal(operation_of(operation)->key, KEY_CASHIER);
    assert_true(key == SHOWTIME);
    assert_true(mp_valid(body, size));
    w->tells++;
    w->tell = number;
    w->told = operation;
    assert_true(size <= sizeof w->tell_body);
    memcpy(w->tell_body, body, size);
    w->tell_size = size;
}

static inline void
world_on_resolved(void *argument, const reply_t *reply)
{
    world_t *w = argument;
    w->resolved++;
    w->resolved_request = reply->request;
    w->resolved_status = reply->status;
}

static inline void
world_on_answer(void *argument, uint32_t index, const reply_t *reply)
{
    world_t *w = argument;
    assert_int_equal(index, 0);
    w->status = reply->status;
    w->size = reply->body_size;
    memcpy(w->body, reply->body, reply->body_size);
}

/* One entry at `now_ms` with what the intake holds. */
static inline void
world_entry(world_t *w)
{
    journal_entry_t entry = { .sequence = state_sequence(w->state) + 1,
                              .now_ms = w->now_ms,
                              .seed = w->request * 7919,
                              .count = w->intake.count };
    apply_entry(&w->apply, &entry, &w->intake);
    intake_clear(&w->intake);
    if (!w->unchecked) {
        const char *broken = box_check(w->state, SHOWTIME);
        if (broken)
            fail_msg("%s", broken);
    }
}

/* Move the clock and let the timers run. */
static inline void
world_at(world_t *w, int64_t now_ms)
{
    assert_true(now_ms >= w->now_ms);
    w->now_ms = now_ms;
    world_entry(w);
}

static inline void
world_pack_arg(pack_t *pack, const world_arg_t *arg)
{
    const field_info_t *info = field_info(arg->field);
    char seats[128];
    uint32_t count = 1;
    pack_str(pack, info->name);
    if (info->type == TYPE_UINT)
        pack_uint(pack, arg->number);
    else if (info->type == TYPE_BOOL)
        pack_bool(pack, arg->number);
    else if (info->type == TYPE_STR)
        pack_str(pack, arg->text);
    else if (info->type == TYPE_BIN)
        pack_bin(pack, arg->text, strlen(arg->text));
    else {
        assert_int_equal(info->type, TYPE_SEATS);
        snprintf(seats, sizeof seats, "%s", arg->text);
        for (const char *at = seats; *at; at++)
            count += *at == ',';
        pack_array(pack, count);
        for (char *at = seats, *next; count--; at = next + 1)
            pack_uint(pack, strtoul(at, &next, 10));
    }
}

static inline status_t
world_raw(world_t *w, uint16_t operation, uint64_t key, uint64_t request, const void *body,
          size_t size)
{
    uint8_t frame[WIRE_RECORD_MAX + WIRE_PREFIX_SIZE];
    wire_header_t header = { .kind = WIRE_COMMAND,
                             .operation = operation,
                             .key = key,
                             .request = request,
                             .moment = w->now_ms + 1000 - w->late_ms };
    wire_route_t route = { .peer = 1, .client = w->client, .role = (uint8_t)w->role };
    wire_record_t record;
    field_t field;
    size_t at = 0;
    size_t total = wire_put(frame, &header, body, (uint32_t)size);
    assert_int_equal(wire_next(frame, total, &at, &record), STATUS_OK);
    if (operation_of(operation)->mode == MODE_READ) {
        command_t command;
        pack_t reply;
        pack_init(&reply, w->body, sizeof w->body);
        w->status = command_decode(&command, &record, &route, &field);
        if (w->status == STATUS_OK)
            w->status = apply_read(&w->apply, &command, w->now_ms, &reply);
        w->size = (uint32_t)reply.size;
    } else {
        w->status = intake_add(&w->intake, &route, &record, &field);
        if (w->status != STATUS_OK)
            fail_msg("%s is malformed: %s %d", operation_of(operation)->name,
                     status_name(w->status), (int)field);
        world_entry(w);
    }
    assert_true(w->size == 0 || mp_valid(w->body, w->size));
    return w->status;
}

static inline status_t
world_call(world_t *w, uint16_t operation, uint64_t key, const world_arg_t *args)
{
    uint8_t body[2048];
    uint32_t count = 0;
    pack_t pack;
    while (args[count].field < FIELDS)
        count++;
    pack_init(&pack, body, sizeof body);
    pack_map(&pack, count);
    for (uint32_t i = 0; i < count; i++)
        world_pack_arg(&pack, &args[i]);
    assert_false(pack.overflow);
    return world_raw(w, operation, key, ++w->request, body, pack.size);
}

typedef struct {
    const char *name, *kinds, *zones;
} world_row_t;

/* Open a showtime with the zones a 5000, b 8000, c 3000. */
static inline status_t
world_open(world_t *w, const world_row_t *rows, uint32_t count, bool gap_rule, uint32_t cap)
{
    static const uint64_t prices[] = { 5000, 8000, 3000 };
    static const char *const letters[] = { "a", "b", "c" };
    uint8_t body[16 * 1024];
    pack_t pack;
    pack_init(&pack, body, sizeof body);
    pack_map(&pack, w->time_zone ? 11 : 10);
    if (w->time_zone)
        pack_key_str(&pack, "time_zone", w->time_zone);
    pack_key_str(&pack, "title", "A film");
    pack_key_str(&pack, "hall", "Hall 3");
    pack_key_int(&pack, "starts_ms", STARTS_MS);
    pack_key_int(&pack, "ends_ms", ENDS_MS);
    pack_key_int(&pack, "opens_ms", OPENS_MS);
    pack_key_int(&pack, "closes_ms", CLOSES_MS);
    pack_key_bool(&pack, "gap_rule", gap_rule);
    pack_key_uint(&pack, "cap", cap);
    pack_str(&pack, "zones");
    pack_array(&pack, 3);
    for (int i = 0; i < 3; i++) {
        pack_array(&pack, 3);
        pack_str(&pack, letters[i]);
        pack_str(&pack, "zone");
        pack_uint(&pack, prices[i]);
    }
    pack_str(&pack, "rows");
    pack_array(&pack, count);
    for (uint32_t i = 0; i < count; i++) {
        pack_array(&pack, 3);
        pack_str(&pack, rows[i].name);
        pack_str(&pack, rows[i].kinds);
        pack_str(&pack, rows[i].zones);
    }
    assert_false(pack.overflow);
    return world_raw(w, OP_SHOWTIME_OPEN, SHOWTIME, ++w->request, body, pack.size);
}

static inline world_t *
world_new(void)
{
    world_t *w = calloc(1, sizeof *w);
    uint8_t seed[32] = { 9 }, public_key[32];
    char error[STATE_ERROR_MAX];
    assert_non_null(w);
    strcpy(w->directory, "/tmp/marquee-box-XXXXXX");
    assert_non_null(mkdtemp(w->directory));
    w->site.partitions = 1;
    memset(w->site.ticket_key, 3, sizeof w->site.ticket_key);
    assert_int_equal(crypto_sign_seed_keypair(public_key, w->site.sign_secret, seed), 0);
    state_options_t options = { .directory = w->directory,
                                .partitions = 1,
                                .apply_version = APPLY_VERSION,
                                .replies_bytes = 1024 * 1024,
                                .inline_io = true };
    if (state_open(&w->state, &options, error) != 0)
        fail_msg("%s", error);
    w->sink = (sink_t){ .argument = w,
                        .followed = world_followed,
                        .event = world_on_event,
                        .tell = world_on_tell,
                        .resolved = world_on_resolved };
    assert_true(intake_init(&w->intake));
    apply_init(&w->apply, w->state, &w->site);
    w->apply.sink = &w->sink;
    w->apply.answer = world_on_answer;
    w->apply.argument = w;
    w->client = 99;
    w->role = ROLE_ADMIN;
    w->now_ms = OPENS_MS;
    return w;
}

static inline void
world_destroy(world_t *w)
{
    char command[128];
    state_close(&w->state);
    intake_free(&w->intake);
    snprintf(command, sizeof command, "rm -r '%s'", w->directory);
    assert_int_equal(system(command), 0);
    free(w);
}

/* The hall of most tests: ids 1..8 row A, 9..16 row B, 17..20 premium and 21..24 couples in row C,
 * 25 and 26 wheelchair places and 27..30 seats in row D, of which 30 starts blocked. */
static inline world_t *
world_with_hall(void)
{
    static const world_row_t rows[] = { { "A", "ssssssss", "aaaaaaaa" },
                                        { "B", "ssssssss", "aaaaaaaa" },
                                        { "C", "pppp.cccc", "bbbb.bbbb" },
                                        { "D", "ww..sssx", "cc..aaaa" } };
    world_t *w = world_new();
    assert_int_equal(world_open(w, rows, 4, true, 6), STATUS_OK);
    w->mirror[30] = SEAT_BLOCKED - 1;
    return w;
}

/* What the partition says of a seat, 0 available .. 3 blocked. */
static inline uint8_t
world_seat(world_t *w, uint32_t id)
{
    mp_t seats;
    uint32_t count, six;
    uint64_t value = 0;
    assert_int_equal(ASK(w, SEATS_GET), STATUS_OK);
    assert_true(world_get(w, "seats", &seats));
    assert_true(mp_read_array(&seats, &count));
    assert_true(id >= 1 && id <= count);
    for (uint32_t i = 1; i < id; i++)
        assert_true(mp_skip(&seats));
    assert_true(mp_read_array(&seats, &six));
    for (int i = 0; i < 4; i++)
        assert_true(mp_read_uint(&seats, &value));
    return (uint8_t)value;
}

/* Lock seats, or fail. */
static inline uint32_t
world_lock(world_t *w, uint64_t user, const char *seats)
{
    assert_int_equal(CALL(w, SEATS_LOCK, N(USER, user), T(SEATS, seats)), STATUS_OK);
    return (uint32_t)world_uint(w, "lock");
}

/* An order with its payment begun. */
typedef struct {
    char id[ORDER_ID_ROOM], code[IDS_CODE_SIZE + 1];
    uint64_t user, amount;
    int64_t until_ms;
} world_order_t;

static inline world_order_t
world_order(world_t *w, uint64_t user, const char *seats)
{
    world_order_t order = { .user = user };
    uint32_t lock = world_lock(w, user, seats);
    assert_int_equal(CALL(w, ORDER_CREATE, N(USER, user), N(LOCK, lock), T(PROVIDER, "sandbox")),
                     STATUS_OK);
    world_text(w, "order", order.id, sizeof order.id);
    world_text(w, "code", order.code, sizeof order.code);
    order.amount = world_uint(w, "amount");
    order.until_ms = (int64_t)world_uint(w, "until_ms");
    return order;
}

static inline status_t
world_pay(world_t *w, const world_order_t *order, uint64_t amount, const char *txn)
{
    return CALL(w, PAYMENT_SETTLE, T(ORDER, order->id), T(PROVIDER, "sandbox"),
                T(OUTCOME, "succeeded"), N(AMOUNT, amount), T(TXN, txn), T(CODE, order->code));
}

static inline world_order_t
world_paid(world_t *w, uint64_t user, const char *seats)
{
    world_order_t order = world_order(w, user, seats);
    assert_int_equal(world_pay(w, &order, order.amount, "t-1"), STATUS_OK);
    return order;
}

static inline void
world_order_is(world_t *w, const world_order_t *order, const char *state)
{
    assert_int_equal(CALL(w, ORDER_GET, T(ORDER, order->id)), STATUS_OK);
    world_text_is(w, "state", state);
}

static inline void
world_books_are(world_t *w, uint64_t in, uint64_t live, uint64_t pending, uint64_t refunding,
                uint64_t refunded)
{
    assert_int_equal(ASK(w, SHOWTIME_GET), STATUS_OK);
    assert_int_equal(world_inner(w, "books", "in"), in);
    assert_int_equal(world_inner(w, "books", "live"), live);
    assert_int_equal(world_inner(w, "books", "pending"), pending);
    assert_int_equal(world_inner(w, "books", "refunding"), refunding);
    assert_int_equal(world_inner(w, "books", "refunded"), refunded);
}
#endif
