/* text - see text.h for the contract. */
#include "clients/cashier/text.h"
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

bool
text_copy(text_t text, char *to, size_t room)
{
    to[0] = 0;
    if (text.size >= room || (text.size && memchr(text.data, 0, text.size)))
        return false;
    if (text.size)
        memcpy(to, text.data, text.size);
    to[text.size] = 0;
    return true;
}

bool
text_number(text_t text, int64_t max, int64_t *value)
{
    int64_t sum = 0;
    if (text.size == 0 || text.size > 18)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        sum = sum * 10 + (text.data[i] - '0');
    }
    *value = sum;
    return sum <= max;
}

/* How many bytes follow a first byte, and the least code point so many may stand for. */
static int
text_utf8_tail(uint8_t first, uint32_t *least)
{
    if (first < 0x80)
        return 0;
    if (first >= 0xc2 && first < 0xe0)
        return *least = 0x80, 1;
    if (first >= 0xe0 && first < 0xf0)
        return *least = 0x800, 2;
    if (first >= 0xf0 && first < 0xf5)
        return *least = 0x10000, 3;
    return -1;
}

bool
text_is_utf8(text_t text)
{
    for (size_t i = 0; i < text.size;) {
        uint32_t least = 1;
        uint8_t first = (uint8_t)text.data[i++];
        int tail = text_utf8_tail(first, &least);
        if (tail < 0 || (size_t)tail > text.size - i)
            return false;
        uint32_t point = tail ? first & (0x3fu >> tail) : first;
        for (; tail > 0; tail--, i++) {
            if (((uint8_t)text.data[i] & 0xc0) != 0x80)
                return false;
            point = point << 6 | ((uint8_t)text.data[i] & 0x3f);
        }
        if (point < least || point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
            return false;
    }
    return true;
}

void
out_init(out_t *self, char *data, size_t room)
{
    assert(room > 0);
    *self = (out_t){ .data = data, .room = room };
    data[0] = 0;
}

void
out_put(out_t *self, const void *data, size_t size)
{
    if (self->overflow || size >= self->room - self->size) {
        self->overflow = true;
        return;
    }
    if (size)
        memcpy(self->data + self->size, data, size);
    self->size += size;
    self->data[self->size] = 0;
}

void
out_text(out_t *self, const char *text)
{
    out_put(self, text, strlen(text));
}

void
out_format(out_t *self, const char *format, ...)
{
    va_list list;
    size_t left = self->room - self->size;
    if (self->overflow)
        return;
    va_start(list, format);
    int size = vsnprintf(self->data + self->size, left, format, list);
    va_end(list);
    if (size < 0 || (size_t)size >= left) {
        self->overflow = true;
        self->data[self->size] = 0;
    } else
        self->size += (size_t)size;
}

static bool
out_is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == '~';
}

void
out_url(out_t *self, text_t text)
{
    for (size_t i = 0; i < text.size; i++)
        if (out_is_plain(text.data[i]))
            out_put(self, text.data + i, 1);
        else
            out_format(self, "%%%02X", (unsigned)(uint8_t)text.data[i]);
}

void
out_json(out_t *self, text_t text)
{
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        if (c == '"' || c == '\\')
            out_format(self, "\\%c", c);
        else if ((uint8_t)c < 0x20)
            out_format(self, "\\u%04x", (unsigned)(uint8_t)c);
        else
            out_put(self, &c, 1);
    }
}

void
out_xml(out_t *self, text_t text)
{
    static const struct {
        char sign;
        const char *entity;
    } table[] = {
        { '&', "&amp;" }, { '<', "&lt;" }, { '>', "&gt;" }, { '"', "&quot;" }, { '\'', "&#39;" }
    };
    for (size_t i = 0; i < text.size; i++) {
        size_t at = 0;
        while (at < sizeof table / sizeof table[0] && table[at].sign != text.data[i])
            at++;
        if (at < sizeof table / sizeof table[0])
            out_text(self, table[at].entity);
        else
            out_put(self, text.data + i, 1);
    }
}
