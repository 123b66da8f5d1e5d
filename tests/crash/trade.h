/* trade - the buyers that load the server while it is killed.
 *
 * Each has one command in flight. The bytes of what was not answered are kept and sent again to the
 * next life of the server; so are many that were answered, whose answers must be the same. */
#ifndef CRASH_TRADE_H
#define CRASH_TRADE_H
#include "clients/load/past.h"
#include "tests/crash/book.h"
#include "tests/crash/caller.h"

enum {
    TRADE_LINKS = 6,
    TRADE_BUYERS = 4, /* on each link */
    TRADE_PAST = 128, /* answered commands kept of each link */
    TRADE_FRAME_MAX = 256,
};

typedef enum {
    TRADE_LOCK,
    TRADE_RELEASE,
    TRADE_ORDER,
    TRADE_CANCEL,
    TRADE_SETTLE,
    TRADE_TICKET,
    TRADE_REDEEM,
    TRADE_STEPS,
} trade_step_t;

/* A command as it was sent, and its answer. */
typedef struct {
    uint8_t frame[TRADE_FRAME_MAX];
    uint32_t size;
    uint64_t request; /* 0: none */
    int64_t deadline_ms;
    bool write;
    bool waiting; /* for its answer */
    uint16_t status;
    int64_t moment;
    uint64_t digest;     /* of the answer's body */
    history_call_t call; /* its last copy, but for the answer */
    int64_t ttl_ms;      /* of a lock, as asked for */
} trade_command_t;

typedef struct {
    trade_step_t step;
    trade_command_t command;
    int64_t again_ms; /* the server was busy: when to send it again; 0: not */
    sale_t draft;     /* the lock being asked for */
    uint32_t sale;
} trade_buyer_t;

typedef struct {
    caller_t link;
    trade_buyer_t buyers[TRADE_BUYERS];
    trade_command_t past[TRADE_PAST]; /* a ring */
    uint32_t past_next;
} trade_link_t;

typedef struct {
    book_t *book;
    uint64_t chance, users;
    uint32_t showtime_first, showtime_count; /* that are being sold */
    bool going;                              /* answered buyers go on */
    uint64_t answers;
    past_page_t *page; /* of the history, NULL: none is kept */
    trade_link_t links[TRADE_LINKS];
} trade_t;

int trade_init(trade_t *self, book_t *book, uint64_t seed);
uint64_t trade_random(trade_t *self, uint64_t below);
/* Connect all links. 0 or -1. */
int trade_open(trade_t *self, void *context, const char *endpoint);
void trade_close(trade_t *self);
/* Buy until `until_ms` (Unix), as fast as answers come. 0, or -1 when the connection failed. */
int trade_run(trade_t *self, int64_t until_ms);
/* Send again what the server's last life left unanswered, and wait for the answers; then send
 * again what was answered: the answers must be the same. 0, or -1 when some do not come. */
int trade_repeat(trade_t *self);

/* trade.c and trade_call.c between them. */
uint16_t trade_operation(trade_step_t step);
/* A command is sent for the first time; once more. */
void trade_call_made(trade_t *self, const trade_link_t *link, const trade_buyer_t *buyer,
                     const sale_t *sale, trade_command_t *command);
void trade_call_again(trade_command_t *command);
/* A copy was answered, or, record NULL, it never will be. */
void trade_call_ended(trade_t *self, const trade_command_t *command, const wire_record_t *record);
#endif
