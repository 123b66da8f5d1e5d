/* cinema - see cinema.h for the contract. */
#include "clients/plan/cinema.h"
#include "actors/score.h"
#include "clients/zone_load.h"
#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { CINEMA_3D = 1, CINEMA_IMAX = 2, CINEMA_MONDAY = 20794 /* 2026-12-07 */ };

/* SplitMix64, by Steele, Lea and Flood: "Fast splittable pseudorandom number generators", 2014. */
static uint32_t
cinema_below(uint64_t *state, uint32_t bound)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)(((z ^ z >> 31) >> 32) * bound >> 32);
}

static void
cinema_make_film(cinema_t *cinema, uint32_t at, uint64_t *chance)
{
    plan_film_t film = { .film = { .duration_min = 85 + cinema_below(chance, 90),
                                   .release_day =
                                       CINEMA_MONDAY + 4 - (int32_t)cinema_below(chance, 40),
                                   .last_day = CINEMA_MONDAY + 60 } };
    score_film_t judged = { .release_day = film.film.release_day,
                            .imdb_tenths = (uint16_t)(55 + cinema_below(chance, 35)),
                            .douban_tenths = (uint16_t)(55 + cinema_below(chance, 35)),
                            .holiday_theme = cinema_below(chance, 5) == 0,
                            .high_draw = cinema_below(chance, 4) == 0,
                            .sold = cinema_below(chance, 2000),
                            .all_sold = 1000,
                            .spans = 1 };
    uint32_t special = cinema_below(chance, 10);
    film.formats = special == 0 ? CINEMA_IMAX : special <= 2 ? CINEMA_3D : 0;
    score_rules_t rules = score_defaults();
    for (uint32_t day = 0; day < cinema->day_count; day++) {
        film.score_hundredths =
            score_of(&rules, &judged, cinema->first_day + (int32_t)day, NULL, 0).hundredths;
        cinema->films[day][at] = film;
    }
    snprintf(cinema->film_names[at], sizeof cinema->film_names[at], "Film %u", at + 1);
}

void
cinema_make(cinema_t *cinema, uint64_t seed, uint32_t halls, uint32_t films, uint32_t days)
{
    static const uint16_t sizes[] = { 320, 240, 180, 140, 110, 90, 60, 40 };
    uint64_t chance = seed * 1000003 + 17;
    assert(halls <= PLAN_HALLS_MAX);
    assert(films <= PLAN_FILMS_MAX);
    assert(days <= CINEMA_DAYS_MAX);
    memset(cinema, 0, sizeof *cinema);
    cinema->zone.first_offset_s = 8 * 3600;
    snprintf(cinema->zone_name, sizeof cinema->zone_name, "Asia/Shanghai");
    cinema->rules = plan_defaults();
    cinema->first_day = CINEMA_MONDAY;
    cinema->hall_count = halls, cinema->film_count = films, cinema->day_count = days;
    for (uint32_t i = 0; i < 7; i++) {
        cinema->hours.from_minute[i] = 600;
        cinema->hours.until_minute[i] = i == 4 || i == 5 ? 1530 : 1470;
    }
    for (uint32_t i = 0; i < halls; i++) {
        plan_hall_t *hall = &cinema->halls[i];
        hall->seats = sizes[i % 8] * (80 + cinema_below(&chance, 41)) / 100;
        hall->cleaning_min = (uint16_t)(15 + 5 * cinema_below(&chance, 4));
        hall->formats = (i == 0 ? CINEMA_IMAX : 0) | (i % 3 == 0 ? CINEMA_3D : 0);
        snprintf(cinema->hall_names[i], sizeof cinema->hall_names[i], "Hall %u", i + 1);
    }
    for (uint32_t i = 0; i < films; i++)
        cinema_make_film(cinema, i, &chance);
}

plan_problem_t
cinema_day(const cinema_t *cinema, uint32_t day)
{
    assert(day < cinema->day_count);
    return (plan_problem_t){ .zone = &cinema->zone,
                             .rules = cinema->rules,
                             .hours = cinema->hours,
                             .day = cinema->first_day + (int32_t)day,
                             .film_count = cinema->film_count,
                             .hall_count = cinema->hall_count,
                             .fixed_count = cinema->fixed_count,
                             .films = cinema->films[day],
                             .halls = cinema->halls,
                             .fixed = cinema->fixed };
}
