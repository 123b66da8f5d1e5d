/* test_token - rings of keys, guest cookies, CSRF tokens. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "actors/ids.h"
#include "clients/bridge/token.h"

enum { NOW_S = 1800000000, AGE_MAX_S = 30 * 86400 };

#define KEY_A "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
#define KEY_B "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA"
#define KEY_LONG                                                                                   \
    "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"

/* The old ring, and the one after a rotation: a new key signs, the old one is still there. */
static token_ring_t ring, rotated;
static const token_session_t session = { .user = 0x123456789abcdef1, .issued_s = NOW_S };

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

static bool
cookie_is_good(const token_ring_t *by, const char *text, size_t size, int64_t now_s)
{
    token_session_t read;
    http_text_t whole = { .data = text, .size = size };
    return token_cookie_read(by, whole, now_s, AGE_MAX_S, &read);
}

static void
a_ring_is_read(void **unused)
{
    (void)unused;
    token_ring_t read;
    read_ring(&read, "# keys\n\n  new-1_A\t" KEY_LONG "   # since May\n\nold " KEY_A);
    assert_int_equal(read.count, 2);
    assert_string_equal(read.keys[0].kid, "new-1_A");
    assert_int_equal(read.keys[0].size, 64);
    assert_string_equal(read.keys[1].kid, "old");
    assert_int_equal(read.keys[1].size, 32);
    assert_int_equal(read.keys[1].key[31], 31);
    assert_ptr_equal(token_ring_find(&read, text_of("old")), &read.keys[1]);
    assert_null(token_ring_find(&read, text_of("ol")));
    assert_null(token_ring_find(&read, text_of("old ")));
    assert_null(token_ring_find(&read, text_of("")));
}

static void
a_bad_ring_is_refused_with_its_line(void **unused)
{
    (void)unused;
    static const struct {
        const char *text, *error;
    } bad[] = {
        { "", "line 1: no key" },
        { "# nothing\n\n", "line 2: no key" },
        { "a", "line 1: not a kid and a key" },
        { "\na " KEY_A " revoked", "line 2: behind a key stands when it ends, in Unix seconds" },
        { "a " KEY_A "\nb " KEY_B " 0",
          "line 2: behind a key stands when it ends, in Unix seconds" },
        { "a " KEY_A "\nb " KEY_B " 1800000000000",
          "line 2: behind a key stands when it ends, in Unix seconds" },
        { "a " KEY_A "\nb " KEY_B " +5",
          "line 2: behind a key stands when it ends, in Unix seconds" },
        { "a " KEY_A "\nb " KEY_B " 1800000000 x", "line 2: not a kid and a key" },
        { "a " KEY_A " 1800000000", "line 1: the first key signs, so it has no end" },
        { "a " KEY_A " b c d e f g", "line 1: not a kid and a key" },
        { "a." KEY_A " " KEY_A, "line 1: a kid has 1 to 31 letters, digits, '-' and '_'" },
        { "12345678901234567890123456789012 " KEY_A,
          "line 1: a kid has 1 to 31 letters, digits, '-' and '_'" },
        { "a " KEY_A "\nb AAAA", "line 2: a key has 32 to 64 bytes in base64url" },
        { "a " KEY_A "=", "line 1: a key has 32 to 64 bytes in base64url" },
        { "a " KEY_A "\r\n", "line 1: a key has 32 to 64 bytes in base64url" },
        { "a " KEY_LONG "AA", "line 1: a key has 32 to 64 bytes in base64url" },
        { "a AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9",
          "line 1: a key has 32 to 64 bytes in base64url" }, /* another spelling of KEY_A */
        { "a " KEY_A "\na " KEY_B, "line 2: this kid was there before" },
        { "a " KEY_A "\nb " KEY_A, "line 2: this key was there before" },
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char error[100] = "";
        token_ring_t read;
        assert_int_equal(
            token_ring_read(&read, bad[i].text, strlen(bad[i].text), error, sizeof error), -1);
        assert_string_equal(error, bad[i].error);
        assert_int_equal(read.count, 0);
        assert_true(sodium_is_zero((const uint8_t *)&read, sizeof read));
    }
}

static void
a_key_ends_at_its_time(void **unused)
{
    (void)unused;
    token_ring_t read;
    char cookie[TOKEN_COOKIE_ROOM];
    read_ring(&read, "new " KEY_LONG "\nb " KEY_B " 1800000100\na " KEY_A "\n");
    token_cookie(&rotated, &session, cookie); /* under KEY_B */
    assert_false(token_ring_age(&read, NOW_S + 99));
    assert_int_equal(read.count, 3);
    assert_true(cookie_is_good(&read, cookie, strlen(cookie), NOW_S));
    assert_true(token_ring_age(&read, NOW_S + 100));
    assert_int_equal(read.count, 2);
    assert_null(token_ring_find(&read, text_of("b")));
    assert_string_equal(token_ring_find(&read, text_of("a"))->kid, "a");
    assert_true(sodium_is_zero((const uint8_t *)&read.keys[2], sizeof read.keys[2]));
    assert_false(cookie_is_good(&read, cookie, strlen(cookie), NOW_S));
    assert_false(token_ring_age(&read, INT64_MAX));
}

static void
a_ring_has_eight_keys_at_most(void **unused)
{
    (void)unused;
    char text[1000], error[100];
    size_t size = 0;
    token_ring_t read;
    for (int i = 0; i < TOKEN_KEYS_MAX; i++)
        size +=
            (size_t)snprintf(text + size, sizeof text - size, "k%d %c%s\n", i, 'A' + i, &KEY_A[1]);
    assert_int_equal(token_ring_read(&read, text, size, error, sizeof error), 0);
    assert_int_equal(read.count, TOKEN_KEYS_MAX);
    size += (size_t)snprintf(text + size, sizeof text - size, "k8 Z%s\n", &KEY_A[1]);
    assert_int_equal(token_ring_read(&read, text, size, error, sizeof error), -1);
    assert_string_equal(error, "line 9: more keys than a ring has");
}

/* RFC 4231 case 2 and 3, RFC 7515 A.1: a short, an ordinary and a long key. */
static void
the_mac_is_that_of_the_rfcs(void **unused)
{
    (void)unused;
    uint8_t mac[TOKEN_MAC_SIZE], key[20], data[50];
    char hex[2 * sizeof mac + 1], base64[50];
    static const char text[] = "what do ya want for nothing?";
    token_mac((const uint8_t *)"Jefe", 4, text, strlen(text), mac);
    assert_string_equal(sodium_bin2hex(hex, sizeof hex, mac, sizeof mac),
                        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, sizeof key);
    memset(data, 0xdd, sizeof data);
    token_mac(key, sizeof key, data, sizeof data, mac);
    assert_string_equal(sodium_bin2hex(hex, sizeof hex, mac, sizeof mac),
                        "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
    token_ring_t joe;
    read_ring(&joe, "joe " KEY_LONG);
    static const char input[] =
        "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQog"
        "Imh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    token_mac(joe.keys[0].key, joe.keys[0].size, input, strlen(input), mac);
    ids_base64_text(base64, mac, sizeof mac);
    assert_string_equal(base64, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
}

static void
a_cookie_is_read_back(void **unused)
{
    (void)unused;
    static const token_session_t sessions[] = {
        { .user = 1, .issued_s = NOW_S },
        { .user = INT64_MAX, .issued_s = NOW_S - AGE_MAX_S },
        { .user = 0x0102030405060708, .issued_s = NOW_S - 1 },
    };
    for (size_t i = 0; i < sizeof sessions / sizeof sessions[0]; i++) {
        char text[TOKEN_COOKIE_ROOM];
        token_session_t read;
        token_cookie(&ring, &sessions[i], text);
        assert_int_equal(strlen(text), 1 + 1 + 44);
        assert_memory_equal(text, "a.", 2);
        assert_true(token_cookie_read(&ring, text_of(text), NOW_S, AGE_MAX_S, &read));
        assert_true(read.user == sessions[i].user);
        assert_true(read.issued_s == sessions[i].issued_s);
    }
}

/* By the bytes: kid, version, user, issued, and a tag under a key of its own. */
static void
a_cookie_is_made_as_token_h_says(void **unused)
{
    (void)unused;
    char text[TOKEN_COOKIE_ROOM];
    uint8_t bytes[33], derived[32], mac[32];
    size_t read;
    token_cookie(&ring, &session, text);
    assert_true(ids_base64_read(text + 2, strlen(text + 2), bytes, sizeof bytes, &read));
    assert_int_equal(read, sizeof bytes);
    assert_int_equal(bytes[0], 1);
    assert_true(token_get_u64(bytes + 1) == session.user);
    assert_true(token_get_u64(bytes + 9) == NOW_S);
    token_mac(ring.keys[0].key, ring.keys[0].size, "marquee guest cookie", 20, derived);
    token_mac(derived, sizeof derived, bytes, 17, mac);
    assert_memory_equal(bytes + 17, mac, 16);
}

static void
every_altered_cookie_is_refused(void **unused)
{
    (void)unused;
    char text[TOKEN_COOKIE_ROOM];
    token_cookie(&rotated, &session, text);
    size_t size = strlen(text);
    for (size_t at = 0; at < size; at++) {
        char right = text[at];
        for (int c = 0; c < 256; c++) {
            text[at] = (char)c;
            assert_int_equal(cookie_is_good(&rotated, text, size, NOW_S), text[at] == right);
        }
        text[at] = right;
    }
    for (size_t less = 0; less < size; less++)
        assert_false(cookie_is_good(&rotated, text, less, NOW_S));
    assert_false(cookie_is_good(&rotated, text, size + 1, NOW_S));
    static char huge[1000000];
    memset(huge, 'A', sizeof huge);
    memcpy(huge, text, size);
    assert_false(cookie_is_good(&rotated, huge, sizeof huge, NOW_S));
}

static void
a_cookie_has_its_time(void **unused)
{
    (void)unused;
    char text[TOKEN_COOKIE_ROOM];
    token_cookie(&ring, &session, text);
    static const struct {
        int64_t now_s;
        bool good;
    } times[] = {
        { NOW_S - 59, true },         { NOW_S - 60, true },
        { NOW_S - 61, false },        { 0, false },
        { NOW_S + AGE_MAX_S, true },  { NOW_S + AGE_MAX_S + 1, false },
        { NOW_S + AGE_MAX_S - 1, 1 }, { INT64_MAX, false },
    };
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++)
        assert_int_equal(cookie_is_good(&ring, text, strlen(text), times[i].now_s), times[i].good);
}

/* Signed by us, and still nonsense: a later version, no user, a time that is negative. */
static void
a_signed_cookie_has_to_be_sound(void **unused)
{
    (void)unused;
    static const struct {
        uint8_t version;
        uint64_t user, issued_s;
        bool good;
    } made[] = { { 1, 7, NOW_S, true },        { 2, 7, NOW_S, false },
                 { 0, 7, NOW_S, false },       { 1, 0, NOW_S, false },
                 { 1, 1ULL << 63, NOW_S, 0 },  { 1, 7, 1ULL << 63, false },
                 { 1, 7, UINT64_MAX, false },  { 1, 7, INT64_MAX, false },
                 { 1, INT64_MAX, NOW_S, true } };
    for (size_t i = 0; i < sizeof made / sizeof made[0]; i++) {
        uint8_t bytes[33] = { made[i].version }, derived[32], mac[32];
        char text[TOKEN_COOKIE_ROOM] = "a.";
        token_put_u64(bytes + 1, made[i].user);
        token_put_u64(bytes + 9, made[i].issued_s);
        token_mac(ring.keys[0].key, ring.keys[0].size, "marquee guest cookie", 20, derived);
        token_mac(derived, sizeof derived, bytes, 17, mac);
        memcpy(bytes + 17, mac, 16);
        ids_base64_text(text + 2, bytes, sizeof bytes);
        assert_int_equal(cookie_is_good(&ring, text, strlen(text), NOW_S), made[i].good);
    }
}

static void
keys_are_rotated(void **unused)
{
    (void)unused;
    char old[TOKEN_COOKIE_ROOM], new[TOKEN_COOKIE_ROOM], csrf[TOKEN_CSRF_ROOM];
    static const uint8_t random[16] = { 5 };
    token_cookie(&ring, &session, old);
    token_csrf(&ring, &session, random, csrf);
    assert_true(cookie_is_good(&rotated, old, strlen(old), NOW_S));
    assert_true(token_csrf_check(&rotated, &session, text_of(csrf)));
    token_cookie(&rotated, &session, new);
    assert_memory_equal(new, "b.", 2);
    assert_true(cookie_is_good(&rotated, new, strlen(new), NOW_S));
    assert_false(cookie_is_good(&ring, new, strlen(new), NOW_S)); /* not known there */
    new[0] = 'a';
    assert_false(cookie_is_good(&rotated, new, strlen(new), NOW_S)); /* the other's kid */
    /* the key was taken out, or another one has its name */
    token_ring_t after;
    read_ring(&after, "b " KEY_B);
    assert_false(cookie_is_good(&after, old, strlen(old), NOW_S));
    read_ring(&after, "a " KEY_B);
    assert_false(cookie_is_good(&after, old, strlen(old), NOW_S));
    assert_false(token_csrf_check(&after, &session, text_of(csrf)));
}

static void
a_csrf_token_is_for_its_session_only(void **unused)
{
    (void)unused;
    char text[TOKEN_CSRF_ROOM], other_text[TOKEN_CSRF_ROOM];
    uint8_t random[16] = { 1, 2, 3 };
    token_csrf(&rotated, &session, random, text);
    assert_true(token_csrf_check(&rotated, &session, text_of(text)));
    token_session_t other = session;
    other.user++;
    assert_false(token_csrf_check(&rotated, &other, text_of(text)));
    other = session;
    other.issued_s++;
    assert_false(token_csrf_check(&rotated, &other, text_of(text)));
    random[15] ^= 1;
    token_csrf(&rotated, &session, random, other_text);
    assert_string_not_equal(text, other_text);
    assert_true(token_csrf_check(&rotated, &session, text_of(other_text)));
    size_t size = strlen(text);
    for (size_t at = 0; at < size; at++) {
        char right = text[at];
        for (int c = 0; c < 256; c++) {
            text[at] = (char)c;
            http_text_t whole = { .data = text, .size = size };
            assert_int_equal(token_csrf_check(&rotated, &session, whole), text[at] == right);
        }
        text[at] = right;
    }
    assert_false(token_csrf_check(&rotated, &session, text_of("")));
    assert_false(token_csrf_check(&rotated, &session, text_of("a.")));
    assert_false(token_csrf_check(&rotated, &session, text_of(".")));
}

/* One kind is never good as another, even of the same size. */
static void
kinds_are_kept_apart(void **unused)
{
    (void)unused;
    char cookie[TOKEN_COOKIE_ROOM], csrf[TOKEN_CSRF_ROOM], jwt[TOKEN_JWT_MAX + 1];
    uint8_t random[16] = { 1 };
    token_jwt_t claims = { .subject = "7",
                           .role = TOKEN_ROLE_STAFF,
                           .issued_s = NOW_S,
                           .expires_s = NOW_S + 60 },
                read;
    token_cookie(&ring, &session, cookie);
    token_csrf(&ring, &session, random, csrf);
    assert_int_not_equal(token_jwt(&ring, "us", &claims, jwt, sizeof jwt), 0);
    assert_false(token_csrf_check(&ring, &session, text_of(cookie)));
    assert_false(cookie_is_good(&ring, csrf, strlen(csrf), NOW_S));
    assert_false(cookie_is_good(&ring, jwt, strlen(jwt), NOW_S));
    assert_int_equal(token_jwt_read(&ring, "us", text_of(cookie), NOW_S, &read), TOKEN_MALFORMED);
    /* the tag of a cookie is not what the ring's own key makes of it */
    uint8_t bytes[33], mac[32];
    size_t size;
    assert_true(ids_base64_read(cookie + 2, strlen(cookie + 2), bytes, sizeof bytes, &size));
    token_mac(ring.keys[0].key, ring.keys[0].size, bytes, 17, mac);
    assert_memory_not_equal(bytes + 17, mac, 16);
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
        cmocka_unit_test(a_ring_is_read),
        cmocka_unit_test(a_bad_ring_is_refused_with_its_line),
        cmocka_unit_test(a_key_ends_at_its_time),
        cmocka_unit_test(a_ring_has_eight_keys_at_most),
        cmocka_unit_test(the_mac_is_that_of_the_rfcs),
        cmocka_unit_test(a_cookie_is_read_back),
        cmocka_unit_test(a_cookie_is_made_as_token_h_says),
        cmocka_unit_test(every_altered_cookie_is_refused),
        cmocka_unit_test(a_cookie_has_its_time),
        cmocka_unit_test(a_signed_cookie_has_to_be_sound),
        cmocka_unit_test(keys_are_rotated),
        cmocka_unit_test(a_csrf_token_is_for_its_session_only),
        cmocka_unit_test(kinds_are_kept_apart),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
