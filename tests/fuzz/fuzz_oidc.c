/* fuzz_oidc - what a provider of identities, a browser on its way back, and the server's tells may
 * say: nobody is believed without a signature, and what is read is within its bounds. Some id
 * tokens are signed here, so that what is behind a signature is reached too. */
#include "actors/ids.h"
#include "clients/bridge/oidc.h"
#include "clients/bridge/revoked.h"
#include "clients/bridge/staff.h"
#include "clients/fetch.h"
#include "clients/sender/message.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/oidc.h"
#include "tests/fuzz/tokens.h"
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <stdlib.h>

enum { OIDC_MEMORY = 512 * 1024, OIDC_INPUT_MAX = 4096 };

static oidc_keys_t oidc_fuzz_keys;
static EVP_PKEY *oidc_fuzz_secret;

static void
oidc_begin(void)
{
    char set[512];
    snprintf(set, sizeof set, "{\"keys\":[%s]}", oidc_fuzz_jwk);
    FUZZ_HOLDS(oidc_keys_read(&oidc_fuzz_keys, set, strlen(set)));
    const uint8_t *der = oidc_fuzz_der;
    oidc_fuzz_secret = d2i_PrivateKey(EVP_PKEY_EC, NULL, &der, sizeof oidc_fuzz_der);
    FUZZ_HOLDS(oidc_fuzz_secret);
}

static void
oidc_try_document(const char *text, size_t size)
{
    oidc_document_t document;
    char url[OIDC_REQUEST_ROOM];
    if (oidc_document_read(&document, &oidc_fuzz_client, text, size) != OIDC_GOOD)
        return;
    FUZZ_HOLDS(fetch_url_good(document.token) && fetch_url_good(document.keys));
    FUZZ_HOLDS(!fetch_url_plain(document.authorization));
    static const oidc_words_t words = { "s", "n", "v" };
    size_t length = oidc_authorization(&oidc_fuzz_client, &document, &words, url);
    FUZZ_HOLDS(length == 0 || (length == strlen(url) && !strpbrk(url, " \r\n")));
}

static void
oidc_try_keys(const char *text, size_t size)
{
    oidc_keys_t keys;
    if (oidc_keys_read(&keys, text, size)) {
        FUZZ_HOLDS(keys.count >= 1 && keys.count <= OIDC_KEYS_MAX);
        for (uint32_t i = 0; i < keys.count; i++)
            FUZZ_HOLDS(EVP_PKEY_get_bits(keys.keys[i].key) >= 256);
        oidc_keys_forget(&keys);
    }
    FUZZ_HOLDS(keys.count == 0);
}

static void
oidc_try_token(const char *text, size_t size, bool ours)
{
    oidc_person_t person;
    static const oidc_person_t nobody;
    oidc_fault_t fault = oidc_token_read(&oidc_fuzz_keys, &oidc_fuzz_client, oidc_fuzz_nonce,
                                         (http_text_t){ text, size }, "at", TOKENS_NOW_S, &person);
    if (fault != OIDC_GOOD) {
        FUZZ_HOLDS(memcmp(&person, &nobody, sizeof person) == 0);
        FUZZ_HOLDS(ours || fault == OIDC_MALFORMED || fault == OIDC_WRONG_ALG ||
                   fault == OIDC_UNKNOWN_KEY || fault == OIDC_FORGED);
        return;
    }
    FUZZ_HOLDS(ours && person.subject[0] && strcmp(person.issuer, oidc_fuzz_client.issuer) == 0);
}

/* The claims, signed. */
static void
oidc_try_claims(const char *claims, size_t size)
{
    static const char header[] = "{\"alg\":\"ES256\",\"kid\":\"e\"}";
    static char text[3 * OIDC_INPUT_MAX];
    uint8_t der[80], raw[64];
    size_t der_size = sizeof der;
    ids_base64_text(text, (const uint8_t *)header, strlen(header));
    strcat(text, ".");
    ids_base64_text(text + strlen(text), (const uint8_t *)claims, size);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    FUZZ_HOLDS(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, oidc_fuzz_secret) == 1);
    FUZZ_HOLDS(EVP_DigestSign(context, der, &der_size, (const uint8_t *)text, strlen(text)) == 1);
    EVP_MD_CTX_free(context);
    const uint8_t *at = der;
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &at, (long)der_size);
    FUZZ_HOLDS(BN_bn2binpad(ECDSA_SIG_get0_r(pair), raw, 32) == 32);
    FUZZ_HOLDS(BN_bn2binpad(ECDSA_SIG_get0_s(pair), raw + 32, 32) == 32);
    ECDSA_SIG_free(pair);
    strcat(text, ".");
    ids_base64_text(text + strlen(text), raw, sizeof raw);
    oidc_try_token(text, strlen(text), true);
}

static void
oidc_try_query(const char *text, size_t size)
{
    char code[OIDC_CODE_MAX + 1];
    static const oidc_document_t document;
    static const oidc_words_t words = { "0123456789012345678901234567890123456789012", "n", "v" };
    oidc_fault_t fault =
        oidc_callback(&oidc_fuzz_client, &document, &words, (http_text_t){ text, size }, code);
    if (fault == OIDC_GOOD) {
        char form[OIDC_REQUEST_ROOM], value[OIDC_REQUEST_ROOM];
        FUZZ_HOLDS(code[0] && strlen(code) <= OIDC_CODE_MAX);
        size_t length = oidc_exchange(&oidc_fuzz_client, &document, &words, code, form, value);
        FUZZ_HOLDS(length == 0 || length == strlen(form));
    }
}

static void
oidc_try_cookie(const char *text, size_t size)
{
    oidc_login_t login;
    char again[OIDC_COOKIE_ROOM];
    token_ring_t ring = tokens_ring(false), old = tokens_ring(true);
    if (!oidc_cookie_read(&ring, (http_text_t){ text, size }, TOKENS_NOW_S, &login))
        return;
    oidc_cookie(text[0] == ring.keys[0].kid[0] ? &ring : &old, &login, again);
    FUZZ_HOLDS(strlen(again) == size && memcmp(again, text, size) == 0);
}

static void
oidc_try_tell(const char *text, size_t size)
{
    message_t message;
    char json[MESSAGE_BODY_ROOM], masked[MESSAGE_MASKED_ROOM];
    uint8_t key[MESSAGE_KEY_MAX];
    size_t key_size = message_secret(text, size, key);
    FUZZ_HOLDS(key_size == 0 || (key_size >= MESSAGE_KEY_MIN && key_size <= MESSAGE_KEY_MAX));
    if (message_read(&message, 1, 2, text, size, "<{code}>"))
        return;
    FUZZ_HOLDS(message.phone[0] == '+' && message.text[0] && message.until_ms >= 0);
    FUZZ_HOLDS(message_json(&message, json) == strlen(json) && json[0] == '{');
    message_masked(&message, masked);
    FUZZ_HOLDS(strlen(masked) == strlen(message.phone));
}

static void
oidc_try_files(const char *text, size_t size)
{
    char error[128];
    static const uint8_t secret[16];
    revoked_list_t *list = revoked_new(64, secret);
    int rc = revoked_read(list, text, size, TOKENS_NOW_S, error, sizeof error);
    FUZZ_HOLDS(rc == 0 || (revoked_count(list) == 0 && strncmp(error, "line ", 5) == 0));
    revoked_destroy(&list);
    staff_ring_t *staff = staff_read(text, size, error, sizeof error);
    FUZZ_HOLDS(staff || strncmp(error, "line ", 5) == 0);
    staff_destroy(&staff);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!oidc_fuzz_secret)
        oidc_begin();
    if (size == 0 || size > OIDC_INPUT_MAX)
        return 0;
    const char *text = (const char *)data + 1;
    size_t rest = size - 1;
    fuzz_memory_begin();
    switch (data[0] % OIDC_INPUTS) {
    case OIDC_INPUT_DOCUMENT:
        oidc_try_document(text, rest);
        break;
    case OIDC_INPUT_KEYS:
        oidc_try_keys(text, rest);
        break;
    case OIDC_INPUT_TOKEN:
        oidc_try_token(text, rest, false);
        break;
    case OIDC_INPUT_CLAIMS:
        oidc_try_claims(text, rest);
        break;
    case OIDC_INPUT_QUERY:
        oidc_try_query(text, rest);
        break;
    case OIDC_INPUT_COOKIE:
        oidc_try_cookie(text, rest);
        break;
    case OIDC_INPUT_TELL:
        oidc_try_tell(text, rest);
        break;
    default:
        oidc_try_files(text, rest);
    }
    fuzz_memory_end(size, OIDC_MEMORY);
    return 0;
}
