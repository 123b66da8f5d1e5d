/* crash - kill -9 marqueed under load, again and again on one directory, and hold it to its word.
 *
 * Each round: start the server (sometimes it is killed while it recovers), repeat what its last
 * life left unanswered and much of what it answered, compare all that was acknowledged, then load
 * it and kill it at a random moment. In the end it stops in good order, and its journal is
 * replayed.
 *
 * Usage: crash [--rounds N] [--seed S] [--programs DIR] [--directory DIR] [--keep]
 *              [--history FILE]
 * Exit: 0 all rounds passed, 1 not, 2 usage. */
#include "broker/mp.h"
#include "broker/operation.h"
#include "broker/status.h"
#include "tests/crash/audit.h"
#include "tests/crash/replay.h"
#include "tests/crash/server.h"
#include "tests/crash/trade.h"
#include <assert.h>
#include <errno.h>
#include <ftw.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    CRASH_SHOWTIMES = 8, /* fresh ones each round */
    CRASH_LOAD_MIN_MS = 50,
    CRASH_LOAD_MAX_MS = 900,
    CRASH_AUDIT_SALES = 400, /* the newest in every round; all in the end */
    CRASH_RECOVERY_MAX_MS = 80,
    CRASH_BODY_MAX = 2048,
};

typedef struct {
    uint32_t rounds;
    uint64_t seed;
    const char *programs, *directory, *history;
    char data[SERVER_PATH_MAX], scratch[SERVER_PATH_MAX];
    bool keep;
    void *context;
    server_t server;
    caller_t auditor;
    book_t book;
    trade_t trade;
    past_t *past;
    past_page_t page;
    uint32_t passed, failed;
} crash_t;

static void
crash_nap_ms(uint64_t ms)
{
    struct timespec nap = { .tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000 };
    (void)nanosleep(&nap, NULL);
}

static int
crash_remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status, (void)type, (void)walk;
    return remove(path);
}

/* Remove a folder of ours with all that is in it; one that is not there is fine. */
static int
crash_remove(const char *path)
{
    return nftw(path, crash_remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0 || errno == ENOENT ? 0 : -1;
}

static uint32_t
crash_pack_showtime(uint8_t *body, size_t room)
{
    uint64_t now_ms = (uint64_t)caller_now_ms(), hour_ms = 3600 * 1000;
    pack_t pack;
    pack_init(&pack, body, room);
    pack_map(&pack, 12);
    pack_key_str(&pack, "title", "Night of the Axe");
    pack_key_str(&pack, "hall", "Hall 1");
    pack_key_uint(&pack, "starts_ms", now_ms + hour_ms);
    pack_key_uint(&pack, "ends_ms", now_ms + 2 * hour_ms);
    pack_key_uint(&pack, "opens_ms", now_ms - hour_ms);
    pack_key_uint(&pack, "closes_ms", now_ms + hour_ms);
    pack_key_uint(&pack, "cap", 6);
    pack_key_uint(&pack, "ttl_ms", hour_ms);
    pack_key_uint(&pack, "ceiling_ms", 2 * hour_ms);
    pack_key_bool(&pack, "gap_rule", false);
    pack_str(&pack, "zones");
    pack_array(&pack, 1);
    pack_array(&pack, 3);
    pack_str(&pack, "a");
    pack_str(&pack, "Stalls");
    pack_uint(&pack, 4500);
    pack_str(&pack, "rows");
    pack_array(&pack, BOOK_ROWS);
    for (uint32_t row = 0; row < BOOK_ROWS; row++) {
        char name[2] = { (char)('A' + row), 0 }, kinds[BOOK_COLUMNS], zones[BOOK_COLUMNS];
        memset(kinds, 's', sizeof kinds);
        memset(zones, 'a', sizeof zones);
        pack_array(&pack, 3);
        pack_str(&pack, name);
        pack_strn(&pack, kinds, sizeof kinds);
        pack_strn(&pack, zones, sizeof zones);
    }
    assert(!pack.overflow);
    return (uint32_t)pack.size;
}

static int
crash_open_showtimes(crash_t *self)
{
    uint8_t body[CRASH_BODY_MAX];
    uint32_t size = crash_pack_showtime(body, sizeof body);
    self->trade.showtime_first = self->book.showtime_count;
    self->trade.showtime_count = CRASH_SHOWTIMES;
    for (uint32_t i = 0; i < CRASH_SHOWTIMES; i++) {
        wire_record_t record;
        uint64_t id = self->book.base + self->book.showtime_count;
        if (caller_call(&self->auditor, OP_SHOWTIME_OPEN, id, body, size, &record))
            return -1;
        if (record.header.status != STATUS_OK) {
            book_fail(&self->book, "a showtime was refused: %s", status_name(record.header.status));
            return -1;
        }
        if (!book_add_showtime(&self->book))
            return -1;
    }
    return 0;
}

/* Bring the server up; some of its lives end before they have recovered the last one's. */
static int
crash_start(crash_t *self)
{
    while (trade_random(&self->trade, 4) == 0) {
        if (server_start(&self->server))
            return -1;
        crash_nap_ms(trade_random(&self->trade, CRASH_RECOVERY_MAX_MS));
        server_kill(&self->server);
    }
    if (server_start(&self->server) || server_ready(&self->server)) {
        book_fail(&self->book, "the server does not start");
        return -1;
    }
    if (caller_open(&self->auditor, self->context, self->server.clients) ||
        trade_open(&self->trade, self->context, self->server.clients)) {
        book_fail(&self->book, "the server does not answer");
        return -1;
    }
    return 0;
}

static int
crash_audit(crash_t *self, uint32_t sales)
{
    uint32_t count = self->book.sale_count;
    if (trade_repeat(&self->trade)) {
        book_fail(&self->book, "a repeat is not answered");
        return -1;
    }
    if (audit_seats(&self->book, &self->auditor) ||
        audit_sales(&self->book, &self->auditor, count > sales ? count - sales : 0, count)) {
        book_fail(&self->book, "a question is not answered");
        return -1;
    }
    return 0;
}

static int
crash_round(crash_t *self)
{
    if (crash_start(self) || crash_audit(self, CRASH_AUDIT_SALES) || crash_open_showtimes(self))
        return -1;
    uint64_t load_ms =
        CRASH_LOAD_MIN_MS + trade_random(&self->trade, CRASH_LOAD_MAX_MS - CRASH_LOAD_MIN_MS);
    if (trade_run(&self->trade, caller_now_ms() + (int64_t)load_ms) ||
        !server_alive(&self->server)) {
        book_fail(&self->book, "the server ended by itself");
        return -1;
    }
    return 0;
}

/* The last life: everything is compared, it stops in good order, and its journal is replayed. */
static int
crash_last(crash_t *self)
{
    char error[REPLAY_ERROR_MAX] = "";
    if (crash_start(self) || crash_audit(self, UINT32_MAX))
        return -1;
    trade_close(&self->trade);
    caller_close(&self->auditor);
    if (server_stop(&self->server)) {
        book_fail(&self->book, "the server did not stop in good order");
        return -1;
    }
    if (replay_check(self->data, self->scratch, SERVER_PARTITIONS, error)) {
        book_fail(&self->book, "%s", error);
        return -1;
    }
    return 0;
}

/* Run one round and say how it went. */
static bool
crash_judge(crash_t *self, const char *name, int (*round)(crash_t *))
{
    uint64_t answers = self->trade.answers;
    int64_t start_ms = caller_now_ms();
    self->book.failures = 0;
    int result = round(self);
    server_kill(&self->server);
    trade_close(&self->trade);
    caller_close(&self->auditor);
    bool good = result == 0 && self->book.failures == 0;
    printf("%s %s: %llu answers, %u sales known, %.1f s\n", good ? "ok" : "FAILED", name,
           (unsigned long long)(self->trade.answers - answers), self->book.sale_count,
           (double)(caller_now_ms() - start_ms) / 1e3);
    (void)fflush(stdout);
    return good;
}

static int
crash_run(crash_t *self)
{
    if (trade_init(&self->trade, &self->book, self->seed) || caller_init(&self->auditor))
        return -1;
    if (self->history) {
        self->past = past_new(self->history);
        if (!self->past || !past_page_open(&self->page, self->past))
            return -1;
        self->trade.page = &self->page;
    }
    self->book.base = (uint64_t)caller_now_ms() * 1000;
    /* The last life belongs to the last round: what it finds was lost in one of them. */
    for (uint32_t i = 1; i <= self->rounds; i++) {
        char name[32];
        snprintf(name, sizeof name, "round %u", i);
        bool good = crash_judge(self, name, crash_round);
        if (i == self->rounds)
            good = crash_judge(self, "last life", crash_last) && good;
        self->passed += good;
        self->failed += !good;
    }
    return 0;
}

static int
crash_options(crash_t *self, int count, char **words)
{
    static char own[SERVER_PATH_MAX], place[SERVER_PATH_MAX + 16];
    snprintf(own, sizeof own, "%s", words[0]);
    self->programs = dirname(own);
    snprintf(place, sizeof place, "%s/crash-data", self->programs);
    self->directory = place;
    self->rounds = 30;
    self->seed = (uint64_t)caller_now_ms();
    for (int i = 1; i < count; i++) {
        if (strcmp(words[i], "--keep") == 0)
            self->keep = true;
        else if (i + 1 == count)
            return -1;
        else if (strcmp(words[i], "--rounds") == 0)
            self->rounds = (uint32_t)strtoul(words[++i], NULL, 10);
        else if (strcmp(words[i], "--seed") == 0)
            self->seed = strtoull(words[++i], NULL, 10);
        else if (strcmp(words[i], "--programs") == 0)
            self->programs = words[++i];
        else if (strcmp(words[i], "--directory") == 0)
            self->directory = words[++i];
        else if (strcmp(words[i], "--history") == 0)
            self->history = words[++i];
        else
            return -1;
    }
    int size = snprintf(self->data, sizeof self->data, "%s/data", self->directory);
    int other = snprintf(self->scratch, sizeof self->scratch, "%s/replay", self->directory);
    if (size >= (int)sizeof self->data || other >= (int)sizeof self->scratch)
        return -1;
    return self->rounds >= 1 && self->rounds <= 10000 ? 0 : -1;
}

int
main(int count, char **words)
{
    static crash_t crash;
    if (crash_options(&crash, count, words)) {
        fprintf(stderr, "usage: crash [--rounds N] [--seed S] [--programs DIR] [--directory DIR]"
                        " [--keep] [--history FILE]\n");
        return 2;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    printf("seed %llu\n", (unsigned long long)crash.seed);
    if (crash_remove(crash.directory) || mkdir(crash.directory, 0700)) {
        perror(crash.directory);
        return 2;
    }
    crash.server = (server_t){ .programs = crash.programs, .directory = crash.data };
    crash.context = zmq_ctx_new();
    if (!crash.context || crash_run(&crash)) {
        fprintf(stderr, "crash: no memory, no random bytes, or no history's file\n");
        return 2;
    }
    zmq_ctx_term(crash.context);
    if (crash.past) {
        past_page_close(&crash.page);
        if (past_close(&crash.past)) {
            perror(crash.history);
            return 2;
        }
    }
    book_close(&crash.book);
    if (crash.failed == 0 && !crash.keep && crash_remove(crash.directory))
        perror(crash.directory);
    printf("%u passed, %u failed\n", crash.passed, crash.failed);
    return crash.failed ? 1 : 0;
}
