/* The reply memory: what it keeps, what it may forget, and that it comes back as it was. */
#include "scratch.h"
#include "store/replies.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void
test_body(uint64_t request, uint8_t body[REPLY_BODY_MAX], uint16_t size)
{
    for (uint16_t i = 0; i < size; i++)
        body[i] = (uint8_t)(request + i);
}

static void
test_add(replies_t *replies, uint64_t client, uint64_t request, int64_t deadline_ms, uint16_t size)
{
    uint8_t body[REPLY_BODY_MAX];
    test_body(request, body, size);
    reply_t reply = { .client = client,
                      .request = request,
                      .digest = request * 11,
                      .sequence = request + 5,
                      .deadline_ms = deadline_ms,
                      .status = (uint16_t)(request % 7),
                      .body_size = size,
                      .body = body };
    replies_add(replies, &reply);
}

static void
test_found(const replies_t *replies, uint64_t client, uint64_t request, uint16_t size)
{
    uint8_t body[REPLY_BODY_MAX];
    reply_t reply;
    test_body(request, body, size);
    assert_true(replies_find(replies, client, request, &reply));
    assert_int_equal(reply.client, client);
    assert_int_equal(reply.request, request);
    assert_int_equal(reply.digest, request * 11);
    assert_int_equal(reply.sequence, request + 5);
    assert_int_equal(reply.status, request % 7);
    assert_int_equal(reply.body_size, size);
    assert_memory_equal(reply.body, body, size);
}

static void
test_repeat_finds_the_same(void **unused)
{
    (void)unused;
    reply_t reply;
    replies_t *replies = replies_new(1 << 20);
    assert_false(replies_find(replies, 1, 1, &reply));
    for (uint64_t i = 0; i < 1000; i++) {
        assert_true(replies_room(replies, 0));
        test_add(replies, i % 3, i, 100, (uint16_t)(i % 90));
    }
    for (uint64_t i = 0; i < 1000; i++) {
        test_found(replies, i % 3, i, (uint16_t)(i % 90));
        assert_false(replies_find(replies, i % 3 + 1, i, &reply));
    }
    assert_int_equal(replies_count(replies), 1000);
    replies_destroy(&replies);
    assert_null(replies);
    replies_destroy(&replies);
}

static void
test_second_replaces_first(void **unused)
{
    (void)unused;
    reply_t reply;
    replies_t *replies = replies_new(0);
    test_add(replies, 7, 7, 10, 0);
    uint8_t body[] = "the end of it";
    reply_t end = { .client = 7,
                    .request = 7,
                    .status = 99,
                    .deadline_ms = 10,
                    .body = body,
                    .body_size = sizeof body };
    replies_add(replies, &end);
    assert_true(replies_find(replies, 7, 7, &reply));
    assert_int_equal(reply.status, 99);
    assert_memory_equal(reply.body, body, sizeof body);
    assert_int_equal(replies_count(replies), 1);
    /* when the first one's block is dropped, the second one stays */
    uint64_t request = 100;
    while (replies_first_block(replies) == 0) {
        assert_true(replies_room(replies, 1000));
        test_add(replies, 1, request++, 10, REPLY_BODY_MAX);
        if (request == 102)
            replies_add(replies, &end);
    }
    assert_true(replies_find(replies, 7, 7, &reply));
    assert_int_equal(reply.status, 99);
    replies_destroy(&replies);
}

static void
test_no_room_before_the_deadline(void **unused)
{
    (void)unused;
    reply_t reply;
    replies_t *replies = replies_new(20000);
    uint64_t count = 0;
    while (replies_room(replies, 50)) {
        test_add(replies, 1, count++, 50, 500);
        assert_true(count < 1000);
    }
    assert_true(count > 10);
    assert_false(replies_room(replies, 50));
    for (uint64_t i = 0; i < count; i++)
        test_found(replies, 1, i, 500);
    assert_true(replies_room(replies, 51)); /* one after the deadline, not a moment before */
    assert_false(replies_find(replies, 1, 0, &reply));
    test_found(replies, 1, count - 1, 500);
    replies_destroy(&replies);
}

/* One client with much time must not hold up the room of all the others. */
static void
test_a_patient_reply_is_carried(void **unused)
{
    (void)unused;
    reply_t reply;
    replies_t *replies = replies_new(20000);
    test_add(replies, 2, 1, 1000000, 60);
    for (uint64_t i = 0; i < 2000; i++) {
        assert_true(replies_room(replies, (int64_t)i));
        test_add(replies, 1, i, (int64_t)i + 2, 100);
        test_found(replies, 2, 1, 60);
    }
    assert_false(replies_find(replies, 1, 1, &reply));
    assert_true(replies_count(replies) < 400);
    while (replies_room(replies, 1000001))
        test_add(replies, 1, 3000 + replies_count(replies), 1000001, 1500);
    assert_false(replies_find(replies, 2, 1, &reply)); /* its time was over */
    replies_destroy(&replies);
}

/* ---- saving ---- */

enum { DISK_BLOCKS = 4096 };

typedef struct {
    size_t sizes[DISK_BLOCKS];
    uint8_t bytes[DISK_BLOCKS][REPLIES_BLOCK];
    uint64_t first, end;
} disk_t;

static void
disk_block(void *argument, uint64_t number, const void *data, size_t size)
{
    disk_t *disk = argument;
    assert_true(number < DISK_BLOCKS);
    assert_true(size <= REPLIES_BLOCK);
    disk->sizes[number] = size;
    memcpy(disk->bytes[number], data, size);
    if (number >= disk->end)
        disk->end = number + 1;
}

static void
disk_save(disk_t *disk, replies_t *replies)
{
    replies_unsaved(replies, disk_block, disk);
    disk->first = replies_first_block(replies);
    replies_saved(replies);
}

static replies_t *
disk_load(const disk_t *disk, size_t bytes)
{
    replies_t *replies = replies_new(bytes);
    for (uint64_t i = disk->first; i < disk->end; i++)
        assert_int_equal(replies_load(replies, i, disk->bytes[i], disk->sizes[i]), 0);
    return replies;
}

/* Against a model: an array of all replies ever added. A memory that is saved and loaded again and
 * again stays equal, block for block, to one that is not. */
static void
test_model(void **unused)
{
    (void)unused;
    enum { COUNT = 20000, BYTES = 60000 };
    uint64_t seed = scratch_seed("test_model");
    disk_t *disk = calloc(1, sizeof *disk), *plain_disk = calloc(1, sizeof *plain_disk);
    uint16_t *sizes = calloc(COUNT, sizeof *sizes);
    int64_t *deadlines = calloc(COUNT, sizeof *deadlines);
    replies_t *replies = replies_new(BYTES), *plain = replies_new(BYTES);
    uint64_t refused = 0, forgotten = 0;
    int64_t now_ms = 1;
    for (uint64_t i = 0; i < COUNT; i++) {
        uint64_t dice = scratch_random(&seed);
        now_ms += (int64_t)(dice % 4);
        bool room = replies_room(replies, now_ms);
        assert_int_equal(room, replies_room(plain, now_ms));
        sizes[i] = (uint16_t)(dice >> 8) % 60;
        deadlines[i] = room ? now_ms + (int64_t)(dice >> 32) % 2000 : 0;
        refused += !room;
        if (room) {
            test_add(replies, 3, i, deadlines[i], sizes[i]);
            test_add(plain, 3, i, deadlines[i], sizes[i]);
        }
        uint64_t back = i - scratch_random(&seed) % (i < 500 ? i + 1 : 500);
        reply_t reply;
        if (deadlines[back] >= now_ms)
            test_found(replies, 3, back, sizes[back]);
        else if (!replies_find(replies, 3, back, &reply))
            forgotten++;
        if (dice % 50 == 0)
            disk_save(disk, replies);
        if (dice % 400 == 0) { /* a save that did not reach the disk */
            uint64_t from = replies_unsaved_from(replies);
            replies_saved(replies);
            replies_unsave(replies, from);
        }
        if (dice % 1000 == 0) {
            disk_save(disk, replies);
            replies_destroy(&replies);
            replies = disk_load(disk, BYTES);
        }
        if (disk->end > DISK_BLOCKS - 8)
            break;
    }
    assert_true(refused > 0);
    assert_true(forgotten > 0);
    assert_int_equal(replies_count(replies), replies_count(plain));
    disk_save(disk, replies);
    disk_save(plain_disk, plain);
    assert_int_equal(disk->first, plain_disk->first);
    assert_int_equal(disk->end, plain_disk->end);
    for (uint64_t i = disk->first; i < disk->end; i++) {
        assert_int_equal(disk->sizes[i], plain_disk->sizes[i]);
        assert_memory_equal(disk->bytes[i], plain_disk->bytes[i], disk->sizes[i]);
    }
    replies_destroy(&replies);
    replies_destroy(&plain);
    free(disk);
    free(plain_disk);
    free(sizes);
    free(deadlines);
}

static void
test_malformed_blocks(void **unused)
{
    (void)unused;
    disk_t *disk = calloc(1, sizeof *disk);
    replies_t *replies = replies_new(60000);
    for (uint64_t i = 0; i < 100; i++)
        test_add(replies, 1, i, 5, 30);
    disk_save(disk, replies);
    replies_destroy(&replies);
    replies = disk_load(disk, 60000);
    size_t size = disk->sizes[0];
    assert_int_equal(replies_load(replies, disk->end + 1, disk->bytes[0], size), -1);
    assert_int_equal(replies_load(replies, 0, disk->bytes[0], size), -1);
    assert_int_equal(replies_load(replies, disk->end, disk->bytes[0], size - 1), -1);
    assert_int_equal(replies_load(replies, disk->end, disk->bytes[0], 0), -1);
    assert_int_equal(replies_load(replies, disk->end, disk->bytes[0], REPLIES_BLOCK + 1), -1);
    disk->bytes[0][43] = 0xff; /* the body's size */
    assert_int_equal(replies_load(replies, disk->end, disk->bytes[0], size), -1);
    replies_destroy(&replies);
    free(disk);
}

static void
test_new_bound(void **unused)
{
    (void)unused;
    replies_t *replies = replies_new(60000);
    uint64_t count = 0;
    while (replies_room(replies, 0))
        test_add(replies, 1, count++, 50, 20);
    assert_true(replies_bound(replies, 120000));
    assert_true(replies_room(replies, 0));
    while (replies_room(replies, 0))
        test_add(replies, 1, count++, 50, 20);
    assert_true(replies_bound(replies, 20000)); /* what is kept stays until its deadline */
    assert_false(replies_room(replies, 50));
    for (uint64_t i = 0; i < count; i++)
        test_found(replies, 1, i, 20);
    size_t before = replies_bytes(replies);
    assert_true(replies_room(replies, 51));
    assert_true(replies_bytes(replies) < before);
    replies_destroy(&replies);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_repeat_finds_the_same),
        cmocka_unit_test(test_second_replaces_first),
        cmocka_unit_test(test_no_room_before_the_deadline),
        cmocka_unit_test(test_a_patient_reply_is_carried),
        cmocka_unit_test(test_model),
        cmocka_unit_test(test_malformed_blocks),
        cmocka_unit_test(test_new_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
