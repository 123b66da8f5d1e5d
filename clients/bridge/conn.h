/* conn - what edge.c and the sources of a connection share: conn.c, conn_out.c, conn_socket.c. */
#ifndef CONN_H
#define CONN_H
#include "clients/bridge/edge.h"

/* Take a connection; 0, or -1 and nothing was taken. */
int conn_new(edge_t *edge, int fd, const address_t *address, struct address_count *counted,
             SSL_CTX *tls);
void conn_free(conn_t *self);
/* Refuse the request that is being read, and close. */
void conn_refuse(conn_t *self, uint16_t status, const char *reason);
/* A stream said nothing for a while: ping it, or cut it when it was pinged before. */
void conn_silent(conn_t *self);

/* What a read or a write came to, beside a count of bytes. */
enum { CONN_AGAIN = -1, CONN_FAULT = -2 };

/* Begin a wait; the one under way ends. */
void conn_wait(conn_t *self, edge_wait_t kind);
/* Keep what was not taken, for when more comes. False: it was killed. */
bool conn_stash(conn_t *self, const char *data, size_t size);
/* Send what waits in `out`, as far as the socket takes it. May kill the connection. */
void conn_flush(conn_t *self);
/* Frames of a WebSocket came. */
void conn_take_frames(conn_t *self, const char *data, size_t size);
void edge_leave(edge_t *self, struct address_count *counted);
int64_t edge_clock_ms(void);
#endif
