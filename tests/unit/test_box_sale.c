/* test_box_sale - from the opening of a showtime to the gate, and every refusal on the way. */
#include "tests/unit/box_world.h"

static void
a_showtime_opens_once(void **unused)
{
    (void)unused;
    static const world_row_t rows[] = { { "A", "ssx", "aab" } };
    world_t *w = world_new();
    w->unchecked = true;
    assert_int_equal(ASK(w, SHOWTIME_GET), STATUS_UNKNOWN_SHOWTIME);
    assert_int_equal(world_open(w, rows, 1, true, 6), STATUS_OK);
    assert_int_equal(world_uint(w, "seats"), 3);
    assert_int_equal(world_open(w, rows, 1, true, 6), STATUS_SHOWTIME_EXISTS);
    assert_int_equal(ASK(w, SHOWTIME_GET), STATUS_OK);
    world_text_is(w, "title", "A film");
    world_text_is(w, "hall", "Hall 3");
    assert_int_equal(world_uint(w, "columns"), 3);
    assert_int_equal(world_inner(w, "counts", "available"), 2);
    assert_int_equal(world_inner(w, "counts", "blocked"), 1);
    assert_int_equal(world_inner(w, "rules", "cap"), 6);
    assert_int_equal(world_inner(w, "rules", "ttl_ms"), 900000);
    world_destroy(w);
}

static void
bad_halls_name_their_place(void **unused)
{
    (void)unused;
    static const world_row_t rows[] = { { "A", "ss", "aa" }, { "B", "sq", "aa" } };
    world_t *w = world_new();
    w->unchecked = true;
    assert_int_equal(world_open(w, rows, 2, true, 6), STATUS_BAD_LAYOUT);
    assert_int_equal(world_uint(w, "row"), 2);
    assert_int_equal(world_uint(w, "column"), 2);
    world_text_is(w, "reason", "a kind is one of . s p c w x");
    assert_int_equal(ASK(w, SHOWTIME_GET), STATUS_UNKNOWN_SHOWTIME);
    world_destroy(w);
}

/* A body that is well-formed msgpack but not a hall. */
static status_t
open_with(world_t *w, int64_t starts_ms, int64_t ends_ms, int64_t opens_ms, int64_t closes_ms,
          uint32_t zone_items, const char *letter, uint64_t price)
{
    uint8_t body[512];
    pack_t pack;
    pack_init(&pack, body, sizeof body);
    pack_map(&pack, 8);
    pack_key_str(&pack, "title", "A");
    pack_key_str(&pack, "hall", "H");
    pack_key_int(&pack, "starts_ms", starts_ms);
    pack_key_int(&pack, "ends_ms", ends_ms);
    pack_key_int(&pack, "opens_ms", opens_ms);
    pack_key_int(&pack, "closes_ms", closes_ms);
    pack_str(&pack, "zones");
    pack_array(&pack, 1);
    pack_array(&pack, zone_items);
    pack_str(&pack, letter);
    pack_str(&pack, "zone");
    if (zone_items > 2)
        pack_uint(&pack, price);
    pack_str(&pack, "rows");
    pack_array(&pack, 1);
    pack_uint(&pack, 5);
    return world_raw(w, OP_SHOWTIME_OPEN, SHOWTIME, ++w->request, body, pack.size);
}

static void
bad_times_and_zones_are_refused(void **unused)
{
    (void)unused;
    world_t *w = world_new();
    w->unchecked = true;
    assert_int_equal(open_with(w, 5, 5, 1, 2, 3, "a", 1), STATUS_BAD_TIMES);
    assert_int_equal(open_with(w, 5, 9, 3, 2, 3, "a", 1), STATUS_BAD_TIMES);
    assert_int_equal(open_with(w, 5, 9, 3, 10, 3, "a", 1), STATUS_BAD_TIMES);
    static const struct {
        uint32_t items;
        const char *letter, *reason;
        uint64_t price;
    } bad[] = {
        { 2, "a", "a zone is [letter, name, price]", 1 },
        { 3, "ab", "a zone's letter is one of a to z", 1 },
        { 3, "A", "a zone's letter is one of a to z", 1 },
        { 3, "a", "a zone's price is too high", MONEY_MAX_FEN + 1 },
        { 3, "a", "a row is [name, kinds, zones]", 1 },
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(open_with(w, 5, 9, 3, 9, bad[i].items, bad[i].letter, bad[i].price),
                         STATUS_BAD_LAYOUT);
        world_text_is(w, "reason", bad[i].reason);
    }
    world_destroy(w);
}

/* A command that waited for its entry too long is not carried out, and is not remembered either:
 * its repeat is late again. At the deadline itself it is still in time. */
static void
a_command_past_its_deadline_changes_nothing(void **unused)
{
    (void)unused;
    world_t *w = world_with_hall();
    w->late_ms = 1001;
    for (int copies = 0; copies < 2; copies++) {
        w->request -= (uint64_t)copies; /* the second is a repeat of the first */
        assert_int_equal(CALL(w, SEATS_BLOCK, T(SEATS, "17,18")), STATUS_EXPIRED);
        world_text_is(w, "error", "EXPIRED");
        assert_int_equal(w->mirror[17], 0);
    }
    w->late_ms = 1000;
    assert_int_equal(CALL(w, SEATS_BLOCK, T(SEATS, "17,18")), STATUS_OK);
    assert_int_equal(w->mirror[17], 3);
    world_destroy(w);
}

static void
a_time_zone_is_a_name_of_the_database(void **unused)
{
    (void)unused;
    static const world_row_t rows[] = { { "A", "ssss", "aaaa" } };
    static const char *const bad[] = {
        "/etc/passwd", "../zone", "A/../B", "+8", "8", "a b", ":UTC"
    };
    world_t *w = world_new();
    w->unchecked = true;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        w->time_zone = bad[i];
        assert_int_equal(world_open(w, rows, 1, true, 6), STATUS_BAD_FIELD);
        world_text_is(w, "field", "time_zone");
    }
    w->time_zone = "America/Port-au-Prince";
    assert_int_equal(world_open(w, rows, 1, true, 6), STATUS_OK);
    assert_int_equal(ASK(w, SHOWTIME_GET), STATUS_OK);
    world_text_is(w, "time_zone", w->time_zone);
    world_destroy(w);
}

static void
a_ticket_is_sold_and_redeemed_once(void **unused)
{
    (void)unused;
    world_t *w = world_with_hall();
    char ticket[TICKET_ID_ROOM + 8], token[TOKEN_ROOM], offline[TICKET_OFFLINE_ROOM];
    world_order_t order = world_order(w, BUYER, "17,18");
    assert_int_equal(order.amount, 16000);
    assert_int_equal(order.until_ms, OPENS_MS + 15 * 60 * 1000);
    assert_int_equal(world_pay(w, &order, order.amount, "t-1"), STATUS_OK);
    world_text_is(w, "state", "paid");
    assert_int_equal(w->mirror[17], 2);
    snprintf(ticket, sizeof ticket, "%s-18", order.id);
    assert_int_equal(CALL(w, TICKET_GET, T(TICKET, ticket), N(USER, OTHER)), STATUS_NOT_YOURS);
    assert_int_equal(CALL(w, TICKET_GET, T(TICKET, ticket), N(USER, BUYER), N(OFFLINE, 1)),
                     STATUS_OK);
    world_text_is(w, "state", "issued");
    world_text_is(w, "row", "C");
    assert_int_equal(world_uint(w, "column"), 2);
    assert_int_equal(world_uint(w, "price"), 8000);
    world_text(w, "token", token, sizeof token);
    world_text(w, "offline", offline, sizeof offline);
    assert_int_equal(CALL(w, TICKET_REDEEM, T(TOKEN, token), T(KIOSK, "gate 2")), STATUS_OK);
    world_text_is(w, "ticket", ticket);
    w->now_ms += 5;
    assert_int_equal(CALL(w, TICKET_REDEEM, T(TOKEN, token), T(KIOSK, "gate 3")),
                     STATUS_ALREADY_REDEEMED);
    world_text_is(w, "kiosk", "gate 2");
    assert_int_equal(world_uint(w, "redeemed_ms"), w->now_ms - 5);
    world_books_are(w, 16000, 16000, 0, 0, 0);
    world_destroy(w);
}

static void
tokens_that_open_nothing(void **unused)
{
    (void)unused;
    world_t *w = world_with_hall();
    char ticket[TICKET_ID_ROOM + 8], token[TOKEN_ROOM];
    world_order_t order = world_paid(w, BUYER, "1,2");
    snprintf(ticket, sizeof ticket, "%s-1", order.id);
    assert_int_equal(CALL(w, TICKET_GET, T(TICKET, ticket)), STATUS_OK);
    world_text(w, "token", token, sizeof token);
    assert_int_equal(CALL(w, TICKET_REDEEM, T(TOKEN, "nonsense"), T(KIOSK, "k")), STATUS_BAD_TOKEN);
    char kept = token[25];
    token[25] = kept == 'A' ? 'B' : 'A';
    assert_int_equal(CALL(w, TICKET_REDEEM, T(TOKEN, token), T(KIOSK, "k")), STATUS_BAD_TOKEN);
    token[25] = kept;
    assert_int_equal(CALL(w, ORDER_REFUND, T(ORDER, order.id), T(TICKETS, "1")), STATUS_OK);
    assert_int_equal(CALL(w, TICKET_REDEEM, T(TOKEN, token), T(KIOSK, "k")), STATUS_TICKET_VOID);
    assert_int_equal(CALL(w, TICKET_GET, T(TICKET, ticket)), STATUS_OK);
    world_text_is(w, "state", "void");
    mp_t value;
    assert_false(world_get(w, "token", &value));
    snprintf(ticket, sizeof ticket, "%s-2", order.id);
    assert_int_equal(CALL(w, TICKET_GET, T(TICKET, ticket)), STATUS_OK);
    world_text(w, "token", token, sizeof token);
    w->now_ms = ENDS_MS;
    assert_int_equal(CALL(w, TICKET_REDEEM, T(TOKEN, token), T(KIOSK, "k")), STATUS_TICKET_EXPIRED);
    assert_int_equal(CALL(w, TICKET_GET, T(TICKET, "M-1")), STATUS_UNKNOWN_TICKET);
    snprintf(ticket, sizeof ticket, "%s-3", order.id);
    assert_int_equal(CALL(w, TICKET_GET, T(TICKET, ticket)), STATUS_UNKNOWN_TICKET);
    world_destroy(w);
}

static void
a_held_seat_has_no_ticket(void **unused)
{
    (void)unused;
    world_t *w = world_with_hall();
    char ticket[TICKET_ID_ROOM + 8];
    world_order_t order = world_order(w, BUYER, "1,2");
    snprintf(ticket, sizeof ticket, "%s-1", order.id);
    assert_int_equal(CALL(w, TICKET_GET, T(TICKET, ticket)), STATUS_UNKNOWN_TICKET);
    world_destroy(w);
}

static void
the_sale_has_a_window(void **unused)
{
    (void)unused;
    world_t *w = world_new();
    w->now_ms = OPENS_MS - 1;
    static const world_row_t rows[] = { { "A", "ssss", "aaaa" } };
    assert_int_equal(world_open(w, rows, 1, true, 6), STATUS_OK);
    assert_int_equal(CALL(w, SEATS_LOCK, N(USER, BUYER), T(SEATS, "1,2")), STATUS_SALE_NOT_OPEN);
    assert_int_equal(CALL(w, SEATS_BEST, N(USER, BUYER), N(COUNT, 1)), STATUS_SALE_NOT_OPEN);
    w->now_ms = CLOSES_MS - 1;
    uint32_t lock = world_lock(w, BUYER, "1,2");
    w->now_ms = CLOSES_MS;
    assert_int_equal(CALL(w, SEATS_LOCK, N(USER, BUYER), T(SEATS, "3,4")), STATUS_SALE_CLOSED);
    assert_int_equal(CALL(w, SEATS_BEST, N(USER, BUYER), N(COUNT, 1)), STATUS_SALE_CLOSED);
    assert_int_equal(CALL(w, ORDER_CREATE, N(USER, BUYER), N(LOCK, lock)), STATUS_OK);
    world_destroy(w);
}

static void
refused_locks_change_nothing(void **unused)
{
    (void)unused;
    world_t *w = world_with_hall();
    (void)world_lock(w, OTHER, "1,2");
    (void)world_paid(w, OTHER, "7,8");
    uint64_t number = w->number;
    static const struct {
        const char *seats;
        status_t status;
        uint16_t seat; /* named in the body; 0: none */
    } bad[] = {
        { "31", STATUS_UNKNOWN_SEAT, 31 },    { "0,3", STATUS_UNKNOWN_SEAT, 0 },
        { "3,2", STATUS_SEAT_LOCKED, 2 },     { "6,7", STATUS_SEAT_SOLD, 7 },
        { "29,30", STATUS_SEAT_BLOCKED, 30 }, { "25", STATUS_WHEELCHAIR_ONLY, 25 },
        { "21", STATUS_COUPLE_SPLIT, 21 },    { "22,23", STATUS_COUPLE_SPLIT, 22 },
        { "10,11", STATUS_LONE_SEAT, 9 },     { "9,10,11,12,13,14,15", STATUS_TOO_MANY_SEATS, 0 },
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(CALL(w, SEATS_LOCK, N(USER, BUYER), T(SEATS, bad[i].seats)),
                         bad[i].status);
        world_text_is(w, "error", status_name(bad[i].status));
        if (bad[i].seat)
            assert_int_equal(world_uint(w, "seat"), bad[i].seat);
        assert_true(w->number == number);
    }
    assert_int_equal(CALL(w, SEATS_LOCK, N(USER, BUYER), T(SEATS, "25,26"), N(WHEELCHAIR, 1)),
                     STATUS_OK);
    (void)world_lock(w, OTHER, "21,22");
    world_destroy(w);
}

static void
lone_seats_may_be_allowed(void **unused)
{
    (void)unused;
    static const world_row_t rows[] = { { "A", "ssss", "aaaa" } };
    world_t *w = world_new();
    assert_int_equal(world_open(w, rows, 1, false, 6), STATUS_OK);
    (void)world_lock(w, BUYER, "2");
    world_destroy(w);
}

static void
a_lock_is_over_exactly_at_its_time(void **unused)
{
    (void)unused;
    world_t *w = world_with_hall();
    assert_int_equal(CALL(w, SEATS_LOCK, N(USER, BUYER), T(SEATS, "1,2"), N(TTL, 60000)),
                     STATUS_OK);
    uint32_t lock = (uint32_t)world_uint(w, "lock");
    int64_t until_ms = (int64_t)world_uint(w, "until_ms");
    assert_int_equal(until_ms, OPENS_MS + 60000);
    w->now_ms = until_ms - 1;
    assert_int_equal(world_seat(w, 1), 1);
    assert_int_equal(CALL(w, SEATS_LOCK, N(USER, OTHER), T(SEATS, "1,2")), STATUS_SEAT_LOCKED);
    w->now_ms = until_ms;
    assert_int_equal(world_seat(w, 1), 0); /* no timer has run yet */
    assert_int_equal(CALL(w, SEATS_GET, N(SINCE, 0)), STATUS_OK);
    assert_int_equal(ASK(w, SHOWTIME_GET), STATUS_OK);
    assert_int_equal(world_inner(w, "counts", "locked"), 0);
    assert_int_equal(CALL(w, SEATS_LOCK, N(USER, OTHER), T(SEATS, "1,2")), STATUS_OK);
    assert_int_equal(CALL(w, SEATS_RELEASE, N(USER, BUYER), N(LOCK, lock)), STATUS_LOCK_ENDED);
    assert_int_equal(CALL(w, ORDER_CREATE, N(USER, BUYER), N(LOCK, lock)), STATUS_LOCK_ENDED);
    world_destroy(w);
}

static void
locks_extend_up_to_their_ceiling(void **unused)
{
    (void)unused;
    world_t *w = world_with_hall();
    const int64_t minute_ms = 60000;
    uint32_t lock = world_lock(w, BUYER, "1,2");
    world_at(w, OPENS_MS + 10 * minute_ms);
    assert_int_equal(CALL(w, SEATS_EXTEND, N(USER, BUYER), N(LOCK, lock), N(TTL, 1000)), STATUS_OK);
    assert_int_equal(world_uint(w, "until_ms"), OPENS_MS + 15 * minute_ms);
    assert_int_equal(CALL(w, SEATS_EXTEND, N(USER, BUYER), N(LOCK, lock)), STATUS_OK);
    assert_int_equal(world_uint(w, "until_ms"), OPENS_MS + 25 * minute_ms);
    world_at(w, OPENS_MS + 20 * minute_ms);
    assert_int_equal(CALL(w, SEATS_EXTEND, N(USER, BUYER), N(LOCK, lock)), STATUS_OK);
    assert_int_equal(world_uint(w, "until_ms"), OPENS_MS + 30 * minute_ms);
    assert_int_equal(CALL(w, SEATS_EXTEND, N(USER, BUYER), N(LOCK, lock)), STATUS_LOCK_CEILING);
    assert_int_equal(CALL(w, SEATS_EXTEND, N(USER, OTHER), N(LOCK, lock)), STATUS_NOT_YOURS);
    world_at(w, OPENS_MS + 30 * minute_ms - 1);
    assert_int_equal(world_seat(w, 1), 1);
    world_at(w, OPENS_MS + 30 * minute_ms);
    assert_int_equal(w->mirror[1], 0);
    assert_int_equal(CALL(w, SEATS_EXTEND, N(USER, BUYER), N(LOCK, lock)), STATUS_LOCK_ENDED);
    world_destroy(w);
}

static void
locks_are_released_by_their_owner(void **unused)
{
    (void)unused;
    world_t *w = world_with_hall();
    uint32_t lock = world_lock(w, BUYER, "1,2");
    assert_int_equal(CALL(w, SEATS_RELEASE, N(USER, OTHER), N(LOCK, lock)), STATUS_NOT_YOURS);
    assert_int_equal(CALL(w, SEATS_RELEASE, N(USER, BUYER), N(LOCK, lock + 1)),
                     STATUS_UNKNOWN_LOCK);
    assert_int_equal(CALL(w, SEATS_RELEASE, N(USER, BUYER), N(LOCK, lock)), STATUS_OK);
    assert_int_equal(w->mirror[1], 0);
    assert_int_equal(CALL(w, SEATS_RELEASE, N(USER, BUYER), N(LOCK, lock)), STATUS_LOCK_ENDED);
    lock = world_lock(w, BUYER, "1,2");
    assert_int_equal(CALL(w, ORDER_CREATE, N(USER, BUYER), N(LOCK, lock)), STATUS_OK);
    assert_int_equal(CALL(w, SEATS_RELEASE, N(USER, BUYER), N(LOCK, lock)), STATUS_LOCK_ORDERED);
    assert_int_equal(CALL(w, SEATS_EXTEND, N(USER, BUYER), N(LOCK, lock)), STATUS_LOCK_ORDERED);
    assert_int_equal(CALL(w, ORDER_CREATE, N(USER, BUYER), N(LOCK, lock)), STATUS_LOCK_ORDERED);
    world_destroy(w);
}

static void
the_cap_is_over_all_locks_of_a_user(void **unused)
{
    (void)unused;
    world_t *w = world_with_hall();
    uint32_t first = world_lock(w, BUYER, "1,2,3,4");
    assert_int_equal(CALL(w, SEATS_LOCK, N(USER, BUYER), T(SEATS, "9,10,11")), STATUS_LOCK_LIMIT);
    assert_int_equal(CALL(w, SEATS_BEST, N(USER, BUYER), N(COUNT, 3)), STATUS_LOCK_LIMIT);
    (void)world_lock(w, BUYER, "9,10");
    (void)world_lock(w, OTHER, "11,12,13,14");
    assert_int_equal(CALL(w, SEATS_LOCK, N(USER, BUYER), T(SEATS, "15")), STATUS_LOCK_LIMIT);
    assert_int_equal(CALL(w, SEATS_RELEASE, N(USER, BUYER), N(LOCK, first)), STATUS_OK);
    world_order_t order = world_order(w, BUYER, "5,6,7,8");
    assert_int_equal(CALL(w, SEATS_LOCK, N(USER, BUYER), T(SEATS, "15")), STATUS_LOCK_LIMIT);
    assert_int_equal(world_pay(w, &order, order.amount, "t"), STATUS_OK);
    (void)world_lock(w, BUYER, "1,2,3,4"); /* sold seats are no longer locked */
    world_destroy(w);
}

static void
the_best_seats_are_locked_at_once(void **unused)
{
    (void)unused;
    world_t *w = world_with_hall();
    mp_t seats;
    uint32_t count;
    uint64_t id;
    assert_int_equal(CALL(w, SEATS_BEST, N(USER, BUYER), N(COUNT, 2), T(ZONE, "b")), STATUS_OK);
    assert_true(world_get(w, "seats", &seats));
    assert_true(mp_read_array(&seats, &count));
    assert_int_equal(count, 2);
    assert_true(mp_read_uint(&seats, &id));
    assert_int_equal(id, 19);
    assert_int_equal(w->mirror[19], 1);
    assert_int_equal(w->mirror[20], 1);
    assert_int_equal(CALL(w, SEATS_BEST, N(USER, BUYER), N(COUNT, 3), T(ZONE, "b")),
                     STATUS_NO_BLOCK);
    assert_int_equal(CALL(w, SEATS_BEST, N(USER, BUYER), N(COUNT, 3), T(ZONE, "z")),
                     STATUS_BAD_FIELD);
    assert_int_equal(CALL(w, SEATS_BEST, N(USER, OTHER), N(COUNT, 2), N(WHEELCHAIR, 1)), STATUS_OK);
    assert_int_equal(w->mirror[25], 1);
    assert_int_equal(CALL(w, SEATS_BEST, N(USER, OTHER), N(COUNT, 7)), STATUS_TOO_MANY_SEATS);
    world_destroy(w);
}

static void
blocking_is_all_or_nothing(void **unused)
{
    (void)unused;
    world_t *w = world_with_hall();
    (void)world_lock(w, BUYER, "1,2");
    assert_int_equal(CALL(w, SEATS_BLOCK, T(SEATS, "2,3"), T(REASON, "broken")),
                     STATUS_SEAT_LOCKED);
    assert_int_equal(CALL(w, SEATS_BLOCK, T(SEATS, "3,31")), STATUS_UNKNOWN_SEAT);
    assert_int_equal(world_seat(w, 3), 0);
    assert_int_equal(CALL(w, SEATS_BLOCK, T(SEATS, "3,9,29")), STATUS_OK);
    assert_int_equal(CALL(w, SEATS_BLOCK, T(SEATS, "9")), STATUS_SEAT_BLOCKED);
    assert_int_equal(CALL(w, SEATS_UNBLOCK, T(SEATS, "3,4")), STATUS_SEAT_NOT_BLOCKED);
    assert_int_equal(world_uint(w, "seat"), 4);
    assert_int_equal(world_seat(w, 3), 3);
    assert_int_equal(CALL(w, SEATS_UNBLOCK, T(SEATS, "3,30")), STATUS_OK);
    assert_int_equal(w->mirror[30], 0);
    world_destroy(w);
}

/* Changes since `since`, as a list "3:1 4:1 ". */
static void
changes_since(world_t *w, uint32_t since, const char *right)
{
    char text[256] = "";
    mp_t changes;
    uint32_t count, two;
    uint64_t id, state;
    assert_int_equal(CALL(w, SEATS_GET, N(SINCE, since)), STATUS_OK);
    assert_true(world_uint(w, "number") == w->number);
    assert_true(world_get(w, "changes", &changes));
    assert_true(mp_read_array(&changes, &count));
    for (uint32_t i = 0; i < count; i++) {
        assert_true(mp_read_array(&changes, &two));
        assert_true(mp_read_uint(&changes, &id));
        assert_true(mp_read_uint(&changes, &state));
        size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, "%u:%u ", (unsigned)id, (unsigned)state);
    }
    assert_string_equal(text, right);
}

static void
changes_are_found_by_number(void **unused)
{
    (void)unused;
    world_t *w = world_with_hall();
    changes_since(w, 0, "");
    uint32_t lock = world_lock(w, BUYER, "3,4");
    (void)world_lock(w, OTHER, "7,8");
    changes_since(w, 0, "3:1 4:1 7:1 8:1 ");
    changes_since(w, 1, "7:1 8:1 ");
    assert_int_equal(CALL(w, SEATS_RELEASE, N(USER, BUYER), N(LOCK, lock)), STATUS_OK);
    changes_since(w, 1, "3:0 4:0 7:1 8:1 ");
    changes_since(w, 2, "3:0 4:0 ");
    changes_since(w, 3, "");
    changes_since(w, 4000, "");
    world_destroy(w);
}

static void
orders_are_found_by_their_owner(void **unused)
{
    (void)unused;
    world_t *w = world_with_hall();
    char foreign[ORDER_ID_ROOM], absent[ORDER_ID_ROOM];
    uint32_t lock = world_lock(w, BUYER, "5,6");
    assert_int_equal(CALL(w, ORDER_CREATE, N(USER, OTHER), N(LOCK, lock)), STATUS_NOT_YOURS);
    assert_int_equal(CALL(w, ORDER_CREATE, N(USER, BUYER), N(LOCK, 99)), STATUS_UNKNOWN_LOCK);
    world_order_t order = world_order(w, BUYER, "1,2");
    ids_order_text(foreign, SHOWTIME + 1, 2);
    ids_order_text(absent, SHOWTIME, 3);
    assert_int_equal(CALL(w, ORDER_GET, T(ORDER, "M123")), STATUS_BAD_ORDER_ID);
    assert_int_equal(CALL(w, ORDER_GET, T(ORDER, foreign)), STATUS_BAD_ORDER_ID);
    assert_int_equal(CALL(w, ORDER_GET, T(ORDER, absent)), STATUS_UNKNOWN_ORDER);
    ids_order_text(absent, SHOWTIME, lock); /* a lock without an order */
    assert_int_equal(CALL(w, ORDER_GET, T(ORDER, absent)), STATUS_UNKNOWN_ORDER);
    assert_int_equal(CALL(w, ORDER_GET, T(ORDER, order.id), N(USER, OTHER)), STATUS_NOT_YOURS);
    assert_int_equal(CALL(w, ORDER_GET, T(ORDER, order.id), N(USER, BUYER)), STATUS_OK);
    assert_int_equal(CALL(w, ORDER_CANCEL, N(USER, OTHER), T(ORDER, order.id)), STATUS_NOT_YOURS);
    world_order_t paid = world_paid(w, BUYER, "9,10");
    assert_int_equal(CALL(w, ORDER_CANCEL, N(USER, BUYER), T(ORDER, paid.id)), STATUS_ORDER_STATE);
    world_text_is(w, "state", "paid");
    assert_int_equal(CALL(w, ORDER_ACCEPT, N(USER, BUYER), T(ORDER, paid.id), N(YES, 1)),
                     STATUS_ORDER_STATE);
    world_destroy(w);
}

static void
orders_are_listed_in_pages(void **unused)
{
    (void)unused;
    world_t *w = world_with_hall();
    mp_t orders;
    uint32_t count;
    (void)world_order(w, BUYER, "1,2");
    uint32_t lock = world_lock(w, BUYER, "3,4");
    assert_int_equal(CALL(w, SEATS_RELEASE, N(USER, BUYER), N(LOCK, lock)), STATUS_OK);
    (void)world_order(w, OTHER, "9,10");
    assert_int_equal(CALL(w, ORDER_LIST, N(LIMIT, 1)), STATUS_OK);
    assert_true(world_get(w, "orders", &orders));
    assert_true(mp_read_array(&orders, &count));
    assert_int_equal(count, 1);
    uint64_t next = world_uint(w, "next");
    assert_int_equal(next, 1);
    assert_int_equal(CALL(w, ORDER_LIST, N(FROM, next)), STATUS_OK);
    assert_true(world_get(w, "orders", &orders));
    assert_true(mp_read_array(&orders, &count));
    assert_int_equal(count, 1);
    assert_int_equal(world_uint(w, "next"), 0);
    world_destroy(w);
}

static void
showtimes_are_listed_in_the_order_of_opening(void **unused)
{
    (void)unused;
    enum { MANY = BOX_PAGE_IDS * 2 + 7 };
    world_t *w = world_new();
    mp_t list;
    uint32_t count, eleven;
    uint64_t id;
    w->unchecked = true;
    for (uint64_t i = 0; i < MANY; i++) {
        uint8_t body[512];
        pack_t pack;
        pack_init(&pack, body, sizeof body);
        pack_map(&pack, 8);
        pack_key_str(&pack, "title", "A");
        pack_key_str(&pack, "hall", "H");
        pack_key_uint(&pack, "starts_ms", 5);
        pack_key_uint(&pack, "ends_ms", 9);
        pack_key_uint(&pack, "opens_ms", 0);
        pack_key_uint(&pack, "closes_ms", 9);
        pack_str(&pack, "zones");
        pack_raw(&pack,
                 "\x91\x93\xa1"
                 "a\xa1z\x05",
                 7);
        pack_str(&pack, "rows");
        pack_raw(&pack,
                 "\x91\x93\xa1"
                 "A\xa1s\xa1"
                 "a",
                 8);
        assert_int_equal(world_raw(w, OP_SHOWTIME_OPEN, 1000 - i, ++w->request, body, pack.size),
                         STATUS_OK);
    }
    world_call(w, OP_SHOWTIME_LIST, 0,
               (world_arg_t[]){ N(FROM, 118), N(LIMIT, 500), { FIELDS, 0, NULL } });
    assert_int_equal(w->status, STATUS_OK);
    assert_int_equal(world_uint(w, "total"), MANY);
    assert_true(world_get(w, "showtimes", &list));
    assert_true(mp_read_array(&list, &count));
    assert_int_equal(count, MANY - 118);
    for (uint64_t i = 118; i < MANY; i++) {
        assert_true(mp_read_array(&list, &eleven));
        assert_true(mp_read_uint(&list, &id));
        assert_int_equal(id, 1000 - i);
        for (int rest = 1; rest < 11; rest++)
            assert_true(mp_skip(&list));
    }
    world_destroy(w);
}

static void
rules_are_for_showtimes_opened_later(void **unused)
{
    (void)unused;
    static const world_row_t rows[] = { { "A", "ssss", "aaaa" } };
    world_t *w = world_new();
    w->unchecked = true;
    w->role = ROLE_ACTOR;
    world_call(w, OP_RULES, 0,
               (world_arg_t[]){ N(CAP, 3),
                                N(TTL, 9000000 / 3),
                                N(CEILING, 2000000),
                                N(GAP_RULE, 0),
                                { FIELDS, 0, NULL } });
    assert_int_equal(w->status, STATUS_OK);
    w->role = ROLE_ADMIN;
    assert_int_equal(world_open(w, rows, 1, true, 2), STATUS_OK);
    assert_int_equal(ASK(w, SHOWTIME_GET), STATUS_OK);
    assert_int_equal(world_inner(w, "rules", "cap"), 2);
    assert_int_equal(world_inner(w, "rules", "ttl_ms"), 2000000);
    assert_int_equal(world_inner(w, "rules", "ceiling_ms"), 2000000);
    world_destroy(w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_showtime_opens_once),
        cmocka_unit_test(bad_halls_name_their_place),
        cmocka_unit_test(bad_times_and_zones_are_refused),
        cmocka_unit_test(a_command_past_its_deadline_changes_nothing),
        cmocka_unit_test(a_time_zone_is_a_name_of_the_database),
        cmocka_unit_test(a_ticket_is_sold_and_redeemed_once),
        cmocka_unit_test(tokens_that_open_nothing),
        cmocka_unit_test(a_held_seat_has_no_ticket),
        cmocka_unit_test(the_sale_has_a_window),
        cmocka_unit_test(refused_locks_change_nothing),
        cmocka_unit_test(lone_seats_may_be_allowed),
        cmocka_unit_test(a_lock_is_over_exactly_at_its_time),
        cmocka_unit_test(locks_extend_up_to_their_ceiling),
        cmocka_unit_test(locks_are_released_by_their_owner),
        cmocka_unit_test(the_cap_is_over_all_locks_of_a_user),
        cmocka_unit_test(the_best_seats_are_locked_at_once),
        cmocka_unit_test(blocking_is_all_or_nothing),
        cmocka_unit_test(changes_are_found_by_number),
        cmocka_unit_test(orders_are_found_by_their_owner),
        cmocka_unit_test(orders_are_listed_in_pages),
        cmocka_unit_test(showtimes_are_listed_in_the_order_of_opening),
        cmocka_unit_test(rules_are_for_showtimes_opened_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
