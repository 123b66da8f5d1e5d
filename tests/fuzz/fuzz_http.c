/* fuzz_http - requests and their bodies: judged alike however they are cut up, and what is accepted
 * has nothing that two readers could read in two ways.
 *
 * The first two bytes of an input say how the rest is cut. It is read as a request with what
 * follows, as a body in chunks, and as each of the texts that a request has. */
#include "clients/bridge/ws.h"
#include "tests/fuzz/fuzz.h"
#include <stdlib.h>
#include <string.h>

enum { HTTP_FUZZ_BODY = 512, HTTP_FUZZ_ROOM = 4096 };

/* How many bytes come next: from the state of the cut, at least one. */
static size_t
http_cut(uint32_t *cut, size_t left)
{
    *cut = *cut * 1103515245 + 12345;
    uint32_t most = *cut >> 30 ? 300 : 3;
    size_t part = 1 + (*cut >> 16 & 0x3fff) % most;
    return part < left ? part : left;
}

/* A copy that ends where the allocation does: what is read behind it is noticed. */
static char *
http_copy(const char *data, size_t size)
{
    char *copy = malloc(size > 0 ? size : 1);
    if (!copy)
        abort();
    memcpy(copy, data, size);
    return copy;
}

static void
http_same_text(http_text_t one, const char *data, http_text_t other, const char *copy)
{
    FUZZ_HOLDS(one.size == other.size && one.data - data == other.data - copy);
}

static void
http_same_request(const http_request_t *one, const char *data, const http_request_t *other,
                  const char *copy)
{
    FUZZ_HOLDS(one->method == other->method && one->minor == other->minor);
    FUZZ_HOLDS(one->chunked == other->chunked && one->keep_alive == other->keep_alive);
    FUZZ_HOLDS(one->expects_continue == other->expects_continue);
    FUZZ_HOLDS(one->upgrade_websocket == other->upgrade_websocket);
    FUZZ_HOLDS(one->content_length == other->content_length);
    FUZZ_HOLDS(one->field_count == other->field_count);
    http_same_text(one->target, data, other->target, copy);
    http_same_text(one->path, data, other->path, copy);
    http_same_text(one->query, data, other->query, copy);
    for (uint32_t i = 0; i < one->field_count; i++) {
        http_same_text(one->fields[i].name, data, other->fields[i].name, copy);
        http_same_text(one->fields[i].value, data, other->fields[i].value, copy);
    }
}

/* --- what an accepted head is like ------------------------------------------------------------ */

static void
http_inside(http_text_t text, const char *data, size_t head)
{
    FUZZ_HOLDS(text.data >= data && text.data + text.size <= data + head);
}

static void
http_sound_bytes(const char *data, size_t head)
{
    for (size_t at = 0; at < head; at++) {
        uint8_t byte = (uint8_t)data[at];
        FUZZ_HOLDS(byte >= 0x20 || byte == '\t' || byte == '\r' || byte == '\n');
        FUZZ_HOLDS(byte != 0x7f);
        FUZZ_HOLDS(byte != '\r' || (at + 1 < head && data[at + 1] == '\n'));
        FUZZ_HOLDS(byte != '\n' || (at > 0 && data[at - 1] == '\r'));
    }
    FUZZ_HOLDS(head >= 4 && memcmp(data + head - 4, "\r\n\r\n", 4) == 0);
    FUZZ_HOLDS(head <= HTTP_HEAD_MAX);
}

/* The path as a file system would see it does not climb. */
static void
http_sound_path(http_text_t path)
{
    static char plain[HTTP_TARGET_MAX + 2];
    FUZZ_HOLDS(path.size > 0 && path.data[0] == '/' && path.size <= HTTP_TARGET_MAX);
    long size = http_unescape(path, false, plain, HTTP_TARGET_MAX);
    if (size < 0) /* not UTF-8 */
        return;
    FUZZ_HOLDS(memchr(plain, 0, (size_t)size) == NULL);
    plain[size] = '/';
    plain[size + 1] = 0;
    FUZZ_HOLDS(!strstr(plain, "/../") && !strstr(plain, "\\..\\"));
}

static void
http_sound_fields(const http_request_t *request, const char *data, size_t head)
{
    FUZZ_HOLDS(request->field_count <= HTTP_FIELDS_MAX);
    for (uint32_t i = 0; i < request->field_count; i++) {
        http_text_t name = request->fields[i].name, value = request->fields[i].value;
        http_inside(name, data, head);
        http_inside(value, data, head);
        FUZZ_HOLDS(name.size > 0 && name.data[name.size] == ':' && name.data[-1] == '\n');
        FUZZ_HOLDS(!memchr(name.data, ' ', name.size) && !memchr(name.data, '\t', name.size));
        FUZZ_HOLDS(!memchr(value.data, '\r', value.size) && !memchr(value.data, '\n', value.size));
        FUZZ_HOLDS(value.size == 0 || (value.data[0] != ' ' && value.data[value.size - 1] != ' '));
    }
}

static void
http_sound_request(const http_request_t *request, const char *data, size_t head)
{
    http_sound_bytes(data, head);
    http_inside(request->target, data, head);
    http_inside(request->query, data, head);
    http_sound_path(request->path);
    http_sound_fields(request, data, head);
    uint32_t hosts = http_field_count(request, "host");
    uint32_t lengths = http_field_count(request, "content-length");
    uint32_t codings = http_field_count(request, "transfer-encoding");
    FUZZ_HOLDS(request->minor <= 1 && hosts <= 1 && hosts >= request->minor);
    FUZZ_HOLDS(lengths + codings <= 1 && request->chunked == codings);
    FUZZ_HOLDS(request->content_length <= (lengths ? HTTP_BODY_MAX : 0));
    char accept[WS_ACCEPT_ROOM];
    if (ws_accept(request, accept) == 101)
        FUZZ_HOLDS(request->upgrade_websocket && strlen(accept) == WS_ACCEPT_ROOM - 1);
}

/* --- heads and bodies, whole and cut ---------------------------------------------------------- */

static void
http_fuzz_head(const char *data, size_t size, uint32_t cut)
{
    static http_request_t request, other;
    http_parser_t whole = { 0 }, parts = { 0 };
    size_t head = 0, other_head = 0, came = 0;
    fuzz_memory_begin();
    http_verdict_t verdict = http_head(&whole, data, size, &request, &head);
    fuzz_memory_end(size, 0);
    FUZZ_HOLDS((verdict == HTTP_BAD) == (whole.status != 0));
    FUZZ_HOLDS(verdict != HTTP_BAD || (*http_reason(whole.status) && whole.reason));
    if (verdict == HTTP_DONE)
        http_sound_request(&request, data, head);
    http_verdict_t other_verdict;
    do {
        came += http_cut(&cut, size - came);
        char *copy = http_copy(data, came);
        memset(&other, 0x5a, sizeof other);
        other_verdict = http_head(&parts, copy, came, &other, &other_head);
        if (other_verdict == HTTP_DONE) {
            FUZZ_HOLDS(verdict == HTTP_DONE && head == other_head);
            http_same_request(&request, data, &other, copy);
        }
        free(copy);
    } while (other_verdict == HTTP_MORE && came < size);
    FUZZ_HOLDS(verdict == other_verdict && whole.status == parts.status);
}

static void
http_fuzz_chunks(const char *data, size_t size, uint32_t cut)
{
    static char room[HTTP_FUZZ_BODY + 300];
    http_chunks_t whole = { 0 }, parts = { 0 };
    char *copy = http_copy(data, size);
    size_t at = 0, came = 0, part = 0, other_at = 0;
    http_verdict_t verdict = http_chunks(&whole, copy, size, &at, HTTP_FUZZ_BODY), other;
    FUZZ_HOLDS(whole.size <= HTTP_FUZZ_BODY && whole.size <= at && at <= size);
    FUZZ_HOLDS(verdict != HTTP_MORE || at == size);
    FUZZ_HOLDS((verdict == HTTP_BAD) == (whole.status != 0));
    do { /* what comes is put behind the body, as a connection would */
        part = http_cut(&cut, size - came);
        other_at = parts.size;
        memcpy(room + parts.size, data + came, part);
        came += part;
        part += parts.size;
        other = http_chunks(&parts, room, part, &other_at, HTTP_FUZZ_BODY);
        FUZZ_HOLDS(parts.size <= other_at && other_at <= part);
        FUZZ_HOLDS(other != HTTP_MORE || other_at == part);
    } while (other == HTTP_MORE && came < size);
    FUZZ_HOLDS(verdict == other && whole.status == parts.status);
    FUZZ_HOLDS(whole.size == parts.size && memcmp(copy, room, whole.size) == 0);
    FUZZ_HOLDS(verdict != HTTP_DONE || at == came - (part - other_at));
    free(copy);
}

/* --- texts ------------------------------------------------------------------------------------ */

static void
http_fuzz_lists(http_text_t text)
{
    http_text_t rest = text, name, value;
    size_t steps = 0;
    while (http_query_next(&rest, &name, &value)) {
        http_inside(name, text.data, text.size);
        http_inside(value, text.data, text.size);
        FUZZ_HOLDS(++steps <= text.size);
    }
    FUZZ_HOLDS(rest.size == 0);
    for (rest = text, steps = 0; http_cookie_next(&rest, &name, &value);) {
        http_inside(name, text.data, text.size);
        http_inside(value, text.data, text.size);
        FUZZ_HOLDS(name.size > 0 && ++steps <= text.size);
        FUZZ_HOLDS(!memchr(value.data, ' ', value.size) && !memchr(value.data, ';', value.size));
    }
    http_request_t request = { .field_count = 1, .fields[0] = { { "Cookie", 6 }, text } };
    if (http_cookie(&request, "id", &value))
        http_inside(value, text.data, text.size);
    (void)http_list_has(text, "close");
    (void)http_etag_listed(text, "\"a\"");
}

static void
http_fuzz_texts(const char *data, size_t size)
{
    http_text_t text = { data, size };
    static char plain[HTTP_FUZZ_ROOM];
    uint64_t first, last;
    http_fuzz_lists(text);
    long length = http_unescape(text, true, plain, sizeof plain);
    FUZZ_HOLDS(length <= (long)size);
    if (length >= 0)
        FUZZ_HOLDS(http_is_utf8(plain, (size_t)length) && !memchr(plain, 0, (size_t)length));
    for (uint64_t whole = 0; whole < 300; whole += 99)
        if (http_range(text, whole, &first, &last) == 1)
            FUZZ_HOLDS(first <= last && last < whole);
    char date[HTTP_DATE_ROOM];
    int64_t moment = 0;
    memcpy(&moment, data, size < sizeof moment ? size : sizeof moment);
    http_date(date, moment);
    FUZZ_HOLDS(strlen(date) == HTTP_DATE_ROOM - 1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_input_t input = { data, size };
    uint32_t cut = (uint32_t)fuzz_take(&input, 2);
    const char *text = (const char *)input.at;
    if (size <= 2)
        return 0;
    http_fuzz_head(text, input.left, cut);
    http_fuzz_chunks(text, input.left, cut);
    http_fuzz_texts(text, input.left);
    return 0;
}
