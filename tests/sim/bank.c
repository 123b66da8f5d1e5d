/* bank - see bank.h for the contract. */
#include "tests/sim/bank_inside.h"
#include "actors/ids.h"
#include "actors/sandbox.h"
#include "broker/status.h"
#include "tests/sim/server.h"
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    TOLD_MEAN_US = 1500000,
    TOLD_LATE_S = 40,
    AFTER_LOCK_MS = 20000,
    AT_END_MS = 6,
    AGAIN_US = 800000,
    RETRY_US = 500000,
    REFUND_MEAN_US = 400000,
    REFUND_LATE_S = 30,
};

void
bank_open(sim_t *sim)
{
    sim->bank = calloc(1, sizeof *sim->bank);
    assert(sim->bank);
    sim->bank->sandbox = chance_below(&sim->chance, 3) == 0;
}

void
bank_close(sim_t *sim)
{
    free(sim->bank->sayings);
    free(sim->bank->txns);
    free(sim->bank->refunds);
    free(sim->bank->deals);
    free(sim->bank);
    sim->bank = NULL;
}

void *
bank_room(void *items, uint32_t count, uint32_t *room, size_t size)
{
    if (count < *room)
        return items;
    *room = *room ? *room * 2 : 64;
    items = realloc(items, *room * size);
    assert(items);
    return items;
}

void
bank_say(sim_t *sim, const saying_t *saying)
{
    bank_t *self = sim->bank;
    uint32_t at = 0; /* the places of what is over are used again */
    while (at < self->saying_count && !self->sayings[at].gone)
        at++;
    if (at == self->saying_count) {
        self->sayings =
            bank_room(self->sayings, self->saying_count, &self->saying_room, sizeof *self->sayings);
        self->saying_count++;
    }
    self->sayings[at] = *saying;
}

/* ------------------------------------------------------------------ payments */

uint64_t
bank_take(sim_t *sim, uint64_t showtime, int64_t amount)
{
    bank_t *self = sim->bank;
    self->txns = bank_room(self->txns, self->txn_count, &self->txn_room, sizeof *self->txns);
    self->txns[self->txn_count] = (txn_t){ .showtime = showtime, .amount = amount };
    return ++self->txn_count;
}

static int64_t
bank_at(sim_t *sim, int64_t server_ms)
{
    int64_t wait_ms = server_ms - server_wall_ms(sim);
    return sim->agenda.now_us + (wait_ms > 0 ? wait_ms * 1000 : 0);
}

int64_t
bank_pay_when(sim_t *sim, int64_t until_ms)
{
    if (sim_strikes(sim, FAULT_PAY_LATE))
        return sim->agenda.now_us + chance_between(&sim->chance, 0, TOLD_LATE_S * SECOND_US);
    if (sim_strikes(sim, FAULT_PAY_AFTER_LOCK))
        return bank_at(sim, until_ms + chance_between(&sim->chance, 0, AFTER_LOCK_MS));
    if (sim_strikes(sim, FAULT_PAY_AT_END))
        return bank_at(sim, until_ms - chance_between(&sim->chance, 0, AT_END_MS));
    return sim->agenda.now_us + chance_about(&sim->chance, TOLD_MEAN_US);
}

void
bank_pay(sim_t *sim, const person_t *person, const bought_t *bought)
{
    (void)person;
    if (sim_strikes(sim, FAULT_PAY_NEVER))
        return;
    saying_t saying = { .at_us = bank_pay_when(sim, bought->until_ms),
                        .showtime = bought->showtime,
                        .purchase = bought->purchase,
                        .amount = bought->amount,
                        .provider = "sandbox",
                        .outcome = "succeeded" };
    memcpy(saying.order, bought->order, sizeof saying.order);
    if (sim_strikes(sim, FAULT_PAY_FAILED)) {
        saying.outcome = chance_below(&sim->chance, 2) ? "failed" : "closed";
        bank_say(sim, &saying);
        return;
    }
    if (sim_strikes(sim, FAULT_PAY_OTHER))
        saying.amount = llabs(saying.amount + (chance_between(&sim->chance, -100, 100) | 1));
    saying.txn = bank_take(sim, saying.showtime, saying.amount);
    bank_say(sim, &saying);
    if (sim_strikes(sim, FAULT_PAY_TWICE)) {
        saying.at_us += chance_between(&sim->chance, 0, AGAIN_US);
        bank_say(sim, &saying);
    }
    if (sim_strikes(sim, FAULT_PAY_AGAIN)) {
        saying.at_us += chance_between(&sim->chance, 0, AGAIN_US);
        saying.txn = bank_take(sim, saying.showtime, saying.amount);
        bank_say(sim, &saying);
    }
}

saying_t *
bank_next(sim_t *sim, say_t kind)
{
    bank_t *self = sim->bank;
    saying_t *next = NULL;
    for (uint32_t i = 0; i < self->saying_count; i++) {
        saying_t *saying = &self->sayings[i];
        if (!saying->gone && saying->kind == kind && saying->at_us <= sim->agenda.now_us &&
            (!next || saying->at_us < next->at_us))
            next = saying;
    }
    if (!next)
        return NULL;
    self->saying = (uint32_t)(next - self->sayings);
    next->at_us = sim->agenda.now_us + RETRY_US; /* again, unless it is answered */
    return next;
}

bool
bank_make_settle(sim_t *sim, person_t *person, pack_t *pack)
{
    const saying_t *saying = bank_next(sim, SAY_PAYMENT);
    char txn[24];
    if (!saying)
        return false;
    snprintf(txn, sizeof txn, "T%" PRIu64, saying->txn);
    person->call.showtime = saying->showtime;
    person->call.purchase = saying->purchase;
    person->call.amount = saying->amount;
    person->call.paid = saying->txn != 0;
    pack_map(pack, 5);
    pack_key_str(pack, "order", saying->order);
    pack_key_str(pack, "provider", saying->provider);
    pack_key_str(pack, "outcome", saying->outcome);
    pack_key_int(pack, "amount", saying->amount);
    pack_key_str(pack, "txn", txn);
    return true;
}

/* Has the box office taken the money into its books by this answer? */
bool
bank_settle_took(status_t status)
{
    return status == STATUS_OK || status == STATUS_AMOUNT_MISMATCH ||
           status == STATUS_LATE_REFUNDED || status == STATUS_LATE_OFFER ||
           status == STATUS_PAID_TWICE;
}

void
bank_learn_settle(sim_t *sim, person_t *person, status_t status, const void *body, uint32_t size)
{
    saying_t *saying = &sim->bank->sayings[sim->bank->saying];
    (void)person, (void)body, (void)size;
    saying->gone = true;
    if (saying->txn && bank_settle_took(status))
        sim->bank->txns[saying->txn - 1].heard = true;
    else if (saying->txn && status != STATUS_PAYMENT_STATE)
        sim_broken(sim, "a payment was refused as %s", status_name(status));
}

/* ------------------------------------------------------------------ refunds */

static refund_done_t *
bank_refund(bank_t *self, uint64_t showtime, uint64_t tell)
{
    for (uint32_t i = 0; i < self->refund_count; i++)
        if (self->refunds[i].showtime == showtime && self->refunds[i].tell == tell)
            return &self->refunds[i];
    self->refunds =
        bank_room(self->refunds, self->refund_count, &self->refund_room, sizeof *self->refunds);
    refund_done_t *refund = &self->refunds[self->refund_count++];
    *refund = (refund_done_t){ .showtime = showtime, .tell = tell };
    return refund;
}

/* Pay back, once for each number of a refund, as providers do. */
static void
bank_pay_back(sim_t *sim, refund_done_t *refund, uint64_t txn, int64_t amount)
{
    if (refund->done)
        return;
    refund->done = true;
    refund->amount = amount;
    if (txn == 0 || txn > sim->bank->txn_count) {
        sim_broken(sim, "a refund of a payment that was never made");
        return;
    }
    txn_t *paid = &sim->bank->txns[txn - 1];
    paid->returned += amount;
    if (paid->returned > paid->amount)
        sim_broken(sim,
                   "showtime %" PRIu64 ": %" PRId64 " fen were paid back of a payment of %" PRId64,
                   refund->showtime, paid->returned, paid->amount);
}

/* The sandbox's own cashier: it pays at once and says so, without waiting for an answer. */
static void
bank_sandbox(sim_t *sim, const wire_record_t *tell)
{
    uint8_t frame[SANDBOX_FRAME_MAX];
    person_t *cashier = crowd_cashier(sim);
    call_t call = { .operation = OP_REFUND_SETTLE, .showtime = tell->header.key, .renewed = true };
    size_t size = sandbox_answer(tell, person_clock(sim, cashier), frame);
    if (size == 0) {
        sim_broken(sim, "the sandbox does not understand a tell");
        return;
    }
    judge_call(sim, cashier->index, tell->header.request, &call);
    crowd_shout(sim, cashier, frame, size);
}

bool
bank_tell_text(const wire_record_t *tell, const char *key, char *text, uint32_t room)
{
    mp_t at;
    const char *found;
    uint32_t size;
    if (!mp_find(tell->body, tell->body_size, key, &at) || !mp_read_str(&at, &found, &size) ||
        size >= room)
        return false;
    memcpy(text, found, size);
    text[size] = 0;
    return true;
}

/* Say how the refund went: late, twice, or not this time. */
static void
bank_say_refund(sim_t *sim, saying_t *saying)
{
    if (sim_strikes(sim, FAULT_REFUND_NEVER))
        return;
    saying->at_us = sim->agenda.now_us + chance_about(&sim->chance, REFUND_MEAN_US);
    if (sim_strikes(sim, FAULT_REFUND_LATE))
        saying->at_us += chance_between(&sim->chance, 0, REFUND_LATE_S * SECOND_US);
    bank_say(sim, saying);
    if (sim_strikes(sim, FAULT_REFUND_TWICE))
        bank_say(sim, saying);
}

void
bank_tell(sim_t *sim, const wire_record_t *tell)
{
    if (tell->header.operation != OP_PROVIDER_REFUND) {
        bank_deal(sim, tell);
        return;
    }
    saying_t saying = { .kind = SAY_REFUND,
                        .showtime = tell->header.key,
                        .tell = tell->header.request,
                        .outcome = "done" };
    mp_t at;
    char txn[32], provider[16];
    uint64_t amount;
    if (!bank_tell_text(tell, "provider", provider, sizeof provider) ||
        !bank_tell_text(tell, "order", saying.order, sizeof saying.order) ||
        !bank_tell_text(tell, "txn", txn, sizeof txn) || txn[0] != 'T' ||
        !mp_find(tell->body, tell->body_size, "amount", &at) || !mp_read_uint(&at, &amount)) {
        sim_broken(sim, "a tell is malformed");
        return;
    }
    saying.amount = (int64_t)amount;
    saying.txn = strtoull(txn + 1, NULL, 10);
    refund_done_t *refund = bank_refund(sim->bank, saying.showtime, saying.tell);
    memcpy(refund->order, saying.order, sizeof refund->order);
    if (refund->done && refund->amount != saying.amount)
        sim_broken(sim, "refund %" PRIu64 " asks for another amount than before", saying.tell);
    /* A refund fails once at most; then staff try again. */
    if ((!sim->bank->sandbox || strcmp(provider, "sandbox") != 0) && !refund->done &&
        !refund->refused_once && sim_strikes(sim, FAULT_REFUND_FAILED)) {
        refund->refused_once = true;
        saying.outcome = "failed";
        bank_say_refund(sim, &saying);
        return;
    }
    bank_pay_back(sim, refund, saying.txn, saying.amount);
    if (sim->bank->sandbox && strcmp(provider, "sandbox") == 0)
        bank_sandbox(sim, tell);
    else
        bank_say_refund(sim, &saying);
}

bool
bank_make_refund(sim_t *sim, person_t *person, pack_t *pack)
{
    const saying_t *saying = bank_next(sim, SAY_REFUND);
    if (!saying)
        return false;
    person->call.showtime = saying->showtime;
    pack_map(pack, 3);
    pack_key_str(pack, "order", saying->order);
    pack_key_uint(pack, "tell", saying->tell);
    pack_key_str(pack, "outcome", saying->outcome);
    return true;
}

void
bank_learn_refund(sim_t *sim, person_t *person, status_t status, const void *body, uint32_t size)
{
    saying_t *saying = &sim->bank->sayings[sim->bank->saying];
    (void)person, (void)body, (void)size;
    saying->gone = true;
    if (status != STATUS_OK && status != STATUS_REFUND_STATE)
        sim_broken(sim, "the end of a refund was refused as %s", status_name(status));
    if (status == STATUS_OK && strcmp(saying->outcome, "done") == 0)
        bank_refund(sim->bank, saying->showtime, saying->tell)->heard = true;
}

const char *
bank_refused(sim_t *sim)
{
    const bank_t *self = sim->bank;
    uint32_t first = self->refund_count ? chance_below(&sim->chance, self->refund_count) : 0;
    for (uint32_t i = 0; i < self->refund_count; i++) {
        const refund_done_t *refund = &self->refunds[(first + i) % self->refund_count];
        if (refund->refused_once && !refund->heard)
            return refund->order;
    }
    return NULL;
}

/* ------------------------------------------------------------------ at the end */

bool
bank_idle(const sim_t *sim)
{
    for (uint32_t i = 0; i < sim->bank->saying_count; i++)
        if (!sim->bank->sayings[i].gone)
            return false;
    for (uint32_t i = 0; i < sim->bank->deal_count; i++) {
        const deal_t *deal = &sim->bank->deals[i];
        if (deal->txn && !sim->bank->txns[deal->txn - 1].dropped &&
            !sim->bank->txns[deal->txn - 1].heard)
            return false; /* taken at the provider, and the box office never learnt of it */
    }
    return true;
}

void
bank_books(const sim_t *sim, uint64_t showtime, int64_t *in, int64_t *out)
{
    const bank_t *self = sim->bank;
    *in = *out = 0;
    for (uint32_t i = 0; i < self->txn_count; i++)
        if (self->txns[i].showtime == showtime && self->txns[i].heard)
            *in += self->txns[i].amount;
    for (uint32_t i = 0; i < self->refund_count; i++)
        if (self->refunds[i].showtime == showtime && self->refunds[i].done)
            *out += self->refunds[i].amount;
}
