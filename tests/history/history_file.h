/* history_file - histories in files: those of clients/load/past.h, and text for people.
 *
 * A line of text is one call, times in any unit:
 *
 *     START END CLIENT.REQUEST OPERATION STATUS [NAME=NUMBER ...] [seats=N,N,...]
 *     10 25 1.7 seats.lock OK at=4 showtime=1 user=9 seats=3,4 lock=2 until=5000 now=2000
 *
 * END and STATUS are - when no answer came. Names: at (sequence), partition, showtime, user, lock,
 * until, now (served_ms), payment, amount, refused, digest. What stands behind # is for people. */
#ifndef HISTORY_FILE_H
#define HISTORY_FILE_H
#include "tests/history/history.h"

enum { HISTORY_ERROR_MAX = 256 };

/* Add all calls of a file of either form. 0, or -1 with a sentence. */
int history_file_read(history_t *history, const char *path, char error[HISTORY_ERROR_MAX]);
/* Read one line of text. 1: a call; 0: nothing stands there; -1: malformed. */
int history_line(const char *line, history_call_t *call);
#endif
