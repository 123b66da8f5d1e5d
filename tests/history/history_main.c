/* history_main - checks histories, or makes a long sound one to measure the check by.
 *
 *     history [--skew-ms N] FILE...     the files of one run are one history
 *     history --generate N              check N made-up calls
 *
 * Last line: "N passed, N failed". Exit 0: sound, 1: not, 2: wrong use, 3: cannot be read. */
#include "broker/operation.h"
#include "broker/status.h"
#include "tests/history/history_file.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MADE_SHOWTIMES = 200, MADE_SEATS = 300, MADE_CLIENTS = 1000, MADE_PARTITIONS = 4 };

static double
main_seconds(void)
{
    struct timespec now;
    int rc = clock_gettime(CLOCK_MONOTONIC, &now);
    return rc == 0 ? (double)now.tv_sec + (double)now.tv_nsec / 1e9 : 0.0;
}

/* Locks that are released by the call after: dense in time, every seat taken again and again. */
static bool
main_generate(history_t *history, size_t count)
{
    static uint32_t numbers[MADE_SHOWTIMES];
    history->calls = calloc(count + 1, sizeof *history->calls);
    history->partitions = MADE_PARTITIONS;
    if (!history->calls)
        return false;
    for (size_t i = 0; i + 1 < count; i += 2) {
        uint32_t showtime = (uint32_t)(i / 2 * 7919 % MADE_SHOWTIMES);
        past_call_t *lock = &history->calls[i], *release = &history->calls[i + 1];
        *lock = (past_call_t){ .start_ns = (int64_t)i * 1000,
                               .end_ns = (int64_t)i * 1000 + 900,
                               .showtime = showtime + 1u,
                               .user = i % MADE_CLIENTS + 1,
                               .client = i % MADE_CLIENTS + 1,
                               .request = i + 1,
                               .sequence = i + 1,
                               .until_ms = INT64_MAX / 2,
                               .purchase = ++numbers[showtime],
                               .operation = OP_SEATS_LOCK,
                               .seats = { (uint16_t)(i % MADE_SEATS + 1) } };
        *release = *lock;
        release->operation = OP_SEATS_RELEASE;
        release->start_ns += 950;
        release->end_ns += 1000;
        release->request++;
        release->sequence++;
        history->count += 2;
    }
    return true;
}

static int
main_check(history_t *history)
{
    char why[HISTORY_WHY_MAX];
    double start = main_seconds();
    size_t unanswered = 0;
    for (size_t i = 0; i < history->count; i++)
        unanswered += history->calls[i].end_ns == 0;
    const char *broken = history_check(history, why);
    double took = main_seconds() - start;
    printf("%zu calls (%zu never answered) checked in %.2f s\n", history->count, unanswered, took);
    if (broken)
        printf("NOT one history: %s\n", broken);
    printf("%d passed, %d failed\n", broken == NULL, broken != NULL);
    free(history->calls);
    return broken ? 1 : 0;
}

int
main(int argc, char **argv)
{
    char why[HISTORY_WHY_MAX];
    history_t history = { .skew_ms = 50 };
    int at = 1;
    if (argc == 3 && strcmp(argv[1], "--generate") == 0) {
        if (!main_generate(&history, strtoull(argv[2], NULL, 10)))
            return 3;
        return main_check(&history);
    }
    if (argc > 2 && strcmp(argv[1], "--skew-ms") == 0) {
        history.skew_ms = strtoll(argv[2], NULL, 10);
        at = 3;
    }
    if (at >= argc || argv[at][0] == '-') {
        fprintf(stderr, "usage: history [--skew-ms N] FILE... | history --generate N\n");
        return 2;
    }
    for (; at < argc; at++) {
        if (history_read(&history, argv[at], why) != 0) {
            fprintf(stderr, "history: %s\n", why);
            free(history.calls);
            return 3;
        }
    }
    return main_check(&history);
}
