/* mirror - see mirror.h for the contract. */
#include "tests/images/mirror.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool
mirror_followed(void *argument, uint64_t showtime)
{
    (void)argument, (void)showtime;
    return false;
}

static void
mirror_drop(void *argument, uint16_t operation, uint64_t showtime, uint64_t number,
            const void *body, uint32_t size)
{
    (void)argument, (void)operation, (void)showtime, (void)number, (void)body, (void)size;
}

static void
mirror_resolved(void *argument, const reply_t *reply)
{
    (void)argument, (void)reply;
}

static void
mirror_answer(void *argument, uint32_t index, const reply_t *reply)
{
    (void)argument, (void)index, (void)reply;
}

static const sink_t mirror_sink = { .followed = mirror_followed,
                                    .event = mirror_drop,
                                    .tell = mirror_drop,
                                    .resolved = mirror_resolved };

mirror_t *
mirror_new(const char *directory, const partition_options_t *options)
{
    char error[STATE_ERROR_MAX];
    mirror_t *self = calloc(1, sizeof *self);
    assert(self && intake_init(&self->intake));
    self->site = options->site;
    state_options_t state = { .directory = directory,
                              .partition = options->site.partition,
                              .partitions = site_stamp(&options->site, options->site.partition),
                              .apply_version = APPLY_VERSION,
                              .replies_bytes = options->replies_bytes,
                              .inline_io = true };
    memcpy(state.site, options->site.id, sizeof state.site);
    if (state_open(&self->state, &state, error) != 0) {
        (void)fprintf(stderr, "mirror: %s\n", error);
        mirror_destroy(&self);
        return NULL;
    }
    apply_init(&self->apply, self->state, &self->site);
    self->apply.sink = &mirror_sink;
    self->apply.answer = mirror_answer;
    return self;
}

void
mirror_destroy(mirror_t **self_p)
{
    mirror_t *self = *self_p;
    if (!self)
        return;
    state_close(&self->state);
    intake_free(&self->intake);
    free(self);
    *self_p = NULL;
}

bool
mirror_digest_of(state_t *state, uint8_t digest[MIRROR_DIGEST])
{
    char error[STATE_ERROR_MAX];
    (void)state_checkpoint(state);
    if (state_digest(state, digest, error) == 0)
        return true;
    (void)fprintf(stderr, "mirror: %s\n", error);
    return false;
}

const uint8_t *
mirror_digest(mirror_t *self, const ledger_t *ledger, uint64_t sequence)
{
    assert(sequence < MIRROR_ENTRIES);
    while (state_sequence(self->state) < sequence) {
        uint64_t next = state_sequence(self->state) + 1;
        const journal_entry_t *entry = ledger_entry(ledger, next);
        if (!entry || !intake_load(&self->intake, entry->payload, entry->size, entry->count))
            return NULL;
        apply_entry(&self->apply, entry, &self->intake);
        if (!mirror_digest_of(self->state, self->digests[next]))
            return NULL;
    }
    return sequence ? self->digests[sequence] : NULL;
}
