/* test_ticket - ids of orders and tickets, tokens, codes, and the signed payload. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "actors/ids.h"
#include "actors/ticket.h"

static site_t site;

static const struct {
    uint64_t showtime;
    uint32_t number;
} named[] = {
    { 1, 1 }, { 2611230803, 42 }, { UINT64_MAX, UINT32_MAX }, { UINT64_C(1) << 63, 1 }, { 31, 32 },
};
enum { NAMED = sizeof named / sizeof named[0] };

static void
orders_read_back(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < NAMED; i++) {
        char text[ORDER_ID_ROOM];
        uint64_t showtime;
        uint32_t number;
        ids_order_text(text, named[i].showtime, named[i].number);
        assert_int_equal(strlen(text), ORDER_ID_SIZE);
        assert_int_equal(strspn(text, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"), ORDER_ID_SIZE);
        assert_true(ids_order_read(text, ORDER_ID_SIZE, &showtime, &number));
        assert_true(showtime == named[i].showtime);
        assert_int_equal(number, named[i].number);
        assert_true(ids_order_showtime(text, &showtime));
        assert_false(ids_order_read(text, ORDER_ID_SIZE - 1, &showtime, &number));
        assert_false(ids_order_read(text, ORDER_ID_SIZE + 1, &showtime, &number));
    }
}

static void
every_wrong_character_is_found(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < NAMED; i++) {
        char text[ORDER_ID_ROOM];
        uint64_t showtime;
        uint32_t number;
        ids_order_text(text, named[i].showtime, named[i].number);
        for (size_t at = 0; at < ORDER_ID_SIZE; at++) {
            char right = text[at];
            for (int c = 0; c < 256; c++) {
                text[at] = (char)c;
                assert_int_equal(ids_order_read(text, ORDER_ID_SIZE, &showtime, &number),
                                 text[at] == right);
            }
            text[at] = right;
        }
    }
}

static void
every_swap_is_found(void **unused)
{
    (void)unused;
    char text[ORDER_ID_ROOM];
    uint64_t showtime;
    uint32_t number;
    ids_order_text(text, UINT64_C(0x123456789abcdef1), 987654321);
    for (size_t a = 0; a < ORDER_ID_SIZE; a++) {
        for (size_t b = a + 1; b < ORDER_ID_SIZE; b++) {
            if (text[a] == text[b])
                continue;
            char kept = text[a];
            text[a] = text[b];
            text[b] = kept;
            assert_false(ids_order_read(text, ORDER_ID_SIZE, &showtime, &number));
            text[b] = text[a];
            text[a] = kept;
        }
    }
}

static void
tickets_have_one_spelling(void **unused)
{
    (void)unused;
    char text[TICKET_ID_ROOM], other[TICKET_ID_ROOM + 4];
    uint64_t showtime;
    uint32_t number;
    uint16_t seat;
    ids_ticket_text(text, 77, 5, 2048);
    assert_true(ids_ticket_read(text, strlen(text), &showtime, &number, &seat));
    assert_int_equal(showtime, 77);
    assert_int_equal(number, 5);
    assert_int_equal(seat, 2048);
    assert_true(ids_ticket_showtime(text, &showtime));
    static const char *const tails[] = { "-",       "-0", "-01", "-1x", "-65536",
                                         "-100000", "",   "--1", "- 1" };
    for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++) {
        snprintf(other, sizeof other, "%.22s%s", text, tails[i]);
        assert_false(ids_ticket_read(other, strlen(other), &showtime, &number, &seat));
    }
}

static void
a_token_fits_its_claim_only(void **unused)
{
    (void)unused;
    char text[TOKEN_ROOM];
    ids_token_t token;
    uint64_t showtime;
    ticket_claim_t claim = {
        .showtime = 2611230803, .user = 9, .purchase = 3, .seat = 55, .line = 1
    };
    ticket_token(&site, &claim, text);
    assert_int_equal(strlen(text), TOKEN_SIZE);
    assert_true(ids_token_showtime(text, &showtime));
    assert_true(showtime == claim.showtime);
    assert_true(ids_token_read(text, TOKEN_SIZE, &token));
    assert_true(ticket_verify(&site, &claim, &token));
    ticket_claim_t other = claim;
    other.user++;
    assert_false(ticket_verify(&site, &other, &token));
    other = claim;
    other.seat++;
    assert_false(ticket_verify(&site, &other, &token));
    site_t elsewhere = site;
    elsewhere.ticket_key[31] ^= 1;
    assert_false(ticket_verify(&elsewhere, &claim, &token));
}

/* Every altered character is another token or none: no bit of the text is idle. */
static void
every_altered_token_is_refused(void **unused)
{
    (void)unused;
    char text[TOKEN_ROOM];
    ticket_claim_t claim = {
        .showtime = 2611230803, .user = 9, .purchase = 3, .seat = 55, .line = 1
    };
    ticket_token(&site, &claim, text);
    for (size_t at = 0; at < TOKEN_SIZE; at++) {
        char right = text[at];
        for (int c = 0; c < 256; c++) {
            ids_token_t token;
            text[at] = (char)c;
            bool good = ids_token_read(text, TOKEN_SIZE, &token) &&
                        token.showtime == claim.showtime && token.purchase == claim.purchase &&
                        token.line == claim.line && ticket_verify(&site, &claim, &token);
            assert_int_equal(good, text[at] == right);
        }
        text[at] = right;
    }
}

static void
base64_reads_back(void **unused)
{
    (void)unused;
    uint8_t bytes[64], back[64];
    char text[90];
    size_t read;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 37 + 201);
    for (size_t size = 0; size <= sizeof bytes; size++) {
        ids_base64_text(text, bytes, size);
        assert_int_equal(strlen(text), ids_base64_size(size));
        assert_true(ids_base64_read(text, strlen(text), back, sizeof back, &read));
        assert_int_equal(read, size);
        assert_memory_equal(back, bytes, size);
        assert_true(size == 0 || !ids_base64_read(text, strlen(text), back, size - 1, &read));
    }
    assert_false(ids_base64_read("A", 1, back, sizeof back, &read));
    assert_false(ids_base64_read("AB", 2, back, sizeof back, &read));
    assert_false(ids_base64_read("AA==", 4, back, sizeof back, &read));
    assert_false(ids_base64_read("A+", 2, back, sizeof back, &read));
}

static void
codes_differ_and_compare_whole(void **unused)
{
    (void)unused;
    char code[IDS_CODE_SIZE], other[IDS_CODE_SIZE];
    ticket_code(&site, 1, 2, 3, code);
    assert_true(ticket_code_is(code, code, IDS_CODE_SIZE));
    assert_false(ticket_code_is(code, code, IDS_CODE_SIZE - 1));
    ticket_code(&site, 1, 2, 4, other);
    assert_false(ticket_code_is(code, other, IDS_CODE_SIZE));
    ticket_code(&site, 2, 2, 3, other);
    assert_false(ticket_code_is(code, other, IDS_CODE_SIZE));
}

static void
the_offline_payload_is_signed(void **unused)
{
    (void)unused;
    char text[TICKET_OFFLINE_ROOM];
    uint8_t bytes[300], public_key[32];
    size_t size;
    uint64_t seat;
    mp_t value;
    ticket_offline_t claim = { .ticket = "M0000000000000000000012-55",
                               .row = "F",
                               .showtime = 7,
                               .seat = 55,
                               .column = 9,
                               .until_ms = 1795341600000,
                               .issued_ms = 5 };
    ticket_offline(&site, &claim, text);
    assert_true(ids_base64_read(text, strlen(text), bytes, sizeof bytes, &size));
    memcpy(public_key, site.sign_secret + 32, sizeof public_key);
    assert_int_equal(crypto_sign_verify_detached(bytes, bytes + 64, size - 64, public_key), 0);
    assert_true(mp_valid(bytes + 64, size - 64));
    assert_true(mp_find(bytes + 64, size - 64, "seat", &value));
    assert_true(mp_read_uint(&value, &seat));
    assert_int_equal(seat, 55);
    bytes[size - 1] ^= 1;
    assert_int_not_equal(crypto_sign_verify_detached(bytes, bytes + 64, size - 64, public_key), 0);
}

static int
make_site(void **unused)
{
    (void)unused;
    uint8_t seed[32] = { 1, 2, 3 }, public_key[32];
    memset(site.ticket_key, 7, sizeof site.ticket_key);
    return crypto_sign_seed_keypair(public_key, site.sign_secret, seed);
}

static void
a_key_has_a_name(void **unused)
{
    (void)unused;
    uint8_t seed[32] = { 7 }, right[32], key[TICKET_KEY_SIZE], hash[32];
    char id[TICKET_KEY_ID_ROOM], whole[65];
    site_t other = { 0 };
    assert_int_equal(crypto_sign_seed_keypair(right, other.sign_secret, seed), 0);
    ticket_public_key(&other, key);
    assert_memory_equal(key, right, sizeof key);
    ticket_key_id(key, id);
    assert_int_equal(crypto_generichash(hash, sizeof hash, key, sizeof key, NULL, 0), 0);
    sodium_bin2hex(whole, sizeof whole, hash, sizeof hash);
    assert_int_equal(strlen(id), 8);
    assert_memory_equal(id, whole, 8);
    /* b2sum -l 256 of 32 zeros */
    memset(key, 0, sizeof key);
    ticket_key_id(key, id);
    assert_string_equal(id, "89eb0d6a");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orders_read_back),
        cmocka_unit_test(every_wrong_character_is_found),
        cmocka_unit_test(every_swap_is_found),
        cmocka_unit_test(tickets_have_one_spelling),
        cmocka_unit_test(a_token_fits_its_claim_only),
        cmocka_unit_test(every_altered_token_is_refused),
        cmocka_unit_test(base64_reads_back),
        cmocka_unit_test(codes_differ_and_compare_whole),
        cmocka_unit_test(the_offline_payload_is_signed),
        cmocka_unit_test(a_key_has_a_name),
    };
    return cmocka_run_group_tests(tests, make_site, NULL);
}
