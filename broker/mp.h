/* mp - msgpack as Marquee accepts and writes it.
 *
 * Reading is a bounded cursor of our own: it never allocates, never looks behind the end, and an
 * array or map may not announce more items than bytes are left (msgpack-c 4.0.0 allocates by the
 * announced count, up to 103 GB for five bytes). Writing is msgpack-c's packer into a fixed buffer.
 * Source of the format: https://github.com/msgpack/msgpack/blob/master/spec.md */
#ifndef MP_H
#define MP_H
#include <msgpack/pack.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MP_DEPTH_MAX = 8 };

typedef enum {
    MP_NIL,
    MP_BOOL,
    MP_UINT,
    MP_INT,
    MP_FLOAT,
    MP_STR,
    MP_BIN,
    MP_ARRAY,
    MP_MAP,
    MP_EXT
} mp_type_t;

/* One token. MP_INT is only used below zero; u holds a bool, an unsigned number, or the item
 * count of an array or (in pairs) a map; i a negative number; data and size a str, bin or ext,
 * borrowed from the input. */
typedef struct {
    mp_type_t type;
    union {
        uint64_t u;
        int64_t i;
        double f;
    };
    const uint8_t *data;
    uint32_t size;
} mp_item_t;

typedef struct {
    const uint8_t *at, *end;
} mp_t;

/* `data` may be NULL when there are no bytes: then nothing is added to it, which C forbids. */
static inline mp_t
mp_over(const void *data, size_t size)
{
    const uint8_t *at = data;
    return (mp_t){ at, size ? at + size : at };
}
/* Read one token, moving behind it; containers' items follow. False: malformed, `mp` unchanged. */
bool mp_next(mp_t *mp, mp_item_t *item);
/* Step over one whole value, containers included. False: malformed or nested over MP_DEPTH_MAX. */
bool mp_skip(mp_t *mp);
/* Is this exactly one well-formed value? */
bool mp_valid(const void *data, size_t size);
/* Read one value of the wanted shape; false leaves `mp` undefined. */
bool mp_read_uint(mp_t *mp, uint64_t *value);
bool mp_read_int(mp_t *mp, int64_t *value);
bool mp_read_str(mp_t *mp, const char **text, uint32_t *size);
bool mp_read_array(mp_t *mp, uint32_t *count);
/* Find a key of the map that `body` is; the cursor is then at its value. False: no such key, or
 * malformed. For readers of replies; commands are decoded by operation.h. */
bool mp_find(const void *body, size_t size, const char *key, mp_t *value);

/* A writer over a buffer of the caller's. Writing past the end sets `overflow` and drops the rest.
 */
typedef struct {
    msgpack_packer packer;
    uint8_t *data;
    size_t size, room;
    bool overflow;
} pack_t;

void pack_init(pack_t *self, void *buffer, size_t room);
void pack_map(pack_t *self, uint32_t pairs);
void pack_array(pack_t *self, uint32_t items);
void pack_uint(pack_t *self, uint64_t value);
void pack_int(pack_t *self, int64_t value);
void pack_bool(pack_t *self, bool value);
void pack_str(pack_t *self, const char *text);
void pack_strn(pack_t *self, const char *text, size_t size);
void pack_bin(pack_t *self, const void *data, size_t size);
/* Bytes that are msgpack already. */
void pack_raw(pack_t *self, const void *data, size_t size);
/* A key and its value. */
void pack_key_uint(pack_t *self, const char *key, uint64_t value);
void pack_key_int(pack_t *self, const char *key, int64_t value);
void pack_key_bool(pack_t *self, const char *key, bool value);
void pack_key_str(pack_t *self, const char *key, const char *text);
#endif
