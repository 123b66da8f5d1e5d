/* pool - memory in size classes with free lists: no malloc per command.
 *
 * What is freed stays with the pool, for the same class. Sizes above POOL_MAX go to malloc. */
#ifndef POOL_H
#define POOL_H
#include <stddef.h>

enum { POOL_MAX = 4096, POOL_CLASSES = 44 };

typedef struct {
    void *unused[POOL_CLASSES]; /* chained through their first bytes */
    void *chunks;               /* likewise */
    char *fresh;                /* what is left of the newest chunk */
    size_t fresh_size;
} pool_t;

/* Not zeroed; NULL when memory is short. */
void *pool_take(pool_t *self, size_t size);
/* The size must be the one it was taken with. */
void pool_give(pool_t *self, void *memory, size_t size);
/* Free the chunks; what was taken from them is gone. Larger ones must have been given back. */
void pool_clear(pool_t *self);
#endif
