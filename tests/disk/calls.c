/* calls - see calls.h for the contract. */
#include "tests/disk/calls.h"
#include "tests/disk/inside.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define REAL(call, ...) syscall(SYS_##call, __VA_ARGS__)

enum { PART_NOTHING, PART_SOME, PART_ALL };

static int
call_fail(int trouble)
{
    errno = trouble;
    return -1;
}

/* The end of a call that was carried out: who died of it does not learn how it went. */
static int
call_end(const mount_t *self, long result)
{
    return self->dead ? call_fail(EIO) : (int)result;
}

static _Noreturn void
call_unknown(const char *what)
{
    (void)fprintf(stderr, "disk: %s is not modelled\n", what);
    abort();
}

static opened_t *
call_opened(mount_t *self, int fd)
{
    return self && fd >= 0 && fd < self->opened_room && self->opened[fd].node ? &self->opened[fd]
                                                                              : NULL;
}

/* How much of an operation happens, by its verdict. */
static int
call_part(disk_verdict_t verdict)
{
    switch (verdict) {
    case DISK_GO:
    case DISK_DIE_AFTER:
        return PART_ALL;
    case DISK_DIE_DURING:
    case DISK_SHORT:
        return PART_SOME;
    case DISK_FAIL:
    case DISK_DIE_BEFORE:
    default:
        return PART_NOTHING;
    }
}

/* ---- names ---- */

/* Where a path leads: `node` when it is there, else the name it would have in `folder`. */
typedef struct {
    mount_t *mount; /* NULL: not one of ours */
    node_t *folder, *node;
    char name[NAMES_NAME_MAX];
} place_t;

static node_t *
place_step(mount_t *self, place_t *place, node_t *at)
{
    if (strcmp(place->name, ".") == 0)
        return at;
    if (strcmp(place->name, "..") == 0)
        return at->folder_of ? at->folder_of : at;
    node_t *node = names_find(at, place->name);
    return node ? node : disk_adopt(self, at, place->name);
}

/* Follow `path` from a folder; false when something on the way is missing. */
static bool
place_walk(place_t *place, node_t *from, const char *path)
{
    node_t *at = from;
    place->node = from;
    for (;;) {
        path += strspn(path, "/");
        size_t size = strcspn(path, "/");
        if (size == 0)
            return true;
        if (!at || !at->folder)
            return false;
        assert(size < sizeof place->name);
        memcpy(place->name, path, size);
        place->name[size] = 0;
        place->folder = at;
        place->node = at = place_step(place->mount, place, at);
        path += size;
    }
}

static place_t
place_of(int dirfd, const char *path)
{
    mount_t *self = disk_mounted();
    place_t place = { .mount = NULL };
    if (!self)
        return place;
    const opened_t *folder = path[0] == '/' ? NULL : call_opened(self, dirfd);
    if (folder) {
        place.mount = self;
        if (!place_walk(&place, folder->node, path))
            place.folder = place.node = NULL;
        return place;
    }
    const char *given = self->options.root;
    size_t size = strlen(given);
    if (strncmp(path, self->root, self->root_size) == 0)
        size = self->root_size;
    else if (strncmp(path, given, size) != 0)
        return place;
    if (path[size] != '/' && path[size] != 0)
        return place;
    place.mount = self;
    if (!place_walk(&place, self->names.root, path + size))
        place.folder = place.node = NULL;
    return place;
}

static void
call_note_opened(mount_t *self, int fd, node_t *node, int flags)
{
    if (fd >= self->opened_room) {
        int room = 2 * fd + 64;
        self->opened = realloc(self->opened, (size_t)room * sizeof *self->opened);
        assert(self->opened);
        memset(self->opened + self->opened_room, 0,
               (size_t)(room - self->opened_room) * sizeof *self->opened);
        self->opened_room = room;
    }
    self->opened[fd] = (opened_t){ .node = node,
                                   .durable = (flags & O_DSYNC) != 0,
                                   .append = (flags & O_APPEND) != 0 };
    node->open++;
    node_hold(node);
    if ((flags & O_ACCMODE) != O_RDONLY)
        disk_grasp(self, node);
}

/* A verdict on a change of names; false when it does not happen, with errno. */
static bool
call_names(mount_t *self, const node_t *folder, const char *name)
{
    int trouble;
    disk_verdict_t verdict = disk_ask(self, DISK_NAMES, folder, name, 0, 0, &trouble);
    int part = call_part(verdict);
    if (part == PART_SOME)
        part = disk_draw(self, 2) ? PART_ALL : PART_NOTHING;
    if (part == PART_NOTHING)
        errno = trouble;
    return part == PART_ALL;
}

static bool call_resize(mount_t *self, node_t *node, uint64_t size);

int
call_openat(int dirfd, const char *path, int flags, mode_t mode)
{
    place_t place = place_of(dirfd, path);
    mount_t *self = place.mount;
    if (!self || (!place.node && !(flags & O_CREAT)))
        return (int)REAL(openat, dirfd, path, flags, mode);
    bool create = !place.node;
    if (create && !place.folder)
        return call_fail(ENOENT);
    if (create && !call_names(self, place.folder, place.name))
        return -1;
    if (!create && (flags & O_TRUNC) && place.node->shadow.size > 0) {
        disk_grasp(self, place.node);
        if (!call_resize(self, place.node, 0))
            return -1;
    }
    int fd = (int)REAL(openat, dirfd, path, flags, mode);
    if (fd < 0)
        return -1;
    if (create) {
        place.node = node_new(false);
        names_set(&self->names, place.folder, place.name, place.node);
    }
    if (create && self->dead) {
        (void)REAL(close, fd);
        return call_fail(EIO);
    }
    call_note_opened(self, fd, place.node, flags);
    return fd;
}

int
call_mkdirat(int dirfd, const char *path, mode_t mode)
{
    place_t place = place_of(dirfd, path);
    if (!place.mount || place.node || !place.folder)
        return (int)REAL(mkdirat, dirfd, path, mode);
    if (!call_names(place.mount, place.folder, place.name))
        return -1;
    if (REAL(mkdirat, dirfd, path, mode) != 0)
        return -1;
    names_set(&place.mount->names, place.folder, place.name, node_new(true));
    return call_end(place.mount, 0);
}

int
call_unlinkat(int dirfd, const char *path, int flags)
{
    place_t place = place_of(dirfd, path);
    if (!place.mount || !place.node)
        return (int)REAL(unlinkat, dirfd, path, flags);
    if (!call_names(place.mount, place.folder, place.name))
        return -1;
    disk_grasp(place.mount, place.node); /* its bytes may come back */
    if (REAL(unlinkat, dirfd, path, flags) != 0)
        return -1;
    names_set(&place.mount->names, place.folder, place.name, NULL);
    return call_end(place.mount, 0);
}

int
call_renameat(int old_fd, const char *old, int new_fd, const char *new)
{
    place_t from = place_of(old_fd, old), to = place_of(new_fd, new);
    if (!from.mount && !to.mount)
        return (int)REAL(renameat2, old_fd, old, new_fd, new, 0);
    if (!from.mount || !to.mount)
        call_unknown("a rename into or out of the mount");
    if (!from.node || !to.folder)
        return call_fail(ENOENT);
    if (!call_names(from.mount, from.folder, from.name))
        return -1;
    if (to.node)
        disk_grasp(to.mount, to.node);
    if (REAL(renameat2, old_fd, old, new_fd, new, 0) != 0)
        return -1;
    if (from.node != to.node)
        names_move(&from.mount->names, from.folder, from.name, to.folder, to.name);
    return call_end(from.mount, 0);
}

/* ---- bytes ---- */

static size_t
call_gather(const struct iovec *parts, int count, uint8_t *to, size_t size)
{
    size_t done = 0;
    for (int i = 0; i < count && done < size; i++) {
        size_t left = size - done, n = parts[i].iov_len < left ? parts[i].iov_len : left;
        if (n > 0)
            memcpy(to + done, parts[i].iov_base, n);
        done += n;
    }
    return done;
}

/* A prefix, in sectors where it has several; not the whole. A short write does at least a byte. */
static size_t
call_prefix(mount_t *self, disk_verdict_t verdict, uint64_t offset, size_t size)
{
    uint64_t first = offset / DISK_SECTOR, last = (offset + size - 1) / DISK_SECTOR;
    size_t part = 0;
    if (last > first)
        part = (size_t)((first + disk_draw(self, (uint32_t)(last - first + 1))) * DISK_SECTOR);
    part = part > offset ? (size_t)(part - offset) : 0;
    return verdict == DISK_SHORT && part == 0 ? 1 : part;
}

static ssize_t
call_put(mount_t *self, const opened_t *file, const struct iovec *parts, int count, uint64_t offset)
{
    size_t size = 0;
    int trouble;
    node_t *node = file->node;
    for (int i = 0; i < count; i++)
        size += parts[i].iov_len;
    if (size == 0)
        return 0;
    if (node->fd < 0)
        return call_fail(EBADF);
    disk_verdict_t verdict = disk_ask(self, DISK_WRITE, node, NULL, offset, size, &trouble);
    int part = call_part(verdict);
    if (part == PART_SOME)
        size = call_prefix(self, verdict, offset, size);
    if (part == PART_NOTHING || size == 0)
        return call_fail(trouble);
    uint8_t *bytes = shadow_begin(&node->shadow, node->fd, offset, size);
    (void)call_gather(parts, count, bytes, size);
    ssize_t n = (ssize_t)REAL(pwrite64, node->fd, bytes, size, offset);
    shadow_end(&node->shadow, n > 0 ? (size_t)n : 0);
    if (n > 0 && file->durable && verdict != DISK_DIE_DURING)
        shadow_settle_newest(&node->shadow);
    return self->dead ? call_fail(EIO) : n;
}

ssize_t
call_write(int fd, const struct iovec *parts, int count)
{
    mount_t *self = disk_mounted();
    const opened_t *file = call_opened(self, fd);
    if (!file)
        return REAL(writev, fd, parts, count);
    uint64_t offset = file->append ? file->node->shadow.size : (uint64_t)lseek(fd, 0, SEEK_CUR);
    ssize_t n = call_put(self, file, parts, count, offset);
    if (n > 0)
        (void)lseek(fd, (off_t)offset + n, SEEK_SET);
    return n;
}

ssize_t
call_pwrite(int fd, const struct iovec *parts, int count, off_t offset)
{
    mount_t *self = disk_mounted();
    const opened_t *file = call_opened(self, fd);
    return file ? call_put(self, file, parts, count, (uint64_t)offset)
                : REAL(pwritev, fd, parts, count, offset, 0);
}

/* A new size; false when it does not come about, with errno. */
static bool
call_resize(mount_t *self, node_t *node, uint64_t size)
{
    int trouble;
    disk_verdict_t verdict = disk_ask(self, DISK_SIZE, node, NULL, size, 0, &trouble);
    int part = call_part(verdict);
    if (part == PART_SOME)
        part = disk_draw(self, 2) ? PART_ALL : PART_NOTHING;
    if (part == PART_ALL && node->shadow.size != size) {
        shadow_resize(&node->shadow, node->fd, size);
        if (REAL(ftruncate, node->fd, size) != 0)
            call_unknown("an ftruncate that fails");
    }
    if (part == PART_ALL && !self->dead)
        return true;
    errno = self->dead ? EIO : trouble;
    return false;
}

int
call_ftruncate(int fd, off_t size)
{
    mount_t *self = disk_mounted();
    const opened_t *file = call_opened(self, fd);
    if (!file)
        return (int)REAL(ftruncate, fd, size);
    if (file->node->fd < 0)
        return call_fail(EBADF);
    return call_resize(self, file->node, (uint64_t)size) ? 0 : -1;
}

int
call_fallocate(int fd, int mode, off_t offset, off_t size)
{
    mount_t *self = disk_mounted();
    const opened_t *file = call_opened(self, fd);
    if (!file)
        return (int)REAL(fallocate, fd, mode, offset, size);
    if (mode != 0 && mode != FALLOC_FL_KEEP_SIZE)
        call_unknown("this kind of fallocate");
    uint64_t end = (uint64_t)(offset + size), now = file->node->shadow.size;
    if (file->node->fd < 0)
        return call_fail(EBADF);
    return call_resize(self, file->node, mode == 0 && end > now ? end : now) ? 0 : -1;
}

int
call_sync(int fd, bool data)
{
    mount_t *self = disk_mounted();
    const opened_t *file = call_opened(self, fd);
    if (!file)
        return (int)(data ? REAL(fdatasync, fd) : REAL(fsync, fd));
    node_t *node = file->node;
    int trouble;
    disk_kind_t kind = node->folder ? DISK_SYNC_DIR : DISK_SYNC;
    disk_verdict_t verdict = disk_ask(self, kind, node, NULL, 0, 0, &trouble);
    int part = call_part(verdict);
    shadow_loss_t loss = disk_loss(self, 0);
    if (part == PART_ALL && node->folder)
        names_sync(&self->names, node);
    else if (part == PART_ALL)
        shadow_sync(&node->shadow);
    else if (part == PART_SOME && node->folder)
        names_sync_part(&self->names, node, &loss);
    else if (part == PART_SOME)
        shadow_sync_part(&node->shadow, &loss);
    else if (verdict == DISK_FAIL && !node->folder)
        shadow_lose(&node->shadow);
    return part == PART_NOTHING ? call_fail(trouble) : call_end(self, 0);
}

int
call_close(int fd)
{
    mount_t *self = disk_mounted();
    opened_t *file = call_opened(self, fd);
    if (file) {
        node_t *node = file->node;
        *file = (opened_t){ .node = NULL };
        node->open--;
        disk_loosen(node);
        node_drop(node);
    }
    return (int)REAL(close, fd);
}

int
call_linkat(int old_fd, const char *old, int new_fd, const char *new, int flags)
{
    if (place_of(old_fd, old).mount || place_of(new_fd, new).mount)
        call_unknown("a second name of a file");
    return (int)REAL(linkat, old_fd, old, new_fd, new, flags);
}
