/* log_ring - the bytes of one live stream, framed once and shared by all who read it.
 *
 * A reader is only an offset. Offsets count all bytes ever written; the ring keeps the newest of
 * them, and one who is further behind has lost the stream. Pure, but for its memory. */
#ifndef LOG_RING_H
#define LOG_RING_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LOG_RING_BORDERS = 1024 }; /* messages whose ends are remembered */

typedef struct {
    uint8_t *data;
    uint32_t room, first_border, border_count;
    uint64_t end;                       /* offset behind the newest byte */
    uint64_t borders[LOG_RING_BORDERS]; /* ends of the newest messages, a ring too */
} log_ring_t;

/* `room` is a power of two. NULL: no memory. */
log_ring_t *log_ring_new(uint32_t room);
void log_ring_destroy(log_ring_t **self_p);
/* Append one message in two parts; false, and nothing appended, when it is larger than the ring. */
bool log_ring_append(log_ring_t *self, const void *head, size_t head_size, const void *body,
                     size_t body_size);
/* Is everything from this offset on still there? An offset is the end of some message. */
bool log_ring_has(const log_ring_t *self, uint64_t offset);
/* The bytes from an offset that it has, up to the end or the ring's edge. */
size_t log_ring_bytes(const log_ring_t *self, uint64_t offset, const uint8_t **bytes);
/* The first end of a message at or behind an offset that it has. */
uint64_t log_ring_border(const log_ring_t *self, uint64_t offset);
#endif
