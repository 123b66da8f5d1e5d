/* hall - the seats of a showtime as the bridge knows them: a copy that can always be thrown away.
 *
 * Who asks for a map gets what stood in the partition after the question came: all who ask while a
 * read is on its way share the next one, so a crowd costs one small read a turn, and nobody sees
 * what is older than a write that was answered before. Events keep the copies of showtimes that are
 * followed; a number that is missing is asked for, and now and then all are compared, since what is
 * published may be lost. What holds: (1) seats, changed and number are there exactly while state is
 * HALL_READY. (2) changed[i] is the number of the last change of seat i + 1 that was seen; base
 * when none was. (3) A hall without calls, followers or a read on its way may go at any time. */
#ifndef HALL_H
#define HALL_H
#include "clients/bridge/bridge.h"
#include "clients/bridge/burst.h"
#include "clients/bridge/log_ring.h"

typedef struct hall hall_t;
typedef struct follower follower_t;

/* Set in the `showtime` of a hall that stands for a cinema: see live_schedule.c. No id has it. */
#define HALL_CINEMA (UINT64_C(1) << 63)

enum {
    HALL_SEATS_MAX = 4096,
    HALL_VERIFY_FIRST_MS = 200, /* a subscription takes its time to the publisher */
    HALL_VERIFY_MS = 5000,
    HALL_IDLE_MS = 30000, /* an unused copy is kept so long at most when room is short for none */
};

typedef enum { HALL_MAP, HALL_COMPACT, HALL_CHANGES, HALL_LAYOUT, HALL_STREAM } hall_format_t;

typedef struct {
    uint16_t row, column;
    char kind, zone;
    uint8_t state;
} hall_seat_t;

/* An answer that is good until the number moves. */
typedef struct {
    char *text, *packed; /* packed by gzip, NULL: nobody wanted that yet */
    size_t size, room, packed_size;
    bool good;
} hall_text_t;

struct hall {
    bridge_t *bridge;
    hall_t *next;          /* in its chain */
    hall_t *newer, *older; /* by use */
    hall_t *dirty_next;
    uint64_t showtime;
    bool ready, reading, following, pinned;
    bool gap;                 /* an event that did not join on came since the last read was begun */
    bool dirty, due, passing; /* in line for a push; the tick is over; readers are being served */
    uint8_t verified;         /* how often since following began, up to 2 */
    uint32_t seat_count, number, base, pushed; /* pushed: the number of the last message */
    hall_seat_t *seats;
    uint32_t *changed;
    call_t *asking, *wanting; /* of the read on its way; of the next one */
    hall_text_t map, compact, layout;
    follower_t *followers, *push_at;
    uint32_t follower_count;
    log_ring_t *ws_log, *sse_log;
    int64_t used_ms, verify_ms;
    int64_t room_ms; /* its waiting room is taken to be open until then */
};

struct halls {
    hall_t **chains;
    uint32_t count, max, following;
    hall_t by_use;              /* a ring: newer is the oldest, older the newest */
    hall_t *dirty, *dirty_last; /* the line of those that want a push; those due come first */
    struct event *tick, *push;
    bool tick_due;
    burst_t *burst;
};

halls_t *halls_new(bridge_t *bridge);
void halls_destroy(halls_t **self_p);
/* The hall of a showtime, made when there is none; NULL: no memory, or too many are in use. */
hall_t *hall_of(bridge_t *bridge, uint64_t showtime);
hall_t *hall_find(bridge_t *bridge, uint64_t showtime);
/* Answer a call in its format (hall_format_t) from what a read that is begun from now on brings. */
void hall_want(hall_t *self, call_t *call);
/* Begin to follow a showtime's events. 0, or -1. */
int hall_follow(hall_t *self);
/* An event of the broker. */
void halls_event(void *argument, const marquee_event_t *event);
/* What is due: comparisons, copies that nobody uses. Called a few times a second. */
void halls_clock(bridge_t *bridge, int64_t now_ms);
/* Begin a read when none is on its way. */
void hall_read(hall_t *self);
/* {"number","states"} or changes as JSON into `to`; bytes, 0 when it would not fit. */
size_t hall_put_states(const hall_t *self, const char *type, char *to, size_t room);
size_t hall_put_changes(const hall_t *self, const char *type, uint32_t since, char *to,
                        size_t room);
enum { HALL_STATES_ROOM = HALL_SEATS_MAX + 128, HALL_CHANGES_ROOM = HALL_SEATS_MAX * 9 + 128 };
#endif
