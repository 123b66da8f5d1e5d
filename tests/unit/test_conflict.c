/* test_conflict - conflicts as a table, over changes of the clock, and against a model that
 * compares everything with everything. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "actors/conflict.h"
#include "clients/zone_load.h"
#include "tests/unit/chance.h"

enum { SCHEDULES = 100000, THERE_MAX = 14, BATCH_MAX = 6, FOUND_MAX = 64, MINUTE = 60000 };

static zone_t zone;
static conflict_film_t films[4];
static conflict_hall_t halls[3];
static conflict_cinema_t cinema;
static conflict_entry_t entries[4096];

static void
open_cinema(const char *name)
{
    assert_int_equal(zone_load(&zone, name), 0);
    for (uint32_t i = 0; i < 4; i++)
        films[i] = (conflict_film_t){ 90 + 10 * i, 0, ZONE_DAY_MAX, false };
    for (uint32_t i = 0; i < 3; i++)
        halls[i] = (conflict_hall_t){ 20 * MINUTE };
    cinema = (conflict_cinema_t){ &zone, { { 0 }, { 0 } }, films, halls, 4, 3 };
    for (int i = 0; i < 7; i++)
        cinema.hours.from_minute[i] = 600, cinema.hours.until_minute[i] = 1500;
}

static int64_t
moment(int32_t year, int32_t month, int32_t day, int32_t minute)
{
    return zone_utc_ms(&zone, zone_day_of(year, month, day), minute);
}

static uint32_t
ask(const conflict_showtime_t *there, uint32_t count, const conflict_showtime_t *one,
    conflict_t *found)
{
    conflict_index_t index;
    conflict_build(&index, &cinema, there, count, one, 1, entries, 4096);
    return conflict_find(&index, 0, found, FOUND_MAX);
}

/* The one conflict of a showtime with nothing else there, or -1. */
static int
alone(uint32_t film, int64_t start_ms, int64_t end_ms)
{
    conflict_t found[FOUND_MAX];
    conflict_showtime_t one = { .film = film, .start_ms = start_ms, .end_ms = end_ms };
    uint32_t count = ask(NULL, 0, &one, found);
    assert_in_range(count, 0, 1);
    assert_true(count == 0 || found[0].other == CONFLICT_OTHER_NONE);
    return count ? (int)found[0].kind : -1;
}

static void
a_film_has_its_time(void **unused)
{
    (void)unused;
    open_cinema("Europe/Berlin");
    int64_t noon = moment(2026, 12, 7, 720);
    assert_int_equal(alone(0, noon, noon + 90 * MINUTE), -1);
    assert_int_equal(alone(0, noon, noon + 90 * MINUTE - 1), CONFLICT_TOO_SHORT);
    assert_int_equal(alone(0, noon, noon), CONFLICT_BAD_TIMES);
    assert_int_equal(alone(0, noon, noon - 1), CONFLICT_BAD_TIMES);
    assert_int_equal(alone(0, noon, noon + CONFLICT_LONGEST_MS + 1), CONFLICT_BAD_TIMES);
    assert_int_equal(alone(0, INT64_MIN, INT64_MAX), CONFLICT_BAD_TIMES);
    films[0].release_day = zone_day_of(2026, 12, 8);
    assert_int_equal(alone(0, noon, noon + 90 * MINUTE), CONFLICT_BEFORE_RELEASE);
    films[0].release_day--;
    assert_int_equal(alone(0, noon, noon + 90 * MINUTE), -1);
    films[0].last_day = zone_day_of(2026, 12, 6);
    assert_int_equal(alone(0, noon, noon + 90 * MINUTE), CONFLICT_AFTER_RUN);
    films[1].withdrawn = true;
    assert_int_equal(alone(1, noon, noon + 100 * MINUTE), CONFLICT_WITHDRAWN);
}

static void
the_house_closes_after_midnight(void **unused)
{
    (void)unused;
    open_cinema("Asia/Shanghai");
    int64_t open = moment(2026, 12, 7, 600), closed = moment(2026, 12, 8, 60);
    assert_int_equal(alone(0, open, open + 90 * MINUTE), -1);
    assert_int_equal(alone(0, open - 1, open + 90 * MINUTE), CONFLICT_CLOSED);
    assert_int_equal(alone(0, closed - 90 * MINUTE, closed), -1);
    assert_int_equal(alone(0, closed - 90 * MINUTE, closed + 1), CONFLICT_CLOSED);
    cinema.hours.until_minute[0] = 600; /* Mondays it is closed */
    assert_int_equal(alone(0, open, open + 90 * MINUTE), CONFLICT_CLOSED);
    for (int i = 0; i < 7; i++) /* never closes: windows that touch */
        cinema.hours.from_minute[i] = 0, cinema.hours.until_minute[i] = 1440;
    assert_int_equal(alone(0, closed - 120 * MINUTE, closed), -1);
    cinema.hours.until_minute[0] = 1439;
    assert_int_equal(alone(0, closed - 120 * MINUTE, closed), CONFLICT_CLOSED);
    cinema.hours.until_minute[6] = 2880; /* Sunday's window lasts until Monday's end */
    assert_int_equal(alone(0, closed - 120 * MINUTE, closed), -1);
}

/* Open from 20:00 to 04:00: a night of 7, 8 or 9 hours. */
static void
night(const char *name, int32_t year, int32_t month, int32_t day, int32_t hours)
{
    open_cinema(name);
    for (int i = 0; i < 7; i++)
        cinema.hours.from_minute[i] = 1200, cinema.hours.until_minute[i] = 1680;
    int64_t open = moment(year, month, day, 1200), close = open + hours * 60 * MINUTE;
    assert_int_equal(alone(0, open, close), -1);
    assert_int_equal(alone(0, open, close + 1), CONFLICT_CLOSED);
    assert_int_equal(alone(0, open - 1, close), CONFLICT_CLOSED);
}

static void
nights_of_changing_clocks(void **unused)
{
    (void)unused;
    night("Europe/Berlin", 2026, 3, 28, 7);
    night("Europe/Berlin", 2026, 10, 24, 9);
    night("America/New_York", 2026, 3, 7, 7);
    night("America/New_York", 2026, 10, 31, 9);
    night("America/New_York", 2026, 11, 1, 8);
    night("Asia/Shanghai", 2026, 3, 28, 8);
}

static void
what_is_on_in_the_hall(void **unused)
{
    (void)unused;
    open_cinema("Europe/Berlin");
    int64_t noon = moment(2026, 12, 7, 720);
    conflict_showtime_t there = { 7, 1, 1, 2, noon, noon + 120 * MINUTE };
    static const struct {
        uint32_t hall, equipment;
        int32_t start, end; /* minutes after noon */
        int kind;
    } cases[] = {
        { 1, 0, 119, 230, CONFLICT_OVERLAP },
        { 1, 0, 120, 230, CONFLICT_CLEANING },
        { 1, 0, 139, 230, CONFLICT_CLEANING },
        { 1, 0, 140, 230, -1 },
        { 1, 0, -110, 1, CONFLICT_OVERLAP },
        { 1, 0, -110, 0, CONFLICT_CLEANING },
        { 1, 0, -120, -19, CONFLICT_CLEANING },
        { 1, 0, -120, -20, -1 },
        { 1, 2, 10, 110, CONFLICT_OVERLAP },
        { 2, 0, 10, 110, -1 },
        { 2, 2, 10, 110, CONFLICT_EQUIPMENT },
        { 2, 3, 119, 230, CONFLICT_EQUIPMENT },
        { 2, 2, 120, 230, -1 },
        { 2, 5, 10, 110, -1 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        conflict_t found[FOUND_MAX];
        conflict_showtime_t one = { 0,
                                    0,
                                    cases[i].hall,
                                    cases[i].equipment,
                                    noon + cases[i].start * MINUTE,
                                    noon + cases[i].end * MINUTE };
        uint32_t count = ask(&there, 1, &one, found);
        assert_int_equal(count, cases[i].kind >= 0);
        if (count) {
            assert_int_equal(found[0].kind, cases[i].kind);
            assert_int_equal(found[0].other, 0);
            assert_int_equal(found[0].equipment, cases[i].kind == CONFLICT_EQUIPMENT ? 2 : 0);
        }
        one.id = 7; /* the same, moved: it is not in its own way */
        assert_int_equal(ask(&there, 1, &one, found), 0);
    }
}

static void
kinds_have_their_weight(void **unused)
{
    (void)unused;
    assert_int_equal(conflict_weight(CONFLICT_OVERLAP), CONFLICT_REFUSED);
    assert_int_equal(conflict_weight(CONFLICT_EQUIPMENT), CONFLICT_WARNING);
    assert_int_equal(conflict_weight(CONFLICT_CLEANING), CONFLICT_NOTICE);
    assert_string_equal(conflict_text(CONFLICT_WITHDRAWN), "the film is withdrawn");
}

static int
model_kind(const conflict_showtime_t *one, const conflict_showtime_t *other, uint32_t *equipment)
{
    int64_t gap_ms = one->start_ms < other->start_ms ? other->start_ms - one->end_ms
                                                     : one->start_ms - other->end_ms;
    bool meet = one->start_ms < other->end_ms && other->start_ms < one->end_ms;
    *equipment = 0;
    if (one->hall == other->hall)
        return meet                                    ? CONFLICT_OVERLAP
               : gap_ms < halls[one->hall].cleaning_ms ? CONFLICT_CLEANING
                                                       : -1;
    *equipment = one->equipment & other->equipment;
    return meet && *equipment ? CONFLICT_EQUIPMENT : -1;
}

static bool
model_replaced(const conflict_showtime_t *batch, uint32_t count, uint64_t id)
{
    for (uint32_t i = 0; i < count; i++)
        if (id && batch[i].id == id)
            return true;
    return false;
}

/* Those with others only: hours, films and releases have their tables above. */
static uint32_t
model(const conflict_showtime_t *all, uint32_t there, uint32_t batch, uint32_t at,
      conflict_t *found)
{
    const conflict_showtime_t *one = &all[there + at];
    uint32_t count = 0;
    for (uint32_t i = 0; i < there + batch; i++) {
        uint32_t equipment;
        if (i == there + at || all[i].start_ms >= all[i].end_ms ||
            (i < there && model_replaced(all + there, batch, all[i].id)))
            continue;
        int kind = model_kind(one, &all[i], &equipment);
        if (kind >= 0)
            found[count++] = (conflict_t){ (conflict_kind_t)kind, (int32_t)i, equipment };
    }
    return count;
}

static conflict_showtime_t
random_showtime(chance_t *chance, int64_t noon, uint64_t id)
{
    conflict_showtime_t one = { .id = id,
                                .film = chance_below(chance, 4),
                                .hall = chance_below(chance, 3) };
    one.equipment = chance_below(chance, 3) == 0 ? chance_below(chance, 8) << 29 : 0;
    one.start_ms = noon + (int64_t)chance_below(chance, 100) * 5 * MINUTE;
    one.end_ms = one.start_ms + (int64_t)(18 + chance_below(chance, 18)) * 5 * MINUTE;
    if (chance_below(chance, 40) == 0)
        one.end_ms = one.start_ms - MINUTE;
    return one;
}

static void
same_as_model(const conflict_index_t *index, const conflict_showtime_t *all, uint32_t at)
{
    conflict_t found[FOUND_MAX], wanted[FOUND_MAX];
    uint32_t count = conflict_find(index, at, found, FOUND_MAX), met = 0;
    assert_in_range(count, 0, FOUND_MAX);
    if (all[index->there_count + at].start_ms >= all[index->there_count + at].end_ms) {
        assert_int_equal(count, 1);
        assert_int_equal(found[0].kind, CONFLICT_BAD_TIMES);
        return;
    }
    uint32_t right = model(all, index->there_count, index->batch_count, at, wanted);
    for (uint32_t i = 0; i < count; i++) {
        if (found[i].other == CONFLICT_OTHER_NONE)
            continue;
        met++;
        uint32_t same = 0;
        for (uint32_t j = 0; j < right; j++)
            same += found[i].kind == wanted[j].kind && found[i].other == wanted[j].other &&
                    found[i].equipment == wanted[j].equipment;
        assert_int_equal(same, 1);
    }
    assert_int_equal(met, right);
}

static void
random_schedules_agree_with_the_model(void **unused)
{
    (void)unused;
    uint64_t seed = getenv("SEED") ? strtoull(getenv("SEED"), NULL, 10) : (uint64_t)time(NULL);
    print_message("SEED=%llu\n", (unsigned long long)seed);
    chance_t chance = { seed };
    open_cinema("America/New_York");
    int64_t noon = moment(2026, 10, 31, 720);
    for (uint32_t round = 0; round < SCHEDULES; round++) {
        conflict_showtime_t all[THERE_MAX + BATCH_MAX];
        conflict_index_t index;
        uint32_t there = chance_below(&chance, THERE_MAX + 1);
        uint32_t batch = 1 + chance_below(&chance, BATCH_MAX);
        for (uint32_t i = 0; i < 3; i++)
            halls[i].cleaning_ms = chance_between(&chance, 0, 6) * 5 * MINUTE;
        for (uint32_t i = 0; i < there; i++)
            all[i] = random_showtime(&chance, noon, i + 1);
        for (uint32_t i = there; i < there + batch; i++)
            all[i] = random_showtime(&chance, noon, chance_below(&chance, 4) ? 0 : i - there + 1);
        size_t room = conflict_room(all, there, all + there, batch);
        conflict_build(&index, &cinema, all, there, all + there, batch, entries, room);
        for (uint32_t at = 0; at < batch; at++)
            same_as_model(&index, all, at);
    }
}

/* Ten thousand at once, each in conflict with its neighbours: the cost is not that of all pairs. */
static void
a_large_batch_is_cheap(void **unused)
{
    (void)unused;
    enum { MANY = 10000 };
    static conflict_showtime_t many[MANY];
    static conflict_entry_t room[2 * MANY];
    conflict_index_t index;
    conflict_t found[FOUND_MAX];
    uint64_t conflicts = 0;
    open_cinema("Europe/Berlin");
    int64_t noon = moment(2026, 12, 7, 720);
    for (uint32_t i = 0; i < MANY; i++)
        many[i] = (conflict_showtime_t){ 0,
                                         0,
                                         0,
                                         0,
                                         noon + (int64_t)i * 60 * MINUTE,
                                         noon + (int64_t)i * 60 * MINUTE + 90 * MINUTE };
    clock_t start = clock();
    conflict_build(&index, &cinema, NULL, 0, many, MANY, room, 2 * MANY);
    for (uint32_t i = 0; i < MANY; i++)
        for (uint32_t k = conflict_find(&index, i, found, FOUND_MAX); k-- > 0;)
            conflicts += found[k].kind == CONFLICT_OVERLAP;
    double took = (double)(clock() - start) / CLOCKS_PER_SEC;
    assert_int_equal(conflicts, 2 * (MANY - 1));
    print_message("10,000 in one batch: %.1f ms\n", took * 1000);
    assert_true(took < 1.0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_film_has_its_time),
        cmocka_unit_test(the_house_closes_after_midnight),
        cmocka_unit_test(nights_of_changing_clocks),
        cmocka_unit_test(what_is_on_in_the_hall),
        cmocka_unit_test(kinds_have_their_weight),
        cmocka_unit_test(random_schedules_agree_with_the_model),
        cmocka_unit_test(a_large_batch_is_cheap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
