/* test_box_charge - payments at a provider: opened, asked about, closed, told of, and kept. */
#include "actors/box_charge.h"
#include "tests/unit/box_world.h"

#define LINK "https://qr.alipay.com/bax0"

/* A hall on sale, at a site that takes Alipay and WeChat Pay. */
static world_t *
world_taking(void)
{
    world_t *w = world_with_hall();
    role_t role = w->role;
    w->role = ROLE_ACTOR;
    w->unchecked = true;
    world_call(w, OP_RULES, 0,
               (world_arg_t[]){
                   N(CAP, 6),
                   N(TTL, 900000),
                   N(CEILING, 1800000),
                   N(GAP_RULE, 0),
                   N(PROVIDERS, 1 << PROVIDER_SANDBOX | 1 << PROVIDER_WXPAY | 1 << PROVIDER_ALIPAY),
                   { FIELDS, 0, NULL } });
    assert_int_equal(w->status, STATUS_OK);
    w->unchecked = false;
    w->role = role;
    return w;
}

typedef struct {
    char id[ORDER_ID_ROOM];
    uint64_t tell;
    uint64_t amount;
    int64_t until_ms;
} charged_t;

static charged_t
charged(world_t *w, const char *seats)
{
    charged_t order;
    uint32_t lock = world_lock(w, BUYER, seats);
    assert_int_equal(CALL(w, ORDER_CREATE, N(USER, BUYER), N(LOCK, lock)), STATUS_OK);
    world_text(w, "order", order.id, sizeof order.id);
    order.amount = world_uint(w, "amount");
    order.until_ms = (int64_t)world_uint(w, "until_ms");
    uint32_t tells = w->tells;
    assert_int_equal(CALL(w, PAYMENT_BEGIN, N(USER, BUYER), T(ORDER, order.id),
                          T(PROVIDER, "alipay"), T(WAY, "native"), T(ADDRESS, "192.0.2.7")),
                     STATUS_OK);
    world_text_is(w, "charge", "asked");
    assert_int_equal(w->tells, tells + 1);
    assert_int_equal(w->told, OP_PROVIDER_CREATE);
    order.tell = w->tell;
    return order;
}

static status_t
opened(world_t *w, const charged_t *order)
{
    w->role = ROLE_CASHIER;
    status_t status = CALL(w, PAYMENT_OPENED, T(ORDER, order->id), T(PROVIDER, "alipay"),
                           N(TELL, order->tell), T(LINK, LINK));
    w->role = ROLE_ADMIN;
    return status;
}

static status_t
settled(world_t *w, const charged_t *order, const char *outcome, uint64_t amount, const char *txn)
{
    w->role = ROLE_CASHIER;
    status_t status = CALL(w, PAYMENT_SETTLE, T(ORDER, order->id), T(PROVIDER, "alipay"),
                           T(OUTCOME, outcome), N(AMOUNT, amount), T(TXN, txn));
    w->role = ROLE_ADMIN;
    return status;
}

static status_t
told(world_t *w, const charged_t *order, const char *outcome, uint64_t amount, const char *txn)
{
    w->role = ROLE_CASHIER;
    world_arg_t txn_too = T(TXN, txn), none = { FIELDS, 0, NULL };
    status_t status = CALL(w, PAYMENT_CALLBACK, T(ORDER, order->id), T(PROVIDER, "alipay"),
                           T(OUTCOME, outcome), N(AMOUNT, amount), T(RAW, "raw bytes"),
                           T(HEAD, "Wechatpay-Nonce: 1\n"), *txn ? txn_too : none);
    w->role = ROLE_ADMIN;
    return status;
}

static const charge_t *
charge_of(const world_t *w, const charged_t *order)
{
    uint64_t showtime;
    uint32_t number;
    assert_true(ids_order_read(order->id, strlen(order->id), &showtime, &number));
    return state_get(w->state, box_key(showtime, BOX_CHARGE, number), NULL);
}

static void
state_is(world_t *w, const charged_t *order, const char *charge)
{
    assert_string_equal(machine_state_name(MACHINE_CHARGE, charge_of(w, order)->state), charge);
}

static void
order_is(world_t *w, const charged_t *order, const char *state)
{
    assert_int_equal(CALL(w, ORDER_GET, T(ORDER, order->id)), STATUS_OK);
    world_text_is(w, "state", state);
}

static void
a_provider_that_is_not_taken_is_unknown(void **unused)
{
    (void)unused;
    world_t *w = world_with_hall();
    uint32_t lock = world_lock(w, BUYER, "1,2");
    char id[ORDER_ID_ROOM];
    assert_int_equal(CALL(w, ORDER_CREATE, N(USER, BUYER), N(LOCK, lock), T(PROVIDER, "alipay")),
                     STATUS_UNKNOWN_PROVIDER);
    assert_int_equal(CALL(w, ORDER_CREATE, N(USER, BUYER), N(LOCK, lock)), STATUS_OK);
    world_text(w, "order", id, sizeof id);
    assert_int_equal(CALL(w, PAYMENT_BEGIN, N(USER, BUYER), T(ORDER, id), T(PROVIDER, "wxpay")),
                     STATUS_UNKNOWN_PROVIDER);
    assert_int_equal(w->tells, 0);
    world_destroy(w);
}

static void
creation_is_asked_again_under_one_number(void **unused)
{
    (void)unused;
    world_t *w = world_taking();
    charged_t order = charged(w, "1,2");
    uint8_t first[sizeof w->tell_body];
    uint32_t size = w->tell_size;
    memcpy(first, w->tell_body, size);
    static const int64_t pauses[] = { 2000, 4000, 8000, 16000, 30000, 30000 };
    for (size_t i = 0; i < sizeof pauses / sizeof pauses[0]; i++) {
        uint32_t tells = w->tells;
        world_at(w, w->now_ms + pauses[i] - 1);
        assert_int_equal(w->tells, tells);
        world_at(w, w->now_ms + 1);
        assert_int_equal(w->tells, tells + 1);
        assert_true(w->tell == order.tell);
        assert_int_equal(w->tell_size, size);
        assert_memory_equal(w->tell_body, first, size);
    }
    assert_int_equal(opened(w, &order), STATUS_OK);
    assert_int_equal(opened(w, &order), STATUS_OK); /* a late second answer changes nothing */
    state_is(w, &order, "open");
    assert_int_equal(
        CALL(w, PAYMENT_BEGIN, N(USER, BUYER), T(ORDER, order.id), T(PROVIDER, "alipay")),
        STATUS_OK);
    world_text_is(w, "link", LINK);
    assert_int_equal(w->told, OP_PROVIDER_CREATE);
    assert_int_equal(
        CALL(w, PAYMENT_BEGIN, N(USER, BUYER), T(ORDER, order.id), T(PROVIDER, "sandbox")),
        STATUS_PAYMENT_STATE);
    assert_int_equal(
        CALL(w, PAYMENT_BEGIN, N(USER, BUYER), T(ORDER, order.id), T(PROVIDER, "wxpay")),
        STATUS_PAYMENT_STATE);
    world_destroy(w);
}

static void
who_waits_hears_the_link_or_the_refusal(void **unused)
{
    (void)unused;
    world_t *w = world_taking();
    charged_t order = charged(w, "1,2");
    assert_int_equal(CALL(w, PAYMENT_BEGIN, N(USER, BUYER), T(ORDER, order.id),
                          T(PROVIDER, "alipay"), N(WAIT, 1)),
                     STATUS_PENDING);
    uint64_t waits = w->request;
    w->role = ROLE_CASHIER;
    assert_int_equal(CALL(w, PAYMENT_OPENED, T(ORDER, order.id), T(PROVIDER, "alipay"),
                          N(TELL, order.tell), T(REASON, "ACQ.ACCESS_FORBIDDEN")),
                     STATUS_OK);
    w->role = ROLE_ADMIN;
    assert_int_equal(w->resolved, 1);
    assert_true(w->resolved_request == waits);
    assert_int_equal(w->resolved_status, STATUS_PROVIDER_REFUSED);
    state_is(w, &order, "refused");
    /* After a refusal another provider may be tried, and that one opens. */
    assert_int_equal(
        CALL(w, PAYMENT_BEGIN, N(USER, BUYER), T(ORDER, order.id), T(PROVIDER, "sandbox")),
        STATUS_PAYMENT_STATE);
    assert_int_equal(CALL(w, PAYMENT_BEGIN, N(USER, BUYER), T(ORDER, order.id),
                          T(PROVIDER, "wxpay"), N(WAIT, 1)),
                     STATUS_PENDING);
    assert_int_equal(w->told, OP_PROVIDER_CREATE);
    assert_int_equal(opened(w, &order), STATUS_PAYMENT_STATE); /* of the one before */
    w->role = ROLE_CASHIER;
    assert_int_equal(CALL(w, PAYMENT_OPENED, T(ORDER, order.id), T(PROVIDER, "wxpay"),
                          N(TELL, order.tell), T(LINK, LINK)),
                     STATUS_OK);
    assert_int_equal(w->resolved, 2);
    assert_int_equal(w->resolved_status, STATUS_OK);
    world_destroy(w);
}

/* An answer that was waited for is short; the link is with the order then. */
static void
a_long_link_is_read_with_the_order(void **unused)
{
    (void)unused;
    static char link[CHARGE_LINK_MAX + 1];
    const size_t sizes[] = { 240, 241, 1500, 1501, 1900 };
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        world_t *w = world_taking();
        charged_t order = charged(w, "1,2");
        assert_int_equal(CALL(w, PAYMENT_BEGIN, N(USER, BUYER), T(ORDER, order.id),
                              T(PROVIDER, "alipay"), N(WAIT, 1)),
                         STATUS_PENDING);
        memset(link, 'x', sizeof link);
        link[sizes[i]] = 0;
        w->role = ROLE_CASHIER;
        assert_int_equal(CALL(w, PAYMENT_OPENED, T(ORDER, order.id), T(PROVIDER, "alipay"),
                              N(TELL, order.tell), T(LINK, link)),
                         STATUS_OK);
        w->role = ROLE_ADMIN;
        assert_int_equal(w->resolved, 1);
        assert_int_equal(
            CALL(w, PAYMENT_BEGIN, N(USER, BUYER), T(ORDER, order.id), T(PROVIDER, "alipay")),
            STATUS_OK);
        mp_t value, payment;
        const char *text;
        uint32_t size;
        assert_true(world_get(w, "link", &value));
        assert_true(mp_read_str(&value, &text, &size));
        assert_int_equal(size, sizes[i] <= CHARGE_REPLY_LINK ? sizes[i] : 0);
        assert_int_equal(CALL(w, ORDER_GET, T(ORDER, order.id)), STATUS_OK);
        assert_true(world_get(w, "payment", &payment));
        assert_true(mp_find(payment.at, (size_t)(payment.end - payment.at), "link", &value));
        assert_true(mp_read_str(&value, &text, &size));
        assert_int_equal(size, sizes[i]);
        world_destroy(w);
    }
}

static void
lost_callbacks_are_looked_for_until_the_lock_ends(void **unused)
{
    (void)unused;
    world_t *w = world_taking();
    charged_t order = charged(w, "1,2");
    assert_int_equal(opened(w, &order), STATUS_OK);
    uint32_t looks = 0;
    int64_t last_ms = 0;
    while (w->now_ms < order.until_ms - 1) {
        uint32_t tells = w->tells;
        world_at(w, w->now_ms + 1000 < order.until_ms ? w->now_ms + 1000 : order.until_ms - 1);
        if (w->tells == tells)
            continue;
        assert_int_equal(w->tells, tells + 1);
        assert_int_equal(w->told, OP_PROVIDER_QUERY);
        assert_true(w->tell == order.tell);
        last_ms = w->now_ms;
        looks++;
    }
    assert_in_range(looks, 15, 25); /* 900 s: 5, 10, 20, 40, then a minute each */
    assert_in_range(order.until_ms - last_ms, 1, 6000); /* the last one just before the end */
    order_is(w, &order, "pending");
    world_at(w, order.until_ms);
    order_is(w, &order, "expired");
    assert_int_equal(w->told, OP_PROVIDER_CLOSE);
    state_is(w, &order, "closing");
    assert_int_equal(settled(w, &order, "closed", 0, "-"), STATUS_OK);
    state_is(w, &order, "ended");
    uint32_t tells = w->tells;
    world_at(w, order.until_ms + 3600000);
    assert_int_equal(w->tells, tells);
    world_destroy(w);
}

static void
a_query_that_finds_it_paid_sells(void **unused)
{
    (void)unused;
    world_t *w = world_taking();
    charged_t order = charged(w, "1,2");
    assert_int_equal(opened(w, &order), STATUS_OK);
    assert_int_equal(settled(w, &order, "succeeded", order.amount, "T1"), STATUS_OK);
    order_is(w, &order, "paid");
    state_is(w, &order, "ended");
    assert_int_equal(told(w, &order, "succeeded", order.amount, "T1"), STATUS_OK);
    world_text_is(w, "settled", "OK");
    order_is(w, &order, "paid");
    world_books_are(w, order.amount, order.amount, 0, 0, 0);
    world_destroy(w);
}

static void
a_cancelled_order_is_closed_there(void **unused)
{
    (void)unused;
    world_t *w = world_taking();
    charged_t order = charged(w, "1,2");
    assert_int_equal(CALL(w, PAYMENT_BEGIN, N(USER, BUYER), T(ORDER, order.id),
                          T(PROVIDER, "alipay"), N(WAIT, 1)),
                     STATUS_PENDING);
    assert_int_equal(CALL(w, ORDER_CANCEL, N(USER, BUYER), T(ORDER, order.id)), STATUS_OK);
    assert_int_equal(w->told, OP_PROVIDER_CLOSE);
    assert_int_equal(w->resolved_status, STATUS_ORDER_STATE);
    assert_int_equal(opened(w, &order), STATUS_OK); /* too late: it is being closed */
    world_text_is(w, "state", "closing");
    /* It was paid in between: the money goes back, and nothing goes on. */
    assert_int_equal(told(w, &order, "succeeded", order.amount, "T1"), STATUS_OK);
    world_text_is(w, "settled", "LATE_REFUNDED");
    assert_int_equal(w->told, OP_PROVIDER_REFUND);
    state_is(w, &order, "ended");
    world_books_are(w, order.amount, 0, 0, order.amount, 0);
    world_destroy(w);
}

static void
what_cannot_be_closed_is_lost_after_a_week(void **unused)
{
    (void)unused;
    world_t *w = world_taking();
    charged_t order = charged(w, "1,2");
    uint32_t tells = w->tells;
    for (int64_t day = 0; day < 24 * 8; day++)
        world_at(w, w->now_ms + 3600000);
    state_is(w, &order, "lost");
    assert_in_range(w->tells - tells, 100, 1200);
    tells = w->tells;
    world_at(w, w->now_ms + 3600000);
    assert_int_equal(w->tells, tells);
    assert_int_equal(told(w, &order, "succeeded", order.amount, "T1"), STATUS_OK);
    world_text_is(w, "settled", "LATE_REFUNDED");
    state_is(w, &order, "ended");
    world_destroy(w);
}

static void
duplicates_are_kept_once_and_contradictions_are_shown(void **unused)
{
    (void)unused;
    world_t *w = world_taking();
    charged_t order = charged(w, "1,2");
    assert_int_equal(opened(w, &order), STATUS_OK);
    assert_int_equal(told(w, &order, "succeeded", order.amount, "T1"), STATUS_OK);
    world_text_is(w, "settled", "OK");
    uint32_t events = w->seat_events, changes = w->order_events;
    for (int i = 0; i < 20; i++) {
        assert_int_equal(told(w, &order, "succeeded", order.amount, "T1"), STATUS_OK);
        world_text_is(w, "settled", "OK");
    }
    assert_int_equal(charge_of(w, &order)->notices, 1);
    assert_int_equal(told(w, &order, "succeeded", order.amount + 1, "T1"), STATUS_OK);
    world_text_is(w, "settled", "CONTRADICTORY");
    assert_int_equal(told(w, &order, "closed", 0, "T1"), STATUS_OK);
    world_text_is(w, "settled", "PAYMENT_STATE");
    assert_int_equal(told(w, &order, "other", 0, ""), STATUS_OK);
    assert_int_equal(w->seat_events, events);
    assert_int_equal(w->order_events, changes);
    assert_int_equal(charge_of(w, &order)->notices, 4);
    world_books_are(w, order.amount, order.amount, 0, 0, 0);
    order_is(w, &order, "paid");
    w->role = ROLE_ADMIN;
    assert_int_equal(CALL(w, PAYMENT_AUDIT, T(ORDER, order.id)), STATUS_OK);
    world_text_is(w, "provider", "alipay");
    assert_int_equal(world_uint(w, "next"), 0);
    mp_t notices;
    uint32_t count;
    assert_true(world_get(w, "notices", &notices));
    assert_true(mp_read_array(&notices, &count));
    assert_int_equal(count, 4);
    assert_int_equal(CALL(w, PAYMENT_AUDIT, T(ORDER, order.id), N(FROM, 3)), STATUS_OK);
    assert_true(world_get(w, "notices", &notices));
    assert_true(mp_read_array(&notices, &count));
    assert_int_equal(count, 1);
    world_destroy(w);
}

static void
another_amount_is_no_ticket(void **unused)
{
    (void)unused;
    world_t *w = world_taking();
    charged_t order = charged(w, "1,2");
    assert_int_equal(opened(w, &order), STATUS_OK);
    assert_int_equal(told(w, &order, "succeeded", order.amount - 1, "T1"), STATUS_OK);
    world_text_is(w, "settled", "AMOUNT_MISMATCH");
    order_is(w, &order, "cancelled");
    assert_int_equal(w->told, OP_PROVIDER_REFUND);
    world_books_are(w, order.amount - 1, 0, 0, order.amount - 1, 0);
    world_destroy(w);
}

static void
notices_end_refunds(void **unused)
{
    (void)unused;
    world_t *w = world_taking();
    charged_t order = charged(w, "1,2,3");
    assert_int_equal(opened(w, &order), STATUS_OK);
    assert_int_equal(told(w, &order, "succeeded", order.amount, "T1"), STATUS_OK);
    assert_int_equal(CALL(w, ORDER_REFUND, T(ORDER, order.id), T(TICKETS, "2")), STATUS_OK);
    assert_int_equal(w->told, OP_PROVIDER_REFUND);
    uint64_t tell = w->tell, total;
    mp_t value;
    assert_true(mp_find(w->tell_body, w->tell_size, "total", &value));
    assert_true(mp_read_uint(&value, &total));
    assert_true(total == order.amount);
    w->role = ROLE_CASHIER;
    assert_int_equal(CALL(w, PAYMENT_CALLBACK, T(ORDER, order.id), T(PROVIDER, "alipay"),
                          T(OUTCOME, "refunded"), N(AMOUNT, 5000), N(TELL, tell + 1),
                          T(RAW, "raw")),
                     STATUS_OK);
    world_text_is(w, "settled", "UNKNOWN_REFUND");
    for (int i = 0; i < 3; i++) {
        assert_int_equal(CALL(w, PAYMENT_CALLBACK, T(ORDER, order.id), T(PROVIDER, "alipay"),
                              T(OUTCOME, "refunded"), N(AMOUNT, 5000), N(TELL, tell),
                              T(RAW, "raw")),
                         STATUS_OK);
        world_text_is(w, "settled", "OK");
    }
    w->role = ROLE_ADMIN;
    world_books_are(w, order.amount, order.amount - 5000, 0, 0, 5000);
    order_is(w, &order, "partly_refunded");
    mp_t rows;
    uint32_t count;
    assert_int_equal(ASK(w, PAYMENT_LIST), STATUS_OK);
    assert_true(world_get(w, "payments", &rows));
    assert_true(mp_read_array(&rows, &count));
    assert_int_equal(count, 1);
    assert_true(mp_read_array(&rows, &count));
    assert_int_equal(count, 8);
    world_destroy(w);
}

static void
strangers_speak_of_nothing(void **unused)
{
    (void)unused;
    world_t *w = world_taking();
    charged_t order = charged(w, "1,2");
    world_order_t sandbox = world_order(w, OTHER, "5,6");
    charged_t other = order;
    snprintf(other.id, sizeof other.id, "%s", sandbox.id);
    assert_int_equal(told(w, &other, "succeeded", order.amount, "T1"), STATUS_PAYMENT_STATE);
    other.id[5] = other.id[5] == '0' ? '1' : '0';
    assert_int_equal(told(w, &other, "succeeded", order.amount, "T1"), STATUS_BAD_ORDER_ID);
    assert_int_equal(told(w, &order, "perhaps", order.amount, "T1"), STATUS_BAD_FIELD);
    assert_int_equal(told(w, &order, "succeeded", order.amount, ""), STATUS_BAD_FIELD);
    w->role = ROLE_CASHIER;
    assert_int_equal(CALL(w, PAYMENT_CALLBACK, T(ORDER, order.id), T(PROVIDER, "wxpay"),
                          T(OUTCOME, "succeeded"), N(AMOUNT, order.amount), T(TXN, "T1"),
                          T(RAW, "raw")),
                     STATUS_PAYMENT_STATE);
    w->role = ROLE_ADMIN;
    assert_int_equal(charge_of(w, &order)->notices, 0);
    order_is(w, &order, "pending");
    world_destroy(w);
}

static void
only_so_many_notices_are_kept(void **unused)
{
    (void)unused;
    world_t *w = world_taking();
    charged_t order = charged(w, "1,2");
    for (int i = 0; i < CHARGE_NOTICES_MAX + 5; i++) {
        char txn[8];
        snprintf(txn, sizeof txn, "T%d", i);
        assert_int_equal(told(w, &order, "other", (uint64_t)i, txn), STATUS_OK);
    }
    assert_int_equal(charge_of(w, &order)->notices, CHARGE_NOTICES_MAX);
    world_destroy(w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_provider_that_is_not_taken_is_unknown),
        cmocka_unit_test(creation_is_asked_again_under_one_number),
        cmocka_unit_test(who_waits_hears_the_link_or_the_refusal),
        cmocka_unit_test(a_long_link_is_read_with_the_order),
        cmocka_unit_test(lost_callbacks_are_looked_for_until_the_lock_ends),
        cmocka_unit_test(a_query_that_finds_it_paid_sells),
        cmocka_unit_test(a_cancelled_order_is_closed_there),
        cmocka_unit_test(what_cannot_be_closed_is_lost_after_a_week),
        cmocka_unit_test(duplicates_are_kept_once_and_contradictions_are_shown),
        cmocka_unit_test(another_amount_is_no_ticket),
        cmocka_unit_test(notices_end_refunds),
        cmocka_unit_test(strangers_speak_of_nothing),
        cmocka_unit_test(only_so_many_notices_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
