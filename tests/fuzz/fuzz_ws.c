/* fuzz_ws - frames as a client sends them: read alike however they are cut up, and what is read is
 * read again the same from a frame that we make of it.
 *
 * The first two bytes of an input say how the rest is cut. */
#include "clients/bridge/ws.h"
#include "tests/fuzz/fuzz.h"
#include <stdlib.h>
#include <string.h>

enum { WS_FUZZ_PIECE = 300, WS_FUZZ_MASK = 4 };

static ws_verdict_t
ws_next(ws_reader_t *reader, const uint8_t *data, size_t size, size_t *at, ws_message_t *message)
{
    size_t from = *at;
    ws_verdict_t verdict = ws_read(reader, data, size, at, message);
    FUZZ_HOLDS(*at >= from && *at <= size && (verdict != WS_MESSAGE || *at > from));
    FUZZ_HOLDS((verdict == WS_BAD) == (reader->close != 0));
    return verdict;
}

/* A message is what we let in, and comes again from one frame. */
static void
ws_sound(const ws_message_t *message)
{
    static uint8_t frame[WS_FRAME_MAX];
    static ws_reader_t reader;
    bool control = message->opcode >= WS_CLOSE;
    FUZZ_HOLDS(message->size <= (control ? WS_CONTROL_MAX : WS_MESSAGE_MAX));
    FUZZ_HOLDS(message->opcode != WS_TEXT || http_is_utf8(message->data, message->size));
    FUZZ_HOLDS(message->opcode == WS_CLOSE ? message->close >= 1000 : message->close == 0);
    FUZZ_HOLDS(message->opcode != WS_CLOSE || message->size != 1);
    size_t head = ws_head(frame, message->opcode, message->size), at = 0;
    FUZZ_HOLDS(head + WS_FUZZ_MASK + message->size <= sizeof frame);
    frame[1] |= 0x80;
    memset(frame + head, 0, WS_FUZZ_MASK); /* a mask that changes nothing */
    memcpy(frame + head + WS_FUZZ_MASK, message->data, message->size);
    ws_message_t again;
    reader = (ws_reader_t){ 0 };
    head += WS_FUZZ_MASK;
    FUZZ_HOLDS(ws_next(&reader, frame, head + message->size, &at, &again) == WS_MESSAGE);
    FUZZ_HOLDS(at == head + message->size && again.opcode == message->opcode &&
               again.size == message->size && again.close == message->close &&
               memcmp(again.data, message->data, again.size) == 0);
}

/* The other reader, which gets the same bytes in pieces. */
typedef struct {
    const uint8_t *data;
    size_t size, came, at; /* of the stream: all, what came, what was used up */
    uint32_t cut;
    ws_reader_t reader;
} ws_pieces_t;

/* Its next message; WS_MORE when the stream has ended. */
static ws_verdict_t
ws_next_in_pieces(ws_pieces_t *self, ws_message_t *message)
{
    for (;;) {
        /* What came and is not used up, in a place of its own: it ends where the bytes do. */
        size_t size = self->came - self->at, at = 0;
        uint8_t *copy = malloc(size > 0 ? size : 1);
        if (!copy)
            abort();
        memcpy(copy, self->data + self->at, size);
        ws_verdict_t verdict = ws_next(&self->reader, copy, size, &at, message);
        free(copy);
        self->at += at;
        if (verdict != WS_MORE || self->came == self->size)
            return verdict;
        self->cut = self->cut * 1103515245 + 12345;
        size_t left = self->size - self->came;
        size_t part = 1 + (self->cut >> 16 & 0x3fff) % (self->cut >> 30 ? WS_FUZZ_PIECE : 3);
        self->came += part < left ? part : left;
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static ws_reader_t reader;
    static ws_pieces_t pieces;
    fuzz_input_t input = { data, size };
    uint32_t cut = (uint32_t)fuzz_take(&input, 2);
    ws_message_t message, other;
    size_t at = 0;
    if (size <= 2)
        return 0;
    reader = (ws_reader_t){ 0 };
    pieces = (ws_pieces_t){ .data = input.at, .size = input.left, .cut = cut };
    for (;;) {
        fuzz_memory_begin();
        ws_verdict_t verdict = ws_next(&reader, input.at, input.left, &at, &message);
        fuzz_memory_end(size, 0);
        FUZZ_HOLDS(ws_next_in_pieces(&pieces, &other) == verdict);
        FUZZ_HOLDS(reader.close == pieces.reader.close);
        if (verdict != WS_MESSAGE)
            return 0;
        ws_sound(&message);
        FUZZ_HOLDS(at == pieces.at && message.opcode == other.opcode &&
                   message.size == other.size && message.close == other.close &&
                   memcmp(message.data, other.data, message.size) == 0);
    }
}
