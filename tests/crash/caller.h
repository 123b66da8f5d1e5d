/* caller - one client's connection: bytes out, records in. It is made anew for every life of the
 * server; the client's identity stays. */
#ifndef CRASH_CALLER_H
#define CRASH_CALLER_H
#include "broker/wire.h"
#include <stdbool.h>
#include <stdint.h>
#include <zmq.h>

typedef struct {
    void *socket; /* NULL: not connected */
    uint8_t identity[16];
    uint64_t request; /* the last request id used */
    zmq_msg_t answer; /* of caller_call(); its record borrows from it */
    uint32_t retry_ms;
} caller_t;

typedef void caller_visit_fn(void *argument, const wire_record_t *record);

/* Unix ms. */
int64_t caller_now_ms(void);
/* Give it an identity. 0 or -1. */
int caller_init(caller_t *self);
/* Connect and say hello. 0 or -1. */
int caller_open(caller_t *self, void *context, const char *endpoint);
void caller_close(caller_t *self);
/* 0, or -1 when it could not be sent. */
int caller_send(caller_t *self, const void *bytes, uint32_t size);
/* Visit all records that have come; waits for nothing. The number of records, or -1. */
int caller_receive(caller_t *self, caller_visit_fn *visit, void *argument);
/* One command and its answer, again while the server is busy. For connections without commands in
 * flight. 0 or -1. */
int caller_call(caller_t *self, uint16_t operation, uint64_t key, const void *body, uint32_t size,
                wire_record_t *record);
#endif
