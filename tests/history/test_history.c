/* test_history - histories made by hand: each bad one is refused for its reason, and its nearest
 * good twin is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "broker/operation.h"
#include "broker/status.h"
#include "tests/history/history.h"

enum { CALLS_MAX = 6, FOREVER = 1000000 };

/* Times in ms; one partition; showtime 1. */
typedef struct {
    uint16_t operation;
    int64_t start, end; /* end 0: never answered */
    uint64_t user, client, request, sequence;
    uint32_t purchase;
    uint16_t status;
    int64_t until, amount;
    uint64_t mark;
    uint16_t seat;
} row_t;

typedef struct {
    const char *name;
    const char *why; /* how the refusal begins; NULL: it is sound */
    row_t rows[CALLS_MAX];
} case_t;

#define LOCK(s, e, u, q, p, seat)                                                                  \
    {                                                                                              \
        OP_SEATS_LOCK, s, e, u, u, s, q, p, STATUS_OK, FOREVER, 0, 0, seat                         \
    }
#define OF(op, s, e, u, q, p)                                                                      \
    {                                                                                              \
        OP_##op, s, e, u, u, s, q, p, STATUS_OK, 0, 0, 0, 0                                        \
    }
#define PAY(s, e, u, q, p, mark)                                                                   \
    {                                                                                              \
        OP_PAYMENT_SETTLE, s, e, u, u, s, q, p, STATUS_OK, 0, 500, mark, 0                         \
    }

static const case_t cases[] = {
    { "a later call has a later entry", NULL, { LOCK(1, 2, 1, 5, 1, 1), LOCK(3, 4, 2, 6, 2, 2) } },
    { "a later call has an earlier entry",
      "an answer from before",
      { LOCK(1, 2, 1, 5, 1, 1), LOCK(3, 4, 2, 4, 2, 2) } },
    { "calls at the same time come in any order",
      NULL,
      { LOCK(1, 4, 1, 5, 1, 1), LOCK(3, 6, 2, 4, 2, 2) } },
    { "a later write shares the entry",
      "an answer from before",
      { LOCK(1, 2, 1, 5, 1, 1), LOCK(3, 4, 2, 5, 2, 2) } },
    { "a read sees the write before it",
      NULL,
      { LOCK(1, 2, 1, 5, 1, 1), { OP_SEATS_GET, 3, 4, 2, 2, 3, 5, 0, STATUS_OK, 0, 0, 0, 0 } } },
    { "a read sees less than the write before it",
      "an answer from before",
      { LOCK(1, 2, 1, 5, 1, 1), { OP_SEATS_GET, 3, 4, 2, 2, 3, 4, 0, STATUS_OK, 0, 0, 0, 0 } } },
    { "a refusal of the broker has no entry",
      NULL,
      { LOCK(1, 2, 1, 5, 1, 1), { OP_SEATS_LOCK, 3, 4, 2, 2, 3, 0, 0, STATUS_BUSY, 0, 0, 0, 1 } } },
    { "a seat given back is given again",
      NULL,
      { LOCK(1, 2, 1, 5, 1, 1), OF(SEATS_RELEASE, 3, 4, 1, 6, 1), LOCK(3, 4, 2, 6, 2, 1) } },
    { "a locked seat is given again",
      "a locked seat was given",
      { LOCK(1, 2, 1, 5, 1, 1), LOCK(3, 4, 2, 6, 2, 1) } },
    { "a release without an answer may have been carried out",
      NULL,
      { LOCK(1, 2, 1, 5, 1, 1), OF(SEATS_RELEASE, 3, 0, 1, 0, 1), LOCK(5, 6, 2, 7, 2, 1) } },
    { "a release that was sent too late",
      "a locked seat was given",
      { LOCK(1, 2, 1, 5, 1, 1), OF(SEATS_RELEASE, 7, 0, 1, 0, 1), LOCK(5, 6, 2, 7, 2, 1) } },
    { "a lock whose time was over",
      NULL,
      { { OP_SEATS_LOCK, 1, 2, 1, 1, 1, 5, 1, STATUS_OK, 900, 0, 0, 1 },
        LOCK(1000, 1001, 2, 6, 2, 1) } },
    { "a lock whose time was not over",
      "a locked seat was given",
      { { OP_SEATS_LOCK, 1, 2, 1, 1, 1, 5, 1, STATUS_OK, 1900, 0, 0, 1 },
        LOCK(1000, 1001, 2, 6, 2, 1) } },
    { "a sold seat stays sold, however late",
      "a sold seat was given",
      { { OP_SEATS_LOCK, 1, 2, 1, 1, 1, 5, 1, STATUS_OK, 900, 0, 0, 1 },
        OF(ORDER_CREATE, 3, 4, 1, 6, 1),
        PAY(5, 6, 1, 7, 1, 9),
        LOCK(2000, 2001, 2, 8, 2, 1) } },
    { "a refunded seat is sold again",
      NULL,
      { LOCK(1, 2, 1, 5, 1, 1),
        PAY(5, 6, 1, 7, 1, 9),
        { OP_ORDER_REFUND, 7, 8, 3, 3, 7, 8, 1, STATUS_OK, 0, 500, 0, 0 },
        LOCK(9, 10, 2, 9, 2, 1) } },
    { "more is paid back than was paid",
      "more was paid back",
      { LOCK(1, 2, 1, 5, 1, 1),
        PAY(5, 6, 1, 7, 1, 9),
        { OP_ORDER_REFUND, 7, 8, 3, 3, 7, 8, 1, STATUS_OK, 0, 501, 0, 0 } } },
    { "one transaction may be told twice",
      NULL,
      { LOCK(1, 2, 1, 5, 1, 1), PAY(5, 6, 1, 7, 1, 9), PAY(8, 9, 1, 10, 1, 9) } },
    { "two transactions pay an order",
      "an order was paid by two",
      { LOCK(1, 2, 1, 5, 1, 1), PAY(5, 6, 1, 7, 1, 9), PAY(8, 9, 1, 10, 1, 10) } },
    { "a number is given twice",
      "a number was given twice",
      { LOCK(1, 2, 1, 5, 1, 1), LOCK(3, 4, 2, 6, 1, 2) } },
    { "somebody releases another's lock",
      "it belongs to somebody else",
      { LOCK(1, 2, 1, 5, 1, 1), OF(SEATS_RELEASE, 3, 4, 2, 6, 1) } },
    { "a lock is ordered after its end",
      "it had ended",
      { LOCK(1, 2, 1, 5, 1, 1), OF(SEATS_RELEASE, 3, 4, 1, 6, 1),
        OF(ORDER_CREATE, 5, 6, 1, 7, 1) } },
    { "a lock is ordered after its time",
      "a lock was of use after its end",
      { { OP_SEATS_LOCK, 1, 2, 1, 1, 1, 5, 1, STATUS_OK, 900, 0, 0, 1 },
        OF(ORDER_CREATE, 1000, 1001, 1, 7, 1) } },
    { "a lock is longer after an extension",
      NULL,
      { { OP_SEATS_LOCK, 1, 2, 1, 1, 1, 5, 1, STATUS_OK, 900, 0, 0, 1 },
        { OP_SEATS_EXTEND, 3, 4, 1, 1, 3, 6, 1, STATUS_OK, 1900, 0, 0, 0 },
        OF(ORDER_CREATE, 1000, 1001, 1, 7, 1) } },
    { "a lock is shorter after an extension",
      "a lock became shorter",
      { { OP_SEATS_LOCK, 1, 2, 1, 1, 1, 5, 1, STATUS_OK, 900, 0, 0, 1 },
        { OP_SEATS_EXTEND, 3, 4, 1, 1, 3, 6, 1, STATUS_OK, 800, 0, 0, 0 } } },
    { "what was paid is cancelled",
      "what was paid was given back",
      { LOCK(1, 2, 1, 5, 1, 1), PAY(5, 6, 1, 7, 1, 9), OF(ORDER_CANCEL, 8, 9, 1, 10, 1) } },
    { "two tickets of an order let in",
      NULL,
      { LOCK(1, 2, 1, 5, 1, 1),
        { OP_TICKET_REDEEM, 7, 8, 3, 3, 7, 8, 1, STATUS_OK, 0, 0, 0, 0 },
        { OP_TICKET_REDEEM, 9, 10, 3, 3, 9, 9, 1, STATUS_OK, 0, 0, 1, 0 } } },
    { "a ticket lets in twice",
      "a ticket let in twice",
      { LOCK(1, 2, 1, 5, 1, 1),
        { OP_TICKET_REDEEM, 7, 8, 3, 3, 7, 8, 1, STATUS_OK, 0, 0, 1, 0 },
        { OP_TICKET_REDEEM, 9, 10, 3, 3, 9, 9, 1, STATUS_OK, 0, 0, 1, 0 } } },
    { "a lock that was answered is unknown later",
      "what was acknowledged is lost",
      { LOCK(1, 2, 1, 5, 1, 1),
        { OP_ORDER_CREATE, 3, 4, 1, 1, 3, 6, 1, STATUS_UNKNOWN_LOCK, 0, 0, 0, 0 } } },
    { "a lock that was not answered yet is unknown",
      NULL,
      { LOCK(1, 5, 1, 5, 1, 1),
        { OP_ORDER_CREATE, 3, 6, 1, 1, 3, 4, 1, STATUS_UNKNOWN_LOCK, 0, 0, 0, 0 } } },
    { "a repeat gets the first answer",
      NULL,
      { LOCK(1, 2, 1, 5, 1, 1),
        LOCK(3, 4, 2, 6, 2, 2),
        { OP_SEATS_LOCK, 9, 10, 1, 1, 1, 5, 1, STATUS_OK, FOREVER, 0, 0, 1 } } },
    { "a repeat gets another answer",
      "a repeat got another",
      { LOCK(1, 2, 1, 5, 1, 1),
        LOCK(3, 4, 2, 6, 2, 2),
        { OP_SEATS_LOCK, 9, 10, 1, 1, 1, 7, 3, STATUS_OK, FOREVER, 0, 0, 1 } } },
    { "a repeat is refused",
      "a repeat got another",
      { LOCK(1, 2, 1, 5, 1, 1),
        { OP_SEATS_LOCK, 9, 10, 1, 1, 1, 7, 0, STATUS_SEAT_LOCKED, 0, 0, 0, 1 } } },
};

static void
each_is_judged(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        past_call_t calls[CALLS_MAX] = { 0 };
        char why[HISTORY_WHY_MAX];
        history_t history = { .calls = calls, .partitions = 1, .skew_ms = 10 };
        for (const row_t *row = cases[i].rows; history.count < CALLS_MAX && row->operation; row++)
            calls[history.count++] = (past_call_t){ .start_ns = row->start * 1000000,
                                                    .end_ns = row->end * 1000000,
                                                    .showtime = 1,
                                                    .user = row->user,
                                                    .client = row->client,
                                                    .request = row->request,
                                                    .sequence = row->sequence,
                                                    .until_ms = row->until,
                                                    .amount = row->amount,
                                                    .mark = row->mark,
                                                    .purchase = row->purchase,
                                                    .operation = row->operation,
                                                    .status = row->status,
                                                    .seats = { row->seat } };
        const char *broken = history_check(&history, why);
        if (!cases[i].why && broken)
            fail_msg("%s: refused: %s", cases[i].name, broken);
        if (cases[i].why && !broken)
            fail_msg("%s: not noticed", cases[i].name);
        if (cases[i].why && strncmp(broken, cases[i].why, strlen(cases[i].why)) != 0)
            fail_msg("%s: refused for another reason: %s", cases[i].name, broken);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(each_is_judged) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
