/* wrapped - the functions that stand in the place of malloc's and liblmdb's in the server's
 * objects. The file "wrapped" beside this names them to the linker's tool. */
#ifndef WRAPPED_H
#define WRAPPED_H
#include <lmdb.h>
#include <stddef.h>

void *nth_malloc(size_t size);
void *nth_calloc(size_t count, size_t size);
void *nth_realloc(void *memory, size_t size);
void nth_free(void *memory);
int nth_mdb_env_create(MDB_env **env);
void nth_mdb_env_close(MDB_env *env);
int nth_mdb_env_open(MDB_env *env, const char *path, unsigned flags, mdb_mode_t mode);
int nth_mdb_env_set_mapsize(MDB_env *env, size_t size);
int nth_mdb_env_sync(MDB_env *env, int force);
int nth_mdb_reader_check(MDB_env *env, int *dead);
int nth_mdb_txn_begin(MDB_env *env, MDB_txn *parent, unsigned flags, MDB_txn **txn);
int nth_mdb_txn_renew(MDB_txn *txn);
void nth_mdb_txn_abort(MDB_txn *txn);
int nth_mdb_txn_commit(MDB_txn *txn);
int nth_mdb_dbi_open(MDB_txn *txn, const char *name, unsigned flags, MDB_dbi *dbi);
int nth_mdb_get(MDB_txn *txn, MDB_dbi dbi, MDB_val *key, MDB_val *value);
int nth_mdb_put(MDB_txn *txn, MDB_dbi dbi, MDB_val *key, MDB_val *value, unsigned flags);
int nth_mdb_cursor_open(MDB_txn *txn, MDB_dbi dbi, MDB_cursor **cursor);
void nth_mdb_cursor_close(MDB_cursor *cursor);
int nth_mdb_cursor_get(MDB_cursor *cursor, MDB_val *key, MDB_val *value, MDB_cursor_op op);
int nth_mdb_cursor_put(MDB_cursor *cursor, MDB_val *key, MDB_val *value, unsigned flags);
int nth_mdb_cursor_del(MDB_cursor *cursor, unsigned flags);
#endif
