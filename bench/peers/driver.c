/* driver - see driver.h for the contract. */
#include "bench/peers/driver.h"
#include "clients/load/choice.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DRIVER_DRAIN_MAX_NS INT64_C(10000000000)
enum { DRIVER_SLEEP_MS = 10 }; /* the clock is looked at so often */

static int
driver_fail(driver_t *self, const char *what)
{
    if (!self->failed)
        snprintf(self->error, sizeof self->error, "%s", what);
    self->failed = true;
    return -1;
}

static bool
driver_allocate(driver_t *self)
{
    self->all = calloc(self->clients, sizeof *self->all);
    self->polls = calloc(self->clients, sizeof *self->polls);
    self->buyers = calloc((size_t)self->clients * self->inflight, sizeof *self->buyers);
    if (!self->all || !self->polls || !self->buyers)
        return false;
    for (uint32_t i = 0; i < self->clients; i++) {
        self->all[i].flying = calloc(self->inflight, sizeof *self->all[i].flying);
        self->all[i].ready = calloc(self->inflight, sizeof *self->all[i].ready);
        if (!self->all[i].flying || !self->all[i].ready)
            return false;
    }
    return true;
}

int
driver_open(driver_t *self)
{
    if (!driver_allocate(self))
        return driver_fail(self, "no memory");
    for (uint32_t i = 0; i < self->clients; i++) {
        self->all[i].peer = peer_new(self->endpoint, self->error);
        if (!self->all[i].peer) {
            self->failed = true;
            return -1;
        }
        self->polls[i].fd = peer_descriptor(self->all[i].peer);
    }
    for (uint32_t i = 0; i < self->clients * self->inflight; i++)
        self->buyers[i] = (driver_buyer_t){ .number = i, .chance = choice_seed(i) };
    return 0;
}

void
driver_close(driver_t *self)
{
    for (uint32_t i = 0; self->all && i < self->clients; i++) {
        if (self->all[i].peer)
            peer_destroy(&self->all[i].peer);
        free(self->all[i].flying);
        free(self->all[i].ready);
    }
    free(self->all);
    free(self->polls);
    free(self->buyers);
    self->all = NULL;
    self->polls = NULL;
    self->buyers = NULL;
}

static int
driver_choose(driver_t *self, driver_buyer_t *buyer)
{
    driver_lock_t *at = &buyer->at;
    uint32_t buyers = self->clients * self->inflight;
    at->lock = 0;
    if (self->scenario == LOAD_PURCHASE)
        choice_purchase(self->purchases++, &at->showtime, &at->pair);
    else if (self->scenario == LOAD_HOT)
        choice_hot(&buyer->chance, buyer->number, buyers, self->showtimes, &at->showtime,
                   &at->pair);
    else
        choice_any(&buyer->chance, self->showtimes, &at->showtime, &at->pair);
    return at->showtime < self->showtimes ? 0 : driver_fail(self, "all that was on sale is sold");
}

/* Make a buyer's next command and send it. */
static int
driver_begin(driver_t *self, driver_client_t *client, uint32_t index, int64_t now_ns)
{
    driver_buyer_t *buyer = &self->buyers[index];
    if (buyer->step == PEER_LOCK && buyer->kept.lock &&
        choice_random(&buyer->chance, CHOICE_RETURN_ONE_IN) == 0) {
        buyer->at = buyer->kept;
        buyer->kept.lock = 0;
        buyer->step = PEER_RELEASE;
    }
    if (buyer->step == PEER_LOCK && driver_choose(self, buyer))
        return -1;
    if (buyer->step == PEER_RELEASE)
        ledger_released(self->ledger, buyer->at.showtime, buyer->at.pair, buyer->number + 1);
    peer_command_t command = {
        .step = buyer->step,
        .showtime = buyer->at.showtime,
        .user = buyer->number + 1,
        .lock = buyer->at.lock,
        .order = buyer->order,
        .ticket = buyer->ticket,
        .amount = buyer->amount,
        .first = 2 * buyer->at.pair + 1,
        .second = 2 * buyer->at.pair + 2,
    };
    buyer->sent_ns = now_ns;
    client->flying[(client->flying_first + client->flying_count++) % self->inflight] = index;
    return peer_send(client->peer, &command) ? driver_fail(self, peer_error(client->peer)) : 0;
}

static void
driver_locked(driver_t *self, driver_buyer_t *buyer, uint64_t lock)
{
    buyer->at.lock = lock;
    ledger_locked(self->ledger, buyer->at.showtime, buyer->at.pair, buyer->number + 1);
    if (self->scenario == LOAD_PURCHASE) {
        buyer->step = PEER_ORDER;
    } else if (self->scenario == LOAD_RUSH && !buyer->kept.lock &&
               choice_random(&buyer->chance, CHOICE_KEEP_ONE_IN) == 0) {
        buyer->kept = buyer->at;
        buyer->step = PEER_LOCK;
    } else {
        buyer->step = PEER_RELEASE;
    }
}

/* Digest an answer: what is refused begins anew with a lock. */
static void
driver_answer(driver_t *self, driver_buyer_t *buyer, const peer_answer_t *answer)
{
    peer_step_t step = buyer->step;
    buyer->step = PEER_LOCK;
    if (answer->number == 0)
        return;
    switch (step) {
    case PEER_LOCK:
        driver_locked(self, buyer, answer->number);
        break;
    case PEER_ORDER:
        buyer->order = answer->number;
        buyer->amount = answer->amount;
        buyer->step = PEER_PAY;
        break;
    case PEER_PAY:
        ledger_sold(self->ledger, buyer->at.showtime, buyer->at.pair, buyer->number + 1);
        buyer->ticket = answer->number;
        buyer->step = PEER_TICKET;
        break;
    case PEER_RELEASE:
    case PEER_TICKET:
    case PEER_STEPS:
        break;
    }
}

static void
driver_count(driver_t *self, const driver_buyer_t *buyer, bool accepted, int64_t now_ns)
{
    if (self->phase != LOAD_MEASURE)
        return;
    self->accepted += accepted;
    self->refused += !accepted;
    histogram_add(&self->histogram, (uint64_t)(now_ns - buyer->sent_ns));
}

/* Take what a connection has to say, and send what follows from it. */
static int
driver_turn(driver_t *self, uint32_t index)
{
    driver_client_t *client = &self->all[index];
    peer_answer_t answer;
    int taken = peer_receive(client->peer) ? -1 : 1;
    int64_t now_ns = load_now_ns(CLOCK_MONOTONIC);
    while (taken > 0 && client->flying_count > 0 &&
           (taken = peer_take(client->peer, &answer)) > 0) {
        uint32_t number = client->flying[client->flying_first];
        client->flying_first = (client->flying_first + 1) % self->inflight;
        client->flying_count--;
        driver_count(self, &self->buyers[number], answer.number != 0, now_ns);
        driver_answer(self, &self->buyers[number], &answer);
        client->ready[client->ready_count++] = number;
    }
    if (taken < 0)
        return driver_fail(self, peer_error(client->peer));
    for (uint32_t i = 0; i < client->ready_count && self->phase != LOAD_DRAIN; i++)
        if (driver_begin(self, client, client->ready[i], now_ns))
            return -1;
    client->ready_count = 0;
    int left = peer_flush(client->peer);
    client->blocked = left > 0;
    return left < 0 ? driver_fail(self, peer_error(client->peer)) : 0;
}

static int
driver_first(driver_t *self)
{
    for (uint32_t i = 0; i < self->clients; i++) {
        int64_t now_ns = load_now_ns(CLOCK_MONOTONIC);
        for (uint32_t k = 0; k < self->inflight; k++)
            if (driver_begin(self, &self->all[i], i * self->inflight + k, now_ns))
                return -1;
        int left = peer_flush(self->all[i].peer);
        if (left < 0)
            return driver_fail(self, peer_error(self->all[i].peer));
        self->all[i].blocked = left > 0;
    }
    return 0;
}

/* Sleep until somebody speaks, then hear all who do. */
static int
driver_poll(driver_t *self)
{
    for (uint32_t i = 0; i < self->clients; i++)
        self->polls[i].events = (short)(POLLIN | (self->all[i].blocked ? POLLOUT : 0));
    int count = poll(self->polls, self->clients, DRIVER_SLEEP_MS);
    if (count < 0 && errno != EINTR)
        return driver_fail(self, strerror(errno));
    for (uint32_t i = 0; count > 0 && i < self->clients; i++) {
        if (!self->polls[i].revents)
            continue;
        count--;
        if (driver_turn(self, i))
            return -1;
    }
    return 0;
}

static uint64_t
driver_flying(const driver_t *self)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < self->clients; i++)
        sum += self->all[i].flying_count;
    return sum;
}

static void
driver_phase(driver_t *self, int64_t start_ns, int64_t now_ns)
{
    int64_t begin_ns = start_ns + (int64_t)self->warm_ms * 1000000;
    if (self->phase == LOAD_WARM && now_ns >= begin_ns) {
        self->phase = LOAD_MEASURE;
        self->measure_first_ns = now_ns;
        fprintf(stderr, "measuring\n");
    } else if (self->phase == LOAD_MEASURE &&
               now_ns >= self->measure_first_ns + (int64_t)self->seconds * 1000000000) {
        self->phase = LOAD_DRAIN;
        self->measure_last_ns = now_ns;
        fprintf(stderr, "measured\n");
    }
}

int
driver_run(driver_t *self)
{
    int64_t start_ns = load_now_ns(CLOCK_MONOTONIC), now_ns = start_ns;
    if (driver_first(self))
        return -1;
    while (self->phase != LOAD_DRAIN ||
           (driver_flying(self) > 0 && now_ns - self->measure_last_ns < DRIVER_DRAIN_MAX_NS)) {
        if (driver_poll(self))
            return -1;
        now_ns = load_now_ns(CLOCK_MONOTONIC);
        driver_phase(self, start_ns, now_ns);
    }
    self->unanswered = driver_flying(self);
    return 0;
}
