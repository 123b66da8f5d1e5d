/* test_post - messages to telephones: how they are read, written and signed; and that none is sent
 * twice, or too late, whatever comes when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "broker/mp.h"
#include "clients/sender/post.h"
#include "tests/unit/chance.h"

static const int64_t now_ms = 1800000000000;
static const char words[] = "{code} is your code";

/* ------------------------------------------------------------------ messages */

typedef struct {
    const char *phone, *code, *text;
    int64_t until_ms; /* -1: left out */
} said_t;

static const char *
read_said(message_t *message, said_t said)
{
    uint8_t body[2048];
    pack_t pack;
    pack_init(&pack, body, sizeof body);
    uint32_t fields = 0;
    fields += said.phone != NULL;
    fields += said.code != NULL;
    fields += said.text != NULL;
    fields += said.until_ms >= 0;
    pack_map(&pack, fields);
    if (said.phone)
        pack_key_str(&pack, "phone", said.phone);
    if (said.code)
        pack_key_str(&pack, "code", said.code);
    if (said.text)
        pack_key_str(&pack, "text", said.text);
    if (said.until_ms >= 0)
        pack_key_int(&pack, "until_ms", said.until_ms);
    return message_read(message, 3, 17, body, pack.size, words);
}

static void
a_code_gets_its_words(void **unused)
{
    (void)unused;
    message_t message;
    char id[MESSAGE_ID_ROOM], masked[MESSAGE_MASKED_ROOM], json[MESSAGE_BODY_ROOM];
    assert_null(read_said(&message, (said_t){ "+8613800138000", "042137", NULL, now_ms }));
    assert_string_equal(message.text, "042137 is your code");
    assert_string_equal(message.phone, "+8613800138000");
    assert_int_equal(message.until_ms, now_ms);
    message_id(&message, id);
    assert_string_equal(id, "3-17");
    message_masked(&message, masked);
    assert_string_equal(masked, "+86*********00");
    assert_null(
        read_said(&message, (said_t){ "+8613800138000", NULL, "\xe4\xbd\xa0\n\"", now_ms }));
    size_t size = message_json(&message, json);
    assert_int_equal(size, strlen(json));
    assert_string_equal(json,
                        "{\"id\":\"3-17\",\"to\":\"+8613800138000\",\"text\":\"\xe4\xbd\xa0\\n"
                        "\\\"\",\"until_ms\":1800000000000}");
}

static void
what_cannot_be_sent_is_no_message(void **unused)
{
    (void)unused;
    message_t message;
    char long_text[MESSAGE_TEXT_MAX + 2], long_code[MESSAGE_CODE_MAX + 2];
    memset(long_text, 'a', sizeof long_text - 1);
    memset(long_code, '1', sizeof long_code - 1);
    long_text[sizeof long_text - 1] = long_code[sizeof long_code - 1] = 0;
    const struct {
        said_t said;
        const char *reason;
    } bad[] = {
        { { NULL, "1", NULL, now_ms }, "no phone number" },
        { { "8613800138000", "1", NULL, now_ms }, "no phone number" },
        { { "+0613800138000", "1", NULL, now_ms }, "no phone number" },
        { { "+861380", "1", NULL, now_ms }, "no phone number" },
        { { "+8613800138000123", "1", NULL, now_ms }, "no phone number" },
        { { "+86138 0138000", "1", NULL, now_ms }, "no phone number" },
        { { "+86138x0138000", "1", NULL, now_ms }, "no phone number" },
        { { "+8613800138000", "1", NULL, -1 }, "no time" },
        { { "+8613800138000", "1", NULL, INT64_MAX }, "no time" },
        { { "+8613800138000", NULL, NULL, now_ms }, "not either a code or a text" },
        { { "+8613800138000", "1", "a", now_ms }, "not either a code or a text" },
        { { "+8613800138000", "", NULL, now_ms }, "no code" },
        { { "+8613800138000", "1\x1b[2J", NULL, now_ms }, "no code" },
        { { "+8613800138000", long_code, NULL, now_ms }, "no code" },
        { { "+8613800138000", NULL, "", now_ms }, "no text" },
        { { "+8613800138000", NULL, "a\rb", now_ms }, "no text" },
        { { "+8613800138000", NULL, "\xff", now_ms }, "no text" },
        { { "+8613800138000", NULL, long_text, now_ms }, "no text" },
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const char *reason = read_said(&message, bad[i].said);
        if (!reason || strcmp(reason, bad[i].reason) != 0)
            fail_msg("%zu: %s", i, reason ? reason : "taken");
    }
    assert_string_equal(message_read(&message, 1, 1, "\x81", 1, words), "not msgpack");
    assert_string_equal(message_read(&message, 1, 1, NULL, 0, words), "not msgpack");
    assert_string_equal(message_read(&message, 1, 1, "\x90", 1, words), "no phone number");
    long_text[MESSAGE_TEXT_MAX] = long_code[MESSAGE_CODE_MAX] = 0; /* as long as may be */
    assert_null(read_said(&message, (said_t){ "+8613800138000", NULL, long_text, now_ms }));
    assert_null(read_said(&message, (said_t){ "+123456789012345", long_code, NULL, now_ms }));
    assert_true(message_words_good("{code}") && message_words_good("\xe7\xa0\x81 {code}."));
    assert_false(message_words_good("code") || message_words_good("{code} {code}") ||
                 message_words_good("{code}\xff"));
    char many[MESSAGE_WORDS_MAX + 2] = "{code}";
    memset(many + 6, 'a', sizeof many - 7);
    assert_false(message_words_good(many));
}

/* The example of the Standard Webhooks' own libraries. */
static void
the_signature_is_the_standards(void **unused)
{
    (void)unused;
    uint8_t key[MESSAGE_KEY_MAX];
    char signature[MESSAGE_SIGNATURE_ROOM];
    static const char secret[] = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n";
    static const char body[] = "{\"test\": 2432232314}";
    size_t size = message_secret(secret, strlen(secret), key);
    assert_int_equal(size, 24);
    message_sign(key, size, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body, strlen(body),
                 signature);
    assert_string_equal(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    static const char *const bad[] = { "",
                                       "whsec_",
                                       "whsec_AAAA",
                                       "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                                       "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS",
                                       "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS!",
                                       "WHSEC_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(message_secret(bad[i], strlen(bad[i]), key), 0);
    char many[200] = "whsec_";
    memset(many + 6, 'A', 92);
    assert_int_equal(message_secret(many, 98, key), 0); /* 69 bytes */
}

/* ------------------------------------------------------------------ the table */

static message_t
message_of(uint64_t number, int64_t until_ms)
{
    message_t message = { .key = 3, .number = number, .until_ms = until_ms };
    strcpy(message.phone, "+8613800138000");
    snprintf(message.text, sizeof message.text, "n%u", (unsigned)number);
    return message;
}

static post_verdict_t
take(post_t *post, uint64_t number, int64_t until_ms, int64_t at_ms, uint32_t *slot)
{
    message_t message = message_of(number, until_ms);
    return post_take(post, &message, at_ms, slot);
}

static void
a_message_is_sent_once(void **unused)
{
    (void)unused;
    uint32_t slot, again;
    post_t *post = post_new(4);
    assert_int_equal(post_next(post, now_ms), POST_NOBODY);
    assert_int_equal(post_wait_ms(post, now_ms), -1);
    assert_int_equal(take(post, 1, now_ms + 60000, now_ms, &slot), POST_NEW);
    assert_int_equal(take(post, 1, now_ms + 60000, now_ms, &again), POST_KNOWN);
    assert_int_equal(slot, again);
    assert_int_equal(post_wait_ms(post, now_ms), 0);
    assert_int_equal(post_next(post, now_ms), slot);
    assert_string_equal(post_message(post, slot)->text, "n1");
    assert_int_equal(post_next(post, now_ms), POST_NOBODY);
    assert_int_equal(take(post, 1, now_ms + 60000, now_ms, &again), POST_KNOWN);
    assert_int_equal(post_open(post), 1);
    assert_true(post_tried(post, slot, POST_TAKEN, 0, now_ms + 5));
    assert_int_equal(post_open(post), 0);
    assert_int_equal(take(post, 1, now_ms + 60000, now_ms + 70000, &again), POST_ENDED);
    assert_int_equal(post_outcome(post, again), POST_DONE);
    assert_true(post_key(post, again) == 3 && post_number(post, again) == 1);
    assert_int_equal(post_next(post, now_ms + 70000), POST_NOBODY);
    post_destroy(&post);
    assert_null(post);
}

static void
tries_are_further_and_further_apart(void **unused)
{
    (void)unused;
    uint32_t slot;
    int64_t at_ms = now_ms;
    static const int64_t pauses_ms[] = { 1000, 2000, 4000, 8000, 16000, 30000, 30000 };
    post_t *post = post_new(1);
    assert_int_equal(take(post, 1, now_ms + 300000, now_ms, &slot), POST_NEW);
    for (size_t i = 0; i < sizeof pauses_ms / sizeof pauses_ms[0]; i++) {
        assert_int_equal(post_next(post, at_ms), slot);
        assert_false(post_tried(post, slot, POST_LATER, 0, at_ms));
        assert_int_equal(post_wait_ms(post, at_ms), pauses_ms[i]);
        assert_int_equal(post_next(post, at_ms + pauses_ms[i] - 1), POST_NOBODY);
        at_ms += pauses_ms[i];
    }
    assert_int_equal(post_next(post, at_ms), slot);
    assert_false(post_tried(post, slot, POST_LATER, 45000, at_ms)); /* was asked to wait */
    assert_int_equal(post_wait_ms(post, at_ms), 45000);
    assert_int_equal(post_expire(post, now_ms + 299999), POST_NOBODY);
    assert_int_equal(post_next(post, now_ms + 300000), POST_NOBODY); /* over */
    assert_int_equal(post_expire(post, now_ms + 300000), slot);
    assert_int_equal(post_outcome(post, slot), POST_FAILED);
    assert_int_equal(post_expire(post, now_ms + 300000), POST_NOBODY);
    post_destroy(&post);
}

static void
a_full_table_forgets_only_what_is_over(void **unused)
{
    (void)unused;
    uint32_t slot, one;
    post_t *post = post_new(2);
    assert_int_equal(take(post, 1, now_ms + 1000, now_ms, &one), POST_NEW);
    assert_int_equal(take(post, 2, now_ms + 9000, now_ms, &slot), POST_NEW);
    assert_int_equal(take(post, 3, now_ms + 9000, now_ms, &slot), POST_FULL);
    assert_int_equal(post_next(post, now_ms), one);
    assert_true(post_tried(post, one, POST_REFUSED, 0, now_ms));
    assert_int_equal(post_outcome(post, one), POST_FAILED);
    assert_int_equal(take(post, 3, now_ms + 9000, now_ms + 999, &slot),
                     POST_FULL); /* may come again */
    assert_int_equal(take(post, 3, now_ms + 9000, now_ms + 1000, &slot), POST_NEW);
    assert_int_equal(slot, one);
    assert_int_equal(take(post, 1, now_ms + 1000, now_ms + 1000, &slot), POST_FULL);
    post_destroy(&post);
    post = post_new(2);
    assert_int_equal(take(post, 1, now_ms, now_ms, &slot), POST_ENDED); /* came too late */
    assert_int_equal(post_outcome(post, slot), POST_FAILED);
    assert_int_equal(post_open(post), 0);
    post_destroy(&post);
}

/* Tells that come again and again, tries that end in any way: against what must hold. */
static void
chance_sends_none_twice_or_late(void **unused)
{
    (void)unused;
    enum { NAMES = 300, STEPS = 100000, MAX = 40 };
    for (uint64_t seed = 1; seed <= 5; seed++) {
        chance_t chance = { .state = seed };
        static int64_t until_ms[NAMES];
        static bool taken[NAMES];
        uint32_t flying[MAX], count = 0, slot;
        int64_t at_ms = now_ms;
        memset(taken, 0, sizeof taken);
        for (int i = 0; i < NAMES; i++)
            until_ms[i] = now_ms + chance_between(&chance, 0, 2000000);
        post_t *post = post_new(MAX);
        for (int step = 0; step < STEPS; step++) {
            uint32_t number = chance_below(&chance, NAMES);
            at_ms += chance_below(&chance, 40);
            if (chance_below(&chance, 3) == 0)
                (void)take(post, number, until_ms[number], at_ms, &slot);
            if (chance_below(&chance, 3) == 0 && (slot = post_next(post, at_ms)) != POST_NOBODY) {
                uint64_t name = post_number(post, slot);
                if (taken[name] || at_ms >= until_ms[name])
                    fail_msg("seed %u, step %d: %u again", (unsigned)seed, step, (unsigned)name);
                flying[count++] = slot;
            }
            if (count && chance_below(&chance, 3) == 0) {
                uint32_t at = chance_below(&chance, count);
                post_result_t result = (post_result_t)chance_below(&chance, 3);
                taken[post_number(post, flying[at])] |= result == POST_TAKEN;
                (void)post_tried(post, flying[at], result, 0, at_ms);
                flying[at] = flying[--count];
            }
            if (chance_below(&chance, 10) == 0 && (slot = post_expire(post, at_ms)) != POST_NOBODY)
                assert_true(until_ms[post_number(post, slot)] <= at_ms);
            assert_true(post_open(post) >= count && post_open(post) <= MAX);
        }
        post_destroy(&post);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_code_gets_its_words),
        cmocka_unit_test(what_cannot_be_sent_is_no_message),
        cmocka_unit_test(the_signature_is_the_standards),
        cmocka_unit_test(a_message_is_sent_once),
        cmocka_unit_test(tries_are_further_and_further_apart),
        cmocka_unit_test(a_full_table_forgets_only_what_is_over),
        cmocka_unit_test(chance_sends_none_twice_or_late),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
