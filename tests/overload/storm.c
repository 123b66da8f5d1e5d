/* storm - see storm.h for the contract. */
#include "tests/overload/storm.h"
#include "broker/mp.h"
#include "broker/operation.h"
#include "broker/status.h"
#include "clients/load/control.h"
#include "clients/load/load.h"
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bodies of a fixed width, so that numbers are patched where they stand. */
static const uint8_t lock_form[] = { 0x82, 0xa4, 'u', 's', 'e', 'r', 0xce, 0,    0, 0, 0,
                                     0xa5, 's',  'e', 'a', 't', 's', 0x91, 0xcd, 0, 0 };
static const uint8_t release_form[] = { 0x82, 0xa4, 'u', 's', 'e', 'r',  0xce, 0, 0, 0, 0,
                                        0xa4, 'l',  'o', 'c', 'k', 0xce, 0,    0, 0, 0 };
enum {
    FORM_SIZE = sizeof lock_form,
    USER_AT = 7,
    SEAT_AT = 19,
    LOCK_AT = 17,
    RECORD_SIZE = WIRE_PREFIX_SIZE + WIRE_HEADER_SIZE + FORM_SIZE,
    RIVAL_EVERY = 8,
    RIVAL_USERS = 1 << 30, /* members above this are rivals */
    PACK_BITS = 6,
    TICKS_PER_S = 10,
    FILL_IN_FLIGHT = 2048,
    FILL_MAX_S = 60,
    WAIT_MS = 1,
};
_Static_assert(sizeof lock_form == sizeof release_form, "records of one size");
_Static_assert(1 << PACK_BITS == STORM_PACK, "a place in a message fits the request id");

#define ASK_LOCK    (UINT32_C(0) << 30)
#define ASK_RELEASE (UINT32_C(1) << 30)
#define ASK_RIVAL   (UINT32_C(2) << 30)
#define ASK_SEAT    ((UINT32_C(1) << 30) - 1)

static int64_t
storm_now_ns(void)
{
    return load_now_ns(CLOCK_MONOTONIC);
}

static int
storm_fault(storm_t *self, const char *what)
{
    if (!self->error[0])
        snprintf(self->error, sizeof self->error, "%s: %s", what, zmq_strerror(zmq_errno()));
    return -1;
}

int
storm_open(storm_t *self, void *context, const storm_options_t *options)
{
    *self = (storm_t){ .options = *options, .context = context };
    self->messages = calloc(STORM_MESSAGES, sizeof *self->messages);
    if (!self->messages || !stock_init(&self->stock, options->showtimes * STORM_SEATS))
        return storm_fault(self, "no memory");
    for (uint32_t i = 0; i < options->connections; i++) {
        self->sockets[i] = control_connect(context, options->endpoint, NULL, NULL, self->error);
        if (!self->sockets[i])
            return -1;
        int most = (int)options->send_max;
        if (zmq_setsockopt(self->sockets[i], ZMQ_SNDHWM, &most, sizeof most))
            return storm_fault(self, "no high-water mark");
    }
    return 0;
}

void
storm_close(storm_t *self)
{
    for (uint32_t i = 0; i < STORM_CONNECTIONS_MAX; i++)
        if (self->sockets[i])
            zmq_close(self->sockets[i]);
    stock_clear(&self->stock);
    free(self->messages);
    *self = (storm_t){ 0 };
}

/* ------------------------------------------------------------------ commands out */

static void
storm_put_u32(uint8_t *at, uint32_t value)
{
    put_u32(at, __builtin_bswap32(value));
}

/* What to ask next, and about which seat; false when there is nothing. */
static bool
storm_choose(storm_t *self, uint32_t place, uint32_t *command)
{
    uint32_t seat;
    bool rival = !self->filling && place % RIVAL_EVERY == RIVAL_EVERY - 1;
    if (rival && stock_take_held(&self->stock, &seat)) {
        *command = ASK_RIVAL | seat;
        return true;
    }
    self->release = !self->filling && !self->release;
    if (self->release && stock_take_held(&self->stock, &seat)) {
        *command = ASK_RELEASE | seat;
        return true;
    }
    *command = ASK_LOCK;
    if (stock_take_free(&self->stock, &seat)) {
        *command |= seat;
        return true;
    }
    return false;
}

/* Neighbours in the stock are of different showtimes, so the work is spread. */
static uint64_t
storm_showtime(const storm_t *self, uint32_t seat)
{
    return self->options.base + seat % self->options.showtimes;
}

static void
storm_write(const storm_t *self, uint8_t *to, uint32_t command, uint64_t request,
            int64_t deadline_ms)
{
    uint32_t seat = command & ASK_SEAT, ask = command & ~ASK_SEAT;
    bool release = ask == ASK_RELEASE;
    wire_header_t header = { .kind = WIRE_COMMAND,
                             .operation = release ? OP_SEATS_RELEASE : OP_SEATS_LOCK,
                             .key = storm_showtime(self, seat),
                             .request = request,
                             .moment = deadline_ms };
    (void)wire_put(to, &header, release ? release_form : lock_form, FORM_SIZE);
    uint8_t *body = to + WIRE_PREFIX_SIZE + WIRE_HEADER_SIZE;
    storm_put_u32(body + USER_AT, ask == ASK_RIVAL ? RIVAL_USERS + seat : seat + 1);
    if (release) {
        storm_put_u32(body + LOCK_AT, self->stock.locks[seat]);
    } else {
        uint32_t number = seat / self->options.showtimes + 1;
        body[SEAT_AT] = (uint8_t)(number >> 8);
        body[SEAT_AT + 1] = (uint8_t)number;
    }
}

/* A command was not carried out: its seat is as it was. */
static void
storm_undo(storm_t *self, uint32_t command)
{
    uint32_t seat = command & ASK_SEAT;
    if ((command & ~ASK_SEAT) == ASK_LOCK)
        stock_put_free(&self->stock, seat);
    else
        stock_put_held(&self->stock, seat, self->stock.locks[seat]);
}

/* The next connection that takes a message; NULL when all are at their high-water mark. Then none
 * is asked again in this turn of the loop: the storm must not wear its own processor out. */
static void *
storm_connection(storm_t *self)
{
    if (self->full)
        return NULL;
    for (uint32_t i = 0; i < self->options.connections; i++) {
        void *socket = self->sockets[self->turn];
        self->turn = (self->turn + 1) % self->options.connections;
        int events = 0;
        size_t size = sizeof events;
        if (zmq_getsockopt(socket, ZMQ_EVENTS, &events, &size) == 0 && (events & ZMQ_POLLOUT))
            return socket;
    }
    self->full = true;
    return NULL;
}

/* Make a message and send it; false when no connection takes one or there is nothing to ask. */
static bool
storm_send(storm_t *self, int64_t intended_ns, int64_t now_ns)
{
    self->count.offered += STORM_PACK;
    void *socket = storm_connection(self);
    if (!socket) {
        self->count.not_taken += STORM_PACK;
        return false;
    }
    storm_message_t *message = &self->messages[(self->serial + 1) % STORM_MESSAGES];
    zmq_msg_t frame;
    if (message->unanswered || zmq_msg_init_size(&frame, (size_t)STORM_PACK * RECORD_SIZE) != 0) {
        self->count.short_of_seats += STORM_PACK;
        return false;
    }
    message->serial = ++self->serial;
    message->intended_ns = intended_ns;
    message->deadline_ns = now_ns + (int64_t)self->options.deadline_ms * 1000000;
    int64_t deadline_ms = load_now_ns(CLOCK_REALTIME) / 1000000 + self->options.deadline_ms;
    uint8_t *bytes = zmq_msg_data(&frame);
    for (uint32_t i = 0; i < STORM_PACK; i++) {
        if (!storm_choose(self, i, &message->commands[i])) {
            for (uint32_t k = 0; k < i; k++)
                storm_undo(self, message->commands[k]);
            self->count.short_of_seats += STORM_PACK;
            zmq_msg_close(&frame);
            return false;
        }
        storm_write(self, bytes + i * RECORD_SIZE, message->commands[i],
                    message->serial << PACK_BITS | i, deadline_ms);
    }
    if (zmq_msg_send(&frame, socket, ZMQ_DONTWAIT) < 0) {
        zmq_msg_close(&frame);
        for (uint32_t i = 0; i < STORM_PACK; i++)
            storm_undo(self, message->commands[i]);
        self->count.not_taken += STORM_PACK;
        return false;
    }
    message->unanswered = UINT64_MAX;
    self->count.sent += STORM_PACK;
    self->in_flight += STORM_PACK;
    return true;
}

/* ------------------------------------------------------------------ answers in */

/* The one right meaning of an answer; everything else is the server's mistake. */
static void
storm_settle(storm_t *self, uint32_t command, const wire_record_t *record)
{
    uint32_t seat = command & ASK_SEAT, ask = command & ~ASK_SEAT;
    status_t status = record->header.status;
    mp_t at;
    uint64_t lock;
    if (status == STATUS_BUSY || status == STATUS_EXPIRED || status == STATUS_UNAVAILABLE) {
        storm_undo(self, command);
    } else if (ask == ASK_RELEASE && status == STATUS_OK) {
        stock_put_free(&self->stock, seat);
    } else if (ask == ASK_RIVAL && status == STATUS_SEAT_LOCKED) {
        storm_undo(self, command);
    } else if (ask == ASK_LOCK && status == STATUS_OK &&
               mp_find(record->body, record->body_size, "lock", &at) && mp_read_uint(&at, &lock)) {
        stock_put_held(&self->stock, seat, (uint32_t)lock);
    } else {
        if (ask == ASK_RIVAL && status == STATUS_OK)
            self->sold_twice++;
        self->wrong++;
        stock_put_unknown(&self->stock, seat);
    }
}

static void
storm_answer(storm_t *self, const wire_record_t *record, int64_t now_ns)
{
    uint64_t serial = record->header.request >> PACK_BITS;
    uint32_t place = (uint32_t)record->header.request & (STORM_PACK - 1);
    storm_message_t *message = &self->messages[serial % STORM_MESSAGES];
    if (record->header.kind != WIRE_REPLY || message->serial != serial) {
        self->unknown++;
        return;
    }
    if (!(message->unanswered >> place & 1)) {
        self->twice++;
        return;
    }
    message->unanswered &= ~(UINT64_C(1) << place);
    self->in_flight--;
    storm_count_t *count = &self->count;
    status_t status = record->header.status;
    count->answered++;
    count->by_status[status < STORM_STATUS_MAX ? status : STORM_STATUS_MAX - 1]++;
    uint64_t took = (uint64_t)(now_ns - message->intended_ns);
    if (status == STATUS_OK || status >= STATUS_UNKNOWN_SHOWTIME) {
        count->ok += status == STATUS_OK;
        count->refused += status != STATUS_OK;
        count->good += now_ns <= message->deadline_ns;
        count->late += now_ns > message->deadline_ns;
        histogram_add(&count->accepted, took);
    } else {
        histogram_add(&count->turned, took);
    }
    storm_settle(self, message->commands[place], record);
}

/* Take what has come; how many messages. */
static uint32_t
storm_receive(storm_t *self)
{
    uint32_t taken = 0;
    self->full = false;
    zmq_msg_t frame;
    zmq_msg_init(&frame);
    for (uint32_t i = 0; i < self->options.connections; i++) {
        for (uint32_t k = 0; k < 64; k++) {
            if (zmq_msg_recv(&frame, self->sockets[i], ZMQ_DONTWAIT) < 0)
                break;
            int64_t now_ns = storm_now_ns();
            size_t at = 0, size = zmq_msg_size(&frame);
            wire_record_t record;
            taken++;
            while (at < size && wire_next(zmq_msg_data(&frame), size, &at, &record) == STATUS_OK)
                storm_answer(self, &record, now_ns);
            self->wrong += at < size;
        }
    }
    zmq_msg_close(&frame);
    return taken;
}

/* Sleep until an answer is there, at most WAIT_MS. */
static int
storm_wait(storm_t *self)
{
    zmq_pollitem_t items[STORM_CONNECTIONS_MAX];
    for (uint32_t i = 0; i < self->options.connections; i++)
        items[i] = (zmq_pollitem_t){ .socket = self->sockets[i], .events = ZMQ_POLLIN };
    if (zmq_poll(items, (int)self->options.connections, WAIT_MS) < 0 && errno != EINTR)
        return storm_fault(self, "cannot wait");
    return 0;
}

/* ------------------------------------------------------------------ loops */

int
storm_closed(storm_t *self, uint32_t in_flight, double seconds)
{
    int64_t end_ns = storm_now_ns() + (int64_t)(seconds * 1e9), now_ns;
    while ((now_ns = storm_now_ns()) < end_ns) {
        while (self->in_flight + STORM_PACK <= in_flight && storm_send(self, now_ns, now_ns))
            ;
        if (storm_receive(self) == 0 && storm_wait(self))
            return -1;
    }
    return 0;
}

int
storm_fill(storm_t *self)
{
    int result = 0;
    int64_t end_ns = storm_now_ns() + (int64_t)FILL_MAX_S * 1000000000;
    self->filling = true;
    while (result == 0 && self->stock.held.count < self->stock.count / 2) {
        if (storm_now_ns() > end_ns) {
            errno = ETIMEDOUT;
            result = storm_fault(self, "the seats cannot be filled");
        } else {
            result = storm_closed(self, FILL_IN_FLIGHT, 0.01);
        }
    }
    self->filling = false;
    return result;
}

int
storm_offer(storm_t *self, double rate, double seconds, void (*tick)(void *argument),
            void *argument)
{
    int64_t begin_ns = storm_now_ns(), end_ns = begin_ns + (int64_t)(seconds * 1e9), now_ns;
    int64_t tick_ns = begin_ns;
    uint64_t messages = 0;
    while ((now_ns = storm_now_ns()) < end_ns) {
        if (tick && now_ns >= tick_ns) {
            tick(argument);
            tick_ns += 1000000000 / TICKS_PER_S;
        }
        /* What is behind its time is offered too, between looks at the answers. */
        double due = (double)(now_ns - begin_ns) / 1e9 * rate / STORM_PACK;
        uint32_t sent = 0;
        for (; (double)messages < due && sent < 256; messages++, sent++)
            (void)storm_send(self, begin_ns + (int64_t)((double)messages * STORM_PACK / rate * 1e9),
                             now_ns);
        if (storm_receive(self) == 0 && sent == 0 && storm_wait(self))
            return -1;
    }
    return 0;
}

double
storm_drain(storm_t *self, double seconds_max, uint64_t *lost)
{
    int64_t begin_ns = storm_now_ns();
    while (self->in_flight && storm_now_ns() < begin_ns + (int64_t)(seconds_max * 1e9))
        if (storm_receive(self) == 0 && storm_wait(self))
            break;
    double took = (double)(storm_now_ns() - begin_ns) / 1e9;
    *lost = self->in_flight;
    for (uint32_t i = 0; self->in_flight && i < STORM_MESSAGES; i++) {
        storm_message_t *message = &self->messages[i];
        for (uint32_t k = 0; k < STORM_PACK; k++)
            if (message->unanswered >> k & 1)
                stock_put_unknown(&self->stock, message->commands[k] & ASK_SEAT);
        message->unanswered = 0;
    }
    self->in_flight = 0;
    return took;
}

void
storm_mark(storm_t *self, storm_count_t *count)
{
    *count = self->count;
    self->count = (storm_count_t){ 0 };
}
