/* crc32c - see crc32c.h for the contract. */
#include "store/crc32c.h"
#include <pthread.h>
#include <string.h>

static uint32_t crc32c_table[256];
static pthread_once_t crc32c_table_once = PTHREAD_ONCE_INIT;

static void
crc32c_table_fill(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t value = i;
        for (int bit = 0; bit < 8; bit++)
            value = (value >> 1) ^ (value & 1 ? UINT32_C(0x82f63b78) : 0);
        crc32c_table[i] = value;
    }
}

uint32_t
crc32c_portable(uint32_t crc, const void *data, size_t size)
{
    const uint8_t *at = data;
    (void)pthread_once(&crc32c_table_once, crc32c_table_fill);
    crc = ~crc;
    while (size--)
        crc = (crc >> 8) ^ crc32c_table[(crc ^ *at++) & 0xff];
    return ~crc;
}

#ifdef __x86_64__
__attribute__((target("sse4.2"))) static uint32_t
crc32c_processor(uint32_t crc, const void *data, size_t size)
{
    const uint8_t *at = data;
    uint64_t sum = (uint32_t)~crc;
    for (; size >= 8; size -= 8, at += 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        sum = __builtin_ia32_crc32di(sum, word);
    }
    uint32_t rest = (uint32_t)sum;
    for (; size; size--)
        rest = __builtin_ia32_crc32qi(rest, *at++);
    return ~rest;
}

uint32_t
crc32c(uint32_t crc, const void *data, size_t size)
{
    return __builtin_cpu_supports("sse4.2") ? crc32c_processor(crc, data, size)
                                            : crc32c_portable(crc, data, size);
}
#else
uint32_t
crc32c(uint32_t crc, const void *data, size_t size)
{
    return crc32c_portable(crc, data, size);
}
#endif
