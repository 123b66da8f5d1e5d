/* prog_show - the showtimes of a cinema, with the box office beside it: what is told by one is
 * carried to the other. */
#include "actors/prog_show.h"
#include "actors/outbox.h"
#include "tests/unit/box_world.h"

enum { CINEMA = 7, TELLS_MAX = 256, PROGRAMME = 1, HALL_ROWS = 3 };
#define MINUTE_MS INT64_C(60000)
#define DAY_MS    INT64_C(86400000)
#define MONDAY    (20430 * DAY_MS) /* 2025-12-08, 00:00 UTC */
#define AT(hour)  (MONDAY + (hour)*60 * MINUTE_MS)

typedef struct {
    uint16_t operation;
    uint64_t key, number;
    uint8_t *body;
    uint32_t size;
} told_t;

/* A cinema's partition, and that of its showtimes; what each tells waits. */
typedef struct {
    world_t *programme, *box;
    told_t told[2][TELLS_MAX]; /* by who tells: the box office first */
    uint32_t count[2];
    uint32_t events;
} house_t;

static house_t *house;

static void
house_keep(world_t *from, uint16_t operation, uint64_t key, uint64_t number, const void *body,
           uint32_t size)
{
    int who = from == house->programme;
    if (operation == OP_PROVIDER_REFUND) {
        from->tells++;
        return;
    }
    assert_true(house->count[who] < TELLS_MAX);
    told_t *told = &house->told[who][house->count[who]++];
    *told = (told_t){ operation, key, number, malloc(size ? size : 1), size };
    memcpy(told->body, body, size);
}

static void
house_on_tell(void *argument, uint16_t operation, uint64_t key, uint64_t number, const void *body,
              uint32_t size)
{
    house_keep(argument, operation, key, number, body, size);
}

static bool
house_followed(void *argument, uint64_t key)
{
    (void)argument;
    return key == CINEMA;
}

static void
house_on_event(void *argument, uint16_t operation, uint64_t key, uint64_t number, const void *body,
               uint32_t size)
{
    (void)argument, (void)number;
    assert_int_equal(operation, OP_SCHEDULE_CHANGED);
    assert_true(key == CINEMA);
    assert_true(mp_valid(body, size));
    house->events++;
}

static world_t *
house_world(uint32_t partition)
{
    world_t *w = world_new();
    w->unchecked = true;
    w->site.programmes = 1;
    w->site.partition = partition;
    w->sink.tell = house_on_tell;
    w->sink.followed = house_followed;
    w->sink.event = house_on_event;
    w->now_ms = AT(8);
    return w;
}

/* One message of `who` arrives at the other. */
static void
house_carry_one(int who, const told_t *told)
{
    uint8_t frame[WIRE_RECORD_MAX + WIRE_PREFIX_SIZE];
    world_t *to = who ? house->box : house->programme;
    wire_header_t header = { .kind = WIRE_TELL,
                             .operation = told->operation,
                             .key = told->key,
                             .request = told->number,
                             .moment = to->now_ms + 1000 };
    wire_route_t route = { .role = ROLE_ACTOR, .sender = who ? PROGRAMME : 0 };
    wire_record_t record;
    field_t field;
    size_t at = 0, total = wire_put(frame, &header, told->body, told->size);
    assert_int_equal(wire_next(frame, total, &at, &record), STATUS_OK);
    assert_int_equal(intake_add(&to->intake, &route, &record, &field), STATUS_OK);
    world_entry(to);
}

/* Carry until nothing waits. */
static void
house_carry(void)
{
    for (uint32_t done[2] = { 0, 0 }; done[0] < house->count[0] || done[1] < house->count[1];)
        for (int who = 0; who < 2; who++)
            for (; done[who] < house->count[who]; done[who]++) {
                told_t told = house->told[who][done[who]];
                house_carry_one(who, &told);
                free(told.body);
            }
    house->count[0] = house->count[1] = 0;
    assert_null(outbox_check(house->programme->state, 0));
    assert_null(prog_check(house->programme->state, CINEMA));
}

static void
pack_pairs(pack_t *pack, const char *key, const int64_t (*pairs)[2], uint32_t count)
{
    pack_str(pack, key);
    pack_array(pack, count);
    for (uint32_t i = 0; i < count; i++) {
        pack_array(pack, 2);
        for (int at = 0; at < 2; at++)
            if (pairs[i][at] < 0)
                pack_int(pack, pairs[i][at]);
            else
                pack_uint(pack, (uint64_t)pairs[i][at]);
    }
}

/* Open from 10:00 to 02:00, an hour ahead of UTC. */
static status_t
set_cinema(uint32_t offsets, const int64_t (*table)[2])
{
    static const int64_t hours[7][2] = { { 600, 1560 }, { 600, 1560 }, { 600, 1560 }, { 600, 1560 },
                                         { 600, 1560 }, { 600, 1560 }, { 600, 1560 } };
    uint8_t body[2048];
    pack_t pack;
    pack_init(&pack, body, sizeof body);
    pack_map(&pack, offsets ? 5 : 4);
    pack_key_str(&pack, "name", "Lux");
    pack_key_str(&pack, "time_zone", "Europe/Berlin");
    pack_key_uint(&pack, "cleaning", 20);
    pack_pairs(&pack, "opening", hours, 7);
    if (offsets)
        pack_pairs(&pack, "offsets", table, offsets);
    world_t *w = house->programme;
    return world_raw(w, OP_CINEMA_SET, CINEMA, ++w->request, body, pack.size);
}

static void
set_hall(uint64_t number, const char *equipment)
{
    uint8_t body[512];
    pack_t pack;
    pack_init(&pack, body, sizeof body);
    pack_map(&pack, 5);
    pack_key_uint(&pack, "hall_number", number);
    pack_key_str(&pack, "hall", "Hall");
    pack_key_str(&pack, "equipment", equipment);
    pack_str(&pack, "zones");
    pack_array(&pack, 1);
    pack_array(&pack, 3);
    pack_str(&pack, "a");
    pack_str(&pack, "seats");
    pack_uint(&pack, 5000);
    pack_str(&pack, "rows");
    pack_array(&pack, HALL_ROWS);
    for (int row = 0; row < HALL_ROWS; row++) {
        const char name[2] = { (char)('A' + row), 0 };
        pack_array(&pack, 3);
        pack_str(&pack, name);
        pack_str(&pack, "ssssssssss");
        pack_str(&pack, "aaaaaaaaaa");
    }
    world_t *w = house->programme;
    assert_int_equal(world_raw(w, OP_HALL_SET, CINEMA, ++w->request, body, pack.size), STATUS_OK);
}

#define TRY(op, ...)                                                                               \
    world_call(house->programme, OP_##op, CINEMA,                                                  \
               (world_arg_t[]){ __VA_ARGS__, { FIELDS, 0, NULL } })

static void
house_open(void)
{
    static const int64_t table[][2] = { { 0, 3600 } };
    house = calloc(1, sizeof *house);
    house->programme = house_world(PROGRAMME);
    house->box = house_world(0);
    assert_int_equal(set_cinema(1, table), STATUS_OK);
    set_hall(1, "glasses");
    set_hall(2, "");
    set_hall(3, "organ, glasses");
    assert_int_equal(TRY(MOVIE_SET, N(MOVIE, 1), T(TITLE, "Dune"), N(MINUTES, 120)), STATUS_OK);
    assert_int_equal(TRY(MOVIE_SET, N(MOVIE, 2), T(TITLE, "Old"), N(MINUTES, 90),
                         N(RELEASED, 20431), N(ENDED, 20440)),
                     STATUS_OK);
}

static void
house_close(void)
{
    world_destroy(house->programme);
    world_destroy(house->box);
    for (int who = 0; who < 2; who++)
        for (uint32_t i = 0; i < house->count[who]; i++)
            free(house->told[who][i].body);
    free(house);
}

typedef struct {
    uint64_t id, hall, movie;
    int64_t starts_ms, ends_ms;
    const char *format;
} item_t;

static status_t
save_or(uint16_t operation, const item_t *items, uint32_t count)
{
    static uint8_t body[64 * 1024];
    pack_t pack;
    pack_init(&pack, body, sizeof body);
    pack_map(&pack, 1);
    pack_str(&pack, "showtimes");
    pack_array(&pack, count);
    for (uint32_t i = 0; i < count; i++) {
        pack_array(&pack, 6);
        pack_uint(&pack, items[i].id);
        pack_uint(&pack, items[i].hall);
        pack_uint(&pack, items[i].movie);
        pack_uint(&pack, (uint64_t)items[i].starts_ms);
        pack_uint(&pack, (uint64_t)items[i].ends_ms);
        pack_str(&pack, items[i].format ? items[i].format : "2D");
    }
    assert_false(pack.overflow);
    world_t *w = house->programme;
    status_t status = world_raw(w, operation, CINEMA, ++w->request, body, pack.size);
    assert_null(prog_check(w->state, CINEMA));
    return status;
}

static status_t
save(const item_t *items, uint32_t count)
{
    return save_or(OP_PROGRAMME_SAVE, items, count);
}

static status_t
step(uint16_t operation, const uint64_t *ids, uint32_t count)
{
    uint8_t body[2048];
    pack_t pack;
    pack_init(&pack, body, sizeof body);
    pack_map(&pack, 1);
    pack_str(&pack, "ids");
    pack_array(&pack, count);
    for (uint32_t i = 0; i < count; i++)
        pack_uint(&pack, ids[i]);
    world_t *w = house->programme;
    return world_raw(w, operation, CINEMA, ++w->request, body, pack.size);
}

static uint64_t
one(uint64_t hall, int64_t starts_ms)
{
    const item_t item = { 0, hall, 1, starts_ms, 0, NULL };
    assert_int_equal(save(&item, 1), STATUS_OK);
    return world_uint(house->programme, "first");
}

/* The kind and weight of conflict number `at`, the item it is about, and the other's title. */
static void
conflict_is(uint32_t at, uint64_t index, const char *kind, const char *weight, const char *title)
{
    mp_t list;
    uint32_t count, size;
    uint64_t number;
    const char *text;
    assert_true(world_get(house->programme, "conflicts", &list));
    assert_true(mp_read_array(&list, &count));
    assert_true(at < count);
    while (at--)
        assert_true(mp_skip(&list));
    assert_true(mp_read_array(&list, &count) && count == 7);
    assert_true(mp_read_uint(&list, &number) && number == index);
    const char *const words[] = { kind, weight };
    for (int i = 0; i < 2; i++) {
        assert_true(mp_read_str(&list, &text, &size));
        assert_int_equal(size, strlen(words[i]));
        assert_memory_equal(text, words[i], size);
    }
    assert_true(mp_skip(&list) && mp_read_str(&list, &text, &size));
    assert_int_equal(size, strlen(title));
    assert_memory_equal(text, title, size);
}

static const show_t *
show_of(uint64_t id)
{
    turn_t turn = { .state = house->programme->state };
    return show_get(&turn, CINEMA, show_number(CINEMA, id));
}

static void
state_is(uint64_t id, const char *state)
{
    assert_non_null(show_of(id));
    assert_string_equal(machine_state_name(MACHINE_SHOW, show_of(id)->state), state);
}

/* ------------------------------------------------------------------ saving */

static void
drafts_are_saved_changed_listed_and_forgotten(void **state)
{
    (void)state;
    house_open();
    world_t *w = house->programme;
    const item_t items[] = { { 0, 1, 1, AT(20), 0, NULL },
                             { 0, 2, 1, AT(9), 0, "3D" },
                             { 0, 2, 1, AT(14), AT(17), NULL } };
    assert_int_equal(save(items, 3), STATUS_OK);
    uint64_t first = world_uint(w, "first");
    assert_true(first == CINEMA * SHOW_IDS + 1);
    assert_true(world_uint(w, "count") == 3);
    assert_int_equal(TRY(PROGRAMME_LIST, N(FROM_MS, AT(0)), N(UNTIL_MS, AT(24))), STATUS_OK);
    assert_true(world_uint(w, "total") == 3);
    mp_t list;
    uint32_t count;
    uint64_t id = 0;
    assert_true(world_get(w, "showtimes", &list) && mp_read_array(&list, &count) && count == 3);
    assert_true(mp_read_array(&list, &count) && mp_read_uint(&list, &id));
    assert_true(id == first + 1); /* by start */
    const item_t moved = { first + 1, 2, 1, AT(33), 0, NULL };
    assert_int_equal(save(&moved, 1), STATUS_OK);
    assert_true(world_uint(w, "count") == 0);
    assert_int_equal(TRY(PROGRAMME_LIST, N(FROM_MS, AT(0)), N(UNTIL_MS, AT(24))), STATUS_OK);
    assert_true(world_uint(w, "total") == 2);
    assert_int_equal(TRY(PROGRAMME_LIST, N(FROM_MS, AT(0)), N(UNTIL_MS, AT(48)), N(HALL_NUMBER, 2),
                         T(FORMAT, "2D"), T(STATE, "draft"), N(MOVIE, 1), N(FROM, 1), N(LIMIT, 1)),
                     STATUS_OK);
    assert_true(world_uint(w, "total") == 2);
    assert_int_equal(step(OP_PROGRAMME_DELETE, (uint64_t[]){ first, first + 2 }, 2), STATUS_OK);
    assert_null(show_of(first));
    assert_int_equal(step(OP_PROGRAMME_DELETE, (uint64_t[]){ first + 1, first }, 2),
                     STATUS_UNKNOWN_SHOWTIME);
    assert_non_null(show_of(first + 1));
    assert_int_equal(TRY(PROGRAMME_LIST, N(FROM_MS, AT(0)), N(UNTIL_MS, AT(401 * 24))),
                     STATUS_BAD_TIMES);
    house_close();
}

static void
a_day_takes_so_many_and_finds_them_all(void **state)
{
    (void)state;
    house_open();
    assert_int_equal(TRY(MOVIE_SET, N(MOVIE, 3), T(TITLE, "Short"), N(MINUTES, 1)), STATUS_OK);
    item_t items[200];
    for (uint32_t i = 0; i < 200; i++)
        items[i] = (item_t){ 0, 1 + i % 3, 3, AT(9) + i / 3 * 2 * MINUTE_MS, 0, NULL };
    assert_int_equal(save(items, 200), STATUS_OK);
    uint64_t first = world_uint(house->programme, "first");
    /* Each third one goes, from the middle of pages and from their ends. */
    for (uint32_t i = 0; i < 200; i += 3)
        assert_int_equal(step(OP_PROGRAMME_DELETE, (uint64_t[]){ first + i }, 1), STATUS_OK);
    assert_null(prog_check(house->programme->state, CINEMA));
    assert_int_equal(TRY(PROGRAMME_LIST, N(FROM_MS, AT(0)), N(UNTIL_MS, AT(24))), STATUS_OK);
    assert_true(world_uint(house->programme, "total") == 133);
    house_close();
}

static void
conflicts_are_told_and_only_some_are_refused(void **state)
{
    (void)state;
    house_open();
    uint64_t there = one(1, AT(12));
    const item_t overlap = { 0, 1, 1, AT(13), 0, NULL };
    assert_int_equal(save_or(OP_PROGRAMME_CHECK, &overlap, 1), STATUS_OK);
    conflict_is(0, 0, "overlap", "refused", "Dune");
    assert_int_equal(save(&overlap, 1), STATUS_CONFLICT);
    conflict_is(0, 0, "overlap", "refused", "Dune");
    world_text_is(house->programme, "error", "CONFLICT");
    const item_t close_by = { 0, 1, 1, AT(14) + 10 * MINUTE_MS, 0, NULL };
    assert_int_equal(save(&close_by, 1), STATUS_OK);
    conflict_is(0, 0, "cleaning", "notice", "Dune");
    const item_t shared = { 0, 3, 1, AT(12), 0, NULL };
    assert_int_equal(save(&shared, 1), STATUS_OK);
    conflict_is(0, 0, "equipment", "warning", "Dune");
    const item_t house_says[] = { { 0, 2, 2, AT(12), 0, NULL },        /* before its release */
                                  { 0, 2, 1, AT(7), 0, NULL },         /* 08:00 there */
                                  { 0, 2, 1, AT(16), AT(17), NULL },   /* too short */
                                  { 0, 2, 1, AT(20), AT(20), NULL } }; /* no time at all */
    assert_int_equal(save(house_says, 4), STATUS_CONFLICT);
    conflict_is(0, 0, "before_release", "refused", "");
    conflict_is(1, 1, "closed", "refused", "");
    conflict_is(2, 2, "too_short", "refused", "");
    conflict_is(3, 3, "bad_times", "refused", "");
    assert_true(world_uint(house->programme, "total") == 4);
    /* Of one batch, too; and a draft that moves is not in its own way. */
    const item_t both[] = { { 0, 2, 1, AT(30), 0, NULL }, { 0, 2, 1, AT(31), 0, NULL } };
    assert_int_equal(save(both, 2), STATUS_CONFLICT);
    const item_t moved = { there, 1, 1, AT(11) + 30 * MINUTE_MS, 0, NULL };
    assert_int_equal(save(&moved, 1), STATUS_OK);
    assert_int_equal(TRY(MOVIE_WITHDRAW, N(MOVIE, 1)), STATUS_OK);
    const item_t gone = { 0, 2, 1, AT(18), 0, NULL };
    assert_int_equal(save(&gone, 1), STATUS_CONFLICT);
    conflict_is(0, 0, "withdrawn", "refused", "");
    house_close();
}

static void
wrong_showtimes_are_refused_by_item(void **state)
{
    (void)state;
    house_open();
    world_t *w = house->programme;
    static const struct {
        item_t item;
        status_t status;
    } wrong[] = {
        { { 0, 4, 1, AT(12), 0, NULL }, STATUS_UNKNOWN_HALL },
        { { 0, 65, 1, AT(12), 0, NULL }, STATUS_BAD_FIELD },
        { { 0, 0, 1, AT(12), 0, NULL }, STATUS_BAD_FIELD },
        { { 0, 1, 9, AT(12), 0, NULL }, STATUS_UNKNOWN_MOVIE },
        { { 0, 1, 1, SHOW_TIME_MAX + 1, 0, NULL }, STATUS_BAD_FIELD },
        { { 0, 1, 1, AT(12), 0, "a format that is long" }, STATUS_BAD_FIELD },
        { { CINEMA * SHOW_IDS + 1, 1, 1, AT(12), 0, NULL }, STATUS_UNKNOWN_SHOWTIME },
        { { 5, 1, 1, AT(12), 0, NULL }, STATUS_UNKNOWN_SHOWTIME },
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        const item_t items[] = { { 0, 2, 1, AT(12), 0, NULL }, wrong[i].item };
        assert_int_equal(save(items, 2), wrong[i].status);
        assert_true(world_uint(w, "index") == 1);
    }
    assert_int_equal(TRY(PROGRAMME_LIST, N(FROM_MS, AT(0)), N(UNTIL_MS, AT(24))), STATUS_OK);
    assert_true(world_uint(w, "total") == 0);
    assert_int_equal(TRY(CINEMA_GET, N(MOVIE, 1)), STATUS_UNKNOWN_FIELD);
    const item_t far_apart[] = { { 0, 1, 1, AT(12), 0, NULL },
                                 { 0, 1, 1, AT(12) + 500 * DAY_MS, 0, NULL } };
    assert_int_equal(save(far_apart, 2), STATUS_TOO_LARGE);
    uint64_t id = one(1, AT(12));
    const item_t twice[] = { { id, 1, 1, AT(12), 0, NULL }, { id, 1, 1, AT(18), 0, NULL } };
    assert_int_equal(save(twice, 2), STATUS_BAD_FIELD);
    static const int64_t bad[][3][2] = { { { 0, 3600 }, { 50, 0 }, { 50, 3600 } },
                                         { { 0, 3600 }, { 0, 0 }, { 50, 3600 } },
                                         { { 9, 3600 }, { 50, 0 }, { 60, 3600 } },
                                         { { 0, 3600 }, { 50, 100000 }, { 60, 3600 } } };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(set_cinema(3, bad[i]), STATUS_BAD_FIELD);
        world_text_is(w, "field", "offsets");
    }
    assert_int_equal(set_cinema(0, NULL), STATUS_OK);
    const item_t good = { 0, 2, 1, AT(12), 0, NULL };
    assert_int_equal(save(&good, 1), STATUS_NO_OFFSETS);
    house_close();
}

/* Clocks in Berlin go back on 2026-10-25 at 01:00 UTC: the house closes at 02:00 there, and an
 * hour later by the clock of UTC than the day before. */
static void
opening_hours_follow_the_clock_on_the_wall(void **state)
{
    (void)state;
    house_open();
    static const int64_t table[][2] = { { 0, 7200 }, { 1792890000, 3600 } };
    assert_int_equal(set_cinema(2, table), STATUS_OK);
    const int64_t night_ms = INT64_C(1792886400000); /* 2026-10-25 00:00 UTC, 02:00 there */
    const item_t before = { 0, 1, 1, night_ms - 24 * 60 * MINUTE_MS - 90 * MINUTE_MS, 0, NULL };
    assert_int_equal(save(&before, 1), STATUS_CONFLICT); /* to 02:30 */
    const item_t after = { 0, 1, 1, night_ms + 24 * 60 * MINUTE_MS - 90 * MINUTE_MS, 0, NULL };
    assert_int_equal(save(&after, 1), STATUS_OK); /* to 01:30, the hour later */
    house_close();
}

/* ------------------------------------------------------------------ the sale */

static status_t
box_call(uint16_t operation, uint64_t id, const world_arg_t *args)
{
    status_t status = world_call(house->box, operation, id, args);
    const char *broken = box_check(house->box->state, id);
    if (broken && status != STATUS_UNKNOWN_SHOWTIME)
        fail_msg("%s", broken);
    return status;
}
#define BOX(id, op, ...) box_call(OP_##op, id, (world_arg_t[]){ __VA_ARGS__, { FIELDS, 0, NULL } })

static void
only_what_is_published_can_be_bought(void **state)
{
    (void)state;
    house_open();
    uint64_t ids[] = { one(1, AT(12)), one(2, AT(12)) };
    assert_int_equal(BOX(ids[0], SEATS_LOCK, N(USER, 1), T(SEATS, "1,2")), STATUS_UNKNOWN_SHOWTIME);
    assert_int_equal(step(OP_PROGRAMME_PUBLISH, ids, 2), STATUS_OK);
    state_is(ids[0], "opening");
    assert_int_equal(step(OP_PROGRAMME_CANCEL, ids, 1), STATUS_SHOW_STATE);
    world_text_is(house->programme, "state", "opening");
    uint32_t events = house->events;
    house_carry();
    assert_int_equal(house->events, events + 2);
    state_is(ids[0], "published");
    state_is(ids[1], "published");
    assert_int_equal(BOX(ids[0], SEATS_LOCK, N(USER, 1), T(SEATS, "1,2")), STATUS_OK);
    const world_arg_t none[] = { { FIELDS, 0, NULL } };
    assert_int_equal(box_call(OP_SHOWTIME_GET, ids[0], none), STATUS_OK);
    world_text_is(house->box, "title", "Dune");
    world_text_is(house->box, "time_zone", "Europe/Berlin");
    assert_true(world_uint(house->box, "cinema") == CINEMA);
    assert_true(world_uint(house->box, "seats") == 30);
    const item_t changed = { ids[0], 1, 1, AT(18), 0, NULL };
    assert_int_equal(save(&changed, 1), STATUS_SHOW_STATE);
    assert_int_equal(step(OP_PROGRAMME_PUBLISH, ids, 1), STATUS_SHOW_STATE);
    house_close();
}

static void
a_number_that_is_taken_leaves_a_draft(void **state)
{
    (void)state;
    house_open();
    static const world_row_t rows[] = { { "A", "ssss", "aaaa" } };
    uint64_t id = one(1, AT(12));
    assert_int_equal(world_open(house->box, rows, 1, true, 6), STATUS_OK); /* of another number */
    uint8_t body[256];
    pack_t pack;
    pack_init(&pack, body, sizeof body);
    pack_map(&pack, 8);
    pack_key_str(&pack, "title", "t");
    pack_key_str(&pack, "hall", "h");
    pack_key_uint(&pack, "starts_ms", 10);
    pack_key_uint(&pack, "ends_ms", 20);
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
    assert_int_equal(
        world_raw(house->box, OP_SHOWTIME_OPEN, id, ++house->box->request, body, pack.size),
        STATUS_OK);
    assert_int_equal(step(OP_PROGRAMME_PUBLISH, &id, 1), STATUS_OK);
    house_carry();
    state_is(id, "draft");
    assert_int_equal(show_of(id)->fault, STATUS_SHOWTIME_EXISTS);
    house_close();
}

static void
a_draft_that_begins_too_soon_is_not_published(void **state)
{
    (void)state;
    house_open();
    uint64_t ids[] = { one(1, AT(12)), one(1, AT(9)) };
    house->programme->now_ms = AT(9);
    assert_int_equal(step(OP_PROGRAMME_PUBLISH, ids, 2), STATUS_BAD_TIMES);
    assert_true(world_uint(house->programme, "index") == 1);
    state_is(ids[0], "draft");
    assert_int_equal(step(OP_PROGRAMME_PUBLISH, (uint64_t[]){ ids[0], ids[0] }, 2),
                     STATUS_BAD_FIELD);
    house_close();
}

/* As world_paid(), for a showtime of this house. */
static void
buy(uint64_t id, uint64_t user, const char *seats, bool pay)
{
    char order[ORDER_ID_ROOM], code[IDS_CODE_SIZE + 1];
    world_t *w = house->box;
    assert_int_equal(BOX(id, SEATS_LOCK, N(USER, user), T(SEATS, seats)), STATUS_OK);
    uint64_t lock = world_uint(w, "lock");
    assert_int_equal(BOX(id, ORDER_CREATE, N(USER, user), N(LOCK, lock), T(PROVIDER, "sandbox")),
                     STATUS_OK);
    world_text(w, "order", order, sizeof order);
    world_text(w, "code", code, sizeof code);
    uint64_t amount = world_uint(w, "amount");
    if (pay)
        assert_int_equal(BOX(id, PAYMENT_SETTLE, T(ORDER, order), T(PROVIDER, "sandbox"),
                             T(OUTCOME, "succeeded"), N(AMOUNT, amount), T(TXN, order),
                             T(CODE, code)),
                         STATUS_OK);
}

static void
what_is_closed_sells_no_more_and_keeps_its_tickets(void **state)
{
    (void)state;
    house_open();
    uint64_t id = one(1, AT(12));
    assert_int_equal(step(OP_PROGRAMME_CLOSE, &id, 1), STATUS_SHOW_STATE);
    assert_int_equal(step(OP_PROGRAMME_PUBLISH, &id, 1), STATUS_OK);
    house_carry();
    buy(id, 1, "1,2", true);
    assert_int_equal(step(OP_PROGRAMME_CLOSE, &id, 1), STATUS_OK);
    state_is(id, "closing");
    house_carry();
    state_is(id, "closed");
    assert_int_equal(BOX(id, SEATS_LOCK, N(USER, 2), T(SEATS, "11,12")), STATUS_SALE_CLOSED);
    const world_arg_t none[] = { { FIELDS, 0, NULL } };
    assert_int_equal(box_call(OP_SHOWTIME_GET, id, none), STATUS_OK);
    assert_true(world_inner(house->box, "books", "live") == 10000);
    assert_int_equal(step(OP_PROGRAMME_CANCEL, &id, 1), STATUS_OK);
    house_carry();
    state_is(id, "cancelled");
    house_close();
}

static void
what_has_tickets_is_not_forgotten(void **state)
{
    (void)state;
    house_open();
    uint64_t ids[] = { one(1, AT(12)), one(2, AT(12)), one(1, AT(18)), one(2, AT(18)) };
    assert_int_equal(step(OP_PROGRAMME_PUBLISH, ids, 3), STATUS_OK);
    house_carry();
    buy(ids[0], 1, "1,2", true);
    assert_int_equal(BOX(ids[1], SEATS_LOCK, N(USER, 1), T(SEATS, "1,2")), STATUS_OK);
    assert_int_equal(step(OP_PROGRAMME_DELETE, ids, 4), STATUS_OK);
    assert_null(show_of(ids[3])); /* a draft goes at once */
    state_is(ids[0], "cancelling");
    house_carry();
    for (int i = 0; i < 2; i++) {
        state_is(ids[i], "published");
        assert_int_equal(show_of(ids[i])->fault, STATUS_HAS_TICKETS);
    }
    assert_int_equal(BOX(ids[0], SEATS_LOCK, N(USER, 2), T(SEATS, "11,12")), STATUS_OK);
    assert_null(show_of(ids[2]));
    assert_int_equal(BOX(ids[2], SEATS_LOCK, N(USER, 2), T(SEATS, "11,12")),
                     STATUS_SHOWTIME_CANCELLED);
    house_close();
}

/* More purchases than one walk takes: paid, to be paid, held, and used. */
static void
what_is_cancelled_is_paid_back(void **state)
{
    (void)state;
    house_open();
    world_t *box = house->box;
    uint64_t id = one(1, AT(12));
    assert_int_equal(step(OP_PROGRAMME_PUBLISH, &id, 1), STATUS_OK);
    house_carry();
    for (uint64_t user = 1; user <= 70; user++) { /* numbers that are given out and end */
        assert_int_equal(BOX(id, SEATS_LOCK, N(USER, user), T(SEATS, "1,2")), STATUS_OK);
        assert_int_equal(BOX(id, SEATS_RELEASE, N(USER, user), N(LOCK, user)), STATUS_OK);
    }
    buy(id, 101, "1,2", true);
    buy(id, 102, "3,4", false);
    buy(id, 103, "11,12,13", true);
    assert_int_equal(BOX(id, SEATS_LOCK, N(USER, 104), T(SEATS, "21,22")), STATUS_OK);
    assert_int_equal(step(OP_PROGRAMME_CANCEL, &id, 1), STATUS_OK);
    house_carry();
    state_is(id, "cancelled");
    assert_int_equal(BOX(id, SEATS_LOCK, N(USER, 2), T(SEATS, "25,26")), STATUS_SHOWTIME_CANCELLED);
    for (int walk = 0; walk < 3; walk++)
        world_at(box, box->now_ms + 1);
    assert_null(box_check(box->state, id));
    const world_arg_t none[] = { { FIELDS, 0, NULL } };
    assert_int_equal(box_call(OP_SHOWTIME_GET, id, none), STATUS_OK);
    assert_true(world_inner(box, "books", "in") == 25000);
    assert_true(world_inner(box, "books", "live") == 0);
    assert_true(world_inner(box, "books", "refunding") == 25000);
    assert_true(world_inner(box, "counts", "available") == 30);
    assert_int_equal(box->tells, 2);
    /* A hall is free again for others. */
    (void)one(1, AT(12));
    house_close();
}

/* ------------------------------------------------------------------ prices */

typedef struct {
    const char *zone;
    uint64_t from, until, weekdays;
    const char *format, *audience;
    uint64_t price;
} rule_t;

static status_t
set_card(const rule_t *rules, uint32_t count)
{
    uint8_t body[4096];
    pack_t pack;
    pack_init(&pack, body, sizeof body);
    pack_map(&pack, 1);
    pack_str(&pack, "card");
    pack_array(&pack, count);
    for (uint32_t i = 0; i < count; i++) {
        pack_array(&pack, 7);
        pack_str(&pack, rules[i].zone);
        pack_uint(&pack, rules[i].from);
        pack_uint(&pack, rules[i].until);
        pack_uint(&pack, rules[i].weekdays);
        pack_str(&pack, rules[i].format);
        pack_str(&pack, rules[i].audience);
        pack_uint(&pack, rules[i].price);
    }
    world_t *w = house->programme;
    return world_raw(w, OP_PRICE_SET, CINEMA, ++w->request, body, pack.size);
}

/* What the one zone of a showtime costs an audience. */
static uint64_t
fare_of(uint64_t id, audience_t audience)
{
    mp_t fares;
    uint32_t count, size;
    uint64_t price = 0;
    const char *letter;
    const world_arg_t none[] = { { FIELDS, 0, NULL } };
    assert_int_equal(box_call(OP_SHOWTIME_GET, id, none), STATUS_OK);
    assert_true(world_get(house->box, "fares", &fares) && mp_read_array(&fares, &count));
    assert_true(mp_read_array(&fares, &count) && count == 1 + AUDIENCES);
    assert_true(mp_read_str(&fares, &letter, &size) && size == 1 && *letter == 'a');
    for (audience_t at = 0; at <= audience; at++)
        assert_true(mp_read_uint(&fares, &price));
    return price;
}

/* 2025-12-08 is a Monday, and 20430 days after 1970; starts are an hour later there. */
static void
the_first_rule_that_fits_says_the_price(void **state)
{
    (void)state;
    house_open();
    static const rule_t card[] = {
        { "a", 0, 1440, 0x60, "", "child", 3000 }, /* at weekends */
        { "", 0, 13 * 60, 0, "", "", 3500 },       /* before 13:00 */
        { "b", 0, 1440, 0, "", "", 1 },            /* of another zone */
        { "", 0, 1440, 0x01, "3D", "", 7000 },     /* on Mondays */
        { "", 0, 1440, 0, "", "child", 4000 },
        { "", 0, 1440, 0, "", "senior", 4100 },
    };
    assert_int_equal(set_card(card, 6), STATUS_OK);
    const item_t items[] = { { 0, 1, 1, AT(11) + 59 * MINUTE_MS, 0, NULL },
                             { 0, 1, 1, AT(15), 0, NULL },
                             { 0, 2, 1, AT(15), 0, "3D" },
                             { 0, 1, 1, AT(15 + 5 * 24), 0, NULL } };
    assert_int_equal(save(items, 4), STATUS_OK);
    uint64_t first = world_uint(house->programme, "first");
    const uint64_t ids[] = { first, first + 1, first + 2, first + 3 };
    assert_int_equal(step(OP_PROGRAMME_PUBLISH, ids, 4), STATUS_OK);
    house_carry();
    static const uint64_t right[4][AUDIENCES] = { { 3500, 3500, 3500, 3500 },
                                                  { 5000, 4000, 5000, 4100 },
                                                  { 7000, 7000, 7000, 7000 },
                                                  { 5000, 3000, 5000, 4100 } };
    for (uint32_t i = 0; i < 4; i++)
        for (audience_t audience = 0; audience < AUDIENCES; audience++)
            assert_int_equal(fare_of(ids[i], audience), right[i][audience]);
    /* Another card is for what is published later. */
    assert_int_equal(set_card(card, 1), STATUS_OK);
    assert_int_equal(fare_of(ids[0], AUDIENCE_ADULT), 3500);
    assert_int_equal(TRY(PRICE_GET, N(MOVIE, 1)), STATUS_UNKNOWN_FIELD);
    house_close();
}

static void
wrong_cards_are_refused_by_rule(void **state)
{
    (void)state;
    house_open();
    static const rule_t wrong[] = {
        { "ab", 0, 1440, 0, "", "", 1 },     { "A", 0, 1440, 0, "", "", 1 },
        { "", 600, 600, 0, "", "", 1 },      { "", 0, 1441, 0, "", "", 1 },
        { "", 0, 1440, 128, "", "", 1 },     { "", 0, 1440, 0, "sixteen bytes or", "", 1 },
        { "", 0, 1440, 0, "", "dog", 1 },    { "", 0, 1440, 0, "", "", MONEY_MAX_FEN + 1 },
        { "", 0, 1440, 0, "", "adults", 1 },
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        const rule_t card[] = { { "", 0, 1440, 0, "", "", 5 }, wrong[i] };
        assert_int_equal(set_card(card, 2), STATUS_BAD_FIELD);
        assert_int_equal(world_uint(house->programme, "index"), 1);
    }
    const world_arg_t none[] = { { FIELDS, 0, NULL } };
    assert_int_equal(world_call(house->programme, OP_PRICE_GET, CINEMA, none), STATUS_OK);
    mp_t card;
    uint32_t count = 0;
    assert_true(world_get(house->programme, "card", &card) && mp_read_array(&card, &count));
    assert_int_equal(count, 0);
    house_close();
}

static status_t
order_for(uint64_t id, uint64_t user, uint64_t lock, const char *audiences, size_t size)
{
    uint8_t body[256];
    pack_t pack;
    world_t *w = house->box;
    pack_init(&pack, body, sizeof body);
    pack_map(&pack, 3);
    pack_key_uint(&pack, "user", user);
    pack_key_uint(&pack, "lock", lock);
    pack_str(&pack, "audiences");
    pack_raw(&pack, audiences, size);
    return world_raw(w, OP_ORDER_CREATE, id, ++w->request, body, pack.size);
}

static void
an_order_costs_what_its_people_pay(void **state)
{
    (void)state;
    house_open();
    static const rule_t card[] = { { "", 0, 1440, 0, "", "child", 2000 } };
    assert_int_equal(set_card(card, 1), STATUS_OK);
    uint64_t id = one(1, AT(12));
    assert_int_equal(step(OP_PROGRAMME_PUBLISH, &id, 1), STATUS_OK);
    house_carry();
    assert_int_equal(BOX(id, SEATS_LOCK, N(USER, 1), T(SEATS, "1,2,3")), STATUS_OK);
    uint64_t lock = world_uint(house->box, "lock");
#define ORDER(text) order_for(id, 1, lock, text, sizeof text - 1)
    assert_int_equal(ORDER("\x91\x92\x04\xa5"
                           "child"),
                     STATUS_BAD_FIELD); /* not of the lock */
    assert_int_equal(ORDER("\x91\x92\x02\xa3"
                           "dog"),
                     STATUS_BAD_FIELD);
    assert_int_equal(ORDER("\x92\x92\x02\xa5"
                           "child\x92\x02\xa5"
                           "adult"),
                     STATUS_BAD_FIELD);
    assert_int_equal(ORDER("\x91\x91\x02"), STATUS_BAD_FIELD);
    assert_int_equal(ORDER("\x92\x92\x03\xa5"
                           "child\x92\x01\xa7"
                           "student"),
                     STATUS_OK);
    assert_int_equal(world_uint(house->box, "amount"), 12000);
    house_close();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(drafts_are_saved_changed_listed_and_forgotten),
        cmocka_unit_test(a_day_takes_so_many_and_finds_them_all),
        cmocka_unit_test(conflicts_are_told_and_only_some_are_refused),
        cmocka_unit_test(wrong_showtimes_are_refused_by_item),
        cmocka_unit_test(opening_hours_follow_the_clock_on_the_wall),
        cmocka_unit_test(only_what_is_published_can_be_bought),
        cmocka_unit_test(a_number_that_is_taken_leaves_a_draft),
        cmocka_unit_test(a_draft_that_begins_too_soon_is_not_published),
        cmocka_unit_test(what_is_closed_sells_no_more_and_keeps_its_tickets),
        cmocka_unit_test(what_has_tickets_is_not_forgotten),
        cmocka_unit_test(what_is_cancelled_is_paid_back),
        cmocka_unit_test(the_first_rule_that_fits_says_the_price),
        cmocka_unit_test(wrong_cards_are_refused_by_rule),
        cmocka_unit_test(an_order_costs_what_its_people_pay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
