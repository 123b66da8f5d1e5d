/* conn_socket - a connection that has become a stream: its frames, its silence; see edge.h. */
#include "clients/bridge/conn.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

int
conn_stream(conn_t *self, bool websocket)
{
    assert(self->state == CONN_ANSWERING);
    self->state = websocket ? CONN_SOCKET : CONN_STREAMING;
    conn_wait(self, EDGE_WAIT_PING);
    if (self->paused)
        self->paused = event_add(&self->read_event, NULL) != 0;
    if (!websocket)
        return conn_stash(self, NULL, 0) ? 0 : -1;
    if (self->in_size) {
        self->early = true;
        event_active(&self->read_event, EV_READ, 0);
    }
    return 0;
}

void
conn_frame(conn_t *self, ws_opcode_t opcode, const void *data, size_t size)
{
    uint8_t head[WS_FRAME_HEAD_MAX];
    if (self->state == CONN_SOCKET)
        conn_write(self, head, ws_head(head, opcode, size), data, size);
}

void
conn_close_frame(conn_t *self, uint16_t code, const char *reason)
{
    uint8_t data[WS_CONTROL_MAX] = { (uint8_t)(code >> 8), (uint8_t)code };
    size_t size = strnlen(reason, sizeof data - 2);
    if (self->state != CONN_SOCKET)
        return;
    memcpy(data + 2, reason, size);
    conn_frame(self, WS_CLOSE, data, 2 + size);
    conn_end(self);
}

void
conn_silent(conn_t *self)
{
    static const char comment[] = ":\n\n";
    if (self->pinged) {
        conn_cut(self);
        return;
    }
    conn_wait(self, EDGE_WAIT_PING);
    if (self->state == CONN_SOCKET) {
        self->pinged = true;
        conn_frame(self, WS_PING, "", 0);
    } else
        conn_write(self, comment, sizeof comment - 1, NULL, 0);
}

static void
conn_message(conn_t *self, const ws_message_t *message)
{
    edge_t *edge = self->edge;
    if (message->opcode == WS_PING)
        conn_frame(self, WS_PONG, message->data, message->size);
    else if (message->opcode == WS_CLOSE)
        conn_close_frame(self, message->close == 1005 ? WS_CLOSE_NORMAL : message->close, "");
    else if (message->opcode != WS_PONG)
        edge->handlers.message(edge->owner, self, message);
}

/* The reader is only there while a message is being put together: an idle socket needs none. */
void
conn_take_frames(conn_t *self, const char *data, size_t size)
{
    size_t at = 0;
    ws_message_t message;
    ws_verdict_t verdict = WS_MESSAGE;
    self->pinged = false;
    if (!self->reader && !(self->reader = calloc(1, sizeof *self->reader))) {
        conn_kill(self);
        return;
    }
    while (verdict == WS_MESSAGE && self->state == CONN_SOCKET) {
        verdict = ws_read(self->reader, (const uint8_t *)data, size, &at, &message);
        if (verdict == WS_MESSAGE)
            conn_message(self, &message);
    }
    if (verdict == WS_BAD)
        conn_close_frame(self, self->reader->close, "");
    if (self->state != CONN_SOCKET || !conn_stash(self, data + at, size - at))
        return;
    if (!self->reader->open) {
        free(self->reader);
        self->reader = NULL;
    }
}
