/* notify - callbacks of payment providers, handed to marquee-cashier as they came.
 *
 * The bridge understands none of it: raw bytes and the lines of the head that are signed go over,
 * what the provider is to be answered comes back. */
#ifndef NOTIFY_H
#define NOTIFY_H
#include "clients/bridge/bridge.h"

/* Connect to the cashier of the configuration; without one the routes answer that it is away. 0, or
 * -1 with the reason. */
int notify_open(bridge_t *self, char *error, size_t room);
void notify_close(bridge_t *self);
#endif
