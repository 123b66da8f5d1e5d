/* replay - does the journal, from its first entry on, make the state that is on disk? */
#ifndef CRASH_REPLAY_H
#define CRASH_REPLAY_H
#include <stdint.h>

enum { REPLAY_ERROR_MAX = 512 };

/* Rebuild every partition of a stopped site in the folder `scratch`, which is made, and compare its
 * digest with the live one's. 0, or -1 with a sentence. */
int replay_check(const char *directory, const char *scratch, uint32_t partitions,
                 char error[REPLAY_ERROR_MAX]);
#endif
