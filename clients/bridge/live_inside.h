/* live_inside - what live.c, live_order.c and live_room.c share. */
#ifndef LIVE_INSIDE_H
#define LIVE_INSIDE_H
#include "clients/bridge/live.h"

/* The call's connection becomes a stream; the call is over. NULL: it has ended otherwise. */
follower_t *live_begin(hall_t *hall, call_t *call, follow_t kind);
/* Tell one follower alone; JSON as WebSocket or server-sent event. May kill the connection. */
void live_say(follower_t *self, const char *text, size_t size);

void live_order_event(hall_t *hall, const marquee_event_t *event);
/* Ask for an order as its follower would. */
void live_order_verify(follower_t *self);
void live_room_event(hall_t *hall, const marquee_event_t *event);
/* Ask now and then for the place, since an event may have been lost. */
void live_room_verify(follower_t *self);
#endif
