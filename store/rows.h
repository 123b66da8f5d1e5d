/* rows - the LMDB environment of a partition: the one place that includes lmdb.h.
 *
 * Named databases: meta, records (a row per piece), timers, replies; docs/storage.md has their
 * bytes. Everything but rows_commit() is for the owner's thread; rows_commit() may run in another
 * one meanwhile, but not while rows_grow() runs. */
#ifndef ROWS_H
#define ROWS_H
#include "store/state.h"

enum {
    ROW_KEY_SIZE = 17,   /* space, table, number, big endian */
    ROW_PIECE_SIZE = 19, /* the same and the piece's number */
    ROW_CRC = 4,         /* in front of every value */
    ROW_SIZE = 4,        /* in front of piece 0's bytes: the record's size */
};

typedef struct {
    uint64_t sequence, replies_bytes;
    uint8_t chain[16];
    uint32_t apply_version;
} rows_meta_t;

typedef enum { ROWS_RECORDS, ROWS_TIMERS, ROWS_REPLIES, ROWS_TABLES } rows_table_t;

/* One row to write: the value lies in the batch's bytes at `offset`, its first ROW_CRC bytes still
 * to be filled in. size 0 deletes the row. */
typedef struct {
    uint8_t key[ROW_PIECE_SIZE];
    uint8_t key_size, table;
    uint32_t size;
    size_t offset;
} row_t;

typedef struct {
    rows_meta_t meta;
    row_t *rows;
    size_t count, room;
    uint8_t *bytes;
    size_t used, bytes_room;
    uint64_t replies_first; /* reply blocks below are deleted */
} rows_batch_t;

typedef enum {
    ROWS_DONE,     /* durable */
    ROWS_MAP_FULL, /* nothing changed: grow the map and try again */
    ROWS_FULL,     /* nothing changed: the disk is full */
    ROWS_FAILED,   /* a fault; what is on disk is the commit before, or this one */
} rows_result_t;

typedef struct rows rows_t;

void rows_key(uint8_t key[ROW_KEY_SIZE], state_key_t at);
void rows_piece_key(uint8_t key[ROW_PIECE_SIZE], state_key_t at, uint32_t piece);
state_key_t rows_parse_key(const void *key);

/* Open, or make with `meta` when absent; fills `meta`. 0, or -1 with `error`. */
int rows_open(rows_t **self_p, const state_options_t *options, rows_meta_t *meta, char *error);
void rows_close(rows_t **self_p);

/* Read a record: calls `place` with its size to get room for it. Returns 1 when there is none, 0,
 * or -1 with `error`. */
typedef void *rows_place_fn(void *argument, uint32_t size);
int rows_read(rows_t *self, state_key_t key, rows_place_fn *place, void *argument, char *error);
/* Visit the due times, the reply blocks. 0, or -1 with `error`; a visitor's non-zero result is
 * returned. */
typedef int rows_timer_fn(void *argument, state_key_t key, int64_t due_ms);
int rows_timers(rows_t *self, rows_timer_fn *visit, void *argument, char *error);
typedef int rows_reply_fn(void *argument, uint64_t number, const void *data, size_t size);
int rows_replies(rows_t *self, rows_reply_fn *visit, void *argument, char *error);
/* As state_visit(), state_digest(), state_copy(). */
int rows_visit(rows_t *self, state_visit_fn *visit, void *argument, char *error);
int rows_digest(rows_t *self, uint8_t digest[32], char *error);
int rows_copy(rows_t *self, const char *to, char *error);

/* Sort the batch and write it in one durable transaction. `error` is filled with ROWS_FAILED. */
rows_result_t rows_commit(rows_t *self, rows_batch_t *batch, char *error);
/* Grow the map when it is three quarters full, or with `now` in any case. 0, or -1. */
int rows_grow(rows_t *self, bool now, char *error);
void rows_sizes(const rows_t *self, uint64_t *map_bytes, uint64_t *used_bytes);
#endif
