/* http_head - the head of a request; see http.h for the contract.
 *
 * Each line is looked at in this order, so that a head is judged alike however it was cut up:
 * (1) its bytes up to CR LF, once, as they come: none is a control character but a tab;
 * (2) the whole line: the request line, or a name, a colon and a value;
 * (3) behind the empty line, what only the whole head can tell: Host, the body's length, ... */
#include "clients/bridge/http_class.h"
#include <arpa/inet.h>
#include <assert.h>
#include <string.h>

enum {
    HEAD_LINE_MAX = HTTP_TARGET_MAX + 64, /* of a request line: a method and a version beside */
    HEAD_HOST_MAX = 255,
    HEAD_PORT_MAX = 65535,
};
_Static_assert((int)HEAD_LINE_MAX < (int)HTTP_HEAD_MAX,
               "a target that is too long is told as that");
_Static_assert(HTTP_BODY_MAX < UINT64_MAX / 10 - 9, "lengths are read without overflow");

static http_verdict_t
head_refuse(http_parser_t *self, uint16_t status, const char *reason)
{
    self->status = status;
    self->reason = reason;
    return HTTP_BAD;
}

/* --- lines ------------------------------------------------------------------------------------ */

/* Does one of 8 bytes look like a control character? A tab does, too. */
static bool
head_has_control(const char *data)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t word, del;
    memcpy(&word, data, sizeof word);
    del = word ^ ones * 0x7f;
    return (((word - ones * 0x20) & ~word) | ((del - ones) & ~del)) & ones * 0x80;
}

/* Where the first byte is that belongs into no line: a control character but tab. */
static size_t
head_text_end(const char *data, size_t at, size_t size)
{
    while (at < size)
        if (size - at >= 8 && !head_has_control(data + at))
            at += 8;
        else if (http_is(data[at], HTTP_IN_TEXT))
            at++;
        else
            break;
    return at;
}

/* Go on with the open line. HTTP_DONE: it ends at data[*end], with CR LF. */
static http_verdict_t
head_line(http_parser_t *self, const char *data, size_t size, size_t *end)
{
    bool first = self->lines == 0;
    size_t most = first ? self->line + HEAD_LINE_MAX : HTTP_HEAD_MAX;
    size_t limit = size < most ? size : most;
    size_t at = self->at = head_text_end(data, self->at, limit);
    if (at < limit && data[at] != '\r')
        return head_refuse(self, 400,
                           data[at] == '\n' ? "a line ends in a bare LF"
                                            : "a control character in the head");
    if (limit - at >= 2) {
        if (data[at + 1] != '\n')
            return head_refuse(self, 400, "a bare CR");
        *end = at;
        return HTTP_DONE;
    }
    if (limit < most)
        return HTTP_MORE;
    return first ? head_refuse(self, 414, "the request line is too long")
                 : head_refuse(self, 431, "the head is too long");
}

/* --- the request line ------------------------------------------------------------------------- */

static http_method_t
head_method(http_text_t name)
{
    static const char *const names[HTTP_METHODS] = {
        [HTTP_GET] = "GET",         [HTTP_HEAD] = "HEAD",     [HTTP_POST] = "POST",
        [HTTP_PUT] = "PUT",         [HTTP_DELETE] = "DELETE", [HTTP_PATCH] = "PATCH",
        [HTTP_OPTIONS] = "OPTIONS",
    };
    http_method_t method = HTTP_GET;
    while (method < HTTP_METHODS && !http_text_is(name, names[method]))
        method++;
    return method;
}

/* A path may not climb: no segment is "..", however it is spelled. Escapes are whole and hide no
 * control character. */
static const char *
head_judge_path(http_text_t path)
{
    size_t dots = 0;   /* of the segment so far */
    bool other = true; /* there was something else in it */
    for (size_t at = 0; at < path.size; at++) {
        int byte = path.data[at];
        if (!http_is(path.data[at], HTTP_IN_PATH))
            return "a byte that a path may not have";
        if (byte == '%') {
            byte = http_escaped(path, at);
            if (byte < 0x20 || byte == 0x7f)
                return "an escape in the path that is malformed or a control character";
            at += 2;
        }
        if (byte == '/' || byte == '\\') {
            if (!other && dots == 2)
                return "the path climbs";
            dots = 0;
            other = false;
        } else if (byte == '.') {
            dots++;
        } else {
            other = true;
        }
    }
    return !other && dots == 2 ? "the path climbs" : NULL;
}

static const char *
head_judge_query(http_text_t query)
{
    for (size_t at = 0; at < query.size; at++)
        if (!http_is(query.data[at], HTTP_IN_QUERY))
            return "a byte that a query may not have";
        else if (query.data[at] == '%' && http_escaped(query, at) < 0)
            return "a malformed escape in the query";
    return NULL;
}

static http_verdict_t
head_target(http_parser_t *self, http_text_t target, http_request_t *request)
{
    if (target.size > HTTP_TARGET_MAX)
        return head_refuse(self, 414, "the target is too long");
    if (target.size == 0 || target.data[0] != '/')
        return head_refuse(self, 400, "the target does not begin with a slash");
    const char *mark = memchr(target.data, '?', target.size);
    size_t path_size = mark ? (size_t)(mark - target.data) : target.size;
    size_t skipped = mark ? path_size + 1 : path_size;
    request->target = target;
    request->path = (http_text_t){ target.data, path_size };
    request->query = (http_text_t){ target.data + skipped, target.size - skipped };
    const char *fault = head_judge_path(request->path);
    if (!fault)
        fault = head_judge_query(request->query);
    return fault ? head_refuse(self, 400, fault) : HTTP_DONE;
}

static http_verdict_t
head_request_line(http_parser_t *self, http_text_t line, http_request_t *request)
{
    size_t method = 0;
    while (method < line.size && http_is(line.data[method], HTTP_IN_TOKEN))
        method++;
    if (method == 0 || method == line.size || line.data[method] != ' ')
        return head_refuse(self, 400, "the request line does not begin with a method");
    http_text_t target = { line.data + method + 1, line.size - method - 1 };
    const char *space = memchr(target.data, ' ', target.size);
    if (!space)
        return head_refuse(self, 400, "the request line has no version");
    size_t target_size = (size_t)(space - target.data);
    const char *version = space + 1;
    if (target.size - target_size - 1 != 8 || memcmp(version, "HTTP/", 5) != 0 ||
        version[5] < '0' || version[5] > '9' || version[6] != '.' || version[7] < '0' ||
        version[7] > '9')
        return head_refuse(self, 400, "the request line does not end in a version");
    if (version[5] != '1' || version[7] > '1')
        return head_refuse(self, 505, "only HTTP/1.0 and HTTP/1.1 are spoken here");
    target.size = target_size;
    request->method = head_method((http_text_t){ line.data, method });
    request->minor = (uint8_t)(version[7] - '0');
    request->field_count = 0;
    return head_target(self, target, request);
}

/* --- fields ----------------------------------------------------------------------------------- */

static http_verdict_t
head_field(http_parser_t *self, http_text_t line, http_request_t *request)
{
    uint32_t number = self->lines - 1;
    size_t name = 0;
    if (number >= HTTP_FIELDS_MAX)
        return head_refuse(self, 431, "too many fields");
    if (line.data[0] == ' ' || line.data[0] == '\t')
        return head_refuse(self, 400, "a folded line");
    while (name < line.size && http_is(line.data[name], HTTP_IN_TOKEN))
        name++;
    if (name == 0 || name == line.size || line.data[name] != ':')
        return head_refuse(self, 400, "a field without a proper name and a colon behind it");
    http_text_t value = { line.data + name + 1, line.size - name - 1 };
    request->fields[number] = (http_field_t){ { line.data, name }, http_trimmed(value) };
    request->field_count = number + 1;
    return HTTP_DONE;
}

/* Every line that is whole. HTTP_DONE: the empty one came. */
static http_verdict_t
head_lines(http_parser_t *self, const char *data, size_t size, http_request_t *request,
           size_t *head_size)
{
    size_t end;
    http_verdict_t verdict;
    while ((verdict = head_line(self, data, size, &end)) == HTTP_DONE) {
        http_text_t line = { data + self->line, end - self->line };
        bool skipped = line.size == 0 && self->line == 0;
        self->at = end + 2;
        if (line.size == 0 && self->lines > 0) {
            *head_size = self->at;
            return HTTP_DONE;
        }
        if (!skipped) {
            verdict = self->lines == 0 ? head_request_line(self, line, request)
                                       : head_field(self, line, request);
            if (verdict == HTTP_BAD)
                return verdict;
            self->lines++;
        }
        self->line = self->at;
    }
    return verdict;
}

/* --- the whole head --------------------------------------------------------------------------- */

static bool
head_is_port(const char *text, size_t size)
{
    uint32_t port = 0;
    for (size_t at = 0; at < size; at++) {
        if (text[at] < '0' || text[at] > '9')
            return false;
        port = port * 10 + (uint32_t)(text[at] - '0');
        if (port > HEAD_PORT_MAX)
            return false;
    }
    return size > 0;
}

/* A name, an IPv4 address, or an IPv6 address in brackets; then perhaps a colon and a port. */
static bool
head_is_host(http_text_t host)
{
    size_t at = 0;
    if (host.size == 0 || host.size > HEAD_HOST_MAX)
        return false;
    if (host.data[0] == '[') {
        char text[INET6_ADDRSTRLEN] = { 0 };
        struct in6_addr address;
        const char *close = memchr(host.data, ']', host.size);
        size_t size = close ? (size_t)(close - host.data) - 1 : sizeof text;
        if (size >= sizeof text)
            return false;
        memcpy(text, host.data + 1, size);
        if (inet_pton(AF_INET6, text, &address) != 1)
            return false;
        at = size + 2;
    } else {
        while (at < host.size && http_is(host.data[at], HTTP_IN_HOST))
            at++;
        if (at == 0)
            return false;
    }
    return at == host.size ||
           (host.data[at] == ':' && head_is_port(host.data + at + 1, host.size - at - 1));
}

/* Digits alone. What is over every bound stays there, however long it is. */
static bool
head_length(http_text_t text, uint64_t *length)
{
    *length = 0;
    for (size_t at = 0; at < text.size; at++) {
        if (text.data[at] < '0' || text.data[at] > '9')
            return false;
        if (*length <= HTTP_BODY_MAX)
            *length = *length * 10 + (uint64_t)(text.data[at] - '0');
    }
    return text.size > 0;
}

/* The fields that say how the request is to be read. */
typedef struct {
    uint32_t hosts, lengths, codings, expectations;
    http_text_t host, length, coding, expectation;
    bool close, keep, upgrade, websocket;
} head_facts_t;

static void
head_note(head_facts_t *facts, const http_field_t *field)
{
    http_text_t value = field->value;
    /* Each has a length of its own. */
    switch (field->name.size) {
    case 4:
        if (http_text_is_nocase(field->name, "host") && facts->hosts++ == 0)
            facts->host = value;
        break;
    case 6:
        if (http_text_is_nocase(field->name, "expect") && facts->expectations++ == 0)
            facts->expectation = value;
        break;
    case 7:
        if (http_text_is_nocase(field->name, "upgrade"))
            facts->websocket |= http_list_has(value, "websocket");
        break;
    case 10:
        if (http_text_is_nocase(field->name, "connection")) {
            facts->close |= http_list_has(value, "close");
            facts->keep |= http_list_has(value, "keep-alive");
            facts->upgrade |= http_list_has(value, "upgrade");
        }
        break;
    case 14:
        if (http_text_is_nocase(field->name, "content-length") && facts->lengths++ == 0)
            facts->length = value;
        break;
    case 17:
        if (http_text_is_nocase(field->name, "transfer-encoding") && facts->codings++ == 0)
            facts->coding = value;
        break;
    default:
        break;
    }
}

/* How long is the body? Where two readers could answer differently, nobody does. */
static http_verdict_t
head_judge_body(http_parser_t *self, const head_facts_t *facts, http_request_t *request)
{
    request->chunked = facts->codings > 0;
    request->content_length = 0;
    if (facts->lengths > 1)
        return head_refuse(self, 400, "more than one Content-Length");
    if (facts->codings > 0 && facts->lengths > 0)
        return head_refuse(self, 400, "Transfer-Encoding beside Content-Length");
    if (facts->codings > 1)
        return head_refuse(self, 400, "more than one Transfer-Encoding");
    if (facts->codings > 0 && request->minor == 0)
        return head_refuse(self, 400, "Transfer-Encoding in HTTP/1.0");
    if (facts->codings > 0 && !http_text_is_nocase(facts->coding, "chunked"))
        return head_refuse(self, 501, "a Transfer-Encoding other than chunked");
    if (facts->lengths > 0 && !head_length(facts->length, &request->content_length))
        return head_refuse(self, 400, "a Content-Length that is not a number");
    if (request->content_length > HTTP_BODY_MAX)
        return head_refuse(self, 413, "the body is too long");
    return HTTP_DONE;
}

static http_verdict_t
head_judge(http_parser_t *self, http_request_t *request)
{
    head_facts_t facts = { 0 };
    for (uint32_t i = 0; i < request->field_count; i++)
        head_note(&facts, &request->fields[i]);
    if (facts.hosts > 1)
        return head_refuse(self, 400, "more than one Host");
    if (facts.hosts == 0 && request->minor > 0)
        return head_refuse(self, 400, "no Host");
    if (facts.hosts > 0 && !head_is_host(facts.host))
        return head_refuse(self, 400, "a malformed Host");
    if (head_judge_body(self, &facts, request) == HTTP_BAD)
        return HTTP_BAD;
    if (facts.expectations > 1 ||
        (facts.expectations > 0 && !http_text_is_nocase(facts.expectation, "100-continue")))
        return head_refuse(self, 417, "an expectation other than 100-continue");
    /* HTTP/1.0 knows neither: RFC 9110 10.1.1 and 7.8 have us ignore them there. */
    request->expects_continue = facts.expectations > 0 && request->minor > 0;
    request->upgrade_websocket = facts.upgrade && facts.websocket && request->minor > 0;
    request->keep_alive = !facts.close && (request->minor > 0 || facts.keep);
    return HTTP_DONE;
}

http_verdict_t
http_head(http_parser_t *self, const char *data, size_t size, http_request_t *request,
          size_t *head_size)
{
    assert(self->at <= size && self->line <= self->at);
    if (self->status != 0)
        return HTTP_BAD;
    bool resumed = self->line > 0;
    http_verdict_t verdict = head_lines(self, data, size, request, head_size);
    if (verdict == HTTP_DONE && resumed) {
        /* Lines of earlier calls were noted in what may have been another request, of a buffer that
         * may have moved since: note all of them once more. */
        http_parser_t again = { 0 };
        verdict = head_lines(&again, data, size, request, head_size);
        assert(verdict == HTTP_DONE && again.at == self->at);
    }
    return verdict == HTTP_DONE ? head_judge(self, request) : verdict;
}
