/* script - see script.h for the contract. */
#include "tests/script/script.h"
#include "broker/mp.h"
#include "broker/operation.h"
#include "broker/status.h"
#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { DEADLINE_MS = 20000, LOCK_MS = 29500, CLIENTS = 3 };

void
script_init(script_t *self, uint64_t seed)
{
    *self = (script_t){ .chance = { seed } };
}

uint64_t
script_random(script_t *self)
{
    return chance_next(&self->chance);
}

uint32_t
script_below(script_t *self, uint32_t bound)
{
    return chance_below(&self->chance, bound);
}

/* ---- bodies ---- */

static void
script_begin(script_t *self, script_command_t *command, pack_t *pack, uint16_t operation,
             uint64_t showtime, uint32_t pairs, int64_t now_ms)
{
    *command = (script_command_t){
        .route = { .peer = 1, .client = 1 + script_below(self, CLIENTS), .role = ROLE_ADMIN },
        .header = { .kind = WIRE_COMMAND,
                    .operation = operation,
                    .key = showtime,
                    .request = ++self->request,
                    .moment = now_ms + DEADLINE_MS },
        .sale = SCRIPT_SALES,
    };
    pack_init(pack, command->body, sizeof command->body);
    pack_map(pack, pairs);
}

static void
script_end(script_command_t *command, const pack_t *pack)
{
    assert(!pack->overflow);
    command->size = (uint32_t)pack->size;
}

static void
script_open(script_t *self, int64_t now_ms, script_command_t *command)
{
    static const char *const rows[4][3] = { { "A", "ssssssss", "aaaaaaaa" },
                                            { "B", "ssssssss", "aaaaaaaa" },
                                            { "C", "pppp.cccc", "bbbb.bbbb" },
                                            { "D", "ww..sssx", "cc..aaaa" } };
    static const char *const zones[3] = { "a", "b", "c" };
    static const uint64_t prices[3] = { 5000, 8000, 3000 };
    pack_t pack;
    script_begin(self, command, &pack, OP_SHOWTIME_OPEN, SCRIPT_FIRST_SHOWTIME + self->showtimes++,
                 9, now_ms);
    pack_key_str(&pack, "title", "A film");
    pack_key_str(&pack, "hall", "Hall 3");
    pack_key_int(&pack, "starts_ms", SCRIPT_START_MS + 86400000);
    pack_key_int(&pack, "ends_ms", SCRIPT_START_MS + 93600000);
    pack_key_int(&pack, "opens_ms", SCRIPT_START_MS);
    pack_key_int(&pack, "closes_ms", SCRIPT_START_MS + 86400000);
    pack_key_uint(&pack, "ttl_ms", LOCK_MS);
    pack_str(&pack, "zones");
    pack_array(&pack, 3);
    for (int i = 0; i < 3; i++) {
        pack_array(&pack, 3);
        pack_str(&pack, zones[i]);
        pack_str(&pack, "zone");
        pack_uint(&pack, prices[i]);
    }
    pack_str(&pack, "rows");
    pack_array(&pack, 4);
    for (int i = 0; i < 4; i++) {
        pack_array(&pack, 3);
        for (int k = 0; k < 3; k++)
            pack_str(&pack, rows[i][k]);
    }
    script_end(command, &pack);
}

static void
script_pack_seats(pack_t *pack, uint32_t first, uint32_t count)
{
    pack_str(pack, "seats");
    pack_array(pack, count);
    for (uint32_t i = 0; i < count; i++)
        pack_uint(pack, first + i);
}

/* Seats for a new sale: chosen, or the best. */
static void
script_lock(script_t *self, int64_t now_ms, script_command_t *command, uint32_t index)
{
    script_sale_t *sale = &self->sales[index];
    *sale =
        (script_sale_t){ .asked = true,
                         .showtime = SCRIPT_FIRST_SHOWTIME + script_below(self, self->showtimes),
                         .user = 1000 + script_below(self, 50) };
    pack_t pack;
    bool best = script_below(self, 3) == 0;
    script_begin(self, command, &pack, best ? OP_SEATS_BEST : OP_SEATS_LOCK, sale->showtime, 2,
                 now_ms);
    command->sale = index;
    pack_key_uint(&pack, "user", sale->user);
    if (best)
        pack_key_uint(&pack, "count", 1 + script_below(self, 4));
    else
        script_pack_seats(&pack, 1 + 2 * script_below(self, SCRIPT_SEATS / 2), 2);
    script_end(command, &pack);
}

/* A command of `operation` about a sale: with its user, and the lock or the order. */
static void
script_about(script_t *self, int64_t now_ms, script_command_t *command, uint32_t index,
             uint16_t operation, bool order)
{
    const script_sale_t *sale = &self->sales[index];
    pack_t pack;
    script_begin(self, command, &pack, operation, sale->showtime,
                 operation == OP_ORDER_CREATE || operation == OP_ORDER_ACCEPT ? 3 : 2, now_ms);
    command->sale = index;
    pack_key_uint(&pack, "user", sale->user);
    if (order)
        pack_key_str(&pack, "order", sale->order);
    else
        pack_key_uint(&pack, "lock", sale->lock);
    if (operation == OP_ORDER_CREATE)
        pack_key_str(&pack, "provider", "sandbox");
    if (operation == OP_ORDER_ACCEPT)
        pack_key_bool(&pack, "yes", script_below(self, 2));
    script_end(command, &pack);
}

static void
script_pay(script_t *self, int64_t now_ms, script_command_t *command, uint32_t index)
{
    const script_sale_t *sale = &self->sales[index];
    uint32_t luck = script_below(self, 16);
    char txn[32];
    pack_t pack;
    (void)snprintf(txn, sizeof txn, "t%u-%u", index, script_below(self, 3));
    script_begin(self, command, &pack, OP_PAYMENT_SETTLE, sale->showtime, 6, now_ms);
    command->sale = index;
    pack_key_str(&pack, "order", sale->order);
    pack_key_str(&pack, "provider", "sandbox");
    pack_key_str(&pack, "outcome", luck == 1 ? "failed" : "succeeded");
    pack_key_uint(&pack, "amount", sale->amount + (luck == 0));
    pack_key_str(&pack, "txn", txn);
    pack_key_str(&pack, "code", sale->code);
    script_end(command, &pack);
}

static void
script_refund(script_t *self, int64_t now_ms, script_command_t *command, uint32_t index)
{
    const script_sale_t *sale = &self->sales[index];
    pack_t pack;
    script_begin(self, command, &pack, OP_ORDER_REFUND, sale->showtime, 3, now_ms);
    command->sale = index;
    pack_key_str(&pack, "order", sale->order);
    pack_key_str(&pack, "reason", "rain");
    pack_key_bool(&pack, "wait", script_below(self, 2));
    script_end(command, &pack);
}

static void
script_redeem(script_t *self, int64_t now_ms, script_command_t *command, uint32_t index)
{
    pack_t pack;
    script_begin(self, command, &pack, OP_TICKET_REDEEM, self->sales[index].showtime, 2, now_ms);
    command->sale = index;
    pack_key_str(&pack, "token", self->sales[index].token);
    pack_key_str(&pack, "kiosk", "door-1");
    script_end(command, &pack);
}

static void
script_block(script_t *self, int64_t now_ms, script_command_t *command)
{
    pack_t pack;
    script_begin(self, command, &pack, script_below(self, 2) ? OP_SEATS_BLOCK : OP_SEATS_UNBLOCK,
                 SCRIPT_FIRST_SHOWTIME + script_below(self, self->showtimes), 1, now_ms);
    script_pack_seats(&pack, 25 + script_below(self, 6), 1);
    script_end(command, &pack);
}

static void
script_settle(script_t *self, int64_t now_ms, script_command_t *command)
{
    const script_tell_t *tell = &self->tells[script_below(self, self->tell_count)];
    pack_t pack;
    script_begin(self, command, &pack, OP_REFUND_SETTLE, tell->showtime, 3, now_ms);
    pack_key_str(&pack, "order", tell->order);
    pack_key_uint(&pack, "tell", tell->number);
    pack_key_str(&pack, "outcome", script_below(self, 8) ? "done" : "failed");
    script_end(command, &pack);
}

/* ---- what comes next ---- */

/* What a sale's next step is, at this time. */
static void
script_step(script_t *self, int64_t now_ms, script_command_t *command, uint32_t index)
{
    script_sale_t *sale = &self->sales[index];
    uint32_t luck = script_below(self, 8);
    sale->asked = true;
    if (sale->state == SALE_HELD && now_ms >= sale->until_ms)
        sale->state = SALE_NONE;
    switch (sale->state) {
    case SALE_HELD:
        script_about(self, now_ms, command, index,
                     luck == 0   ? OP_SEATS_EXTEND
                     : luck == 1 ? OP_SEATS_RELEASE
                                 : OP_ORDER_CREATE,
                     false);
        break;
    case SALE_ORDERED:
        if (luck == 0)
            script_about(self, now_ms, command, index, OP_ORDER_CANCEL, true);
        else if (luck == 1)
            script_about(self, now_ms, command, index, OP_ORDER_ACCEPT, true);
        else
            script_pay(self, now_ms, command, index);
        break;
    case SALE_SOLD:
        if (luck < 3 && sale->token[0])
            script_redeem(self, now_ms, command, index);
        else if (luck < 6)
            script_refund(self, now_ms, command, index);
        else
            script_pay(self, now_ms, command, index);
        break;
    case SALE_NONE:
    case SALE_DONE:
    default:
        script_lock(self, now_ms, command, index);
    }
}

void
script_next(script_t *self, int64_t now_ms, script_command_t *command)
{
    if (self->showtimes == 0 ||
        (self->showtimes < SCRIPT_SHOWTIMES && self->request > 60 * self->showtimes)) {
        script_open(self, now_ms, command);
        return;
    }
    uint32_t luck = script_below(self, 32);
    if (luck == 0) {
        script_block(self, now_ms, command);
        return;
    }
    if (luck < 4 && self->tell_count > 0) {
        script_settle(self, now_ms, command);
        return;
    }
    for (uint32_t tries = 0; tries < 8; tries++) {
        uint32_t index = script_below(self, SCRIPT_SALES);
        if (self->sales[index].asked)
            continue;
        script_step(self, now_ms, command, index);
        return;
    }
    script_block(self, now_ms, command);
}

/* ---- what was answered ---- */

static bool
script_text(const void *body, uint32_t size, const char *key, char *text, size_t room)
{
    mp_t at;
    const char *found;
    uint32_t found_size;
    if (!mp_find(body, size, key, &at) || !mp_read_str(&at, &found, &found_size) ||
        found_size >= room)
        return false;
    memcpy(text, found, found_size);
    text[found_size] = 0;
    return true;
}

static uint64_t
script_number(const void *body, uint32_t size, const char *key)
{
    mp_t at;
    uint64_t number;
    return mp_find(body, size, key, &at) && mp_read_uint(&at, &number) ? number : 0;
}

/* tickets: [[ticket, seat, token], ...] */
static void
script_take_token(script_sale_t *sale, const void *body, uint32_t size)
{
    mp_t at;
    mp_item_t item;
    uint32_t count, fields;
    if (!mp_find(body, size, "tickets", &at) || !mp_read_array(&at, &count) || count == 0 ||
        !mp_read_array(&at, &fields) || fields < 3 || !mp_skip(&at) || !mp_skip(&at) ||
        !mp_next(&at, &item) || item.type != MP_STR || item.size >= sizeof sale->token)
        return;
    memcpy(sale->token, item.data, item.size);
    sale->token[item.size] = 0;
}

void
script_answer(script_t *self, const script_command_t *command, uint16_t status, const void *body,
              uint32_t size)
{
    if (command->sale == SCRIPT_SALES)
        return;
    script_sale_t *sale = &self->sales[command->sale];
    sale->asked = false;
    bool fine = status == STATUS_OK;
    switch (command->header.operation) {
    case OP_SEATS_LOCK:
    case OP_SEATS_BEST:
        sale->state = fine ? SALE_HELD : SALE_NONE;
        sale->lock = script_number(body, size, "lock");
        sale->until_ms = (int64_t)script_number(body, size, "until_ms");
        break;
    case OP_SEATS_EXTEND:
        break;
    case OP_SEATS_RELEASE:
        sale->state = SALE_NONE;
        break;
    case OP_ORDER_CREATE:
        fine = fine && script_text(body, size, "order", sale->order, sizeof sale->order) &&
               script_text(body, size, "code", sale->code, sizeof sale->code);
        sale->state = fine ? SALE_ORDERED : SALE_NONE;
        sale->amount = script_number(body, size, "amount");
        break;
    case OP_PAYMENT_SETTLE:
        if (fine)
            script_take_token(sale, body, size);
        if (fine && sale->token[0])
            sale->state = SALE_SOLD;
        else if (!fine && status != STATUS_PAID_TWICE)
            sale->state = script_below(self, 2) ? SALE_ORDERED : SALE_NONE;
        break;
    default: /* cancelled, refunded, redeemed: a few more commands, then another sale */
        if (script_below(self, 3) == 0)
            sale->state = SALE_NONE;
    }
}

void
script_tell(script_t *self, const wire_header_t *header, const void *body, uint32_t size)
{
    if (self->tell_count == SCRIPT_TELLS)
        self->tell_count = 0;
    script_tell_t *tell = &self->tells[self->tell_count];
    tell->showtime = header->key;
    tell->number = header->request;
    if (script_text(body, size, "order", tell->order, sizeof tell->order))
        self->tell_count++;
}
