/* batch - see batch.h for the contract. */
#include "store/batch.h"
#include <assert.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS_FIRST = 1024, BYTES_FIRST = 1024 * 1024 };

/* A row more; its value's bytes, or NULL when memory is short. size 0 deletes the row. */
static uint8_t *
batch_row(rows_batch_t *batch, rows_table_t table, const uint8_t *key, size_t key_size, size_t size)
{
    if (batch->count == batch->room) {
        size_t room = batch->room ? batch->room * 2 : ROWS_FIRST;
        row_t *rows = realloc(batch->rows, room * sizeof *rows);
        if (rows == NULL)
            return NULL;
        batch->rows = rows;
        batch->room = room;
    }
    if (batch->used + size > batch->bytes_room || batch->bytes == NULL) {
        size_t room = batch->bytes_room ? batch->bytes_room * 2 : BYTES_FIRST;
        uint8_t *bytes = realloc(batch->bytes, room);
        if (bytes == NULL)
            return NULL;
        batch->bytes = bytes;
        batch->bytes_room = room;
    }
    row_t *row = &batch->rows[batch->count++];
    *row = (row_t){ .table = (uint8_t)table,
                    .key_size = (uint8_t)key_size,
                    .size = (uint32_t)size,
                    .offset = batch->used };
    memcpy(row->key, key, key_size);
    batch->used += size;
    return batch->bytes + row->offset;
}
_Static_assert(BYTES_FIRST > 2 * REPLIES_BLOCK, "doubling once makes room for any row");

static bool
batch_piece(rows_batch_t *batch, const record_t *record, uint32_t piece)
{
    uint8_t key[ROW_PIECE_SIZE];
    rows_piece_key(key, record->key, piece);
    uint32_t size = cache_piece_size(record->size, piece), skip = ROW_CRC;
    if (piece == 0)
        skip += ROW_SIZE;
    uint8_t *at = batch_row(batch, ROWS_RECORDS, key, sizeof key, skip + size);
    if (at == NULL)
        return false;
    if (piece == 0)
        memcpy(at + ROW_CRC, &record->size, ROW_SIZE);
    memcpy(at + skip, record->data + (size_t)piece * STATE_PIECE_SIZE, size);
    return true;
}

/* Delete the pieces from `first` on that the disk may hold. */
static bool
batch_delete_pieces(rows_batch_t *batch, const record_t *record, uint32_t first)
{
    for (uint32_t piece = first; piece < record->pieces; piece++) {
        uint8_t key[ROW_PIECE_SIZE];
        rows_piece_key(key, record->key, piece);
        if (batch_row(batch, ROWS_RECORDS, key, sizeof key, 0) == NULL)
            return false;
    }
    return true;
}

static bool
batch_due(rows_batch_t *batch, record_t *record)
{
    uint8_t key[ROW_KEY_SIZE];
    bool set = !record->gone && record->due_ms != 0;
    if (!set && !record->due_known)
        return true;
    rows_key(key, record->key);
    uint8_t *at =
        batch_row(batch, ROWS_TIMERS, key, sizeof key, set ? ROW_CRC + sizeof record->due_ms : 0);
    if (at == NULL)
        return false;
    if (set)
        memcpy(at + ROW_CRC, &record->due_ms, sizeof record->due_ms);
    record->due_known = set;
    return true;
}

static bool
batch_record(rows_batch_t *batch, cache_t *cache, record_t *record)
{
    if (record->gone) {
        cache_list(record, &cache->graves);
        return batch_delete_pieces(batch, record, 0) && batch_due(batch, record);
    }
    cache_list(record, NULL);
    for (; record->dirty != 0; record->dirty &= record->dirty - 1)
        if (!batch_piece(batch, record, (uint32_t)__builtin_ctzll(record->dirty)))
            return false;
    if (record->data != NULL) {
        uint32_t pieces = cache_pieces(record->size);
        if (!batch_delete_pieces(batch, record, pieces))
            return false;
        record->pieces = (uint16_t)pieces;
    }
    bool due_dirty = record->due_dirty;
    record->due_dirty = false;
    return !due_dirty || batch_due(batch, record);
}

typedef struct {
    rows_batch_t *batch;
    bool failed;
} batch_replies_t;

static void
batch_reply_block(void *argument, uint64_t number, const void *data, size_t size)
{
    batch_replies_t *into = argument;
    uint64_t key = htobe64(number);
    uint8_t *at =
        batch_row(into->batch, ROWS_REPLIES, (const uint8_t *)&key, sizeof key, ROW_CRC + size);
    into->failed = into->failed || at == NULL;
    if (at != NULL)
        memcpy(at + ROW_CRC, data, size);
}

bool
batch_collect(rows_batch_t *batch, cache_t *cache, replies_t *replies, uint64_t number)
{
    batch_replies_t into = { batch, false };
    batch->count = 0;
    batch->used = 0;
    while (cache->changed.head != NULL) {
        record_t *record = cache->changed.head;
        record->batch = number;
        if (!batch_record(batch, cache, record))
            return false;
    }
    cache->dirty_bytes = 0;
    replies_unsaved(replies, batch_reply_block, &into);
    batch->replies_first = replies_first_block(replies);
    replies_saved(replies);
    return !into.failed;
}

void
batch_take_back(const rows_batch_t *batch, cache_t *cache, replies_t *replies,
                uint64_t replies_from)
{
    for (size_t i = 0; i < batch->count; i++) {
        const row_t *row = &batch->rows[i];
        if (row->table == ROWS_REPLIES)
            continue;
        record_t *record = cache_find(cache, rows_parse_key(row->key));
        assert(record != NULL); /* it stays until a commit carries its batch */
        cache_list(record, &cache->changed);
        if (row->table == ROWS_TIMERS) {
            record->due_dirty = record->due_known = true;
            continue;
        }
        uint32_t piece = (uint32_t)row->key[17] << 8 | row->key[18];
        if (row->size == 0 && piece >= record->pieces)
            record->pieces = (uint16_t)(piece + 1);
        if (row->size != 0 && record->data != NULL && piece < cache_pieces(record->size))
            cache_mark(cache, record, (size_t)piece * STATE_PIECE_SIZE, 1);
    }
    replies_unsave(replies, replies_from);
}

void
batch_clear(rows_batch_t *batch)
{
    free(batch->rows);
    free(batch->bytes);
    *batch = (rows_batch_t){ .rows = NULL };
}
