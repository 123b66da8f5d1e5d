/* operation - every operation of the table: good commands decode, wrong ones get their name. */
#include "broker/operation.h"
#include "broker/status.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

enum { BODY_MAX = 32 * 1024, TEXT_MAX = 16 * 1024 };

/* A value of the field's type, by its bounds. */
static void
pack_value(pack_t *pack, field_t field, bool largest)
{
    const field_info_t *info = field_info(field);
    static char text[TEXT_MAX];
    uint64_t bound = largest ? info->max : info->min;
    memset(text, 'a', sizeof text);
    switch (info->type) {
    case TYPE_UINT:
        pack_uint(pack, bound);
        break;
    case TYPE_BOOL:
        pack_bool(pack, largest);
        break;
    case TYPE_STR:
        assert_true(bound <= TEXT_MAX);
        pack_strn(pack, text, bound);
        break;
    case TYPE_BIN:
        pack_bin(pack, text, bound);
        break;
    case TYPE_SEATS:
    case TYPE_LIST:
        pack_array(pack, (uint32_t)bound);
        for (uint64_t i = 0; i < bound; i++)
            pack_uint(pack, bound - i);
        break;
    default:
        fail();
    }
}

static uint32_t
pack_fields(pack_t *pack, const operation_t *operation, field_set_t mask, bool largest)
{
    uint32_t count = 0;
    for (field_t field = 0; field < FIELDS; field++)
        count += field_in(mask, field);
    pack_map(pack, count);
    for (field_t field = 0; field < FIELDS; field++) {
        if (!field_in(mask, field))
            continue;
        pack_str(pack, field_info(field)->name);
        pack_value(pack, field, largest);
    }
    (void)operation;
    return count;
}

static uint16_t
decode(command_t *command, uint16_t code, const pack_t *pack, role_t role, field_t *field)
{
    wire_record_t record = {
        .header = { .kind = WIRE_COMMAND, .operation = code, .key = 3, .request = 9, .moment = 5 },
        .body = pack->data,
        .body_size = (uint32_t)pack->size
    };
    wire_route_t route = { .client = 1, .role = (uint8_t)role };
    return command_decode(command, &record, &route, field);
}

static role_t
some_role(const operation_t *operation)
{
    return (role_t)(operation->roles & (0 - operation->roles));
}

static const operation_t *
row(uint16_t code)
{
    const operation_t *operation = operation_of(code);
    return operation && code != OP_ECHO ? operation : NULL;
}

static void
smallest_and_largest_values_are_taken(void **state)
{
    (void)state;
    for (uint16_t code = 0; code < OPERATION_CODE_MAX; code++) {
        const operation_t *operation = row(code);
        for (int largest = 0; operation && largest < 2; largest++) {
            uint8_t body[BODY_MAX];
            pack_t pack;
            command_t command;
            field_t field;
            pack_init(&pack, body, sizeof body);
            field_set_t mask = operation->required | (largest ? operation->optional : 0);
            uint32_t count = pack_fields(&pack, operation, mask, largest);
            assert_false(pack.overflow);
            assert_true(count <= COMMAND_FIELDS_MAX);
            assert_int_equal(decode(&command, code, &pack, some_role(operation), &field),
                             STATUS_OK);
            assert_true(command.present == mask);
            assert_true(command.key == 3 && command.request == 9 && command.deadline_ms == 5);
        }
    }
}

static void
each_missing_field_is_named(void **state)
{
    (void)state;
    for (uint16_t code = 0; code < OPERATION_CODE_MAX; code++) {
        const operation_t *operation = row(code);
        for (field_t left = 0; operation && left < FIELDS; left++) {
            if (!(field_in(operation->required, left)))
                continue;
            uint8_t body[BODY_MAX];
            pack_t pack;
            command_t command;
            field_t field;
            pack_init(&pack, body, sizeof body);
            pack_fields(&pack, operation, operation->required & ~(FIELD_BIT(left)), false);
            assert_int_equal(decode(&command, code, &pack, some_role(operation), &field),
                             STATUS_MISSING_FIELD);
            assert_int_equal(field, left);
        }
    }
}

/* One field alone, with a value that is wrong for it. */
static uint16_t
decode_one(uint16_t code, role_t role, field_t wrong, void (*put)(pack_t *, const field_info_t *))
{
    uint8_t body[BODY_MAX];
    pack_t pack;
    command_t command;
    field_t field;
    pack_init(&pack, body, sizeof body);
    pack_map(&pack, 1);
    pack_str(&pack, field_info(wrong)->name);
    put(&pack, field_info(wrong));
    uint16_t status = decode(&command, code, &pack, role, &field);
    if (status == STATUS_BAD_FIELD)
        assert_int_equal(field, wrong);
    return status;
}

static void
put_nil(pack_t *pack, const field_info_t *info)
{
    (void)info;
    pack_raw(pack, "\xc0", 1);
}

static void
put_float(pack_t *pack, const field_info_t *info)
{
    (void)info;
    pack_raw(pack, "\xca\x3f\x80\x00\x00", 5);
}

static void
put_negative(pack_t *pack, const field_info_t *info)
{
    (void)info;
    pack_int(pack, -1);
}

static void
put_above(pack_t *pack, const field_info_t *info)
{
    static const char text[TEXT_MAX + 1];
    switch (info->type) {
    case TYPE_UINT:
        pack_uint(pack, info->max + 1);
        break;
    case TYPE_STR:
        pack_strn(pack, text, info->max + 1);
        break;
    case TYPE_BIN:
        pack_bin(pack, text, info->max + 1);
        break;
    case TYPE_BOOL:
        pack_uint(pack, 1);
        break;
    case TYPE_SEATS:
    case TYPE_LIST:
        pack_array(pack, (uint32_t)info->max + 1);
        for (uint64_t i = 0; i <= info->max; i++)
            pack_uint(pack, i);
        break;
    default:
        fail();
    }
}

static void
wrong_values_are_refused_for_each_field(void **state)
{
    (void)state;
    void (*const wrong[])(pack_t *, const field_info_t *) = { put_nil, put_float, put_negative,
                                                              put_above };
    for (uint16_t code = 0; code < OPERATION_CODE_MAX; code++) {
        const operation_t *operation = row(code);
        for (field_t field = 0; operation && field < FIELDS; field++) {
            if (!field_in(operation->required | operation->optional, field))
                continue;
            for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
                assert_int_equal(decode_one(code, some_role(operation), field, wrong[i]),
                                 STATUS_BAD_FIELD);
        }
    }
}

static void
roles_are_kept_apart(void **state)
{
    (void)state;
    for (uint16_t code = 0; code < OPERATION_CODE_MAX; code++) {
        const operation_t *operation = row(code);
        for (uint32_t role = 1; operation && role <= ROLE_SENDER; role *= 2) {
            uint8_t body[BODY_MAX];
            pack_t pack;
            command_t command;
            field_t field;
            pack_init(&pack, body, sizeof body);
            pack_fields(&pack, operation, operation->required, false);
            uint16_t status = decode(&command, code, &pack, (role_t)role, &field);
            assert_int_equal(status, operation->roles & role ? STATUS_OK : STATUS_FORBIDDEN);
        }
    }
}

static void
odd_bodies_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
        uint16_t status;
    } cases[] = {
        { "\xc0", 1, STATUS_BAD_BODY },                       /* not a map */
        { "\x81\x01\x01", 3, STATUS_BAD_BODY },               /* a key that is no text */
        { "\x81\xa4user", 6, STATUS_BAD_FIELD },              /* cut before the value */
        { "\x81\xa4lock\x01\xc0", 8, STATUS_BAD_BODY },       /* bytes behind the map */
        { "\x81\xa3xyz\x01", 6, STATUS_UNKNOWN_FIELD },       /* no such field */
        { "\x81\xa0\x01", 3, STATUS_UNKNOWN_FIELD },          /* no name at all */
        { "\x81\xa5seats\x91\x01", 9, STATUS_UNKNOWN_FIELD }, /* another operation's field */
        { "\x82\xa4user\x01\xa4user\x01", 13, STATUS_UNKNOWN_FIELD },
        { "", 0, STATUS_MISSING_FIELD },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        command_t command;
        field_t field;
        pack_t pack = { .data = (uint8_t *)(uintptr_t)cases[i].bytes, .size = cases[i].size };
        assert_int_equal(decode(&command, OP_SEATS_RELEASE, &pack, ROLE_ADMIN, &field),
                         cases[i].status);
    }
}

static void
seat_lists_are_sorted_and_without_doubles(void **state)
{
    (void)state;
    command_t command;
    field_t field;
    pack_t good = { .data = (uint8_t *)(uintptr_t) "\x82\xa4user\x01\xa5seats\x93\x09\x02\x05",
                    .size = 17 };
    assert_int_equal(decode(&command, OP_SEATS_LOCK, &good, ROLE_ADMIN, &field), STATUS_OK);
    const value_t *value = command_value(&command, FIELD_SEATS);
    assert_int_equal(value->seats.count, 3);
    assert_int_equal(value->seats.ids[0], 2);
    assert_int_equal(value->seats.ids[1], 5);
    assert_int_equal(value->seats.ids[2], 9);
    pack_t twice = { .data = (uint8_t *)(uintptr_t) "\x82\xa4user\x01\xa5seats\x93\x09\x02\x09",
                     .size = 17 };
    assert_int_equal(decode(&command, OP_SEATS_LOCK, &twice, ROLE_ADMIN, &field), STATUS_BAD_FIELD);
    assert_int_equal(field, FIELD_SEATS);
}

static void
another_body_has_another_digest(void **state)
{
    (void)state;
    command_t first, second;
    field_t field;
    uint8_t body[64];
    pack_t pack;
    uint64_t seen = 0;
    for (uint64_t lock = 1; lock < 2000; lock++) {
        pack_init(&pack, body, sizeof body);
        pack_map(&pack, 2);
        pack_key_uint(&pack, "user", 1);
        pack_key_uint(&pack, "lock", lock);
        assert_int_equal(decode(&first, OP_SEATS_RELEASE, &pack, ROLE_ADMIN, &field), STATUS_OK);
        assert_int_equal(decode(&second, OP_SEATS_RELEASE, &pack, ROLE_ADMIN, &field), STATUS_OK);
        assert_true(first.digest == second.digest && first.digest != seen);
        seen = first.digest;
    }
}

/* A body with the fields of a mask, of which trace counts its bytes up from `trace`. */
static uint16_t
decode_mask(command_t *command, const operation_t *operation, field_set_t mask, role_t role,
            uint8_t trace, bool last)
{
    uint8_t body[BODY_MAX], bytes[26];
    pack_t pack;
    field_t field;
    uint32_t count = 0;
    for (field_set_t left = mask; left; left &= left - 1)
        count++;
    for (uint8_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(trace + i);
    pack_init(&pack, body, sizeof body);
    pack_map(&pack, count);
    for (int turn = 0; turn < 2; turn++)
        for (field_t at = 0; at < FIELDS; at++) {
            if (!field_in(mask, at) || (turn == last) != (at == FIELD_TRACE))
                continue;
            pack_str(&pack, field_info(at)->name);
            if (at == FIELD_TRACE)
                pack_bin(&pack, bytes, sizeof bytes);
            else
                pack_value(&pack, at, true);
        }
    assert_false(pack.overflow);
    return decode(command, operation->code, &pack, role, &field);
}

static void
every_operation_takes_what_goes_with_all(void **state)
{
    (void)state;
    for (uint16_t code = 0; code < OPERATION_CODE_MAX; code++) {
        const operation_t *operation = row(code);
        if (!operation)
            continue;
        command_t command;
        field_set_t all = operation->required | operation->optional | FIELDS_ALWAYS;
        bool machine = operation->mode == MODE_MACHINE;
        role_t role = machine ? some_role(operation) : ROLE_BRIDGE;
        bool open = machine || operation->roles & ROLE_STAFF;
        uint16_t status = decode_mask(&command, operation, all, role, 1, true);
        assert_int_equal(status, machine ? STATUS_UNKNOWN_FIELD
                                 : open  ? STATUS_OK
                                         : STATUS_FORBIDDEN);
        if (status == STATUS_OK) {
            assert_true(command.present == all);
            assert_int_equal(command.role, ROLE_STAFF);
            assert_true(command.client == 1 && command.request == 9);
        }
    }
}

static void
only_a_bridge_speaks_for_staff(void **state)
{
    (void)state;
    for (uint16_t code = 0; code < OPERATION_CODE_MAX; code++) {
        const operation_t *operation = row(code);
        if (!operation || operation->mode == MODE_MACHINE)
            continue;
        for (uint32_t role = 1; role <= ROLE_SENDER; role *= 2) {
            command_t command;
            field_set_t mask = operation->required | M1(STAFF);
            uint16_t status = decode_mask(&command, operation, mask, (role_t)role, 0, false);
            bool good = role == ROLE_BRIDGE && operation->roles & ROLE_STAFF;
            assert_int_equal(status, good ? STATUS_OK : STATUS_FORBIDDEN);
        }
    }
    /* and without the field it may do no more than before */
    command_t command;
    const operation_t *block = operation_of(OP_SEATS_BLOCK);
    assert_int_equal(decode_mask(&command, block, block->required, ROLE_BRIDGE, 0, false),
                     STATUS_FORBIDDEN);
    assert_true(operation_open_to(block, ROLE_BRIDGE));
    assert_false(operation_open_to(block, ROLE_KIOSK));
    assert_false(operation_open_to(operation_of(OP_ECHO), ROLE_BRIDGE));
    assert_int_equal(ROLES_KEYS & ROLE_STAFF, 0);
}

static void
a_trace_is_no_part_of_the_digest(void **state)
{
    (void)state;
    static const uint16_t codes[] = { OP_SEATS_RELEASE, OP_ORDER_CREATE, OP_SHOWTIME_OPEN,
                                      OP_PAYMENT_SETTLE, OP_REFUND_SETTLE };
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        const operation_t *operation = operation_of(codes[i]);
        for (int all = 0; all < 2; all++) {
            command_t plain, traced, other;
            field_set_t mask = operation->required | (all ? operation->optional | M1(ONCE) : 0);
            field_set_t with = mask | M1(TRACE);
            assert_int_equal(decode_mask(&plain, operation, mask, ROLE_ADMIN, 0, true), STATUS_OK);
            for (uint8_t trace = 0; trace < 40; trace++)
                for (int last = 0; last < 2; last++) {
                    assert_int_equal(decode_mask(&traced, operation, with, ROLE_ADMIN, trace, last),
                                     STATUS_OK);
                    assert_true(traced.digest == plain.digest);
                }
            assert_int_equal(decode_mask(&other, operation, with ^ M1(ONCE), ROLE_ADMIN, 0, true),
                             STATUS_OK);
            assert_true(other.digest != plain.digest);
        }
    }
}

static void
names_lead_to_their_rows(void **state)
{
    (void)state;
    for (uint16_t code = 0; code < OPERATION_CODE_MAX; code++)
        if (operation_of(code))
            assert_ptr_equal(operation_named(operation_of(code)->name), operation_of(code));
    for (field_t field = 0; field < FIELDS; field++)
        assert_int_equal(field_named(field_info(field)->name, strlen(field_info(field)->name)),
                         field);
    assert_int_equal(field_named("user\0x", 6), FIELDS);
    assert_null(operation_of(UINT16_MAX));
    assert_null(operation_named("no.such"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(smallest_and_largest_values_are_taken),
        cmocka_unit_test(each_missing_field_is_named),
        cmocka_unit_test(wrong_values_are_refused_for_each_field),
        cmocka_unit_test(roles_are_kept_apart),
        cmocka_unit_test(odd_bodies_are_named),
        cmocka_unit_test(seat_lists_are_sorted_and_without_doubles),
        cmocka_unit_test(another_body_has_another_digest),
        cmocka_unit_test(every_operation_takes_what_goes_with_all),
        cmocka_unit_test(only_a_bridge_speaks_for_staff),
        cmocka_unit_test(a_trace_is_no_part_of_the_digest),
        cmocka_unit_test(names_lead_to_their_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
