/* mpjson - bodies of messages as JSON, and the way back. */
#ifndef MPJSON_H
#define MPJSON_H
#include "broker/mp.h"
#include <jansson.h>

/* Pack a JSON value; false when it has what msgpack bodies here do not (a float, null). */
bool mpjson_pack(pack_t *pack, const json_t *value);
/* A msgpack value as JSON, the caller's; NULL when malformed or memory is short. Bytes become
 * hexadecimal, a number of 2^63 or above a text. */
json_t *mpjson_read(const void *data, size_t size);
/* The same for readers whose numbers are doubles (RFC 8259 6): one above 2^53 - 1 is a text. */
json_t *mpjson_read_web(const void *data, size_t size);
#endif
