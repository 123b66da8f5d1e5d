/* machine - every state machine of a purchase, as tables: state x event -> next state.
 *
 * State 0 is no state: a cell that holds it refuses its event. Handlers judge with words for the
 * buyer first; then they go through machine_next(), which asserts that the step is in the table. */
#ifndef MACHINE_H
#define MACHINE_H
#include <stdbool.h>
#include <stdint.h>

/* S(machine, state, name), E(machine, event, name) */
#define MACHINE_STATES(S)                                                                          \
    S(SEAT, AVAILABLE, "available")                                                                \
    S(SEAT, LOCKED, "locked")                                                                      \
    S(SEAT, SOLD, "sold")                                                                          \
    S(SEAT, BLOCKED, "blocked")                                                                    \
    S(LOCK, HELD, "held")                                                                          \
    S(LOCK, ORDERED, "ordered")                                                                    \
    S(LOCK, SETTLED, "settled")                                                                    \
    S(LOCK, RELEASED, "released")                                                                  \
    S(LOCK, EXPIRED, "expired")                                                                    \
    S(ORDER, PENDING, "pending")                                                                   \
    S(ORDER, PAID, "paid")                                                                         \
    S(ORDER, PARTLY_REFUNDED, "partly_refunded")                                                   \
    S(ORDER, REFUNDED, "refunded")                                                                 \
    S(ORDER, EXPIRED, "expired")                                                                   \
    S(ORDER, CANCELLED, "cancelled")                                                               \
    S(ORDER, OFFERED, "offered")                                                                   \
    S(PAYMENT, CREATED, "created")                                                                 \
    S(PAYMENT, SENT, "sent")                                                                       \
    S(PAYMENT, SUCCEEDED, "succeeded")                                                             \
    S(PAYMENT, FAILED, "failed")                                                                   \
    S(PAYMENT, CLOSED, "closed")                                                                   \
    S(REFUND, REQUESTED, "requested")                                                              \
    S(REFUND, SENT, "sent")                                                                        \
    S(REFUND, DONE, "done")                                                                        \
    S(REFUND, FAILED, "failed")                                                                    \
    S(TICKET, ISSUED, "issued")                                                                    \
    S(TICKET, REDEEMED, "redeemed")                                                                \
    S(TICKET, VOID, "void")                                                                        \
    S(PRINT, ISSUED, "issued")                                                                     \
    S(PRINT, PRINTING, "printing")                                                                 \
    S(PRINT, PRINTED, "printed")                                                                   \
    S(PLACE, WAITING, "waiting")                                                                   \
    S(PLACE, INSIDE, "inside")                                                                     \
    S(PLACE, BOUGHT, "bought")                                                                     \
    S(PLACE, LEFT, "left")                                                                         \
    S(PLACE, EXPIRED, "expired")                                                                   \
    S(SHOW, DRAFT, "draft")                                                                        \
    S(SHOW, OPENING, "opening")                                                                    \
    S(SHOW, PUBLISHED, "published")                                                                \
    S(SHOW, CLOSING, "closing")                                                                    \
    S(SHOW, CLOSED, "closed")                                                                      \
    S(SHOW, CANCELLING, "cancelling")                                                              \
    S(SHOW, CANCELLED, "cancelled")

/* SEAT TAKE: a late payment takes a free seat at once. LOCK EXPIRE and RELEASE also end what was
 * ordered; ORDER LATE_PAY and OFFER follow money that came after the order's end; PAYMENT MISMATCH
 * is another sum than asked for. PLACE is one in a waiting room; RETURN takes back a LEAVE while
 * the places are not drawn yet. SHOW is a showtime of the programme; DONE and REFUSE are what the
 * box office says to the step that it was told, KEEP that it was not to be forgotten. */
#define MACHINE_EVENTS(E)                                                                          \
    E(SEAT, LOCK, "lock")                                                                          \
    E(SEAT, RELEASE, "release")                                                                    \
    E(SEAT, SELL, "sell")                                                                          \
    E(SEAT, TAKE, "take")                                                                          \
    E(SEAT, REFUND, "refund")                                                                      \
    E(SEAT, BLOCK, "block")                                                                        \
    E(SEAT, UNBLOCK, "unblock")                                                                    \
    E(LOCK, EXTEND, "extend")                                                                      \
    E(LOCK, ORDER, "order")                                                                        \
    E(LOCK, SETTLE, "settle")                                                                      \
    E(LOCK, RELEASE, "release")                                                                    \
    E(LOCK, EXPIRE, "expire")                                                                      \
    E(ORDER, PAY, "pay")                                                                           \
    E(ORDER, LATE_PAY, "late_pay")                                                                 \
    E(ORDER, OFFER, "offer")                                                                       \
    E(ORDER, ACCEPT, "accept")                                                                     \
    E(ORDER, DECLINE, "decline")                                                                   \
    E(ORDER, EXPIRE, "expire")                                                                     \
    E(ORDER, CANCEL, "cancel")                                                                     \
    E(ORDER, REFUND_PART, "refund_part")                                                           \
    E(ORDER, REFUND_ALL, "refund_all")                                                             \
    E(PAYMENT, BEGIN, "begin")                                                                     \
    E(PAYMENT, SUCCEED, "succeed")                                                                 \
    E(PAYMENT, MISMATCH, "mismatch")                                                               \
    E(PAYMENT, FAIL, "fail")                                                                       \
    E(PAYMENT, CLOSE, "close")                                                                     \
    E(REFUND, SEND, "send")                                                                        \
    E(REFUND, FINISH, "finish")                                                                    \
    E(REFUND, FAIL, "fail")                                                                        \
    E(REFUND, RETRY, "retry")                                                                      \
    E(TICKET, REDEEM, "redeem")                                                                    \
    E(TICKET, VOID, "void")                                                                        \
    E(PRINT, BEGIN, "begin")                                                                       \
    E(PRINT, DONE, "done")                                                                         \
    E(PRINT, FAIL, "failed")                                                                       \
    E(PRINT, REPRINT, "reprint")                                                                   \
    E(PLACE, ADMIT, "admit")                                                                       \
    E(PLACE, BUY, "buy")                                                                           \
    E(PLACE, LEAVE, "leave")                                                                       \
    E(PLACE, EXPIRE, "expire")                                                                     \
    E(PLACE, RETURN, "return")                                                                     \
    E(SHOW, PUBLISH, "publish")                                                                    \
    E(SHOW, CLOSE, "close")                                                                        \
    E(SHOW, CANCEL, "cancel")                                                                      \
    E(SHOW, DONE, "done")                                                                          \
    E(SHOW, REFUSE, "refuse")                                                                      \
    E(SHOW, KEEP, "keep")

typedef enum {
    MACHINE_SEAT,
    MACHINE_LOCK,
    MACHINE_ORDER,
    MACHINE_PAYMENT,
    MACHINE_REFUND,
    MACHINE_TICKET,
    MACHINE_PRINT, /* of a ticket, whatever its own state */
    MACHINE_PLACE,
    MACHINE_SHOW,
    MACHINES
} machine_t;

enum { MACHINE_STATE_MAX = 8, MACHINE_EVENT_MAX = 9 };

/* States count from 1 in each machine, events from 0, both in the order of the tables above. */
enum { SEAT_NONE, SEAT_AVAILABLE, SEAT_LOCKED, SEAT_SOLD, SEAT_BLOCKED, SEAT_STATES };
enum { LOCK_NONE, LOCK_HELD, LOCK_ORDERED, LOCK_SETTLED, LOCK_RELEASED, LOCK_EXPIRED, LOCK_STATES };
enum {
    ORDER_NONE,
    ORDER_PENDING,
    ORDER_PAID,
    ORDER_PARTLY_REFUNDED,
    ORDER_REFUNDED,
    ORDER_EXPIRED,
    ORDER_CANCELLED,
    ORDER_OFFERED,
    ORDER_STATES
};
enum {
    PAYMENT_NONE,
    PAYMENT_CREATED,
    PAYMENT_SENT,
    PAYMENT_SUCCEEDED,
    PAYMENT_FAILED,
    PAYMENT_CLOSED,
    PAYMENT_STATES
};
enum { REFUND_NONE, REFUND_REQUESTED, REFUND_SENT, REFUND_DONE, REFUND_FAILED, REFUND_STATES };
enum { TICKET_NONE, TICKET_ISSUED, TICKET_REDEEMED, TICKET_VOID, TICKET_STATES };
enum { PRINT_NONE, PRINT_ISSUED, PRINT_PRINTING, PRINT_PRINTED, PRINT_STATES };
enum {
    PLACE_NONE,
    PLACE_WAITING,
    PLACE_INSIDE,
    PLACE_BOUGHT,
    PLACE_LEFT,
    PLACE_EXPIRED,
    PLACE_STATES
};
enum {
    SHOW_NONE,
    SHOW_DRAFT,
    SHOW_OPENING,
    SHOW_PUBLISHED,
    SHOW_CLOSING,
    SHOW_CLOSED,
    SHOW_CANCELLING,
    SHOW_CANCELLED,
    SHOW_STATES
};

enum {
    SEAT_ON_LOCK,
    SEAT_ON_RELEASE,
    SEAT_ON_SELL,
    SEAT_ON_TAKE,
    SEAT_ON_REFUND,
    SEAT_ON_BLOCK,
    SEAT_ON_UNBLOCK,
    SEAT_EVENTS
};
enum {
    LOCK_ON_EXTEND,
    LOCK_ON_ORDER,
    LOCK_ON_SETTLE,
    LOCK_ON_RELEASE,
    LOCK_ON_EXPIRE,
    LOCK_EVENTS
};
enum {
    ORDER_ON_PAY,
    ORDER_ON_LATE_PAY,
    ORDER_ON_OFFER,
    ORDER_ON_ACCEPT,
    ORDER_ON_DECLINE,
    ORDER_ON_EXPIRE,
    ORDER_ON_CANCEL,
    ORDER_ON_REFUND_PART,
    ORDER_ON_REFUND_ALL,
    ORDER_EVENTS
};
enum {
    PAYMENT_ON_BEGIN,
    PAYMENT_ON_SUCCEED,
    PAYMENT_ON_MISMATCH,
    PAYMENT_ON_FAIL,
    PAYMENT_ON_CLOSE,
    PAYMENT_EVENTS
};
enum { REFUND_ON_SEND, REFUND_ON_FINISH, REFUND_ON_FAIL, REFUND_ON_RETRY, REFUND_EVENTS };
enum { TICKET_ON_REDEEM, TICKET_ON_VOID, TICKET_EVENTS };
enum { PRINT_ON_BEGIN, PRINT_ON_DONE, PRINT_ON_FAIL, PRINT_ON_REPRINT, PRINT_EVENTS };
enum {
    PLACE_ON_ADMIT,
    PLACE_ON_BUY,
    PLACE_ON_LEAVE,
    PLACE_ON_EXPIRE,
    PLACE_ON_RETURN,
    PLACE_EVENTS
};
enum {
    SHOW_ON_PUBLISH,
    SHOW_ON_CLOSE,
    SHOW_ON_CANCEL,
    SHOW_ON_DONE,
    SHOW_ON_REFUSE,
    SHOW_ON_KEEP,
    SHOW_EVENTS
};

/* Is there such a step? */
bool machine_allows(machine_t machine, uint8_t state, uint8_t event);
/* The state after the step, which is asserted to be in the table. */
uint8_t machine_next(machine_t machine, uint8_t state, uint8_t event);
/* Count of states (without state 0) and events. */
uint8_t machine_states(machine_t machine);
uint8_t machine_events(machine_t machine);
/* The stable word of a state or event; "none" where there is none. */
const char *machine_state_name(machine_t machine, uint8_t state);
const char *machine_event_name(machine_t machine, uint8_t event);
#endif
