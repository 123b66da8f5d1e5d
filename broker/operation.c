/* operation - see operation.h for the contract. */
#include "broker/operation.h"
#include "broker/status.h"
#include <assert.h>
#include <string.h>

static const operation_t operations[OPERATION_CODE_MAX] = {
#define O(code_, id, handler, name_, key_, mode_, roles_, required_, optional_, reply_, help_)     \
    [code_] = { .code = (code_),                                                                   \
                .name = (name_),                                                                   \
                .key = KEY_##key_,                                                                 \
                .mode = MODE_##mode_,                                                              \
                .roles = (roles_),                                                                 \
                .required = (required_),                                                           \
                .optional = (optional_),                                                           \
                .reply = (reply_),                                                                 \
                .help = (help_) },
    OPERATION_TABLE(O)
#undef O
};

static const field_info_t fields[FIELDS] = {
#define F(id, name_, type_, min_, max_, help_)                                                     \
    { .name = (name_),                                                                             \
      .name_size = sizeof name_ - 1,                                                               \
      .type = TYPE_##type_,                                                                        \
      .min = (min_),                                                                               \
      .max = (max_),                                                                               \
      .help = (help_) },
    FIELD_TABLE(F)
#undef F
};

static const struct {
    role_t role;
    const char *name;
} roles[] = {
#define X(id, name, bit) { ROLE_##id, name },
    ROLE_TABLE(X)
#undef X
};

const operation_t *
operation_of(uint16_t code)
{
    return code < OPERATION_CODE_MAX && operations[code].name ? &operations[code] : NULL;
}

const operation_t *
operation_named(const char *name)
{
    for (uint16_t code = 0; code < OPERATION_CODE_MAX; code++)
        if (operations[code].name && strcmp(operations[code].name, name) == 0)
            return &operations[code];
    return NULL;
}

const field_info_t *
field_info(field_t field)
{
    assert(field < FIELDS);
    return &fields[field];
}

field_t
field_named(const char *name, size_t size)
{
    for (field_t field = 0; field < FIELDS; field++) {
        if (fields[field].name_size == size && memcmp(fields[field].name, name, size) == 0)
            return field;
    }
    return FIELDS;
}

const char *
role_name(role_t role)
{
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++)
        if (roles[i].role == role)
            return roles[i].name;
    return "none";
}

role_t
role_named(const char *name)
{
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++)
        if (strcmp(roles[i].name, name) == 0)
            return roles[i].role;
    return ROLE_NONE;
}

static bool
decode_seats(mp_t *mp, uint64_t count, value_t *value)
{
    value->seats.count = 0;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t id;
        if (!mp_read_uint(mp, &id) || id > UINT16_MAX)
            return false;
        uint32_t at = value->seats.count++;
        for (; at > 0 && value->seats.ids[at - 1] >= id; at--) {
            if (value->seats.ids[at - 1] == id)
                return false;
            value->seats.ids[at] = value->seats.ids[at - 1];
        }
        value->seats.ids[at] = (uint16_t)id;
    }
    return true;
}

/* The reader must stand at a value; true when it is of the field's type and within its bounds. */
static bool
decode_value(mp_t *mp, const field_info_t *info, value_t *value)
{
    mp_item_t item;
    mp_t whole = *mp;
    if (!mp_next(mp, &item))
        return false;
    switch (info->type) {
    case TYPE_UINT:
        value->number = item.u;
        return item.type == MP_UINT && item.u >= info->min && item.u <= info->max;
    case TYPE_BOOL:
        value->number = item.u;
        return item.type == MP_BOOL;
    case TYPE_STR:
    case TYPE_BIN:
        value->text.data = (const char *)item.data;
        value->text.size = item.size;
        return item.type == (info->type == TYPE_STR ? MP_STR : MP_BIN) && item.size >= info->min &&
               item.size <= info->max &&
               (info->type == TYPE_BIN || memchr(item.data, 0, item.size) == NULL);
    case TYPE_SEATS:
        return item.type == MP_ARRAY && item.u >= info->min && item.u <= info->max &&
               decode_seats(mp, item.u, value);
    case TYPE_LIST:
        value->list.count = (uint32_t)item.u;
        value->list.items.at = mp->at;
        if (item.type != MP_ARRAY || item.u < info->min || item.u > info->max || !mp_skip(&whole))
            return false;
        value->list.items.end = whole.at;
        *mp = whole;
        return whole.at - value->list.items.at <= LIST_BYTES_MAX;
    default:
        assert(false);
        return false;
    }
}

/* 64-bit FNV-1a over words: not for adversaries, a reused request id harms only its own client. */
static uint64_t
digest_of(const wire_record_t *record)
{
    uint64_t hash = UINT64_C(14695981039346656037) ^ record->header.operation;
    const uint64_t prime = UINT64_C(1099511628211);
    hash = (hash ^ record->header.key) * prime;
    uint32_t at = 0;
    for (; at + 8 <= record->body_size; at += 8) {
        hash = (hash ^ get_u64(record->body + at)) * prime;
        hash ^= hash >> 32;
    }
    for (; at < record->body_size; at++)
        hash = (hash ^ record->body[at]) * prime;
    return hash ^ hash >> 29;
}

/* The field of a name among those of an operation, which are few; else among all, to name it. */
static field_t
field_among(uint64_t allowed, const char *name, size_t size)
{
    for (uint64_t left = allowed; left; left &= left - 1) {
        field_t field = (field_t)__builtin_ctzll(left);
        if (fields[field].name_size == size && memcmp(fields[field].name, name, size) == 0)
            return field;
    }
    return field_named(name, size);
}

static uint16_t
decode_fields(command_t *command, mp_t mp, uint64_t count, field_t *field)
{
    const operation_t *operation = command->operation;
    uint64_t allowed = operation->required | operation->optional;
    uint32_t used = 0;
    for (uint64_t i = 0; i < count; i++) {
        const char *name;
        uint32_t size;
        if (!mp_read_str(&mp, &name, &size))
            return STATUS_BAD_BODY;
        field_t found = field_among(allowed, name, size);
        *field = found;
        if (found == FIELDS || !(allowed >> found & 1) || command_has(command, found) ||
            used == COMMAND_FIELDS_MAX)
            return STATUS_UNKNOWN_FIELD;
        if (!decode_value(&mp, &fields[found], &command->values[used]))
            return STATUS_BAD_FIELD;
        command->slot[found] = (uint8_t)used++;
        command->present |= UINT64_C(1) << found;
    }
    *field = FIELDS;
    return mp.at == mp.end ? STATUS_OK : STATUS_BAD_BODY;
}

uint16_t
command_decode(command_t *command, const wire_record_t *record, const wire_route_t *route,
               field_t *field)
{
    *field = FIELDS;
    command->operation = operation_of(record->header.operation);
    if (!command->operation)
        return STATUS_UNKNOWN_OPERATION;
    command->key = record->header.key;
    command->request = record->header.request;
    command->deadline_ms = record->header.moment;
    command->client = route->client;
    command->role = (role_t)route->role;
    command->present = 0;
    command->digest = digest_of(record);
    if (!(command->operation->roles & route->role))
        return STATUS_FORBIDDEN;
    if (command->operation->code == OP_ECHO)
        return STATUS_OK;
    mp_t mp = mp_over(record->body, record->body_size);
    mp_item_t map = { .type = MP_MAP, .u = 0 };
    if (record->body_size && (!mp_next(&mp, &map) || map.type != MP_MAP))
        return STATUS_BAD_BODY;
    uint16_t status = decode_fields(command, mp, map.u, field);
    if (status != STATUS_OK)
        return status;
    uint64_t missing = command->operation->required & ~command->present;
    if (missing) {
        *field = (field_t)__builtin_ctzll(missing);
        return STATUS_MISSING_FIELD;
    }
    return STATUS_OK;
}

void
command_text(const command_t *command, field_t field, char *to, size_t room)
{
    memset(to, 0, room);
    if (!command_has(command, field))
        return;
    const value_t *value = command_value(command, field);
    assert(value->text.size <= room);
    memcpy(to, value->text.data, value->text.size);
}

bool
command_text_is(const command_t *command, field_t field, const char *text)
{
    if (!command_has(command, field))
        return false;
    const value_t *value = command_value(command, field);
    return value->text.size == strlen(text) &&
           memcmp(value->text.data, text, value->text.size) == 0;
}
