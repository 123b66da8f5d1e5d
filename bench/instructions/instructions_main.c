/* instructions - what a command costs, counted and not timed: run under callgrind, which counts
 * what happens within instructions_measure() (bench/callgrind).
 *
 *     bench-instructions SCENARIO COMMANDS
 *
 * SCENARIO is one of marquee-load's. Warms up by as many commands as are measured, then prints one
 * JSON object: the commands, the answers by status, and the blocks of memory that were asked
 * for meanwhile. */
#include "bench/instructions/inside.h"
#include "broker/status.h"
#include "clients/load/options.h"
#include "tests/unit/scratch.h"
#include <inttypes.h>
#include <sodium.h>

enum { INSTRUCTIONS_MAX = 10000000 };

/* ---- memory that is asked for: glibc's own allocator, counted ---- */

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);

static uint64_t blocks;

void *
malloc(size_t size)
{
    blocks++;
    return __libc_malloc(size);
}

void *
calloc(size_t count, size_t size)
{
    blocks++;
    return __libc_calloc(count, size);
}

void *
realloc(void *block, size_t size)
{
    blocks++;
    return __libc_realloc(block, size);
}

/* ---- */

INSIDE_PART static void
instructions_measure(inside_t *inside, uint64_t commands)
{
    inside_run(inside, commands);
}

static bool
instructions_scenario(const char *name, load_scenario_t *scenario)
{
    for (int i = 0; i < LOAD_ECHO; i++)
        if (strcmp(options_scenario_name((load_scenario_t)i), name) == 0) {
            *scenario = (load_scenario_t)i;
            return true;
        }
    return false;
}

int
main(int count, char **words)
{
    static inside_t inside;
    load_scenario_t scenario;
    char directory[SCRATCH_PATH_MAX], *end;
    uint64_t commands = count == 3 ? strtoull(words[2], &end, 10) : 0;
    if (count != 3 || *end || commands == 0 || commands > INSTRUCTIONS_MAX ||
        !instructions_scenario(words[1], &scenario) || sodium_init() < 0) {
        fprintf(stderr, "usage: bench-instructions rush|hot|uniform|purchase|look COMMANDS\n");
        return 2;
    }
    scratch_make(directory);
    inside_open(&inside, scenario, directory);
    inside_run(&inside, commands);
    memset(inside.by_status, 0, sizeof inside.by_status);
    uint64_t answers = inside.answers;
    blocks = 0;
    instructions_measure(&inside, commands);
    uint64_t asked = blocks;
    printf("{\"scenario\": \"%s\", \"commands\": %" PRIu64 ", \"blocks\": %" PRIu64, words[1],
           inside.answers - answers, asked);
    for (uint16_t i = 0; i < INSIDE_STATUSES; i++)
        if (inside.by_status[i])
            printf(", \"%s\": %" PRIu64, status_name(i), inside.by_status[i]);
    printf("}\n");
    inside_close(&inside);
    scratch_remove(directory);
    return 0;
}
