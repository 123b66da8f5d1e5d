/* http - what is a request and what is refused, however the bytes are cut up. */
#include "clients/bridge/http_class.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void
assert_text(http_text_t is, const char *should)
{
    if (!http_text_is(is, should))
        fail_msg("\"%.*s\" is not \"%s\"", (int)is.size, is.data, should);
}

static bool
is_same(http_text_t one, http_text_t other)
{
    return one.size == other.size && (one.size == 0 || memcmp(one.data, other.data, one.size) == 0);
}

static bool
is_same_request(const http_request_t *one, const http_request_t *other)
{
    for (uint32_t i = 0; i < one->field_count && i < other->field_count; i++)
        if (!is_same(one->fields[i].name, other->fields[i].name) ||
            !is_same(one->fields[i].value, other->fields[i].value))
            return false;
    return one->field_count == other->field_count && one->method == other->method &&
           one->minor == other->minor && one->chunked == other->chunked &&
           one->keep_alive == other->keep_alive && one->content_length == other->content_length &&
           one->expects_continue == other->expects_continue &&
           one->upgrade_websocket == other->upgrade_websocket &&
           is_same(one->target, other->target) && is_same(one->path, other->path) &&
           is_same(one->query, other->query);
}

/* Fed whole: 0 is HTTP_MORE, 200 HTTP_DONE, any other a refusal. */
static uint16_t
whole(const char *data, size_t size, http_request_t *request, size_t *head)
{
    http_parser_t parser = { 0 };
    http_verdict_t verdict = http_head(&parser, data, size, request, head);
    assert_int_equal(verdict == HTTP_BAD, parser.status != 0);
    assert_int_equal(verdict == HTTP_BAD, parser.reason != NULL);
    return verdict == HTTP_MORE ? 0 : verdict == HTTP_DONE ? 200 : parser.status;
}

/* Fed byte by byte, each time at another place and with a request that holds nothing yet. */
static uint16_t
trickled(const char *data, size_t size, http_request_t *request, size_t *head)
{
    static char places[2][HTTP_HEAD_MAX];
    http_parser_t parser = { 0 };
    assert_true(size <= HTTP_HEAD_MAX);
    for (size_t came = 0; came <= size; came++) {
        memset(places[1 - came % 2], 0xa5, HTTP_HEAD_MAX);
        memcpy(places[came % 2], data, came);
        memset(request, 0xa5, sizeof *request);
        http_verdict_t verdict = http_head(&parser, places[came % 2], came, request, head);
        if (verdict == HTTP_BAD)
            return parser.status;
        if (verdict == HTTP_DONE) {
            assert_int_equal(*head, came);
            return 200;
        }
    }
    return 0;
}

/* The status of a request that is fed in every way. */
static uint16_t
status_of(const char *data, size_t size)
{
    static http_request_t one, other;
    size_t head_one = 0, head_other = 0;
    uint16_t status = whole(data, size, &one, &head_one);
    uint16_t again = trickled(data, size, &other, &head_other);
    if (status != again)
        fail_msg("%u whole, %u byte by byte: %.100s", status, again, data);
    if (status == 200) {
        assert_int_equal(head_one, head_other);
        assert_true(is_same_request(&one, &other));
    }
    for (size_t cut = 1; cut < size && size < 300; cut++) { /* in two pieces */
        http_parser_t parser = { 0 };
        http_verdict_t verdict = http_head(&parser, data, cut, &one, &head_one);
        if (verdict == HTTP_MORE)
            verdict = http_head(&parser, data, size, &one, &head_one);
        assert_int_equal(verdict == HTTP_MORE   ? 0
                         : verdict == HTTP_DONE ? 200
                                                : parser.status,
                         status);
        if (status == 200)
            assert_true(is_same_request(&one, &other));
    }
    return status;
}

static void
assert_status(const char *data, size_t size, uint16_t expected)
{
    uint16_t status = status_of(data, size);
    if (status != expected)
        fail_msg("%u instead of %u: %.200s", status, expected, data);
}

static void
parse(const char *data, http_request_t *request)
{
    size_t head;
    assert_int_equal(whole(data, strlen(data), request, &head), 200);
}

/* --- heads ------------------------------------------------------------------------------------ */

#define HOST "Host: marquee.example\r\n"
#define GET  "GET / HTTP/1.1\r\n" HOST

static void
each_request_has_its_status(void **state)
{
    (void)state;
    static const struct {
        uint16_t status;
        const char *data;
    } cases[] = {
        /* sound */
        { 200, GET "\r\n" },
        { 200, "\r\n" GET "\r\n" },
        { 200, "GET / HTTP/1.0\r\n\r\n" },
        { 200, "GET / HTTP/1.0\r\n" HOST "\r\n" },
        { 200, "PURGE / HTTP/1.1\r\n" HOST "\r\n" },
        { 200, "POST / HTTP/1.1\r\n" HOST "Content-Length: 10\r\n\r\n0123456789" },
        { 200, "POST / HTTP/1.1\r\n" HOST "Content-Length: 0010\r\n\r\n0123456789" },
        { 200, "POST / HTTP/1.1\r\n" HOST "Content-Length: 1048576\r\n\r\n" },
        { 200, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" },
        { 200, "POST / HTTP/1.1\r\n" HOST "transfer-ENCODING:  Chunked \t\r\n\r\n0\r\n\r\n" },
        { 200, GET "Expect: 100-Continue\r\n\r\n" },
        { 200, GET "Name: \xe5\xbd\xb1\xe9\x99\xa2\t\x80\xff\r\n\r\n" },
        { 200, GET "Empty:\r\nSpace: \t \r\n\r\n" },
        { 200, GET "!#$%&'*+-.^_`|~09azAZ: x\r\n\r\n" },
        { 200, GET "Upgrade: TLS/1.0, x\r\nConnection: close, close\r\n\r\n" },
        /* not all there */
        { 0, "" },
        { 0, "\r\n" },
        { 0, "GET / HTTP/1.1\r\n" },
        { 0, GET },
        { 0, GET "\r" },
        /* hosts */
        { 200, "GET / HTTP/1.1\r\nHost: a\r\n\r\n" },
        { 200, "GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n" },
        { 200, "GET / HTTP/1.1\r\nHost: [::1]\r\n\r\n" },
        { 200, "GET / HTTP/1.1\r\nHost: [::ffff:1.2.3.4]:65535\r\n\r\n" },
        { 400, "GET / HTTP/1.1\r\n\r\n" },
        { 400, "GET / HTTP/1.1\r\nHost:\r\n\r\n" },
        { 400, GET HOST "\r\n" },
        { 400, "GET / HTTP/1.0\r\n" HOST HOST "\r\n" },
        { 400, "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n" },
        { 400, "GET / HTTP/1.1\r\nHost: a b\r\n\r\n" },
        { 400, "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n" },
        { 400, "GET / HTTP/1.1\r\nHost: u@b\r\n\r\n" },
        { 400, "GET / HTTP/1.1\r\nHost: a%41\r\n\r\n" },
        { 400, "GET / HTTP/1.1\r\nHost: \xe5\xbd\xb1\r\n\r\n" },
        { 400, "GET / HTTP/1.1\r\nHost: :80\r\n\r\n" },
        { 400, "GET / HTTP/1.1\r\nHost: a:\r\n\r\n" },
        { 400, "GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n" },
        { 400, "GET / HTTP/1.1\r\nHost: a:8o\r\n\r\n" },
        { 400, "GET / HTTP/1.1\r\nHost: a:80:80\r\n\r\n" },
        { 400, "GET / HTTP/1.1\r\nHost: [\r\n\r\n" },
        { 400, "GET / HTTP/1.1\r\nHost: []\r\n\r\n" },
        { 400, "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n" },
        { 400, "GET / HTTP/1.1\r\nHost: [::1]80\r\n\r\n" },
        { 400, "GET / HTTP/1.1\r\nHost: [1.2.3.4]\r\n\r\n" },
        { 400, "GET / HTTP/1.1\r\nHost: [fe80::1%25eth0]\r\n\r\n" },
        { 400, "GET / HTTP/1.1\r\nHost: [0000000000000000000000000000000000000000000000000:1]"
               "\r\n\r\n" },
        /* the body's length */
        { 400, GET "Content-Length: 5\r\nContent-Length: 5\r\n\r\n" },
        { 400, GET "Content-Length: 5\r\ncontent-length: 6\r\n\r\n" },
        { 400, GET "Content-Length: 5, 5\r\n\r\n" },
        { 400, GET "Content-Length: +5\r\n\r\n" },
        { 400, GET "Content-Length: -5\r\n\r\n" },
        { 400, GET "Content-Length: 5x\r\n\r\n" },
        { 400, GET "Content-Length: 0x5\r\n\r\n" },
        { 400, GET "Content-Length: 5 5\r\n\r\n" },
        { 400, GET "Content-Length:\r\n\r\n" },
        { 400, GET "Content-Length: 99999999999999999999999999x\r\n\r\n" },
        { 413, GET "Content-Length: 2097152\r\n\r\n" },
        { 413, GET "Content-Length: 1048577\r\n\r\n" },
        { 413, GET "Content-Length: 18446744073709551616\r\n\r\n" },
        { 413, GET "Content-Length: 18446744073709551621\r\n\r\n" },
        { 400, GET "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" },
        { 400, GET "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n" },
        { 400, GET "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n" },
        { 400, "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n" },
        { 501, GET "Transfer-Encoding: xchunked\r\n\r\n" },
        { 501, GET "Transfer-Encoding: gzip, chunked\r\n\r\n" },
        { 501, GET "Transfer-Encoding: chunked, identity\r\n\r\n" },
        { 501, GET "Transfer-Encoding: identity\r\n\r\n" },
        { 501, GET "Transfer-Encoding:\r\n\r\n" },
        { 501, GET "Transfer-Encoding: \"chunked\"\r\n\r\n" },
        { 501, GET "Transfer-Encoding: chunked;q=1\r\n\r\n" },
        { 417, GET "Expect: 200-ok\r\n\r\n" },
        { 417, GET "Expect: 100-continue\r\nExpect: 100-continue\r\n\r\n" },
        /* lines */
        { 400, "GET / HTTP/1.1\n" HOST "\r\n" },
        { 400, "GET / HTTP/1.1\r\nHost: a\n\r\n" },
        { 400, GET "\n" },
        { 400, "\n" },
        { 400, "\r\n\r\n" GET "\r\n" },
        { 400, "\r\r\n" },
        { 400, GET "X: a\rb\r\n\r\n" },
        { 400, GET "X: a\r\r\n\r\n" },
        { 400, GET "\rX: a\r\n\r\n" },
        { 400, GET "X: a\x01\r\n\r\n" },
        { 400, GET "X: a\x7f\r\n\r\n" },
        { 400, GET "X: 0123456789abcdef\x1b" },
        { 400, GET "X: a\r\n folded\r\n\r\n" },
        { 400, GET "X: a\r\n\tfolded\r\n\r\n" },
        { 400, "GET / HTTP/1.1\r\n Host: a\r\n\r\n" },
        { 400, GET "X : a\r\n\r\n" },
        { 400, GET "X\t: a\r\n\r\n" },
        { 400, GET ": a\r\n\r\n" },
        { 400, GET "X\r\n\r\n" },
        { 400, GET "X a\r\n\r\n" },
        { 400, GET "X(y): a\r\n\r\n" },
        { 400, GET "\xc3\xa4: a\r\n\r\n" },
        /* request lines */
        { 505, "GET / HTTP/9.9\r\n" HOST "\r\n" },
        { 505, "GET / HTTP/2.0\r\n" HOST "\r\n" },
        { 505, "GET / HTTP/1.2\r\n" HOST "\r\n" },
        { 505, "GET / HTTP/0.9\r\n" HOST "\r\n" },
        { 505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" },
        { 400, "GET / HTTP/1.10\r\n" HOST "\r\n" },
        { 400, "GET / HTTP/1.\r\n" HOST "\r\n" },
        { 400, "GET / HTTP/11\r\n" HOST "\r\n" },
        { 400, "GET / HTTP/1.x\r\n" HOST "\r\n" },
        { 400, "GET / http/1.1\r\n" HOST "\r\n" },
        { 400, "GET / ICY/1.1\r\n" HOST "\r\n" },
        { 400, "GET / \r\n" HOST "\r\n" },
        { 400, "GET /\r\n" },
        { 400, "GET\r\n" },
        { 400, " \r\n" },
        { 400, "GET  / HTTP/1.1\r\n" HOST "\r\n" },
        { 400, "GET /  HTTP/1.1\r\n" HOST "\r\n" },
        { 400, "GET / HTTP/1.1 \r\n" HOST "\r\n" },
        { 400, " GET / HTTP/1.1\r\n" HOST "\r\n" },
        { 400, "GET\t/ HTTP/1.1\r\n" HOST "\r\n" },
        { 400, "GET /\tHTTP/1.1\r\n" HOST "\r\n" },
        { 400, "G(T / HTTP/1.1\r\n" HOST "\r\n" },
        { 400, "GET /a b HTTP/1.1\r\n" HOST "\r\n" },
        { 400, "\x16\x03\x01\x02" },
        { 400, "\xff\xfe / HTTP/1.1\r\n" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_status(cases[i].data, strlen(cases[i].data), cases[i].status);
    assert_status(GET "X: a\0b\r\n\r\n", sizeof GET "X: a\0b\r\n\r\n" - 1, 400);
    assert_status(GET "X\0: a\r\n\r\n", sizeof GET "X\0: a\r\n\r\n" - 1, 400);
    assert_status("GET /\0 HTTP/1.1\r\n", 18, 400);
}

static void
each_target_has_its_status(void **state)
{
    (void)state;
    static const struct {
        uint16_t status;
        const char *target;
    } cases[] = {
        { 200, "/" },
        { 200, "//" },
        { 200, "//a//b" },
        { 200, "/a/b.c;v=1/~d/@:!$&'()*+,=-_" },
        { 200, "/%E5%BD%B1%e9%99%a2" },
        { 200, "/?" },
        { 200, "/?a=b&c=[1]{2}|3\\4^5`6?/../" },
        { 200, "/." },
        { 200, "/..." },
        { 200, "/..a/a../.a/a..b" },
        { 200, "/%2e%2e%2e/a%2e%2e" },
        { 200, "/%252e%252e/" },
        { 400, "" },
        { 400, "*" },
        { 400, "a" },
        { 400, "?a" },
        { 400, "http://marquee.example/" },
        { 400, "marquee.example:443" },
        { 400, "/.." },
        { 400, "/../" },
        { 400, "/a/../b" },
        { 400, "/a/..?b" },
        { 400, "/%2e%2e/b" },
        { 400, "/.%2E" },
        { 400, "/%2e./b" },
        { 400, "/a%2f..%2fb" },
        { 400, "/a%2F%2e%2E" },
        { 400, "/a%5c..%5cb" },
        { 400, "/%00" },
        { 400, "/%0a" },
        { 400, "/%7f" },
        { 400, "/%" },
        { 400, "/%4" },
        { 400, "/%4g" },
        { 400, "/%%41" },
        { 400, "/?%" },
        { 400, "/?a=%4" },
        { 400, "/?%x1" },
        { 400, "/#a" },
        { 400, "/?#a" },
        { 400, "/a\\b" },
        { 400, "/a|b" },
        { 400, "/\"" },
        { 400, "/<" },
        { 400, "/?\"" },
        { 400, "/?<>" },
        { 400, "/\xe5\xbd\xb1" },
        { 400, "/?\xe5\xbd\xb1" },
    };
    char data[256];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int size = snprintf(data, sizeof data, "GET %s HTTP/1.1\r\n" HOST "\r\n", cases[i].target);
        assert_status(data, (size_t)size, cases[i].status);
    }
}

/* A head of `before`, `count` letters and `after`. */
static void
assert_long(const char *before, size_t count, const char *after, uint16_t expected)
{
    size_t size = strlen(before) + count + strlen(after), head;
    char *data = malloc(size + 1);
    static http_request_t request;
    assert_non_null(data);
    memcpy(data, before, strlen(before));
    memset(data + strlen(before), 'x', count);
    memcpy(data + strlen(before) + count, after, strlen(after) + 1);
    assert_int_equal(whole(data, size, &request, &head), expected);
    size_t most = size < HTTP_HEAD_MAX + 10 ? size : HTTP_HEAD_MAX + 10;
    http_parser_t parser = { 0 };
    http_verdict_t verdict = HTTP_MORE;
    for (size_t came = 1; came <= most && verdict == HTTP_MORE; came++)
        verdict = http_head(&parser, data, came, &request, &head);
    assert_int_equal(verdict == HTTP_MORE   ? 0
                     : verdict == HTTP_DONE ? 200
                                            : parser.status,
                     expected);
    free(data);
}

static void
each_limit_has_its_status(void **state)
{
    (void)state;
    const char *target = "GET /", *version = " HTTP/1.1\r\n" HOST "\r\n";
    assert_long(target, 5 * 1024, version, 200);
    assert_long(target, HTTP_TARGET_MAX - 1, version, 200);
    assert_long(target, HTTP_TARGET_MAX, version, 414);
    assert_long(target, 100 * 1024, version, 414);
    assert_long(target, 100 * 1024, "", 414);
    assert_long(target, HTTP_TARGET_MAX + 100, "", 414); /* at once, not where the head's end is */
    assert_long(target, HTTP_TARGET_MAX - 1, "", 0);
    assert_long("", 100 * 1024, version, 414);
    assert_long("\r\nGET /", HTTP_TARGET_MAX - 1, version, 200);
    assert_long("\r\nGET /", HTTP_TARGET_MAX, version, 414);
    const char *field = GET "X: ", *end = "\r\n\r\n";
    size_t room = HTTP_HEAD_MAX - strlen(field) - strlen(end);
    assert_long(field, 9 * 1024, end, 200);
    assert_long(field, room, end, 200);
    assert_long(field, room + 1, end, 431);
    assert_long(field, room + 2, end, 431);
    assert_long(field, room + 3, end, 431);
    assert_long(field, room + 4, end, 431);
    assert_long(field, 100 * 1024, end, 431);
    assert_long(field, 1024 * 1024, end, 431);
    assert_long(field, 100 * 1024, "", 431);
    assert_long(field, room + 4, "\x01", 431); /* what is behind the bound is not looked at */
    assert_long(field, room + 3, "\x01", 400);
}

static void
each_byte_of_a_value_is_looked_at(void **state)
{
    (void)state;
    static const char before[] = GET "X: ", after[] = "0123456789abcdef\r\n\r\n";
    char data[sizeof before + sizeof after];
    for (int byte = 0; byte < 256; byte++) {
        bool good = byte == '\t' || (byte >= 0x20 && byte != 0x7f);
        for (size_t at = 0; at < 16; at++) {
            http_request_t request;
            size_t head;
            memcpy(data, before, sizeof before - 1);
            memcpy(data + sizeof before - 1, after, sizeof after);
            data[sizeof before - 1 + at] = (char)byte;
            assert_int_equal(whole(data, sizeof before + sizeof after - 2, &request, &head),
                             good ? 200 : 400);
        }
    }
}

static void
a_head_has_a_bounded_number_of_fields(void **state)
{
    (void)state;
    for (int count = HTTP_FIELDS_MAX - 1; count <= 200; count += count < 66 ? 1 : 134) {
        char data[4096] = GET;
        for (int i = 1; i < count; i++)
            strcat(data, "a:b\r\n");
        strcat(data, "\r\n");
        assert_status(data, strlen(data), count <= HTTP_FIELDS_MAX ? 200 : 431);
    }
}

static void
a_head_is_taken_apart(void **state)
{
    (void)state;
    static http_request_t request;
    parse("POST /films/7?day=1&x HTTP/1.1\r\nHost: a\r\nX-Name: \t some thing \t\r\n"
          "Content-Length: 12\r\nEmpty:\r\nx-name: again\r\nExpect: 100-continue\r\n\r\n",
          &request);
    http_text_t value;
    assert_int_equal(request.method, HTTP_POST);
    assert_int_equal(request.minor, 1);
    assert_text(request.target, "/films/7?day=1&x");
    assert_text(request.path, "/films/7");
    assert_text(request.query, "day=1&x");
    assert_int_equal(request.field_count, 6);
    assert_text(request.fields[1].name, "X-Name");
    assert_true(http_field(&request, "x-name", &value));
    assert_text(value, "some thing");
    assert_true(http_field(&request, "empty", &value));
    assert_text(value, "");
    assert_false(http_field(&request, "x-nam", &value));
    assert_false(http_field(&request, "x-name2", &value));
    assert_int_equal(http_field_count(&request, "x-name"), 2);
    assert_int_equal(http_field_count(&request, "cookie"), 0);
    assert_true(request.content_length == 12);
    assert_true(request.keep_alive && request.expects_continue);
    assert_false(request.chunked || request.upgrade_websocket);
    parse("GET /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", &request);
    assert_true(request.chunked && request.content_length == 0 && request.query.size == 0);
    parse("GET /a? HTTP/1.0\r\nExpect: 100-continue\r\n\r\n", &request);
    assert_text(request.path, "/a");
    assert_text(request.query, "");
    assert_false(request.expects_continue);
}

static void
each_method_is_known(void **state)
{
    (void)state;
    static http_request_t request;
    static const char *const names[] = { "GET",    "HEAD",  "POST",    "PUT",
                                         "DELETE", "PATCH", "OPTIONS", "CONNECT" };
    char data[128];
    for (int i = 0; i <= HTTP_METHODS; i++) {
        snprintf(data, sizeof data, "%s / HTTP/1.1\r\n" HOST "\r\n", names[i]);
        parse(data, &request);
        assert_int_equal(request.method, i);
    }
    parse("get / HTTP/1.1\r\n" HOST "\r\n", &request);
    assert_int_equal(request.method, HTTP_METHODS);
}

static void
connections_are_kept_as_asked(void **state)
{
    (void)state;
    static const struct {
        int minor;
        const char *fields;
        bool keep, websocket;
    } cases[] = {
        { 1, "", true, false },
        { 1, "Connection: close\r\n", false, false },
        { 1, "Connection: Keep-Alive\r\n", true, false },
        { 1, "Connection: x\r\nConnection: y,CLOSE\r\n", false, false },
        { 1, "Connection: closed\r\n", true, false },
        { 0, "", false, false },
        { 0, "Connection: keep-alive\r\n", true, false },
        { 0, "Connection: keep-alive, close\r\n", false, false },
        { 1, "Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n", true, true },
        { 1, "Connection: upgrade\r\n", true, false },
        { 1, "Upgrade: websocket\r\n", true, false },
        { 1, "Connection: upgrade\r\nUpgrade: websockets\r\n", true, false },
        { 1, "Connection: upgrade\r\nUpgrade: h2c, websocket\r\n", true, true },
        { 0, "Connection: upgrade\r\nUpgrade: websocket\r\n", false, false },
    };
    static http_request_t request;
    char data[256];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        snprintf(data, sizeof data, "GET / HTTP/1.%d\r\n" HOST "%s\r\n", cases[i].minor,
                 cases[i].fields);
        parse(data, &request);
        assert_int_equal(request.keep_alive, cases[i].keep);
        assert_int_equal(request.upgrade_websocket, cases[i].websocket);
    }
}

static void
pipelined_requests_come_one_by_one(void **state)
{
    (void)state;
    static const char data[] = "GET /1 HTTP/1.1\r\n" HOST "\r\nGET /2 HTTP/1.1\r\n" HOST
                               "\r\nGET /3 HTTP/1.1\r\n" HOST "\r\n";
    static const char *const paths[] = { "/1", "/2", "/3" };
    static http_request_t request;
    size_t at = 0, head;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(whole(data + at, sizeof data - 1 - at, &request, &head), 200);
        assert_text(request.path, paths[i]);
        at += head;
    }
    assert_int_equal(at, sizeof data - 1);
}

static void
a_refusal_stays(void **state)
{
    (void)state;
    static http_request_t request;
    http_parser_t parser = { 0 };
    size_t head;
    assert_int_equal(http_head(&parser, "\n", 1, &request, &head), HTTP_BAD);
    assert_int_equal(http_head(&parser, GET "\r\n", sizeof GET + 1, &request, &head), HTTP_BAD);
    assert_int_equal(parser.status, 400);
}

static void
the_classes_are_those_of_the_rfcs(void **state)
{
    (void)state;
    static const char alnum[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
#define IN(set) (byte != 0 && strchr(set, byte) != NULL)
    for (int byte = 0; byte < 256; byte++) {
        bool high = byte >= 0x80, visible = byte > 0x20 && byte < 0x7f;
        bool path = IN(alnum) || IN("-._~!$&'()*+,;=:@/%");
        bool cookie = byte == 0x21 || (byte >= 0x23 && byte <= 0x2b) ||
                      (byte >= 0x2d && byte <= 0x3a) || (byte >= 0x3c && byte <= 0x5b) ||
                      (byte >= 0x5d && byte <= 0x7e);
        int classes = 0;
        classes |= IN(alnum) || IN("!#$%&'*+-.^_`|~") ? HTTP_IN_TOKEN : 0;
        classes |= visible || high || byte == ' ' || byte == '\t' ? HTTP_IN_TEXT : 0;
        classes |= path ? HTTP_IN_PATH : 0;
        classes |= path || IN("?[]{}|\\^`") ? HTTP_IN_QUERY : 0;
        classes |= cookie ? HTTP_IN_COOKIE : 0;
        classes |= IN("0123456789abcdefABCDEF") ? HTTP_IN_HEX : 0;
        classes |= IN(alnum) || IN("-._~") ? HTTP_IN_HOST : 0;
        classes |= (visible || high) && byte != '"' ? HTTP_IN_ETAG : 0;
        assert_int_equal(http_class[byte], classes);
    }
#undef IN
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_request_has_its_status),
        cmocka_unit_test(each_target_has_its_status),
        cmocka_unit_test(each_limit_has_its_status),
        cmocka_unit_test(each_byte_of_a_value_is_looked_at),
        cmocka_unit_test(a_head_has_a_bounded_number_of_fields),
        cmocka_unit_test(a_head_is_taken_apart),
        cmocka_unit_test(each_method_is_known),
        cmocka_unit_test(connections_are_kept_as_asked),
        cmocka_unit_test(pipelined_requests_come_one_by_one),
        cmocka_unit_test(a_refusal_stays),
        cmocka_unit_test(the_classes_are_those_of_the_rfcs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
