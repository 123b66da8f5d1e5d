/* mp - what we write msgpack-c reads, what msgpack-c accepts we accept within our limits, and no
 * bytes at all lead outside the input. */
#include "broker/mp.h"
#include "tests/unit/chance.h"
#include <msgpack.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

enum { ROUNDS = 200000, BYTES_MAX = 24 };

static chance_t dice;

static uint64_t
chance(void)
{
    return chance_next(&dice);
}

/* Containers within the bytes, so that msgpack-c allocates no more than it must. */
static bool
nested_too_deep(const msgpack_object *object, int depth)
{
    if (object->type == MSGPACK_OBJECT_ARRAY || object->type == MSGPACK_OBJECT_MAP) {
        if (depth == MP_DEPTH_MAX)
            return true;
        bool map = object->type == MSGPACK_OBJECT_MAP;
        for (uint32_t i = 0; i < (map ? object->via.map.size : object->via.array.size); i++) {
            if (map ? nested_too_deep(&object->via.map.ptr[i].key, depth + 1) ||
                          nested_too_deep(&object->via.map.ptr[i].val, depth + 1)
                    : nested_too_deep(&object->via.array.ptr[i], depth + 1))
                return true;
        }
    }
    return false;
}

static void
random_bytes_are_judged_as_msgpack_c_does(void **state)
{
    (void)state;
    dice.state = (uint64_t)time(NULL);
    print_message("seed %llu\n", (unsigned long long)dice.state);
    uint32_t accepted = 0;
    for (int round = 0; round < ROUNDS; round++) {
        size_t size = chance() % BYTES_MAX + 1;
        uint8_t *bytes = malloc(size); /* exactly so many: the sanitizer sees one byte too far */
        assert_non_null(bytes);
        for (size_t i = 0; i < size; i++)
            bytes[i] = (uint8_t)(chance() % 3 ? 0x80 + chance() % 0x60 : chance());
        bool wide = false; /* a 32-bit container makes msgpack-c allocate by its word */
        for (size_t i = 0; i < size; i++)
            wide |= bytes[i] == 0xdd || bytes[i] == 0xdf;
        bool ours = mp_valid(bytes, size);
        if (!wide) {
            msgpack_unpacked result;
            msgpack_unpacked_init(&result);
            size_t off = 0;
            msgpack_unpack_return rc =
                msgpack_unpack_next(&result, (const char *)bytes, size, &off);
            bool theirs =
                rc == MSGPACK_UNPACK_SUCCESS && off == size && !nested_too_deep(&result.data, 0);
            if (ours != theirs)
                print_message("round %d\n", round);
            assert_int_equal(ours, theirs);
            msgpack_unpacked_destroy(&result);
        }
        accepted += ours;
        free(bytes);
    }
    assert_true(accepted > ROUNDS / 1000);
}

static void
numbers_come_back(void **state)
{
    (void)state;
    for (uint32_t bit = 0; bit < 64; bit++) {
        for (int64_t step = -1; step <= 1; step++) {
            uint8_t bytes[32];
            pack_t pack;
            uint64_t number = (UINT64_C(1) << bit) + (uint64_t)step, back;
            pack_init(&pack, bytes, sizeof bytes);
            pack_uint(&pack, number);
            mp_t mp = mp_over(bytes, pack.size);
            assert_true(mp_read_uint(&mp, &back) && back == number);
            int64_t number_signed = (int64_t)(0 - number), back_signed;
            pack_init(&pack, bytes, sizeof bytes);
            pack_int(&pack, number_signed);
            mp = mp_over(bytes, pack.size);
            assert_true(mp_read_int(&mp, &back_signed) && back_signed == number_signed);
        }
    }
}

static void
announced_sizes_are_bounded_by_the_bytes(void **state)
{
    (void)state;
    static const char *const liars[] = {
        "\xdd\xff\xff\xff\xff",
        "\xdf\x80\x00\x00\x00",
        "\xdb\xff\xff\xff\xff",
        "\xc6\xff\xff\xff\xff",
        "\xc9\xff\xff\xff\xff",
        "\x92\x01",
        "\x81\x01",
        "\xc1",
    };
    static const size_t sizes[] = { 5, 5, 5, 5, 5, 2, 2, 1 };
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        assert_false(mp_valid(liars[i], sizes[i]));
}

static void
depth_is_bounded(void **state)
{
    (void)state;
    uint8_t bytes[MP_DEPTH_MAX + 2];
    memset(bytes, 0x91, sizeof bytes);
    bytes[MP_DEPTH_MAX] = 0;
    assert_true(mp_valid(bytes, MP_DEPTH_MAX + 1));
    bytes[MP_DEPTH_MAX] = 0x91;
    bytes[MP_DEPTH_MAX + 1] = 0;
    assert_false(mp_valid(bytes, MP_DEPTH_MAX + 2));
}

static void
a_full_buffer_is_noticed_and_kept(void **state)
{
    (void)state;
    uint8_t bytes[9] = { 0 };
    pack_t pack;
    pack_init(&pack, bytes, 8);
    pack_str(&pack, "seven77");
    assert_false(pack.overflow);
    pack_uint(&pack, 1);
    assert_true(pack.overflow);
    assert_int_equal(pack.size, 8);
    assert_int_equal(bytes[8], 0);
}

static void
keys_are_found(void **state)
{
    (void)state;
    uint8_t bytes[64];
    pack_t pack;
    mp_t mp;
    uint64_t number;
    pack_init(&pack, bytes, sizeof bytes);
    pack_map(&pack, 2);
    pack_key_str(&pack, "a", "x");
    pack_key_uint(&pack, "lock", 7);
    assert_true(mp_find(bytes, pack.size, "lock", &mp) && mp_read_uint(&mp, &number) &&
                number == 7);
    assert_false(mp_find(bytes, pack.size, "loc", &mp));
    assert_false(mp_find(bytes, pack.size - 1, "missing", &mp));
}

static void
no_bytes_are_no_value(void **state)
{
    (void)state;
    mp_t mp;
    assert_false(mp_valid(NULL, 0));
    assert_false(mp_find(NULL, 0, "lock", &mp));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_bytes_are_judged_as_msgpack_c_does),
        cmocka_unit_test(numbers_come_back),
        cmocka_unit_test(announced_sizes_are_bounded_by_the_bytes),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(a_full_buffer_is_noticed_and_kept),
        cmocka_unit_test(keys_are_found),
        cmocka_unit_test(no_bytes_are_no_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
