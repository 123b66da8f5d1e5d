/* test_revoked - tokens that were taken back: against a naive list, in a full table, from a file.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "clients/bridge/revoked.h"
#include "tests/unit/chance.h"

enum { NOW_S = 1800000000, LATER_S = NOW_S + 7200 };
static const uint8_t secret[16] = { 1, 2, 3 };

static token_jwt_t
jwt_of(const char *subject, const char *id, const char *family, int64_t issued_s)
{
    token_jwt_t jwt = { .role = TOKEN_ROLE_MEMBER, .issued_s = issued_s, .expires_s = LATER_S };
    snprintf(jwt.subject, sizeof jwt.subject, "%s", subject);
    snprintf(jwt.id, sizeof jwt.id, "%s", id);
    snprintf(jwt.family, sizeof jwt.family, "%s", family);
    return jwt;
}

static void
put(revoked_list_t *list, revoked_kind_t kind, const char *name, int64_t at_s, int64_t until_s,
    int64_t now_s)
{
    revoked_t entry = { .kind = kind, .at_s = at_s, .until_s = until_s };
    snprintf(entry.name, sizeof entry.name, "%s", name);
    revoked_put(list, &entry, now_s);
}

static bool
has(const revoked_list_t *list, const char *subject, const char *id, const char *family,
    int64_t issued_s)
{
    token_jwt_t jwt = jwt_of(subject, id, family, issued_s);
    return revoked_has(list, &jwt);
}

static void
each_kind_means_its_own(void **unused)
{
    (void)unused;
    revoked_list_t *list = revoked_new(100, secret);
    assert_false(has(list, "m7", "j1", "f1", NOW_S));
    put(list, REVOKED_ID, "j1", 0, LATER_S, NOW_S);
    assert_true(has(list, "m7", "j1", "f1", NOW_S));
    assert_false(has(list, "j1", "m7", "f1", NOW_S));
    assert_false(has(list, "m7", "", "j1", NOW_S));
    put(list, REVOKED_FAMILY, "f2", 0, LATER_S, NOW_S);
    assert_true(has(list, "m7", "j2", "f2", NOW_S));
    assert_false(has(list, "m7", "f2", "f3", NOW_S));
    put(list, REVOKED_SUBJECT, "m8", NOW_S, LATER_S, NOW_S);
    assert_true(has(list, "m8", "j3", "", NOW_S - 5));
    assert_true(has(list, "m8", "j3", "", NOW_S));
    assert_false(has(list, "m8", "j3", "", NOW_S + 1));            /* logged in again */
    put(list, REVOKED_SUBJECT, "m8", NOW_S - 100, LATER_S, NOW_S); /* an older word comes late */
    assert_true(has(list, "m8", "j3", "", NOW_S));
    assert_int_equal(revoked_count(list), 3);
    put(list, REVOKED_SUBJECT, "m9", NOW_S, NOW_S, NOW_S); /* over */
    assert_false(has(list, "m9", "j3", "", NOW_S - 5));
    assert_int_equal(revoked_count(list), 3);
    revoked_destroy(&list);
    assert_null(list);
    revoked_destroy(&list);
}

/* Names of a few letters, so that they meet; times that pass, so that entries end. */
enum { MODEL_NAMES = 4000, MODEL_STEPS = 60000 };
typedef struct {
    int64_t at_s, until_s;
} model_t;
static model_t model[3][MODEL_NAMES];

static void
a_naive_list_says_the_same(void **unused)
{
    (void)unused;
    chance_t seed = { 20 };
    revoked_list_t *list = revoked_new(REVOKED_MAX, secret);
    int64_t now_s = NOW_S;
    memset(model, 0, sizeof model);
    for (int step = 0; step < MODEL_STEPS; step++) {
        char name[16];
        uint32_t kind = (uint32_t)chance_below(&seed, 3),
                 number = (uint32_t)chance_below(&seed, MODEL_NAMES);
        snprintf(name, sizeof name, "n%u", number);
        if (chance_below(&seed, 20) == 0)
            now_s++;
        if (chance_below(&seed, 2) == 0) {
            model_t *one = &model[kind][number];
            int64_t at_s = now_s - (int64_t)chance_below(&seed, 50);
            int64_t until_s = now_s + (int64_t)chance_below(&seed, 300);
            put(list, (revoked_kind_t)kind, name, at_s, until_s, now_s);
            if (one->until_s <= now_s)
                *one = (model_t){ 0 };
            if (until_s > now_s) {
                one->at_s = at_s > one->at_s ? at_s : one->at_s;
                one->until_s = until_s > one->until_s ? until_s : one->until_s;
            }
            continue;
        }
        const model_t *one = &model[kind][number];
        int64_t issued_s = now_s - (int64_t)chance_below(&seed, 60);
        bool live = one->until_s > now_s;
        bool wanted = live && (kind != REVOKED_SUBJECT || issued_s <= one->at_s);
        bool found = has(list, kind == 0 ? name : "x", kind == 1 ? name : "", kind == 2 ? name : "",
                         issued_s);
        /* what is over may be remembered longer: what it means is over too */
        if (found != wanted && (live || !found))
            fail_msg("step %d: %s of kind %u", step, name, kind);
    }
    assert_true(revoked_count(list) < 3 * MODEL_NAMES);
    revoked_destroy(&list);
}

static void
a_full_list_lets_nobody_in(void **unused)
{
    (void)unused;
    char name[16];
    enum { MAX = 1000 };
    revoked_list_t *list = revoked_new(MAX, secret);
    for (int i = 0; i < MAX; i++) {
        snprintf(name, sizeof name, "m%d", i);
        put(list, REVOKED_SUBJECT, name, NOW_S, LATER_S, NOW_S);
    }
    assert_int_equal(revoked_count(list), MAX);
    assert_false(has(list, "other", "", "", NOW_S - 50));
    put(list, REVOKED_SUBJECT, "m5", NOW_S + 5, LATER_S, NOW_S + 5); /* is there: takes no room */
    assert_false(has(list, "other", "", "", NOW_S - 50));
    put(list, REVOKED_SUBJECT, "one-more", NOW_S + 10, LATER_S, NOW_S + 10);
    assert_true(has(list, "one-more", "", "", NOW_S + 10));
    assert_true(has(list, "other", "", "", NOW_S - 50)); /* pays for it, and refreshes */
    assert_false(has(list, "other", "", "", NOW_S + 11));
    put(list, REVOKED_FAMILY, "f", 0, LATER_S, NOW_S + 20); /* tokens as new as can be */
    assert_true(has(list, "other", "", "f", NOW_S + 20 + TOKEN_DRIFT_S));
    assert_false(has(list, "other", "", "f2", NOW_S + 21 + TOKEN_DRIFT_S));
    /* when they are over there is room again */
    put(list, REVOKED_SUBJECT, "new", LATER_S + 100, LATER_S + 7200, LATER_S + 100);
    assert_int_equal(revoked_count(list), 1);
    assert_true(has(list, "new", "", "", LATER_S + 100));
    assert_false(has(list, "m5", "", "", LATER_S + 100));
    revoked_destroy(&list);
}

static void
sources_count_for_themselves(void **unused)
{
    (void)unused;
    revoked_list_t *list = revoked_new(10, secret);
    assert_int_equal(revoked_known(list, 0), 0);
    assert_false(revoked_step(list, 0, 2, 2)); /* 1 is missing */
    assert_int_equal(revoked_known(list, 0), 0);
    assert_true(revoked_step(list, 0, 1, 3));
    assert_true(revoked_step(list, 0, 2, 2)); /* a copy that is late */
    assert_int_equal(revoked_known(list, 0), 3);
    assert_false(revoked_step(list, 0, 5, 9));
    assert_int_equal(revoked_known(list, 0), 3);
    assert_true(revoked_step(list, 0, 4, 9)); /* as it was asked for */
    assert_int_equal(revoked_known(list, 0), 9);
    assert_true(revoked_step(list, 0, 10, 9)); /* nothing new */
    assert_int_equal(revoked_known(list, 0), 9);
    assert_false(revoked_step(list, 0, 0, UINT64_MAX));
    assert_false(revoked_step(list, 0, UINT64_MAX, UINT64_MAX));
    assert_int_equal(revoked_known(list, REVOKED_SOURCES_MAX - 1), 0);
    revoked_wait_for(list, 0);
    assert_int_equal(revoked_known(list, 0), 0);
    assert_false(revoked_step(list, 0, 10, 10));
    revoked_destroy(&list);
}

static int
read_file(revoked_list_t *list, const char *text, char error[100])
{
    return revoked_read(list, text, strlen(text), NOW_S, error, 100);
}

static void
a_file_is_read(void **unused)
{
    (void)unused;
    char error[100] = "";
    revoked_list_t *list = revoked_new(100, secret);
    assert_int_equal(read_file(list,
                               "# lost\nsub s:alice 1800007200 1800000000\n\n jti j1 1800007200 # x"
                               "\nsid f1 1800007200\nsid f2 1700000000",
                               error),
                     0);
    assert_true(has(list, "s:alice", "", "", NOW_S) && has(list, "x", "j1", "", NOW_S) &&
                has(list, "x", "", "f1", NOW_S));
    assert_false(has(list, "s:alice", "", "", NOW_S + 1) || has(list, "x", "", "f2", NOW_S));
    assert_int_equal(read_file(list, "", error), 0); /* adds nothing, takes nothing away */
    assert_int_equal(revoked_count(list), 3);
    revoked_destroy(&list);
}

static void
a_bad_file_changes_nothing(void **unused)
{
    (void)unused;
    static const char *const bad[] = { "sub",
                                       "sub a",
                                       "sub a 1800007200",
                                       "sub a 1800007200 x",
                                       "sub a 1800007200 1800000000 b",
                                       "kid a 1800007200",
                                       "SUB a 1800007200 1800000000",
                                       "jti a 0",
                                       "jti a -1",
                                       "jti a 1800007200000000",
                                       "jti a 1800007200 1800000000",
                                       "jti a\x7f 1800007200",
                                       "jti a\r 1800007200" };
    char text[400], error[100];
    revoked_list_t *list = revoked_new(100, secret);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        snprintf(text, sizeof text, "jti good 1800007200\n%s\n", bad[i]);
        if (read_file(list, text, error) != -1 || strncmp(error, "line 2: ", 8) != 0)
            fail_msg("%s: %s", bad[i], error);
    }
    assert_int_equal(revoked_read(list, "jti \0 1800007200", 16, NOW_S, error, sizeof error), -1);
    snprintf(text, sizeof text, "sid %064d 1800007200", 7);
    assert_int_equal(read_file(list, text, error), -1);
    assert_string_equal(error, "line 1: a name has 1 to 63 bytes, no control characters");
    snprintf(text, sizeof text, "sid %063d 1700000000", 7);
    assert_int_equal(read_file(list, text, error), 0);
    assert_int_equal(revoked_count(list), 0);
    char *many = malloc((REVOKED_LINES_MAX + 1) * 16 + 1);
    for (size_t i = 0; i <= REVOKED_LINES_MAX; i++)
        memcpy(many + i * 16, "jti a 180000720\n", 17);
    assert_int_equal(revoked_read(list, many, REVOKED_LINES_MAX * 16, NOW_S, error, sizeof error),
                     0);
    assert_int_equal(read_file(list, many, error), -1);
    assert_string_equal(error, "line 4097: too many lines");
    free(many);
    revoked_destroy(&list);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_means_its_own),
        cmocka_unit_test(a_naive_list_says_the_same),
        cmocka_unit_test(a_full_list_lets_nobody_in),
        cmocka_unit_test(sources_count_for_themselves),
        cmocka_unit_test(a_file_is_read),
        cmocka_unit_test(a_bad_file_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
