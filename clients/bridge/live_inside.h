/* live_inside - what live.c, live_push.c, live_order.c and live_room.c share. */
#ifndef LIVE_INSIDE_H
#define LIVE_INSIDE_H
#include "clients/bridge/live.h"

/* The call's connection becomes a stream; the call is over. NULL: it has ended otherwise. */
follower_t *live_begin(hall_t *hall, call_t *call, follow_t kind);
/* The same once the first look has told that it is the caller's: follows the showtime of call->key.
 * NULL: it has ended otherwise, the refusal answered. */
follower_t *live_begin_seen(call_t *call, const marquee_reply_t *reply, follow_t kind);
/* Tell one follower alone; JSON as WebSocket or server-sent event. May kill the connection. */
void live_say(follower_t *self, const char *text, size_t size);
/* The changes of a hall since its last message become one, if there are any. */
void live_frame(hall_t *hall);
/* Bring a reader up to the end of its log, as far as its socket takes it. May kill the connection.
 */
void live_push_one(follower_t *self);
/* Bytes of a hall's log: a power of two. */
uint32_t live_ring_room(const bridge_t *bridge);

void live_order_event(hall_t *hall, const marquee_event_t *event);
/* Ask for an order as its follower would. */
void live_order_verify(follower_t *self);
void live_room_event(hall_t *hall, const marquee_event_t *event);
void live_schedule_event(hall_t *hall, const marquee_event_t *event);
/* Ask for a cinema's version, since an event may have been lost. */
void live_schedule_verify(hall_t *hall);
/* Ask now and then for the place, since an event may have been lost. */
void live_room_verify(follower_t *self);
#endif
