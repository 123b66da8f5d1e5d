/* wire - the envelope that every Marquee message travels in.
 *
 * A ZeroMQ message frame is a sequence of 1..WIRE_RECORDS_MAX records, packed without padding:
 *     u32 size          of what follows: header and body
 *     header            WIRE_HEADER_SIZE bytes, little endian, see wire_header_t
 *     body              one msgpack map (may be absent where an operation has no fields)
 * Between broker and actor each record is preceded by a route, see wire_route_t. */
#ifndef WIRE_H
#define WIRE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    WIRE_MAGIC = 0x514d, /* "MQ" in little endian */
    WIRE_VERSION = 1,
    WIRE_PREFIX_SIZE = 4,
    WIRE_HEADER_SIZE = 32,
    WIRE_ROUTE_SIZE = 24,
    WIRE_RECORD_MAX = 64 * 1024,    /* header and body of one record */
    WIRE_RECORDS_MAX = 1024,        /* records in one frame */
    WIRE_MESSAGE_MAX = 1024 * 1024, /* bytes of one frame */
    WIRE_DEADLINE_HORIZON_MS = 60 * 1000,
};

typedef enum {
    WIRE_COMMAND = 1,
    WIRE_REPLY,
    WIRE_EVENT,
    WIRE_TELL,
    WIRE_READY,
    WIRE_HEARTBEAT,
    WIRE_BYE,
} wire_kind_t;

/* Bytes: 0 u16 magic, 2 u8 version, 3 u8 kind, 4 u16 operation, 6 u16 status, 8 u64 key,
 * 16 u64 request, 24 i64 moment. */
typedef struct {
    uint8_t kind;
    uint16_t operation;
    uint16_t status;  /* replies only, else 0 */
    uint64_t key;     /* shard key; in events the showtime */
    uint64_t request; /* chosen by the client, never 0; in events and tells their number */
    int64_t moment; /* commands: deadline, Unix ms; replies, events: partition's sequence number */
} wire_header_t;

/* One record inside somebody else's buffer; valid as long as that is. */
typedef struct {
    wire_header_t header;
    const uint8_t *body;
    uint32_t body_size;
} wire_record_t;

/* Who sent a command and where its answer goes. Written by the broker, echoed by the actor.
 * Bytes: 0 u64 peer, 8 u64 client, 16 u8 role, 17 u8 0, 18 u16 partition, 20 u16 sender, 22 u16 0.
 */
typedef struct {
    uint64_t peer;   /* the broker's name for the connection; 0: nobody waits */
    uint64_t client; /* identity for repeats, from hello (and the key on CURVE) */
    uint8_t role;    /* role_t */
    uint16_t partition;
    uint16_t sender; /* of a tell: the partition that tells, else 0 */
} wire_route_t;

/* Read the record at *at (an offset below size) and move *at behind it. Returns STATUS_OK, or the
 * status that names what is wrong; then *at is unchanged. `record` borrows from `frame`. */
uint16_t wire_next(const void *frame, size_t size, size_t *at, wire_record_t *record);
/* The same for a record that a route precedes. */
uint16_t wire_next_routed(const void *frame, size_t size, size_t *at, wire_route_t *route,
                          wire_record_t *record);
/* Bytes that a record with this body takes, with or without its route. */
size_t wire_size(uint32_t body_size);
size_t wire_routed_size(uint32_t body_size);
/* Write a record at `to`, which has room for wire_size(); returns the bytes written. */
size_t wire_put(void *to, const wire_header_t *header, const void *body, uint32_t body_size);
size_t wire_put_routed(void *to, const wire_route_t *route, const wire_header_t *header,
                       const void *body, uint32_t body_size);

/* Little-endian numbers at any address. */
static inline uint16_t
get_u16(const void *at)
{
    const uint8_t *p = at;
    return (uint16_t)(p[0] | p[1] << 8);
}
static inline uint32_t
get_u32(const void *at)
{
    const uint8_t *p = at;
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}
static inline uint64_t
get_u64(const void *at)
{
    return (uint64_t)get_u32(at) | (uint64_t)get_u32((const uint8_t *)at + 4) << 32;
}
static inline void
put_u16(void *at, uint16_t value)
{
    uint8_t *p = at;
    p[0] = (uint8_t)value;
    p[1] = (uint8_t)(value >> 8);
}
static inline void
put_u32(void *at, uint32_t value)
{
    put_u16(at, (uint16_t)value);
    put_u16((uint8_t *)at + 2, (uint16_t)(value >> 16));
}
static inline void
put_u64(void *at, uint64_t value)
{
    put_u32(at, (uint32_t)value);
    put_u32((uint8_t *)at + 4, (uint32_t)(value >> 32));
}
#endif
