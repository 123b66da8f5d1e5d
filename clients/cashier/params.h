/* params - names and values, as they are signed: WeChat v2's elements, Alipay's form.
 *
 * Pure; one block of memory that the caller has. A name is there once: what comes twice is
 * refused, so nobody can sign one value and have another read. */
#ifndef PARAMS_H
#define PARAMS_H
#include "clients/cashier/text.h"

enum { PARAMS_MAX = 96, PARAMS_BYTES = 64 * 1024 };

typedef struct {
    text_t name, value; /* both NUL-terminated, too */
} param_t;

typedef struct {
    uint32_t count;
    size_t size;
    bool full; /* something did not fit, or came twice: the whole is worthless */
    param_t list[PARAMS_MAX];
    char bytes[PARAMS_BYTES];
} params_t;

void params_clear(params_t *self);
/* False: it came twice, has a NUL, or there is no room; `full` is then set. */
bool params_add(params_t *self, text_t name, text_t value);
bool params_put(params_t *self, const char *name, const char *value);
/* NULL when it is not there. */
const char *params_get(const params_t *self, const char *name);
static inline text_t
params_text(const params_t *self, const char *name)
{
    const char *value = params_get(self, name);
    return value ? text_of(value) : (text_t){ "", 0 };
}
/* Does it have exactly this value? */
bool params_is(const params_t *self, const char *name, const char *value);

typedef enum { PARAMS_FILLED = 1, PARAMS_TYPE = 2 } params_join_t;
/* name=value by name, joined by '&': without `sign`; with PARAMS_FILLED without empty values; with
 * PARAMS_TYPE `sign_type` takes part. */
void params_join(params_t *self, unsigned how, out_t *to);

/* A form (application/x-www-form-urlencoded), decoded once. False: malformed, not UTF-8, something
 * twice, or too much. */
bool params_read_form(params_t *self, text_t body);
/* As a form, every value escaped; in the order they were added or sorted to. */
void params_write_form(const params_t *self, out_t *to);
/* xml.c: one flat level of elements below `root` (NULL: any). No DOCTYPE, entity of its own,
 * attribute, nesting or text between. */
bool params_read_xml(params_t *self, const char *root, text_t body);
/* <xml> with one element each. */
void params_write_xml(const params_t *self, out_t *to);
#endif
