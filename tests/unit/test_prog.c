/* prog - cinemas, films and halls: what is set is got, versions have no gaps, and what is wrong is
 * refused by field and changes nothing. */
#include "actors/prog.h"
#include "tests/unit/box_world.h"

enum { CINEMA = 77 };

static status_t
set_cinema(world_t *w, uint64_t id, const char *zone, uint64_t hours[7][2])
{
    uint8_t body[512];
    pack_t pack;
    pack_init(&pack, body, sizeof body);
    pack_map(&pack, 4);
    pack_key_str(&pack, "name", "Lux");
    pack_key_str(&pack, "time_zone", zone);
    pack_key_uint(&pack, "cleaning", 20);
    pack_str(&pack, "opening");
    pack_array(&pack, 7);
    for (int day = 0; day < 7; day++) {
        pack_array(&pack, 2);
        pack_uint(&pack, hours[day][0]);
        pack_uint(&pack, hours[day][1]);
    }
    return world_raw(w, OP_CINEMA_SET, id, ++w->request, body, pack.size);
}

static uint64_t usual[7][2] = { { 600, 1440 }, { 600, 1440 }, { 600, 1440 }, { 0, 0 },
                                { 600, 1560 }, { 540, 1560 }, { 540, 1439 } };

static world_t *
cinema_world(void)
{
    world_t *w = world_new();
    w->unchecked = true; /* there is no showtime */
    assert_int_equal(set_cinema(w, CINEMA, "Europe/Berlin", usual), STATUS_OK);
    assert_true(world_uint(w, "version") == 1);
    return w;
}

static status_t
set_hall(world_t *w, uint64_t number, const char *kinds, const char *zones)
{
    uint8_t body[512];
    pack_t pack;
    pack_init(&pack, body, sizeof body);
    pack_map(&pack, 5);
    pack_key_uint(&pack, "hall_number", number);
    pack_key_str(&pack, "hall", "Hall 3");
    pack_key_str(&pack, "equipment", "3D glasses,Dolby");
    pack_str(&pack, "zones");
    pack_array(&pack, 1);
    pack_array(&pack, 3);
    pack_str(&pack, "a");
    pack_str(&pack, "seats");
    pack_uint(&pack, 5000);
    pack_str(&pack, "rows");
    pack_array(&pack, 1);
    pack_array(&pack, 3);
    pack_str(&pack, "A");
    pack_str(&pack, kinds);
    pack_str(&pack, zones);
    return world_raw(w, OP_HALL_SET, CINEMA, ++w->request, body, pack.size);
}

#define TRY(w, op, ...)                                                                            \
    world_call(w, OP_##op, CINEMA, (world_arg_t[]){ __VA_ARGS__, { FIELDS, 0, NULL } })

static uint32_t
list_count(const world_t *w, const char *key)
{
    mp_t at;
    uint32_t count;
    assert_true(world_get(w, key, &at));
    assert_true(mp_read_array(&at, &count));
    return count;
}

static void
a_cinema_is_kept_as_it_was_set(void **state)
{
    (void)state;
    world_t *w = cinema_world();
    const world_arg_t none[] = { { FIELDS, 0, NULL } };
    assert_int_equal(world_call(w, OP_CINEMA_GET, CINEMA, none), STATUS_OK);
    world_text_is(w, "name", "Lux");
    world_text_is(w, "time_zone", "Europe/Berlin");
    assert_int_equal(list_count(w, "opening"), 7);
    assert_int_equal(set_cinema(w, CINEMA, "Asia/Shanghai", usual), STATUS_OK);
    assert_true(world_uint(w, "version") == 2);
    assert_int_equal(set_cinema(w, CINEMA + 1, "Asia/Shanghai", usual), STATUS_OK);
    assert_int_equal(world_call(w, OP_CINEMA_LIST, 0, none), STATUS_OK);
    assert_true(world_uint(w, "total") == 2);
    assert_int_equal(list_count(w, "cinemas"), 2);
    assert_int_equal(TRY(w, CINEMA_LIST, N(FROM, 1)), STATUS_OK);
    assert_int_equal(list_count(w, "cinemas"), 1);
    assert_null(prog_check(w->state, CINEMA));
    world_destroy(w);
}

static void
wrong_cinemas_are_refused_by_field(void **state)
{
    (void)state;
    static const uint64_t wrong[][2] = {
        { 700, 600 }, { 600, 2161 }, { 1440, 1500 }, { 600, 600 }
    };
    world_t *w = cinema_world();
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        uint64_t hours[7][2];
        memcpy(hours, usual, sizeof hours);
        memcpy(hours[i], wrong[i], sizeof wrong[i]);
        assert_int_equal(set_cinema(w, CINEMA, "Europe/Berlin", hours), STATUS_BAD_FIELD);
        world_text_is(w, "field", "opening");
    }
    assert_int_equal(set_cinema(w, CINEMA, "../passwd", usual), STATUS_BAD_FIELD);
    world_text_is(w, "field", "time_zone");
    assert_int_equal(set_cinema(w, 0, "Europe/Berlin", usual), STATUS_UNKNOWN_CINEMA);
    const world_arg_t none[] = { { FIELDS, 0, NULL } };
    assert_int_equal(world_call(w, OP_CINEMA_GET, CINEMA + 5, none), STATUS_UNKNOWN_CINEMA);
    assert_int_equal(world_call(w, OP_CINEMA_GET, CINEMA, none), STATUS_OK);
    assert_true(world_uint(w, "version") == 1);
    world_destroy(w);
}

static void
films_are_set_listed_and_withdrawn(void **state)
{
    (void)state;
    world_t *w = cinema_world();
    assert_int_equal(TRY(w, MOVIE_SET, N(MOVIE, 5), T(TITLE, "Dune"), N(MINUTES, 155),
                         T(DIRECTOR, "Villeneuve"), N(IMDB, 80), N(RELEASED, 20000),
                         N(ENDED, 20040)),
                     STATUS_OK);
    assert_true(world_uint(w, "version") == 2);
    assert_int_equal(TRY(w, MOVIE_SET, N(MOVIE, 5), T(TITLE, "Dune"), N(MINUTES, 156)), STATUS_OK);
    assert_int_equal(TRY(w, MOVIE_GET, N(MOVIE, 5)), STATUS_OK);
    assert_true(world_uint(w, "minutes") == 156);
    assert_true(world_uint(w, "imdb") == 0); /* a set says all */
    world_text_is(w, "director", "");
    assert_int_equal(TRY(w, MOVIE_WITHDRAW, N(MOVIE, 5)), STATUS_OK);
    assert_true(world_uint(w, "version") == 4);
    assert_int_equal(TRY(w, MOVIE_GET, N(MOVIE, 5)), STATUS_OK);
    world_text_is(w, "status", "withdrawn");
    for (uint64_t movie = 100; movie < 350; movie++)
        assert_int_equal(TRY(w, MOVIE_SET, N(MOVIE, movie), T(TITLE, "x"), N(MINUTES, 90)),
                         STATUS_OK);
    assert_int_equal(TRY(w, MOVIE_LIST, N(FROM, 245), N(LIMIT, 500)), STATUS_OK);
    assert_true(world_uint(w, "total") == 251);
    assert_int_equal(list_count(w, "movies"), 6);
    assert_null(prog_check(w->state, CINEMA));
    world_destroy(w);
}

static void
wrong_films_are_refused(void **state)
{
    (void)state;
    world_t *w = cinema_world();
    assert_int_equal(TRY(w, MOVIE_SET, N(MOVIE, 5), T(TITLE, "x"), N(MINUTES, 90), N(RELEASED, 200),
                         N(ENDED, 199)),
                     STATUS_BAD_TIMES);
    assert_int_equal(TRY(w, MOVIE_GET, N(MOVIE, 5)), STATUS_UNKNOWN_MOVIE);
    assert_int_equal(TRY(w, MOVIE_WITHDRAW, N(MOVIE, 5)), STATUS_UNKNOWN_MOVIE);
    const world_arg_t film[] = { N(MOVIE, 5), T(TITLE, "x"), N(MINUTES, 90), { FIELDS, 0, NULL } };
    assert_int_equal(world_call(w, OP_MOVIE_SET, CINEMA + 1, film), STATUS_UNKNOWN_CINEMA);
    for (uint64_t movie = 1; movie <= PROG_MOVIES_MAX; movie++)
        assert_int_equal(TRY(w, MOVIE_SET, N(MOVIE, movie), T(TITLE, "x"), N(MINUTES, 90)),
                         STATUS_OK);
    assert_int_equal(TRY(w, MOVIE_SET, N(MOVIE, 999999), T(TITLE, "x"), N(MINUTES, 90)),
                     STATUS_CATALOGUE_FULL);
    world_destroy(w);
}

static void
every_other_plan_is_a_version_that_stays(void **state)
{
    (void)state;
    world_t *w = cinema_world();
    assert_int_equal(set_hall(w, 3, "ssss", "aaaa"), STATUS_OK);
    assert_int_equal(set_hall(w, 3, "ssss", "aaaa"), STATUS_OK);
    assert_int_equal(TRY(w, HALL_GET, N(HALL_NUMBER, 3)), STATUS_OK);
    assert_true(world_uint(w, "version") == 1);
    assert_int_equal(set_hall(w, 3, "sssss", "aaaaa"), STATUS_OK);
    assert_true(world_uint(w, "version") == 4); /* of the cinema */
    assert_int_equal(TRY(w, HALL_GET, N(HALL_NUMBER, 3)), STATUS_OK);
    assert_true(world_uint(w, "version") == 2);
    assert_true(world_uint(w, "seats") == 5);
    assert_int_equal(TRY(w, HALL_GET, N(HALL_NUMBER, 3), N(VERSION, 1)), STATUS_OK);
    mp_t rows;
    uint32_t count, size;
    const char *text;
    assert_true(world_get(w, "rows", &rows));
    assert_true(mp_read_array(&rows, &count) && count == 1 && mp_read_array(&rows, &count));
    assert_true(mp_read_str(&rows, &text, &size) && mp_read_str(&rows, &text, &size) && size == 4);
    assert_int_equal(TRY(w, HALL_GET, N(HALL_NUMBER, 3), N(VERSION, 3)), STATUS_UNKNOWN_VERSION);
    assert_int_equal(set_hall(w, 3, "s?", "aa"), STATUS_BAD_LAYOUT);
    assert_int_equal(set_hall(w, 3, "ss", "ab"), STATUS_BAD_LAYOUT);
    assert_int_equal(TRY(w, HALL_GET, N(HALL_NUMBER, 4)), STATUS_UNKNOWN_HALL);
    assert_int_equal(set_hall(w, 64, "ss", "aa"), STATUS_OK);
    const world_arg_t none[] = { { FIELDS, 0, NULL } };
    assert_int_equal(world_call(w, OP_HALL_LIST, CINEMA, none), STATUS_OK);
    assert_int_equal(list_count(w, "halls"), 2);
    assert_null(prog_check(w->state, CINEMA));
    world_destroy(w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cinema_is_kept_as_it_was_set),
        cmocka_unit_test(wrong_cinemas_are_refused_by_field),
        cmocka_unit_test(films_are_set_listed_and_withdrawn),
        cmocka_unit_test(wrong_films_are_refused),
        cmocka_unit_test(every_other_plan_is_a_version_that_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
