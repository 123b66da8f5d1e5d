/* text - borrowed texts, and a bounded writer of new ones.
 *
 * Pure, no allocation. Writing past the end sets `overflow` and drops the rest; whoever sends what
 * was written looks at it once, at the end. */
#ifndef CASHIER_TEXT_H
#define CASHIER_TEXT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct {
    const char *data;
    size_t size;
} text_t;

typedef struct {
    char *data;
    size_t size, room; /* room counts the NUL that always ends it */
    bool overflow;
} out_t;

static inline text_t
text_of(const char *text)
{
    return (text_t){ text, strlen(text) };
}
static inline bool
text_is(text_t text, const char *other)
{
    return text.size == strlen(other) && memcmp(text.data, other, text.size) == 0;
}
/* Copy into `to`, NUL-terminated. False: it does not fit, or has a NUL in it; then `to` is "". */
bool text_copy(text_t text, char *to, size_t room);
/* A number in decimal without sign; false when it is none, or over `max`. */
bool text_number(text_t text, int64_t max, int64_t *value);
/* Are the bytes UTF-8 without NUL? */
bool text_is_utf8(text_t text);

void out_init(out_t *self, char *data, size_t room);
void out_put(out_t *self, const void *data, size_t size);
void out_text(out_t *self, const char *text);
void out_format(out_t *self, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Percent-encoded but for letters, digits and "-_.~" (RFC 3986). */
void out_url(out_t *self, text_t text);
/* Between quotes of JSON, without them. */
void out_json(out_t *self, text_t text);
/* As the text of an element, or in quotes: & < > " ' become entities. */
void out_xml(out_t *self, text_t text);
#endif
