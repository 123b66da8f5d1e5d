/* bank_deals - payments at providers other than the sandbox: opened, paid at any time or never,
 * told of by a notice or only when asked, and closed. A number is one charge, however often it is
 * asked for; one that is closed takes no money any more. */
#include "actors/ids.h"
#include "tests/sim/bank_inside.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { OPENED_MEAN_US = 300000, ANSWER_MEAN_US = 200000, NOTICE_MOST_S = 30, RAW_BYTES = 64 };

static const char *
deal_provider(const char *name)
{
    static const char *const providers[] = { "wxpay", "wxpay2", "alipay" };
    for (size_t i = 0; i < sizeof providers / sizeof providers[0]; i++)
        if (strcmp(name, providers[i]) == 0)
            return providers[i];
    return NULL;
}

static deal_t *
deal_of(bank_t *bank, const char *order, const char *provider)
{
    for (uint32_t i = 0; i < bank->deal_count; i++)
        if (strcmp(bank->deals[i].order, order) == 0 && bank->deals[i].provider == provider)
            return &bank->deals[i];
    return NULL;
}

static saying_t
deal_saying(sim_t *sim, const deal_t *deal, say_t kind, int64_t mean_us)
{
    saying_t saying = { .at_us = sim->agenda.now_us + chance_about(&sim->chance, mean_us),
                        .kind = (uint8_t)kind,
                        .provider = deal->provider,
                        .showtime = deal->showtime,
                        .tell = deal->tell,
                        .purchase = deal->purchase,
                        .amount = deal->amount,
                        .outcome = "succeeded" };
    memcpy(saying.order, deal->order, sizeof saying.order);
    return saying;
}

/* The buyer pays, now or later; whether the provider tells of it by itself is another matter. */
static void
deal_pay(sim_t *sim, deal_t *deal)
{
    if (chance_below(&sim->chance, 8) == 0)
        return;
    deal->paid_us = bank_pay_when(sim, deal->until_ms);
    if (sim_strikes(sim, FAULT_PAY_OTHER))
        deal->amount += chance_between(&sim->chance, -100, 100) | 1;
    deal->txn = bank_take(sim, deal->showtime, deal->amount);
    if (sim_strikes(sim, FAULT_PAY_NEVER))
        return;
    saying_t saying = deal_saying(sim, deal, SAY_NOTICE, OPENED_MEAN_US);
    saying.at_us += deal->paid_us - sim->agenda.now_us;
    saying.txn = deal->txn;
    bank_say(sim, &saying);
    for (uint32_t again = sim_strikes(sim, FAULT_PAY_TWICE) ? 3 : 0; again > 0; again--) {
        saying.at_us += chance_between(&sim->chance, 0, NOTICE_MOST_S * SECOND_US);
        bank_say(sim, &saying);
    }
}

static void
deal_create(sim_t *sim, const deal_t *asked)
{
    bank_t *bank = sim->bank;
    deal_t *deal = deal_of(bank, asked->order, asked->provider);
    if (!deal) {
        bank->deals =
            bank_room(bank->deals, bank->deal_count, &bank->deal_room, sizeof *bank->deals);
        deal = &bank->deals[bank->deal_count++];
        *deal = *asked;
        deal->refused = sim_strikes(sim, FAULT_PAY_FAILED);
        if (!deal->refused)
            deal_pay(sim, deal);
    } else if (deal->until_ms != asked->until_ms && !deal->refused)
        sim_broken(sim, "a payment is asked for again with another end");
    saying_t saying = deal_saying(sim, deal, SAY_OPENED, OPENED_MEAN_US);
    if (deal->refused)
        saying.outcome = "refused";
    bank_say(sim, &saying);
}

/* Closing comes before what the buyer had in mind to pay later. */
static void
deal_drop(sim_t *sim, deal_t *deal)
{
    deal->closed = true;
    if (deal->txn == 0)
        return;
    sim->bank->txns[deal->txn - 1].dropped = true;
    for (uint32_t i = 0; i < sim->bank->saying_count; i++)
        if (sim->bank->sayings[i].txn == deal->txn)
            sim->bank->sayings[i].gone = true;
}

static void
deal_look(sim_t *sim, const deal_t *asked, bool close)
{
    deal_t *deal = deal_of(sim->bank, asked->order, asked->provider);
    deal_t unknown = *asked;
    bool paid = deal && deal->txn && !deal->closed && deal->paid_us <= sim->agenda.now_us;
    if (!paid && !close)
        return;
    if (!paid && deal)
        deal_drop(sim, deal);
    saying_t saying = deal_saying(sim, deal ? deal : &unknown, SAY_PAYMENT, ANSWER_MEAN_US);
    if (paid)
        saying.txn = deal->txn;
    else
        saying.outcome = "closed";
    bank_say(sim, &saying);
}

void
bank_deal(sim_t *sim, const wire_record_t *tell)
{
    deal_t asked = { .showtime = tell->header.key, .tell = tell->header.request };
    char provider[16];
    uint64_t showtime, amount, until_ms;
    mp_t at;
    if (!bank_tell_text(tell, "order", asked.order, sizeof asked.order) ||
        !bank_tell_text(tell, "provider", provider, sizeof provider) ||
        !(asked.provider = deal_provider(provider)) ||
        !ids_order_read(asked.order, strlen(asked.order), &showtime, &asked.purchase) ||
        showtime != asked.showtime || !mp_find(tell->body, tell->body_size, "amount", &at) ||
        !mp_read_uint(&at, &amount) || !mp_find(tell->body, tell->body_size, "until_ms", &at) ||
        !mp_read_uint(&at, &until_ms)) {
        sim_broken(sim, "a tell about a payment is malformed");
        return;
    }
    asked.amount = (int64_t)amount;
    asked.until_ms = (int64_t)until_ms;
    if (tell->header.operation == OP_PROVIDER_CREATE)
        deal_create(sim, &asked);
    else
        deal_look(sim, &asked, tell->header.operation == OP_PROVIDER_CLOSE);
}

/* ------------------------------------------------------------------ acts of the cashier */

static void
saying_call(person_t *person, const saying_t *saying)
{
    person->call.showtime = saying->showtime;
    person->call.purchase = saying->purchase;
    person->call.amount = saying->amount;
    person->call.paid = saying->txn != 0;
}

bool
bank_make_opened(sim_t *sim, person_t *person, pack_t *pack)
{
    const saying_t *saying = bank_next(sim, SAY_OPENED);
    if (!saying)
        return false;
    saying_call(person, saying);
    pack_map(pack, 4);
    pack_key_str(pack, "order", saying->order);
    pack_key_str(pack, "provider", saying->provider);
    pack_key_uint(pack, "tell", saying->tell);
    bool refused = strcmp(saying->outcome, "refused") == 0;
    pack_key_str(pack, refused ? "reason" : "link", refused ? "NO_AUTH" : "weixin://wxpay/x");
    return true;
}

void
bank_learn_opened(sim_t *sim, person_t *person, status_t status, const void *body, uint32_t size)
{
    (void)person, (void)body, (void)size;
    sim->bank->sayings[sim->bank->saying].gone = true;
    if (status != STATUS_OK && status != STATUS_PAYMENT_STATE)
        sim_broken(sim, "an opened payment was refused as %s", status_name(status));
}

bool
bank_make_notice(sim_t *sim, person_t *person, pack_t *pack)
{
    const saying_t *saying = bank_next(sim, SAY_NOTICE);
    uint8_t raw[RAW_BYTES];
    char txn[24];
    if (!saying)
        return false;
    saying_call(person, saying);
    for (uint32_t i = 0; i < RAW_BYTES; i++)
        raw[i] = (uint8_t)chance_below(&sim->chance, 256);
    snprintf(txn, sizeof txn, "T%" PRIu64, saying->txn);
    pack_map(pack, 6);
    pack_key_str(pack, "order", saying->order);
    pack_key_str(pack, "provider", saying->provider);
    pack_key_str(pack, "outcome", saying->outcome);
    pack_key_int(pack, "amount", saying->amount);
    pack_key_str(pack, "txn", txn);
    pack_str(pack, "raw");
    pack_bin(pack, raw, sizeof raw);
    return true;
}

static bool
notice_taken(const void *body, uint32_t size)
{
    static const status_t taken[] = { STATUS_OK, STATUS_AMOUNT_MISMATCH, STATUS_LATE_REFUNDED,
                                      STATUS_LATE_OFFER, STATUS_PAID_TWICE };
    mp_t at;
    const char *word;
    uint32_t length;
    if (!mp_find(body, size, "settled", &at) || !mp_read_str(&at, &word, &length))
        return false;
    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++) {
        const char *name = status_name(taken[i]);
        if (strlen(name) == length && memcmp(name, word, length) == 0)
            return true;
    }
    return false;
}

void
bank_learn_notice(sim_t *sim, person_t *person, status_t status, const void *body, uint32_t size)
{
    saying_t *saying = &sim->bank->sayings[sim->bank->saying];
    (void)person;
    saying->gone = true;
    if (status != STATUS_OK || !notice_taken(body, size))
        sim_broken(sim, "a notice of money was refused as %s", status_name(status));
    else
        sim->bank->txns[saying->txn - 1].heard = true;
}
