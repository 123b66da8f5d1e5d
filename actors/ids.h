/* ids - the names of orders and tickets, and what is inside a ticket token. Pure; clients use it
 * too.
 *
 * order id   'M', the showtime id in 13 and the order's number in 7 characters of Crockford's
 * base32 (0-9 and A-Z without I, L, O, U), and one check character: 22 in all, so that it fits a
 *            provider's order number and routes itself to its showtime.
 * ticket id  order id, '-', seat id in decimal.
 * token      base64url without padding of 23 bytes: showtime (u64, big endian), purchase number
 *            (u32, big endian), line of the purchase (u8), tag (10 bytes, see ticket.h).
 *
 * The check character is a weighted sum over GF(32), the weights being powers of a primitive
 * element: it finds every single wrong character and every swap of two. Reading is strict: one
 * spelling for one id, no small letters, no look-alikes. */
#ifndef IDS_H
#define IDS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    ORDER_ID_SIZE = 22,
    ORDER_ID_ROOM = ORDER_ID_SIZE + 1, /* with its NUL */
    TICKET_ID_MAX = ORDER_ID_SIZE + 1 + 5,
    TICKET_ID_ROOM = TICKET_ID_MAX + 1,
    TOKEN_SIZE = 31,
    TOKEN_ROOM = TOKEN_SIZE + 1,
    TOKEN_TAG_SIZE = 10,
    TOKEN_NAMED_SIZE = 13, /* bytes before the tag */
    TOKEN_BYTES = TOKEN_NAMED_SIZE + TOKEN_TAG_SIZE,
    IDS_CODE_SIZE = 16,
};

typedef struct {
    uint64_t showtime;
    uint32_t purchase;
    uint8_t line;
    uint8_t tag[TOKEN_TAG_SIZE];
} ids_token_t;

/* Write an id with its NUL. showtime and number are at least 1. */
void ids_order_text(char text[ORDER_ID_ROOM], uint64_t showtime, uint32_t number);
void ids_ticket_text(char text[TICKET_ID_ROOM], uint64_t showtime, uint32_t number, uint16_t seat);
/* Read an id that is not NUL-terminated; false when it is not exactly one. */
bool ids_order_read(const char *text, size_t size, uint64_t *showtime, uint32_t *number);
bool ids_ticket_read(const char *text, size_t size, uint64_t *showtime, uint32_t *number,
                     uint16_t *seat);

/* The 13 bytes that a tag is made over. */
void ids_token_named(uint8_t named[TOKEN_NAMED_SIZE], const ids_token_t *token);
void ids_token_text(char text[TOKEN_ROOM], const ids_token_t *token);
/* Take a token apart; says nothing about its tag. */
bool ids_token_read(const char *text, size_t size, ids_token_t *token);

/* The showtime of a NUL-terminated id: the shard key of commands about it. */
bool ids_order_showtime(const char *order, uint64_t *showtime);
bool ids_ticket_showtime(const char *ticket, uint64_t *showtime);
bool ids_token_showtime(const char *token, uint64_t *showtime);

/* Members have ids of their own range, so that everybody knows one: guests are numbered above. */
#define IDS_MEMBER_FIRST (UINT64_C(1) << 60)
#define IDS_MEMBER_LAST  (2 * IDS_MEMBER_FIRST - 1)
static inline bool
ids_is_member(uint64_t user)
{
    return user >= IDS_MEMBER_FIRST && user <= IDS_MEMBER_LAST;
}

/* `digits` base32 characters (no NUL), which must be enough for the value; and back, false for a
 * foreign character. At most 12 of them. */
void ids_base32_text(char *text, uint64_t value, int digits);
bool ids_base32_read(const char *text, int digits, uint64_t *value);
/* 16 base32 characters (no NUL) of the first 10 bytes. */
void ids_code_text(char text[IDS_CODE_SIZE], const uint8_t bytes[10]);
/* base64url without padding; `text` has room for ids_base64_size(size) + 1. */
size_t ids_base64_size(size_t size);
void ids_base64_text(char *text, const uint8_t *bytes, size_t size);
/* Read `size` characters into at most `room` bytes; false when malformed, spelled in another way
 * than ids_base64_text() would, or too long. */
bool ids_base64_read(const char *text, size_t size, uint8_t *bytes, size_t room, size_t *read);
#endif
