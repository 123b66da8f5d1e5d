/* seeds_http - first inputs of fuzz_http and fuzz_ws: requests and frames as browsers send them,
 * and some that are refused. */
#include "tests/fuzz/seeds.h"
#include <stdint.h>
#include <string.h>

enum { SEED_HTTP_MAX = 4096, SEED_MASK_SIZE = 4 };

/* With the two bytes that the target cuts by. */
static void
seed_cut(const char *name, const void *data, size_t size)
{
    uint8_t bytes[SEED_HTTP_MAX] = { (uint8_t)size, 7 };
    memcpy(bytes + 2, data, size);
    seed(name, bytes, size + 2);
}

static void
seeds_of_requests(void)
{
    static const char *const requests[] = {
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "\r\nGET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /films/%E5%BD%B1/..a//b.js?day=1&q=a+b%20c&[x]=|&& HTTP/1.1\r\nHost: [::1]:8443\r\n"
        "User-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\nAccept: text/html,*/*;q=0.8\r\n"
        "Accept-Encoding: gzip, deflate, br\r\nConnection: keep-alive\r\n"
        "Cookie: id=\"abc\"; a=1; b={x}; id2=\r\nIf-None-Match: \"a\", W/\"b\"\r\n"
        "Range: bytes=5-99\r\n\r\n",
        "POST /api HTTP/1.1\r\nhost: marquee.example\r\nContent-Type: application/json\r\n"
        "Content-Length: 10\r\nExpect: 100-continue\r\n\r\n{\"a\": 123}",
        "PUT /api HTTP/1.1\r\nHost: 127.0.0.1:80\r\nTransfer-Encoding: chunked\r\n\r\n"
        "5;name=\"value\"\r\nhello\r\n00A\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\nGET /",
        "GET /live HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        "GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n",
        "5\r\nhello\r\n1;x\r\n!\r\n0\r\nA: b\r\n\r\n",
        "OPTIONS / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        "GET / HTTP/1.1\nHost: a\n\n",
        "GET /%2e%2e/%2f../ HTTP/1.1\r\nHost : a\r\n b\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++)
        seed_cut("http", requests[i], strlen(requests[i]));
    char large[SEED_HTTP_MAX - 2];
    int size = snprintf(large, sizeof large, "GET / HTTP/1.1\r\nHost: a\r\n");
    for (int i = 0; i < 62; i++)
        size +=
            snprintf(large + size, sizeof large - (size_t)size, "Name-%d:\tvalue %d \r\n", i, i);
    size += snprintf(large + size, sizeof large - (size_t)size, "\r\n");
    seed_cut("http", large, (size_t)size);
}

static size_t
put_frame(uint8_t *to, uint8_t first, const void *payload, size_t size)
{
    static const uint8_t mask[SEED_MASK_SIZE] = { 1, 2, 3, 4 };
    const uint8_t *from = payload;
    size_t head = size < 126 ? 2 : 4;
    const uint8_t bytes[] = { first, (uint8_t)(0x80 | (size < 126 ? size : 126)),
                              (uint8_t)(size >> 8), (uint8_t)size };
    memcpy(to, bytes, head);
    memcpy(to + head, mask, sizeof mask);
    head += sizeof mask;
    for (size_t i = 0; i < size; i++)
        to[head + i] = from[i] ^ mask[i % sizeof mask];
    return head + size;
}

static void
seeds_of_frames(void)
{
    static const uint8_t payload[300] = { 0x7b, 0xe5, 0xbd, 0xb1, 0x7d };
    uint8_t bytes[SEED_HTTP_MAX];
    size_t size = put_frame(bytes, 0x81, "{\"watch\":7}", 11);
    size += put_frame(bytes + size, 0x89, "ping", 4);
    size += put_frame(bytes + size, 0x01, payload, 2);
    size += put_frame(bytes + size, 0x8a, "", 0);
    size += put_frame(bytes + size, 0x00, payload + 2, 1);
    size += put_frame(bytes + size, 0x80, payload + 3, 2);
    size += put_frame(bytes + size, 0x82, payload, sizeof payload);
    size += put_frame(bytes + size, 0x88,
                      "\x03\xe8"
                      "bye",
                      5);
    seed_cut("ws", bytes, size);
    static const struct {
        uint8_t first;
        size_t size;
    } frames[] = { { 0x81, 0 },   { 0x82, 126 }, { 0x88, 0 },  { 0x88, 1 },
                   { 0x89, 125 }, { 0x89, 126 }, { 0x80, 3 },  { 0x01, 5 },
                   { 0xc1, 5 },   { 0x83, 5 },   { 0x81, 300 } };
    for (size_t i = 0; i < sizeof frames / sizeof frames[0]; i++)
        seed_cut("ws", bytes, put_frame(bytes, frames[i].first, payload, frames[i].size));
    static const uint8_t large[] = { 0x82, 0xff, 0, 0, 0, 0, 0, 1, 0, 0, 1, 2, 3, 4 };
    seed_cut("ws", large, sizeof large);
}

/* For fuzz_edge: an even first byte is a client's bytes, an odd one a route's number and a body. */
static void
seeds_of_edge(void)
{
    static const char *const raw[] = {
        "GET /api/showtimes/7/seats?format=compact&since=3 HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /openapi.json HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n",
        "GET /api/session HTTP/1.1\r\nHost: a\r\nCookie: marquee=b.AQ\r\nOrigin: http://b\r\n\r\n",
        ("POST /api/kiosk/redeem HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
         "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"),
        "OPTIONS /api/pay HTTP/1.1\r\nHost: a\r\nOrigin: http://b\r\n\r\n",
        "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\nGET /api/showtimes HTTP/1.1\r\nHost: a\r\n\r\n",
    };
    static const char *const bodies[] = {
        "{\"seats\":[1,2],\"wheelchair\":true}",
        "{\"count\":2,\"zone\":\"a\",\"ttl_ms\":1000}",
        "{\"order\":\"M0000002DTA8930000002Q\",\"code\":\"ABC\"}",
        "{\"qr_code_data\":\"x\",\"kiosk_id\":\"lobby\",\"timestamp\":1,\"nonce\":"
        "\"0123456789abcdef\","
        "\"signature\":\"00\"}",
        "{\"yes\":true}",
        "[[[[[[[[[[]]]]]]]]]]",
    };
    char bytes[512];
    for (size_t i = 0; i < sizeof raw / sizeof raw[0]; i++)
        seed("edge", bytes, (size_t)snprintf(bytes, sizeof bytes, "0%s", raw[i]));
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++)
        for (char route = 0; route < 60; route += 3)
            seed("edge", bytes,
                 (size_t)snprintf(bytes, sizeof bytes, "1%c%s", '0' + route, bodies[i]));
}

void
seeds_of_http(void)
{
    seeds_of_edge();
    seeds_of_requests();
    seeds_of_frames();
}

void
seeds_http_words(FILE *file)
{
    static const char *const words[] = {
        "GET ",         "POST ",
        " HTTP/1.1",    " HTTP/1.0",
        "\\x0d\\x0a",   "\\x0d\\x0a\\x0d\\x0a",
        "Host: ",       "Content-Length: ",
        "chunked",      "Transfer-Encoding: ",
        "Connection: ", "keep-alive",
        "Upgrade: ",    "websocket",
        "Expect: ",     "100-continue",
        "Cookie: ",     "; ",
        "bytes=",       "If-None-Match: ",
        "%2e",          "%2f",
        "%00",          "/../",
        "[::1]",        "0\\x0d\\x0a\\x0d\\x0a",
        "\\x81\\x85",   "\\x88\\x82",
        "\\x89\\x80",   "\\x82\\xfe",
        "\\x00\\x80",   "\\x80\\x80",
        "\\xed\\xa0",   "Sec-WebSocket-Key: ",
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        fprintf(file, "\"%s\"\n", words[i]);
}
