/* ali - see ali.h for the contract: what is asked. ali_read.c reads what is answered. */
#include "clients/cashier/ali_inside.h"
#include "clients/cashier/yuan.h"
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

enum { ALI_JOINED = PARAMS_BYTES + 2 * PARAMS_MAX + 64, ALI_CONTENT = 4096, ALI_SUBJECT = 120 };

bool
ali_sign(EVP_PKEY *key, params_t *params, char to[SEAL_SIGNATURE_ROOM])
{
    char *room = malloc(ALI_JOINED);
    out_t out;
    if (!room)
        return false;
    out_init(&out, room, ALI_JOINED);
    params_join(params, PARAMS_FILLED | PARAMS_TYPE, &out);
    bool good = !out.overflow && seal_sign(key, (text_t){ room, out.size }, to);
    free(room);
    return good;
}

bool
ali_verify(EVP_PKEY *key, params_t *params)
{
    static const unsigned ways[] = { 0, PARAMS_FILLED };
    char *room = malloc(ALI_JOINED);
    text_t sign = params_text(params, "sign");
    bool good = false;
    for (size_t i = 0; room && !good && i < sizeof ways / sizeof ways[0]; i++) {
        out_t out;
        out_init(&out, room, ALI_JOINED);
        params_join(params, ways[i], &out);
        good = !out.overflow && seal_verify(key, (text_t){ room, out.size }, sign);
    }
    free(room);
    return good;
}

static void
ali_pair(out_t *to, const char *name, const char *value)
{
    out_format(to, "%s\"%s\":\"", to->size > 1 ? "," : "", name);
    out_json(to, text_of(value));
    out_text(to, "\"");
}

static void
ali_create(const charge_t *charge, out_t *to)
{
    char subject[ALI_SUBJECT + 1], amount[YUAN_ROOM], until[BEIJING_ROOM];
    provider_subject(charge->subject, ALI_SUBJECT, subject, sizeof subject);
    yuan_write(charge->amount, amount);
    beijing_write(charge->until_ms, BEIJING_PLAIN, until);
    ali_pair(to, "out_trade_no", charge->order);
    ali_pair(to, "total_amount", amount);
    ali_pair(to, "subject", subject);
    ali_pair(to, "product_code",
             charge->way == PAY_PAGE ? "FAST_INSTANT_TRADE_PAY"
             : charge->way == PAY_H5 ? "QUICK_WAP_WAY"
                                     : "FACE_TO_FACE_PAYMENT");
    ali_pair(to, "time_expire", until);
}

static void
ali_refund(const charge_t *charge, out_t *to)
{
    char amount[YUAN_ROOM], reason[81];
    yuan_write(charge->amount, amount);
    provider_subject(charge->reason, 80, reason, sizeof reason);
    ali_pair(to, "out_trade_no", charge->order);
    if (charge->txn[0])
        ali_pair(to, "trade_no", charge->txn);
    ali_pair(to, "refund_amount", amount);
    ali_pair(to, "out_request_no", charge->refund);
    if (reason[0])
        ali_pair(to, "refund_reason", reason);
}

static void
ali_content(const charge_t *charge, out_t *to)
{
    out_text(to, "{");
    if (charge->kind == CALL_CREATE)
        ali_create(charge, to);
    else if (charge->kind == CALL_REFUND)
        ali_refund(charge, to);
    else if (charge->kind == CALL_BILL) {
        ali_pair(to, "bill_type", "trade");
        ali_pair(to, "bill_date", charge->day);
    } else {
        ali_pair(to, "out_trade_no", charge->order);
        if (charge->kind == CALL_REFUND_QUERY)
            ali_pair(to, "out_request_no", charge->refund);
    }
    out_text(to, "}");
}

const char *
ali_method(const charge_t *charge)
{
    static const char *const methods[CALLS] = {
        [CALL_QUERY] = "alipay.trade.query",
        [CALL_CLOSE] = "alipay.trade.close",
        [CALL_REFUND] = "alipay.trade.refund",
        [CALL_REFUND_QUERY] = "alipay.trade.fastpay.refund.query",
        [CALL_BILL] = "alipay.data.dataservice.bill.downloadurl.query",
    };
    static const char *const ways[PAYS] = { [PAY_NATIVE] = "alipay.trade.precreate",
                                            [PAY_H5] = "alipay.trade.wap.pay",
                                            [PAY_PAGE] = "alipay.trade.page.pay" };
    return charge->kind == CALL_CREATE ? ways[charge->way] : methods[charge->kind];
}

static bool
ali_fits(const charge_t *charge)
{
    if (!ali_method(charge))
        return false;
    if (charge->kind == CALL_BILL)
        return charge->day[0] != 0;
    if (!provider_order_fits(charge->order))
        return false;
    if (charge->kind == CALL_CREATE)
        return charge->amount >= 1 && charge->subject[0];
    if (charge->kind == CALL_REFUND)
        return charge->refund[0] && charge->amount >= 1;
    return charge->kind != CALL_REFUND_QUERY || charge->refund[0];
}

static bool
ali_fill(const ali_t *self, const charge_t *charge, const moment_t *moment, params_t *params)
{
    char time[BEIJING_ROOM], room[ALI_CONTENT], sign[SEAL_SIGNATURE_ROOM];
    out_t content;
    bool opens = charge->kind == CALL_CREATE;
    beijing_write(moment->now_ms, BEIJING_PLAIN, time);
    out_init(&content, room, sizeof room);
    ali_content(charge, &content);
    const struct {
        const char *name, *value;
    } all[] = { { "app_id", self->app_id },
                { "method", ali_method(charge) },
                { "format", "JSON" },
                { "charset", "utf-8" },
                { "sign_type", "RSA2" },
                { "timestamp", time },
                { "version", "1.0" },
                { "notify_url", opens ? self->notify_url : "" },
                { "return_url", opens && charge->way != PAY_NATIVE ? self->return_url : "" },
                { "app_cert_sn", self->app_cert_sn },
                { "alipay_root_cert_sn", self->root_cert_sn },
                { "biz_content", room } };
    params_clear(params);
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (*all[i].value)
            (void)params_put(params, all[i].name, all[i].value);
    return !content.overflow && !params->full && ali_sign(self->key, params, sign) &&
           params_put(params, "sign", sign);
}

/* The page and phone ways are no call: the browser goes to the signed address itself. */
static bool
ali_build(const void *settings, const charge_t *charge, const moment_t *moment,
          provider_request_t *request)
{
    const ali_t *self = settings;
    out_t url, body;
    memset(request, 0, sizeof *request);
    if (!ali_fits(charge))
        return false;
    params_t *params = malloc(sizeof *params);
    bool good = params && ali_fill(self, charge, moment, params);
    out_init(&url, request->url, sizeof request->url);
    out_init(&body, request->body, sizeof request->body);
    request->none =
        charge->kind == CALL_CREATE && (charge->way == PAY_PAGE || charge->way == PAY_H5);
    out_format(&url, "%s?", self->gateway);
    if (good && request->none)
        params_write_form(params, &url);
    else if (good) {
        out_text(&url, "charset=utf-8");
        params_write_form(params, &body);
    }
    free(params);
    request->post = !request->none;
    request->body_size = body.size;
    request->header_count = 1;
    snprintf(request->headers[0], PROVIDER_HEADER,
             "Content-Type: application/x-www-form-urlencoded; charset=utf-8");
    return good && !url.overflow && !body.overflow;
}

void
ali_end(ali_t *self)
{
    EVP_PKEY_free(self->key);
    EVP_PKEY_free(self->alipay_key);
    OPENSSL_cleanse(self, sizeof *self);
}

static uint16_t
ali_reply(bool taken, const char **type, const char **body)
{
    *type = "text/plain; charset=utf-8";
    *body = taken ? "success" : "fail";
    return 200;
}

const driver_t ali_driver = {
    .name = "alipay", .build = ali_build, .read = ali_read, .judge = ali_judge, .reply = ali_reply
};
