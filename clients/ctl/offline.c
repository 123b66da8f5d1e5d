/* offline - commands that work on a data directory instead of a server: verify, backup, restore,
 * journal dump, seat history. They only read it, and may run beside a server. */
#include "actors/member.h"
#include "actors/prog.h"
#include "actors/rebuild.h"
#include "actors/site.h"
#include "broker/shard.h"
#include "clients/ctl/ctl.h"
#include "clients/mpjson.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OFFLINE_PATH = 1024, OFFLINE_SHOWTIMES_MAX = 1 << 20 };

static void
offline_fatal(void *argument, const char *what)
{
    (void)argument;
    fprintf(stderr, "marquee: %s\n", what);
    exit(CTL_FAULT);
}

static bool
offline_path(char path[OFFLINE_PATH], const char *data, uint32_t partition, const char *part)
{
    return (size_t)snprintf(path, OFFLINE_PATH, "%s/partition-%04u/%s", data, partition, part) <
           OFFLINE_PATH;
}

static state_t *
offline_state(const site_t *site, const char *data, uint32_t partition, char *error)
{
    char path[OFFLINE_PATH];
    state_t *state = NULL;
    state_options_t options = { .directory = path,
                                .partition = partition,
                                .partitions = site_stamp(site, partition),
                                .apply_version = APPLY_VERSION,
                                .read_only = true,
                                .inline_io = true,
                                .fatal = offline_fatal };
    memcpy(options.site, site->id, sizeof options.site);
    if (!offline_path(path, data, partition, "state")) {
        snprintf(error, STATE_ERROR_MAX, "the directory's name is too long");
        return NULL;
    }
    return state_open(&state, &options, error) == 0 ? state : NULL;
}

/* The journal of a partition, for reading behind the state's checkpoint (or from 1). */
static journal_t *
offline_journal(const site_t *site, const char *data, uint32_t partition, const state_t *state,
                char *error)
{
    static const uint8_t none[JOURNAL_CHAIN_SIZE];
    char path[OFFLINE_PATH];
    journal_t *journal = NULL;
    journal_file_options_t options = { .directory = path,
                                       .partition = partition,
                                       .partitions = site_stamp(site, partition),
                                       .apply_version = APPLY_VERSION,
                                       .read_only = true,
                                       .inline_io = true,
                                       .fatal = offline_fatal };
    memcpy(options.site, site->id, sizeof options.site);
    if (!offline_path(path, data, partition, "journal")) {
        snprintf(error, JOURNAL_ERROR_MAX, "the directory's name is too long");
        return NULL;
    }
    int rc = journal_file_open(&journal, &options, state ? state_sequence(state) : 0,
                               state ? state_chain(state) : none, error);
    return rc == 0 ? journal : NULL;
}

static void
offline_close(state_t *state, journal_t *journal)
{
    if (journal)
        journal->close(&journal);
    state_close(&state);
}

/* ------------------------------------------------------------------ rebuilding, in a scratch
 * folder */

typedef struct {
    char path[64];
} scratch_t;

static bool
scratch_make(scratch_t *self)
{
    snprintf(self->path, sizeof self->path, "/tmp/marquee-rebuild-XXXXXX");
    return mkdtemp(self->path) != NULL;
}

static void
scratch_remove(const scratch_t *self)
{
    static const char *const names[] = { "data.mdb", "lock.mdb", "lock", "owner" };
    char path[OFFLINE_PATH];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", self->path, names[i]);
        if (unlink(path) != 0 && errno != ENOENT)
            fprintf(stderr, "marquee: %s: %s\n", path, strerror(errno));
    }
    if (rmdir(self->path) != 0)
        fprintf(stderr, "marquee: %s: %s\n", self->path, strerror(errno));
}

static void
offline_no_event(void *argument, uint16_t operation, uint64_t showtime, uint64_t number,
                 const void *body, uint32_t size)
{
    (void)argument, (void)operation, (void)showtime, (void)number, (void)body, (void)size;
}

static bool
offline_nobody_follows(void *argument, uint64_t showtime)
{
    (void)argument, (void)showtime;
    return false;
}

static void
offline_no_end(void *argument, const reply_t *reply)
{
    (void)argument, (void)reply;
}

/* ------------------------------------------------------------------ verify */

typedef struct {
    uint64_t records, showtimes_left;
    uint64_t *showtimes;
    size_t showtime_count;
} verify_t;

static int
verify_record(void *argument, state_key_t key, const void *data, size_t size, int64_t due_ms)
{
    verify_t *self = argument;
    (void)data, (void)size, (void)due_ms;
    self->records++;
    size_t count = self->showtime_count;
    if (key.space && count < OFFLINE_SHOWTIMES_MAX &&
        (count == 0 || self->showtimes[count - 1] != key.space))
        self->showtimes[self->showtime_count++] = key.space;
    return 0;
}

static int
verify_entry(void *argument, const journal_entry_t *entry)
{
    uint64_t *entries = argument;
    (void)entry;
    ++*entries;
    return 0;
}

/* Does the journal alone lead to the very same state? */
static ctl_exit_t
verify_rebuild(const site_t *site, const char *data, uint32_t partition, state_t *state)
{
    char error[STATE_ERROR_MAX], path[OFFLINE_PATH];
    uint8_t live[32], rebuilt[32];
    static const sink_t sink = { .followed = offline_nobody_follows,
                                 .event = offline_no_event,
                                 .tell = offline_no_event,
                                 .resolved = offline_no_end };
    rebuild_options_t options = { .journal = path,
                                  .site = *site,
                                  .through = state_sequence(state),
                                  .replies_bytes = state_replies_bytes(state),
                                  .sink = &sink,
                                  .fatal = offline_fatal };
    scratch_t scratch;
    options.site.partition = partition;
    if (!offline_path(path, data, partition, "journal") || !scratch_make(&scratch))
        return ctl_say(CTL_FAULT, "%s: cannot make a scratch folder", data);
    options.scratch = scratch.path;
    state_t *other = NULL;
    ctl_exit_t outcome = CTL_DONE;
    if (rebuild_run(&options, &other, error) != 0 || state_digest(state, live, error) != 0 ||
        state_digest(other, rebuilt, error) != 0)
        outcome = ctl_say(CTL_REFUSED, "partition %u: %s", partition, error);
    else if (memcmp(live, rebuilt, sizeof live) != 0)
        outcome = ctl_say(CTL_REFUSED,
                          "partition %u: the state rebuilt from the journal differs from the "
                          "checkpoint at entry %" PRIu64,
                          partition, state_sequence(state));
    state_close(&other);
    scratch_remove(&scratch);
    return outcome;
}

/* What a partition of each role keeps. */
static const struct verify_role {
    const char *one, *many;
    const char *(*check)(state_t *state, uint64_t id);
} verify_roles[KEY_KINDS] = {
    [KEY_SHOWTIME] = { "showtime", "showtimes", box_check },
    [KEY_CINEMA] = { "cinema", "cinemas", prog_check },
    [KEY_MEMBER] = { "member or batch", "members and batches", member_check },
};

static ctl_exit_t
verify_partition(ctl_t *ctl, const site_t *site, const char *data, uint32_t partition)
{
    char error[STATE_ERROR_MAX];
    verify_t verify = { .showtimes = calloc(OFFLINE_SHOWTIMES_MAX, sizeof(uint64_t)) };
    uint64_t entries = 0, sequence = 0;
    const struct verify_role *role = &verify_roles[site_role(site, partition)];
    ctl_exit_t outcome = CTL_DONE;
    state_t *state = offline_state(site, data, partition, error);
    journal_t *journal = state ? offline_journal(site, data, partition, state, error) : NULL;
    if (!verify.showtimes || !journal || state_visit(state, verify_record, &verify, error) != 0 ||
        (journal->first &&
         journal->read(journal, journal->first, verify_entry, &entries, error) != 0))
        outcome = ctl_say(CTL_REFUSED, "partition %u: %s", partition, error);
    for (size_t i = 0; outcome == CTL_DONE && i < verify.showtime_count; i++) {
        const char *broken = role->check(state, verify.showtimes[i]);
        if (broken)
            outcome = ctl_say(CTL_REFUSED, "partition %u: %s %" PRIu64 ": %s", partition, role->one,
                              verify.showtimes[i], broken);
    }
    if (outcome == CTL_DONE) {
        sequence = state_sequence(state);
        if (ctl->flags[CTL_FLAG_REBUILD])
            outcome = verify_rebuild(site, data, partition, state);
    }
    if (outcome == CTL_DONE)
        printf("partition %u: good: %zu %s, %" PRIu64 " records at entry %" PRIu64 ", %" PRIu64
               " entries readable%s\n",
               partition, verify.showtime_count, role->many, verify.records, sequence, entries,
               ctl->flags[CTL_FLAG_REBUILD] ? ", rebuilt byte for byte" : "");
    free(verify.showtimes);
    offline_close(state, journal);
    return outcome;
}

static ctl_exit_t
offline_verify(ctl_t *ctl)
{
    char error[SITE_ERROR_MAX];
    site_t site;
    const char *data = ctl->arguments[0];
    if (site_find(&site, data, error) != 0)
        return ctl_say(CTL_REFUSED, "%s", error);
    ctl_exit_t worst = CTL_DONE;
    for (uint32_t i = 0; i < site_count(&site); i++) {
        ctl_exit_t outcome = verify_partition(ctl, &site, data, i);
        worst = outcome > worst ? outcome : worst;
    }
    return worst;
}

/* ------------------------------------------------------------------ backup and restore */

typedef struct {
    journal_t *to;
    journal_result_t result;
} copy_t;

static int
copy_entry(void *argument, const journal_entry_t *entry)
{
    copy_t *self = argument;
    journal_entry_t copy = *entry;
    self->to->append(self->to, &copy);
    self->result = self->to->ended(self->to);
    return self->result == JOURNAL_OK ? 0 : 1;
}

/* The entries behind the copied checkpoint, checked on the way. */
static int
backup_journal(const site_t *site, const char *data, const char *to, uint32_t partition,
               const state_t *state, char *error)
{
    char path[OFFLINE_PATH];
    journal_t *from = offline_journal(site, data, partition, state, error);
    if (!from || !offline_path(path, to, partition, "journal"))
        return -1;
    copy_t copy = { .to = NULL };
    journal_file_options_t options = { .directory = path,
                                       .partition = partition,
                                       .partitions = site_stamp(site, partition),
                                       .apply_version = from->apply_version,
                                       .inline_io = true,
                                       .begin_behind = true,
                                       .fatal = offline_fatal };
    memcpy(options.site, site->id, sizeof options.site);
    int rc =
        journal_file_open(&copy.to, &options, state_sequence(state), state_chain(state), error);
    uint64_t epoch;
    if (rc == 0 && copy.to->acquire(copy.to, &epoch) != JOURNAL_OK)
        rc = -1;
    if (rc == 0)
        rc = from->read(from, state_sequence(state) + 1, copy_entry, &copy, error);
    if (rc == 1)
        snprintf(error, JOURNAL_ERROR_MAX, "%.400s: cannot be written", path);
    if (copy.to)
        copy.to->close(&copy.to);
    from->close(&from);
    return rc;
}

static int
backup_partition(const site_t *site, const char *data, const char *to, uint32_t partition,
                 char *error)
{
    char path[OFFLINE_PATH];
    snprintf(path, sizeof path, "%s/partition-%04u", to, partition);
    if (mkdir(path, 0700) != 0 || !offline_path(path, to, partition, "state") ||
        mkdir(path, 0700) != 0) {
        snprintf(error, STATE_ERROR_MAX, "%.400s: %.60s", path, strerror(errno));
        return -1;
    }
    state_t *state = offline_state(site, data, partition, error);
    if (!state)
        return -1;
    int rc = state_copy(state, path, error);
    state_close(&state);
    /* A server may have moved its checkpoint on meanwhile: what counts is the one that was copied.
     */
    state = rc == 0 ? offline_state(site, to, partition, error) : NULL;
    if (state && rc == 0)
        rc = backup_journal(site, data, to, partition, state, error);
    else
        rc = -1;
    state_close(&state);
    return rc;
}

static int
copy_small_file(const char *from, const char *to)
{
    char buffer[4096];
    FILE *in = fopen(from, "r");
    size_t size = in ? fread(buffer, 1, sizeof buffer, in) : 0;
    bool good = in && !ferror(in) && feof(in);
    if (in)
        fclose(in);
    FILE *out = good ? fopen(to, "wx") : NULL;
    if (!out)
        return -1;
    good = chmod(to, 0600) == 0 && fwrite(buffer, 1, size, out) == size && fflush(out) == 0 &&
           fsync(fileno(out)) == 0;
    return fclose(out) == 0 && good ? 0 : -1;
}

/* The site file goes last: a directory without one is no backup. */
static ctl_exit_t
offline_copy_site(const char *data, const char *to)
{
    char error[STATE_ERROR_MAX], from_path[OFFLINE_PATH], to_path[OFFLINE_PATH];
    site_t site;
    if (site_find(&site, data, error) != 0)
        return ctl_say(CTL_REFUSED, "%s", error);
    if (mkdir(to, 0700) != 0)
        return ctl_say(CTL_REFUSED, "%s: %s", to, strerror(errno));
    for (uint32_t i = 0; i < site_count(&site); i++) {
        if (backup_partition(&site, data, to, i, error) != 0)
            return ctl_say(CTL_FAULT, "partition %u: %s", i, error);
        fprintf(stderr, "partition %u of %u copied\n", i + 1, site_count(&site));
    }
    snprintf(from_path, sizeof from_path, "%s/site", data);
    snprintf(to_path, sizeof to_path, "%s/site", to);
    if (copy_small_file(from_path, to_path) != 0)
        return ctl_say(CTL_FAULT, "%s: %s", to_path, strerror(errno));
    return CTL_DONE;
}

static ctl_exit_t
offline_backup(ctl_t *ctl)
{
    return offline_copy_site(ctl->arguments[0], ctl->arguments[1]);
}

/* A backup is a data directory: restoring is the same copy, with every checksum looked at again. */
static ctl_exit_t
offline_restore(ctl_t *ctl)
{
    return offline_copy_site(ctl->arguments[0], ctl->arguments[1]);
}

/* ------------------------------------------------------------------ journal dump */

typedef struct {
    const ctl_t *ctl;
    intake_t batch;
    uint64_t left;
} dump_t;

static void
dump_command(const dump_t *self, const journal_entry_t *entry, const intake_item_t *item,
             const uint8_t *body, uint32_t size)
{
    json_t *fields = size ? mpjson_read(body, size) : json_object();
    json_t *line =
        json_pack("{s:I, s:s, s:s, s:I, s:I, s:s, s:o}", "entry", (json_int_t)entry->sequence,
                  "time", "", "operation", item->command.operation->name, "key",
                  (json_int_t)item->header.key, "request", (json_int_t)item->header.request, "role",
                  role_name((role_t)item->route.role), "fields", fields);
    char text[CTL_TIME_ROOM], client[24];
    json_object_set_new(line, "time", json_string(ctl_time(text, entry->now_ms, CTL_TIME_EXACT)));
    snprintf(client, sizeof client, "%016" PRIx64, item->route.client);
    json_object_set_new(line, "client", json_string(client));
    if (!ctl_print_json(self->ctl, line)) {
        char *compact = json_dumps(fields, JSON_COMPACT);
        printf("%10" PRIu64 "  %s  %-16s %-12" PRIu64 " %s %s %s\n", entry->sequence, text,
               item->command.operation->name, item->header.key, client,
               role_name((role_t)item->route.role), compact ? compact : "");
        free(compact);
    }
    json_decref(line);
}

static int
dump_entry(void *argument, const journal_entry_t *entry)
{
    dump_t *self = argument;
    size_t at = 0;
    if (!intake_load(&self->batch, entry->payload, entry->size, entry->count))
        return 1;
    for (uint32_t i = 0; i < self->batch.count; i++) {
        wire_route_t route;
        wire_record_t record;
        if (wire_next_routed(self->batch.bytes, self->batch.size, &at, &route, &record) !=
            STATUS_OK)
            return 1;
        if (self->left-- == 0)
            return 2;
        dump_command(self, entry, &self->batch.items[i], record.body, record.body_size);
    }
    return 0;
}

static ctl_exit_t
offline_dump(ctl_t *ctl)
{
    char error[JOURNAL_ERROR_MAX];
    uint64_t partition = 0, first = 0;
    site_t site;
    dump_t dump = { .ctl = ctl };
    if (!ctl_argument_u64(ctl, 1, "partition", &partition) ||
        (ctl->argument_count > 2 && !ctl_argument_u64(ctl, 2, "first entry", &first)) ||
        !ctl_flag_u64(ctl, CTL_FLAG_LIMIT, UINT64_MAX, &dump.left))
        return CTL_USAGE;
    if (site_find(&site, ctl->arguments[0], error) != 0)
        return ctl_say(CTL_REFUSED, "%s", error);
    journal_t *journal = NULL;
    ctl_exit_t outcome = CTL_DONE;
    if (partition >= site_count(&site))
        return ctl_say(CTL_REFUSED, "the site has %u partitions", site_count(&site));
    journal = offline_journal(&site, ctl->arguments[0], (uint32_t)partition, NULL, error);
    if (!journal || !intake_init(&dump.batch)) {
        outcome = ctl_say(CTL_REFUSED, "%s", error);
    } else if (journal->first) {
        int rc = journal->read(journal, first > journal->first ? first : journal->first, dump_entry,
                               &dump, error);
        if (rc < 0 || rc == 1)
            outcome = ctl_say(CTL_REFUSED, "%s", rc < 0 ? error : "an entry cannot be decoded");
    }
    intake_free(&dump.batch);
    if (journal)
        journal->close(&journal);
    return outcome;
}

/* ------------------------------------------------------------------ seat history */

typedef struct {
    uint64_t showtime, seat;
    const journal_entry_t *entry;
    const intake_item_t *item; /* NULL: what was due */
} history_t;

static void
history_print(const history_t *self, uint64_t state)
{
    static const char *const names[] = { "available", "locked", "sold", "blocked" };
    char when[CTL_TIME_ROOM];
    const intake_item_t *item = self->item;
    printf("%s  %-10s %-16s entry %" PRIu64, ctl_time(when, self->entry->now_ms, CTL_TIME_EXACT),
           state < 4 ? names[state] : "?", item ? item->command.operation->name : "its time",
           self->entry->sequence);
    if (item && command_has(&item->command, FIELD_USER))
        printf("  user %" PRIu64, command_value(&item->command, FIELD_USER)->number);
    if (item)
        printf("  client %016" PRIx64 " (%s)", item->route.client,
               role_name((role_t)item->route.role));
    putchar('\n');
}

static void
history_event(void *argument, uint16_t operation, uint64_t showtime, uint64_t number,
              const void *body, uint32_t size)
{
    const history_t *self = argument;
    (void)number;
    mp_t mp;
    uint32_t count, pair;
    if (operation != OP_SEATS_CHANGED || showtime != self->showtime ||
        !mp_find(body, size, "changes", &mp) || !mp_read_array(&mp, &count))
        return;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t id, state;
        if (!mp_read_array(&mp, &pair) || pair != 2 || !mp_read_uint(&mp, &id) ||
            !mp_read_uint(&mp, &state))
            return;
        if (id == self->seat)
            history_print(self, state);
    }
}

static bool
history_followed(void *argument, uint64_t showtime)
{
    const history_t *self = argument;
    return showtime == self->showtime;
}

static void
history_cause(void *argument, const journal_entry_t *entry, const intake_item_t *item)
{
    history_t *self = argument;
    self->entry = entry;
    self->item = item;
}

static ctl_exit_t
offline_history(ctl_t *ctl)
{
    char error[STATE_ERROR_MAX], path[OFFLINE_PATH];
    history_t history = { 0 };
    const char *data = ctl_flag_text(ctl, CTL_FLAG_DATA, "data");
    rebuild_options_t options = { .journal = path,
                                  .through = UINT64_MAX,
                                  .cause = history_cause,
                                  .argument = &history,
                                  .fatal = offline_fatal };
    sink_t sink = { .argument = &history,
                    .followed = history_followed,
                    .event = history_event,
                    .tell = offline_no_event,
                    .resolved = offline_no_end };
    scratch_t scratch;
    state_t *state = NULL;
    if (!ctl_argument_u64(ctl, 0, "showtime", &history.showtime) ||
        !ctl_argument_u64(ctl, 1, "seat", &history.seat))
        return CTL_USAGE;
    if (site_find(&options.site, data, error) != 0)
        return ctl_say(CTL_REFUSED, "%s", error);
    options.site.partition = shard_of(history.showtime, options.site.partitions);
    if (!offline_path(path, data, options.site.partition, "journal") || !scratch_make(&scratch))
        return ctl_say(CTL_FAULT, "%s: cannot make a scratch folder", data);
    options.scratch = scratch.path;
    options.sink = &sink;
    ctl_exit_t outcome = CTL_DONE;
    if (rebuild_run(&options, &state, error) != 0)
        outcome = ctl_say(CTL_REFUSED, "%s", error);
    state_close(&state);
    scratch_remove(&scratch);
    return outcome;
}

const ctl_verb_t ctl_offline_verbs[] = {
    { "site", "verify", "DATA", 1, 1, CTL_FLAG(REBUILD), offline_verify,
      "check every checksum, invariant and book of a data directory" },
    { "site", "backup", "DATA TO", 2, 2, 0, offline_backup,
      "copy a data directory, also beside a running server" },
    { "site", "restore", "BACKUP DATA", 2, 2, 0, offline_restore,
      "make a data directory of a backup" },
    { "journal", "dump", "DATA PARTITION [FIRST]", 2, 3, CTL_FLAG(LIMIT), offline_dump,
      "print the commands of the journal" },
    { "seats", "history", "SHOWTIME SEAT", 2, 2, CTL_FLAG(DATA), offline_history,
      "who changed a seat, when, by what command: from the journal" },
    { 0 },
};
