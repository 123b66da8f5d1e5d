/* seeds_oidc - the first inputs of fuzz_oidc. */
#include "broker/mp.h"
#include "tests/fuzz/oidc.h"
#include "tests/fuzz/seeds.h"
#include "tests/fuzz/tokens.h"
#include <string.h>

static void
oidc_seed(uint8_t kind, const void *bytes, size_t size)
{
    uint8_t whole[2048] = { kind };
    memcpy(whole + 1, bytes, size);
    seed("oidc", whole, size + 1);
}

static void
oidc_seed_text(uint8_t kind, const char *text)
{
    oidc_seed(kind, text, strlen(text));
}

static void
oidc_seed_tells(void)
{
    uint8_t body[256];
    for (int text = 0; text < 2; text++) {
        pack_t pack;
        pack_init(&pack, body, sizeof body);
        pack_map(&pack, 3);
        pack_key_str(&pack, "phone", "+8613800138000");
        pack_key_str(&pack, text ? "text" : "code", "042137");
        pack_key_int(&pack, "until_ms", 1800000000000);
        oidc_seed(OIDC_INPUT_TELL, pack.data, pack.size);
    }
    oidc_seed_text(OIDC_INPUT_TELL, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
}

void
seeds_of_oidc(void)
{
    char text[1024], cookie[OIDC_COOKIE_ROOM];
    static const oidc_login_t login = { .began_s = TOKENS_NOW_S, .seed = { 1, 2, 3 } };
    oidc_seed_text(
        OIDC_INPUT_DOCUMENT,
        "{\"issuer\":\"https://id.example\",\"authorization_endpoint\":"
        "\"https://id.example/a\",\"token_endpoint\":\"https://id.example/t\","
        "\"jwks_uri\":\"https://id.example/k\",\"code_challenge_methods_supported\":"
        "[\"S256\"],\"token_endpoint_auth_methods_supported\":[\"client_secret_post\"]}");
    snprintf(text, sizeof text, "{\"keys\":[%s,{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}]}",
             oidc_fuzz_jwk);
    oidc_seed_text(OIDC_INPUT_KEYS, text);
    oidc_seed_text(OIDC_INPUT_TOKEN, "eyJhbGciOiJFUzI1NiIsImtpZCI6ImUifQ.e30.AAAA");
    snprintf(text, sizeof text,
             "{\"iss\":\"https://id.example\",\"sub\":\"ann\",\"aud\":[\"us\"],\"azp\":\"us\","
             "\"exp\":1800000300,\"iat\":1800000000,\"nbf\":1,\"nonce\":\"%s\",\"name\":\"Ann\","
             "\"email\":\"a@b\",\"email_verified\":true,\"at_hash\":\"x\"}",
             oidc_fuzz_nonce);
    oidc_seed_text(OIDC_INPUT_CLAIMS, text);
    snprintf(text, sizeof text, "code=c%%20&state=%s&iss=https%%3A%%2F%%2Fid.example&error=x",
             oidc_fuzz_nonce);
    oidc_seed_text(OIDC_INPUT_QUERY, text);
    for (int old = 0; old < 2; old++) {
        token_ring_t ring = tokens_ring(old != 0);
        oidc_cookie(&ring, &login, cookie);
        oidc_seed_text(OIDC_INPUT_COOKIE, cookie);
    }
    oidc_seed_tells();
    oidc_seed_text(OIDC_INPUT_FILES, "sub s:a 1800007200 1800000000 # x\njti j 1800007200\n");
    oidc_seed_text(OIDC_INPUT_FILES,
                   "a 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff "
                   "cinema_admin 7,12\n");
}
