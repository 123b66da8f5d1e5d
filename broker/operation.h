/* operation - the one table of what can be asked of Marquee.
 *
 * Dispatch, role checks, decoding with bounds, the admin tool's `call`, and the tables of
 * docs/protocol.md all come from the two tables below; nothing is listed twice. */
#ifndef OPERATION_H
#define OPERATION_H
#include "broker/mp.h"
#include "broker/wire.h"
#include <stdbool.h>
#include <stdint.h>

/* Roles, one bit each; a key (or a keyless endpoint) has exactly one, and none has STAFF: that is
 * what a bridge acts with when it names a member of staff in the field `staff`. */
#define ROLE_TABLE(X)                                                                              \
    X(BRIDGE, "bridge", 0)                                                                         \
    X(KIOSK, "kiosk", 1)                                                                           \
    X(ADMIN, "admin", 2)                                                                           \
    X(CASHIER, "cashier", 3)                                                                       \
    X(ACTOR, "actor", 4)                                                                           \
    X(LOAD, "load", 5)                                                                             \
    X(STAFF, "staff", 6)                                                                           \
    X(SENDER, "sender", 7)

typedef enum {
    ROLE_NONE = 0,
#define X(id, name, bit) ROLE_##id = 1 << (bit),
    ROLE_TABLE(X)
#undef X
} role_t;

enum {
    SEATS_MAX = 16,      /* seats that one lock can hold */
    SHOWTIMES_MAX = 512, /* of one programme.save: a week of eight halls */
    IDS_MAX = 128,
    CARD_MAX = 200, /* rules of a price card */
    LIST_BYTES_MAX = 48 * 1024,
    MONEY_MAX_FEN_LOG10 = 12,
};
/* Who a ticket is for, in the order in which prices are said. */
#define AUDIENCE_TABLE(X)                                                                          \
    X(ADULT, "adult")                                                                              \
    X(CHILD, "child")                                                                              \
    X(STUDENT, "student")                                                                          \
    X(SENIOR, "senior")
typedef enum {
#define X(id, name) AUDIENCE_##id,
    AUDIENCE_TABLE(X)
#undef X
        AUDIENCES
} audience_t;
#define MONEY_MAX_FEN INT64_C(1000000000000)
#define TIME_MAX_MS   INT64_C(253402300799999) /* the end of the year 9999 */

/* F(id, name, type, min, max, help). min and max bound a number's value, the bytes of a str or
 * bin, the items of a list. SEATS is a list of different numbers, decoded and sorted ascending;
 * LIST is decoded by its operation. */
#define FIELD_TABLE(F)                                                                             \
    F(CLIENT, "client", BIN, 16, 16, "random identity of the client; keep it over reconnects")     \
    F(USER, "user", UINT, 1, INT64_MAX, "who buys: member or guest id")                            \
    F(SEATS, "seats", SEATS, 1, SEATS_MAX, "seat ids")                                             \
    F(COUNT, "count", UINT, 1, SEATS_MAX, "how many seats")                                        \
    F(ZONE, "zone", STR, 1, 1, "price zone, a letter a-z")                                         \
    F(WHEELCHAIR, "wheelchair", BOOL, 0, 1, "wheelchair places are wanted")                        \
    F(TTL, "ttl_ms", UINT, 1000, 3600000, "how long the lock is held")                             \
    F(CEILING, "ceiling_ms", UINT, 1000, 7200000, "the longest a lock may be extended to")         \
    F(CAP, "cap", UINT, 1, SEATS_MAX, "seats that one member may hold locked")                     \
    F(GAP_RULE, "gap_rule", BOOL, 0, 1, "refuse choices that leave a lone seat")                   \
    F(LOCK, "lock", UINT, 1, UINT32_MAX, "lock number within the showtime")                        \
    F(ORDER, "order", STR, 1, 32, "order id")                                                      \
    F(TICKET, "ticket", STR, 1, 36, "ticket id")                                                   \
    F(TOKEN, "token", STR, 1, 32, "ticket token, as in the QR code")                               \
    F(KIOSK, "kiosk", STR, 1, 15, "name of the kiosk or gate")                                     \
    F(PROVIDER, "provider", STR, 1, 15, "payment provider")                                        \
    F(OUTCOME, "outcome", STR, 1, 15, "succeeded, failed or closed; others: done or failed")       \
    F(AMOUNT, "amount", UINT, 0, MONEY_MAX_FEN, "fen")                                             \
    F(TXN, "txn", STR, 1, 64, "the provider's transaction number")                                 \
    F(CODE, "code", STR, 1, 32, "the sandbox provider's payment code; one to log in with")         \
    F(TICKETS, "tickets", SEATS, 1, SEATS_MAX, "seat ids of the tickets meant; absent: all")       \
    F(REASON, "reason", STR, 0, 64, "why, for people")                                             \
    F(WAIT, "wait", BOOL, 0, 1, "answer when it has ended instead of at once")                     \
    F(YES, "yes", BOOL, 0, 1, "the buyer's answer")                                                \
    F(SINCE, "since", UINT, 0, UINT32_MAX, "only what changed after this number")                  \
    F(TITLE, "title", STR, 1, 96, "film title")                                                    \
    F(HALL, "hall", STR, 1, 48, "hall name")                                                       \
    F(FORMAT, "format", STR, 0, 15, "2D, 3D, IMAX, ...")                                           \
    F(TIME_ZONE, "time_zone", STR, 1, 31, "IANA name of the cinema's time zone, to show times in") \
    F(STARTS, "starts_ms", UINT, 0, TIME_MAX_MS, "start of the film")                              \
    F(ENDS, "ends_ms", UINT, 0, TIME_MAX_MS, "end of the film")                                    \
    F(OPENS, "opens_ms", UINT, 0, TIME_MAX_MS, "sale opens")                                       \
    F(CLOSES, "closes_ms", UINT, 0, TIME_MAX_MS, "sale closes")                                    \
    F(ZONES, "zones", LIST, 1, 26, "[letter, name, price in fen] each")                            \
    F(ROWS, "rows", LIST, 1, 64, "[name, kinds, zones] each, one letter a column")                 \
    F(OFFLINE, "offline", BOOL, 0, 1, "add the signed offline payload")                            \
    F(FROM, "from", UINT, 0, UINT32_MAX, "skip this many")                                         \
    F(LIMIT, "limit", UINT, 1, 500, "at most this many")                                           \
    F(TELL, "tell", UINT, 1, INT64_MAX, "number of the outbox message that is answered")           \
    F(STATUS, "status", UINT, 0, UINT16_MAX, "a code of section 17")                               \
    F(NOW, "now_ms", UINT, 0, TIME_MAX_MS, "a clock reading")                                      \
    F(SEQUENCE, "sequence", UINT, 0, INT64_MAX, "sequence number")                                 \
    F(PARTITION, "partition", UINT, 0, 65535, "partition number")                                  \
    F(PARTITIONS, "partitions", UINT, 1, 65535, "partitions of the site")                          \
    F(SITE, "site", BIN, 16, 16, "site id")                                                        \
    F(STAFF, "staff", STR, 1, 15, "the member of staff for whom a bridge speaks")                  \
    F(ONCE, "once", BIN, 16, 16, "names a write over connections: a repeat gets the same answer")  \
    F(TRACE, "trace", BIN, 26, 26, "W3C traceparent: version, trace id, parent id, flags")         \
    F(NONCE, "nonce", BIN, 16, 16, "random, new for every request; goes with at_ms")               \
    F(AT, "at_ms", UINT, 0, TIME_MAX_MS, "when the request was made; goes with nonce")             \
    F(STEP, "step", STR, 1, 15, "begin, done, failed or reprint")                                  \
    F(LANE, "lane", UINT, 0, 1, "lane of the waiting room: 0, or 1 with priority")                 \
    F(CAPACITY, "capacity", UINT, 1, 1000000, "how many may be inside the waiting room's door")    \
    F(RATE, "rate", UINT, 1, 60000, "how many are let in a minute")                                \
    F(PASS, "pass_ms", UINT, 1000, 7200000, "how long one who was let in may buy")                 \
    F(SHARE, "share", UINT, 0, 100, "of a hundred let in, those of lane 1")                        \
    F(NAME, "name", STR, 1, 64, "name of the cinema")                                              \
    F(OPENING, "opening", LIST, 7, 7,                                                              \
      "[opens, closes] in local minutes each, Monday first; [0, 0]: closed")                       \
    F(CLEANING, "cleaning", UINT, 0, 240, "minutes between two showtimes in a hall")               \
    F(MOVIE, "movie", UINT, 1, UINT32_MAX, "film number within the cinema")                        \
    F(DIRECTOR, "director", STR, 0, 64, "who directed the film")                                   \
    F(MINUTES, "minutes", UINT, 1, 1440, "how long the film is")                                   \
    F(GENRES, "genres", STR, 0, 96, "genres, with commas between")                                 \
    F(TAGS, "tags", STR, 0, 96, "holiday theme, high draw, ..., with commas between")              \
    F(FORMATS, "formats", STR, 0, 48, "formats it comes in, with commas between")                  \
    F(POSTER, "poster", STR, 0, 120, "where its poster is")                                        \
    F(IMDB, "imdb", UINT, 0, 100, "rating in tenths")                                              \
    F(DOUBAN, "douban", UINT, 0, 100, "rating in tenths")                                          \
    F(RELEASED, "released", UINT, 0, 2932896, "first day, in days since 1970")                     \
    F(ENDED, "ended", UINT, 0, 2932896, "last day, in days since 1970")                            \
    F(HALL_NUMBER, "hall_number", UINT, 1, 64, "hall number within the cinema")                    \
    F(EQUIPMENT, "equipment", STR, 0, 96, "what the hall shares with others, with commas between") \
    F(VERSION, "version", UINT, 1, UINT32_MAX,                                                     \
      "version of a hall's plan; absent: the current one")                                         \
    F(PHONE, "phone", STR, 8, 16, "telephone number, E.164 with its plus")                         \
    F(TEXT, "text", STR, 1, 480, "what is to be sent, UTF-8")                                      \
    F(UNTIL, "until_ms", UINT, 0, TIME_MAX_MS,                                                     \
      "end of a payment, of a message's use, or of a look")                                        \
    F(PROVIDERS, "providers", UINT, 0, 255, "a bit for each payment provider that is taken")       \
    F(WAY, "way", STR, 1, 15, "native (a code to scan), jsapi, h5 or page")                        \
    F(PAYER, "payer", STR, 0, 127, "who pays, as the provider knows the buyer: an openid")         \
    F(ADDRESS, "address", STR, 0, 45, "the buyer's IP address")                                    \
    F(SUBJECT, "subject", STR, 0, 96, "what is paid for")                                          \
    F(LINK, "link", STR, 1, 3072, "what the buyer pays by: a code's text, an address, or JSON")    \
    F(TOTAL, "total", UINT, 0, MONEY_MAX_FEN, "fen of the whole payment")                          \
    F(AGAIN, "again", BOOL, 0, 1, "it was asked before")                                           \
    F(HEAD, "head", STR, 0, 4096, "lines of a notification's head that count")                     \
    F(RAW, "raw", BIN, 1, 16384, "bytes of a notification's body")                                 \
    F(CINEMA, "cinema", UINT, 1, INT64_MAX, "cinema id")                                           \
    F(OFFSETS, "offsets", LIST, 1, 513,                                                            \
      "[from, seconds ahead of UTC] each, in Unix seconds; the first one's from is 0")             \
    F(SHOWTIMES, "showtimes", LIST, 1, SHOWTIMES_MAX,                                              \
      "[showtime or 0, hall_number, movie, starts_ms, ends_ms or 0, format] each")                 \
    F(IDS, "ids", LIST, 1, IDS_MAX, "showtime ids")                                                \
    F(FROM_MS, "from_ms", UINT, 0, TIME_MAX_MS, "what starts then or later")                       \
    F(STATE, "state", STR, 1, 15, "draft, published, ...")                                         \
    F(CARD, "card", LIST, 0, CARD_MAX,                                                             \
      "[zone, from, until, weekdays, format, audience, price in fen] each; the first that fits")   \
    F(FARES, "fares", LIST, 1, 26, "[zone, then its price for each audience] each")                \
    F(AUDIENCES, "audiences", LIST, 1, SEATS_MAX, "[seat, adult, child, student or senior] each")  \
    F(MEMBER, "member", UINT, 1, INT64_MAX, "member id")                                           \
    F(POINTS, "points", UINT, 1, 1000000, "points")                                                \
    F(REFERENCE, "reference", STR, 1, 32, "what points are for: they move once for it")            \
    F(COUPON, "coupon", STR, 1, 20, "code of a coupon")                                            \
    F(KIND, "kind", STR, 1, 15, "discount or fixed")                                               \
    F(VALUE, "value", UINT, 1, MONEY_MAX_FEN,                                                      \
      "hundredths of a percent, or fen, that it takes off")                                        \
    F(MINIMUM, "minimum", UINT, 0, MONEY_MAX_FEN, "fen that an order must come to")                \
    F(QUANTITY, "quantity", UINT, 1, 65535, "coupons in the batch")                                \
    F(PER_MEMBER, "per_member", UINT, 1, 65535, "of a batch, for one member; absent: 1")           \
    F(VALID_FROM, "valid_from_ms", UINT, 0, TIME_MAX_MS, "not before")                             \
    F(VALID_UNTIL, "valid_until_ms", UINT, 0, TIME_MAX_MS, "no longer from then on")               \
    F(CHANGES, "changes", LIST, 1, 64, "[Unix s, seconds ahead of UTC from then on] each")         \
    F(LOGIN, "login", STR, 1, 512, "what a person logs in with")                                   \
    F(REFRESH, "refresh", STR, 1, 64, "the newest refresh token of a log-in")                      \
    F(ROLE, "role", STR, 1, 15, "member or member_vip")

typedef enum {
#define F(id, name, type, min, max, help) FIELD_##id,
    FIELD_TABLE(F)
#undef F
        FIELDS
} field_t;

/* A set of fields: a bit each. The low word alone holds those of most commands. */
__extension__ typedef unsigned __int128 field_set_t;
#define FIELD_BIT(field) ((field_set_t)1 << (field))
_Static_assert(FIELDS <= 8 * sizeof(field_set_t), "a field is a bit of a set");

static inline bool
field_in(field_set_t set, field_t field)
{
    return (bool)(set >> field & 1);
}
/* The first field of a set that is not empty. */
static inline field_t
field_first(field_set_t set)
{
    uint64_t low = (uint64_t)set;
    return (field_t)(low ? __builtin_ctzll(low) : 64 + __builtin_ctzll((uint64_t)(set >> 64)));
}

typedef enum { TYPE_UINT, TYPE_STR, TYPE_BIN, TYPE_BOOL, TYPE_SEATS, TYPE_LIST } field_type_t;

/* What the shard key of an operation is. */
typedef enum {
    KEY_NONE,      /* answered by the broker */
    KEY_SHOWTIME,  /* a showtime id, 1..: a box office partition's */
    KEY_PARTITION, /* a partition number itself, of any role */
    KEY_CASHIER,   /* whoever executes provider calls */
    KEY_SENDER,    /* whoever sends messages to people */
    KEY_CINEMA,    /* a cinema id, 1..: a programme partition's */
    KEY_MEMBER,    /* a member id, 1..: a member partition's; shard_partition() knows all these */
    KEY_KINDS,
} key_kind_t;

/* READ is answered from applied state; WRITE goes through the journal; MACHINE is spoken between
 * programs of Marquee only. */
typedef enum { MODE_READ, MODE_WRITE, MODE_MACHINE } mode_kind_t;

#define M1(a)                   FIELD_BIT(FIELD_##a)
#define M2(a, b)                (M1(a) | M1(b))
#define M3(a, b, c)             (M2(a, b) | M1(c))
#define M4(a, b, c, d)          (M3(a, b, c) | M1(d))
#define M5(a, b, c, d, e)       (M4(a, b, c, d) | M1(e))
#define M7(a, b, c, d, e, f, g) (M5(a, b, c, d, e) | M2(f, g))

#define FIELDS_ANY (~(field_set_t)0)
/* Fields that every operation takes which is not of mode MACHINE, beside those of its row. */
#define FIELDS_ALWAYS M3(STAFF, ONCE, TRACE)

/* Roles that a key or a keyless endpoint may have. */
#define ROLES_KEYS                                                                                 \
    (ROLE_BRIDGE | ROLE_KIOSK | ROLE_ADMIN | ROLE_CASHIER | ROLE_LOAD | ROLE_ACTOR | ROLE_SENDER)
/* Of those who look at the trade; a sender does not. */
#define ROLES_ALL   ((ROLES_KEYS & ~ROLE_SENDER) | ROLE_STAFF)
#define ROLES_TEST  (ROLE_ADMIN | ROLE_LOAD)
#define ROLES_STAFF (ROLE_ADMIN | ROLE_LOAD | ROLE_STAFF)
#define ROLES_SALE  (ROLE_BRIDGE | ROLES_STAFF)
#define ROLES_GATE  (ROLE_KIOSK | ROLES_SALE)
#define ROLES_MONEY (ROLE_CASHIER | ROLES_SALE)

/* O(code, id, handler, name, key, mode, roles, required, optional, reply, help) */
#define OPERATION_TABLE(O)                                                                         \
    O(1, HELLO, none, "hello", NONE, READ, ROLES_ALL | ROLE_SENDER, M1(CLIENT), 0,                 \
      "partitions, programmes, members, role, version, now_ms, busy_retry_ms",                     \
      "introduce a client; needed once a connection")                                              \
    O(2, BROKER_STATUS, none, "broker.status", NONE, READ, ROLES_ALL | ROLE_SENDER, 0, 0,          \
      "partitions: [[number, up, in flight, sequence]], counters", "what the broker sees")         \
    O(3, ECHO, none, "echo", SHOWTIME, READ, ROLES_TEST, 0, FIELDS_ANY, "the body again",          \
      "measure the way without the work")                                                          \
    O(4, STATS, none, "stats", PARTITION, READ, ROLES_ALL, 0, 0, "counters of the partition",      \
      "what a partition has done since it started")                                                \
    O(5, RULES, box_rules, "partition.rules", PARTITION, MACHINE, ROLE_ACTOR,                      \
      M4(CAP, TTL, CEILING, GAP_RULE), M1(PROVIDERS), "nothing",                                   \
      "the defaults that showtimes are opened with, from the configuration")                       \
    O(6, SITE_KEYS, box_site_keys, "site.keys", PARTITION, READ, ROLES_ALL, 0, 0,                  \
      "keys: [[key id, public key]]", "the Ed25519 keys that check what the site signs")           \
    O(10, SHOWTIME_OPEN, box_showtime_open, "showtime.open", SHOWTIME, WRITE, ROLES_STAFF,         \
      M7(TITLE, HALL, STARTS, ENDS, OPENS, CLOSES, ZONES) | M1(ROWS),                              \
      M5(FORMAT, CAP, TTL, CEILING, GAP_RULE) | M1(TIME_ZONE), "seats", "put a showtime on sale")  \
    O(11, SHOWTIME_GET, box_showtime_get, "showtime.get", SHOWTIME, READ, ROLES_ALL, 0, 0,         \
      "the showtime, its zones, counts and books", "look at a showtime")                           \
    O(12, SHOWTIME_LIST, box_showtime_list, "showtime.list", PARTITION, READ, ROLES_ALL, 0,        \
      M2(FROM, LIMIT),                                                                             \
      "total, showtimes: [[id, starts_ms, title, hall, free, seats, time_zone, format, cinema, "   \
      "movie, cancelled]]; cinema and movie 0: opened by hand",                                    \
      "the showtimes of a partition")                                                              \
    O(13, SEATS_GET, box_seats_get, "seats.get", SHOWTIME, READ, ROLES_ALL, 0, M1(SINCE),          \
      "number, seats: [[id, row, column, state, kind, zone]] or, with since, changes: [[id, "      \
      "state]]",                                                                                   \
      "the seat map, whole or what changed since a number")                                        \
    O(14, SEATS_LOCK, box_seats_lock, "seats.lock", SHOWTIME, WRITE, ROLES_SALE, M2(USER, SEATS),  \
      M2(TTL, WHEELCHAIR), "lock, until_ms", "lock seats, all or none")                            \
    O(15, SEATS_BEST, box_seats_best, "seats.best", SHOWTIME, WRITE, ROLES_SALE, M2(USER, COUNT),  \
      M3(ZONE, TTL, WHEELCHAIR), "lock, until_ms, seats",                                          \
      "choose the best seats together and lock them")                                              \
    O(16, SEATS_EXTEND, box_seats_extend, "seats.extend", SHOWTIME, WRITE, ROLES_SALE,             \
      M2(USER, LOCK), M1(TTL), "lock, until_ms", "hold a lock longer, up to its ceiling")          \
    O(17, SEATS_RELEASE, box_seats_release, "seats.release", SHOWTIME, WRITE, ROLES_SALE,          \
      M2(USER, LOCK), 0, "nothing", "give locked seats back")                                      \
    O(18, SEATS_BLOCK, box_seats_block, "seats.block", SHOWTIME, WRITE, ROLES_STAFF, M1(SEATS),    \
      M1(REASON), "nothing", "take seats off sale")                                                \
    O(19, SEATS_UNBLOCK, box_seats_unblock, "seats.unblock", SHOWTIME, WRITE, ROLES_STAFF,         \
      M1(SEATS), 0, "nothing", "put blocked seats back on sale")                                   \
    O(20, ORDER_CREATE, box_order_create, "order.create", SHOWTIME, WRITE, ROLES_SALE,             \
      M2(USER, LOCK), M3(PROVIDER, AUDIENCES, COUPON),                                             \
      "order, amount, until_ms; with provider also code, with coupon discount",                    \
      "make an order of a lock; with a provider, begin its payment too")                           \
    O(21, ORDER_GET, box_order_get, "order.get", SHOWTIME, READ, ROLES_ALL, M1(ORDER), M1(USER),   \
      "the order, its payment, refunds and tickets", "look at an order")                           \
    O(22, ORDER_CANCEL, box_order_cancel, "order.cancel", SHOWTIME, WRITE, ROLES_SALE,             \
      M2(USER, ORDER), 0, "state", "cancel an unpaid order and free its seats")                    \
    O(23, ORDER_ACCEPT, box_order_accept, "order.accept", SHOWTIME, WRITE, ROLES_SALE,             \
      M3(USER, ORDER, YES), 0, "state, tickets",                                                   \
      "answer the offer of other seats after a late payment")                                      \
    O(24, ORDER_REFUND, box_order_refund, "order.refund", SHOWTIME, WRITE, ROLES_STAFF, M1(ORDER), \
      M3(TICKETS, REASON, WAIT), "state, refunded", "void tickets and pay their price back")       \
    O(25, ORDER_LIST, box_order_list, "order.list", SHOWTIME, READ, ROLES_STAFF, 0,                \
      M2(FROM, LIMIT), "orders: [[order, user, state, amount, seats]], next",                      \
      "the orders of a showtime")                                                                  \
    O(30, PAYMENT_BEGIN, box_payment_begin, "payment.begin", SHOWTIME, WRITE, ROLES_SALE,          \
      M3(USER, ORDER, PROVIDER), M4(WAY, PAYER, ADDRESS, WAIT), "order, amount, until_ms, code",   \
      "begin the payment of an order")                                                             \
    O(31, PAYMENT_SETTLE, box_payment_settle, "payment.settle", SHOWTIME, WRITE, ROLES_MONEY,      \
      M5(ORDER, PROVIDER, OUTCOME, AMOUNT, TXN), M1(CODE), "state, tickets: [[ticket, seat]]",     \
      "say how a payment ended; the sandbox provider wants its code")                              \
    O(32, REFUND_SETTLE, box_refund_settle, "refund.settle", SHOWTIME, WRITE,                      \
      ROLE_CASHIER | ROLES_STAFF, M3(ORDER, TELL, OUTCOME), M1(TXN), "state",                      \
      "say how a refund ended")                                                                    \
    O(33, PAYMENT_OPENED, box_payment_opened, "payment.opened", SHOWTIME, WRITE, ROLE_CASHIER,     \
      M3(ORDER, PROVIDER, TELL), M2(LINK, REASON), "state",                                        \
      "say what the buyer pays by; without link, that and why the provider refused")               \
    O(34, PAYMENT_CALLBACK, box_payment_callback, "payment.callback", SHOWTIME, WRITE,             \
      ROLE_CASHIER, M5(ORDER, PROVIDER, OUTCOME, AMOUNT, RAW), M3(TXN, TELL, HEAD), "settled",     \
      "keep what a provider told of an order, and act by it")                                      \
    O(35, PAYMENT_AUDIT, box_payment_audit, "payment.audit", SHOWTIME, READ, ROLES_STAFF,          \
      M1(ORDER), M1(FROM),                                                                         \
      "provider, charge, notices: [number, at_ms, outcome, amount, txn, settled, head, raw], "     \
      "next",                                                                                      \
      "what a provider was asked and told about an order")                                         \
    O(36, PAYMENT_LIST, box_payment_list, "payment.list", SHOWTIME, READ, ROLES_STAFF, 0,          \
      M2(FROM, LIMIT),                                                                             \
      "payments: [[order, provider, state, amount, paid, paid_ms, txn, refunds]], next; "          \
      "refunds: [[tell, amount, state, ended_ms]]",                                                \
      "the payments of a showtime that money came for")                                            \
    O(40, TICKET_GET, box_ticket_get, "ticket.get", SHOWTIME, READ, ROLES_GATE, M1(TICKET),        \
      M2(USER, OFFLINE), "the ticket with its token", "look at a ticket")                          \
    O(41, TICKET_REDEEM, box_ticket_redeem, "ticket.redeem", SHOWTIME, WRITE, ROLES_GATE,          \
      M2(TOKEN, KIOSK), M2(NONCE, AT), "ticket, seat, row, column, title, hall, starts_ms",        \
      "let the holder of a ticket in, once")                                                       \
    O(42, TICKET_PRINT, box_ticket_print, "ticket.print", SHOWTIME, WRITE, ROLES_GATE,             \
      M3(TICKET, KIOSK, STEP), M2(NONCE, AT), "ticket, print, prints",                             \
      "say how the printing of a ticket goes; a reprint is for admin and staff")                   \
    O(43, TICKETS_REVOKED, box_tickets_revoked, "tickets.revoked", SHOWTIME, READ, ROLES_GATE, 0,  \
      M2(SINCE, LIMIT), "version, tickets: [ticket], next",                                        \
      "the tickets that became void, in that order, after the first `since`")                      \
    O(50, PROVIDER_REFUND, none, "provider.refund", CASHIER, MACHINE, ROLE_ACTOR,                  \
      M4(ORDER, PROVIDER, AMOUNT, TXN), M3(REASON, TOTAL, AGAIN), "answered by refund.settle",     \
      "ask the provider to pay back")                                                              \
    O(51, OUTBOX_ACK, outbox_ack, "outbox.ack", PARTITION, MACHINE, ROLE_ACTOR, M2(TELL, STATUS),  \
      0, "nothing", "say to the partition that told something how it ended")                       \
    O(52, PROBE_SEND, probe_send, "probe.send", CINEMA, WRITE, ROLES_TEST, M2(COUNT, AMOUNT), 0,   \
      "nothing", "send messages that do nothing but count, by outbox")                             \
    O(53, PROBE_TAKE, probe_take, "probe.take", SHOWTIME, MACHINE, ROLE_ACTOR, M1(AMOUNT), 0,      \
      "nothing", "count such a message")                                                           \
    O(54, PROBE_GET, probe_get, "probe.get", PARTITION, READ, ROLES_TEST, 0, 0,                    \
      "sent, sent_amount, taken, taken_amount",                                                    \
      "what a partition has sent and taken of such messages")                                      \
    O(55, PROVIDER_CREATE, none, "provider.create", CASHIER, MACHINE, ROLE_ACTOR,                  \
      M5(ORDER, PROVIDER, AMOUNT, UNTIL, SUBJECT) | M3(WAY, PAYER, ADDRESS), 0,                    \
      "answered by payment.opened", "ask the provider to open a payment")                          \
    O(56, PROVIDER_QUERY, none, "provider.query", CASHIER, MACHINE, ROLE_ACTOR,                    \
      M4(ORDER, PROVIDER, AMOUNT, UNTIL), 0, "answered by payment.settle once it has ended",       \
      "ask the provider how a payment stands")                                                     \
    O(57, PROVIDER_CLOSE, none, "provider.close", CASHIER, MACHINE, ROLE_ACTOR,                    \
      M4(ORDER, PROVIDER, AMOUNT, UNTIL), 0, "answered by payment.settle",                         \
      "have a payment closed, or find it paid")                                                    \
    O(58, CALLBACK_TAKE, none, "callback.take", CASHIER, MACHINE, ROLE_BRIDGE, M2(PROVIDER, RAW),  \
      M1(HEAD), "code, type, body",                                                                \
      "hand the cashier what a provider told over HTTP; answered when it is durable")              \
    O(60, SEATS_CHANGED, none, "seats.changed", SHOWTIME, MACHINE, ROLE_ACTOR, 0, 0,               \
      "event: from, number, changes: [[id, state]]", "published after every change of seats")      \
    O(61, ORDER_CHANGED, none, "order.changed", SHOWTIME, MACHINE, ROLE_ACTOR, 0, 0,               \
      "event: order, user, state, payment, refund", "published after every change of an order")    \
    O(70, QUEUE_OPEN, box_queue_open, "queue.open", SHOWTIME, WRITE, ROLES_STAFF,                  \
      M2(CAPACITY, RATE), M3(PASS, SHARE, OPENS), "commitment, opens_ms",                          \
      "open a waiting room before a sale, or change its settings")                                 \
    O(71, QUEUE_CLOSE, box_queue_close, "queue.close", SHOWTIME, WRITE, ROLES_STAFF, 0, 0,         \
      "nothing", "close the waiting room: everybody may buy")                                      \
    O(72, QUEUE_JOIN, box_queue_join, "queue.join", SHOWTIME, WRITE, ROLES_SALE, M1(USER),         \
      M1(LANE),                                                                                    \
      "number, lane, place, ahead, state, until_ms, wait_ms, commitment, receipt; inside: pass; "  \
      "done: end",                                                                                 \
      "get in line, or see the place again")                                                       \
    O(73, QUEUE_LOOK, box_queue_look, "queue.look", SHOWTIME, READ, ROLES_SALE, M1(USER), 0,       \
      "the same, without receipt", "look at a place in line")                                      \
    O(74, QUEUE_LEAVE, box_queue_leave, "queue.leave", SHOWTIME, WRITE, ROLES_SALE, M1(USER), 0,   \
      "nothing", "give a place or a pass up")                                                      \
    O(75, QUEUE_GET, box_queue_get, "queue.get", SHOWTIME, READ, ROLES_ALL, 0, 0,                  \
      "settings, counts by lane, commitment; after the draw its seed", "look at a waiting room")   \
    O(76, QUEUE_CHANGED, none, "queue.changed", SHOWTIME, MACHINE, ROLE_ACTOR, 0, 0,               \
      "event: open, drawn, called, joined, inside", "published when places were called")           \
    O(77, SCHEDULE_CHANGED, none, "schedule.changed", CINEMA, MACHINE, ROLE_ACTOR, 0, 0,           \
      "event: version", "published after every change of anything of a cinema")                    \
    O(78, SHOWTIME_PUT, box_showtime_put, "showtime.put", SHOWTIME, MACHINE, ROLE_ACTOR,           \
      M7(TITLE, HALL, STARTS, ENDS, OPENS, CLOSES, ZONES) | M4(ROWS, CINEMA, MOVIE, FARES),        \
      M2(FORMAT, TIME_ZONE), "nothing", "a cinema puts a showtime on sale")                        \
    O(79, SHOWTIME_SHUT, box_showtime_shut, "showtime.shut", SHOWTIME, MACHINE, ROLE_ACTOR,        \
      M1(CINEMA), 0, "nothing", "a cinema ends the sale of its showtime")                          \
    O(80, SHOWTIME_CANCEL, box_showtime_cancel, "showtime.cancel", SHOWTIME, MACHINE, ROLE_ACTOR,  \
      M1(CINEMA), M1(REASON), "nothing", "a cinema cancels its showtime: all is paid back")        \
    O(81, SHOWTIME_REMOVE, box_showtime_remove, "showtime.remove", SHOWTIME, MACHINE, ROLE_ACTOR,  \
      M1(CINEMA), 0, "nothing", "a cinema takes its showtime back, if nobody has a seat there")    \
    O(100, CINEMA_SET, prog_cinema_set, "cinema.set", CINEMA, WRITE, ROLES_STAFF,                  \
      M4(NAME, TIME_ZONE, OPENING, CLEANING), M1(OFFSETS), "version",                              \
      "make a cinema, or say all of it again")                                                     \
    O(101, CINEMA_GET, prog_cinema_get, "cinema.get", CINEMA, READ, ROLES_ALL, 0, 0,               \
      "the cinema, its opening hours, version and counts", "look at a cinema")                     \
    O(102, CINEMA_LIST, prog_cinema_list, "cinema.list", PARTITION, READ, ROLES_ALL, 0,            \
      M2(FROM, LIMIT), "total, cinemas: [[cinema, name, time_zone, version]]",                     \
      "the cinemas of a partition")                                                                \
    O(103, MOVIE_SET, prog_movie_set, "movie.set", CINEMA, WRITE, ROLES_STAFF,                     \
      M3(MOVIE, TITLE, MINUTES),                                                                   \
      M5(DIRECTOR, GENRES, TAGS, FORMATS, POSTER) | M4(IMDB, DOUBAN, RELEASED, ENDED), "version",  \
      "make a film known, or say all of it again")                                                 \
    O(104, MOVIE_GET, prog_movie_get, "movie.get", CINEMA, READ, ROLES_ALL, M1(MOVIE), 0,          \
      "the film", "look at a film")                                                                \
    O(105, MOVIE_LIST, prog_movie_list, "movie.list", CINEMA, READ, ROLES_ALL, 0, M2(FROM, LIMIT), \
      "total, movies: [[movie, title, minutes, status, released, ended]]",                         \
      "the films of a cinema")                                                                     \
    O(106, MOVIE_WITHDRAW, prog_movie_withdraw, "movie.withdraw", CINEMA, WRITE, ROLES_STAFF,      \
      M1(MOVIE), 0, "version", "take a film off the programme")                                    \
    O(107, HALL_SET, prog_hall_set, "hall.set", CINEMA, WRITE, ROLES_STAFF,                        \
      M4(HALL_NUMBER, HALL, ZONES, ROWS), M3(CLEANING, EQUIPMENT, FORMATS), "version",             \
      "make a hall, or say all of it again; another plan is a new version of it")                  \
    O(108, HALL_GET, prog_hall_get, "hall.get", CINEMA, READ, ROLES_ALL, M1(HALL_NUMBER),          \
      M1(VERSION), "the hall with its zones and rows", "look at a hall")                           \
    O(109, HALL_LIST, prog_hall_list, "hall.list", CINEMA, READ, ROLES_ALL, 0, 0,                  \
      "halls: [[hall_number, hall, seats, version, cleaning, equipment, formats]]",                \
      "the halls of a cinema")                                                                     \
    O(110, PROGRAMME_SAVE, prog_save, "programme.save", CINEMA, WRITE, ROLES_STAFF, M1(SHOWTIMES), \
      0, "version, first, count (of new ones); conflicts as below",                                \
      "add drafts, or change them; all or none")                                                   \
    O(111, PROGRAMME_CHECK, prog_check_only, "programme.check", CINEMA, READ, ROLES_STAFF,         \
      M1(SHOWTIMES), 0,                                                                            \
      "good, total, conflicts: [[index, kind, weight, showtime, title, starts_ms, ends_ms]]",      \
      "what speaks against saving them")                                                           \
    O(112, PROGRAMME_LIST, prog_list, "programme.list", CINEMA, READ, ROLES_STAFF,                 \
      M2(FROM_MS, UNTIL), M5(MOVIE, HALL_NUMBER, FORMAT, STATE, FROM) | M1(LIMIT),                 \
      "version, total, showtimes: [[showtime, state, hall_number, movie, starts_ms, ends_ms, "     \
      "format, plan version, title, why its last step was refused]]",                              \
      "the showtimes of a cinema by start, drafts too; at most 400 days")                          \
    O(113, PROGRAMME_PUBLISH, prog_publish, "programme.publish", CINEMA, WRITE, ROLES_STAFF,       \
      M1(IDS), M1(OPENS), "version", "put drafts on sale, from opens_ms on; all or none")          \
    O(114, PROGRAMME_CLOSE, prog_close, "programme.close", CINEMA, WRITE, ROLES_STAFF, M1(IDS), 0, \
      "version", "end the sale of published showtimes; their tickets stay good")                   \
    O(115, PROGRAMME_CANCEL, prog_cancel, "programme.cancel", CINEMA, WRITE, ROLES_STAFF, M1(IDS), \
      M1(REASON), "version", "cancel published showtimes: every ticket is paid back")              \
    O(116, PROGRAMME_DELETE, prog_delete, "programme.delete", CINEMA, WRITE, ROLES_STAFF, M1(IDS), \
      0, "version",                                                                                \
      "forget drafts, what is cancelled, and, in a moment, what is published and has no tickets")  \
    O(117, PRICE_SET, prog_price_set, "price.set", CINEMA, WRITE, ROLES_STAFF, M1(CARD), 0,        \
      "version", "say the whole price card; what is published later sells by it")                  \
    O(118, PRICE_GET, prog_price_get, "price.get", CINEMA, READ, ROLES_ALL, 0, 0, "version, card", \
      "look at the price card")                                                                    \
    O(140, MESSAGE_SEND, none, "message.send", SENDER, MACHINE, ROLE_ACTOR, M2(PHONE, UNTIL),      \
      M2(CODE, TEXT), "answered by message.settle",                                                \
      "send a message to somebody's telephone: a code to log in with, or a text")                  \
    O(141, MESSAGE_SETTLE, none, "message.settle", PARTITION, WRITE, ROLE_SENDER,                  \
      M2(TELL, OUTCOME), 0, "nothing", "say how a message ended: done or failed")                  \
    O(142, SESSIONS_REVOKED, sessions_revoked, "sessions.revoked", PARTITION, READ,                \
      ROLE_BRIDGE | ROLES_STAFF, 0, M2(SINCE, LIMIT),                                              \
      "version, revoked: [[kind, name, at_s, until_s]], next",                                     \
      "the tokens that were taken back, in that order, after the first `since`")                   \
    O(143, SESSION_REVOKED, none, "session.revoked", PARTITION, MACHINE, ROLE_ACTOR, 0, 0,         \
      "event: from, number, revoked", "published when tokens are taken back")                      \
    O(150, MEMBER_OPEN, member_open, "member.open", MEMBER, WRITE, ROLES_STAFF, 0, 0, "nothing",   \
      "make a member of this id, as when members of another system move in")                       \
    O(151, MEMBER_GET, member_get, "member.get", MEMBER, READ, ROLES_SALE, 0, 0,                   \
      "member, role, banned, joined_ms, points, movements, visits, coupons, streak, spent",        \
      "look at a member")                                                                          \
    O(152, MEMBER_VISITS, member_visits, "member.visits", MEMBER, READ, ROLES_SALE, 0,             \
      M2(FROM, LIMIT),                                                                             \
      "total, visits: [[order, paid_ms, starts_ms, title, format, tickets, void, paid, refunded, " \
      "points]]",                                                                                  \
      "the orders of a member, newest first")                                                      \
    O(153, MEMBER_BOUGHT, member_bought, "member.bought", MEMBER, MACHINE, ROLE_ACTOR,             \
      M5(ORDER, AMOUNT, COUNT, AT, STARTS) | M2(TITLE, FORMAT), 0, "nothing",                      \
      "tell what was paid for an order")                                                           \
    O(154, MEMBER_REFUNDED, member_refunded, "member.refunded", MEMBER, MACHINE, ROLE_ACTOR,       \
      M3(ORDER, AMOUNT, COUNT), 0, "nothing", "tell what of it goes back")                         \
    O(155, MEMBER_RULES, member_rules, "member.rules", PARTITION, MACHINE, ROLE_ACTOR,             \
      M1(CHANGES), 0, "nothing", "the clock that a member's day is of, from the configuration")    \
    O(156, POINTS_LIST, points_list, "points.list", MEMBER, READ, ROLES_SALE, 0, M2(FROM, LIMIT),  \
      "points, total, movements: [[number, at_ms, cause, reference, amount, balance]]",            \
      "the ledger of a member's points, newest first")                                             \
    O(157, POINTS_CHECKIN, points_checkin, "points.checkin", MEMBER, WRITE, ROLES_SALE, 0, 0,      \
      "given, streak, points", "check in, once a day: the n-th day running gives n points")        \
    O(158, POINTS_GIVE, points_give, "points.give", MEMBER, WRITE, ROLES_STAFF,                    \
      M2(POINTS, REFERENCE), 0, "points", "give points, once for a reference")                     \
    O(160, BATCH_MAKE, batch_make, "batch.make", MEMBER, WRITE, ROLES_STAFF,                       \
      M4(KIND, VALUE, QUANTITY, VALID_UNTIL), M4(MINIMUM, VALID_FROM, PER_MEMBER, FORMAT),         \
      "nothing", "make a batch of coupons; the key is its number, 1 to 16777215")                  \
    O(161, BATCH_GET, batch_get, "batch.get", MEMBER, READ, ROLES_STAFF, 0, 0,                     \
      "the batch, and how many are given", "look at a batch")                                      \
    O(162, BATCH_CODES, batch_codes, "batch.codes", MEMBER, READ, ROLES_STAFF, 0, M2(FROM, LIMIT), \
      "codes: [code], next", "the codes that nobody has, to be handed out")                        \
    O(163, COUPON_ISSUE, coupon_issue, "coupon.issue", MEMBER, WRITE, ROLES_STAFF, M1(MEMBER), 0,  \
      "coupon, valid_until_ms", "give a member a coupon of the batch")                             \
    O(164, COUPON_CLAIM, coupon_claim, "coupon.claim", MEMBER, WRITE, ROLES_SALE,                  \
      M2(USER, COUPON), 0, "coupon, valid_until_ms",                                               \
      "take a coupon by its code; the key is its batch")                                           \
    O(165, COUPON_TAKE, coupon_take, "coupon.take", MEMBER, MACHINE, ROLE_ACTOR,                   \
      M5(COUPON, KIND, VALUE, MINIMUM, VALID_FROM) | M2(VALID_UNTIL, FORMAT), 0, "nothing",        \
      "put a coupon into a member's hands")                                                        \
    O(166, COUPON_LIST, coupon_list, "coupon.list", MEMBER, READ, ROLES_SALE, 0, M2(FROM, LIMIT),  \
      "total, coupons: [{coupon, state, kind, value, minimum, valid_from_ms, valid_until_ms, "     \
      "format, order, discount}]",                                                                 \
      "the coupons of a member, newest first")                                                     \
    O(167, COUPON_RESERVE, coupon_reserve, "coupon.reserve", MEMBER, MACHINE, ROLE_ACTOR,          \
      M4(ORDER, COUPON, AMOUNT, FORMAT), 0, "answered by coupon.reserved",                         \
      "reserve a coupon for an order")                                                             \
    O(168, COUPON_RESERVED, box_coupon_reserved, "coupon.reserved", SHOWTIME, MACHINE, ROLE_ACTOR, \
      M3(ORDER, STATUS, AMOUNT), 0, "nothing", "tell the discount, or why there is none")          \
    O(169, COUPON_SETTLE, coupon_settle, "coupon.settle", MEMBER, MACHINE, ROLE_ACTOR,             \
      M3(ORDER, COUPON, YES), 0, "nothing", "tell whether a reserved coupon was used")             \
    O(170, LOGIN_KEY, login_key, "login.key", PARTITION, READ, ROLE_BRIDGE | ROLES_TEST,           \
      M1(LOGIN), 0, "key", "the key of what a person logs in with; it is not kept")                \
    O(171, MEMBER_LOGIN, member_login, "member.login", MEMBER, WRITE, ROLE_BRIDGE | ROLES_TEST, 0, \
      0, "member, role, session, refresh, until_ms",                                               \
      "log a person in whom the bridge knows; the key is that of login.key")                       \
    O(172, SESSION_REFRESH, session_refresh, "session.refresh", MEMBER, WRITE,                     \
      ROLE_BRIDGE | ROLES_TEST, M1(REFRESH), 0, "the same",                                        \
      "go on with a log-in; the token is good once, a second time ends the log-in")                \
    O(173, SESSION_LOGOUT, session_logout, "session.logout", MEMBER, WRITE,                        \
      ROLE_BRIDGE | ROLES_TEST, M1(REFRESH), 0, "nothing", "end a log-in")                         \
    O(174, MEMBER_BAN, member_ban, "member.ban", MEMBER, WRITE, ROLES_STAFF, M1(YES), 0,           \
      "nothing", "turn a member out, or let him in again")                                         \
    O(175, MEMBER_ROLE, member_role, "member.role", MEMBER, WRITE, ROLES_STAFF, M1(ROLE), 0,       \
      "nothing", "make a member a VIP, or not")                                                    \
    O(176, MEMBER_ERASE, member_erase, "member.erase", MEMBER, WRITE, ROLES_SALE, 0, 0, "nothing", \
      "forget who a member is: nobody can log in as him")

typedef enum {
#define O(code, id, handler, name, key, mode, roles, required, optional, reply, help)              \
    OP_##id = (code),
    OPERATION_TABLE(O)
#undef O
        OPERATION_CODE_MAX = 192
} operation_code_t;

typedef struct {
    uint16_t code;
    const char *name;
    key_kind_t key;
    mode_kind_t mode;
    uint32_t roles;
    field_set_t required, optional;
    const char *reply, *help;
} operation_t;

typedef struct {
    const char *name;
    uint32_t name_size;
    field_type_t type;
    uint64_t min, max;
    const char *help;
} field_info_t;

/* The row of a code, or NULL. */
const operation_t *operation_of(uint16_t code);
/* The row of a name, or NULL. */
const operation_t *operation_named(const char *name);
const field_info_t *field_info(field_t field);
/* The field of a name, or FIELDS. */
field_t field_named(const char *name, size_t size);
/* Every field that an operation takes. */
static inline field_set_t
operation_fields(const operation_t *operation)
{
    return operation->required | operation->optional |
           (operation->mode == MODE_MACHINE ? 0 : FIELDS_ALWAYS);
}
/* May a sender of this role call it, for itself or, if it is a bridge, for staff? Which of the two
 * shows in the body, and command_decode() holds it to that. */
static inline bool
operation_open_to(const operation_t *operation, uint32_t role)
{
    return operation->roles & (role == ROLE_BRIDGE ? ROLE_BRIDGE | ROLE_STAFF : role);
}
/* The stable word of an audience; the audience of a word, AUDIENCES if there is none. */
const char *audience_name(audience_t audience);
audience_t audience_named(const char *name, size_t size);
/* One role's name, "none" for another value; the role of a name, ROLE_NONE if there is none. */
const char *role_name(role_t role);
role_t role_named(const char *name);

/* A decoded value. Strings, bytes and lists borrow from the body; `list` covers the items. */
typedef union {
    uint64_t number;
    struct {
        const char *data;
        uint32_t size;
    } text;
    struct {
        uint32_t count;
        uint16_t ids[SEATS_MAX];
    } seats;
    struct {
        mp_t items;
        uint32_t count;
    } list;
} value_t;

enum { COMMAND_FIELDS_MAX = 20 };

/* A command whose form is good. Values stand in `values` at the slot that `slot` names. */
typedef struct {
    const operation_t *operation;
    uint64_t key;
    uint64_t client, request; /* what its repeats are known by */
    int64_t deadline_ms;
    role_t role;          /* that it acts with: STAFF for a bridge's command that names staff */
    field_set_t present;  /* a bit for each field that came */
    uint64_t digest;      /* of operation, key and body less trace: tells a repeat from a reuse */
    uint16_t sender;      /* of a tell: the partition that told */
    uint8_t slot[FIELDS]; /* valid where present */
    value_t values[COMMAND_FIELDS_MAX];
} command_t;

/* Decode and check the form of a record. client and request are the route's and the header's.
 * Returns STATUS_OK, or the status that names what is
 * wrong; then *field is the field meant, or FIELDS. `command` borrows from the record's body. */
uint16_t command_decode(command_t *command, const wire_record_t *record, const wire_route_t *route,
                        field_t *field);

static inline bool
command_has(const command_t *command, field_t field)
{
    return field_in(command->present, field);
}
static inline const value_t *
command_value(const command_t *command, field_t field)
{
    return &command->values[command->slot[field]];
}
/* The number (or bool) of a field, or `otherwise` when it did not come. */
static inline uint64_t
command_number(const command_t *command, field_t field, uint64_t otherwise)
{
    return command_has(command, field) ? command_value(command, field)->number : otherwise;
}
/* Copy a text field, which fits by its bound, NUL-padded into `to`. Absent: all zero. */
void command_text(const command_t *command, field_t field, char *to, size_t room);
/* Does a text field equal `text`? */
bool command_text_is(const command_t *command, field_t field, const char *text);
#endif
