/* store - the small files of the bridge's folder: keys of tokens, kiosks and staff, and the audit
 * log.
 *
 * A file is replaced whole: written beside, synced, renamed, its folder synced. */
#ifndef BRIDGE_STORE_H
#define BRIDGE_STORE_H
#include <stdbool.h>
#include <stddef.h>

enum { STORE_FILE_MAX = 1024 * 1024 };

/* Make the folder, for its owner alone, where there is none. 0, or -1 with errno. */
int store_folder(const char *directory);
/* A file's bytes and a NUL, the caller's; NULL with errno, ENOENT when there is none. */
char *store_read(const char *directory, const char *name, size_t *size);
/* 0, or -1 with errno; then the old file is as it was. What root writes belongs to the folder's
 * owner, or the bridge could not read it. */
int store_write(const char *directory, const char *name, const void *data, size_t size);
/* Who reads a file to write it again keeps others from doing the same meanwhile. A descriptor whose
 * closing ends that; -1 with errno, EWOULDBLOCK when another is at it and there is no waiting. */
int store_lock(const char *directory, bool wait);
/* A descriptor to append to; -1 with errno. */
int store_append(const char *directory, const char *name);
#endif
