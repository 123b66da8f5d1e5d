/* shard - see shard.h for the contract. */
#include "broker/shard.h"
#include <assert.h>

/* The finalizer of SplitMix64 (Steele, Lea and Flood, 2014): a bijection, so no two keys meet. */
static uint64_t
shard_mix(uint64_t key)
{
    key = (key ^ key >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    key = (key ^ key >> 27) * UINT64_C(0x94d049bb133111eb);
    return key ^ key >> 31;
}

/* The paper divides by a double; 2^31 * 2^31 fits 64 bits, so integers give the same without one.
 */
uint32_t
shard_of(uint64_t key, uint32_t partitions)
{
    assert(partitions > 0 && partitions < UINT32_C(1) << 31);
    uint64_t hash = shard_mix(key);
    uint64_t bucket = 0, next = 0;
    while (next < partitions) {
        bucket = next;
        hash = hash * UINT64_C(2862933555777941757) + 1;
        next = ((bucket + 1) << 31) / ((hash >> 33) + 1);
    }
    return (uint32_t)bucket;
}

uint32_t
shard_partition(const shard_map_t *map, key_kind_t kind, uint64_t key)
{
    switch (kind) {
    case KEY_SHOWTIME:
        return map->partitions ? shard_of(key, map->partitions) : SHARD_NOWHERE;
    case KEY_CINEMA:
        return map->programmes ? map->partitions + shard_of(key, map->programmes) : SHARD_NOWHERE;
    case KEY_MEMBER:
        return map->members ? map->partitions + map->programmes + shard_of(key, map->members)
                            : SHARD_NOWHERE;
    case KEY_PARTITION:
        return key < shard_count(map) ? (uint32_t)key : SHARD_NOWHERE;
    case KEY_NONE:
    case KEY_CASHIER:
    case KEY_SENDER:
    case KEY_KINDS:
    default:
        return SHARD_NOWHERE;
    }
}
