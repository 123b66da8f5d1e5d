/* wx3_read - what WeChat Pay's APIv3 answers and tells. Verified first, parsed then. */
#include "clients/cashier/wx3_inside.h"
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>

enum { WX3_PLAIN_MAX = 32 * 1024, WX3_SIGNED_EXTRA = 128 };

json_t *
wx3_json(text_t text)
{
    if (text.size == 0 || text.size > PROVIDER_ANSWER_MAX)
        return NULL;
    json_t *value = json_loadb(text.data, text.size, JSON_REJECT_DUPLICATES, NULL);
    if (value && !json_is_object(value)) {
        json_decref(value);
        return NULL;
    }
    return value;
}

bool
wx3_member(const json_t *object, const char *name, char *to, size_t room)
{
    const json_t *member = json_object_get(object, name);
    to[0] = 0;
    return json_is_string(member) &&
           text_copy((text_t){ json_string_value(member), json_string_length(member) }, to, room);
}

static EVP_PKEY *
wx3_find_key(const wx3_t *self, text_t serial, int64_t now_ms)
{
    for (uint32_t i = 0; i < self->key_count; i++)
        if (text_is(serial, self->keys[i].serial) && now_ms >= self->keys[i].from_ms &&
            now_ms < self->keys[i].until_ms)
            return self->keys[i].key;
    return NULL;
}

/* Time, nonce and body, a line each. */
static bool
wx3_signed_by(EVP_PKEY *key, text_t time, text_t nonce, text_t body, text_t signature)
{
    size_t room = time.size + nonce.size + body.size + WX3_SIGNED_EXTRA;
    char *message = malloc(room);
    out_t out;
    if (!message)
        return false;
    out_init(&out, message, room);
    out_put(&out, time.data, time.size);
    out_put(&out, "\n", 1);
    out_put(&out, nonce.data, nonce.size);
    out_put(&out, "\n", 1);
    out_put(&out, body.data, body.size);
    out_put(&out, "\n", 1);
    bool good = !out.overflow && seal_verify(key, (text_t){ message, out.size }, signature);
    free(message);
    return good;
}

typedef struct {
    text_t time, nonce, serial, signature;
} wx3_head_t;

static verdict_t
wx3_head(text_t head, const moment_t *moment, wx3_head_t *to)
{
    text_t type;
    int64_t seconds;
    const struct {
        const char *name;
        text_t *value;
    } fields[] = { { "Wechatpay-Timestamp", &to->time },
                   { "Wechatpay-Nonce", &to->nonce },
                   { "Wechatpay-Serial", &to->serial },
                   { "Wechatpay-Signature", &to->signature } };
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        int found = provider_header(head, fields[i].name, fields[i].value);
        if (found != 1)
            return found ? VERDICT_BAD_FORM : VERDICT_MISSING;
    }
    int typed = provider_header(head, "Wechatpay-Signature-Type", &type);
    if (typed < 0 || (typed && !text_is(type, "WECHATPAY2-SHA256-RSA2048")))
        return VERDICT_BAD_FORM;
    if (!text_number(to->time, INT64_MAX / 1000, &seconds))
        return VERDICT_BAD_TIME;
    int64_t apart = moment->now_ms - seconds * 1000;
    return apart > PROVIDER_SKEW_MS || apart < -PROVIDER_SKEW_MS ? VERDICT_BAD_TIME : VERDICT_GOOD;
}

verdict_t
wx3_verify(const wx3_t *self, const moment_t *moment, const provider_bytes_t *bytes)
{
    wx3_head_t head;
    verdict_t verdict = wx3_head(bytes->head, moment, &head);
    if (verdict != VERDICT_GOOD)
        return verdict;
    EVP_PKEY *key = wx3_find_key(self, head.serial, moment->now_ms);
    if (!key)
        return VERDICT_UNKNOWN_KEY;
    return wx3_signed_by(key, head.time, head.nonce, bytes->body, head.signature)
               ? VERDICT_GOOD
               : VERDICT_BAD_SIGNATURE;
}

static text_t
wx3_text_member(const json_t *object, const char *name)
{
    const json_t *member = json_object_get(object, name);
    if (!json_is_string(member))
        return (text_t){ "", 0 };
    return (text_t){ json_string_value(member), json_string_length(member) };
}

bool
wx3_open_text(const wx3_t *self, const json_t *resource, out_t *to)
{
    const json_t *aad = json_object_get(resource, "associated_data");
    if (!text_is(wx3_text_member(resource, "algorithm"), "AEAD_AES_256_GCM") ||
        (aad && !json_is_string(aad)))
        return false;
    return seal_open_gcm(self->api_key, wx3_text_member(resource, "nonce"),
                         wx3_text_member(resource, "associated_data"),
                         wx3_text_member(resource, "ciphertext"), to);
}

json_t *
wx3_open(const wx3_t *self, const json_t *resource, verdict_t *verdict)
{
    char *plain = malloc(WX3_PLAIN_MAX);
    out_t out;
    json_t *value = NULL;
    *verdict = VERDICT_BAD_SEAL;
    if (plain) {
        out_init(&out, plain, WX3_PLAIN_MAX);
        if (wx3_open_text(self, resource, &out)) {
            value = wx3_json((text_t){ plain, out.size });
            *verdict = value ? VERDICT_GOOD : VERDICT_BAD_FORM;
        }
        OPENSSL_cleanse(plain, WX3_PLAIN_MAX);
        free(plain);
    }
    return value;
}

/* ------------------------------------------------------------------ transactions and refunds */

static bool
wx3_fen(const json_t *object, const char *name, int64_t *fen)
{
    const json_t *amount = json_object_get(json_object_get(object, "amount"), name);
    *fen = json_is_integer(amount) ? json_integer_value(amount) : -1;
    return *fen >= 0 && *fen <= INT64_C(1000000000000);
}

static bool
wx3_currency(const json_t *object)
{
    const json_t *currency = json_object_get(json_object_get(object, "amount"), "currency");
    return !currency ||
           (json_is_string(currency) && strcmp(json_string_value(currency), "CNY") == 0);
}

/* Is a transaction for our app, our merchant and, with an order named, that order? */
static verdict_t
wx3_ours(const wx3_t *self, const json_t *object, const char *order, bool with_app)
{
    if (with_app && !text_is(wx3_text_member(object, "appid"), self->appid))
        return VERDICT_WRONG_APP;
    if (!text_is(wx3_text_member(object, "mchid"), self->mchid))
        return VERDICT_WRONG_MERCHANT;
    if (order && !text_is(wx3_text_member(object, "out_trade_no"), order))
        return VERDICT_BAD_ORDER;
    return VERDICT_GOOD;
}

static const struct {
    const char *word;
    answer_kind_t kind;
} wx3_states[] = {
    { "SUCCESS", ANSWER_PAID },      { "REFUND", ANSWER_PAID },    { "NOTPAY", ANSWER_WAITING },
    { "USERPAYING", ANSWER_WAITING }, { "ACCEPT", ANSWER_WAITING }, { "CLOSED", ANSWER_CLOSED },
    { "REVOKED", ANSWER_CLOSED },    { "PAYERROR", ANSWER_WAITING },
}, wx3_refund_states[] = {
    { "SUCCESS", ANSWER_REFUNDED },
    { "PROCESSING", ANSWER_REFUNDING },
    { "CLOSED", ANSWER_REFUND_FAILED },
    { "ABNORMAL", ANSWER_REFUND_FAILED },
};

static void
wx3_read_transaction(const wx3_t *self, const charge_t *charge, const json_t *body,
                     answer_t *answer)
{
    char state[PROVIDER_WORD];
    (void)wx3_member(body, "trade_state", state, sizeof state);
    provider_word(answer, state);
    if (wx3_ours(self, body, charge->order, json_object_get(body, "appid") != NULL) !=
        VERDICT_GOOD) {
        answer->kind = ANSWER_UNPROVEN;
        return;
    }
    for (size_t i = 0; i < sizeof wx3_states / sizeof wx3_states[0]; i++)
        if (strcmp(state, wx3_states[i].word) == 0)
            answer->kind = wx3_states[i].kind;
    if (answer->kind == ANSWER_PAID &&
        (!wx3_member(body, "transaction_id", answer->txn, sizeof answer->txn) ||
         !wx3_fen(body, "total", &answer->amount) || !wx3_currency(body)))
        answer->kind = ANSWER_UNPROVEN;
}

static void
wx3_read_refund(const charge_t *charge, const json_t *body, answer_t *answer)
{
    char status[PROVIDER_WORD];
    (void)wx3_member(body, "status", status, sizeof status);
    provider_word(answer, status);
    if (!text_is(wx3_text_member(body, "out_refund_no"), charge->refund) ||
        !wx3_fen(body, "refund", &answer->amount) || answer->amount != charge->amount) {
        answer->kind = ANSWER_UNPROVEN;
        return;
    }
    (void)wx3_member(body, "refund_id", answer->receipt, sizeof answer->receipt);
    for (size_t i = 0; i < sizeof wx3_refund_states / sizeof wx3_refund_states[0]; i++)
        if (strcmp(status, wx3_refund_states[i].word) == 0)
            answer->kind = wx3_refund_states[i].kind;
}

static void
wx3_read_opened(const wx3_t *self, const charge_t *charge, const moment_t *moment,
                const json_t *body, answer_t *answer)
{
    static const char *const names[PAYS] = {
        [PAY_NATIVE] = "code_url", [PAY_JSAPI] = "prepay_id", [PAY_H5] = "h5_url"
    };
    char value[1024];
    out_t link;
    if (!names[charge->way] || !wx3_member(body, names[charge->way], value, sizeof value) ||
        !value[0])
        return;
    out_init(&link, answer->link, sizeof answer->link);
    if (charge->way == PAY_JSAPI) {
        if (!wx3_page(self, value, moment, &link))
            return;
    } else
        out_text(&link, value);
    answer->kind = link.overflow ? ANSWER_REFUSED : ANSWER_OPENED;
}

static void
wx3_read_good(const wx3_t *self, const charge_t *charge, const moment_t *moment, const json_t *body,
              answer_t *answer)
{
    switch (charge->kind) {
    case CALL_CREATE:
        wx3_read_opened(self, charge, moment, body, answer);
        break;
    case CALL_QUERY:
        wx3_read_transaction(self, charge, body, answer);
        break;
    case CALL_REFUND:
    case CALL_REFUND_QUERY:
        wx3_read_refund(charge, body, answer);
        break;
    case CALL_BILL:
        if (wx3_member(body, "download_url", answer->link, sizeof answer->link))
            answer->kind = ANSWER_BILL;
        break;
    case CALL_KEYS:
        answer->kind = ANSWER_KEYS;
        break;
    case CALL_CLOSE:
    case CALLS:
        break;
    }
}

/* An error is no state: but two words say where a payment is. Codes that are not known are treated
 * as their class of status. */
static void
wx3_read_error(const charge_t *charge, int status, const json_t *body, answer_t *answer)
{
    char code[PROVIDER_WORD];
    (void)wx3_member(body, "code", code, sizeof code);
    provider_word(answer, code);
    bool missing = strcmp(code, "ORDER_NOT_EXIST") == 0 || strcmp(code, "ORDERNOTEXIST") == 0 ||
                   strcmp(code, "RESOURCE_NOT_EXISTS") == 0;
    bool closed = strcmp(code, "ORDER_CLOSED") == 0 || strcmp(code, "ORDERCLOSED") == 0;
    answer->kind = status >= 500 || status == 429 ? ANSWER_AGAIN : ANSWER_REFUSED;
    if (missing && charge->kind != CALL_CREATE)
        answer->kind = ANSWER_UNKNOWN;
    if (closed && charge->kind == CALL_CLOSE)
        answer->kind = ANSWER_CLOSED;
    if (charge->kind == CALL_REFUND && strcmp(code, "NOT_ENOUGH") == 0)
        answer->kind = ANSWER_AGAIN; /* until the merchant has money, under the same number */
}

void
wx3_read(const void *settings, const charge_t *charge, const moment_t *moment,
         const provider_bytes_t *bytes, answer_t *answer)
{
    const wx3_t *self = settings;
    memset(answer, 0, sizeof *answer);
    answer->kind = ANSWER_AGAIN;
    json_t *body = wx3_json(bytes->body);
    if (bytes->status < 200 || bytes->status >= 300)
        wx3_read_error(charge, bytes->status, body, answer);
    else if (charge->kind != CALL_KEYS && wx3_verify(self, moment, bytes) != VERDICT_GOOD)
        answer->kind = ANSWER_UNPROVEN;
    else if (bytes->status == 204 && charge->kind == CALL_CLOSE)
        answer->kind = ANSWER_CLOSED;
    else if (body)
        wx3_read_good(self, charge, moment, body, answer);
    json_decref(body);
}

/* ------------------------------------------------------------------ notifications */

static verdict_t
wx3_judge_paid(const wx3_t *self, const json_t *plain, notice_t *notice)
{
    verdict_t verdict = wx3_ours(self, plain, NULL, true);
    if (verdict != VERDICT_GOOD)
        return verdict;
    if (!wx3_member(plain, "out_trade_no", notice->order, sizeof notice->order))
        return VERDICT_BAD_ORDER;
    if (!wx3_fen(plain, "total", &notice->amount))
        return VERDICT_BAD_AMOUNT;
    if (!wx3_currency(plain))
        return VERDICT_WRONG_CURRENCY;
    if (!wx3_member(plain, "transaction_id", notice->txn, sizeof notice->txn) || !notice->txn[0] ||
        !wx3_member(plain, "trade_state", notice->word, sizeof notice->word))
        return VERDICT_MISSING;
    notice->kind = strcmp(notice->word, "SUCCESS") == 0 ? NOTICE_PAID : NOTICE_OTHER;
    return VERDICT_GOOD;
}

static verdict_t
wx3_judge_refund(const wx3_t *self, const json_t *plain, notice_t *notice)
{
    verdict_t verdict = wx3_ours(self, plain, NULL, false);
    if (verdict != VERDICT_GOOD)
        return verdict;
    if (!wx3_member(plain, "out_trade_no", notice->order, sizeof notice->order))
        return VERDICT_BAD_ORDER;
    if (!wx3_fen(plain, "refund", &notice->amount))
        return VERDICT_BAD_AMOUNT;
    if (!wx3_member(plain, "out_refund_no", notice->refund, sizeof notice->refund) ||
        !wx3_member(plain, "refund_status", notice->word, sizeof notice->word))
        return VERDICT_MISSING;
    (void)wx3_member(plain, "transaction_id", notice->txn, sizeof notice->txn);
    (void)wx3_member(plain, "refund_id", notice->receipt, sizeof notice->receipt);
    bool done = strcmp(notice->word, "SUCCESS") == 0;
    bool failed = strcmp(notice->word, "ABNORMAL") == 0 || strcmp(notice->word, "CLOSED") == 0;
    notice->kind = done ? NOTICE_REFUNDED : failed ? NOTICE_REFUND_FAILED : NOTICE_OTHER;
    return VERDICT_GOOD;
}

static verdict_t
wx3_judge_body(const wx3_t *self, const json_t *body, notice_t *notice)
{
    verdict_t verdict;
    text_t type = wx3_text_member(body, "event_type");
    json_t *plain = wx3_open(self, json_object_get(body, "resource"), &verdict);
    if (!plain)
        return verdict;
    if (text_is(type, "TRANSACTION.SUCCESS"))
        verdict = wx3_judge_paid(self, plain, notice);
    else if (type.size > 7 && memcmp(type.data, "REFUND.", 7) == 0)
        verdict = wx3_judge_refund(self, plain, notice);
    else
        verdict = VERDICT_MISSING; /* of a kind that nobody asked for: it names no order */
    json_decref(plain);
    return verdict;
}

verdict_t
wx3_judge(const void *settings, const moment_t *moment, const provider_bytes_t *bytes,
          notice_t *notice)
{
    const wx3_t *self = settings;
    memset(notice, 0, sizeof *notice);
    if (bytes->body.size > PROVIDER_NOTICE_MAX)
        return VERDICT_TOO_LARGE;
    verdict_t verdict = wx3_verify(self, moment, bytes);
    if (verdict != VERDICT_GOOD)
        return verdict;
    json_t *body = wx3_json(bytes->body);
    if (!body)
        return VERDICT_BAD_FORM;
    verdict = wx3_judge_body(self, body, notice);
    json_decref(body);
    return verdict;
}

/* ------------------------------------------------------------------ platform certificates */

/* One of the list: its key, serial and time, once seal, serial and time agree. */
static EVP_PKEY *
wx3_one_key(const wx3_t *self, const json_t *one, wx3_key_t *to)
{
    char pem[8192];
    out_t out;
    EVP_PKEY *key = NULL;
    out_init(&out, pem, sizeof pem);
    X509 *certificate = wx3_open_text(self, json_object_get(one, "encrypt_certificate"), &out)
                            ? seal_certificate((text_t){ pem, out.size })
                            : NULL;
    if (certificate && seal_serial(certificate, to->serial) &&
        text_is(wx3_text_member(one, "serial_no"), to->serial) &&
        seal_validity(certificate, &to->from_ms, &to->until_ms))
        key = seal_certificate_key(certificate);
    X509_free(certificate);
    return key;
}

static void
wx3_forget_ended(wx3_t *self, int64_t now_ms)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < self->key_count; i++)
        if (self->keys[i].until_ms > now_ms)
            self->keys[kept++] = self->keys[i];
        else
            EVP_PKEY_free(self->keys[i].key);
    self->key_count = kept;
}

/* What an empty ring trusts at first: the GCM tag under the APIv3 key vouches for it, and it must
 * have signed the list that it came in. */
int
wx3_take_keys(wx3_t *self, const moment_t *moment, const provider_bytes_t *bytes)
{
    wx3_t found = { .key_count = 0 };
    json_t *body = wx3_json(bytes->body), *list = json_object_get(body, "data");
    const json_t *one;
    size_t at;
    memcpy(found.api_key, self->api_key, sizeof found.api_key);
    wx3_forget_ended(self, moment->now_ms);
    json_array_foreach(list, at, one)
    {
        wx3_key_t key;
        EVP_PKEY *read = at < WX3_KEYS_MAX ? wx3_one_key(&found, one, &key) : NULL;
        if (read)
            wx3_keep_key(&found, key.serial, read, key.from_ms, key.until_ms);
    }
    json_decref(body);
    const wx3_t *judge = self->key_count ? self : &found;
    bool proven = wx3_verify(judge, moment, bytes) == VERDICT_GOOD;
    for (uint32_t i = 0; i < found.key_count; i++)
        if (proven)
            wx3_keep_key(self, found.keys[i].serial, found.keys[i].key, found.keys[i].from_ms,
                         found.keys[i].until_ms);
        else
            EVP_PKEY_free(found.keys[i].key);
    OPENSSL_cleanse(&found, sizeof found);
    return proven ? (int)self->key_count : -1;
}
