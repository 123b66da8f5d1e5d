/* cinema - made-up cinemas, drawn from a seed, to compare plans on. */
#ifndef CINEMA_H
#define CINEMA_H
#include "actors/plan.h"

enum { CINEMA_DAYS_MAX = 14 };

/* A cinema and the days to plan; the problems of the days point into it. */
typedef struct {
    zone_t zone;
    char zone_name[64];
    uint32_t day_count, film_count, hall_count, fixed_count;
    plan_rules_t rules;
    conflict_hours_t hours;
    int32_t first_day;
    plan_film_t films[CINEMA_DAYS_MAX][PLAN_FILMS_MAX];
    plan_hall_t halls[PLAN_HALLS_MAX];
    conflict_showtime_t fixed[PLAN_SHOWINGS_MAX];
    char film_names[PLAN_FILMS_MAX][128], hall_names[PLAN_HALLS_MAX][64];
} cinema_t;

/* Films of all ages and scores, halls of 40 to 320 seats, some of them with IMAX or 3D. */
void cinema_make(cinema_t *cinema, uint64_t seed, uint32_t halls, uint32_t films, uint32_t days);
plan_problem_t cinema_day(const cinema_t *cinema, uint32_t day);
#endif
