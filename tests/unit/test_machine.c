/* test_machine - every cell of every state machine, against a list written by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "actors/machine.h"

/* All that may happen; whatever is not here must be refused. */
static const struct {
    machine_t machine;
    const char *state, *event, *next;
} expected[] = {
    { MACHINE_SEAT, "available", "lock", "locked" },
    { MACHINE_SEAT, "available", "take", "sold" },
    { MACHINE_SEAT, "available", "block", "blocked" },
    { MACHINE_SEAT, "locked", "release", "available" },
    { MACHINE_SEAT, "locked", "sell", "sold" },
    { MACHINE_SEAT, "sold", "refund", "available" },
    { MACHINE_SEAT, "blocked", "unblock", "available" },
    { MACHINE_LOCK, "held", "extend", "held" },
    { MACHINE_LOCK, "held", "order", "ordered" },
    { MACHINE_LOCK, "held", "release", "released" },
    { MACHINE_LOCK, "held", "expire", "expired" },
    { MACHINE_LOCK, "ordered", "settle", "settled" },
    { MACHINE_LOCK, "ordered", "release", "released" },
    { MACHINE_LOCK, "ordered", "expire", "expired" },
    { MACHINE_ORDER, "pending", "pay", "paid" },
    { MACHINE_ORDER, "pending", "expire", "expired" },
    { MACHINE_ORDER, "pending", "cancel", "cancelled" },
    { MACHINE_ORDER, "paid", "refund_part", "partly_refunded" },
    { MACHINE_ORDER, "paid", "refund_all", "refunded" },
    { MACHINE_ORDER, "partly_refunded", "refund_part", "partly_refunded" },
    { MACHINE_ORDER, "partly_refunded", "refund_all", "refunded" },
    { MACHINE_ORDER, "expired", "late_pay", "paid" },
    { MACHINE_ORDER, "expired", "offer", "offered" },
    { MACHINE_ORDER, "offered", "accept", "paid" },
    { MACHINE_ORDER, "offered", "decline", "expired" },
    { MACHINE_PAYMENT, "created", "begin", "sent" },
    { MACHINE_PAYMENT, "created", "close", "closed" },
    { MACHINE_PAYMENT, "sent", "begin", "sent" },
    { MACHINE_PAYMENT, "sent", "succeed", "succeeded" },
    { MACHINE_PAYMENT, "sent", "mismatch", "closed" },
    { MACHINE_PAYMENT, "sent", "fail", "failed" },
    { MACHINE_PAYMENT, "sent", "close", "closed" },
    { MACHINE_PAYMENT, "failed", "begin", "sent" },
    { MACHINE_PAYMENT, "failed", "succeed", "succeeded" },
    { MACHINE_PAYMENT, "failed", "mismatch", "closed" },
    { MACHINE_PAYMENT, "failed", "fail", "failed" },
    { MACHINE_PAYMENT, "failed", "close", "closed" },
    { MACHINE_PAYMENT, "closed", "succeed", "succeeded" },
    { MACHINE_PAYMENT, "closed", "mismatch", "closed" },
    { MACHINE_PAYMENT, "closed", "close", "closed" },
    { MACHINE_REFUND, "requested", "send", "sent" },
    { MACHINE_REFUND, "sent", "send", "sent" },
    { MACHINE_REFUND, "sent", "finish", "done" },
    { MACHINE_REFUND, "sent", "fail", "failed" },
    { MACHINE_REFUND, "done", "finish", "done" },
    { MACHINE_REFUND, "failed", "finish", "done" },
    { MACHINE_REFUND, "failed", "fail", "failed" },
    { MACHINE_REFUND, "failed", "retry", "requested" },
    { MACHINE_TICKET, "issued", "redeem", "redeemed" },
    { MACHINE_TICKET, "issued", "void", "void" },
    { MACHINE_PRINT, "issued", "begin", "printing" },
    { MACHINE_PRINT, "printing", "done", "printed" },
    { MACHINE_PRINT, "printing", "failed", "issued" },
    { MACHINE_PRINT, "printed", "reprint", "issued" },
    { MACHINE_PLACE, "waiting", "admit", "inside" },
    { MACHINE_PLACE, "waiting", "leave", "left" },
    { MACHINE_PLACE, "inside", "buy", "bought" },
    { MACHINE_PLACE, "inside", "leave", "left" },
    { MACHINE_PLACE, "inside", "expire", "expired" },
    { MACHINE_PLACE, "left", "return", "waiting" },
    { MACHINE_SHOW, "draft", "publish", "opening" },
    { MACHINE_SHOW, "opening", "done", "published" },
    { MACHINE_SHOW, "opening", "refuse", "draft" },
    { MACHINE_SHOW, "published", "close", "closing" },
    { MACHINE_SHOW, "published", "cancel", "cancelling" },
    { MACHINE_SHOW, "closing", "done", "closed" },
    { MACHINE_SHOW, "closing", "refuse", "published" },
    { MACHINE_SHOW, "closed", "cancel", "cancelling" },
    { MACHINE_SHOW, "cancelling", "done", "cancelled" },
    { MACHINE_SHOW, "cancelling", "refuse", "closed" },
    { MACHINE_SHOW, "cancelling", "keep", "published" },
};
enum { EXPECTED = sizeof expected / sizeof expected[0] };

static const char *
next_expected(machine_t machine, uint8_t state, uint8_t event)
{
    for (size_t i = 0; i < EXPECTED; i++)
        if (expected[i].machine == machine &&
            strcmp(expected[i].state, machine_state_name(machine, state)) == 0 &&
            strcmp(expected[i].event, machine_event_name(machine, event)) == 0)
            return expected[i].next;
    return NULL;
}

static void
every_cell_is_as_expected(void **unused)
{
    (void)unused;
    size_t steps = 0;
    for (machine_t machine = 0; machine < MACHINES; machine++) {
        for (uint8_t state = 1; state <= machine_states(machine); state++) {
            for (uint8_t event = 0; event < machine_events(machine); event++) {
                const char *next = next_expected(machine, state, event);
                assert_int_equal(machine_allows(machine, state, event), next != NULL);
                if (!next)
                    continue;
                steps++;
                assert_string_equal(
                    machine_state_name(machine, machine_next(machine, state, event)), next);
            }
        }
    }
    assert_int_equal(steps, EXPECTED);
}

static void
nothing_leaves_no_state(void **unused)
{
    (void)unused;
    for (machine_t machine = 0; machine < MACHINES; machine++)
        for (uint8_t event = 0; event < MACHINE_EVENT_MAX; event++)
            assert_false(machine_allows(machine, 0, event));
}

static void
names_are_those_of_the_numbers(void **unused)
{
    (void)unused;
#define S(machine, state, name)                                                                    \
    assert_string_equal(machine_state_name(MACHINE_##machine, machine##_##state), name);
    MACHINE_STATES(S)
#undef S
#define E(machine, event, name)                                                                    \
    assert_string_equal(machine_event_name(MACHINE_##machine, machine##_ON_##event), name);
    MACHINE_EVENTS(E)
#undef E
    assert_string_equal(machine_state_name(MACHINE_SEAT, 0), "none");
    assert_string_equal(machine_state_name(MACHINE_SEAT, SEAT_STATES), "none");
    assert_string_equal(machine_event_name(MACHINE_TICKET, TICKET_EVENTS), "none");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cell_is_as_expected),
        cmocka_unit_test(nothing_leaves_no_state),
        cmocka_unit_test(names_are_those_of_the_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
