/* mpjson - see mpjson.h for the contract. */
#include "clients/mpjson.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { MPJSON_HEX_MAX = 256 };
#define MPJSON_WEB_MAX ((UINT64_C(1) << 53) - 1)

bool
mpjson_pack(pack_t *pack, const json_t *value)
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
            if (!mpjson_pack(pack, child))
                return false;
        }
        return true;
    case JSON_ARRAY:
        pack_array(pack, (uint32_t)json_array_size(value));
        json_array_foreach(value, index, child) if (!mpjson_pack(pack, child)) return false;
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
mpjson_hex(const mp_item_t *item)
{
    static const char digits[] = "0123456789abcdef";
    char text[2 * MPJSON_HEX_MAX];
    uint32_t size = item->size < MPJSON_HEX_MAX ? item->size : MPJSON_HEX_MAX;
    for (uint32_t i = 0; i < size; i++) {
        text[2 * i] = digits[item->data[i] >> 4];
        text[2 * i + 1] = digits[item->data[i] & 15];
    }
    return json_stringn(text, 2 * size);
}

static json_t *mpjson_unpack(mp_t *mp, uint32_t depth, uint64_t most);

static json_t *
mpjson_unpack_list(mp_t *mp, uint64_t count, uint32_t depth, uint64_t most)
{
    json_t *list = json_array();
    for (uint64_t i = 0; list && i < count; i++) {
        if (json_array_append_new(list, mpjson_unpack(mp, depth, most))) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *
mpjson_unpack_map(mp_t *mp, uint64_t count, uint32_t depth, uint64_t most)
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
        if (!good || json_object_set_new(map, key, mpjson_unpack(mp, depth, most))) {
            json_decref(map);
            return NULL;
        }
    }
    return map;
}

/* A larger number than the reader can hold becomes a text. */
static json_t *
mpjson_unpack_number(uint64_t number, uint64_t most)
{
    if (number <= most)
        return json_integer((json_int_t)number);
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, number);
    return json_string(text);
}

static json_t *
mpjson_unpack(mp_t *mp, uint32_t depth, uint64_t most)
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
        return mpjson_unpack_number(item.u, most);
    case MP_INT:
        return json_integer(item.i);
    case MP_FLOAT:
        return json_real(item.f);
    case MP_STR:
        return json_stringn((const char *)item.data, item.size);
    case MP_BIN:
    case MP_EXT:
        return mpjson_hex(&item);
    case MP_ARRAY:
        return mpjson_unpack_list(mp, item.u, depth + 1, most);
    case MP_MAP:
        return mpjson_unpack_map(mp, item.u, depth + 1, most);
    default:
        return NULL;
    }
}

static json_t *
mpjson_read_up_to(const void *data, size_t size, uint64_t most)
{
    if (size == 0)
        return json_object();
    mp_t mp = mp_over(data, size);
    return mpjson_unpack(&mp, 0, most);
}

json_t *
mpjson_read(const void *data, size_t size)
{
    return mpjson_read_up_to(data, size, INT64_MAX);
}

json_t *
mpjson_read_web(const void *data, size_t size)
{
    return mpjson_read_up_to(data, size, MPJSON_WEB_MAX);
}
