/* http_class - what a byte may be a part of; of http's own files and its tests. */
#ifndef HTTP_CLASS_H
#define HTTP_CLASS_H
#include "clients/bridge/http.h"

enum {
    HTTP_IN_TOKEN = 1,   /* RFC 9110 5.6.2 */
    HTTP_IN_TEXT = 2,    /* of a field's value: visible, 0x80-0xff, space, tab */
    HTTP_IN_PATH = 4,    /* RFC 3986 pchar, '/' and '%' */
    HTTP_IN_QUERY = 8,   /* the same, '?' and what browsers leave as it is: []{}|\^` */
    HTTP_IN_COOKIE = 16, /* RFC 6265 cookie-octet */
    HTTP_IN_HEX = 32,
    HTTP_IN_HOST = 64,  /* RFC 3986 unreserved: neither escapes nor commas in our hosts' names */
    HTTP_IN_ETAG = 128, /* RFC 9110 8.8.3 etagc */
};
extern const uint8_t http_class[256];

static inline bool
http_is(char byte, uint8_t classes)
{
    return http_class[(uint8_t)byte] & classes;
}
/* Of a byte that is HTTP_IN_HEX. */
static inline uint8_t
http_hex(char byte)
{
    return (uint8_t)((byte & 0xf) + (byte > '9' ? 9 : 0));
}
/* What %XX at `at` says; -1 when it is cut short or not hexadecimal. */
static inline int
http_escaped(http_text_t text, size_t at)
{
    if (text.size - at < 3 || !http_is(text.data[at + 1], HTTP_IN_HEX) ||
        !http_is(text.data[at + 2], HTTP_IN_HEX))
        return -1;
    return http_hex(text.data[at + 1]) << 4 | http_hex(text.data[at + 2]);
}
/* The text without space and tabs at its ends. */
http_text_t http_trimmed(http_text_t text);
#endif
