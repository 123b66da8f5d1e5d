/* test_cashier - drivers of payment providers against bent bytes; money, forms, XML, errands. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>

#include "broker/operation.h"
#include "clients/cashier/ali.h"
#include "clients/cashier/errand.h"
#include "clients/cashier/wx2.h"
#include "clients/cashier/wx3.h"
#include "clients/cashier/yuan.h"

#define NOW_MS INT64_C(1790000000000)
#define ORDER  "M0000002DT9B2N00000028"

static EVP_PKEY *key; /* of the provider */
static params_t params;
static ali_t ali;
static wx2_t wx2;
static wx3_t wx3;
static const moment_t now = { .now_ms = NOW_MS, .nonce = "593BEC0C930BF1AFEB40B4A08C8FB242" };

/* ------------------------------------------------------------------ money, forms, XML */

static void
yuan_are_read_exactly_or_not_at_all(void **unused)
{
    (void)unused;
    static const struct {
        const char *text;
        int64_t fen; /* -1: refused */
    } table[] = { { "80", 8000 },
                  { "80.0", 8000 },
                  { "80.00", 8000 },
                  { "0.01", 1 },
                  { "0.1", 10 },
                  { "0", 0 },
                  { "19.99", 1999 },
                  { "1.15", 115 },
                  { "9999999999.99", 999999999999 },
                  { "10000000000.00", 1000000000000 },
                  { "10000000000.01", -1 },
                  { "", -1 },
                  { ".", -1 },
                  { "1.", -1 },
                  { ".5", -1 },
                  { "1.005", -1 },
                  { "-1.00", -1 },
                  { "+1.00", -1 },
                  { " 1.00", -1 },
                  { "1.00 ", -1 },
                  { "1,00", -1 },
                  { "1e2", -1 },
                  { "01.00", -1 },
                  { "00", -1 },
                  { "1.0.0", -1 },
                  { "NaN", -1 },
                  { "99999999999999999999", -1 } };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        int64_t fen = -1;
        bool read = yuan_read(text_of(table[i].text), &fen);
        if (read != (table[i].fen >= 0) || (read && fen != table[i].fen))
            fail_msg("%s", table[i].text);
    }
    for (int64_t fen = 0; fen < 30000; fen++) {
        char text[YUAN_ROOM];
        int64_t back;
        yuan_write(fen, text);
        assert_true(yuan_read(text_of(text), &back) && back == fen);
    }
}

static void
beijing_is_eight_hours_ahead(void **unused)
{
    (void)unused;
    char text[BEIJING_ROOM];
    int64_t ms;
    beijing_write(INT64_C(1617203999999), BEIJING_PLAIN, text);
    assert_string_equal(text, "2021-03-31 23:19:59");
    beijing_write(INT64_C(1709222400000), BEIJING_RFC, text);
    assert_string_equal(text, "2024-03-01T00:00:00+08:00");
    beijing_write(INT64_C(1709222399000), BEIJING_DIGITS, text);
    assert_string_equal(text, "20240229235959");
    assert_true(beijing_day(text_of("2024-03-01"), &ms) && ms == INT64_C(1709222400000));
    static const char *const bad[] = { "2023-02-29", "2024-2-1", "2024/03/01", "2024-13-01",
                                       "2024-00-10", "24-03-01", "2024-03-01 " };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(beijing_day(text_of(bad[i]), &ms));
}

static void
bad_xml_is_refused(void **unused)
{
    (void)unused;
    static const char *const bad[] = {
        "",
        "<xml>",
        "<xml></xml>",
        "<xml>text</xml>",
        "<xml><a>1</a>text</xml>",
        "<xml><a><b>1</b></a></xml>",
        "<xml><a>1</a><a>2</a></xml>",
        "<xml><a x=\"1\">1</a></xml>",
        "<xml a=\"1\"><b>1</b></xml>",
        "<root><a>1</a></root>",
        "<xml><a>1</a></xml><xml/>",
        "<xml><a>1</a></xml>x",
        "<xml><a>1</b></xml>",
        "<xml><a>&unknown;</a></xml>",
        "<xml><?php 1?><a>1</a></xml>",
        "<!DOCTYPE xml [<!ENTITY a \"1\">]><xml><a>&a;</a></xml>",
        "<!DOCTYPE xml SYSTEM \"http://127.0.0.1:1/x\"><xml><a>1</a></xml>",
        "<!DOCTYPE x [<!ENTITY a SYSTEM \"file:///etc/passwd\">]><xml><a>&a;</a></xml>",
        "<!DOCTYPE l [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;&a;\">]><xml><x>&b;&b;</x></xml>",
        "<xml><a>\xff</a></xml>",
        "<xml><a>&#0;</a></xml>",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (params_read_xml(&params, "xml", text_of(bad[i])))
            fail_msg("%s", bad[i]);
    static char long_one[PARAMS_BYTES + 64];
    out_t out;
    out_init(&out, long_one, sizeof long_one);
    out_text(&out, "<xml><a>");
    while (out.size < 17000)
        out_text(&out, "xxxxxxxxxxxxxxxx");
    out_text(&out, "</a></xml>");
    assert_false(params_read_xml(&params, "xml", (text_t){ long_one, out.size }));
    assert_true(params_read_xml(
        &params, "xml", text_of("<xml>\n <a><![CDATA[<1&2>]]></a><b>&lt;&#20013;</b><c/></xml>")));
    assert_string_equal(params_get(&params, "a"), "<1&2>");
    assert_string_equal(params_get(&params, "b"), "<\xe4\xb8\xad");
    assert_string_equal(params_get(&params, "c"), "");
}

static void
xml_of_ours_is_read_back(void **unused)
{
    (void)unused;
    static params_t back;
    char room[512];
    out_t out;
    params_clear(&params);
    assert_true(params_put(&params, "body", "<a>&\"'\xe7\xa5\xa8"));
    assert_true(params_put(&params, "empty", ""));
    assert_false(params_put(&params, "body", "again"));
    params.full = false;
    out_init(&out, room, sizeof room);
    params_write_xml(&params, &out);
    assert_true(params_read_xml(&back, "xml", (text_t){ room, out.size }));
    assert_string_equal(params_get(&back, "body"), "<a>&\"'\xe7\xa5\xa8");
    assert_int_equal(back.count, 2);
}

static void
bad_forms_are_refused(void **unused)
{
    (void)unused;
    static const char *const bad[] = {
        "",      "=1",    "a=1&a=2",   "a=%", "a=%1",   "a=%zz",
        "a=%00", "a=%ff", "a=1&%61=2", "&",   "a=1&&b", "a=%ed%a0%80"
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (params_read_form(&params, text_of(bad[i])))
            fail_msg("%s", bad[i]);
    assert_true(params_read_form(&params, text_of("a=1+2%2B3&b=&c=%25%32%30")));
    assert_string_equal(params_get(&params, "a"), "1 2+3");
    assert_string_equal(params_get(&params, "b"), "");
    assert_string_equal(params_get(&params, "c"), "%20"); /* decoded once, once only */
}

/* ------------------------------------------------------------------ Alipay */

typedef struct {
    const char *name, *value;
} field_of_t;

static const field_of_t ali_fields[] = { { "app_id", "2019073166072302" },
                                         { "body", "" },
                                         { "charset", "utf-8" },
                                         { "gmt_payment", "2026-09-21 22:13:20" },
                                         { "notify_id", "1" },
                                         { "out_trade_no", ORDER },
                                         { "seller_id", "2088531891668739" },
                                         { "subject", "\xe7\xa5\xa8 + 1" },
                                         { "total_amount", "80.00" },
                                         { "trade_no", "T1" },
                                         { "trade_status", "TRADE_SUCCESS" } };
enum { ALI_FIELDS = sizeof ali_fields / sizeof ali_fields[0] };

/* A signed form; `put` goes over a field, or is one more; `without` is left out. */
static text_t
ali_form(const field_of_t *put, const char *without)
{
    static char room[4096];
    char joined[2048], sign[SEAL_SIGNATURE_ROOM];
    out_t out;
    bool seen = false;
    params_clear(&params);
    for (size_t i = 0; i < ALI_FIELDS; i++) {
        bool over = put && strcmp(put->name, ali_fields[i].name) == 0;
        seen |= over;
        if (!without || strcmp(without, ali_fields[i].name) != 0)
            (void)params_put(&params, ali_fields[i].name, over ? put->value : ali_fields[i].value);
    }
    if (put && !seen)
        (void)params_put(&params, put->name, put->value);
    out_init(&out, joined, sizeof joined);
    params_join(&params, 0, &out);
    assert_true(seal_sign(key, (text_t){ joined, out.size }, sign));
    (void)params_put(&params, "sign", sign);
    (void)params_put(&params, "sign_type", "RSA2");
    out_init(&out, room, sizeof room);
    params_write_form(&params, &out);
    assert_false(out.overflow);
    return (text_t){ room, out.size };
}

static verdict_t
ali_judge_form(text_t form, notice_t *notice)
{
    const provider_bytes_t bytes = { .body = form };
    return ali_driver.judge(&ali, &now, &bytes, notice);
}

static void
alipay_says_what_is_a_payment(void **unused)
{
    (void)unused;
    static const struct {
        field_of_t put;
        verdict_t verdict;
        notice_kind_t kind;
    } table[] = {
        { { "trade_status", "TRADE_SUCCESS" }, VERDICT_GOOD, NOTICE_PAID },
        { { "trade_status", "TRADE_FINISHED" }, VERDICT_GOOD, NOTICE_PAID },
        { { "trade_status", "WAIT_BUYER_PAY" }, VERDICT_GOOD, NOTICE_OTHER },
        { { "trade_status", "TRADE_CLOSED" }, VERDICT_GOOD, NOTICE_OTHER }, /* was paid once */
        { { "refund_fee", "10.00" }, VERDICT_GOOD, NOTICE_REFUND_HINT },
        { { "gmt_refund", "2026-09-21" }, VERDICT_GOOD, NOTICE_OTHER },
        { { "refund_fee", "0.00" }, VERDICT_GOOD, NOTICE_PAID },
        { { "refund_fee", "x" }, VERDICT_BAD_AMOUNT, NOTICE_OTHER },
        { { "total_amount", "80.001" }, VERDICT_BAD_AMOUNT, NOTICE_OTHER },
        { { "app_id", "2" }, VERDICT_WRONG_APP, NOTICE_OTHER },
        { { "seller_id", "2" }, VERDICT_WRONG_MERCHANT, NOTICE_OTHER },
        { { "charset", "gbk" }, VERDICT_BAD_FORM, NOTICE_OTHER },
        { { "trade_no", "" }, VERDICT_MISSING, NOTICE_OTHER },
        { { "unknown", "counts, too" }, VERDICT_GOOD, NOTICE_PAID },
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        notice_t notice;
        verdict_t verdict = ali_judge_form(ali_form(&table[i].put, NULL), &notice);
        if (verdict != table[i].verdict ||
            (verdict == VERDICT_GOOD && notice.kind != table[i].kind))
            fail_msg("%s=%s: %s, %d", table[i].put.name, table[i].put.value,
                     provider_verdict(verdict), (int)notice.kind);
        if (verdict == VERDICT_GOOD)
            assert_int_equal(notice.amount, 8000);
    }
    notice_t notice;
    assert_int_equal(ali_judge_form(ali_form(NULL, "gmt_payment"), &notice), VERDICT_GOOD);
    for (size_t i = 0; i < ALI_FIELDS; i++) {
        static const char *const may_miss[] = { "body", "charset", "gmt_payment", "notify_id",
                                                "subject" };
        bool may = false;
        for (size_t j = 0; j < sizeof may_miss / sizeof may_miss[0]; j++)
            may |= strcmp(may_miss[j], ali_fields[i].name) == 0;
        if ((ali_judge_form(ali_form(NULL, ali_fields[i].name), &notice) == VERDICT_GOOD) != may)
            fail_msg("without %s", ali_fields[i].name);
    }
}

/* No byte of a form can be another. What is decoded to the same is the same. */
static void
alipay_forms_cannot_be_bent(void **unused)
{
    (void)unused;
    char bent[4096];
    notice_t notice;
    text_t form = ali_form(NULL, NULL);
    memcpy(bent, form.data, form.size);
    for (size_t i = 0; i < form.size; i++)
        for (int bit = 0; bit < 8; bit += 3) {
            bent[i] ^= (char)(1 << bit);
            bool hex = i > 0 && (bent[i - 1] == '%' || (i > 1 && bent[i - 2] == '%'));
            if (!hex && ali_judge_form((text_t){ bent, form.size }, &notice) == VERDICT_GOOD)
                fail_msg("byte %zu, bit %d", i, bit);
            bent[i] ^= (char)(1 << bit);
        }
    assert_int_equal(ali_judge_form((text_t){ bent, form.size }, &notice), VERDICT_GOOD);
    /* A field that comes twice. */
    size_t size = form.size;
    memcpy(bent + size, "&total_amount=80.00", 19);
    assert_int_equal(ali_judge_form((text_t){ bent, size + 19 }, &notice), VERDICT_BAD_FORM);
}

static void
alipay_answers_are_cut_as_they_came(void **unused)
{
    (void)unused;
    static const char *const bad[] = {
        "",
        "{}",
        "[]",
        "{\"r\":{\"a\":1}",
        "{\"r\":{\"a\":1},\"r\":{\"a\":2},\"sign\":\"x\"}",
        "{\"r\":{\"a\":1},\"sign\":\"x\",\"sign\":\"y\"}",
        "{\"\\u0072\":{\"a\":2},\"r\":{\"a\":1},\"sign\":\"x\"}",
        "{\"r\":{\"a\":\"}\",\"sign\":\"x\"}",
        "{\"r\":{\"a\":1}} trailing",
        "{\"r\" {\"a\":1}}",
    };
    text_t node, sign;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (ali_cut(text_of(bad[i]), "r", &node, &sign))
            fail_msg("%s", bad[i]);
    assert_true(
        ali_cut(text_of(" {\"a\":[1,\"]\"],\"r\":{\"u\":\"x\\/\\\"}\"},\"sign\":\"ab\\/c\"} "), "r",
                &node, &sign));
    assert_true(text_is(node, "{\"u\":\"x\\/\\\"}\"}"));
    assert_true(text_is(sign, "ab\\/c"));
}

/* ------------------------------------------------------------------ WeChat Pay, APIv2 */

static const field_of_t wx2_fields[] = {
    { "appid", "wxd930ea5d5a258f4f" }, { "mch_id", "10000100" },     { "nonce_str", "abc" },
    { "out_trade_no", ORDER },         { "result_code", "SUCCESS" }, { "return_code", "SUCCESS" },
    { "time_end", "20260921221320" },  { "total_fee", "8000" },      { "transaction_id", "T1" }
};
enum { WX2_FIELDS = sizeof wx2_fields / sizeof wx2_fields[0] };

static text_t
wx2_document(const field_of_t *put, const char *without)
{
    static char room[4096];
    char sign[SEAL_HEX_ROOM];
    out_t out;
    bool seen = false;
    params_clear(&params);
    for (size_t i = 0; i < WX2_FIELDS; i++) {
        bool over = put && strcmp(put->name, wx2_fields[i].name) == 0;
        seen |= over;
        if (!without || strcmp(without, wx2_fields[i].name) != 0)
            (void)params_put(&params, wx2_fields[i].name, over ? put->value : wx2_fields[i].value);
    }
    if (put && !seen)
        (void)params_put(&params, put->name, put->value);
    assert_true(wx2_sign(wx2.key, wx2.hmac, &params, sign));
    (void)params_put(&params, "sign", sign);
    out_init(&out, room, sizeof room);
    params_write_xml(&params, &out);
    return (text_t){ room, out.size };
}

static verdict_t
wx2_judge_document(text_t document, notice_t *notice)
{
    const provider_bytes_t bytes = { .body = document };
    return wx2_driver.judge(&wx2, &now, &bytes, notice);
}

static void
wechat_v2_says_what_is_a_payment(void **unused)
{
    (void)unused;
    static const struct {
        field_of_t put;
        verdict_t verdict;
        notice_kind_t kind;
    } table[] = {
        { { "cash_fee", "7000" }, VERDICT_GOOD, NOTICE_PAID },
        { { "result_code", "FAIL" }, VERDICT_GOOD, NOTICE_OTHER },
        { { "return_code", "FAIL" }, VERDICT_MISSING, NOTICE_OTHER },
        { { "appid", "wx1" }, VERDICT_WRONG_APP, NOTICE_OTHER },
        { { "mch_id", "1" }, VERDICT_WRONG_MERCHANT, NOTICE_OTHER },
        { { "fee_type", "USD" }, VERDICT_WRONG_CURRENCY, NOTICE_OTHER },
        { { "total_fee", "80.00" }, VERDICT_BAD_AMOUNT, NOTICE_OTHER },
        { { "total_fee", "-1" }, VERDICT_BAD_AMOUNT, NOTICE_OTHER },
        { { "sign_type", "MD5" }, VERDICT_BAD_SIGNATURE, NOTICE_OTHER },
        { { "sign_type", "HMAC-SHA256" }, VERDICT_GOOD, NOTICE_PAID },
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        notice_t notice;
        verdict_t verdict = wx2_judge_document(wx2_document(&table[i].put, NULL), &notice);
        if (verdict != table[i].verdict ||
            (verdict == VERDICT_GOOD && notice.kind != table[i].kind))
            fail_msg("%s=%s: %s", table[i].put.name, table[i].put.value, provider_verdict(verdict));
    }
    for (size_t i = 0; i < WX2_FIELDS; i++) {
        notice_t notice;
        bool may = strcmp(wx2_fields[i].name, "nonce_str") == 0 ||
                   strcmp(wx2_fields[i].name, "time_end") == 0;
        verdict_t verdict = wx2_judge_document(wx2_document(NULL, wx2_fields[i].name), &notice);
        bool paid = verdict == VERDICT_GOOD && notice.kind == NOTICE_PAID;
        if (paid != may)
            fail_msg("without %s", wx2_fields[i].name);
    }
}

static void
wechat_v2_documents_cannot_be_bent(void **unused)
{
    (void)unused;
    char bent[4096];
    notice_t notice;
    text_t document = wx2_document(NULL, NULL);
    memcpy(bent, document.data, document.size);
    for (size_t i = 0; i < document.size; i++) {
        bent[i] ^= 1;
        if (wx2_judge_document((text_t){ bent, document.size }, &notice) == VERDICT_GOOD)
            fail_msg("byte %zu", i);
        bent[i] ^= 1;
    }
    assert_int_equal(wx2_judge_document((text_t){ bent, document.size }, &notice), VERDICT_GOOD);
    wx2.hmac = false; /* signed by another type than ours */
    assert_int_equal(wx2_judge_document((text_t){ bent, document.size }, &notice),
                     VERDICT_BAD_SIGNATURE);
    wx2.hmac = true;
}

/* ------------------------------------------------------------------ WeChat Pay, APIv3 */

static void
wx3_seal(const char *plain, const char *nonce, const char *aad, out_t *to)
{
    uint8_t bytes[2048];
    int size = 0, last = 0, unused;
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    assert_int_equal(
        EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), NULL, wx3.api_key, (const uint8_t *)nonce),
        1);
    (void)EVP_EncryptUpdate(context, NULL, &unused, (const uint8_t *)aad, (int)strlen(aad));
    (void)EVP_EncryptUpdate(context, bytes, &size, (const uint8_t *)plain, (int)strlen(plain));
    (void)EVP_EncryptFinal_ex(context, bytes + size, &last);
    (void)EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, SEAL_GCM_TAG, bytes + size);
    EVP_CIPHER_CTX_free(context);
    seal_base64_write(bytes, (size_t)size + SEAL_GCM_TAG, to);
}

static const char wx3_plain[] =
    "{\"appid\":\"wx2421b1c4370ec43b\",\"mchid\":\"1900007291\",\"out_trade_no\":\"" ORDER "\","
    "\"transaction_id\":\"T1\",\"trade_state\":\"SUCCESS\",\"amount\":{\"total\":8000,\"currency\":"
    "\"CNY\"}}";

typedef struct {
    char body[4096], head[4096];
} wx3_sent_t;

static void
wx3_sign_sent(wx3_sent_t *sent, int64_t seconds, const char *serial)
{
    char message[8192], sign[SEAL_SIGNATURE_ROOM];
    snprintf(message, sizeof message, "%lld\nN\n%s\n", (long long)seconds, sent->body);
    assert_true(seal_sign(key, text_of(message), sign));
    snprintf(sent->head, sizeof sent->head,
             "wechatpay-timestamp: %lld\nWechatpay-Nonce: N\nWechatpay-Serial: "
             "%s\nWechatpay-Signature: %s\n",
             (long long)seconds, serial, sign);
}

static void
wx3_send(wx3_sent_t *sent, const char *plain, const char *algorithm, const char *nonce,
         const char *event)
{
    out_t out;
    char sealed[4096];
    out_init(&out, sealed, sizeof sealed);
    wx3_seal(plain, "abcdefghijkl", "transaction", &out);
    snprintf(
        sent->body, sizeof sent->body,
        "{\"id\":\"1\",\"event_type\":\"%s\",\"resource\":{\"algorithm\":\"%s\",\"nonce\":\"%s\","
        "\"associated_data\":\"transaction\",\"ciphertext\":\"%.3000s\"}}",
        event, algorithm, nonce, sealed);
    wx3_sign_sent(sent, NOW_MS / 1000, "PUB_KEY_ID_1");
}

static verdict_t
wx3_judge_sent(const wx3_sent_t *sent, notice_t *notice)
{
    const provider_bytes_t bytes = { .head = text_of(sent->head), .body = text_of(sent->body) };
    return wx3_driver.judge(&wx3, &now, &bytes, notice);
}

static void
wechat_v3_says_what_is_a_payment(void **unused)
{
    (void)unused;
    wx3_sent_t sent;
    notice_t notice;
    static const char gcm[] = "AEAD_AES_256_GCM", good[] = "abcdefghijkl";
    static const char success[] = "TRANSACTION.SUCCESS";
    static const struct {
        const char *from, *to; /* in the plain text */
        verdict_t verdict;
    } table[] = {
        { "SUCCESS", "SUCCESS", VERDICT_GOOD },
        { "wx2421b1c4370ec43b", "wx0", VERDICT_WRONG_APP },
        { "1900007291", "1", VERDICT_WRONG_MERCHANT },
        { "CNY", "USD", VERDICT_WRONG_CURRENCY },
        { "8000", "-1", VERDICT_BAD_AMOUNT },
        { "8000", "80.00", VERDICT_BAD_AMOUNT },
        { "8000", "\"8000\"", VERDICT_BAD_AMOUNT },
        { "\"T1\"", "7", VERDICT_MISSING },
        { "\"T1\"", "\"\"", VERDICT_MISSING },
        { "\"appid\"", "\"mchid\"", VERDICT_BAD_FORM }, /* twice */
        { "out_trade_no", "out", VERDICT_BAD_ORDER },
        { "}}", "}", VERDICT_BAD_FORM },
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char plain[1024];
        const char *at = strstr(wx3_plain, table[i].from);
        assert_non_null(at);
        snprintf(plain, sizeof plain, "%.*s%s%s", (int)(at - wx3_plain), wx3_plain, table[i].to,
                 at + strlen(table[i].from));
        wx3_send(&sent, plain, gcm, good, success);
        verdict_t verdict = wx3_judge_sent(&sent, &notice);
        if (verdict != table[i].verdict)
            fail_msg("%s for %s: %s", table[i].to, table[i].from, provider_verdict(verdict));
    }
    wx3_send(&sent, wx3_plain, gcm, good, success);
    assert_int_equal(wx3_judge_sent(&sent, &notice), VERDICT_GOOD);
    assert_int_equal(notice.kind, NOTICE_PAID);
    assert_int_equal(notice.amount, 8000);
    wx3_send(&sent, wx3_plain, "AEAD_AES_128_GCM", good, success);
    assert_int_equal(wx3_judge_sent(&sent, &notice), VERDICT_BAD_SEAL);
    wx3_send(&sent, wx3_plain, gcm, "abcdefghijk", success);
    assert_int_equal(wx3_judge_sent(&sent, &notice), VERDICT_BAD_SEAL);
    wx3_send(&sent, wx3_plain, gcm, "abcdefghijkm", success);
    assert_int_equal(wx3_judge_sent(&sent, &notice), VERDICT_BAD_SEAL);
    wx3_send(&sent, wx3_plain, gcm, good, "PAYSCORE.USER_OPEN_SERVICE");
    assert_int_equal(wx3_judge_sent(&sent, &notice), VERDICT_MISSING);
    snprintf(
        sent.body, sizeof sent.body,
        "{\"event_type\":\"TRANSACTION.SUCCESS\",\"resource\":{\"algorithm\":\"AEAD_AES_256_GCM\","
        "\"nonce\":\"abcdefghijkl\",\"ciphertext\":\"AAAAAAAAAAAAAAAAAAAA\"}}");
    wx3_sign_sent(&sent, NOW_MS / 1000, "PUB_KEY_ID_1");
    assert_int_equal(wx3_judge_sent(&sent, &notice), VERDICT_BAD_SEAL); /* shorter than a tag */
}

static void
wechat_v3_notices_cannot_be_bent(void **unused)
{
    (void)unused;
    wx3_sent_t sent;
    notice_t notice;
    wx3_send(&sent, wx3_plain, "AEAD_AES_256_GCM", "abcdefghijkl", "TRANSACTION.SUCCESS");
    for (size_t i = 0; sent.body[i]; i++) {
        sent.body[i] ^= 1;
        assert_int_equal(wx3_judge_sent(&sent, &notice), VERDICT_BAD_SIGNATURE);
        sent.body[i] ^= 1;
    }
    static const int64_t late[] = { -301, 301, -100000, 100000 };
    for (size_t i = 0; i < sizeof late / sizeof late[0]; i++) {
        wx3_sign_sent(&sent, NOW_MS / 1000 + late[i], "PUB_KEY_ID_1");
        assert_int_equal(wx3_judge_sent(&sent, &notice), VERDICT_BAD_TIME);
    }
    wx3_sign_sent(&sent, NOW_MS / 1000 - 299, "PUB_KEY_ID_1");
    assert_int_equal(wx3_judge_sent(&sent, &notice), VERDICT_GOOD);
    wx3_sign_sent(&sent, NOW_MS / 1000, "PUB_KEY_ID_2");
    assert_int_equal(wx3_judge_sent(&sent, &notice), VERDICT_UNKNOWN_KEY);
    wx3_sign_sent(&sent, NOW_MS / 1000, "PUB_KEY_ID_1");
    wx3.keys[0].until_ms = NOW_MS; /* its certificate has ended */
    assert_int_equal(wx3_judge_sent(&sent, &notice), VERDICT_UNKNOWN_KEY);
    wx3.keys[0].until_ms = INT64_MAX;
    char *line = strstr(sent.head, "Wechatpay-Nonce");
    char kept[sizeof sent.head];
    memcpy(kept, sent.head, sizeof kept);
    memcpy(line, "wechatpay-xxxxx", 15);
    assert_int_equal(wx3_judge_sent(&sent, &notice), VERDICT_MISSING);
    memcpy(sent.head, kept, sizeof kept);
    strcat(sent.head, "Wechatpay-Nonce: N\n");
    assert_int_equal(wx3_judge_sent(&sent, &notice), VERDICT_BAD_FORM);
    memcpy(sent.head, kept, sizeof kept);
    snprintf(strstr(sent.head, "Signature: ") + 11, 64, "WECHATPAY/SIGNTEST/AAAA\n");
    assert_int_equal(wx3_judge_sent(&sent, &notice), VERDICT_BAD_SIGNATURE);
}

/* ------------------------------------------------------------------ errands */

/* What follows, from answer to answer: C create, Q query, X close, R refund, r refund's query. */
static void
errands_end_as_they_should(void **unused)
{
    (void)unused;
    static const struct {
        uint16_t operation;
        bool again, over;
        answer_kind_t answers[4];
        const char *calls;
        errand_step_t end;
    } table[] = {
        { OP_PROVIDER_CREATE, 0, 0, { ANSWER_OPENED }, "C", ERRAND_OPENED },
        { OP_PROVIDER_CREATE, 0, 0, { ANSWER_AGAIN }, "C", ERRAND_WAIT },
        { OP_PROVIDER_CREATE, 0, 0, { ANSWER_UNPROVEN }, "C", ERRAND_WAIT },
        { OP_PROVIDER_CREATE, 0, 0, { ANSWER_REFUSED, ANSWER_PAID }, "CQ", ERRAND_PAID },
        { OP_PROVIDER_CREATE, 0, 0, { ANSWER_REFUSED, ANSWER_UNKNOWN }, "CQ", ERRAND_REFUSED },
        { OP_PROVIDER_CREATE, 0, 0, { ANSWER_REFUSED, ANSWER_AGAIN }, "CQ", ERRAND_WAIT },
        { OP_PROVIDER_QUERY, 0, 0, { ANSWER_PAID }, "Q", ERRAND_PAID },
        { OP_PROVIDER_QUERY, 0, 0, { ANSWER_WAITING }, "Q", ERRAND_WAIT },
        { OP_PROVIDER_QUERY, 0, 0, { ANSWER_UNKNOWN }, "Q", ERRAND_WAIT },
        { OP_PROVIDER_QUERY, 0, 0, { ANSWER_CLOSED }, "Q", ERRAND_CLOSED },
        { OP_PROVIDER_CLOSE, 0, 0, { ANSWER_PAID }, "Q", ERRAND_PAID },
        { OP_PROVIDER_CLOSE, 0, 0, { ANSWER_WAITING, ANSWER_CLOSED }, "QX", ERRAND_CLOSED },
        { OP_PROVIDER_CLOSE, 0, 0, { ANSWER_UNKNOWN, ANSWER_UNKNOWN }, "QX", ERRAND_WAIT },
        { OP_PROVIDER_CLOSE, 0, 1, { ANSWER_UNKNOWN, ANSWER_UNKNOWN }, "QX", ERRAND_CLOSED },
        { OP_PROVIDER_CLOSE,
          0,
          0,
          { ANSWER_WAITING, ANSWER_REFUSED, ANSWER_PAID },
          "QXQ",
          ERRAND_PAID },
        { OP_PROVIDER_CLOSE,
          0,
          0,
          { ANSWER_WAITING, ANSWER_REFUSED, ANSWER_WAITING, ANSWER_REFUSED },
          "QXQX",
          ERRAND_WAIT },
        { OP_PROVIDER_REFUND, 0, 0, { ANSWER_REFUNDED }, "R", ERRAND_REFUNDED },
        { OP_PROVIDER_REFUND, 0, 0, { ANSWER_REFUNDING, ANSWER_REFUNDED }, "Rr", ERRAND_REFUNDED },
        { OP_PROVIDER_REFUND, 0, 0, { ANSWER_REFUNDING, ANSWER_UNKNOWN }, "Rr", ERRAND_WAIT },
        { OP_PROVIDER_REFUND, 0, 0, { ANSWER_REFUSED }, "R", ERRAND_REFUND_FAILED },
        { OP_PROVIDER_REFUND, 0, 0, { ANSWER_AGAIN }, "R", ERRAND_WAIT },
        { OP_PROVIDER_REFUND, 1, 0, { ANSWER_REFUNDED }, "r", ERRAND_REFUNDED },
        { OP_PROVIDER_REFUND, 1, 0, { ANSWER_REFUNDING }, "r", ERRAND_WAIT },
        { OP_PROVIDER_REFUND, 1, 0, { ANSWER_REFUND_FAILED }, "r", ERRAND_REFUND_FAILED },
        { OP_PROVIDER_REFUND, 1, 0, { ANSWER_UNKNOWN, ANSWER_REFUNDED }, "rR", ERRAND_REFUNDED },
        { OP_PROVIDER_REFUND, 1, 0, { ANSWER_AGAIN }, "r", ERRAND_WAIT },
    };
    static const char letters[] = { [CALL_CREATE] = 'C',
                                    [CALL_QUERY] = 'Q',
                                    [CALL_CLOSE] = 'X',
                                    [CALL_REFUND] = 'R',
                                    [CALL_REFUND_QUERY] = 'r' };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        errand_t errand = { .operation = table[i].operation, .again = table[i].again };
        char calls[8] = "";
        size_t count = 0;
        errand.charge.until_ms = table[i].over ? 0 : NOW_MS;
        errand_step_t step = errand_begin(&errand);
        while (step == ERRAND_CALL && count < 4) {
            answer_t answer = { .kind = table[i].answers[count] };
            calls[count++] = letters[errand.charge.kind];
            step = errand_answered(&errand, &answer, NOW_MS);
        }
        if (step != table[i].end || strcmp(calls, table[i].calls) != 0)
            fail_msg("row %zu: %s, %d", i, calls, (int)step);
    }
}

static void
refund_numbers_stay_and_come_back(void **unused)
{
    (void)unused;
    char number[PROVIDER_REFUND];
    uint64_t tell;
    provider_refund_number(ORDER, 42, number);
    assert_string_equal(number, ORDER "_R42");
    assert_true(provider_refund_tell(number, ORDER, &tell) && tell == 42);
    static const char *const bad[] = { "",           ORDER,        ORDER "_R",     ORDER "_R0",
                                       ORDER "_R-1", ORDER "_R1x", "X" ORDER "_R1" };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(provider_refund_tell(bad[i], ORDER, &tell));
}

static int
prepare(void **unused)
{
    (void)unused;
    key = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
    ali.alipay_key = key;
    snprintf(ali.app_id, sizeof ali.app_id, "2019073166072302");
    snprintf(ali.seller_id, sizeof ali.seller_id, "2088531891668739");
    snprintf(wx2.appid, sizeof wx2.appid, "wxd930ea5d5a258f4f");
    snprintf(wx2.mchid, sizeof wx2.mchid, "10000100");
    snprintf(wx2.key, sizeof wx2.key, "192006250b4c09247ec02edce69f6a2d");
    wx2.hmac = true;
    snprintf(wx3.appid, sizeof wx3.appid, "wx2421b1c4370ec43b");
    snprintf(wx3.mchid, sizeof wx3.mchid, "1900007291");
    memcpy(wx3.api_key, "0123456789abcdef0123456789abcdef", sizeof wx3.api_key);
    (void)EVP_PKEY_up_ref(key);
    wx3_keep_key(&wx3, "PUB_KEY_ID_1", key, 0, INT64_MAX);
    return key ? 0 : -1;
}

static int
put_away(void **unused)
{
    (void)unused;
    wx3_end(&wx3);
    EVP_PKEY_free(key);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(yuan_are_read_exactly_or_not_at_all),
        cmocka_unit_test(beijing_is_eight_hours_ahead),
        cmocka_unit_test(bad_xml_is_refused),
        cmocka_unit_test(xml_of_ours_is_read_back),
        cmocka_unit_test(bad_forms_are_refused),
        cmocka_unit_test(alipay_says_what_is_a_payment),
        cmocka_unit_test(alipay_forms_cannot_be_bent),
        cmocka_unit_test(alipay_answers_are_cut_as_they_came),
        cmocka_unit_test(wechat_v2_says_what_is_a_payment),
        cmocka_unit_test(wechat_v2_documents_cannot_be_bent),
        cmocka_unit_test(wechat_v3_says_what_is_a_payment),
        cmocka_unit_test(wechat_v3_notices_cannot_be_bent),
        cmocka_unit_test(errands_end_as_they_should),
        cmocka_unit_test(refund_numbers_stay_and_come_back),
    };
    return cmocka_run_group_tests(tests, prepare, put_away);
}
