/* fuzz_rows - what a state finds in its LMDB environment. Input: rows, each a byte of choices (the
 * table, whether its checksum is made right), lengths of key and value, the bytes. */
#include "store/crc32c.h"
#include "store/state.h"
#include "tests/fuzz/fuzz.h"
#include <lmdb.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS_MAX = 24, KEYS_ASKED = 6 };

static jmp_buf out;
static char rows_folder[128];

static _Noreturn void
rows_fatal(void *argument, const char *what)
{
    (void)argument;
    FUZZ_HOLDS(what[0]);
    longjmp(out, 1);
}

static state_options_t
rows_options(void)
{
    return (state_options_t){ .directory = rows_folder,
                              .partitions = 1,
                              .apply_version = 1,
                              .map_bytes = 1024 * 1024,
                              .replies_bytes = 64 * 1024,
                              .inline_io = true,
                              .fatal = rows_fatal };
}

static void
rows_put(MDB_txn *txn, fuzz_input_t *input)
{
    static const char *const tables[] = { "meta", "records", "timers", "replies" };
    uint8_t choice = (uint8_t)fuzz_take(input, 1), bytes[2100], key_bytes[32] = { 0 };
    size_t key_size = 1 + fuzz_take(input, 1) % 24, size = fuzz_take(input, 2) % 2048;
    MDB_dbi table;
    for (size_t i = 0; i < key_size; i++)
        key_bytes[i] = (uint8_t)fuzz_take(input, 1);
    size = size < input->left ? size : input->left;
    memcpy(bytes + 4, input->at, size);
    input->at += size;
    input->left -= size;
    MDB_val key = { key_size, key_bytes }, value = { size + 4, bytes };
    if ((choice & 3) == 0)
        key = (MDB_val){ 5, (void *)(uintptr_t) "state" };
    uint32_t crc = crc32c(crc32c(0, key.mv_data, key.mv_size), bytes + 4, size);
    if (choice & 4)
        crc ^= 1;
    memcpy(bytes, &crc, sizeof crc);
    if (mdb_dbi_open(txn, tables[choice & 3], 0, &table) == 0)
        (void)mdb_put(txn, table, &key, &value, 0);
}

/* A fresh state: made once, then copied. */
static void
rows_fresh(void)
{
    static uint8_t bytes[256 * 1024];
    static size_t size;
    char error[STATE_ERROR_MAX], path[160];
    if (size == 0) {
        snprintf(rows_folder, sizeof rows_folder, "%s/state", fuzz_folder());
        state_t *state = NULL;
        state_options_t options = rows_options();
        FUZZ_HOLDS(state_open(&state, &options, error) == 0);
        state_close(&state);
        snprintf(path, sizeof path, "%s/data.mdb", rows_folder);
        FILE *file = fopen(path, "rb");
        FUZZ_HOLDS(file && (size = fread(bytes, 1, sizeof bytes, file)) > 0 && feof(file));
        FUZZ_HOLDS(fclose(file) == 0);
    }
    (void)fuzz_file("state/data.mdb", bytes, size);
}

/* A fresh state, and then rows in it that it did not write. */
static bool
rows_make(fuzz_input_t *input)
{
    rows_fresh();
    MDB_env *env;
    MDB_txn *txn;
    FUZZ_HOLDS(mdb_env_create(&env) == 0 && mdb_env_set_maxdbs(env, 5) == 0);
    FUZZ_HOLDS(mdb_env_set_mapsize(env, 1024 * 1024) == 0);
    FUZZ_HOLDS(mdb_env_open(env, rows_folder, MDB_NOSYNC, 0600) == 0);
    FUZZ_HOLDS(mdb_txn_begin(env, NULL, 0, &txn) == 0);
    for (int i = 0; i < ROWS_MAX && input->left > 0; i++)
        rows_put(txn, input);
    bool good = mdb_txn_commit(txn) == 0;
    mdb_env_close(env);
    return good;
}

static int
rows_seen(void *argument, state_key_t key, const void *data, size_t size, int64_t due_ms)
{
    state_key_t *keys = argument;
    (void)data, (void)due_ms;
    FUZZ_HOLDS(size > 0 && size <= STATE_RECORD_MAX);
    keys[key.number % KEYS_ASKED] = key;
    return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static state_t *volatile state;
    char error[STATE_ERROR_MAX] = "";
    fuzz_input_t input = { data, size };
    if (!rows_make(&input))
        return 0;
    state_options_t options = rows_options();
    if (setjmp(out) == 0) {
        state_t *opened = NULL;
        if (state_open(&opened, &options, error) != 0) {
            FUZZ_HOLDS(error[0]);
            return 0;
        }
        state = opened;
        state_key_t keys[KEYS_ASKED] = { { 1, 0, 'H' }, { 1, 1, 'P' } };
        (void)state_visit(opened, rows_seen, keys, error);
        state_key_t due;
        for (int i = 0; i < KEYS_ASKED; i++)
            (void)state_get(opened, keys[i], NULL);
        (void)state_due(opened, INT64_MAX, &due);
    }
    state_t *done = state;
    state = NULL;
    state_close(&done);
    return 0;
}
