/* ask - see ask.h for the contract. */
#include "clients/bridge/ask.h"
#include "actors/ids.h"
#include "clients/bridge/answer.h"
#include "clients/mpjson.h"
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { ASK_ROOM = MARQUEE_BODY_MAX, ASK_MAP_HEAD = 3, ASK_TEXT_MAX = 512, ASK_DEPTH_MAX = 8 };

static uint8_t ask_room[ASK_ROOM];

/* ------------------------------------------------------------------ fields */

void
ask_begin(ask_t *self, call_t *call)
{
    *self = (ask_t){ .call = call };
    pack_init(&self->pack, ask_room + ASK_MAP_HEAD, sizeof ask_room - ASK_MAP_HEAD);
}

static void
ask_open(ask_t *self, field_t field)
{
    assert(!ask_has(self, field));
    self->present |= FIELD_BIT(field);
    self->count++;
    pack_str(&self->pack, field_info(field)->name);
}

void
ask_number(ask_t *self, field_t field, uint64_t value)
{
    ask_open(self, field);
    pack_uint(&self->pack, value);
}

void
ask_flag(ask_t *self, field_t field, bool value)
{
    ask_open(self, field);
    pack_bool(&self->pack, value);
}

void
ask_text(ask_t *self, field_t field, http_text_t value)
{
    ask_open(self, field);
    pack_strn(&self->pack, value.data, value.size);
}

void
ask_bytes(ask_t *self, field_t field, const void *data, size_t size)
{
    ask_open(self, field);
    pack_bin(&self->pack, data, size);
}

void
ask_seat(ask_t *self, uint64_t seat)
{
    ask_open(self, FIELD_SEATS);
    pack_array(&self->pack, 1);
    pack_uint(&self->pack, seat);
}

bool
ask_json(ask_t *self, field_t field, const json_t *value)
{
    switch (field_info(field)->type) {
    case TYPE_UINT:
        if (!json_is_integer(value) || json_integer_value(value) < 0)
            return false;
        ask_number(self, field, (uint64_t)json_integer_value(value));
        return true;
    case TYPE_BOOL:
        if (!json_is_boolean(value))
            return false;
        ask_flag(self, field, json_is_true(value));
        return true;
    case TYPE_STR:
        if (!json_is_string(value))
            return false;
        ask_text(self, field, (http_text_t){ json_string_value(value), json_string_length(value) });
        return true;
    case TYPE_SEATS:
    case TYPE_LIST:
        if (!json_is_array(value))
            return false;
        ask_open(self, field);
        return mpjson_pack(&self->pack, value);
    case TYPE_BIN:
    default:
        return false;
    }
}

bool
ask_decimal(const char *text, uint64_t *value)
{
    uint64_t number = 0;
    if (!*text || (*text == '0' && text[1]))
        return false;
    for (; *text; text++) {
        uint64_t digit = (uint64_t)(*text - '0');
        if (*text < '0' || *text > '9' || number > (UINT64_MAX - digit) / 10)
            return false;
        number = number * 10 + digit;
    }
    *value = number;
    return true;
}

/* A parameter of path or query is text; what the operation wants says how it is read. */
static bool
ask_word(ask_t *self, field_t field, const char *text)
{
    uint64_t number;
    switch (field_info(field)->type) {
    case TYPE_UINT:
        if (!ask_decimal(text, &number))
            return false;
        ask_number(self, field, number);
        return true;
    case TYPE_BOOL:
        if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
            return false;
        ask_flag(self, field, text[0] == 't');
        return true;
    case TYPE_STR:
        ask_text(self, field, (http_text_t){ text, strlen(text) });
        return true;
    case TYPE_BIN:
    case TYPE_SEATS:
    case TYPE_LIST:
    default:
        return false;
    }
}

/* ------------------------------------------------------------------ requests */

bool
ask_parameter(const path_t *path, const char *name, char *to, size_t room)
{
    for (uint32_t i = 0; i < path->count; i++)
        if (http_text_is(path->names[i], name)) {
            long size = http_unescape(path->values[i], false, to, room - 1);
            to[size < 0 ? 0 : size] = 0;
            return size > 0;
        }
    return false;
}

static bool
ask_bad_parameter(call_t *call, const char *name)
{
    char detail[64];
    snprintf(detail, sizeof detail, "%.40s", name);
    answer_problem(call, PROBLEM_BAD_PARAMETER, detail, "");
    return false;
}

bool
ask_showtime(call_t *call, const path_t *path, uint64_t *showtime)
{
    char text[24];
    if (ask_parameter(path, "showtime", text, sizeof text) && ask_decimal(text, showtime) &&
        *showtime > 0)
        return true;
    return ask_bad_parameter(call, "showtime");
}

int
ask_query(const http_request_t *request, const char *name, char *to, size_t room)
{
    http_text_t rest = request->query, key, value;
    int found = 0;
    while (http_query_next(&rest, &key, &value)) {
        if (!http_text_is(key, name))
            continue;
        long size = http_unescape(value, true, to, room - 1);
        if (size < 0 || found)
            return -1;
        to[size] = 0;
        found = 1;
    }
    return found;
}

/* The shard key is inside an order's or ticket's id, and in a ticket's token. */
static bool
ask_key_of(field_t field, const char *text, uint64_t *key)
{
    if (field == FIELD_ORDER)
        return ids_order_showtime(text, key);
    if (field == FIELD_TICKET)
        return ids_ticket_showtime(text, key);
    return field == FIELD_TOKEN && ids_token_showtime(text, key);
}

static bool
ask_take_path(ask_t *self, const operation_t *operation, const path_t *path, uint64_t *key)
{
    char text[ASK_TEXT_MAX], name[32];
    for (uint32_t i = 0; i < path->count; i++) {
        snprintf(name, sizeof name, "%.*s", (int)path->names[i].size, path->names[i].data);
        if (strcmp(name, "showtime") == 0) {
            if (!ask_showtime(self->call, path, key))
                return false;
            continue;
        }
        if (operation->key == KEY_CINEMA && strcmp(name, "cinema") == 0) {
            if (!ask_parameter(path, name, text, sizeof text) || !ask_decimal(text, key) ||
                *key == 0 || *key > INT64_MAX)
                return ask_bad_parameter(self->call, name);
            continue;
        }
        field_t field = field_named(name, strlen(name));
        assert(field < FIELDS);
        if (!ask_parameter(path, name, text, sizeof text) || !ask_word(self, field, text) ||
            (!*key && !ask_key_of(field, text, key)))
            return ask_bad_parameter(self->call, name);
    }
    return true;
}

static bool
ask_take_query(ask_t *self, const http_request_t *request, field_set_t allowed)
{
    http_text_t rest = request->query, name, value;
    while (http_query_next(&rest, &name, &value)) {
        char text[ASK_TEXT_MAX], said[41];
        field_t field = field_named(name.data, name.size);
        snprintf(said, sizeof said, "%.*s", (int)(name.size < 40 ? name.size : 40), name.data);
        bool listed = route_word(self->call->route->query, name.data, name.size);
        long size = http_unescape(value, true, text, sizeof text - 1);
        if (size >= 0)
            text[size] = 0;
        if (!listed || field == FIELDS || !field_in(allowed, field) || ask_has(self, field) ||
            size < 0 || !ask_word(self, field, text))
            return ask_bad_parameter(self->call, said);
    }
    return true;
}

static bool
ask_is_json(const http_request_t *request)
{
    static const char json[] = "application/json";
    http_text_t type;
    if (!http_field(request, "content-type", &type) || type.size < sizeof json - 1 ||
        !http_text_is_nocase((http_text_t){ type.data, sizeof json - 1 }, json))
        return false;
    return type.size == sizeof json - 1 || type.data[sizeof json - 1] == ';' ||
           type.data[sizeof json - 1] == ' ';
}

static uint32_t
ask_depth(const char *data, size_t size)
{
    uint32_t depth = 0, deepest = 0;
    bool quoted = false;
    for (size_t i = 0; i < size; i++) {
        if (quoted && data[i] == '\\')
            i++;
        else if (data[i] == '"')
            quoted = !quoted;
        else if (!quoted && (data[i] == '[' || data[i] == '{'))
            deepest = ++depth > deepest ? depth : deepest;
        else if (!quoted && (data[i] == ']' || data[i] == '}') && depth)
            depth--;
    }
    return deepest;
}

json_t *
ask_body(call_t *call, const http_request_t *request, http_text_t body)
{
    json_error_t error;
    if (body.size == 0)
        return json_object();
    if (!ask_is_json(request)) {
        answer_problem(call, PROBLEM_NOT_JSON, NULL, "");
        return NULL;
    }
    if (ask_depth(body.data, body.size) > ASK_DEPTH_MAX) {
        answer_problem(call, PROBLEM_BAD_JSON, "nested too deep", "");
        return NULL;
    }
    json_t *json = json_loadb(body.data, body.size, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(json)) {
        answer_problem(call, PROBLEM_BAD_JSON, json ? "not an object" : error.text, "");
        json_decref(json);
        return NULL;
    }
    return json;
}

/* What a caller may say in a body: the operation's fields, but for those that the bridge answers
 * for. */
static field_set_t
ask_body_fields(const call_t *call, const operation_t *operation)
{
    field_set_t fields = operation->required | operation->optional;
    const char *words = call->route->body, *name;
    size_t size;
    char type;
    bool required;
    if (strcmp(words, "*") == 0)
        return fields & ~ROUTE_FIELDS_OWN;
    field_set_t listed = 0;
    while (route_body_next(&words, &name, &size, &type, &required)) {
        field_t field = field_named(name, size);
        listed |= field < FIELDS ? FIELD_BIT(field) : 0;
    }
    return fields & listed;
}

static bool
ask_take_body(ask_t *self, const operation_t *operation, const http_request_t *request,
              http_text_t text, uint64_t *key)
{
    call_t *call = self->call;
    const char *name;
    json_t *value, *body;
    field_set_t allowed = ask_body_fields(call, operation);
    if (!(body = ask_body(call, request, text)))
        return false;
    json_object_foreach(body, name, value)
    {
        field_t field = field_named(name, strlen(name));
        if (field == FIELD_CINEMA && operation->key == KEY_CINEMA && !*key &&
            route_word(call->route->body, "cinema:number!", 14) && json_integer_value(value) > 0) {
            *key = (uint64_t)json_integer_value(value);
            continue;
        }
        bool good = field < FIELDS && field_in(allowed, field) && !ask_has(self, field) &&
                    ask_json(self, field, value);
        if (good && !*key && json_is_string(value))
            (void)ask_key_of(field, json_string_value(value), key);
        if (good)
            continue;
        char detail[64];
        snprintf(detail, sizeof detail, "%.40s", name);
        answer_problem(call, PROBLEM_BAD_JSON, detail, "");
        json_decref(body);
        return false;
    }
    json_decref(body);
    return true;
}

bool
ask_request(ask_t *self, uint16_t code, const http_request_t *request, const path_t *path,
            http_text_t body, uint64_t *key)
{
    const operation_t *operation = operation_of(code);
    call_t *call = self->call;
    field_set_t allowed = operation->required | operation->optional;
    assert(operation->key == KEY_SHOWTIME || operation->key == KEY_CINEMA);
    *key = 0;
    if (!ask_take_path(self, operation, path, key) || !ask_take_query(self, request, allowed))
        return false;
    bool staff = call->identity.kind == IDENTITY_STAFF;
    /* Staff see anybody's; they act for others where the operation wants no user. */
    bool names = field_in(allowed, FIELD_USER) &&
                 (!staff || field_in(operation->required, FIELD_USER)) &&
                 call->identity.kind != IDENTITY_NONE;
    if (names)
        ask_number(self, FIELD_USER, call->identity.user);
    if (*call->route->body && !ask_take_body(self, operation, request, body, key))
        return false;
    if (*key == 0) {
        answer_problem(call, PROBLEM_BAD_PARAMETER,
                       operation->key == KEY_CINEMA ? "nothing names the cinema"
                                                    : "nothing names the showtime",
                       "");
        return false;
    }
    return true;
}

/* ------------------------------------------------------------------ calls */

void
bridge_turn(bridge_t *self)
{
    self->turn_calls++;
    if (self->turn_due)
        return;
    self->turn_due = true;
    event_active(self->turn, EV_TIMEOUT, 0);
}

static void
ask_done(void *argument, const marquee_reply_t *reply)
{
    call_t *call = argument;
    if (!call->conn && !call->to_end) {
        serve_release(call);
        return;
    }
    call->done(call, reply);
}

/* What travels with every command: for whom the bridge speaks, what makes a repeat a repeat, whose
 * trace it is. */
static void
ask_companions(ask_t *self, const operation_t *operation)
{
    const call_t *call = self->call;
    if (call->identity.kind == IDENTITY_STAFF)
        ask_text(self, FIELD_STAFF,
                 (http_text_t){ call->identity.staff, strlen(call->identity.staff) });
    if (call->signed_ms && operation->optional >> FIELD_NONCE & 1) {
        ask_bytes(self, FIELD_NONCE, call->nonce, sizeof call->nonce);
        ask_number(self, FIELD_AT, (uint64_t)call->signed_ms);
    } else if (call->once &&
               operation->mode == MODE_WRITE) /* a signed request is made once anyway */
        ask_bytes(self, FIELD_ONCE, call->once_key, sizeof call->once_key);
    if (call->traced)
        ask_bytes(self, FIELD_TRACE, call->trace, sizeof call->trace);
}

void
ask_send(ask_t *self, uint16_t code, uint64_t key,
         void (*done)(call_t *call, const marquee_reply_t *reply))
{
    call_t *call = self->call;
    bridge_t *bridge = call->bridge;
    const operation_t *operation = operation_of(code);
    if (!bridge->connected) {
        bridge->figures.unavailable++;
        answer_problem(call, PROBLEM_SERVER_AWAY, NULL, "");
        return;
    }
    ask_companions(self, operation);
    ask_room[0] = 0xde; /* map 16 */
    ask_room[1] = (uint8_t)(self->count >> 8);
    ask_room[2] = (uint8_t)self->count;
    const marquee_body_t body = { .data = ask_room,
                                  .size = ASK_MAP_HEAD + self->pack.size,
                                  .room = sizeof ask_room,
                                  .overflow = self->pack.overflow };
    uint32_t timeout_ms = operation->mode == MODE_READ ? BRIDGE_READ_MS : BRIDGE_WRITE_MS;
    call->done = done;
    call->key = key;
    if (marquee_call(bridge->marquee, code, key, &body, timeout_ms, ask_done, call) == 0) {
        bridge_turn(bridge);
        return;
    }
    bridge->figures.unavailable++;
    answer_problem(call, errno == EMSGSIZE ? PROBLEM_BODY_TOO_LARGE : PROBLEM_SERVER_AWAY, NULL,
                   "");
}

static void
ask_background_done(void *argument, const marquee_reply_t *reply)
{
    call_t *call = argument;
    call->done(call, reply);
}

int
ask_background(call_t *call, uint16_t code, uint64_t key, const marquee_body_t *body,
               void (*done)(call_t *call, const marquee_reply_t *reply))
{
    bridge_t *bridge = call->bridge;
    call->done = done;
    call->key = key;
    if (bridge->connected && marquee_call(bridge->marquee, code, key, body, BRIDGE_READ_MS,
                                          ask_background_done, call) == 0) {
        bridge_turn(bridge);
        return 0;
    }
    call->conn = NULL;
    serve_release(call);
    return -1;
}

void
ask_answer(call_t *call, const marquee_reply_t *reply)
{
    if (reply->status != STATUS_OK) {
        answer_refused(call, reply);
        return;
    }
    if (call->route->success == 204) {
        answer_empty(call, 204, "");
        return;
    }
    json_t *body = mpjson_read_web(reply->body, reply->body_size);
    if (body)
        answer_json(call, call->route->success, body, "");
    else
        answer_problem(call, PROBLEM_BAD_GATEWAY, NULL, "");
}
