/* trade_call - a buyer's command and its answers as calls of the history. */
#include "broker/mp.h"
#include "broker/operation.h"
#include "broker/shard.h"
#include "broker/status.h"
#include "tests/crash/server.h"
#include "tests/crash/trade.h"
#include <time.h>

static int64_t
trade_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void
trade_call_made(trade_t *self, const trade_link_t *link, const trade_buyer_t *buyer,
                const sale_t *sale, trade_command_t *command)
{
    uint64_t showtime = self->book->base + sale->showtime;
    command->call = (history_call_t){
        .client = (uint64_t)(link - self->links) + 1,
        .request = command->request,
        .showtime = showtime,
        .user = sale->user,
        .start_ns = trade_now_ns(),
        .operation = trade_operation(buyer->step),
        .partition = (uint16_t)shard_of(showtime, SERVER_PARTITIONS),
        .lock = sale->lock,
    };
    history_call_t *call = &command->call;
    switch (buyer->step) {
    case TRADE_LOCK:
        call->seat_count = 2;
        call->seats[0] = (uint16_t)(2 * sale->pair + 1);
        call->seats[1] = (uint16_t)(2 * sale->pair + 2);
        break;
    case TRADE_SETTLE: /* an order's transactions have one name here */
        call->payment = sale->lock;
        call->amount = (int64_t)sale->amount;
        break;
    case TRADE_TICKET:
    case TRADE_REDEEM:
        call->seat_count = 1;
        call->seats[0] = (uint16_t)(2 * sale->pair + 1);
        break;
    case TRADE_RELEASE:
    case TRADE_ORDER:
    case TRADE_CANCEL:
    case TRADE_STEPS:
        break;
    }
    command->ttl_ms = buyer->step == TRADE_LOCK ? sale->until_ms : 0;
}

void
trade_call_again(trade_command_t *command)
{
    command->call.start_ns = trade_now_ns();
}

static uint64_t
trade_call_told(const wire_record_t *record, const char *key)
{
    mp_t at;
    uint64_t value;
    return mp_find(record->body, record->body_size, key, &at) && mp_read_uint(&at, &value) ? value
                                                                                           : 0;
}

void
trade_call_ended(trade_t *self, const trade_command_t *command, const wire_record_t *record)
{
    history_call_t call = command->call;
    if (!self->page)
        return;
    call.status = CALL_NO_ANSWER;
    if (record) {
        bool good = record->header.status == STATUS_OK;
        call.end_ns = trade_now_ns();
        call.status = record->header.status;
        call.sequence = (uint64_t)record->header.moment;
        call.digest = call_digest(record->body, record->body_size);
        if (good && call.operation == OP_SEATS_LOCK) {
            call.lock = (uint32_t)trade_call_told(record, "lock");
            call.until_ms = (int64_t)trade_call_told(record, "until_ms");
            call.served_ms = call.until_ms - command->ttl_ms;
        } else if (good && call.operation == OP_ORDER_CREATE) {
            call.amount = (int64_t)trade_call_told(record, "amount");
        } else if (call.operation == OP_SEATS_LOCK) {
            call.refused = (uint16_t)trade_call_told(record, "seat");
        }
    }
    past_add(self->page, &call);
}
