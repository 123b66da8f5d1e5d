/* http_text - the texts in a request; see http.h for the contract. */
#include "clients/bridge/http_class.h"
#include <string.h>

/* The classes of http_class.h; a unit test spells them out. */
const uint8_t http_class[256] = {
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x02, 0x9f, 0x02, 0x93, 0x9f, 0x9f, 0x9f, 0x9f, 0x9e, 0x9e, 0x9f, 0x9f, 0x8e, 0xdf, 0xdf, 0x9e,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x9e, 0x8e, 0x92, 0x9e, 0x92, 0x9a,
    0x9e, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xdf, 0xdf, 0xdf, 0xdf, 0xdf, 0xdf, 0xdf, 0xdf, 0xdf,
    0xdf, 0xdf, 0xdf, 0xdf, 0xdf, 0xdf, 0xdf, 0xdf, 0xdf, 0xdf, 0xdf, 0x9a, 0x8a, 0x9a, 0x9b, 0xdf,
    0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xdf, 0xdf, 0xdf, 0xdf, 0xdf, 0xdf, 0xdf, 0xdf, 0xdf,
    0xdf, 0xdf, 0xdf, 0xdf, 0xdf, 0xdf, 0xdf, 0xdf, 0xdf, 0xdf, 0xdf, 0x9a, 0x9b, 0x9a, 0xdf, 0x00,
    0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82,
    0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82,
    0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82,
    0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82,
    0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82,
    0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82,
    0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82,
    0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82, 0x82,
};

static char
text_small(char byte)
{
    return byte >= 'A' && byte <= 'Z' ? (char)(byte | 0x20) : byte;
}

http_text_t
http_trimmed(http_text_t text)
{
    while (text.size > 0 && (text.data[0] == ' ' || text.data[0] == '\t')) {
        text.data++;
        text.size--;
    }
    while (text.size > 0 && (text.data[text.size - 1] == ' ' || text.data[text.size - 1] == '\t'))
        text.size--;
    return text;
}

bool
http_text_is(http_text_t text, const char *other)
{
    return text.size == strlen(other) &&
           (text.size == 0 || memcmp(text.data, other, text.size) == 0);
}

bool
http_text_is_nocase(http_text_t text, const char *other)
{
    for (size_t at = 0; at < text.size; at++)
        if (text_small(text.data[at]) != text_small(other[at]) || other[at] == 0)
            return false;
    return other[text.size] == 0;
}

bool
http_field(const http_request_t *self, const char *name, http_text_t *value)
{
    for (uint32_t i = 0; i < self->field_count; i++)
        if (http_text_is_nocase(self->fields[i].name, name)) {
            *value = self->fields[i].value;
            return true;
        }
    return false;
}

uint32_t
http_field_count(const http_request_t *self, const char *name)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < self->field_count; i++)
        count += http_text_is_nocase(self->fields[i].name, name);
    return count;
}

/* Up to the next `mark`, which is taken off `rest`, or to the end. */
static http_text_t
text_until(http_text_t *rest, char mark)
{
    const char *found = rest->size > 0 ? memchr(rest->data, mark, rest->size) : NULL;
    http_text_t part = { rest->data, found ? (size_t)(found - rest->data) : rest->size };
    size_t used = part.size + (found != NULL);
    if (used > 0)
        rest->data += used;
    rest->size -= used;
    return part;
}

bool
http_list_has(http_text_t list, const char *token)
{
    while (list.size > 0)
        if (http_text_is_nocase(http_trimmed(text_until(&list, ',')), token))
            return true;
    return false;
}

/* --- escapes ---------------------------------------------------------------------------------- */

long
http_unescape(http_text_t text, bool query, char *to, size_t room)
{
    size_t size = 0;
    for (size_t at = 0; at < text.size; at++) {
        int byte = (uint8_t)text.data[at];
        if (byte == '%') {
            byte = http_escaped(text, at);
            at += 2;
        } else if (byte == '+' && query) {
            byte = ' ';
        }
        if (byte <= 0 || size == room)
            return -1;
        to[size++] = (char)byte;
    }
    return http_is_utf8(to, size) ? (long)size : -1;
}

bool
http_query_next(http_text_t *rest, http_text_t *name, http_text_t *value)
{
    while (rest->size > 0) {
        http_text_t pair = text_until(rest, '&');
        if (pair.size == 0)
            continue;
        *value = pair;
        *name = text_until(value, '=');
        return true;
    }
    return false;
}

/* Bytes of the character at `text`, 0 when it is none. RFC 3629, 4: the second byte of some first
 * bytes has bounds of its own, which keep out what is overlong, a surrogate or above U+10FFFF. */
static size_t
text_character(const uint8_t *text, size_t size)
{
    uint8_t first = text[0], least = 0x80, most = 0xbf;
    if (first < 0x80)
        return 1;
    size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || size < length)
        return 0;
    if (first == 0xe0)
        least = 0xa0;
    else if (first == 0xed)
        most = 0x9f;
    else if (first == 0xf0)
        least = 0x90;
    else if (first == 0xf4)
        most = 0x8f;
    if (text[1] < least || text[1] > most)
        return 0;
    for (size_t at = 2; at < length; at++)
        if (text[at] < 0x80 || text[at] > 0xbf)
            return 0;
    return length;
}

bool
http_is_utf8(const void *data, size_t size)
{
    const uint8_t *text = data;
    for (size_t at = 0; at < size;) {
        uint64_t word;
        if (size - at >= sizeof word) {
            memcpy(&word, text + at, sizeof word);
            if (!(word & UINT64_C(0x8080808080808080))) {
                at += sizeof word;
                continue;
            }
        }
        size_t length = text_character(text + at, size - at);
        if (length == 0)
            return false;
        at += length;
    }
    return true;
}

/* --- cookies ---------------------------------------------------------------------------------- */

/* Is this NAME=VALUE as RFC 6265 4.1.1 has it? */
static bool
text_cookie_pair(http_text_t pair, http_text_t *name, http_text_t *value)
{
    size_t at = 0;
    while (at < pair.size && http_is(pair.data[at], HTTP_IN_TOKEN))
        at++;
    if (at == 0 || at == pair.size || pair.data[at] != '=')
        return false;
    *name = (http_text_t){ pair.data, at };
    *value = (http_text_t){ pair.data + at + 1, pair.size - at - 1 };
    if (value->size >= 2 && value->data[0] == '"' && value->data[value->size - 1] == '"')
        *value = (http_text_t){ value->data + 1, value->size - 2 };
    for (at = 0; at < value->size; at++)
        if (!http_is(value->data[at], HTTP_IN_COOKIE))
            return false;
    return true;
}

bool
http_cookie_next(http_text_t *rest, http_text_t *name, http_text_t *value)
{
    http_text_t after = *rest, pair = text_until(&after, ';');
    bool last = pair.size == rest->size;
    if (!text_cookie_pair(pair, name, value) || (!last && (after.size < 2 || after.data[0] != ' ')))
        return false;
    if (!last)
        after = (http_text_t){ after.data + 1, after.size - 1 };
    *rest = after;
    return true;
}

bool
http_cookie(const http_request_t *self, const char *name, http_text_t *value)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < self->field_count; i++) {
        http_text_t rest = self->fields[i].value, its_name, its_value;
        if (!http_text_is_nocase(self->fields[i].name, "cookie"))
            continue;
        while (rest.size > 0)
            if (text_cookie_pair(http_trimmed(text_until(&rest, ';')), &its_name, &its_value) &&
                http_text_is(its_name, name) && count++ == 0)
                *value = its_value;
    }
    return count == 1;
}
