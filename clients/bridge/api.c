/* api - handlers of routes that sell: most are one command, and the table says which. */
#include "actors/ids.h"
#include "clients/bridge/answer.h"
#include "clients/bridge/ask.h"
#include "clients/bridge/hall_text.h"
#include "clients/bridge/handlers.h"
#include "clients/bridge/room.h"
#include "clients/mpjson.h"
#include "clients/qr.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
handle_operation(call_t *call, const http_request_t *request, const path_t *path, http_text_t body)
{
    ask_t ask;
    uint64_t key;
    ask_begin(&ask, call);
    if (ask_request(&ask, call->route->operation, request, path, body, &key))
        ask_send(&ask, call->route->operation, key, ask_answer);
}

/* What a showtime has taken is for staff. */
static void
showtime_told(call_t *call, const marquee_reply_t *reply)
{
    if (reply->status != STATUS_OK) {
        answer_refused(call, reply);
        return;
    }
    json_t *body = mpjson_read_web(reply->body, reply->body_size);
    if (!body) {
        answer_problem(call, PROBLEM_BAD_GATEWAY, NULL, "");
        return;
    }
    if (call->identity.kind != IDENTITY_STAFF)
        (void)json_object_del(body, "books");
    answer_json(call, 200, body, "");
}

void
handle_showtime(call_t *call, const http_request_t *request, const path_t *path, http_text_t body)
{
    ask_t ask;
    uint64_t key;
    ask_begin(&ask, call);
    if (ask_request(&ask, OP_SHOWTIME_GET, request, path, body, &key))
        ask_send(&ask, OP_SHOWTIME_GET, key, showtime_told);
}

/* ------------------------------------------------------------------ locks */

static void
lock_answered(call_t *call, const marquee_reply_t *reply)
{
    if (reply->status == STATUS_QUEUE_FIRST)
        room_refused(call);
    ask_answer(call, reply);
}

/* With `count` the actor chooses, else the seats are named. */
void
handle_lock(call_t *call, const http_request_t *request, const path_t *path, http_text_t body)
{
    ask_t ask;
    uint64_t key;
    json_t *json = ask_body(call, request, body);
    if (!json)
        return;
    bool best = json_object_get(json, "count") != NULL;
    uint16_t code = best ? OP_SEATS_BEST : OP_SEATS_LOCK;
    json_decref(json);
    ask_begin(&ask, call);
    if (ask_request(&ask, code, request, path, body, &key) && room_lets(call, request, key))
        ask_send(&ask, code, key, lock_answered);
}

/* One seat, in the manner of the old interface: the place is SHOWTIME-SEAT. */
void
handle_lock_place(call_t *call, const http_request_t *request, const path_t *path, http_text_t body)
{
    ask_t ask;
    char place[48];
    uint64_t showtime, seat;
    (void)body;
    char *dash = ask_parameter(path, "place", place, sizeof place) ? strchr(place, '-') : NULL;
    if (dash)
        *dash = 0;
    if (!dash || !ask_decimal(place, &showtime) || !ask_decimal(dash + 1, &seat) || showtime == 0) {
        answer_problem(call, PROBLEM_BAD_PARAMETER, "SHOWTIME-SEAT is wanted", "");
        return;
    }
    if (!room_lets(call, request, showtime))
        return;
    ask_begin(&ask, call);
    ask_number(&ask, FIELD_USER, call->identity.user);
    ask_seat(&ask, seat);
    ask_send(&ask, OP_SEATS_LOCK, showtime, lock_answered);
}

/* ------------------------------------------------------------------ seats */

static void
seats_want(call_t *call, const path_t *path, hall_format_t format)
{
    if (!ask_showtime(call, path, &call->key))
        return;
    hall_t *hall = hall_of(call->bridge, call->key);
    if (!hall) {
        answer_problem(call, PROBLEM_INTERNAL, "too many showtimes are looked at", "");
        return;
    }
    call->format = (uint16_t)format;
    hall_want(hall, call);
}

void
handle_seats(call_t *call, const http_request_t *request, const path_t *path, http_text_t body)
{
    char format[16], since[16];
    (void)body;
    int formatted = ask_query(request, "format", format, sizeof format);
    int from = ask_query(request, "since", since, sizeof since);
    if (formatted < 0 || (formatted && strcmp(format, "compact") != 0)) {
        answer_problem(call, PROBLEM_BAD_PARAMETER, "format", "");
        return;
    }
    if (from < 0 || (from && (!formatted || !ask_decimal(since, &call->since)))) {
        answer_problem(call, PROBLEM_BAD_PARAMETER, "since", "");
        return;
    }
    seats_want(call, path, from ? HALL_CHANGES : formatted ? HALL_COMPACT : HALL_MAP);
}

void
handle_layout(call_t *call, const http_request_t *request, const path_t *path, http_text_t body)
{
    (void)request;
    (void)body;
    seats_want(call, path, HALL_LAYOUT);
}

/* ------------------------------------------------------------------ paying */

/* An answer that was waited for has no room for long links: they stand with the order. */
static void
pay_looked(call_t *call, const marquee_reply_t *reply)
{
    json_t *body =
        reply->status == STATUS_OK ? mpjson_read_web(reply->body, reply->body_size) : NULL;
    const json_t *payment = json_object_get(body, "payment");
    json_t *told = json_pack(
        "{s:O?, s:O?, s:O?, s:O?, s:O?}", "order", json_object_get(body, "order"), "amount",
        json_object_get(body, "amount"), "until_ms", json_object_get(body, "until_ms"), "charge",
        json_object_get(payment, "charge"), "link", json_object_get(payment, "link"));
    json_decref(body);
    if (reply->status != STATUS_OK) {
        json_decref(told);
        answer_refused(call, reply);
    } else
        answer_json(call, call->route->success, told, "");
}

static void
pay_begun(call_t *call, const marquee_reply_t *reply)
{
    ask_t ask;
    const char *charge, *link, *order;
    size_t charge_size, link_size, order_size;
    bool open =
        reply->status == STATUS_OK && marquee_reply_text(reply, "charge", &charge, &charge_size) &&
        charge_size == 4 && memcmp(charge, "open", 4) == 0 &&
        marquee_reply_text(reply, "link", &link, &link_size) && link_size == 0 &&
        marquee_reply_text(reply, "order", &order, &order_size) && order_size < sizeof call->word;
    if (!open) {
        ask_answer(call, reply);
        return;
    }
    memcpy(call->word, order, order_size);
    call->once = false;
    ask_begin(&ask, call);
    ask_text(&ask, FIELD_ORDER, (http_text_t){ call->word, order_size });
    if (call->identity.kind == IDENTITY_BUYER)
        ask_number(&ask, FIELD_USER, call->identity.user);
    ask_send(&ask, OP_ORDER_GET, call->key, pay_looked);
}

void
handle_pay(call_t *call, const http_request_t *request, const path_t *path, http_text_t body)
{
    ask_t ask;
    uint64_t key;
    ask_begin(&ask, call);
    if (!ask_request(&ask, OP_PAYMENT_BEGIN, request, path, body, &key))
        return;
    if (!ask_has(&ask, FIELD_PROVIDER))
        ask_text(&ask, FIELD_PROVIDER, (http_text_t){ "sandbox", 7 });
    char address[EDGE_ADDRESS_TEXT];
    address_text(&call->address, address);
    ask_text(&ask, FIELD_ADDRESS, (http_text_t){ address, strlen(address) });
    ask_send(&ask, OP_PAYMENT_BEGIN, key, pay_begun);
}

/* The buyer's own look has told the amount: pay it, as the sandbox provider would. The transaction
 * is named by the code, so that paying twice is one payment. */
static void
sandbox_looked(call_t *call, const marquee_reply_t *reply)
{
    ask_t ask;
    uint64_t amount;
    char order[ORDER_ID_ROOM];
    if (reply->status != STATUS_OK) {
        answer_refused(call, reply);
        return;
    }
    if (!marquee_reply_number(reply, "amount", &amount)) {
        answer_problem(call, PROBLEM_BAD_GATEWAY, NULL, "");
        return;
    }
    char *code = strchr(call->word, ' ') + 1;
    snprintf(order, sizeof order, "%.*s", (int)(code - 1 - call->word), call->word);
    ask_begin(&ask, call);
    ask_text(&ask, FIELD_ORDER, (http_text_t){ order, strlen(order) });
    ask_text(&ask, FIELD_PROVIDER, (http_text_t){ "sandbox", 7 });
    ask_text(&ask, FIELD_OUTCOME, (http_text_t){ "succeeded", 9 });
    ask_number(&ask, FIELD_AMOUNT, amount);
    ask_text(&ask, FIELD_TXN, (http_text_t){ code, strlen(code) });
    ask_text(&ask, FIELD_CODE, (http_text_t){ code, strlen(code) });
    ask_send(&ask, OP_PAYMENT_SETTLE, call->key, ask_answer);
}

void
handle_sandbox(call_t *call, const http_request_t *request, const path_t *path, http_text_t body)
{
    ask_t ask;
    uint64_t key;
    json_error_t error;
    (void)path;
    json_t *json = ask_body(call, request, body);
    const char *order, *code;
    if (!json)
        return;
    if (json_unpack_ex(json, &error, JSON_STRICT, "{s:s, s:s}", "order", &order, "code", &code) !=
            0 ||
        !ids_order_showtime(order, &key) || strlen(code) > field_info(FIELD_CODE)->max || !*code) {
        answer_problem(call, PROBLEM_BAD_JSON, "order and code are wanted", "");
        json_decref(json);
        return;
    }
    snprintf(call->word, sizeof call->word, "%s %s", order, code);
    json_decref(json);
    ask_begin(&ask, call);
    ask_text(&ask, FIELD_ORDER, (http_text_t){ call->word, ORDER_ID_SIZE });
    if (call->identity.kind == IDENTITY_BUYER)
        ask_number(&ask, FIELD_USER, call->identity.user);
    ask_send(&ask, OP_ORDER_GET, key, sandbox_looked);
}

/* ------------------------------------------------------------------ tickets */

static void
ticket_drawn(call_t *call, const marquee_reply_t *reply)
{
    const char *token;
    size_t size = 0, drawn_size = 0;
    char *drawn = NULL;
    if (reply->status != STATUS_OK) {
        answer_refused(call, reply);
        return;
    }
    bool png = call->route->id == ROUTE_TICKET_PNG;
    qr_t *qr = marquee_reply_text(reply, "token", &token, &size) ? qr_new(token, size) : NULL;
    FILE *to = qr ? open_memstream(&drawn, &drawn_size) : NULL;
    int fault = to ? (png ? qr_png : qr_svg)(qr, QR_PIXELS, to) : -1;
    if (to && fclose(to) != 0)
        fault = -1;
    qr_destroy(&qr);
    if (!size) {
        const marquee_reply_t refusal = { .status = STATUS_TICKET_VOID };
        answer_refused(call, &refusal);
    } else if (fault)
        answer_problem(call, PROBLEM_INTERNAL, "the code cannot be drawn", "");
    else
        answer_bytes(call, 200, png ? "image/png" : "image/svg+xml", drawn, drawn_size,
                     "Cache-Control: private, no-store\r\n");
    free(drawn);
}

void
handle_ticket_qr(call_t *call, const http_request_t *request, const path_t *path, http_text_t body)
{
    ask_t ask;
    uint64_t key;
    ask_begin(&ask, call);
    if (ask_request(&ask, OP_TICKET_GET, request, path, body, &key))
        ask_send(&ask, OP_TICKET_GET, key, ticket_drawn);
}

/* All partitions of a site sign under its one key. */
void
handle_ticket_keys(call_t *call, const http_request_t *request, const path_t *path,
                   http_text_t body)
{
    ask_t ask;
    (void)request;
    (void)path;
    (void)body;
    ask_begin(&ask, call);
    ask_send(&ask, OP_SITE_KEYS, 0, ask_answer);
}

/* ------------------------------------------------------------------ health */

void
handle_health(call_t *call, const http_request_t *request, const path_t *path, http_text_t body)
{
    (void)request;
    (void)path;
    (void)body;
    answer_bytes(call, 200, "text/plain", "ok\n", 3, "");
}

static void
ready_seen(call_t *call, const marquee_reply_t *reply)
{
    if (reply->status != STATUS_OK) {
        answer_refused(call, reply);
        return;
    }
    json_t *status = mpjson_read_web(reply->body, reply->body_size);
    const json_t *one;
    size_t at, down = 0;
    json_array_foreach(json_object_get(status, "partitions"), at, one) down +=
        !json_is_true(json_array_get(one, 1));
    json_decref(status);
    if (down)
        answer_problem(call, PROBLEM_SERVER_AWAY, "a partition has no actor", "");
    else
        answer_bytes(call, 200, "text/plain", "ready\n", 6, "");
}

void
handle_ready(call_t *call, const http_request_t *request, const path_t *path, http_text_t body)
{
    ask_t ask;
    (void)request;
    (void)path;
    (void)body;
    if (call->bridge->stopping) {
        answer_problem(call, PROBLEM_SERVER_AWAY, "stopping", "");
        return;
    }
    ask_begin(&ask, call);
    ask_send(&ask, OP_BROKER_STATUS, 0, ready_seen);
}
