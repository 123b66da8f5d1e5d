/* folder - see folder.h for the contract. */
#include "store/folder.h"
#include "store/refuse.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FOLDER_PATH_MAX = 4096 };

int
folder_sync(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    int rc = fsync(fd);
    (void)close(fd);
    return rc;
}

/* Make one level and sync the directory that now names it. 0, or an errno. */
static int
folder_make_one(const char *path)
{
    char above[FOLDER_PATH_MAX];
    if (mkdir(path, 0700) != 0)
        return errno;
    (void)snprintf(above, sizeof above, "%s/..", path);
    return folder_sync(above) == 0 ? 0 : errno;
}

int
folder_make(const char *path, char *error)
{
    char part[FOLDER_PATH_MAX - 4];
    struct stat status;
    if (stat(path, &status) == 0)
        return S_ISDIR(status.st_mode) ? 0 : refuse(error, "%s: not a directory", path);
    if (strlen(path) >= sizeof part)
        return refuse(error, "%s: the path is too long", path);
    (void)snprintf(part, sizeof part, "%s", path);
    for (char *slash = part + 1; (slash = strchr(slash, '/')) != NULL; *slash++ = '/') {
        *slash = '\0';
        int trouble = stat(part, &status) == 0 ? 0 : folder_make_one(part);
        if (trouble != 0 && trouble != EEXIST)
            return refuse(error, "%s: cannot make the directory: %s", part, strerror(trouble));
    }
    int trouble = folder_make_one(part);
    if (trouble != 0 && trouble != EEXIST)
        return refuse(error, "%s: cannot make the directory: %s", path, strerror(trouble));
    return 0;
}

int
folder_own(const char *path, const char *what, char *error)
{
    char name[FOLDER_PATH_MAX];
    (void)snprintf(name, sizeof name, "%s/owner", path);
    int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return refuse(error, "%s: %s", name, strerror(errno));
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        return fd;
    int trouble = errno;
    (void)close(fd);
    return trouble == EWOULDBLOCK
               ? refuse(error, "%s: another process owns this %s; stop it first", path, what)
               : refuse(error, "%s: cannot be locked: %s", name, strerror(trouble));
}
