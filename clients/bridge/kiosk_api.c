/* kiosk_api - kiosks over HTTP: enrolled by staff, signed requests, every attempt kept.
 *
 * Kiosks stand in the file DIRECTORY/kiosks (kiosk.h). The audit log is DIRECTORY/audit.log, a line
 * of JSON an attempt, written before the attempt is answered and synced within a second; what
 * reaches a partition stands in its journal too. */
#include "actors/ids.h"
#include "clients/bridge/answer.h"
#include "clients/bridge/ask.h"
#include "clients/bridge/handlers.h"
#include "clients/bridge/live.h"
#include "clients/bridge/store.h"
#include "clients/mpjson.h"
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { KIOSK_NEW_KEY = 32, KIOSK_LINE = 2 * KIOSK_KEY_MAX + KIOSK_NAME_MAX + 16 };

/* ------------------------------------------------------------------ the file */

static kiosk_ring_t *
kiosk_read_file(const bridge_t *self, char *error, size_t room)
{
    size_t size = 0;
    char reason[96] = "memory is short";
    const char *folder = self->conf.text[BRIDGE_CONF_session_directory];
    char *text = store_read(folder, "kiosks", &size);
    kiosk_ring_t *ring = text || errno == ENOENT ? malloc(sizeof *ring) : NULL;
    if (!text && errno != ENOENT)
        snprintf(reason, sizeof reason, "%s", strerror(errno));
    if (ring && kiosk_ring_read(ring, text ? text : "", size, reason, sizeof reason) != 0) {
        free(ring);
        ring = NULL;
    }
    if (!ring)
        snprintf(error, room, "%.200s/kiosks: %s", folder, reason);
    free(text);
    return ring;
}

int
kiosk_load(bridge_t *self, char *error, size_t room)
{
    kiosk_ring_t *ring = kiosk_read_file(self, error, room);
    if (!ring)
        return -1;
    free(self->kiosks);
    self->kiosks = ring;
    for (uint32_t i = 0; self->halls && i < ring->count; i++)
        if (ring->kiosks[i].revoked)
            live_end_kiosk(self, ring->kiosks[i].name);
    return 0;
}

static int
kiosk_save(const bridge_t *self, const kiosk_ring_t *ring)
{
    char *text = malloc((size_t)ring->count * KIOSK_LINE + 1), *to = text;
    if (!text)
        return -1;
    for (uint32_t i = 0; i < ring->count; i++) {
        const kiosk_t *kiosk = &ring->kiosks[i];
        char key[2 * KIOSK_KEY_MAX];
        ids_base64_text(key, kiosk->key, kiosk->size);
        to += sprintf(to, "%s %s%s\n", kiosk->name, key, kiosk->revoked ? " revoked" : "");
    }
    int fault = store_write(self->conf.text[BRIDGE_CONF_session_directory], "kiosks", text,
                            (size_t)(to - text));
    free(text);
    return fault;
}

/* ------------------------------------------------------------------ the audit log */

static void
kiosk_audit(const call_t *call, const char *kiosk, const char *what, const char *outcome)
{
    char address[EDGE_ADDRESS_TEXT];
    bridge_t *self = call->bridge;
    address_text(&call->address, address);
    json_t *line = json_pack("{s:I, s:s%, s:s, s:s, s:s, s:s}", "at_ms", (json_int_t)self->now_ms,
                             "kiosk", kiosk, strnlen(kiosk, 32), "what", what, "outcome", outcome,
                             "address", address, "request", call->request_id);
    char *text = line ? json_dumps(line, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;
    json_decref(line);
    size_t size = text ? strlen(text) : 0;
    if (text)
        text[size++] = '\n'; /* in place of its NUL */
    if (!text || write(self->audit, text, size) != (ssize_t)size)
        log_say(self, "error", "the audit log cannot be written: %s", strerror(errno));
    else
        self->audit_unsynced = true;
    free(text);
}

/* ------------------------------------------------------------------ signed requests */

static int
kiosk_refuse(call_t *call, const char *kiosk, const char *what, kiosk_verdict_t verdict)
{
    call->bridge->figures.kiosk_refused++;
    kiosk_audit(call, kiosk, what, kiosk_verdict_name(verdict));
    answer_problem(call, verdict == KIOSK_STALE ? PROBLEM_KIOSK_STALE : PROBLEM_KIOSK_REFUSED, NULL,
                   "");
    return -1;
}

/* A JSON text as it stands in a signed request. */
static http_text_t
kiosk_said(const json_t *body, const char *key)
{
    const json_t *value = json_object_get(body, key);
    return (http_text_t){ json_is_string(value) ? json_string_value(value) : "",
                          json_string_length(value) };
}

/* The nonce goes with the command: the ticket's partition remembers it, so that a replay is refused
 * whichever bridge it is sent to, and after a restart. */
static void
kiosk_keep_nonce(call_t *call, const kiosk_request_t *request, const char *kiosk)
{
    uint8_t key[crypto_generichash_KEYBYTES_MIN] = { 0 };
    _Static_assert(KIOSK_NAME_MAX < sizeof key, "a name fits a key");
    memcpy(key, kiosk, strlen(kiosk));
    int fault =
        crypto_generichash(call->nonce, sizeof call->nonce, (const uint8_t *)request->nonce.data,
                           request->nonce.size, key, sizeof key);
    assert(fault == 0);
    (void)fault;
    call->signed_ms = request->timestamp_ms;
}

int
kiosk_admit(call_t *call, const http_request_t *request, http_text_t body)
{
    http_text_t name = { "", 0 }, timestamp = { "", 0 }, signature = { "", 0 };
    char said[KIOSK_NAME_MAX + 1];
    const kiosk_t *kiosk;
    kiosk_request_t signed_part = { .method = { route_method_name(request->method), 0 },
                                    .path = request->path,
                                    .nonce = { "", 0 } };
    signed_part.method.size = strlen(signed_part.method.data);
    (void)http_field(request, "x-kiosk-id", &name);
    (void)http_field(request, "x-kiosk-timestamp", &timestamp);
    (void)http_field(request, "x-kiosk-nonce", &signed_part.nonce);
    (void)http_field(request, "x-kiosk-signature", &signature);
    snprintf(said, sizeof said, "%.*s", (int)(name.size < 15 ? name.size : 15), name.data);
    kiosk_verdict_t verdict = KIOSK_MALFORMED;
    kiosk_digest(&signed_part, body);
    if (kiosk_timestamp_read(timestamp, &signed_part.timestamp_ms))
        verdict = kiosk_check(call->bridge->kiosks, name, &signed_part, signature,
                              call->bridge->now_ms, &kiosk);
    if (verdict != KIOSK_GOOD)
        return kiosk_refuse(call, said, call->route->path, verdict);
    kiosk_audit(call, said, call->route->path, "OK");
    call->identity.kind = IDENTITY_KIOSK;
    memcpy(call->identity.staff, kiosk->name, sizeof kiosk->name);
    kiosk_keep_nonce(call, &signed_part, kiosk->name);
    return 0;
}

static void
kiosk_redeemed(call_t *call, const marquee_reply_t *reply)
{
    kiosk_audit(call, call->word, "redeem", marquee_status_name(reply->status));
    ask_answer(call, reply);
}

/* The audit log hears of the end though the gate has gone. */
static void
kiosk_ask_redeem(call_t *call, http_text_t token)
{
    ask_t ask;
    uint64_t showtime;
    char text[TOKEN_ROOM];
    snprintf(text, sizeof text, "%.*s", (int)(token.size < TOKEN_ROOM ? token.size : 0),
             token.data);
    if (!ids_token_showtime(text, &showtime)) {
        const marquee_reply_t refusal = { .status = STATUS_BAD_TOKEN };
        kiosk_redeemed(call, &refusal);
        return;
    }
    call->to_end = true;
    ask_begin(&ask, call);
    ask_text(&ask, FIELD_TOKEN, token);
    ask_text(&ask, FIELD_KIOSK, (http_text_t){ call->word, strlen(call->word) });
    ask_send(&ask, OP_TICKET_REDEEM, showtime, kiosk_redeemed);
}

static bool
kiosk_redeem_form(const json_t *body)
{
    static const char *const texts[] = { "qr_code_data", "kiosk_id", "nonce", "signature" };
    const json_t *timestamp = json_object_get(body, "timestamp");
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (!json_is_string(json_object_get(body, texts[i])))
            return false;
    return json_is_integer(timestamp) && json_integer_value(timestamp) >= 0 &&
           json_object_size(body) == 5;
}

void
handle_kiosk_redeem(call_t *call, const http_request_t *request, const path_t *path,
                    http_text_t body)
{
    const kiosk_t *kiosk;
    (void)path;
    json_t *json = ask_body(call, request, body);
    if (!json)
        return;
    if (!kiosk_redeem_form(json)) {
        kiosk_audit(call, "", "redeem", "BAD_JSON");
        answer_problem(call, PROBLEM_BAD_JSON,
                       "qr_code_data, kiosk_id, timestamp, nonce and signature are wanted", "");
        json_decref(json);
        return;
    }
    http_text_t name = kiosk_said(json, "kiosk_id"), code = kiosk_said(json, "qr_code_data");
    kiosk_request_t signed_part = {
        .method = { "POST", 4 },
        .path = request->path,
        .nonce = kiosk_said(json, "nonce"),
        .timestamp_ms = json_integer_value(json_object_get(json, "timestamp")),
    };
    kiosk_digest_redeem(&signed_part, code, name);
    kiosk_verdict_t verdict =
        kiosk_check(call->bridge->kiosks, name, &signed_part, kiosk_said(json, "signature"),
                    call->bridge->now_ms, &kiosk);
    snprintf(call->word, sizeof call->word, "%.*s", (int)(name.size < 15 ? name.size : 15),
             name.data);
    if (verdict != KIOSK_GOOD)
        (void)kiosk_refuse(call, call->word, "redeem", verdict);
    else {
        kiosk_keep_nonce(call, &signed_part, call->word);
        kiosk_ask_redeem(call, code);
    }
    json_decref(json);
}

/* A kiosk speaks for itself; staff name the kiosk in the body. */
void
handle_ticket_print(call_t *call, const http_request_t *request, const path_t *path,
                    http_text_t body)
{
    ask_t ask;
    uint64_t key;
    ask_begin(&ask, call);
    if (call->identity.kind == IDENTITY_KIOSK)
        ask_text(&ask, FIELD_KIOSK,
                 (http_text_t){ call->identity.staff, strlen(call->identity.staff) });
    if (ask_request(&ask, OP_TICKET_PRINT, request, path, body, &key))
        ask_send(&ask, OP_TICKET_PRINT, key, ask_answer);
}

/* A page can set no fields on a WebSocket, so the signature stands in the query. */
void
handle_kiosk_stream(call_t *call, const http_request_t *request, const path_t *path,
                    http_text_t body)
{
    static const char *const names[] = { "kiosk_id", "timestamp", "nonce", "signature" };
    char said[4][KIOSK_SIGNATURE_ROOM];
    const kiosk_t *kiosk;
    bool good = true;
    (void)path;
    (void)body;
    if (!live_handshake(call, request))
        return;
    for (size_t i = 0; i < 4; i++)
        if (ask_query(request, names[i], said[i], sizeof said[i]) != 1) {
            said[i][0] = 0;
            good = false;
        }
    kiosk_request_t signed_part = { .method = { "GET", 3 },
                                    .path = request->path,
                                    .nonce = { said[2], strlen(said[2]) } };
    kiosk_digest(&signed_part, (http_text_t){ "", 0 });
    kiosk_verdict_t verdict = KIOSK_MALFORMED;
    if (good &&
        kiosk_timestamp_read((http_text_t){ said[1], strlen(said[1]) }, &signed_part.timestamp_ms))
        verdict = kiosk_check(call->bridge->kiosks, (http_text_t){ said[0], strlen(said[0]) },
                              &signed_part, (http_text_t){ said[3], strlen(said[3]) },
                              call->bridge->now_ms, &kiosk);
    said[0][KIOSK_NAME_MAX] = 0;
    if (verdict != KIOSK_GOOD) {
        (void)kiosk_refuse(call, said[0], "socket", verdict);
        return;
    }
    kiosk_audit(call, said[0], "socket", "OK");
    snprintf(call->word, sizeof call->word, "%s", kiosk->name);
    live_begin_kiosk(call);
}

/* ------------------------------------------------------------------ staff */

void
handle_kiosk_list(call_t *call, const http_request_t *request, const path_t *path, http_text_t body)
{
    const kiosk_ring_t *ring = call->bridge->kiosks;
    json_t *list = json_array();
    (void)request;
    (void)path;
    (void)body;
    for (uint32_t i = 0; list && i < ring->count; i++)
        (void)json_array_append_new(list, json_pack("{s:s, s:b}", "kiosk", ring->kiosks[i].name,
                                                    "revoked", ring->kiosks[i].revoked));
    answer_json(call, 200, json_pack("{s:o}", "kiosks", list), "");
}

/* Before kiosks are changed: what stands in the file now, since `marquee kiosks` or another bridge
 * may have written it. NULL: it has answered; else *lock is to be closed. */
static kiosk_ring_t *
kiosk_begin_change(call_t *call, int *lock)
{
    bridge_t *self = call->bridge;
    char error[ZPL_ERROR_MAX] = "";
    *lock = store_lock(self->conf.text[BRIDGE_CONF_session_directory], false);
    kiosk_ring_t *ring = *lock < 0 ? NULL : kiosk_read_file(self, error, sizeof error);
    if (ring)
        return ring;
    log_say(self, "error", "the kiosks cannot be changed: %s", *lock < 0 ? strerror(errno) : error);
    if (*lock >= 0)
        close(*lock);
    answer_problem(call, PROBLEM_INTERNAL, "the kiosks cannot be changed now", "");
    return NULL;
}

/* The new ring is on disk before it counts. False: it has answered. */
static bool
kiosk_end_change(call_t *call, kiosk_ring_t *ring, int lock)
{
    bridge_t *self = call->bridge;
    int fault = kiosk_save(self, ring);
    if (fault) {
        log_say(self, "error", "the file of kiosks cannot be written: %s", strerror(errno));
        free(ring);
        answer_problem(call, PROBLEM_INTERNAL, "the kiosks cannot be written", "");
    } else {
        free(self->kiosks);
        self->kiosks = ring;
    }
    close(lock);
    return !fault;
}

/* Nothing is to be changed. */
static void
kiosk_no_change(call_t *call, kiosk_ring_t *ring, int lock, problem_t problem)
{
    free(ring);
    close(lock);
    answer_problem(call, problem, problem == PROBLEM_INTERNAL ? "no room for another kiosk" : NULL,
                   "");
}

static bool
kiosk_is_name(const char *name)
{
    size_t size = strlen(name);
    return size > 0 && size <= KIOSK_NAME_MAX &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == size;
}

static void
kiosk_enrol(call_t *call, const char *name)
{
    int lock;
    char key[2 * KIOSK_KEY_MAX];
    kiosk_ring_t *ring = kiosk_begin_change(call, &lock);
    if (!ring)
        return;
    bool known = kiosk_ring_find(ring, (http_text_t){ name, strlen(name) });
    if (known || ring->count == KIOSK_COUNT_MAX) {
        kiosk_no_change(call, ring, lock, known ? PROBLEM_KIOSK_EXISTS : PROBLEM_INTERNAL);
        return;
    }
    kiosk_t *kiosk = &ring->kiosks[ring->count++];
    *kiosk = (kiosk_t){ .size = KIOSK_NEW_KEY };
    snprintf(kiosk->name, sizeof kiosk->name, "%s", name);
    bridge_random(kiosk->key, KIOSK_NEW_KEY);
    ids_base64_text(key, kiosk->key, KIOSK_NEW_KEY);
    if (!kiosk_end_change(call, ring, lock))
        return;
    kiosk_audit(call, kiosk->name, "enrol", call->identity.staff);
    answer_json(call, 201, json_pack("{s:s, s:s}", "kiosk", kiosk->name, "key", key), "");
}

void
handle_kiosk_enrol(call_t *call, const http_request_t *request, const path_t *path,
                   http_text_t body)
{
    json_error_t error;
    const char *name;
    (void)path;
    json_t *json = ask_body(call, request, body);
    if (!json)
        return;
    if (json_unpack_ex(json, &error, JSON_STRICT, "{s:s}", "kiosk", &name) == 0 &&
        kiosk_is_name(name))
        kiosk_enrol(call, name);
    else
        answer_problem(call, PROBLEM_BAD_JSON, "kiosk: 1 to 15 letters, digits, '-' and '_'", "");
    json_decref(json);
}

/* Its name stays taken, so that what it signed before does not become somebody else's. */
void
handle_kiosk_revoke(call_t *call, const http_request_t *request, const path_t *path,
                    http_text_t body)
{
    int lock;
    char name[KIOSK_NAME_MAX + 2];
    (void)request;
    (void)body;
    bool named = ask_parameter(path, "kiosk", name, sizeof name);
    kiosk_ring_t *ring = kiosk_begin_change(call, &lock);
    if (!ring)
        return;
    const kiosk_t *found =
        named ? kiosk_ring_find(ring, (http_text_t){ name, strlen(name) }) : NULL;
    if (!found) {
        kiosk_no_change(call, ring, lock, PROBLEM_UNKNOWN_KIOSK);
        return;
    }
    ring->kiosks[found - ring->kiosks].revoked = true;
    if (!kiosk_end_change(call, ring, lock))
        return;
    live_end_kiosk(call->bridge, name);
    kiosk_audit(call, name, "revoke", call->identity.staff);
    answer_empty(call, 204, "");
}

void
handle_kiosk_tell(call_t *call, const http_request_t *request, const path_t *path, http_text_t body)
{
    char name[KIOSK_NAME_MAX + 2];
    const char *command, *more = NULL;
    json_error_t error;
    json_t *json = ask_body(call, request, body);
    if (!json)
        return;
    if (!ask_parameter(path, "kiosk", name, sizeof name) ||
        json_unpack_ex(json, &error, JSON_STRICT, "{s:s, s?s}", "command", &command, "text",
                       &more) != 0 ||
        strlen(command) > 32 || (more && strlen(more) > 256)) {
        answer_problem(call, PROBLEM_BAD_JSON, "command: a text of at most 32 bytes", "");
        json_decref(json);
        return;
    }
    json_t *message =
        json_pack("{s:s, s:s, s:s*}", "type", "command", "command", command, "text", more);
    char *text = message ? json_dumps(message, JSON_COMPACT) : NULL;
    uint32_t told = text ? live_tell_kiosk(call->bridge, name, text, strlen(text)) : 0;
    json_decref(message);
    free(text);
    kiosk_audit(call, name, "command", call->identity.staff);
    json_decref(json);
    if (told)
        answer_json(call, 202, json_pack("{s:i}", "told", (int)told), "");
    else
        answer_problem(call, PROBLEM_UNKNOWN_KIOSK, NULL, "");
}
