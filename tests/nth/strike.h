/* strike - lets the n-th of something fail, once.
 *
 * The program that links this has copies of the server's objects whose calls of malloc and of
 * liblmdb have other names (see the Makefile): those here, which count and then do the same, or
 * fail. Allocations are kept in a list, so that what leaks is seen without a sanitizer, and what a
 * partition had that died while it was opened can be given back. */
#ifndef STRIKE_H
#define STRIKE_H
#include "tests/disk/disk.h"
#include <stdbool.h>
#include <stdint.h>

typedef enum {
    STRIKE_NOTHING,
    STRIKE_MEMORY,
    STRIKE_WRITE_EIO,
    STRIKE_WRITE_FULL,
    STRIKE_WRITE_SHORT,
    STRIKE_SIZE,
    STRIKE_SYNC,
    STRIKE_NAMES,
    STRIKE_LMDB,
    STRIKE_SEND,
    STRIKE_KINDS
} strike_kind_t;

typedef struct {
    strike_kind_t kind;
    uint64_t n;                    /* 1: the first one */
    uint64_t counts[STRIKE_KINDS]; /* of what could have been struck */
    bool struck;
    char what[64]; /* that was struck */
} strike_t;

const char *strike_name(strike_kind_t kind);
/* Begin to count anew. */
void strike_begin(strike_kind_t kind, uint64_t n);
const strike_t *strike_now(void);
/* Is this one it? */
bool strike_hits(strike_kind_t kind, const char *what);
/* For disk_mount(). */
disk_verdict_t strike_watch(void *argument, const disk_op_t *op, int *trouble);
/* Allocations that are not given back, environments that are not closed. */
uint32_t strike_left(void);
/* Give all of it back. */
void strike_reap(void);
#endif
