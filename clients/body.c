/* body - command bodies, and fields of answers; see marquee.h for the contract. */
#include "broker/mp.h"
#include "broker/operation.h"
#include "broker/status.h"
#include "clients/marquee.h"
#include <assert.h>
#include <string.h>

/* A map of up to 15 pairs has its count in the low half of its one lead byte, so a field more is a
 * number more there. */
enum { BODY_MAP = 0x80, BODY_FIELDS_MAX = 15 };

void
marquee_body_init(marquee_body_t *body, void *room, size_t size)
{
    *body = (marquee_body_t){ .data = room, .room = size, .overflow = size == 0 };
    if (size) {
        body->data[0] = BODY_MAP;
        body->size = 1;
    }
}

/* Open a field: `pack` then writes its value behind its name. */
static void
body_open(const marquee_body_t *body, pack_t *pack, const char *field)
{
    pack_init(pack, body->data + body->size, body->room - body->size);
    pack_str(pack, field);
}

static void
body_close(marquee_body_t *body, const pack_t *pack)
{
    if (body->overflow || pack->overflow || body->data[0] == BODY_MAP + BODY_FIELDS_MAX) {
        body->overflow = true;
        return;
    }
    body->size += pack->size;
    body->data[0]++;
}

void
marquee_body_number(marquee_body_t *body, const char *field, uint64_t value)
{
    pack_t pack;
    body_open(body, &pack, field);
    pack_uint(&pack, value);
    body_close(body, &pack);
}

void
marquee_body_bool(marquee_body_t *body, const char *field, bool value)
{
    pack_t pack;
    body_open(body, &pack, field);
    pack_bool(&pack, value);
    body_close(body, &pack);
}

void
marquee_body_text(marquee_body_t *body, const char *field, const char *value)
{
    pack_t pack;
    body_open(body, &pack, field);
    pack_str(&pack, value);
    body_close(body, &pack);
}

void
marquee_body_numbers(marquee_body_t *body, const char *field, const uint64_t *values, size_t count)
{
    pack_t pack;
    body_open(body, &pack, field);
    pack_array(&pack, (uint32_t)count);
    for (size_t i = 0; i < count; i++)
        pack_uint(&pack, values[i]);
    body_close(body, &pack);
}

bool
marquee_reply_number(const marquee_reply_t *reply, const char *field, uint64_t *value)
{
    mp_t mp;
    return mp_find(reply->body, reply->body_size, field, &mp) && mp_read_uint(&mp, value);
}

bool
marquee_reply_text(const marquee_reply_t *reply, const char *field, const char **text, size_t *size)
{
    mp_t mp;
    uint32_t length;
    if (!mp_find(reply->body, reply->body_size, field, &mp) || !mp_read_str(&mp, text, &length))
        return false;
    *size = length;
    return true;
}

uint16_t
marquee_operation(const char *name)
{
    const operation_t *operation = operation_named(name);
    return operation ? operation->code : 0;
}

const char *
marquee_status_name(uint16_t status)
{
    if (status == MARQUEE_NOT_SENT)
        return "NOT_SENT";
    return status == MARQUEE_NO_ANSWER ? "NO_ANSWER" : status_name(status);
}

const char *
marquee_status_text(uint16_t status)
{
    if (status == MARQUEE_NOT_SENT)
        return "the server could not be reached in time; nothing was done";
    if (status == MARQUEE_NO_ANSWER)
        return "no answer came in time; whether it was done is not known";
    return status_text(status);
}
