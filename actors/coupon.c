/* coupon - see coupon.h for the contract. */
#include "actors/coupon.h"
#include "actors/ids.h"
#include <assert.h>
#include <sodium/crypto_generichash.h>
#include <sodium/utils.h>
#include <string.h>

enum { HASH_SIZE = crypto_generichash_BYTES_MIN, NUMBER_BITS = 16, HASH_BITS = 60 };

static const char *const coupon_kinds[COUPON_KINDS] = {
    [COUPON_KIND_NONE] = "none", [COUPON_DISCOUNT] = "discount", [COUPON_FIXED] = "fixed"
};

/* The letter says for which purpose is hashed, as in ticket.c. */
static uint64_t
coupon_hash(const site_t *site, uint32_t batch, uint16_t number, uint64_t owner)
{
    uint8_t data[1 + 4 + 2 + 8], hash[HASH_SIZE];
    data[0] = 'K';
    put_u32(data + 1, batch);
    put_u16(data + 5, number);
    put_u64(data + 7, owner);
    int rc = crypto_generichash(hash, sizeof hash, data, sizeof data, site->ticket_key,
                                sizeof site->ticket_key);
    assert(rc == 0);
    (void)rc;
    return get_u64(hash) >> (64 - HASH_BITS);
}

void
coupon_code(const site_t *site, uint32_t batch, uint16_t number, uint64_t owner,
            char code[COUPON_CODE_ROOM])
{
    assert(batch <= COUPON_BATCH_MAX);
    ids_base32_text(code, (uint64_t)batch << NUMBER_BITS | number, 8);
    ids_base32_text(code + 8, coupon_hash(site, batch, number, owner), 12);
    code[COUPON_CODE_SIZE] = 0;
}

bool
coupon_read(const char *text, size_t size, uint32_t *batch, uint16_t *number)
{
    uint64_t name, hash;
    if (size != COUPON_CODE_SIZE || !ids_base32_read(text, 8, &name) ||
        !ids_base32_read(text + 8, 12, &hash))
        return false;
    *batch = (uint32_t)(name >> NUMBER_BITS);
    *number = (uint16_t)name;
    return true;
}

bool
coupon_is(const site_t *site, const char *text, size_t size, uint32_t batch, uint16_t number)
{
    char right[COUPON_CODE_ROOM];
    coupon_code(site, batch, number, 0, right);
    return size == COUPON_CODE_SIZE && sodium_memcmp(right, text, COUPON_CODE_SIZE) == 0;
}

uint8_t
coupon_kind(const command_t *command)
{
    for (uint8_t i = COUPON_KIND_NONE + 1; i < COUPON_KINDS; i++)
        if (command_text_is(command, FIELD_KIND, coupon_kinds[i]))
            return i;
    return COUPON_KIND_NONE;
}

const char *
coupon_kind_name(uint8_t kind)
{
    return coupon_kinds[kind < COUPON_KINDS ? kind : COUPON_KIND_NONE];
}

int64_t
coupon_takes(uint8_t kind, int64_t value, int64_t amount)
{
    assert(amount >= 1 && amount <= MONEY_MAX_FEN * SEATS_MAX);
    assert(value >= 0);
    int64_t takes = value;
    if (kind == COUPON_DISCOUNT) {
        assert(value <= COUPON_WHOLE);
        takes = (amount * value + COUPON_WHOLE - 1) / COUPON_WHOLE;
    }
    return takes < amount ? takes : amount - 1;
}

/* Each share is the difference of two sums rounded down, so they end at the discount itself; and it
 * is at most its price's part rounded up, which is at most the price. */
void
coupon_share(int64_t discount, int64_t *prices, uint32_t count)
{
    __extension__ typedef __int128 wide_t;
    int64_t total = 0, before = 0, given = 0;
    for (uint32_t i = 0; i < count; i++)
        total += prices[i];
    assert(discount >= 0 && discount <= total);
    for (uint32_t i = 0; total && i < count; i++) {
        before += prices[i];
        int64_t up_to = (int64_t)((wide_t)discount * before / total);
        prices[i] -= up_to - given;
        assert(prices[i] >= 0);
        given = up_to;
    }
    assert(given == discount || total == 0);
}
