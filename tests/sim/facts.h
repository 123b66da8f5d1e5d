/* facts - what the answers that left the box office say about one showtime: who was told to have
 * which seat, and until when. Knows nothing of the state; a second answer that contradicts a first
 * one is broken, whoever is right. */
#ifndef SIM_FACTS_H
#define SIM_FACTS_H
#include "tests/sim/judge.h"

enum { FACTS_SEATS_MAX = 128 };

typedef enum { FACT_UNKNOWN, FACT_LOCKED, FACT_SOLD, FACT_BLOCKED } fact_kind_t;

typedef struct {
    fact_kind_t kind;
    uint32_t purchase;
    bool may_unblock;
} fact_seat_t;

typedef struct {
    uint64_t user;
    int64_t until_ms, amount;
    bool may_end;      /* somebody asked for something that can free its seats */
    bool may_last;     /* somebody asked for its end to be later */
    uint32_t redeemed; /* a bit a line */
    uint16_t prints[CALL_SEATS_MAX];
} fact_purchase_t;

typedef struct {
    uint64_t nonce;
    int64_t now_ms;
} fact_nonce_t;

typedef struct {
    uint64_t showtime;
    bool may_cancel; /* somebody asked for it: all that is held or sold may end */
    fact_seat_t seats[FACTS_SEATS_MAX + 1];
    fact_purchase_t *purchases;
    uint32_t purchase_room;
    fact_nonce_t *nonces; /* that were taken */
    uint32_t nonce_count, nonce_room;
} facts_t;

/* Somebody asks for this. */
void facts_asked(facts_t *self, const call_t *call);
/* The answer has left, of an entry at `now_ms`; nothing younger has left before it. Returns NULL or
 * what it contradicts. */
const char *facts_answered(facts_t *self, const call_t *call, int64_t now_ms, status_t status,
                           const void *body, uint32_t size);
void facts_clear(facts_t *self);
#endif
