/* files - static pages from a folder: entity tags, ranges, what was packed beforehand, names that
 * never change. */
#ifndef FILES_H
#define FILES_H
#include "clients/bridge/bridge.h"

/* For a folder; NULL with errno when it cannot be opened. */
files_t *files_new(const char *folder);
void files_destroy(files_t **self_p);
/* Answer when the path is a file of the folder; false: it is not, or there is no folder. */
bool files_answer(call_t *call, const http_request_t *request);
#endif
