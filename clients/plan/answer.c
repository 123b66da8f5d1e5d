/* answer - what marquee-plan writes; see problem.h for the contract. */
#include "clients/plan/problem.h"
#include <stdio.h>

static json_t *
answer_date(int32_t day)
{
    char text[48];
    int32_t year, month, day_of_month;
    zone_date_of(day, &year, &month, &day_of_month);
    snprintf(text, sizeof text, "%04d-%02d-%02d", year, month, day_of_month);
    return json_string(text);
}

json_t *
problem_write(const cinema_t *cinema)
{
    json_t *hours = json_array(), *films = json_array(), *halls = json_array();
    for (int i = 0; i < 7; i++)
        json_array_append_new(hours, json_pack("[i,i]", (int)cinema->hours.from_minute[i],
                                               (int)cinema->hours.until_minute[i]));
    for (uint32_t i = 0; i < cinema->film_count; i++) {
        const plan_film_t *film = &cinema->films[0][i];
        json_t *scores = json_array();
        for (uint32_t day = 0; day < cinema->day_count; day++)
            json_array_append_new(scores, json_integer(cinema->films[day][i].score_hundredths));
        json_array_append_new(
            films,
            json_pack("{s:s, s:I, s:o, s:o, s:b, s:I, s:I, s:o}", "name", cinema->film_names[i],
                      "duration_min", (json_int_t)film->film.duration_min, "release",
                      answer_date(film->film.release_day), "last", answer_date(film->film.last_day),
                      "withdrawn", film->film.withdrawn, "formats", (json_int_t)film->formats,
                      "equipment", (json_int_t)film->equipment, "scores", scores));
    }
    for (uint32_t i = 0; i < cinema->hall_count; i++)
        json_array_append_new(halls,
                              json_pack("{s:s, s:I, s:I, s:I}", "name", cinema->hall_names[i],
                                        "seats", (json_int_t)cinema->halls[i].seats, "formats",
                                        (json_int_t)cinema->halls[i].formats, "cleaning_min",
                                        (json_int_t)cinema->halls[i].cleaning_min));
    return json_pack("{s:s, s:o, s:I, s:o, s:o, s:o}", "zone", cinema->zone_name, "first_day",
                     answer_date(cinema->first_day), "days", (json_int_t)cinema->day_count, "hours",
                     hours, "films", films, "halls", halls);
}

/* Visitors with two digits. */
static json_t *
answer_visitors(int64_t micro)
{
    return json_real((double)(micro / 10000) / 100);
}

static json_t *
answer_sums(int64_t expect_micro, int64_t greedy_micro, int64_t bound_micro)
{
    json_t *sums = json_pack("{s:o, s:o}", "expected", answer_visitors(expect_micro), "greedy",
                             answer_visitors(greedy_micro));
    if (bound_micro == INT64_MAX) {
        json_object_set_new(sums, "bound", json_null());
        return sums;
    }
    double distance =
        bound_micro > 0 ? (double)(bound_micro - expect_micro) * 100 / (double)bound_micro : 0;
    json_object_set_new(sums, "bound", answer_visitors(bound_micro));
    json_object_set_new(sums, "distance_percent", json_real((int)(distance * 1000) / 1000.0));
    return sums;
}

static json_t *
answer_showing(const cinema_t *cinema, const plan_day_t *day, const plan_showing_t *showing)
{
    char clock[32];
    conflict_showtime_t showtime = plan_showtime(day, showing);
    zone_local_t local = zone_local(&cinema->zone, showtime.start_ms);
    snprintf(clock, sizeof clock, "%02d:%02d", local.minute / 60, local.minute % 60);
    int64_t milli = plan_audience_milli(day, showing->film, showing->hall, showing->slot);
    return json_pack("{s:i, s:i, s:s, s:s, s:s, s:I, s:I, s:I, s:f, s:s}", "hall_number",
                     (int)showing->hall, "film_number", (int)showing->film, "hall",
                     cinema->hall_names[showing->hall], "film", cinema->film_names[showing->film],
                     "start", clock, "start_ms", (json_int_t)showtime.start_ms, "end_ms",
                     (json_int_t)showtime.end_ms, "score_hundredths",
                     (json_int_t)day->problem.films[showing->film].score_hundredths, "audience",
                     (double)milli / 1000, "reason", plan_reason_text(showing->reason));
}

static json_t *
answer_day(const cinema_t *cinema, uint32_t at, const solve_result_t *result)
{
    static plan_day_t day;
    plan_problem_t problem = cinema_day(cinema, at);
    if (!plan_day_init(&day, &problem))
        return NULL;
    json_t *showings = json_array(), *left = json_array();
    json_t *answer = answer_sums(result->expect_micro, result->greedy_micro, result->bound_micro);
    for (uint32_t i = 0; i < result->plan.count; i++)
        json_array_append_new(showings, answer_showing(cinema, &day, &result->plan.showings[i]));
    for (uint32_t film = 0; film < cinema->film_count; film++) {
        plan_left_t why = plan_left_out(&day, &result->plan, film);
        if (why != PLAN_LEFT_NOT)
            json_array_append_new(left,
                                  json_pack("{s:i, s:s, s:s}", "film_number", (int)film, "film",
                                            cinema->film_names[film], "why", plan_left_text(why)));
    }
    json_object_set_new(answer, "day", answer_date(problem.day));
    json_object_set_new(answer, "solved", json_boolean(result->solved));
    json_object_set_new(answer, "showings", showings);
    json_object_set_new(answer, "left_out", left);
    return answer;
}

json_t *
problem_answer(const cinema_t *cinema, const solve_result_t *results)
{
    int64_t expect = 0, greedy = 0, bound = 0;
    json_t *days = json_array();
    for (uint32_t i = 0; i < cinema->day_count; i++) {
        expect += results[i].expect_micro;
        greedy += results[i].greedy_micro;
        if (bound != INT64_MAX)
            bound =
                results[i].bound_micro == INT64_MAX ? INT64_MAX : bound + results[i].bound_micro;
        json_array_append_new(days, answer_day(cinema, i, &results[i]));
    }
    json_t *answer = answer_sums(expect, greedy, bound);
    json_object_set_new(answer, "days", days);
    return answer;
}
