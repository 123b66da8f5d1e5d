/* bank_inside - what the sources of the bank share. */
#ifndef SIM_BANK_INSIDE_H
#define SIM_BANK_INSIDE_H
#include "broker/status.h"
#include "tests/sim/bank.h"

typedef enum { SAY_PAYMENT, SAY_REFUND, SAY_OPENED, SAY_NOTICE } say_t;

/* Something that the bank has to say. */
typedef struct {
    int64_t at_us;
    uint8_t kind; /* say_t */
    const char *provider;
    bool gone; /* said and answered */
    uint64_t showtime, tell;
    uint32_t purchase;
    int64_t amount;
    uint64_t txn; /* 0: none was made */
    const char *outcome;
    char order[ORDER_TEXT];
} saying_t;

/* One transaction of a buyer. */
typedef struct {
    uint64_t showtime;
    int64_t amount;   /* taken from the buyer */
    int64_t returned; /* paid back */
    bool heard;       /* the box office knows of it, and has answered for it */
    bool dropped;     /* it was closed before the buyer paid */
} txn_t;

typedef struct {
    uint64_t showtime, tell;
    int64_t amount;
    bool done, refused_once; /* paid back; said once that it would not */
    bool heard;              /* the box office knows that it is done */
    char order[ORDER_TEXT];
} refund_done_t;

/* An order that was opened at a provider other than the sandbox. */
typedef struct {
    uint64_t showtime, tell;
    uint32_t purchase;
    const char *provider;
    int64_t amount, until_ms, paid_us;
    uint64_t txn; /* 0: the buyer does not pay */
    bool refused, closed;
    char order[ORDER_TEXT];
} deal_t;

struct bank {
    saying_t *sayings;
    uint32_t saying_count, saying_room;
    uint32_t saying; /* the one that the cashier says now */
    txn_t *txns;
    uint32_t txn_count, txn_room;
    refund_done_t *refunds;
    uint32_t refund_count, refund_room;
    deal_t *deals;
    uint32_t deal_count, deal_room;
    bool sandbox; /* this seed's refunds are answered by the sandbox cashier itself */
};

/* Room for one more item of an array. */
void *bank_room(void *items, uint32_t count, uint32_t *room, size_t size);
void bank_say(sim_t *sim, const saying_t *saying);
/* The next thing to say of this kind that is due, to say it now. */
saying_t *bank_next(sim_t *sim, say_t kind);
uint64_t bank_take(sim_t *sim, uint64_t showtime, int64_t amount);
int64_t bank_pay_when(sim_t *sim, int64_t until_ms);
bool bank_tell_text(const wire_record_t *tell, const char *key, char *text, uint32_t room);
bool bank_settle_took(status_t status);
/* bank_deals.c: a tell about a payment at a provider. */
void bank_deal(sim_t *sim, const wire_record_t *tell);
#endif
