/* copy - the seats of one showtime as one reader knows them, two bits a seat, kept by the messages
 * of a live stream.
 *
 * Beside them goes a print: a sum over the seats and their states, so that two maps can be compared
 * by one number after every message. Pure. */
#ifndef COPY_H
#define COPY_H
#include "clients/load/load.h"
#include <stddef.h>

enum { COPY_SEATS = LOAD_SEATS, COPY_BYTES = (COPY_SEATS + 3) / 4 };

typedef struct {
    uint64_t print;
    uint32_t number;
    bool whole; /* it began with a snapshot */
    uint8_t states[COPY_BYTES];
} copy_t;

/* What a message was. The last three are faults and change nothing. */
typedef enum { COPY_SNAPSHOT, COPY_CHANGE, COPY_MALFORMED, COPY_GAP, COPY_BACK } copy_verdict_t;

/* One message: {"type":"seats",...} or {"type":"change",...}, to the byte as they are documented.
 * Neither may be older than what was known. */
copy_verdict_t copy_apply(copy_t *self, const char *text, size_t size);
/* Seats are numbered from 1. */
uint32_t copy_state(const copy_t *self, uint32_t seat);
void copy_set(copy_t *self, uint32_t seat, uint32_t state);
/* Forget the seats, but not how far they were known. */
void copy_forget(copy_t *self);
#endif
