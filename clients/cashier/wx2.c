/* wx2 - see wx2.h for the contract. */
#include "clients/cashier/wx2.h"
#include "clients/cashier/yuan.h"
#include <inttypes.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>

enum { WX2_JOINED = PARAMS_BYTES + 2 * PARAMS_MAX + 64, WX2_BODY = 127, WX2_PLAIN = 16 * 1024 };

static const char *const wx2_ways[PAYS] = {
    [PAY_NATIVE] = "NATIVE", [PAY_JSAPI] = "JSAPI", [PAY_H5] = "MWEB"
};

bool
wx2_sign(const char *key, bool hmac, params_t *params, char to[SEAL_HEX_ROOM])
{
    char *room = malloc(WX2_JOINED);
    out_t out;
    to[0] = 0;
    if (!room)
        return false;
    out_init(&out, room, WX2_JOINED);
    params_join(params, PARAMS_FILLED | PARAMS_TYPE, &out);
    out_format(&out, "&key=%s", key);
    text_t joined = { room, out.size };
    if (!out.overflow && hmac)
        seal_hmac(text_of(key), joined, to);
    else if (!out.overflow)
        seal_md5(joined, false, to);
    OPENSSL_cleanse(room, out.size);
    free(room);
    return !out.overflow;
}

static bool
wx2_signed(const wx2_t *self, params_t *params)
{
    char expected[SEAL_HEX_ROOM];
    const char *sign = params_get(params, "sign");
    const char *type = params_get(params, "sign_type");
    return sign && (!type || strcmp(type, self->hmac ? "HMAC-SHA256" : "MD5") == 0) &&
           wx2_sign(self->key, self->hmac, params, expected) &&
           seal_same(text_of(sign), text_of(expected));
}

/* ------------------------------------------------------------------ what is asked */

static void
wx2_put_fen(params_t *params, const char *name, int64_t fen)
{
    char text[YUAN_ROOM];
    snprintf(text, sizeof text, "%" PRId64, fen);
    (void)params_put(params, name, text);
}

static void
wx2_create(const wx2_t *self, const charge_t *charge, params_t *params)
{
    char subject[WX2_BODY + 1], until[BEIJING_ROOM];
    provider_subject(charge->subject, WX2_BODY, subject, sizeof subject);
    beijing_write(charge->until_ms, BEIJING_DIGITS, until);
    (void)params_put(params, "body", subject);
    (void)params_put(params, "out_trade_no", charge->order);
    wx2_put_fen(params, "total_fee", charge->amount);
    (void)params_put(params, "spbill_create_ip",
                     charge->way == PAY_NATIVE || !charge->address[0] ? self->address
                                                                      : charge->address);
    (void)params_put(params, "time_expire", until);
    (void)params_put(params, "notify_url", self->notify_url);
    (void)params_put(params, "trade_type", wx2_ways[charge->way]);
    if (charge->way == PAY_JSAPI)
        (void)params_put(params, "openid", charge->payer);
    if (charge->way == PAY_NATIVE)
        (void)params_put(params, "product_id", charge->order);
}

static void
wx2_refund(const wx2_t *self, const charge_t *charge, params_t *params)
{
    char reason[81];
    provider_subject(charge->reason, 80, reason, sizeof reason);
    (void)params_put(params, charge->txn[0] ? "transaction_id" : "out_trade_no",
                     charge->txn[0] ? charge->txn : charge->order);
    (void)params_put(params, "out_refund_no", charge->refund);
    wx2_put_fen(params, "total_fee", charge->total);
    wx2_put_fen(params, "refund_fee", charge->amount);
    if (reason[0])
        (void)params_put(params, "refund_desc", reason);
    (void)params_put(params, "notify_url", self->notify_url);
}

static bool
wx2_fits(const charge_t *charge)
{
    if (charge->kind == CALL_BILL)
        return charge->day[0] != 0;
    if (!provider_order_fits(charge->order))
        return false;
    if (charge->kind == CALL_CREATE)
        return wx2_ways[charge->way] && charge->amount >= 1 && charge->subject[0] &&
               (charge->way != PAY_JSAPI || charge->payer[0]);
    if (charge->kind == CALL_REFUND)
        return charge->refund[0] && charge->amount >= 1 && charge->total >= charge->amount;
    return charge->kind != CALL_REFUND_QUERY || charge->refund[0];
}

/* yyyy-MM-dd without its dashes. */
static void
wx2_put_day(params_t *params, const char *day)
{
    char text[9];
    snprintf(text, sizeof text, "%.4s%.2s%.2s", day, day + 5, day + 8);
    (void)params_put(params, "bill_date", text);
}

static const char *const wx2_paths[CALLS] = {
    [CALL_CREATE] = "/pay/unifiedorder",      [CALL_QUERY] = "/pay/orderquery",
    [CALL_CLOSE] = "/pay/closeorder",         [CALL_REFUND] = "/secapi/pay/refund",
    [CALL_REFUND_QUERY] = "/pay/refundquery", [CALL_BILL] = "/pay/downloadbill",
};

static bool
wx2_fill(const wx2_t *self, const charge_t *charge, const moment_t *moment, params_t *params)
{
    char sign[SEAL_HEX_ROOM];
    params_clear(params);
    (void)params_put(params, "appid", self->appid);
    (void)params_put(params, "mch_id", self->mchid);
    (void)params_put(params, "nonce_str", moment->nonce);
    if (self->hmac)
        (void)params_put(params, "sign_type", "HMAC-SHA256");
    if (charge->kind == CALL_CREATE)
        wx2_create(self, charge, params);
    else if (charge->kind == CALL_REFUND)
        wx2_refund(self, charge, params);
    else if (charge->kind == CALL_REFUND_QUERY)
        (void)params_put(params, "out_refund_no", charge->refund);
    else if (charge->kind == CALL_BILL) {
        wx2_put_day(params, charge->day);
        (void)params_put(params, "bill_type", "ALL");
    } else
        (void)params_put(params, "out_trade_no", charge->order);
    return !params->full && wx2_sign(self->key, self->hmac, params, sign) &&
           params_put(params, "sign", sign);
}

static bool
wx2_build(const void *settings, const charge_t *charge, const moment_t *moment,
          provider_request_t *request)
{
    const wx2_t *self = settings;
    out_t url, body;
    memset(request, 0, sizeof *request);
    if (!wx2_paths[charge->kind] || !wx2_fits(charge))
        return false;
    params_t *params = malloc(sizeof *params);
    bool good = params && wx2_fill(self, charge, moment, params);
    out_init(&url, request->url, sizeof request->url);
    out_init(&body, request->body, sizeof request->body);
    out_format(&url, "%s%s", self->base, wx2_paths[charge->kind]);
    if (good)
        params_write_xml(params, &body);
    free(params);
    request->post = true;
    request->certificate = charge->kind == CALL_REFUND;
    request->body_size = body.size;
    request->header_count = 1;
    snprintf(request->headers[0], PROVIDER_HEADER, "Content-Type: text/xml; charset=utf-8");
    return good && !url.overflow && !body.overflow;
}

bool
wx2_page(const wx2_t *self, const char *prepay_id, const moment_t *moment, out_t *to)
{
    char package[128], seconds[24], sign[SEAL_HEX_ROOM];
    params_t *params = malloc(sizeof *params);
    snprintf(package, sizeof package, "prepay_id=%.100s", prepay_id);
    snprintf(seconds, sizeof seconds, "%" PRId64, moment->now_ms / 1000);
    bool good = params != NULL;
    if (good) {
        params_clear(params);
        good = params_put(params, "appId", self->appid) &&
               params_put(params, "timeStamp", seconds) &&
               params_put(params, "nonceStr", moment->nonce) &&
               params_put(params, "package", package) &&
               params_put(params, "signType", self->hmac ? "HMAC-SHA256" : "MD5") &&
               wx2_sign(self->key, self->hmac, params, sign);
    }
    free(params);
    if (!good)
        return false;
    out_format(to, "{\"appId\":\"%s\",\"timeStamp\":\"%s\",\"nonceStr\":\"%s\",\"package\":\"",
               self->appid, seconds, moment->nonce);
    out_json(to, text_of(package));
    out_format(to, "\",\"signType\":\"%s\",\"paySign\":\"%s\"}", self->hmac ? "HMAC-SHA256" : "MD5",
               sign);
    return !to->overflow;
}

/* ------------------------------------------------------------------ what is answered */

static verdict_t
wx2_ours(const wx2_t *self, const params_t *params)
{
    if (!params_is(params, "appid", self->appid))
        return VERDICT_WRONG_APP;
    return params_is(params, "mch_id", self->mchid) ? VERDICT_GOOD : VERDICT_WRONG_MERCHANT;
}

static bool
wx2_fen(const params_t *params, const char *name, int64_t *fen)
{
    return text_number(params_text(params, name), YUAN_MAX_FEN, fen);
}

static bool
wx2_currency(const params_t *params)
{
    const char *type = params_get(params, "fee_type");
    return !type || !*type || strcmp(type, "CNY") == 0;
}

static void
wx2_read_transaction(const charge_t *charge, const params_t *params, answer_t *answer)
{
    static const struct {
        const char *word;
        answer_kind_t kind;
    } states[] = {
        { "SUCCESS", ANSWER_PAID },   { "REFUND", ANSWER_PAID },
        { "NOTPAY", ANSWER_WAITING }, { "USERPAYING", ANSWER_WAITING },
        { "ACCEPT", ANSWER_WAITING }, { "PAYERROR", ANSWER_WAITING },
        { "CLOSED", ANSWER_CLOSED },  { "REVOKED", ANSWER_CLOSED },
    };
    const char *state = params_get(params, "trade_state");
    provider_word(answer, state);
    if (!params_is(params, "out_trade_no", charge->order)) {
        answer->kind = ANSWER_UNPROVEN;
        return;
    }
    for (size_t i = 0; state && i < sizeof states / sizeof states[0]; i++)
        if (strcmp(state, states[i].word) == 0)
            answer->kind = states[i].kind;
    if (answer->kind == ANSWER_PAID &&
        (!text_copy(params_text(params, "transaction_id"), answer->txn, sizeof answer->txn) ||
         !answer->txn[0] || !wx2_fen(params, "total_fee", &answer->amount) ||
         !wx2_currency(params)))
        answer->kind = ANSWER_UNPROVEN;
}

static void
wx2_read_refund(const charge_t *charge, const params_t *params, answer_t *answer)
{
    static const struct {
        const char *word;
        answer_kind_t kind;
    } states[] = { { "SUCCESS", ANSWER_REFUNDED },
                   { "PROCESSING", ANSWER_REFUNDING },
                   { "REFUNDCLOSE", ANSWER_REFUND_FAILED },
                   { "CHANGE", ANSWER_REFUND_FAILED } };
    bool query = charge->kind == CALL_REFUND_QUERY;
    const char *state = query ? params_get(params, "refund_status_0") : "PROCESSING";
    provider_word(answer, state);
    if (!params_is(params, query ? "out_refund_no_0" : "out_refund_no", charge->refund) ||
        !wx2_fen(params, query ? "refund_fee_0" : "refund_fee", &answer->amount) ||
        answer->amount != charge->amount) {
        answer->kind = ANSWER_UNPROVEN;
        return;
    }
    (void)text_copy(params_text(params, query ? "refund_id_0" : "refund_id"), answer->receipt,
                    sizeof answer->receipt);
    for (size_t i = 0; state && i < sizeof states / sizeof states[0]; i++)
        if (strcmp(state, states[i].word) == 0)
            answer->kind = states[i].kind;
}

static void
wx2_read_opened(const wx2_t *self, const charge_t *charge, const moment_t *moment,
                const params_t *params, answer_t *answer)
{
    static const char *const names[PAYS] = {
        [PAY_NATIVE] = "code_url", [PAY_JSAPI] = "prepay_id", [PAY_H5] = "mweb_url"
    };
    const char *value = names[charge->way] ? params_get(params, names[charge->way]) : NULL;
    out_t link;
    if (!value || !*value)
        return;
    out_init(&link, answer->link, sizeof answer->link);
    if (charge->way == PAY_JSAPI) {
        if (!wx2_page(self, value, moment, &link))
            return;
    } else
        out_text(&link, value);
    answer->kind = link.overflow ? ANSWER_REFUSED : ANSWER_OPENED;
}

/* C(word, call, kind): what an err_code means for a call; -1 is any. A word that is not here is a
 * refusal. */
static const struct {
    const char *word;
    int call;
    answer_kind_t kind;
} wx2_errors[] = {
    { "SYSTEMERROR", -1, ANSWER_AGAIN },
    { "BIZERR_NEED_RETRY", -1, ANSWER_AGAIN },
    { "FREQUENCY_LIMITED", -1, ANSWER_AGAIN },
    { "INVALID_REQ_TOO_MUCH", -1, ANSWER_AGAIN },
    { "NOTENOUGH", CALL_REFUND, ANSWER_AGAIN },
    { "ORDERNOTEXIST", CALL_QUERY, ANSWER_UNKNOWN },
    { "ORDERNOTEXIST", CALL_CLOSE, ANSWER_UNKNOWN },
    { "REFUNDNOTEXIST", CALL_REFUND_QUERY, ANSWER_UNKNOWN },
    { "ORDERCLOSED", CALL_CLOSE, ANSWER_CLOSED },
};

static void
wx2_read_error(const charge_t *charge, const params_t *params, answer_t *answer)
{
    const char *word = params_get(params, "err_code");
    provider_word(answer, word);
    answer->kind = ANSWER_REFUSED;
    for (size_t i = 0; word && i < sizeof wx2_errors / sizeof wx2_errors[0]; i++)
        if (strcmp(word, wx2_errors[i].word) == 0 &&
            (wx2_errors[i].call < 0 || wx2_errors[i].call == (int)charge->kind))
            answer->kind = wx2_errors[i].kind;
}

static void
wx2_read_params(const wx2_t *self, const charge_t *charge, const moment_t *moment, params_t *params,
                answer_t *answer)
{
    if (!params_is(params, "return_code", "SUCCESS")) {
        provider_word(answer, params_get(params, "return_code"));
        answer->kind = ANSWER_REFUSED;
    } else if (!wx2_signed(self, params) || wx2_ours(self, params) != VERDICT_GOOD)
        answer->kind = ANSWER_UNPROVEN;
    else if (!params_is(params, "result_code", "SUCCESS"))
        wx2_read_error(charge, params, answer);
    else if (charge->kind == CALL_CREATE)
        wx2_read_opened(self, charge, moment, params, answer);
    else if (charge->kind == CALL_QUERY)
        wx2_read_transaction(charge, params, answer);
    else if (charge->kind == CALL_CLOSE)
        answer->kind = ANSWER_CLOSED;
    else if (charge->kind == CALL_REFUND || charge->kind == CALL_REFUND_QUERY)
        wx2_read_refund(charge, params, answer);
}

static void
wx2_read(const void *settings, const charge_t *charge, const moment_t *moment,
         const provider_bytes_t *bytes, answer_t *answer)
{
    memset(answer, 0, sizeof *answer);
    answer->kind = ANSWER_AGAIN;
    params_t *params = malloc(sizeof *params);
    if (params && bytes->status == 200 && params_read_xml(params, "xml", bytes->body))
        wx2_read_params(settings, charge, moment, params, answer);
    free(params);
}

/* ------------------------------------------------------------------ notifications */

/* What a refund's notice says is not proven (ECB has no integrity): it only says where to look. */
static verdict_t
wx2_judge_refund(const wx2_t *self, params_t *params, notice_t *notice)
{
    char digest[SEAL_HEX_ROOM];
    char *plain = malloc(WX2_PLAIN);
    out_t out;
    verdict_t verdict = wx2_ours(self, params);
    seal_md5(text_of(self->key), true, digest);
    if (plain && verdict == VERDICT_GOOD) {
        out_init(&out, plain, WX2_PLAIN);
        if (!seal_open_ecb((text_t){ digest, 32 }, params_text(params, "req_info"), &out))
            verdict = VERDICT_BAD_SEAL;
        else if (!params_read_xml(params, "root", (text_t){ plain, out.size }))
            verdict = VERDICT_BAD_FORM;
        else if (!text_copy(params_text(params, "out_trade_no"), notice->order,
                            sizeof notice->order) ||
                 !notice->order[0] ||
                 !text_copy(params_text(params, "out_refund_no"), notice->refund,
                            sizeof notice->refund))
            verdict = VERDICT_BAD_ORDER;
    }
    (void)text_copy(params_text(params, "refund_status"), notice->word, sizeof notice->word);
    notice->kind = NOTICE_REFUND_HINT;
    free(plain);
    return plain ? verdict : VERDICT_TOO_LARGE;
}

static verdict_t
wx2_judge_paid(const wx2_t *self, params_t *params, notice_t *notice)
{
    if (!params_get(params, "sign"))
        return VERDICT_MISSING;
    if (!wx2_signed(self, params))
        return VERDICT_BAD_SIGNATURE;
    verdict_t verdict = wx2_ours(self, params);
    if (verdict != VERDICT_GOOD)
        return verdict;
    if (!text_copy(params_text(params, "out_trade_no"), notice->order, sizeof notice->order) ||
        !notice->order[0])
        return VERDICT_BAD_ORDER;
    (void)text_copy(params_text(params, "result_code"), notice->word, sizeof notice->word);
    if (!params_is(params, "result_code", "SUCCESS"))
        return VERDICT_GOOD;
    if (!text_copy(params_text(params, "transaction_id"), notice->txn, sizeof notice->txn) ||
        !notice->txn[0])
        return VERDICT_MISSING;
    if (!wx2_fen(params, "total_fee", &notice->amount))
        return VERDICT_BAD_AMOUNT;
    if (!wx2_currency(params))
        return VERDICT_WRONG_CURRENCY;
    notice->kind = NOTICE_PAID;
    return VERDICT_GOOD;
}

static verdict_t
wx2_judge(const void *settings, const moment_t *moment, const provider_bytes_t *bytes,
          notice_t *notice)
{
    verdict_t verdict = VERDICT_BAD_FORM;
    (void)moment;
    memset(notice, 0, sizeof *notice);
    params_t *params = bytes->body.size <= PROVIDER_NOTICE_MAX ? malloc(sizeof *params) : NULL;
    if (!params)
        return VERDICT_TOO_LARGE;
    if (params_read_xml(params, "xml", bytes->body)) {
        if (!params_is(params, "return_code", "SUCCESS"))
            verdict = VERDICT_MISSING;
        else if (params_get(params, "req_info"))
            verdict = wx2_judge_refund(settings, params, notice);
        else
            verdict = wx2_judge_paid(settings, params, notice);
    }
    free(params);
    return verdict;
}

static uint16_t
wx2_reply(bool taken, const char **type, const char **body)
{
    *type = "text/xml; charset=utf-8";
    *body = taken ? "<xml><return_code><![CDATA[SUCCESS]]></return_code>"
                    "<return_msg><![CDATA[OK]]></return_msg></xml>"
                  : "<xml><return_code><![CDATA[FAIL]]></return_code>"
                    "<return_msg><![CDATA[refused]]></return_msg></xml>";
    return 200;
}

const driver_t wx2_driver = {
    .name = "wxpay2", .build = wx2_build, .read = wx2_read, .judge = wx2_judge, .reply = wx2_reply
};
