/* programme_copy - days again, by the clock on the wall; see programme.h. */
#include "actors/plan_copy.h"
#include "clients/ctl/programme.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    programme_t programme;
    programme_house_t house;
    json_t *rows;                   /* what is copied */
    conflict_showtime_t *showtimes; /* the same */
    plan_copy_t *copies;
    uint32_t count, made;
} copy_t;

/* The place of a film or hall in its list. */
static uint32_t
copy_place(const json_t *list, const char *field, int64_t number)
{
    size_t index;
    json_t *one;
    json_array_foreach(list, index, one)
    {
        if ((field ? ctl_number(one, field) : programme_word(one, 0)) == number)
            break;
    }
    return (uint32_t)index;
}

/* Cancelled ones are not copied. */
static bool
copy_read(copy_t *self)
{
    size_t rows = json_array_size(self->rows), index;
    json_t *row;
    self->showtimes = calloc(rows + 1, sizeof *self->showtimes);
    self->copies = calloc(rows + 1, sizeof *self->copies);
    if (!self->showtimes || !self->copies || !programme_house(&self->programme, &self->house))
        return false;
    json_t *kept = json_array();
    json_array_foreach(self->rows, index, row)
    {
        if (strncmp(programme_text(row, SHOW_ROW_STATE), "cancel", 6) == 0)
            continue;
        self->showtimes[self->count++] = (conflict_showtime_t){
            .id = (uint64_t)programme_word(row, SHOW_ROW_ID),
            .film =
                copy_place(self->programme.movies, "movie", programme_word(row, SHOW_ROW_MOVIE)),
            .hall = copy_place(self->programme.halls, NULL, programme_word(row, SHOW_ROW_HALL)),
            .start_ms = programme_word(row, SHOW_ROW_STARTS),
            .end_ms = programme_word(row, SHOW_ROW_ENDS),
        };
        (void)json_array_append(kept, row);
    }
    json_decref(self->rows);
    self->rows = kept;
    return true;
}

static json_t *
copy_items(copy_t *self, uint32_t copies)
{
    json_t *items = json_array();
    for (uint32_t i = 0; i < copies; i++) {
        const plan_copy_t *copy = &self->copies[i];
        const json_t *row = json_array_get(self->rows, copy->from);
        char clock[PROGRAMME_MOMENT_ROOM];
        if (copy->why == PLAN_COPY_MADE) {
            (void)json_array_append_new(
                items, programme_item(0, programme_word(row, SHOW_ROW_HALL),
                                      programme_word(row, SHOW_ROW_MOVIE), copy->showtime.start_ms,
                                      copy->showtime.end_ms, programme_text(row, SHOW_ROW_FORMAT)));
            self->made++;
            continue;
        }
        fprintf(stderr, "%s %s is left out: %s\n",
                programme_clock(&self->programme, clock, copy->showtime.start_ms),
                programme_text(row, SHOW_ROW_TITLE), plan_copy_text(copy->why));
    }
    return items;
}

static ctl_exit_t
copy_run(copy_t *self, int32_t first, int32_t days, int32_t to)
{
    /* The night after the last day is that day's. */
    ctl_exit_t outcome = programme_days(&self->programme, first, days + 1, NULL, &self->rows);
    if (outcome != CTL_DONE)
        return outcome;
    if (!copy_read(self))
        return ctl_say(CTL_FAULT, "memory is short");
    uint32_t copies = plan_copy(&self->house.cinema, self->showtimes, self->count, first, days,
                                to - first, self->copies, self->count);
    json_t *items = copy_items(self, copies);
    if (json_array_size(items) == 0) {
        json_decref(items);
        return ctl_say(CTL_REFUSED, "there is nothing to copy");
    }
    json_t *reply = NULL;
    outcome = programme_save(&self->programme, items, NULL, NULL, &reply);
    if (outcome == CTL_DONE && !ctl_print_json(self->programme.ctl, reply))
        printf("%u showtimes drafted, %u left out\n", self->made, copies - self->made);
    json_decref(reply);
    return outcome;
}

ctl_exit_t
programme_copy(ctl_t *ctl)
{
    copy_t self = { .count = 0 };
    int32_t first, to;
    uint64_t days;
    ctl_exit_t outcome = programme_open(&self.programme, ctl);
    if (outcome == CTL_DONE && (!ctl_flag_u64(ctl, CTL_FLAG_DAYS, PROGRAMME_WEEK, &days) ||
                                !programme_day(&self.programme, CTL_FLAG_FROM, "today", &first) ||
                                !programme_day(&self.programme, CTL_FLAG_TO, "tomorrow", &to)))
        outcome = CTL_USAGE;
    if (outcome == CTL_DONE && (days == 0 || days > 35 || to == first))
        outcome = ctl_say(CTL_USAGE, "--days is 1 to 35, and --to is another day than --from");
    if (outcome == CTL_DONE)
        outcome = copy_run(&self, first, (int32_t)days, to);
    free(self.showtimes);
    free(self.copies);
    programme_house_free(&self.house);
    json_decref(self.rows);
    programme_close(&self.programme);
    return outcome;
}
