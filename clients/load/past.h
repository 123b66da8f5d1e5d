/* past - a file of what was asked and answered, call by call, for a check afterwards.
 *
 * One fixed record a call, little endian as the machine is; docs/testing.md says what the checker
 * makes of them. A call begins when it is first sent and ends with its first final answer; one that
 * was never answered has no end. A later repeat of an answered call is a call of its own with the
 * same client and request. */
#ifndef LOAD_PAST_H
#define LOAD_PAST_H
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum { PAST_SEATS_MAX = 4 };
#define PAST_MAGIC UINT64_C(0x3130545349485148) /* "HQHIST01" */

typedef struct {
    int64_t start_ns, end_ns; /* Unix time; end 0: never answered */
    uint64_t showtime, user;
    uint64_t client, request; /* a repeat has those of its first */
    uint64_t sequence;        /* of the answer, 0: the broker's own */
    int64_t until_ms;         /* answers of locks, extensions, orders: the lock's end; else 0 */
    int64_t amount;           /* fen paid, or paid back */
    uint64_t mark; /* payments: tells transactions apart; tickets: which of the order; repeats: a
                    * digest of the answer */
    uint32_t purchase; /* number of the lock or order; of locks as answered; 0: none */
    uint16_t operation, status;
    uint16_t seats[PAST_SEATS_MAX]; /* that were taken; 0: none */
} past_call_t;
_Static_assert(sizeof(past_call_t) == 96, "stored");

typedef struct {
    uint64_t magic;
    uint32_t record_size, partitions;
} past_head_t;

typedef struct past past_t;

/* Begin a file. NULL with errno. */
past_t *past_create(const char *path, uint32_t partitions);
/* Add a call; any thread may. */
void past_add(past_t *self, const past_call_t *call);
/* 0, or -1 when not all could be written. */
int past_close(past_t **self_p);
#endif
