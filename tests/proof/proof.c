/* proof - a test program that goes wrong in the way that MARQUEE_PROOF says: what
 * tests/runner.sh proves the runner with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char *proof_way;

static void
test_holds(void **state)
{
    (void)state;
    assert_int_equal(1 + 1, 2);
}

static void
test_goes_wrong(void **state)
{
    (void)state;
    if (strcmp(proof_way, "fail") == 0)
        assert_int_equal(1 + 1, 3);
    else if (strcmp(proof_way, "crash") == 0)
        abort();
    else if (strcmp(proof_way, "leave") == 0)
        _exit(0);
    else if (strcmp(proof_way, "hang") == 0)
        for (;;)
            pause();
}

int
main(void)
{
    proof_way = getenv("MARQUEE_PROOF");
    if (!proof_way)
        proof_way = "pass";
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_holds),
        cmocka_unit_test(test_goes_wrong),
    };
    return cmocka_run_group_tests_name("proof", tests, NULL, NULL);
}
