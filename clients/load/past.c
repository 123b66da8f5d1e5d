/* past - see past.h for the contract. */
#include "clients/load/past.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct past {
    int file;
    int error; /* the first one, as errno */
    pthread_mutex_t lock;
};

typedef enum { PAST_U64, PAST_U32, PAST_U16 } past_type_t;

/* The fields of a record but its seats. One that is 0 is left out; a delta counts from the record
 * before. */
static const struct {
    uint16_t offset;
    uint8_t type;
    bool delta;
} past_fields[] = {
#define U64(member)                                                                                \
    {                                                                                              \
        offsetof(history_call_t, member), PAST_U64, false                                          \
    }
#define U32(member)                                                                                \
    {                                                                                              \
        offsetof(history_call_t, member), PAST_U32, false                                          \
    }
#define U16(member)                                                                                \
    {                                                                                              \
        offsetof(history_call_t, member), PAST_U16, false                                          \
    }
#define DELTA(member)                                                                              \
    {                                                                                              \
        offsetof(history_call_t, member), PAST_U64, true                                           \
    }
    U16(operation),  U16(status),      U16(partition),  U64(client),   U64(request),
    DELTA(showtime), U64(user),        DELTA(start_ns), DELTA(end_ns), DELTA(sequence),
    DELTA(until_ms), DELTA(served_ms), U64(payment),    U64(amount),   U32(digest),
    U32(lock),       U16(refused),     U16(seat_count),
#undef U64
#undef U32
#undef U16
#undef DELTA
};
enum { PAST_FIELDS = sizeof past_fields / sizeof past_fields[0], NUMBER_MAX = 10 };
_Static_assert(PAST_FIELDS <= 21, "a mask is three bytes");
_Static_assert(3 + 11 * 10 + 2 * 5 + (5 + CALL_SEATS_MAX) * 3 <= PAST_RECORD_MAX,
               "a record is bounded");

past_t *
past_new(const char *path)
{
    past_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (self->file < 0 || pthread_mutex_init(&self->lock, NULL)) {
        free(self);
        return NULL;
    }
    if (write(self->file, PAST_MAGIC, 8) != 8)
        self->error = errno;
    return self;
}

int
past_close(past_t **self_p)
{
    past_t *self = *self_p;
    if (!self)
        return 0;
    if (close(self->file) && !self->error)
        self->error = errno;
    int error = self->error;
    pthread_mutex_destroy(&self->lock);
    free(self);
    *self_p = NULL;
    errno = error;
    return error ? -1 : 0;
}

bool
past_page_open(past_page_t *page, past_t *past)
{
    *page = (past_page_t){ .past = past, .bytes = malloc(PAST_PAGE_BYTES), .size = 8 };
    return page->bytes != NULL;
}

static void
past_put_u32(uint8_t *at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> (8 * i));
}

static void
past_write(past_page_t *page)
{
    past_t *past = page->past;
    past_put_u32(page->bytes, page->size - 8);
    past_put_u32(page->bytes + 4, page->count);
    pthread_mutex_lock(&past->lock);
    for (uint32_t done = 0; done < page->size && !past->error;) {
        ssize_t size = write(past->file, page->bytes + done, page->size - done);
        if (size < 0 && errno != EINTR)
            past->error = errno;
        done += size > 0 ? (uint32_t)size : 0;
    }
    pthread_mutex_unlock(&past->lock);
    page->size = 8;
    page->count = 0;
    page->last = (history_call_t){ 0 };
}

void
past_page_close(past_page_t *page)
{
    if (page->count)
        past_write(page);
    free(page->bytes);
    *page = (past_page_t){ 0 };
}

static uint8_t *
past_put(uint8_t *at, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        *at++ = (uint8_t)(value | 0x80);
    *at++ = (uint8_t)value;
    return at;
}

static bool
past_get(const uint8_t *bytes, size_t size, size_t *at, uint64_t *value)
{
    *value = 0;
    for (uint32_t i = 0; i < NUMBER_MAX && *at < size; i++) {
        uint8_t byte = bytes[(*at)++];
        *value |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (!(byte & 0x80))
            return true;
    }
    return false;
}

static uint64_t
past_load(const history_call_t *call, uint32_t field)
{
    const uint8_t *from = (const uint8_t *)call + past_fields[field].offset;
    uint64_t wide;
    uint32_t middle;
    uint16_t narrow;
    switch ((past_type_t)past_fields[field].type) {
    case PAST_U64:
        memcpy(&wide, from, sizeof wide);
        return wide;
    case PAST_U32:
        memcpy(&middle, from, sizeof middle);
        return middle;
    case PAST_U16:
        break;
    }
    memcpy(&narrow, from, sizeof narrow);
    return narrow;
}

static void
past_store(history_call_t *call, uint32_t field, uint64_t value)
{
    uint8_t *to = (uint8_t *)call + past_fields[field].offset;
    uint32_t middle = (uint32_t)value;
    uint16_t narrow = (uint16_t)value;
    if (past_fields[field].type == PAST_U64)
        memcpy(to, &value, sizeof value);
    else if (past_fields[field].type == PAST_U32)
        memcpy(to, &middle, sizeof middle);
    else
        memcpy(to, &narrow, sizeof narrow);
}

/* Small numbers of either sign become small ones. */
static uint64_t
past_zigzag(uint64_t value)
{
    return value << 1 ^ (0 - (value >> 63));
}

static uint64_t
past_zagzig(uint64_t value)
{
    return value >> 1 ^ (0 - (value & 1));
}

void
past_add(past_page_t *page, const history_call_t *call)
{
    assert(call->seat_count <= CALL_SEATS_MAX);
    if (page->size + PAST_RECORD_MAX > PAST_PAGE_BYTES)
        past_write(page);
    uint8_t fields[PAST_RECORD_MAX], *end = fields;
    uint64_t mask = 0;
    for (uint32_t i = 0; i < PAST_FIELDS; i++) {
        uint64_t value = past_load(call, i);
        if (value == 0)
            continue;
        mask |= UINT64_C(1) << i;
        if (past_fields[i].delta)
            value = past_zigzag(value - past_load(&page->last, i));
        end = past_put(end, value);
    }
    for (uint32_t i = 0; i < call->seat_count; i++)
        end = past_put(end, call->seats[i]);
    uint8_t *to = past_put(page->bytes + page->size, mask);
    memcpy(to, fields, (size_t)(end - fields));
    page->size = (uint32_t)(to - page->bytes) + (uint32_t)(end - fields);
    page->count++;
    /* Fields that were left out keep what later records count from. */
    for (uint32_t i = 0; i < PAST_FIELDS; i++)
        if (past_fields[i].delta && mask >> i & 1)
            past_store(&page->last, i, past_load(call, i));
}

bool
past_take(const uint8_t *bytes, size_t size, size_t *at, history_call_t *call, history_call_t *last)
{
    uint64_t mask, value;
    *call = (history_call_t){ 0 };
    if (!past_get(bytes, size, at, &mask) || mask >> PAST_FIELDS)
        return false;
    for (uint32_t i = 0; i < PAST_FIELDS; i++) {
        if (!(mask >> i & 1))
            continue;
        if (!past_get(bytes, size, at, &value))
            return false;
        if (past_fields[i].delta) {
            value = past_zagzig(value) + past_load(last, i);
            past_store(last, i, value);
        }
        past_store(call, i, value);
    }
    if (call->seat_count > CALL_SEATS_MAX)
        return false;
    for (uint32_t i = 0; i < call->seat_count; i++) {
        if (!past_get(bytes, size, at, &value) || value > UINT16_MAX)
            return false;
        call->seats[i] = (uint16_t)value;
    }
    return true;
}
