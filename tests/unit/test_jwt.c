/* test_jwt - JSON web tokens: every verdict, and the attacks that have names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "actors/ids.h"
#include "clients/bridge/token.h"

enum { NOW_S = 1800000000 };

#define KEY_A "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
#define KEY_B "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA"
#define KEY_JOE                                                                                    \
    "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"
#define HEADER "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"a\"}"
#define CLAIMS(rest)                                                                               \
    "{\"iss\":\"us\",\"sub\":\"7\",\"role\":\"staff\",\"iat\":1800000000,\"exp\":1800000060" rest  \
    "}"
#define ADMIN(rest)                                                                                \
    "{\"iss\":\"us\",\"sub\":\"7\",\"role\":\"cinema_admin\",\"iat\":1800000000,\"exp\":"          \
    "1800000060" rest "}"

static token_ring_t ring, rotated;
static const token_jwt_t sample = { .subject = "member-7",
                                    .id = "j-1",
                                    .role = TOKEN_ROLE_MEMBER_VIP,
                                    .issued_s = NOW_S,
                                    .expires_s = NOW_S + 900 };

static http_text_t
text_of(const char *text)
{
    return (http_text_t){ .data = text, .size = strlen(text) };
}

static void
read_ring(token_ring_t *to, const char *text)
{
    char error[100] = "";
    int rc = token_ring_read(to, text, strlen(text), error, sizeof error);
    if (rc != 0)
        fail_msg("%s", error);
}

static token_verdict_t
judge_at(const char *text, size_t size, int64_t now_s)
{
    token_jwt_t jwt;
    http_text_t whole = { .data = text, .size = size };
    token_verdict_t verdict = token_jwt_read(&rotated, "us", whole, now_s, &jwt);
    if (verdict != TOKEN_GOOD)
        assert_true(sodium_is_zero((const uint8_t *)&jwt, sizeof jwt));
    return verdict;
}

/* Sign any header and claims under the key of kid a. */
static size_t
sign_raw(const char *header, const char *claims, size_t claims_size, char *text)
{
    uint8_t mac[TOKEN_MAC_SIZE];
    ids_base64_text(text, (const uint8_t *)header, strlen(header));
    strcat(text, ".");
    ids_base64_text(text + strlen(text), (const uint8_t *)claims, claims_size);
    token_mac(ring.keys[0].key, ring.keys[0].size, text, strlen(text), mac);
    strcat(text, ".");
    ids_base64_text(text + strlen(text), mac, sizeof mac);
    return strlen(text);
}

static token_verdict_t
judge_made(const char *header, const char *claims)
{
    static char text[10000];
    size_t size = sign_raw(header, claims, strlen(claims), text);
    return judge_at(text, size, NOW_S);
}

static void
a_token_is_read_back(void **unused)
{
    (void)unused;
    char text[TOKEN_JWT_MAX + 1];
    for (token_role_t role = TOKEN_ROLE_GUEST; role <= TOKEN_ROLE_OPERATOR; role++) {
        token_jwt_t jwt = sample, read;
        jwt.role = role;
        if (role == TOKEN_ROLE_STAFF)
            jwt.id[0] = 0;
        if (role == TOKEN_ROLE_MEMBER)
            strcpy(jwt.family, "f-1");
        if (role == TOKEN_ROLE_CINEMA_ADMIN)
            jwt.cinemas = (token_cinemas_t){ 2, { 7, INT64_MAX } };
        memset(jwt.subject, 'x', (size_t)role * 9);
        strcpy(jwt.subject + (size_t)role * 9, "\"\\\xc3\xa9/");
        size_t size = token_jwt(&ring, "us", &jwt, text, sizeof text);
        assert_int_equal(size, strlen(text));
        assert_int_equal(token_jwt_read(&rotated, "us", text_of(text), NOW_S, &read), TOKEN_GOOD);
        assert_string_equal(read.subject, jwt.subject);
        assert_string_equal(read.id, jwt.id);
        assert_string_equal(read.family, jwt.family);
        assert_int_equal(read.role, role);
        assert_true(token_cinemas_same(&read.cinemas, &jwt.cinemas));
        assert_int_equal(token_role_named(token_role_name(role)), role);
        assert_int_equal(read.issued_s, NOW_S);
        assert_int_equal(read.expires_s, NOW_S + 900);
    }
    assert_int_equal(token_role_named("none"), TOKEN_ROLE_NONE);
    assert_int_equal(token_role_named("Staff"), TOKEN_ROLE_NONE);
}

/* Others can check it: the three parts are what RFC 7515 says. */
static void
a_token_is_written_as_the_rfc_says(void **unused)
{
    (void)unused;
    char text[TOKEN_JWT_MAX + 1], made[TOKEN_JWT_MAX + 1];
    assert_int_not_equal(token_jwt(&ring, "us", &sample, text, sizeof text), 0);
    static const char claims[] = "{\"iss\":\"us\",\"sub\":\"member-7\",\"role\":\"member_vip\","
                                 "\"iat\":1800000000,\"exp\":1800000900,\"jti\":\"j-1\"}";
    (void)sign_raw(HEADER, claims, strlen(claims), made);
    assert_string_equal(text, made);
}

static void
what_would_not_be_taken_back_is_not_written(void **unused)
{
    (void)unused;
    char text[TOKEN_JWT_MAX + 100], issuer[TOKEN_JWT_MAX];
    token_jwt_t jwt = sample;
    size_t size = token_jwt(&ring, "us", &sample, text, sizeof text);
    assert_int_equal(token_jwt(&ring, "us", &sample, text, size), 0);
    assert_int_equal(token_jwt(&ring, "us", &sample, text, size + 1), size);
    jwt.subject[0] = 0;
    assert_int_equal(token_jwt(&ring, "us", &jwt, text, sizeof text), 0);
    strcpy(jwt.subject, "a\nb");
    assert_int_equal(token_jwt(&ring, "us", &jwt, text, sizeof text), 0);
    strcpy(jwt.subject, "\xff");
    assert_int_equal(token_jwt(&ring, "us", &jwt, text, sizeof text), 0);
    jwt = sample;
    strcpy(jwt.id, "\x7f");
    assert_int_equal(token_jwt(&ring, "us", &jwt, text, sizeof text), 0);
    strcpy(jwt.id, "\xff");
    assert_int_equal(token_jwt(&ring, "us", &jwt, text, sizeof text), 0);
    jwt = sample;
    jwt.role = TOKEN_ROLE_NONE;
    assert_int_equal(token_jwt(&ring, "us", &jwt, text, sizeof text), 0);
    jwt = sample;
    jwt.expires_s = -1;
    assert_int_equal(token_jwt(&ring, "us", &jwt, text, sizeof text), 0);
    jwt = sample;
    strcpy(jwt.family, "a\tb");
    assert_int_equal(token_jwt(&ring, "us", &jwt, text, sizeof text), 0);
    jwt = sample;
    jwt.cinemas = (token_cinemas_t){ 1, { 7 } }; /* and no cinema_admin */
    assert_int_equal(token_jwt(&ring, "us", &jwt, text, sizeof text), 0);
    jwt = sample;
    jwt.role = TOKEN_ROLE_CINEMA_ADMIN; /* of no cinema */
    assert_int_equal(token_jwt(&ring, "us", &jwt, text, sizeof text), 0);
    /* up to the longest that is read, and no further */
    size_t longest = 0;
    for (size_t length = 1; length < sizeof issuer - 1; length++) {
        memset(issuer, 'i', length);
        issuer[length] = 0;
        size = token_jwt(&ring, issuer, &sample, text, sizeof text);
        assert_true(size <= TOKEN_JWT_MAX && (size > 0 || longest > TOKEN_JWT_MAX - 4));
        longest = size > longest ? size : longest;
        if (size > 0)
            assert_int_equal(token_jwt_read(&ring, issuer, text_of(text), NOW_S, &jwt), TOKEN_GOOD);
    }
}

static void
every_altered_token_is_refused(void **unused)
{
    (void)unused;
    char text[TOKEN_JWT_MAX + 1];
    size_t size = token_jwt(&ring, "us", &sample, text, sizeof text);
    assert_int_equal(judge_at(text, size, NOW_S), TOKEN_GOOD);
    for (size_t at = 0; at < size; at++) {
        char right = text[at];
        for (int c = 0; c < 256; c++) {
            text[at] = (char)c;
            assert_int_equal(judge_at(text, size, NOW_S) == TOKEN_GOOD, text[at] == right);
        }
        text[at] = right;
    }
    for (size_t less = 0; less < size; less++)
        assert_int_not_equal(judge_at(text, less, NOW_S), TOKEN_GOOD);
    for (size_t less = 0; less < size; less++) /* the front cut off */
        assert_int_not_equal(judge_at(text + size - less, less, NOW_S), TOKEN_GOOD);
}

static void
shapes_are_malformed(void **unused)
{
    (void)unused;
    static const char *const bad[] = {
        ".",
        "..",
        "...",
        "a.b",
        "e30",
        "e30.e30",
        "e30.e30.AA.AA",
        "e30=.e30.AA",
        "e31.e30.AA", /* bits that are left over */
        "e30.e31.AA",
        "e30.e30.AB",
        " e30.e30.AA",
        "e30.e30.AA\n",
        "bnVsbA.e30.AA",     /* null */
        "W10.e30.AA",        /* [] */
        "Ing.e30.AA",        /* a string that does not end */
        "e30gIHg.e30.AA",    /* {}  x */
        "IHt9IA.e30.AA.",    /* a dot behind */
        "eyJhbGciOjF9fQ..A", /* {"alg":1}} */
    };
    assert_int_equal(judge_at("", 0, NOW_S), TOKEN_MISSING);
    assert_int_equal(judge_at(NULL, 0, NOW_S), TOKEN_MISSING);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(judge_at(bad[i], strlen(bad[i]), NOW_S), TOKEN_MALFORMED);
    static char huge[4000000];
    memset(huge, 'A', sizeof huge);
    assert_int_equal(judge_at(huge, sizeof huge, NOW_S), TOKEN_MALFORMED);
    memset(huge, '.', sizeof huge);
    assert_int_equal(judge_at(huge, sizeof huge, NOW_S), TOKEN_MALFORMED);
}

static void
headers_are_judged(void **unused)
{
    (void)unused;
    static const struct {
        const char *header;
        token_verdict_t verdict;
    } headers[] = {
        { HEADER, TOKEN_GOOD },
        { "{\"alg\":\"HS256\",\"kid\":\"a\"}", TOKEN_GOOD },
        { " {\"kid\" : \"a\",\n\"alg\":\"HS\\u003256\" } ", TOKEN_GOOD },
        /* what it brings along is not used */
        { "{\"alg\":\"HS256\",\"kid\":\"a\",\"jwk\":{\"kty\":\"oct\",\"k\":\"AA\"}}", TOKEN_GOOD },
        { "{\"alg\":\"HS256\",\"kid\":\"a\",\"x5c\":[\"AA\"],\"b64\":true}", TOKEN_GOOD },
        { "{\"alg\":\"none\"}", TOKEN_UNSIGNED },
        { "{\"alg\":\"none\",\"kid\":\"a\"}", TOKEN_UNSIGNED },
        { "{\"alg\":\"None\",\"kid\":\"a\"}", TOKEN_UNSIGNED },
        { "{\"alg\":\"\",\"kid\":\"a\"}", TOKEN_WRONG_ALG },
        { "{\"alg\":\"RS256\",\"kid\":\"a\"}", TOKEN_WRONG_ALG },
        { "{\"alg\":\"ES256\",\"kid\":\"a\"}", TOKEN_WRONG_ALG },
        { "{\"alg\":\"HS512\",\"kid\":\"a\"}", TOKEN_WRONG_ALG },
        { "{\"alg\":\"hs256\",\"kid\":\"a\"}", TOKEN_WRONG_ALG },
        { "{\"alg\":\"HS256 \",\"kid\":\"a\"}", TOKEN_WRONG_ALG },
        { "{\"alg\":[\"HS256\"],\"kid\":\"a\"}", TOKEN_WRONG_ALG },
        { "{\"alg\":null,\"kid\":\"a\"}", TOKEN_WRONG_ALG },
        { "{\"kid\":\"a\"}", TOKEN_WRONG_ALG },
        { "{}", TOKEN_WRONG_ALG },
        { "{\"alg\":\"HS256\",\"kid\":\"a\",\"crit\":[\"exp\"]}", TOKEN_WRONG_ALG },
        { "{\"alg\":\"HS256\",\"kid\":\"a\",\"crit\":[\"b64\"],\"b64\":false}", TOKEN_WRONG_ALG },
        { "{\"alg\":\"HS256\",\"kid\":\"a\",\"crit\":null}", TOKEN_WRONG_ALG },
        { "{\"alg\":\"HS256\"}", TOKEN_UNKNOWN_KEY },
        { "{\"alg\":\"HS256\",\"kid\":\"c\"}", TOKEN_UNKNOWN_KEY },
        { "{\"alg\":\"HS256\",\"kid\":\"A\"}", TOKEN_UNKNOWN_KEY },
        { "{\"alg\":\"HS256\",\"kid\":\"\"}", TOKEN_UNKNOWN_KEY },
        { "{\"alg\":\"HS256\",\"kid\":\"../a\"}", TOKEN_UNKNOWN_KEY },
        { "{\"alg\":\"HS256\",\"kid\":[\"a\"]}", TOKEN_UNKNOWN_KEY },
        { "{\"alg\":\"HS256\",\"kid\":0}", TOKEN_UNKNOWN_KEY },
        { "{\"alg\":\"HS256\",\"kid\":\"b\"}", TOKEN_FORGED }, /* a key that did not sign it */
        { "{\"alg\":\"HS256\",\"kid\":\"b\",\"kid\":\"a\"}", TOKEN_MALFORMED },
        { "{\"alg\":\"HS256\",\"kid\":\"a\",\"kid\":\"a\"}", TOKEN_MALFORMED },
        { "{\"alg\":\"none\",\"alg\":\"HS256\",\"kid\":\"a\"}", TOKEN_MALFORMED },
        { "{\"alg\":\"none\",\"al\\u0067\":\"HS256\",\"kid\":\"a\"}", TOKEN_MALFORMED },
        { "{\"alg\":\"HS256\",\"kid\":\"a\\u0000b\"}", TOKEN_MALFORMED },
        { "{\"alg\":\"HS256\",\"kid\":\"a\",\"typ\":\"at+jwt\"}", TOKEN_MALFORMED },
        { "{\"alg\":\"HS256\",\"kid\":\"a\",\"typ\":1}", TOKEN_MALFORMED },
        { "{\"alg\":\"HS256\",\"kid\":\"a\"} {}", TOKEN_MALFORMED },
        { "{\"alg\":\"HS256\",\"kid\":\"a\",}", TOKEN_MALFORMED },
        { "{'alg':'HS256','kid':'a'}", TOKEN_MALFORMED },
        { "[\"HS256\",\"a\"]", TOKEN_MALFORMED },
        { "\"HS256\"", TOKEN_MALFORMED },
        { "", TOKEN_MALFORMED },
        { "\xef\xbb\xbf" HEADER, TOKEN_MALFORMED },
        { "{\"alg\":\"HS256\",\"kid\":\"\xff\"}", TOKEN_MALFORMED },
    };
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        token_verdict_t verdict = judge_made(headers[i].header, CLAIMS(""));
        if (verdict != headers[i].verdict)
            fail_msg("%s: %s", headers[i].header, token_verdict_name(verdict));
    }
}

static void
claims_are_judged(void **unused)
{
    (void)unused;
    static const struct {
        const char *claims;
        token_verdict_t verdict;
    } all[] = {
        { CLAIMS(""), TOKEN_GOOD },
        { CLAIMS(",\"jti\":\"x\",\"nbf\":0,\"name\":{\"a\":[1.5,null]}"), TOKEN_GOOD },
        { CLAIMS(",\"aud\":\"us\""), TOKEN_WRONG_ISSUER },
        { CLAIMS(",\"aud\":[]"), TOKEN_WRONG_ISSUER },
        { CLAIMS(",\"sub\":\"8\""), TOKEN_MALFORMED },
        { CLAIMS(",\"jti\":\"\""), TOKEN_MALFORMED },
        { CLAIMS(",\"jti\":7"), TOKEN_MALFORMED },
        { CLAIMS(",\"sid\":\"f-1\""), TOKEN_GOOD },
        { CLAIMS(",\"sid\":\"\""), TOKEN_MALFORMED },
        { CLAIMS(",\"sid\":[]"), TOKEN_MALFORMED },
        { CLAIMS(",\"cinemas\":[7]"), TOKEN_MALFORMED }, /* of staff, who run all */
        { ADMIN(",\"cinemas\":[7,1,9223372036854775807]"), TOKEN_GOOD },
        { ADMIN(",\"cinemas\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16]"), TOKEN_GOOD },
        { ADMIN(",\"cinemas\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]"), TOKEN_MALFORMED },
        { ADMIN(""), TOKEN_MALFORMED },
        { ADMIN(",\"cinemas\":[]"), TOKEN_MALFORMED },
        { ADMIN(",\"cinemas\":7"), TOKEN_MALFORMED },
        { ADMIN(",\"cinemas\":null"), TOKEN_MALFORMED },
        { ADMIN(",\"cinemas\":{\"7\":7}"), TOKEN_MALFORMED },
        { ADMIN(",\"cinemas\":[7,7]"), TOKEN_MALFORMED },
        { ADMIN(",\"cinemas\":[0]"), TOKEN_MALFORMED },
        { ADMIN(",\"cinemas\":[-7]"), TOKEN_MALFORMED },
        { ADMIN(",\"cinemas\":[7.0]"), TOKEN_MALFORMED },
        { ADMIN(",\"cinemas\":[\"7\"]"), TOKEN_MALFORMED },
        { ADMIN(",\"cinemas\":[[7]]"), TOKEN_MALFORMED },
        { CLAIMS(",\"nbf\":\"0\""), TOKEN_MALFORMED },
        { CLAIMS(",\"nbf\":1.0"), TOKEN_MALFORMED },
        { CLAIMS(",\"nbf\":-1"), TOKEN_MALFORMED },
        { CLAIMS(",\"nbf\":null"), TOKEN_MALFORMED },
        { "{}", TOKEN_MALFORMED },
        { "[]", TOKEN_MALFORMED },
        { "null", TOKEN_MALFORMED },
        { "", TOKEN_MALFORMED },
        { CLAIMS("") "x", TOKEN_MALFORMED },
        /* one of five left out */
        { "{\"sub\":\"7\",\"role\":\"staff\",\"iat\":1800000000,\"exp\":1800000060}",
          TOKEN_MALFORMED },
        { "{\"iss\":\"us\",\"role\":\"staff\",\"iat\":1800000000,\"exp\":1800000060}",
          TOKEN_MALFORMED },
        { "{\"iss\":\"us\",\"sub\":\"7\",\"iat\":1800000000,\"exp\":1800000060}", TOKEN_MALFORMED },
        { "{\"iss\":\"us\",\"sub\":\"7\",\"role\":\"staff\",\"exp\":1800000060}", TOKEN_MALFORMED },
        { "{\"iss\":\"us\",\"sub\":\"7\",\"role\":\"staff\",\"iat\":1800000000}", TOKEN_MALFORMED },
        /* one of five not right */
        { "{\"iss\":[\"us\"],\"sub\":\"7\",\"role\":\"staff\",\"iat\":1800000000,\"exp\":"
          "1800000060}",
          TOKEN_MALFORMED },
        { "{\"iss\":\"them\",\"sub\":\"7\",\"role\":\"staff\",\"iat\":1800000000,\"exp\":"
          "1800000060}",
          TOKEN_WRONG_ISSUER },
        { "{\"iss\":\"us \",\"sub\":\"7\",\"role\":\"staff\",\"iat\":1800000000,\"exp\":1}",
          TOKEN_WRONG_ISSUER },
        { "{\"iss\":\"us\",\"sub\":7,\"role\":\"staff\",\"iat\":1800000000,\"exp\":1800000060}",
          TOKEN_MALFORMED },
        { "{\"iss\":\"us\",\"sub\":\"\",\"role\":\"staff\",\"iat\":1800000000,\"exp\":1800000060}",
          TOKEN_MALFORMED },
        { "{\"iss\":\"us\",\"sub\":\"a\\nb\",\"role\":\"staff\",\"iat\":1800000000,\"exp\":"
          "1800000060}",
          TOKEN_MALFORMED },
        { "{\"iss\":\"us\",\"sub\":\"1234567890123456789012345678901234567890123456789012345678901"
          "234\",\"role\":\"staff\",\"iat\":1800000000,\"exp\":1800000060}",
          TOKEN_MALFORMED },
        { "{\"iss\":\"us\",\"sub\":\"7\",\"role\":\"root\",\"iat\":1800000000,\"exp\":1800000060}",
          TOKEN_MALFORMED },
        { "{\"iss\":\"us\",\"sub\":\"7\",\"role\":\"none\",\"iat\":1800000000,\"exp\":1800000060}",
          TOKEN_MALFORMED },
        { "{\"iss\":\"us\",\"sub\":\"7\",\"role\":\"staff\",\"iat\":1.8e9,\"exp\":1800000060}",
          TOKEN_MALFORMED },
        { "{\"iss\":\"us\",\"sub\":\"7\",\"role\":\"staff\",\"iat\":1800000000,\"exp\":true}",
          TOKEN_MALFORMED },
        { "{\"iss\":\"us\",\"sub\":\"7\",\"role\":\"staff\",\"iat\":1800000000,\"exp\":"
          "\"1800000060\"}",
          TOKEN_MALFORMED },
        { "{\"iss\":\"us\",\"sub\":\"7\",\"role\":\"staff\",\"iat\":1800000000,\"exp\":"
          "9223372036854775808}",
          TOKEN_MALFORMED },
        { "{\"iss\":\"us\",\"sub\":\"7\",\"role\":\"staff\",\"iat\":1800000000,\"exp\":"
          "9223372036854775807}",
          TOKEN_GOOD },
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        token_verdict_t verdict = judge_made(HEADER, all[i].claims);
        if (verdict != all[i].verdict)
            fail_msg("%s: %s", all[i].claims, token_verdict_name(verdict));
    }
}

/* Of several things that are wrong, the first in order is told: a stranger learns nothing of
 * claims. */
static void
verdicts_have_an_order(void **unused)
{
    (void)unused;
    char text[TOKEN_JWT_MAX + 1];
    size_t size = sign_raw(HEADER, "not JSON", 8, text);
    assert_int_equal(judge_at(text, size, NOW_S), TOKEN_MALFORMED);
    char *last = text + size - 5;
    *last = *last == 'A' ? 'B' : 'A';
    assert_int_equal(judge_at(text, size, NOW_S), TOKEN_FORGED);
    char *dot = strrchr(text, '.');
    dot[1] = 0;
    assert_int_equal(judge_at(text, strlen(text), NOW_S), TOKEN_FORGED); /* no signature at all */
    strcpy(dot + 1, "AAAA");
    assert_int_equal(judge_at(text, strlen(text), NOW_S), TOKEN_FORGED);
    assert_int_equal(judge_made("{\"alg\":\"none\",\"kid\":\"c\"}", "x"), TOKEN_UNSIGNED);
    assert_int_equal(judge_made("{\"alg\":\"HS256\",\"kid\":\"c\"}", "x"), TOKEN_UNKNOWN_KEY);
    static const char none[] = "eyJhbGciOiJub25lIn0.e30.";
    assert_int_equal(judge_at(none, strlen(none), NOW_S), TOKEN_UNSIGNED);
    assert_int_equal(judge_made(HEADER, "{\"iss\":\"them\",\"sub\":\"7\",\"role\":\"staff\","
                                        "\"iat\":1900000000,\"exp\":1}"),
                     TOKEN_WRONG_ISSUER);
    assert_int_equal(judge_made(HEADER, "{\"iss\":\"us\",\"sub\":\"7\",\"role\":\"staff\","
                                        "\"iat\":1900000000,\"exp\":1}"),
                     TOKEN_EXPIRED);
}

/* A verifier that takes a public key for an HMAC key is fooled by its own key; here a public key
 * is no key of the ring, whatever a header says. */
static void
algorithms_are_not_confused(void **unused)
{
    (void)unused;
    uint8_t public_key[32], secret_key[64], seed[32] = { 9 }, mac[TOKEN_MAC_SIZE];
    char text[TOKEN_JWT_MAX + 1];
    assert_int_equal(crypto_sign_seed_keypair(public_key, secret_key, seed), 0);
    static const char claims[] = CLAIMS("");
    (void)sign_raw(HEADER, claims, strlen(claims), text);
    char *dot = strrchr(text, '.');
    token_mac(public_key, sizeof public_key, text, (size_t)(dot - text), mac);
    ids_base64_text(dot + 1, mac, sizeof mac);
    assert_int_equal(judge_at(text, strlen(text), NOW_S), TOKEN_FORGED);
    /* signed with an empty key, and with the key's text in place of its bytes */
    token_mac((const uint8_t *)"", 0, text, (size_t)(dot - text), mac);
    ids_base64_text(dot + 1, mac, sizeof mac);
    assert_int_equal(judge_at(text, strlen(text), NOW_S), TOKEN_FORGED);
    token_mac((const uint8_t *)KEY_A, strlen(KEY_A), text, (size_t)(dot - text), mac);
    ids_base64_text(dot + 1, mac, sizeof mac);
    assert_int_equal(judge_at(text, strlen(text), NOW_S), TOKEN_FORGED);
}

static void
drift_has_edges(void **unused)
{
    (void)unused;
    static const struct {
        int64_t issued_s, begins_s, expires_s; /* from now */
        token_verdict_t verdict;
    } times[] = {
        { -900, 0, 1, TOKEN_GOOD },        { -900, 0, 0, TOKEN_GOOD },
        { -900, 0, -59, TOKEN_GOOD },      { -900, 0, -60, TOKEN_EXPIRED },
        { -900, 0, -61, TOKEN_EXPIRED },   { 59, 0, 900, TOKEN_GOOD },
        { 60, 0, 900, TOKEN_GOOD },        { 61, 0, 900, TOKEN_NOT_YET },
        { 0, 59, 900, TOKEN_GOOD },        { 0, 60, 900, TOKEN_GOOD },
        { 0, 61, 900, TOKEN_NOT_YET },     { 61, 61, -60, TOKEN_EXPIRED },
        { -NOW_S, -NOW_S, 1, TOKEN_GOOD },
    };
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        char claims[300];
        snprintf(claims, sizeof claims,
                 "{\"iss\":\"us\",\"sub\":\"7\",\"role\":\"staff\",\"iat\":%lld,\"nbf\":%lld,"
                 "\"exp\":%lld}",
                 (long long)(NOW_S + times[i].issued_s), (long long)(NOW_S + times[i].begins_s),
                 (long long)(NOW_S + times[i].expires_s));
        if (judge_made(HEADER, claims) != times[i].verdict)
            fail_msg("times %zu", i);
    }
    /* the ends of the world */
    char text[TOKEN_JWT_MAX + 1];
    token_jwt_t jwt = sample;
    jwt.issued_s = jwt.expires_s = INT64_MAX;
    size_t size = token_jwt(&ring, "us", &jwt, text, sizeof text);
    assert_int_equal(judge_at(text, size, 0), TOKEN_NOT_YET);
    assert_int_equal(judge_at(text, size, INT64_MAX), TOKEN_GOOD);
    jwt.issued_s = jwt.expires_s = 0;
    size = token_jwt(&ring, "us", &jwt, text, sizeof text);
    assert_int_equal(judge_at(text, size, INT64_MAX), TOKEN_EXPIRED);
    assert_int_equal(judge_at(text, size, 59), TOKEN_GOOD);
}

static void
keys_are_rotated(void **unused)
{
    (void)unused;
    char old[TOKEN_JWT_MAX + 1], new[TOKEN_JWT_MAX + 1];
    token_jwt_t jwt;
    size_t old_size = token_jwt(&ring, "us", &sample, old, sizeof old);
    size_t new_size = token_jwt(&rotated, "us", &sample, new, sizeof new);
    assert_string_not_equal(old, new);
    assert_int_equal(judge_at(old, old_size, NOW_S), TOKEN_GOOD);
    assert_int_equal(judge_at(new, new_size, NOW_S), TOKEN_GOOD);
    assert_int_equal(token_jwt_read(&ring, "us", text_of(new), NOW_S, &jwt), TOKEN_UNKNOWN_KEY);
    token_ring_t after;
    read_ring(&after, "b " KEY_B);
    assert_int_equal(token_jwt_read(&after, "us", text_of(old), NOW_S, &jwt), TOKEN_UNKNOWN_KEY);
    read_ring(&after, "b " KEY_A);
    assert_int_equal(token_jwt_read(&after, "us", text_of(new), NOW_S, &jwt), TOKEN_FORGED);
}

/* RFC 7515 A.1 has no kid, so here it has no key; with one it is signed right and lacks claims. */
static void
the_token_of_the_rfc(void **unused)
{
    (void)unused;
    static const char signature[] = ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    static const char input[] =
        "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQog"
        "Imh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    char text[sizeof input + sizeof signature];
    token_ring_t joe;
    token_jwt_t jwt;
    snprintf(text, sizeof text, "%s%s", input, signature);
    read_ring(&joe, "joe " KEY_JOE);
    assert_int_equal(token_jwt_read(&joe, "joe", text_of(text), NOW_S, &jwt), TOKEN_UNKNOWN_KEY);
    token_jwt_t claims = sample;
    claims.issued_s = 1300819380 - 60;
    claims.expires_s = 1300819380;
    char ours[TOKEN_JWT_MAX + 1];
    assert_int_not_equal(token_jwt(&joe, "joe", &claims, ours, sizeof ours), 0);
    assert_int_equal(token_jwt_read(&joe, "joe", text_of(ours), NOW_S, &jwt), TOKEN_EXPIRED);
    assert_int_equal(token_jwt_read(&joe, "joe", text_of(ours), 1300819380, &jwt), TOKEN_GOOD);
    assert_int_equal(token_jwt_read(&joe, "us", text_of(ours), NOW_S, &jwt), TOKEN_WRONG_ISSUER);
}

/* As deep as a token can be, in a header that anybody can send. */
static void
depth_is_bounded(void **unused)
{
    (void)unused;
    char deep[1300], text[TOKEN_JWT_MAX + 1];
    for (size_t depth = 1; depth < 600; depth++) {
        int size = snprintf(deep, sizeof deep, "{\"alg\":\"HS256\",\"kid\":\"a\",\"x\":");
        memset(deep + size, '[', depth);
        memset(deep + (size_t)size + depth, ']', depth);
        strcpy(deep + (size_t)size + 2 * depth, "}");
        ids_base64_text(text, (const uint8_t *)deep, strlen(deep));
        strcat(text, ".e30.AA");
        assert_int_equal(judge_at(text, strlen(text), NOW_S),
                         depth < 32 ? TOKEN_FORGED : TOKEN_MALFORMED);
    }
}

static void
cinemas_are_run_by_their_own(void **unused)
{
    (void)unused;
    token_cinemas_t cinemas = { 0 }, other = { 0 };
    static const uint64_t order[] = { 9, 3, 5, INT64_MAX, 1 };
    for (size_t i = 0; i < 5; i++) {
        assert_true(token_cinemas_add(&cinemas, order[i]));
        assert_true(token_cinemas_add(&other, order[4 - i]));
        assert_false(token_cinemas_add(&cinemas, order[0]));
    }
    assert_true(token_cinemas_same(&cinemas, &other));
    for (uint32_t i = 1; i < cinemas.count; i++)
        assert_true(cinemas.ids[i - 1] < cinemas.ids[i]);
    assert_false(token_cinemas_add(&cinemas, 0));
    assert_false(token_cinemas_add(&cinemas, (uint64_t)INT64_MAX + 1));
    assert_true(token_runs(TOKEN_ROLE_CINEMA_ADMIN, &cinemas, 3));
    assert_false(token_runs(TOKEN_ROLE_CINEMA_ADMIN, &cinemas, 4));
    static const token_cinemas_t none = { 0 };
    assert_false(token_runs(TOKEN_ROLE_CINEMA_ADMIN, &none, 3));
    assert_true(token_runs(TOKEN_ROLE_OPERATOR, &none, 4) &&
                token_runs(TOKEN_ROLE_STAFF, &none, 4));
    for (token_role_t role = TOKEN_ROLE_NONE; role <= TOKEN_ROLE_MEMBER_VIP; role++)
        assert_false(token_runs(role, &cinemas, 3));
    assert_true(token_cinemas_add(&other, 2));
    assert_false(token_cinemas_same(&cinemas, &other));
}

static void
verdicts_have_names(void **unused)
{
    (void)unused;
    assert_string_equal(token_verdict_name(TOKEN_GOOD), "OK");
    assert_string_equal(token_verdict_name(TOKEN_MISSING), "TOKEN_MISSING");
    assert_string_equal(token_verdict_name(TOKEN_EXPIRED), "TOKEN_EXPIRED");
    for (token_verdict_t verdict = TOKEN_MISSING; verdict <= TOKEN_REVOKED; verdict++)
        assert_memory_equal(token_verdict_name(verdict), "TOKEN_", 6);
}

static int
start(void **unused)
{
    (void)unused;
    if (sodium_init() < 0)
        return -1;
    read_ring(&ring, "a " KEY_A "\n");
    read_ring(&rotated, "b " KEY_B "\na " KEY_A "\n");
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_is_read_back),
        cmocka_unit_test(a_token_is_written_as_the_rfc_says),
        cmocka_unit_test(what_would_not_be_taken_back_is_not_written),
        cmocka_unit_test(every_altered_token_is_refused),
        cmocka_unit_test(shapes_are_malformed),
        cmocka_unit_test(headers_are_judged),
        cmocka_unit_test(claims_are_judged),
        cmocka_unit_test(verdicts_have_an_order),
        cmocka_unit_test(algorithms_are_not_confused),
        cmocka_unit_test(drift_has_edges),
        cmocka_unit_test(keys_are_rotated),
        cmocka_unit_test(the_token_of_the_rfc),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(cinemas_are_run_by_their_own),
        cmocka_unit_test(verdicts_have_names),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
