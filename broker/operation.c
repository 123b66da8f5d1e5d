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

static const char *const audiences[AUDIENCES] = {
#define X(id, name) name,
    AUDIENCE_TABLE(X)
#undef X
};

const char *
audience_name(audience_t audience)
{
    assert(audience < AUDIENCES);
    return audiences[audience];
}

audience_t
audience_named(const char *name, size_t size)
{
    audience_t audience = 0;
    while (audience < AUDIENCES &&
           (strlen(audiences[audience]) != size || memcmp(audiences[audience], name, size) != 0))
        audience++;
    return audience;
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
#define DIGEST_PRIME UINT64_C(1099511628211)

static uint64_t
digest_begin(const wire_header_t *header)
{
    return (UINT64_C(14695981039346656037) ^ header->operation ^ header->key) * DIGEST_PRIME;
}

static uint64_t
digest_word(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * DIGEST_PRIME;
    return hash ^ hash >> 32;
}

static uint64_t
digest_of(const wire_record_t *record)
{
    uint64_t hash = digest_begin(&record->header);
    uint32_t at = 0;
    for (; at + 8 <= record->body_size; at += 8)
        hash = digest_word(hash, get_u64(record->body + at));
    for (; at < record->body_size; at++)
        hash = (hash ^ record->body[at]) * DIGEST_PRIME;
    return hash ^ hash >> 29;
}

/* Bytes of a body that its digest is over, one after the other. */
typedef struct {
    const uint8_t *data, *end;
} digest_piece_t;

/* As digest_of() over the pieces put together. */
static uint64_t
digest_of_pieces(const wire_header_t *header, const digest_piece_t *pieces, uint32_t count)
{
    uint64_t hash = digest_begin(header);
    uint8_t word[8];
    uint32_t filled = 0;
    for (uint32_t i = 0; i < count; i++) {
        for (const uint8_t *at = pieces[i].data; at < pieces[i].end; at++) {
            word[filled++] = *at;
            if (filled < sizeof word)
                continue;
            hash = digest_word(hash, get_u64(word));
            filled = 0;
        }
    }
    for (uint32_t i = 0; i < filled; i++)
        hash = (hash ^ word[i]) * DIGEST_PRIME;
    return hash ^ hash >> 29;
}

/* The digest of the body that would have come without its trace, which stands in `trace`: a repeat
 * belongs to another trace. The map's head is written as a packer would that counts one less. */
static uint64_t
digest_without(const wire_record_t *record, const uint8_t *first, uint32_t pairs,
               const digest_piece_t *trace)
{
    uint32_t left = pairs - 1;
    uint8_t head[3] = { 0xde, (uint8_t)(left >> 8), (uint8_t)left }; /* a map 16 */
    uint32_t head_size = sizeof head;
    if (left < 16) {
        head[0] = (uint8_t)(0x80 | left);
        head_size = 1;
    }
    const digest_piece_t pieces[] = { { head, head + head_size },
                                      { first, trace->data },
                                      { trace->end, record->body + record->body_size } };
    return digest_of_pieces(&record->header, pieces, sizeof pieces / sizeof pieces[0]);
}

/* The field of a name among those of an operation, which are few; else among all, to name it. */
static field_t
field_among(field_set_t allowed, const char *name, size_t size)
{
    for (field_set_t left = allowed; left; left &= left - 1) {
        field_t field = field_first(left);
        if (fields[field].name_size == size && memcmp(fields[field].name, name, size) == 0)
            return field;
    }
    return field_named(name, size);
}

/* Where the trace stands, name and value, goes to *trace. */
static uint16_t
decode_fields(command_t *command, mp_t mp, uint64_t count, digest_piece_t *trace, field_t *field)
{
    field_set_t allowed = operation_fields(command->operation);
    uint32_t used = 0;
    for (uint64_t i = 0; i < count; i++) {
        const char *name;
        uint32_t size;
        const uint8_t *pair = mp.at;
        if (!mp_read_str(&mp, &name, &size))
            return STATUS_BAD_BODY;
        field_t found = field_among(allowed, name, size);
        *field = found;
        if (found == FIELDS || !field_in(allowed, found) || command_has(command, found) ||
            used == COMMAND_FIELDS_MAX)
            return STATUS_UNKNOWN_FIELD;
        if (!decode_value(&mp, &fields[found], &command->values[used]))
            return STATUS_BAD_FIELD;
        command->slot[found] = (uint8_t)used++;
        command->present |= FIELD_BIT(found);
        if (found == FIELD_TRACE)
            *trace = (digest_piece_t){ pair, mp.at };
    }
    *field = FIELDS;
    return mp.at == mp.end ? STATUS_OK : STATUS_BAD_BODY;
}

/* With which role does it act? Only a bridge, which knows who is at the desk, speaks for staff. */
static uint16_t
decode_role(command_t *command, field_t *field)
{
    if (command_has(command, FIELD_STAFF)) {
        *field = FIELD_STAFF;
        if (command->role != ROLE_BRIDGE)
            return STATUS_FORBIDDEN;
        command->role = ROLE_STAFF;
    }
    if (!(command->operation->roles & command->role))
        return STATUS_FORBIDDEN;
    *field = FIELDS;
    return STATUS_OK;
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
    command->sender = route->sender;
    command->present = 0;
    command->digest = 0;
    if (!operation_open_to(command->operation, route->role))
        return STATUS_FORBIDDEN;
    if (command->operation->code == OP_ECHO)
        return STATUS_OK;
    mp_t mp = mp_over(record->body, record->body_size);
    mp_item_t map = { .type = MP_MAP, .u = 0 };
    if (record->body_size && (!mp_next(&mp, &map) || map.type != MP_MAP))
        return STATUS_BAD_BODY;
    const uint8_t *first = mp.at;
    digest_piece_t trace = { 0 };
    uint16_t status = decode_fields(command, mp, map.u, &trace, field);
    if (status == STATUS_OK)
        status = decode_role(command, field);
    if (status != STATUS_OK)
        return status;
    command->digest = command_has(command, FIELD_TRACE)
                          ? digest_without(record, first, (uint32_t)map.u, &trace)
                          : digest_of(record);
    field_set_t missing = command->operation->required & ~command->present;
    if (missing) {
        *field = field_first(missing);
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
