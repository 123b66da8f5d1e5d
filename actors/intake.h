/* intake - the commands of one journal entry: their bytes, as they go to the journal, and decoded.
 *
 * The payload of an entry is a sequence of routed records, just as they came from the broker
 * (wire.h). Fixed memory after birth; a decoded command points into the bytes. */
#ifndef INTAKE_H
#define INTAKE_H
#include "broker/operation.h"
#include "broker/wire.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    INTAKE_COMMANDS_MAX = 2048,
    INTAKE_BYTES_MAX = 1024 * 1024,
};

typedef struct {
    wire_route_t route;
    wire_header_t header;
    command_t command;
} intake_item_t;

typedef struct {
    uint8_t *bytes;
    size_t size, newest; /* newest: where the command added last begins */
    uint32_t count;
    intake_item_t *items;
} intake_t;

/* False when memory is short. */
bool intake_init(intake_t *self);
void intake_clear(intake_t *self);
void intake_free(intake_t *self);
/* Is there room for a record with this body? */
bool intake_room(const intake_t *self, uint32_t body_size);
/* Copy and decode a command, and name it by its `once` if that came; there must be room. Not
 * STATUS_OK: it was not taken, *field as in command_decode(). */
uint16_t intake_add(intake_t *self, const wire_route_t *route, const wire_record_t *record,
                    field_t *field);
/* Take back the command that intake_add() just took. */
void intake_drop(intake_t *self);
/* Decode an entry's payload, which is copied. False when it is not such a payload. */
bool intake_load(intake_t *self, const void *payload, size_t size, uint32_t count);
#endif
