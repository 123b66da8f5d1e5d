/* ws - handshakes and frames as RFC 6455 has them; all else is closed with its code. */
#include "clients/bridge/ws.h"
#include "tests/unit/chance.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

enum { ROOM = 4 * WS_FRAME_MAX };

/* --- handshakes ------------------------------------------------------------------------------- */

#define UPGRADE "Host: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
#define KEY     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define VERSION "Sec-WebSocket-Version: 13\r\n"

static uint16_t
accepted(const char *data, char accept[WS_ACCEPT_ROOM])
{
    static http_request_t request;
    http_parser_t parser = { 0 };
    size_t head;
    assert_int_equal(http_head(&parser, data, strlen(data), &request, &head), HTTP_DONE);
    return ws_accept(&request, accept);
}

static void
the_handshake_of_the_rfc_is_accepted(void **state)
{
    (void)state;
    char accept[WS_ACCEPT_ROOM];
    assert_int_equal(accepted("GET /chat HTTP/1.1\r\n" UPGRADE KEY VERSION "\r\n", accept), 101);
    assert_string_equal(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

static void
other_handshakes_are_refused(void **state)
{
    (void)state;
    static const struct {
        uint16_t status;
        const char *data;
    } cases[] = {
        { 405, "POST / HTTP/1.1\r\n" UPGRADE KEY VERSION "\r\n" },
        { 400, "GET / HTTP/1.0\r\n" UPGRADE KEY VERSION "\r\n" },
        { 400, "GET / HTTP/1.1\r\nHost: a\r\n" KEY VERSION "\r\n" },
        { 400, "GET / HTTP/1.1\r\n" UPGRADE KEY VERSION "Content-Length: 1\r\n\r\n" },
        { 400, "GET / HTTP/1.1\r\n" UPGRADE KEY VERSION "Transfer-Encoding: chunked\r\n\r\n" },
        { 426, "GET / HTTP/1.1\r\n" UPGRADE KEY "\r\n" },
        { 426, "GET / HTTP/1.1\r\n" UPGRADE KEY "Sec-WebSocket-Version: 8\r\n\r\n" },
        { 426, "GET / HTTP/1.1\r\n" UPGRADE KEY "Sec-WebSocket-Version: 13, 8\r\n\r\n" },
        { 426, "GET / HTTP/1.1\r\n" UPGRADE KEY VERSION VERSION "\r\n" },
        { 400, "GET / HTTP/1.1\r\n" UPGRADE VERSION "\r\n" },
        { 400, "GET / HTTP/1.1\r\n" UPGRADE KEY KEY VERSION "\r\n" },
    };
    char accept[WS_ACCEPT_ROOM];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(accepted(cases[i].data, accept), cases[i].status);
    static const char *const keys[] = { "",
                                        "dGhlIHNhbXBsZSBub25jZQ=",
                                        "dGhlIHNhbXBsZSBub25jZQ===",
                                        "dGhlIHNhbXBsZSBub25jZQAA",
                                        "dGhlIHNhbXBsZSBub25jZR==",
                                        "dGhlIHNhbXBsZSBub25jZQ=A",
                                        "dGhlIHNhbX sZSBub25jZQ==",
                                        "dGhlIHNhbX_sZSBub25jZQ==",
                                        "dGhlIHNhbXBsZSBub25jZQ==, x" };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        char data[512];
        snprintf(data, sizeof data,
                 "GET / HTTP/1.1\r\n" UPGRADE VERSION "Sec-WebSocket-Key: %s\r\n\r\n", keys[i]);
        assert_int_equal(accepted(data, accept), 400);
    }
}

/* --- frames ----------------------------------------------------------------------------------- */

/* A client's frame: the first byte, a length in `bytes` (0: the shortest form), masked. */
static size_t
put(uint8_t *to, uint8_t first, size_t bytes, const void *payload, size_t size)
{
    static const uint8_t mask[] = { 0x37, 0xfa, 0x21, 0x3d };
    const uint8_t *from = payload;
    if (bytes == 0)
        bytes = size < 126 ? 1 : size < 65536 ? 2 : 8;
    to[0] = first;
    to[1] = (uint8_t)(0x80 | (bytes == 1 ? size : bytes == 2 ? 126 : 127));
    size_t at = 2;
    for (size_t left = bytes == 1 ? 0 : bytes; left > 0; left--)
        to[at++] = (uint8_t)(size >> 8 * (left - 1));
    memcpy(to + at, mask, sizeof mask);
    at += sizeof mask;
    for (size_t i = 0; i < size; i++)
        to[at + i] = from[i] ^ mask[i % 4];
    return at + size;
}

static size_t
put_text(uint8_t *to, uint8_t first, const char *payload)
{
    return put(to, first, 0, payload, strlen(payload));
}

typedef struct {
    char log[4096]; /* what was read: opcode, close code, size, sum; the last: the code of WS_BAD */
    size_t used;    /* bytes of the stream */
} reading_t;

/* Read a stream that comes in pieces; what was used up is moved away between two of them. */
static void
read_in_pieces(const uint8_t *data, size_t size, size_t piece, reading_t *reading)
{
    static ws_reader_t reader;
    static uint8_t buffer[ROOM];
    size_t filled = 0, length = 0;
    memset(&reader, 0, sizeof reader);
    memset(reading, 0, sizeof *reading);
    for (size_t came = 0; came < size;) {
        size_t part = piece < size - came ? piece : size - came, at = 0;
        assert_true(filled + part <= sizeof buffer);
        memcpy(buffer + filled, data + came, part);
        filled += part;
        came += part;
        ws_message_t message;
        ws_verdict_t verdict;
        while ((verdict = ws_read(&reader, buffer, filled, &at, &message)) == WS_MESSAGE) {
            unsigned sum = 0;
            for (uint32_t i = 0; i < message.size; i++)
                sum = sum * 31 + message.data[i];
            length += (size_t)snprintf(reading->log + length, sizeof reading->log - length,
                                       "%d:%u:%u:%x ", (int)message.opcode, message.close,
                                       message.size, sum);
        }
        reading->used += at;
        if (verdict == WS_BAD) {
            snprintf(reading->log + length, sizeof reading->log - length, "%u", reader.close);
            assert_int_equal(ws_read(&reader, buffer, filled, &at, &message), WS_BAD);
            return;
        }
        memmove(buffer, buffer + at, filled - at);
        filled -= at;
    }
}

/* The stream in one piece, and the same in pieces of every size. */
static reading_t
read_all(const uint8_t *data, size_t size)
{
    static reading_t one, other;
    read_in_pieces(data, size, size, &one);
    for (size_t piece = 1; piece < size; piece += piece < 300 ? 1 : 997) {
        read_in_pieces(data, size, piece, &other);
        assert_string_equal(one.log, other.log);
        assert_int_equal(one.used, other.used);
    }
    return one;
}

/* The code that a stream is closed with; 0 when it is sound. */
static unsigned
close_of(const uint8_t *data, size_t size)
{
    reading_t reading = read_all(data, size);
    const char *last = strrchr(reading.log, ' ');
    last = last ? last + 1 : reading.log;
    unsigned code = 0;
    return sscanf(last, "%u", &code) == 1 ? code : 0;
}

static void
the_examples_of_the_rfc_are_read(void **state)
{
    (void)state;
    static const uint8_t hello[] = { 0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f,
                                     0x4d, 0x51, 0x58, 0x8a, 0x85, 0x37, 0xfa, 0x21,
                                     0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58 };
    ws_reader_t reader = { 0 };
    ws_message_t message;
    size_t at = 0;
    assert_int_equal(ws_read(&reader, hello, sizeof hello, &at, &message), WS_MESSAGE);
    assert_int_equal(message.opcode, WS_TEXT);
    assert_int_equal(message.size, 5);
    assert_memory_equal(message.data, "Hello", 5);
    assert_int_equal(at, 11);
    assert_int_equal(ws_read(&reader, hello, sizeof hello, &at, &message), WS_MESSAGE);
    assert_int_equal(message.opcode, WS_PONG);
    assert_memory_equal(message.data, "Hello", 5);
    assert_int_equal(ws_read(&reader, hello, sizeof hello, &at, &message), WS_MORE);
    assert_int_equal(at, sizeof hello);
    (void)read_all(hello, sizeof hello);
}

static void
each_length_is_read_in_its_shortest_form(void **state)
{
    (void)state;
    static const size_t sizes[] = { 0, 1, 124, 125, 126, 127, 128, 4095, 4096 };
    static uint8_t data[ROOM], payload[WS_MESSAGE_MAX + 1];
    for (size_t i = 0; i < sizeof payload; i++)
        payload[i] = (uint8_t)(i * 7);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        ws_reader_t reader = { 0 };
        ws_message_t message;
        size_t size = put(data, 0x82, 0, payload, sizes[i]), at = 0;
        assert_true(size <= WS_FRAME_MAX);
        assert_int_equal(ws_read(&reader, data, size, &at, &message), WS_MESSAGE);
        assert_int_equal(message.opcode, WS_BINARY);
        assert_int_equal(message.size, sizes[i]);
        assert_memory_equal(message.data, payload, sizes[i]);
        assert_int_equal(at, size);
        assert_int_equal(close_of(data, size), 0);
    }
    static const struct {
        size_t bytes, size;
        unsigned code;
    } cases[] = { { 2, 0, 1002 },    { 2, 125, 1002 },  { 2, 126, 0 },
                  { 8, 0, 1002 },    { 8, 125, 1002 },  { 8, 126, 1002 },
                  { 8, 4096, 1002 }, { 0, 4097, 1009 }, { 2, 4097, 1009 } };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(close_of(data, put(data, 0x82, cases[i].bytes, payload, cases[i].size)),
                         cases[i].code);
    static const uint8_t large[] = { 0x82, 0xff, 0, 0, 0, 0, 0, 1, 0, 0 };
    static const uint8_t largest[] = { 0x82, 0xff, 0x7f, 255, 255, 255, 255, 255, 255, 255 };
    static const uint8_t negative[] = { 0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0 };
    assert_int_equal(close_of(large, sizeof large), 1009);
    assert_int_equal(close_of(largest, sizeof largest), 1009);
    assert_int_equal(close_of(negative, sizeof negative), 1002);
}

static void
malformed_frames_are_closed_at_their_first_bytes(void **state)
{
    (void)state;
    static const struct {
        unsigned code;
        uint8_t first, second;
    } cases[] = {
        { 0, 0x81, 0x80 },    { 0, 0x82, 0x80 },    { 0, 0x01, 0x80 },    { 0, 0x88, 0x80 },
        { 0, 0x89, 0x80 },    { 0, 0x8a, 0x80 },    { 0, 0x89, 0xfd },    { 1002, 0x81, 0x00 },
        { 1002, 0x81, 0x7e }, { 1002, 0x89, 0x00 }, { 1002, 0xc1, 0x80 }, { 1002, 0xa1, 0x80 },
        { 1002, 0x91, 0x80 }, { 1002, 0x83, 0x80 }, { 1002, 0x87, 0x80 }, { 1002, 0x8b, 0x80 },
        { 1002, 0x8f, 0x80 }, { 1002, 0x80, 0x80 }, { 1002, 0x00, 0x80 }, { 1002, 0x09, 0x80 },
        { 1002, 0x08, 0x80 }, { 1002, 0x0a, 0x80 }, { 1002, 0x89, 0xfe }, { 1002, 0x88, 0xff },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t data[] = { cases[i].first, cases[i].second };
        assert_int_equal(close_of(data, sizeof data), cases[i].code);
    }
}

static void
fragments_are_put_together_around_control_frames(void **state)
{
    (void)state;
    uint8_t data[256];
    ws_reader_t reader = { 0 };
    ws_message_t message;
    size_t size = put_text(data, 0x01, "Hel"), at = 0;
    size += put_text(data + size, 0x89, "ping");
    size += put_text(data + size, 0x00, "");
    size += put_text(data + size, 0x8a, "");
    size += put_text(data + size, 0x80, "lo");
    size += put_text(data + size, 0x81, "next");
    size += put(data + size, 0x88, 0,
                "\x03\xe8"
                "bye",
                5);
    static const struct {
        ws_opcode_t opcode;
        const char *text;
    } expected[] = { { WS_PING, "ping" },
                     { WS_PONG, "" },
                     { WS_TEXT, "Hello" },
                     { WS_TEXT, "next" },
                     { WS_CLOSE, "\x03\xe8"
                                 "bye" } };
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        assert_int_equal(ws_read(&reader, data, size, &at, &message), WS_MESSAGE);
        assert_int_equal(message.opcode, expected[i].opcode);
        assert_int_equal(message.size, strlen(expected[i].text));
        assert_memory_equal(message.data, expected[i].text, message.size);
    }
    assert_int_equal(message.close, 1000);
    assert_int_equal(at, size);
    assert_int_equal(close_of(data, size), 0);
    /* a message in a message, and a continuation of one that has ended */
    size = put_text(data, 0x01, "a");
    assert_int_equal(close_of(data, size + put_text(data + size, 0x81, "b")), 1002);
    assert_int_equal(close_of(data, size + put_text(data + size, 0x02, "b")), 1002);
    size += put_text(data + size, 0x80, "b");
    assert_int_equal(close_of(data, size), 0);
    assert_int_equal(close_of(data, size + put_text(data + size, 0x80, "c")), 1002);
}

static void
a_message_is_bounded_over_its_fragments(void **state)
{
    (void)state;
    static uint8_t data[ROOM], payload[WS_MESSAGE_MAX];
    memset(payload, 'x', sizeof payload);
    for (size_t over = 0; over < 2; over++) {
        size_t size = put(data, 0x01, 0, payload, WS_MESSAGE_MAX - 10);
        size += put(data + size, 0x89, 0, payload, WS_CONTROL_MAX);
        size += put(data + size, 0x80, 0, payload, 10 + over);
        assert_int_equal(close_of(data, size), over ? 1009 : 0);
        /* the next message may be as long again */
        if (!over)
            assert_int_equal(
                close_of(data, size + put(data + size, 0x82, 0, payload, WS_MESSAGE_MAX)), 0);
    }
}

static void
text_is_utf8_over_fragments(void **state)
{
    (void)state;
    static const char sound[] = "\xe5\xbd\xb1\xf0\x9f\x8e\xac";
    uint8_t data[128];
    for (size_t cut = 0; cut < sizeof sound; cut++) {
        size_t size = put(data, 0x01, 0, sound, cut);
        size += put_text(data + size, 0x89, "\xff");
        size += put(data + size, 0x80, 0, sound + cut, sizeof sound - 1 - cut);
        assert_int_equal(close_of(data, size), 0);
        size = put(data, 0x02, 0, sound, cut);
        size += put_text(data + size, 0x80, "\xff");
        assert_int_equal(close_of(data, size), 0); /* binary may be anything */
    }
    static const char *const bad[] = { "\xff", "\xc0\x80", "\xed\xa0\x80", "\xe5\xbd",
                                       "\xf4\x90\x80\x80" };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(close_of(data, put_text(data, 0x81, bad[i])), 1007);
        size_t size = put(data, 0x01, 0, bad[i], 1);
        size += put_text(data + size, 0x80, bad[i] + 1);
        assert_int_equal(close_of(data, size), 1007);
        assert_int_equal(close_of(data, put_text(data, 0x82, bad[i])), 0);
    }
}

static void
close_frames_have_a_code_that_may_be_sent(void **state)
{
    (void)state;
    uint8_t data[256];
    ws_reader_t reader = { 0 };
    ws_message_t message;
    size_t at = 0, size = put_text(data, 0x88, "");
    assert_int_equal(ws_read(&reader, data, size, &at, &message), WS_MESSAGE);
    assert_int_equal(message.close, 1005);
    assert_int_equal(close_of(data, put_text(data, 0x88, "\x03")), 1002);
    for (unsigned code = 0; code < 65536; code += code < 5100 ? 1 : 997) {
        bool good = (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
                    (code >= 3000 && code <= 4999);
        uint8_t payload[] = { (uint8_t)(code >> 8), (uint8_t)code, 'x' };
        assert_int_equal(close_of(data, put(data, 0x88, 0, payload, 2 + code % 2)),
                         good ? 0 : 1002);
    }
    assert_int_equal(close_of(data, put(data, 0x88, 0, "\x03\xe8\xe5\xbd\xb1", 5)), 0);
    assert_int_equal(close_of(data, put(data, 0x88, 0, "\x03\xe8\xe5\xbd", 4)), 1007);
}

static void
streams_are_read_alike_however_they_are_cut(void **state)
{
    (void)state;
    static uint8_t data[ROOM], payload[300];
    for (uint64_t seed = 1; seed <= 200; seed++) {
        chance_t chance = { seed };
        size_t size = 0;
        bool open = false;
        for (uint32_t i = 0; i < 8; i++) {
            size_t length = chance_below(&chance, chance_below(&chance, 2) ? 300 : 10);
            for (size_t at = 0; at < length; at++)
                payload[at] = (uint8_t)chance_below(&chance, 128);
            bool control = chance_below(&chance, 3) == 0, fin = chance_below(&chance, 2);
            uint8_t first = control ? (uint8_t)(0x89 + chance_below(&chance, 2))
                            : open  ? WS_CONTINUATION
                                    : (uint8_t)(WS_TEXT + chance_below(&chance, 2));
            if (!control) {
                first |= fin ? 0x80 : 0;
                open = !fin;
            }
            if (chance_below(&chance, 20) == 0)
                first = (uint8_t)chance_next(&chance);
            size += put(data + size, first, 0, payload, control ? length % 126 : length);
        }
        (void)close_of(data, size);
    }
}

static void
heads_are_written_in_their_shortest_form(void **state)
{
    (void)state;
    static const struct {
        uint64_t size;
        size_t bytes;
        uint8_t head[WS_FRAME_HEAD_MAX];
    } cases[] = {
        { 0, 2, { 0x81, 0 } },
        { 125, 2, { 0x81, 125 } },
        { 126, 4, { 0x81, 126, 0, 126 } },
        { 256, 4, { 0x81, 126, 1, 0 } },
        { 65535, 4, { 0x81, 126, 255, 255 } },
        { 65536, 10, { 0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0 } },
        { UINT64_C(0x0123456789abcdef),
          10,
          { 0x81, 127, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef } },
    };
    uint8_t head[WS_FRAME_HEAD_MAX];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(ws_head(head, WS_TEXT, cases[i].size), cases[i].bytes);
        assert_memory_equal(head, cases[i].head, cases[i].bytes);
    }
    assert_int_equal(ws_head(head, WS_CLOSE, 2), 2);
    assert_int_equal(head[0], 0x88);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_handshake_of_the_rfc_is_accepted),
        cmocka_unit_test(other_handshakes_are_refused),
        cmocka_unit_test(the_examples_of_the_rfc_are_read),
        cmocka_unit_test(each_length_is_read_in_its_shortest_form),
        cmocka_unit_test(malformed_frames_are_closed_at_their_first_bytes),
        cmocka_unit_test(fragments_are_put_together_around_control_frames),
        cmocka_unit_test(a_message_is_bounded_over_its_fragments),
        cmocka_unit_test(text_is_utf8_over_fragments),
        cmocka_unit_test(close_frames_have_a_code_that_may_be_sent),
        cmocka_unit_test(streams_are_read_alike_however_they_are_cut),
        cmocka_unit_test(heads_are_written_in_their_shortest_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
