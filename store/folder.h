/* folder - directories of the store: made durably, owned by one process at a time. */
#ifndef FOLDER_H
#define FOLDER_H

/* Make the directory and those above it when absent, and make their names durable, also of those
 * that were there. 0, or -1 with `error`. */
int folder_make(const char *path, char *error);
/* Make the names inside the directory durable. 0, or -1 with errno. */
int folder_sync(const char *path);
/* Own the directory: lock its file "owner", which ends with the process. The descriptor, or -1 with
 * `error`; `what` names what is owned. */
int folder_own(const char *path, const char *what, char *error);
#endif
