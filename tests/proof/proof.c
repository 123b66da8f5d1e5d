/* proof - a test program that goes wrong in the way that MARQUEE_PROOF says: what
 * tests/runner.sh proves the runner with. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char *proof_way;

static int proof_shared;

static void *
proof_count(void *unused)
{
    (void)unused;
    for (int i = 0; i < 100000; i++)
        proof_shared++;
    return NULL;
}

/* Two threads and no order between them. */
static void
proof_race(void)
{
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, proof_count, NULL), 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
}

static void
proof_overrun(void)
{
    volatile size_t size = 8;
    char *bytes = malloc(size);
    assert_non_null(bytes);
    *(volatile char *)(bytes + size) = 1;
    free(bytes);
}

static void
proof_undefined(void)
{
    volatile int most = INT32_MAX;
    most = most + 1;
}

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
    else if (strcmp(proof_way, "race") == 0)
        proof_race();
    else if (strcmp(proof_way, "overrun") == 0)
        proof_overrun();
    else if (strcmp(proof_way, "undefined") == 0)
        proof_undefined();
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
