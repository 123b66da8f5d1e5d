/* fuzz_ids - orders, tickets, tokens, base64: one spelling for one thing. */
#include "actors/ids.h"
#include "tests/fuzz/fuzz.h"
#include <string.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    uint64_t showtime;
    uint32_t number;
    uint16_t seat;
    fuzz_memory_begin();
    if (ids_order_read(text, size, &showtime, &number)) {
        char again[ORDER_ID_ROOM];
        FUZZ_HOLDS(showtime >= 1 && number >= 1);
        ids_order_text(again, showtime, number);
        FUZZ_HOLDS(strlen(again) == size && memcmp(again, text, size) == 0);
    }
    if (ids_ticket_read(text, size, &showtime, &number, &seat)) {
        char again[TICKET_ID_ROOM];
        ids_ticket_text(again, showtime, number, seat);
        FUZZ_HOLDS(strlen(again) == size && memcmp(again, text, size) == 0);
    }
    ids_token_t token;
    if (ids_token_read(text, size, &token)) {
        char again[TOKEN_ROOM];
        ids_token_text(again, &token);
        FUZZ_HOLDS(strlen(again) == size && memcmp(again, text, size) == 0);
    }
    uint8_t bytes[256];
    char again[512];
    size_t count;
    if (ids_base64_read(text, size, bytes, sizeof bytes, &count)) {
        FUZZ_HOLDS(count <= sizeof bytes && ids_base64_size(count) == size);
        ids_base64_text(again, bytes, count);
        FUZZ_HOLDS(memcmp(again, text, size) == 0);
    }
    if (size < 64) { /* the same of NUL-terminated text */
        char terminated[65] = { 0 };
        memcpy(terminated, data, size);
        (void)ids_order_showtime(terminated, &showtime);
        (void)ids_ticket_showtime(terminated, &showtime);
        (void)ids_token_showtime(terminated, &showtime);
    }
    fuzz_memory_end(size, 0);
    return 0;
}
