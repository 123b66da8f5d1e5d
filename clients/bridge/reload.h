/* reload - what the bridge reads when it begins and again on SIGHUP: keys of tokens, staff, what
 * was revoked, kiosks, the certificate; and the audit log, opened anew. */
#ifndef RELOAD_H
#define RELOAD_H
#include "clients/bridge/bridge.h"

/* Read everything for the first time. 0, or -1 with the reason. */
int reload_first(bridge_t *self, char *error, size_t room);
/* Read everything again. What is wrong is told in the log, and stays as it was. */
void reload_again(bridge_t *self);
#endif
