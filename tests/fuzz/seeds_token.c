/* seeds_token - the first inputs of fuzz_cookie and fuzz_pass: what the bridge hands out. */
#include "actors/ids.h"
#include "actors/pass.h"
#include "tests/fuzz/tokens.h"
#include <sodium/crypto_sign.h>

static void
tokens_seed(tokens_seed_fn *seed, const char *name, uint8_t kind, const void *bytes, size_t size)
{
    uint8_t whole[TOKEN_JWT_MAX + 2] = { kind };
    memcpy(whole + 1, bytes, size);
    seed(name, whole, size + 1);
}

static void
tokens_seed_text(tokens_seed_fn *seed, const char *name, uint8_t kind, const char *text)
{
    tokens_seed(seed, name, kind, text, strlen(text));
}

static void
tokens_seeds_of_cookies(tokens_seed_fn *seed, const token_ring_t *ring)
{
    char text[TOKEN_JWT_MAX + 1];
    static const uint8_t random[16] = { 1, 2, 3 };
    static const token_jwt_t jwt = { .subject = "member-7",
                                     .id = "j",
                                     .role = TOKEN_ROLE_MEMBER_VIP,
                                     .issued_s = TOKENS_NOW_S,
                                     .expires_s = TOKENS_NOW_S + 900 };
    token_cookie(ring, &tokens_session, text);
    tokens_seed_text(seed, "cookie", COOKIE_TEXT, text);
    token_csrf(ring, &tokens_session, random, text);
    tokens_seed_text(seed, "cookie", COOKIE_CSRF, text);
    (void)token_jwt(ring, tokens_issuer, &jwt, text, sizeof text);
    tokens_seed_text(seed, "cookie", COOKIE_JWT, text);
}

static void
tokens_seeds_of_jwts(tokens_seed_fn *seed)
{
    static const char *const claims[] = {
        "{\"iss\":\"us\",\"sub\":\"7\",\"role\":\"staff\",\"iat\":1800000000,\"exp\":1800000060,"
        "\"nbf\":5,\"jti\":\"x\"}",
        "{\"iss\":\"us\",\"sub\":\"7\",\"role\":\"member\",\"iat\":1,\"exp\":1,\"aud\":[\"a\"]}",
        "{\"iss\":\"us\",\"sub\":\"s:a\",\"role\":\"cinema_admin\",\"iat\":1800000000,"
        "\"exp\":1800000060,\"sid\":\"f\",\"cinemas\":[3,1]}",
    };
    static const char *const headers[] = {
        "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"a\"}",
        "{\"alg\":\"none\",\"crit\":[\"b64\"],\"kid\":\"b\"}",
    };
    for (size_t i = 0; i < sizeof claims / sizeof claims[0]; i++)
        tokens_seed_text(seed, "cookie", COOKIE_CLAIMS, claims[i]);
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++)
        tokens_seed_text(seed, "cookie", COOKIE_HEADER, headers[i]);
    uint8_t bytes[17] = { 1 };
    token_put_u64(bytes + 1, 7);
    token_put_u64(bytes + 9, TOKENS_NOW_S);
    tokens_seed(seed, "cookie", COOKIE_BYTES, bytes, sizeof bytes);
}

static void
tokens_seeds_of_passes(tokens_seed_fn *seed)
{
    site_t site = { .partitions = 1 };
    uint8_t public_key[32], bytes[25] = { 1 };
    char text[PASS_ROOM];
    (void)crypto_sign_seed_keypair(public_key, site.sign_secret, tokens_pass_seed);
    pass_text(&site, &(pass_t){ .showtime = 7, .user = 8, .until_ms = 9 }, text);
    tokens_seed_text(seed, "pass", PASS_WHOLE, text);
    for (int at = 8; at <= 24; at += 8)
        bytes[at] = 1;
    tokens_seed(seed, "pass", PASS_SIGNED, bytes, sizeof bytes);
    tokens_seed_text(seed, "pass", PASS_KIOSKS, tokens_kiosks_text);
    tokens_seed_text(seed, "pass", PASS_KEYS, tokens_ring_text);
    tokens_seed_text(seed, "pass", PASS_REQUEST,
                     "1800000000000 POST /api/kiosk/redeem 0123456789abcdef body");
}

void
tokens_seeds(tokens_seed_fn *seed)
{
    for (int old = 0; old < 2; old++) {
        token_ring_t ring = tokens_ring(old != 0);
        tokens_seeds_of_cookies(seed, &ring);
    }
    tokens_seeds_of_jwts(seed);
    tokens_seeds_of_passes(seed);
}
