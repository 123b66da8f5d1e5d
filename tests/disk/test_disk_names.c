/* test_disk_names - names of files, and death in the middle of whatever was under way. */
#include "tests/disk/test_disk.h"

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

int
main(void)
{
    seed = scratch_seed("disk");
    const struct CMUnitTest tests[] = {
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
