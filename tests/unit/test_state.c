/* The state against a naive model, and what it promises about disk, due times and digests. */
#include "scratch.h"
#include "store/state.h"
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

static void
test_fatal(void *argument, const char *what)
{
    (void)argument;
    (void)fprintf(stderr, "fatal: %s\n", what);
    abort();
}

static state_options_t
test_options(const char *directory, bool inline_io)
{
    state_options_t options = { .directory = directory,
                                .partition = 1,
                                .partitions = 4,
                                .apply_version = 7,
                                .inline_io = inline_io,
                                .fatal = test_fatal };
    memset(options.site, 0x5a, sizeof options.site);
    return options;
}

static state_t *
test_open(const state_options_t *options)
{
    char error[STATE_ERROR_MAX] = "";
    state_t *state;
    if (state_open(&state, options, error) != 0)
        fail_msg("%s", error);
    return state;
}

static void
test_refused(const state_options_t *options, const char *word)
{
    char error[STATE_ERROR_MAX] = "";
    state_t *state;
    assert_int_equal(state_open(&state, options, error), -1);
    assert_null(state);
    assert_non_null(strstr(error, word));
}

static void
test_begin(state_t *state)
{
    uint8_t chain[16];
    memset(chain, (int)(state_sequence(state) & 0xff), sizeof chain);
    state_begin(state, state_sequence(state) + 1, chain);
}

static void
test_save(state_t *state)
{
    (void)state_checkpoint_wait(state);
    (void)state_checkpoint(state);
    assert_int_equal(state_checkpoint_wait(state), state_sequence(state));
}

/* ---- the model ---- */

enum { MODEL_KEYS = 400 };

typedef struct {
    bool there;
    size_t size;
    int64_t due_ms;
    uint8_t bytes[6000];
} model_record_t;

typedef struct {
    state_t *state;
    state_options_t options;
    uint64_t seed, now;
    model_record_t *records;
    uint64_t sequence_replies;
} model_t;

static state_key_t
model_key(size_t i)
{
    return (state_key_t){ .space = i % 7, .number = i / 7 % 29, .table = (uint8_t)('A' + i / 203) };
}

static void
model_compare_one(model_t *model, size_t i)
{
    size_t size = 0;
    const model_record_t *record = &model->records[i];
    const void *data = state_get(model->state, model_key(i), &size);
    assert_int_equal(data != NULL, record->there);
    if (data == NULL)
        return;
    assert_int_equal(size, record->size);
    assert_memory_equal(data, record->bytes, size);
}

static void
model_step(model_t *model)
{
    size_t i = scratch_random(&model->seed) % MODEL_KEYS;
    model_record_t *record = &model->records[i];
    uint64_t dice = scratch_random(&model->seed) % 100;
    model_compare_one(model, i);
    if (!record->there) {
        record->size = 1 + scratch_random(&model->seed) % (dice < 80 ? 300 : sizeof record->bytes);
        record->there = true;
        record->due_ms = 0;
        memset(record->bytes, 0, record->size);
        uint8_t *data = state_insert(model->state, model_key(i), record->size);
        data[record->size / 2] = record->bytes[record->size / 2] = (uint8_t)dice;
    } else if (dice < 25) {
        state_remove(model->state, model_key(i));
        record->there = false;
        record->due_ms = 0;
    } else if (dice < 50) {
        record->due_ms = dice < 30 ? 0 : (int64_t)(scratch_random(&model->seed) % 1000) + 1;
        state_set_due(model->state, model_key(i), record->due_ms);
    } else {
        size_t at = scratch_random(&model->seed) % record->size;
        size_t size = 1 + scratch_random(&model->seed) % (record->size - at);
        uint8_t *data = state_edit(model->state, model_key(i), at, size);
        memset(data + at, (int)dice, size);
        memset(record->bytes + at, (int)dice, size);
    }
}

/* The earliest due time of the model, ties by key. */
static size_t
model_first_due(const model_t *model)
{
    size_t first = MODEL_KEYS;
    for (size_t i = 0; i < MODEL_KEYS; i++) {
        const model_record_t *record = &model->records[i];
        if (!record->there || record->due_ms == 0)
            continue;
        if (first == MODEL_KEYS || record->due_ms < model->records[first].due_ms) {
            first = i;
            continue;
        }
        state_key_t a = model_key(i), b = model_key(first);
        bool before = a.space != b.space   ? a.space < b.space
                      : a.table != b.table ? a.table < b.table
                                           : a.number < b.number;
        if (record->due_ms == model->records[first].due_ms && before)
            first = i;
    }
    return first;
}

static void
model_due_step(model_t *model)
{
    size_t first = model_first_due(model);
    state_key_t key;
    if (first == MODEL_KEYS) {
        assert_int_equal(state_next_due(model->state), INT64_MAX);
        return;
    }
    int64_t due_ms = model->records[first].due_ms;
    assert_int_equal(state_next_due(model->state), due_ms);
    assert_false(state_due(model->state, due_ms - 1, &key));
    assert_true(state_due(model->state, due_ms, &key));
    state_key_t expected = model_key(first);
    assert_int_equal(key.space, expected.space);
    assert_int_equal(key.table, expected.table);
    assert_int_equal(key.number, expected.number);
    model->records[first].due_ms = 0;
    state_set_due(model->state, key, 0);
}

static void
model_reply(model_t *model)
{
    uint8_t body[50];
    memset(body, (int)(model->now & 0xff), sizeof body);
    model->now++;
    assert_true(replies_room(state_replies(model->state), (int64_t)model->now));
    reply_t reply = { .client = model->now % 5,
                      .request = model->now,
                      .deadline_ms = (int64_t)model->now + 100,
                      .sequence = state_sequence(model->state),
                      .body = body,
                      .body_size = (uint16_t)(model->now % sizeof body) };
    replies_add(state_replies(model->state), &reply);
}

static int
model_visit(void *argument, state_key_t key, const void *data, size_t size, int64_t due_ms)
{
    model_t *model = argument;
    size_t i = key.space + key.number * 7 + (size_t)(key.table - 'A') * 203;
    assert_true(i < MODEL_KEYS);
    const model_record_t *record = &model->records[i];
    assert_true(record->there);
    assert_int_equal(size, record->size);
    assert_memory_equal(data, record->bytes, size);
    assert_int_equal(due_ms, record->due_ms);
    model->sequence_replies++;
    return 0;
}

static void
model_compare(model_t *model)
{
    char error[STATE_ERROR_MAX] = "";
    uint64_t there = 0;
    for (size_t i = 0; i < MODEL_KEYS; i++) {
        model_compare_one(model, i);
        there += model->records[i].there;
    }
    test_save(model->state);
    model->sequence_replies = 0;
    if (state_visit(model->state, model_visit, model, error) != 0)
        fail_msg("%s", error);
    assert_int_equal(model->sequence_replies, there);
}

/* Run `entries` entries; a checkpoint with one chance in `rhythm`, a reopening in `reopen`. The
 * choices that change records come from `seed` alone, so that two runs of it end alike. */
static void
model_run(model_t *model, uint64_t seed, int entries, uint64_t rhythm, uint64_t reopen)
{
    uint64_t other = seed ^ rhythm;
    model->seed = seed;
    model->records = calloc(MODEL_KEYS, sizeof *model->records);
    assert_non_null(model->records);
    model->state = test_open(&model->options);
    for (int i = 0; i < entries; i++) {
        test_begin(model->state);
        uint64_t steps = scratch_random(&model->seed) % 30;
        while (steps-- > 0)
            model_step(model);
        if (scratch_random(&model->seed) % 2 == 0)
            model_due_step(model);
        model_reply(model);
        state_end(model->state);
        (void)state_checkpoint_ended(model->state);
        if (scratch_random(&other) % rhythm == 0)
            (void)state_checkpoint(model->state);
        if (reopen > 0 && scratch_random(&other) % reopen == 0) {
            test_save(model->state);
            state_close(&model->state);
            model->state = test_open(&model->options);
        }
    }
    model_compare(model);
}

static void
model_digest(model_t *model, uint8_t digest[32])
{
    char error[STATE_ERROR_MAX] = "";
    if (state_digest(model->state, digest, error) != 0)
        fail_msg("%s", error);
    free(model->records);
    state_close(&model->state);
}

static void
test_model(void **unused)
{
    (void)unused;
    static const struct {
        uint64_t rhythm, reopen;
        size_t cache;
        bool inline_io;
    } runs[] = {
        { 1, 0, 1, false }, { 3, 20, 30000, false }, { 50, 0, 0, true },
        { 7, 50, 1, true }, { 1000, 0, 0, false },   { 2, 3, 100000, false },
    };
    uint64_t seed = scratch_seed("test_model");
    uint8_t first[32], digest[32];
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
        char path[SCRATCH_PATH_MAX];
        scratch_make(path);
        model_t model = { .options = test_options(path, runs[i].inline_io) };
        model.options.cache_bytes = runs[i].cache;
        model.options.map_bytes = i % 2 ? 256 * 1024 : 0; /* the map has to grow */
        model.options.replies_bytes = 20000;
        model_run(&model, seed, 200, runs[i].rhythm, runs[i].reopen);
        model_digest(&model, digest);
        if (i == 0)
            memcpy(first, digest, sizeof first);
        assert_memory_equal(first, digest, sizeof first);
        scratch_remove(path);
    }
}

/* ---- single facts ---- */

static void
test_checkpoint_is_of_the_last_entry(void **unused)
{
    (void)unused;
    char path[SCRATCH_PATH_MAX];
    scratch_make(path);
    state_options_t options = test_options(path, false);
    state_key_t key = { 1, 2, 'P' };
    state_t *state = test_open(&options);
    assert_false(state_checkpoint(state));
    test_begin(state);
    memcpy(state_insert(state, key, 5), "first", 5);
    state_end(state);
    assert_true(state_checkpoint(state));
    test_begin(state); /* changed while the checkpoint runs: not part of it */
    memcpy(state_edit(state, key, 0, SIZE_MAX), "later", 5);
    state_end(state);
    struct pollfd wait = { .fd = state_fd(state), .events = POLLIN };
    assert_int_equal(poll(&wait, 1, 10000), 1);
    assert_int_equal(state_checkpoint_ended(state), 1);
    assert_false(state_checkpoint_running(state));
    state_close(&state);
    state = test_open(&options);
    assert_int_equal(state_sequence(state), 1);
    assert_int_equal(state_apply_version(state), 7);
    assert_memory_equal(state_get(state, key, NULL), "first", 5);
    state_close(&state);
    scratch_remove(path);
}

static void
test_opening_refuses(void **unused)
{
    (void)unused;
    char path[SCRATCH_PATH_MAX];
    scratch_make(path);
    state_options_t options = test_options(path, true), other = options;
    state_t *state = test_open(&options);
    test_refused(&options, "owns");
    other.read_only = true;
    state_t *reader = test_open(&other); /* looking is allowed beside the owner */
    assert_int_equal(state_sequence(reader), 0);
    state_close(&reader);
    state_close(&state);
    other = options;
    other.partitions = 5;
    test_refused(&other, "partition count");
    other = options;
    other.site[3] ^= 1;
    test_refused(&other, "another site");
    scratch_remove(path);
    other = options;
    other.read_only = true;
    test_refused(&other, "no state");
}

/* Flip one byte of every place where `needle` is on disk. */
static void
test_flip(const char *path, const char *needle)
{
    char name[SCRATCH_PATH_MAX + 16];
    (void)snprintf(name, sizeof name, "%s/data.mdb", path);
    int fd = open(name, O_RDWR);
    off_t size = lseek(fd, 0, SEEK_END);
    char *bytes = malloc((size_t)size);
    assert_int_equal(pread(fd, bytes, (size_t)size, 0), size);
    int found = 0;
    for (off_t i = 0; i + (off_t)strlen(needle) <= size; i++)
        if (memcmp(bytes + i, needle, strlen(needle)) == 0) {
            assert_int_equal(pwrite(fd, "#", 1, i), 1);
            found++;
        }
    assert_true(found > 0);
    free(bytes);
    (void)close(fd);
}

static int
test_visit_none(void *argument, state_key_t key, const void *data, size_t size, int64_t due_ms)
{
    (void)argument;
    (void)key;
    (void)data;
    (void)size;
    (void)due_ms;
    return 0;
}

static jmp_buf test_fatal_jump;
static char test_fatal_text[STATE_ERROR_MAX];

static void
test_fatal_back(void *argument, const char *what)
{
    (void)argument;
    (void)snprintf(test_fatal_text, sizeof test_fatal_text, "%s", what);
    longjmp(test_fatal_jump, 1);
}

static void
test_damage_is_named(void **unused)
{
    (void)unused;
    char path[SCRATCH_PATH_MAX], error[STATE_ERROR_MAX] = "";
    uint8_t digest[32];
    scratch_make(path);
    state_options_t options = test_options(path, true);
    state_key_t key = { 42, 9, 'P' };
    state_t *state = test_open(&options);
    test_begin(state);
    memcpy(state_insert(state, key, 3000), "needle in a haystack", 20);
    state_end(state);
    test_save(state);
    state_close(&state);
    test_flip(path, "needle in a haystack");
    options.fatal = test_fatal_back;
    state = test_open(&options);
    assert_int_equal(state_visit(state, test_visit_none, NULL, error), -1);
    assert_int_equal(state_digest(state, digest, error), -1);
    assert_non_null(strstr(error, "damaged"));
    if (setjmp(test_fatal_jump) == 0) {
        (void)state_get(state, key, NULL);
        fail();
    }
    assert_non_null(strstr(test_fatal_text, "space 42, table P, number 9, piece 0"));
    state_close(&state);
    scratch_remove(path);
}

static void
test_copy_is_a_state(void **unused)
{
    (void)unused;
    char path[SCRATCH_PATH_MAX], to[SCRATCH_PATH_MAX], error[STATE_ERROR_MAX] = "";
    uint8_t one[32], two[32];
    scratch_make(path);
    scratch_make(to);
    state_options_t options = test_options(path, false);
    state_t *state = test_open(&options);
    for (uint64_t i = 0; i < 500; i++) {
        test_begin(state);
        (void)state_insert(state, (state_key_t){ i, 1, 'P' }, 700);
        state_set_due(state, (state_key_t){ i, 1, 'P' }, (int64_t)i + 1);
        state_end(state);
    }
    test_save(state);
    assert_int_equal(state_copy(state, to, error), 0);
    assert_int_equal(state_digest(state, one, error), 0);
    state_close(&state);
    options.directory = to;
    state = test_open(&options);
    assert_int_equal(state_digest(state, two, error), 0);
    assert_memory_equal(one, two, sizeof one);
    state_close(&state);
    scratch_remove(path);
    scratch_remove(to);
}

/* ---- a full disk: the size of files is limited, which the disk answers like a lack of room ----
 */

static void
test_limit_files(rlim_t bytes)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void
test_full_disk_is_survived(void **unused)
{
    (void)unused;
    char path[SCRATCH_PATH_MAX];
    scratch_make(path);
    state_options_t options = test_options(path, false);
    model_t model = { .options = options };
    model.records = calloc(MODEL_KEYS, sizeof *model.records);
    model.seed = scratch_seed("test_full_disk");
    model.state = test_open(&options);
    (void)signal(SIGXFSZ, SIG_IGN);
    for (int round = 0; round < 40; round++) {
        test_begin(model.state);
        for (int i = 0; i < 100; i++)
            model_step(&model);
        model_reply(&model);
        state_end(model.state);
        test_limit_files(round % 4 == 3 ? RLIM_INFINITY : 32768);
        (void)state_checkpoint(model.state);
        uint64_t saved = state_checkpoint_wait(model.state);
        test_limit_files(RLIM_INFINITY);
        if (round % 4 == 3) {
            assert_false(state_full(model.state));
            assert_int_equal(saved, state_sequence(model.state));
        } else if (state_full(model.state)) {
            assert_true(saved < state_sequence(model.state));
            assert_true(state_dirty_bytes(model.state) > 0);
        }
        assert_true(round > 0 || state_full(model.state));
    }
    model_compare(&model);
    state_close(&model.state);
    model.state = test_open(&options);
    model_compare(&model);
    state_close(&model.state);
    free(model.records);
    scratch_remove(path);
}

/* A checkpoint of 140 MiB is far above what the owner lets gather, and is whole all the same. */
static void
test_large_checkpoint(void **unused)
{
    (void)unused;
    char path[SCRATCH_PATH_MAX], error[STATE_ERROR_MAX] = "";
    scratch_make(path);
    state_options_t options = test_options(path, false);
    options.map_bytes = 16 << 20;
    state_t *state = test_open(&options);
    test_begin(state);
    for (uint64_t i = 0; i < 140000; i++)
        (void)state_insert(state, (state_key_t){ i * UINT64_C(0x9e3779b97f4a7c15), 1, 'P' }, 1000);
    state_end(state);
    test_save(state);
    if (state_visit(state, test_visit_none, NULL, error) != 0)
        fail_msg("%s", error);
    state_close(&state);
    scratch_remove(path);
}

static void
test_new_reply_bound(void **unused)
{
    (void)unused;
    char path[SCRATCH_PATH_MAX];
    scratch_make(path);
    model_t model = { .options = test_options(path, false) };
    model.options.replies_bytes = 16000;
    model.state = test_open(&model.options);
    for (int i = 0; i < 100; i++) {
        test_begin(model.state);
        model_reply(&model);
        state_end(model.state);
    }
    test_save(model.state);
    state_close(&model.state);
    model.options.replies_bytes = 32000;
    model.state = test_open(&model.options);
    assert_true(state_checkpoint(model.state));
    assert_false(state_checkpoint_running(model.state)); /* this one was waited for */
    assert_false(state_checkpoint(model.state));
    state_close(&model.state);
    model.state = test_open(&model.options);
    assert_false(state_checkpoint(model.state));
    state_close(&model.state);
    scratch_remove(path);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_checkpoint_is_of_the_last_entry),
        cmocka_unit_test(test_opening_refuses),
        cmocka_unit_test(test_damage_is_named),
        cmocka_unit_test(test_copy_is_a_state),
        cmocka_unit_test(test_model),
        cmocka_unit_test(test_full_disk_is_survived),
        cmocka_unit_test(test_large_checkpoint),
        cmocka_unit_test(test_new_reply_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
