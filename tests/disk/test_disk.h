/* test_disk - what the tests of the simulator's disk share: one that is mounted for each, with a
 * trap. */
#ifndef TEST_DISK_H
#define TEST_DISK_H
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "store/folder.h"
#include "store/journal.h"
#include "store/state.h"
#include "tests/disk/disk.h"
#include "tests/unit/scratch.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { ROUNDS = 200, BLOCK = 4096 };

static char scratch[SCRATCH_PATH_MAX], root[SCRATCH_PATH_MAX + 8], image[SCRATCH_PATH_MAX + 8];
static uint64_t seed;
static int folder_fd;
static struct {
    disk_kind_t kind;
    disk_verdict_t verdict;
    int trouble;
    uint32_t after; /* so many operations of the kind go on before */
    bool armed;
    disk_op_t op;
    char path[64];
} plan;

static inline uint32_t
chance(void *argument, uint32_t bound)
{
    (void)argument;
    return (uint32_t)(scratch_random(&seed) % bound);
}

static inline disk_verdict_t
watch(void *argument, const disk_op_t *op, int *trouble)
{
    (void)argument;
    plan.op = *op;
    snprintf(plan.path, sizeof plan.path, "%s", op->path);
    if (!plan.armed || op->kind != plan.kind || plan.after-- > 0)
        return DISK_GO;
    plan.armed = false;
    *trouble = plan.trouble;
    return plan.verdict;
}

static inline void
arm(disk_kind_t kind, disk_verdict_t verdict, int trouble)
{
    plan.kind = kind;
    plan.verdict = verdict;
    plan.trouble = trouble;
    plan.after = 0;
    plan.armed = true;
}

static inline int
mount(void **state)
{
    (void)state;
    scratch_make(scratch);
    snprintf(root, sizeof root, "%s/root", scratch);
    snprintf(image, sizeof image, "%s/image", scratch);
    assert_int_equal(mkdir(root, 0700), 0);
    disk_mount(&(disk_options_t){ .root = root, .watch = watch, .chance = chance });
    folder_fd = open(root, O_RDONLY | O_DIRECTORY);
    assert_true(folder_fd >= 0);
    plan.armed = false;
    return 0;
}

static inline int
unmount(void **state)
{
    (void)state;
    disk_revive();
    disk_unmount();
    scratch_remove(scratch);
    return 0;
}

/* ---- short ways ---- */

static inline void
fill(uint8_t bytes[BLOCK], uint8_t with)
{
    memset(bytes, with, BLOCK);
}

static inline int
put(int fd, off_t offset, uint8_t with, size_t size)
{
    uint8_t bytes[BLOCK];
    fill(bytes, with);
    return (int)pwrite(fd, bytes, size, offset);
}

/* A file whose name and content, a block of 'a', are durable. */
static inline int
durable_file(const char *name, int flags)
{
    int fd = openat(folder_fd, name, O_RDWR | O_CREAT | flags, 0600);
    assert_true(fd >= 0);
    assert_int_equal(put(fd, 0, 'a', BLOCK), BLOCK);
    assert_int_equal(fsync(fd), 0);
    assert_int_equal(fsync(folder_fd), 0);
    return fd;
}

static inline void
image_make(uint32_t percent)
{
    if (access(image, F_OK) == 0)
        scratch_remove(image);
    assert_int_equal(mkdir(image, 0700), 0);
    disk_image(image, percent);
}

/* The size of a file of the image and its bytes; -1 when it is absent. */
static inline ssize_t
image_read(const char *name, uint8_t *bytes, size_t room)
{
    char path[SCRATCH_PATH_MAX + 64];
    snprintf(path, sizeof path, "%s/%s", image, name);
    int fd = open(path, O_RDONLY);
    if (fd < 0)
        return -1;
    ssize_t n = read(fd, bytes, room);
    close(fd);
    return n;
}

static inline bool
image_has(const char *name)
{
    uint8_t byte;
    return image_read(name, &byte, 1) >= 0;
}

static inline uint8_t
image_byte(const char *name, size_t at)
{
    uint8_t bytes[4 * BLOCK];
    assert_true(image_read(name, bytes, sizeof bytes) > (ssize_t)at);
    return bytes[at];
}

static inline void
cut_power(void)
{
    disk_die();
    disk_revive();
    disk_die();
    disk_power_loss();
    disk_revive();
    folder_fd = open(root, O_RDONLY | O_DIRECTORY);
}

#define T(name) cmocka_unit_test_setup_teardown(name, mount, unmount)
#endif
