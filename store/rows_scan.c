/* rows - see rows.h for the contract: going over everything. */
#include "store/refuse.h"
#include "store/rows_env.h"
#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* ---- one table ---- */

typedef int rows_each_fn(void *argument, const MDB_val *key, const MDB_val *value, char *error);

/* Name the place: the record, where the key still says which. */
static int
rows_damaged(const rows_t *self, const char *table, uint64_t row, const MDB_val *key, char *error)
{
    if (key->mv_size < ROW_KEY_SIZE)
        return refuse(error, "%s: damaged: %s, row %llu; restore from a backup", self->directory,
                      table, (unsigned long long)row);
    state_key_t at = rows_parse_key(key->mv_data);
    return refuse(
        error, "%s: damaged: %s, row %llu: space %llu, record %c %llu; restore from a backup",
        self->directory, table, (unsigned long long)row, (unsigned long long)at.space,
        at.table >= 'A' && at.table <= 'Z' ? at.table : '?', (unsigned long long)at.number);
}

/* Visit the rows of a table, checking each checksum and the key's size. */
static int
rows_each(rows_t *self, MDB_txn *txn, rows_table_t table, size_t key_size, rows_each_fn *visit,
          void *argument, char *error)
{
    static const char *const names[ROWS_TABLES] = { "records", "timers", "replies" };
    MDB_cursor *cursor;
    MDB_val key, value;
    int rc = mdb_cursor_open(txn, self->tables[table], &cursor);
    if (rc != 0)
        return refuse(error, "%s: cannot be read: %s", self->directory, mdb_strerror(rc));
    uint64_t row = 0;
    int result = 0;
    while (result == 0 && (rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
        if (key.mv_size != key_size || !rows_sound(&key, &value, 1))
            result = rows_damaged(self, names[table], row, &key, error);
        else
            result = visit(argument, &key, &value, error);
        row++;
    }
    mdb_cursor_close(cursor);
    if (result == 0 && rc != MDB_NOTFOUND)
        return refuse(error, "%s: cannot be read: %s", self->directory, mdb_strerror(rc));
    return result;
}

static int
rows_all(rows_t *self, rows_table_t table, size_t key_size, rows_each_fn *visit, void *argument,
         char *error)
{
    MDB_txn *txn;
    if (rows_begin(self, &txn, error) != 0)
        return -1;
    int rc = rows_each(self, txn, table, key_size, visit, argument, error);
    mdb_txn_abort(txn);
    return rc;
}

typedef struct {
    rows_timer_fn *timer;
    rows_reply_fn *reply;
    void *argument;
} rows_caller_t;

static int
rows_each_timer(void *argument, const MDB_val *key, const MDB_val *value, char *error)
{
    const rows_caller_t *caller = argument;
    int64_t due_ms;
    if (value->mv_size != ROW_CRC + sizeof due_ms)
        return refuse(error, "a due time has %zu bytes; restore from a backup", value->mv_size);
    memcpy(&due_ms, (const uint8_t *)value->mv_data + ROW_CRC, sizeof due_ms);
    return caller->timer(caller->argument, rows_parse_key(key->mv_data), due_ms);
}

int
rows_timers(rows_t *self, rows_timer_fn *visit, void *argument, char *error)
{
    rows_caller_t caller = { .timer = visit, .argument = argument };
    return rows_all(self, ROWS_TIMERS, ROW_KEY_SIZE, rows_each_timer, &caller, error);
}

static int
rows_each_reply(void *argument, const MDB_val *key, const MDB_val *value, char *error)
{
    const rows_caller_t *caller = argument;
    uint64_t number;
    (void)error;
    memcpy(&number, key->mv_data, sizeof number);
    return caller->reply(caller->argument, be64toh(number),
                         (const uint8_t *)value->mv_data + ROW_CRC, value->mv_size - ROW_CRC);
}

int
rows_replies(rows_t *self, rows_reply_fn *visit, void *argument, char *error)
{
    rows_caller_t caller = { .reply = visit, .argument = argument };
    return rows_all(self, ROWS_REPLIES, sizeof(uint64_t), rows_each_reply, &caller, error);
}

/* ---- whole records with their due times ---- */

typedef struct {
    state_visit_fn *visit;
    void *argument;
    const char *directory;
    MDB_cursor *timers; /* runs along: both tables are in key order */
    MDB_val timer_key, timer_value;
    bool timer;
    uint8_t key[ROW_PIECE_SIZE]; /* of the next piece */
    uint32_t size, filled;       /* of the record being put together; size 0: none */
    uint8_t bytes[STATE_RECORD_MAX];
} rows_whole_t;

static int
rows_next_timer(rows_whole_t *whole, char *error)
{
    int rc = mdb_cursor_get(whole->timers, &whole->timer_key, &whole->timer_value, MDB_NEXT);
    if (rc != 0 && rc != MDB_NOTFOUND)
        return refuse(error, "%s: cannot be read: %s", whole->directory, mdb_strerror(rc));
    whole->timer = rc == 0;
    if (whole->timer && (whole->timer_key.mv_size != ROW_KEY_SIZE ||
                         whole->timer_value.mv_size != ROW_CRC + sizeof(int64_t) ||
                         !rows_sound(&whole->timer_key, &whole->timer_value, 0)))
        return refuse(error, "%s: damaged: timers; restore from a backup", whole->directory);
    return 0;
}

static int
rows_lost_timer(const rows_whole_t *whole, char *error)
{
    state_key_t at = rows_parse_key(whole->timer_key.mv_data);
    return refuse(error,
                  "%s: damaged: timers, space %llu, table %u, number %llu has no record; restore "
                  "from a backup",
                  whole->directory, (unsigned long long)at.space, at.table,
                  (unsigned long long)at.number);
}

/* A record is complete: find its due time and hand it on. */
static int
rows_hand_on(rows_whole_t *whole, char *error)
{
    int64_t due_ms = 0;
    if (whole->timer) {
        int order = memcmp(whole->timer_key.mv_data, whole->key, ROW_KEY_SIZE);
        if (order < 0)
            return rows_lost_timer(whole, error);
        if (order == 0) {
            memcpy(&due_ms, (uint8_t *)whole->timer_value.mv_data + ROW_CRC, sizeof due_ms);
            if (rows_next_timer(whole, error) != 0)
                return -1;
        }
    }
    uint32_t size = whole->size;
    whole->size = 0;
    return whole->visit(whole->argument, rows_parse_key(whole->key), whole->bytes, size, due_ms);
}

static int
rows_each_piece(void *argument, const MDB_val *key, const MDB_val *value, char *error)
{
    rows_whole_t *whole = argument;
    const uint8_t *from = (const uint8_t *)value->mv_data + ROW_CRC;
    size_t size = value->mv_size - ROW_CRC;
    state_key_t at = rows_parse_key(key->mv_data);
    bool sound = true;
    if (whole->size == 0) {
        sound = size > ROW_SIZE;
        if (sound) {
            memcpy(&whole->size, from, ROW_SIZE);
            from += ROW_SIZE;
            size -= ROW_SIZE;
            whole->filled = 0;
            rows_piece_key(whole->key, at, 0);
            sound = whole->size > 0 && whole->size <= STATE_RECORD_MAX;
        }
    }
    uint32_t left = whole->size - whole->filled;
    sound = sound && memcmp(key->mv_data, whole->key, ROW_PIECE_SIZE) == 0 &&
            size == (left < STATE_PIECE_SIZE ? left : STATE_PIECE_SIZE);
    if (!sound)
        return refuse(error,
                      "%s: damaged: records, space %llu, table %u, number %llu; restore from a "
                      "backup",
                      whole->directory, (unsigned long long)at.space, at.table,
                      (unsigned long long)at.number);
    memcpy(whole->bytes + whole->filled, from, size);
    whole->filled += (uint32_t)size;
    rows_piece_key(whole->key, at, whole->filled / STATE_PIECE_SIZE);
    return whole->filled < whole->size ? 0 : rows_hand_on(whole, error);
}

/* Visit within a transaction that the caller has begun. */
static int
rows_visit_in(rows_t *self, MDB_txn *txn, state_visit_fn *visit, void *argument, char *error)
{
    rows_whole_t *whole = calloc(1, sizeof *whole);
    if (whole == NULL)
        return refuse(error, "out of memory");
    whole->visit = visit;
    whole->argument = argument;
    whole->directory = self->directory;
    int rc = mdb_cursor_open(txn, self->tables[ROWS_TIMERS], &whole->timers);
    if (rc != 0) {
        free(whole);
        return refuse(error, "%s: cannot be read: %s", self->directory, mdb_strerror(rc));
    }
    rc = rows_next_timer(whole, error);
    if (rc == 0)
        rc = rows_each(self, txn, ROWS_RECORDS, ROW_PIECE_SIZE, rows_each_piece, whole, error);
    if (rc == 0 && whole->size != 0)
        rc = refuse(error, "%s: damaged: the last record is cut; restore from a backup",
                    self->directory);
    if (rc == 0 && whole->timer)
        rc = rows_lost_timer(whole, error);
    mdb_cursor_close(whole->timers);
    free(whole);
    return rc;
}

int
rows_visit(rows_t *self, state_visit_fn *visit, void *argument, char *error)
{
    MDB_txn *txn;
    if (rows_begin(self, &txn, error) != 0)
        return -1;
    int rc = rows_visit_in(self, txn, visit, argument, error);
    mdb_txn_abort(txn);
    return rc;
}

/* ---- the digest ---- */

static void
rows_hash(crypto_generichash_state *hash, const void *data, size_t size)
{
    int rc = crypto_generichash_update(hash, data, size);
    assert(rc == 0);
}

static int
rows_hash_record(void *argument, state_key_t key, const void *data, size_t size, int64_t due_ms)
{
    uint64_t head[5] = { key.space, key.table, key.number, size, (uint64_t)due_ms };
    rows_hash(argument, head, sizeof head);
    rows_hash(argument, data, size);
    return 0;
}

static int
rows_hash_reply(void *argument, const MDB_val *key, const MDB_val *value, char *error)
{
    uint64_t head[2] = { 0, value->mv_size };
    (void)error;
    memcpy(head, key->mv_data, sizeof *head);
    rows_hash(argument, head, sizeof head);
    rows_hash(argument, (const uint8_t *)value->mv_data + ROW_CRC, value->mv_size - ROW_CRC);
    return 0;
}

int
rows_digest(rows_t *self, uint8_t digest[32], char *error)
{
    crypto_generichash_state hash;
    MDB_txn *txn;
    rows_stored_meta_t stored = { 0 };
    int rc = crypto_generichash_init(&hash, NULL, 0, 32);
    assert(rc == 0);
    if (rows_begin(self, &txn, error) != 0)
        return -1;
    rc = rows_read_meta(self, txn, &stored, error);
    if (rc == 1)
        rc = refuse(error, "%s: there is no state here", self->directory);
    if (rc == 0) {
        rows_hash(&hash, &stored, sizeof stored);
        rc = rows_visit_in(self, txn, rows_hash_record, &hash, error);
    }
    if (rc == 0)
        rc = rows_each(self, txn, ROWS_REPLIES, sizeof(uint64_t), rows_hash_reply, &hash, error);
    mdb_txn_abort(txn);
    if (rc == 0) {
        rc = crypto_generichash_final(&hash, digest, 32);
        assert(rc == 0);
    }
    return rc;
}

int
rows_copy(rows_t *self, const char *to, char *error)
{
    int rc = mdb_env_copy2(self->env, to, MDB_CP_COMPACT);
    return rc == 0 ? 0
                   : refuse(error, "%s: cannot be copied to %s: %s", self->directory, to,
                            mdb_strerror(rc));
}
