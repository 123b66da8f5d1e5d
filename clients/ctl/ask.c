/* ask - the way to the server; see ctl.h for the contract. */
#include "actors/ids.h"
#include "broker/mp.h"
#include "clients/ctl/ctl.h"
#include <czmq.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

enum { ASK_BODY_ROOM = MARQUEE_BODY_MAX, ASK_HEX_MAX = 256 };

static const char *
ask_setting(const ctl_t *ctl, ctl_flag_t flag, const char *variable)
{
    const char *value = ctl->flags[flag] ? ctl->flags[flag] : getenv(variable);
    return value && *value ? value : NULL;
}

ctl_exit_t
ctl_connect(ctl_t *ctl)
{
    if (ctl->marquee)
        return CTL_DONE;
    marquee_options_t options = {
        .endpoint = ask_setting(ctl, CTL_FLAG_ENDPOINT, "MARQUEE_ENDPOINT"),
        .events = ask_setting(ctl, CTL_FLAG_EVENTS, "MARQUEE_EVENTS"),
        .timeout_ms = ctl->timeout_ms,
        .retry = true,
    };
    const char *path = ask_setting(ctl, CTL_FLAG_KEY, "MARQUEE_KEY");
    zcert_t *key = path ? zcert_load(path) : NULL;
    if (path && (!key || !zcert_meta(key, "server"))) {
        zcert_destroy(&key);
        return ctl_say(CTL_FAULT, "%s is not a client's certificate; `marquee keys new` makes one",
                       path);
    }
    if (key) {
        options.server_key = zcert_meta(key, "server");
        options.public_key = zcert_public_txt(key);
        options.secret_key = zcert_secret_txt(key);
    }
    ctl->marquee = marquee_new(&options);
    int fault = errno;
    zcert_destroy(&key);
    if (!ctl->marquee)
        return ctl_say(CTL_FAULT, "cannot connect to %s: %s",
                       options.endpoint ? options.endpoint : MARQUEE_ENDPOINT, zmq_strerror(fault));
    return CTL_DONE;
}

/* --- JSON to msgpack and back ------------------------------------------------------------------
 */

bool
ctl_to_msgpack(pack_t *pack, const json_t *value)
{
    const char *key;
    json_t *child;
    size_t index;
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        pack_map(pack, (uint32_t)json_object_size(value));
        json_object_foreach((json_t *)(uintptr_t)value, key, child)
        {
            pack_str(pack, key);
            if (!ctl_to_msgpack(pack, child))
                return false;
        }
        return true;
    case JSON_ARRAY:
        pack_array(pack, (uint32_t)json_array_size(value));
        json_array_foreach(value, index, child) if (!ctl_to_msgpack(pack, child)) return false;
        return true;
    case JSON_STRING:
        pack_strn(pack, json_string_value(value), json_string_length(value));
        return true;
    case JSON_INTEGER:
        if (json_integer_value(value) < 0)
            pack_int(pack, json_integer_value(value));
        else
            pack_uint(pack, (uint64_t)json_integer_value(value));
        return true;
    case JSON_TRUE:
    case JSON_FALSE:
        pack_bool(pack, json_is_true(value));
        return true;
    case JSON_REAL:
    case JSON_NULL:
    default:
        return false;
    }
}

static json_t *
ask_hex(const mp_item_t *item)
{
    static const char digits[] = "0123456789abcdef";
    char text[2 * ASK_HEX_MAX];
    uint32_t size = item->size < ASK_HEX_MAX ? item->size : ASK_HEX_MAX;
    for (uint32_t i = 0; i < size; i++) {
        text[2 * i] = digits[item->data[i] >> 4];
        text[2 * i + 1] = digits[item->data[i] & 15];
    }
    return json_stringn(text, 2 * size);
}

static json_t *ask_unpack(mp_t *mp, uint32_t depth);

static json_t *
ask_unpack_list(mp_t *mp, uint64_t count, uint32_t depth)
{
    json_t *list = json_array();
    for (uint64_t i = 0; list && i < count; i++) {
        if (json_array_append_new(list, ask_unpack(mp, depth))) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *
ask_unpack_map(mp_t *mp, uint64_t count, uint32_t depth)
{
    json_t *map = json_object();
    for (uint64_t i = 0; map && i < count; i++) {
        const char *text;
        uint32_t size;
        char key[64];
        bool good = mp_read_str(mp, &text, &size) && size < sizeof key;
        if (good) {
            memcpy(key, text, size);
            key[size] = 0;
        }
        if (!good || json_object_set_new(map, key, ask_unpack(mp, depth))) {
            json_decref(map);
            return NULL;
        }
    }
    return map;
}

/* JSON's integers end at 2^63 - 1 here; a larger one, like a strange showtime id, becomes a text.
 */
static json_t *
ask_unpack_number(uint64_t number)
{
    if (number <= INT64_MAX)
        return json_integer((json_int_t)number);
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, number);
    return json_string(text);
}

static json_t *
ask_unpack(mp_t *mp, uint32_t depth)
{
    mp_item_t item;
    if (depth > MP_DEPTH_MAX || !mp_next(mp, &item))
        return NULL;
    switch (item.type) {
    case MP_NIL:
        return json_null();
    case MP_BOOL:
        return json_boolean(item.u);
    case MP_UINT:
        return ask_unpack_number(item.u);
    case MP_INT:
        return json_integer(item.i);
    case MP_FLOAT:
        return json_real(item.f);
    case MP_STR:
        return json_stringn((const char *)item.data, item.size);
    case MP_BIN:
    case MP_EXT:
        return ask_hex(&item);
    case MP_ARRAY:
        return ask_unpack_list(mp, item.u, depth + 1);
    case MP_MAP:
        return ask_unpack_map(mp, item.u, depth + 1);
    default:
        return NULL;
    }
}

json_t *
ctl_from_msgpack(const void *data, size_t size)
{
    if (size == 0)
        return json_object();
    mp_t mp = mp_over(data, size);
    return ask_unpack(&mp, 0);
}

/* --- calls ------------------------------------------------------------------------------------ */

/* The world's faults, against the trade's refusals. */
static bool
ask_is_fault(status_t status)
{
    return status == MARQUEE_NOT_SENT || status == MARQUEE_NO_ANSWER || status == STATUS_BUSY ||
           status == STATUS_UNAVAILABLE || status == STATUS_NO_SPACE ||
           status == STATUS_UNKNOWN_OUTCOME;
}

/* A number of milliseconds above this is a moment, below it a span: 1980. */
#define ASK_MOMENT_MS INT64_C(315532800000)

/* What the refusal says besides its name: "seat 55". */
static void
ask_details(const json_t *reply, char *text, size_t room)
{
    const char *key;
    json_t *value;
    size_t size = 0;
    text[0] = 0;
    json_object_foreach((json_t *)(uintptr_t)reply, key, value)
    {
        size_t name = strlen(key);
        bool moment = name > 3 && strcmp(key + name - 3, "_ms") == 0 && json_is_integer(value) &&
                      json_integer_value(value) > ASK_MOMENT_MS;
        char when[CTL_TIME_ROOM];
        char *said = moment ? strdup(ctl_time(when, json_integer_value(value), CTL_TIME_EXACT))
                            : json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
        bool plain = said && strcmp(key, "error") != 0;
        if (plain && size < room)
            size += (size_t)snprintf(text + size, room - size, "%s%.*s %s", size ? ", " : " (",
                                     (int)(moment ? name - 3 : name), key, said);
        free(said);
    }
    if (size && size < room)
        snprintf(text + size, room - size, ")");
}

static ctl_exit_t
ask_refusal(const ctl_t *ctl, status_t status, json_t *reply)
{
    char details[256];
    ask_details(reply, details, sizeof details);
    if (!json_object_size(reply))
        (void)json_object_set_new(reply, "error", json_string(marquee_status_name(status)));
    (void)ctl_print_json(ctl, reply);
    return ctl_say(ask_is_fault(status) ? CTL_FAULT : CTL_REFUSED, "%s: %s%s",
                   marquee_status_name(status), marquee_status_text(status), details);
}

static int
ask_send(ctl_t *ctl, operation_code_t code, uint64_t key, const json_t *fields,
         marquee_reply_t *reply)
{
    static uint8_t room[ASK_BODY_ROOM];
    pack_t pack;
    pack_init(&pack, room, sizeof room);
    bool good = !fields || ctl_to_msgpack(&pack, fields);
    marquee_body_t body = {
        .data = room, .size = pack.size, .room = sizeof room, .overflow = pack.overflow
    };
    if (!good) {
        errno = EINVAL;
        return -1;
    }
    return marquee_ask(ctl->marquee, (uint16_t)code, key, fields ? &body : NULL, 0, reply);
}

ctl_exit_t
ctl_try(ctl_t *ctl, operation_code_t code, uint64_t key, json_t *fields, json_t **reply,
        status_t *status)
{
    marquee_reply_t answer;
    *reply = NULL;
    ctl_exit_t outcome = ctl_connect(ctl);
    int result = outcome == CTL_DONE ? ask_send(ctl, code, key, fields, &answer) : -1;
    int fault = errno;
    json_decref(fields);
    if (outcome != CTL_DONE)
        return outcome;
    if (result < 0)
        return ctl_say(CTL_FAULT, "%s: %s", operation_of((uint16_t)code)->name,
                       zmq_strerror(fault));
    *status = (status_t)result;
    *reply = ctl_from_msgpack(answer.body, answer.body_size);
    if (!json_is_object(*reply)) {
        json_decref(*reply);
        *reply = NULL;
        return ctl_say(CTL_FAULT, "%s: the server's answer cannot be read",
                       operation_of((uint16_t)code)->name);
    }
    return CTL_DONE;
}

/* Show times as they are at the cinema: where it is, the showtime knows. */
static void
ask_zone(ctl_t *ctl, operation_code_t code, uint64_t showtime)
{
    json_t *reply;
    status_t status;
    if (ctl->json || ctl->zone_of == showtime || code == OP_SHOWTIME_OPEN ||
        code == OP_SHOWTIME_GET || operation_of((uint16_t)code)->key != KEY_SHOWTIME)
        return;
    ctl->zone_of = showtime;
    if (ctl_try(ctl, OP_SHOWTIME_GET, showtime, NULL, &reply, &status) != CTL_DONE)
        return;
    ctl_zone(ctl_text(reply, "time_zone"));
    json_decref(reply);
}

ctl_exit_t
ctl_ask(ctl_t *ctl, operation_code_t code, uint64_t key, json_t *fields, json_t **reply)
{
    status_t status;
    ctl_exit_t outcome = ctl_try(ctl, code, key, fields, reply, &status);
    if (outcome == CTL_DONE)
        ask_zone(ctl, code, key);
    if (outcome != CTL_DONE || status == STATUS_OK)
        return outcome;
    outcome = ask_refusal(ctl, status, *reply);
    json_decref(*reply);
    *reply = NULL;
    return outcome;
}

uint32_t
ctl_partitions(ctl_t *ctl)
{
    json_t *reply;
    if (ctl_connect(ctl) == CTL_DONE && marquee_partitions(ctl->marquee) == 0 &&
        ctl_ask(ctl, OP_BROKER_STATUS, 0, NULL, &reply) == CTL_DONE)
        json_decref(reply);
    return ctl->marquee ? marquee_partitions(ctl->marquee) : 0;
}

bool
ctl_lock_argument(const ctl_t *ctl, int index, uint64_t *showtime, uint64_t *lock)
{
    const char *text = ctl->arguments[index];
    const char *slash = strchr(text, '/');
    char left[24] = "";
    if (slash && (size_t)(slash - text) < sizeof left)
        memcpy(left, text, (size_t)(slash - text));
    if (slash && ctl_parse_u64(left, showtime) && ctl_parse_u64(slash + 1, lock))
        return true;
    ctl_say(CTL_USAGE, "a lock is SHOWTIME/NUMBER as `seats lock` prints it, not '%s'", text);
    return false;
}

bool
ctl_order_argument(const ctl_t *ctl, int index, uint64_t *showtime)
{
    if (ids_order_showtime(ctl->arguments[index], showtime))
        return true;
    ctl_say(CTL_USAGE, "'%s' is not an order id, or it is mistyped", ctl->arguments[index]);
    return false;
}
