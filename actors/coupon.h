/* coupon - the codes of coupons, and what a coupon takes off a price. Pure.
 *
 * A code is 20 characters of Crockford's base32 (see ids.h), 100 bits: the batch (24), the coupon's
 * number in it (16), and 60 bits of a keyed hash of both. So a code routes itself to its batch,
 * nothing is kept of one that was never given out, and guessing one is hopeless. Batch 0 is that of
 * coupons that were bought with points; the hash is then over member and number too. */
#ifndef COUPON_H
#define COUPON_H
#include "actors/turn.h"

enum {
    COUPON_CODE_SIZE = 20,
    COUPON_CODE_ROOM = COUPON_CODE_SIZE + 1,
    COUPON_BATCH_MAX = (1 << 24) - 1,
    COUPON_NUMBER_MAX = (1 << 16) - 1,
    COUPON_WHOLE = 10000, /* all of a price, in hundredths of a percent */
};

/* What a coupon takes off: a share of the price, or a sum. */
enum { COUPON_KIND_NONE, COUPON_DISCOUNT, COUPON_FIXED, COUPON_KINDS };

/* The code of coupon `number` of a batch; `owner` is 0, or the member of batch 0. */
void coupon_code(const site_t *site, uint32_t batch, uint16_t number, uint64_t owner,
                 char code[COUPON_CODE_ROOM]);
/* Take a code apart; false when it is not one. Says nothing about its hash. */
bool coupon_read(const char *text, size_t size, uint32_t *batch, uint16_t *number);
/* Is it the code of a coupon of its batch? */
bool coupon_is(const site_t *site, const char *text, size_t size, uint32_t batch, uint16_t number);

/* The kind of a word, COUPON_KIND_NONE if there is none; the word of a kind. */
uint8_t coupon_kind(const command_t *command);
const char *coupon_kind_name(uint8_t kind);

/* What it takes off `amount`, which is at least 1: rounded up to the fen, but 1 fen is left, since
 * no provider takes in less. */
int64_t coupon_takes(uint8_t kind, int64_t value, int64_t amount);
/* Share `discount`, at most the sum of the prices, out to them in proportion: prices become what is
 * left. The shares sum to the discount, and no price becomes negative. */
void coupon_share(int64_t discount, int64_t *prices, uint32_t count);
#endif
