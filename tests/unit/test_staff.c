/* test_staff - the file of staff: who holds a key, in which role, over which cinemas. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "clients/bridge/staff.h"

static char digests[4][2 * crypto_hash_sha256_BYTES + 1]; /* of keys "k0", "k1", ... */

static http_text_t
text_of(const char *text)
{
    return (http_text_t){ .data = text, .size = strlen(text) };
}

/* The n-th '%' is the digest of the n-th key. */
static staff_ring_t *
read_lines(const char *lines, char error[128])
{
    char text[1000];
    size_t size = 0;
    for (int key = 0; *lines; lines++)
        size += (size_t)snprintf(text + size, sizeof text - size, "%.*s", *lines == '%' ? 64 : 1,
                                 *lines == '%' ? digests[key++] : lines);
    error[0] = 0;
    return staff_read(text, size, error, 128);
}

static void
a_key_has_a_name_a_role_and_cinemas(void **unused)
{
    (void)unused;
    char error[128];
    staff_t who;
    staff_ring_t *ring = read_lines("alice %\nbob % operator # nights\ncarol % cinema_admin 7,12\n"
                                    "dave % staff",
                                    error);
    assert_non_null(ring);
    assert_true(staff_find(ring, text_of("k0"), &who));
    assert_string_equal(who.name, "alice");
    assert_int_equal(who.role, TOKEN_ROLE_STAFF);
    assert_int_equal(who.cinemas.count, 0);
    assert_true(staff_find(ring, text_of("k1"), &who) && who.role == TOKEN_ROLE_OPERATOR);
    assert_true(staff_find(ring, text_of("k2"), &who) && who.role == TOKEN_ROLE_CINEMA_ADMIN);
    assert_true(who.cinemas.count == 2 && who.cinemas.ids[0] == 7 && who.cinemas.ids[1] == 12);
    assert_true(staff_find(ring, text_of("k3"), &who) && who.role == TOKEN_ROLE_STAFF);
    assert_false(staff_find(ring, text_of("k4"), &who) || staff_find(ring, text_of(""), &who));
    staff_destroy(&ring);
    assert_false(staff_find(ring, text_of("k0"), &who));
}

static void
a_role_that_changed_is_another(void **unused)
{
    (void)unused;
    char error[128];
    staff_ring_t *ring = read_lines("alice %\ncarol % cinema_admin 12,7\nalice % operator", error);
    staff_t who = { .name = "alice", .role = TOKEN_ROLE_STAFF };
    assert_true(staff_is(ring, &who));
    who.role = TOKEN_ROLE_OPERATOR; /* her other key */
    assert_true(staff_is(ring, &who));
    who.role = TOKEN_ROLE_CINEMA_ADMIN;
    assert_false(staff_is(ring, &who));
    staff_t carol = { "carol", TOKEN_ROLE_CINEMA_ADMIN, { 2, { 7, 12 } } };
    assert_true(staff_is(ring, &carol));
    carol.cinemas.count = 1;
    assert_false(staff_is(ring, &carol));
    carol.cinemas = (token_cinemas_t){ 3, { 7, 12, 13 } };
    assert_false(staff_is(ring, &carol));
    strcpy(who.name, "eve");
    assert_false(staff_is(ring, &who));
    staff_destroy(&ring);
}

static void
bad_lines_are_refused_with_their_number(void **unused)
{
    (void)unused;
    static const struct {
        const char *lines, *error;
    } bad[] = {
        { "a %\nb", "line 2: not NAME and a digest" },
        { "a.b %", "line 1: not NAME and a digest" },
        { "a 00", "line 1: the digest is not 64 hexadecimal digits" },
        { "a % member", "line 1: the role is staff, operator, or cinema_admin and cinemas" },
        { "a % none", "line 1: the role is staff, operator, or cinema_admin and cinemas" },
        { "a % king", "line 1: the role is staff, operator, or cinema_admin and cinemas" },
        { "a % staff 7", "line 1: the role is staff, operator, or cinema_admin and cinemas" },
        { "a % operator 7", "line 1: the role is staff, operator, or cinema_admin and cinemas" },
        { "a % cinema_admin", "line 1: the role is staff, operator, or cinema_admin and cinemas" },
        { "a % cinema_admin 7 8",
          "line 1: the role is staff, operator, or cinema_admin and cinemas" },
        { "a % cinema_admin 7,",
          "line 1: the role is staff, operator, or cinema_admin and cinemas" },
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char error[128];
        assert_null(read_lines(bad[i].lines, error));
        assert_string_equal(error, bad[i].error);
    }
}

static void
lists_of_cinemas_have_one_form(void **unused)
{
    (void)unused;
    token_cinemas_t cinemas;
    static const char *const bad[] = { "",
                                       ",",
                                       "7,",
                                       ",7",
                                       "7,,8",
                                       "7,7",
                                       "0",
                                       "-7",
                                       "+7",
                                       "7 8",
                                       "7.8",
                                       "x",
                                       "7x",
                                       "9223372036854775808",
                                       "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17" };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (staff_cinemas(text_of(bad[i]), &cinemas))
            fail_msg("%s", bad[i]);
    assert_true(staff_cinemas(text_of("9223372036854775807,1"), &cinemas));
    assert_true(cinemas.count == 2 && cinemas.ids[0] == 1 && cinemas.ids[1] == INT64_MAX);
    assert_true(staff_cinemas(text_of("1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16"), &cinemas));
}

static int
start(void **unused)
{
    (void)unused;
    uint8_t digest[crypto_hash_sha256_BYTES];
    if (sodium_init() < 0)
        return -1;
    for (int i = 0; i < 4; i++) {
        uint8_t key[2] = { 'k', (uint8_t)('0' + i) };
        (void)crypto_hash_sha256(digest, key, sizeof key);
        sodium_bin2hex(digests[i], sizeof digests[i], digest, sizeof digest);
    }
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_has_a_name_a_role_and_cinemas),
        cmocka_unit_test(a_role_that_changed_is_another),
        cmocka_unit_test(bad_lines_are_refused_with_their_number),
        cmocka_unit_test(lists_of_cinemas_have_one_form),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
