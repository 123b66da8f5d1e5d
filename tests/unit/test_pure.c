/* test_pure - the domain gets time, chance and storage passed in: no file of it reaches for them.
 */
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const domain[] = {
    "actors/box*.[ch]",   "actors/ids.[ch]",  "actors/layout.[ch]", "actors/machine.[ch]",
    "actors/ticket.[ch]", "actors/turn.[ch]", "actors/apply.[ch]",  "actors/sandbox.[ch]",
    "actors/draw.[ch]",   "actors/pass.[ch]", "actors/zone.[ch]",   "actors/coupon.[ch]"
};

/* What a domain file may include besides headers of the project. */
static const char *const allowed[] = { "<assert.h>",
                                       "<stdbool.h>",
                                       "<stddef.h>",
                                       "<stdint.h>",
                                       "<string.h>",
                                       "<sodium/crypto_generichash.h>",
                                       "<sodium/crypto_sign.h>",
                                       "<sodium/utils.h>" };
/* Of the project: pure headers, and the contracts of storage. */
static const char *const allowed_own[] = {
    "\"actors/",           "\"broker/mp.h\"",     "\"broker/operation.h\"",
    "\"broker/status.h\"", "\"broker/wire.h\"",   "\"broker/shard.h\"",
    "\"store/state.h\"",   "\"store/replies.h\"", "\"store/journal.h\""
};
static const char *const forbidden_own[] = { "\"actors/actor.h\"",         "\"actors/partition.h\"",
                                             "\"actors/conf.h\"",          "\"actors/site.h\"",
                                             "\"actors/sandbox_actor.h\"", "\"actors/rebuild.h\"" };
#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static bool
begins_with_one_of(const char *text, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strncmp(text, list[i], strlen(list[i])) == 0)
            return true;
    return false;
}

static bool
include_is_pure(const char *name)
{
    return begins_with_one_of(name, allowed, COUNT(allowed)) ||
           (begins_with_one_of(name, allowed_own, COUNT(allowed_own)) &&
            !begins_with_one_of(name, forbidden_own, COUNT(forbidden_own)));
}

/* Count of includes, each of which must be pure. */
static size_t
walk_file(const char *path)
{
    char line[512];
    size_t includes = 0;
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file)) {
        const char *name = strncmp(line, "#include ", 9) == 0 ? line + 9 : NULL;
        if (!name)
            continue;
        includes++;
        if (!include_is_pure(name))
            fail_msg("%s includes %s", path, name);
    }
    assert_int_equal(fclose(file), 0);
    return includes;
}

static void
domain_files_include_nothing_of_the_world(void **unused)
{
    (void)unused;
    size_t files = 0;
    for (size_t i = 0; i < COUNT(domain); i++) {
        glob_t found;
        assert_int_equal(glob(domain[i], 0, NULL, &found), 0);
        for (size_t at = 0; at < found.gl_pathc; at++, files++)
            assert_true(walk_file(found.gl_pathv[at]) > 0);
        globfree(&found);
    }
    assert_true(files > 16);
}

static void
the_rule_would_find_an_offender(void **unused)
{
    (void)unused;
    assert_true(include_is_pure("<string.h>\n"));
    assert_true(include_is_pure("\"actors/box.h\"\n"));
    static const char *const offenders[] = { "<zmq.h>",    "<czmq.h>",   "<time.h>",
                                             "<stdio.h>",  "<unistd.h>", "<sys/time.h>",
                                             "<fcntl.h>",  "<sodium.h>", "<sodium/randombytes.h>",
                                             "<stdlib.h>", "<lmdb.h>",   "\"actors/actor.h\"" };
    for (size_t i = 0; i < COUNT(offenders); i++)
        assert_false(include_is_pure(offenders[i]));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(domain_files_include_nothing_of_the_world),
        cmocka_unit_test(the_rule_would_find_an_offender),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
