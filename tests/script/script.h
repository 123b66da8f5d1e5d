/* script - a box office's day: commands one after the other, drawn from a seed and from what the
 * answers before have said.
 *
 * Same seed and same answers, same commands. Every command has a request number of its own, which
 * is its place in the script, and everything a command can meet happens now and then: locks that
 * expire, late and wrong money, refunds that are waited for, repeats. */
#ifndef SCRIPT_H
#define SCRIPT_H
#include "tests/unit/chance.h"
#include "actors/ids.h"
#include "broker/wire.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SCRIPT_SALES = 64,
    SCRIPT_SHOWTIMES = 6,
    SCRIPT_FIRST_SHOWTIME = 101,
    SCRIPT_SEATS = 30, /* of every showtime's hall */
    SCRIPT_BODY_MAX = 1024,
    SCRIPT_TELLS = 64,
};
#define SCRIPT_START_MS INT64_C(1800000000000)

typedef struct {
    wire_route_t route;
    wire_header_t header;
    uint32_t sale; /* that the answer is about, SCRIPT_SALES: none */
    uint32_t size;
    uint8_t body[SCRIPT_BODY_MAX];
} script_command_t;

typedef enum { SALE_NONE, SALE_HELD, SALE_ORDERED, SALE_SOLD, SALE_DONE } script_state_t;

typedef struct {
    script_state_t state;
    bool asked; /* a command about it is under way */
    uint64_t showtime, user, lock, amount;
    int64_t until_ms;
    char order[ORDER_ID_ROOM], code[IDS_CODE_SIZE + 1], token[TOKEN_ROOM];
} script_sale_t;

typedef struct {
    uint64_t showtime, number;
    char order[ORDER_ID_ROOM];
} script_tell_t;

typedef struct {
    chance_t chance;
    uint64_t request; /* the last one's */
    uint32_t showtimes;
    script_sale_t sales[SCRIPT_SALES];
    script_tell_t tells[SCRIPT_TELLS]; /* refunds that wait for their end */
    uint32_t tell_count;
} script_t;

void script_init(script_t *self, uint64_t seed);
uint64_t script_random(script_t *self);
/* A number in [0, bound). */
uint32_t script_below(script_t *self, uint32_t bound);
/* The next command, given at `now_ms`. */
void script_next(script_t *self, int64_t now_ms, script_command_t *command);
/* Its answer; the end of a deferred one comes as another answer. */
void script_answer(script_t *self, const script_command_t *command, uint16_t status,
                   const void *body, uint32_t size);
/* A message to the cashier. */
void script_tell(script_t *self, const wire_header_t *header, const void *body, uint32_t size);
#endif
