/* calls - the calls that change files: below the mounted root they ask the watcher and keep the
 * shadows, elsewhere they go straight to the kernel. libc.c gives them the names that libc's have.
 * What the store and liblmdb do not use is refused loudly rather than modelled. */
#ifndef DISK_CALLS_H
#define DISK_CALLS_H
#include <stdbool.h>
#include <sys/types.h>
#include <sys/uio.h>

int call_openat(int dirfd, const char *path, int flags, mode_t mode);
int call_close(int fd);
ssize_t call_write(int fd, const struct iovec *parts, int count);
ssize_t call_pwrite(int fd, const struct iovec *parts, int count, off_t offset);
int call_ftruncate(int fd, off_t size);
int call_fallocate(int fd, int mode, off_t offset, off_t size);
/* `data`: as fdatasync(), which makes the same durable here. */
int call_sync(int fd, bool data);
int call_mkdirat(int dirfd, const char *path, mode_t mode);
int call_unlinkat(int dirfd, const char *path, int flags);
int call_renameat(int old_fd, const char *old, int new_fd, const char *new);
int call_linkat(int old_fd, const char *old, int new_fd, const char *new, int flags);
#endif
