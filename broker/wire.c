/* wire - see wire.h for the contract. */
#include "broker/wire.h"
#include "broker/status.h"
#include <assert.h>
#include <string.h>

uint16_t
wire_next(const void *frame, size_t size, size_t *at, wire_record_t *record)
{
    const uint8_t *bytes = (const uint8_t *)frame + *at;
    size_t left = size - *at;
    if (left < WIRE_PREFIX_SIZE + WIRE_HEADER_SIZE)
        return STATUS_BAD_FRAME;
    uint32_t length = get_u32(bytes);
    if (length > WIRE_RECORD_MAX)
        return STATUS_TOO_LARGE;
    if (length < WIRE_HEADER_SIZE || length > left - WIRE_PREFIX_SIZE)
        return STATUS_BAD_FRAME;
    bytes += WIRE_PREFIX_SIZE;
    if (get_u16(bytes) != WIRE_MAGIC)
        return STATUS_BAD_FRAME;
    record->header = (wire_header_t){
        .kind = bytes[3],
        .operation = get_u16(bytes + 4),
        .status = get_u16(bytes + 6),
        .key = get_u64(bytes + 8),
        .request = get_u64(bytes + 16),
        .moment = (int64_t)get_u64(bytes + 24),
    };
    record->body = bytes + WIRE_HEADER_SIZE;
    record->body_size = length - WIRE_HEADER_SIZE;
    if (bytes[2] != WIRE_VERSION)
        return STATUS_BAD_VERSION;
    if (bytes[3] < WIRE_COMMAND || bytes[3] > WIRE_BYE)
        return STATUS_BAD_KIND;
    *at += WIRE_PREFIX_SIZE + length;
    return STATUS_OK;
}

uint16_t
wire_next_routed(const void *frame, size_t size, size_t *at, wire_route_t *route,
                 wire_record_t *record)
{
    const uint8_t *bytes = (const uint8_t *)frame + *at;
    if (size - *at < WIRE_ROUTE_SIZE)
        return STATUS_BAD_FRAME;
    *route = (wire_route_t){ .peer = get_u64(bytes),
                             .client = get_u64(bytes + 8),
                             .role = bytes[16],
                             .partition = get_u16(bytes + 18),
                             .sender = get_u16(bytes + 20) };
    size_t behind = *at + WIRE_ROUTE_SIZE;
    uint16_t status = wire_next(frame, size, &behind, record);
    if (status == STATUS_OK)
        *at = behind;
    return status;
}

size_t
wire_size(uint32_t body_size)
{
    return (size_t)WIRE_PREFIX_SIZE + WIRE_HEADER_SIZE + body_size;
}

size_t
wire_routed_size(uint32_t body_size)
{
    return WIRE_ROUTE_SIZE + wire_size(body_size);
}

size_t
wire_put(void *to, const wire_header_t *header, const void *body, uint32_t body_size)
{
    assert(body_size <= WIRE_RECORD_MAX - WIRE_HEADER_SIZE);
    uint8_t *bytes = to;
    put_u32(bytes, WIRE_HEADER_SIZE + body_size);
    bytes += WIRE_PREFIX_SIZE;
    put_u16(bytes, WIRE_MAGIC);
    bytes[2] = WIRE_VERSION;
    bytes[3] = header->kind;
    put_u16(bytes + 4, header->operation);
    put_u16(bytes + 6, header->status);
    put_u64(bytes + 8, header->key);
    put_u64(bytes + 16, header->request);
    put_u64(bytes + 24, (uint64_t)header->moment);
    if (body_size)
        memcpy(bytes + WIRE_HEADER_SIZE, body, body_size);
    return wire_size(body_size);
}

size_t
wire_put_routed(void *to, const wire_route_t *route, const wire_header_t *header, const void *body,
                uint32_t body_size)
{
    uint8_t *bytes = to;
    put_u64(bytes, route->peer);
    put_u64(bytes + 8, route->client);
    put_u16(bytes + 16, route->role);
    put_u16(bytes + 18, route->partition);
    put_u16(bytes + 20, route->sender);
    put_u16(bytes + 22, 0);
    return WIRE_ROUTE_SIZE + wire_put(bytes + WIRE_ROUTE_SIZE, header, body, body_size);
}
