/* live - what is pushed: seats of a showtime, one's own order, to WebSockets and as server-sent
 * events.
 *
 * Seats: a snapshot, then numbered changes, gathered for live/tick_ms and framed once for all
 * readers of a showtime (log_ring.h); a reader is an offset, and one that is more than live/lag_kb
 * behind is cut: it comes back with the number it knows. Orders: each follower is told apart, there
 * is one a stream. */
#ifndef LIVE_H
#define LIVE_H
#include "clients/bridge/hall.h"

typedef enum { FOLLOW_SEATS, FOLLOW_ORDER, FOLLOW_KIOSK, FOLLOW_ROOM, FOLLOW_SCHEDULE } follow_t;

/* Who follows a showtime; the owner of its connection. */
struct follower {
    conn_t *conn;
    hall_t *hall;
    follower_t *next, *before;
    call_t *asking; /* a look at how things stand, on its way */
    uint64_t offset, user;
    follow_t kind;
    bool sse;
    uint64_t place;      /* in a waiting room, 0: none yet; of a cinema the version told last */
    uint8_t lane, turns; /* of the waiting room; of what is verified now and then */
    bool waiting;
    char word[BRIDGE_WORD_MAX + 1]; /* an order, or a kiosk */
    char said[160];                 /* what was told last */
};

/* The events of the loop: 0, or -1. */
int live_start(bridge_t *bridge, halls_t *halls);
/* The number of a showtime has moved: it is pushed in its turn, when the tick is over. */
void live_changed(hall_t *hall);
/* A showtime goes: nothing of it is pushed any more. */
void live_forget(hall_t *hall);
/* Turn a call into a follower of seats, beginning with what it does not know. */
void live_begin_seats(hall_t *hall, call_t *call);
/* Check the handshake of a route that is a WebSocket; false: it has answered. */
bool live_handshake(call_t *call, const http_request_t *request);
/* Turn a call into a follower of kind FOLLOW_KIOSK; call->word is the kiosk. */
void live_begin_kiosk(call_t *call);
/* Tell a kiosk's sockets; how many there are. */
uint32_t live_tell_kiosk(bridge_t *bridge, const char *kiosk, const char *text, size_t size);
/* Let go of a kiosk's sockets: it is none of ours any more. */
void live_end_kiosk(bridge_t *bridge, const char *kiosk);
/* An event that is not about seats. */
void live_event(hall_t *hall, const marquee_event_t *event);
/* Ask how things stand where an event may have been lost. */
void live_verify(hall_t *hall);
/* What the edge tells of a stream. */
void live_message(conn_t *conn, const ws_message_t *message);
void live_writable(conn_t *conn);
void live_gone(conn_t *conn);
/* Say goodbye to every follower. */
void live_end_all(bridge_t *bridge);
#endif
