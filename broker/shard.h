/* shard - which partition a shard key belongs to.
 *
 * Jump consistent hash (Lamping and Veach, 2014, https://arxiv.org/abs/1406.2294) over a partition
 * count that is fixed when a site is created. The key is mixed first, so that neighbouring showtime
 * ids spread. */
#ifndef SHARD_H
#define SHARD_H
#include <stdint.h>

/* The partition, 0..partitions-1, of a key. partitions is at least 1. */
uint32_t shard_of(uint64_t key, uint32_t partitions);
#endif
