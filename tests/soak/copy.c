/* copy - see copy.h for the contract. */
#include "tests/soak/copy.h"
#include <assert.h>
#include <string.h>

/* A weight for each seat and state but 0: an empty hall has the print 0. */
static uint64_t
copy_weight(uint32_t seat, uint32_t state)
{
    if (state == 0)
        return 0;
    uint64_t z = (uint64_t)(seat * 4 + state) * UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

uint32_t
copy_state(const copy_t *self, uint32_t seat)
{
    assert(seat >= 1 && seat <= COPY_SEATS);
    uint32_t four = self->states[(seat - 1) / 4];
    return four >> (seat - 1) % 4 * 2 & 3u;
}

void
copy_set(copy_t *self, uint32_t seat, uint32_t state)
{
    uint32_t shift = (seat - 1) % 4 * 2;
    uint8_t *byte = &self->states[(seat - 1) / 4];
    assert(state <= 3);
    self->print += copy_weight(seat, state) - copy_weight(seat, copy_state(self, seat));
    *byte = (uint8_t)((*byte & ~(3u << shift)) | state << shift);
}

void
copy_forget(copy_t *self)
{
    self->whole = false;
    self->print = 0;
    memset(self->states, 0, sizeof self->states);
}

/* ------------------------------------------------------------------ messages */

typedef struct {
    const char *at, *end;
} copy_text_t;

static bool
copy_word(copy_text_t *text, const char *word)
{
    size_t size = strlen(word);
    if ((size_t)(text->end - text->at) < size || memcmp(text->at, word, size) != 0)
        return false;
    text->at += size;
    return true;
}

static bool
copy_number(copy_text_t *text, uint32_t *number)
{
    uint64_t value = 0;
    const char *first = text->at;
    while (text->at < text->end && *text->at >= '0' && *text->at <= '9' && value <= UINT32_MAX)
        value = value * 10 + (uint64_t)(*text->at++ - '0');
    *number = (uint32_t)value;
    return text->at > first && value <= UINT32_MAX && (*first != '0' || text->at == first + 1);
}

static copy_verdict_t
copy_snapshot(copy_t *self, copy_text_t text)
{
    uint32_t number;
    if (!copy_number(&text, &number) || !copy_word(&text, ",\"states\":\"") ||
        text.end - text.at != COPY_SEATS + 2 || memcmp(text.at + COPY_SEATS, "\"}", 2) != 0)
        return COPY_MALFORMED;
    for (uint32_t i = 0; i < COPY_SEATS; i++)
        if (text.at[i] < '0' || text.at[i] > '3')
            return COPY_MALFORMED;
    if (number < self->number)
        return COPY_BACK;
    copy_forget(self);
    for (uint32_t i = 0; i < COPY_SEATS; i++)
        if (text.at[i] != '0')
            copy_set(self, i + 1, (uint32_t)(text.at[i] - '0'));
    self->number = number;
    self->whole = true;
    return COPY_SNAPSHOT;
}

static bool
copy_pair(copy_text_t *text, uint32_t *seat, uint32_t *state)
{
    return copy_word(text, "[") && copy_number(text, seat) && copy_word(text, ",") &&
           copy_number(text, state) && copy_word(text, "]") && *seat >= 1 && *seat <= COPY_SEATS &&
           *state <= 3;
}

/* Read the list, and set what it says when `self` is there. */
static bool
copy_list(copy_t *self, copy_text_t text)
{
    uint32_t seat, state;
    while (!copy_word(&text, "]}")) {
        if (!copy_pair(&text, &seat, &state))
            return false;
        if (self)
            copy_set(self, seat, state);
        if (text.at < text.end && *text.at == ',' && text.end - text.at > 1 && text.at[1] == '[')
            text.at++;
        else if (text.at == text.end || *text.at != ']')
            return false;
    }
    return text.at == text.end;
}

static copy_verdict_t
copy_change(copy_t *self, copy_text_t text)
{
    uint32_t from, number;
    if (!copy_number(&text, &from) || !copy_word(&text, ",\"number\":") ||
        !copy_number(&text, &number) || !copy_word(&text, ",\"changes\":[") ||
        from > (uint64_t)number + 1 || !copy_list(NULL, text))
        return COPY_MALFORMED;
    if (!self->whole || from > self->number + 1)
        return COPY_GAP;
    if (number < self->number)
        return COPY_BACK;
    (void)copy_list(self, text);
    self->number = number;
    return COPY_CHANGE;
}

copy_verdict_t
copy_apply(copy_t *self, const char *data, size_t size)
{
    copy_text_t text = { data, data + size };
    if (copy_word(&text, "{\"type\":\"change\",\"from\":"))
        return copy_change(self, text);
    if (copy_word(&text, "{\"type\":\"seats\",\"number\":"))
        return copy_snapshot(self, text);
    return COPY_MALFORMED;
}
