/* history - check the calls of a run: could one server that does one thing after the other have
 * answered so? history.h has what is promised and looked at.
 *
 *     history FILE...            check each history
 *     history --cases FILE       check that each case is judged as it says
 *     history --text FILE        print a history as text
 *     history --generate N [S]   make a legal history of N calls from seed S, and check it
 *
 * Last line: N passed, N failed. Exit: 0 all good, 1 not, 2 usage. */
#include "tests/history/history_file.h"
#include "tests/history/history_make.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CASE_LINE = 1024 };

static uint32_t passed, failed;

static double
main_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void
main_judge(history_t *history, const char *name)
{
    char why[HISTORY_WHY_MAX];
    double start = main_seconds();
    bool good = history_check(history, why);
    double took = main_seconds() - start;
    history_counts_t counts = history_counts(history);
    if (good) {
        passed++;
        printf("ok %s: %llu calls (%llu writes, %llu of them unknown, %llu reads, %llu repeats), "
               "%llu locks, %llu refusals judged; %.2f s, %.0f calls/s\n",
               name, (unsigned long long)counts.calls, (unsigned long long)counts.writes,
               (unsigned long long)counts.unknown, (unsigned long long)counts.reads,
               (unsigned long long)counts.repeats, (unsigned long long)counts.locks,
               (unsigned long long)counts.refusals, took,
               took > 0 ? (double)counts.calls / took : 0.0);
    } else {
        failed++;
        printf("WRONG %s: %s\n", name, why);
    }
}

static int
main_file(const char *path)
{
    char error[HISTORY_ERROR_MAX];
    history_t *history = history_new();
    if (!history || history_file_read(history, path, error)) {
        fprintf(stderr, "history: %s: %s\n", path, history ? error : "not enough memory");
        failed++;
    } else {
        main_judge(history, path);
    }
    history_destroy(&history);
    return 0;
}

static bool
main_add(void *argument, const history_call_t *call)
{
    return history_add(argument, call);
}

static int
main_generate(uint64_t count, uint64_t seed)
{
    history_t *history = history_new();
    double start = main_seconds();
    if (!history || !history_make(count, seed, main_add, history)) {
        fprintf(stderr, "history: not enough memory\n");
        failed++;
    } else {
        printf("made in %.2f s\n", main_seconds() - start);
        main_judge(history, "made");
    }
    history_destroy(&history);
    return 0;
}

/* ------------------------------------------------------------------ cases */

typedef struct {
    history_t *history; /* NULL: none begun */
    bool wrong;
    char name[CASE_LINE], says[CASE_LINE];
} case_t;

static void
case_end(case_t *self)
{
    char why[HISTORY_WHY_MAX];
    if (!self->history)
        return;
    bool good = history_check(self->history, why);
    if (good != self->wrong && (good || strstr(why, self->says))) {
        passed++;
    } else {
        failed++;
        printf("FAILED %s: %s\n", self->name, good ? "found right" : why);
    }
    history_destroy(&self->history);
}

static bool
case_begin(case_t *self, const char *line)
{
    const char *name = strchr(line, ' '), *says = strstr(line, ": ");
    self->wrong = strncmp(line, "wrong ", 6) == 0;
    if (!name || self->wrong != (says != NULL))
        return false;
    snprintf(self->name, sizeof self->name, "%s", name + 1);
    self->name[strcspn(self->name, ":\n")] = 0;
    snprintf(self->says, sizeof self->says, "%s", says ? says + 2 : "");
    self->says[strcspn(self->says, "\n")] = 0;
    self->history = history_new();
    return self->history != NULL;
}

static int
main_cases(const char *path)
{
    case_t one = { 0 };
    char line[CASE_LINE];
    FILE *file = fopen(path, "r");
    if (!file) {
        fprintf(stderr, "history: %s: %s\n", path, strerror(errno));
        return -1;
    }
    for (uint32_t number = 1; fgets(line, sizeof line, file); number++) {
        history_call_t call;
        bool begins = strncmp(line, "wrong ", 6) == 0 || strncmp(line, "right ", 6) == 0;
        int read = begins ? 0 : history_line(line, &call);
        if (begins)
            case_end(&one);
        if ((begins && !case_begin(&one, line)) || read < 0 ||
            (read > 0 && (!one.history || !history_add(one.history, &call)))) {
            fprintf(stderr, "history: %s, line %u: neither a case nor a call of one\n", path,
                    number);
            failed++;
            break;
        }
    }
    case_end(&one);
    fclose(file);
    return 0;
}

/* ------------------------------------------------------------------ text */

static int
main_text(const char *path)
{
    char error[HISTORY_ERROR_MAX];
    history_t *history = history_new();
    if (!history || history_file_read(history, path, error)) {
        fprintf(stderr, "history: %s: %s\n", path, history ? error : "not enough memory");
        history_destroy(&history);
        return -1;
    }
    for (uint64_t i = 0; i < history_count(history); i++) {
        history_call_t call;
        char text[HISTORY_WHY_MAX];
        history_call(history, i, &call);
        history_text(&call, text, sizeof text);
        printf("%s\n", text);
    }
    history_destroy(&history);
    return 0;
}

int
main(int count, char **words)
{
    int result = -1;
    if (count == 3 && strcmp(words[1], "--text") == 0)
        return main_text(words[2]) ? 1 : 0;
    if (count == 3 && strcmp(words[1], "--cases") == 0)
        result = main_cases(words[2]);
    else if ((count == 3 || count == 4) && strcmp(words[1], "--generate") == 0)
        result = main_generate(strtoull(words[2], NULL, 10),
                               count == 4 ? strtoull(words[3], NULL, 10) : 1);
    else if (count >= 2 && words[1][0] != '-')
        for (int i = 1; i < count; i++)
            result = main_file(words[i]);
    if (result) {
        fprintf(stderr, "usage: history FILE... | --cases FILE | --text FILE | --generate N [S]\n");
        return 2;
    }
    printf("%u passed, %u failed\n", passed, failed);
    return failed ? 1 : 0;
}
