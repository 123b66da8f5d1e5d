/* plan_copy - see plan_copy.h for the contract. */
#include "actors/plan_copy.h"
#include <assert.h>

static const char *const plan_copy_texts[PLAN_COPIES] = {
#define X(name, text) text,
    PLAN_COPY_TABLE(X)
#undef X
};

const char *
plan_copy_text(plan_copy_why_t why)
{
    assert(why < PLAN_COPIES);
    return plan_copy_texts[why];
}

int32_t
plan_copy_day(const conflict_cinema_t *cinema, int64_t start_ms)
{
    zone_local_t local = zone_local(cinema->zone, start_ms);
    int32_t today = zone_weekday(local.day), before = zone_weekday(local.day - 1);
    bool night = local.minute + ZONE_DAY_MINUTES < cinema->hours.until_minute[before];
    bool shut = cinema->hours.from_minute[today] >= cinema->hours.until_minute[today] ||
                local.minute < cinema->hours.from_minute[today];
    return night && shut ? local.day - 1 : local.day;
}

static plan_copy_why_t
plan_copy_judge(const conflict_cinema_t *cinema, const conflict_showtime_t *showtime)
{
    const conflict_film_t *film = &cinema->films[showtime->film];
    int32_t day = zone_local(cinema->zone, showtime->start_ms).day;
    if (film->withdrawn)
        return PLAN_COPY_WITHDRAWN;
    if (day < film->release_day)
        return PLAN_COPY_UNRELEASED;
    if (day > film->last_day)
        return PLAN_COPY_ENDED;
    return conflict_open(cinema, showtime->start_ms, showtime->end_ms) ? PLAN_COPY_MADE
                                                                       : PLAN_COPY_CLOSED;
}

uint32_t
plan_copy(const conflict_cinema_t *cinema, const conflict_showtime_t *showtimes, uint32_t count,
          int32_t first_day, int32_t day_count, int32_t days_later, plan_copy_t *copies,
          uint32_t room)
{
    uint32_t found = 0;
    assert(days_later != 0);
    for (uint32_t i = 0; i < count; i++) {
        const conflict_showtime_t *old = &showtimes[i];
        int32_t day = plan_copy_day(cinema, old->start_ms);
        assert(old->film < cinema->film_count);
        if (day < first_day || day >= first_day + day_count || found++ >= room)
            continue;
        plan_copy_t *copy = &copies[found - 1];
        copy->from = i;
        copy->showtime = *old;
        copy->showtime.id = 0;
        copy->showtime.start_ms = zone_same_clock(cinema->zone, old->start_ms, days_later);
        copy->showtime.end_ms = copy->showtime.start_ms + (old->end_ms - old->start_ms);
        copy->why = plan_copy_judge(cinema, &copy->showtime);
    }
    return found;
}
