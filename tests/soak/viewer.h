/* viewer - one reader of a live stream: connects, asks, reads, checks every message.
 *
 * By WebSocket or as server-sent events, with TLS or not. After each message its map is compared
 * with the truth at the same number, as far as that is known by then. One thread; what all viewers
 * share is the house. */
#ifndef VIEWER_H
#define VIEWER_H
#include "clients/bridge/burst.h"
#include "clients/load/histogram.h"
#include "tests/soak/changes.h"
#include "tests/soak/copy.h"
#include "tests/unit/chance.h"
#include <netinet/in.h>
#include <openssl/ssl.h>

enum { VIEWER_BUFFER = 256 * 1024, VIEWER_PENDING_MAX = 64 * 1024 };

typedef enum {
    VIEWER_OFF,
    VIEWER_CONNECTING,
    VIEWER_SECURING, /* TLS */
    VIEWER_ASKING,   /* for the stream */
    VIEWER_OPEN,
    VIEWER_DEAF, /* opened, and reads no more */
    VIEWER_CUT,  /* was deaf, and the server has cut it */
} viewer_state_t;

/* What must never be. */
typedef enum {
    FAULT_CONNECT,   /* no connection, or no TLS */
    FAULT_ANSWER,    /* the stream was refused, or its head is wrong */
    FAULT_LATE,      /* opening took too long */
    FAULT_FRAME,     /* bytes that are no frame or no event */
    FAULT_MALFORMED, /* a message that cannot be understood */
    FAULT_GAP,       /* changes are missing before it */
    FAULT_BACK,      /* it is older than what was known */
    FAULT_MAP,       /* it leads to other seats than the truth has */
    FAULT_END,       /* the server has ended a stream that was read */
    FAULTS
} fault_t;

typedef struct {
    SSL *ssl;
    char *pending;             /* bytes that are no whole message yet */
    int64_t began_ns, deaf_ns; /* deaf_ns: until it was cut */
    int fd;
    uint32_t showtime, index, pending_size;
    uint8_t state;
    bool sse, deaf; /* deaf: is to become so */
    bool fresh;     /* the next message may tell of what was before it came */
    copy_t copy;
} viewer_t;

typedef struct {
    struct sockaddr_in to;
    SSL_CTX *tls; /* NULL: none */
    int poll;
    uint64_t base; /* id of the first showtime */
    const changes_t *changes;
    chance_t chance;
    bool many_addresses; /* come from several of 127.0.0.0/8 */
    histogram_t latency; /* ns, of each change at each viewer */
    uint64_t messages, bytes, snapshots, changes_seen, early, compared, pings;
    uint64_t faults[FAULTS];
    char buffer[VIEWER_BUFFER];
} house_t;

const char *fault_name(fault_t fault);
/* Count a fault and tell the first few of each kind. */
void house_fault(house_t *self, fault_t fault, const viewer_t *viewer, const char *detail);

/* Connect; with_since: and ask for what is new since the number that is known. */
void viewer_open(viewer_t *self, house_t *house, bool with_since);
/* Is what epoll said of it just that there are bytes, for a plain read? */
bool viewer_reads(const viewer_t *self, uint32_t events);
/* What such a read came to. */
void viewer_got(viewer_t *self, house_t *house, const burst_io_t *read);
/* Whatever else epoll said about it. */
void viewer_ready(viewer_t *self, house_t *house, uint32_t events);
/* End it: by a reset or in order, in the middle of a frame of ours or not. */
void viewer_close(viewer_t *self, bool reset, bool in_frame, house_t *house);
/* Ask over the socket to be told again from a number. False: it does not take more now. */
bool viewer_ask(viewer_t *self, house_t *house, uint32_t since);
static inline bool
viewer_opening(const viewer_t *self)
{
    return self->state >= VIEWER_CONNECTING && self->state <= VIEWER_ASKING;
}
#endif
