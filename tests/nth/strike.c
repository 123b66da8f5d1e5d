/* strike - see strike.h for the contract. */
#include "tests/nth/strike.h"
#include "tests/nth/wrapped.h"
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HANDLES_MAX = 16 };

static strike_t strike;

typedef struct block block_t;
struct block {
    block_t *before, *after;
    size_t size;
    uint64_t mark;
};
#define BLOCK_MARK UINT64_C(0x5ad7c3b1e0f24968)
static block_t blocks = { &blocks, &blocks, 0, 0 };
static uint32_t block_count;

typedef enum { HANDLE_ENV, HANDLE_TXN, HANDLE_CURSOR } handle_kind_t;
static void *handles[HANDLES_MAX];
static handle_kind_t handle_kinds[HANDLES_MAX];

const char *
strike_name(strike_kind_t kind)
{
    static const char *const names[STRIKE_KINDS] = {
        [STRIKE_NOTHING] = "nothing",
        [STRIKE_MEMORY] = "allocations",
        [STRIKE_WRITE_EIO] = "writes, an error",
        [STRIKE_WRITE_FULL] = "writes, no room",
        [STRIKE_WRITE_SHORT] = "writes, cut short",
        [STRIKE_SIZE] = "changes of size",
        [STRIKE_SYNC] = "syncs",
        [STRIKE_NAMES] = "changes of names",
        [STRIKE_LMDB] = "calls of LMDB",
        [STRIKE_SEND] = "sends",
    };
    return names[kind];
}

void
strike_begin(strike_kind_t kind, uint64_t n)
{
    strike = (strike_t){ .kind = kind, .n = n };
}

const strike_t *
strike_now(void)
{
    return &strike;
}

bool
strike_hits(strike_kind_t kind, const char *what)
{
    strike.counts[kind]++;
    if (strike.kind != kind || strike.counts[kind] != strike.n)
        return false;
    strike.struck = true;
    (void)snprintf(strike.what, sizeof strike.what, "%s", what);
    return true;
}

disk_verdict_t
strike_watch(void *argument, const disk_op_t *op, int *trouble)
{
    (void)argument;
    *trouble = EIO;
    switch (op->kind) {
    case DISK_WRITE: {
        bool failed = strike_hits(STRIKE_WRITE_EIO, op->path);
        bool full = strike_hits(STRIKE_WRITE_FULL, op->path);
        if (strike_hits(STRIKE_WRITE_SHORT, op->path))
            return DISK_SHORT;
        if (full)
            *trouble = ENOSPC;
        return failed || full ? DISK_FAIL : DISK_GO;
    }
    case DISK_SYNC:
    case DISK_SYNC_DIR:
        return strike_hits(STRIKE_SYNC, op->path) ? DISK_FAIL : DISK_GO;
    case DISK_NAMES:
        *trouble = strike.n % 2 ? EIO : ENOSPC;
        return strike_hits(STRIKE_NAMES, op->path) ? DISK_FAIL : DISK_GO;
    case DISK_SIZE:
        *trouble = strike.n % 2 ? EIO : ENOSPC;
        return strike_hits(STRIKE_SIZE, op->path) ? DISK_FAIL : DISK_GO;
    case DISK_KINDS:
    default:
        return DISK_GO;
    }
}

/* ---- memory ---- */

static void *
strike_kept(block_t *block, size_t size)
{
    *block =
        (block_t){ .before = &blocks, .after = blocks.after, .size = size, .mark = BLOCK_MARK };
    block->after->before = block;
    blocks.after = block;
    block_count++;
    return block + 1;
}

static block_t *
strike_taken(void *memory)
{
    block_t *block = (block_t *)memory - 1;
    assert(block->mark == BLOCK_MARK);
    block->before->after = block->after;
    block->after->before = block->before;
    block->mark = 0;
    block_count--;
    return block;
}

static bool
strike_memory(const char *what)
{
    bool hit = strike_hits(STRIKE_MEMORY, what);
    if (hit)
        errno = ENOMEM;
    return hit;
}

void *
nth_malloc(size_t size)
{
    if (strike_memory("malloc"))
        return NULL;
    block_t *block = malloc(sizeof *block + size);
    assert(block);
    return strike_kept(block, size);
}

void *
nth_calloc(size_t count, size_t size)
{
    if (strike_memory("calloc"))
        return NULL;
    block_t *block = calloc(1, sizeof *block + count * size);
    assert(block);
    return strike_kept(block, count * size);
}

/* Always to another place, so that a pointer kept too long shows under the sanitizer. */
void *
nth_realloc(void *memory, size_t size)
{
    if (strike_memory("realloc"))
        return NULL;
    block_t *block = malloc(sizeof *block + size);
    assert(block);
    if (memory) {
        block_t *old = strike_taken(memory);
        memcpy(block + 1, memory, old->size < size ? old->size : size);
        free(old);
    }
    return strike_kept(block, size);
}

void
nth_free(void *memory)
{
    if (memory)
        free(strike_taken(memory));
}

/* ---- liblmdb ---- */

static void
strike_hold(void *handle, handle_kind_t kind)
{
    for (int i = 0; i < HANDLES_MAX; i++)
        if (!handles[i]) {
            handles[i] = handle;
            handle_kinds[i] = kind;
            return;
        }
    assert(!"too many handles of LMDB");
}

static void
strike_let_go(const void *handle)
{
    for (int i = 0; i < HANDLES_MAX; i++)
        if (handles[i] == handle)
            handles[i] = NULL;
}

/* One of the codes that the function can return, or 0. */
static int
strike_code(const char *what, const int codes[3])
{
    return strike_hits(STRIKE_LMDB, what) ? codes[strike.n % 3] : 0;
}

static const int memory_codes[3] = { ENOMEM, ENOMEM, ENOMEM };
static const int device_codes[3] = { EIO, ENOSPC, EIO };
static const int write_codes[3] = { MDB_MAP_FULL, MDB_TXN_FULL, ENOMEM };
static const int read_codes[3] = { EIO, MDB_CORRUPTED, MDB_PAGE_NOTFOUND };

#define STRIKE(codes)                                                                              \
    do {                                                                                           \
        int code = strike_code(__func__ + 4, codes);                                               \
        if (code != 0)                                                                             \
            return code;                                                                           \
    } while (0)

int
nth_mdb_env_create(MDB_env **env)
{
    STRIKE(memory_codes);
    int rc = mdb_env_create(env);
    if (rc == 0)
        strike_hold(*env, HANDLE_ENV);
    return rc;
}

void
nth_mdb_env_close(MDB_env *env)
{
    strike_let_go(env);
    mdb_env_close(env);
}

int
nth_mdb_env_open(MDB_env *env, const char *path, unsigned flags, mdb_mode_t mode)
{
    STRIKE(device_codes);
    return mdb_env_open(env, path, flags, mode);
}

int
nth_mdb_env_set_mapsize(MDB_env *env, size_t size)
{
    STRIKE(memory_codes);
    return mdb_env_set_mapsize(env, size);
}

int
nth_mdb_env_sync(MDB_env *env, int force)
{
    STRIKE(device_codes);
    return mdb_env_sync(env, force);
}

int
nth_mdb_reader_check(MDB_env *env, int *dead)
{
    STRIKE(memory_codes);
    return mdb_reader_check(env, dead);
}

int
nth_mdb_txn_begin(MDB_env *env, MDB_txn *parent, unsigned flags, MDB_txn **txn)
{
    STRIKE(memory_codes);
    int rc = mdb_txn_begin(env, parent, flags, txn);
    if (rc == 0)
        strike_hold(*txn, HANDLE_TXN);
    return rc;
}

int
nth_mdb_txn_renew(MDB_txn *txn)
{
    static const int codes[3] = { EIO, MDB_READERS_FULL, EIO };
    STRIKE(codes);
    return mdb_txn_renew(txn);
}

void
nth_mdb_txn_abort(MDB_txn *txn)
{
    strike_let_go(txn);
    mdb_txn_abort(txn);
}

/* A commit frees the transaction however it ends. */
int
nth_mdb_txn_commit(MDB_txn *txn)
{
    static const int codes[3] = { EIO, ENOSPC, MDB_MAP_FULL };
    int code = strike_code("mdb_txn_commit", codes);
    strike_let_go(txn);
    if (code == 0)
        return mdb_txn_commit(txn);
    mdb_txn_abort(txn);
    return code;
}

int
nth_mdb_dbi_open(MDB_txn *txn, const char *name, unsigned flags, MDB_dbi *dbi)
{
    STRIKE(write_codes);
    return mdb_dbi_open(txn, name, flags, dbi);
}

int
nth_mdb_get(MDB_txn *txn, MDB_dbi dbi, MDB_val *key, MDB_val *value)
{
    STRIKE(read_codes);
    return mdb_get(txn, dbi, key, value);
}

int
nth_mdb_put(MDB_txn *txn, MDB_dbi dbi, MDB_val *key, MDB_val *value, unsigned flags)
{
    STRIKE(write_codes);
    return mdb_put(txn, dbi, key, value, flags);
}

int
nth_mdb_cursor_open(MDB_txn *txn, MDB_dbi dbi, MDB_cursor **cursor)
{
    STRIKE(memory_codes);
    int rc = mdb_cursor_open(txn, dbi, cursor);
    if (rc == 0)
        strike_hold(*cursor, HANDLE_CURSOR);
    return rc;
}

void
nth_mdb_cursor_close(MDB_cursor *cursor)
{
    strike_let_go(cursor);
    mdb_cursor_close(cursor);
}

int
nth_mdb_cursor_get(MDB_cursor *cursor, MDB_val *key, MDB_val *value, MDB_cursor_op op)
{
    STRIKE(read_codes);
    return mdb_cursor_get(cursor, key, value, op);
}

int
nth_mdb_cursor_put(MDB_cursor *cursor, MDB_val *key, MDB_val *value, unsigned flags)
{
    STRIKE(write_codes);
    return mdb_cursor_put(cursor, key, value, flags);
}

int
nth_mdb_cursor_del(MDB_cursor *cursor, unsigned flags)
{
    STRIKE(write_codes);
    return mdb_cursor_del(cursor, flags);
}

/* ---- what is left ---- */

uint32_t
strike_left(void)
{
    uint32_t count = block_count;
    for (int i = 0; i < HANDLES_MAX; i++)
        count += handles[i] != NULL;
    return count;
}

void
strike_reap(void)
{
    for (int kind = HANDLE_CURSOR; kind >= HANDLE_ENV; kind--)
        for (int i = 0; i < HANDLES_MAX; i++) {
            if (!handles[i] || (int)handle_kinds[i] != kind)
                continue;
            if (kind == HANDLE_CURSOR)
                mdb_cursor_close(handles[i]);
            else if (kind == HANDLE_TXN)
                mdb_txn_abort(handles[i]);
            else
                mdb_env_close(handles[i]);
            handles[i] = NULL;
        }
    while (blocks.after != &blocks)
        free(strike_taken(blocks.after + 1));
}
