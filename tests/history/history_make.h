/* history_make - a legal history of any length, to measure the checker by and to spoil. */
#ifndef HISTORY_MAKE_H
#define HISTORY_MAKE_H
#include "tests/history/history.h"

/* Give about `count` calls to `add`, drawn from `seed`: a sale of its own that journals, answers,
 * loses answers and repeats. False when `add` did. */
bool history_make(uint64_t count, uint64_t seed,
                  bool (*add)(void *argument, const history_call_t *call), void *argument);
#endif
