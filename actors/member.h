/* member - the records of the members and what their handlers share.
 *
 * Every record of a member has the member's id as its space:
 *   M 0                  member_t
 *   G n                  movement_t: entry n of the points ledger, from 1; never changes
 *   V n                  visit_t: order n that the box office told of, from 1
 *   C n                  coupon_t: the member's coupon n, from 1
 *   I hash               member_index_t: from a name (an order, a code, what points were for) to n
 * A batch of coupons has its number as its space, which is below any member's id:
 *   B 0                  batch_t
 *   W number             batch_given_t: who has coupon `number` of the batch, from 1
 *   U member             u32: how many of the batch a member has had
 * Space 0 is the partition's own:
 *   R 0                  zone_t: the clock that a day of check-ins is of
 * docs/records.md has the bytes. What holds between commands:
 * (1) The ledger's amounts sum to the balance, and each entry's balance is the sum up to it.
 * (2) An order has given ceil of a tenth of a point for each yuan that was paid for it and not
 *     refunded: never more, and never less once both are known.
 * (3) A coupon names an order exactly while it is reserved by it, or was used for it.
 * (4) Each index entry names a record that is there, and there are as many as records that have a
 *     name. */
#ifndef MEMBER_H
#define MEMBER_H
#include "actors/coupon.h"
#include "actors/turn.h"
#include "actors/zone.h"

enum {
    MEMBER_HEAD = 'M',
    MEMBER_MOVEMENT = 'G',
    MEMBER_VISIT = 'V',
    MEMBER_COUPON = 'C',
    MEMBER_INDEX = 'I',
    MEMBER_BATCH = 'B',
    MEMBER_GIVEN = 'W',
    MEMBER_HAD = 'U',
    MEMBER_ZONE = 'R',
    MEMBER_REFERENCE = 32,
    MEMBER_TITLE = 96,
    MEMBER_FORMAT = 16,
    MEMBER_MONTHS = 13,    /* the running one, and those of a year before it */
    MEMBER_LINE_MAX = 256, /* bytes of a line in a list */
};
/* Points for a yuan, which is 100 fen, are a tenth. */
#define MEMBER_FEN_A_POINT INT64_C(1000)

/* Why points moved. The words are on the wire, the numbers in the ledger. */
#define MEMBER_CAUSES(X)                                                                           \
    X(PURCHASE, "purchase")                                                                        \
    X(REFUND, "refund")                                                                            \
    X(CHECKIN, "checkin")                                                                          \
    X(SPENT, "spent")                                                                              \
    X(GIVEN, "given")
enum {
    CAUSE_NONE,
#define X(id, name) CAUSE_##id,
    MEMBER_CAUSES(X)
#undef X
        CAUSES
};

typedef struct {
    int64_t joined_ms;
    int64_t balance; /* points; below zero only by refunds */
    uint64_t movements, visits, coupons, sessions;
    uint64_t login;      /* the key that leads here, 0: none */
    int32_t checkin_day; /* the last one, in days since 1970 */
    uint32_t streak;     /* days running up to it; 0: never */
    uint32_t month;      /* the newest of those in `spent`, in months since 1970 */
    uint8_t vip, banned, zero[2];
    int64_t spent[MEMBER_MONTHS]; /* fen by month modulo their count, refunds taken off */
} member_t;
_Static_assert(sizeof(member_t) == 176, "stored");

typedef struct {
    int64_t at_ms, amount, balance; /* balance: after it */
    uint8_t cause, zero[7];
    char reference[MEMBER_REFERENCE];
} movement_t;
_Static_assert(sizeof(movement_t) == 64, "stored");

typedef struct {
    uint64_t showtime;
    uint32_t purchase;
    uint16_t tickets, void_tickets;
    int64_t paid, refunded; /* fen; paid is 0 until it is known */
    int64_t points;         /* given for it and not taken back */
    int64_t paid_ms, starts_ms;
    uint32_t moves; /* of points, for it */
    uint8_t known, zero[3];
    char title[MEMBER_TITLE], format[MEMBER_FORMAT];
} visit_t;
_Static_assert(sizeof(visit_t) == 176, "stored");

/* A coupon's life. EXPIRED and CREATED are not stored: the one follows from the time, the other is
 * said of codes that nobody has yet. */
enum { COUPON_NONE, COUPON_ISSUED, COUPON_RESERVED, COUPON_USED };

/* What a batch says of each of its coupons. */
typedef struct {
    int64_t value, minimum; /* hundredths of a percent, or fen; fen that an order must come to */
    int64_t from_ms, until_ms;
    uint8_t kind, zero[7];
    char format[MEMBER_FORMAT]; /* that it holds for; empty: any */
} coupon_terms_t;
_Static_assert(sizeof(coupon_terms_t) == 56, "stored");

typedef struct {
    coupon_terms_t terms;
    uint32_t quantity, given, per_member;
    uint32_t next; /* no number below it is free */
} batch_t;
_Static_assert(sizeof(batch_t) == 72, "stored");

typedef struct {
    uint64_t member;
    int64_t at_ms;
} batch_given_t;
_Static_assert(sizeof(batch_given_t) == 16, "stored");

typedef struct {
    coupon_terms_t terms;
    int64_t at_ms;     /* of the last change */
    uint64_t showtime; /* of the order that has it, 0: none */
    int64_t discount;  /* fen, for that order */
    uint32_t purchase;
    uint8_t state;
    char code[COUPON_CODE_SIZE];
    uint8_t zero[7];
} coupon_t;
_Static_assert(sizeof(coupon_t) == 112, "stored");

typedef struct {
    uint64_t number;
    uint8_t digest[16];
} member_index_t;
_Static_assert(sizeof(member_index_t) == 24, "stored");

/* What an index is of; the letter goes into the hash. */
enum { INDEX_MOVEMENT = 'G', INDEX_VISIT = 'V', INDEX_COUPON = 'C' };

static inline state_key_t
member_key(uint64_t space, uint8_t table, uint64_t number)
{
    return (state_key_t){ .space = space, .number = number, .table = table };
}

const member_t *member_find(turn_t *turn, uint64_t id);
member_t *member_edit(turn_t *turn, uint64_t id);
/* The same; made when there is none: the box office tells of members before they say a word. */
member_t *member_edit_or_make(turn_t *turn, uint64_t id);

/* The number of a name of a kind, 0 when it has none. */
uint64_t member_index(turn_t *turn, uint64_t id, uint8_t kind, const char *name, size_t size);
/* Give a name, which has none, a number. */
void member_index_add(turn_t *turn, uint64_t id, uint8_t kind, const char *name, size_t size,
                      uint64_t number);

/* Move points: an entry of the ledger. False, and nothing done, when points were moved for this
 * cause and reference before. */
bool member_move(turn_t *turn, uint64_t id, uint8_t cause, const char *reference, int64_t amount);
/* The entry of the ledger for a cause and reference, 0: none. */
uint64_t member_moved(turn_t *turn, uint64_t id, uint8_t cause, const char *reference);

/* member_batch.c: the terms of a command's fields; the field that is wrong, or FIELDS. */
field_t coupon_terms(const command_t *command, coupon_terms_t *terms);
void coupon_pack_terms(pack_t *pack, const coupon_terms_t *terms); /* six pairs */
/* member_coupon.c: put a coupon into a member's hands. There is room. */
void member_coupon_add(turn_t *turn, uint64_t id, const char code[COUPON_CODE_SIZE],
                       const coupon_terms_t *terms);

/* The month (since 1970) of a moment, by the partition's clock; the day likewise. */
int32_t member_day(turn_t *turn, int64_t at_ms);
uint32_t member_month(turn_t *turn, int64_t at_ms);

/* Assert what holds of one space; NULL, or a sentence about what is broken. */
const char *member_check(state_t *state, uint64_t id);
#endif
