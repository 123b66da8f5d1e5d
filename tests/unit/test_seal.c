/* test_seal - every published example value of the payment providers, by its kind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "clients/cashier/ali.h"
#include "clients/cashier/wx2.h"
#include "clients/cashier/wx3_inside.h"

static json_t *vectors;
static params_t params;
static char room[70000];

static text_t
member(const json_t *vector, const char *name)
{
    const json_t *value = json_object_get(vector, name);
    if (!json_is_string(value))
        fail_msg("no %s", name);
    return (text_t){ json_string_value(value), json_string_length(value) };
}

static void
take_params(const json_t *vector)
{
    const char *name;
    json_t *value;
    params_clear(&params);
    json_object_foreach(json_object_get(vector, "params"), name, value)
        assert_true(params_put(&params, name, json_string_value(value)));
}

static void
wx2_signs(const json_t *vector)
{
    char sign[SEAL_HEX_ROOM];
    take_params(vector);
    bool hmac = text_is(member(vector, "signType"), "HMAC-SHA256");
    assert_true(wx2_sign(member(vector, "apiV2Key").data, hmac, &params, sign));
    assert_string_equal(sign, member(vector, "expect").data);
}

static void
ecb_opens(const json_t *vector)
{
    out_t out;
    out_init(&out, room, sizeof room);
    assert_true(seal_open_ecb(member(vector, "key"), member(vector, "expect"), &out));
    assert_string_equal(room, member(vector, "plaintext").data);
}

static void
rsa_signs(const json_t *vector)
{
    char sign[SEAL_SIGNATURE_ROOM];
    EVP_PKEY *key = seal_private_key(member(vector, "key"));
    assert_non_null(key);
    assert_true(seal_sign(key, member(vector, "message"), sign));
    assert_string_equal(sign, member(vector, "expect").data);
    EVP_PKEY_free(key);
}

/* And no message that differs by one bit. */
static void
verifies(EVP_PKEY *key, const json_t *vector)
{
    text_t message = member(vector, "message"), signature = member(vector, "signature");
    assert_non_null(key);
    assert_true(seal_verify(key, message, signature));
    memcpy(room, message.data, message.size);
    for (size_t i = 0; i < message.size; i += 7) {
        room[i] ^= 1;
        assert_false(seal_verify(key, (text_t){ room, message.size }, signature));
        room[i] ^= 1;
    }
    assert_false(seal_verify(key, (text_t){ room, message.size - 1 }, signature));
    EVP_PKEY_free(key);
}

static void
rsa_verifies(const json_t *vector)
{
    verifies(seal_public_key(member(vector, "key")), vector);
}

/* The whole notification, as it comes in: by the driver. */
static void
notification_verifies(const json_t *vector)
{
    char serial[SEAL_SERIAL_ROOM], head[2048];
    int64_t from_ms, until_ms;
    X509 *certificate = seal_certificate(member(vector, "cert"));
    assert_non_null(certificate);
    assert_true(seal_serial(certificate, serial));
    assert_string_equal(serial, member(vector, "serial").data);
    assert_true(seal_validity(certificate, &from_ms, &until_ms));
    verifies(seal_certificate_key(certificate), vector);
    static wx3_t wx3;
    memset(&wx3, 0, sizeof wx3);
    wx3_keep_key(&wx3, serial, seal_certificate_key(certificate), from_ms, until_ms);
    X509_free(certificate);
    const char *time = member(vector, "message").data, *nonce = strchr(time, '\n') + 1;
    const char *body = strchr(nonce, '\n') + 1;
    snprintf(head, sizeof head,
             "Wechatpay-Timestamp: %.*s\nWechatpay-Nonce: %.*s\nWechatpay-Serial: "
             "%s\nWechatpay-Signature: %s\n",
             (int)(nonce - time - 1), time, (int)(body - nonce - 1), nonce, serial,
             member(vector, "signature").data);
    moment_t moment = { .now_ms = strtoll(time, NULL, 10) * 1000 };
    provider_bytes_t bytes = { .head = text_of(head), .body = { body, strlen(body) - 1 } };
    assert_int_equal(wx3_verify(&wx3, &moment, &bytes), VERDICT_GOOD);
    moment.now_ms += PROVIDER_SKEW_MS + 1;
    assert_int_equal(wx3_verify(&wx3, &moment, &bytes), VERDICT_BAD_TIME);
    wx3_end(&wx3);
}

/* A key of 16 bytes is AES-128, which shows the layout only: it must not be taken, and OpenSSL says
 * that the vector is right all the same. */
static void
gcm_opens(const json_t *vector)
{
    out_t out;
    uint8_t key[SEAL_GCM_KEY] = { 0 };
    text_t given = member(vector, "key"), nonce = member(vector, "nonce");
    text_t aad = member(vector, "aad"), sealed = member(vector, "ciphertext");
    text_t expect = member(vector, "expect");
    memcpy(key, given.data, given.size);
    out_init(&out, room, sizeof room);
    bool opened = seal_open_gcm(key, nonce, aad, sealed, &out);
    if (given.size == SEAL_GCM_KEY) {
        assert_true(opened);
        assert_string_equal(room, expect.data);
        out_init(&out, room, sizeof room);
        assert_false(seal_open_gcm(key, nonce, text_of("other"), sealed, &out));
        assert_int_equal(out.size, 0);
        return;
    }
    assert_false(opened);
    uint8_t bytes[2048], plain[2048];
    size_t size;
    int first, last;
    assert_true(seal_base64_read(sealed, bytes, sizeof bytes, &size));
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    assert_int_equal(
        EVP_DecryptInit_ex(context, EVP_aes_128_gcm(), NULL, key, (const uint8_t *)nonce.data), 1);
    assert_int_equal(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, SEAL_GCM_TAG,
                                         bytes + size - SEAL_GCM_TAG),
                     1);
    assert_int_equal(
        EVP_DecryptUpdate(context, NULL, &first, (const uint8_t *)aad.data, (int)aad.size), 1);
    assert_int_equal(EVP_DecryptUpdate(context, plain, &first, bytes, (int)(size - SEAL_GCM_TAG)),
                     1);
    assert_int_equal(EVP_DecryptFinal_ex(context, plain + first, &last), 1);
    assert_int_equal(first + last, expect.size);
    assert_memory_equal(plain, expect.data, expect.size);
    EVP_CIPHER_CTX_free(context);
}

/* Through the form that it came as: decoded once, and verified by what was decoded. */
static void
alipay_notifies(const json_t *vector)
{
    out_t out;
    EVP_PKEY *key = seal_public_key(member(vector, "key"));
    assert_non_null(key);
    take_params(vector);
    out_init(&out, room, sizeof room);
    params_write_form(&params, &out);
    assert_false(out.overflow);
    text_t form = { room, out.size };
    assert_true(params_read_form(&params, form));
    assert_true(ali_verify(key, &params));
    ali_t ali = { .alipay_key = key };
    snprintf(ali.app_id, sizeof ali.app_id, "%s", params_get(&params, "app_id"));
    snprintf(ali.seller_id, sizeof ali.seller_id, "%s", params_get(&params, "seller_id"));
    provider_bytes_t bytes = { .body = form };
    notice_t notice;
    moment_t moment = { .now_ms = 0 };
    assert_int_equal(ali_driver.judge(&ali, &moment, &bytes, &notice), VERDICT_GOOD);
    assert_int_equal(notice.kind, NOTICE_PAID);
    assert_int_equal(notice.amount, 10);
    assert_string_equal(notice.order, "20190815155618536-564-57");
    assert_string_equal(notice.txn, "2019081522001468450512505578");
    ali_end(&ali);
}

static void
alipay_answers(const json_t *vector)
{
    text_t node, sign, raw = member(vector, "raw");
    EVP_PKEY *key = seal_public_key(member(vector, "key"));
    assert_non_null(key);
    assert_true(ali_cut(raw, member(vector, "node").data, &node, &sign));
    assert_true(seal_verify(key, node, sign));
    assert_false(seal_verify(key, (text_t){ node.data, node.size - 1 }, sign));
    EVP_PKEY_free(key);
}

static void
alipay_names_roots(const json_t *vector)
{
    char sns[SEAL_SNS_ROOM];
    const json_t *one;
    size_t at;
    out_t out;
    out_init(&out, room, sizeof room);
    json_array_foreach(json_object_get(vector, "certs"), at, one)
    {
        out_text(&out, "-----BEGIN CERTIFICATE-----\n");
        for (const char *text = json_string_value(one); *text;) {
            size_t size = strnlen(text, 64);
            out_put(&out, text, size);
            out_text(&out, "\n");
            text += size;
        }
        out_text(&out, "-----END CERTIFICATE-----\n");
    }
    assert_true(seal_alipay_root_sn((text_t){ room, out.size }, sns));
    assert_string_equal(sns, member(vector, "expect").data);
}

static const struct {
    const char *kind;
    void (*check)(const json_t *vector);
} kinds[] = {
    { "wx2-sign", wx2_signs },
    { "aes-256-ecb", ecb_opens },
    { "rsa-sign", rsa_signs },
    { "rsa-verify", rsa_verifies },
    { "aes-gcm", gcm_opens },
    { "rsa-verify-cert", notification_verifies },
    { "ali-notify", alipay_notifies },
    { "ali-response", alipay_answers },
    { "ali-cert-sn", alipay_names_roots },
};

static void
every_vector_holds(void **unused)
{
    (void)unused;
    const json_t *vector;
    size_t at, checked = 0;
    json_array_foreach(json_object_get(vectors, "vectors"), at, vector)
    {
        size_t i = 0;
        while (i < sizeof kinds / sizeof kinds[0] &&
               !text_is(member(vector, "kind"), kinds[i].kind))
            i++;
        if (i == sizeof kinds / sizeof kinds[0])
            fail_msg("%s: of a kind that nobody checks", member(vector, "id").data);
        print_message("  %s\n", member(vector, "id").data);
        kinds[i].check(vector);
        checked++;
    }
    assert_int_equal(checked, 14);
}

static void
base64_is_strict(void **unused)
{
    (void)unused;
    static const char *const bad[] = { "A",    "AA",   "AAA",   "AA==A", "=AAA",     "A===", "AB==",
                                       "AAB=", "AA A", "AAA\n", "AA-_",  "AAAA====", "====" };
    uint8_t to[64];
    size_t size;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (seal_base64_read(text_of(bad[i]), to, sizeof to, &size))
            fail_msg("%s was read", bad[i]);
    assert_true(seal_base64_read(text_of("+/Az"), to, 3, &size));
    assert_int_equal(size, 3);
    assert_false(seal_base64_read(text_of("+/Az"), to, 2, &size));
    assert_true(seal_base64_read(text_of(""), to, 0, &size));
    assert_int_equal(size, 0);
}

static void
weak_and_broken_keys_are_refused(void **unused)
{
    (void)unused;
    assert_null(seal_private_key(text_of("")));
    assert_null(seal_private_key(text_of("AAAA")));
    assert_null(
        seal_public_key(text_of("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n")));
    assert_null(seal_certificate(text_of("MIIB")));
    EVP_PKEY *small = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024);
    EVP_PKEY *curve = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    EVP_PKEY *const weak[] = { small, curve };
    for (size_t i = 0; i < 2; i++) {
        BIO *bio = BIO_new(BIO_s_mem());
        char *pem;
        assert_int_equal(PEM_write_bio_PUBKEY(bio, weak[i]), 1);
        long size = BIO_get_mem_data(bio, &pem);
        assert_null(seal_public_key((text_t){ pem, (size_t)size }));
        BIO_free(bio);
        EVP_PKEY_free(weak[i]);
    }
}

static int
load(void **unused)
{
    (void)unused;
    const char *path = getenv("VECTORS");
    vectors = json_load_file(path ? path : "tests/payments/vectors.json", 0, NULL);
    return vectors ? 0 : -1;
}

static int
unload(void **unused)
{
    (void)unused;
    json_decref(vectors);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_vector_holds),
        cmocka_unit_test(base64_is_strict),
        cmocka_unit_test(weak_and_broken_keys_are_refused),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
