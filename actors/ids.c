/* ids - see ids.h for the contract. */
#include "actors/ids.h"
#include <assert.h>
#include <string.h>

enum { SHOWTIME_DIGITS = 13, NUMBER_DIGITS = 7, CHECK_AT = 1 + SHOWTIME_DIGITS + NUMBER_DIGITS };
_Static_assert(CHECK_AT + 1 == ORDER_ID_SIZE, "the parts make the whole");

static const char base32[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* The value of each digit of base32, plus one; 0: none. Order ids are read and made with every
 * command of a purchase: searched for in the alphabet, digits took a ninth of its instructions. */
static const uint8_t base32_value[UINT8_MAX + 1] = {
    ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
    ['8'] = 9,  ['9'] = 10, ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
    ['G'] = 17, ['H'] = 18, ['J'] = 19, ['K'] = 20, ['M'] = 21, ['N'] = 22, ['P'] = 23, ['Q'] = 24,
    ['R'] = 25, ['S'] = 26, ['T'] = 27, ['V'] = 28, ['W'] = 29, ['X'] = 30, ['Y'] = 31, ['Z'] = 32,
};

static int
ids_digit(char c)
{
    return base32_value[(uint8_t)c] - 1;
}

static void
ids_put_base32(char *text, uint64_t value, int digits)
{
    for (int i = digits - 1; i >= 0; i--) {
        text[i] = base32[value & 31];
        value >>= 5;
    }
}

/* False for a foreign character or a value over `max`. */
static bool
ids_get_base32(const char *text, int digits, uint64_t max, uint64_t *value)
{
    uint64_t sum = 0;
    for (int i = 0; i < digits; i++) {
        int digit = ids_digit(text[i]);
        if (digit < 0 || sum > max >> 5)
            return false;
        sum = sum << 5 | (uint64_t)digit;
    }
    *value = sum;
    return sum <= max;
}

void
ids_base32_text(char *text, uint64_t value, int digits)
{
    assert(digits >= 1 && digits <= 12 && value >> 5 * digits == 0);
    ids_put_base32(text, value, digits);
}

bool
ids_base32_read(const char *text, int digits, uint64_t *value)
{
    assert(digits >= 1 && digits <= 12);
    return ids_get_base32(text, digits, (UINT64_C(1) << 5 * digits) - 1, value);
}

/* Horner's rule in GF(2^5) modulo x^5 + x^2 + 1, where x is primitive (order 31, above the 21
 * characters): position i weighs x^(n-i), so all weights differ. */
static char
ids_check(const char *text)
{
    uint32_t sum = 0;
    for (int i = 1; i < CHECK_AT; i++) {
        sum ^= (uint32_t)ids_digit(text[i]);
        sum <<= 1;
        if (sum & 32)
            sum ^= 0x25;
    }
    return base32[sum];
}

void
ids_order_text(char text[ORDER_ID_ROOM], uint64_t showtime, uint32_t number)
{
    assert(showtime > 0);
    assert(number > 0);
    text[0] = 'M';
    ids_put_base32(text + 1, showtime, SHOWTIME_DIGITS);
    ids_put_base32(text + 1 + SHOWTIME_DIGITS, number, NUMBER_DIGITS);
    text[CHECK_AT] = ids_check(text);
    text[ORDER_ID_SIZE] = 0;
}

bool
ids_order_read(const char *text, size_t size, uint64_t *showtime, uint32_t *number)
{
    uint64_t high, low;
    if (size != ORDER_ID_SIZE || text[0] != 'M' ||
        !ids_get_base32(text + 1, SHOWTIME_DIGITS, UINT64_MAX, &high) ||
        !ids_get_base32(text + 1 + SHOWTIME_DIGITS, NUMBER_DIGITS, UINT32_MAX, &low) || high == 0 ||
        low == 0 || text[CHECK_AT] != ids_check(text))
        return false;
    *showtime = high;
    *number = (uint32_t)low;
    return true;
}

void
ids_ticket_text(char text[TICKET_ID_ROOM], uint64_t showtime, uint32_t number, uint16_t seat)
{
    assert(seat > 0);
    ids_order_text(text, showtime, number);
    char digits[5];
    size_t count = 0;
    for (uint16_t rest = seat; rest; rest /= 10)
        digits[count++] = (char)('0' + rest % 10);
    size_t at = ORDER_ID_SIZE;
    text[at++] = '-';
    while (count)
        text[at++] = digits[--count];
    text[at] = 0;
}

bool
ids_ticket_read(const char *text, size_t size, uint64_t *showtime, uint32_t *number, uint16_t *seat)
{
    if (size < ORDER_ID_SIZE + 2 || size > TICKET_ID_MAX || text[ORDER_ID_SIZE] != '-' ||
        text[ORDER_ID_SIZE + 1] == '0')
        return false;
    uint32_t value = 0;
    for (size_t i = ORDER_ID_SIZE + 1; i < size; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        value = value * 10 + (uint32_t)(text[i] - '0');
    }
    if (value > UINT16_MAX || !ids_order_read(text, ORDER_ID_SIZE, showtime, number))
        return false;
    *seat = (uint16_t)value;
    return true;
}

static void
ids_put_big_endian(uint8_t *at, uint64_t value, int bytes)
{
    for (int i = bytes - 1; i >= 0; i--) {
        at[i] = (uint8_t)value;
        value >>= 8;
    }
}

static uint64_t
ids_get_big_endian(const uint8_t *at, int bytes)
{
    uint64_t value = 0;
    for (int i = 0; i < bytes; i++)
        value = value << 8 | at[i];
    return value;
}

void
ids_token_named(uint8_t named[TOKEN_NAMED_SIZE], const ids_token_t *token)
{
    ids_put_big_endian(named, token->showtime, 8);
    ids_put_big_endian(named + 8, token->purchase, 4);
    named[12] = token->line;
}

void
ids_token_text(char text[TOKEN_ROOM], const ids_token_t *token)
{
    uint8_t bytes[TOKEN_BYTES];
    ids_token_named(bytes, token);
    memcpy(bytes + TOKEN_NAMED_SIZE, token->tag, TOKEN_TAG_SIZE);
    ids_base64_text(text, bytes, sizeof bytes);
}

bool
ids_token_read(const char *text, size_t size, ids_token_t *token)
{
    uint8_t bytes[TOKEN_BYTES];
    size_t read;
    if (size != TOKEN_SIZE || !ids_base64_read(text, size, bytes, sizeof bytes, &read))
        return false;
    assert(read == sizeof bytes);
    token->showtime = ids_get_big_endian(bytes, 8);
    token->purchase = (uint32_t)ids_get_big_endian(bytes + 8, 4);
    token->line = bytes[12];
    memcpy(token->tag, bytes + TOKEN_NAMED_SIZE, TOKEN_TAG_SIZE);
    return token->showtime > 0 && token->purchase > 0;
}

bool
ids_order_showtime(const char *order, uint64_t *showtime)
{
    uint32_t number;
    return ids_order_read(order, strlen(order), showtime, &number);
}

bool
ids_ticket_showtime(const char *ticket, uint64_t *showtime)
{
    uint32_t number;
    uint16_t seat;
    return ids_ticket_read(ticket, strlen(ticket), showtime, &number, &seat);
}

bool
ids_token_showtime(const char *text, uint64_t *showtime)
{
    ids_token_t token;
    if (!ids_token_read(text, strlen(text), &token))
        return false;
    *showtime = token.showtime;
    return true;
}

void
ids_code_text(char text[IDS_CODE_SIZE], const uint8_t bytes[10])
{
    ids_put_base32(text, ids_get_big_endian(bytes, 5), 8);
    ids_put_base32(text + 8, ids_get_big_endian(bytes + 5, 5), 8);
}

size_t
ids_base64_size(size_t size)
{
    return (size * 8 + 5) / 6;
}

void
ids_base64_text(char *text, const uint8_t *bytes, size_t size)
{
    uint32_t held = 0, bits = 0;
    for (size_t i = 0; i < size; i++) {
        held = held << 8 | bytes[i];
        for (bits += 8; bits >= 6; bits -= 6)
            *text++ = base64[held >> (bits - 6) & 63];
    }
    if (bits)
        *text++ = base64[held << (6 - bits) & 63];
    *text = 0;
}

bool
ids_base64_read(const char *text, size_t size, uint8_t *bytes, size_t room, size_t *read)
{
    uint32_t held = 0, bits = 0;
    size_t count = 0;
    for (size_t i = 0; i < size; i++) {
        const char *digit = text[i] ? strchr(base64, text[i]) : NULL;
        if (!digit)
            return false;
        held = held << 6 | (uint32_t)(digit - base64);
        bits += 6;
        if (bits < 8)
            continue;
        bits -= 8;
        if (count == room)
            return false;
        bytes[count++] = (uint8_t)(held >> bits);
    }
    *read = count;
    /* left-over bits must be the zeros that writing puts there, and fewer than a character's */
    return bits < 6 && (held & ((1u << bits) - 1)) == 0;
}
