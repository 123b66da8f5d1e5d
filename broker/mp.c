/* mp - see mp.h for the contract. */
#include "broker/mp.h"
#include <string.h>

static uint64_t
mp_big_endian(const uint8_t *at, uint32_t bytes)
{
    uint64_t value = 0;
    for (uint32_t i = 0; i < bytes; i++)
        value = value << 8 | at[i];
    return value;
}

static void
mp_signed(mp_item_t *item, int64_t value)
{
    item->type = value < 0 ? MP_INT : MP_UINT;
    item->i = value;
}

/* Take `bytes` of number behind the lead byte; false when they are not all there. */
static bool
mp_number(const uint8_t **at, const uint8_t *end, uint32_t bytes, uint64_t *value)
{
    if ((size_t)(end - *at) < bytes)
        return false;
    *value = mp_big_endian(*at, bytes);
    *at += bytes;
    return true;
}

static bool
mp_bytes(const uint8_t **at, const uint8_t *end, uint64_t size, mp_type_t type, mp_item_t *item)
{
    if ((uint64_t)(end - *at) < size)
        return false;
    item->type = type;
    item->data = *at;
    item->size = (uint32_t)size;
    *at += size;
    return true;
}

/* Every announced item takes at least one byte, a pair two. */
static bool
mp_container(const uint8_t *at, const uint8_t *end, uint64_t count, mp_type_t type, mp_item_t *item)
{
    uint64_t least = type == MP_MAP ? count * 2 : count;
    if ((uint64_t)(end - at) < least)
        return false;
    item->type = type;
    item->u = count;
    return true;
}

static bool
mp_fixed(const uint8_t **at, const uint8_t *end, uint8_t lead, mp_item_t *item)
{
    if (lead < 0x80) {
        item->type = MP_UINT;
        item->u = lead;
        return true;
    }
    if (lead < 0x90)
        return mp_container(*at, end, lead & 0x0f, MP_MAP, item);
    if (lead < 0xa0)
        return mp_container(*at, end, lead & 0x0f, MP_ARRAY, item);
    if (lead < 0xc0)
        return mp_bytes(at, end, lead & 0x1f, MP_STR, item);
    mp_signed(item, (int8_t)lead);
    return true;
}

static bool
mp_float(uint64_t bits, bool wide, mp_item_t *item)
{
    item->type = MP_FLOAT;
    if (wide) {
        memcpy(&item->f, &bits, sizeof item->f);
    } else {
        uint32_t narrow = (uint32_t)bits;
        float value;
        memcpy(&value, &narrow, sizeof value);
        item->f = (double)value;
    }
    return true;
}

/* The lead bytes 0xc0..0xdf, by their width class. */
static bool
mp_sized(const uint8_t **at, const uint8_t *end, uint8_t lead, mp_item_t *item)
{
    uint64_t n;
    switch (lead) {
    case 0xc0:
        item->type = MP_NIL;
        return true;
    case 0xc2:
    case 0xc3:
        item->type = MP_BOOL;
        item->u = lead & 1;
        return true;
    case 0xc4:
    case 0xc5:
    case 0xc6:
        return mp_number(at, end, 1u << (lead - 0xc4), &n) && mp_bytes(at, end, n, MP_BIN, item);
    case 0xc7:
    case 0xc8:
    case 0xc9:
        return mp_number(at, end, 1u << (lead - 0xc7), &n) &&
               mp_bytes(at, end, n + 1, MP_EXT, item);
    case 0xca:
    case 0xcb:
        return mp_number(at, end, lead == 0xcb ? 8 : 4, &n) && mp_float(n, lead == 0xcb, item);
    case 0xcc:
    case 0xcd:
    case 0xce:
    case 0xcf:
        item->type = MP_UINT;
        return mp_number(at, end, 1u << (lead - 0xcc), &item->u);
    case 0xd0:
    case 0xd1:
    case 0xd2:
    case 0xd3: {
        uint32_t bytes = 1u << (lead - 0xd0);
        if (!mp_number(at, end, bytes, &n))
            return false;
        uint32_t shift = 64 - 8 * bytes;
        mp_signed(item, (int64_t)(n << shift) >> shift);
        return true;
    }
    case 0xd4:
    case 0xd5:
    case 0xd6:
    case 0xd7:
    case 0xd8:
        return mp_bytes(at, end, (1u << (lead - 0xd4)) + 1u, MP_EXT, item);
    case 0xd9:
    case 0xda:
    case 0xdb:
        return mp_number(at, end, 1u << (lead - 0xd9), &n) && mp_bytes(at, end, n, MP_STR, item);
    case 0xdc:
    case 0xdd:
        return mp_number(at, end, lead == 0xdd ? 4 : 2, &n) &&
               mp_container(*at, end, n, MP_ARRAY, item);
    case 0xde:
    case 0xdf:
        return mp_number(at, end, lead == 0xdf ? 4 : 2, &n) &&
               mp_container(*at, end, n, MP_MAP, item);
    default: /* 0xc1 is never used */
        return false;
    }
}

bool
mp_next(mp_t *mp, mp_item_t *item)
{
    if (mp->at >= mp->end)
        return false;
    const uint8_t *at = mp->at;
    uint8_t lead = *at++;
    bool good = lead < 0xc0 || lead >= 0xe0 ? mp_fixed(&at, mp->end, lead, item)
                                            : mp_sized(&at, mp->end, lead, item);
    if (good)
        mp->at = at;
    return good;
}

bool
mp_skip(mp_t *mp)
{
    uint64_t left[MP_DEPTH_MAX + 1] = { 1 };
    uint32_t depth = 0;
    for (;;) {
        while (left[depth] == 0) {
            if (depth == 0)
                return true;
            depth--;
        }
        left[depth]--;
        mp_item_t item;
        if (!mp_next(mp, &item))
            return false;
        if (item.type == MP_ARRAY || item.type == MP_MAP) {
            if (depth == MP_DEPTH_MAX)
                return false;
            left[++depth] = item.type == MP_MAP ? item.u * 2 : item.u;
        }
    }
}

bool
mp_valid(const void *data, size_t size)
{
    mp_t mp = mp_over(data, size);
    return mp_skip(&mp) && mp.at == mp.end;
}

bool
mp_read_uint(mp_t *mp, uint64_t *value)
{
    mp_item_t item;
    if (!mp_next(mp, &item) || item.type != MP_UINT)
        return false;
    *value = item.u;
    return true;
}

bool
mp_read_int(mp_t *mp, int64_t *value)
{
    mp_item_t item;
    if (!mp_next(mp, &item) || (item.type != MP_UINT && item.type != MP_INT))
        return false;
    if (item.type == MP_UINT && item.u > INT64_MAX)
        return false;
    *value = item.i;
    return true;
}

bool
mp_read_str(mp_t *mp, const char **text, uint32_t *size)
{
    mp_item_t item;
    if (!mp_next(mp, &item) || item.type != MP_STR)
        return false;
    *text = (const char *)item.data;
    *size = item.size;
    return true;
}

bool
mp_read_array(mp_t *mp, uint32_t *count)
{
    mp_item_t item;
    if (!mp_next(mp, &item) || item.type != MP_ARRAY)
        return false;
    *count = (uint32_t)item.u;
    return true;
}

bool
mp_find(const void *body, size_t size, const char *key, mp_t *value)
{
    mp_t mp = mp_over(body, size);
    mp_item_t map;
    if (!mp_next(&mp, &map) || map.type != MP_MAP)
        return false;
    size_t key_size = strlen(key);
    for (uint64_t i = 0; i < map.u; i++) {
        const char *text;
        uint32_t text_size;
        if (!mp_read_str(&mp, &text, &text_size))
            return false;
        if (text_size == key_size && memcmp(text, key, key_size) == 0) {
            *value = mp;
            return true;
        }
        if (!mp_skip(&mp))
            return false;
    }
    return false;
}

static int
pack_write(void *self_, const char *data, size_t size)
{
    pack_t *self = self_;
    if (self->overflow || size > self->room - self->size) {
        self->overflow = true;
        return 0;
    }
    memcpy(self->data + self->size, data, size);
    self->size += size;
    return 0;
}

void
pack_init(pack_t *self, void *buffer, size_t room)
{
    *self = (pack_t){ .data = buffer, .room = room };
    msgpack_packer_init(&self->packer, self, pack_write);
}

/* pack_write never fails, it remembers: so the packer's results say nothing. */
void
pack_map(pack_t *self, uint32_t pairs)
{
    (void)msgpack_pack_map(&self->packer, pairs);
}

void
pack_array(pack_t *self, uint32_t items)
{
    (void)msgpack_pack_array(&self->packer, items);
}

void
pack_uint(pack_t *self, uint64_t value)
{
    (void)msgpack_pack_uint64(&self->packer, value);
}

void
pack_int(pack_t *self, int64_t value)
{
    (void)msgpack_pack_int64(&self->packer, value);
}

void
pack_bool(pack_t *self, bool value)
{
    (void)(value ? msgpack_pack_true(&self->packer) : msgpack_pack_false(&self->packer));
}

void
pack_strn(pack_t *self, const char *text, size_t size)
{
    (void)msgpack_pack_str(&self->packer, size);
    (void)msgpack_pack_str_body(&self->packer, text, size);
}

void
pack_str(pack_t *self, const char *text)
{
    pack_strn(self, text, strlen(text));
}

void
pack_bin(pack_t *self, const void *data, size_t size)
{
    (void)msgpack_pack_bin(&self->packer, size);
    (void)msgpack_pack_bin_body(&self->packer, data, size);
}

void
pack_raw(pack_t *self, const void *data, size_t size)
{
    (void)pack_write(self, data, size);
}

void
pack_key_uint(pack_t *self, const char *key, uint64_t value)
{
    pack_str(self, key);
    pack_uint(self, value);
}

void
pack_key_int(pack_t *self, const char *key, int64_t value)
{
    pack_str(self, key);
    pack_int(self, value);
}

void
pack_key_bool(pack_t *self, const char *key, bool value)
{
    pack_str(self, key);
    pack_bool(self, value);
}

void
pack_key_str(pack_t *self, const char *key, const char *text)
{
    pack_str(self, key);
    pack_str(self, text);
}
