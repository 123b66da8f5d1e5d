/* link - the sockets of a client: made, sent on, received from, waited for.
 *
 * A DEALER for commands and a SUB for events in one context of their own, behind one descriptor.
 * Sends go to a finished connection only (ZMQ_IMMEDIATE), so nothing old waits in a pipe while the
 * server is away: what to send again is the client's own decision. */
#ifndef LINK_H
#define LINK_H
#include "clients/marquee.h"
#include <zmq.h>

typedef struct {
    void *context, *commands, *events;
    int fd; /* an epoll descriptor over both sockets' */
} link_t;

/* 0, or -1 with errno; then nothing is left open. */
int link_open(link_t *self, const marquee_options_t *options);
void link_close(link_t *self);
/* Send a message whole; takes it. 1: sent, 0: no connection takes it now, -1 with errno. */
int link_send(link_t *self, zmq_msg_t *message);
/* Does a finished connection take messages now? */
bool link_writable(const link_t *self);
/* Receive into an initialised message. 1: received, 0: nothing there, -1 with errno. */
int link_receive(void *socket, zmq_msg_t *message);
/* Wait until something came, or (with `sending`) can be sent. 0, or -1 with errno. */
int link_wait(link_t *self, bool sending, long timeout_ms);
#endif
