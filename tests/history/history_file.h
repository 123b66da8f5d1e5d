/* history_file - the files of past.h, read whole. */
#ifndef HISTORY_FILE_H
#define HISTORY_FILE_H
#include "tests/history/history.h"

/* Read a file behind what `to` holds already: the files of several clients make one history. 0, or
 * -1 with `why` (HISTORY_WHY_MAX bytes). The caller frees to->calls. */
int history_read(history_t *to, const char *path, char *why);
#endif
