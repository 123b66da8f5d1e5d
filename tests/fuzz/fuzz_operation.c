/* fuzz_operation - the body of every operation: what is accepted is within the table's bounds, and
 * is the same when it is decoded again. Input: operation, role, key, then the body. */
#include "actors/intake.h"
#include "broker/status.h"
#include "tests/fuzz/fuzz.h"
#include <string.h>

static void
field_in_bounds(const command_t *command, field_t field)
{
    const field_info_t *info = field_info(field);
    const value_t *value = command_value(command, field);
    switch (info->type) {
    case TYPE_UINT:
    case TYPE_BOOL:
        FUZZ_HOLDS(value->number >= info->min && value->number <= info->max);
        break;
    case TYPE_STR:
    case TYPE_BIN:
        FUZZ_HOLDS(value->text.size >= info->min && value->text.size <= info->max);
        break;
    case TYPE_SEATS:
        FUZZ_HOLDS(value->seats.count >= info->min && value->seats.count <= info->max);
        for (uint32_t i = 1; i < value->seats.count; i++)
            FUZZ_HOLDS(value->seats.ids[i - 1] < value->seats.ids[i]);
        break;
    case TYPE_LIST:
        FUZZ_HOLDS(value->list.count >= info->min && value->list.count <= info->max);
        break;
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static intake_t intake;
    if (!intake.bytes && !intake_init(&intake))
        return 0;
    fuzz_input_t input = { data, size };
    wire_header_t header = { .kind = WIRE_COMMAND,
                             .operation = (uint16_t)(fuzz_take(&input, 1) % OPERATION_CODE_MAX),
                             .request = 1,
                             .moment = 1000 };
    wire_route_t route = { .peer = 1, .client = 2, .role = (uint8_t)(1 << fuzz_below(&input, 7)) };
    header.key = fuzz_take(&input, 2);
    if (input.left > WIRE_RECORD_MAX - WIRE_HEADER_SIZE)
        return 0;
    wire_record_t record = { .header = header,
                             .body = input.at,
                             .body_size = (uint32_t)input.left };
    field_t field = FIELDS;
    intake_clear(&intake);
    fuzz_memory_begin();
    status_t status = intake_add(&intake, &route, &record, &field);
    FUZZ_HOLDS(status == STATUS_OK ? intake.count == 1 : intake.count == 0 && intake.size == 0);
    if (status == STATUS_OK) {
        const command_t *command = &intake.items[0].command;
        field_set_t allowed = operation_fields(command->operation);
        FUZZ_HOLDS((command->present & command->operation->required) ==
                   command->operation->required);
        FUZZ_HOLDS((command->present & ~allowed) == 0);
        for (field_t at = 0; at < FIELDS; at++)
            if (command_has(command, at))
                field_in_bounds(command, at);
        command_t again;
        FUZZ_HOLDS(command_decode(&again, &record, &route, &field) == STATUS_OK);
        FUZZ_HOLDS(again.digest == command->digest && again.present == command->present);
    }
    fuzz_memory_end(size, 0);
    return 0;
}
