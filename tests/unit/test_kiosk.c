/* test_kiosk - signed requests of kiosks, their keys, and passes of the waiting room. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "actors/ids.h"
#include "actors/pass.h"
#include "clients/bridge/kiosk.h"
#include "clients/bridge/token.h"

#define NOW_MS INT64_C(1800000000000)
#define KEY_A  "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
#define KEY_B  "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA"
#define NONCE  "0123456789abcDEF_-"

static kiosk_ring_t ring;

static http_text_t
text_of(const char *text)
{
    return (http_text_t){ .data = text, .size = strlen(text) };
}

static kiosk_request_t
sample(void)
{
    kiosk_request_t request = { .method = text_of("POST"),
                                .path = text_of("/api/kiosk/check"),
                                .nonce = text_of(NONCE),
                                .timestamp_ms = NOW_MS };
    kiosk_digest(&request, text_of("{\"a\":1}"));
    return request;
}

static void
sign(const char *kiosk, const kiosk_request_t *request, char signature[KIOSK_SIGNATURE_ROOM])
{
    const kiosk_t *signer = kiosk_ring_find(&ring, text_of(kiosk));
    assert_non_null(signer);
    assert_true(kiosk_sign(signer->key, signer->size, request, signature));
}

static kiosk_verdict_t
check(const char *kiosk, const kiosk_request_t *request, const char *signature)
{
    const kiosk_t *who = NULL;
    kiosk_verdict_t verdict =
        kiosk_check(&ring, text_of(kiosk), request, text_of(signature), NOW_MS, &who);
    if (verdict == KIOSK_GOOD)
        assert_string_equal(who->name, kiosk);
    else
        assert_null(who);
    return verdict;
}

/* The canonical text, written out; RFC 4231 case 2 is in test_token, for the MAC itself. */
static void
a_signature_is_over_the_canonical_text(void **unused)
{
    (void)unused;
    char signature[KIOSK_SIGNATURE_ROOM], hex[65];
    uint8_t mac[TOKEN_MAC_SIZE];
    /* sha256("{\"a\":1}") by sha256sum */
    static const char canonical[] =
        "POST\n/api/kiosk/check\n1800000000000\n" NONCE "\n"
        "015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862";
    kiosk_request_t request = sample();
    sign("lobby-1", &request, signature);
    token_mac(ring.kiosks[0].key, 32, canonical, strlen(canonical), mac);
    assert_string_equal(signature, sodium_bin2hex(hex, sizeof hex, mac, sizeof mac));
    /* by openssl dgst -sha256 -mac HMAC */
    assert_string_equal(signature,
                        "33c8c735367d2572f273631141515b2286e8e58a69b41a09e398e36ce0180a52");
}

static void
every_verdict(void **unused)
{
    (void)unused;
    char signature[KIOSK_SIGNATURE_ROOM];
    kiosk_request_t request = sample();
    sign("lobby-1", &request, signature);
    assert_int_equal(check("lobby-1", &request, signature), KIOSK_GOOD);
    assert_int_equal(check("lobby-9", &request, signature), KIOSK_UNKNOWN);
    assert_int_equal(check("", &request, signature), KIOSK_UNKNOWN);
    assert_int_equal(check("lobby-2", &request, signature), KIOSK_FORGED);
    assert_int_equal(check("gone", &request, signature), KIOSK_FORGED);
    assert_int_equal(check("lobby-1", &request, ""), KIOSK_FORGED);
    sign("gone", &request, signature);
    assert_int_equal(check("gone", &request, signature), KIOSK_REVOKED);
    request.timestamp_ms -= KIOSK_WINDOW_MS + 1;
    sign("lobby-1", &request, signature);
    assert_int_equal(check("lobby-1", &request, signature), KIOSK_STALE);
    request.timestamp_ms = -1;
    assert_int_equal(check("lobby-1", &request, signature), KIOSK_MALFORMED);
    for (kiosk_verdict_t verdict = KIOSK_MALFORMED; verdict <= KIOSK_STALE; verdict++)
        assert_memory_equal(kiosk_verdict_name(verdict), "KIOSK_", 6);
    assert_string_equal(kiosk_verdict_name(KIOSK_GOOD), "OK");
}

static void
every_altered_signature_is_refused(void **unused)
{
    (void)unused;
    char signature[KIOSK_SIGNATURE_ROOM];
    kiosk_request_t request = sample();
    sign("lobby-1", &request, signature);
    for (size_t at = 0; at < KIOSK_SIGNATURE_SIZE; at++) {
        char right = signature[at];
        for (int c = 0; c < 256; c++) {
            signature[at] = (char)c;
            const kiosk_t *who;
            http_text_t whole = { .data = signature, .size = KIOSK_SIGNATURE_SIZE };
            assert_int_equal(kiosk_check(&ring, text_of("lobby-1"), &request, whole, NOW_MS, &who),
                             signature[at] == right ? KIOSK_GOOD : KIOSK_FORGED);
        }
        signature[at] = right;
    }
    for (size_t size = 0; size <= KIOSK_SIGNATURE_SIZE + 1; size++) {
        const kiosk_t *who;
        http_text_t whole = { .data = signature, .size = size };
        assert_int_equal(kiosk_check(&ring, text_of("lobby-1"), &request, whole, NOW_MS, &who),
                         size == KIOSK_SIGNATURE_SIZE ? KIOSK_GOOD : KIOSK_FORGED);
    }
}

/* Whatever was signed and is something else now. */
static void
every_part_is_covered(void **unused)
{
    (void)unused;
    char signature[KIOSK_SIGNATURE_ROOM], nonce[] = NONCE, path[] = "/api/kiosk/check";
    kiosk_request_t request = sample();
    sign("lobby-1", &request, signature);
    kiosk_request_t other = request;
    other.method = text_of("PUT");
    assert_int_equal(check("lobby-1", &other, signature), KIOSK_FORGED);
    other = request;
    other.timestamp_ms++;
    assert_int_equal(check("lobby-1", &other, signature), KIOSK_FORGED);
    for (size_t at = 0; at < strlen(nonce); at++) {
        nonce[at] ^= 1;
        other = request;
        other.nonce = text_of(nonce);
        assert_int_not_equal(check("lobby-1", &other, signature), KIOSK_GOOD);
        nonce[at] ^= 1;
    }
    for (size_t at = 0; at < strlen(path); at++) {
        path[at] ^= 1;
        other = request;
        other.path = text_of(path);
        assert_int_not_equal(check("lobby-1", &other, signature), KIOSK_GOOD);
        path[at] ^= 1;
    }
    for (size_t at = 0; at < KIOSK_DIGEST_SIZE; at++) {
        other = request;
        other.digest[at] ^= 0x80;
        assert_int_equal(check("lobby-1", &other, signature), KIOSK_FORGED);
    }
    kiosk_digest(&other, text_of("{\"a\":2}"));
    assert_int_equal(check("lobby-1", &other, signature), KIOSK_FORGED);
}

static void
the_window_has_edges(void **unused)
{
    (void)unused;
    static const struct {
        int64_t timestamp_ms;
        kiosk_verdict_t verdict;
    } times[] = {
        { NOW_MS - KIOSK_WINDOW_MS, KIOSK_GOOD },
        { NOW_MS - KIOSK_WINDOW_MS - 1, KIOSK_STALE },
        { NOW_MS + KIOSK_WINDOW_MS, KIOSK_GOOD },
        { NOW_MS + KIOSK_WINDOW_MS + 1, KIOSK_STALE },
        { 0, KIOSK_STALE },
        { INT64_MAX, KIOSK_STALE },
        { NOW_MS / 1000, KIOSK_STALE }, /* seconds by mistake */
    };
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        char signature[KIOSK_SIGNATURE_ROOM];
        kiosk_request_t request = sample();
        request.timestamp_ms = times[i].timestamp_ms;
        sign("lobby-1", &request, signature);
        assert_int_equal(check("lobby-1", &request, signature), times[i].verdict);
    }
}

/* What has no shape is not signed: an LF in a part would make one text of two requests. */
static void
shapes_are_judged(void **unused)
{
    (void)unused;
    static char longest[KIOSK_PATH_MAX + 1];
    char signature[KIOSK_SIGNATURE_ROOM];
    memset(longest, '/', sizeof longest);
    const struct {
        const char *method, *path, *nonce;
        size_t path_size;
    } bad[] = {
        { "", "/a", NONCE, 2 },
        { "post", "/a", NONCE, 2 },
        { "POST\n/b", "/a", NONCE, 2 },
        { "POSTPOSTPOSTPOSTP", "/a", NONCE, 2 },
        { "POST", "", NONCE, 0 },
        { "POST", "a", NONCE, 1 },
        { "POST", "/a\nb", NONCE, 4 },
        { "POST", "/a b", NONCE, 4 },
        { "POST", "/a?b", NONCE, 4 },
        { "POST", "/\xc3\xa9", NONCE, 3 },
        { "POST", "/\0", NONCE, 2 },
        { "POST", longest, NONCE, sizeof longest },
        { "POST", "/a", "", 2 },
        { "POST", "/a", "123456789012345", 2 },
        { "POST", "/a", "123456789012345678901234567890123", 2 },
        { "POST", "/a", "1234567890123456\n", 2 },
        { "POST", "/a", "1234567890123456+", 2 },
        { "POST", "/a", "1234567890123456.", 2 },
    };
    kiosk_request_t request = sample();
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        request.method = text_of(bad[i].method);
        request.path = (http_text_t){ .data = bad[i].path, .size = bad[i].path_size };
        request.nonce = text_of(bad[i].nonce);
        if (kiosk_sign(ring.kiosks[0].key, 32, &request, signature))
            fail_msg("bad %zu", i);
    }
    request = sample();
    request.method = text_of("POSTPOSTPOSTPOST");
    request.path = (http_text_t){ .data = longest, .size = KIOSK_PATH_MAX };
    request.nonce = text_of("12345678901234567890123456789012");
    request.timestamp_ms = INT64_MAX;
    assert_true(kiosk_sign(ring.kiosks[0].key, 32, &request, signature));
    request.nonce = text_of("1234567890123456");
    assert_true(kiosk_sign(ring.kiosks[0].key, 32, &request, signature));
}

static void
a_redeem_covers_its_code_and_kiosk(void **unused)
{
    (void)unused;
    char signature[KIOSK_SIGNATURE_ROOM];
    uint8_t digest[32];
    kiosk_request_t request = sample(), other;
    request.path = text_of("/api/kiosk/redeem");
    kiosk_digest_redeem(&request, text_of("code"), text_of("lobby-1"));
    crypto_hash_sha256(digest, (const uint8_t *)"code\nlobby-1", 12);
    assert_memory_equal(request.digest, digest, sizeof digest);
    sign("lobby-1", &request, signature);
    assert_int_equal(check("lobby-1", &request, signature), KIOSK_GOOD);
    other = request;
    kiosk_digest_redeem(&other, text_of("codf"), text_of("lobby-1"));
    assert_int_equal(check("lobby-1", &other, signature), KIOSK_FORGED);
    kiosk_digest_redeem(&other, text_of("code"), text_of("lobby-2"));
    assert_int_equal(check("lobby-1", &other, signature), KIOSK_FORGED);
    kiosk_digest_redeem(&other, text_of("codel"), text_of("obby-1"));
    assert_int_equal(check("lobby-1", &other, signature), KIOSK_FORGED);
}

static void
timestamps_have_one_spelling(void **unused)
{
    (void)unused;
    int64_t read;
    assert_true(kiosk_timestamp_read(text_of("1800000000000"), &read) && read == NOW_MS);
    assert_true(kiosk_timestamp_read(text_of("0"), &read) && read == 0);
    assert_true(kiosk_timestamp_read(text_of("9223372036854775807"), &read) && read == INT64_MAX);
    static const char *const bad[] = { "",     "00",  "01", "-1",  "+1",
                                       " 1",   "1 ",  "1.", "1e3", "9223372036854775808",
                                       "0x10", "1_0", "a",  ":",   "99999999999999999999" };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(kiosk_timestamp_read(text_of(bad[i]), &read));
}

static void
a_ring_is_read(void **unused)
{
    (void)unused;
    assert_int_equal(ring.count, 3);
    assert_string_equal(ring.kiosks[2].name, "gone");
    assert_true(ring.kiosks[2].revoked);
    assert_false(ring.kiosks[0].revoked);
    static const struct {
        const char *text, *error;
    } bad[] = {
        { "a", "line 1: not a name, a key, and perhaps the word revoked" },
        { "\na " KEY_A " Revoked", "line 2: not a name, a key, and perhaps the word revoked" },
        { "a " KEY_A " revoked x", "line 1: not a name, a key, and perhaps the word revoked" },
        { "1234567890123456 " KEY_A, "line 1: a name has 1 to 15 letters, digits, '-' and '_'" },
        { "a/b " KEY_A, "line 1: a name has 1 to 15 letters, digits, '-' and '_'" },
        { "# x\na AAAA", "line 2: a key has 32 to 64 bytes in base64url" },
        { "a " KEY_A "\na " KEY_B, "line 2: this kiosk was there before" },
        { "a " KEY_A " revoked\nb " KEY_A, "line 2: this key was there before" },
    };
    static kiosk_ring_t read;
    char error[100];
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(
            kiosk_ring_read(&read, bad[i].text, strlen(bad[i].text), error, sizeof error), -1);
        assert_string_equal(error, bad[i].error);
        assert_true(sodium_is_zero((const uint8_t *)&read, sizeof read));
    }
    assert_int_equal(kiosk_ring_read(&read, "", 0, error, sizeof error), 0);
    assert_null(kiosk_ring_find(&read, text_of("")));
}

static void
a_ring_has_1024_kiosks_at_most(void **unused)
{
    (void)unused;
    static char text[100 * (KIOSK_COUNT_MAX + 1)];
    static kiosk_ring_t read;
    char error[100], base64[50];
    size_t size = 0;
    for (uint32_t i = 0; i <= KIOSK_COUNT_MAX; i++) {
        uint8_t bytes[32] = { (uint8_t)i, (uint8_t)(i >> 8) };
        ids_base64_text(base64, bytes, sizeof bytes);
        if (i == KIOSK_COUNT_MAX) {
            assert_int_equal(kiosk_ring_read(&read, text, size, error, sizeof error), 0);
            assert_int_equal(read.count, KIOSK_COUNT_MAX);
            assert_ptr_equal(kiosk_ring_find(&read, text_of("k1023")), &read.kiosks[1023]);
        }
        size += (size_t)snprintf(text + size, sizeof text - size, "k%u %s\n", i, base64);
    }
    assert_int_equal(kiosk_ring_read(&read, text, size, error, sizeof error), -1);
    assert_string_equal(error, "line 1025: more kiosks than there may be");
}

static void
a_pass_is_read_back(void **unused)
{
    (void)unused;
    uint8_t public_key[32], seed[32] = { 1, 2, 3 };
    site_t site = { .partitions = 1 };
    char text[PASS_ROOM];
    assert_int_equal(crypto_sign_seed_keypair(public_key, site.sign_secret, seed), 0);
    static const pass_t passes[] = { { 1, 1, 0 },
                                     { UINT64_MAX, UINT64_MAX, INT64_MAX },
                                     { 2611230803, 77, NOW_MS } };
    for (size_t i = 0; i < sizeof passes / sizeof passes[0]; i++) {
        pass_t read;
        pass_text(&site, &passes[i], text);
        assert_int_equal(strlen(text), (size_t)PASS_TEXT);
        assert_true(pass_read(text, strlen(text), public_key, &read));
        assert_memory_equal(&read, &passes[i], sizeof read);
        for (size_t at = 0; at < (size_t)PASS_TEXT; at++) {
            char right = text[at];
            for (int bit = 0; bit < 8; bit++) {
                text[at] = (char)(right ^ 1 << bit);
                assert_false(pass_read(text, strlen(text), public_key, &read));
            }
            text[at] = right;
        }
        assert_false(pass_read(text, (size_t)PASS_TEXT - 1, public_key, &read));
        assert_false(pass_read(text, (size_t)PASS_TEXT + 1, public_key, &read));
        assert_false(pass_read("", 0, public_key, &read));
        uint8_t other_public[32], other_secret[64];
        seed[0]++;
        assert_int_equal(crypto_sign_seed_keypair(other_public, other_secret, seed), 0);
        assert_false(pass_read(text, strlen(text), other_public, &read));
    }
}

/* Signed by us, and still no pass. */
static void
a_signed_pass_has_to_be_sound(void **unused)
{
    (void)unused;
    uint8_t public_key[32], secret_key[64], seed[32] = { 4 };
    assert_int_equal(crypto_sign_seed_keypair(public_key, secret_key, seed), 0);
    static const struct {
        uint8_t version;
        uint64_t showtime, user, until_ms;
        bool good;
    } made[] = {
        { 1, 5, 6, 7, true },  { 0, 5, 6, 7, false }, { 2, 5, 6, 7, false },
        { 1, 0, 6, 7, false }, { 1, 5, 0, 7, false }, { 1, 5, 6, 1ULL << 63, false },
    };
    for (size_t i = 0; i < sizeof made / sizeof made[0]; i++) {
        uint8_t bytes[64 + 25];
        char text[PASS_ROOM];
        pass_t read;
        bytes[64] = made[i].version;
        token_put_u64(bytes + 65, made[i].showtime);
        token_put_u64(bytes + 73, made[i].user);
        token_put_u64(bytes + 81, made[i].until_ms);
        crypto_sign_detached(bytes, NULL, bytes + 64, 25, secret_key);
        ids_base64_text(text, bytes, sizeof bytes);
        assert_int_equal(pass_read(text, strlen(text), public_key, &read), made[i].good);
    }
}

static int
start(void **unused)
{
    (void)unused;
    static const char text[] = "lobby-1 " KEY_A "\nlobby-2 " KEY_B " # by the door\n"
                               "gone AwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISI revoked\n";
    char error[100];
    return sodium_init() < 0 ? -1
                             : kiosk_ring_read(&ring, text, sizeof text - 1, error, sizeof error);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signature_is_over_the_canonical_text),
        cmocka_unit_test(every_verdict),
        cmocka_unit_test(every_altered_signature_is_refused),
        cmocka_unit_test(every_part_is_covered),
        cmocka_unit_test(the_window_has_edges),
        cmocka_unit_test(shapes_are_judged),
        cmocka_unit_test(a_redeem_covers_its_code_and_kiosk),
        cmocka_unit_test(timestamps_have_one_spelling),
        cmocka_unit_test(a_ring_is_read),
        cmocka_unit_test(a_ring_has_1024_kiosks_at_most),
        cmocka_unit_test(a_pass_is_read_back),
        cmocka_unit_test(a_signed_pass_has_to_be_sound),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
