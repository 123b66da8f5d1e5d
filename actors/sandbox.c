/* sandbox - see sandbox.h for the contract. */
#include "actors/sandbox.h"
#include "broker/mp.h"
#include "broker/operation.h"
#include <assert.h>
#include <string.h>

enum { SANDBOX_BODY_MAX = 256 };

size_t
sandbox_greeting(uint8_t frame[SANDBOX_FRAME_MAX])
{
    static const uint8_t identity[16] = "sandbox cashier";
    uint8_t body[SANDBOX_BODY_MAX];
    pack_t pack;
    pack_init(&pack, body, sizeof body);
    pack_map(&pack, 1);
    pack_str(&pack, "client");
    pack_bin(&pack, identity, sizeof identity);
    wire_header_t hello = { .kind = WIRE_COMMAND, .operation = OP_HELLO, .request = 1 };
    size_t size = wire_put(frame, &hello, body, (uint32_t)pack.size);
    wire_header_t ready = { .kind = WIRE_READY, .request = 1 };
    size += wire_put(frame + size, &ready, NULL, 0);
    assert(size <= SANDBOX_FRAME_MAX);
    return size;
}

size_t
sandbox_answer(const wire_record_t *tell, int64_t now_ms, uint8_t frame[SANDBOX_FRAME_MAX])
{
    mp_t order, provider;
    const char *text;
    uint32_t size;
    if (!mp_find(tell->body, tell->body_size, "provider", &provider) ||
        !mp_read_str(&provider, &text, &size) || size != 7 || memcmp(text, "sandbox", 7) != 0)
        return 0;
    if (tell->header.kind != WIRE_TELL || tell->header.operation != OP_PROVIDER_REFUND ||
        !mp_find(tell->body, tell->body_size, "order", &order) ||
        !mp_read_str(&order, &text, &size) || size > 32)
        return 0;
    uint8_t body[SANDBOX_BODY_MAX];
    pack_t pack;
    pack_init(&pack, body, sizeof body);
    pack_map(&pack, 3);
    pack_str(&pack, "order");
    pack_strn(&pack, text, size);
    pack_key_uint(&pack, "tell", tell->header.request);
    pack_key_str(&pack, "outcome", "done");
    /* Tells are numbered per partition, and their key decides the partition: the key's mix makes
     * the request unique over all of them. A repeat is the same request. */
    wire_header_t header = { .kind = WIRE_COMMAND,
                             .operation = OP_REFUND_SETTLE,
                             .key = tell->header.key,
                             .request = tell->header.request,
                             .moment = now_ms + SANDBOX_DEADLINE_MS };
    return wire_put(frame, &header, body, (uint32_t)pack.size);
}
