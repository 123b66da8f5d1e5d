/* out_webhook - see out.h for the contract. */
#include "clients/bridge/store.h"
#include "clients/fetch.h"
#include "clients/sender/out.h"
#include <errno.h>
#include <inttypes.h>
#include <sodium/utils.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { WEBHOOK_ANSWER_MAX = 16 * 1024 };

typedef struct webhook_call webhook_call_t;
typedef struct {
    out_t out;
    fetch_t *fetch;
    char *url;
    uint8_t key[MESSAGE_KEY_MAX];
    size_t key_size;
    int64_t timeout_ms;
    webhook_call_t *calls;
} webhook_t;

struct webhook_call {
    webhook_t *webhook;
    webhook_call_t *next, **link;
    uint32_t slot;
};

static void
webhook_call_free(webhook_call_t *call)
{
    *call->link = call->next;
    if (call->next)
        call->next->link = call->link;
    free(call);
}

/* What will not change by trying again is refused. */
static post_result_t
webhook_result(long status)
{
    if (status >= 200 && status < 300)
        return POST_TAKEN;
    if (status == 0 || status == 408 || status == 425 || status == 429 || status >= 500)
        return POST_LATER;
    return POST_REFUSED;
}

static void
webhook_done(void *argument, const fetch_answer_t *answer)
{
    webhook_call_t *call = argument;
    out_t *out = &call->webhook->out;
    uint32_t slot = call->slot;
    char reason[FETCH_REASON_MAX];
    if (answer->status)
        snprintf(reason, sizeof reason, "HTTP %ld", answer->status);
    else
        snprintf(reason, sizeof reason, "%s", answer->reason);
    webhook_call_free(call);
    out->done(out->argument, slot, webhook_result(answer->status), answer->retry_after_s * 1000,
              reason);
}

static bool
webhook_room(const out_t *out)
{
    return fetch_room(((const webhook_t *)out)->fetch);
}

static int
webhook_start(webhook_t *self, const message_t *message, webhook_call_t *call)
{
    char body[MESSAGE_BODY_ROOM], id[MESSAGE_ID_ROOM], signature[MESSAGE_SIGNATURE_ROOM];
    char headers[3][MESSAGE_SIGNATURE_ROOM + 24];
    struct timespec now;
    size_t size = message_json(message, body);
    if (size == 0 || clock_gettime(CLOCK_REALTIME, &now) != 0)
        return -1;
    message_id(message, id);
    message_sign(self->key, self->key_size, id, now.tv_sec, body, size, signature);
    snprintf(headers[0], sizeof headers[0], "webhook-id: %s", id);
    snprintf(headers[1], sizeof headers[1], "webhook-timestamp: %" PRId64, (int64_t)now.tv_sec);
    snprintf(headers[2], sizeof headers[2], "webhook-signature: %s", signature);
    fetch_request_t request = {
        .url = self->url,
        .headers = { "Content-Type: application/json", headers[0], headers[1], headers[2] },
        .body = body,
        .body_size = size,
        .answer_max = WEBHOOK_ANSWER_MAX,
        .timeout_ms = self->timeout_ms,
        .plain = fetch_url_plain(self->url),
    };
    int fault = fetch_start(self->fetch, &request, webhook_done, call);
    sodium_memzero(body, sizeof body);
    return fault;
}

static void
webhook_send(out_t *out, uint32_t slot, const message_t *message)
{
    webhook_t *self = (webhook_t *)out;
    webhook_call_t *call = malloc(sizeof *call);
    if (call) {
        *call = (webhook_call_t){
            .webhook = self, .next = self->calls, .link = &self->calls, .slot = slot
        };
        if (call->next)
            call->next->link = &call->next;
        self->calls = call;
        if (webhook_start(self, message, call) == 0)
            return;
        webhook_call_free(call);
    }
    out->done(out->argument, slot, POST_LATER, 0, "memory is short");
}

static void
webhook_destroy(out_t *out)
{
    webhook_t *self = (webhook_t *)out;
    fetch_destroy(&self->fetch);
    while (self->calls)
        webhook_call_free(self->calls);
    sodium_memzero(self->key, sizeof self->key);
    free(self->url);
    free(self);
}

static bool
webhook_key(webhook_t *self, const char *path, char error[OUT_ERROR_MAX])
{
    size_t size;
    const char *slash = strrchr(path, '/');
    char folder[OUT_ERROR_MAX];
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
    char *text = store_read(*folder ? folder : "/", slash ? slash + 1 : path, &size);
    bool read = text != NULL;
    if (read) {
        self->key_size = message_secret(text, size, self->key);
        sodium_memzero(text, size);
    }
    free(text);
    if (self->key_size)
        return true;
    snprintf(error, OUT_ERROR_MAX, "%.150s: %s", path,
             read ? "not whsec_ and base64 of 24 to 64 bytes" : strerror(errno));
    return false;
}

out_t *
out_webhook_new(struct event_base *base, const out_webhook_options_t *options, out_done_fn *done,
                void *argument, char error[OUT_ERROR_MAX])
{
    webhook_t *self = calloc(1, sizeof *self);
    snprintf(error, OUT_ERROR_MAX, "memory is short");
    if (!self)
        return NULL;
    const char *authorities = *options->authorities ? options->authorities : NULL;
    self->url = strdup(options->url);
    self->timeout_ms = options->timeout_ms;
    self->fetch = fetch_new(base, options->in_flight_max, authorities);
    self->out = (out_t){ .what = "a webhook",
                         .room = webhook_room,
                         .send = webhook_send,
                         .destroy = webhook_destroy,
                         .done = done,
                         .argument = argument };
    if (self->url && self->fetch && webhook_key(self, options->secret_file, error))
        return &self->out;
    webhook_destroy(&self->out);
    return NULL;
}
