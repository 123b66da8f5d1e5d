/* answer - see answer.h for the contract. */
#include "clients/bridge/answer.h"
#include "clients/mpjson.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { ANSWER_HEAD_ROOM = 2048, ANSWER_GZIP_LEVEL = 1 };

static const struct {
    const char *code, *title;
    uint16_t status;
} problems[PROBLEMS] = {
#define X(code_, status_, title_) { .code = #code_, .title = (title_), .status = (status_) },
    PROBLEM_TABLE(X)
#undef X
};

const char *
answer_problem_code(problem_t problem)
{
    assert(problem < PROBLEMS);
    return problems[problem].code;
}

const char *
answer_problem_title(problem_t problem)
{
    assert(problem < PROBLEMS);
    return problems[problem].title;
}

uint16_t
answer_problem_status(problem_t problem)
{
    assert(problem < PROBLEMS);
    return problems[problem].status;
}

problem_t
answer_problem_of(uint16_t status)
{
    static const struct {
        uint16_t status;
        problem_t problem;
    } edge[] = {
        { 408, PROBLEM_TIMEOUT },         { 413, PROBLEM_BODY_TOO_LARGE },
        { 414, PROBLEM_TARGET_TOO_LONG }, { 417, PROBLEM_EXPECTATION },
        { 431, PROBLEM_HEAD_TOO_LARGE },  { 501, PROBLEM_NOT_IMPLEMENTED },
        { 505, PROBLEM_HTTP_VERSION },    { 405, PROBLEM_METHOD_NOT_ALLOWED },
        { 426, PROBLEM_WEBSOCKET },
    };
    for (size_t i = 0; i < sizeof edge / sizeof edge[0]; i++)
        if (edge[i].status == status)
            return edge[i].problem;
    return PROBLEM_BAD_REQUEST;
}

problem_t
answer_problem_named(const char *code)
{
    for (problem_t problem = 0; problem < PROBLEMS; problem++)
        if (strcmp(problems[problem].code, code) == 0)
            return problem;
    return PROBLEM_UNAUTHORIZED;
}

/* A refusal that is not listed is a conflict with how things stand: 409. */
uint16_t
answer_status_of(uint16_t status)
{
    static const struct {
        uint16_t status, http;
    } table[] = {
        { STATUS_OK, 200 },
        { STATUS_BAD_BODY, 400 },
        { STATUS_MISSING_FIELD, 400 },
        { STATUS_UNKNOWN_FIELD, 400 },
        { STATUS_BAD_FIELD, 400 },
        { STATUS_TOO_LARGE, 413 },
        { STATUS_FORBIDDEN, 403 },
        { STATUS_EXPIRED, 504 },
        { STATUS_BUSY, 503 },
        { STATUS_UNAVAILABLE, 503 },
        { STATUS_REQUEST_REUSED, 422 },
        { STATUS_NO_SPACE, 503 },
        { STATUS_UNKNOWN_OUTCOME, 504 },
        { STATUS_PENDING, 202 },
        { STATUS_UNKNOWN_SHOWTIME, 404 },
        { STATUS_BAD_LAYOUT, 422 },
        { STATUS_BAD_TIMES, 422 },
        { STATUS_UNKNOWN_SEAT, 404 },
        { STATUS_TOO_MANY_SEATS, 422 },
        { STATUS_LONE_SEAT, 422 },
        { STATUS_COUPLE_SPLIT, 422 },
        { STATUS_WHEELCHAIR_ONLY, 422 },
        { STATUS_UNKNOWN_MEMBER, 404 },
        { STATUS_UNKNOWN_BATCH, 404 },
        { STATUS_MEMBERS_ONLY, 403 },
        { STATUS_UNKNOWN_LOCK, 404 },
        { STATUS_NOT_YOURS, 403 },
        { STATUS_UNKNOWN_ORDER, 404 },
        { STATUS_BAD_ORDER_ID, 404 },
        { STATUS_UNKNOWN_PROVIDER, 422 },
        { STATUS_BAD_CODE, 403 },
        { STATUS_UNKNOWN_TICKET, 404 },
        { STATUS_BAD_TOKEN, 404 },
        { STATUS_UNKNOWN_REFUND, 404 },
        { STATUS_STALE_REQUEST, 403 },
        { STATUS_REPLAYED, 403 },
        { STATUS_TOO_MANY_REQUESTS, 429 },
        { STATUS_QUEUE_FIRST, 403 },
        { STATUS_NO_QUEUE, 404 },
        { STATUS_NOT_QUEUED, 404 },
        { STATUS_UNKNOWN_CINEMA, 404 },
        { STATUS_UNKNOWN_MOVIE, 404 },
        { STATUS_UNKNOWN_HALL, 404 },
        { STATUS_UNKNOWN_VERSION, 404 },
        { MARQUEE_NOT_SENT, 503 },
        { MARQUEE_NO_ANSWER, 504 },
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (table[i].status == status)
            return table[i].http;
    return status >= 100 ? 409 : 502;
}

/* ------------------------------------------------------------------ heads */

typedef struct {
    char text[ANSWER_HEAD_ROOM];
    size_t size;
} head_text_t;

/* Every caller's lines are bounded by where they come from; what would not fit is a bug. */
static void
head_put(head_text_t *head, const char *text, size_t size)
{
    assert(size <= sizeof head->text - head->size);
    memcpy(head->text + head->size, text, size);
    head->size += size;
}

static void
head_line(head_text_t *head, const char *text)
{
    head_put(head, text, strlen(text));
}

static void
head_number(head_text_t *head, uint64_t number)
{
    char text[20];
    size_t at = sizeof text;
    do {
        text[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    head_put(head, text + at, sizeof text - at);
}

static void
head_date(bridge_t *bridge, head_text_t *head)
{
    int64_t now_s = bridge->now_ms / 1000;
    if (bridge->date_s != now_s) {
        bridge->date_s = now_s;
        http_date(bridge->date, now_s);
    }
    head_line(head, "\r\nDate: ");
    head_line(head, bridge->date);
}

static void
head_session(call_t *call, head_text_t *head)
{
    char cookie[TOKEN_COOKIE_ROOM];
    token_cookie(&call->bridge->ring, &call->identity.session, cookie);
    head_line(head, "\r\nSet-Cookie: marquee=");
    head_line(head, cookie);
    head_line(head, "; Path=/; HttpOnly; SameSite=Lax; Max-Age=");
    head_number(head, (uint64_t)call->bridge->conf.number[BRIDGE_CONF_session_hours] * 3600);
    if (call->conn->ssl)
        head_line(head, "; Secure");
}

static void
head_cors(const call_t *call, head_text_t *head)
{
    head_line(head, "\r\nVary: Origin");
    if (!call->cors)
        return;
    head_line(head, "\r\nAccess-Control-Allow-Origin: ");
    head_line(head, call->origin);
    head_line(head, "\r\nAccess-Control-Expose-Headers: ETag, Retry-After, X-Request-Id");
}

/* Pages bring their own policy in `extra`; data needs none of what a page may do. */
static void
head_safety(const call_t *call, head_text_t *head, const char *extra)
{
    head_line(head, "\r\nX-Content-Type-Options: nosniff");
    if (!strstr(extra, "Content-Security-Policy:"))
        head_line(head, "\r\nContent-Security-Policy: default-src 'none'; frame-ancestors 'none'");
    if (!strstr(extra, "Cache-Control:"))
        head_line(head, "\r\nCache-Control: no-store");
    if (call->conn->ssl)
        head_line(head, "\r\nStrict-Transport-Security: max-age=31536000");
}

static void
head_begin(call_t *call, head_text_t *head, uint16_t status, const char *extra)
{
    conn_t *conn = call->conn;
    head->size = 0;
    head_line(head, "HTTP/1.1 ");
    head_number(head, status);
    head_line(head, " ");
    head_line(head, http_reason(status));
    head_date(call->bridge, head);
    head_safety(call, head, extra);
    if (*call->request_id) {
        head_line(head, "\r\nX-Request-Id: ");
        head_line(head, call->request_id);
    }
    if (*call->bridge->conf.text[BRIDGE_CONF_http_origins])
        head_cors(call, head);
    if (call->fresh_cookie)
        head_session(call, head);
    if (!conn->keep_alive || call->bridge->stopping) {
        conn->keep_alive = false;
        head_line(head, "\r\nConnection: close");
    }
}

/* Count, tell the log, give back. */
static void
answer_over(call_t *call, uint16_t status)
{
    conn_t *conn = call->conn;
    metrics_count(call, status);
    serve_release(call);
    if (conn)
        conn_answered(conn);
}

static void
answer_send(call_t *call, uint16_t status, const char *type, const void *body, size_t size,
            const char *extra, bool packed)
{
    head_text_t head;
    if (!call->conn) {
        answer_over(call, status);
        return;
    }
    bool bare = status == 204 || status == 304;
    head_begin(call, &head, status, extra);
    if (!bare) {
        head_line(&head, "\r\nContent-Type: ");
        head_line(&head, type);
        head_line(&head, "\r\nContent-Length: ");
        head_number(&head, size);
    }
    if (packed)
        head_line(&head, "\r\nContent-Encoding: gzip");
    if (packed || strstr(extra, "Cache-Control:")) /* what may be kept, may be packed or not */
        head_line(&head, "\r\nVary: Accept-Encoding");
    head_line(&head, "\r\n");
    head_line(&head, extra);
    head_line(&head, "\r\n");
    bool silent = bare || call->method == HTTP_HEAD;
    conn_write(call->conn, head.text, head.size, body, silent ? 0 : size);
    answer_over(call, status);
}

void
answer_bytes(call_t *call, uint16_t status, const char *type, const void *body, size_t size,
             const char *extra)
{
    answer_send(call, status, type, body, size, extra, false);
}

void
answer_empty(call_t *call, uint16_t status, const char *extra)
{
    answer_send(call, status, "text/plain", "", 0, extra, false);
}

void
answer_packed(call_t *call, uint16_t status, const char *type, const void *body, size_t size,
              const char *extra)
{
    answer_send(call, status, type, body, size, extra, true);
}

char *
answer_gzip(const void *data, size_t size, size_t *packed_size)
{
    z_stream stream = { .next_in = (unsigned char *)(uintptr_t)data, .avail_in = (unsigned)size };
    if (deflateInit2(&stream, ANSWER_GZIP_LEVEL, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) !=
        Z_OK)
        return NULL;
    size_t room = deflateBound(&stream, size);
    char *packed = malloc(room);
    stream.next_out = (unsigned char *)packed;
    stream.avail_out = (unsigned)room;
    if (packed && deflate(&stream, Z_FINISH) != Z_STREAM_END) {
        free(packed);
        packed = NULL;
    }
    *packed_size = stream.total_out;
    (void)deflateEnd(&stream);
    return packed;
}

static void
answer_text(call_t *call, uint16_t status, const char *type, const char *text, const char *extra)
{
    size_t size = strlen(text), packed_size = 0;
    bool pack = call->conn && call->gzip && size >= ANSWER_GZIP_FROM;
    char *packed = pack ? answer_gzip(text, size, &packed_size) : NULL;
    if (packed)
        answer_packed(call, status, type, packed, packed_size, extra);
    else
        answer_bytes(call, status, type, text, size, extra);
    free(packed);
}

void
answer_json(call_t *call, uint16_t status, json_t *body, const char *extra)
{
    char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    json_decref(body);
    if (text)
        answer_text(call, status, "application/json", text, extra);
    else
        answer_problem(call, PROBLEM_INTERNAL, "memory is short", "");
    free(text);
}

/* ------------------------------------------------------------------ problems */

/* `more` is a refusal's own body: its details stand beside the standard members. Takes it. */
static void
answer_refusal(call_t *call, uint16_t http, const char *code, const char *title, const char *detail,
               json_t *more, const char *extra)
{
    char type[96];
    const char *key;
    json_t *value;
    snprintf(type, sizeof type, "urn:marquee:problem:%s", code);
    json_t *problem = json_pack("{s:s, s:s, s:i, s:s}", "type", type, "title", title, "status",
                                (int)http, "code", code);
    if (detail && problem)
        (void)json_object_set_new(problem, "detail", json_string(detail));
    if (problem && *call->request_id)
        (void)json_object_set_new(problem, "instance", json_string(call->request_id));
    json_object_foreach(more, key, value)
    {
        if (problem && strcmp(key, "error") != 0 && !json_object_get(problem, key))
            (void)json_object_set(problem, key, value);
    }
    char *text = problem ? json_dumps(problem, JSON_COMPACT) : NULL;
    answer_send(call, http, "application/problem+json", text ? text : "{}", text ? strlen(text) : 2,
                extra, false);
    free(text);
    json_decref(problem);
    json_decref(more);
}

void
answer_problem(call_t *call, problem_t problem, const char *detail, const char *extra)
{
    assert(problem < PROBLEMS);
    uint16_t status = problems[problem].status;
    const char *more = status == 401   ? "WWW-Authenticate: Bearer\r\n"
                       : status == 503 ? "Retry-After: 1\r\n"
                                       : extra;
    answer_refusal(call, status, problems[problem].code, problems[problem].title, detail, NULL,
                   *extra ? extra : more);
}

void
answer_refused(call_t *call, const marquee_reply_t *reply)
{
    uint16_t http = answer_status_of(reply->status);
    if (reply->status < 256)
        call->bridge->refusals[reply->status]++;
    if (reply->status == MARQUEE_NOT_SENT || reply->status == MARQUEE_NO_ANSWER) {
        answer_problem(call,
                       reply->status == MARQUEE_NOT_SENT ? PROBLEM_SERVER_AWAY : PROBLEM_NO_ANSWER,
                       NULL, "");
        return;
    }
    json_t *more = mpjson_read_web(reply->body, reply->body_size);
    answer_refusal(call, http, marquee_status_name(reply->status),
                   marquee_status_text(reply->status), NULL, more,
                   http == 503 ? "Retry-After: 1\r\n" : "");
}

bool
answer_begin_stream(call_t *call, const char *type)
{
    head_text_t head;
    conn_t *conn = call->conn;
    conn->keep_alive = false;
    head_begin(call, &head, 200, "Cache-Control: no-store\r\n");
    head_line(&head, "\r\nContent-Type: ");
    head_line(&head, type);
    head_line(&head, "\r\nCache-Control: no-store\r\n\r\n");
    conn_write(conn, head.text, head.size, NULL, 0);
    return conn->state != CONN_DEAD;
}
