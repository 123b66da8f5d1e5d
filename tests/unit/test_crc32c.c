/* The checksum: RFC 3720's vectors, and the processor against the portable form. */
#include "scratch.h"
#include "store/crc32c.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void
test_vectors(void **unused)
{
    (void)unused;
    uint8_t bytes[32];
    memset(bytes, 0, sizeof bytes);
    assert_int_equal(crc32c(0, bytes, sizeof bytes), 0x8a9136aa);
    assert_int_equal(crc32c_portable(0, bytes, sizeof bytes), 0x8a9136aa);
    memset(bytes, 0xff, sizeof bytes);
    assert_int_equal(crc32c(0, bytes, sizeof bytes), 0x62a8ab43);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)i;
    assert_int_equal(crc32c(0, bytes, sizeof bytes), 0x46dd794e);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(31 - i);
    assert_int_equal(crc32c(0, bytes, sizeof bytes), 0x113fdb5c);
    assert_int_equal(crc32c(0, "123456789", 9), 0xe3069283);
    assert_int_equal(crc32c_portable(0, "123456789", 9), 0xe3069283);
    assert_int_equal(crc32c(0, "", 0), 0);
}

static void
test_pieces(void **unused)
{
    (void)unused;
    uint64_t seed = scratch_seed("test_pieces");
    uint8_t bytes[300];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)scratch_random(&seed);
    for (size_t from = 0; from < 9; from++) {
        for (size_t size = 0; size + from < sizeof bytes; size++) {
            uint32_t whole = crc32c_portable(0, bytes + from, size);
            size_t half = size / 3;
            assert_int_equal(crc32c(0, bytes + from, size), whole);
            assert_int_equal(
                crc32c(crc32c(0, bytes + from, half), bytes + from + half, size - half), whole);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
