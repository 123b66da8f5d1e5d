/* zone - a cinema's wall clock: days and minutes there, and moments everywhere. Pure.
 *
 * A zone is a table that the caller hands in: from which moment on the clock is how far ahead of
 * UTC. Where it comes from (clients/zone_load.h reads the system's files) is not known here, so a
 * plan made yesterday is made again today with the same result, whatever was installed meanwhile.
 *
 * A wall clock is not always one moment. Where it is set forward, the minutes left out mean the
 * moment just after: at 02:30 of a night without 02:00 to 03:00, it is 03:00. Where it is set
 * back, the minutes that come twice mean the first.
 *
 * Days are counted from 1970-01-01, which is 0; moments are milliseconds of UTC since then. */
#ifndef ZONE_H
#define ZONE_H
#include <stdbool.h>
#include <stdint.h>

enum {
    ZONE_CHANGES_MAX = 512,
    ZONE_OFFSET_MAX_S = 26 * 3600, /* TZif allows up to 25:59:59 */
    ZONE_DAY_MINUTES = 1440,
    ZONE_DAY_MAX = 100000, /* of either sign: the years 1696 to 2243 */
};
/* The last moment whose local time can be told; 1970 is the first one that is asked for. */
#define ZONE_TIME_MAX_MS (ZONE_DAY_MAX * INT64_C(86400000))

typedef struct {
    int32_t first_offset_s; /* before the first change */
    uint32_t count;
    int64_t at_s[ZONE_CHANGES_MAX];     /* strictly ascending */
    int32_t offset_s[ZONE_CHANGES_MAX]; /* from then on: local time less UTC */
} zone_t;

/* A moment as the clock on the wall shows it. */
typedef struct {
    int32_t day;
    int32_t minute; /* 0 to 1439 */
    int32_t ms;     /* 0 to 59,999 within the minute */
} zone_local_t;

/* May the table be used? It comes from outside, so it is judged, once. */
bool zone_valid(const zone_t *zone);
int32_t zone_offset_s(const zone_t *zone, int64_t utc_ms);
zone_local_t zone_local(const zone_t *zone, int64_t utc_ms);
/* The moment of a wall clock. `minute` may lie outside the day: 1500 is 01:00 on the next one, by
 * the clock there, however long the night between was. */
int64_t zone_utc_ms(const zone_t *zone, int32_t day, int32_t minute);
/* The same wall clock `days` later, or earlier. */
int64_t zone_same_clock(const zone_t *zone, int64_t utc_ms, int32_t days);

/* 0 is Monday. */
int32_t zone_weekday(int32_t day);
/* The day of a date (month 1 to 12, day of the month 1 to 31), in the Gregorian calendar. */
int32_t zone_day_of(int32_t year, int32_t month, int32_t day);
void zone_date_of(int32_t day, int32_t *year, int32_t *month, int32_t *day_of_month);
#endif
