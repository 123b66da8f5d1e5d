/* worker - see worker.h for the contract. */
#include "clients/load/worker.h"
#include "broker/operation.h"
#include "broker/shard.h"
#include "broker/status.h"
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#define WORKER_SLEEP_MAX_NS INT64_C(10000000) /* the phase is looked at so often */
#define WORKER_DRAIN_MAX_NS INT64_C(10000000000)

static uint32_t
worker_buyers(const worker_t *self)
{
    return self->client_count * self->load->options->inflight;
}

static bool
worker_allocate(worker_t *self)
{
    const load_options_t *options = self->load->options;
    uint32_t buyers = worker_buyers(self);
    self->sockets = calloc(self->client_count, sizeof *self->sockets);
    self->polls = calloc(self->client_count, sizeof *self->polls);
    self->buyers = calloc(buyers, sizeof *self->buyers);
    self->ready = calloc(buyers, sizeof *self->ready);
    self->waiting = calloc(buyers, sizeof *self->waiting);
    self->late = calloc(buyers, sizeof *self->late);
    self->packs = calloc(self->load->partitions, sizeof *self->packs);
    if (!self->sockets || !self->polls || !self->buyers || !self->ready || !self->waiting ||
        !self->late || !self->packs)
        return false;
    for (uint32_t i = 0; options->pack > 1 && i < self->load->partitions; i++) {
        self->packs[i].bytes = calloc(options->pack, BUYER_FRAME_MAX);
        if (!self->packs[i].bytes)
            return false;
    }
    return !self->load->past || past_page_open(&self->page, self->load->past);
}

int
worker_open(worker_t *self, load_t *load, void *context, uint32_t client_first,
            uint32_t client_count)
{
    *self = (worker_t){ .load = load, .context = context };
    self->client_first = client_first;
    self->client_count = client_count;
    if (!worker_allocate(self)) {
        snprintf(self->error, sizeof self->error, "no memory");
        return -1;
    }
    uint32_t inflight = load->options->inflight;
    for (uint32_t i = 0; i < client_count; i++) {
        self->sockets[i] =
            control_connect(context, load->options->endpoint, NULL, NULL, self->error);
        if (!self->sockets[i])
            return -1;
        size_t size = sizeof self->polls[i].fd;
        if (zmq_getsockopt(self->sockets[i], ZMQ_FD, &self->polls[i].fd, &size)) {
            snprintf(self->error, sizeof self->error, "no descriptor of a socket");
            return -1;
        }
        self->polls[i].events = POLLIN;
        for (uint32_t k = 0; k < inflight; k++)
            buyer_init(&self->buyers[i * inflight + k], (client_first + i) * inflight + k, i, k);
    }
    return 0;
}

void
worker_close(worker_t *self)
{
    for (uint32_t i = 0; self->sockets && i < self->client_count; i++)
        if (self->sockets[i])
            zmq_close(self->sockets[i]);
    for (uint32_t i = 0; self->packs && i < self->load->partitions; i++)
        free(self->packs[i].bytes);
    if (self->page.past)
        past_page_close(&self->page);
    free(self->sockets);
    free(self->polls);
    free(self->buyers);
    free(self->ready);
    free(self->waiting);
    free(self->late);
    free(self->packs);
    *self = (worker_t){ 0 };
}

/* The run cannot go on: remember why, once; the loop looks at it. */
static void
worker_fail(worker_t *self, const char *what)
{
    if (!self->error[0])
        snprintf(self->error, sizeof self->error, "%s: %s", what, zmq_strerror(zmq_errno()));
    atomic_store(&self->load->failed, true);
}

static void
worker_send(worker_t *self, uint32_t client, zmq_msg_t *message)
{
    if (zmq_msg_send(message, self->sockets[client], ZMQ_DONTWAIT) < 0) {
        worker_fail(self, "a command could not be sent");
        zmq_msg_close(message);
    }
}

static void
worker_flush_pack(worker_t *self, uint32_t client, worker_pack_t *pack)
{
    if (pack->count == 0)
        return;
    zmq_msg_t message;
    if (zmq_msg_init_size(&message, pack->size)) {
        worker_fail(self, "no memory for a message");
        return;
    }
    memcpy(zmq_msg_data(&message), pack->bytes, pack->size);
    pack->size = pack->count = 0;
    worker_send(self, client, &message);
}

/* Send a buyer's frame, or put it with others for its partition. */
static void
worker_post(worker_t *self, buyer_t *buyer)
{
    self->outstanding++;
    buyer->waiting = true;
    if (self->load->past) /* before it is sent, and behind all answers taken so far */
        buyer->start_ns = load_now_ns(CLOCK_MONOTONIC);
    if (self->load->options->pack > 1) {
        worker_pack_t *pack = &self->packs[shard_of(buyer->key, self->load->partitions)];
        memcpy(pack->bytes + pack->size, buyer->frame, buyer->frame_size);
        pack->size += buyer->frame_size;
        if (++pack->count == self->load->options->pack)
            worker_flush_pack(self, buyer->client, pack);
        return;
    }
    zmq_msg_t message; /* without a free function it borrows, and allocates nothing */
    (void)zmq_msg_init_data(&message, buyer->frame, buyer->frame_size, NULL, NULL);
    worker_send(self, buyer->client, &message);
}

static void
worker_flush(worker_t *self, uint32_t client)
{
    if (self->load->options->pack > 1)
        for (uint32_t i = 0; i < self->load->partitions; i++)
            worker_flush_pack(self, client, &self->packs[i]);
}

static void
worker_delay(worker_t *self, buyer_t *buyer, int64_t now_ns, bool made)
{
    uint32_t at = (self->late_first + self->late_count++) % worker_buyers(self);
    self->late[at].buyer = buyer;
    self->late[at].due_ns = now_ns + (int64_t)self->load->retry_ms * 1000000;
    self->late[at].made = made;
}

/* Begin a buyer's next command, which was meant for `intended_ns`. */
static void
worker_begin(worker_t *self, buyer_t *buyer, int64_t intended_ns, int64_t now_ns)
{
    int64_t deadline_ms = (now_ns + self->wall_offset_ns) / 1000000;
    buyer->intended_ns = intended_ns;
    if (buyer_next(buyer, self->load, deadline_ms + self->load->options->deadline_ms))
        worker_post(self, buyer);
    else
        worker_delay(self, buyer, now_ns, false);
}

static void
worker_note(worker_t *self, const buyer_t *buyer, const wire_record_t *answer)
{
    history_call_t call;
    if (!self->load->past)
        return;
    buyer_call(buyer, self->load, self->client_first + buyer->client, answer, &call);
    if (answer) /* read now: an end that is too early would claim an order that was not */
        call.end_ns = load_now_ns(CLOCK_MONOTONIC);
    past_add(&self->page, &call);
}

/* Was the command not begun? */
static bool
worker_turned_away(uint16_t status)
{
    return status == STATUS_BUSY || status == STATUS_UNAVAILABLE || status == STATUS_EXPIRED;
}

static void
worker_count(worker_t *self, const buyer_t *buyer, uint16_t status, int64_t now_ns, bool ended)
{
    if (self->measure_first_ns == 0 || self->measure_last_ns != 0)
        return;
    self->by_status[status < WORKER_STATUS_MAX ? status : WORKER_STATUS_MAX - 1]++;
    if (!ended)
        return;
    int64_t took = now_ns - buyer->intended_ns;
    if (status == STATUS_OK)
        self->accepted++;
    else
        self->refused++;
    if (status == STATUS_OK && took <= (int64_t)self->load->options->deadline_ms * 1000000)
        self->in_time++;
    if (self->load->options->storm && worker_turned_away(status)) {
        self->turned_away++; /* how fast that was says nothing about what is carried out */
        return;
    }
    histogram_add(&self->histogram, took > 0 ? (uint64_t)took : 0);
}

static void
worker_answer(worker_t *self, uint32_t client, const wire_record_t *record, int64_t now_ns)
{
    uint16_t status = record->header.status;
    uint32_t inflight = self->load->options->inflight;
    uint32_t index = buyer_index(record->header.request);
    buyer_t *buyer = &self->buyers[client * inflight + (index < inflight ? index : 0)];
    if (status == STATUS_HELLO_FIRST) {
        errno = ENOTCONN;
        worker_fail(self, "the server lost the connection's hello");
        return;
    }
    if (record->header.kind != WIRE_REPLY || index >= inflight ||
        record->header.request >> 16 != buyer->serial || !buyer->waiting) {
        self->malformed++;
        return;
    }
    worker_note(self, buyer, record);
    if (status == STATUS_PENDING)
        return;
    self->outstanding--;
    buyer->waiting = false;
    bool again = status == STATUS_BUSY || status == STATUS_UNAVAILABLE;
    bool storm = self->load->options->storm;
    worker_count(self, buyer, status, now_ns, storm || !again);
    if (storm && worker_turned_away(status)) {
        self->ready[self->ready_count++] = buyer; /* its next command is this one, made anew */
        return;
    }
    if (again) {
        worker_delay(self, buyer, now_ns, true);
        return;
    }
    buyer_answer(buyer, self->load, record);
    self->ready[self->ready_count++] = buyer;
}

static void
worker_message(worker_t *self, uint32_t client, zmq_msg_t *message, int64_t now_ns)
{
    const void *data = zmq_msg_data(message);
    size_t size = zmq_msg_size(message), at = 0;
    wire_record_t record;
    while (at < size) {
        if (wire_next(data, size, &at, &record) != STATUS_OK) {
            self->malformed++;
            return;
        }
        worker_answer(self, client, &record, now_ns);
    }
}

/* Those whose answers came either go on at once, or wait for their time. */
static void
worker_go_on(worker_t *self, uint32_t client, int64_t now_ns)
{
    bool paced = self->load->options->rate != 0;
    bool draining = atomic_load_explicit(&self->load->phase, memory_order_relaxed) == LOAD_DRAIN;
    for (uint32_t i = 0; i < self->ready_count && !draining; i++) {
        if (paced) {
            uint32_t at = (self->waiting_first + self->waiting_count++) % worker_buyers(self);
            self->waiting[at] = self->ready[i];
        } else {
            worker_begin(self, self->ready[i], now_ns, now_ns);
        }
    }
    self->ready_count = 0;
    worker_flush(self, client);
}

/* Take all answers of a connection and send what follows. The descriptor only tells of changes, so
 * the last thing done is a receive that found nothing. */
static void
worker_turn(worker_t *self, uint32_t client)
{
    zmq_msg_t message;
    zmq_msg_init(&message);
    bool some = true;
    while (some && !self->error[0]) {
        some = false;
        int64_t now_ns = 0;
        while (zmq_msg_recv(&message, self->sockets[client], ZMQ_DONTWAIT) >= 0) {
            if (!some)
                now_ns = load_now_ns(CLOCK_MONOTONIC);
            some = true;
            worker_message(self, client, &message, now_ns);
        }
        if (zmq_errno() != EAGAIN && zmq_errno() != EINTR)
            worker_fail(self, "an answer could not be received");
        if (some)
            worker_go_on(self, client, now_ns);
    }
    zmq_msg_close(&message);
}

/* Commands were sent that do not follow from an answer: look for answers, since sending may have
 * eaten the descriptor's signal. */
static void
worker_sent(worker_t *self, uint32_t client)
{
    worker_flush(self, client);
    worker_turn(self, client);
}

static void
worker_spread(worker_t *self, buyer_t *buyer, int64_t intended_ns, int64_t now_ns, bool made)
{
    if (made)
        worker_post(self, buyer);
    else
        worker_begin(self, buyer, intended_ns, now_ns);
    worker_sent(self, buyer->client);
}

static void
worker_late(worker_t *self, int64_t now_ns, bool draining)
{
    uint32_t count = self->late_count;
    for (uint32_t i = 0; i < count && self->late[self->late_first].due_ns <= now_ns; i++) {
        uint32_t at = self->late_first;
        self->late_first = (at + 1) % worker_buyers(self);
        self->late_count--;
        if (self->late[at].made)
            worker_spread(self, self->late[at].buyer, 0, now_ns, true);
        else if (!draining)
            worker_spread(self, self->late[at].buyer, now_ns, now_ns, false);
    }
}

static int64_t
worker_intended(const worker_t *self)
{
    uint64_t clients = self->load->options->clients;
    double share = (double)self->load->options->rate * self->client_count / (double)clients;
    return self->start_ns + (int64_t)((double)self->paced * 1e9 / share);
}

/* Whose answer came goes to the end of the ring, so those of one connection stand together and
 * leave in few messages. Once a turn of all that is due. */
static void
worker_pace(worker_t *self, int64_t now_ns)
{
    int64_t intended_ns;
    buyer_t *last = NULL;
    while (self->waiting_count > 0 && (intended_ns = worker_intended(self)) <= now_ns) {
        buyer_t *buyer = self->waiting[self->waiting_first];
        if (last && last->client != buyer->client)
            worker_sent(self, last->client);
        self->waiting_first = (self->waiting_first + 1) % worker_buyers(self);
        self->waiting_count--;
        self->paced++;
        worker_begin(self, buyer, intended_ns, now_ns);
        last = buyer;
    }
    if (last)
        worker_sent(self, last->client);
    /* All are in flight: in a storm what is due stays with the client, which sees that. */
    for (; self->load->options->storm && worker_intended(self) <= now_ns; self->paced++)
        self->held_back += self->measure_first_ns != 0 && self->measure_last_ns == 0;
}

/* Note when this thread saw the measuring begin and end. */
static load_phase_t
worker_phase(worker_t *self, int64_t now_ns)
{
    load_phase_t phase = atomic_load(&self->load->phase);
    if (phase == LOAD_MEASURE && self->measure_first_ns == 0)
        self->measure_first_ns = now_ns;
    if (phase == LOAD_DRAIN && self->measure_last_ns == 0)
        self->measure_last_ns = now_ns;
    return phase;
}

static void
worker_sleep(worker_t *self, int64_t now_ns, bool draining)
{
    int64_t sleep_ns = WORKER_SLEEP_MAX_NS;
    if (self->late_count > 0 && self->late[self->late_first].due_ns - now_ns < sleep_ns)
        sleep_ns = self->late[self->late_first].due_ns - now_ns;
    if (!draining && self->waiting_count > 0 && worker_intended(self) - now_ns < sleep_ns)
        sleep_ns = worker_intended(self) - now_ns;
    struct timespec timeout = { .tv_nsec = sleep_ns > 0 ? (long)sleep_ns : 0 };
    int count = ppoll(self->polls, self->client_count, &timeout, NULL);
    for (uint32_t i = 0; count > 0 && i < self->client_count; i++) {
        if (self->polls[i].revents) {
            count--;
            worker_turn(self, i);
        }
    }
}

static void
worker_first(worker_t *self, int64_t now_ns)
{
    for (uint32_t i = 0; i < worker_buyers(self); i++) {
        if (self->load->options->rate)
            self->waiting[self->waiting_count++] = &self->buyers[i];
        else
            worker_begin(self, &self->buyers[i], now_ns, now_ns);
        if ((i + 1) % self->load->options->inflight == 0)
            worker_flush(self, self->buyers[i].client);
    }
    for (uint32_t i = 0; i < self->client_count; i++)
        worker_turn(self, i);
}

static void *
worker_run(void *argument)
{
    worker_t *self = argument;
    (void)prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL); /* open loop: wake when meant to */
    self->start_ns = load_now_ns(CLOCK_MONOTONIC);
    self->wall_offset_ns = load_now_ns(CLOCK_REALTIME) - self->start_ns;
    worker_first(self, self->start_ns);
    while (!self->error[0]) {
        int64_t now_ns = load_now_ns(CLOCK_MONOTONIC);
        bool draining = worker_phase(self, now_ns) == LOAD_DRAIN;
        if (draining && (self->outstanding == 0 && self->late_count == 0))
            break;
        if (draining && now_ns - self->measure_last_ns > WORKER_DRAIN_MAX_NS)
            break;
        worker_late(self, now_ns, draining);
        if (!draining)
            worker_pace(self, now_ns);
        worker_sleep(self, now_ns, draining);
    }
    for (uint32_t i = 0; i < worker_buyers(self); i++)
        if (self->buyers[i].waiting)
            worker_note(self, &self->buyers[i], NULL);
    return NULL;
}

int
worker_start(worker_t *self)
{
    return pthread_create(&self->thread, NULL, worker_run, self) == 0 ? 0 : -1;
}

void
worker_join(worker_t *self)
{
    int result = pthread_join(self->thread, NULL);
    assert(result == 0);
}
