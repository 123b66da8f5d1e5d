/* buyer_call - a buyer's command and its answer as a call of the history. */
#include "broker/mp.h"
#include "broker/operation.h"
#include "broker/shard.h"
#include "broker/status.h"
#include "clients/load/buyer.h"
#include "clients/load/control.h"

static uint64_t
buyer_told(const wire_record_t *answer, const char *key)
{
    mp_t at;
    uint64_t value;
    return mp_find(answer->body, answer->body_size, key, &at) && mp_read_uint(&at, &value) ? value
                                                                                           : 0;
}

static void
buyer_call_answered(history_call_t *call, const wire_record_t *answer)
{
    call->status = answer->header.status;
    call->sequence = (uint64_t)answer->header.moment;
    call->digest = call_digest(answer->body, answer->body_size);
    if (call->operation == OP_ORDER_CREATE && call->status == STATUS_OK)
        call->amount = (int64_t)buyer_told(answer, "amount");
    if (call->operation != OP_SEATS_LOCK)
        return;
    if (call->status == STATUS_OK) {
        call->lock = (uint32_t)buyer_told(answer, "lock");
        call->until_ms = (int64_t)buyer_told(answer, "until_ms");
        call->served_ms = call->until_ms - CONTROL_LOCK_MS;
    } else if (call->status >= STATUS_UNKNOWN_SEAT) {
        call->refused = (uint16_t)buyer_told(answer, "seat");
    }
}

void
buyer_call(const buyer_t *self, const load_t *load, uint32_t client, const wire_record_t *answer,
           history_call_t *call)
{
    *call = (history_call_t){
        .client = client + 1,
        .request = self->serial << 16 | self->index,
        .showtime = self->key,
        .user = self->number + 1,
        .start_ns = self->start_ns,
        .operation = buyer_operation(self),
        .status = CALL_NO_ANSWER,
        .partition = (uint16_t)shard_of(self->key, load->partitions),
    };
    if (self->step == BUYER_LOCK) {
        call->seat_count = 2;
        call->seats[0] = (uint16_t)(2 * self->at.pair + 1);
        call->seats[1] = (uint16_t)(2 * self->at.pair + 2);
    } else {
        call->lock = self->at.lock;
    }
    if (self->step == BUYER_SETTLE) {
        call->payment = call->request << 20 ^ call->user;
        call->amount = (int64_t)self->amount;
    } else if (self->step == BUYER_TICKET) {
        call->seat_count = 1;
        call->seats[0] = (uint16_t)(2 * self->at.pair + 1);
    }
    if (answer)
        buyer_call_answered(call, answer);
}
