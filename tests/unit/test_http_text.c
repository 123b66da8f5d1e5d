/* http_text - texts of a request and parts of an answer, each with its edge cases. */
#include "clients/bridge/http.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define HOST "Host: marquee.example\r\n"
#define GET  "GET / HTTP/1.1\r\n" HOST

static http_text_t
text(const char *string)
{
    return (http_text_t){ string, strlen(string) };
}

static void
assert_text(http_text_t is, const char *should)
{
    if (!http_text_is(is, should))
        fail_msg("\"%.*s\" is not \"%s\"", (int)is.size, is.data, should);
}

static void
parse(const char *data, http_request_t *request)
{
    http_parser_t parser = { 0 };
    size_t head;
    assert_int_equal(http_head(&parser, data, strlen(data), request, &head), HTTP_DONE);
}

/* --- texts ------------------------------------------------------------------------------------ */

static void
lists_are_searched_by_token(void **state)
{
    (void)state;
    assert_true(http_list_has(text("a"), "A"));
    assert_true(http_list_has(text(" x ,\tUpgrade\t, y"), "upgrade"));
    assert_true(http_list_has(text(",,a,"), "a"));
    assert_false(http_list_has(text(""), "a"));
    assert_false(http_list_has(text("ab, ba"), "a"));
    assert_false(http_list_has(text("a b"), "a"));
}

static void
texts_are_compared_whole(void **state)
{
    (void)state;
    assert_true(http_text_is(text("a"), "a") && http_text_is(text(""), ""));
    assert_true(http_text_is((http_text_t){ 0 }, ""));
    assert_false(http_text_is(text("a"), "A") || http_text_is(text("a"), "ab") ||
                 http_text_is(text("ab"), "a"));
    assert_true(http_text_is_nocase(text("aZ9"), "Az9"));
    assert_false(http_text_is_nocase(text("a"), "ab") || http_text_is_nocase(text("ab"), "a"));
    assert_false(http_text_is_nocase(text("@["), "`{"));
    assert_false(http_text_is_nocase((http_text_t){ "a\0b", 3 }, "a"));
}

static void
escapes_are_decoded_or_refused(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to;
        bool query;
    } cases[] = {
        { "", "", false },
        { "a+b%20c", "a+b c", false },
        { "a+b%2Bc", "a b+c", true },
        { "%E5%bd%B1", "\xe5\xbd\xb1", false },
        { "%25%32%35", "%25", false },
        { "%0A", "\n", false },
        { "%00", NULL, false },
        { "%", NULL, false },
        { "%4", NULL, false },
        { "a%4", NULL, false },
        { "%g1", NULL, false },
        { "%1g", NULL, false },
        { "%E5%BD", NULL, false },
        { "%C0%AF", NULL, false },
        { "%ff", NULL, true },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char to[16];
        long size = http_unescape(text(cases[i].from), cases[i].query, to, sizeof to);
        if (!cases[i].to) {
            assert_int_equal(size, -1);
            continue;
        }
        assert_int_equal(size, strlen(cases[i].to));
        assert_memory_equal(to, cases[i].to, strlen(cases[i].to));
        if (size > 0) /* one byte of room is missing */
            assert_int_equal(
                http_unescape(text(cases[i].from), cases[i].query, to, (size_t)size - 1), -1);
    }
    char to[4];
    assert_int_equal(http_unescape((http_text_t){ "a\0b", 3 }, false, to, sizeof to), -1);
}

static void
a_query_is_walked(void **state)
{
    (void)state;
    http_text_t rest = text("&a=1&&b&=c&d==e&"), name, value;
    static const char *const pairs[][2] = { { "a", "1" }, { "b", "" }, { "", "c" }, { "d", "=e" } };
    for (size_t i = 0; i < 4; i++) {
        assert_true(http_query_next(&rest, &name, &value));
        assert_text(name, pairs[i][0]);
        assert_text(value, pairs[i][1]);
    }
    assert_false(http_query_next(&rest, &name, &value));
    rest = (http_text_t){ 0 };
    assert_false(http_query_next(&rest, &name, &value));
}

static void
cookies_are_walked_strictly(void **state)
{
    (void)state;
    http_text_t rest = text("a=1; b=\"x=y\"; c="), name, value;
    static const char *const pairs[][2] = { { "a", "1" }, { "b", "x=y" }, { "c", "" } };
    for (size_t i = 0; i < 3; i++) {
        assert_true(http_cookie_next(&rest, &name, &value));
        assert_text(name, pairs[i][0]);
        assert_text(value, pairs[i][1]);
    }
    assert_false(http_cookie_next(&rest, &name, &value));
    assert_int_equal(rest.size, 0);
    static const char *const bad[] = { "a",     "=1",       "a b=1", "a=1;b=2", "a=1;",
                                       "a=1; ", "a=1 2",    "a=\"1", "a=1\"",   "a=1,2",
                                       "a=\\",  "a=\"\"\"", " a=1",  "a=1;  ",  "a=\xe5" };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        rest = text(bad[i]);
        bool taken = http_cookie_next(&rest, &name, &value);
        if (taken) /* a sound pair and something behind it */
            assert_false(http_cookie_next(&rest, &name, &value));
        assert_true(rest.size > 0);
    }
}

static void
a_cookie_is_found_if_it_is_the_only_one(void **state)
{
    (void)state;
    static const struct {
        const char *fields, *value;
    } cases[] = {
        { "Cookie: id=7\r\n", "7" },
        { "Cookie: a=1; id=\"7\"; b=2\r\n", "7" },
        { "Cookie: a=1\r\ncookie: id=7\r\n", "7" },
        { "Cookie: junk; a={\"b\": 1, 2}; id=7; c=d e\r\n", "7" },
        { "", NULL },
        { "Cookie: ID=7; aid=7; idx=7\r\n", NULL },
        { "Cookie: id=7; id=7\r\n", NULL },
        { "Cookie: id=7\r\nCookie: id=8\r\n", NULL },
        { "Cookie: id=7 8\r\n", NULL },
        { "X-Cookie: id=7\r\n", NULL },
    };
    static http_request_t request;
    char data[256];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        http_text_t value;
        snprintf(data, sizeof data, GET "%s\r\n", cases[i].fields);
        parse(data, &request);
        assert_int_equal(http_cookie(&request, "id", &value), cases[i].value != NULL);
        if (cases[i].value)
            assert_text(value, cases[i].value);
    }
}

static void
utf8_is_told_from_what_is_not(void **state)
{
    (void)state;
    static const struct {
        bool good;
        const char *text;
    } cases[] = {
        { true, "" },
        { true, "plain text of more than eight bytes" },
        { true, "\x7f" },
        { true, "\xc2\x80" },
        { true, "\xdf\xbf" },
        { true, "\xe0\xa0\x80" },
        { true, "\xed\x9f\xbf" },
        { true, "\xee\x80\x80" },
        { true, "\xef\xbf\xbf" },
        { true, "\xf0\x90\x80\x80" },
        { true, "\xf4\x8f\xbf\xbf" },
        { true, "1234567\xe5\xbd\xb1" },
        { false, "\x80" },
        { false, "\xbf" },
        { false, "\xc0\x80" },
        { false, "\xc0\xaf" },
        { false, "\xc1\xbf" },
        { false, "\xc2" },
        { false, "\xc2\x41" },
        { false, "\xe0\x80\x80" },
        { false, "\xe0\x9f\xbf" },
        { false, "\xe5\xbd" },
        { false, "\xe5\xbd\x41" },
        { false, "\xe5\x41\x80" },
        { false, "\xed\xa0\x80" },
        { false, "\xed\xbf\xbf" },
        { false, "\xf0\x80\x80\x80" },
        { false, "\xf0\x8f\xbf\xbf" },
        { false, "\xf0\x90\x80" },
        { false, "\xf4\x90\x80\x80" },
        { false, "\xf5\x80\x80\x80" },
        { false, "\xf8\x88\x80\x80\x80" },
        { false, "\xfe" },
        { false, "\xff" },
        { false, "12345678\xff" },
        { false, "1234567\xe5\xbd" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(http_is_utf8(cases[i].text, strlen(cases[i].text)), cases[i].good);
    assert_true(http_is_utf8("\0", 1));
}

/* --- answers ---------------------------------------------------------------------------------- */

static void
ranges_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t whole;
        int result;
        uint64_t first, last;
    } cases[] = {
        { "bytes=0-9", 100, 1, 0, 9 },
        { "bytes=5-5", 100, 1, 5, 5 },
        { "Bytes=90-", 100, 1, 90, 99 },
        { "bytes=90-1000", 100, 1, 90, 99 },
        { "bytes=99-99999999999999999999999", 100, 1, 99, 99 },
        { "bytes=-10", 100, 1, 90, 99 },
        { "bytes=-1000", 100, 1, 0, 99 },
        { "bytes=-99999999999999999999999", 100, 1, 0, 99 },
        { "bytes=100-", 100, -1, 0, 0 },
        { "bytes=99999999999999999999999-", 100, -1, 0, 0 },
        { "bytes=100-200", 100, -1, 0, 0 },
        { "bytes=-0", 100, -1, 0, 0 },
        { "bytes=0-", 0, -1, 0, 0 },
        { "bytes=-5", 0, -1, 0, 0 },
        { "", 100, 0, 0, 0 },
        { "bytes=", 100, 0, 0, 0 },
        { "bytes=-", 100, 0, 0, 0 },
        { "bytes=5", 100, 0, 0, 0 },
        { "bytes=9-5", 100, 0, 0, 0 },
        { "bytes=0-1,5-6", 100, 0, 0, 0 },
        { "bytes=0-1x", 100, 0, 0, 0 },
        { "bytes= 0-1", 100, 0, 0, 0 },
        { "bytes=0 -1", 100, 0, 0, 0 },
        { "bytes=--1", 100, 0, 0, 0 },
        { "bytes 0-1", 100, 0, 0, 0 },
        { "seats=0-1", 100, 0, 0, 0 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t first = 0, last = 0;
        int result = http_range(text(cases[i].text), cases[i].whole, &first, &last);
        assert_int_equal(result, cases[i].result);
        if (result == 1)
            assert_true(first == cases[i].first && last == cases[i].last);
    }
}

static void
entity_tags_are_found(void **state)
{
    (void)state;
    static const struct {
        const char *list;
        bool found;
    } cases[] = {
        { "\"a\"", true },
        { "*", true },
        { "W/\"a\"", true },
        { "\"b\", \"a\"", true },
        { "\"b\",W/\"a\" , \"c\"", true },
        { ",, \"a\"", true },
        { "\"b,c\", \"a\"", true },
        { "\"\x80\", \"a\"", true },
        { "", false },
        { "a", false },
        { "\"A\"", false },
        { "\"ab\"", false },
        { "\"\"", false },
        { "w/\"a\"", false },
        { "\"b", false },
        { "\"b\" \"a\"", false },
        { "b, \"a\"", false },
        { "*, \"a\"", false },
        { "\"b, \"a\"", false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(http_etag_listed(text(cases[i].list), "\"a\""), cases[i].found);
        assert_int_equal(http_etag_listed(text(cases[i].list), "W/\"a\""), cases[i].found);
    }
}

static void
dates_are_written(void **state)
{
    (void)state;
    static const struct {
        int64_t unix_s;
        const char *text;
    } cases[] = {
        { 784111777, "Sun, 06 Nov 1994 08:49:37 GMT" }, /* RFC 9110 5.6.7 */
        { 0, "Thu, 01 Jan 1970 00:00:00 GMT" },
        { 951782399, "Mon, 28 Feb 2000 23:59:59 GMT" },
        { 951782400, "Tue, 29 Feb 2000 00:00:00 GMT" },
        { 951868800, "Wed, 01 Mar 2000 00:00:00 GMT" },
        { 1735689599, "Tue, 31 Dec 2024 23:59:59 GMT" },
        { 4107542400, "Mon, 01 Mar 2100 00:00:00 GMT" },
        { 253402300799, "Fri, 31 Dec 9999 23:59:59 GMT" },
        { INT64_MAX, "Fri, 31 Dec 9999 23:59:59 GMT" },
        { INT64_MIN, "Thu, 01 Jan 1970 00:00:00 GMT" },
    };
    char date[HTTP_DATE_ROOM];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        http_date(date, cases[i].unix_s);
        assert_string_equal(date, cases[i].text);
    }
}

static void
statuses_have_their_phrase(void **state)
{
    (void)state;
    assert_string_equal(http_reason(200), "OK");
    assert_string_equal(http_reason(431), "Request Header Fields Too Large");
    assert_string_equal(http_reason(299), "");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_are_searched_by_token),
        cmocka_unit_test(texts_are_compared_whole),
        cmocka_unit_test(escapes_are_decoded_or_refused),
        cmocka_unit_test(a_query_is_walked),
        cmocka_unit_test(cookies_are_walked_strictly),
        cmocka_unit_test(a_cookie_is_found_if_it_is_the_only_one),
        cmocka_unit_test(utf8_is_told_from_what_is_not),
        cmocka_unit_test(ranges_are_read),
        cmocka_unit_test(entity_tags_are_found),
        cmocka_unit_test(dates_are_written),
        cmocka_unit_test(statuses_have_their_phrase),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
