/* shard - which partition a shard key belongs to.
 *
 * Jump consistent hash (Lamping and Veach, 2014, https://arxiv.org/abs/1406.2294) over a partition
 * count that is fixed when a site is created. The key is mixed first, so that neighbouring showtime
 * ids spread. */
#ifndef SHARD_H
#define SHARD_H
#include "broker/operation.h"
#include <stdint.h>

#define SHARD_NOWHERE UINT32_MAX

/* How many partitions of each role a site has. They are numbered through: those of the box office,
 * then those of the programme, then those of the members. */
typedef struct {
    uint32_t partitions, programmes, members;
} shard_map_t;

static inline uint32_t
shard_count(const shard_map_t *map)
{
    return map->partitions + map->programmes + map->members;
}

/* The partition, 0..partitions-1, of a key. partitions is at least 1. */
uint32_t shard_of(uint64_t key, uint32_t partitions);
/* The number of the partition that a key of this kind belongs to, or SHARD_NOWHERE: a kind that no
 * partition owns, a number that there is not. */
uint32_t shard_partition(const shard_map_t *map, key_kind_t kind, uint64_t key);
#endif
