/* box - the records of the box office and what its handlers share.
 *
 * Every record of a showtime has the showtime id as its space:
 *   H 0     head_t: counters, books, times, rules, names, zones
 *   L 0     layout_t: the hall; never changes
 *   S 0     seat_t a seat
 *   P n     purchase_t: lock n, and in the same record its order, payment and tickets
 *   X tell  refund_t: one refund and its outbox row; due at the next resend
 *   V 0     revoked_t: how many tickets became void
 *   V n     page n - 1 of them, in that order: BOX_VOIDS void_t
 *   K 0     nonces_t: how many nonces are remembered
 *   K hash  16 bytes: a nonce; due when it is forgotten
 *   J n     box_coupon_t: the coupon of purchase n, while it is asked for and once it has an order
 *   Q, E, U the waiting room: see box_queue.h
 *   C, W, B what payment providers are asked and tell: see box_charge.h
 *   A 0     box_fare_t a zone, in the order of the head's: what it costs each audience; absent
 *           where a showtime was opened by hand: then all pay the zone's price
 *   G 0     box_plan_t: the cinema that put it on sale, if one did; due while a cancelled
 *           showtime's purchases are walked
 * Space 0 is the partition's own:
 *   R 0     rules_t: defaults for new showtimes
 *   N 0     counters_t
 *   Z page  showtime ids in the order of their opening, BOX_PAGE_IDS a page
 * docs/records.md has the bytes. What holds between commands:
 * (1) in = live + pending + refunding + refunded.
 * (2) A locked or sold seat names a purchase that has a line for it, and the other way round.
 * (3) A purchase that holds seats locked is due when they are to be let go; no other is due.
 * (4) A lock that ended without an order has no record; its number is not used again.
 * (5) The head's counts are those of the seats, and so is what it says is held by tag.
 * (6) Every ticket that is void stands in V once, and no other does.
 * (7) A purchase that is flagged so has a coupon: asked for while it is only a lock; held, used or
 *     given back as its order is pending, was paid in time, or ended otherwise.
 * (8) Of a cancelled showtime, purchases that were walked hold nothing but tickets that were used.
 */
#ifndef BOX_H
#define BOX_H
#include "actors/layout.h"
#include "actors/machine.h"
#include "actors/turn.h"

enum {
    BOX_HEAD = 'H',
    BOX_LAYOUT = 'L',
    BOX_SEATS = 'S',
    BOX_PURCHASE = 'P',
    BOX_REFUND = 'X',
    BOX_REVOKED = 'V',
    BOX_NONCE = 'K',
    BOX_COUPON = 'J',
    BOX_QUEUE = 'Q',
    BOX_QUEUE_PAGE = 'E',
    BOX_QUEUE_USERS = 'U',
    BOX_PLAN = 'G',
    BOX_FARES = 'A',
    BOX_RULES = 'R',
    BOX_COUNTERS = 'N',
    BOX_PAGE = 'Z',
    BOX_PAGE_IDS = 120,
    BOX_VOIDS = 120,
    BOX_NONCE_SIZE = 16,
    BOX_NONCES_MAX = 65536,
    BOX_ZONES_MAX = 26,
    BOX_ZONE_NAME = 32,
    BOX_TITLE = 96,
    BOX_HALL = 48,
    BOX_FORMAT = 16,
    BOX_TIME_ZONE = 32,
    BOX_TXN = 64,
    BOX_REASON = 64,
    BOX_KIOSK = 16,
    BOX_TAG_GROUPS = 64,
    BOX_EXTRA_REFUNDS = 128, /* payments too many that one order takes in */
};
/* Where numbering stops, with room for what must still happen. */
#define BOX_NUMBER_MAX (UINT32_MAX - (UINT32_C(1) << 24))

typedef struct {
    uint32_t ttl_ms, ceiling_ms;
    uint8_t cap, gap_rule;
    uint8_t providers; /* a bit each, of the partition alone; 0: the sandbox */
    uint8_t zero[5];
} rules_t;
_Static_assert(sizeof(rules_t) == 16, "stored");

typedef struct {
    uint64_t tells;     /* outbox numbers given out */
    uint64_t showtimes; /* opened */
} counters_t;
_Static_assert(sizeof(counters_t) == 16, "stored");

typedef struct {
    int64_t price;
    char name[BOX_ZONE_NAME];
    uint8_t letter, zero[7];
} box_zone_t;
_Static_assert(sizeof(box_zone_t) == 48, "stored");

typedef struct {
    uint32_t number;    /* of the last change of seats */
    uint32_t purchases; /* numbers given out */
    uint16_t counts[SEAT_STATES];
    uint16_t seat_count;
    uint8_t zone_count, room; /* room: 1 when there is, or was, a waiting room */
    uint8_t planned;          /* 1: a cinema put it on sale, so there are C and A */
    uint8_t cancelled;
    rules_t rules;
    int64_t opens_ms, closes_ms, starts_ms, ends_ms;
    /* The books, in fen. refunding: owed and not yet confirmed, failed ones included. */
    int64_t in, live, pending, refunding, refunded;
    uint16_t held[BOX_TAG_GROUPS]; /* seats locked, by a group of the holder's tag */
    char title[BOX_TITLE], hall[BOX_HALL], format[BOX_FORMAT], time_zone[BOX_TIME_ZONE];
    box_zone_t zones[BOX_ZONES_MAX]; /* zone_count of them stored */
} head_t;
enum {
    HEAD_HOT = 240,
    HEAD_COLD = HEAD_HOT + BOX_TITLE + BOX_HALL + BOX_FORMAT + BOX_TIME_ZONE,
};
_Static_assert(offsetof(head_t, title) == HEAD_HOT, "stored");
_Static_assert(offsetof(head_t, zones) == HEAD_COLD, "stored");

typedef struct {
    int64_t price; /* frozen when the order is made */
    int64_t redeemed_ms;
    char kiosk[BOX_KIOSK];
    uint16_t seat;
    uint8_t zone, ticket;
    uint8_t print; /* its print state less one: 0 is issued, also in what older programs wrote */
    uint8_t audience;
    uint16_t prints; /* that came out of a printer */
} line_t;
_Static_assert(sizeof(line_t) == 40, "stored");

enum { PURCHASE_MISMATCH = 1, PURCHASE_LATE = 2, PURCHASE_COUPON = 4 };
enum {
    PROVIDER_NONE,
    PROVIDER_SANDBOX,
    PROVIDER_WXPAY,
    PROVIDER_WXPAY2,
    PROVIDER_ALIPAY,
    PROVIDERS
};

typedef struct {
    uint64_t user;
    int64_t locked_ms;
    int64_t until_ms; /* end of lock, payment or offer */
    uint8_t lock, order, payment, flags;
    uint8_t count, provider;
    uint16_t settled; /* the status that answered the payment */
    int64_t amount;   /* asked for */
    int64_t paid;     /* what came by txn */
    int64_t paid_ms;
    uint64_t refund; /* the newest one's number, 0: none */
    uint32_t refunds;
    uint16_t tag; /* of the user, as on the seats */
    uint8_t zero[2];
    char code[16];
    char txn[BOX_TXN]; /* empty until money came */
    line_t lines[];    /* ascending by seat */
} purchase_t;
_Static_assert(sizeof(purchase_t) == 152, "stored");

enum { BOX_COUPON_NONE, BOX_COUPON_ASKED, BOX_COUPON_HELD, BOX_COUPON_USED, BOX_COUPON_RETURNED };

typedef struct {
    uint64_t user;
    uint64_t client, request; /* who waits for the order, 0: nobody */
    int64_t discount;         /* fen */
    uint8_t state, provider;
    char code[20];
    uint8_t zero[2];
} box_coupon_t;
_Static_assert(sizeof(box_coupon_t) == 56, "stored");

enum { REFUND_EXTRA = 1 }; /* of a payment too many */

typedef struct {
    uint64_t before;          /* the same order's refund before this one, 0: none */
    uint64_t client, request; /* who waits for the end, 0: nobody */
    int64_t amount, asked_ms, ended_ms;
    uint32_t purchase, attempts;
    uint8_t state, flags, zero[6];
    char txn[BOX_TXN];     /* of the payment */
    char receipt[BOX_TXN]; /* the provider's number of the refund */
    char reason[BOX_REASON];
} refund_t;
_Static_assert(sizeof(refund_t) == 256, "stored");

typedef struct {
    uint64_t count;
} revoked_t;
_Static_assert(sizeof(revoked_t) == 8, "stored");

typedef struct {
    uint32_t purchase;
    uint16_t seat;
    uint8_t zero[2];
} void_t;
_Static_assert(sizeof(void_t) == 8, "stored");

typedef struct {
    uint64_t count;
} nonces_t;
_Static_assert(sizeof(nonces_t) == 8, "stored");

typedef struct {
    int64_t price[AUDIENCES];
} box_fare_t;
_Static_assert(sizeof(box_fare_t) == 32, "stored");

typedef struct {
    uint64_t cinema;
    uint32_t movie;
    uint32_t walked; /* purchases up to this number; of a cancelled showtime */
    char reason[BOX_REASON];
} box_plan_t;
_Static_assert(sizeof(box_plan_t) == 80, "stored");

/* A showtime while a command works on it. */
typedef struct {
    turn_t *turn;
    uint64_t showtime;
    const head_t *head;
    const layout_t *layout; /* these two after box_hall() */
    const seat_t *seats;
} box_t;

static inline state_key_t
box_key(uint64_t space, uint8_t table, uint64_t number)
{
    return (state_key_t){ .space = space, .number = number, .table = table };
}

/* Load the showtime's head; false when there is none. */
bool box_open(box_t *self, turn_t *turn, uint64_t showtime);
/* Load its hall and seats. */
void box_hall(box_t *self);
head_t *box_edit_head(box_t *self);
const purchase_t *box_purchase(const box_t *self, uint32_t number);
purchase_t *box_edit_purchase(box_t *self, uint32_t number);
void box_set_due(box_t *self, uint32_t number, int64_t due_ms);
const box_zone_t *box_zone(const head_t *head, uint8_t letter);
uint16_t box_tag(uint64_t user);
static inline uint32_t
box_tag_group(uint16_t tag)
{
    return tag % BOX_TAG_GROUPS;
}
/* The partition's counters, for changing. */
counters_t *box_edit_counters(turn_t *turn);

/* Take seats through one event, on behalf of a purchase (0 when nobody holds them after it), count
 * it as one change and publish it. */
void box_change(box_t *self, const uint16_t *ids, uint32_t count, uint8_t event, uint32_t purchase,
                uint16_t tag);
/* The same for the seats of a purchase's lines. */
void box_change_lines(box_t *self, uint32_t number, const purchase_t *purchase, uint8_t event);
/* Assert invariant (1). */
void box_balance(const head_t *head);

/* The purchase of an `order` field, checked against the `user` field if that came. STATUS_OK, or
 * the refusal. */
status_t box_find_order(const box_t *self, const command_t *command, uint32_t *number,
                        const purchase_t **purchase);
/* Publish how an order stands. */
void box_publish_order(box_t *self, uint32_t number, const purchase_t *purchase);
/* "none" when there was no refund. */
const char *box_refund_name(const box_t *self, const purchase_t *purchase);

/* Answer a refusal with one detail; they return `status`. */
status_t box_refuse_uint(turn_t *turn, status_t status, const char *key, uint64_t value);
status_t box_refuse_str(turn_t *turn, status_t status, const char *key, const char *value);
static inline status_t
box_refuse_state(turn_t *turn, status_t status, machine_t machine, uint8_t state)
{
    return box_refuse_str(turn, status, "state", machine_state_name(machine, state));
}
/* A field's value is not one of those that have a meaning. */
status_t box_refuse_field(turn_t *turn, field_t field);

/* An array whose length shows later. */
size_t box_array_begin(pack_t *pack);
void box_array_end(pack_t *pack, size_t at, uint32_t count);
/* Text of a fixed field that is NUL-padded, not terminated. */
void box_pack_text(pack_t *pack, const char *key, const char *text, size_t room);
/* The key "tickets" and [[ticket, seat, token]] of those that are not void. */
void box_pack_tickets(const box_t *self, uint32_t number, const purchase_t *purchase, pack_t *pack);

/* box_payment.c: the provider of a name, PROVIDER_NONE if there is none; the name of a provider. */
uint8_t box_provider(const command_t *command);
const char *box_provider_name(uint8_t provider);
/* Begin (or go on with) the payment of a pending order, and pack {order, amount, until_ms, code}.
 */
void box_begin_payment(box_t *self, uint32_t number, purchase_t *purchase, uint8_t provider);
void box_pack_order(const box_t *self, uint32_t number, const purchase_t *purchase);
/* Money of an offer is taken for its seats, or given back. */
void box_offer_end(box_t *self, uint32_t number, purchase_t *purchase, bool yes);

/* box_coupon.c: ask for a coupon for a lock that is held, in place of making its order: PENDING, or
 * a refusal. `amount` is the order's without it. */
status_t box_coupon_ask(box_t *self, const command_t *command, uint32_t number, uint8_t provider,
                        int64_t amount);
/* The coupon of a purchase, NULL when it has none. */
const box_coupon_t *box_coupon(const box_t *self, uint32_t number, const purchase_t *purchase);
/* The order has ended: its coupon, if any, was used, or is given back. */
void box_coupon_end(box_t *self, uint32_t number, const purchase_t *purchase, bool used);
/* Tell a member's partition what was paid, and what went back; nothing for others. */
void box_member_bought(box_t *self, uint32_t number, const purchase_t *purchase);
void box_member_refunded(box_t *self, uint32_t number, const purchase_t *purchase, int64_t amount,
                         uint32_t tickets);

/* box_order.c: make the order of a lock that is held, at its prices less a discount, begin its
 * payment if there is a provider, and pack the answer. */
void box_make_order(box_t *self, uint32_t number, uint8_t provider, int64_t discount,
                    const command_t *command);
/* The end of a lock's time. */
void box_purchase_due(box_t *self, uint32_t number);
/* End an unpaid order by ORDER_ON_EXPIRE or ORDER_ON_CANCEL; its seats are let go, its payment is
 * closed if it is still open. */
void box_end_order(box_t *self, uint32_t number, purchase_t *purchase, uint8_t event);

/* box_refund.c: owe `amount` of a payment, ask for it to be paid back, and keep who waits. Returns
 * the refund for more changes, NULL when there is nothing to pay. The books are the caller's. */
refund_t *box_request_refund(box_t *self, uint32_t number, purchase_t *purchase, int64_t amount,
                             const char txn[BOX_TXN], const char *reason);
/* The payment too many that came by this transaction. */
bool box_refund_of_extra(const box_t *self, const purchase_t *purchase, const char txn[BOX_TXN]);
const refund_t *box_refund(const box_t *self, uint64_t tell);
/* Send a refund again. */
void box_refund_due(box_t *self, uint64_t tell);

/* Void what was not used and owe its price, for a purchase that has its money. */
void box_refund_unused(box_t *self, uint32_t number, purchase_t *purchase, const char *reason);

/* box_plan.c: what a seat of a zone costs an audience. */
int64_t box_price(const box_t *self, uint8_t zone, audience_t audience);
/* What a cinema said of it; NULL: it was opened by hand. */
const box_plan_t *box_plan(const box_t *self);
/* Walk on through the purchases of a cancelled showtime. */
void box_plan_due(box_t *self);

/* box_nonce.c: is the request new? STATUS_OK, and then its nonce is remembered for as long as its
 * time would be believed; or the refusal. Without a nonce nothing is asked of it. */
status_t box_nonce_take(box_t *self, const command_t *command);
void box_nonce_due(box_t *self, uint64_t number);

/* box_revoked.c: make the list of a new showtime. */
void box_revoked_make(turn_t *turn, uint64_t showtime);
/* See that there is one: older programs made none. Call it before tickets become void. */
void box_revoked_begin(box_t *self);
void box_revoked_add(box_t *self, uint32_t purchase, uint16_t seat);
/* The list, NULL when there is none; number `at` of it, from 0. */
const revoked_t *box_revoked(const box_t *self);
void_t box_revoked_at(const box_t *self, uint64_t at);

/* box_showtime.c: are the fields zones and rows a hall, and time_zone a zone's name? For whoever
 * keeps them for later. */
status_t box_judge_hall(turn_t *turn, const command_t *command, uint32_t *seats);
bool box_time_zone_good(const command_t *command);

/* box_seats.c: what a seat shows at `now`: a lock past its end shows as available. */
uint8_t box_shown(const box_t *self, const seat_t *seat);
#endif
