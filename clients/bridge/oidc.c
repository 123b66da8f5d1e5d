/* oidc - see oidc.h for the contract; keys are in oidc_keys.c, tokens in oidc_token.c. */
#include "clients/bridge/oidc.h"
#include "actors/ids.h"
#include "clients/bridge/route.h"
#include "clients/fetch.h"
#include <assert.h>
#include <jansson.h>
#include <sodium/crypto_hash_sha256.h>
#include <sodium/utils.h>
#include <stdio.h>
#include <string.h>

enum {
    COOKIE_VERSION = 1,
    COOKIE_SIGNED = 1 + 8 + OIDC_SEED_SIZE,
    COOKIE_TAG = 16,
    COOKIE_SIZE = COOKIE_SIGNED + COOKIE_TAG,
};
_Static_assert(TOKEN_KID_MAX + 1 + (COOKIE_SIZE * 8 + 5) / 6 < OIDC_COOKIE_ROOM, "a cookie fits");
_Static_assert((TOKEN_MAC_SIZE * 8 + 5) / 6 + 1 == OIDC_WORD_ROOM, "a word is a MAC");

static const char cookie_purpose[] = "marquee oidc cookie";

const char *
oidc_fault_name(oidc_fault_t fault)
{
    static const char *const names[] = { [OIDC_GOOD] = "OK",
#define X(id, title) [OIDC_##id] = "OIDC_" #id,
                                         OIDC_FAULT_TABLE(X)
#undef X
    };
    assert(fault < OIDC_FAULTS);
    return names[fault];
}

const char *
oidc_fault_title(oidc_fault_t fault)
{
    static const char *const titles[] = { [OIDC_GOOD] = "done",
#define X(id, title) [OIDC_##id] = (title),
                                          OIDC_FAULT_TABLE(X)
#undef X
    };
    assert(fault < OIDC_FAULTS);
    return titles[fault];
}

const char *
oidc_client_wrong(const oidc_client_t *client)
{
    if (!fetch_url_good(client->issuer) || strlen(client->issuer) > OIDC_URL_MAX ||
        strpbrk(client->issuer, "?# "))
        return "an issuer is https://..., or http:// to loopback, without query and fragment";
    if (!*client->client || strlen(client->client) > OIDC_ID_MAX ||
        strlen(client->secret) > OIDC_ID_MAX)
        return "a client has an id, and a secret or none, of at most 127 bytes";
    if (!fetch_url_good(client->redirect) || strlen(client->redirect) > OIDC_URL_MAX ||
        strchr(client->redirect, '#'))
        return "the address to come back to is https://..., or http:// to loopback";
    if (strlen(client->scope) > OIDC_ID_MAX || !route_word(client->scope, "openid", 6))
        return "a scope has the word openid, and 127 bytes at most";
    return NULL;
}

/* ------------------------------------------------------------------ the document */

bool
oidc_document_url(const oidc_client_t *client, char url[OIDC_URL_MAX + 1])
{
    size_t size = strlen(client->issuer);
    if (size > 0 && client->issuer[size - 1] == '/')
        size--;
    int written = snprintf(url, OIDC_URL_MAX + 1, "%.*s/.well-known/openid-configuration",
                           (int)size, client->issuer);
    return written > 0 && written <= OIDC_URL_MAX;
}

/* An endpoint of the document; loopback only where the issuer is there too. */
static bool
oidc_endpoint(const json_t *document, const char *name, bool loopback, char url[OIDC_URL_MAX + 1])
{
    const char *text = json_string_value(json_object_get(document, name));
    if (!text || strlen(text) > OIDC_URL_MAX || strchr(text, '#') || !fetch_url_good(text) ||
        (fetch_url_plain(text) && !loopback))
        return false;
    for (const char *c = text; *c; c++)
        if ((unsigned char)*c <= 0x20 || *c == 0x7f)
            return false;
    memcpy(url, text, strlen(text) + 1);
    return true;
}

/* Has a list of the document this word? What is not there has what the standard says. */
static bool
oidc_listed(const json_t *list, const char *word, bool otherwise)
{
    size_t index;
    const json_t *one;
    if (!list)
        return otherwise;
    json_array_foreach(list, index, one)
    {
        const char *text = json_string_value(one);
        if (text && strcmp(text, word) == 0)
            return true;
    }
    return false;
}

static oidc_fault_t
oidc_document_judge(oidc_document_t *self, const oidc_client_t *client, const json_t *document)
{
    bool loopback = fetch_url_plain(client->issuer);
    const char *issuer = json_string_value(json_object_get(document, "issuer"));
    const json_t *methods = json_object_get(document, "token_endpoint_auth_methods_supported");
    const json_t *pkce = json_object_get(document, "code_challenge_methods_supported");
    if (!issuer || strcmp(issuer, client->issuer) != 0 ||
        !oidc_endpoint(document, "authorization_endpoint", loopback, self->authorization) ||
        !oidc_endpoint(document, "token_endpoint", loopback, self->token) ||
        !oidc_endpoint(document, "jwks_uri", loopback, self->keys) ||
        !oidc_listed(pkce, "S256", true))
        return OIDC_DOCUMENT;
    self->secret_in_body = !oidc_listed(methods, "client_secret_basic", true) &&
                           oidc_listed(methods, "client_secret_post", false);
    self->names_issuer =
        json_is_true(json_object_get(document, "authorization_response_iss_parameter_supported"));
    return OIDC_GOOD;
}

oidc_fault_t
oidc_document_read(oidc_document_t *self, const oidc_client_t *client, const char *text,
                   size_t size)
{
    json_error_t error;
    *self = (oidc_document_t){ 0 };
    if (size > OIDC_DOCUMENT_MAX)
        return OIDC_DOCUMENT;
    json_t *document = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
    oidc_fault_t fault = oidc_document_judge(self, client, document);
    json_decref(document);
    if (fault != OIDC_GOOD)
        *self = (oidc_document_t){ 0 };
    return fault;
}

/* ------------------------------------------------------------------ the cookie, and its words */

static void
oidc_mac(const token_key_t *key, const char *purpose, const uint8_t *data, size_t size,
         uint8_t mac[TOKEN_MAC_SIZE])
{
    uint8_t derived[TOKEN_MAC_SIZE];
    token_mac(key->key, key->size, purpose, strlen(purpose), derived);
    token_mac(derived, sizeof derived, data, size, mac);
    sodium_memzero(derived, sizeof derived);
}

void
oidc_cookie(const token_ring_t *ring, const oidc_login_t *login, char text[OIDC_COOKIE_ROOM])
{
    uint8_t bytes[COOKIE_SIZE] = { COOKIE_VERSION }, mac[TOKEN_MAC_SIZE];
    const token_key_t *key = &ring->keys[0];
    assert(ring->count > 0 && login->began_s >= 0);
    token_put_u64(bytes + 1, (uint64_t)login->began_s);
    memcpy(bytes + 9, login->seed, sizeof login->seed);
    oidc_mac(key, cookie_purpose, bytes, COOKIE_SIGNED, mac);
    memcpy(bytes + COOKIE_SIGNED, mac, COOKIE_TAG);
    size_t at = strlen(key->kid);
    memcpy(text, key->kid, at);
    text[at++] = '.';
    ids_base64_text(text + at, bytes, sizeof bytes);
}

static const token_key_t *
oidc_cookie_key(const token_ring_t *ring, http_text_t text)
{
    const char *dot = text.size ? memchr(text.data, '.', text.size) : NULL;
    if (!dot || text.size >= OIDC_COOKIE_ROOM)
        return NULL;
    return token_ring_find(ring, (http_text_t){ text.data, (size_t)(dot - text.data) });
}

bool
oidc_cookie_read(const token_ring_t *ring, http_text_t text, int64_t now_s, oidc_login_t *login)
{
    uint8_t bytes[COOKIE_SIZE], mac[TOKEN_MAC_SIZE];
    size_t read;
    const token_key_t *key = oidc_cookie_key(ring, text);
    if (!key)
        return false;
    size_t at = strlen(key->kid) + 1;
    if (!ids_base64_read(text.data + at, text.size - at, bytes, sizeof bytes, &read) ||
        read != sizeof bytes)
        return false;
    oidc_mac(key, cookie_purpose, bytes, COOKIE_SIGNED, mac);
    if (sodium_memcmp(mac, bytes + COOKIE_SIGNED, COOKIE_TAG) != 0 || bytes[0] != COOKIE_VERSION)
        return false;
    int64_t began_s = (int64_t)token_get_u64(bytes + 1);
    if (began_s < 0 || began_s - now_s > TOKEN_DRIFT_S || now_s - began_s > OIDC_LOGIN_MAX_S)
        return false;
    login->began_s = began_s;
    memcpy(login->seed, bytes + 9, sizeof login->seed);
    return true;
}

void
oidc_words(const token_ring_t *ring, http_text_t cookie, const oidc_login_t *login,
           oidc_words_t *words)
{
    const struct {
        const char *purpose;
        char *to;
    } all[] = { { "marquee oidc state", words->state },
                { "marquee oidc nonce", words->nonce },
                { "marquee oidc verifier", words->verifier } };
    const token_key_t *key = oidc_cookie_key(ring, cookie);
    assert(key);
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        uint8_t mac[TOKEN_MAC_SIZE];
        oidc_mac(key, all[i].purpose, login->seed, sizeof login->seed, mac);
        ids_base64_text(all[i].to, mac, sizeof mac);
    }
}

/* ------------------------------------------------------------------ there and back */

/* A text that grows within its room; `size` stays 0 once it was full. */
typedef struct {
    char *text;
    size_t size, room;
    bool full;
} oidc_text_t;

static void
oidc_put(oidc_text_t *self, const char *text)
{
    size_t size = strlen(text);
    self->full |= size >= self->room - self->size;
    if (self->full)
        return;
    memcpy(self->text + self->size, text, size + 1);
    self->size += size;
}

/* As RFC 3986 escapes: what is not unreserved. */
static void
oidc_put_escaped(oidc_text_t *self, const char *text)
{
    static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                     "0123456789-._~";
    for (; *text; text++) {
        char one[4] = { *text };
        if (!strchr(unreserved, *text))
            snprintf(one, sizeof one, "%%%02X", (unsigned char)*text);
        oidc_put(self, one);
    }
}

/* A pair of a query or form; the first one has nothing in front. */
static void
oidc_put_pair(oidc_text_t *self, const char *before, const char *name, const char *value)
{
    oidc_put(self, before);
    oidc_put(self, name);
    oidc_put(self, "=");
    oidc_put_escaped(self, value);
}

size_t
oidc_authorization(const oidc_client_t *client, const oidc_document_t *document,
                   const oidc_words_t *words, char url[OIDC_REQUEST_ROOM])
{
    uint8_t digest[crypto_hash_sha256_BYTES];
    char challenge[OIDC_WORD_ROOM];
    (void)crypto_hash_sha256(digest, (const uint8_t *)words->verifier, strlen(words->verifier));
    ids_base64_text(challenge, digest, sizeof digest);
    oidc_text_t to = { .text = url, .room = OIDC_REQUEST_ROOM };
    oidc_put(&to, document->authorization);
    oidc_put_pair(&to, strchr(document->authorization, '?') ? "&" : "?", "response_type", "code");
    oidc_put_pair(&to, "&", "client_id", client->client);
    oidc_put_pair(&to, "&", "redirect_uri", client->redirect);
    oidc_put_pair(&to, "&", "scope", client->scope);
    oidc_put_pair(&to, "&", "state", words->state);
    oidc_put_pair(&to, "&", "nonce", words->nonce);
    oidc_put_pair(&to, "&", "code_challenge", challenge);
    oidc_put_pair(&to, "&", "code_challenge_method", "S256");
    return to.full ? 0 : to.size;
}

enum { CALLBACK_STATE, CALLBACK_CODE, CALLBACK_ISS, CALLBACK_ERROR, CALLBACK_FIELDS };

/* The fields of a query that mean something here, each once. False: one is there twice, or cannot
 * be read. */
static bool
oidc_callback_read(http_text_t query, char fields[CALLBACK_FIELDS][OIDC_CODE_MAX + 1],
                   bool there[CALLBACK_FIELDS])
{
    static const char *const names[CALLBACK_FIELDS] = { "state", "code", "iss", "error" };
    http_text_t name, value;
    while (http_query_next(&query, &name, &value))
        for (int i = 0; i < CALLBACK_FIELDS; i++) {
            if (!http_text_is(name, names[i]))
                continue;
            long size = there[i] ? -1 : http_unescape(value, true, fields[i], OIDC_CODE_MAX);
            if (size < 0)
                return false;
            fields[i][size] = 0;
            there[i] = true;
        }
    return true;
}

oidc_fault_t
oidc_callback(const oidc_client_t *client, const oidc_document_t *document,
              const oidc_words_t *words, http_text_t query, char code[OIDC_CODE_MAX + 1])
{
    char fields[CALLBACK_FIELDS][OIDC_CODE_MAX + 1];
    bool there[CALLBACK_FIELDS] = { false };
    const char *state = fields[CALLBACK_STATE];
    if (!oidc_callback_read(query, fields, there) || !there[CALLBACK_STATE] ||
        strlen(state) != strlen(words->state) ||
        sodium_memcmp(state, words->state, strlen(state)) != 0)
        return OIDC_STATE;
    /* Another provider's answer, mixed up with this one's (RFC 9207). */
    if (there[CALLBACK_ISS] ? strcmp(fields[CALLBACK_ISS], client->issuer) != 0
                            : document->names_issuer)
        return OIDC_WRONG_ISSUER;
    if (there[CALLBACK_ERROR])
        return OIDC_DENIED;
    if (!there[CALLBACK_CODE] || !fields[CALLBACK_CODE][0])
        return OIDC_CODE;
    memcpy(code, fields[CALLBACK_CODE], strlen(fields[CALLBACK_CODE]) + 1);
    return OIDC_GOOD;
}

/* RFC 6749 2.3.1: id and secret are escaped first, then joined and made base64. */
static bool
oidc_basic(const oidc_client_t *client, char authorization[OIDC_REQUEST_ROOM])
{
    static const char scheme[] = "Basic ";
    char pair[OIDC_ID_MAX * 6 + 2];
    oidc_text_t to = { .text = pair, .room = sizeof pair };
    oidc_put_escaped(&to, client->client);
    oidc_put(&to, ":");
    oidc_put_escaped(&to, client->secret);
    memcpy(authorization, scheme, sizeof scheme);
    if (!to.full)
        sodium_bin2base64(authorization + sizeof scheme - 1, OIDC_REQUEST_ROOM - sizeof scheme,
                          (const uint8_t *)pair, to.size, sodium_base64_VARIANT_ORIGINAL);
    sodium_memzero(pair, sizeof pair);
    return !to.full;
}

size_t
oidc_exchange(const oidc_client_t *client, const oidc_document_t *document,
              const oidc_words_t *words, const char *code, char form[OIDC_REQUEST_ROOM],
              char authorization[OIDC_REQUEST_ROOM])
{
    bool secret = *client->secret != 0, basic = secret && !document->secret_in_body;
    oidc_text_t to = { .text = form, .room = OIDC_REQUEST_ROOM };
    authorization[0] = 0;
    if (basic && !oidc_basic(client, authorization))
        return 0;
    oidc_put_pair(&to, "", "grant_type", "authorization_code");
    oidc_put_pair(&to, "&", "code", code);
    oidc_put_pair(&to, "&", "redirect_uri", client->redirect);
    oidc_put_pair(&to, "&", "code_verifier", words->verifier);
    if (!basic)
        oidc_put_pair(&to, "&", "client_id", client->client);
    if (secret && !basic)
        oidc_put_pair(&to, "&", "client_secret", client->secret);
    return to.full ? 0 : to.size;
}
