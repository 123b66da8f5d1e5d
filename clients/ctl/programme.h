/* programme - what the files of `marquee programme` share: a cinema with its clock, films and
 * halls, and showtimes as programme.list says them. See ctl.h for the rest. */
#ifndef PROGRAMME_H
#define PROGRAMME_H
#include "actors/conflict.h"
#include "clients/ctl/ctl.h"

/* [showtime, state, hall_number, movie, starts_ms, ends_ms, format, plan version, title, fault] */
enum {
    SHOW_ROW_ID,
    SHOW_ROW_STATE,
    SHOW_ROW_HALL,
    SHOW_ROW_MOVIE,
    SHOW_ROW_STARTS,
    SHOW_ROW_ENDS,
    SHOW_ROW_FORMAT,
    SHOW_ROW_PLAN,
    SHOW_ROW_TITLE,
    SHOW_ROW_FAULT,
    SHOW_ROW_WORDS,
};
#define PROGRAMME_DAY_MS INT64_C(86400000)
enum {
    PROGRAMME_SHOWTIME_IDS = 1000000, /* showtime ids of a cinema: cinema * this + number */
    PROGRAMME_WEEK = 7,
    PROGRAMME_SAVE_MAX = 8192,
};

typedef struct {
    ctl_t *ctl;
    uint64_t cinema;
    json_t *house;  /* what cinema.get says */
    json_t *halls;  /* rows of hall.list */
    json_t *movies; /* what movie.get says, in the order of their making */
    zone_t zone;
} programme_t;

/* Load the cinema of --cinema, or, without it, that of the showtime that is the first argument.
 * Otherwise it has been said what is wrong. Close it in any case. */
ctl_exit_t programme_open(programme_t *self, ctl_t *ctl);
void programme_close(programme_t *self);
const json_t *programme_movie(const programme_t *self, int64_t number);
const json_t *programme_hall(const programme_t *self, int64_t number);
static inline int64_t
programme_word(const json_t *row, size_t at)
{
    return json_integer_value(json_array_get(row, at));
}
const char *programme_text(const json_t *row, size_t at);

/* A flag's day at the cinema: today, tomorrow, YYYY-MM-DD; false after having said what is wrong.
 */
bool programme_day(const programme_t *self, ctl_flag_t flag, const char *otherwise, int32_t *day);
/* "2026-12-07T19:30" at the cinema, or Unix ms; false when it is neither. */
bool programme_moment(const programme_t *self, const char *text, int64_t *ms);
enum { PROGRAMME_MOMENT_ROOM = 40 };
const char *programme_clock(const programme_t *self, char text[PROGRAMME_MOMENT_ROOM], int64_t ms);
const char *programme_date(char text[PROGRAMME_MOMENT_ROOM], int32_t day);

/* Showtimes that start in [from, until), by start; NULL state: all. The caller owns *rows. */
ctl_exit_t programme_rows(programme_t *self, int64_t from_ms, int64_t until_ms, const char *state,
                          json_t **rows);
/* Those of `days` local days. */
ctl_exit_t programme_days(programme_t *self, int32_t first, int32_t days, const char *state,
                          json_t **rows);
/* Print rows by hall and day. */
void programme_print(const programme_t *self, const json_t *rows);
/* Save items (taken), all or none (more than one command takes are all new, and a fault in between
 * may leave some); `lines` says for each where it came from, NULL: its number. What
 * speaks against it is said. *reply, if it is wanted, is the caller's. */
ctl_exit_t programme_save(programme_t *self, json_t *items, const char *file, const json_t *lines,
                          json_t **reply);
json_t *programme_item(int64_t id, int64_t hall, int64_t movie, int64_t starts_ms, int64_t ends_ms,
                       const char *format);
/* The cinema as conflict.h knows it; films and halls in the order of the lists. NULL: no memory. */
typedef struct {
    conflict_cinema_t cinema;
    conflict_film_t *films;
    conflict_hall_t *halls;
} programme_house_t;
bool programme_house(const programme_t *self, programme_house_t *house);
void programme_house_free(programme_house_t *house);

ctl_run_fn programme_import, programme_export, programme_copy, programme_auto;
#endif
