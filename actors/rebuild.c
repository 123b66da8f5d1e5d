/* rebuild - see rebuild.h for the contract. */
#include "actors/rebuild.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { REBUILD_DIRTY_BYTES = 16 * 1024 * 1024, REBUILD_THROUGH = 1, REBUILD_DAMAGED = 2 };

typedef struct {
    const rebuild_options_t *options;
    apply_t apply;
    intake_t batch;
    const journal_entry_t *entry;
} rebuild_t;

static void
rebuild_answer(void *argument, uint32_t index, const reply_t *reply)
{
    (void)argument, (void)index, (void)reply;
}

static void
rebuild_begin(void *argument, uint32_t index)
{
    rebuild_t *self = argument;
    if (self->options->cause)
        self->options->cause(self->options->argument, self->entry, &self->batch.items[index]);
}

static int
rebuild_entry(void *argument, const journal_entry_t *entry)
{
    rebuild_t *self = argument;
    if (entry->sequence > self->options->through)
        return REBUILD_THROUGH;
    if (!intake_load(&self->batch, entry->payload, entry->size, entry->count))
        return REBUILD_DAMAGED;
    self->entry = entry;
    if (self->options->cause)
        self->options->cause(self->options->argument, entry, NULL);
    apply_entry(&self->apply, entry, &self->batch);
    if (state_dirty_bytes(self->apply.state) > REBUILD_DIRTY_BYTES)
        state_checkpoint(self->apply.state);
    return 0;
}

static int
rebuild_read(rebuild_t *self, journal_t *journal, char *error)
{
    int rc = journal->read(journal, 1, rebuild_entry, self, error);
    if (rc == REBUILD_DAMAGED)
        snprintf(error, STATE_ERROR_MAX, "entry %" PRIu64 " of the journal cannot be decoded",
                 state_sequence(self->apply.state) + 1);
    if (rc == REBUILD_DAMAGED || rc < 0)
        return -1;
    state_checkpoint(self->apply.state);
    return 0;
}

int
rebuild_run(const rebuild_options_t *options, state_t **state, char *error)
{
    static const uint8_t none[JOURNAL_CHAIN_SIZE];
    rebuild_t self = { .options = options };
    journal_t *journal = NULL;
    journal_file_options_t from = {
        .directory = options->journal,
        .partition = options->site.partition,
        .partitions = site_stamp(&options->site, options->site.partition),
        .apply_version = APPLY_VERSION,
        .read_only = true,
        .inline_io = true,
        .fatal = options->fatal,
        .argument = options->argument,
    };
    state_options_t to = {
        .directory = options->scratch,
        .partition = options->site.partition,
        .partitions = site_stamp(&options->site, options->site.partition),
        .apply_version = APPLY_VERSION,
        .replies_bytes = options->replies_bytes,
        .inline_io = true,
        .fatal = options->fatal,
        .argument = options->argument,
    };
    memcpy(from.site, options->site.id, sizeof from.site);
    memcpy(to.site, options->site.id, sizeof to.site);
    int rc = -1;
    *state = NULL;
    if (!intake_init(&self.batch)) {
        snprintf(error, STATE_ERROR_MAX, "out of memory");
        return -1;
    }
    if (journal_file_open(&journal, &from, 0, none, error) != 0 ||
        state_open(state, &to, error) != 0)
        goto done;
    apply_init(&self.apply, *state, &options->site);
    self.apply.sink = options->sink;
    self.apply.answer = rebuild_answer;
    self.apply.begin = rebuild_begin;
    self.apply.argument = &self;
    rc = rebuild_read(&self, journal, error);
done:
    if (rc != 0)
        state_close(state);
    if (journal)
        journal->close(&journal);
    intake_free(&self.batch);
    return rc;
}
