/* control - the load client's side channel: a connection that opens showtimes, reads counters and
 * seat maps, one answer after the other. Not part of what is measured. */
#ifndef LOAD_CONTROL_H
#define LOAD_CONTROL_H
#include "broker/wire.h"
#include <stdbool.h>
#include <stdint.h>
#include <zmq.h>

enum {
    CONTROL_ERROR_MAX = 256,
    CONTROL_LOCK_MS = 3600 * 1000, /* how long a lock is held in the showtimes opened here */
};

typedef struct {
    void *socket;
    zmq_msg_t answer;
    uint64_t request;
    uint32_t partitions, retry_ms;
    char error[CONTROL_ERROR_MAX];
} control_t;

typedef struct {
    uint64_t commands, entries, appends;
} control_stats_t;

/* A connected DEALER that has said hello under an identity of its own, or NULL with `error`.
 * partitions and retry_ms may be NULL. */
void *control_connect(void *context, const char *endpoint, uint32_t *partitions, uint32_t *retry_ms,
                      char error[CONTROL_ERROR_MAX]);
/* 0, or -1 with self->error. */
int control_open(control_t *self, void *context, const char *endpoint);
void control_close(control_t *self);
/* One command and its answer, tried again while the server is busy; `record` is valid until the
 * next call. 0, or -1 with self->error when no answer came. */
int control_call(control_t *self, uint16_t operation, uint64_t key, const void *body, uint32_t size,
                 wire_record_t *record);
/* The body of showtime.open for a hall of 15 rows of 20, one price, no rule about lone seats, that
 * starts in an hour and is on sale; nothing in it depends on the showtime. Its size. */
uint32_t control_showtime_body(uint8_t *body, size_t room, uint64_t now_ms);
/* Put showtimes base + from .. base + to - 1 on sale; those that are open already are fine. */
int control_open_showtimes(control_t *self, uint64_t base, uint32_t from, uint32_t to);
/* The counters of all partitions, added up. */
int control_stats(control_t *self, control_stats_t *stats);
#endif
