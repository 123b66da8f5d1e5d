/* rows - see rows.h for the contract: opening, and reading one record. */
#include "store/rows.h"
#include "store/crc32c.h"
#include "store/folder.h"
#include "store/refuse.h"
#include "store/rows_env.h"
#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ROWS_FORMAT = 1, ROWS_READERS = 64 };
#define MAP_DEFAULT  (UINT64_C(1) << 30)
#define MAP_HEADROOM (UINT64_C(64) << 20)

static const char *const table_names[ROWS_TABLES] = { "records", "timers", "replies" };
static char meta_key[] = "state";

void
rows_key(uint8_t key[ROW_KEY_SIZE], state_key_t at)
{
    uint64_t space = htobe64(at.space), number = htobe64(at.number);
    memcpy(key, &space, 8);
    key[8] = at.table;
    memcpy(key + 9, &number, 8);
}

void
rows_piece_key(uint8_t key[ROW_PIECE_SIZE], state_key_t at, uint32_t piece)
{
    rows_key(key, at);
    key[17] = (uint8_t)(piece >> 8);
    key[18] = (uint8_t)piece;
}

state_key_t
rows_parse_key(const void *key)
{
    const uint8_t *at = key;
    uint64_t space, number;
    memcpy(&space, at, 8);
    memcpy(&number, at + 9, 8);
    return (state_key_t){ be64toh(space), be64toh(number), at[8] };
}

uint32_t
rows_crc(const MDB_val *key, const void *after, size_t size)
{
    return crc32c(crc32c(0, key->mv_data, key->mv_size), after, size);
}

bool
rows_sound(const MDB_val *key, const MDB_val *value, size_t least)
{
    uint32_t crc;
    if (value->mv_size < ROW_CRC + least)
        return false;
    memcpy(&crc, value->mv_data, ROW_CRC);
    return crc ==
           rows_crc(key, (const uint8_t *)value->mv_data + ROW_CRC, value->mv_size - ROW_CRC);
}

int
rows_begin(rows_t *self, MDB_txn **txn, char *error)
{
    int rc = mdb_txn_begin(self->env, NULL, MDB_RDONLY, txn);
    if (rc == MDB_MAP_RESIZED) { /* the owner, another process, has grown it */
        rc = mdb_env_set_mapsize(self->env, 0);
        if (rc == 0)
            rc = mdb_txn_begin(self->env, NULL, MDB_RDONLY, txn);
    }
    return rc == 0 ? 0 : refuse(error, "%s: cannot be read: %s", self->directory, mdb_strerror(rc));
}

/* ---- the meta row ---- */

int
rows_read_meta(rows_t *self, MDB_txn *txn, rows_stored_meta_t *stored, char *error)
{
    MDB_val key = { sizeof meta_key - 1, meta_key }, value;
    int rc = mdb_get(txn, self->meta, &key, &value);
    if (rc == MDB_NOTFOUND)
        return 1;
    if (rc != 0)
        return refuse(error, "%s: cannot be read: %s", self->directory, mdb_strerror(rc));
    if (value.mv_size != sizeof *stored || !rows_sound(&key, &value, 0))
        return refuse(error, "%s: the row \"state\" of meta is damaged; restore from a backup",
                      self->directory);
    memcpy(stored, value.mv_data, sizeof *stored);
    return 0;
}

int
rows_write_meta(rows_t *self, MDB_txn *txn, rows_stored_meta_t *stored)
{
    MDB_val key = { sizeof meta_key - 1, meta_key }, value = { sizeof *stored, stored };
    stored->crc = rows_crc(&key, (const uint8_t *)stored + ROW_CRC, sizeof *stored - ROW_CRC);
    return mdb_put(txn, self->meta, &key, &value, 0);
}

static int
rows_check_identity(const rows_t *self, const state_options_t *options, char *error)
{
    const rows_stored_meta_t *stored = &self->stored;
    if (stored->format != ROWS_FORMAT)
        return refuse(error, "%s: state format %u is not format %d, which this program writes",
                      self->directory, stored->format, ROWS_FORMAT);
    if (memcmp(stored->site, options->site, sizeof stored->site) != 0)
        return refuse(error, "%s: the state belongs to another site", self->directory);
    if (stored->partition != options->partition || stored->partitions != options->partitions)
        return refuse(error,
                      "%s: the state is of partition %u of %u, not %u of %u; the partition count "
                      "of a site is fixed when it is made",
                      self->directory, stored->partition, stored->partitions, options->partition,
                      options->partitions);
    return 0;
}

/* ---- opening ---- */

static uint64_t
rows_first_map(const rows_t *self, const state_options_t *options)
{
    char path[sizeof self->directory + 16];
    struct stat status;
    uint64_t map = options->map_bytes ? options->map_bytes : MAP_DEFAULT, least = 0;
    (void)snprintf(path, sizeof path, "%s/data.mdb", self->directory);
    if (stat(path, &status) == 0)
        least = (uint64_t)status.st_size / 3 * 4 + (options->map_bytes ? 0 : MAP_HEADROOM);
    map = map > least ? map : least;
    return (map + 65535) / 65536 * 65536;
}

static int
rows_open_env(rows_t *self, const state_options_t *options, char *error)
{
    unsigned flags = MDB_NOTLS | (self->read_only ? MDB_RDONLY : 0);
    int rc = mdb_env_create(&self->env), dead;
    if (rc == 0)
        rc = mdb_env_set_mapsize(self->env, rows_first_map(self, options));
    if (rc == 0)
        rc = mdb_env_set_maxdbs(self->env, ROWS_TABLES + 1);
    if (rc == 0)
        rc = mdb_env_set_maxreaders(self->env, ROWS_READERS);
    if (rc == 0)
        rc = mdb_env_open(self->env, self->directory, flags, 0600);
    if (rc == ENOENT && self->read_only)
        return refuse(error, "%s: there is no state here", self->directory);
    if (rc != 0)
        return refuse(error, "%s: cannot be opened: %s; if it is damaged, restore from a backup",
                      self->directory, mdb_strerror(rc));
    rc = mdb_reader_check(self->env, &dead);
    return rc == 0 ? 0 : refuse(error, "%s: reader table: %s", self->directory, mdb_strerror(rc));
}

/* Open the databases within `txn`, making them when absent. */
static int
rows_open_tables(rows_t *self, MDB_txn *txn, char *error)
{
    unsigned flags = self->read_only ? 0 : MDB_CREATE;
    int rc = mdb_dbi_open(txn, "meta", flags, &self->meta);
    for (int i = 0; rc == 0 && i < ROWS_TABLES; i++)
        rc = mdb_dbi_open(txn, table_names[i], flags, &self->tables[i]);
    return rc == 0 ? 0
                   : refuse(error, "%s: the databases cannot be opened: %s", self->directory,
                            mdb_strerror(rc));
}

/* Find the databases and the meta row, or make them, in one transaction. */
static int
rows_found(rows_t *self, const state_options_t *options, const rows_meta_t *meta, char *error)
{
    MDB_txn *txn = NULL;
    int rc = mdb_txn_begin(self->env, NULL, self->read_only ? MDB_RDONLY : 0, &txn);
    if (rc != 0)
        return refuse(error, "%s: cannot be read: %s", self->directory, mdb_strerror(rc));
    rc = rows_open_tables(self, txn, error);
    if (rc == 0)
        rc = rows_read_meta(self, txn, &self->stored, error);
    if (rc == 1 && self->read_only)
        rc = refuse(error, "%s: there is no state here", self->directory);
    if (rc == 1) {
        self->stored = (rows_stored_meta_t){ .format = ROWS_FORMAT,
                                             .partition = options->partition,
                                             .partitions = options->partitions,
                                             .apply_version = meta->apply_version,
                                             .replies_bytes = meta->replies_bytes };
        memcpy(self->stored.site, options->site, sizeof self->stored.site);
        rc = rows_write_meta(self, txn, &self->stored);
        if (rc != 0)
            rc = refuse(error, "%s: cannot be made: %s", self->directory, mdb_strerror(rc));
    }
    if (rc == 0)
        rc = rows_check_identity(self, options, error);
    if (rc != 0) {
        mdb_txn_abort(txn);
        return -1;
    }
    rc = mdb_txn_commit(txn);
    return rc == 0 ? 0 : refuse(error, "%s: cannot be made: %s", self->directory, mdb_strerror(rc));
}

/* What was read counts as a checkpoint from now on, so it must be on disk, names included: whoever
 * wrote it may have died before its sync. */
static int
rows_settle(rows_t *self, char *error)
{
    if (self->read_only)
        return 0;
    int rc = mdb_env_sync(self->env, 1);
    if (rc == 0 && folder_sync(self->directory) != 0)
        rc = errno;
    return rc == 0
               ? 0
               : refuse(error, "%s: cannot be made durable: %s", self->directory, mdb_strerror(rc));
}

static int
rows_open_reader(rows_t *self, char *error)
{
    if (rows_begin(self, &self->reader, error) != 0)
        return -1;
    int rc = mdb_cursor_open(self->reader, self->tables[ROWS_RECORDS], &self->cursor);
    if (rc != 0)
        return refuse(error, "%s: cannot be read: %s", self->directory, mdb_strerror(rc));
    mdb_txn_reset(self->reader);
    return 0;
}

/* An environment is made in the folder "draft" and moved to its place when it is durable: one that
 * a power loss cut off while it was made would be taken for a damaged one for ever. */
static int
rows_make(const rows_t *self, const state_options_t *options, const rows_meta_t *meta, char *error)
{
    char folder[sizeof self->directory + 8], data[sizeof folder + 16], lock[sizeof folder + 16],
        place[sizeof folder + 16];
    rows_t draft = { .owner_fd = -1 };
    (void)snprintf(folder, sizeof folder, "%s/draft", self->directory);
    (void)snprintf(data, sizeof data, "%s/data.mdb", folder);
    (void)snprintf(lock, sizeof lock, "%s/lock.mdb", folder);
    (void)snprintf(place, sizeof place, "%s/data.mdb", self->directory);
    if (strlen(folder) >= sizeof draft.directory)
        return refuse(error, "%s: the path is too long", folder);
    (void)snprintf(draft.directory, sizeof draft.directory, "%s", folder);
    if (access(place, F_OK) == 0)
        return 0;
    (void)unlink(data);
    if (mkdir(folder, 0700) != 0 && errno != EEXIST)
        return refuse(error, "%s: %s", folder, strerror(errno));
    int rc = rows_open_env(&draft, options, error);
    if (rc == 0)
        rc = rows_found(&draft, options, meta, error);
    if (rc == 0 && mdb_env_sync(draft.env, 1) != 0)
        rc = refuse(error, "%s: cannot be made durable", folder);
    if (draft.env != NULL)
        mdb_env_close(draft.env);
    if (rc == 0 && (rename(data, place) != 0 || folder_sync(self->directory) != 0))
        rc = refuse(error, "%s: cannot be made: %s", place, strerror(errno));
    if (rc != 0)
        return -1;
    (void)unlink(lock);
    (void)rmdir(folder);
    return 0;
}

int
rows_open(rows_t **self_p, const state_options_t *options, rows_meta_t *meta, char *error)
{
    rows_t *self = *self_p = calloc(1, sizeof *self);
    if (self == NULL)
        return refuse(error, "out of memory");
    self->owner_fd = -1;
    self->read_only = options->read_only;
    int rc = 0;
    if (strlen(options->directory) >= sizeof self->directory)
        rc = refuse(error, "%s: the path is too long", options->directory);
    (void)snprintf(self->directory, sizeof self->directory, "%s", options->directory);
    if (rc == 0 && !self->read_only) {
        rc = folder_make(self->directory, error);
        if (rc == 0)
            self->owner_fd = folder_own(self->directory, "state", error);
        rc = self->owner_fd < 0 ? -1 : rows_make(self, options, meta, error);
    }
    if (rc != 0 || rows_open_env(self, options, error) != 0 ||
        rows_found(self, options, meta, error) != 0 || rows_settle(self, error) != 0 ||
        rows_open_reader(self, error) != 0) {
        rows_close(self_p);
        return -1;
    }
    meta->sequence = self->stored.sequence;
    meta->replies_bytes = self->stored.replies_bytes;
    meta->apply_version = self->stored.apply_version;
    memcpy(meta->chain, self->stored.chain, sizeof meta->chain);
    return 0;
}

void
rows_close(rows_t **self_p)
{
    rows_t *self = *self_p;
    if (self == NULL)
        return;
    *self_p = NULL;
    if (self->cursor != NULL)
        mdb_cursor_close(self->cursor);
    if (self->reader != NULL)
        mdb_txn_abort(self->reader);
    if (self->env != NULL)
        mdb_env_close(self->env);
    if (self->owner_fd >= 0)
        (void)close(self->owner_fd);
    free(self);
}

/* ---- reading one record ---- */

static int
rows_damage(const rows_t *self, state_key_t key, uint32_t piece, char *error)
{
    return refuse(error,
                  "%s: damaged: records, space %llu, table %c, number %llu, piece %u; restore from "
                  "a backup",
                  self->directory, (unsigned long long)key.space,
                  key.table >= ' ' && key.table < 127 ? key.table : '?',
                  (unsigned long long)key.number, piece);
}

/* The pieces of the record, one after the other, from the reader's cursor. */
static int
rows_read_pieces(rows_t *self, state_key_t at, rows_place_fn *place, void *argument, char *error)
{
    uint8_t bytes[ROW_PIECE_SIZE], *to = NULL;
    uint32_t size = 0;
    for (uint32_t piece = 0; piece == 0 || piece * STATE_PIECE_SIZE < size; piece++) {
        rows_piece_key(bytes, at, piece);
        MDB_val key = { sizeof bytes, bytes }, value;
        int rc = mdb_cursor_get(self->cursor, &key, &value, piece == 0 ? MDB_SET_KEY : MDB_NEXT);
        if (rc == MDB_NOTFOUND && piece == 0)
            return 1;
        if (rc != 0 && rc != MDB_NOTFOUND)
            return refuse(error, "%s: cannot be read: %s", self->directory, mdb_strerror(rc));
        size_t skip = ROW_CRC + (piece == 0 ? ROW_SIZE : 0);
        if (rc == MDB_NOTFOUND || key.mv_size != sizeof bytes ||
            memcmp(key.mv_data, bytes, sizeof bytes) != 0 ||
            !rows_sound(&key, &value, skip - ROW_CRC))
            return rows_damage(self, at, piece, error);
        if (piece == 0) {
            memcpy(&size, (uint8_t *)value.mv_data + ROW_CRC, ROW_SIZE);
            if (size == 0 || size > STATE_RECORD_MAX)
                return rows_damage(self, at, piece, error);
            to = place(argument, size);
            if (to == NULL)
                return refuse(error, "out of memory");
        }
        size_t left = size - piece * STATE_PIECE_SIZE;
        size_t want = left < STATE_PIECE_SIZE ? left : STATE_PIECE_SIZE;
        if (value.mv_size - skip != want)
            return rows_damage(self, at, piece, error);
        memcpy(to + (size_t)piece * STATE_PIECE_SIZE, (uint8_t *)value.mv_data + skip, want);
    }
    return 0;
}

int
rows_read(rows_t *self, state_key_t key, rows_place_fn *place, void *argument, char *error)
{
    int rc = mdb_txn_renew(self->reader);
    if (rc == MDB_MAP_RESIZED) {
        rc = mdb_env_set_mapsize(self->env, 0);
        if (rc == 0)
            rc = mdb_txn_renew(self->reader);
    }
    if (rc == 0)
        rc = mdb_cursor_renew(self->reader, self->cursor);
    if (rc != 0)
        return refuse(error, "%s: cannot be read: %s", self->directory, mdb_strerror(rc));
    rc = rows_read_pieces(self, key, place, argument, error);
    mdb_txn_reset(self->reader);
    return rc;
}
