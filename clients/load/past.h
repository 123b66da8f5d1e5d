/* past - the file of a history: every call of a run, written while it runs.
 *
 * Threads fill pages of their own; a full page is appended with one write. The file:
 *
 *     file   = magic *page            magic: the 8 bytes "MQPAST1\n"
 *     page   = u32 size, u32 count, count records of `size` bytes in all; little endian
 *     record = mask, then what the mask names, in the order of past_fields in past.c
 *
 * mask and fields are LEB128 numbers, 7 bits a byte. Times, showtimes and sequence numbers count
 * from the record before (zigzag; the first of a page from 0), so pages are read on their own and
 * in any order. A call takes about 30 bytes. */
#ifndef PAST_H
#define PAST_H
#include "clients/load/call.h"
#include <stdbool.h>

enum { PAST_RECORD_MAX = 256, PAST_PAGE_BYTES = 256 * 1024 };
#define PAST_MAGIC "MQPAST1\n"

typedef struct past past_t;

/* One thread's page. */
typedef struct {
    past_t *past;
    uint8_t *bytes;
    uint32_t size, count;
    history_call_t last;
} past_page_t;

/* A new file, or NULL with errno. */
past_t *past_new(const char *path);
/* Close it. 0, or -1 with errno when anything could not be written. */
int past_close(past_t **self_p);
/* Begin a page; false when memory is short. */
bool past_page_open(past_page_t *page, past_t *past);
/* Write what is in it, and give it up. */
void past_page_close(past_page_t *page);
void past_add(past_page_t *page, const history_call_t *call);

/* For readers: take the record at `*at` of a page. `last` is what it counts from: all zero at a
 * page's begin, then left to this function. False when it is malformed. */
bool past_take(const uint8_t *bytes, size_t size, size_t *at, history_call_t *call,
               history_call_t *last);
#endif
