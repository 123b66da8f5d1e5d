/* conn - what edge.c and conn.c share. */
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
void edge_leave(edge_t *self, struct address_count *counted);
int64_t edge_clock_ms(void);
#endif
