/* test_zone - wall clocks against those of libc, around every change from 1990 to 2100. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "actors/zone.h"
#include "clients/zone_load.h"
#include "clients/zone_rule.h"

static zone_t zone;

static void
enter(const char *name)
{
    assert_int_equal(zone_load(&zone, name), 0);
    assert_int_equal(setenv("TZ", name, 1), 0);
    tzset();
}

static void
same_as_localtime(int64_t utc_s)
{
    time_t moment = utc_s;
    struct tm tm;
    assert_non_null(localtime_r(&moment, &tm));
    zone_local_t local = zone_local(&zone, utc_s * 1000 + 7);
    int32_t day = zone_day_of(tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
    if (local.day != day || local.minute != tm.tm_hour * 60 + tm.tm_min)
        fail_msg("%s at %lld: day %d %02d:%02d, libc has %s", getenv("TZ"), (long long)utc_s,
                 local.day - day, local.minute / 60, local.minute % 60, asctime(&tm));
    assert_int_equal(local.ms, tm.tm_sec * 1000 + 7);
    assert_int_equal(zone_weekday(local.day), (tm.tm_wday + 6) % 7);
}

/* What the header promises of a wall clock: the first moment that shows it, or, when none does, the
 * change that leaves it out. libc is asked about each moment around. */
static void
first_moment_that_shows(int32_t day, int32_t minute)
{
    int64_t utc_s = zone_utc_ms(&zone, day, minute) / 1000;
    struct tm tm = { .tm_min = minute, .tm_mday = 1, .tm_isdst = -1 };
    int32_t year, month, day_of_month;
    zone_date_of(day, &year, &month, &day_of_month);
    tm.tm_year = year - 1900, tm.tm_mon = month - 1, tm.tm_mday = day_of_month;
    struct tm wanted = tm;
    time_t found = mktime(&tm);
    bool shown = tm.tm_hour * 60 + tm.tm_min == minute && tm.tm_mday == wanted.tm_mday;
    zone_local_t local = zone_local(&zone, utc_s * 1000);
    if (shown) {
        assert_int_equal(local.day, day);
        assert_int_equal(local.minute, minute);
        assert_true(utc_s <= found);
        assert_true(found == utc_s || found - utc_s <= 7200);
        for (int64_t step = 600; step <= 7200; step += 600) { /* no earlier one shows it */
            zone_local_t before = zone_local(&zone, (utc_s - step) * 1000);
            assert_false(before.day == day && before.minute == minute);
        }
    } else {
        zone_local_t before = zone_local(&zone, (utc_s - 1) * 1000);
        int64_t reading = (int64_t)day * 1440 + minute;
        assert_true((int64_t)before.day * 1440 + before.minute < reading);
        assert_true((int64_t)local.day * 1440 + local.minute > reading);
    }
}

static void
walk_zone(const char *name, uint32_t changes_least)
{
    int64_t first_s = (int64_t)zone_day_of(1990, 1, 1) * 86400;
    uint32_t changes = 0;
    enter(name);
    for (int64_t at = first_s; at < (int64_t)zone_day_of(2101, 1, 1) * 86400 - 50400;
         at += 86400 * 3)
        same_as_localtime(at + at % 86399);
    for (uint32_t i = 0; i < zone.count; i++) {
        if (zone.at_s[i] < first_s)
            continue;
        changes++;
        for (int64_t step = -9000; step <= 9000; step += 300)
            same_as_localtime(zone.at_s[i] + step);
        same_as_localtime(zone.at_s[i] - 1);
        zone_local_t before = zone_local(&zone, zone.at_s[i] * 1000 - 1);
        for (int32_t step = -180; step <= 180; step += 5) {
            int32_t minute = before.minute + 1 + step;
            int32_t day = before.day + (minute < 0 ? -1 : minute >= 1440);
            first_moment_that_shows(day, (minute + 1440) % 1440);
        }
    }
    assert_in_range(changes, changes_least, ZONE_CHANGES_MAX);
}

static void
clocks_are_those_of_libc(void **unused)
{
    (void)unused;
    walk_zone("Europe/Berlin", 222);
    walk_zone("America/New_York", 222);
    walk_zone("Asia/Shanghai", 3); /* 1990 and 1991 had a summer time */
    walk_zone("Australia/Adelaide", 222);
    walk_zone("Australia/Lord_Howe", 222); /* changes by half an hour */
    walk_zone("Asia/Kolkata", 0);
    walk_zone("America/Sao_Paulo", 50);
    walk_zone("Asia/Kathmandu", 0);
    walk_zone("Africa/Casablanca", 100); /* back in winter during Ramadan */
    walk_zone("America/Nuuk", 100);      /* changes on the evening before */
    walk_zone("Europe/Dublin", 222);     /* its winter is the saving */
    walk_zone("UTC", 0);
}

static void
a_clock_set_forward_leaves_out_an_hour(void **unused)
{
    (void)unused;
    enter("Europe/Berlin");
    int32_t day = zone_day_of(2026, 3, 29);
    int64_t three = zone_utc_ms(&zone, day, 180);
    assert_int_equal(zone_utc_ms(&zone, day, 120), three);
    assert_int_equal(zone_utc_ms(&zone, day, 150), three);
    assert_int_equal(zone_utc_ms(&zone, day, 119), three - 60000);
    /* The same by the clock of the evening before. */
    assert_int_equal(zone_utc_ms(&zone, day - 1, 1440 + 150), three);
    /* Eight in the evening stays eight, 23 hours later. */
    int64_t evening = zone_utc_ms(&zone, day - 1, 1200);
    assert_int_equal(zone_same_clock(&zone, evening, 1), evening + 23 * 3600000);
    assert_int_equal(zone_same_clock(&zone, evening, 7), evening + 167 * 3600000);
}

static void
a_clock_set_back_shows_the_first(void **unused)
{
    (void)unused;
    enter("Europe/Berlin");
    int32_t day = zone_day_of(2026, 10, 25);
    int64_t two = zone_utc_ms(&zone, day, 120);
    assert_int_equal(zone_local(&zone, two + 3600000).minute, 120);
    assert_int_equal(zone_utc_ms(&zone, day, 179), two + 59 * 60000);
    assert_int_equal(zone_utc_ms(&zone, day, 180), two + 120 * 60000);
    int64_t evening = zone_utc_ms(&zone, day - 1, 1200);
    assert_int_equal(zone_same_clock(&zone, evening, 1), evening + 25 * 3600000);
    assert_int_equal(zone_same_clock(&zone, evening + 12345, 0), evening + 12345);
}

static void
a_day_that_never_was(void **unused)
{
    (void)unused;
    enter("Pacific/Apia"); /* 2011-12-30 was left out */
    int32_t day = zone_day_of(2011, 12, 30);
    int64_t next = zone_utc_ms(&zone, day + 1, 0);
    assert_int_equal(zone_utc_ms(&zone, day, 0), next);
    assert_int_equal(zone_utc_ms(&zone, day, 1439), next);
    assert_int_equal(zone_utc_ms(&zone, day - 1, 1439), next - 60000);
}

static void
dates_and_days_agree(void **unused)
{
    (void)unused;
    int32_t year, month, day_of_month;
    assert_int_equal(zone_day_of(1970, 1, 1), 0);
    assert_int_equal(zone_day_of(2000, 3, 1), 11017);
    assert_int_equal(zone_weekday(zone_day_of(2026, 11, 25)), 2);
    assert_int_equal(zone_weekday(-1), 2);
    for (int32_t day = -ZONE_DAY_MAX; day <= ZONE_DAY_MAX; day++) {
        zone_date_of(day, &year, &month, &day_of_month);
        assert_in_range(month, 1, 12);
        assert_in_range(day_of_month, 1, 31);
        assert_int_equal(zone_day_of(year, month, day_of_month), day);
    }
}

static void
tables_that_are_not_sound(void **unused)
{
    (void)unused;
    enter("Europe/Berlin");
    assert_true(zone_valid(&zone));
    zone.at_s[3] = zone.at_s[2];
    assert_false(zone_valid(&zone));
    enter("Europe/Berlin");
    zone.offset_s[0] = ZONE_OFFSET_MAX_S;
    assert_false(zone_valid(&zone));
    zone.count = ZONE_CHANGES_MAX + 1;
    assert_false(zone_valid(&zone));
}

static void
names_that_are_none(void **unused)
{
    (void)unused;
    static const char *const bad[] = {
        "",     "/etc/passwd",    "../zoneinfo/UTC",  "Europe//Berlin",
        "UTC/", "Europe/Ber lin", "Europe/Berlin.bak"
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(zone_load(&zone, bad[i]), -EINVAL);
    assert_int_equal(zone_load(&zone, "Europe/Nowhere"), -ENOENT);
    assert_int_equal(zone_load(&zone, "zone1970"), -ENOENT);
    assert_int_equal(zone_load(&zone, "Europe"), -EISDIR);
}

static void
rules_are_read_to_the_letter(void **unused)
{
    (void)unused;
    static const char *const good[] = { "CET-1CEST,M3.5.0,M10.5.0/3", "<+0330>-3:30",
                                        "<-02>2<-01>,M3.5.0/-1,M10.5.0/0",
                                        "EST5EDT4:30,J60/0,365/167:59:59", "UTC0" };
    static const char *const bad[] = { "",
                                       "CE-1",
                                       "CET",
                                       "CET-1CEST",
                                       "CET-1CEST,M3.5.0",
                                       "CET-1CEST,M3.5.0,M10.5.0/3 ",
                                       "CET-1CEST,M13.5.0,M10.5.0",
                                       "CET-1CEST,M3.6.0,M10.5.0",
                                       "CET-1CEST,J0,J10",
                                       "CET-1CEST,M3.5.0/168,M10.5.0",
                                       "<+03-3",
                                       "CET-25",
                                       "CET-1:60",
                                       "CET-1CEST,M3.5.7,M10.5.0" };
    zone_rule_t rule;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(zone_rule_parse(&rule, good[i], strlen(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(zone_rule_parse(&rule, bad[i], strlen(bad[i])));
    zone_change_t changes[2];
    assert_true(zone_rule_parse(&rule, "EST5EDT,J60/0,59/0", 18));
    zone_rule_year(&rule, 2028, changes); /* a leap year: 1 March, and 29 February */
    assert_int_equal(changes[0].at_s, (int64_t)zone_day_of(2028, 2, 29) * 86400 + 4 * 3600);
    assert_int_equal(changes[1].at_s, (int64_t)zone_day_of(2028, 3, 1) * 86400 + 5 * 3600);
}

static void
every_part_of_a_file_counts(void **unused)
{
    (void)unused;
    static uint8_t bytes[ZONE_FILE_MAX];
    FILE *file = fopen("/usr/share/zoneinfo/Europe/Berlin", "rb");
    assert_non_null(file);
    size_t size = fread(bytes, 1, sizeof bytes, file);
    assert_int_equal(fclose(file), 0);
    assert_true(zone_parse(&zone, bytes, size));
    for (size_t cut = 0; cut < size; cut++)
        assert_false(zone_parse(&zone, bytes, cut));
    bytes[4] = 0; /* version 1 has no rule */
    assert_false(zone_parse(&zone, bytes, size));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clocks_are_those_of_libc),
        cmocka_unit_test(a_clock_set_forward_leaves_out_an_hour),
        cmocka_unit_test(a_clock_set_back_shows_the_first),
        cmocka_unit_test(a_day_that_never_was),
        cmocka_unit_test(dates_and_days_agree),
        cmocka_unit_test(tables_that_are_not_sound),
        cmocka_unit_test(names_that_are_none),
        cmocka_unit_test(rules_are_read_to_the_letter),
        cmocka_unit_test(every_part_of_a_file_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
