/* storm - offers commands to a server, many in a message: so many in flight (a closed loop), or so
 * many a second whatever comes back (an open loop); and counts what became of every one.
 *
 * Of eight commands one is a rival's, who wants a seat that somebody holds and must not get it; the
 * others lock and release seats, spread over many showtimes, each by its own member. One thread. */
#ifndef STORM_H
#define STORM_H
#include "broker/wire.h"
#include "clients/load/histogram.h"
#include "tests/overload/stock.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    STORM_PACK = 64,          /* commands in a message: a bit each in a 64-bit mask */
    STORM_MESSAGES = 1 << 17, /* that may be unanswered at once */
    STORM_CONNECTIONS_MAX = 64,
    STORM_STATUS_MAX = 256,
    STORM_SEATS = 300, /* of a showtime of clients/load/control.c */
    STORM_ERROR_MAX = 256,
};

typedef struct {
    int64_t intended_ns, deadline_ns; /* monotonic */
    uint64_t unanswered;              /* a bit a command */
    uint64_t serial;
    uint32_t commands[STORM_PACK]; /* the seat, and in the two high bits what was asked */
} storm_message_t;

/* What became of the commands that were offered from one storm_mark() to the next. */
typedef struct {
    double seconds;
    uint64_t offered; /* meant to be sent: sent + not_taken + short_of_seats */
    uint64_t sent;
    uint64_t not_taken;      /* the client's own queue was at its high-water mark */
    uint64_t short_of_seats; /* the storm itself had nothing left to ask for */
    uint64_t answered, good, late;
    uint64_t ok, refused; /* by the trade; within the deadline or not */
    uint64_t by_status[STORM_STATUS_MAX];
    histogram_t accepted; /* latency of the good, from the intended time */
    histogram_t turned;   /* latency of BUSY and EXPIRED */
} storm_count_t;

typedef struct {
    const char *endpoint;
    uint32_t connections, showtimes, deadline_ms;
    uint32_t send_max; /* messages: the high-water mark of a connection */
    uint64_t base;     /* id of the first showtime */
} storm_options_t;

typedef struct {
    storm_options_t options;
    void *context, *sockets[STORM_CONNECTIONS_MAX];
    stock_t stock;
    storm_message_t *messages;
    uint64_t serial;
    uint64_t in_flight;
    uint32_t turn; /* the connection that sends next */
    bool filling;  /* lock only */
    bool full;     /* no connection took a message in this turn of the loop */
    bool release;  /* the next one that is no rival's releases, else it locks */
    storm_count_t count;
    uint64_t twice, unknown, wrong, sold_twice; /* answers that must not be */
    char error[STORM_ERROR_MAX];
} storm_t;

/* 0, or -1 with self->error. The showtimes are open. */
int storm_open(storm_t *self, void *context, const storm_options_t *options);
void storm_close(storm_t *self);
/* Lock half of the seats, so that afterwards there is always something of everything to ask for. */
int storm_fill(storm_t *self);
/* Keep this many commands in flight for a time. */
int storm_closed(storm_t *self, uint32_t in_flight, double seconds);
/* Offer this many commands a second for a time; `tick` is called some times a second. */
int storm_offer(storm_t *self, double rate, double seconds, void (*tick)(void *argument),
                void *argument);
/* Take answers until all have come, or for this long; how long it took. What is then unanswered
 * counts as lost, and its seats as unknown. */
double storm_drain(storm_t *self, double seconds_max, uint64_t *lost);
/* What was counted since the last call. */
void storm_mark(storm_t *self, storm_count_t *count);
#endif
