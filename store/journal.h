/* journal - the truth: an append-only, hash-chained sequence of entries.
 *
 * This is the interface; journal_file.c is the local backend, others can follow. One owner
 * appends, one entry at a time: an append is started, runs while the owner does something else,
 * and has ended when `fd` is readable. */
#ifndef JOURNAL_H
#define JOURNAL_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    JOURNAL_ENTRY_MAX = 4 * 1024 * 1024, /* payload bytes of one entry */
    JOURNAL_ERROR_MAX = 512,
    JOURNAL_CHAIN_SIZE = 16,
};

typedef struct {
    uint64_t sequence; /* 1, 2, 3, ... without a gap */
    int64_t now_ms;    /* Unix ms; never before the last entry's */
    uint64_t seed;
    uint32_t count; /* commands in the payload; the journal does not look inside */
    uint32_t size;
    const void *payload;
    bool at_once; /* append in the calling thread: ended when append() returns, for an idle owner */
    uint8_t chain[JOURNAL_CHAIN_SIZE]; /* of this entry; set by append and by reading */
} journal_entry_t;

/* BLAKE2b-128 over the chain value before and this entry's sequence, now, seed, count, payload. */
void journal_chain(uint8_t chain[JOURNAL_CHAIN_SIZE], const uint8_t before[JOURNAL_CHAIN_SIZE],
                   const journal_entry_t *entry);

typedef enum {
    JOURNAL_OK,      /* durable */
    JOURNAL_RUNNING, /* not ended yet */
    JOURNAL_FULL,    /* no room: nothing was written, the journal is as before */
    JOURNAL_FENCED,  /* somebody else owns the journal now */
    JOURNAL_UNKNOWN, /* perhaps written: the owner must stop and recover */
} journal_result_t;

typedef struct {
    uint64_t appends, bytes, append_last_us, append_max_us, segments;
} journal_figures_t;

typedef struct journal journal_t;
/* 0 to go on, other values end the reading and are returned. */
typedef int journal_visit_fn(void *argument, const journal_entry_t *entry);

struct journal {
    /* Become the only owner. *epoch counts owners. */
    journal_result_t (*acquire)(journal_t *self, uint64_t *epoch);
    /* Start to append. Entry and payload must stay as they are until the append has ended; then
     * entry->chain is set. */
    void (*append)(journal_t *self, journal_entry_t *entry);
    /* How the append stands; after anything but JOURNAL_RUNNING the next one may be started. */
    journal_result_t (*ended)(journal_t *self);
    /* Visit the durable entries with sequence >= from, in order. 0, the visitor's result, or -1
     * with `error` (JOURNAL_ERROR_MAX bytes) that names the place of damage. */
    int (*read)(journal_t *self, uint64_t from, journal_visit_fn *visit, void *argument,
                char *error);
    /* Entries up to `through` are in a checkpoint: archive or drop what holds only such. */
    void (*truncate)(journal_t *self, uint64_t through);
    void (*figures)(journal_t *self, journal_figures_t *figures);
    void (*close)(journal_t **self_p);
    int fd;         /* readable when an append has ended; -1 with inline_io */
    int trouble;    /* errno behind the last JOURNAL_FULL or JOURNAL_UNKNOWN */
    uint64_t first; /* lowest sequence that can be read, 0 when empty */
    uint64_t last;  /* highest durable sequence */
    int64_t now_ms; /* of that entry: no later one may be before it; INT64_MIN when empty */
    uint32_t
        apply_version; /* lowest that any readable entry behind the checkpoint was written with */
};

typedef enum { JOURNAL_ARCHIVE, JOURNAL_DROP } journal_policy_t;

typedef struct {
    const char *directory; /* made when absent; archived segments go to its folder "archive" */
    uint8_t site[16];
    uint32_t partition, partitions, apply_version;
    size_t segment_bytes; /* 0 for the default, 64 MiB */
    journal_policy_t policy;
    bool inline_io;    /* no thread: an append has ended when append() returns */
    bool read_only;    /* for looking, also beside an owner */
    bool begin_behind; /* no journal there: begin one behind the checkpoint, as a backup does */
    void (*fatal)(void *argument, const char *what);
    void *argument;
} journal_file_options_t;

/* The local backend: segments of a directory. `checkpoint` and `chain` are the sequence number and
 * chain value of the state's checkpoint: the entry behind it must chain on. A torn tail is cut,
 * damage before the tail, a gap, or another site or count refuses. 0, or -1 with `error` that says
 * what to do. */
int journal_file_open(journal_t **self_p, const journal_file_options_t *options,
                      uint64_t checkpoint, const uint8_t chain[JOURNAL_CHAIN_SIZE], char *error);

#endif
