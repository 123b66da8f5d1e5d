/* http_chunks - bodies in chunks, split at every byte. */
#include "clients/bridge/http.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static void
assert_text(http_text_t is, const char *should)
{
    if (!http_text_is(is, should))
        fail_msg("\"%.*s\" is not \"%s\"", (int)is.size, is.data, should);
}

/* The body in pieces of `piece` bytes that come one behind another, moved down as they may be. */
static uint16_t
chunks_in(const char *raw, size_t piece, size_t most, char *body, size_t *body_size, size_t *read)
{
    http_chunks_t chunks = { 0 };
    size_t all = strlen(raw), came = 0, at = 0, size = 0;
    http_verdict_t verdict = HTTP_MORE;
    while (verdict == HTTP_MORE && came < all) {
        size_t part = piece < all - came ? piece : all - came;
        memcpy(body + size, raw + came, part);
        came += part;
        verdict = http_chunks(&chunks, body, size + part, &at, most);
        assert_true(chunks.size <= at && at <= size + part);
        if (verdict == HTTP_MORE) {
            assert_int_equal(at, size + part);
            size = at = chunks.size;
        } else if (verdict == HTTP_DONE) {
            *read = came - (size + part - at);
        }
    }
    *body_size = chunks.size;
    return verdict == HTTP_MORE ? 0 : verdict == HTTP_DONE ? 200 : chunks.status;
}

static void
assert_chunks(const char *raw, uint16_t expected, const char *expected_body, size_t behind)
{
    char body[1024];
    for (size_t piece = 1; piece <= strlen(raw); piece++) {
        size_t size = 0, read = 0;
        uint16_t status = chunks_in(raw, piece, 20, body, &size, &read);
        if (status != expected)
            fail_msg("%u instead of %u in pieces of %zu: %s", status, expected, piece, raw);
        if (status != 200)
            continue;
        assert_text((http_text_t){ body, size }, expected_body);
        assert_int_equal(read, strlen(raw) - behind);
    }
}

static void
chunks_are_put_together(void **state)
{
    (void)state;
    assert_chunks("0\r\n\r\n", 200, "", 0);
    assert_chunks("000\r\n\r\n", 200, "", 0);
    assert_chunks("5\r\nhello\r\n0\r\n\r\n", 200, "hello", 0);
    assert_chunks("5\r\nhello\r\n007\r\n, world\r\n0\r\n\r\nGET /", 200, "hello, world", 5);
    assert_chunks("A\r\n0123456789\r\na\r\nabcdefghij\r\n0\r\n\r\n", 200, "0123456789abcdefghij",
                  0);
    assert_chunks("2;a=b;c=\"d e\"\r\n\r\n\r\n0;x\r\n\r\n", 200, "\r\n", 0);
    assert_chunks("1;\t \x80\r\nx\r\n0\r\nA: b\r\nC:\r\n\r\n\r\n", 200, "x", 2);
}

static void
malformed_chunks_are_refused(void **state)
{
    (void)state;
    static const struct {
        uint16_t status;
        const char *raw;
    } cases[] = {
        { 0, "" },
        { 0, "5" },
        { 0, "5\r\nhello\r\n0\r\n\r" },
        { 400, "\r\n" },
        { 400, ";x\r\n" },
        { 400, "g\r\n" },
        { 400, "0x5\r\n" },
        { 400, "+5\r\n" },
        { 400, "-5\r\n" },
        { 400, " 5\r\n" },
        { 400, "5 \r\n" },
        { 400, "5 ;x\r\n" },
        { 400, "5\n" },
        { 400, "5\rhello" },
        { 400, "5;a\nb\r\n" },
        { 400, "5;a\x01\r\n" },
        { 400, "5;a\x7f\r\n" },
        { 400, "5;a\rb\r\n" },
        { 400, "5\r\nhello0\r\n" },
        { 400, "5\r\nhello\n0\r\n\r\n" },
        { 400, "5\r\nhello\r0\r\n\r\n" },
        { 400, "5\r\nhellox\r\n0\r\n\r\n" },
        { 400, "0\r\n\n" },
        { 400, "0\r\n\rx" },
        { 400, "0\r\n x: y\r\n\r\n" },
        { 400, "0\r\nA: b\r\n c\r\n\r\n" },
        { 400, "0\r\nA : b\r\n\r\n" },
        { 400, "0\r\nA\r\n\r\n" },
        { 400, "0\r\n: b\r\n\r\n" },
        { 400, "0\r\nA: b\n\r\n" },
        { 400, "0\r\nA: b\rc\r\n" },
        { 400, "0\r\nA: \x01\r\n" },
        { 413, "15\r\n" },
        { 413, "A\r\n0123456789\r\nB\r\n" },
        { 413, "ffffffffffffffff\r\n" },
        { 413, "10000000000000000\r\n" },
        { 413, "10000000000000001\r\nx" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_chunks(cases[i].raw, cases[i].status, NULL, 0);
}

static void
the_lines_between_chunks_are_bounded(void **state)
{
    (void)state;
    static char raw[2 * HTTP_HEAD_MAX], body[2 * HTTP_HEAD_MAX];
    size_t size = 0, read = 0;
    for (int over = 0; over < 2; over++) {
        memset(raw, '0', HTTP_CHUNK_LINE_MAX + (size_t)over);
        strcpy(raw + HTTP_CHUNK_LINE_MAX + over, "\r\n\r\n");
        assert_int_equal(chunks_in(raw, 1, 9, body, &size, &read), over ? 400 : 200);
        raw[1] = ';';
        assert_int_equal(chunks_in(raw, 7, 9, body, &size, &read), over ? 400 : 200);
        strcpy(raw, "0\r\nA:");
        memset(raw + 5, 'x', HTTP_HEAD_MAX);
        strcpy(raw + 3 + HTTP_HEAD_MAX - 4 + over, "\r\n\r\n");
        assert_int_equal(chunks_in(raw, 999, 9, body, &size, &read), over ? 431 : 200);
    }
}

static void
there_may_be_many_chunks(void **state)
{
    (void)state;
    static char raw[8 * 300], body[8 * 300];
    size_t size = 0, read = 0;
    for (int i = 0; i < 300; i++)
        strcat(raw, "1\r\nx\r\n");
    strcat(raw, "0\r\n\r\n");
    assert_int_equal(chunks_in(raw, 11, 300, body, &size, &read), 200);
    assert_int_equal(size, 300);
    assert_int_equal(chunks_in(raw, 11, 299, body, &size, &read), 413);
}

static void
a_body_stays_where_it_began(void **state)
{
    (void)state;
    char data[] = "3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\nnext";
    http_chunks_t chunks = { 0 };
    size_t at = 0;
    /* the raw bytes stay in the buffer between two calls, too */
    for (size_t size = 0; size < sizeof data - 5; size++)
        assert_int_equal(http_chunks(&chunks, data, size, &at, 7), HTTP_MORE);
    assert_int_equal(http_chunks(&chunks, data, sizeof data - 1, &at, 7), HTTP_DONE);
    assert_int_equal(http_chunks(&chunks, data, sizeof data - 1, &at, 7), HTTP_DONE);
    assert_text((http_text_t){ data, chunks.size }, "abcdefg");
    assert_string_equal(data + at, "next");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chunks_are_put_together),
        cmocka_unit_test(malformed_chunks_are_refused),
        cmocka_unit_test(the_lines_between_chunks_are_bounded),
        cmocka_unit_test(there_may_be_many_chunks),
        cmocka_unit_test(a_body_stays_where_it_began),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
