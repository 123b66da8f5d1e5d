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

enum { FOLDER_PATH_MAX = 4096, FOLDER_DEPTH_MAX = 64 };

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

/* Make durable the name of the directory and of those above it, as far up as names could have been
 * made by us: also of what was there already, because whoever made it may have died before the
 * sync, and then the next power cut would take all that is inside. 0, or an errno. */
static int
folder_settle(const char *path)
{
    char above[FOLDER_PATH_MAX];
    struct stat below, here;
    if (strlen(path) + 3 * FOLDER_DEPTH_MAX >= sizeof above)
        return ENAMETOOLONG;
    (void)snprintf(above, sizeof above, "%s", path);
    if (stat(above, &below) != 0)
        return errno;
    for (int depth = 0; depth < FOLDER_DEPTH_MAX; depth++) {
        strcat(above, "/..");
        /* a mount's own name, and that of the root, are not of this file system */
        if (stat(above, &here) != 0 || access(above, W_OK) != 0 || here.st_dev != below.st_dev ||
            here.st_ino == below.st_ino)
            return 0;
        if (folder_sync(above) != 0)
            return errno;
        below = here;
    }
    return 0;
}

int
folder_make(const char *path, char *error)
{
    char part[FOLDER_PATH_MAX - 4];
    struct stat status;
    if (strlen(path) >= sizeof part)
        return refuse(error, "%s: the path is too long", path);
    (void)snprintf(part, sizeof part, "%s", path);
    for (char *slash = part + 1; slash; *slash++ = '/') {
        slash = strchr(slash, '/');
        if (slash)
            *slash = '\0';
        if (stat(part, &status) != 0 && mkdir(part, 0700) != 0 && errno != EEXIST)
            return refuse(error, "%s: cannot make the directory: %s", part, strerror(errno));
        if (!slash)
            break;
    }
    if (stat(path, &status) == 0 && !S_ISDIR(status.st_mode))
        return refuse(error, "%s: not a directory", path);
    int trouble = folder_settle(path);
    return trouble == 0
               ? 0
               : refuse(error, "%s: its name cannot be made durable: %s", path, strerror(trouble));
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
