/* state - see state.h for the contract. What holds between calls:
 * (1) the cache holds whatever differs from the last commit on disk, so that a record that is not
 *     in memory is on disk as it is, or nowhere.
 * (2) checkpoints are numbered 1, 2, 3, ...; those up to `committed` are on disk, and at most one
 *     more, `copied`, is on its way. */
#include "store/state.h"
#include "store/batch.h"
#include "store/cache.h"
#include "store/refuse.h"
#include "store/rows.h"
#include "store/saver.h"
#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CACHE_DEFAULT   ((size_t)256 << 20)
#define REPLIES_DEFAULT ((size_t)256 << 20)

struct state {
    state_options_t options;
    rows_t *rows;
    cache_t cache;
    replies_t *replies;
    saver_t saver;
    rows_batch_t batch;
    bool running, full, in_entry;
    uint64_t copied, committed; /* numbers of checkpoints */
    uint64_t sequence, copied_sequence, saved_sequence;
    uint8_t chain[16];
    uint32_t apply_version;
    uint64_t replies_bytes; /* the bound that is in force */
    uint64_t replies_from;  /* first reply block in the running checkpoint */
    state_figures_t figures;
};

/* A fault: what is in memory may be unsound, so nothing may go on. */
static _Noreturn void
state_fatal(state_t *self, const char *what)
{
    if (self->options.fatal != NULL)
        self->options.fatal(self->options.argument, what);
    (void)fprintf(stderr, "state: %s\n", what);
    abort();
}

static void
state_need(state_t *self, bool done)
{
    if (!done)
        state_fatal(self, "out of memory");
}

/* ---- opening ---- */

static int
state_load_timer(void *argument, state_key_t key, int64_t due_ms)
{
    state_t *self = argument;
    record_t *record = cache_add(&self->cache, key);
    if (record == NULL || !cache_set_due(&self->cache, record, due_ms))
        return 1;
    record->due_known = true;
    return 0;
}

static int
state_load_reply(void *argument, uint64_t number, const void *data, size_t size)
{
    state_t *self = argument;
    return replies_load(self->replies, number, data, size) == 0 ? 0 : 1;
}

static int
state_load(state_t *self, char *error)
{
    self->replies = replies_new(self->replies_bytes);
    if (self->replies == NULL || !cache_init(&self->cache))
        return refuse(error, "out of memory");
    int rc = rows_timers(self->rows, state_load_timer, self, error);
    if (rc != 0)
        return rc < 0 ? -1 : refuse(error, "out of memory");
    rc = rows_replies(self->rows, state_load_reply, self, error);
    if (rc > 0)
        return refuse(error, "%s: damaged: the reply blocks; restore from a backup",
                      self->options.directory);
    return rc;
}

int
state_open(state_t **self_p, const state_options_t *options, char *error)
{
    *self_p = NULL;
    if (sodium_init() < 0)
        return refuse(error, "libsodium does not start");
    state_t *self = calloc(1, sizeof *self);
    if (self == NULL)
        return refuse(error, "out of memory");
    *self_p = self;
    self->options = *options;
    if (self->options.cache_bytes == 0)
        self->options.cache_bytes = CACHE_DEFAULT;
    if (self->options.replies_bytes == 0)
        self->options.replies_bytes = REPLIES_DEFAULT;
    rows_meta_t meta = { .apply_version = options->apply_version,
                         .replies_bytes = self->options.replies_bytes };
    int rc = rows_open(&self->rows, &self->options, &meta, error);
    if (rc == 0) {
        self->sequence = self->copied_sequence = self->saved_sequence = meta.sequence;
        self->apply_version = meta.apply_version;
        self->replies_bytes = meta.replies_bytes;
        memcpy(self->chain, meta.chain, sizeof self->chain);
        rc = state_load(self, error);
    }
    if (rc == 0)
        rc = saver_start(&self->saver, self->rows, !options->inline_io && !options->read_only,
                         error);
    if (rc != 0)
        state_close(self_p);
    return rc;
}

void
state_close(state_t **self_p)
{
    state_t *self = *self_p;
    if (self == NULL)
        return;
    *self_p = NULL;
    saver_stop(&self->saver);
    rows_close(&self->rows);
    cache_clear(&self->cache);
    replies_destroy(&self->replies);
    batch_clear(&self->batch);
    free(self);
}

/* ---- entries ---- */

uint64_t
state_sequence(const state_t *self)
{
    return self->sequence;
}

const uint8_t *
state_chain(const state_t *self)
{
    return self->chain;
}

uint32_t
state_apply_version(const state_t *self)
{
    return self->apply_version;
}

void
state_begin(state_t *self, uint64_t sequence, const uint8_t chain[16])
{
    assert(!self->options.read_only);
    assert(!self->in_entry);
    assert(sequence > self->sequence);
    self->in_entry = true;
    self->sequence = sequence;
    memcpy(self->chain, chain, sizeof self->chain);
}

static void
state_evict(state_t *self)
{
    if (self->cache.bytes > self->options.cache_bytes)
        cache_evict(&self->cache, self->options.cache_bytes, self->committed);
}

void
state_end(state_t *self)
{
    assert(self->in_entry);
    self->in_entry = false;
    state_evict(self);
}

/* ---- records ---- */

typedef struct {
    state_t *state;
    state_key_t key;
    record_t *record;
} state_place_t;

static void *
state_place(void *argument, uint32_t size)
{
    state_place_t *place = argument;
    cache_t *cache = &place->state->cache;
    if (place->record == NULL)
        place->record = cache_add(cache, place->key);
    if (place->record == NULL || !cache_load(cache, place->record, size))
        return NULL;
    place->record->pieces = (uint16_t)cache_pieces(size);
    return place->record->data;
}

/* Bring a record in from disk; `outline` is what is in memory of it, or NULL. */
static record_t *
state_bring(state_t *self, state_key_t key, record_t *outline)
{
    char error[STATE_ERROR_MAX];
    state_place_t place = { self, key, outline };
    int rc = rows_read(self->rows, key, state_place, &place, error);
    if (rc < 0)
        state_fatal(self, error);
    if (rc == 1 && outline != NULL)
        state_fatal(self, "damaged: a due time without its record; restore from a backup");
    return rc == 0 ? place.record : NULL;
}

/* The loaded record, or NULL when there is none. */
static record_t *
state_find(state_t *self, state_key_t key)
{
    record_t *record = cache_find(&self->cache, key);
    if (record != NULL && record->data != NULL) {
        record->used = true;
        return record;
    }
    return record != NULL && record->gone ? NULL : state_bring(self, key, record);
}

const void *
state_get(state_t *self, state_key_t key, size_t *size)
{
    const record_t *record = state_find(self, key);
    if (record == NULL)
        return NULL;
    if (size != NULL)
        *size = record->size;
    return record->data;
}

void *
state_insert(state_t *self, state_key_t key, size_t size)
{
    assert(self->in_entry);
    assert(size > 0 && size <= STATE_RECORD_MAX);
    record_t *record = cache_find(&self->cache, key);
    assert(record == NULL || record->gone);
    if (record == NULL)
        record = cache_add(&self->cache, key);
    state_need(self, record != NULL && cache_load(&self->cache, record, (uint32_t)size));
    record->gone = false;
    memset(record->data, 0, size);
    cache_mark(&self->cache, record, 0, size);
    return record->data;
}

void *
state_edit(state_t *self, state_key_t key, size_t offset, size_t size)
{
    assert(self->in_entry);
    record_t *record = state_find(self, key);
    if (record == NULL)
        return NULL;
    assert(offset <= record->size);
    assert(size == SIZE_MAX || size <= record->size - offset);
    if (size > 0 && offset < record->size)
        cache_mark(&self->cache, record, offset, size);
    return record->data;
}

void
state_remove(state_t *self, state_key_t key)
{
    assert(self->in_entry);
    record_t *record = state_find(self, key);
    assert(record != NULL);
    cache_unmark(&self->cache, record);
    if (record->pieces == 0 && !record->due_known) {
        cache_forget(&self->cache, record);
        return;
    }
    if (record->heap != 0)
        (void)cache_set_due(&self->cache, record, 0); /* clearing needs no memory */
    cache_unload(&self->cache, record);
    record->gone = record->due_dirty = true;
    cache_list(record, &self->cache.changed);
}

/* ---- due times ---- */

void
state_set_due(state_t *self, state_key_t key, int64_t due_ms)
{
    assert(self->in_entry);
    assert(due_ms >= 0);
    record_t *record = cache_find(&self->cache, key);
    if (record == NULL)
        record = state_bring(self, key, NULL);
    assert(record != NULL && !record->gone);
    if (record->due_ms == due_ms)
        return;
    state_need(self, cache_set_due(&self->cache, record, due_ms));
    record->due_dirty = true;
    cache_list(record, &self->cache.changed);
}

int64_t
state_next_due(const state_t *self)
{
    return self->cache.heap_count ? self->cache.heap[0].due_ms : INT64_MAX;
}

bool
state_due(state_t *self, int64_t now_ms, state_key_t *key)
{
    if (self->cache.heap_count == 0 || self->cache.heap[0].due_ms > now_ms)
        return false;
    *key = self->cache.heap[0].record->key;
    return true;
}

replies_t *
state_replies(state_t *self)
{
    return self->replies;
}

/* ---- checkpoints ---- */

static void
state_took_effect(state_t *self)
{
    self->committed = self->copied;
    self->saved_sequence = self->copied_sequence;
    self->apply_version = self->batch.meta.apply_version;
    self->full = false;
    cache_bury(&self->cache, self->committed);
    state_figures_t *figures = &self->figures;
    figures->checkpoints++;
    figures->checkpoint_pieces = self->batch.count;
    figures->checkpoint_last_us = self->saver.took_us;
    if (self->saver.took_us > figures->checkpoint_max_us)
        figures->checkpoint_max_us = self->saver.took_us;
    char error[STATE_ERROR_MAX];
    /* Ahead of need; if it fails, the commit that needs it says so. */
    (void)rows_grow(self->rows, false, error);
}

static void
state_took_none(state_t *self)
{
    self->full = true;
    self->copied_sequence = self->saved_sequence;
    batch_take_back(&self->batch, &self->cache, self->replies, self->replies_from);
}

/* Take notice of the running checkpoint if it has ended. */
static void
state_notice(state_t *self, bool wait)
{
    char error[STATE_ERROR_MAX];
    while (self->running && saver_ended(&self->saver, wait)) {
        if (self->saver.result == ROWS_FAILED)
            state_fatal(self, self->saver.error);
        if (self->saver.result == ROWS_MAP_FULL && rows_grow(self->rows, true, error) == 0) {
            saver_submit(&self->saver, &self->batch);
            continue;
        }
        self->running = false;
        if (self->saver.result == ROWS_DONE)
            state_took_effect(self);
        else
            state_took_none(self);
    }
}

/* Take up another bound of the reply memory. What replies are kept depends on it, so it changes
 * only together with a commit that says so: a replay then meets the same bound at the same place.
 */
static void
state_new_bound(state_t *self)
{
    state_notice(self, true);
    if (self->full)
        return;
    self->replies_bytes = self->options.replies_bytes;
    state_need(self, replies_bound(self->replies, self->options.replies_bytes));
}

bool
state_checkpoint(state_t *self)
{
    assert(!self->options.read_only);
    assert(!self->in_entry);
    state_notice(self, false);
    bool new_bound = self->replies_bytes != self->options.replies_bytes;
    if (self->running || (self->sequence == self->copied_sequence && !new_bound))
        return false;
    self->replies_from = replies_unsaved_from(self->replies);
    self->copied++;
    state_need(self, batch_collect(&self->batch, &self->cache, self->replies, self->copied));
    self->copied_sequence = self->sequence;
    self->batch.meta = (rows_meta_t){ .sequence = self->sequence,
                                      .replies_bytes = self->options.replies_bytes,
                                      .apply_version = self->options.apply_version };
    memcpy(self->batch.meta.chain, self->chain, sizeof self->chain);
    self->running = true;
    saver_submit(&self->saver, &self->batch);
    if (new_bound)
        state_new_bound(self);
    else if (self->options.inline_io)
        state_notice(self, true);
    return true;
}

size_t
state_replies_bytes(const state_t *self)
{
    return (size_t)self->replies_bytes;
}

int
state_fd(const state_t *self)
{
    return self->saver.fd;
}

uint64_t
state_checkpoint_ended(state_t *self)
{
    assert(!self->in_entry);
    state_notice(self, false);
    state_evict(self);
    return self->saved_sequence;
}

bool
state_checkpoint_running(const state_t *self)
{
    return self->running;
}

uint64_t
state_checkpoint_wait(state_t *self)
{
    state_notice(self, true);
    return state_checkpoint_ended(self);
}

bool
state_full(const state_t *self)
{
    return self->full;
}

size_t
state_dirty_bytes(const state_t *self)
{
    return self->cache.dirty_bytes + replies_unsaved_bytes(self->replies);
}

void
state_figures(const state_t *self, state_figures_t *figures)
{
    *figures = self->figures;
    figures->records_cached = self->cache.loaded;
    figures->cache_bytes = self->cache.bytes;
    figures->dirty_bytes = state_dirty_bytes(self);
    figures->timers = self->cache.heap_count;
    rows_sizes(self->rows, &figures->map_bytes, &figures->map_used_bytes);
}

int
state_visit(state_t *self, state_visit_fn *visit, void *argument, char *error)
{
    return rows_visit(self->rows, visit, argument, error);
}

int
state_digest(state_t *self, uint8_t digest[32], char *error)
{
    return rows_digest(self->rows, digest, error);
}

int
state_copy(state_t *self, const char *to, char *error)
{
    return rows_copy(self->rows, to, error);
}
