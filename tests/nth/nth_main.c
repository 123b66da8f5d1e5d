/* nth - the n-th allocation, write, sync, change of names, call of LMDB and send fails, for every
 * n: no crash, no leak, no wrong answer. See round.h.
 *
 *     nth [EVERY [KIND N]]     every EVERY-th n (1), on two processes; or one round alone, KIND
 *                              being a number as printed
 *
 * Last line: "N passed, N failed", N being rounds. */
#include "tests/nth/round.h"
#include "tests/unit/scratch.h"
#include <assert.h>
#include <inttypes.h>
#include <limits.h>
#include <malloc.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { COMMANDS = 500, PROCESSES = 2, SHOWN_MAX = 20 };

typedef struct {
    uint64_t places[STRIKE_KINDS], rounds[STRIKE_KINDS], failed[STRIKE_KINDS];
    bool ended;
} nth_counts_t;

/* One process's share of the rounds. */
static void
nth_share(uint64_t share, uint64_t every, nth_counts_t *counts)
{
    char folder[SCRATCH_PATH_MAX];
    uint64_t shown = 0, turn = 0;
    scratch_make(folder);
    rounds_t *rounds = rounds_new(folder, COMMANDS);
    if (rounds)
        memcpy(counts->places, strike_now()->counts, sizeof counts->places);
    for (int kind = STRIKE_MEMORY; rounds && kind < STRIKE_KINDS; kind++)
        for (uint64_t n = 1; n <= counts->places[kind] && shown < SHOWN_MAX; n += every) {
            if (turn++ % PROCESSES != share)
                continue;
            bool fine = rounds_run(rounds, (strike_kind_t)kind, n);
            counts->rounds[kind]++;
            counts->failed[kind] += !fine;
            shown += !fine;
        }
    counts->ended = rounds != NULL;
    rounds_destroy(&rounds);
    scratch_remove(folder);
}

static int
nth_one(int kind, uint64_t n)
{
    char folder[SCRATCH_PATH_MAX];
    scratch_make(folder);
    rounds_t *rounds = rounds_new(folder, COMMANDS);
    bool fine = rounds && rounds_run(rounds, (strike_kind_t)kind, n);
    rounds_destroy(&rounds);
    scratch_remove(folder);
    printf("%d passed, %d failed\n", fine, !fine);
    return !fine;
}

static int
nth_print(const nth_counts_t *shares, bool ended)
{
    uint64_t passed = 0, failed = 0;
    for (int kind = STRIKE_MEMORY; kind < STRIKE_KINDS; kind++) {
        uint64_t rounds = 0, bad = 0;
        for (int i = 0; i < PROCESSES; i++) {
            rounds += shares[i].rounds[kind];
            bad += shares[i].failed[kind];
        }
        printf("%d  %-18s %6" PRIu64 " of %" PRIu64 "\n", kind, strike_name((strike_kind_t)kind),
               rounds, shares[0].places[kind]);
        passed += rounds - bad;
        failed += bad;
    }
    for (int i = 0; i < PROCESSES; i++)
        ended &= shares[i].ended;
    if (!ended)
        printf("a process ended before its time\n");
    printf("%" PRIu64 " passed, %" PRIu64 " failed\n", passed, failed + !ended);
    return failed > 0 || !ended || passed == 0;
}

int
main(int count, char **arguments)
{
    uint64_t every = count > 1 ? strtoull(arguments[1], NULL, 10) : 1;
    (void)mallopt(M_MMAP_THRESHOLD, 32 * 1024 * 1024);
    (void)mallopt(M_TRIM_THRESHOLD, INT_MAX);
    if (access("/dev/shm", W_OK) == 0)
        setenv("TMPDIR", "/dev/shm", 1);
    if (count > 3)
        return nth_one(atoi(arguments[2]), strtoull(arguments[3], NULL, 10));
    nth_counts_t *shares = mmap(NULL, PROCESSES * sizeof *shares, PROT_READ | PROT_WRITE,
                                MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert(shares != MAP_FAILED && every > 0);
    bool ended = true;
    for (uint64_t i = 0; i < PROCESSES; i++) {
        (void)fflush(stdout);
        pid_t child = fork();
        assert(child >= 0);
        if (child == 0) {
            nth_share(i, every, &shares[i]);
            exit(0);
        }
    }
    for (int i = 0, status; i < PROCESSES; i++)
        ended &= wait(&status) > 0 && status == 0;
    return nth_print(shares, ended);
}
