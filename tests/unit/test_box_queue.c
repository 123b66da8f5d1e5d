/* test_box_queue - the waiting room: drawn, called in order, let in by room and rate, and checked
 * against a naive one. */
#include "tests/unit/box_world.h"

#include "actors/box_queue.h"
#include "actors/pass.h"
#include "tests/unit/chance.h"

#define DRAW_MS (OPENS_MS + 10000)

/* A room in which `capacity` people fit, drawn at DRAW_MS. */
static world_t *
queue_world(uint64_t capacity, uint64_t rate, uint64_t pass_ms, uint64_t share)
{
    world_t *w = world_with_hall();
    assert_int_equal(CALL(w, QUEUE_OPEN, N(CAPACITY, capacity), N(RATE, rate), N(PASS, pass_ms),
                          N(SHARE, share), N(OPENS, DRAW_MS)),
                     STATUS_OK);
    w->role = ROLE_BRIDGE;
    return w;
}

static status_t
queue_do(world_t *w, uint16_t operation, uint64_t user)
{
    return world_call(w, operation, SHOWTIME,
                      (world_arg_t[]){ N(USER, user), { FIELDS, 0, NULL } });
}

static void
queue_joins(world_t *w, uint64_t user, const char *state)
{
    assert_int_equal(queue_do(w, OP_QUEUE_JOIN, user), STATUS_OK);
    world_text_is(w, "state", state);
}

static void
queue_is(world_t *w, uint64_t user, const char *state)
{
    assert_int_equal(queue_do(w, OP_QUEUE_LOOK, user), STATUS_OK);
    world_text_is(w, "state", state);
}

static const queue_t *
queue_state(world_t *w)
{
    const queue_t *queue = state_get(w->state, box_key(SHOWTIME, BOX_QUEUE, 0), NULL);
    assert_non_null(queue);
    return queue;
}

static void
queue_bytes(world_t *w, const char *key, uint8_t bytes[DRAW_SEED_SIZE])
{
    mp_t at;
    mp_item_t item;
    assert_true(world_get(w, key, &at));
    assert_true(mp_next(&at, &item));
    assert_int_equal(item.type, MP_BIN);
    assert_int_equal(item.size, DRAW_SEED_SIZE);
    memcpy(bytes, item.data, DRAW_SEED_SIZE);
}

/* ------------------------------------------------------------------ the draw */

/* Staff say which seed by its hash, and show it after the draw; places follow from it. */
static void
places_are_drawn_from_a_seed_that_was_committed_to(void **unused)
{
    (void)unused;
    enum { EARLY = 20 };
    uint8_t promised[DRAW_SEED_SIZE], seed[DRAW_SEED_SIZE], hash[DRAW_SEED_SIZE];
    world_t *w = queue_world(1, 60, 60000, 0);
    mp_t unused_value;
    assert_int_equal(ASK(w, QUEUE_GET), STATUS_OK);
    queue_bytes(w, "commitment", promised);
    assert_false(world_get(w, "seed", &unused_value));
    for (uint64_t user = 1; user <= EARLY; user++) {
        queue_joins(w, user, "early");
        assert_int_equal(world_uint(w, "number"), user);
        assert_int_equal(world_uint(w, "place"), 0);
        assert_int_equal(world_uint(w, "wait_ms"), 10000);
    }
    world_at(w, DRAW_MS);
    queue_joins(w, EARLY + 1, "waiting");
    assert_int_equal(world_uint(w, "place"), EARLY + 1);
    assert_int_equal(ASK(w, QUEUE_GET), STATUS_OK);
    queue_bytes(w, "seed", seed);
    draw_commitment(hash, seed);
    assert_memory_equal(hash, promised, sizeof hash);
    for (uint64_t user = 1; user <= EARLY; user++) {
        uint64_t place = draw_place(seed, 0, EARLY, (uint32_t)user - 1) + 1;
        queue_is(w, user, place == 1 ? "inside" : "waiting");
        assert_int_equal(world_uint(w, "place"), place);
        if (place > 1)
            assert_int_equal(world_uint(w, "ahead"), place - 2);
    }
    world_destroy(w);
}

static void
two_rooms_have_two_seeds(void **unused)
{
    (void)unused;
    world_t *a = queue_world(1, 60, 60000, 0), *b = world_with_hall();
    b->request += 5;
    assert_int_equal(CALL(b, QUEUE_OPEN, N(CAPACITY, 1), N(RATE, 60)), STATUS_OK);
    assert_memory_not_equal(queue_state(a)->seed, queue_state(b)->seed, DRAW_SEED_SIZE);
    world_destroy(a);
    world_destroy(b);
}

/* A room that opens with the sale on is drawn over nobody. */
static void
a_room_of_a_running_sale_is_first_come_first_served(void **unused)
{
    (void)unused;
    world_t *w = world_with_hall();
    uint8_t seed[DRAW_SEED_SIZE];
    assert_int_equal(CALL(w, QUEUE_OPEN, N(CAPACITY, 1), N(RATE, 60)), STATUS_OK);
    assert_int_equal(world_uint(w, "opens_ms"), OPENS_MS);
    assert_int_equal(ASK(w, QUEUE_GET), STATUS_OK);
    assert_int_equal(world_uint(w, "pass_ms"), 600000);
    queue_bytes(w, "seed", seed);
    world_at(w, OPENS_MS + 1000);
    queue_joins(w, 5, "inside");
    queue_joins(w, 6, "waiting");
    queue_joins(w, 4, "waiting");
    assert_int_equal(world_uint(w, "place"), 3);
    assert_int_equal(world_uint(w, "ahead"), 1);
    world_destroy(w);
}

/* The least time that the wire takes is a time too. */
static void
a_room_that_opened_at_zero_is_drawn(void **unused)
{
    (void)unused;
    world_t *w = world_with_hall();
    assert_int_equal(CALL(w, QUEUE_OPEN, N(CAPACITY, 1), N(RATE, 60), N(OPENS, 0)), STATUS_OK);
    assert_true(queue_state(w)->drawn_ms == OPENS_MS);
    world_destroy(w);
}

/* ------------------------------------------------------------------ one place each */

static void
joining_again_keeps_the_place_and_the_receipt(void **unused)
{
    (void)unused;
    char first[PASS_RECEIPT_ROOM], again[PASS_RECEIPT_ROOM];
    const uint8_t *key;
    pass_receipt_t receipt;
    world_t *w = queue_world(1, 60, 60000, 0);
    key = w->site.sign_secret + 32; /* the public half */
    queue_joins(w, 1, "early");
    queue_joins(w, 2, "early");
    world_text(w, "receipt", first, sizeof first);
    w->now_ms += 500;
    queue_joins(w, 2, "early");
    assert_int_equal(world_uint(w, "number"), 2);
    world_text(w, "receipt", again, sizeof again);
    assert_string_equal(first, again);
    assert_true(pass_receipt_read(first, strlen(first), key, &receipt));
    assert_true(receipt.showtime == SHOWTIME && receipt.user == 2 && receipt.number == 2);
    assert_int_equal(receipt.lane, 0);
    assert_true(receipt.joined_ms == OPENS_MS);
    assert_memory_equal(receipt.commitment, queue_state(w)->commitment, DRAW_SEED_SIZE);
    first[90] = first[90] == 'A' ? 'B' : 'A';
    assert_false(pass_receipt_read(first, strlen(first), key, &receipt));
    assert_int_equal(queue_do(w, OP_QUEUE_LOOK, 3), STATUS_NOT_QUEUED);
    assert_int_equal(queue_do(w, OP_QUEUE_LEAVE, 3), STATUS_NOT_QUEUED);
    world_destroy(w);
}

static void
places_survive_a_restart(void **unused)
{
    (void)unused;
    enum { USERS = 300 };
    char error[STATE_ERROR_MAX];
    uint64_t places[USERS + 1];
    world_t *w = queue_world(3, 60, 60000, 20);
    for (uint64_t user = 1; user <= USERS; user++)
        assert_int_equal(CALL(w, QUEUE_JOIN, N(USER, user), N(LANE, user % 7 == 0)), STATUS_OK);
    world_at(w, DRAW_MS);
    for (uint64_t user = 1; user <= USERS; user++) {
        assert_int_equal(queue_do(w, OP_QUEUE_LOOK, user), STATUS_OK);
        places[user] = world_uint(w, "place");
    }
    assert_true(state_checkpoint(w->state));
    state_close(&w->state);
    state_options_t options = { .directory = w->directory,
                                .partitions = 1,
                                .apply_version = APPLY_VERSION,
                                .replies_bytes = 1024 * 1024,
                                .inline_io = true };
    assert_int_equal(state_open(&w->state, &options, error), 0);
    apply_init(&w->apply, w->state, &w->site);
    w->apply.sink = &w->sink;
    w->apply.answer = world_on_answer;
    w->apply.argument = w;
    world_at(w, DRAW_MS + 1);
    for (uint64_t user = 1; user <= USERS; user++) {
        assert_int_equal(queue_do(w, OP_QUEUE_JOIN, user), STATUS_OK);
        assert_int_equal(world_uint(w, "place"), places[user]);
        assert_int_equal(world_uint(w, "lane"), user % 7 == 0);
    }
    world_destroy(w);
}

/* Before the draw a place that was left is taken up again; after it, one begins at the end. */
static void
who_left_may_come_back(void **unused)
{
    (void)unused;
    world_t *w = queue_world(1, 60, 60000, 0);
    for (uint64_t user = 1; user <= 3; user++)
        queue_joins(w, user, "early");
    assert_int_equal(queue_do(w, OP_QUEUE_LEAVE, 1), STATUS_OK);
    queue_is(w, 1, "done");
    world_text_is(w, "end", "left");
    assert_int_equal(queue_do(w, OP_QUEUE_LEAVE, 1), STATUS_OK);
    queue_joins(w, 1, "early");
    assert_int_equal(world_uint(w, "number"), 1);
    world_at(w, DRAW_MS);
    uint64_t who = draw_arrival(queue_state(w)->seed, 0, 3, 1) + 1; /* second: waits */
    queue_is(w, who, "waiting");
    assert_int_equal(queue_do(w, OP_QUEUE_LEAVE, who), STATUS_OK);
    queue_joins(w, who, "waiting");
    assert_int_equal(world_uint(w, "number"), 4);
    assert_int_equal(world_uint(w, "place"), 4);
    world_destroy(w);
}

static void
nobody_gets_places_without_end(void **unused)
{
    (void)unused;
    world_t *w = queue_world(1, 60, 60000, 0);
    world_at(w, DRAW_MS);
    w->now_ms += 1000; /* a tick after the draw: who joins is let in at once */
    queue_joins(w, 1, "inside");
    for (int i = 0; i < QUEUE_JOINS_MAX; i++) {
        queue_joins(w, 2, "waiting");
        assert_int_equal(queue_do(w, OP_QUEUE_LEAVE, 2), STATUS_OK);
    }
    assert_int_equal(queue_do(w, OP_QUEUE_JOIN, 2), STATUS_QUEUE_LIMIT);
    queue_joins(w, 3, "waiting");
    assert_int_equal(world_uint(w, "number"), 2 + QUEUE_JOINS_MAX);
    w->unchecked = true;
    state_begin(w->state, state_sequence(w->state) + 1, (const uint8_t[16]){ 0 });
    queue_t *queue = state_edit(w->state, box_key(SHOWTIME, BOX_QUEUE, 0), 0, SIZE_MAX);
    queue->lanes[1].joined = QUEUE_PLACES_MAX - queue->lanes[0].joined;
    state_end(w->state);
    assert_int_equal(queue_do(w, OP_QUEUE_JOIN, 4), STATUS_QUEUE_FULL);
    queue_joins(w, 3, "waiting");
    world_destroy(w);
}

/* ------------------------------------------------------------------ who may buy */

static void
only_who_is_inside_may_take_seats(void **unused)
{
    (void)unused;
    pass_t pass;
    char text[PASS_ROOM];
    world_t *w = queue_world(1, 60, 5000, 0);
    assert_int_equal(CALL(w, SEATS_LOCK, N(USER, 1), T(SEATS, "1,2")), STATUS_QUEUE_FIRST);
    queue_joins(w, 1, "early");
    assert_int_equal(CALL(w, SEATS_BEST, N(USER, 1), N(COUNT, 2)), STATUS_QUEUE_FIRST);
    world_at(w, DRAW_MS);
    queue_joins(w, 2, "waiting");
    queue_is(w, 1, "inside");
    assert_int_equal(world_uint(w, "until_ms"), DRAW_MS + 5000);
    world_text(w, "pass", text, sizeof text);
    assert_true(pass_read(text, strlen(text), w->site.sign_secret + 32, &pass));
    assert_true(pass.showtime == SHOWTIME && pass.user == 1 && pass.until_ms == DRAW_MS + 5000);
    assert_int_equal(CALL(w, SEATS_LOCK, N(USER, 1), T(SEATS, "1,2")), STATUS_OK);
    assert_int_equal(CALL(w, SEATS_LOCK, N(USER, 2), T(SEATS, "9,10")), STATUS_QUEUE_FIRST);
    w->role = ROLE_LOAD;
    assert_int_equal(CALL(w, SEATS_LOCK, N(USER, 2), T(SEATS, "9,10")), STATUS_QUEUE_FIRST);
    w->role = ROLE_ADMIN;
    assert_int_equal(CALL(w, SEATS_LOCK, N(USER, 2), T(SEATS, "9,10")), STATUS_OK);
    w->role = ROLE_BRIDGE;
    w->now_ms = DRAW_MS + 4999;
    assert_int_equal(CALL(w, SEATS_LOCK, N(USER, 1), T(SEATS, "3,4")), STATUS_OK);
    w->now_ms = DRAW_MS + 5000; /* over at that very moment */
    queue_is(w, 1, "done");
    world_text_is(w, "end", "expired");
    mp_t unused_value;
    assert_false(world_get(w, "pass", &unused_value));
    assert_int_equal(CALL(w, SEATS_LOCK, N(USER, 1), T(SEATS, "5,6")), STATUS_QUEUE_FIRST);
    queue_is(w, 2, "inside");
    world_destroy(w);
}

/* What was locked inside is paid for later, whoever is inside then; buying ends the pass. */
static void
buying_and_leaving_make_room(void **unused)
{
    (void)unused;
    world_t *w = queue_world(1, 60, 60000, 0);
    queue_joins(w, 1, "early");
    world_at(w, DRAW_MS);
    queue_is(w, 1, "inside");
    queue_joins(w, 2, "waiting");
    queue_joins(w, 3, "waiting");
    world_order_t order = world_order(w, 1, "1,2");
    assert_int_equal(world_pay(w, &order, order.amount, "t-1"), STATUS_OK);
    queue_is(w, 1, "done");
    world_text_is(w, "end", "bought");
    assert_int_equal(CALL(w, SEATS_LOCK, N(USER, 1), T(SEATS, "3,4")), STATUS_QUEUE_FIRST);
    queue_is(w, 2, "waiting"); /* not before the next tick */
    world_at(w, DRAW_MS + 1000);
    queue_is(w, 2, "inside");
    order = world_order(w, 2, "9,10");
    w->now_ms += 100;
    assert_int_equal(queue_do(w, OP_QUEUE_LEAVE, 2), STATUS_OK);
    assert_int_equal(world_pay(w, &order, order.amount, "t-2"), STATUS_OK);
    queue_is(w, 2, "done");
    world_text_is(w, "end", "left");
    assert_int_equal(world_uint(w, "until_ms"), DRAW_MS + 1100);
    world_at(w, DRAW_MS + 2000);
    queue_is(w, 3, "inside");
    world_destroy(w);
}

static void
people_come_at_the_rate(void **unused)
{
    (void)unused;
    world_t *w = queue_world(100, 90, 600000, 0);
    for (uint64_t user = 1; user <= 50; user++)
        queue_joins(w, user, "early");
    for (int64_t s = 0; s < 20; s++) {
        world_at(w, DRAW_MS + s * 1000);
        assert_int_equal(box_queue_inside(queue_state(w)), (s + 1) * 3 / 2);
    }
    world_at(w, DRAW_MS + 1000 * 1000); /* the server was down: nobody runs in */
    assert_true(queue_state(w)->lanes[0].called <= 30 + 2);
    world_destroy(w);
}

static void
lanes_share_by_the_hundred(void **unused)
{
    (void)unused;
    world_t *w = queue_world(10000, 60, 600000, 30);
    for (uint64_t user = 1; user <= 60; user++)
        assert_int_equal(CALL(w, QUEUE_JOIN, N(USER, user), N(LANE, user > 30)), STATUS_OK);
    for (int64_t s = 0; s < 30; s++)
        world_at(w, DRAW_MS + s * 1000);
    assert_int_equal(queue_state(w)->lanes[0].called, 21);
    assert_int_equal(queue_state(w)->lanes[1].called, 9);
    for (int64_t s = 30; s < 60; s++) /* lane 0 is empty before lane 1 is: nobody waits for it */
        world_at(w, DRAW_MS + s * 1000);
    assert_int_equal(box_queue_waiting(queue_state(w)), 0);
    world_destroy(w);
}

static void
without_a_share_there_is_one_lane(void **unused)
{
    (void)unused;
    world_t *w = queue_world(1, 60, 60000, 0);
    assert_int_equal(CALL(w, QUEUE_JOIN, N(USER, 1), N(LANE, 1)), STATUS_OK);
    assert_int_equal(world_uint(w, "lane"), 0);
    world_destroy(w);
}

/* ------------------------------------------------------------------ staff */

static void
a_closed_room_lets_everybody_buy(void **unused)
{
    (void)unused;
    world_t *w = queue_world(1, 60, 60000, 0);
    queue_joins(w, 1, "early");
    queue_joins(w, 2, "early");
    w->role = ROLE_ADMIN;
    assert_int_equal(ASK(w, QUEUE_CLOSE), STATUS_OK);
    assert_int_equal(ASK(w, QUEUE_CLOSE), STATUS_QUEUE_CLOSED);
    w->role = ROLE_BRIDGE;
    assert_int_equal(queue_do(w, OP_QUEUE_JOIN, 3), STATUS_QUEUE_CLOSED);
    assert_int_equal(queue_do(w, OP_QUEUE_LOOK, 1), STATUS_QUEUE_CLOSED);
    world_at(w, DRAW_MS + 5);
    assert_int_equal(CALL(w, SEATS_LOCK, N(USER, 3), T(SEATS, "1,2")), STATUS_OK);
    w->role = ROLE_ADMIN; /* opened again: late, so it is drawn at once */
    assert_int_equal(CALL(w, QUEUE_OPEN, N(CAPACITY, 1), N(RATE, 60)), STATUS_OK);
    assert_int_equal(world_uint(w, "opens_ms"), DRAW_MS);
    w->role = ROLE_BRIDGE;
    queue_joins(w, 3, "waiting");
    assert_int_equal(world_uint(w, "place"), 3);
    assert_int_equal(box_queue_inside(queue_state(w)), 1);
    world_destroy(w);
}

/* Fewer may be inside: those who are stay. A shorter pass does not end before an older one. */
static void
settings_change_while_it_runs(void **unused)
{
    (void)unused;
    world_t *w = queue_world(3, 600, 60000, 0);
    for (uint64_t user = 1; user <= 6; user++)
        queue_joins(w, user, "early");
    world_at(w, DRAW_MS);
    assert_int_equal(box_queue_inside(queue_state(w)), 3);
    w->role = ROLE_ADMIN;
    assert_int_equal(CALL(w, QUEUE_OPEN, N(CAPACITY, 1), N(RATE, 60), N(PASS, 1000)), STATUS_OK);
    assert_int_equal(CALL(w, QUEUE_OPEN, N(CAPACITY, 1), N(RATE, 60), N(OPENS, DRAW_MS + 1)),
                     STATUS_BAD_FIELD);
    world_at(w, DRAW_MS + 59000);
    assert_int_equal(box_queue_inside(queue_state(w)), 3);
    world_at(w, DRAW_MS + 60000);
    assert_int_equal(box_queue_inside(queue_state(w)), 1);
    world_at(w, DRAW_MS + 61000);
    assert_int_equal(queue_state(w)->lanes[0].called, 5);
    world_destroy(w);
}

static void
the_end_of_the_sale_closes_the_room(void **unused)
{
    (void)unused;
    world_t *w = queue_world(1, 60, 7200000, 0);
    queue_joins(w, 1, "early");
    queue_joins(w, 2, "early");
    world_at(w, DRAW_MS);
    w->now_ms = CLOSES_MS;
    assert_int_equal(queue_do(w, OP_QUEUE_JOIN, 3), STATUS_QUEUE_CLOSED);
    assert_int_equal(box_queue_waiting(queue_state(w)), 1);
    world_at(w, CLOSES_MS + 7200000);
    assert_int_equal(box_queue_inside(queue_state(w)), 0);
    assert_true(state_next_due(w->state) == INT64_MAX);
    world_destroy(w);
}

static void
bad_input_is_refused(void **unused)
{
    (void)unused;
    world_t *w = world_with_hall();
    static const uint16_t of_user[] = { OP_QUEUE_JOIN, OP_QUEUE_LOOK, OP_QUEUE_LEAVE };
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(queue_do(w, of_user[i], 1), STATUS_NO_QUEUE);
        assert_int_equal(world_call(w, of_user[i], SHOWTIME + 1,
                                    (world_arg_t[]){ N(USER, 1), { FIELDS, 0, NULL } }),
                         STATUS_UNKNOWN_SHOWTIME);
    }
    assert_int_equal(ASK(w, QUEUE_GET), STATUS_NO_QUEUE);
    assert_int_equal(ASK(w, QUEUE_CLOSE), STATUS_NO_QUEUE);
    assert_int_equal(CALL(w, QUEUE_OPEN, N(CAPACITY, 1), N(RATE, 1), N(OPENS, CLOSES_MS)),
                     STATUS_BAD_TIMES);
    assert_int_equal(ASK(w, QUEUE_GET), STATUS_NO_QUEUE);
    w->now_ms = CLOSES_MS;
    assert_int_equal(CALL(w, QUEUE_OPEN, N(CAPACITY, 1), N(RATE, 1)), STATUS_SALE_CLOSED);
    world_destroy(w);
}

/* At most one a tick, and none when nothing moves. */
static void
followers_hear_when_places_were_called(void **unused)
{
    (void)unused;
    world_t *w = queue_world(1, 60, 3000, 0);
    uint32_t opened = w->queue_events;
    assert_int_equal(opened, 1);
    for (uint64_t user = 1; user <= 3; user++)
        queue_joins(w, user, "early");
    assert_int_equal(w->queue_events, opened);
    world_at(w, DRAW_MS);
    assert_int_equal(w->queue_events, opened + 1);
    world_at(w, DRAW_MS + 2000);
    assert_int_equal(w->queue_events, opened + 1);
    world_at(w, DRAW_MS + 3000);
    assert_int_equal(w->queue_events, opened + 2);
    world_destroy(w);
}

/* Joins in a row, each an entry of its own: what a place takes of memory is small. */
static void
a_place_costs_few_bytes(void **unused)
{
    (void)unused;
    enum { USERS = 10000 };
    state_figures_t before, after;
    world_t *w = queue_world(100, 60000, 60000, 0);
    w->unchecked = true;
    state_figures(w->state, &before);
    for (uint64_t user = 1; user <= USERS; user++) {
        w->now_ms++; /* so that replies are forgotten again */
        assert_int_equal(queue_do(w, OP_QUEUE_JOIN, 1000 + user * 37), STATUS_OK);
    }
    state_figures(w->state, &after);
    uint64_t each = (after.cache_bytes - before.cache_bytes) / USERS;
    print_message("%u places: %lu bytes each\n", USERS, (unsigned long)each);
    assert_true(each < 100);
    world_destroy(w);
}

/* ------------------------------------------------------------------ against a naive room */

enum { NAIVE_USERS = 40, NAIVE_PLACES = 2000, NAIVE_STEPS = 800 };

typedef struct {
    uint64_t user;
    enum { NAIVE_WAITS, NAIVE_INSIDE, NAIVE_DONE } state;
    int64_t until_ms;
} naive_place_t;

/* One lane: a list in the order in which people must be called. */
typedef struct {
    naive_place_t places[NAIVE_PLACES];
    uint32_t count;
} naive_t;

static naive_place_t *
naive_of(naive_t *lanes, uint64_t user, uint8_t *lane)
{
    naive_place_t *found = NULL;
    for (uint8_t at = 0; at < 2; at++)
        for (uint32_t i = 0; i < lanes[at].count; i++)
            if (lanes[at].places[i].user == user &&
                (!found || lanes[at].places[i].state < NAIVE_DONE)) {
                found = &lanes[at].places[i];
                *lane = at;
            }
    return found;
}

/* Sort those who came early by the place that each was drawn. */
static void
naive_draw(naive_t *self, const uint8_t *seed, uint8_t lane)
{
    naive_place_t sorted[NAIVE_PLACES];
    for (uint32_t i = 0; i < self->count; i++)
        sorted[draw_place(seed, lane, self->count, i)] = self->places[i];
    memcpy(self->places, sorted, self->count * sizeof *sorted);
}

/* Take over who was let in, and see that it was always the first who waits, with a good pass. */
static uint32_t
naive_follow(world_t *w, naive_t *self, uint8_t lane)
{
    const queue_t *queue = queue_state(w);
    uint32_t called = queue->lanes[lane].called, admitted = 0;
    for (uint32_t i = 0; i < self->count; i++) {
        naive_place_t *place = &self->places[i];
        if (place->state == NAIVE_INSIDE && place->until_ms <= w->now_ms)
            place->state = NAIVE_DONE;
        if (i >= called || place->state != NAIVE_WAITS)
            continue;
        assert_int_equal(queue_do(w, OP_QUEUE_LOOK, place->user), STATUS_OK);
        place->until_ms = (int64_t)world_uint(w, "until_ms");
        assert_true(place->until_ms > w->now_ms);
        place->state = NAIVE_INSIDE;
        admitted++;
    }
    return admitted;
}

static uint32_t
naive_count(const naive_t *lanes, int state)
{
    uint32_t count = 0;
    for (int lane = 0; lane < 2; lane++)
        for (uint32_t i = 0; i < lanes[lane].count; i++)
            count += (int)lanes[lane].places[i].state == state;
    return count;
}

static void
naive_look(world_t *w, naive_t *lanes, uint64_t user)
{
    uint8_t lane;
    const naive_place_t *place = naive_of(lanes, user, &lane);
    status_t status = queue_do(w, OP_QUEUE_LOOK, user);
    if (!place) {
        assert_int_equal(status, STATUS_NOT_QUEUED);
        return;
    }
    static const char *const names[] = { "waiting", "inside", "done" };
    assert_int_equal(status, STATUS_OK);
    if (place->state != NAIVE_DONE) {
        assert_int_equal(world_uint(w, "place"), place - lanes[lane].places + 1);
        assert_int_equal(world_uint(w, "lane"), lane);
    }
    world_text_is(w, "state", names[place->state]);
}

static void
naive_join(world_t *w, naive_t *lanes, uint64_t user, uint8_t lane)
{
    uint8_t old;
    naive_place_t *place = naive_of(lanes, user, &old);
    bool live = place && place->state != NAIVE_DONE;
    status_t status = CALL(w, QUEUE_JOIN, N(USER, user), N(LANE, lane));
    if (status == STATUS_QUEUE_LIMIT)
        return;
    assert_int_equal(status, STATUS_OK);
    if (live) {
        assert_int_equal(world_uint(w, "place"), place - lanes[old].places + 1);
        return;
    }
    assert_true(lanes[lane].count < NAIVE_PLACES);
    lanes[lane].places[lanes[lane].count++] = (naive_place_t){ .user = user };
    assert_int_equal(world_uint(w, "place"), lanes[lane].count);
}

static void
naive_leave(world_t *w, naive_t *lanes, uint64_t user)
{
    uint8_t lane;
    naive_place_t *place = naive_of(lanes, user, &lane);
    assert_int_equal(queue_do(w, OP_QUEUE_LEAVE, user), place ? STATUS_OK : STATUS_NOT_QUEUED);
    if (place)
        place->state = NAIVE_DONE;
}

static void
a_random_day_goes_as_a_naive_one(void **unused)
{
    (void)unused;
    enum { CAPACITY = 5, RATE = 120, PASS_MS = 9000, SHARE = 25 };
    for (uint64_t seed = 1; seed <= 4; seed++) {
        naive_t *lanes = calloc(2, sizeof *lanes);
        chance_t chance = { .state = seed };
        world_t *w = queue_world(CAPACITY, RATE, PASS_MS, SHARE);
        uint32_t admitted = 0;
        assert_non_null(lanes);
        for (uint64_t user = 1; user <= NAIVE_USERS / 2; user++) {
            uint8_t lane = chance_below(&chance, 3) == 0;
            lanes[lane].places[lanes[lane].count++] = (naive_place_t){ .user = user };
            assert_int_equal(CALL(w, QUEUE_JOIN, N(USER, user), N(LANE, lane)), STATUS_OK);
        }
        world_at(w, DRAW_MS);
        for (uint8_t lane = 0; lane < 2; lane++)
            naive_draw(&lanes[lane], queue_state(w)->seed, lane);
        for (int step = 0; step < NAIVE_STEPS; step++) {
            uint64_t user = 1 + chance_below(&chance, NAIVE_USERS);
            bool room = naive_count(lanes, NAIVE_INSIDE) < CAPACITY;
            bool wanted = naive_count(lanes, NAIVE_WAITS) > 0;
            uint32_t before = admitted;
            int64_t passed_ms = chance_below(&chance, 4) ? chance_below(&chance, 300) : 2000;
            world_at(w, w->now_ms + passed_ms);
            admitted += naive_follow(w, &lanes[0], 0) + naive_follow(w, &lanes[1], 1);
            if (room && wanted && passed_ms == 2000)
                assert_true(admitted > before);
            switch (chance_below(&chance, 4)) {
            case 0:
                naive_join(w, lanes, user, chance_below(&chance, 3) == 0);
                break;
            case 1:
                naive_leave(w, lanes, user);
                break;
            default:
                naive_look(w, lanes, user);
                break;
            }
            admitted += naive_follow(w, &lanes[0], 0) + naive_follow(w, &lanes[1], 1);
            assert_true(naive_count(lanes, NAIVE_INSIDE) <= CAPACITY);
            assert_true(admitted <= 2 + 1 + (w->now_ms - DRAW_MS) * RATE / 60000);
        }
        world_destroy(w);
        free(lanes);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places_are_drawn_from_a_seed_that_was_committed_to),
        cmocka_unit_test(two_rooms_have_two_seeds),
        cmocka_unit_test(a_room_of_a_running_sale_is_first_come_first_served),
        cmocka_unit_test(a_room_that_opened_at_zero_is_drawn),
        cmocka_unit_test(joining_again_keeps_the_place_and_the_receipt),
        cmocka_unit_test(places_survive_a_restart),
        cmocka_unit_test(who_left_may_come_back),
        cmocka_unit_test(nobody_gets_places_without_end),
        cmocka_unit_test(only_who_is_inside_may_take_seats),
        cmocka_unit_test(buying_and_leaving_make_room),
        cmocka_unit_test(people_come_at_the_rate),
        cmocka_unit_test(lanes_share_by_the_hundred),
        cmocka_unit_test(without_a_share_there_is_one_lane),
        cmocka_unit_test(a_closed_room_lets_everybody_buy),
        cmocka_unit_test(settings_change_while_it_runs),
        cmocka_unit_test(the_end_of_the_sale_closes_the_room),
        cmocka_unit_test(bad_input_is_refused),
        cmocka_unit_test(followers_hear_when_places_were_called),
        cmocka_unit_test(a_place_costs_few_bytes),
        cmocka_unit_test(a_random_day_goes_as_a_naive_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
