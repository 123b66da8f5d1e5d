/* test_box_gate - what gates and desks do: requests that are taken once, printing, the list of
 * revoked tickets, and writes that are known by `once`. */
#include "tests/unit/box_world.h"

enum { WINDOW_MS = 300 * 1000 };

/* A paid order of seats, and the ticket and token of one of them. */
typedef struct {
    world_order_t order;
    char ticket[TICKET_ID_ROOM + 8], token[TOKEN_ROOM];
} pass_t;

static pass_t
pass_of(world_t *w, const world_order_t *order, uint32_t seat)
{
    pass_t pass = { .order = *order };
    snprintf(pass.ticket, sizeof pass.ticket, "%s-%u", order->id, seat);
    assert_int_equal(CALL(w, TICKET_GET, T(TICKET, pass.ticket)), STATUS_OK);
    world_text(w, "token", pass.token, sizeof pass.token);
    return pass;
}

static uint64_t
nonces_kept(world_t *w)
{
    const nonces_t *nonces = state_get(w->state, box_key(SHOWTIME, BOX_NONCE, 0), NULL);
    return nonces ? nonces->count : 0;
}

static status_t
redeem(world_t *w, const pass_t *pass, const char *nonce, int64_t at_ms)
{
    return CALL(w, TICKET_REDEEM, T(TOKEN, pass->token), T(KIOSK, "k"), T(NONCE, nonce),
                N(AT, at_ms));
}

static void
a_nonce_is_taken_once(void **unused)
{
    (void)unused;
    world_t *w = world_with_hall();
    world_order_t order = world_paid(w, BUYER, "1,2,3");
    pass_t one = pass_of(w, &order, 1), two = pass_of(w, &order, 2), three = pass_of(w, &order, 3);
    int64_t first_ms = w->now_ms;
    w->role = ROLE_KIOSK;
    assert_int_equal(redeem(w, &one, "nonce-of-sixteen", first_ms), STATUS_OK);
    assert_int_equal(nonces_kept(w), 1);
    assert_int_equal(redeem(w, &two, "nonce-of-sixteen", first_ms), STATUS_REPLAYED);
    assert_int_equal(redeem(w, &one, "another-nonce-16", first_ms), STATUS_ALREADY_REDEEMED);
    assert_int_equal(nonces_kept(w), 2);
    assert_int_equal(redeem(w, &two, "another-nonce-16", first_ms), STATUS_REPLAYED);
    /* at the last millisecond of its window, and the first after it */
    world_at(w, first_ms + 2 * WINDOW_MS);
    assert_int_equal(redeem(w, &two, "nonce-of-sixteen", w->now_ms), STATUS_REPLAYED);
    world_at(w, first_ms + 2 * WINDOW_MS + 1);
    assert_int_equal(nonces_kept(w), 0);
    assert_int_equal(redeem(w, &two, "nonce-of-sixteen", w->now_ms), STATUS_OK);
    assert_int_equal(CALL(w, TICKET_REDEEM, T(TOKEN, three.token), T(KIOSK, "k")), STATUS_OK);
    assert_int_equal(nonces_kept(w), 1);
    world_destroy(w);
}

/* The same bytes are never good again: the nonce outlives the window of the request that came as
 * early as it could. */
static void
a_request_is_stale_outside_its_window(void **unused)
{
    (void)unused;
    world_t *w = world_with_hall();
    world_order_t order = world_paid(w, BUYER, "1,2,3");
    pass_t one = pass_of(w, &order, 1), two = pass_of(w, &order, 2);
    int64_t ahead_ms = w->now_ms + WINDOW_MS;
    assert_int_equal(redeem(w, &one, "aaaaaaaaaaaaaaaa", ahead_ms + 1), STATUS_STALE_REQUEST);
    assert_int_equal(redeem(w, &one, "aaaaaaaaaaaaaaaa", TIME_MAX_MS), STATUS_STALE_REQUEST);
    assert_int_equal(redeem(w, &one, "aaaaaaaaaaaaaaaa", 0), STATUS_STALE_REQUEST);
    assert_int_equal(redeem(w, &one, "aaaaaaaaaaaaaaaa", w->now_ms - WINDOW_MS - 1),
                     STATUS_STALE_REQUEST);
    assert_int_equal(nonces_kept(w), 0);
    assert_int_equal(redeem(w, &one, "aaaaaaaaaaaaaaaa", ahead_ms), STATUS_OK);
    world_at(w, ahead_ms + WINDOW_MS);
    assert_int_equal(redeem(w, &two, "aaaaaaaaaaaaaaaa", ahead_ms), STATUS_REPLAYED);
    world_at(w, ahead_ms + WINDOW_MS + 1);
    assert_int_equal(redeem(w, &two, "aaaaaaaaaaaaaaaa", ahead_ms), STATUS_STALE_REQUEST);
    assert_int_equal(redeem(w, &two, "bbbbbbbbbbbbbbbb", w->now_ms - WINDOW_MS), STATUS_OK);
    world_destroy(w);
}

static void
nonce_and_time_come_together(void **unused)
{
    (void)unused;
    world_t *w = world_with_hall();
    world_order_t order = world_paid(w, BUYER, "1");
    pass_t pass = pass_of(w, &order, 1);
    assert_int_equal(
        CALL(w, TICKET_REDEEM, T(TOKEN, pass.token), T(KIOSK, "k"), T(NONCE, "aaaaaaaaaaaaaaaa")),
        STATUS_MISSING_FIELD);
    world_text_is(w, "field", "at_ms");
    assert_int_equal(CALL(w, TICKET_REDEEM, T(TOKEN, pass.token), T(KIOSK, "k"), N(AT, w->now_ms)),
                     STATUS_MISSING_FIELD);
    world_text_is(w, "field", "nonce");
    assert_int_equal(nonces_kept(w), 0);
    world_destroy(w);
}

static void
nonces_are_bounded(void **unused)
{
    (void)unused;
    world_t *w = world_with_hall();
    world_order_t order = world_paid(w, BUYER, "1,2");
    pass_t one = pass_of(w, &order, 1), two = pass_of(w, &order, 2);
    assert_int_equal(redeem(w, &one, "aaaaaaaaaaaaaaaa", w->now_ms), STATUS_OK);
    uint8_t chain[16] = { 0 };
    state_begin(w->state, state_sequence(w->state) + 1, chain);
    nonces_t *nonces = state_edit(w->state, box_key(SHOWTIME, BOX_NONCE, 0), 0, SIZE_MAX);
    nonces->count = BOX_NONCES_MAX;
    state_end(w->state);
    assert_int_equal(redeem(w, &two, "bbbbbbbbbbbbbbbb", w->now_ms), STATUS_TOO_MANY_REQUESTS);
    assert_int_equal(redeem(w, &two, "aaaaaaaaaaaaaaaa", w->now_ms), STATUS_REPLAYED);
    world_at(w, w->now_ms + 2 * WINDOW_MS + 1);
    assert_int_equal(redeem(w, &two, "bbbbbbbbbbbbbbbb", w->now_ms), STATUS_OK);
    world_destroy(w);
}

static status_t
print_step(world_t *w, const pass_t *pass, const char *step)
{
    return CALL(w, TICKET_PRINT, T(TICKET, pass->ticket), T(KIOSK, "k"), T(STEP, step));
}

/* Whatever becomes of it: a request that was seen is not taken again, by either operation. */
static void
a_print_is_asked_for_once(void **unused)
{
    (void)unused;
    world_t *w = world_with_hall();
    world_order_t order = world_paid(w, BUYER, "1,2");
    pass_t one = pass_of(w, &order, 1), two = pass_of(w, &order, 2);
    w->role = ROLE_KIOSK;
    for (int turn = 0; turn < 2; turn++)
        assert_int_equal(CALL(w, TICKET_PRINT, T(TICKET, one.ticket), T(KIOSK, "k"),
                              T(STEP, "begin"), T(NONCE, "aaaaaaaaaaaaaaaa"), N(AT, w->now_ms)),
                         turn ? STATUS_REPLAYED : STATUS_OK);
    assert_int_equal(CALL(w, TICKET_PRINT, T(TICKET, one.ticket), T(KIOSK, "k"), T(STEP, "jump"),
                          T(NONCE, "bbbbbbbbbbbbbbbb"), N(AT, w->now_ms)),
                     STATUS_BAD_FIELD);
    assert_int_equal(redeem(w, &two, "bbbbbbbbbbbbbbbb", w->now_ms), STATUS_REPLAYED);
    assert_int_equal(CALL(w, TICKET_PRINT, T(TICKET, one.ticket), T(KIOSK, "k"), T(STEP, "done"),
                          T(NONCE, "cccccccccccccccc"), N(AT, w->now_ms - WINDOW_MS - 1)),
                     STATUS_STALE_REQUEST);
    assert_int_equal(nonces_kept(w), 2);
    world_destroy(w);
}

static void
print_is(world_t *w, const pass_t *pass, const char *state, uint64_t prints)
{
    assert_int_equal(CALL(w, TICKET_GET, T(TICKET, pass->ticket)), STATUS_OK);
    world_text_is(w, "print", state);
    assert_int_equal(world_uint(w, "prints"), prints);
}

/* The ways into each state, and every step from there. */
static void
every_step_of_printing(void **unused)
{
    (void)unused;
    static const char *const ways[][3] = { { NULL }, { "begin", NULL }, { "begin", "done", NULL } };
    static const char *const names[] = { "issued", "printing", "printed" };
    static const char *const steps[] = { "begin", "done", "failed", "reprint" };
    static const char *const next[3][4] = { { "printing", NULL, NULL, NULL },
                                            { NULL, "printed", "issued", NULL },
                                            { NULL, NULL, NULL, "issued" } };
    world_t *w = world_with_hall();
    char seat[8];
    for (uint32_t cell = 0; cell < 12; cell++) {
        const char *right = next[cell / 4][cell % 4], *step = steps[cell % 4];
        uint32_t number = 1 + cell;
        snprintf(seat, sizeof seat, "%u", number);
        world_order_t order = world_paid(w, 100 + cell, seat);
        pass_t pass = pass_of(w, &order, number);
        print_is(w, &pass, "issued", 0);
        for (size_t i = 0; ways[cell / 4][i]; i++)
            assert_int_equal(print_step(w, &pass, ways[cell / 4][i]), STATUS_OK);
        print_is(w, &pass, names[cell / 4], cell / 4 == 2);
        if (right) {
            assert_int_equal(print_step(w, &pass, step), STATUS_OK);
            world_text_is(w, "print", right);
            world_text_is(w, "ticket", pass.ticket);
        } else {
            assert_int_equal(print_step(w, &pass, step), STATUS_PRINT_STATE);
            world_text_is(w, "state", names[cell / 4]);
        }
        print_is(w, &pass, right ? right : names[cell / 4],
                 cell / 4 == 2 || (right && strcmp(right, "printed") == 0));
    }
    world_destroy(w);
}

static void
a_reprint_is_for_staff(void **unused)
{
    (void)unused;
    static const struct {
        role_t role;
        const char *staff;
        status_t status;
    } cases[] = { { ROLE_KIOSK, NULL, STATUS_FORBIDDEN },
                  { ROLE_BRIDGE, NULL, STATUS_FORBIDDEN },
                  { ROLE_LOAD, NULL, STATUS_FORBIDDEN },
                  { ROLE_BRIDGE, "wang", STATUS_OK },
                  { ROLE_ADMIN, NULL, STATUS_OK } };
    world_t *w = world_with_hall();
    world_order_t order = world_paid(w, BUYER, "1");
    pass_t pass = pass_of(w, &order, 1);
    uint32_t prints = 0;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        w->role = ROLE_KIOSK;
        (void)print_step(w, &pass, "begin");
        prints += print_step(w, &pass, "done") == STATUS_OK;
        w->role = cases[i].role;
        if (cases[i].staff)
            CALL(w, TICKET_PRINT, T(TICKET, pass.ticket), T(KIOSK, "k"), T(STEP, "reprint"),
                 T(STAFF, cases[i].staff));
        else
            print_step(w, &pass, "reprint");
        assert_int_equal(w->status, cases[i].status);
    }
    w->role = ROLE_ADMIN;
    assert_int_equal(prints, 2);
    print_is(w, &pass, "issued", 2);
    world_destroy(w);
}

static void
what_cannot_be_printed(void **unused)
{
    (void)unused;
    world_t *w = world_with_hall();
    world_order_t order = world_paid(w, BUYER, "1,2");
    pass_t one = pass_of(w, &order, 1), two = pass_of(w, &order, 2), none = one;
    assert_int_equal(print_step(w, &one, "burn"), STATUS_BAD_FIELD);
    world_text_is(w, "field", "step");
    snprintf(none.ticket, sizeof none.ticket, "%s-3", order.id);
    assert_int_equal(print_step(w, &none, "begin"), STATUS_UNKNOWN_TICKET);
    snprintf(none.ticket, sizeof none.ticket, "no ticket");
    assert_int_equal(print_step(w, &none, "begin"), STATUS_UNKNOWN_TICKET);
    world_call(w, OP_TICKET_PRINT, SHOWTIME + 1,
               (world_arg_t[]){
                   T(TICKET, one.ticket), T(KIOSK, "k"), T(STEP, "begin"), { FIELDS, 0, NULL } });
    assert_int_equal(w->status, STATUS_UNKNOWN_SHOWTIME);
    /* a printer tells of a ticket that became void meanwhile */
    assert_int_equal(print_step(w, &one, "begin"), STATUS_OK);
    assert_int_equal(CALL(w, ORDER_REFUND, T(ORDER, order.id), T(TICKETS, "1")), STATUS_OK);
    assert_int_equal(print_step(w, &one, "done"), STATUS_OK);
    assert_int_equal(print_step(w, &one, "reprint"), STATUS_TICKET_VOID);
    world_at(w, ENDS_MS);
    assert_int_equal(print_step(w, &two, "begin"), STATUS_TICKET_EXPIRED);
    world_destroy(w);
}

/* The list is `right`, seats as "3,4", from `since` on; returns next. */
static uint64_t
revoked_are(world_t *w, const char *order, uint64_t since, uint64_t limit, uint64_t version,
            const char *right)
{
    mp_t list;
    uint32_t count, size;
    const char *found, *at = right;
    assert_int_equal(CALL(w, TICKETS_REVOKED, N(SINCE, since), N(LIMIT, limit)), STATUS_OK);
    assert_int_equal(world_uint(w, "version"), version);
    assert_true(world_get(w, "tickets", &list));
    assert_true(mp_read_array(&list, &count));
    for (uint32_t i = 0; i < count; i++) {
        char ticket[64];
        uint32_t seat = (uint32_t)strtoul(at, (char **)(uintptr_t)&at, 10);
        at += *at == ',';
        snprintf(ticket, sizeof ticket, "%s-%u", order, seat);
        assert_true(mp_read_str(&list, &found, &size));
        assert_int_equal(size, strlen(ticket));
        assert_memory_equal(found, ticket, size);
    }
    assert_string_equal(at, "");
    return world_uint(w, "next");
}

static void
revoked_tickets_are_listed_in_order(void **unused)
{
    (void)unused;
    world_t *w = world_with_hall();
    world_order_t order = world_paid(w, BUYER, "1,2,3,4,5,6");
    assert_int_equal(revoked_are(w, order.id, 0, 500, 0, ""), 0);
    assert_int_equal(CALL(w, ORDER_REFUND, T(ORDER, order.id), T(TICKETS, "5,3")), STATUS_OK);
    assert_int_equal(CALL(w, ORDER_REFUND, T(ORDER, order.id), T(TICKETS, "1")), STATUS_OK);
    assert_int_equal(CALL(w, ORDER_REFUND, T(ORDER, order.id), T(TICKETS, "1")),
                     STATUS_TICKET_VOID);
    assert_int_equal(revoked_are(w, order.id, 0, 500, 3, "3,5,1"), 0);
    assert_int_equal(revoked_are(w, order.id, 0, 2, 3, "3,5"), 2);
    assert_int_equal(revoked_are(w, order.id, 2, 2, 3, "1"), 0);
    assert_int_equal(revoked_are(w, order.id, 3, 2, 3, ""), 0);
    assert_int_equal(revoked_are(w, order.id, UINT32_MAX, 2, 3, ""), 0);
    assert_int_equal(CALL(w, ORDER_REFUND, T(ORDER, order.id)), STATUS_OK);
    assert_int_equal(revoked_are(w, order.id, 1, 500, 6, "5,1,2,4,6"), 0);
    world_call(w, OP_TICKETS_REVOKED, SHOWTIME + 1, (world_arg_t[]){ { FIELDS, 0, NULL } });
    assert_int_equal(w->status, STATUS_UNKNOWN_SHOWTIME);
    world_destroy(w);
}

/* Seats are sold and refunded till the list has several pages. */
static void
the_list_goes_over_pages(void **unused)
{
    (void)unused;
    world_t *w = world_with_hall();
    uint32_t count;
    mp_t list;
    for (uint32_t i = 0; i < 55; i++) {
        world_order_t order = world_paid(w, BUYER, "1,2,3,4,5");
        assert_int_equal(CALL(w, ORDER_REFUND, T(ORDER, order.id)), STATUS_OK);
    }
    for (uint64_t since = 0, left = 55 * 5; left > 0;) {
        assert_int_equal(CALL(w, TICKETS_REVOKED, N(SINCE, since)), STATUS_OK);
        assert_true(world_get(w, "tickets", &list));
        assert_true(mp_read_array(&list, &count));
        assert_int_equal(count, left < 100 ? left : 100);
        left -= count;
        since = world_uint(w, "next");
    }
    world_destroy(w);
}

/* What an older program left: void tickets and no list. */
static void
an_old_showtime_gets_its_list(void **unused)
{
    (void)unused;
    world_t *w = world_with_hall();
    world_order_t order = world_paid(w, BUYER, "1,2,3,4");
    assert_int_equal(CALL(w, ORDER_REFUND, T(ORDER, order.id), T(TICKETS, "4")), STATUS_OK);
    assert_int_equal(CALL(w, ORDER_REFUND, T(ORDER, order.id), T(TICKETS, "2")), STATUS_OK);
    uint8_t chain[16] = { 0 };
    state_begin(w->state, state_sequence(w->state) + 1, chain);
    state_remove(w->state, box_key(SHOWTIME, BOX_REVOKED, 0));
    state_remove(w->state, box_key(SHOWTIME, BOX_REVOKED, 1));
    state_end(w->state);
    assert_int_equal(revoked_are(w, order.id, 0, 500, 2, "2,4"), 0);
    assert_int_equal(revoked_are(w, order.id, 1, 500, 2, "4"), 0);
    assert_int_equal(revoked_are(w, order.id, 0, 1, 2, "2"), 1);
    assert_int_equal(CALL(w, ORDER_REFUND, T(ORDER, order.id), T(TICKETS, "1")), STATUS_OK);
    assert_int_equal(revoked_are(w, order.id, 0, 500, 3, "2,4,1"), 0);
    world_destroy(w);
}

/* A lock with `once`, by some client under some request id. */
static status_t
lock_once(world_t *w, uint64_t client, const char *once, const char *seats)
{
    w->client = client;
    w->request = client * 1000; /* CALL counts it up */
    return CALL(w, SEATS_LOCK, N(USER, BUYER), T(SEATS, seats), T(ONCE, once));
}

static void
a_write_is_known_by_once(void **unused)
{
    (void)unused;
    world_t *w = world_with_hall();
    w->role = ROLE_BRIDGE;
    assert_int_equal(lock_once(w, 99, "aaaaaaaaaaaaaaaa", "1,2"), STATUS_OK);
    uint8_t first[WORLD_BODY_MAX];
    uint32_t size = w->size;
    memcpy(first, w->body, size);
    w->now_ms += 5000;
    assert_int_equal(lock_once(w, 7, "aaaaaaaaaaaaaaaa", "1,2"), STATUS_OK);
    assert_int_equal(w->size, size);
    assert_memory_equal(w->body, first, size);
    assert_int_equal(w->apply.counts.repeats, 1);
    assert_int_equal(lock_once(w, 7, "aaaaaaaaaaaaaaaa", "1,3"), STATUS_REQUEST_REUSED);
    assert_int_equal(lock_once(w, 99, "bbbbbbbbbbbbbbbb", "1,2"), STATUS_SEAT_LOCKED);
    /* refusals are remembered too, and each role has names of its own */
    assert_int_equal(lock_once(w, 7, "bbbbbbbbbbbbbbbb", "1,2"), STATUS_SEAT_LOCKED);
    assert_int_equal(w->apply.counts.repeats, 3);
    w->role = ROLE_ADMIN;
    assert_int_equal(lock_once(w, 7, "aaaaaaaaaaaaaaaa", "3,4"), STATUS_OK);
    world_destroy(w);
}

/* Others ask and are refused, till `until_ms`. */
static void
others_ask(world_t *w, int64_t until_ms)
{
    for (; w->now_ms < until_ms; w->now_ms += 200)
        assert_int_equal(CALL(w, SEATS_LOCK, N(USER, OTHER), T(SEATS, "1")), STATUS_SEAT_LOCKED);
    w->now_ms = until_ms;
}

/* A reply goes when its deadline has passed and others need its room: not so soon with `once`. */
static void
once_is_kept_past_its_deadline(void **unused)
{
    (void)unused;
    world_t *w = world_with_hall();
    reply_t reply;
    w->role = ROLE_BRIDGE;
    assert_true(replies_bound(state_replies(w->state), 32 * 1024));
    assert_int_equal(lock_once(w, 99, "aaaaaaaaaaaaaaaa", "1,2"), STATUS_OK);
    int64_t first_ms = w->now_ms;
    assert_int_equal(CALL(w, SEATS_LOCK, N(USER, OTHER), T(SEATS, "9,10")), STATUS_OK);
    uint64_t plain = w->request;
    assert_true(replies_find(state_replies(w->state), 99, plain, &reply));
    others_ask(w, first_ms + APPLY_ONCE_KEEP_MS);
    assert_false(replies_find(state_replies(w->state), 99, plain, &reply));
    assert_int_equal(lock_once(w, 7, "aaaaaaaaaaaaaaaa", "1,2"), STATUS_OK);
    assert_int_equal(world_uint(w, "lock"), 1);
    others_ask(w, first_ms + 2 * APPLY_ONCE_KEEP_MS);
    assert_int_equal(lock_once(w, 7, "aaaaaaaaaaaaaaaa", "1,2"), STATUS_SEAT_LOCKED);
    world_destroy(w);
}

/* The end of a deferred command replaces PENDING under the name that it is known by. */
static void
a_deferred_write_is_found_by_once(void **unused)
{
    (void)unused;
    world_t *w = world_with_hall();
    world_order_t order = world_paid(w, BUYER, "1,2");
    assert_int_equal(
        CALL(w, ORDER_REFUND, T(ORDER, order.id), N(WAIT, 1), T(ONCE, "cccccccccccccccc")),
        STATUS_PENDING);
    w->client = 5;
    assert_int_equal(
        CALL(w, ORDER_REFUND, T(ORDER, order.id), N(WAIT, 1), T(ONCE, "cccccccccccccccc")),
        STATUS_PENDING);
    assert_int_equal(
        CALL(w, REFUND_SETTLE, T(ORDER, order.id), N(TELL, w->tell), T(OUTCOME, "done")),
        STATUS_OK);
    assert_int_equal(w->resolved, 1);
    assert_int_equal(
        CALL(w, ORDER_REFUND, T(ORDER, order.id), N(WAIT, 1), T(ONCE, "cccccccccccccccc")),
        STATUS_OK);
    assert_int_equal(world_uint(w, "refunded"), 10000);
    world_destroy(w);
}

static void
the_keys_check_what_was_signed(void **unused)
{
    (void)unused;
    world_t *w = world_with_hall();
    world_order_t order = world_paid(w, BUYER, "1");
    pass_t pass = pass_of(w, &order, 1);
    mp_t list;
    mp_item_t id, key;
    uint32_t count;
    assert_int_equal(world_call(w, OP_SITE_KEYS, 0, (world_arg_t[]){ { FIELDS, 0, NULL } }),
                     STATUS_OK);
    assert_true(world_get(w, "keys", &list));
    assert_true(mp_read_array(&list, &count) && count == 1);
    assert_true(mp_read_array(&list, &count) && count == 2);
    assert_true(mp_next(&list, &id) && id.type == MP_STR && id.size == 8);
    assert_true(mp_next(&list, &key) && key.type == MP_BIN && key.size == 32);
    uint8_t public_key[32], bytes[400];
    char text[TICKET_OFFLINE_ROOM];
    size_t size;
    memcpy(public_key, key.data, sizeof public_key);
    assert_int_equal(CALL(w, TICKET_GET, T(TICKET, pass.ticket), N(OFFLINE, 1)), STATUS_OK);
    world_text(w, "offline", text, sizeof text);
    assert_true(ids_base64_read(text, strlen(text), bytes, sizeof bytes, &size));
    assert_int_equal(crypto_sign_verify_detached(bytes, bytes + 64, size - 64, public_key), 0);
    world_destroy(w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_nonce_is_taken_once),
        cmocka_unit_test(a_print_is_asked_for_once),
        cmocka_unit_test(a_request_is_stale_outside_its_window),
        cmocka_unit_test(nonce_and_time_come_together),
        cmocka_unit_test(nonces_are_bounded),
        cmocka_unit_test(every_step_of_printing),
        cmocka_unit_test(a_reprint_is_for_staff),
        cmocka_unit_test(what_cannot_be_printed),
        cmocka_unit_test(revoked_tickets_are_listed_in_order),
        cmocka_unit_test(the_list_goes_over_pages),
        cmocka_unit_test(an_old_showtime_gets_its_list),
        cmocka_unit_test(a_write_is_known_by_once),
        cmocka_unit_test(once_is_kept_past_its_deadline),
        cmocka_unit_test(a_deferred_write_is_found_by_once),
        cmocka_unit_test(the_keys_check_what_was_signed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
