/* intake - see intake.h for the contract. */
#include "actors/intake.h"
#include "broker/status.h"
#include <assert.h>
#include <sodium/crypto_generichash.h>
#include <stdlib.h>
#include <string.h>

bool
intake_init(intake_t *self)
{
    *self = (intake_t){ .bytes = malloc(INTAKE_BYTES_MAX),
                        .items = malloc(INTAKE_COMMANDS_MAX * sizeof *self->items) };
    if (self->bytes && self->items)
        return true;
    intake_free(self);
    return false;
}

void
intake_clear(intake_t *self)
{
    self->size = 0;
    self->count = 0;
}

void
intake_free(intake_t *self)
{
    free(self->bytes);
    free(self->items);
    *self = (intake_t){ 0 };
}

bool
intake_room(const intake_t *self, uint32_t body_size)
{
    return self->count < INTAKE_COMMANDS_MAX &&
           wire_routed_size(body_size) <= INTAKE_BYTES_MAX - self->size;
}

/* A write with `once` is known by these bytes and the role that it acts with, whoever sends it. The
 * client of such a name is even, that of a connection is odd (router_front.c): no name is both. */
static void
intake_name_once(command_t *command)
{
    uint8_t data[17], hash[crypto_generichash_BYTES_MIN];
    _Static_assert(sizeof hash >= 16, "two numbers are taken of it");
    memcpy(data, command_value(command, FIELD_ONCE)->text.data, 16);
    data[16] = (uint8_t)command->role;
    int rc = crypto_generichash(hash, sizeof hash, data, sizeof data, NULL, 0);
    assert(rc == 0);
    (void)rc;
    command->client = (get_u64(hash) & ~UINT64_C(1)) | 2;
    command->request = get_u64(hash + 8) | UINT64_C(1) << 63;
}

/* Decode the record that stands at `at`; false when there is none. */
static uint16_t
intake_decode(intake_t *self, size_t *at, field_t *field)
{
    intake_item_t *item = &self->items[self->count];
    wire_record_t record;
    uint16_t status = wire_next_routed(self->bytes, self->size, at, &item->route, &record);
    if (status != STATUS_OK)
        return status;
    item->header = record.header;
    status = command_decode(&item->command, &record, &item->route, field);
    if (status == STATUS_OK && command_has(&item->command, FIELD_ONCE) && item->command.client)
        intake_name_once(&item->command);
    return status;
}

uint16_t
intake_add(intake_t *self, const wire_route_t *route, const wire_record_t *record, field_t *field)
{
    assert(intake_room(self, record->body_size));
    size_t at = self->size;
    self->size +=
        wire_put_routed(self->bytes + at, route, &record->header, record->body, record->body_size);
    size_t end = at;
    uint16_t status = intake_decode(self, &end, field);
    if (status == STATUS_OK)
        self->count++;
    else
        self->size = at;
    self->newest = at;
    return status;
}

void
intake_drop(intake_t *self)
{
    assert(self->count > 0 && self->newest < self->size);
    self->count--;
    self->size = self->newest;
}

bool
intake_load(intake_t *self, const void *payload, size_t size, uint32_t count)
{
    intake_clear(self);
    if (size > INTAKE_BYTES_MAX || count > INTAKE_COMMANDS_MAX)
        return false;
    memcpy(self->bytes, payload, size);
    self->size = size;
    size_t at = 0;
    field_t field;
    for (uint32_t i = 0; i < count; i++) {
        if (intake_decode(self, &at, &field) != STATUS_OK)
            return false;
        self->count++;
    }
    return at == size;
}
