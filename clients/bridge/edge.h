/* edge - the open side of the bridge: listeners, connections, TLS, deadlines and bounds.
 *
 * It reads requests by http.h and hands them over whole, one at a time a connection; what is
 * answered is the business of who owns the edge. One thread, one event base. What holds between
 * calls: (1) A connection is in at most one list of waits for what it waits for, and in LAG exactly
 * while bytes wait in `out`. (2) `in` holds what came and was not taken yet: at most a head and a
 * body, or one WebSocket frame. (3) A dead connection has no descriptor, no events and no owner;
 * its memory goes at the end of the turn.
 *
 * Memory: an idle connection is its conn_t (about 500 bytes) and no buffer; `in` is bounded by
 * HTTP_HEAD_MAX + body_max, `out` by EDGE_OUT_MAX, what the kernel holds for a reader that has
 * stopped by EDGE_UNSENT_MAX and a segment. TLS adds what OpenSSL keeps, with its buffers
 * released when idle. */
#ifndef EDGE_H
#define EDGE_H
#include "clients/bridge/http.h"
#include "clients/bridge/wait.h"
#include "clients/bridge/ws.h"
#include <event2/event.h>
#include <event2/event_struct.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/uio.h>

enum {
    EDGE_LISTENERS_MAX = 8,
    EDGE_READ_SIZE = 64 * 1024,
    EDGE_OUT_MAX = 8 * 1024 * 1024,
    EDGE_UNSENT_MAX = 32 * 1024, /* that the kernel takes beyond what is on its way */
    EDGE_TICK_MS = 100,
    EDGE_LINGER_MS = 2000,
    EDGE_HANDSHAKE_MS = 10000,
    EDGE_PING_MS =
        30000, /* a stream that is silent so long is pinged, and cut after as much again */
    EDGE_ADDRESS_TEXT = INET6_ADDRSTRLEN,
};

typedef enum {
    EDGE_WAIT_HANDSHAKE,
    EDGE_WAIT_HEAD,
    EDGE_WAIT_BODY,
    EDGE_WAIT_IDLE,
    EDGE_WAIT_LINGER,
    EDGE_WAIT_PING,
    EDGE_WAIT_LAG,
    EDGE_WAITS
} edge_wait_t;

typedef enum {
    CONN_HANDSHAKE, /* of TLS */
    CONN_READING,   /* a request, or waits for one */
    CONN_ANSWERING, /* the owner has a request */
    CONN_STREAMING, /* an answer without end; what comes in is dropped */
    CONN_SOCKET,    /* a WebSocket */
    CONN_ENDING,    /* what waits is sent, the rest read away, then it is closed */
    CONN_DEAD
} conn_state_t;

typedef struct edge edge_t;
typedef struct conn conn_t;

/* An address as it is counted: IPv4 mapped into IPv6. */
typedef struct {
    uint8_t bytes[16];
} address_t;
struct address_count;

struct conn {
    edge_t *edge;
    SSL *ssl;
    void *owner; /* of the edge's owner: the call, or the stream's follower */
    struct event read_event, write_event;
    wait_node_t wait, lag;
    conn_t *next_dead;
    struct address_count *counted;
    char *in, *out;
    uint32_t in_size, in_room, out_at, out_size, out_room;
    int fd;
    address_t address;
    http_parser_t parser;
    http_chunks_t chunks;
    ws_reader_t *reader; /* CONN_SOCKET */
    uint32_t head_size;  /* CONN_READING: of a head that is whole, 0: none yet */
    uint32_t raw_at;     /* of a chunked body: what was decoded */
    uint32_t requests;   /* answered on it */
    uint8_t state, wait_kind;
    bool writing, paused, keep_alive, in_turn, pinged;
    bool early;   /* frames came before the answer to the handshake, and wait in `in` */
    bool follows; /* its owner is a follower, not a call */
};

/* What the owner does. `conn` may be killed inside any of them. */
typedef struct {
    /* A whole request; borrowed until the call returns. The answer may come at once or later. */
    void (*request)(void *owner, conn_t *conn, const http_request_t *request, http_text_t body);
    /* A request that was refused: answer with this status and reason, the edge closes. */
    void (*refused)(void *owner, conn_t *conn, uint16_t status, const char *reason);
    /* A message of a WebSocket, pings and closes excepted. */
    void (*message)(void *owner, conn_t *conn, const ws_message_t *message);
    /* A stream can be written again, all of `out` is gone. */
    void (*writable)(void *owner, conn_t *conn);
    /* Forget the connection: it is gone, whatever conn->owner was doing. */
    void (*gone)(void *owner, conn_t *conn);
} edge_handlers_t;

typedef struct {
    uint32_t connections_max, per_address_max, body_max;
    int64_t head_ms, body_ms, idle_ms, write_ms;
} edge_limits_t;

typedef struct {
    uint64_t accepted, refused_total, refused_address, handshakes, handshake_failures, requests,
        bad_requests, timeouts, cut_slow, bytes_in, bytes_out;
} edge_figures_t;

struct edge {
    struct event_base *base;
    edge_handlers_t handlers;
    void *owner;
    edge_limits_t limits;
    SSL_CTX *tls; /* of new connections, the edge's own; NULL: none */
    struct evconnlistener *listeners[EDGE_LISTENERS_MAX];
    int listener_fds[EDGE_LISTENERS_MAX];
    bool listener_tls[EDGE_LISTENERS_MAX];
    uint32_t listener_count;
    wait_list_t waits[EDGE_WAITS];
    struct event *tick, *bury;
    struct address_count **addresses;
    conn_t *dead;
    uint32_t connections;
    int64_t now_ms;
    edge_figures_t figures;
    char read_buffer[EDGE_READ_SIZE];
};

/* NULL with errno. */
edge_t *edge_new(struct event_base *base, const edge_limits_t *limits,
                 const edge_handlers_t *handlers, void *owner);
/* Kill all connections and close the listeners. */
void edge_destroy(edge_t **self_p);
/* Listen at ADDRESS:PORT ([ADDRESS]:PORT for IPv6; port 0: any), or on a descriptor that was handed
 * over. 0, or -1 with the reason in `error`. */
int edge_listen(edge_t *self, const char *where, bool tls, char *error, size_t room);
int edge_listen_fd(edge_t *self, int fd, bool tls, char *error, size_t room);
/* Take an open, non-blocking socket of somebody at an address, as if it had been accepted: it is
 * the edge's, and closed when a bound is reached. */
void edge_adopt(edge_t *self, int fd, const address_t *address, bool tls);
/* The port that a listener got. */
uint16_t edge_port(const edge_t *self, uint32_t listener);
/* Take no new connections, and close each one when its answer is out. */
void edge_stop_listening(edge_t *self);
void edge_end_idle(edge_t *self);

/* Write bytes in two parts, at once where the socket takes them, else they wait in `out`. When more
 * than EDGE_OUT_MAX would wait the connection is cut. */
void conn_write(conn_t *self, const void *head, size_t head_size, const void *body,
                size_t body_size);
/* Write without keeping: how many bytes the socket took, 0 also when it takes none now, -1: it was
 * killed. Only while `out` is empty. */
long conn_try_write(conn_t *self, const void *data, size_t size);
/* The same for bytes that somebody else has written to its socket, without TLS, and what came of
 * it: how many, or a negative errno. */
long conn_wrote(conn_t *self, long sent);
/* Let bytes wait that could not be written, and be told by `writable`. */
void conn_keep(conn_t *self, const void *data, size_t size);
static inline bool
conn_idle_out(const conn_t *self)
{
    return self->out_size == self->out_at;
}
/* The answer is written: go on with the next request, or close when keep-alive is off. */
void conn_answered(conn_t *self);
/* The answer goes on without end, as a WebSocket or not. 0, or -1: no memory. */
int conn_stream(conn_t *self, bool websocket);
/* Send what waits, then close. */
void conn_end(conn_t *self);
void conn_kill(conn_t *self);
/* Kill one that does not take what it is given, by a reset: what the kernel holds for it goes at
 * once, and it is told so although it reads nothing. */
void conn_cut(conn_t *self);
/* Send a frame of a WebSocket. */
void conn_frame(conn_t *self, ws_opcode_t opcode, const void *data, size_t size);
void conn_close_frame(conn_t *self, uint16_t code, const char *reason);
void address_text(const address_t *address, char text[EDGE_ADDRESS_TEXT]);
/* An address without port; false when it is not one. */
bool address_read(const char *text, address_t *address);
/* Bytes that name who is behind an address: an IPv6 network of 64 bits counts as one. */
size_t address_name_size(const address_t *address);
#endif
