/* libc - the functions of libc that change files, for the program that links this: see calls.h. */
#undef _FORTIFY_SOURCE /* its inline versions of these very functions would be in the way */
#include "tests/disk/calls.h"
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int dirfd, const char *path, int flags);
int __openat64_2(int dirfd, const char *path, int flags);

#define MODE_OF(flags, mode)                                                                       \
    do {                                                                                           \
        if ((flags) & (O_CREAT | __O_TMPFILE)) {                                                   \
            va_list rest;                                                                          \
            va_start(rest, flags);                                                                 \
            (mode) = va_arg(rest, mode_t);                                                         \
            va_end(rest);                                                                          \
        }                                                                                          \
    } while (0)

int
open(const char *path, int flags, ...)
{
    mode_t mode = 0;
    MODE_OF(flags, mode);
    return call_openat(AT_FDCWD, path, flags, mode);
}

int
open64(const char *path, int flags, ...)
{
    mode_t mode = 0;
    MODE_OF(flags, mode);
    return call_openat(AT_FDCWD, path, flags, mode);
}

int
openat(int dirfd, const char *path, int flags, ...)
{
    mode_t mode = 0;
    MODE_OF(flags, mode);
    return call_openat(dirfd, path, flags, mode);
}

int
openat64(int dirfd, const char *path, int flags, ...)
{
    mode_t mode = 0;
    MODE_OF(flags, mode);
    return call_openat(dirfd, path, flags, mode);
}

int
__open_2(const char *path, int flags)
{
    return call_openat(AT_FDCWD, path, flags, 0);
}

int
__open64_2(const char *path, int flags)
{
    return call_openat(AT_FDCWD, path, flags, 0);
}

int
__openat_2(int dirfd, const char *path, int flags)
{
    return call_openat(dirfd, path, flags, 0);
}

int
__openat64_2(int dirfd, const char *path, int flags)
{
    return call_openat(dirfd, path, flags, 0);
}

int
creat(const char *path, mode_t mode)
{
    return call_openat(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

int
close(int fd)
{
    return call_close(fd);
}

ssize_t
write(int fd, const void *bytes, size_t size)
{
    struct iovec part = { (void *)(uintptr_t)bytes, size };
    return call_write(fd, &part, 1);
}

ssize_t
writev(int fd, const struct iovec *parts, int count)
{
    return call_write(fd, parts, count);
}

ssize_t
pwrite(int fd, const void *bytes, size_t size, off_t offset)
{
    struct iovec part = { (void *)(uintptr_t)bytes, size };
    return call_pwrite(fd, &part, 1, offset);
}

ssize_t
pwrite64(int fd, const void *bytes, size_t size, off64_t offset)
{
    return pwrite(fd, bytes, size, offset);
}

ssize_t
pwritev(int fd, const struct iovec *parts, int count, off_t offset)
{
    return call_pwrite(fd, parts, count, offset);
}

ssize_t
pwritev64(int fd, const struct iovec *parts, int count, off64_t offset)
{
    return pwritev(fd, parts, count, offset);
}

int
ftruncate(int fd, off_t size)
{
    return call_ftruncate(fd, size);
}

int
ftruncate64(int fd, off64_t size)
{
    return ftruncate(fd, size);
}

int
fallocate(int fd, int mode, off_t offset, off_t size)
{
    return call_fallocate(fd, mode, offset, size);
}

int
fallocate64(int fd, int mode, off64_t offset, off64_t size)
{
    return call_fallocate(fd, mode, offset, size);
}

int
posix_fallocate(int fd, off_t offset, off_t size)
{
    return call_fallocate(fd, 0, offset, size) == 0 ? 0 : errno;
}

int
fsync(int fd)
{
    return call_sync(fd, false);
}

int
fdatasync(int fd)
{
    return call_sync(fd, true);
}

int
mkdir(const char *path, mode_t mode)
{
    return call_mkdirat(AT_FDCWD, path, mode);
}

int
mkdirat(int dirfd, const char *path, mode_t mode)
{
    return call_mkdirat(dirfd, path, mode);
}

int
unlink(const char *path)
{
    return call_unlinkat(AT_FDCWD, path, 0);
}

int
rmdir(const char *path)
{
    return call_unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

int
unlinkat(int dirfd, const char *path, int flags)
{
    return call_unlinkat(dirfd, path, flags);
}

int
rename(const char *old, const char *new)
{
    return call_renameat(AT_FDCWD, old, AT_FDCWD, new);
}

int
renameat(int old_fd, const char *old, int new_fd, const char *new)
{
    return call_renameat(old_fd, old, new_fd, new);
}

int
linkat(int old_fd, const char *old, int new_fd, const char *new, int flags)
{
    return call_linkat(old_fd, old, new_fd, new, flags);
}

int
link(const char *old, const char *new)
{
    return linkat(AT_FDCWD, old, AT_FDCWD, new, 0);
}
