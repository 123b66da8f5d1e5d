/* serve - a request's way: its route, who calls and how often, its handler; and the end of all that
 * when the client goes. */
#include "clients/bridge/answer.h"
#include "clients/bridge/bridge.h"
#include "clients/bridge/files.h"
#include "clients/bridge/live.h"
#include "clients/marquee.h"
#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

int64_t
bridge_clock_us(void)
{
    struct timespec now;
    int fault = clock_gettime(CLOCK_MONOTONIC, &now);
    assert(fault == 0);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void
bridge_random(void *to, size_t size)
{
    ssize_t got = getrandom(to, size, 0);
    assert(got == (ssize_t)size);
    (void)got;
}

call_t *
serve_background(bridge_t *self, conn_t *conn)
{
    call_t *call = self->free_calls;
    if (call) {
        self->free_calls = call->next;
        self->free_count--;
    } else if (!(call = malloc(sizeof *call)))
        return NULL;
    memset(call, 0, sizeof *call);
    call->bridge = self;
    call->conn = conn;
    if (conn)
        call->address = conn->address;
    call->began_us = bridge_clock_us();
    call->after = self->under_way;
    if (call->after)
        call->after->before = call;
    self->under_way = call;
    self->calls++;
    return call;
}

static call_t *
serve_new(bridge_t *self, conn_t *conn)
{
    call_t *call = serve_background(self, conn);
    if (call)
        conn->owner = call;
    return call;
}

void
serve_release(call_t *call)
{
    bridge_t *self = call->bridge;
    if (call->conn && call->conn->owner == call)
        call->conn->owner = NULL;
    if (call->after)
        call->after->before = call->before;
    if (call->before)
        call->before->after = call->after;
    else
        self->under_way = call->after;
    self->calls--;
    if (self->free_count >= BRIDGE_CALLS_FREE) {
        free(call);
        return;
    }
    call->next = self->free_calls;
    self->free_calls = call;
    self->free_count++;
}

void
serve_forget(bridge_t *self)
{
    call_t *call;
    while ((call = self->under_way)) {
        self->under_way = call->after;
        free(call);
    }
    while ((call = self->free_calls)) {
        self->free_calls = call->next;
        free(call);
    }
    self->calls = self->free_count = 0;
}

static bool
serve_is_id(http_text_t text)
{
    if (text.size == 0 || text.size > BRIDGE_REQUEST_ID_MAX)
        return false;
    for (size_t i = 0; i < text.size; i++)
        if (!isalnum((unsigned char)text.data[i]) && !memchr("-_.", text.data[i], 3))
            return false;
    return true;
}

static void
serve_number(call_t *call)
{
    static const char digits[] = "0123456789abcdef";
    uint64_t number = ++call->bridge->request_number;
    for (int i = 15; i >= 0; i--, number >>= 4)
        call->request_id[i] = digits[number & 15];
    call->request_id[16] = 0;
}

/* A request that names itself keeps its name; the others are numbered. */
static void
serve_name(call_t *call, const http_request_t *request)
{
    http_text_t id;
    if (http_field(request, "x-request-id", &id) && serve_is_id(id)) {
        memcpy(call->request_id, id.data, id.size);
        call->request_id[id.size] = 0;
    } else
        serve_number(call);
}

static int
serve_hex(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

/* W3C Trace Context, version 00: "00-" 32 hex "-" 16 hex "-" 2 hex, no id of zeros alone; anything
 * else is passed over. */
static void
serve_trace(call_t *call, const http_request_t *request)
{
    enum { TRACE_TEXT = 55, TRACE_ID = 16, TRACE_PARENT = 8 };
    static const uint8_t zeros[TRACE_ID];
    http_text_t text;
    if (!http_field(request, "traceparent", &text) || text.size != TRACE_TEXT ||
        memcmp(text.data, "00-", 3) != 0 || text.data[35] != '-' || text.data[52] != '-')
        return;
    size_t out = 0;
    for (size_t i = 0; i < TRACE_TEXT; i += 2) {
        if (text.data[i] == '-')
            i++;
        int high = serve_hex(text.data[i]), low = serve_hex(text.data[i + 1]);
        if (high < 0 || low < 0)
            return;
        call->trace[out++] = (uint8_t)(high << 4 | low);
    }
    call->traced = out == BRIDGE_TRACE_SIZE && memcmp(call->trace + 1, zeros, TRACE_ID) != 0 &&
                   memcmp(call->trace + 1 + TRACE_ID, zeros, TRACE_PARENT) != 0;
}

/* An Idempotency-Key means one thing for one caller and one route. */
static void
serve_once(call_t *call, const http_request_t *request)
{
    http_text_t key;
    if (!http_field(request, "idempotency-key", &key) || key.size == 0)
        return;
    uint8_t mac[TOKEN_MAC_SIZE];
    char text[512];
    int size = snprintf(text, sizeof text, "%u %" PRIu64 " %s %.*s", call->route->id,
                        call->identity.user, call->identity.staff, (int)key.size, key.data);
    const token_key_t *ring = &call->bridge->ring.keys[call->bridge->ring.count - 1];
    token_mac(ring->key, ring->size, text, (size_t)size, mac);
    memcpy(call->once_key, mac, sizeof call->once_key);
    call->once = true;
}

static bool
serve_read_once(call_t *call, const http_request_t *request)
{
    http_text_t key;
    enum { ONCE_MAX = 255 };
    if (http_field_count(request, "idempotency-key") > 1 ||
        (http_field(request, "idempotency-key", &key) && key.size > ONCE_MAX)) {
        answer_problem(call, PROBLEM_BAD_REQUEST, "Idempotency-Key: one of at most 255 characters",
                       "");
        return false;
    }
    serve_once(call, request);
    return true;
}

static void
serve_read_head(call_t *call, const http_request_t *request)
{
    http_text_t text;
    call->method = (uint8_t)request->method;
    serve_name(call, request);
    serve_trace(call, request);
    call->gzip = http_field(request, "accept-encoding", &text) && http_list_has(text, "gzip");
    if (http_field(request, "if-none-match", &text) && text.size <= BRIDGE_ETAG_MAX) {
        memcpy(call->etag, text.data, text.size);
        call->etag[text.size] = 0;
    }
    guard_address(call, request);
    guard_origin(call, request);
}

/* "Allow: ..." without its end; HEAD goes where GET goes. */
static size_t
serve_allow(char *to, size_t room, uint32_t allowed)
{
    size_t size = (size_t)snprintf(to, room, "Allow: OPTIONS");
    if (allowed >> HTTP_GET & 1)
        allowed |= 1u << HTTP_HEAD;
    for (uint32_t method = 0; method < HTTP_METHODS; method++)
        if (allowed >> method & 1)
            size += (size_t)snprintf(to + size, room - size, ", %s",
                                     route_method_name((http_method_t)method));
    return size;
}

static void
serve_not_here(call_t *call, route_verdict_t verdict, uint32_t allowed)
{
    char extra[128];
    if (verdict == ROUTE_NO_PATH) {
        answer_problem(call, PROBLEM_NOT_FOUND, NULL, "");
        return;
    }
    size_t size = serve_allow(extra, sizeof extra, allowed);
    snprintf(extra + size, sizeof extra - size, "\r\n");
    answer_problem(call, PROBLEM_METHOD_NOT_ALLOWED, NULL, extra);
}

/* What a page of another origin may ask for, before it asks. */
static void
serve_options(call_t *call, uint32_t allowed)
{
    char extra[384];
    size_t size = serve_allow(extra, sizeof extra, allowed);
    if (call->cors)
        size += (size_t)snprintf(
            extra + size, sizeof extra - size,
            "\r\nAccess-Control-Allow-Methods: GET, POST, PUT, PATCH, DELETE"
            "\r\nAccess-Control-Allow-Headers: Authorization, Content-Type, Idempotency-Key, "
            "X-Request-Id, traceparent\r\nAccess-Control-Max-Age: 600");
    snprintf(extra + size, sizeof extra - size, "\r\n");
    answer_empty(call, 204, extra);
}

static void
serve_route(call_t *call, const http_request_t *request, http_text_t body)
{
    path_t path;
    uint32_t allowed;
    route_verdict_t verdict =
        route_match(request->method, request->path, &call->route, &path, &allowed);
    if (verdict != ROUTE_FOUND)
        call->route = NULL;
    if (verdict == ROUTE_NO_PATH && files_answer(call, request))
        return;
    if (request->method == HTTP_OPTIONS && verdict == ROUTE_NO_METHOD) {
        serve_options(call, allowed);
        return;
    }
    if (verdict != ROUTE_FOUND) {
        serve_not_here(call, verdict, allowed);
        return;
    }
    if (guard_admit(call, request, body) != 0 || !serve_read_once(call, request))
        return;
    route_handlers[call->route->id](call, request, &path, body);
}

static void
serve_request(void *owner, conn_t *conn, const http_request_t *request, http_text_t body)
{
    bridge_t *self = owner;
    call_t *call = serve_new(self, conn);
    if (!call) {
        conn_kill(conn);
        return;
    }
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now) == 0)
        self->now_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
    serve_read_head(call, request);
    serve_route(call, request, body);
}

static void
serve_refused(void *owner, conn_t *conn, uint16_t status, const char *reason)
{
    call_t *call = serve_new(owner, conn);
    if (!call)
        return;
    serve_number(call);
    answer_problem(call, answer_problem_of(status), reason, "");
}

static void
serve_message(void *owner, conn_t *conn, const ws_message_t *message)
{
    (void)owner;
    live_message(conn, message);
}

static void
serve_writable(void *owner, conn_t *conn)
{
    (void)owner;
    live_writable(conn);
}

/* The client has gone: what it asked for is still answered to us, and dropped. */
static void
serve_gone(void *owner, conn_t *conn)
{
    (void)owner;
    if (conn->follows) {
        live_gone(conn);
        return;
    }
    call_t *call = conn->owner;
    call->conn = NULL;
}

const edge_handlers_t serve_handlers = {
    .request = serve_request,
    .refused = serve_refused,
    .message = serve_message,
    .writable = serve_writable,
    .gone = serve_gone,
};
