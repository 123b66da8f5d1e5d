/* test_disk - what the disk of the simulator promises, and what it may take back. */
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

static uint32_t
chance(void *argument, uint32_t bound)
{
    (void)argument;
    return (uint32_t)(scratch_random(&seed) % bound);
}

static disk_verdict_t
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

static void
arm(disk_kind_t kind, disk_verdict_t verdict, int trouble)
{
    plan.kind = kind;
    plan.verdict = verdict;
    plan.trouble = trouble;
    plan.after = 0;
    plan.armed = true;
}

static int
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

static int
unmount(void **state)
{
    (void)state;
    disk_revive();
    disk_unmount();
    scratch_remove(scratch);
    return 0;
}

/* ---- short ways ---- */

static void
fill(uint8_t bytes[BLOCK], uint8_t with)
{
    memset(bytes, with, BLOCK);
}

static int
put(int fd, off_t offset, uint8_t with, size_t size)
{
    uint8_t bytes[BLOCK];
    fill(bytes, with);
    return (int)pwrite(fd, bytes, size, offset);
}

/* A file whose name and content, a block of 'a', are durable. */
static int
durable_file(const char *name, int flags)
{
    int fd = openat(folder_fd, name, O_RDWR | O_CREAT | flags, 0600);
    assert_true(fd >= 0);
    assert_int_equal(put(fd, 0, 'a', BLOCK), BLOCK);
    assert_int_equal(fsync(fd), 0);
    assert_int_equal(fsync(folder_fd), 0);
    return fd;
}

static void
image_make(uint32_t percent)
{
    if (access(image, F_OK) == 0)
        scratch_remove(image);
    assert_int_equal(mkdir(image, 0700), 0);
    disk_image(image, percent);
}

/* The size of a file of the image and its bytes; -1 when it is absent. */
static ssize_t
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

static bool
image_has(const char *name)
{
    uint8_t byte;
    return image_read(name, &byte, 1) >= 0;
}

static uint8_t
image_byte(const char *name, size_t at)
{
    uint8_t bytes[4 * BLOCK];
    assert_true(image_read(name, bytes, sizeof bytes) > (ssize_t)at);
    return bytes[at];
}

static void
cut_power(void)
{
    disk_die();
    disk_revive();
    disk_die();
    disk_power_loss();
    disk_revive();
    folder_fd = open(root, O_RDONLY | O_DIRECTORY);
}

/* ---- bytes ---- */

static void
test_synced_writes_stay(void **state)
{
    (void)state;
    int fd = durable_file("f", 0);
    assert_int_equal(put(fd, BLOCK, 'b', BLOCK), BLOCK);
    assert_int_equal(fdatasync(fd), 0);
    assert_int_equal(disk_pending(), 0);
    image_make(100);
    assert_int_equal(image_byte("f", 0), 'a');
    assert_int_equal(image_byte("f", 2 * BLOCK - 1), 'b');
    close(fd);
}

static void
test_all_unsynced_writes_can_be_lost(void **state)
{
    (void)state;
    int fd = durable_file("f", 0);
    put(fd, 0, 'b', BLOCK);
    put(fd, 100, 'c', 5000 - BLOCK);
    put(fd, BLOCK, 'd', BLOCK);
    assert_int_equal(disk_pending(), 3);
    uint8_t bytes[4 * BLOCK], right[BLOCK];
    fill(right, 'a');
    image_make(100);
    assert_int_equal(image_read("f", bytes, sizeof bytes), BLOCK);
    assert_memory_equal(bytes, right, BLOCK);
    image_make(0);
    assert_int_equal(image_read("f", bytes, sizeof bytes), 2 * BLOCK);
    assert_int_equal(bytes[0], 'b');
    assert_int_equal(bytes[100], 'c');
    assert_int_equal(bytes[BLOCK], 'd');
    close(fd);
}

/* Three writes of one sector over one another: every one of them, or none, can be the last. */
static void
test_any_subset_survives(void **state)
{
    (void)state;
    uint32_t seen[256] = { 0 };
    int fd = durable_file("f", 0);
    put(fd, 0, 'b', DISK_SECTOR);
    put(fd, 0, 'c', DISK_SECTOR);
    put(fd, 0, 'd', DISK_SECTOR);
    for (int i = 0; i < ROUNDS; i++) {
        image_make(101);
        seen[image_byte("f", 0)]++;
    }
    assert_true(seen['a'] && seen['b'] && seen['c'] && seen['d']);
    assert_int_equal(seen['a'] + seen['b'] + seen['c'] + seen['d'], ROUNDS);
    assert_true(disk_counts()->dropped > 0);
    close(fd);
}

static void
test_a_torn_write_is_torn_between_sectors(void **state)
{
    (void)state;
    uint8_t bytes[BLOCK];
    uint32_t torn = 0;
    int fd = durable_file("f", 0);
    put(fd, 0, 'b', BLOCK);
    for (int i = 0; i < ROUNDS; i++) {
        image_make(101);
        assert_int_equal(image_read("f", bytes, BLOCK), BLOCK);
        uint32_t changes = 0;
        for (size_t at = 0; at < BLOCK; at++) {
            assert_true(bytes[at] == 'a' || bytes[at] == 'b');
            if (at > 0 && bytes[at] != bytes[at - 1]) {
                assert_int_equal(at % DISK_SECTOR, 0);
                changes++;
            }
        }
        torn += changes > 0;
    }
    assert_true(torn > 0 && torn < ROUNDS);
    assert_true(disk_counts()->torn > 0);
    close(fd);
}

static void
test_a_size_is_between_the_durable_and_the_newest(void **state)
{
    (void)state;
    uint8_t bytes[4 * BLOCK];
    bool least = false, most = false;
    int fd = durable_file("f", 0);
    assert_int_equal(fallocate(fd, 0, 0, 2 * BLOCK), 0);
    put(fd, 2 * BLOCK, 'b', BLOCK);
    for (int i = 0; i < ROUNDS; i++) {
        image_make(101);
        ssize_t size = image_read("f", bytes, sizeof bytes);
        assert_true(size >= BLOCK && size <= 3 * BLOCK);
        for (ssize_t at = BLOCK; at < size && at < 2 * BLOCK; at++)
            assert_int_equal(bytes[at], 0);
        least |= size == BLOCK;
        most |= size == 3 * BLOCK;
    }
    assert_true(least && most);
    close(fd);
}

static void
test_a_cut_file_gets_its_bytes_back(void **state)
{
    (void)state;
    uint8_t bytes[2 * BLOCK], right[BLOCK];
    int fd = durable_file("f", 0);
    assert_int_equal(ftruncate(fd, 10), 0);
    assert_int_equal(ftruncate(fd, BLOCK), 0);
    image_make(0);
    assert_int_equal(image_read("f", bytes, sizeof bytes), BLOCK);
    assert_int_equal(bytes[10], 0);
    image_make(100);
    fill(right, 'a');
    assert_int_equal(image_read("f", bytes, sizeof bytes), BLOCK);
    assert_memory_equal(bytes, right, BLOCK);
    close(fd);
}

static void
test_only_the_synchronous_write_is_durable(void **state)
{
    (void)state;
    int fd = durable_file("f", 0), durable_fd = openat(folder_fd, "f", O_WRONLY | O_DSYNC);
    put(fd, 0, 'b', DISK_SECTOR);
    put(fd, 2 * DISK_SECTOR, 'b', DISK_SECTOR);
    put(durable_fd, 0, 'c', 100);
    image_make(100);
    assert_int_equal(image_byte("f", 0), 'c');
    assert_int_equal(image_byte("f", 99), 'c');
    assert_int_equal(image_byte("f", 100), 'a');
    assert_int_equal(image_byte("f", 2 * DISK_SECTOR), 'a');
    for (int i = 0; i < ROUNDS; i++) {
        image_make(101);
        assert_int_equal(image_byte("f", 0), 'c');
    }
    close(fd);
    close(durable_fd);
}

static void
test_write_and_writev_move_on(void **state)
{
    (void)state;
    char one[] = "one", two[] = "two";
    struct iovec parts[] = { { one, 3 }, { two, 3 } };
    uint8_t bytes[64];
    int fd = openat(folder_fd, "f", O_RDWR | O_CREAT, 0600);
    assert_int_equal(write(fd, "zero", 4), 4);
    assert_int_equal(writev(fd, parts, 2), 6);
    assert_int_equal(lseek(fd, 0, SEEK_CUR), 10);
    assert_int_equal(pwritev(fd, parts, 2, 1), 6);
    assert_int_equal(pread(fd, bytes, sizeof bytes, 0), 10);
    assert_memory_equal(bytes, "zonetwotwo", 10);
    assert_int_equal(disk_counts()->ops[DISK_WRITE], 3);
    assert_string_equal(plan.path, "f");
    assert_int_equal(plan.op.offset, 1);
    assert_int_equal(plan.op.size, 6);
    close(fd);
}

/* ---- failures ---- */

static void
test_a_failed_write_changes_nothing(void **state)
{
    (void)state;
    int fd = durable_file("f", 0);
    arm(DISK_WRITE, DISK_FAIL, ENOSPC);
    assert_int_equal(put(fd, 0, 'b', BLOCK), -1);
    assert_int_equal(errno, ENOSPC);
    assert_int_equal(disk_pending(), 0);
    assert_int_equal(put(fd, 0, 'b', BLOCK), BLOCK);
    close(fd);
}

static void
test_a_short_write_says_so(void **state)
{
    (void)state;
    int fd = durable_file("f", 0);
    for (int i = 0; i < ROUNDS; i++) {
        arm(DISK_WRITE, DISK_SHORT, 0);
        int n = put(fd, 0, 'b', i % 2 ? BLOCK : 2);
        assert_true(n >= 1 && n < (i % 2 ? BLOCK : 2));
    }
    close(fd);
}

static void
test_what_a_failed_sync_lost_no_later_sync_brings_back(void **state)
{
    (void)state;
    int fd = durable_file("f", 0);
    put(fd, 0, 'b', DISK_SECTOR);
    put(fd, DISK_SECTOR, 'b', DISK_SECTOR);
    arm(DISK_SYNC, DISK_FAIL, EIO);
    assert_int_equal(fdatasync(fd), -1);
    assert_int_equal(errno, EIO);
    put(fd, 2 * DISK_SECTOR, 'c', DISK_SECTOR);
    assert_int_equal(fdatasync(fd), 0);
    image_make(100);
    assert_int_equal(image_byte("f", 0), 'a');
    assert_int_equal(image_byte("f", DISK_SECTOR), 'a');
    assert_int_equal(image_byte("f", 2 * DISK_SECTOR), 'c');
    /* written again, it is safe */
    put(fd, 100, 'd', DISK_SECTOR);
    assert_int_equal(fdatasync(fd), 0);
    image_make(100);
    assert_int_equal(image_byte("f", 99), 'a');
    assert_int_equal(image_byte("f", 100), 'd');
    assert_int_equal(image_byte("f", 99 + DISK_SECTOR), 'd');
    assert_int_equal(image_byte("f", 100 + DISK_SECTOR), 'a');
    image_make(0);
    assert_int_equal(image_byte("f", 99), 'b');
    assert_int_equal(image_byte("f", 100 + DISK_SECTOR), 'b');
    put(fd, 0, 'e', BLOCK);
    assert_int_equal(fdatasync(fd), 0);
    assert_int_equal(disk_pending(), 0);
    close(fd);
}

/* ---- names ---- */

static void
test_a_file_without_a_durable_name_is_gone(void **state)
{
    (void)state;
    int fd = openat(folder_fd, "f", O_RDWR | O_CREAT, 0600);
    put(fd, 0, 'a', BLOCK);
    assert_int_equal(fsync(fd), 0);
    image_make(100);
    assert_false(image_has("f"));
    image_make(0);
    assert_true(image_has("f"));
    assert_int_equal(fsync(folder_fd), 0);
    image_make(100);
    assert_int_equal(image_byte("f", 0), 'a');
    close(fd);
}

static void
test_names_survive_as_a_prefix(void **state)
{
    (void)state;
    uint32_t seen[5] = { 0 };
    close(openat(folder_fd, "1", O_RDWR | O_CREAT, 0600));
    close(openat(folder_fd, "2", O_RDWR | O_CREAT, 0600));
    assert_int_equal(renameat(folder_fd, "1", folder_fd, "3"), 0);
    assert_int_equal(unlinkat(folder_fd, "2", 0), 0);
    for (int i = 0; i < ROUNDS; i++) {
        image_make(101);
        bool one = image_has("1"), two = image_has("2"), three = image_has("3");
        if (!one && !two && !three)
            seen[0]++;
        else if (one && !two && !three)
            seen[1]++;
        else if (one && two && !three)
            seen[2]++;
        else if (!one && two && three)
            seen[3]++;
        else if (!one && !two && three)
            seen[4]++;
        else
            fail_msg("1: %d, 2: %d, 3: %d", one, two, three);
    }
    for (int i = 0; i < 5; i++)
        assert_true(seen[i] > 0);
}

static void
test_a_removed_file_can_come_back(void **state)
{
    (void)state;
    int fd = durable_file("f", 0), other = durable_file("g", 0);
    put(other, 0, 'g', BLOCK);
    fsync(other);
    close(fd);
    close(other);
    assert_int_equal(renameat(folder_fd, "g", folder_fd, "f"), 0);
    assert_int_equal(unlinkat(folder_fd, "f", 0), 0);
    image_make(100);
    assert_int_equal(image_byte("f", 0), 'a');
    assert_int_equal(image_byte("g", 0), 'g');
    cut_power();
    fsync(folder_fd);
    image_make(100);
    assert_false(image_has("f") && image_byte("f", 0) == 'a' && !image_has("g"));
}

/* A change of two folders happens in both or in neither, and a sync of one makes it durable. */
static void
test_a_move_between_folders_is_whole(void **state)
{
    (void)state;
    uint32_t there = 0;
    char path[SCRATCH_PATH_MAX + 64];
    snprintf(path, sizeof path, "%s/old", root);
    assert_int_equal(mkdir(path, 0700), 0);
    close(durable_file("f", 0));
    int old = open(path, O_RDONLY | O_DIRECTORY);
    close(openat(old, "x", O_RDWR | O_CREAT, 0600));
    assert_int_equal(renameat(folder_fd, "f", old, "f"), 0);
    assert_string_equal(plan.path, "f");
    for (int i = 0; i < ROUNDS; i++) {
        image_make(101);
        assert_int_equal(image_has("f") + image_has("old/f"), 1);
        assert_true(!image_has("old/f") || image_has("old/x"));
        there += image_has("old/f");
    }
    assert_true(there > 0 && there < ROUNDS);
    assert_int_equal(fsync(old), 0);
    image_make(100);
    assert_false(image_has("f"));
    assert_true(image_has("old/f"));
    close(old);
}

static void
test_a_path_goes_up_and_down(void **state)
{
    (void)state;
    char path[SCRATCH_PATH_MAX + 64], error[512];
    snprintf(path, sizeof path, "%s/one/two", root);
    assert_int_equal(folder_make(path, error), 0);
    snprintf(path, sizeof path, "%s/one/./two/../two/", root);
    int fd = open(path, O_RDONLY | O_DIRECTORY);
    close(openat(fd, "f", O_RDWR | O_CREAT, 0600));
    assert_string_equal(plan.path, "one/two/f");
    assert_int_equal(fsync(fd), 0);
    image_make(100);
    assert_true(image_has("one/two/f"));
    close(fd);
}

/* Whoever makes a folder can die before its name is durable. The next one finds it there, and must
 * not rely on a name that a power cut may still take, with all that is inside. */
static void
test_a_folder_that_was_found_has_a_durable_name(void **state)
{
    (void)state;
    char path[SCRATCH_PATH_MAX + 64], error[512];
    snprintf(path, sizeof path, "%s/p0/state", root);
    arm(DISK_SYNC_DIR, DISK_DIE_BEFORE, 0);
    assert_int_equal(folder_make(path, error), -1);
    disk_revive();
    folder_fd = open(root, O_RDONLY | O_DIRECTORY);
    assert_int_equal(folder_make(path, error), 0);
    image_make(100);
    snprintf(path, sizeof path, "%s/p0/state", image);
    assert_int_equal(access(path, F_OK), 0);
}

/* ---- death ---- */

static void
test_after_death_nothing_changes(void **state)
{
    (void)state;
    char path[SCRATCH_PATH_MAX + 64];
    uint8_t byte;
    int fd = durable_file("f", 0);
    snprintf(path, sizeof path, "%s/g", root);
    disk_die();
    assert_true(disk_dead());
    errno = 0;
    assert_int_equal(put(fd, 0, 'b', BLOCK), -1);
    assert_int_equal(errno, EIO);
    assert_int_equal(ftruncate(fd, 0), -1);
    assert_int_equal(fallocate(fd, 0, 0, 9 * BLOCK), -1);
    assert_int_equal(fdatasync(fd), -1);
    assert_int_equal(fsync(folder_fd), -1);
    assert_int_equal(openat(folder_fd, "g", O_RDWR | O_CREAT, 0600), -1);
    assert_int_equal(openat(folder_fd, "f", O_RDWR | O_TRUNC), -1);
    assert_int_equal(renameat(folder_fd, "f", folder_fd, "g"), -1);
    assert_int_equal(unlinkat(folder_fd, "f", 0), -1);
    assert_int_equal(mkdir(path, 0700), -1);
    assert_int_equal(errno, EIO);
    int reader = openat(folder_fd, "f", O_RDONLY);
    assert_int_equal(read(reader, &byte, 1), 1);
    assert_int_equal(byte, 'a');
    disk_revive();
    assert_int_equal(fcntl(fd, F_GETFD), -1);
    assert_int_equal(fcntl(reader, F_GETFD), -1);
    assert_false(disk_dead());
}

static void
test_a_write_dies_before_during_and_after(void **state)
{
    (void)state;
    static const disk_verdict_t how[] = { DISK_DIE_BEFORE, DISK_DIE_DURING, DISK_DIE_AFTER };
    uint8_t bytes[BLOCK];
    for (int i = 0; i < 3 * ROUNDS; i++) {
        int fd = durable_file("f", 0);
        arm(DISK_WRITE, how[i % 3], 0);
        assert_int_equal(put(fd, 0, 'b', BLOCK), -1);
        assert_int_equal(errno, EIO);
        assert_true(disk_dead());
        disk_revive();
        folder_fd = open(root, O_RDONLY | O_DIRECTORY);
        fd = openat(folder_fd, "f", O_RDONLY);
        assert_int_equal(read(fd, bytes, BLOCK), BLOCK);
        size_t done = 0;
        while (done < BLOCK && bytes[done] == 'b')
            done++;
        assert_int_equal(done % DISK_SECTOR, 0);
        if (i % 3 == 0)
            assert_int_equal(done, 0);
        else if (i % 3 == 1)
            assert_true(done < BLOCK);
        else
            assert_int_equal(done, BLOCK);
        close(fd);
    }
}

static void
test_a_sync_dies_before_during_and_after(void **state)
{
    (void)state;
    uint32_t during = 0;
    for (int i = 0; i < 3 * ROUNDS; i++) {
        int fd = durable_file("f", 0);
        put(fd, 0, 'b', DISK_SECTOR);
        put(fd, DISK_SECTOR, 'b', DISK_SECTOR);
        arm(DISK_SYNC, (disk_verdict_t)(DISK_DIE_BEFORE + i % 3), 0);
        assert_int_equal(fdatasync(fd), -1);
        image_make(100);
        int done = (image_byte("f", 0) == 'b') + (image_byte("f", DISK_SECTOR) == 'b');
        assert_int_equal(i % 3 == 1 ? done : i % 3, done);
        during += i % 3 == 1 && done == 1;
        disk_revive();
        folder_fd = open(root, O_RDONLY | O_DIRECTORY);
    }
    assert_true(during > 0);
}

static void
test_names_die_before_and_after(void **state)
{
    (void)state;
    for (int i = 0; i < 3 * ROUNDS; i++) {
        int how = i % 3;
        arm(DISK_NAMES, (disk_verdict_t)(DISK_DIE_BEFORE + how), 0);
        assert_int_equal(openat(folder_fd, "f", O_RDWR | O_CREAT, 0600), -1);
        assert_int_equal(errno, EIO);
        disk_revive();
        folder_fd = open(root, O_RDONLY | O_DIRECTORY);
        bool there = faccessat(folder_fd, "f", F_OK, 0) == 0;
        assert_true(how == 1 || there == (how == 2));
        if (there)
            assert_int_equal(unlinkat(folder_fd, "f", 0), 0);
        arm(DISK_SYNC_DIR, (disk_verdict_t)(DISK_DIE_BEFORE + how), 0);
        close(openat(folder_fd, "g", O_RDWR | O_CREAT, 0600));
        assert_int_equal(fsync(folder_fd), -1);
        image_make(100);
        assert_true(how == 1 || image_has("g") == (how == 2));
        disk_revive();
        folder_fd = open(root, O_RDONLY | O_DIRECTORY);
        assert_int_equal(unlinkat(folder_fd, "g", 0), 0);
        assert_int_equal(fsync(folder_fd), 0);
    }
}

static void
test_a_lock_ends_with_the_process(void **state)
{
    (void)state;
    char error[512];
    int fd = folder_own(root, "test", error);
    assert_true(fd >= 0);
    assert_int_equal(folder_own(root, "test", error), -1);
    disk_die();
    disk_revive();
    assert_true(folder_own(root, "test", error) >= 0);
}

static void
test_a_power_loss_takes_from_the_files(void **state)
{
    (void)state;
    uint8_t bytes[2 * BLOCK];
    uint32_t kept = 0, lost = 0;
    for (int i = 0; i < ROUNDS; i++) {
        int fd = durable_file("f", 0);
        assert_int_equal(ftruncate(fd, BLOCK), 0);
        fsync(fd);
        close(openat(folder_fd, "g", O_RDWR | O_CREAT, 0600));
        put(fd, BLOCK, 'b', DISK_SECTOR);
        cut_power();
        assert_int_equal(disk_pending(), 0);
        fd = openat(folder_fd, "f", O_RDONLY);
        ssize_t n = read(fd, bytes, sizeof bytes);
        close(fd);
        assert_true(n >= BLOCK);
        assert_int_equal(bytes[0], 'a');
        kept += n == BLOCK + DISK_SECTOR && bytes[BLOCK] == 'b';
        lost += n == BLOCK;
        if (unlinkat(folder_fd, "g", 0) == 0)
            kept += ROUNDS;
        fsync(folder_fd);
    }
    assert_true(kept % ROUNDS > 0 && kept > ROUNDS && kept < ROUNDS * ROUNDS);
    assert_true(lost > 0);
}

/* ---- the world around ---- */

static void
test_outside_nothing_is_watched(void **state)
{
    (void)state;
    char path[SCRATCH_PATH_MAX + 64], other[SCRATCH_PATH_MAX + 80];
    disk_counts_t before = *disk_counts();
    disk_die();
    snprintf(path, sizeof path, "%s/rootless", scratch);
    assert_int_equal(mkdir(path, 0700), 0);
    int folder = open(path, O_RDONLY | O_DIRECTORY);
    int fd = openat(folder, "f", O_RDWR | O_CREAT, 0600);
    assert_int_equal(write(fd, "abc", 3), 3);
    assert_int_equal(pwrite(fd, "d", 1, 3), 1);
    assert_int_equal(ftruncate(fd, 2), 0);
    assert_int_equal(fsync(fd), 0);
    assert_int_equal(fdatasync(fd), 0);
    assert_int_equal(fsync(folder), 0);
    assert_int_equal(close(fd), 0);
    assert_int_equal(renameat(folder, "f", folder, "g"), 0);
    snprintf(other, sizeof other, "%s/g", path);
    assert_int_equal(unlink(other), 0);
    close(folder);
    assert_memory_equal(&before, disk_counts(), sizeof before);
}

/* The store and liblmdb really go through here. */
static void
test_a_state_is_watched(void **state)
{
    (void)state;
    char path[SCRATCH_PATH_MAX + 64], error[STATE_ERROR_MAX];
    snprintf(path, sizeof path, "%s/p0/state", root);
    state_options_t options = { .directory = path, .partitions = 1, .inline_io = true };
    state_t *self;
    assert_int_equal(state_open(&self, &options, error), 0);
    const disk_counts_t *counts = disk_counts();
    assert_true(counts->ops[DISK_WRITE] >= 3);
    assert_true(counts->ops[DISK_SYNC] >= 2);
    assert_true(counts->ops[DISK_NAMES] >= 4);
    assert_true(counts->ops[DISK_SYNC_DIR] >= 3);
    state_close(&self);
    for (int i = 0; i < 20; i++) {
        cut_power();
        assert_int_equal(state_open(&self, &options, error), 0);
        state_close(&self);
    }
}

/* Power that goes while a state is made leaves one that is sound, or none. */
static void
test_a_state_is_born_whole(void **state)
{
    (void)state;
    char path[SCRATCH_PATH_MAX + 64], error[STATE_ERROR_MAX];
    snprintf(path, sizeof path, "%s/state", root);
    state_options_t options = { .directory = path, .partitions = 1, .inline_io = true };
    for (int i = 0; i < 4 * ROUNDS; i++) {
        state_t *self = NULL;
        arm((disk_kind_t)chance(NULL, DISK_KINDS), (disk_verdict_t)(DISK_DIE_BEFORE + i % 3), 0);
        plan.after = chance(NULL, 8);
        if (state_open(&self, &options, error) == 0)
            state_close(&self);
        plan.armed = false;
        cut_power();
        if (state_open(&self, &options, error) != 0)
            fail_msg("%s", error);
        state_close(&self);
        disk_revive();
        disk_unmount();
        scratch_remove(root);
        assert_int_equal(mkdir(root, 0700), 0);
        disk_mount(&(disk_options_t){ .root = root, .watch = watch, .chance = chance });
    }
}

/* A mount within a watch: the outer one rests, and goes on. */
static void
test_mounts_nest(void **state)
{
    (void)state;
    int fd = durable_file("f", 0);
    put(fd, 0, 'b', BLOCK);
    image_make(0);
    char path[SCRATCH_PATH_MAX + 64];
    snprintf(path, sizeof path, "%s/f", image);
    disk_mount(&(disk_options_t){ .root = image, .watch = watch, .chance = chance });
    int inner = open(path, O_RDWR);
    assert_int_equal(put(inner, 0, 'c', BLOCK), BLOCK);
    assert_int_equal(disk_pending(), 1);
    disk_die();
    assert_int_equal(put(inner, 0, 'd', BLOCK), -1);
    close(inner);
    disk_unmount();
    assert_false(disk_dead());
    assert_int_equal(disk_pending(), 1);
    assert_int_equal(image_byte("f", 0), 'c');
    assert_int_equal(put(fd, 0, 'e', BLOCK), BLOCK);
    assert_int_equal(disk_pending(), 2);
    close(fd);
}

#define T(name) cmocka_unit_test_setup_teardown(name, mount, unmount)

int
main(void)
{
    seed = scratch_seed("disk");
    const struct CMUnitTest tests[] = {
        T(test_synced_writes_stay),
        T(test_all_unsynced_writes_can_be_lost),
        T(test_any_subset_survives),
        T(test_a_torn_write_is_torn_between_sectors),
        T(test_a_size_is_between_the_durable_and_the_newest),
        T(test_a_cut_file_gets_its_bytes_back),
        T(test_only_the_synchronous_write_is_durable),
        T(test_write_and_writev_move_on),
        T(test_a_failed_write_changes_nothing),
        T(test_a_short_write_says_so),
        T(test_what_a_failed_sync_lost_no_later_sync_brings_back),
        T(test_a_file_without_a_durable_name_is_gone),
        T(test_names_survive_as_a_prefix),
        T(test_a_removed_file_can_come_back),
        T(test_a_move_between_folders_is_whole),
        T(test_a_path_goes_up_and_down),
        T(test_a_folder_that_was_found_has_a_durable_name),
        T(test_after_death_nothing_changes),
        T(test_a_write_dies_before_during_and_after),
        T(test_a_sync_dies_before_during_and_after),
        T(test_names_die_before_and_after),
        T(test_a_lock_ends_with_the_process),
        T(test_a_power_loss_takes_from_the_files),
        T(test_outside_nothing_is_watched),
        T(test_a_state_is_watched),
        T(test_a_state_is_born_whole),
        T(test_mounts_nest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
