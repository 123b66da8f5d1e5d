/* rows_env - what rows.c, rows_commit.c and rows_scan.c share. */
#ifndef ROWS_ENV_H
#define ROWS_ENV_H
#include "store/rows.h"
#include <lmdb.h>

/* The value of the one row of "meta", under the key "state". */
typedef struct {
    uint32_t crc, format;
    uint8_t site[16];
    uint32_t partition, partitions;
    uint32_t apply_version, reserved;
    uint64_t sequence, replies_bytes;
    uint8_t chain[16];
} rows_stored_meta_t;
_Static_assert(sizeof(rows_stored_meta_t) == 72, "the meta row is stored as it is");

struct rows {
    MDB_env *env;
    MDB_dbi meta, tables[ROWS_TABLES];
    MDB_txn *reader; /* reset between uses */
    MDB_cursor *cursor;
    int owner_fd;
    bool read_only;
    char directory[2048];
    rows_stored_meta_t stored; /* identity; the rest as of the last commit begun */
};

/* Begin to read the last commit: a transaction that the caller aborts. 0, or -1 with `error`. */
int rows_begin(rows_t *self, MDB_txn **txn, char *error);
/* The checksum of a row: over its key and what follows the checksum in its value. */
uint32_t rows_crc(const MDB_val *key, const void *after, size_t size);
/* Is the value's checksum right, and are there at least `least` bytes behind it? */
bool rows_sound(const MDB_val *key, const MDB_val *value, size_t least);
/* Read and check the meta row. 0, 1 when it is absent, or -1 with `error`. */
int rows_read_meta(rows_t *self, MDB_txn *txn, rows_stored_meta_t *stored, char *error);
int rows_write_meta(rows_t *self, MDB_txn *txn, rows_stored_meta_t *stored);
#endif
