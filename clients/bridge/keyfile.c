/* keyfile - see keyfile.h for the contract. */
#include "clients/bridge/keyfile.h"
#include "actors/ids.h"
#include <assert.h>
#include <stdio.h>
#include <string.h>

static bool
keyfile_is_space(char c)
{
    return c == ' ' || c == '\t';
}

/* Take the next line off the rest, without its LF and its comment. */
static http_text_t
keyfile_line(http_text_t *rest)
{
    http_text_t line = *rest;
    const char *end = memchr(line.data, '\n', line.size);
    if (end)
        line.size = (size_t)(end - line.data);
    size_t taken = line.size + (end != NULL);
    rest->data += taken;
    rest->size -= taken;
    const char *comment = line.size ? memchr(line.data, '#', line.size) : NULL;
    if (comment)
        line.size = (size_t)(comment - line.data);
    return line;
}

bool
keyfile_next(keyfile_t *self)
{
    self->count = 0;
    while (self->count == 0 && self->rest.size > 0) {
        http_text_t line = keyfile_line(&self->rest);
        self->line++;
        for (size_t at = 0; at < line.size && self->count < KEYFILE_WORDS_MAX;) {
            size_t begin = at;
            while (at < line.size && !keyfile_is_space(line.data[at]))
                at++;
            if (at > begin)
                self->words[self->count++] =
                    (http_text_t){ .data = line.data + begin, .size = at - begin };
            else
                at++;
        }
    }
    return self->count > 0;
}

bool
keyfile_name(http_text_t word, char *name, size_t room)
{
    if (word.size == 0 || word.size >= room)
        return false;
    for (size_t i = 0; i < word.size; i++) {
        char c = word.data[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter && !(c >= '0' && c <= '9') && c != '-' && c != '_')
            return false;
    }
    memcpy(name, word.data, word.size);
    name[word.size] = 0;
    return true;
}

bool
keyfile_key(http_text_t word, uint8_t key[KEYFILE_KEY_MAX], uint8_t *size)
{
    size_t read;
    if (!ids_base64_read(word.data, word.size, key, KEYFILE_KEY_MAX, &read) ||
        read < KEYFILE_KEY_MIN)
        return false;
    *size = (uint8_t)read;
    return true;
}

bool
keyfile_time(http_text_t word, int64_t *time_s)
{
    enum { DIGITS_MAX = 12 };
    int64_t value = 0;
    if (word.size == 0 || word.size > DIGITS_MAX)
        return false;
    for (size_t i = 0; i < word.size; i++) {
        if (word.data[i] < '0' || word.data[i] > '9')
            return false;
        value = value * 10 + (word.data[i] - '0');
    }
    *time_s = value;
    return value > 0;
}

int
keyfile_wrong(const keyfile_t *self, const char *reason, char *error, size_t room)
{
    snprintf(error, room, "line %u: %s", self->line ? self->line : 1, reason);
    return -1;
}
