/* fuzz_mp - msgpack: the readers agree with one another and stay within the bytes. */
#include "broker/mp.h"
#include "tests/fuzz/fuzz.h"
#include <string.h>

/* Walk tokens; how many values they make, -1 when they are malformed. */
static long
mp_walk(const uint8_t *data, size_t size)
{
    mp_t mp = mp_over(data, size);
    mp_item_t item;
    uint64_t open = 1;
    long tokens = 0;
    while (open > 0) {
        const uint8_t *before = mp.at;
        if (!mp_next(&mp, &item)) {
            FUZZ_HOLDS(mp.at == before);
            return -1;
        }
        FUZZ_HOLDS(mp.at > before && mp.at <= mp.end);
        open--;
        tokens++;
        if (item.type == MP_ARRAY)
            open += item.u;
        else if (item.type == MP_MAP)
            open += 2 * item.u;
        else if (item.type == MP_STR || item.type == MP_BIN || item.type == MP_EXT)
            FUZZ_HOLDS(item.data >= data && item.data + item.size <= data + size);
    }
    return mp.at == mp.end ? tokens : -1;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const keys[] = { "user", "seats", "order", "until_ms", "a" };
    fuzz_memory_begin();
    bool valid = mp_valid(data, size);
    if (valid)
        FUZZ_HOLDS(mp_walk(data, size) > 0);
    mp_t mp = mp_over(data, size);
    FUZZ_HOLDS(!valid || (mp_skip(&mp) && mp.at == mp.end));
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        mp_t value;
        if (!mp_find(data, size, keys[i], &value))
            continue;
        FUZZ_HOLDS(value.at > data && value.at <= data + size && value.end <= data + size);
        const char *text;
        uint32_t length, count;
        uint64_t number;
        int64_t whole;
        mp_t one = value;
        if (mp_read_str(&one, &text, &length))
            FUZZ_HOLDS((const uint8_t *)text + length <= data + size);
        one = value;
        (void)mp_read_uint(&one, &number);
        one = value;
        (void)mp_read_int(&one, &whole);
        one = value;
        if (mp_read_array(&one, &count))
            FUZZ_HOLDS(count <= (size_t)(one.end - one.at));
    }
    fuzz_memory_end(size, 0);
    return 0;
}
