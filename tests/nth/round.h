/* round - a fixed script of commands, once without a fault and then as often as wanted with one:
 * nothing that was answered is lost, and whoever repeats what was not answered comes to the end
 * that the run without a fault came to. */
#ifndef ROUND_H
#define ROUND_H
#include "tests/nth/strike.h"

typedef struct rounds rounds_t;

/* Make the script with a run that nothing strikes, in an empty folder. Its counts are then in
 * strike_now(). NULL when that already fails, said on stdout. */
rounds_t *rounds_new(const char *folder, uint32_t commands);
void rounds_destroy(rounds_t **self_p);
/* Run it with a strike; false when something is not as it must be, said on stdout. */
bool rounds_run(rounds_t *self, strike_kind_t kind, uint64_t n);
#endif
