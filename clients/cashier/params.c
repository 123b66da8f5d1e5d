/* params - see params.h for the contract. */
#include "clients/cashier/params.h"
#include <stdlib.h>

void
params_clear(params_t *self)
{
    self->count = 0;
    self->size = 0;
    self->full = false;
}

static text_t
params_keep(params_t *self, text_t text)
{
    char *to = self->bytes + self->size;
    if (text.size)
        memcpy(to, text.data, text.size);
    to[text.size] = 0;
    self->size += text.size + 1;
    return (text_t){ to, text.size };
}

static bool
params_has(const params_t *self, text_t name)
{
    for (uint32_t i = 0; i < self->count; i++)
        if (self->list[i].name.size == name.size &&
            memcmp(self->list[i].name.data, name.data, name.size) == 0)
            return true;
    return false;
}

bool
params_add(params_t *self, text_t name, text_t value)
{
    size_t room = PARAMS_BYTES - self->size;
    if (self->full || self->count == PARAMS_MAX || name.size == 0 || name.size > room ||
        value.size > room || name.size + value.size + 2 > room || memchr(name.data, 0, name.size) ||
        (value.size && memchr(value.data, 0, value.size)) || params_has(self, name)) {
        self->full = true;
        return false;
    }
    param_t *param = &self->list[self->count++];
    param->name = params_keep(self, name);
    param->value = params_keep(self, value);
    return true;
}

bool
params_put(params_t *self, const char *name, const char *value)
{
    return params_add(self, text_of(name), text_of(value));
}

const char *
params_get(const params_t *self, const char *name)
{
    for (uint32_t i = 0; i < self->count; i++)
        if (text_is(self->list[i].name, name))
            return self->list[i].value.data;
    return NULL;
}

bool
params_is(const params_t *self, const char *name, const char *value)
{
    const char *have = params_get(self, name);
    return have && strcmp(have, value) == 0;
}

/* By bytes, as ASCII sorts: not by a locale. */
static int
params_compare(const void *one, const void *other)
{
    const param_t *a = one, *b = other;
    size_t size = a->name.size < b->name.size ? a->name.size : b->name.size;
    int order = memcmp(a->name.data, b->name.data, size);
    if (order)
        return order;
    return a->name.size < b->name.size ? -1 : a->name.size > b->name.size;
}

void
params_join(params_t *self, unsigned how, out_t *to)
{
    bool first = true;
    qsort(self->list, self->count, sizeof self->list[0], params_compare);
    for (uint32_t i = 0; i < self->count; i++) {
        const param_t *param = &self->list[i];
        if (text_is(param->name, "sign") ||
            (!(how & PARAMS_TYPE) && text_is(param->name, "sign_type")) ||
            (how & PARAMS_FILLED && param->value.size == 0))
            continue;
        if (!first)
            out_put(to, "&", 1);
        first = false;
        out_put(to, param->name.data, param->name.size);
        out_put(to, "=", 1);
        out_put(to, param->value.data, param->value.size);
    }
}

static int
params_hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool
params_unescape(text_t from, out_t *to)
{
    for (size_t i = 0; i < from.size; i++) {
        char c = from.data[i];
        if (c == '+')
            c = ' ';
        else if (c == '%') {
            if (from.size - i < 3)
                return false;
            int high = params_hex(from.data[i + 1]), low = params_hex(from.data[i + 2]);
            if (high < 0 || low < 0)
                return false;
            c = (char)(high << 4 | low);
            i += 2;
        }
        out_put(to, &c, 1);
    }
    return !to->overflow;
}

/* The piece up to `end`, which is taken off. */
static text_t
params_piece(text_t *rest, char end)
{
    const char *stop = rest->size ? memchr(rest->data, end, rest->size) : NULL;
    text_t piece = { rest->data, stop ? (size_t)(stop - rest->data) : rest->size };
    size_t taken = piece.size + (stop != NULL);
    *rest = (text_t){ rest->data + taken, rest->size - taken };
    return piece;
}

bool
params_read_form(params_t *self, text_t body)
{
    params_clear(self);
    char *room = body.size && body.size < PARAMS_BYTES ? malloc(body.size + 2) : NULL;
    bool good = room != NULL;
    while (good && body.size) {
        text_t value = params_piece(&body, '&'), name = params_piece(&value, '=');
        out_t out;
        out_init(&out, room, name.size + value.size + 2);
        good = params_unescape(name, &out);
        text_t read_name = { room, out.size };
        good = good && params_unescape(value, &out);
        text_t read_value = { room + read_name.size, out.size - read_name.size };
        good = good && text_is_utf8(read_name) && text_is_utf8(read_value) &&
               params_add(self, read_name, read_value);
    }
    free(room);
    return good && self->count > 0;
}

void
params_write_form(const params_t *self, out_t *to)
{
    for (uint32_t i = 0; i < self->count; i++) {
        if (i)
            out_put(to, "&", 1);
        out_url(to, self->list[i].name);
        out_put(to, "=", 1);
        out_url(to, self->list[i].value);
    }
}
