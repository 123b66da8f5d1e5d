/* fuzz - see fuzz.h for the contract. */
#include "tests/fuzz/fuzz.h"
#include <ftw.h>
#include <sanitizer/allocator_interface.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static size_t memory_most, memory_now, memory_peak;
/* By thread: libFuzzer has one of its own, which allocates when it likes. */
static _Thread_local bool measuring;

void
fuzz_broken(const char *fact, const char *file, int line)
{
    dprintf(STDERR_FILENO, "%s:%d: does not hold: %s\n", file, line, fact);
    abort();
}

static void
fuzz_on_malloc(const volatile void *memory, size_t size)
{
    (void)memory;
    if (!measuring)
        return;
    memory_now += size;
    if (memory_now > memory_most)
        memory_most = memory_now;
}

static void
fuzz_on_free(const volatile void *memory)
{
    if (!measuring || !memory)
        return;
    size_t size = __sanitizer_get_allocated_size(memory);
    memory_now -= size < memory_now ? size : memory_now;
}

/* For tests/fuzz.sh, which prints it. */
static void
fuzz_say_peak(void)
{
    dprintf(STDERR_FILENO, "fuzz: peak %zu bytes\n", memory_peak);
}

void
fuzz_memory_begin(void)
{
    static bool installed;
    if (!installed) {
        installed = __sanitizer_install_malloc_and_free_hooks(fuzz_on_malloc, fuzz_on_free) != 0;
        FUZZ_HOLDS(installed && atexit(fuzz_say_peak) == 0);
    }
    memory_now = memory_most = 0;
    measuring = true;
}

void
fuzz_memory_end(size_t size, size_t base)
{
    measuring = false;
    if (memory_most > memory_peak)
        memory_peak = memory_most;
    FUZZ_HOLDS(memory_most <= 4 * size + base);
}

static char folder[64];

static int
fuzz_remove_one(const char *path, const struct stat *status, int kind, struct FTW *at)
{
    (void)status, (void)kind, (void)at;
    return remove(path);
}

static void
fuzz_remove_folder(void)
{
    (void)nftw(folder, fuzz_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *
fuzz_folder(void)
{
    if (folder[0])
        return folder;
    snprintf(folder, sizeof folder, "%s/marquee-fuzz-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    FUZZ_HOLDS(mkdtemp(folder) != NULL);
    FUZZ_HOLDS(atexit(fuzz_remove_folder) == 0);
    return folder;
}

const char *
fuzz_file(const char *name, const void *data, size_t size)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", fuzz_folder(), name);
    FILE *file = fopen(path, "wb");
    FUZZ_HOLDS(file != NULL);
    FUZZ_HOLDS(fwrite(data, 1, size, file) == size);
    FUZZ_HOLDS(fclose(file) == 0);
    return path;
}

uint64_t
fuzz_take(fuzz_input_t *input, uint32_t bytes)
{
    uint64_t value = 0;
    for (uint32_t i = 0; i < bytes && input->left > 0; i++, input->at++, input->left--)
        value |= (uint64_t)*input->at << 8 * i;
    return value;
}
