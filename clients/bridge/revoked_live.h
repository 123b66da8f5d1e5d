/* revoked_live - the list of revoked tokens is kept up with the site's partitions, which number
 * what they take back: events tell of it at once, and what an event did not tell is asked for
 * within a second. */
#ifndef REVOKED_LIVE_H
#define REVOKED_LIVE_H
#include "clients/bridge/bridge.h"

revoked_live_t *revoked_live_new(bridge_t *bridge);
void revoked_live_destroy(revoked_live_t **self_p);
/* There is a broker that knows us, maybe another one than before. */
void revoked_live_connected(revoked_live_t *self);
/* Ask every partition for what is new; once a second, while there is a broker. */
void revoked_live_clock(revoked_live_t *self);
/* An event of a partition came. */
void revoked_live_event(revoked_live_t *self, const marquee_event_t *event);
/* Is everything known that was taken back before this bridge began? Until then no member's token
 * can be called good. */
bool revoked_live_whole(const revoked_live_t *self);
#endif
