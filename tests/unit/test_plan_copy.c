/* test_plan_copy - days and weeks copied: the wall clock stays, what can't be shown is skipped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "actors/plan_copy.h"
#include "clients/zone_load.h"

enum { MINUTE = 60000, HALLS = 8, WEEKS = 5, SHOWTIMES = 2000 };

static zone_t zone;
static conflict_film_t films[4];
static conflict_hall_t halls[HALLS];
static conflict_cinema_t cinema;
static conflict_showtime_t showtimes[SHOWTIMES];
static plan_copy_t copies[SHOWTIMES];

static void
open_cinema(const char *name)
{
    assert_int_equal(zone_load(&zone, name), 0);
    for (uint32_t i = 0; i < 4; i++)
        films[i] = (conflict_film_t){ 100, 0, ZONE_DAY_MAX, false };
    for (uint32_t i = 0; i < HALLS; i++)
        halls[i] = (conflict_hall_t){ 20 * MINUTE };
    cinema = (conflict_cinema_t){ &zone, { { 0 }, { 0 } }, films, halls, 4, HALLS };
    for (int i = 0; i < 7; i++)
        cinema.hours.from_minute[i] = 600, cinema.hours.until_minute[i] = 1620;
}

/* Six showings a day in each hall, the last from 00:00 or later in the night. */
static uint32_t
fill(int32_t first_day, int32_t days)
{
    uint32_t count = 0;
    for (int32_t day = first_day; day < first_day + days; day++)
        for (uint32_t hall = 0; hall < HALLS; hall++)
            for (int32_t k = 0; k < 6; k++) {
                int64_t start_ms = zone_utc_ms(&zone, day, 630 + k * 165 + (int32_t)hall * 5);
                assert_true(count < SHOWTIMES);
                showtimes[count] =
                    (conflict_showtime_t){ count + 1, (uint32_t)k % 4, hall,
                                           0,         start_ms,        start_ms + 100 * MINUTE };
                count++;
            }
    return count;
}

static void
week_keeps_its_clock(const char *name, int32_t year, int32_t month, int32_t day_of_month,
                     int64_t shift_ms)
{
    open_cinema(name);
    for (int i = 0; i < 7; i++) /* a show of 00:50 still ends in time where 02:00 is left out */
        cinema.hours.until_minute[i] = 1680;
    int32_t monday = zone_day_of(year, month, day_of_month);
    uint32_t count = fill(monday, 7);
    assert_int_equal(zone_weekday(monday), 0);
    assert_int_equal(plan_copy(&cinema, showtimes, count, monday, 7, 7, copies, SHOWTIMES), count);
    for (uint32_t i = 0; i < count; i++) {
        zone_local_t old = zone_local(&zone, showtimes[i].start_ms);
        zone_local_t new = zone_local(&zone, copies[i].showtime.start_ms);
        assert_int_equal(copies[i].from, i);
        assert_int_equal(copies[i].showtime.id, 0);
        assert_int_equal(copies[i].why, PLAN_COPY_MADE);
        assert_int_equal(new.day, old.day + 7);
        assert_int_equal(new.minute, old.minute);
        assert_int_equal(copies[i].showtime.end_ms - copies[i].showtime.start_ms, 100 * MINUTE);
    }
    int64_t week_ms = (int64_t)7 * 1440 * MINUTE;
    assert_int_equal(copies[count - 1].showtime.start_ms - showtimes[count - 1].start_ms,
                     week_ms + shift_ms);
}

static void
weeks_over_changes_of_the_clock(void **unused)
{
    (void)unused;
    week_keeps_its_clock("Europe/Berlin", 2026, 3, 23, 0); /* the last show is after the change */
    week_keeps_its_clock("Europe/Berlin", 2026, 3, 16, -60 * MINUTE);
    week_keeps_its_clock("Europe/Berlin", 2026, 10, 12, 60 * MINUTE);
    week_keeps_its_clock("America/New_York", 2026, 2, 23, -60 * MINUTE);
    week_keeps_its_clock("America/New_York", 2026, 10, 19, 60 * MINUTE);
    week_keeps_its_clock("Asia/Shanghai", 2026, 3, 23, 0);
}

static void
nights_belong_to_the_day_before(void **unused)
{
    (void)unused;
    open_cinema("Europe/Berlin");
    int32_t day = zone_day_of(2026, 12, 7);
    assert_int_equal(plan_copy_day(&cinema, zone_utc_ms(&zone, day, 1439)), day);
    assert_int_equal(plan_copy_day(&cinema, zone_utc_ms(&zone, day, 1440)), day);
    assert_int_equal(plan_copy_day(&cinema, zone_utc_ms(&zone, day, 1619)), day);
    assert_int_equal(plan_copy_day(&cinema, zone_utc_ms(&zone, day, 1620)), day + 1);
    uint32_t count = fill(day - 1, 3); /* a day is copied with its night, and nothing else */
    assert_int_equal(plan_copy(&cinema, showtimes, count, day, 1, 1, copies, SHOWTIMES), 6 * HALLS);
    assert_int_equal(copies[0].from, 6 * HALLS);
    assert_int_equal(plan_copy(&cinema, showtimes, count, day, 1, 1, copies, 5), 6 * HALLS);
}

static void
what_is_skipped_says_why(void **unused)
{
    (void)unused;
    open_cinema("Europe/Berlin");
    int32_t monday = zone_day_of(2026, 12, 7);
    uint32_t count = fill(monday, 1), made = 0;
    films[0].withdrawn = true;
    films[1].last_day = monday + 5;
    films[2].release_day = monday + 7;
    cinema.hours.until_minute[6] = 1440; /* Sundays end at midnight */
    assert_int_equal(plan_copy(&cinema, showtimes, count, monday, 1, 6, copies, SHOWTIMES), count);
    for (uint32_t i = 0; i < count; i++) {
        static const plan_copy_why_t why[] = { PLAN_COPY_WITHDRAWN, PLAN_COPY_ENDED,
                                               PLAN_COPY_UNRELEASED };
        if (showtimes[i].film < 3)
            assert_int_equal(copies[i].why, why[showtimes[i].film]);
        made += copies[i].why == PLAN_COPY_MADE;
    }
    assert_int_equal(made, HALLS); /* film 3 is on at 18:45 */
    for (uint32_t i = 0; i < 4; i++)
        films[i] = (conflict_film_t){ 100, 0, ZONE_DAY_MAX, false };
    assert_int_equal(plan_copy(&cinema, showtimes, count, monday, 1, 6, copies, SHOWTIMES), count);
    assert_int_equal(copies[5].why, PLAN_COPY_CLOSED);
    assert_string_equal(plan_copy_text(copies[5].why), "the cinema is not open then");
}

/* Five weeks of eight halls, and the conflicts of all copies with all that is there. */
static void
five_weeks_in_time(void **unused)
{
    (void)unused;
    static conflict_showtime_t batch[SHOWTIMES];
    static conflict_entry_t entries[3 * SHOWTIMES];
    open_cinema("Europe/Berlin");
    int32_t monday = zone_day_of(2026, 2, 23);
    uint32_t count = fill(monday, 7 * WEEKS), conflicts = 0;
    clock_t start = clock();
    uint32_t copied =
        plan_copy(&cinema, showtimes, count, monday, 7 * WEEKS, 7 * WEEKS, copies, SHOWTIMES);
    for (uint32_t i = 0; i < copied; i++)
        batch[i] = copies[i].showtime;
    conflict_index_t index;
    conflict_t found[8];
    conflict_build(&index, &cinema, showtimes, count, batch, copied, entries, 3 * SHOWTIMES);
    for (uint32_t i = 0; i < copied; i++)
        conflicts += conflict_find(&index, i, found, 8);
    double ms = (double)(clock() - start) * 1000 / CLOCKS_PER_SEC;
    print_message("%u showtimes copied and checked in %.1f ms\n", copied, ms);
    assert_int_equal(copied, 7 * WEEKS * HALLS * 6);
    assert_int_equal(conflicts, 0);
    assert_true(ms < 1000);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weeks_over_changes_of_the_clock),
        cmocka_unit_test(nights_belong_to_the_day_before),
        cmocka_unit_test(what_is_skipped_says_why),
        cmocka_unit_test(five_weeks_in_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
