/* room - the door of a waiting room, as far as the bridge keeps it; live_room.c has the rest.
 *
 * The partition refuses whoever is not inside. The bridge refuses earlier, when it knows that a
 * room is open: a crowd without passes then costs the partition nothing. */
#ifndef ROOM_H
#define ROOM_H
#include "clients/bridge/hall.h"

/* May the caller try to take seats? False: it has answered QUEUE_FIRST. */
bool room_lets(call_t *call, const http_request_t *request, uint64_t showtime);
/* The partition said QUEUE_FIRST: there is a room. */
void room_refused(call_t *call);
/* A sign that a showtime's room is open, or is not. */
void room_seen(hall_t *hall, bool open);
/* The site's public keys, by which passes are checked. */
void room_take_keys(bridge_t *bridge, const marquee_reply_t *reply);
#endif
