/* stream - what the server sends on a live stream, taken apart: the head of its answer, WebSocket
 * frames, server-sent events; and what a message means to its viewer. */
#ifndef STREAM_H
#define STREAM_H
#include "tests/soak/viewer.h"

/* Every viewer sends the same key, that of RFC 6455 1.3. */
#define STREAM_KEY    "dGhlIHNhbXBsZSBub25jZQ=="
#define STREAM_ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

enum { STREAM_TEXT = 1, STREAM_CLOSE = 8, STREAM_PING = 9, STREAM_PONG = 10 };

typedef enum {
    STREAM_ITEM_HEAD,
    STREAM_ITEM_MESSAGE,
    STREAM_ITEM_PING,
    STREAM_ITEM_COMMENT, /* or an answer to a ping */
    STREAM_ITEM_CLOSE,
    STREAM_ITEM_BAD
} stream_kind_t;

typedef struct {
    stream_kind_t kind;
    const char *text; /* in the bytes that were given */
    size_t size;
    uint32_t id;       /* of an event */
    const char *wrong; /* with STREAM_ITEM_BAD and _CLOSE */
} stream_item_t;

/* Each: bytes used, 0 when the item is not whole yet. */
size_t stream_head(bool sse, const char *data, size_t size, stream_item_t *item);
size_t stream_frame(const char *data, size_t size, stream_item_t *item);
size_t stream_event(const char *data, size_t size, stream_item_t *item);
/* Apply a message, compare with the truth, count. It may close the viewer. */
void stream_message(viewer_t *viewer, house_t *house, const stream_item_t *item, int64_t now_ns);
#endif
