/* prog_show - the showtimes of a cinema: their records, the days that find them, what may be saved.
 *
 * A showtime's id is cinema * SHOW_IDS + number; numbers are given out from 1 on and not used
 * again. What starts on one day of UTC stands in that day's pages in no order: a page is full
 * before there is a next one. States and steps are MACHINE_SHOW's: a step that the box office must
 * carry out is told by outbox, and done when that has acknowledged it.
 *
 * A showtime keeps the version of the hall's plan that was the current one when it was saved. */
#ifndef PROG_SHOW_H
#define PROG_SHOW_H
#include "actors/conflict.h"
#include "actors/machine.h"
#include "actors/prog.h"

enum {
    SHOW_IDS = 1000000,
    SHOW_FORMAT = 16,
    SHOW_PAGE_NUMBERS = 63,
    SHOW_PAGES_MAX = 16, /* of a day */
    SHOW_DAYS_MAX = 400, /* that one command looks at */
    SHOW_THERE_MAX = 2048,
    SHOW_ENTRIES_MAX = 8192,
};
#define SHOW_DAY_MS   INT64_C(86400000)
#define SHOW_TIME_MAX INT64_C(4102444800000) /* the year 2100: where offsets are known until */
/* Cinemas above have no showtimes: their ids would not fit. */
#define SHOW_CINEMA_MAX (INT64_MAX / SHOW_IDS - 1)

typedef struct {
    int64_t starts_ms, ends_ms;
    uint32_t movie, plan; /* the version of the hall's plan */
    uint8_t hall, state, zero[2];
    uint16_t fault; /* the status of the last step that the box office refused, 0: none */
    uint16_t zero_too;
    char format[SHOW_FORMAT];
} show_t;
_Static_assert(sizeof(show_t) == 48, "stored");

typedef struct {
    uint32_t count;
    uint32_t numbers[SHOW_PAGE_NUMBERS];
} show_page_t;
_Static_assert(sizeof(show_page_t) == 256, "stored");

static inline uint64_t
show_id(uint64_t cinema, uint32_t number)
{
    return cinema * SHOW_IDS + number;
}
/* The number of an id of this cinema, 0 for another's. */
uint32_t show_number(uint64_t cinema, uint64_t id);
const show_t *show_get(turn_t *turn, uint64_t cinema, uint32_t number);
show_t *show_edit(turn_t *turn, uint64_t cinema, uint32_t number);
static inline int64_t
show_day(int64_t ms)
{
    return ms / SHOW_DAY_MS;
}
/* Is there room for so many more on this day? Then put one there; take one away. */
bool show_day_room(turn_t *turn, uint64_t cinema, int64_t day, uint32_t more);
void show_day_add(turn_t *turn, uint64_t cinema, int64_t day, uint32_t number);
void show_day_remove(turn_t *turn, uint64_t cinema, int64_t day, uint32_t number);
/* Visit the numbers of a day; false as soon as the visitor says so. */
typedef bool show_visit_fn(void *argument, uint32_t number);
bool show_day_visit(state_t *state, uint64_t cinema, int64_t day, show_visit_fn *visit,
                    void *argument);

/* --- what may be saved (prog_check.c) ------------------------------------------------------- */

/* A showtime as programme.save says it. */
typedef struct {
    uint32_t number; /* 0: a new one */
    show_t show;
} show_wish_t;

/* All that a batch is judged by; large, so it lives on the stack of one command. */
typedef struct {
    conflict_cinema_t cinema;
    conflict_index_t index;
    uint32_t there_count, wish_count;
    uint32_t equipment[PROG_HALLS_MAX];
    conflict_hall_t halls[PROG_HALLS_MAX];
    show_wish_t wishes[SHOWTIMES_MAX];
    conflict_showtime_t batch[SHOWTIMES_MAX], there[SHOW_THERE_MAX];
    conflict_film_t films[SHOWTIMES_MAX + SHOW_THERE_MAX]; /* one a showtime: the batch's first */
    conflict_entry_t entries[SHOW_ENTRIES_MAX];
} show_desk_t;

/* Read the field `showtimes` and all that it must be judged by. STATUS_OK, or the refusal, which
 * names the item by `index`. */
status_t show_desk_open(show_desk_t *self, turn_t *turn, const command_t *command);
/* Pack "conflicts" (in at most so many bytes, what is refused first), "total" and "good": is
 * nothing of it of weight REFUSED? */
bool show_desk_judge(const show_desk_t *self, turn_t *turn, uint64_t cinema, size_t bytes);

/* --- the sale (prog_sale.c) ------------------------------------------------------------------- */

/* The box office has done, or refused, a step: for the table in outbox.c. */
void prog_show_ended(turn_t *turn, const uint64_t about[2], status_t status);
/* The same of a showtime that was to be forgotten. */
void prog_show_removed(turn_t *turn, const uint64_t about[2], status_t status);

/* What holds of the showtimes of a cinema; NULL, or a sentence. For prog_check(). */
const char *prog_shows_check(state_t *state, uint64_t cinema);
#endif
