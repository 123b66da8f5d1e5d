/* history_make - see history_make.h for the contract.
 *
 * A small server of its own: buyers side by side, one entry a round, which is what the round's
 * commands go into. Some answers are lost: some of those commands are sent again, the others stay
 * of unknown outcome. It shares nothing with the checker but the call. */
#include "tests/history/history_make.h"
#include "broker/operation.h"
#include "broker/status.h"
#include "tests/unit/chance.h"
#include <stdlib.h>

enum {
    MAKE_BUYERS = 400,
    MAKE_SHOWTIMES = 64,
    MAKE_SEATS = 400,
    MAKE_ROUNDS_MAX = 250, /* after so many the showtimes are new ones */
    MAKE_ROUND_MS = 2,
    MAKE_ROUND_NS = MAKE_ROUND_MS * 1000000,
    MAKE_PRICE = 4500,
    MAKE_SHORT_MS = 30,
    MAKE_LONG_MS = 900000,
    MAKE_STEPS_MAX = 7,
};

typedef struct {
    uint32_t lock; /* 0: free */
    int64_t until_ms;
    bool sold;
} make_seat_t;

typedef struct {
    uint64_t request;
    uint16_t next; /* operation */
    uint32_t show, lock;
    uint16_t seat;
    int64_t until_ms;
} make_buyer_t;

typedef struct {
    bool (*add)(void *argument, const history_call_t *call);
    void *argument;
    chance_t chance;
    uint64_t calls, shows, sequence;
    int64_t now_ms;
    make_seat_t seats[MAKE_SHOWTIMES][MAKE_SEATS + 1];
    uint32_t locks[MAKE_SHOWTIMES];
    make_buyer_t buyers[MAKE_BUYERS];
} make_t;

static uint32_t
make_below(make_t *self, uint32_t bound)
{
    return chance_below(&self->chance, bound);
}

static void
make_lock(make_t *self, make_buyer_t *buyer, history_call_t *call)
{
    buyer->show = make_below(self, MAKE_SHOWTIMES);
    buyer->seat = (uint16_t)(1 + make_below(self, MAKE_SEATS));
    make_seat_t *seat = &self->seats[buyer->show][buyer->seat];
    call->seat_count = 1;
    call->seats[0] = buyer->seat;
    call->showtime = self->shows + buyer->show;
    if (seat->sold || (seat->lock && self->now_ms < seat->until_ms)) {
        call->status = seat->sold ? STATUS_SEAT_SOLD : STATUS_SEAT_LOCKED;
        call->refused = buyer->seat;
        return;
    }
    bool brief = make_below(self, 16) == 0;
    *seat = (make_seat_t){ .lock = ++self->locks[buyer->show] };
    seat->until_ms = self->now_ms + (brief ? MAKE_SHORT_MS : MAKE_LONG_MS);
    buyer->lock = call->lock = seat->lock;
    buyer->until_ms = call->until_ms = seat->until_ms;
    call->served_ms = self->now_ms;
    buyer->next = brief                      ? OP_SEATS_LOCK
                  : make_below(self, 3) == 0 ? OP_SEATS_RELEASE
                                             : OP_ORDER_CREATE;
}

/* What is about the buyer's own lock; nothing of it is refused. */
static void
make_owner(make_t *self, make_buyer_t *buyer, history_call_t *call)
{
    make_seat_t *seat = &self->seats[buyer->show][buyer->seat];
    uint32_t fate = make_below(self, 8);
    uint16_t operation = call->operation;
    buyer->next = OP_SEATS_LOCK;
    if (operation == OP_ORDER_CREATE) {
        call->amount = MAKE_PRICE;
        buyer->next = fate == 0 ? OP_ORDER_CANCEL : OP_PAYMENT_SETTLE;
    } else if (operation == OP_PAYMENT_SETTLE) {
        seat->sold = true;
        call->amount = MAKE_PRICE;
        call->payment = buyer->request;
        buyer->next = fate == 0 ? OP_ORDER_REFUND : fate < 4 ? OP_TICKET_GET : OP_SEATS_LOCK;
    } else if (operation == OP_TICKET_GET || operation == OP_TICKET_REDEEM) {
        call->seat_count = 1;
        call->seats[0] = buyer->seat;
        if (operation == OP_TICKET_GET)
            buyer->next = OP_TICKET_REDEEM;
    } else {
        *seat = (make_seat_t){ 0 }; /* released, cancelled, paid back */
        if (operation == OP_ORDER_REFUND) {
            call->amount = MAKE_PRICE;
            call->payment = buyer->request;
        }
    }
}

/* One command, with what becomes of its answer. */
static bool
make_command(make_t *self, uint32_t number, int64_t round_ns)
{
    make_buyer_t *buyer = &self->buyers[number];
    history_call_t call = {
        .client = number + 1,
        .request = ++buyer->request,
        .showtime = self->shows + buyer->show,
        .user = number + 1,
        .start_ns = round_ns + make_below(self, MAKE_ROUND_NS / 4),
        .end_ns = round_ns + MAKE_ROUND_NS / 2 + make_below(self, MAKE_ROUND_NS / 4),
        .sequence = self->sequence,
        .digest = make_below(self, UINT32_MAX),
        .lock = buyer->lock,
        .operation = buyer->next ? buyer->next : OP_SEATS_LOCK,
    };
    if (call.operation == OP_SEATS_LOCK) {
        call.lock = 0;
        make_lock(self, buyer, &call);
    } else {
        make_owner(self, buyer, &call);
    }
    self->calls++;
    if (make_below(self, 64))
        return self->add(self->argument, &call);
    history_call_t lost = call;
    lost.status = CALL_NO_ANSWER;
    lost.sequence = lost.digest = 0;
    lost.until_ms = lost.served_ms = 0;
    lost.refused = 0;
    if (call.operation == OP_SEATS_LOCK)
        lost.lock = 0;
    if (!self->add(self->argument, &lost))
        return false;
    if (make_below(self, 2)) { /* not sent again: the buyer gives the sale up */
        buyer->next = OP_SEATS_LOCK;
        return true;
    }
    self->calls++;
    call.start_ns = call.end_ns;
    call.end_ns += MAKE_ROUND_NS / 8;
    return self->add(self->argument, &call);
}

bool
history_make(uint64_t count, uint64_t seed, bool (*add)(void *argument, const history_call_t *call),
             void *argument)
{
    make_t *self = calloc(1, sizeof *self);
    bool good = self != NULL;
    if (good) {
        self->add = add;
        self->argument = argument;
        self->chance.state = seed;
        self->shows = 1000;
        self->now_ms = 1000000;
    }
    for (uint64_t round = 0; good && self->calls < count; round++) {
        if (round % MAKE_ROUNDS_MAX == MAKE_ROUNDS_MAX - 1) {
            self->shows += MAKE_SHOWTIMES;
            for (uint32_t i = 0; i < MAKE_SHOWTIMES; i++) {
                self->locks[i] = 0;
                for (uint32_t k = 0; k <= MAKE_SEATS; k++)
                    self->seats[i][k] = (make_seat_t){ 0 };
            }
            for (uint32_t i = 0; i < MAKE_BUYERS; i++)
                self->buyers[i].next = OP_SEATS_LOCK;
        }
        self->sequence++;
        self->now_ms += MAKE_ROUND_MS;
        for (uint32_t i = 0; i < MAKE_BUYERS && good; i++)
            good = make_command(self, i, (int64_t)round * MAKE_ROUND_NS);
    }
    free(self);
    return good;
}
