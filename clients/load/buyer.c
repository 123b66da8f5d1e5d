/* buyer - see buyer.h for the contract. */
#include "clients/load/buyer.h"
#include "broker/mp.h"
#include "broker/operation.h"
#include "broker/status.h"
#include "clients/load/choice.h"
#include "clients/load/ledger.h"
#include <assert.h>
#include <stdio.h>
#include <string.h>

_Static_assert(LOAD_INFLIGHT_MAX <= 0x10000, "a buyer's place fits the request id");

/* The bodies of locks and releases, ready but for their numbers: fixed widths, so that a number is
 * patched where it stands. Widest forms are legal msgpack. */
static const uint8_t lock_body[] = { 0x82, 0xa4, 'u', 's', 'e', 'r',  0xce, 0, 0, 0,    0, 0xa5,
                                     's',  'e',  'a', 't', 's', 0x92, 0xcd, 0, 0, 0xcd, 0, 0 };
static const uint8_t release_body[] = { 0x82, 0xa4, 'u', 's', 'e', 'r',  0xce, 0, 0, 0, 0,
                                        0xa4, 'l',  'o', 'c', 'k', 0xce, 0,    0, 0, 0 };
enum { USER_AT = 7, SEAT_FIRST_AT = 19, SEAT_SECOND_AT = 22, LOCK_AT = 17 };

void
buyer_init(buyer_t *self, uint32_t number, uint32_t client, uint32_t index)
{
    *self = (buyer_t){ .number = number, .client = client, .index = index };
    self->chance = choice_seed(number);
    self->step = BUYER_LOCK;
}

static uint32_t
buyer_owner(const buyer_t *self)
{
    return self->number + 1;
}

static void
buyer_put_u32(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 24);
    at[1] = (uint8_t)(value >> 16);
    at[2] = (uint8_t)(value >> 8);
    at[3] = (uint8_t)value;
}

static void
buyer_put_u16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static uint8_t *
buyer_body(buyer_t *self)
{
    return self->frame + WIRE_PREFIX_SIZE + WIRE_HEADER_SIZE;
}

static void
buyer_choose_hot(buyer_t *self, const load_t *load)
{
    uint32_t buyers = load->options->clients * load->options->inflight;
    choice_hot(&self->chance, self->number, buyers, load->showtimes, &self->at.showtime,
               &self->at.pair);
}

static bool
buyer_choose_purchase(buyer_t *self, load_t *load)
{
    if (!self->drawn) {
        uint64_t n = atomic_fetch_add(&load->purchases, 1);
        choice_purchase(n, &self->at.showtime, &self->at.pair);
    }
    self->drawn = self->at.showtime >= atomic_load(&load->opened);
    return !self->drawn;
}

static bool
buyer_choose(buyer_t *self, load_t *load)
{
    self->at.lock = 0;
    switch (load->options->scenario) {
    case LOAD_PURCHASE:
        return buyer_choose_purchase(self, load);
    case LOAD_HOT:
    case LOAD_ECHO:
        buyer_choose_hot(self, load);
        return true;
    case LOAD_RUSH:
    case LOAD_UNIFORM:
    case LOAD_LOOK:
    case LOAD_SCENARIOS:
        break;
    }
    choice_any(&self->chance, load->showtimes, &self->at.showtime, &self->at.pair);
    return true;
}

static uint32_t
buyer_make_lock(buyer_t *self)
{
    uint8_t *body = buyer_body(self);
    memcpy(body, lock_body, sizeof lock_body);
    buyer_put_u32(body + USER_AT, buyer_owner(self));
    buyer_put_u16(body + SEAT_FIRST_AT, 2 * self->at.pair + 1);
    buyer_put_u16(body + SEAT_SECOND_AT, 2 * self->at.pair + 2);
    return sizeof lock_body;
}

static uint32_t
buyer_make_release(buyer_t *self)
{
    uint8_t *body = buyer_body(self);
    memcpy(body, release_body, sizeof release_body);
    buyer_put_u32(body + USER_AT, buyer_owner(self));
    buyer_put_u32(body + LOCK_AT, self->at.lock);
    return sizeof release_body;
}

static uint32_t
buyer_make_payment(buyer_t *self, uint64_t request)
{
    pack_t pack;
    pack_init(&pack, buyer_body(self), BUYER_FRAME_MAX - WIRE_PREFIX_SIZE - WIRE_HEADER_SIZE);
    if (self->step == BUYER_ORDER) {
        pack_map(&pack, 3);
        pack_key_uint(&pack, "user", buyer_owner(self));
        pack_key_uint(&pack, "lock", self->at.lock);
        pack_key_str(&pack, "provider", "sandbox");
    } else if (self->step == BUYER_SETTLE) {
        char txn[2 * sizeof(uint64_t) + 10];
        int size = snprintf(txn, sizeof txn, "%u-%llx", self->number, (unsigned long long)request);
        pack_map(&pack, 6);
        pack_key_str(&pack, "order", self->order);
        pack_key_str(&pack, "provider", "sandbox");
        pack_key_str(&pack, "outcome", "succeeded");
        pack_key_uint(&pack, "amount", self->amount);
        pack_str(&pack, "txn");
        pack_strn(&pack, txn, (size_t)size);
        pack_key_str(&pack, "code", self->code);
    } else {
        pack_map(&pack, 1);
        pack_key_str(&pack, "ticket", self->ticket);
    }
    assert(!pack.overflow);
    return (uint32_t)pack.size;
}

static const uint16_t step_operations[BUYER_STEPS] = {
    [BUYER_LOCK] = OP_SEATS_LOCK,    [BUYER_RELEASE] = OP_SEATS_RELEASE,
    [BUYER_ORDER] = OP_ORDER_CREATE, [BUYER_SETTLE] = OP_PAYMENT_SETTLE,
    [BUYER_TICKET] = OP_TICKET_GET,  [BUYER_LOOK] = OP_SHOWTIME_GET,
};

uint16_t
buyer_operation(const buyer_t *self)
{
    return step_operations[self->step];
}

bool
buyer_next(buyer_t *self, load_t *load, int64_t deadline_ms)
{
    bool echo = load->options->scenario == LOAD_ECHO;
    if (self->step == BUYER_LOCK && self->kept.lock &&
        choice_random(&self->chance, CHOICE_RETURN_ONE_IN) == 0) {
        self->at = self->kept;
        self->kept.lock = 0;
        self->step = BUYER_RELEASE;
    }
    if (self->step == BUYER_LOCK && !buyer_choose(self, load))
        return false;
    if (self->step == BUYER_LOCK && load->options->scenario == LOAD_LOOK)
        self->step = BUYER_LOOK;
    uint64_t request = ++self->serial << 16 | self->index;
    uint32_t size = 0;
    if (self->step == BUYER_LOOK) {
        ; /* its key says all */
    } else if (self->step == BUYER_LOCK) {
        size = buyer_make_lock(self);
    } else if (self->step == BUYER_RELEASE) {
        size = buyer_make_release(self);
        if (!echo)
            ledger_released(load->ledger, self->at.showtime, self->at.pair, buyer_owner(self));
    } else {
        size = buyer_make_payment(self, request);
    }
    self->key = load->options->base + self->at.showtime;
    wire_header_t header = { .kind = WIRE_COMMAND, .key = self->key, .request = request };
    header.operation = echo ? (uint16_t)OP_ECHO : buyer_operation(self);
    header.moment = deadline_ms;
    /* The body stands in its place already. */
    (void)wire_put(self->frame, &header, NULL, 0);
    put_u32(self->frame, WIRE_HEADER_SIZE + size);
    self->frame_size = (uint32_t)wire_size(size);
    return true;
}

/* Copy a text of an answer; false when it is not there or too long. */
static bool
buyer_take_text(mp_t *at, char to[BUYER_ID_MAX])
{
    const char *text;
    uint32_t size;
    if (!mp_read_str(at, &text, &size) || size >= BUYER_ID_MAX)
        return false;
    memcpy(to, text, size);
    to[size] = 0;
    return true;
}

static bool
buyer_take_number(const wire_record_t *record, const char *key, uint64_t *value)
{
    mp_t at;
    return mp_find(record->body, record->body_size, key, &at) && mp_read_uint(&at, value);
}

static bool
buyer_locked(buyer_t *self, load_t *load, const wire_record_t *record)
{
    uint64_t lock;
    if (!buyer_take_number(record, "lock", &lock) || lock == 0 || lock > UINT32_MAX)
        return false;
    self->at.lock = (uint32_t)lock;
    ledger_locked(load->ledger, self->at.showtime, self->at.pair, buyer_owner(self));
    if (load->options->scenario == LOAD_PURCHASE) {
        self->step = BUYER_ORDER;
    } else if (load->options->scenario == LOAD_RUSH && !self->kept.lock &&
               choice_random(&self->chance, CHOICE_KEEP_ONE_IN) == 0) {
        self->kept = self->at;
        self->step = BUYER_LOCK;
    } else {
        self->step = BUYER_RELEASE;
    }
    return true;
}

static bool
buyer_ordered(buyer_t *self, const wire_record_t *record)
{
    mp_t order, code;
    self->step = BUYER_SETTLE;
    return mp_find(record->body, record->body_size, "order", &order) &&
           mp_find(record->body, record->body_size, "code", &code) &&
           buyer_take_text(&order, self->order) && buyer_take_text(&code, self->code) &&
           buyer_take_number(record, "amount", &self->amount);
}

/* The first of tickets: [[ticket, ...], ...]. */
static bool
buyer_paid(buyer_t *self, load_t *load, const wire_record_t *record)
{
    mp_t at;
    uint32_t tickets, fields;
    ledger_sold(load->ledger, self->at.showtime, self->at.pair, buyer_owner(self));
    self->step = BUYER_TICKET;
    return mp_find(record->body, record->body_size, "tickets", &at) &&
           mp_read_array(&at, &tickets) && tickets >= 1 && mp_read_array(&at, &fields) &&
           fields >= 1 && buyer_take_text(&at, self->ticket);
}

void
buyer_answer(buyer_t *self, load_t *load, const wire_record_t *record)
{
    buyer_step_t step = self->step;
    bool good = true;
    self->step = BUYER_LOCK;
    if (load->options->scenario == LOAD_ECHO) {
        self->at.lock = 1;
        self->step = step == BUYER_LOCK ? BUYER_RELEASE : BUYER_LOCK;
    } else if (record->header.status == STATUS_OK) {
        if (step == BUYER_LOCK)
            good = buyer_locked(self, load, record);
        else if (step == BUYER_ORDER)
            good = buyer_ordered(self, record);
        else if (step == BUYER_SETTLE)
            good = buyer_paid(self, load, record);
    }
    if (!good)
        self->step = BUYER_LOCK;
}
