/* test_box_random - a random crowd against a naive model of seats and money.
 *
 * The model knows nothing of records: it keeps for each seat who has it and until when, and for
 * each order what was paid and given back. SEED=n replays a run. */
#include "tests/unit/box_world.h"

enum { STEPS = 6000, SEATS = 40, COLUMNS = 10, USERS = 6, ORDERS_MAX = STEPS, CAP = 4 };

typedef enum { FREE, HELD, TAKEN } place_t;
typedef enum { PENDING, PAID, GONE, OFFERED } deal_t;

typedef struct {
    world_order_t order;
    uint32_t lock;
    deal_t deal;
    uint32_t count, seats[CAP];
    bool live[CAP]; /* has a ticket that counts */
    int64_t until_ms;
    bool settled; /* money came */
} model_order_t;

static struct {
    place_t seats[SEATS + 1];
    uint32_t locks[SEATS + 1]; /* the number that has it */
    int64_t in, live, pending, owed;
    uint32_t order_count;
    model_order_t orders[ORDERS_MAX];
    /* locks without an order: by number, 0 count means ended */
    struct {
        uint64_t user;
        uint32_t count, seats[CAP];
        int64_t until_ms;
    } held[STEPS + 2];
    uint32_t lock_count;
} model;

static uint64_t crowd_state;
static uint32_t done[8]; /* how often each kind of thing succeeded */
enum { DID_LOCK, DID_BEST, DID_RELEASE, DID_ORDER, DID_PAY, DID_LATE, DID_REFUND, DID_OFFER };

static uint32_t
below(uint32_t bound)
{
    crowd_state = crowd_state * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (uint32_t)((crowd_state >> 33) % bound);
}

static void
model_put(const uint32_t *seats, uint32_t count, place_t place, uint32_t lock)
{
    for (uint32_t i = 0; i < count; i++) {
        model.seats[seats[i]] = place;
        model.locks[seats[i]] = lock;
    }
}

/* What time alone does. */
static void
model_tick(int64_t now_ms)
{
    for (uint32_t n = 1; n <= model.lock_count; n++) {
        if (model.held[n].count && model.held[n].until_ms <= now_ms) {
            model_put(model.held[n].seats, model.held[n].count, FREE, 0);
            model.held[n].count = 0;
        }
    }
    for (uint32_t i = 0; i < model.order_count; i++) {
        model_order_t *o = &model.orders[i];
        if ((o->deal != PENDING && o->deal != OFFERED) || o->until_ms > now_ms)
            continue;
        model_put(o->seats, o->count, FREE, 0);
        if (o->deal == OFFERED) {
            model.pending -= (int64_t)o->order.amount;
            model.owed += (int64_t)o->order.amount;
        }
        o->deal = GONE;
    }
}

static uint32_t
model_held_by(uint64_t user)
{
    uint32_t sum = 0;
    for (uint32_t n = 1; n <= model.lock_count; n++)
        sum += model.held[n].user == user ? model.held[n].count : 0;
    for (uint32_t i = 0; i < model.order_count; i++) {
        const model_order_t *o = &model.orders[i];
        if (o->order.user == user && (o->deal == PENDING || o->deal == OFFERED))
            sum += o->count;
    }
    return sum;
}

static void
took(world_t *w, uint64_t user, const uint32_t *seats, uint32_t count)
{
    uint32_t lock = (uint32_t)world_uint(w, "lock");
    assert_int_equal(lock, ++model.lock_count);
    model.held[lock].user = user;
    model.held[lock].count = count;
    model.held[lock].until_ms = (int64_t)world_uint(w, "until_ms");
    memcpy(model.held[lock].seats, seats, count * sizeof *seats);
    model_put(seats, count, HELD, lock);
}

static void
do_lock(world_t *w)
{
    char text[64] = "";
    uint64_t user = 1 + below(USERS);
    uint32_t count = 1 + below(CAP), first = 1 + below(SEATS - CAP), seats[CAP];
    status_t right = STATUS_OK;
    for (uint32_t i = 0; i < count; i++) {
        size_t used = strlen(text);
        seats[i] = first + i;
        snprintf(text + used, sizeof text - used, "%s%u", i ? "," : "", seats[i]);
    }
    if (model_held_by(user) + count > CAP)
        right = STATUS_LOCK_LIMIT;
    for (uint32_t i = 0; i < count && right == STATUS_OK; i++)
        if (model.seats[seats[i]] != FREE)
            right = model.seats[seats[i]] == HELD ? STATUS_SEAT_LOCKED : STATUS_SEAT_SOLD;
    assert_int_equal(
        CALL(w, SEATS_LOCK, N(USER, user), T(SEATS, text), N(TTL, 1000 + below(60000))), right);
    if (right == STATUS_OK) {
        took(w, user, seats, count);
        done[DID_LOCK]++;
    }
}

static bool
model_has_block(uint32_t count)
{
    for (uint32_t first = 1; first + count - 1 <= SEATS; first++) {
        uint32_t free = 0;
        while (free < count && model.seats[first + free] == FREE &&
               (first - 1) / COLUMNS == (first + free - 1) / COLUMNS)
            free++;
        if (free == count)
            return true;
    }
    return false;
}

static void
do_best(world_t *w)
{
    uint64_t user = 1 + below(USERS), id;
    uint32_t count = 1 + below(CAP), seats[CAP], listed;
    mp_t list;
    status_t right = model_held_by(user) + count > CAP ? STATUS_LOCK_LIMIT
                     : model_has_block(count)          ? STATUS_OK
                                                       : STATUS_NO_BLOCK;
    assert_int_equal(CALL(w, SEATS_BEST, N(USER, user), N(COUNT, count)), right);
    if (right != STATUS_OK)
        return;
    assert_true(world_get(w, "seats", &list));
    assert_true(mp_read_array(&list, &listed));
    assert_int_equal(listed, count);
    for (uint32_t i = 0; i < count; i++) {
        assert_true(mp_read_uint(&list, &id));
        assert_int_equal(model.seats[id], FREE);
        seats[i] = (uint32_t)id;
    }
    took(w, user, seats, count);
    done[DID_BEST]++;
}

static void
do_release(world_t *w)
{
    if (model.lock_count == 0)
        return;
    uint32_t lock = model.lock_count - below(model.lock_count < 8 ? model.lock_count : 8);
    uint64_t user = model.held[lock].user;
    status_t status = CALL(w, SEATS_RELEASE, N(USER, user), N(LOCK, lock));
    assert_int_equal(status == STATUS_OK, model.held[lock].count > 0);
    if (status == STATUS_OK) {
        model_put(model.held[lock].seats, model.held[lock].count, FREE, 0);
        model.held[lock].count = 0;
        done[DID_RELEASE]++;
    }
}

static void
do_order(world_t *w)
{
    if (model.lock_count == 0)
        return;
    uint32_t lock = model.lock_count - below(model.lock_count < 4 ? model.lock_count : 4);
    status_t status = CALL(w, ORDER_CREATE, N(USER, model.held[lock].user), N(LOCK, lock),
                           T(PROVIDER, "sandbox"));
    assert_int_equal(status == STATUS_OK, model.held[lock].count > 0);
    if (status != STATUS_OK)
        return;
    model_order_t *o = &model.orders[model.order_count++];
    o->order.user = model.held[lock].user;
    o->order.amount = world_uint(w, "amount");
    o->lock = lock;
    o->count = model.held[lock].count;
    o->until_ms = model.held[lock].until_ms;
    memcpy(o->seats, model.held[lock].seats, sizeof o->seats);
    world_text(w, "order", o->order.id, sizeof o->order.id);
    world_text(w, "code", o->order.code, sizeof o->order.code);
    assert_int_equal(o->order.amount, o->count * 5000);
    model.held[lock].count = 0;
    done[DID_ORDER]++;
}

static void
model_paid(model_order_t *o)
{
    o->deal = PAID;
    model.live += (int64_t)o->order.amount;
    model_put(o->seats, o->count, TAKEN, o->lock);
    for (uint32_t i = 0; i < o->count; i++)
        o->live[i] = true;
}

static void
model_offered(world_t *w, model_order_t *o)
{
    mp_t offer, list;
    uint32_t listed;
    uint64_t id;
    assert_true(world_get(w, "offer", &offer));
    assert_true(mp_find(offer.at, (size_t)(offer.end - offer.at), "seats", &list));
    assert_true(mp_read_array(&list, &listed));
    assert_int_equal(listed, o->count);
    for (uint32_t i = 0; i < listed; i++) {
        assert_true(mp_read_uint(&list, &id));
        assert_int_equal(model.seats[id], FREE);
        o->seats[i] = (uint32_t)id;
    }
    o->deal = OFFERED;
    o->until_ms = (int64_t)world_inner(w, "offer", "until_ms");
    model.pending += (int64_t)o->order.amount;
    model_put(o->seats, o->count, HELD, o->lock);
    done[DID_OFFER]++;
}

/* The first money of an order, of its own amount. */
static void
do_first_money(world_t *w, model_order_t *o)
{
    bool same = true, block = model_has_block(o->count);
    for (uint32_t i = 0; i < o->count; i++)
        same &= model.seats[o->seats[i]] == FREE;
    deal_t before = o->deal;
    status_t status = world_pay(w, &o->order, o->order.amount, "first");
    o->settled = true;
    model.in += (int64_t)o->order.amount;
    if (before == PENDING || same) {
        assert_int_equal(status, STATUS_OK);
        model_paid(o);
        done[before == PENDING ? DID_PAY : DID_LATE]++;
    } else if (status == STATUS_LATE_OFFER) {
        assert_true(block);
        model_offered(w, o);
    } else {
        assert_int_equal(status, STATUS_LATE_REFUNDED);
        model.owed += (int64_t)o->order.amount;
    }
}

static void
do_pay(world_t *w)
{
    if (model.order_count == 0)
        return;
    model_order_t *o =
        &model.orders[model.order_count - 1 - below(model.order_count < 6 ? model.order_count : 6)];
    char txn[32];
    if (!o->settled) {
        if (below(12)) {
            do_first_money(w, o);
            return;
        }
        assert_int_equal(world_pay(w, &o->order, o->order.amount + 1, "first"),
                         STATUS_AMOUNT_MISMATCH);
        if (o->deal == PENDING)
            model_put(o->seats, o->count, FREE, 0);
        o->deal = GONE;
        o->settled = true;
        model.in += (int64_t)o->order.amount + 1;
        model.owed += (int64_t)o->order.amount + 1;
    } else if (below(2)) {
        (void)world_pay(w, &o->order, o->order.amount, "first"); /* changes nothing */
    } else {
        snprintf(txn, sizeof txn, "more-%u", below(1000000));
        assert_int_equal(world_pay(w, &o->order, 11, txn), STATUS_PAID_TWICE);
        model.in += 11;
        model.owed += 11;
    }
}

static void
do_refund(world_t *w)
{
    if (model.order_count == 0)
        return;
    model_order_t *o = &model.orders[model.order_count - 1 -
                                     below(model.order_count < 20 ? model.order_count : 20)];
    uint32_t at = below(o->count);
    char seat[8];
    snprintf(seat, sizeof seat, "%u", o->seats[at]);
    status_t status = CALL(w, ORDER_REFUND, T(ORDER, o->order.id), T(TICKETS, seat));
    assert_int_equal(status == STATUS_OK, o->live[at]);
    if (status == STATUS_OK) {
        o->live[at] = false;
        model.live -= 5000;
        model.owed += 5000;
        model_put(&o->seats[at], 1, FREE, 0);
        done[DID_REFUND]++;
    }
}

static void
do_accept(world_t *w)
{
    for (uint32_t i = 0; i < model.order_count; i++) {
        model_order_t *o = &model.orders[i];
        if (o->deal != OFFERED)
            continue;
        bool yes = below(2);
        assert_int_equal(
            CALL(w, ORDER_ACCEPT, N(USER, o->order.user), T(ORDER, o->order.id), N(YES, yes)),
            STATUS_OK);
        model.pending -= (int64_t)o->order.amount;
        if (yes) {
            model_paid(o);
        } else {
            model.owed += (int64_t)o->order.amount;
            model_put(o->seats, o->count, FREE, 0);
            o->deal = GONE;
        }
        return;
    }
}

static void
compare(world_t *w, uint32_t step)
{
    static const uint8_t wire[] = { [FREE] = 0, [HELD] = 1, [TAKEN] = 2 };
    box_t box;
    turn_t turn = { .state = w->state, .now_ms = w->now_ms };
    assert_true(box_open(&box, &turn, SHOWTIME));
    box_hall(&box);
    for (uint32_t id = 1; id <= SEATS; id++) {
        if (box.seats[id - 1].state - 1u != wire[model.seats[id]] ||
            w->mirror[id] != wire[model.seats[id]] || box.seats[id - 1].purchase != model.locks[id])
            fail_msg("step %u: seat %u is %u, told as %u, should be %u", step, id,
                     box.seats[id - 1].state - 1u, w->mirror[id], wire[model.seats[id]]);
    }
    assert_true(box.head->in == model.in);
    assert_true(box.head->live == model.live);
    assert_true(box.head->pending == model.pending);
    assert_true(box.head->refunding + box.head->refunded == model.owed);
    const char *broken = box_check(w->state, SHOWTIME);
    if (broken)
        fail_msg("step %u: %s", step, broken);
}

static void
a_crowd_agrees_with_the_model(void **unused)
{
    (void)unused;
    static void (*const deeds[])(world_t *) = { do_lock,   do_lock,   do_best,  do_release,
                                                do_order,  do_order,  do_pay,   do_pay,
                                                do_refund, do_refund, do_accept };
    static const world_row_t rows[] = { { "A", "ssssssssss", "aaaaaaaaaa" },
                                        { "B", "ssssssssss", "aaaaaaaaaa" },
                                        { "C", "ssssssssss", "aaaaaaaaaa" },
                                        { "D", "ssssssssss", "aaaaaaaaaa" } };
    const char *given = getenv("SEED");
    crowd_state = given ? strtoull(given, NULL, 10) : 20261123;
    print_message("seed %llu\n", (unsigned long long)crowd_state);
    world_t *w = world_new();
    w->unchecked = true; /* compare() does it */
    assert_int_equal(world_open(w, rows, 4, false, CAP), STATUS_OK);
    for (uint32_t step = 0; step < STEPS && w->now_ms < CLOSES_MS - 2000; step++) {
        w->now_ms += below(20) ? below(1000) : below(15000);
        model_tick(w->now_ms);
        world_at(w, w->now_ms);
        deeds[below(sizeof deeds / sizeof deeds[0])](w);
        compare(w, step);
    }
    print_message(
        "locks %u, best %u, released %u, orders %u, paid %u, late %u, refunds %u, offers %u\n",
        done[0], done[1], done[2], done[3], done[4], done[5], done[6], done[7]);
    /* the default run is known to do everything */
    for (size_t i = 0; !given && i < sizeof done / sizeof done[0]; i++)
        assert_true(done[i] > 0);
    world_destroy(w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_crowd_agrees_with_the_model) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
