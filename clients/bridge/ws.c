/* ws - see ws.h for the contract. */
#include "clients/bridge/ws.h"
#include <assert.h>
#include <openssl/evp.h>
#include <string.h>

enum {
    WS_KEY_SIZE = 24, /* base64 of 16 bytes */
    WS_SHA1_SIZE = 20,
    WS_FIN = 0x80,
    WS_RESERVED = 0x70,
    WS_MASKED = 0x80,
    WS_LENGTH_16 = 126, /* the length is in the next two bytes */
    WS_LENGTH_64 = 127,
    WS_MASK_SIZE = 4,
    WS_NO_CODE = 1005, /* only told to ourselves: the peer gave none */
};

/* --- the handshake ---------------------------------------------------------------------------- */

/* Is this 16 bytes in base64, as only one text spells them? */
static bool
ws_is_key(http_text_t key)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    if (key.size != WS_KEY_SIZE || memcmp(key.data + WS_KEY_SIZE - 2, "==", 2) != 0)
        return false;
    for (size_t at = 0; at < WS_KEY_SIZE - 2; at++)
        if (!memchr(alphabet, key.data[at], sizeof alphabet - 1))
            return false;
    /* The last letter carries two bits, and four of zero. */
    return memchr("AQgw", key.data[WS_KEY_SIZE - 3], 4) != NULL;
}

static bool
ws_accept_text(http_text_t key, char accept[WS_ACCEPT_ROOM])
{
    static const char suffix[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    char text[WS_KEY_SIZE + sizeof suffix - 1];
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    memcpy(text, key.data, WS_KEY_SIZE);
    memcpy(text + WS_KEY_SIZE, suffix, sizeof suffix - 1);
    if (EVP_Digest(text, sizeof text, digest, &size, EVP_sha1(), NULL) != 1 || size != WS_SHA1_SIZE)
        return false;
    return EVP_EncodeBlock((uint8_t *)accept, digest, WS_SHA1_SIZE) == WS_ACCEPT_ROOM - 1;
}

uint16_t
ws_accept(const http_request_t *request, char accept[WS_ACCEPT_ROOM])
{
    http_text_t key, version;
    if (request->method != HTTP_GET)
        return 405;
    if (!request->upgrade_websocket || request->chunked || request->content_length > 0)
        return 400;
    if (http_field_count(request, "sec-websocket-version") != 1 ||
        !http_field(request, "sec-websocket-version", &version) || !http_text_is(version, "13"))
        return 426;
    if (http_field_count(request, "sec-websocket-key") != 1 ||
        !http_field(request, "sec-websocket-key", &key) || !ws_is_key(key))
        return 400;
    return ws_accept_text(key, accept) ? 101 : 500;
}

/* --- frames that come ------------------------------------------------------------------------- */

/* A frame as its head tells it. */
typedef struct {
    bool fin;
    uint8_t opcode;
    uint64_t size; /* of the payload */
    size_t head;   /* bytes in front of it, the mask included */
} ws_frame_t;

static ws_verdict_t
ws_refuse(ws_reader_t *self, uint16_t code)
{
    self->close = code;
    return WS_BAD;
}

static bool
ws_is_control(uint8_t opcode)
{
    return opcode >= WS_CLOSE;
}

/* May a frame of this first byte come now? */
static bool
ws_fits(const ws_reader_t *self, uint8_t first)
{
    uint8_t opcode = first & 0xf;
    if (first & WS_RESERVED)
        return false;
    switch (opcode) {
    case WS_CONTINUATION:
        return self->open;
    case WS_TEXT:
    case WS_BINARY:
        return !self->open;
    case WS_CLOSE:
    case WS_PING:
    case WS_PONG:
        return first & WS_FIN;
    default:
        return false;
    }
}

/* The payload's length, of `bytes` (0, 2 or 8) behind the second byte; false when fewer bytes would
 * have done, or when it has its first bit set. */
static bool
ws_length(uint8_t second, const uint8_t *data, size_t bytes, uint64_t *size)
{
    *size = 0;
    for (size_t at = 0; at < bytes; at++)
        *size = *size << 8 | data[at];
    if (bytes == 0)
        *size = second & 0x7f;
    return bytes == 0 || (bytes == 2 ? *size >= WS_LENGTH_16 : *size > 0xffff && *size >> 63 == 0);
}

/* Judge the head of a frame as far as it came. WS_MESSAGE: it is whole. */
static ws_verdict_t
ws_frame(ws_reader_t *self, const uint8_t *data, size_t size, ws_frame_t *frame)
{
    if (size >= 1 && !ws_fits(self, data[0]))
        return ws_refuse(self, WS_CLOSE_PROTOCOL);
    if (size < 2)
        return WS_MORE;
    uint8_t second = data[1], length = second & 0x7f;
    frame->fin = data[0] & WS_FIN;
    frame->opcode = data[0] & 0xf;
    if (!(second & WS_MASKED) || (ws_is_control(frame->opcode) && length > WS_CONTROL_MAX))
        return ws_refuse(self, WS_CLOSE_PROTOCOL);
    size_t bytes = length == WS_LENGTH_16 ? 2 : length == WS_LENGTH_64 ? 8 : 0;
    if (size < 2 + bytes)
        return WS_MORE;
    if (!ws_length(second, data + 2, bytes, &frame->size))
        return ws_refuse(self, WS_CLOSE_PROTOCOL);
    uint32_t taken = self->open && !ws_is_control(frame->opcode) ? self->size : 0;
    if (frame->size > WS_MESSAGE_MAX - taken)
        return ws_refuse(self, WS_CLOSE_TOO_BIG);
    frame->head = 2 + bytes + WS_MASK_SIZE;
    return WS_MESSAGE;
}

static void
ws_unmask(uint8_t *to, const uint8_t *from, size_t size, const uint8_t mask[WS_MASK_SIZE])
{
    for (size_t at = 0; at < size; at++)
        to[at] = from[at] ^ mask[at % WS_MASK_SIZE];
}

/* A code that may be in a close frame: those of RFC 6455 7.4.1, those registered since, and those
 * left to libraries and applications. */
static bool
ws_is_close_code(uint16_t code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}

static ws_verdict_t
ws_close_frame(ws_reader_t *self, ws_message_t *message)
{
    if (message->size == 0) {
        message->close = WS_NO_CODE;
        return WS_MESSAGE;
    }
    if (message->size == 1)
        return ws_refuse(self, WS_CLOSE_PROTOCOL);
    message->close = (uint16_t)(message->data[0] << 8 | message->data[1]);
    if (!ws_is_close_code(message->close))
        return ws_refuse(self, WS_CLOSE_PROTOCOL);
    if (!http_is_utf8(message->data + 2, message->size - 2))
        return ws_refuse(self, WS_CLOSE_NOT_TEXT);
    return WS_MESSAGE;
}

static ws_verdict_t
ws_take_control(ws_reader_t *self, const ws_frame_t *frame, const uint8_t *data,
                ws_message_t *message)
{
    assert(frame->size <= WS_CONTROL_MAX);
    ws_unmask(self->control, data + frame->head, frame->size, data + frame->head - WS_MASK_SIZE);
    *message = (ws_message_t){ .opcode = (ws_opcode_t)frame->opcode,
                               .data = self->control,
                               .size = (uint32_t)frame->size };
    return frame->opcode == WS_CLOSE ? ws_close_frame(self, message) : WS_MESSAGE;
}

/* A whole message, or a part of one. WS_MORE: a part, and the message stays open. */
static ws_verdict_t
ws_take_data(ws_reader_t *self, const ws_frame_t *frame, const uint8_t *data, ws_message_t *message)
{
    if (!self->open) {
        self->open = true;
        self->opcode = frame->opcode;
        self->size = 0;
    }
    assert(frame->size <= WS_MESSAGE_MAX - self->size);
    ws_unmask(self->message + self->size, data + frame->head, frame->size,
              data + frame->head - WS_MASK_SIZE);
    self->size += (uint32_t)frame->size;
    if (!frame->fin)
        return WS_MORE;
    self->open = false;
    if (self->opcode == WS_TEXT && !http_is_utf8(self->message, self->size))
        return ws_refuse(self, WS_CLOSE_NOT_TEXT);
    *message = (ws_message_t){ .opcode = (ws_opcode_t)self->opcode,
                               .data = self->message,
                               .size = self->size };
    return WS_MESSAGE;
}

ws_verdict_t
ws_read(ws_reader_t *self, const uint8_t *data, size_t size, size_t *at, ws_message_t *message)
{
    assert(*at <= size);
    if (self->close != 0)
        return WS_BAD;
    for (;;) {
        ws_frame_t frame;
        ws_verdict_t verdict = ws_frame(self, data + *at, size - *at, &frame);
        if (verdict != WS_MESSAGE)
            return verdict;
        if (size - *at < frame.head + frame.size)
            return WS_MORE;
        verdict = ws_is_control(frame.opcode) ? ws_take_control(self, &frame, data + *at, message)
                                              : ws_take_data(self, &frame, data + *at, message);
        if (verdict == WS_BAD)
            return verdict;
        *at += frame.head + (size_t)frame.size;
        if (verdict == WS_MESSAGE)
            return verdict;
    }
}

/* --- frames that go --------------------------------------------------------------------------- */

size_t
ws_head(uint8_t to[WS_FRAME_HEAD_MAX], ws_opcode_t opcode, uint64_t size)
{
    size_t bytes = size < WS_LENGTH_16 ? 0 : size <= 0xffff ? 2 : 8;
    to[0] = (uint8_t)(WS_FIN | opcode);
    to[1] = bytes == 0 ? (uint8_t)size : bytes == 2 ? WS_LENGTH_16 : WS_LENGTH_64;
    for (size_t at = 0; at < bytes; at++)
        to[2 + at] = (uint8_t)(size >> 8 * (bytes - 1 - at));
    return 2 + bytes;
}
