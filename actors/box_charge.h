/* box_charge - what is asked of a payment provider about an order, until the payment's end is
 * known.
 *
 * A charge is made when the payment of an order begins at a provider other than the sandbox. The
 * provider is asked to open it, then how it stands, and when the order is over to close it: again
 * and again, under one number, until an answer ends it. What providers tell is kept as notices.
 *
 *   C n            charge_t of purchase n; due when the provider is to be asked again
 *   W n            the link that the buyer pays by
 *   B n << 8 | i   notice_t: the i-th thing that a provider told of it, with its raw bytes
 * What holds between commands:
 * (1) A charge is due exactly while it is asked, open or closing.
 * (2) A charge whose payment has succeeded has ended. */
#ifndef BOX_CHARGE_H
#define BOX_CHARGE_H
#include "actors/box.h"

enum {
    BOX_CHARGE = 'C',
    BOX_LINK = 'W',
    BOX_NOTICE = 'B',
    CHARGE_LINK_MAX = 3072,
    CHARGE_PAYER = 128,
    CHARGE_ADDRESS = 48,
    CHARGE_NOTICES_MAX = 16,    /* kept for one order; more are in the journal alone */
    CHARGE_REPLY_LINK = 1500,   /* longer ones are read by order.get */
    CHARGE_RESOLVED_LINK = 240, /* in an answer that was waited for */
};

typedef enum { WAY_NATIVE, WAY_JSAPI, WAY_H5, WAY_PAGE, WAYS } way_t;

typedef struct {
    uint64_t tell;            /* the number of all that is asked about it */
    uint64_t client, request; /* who waits for the link, 0: nobody */
    int64_t began_ms, opened_ms, ended_ms;
    int64_t until_ms; /* the payment's end, as the provider was told */
    uint32_t asked;   /* since the last step */
    uint32_t asked_in_all;
    uint8_t state, way, notices, zero[5];
    char reason[BOX_REASON]; /* why the provider refused */
    char payer[CHARGE_PAYER], address[CHARGE_ADDRESS];
} charge_t;
_Static_assert(sizeof(charge_t) == 312, "stored");

typedef enum {
    OUTCOME_SUCCEEDED,
    OUTCOME_FAILED,
    OUTCOME_CLOSED,
    OUTCOME_REFUNDED,
    OUTCOME_REFUND_FAILED,
    OUTCOME_OTHER,
    OUTCOMES
} outcome_t;

typedef struct {
    int64_t at_ms, amount;
    uint64_t tell;    /* of the refund meant, 0: none */
    uint16_t settled; /* the status that it was answered with inside */
    uint16_t head_size, raw_size;
    uint8_t outcome, zero;
    char txn[BOX_TXN];
    char bytes[]; /* head, then raw */
} notice_t;
_Static_assert(sizeof(notice_t) == 96, "stored");

/* Has a purchase's provider a charge? The sandbox needs none, and pays for no look. */
static inline bool
box_charged(const purchase_t *purchase)
{
    return purchase->provider > PROVIDER_SANDBOX;
}
/* NULL when the order has none. */
const charge_t *box_charge(const box_t *self, uint32_t number);
/* May the payment begin there? Not at another provider than the one that was asked before, unless
 * that one refused. */
bool box_charge_fits(const box_t *self, uint32_t number, const purchase_t *purchase,
                     uint8_t provider);
/* Ask the provider to open the charge, or go on with the one there is. */
void box_charge_begin(box_t *self, uint32_t number, const purchase_t *purchase,
                      const command_t *command);
/* Pack the reply of a payment that began: {order, amount, until_ms, charge, link}; the link is
 * empty where it is not known yet, or longer than `link_most`. */
void box_charge_pack(const box_t *self, uint32_t number, const purchase_t *purchase,
                     size_t link_most, pack_t *reply);
/* The keys way, charge and link of order.get. */
void box_charge_pack_more(const box_t *self, uint32_t number, pack_t *reply);
enum { CHARGE_MORE = 4 };
/* Let the answer to payment.begin wait for the link. */
bool box_charge_wait(box_t *self, uint32_t number, const command_t *command);
/* The order is over: have it closed there. Nothing where there is no charge that goes on. */
void box_charge_close(box_t *self, uint32_t number);
/* The payment's end is known. */
void box_charge_end(box_t *self, uint32_t number);
void box_charge_due(box_t *self, uint32_t number);
const char *box_charge_check(const box_t *self, uint32_t number, const purchase_t *purchase);
/* box_payment.c: which providers the site takes money by. */
bool box_provider_taken(const turn_t *turn, uint8_t provider);
/* A payment that the cashier vouches for: as payment.settle. */
status_t box_payment_told(box_t *self, const command_t *command, uint32_t number,
                          const purchase_t *found, outcome_t outcome);
/* box_refund.c: the same of a refund; `tell` is its number. */
status_t box_refund_told(box_t *self, const command_t *command, uint32_t number, uint64_t tell,
                         bool done);
#endif
