/* fuzz - what the fuzz targets share.
 *
 * A target is one file fuzz_NAME.c; the Makefile finds it. Its first inputs are what seeds.c writes
 * for NAME; words worth trying are in the dictionary that seeds.c writes from the tables. An input
 * that once broke something is kept in regress/NAME and runs first, always.
 *
 * Memory: a parser of bytes from outside takes at most 4 times the input and a base that its target
 * states. fuzz_memory_begin() and fuzz_memory_end() around the parsing hold it to that. */
#ifndef FUZZ_H
#define FUZZ_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is true, or the input is kept as a failure; stays on in every build. */
#define FUZZ_HOLDS(fact)                                                                           \
    do {                                                                                           \
        if (!(fact))                                                                               \
            fuzz_broken(#fact, __FILE__, __LINE__);                                                \
    } while (0)
_Noreturn void fuzz_broken(const char *fact, const char *file, int line);

void fuzz_memory_begin(void);
/* The most that was allocated since, beyond what was then, is within 4 * size + base. */
void fuzz_memory_end(size_t size, size_t base);

/* A folder of this process in /dev/shm, removed when it ends in order. */
const char *fuzz_folder(void);
/* Write a file there; its path, valid until the next call. */
const char *fuzz_file(const char *name, const void *data, size_t size);

/* Takes an input apart from the front; zeros when it has ended. */
typedef struct {
    const uint8_t *at;
    size_t left;
} fuzz_input_t;
uint64_t fuzz_take(fuzz_input_t *input, uint32_t bytes);
/* A number in [0, below). */
static inline uint32_t
fuzz_below(fuzz_input_t *input, uint32_t below)
{
    return (uint32_t)fuzz_take(input, below > 256 ? 2 : 1) % below;
}
#endif
