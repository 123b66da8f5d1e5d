/* rows - see rows.h for the contract: writing a checkpoint. */
#include "store/crc32c.h"
#include "store/refuse.h"
#include "store/rows_env.h"
#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>

enum { PAGE_SIZE = 4096, PAGES_SPARE = 256 };

static int
row_order(const void *left, const void *right)
{
    const row_t *a = left, *b = right;
    if (a->table != b->table)
        return a->table < b->table ? -1 : 1;
    size_t size = a->key_size < b->key_size ? a->key_size : b->key_size;
    return memcmp(a->key, b->key, size);
}

static bool
rows_no_room(int rc)
{
    return rc == ENOSPC || rc == EDQUOT || rc == EFBIG;
}

/* The bytes of all the pages that the batch can touch. */
static uint64_t
rows_need(const rows_batch_t *batch)
{
    return (batch->count + batch->count / 32 + batch->used / 1024 + PAGES_SPARE) * PAGE_SIZE;
}

/* Take room for `need` bytes behind the last page; false when the disk, a quota or the process's
 * limit on files does not have it. */
static bool
rows_take_room(rows_t *self, uint64_t need)
{
    MDB_envinfo info;
    mdb_filehandle_t fd;
    struct rlimit limit;
    if (mdb_env_info(self->env, &info) != 0 || mdb_env_get_fd(self->env, &fd) != 0)
        return true;
    off_t end = (off_t)((info.me_last_pgno + 1) * PAGE_SIZE);
    if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && (uint64_t)end + need > limit.rlim_cur)
        return false;
    return fallocate(fd, FALLOC_FL_KEEP_SIZE, end, (off_t)need) == 0 || !rows_no_room(errno);
}

/* Near the end of the disk the room for a commit is taken before anything is written. */
static bool
rows_room(rows_t *self, uint64_t need)
{
    struct statvfs disk;
    mdb_filehandle_t fd;
    if (mdb_env_get_fd(self->env, &fd) != 0 || fstatvfs(fd, &disk) != 0 ||
        disk.f_bavail * disk.f_frsize / 4 > need)
        return true;
    return rows_take_room(self, need);
}

static int
rows_put_row(MDB_cursor *cursor, const row_t *row, uint8_t *bytes)
{
    MDB_val key = { row->key_size, (void *)(uintptr_t)row->key };
    MDB_val value = { row->size, bytes };
    if (row->size == 0) {
        int rc = mdb_cursor_get(cursor, &key, &value, MDB_SET);
        if (rc == MDB_NOTFOUND)
            return 0;
        return rc != 0 ? rc : mdb_cursor_del(cursor, 0);
    }
    uint32_t crc = rows_crc(&key, bytes + ROW_CRC, row->size - ROW_CRC);
    memcpy(bytes, &crc, ROW_CRC);
    return mdb_cursor_put(cursor, &key, &value, 0);
}

/* Delete the reply blocks that were dropped; they are the lowest. */
static int
rows_drop_replies(rows_t *self, MDB_txn *txn, uint64_t first)
{
    MDB_cursor *cursor;
    MDB_val key, value;
    int rc = mdb_cursor_open(txn, self->tables[ROWS_REPLIES], &cursor);
    if (rc != 0)
        return rc;
    while ((rc = mdb_cursor_get(cursor, &key, &value, MDB_FIRST)) == 0) {
        uint64_t number;
        memcpy(&number, key.mv_data, sizeof number);
        if (be64toh(number) >= first)
            break;
        rc = mdb_cursor_del(cursor, 0);
        if (rc != 0)
            break;
    }
    mdb_cursor_close(cursor);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

/* Write the sorted rows, one cursor per database. */
static int
rows_write(rows_t *self, MDB_txn *txn, rows_batch_t *batch)
{
    MDB_cursor *cursors[ROWS_TABLES] = { NULL };
    int rc = 0;
    for (int i = 0; rc == 0 && i < ROWS_TABLES; i++)
        rc = mdb_cursor_open(txn, self->tables[i], &cursors[i]);
    for (size_t i = 0; rc == 0 && i < batch->count; i++) {
        const row_t *row = &batch->rows[i];
        rc = rows_put_row(cursors[row->table], row, batch->bytes + row->offset);
    }
    for (int i = 0; i < ROWS_TABLES; i++)
        if (cursors[i] != NULL)
            mdb_cursor_close(cursors[i]);
    if (rc == 0)
        rc = rows_drop_replies(self, txn, batch->replies_first);
    if (rc != 0)
        return rc;
    rows_stored_meta_t stored = self->stored;
    stored.sequence = batch->meta.sequence;
    stored.replies_bytes = batch->meta.replies_bytes;
    stored.apply_version = batch->meta.apply_version;
    memcpy(stored.chain, batch->meta.chain, sizeof stored.chain);
    return rows_write_meta(self, txn, &stored);
}

rows_result_t
rows_commit(rows_t *self, rows_batch_t *batch, char *error)
{
    MDB_txn *txn = NULL;
    assert(!self->read_only);
    uint64_t need = rows_need(batch);
    if (!rows_room(self, need))
        return ROWS_FULL;
    if (batch->count > 0)
        qsort(batch->rows, batch->count, sizeof *batch->rows, row_order);
    int rc = mdb_txn_begin(self->env, NULL, 0, &txn);
    if (rc == 0) {
        rc = rows_write(self, txn, batch);
        if (rc == 0)
            rc = mdb_txn_commit(txn); /* frees the transaction in any case */
        else
            mdb_txn_abort(txn);
    }
    if (rc == 0)
        return ROWS_DONE;
    if (rc == MDB_MAP_FULL)
        return ROWS_MAP_FULL;
    /* LMDB says EIO to a write that a full disk (or a quota) cut short. That write comes before the
     * sync and the meta page, so nothing is lost; a disk with room has really failed. */
    if (rows_no_room(rc) || (rc == EIO && !rows_take_room(self, need)))
        return ROWS_FULL;
    (void)refuse(error, "%s: the checkpoint failed: %s", self->directory, mdb_strerror(rc));
    return ROWS_FAILED;
}

void
rows_sizes(const rows_t *self, uint64_t *map_bytes, uint64_t *used_bytes)
{
    MDB_envinfo info;
    int rc = mdb_env_info(self->env, &info);
    assert(rc == 0);
    *map_bytes = info.me_mapsize;
    *used_bytes = (uint64_t)(info.me_last_pgno + 1) * PAGE_SIZE;
}

int
rows_grow(rows_t *self, bool now, char *error)
{
    uint64_t map, used;
    rows_sizes(self, &map, &used);
    if (!now && used <= map / 4 * 3)
        return 0;
    int rc = mdb_env_set_mapsize(self->env, map * 2);
    return rc == 0 ? 0
                   : refuse(error, "%s: the map cannot grow to %llu bytes: %s", self->directory,
                            (unsigned long long)map * 2, mdb_strerror(rc));
}
