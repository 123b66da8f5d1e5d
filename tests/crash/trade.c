/* trade - see trade.h for the contract. */
#include "tests/crash/trade.h"
#include "broker/mp.h"
#include "broker/operation.h"
#include "broker/status.h"
#include <assert.h>
#include <stdio.h>
#include <string.h>

enum {
    TRADE_DEADLINE_MS = 45000,
    TRADE_SHORT_MS = 1000, /* some locks are left to end by themselves */
    TRADE_LONG_MS = 1800 * 1000,
    TRADE_ANSWER_MS = 10000,
};

static const struct {
    uint16_t operation;
    bool write;
} trade_steps[TRADE_STEPS] = {
    [TRADE_LOCK] = { OP_SEATS_LOCK, true },       [TRADE_RELEASE] = { OP_SEATS_RELEASE, true },
    [TRADE_ORDER] = { OP_ORDER_CREATE, true },    [TRADE_CANCEL] = { OP_ORDER_CANCEL, true },
    [TRADE_SETTLE] = { OP_PAYMENT_SETTLE, true }, [TRADE_TICKET] = { OP_TICKET_GET, false },
    [TRADE_REDEEM] = { OP_TICKET_REDEEM, true },
};

uint16_t
trade_operation(trade_step_t step)
{
    return trade_steps[step].operation;
}

int
trade_init(trade_t *self, book_t *book, uint64_t seed)
{
    *self = (trade_t){ .book = book, .chance = seed * UINT64_C(0x9e3779b97f4a7c15) | 1 };
    for (uint32_t i = 0; i < TRADE_LINKS; i++)
        if (caller_init(&self->links[i].link))
            return -1;
    return 0;
}

/* xorshift64 (Marsaglia, 2003). */
uint64_t
trade_random(trade_t *self, uint64_t below)
{
    self->chance ^= self->chance << 13;
    self->chance ^= self->chance >> 7;
    self->chance ^= self->chance << 17;
    return (self->chance >> 16) % below;
}

int
trade_open(trade_t *self, void *context, const char *endpoint)
{
    for (uint32_t i = 0; i < TRADE_LINKS; i++)
        if (caller_open(&self->links[i].link, context, endpoint))
            return -1;
    return 0;
}

void
trade_close(trade_t *self)
{
    for (uint32_t i = 0; i < TRADE_LINKS; i++) {
        trade_link_t *link = &self->links[i];
        for (uint32_t k = 0; link->link.socket && k < TRADE_BUYERS; k++)
            if (link->buyers[k].command.waiting && link->buyers[k].again_ms == 0)
                trade_call_ended(self, &link->buyers[k].command, NULL);
        caller_close(&link->link);
    }
}

static uint64_t
trade_digest(const uint8_t *body, uint32_t size)
{
    uint64_t digest = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
    for (uint32_t i = 0; i < size; i++)
        digest = (digest ^ body[i]) * UINT64_C(0x100000001b3);
    return digest;
}

/* Any pair of the showtimes on sale; some locks are short and left to end. */
static void
trade_draft(trade_t *self, trade_buyer_t *buyer)
{
    uint64_t ttl_ms = trade_random(self, 16) == 0 ? TRADE_SHORT_MS : TRADE_LONG_MS;
    buyer->draft = (sale_t){
        .showtime = self->showtime_first + trade_random(self, self->showtime_count),
        .pair = (uint32_t)trade_random(self, BOOK_PAIRS),
        .user = ++self->users,
        .until_ms = (int64_t)ttl_ms, /* until the answer says when */
    };
}

static void
trade_pack_lock(const sale_t *draft, pack_t *pack)
{
    pack_map(pack, 3);
    pack_key_uint(pack, "user", draft->user);
    pack_key_uint(pack, "ttl_ms", (uint64_t)draft->until_ms);
    pack_str(pack, "seats");
    pack_array(pack, 2);
    pack_uint(pack, 2 * draft->pair + 1);
    pack_uint(pack, 2 * draft->pair + 2);
}

static void
trade_pack_settle(const sale_t *sale, pack_t *pack)
{
    pack_map(pack, 6);
    pack_key_str(pack, "order", sale->order);
    pack_key_str(pack, "provider", "sandbox");
    pack_key_str(pack, "outcome", "succeeded");
    pack_key_uint(pack, "amount", sale->amount);
    pack_key_str(pack, "txn", sale->order);
    pack_key_str(pack, "code", sale->code);
}

static void
trade_pack(const trade_buyer_t *buyer, const sale_t *sale, pack_t *pack)
{
    switch (buyer->step) {
    case TRADE_LOCK:
        trade_pack_lock(&buyer->draft, pack);
        return;
    case TRADE_RELEASE:
        pack_map(pack, 2);
        pack_key_uint(pack, "user", sale->user);
        pack_key_uint(pack, "lock", sale->lock);
        return;
    case TRADE_ORDER:
        pack_map(pack, 3);
        pack_key_uint(pack, "user", sale->user);
        pack_key_uint(pack, "lock", sale->lock);
        pack_key_str(pack, "provider", "sandbox");
        return;
    case TRADE_CANCEL:
        pack_map(pack, 2);
        pack_key_uint(pack, "user", sale->user);
        pack_key_str(pack, "order", sale->order);
        return;
    case TRADE_SETTLE:
        trade_pack_settle(sale, pack);
        return;
    case TRADE_TICKET:
        pack_map(pack, 1);
        pack_key_str(pack, "ticket", sale->tickets[0]);
        return;
    case TRADE_REDEEM:
        pack_map(pack, 2);
        pack_key_str(pack, "token", sale->token);
        pack_key_str(pack, "kiosk", "door-1");
        return;
    case TRADE_STEPS:
        break;
    }
    assert(false);
}

/* Make the next command of a buyer, and send it. */
static int
trade_begin(trade_t *self, trade_link_t *link, trade_buyer_t *buyer)
{
    trade_command_t *command = &buyer->command;
    uint8_t body[TRADE_FRAME_MAX];
    pack_t pack;
    pack_init(&pack, body, sizeof body - WIRE_PREFIX_SIZE - WIRE_HEADER_SIZE);
    if (buyer->step == TRADE_LOCK)
        trade_draft(self, buyer);
    const sale_t *sale =
        buyer->step == TRADE_LOCK ? &buyer->draft : &self->book->sales[buyer->sale];
    trade_pack(buyer, sale, &pack);
    assert(!pack.overflow);
    if (buyer->step == TRADE_RELEASE || buyer->step == TRADE_CANCEL)
        book_ending(self->book, buyer->sale);
    *command = (trade_command_t){ .request = ++link->link.request, .waiting = true };
    command->write = trade_steps[buyer->step].write;
    command->deadline_ms = caller_now_ms() + TRADE_DEADLINE_MS;
    wire_header_t header = { .kind = WIRE_COMMAND, .request = command->request };
    header.operation = trade_steps[buyer->step].operation;
    header.key = self->book->base + sale->showtime;
    header.moment = command->deadline_ms;
    trade_call_made(self, link, buyer, sale, command);
    command->size = (uint32_t)wire_put(command->frame, &header, body, (uint32_t)pack.size);
    return caller_send(&link->link, command->frame, command->size);
}

static bool
trade_take_number(const wire_record_t *record, const char *key, uint64_t *value)
{
    mp_t at;
    return mp_find(record->body, record->body_size, key, &at) && mp_read_uint(&at, value);
}

static bool
trade_read_text(mp_t *at, char to[BOOK_TEXT_MAX])
{
    const char *text;
    uint32_t size;
    if (!mp_read_str(at, &text, &size) || size == 0 || size >= BOOK_TEXT_MAX)
        return false;
    memcpy(to, text, size);
    to[size] = 0;
    return true;
}

static bool
trade_take_text(const wire_record_t *record, const char *key, char to[BOOK_TEXT_MAX])
{
    mp_t at;
    return mp_find(record->body, record->body_size, key, &at) && trade_read_text(&at, to);
}

/* tickets: [[ticket, seat, ...], ...]: those of the sale's two seats, in order. */
static bool
trade_take_tickets(const wire_record_t *record, sale_t *sale)
{
    mp_t at;
    uint32_t count, fields;
    if (!mp_find(record->body, record->body_size, "tickets", &at) || !mp_read_array(&at, &count) ||
        count != 2)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t seat;
        if (!mp_read_array(&at, &fields) || fields < 2 || !trade_read_text(&at, sale->tickets[i]) ||
            !mp_read_uint(&at, &seat) || seat != 2 * sale->pair + 1 + i)
            return false;
        for (uint32_t k = 2; k < fields; k++)
            if (!mp_skip(&at))
                return false;
    }
    return true;
}

/* What becomes of a lock: some stay held, some are released, most are ordered. */
static bool
trade_locked(trade_t *self, trade_buyer_t *buyer, const wire_record_t *record)
{
    uint64_t lock, until_ms;
    if (!trade_take_number(record, "lock", &lock) ||
        !trade_take_number(record, "until_ms", &until_ms))
        return false;
    bool brief = buyer->draft.until_ms == TRADE_SHORT_MS;
    buyer->draft.lock = (uint32_t)lock;
    buyer->draft.until_ms = (int64_t)until_ms;
    buyer->draft.state = SALE_LOCKED;
    buyer->sale = book_add_sale(self->book, &buyer->draft);
    uint64_t fate = trade_random(self, 10);
    buyer->step = brief || fate == 0 ? TRADE_LOCK : fate < 4 ? TRADE_RELEASE : TRADE_ORDER;
    return true;
}

static bool
trade_ordered(trade_t *self, trade_buyer_t *buyer, const wire_record_t *record)
{
    sale_t *sale = &self->book->sales[buyer->sale];
    sale->state = SALE_ORDERED;
    uint64_t fate = trade_random(self, 10);
    buyer->step = fate == 0 ? TRADE_LOCK : fate < 3 ? TRADE_CANCEL : TRADE_SETTLE;
    return trade_take_text(record, "order", sale->order) &&
           trade_take_text(record, "code", sale->code) &&
           trade_take_number(record, "amount", &sale->amount);
}

static bool
trade_paid(trade_t *self, trade_buyer_t *buyer, const wire_record_t *record)
{
    book_paid(self->book, buyer->sale);
    buyer->step = trade_random(self, 3) ? TRADE_TICKET : TRADE_LOCK;
    return trade_take_tickets(record, &self->book->sales[buyer->sale]);
}

/* A step was done: write it into the book and choose the next. False: a malformed answer. */
static bool
trade_done(trade_t *self, trade_buyer_t *buyer, const wire_record_t *record)
{
    sale_t *sale = buyer->step == TRADE_LOCK ? NULL : &self->book->sales[buyer->sale];
    switch (buyer->step) {
    case TRADE_LOCK:
        return trade_locked(self, buyer, record);
    case TRADE_RELEASE:
        sale->state = SALE_RELEASED;
        break;
    case TRADE_ORDER:
        return trade_ordered(self, buyer, record);
    case TRADE_CANCEL:
        sale->state = SALE_CANCELLED;
        break;
    case TRADE_SETTLE:
        return trade_paid(self, buyer, record);
    case TRADE_TICKET:
        buyer->step = TRADE_REDEEM;
        return trade_take_text(record, "token", sale->token);
    case TRADE_REDEEM:
        sale->redeemed = true;
        break;
    case TRADE_STEPS:
        return false;
    }
    buyer->step = TRADE_LOCK;
    return true;
}

static bool
trade_may_refuse(trade_step_t step, uint16_t status)
{
    return step == TRADE_LOCK && (status == STATUS_SEAT_LOCKED || status == STATUS_SEAT_SOLD);
}

static void
trade_answered(trade_t *self, trade_link_t *link, trade_buyer_t *buyer, const wire_record_t *record)
{
    trade_command_t *command = &buyer->command;
    uint16_t status = record->header.status;
    trade_call_ended(self, command, record);
    if (status == STATUS_BUSY || status == STATUS_UNAVAILABLE) {
        buyer->again_ms = caller_now_ms() + link->link.retry_ms;
        return;
    }
    command->waiting = false;
    command->status = status;
    command->moment = record->header.moment;
    command->digest = trade_digest(record->body, record->body_size);
    if (command->write)
        link->past[link->past_next++ % TRADE_PAST] = *command;
    self->answers++;
    trade_step_t step = buyer->step;
    if (status == STATUS_OK) {
        if (!trade_done(self, buyer, record)) {
            book_fail(self->book, "a malformed answer to operation %u",
                      trade_steps[step].operation);
            buyer->step = TRADE_LOCK;
        }
        return;
    }
    if (!trade_may_refuse(step, status))
        book_fail(self->book, "operation %u was refused: %s", trade_steps[step].operation,
                  status_name(status));
    buyer->step = TRADE_LOCK;
}

typedef struct {
    trade_t *trade;
    trade_link_t *link;
} trade_at_t;

static void
trade_visit(void *argument, const wire_record_t *record)
{
    trade_at_t *at = argument;
    for (uint32_t i = 0; i < TRADE_BUYERS; i++) {
        trade_buyer_t *buyer = &at->link->buyers[i];
        if (buyer->command.waiting && buyer->command.request == record->header.request) {
            trade_answered(at->trade, at->link, buyer, record);
            return;
        }
    }
    book_fail(at->trade->book, "an answer to request %llu, which nobody waits for",
              (unsigned long long)record->header.request);
}

/* Let everybody go on whose time it is. */
static int
trade_go_on(trade_t *self, trade_link_t *link, int64_t now_ms)
{
    for (uint32_t i = 0; i < TRADE_BUYERS; i++) {
        trade_buyer_t *buyer = &link->buyers[i];
        trade_command_t *command = &buyer->command;
        if (command->waiting) {
            if (buyer->again_ms == 0 || buyer->again_ms > now_ms)
                continue;
            buyer->again_ms = 0;
            trade_call_again(command);
            if (caller_send(&link->link, command->frame, command->size))
                return -1;
        } else if (self->going && trade_begin(self, link, buyer)) {
            return -1;
        }
    }
    return 0;
}

static int
trade_poll(trade_t *self, caller_visit_fn *visit)
{
    zmq_pollitem_t items[TRADE_LINKS];
    for (uint32_t i = 0; i < TRADE_LINKS; i++)
        items[i] = (zmq_pollitem_t){ .socket = self->links[i].link.socket, .events = ZMQ_POLLIN };
    if (zmq_poll(items, TRADE_LINKS, 5) < 0)
        return zmq_errno() == EINTR ? 0 : -1;
    for (uint32_t i = 0; i < TRADE_LINKS; i++) {
        trade_at_t at = { self, &self->links[i] };
        if (items[i].revents && caller_receive(&self->links[i].link, visit, &at) < 0)
            return -1;
    }
    return 0;
}

int
trade_run(trade_t *self, int64_t until_ms)
{
    self->going = true;
    int result = 0;
    for (int64_t now_ms = caller_now_ms(); result == 0 && now_ms < until_ms;
         now_ms = caller_now_ms()) {
        for (uint32_t i = 0; i < TRADE_LINKS && result == 0; i++)
            result = trade_go_on(self, &self->links[i], now_ms);
        if (result == 0)
            result = trade_poll(self, trade_visit);
    }
    self->going = false;
    return result;
}

static bool
trade_waits(const trade_t *self)
{
    for (uint32_t i = 0; i < TRADE_LINKS; i++)
        for (uint32_t k = 0; k < TRADE_BUYERS; k++)
            if (self->links[i].buyers[k].command.waiting)
                return true;
    return false;
}

/* The answer to a repeat of something answered before. */
static void
trade_visit_past(void *argument, const wire_record_t *record)
{
    trade_at_t *at = argument;
    for (uint32_t i = 0; i < TRADE_PAST; i++) {
        trade_command_t *command = &at->link->past[i];
        if (!command->waiting || command->request != record->header.request)
            continue;
        command->waiting = false;
        trade_call_ended(at->trade, command, record);
        if (record->header.status != command->status || record->header.moment != command->moment ||
            trade_digest(record->body, record->body_size) != command->digest)
            book_fail(
                at->trade->book,
                "a repeat of request %llu was answered differently: %s at %lld, then %s at %lld",
                (unsigned long long)command->request, status_name(command->status),
                (long long)command->moment, status_name(record->header.status),
                (long long)record->header.moment);
        return;
    }
    book_fail(at->trade->book, "an answer to request %llu, which nobody repeated",
              (unsigned long long)record->header.request);
}

/* Repeat what was answered, but not what could be late by now. Slowly: a few at a time. */
static int
trade_repeat_past(trade_t *self, uint32_t from, uint32_t to)
{
    int64_t now_ms = caller_now_ms(), end_ms = now_ms + TRADE_ANSWER_MS;
    for (uint32_t i = 0; i < TRADE_LINKS; i++) {
        for (uint32_t k = from; k < to; k++) {
            trade_command_t *command = &self->links[i].past[k];
            if (command->request == 0 || command->deadline_ms < now_ms + TRADE_ANSWER_MS)
                continue;
            command->waiting = true;
            trade_call_again(command);
            if (caller_send(&self->links[i].link, command->frame, command->size))
                return -1;
        }
    }
    for (bool waits = true; waits;) {
        if (caller_now_ms() > end_ms || trade_poll(self, trade_visit_past))
            return -1;
        waits = false;
        for (uint32_t i = 0; i < TRADE_LINKS; i++)
            for (uint32_t k = from; k < to; k++)
                waits = waits || self->links[i].past[k].waiting;
    }
    return 0;
}

int
trade_repeat(trade_t *self)
{
    for (uint32_t i = 0; i < TRADE_LINKS; i++)
        for (uint32_t k = 0; k < TRADE_BUYERS; k++)
            self->links[i].buyers[k].again_ms = self->links[i].buyers[k].command.waiting ? 1 : 0;
    int64_t end_ms = caller_now_ms() + TRADE_ANSWER_MS;
    while (trade_waits(self)) {
        for (uint32_t i = 0; i < TRADE_LINKS; i++)
            if (trade_go_on(self, &self->links[i], caller_now_ms()))
                return -1;
        if (caller_now_ms() > end_ms || trade_poll(self, trade_visit))
            return -1;
    }
    for (uint32_t from = 0; from < TRADE_PAST; from += 32)
        if (trade_repeat_past(self, from, from + 32))
            return -1;
    return 0;
}
