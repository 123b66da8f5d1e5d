/* store - see store.h for the contract. */
#include "clients/bridge/store.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STORE_PATH_MAX = 512 };

/* mkdir -p, as far as the last part is concerned the owner's alone. */
int
store_folder(const char *directory)
{
    char path[STORE_PATH_MAX];
    if (snprintf(path, sizeof path, "%s", directory) >= (int)sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    for (char *at = path + 1; *at; at++) {
        if (*at != '/')
            continue;
        *at = 0;
        if (mkdir(path, 0755) != 0 && errno != EEXIST)
            return -1;
        *at = '/';
    }
    return mkdir(path, 0700) != 0 && errno != EEXIST ? -1 : 0;
}

static int
store_open(const char *directory, const char *name, int flags)
{
    char path[STORE_PATH_MAX];
    if (snprintf(path, sizeof path, "%s/%s", directory, name) >= (int)sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    return open(path, flags | O_CLOEXEC, 0600);
}

char *
store_read(const char *directory, const char *name, size_t *size)
{
    struct stat about;
    int fd = store_open(directory, name, O_RDONLY);
    char *text = NULL;
    if (fd < 0)
        return NULL;
    if (fstat(fd, &about) != 0)
        goto done;
    if (!S_ISREG(about.st_mode) || about.st_size > STORE_FILE_MAX) {
        errno = EFBIG;
        goto done;
    }
    text = malloc((size_t)about.st_size + 1);
    *size = 0;
    while (text && *size < (size_t)about.st_size) {
        ssize_t got = read(fd, text + *size, (size_t)about.st_size - *size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            free(text);
            text = NULL;
        }
        if (got <= 0)
            break;
        *size += (size_t)got;
    }
    if (text)
        text[*size] = 0;
done:;
    int saved = errno;
    close(fd);
    errno = saved;
    return text;
}

static int
store_give(int fd, const char *directory)
{
    struct stat folder;
    if (geteuid() != 0)
        return 0;
    return stat(directory, &folder) == 0 ? fchown(fd, folder.st_uid, folder.st_gid) : -1;
}

static int
store_put(int fd, const char *data, size_t size)
{
    while (size) {
        ssize_t put = write(fd, data, size);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return -1;
        data += put;
        size -= (size_t)put;
    }
    return fsync(fd);
}

int
store_write(const char *directory, const char *name, const void *data, size_t size)
{
    char from[STORE_PATH_MAX], to[STORE_PATH_MAX], beside[64];
    snprintf(beside, sizeof beside, "%s.new", name);
    int fd = store_open(directory, beside, O_WRONLY | O_CREAT | O_TRUNC);
    if (fd < 0)
        return -1;
    int fault = store_give(fd, directory) == 0 ? store_put(fd, data, size) : -1;
    int saved = errno;
    if (close(fd) != 0 && fault == 0) {
        saved = errno;
        fault = -1;
    }
    snprintf(from, sizeof from, "%s/%s", directory, beside);
    snprintf(to, sizeof to, "%s/%s", directory, name);
    if (fault != 0 || rename(from, to) != 0) {
        saved = fault ? saved : errno;
        (void)unlink(from);
        errno = saved;
        return -1;
    }
    int folder = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    fault = folder < 0 ? -1 : fsync(folder);
    if (folder >= 0)
        close(folder);
    return fault;
}

int
store_lock(const char *directory, bool wait)
{
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || flock(fd, LOCK_EX | (wait ? 0 : LOCK_NB)) == 0)
        return fd;
    int saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

int
store_append(const char *directory, const char *name)
{
    return store_open(directory, name, O_WRONLY | O_CREAT | O_APPEND);
}
