/* test_disk - what the disk of the simulator promises of bytes, and what it may take back. */
#include "tests/disk/test_disk.h"

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
        T(test_outside_nothing_is_watched),
        T(test_a_state_is_watched),
        T(test_a_state_is_born_whole),
        T(test_mounts_nest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
