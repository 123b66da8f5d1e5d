/* burst - many small writes to as many sockets, or reads, given to the kernel at once.
 *
 * A change that ten thousand look at is ten thousand writes, and on a virtual machine the system
 * call of each costs about as much as what it does. io_uring takes hundreds of them in one call.
 * Where the kernel has none, or forbids it, each is a call of its own; the results are the same.
 * Belongs to one thread. */
#ifndef BURST_H
#define BURST_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BURST_MAX = 512 }; /* at once */

/* Bytes to write, or room to read into: borrowed until the call has returned. */
typedef struct {
    union {
        const void *data;
        void *room;
    };
    uint32_t size;
    int fd;       /* of a socket, that does not block */
    int64_t done; /* out: bytes written or read, or a negative errno */
} burst_io_t;

typedef struct burst burst_t;

/* NULL: no memory. Without `ring` each is a call of its own, whatever the kernel has. */
burst_t *burst_new(bool ring);
void burst_destroy(burst_t **self_p);
/* Does one call carry many of them? */
bool burst_has_ring(const burst_t *self);
/* Make up to BURST_MAX writes, each to another socket, and tell in each what came of it. Raises no
 * SIGPIPE, waits for no socket. */
void burst_send(burst_t *self, burst_io_t *writes, size_t count);
/* The same for reads; 0 bytes are the end of what comes. */
void burst_receive(burst_t *self, burst_io_t *reads, size_t count);
#endif
