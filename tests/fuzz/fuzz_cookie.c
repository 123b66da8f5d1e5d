/* fuzz_cookie - guest cookies, CSRF tokens and JWTs: what is accepted was made by the ring, and is
 * spelled as the ring spells it. Some inputs are signed here, so that what is behind a signature is
 * reached too. */
#include "actors/ids.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/tokens.h"

enum { JWT_MEMORY = 64 * 1024, RAW_MAX = 2 * TOKEN_JWT_MAX };

static token_ring_t cookie_ring, cookie_old;

/* The ring whose first key is that of a text's kid. */
static const token_ring_t *
cookie_signer(http_text_t text)
{
    return text.data[0] == cookie_ring.keys[0].kid[0] ? &cookie_ring : &cookie_old;
}

static void
cookie_try_text(http_text_t text)
{
    token_session_t session;
    char again[TOKEN_COOKIE_ROOM];
    if (!token_cookie_read(&cookie_ring, text, TOKENS_NOW_S, TOKENS_AGE_MAX_S, &session))
        return;
    FUZZ_HOLDS(session.user >= 1 && session.user <= INT64_MAX);
    FUZZ_HOLDS(session.issued_s <= TOKENS_NOW_S + TOKEN_DRIFT_S &&
               session.issued_s >= TOKENS_NOW_S - TOKENS_AGE_MAX_S);
    token_cookie(cookie_signer(text), &session, again);
    FUZZ_HOLDS(strlen(again) == text.size && memcmp(again, text.data, text.size) == 0);
}

static void
cookie_try_csrf(http_text_t text)
{
    uint8_t bytes[32];
    size_t size;
    char again[TOKEN_CSRF_ROOM];
    if (!token_csrf_check(&cookie_ring, &tokens_session, text))
        return;
    FUZZ_HOLDS(ids_base64_read(text.data + 2, text.size - 2, bytes, sizeof bytes, &size));
    token_csrf(cookie_signer(text), &tokens_session, bytes, again);
    FUZZ_HOLDS(strlen(again) == text.size && memcmp(again, text.data, text.size) == 0);
    token_session_t other = tokens_session;
    other.user++;
    FUZZ_HOLDS(!token_csrf_check(&cookie_ring, &other, text));
}

static void
cookie_try_jwt(http_text_t text)
{
    token_jwt_t jwt;
    char again[TOKEN_JWT_MAX + 1], kid[] = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6ImIifQ";
    if (token_jwt_read(&cookie_ring, tokens_issuer, text, TOKENS_NOW_S, &jwt) != TOKEN_GOOD)
        return;
    bool newest = memcmp(text.data, kid, strlen(kid)) == 0;
    size_t size =
        token_jwt(newest ? &cookie_ring : &cookie_old, tokens_issuer, &jwt, again, sizeof again);
    FUZZ_HOLDS(size == text.size && memcmp(again, text.data, size) == 0);
}

/* What was read is within bounds, and comes back when it is written. */
static void
cookie_same_claims(const token_jwt_t *jwt)
{
    char again[TOKEN_JWT_MAX + 1];
    token_jwt_t other;
    FUZZ_HOLDS(jwt->issued_s >= 0 && jwt->issued_s <= TOKENS_NOW_S + TOKEN_DRIFT_S);
    FUZZ_HOLDS(jwt->expires_s > TOKENS_NOW_S - TOKEN_DRIFT_S);
    size_t size = token_jwt(&cookie_ring, tokens_issuer, jwt, again, sizeof again);
    http_text_t text = { .data = again, .size = size };
    FUZZ_HOLDS(size > 0);
    FUZZ_HOLDS(token_jwt_read(&cookie_ring, tokens_issuer, text, TOKENS_NOW_S, &other) ==
               TOKEN_GOOD);
    FUZZ_HOLDS(strcmp(other.subject, jwt->subject) == 0 && strcmp(other.id, jwt->id) == 0);
    FUZZ_HOLDS(strcmp(other.family, jwt->family) == 0);
    FUZZ_HOLDS(token_cinemas_same(&other.cinemas, &jwt->cinemas));
    FUZZ_HOLDS((jwt->cinemas.count > 0) == (jwt->role == TOKEN_ROLE_CINEMA_ADMIN));
    FUZZ_HOLDS(other.role == jwt->role && other.issued_s == jwt->issued_s &&
               other.expires_s == jwt->expires_s);
}

/* Sign under the old key, whatever it is. */
static void
cookie_try_signed(http_text_t header, http_text_t claims)
{
    static char text[2 * RAW_MAX];
    uint8_t mac[TOKEN_MAC_SIZE];
    token_jwt_t jwt;
    const token_key_t *key = &cookie_old.keys[0];
    ids_base64_text(text, (const uint8_t *)header.data, header.size);
    size_t size = ids_base64_size(header.size);
    text[size++] = '.';
    ids_base64_text(text + size, (const uint8_t *)claims.data, claims.size);
    size += ids_base64_size(claims.size);
    token_mac(key->key, key->size, text, size, mac);
    text[size++] = '.';
    ids_base64_text(text + size, mac, sizeof mac);
    http_text_t whole = { .data = text, .size = size + ids_base64_size(sizeof mac) };
    token_verdict_t verdict =
        token_jwt_read(&cookie_ring, tokens_issuer, whole, TOKENS_NOW_S, &jwt);
    if (verdict == TOKEN_GOOD)
        cookie_same_claims(&jwt);
    /* what was altered is never good, and its claims are never told about */
    text[size] = text[size] == 'A' ? 'B' : 'A';
    token_verdict_t altered =
        token_jwt_read(&cookie_ring, tokens_issuer, whole, TOKENS_NOW_S, &jwt);
    FUZZ_HOLDS(altered >= TOKEN_MALFORMED && altered <= TOKEN_FORGED);
    FUZZ_HOLDS(verdict < TOKEN_FORGED || altered == TOKEN_FORGED);
}

/* A cookie of 17 bytes that are not ours, signed as ours. */
static void
cookie_try_bytes(const uint8_t *data, size_t size)
{
    static const char purpose[] = "marquee guest cookie";
    uint8_t bytes[33] = { 0 }, derived[TOKEN_MAC_SIZE], mac[TOKEN_MAC_SIZE];
    char text[TOKEN_COOKIE_ROOM] = "b.";
    const token_key_t *key = &cookie_ring.keys[0];
    memcpy(bytes, data, size < 17 ? size : 17);
    token_mac(key->key, key->size, purpose, strlen(purpose), derived);
    token_mac(derived, sizeof derived, bytes, 17, mac);
    memcpy(bytes + 17, mac, 16);
    ids_base64_text(text + 2, bytes, sizeof bytes);
    cookie_try_text((http_text_t){ .data = text, .size = strlen(text) });
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char header[] = "{\"alg\":\"HS256\",\"kid\":\"a\"}";
    static const char claims[] = "{\"iss\":\"us\",\"sub\":\"7\",\"role\":\"staff\","
                                 "\"iat\":1800000000,\"exp\":1800000060}";
    if (cookie_ring.count == 0) {
        cookie_ring = tokens_ring(false);
        cookie_old = tokens_ring(true);
    }
    if (size == 0 || size > RAW_MAX)
        return 0;
    http_text_t text = { .data = (const char *)data + 1, .size = size - 1 };
    fuzz_memory_begin();
    if (data[0] % COOKIES == COOKIE_TEXT)
        cookie_try_text(text);
    else if (data[0] % COOKIES == COOKIE_CSRF)
        cookie_try_csrf(text);
    else if (data[0] % COOKIES == COOKIE_JWT)
        cookie_try_jwt(text);
    else if (data[0] % COOKIES == COOKIE_CLAIMS)
        cookie_try_signed((http_text_t){ header, sizeof header - 1 }, text);
    else if (data[0] % COOKIES == COOKIE_HEADER)
        cookie_try_signed(text, (http_text_t){ claims, sizeof claims - 1 });
    else
        cookie_try_bytes(data + 1, size - 1);
    fuzz_memory_end(size, JWT_MEMORY);
    return 0;
}
