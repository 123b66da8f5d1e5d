/* bank - the payment provider and the cashier that speaks for it: takes the buyers' money, tells of
 * it in time, late, twice or never, and pays refunds back. */
#ifndef SIM_BANK_H
#define SIM_BANK_H
#include "broker/wire.h"
#include "tests/sim/crowd.h"
#include "tests/sim/sim.h"

void bank_open(sim_t *sim);
void bank_close(sim_t *sim);
/* A buyer pays for an order whose payment was begun, by its code. */
void bank_pay(sim_t *sim, const person_t *person, const bought_t *bought);
/* A tell arrives at the cashier. */
void bank_tell(sim_t *sim, const wire_record_t *tell);
/* An order whose refund the bank refused, so that staff must try again; NULL: there is none. */
const char *bank_refused(sim_t *sim);
/* Has everything been told, and is nothing under way? */
bool bank_idle(const sim_t *sim);
/* Acts of the cashier: how payment.settle and refund.settle are made. */
bool bank_make_settle(sim_t *sim, person_t *person, pack_t *pack);
void bank_learn_settle(sim_t *sim, person_t *person, status_t status, const void *body,
                       uint32_t size);
bool bank_make_refund(sim_t *sim, person_t *person, pack_t *pack);
void bank_learn_refund(sim_t *sim, person_t *person, status_t status, const void *body,
                       uint32_t size);
/* The same of payment.opened and payment.callback. */
bool bank_make_opened(sim_t *sim, person_t *person, pack_t *pack);
void bank_learn_opened(sim_t *sim, person_t *person, status_t status, const void *body,
                       uint32_t size);
bool bank_make_notice(sim_t *sim, person_t *person, pack_t *pack);
void bank_learn_notice(sim_t *sim, person_t *person, status_t status, const void *body,
                       uint32_t size);
/* What the bank took for a showtime's orders and was heard to say so, and what it paid back. */
void bank_books(const sim_t *sim, uint64_t showtime, int64_t *in, int64_t *out);
#endif
