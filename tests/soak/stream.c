/* stream - see stream.h for the contract. */
#include "tests/soak/stream.h"
#include <stdio.h>
#include <string.h>

enum { STREAM_HEAD_MAX = 4096 };

static size_t
stream_bad(stream_item_t *item, const char *wrong)
{
    item->kind = STREAM_ITEM_BAD;
    item->wrong = wrong;
    return 1;
}

static bool
stream_has(const char *data, size_t size, const char *text)
{
    return memmem(data, size, text, strlen(text)) != NULL;
}

size_t
stream_head(bool sse, const char *data, size_t size, stream_item_t *item)
{
    const char *end = memmem(data, size, "\r\n\r\n", 4);
    const char *first = sse ? "HTTP/1.1 200 " : "HTTP/1.1 101 ";
    const char *sign = sse ? "\r\nContent-Type: text/event-stream\r\n"
                           : "\r\nSec-WebSocket-Accept: " STREAM_ACCEPT "\r\n";
    if (!end)
        return size > STREAM_HEAD_MAX ? stream_bad(item, "a head without end") : 0;
    size_t used = (size_t)(end - data) + 4;
    if (memcmp(data, first, strlen(first)) != 0) {
        static char wrong[64];
        snprintf(wrong, sizeof wrong, "%.40s", data);
        return stream_bad(item, wrong);
    }
    if (!stream_has(data, used, sign))
        return stream_bad(item, "the head lacks a field");
    item->kind = STREAM_ITEM_HEAD;
    return used;
}

size_t
stream_frame(const char *data, size_t size, stream_item_t *item)
{
    const uint8_t *bytes = (const uint8_t *)data;
    if (size < 2)
        return 0;
    uint32_t opcode = bytes[0] & 15u;
    uint64_t length = bytes[1] & 127u;
    size_t head = length < 126 ? 2 : length == 126 ? 4 : 10;
    if ((bytes[0] & 0xf0) != 0x80 || bytes[1] & 0x80)
        return stream_bad(item, "a fragment, a reserved bit or a mask");
    if (size < head)
        return 0;
    if (head > 2) {
        length = 0;
        for (size_t i = 2; i < head; i++)
            length = length << 8 | bytes[i];
        if (length < (head == 4 ? 126u : 65536u))
            return stream_bad(item, "a length that could be shorter");
    }
    if (length > VIEWER_PENDING_MAX)
        return stream_bad(item, "a frame that is too long");
    if (size < head + length)
        return 0;
    item->text = data + head;
    item->size = (size_t)length;
    item->wrong = "closed by the server";
    if (opcode >= STREAM_CLOSE && length > 125)
        return stream_bad(item, "a long control frame");
    if (opcode != STREAM_TEXT && opcode != STREAM_CLOSE && opcode != STREAM_PING &&
        opcode != STREAM_PONG)
        return stream_bad(item, "an unknown opcode");
    item->kind = opcode == STREAM_TEXT    ? STREAM_ITEM_MESSAGE
                 : opcode == STREAM_CLOSE ? STREAM_ITEM_CLOSE
                 : opcode == STREAM_PING  ? STREAM_ITEM_PING
                                          : STREAM_ITEM_COMMENT;
    return head + (size_t)length;
}

/* "id: N\ndata: TEXT\n\n", or a comment ":\n\n". */
size_t
stream_event(const char *data, size_t size, stream_item_t *item)
{
    const char *end = memmem(data, size, "\n\n", 2);
    if (!end)
        return 0;
    size_t used = (size_t)(end - data) + 2;
    const char *at = data + 4;
    if (data[0] == ':') {
        item->kind = STREAM_ITEM_COMMENT;
        return used;
    }
    if (used < 16 || memcmp(data, "id: ", 4) != 0)
        return stream_bad(item, "an event without id");
    item->id = 0;
    while (at < end && *at >= '0' && *at <= '9' && item->id < UINT32_MAX / 10)
        item->id = item->id * 10 + (uint32_t)(*at++ - '0');
    if (end - at < 7 || memcmp(at, "\ndata: ", 7) != 0)
        return stream_bad(item, "an event without data");
    item->text = at + 7;
    item->size = (size_t)(end - item->text);
    item->kind = STREAM_ITEM_MESSAGE;
    return used;
}

/* ------------------------------------------------------------------ messages */

/* How long each of these changes was under way, from its answer to here. What is here before its
 * answer took no time. */
static void
stream_latency(const viewer_t *viewer, house_t *house, uint32_t before, int64_t now_ns)
{
    for (uint32_t number = before + 1; number <= viewer->copy.number; number++) {
        int64_t durable_ns;
        uint64_t print;
        bool known = changes_at(house->changes, viewer->showtime, number, &durable_ns, &print);
        house->early += !known;
        histogram_add(&house->latency,
                      known && now_ns > durable_ns ? (uint64_t)(now_ns - durable_ns) : 0);
    }
}

static void
stream_compare(viewer_t *viewer, house_t *house)
{
    int64_t durable_ns;
    uint64_t print;
    if (!changes_at(house->changes, viewer->showtime, viewer->copy.number, &durable_ns, &print))
        return;
    house->compared++;
    if (print != viewer->copy.print)
        house_fault(house, FAULT_MAP, viewer, "another map");
}

void
stream_message(viewer_t *viewer, house_t *house, const stream_item_t *item, int64_t now_ns)
{
    static const fault_t faults[] = {
        [COPY_MALFORMED] = FAULT_MALFORMED, [COPY_GAP] = FAULT_GAP, [COPY_BACK] = FAULT_BACK
    };
    uint32_t before = viewer->copy.number;
    copy_verdict_t verdict = copy_apply(&viewer->copy, item->text, item->size);
    house->messages++;
    if (verdict == COPY_SNAPSHOT)
        house->snapshots++;
    else if (verdict == COPY_CHANGE)
        house->changes_seen++;
    bool good = verdict == COPY_SNAPSHOT || verdict == COPY_CHANGE;
    if (good && viewer->sse && item->id != viewer->copy.number) {
        good = false;
        verdict = COPY_MALFORMED;
    }
    if (!good) {
        char text[160];
        snprintf(text, sizeof text, "%.*s", (int)(item->size < 150 ? item->size : 150), item->text);
        house_fault(house, faults[verdict], viewer, text);
        copy_forget(&viewer->copy);
        viewer_close(viewer, true, false, house);
        return;
    }
    stream_compare(viewer, house);
    if (!viewer->fresh && verdict == COPY_CHANGE)
        stream_latency(viewer, house, before, now_ns);
    viewer->fresh = false;
}
