/* machine - see machine.h for the contract. */
#include "actors/machine.h"
#include <assert.h>
#include <stddef.h>

_Static_assert((int)ORDER_STATES <= (int)MACHINE_STATE_MAX, "the largest machine fits");
_Static_assert((int)ORDER_EVENTS <= (int)MACHINE_EVENT_MAX, "the largest machine fits");

/* A cell left out reads 0: the event is refused in that state. */
static const uint8_t machine_table[MACHINES][MACHINE_STATE_MAX][MACHINE_EVENT_MAX] = {
    [MACHINE_SEAT] = {
        [SEAT_AVAILABLE] = { [SEAT_ON_LOCK] = SEAT_LOCKED,
                             [SEAT_ON_TAKE] = SEAT_SOLD,
                             [SEAT_ON_BLOCK] = SEAT_BLOCKED },
        [SEAT_LOCKED] = { [SEAT_ON_RELEASE] = SEAT_AVAILABLE, [SEAT_ON_SELL] = SEAT_SOLD },
        [SEAT_SOLD] = { [SEAT_ON_REFUND] = SEAT_AVAILABLE },
        [SEAT_BLOCKED] = { [SEAT_ON_UNBLOCK] = SEAT_AVAILABLE },
    },
    [MACHINE_LOCK] = {
        [LOCK_HELD] = { [LOCK_ON_EXTEND] = LOCK_HELD,
                        [LOCK_ON_ORDER] = LOCK_ORDERED,
                        [LOCK_ON_RELEASE] = LOCK_RELEASED,
                        [LOCK_ON_EXPIRE] = LOCK_EXPIRED },
        [LOCK_ORDERED] = { [LOCK_ON_SETTLE] = LOCK_SETTLED,
                           [LOCK_ON_RELEASE] = LOCK_RELEASED,
                           [LOCK_ON_EXPIRE] = LOCK_EXPIRED },
    },
    [MACHINE_ORDER] = {
        [ORDER_PENDING] = { [ORDER_ON_PAY] = ORDER_PAID,
                            [ORDER_ON_EXPIRE] = ORDER_EXPIRED,
                            [ORDER_ON_CANCEL] = ORDER_CANCELLED },
        [ORDER_PAID] = { [ORDER_ON_REFUND_PART] = ORDER_PARTLY_REFUNDED,
                         [ORDER_ON_REFUND_ALL] = ORDER_REFUNDED },
        [ORDER_PARTLY_REFUNDED] = { [ORDER_ON_REFUND_PART] = ORDER_PARTLY_REFUNDED,
                                    [ORDER_ON_REFUND_ALL] = ORDER_REFUNDED },
        [ORDER_EXPIRED] = { [ORDER_ON_LATE_PAY] = ORDER_PAID, [ORDER_ON_OFFER] = ORDER_OFFERED },
        [ORDER_OFFERED] = { [ORDER_ON_ACCEPT] = ORDER_PAID, [ORDER_ON_DECLINE] = ORDER_EXPIRED },
    },
    /* Providers say "failed" or "closed" and are paid all the same: money always comes in. */
    [MACHINE_PAYMENT] = {
        [PAYMENT_CREATED] = { [PAYMENT_ON_BEGIN] = PAYMENT_SENT,
                              [PAYMENT_ON_CLOSE] = PAYMENT_CLOSED },
        [PAYMENT_SENT] = { [PAYMENT_ON_BEGIN] = PAYMENT_SENT,
                           [PAYMENT_ON_SUCCEED] = PAYMENT_SUCCEEDED,
                           [PAYMENT_ON_MISMATCH] = PAYMENT_CLOSED,
                           [PAYMENT_ON_FAIL] = PAYMENT_FAILED,
                           [PAYMENT_ON_CLOSE] = PAYMENT_CLOSED },
        [PAYMENT_FAILED] = { [PAYMENT_ON_BEGIN] = PAYMENT_SENT,
                             [PAYMENT_ON_SUCCEED] = PAYMENT_SUCCEEDED,
                             [PAYMENT_ON_MISMATCH] = PAYMENT_CLOSED,
                             [PAYMENT_ON_FAIL] = PAYMENT_FAILED,
                             [PAYMENT_ON_CLOSE] = PAYMENT_CLOSED },
        [PAYMENT_CLOSED] = { [PAYMENT_ON_SUCCEED] = PAYMENT_SUCCEEDED,
                             [PAYMENT_ON_MISMATCH] = PAYMENT_CLOSED,
                             [PAYMENT_ON_CLOSE] = PAYMENT_CLOSED },
    },
    /* A failed refund that the provider pays after all is done. */
    [MACHINE_REFUND] = {
        [REFUND_REQUESTED] = { [REFUND_ON_SEND] = REFUND_SENT },
        [REFUND_SENT] = { [REFUND_ON_SEND] = REFUND_SENT,
                          [REFUND_ON_FINISH] = REFUND_DONE,
                          [REFUND_ON_FAIL] = REFUND_FAILED },
        [REFUND_DONE] = { [REFUND_ON_FINISH] = REFUND_DONE },
        [REFUND_FAILED] = { [REFUND_ON_FINISH] = REFUND_DONE,
                            [REFUND_ON_FAIL] = REFUND_FAILED,
                            [REFUND_ON_RETRY] = REFUND_REQUESTED },
    },
    [MACHINE_TICKET] = {
        [TICKET_ISSUED] = { [TICKET_ON_REDEEM] = TICKET_REDEEMED, [TICKET_ON_VOID] = TICKET_VOID },
    },
    [MACHINE_PRINT] = {
        [PRINT_ISSUED] = { [PRINT_ON_BEGIN] = PRINT_PRINTING },
        [PRINT_PRINTING] = { [PRINT_ON_DONE] = PRINT_PRINTED, [PRINT_ON_FAIL] = PRINT_ISSUED },
        [PRINT_PRINTED] = { [PRINT_ON_REPRINT] = PRINT_ISSUED },
    },
    [MACHINE_PLACE] = {
        [PLACE_WAITING] = { [PLACE_ON_ADMIT] = PLACE_INSIDE, [PLACE_ON_LEAVE] = PLACE_LEFT },
        [PLACE_INSIDE] = { [PLACE_ON_BUY] = PLACE_BOUGHT,
                           [PLACE_ON_LEAVE] = PLACE_LEFT,
                           [PLACE_ON_EXPIRE] = PLACE_EXPIRED },
        [PLACE_LEFT] = { [PLACE_ON_RETURN] = PLACE_WAITING },
    },
    /* One step at a time is under way at the box office: so it needs no order of what it is told. */
    [MACHINE_SHOW] = {
        [SHOW_DRAFT] = { [SHOW_ON_PUBLISH] = SHOW_OPENING },
        [SHOW_OPENING] = { [SHOW_ON_DONE] = SHOW_PUBLISHED, [SHOW_ON_REFUSE] = SHOW_DRAFT },
        [SHOW_PUBLISHED] = { [SHOW_ON_CLOSE] = SHOW_CLOSING, [SHOW_ON_CANCEL] = SHOW_CANCELLING },
        [SHOW_CLOSING] = { [SHOW_ON_DONE] = SHOW_CLOSED, [SHOW_ON_REFUSE] = SHOW_PUBLISHED },
        [SHOW_CLOSED] = { [SHOW_ON_CANCEL] = SHOW_CANCELLING },
        [SHOW_CANCELLING] = { [SHOW_ON_DONE] = SHOW_CANCELLED,
                              [SHOW_ON_REFUSE] = SHOW_CLOSED,
                              [SHOW_ON_KEEP] = SHOW_PUBLISHED },
    },
};

static const struct {
    machine_t machine;
    const char *name;
} machine_state_names[] = {
#define S(machine, state, name) { MACHINE_##machine, name },
    MACHINE_STATES(S)
#undef S
}, machine_event_names[] = {
#define E(machine, event, name) { MACHINE_##machine, name },
    MACHINE_EVENTS(E)
#undef E
};

static const struct {
    uint8_t states, events;
} machine_sizes[MACHINES] = {
    [MACHINE_SEAT] = { SEAT_STATES - 1, SEAT_EVENTS },
    [MACHINE_LOCK] = { LOCK_STATES - 1, LOCK_EVENTS },
    [MACHINE_ORDER] = { ORDER_STATES - 1, ORDER_EVENTS },
    [MACHINE_PAYMENT] = { PAYMENT_STATES - 1, PAYMENT_EVENTS },
    [MACHINE_REFUND] = { REFUND_STATES - 1, REFUND_EVENTS },
    [MACHINE_TICKET] = { TICKET_STATES - 1, TICKET_EVENTS },
    [MACHINE_PRINT] = { PRINT_STATES - 1, PRINT_EVENTS },
    [MACHINE_PLACE] = { PLACE_STATES - 1, PLACE_EVENTS },
    [MACHINE_SHOW] = { SHOW_STATES - 1, SHOW_EVENTS },
};

bool
machine_allows(machine_t machine, uint8_t state, uint8_t event)
{
    assert(machine < MACHINES);
    assert(state < MACHINE_STATE_MAX);
    assert(event < MACHINE_EVENT_MAX);
    return machine_table[machine][state][event] != 0;
}

uint8_t
machine_next(machine_t machine, uint8_t state, uint8_t event)
{
    assert(machine_allows(machine, state, event));
    return machine_table[machine][state][event];
}

uint8_t
machine_states(machine_t machine)
{
    assert(machine < MACHINES);
    return machine_sizes[machine].states;
}

uint8_t
machine_events(machine_t machine)
{
    assert(machine < MACHINES);
    return machine_sizes[machine].events;
}

const char *
machine_state_name(machine_t machine, uint8_t state)
{
    uint8_t at = 0;
    for (size_t i = 0; i < sizeof machine_state_names / sizeof machine_state_names[0]; i++)
        if (machine_state_names[i].machine == machine && ++at == state)
            return machine_state_names[i].name;
    return "none";
}

const char *
machine_event_name(machine_t machine, uint8_t event)
{
    uint8_t at = 0;
    for (size_t i = 0; i < sizeof machine_event_names / sizeof machine_event_names[0]; i++)
        if (machine_event_names[i].machine == machine && at++ == event)
            return machine_event_names[i].name;
    return "none";
}
