/* The local journal: what is durable comes back, what is torn is cut, what is damaged is refused.
 */
#include "scratch.h"
#include "store/journal.h"
#include "store/segment.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

enum { TEST_SEGMENT = 64 * 1024, PATH_MAX_TEST = SCRATCH_PATH_MAX + 64 };

static const uint8_t no_chain[JOURNAL_CHAIN_SIZE];

static journal_file_options_t
test_options(const char *directory, bool inline_io)
{
    journal_file_options_t options = { .directory = directory,
                                       .partition = 2,
                                       .partitions = 4,
                                       .apply_version = 1,
                                       .segment_bytes = TEST_SEGMENT,
                                       .policy = JOURNAL_ARCHIVE,
                                       .inline_io = inline_io };
    memset(options.site, 0x77, sizeof options.site);
    return options;
}

static journal_t *
test_open(const journal_file_options_t *options, uint64_t checkpoint, const uint8_t *chain)
{
    char error[JOURNAL_ERROR_MAX] = "";
    journal_t *journal;
    if (journal_file_open(&journal, options, checkpoint, chain, error) != 0)
        fail_msg("%s", error);
    return journal;
}

static void
test_refused(const journal_file_options_t *options, uint64_t checkpoint, const uint8_t *chain,
             const char *word)
{
    char error[JOURNAL_ERROR_MAX] = "";
    journal_t *journal;
    assert_int_equal(journal_file_open(&journal, options, checkpoint, chain, error), -1);
    assert_null(journal);
    if (strstr(error, word) == NULL)
        fail_msg("expected \"%s\" in \"%s\"", word, error);
}

static journal_result_t
test_wait(journal_t *journal)
{
    journal_result_t result;
    while ((result = journal->ended(journal)) == JOURNAL_RUNNING) {
        struct pollfd wait = { .fd = journal->fd, .events = POLLIN };
        assert_int_equal(poll(&wait, 1, 60000), 1);
    }
    return result;
}

/* The content of entry `sequence`: both sides of a comparison make it from the number alone. */
static uint32_t
test_size(uint64_t sequence)
{
    uint64_t seed = sequence;
    return (uint32_t)(scratch_random(&seed) % 3000);
}

static void
test_payload(uint64_t sequence, uint8_t *payload)
{
    for (uint32_t i = 0; i < test_size(sequence); i++)
        payload[i] = (uint8_t)(sequence * 7 + i);
}

static journal_result_t
test_append(journal_t *journal, uint8_t chain[JOURNAL_CHAIN_SIZE])
{
    uint8_t payload[3000];
    uint64_t sequence = journal->last + 1;
    test_payload(sequence, payload);
    journal_entry_t entry = { .sequence = sequence,
                              .now_ms = 1000 + (int64_t)(sequence / 2),
                              .seed = sequence * 3,
                              .count = (uint32_t)sequence % 9,
                              .size = test_size(sequence),
                              .payload = payload };
    journal->append(journal, &entry);
    journal_result_t result = test_wait(journal);
    if (chain != NULL)
        memcpy(chain, entry.chain, JOURNAL_CHAIN_SIZE);
    return result;
}

static void
test_fill(journal_t *journal, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++)
        assert_int_equal(test_append(journal, NULL), JOURNAL_OK);
}

static int
test_visit(void *argument, const journal_entry_t *entry)
{
    uint64_t *expected = argument;
    uint8_t payload[3000];
    assert_int_equal(entry->sequence, *expected);
    assert_int_equal(entry->now_ms, 1000 + (int64_t)(entry->sequence / 2));
    assert_int_equal(entry->seed, entry->sequence * 3);
    assert_int_equal(entry->count, entry->sequence % 9);
    assert_int_equal(entry->size, test_size(entry->sequence));
    test_payload(entry->sequence, payload);
    assert_memory_equal(entry->payload, payload, entry->size);
    ++*expected;
    return 0;
}

static void
test_read(journal_t *journal, uint64_t from, uint64_t last)
{
    char error[JOURNAL_ERROR_MAX] = "";
    uint64_t expected = from;
    if (journal->read(journal, from, test_visit, &expected, error) != 0)
        fail_msg("%s", error);
    assert_int_equal(expected, last + 1);
}

static void
test_path(char path[PATH_MAX_TEST], const char *directory, uint64_t segment)
{
    char name[SEGMENT_NAME_MAX];
    segment_name(name, segment);
    (void)snprintf(path, PATH_MAX_TEST, "%s/%s", directory, name);
}

static bool
test_exists(const char *directory, const char *name)
{
    char path[PATH_MAX_TEST];
    (void)snprintf(path, sizeof path, "%s/%s", directory, name);
    return access(path, F_OK) == 0;
}

static size_t
test_load(const char *path, uint8_t **bytes)
{
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    off_t size = lseek(fd, 0, SEEK_END);
    *bytes = malloc((size_t)size);
    assert_int_equal(pread(fd, *bytes, (size_t)size, 0), size);
    (void)close(fd);
    return (size_t)size;
}

static void
test_store(const char *path, const uint8_t *bytes, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, bytes, size, 0), (ssize_t)size);
    (void)close(fd);
}

/* Where the entry is stored in the segment's bytes. */
static size_t
test_find(const uint8_t *bytes, size_t size, uint64_t sequence)
{
    for (size_t at = SEGMENT_HEAD; at < size; at += SEGMENT_ALIGN) {
        segment_entry_t entry;
        memcpy(&entry, bytes + at, sizeof entry);
        if (entry.magic != 0 && entry.sequence == sequence && entry.size == test_size(sequence))
            return at;
    }
    fail();
    return 0;
}

/* ---- appending and reading ---- */

static void
test_append_and_read_in(bool inline_io)
{
    char path[SCRATCH_PATH_MAX];
    uint8_t chain[JOURNAL_CHAIN_SIZE];
    uint64_t epoch;
    scratch_make(path);
    journal_file_options_t options = test_options(path, inline_io);
    journal_t *journal = test_open(&options, 0, no_chain);
    assert_int_equal(journal->acquire(journal, &epoch), JOURNAL_OK);
    assert_int_equal(epoch, 1);
    assert_int_equal(journal->first, 0);
    test_fill(journal, 299);
    assert_int_equal(test_append(journal, chain), JOURNAL_OK);
    assert_int_equal(journal->first, 1);
    assert_int_equal(journal->last, 300);
    test_read(journal, 1, 300);
    test_read(journal, 123, 300);
    test_read(journal, 300, 300);
    test_read(journal, 301, 300);
    journal_figures_t figures;
    journal->figures(journal, &figures);
    assert_int_equal(figures.appends, 300);
    assert_true(figures.segments > 5);
    journal->close(&journal);
    assert_null(journal);
    journal = test_open(&options, 300, chain);
    assert_int_equal(journal->last, 300);
    assert_int_equal(journal->now_ms, 1150);
    assert_int_equal(journal->acquire(journal, &epoch), JOURNAL_OK);
    assert_int_equal(epoch, 2);
    test_fill(journal, 50);
    test_read(journal, 1, 350);
    journal->close(&journal);
    scratch_remove(path);
}

static void
test_append_and_read(void **unused)
{
    (void)unused;
    test_append_and_read_in(true);
    test_append_and_read_in(false);
}

static void
test_reader_beside_the_owner(void **unused)
{
    (void)unused;
    char path[SCRATCH_PATH_MAX];
    scratch_make(path);
    journal_file_options_t options = test_options(path, false), look = options;
    look.read_only = true;
    journal_t *journal = test_open(&options, 0, no_chain);
    test_refused(&options, 0, no_chain, "owns");
    test_fill(journal, 70);
    journal_t *reader = test_open(&look, 0, no_chain);
    test_read(reader, 1, 70);
    test_fill(journal, 70);
    journal->truncate(journal, 100);
    test_read(reader, 1, 140);
    reader->close(&reader);
    journal->close(&journal);
    scratch_remove(path);
}

static void
test_large_entry(void **unused)
{
    (void)unused;
    char path[SCRATCH_PATH_MAX];
    scratch_make(path);
    journal_file_options_t options = test_options(path, false);
    journal_t *journal = test_open(&options, 0, no_chain);
    test_fill(journal, 3);
    uint8_t *payload = malloc(JOURNAL_ENTRY_MAX);
    memset(payload, 9, JOURNAL_ENTRY_MAX);
    journal_entry_t entry = {
        .sequence = 4, .now_ms = 5000, .size = JOURNAL_ENTRY_MAX, .payload = payload
    };
    journal->append(journal, &entry);
    assert_int_equal(test_wait(journal), JOURNAL_OK);
    journal->close(&journal);
    journal = test_open(&options, 4, entry.chain);
    assert_int_equal(journal->last, 4);
    free(payload);
    journal->close(&journal);
    scratch_remove(path);
}

/* ---- torn tails and damage ---- */

typedef struct {
    char directory[SCRATCH_PATH_MAX], file[PATH_MAX_TEST];
    journal_file_options_t options;
    uint8_t *bytes;
    size_t size, at, space;
} torn_t;

/* A journal of ten entries; `at` is where the last one lies. */
static void
torn_make(torn_t *torn)
{
    scratch_make(torn->directory);
    torn->options = test_options(torn->directory, true);
    journal_t *journal = test_open(&torn->options, 0, no_chain);
    test_fill(journal, 10);
    journal->close(&journal);
    test_path(torn->file, torn->directory, 1);
    torn->size = test_load(torn->file, &torn->bytes);
    torn->at = test_find(torn->bytes, torn->size, 10);
    torn->space = (size_t)segment_space(test_size(10));
}

static void
torn_end(torn_t *torn)
{
    free(torn->bytes);
    scratch_remove(torn->directory);
}

/* The journal, whose tail is torn, opens with nine entries and goes on. */
static void
torn_goes_on(torn_t *torn, uint64_t last)
{
    journal_t *journal = test_open(&torn->options, 0, no_chain);
    assert_int_equal(journal->last, last);
    test_fill(journal, 2);
    journal->close(&journal);
    journal = test_open(&torn->options, 0, no_chain);
    test_read(journal, 1, last + 2);
    journal->close(&journal);
}

static void
test_torn_at_every_byte(void **unused)
{
    (void)unused;
    torn_t torn;
    torn_make(&torn);
    size_t whole = sizeof(segment_entry_t) + test_size(10);
    uint8_t *bytes = malloc(torn.size);
    for (size_t cut = 0; cut < torn.space; cut++) {
        for (int garbage = 0; garbage < 2; garbage++) {
            memcpy(bytes, torn.bytes, torn.size);
            uint64_t seed = cut;
            for (size_t i = torn.at + cut; i < torn.at + torn.space; i++)
                bytes[i] = garbage ? (uint8_t)scratch_random(&seed) : 0;
            bool intact = memcmp(bytes + torn.at, torn.bytes + torn.at, whole) == 0;
            test_store(torn.file, bytes, torn.size);
            journal_t *journal = test_open(&torn.options, 0, no_chain);
            assert_int_equal(journal->last, intact ? 10 : 9);
            journal->close(&journal);
            if (cut % 97 == 0) {
                test_store(torn.file, bytes, torn.size);
                torn_goes_on(&torn, intact ? 10 : 9);
                char extra[PATH_MAX_TEST];
                test_path(extra, torn.directory, 2);
                (void)unlink(extra);
            }
        }
    }
    free(bytes);
    torn_end(&torn);
}

/* Sectors of the last entry that never reached the disk: any subset of them. */
static void
test_torn_sectors(void **unused)
{
    (void)unused;
    torn_t torn;
    torn_make(&torn);
    uint64_t seed = scratch_seed("test_torn_sectors");
    uint8_t *bytes = malloc(torn.size);
    for (int round = 0; round < 100; round++) {
        memcpy(bytes, torn.bytes, torn.size);
        uint64_t lost = scratch_random(&seed) | 1 << (round % 2);
        for (size_t i = 0; i < torn.space / SEGMENT_ALIGN; i++)
            if (lost >> i & 1)
                memset(bytes + torn.at + i * SEGMENT_ALIGN, 0, SEGMENT_ALIGN);
        bool intact = memcmp(bytes, torn.bytes, torn.size) == 0;
        test_store(torn.file, bytes, torn.size);
        journal_t *journal = test_open(&torn.options, 0, no_chain);
        assert_int_equal(journal->last, intact ? 10 : 9);
        journal->close(&journal);
    }
    free(bytes);
    torn_end(&torn);
}

static void
test_damage_is_refused(void **unused)
{
    (void)unused;
    torn_t torn;
    torn_make(&torn);
    for (uint64_t sequence = 1; sequence < 10; sequence++) {
        char place[64];
        size_t at = test_find(torn.bytes, torn.size, sequence);
        uint8_t *byte = torn.bytes + at + (sequence % 2 ? 0 : 63 + test_size(sequence) / 2);
        *byte ^= 0x10;
        test_store(torn.file, torn.bytes, torn.size);
        (void)snprintf(place, sizeof place, "0000000000000001.seg: damaged at offset %zu", at);
        test_refused(&torn.options, 0, no_chain, place);
        test_refused(&torn.options, 0, no_chain, "restore");
        *byte ^= 0x10;
    }
    torn.bytes[20] ^= 1;
    test_store(torn.file, torn.bytes, torn.size);
    test_refused(&torn.options, 0, no_chain, "head");
    torn_end(&torn);
}

static void
test_damage_before_a_later_segment(void **unused)
{
    (void)unused;
    char path[SCRATCH_PATH_MAX], file[PATH_MAX_TEST];
    uint8_t *bytes;
    scratch_make(path);
    journal_file_options_t options = test_options(path, true);
    journal_t *journal = test_open(&options, 0, no_chain);
    while (!test_exists(path, "0000000000000002.seg"))
        test_fill(journal, 1);
    uint64_t last = journal->last - 1; /* of the first segment */
    journal->close(&journal);
    test_path(file, path, 1);
    size_t size = test_load(file, &bytes);
    memset(bytes + test_find(bytes, size, last), 0, SEGMENT_ALIGN);
    test_store(file, bytes, size);
    free(bytes);
    test_refused(&options, 0, no_chain, "damaged");
    (void)unlink(file);
    test_refused(&options, 0, no_chain, "missing");
    scratch_remove(path);
}

/* A payload that looks like a later entry, behind a torn head, must not pass for one. */
static void
test_made_up_entry(void **unused)
{
    (void)unused;
    char path[SCRATCH_PATH_MAX], file[PATH_MAX_TEST];
    uint8_t payload[4096] = { 0 }, *bytes;
    scratch_make(path);
    journal_file_options_t options = test_options(path, true);
    journal_t *journal = test_open(&options, 0, no_chain);
    segment_head_t guess = { .number = 1 }; /* all but the salt can be known */
    journal_entry_t made_up = { .sequence = 2, .payload = "" };
    segment_entry_t stored;
    segment_seal(&stored, &guess, &made_up, 1);
    memcpy(payload + SEGMENT_ALIGN - sizeof stored, &stored, sizeof stored);
    journal_entry_t entry = { .sequence = 1, .size = sizeof payload, .payload = payload };
    journal->append(journal, &entry);
    assert_int_equal(test_wait(journal), JOURNAL_OK);
    journal->close(&journal);
    test_path(file, path, 1);
    size_t size = test_load(file, &bytes);
    memset(bytes + SEGMENT_HEAD, 0, SEGMENT_ALIGN);
    test_store(file, bytes, size);
    free(bytes);
    journal = test_open(&options, 0, no_chain);
    assert_int_equal(journal->last, 0);
    journal->close(&journal);
    scratch_remove(path);
}

/* ---- segments ---- */

static void
test_archive(void **unused)
{
    (void)unused;
    char path[SCRATCH_PATH_MAX], error[JOURNAL_ERROR_MAX];
    uint8_t chain[JOURNAL_CHAIN_SIZE];
    scratch_make(path);
    journal_file_options_t options = test_options(path, true);
    journal_t *journal = test_open(&options, 0, no_chain);
    test_fill(journal, 199);
    assert_int_equal(test_append(journal, chain), JOURNAL_OK);
    journal->truncate(journal, 1);
    assert_true(test_exists(path, "0000000000000001.seg"));
    journal->truncate(journal, 200);
    assert_false(test_exists(path, "0000000000000001.seg"));
    assert_true(test_exists(path, "archive/0000000000000001.seg"));
    assert_int_equal(journal->first, 1);
    test_read(journal, 1, 200);
    journal->close(&journal);
    journal = test_open(&options, 200, chain);
    assert_int_equal(journal->first, 1);
    test_read(journal, 1, 200);
    test_fill(journal, 100);
    test_read(journal, 1, 300);
    journal->close(&journal);
    /* the state was lost: everything is read again from the archive */
    journal = test_open(&options, 0, no_chain);
    test_read(journal, 1, 300);
    journal->close(&journal);
    char file[PATH_MAX_TEST];
    (void)snprintf(file, sizeof file, "%s/archive/0000000000000002.seg", path);
    assert_int_equal(unlink(file), 0);
    journal = test_open(&options, 200, chain);
    assert_true(journal->first > 1);
    uint64_t expected = 1;
    assert_int_equal(journal->read(journal, 1, test_visit, &expected, error), -1);
    assert_non_null(strstr(error, "not kept"));
    journal->close(&journal);
    test_refused(&options, 0, no_chain, "missing");
    scratch_remove(path);
}

static void
test_drop_and_reuse(void **unused)
{
    (void)unused;
    char path[SCRATCH_PATH_MAX], file[PATH_MAX_TEST], link_path[PATH_MAX_TEST];
    struct stat before, after, kept;
    scratch_make(path);
    journal_file_options_t options = test_options(path, true);
    options.policy = JOURNAL_DROP;
    journal_t *journal = test_open(&options, 0, no_chain);
    test_fill(journal, 120);
    test_path(file, path, 1);
    assert_int_equal(stat(file, &before), 0);
    journal->truncate(journal, 120);
    assert_false(test_exists(path, "0000000000000001.seg"));
    assert_true(journal->first > 1);
    (void)snprintf(file, sizeof file, "%s/spare", path);
    assert_int_equal(stat(file, &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
    /* old entries in a reused segment never pass for new ones: at every length of the new life
     * the journal ends where it should */
    uint64_t last = journal->last;
    for (int i = 0; i < 120; i++) {
        uint8_t chain[JOURNAL_CHAIN_SIZE];
        assert_int_equal(test_append(journal, chain), JOURNAL_OK);
        journal->close(&journal);
        journal = test_open(&options, ++last, chain);
        assert_int_equal(journal->last, last);
        if (i % 10 == 9)
            journal->truncate(journal, last);
    }
    /* a segment that a backup has linked is left alone */
    uint64_t oldest = 0;
    for (uint64_t i = 1; oldest == 0; i++) {
        test_path(file, path, i);
        oldest = access(file, F_OK) == 0 ? i : 0;
    }
    (void)snprintf(link_path, sizeof link_path, "%s/linked", path);
    assert_int_equal(link(file, link_path), 0);
    assert_int_equal(stat(file, &before), 0);
    test_fill(journal, 80);
    journal->truncate(journal, journal->last);
    test_fill(journal, 80);
    assert_int_equal(stat(link_path, &kept), 0);
    assert_int_equal(kept.st_nlink, 1);
    assert_int_equal(kept.st_mtime, before.st_mtime);
    journal->close(&journal);
    scratch_remove(path);
}

static void
test_opening_refuses(void **unused)
{
    (void)unused;
    char path[SCRATCH_PATH_MAX];
    uint8_t chain[JOURNAL_CHAIN_SIZE];
    scratch_make(path);
    journal_file_options_t options = test_options(path, true), other;
    test_refused(&options, 5, no_chain, "lost");
    journal_t *journal = test_open(&options, 0, no_chain);
    test_fill(journal, 3);
    assert_int_equal(test_append(journal, chain), JOURNAL_OK);
    journal->close(&journal);
    other = options;
    other.site[0] ^= 1;
    test_refused(&other, 0, no_chain, "another site");
    other = options;
    other.partitions = 8;
    test_refused(&other, 0, no_chain, "partition count");
    test_refused(&options, 5, chain, "ends at 4");
    test_refused(&options, 3, chain, "different histories");
    chain[0] ^= 1;
    test_refused(&options, 4, chain, "different histories");
    scratch_remove(path);
}

static void
test_begin_behind(void **unused)
{
    (void)unused;
    char path[SCRATCH_PATH_MAX];
    uint8_t chain[JOURNAL_CHAIN_SIZE] = "of entry forty";
    scratch_make(path);
    journal_file_options_t options = test_options(path, true);
    options.begin_behind = true;
    journal_t *journal = test_open(&options, 40, chain);
    assert_int_equal(journal->last, 40);
    journal->close(&journal);
    options.begin_behind = false;
    journal = test_open(&options, 40, chain);
    assert_int_equal(journal->last, 40);
    assert_int_equal(journal->first, 0);
    test_fill(journal, 3);
    test_read(journal, 41, 43);
    journal->close(&journal);
    test_refused(&options, 0, no_chain, "missing");
    journal = test_open(&options, 40, chain);
    assert_int_equal(journal->first, 41);
    journal->close(&journal);
    scratch_remove(path);
}

static void
test_apply_versions(void **unused)
{
    (void)unused;
    char path[SCRATCH_PATH_MAX];
    uint8_t chain[JOURNAL_CHAIN_SIZE];
    scratch_make(path);
    journal_file_options_t options = test_options(path, true);
    journal_t *journal = test_open(&options, 0, no_chain);
    test_fill(journal, 4);
    assert_int_equal(test_append(journal, chain), JOURNAL_OK);
    journal->close(&journal);
    options.apply_version = 2;
    journal = test_open(&options, 0, no_chain);
    assert_int_equal(journal->apply_version,
                     1); /* entries of the old version are not applied yet */
    journal->close(&journal);
    journal = test_open(&options, 5, chain);
    assert_int_equal(journal->apply_version, 2);
    test_fill(journal, 1);
    journal->close(&journal);
    assert_true(test_exists(path, "0000000000000002.seg"));
    journal = test_open(&options, 5, chain);
    assert_int_equal(journal->apply_version, 2);
    journal->close(&journal);
    scratch_remove(path);
}

/* ---- a full disk ---- */

/* Append until there is no room, then make room with `free_room` and go on; nothing is lost. */
static void
test_full_in(const char *path, bool inline_io, void (*free_room)(const char *))
{
    journal_file_options_t options = test_options(path, inline_io);
    journal_t *journal = test_open(&options, 0, no_chain);
    journal_result_t result;
    while ((result = test_append(journal, NULL)) == JOURNAL_OK)
        assert_true(journal->last < 100000);
    assert_int_equal(result, JOURNAL_FULL);
    assert_int_not_equal(journal->trouble, 0);
    uint64_t last = journal->last;
    assert_true(last > 10);
    assert_int_equal(test_append(journal, NULL), JOURNAL_FULL);
    test_read(journal, 1, last);
    free_room(path);
    for (int i = 0; i < 100 && (result = test_append(journal, NULL)) == JOURNAL_FULL; i++)
        (void)poll(NULL, 0, 10); /* a new attempt is made after a while only */
    assert_int_equal(result, JOURNAL_OK);
    test_fill(journal, 5);
    test_read(journal, 1, last + 6);
    journal->close(&journal);
    journal = test_open(&options, 0, no_chain);
    test_read(journal, 1, last + 6);
    journal->close(&journal);
}

static void
test_remove_filler(const char *path)
{
    char file[PATH_MAX_TEST];
    (void)snprintf(file, sizeof file, "%s/filler", path);
    assert_int_equal(unlink(file), 0);
}

static void
test_limit_files(rlim_t bytes)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void
test_full_disk(void **unused)
{
    (void)unused;
    char path[SCRATCH_PATH_MAX], file[PATH_MAX_TEST];
    scratch_make(path);
    bool mounted = mount("none", path, "tmpfs", 0, "size=1m") == 0;
    if (!mounted) {
        (void)printf("not allowed to mount a small disk; the limit on files stands in for it\n");
        scratch_remove(path);
        return;
    }
    for (int inline_io = 0; inline_io < 2; inline_io++) {
        char inside[SCRATCH_PATH_MAX + 16];
        (void)snprintf(inside, sizeof inside, "%s/%d", path, inline_io);
        assert_int_equal(mkdir(inside, 0700), 0);
        (void)snprintf(file, sizeof file, "%s/filler", inside);
        uint8_t *filler = calloc(1, 200 * 1024);
        test_store(file, filler, 200 * 1024);
        free(filler);
        test_full_in(inside, inline_io, test_remove_filler);
        scratch_remove(inside);
    }
    assert_int_equal(umount(path), 0);
    assert_int_equal(rmdir(path), 0);
}

static void
test_no_room_for_a_spare(void **unused)
{
    (void)unused;
    char path[SCRATCH_PATH_MAX];
    (void)signal(SIGXFSZ, SIG_IGN);
    for (int inline_io = 0; inline_io < 2; inline_io++) {
        scratch_make(path);
        journal_file_options_t options = test_options(path, inline_io);
        journal_t *journal = test_open(&options, 0, no_chain);
        test_fill(journal, 5);
        test_limit_files(TEST_SEGMENT / 2); /* the segment in use is above it already */
        journal->close(&journal);
        options.segment_bytes = TEST_SEGMENT * 2; /* so that no spare made before fits */
        journal = test_open(&options, 0, no_chain);
        journal_result_t result = JOURNAL_OK;
        /* what still fits the limit is written, then a segment more would be needed */
        test_limit_files(TEST_SEGMENT);
        while (result == JOURNAL_OK)
            result = test_append(journal, NULL);
        assert_int_equal(result, JOURNAL_FULL);
        uint64_t last = journal->last;
        test_limit_files(RLIM_INFINITY);
        for (int i = 0; i < 100 && (result = test_append(journal, NULL)) == JOURNAL_FULL; i++)
            (void)poll(NULL, 0, 10);
        assert_int_equal(result, JOURNAL_OK);
        test_read(journal, 1, last + 1);
        journal->close(&journal);
        scratch_remove(path);
    }
}

/* A write that fails leaves the outcome open, and nothing is written after it. */
static void
test_failed_write(void **unused)
{
    (void)unused;
    char path[SCRATCH_PATH_MAX];
    scratch_make(path);
    (void)signal(SIGXFSZ, SIG_IGN);
    for (int inline_io = 0; inline_io < 2; inline_io++) {
        journal_file_options_t options = test_options(path, inline_io);
        journal_t *journal = test_open(&options, 0, no_chain);
        test_fill(journal, 2);
        uint64_t last = journal->last;
        test_limit_files(SEGMENT_HEAD);
        assert_int_equal(test_append(journal, NULL), JOURNAL_UNKNOWN);
        assert_int_equal(journal->trouble, EFBIG);
        test_limit_files(RLIM_INFINITY);
        assert_int_equal(test_append(journal, NULL), JOURNAL_UNKNOWN);
        journal->close(&journal);
        journal = test_open(&options, 0, no_chain);
        test_read(journal, 1, last);
        journal->close(&journal);
    }
    scratch_remove(path);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_append_and_read),
        cmocka_unit_test(test_reader_beside_the_owner),
        cmocka_unit_test(test_large_entry),
        cmocka_unit_test(test_torn_at_every_byte),
        cmocka_unit_test(test_torn_sectors),
        cmocka_unit_test(test_damage_is_refused),
        cmocka_unit_test(test_damage_before_a_later_segment),
        cmocka_unit_test(test_made_up_entry),
        cmocka_unit_test(test_archive),
        cmocka_unit_test(test_drop_and_reuse),
        cmocka_unit_test(test_opening_refuses),
        cmocka_unit_test(test_begin_behind),
        cmocka_unit_test(test_apply_versions),
        cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_no_room_for_a_spare),
        cmocka_unit_test(test_failed_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
