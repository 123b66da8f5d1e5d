/* ws - WebSocket (RFC 6455) as the server's side of a connection. Pure: no socket, no allocation.
 *
 * No extensions, no subprotocols: a frame with a reserved bit or an unknown opcode is an error. */
#ifndef WS_H
#define WS_H
#include "clients/bridge/http.h"

enum {
    WS_ACCEPT_ROOM = 28 + 1,
    WS_FRAME_HEAD_MAX = 10, /* of a frame we send */
    WS_MESSAGE_MAX = 4096,  /* of a message from a client: they only say small things */
    WS_CONTROL_MAX = 125,
    WS_FRAME_MAX = WS_MESSAGE_MAX + 8, /* of a frame from a client: a buffer of this size will do */
};

/* Close codes that we send (RFC 6455 7.4.1). */
enum {
    WS_CLOSE_NORMAL = 1000,
    WS_CLOSE_GOING_AWAY = 1001,
    WS_CLOSE_PROTOCOL = 1002,
    WS_CLOSE_UNSUPPORTED = 1003,
    WS_CLOSE_NOT_TEXT = 1007,
    WS_CLOSE_POLICY = 1008,
    WS_CLOSE_TOO_BIG = 1009,
    WS_CLOSE_INTERNAL = 1011,
    WS_CLOSE_TRY_AGAIN = 1013,
};

typedef enum {
    WS_CONTINUATION = 0,
    WS_TEXT = 1,
    WS_BINARY = 2,
    WS_CLOSE = 8,
    WS_PING = 9,
    WS_PONG = 10
} ws_opcode_t;

/* Is this a proper opening handshake? 101, or the status to refuse with: 400 (no upgrade to
 * websocket asked for, a body, no or a wrong key), 405 (not GET), 426 (no or another version;
 * answer Sec-WebSocket-Version: 13), 500 (OpenSSL failed). Writes what Sec-WebSocket-Accept says.
 * Who asks (Origin) is for the caller to judge. */
uint16_t ws_accept(const http_request_t *request, char accept[WS_ACCEPT_ROOM]);

typedef enum { WS_MORE, WS_MESSAGE, WS_BAD } ws_verdict_t;

/* What is being put together; all zero at first. */
typedef struct {
    bool open;      /* a fragmented message has begun */
    uint8_t opcode; /* of it */
    uint32_t size;  /* bytes of it so far */
    uint16_t close; /* with WS_BAD: the code to close with */
    uint8_t message[WS_MESSAGE_MAX];
    uint8_t control[WS_CONTROL_MAX];
} ws_reader_t;

typedef struct {
    ws_opcode_t opcode;  /* WS_TEXT, WS_BINARY, WS_CLOSE, WS_PING or WS_PONG */
    const uint8_t *data; /* unmasked, in the reader, until the next call; WS_CLOSE: code, reason */
    uint32_t size;
    uint16_t close; /* WS_CLOSE: the peer's code, 1005 when it gave none */
} ws_message_t;

/* Take the next frame from data[*at .. size) and move *at behind it. WS_MESSAGE: a whole message or
 * control frame is in `message`; call again for what follows. WS_MORE: *at bytes were used up, the
 * rest is a part of a frame. WS_BAD, now and ever after: close with self->close. Behind a WS_CLOSE
 * nothing may be read any more; that is for the caller to keep. Refused (1002 but as said): an
 * unmasked frame, a length not in its shortest form, a control frame that is long or fragmented, a
 * continuation of nothing, text that is not UTF-8 (1007), a close frame with one byte, a code that
 * may not be sent, or a reason that is not UTF-8, a message over WS_MESSAGE_MAX (1009). */
ws_verdict_t ws_read(ws_reader_t *self, const uint8_t *data, size_t size, size_t *at,
                     ws_message_t *message);

/* Write the head of an unfragmented, unmasked frame; bytes written. */
size_t ws_head(uint8_t to[WS_FRAME_HEAD_MAX], ws_opcode_t opcode, uint64_t size);
#endif
