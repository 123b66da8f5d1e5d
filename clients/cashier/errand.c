/* errand - see errand.h for the contract. */
#include "clients/cashier/errand.h"
#include "broker/mp.h"
#include "broker/operation.h"
#include <stdio.h>

static bool
errand_text(const void *body, size_t size, const char *key, char *to, size_t room)
{
    mp_t at;
    const char *text;
    uint32_t length;
    to[0] = 0;
    return mp_find(body, size, key, &at) && mp_read_str(&at, &text, &length) &&
           text_copy((text_t){ text, length }, to, room);
}

static int64_t
errand_number(const void *body, size_t size, const char *key)
{
    mp_t at;
    uint64_t number;
    return mp_find(body, size, key, &at) && mp_read_uint(&at, &number) && number <= INT64_MAX
               ? (int64_t)number
               : 0;
}

static bool
errand_flag(const void *body, size_t size, const char *key)
{
    mp_t at;
    mp_item_t item;
    return mp_find(body, size, key, &at) && mp_next(&at, &item) && item.type == MP_BOOL && item.u;
}

static bool
errand_way(const char *word, pay_way_t *way)
{
    static const char *const ways[PAYS] = {
        [PAY_NATIVE] = "native", [PAY_JSAPI] = "jsapi", [PAY_H5] = "h5", [PAY_PAGE] = "page"
    };
    for (pay_way_t i = 0; i < PAYS; i++)
        if (strcmp(word, ways[i]) == 0) {
            *way = i;
            return true;
        }
    return false;
}

bool
errand_read(errand_t *self, uint16_t operation, uint64_t key, uint64_t number, const void *body,
            size_t size)
{
    charge_t *charge = &self->charge;
    char way[16];
    memset(self, 0, sizeof *self);
    self->operation = operation;
    self->key = key;
    self->tell = number;
    if (!errand_text(body, size, "order", charge->order, sizeof charge->order) ||
        !errand_text(body, size, "provider", self->provider, sizeof self->provider) ||
        strcmp(self->provider, "sandbox") == 0)
        return false;
    charge->amount = errand_number(body, size, "amount");
    charge->total = errand_number(body, size, "total");
    charge->until_ms = errand_number(body, size, "until_ms");
    self->again = errand_flag(body, size, "again");
    (void)errand_text(body, size, "txn", charge->txn, sizeof charge->txn);
    (void)errand_text(body, size, "reason", charge->reason, sizeof charge->reason);
    (void)errand_text(body, size, "payer", charge->payer, sizeof charge->payer);
    (void)errand_text(body, size, "address", charge->address, sizeof charge->address);
    if (operation == OP_PROVIDER_REFUND)
        provider_refund_number(charge->order, number, charge->refund);
    if (operation == OP_PROVIDER_CREATE)
        return errand_text(body, size, "subject", charge->subject, sizeof charge->subject) &&
               errand_text(body, size, "way", way, sizeof way) && errand_way(way, &charge->way);
    return operation == OP_PROVIDER_REFUND || operation == OP_PROVIDER_QUERY ||
           operation == OP_PROVIDER_CLOSE;
}

static errand_step_t
errand_call(errand_t *self, call_kind_t kind)
{
    if (self->calls == ERRAND_CALLS_MAX)
        return ERRAND_WAIT;
    self->calls++;
    self->charge.kind = kind;
    return ERRAND_CALL;
}

errand_step_t
errand_begin(errand_t *self)
{
    switch (self->operation) {
    case OP_PROVIDER_CREATE:
        return errand_call(self, CALL_CREATE);
    case OP_PROVIDER_REFUND:
        return errand_call(self, self->again ? CALL_REFUND_QUERY : CALL_REFUND);
    default:
        return errand_call(self, CALL_QUERY); /* to close, too, begins by asking */
    }
}

/* Refused where it was asked for before means, perhaps, that it is paid already. */
static errand_step_t
errand_created(errand_t *self, const answer_t *answer)
{
    if (self->charge.kind == CALL_CREATE) {
        if (answer->kind == ANSWER_OPENED)
            return ERRAND_OPENED;
        return answer->kind == ANSWER_REFUSED ? errand_call(self, CALL_QUERY) : ERRAND_WAIT;
    }
    if (answer->kind == ANSWER_PAID)
        return ERRAND_PAID;
    return answer->kind == ANSWER_AGAIN || answer->kind == ANSWER_UNPROVEN ? ERRAND_WAIT
                                                                           : ERRAND_REFUSED;
}

static errand_step_t
errand_queried(errand_t *self, const answer_t *answer)
{
    bool close = self->operation == OP_PROVIDER_CLOSE;
    if (answer->kind == ANSWER_PAID)
        return ERRAND_PAID;
    if (answer->kind == ANSWER_CLOSED)
        return ERRAND_CLOSED;
    if (close && (answer->kind == ANSWER_WAITING || answer->kind == ANSWER_UNKNOWN))
        return errand_call(self, CALL_CLOSE);
    return ERRAND_WAIT;
}

/* A provider that does not know the order may still come to know it, until its end is well over. */
static errand_step_t
errand_closed(errand_t *self, const answer_t *answer, int64_t now_ms)
{
    if (answer->kind == ANSWER_CLOSED)
        return ERRAND_CLOSED;
    if (answer->kind == ANSWER_UNKNOWN)
        return now_ms >= self->charge.until_ms + ERRAND_CLOSED_AFTER_MS ? ERRAND_CLOSED
                                                                        : ERRAND_WAIT;
    return answer->kind == ANSWER_REFUSED ? errand_call(self, CALL_QUERY) : ERRAND_WAIT;
}

static errand_step_t
errand_refunded(errand_t *self, const answer_t *answer)
{
    bool query = self->charge.kind == CALL_REFUND_QUERY;
    if (answer->kind == ANSWER_REFUNDED)
        return ERRAND_REFUNDED;
    if (answer->kind == ANSWER_REFUND_FAILED)
        return ERRAND_REFUND_FAILED;
    if (answer->kind == ANSWER_REFUNDING && !query)
        return errand_call(self, CALL_REFUND_QUERY);
    /* Where it was just accepted, a query may not know it yet. */
    if (answer->kind == ANSWER_UNKNOWN && query && self->calls == 1)
        return errand_call(self, CALL_REFUND);
    return answer->kind == ANSWER_REFUSED && !query ? ERRAND_REFUND_FAILED : ERRAND_WAIT;
}

errand_step_t
errand_answered(errand_t *self, const answer_t *answer, int64_t now_ms)
{
    if (self->operation == OP_PROVIDER_CREATE)
        return errand_created(self, answer);
    if (self->operation == OP_PROVIDER_REFUND)
        return errand_refunded(self, answer);
    return self->charge.kind == CALL_CLOSE ? errand_closed(self, answer, now_ms)
                                           : errand_queried(self, answer);
}
