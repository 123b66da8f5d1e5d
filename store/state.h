/* state - the records of one partition: in memory while they are used, in LMDB as of the last
 * checkpoint.
 *
 * The actor changes records in memory only; a change marks the piece it touched. A checkpoint
 * copies the marked pieces (at the boundary of an entry, so it is consistent) and a thread of the
 * state's own commits them to LMDB with the sequence number they stand for, while the actor goes
 * on. What is not yet committed stays in memory; clean records may leave it again.
 *
 * A record may have a due time. Due times are kept in order; that is all a timer is.
 *
 * What goes wrong inside (I/O error, damage, no memory) is fatal: `options.fatal` is called and
 * must not return. Out of disk is not: the checkpoint is tried again later, see state_full().
 *
 * Pointers to records are valid until state_end() or state_checkpoint_ended(), and until the
 * record itself is removed. Not thread-safe: one actor owns it. */
#ifndef STATE_H
#define STATE_H
#include "store/replies.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    STATE_RECORD_MAX = 60 * 1024, /* bytes of one record */
    STATE_PIECE_SIZE = 1024,      /* a record is stored, and marked, in pieces of this size */
    STATE_ERROR_MAX = 512,
};

/* Records sort by space (the showtime; 0: the partition's own), then table, then number. */
typedef struct {
    uint64_t space;
    uint64_t number;
    uint8_t table;
} state_key_t;

typedef struct {
    const char *directory; /* the LMDB environment's; made when absent */
    uint8_t site[16];      /* must equal what the directory was made with, as must these: */
    uint32_t partition, partitions, apply_version;
    size_t map_bytes;   /* first size of the LMDB map, 0 for the default; grows by itself */
    size_t cache_bytes; /* clean records above this leave memory; 0 for the default, 256 MiB */
    size_t
        replies_bytes; /* bound of the reply memory; 0 for the default, 64 MiB. Part of the state:
                        * another bound is taken up with the first checkpoint after opening */
    bool inline_io;    /* no thread: a checkpoint is committed before state_checkpoint() returns */
    bool read_only;    /* open for looking: no lock on the directory, no checkpoint */
    void (*fatal)(void *argument, const char *what);
    void *argument;
} state_options_t;

typedef struct state state_t;

/* Open the partition's state. 0, or -1 with a sentence in `error` (STATE_ERROR_MAX bytes) that says
 * what is wrong and what to do: another site, partition count, apply version (unless the state is
 * newer than any journal, which the caller checks), a second owner, damage. */
int state_open(state_t **self_p, const state_options_t *options, char *error);
/* Close without a checkpoint; one that is under way is waited for. */
void state_close(state_t **self_p);

/* Sequence number of the last entry begun; after opening, that of the checkpoint. */
uint64_t state_sequence(const state_t *self);
/* The hash-chain value of that entry (16 bytes). */
const uint8_t *state_chain(const state_t *self);
/* Version of the apply function that wrote the checkpoint. */
uint32_t state_apply_version(const state_t *self);
/* Begin the changes of entry `sequence`, which is above the last one; end them. Nothing is changed
 * outside (asserted). */
void state_begin(state_t *self, uint64_t sequence, const uint8_t chain[16]);
void state_end(state_t *self);

/* The record, or NULL when there is none. size may be NULL. */
const void *state_get(state_t *self, state_key_t key, size_t *size);
/* A new record of zeros. The key must be free (asserted for what is in memory: a caller uses fresh
 * numbers, or asks first). */
void *state_insert(state_t *self, state_key_t key, size_t size);
/* The record for changing; the caller says which bytes it will change (whole: 0, SIZE_MAX).
 * NULL when there is none. The pointer is to the record's first byte. */
void *state_edit(state_t *self, state_key_t key, size_t offset, size_t size);
/* Remove a record and its due time; it must exist. */
void state_remove(state_t *self, state_key_t key);

/* Set, or with 0 clear, the due time of a record that exists. */
void state_set_due(state_t *self, state_key_t key, int64_t due_ms);
/* The earliest due time, or INT64_MAX. */
int64_t state_next_due(const state_t *self);
/* The record due first, if due at `now_ms`: by due time, then key. The caller changes or clears its
 * due time (or removes it), else it comes again. */
bool state_due(state_t *self, int64_t now_ms, state_key_t *key);

/* The bound of the reply memory that is in force: what is remembered depends on it. */
size_t state_replies_bytes(const state_t *self);
/* The reply memory, saved with the records. */
replies_t *state_replies(state_t *self);

/* Start a checkpoint of everything up to the last entry ended; false when one is under way or
 * nothing changed. */
bool state_checkpoint(state_t *self);
/* Readable when a checkpoint has ended. Call state_checkpoint_ended() then. -1 with inline_io. */
int state_fd(const state_t *self);
/* Take notice of an ended checkpoint, growing the map when it is near full, and let records go that
 * reads have brought into memory. Returns the sequence
 * number on disk, after which the journal is still needed. Cheap; may be called at any time
 * between entries. */
uint64_t state_checkpoint_ended(state_t *self);
bool state_checkpoint_running(const state_t *self);
/* Wait for a checkpoint that is under way, then take notice of it. */
uint64_t state_checkpoint_wait(state_t *self);
/* Did the last checkpoint find the disk full? It is kept and tried again with the next one. */
bool state_full(const state_t *self);
/* Bytes that wait for a checkpoint: the caller bounds them. */
size_t state_dirty_bytes(const state_t *self);

typedef struct {
    uint64_t records_cached, cache_bytes, dirty_bytes, timers;
    uint64_t checkpoints, checkpoint_last_us, checkpoint_max_us, checkpoint_pieces;
    uint64_t map_bytes, map_used_bytes;
} state_figures_t;
void state_figures(const state_t *self, state_figures_t *figures);

/* Visit every record of the last checkpoint in key order, whole, with its due time. Each piece's
 * checksum is verified; returns 0, the visitor's first non-zero result, or -1 with `error` naming
 * the place that is damaged. For verify, dumps and digests, not for the trade. */
typedef int state_visit_fn(void *argument, state_key_t key, const void *data, size_t size,
                           int64_t due_ms);
int state_visit(state_t *self, state_visit_fn *visit, void *argument, char *error);
/* A digest (32 bytes) over everything that a checkpoint holds, sequence number included: equal
 * states have equal digests, byte for byte. 0, or -1 with `error`. */
int state_digest(state_t *self, uint8_t digest[32], char *error);
/* Copy the last checkpoint, compacted, into the empty directory `to`. 0 or -1 with `error`. */
int state_copy(state_t *self, const char *to, char *error);
#endif
