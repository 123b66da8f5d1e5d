/* test_box_money - payments in all their ends, and money that goes back. */
#include "tests/unit/box_world.h"

static void
failed_payments_may_begin_again(void **unused)
{
    (void)unused;
    world_t *w = world_with_hall();
    world_order_t order = world_order(w, BUYER, "1,2");
    assert_int_equal(CALL(w, PAYMENT_SETTLE, T(ORDER, order.id), T(PROVIDER, "sandbox"),
                          T(OUTCOME, "failed"), N(AMOUNT, 0), T(TXN, "-"), T(CODE, order.code)),
                     STATUS_OK);
    world_text_is(w, "state", "pending");
    assert_int_equal(
        CALL(w, PAYMENT_BEGIN, N(USER, BUYER), T(ORDER, order.id), T(PROVIDER, "sandbox")),
        STATUS_OK);
    world_text_is(w, "code", order.code);
    assert_int_equal(
        CALL(w, PAYMENT_BEGIN, N(USER, BUYER), T(ORDER, order.id), T(PROVIDER, "sandbox")),
        STATUS_OK);
    world_text_is(w, "code", order.code);
    assert_int_equal(world_pay(w, &order, order.amount, "t"), STATUS_OK);
    assert_int_equal(CALL(w, PAYMENT_SETTLE, T(ORDER, order.id), T(PROVIDER, "sandbox"),
                          T(OUTCOME, "failed"), N(AMOUNT, 0), T(TXN, "-"), T(CODE, order.code)),
                     STATUS_PAYMENT_STATE);
    world_destroy(w);
}

static void
closed_payments_begin_no_more_but_money_counts(void **unused)
{
    (void)unused;
    world_t *w = world_with_hall();
    world_order_t order = world_order(w, BUYER, "1,2");
    assert_int_equal(CALL(w, PAYMENT_SETTLE, T(ORDER, order.id), T(PROVIDER, "sandbox"),
                          T(OUTCOME, "closed"), N(AMOUNT, 0), T(TXN, "-"), T(CODE, order.code)),
                     STATUS_OK);
    assert_int_equal(
        CALL(w, PAYMENT_BEGIN, N(USER, BUYER), T(ORDER, order.id), T(PROVIDER, "sandbox")),
        STATUS_PAYMENT_STATE);
    assert_int_equal(world_pay(w, &order, order.amount, "t"), STATUS_OK);
    world_order_is(w, &order, "paid");
    world_destroy(w);
}

static void
only_who_knows_the_code_settles(void **unused)
{
    (void)unused;
    world_t *w = world_with_hall();
    world_order_t order = world_order(w, BUYER, "1,2"), wrong = order;
    wrong.code[3] = wrong.code[3] == '0' ? '1' : '0';
    assert_int_equal(world_pay(w, &wrong, order.amount, "t"), STATUS_BAD_CODE);
    assert_int_equal(CALL(w, PAYMENT_SETTLE, T(ORDER, order.id), T(PROVIDER, "sandbox"),
                          T(OUTCOME, "succeeded"), N(AMOUNT, order.amount), T(TXN, "t")),
                     STATUS_BAD_CODE);
    assert_int_equal(CALL(w, PAYMENT_SETTLE, T(ORDER, order.id), T(PROVIDER, "cash"),
                          T(OUTCOME, "succeeded"), N(AMOUNT, order.amount), T(TXN, "t")),
                     STATUS_UNKNOWN_PROVIDER);
    assert_int_equal(CALL(w, PAYMENT_SETTLE, T(ORDER, order.id), T(PROVIDER, "sandbox"),
                          T(OUTCOME, "perhaps"), N(AMOUNT, order.amount), T(TXN, "t"),
                          T(CODE, order.code)),
                     STATUS_BAD_FIELD);
    world_text_is(w, "field", "outcome");
    world_order_is(w, &order, "pending");
    w->role = ROLE_CASHIER;
    assert_int_equal(CALL(w, PAYMENT_SETTLE, T(ORDER, order.id), T(PROVIDER, "sandbox"),
                          T(OUTCOME, "succeeded"), N(AMOUNT, order.amount), T(TXN, "t")),
                     STATUS_OK);
    world_destroy(w);
}

static void
a_payment_never_begun_settles_nothing(void **unused)
{
    (void)unused;
    world_t *w = world_with_hall();
    world_order_t order = { .user = BUYER, .code = "none" };
    uint32_t lock = world_lock(w, BUYER, "1,2");
    assert_int_equal(CALL(w, ORDER_CREATE, N(USER, BUYER), N(LOCK, lock), T(PROVIDER, "cash")),
                     STATUS_UNKNOWN_PROVIDER);
    assert_int_equal(CALL(w, ORDER_CREATE, N(USER, BUYER), N(LOCK, lock)), STATUS_OK);
    world_text(w, "order", order.id, sizeof order.id);
    w->role = ROLE_CASHIER;
    assert_int_equal(world_pay(w, &order, 10000, "t"), STATUS_PAYMENT_STATE);
    world_destroy(w);
}

static void
the_same_transaction_changes_nothing(void **unused)
{
    (void)unused;
    world_t *w = world_with_hall();
    world_order_t order = world_paid(w, BUYER, "1,2");
    uint8_t first[2048];
    uint32_t size = w->size, events = w->seat_events;
    memcpy(first, w->body, size);
    assert_int_equal(world_pay(w, &order, order.amount, "t-1"), STATUS_OK);
    assert_int_equal(w->size, size);
    assert_memory_equal(w->body, first, size);
    assert_int_equal(w->seat_events, events);
    world_books_are(w, 10000, 10000, 0, 0, 0);
    world_destroy(w);
}

static void
a_second_payment_goes_back(void **unused)
{
    (void)unused;
    world_t *w = world_with_hall();
    world_order_t order = world_paid(w, BUYER, "1,2");
    assert_int_equal(world_pay(w, &order, 10000, "t-2"), STATUS_PAID_TWICE);
    world_text_is(w, "error", "PAID_TWICE");
    assert_int_equal(w->tells, 1);
    assert_int_equal(world_pay(w, &order, 10000, "t-2"), STATUS_PAID_TWICE);
    assert_int_equal(w->tells, 1);
    assert_int_equal(world_pay(w, &order, 77, "t-3"), STATUS_PAID_TWICE);
    world_books_are(w, 20077, 10000, 0, 10077, 0);
    world_order_is(w, &order, "paid");
    assert_int_equal(
        CALL(w, REFUND_SETTLE, T(ORDER, order.id), N(TELL, w->tell), T(OUTCOME, "done")),
        STATUS_OK);
    world_books_are(w, 20077, 10000, 0, 10000, 77);
    world_destroy(w);
}

static void
another_amount_is_never_a_ticket(void **unused)
{
    (void)unused;
    world_t *w = world_with_hall();
    world_order_t order = world_order(w, BUYER, "1,2");
    assert_int_equal(world_pay(w, &order, order.amount - 1, "t"), STATUS_AMOUNT_MISMATCH);
    assert_int_equal(world_seat(w, 1), 0);
    world_order_is(w, &order, "cancelled");
    assert_int_equal(w->tells, 1);
    world_books_are(w, 9999, 0, 0, 9999, 0);
    assert_int_equal(world_pay(w, &order, order.amount - 1, "t"), STATUS_AMOUNT_MISMATCH);
    assert_int_equal(w->tells, 1);

    world_order_t late = world_order(w, BUYER, "9,10");
    world_at(w, late.until_ms);
    assert_int_equal(world_pay(w, &late, late.amount + 1, "t"), STATUS_AMOUNT_MISMATCH);
    world_order_is(w, &late, "expired");
    assert_int_equal(world_seat(w, 9), 0);
    world_books_are(w, 20000, 0, 0, 20000, 0);
    world_destroy(w);
}

static void
late_money_takes_the_same_seats_if_free(void **unused)
{
    (void)unused;
    world_t *w = world_with_hall();
    world_order_t order = world_order(w, BUYER, "1,2");
    world_at(w, order.until_ms - 1);
    world_order_is(w, &order, "pending");
    world_at(w, order.until_ms);
    world_order_is(w, &order, "expired");
    assert_int_equal(world_seat(w, 1), 0);
    assert_int_equal(world_pay(w, &order, order.amount, "t"), STATUS_OK);
    assert_int_equal(world_seat(w, 1), 2);
    world_order_is(w, &order, "paid");
    world_books_are(w, 10000, 10000, 0, 0, 0);
    world_destroy(w);
}

/* An order that expired, whose seats another has, and that is paid then. */
static world_order_t
offered(world_t *w)
{
    world_order_t order = world_order(w, BUYER, "9,10");
    world_at(w, order.until_ms);
    (void)world_lock(w, OTHER, "9,10");
    assert_int_equal(world_pay(w, &order, order.amount, "t"), STATUS_LATE_OFFER);
    assert_int_equal(world_inner(w, "offer", "until_ms"), w->now_ms + 15 * 60 * 1000);
    world_order_is(w, &order, "offered");
    world_books_are(w, 10000, 0, 10000, 0, 0);
    assert_int_equal(world_seat(w, 13), 1);
    assert_int_equal(world_seat(w, 14), 1);
    return order;
}

static void
an_offer_is_accepted(void **unused)
{
    (void)unused;
    world_t *w = world_with_hall();
    world_order_t order = offered(w);
    assert_int_equal(world_pay(w, &order, order.amount, "t"), STATUS_LATE_OFFER);
    assert_int_equal(CALL(w, ORDER_ACCEPT, N(USER, OTHER), T(ORDER, order.id), N(YES, 1)),
                     STATUS_NOT_YOURS);
    assert_int_equal(CALL(w, ORDER_ACCEPT, N(USER, BUYER), T(ORDER, order.id), N(YES, 1)),
                     STATUS_OK);
    world_text_is(w, "state", "paid");
    assert_int_equal(world_seat(w, 13), 2);
    world_books_are(w, 10000, 10000, 0, 0, 0);
    assert_int_equal(CALL(w, ORDER_ACCEPT, N(USER, BUYER), T(ORDER, order.id), N(YES, 1)),
                     STATUS_ORDER_STATE);
    world_destroy(w);
}

static void
an_offer_is_declined(void **unused)
{
    (void)unused;
    world_t *w = world_with_hall();
    world_order_t order = offered(w);
    assert_int_equal(CALL(w, ORDER_ACCEPT, N(USER, BUYER), T(ORDER, order.id), N(YES, 0)),
                     STATUS_OK);
    world_text_is(w, "state", "expired");
    assert_int_equal(world_seat(w, 13), 0);
    assert_int_equal(w->tells, 1);
    world_books_are(w, 10000, 0, 0, 10000, 0);
    world_destroy(w);
}

static void
an_offer_without_an_answer_ends(void **unused)
{
    (void)unused;
    world_t *w = world_with_hall();
    world_order_t order = offered(w);
    world_at(w, w->now_ms + 15 * 60 * 1000 - 1);
    world_order_is(w, &order, "offered");
    world_at(w, w->now_ms + 1);
    world_order_is(w, &order, "expired");
    assert_int_equal(world_seat(w, 13), 0);
    world_books_are(w, 10000, 0, 0, 10000, 0);
    world_destroy(w);
}

static void
late_money_without_seats_goes_back(void **unused)
{
    (void)unused;
    world_t *w = world_with_hall();
    world_order_t order = world_order(w, BUYER, "17,18,19,20");
    world_at(w, order.until_ms);
    (void)world_lock(w, OTHER, "17,18");
    assert_int_equal(world_pay(w, &order, order.amount, "t"), STATUS_LATE_REFUNDED);
    world_order_is(w, &order, "expired");
    world_books_are(w, 32000, 0, 0, 32000, 0);
    assert_int_equal(world_pay(w, &order, order.amount, "t"), STATUS_LATE_REFUNDED);
    assert_int_equal(w->tells, 1);
    world_destroy(w);
}

static void
money_for_a_cancelled_order_goes_back(void **unused)
{
    (void)unused;
    world_t *w = world_with_hall();
    world_order_t order = world_order(w, BUYER, "1,2");
    assert_int_equal(CALL(w, ORDER_CANCEL, N(USER, BUYER), T(ORDER, order.id)), STATUS_OK);
    world_text_is(w, "state", "cancelled");
    assert_int_equal(world_seat(w, 1), 0);
    assert_int_equal(world_pay(w, &order, order.amount, "t"), STATUS_LATE_REFUNDED);
    world_order_is(w, &order, "cancelled");
    world_books_are(w, 10000, 0, 0, 10000, 0);
    world_destroy(w);
}

static void
money_after_the_show_goes_back(void **unused)
{
    (void)unused;
    world_t *w = world_with_hall();
    world_order_t order = world_order(w, BUYER, "1,2");
    world_at(w, ENDS_MS);
    assert_int_equal(world_pay(w, &order, order.amount, "t"), STATUS_LATE_REFUNDED);
    assert_int_equal(world_seat(w, 1), 0);
    world_destroy(w);
}

static void
staff_refunds_tickets(void **unused)
{
    (void)unused;
    world_t *w = world_with_hall();
    world_order_t order = world_paid(w, BUYER, "1,2,3");
    assert_int_equal(CALL(w, ORDER_REFUND, T(ORDER, order.id), T(TICKETS, "9")),
                     STATUS_UNKNOWN_TICKET);
    assert_int_equal(CALL(w, ORDER_REFUND, T(ORDER, order.id), T(TICKETS, "2"), T(REASON, "ill")),
                     STATUS_OK);
    world_text_is(w, "state", "partly_refunded");
    assert_int_equal(world_uint(w, "refunded"), 5000);
    assert_int_equal(world_seat(w, 2), 0);
    assert_int_equal(CALL(w, ORDER_REFUND, T(ORDER, order.id), T(TICKETS, "2")),
                     STATUS_TICKET_VOID);
    world_books_are(w, 15000, 10000, 0, 5000, 0);
    assert_int_equal(CALL(w, ORDER_REFUND, T(ORDER, order.id)), STATUS_OK);
    world_text_is(w, "state", "refunded");
    assert_int_equal(world_uint(w, "refunded"), 10000);
    assert_int_equal(CALL(w, ORDER_REFUND, T(ORDER, order.id)), STATUS_ORDER_STATE);
    world_books_are(w, 15000, 0, 0, 15000, 0);
    (void)world_lock(w, OTHER, "1,2,3");
    world_destroy(w);
}

static void
a_refund_is_sent_until_it_is_answered(void **unused)
{
    (void)unused;
    world_t *w = world_with_hall();
    world_order_t order = world_paid(w, BUYER, "1,2");
    assert_int_equal(CALL(w, ORDER_REFUND, T(ORDER, order.id)), STATUS_OK);
    uint64_t tell = world_uint(w, "tell");
    static const int64_t waits_s[] = { 1, 2, 4, 8, 16, 32, 60, 60, 60 };
    uint32_t sent = 1;
    for (size_t i = 0; i < sizeof waits_s / sizeof waits_s[0]; i++) {
        int64_t due_ms = w->now_ms + waits_s[i] * 1000;
        assert_int_equal(w->tells, sent);
        world_at(w, due_ms - 1);
        assert_int_equal(w->tells, sent);
        world_at(w, due_ms);
        assert_int_equal(w->tells, ++sent);
        assert_int_equal(w->tell, tell);
    }
    assert_int_equal(
        CALL(w, REFUND_SETTLE, T(ORDER, order.id), N(TELL, tell + 1), T(OUTCOME, "done")),
        STATUS_UNKNOWN_REFUND);
    assert_int_equal(
        CALL(w, REFUND_SETTLE, T(ORDER, order.id), N(TELL, tell), T(OUTCOME, "perhaps")),
        STATUS_BAD_FIELD);
    for (int again = 0; again < 2; again++) {
        assert_int_equal(CALL(w, REFUND_SETTLE, T(ORDER, order.id), N(TELL, tell),
                              T(OUTCOME, "done"), T(TXN, "r-1")),
                         STATUS_OK);
        world_text_is(w, "state", "done");
        world_books_are(w, 10000, 0, 0, 0, 10000);
    }
    assert_int_equal(
        CALL(w, REFUND_SETTLE, T(ORDER, order.id), N(TELL, tell), T(OUTCOME, "failed")),
        STATUS_REFUND_STATE);
    world_at(w, w->now_ms + 600000);
    assert_int_equal(w->tells, sent);
    world_destroy(w);
}

static void
a_failed_refund_is_tried_again_under_its_number(void **unused)
{
    (void)unused;
    world_t *w = world_with_hall();
    world_order_t order = world_paid(w, BUYER, "1,2");
    assert_int_equal(CALL(w, ORDER_REFUND, T(ORDER, order.id)), STATUS_OK);
    uint64_t tell = world_uint(w, "tell");
    assert_int_equal(
        CALL(w, REFUND_SETTLE, T(ORDER, order.id), N(TELL, tell), T(OUTCOME, "failed")), STATUS_OK);
    world_books_are(w, 10000, 0, 0, 10000, 0);
    world_at(w, w->now_ms + 600000);
    assert_int_equal(w->tells, 1);
    assert_int_equal(CALL(w, ORDER_REFUND, T(ORDER, order.id)), STATUS_OK);
    assert_int_equal(world_uint(w, "tell"), tell);
    assert_int_equal(w->tells, 2);
    assert_int_equal(w->tell, tell);
    assert_int_equal(CALL(w, REFUND_SETTLE, T(ORDER, order.id), N(TELL, tell), T(OUTCOME, "done")),
                     STATUS_OK);
    world_books_are(w, 10000, 0, 0, 0, 10000);
    world_destroy(w);
}

static void
who_waits_is_answered_at_the_end(void **unused)
{
    (void)unused;
    world_t *w = world_with_hall();
    world_order_t order = world_paid(w, BUYER, "1,2");
    assert_int_equal(CALL(w, ORDER_REFUND, T(ORDER, order.id), N(WAIT, 1)), STATUS_PENDING);
    uint64_t waiting = w->request;
    reply_t reply;
    assert_true(replies_find(state_replies(w->state), 99, waiting, &reply));
    uint64_t digest = reply.digest;
    assert_int_equal(reply.status, STATUS_PENDING);
    assert_int_equal(
        CALL(w, REFUND_SETTLE, T(ORDER, order.id), N(TELL, w->tell), T(OUTCOME, "done")),
        STATUS_OK);
    assert_int_equal(w->resolved, 1);
    assert_int_equal(w->resolved_request, waiting);
    assert_int_equal(w->resolved_status, STATUS_OK);
    assert_true(replies_find(state_replies(w->state), 99, waiting, &reply));
    assert_int_equal(reply.status, STATUS_OK);
    assert_true(reply.digest == digest);
    world_destroy(w);
}

static void
redeemed_tickets_are_not_refunded(void **unused)
{
    (void)unused;
    world_t *w = world_with_hall();
    world_order_t order = world_paid(w, BUYER, "1,2");
    char ticket[TICKET_ID_ROOM + 8], token[TOKEN_ROOM];
    snprintf(ticket, sizeof ticket, "%s-1", order.id);
    assert_int_equal(CALL(w, TICKET_GET, T(TICKET, ticket)), STATUS_OK);
    world_text(w, "token", token, sizeof token);
    assert_int_equal(CALL(w, TICKET_REDEEM, T(TOKEN, token), T(KIOSK, "k")), STATUS_OK);
    assert_int_equal(CALL(w, ORDER_REFUND, T(ORDER, order.id), T(TICKETS, "1,2")),
                     STATUS_ALREADY_REDEEMED);
    assert_int_equal(world_uint(w, "seat"), 1);
    assert_int_equal(CALL(w, ORDER_REFUND, T(ORDER, order.id)), STATUS_OK);
    world_text_is(w, "state", "partly_refunded");
    assert_int_equal(world_uint(w, "refunded"), 5000);
    assert_int_equal(CALL(w, ORDER_REFUND, T(ORDER, order.id)), STATUS_ORDER_STATE);
    world_destroy(w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(failed_payments_may_begin_again),
        cmocka_unit_test(closed_payments_begin_no_more_but_money_counts),
        cmocka_unit_test(only_who_knows_the_code_settles),
        cmocka_unit_test(a_payment_never_begun_settles_nothing),
        cmocka_unit_test(the_same_transaction_changes_nothing),
        cmocka_unit_test(a_second_payment_goes_back),
        cmocka_unit_test(another_amount_is_never_a_ticket),
        cmocka_unit_test(late_money_takes_the_same_seats_if_free),
        cmocka_unit_test(an_offer_is_accepted),
        cmocka_unit_test(an_offer_is_declined),
        cmocka_unit_test(an_offer_without_an_answer_ends),
        cmocka_unit_test(late_money_without_seats_goes_back),
        cmocka_unit_test(money_for_a_cancelled_order_goes_back),
        cmocka_unit_test(money_after_the_show_goes_back),
        cmocka_unit_test(staff_refunds_tickets),
        cmocka_unit_test(a_refund_is_sent_until_it_is_answered),
        cmocka_unit_test(a_failed_refund_is_tried_again_under_its_number),
        cmocka_unit_test(who_waits_is_answered_at_the_end),
        cmocka_unit_test(redeemed_tickets_are_not_refunded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
