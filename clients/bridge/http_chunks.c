/* http_chunks - a body in chunks (RFC 9112 7.1); see http.h for the contract. */
#include "clients/bridge/http_class.h"
#include <assert.h>
#include <string.h>

/* What the next byte belongs to. */
typedef enum {
    CHUNKS_SIZE_FIRST, /* the size's first digit */
    CHUNKS_SIZE,
    CHUNKS_EXTENSION,
    CHUNKS_SIZE_LF,
    CHUNKS_DATA,
    CHUNKS_DATA_CR,
    CHUNKS_DATA_LF,
    CHUNKS_TRAILER_FIRST, /* a trailer field, or the empty line */
    CHUNKS_TRAILER_NAME,
    CHUNKS_TRAILER_VALUE,
    CHUNKS_TRAILER_LF,
    CHUNKS_END_LF,
    CHUNKS_END,
} chunks_state_t;

static bool
chunks_refuse(http_chunks_t *self, uint16_t status, const char *reason)
{
    self->status = status;
    self->reason = reason;
    return false;
}

static bool
chunks_go(http_chunks_t *self, chunks_state_t state)
{
    self->state = (uint8_t)state;
    return true;
}

/* A byte of a chunk's size, or what ends it. The body's bound is kept digit by digit, so that the
 * size cannot overflow. */
static bool
chunks_size_byte(http_chunks_t *self, char byte, size_t body_max)
{
    if (http_is(byte, HTTP_IN_HEX)) {
        self->left = self->left << 4 | http_hex(byte);
        if (self->left > body_max - self->size)
            return chunks_refuse(self, 413, "the body is too long");
        return chunks_go(self, CHUNKS_SIZE);
    }
    if (self->state == CHUNKS_SIZE && byte == ';')
        return chunks_go(self, CHUNKS_EXTENSION);
    if (self->state == CHUNKS_SIZE && byte == '\r')
        return chunks_go(self, CHUNKS_SIZE_LF);
    return chunks_refuse(self, 400, "a chunk without a proper size");
}

static bool
chunks_size_line(http_chunks_t *self, char byte, size_t body_max)
{
    if (byte != '\r' && ++self->line > HTTP_CHUNK_LINE_MAX)
        return chunks_refuse(self, 400, "the line of a chunk's size is too long");
    if (self->state != CHUNKS_EXTENSION)
        return chunks_size_byte(self, byte, body_max);
    if (byte == '\r')
        return chunks_go(self, CHUNKS_SIZE_LF);
    return http_is(byte, HTTP_IN_TEXT) ||
           chunks_refuse(self, 400, "a control character in a chunk's extension");
}

static bool
chunks_line_ends(http_chunks_t *self, char byte, char expected, chunks_state_t state)
{
    return byte == expected ? chunks_go(self, state)
                            : chunks_refuse(self, 400, "a chunk does not end in CR LF");
}

static bool
chunks_trailer(http_chunks_t *self, char byte)
{
    if (++self->trailer > HTTP_HEAD_MAX)
        return chunks_refuse(self, 431, "the trailer section is too long");
    switch (self->state) {
    case CHUNKS_TRAILER_FIRST:
        if (byte == '\r')
            return chunks_go(self, CHUNKS_END_LF);
        if (http_is(byte, HTTP_IN_TOKEN))
            return chunks_go(self, CHUNKS_TRAILER_NAME);
        break;
    case CHUNKS_TRAILER_NAME:
        if (byte == ':')
            return chunks_go(self, CHUNKS_TRAILER_VALUE);
        if (http_is(byte, HTTP_IN_TOKEN))
            return true;
        break;
    case CHUNKS_TRAILER_VALUE:
        if (byte == '\r')
            return chunks_go(self, CHUNKS_TRAILER_LF);
        if (http_is(byte, HTTP_IN_TEXT))
            return true;
        break;
    case CHUNKS_TRAILER_LF:
        if (byte == '\n')
            return chunks_go(self, CHUNKS_TRAILER_FIRST);
        break;
    default:
        if (byte == '\n')
            return chunks_go(self, CHUNKS_END);
        break;
    }
    return chunks_refuse(self, 400, "a malformed trailer field");
}

/* One byte of what is not data; false when it is refused. */
static bool
chunks_byte(http_chunks_t *self, char byte, size_t body_max)
{
    switch (self->state) {
    case CHUNKS_SIZE_FIRST:
    case CHUNKS_SIZE:
    case CHUNKS_EXTENSION:
        return chunks_size_line(self, byte, body_max);
    case CHUNKS_SIZE_LF:
        self->line = 0;
        return chunks_line_ends(self, byte, '\n',
                                self->left > 0 ? CHUNKS_DATA : CHUNKS_TRAILER_FIRST);
    case CHUNKS_DATA_CR:
        return chunks_line_ends(self, byte, '\r', CHUNKS_DATA_LF);
    case CHUNKS_DATA_LF:
        return chunks_line_ends(self, byte, '\n', CHUNKS_SIZE_FIRST);
    default:
        return chunks_trailer(self, byte);
    }
}

static void
chunks_data(http_chunks_t *self, char *data, size_t size, size_t *at)
{
    size_t part = size - *at < self->left ? size - *at : (size_t)self->left;
    if (*at != self->size)
        memmove(data + self->size, data + *at, part);
    self->size += part;
    self->left -= part;
    *at += part;
    if (self->left == 0)
        chunks_go(self, CHUNKS_DATA_CR);
}

http_verdict_t
http_chunks(http_chunks_t *self, char *data, size_t size, size_t *at, size_t body_max)
{
    assert(self->size <= *at && *at <= size && self->size <= body_max);
    if (self->status != 0)
        return HTTP_BAD;
    while (*at < size && self->state != CHUNKS_END)
        if (self->state == CHUNKS_DATA)
            chunks_data(self, data, size, at);
        else if (!chunks_byte(self, data[(*at)++], body_max))
            return HTTP_BAD;
    return self->state == CHUNKS_END ? HTTP_DONE : HTTP_MORE;
}
