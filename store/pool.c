/* pool - see pool.h for the contract. Classes are 32 bytes apart up to 1 KiB, then 256. Under the
 * address sanitizer everything goes to malloc, so that it sees what is used after it was freed. */
#include "store/pool.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#ifdef __SANITIZE_ADDRESS__
enum { POOL_POOLED = 0 };
#else
enum { POOL_POOLED = POOL_MAX };
#endif
enum { CHUNK_SIZE = 256 * 1024, CHUNK_HEAD = 16 };

static size_t
pool_class(size_t size, size_t *rounded)
{
    assert(size > 0);
    if (size <= 1024) {
        *rounded = (size + 31) / 32 * 32;
        return *rounded / 32 - 1;
    }
    *rounded = (size + 255) / 256 * 256;
    return 32 + (*rounded - 1024) / 256 - 1;
}
_Static_assert(32 + (POOL_MAX - 1024) / 256 == POOL_CLASSES, "every class has a list");

void *
pool_take(pool_t *self, size_t size)
{
    if (size > POOL_POOLED)
        return malloc(size);
    size_t rounded;
    size_t class = pool_class(size, &rounded);
    void *memory = self->unused[class];
    if (memory != NULL) {
        memcpy(&self->unused[class], memory, sizeof(void *));
        return memory;
    }
    if (self->fresh_size < rounded) {
        char *chunk = malloc(CHUNK_SIZE);
        if (chunk == NULL)
            return NULL;
        memcpy(chunk, &self->chunks, sizeof(void *));
        self->chunks = chunk;
        self->fresh = chunk + CHUNK_HEAD;
        self->fresh_size = CHUNK_SIZE - CHUNK_HEAD;
    }
    memory = self->fresh;
    self->fresh += rounded;
    self->fresh_size -= rounded;
    return memory;
}

void
pool_give(pool_t *self, void *memory, size_t size)
{
    if (size > POOL_POOLED) {
        free(memory);
        return;
    }
    size_t rounded;
    size_t class = pool_class(size, &rounded);
    memcpy(memory, &self->unused[class], sizeof(void *));
    self->unused[class] = memory;
}

void
pool_clear(pool_t *self)
{
    while (self->chunks != NULL) {
        void *chunk = self->chunks;
        memcpy(&self->chunks, chunk, sizeof(void *));
        free(chunk);
    }
    *self = (pool_t){ 0 };
}
