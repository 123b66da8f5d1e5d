/* zone - see zone.h for the contract. */
#include "actors/zone.h"
#include <assert.h>

enum { ZONE_DAY_S = 86400 };

bool
zone_valid(const zone_t *zone)
{
    if (zone->count > ZONE_CHANGES_MAX || zone->first_offset_s <= -ZONE_OFFSET_MAX_S ||
        zone->first_offset_s >= ZONE_OFFSET_MAX_S)
        return false;
    for (uint32_t i = 0; i < zone->count; i++) {
        const int64_t bound_s = (int64_t)ZONE_DAY_MAX * ZONE_DAY_S;
        if (zone->offset_s[i] <= -ZONE_OFFSET_MAX_S || zone->offset_s[i] >= ZONE_OFFSET_MAX_S ||
            zone->at_s[i] <= -bound_s || zone->at_s[i] >= bound_s ||
            (i > 0 && zone->at_s[i] <= zone->at_s[i - 1]))
            return false;
    }
    return true;
}

/* How many changes are not after the moment. */
static uint32_t
zone_changes_until(const zone_t *zone, int64_t utc_s)
{
    uint32_t low = 0, high = zone->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (zone->at_s[middle] <= utc_s)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The offset between change `at - 1` and change `at`. */
static int32_t
zone_offset_before(const zone_t *zone, uint32_t at)
{
    return at > 0 ? zone->offset_s[at - 1] : zone->first_offset_s;
}

static int64_t
zone_floor(int64_t number, int64_t by)
{
    return number / by - (number % by < 0);
}

int32_t
zone_offset_s(const zone_t *zone, int64_t utc_ms)
{
    return zone_offset_before(zone, zone_changes_until(zone, zone_floor(utc_ms, 1000)));
}

zone_local_t
zone_local(const zone_t *zone, int64_t utc_ms)
{
    int64_t local_ms = utc_ms + (int64_t)zone_offset_s(zone, utc_ms) * 1000;
    int64_t minutes = zone_floor(local_ms, 60000);
    int64_t day = zone_floor(minutes, ZONE_DAY_MINUTES);
    assert(day > -2 * ZONE_DAY_MAX && day < 2 * ZONE_DAY_MAX);
    return (zone_local_t){ .day = (int32_t)day,
                           .minute = (int32_t)(minutes - day * ZONE_DAY_MINUTES),
                           .ms = (int32_t)(local_ms - minutes * 60000) };
}

/* Candidates are the offsets in force within ZONE_OFFSET_MAX_S of the reading taken as UTC: the
 * first under which that reading is shown is the answer. If none shows it, it was left out, and
 * the change that left it out is the first one behind which the clock shows more. */
int64_t
zone_utc_ms(const zone_t *zone, int32_t day, int32_t minute)
{
    assert(day >= -ZONE_DAY_MAX && day <= ZONE_DAY_MAX);
    assert(minute >= -ZONE_DAY_MAX && minute <= ZONE_DAY_MAX);
    int64_t local_s = (int64_t)day * ZONE_DAY_S + (int64_t)minute * 60;
    uint32_t first = zone_changes_until(zone, local_s - ZONE_OFFSET_MAX_S);
    for (uint32_t at = first;; at++) {
        int64_t utc_s = local_s - zone_offset_before(zone, at);
        if (at == zone->count || utc_s < zone->at_s[at]) {
            if (at == first || utc_s >= zone->at_s[at - 1])
                return utc_s * 1000;
            /* Behind the last change the clock shows more already: that one left it out. */
            return zone->at_s[at - 1] * 1000;
        }
    }
}

int64_t
zone_same_clock(const zone_t *zone, int64_t utc_ms, int32_t days)
{
    zone_local_t local = zone_local(zone, utc_ms);
    return zone_utc_ms(zone, local.day + days, local.minute) + local.ms;
}

int32_t
zone_weekday(int32_t day)
{
    int32_t weekday = (day + 3) % 7; /* 1970-01-01 was a Thursday */
    return weekday < 0 ? weekday + 7 : weekday;
}

/* The calendar begins its year in March here, so that the leap day is the last: Howard Hinnant,
 * "chrono-Compatible Low-Level Date Algorithms". An era is 400 years, 146,097 days. */
int32_t
zone_day_of(int32_t year, int32_t month, int32_t day)
{
    assert(month >= 1 && month <= 12);
    year -= month <= 2;
    int32_t era = (int32_t)zone_floor(year, 400);
    int32_t of_era = year - era * 400;
    int32_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

void
zone_date_of(int32_t day, int32_t *year, int32_t *month, int32_t *day_of_month)
{
    int32_t shifted = day + 719468;
    int32_t era = (int32_t)zone_floor(shifted, 146097);
    int32_t of_era = shifted - era * 146097;
    int32_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int32_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int32_t from_march = (5 * of_year + 2) / 153;
    *month = from_march < 10 ? from_march + 3 : from_march - 9;
    *day_of_month = of_year - (153 * from_march + 2) / 5 + 1;
    *year = year_of_era + era * 400 + (*month <= 2);
}
