/* fuzz_replies - blocks of remembered replies, as they are read back from a state. Input: blocks,
 * each with two bytes of length before it. */
#include "store/replies.h"
#include "tests/fuzz/fuzz.h"

enum { REPLIES_BOUND = 64 * 1024, REPLIES_MEMORY = 128 * 1024 };

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_input_t input = { data, size };
    fuzz_memory_begin();
    replies_t *replies = replies_new(REPLIES_BOUND);
    uint64_t number = fuzz_take(&input, 8); /* of the first block */
    bool sound = true;
    while (replies && input.left > 0 && sound) {
        size_t length = fuzz_take(&input, 2) % (REPLIES_BLOCK + 10);
        length = length < input.left ? length : input.left;
        sound = replies_load(replies, number++, input.at, length) == 0;
        input.at += length;
        input.left -= length;
    }
    reply_t reply;
    for (uint64_t request = 0; replies && sound && request < 8; request++)
        if (replies_find(replies, 1, request, &reply))
            FUZZ_HOLDS(reply.body_size <= REPLY_BODY_MAX);
    if (replies && sound && replies_room(replies, 1000000))
        replies_add(replies, &(reply_t){ .client = 1, .request = 9, .deadline_ms = 2000000 });
    replies_destroy(&replies);
    fuzz_memory_end(size, REPLIES_MEMORY);
    return 0;
}
