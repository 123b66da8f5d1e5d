/* disk - see disk.h for the contract: mounts, verdicts, and what a power loss leaves. */
#include "tests/disk/disk.h"
#include "tests/disk/inside.h"
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The real file system, whatever libc's names mean in this program. */
#define REAL(call, ...) syscall(SYS_##call, __VA_ARGS__)

static mount_t *newest;

mount_t *
disk_mounted(void)
{
    return newest;
}

uint32_t
disk_draw(mount_t *self, uint32_t bound)
{
    return self->options.chance(self->options.argument, bound);
}

shadow_loss_t
disk_loss(mount_t *self, uint32_t share)
{
    return (shadow_loss_t){ .chance = self->options.chance,
                            .argument = self->options.argument,
                            .share = share,
                            .counts = &self->counts };
}

disk_verdict_t
disk_ask(mount_t *self, disk_kind_t kind, const node_t *node, const char *name, uint64_t offset,
         uint64_t size, int *trouble)
{
    char path[NAMES_PATH_MAX];
    *trouble = EIO;
    if (self->dead)
        return DISK_DIE_BEFORE;
    self->counts.ops[kind]++;
    if (!self->options.watch)
        return DISK_GO;
    node_path(node, path);
    if (name) {
        size_t at = strlen(path);
        (void)snprintf(path + at, sizeof path - at, "%s%s", at ? "/" : "", name);
    }
    disk_op_t op = { .kind = kind, .path = path, .offset = offset, .size = size };
    disk_verdict_t verdict = self->options.watch(self->options.argument, &op, trouble);
    if (verdict == DISK_DIE_BEFORE || verdict == DISK_DIE_DURING || verdict == DISK_DIE_AFTER) {
        self->dead = true;
        *trouble = EIO;
    }
    return verdict;
}

void
disk_real_path(const mount_t *self, const node_t *node, char path[NAMES_PATH_MAX])
{
    char below[NAMES_PATH_MAX];
    node_path(node, below);
    int n = snprintf(path, NAMES_PATH_MAX, "%s/%s", self->root, below);
    assert(n < NAMES_PATH_MAX);
}

void
disk_grasp(mount_t *self, node_t *node)
{
    char path[NAMES_PATH_MAX];
    if (node->folder || node->fd >= 0 || !node->folder_of)
        return;
    disk_real_path(self, node, path);
    node->fd = (int)REAL(openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0);
    assert(node->fd >= 0);
}

void
disk_loosen(node_t *node)
{
    if (node->fd < 0 || node->open > 0 || node->shadow.count > 0 || !node->folder_of)
        return;
    (void)REAL(close, node->fd);
    node->fd = -1;
    shadow_free(&node->shadow);
}

/* ---- mounts ---- */

static void
disk_scan(mount_t *self, node_t *folder)
{
    char path[NAMES_PATH_MAX];
    disk_real_path(self, folder, path);
    DIR *directory = opendir(path);
    assert(directory);
    for (struct dirent *item; (item = readdir(directory)) != NULL;)
        if (strcmp(item->d_name, ".") != 0 && strcmp(item->d_name, "..") != 0)
            (void)disk_adopt(self, folder, item->d_name);
    (void)closedir(directory);
}

node_t *
disk_adopt(mount_t *self, node_t *folder, const char *name)
{
    char path[NAMES_PATH_MAX];
    struct stat status;
    disk_real_path(self, folder, path);
    size_t at = strlen(path);
    (void)snprintf(path + at, sizeof path - at, "/%s", name);
    if (lstat(path, &status) != 0)
        return NULL;
    node_t *node = node_new(S_ISDIR(status.st_mode));
    node->shadow.size = node->shadow.durable_size = (uint64_t)status.st_size;
    names_adopt(folder, name, node);
    if (node->folder)
        disk_scan(self, node);
    return node;
}

void
disk_mount(const disk_options_t *options)
{
    mount_t *self = calloc(1, sizeof *self);
    char root[4096];
    assert(self && realpath(options->root, root));
    assert(strlen(root) < sizeof self->root / 2);
    strcpy(self->root, root);
    self->root_size = strlen(root);
    self->options = *options;
    self->outer = newest;
    names_init(&self->names);
    disk_scan(self, self->names.root);
    newest = self;
}

void
disk_unmount(void)
{
    mount_t *self = newest;
    for (int fd = 0; fd < self->opened_room; fd++)
        assert(!self->opened[fd].node);
    names_free(&self->names);
    free(self->opened);
    free(self->content);
    newest = self->outer;
    free(self);
}

bool
disk_dead(void)
{
    return newest->dead;
}

void
disk_die(void)
{
    newest->dead = true;
}

void
disk_revive(void)
{
    mount_t *self = newest;
    for (int fd = 0; fd < self->opened_room; fd++)
        if (self->opened[fd].node)
            (void)close(fd);
    self->dead = false;
}

const disk_counts_t *
disk_counts(void)
{
    return &newest->counts;
}

static uint32_t
disk_pending_in(const node_t *node)
{
    uint32_t count = node->shadow.count;
    for (uint32_t i = 0; i < node->count; i++)
        if (node->entries[i].now)
            count += disk_pending_in(node->entries[i].now);
    return count;
}

uint32_t
disk_pending(void)
{
    return newest->names.count + disk_pending_in(newest->names.root);
}

/* ---- what a power loss leaves ---- */

static void
disk_write_whole(const char *path, int flags, const uint8_t *bytes, uint64_t size)
{
    int fd = (int)REAL(openat, AT_FDCWD, path, flags | O_WRONLY | O_CLOEXEC, 0600);
    assert(fd >= 0);
    for (uint64_t at = 0; at < size;) {
        long n = REAL(write, fd, bytes + at, size - at);
        assert(n > 0);
        at += (uint64_t)n;
    }
    (void)REAL(close, fd);
}

/* Put into the mount's scratch what a power loss may leave of a file; its size. */
static uint64_t
disk_content(mount_t *self, node_t *node, const shadow_loss_t *loss)
{
    uint64_t room = shadow_reach(&node->shadow), at = 0;
    if (room + 1 > self->content_room) {
        free(self->content);
        self->content_room = 2 * room + 1;
        self->content = malloc(self->content_room);
        assert(self->content);
    }
    bool grasped = node->fd >= 0;
    disk_grasp(self, node);
    while (at < node->shadow.size) {
        long n = REAL(pread64, node->fd, self->content + at, node->shadow.size - at, at);
        assert(n >= 0);
        if (n == 0)
            break;
        at += (uint64_t)n;
    }
    memset(self->content + at, 0, room - at);
    if (!grasped)
        disk_loosen(node);
    return shadow_cut(&node->shadow, self->content, loss);
}

/* With `move`, files that have a name go there themselves. */
static void
disk_leave_file(mount_t *self, node_t *node, const char *to, bool move, const shadow_loss_t *loss)
{
    char path[NAMES_PATH_MAX];
    bool whole = node->shadow.count > 0 || node->shadow.size != node->shadow.durable_size;
    if (!move || !node->folder_of || whole) {
        uint64_t size = disk_content(self, node, loss);
        disk_write_whole(to, O_CREAT | O_TRUNC, self->content, size);
    } else {
        disk_real_path(self, node, path);
        long rc = REAL(renameat2, AT_FDCWD, path, AT_FDCWD, to, 0);
        assert(rc == 0);
    }
}

static void
disk_leave(mount_t *self, node_t *folder, const char *to, bool move, const shadow_loss_t *loss)
{
    char path[2 * NAMES_PATH_MAX];
    for (uint32_t i = 0; i < folder->count; i++) {
        node_t *node = folder->entries[i].left;
        if (!node)
            continue;
        int n = snprintf(path, sizeof path, "%s/%s", to, folder->entries[i].name);
        assert((size_t)n < sizeof path);
        if (!node->folder) {
            disk_leave_file(self, node, path, move, loss);
            continue;
        }
        long rc = REAL(mkdirat, AT_FDCWD, path, 0700);
        assert(rc == 0);
        disk_leave(self, node, path, move, loss);
    }
}

/* The share of this loss: with "chance for each" it is another one every time, so that nearly
 * nothing and nearly everything are lost about as often as the half. */
static shadow_loss_t
disk_loss_of(mount_t *self, uint32_t percent)
{
    shadow_loss_t loss = disk_loss(self, percent);
    if (percent > 100)
        loss.share = 1 + disk_draw(self, 99);
    return loss;
}

void
disk_image(const char *to, uint32_t percent)
{
    mount_t *self = newest;
    shadow_loss_t loss = disk_loss_of(self, percent);
    names_cut(&self->names, &loss);
    disk_leave(self, self->names.root, to, false, &loss);
}

static void
disk_remove_below(const char *path)
{
    char below[2 * NAMES_PATH_MAX];
    DIR *directory = opendir(path);
    assert(directory);
    for (struct dirent *item; (item = readdir(directory)) != NULL;) {
        if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0)
            continue;
        (void)snprintf(below, sizeof below, "%s/%s", path, item->d_name);
        if (REAL(unlinkat, AT_FDCWD, below, 0) == 0)
            continue;
        disk_remove_below(below);
        (void)REAL(unlinkat, AT_FDCWD, below, AT_REMOVEDIR);
    }
    (void)closedir(directory);
}

/* What is left is put together beside the root and takes its place. */
void
disk_power_loss(void)
{
    mount_t *self = newest;
    char beside[NAMES_PATH_MAX + 8];
    assert(self->dead);
    for (int fd = 0; fd < self->opened_room; fd++)
        assert(!self->opened[fd].node);
    (void)snprintf(beside, sizeof beside, "%s.left", self->root);
    long rc = REAL(mkdirat, AT_FDCWD, beside, 0700);
    assert(rc == 0);
    shadow_loss_t loss = disk_loss_of(self, 101);
    names_cut(&self->names, &loss);
    disk_leave(self, self->names.root, beside, true, &loss);
    names_free(&self->names);
    disk_remove_below(self->root);
    rc = REAL(renameat2, AT_FDCWD, beside, AT_FDCWD, self->root, 0);
    assert(rc == 0);
    names_init(&self->names);
    disk_scan(self, self->names.root);
}
