/* batch - the commands of one journal entry: their bytes, as they go to the journal, and decoded.
 *
 * The payload of an entry is a sequence of routed records, just as they came from the broker
 * (wire.h). Fixed memory after birth; a decoded command points into the bytes. */
#ifndef BATCH_H
#define BATCH_H
#include "broker/operation.h"
#include "broker/wire.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    BATCH_COMMANDS_MAX = 2048,
    BATCH_BYTES_MAX = 1024 * 1024,
};

typedef struct {
    wire_route_t route;
    wire_header_t header;
    command_t command;
} batch_item_t;

typedef struct {
    uint8_t *bytes;
    size_t size;
    uint32_t count;
    batch_item_t *items;
} batch_t;

/* False when memory is short. */
bool batch_init(batch_t *self);
void batch_clear(batch_t *self);
void batch_free(batch_t *self);
/* Is there room for a record with this body? */
bool batch_room(const batch_t *self, uint32_t body_size);
/* Copy and decode a command; there must be room. Not STATUS_OK: it was not taken, *field as in
 * command_decode(). */
uint16_t batch_add(batch_t *self, const wire_route_t *route, const wire_record_t *record,
                   field_t *field);
/* Take back the newest command. */
void batch_drop(batch_t *self);
/* Decode an entry's payload, which is copied. False when it is not such a payload. */
bool batch_load(batch_t *self, const void *payload, size_t size, uint32_t count);
#endif
