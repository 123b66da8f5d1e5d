/* succession - listening sockets from one process to the next, so that no connection is refused
 * between them.
 *
 * By the convention of systemd (sd_listen_fds(3)): LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES,
 * sockets from descriptor 3 on; a name "https" means TLS. A service manager may hold them, or the
 * process before. */
#ifndef SUCCESSION_H
#define SUCCESSION_H
#include "clients/bridge/bridge.h"

/* Listen at the sockets that were handed over: how many, 0 when there are none, -1 with the reason.
 */
int succession_take(edge_t *edge, char *error, size_t room);
/* Does a process before us wait until we serve? */
bool succession_awaited(void);
/* Tell it. */
void succession_ready(void);
/* Start the program anew with our sockets; `done` hears whether it serves. One at a time. */
void succession_begin(bridge_t *bridge, void (*done)(bridge_t *bridge, bool good));
#endif
