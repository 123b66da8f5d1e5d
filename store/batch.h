/* batch - what a checkpoint copies: the changed pieces, due times and reply blocks of a partition.
 *
 * A batch that could not be written is taken back: what it held is marked again, and the next one
 * carries what is newest. */
#ifndef BATCH_H
#define BATCH_H
#include "store/cache.h"
#include "store/rows.h"

/* Copy everything marked into the batch, as checkpoint `number`; its memory is used again. False
 * when memory is short. */
bool batch_collect(rows_batch_t *batch, cache_t *cache, replies_t *replies, uint64_t number);
/* Mark again what the batch holds; `replies_from` was replies_unsaved_from() before it. */
void batch_take_back(const rows_batch_t *batch, cache_t *cache, replies_t *replies,
                     uint64_t replies_from);
void batch_clear(rows_batch_t *batch);
#endif
