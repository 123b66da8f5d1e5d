/* prog - the records of the programme and what its handlers share.
 *
 * Every record of a cinema has the cinema's id as its space:
 *   C 0                       cinema_t
 *   M movie                   movie_t
 *   P page                    movie numbers in the order of their making, PROG_PAGE_IDS a page
 *   H hall                    prog_hall_t
 *   L hall << 32 | version    hall_plan_t: zones and rows as they came; never changes
 *   O 0                       zone_t: the offsets of the cinema's time zone, if they were said
 *   F hall                    PROG_FORMATS bytes: formats of a hall, if they were said
 *   K 0                       price_card_t: see prog_price.h
 *   S number                  show_t: see prog_show.h
 *   W day << 8 | page         show_page_t: numbers of what starts on that day of UTC
 * Space 0 is the partition's own:
 *   G 0                       u64: cinemas
 *   Z page                    cinema ids in the order of their making, PROG_PAGE_IDS a page
 * docs/records.md has the bytes. What holds between commands:
 * (1) A cinema's version grows by one with every change of anything of it, and each is published.
 * (2) The bits of `halls` are the halls that have a record; the pages name each movie once.
 * (3) A hall has every version of its plan from 1 to the current one.
 * (4) A showtime stands in the page of its day, once. */
#ifndef PROG_H
#define PROG_H
#include "actors/turn.h"

enum {
    PROG_CINEMA = 'C',
    PROG_MOVIE = 'M',
    PROG_MOVIE_PAGE = 'P',
    PROG_HALL = 'H',
    PROG_PLAN = 'L',
    PROG_OFFSETS = 'O',
    PROG_HALL_FORMATS = 'F',
    PROG_CARD = 'K',
    PROG_SHOW = 'S',
    PROG_SHOW_PAGE = 'W',
    PROG_COUNT = 'G',
    PROG_PAGE = 'Z',
    PROG_PAGE_IDS = 120,
    PROG_HALLS_MAX = 64,
    PROG_MOVIES_MAX = 4096,
    PROG_CINEMAS_MAX = 65536, /* of a partition */
    PROG_WEEKDAYS = 7,
    PROG_MINUTES_MAX = 36 * 60, /* a day may end on the next one's noon */
    PROG_NAME = 64,
    PROG_TEXT = 96,
    PROG_POSTER = 120,
    PROG_FORMATS = 48,
    PROG_PLAN_MAX = 40 * 1024, /* zones and rows together: a showtime.open of it fits a record */
};

typedef struct {
    uint64_t version;
    uint64_t halls;  /* bit n - 1: hall n exists */
    uint32_t movies; /* how many */
    uint16_t cleaning;
    uint16_t opening[PROG_WEEKDAYS][2]; /* Monday first: opens, closes; both 0: closed */
    uint8_t zero[2];
    uint32_t shows; /* numbers of showtimes given out */
    char name[PROG_NAME], time_zone[32];
} cinema_t;
_Static_assert(sizeof(cinema_t) == 152, "stored");

enum { MOVIE_SHOWING = 1, MOVIE_WITHDRAWN };

typedef struct {
    uint32_t released, ended; /* days since 1970; 0: not said */
    uint16_t minutes;
    uint8_t status, imdb, douban; /* ratings in tenths; 0: none */
    uint8_t zero[3];
    char title[PROG_TEXT], director[PROG_NAME], genres[PROG_TEXT], tags[PROG_TEXT];
    char formats[PROG_FORMATS], poster[PROG_POSTER];
} movie_t;
_Static_assert(sizeof(movie_t) == 536, "stored");

typedef struct {
    uint32_t version; /* of its plan */
    uint16_t cleaning;
    uint16_t seats;
    char name[48], equipment[PROG_TEXT];
} prog_hall_t;
_Static_assert(sizeof(prog_hall_t) == 152, "stored");

typedef struct {
    uint16_t zone_count, row_count;
    uint32_t zones_size; /* bytes; those of the rows follow */
    uint8_t items[];     /* msgpack, as in the fields `zones` and `rows` */
} hall_plan_t;
_Static_assert(sizeof(hall_plan_t) == 8, "stored");

static inline state_key_t
prog_key(uint64_t space, uint8_t table, uint64_t number)
{
    return (state_key_t){ .space = space, .number = number, .table = table };
}

const cinema_t *prog_cinema(turn_t *turn, uint64_t cinema);
/* NULL where there is none; a hall's plan by version. */
const movie_t *prog_movie(turn_t *turn, uint64_t cinema, uint64_t number);
const prog_hall_t *prog_hall(turn_t *turn, uint64_t cinema, uint64_t number);
const hall_plan_t *prog_plan(turn_t *turn, uint64_t cinema, uint64_t hall, uint32_t version,
                             size_t *size);
cinema_t *prog_edit_cinema(turn_t *turn, uint64_t cinema);
/* The record for changing; a new one of zeros when there is none. */
void *prog_edit_or_insert(turn_t *turn, state_key_t key, size_t size);
/* Something of a cinema has changed: its next version, published. Answers {version}. */
void prog_changed(turn_t *turn, uint64_t cinema);
/* The same without an answer; returns the version. */
uint64_t prog_published(turn_t *turn, uint64_t cinema);
/* The keys "zones" and "rows" of a plan. */
void prog_pack_plan(pack_t *reply, const hall_plan_t *plan, size_t size);
/* Append an id as number `at` of those in the pages of a table. */
void prog_page_add(turn_t *turn, uint64_t space, uint8_t table, uint64_t at, uint64_t id);
/* Number `at` of them. */
uint64_t prog_page_at(state_t *state, uint64_t space, uint8_t table, uint64_t at);
/* Assert what holds of one cinema; NULL, or a sentence about what is broken. */
const char *prog_check(state_t *state, uint64_t cinema);
#endif
