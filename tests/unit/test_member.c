/* member - points and coupons between a box office and a member's partition: what is told is what
 * is kept, sums are exact to the fen, and a coupon has one order at most. */
#include "actors/coupon.h"
#include "actors/member.h"
#include "tests/unit/box_world.h"
#include "tests/unit/chance.h"

enum { TELLS_MAX = 512, BATCH = 5, DAY_MS = 86400000 };
#define MEMBER (IDS_MEMBER_FIRST + 77)

typedef struct {
    uint16_t from; /* partition */
    uint16_t operation;
    uint64_t key, number;
    uint8_t body[512];
    uint32_t size;
} tell_t;

/* A box office and a partition of members; what they tell stays here until it is carried. */
static struct {
    world_t *box, *member;
    tell_t tells[TELLS_MAX];
    uint32_t count;
    uint32_t resolved, used; /* ends of deferred commands; those that say COUPON_USED */
} pair;

static void
pair_tells(void *argument, uint16_t operation, uint64_t key, uint64_t number, const void *body,
           uint32_t size)
{
    const world_t *w = argument;
    assert_true(pair.count < TELLS_MAX);
    if (operation == OP_PROVIDER_REFUND)
        return;
    tell_t *tell = &pair.tells[pair.count++];
    *tell = (tell_t){ .from = (uint16_t)w->site.partition,
                      .operation = operation,
                      .key = key,
                      .number = number,
                      .size = size };
    assert_true(size <= sizeof tell->body);
    memcpy(tell->body, body, size);
}

static void
pair_resolved(void *argument, const reply_t *reply)
{
    world_t *w = argument;
    pair.resolved++;
    pair.used += reply->status == STATUS_COUPON_USED;
    w->resolved_status = reply->status;
    w->size = reply->body_size;
    memcpy(w->body, reply->body, reply->body_size);
}

static void
world_for_pair(world_t *w, uint32_t partition)
{
    w->site.partition = partition;
    w->site.programmes = w->site.members = 1;
    w->sink.tell = pair_tells;
    w->sink.resolved = pair_resolved;
}

static void
pair_open(void)
{
    memset(&pair, 0, sizeof pair);
    pair.box = world_with_hall();
    pair.member = world_new();
    pair.member->unchecked = true;
    world_for_pair(pair.box, 0);
    world_for_pair(pair.member, 2);
}

static void
pair_close(void)
{
    assert_null(member_check(pair.member->state, MEMBER));
    world_destroy(pair.box);
    world_destroy(pair.member);
}

static world_t *
pair_home(const tell_t *tell)
{
    if (tell->operation == OP_OUTBOX_ACK)
        return tell->key == 0 ? pair.box : pair.member;
    return operation_of(tell->operation)->key == KEY_SHOWTIME ? pair.box : pair.member;
}

static void
pair_carry(uint32_t at)
{
    const tell_t tell = pair.tells[at];
    world_t *to = pair_home(&tell);
    wire_route_t route = { .role = ROLE_ACTOR, .sender = tell.from };
    wire_record_t record = {
        .header = { .kind = WIRE_TELL,
                    .operation = tell.operation,
                    .key = tell.key,
                    .request = tell.number },
        .body = tell.body,
        .body_size = tell.size,
    };
    field_t field;
    assert_int_equal(intake_add(&to->intake, &route, &record, &field), STATUS_OK);
    world_entry(to);
    if (member_find(&(turn_t){ .state = pair.member->state }, MEMBER))
        assert_null(member_check(pair.member->state, MEMBER));
}

/* Everything arrives, and what that causes. */
static void
pair_settle(void)
{
    for (uint32_t i = 0; i < pair.count; i++)
        pair_carry(i);
    pair.count = 0;
}

#define MAKE(op, key, ...)                                                                         \
    world_call(pair.member, OP_##op, key, (world_arg_t[]){ __VA_ARGS__, { FIELDS, 0, NULL } })
#define LOOK(op, key) world_call(pair.member, OP_##op, key, (world_arg_t[]){ { FIELDS, 0, NULL } })

/* A batch and one of its coupons in the member's hands. */
static void
have_coupon(uint64_t batch, const char *kind, uint64_t value, char code[32])
{
    assert_int_equal(MAKE(BATCH_MAKE, batch, T(KIND, kind), N(VALUE, value), N(QUANTITY, 60),
                          N(VALID_UNTIL, CLOSES_MS)),
                     STATUS_OK);
    assert_int_equal(MAKE(COUPON_ISSUE, batch, N(MEMBER, MEMBER)), STATUS_OK);
    world_text(pair.member, "coupon", code, 32);
    pair_settle();
}

static uint64_t
lock_seats(const char *seats)
{
    assert_int_equal(CALL(pair.box, SEATS_LOCK, N(USER, MEMBER), T(SEATS, seats)), STATUS_OK);
    return world_uint(pair.box, "lock");
}

/* An order with a coupon; the status in the end, and the answer in the box's body. */
static status_t
order_with(uint64_t lock, const char *code)
{
    pair.box->resolved_status = STATUS_PENDING;
    status_t status = CALL(pair.box, ORDER_CREATE, N(USER, MEMBER), N(LOCK, lock),
                           T(PROVIDER, "sandbox"), T(COUPON, code));
    if (status != STATUS_PENDING)
        return status;
    pair_settle();
    return pair.box->resolved_status;
}

static status_t
pay(const char *order, const char *code, uint64_t amount)
{
    return CALL(pair.box, PAYMENT_SETTLE, T(ORDER, order), T(PROVIDER, "sandbox"),
                T(OUTCOME, "succeeded"), N(AMOUNT, amount), T(TXN, "TXN1"), T(CODE, code));
}

static int64_t
points(void)
{
    int64_t number;
    mp_t at;
    assert_int_equal(LOOK(MEMBER_GET, MEMBER), STATUS_OK);
    assert_true(world_get(pair.member, "points", &at));
    assert_true(mp_read_int(&at, &number));
    return number;
}

/* The state of the member's only coupon. */
static void
coupon_is_now(const char *state)
{
    char text[64];
    mp_t at;
    uint32_t count;
    assert_int_equal(LOOK(COUPON_LIST, MEMBER), STATUS_OK);
    assert_true(world_get(pair.member, "coupons", &at));
    assert_true(mp_read_array(&at, &count));
    assert_int_equal(count, 1);
    const char *found;
    uint32_t size;
    mp_t value;
    assert_true(mp_find(at.at, (size_t)(at.end - at.at), "state", &value));
    assert_true(mp_read_str(&value, &found, &size));
    snprintf(text, sizeof text, "%.*s", (int)size, found);
    assert_string_equal(text, state);
}

/* ------------------------------------------------------------------ pure */

static void
shares_sum_to_the_discount(void **state)
{
    (void)state;
    chance_t chance = { .state = 20261125 };
    for (int round = 0; round < 20000; round++) {
        int64_t prices[SEATS_MAX], before[SEATS_MAX], total = 0, left = 0;
        uint32_t count = 1 + chance_below(&chance, SEATS_MAX);
        int64_t most = round % 3 ? 10000 : MONEY_MAX_FEN;
        for (uint32_t i = 0; i < count; i++)
            total += before[i] = prices[i] = chance_between(&chance, 0, most);
        int64_t discount = chance_between(&chance, 0, total);
        coupon_share(discount, prices, count);
        for (uint32_t i = 0; i < count; i++) {
            assert_true(prices[i] >= 0 && prices[i] <= before[i]);
            left += prices[i];
        }
        assert_true(left == total - discount);
    }
}

static void
a_discount_is_rounded_up_and_leaves_a_fen(void **state)
{
    (void)state;
    assert_true(coupon_takes(COUPON_DISCOUNT, 1500, 5999) == 900); /* 899.85 */
    assert_true(coupon_takes(COUPON_DISCOUNT, 1500, 6000) == 900);
    assert_true(coupon_takes(COUPON_DISCOUNT, 1, 1) == 0);
    assert_true(coupon_takes(COUPON_DISCOUNT, 1, 2) == 1);
    assert_true(coupon_takes(COUPON_DISCOUNT, COUPON_WHOLE, 5000) == 4999);
    assert_true(coupon_takes(COUPON_FIXED, 5000, 5001) == 5000);
    assert_true(coupon_takes(COUPON_FIXED, 5000, 5000) == 4999);
    assert_true(coupon_takes(COUPON_FIXED, MONEY_MAX_FEN, 300) == 299);
    assert_true(coupon_takes(COUPON_DISCOUNT, COUPON_WHOLE, MONEY_MAX_FEN * SEATS_MAX) ==
                MONEY_MAX_FEN * SEATS_MAX - 1);
}

static void
a_code_names_its_batch_and_no_other_is_believed(void **state)
{
    (void)state;
    static const char base32[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    site_t site = { .partitions = 1 };
    char code[COUPON_CODE_ROOM], other[COUPON_CODE_ROOM];
    uint32_t batch;
    uint16_t number;
    coupon_code(&site, COUPON_BATCH_MAX, COUPON_NUMBER_MAX, 0, code);
    assert_true(coupon_read(code, COUPON_CODE_SIZE, &batch, &number));
    assert_int_equal(batch, COUPON_BATCH_MAX);
    assert_int_equal(number, COUPON_NUMBER_MAX);
    assert_true(coupon_is(&site, code, COUPON_CODE_SIZE, batch, number));
    for (int at = 0; at < COUPON_CODE_SIZE; at++) {
        for (int i = 0; i < 32; i++) {
            memcpy(other, code, sizeof other);
            other[at] = base32[i];
            if (other[at] == code[at] || !coupon_read(other, COUPON_CODE_SIZE, &batch, &number))
                continue;
            assert_false(coupon_is(&site, other, COUPON_CODE_SIZE, batch, number));
        }
    }
    assert_false(coupon_read(code, COUPON_CODE_SIZE - 1, &batch, &number));
    assert_false(coupon_read("ILOU0000000000000000", COUPON_CODE_SIZE, &batch, &number));
    site.ticket_key[0] = 1; /* another site's */
    assert_false(coupon_is(&site, code, COUPON_CODE_SIZE, COUPON_BATCH_MAX, COUPON_NUMBER_MAX));
}

/* ------------------------------------------------------------------ points */

static void
days_running_give_more_and_more(void **state)
{
    (void)state;
    pair_open();
    world_t *w = pair.member;
    assert_int_equal(LOOK(POINTS_CHECKIN, MEMBER), STATUS_UNKNOWN_MEMBER);
    assert_int_equal(LOOK(MEMBER_OPEN, MEMBER), STATUS_OK);
    assert_int_equal(LOOK(MEMBER_OPEN, MEMBER), STATUS_MEMBER_EXISTS);
    assert_int_equal(LOOK(MEMBER_OPEN, 7), STATUS_UNKNOWN_MEMBER);
    for (uint64_t day = 1; day <= 5; day++) {
        assert_int_equal(LOOK(POINTS_CHECKIN, MEMBER), STATUS_OK);
        assert_true(world_uint(w, "given") == day);
        assert_int_equal(LOOK(POINTS_CHECKIN, MEMBER), STATUS_CHECKED_IN);
        w->now_ms += DAY_MS;
    }
    w->now_ms += DAY_MS; /* a day is left out */
    assert_int_equal(LOOK(POINTS_CHECKIN, MEMBER), STATUS_OK);
    assert_true(world_uint(w, "given") == 1);
    assert_true(world_uint(w, "points") == 1 + 2 + 3 + 4 + 5 + 1);
    pair_close();
}

/* A day is the cinema's: half an hour before and after midnight in Shanghai. */
static void
a_day_is_that_of_the_zone(void **state)
{
    (void)state;
    static const uint8_t shanghai[] = {
        0x81, 0xa7, 'c', 'h', 'a', 'n', 'g', 'e', 's', 0x91, 0x92, 0xff, 0xcd, 0x70, 0x80
    }; /* [[-1, 28800]] */
    static const uint8_t never[] = { 0x81, 0xa7, 'c',  'h',  'a',  'n',  'g',  'e', 's',
                                     0x91, 0x92, 0xff, 0xce, 0x00, 0x01, 0x86, 0xa0 };
    pair_open();
    world_t *w = pair.member;
    w->role = ROLE_ACTOR;
    assert_int_equal(world_raw(w, OP_MEMBER_RULES, 2, ++w->request, never, sizeof never),
                     STATUS_BAD_FIELD);
    assert_int_equal(world_raw(w, OP_MEMBER_RULES, 2, ++w->request, shanghai, sizeof shanghai),
                     STATUS_OK);
    w->role = ROLE_ADMIN;
    assert_int_equal(LOOK(MEMBER_OPEN, MEMBER), STATUS_OK);
    w->now_ms = INT64_C(20000) * DAY_MS + 16 * 3600000 - 1800000;
    assert_int_equal(LOOK(POINTS_CHECKIN, MEMBER), STATUS_OK);
    w->now_ms += 3600000;
    assert_int_equal(LOOK(POINTS_CHECKIN, MEMBER), STATUS_OK);
    assert_true(world_uint(w, "given") == 2);
    pair_close();
}

static void
points_are_given_once_for_a_reference(void **state)
{
    (void)state;
    enum { REFERENCES = 20, ROUNDS = 400 };
    chance_t chance = { .state = 7 };
    bool given[REFERENCES] = { false };
    int64_t sum = 0;
    pair_open();
    assert_int_equal(LOOK(MEMBER_OPEN, MEMBER), STATUS_OK);
    for (int i = 0; i < ROUNDS; i++) {
        char reference[24];
        uint32_t which = chance_below(&chance, REFERENCES), amount = 1 + chance_below(&chance, 99);
        snprintf(reference, sizeof reference, "why %u", which);
        assert_int_equal(MAKE(POINTS_GIVE, MEMBER, N(POINTS, amount), T(REFERENCE, reference)),
                         given[which] ? STATUS_ALREADY_GIVEN : STATUS_OK);
        sum += given[which] ? 0 : amount;
        given[which] = true;
        assert_true(points() == sum);
    }
    pair_close();
}

/* A purchase gives a tenth of a point for each yuan, rounded up; a refund takes back what was given
 * for it, whichever is told first. */
static void
tell_member(uint16_t operation, uint64_t amount, uint64_t number)
{
    uint8_t body[256];
    char order[ORDER_ID_ROOM];
    pack_t pack;
    bool bought = operation == OP_MEMBER_BOUGHT;
    ids_order_text(order, SHOWTIME, 1);
    pack_init(&pack, body, sizeof body);
    pack_map(&pack, bought ? 7 : 3);
    pack_key_str(&pack, "order", order);
    pack_key_uint(&pack, "amount", amount);
    pack_key_uint(&pack, "count", bought ? 3 : 1);
    if (bought) {
        pack_key_uint(&pack, "at_ms", OPENS_MS);
        pack_key_uint(&pack, "starts_ms", STARTS_MS);
        pack_key_str(&pack, "title", "A film");
        pack_key_str(&pack, "format", "");
    }
    pair_tells(pair.box, operation, MEMBER, number, body, (uint32_t)pack.size);
    pair_settle();
}

static void
points_follow_what_is_paid_in_any_order(void **state)
{
    (void)state;
    pair_open();
    tell_member(OP_MEMBER_BOUGHT, 15001, 1);
    assert_true(points() == 16);
    tell_member(OP_MEMBER_REFUNDED, 5000, 2);
    assert_true(points() == 11); /* 100.01 yuan are left */
    tell_member(OP_MEMBER_REFUNDED, 10001, 3);
    assert_true(points() == 0);
    pair_close();
    pair_open();
    tell_member(OP_MEMBER_REFUNDED, 5000, 1);
    assert_true(points() == 0);
    tell_member(OP_MEMBER_BOUGHT, 15001, 2);
    assert_true(points() == 11);
    assert_int_equal(LOOK(MEMBER_GET, MEMBER), STATUS_OK);
    assert_true(world_uint(pair.member, "spent") == 10001);
    pair_close();
}

/* ------------------------------------------------------------------ coupons */

static void
a_refund_of_one_of_three_is_exact(void **state)
{
    (void)state;
    char coupon[32], order[ORDER_ID_ROOM], code[32];
    pair_open();
    have_coupon(BATCH, "fixed", 1000, coupon);
    assert_int_equal(order_with(lock_seats("1,2,3"), coupon), STATUS_OK);
    assert_true(world_uint(pair.box, "amount") == 14000);
    assert_true(world_uint(pair.box, "discount") == 1000);
    world_text(pair.box, "order", order, sizeof order);
    world_text(pair.box, "code", code, sizeof code);
    coupon_is_now("reserved");
    assert_int_equal(pay(order, code, 14000), STATUS_OK);
    pair_settle();
    coupon_is_now("used");
    assert_true(points() == 14);
    assert_int_equal(CALL(pair.box, ORDER_REFUND, T(ORDER, order), T(TICKETS, "2")), STATUS_OK);
    assert_true(world_uint(pair.box, "refunded") == 5000 - 333);
    pair_settle();
    assert_true(points() == 10); /* 93.33 yuan */
    assert_int_equal(CALL(pair.box, ORDER_REFUND, T(ORDER, order)), STATUS_OK);
    assert_true(world_uint(pair.box, "refunded") == 14000 - 4667);
    pair_settle();
    assert_true(points() == 0);
    coupon_is_now("used");
    pair_close();
}

static void
of_fifty_orders_one_has_the_coupon(void **state)
{
    (void)state;
    enum { ORDERS = 50, SHOWTIMES = 5, LOCKS = ORDERS / SHOWTIMES };
    static const world_row_t row = { "A", "ssssssssssssssss", "aaaaaaaaaaaaaaaa" };
    char coupon[32];
    uint32_t ends = 0;
    pair_open();
    have_coupon(BATCH, "discount", 2000, coupon);
    pair.box->unchecked = true;
    for (uint64_t at = 1; at <= SHOWTIMES; at++) {
        uint8_t body[512];
        pack_t pack;
        pack_init(&pack, body, sizeof body);
        pack_map(&pack, 10);
        pack_key_str(&pack, "title", "A film");
        pack_key_str(&pack, "hall", "1");
        pack_key_int(&pack, "starts_ms", STARTS_MS);
        pack_key_int(&pack, "ends_ms", ENDS_MS);
        pack_key_int(&pack, "opens_ms", OPENS_MS);
        pack_key_int(&pack, "closes_ms", CLOSES_MS);
        pack_key_bool(&pack, "gap_rule", false);
        pack_key_uint(&pack, "cap", 16);
        pack_str(&pack, "zones");
        pack_array(&pack, 1);
        pack_array(&pack, 3);
        pack_str(&pack, "a");
        pack_str(&pack, "zone");
        pack_uint(&pack, 5000);
        pack_str(&pack, "rows");
        pack_array(&pack, 1);
        pack_array(&pack, 3);
        pack_str(&pack, row.name);
        pack_str(&pack, row.kinds);
        pack_str(&pack, row.zones);
        assert_int_equal(
            world_raw(pair.box, OP_SHOWTIME_OPEN, at, ++pair.box->request, body, pack.size),
            STATUS_OK);
        for (int i = 1; i <= LOCKS; i++) {
            char seat[8];
            snprintf(seat, sizeof seat, "%d", i);
            world_arg_t lock[] = { N(USER, MEMBER), T(SEATS, seat), { FIELDS, 0, NULL } };
            assert_int_equal(world_call(pair.box, OP_SEATS_LOCK, at, lock), STATUS_OK);
            world_arg_t order[] = { N(USER, MEMBER),
                                    N(LOCK, world_uint(pair.box, "lock")),
                                    T(COUPON, coupon),
                                    { FIELDS, 0, NULL } };
            assert_int_equal(world_call(pair.box, OP_ORDER_CREATE, at, order), STATUS_PENDING);
        }
    }
    while (pair.count) { /* the youngest arrives first */
        const uint32_t last = --pair.count;
        tell_t tell = pair.tells[last];
        pair.tells[pair.count++] = tell;
        pair_carry(last);
        memmove(&pair.tells[last], &pair.tells[last + 1], (pair.count - last - 1) * sizeof tell);
        pair.count--;
        ends++;
        assert_true(ends < 1000);
    }
    world_at(pair.box, pair.box->now_ms + 1000); /* what did not fit the window, and resends */
    pair_settle();
    assert_int_equal(pair.resolved, ORDERS);
    assert_int_equal(pair.used, ORDERS - 1);
    coupon_is_now("reserved");
    pair_close();
}

/* A coupon that was not used goes back, and serves again. */
static void
what_ends_otherwise_gives_it_back(void **state)
{
    (void)state;
    char coupon[32], order[ORDER_ID_ROOM], code[32];
    pair_open();
    have_coupon(BATCH, "discount", 1000, coupon);
    assert_int_equal(order_with(lock_seats("1"), coupon), STATUS_OK);
    world_text(pair.box, "order", order, sizeof order);
    assert_int_equal(CALL(pair.box, ORDER_CANCEL, N(USER, MEMBER), T(ORDER, order)), STATUS_OK);
    coupon_is_now("reserved"); /* nobody has told yet */
    pair_settle();
    coupon_is_now("issued");
    assert_int_equal(order_with(lock_seats("1"), coupon), STATUS_OK);
    world_text(pair.box, "order", order, sizeof order);
    world_text(pair.box, "code", code, sizeof code);
    world_at(pair.box, (int64_t)world_uint(pair.box, "until_ms"));
    pair_settle();
    coupon_is_now("issued");
    /* money that comes now has no coupon any more */
    assert_int_equal(pay(order, code, 4500), STATUS_LATE_REFUNDED);
    pair_settle();
    assert_int_equal(LOOK(MEMBER_GET, MEMBER), STATUS_OK);
    assert_true(world_uint(pair.member, "visits") == 0);
    /* and past its time it is over */
    assert_int_equal(order_with(lock_seats("5"), coupon), STATUS_OK);
    world_text(pair.box, "order", order, sizeof order);
    pair.member->now_ms = CLOSES_MS;
    assert_int_equal(CALL(pair.box, ORDER_CANCEL, N(USER, MEMBER), T(ORDER, order)), STATUS_OK);
    pair_settle();
    coupon_is_now("expired");
    assert_int_equal(order_with(lock_seats("4"), coupon), STATUS_COUPON_EXPIRED);
    pair_close();
}

/* While it is asked for, the lock can end in any way; then nobody has the coupon. */
static void
a_lock_that_ends_meanwhile_has_none(void **state)
{
    (void)state;
    char coupon[32];
    pair_open();
    have_coupon(BATCH, "discount", 1000, coupon);
    uint64_t lock = lock_seats("1");
    assert_int_equal(
        CALL(pair.box, ORDER_CREATE, N(USER, MEMBER), N(LOCK, lock), T(COUPON, coupon)),
        STATUS_PENDING);
    assert_int_equal(
        CALL(pair.box, ORDER_CREATE, N(USER, MEMBER), N(LOCK, lock), T(COUPON, coupon)),
        STATUS_COUPON_PENDING);
    assert_int_equal(CALL(pair.box, ORDER_CREATE, N(USER, MEMBER), N(LOCK, lock)),
                     STATUS_COUPON_PENDING);
    assert_int_equal(CALL(pair.box, SEATS_RELEASE, N(USER, MEMBER), N(LOCK, lock)), STATUS_OK);
    pair_settle();
    assert_int_equal(pair.box->resolved_status, STATUS_LOCK_ENDED);
    coupon_is_now("issued");
    /* a refusal leaves the lock as it was */
    lock = lock_seats("1");
    assert_int_equal(order_with(lock, "00000000000000000000"), STATUS_COUPON_INVALID);
    assert_int_equal(order_with(lock, coupon), STATUS_OK);
    pair_close();
}

static void
each_refusal_has_its_code(void **state)
{
    (void)state;
    char coupon[32];
    pair_open();
    world_t *w = pair.member;
    assert_int_equal(MAKE(BATCH_MAKE, 1, T(KIND, "fixed"), N(VALUE, 500), N(QUANTITY, 2),
                          N(MINIMUM, 10000), N(VALID_UNTIL, CLOSES_MS)),
                     STATUS_OK);
    assert_int_equal(MAKE(BATCH_MAKE, 2, T(KIND, "fixed"), N(VALUE, 500), N(QUANTITY, 1),
                          N(VALID_FROM, CLOSES_MS - 1), N(VALID_UNTIL, CLOSES_MS)),
                     STATUS_OK);
    assert_int_equal(MAKE(BATCH_MAKE, 3, T(KIND, "fixed"), N(VALUE, 500), N(QUANTITY, 1),
                          T(FORMAT, "IMAX"), N(VALID_UNTIL, CLOSES_MS)),
                     STATUS_OK);
    static const status_t right[] = { STATUS_COUPON_MIN_AMOUNT, STATUS_COUPON_NOT_YET,
                                      STATUS_COUPON_FORMAT };
    uint64_t lock = lock_seats("1");
    for (uint64_t batch = 1; batch <= 3; batch++) {
        assert_int_equal(MAKE(COUPON_ISSUE, batch, N(MEMBER, MEMBER)), STATUS_OK);
        world_text(w, "coupon", coupon, sizeof coupon);
        pair_settle();
        assert_int_equal(order_with(lock, coupon), right[batch - 1]);
        world_text_is(pair.box, "error", status_name(right[batch - 1]));
    }
    assert_int_equal(CALL(pair.box, ORDER_CREATE, N(USER, MEMBER), N(LOCK, lock), T(COUPON, "X")),
                     STATUS_COUPON_INVALID);
    assert_int_equal(CALL(pair.box, SEATS_LOCK, N(USER, BUYER), T(SEATS, "17")), STATUS_OK);
    assert_int_equal(CALL(pair.box, ORDER_CREATE, N(USER, BUYER),
                          N(LOCK, world_uint(pair.box, "lock")), T(COUPON, coupon)),
                     STATUS_MEMBERS_ONLY);
    assert_int_equal(MAKE(COUPON_ISSUE, 1, N(MEMBER, MEMBER)), STATUS_COUPON_LIMIT);
    assert_int_equal(MAKE(COUPON_ISSUE, 1, N(MEMBER, 7)), STATUS_UNKNOWN_MEMBER);
    assert_int_equal(MAKE(COUPON_ISSUE, 9, N(MEMBER, MEMBER)), STATUS_UNKNOWN_BATCH);
    assert_int_equal(MAKE(COUPON_ISSUE, 2, N(MEMBER, MEMBER + 1)), STATUS_BATCH_EMPTY);
    w->now_ms = CLOSES_MS;
    assert_int_equal(MAKE(COUPON_ISSUE, 1, N(MEMBER, MEMBER + 1)), STATUS_COUPON_EXPIRED);
    pair_close();
}

static void
wrong_batches_are_refused_by_field(void **state)
{
    (void)state;
    static const struct {
        const char *kind;
        uint64_t value, from, until;
        const char *field;
    } wrong[] = {
        { "gift", 500, 0, CLOSES_MS, "kind" },
        { "discount", COUPON_WHOLE + 1, 0, CLOSES_MS, "value" },
        { "fixed", 500, CLOSES_MS, CLOSES_MS, "valid_until_ms" },
    };
    pair_open();
    world_t *w = pair.member;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(MAKE(BATCH_MAKE, BATCH, T(KIND, wrong[i].kind), N(VALUE, wrong[i].value),
                              N(QUANTITY, 2), N(VALID_FROM, wrong[i].from),
                              N(VALID_UNTIL, wrong[i].until)),
                         STATUS_BAD_FIELD);
        world_text_is(w, "field", wrong[i].field);
    }
    assert_int_equal(LOOK(BATCH_GET, BATCH), STATUS_UNKNOWN_BATCH);
    assert_int_equal(MAKE(BATCH_MAKE, COUPON_BATCH_MAX + 1, T(KIND, "fixed"), N(VALUE, 5),
                          N(QUANTITY, 2), N(VALID_UNTIL, CLOSES_MS)),
                     STATUS_UNKNOWN_BATCH);
    assert_int_equal(LOOK(MEMBER_OPEN, MEMBER), STATUS_OK);
    pair_close();
}

/* Codes are handed out on paper; whoever claims one first has it. */
static void
a_code_is_claimed_once(void **state)
{
    (void)state;
    char code[32];
    mp_t at;
    uint32_t count;
    const char *text;
    uint32_t size;
    pair_open();
    world_t *w = pair.member;
    assert_int_equal(MAKE(BATCH_MAKE, BATCH, T(KIND, "fixed"), N(VALUE, 500), N(QUANTITY, 3),
                          N(VALID_UNTIL, CLOSES_MS)),
                     STATUS_OK);
    assert_int_equal(MAKE(COUPON_ISSUE, BATCH, N(MEMBER, MEMBER)), STATUS_OK);
    assert_int_equal(LOOK(BATCH_CODES, BATCH), STATUS_OK);
    assert_true(world_get(w, "codes", &at));
    assert_true(mp_read_array(&at, &count));
    assert_int_equal(count, 2);
    assert_true(mp_read_str(&at, &text, &size));
    snprintf(code, sizeof code, "%.*s", (int)size, text);
    assert_int_equal(MAKE(COUPON_CLAIM, BATCH, N(USER, MEMBER), T(COUPON, code)),
                     STATUS_COUPON_LIMIT);
    assert_int_equal(MAKE(COUPON_CLAIM, BATCH, N(USER, MEMBER + 1), T(COUPON, code)), STATUS_OK);
    assert_int_equal(MAKE(COUPON_CLAIM, BATCH, N(USER, MEMBER + 2), T(COUPON, code)),
                     STATUS_COUPON_USED);
    code[15] = code[15] == 'A' ? 'B' : 'A';
    assert_int_equal(MAKE(COUPON_CLAIM, BATCH, N(USER, MEMBER + 2), T(COUPON, code)),
                     STATUS_COUPON_INVALID);
    assert_int_equal(MAKE(COUPON_CLAIM, BATCH, N(USER, MEMBER + 2), T(COUPON, "short")),
                     STATUS_COUPON_INVALID);
    pair_settle();
    assert_int_equal(LOOK(COUPON_LIST, MEMBER + 1), STATUS_OK);
    assert_true(world_uint(w, "total") == 1);
    assert_null(member_check(w->state, BATCH));
    assert_null(member_check(w->state, MEMBER + 1));
    pair_close();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares_sum_to_the_discount),
        cmocka_unit_test(a_discount_is_rounded_up_and_leaves_a_fen),
        cmocka_unit_test(a_code_names_its_batch_and_no_other_is_believed),
        cmocka_unit_test(days_running_give_more_and_more),
        cmocka_unit_test(a_day_is_that_of_the_zone),
        cmocka_unit_test(points_are_given_once_for_a_reference),
        cmocka_unit_test(points_follow_what_is_paid_in_any_order),
        cmocka_unit_test(a_refund_of_one_of_three_is_exact),
        cmocka_unit_test(of_fifty_orders_one_has_the_coupon),
        cmocka_unit_test(what_ends_otherwise_gives_it_back),
        cmocka_unit_test(a_lock_that_ends_meanwhile_has_none),
        cmocka_unit_test(each_refusal_has_its_code),
        cmocka_unit_test(wrong_batches_are_refused_by_field),
        cmocka_unit_test(a_code_is_claimed_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
