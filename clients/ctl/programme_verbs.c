/* programme_verbs - `marquee programme`: look, draft, publish, close, cancel, delete; see ctl.h. */
#include "clients/ctl/programme.h"
#include "clients/zone_offsets.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* --week begins on its day; --day is one; --days are that many. */
static bool
verbs_span(const programme_t *self, int32_t *first, int32_t *days)
{
    const ctl_t *ctl = self->ctl;
    uint64_t count;
    bool week = ctl->flags[CTL_FLAG_WEEK] != NULL;
    if (!ctl_flag_u64(ctl, CTL_FLAG_DAYS, week ? PROGRAMME_WEEK : 1, &count))
        return false;
    if (count == 0 || count > 366) {
        ctl_say(CTL_USAGE, "--days is 1 to 366");
        return false;
    }
    *days = (int32_t)count;
    return programme_day(self, week ? CTL_FLAG_WEEK : CTL_FLAG_DAY, "today", first);
}

static ctl_exit_t
verbs_show(ctl_t *ctl)
{
    programme_t self;
    int32_t first, days;
    json_t *rows = NULL;
    ctl_exit_t outcome = programme_open(&self, ctl);
    if (outcome == CTL_DONE && !verbs_span(&self, &first, &days))
        outcome = CTL_USAGE;
    if (outcome == CTL_DONE)
        outcome = programme_days(&self, first, days, NULL, &rows);
    if (outcome == CTL_DONE && !ctl_print_json(ctl, rows)) {
        programme_print(&self, rows);
        if (json_array_size(rows) == 0)
            ctl_hint(ctl,
                     "nothing is on; `marquee programme auto --cinema %" PRIu64
                     " --week DAY` drafts a week",
                     self.cinema);
    }
    json_decref(rows);
    programme_close(&self);
    return outcome;
}

/* HALL MOVIE START from argument `at` on. */
static ctl_exit_t
verbs_save_one(ctl_t *ctl, int at, uint64_t id)
{
    programme_t self;
    uint64_t hall, movie;
    int64_t starts_ms;
    json_t *reply = NULL;
    if (!ctl_argument_u64(ctl, at, "a hall", &hall) ||
        !ctl_argument_u64(ctl, at + 1, "a film", &movie))
        return CTL_USAGE;
    ctl_exit_t outcome = programme_open(&self, ctl);
    if (outcome == CTL_DONE && !programme_moment(&self, ctl->arguments[at + 2], &starts_ms))
        outcome = ctl_say(CTL_USAGE, "a start is YYYY-MM-DDTHH:MM at the cinema, not '%s'",
                          ctl->arguments[at + 2]);
    if (outcome == CTL_DONE)
        outcome = programme_save(
            &self,
            json_pack("[o]", programme_item((int64_t)id, (int64_t)hall, (int64_t)movie, starts_ms,
                                            0, ctl_flag_text(ctl, CTL_FLAG_FORMAT, ""))),
            NULL, NULL, &reply);
    if (outcome == CTL_DONE && !ctl_print_json(ctl, reply)) {
        int64_t saved = id ? (int64_t)id : ctl_number(reply, "first");
        printf("showtime %" PRId64 "\n", saved);
        ctl_hint(ctl, "next: marquee programme publish %" PRId64, saved);
    }
    json_decref(reply);
    programme_close(&self);
    return outcome;
}

static ctl_exit_t
verbs_add(ctl_t *ctl)
{
    if (!ctl->flags[CTL_FLAG_CINEMA])
        return ctl_say(CTL_USAGE, "--cinema says which cinema is meant");
    return verbs_save_one(ctl, 0, 0);
}

static ctl_exit_t
verbs_edit(ctl_t *ctl)
{
    uint64_t id;
    if (!ctl_argument_u64(ctl, 0, "a showtime", &id))
        return CTL_USAGE;
    return verbs_save_one(ctl, 1, id);
}

/* ------------------------------------------------------------------ steps */

/* The showtimes of the command: arguments, or all of a span in a state that allows the step. */
static ctl_exit_t
verbs_ids(programme_t *self, const char *state, json_t **ids)
{
    const ctl_t *ctl = self->ctl;
    int32_t first, days;
    json_t *rows, *row;
    size_t index;
    *ids = json_array();
    for (int i = 0; i < ctl->argument_count; i++) {
        uint64_t id;
        if (!ctl_argument_u64(ctl, i, "a showtime", &id))
            return CTL_USAGE;
        (void)json_array_append_new(*ids, json_integer((json_int_t)id));
    }
    if (ctl->argument_count)
        return CTL_DONE;
    if (!ctl->flags[CTL_FLAG_WEEK] && !ctl->flags[CTL_FLAG_DAY])
        return ctl_say(CTL_USAGE, "name showtimes, or --week or --day for all that are %s", state);
    if (!verbs_span(self, &first, &days))
        return CTL_USAGE;
    ctl_exit_t outcome = programme_days(self, first, days, state, &rows);
    json_array_foreach(rows, index, row)(void)
        json_array_append(*ids, json_array_get(row, SHOW_ROW_ID));
    json_decref(rows);
    if (outcome == CTL_DONE && json_array_size(*ids) == 0)
        outcome = ctl_say(CTL_REFUSED, "no showtime there is %s", state);
    return outcome;
}

/* As many at a time as a command takes: each of them all or none. */
static ctl_exit_t
verbs_step(ctl_t *ctl, operation_code_t code, const char *state, const char *done)
{
    programme_t self;
    json_t *ids = NULL;
    ctl_exit_t outcome = programme_open(&self, ctl);
    if (outcome == CTL_DONE)
        outcome = verbs_ids(&self, state, &ids);
    size_t count = json_array_size(ids), at = 0;
    while (outcome == CTL_DONE && at < count) {
        json_t *reply, *some = json_array();
        for (; at < count && json_array_size(some) < IDS_MAX; at++)
            (void)json_array_append(some, json_array_get(ids, at));
        json_t *fields = json_pack("{s:o}", "ids", some);
        if (code == OP_PROGRAMME_CANCEL && ctl->flags[CTL_FLAG_REASON])
            (void)json_object_set_new(fields, "reason", json_string(ctl->flags[CTL_FLAG_REASON]));
        outcome = ctl_ask(ctl, code, self.cinema, fields, &reply);
        if (outcome == CTL_DONE)
            json_decref(reply);
    }
    if (outcome == CTL_DONE && !ctl_print_json(ctl, ids))
        printf("%zu showtimes %s\n", count, done);
    json_decref(ids);
    programme_close(&self);
    return outcome;
}

static ctl_exit_t
verbs_publish(ctl_t *ctl)
{
    return verbs_step(ctl, OP_PROGRAMME_PUBLISH, "draft", "published");
}

static ctl_exit_t
verbs_close(ctl_t *ctl)
{
    return verbs_step(ctl, OP_PROGRAMME_CLOSE, "published", "closed");
}

static ctl_exit_t
verbs_cancel(ctl_t *ctl)
{
    return verbs_step(ctl, OP_PROGRAMME_CANCEL, "published", "cancelled");
}

/* Those that were on sale are forgotten when the box office agrees, a moment later: wait for that,
 * and say which have tickets. */
static ctl_exit_t
verbs_gone(ctl_t *ctl)
{
    enum { TRIES = 50, PAUSE_MS = 100 };
    programme_t self;
    json_t *rows = NULL, *row;
    size_t index, kept = 0, open = 1;
    ctl_exit_t outcome = programme_open(&self, ctl);
    int32_t today = 0;
    if (outcome == CTL_DONE && !programme_day(&self, CTL_FLAG_DAY, "today", &today))
        outcome = CTL_USAGE;
    for (int i = 0; i < TRIES && outcome == CTL_DONE && open; i++) {
        json_decref(rows);
        outcome = programme_days(&self, today - 1, 398, NULL, &rows);
        open = 0;
        json_array_foreach(rows, index, row) open +=
            strcmp(programme_text(row, SHOW_ROW_STATE), "cancelling") == 0;
        if (open)
            (void)usleep(PAUSE_MS * 1000);
    }
    json_array_foreach(rows, index, row)
    {
        for (int i = 0; i < ctl->argument_count; i++) {
            uint64_t id;
            if (!ctl_parse_u64(ctl->arguments[i], &id) ||
                (int64_t)id != programme_word(row, SHOW_ROW_ID))
                continue;
            fprintf(stderr, "%" PRIu64 " stays: %s\n", id, programme_text(row, SHOW_ROW_FAULT));
            kept++;
        }
    }
    json_decref(rows);
    programme_close(&self);
    if (outcome == CTL_DONE && kept)
        outcome = ctl_say(CTL_REFUSED, "%zu of %d were not deleted", kept, ctl->argument_count);
    return outcome;
}

static ctl_exit_t
verbs_delete(ctl_t *ctl)
{
    ctl_exit_t outcome = verbs_step(ctl, OP_PROGRAMME_DELETE, "draft", "deleted");
    return outcome == CTL_DONE && ctl->argument_count ? verbs_gone(ctl) : outcome;
}

#define VERBS_SPAN (CTL_FLAG(CINEMA) | CTL_FLAG(WEEK) | CTL_FLAG(DAY) | CTL_FLAG(DAYS))
const ctl_verb_t ctl_programme_verbs[] = {
    { "programme", "show", "", 0, 0, VERBS_SPAN, verbs_show, "showtimes by day and hall" },
    { "programme", "add", "HALL MOVIE START", 3, 3, CTL_FLAG(CINEMA) | CTL_FLAG(FORMAT), verbs_add,
      "draft a showtime" },
    { "programme", "edit", "SHOWTIME HALL MOVIE START", 4, 4, CTL_FLAG(FORMAT), verbs_edit,
      "change a draft" },
    { "programme", "publish", "[SHOWTIME...]", 0, -1, VERBS_SPAN, verbs_publish,
      "put drafts on sale" },
    { "programme", "close", "[SHOWTIME...]", 0, -1, VERBS_SPAN, verbs_close,
      "end the sale; tickets stay good" },
    { "programme", "cancel", "[SHOWTIME...]", 0, -1, VERBS_SPAN | CTL_FLAG(REASON), verbs_cancel,
      "cancel what is published: every ticket is paid back" },
    { "programme", "delete", "[SHOWTIME...]", 0, -1, VERBS_SPAN, verbs_delete, "forget drafts" },
    { "programme", "copy", "", 0, 0,
      CTL_FLAG(CINEMA) | CTL_FLAG(FROM) | CTL_FLAG(TO) | CTL_FLAG(DAYS), programme_copy,
      "draft the days from --from on again, from --to on" },
    { "programme", "import", "FILE", 1, 1, CTL_FLAG(CINEMA), programme_import,
      "draft the showtimes of a file, all or none: .csv or .json; - is stdin, JSON" },
    { "programme", "export", "", 0, 0, VERBS_SPAN | CTL_FLAG(CSV), programme_export,
      "print showtimes as JSON or CSV, as import takes them" },
    { "programme", "auto", "", 0, 0,
      VERBS_SPAN | CTL_FLAG(EXPLAIN) | CTL_FLAG(SECONDS) | CTL_FLAG(GREEDY) | CTL_FLAG(RULES),
      programme_auto, "draft a plan for the largest audience" },
    { NULL, NULL, NULL, 0, 0, 0, NULL, NULL },
};
