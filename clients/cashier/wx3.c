/* wx3 - see wx3.h for the contract: what is asked. wx3_read.c reads what is answered. */
#include "clients/cashier/wx3_inside.h"
#include "clients/cashier/yuan.h"
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>

enum { WX3_SUBJECT = 127, WX3_REASON = 80, WX3_MESSAGE = PROVIDER_URL + PROVIDER_BODY + 128 };

/* METHOD, path and query, time, nonce, body: a line each, the last one too. */
static bool
wx3_authorize(const wx3_t *self, const moment_t *moment, provider_request_t *request)
{
    char room[WX3_MESSAGE], signature[SEAL_SIGNATURE_ROOM];
    int64_t seconds = moment->now_ms / 1000;
    out_t message, header;
    out_init(&message, room, sizeof room);
    out_format(&message, "%s\n%s\n%" PRId64 "\n%s\n", request->post ? "POST" : "GET",
               request->url + strlen(self->base), seconds, moment->nonce);
    out_put(&message, request->body, request->body_size);
    out_text(&message, "\n");
    if (message.overflow || !seal_sign(self->key, (text_t){ room, message.size }, signature))
        return false;
    out_init(&header, request->headers[0], PROVIDER_HEADER);
    out_format(&header,
               "Authorization: WECHATPAY2-SHA256-RSA2048 mchid=\"%s\",nonce_str=\"%s\",signature="
               "\"%s\",timestamp=\"%" PRId64 "\",serial_no=\"%s\"",
               self->mchid, moment->nonce, signature, seconds, self->serial);
    snprintf(request->headers[1], PROVIDER_HEADER, "Accept: application/json");
    request->header_count = 2;
    if (request->post)
        snprintf(request->headers[request->header_count++], PROVIDER_HEADER,
                 "Content-Type: application/json");
    /* With WeChat's public key in use the platform wants to hear which. */
    if (self->key_count && strncmp(self->keys[0].serial, "PUB_KEY_ID_", 11) == 0)
        snprintf(request->headers[request->header_count++], PROVIDER_HEADER, "Wechatpay-Serial: %s",
                 self->keys[0].serial);
    return !header.overflow;
}

static void
wx3_pair(out_t *body, const char *name, const char *value)
{
    out_format(body, "%s\"%s\":\"", body->size > 1 ? "," : "", name);
    out_json(body, text_of(value));
    out_text(body, "\"");
}

static void
wx3_create(const wx3_t *self, const charge_t *charge, out_t *body)
{
    char subject[WX3_SUBJECT + 1], until[BEIJING_ROOM];
    provider_subject(charge->subject, WX3_SUBJECT, subject, sizeof subject);
    beijing_write(charge->until_ms, BEIJING_RFC, until);
    wx3_pair(body, "appid", self->appid);
    wx3_pair(body, "mchid", self->mchid);
    wx3_pair(body, "description", subject);
    wx3_pair(body, "out_trade_no", charge->order);
    wx3_pair(body, "time_expire", until);
    wx3_pair(body, "notify_url", self->notify_url);
    out_format(body, ",\"amount\":{\"total\":%" PRId64 ",\"currency\":\"CNY\"}", charge->amount);
    if (charge->way == PAY_JSAPI) {
        out_text(body, ",\"payer\":{\"openid\":\"");
        out_json(body, text_of(charge->payer));
        out_text(body, "\"}");
    }
    if (charge->way == PAY_H5) {
        out_text(body, ",\"scene_info\":{\"payer_client_ip\":\"");
        out_json(body, text_of(charge->address));
        out_text(body, "\",\"h5_info\":{\"type\":\"Wap\"}}");
    }
}

static void
wx3_refund(const wx3_t *self, const charge_t *charge, out_t *body)
{
    char reason[WX3_REASON + 1];
    (void)self;
    provider_subject(charge->reason, WX3_REASON, reason, sizeof reason);
    wx3_pair(body, charge->txn[0] ? "transaction_id" : "out_trade_no",
             charge->txn[0] ? charge->txn : charge->order);
    wx3_pair(body, "out_refund_no", charge->refund);
    if (reason[0])
        wx3_pair(body, "reason", reason);
    wx3_pair(body, "notify_url", self->notify_url);
    out_format(body,
               ",\"amount\":{\"refund\":%" PRId64 ",\"total\":%" PRId64 ",\"currency\":\"CNY\"}",
               charge->amount, charge->total);
}

static const char *const wx3_ways[PAYS] = {
    [PAY_NATIVE] = "native", [PAY_JSAPI] = "jsapi", [PAY_H5] = "h5"
};

/* Does the charge have what its call and way need? */
static bool
wx3_fits(const charge_t *charge)
{
    if (charge->kind == CALL_KEYS || charge->kind == CALL_BILL)
        return true;
    if (!provider_order_fits(charge->order))
        return false;
    if (charge->kind == CALL_CREATE)
        return wx3_ways[charge->way] && charge->amount >= 1 && charge->subject[0] &&
               (charge->way != PAY_JSAPI || charge->payer[0]) &&
               (charge->way != PAY_H5 || charge->address[0]);
    if (charge->kind == CALL_REFUND)
        return charge->refund[0] && charge->amount >= 1 && charge->total >= charge->amount;
    return charge->kind != CALL_REFUND_QUERY || charge->refund[0];
}

static bool
wx3_build(const void *settings, const charge_t *charge, const moment_t *moment,
          provider_request_t *request)
{
    const wx3_t *self = settings;
    out_t url, body;
    memset(request, 0, sizeof *request);
    if (!wx3_fits(charge))
        return false;
    out_init(&url, request->url, sizeof request->url);
    out_init(&body, request->body, sizeof request->body);
    out_text(&url, self->base);
    request->post =
        charge->kind == CALL_CREATE || charge->kind == CALL_CLOSE || charge->kind == CALL_REFUND;
    if (request->post)
        out_text(&body, "{");
    switch (charge->kind) {
    case CALL_CREATE:
        out_format(&url, "/v3/pay/transactions/%s", wx3_ways[charge->way]);
        wx3_create(self, charge, &body);
        break;
    case CALL_QUERY:
        out_format(&url, "/v3/pay/transactions/out-trade-no/%s?mchid=%s", charge->order,
                   self->mchid);
        break;
    case CALL_CLOSE:
        out_format(&url, "/v3/pay/transactions/out-trade-no/%s/close", charge->order);
        wx3_pair(&body, "mchid", self->mchid);
        break;
    case CALL_REFUND:
        out_text(&url, "/v3/refund/domestic/refunds");
        wx3_refund(self, charge, &body);
        break;
    case CALL_REFUND_QUERY:
        out_text(&url, "/v3/refund/domestic/refunds/");
        out_url(&url, text_of(charge->refund));
        break;
    case CALL_BILL:
        out_format(&url, "/v3/bill/tradebill?bill_date=%.10s&bill_type=ALL", charge->day);
        break;
    case CALL_KEYS:
        out_text(&url, "/v3/certificates");
        break;
    case CALLS:
        return false;
    }
    if (request->post)
        out_text(&body, "}");
    request->body_size = body.size;
    return !url.overflow && !body.overflow && wx3_authorize(self, moment, request);
}

bool
wx3_page(const wx3_t *self, const char *prepay_id, const moment_t *moment, out_t *to)
{
    char room[512], signature[SEAL_SIGNATURE_ROOM];
    int64_t seconds = moment->now_ms / 1000;
    out_t message;
    out_init(&message, room, sizeof room);
    out_format(&message, "%s\n%" PRId64 "\n%s\nprepay_id=%s\n", self->appid, seconds, moment->nonce,
               prepay_id);
    if (message.overflow || !seal_sign(self->key, (text_t){ room, message.size }, signature))
        return false;
    out_format(to,
               "{\"appId\":\"%s\",\"timeStamp\":\"%" PRId64
               "\",\"nonceStr\":\"%s\",\"package\":\"prepay_id=",
               self->appid, seconds, moment->nonce);
    out_json(to, text_of(prepay_id));
    out_format(to, "\",\"signType\":\"RSA\",\"paySign\":\"%s\"}", signature);
    return !to->overflow;
}

void
wx3_keep_key(wx3_t *self, const char *serial, EVP_PKEY *key, int64_t from_ms, int64_t until_ms)
{
    uint32_t at = 0, oldest = 0;
    while (at < self->key_count && strcmp(self->keys[at].serial, serial) != 0) {
        if (self->keys[at].until_ms < self->keys[oldest].until_ms)
            oldest = at;
        at++;
    }
    if (at < self->key_count) {
        EVP_PKEY_free(key);
        return;
    }
    if (at == WX3_KEYS_MAX) {
        at = oldest;
        EVP_PKEY_free(self->keys[at].key);
    } else
        self->key_count++;
    self->keys[at] = (wx3_key_t){ .key = key, .from_ms = from_ms, .until_ms = until_ms };
    snprintf(self->keys[at].serial, sizeof self->keys[at].serial, "%s", serial);
}

void
wx3_end(wx3_t *self)
{
    for (uint32_t i = 0; i < self->key_count; i++)
        EVP_PKEY_free(self->keys[i].key);
    EVP_PKEY_free(self->key);
    OPENSSL_cleanse(self, sizeof *self);
}

static uint16_t
wx3_reply(bool taken, const char **type, const char **body)
{
    *type = "application/json";
    *body = taken ? "{\"code\":\"SUCCESS\",\"message\":\"OK\"}"
                  : "{\"code\":\"FAIL\",\"message\":\"refused\"}";
    return taken ? 200 : 400;
}

const driver_t wx3_driver = {
    .name = "wxpay", .build = wx3_build, .read = wx3_read, .judge = wx3_judge, .reply = wx3_reply
};
