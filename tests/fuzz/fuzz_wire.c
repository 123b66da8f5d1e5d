/* fuzz_wire - records, with and without a route, as they come in a frame: what is read is written
 * back the same. */
#include "broker/status.h"
#include "broker/wire.h"
#include "tests/fuzz/fuzz.h"
#include <string.h>

static void
wire_again(const uint8_t *frame, size_t from, size_t to, const wire_route_t *route,
           const wire_record_t *record)
{
    static uint8_t again[WIRE_RECORD_MAX + WIRE_PREFIX_SIZE + WIRE_ROUTE_SIZE];
    size_t room = route ? wire_routed_size(record->body_size) : wire_size(record->body_size);
    FUZZ_HOLDS(room == to - from && room <= sizeof again);
    size_t size =
        route ? wire_put_routed(again, route, &record->header, record->body, record->body_size)
              : wire_put(again, &record->header, record->body, record->body_size);
    FUZZ_HOLDS(size == room);
    /* A route and a header have bytes that mean nothing and are written as zero. */
    wire_record_t twin;
    wire_route_t twin_route;
    size_t at = 0;
    status_t status = route ? wire_next_routed(again, size, &at, &twin_route, &twin)
                            : wire_next(again, size, &at, &twin);
    FUZZ_HOLDS(status == STATUS_OK && at == size);
    FUZZ_HOLDS(twin.body_size == record->body_size);
    FUZZ_HOLDS(twin.body_size == 0 || memcmp(twin.body, record->body, twin.body_size) == 0);
    FUZZ_HOLDS(twin.header.kind == record->header.kind && twin.header.key == record->header.key &&
               twin.header.operation == record->header.operation &&
               twin.header.status == record->header.status &&
               twin.header.request == record->header.request &&
               twin.header.moment == record->header.moment);
    FUZZ_HOLDS(!route ||
               (twin_route.peer == route->peer && twin_route.client == route->client &&
                twin_route.role == route->role && twin_route.partition == route->partition));
    FUZZ_HOLDS(record->body >= frame + from && record->body + record->body_size <= frame + to);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    wire_record_t record;
    wire_route_t route;
    fuzz_memory_begin();
    for (size_t at = 0, from = 0; at < size; from = at) {
        status_t status = wire_next(data, size, &at, &record);
        FUZZ_HOLDS(status == STATUS_OK ? at > from && at <= size : at == from);
        if (status != STATUS_OK)
            break;
        wire_again(data, from, at, NULL, &record);
    }
    for (size_t at = 0, from = 0; at < size; from = at) {
        status_t status = wire_next_routed(data, size, &at, &route, &record);
        FUZZ_HOLDS(status == STATUS_OK ? at > from && at <= size : at == from);
        if (status != STATUS_OK)
            break;
        wire_again(data, from, at, &route, &record);
    }
    fuzz_memory_end(size, 0);
    return 0;
}
