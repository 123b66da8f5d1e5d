/* client - calls and their time; see marquee.h for the contract, client.h for the inside. */
#include "clients/client.h"
#include "broker/operation.h"
#include "broker/status.h"
#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define CLIENT_VERSION "0.1.0"

_Static_assert((int)MARQUEE_BODY_MAX == WIRE_RECORD_MAX - WIRE_HEADER_SIZE,
               "a body fits its record");
_Static_assert((int)MARQUEE_TIMEOUT_MAX_MS < WIRE_DEADLINE_HORIZON_MS,
               "deadlines are within bounds");

int64_t
client_clock_ms(clockid_t clock)
{
    struct timespec now;
    int fault = clock_gettime(clock, &now);
    assert(fault == 0);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t
client_now_ms(void)
{
    return client_clock_ms(CLOCK_MONOTONIC);
}

void
client_enqueue(marquee_t *self, slot_t *slot)
{
    if (slot->queued)
        return;
    slot->queued = true;
    queue_push(self, &self->queue, slot);
}

void
client_due(marquee_t *self, int64_t due_ms)
{
    if (due_ms < self->due_ms)
        self->due_ms = due_ms;
}

void
client_finish(marquee_t *self, slot_t *slot, marquee_reply_t *reply)
{
    marquee_reply_fn *done = slot->done;
    void *argument = slot->argument;
    reply->operation = slot->operation;
    reply->key = slot->key;
    reply->request = slot->request;
    if (slot->queued)
        queue_remove(self, &self->queue, slot);
    slot->queued = false;
    slot->request = 0;
    self->in_flight--;
    if (!done)
        return;
    bool nested = self->in_callback;
    self->in_callback = true;
    done(argument, reply);
    self->in_callback = nested;
}

static uint16_t
client_silence(const marquee_t *self, const slot_t *slot)
{
    if (slot->pending)
        return STATUS_PENDING;
    if (slot->sends)
        return MARQUEE_NO_ANSWER;
    return self->hello_status ? self->hello_status : MARQUEE_NOT_SENT;
}

/* Give up or send again whatever is due. All slots are looked at, but only when the first of them
 * can be due, and a repeat is rare. */
static int
client_sweep(marquee_t *self, int64_t now_ms)
{
    if (now_ms < self->due_ms && !self->hello_status)
        return 0;
    int ran = 0;
    self->due_ms = INT64_MAX;
    for (uint32_t i = 0; i <= self->slot_mask; i++) {
        slot_t *slot = &self->slots[i];
        if (!slot->request)
            continue;
        bool hopeless = self->hello_status && slot->sends == 0;
        if (now_ms >= slot->give_up_ms || hopeless) {
            marquee_reply_t reply = { .status = client_silence(self, slot) };
            client_finish(self, slot, &reply);
            ran++;
            continue;
        }
        if (!slot->queued && now_ms >= slot->again_ms) {
            slot->doubt = true;
            client_enqueue(self, slot);
        }
        int64_t next_ms = slot->queued ? slot->give_up_ms : slot->again_ms;
        client_due(self, next_ms < slot->give_up_ms ? next_ms : slot->give_up_ms);
    }
    return ran;
}

/* Is there a hello to say, now or later? Who is told things says it again and again. */
static bool
client_greets(const marquee_t *self)
{
    return self->tell || (!self->greeted && self->in_flight);
}

static int64_t
client_next_ms(const marquee_t *self)
{
    bool idle = !client_greets(self) || self->blocked || self->hello_status;
    return idle || self->hello_ms > self->due_ms ? self->due_ms : self->hello_ms;
}

int
marquee_wait_ms(const marquee_t *self)
{
    int64_t wait_ms = client_next_ms(self) - client_now_ms();
    return wait_ms <= 0 ? 0 : wait_ms > INT_MAX ? INT_MAX : (int)wait_ms;
}

static int
client_turn(marquee_t *self)
{
    int64_t now_ms = client_now_ms();
    if (client_greets(self) && client_hello(self, now_ms))
        return -1;
    if (self->greeted && client_flush(self, now_ms))
        return -1;
    int answers = client_take_answers(self, now_ms);
    int events = client_take_events(self, now_ms);
    if (answers < 0 || events < 0)
        return -1;
    int swept = client_sweep(self, now_ms);
    /* What the answers set free or asked for goes out in the same turn. */
    if (self->greeted && client_flush(self, now_ms))
        return -1;
    return answers + events + swept;
}

int
marquee_poll(marquee_t *self, int timeout_ms)
{
    assert(!self->in_callback);
    int64_t until_ms = timeout_ms < 0 ? INT64_MAX : client_now_ms() + timeout_ms;
    for (;;) {
        int ran = client_turn(self);
        if (ran)
            return ran;
        int64_t now_ms = client_now_ms();
        int64_t next_ms = client_next_ms(self);
        if (now_ms >= until_ms)
            return 0;
        int64_t wait_ms = (next_ms < until_ms ? next_ms : until_ms) - now_ms;
        wait_ms = wait_ms < 0 ? 0 : wait_ms > INT_MAX ? INT_MAX : wait_ms;
        bool sending = self->blocked && (self->in_flight || self->tell);
        if (link_wait(&self->link, sending, (long)wait_ms))
            return errno == EINTR ? 0 : -1;
    }
}

/* A free slot: requests count up, and one whose place is taken is left out. */
static slot_t *
client_take_slot(marquee_t *self)
{
    for (;;) {
        uint64_t request = self->request_next++;
        slot_t *slot = &self->slots[request & self->slot_mask];
        if (request == 0 || slot->request)
            continue;
        slot->request = request;
        return slot;
    }
}

/* Room for a record is kept with its slot, so a client that runs does not allocate. */
static bool
slot_reserve(slot_t *slot, size_t size)
{
    if (size <= slot->room)
        return true;
    size_t room = slot->room ? slot->room : CLIENT_RECORD_MIN;
    while (room < size)
        room *= 2;
    uint8_t *record = realloc(slot->record, room);
    if (!record)
        return false;
    slot->record = record;
    slot->room = (uint32_t)room;
    return true;
}

int
marquee_call(marquee_t *self, uint16_t operation, uint64_t key, const marquee_body_t *body,
             uint32_t timeout_ms, marquee_reply_fn *done, void *argument)
{
    size_t body_size = body ? body->size : 0;
    if (body && (body->overflow || body_size > MARQUEE_BODY_MAX)) {
        errno = EMSGSIZE;
        return -1;
    }
    if (operation == 0 || operation == OP_HELLO || self->in_flight == self->in_flight_max) {
        errno = operation == 0 || operation == OP_HELLO ? EINVAL : EAGAIN;
        return -1;
    }
    slot_t *slot = client_take_slot(self);
    if (!slot_reserve(slot, wire_size((uint32_t)body_size))) {
        slot->request = 0;
        errno = ENOMEM;
        return -1;
    }
    timeout_ms = timeout_ms ? timeout_ms : self->timeout_ms;
    if (timeout_ms > MARQUEE_TIMEOUT_MAX_MS)
        timeout_ms = MARQUEE_TIMEOUT_MAX_MS;
    uint8_t *record = slot->record;
    uint32_t room = slot->room;
    *slot = (slot_t){ .request = slot->request,
                      .key = key,
                      .operation = operation,
                      .done = done,
                      .argument = argument,
                      .give_up_ms = client_now_ms() + timeout_ms,
                      .record = record,
                      .room = room };
    wire_header_t header = {
        .kind = WIRE_COMMAND, .operation = operation, .key = key, .request = slot->request
    };
    slot->size = (uint32_t)wire_put(record, &header, body ? body->data : NULL, (uint32_t)body_size);
    self->in_flight++;
    client_due(self, slot->give_up_ms);
    client_enqueue(self, slot);
    return 0;
}

typedef struct {
    marquee_t *client;
    marquee_reply_t *reply;
    bool done, short_of_memory;
} ask_t;

static void
ask_done(void *argument, const marquee_reply_t *reply)
{
    ask_t *ask = argument;
    marquee_t *self = ask->client;
    ask->done = true;
    *ask->reply = *reply;
    if (reply->body_size > self->answer_room) {
        uint8_t *answer = realloc(self->answer, reply->body_size);
        if (!answer) {
            ask->short_of_memory = true;
            return;
        }
        self->answer = answer;
        self->answer_room = reply->body_size;
    }
    if (reply->body_size)
        memcpy(self->answer, reply->body, reply->body_size);
    ask->reply->body = self->answer;
}

/* A fault of the sockets while a call waits leaves it in flight; it must not find `ask` gone. */
static void
ask_abandon(marquee_t *self, const ask_t *ask)
{
    for (uint32_t i = 0; i <= self->slot_mask; i++)
        if (self->slots[i].request && self->slots[i].argument == ask)
            self->slots[i].done = NULL;
}

int
marquee_ask(marquee_t *self, uint16_t operation, uint64_t key, const marquee_body_t *body,
            uint32_t timeout_ms, marquee_reply_t *reply)
{
    marquee_reply_t unused;
    ask_t ask = { .client = self, .reply = reply ? reply : &unused };
    if (marquee_call(self, operation, key, body, timeout_ms, ask_done, &ask))
        return -1;
    while (!ask.done) {
        if (marquee_poll(self, -1) < 0) {
            int saved = errno;
            ask_abandon(self, &ask);
            errno = saved;
            return -1;
        }
    }
    if (ask.short_of_memory) {
        errno = ENOMEM;
        return -1;
    }
    return ask.reply->status;
}

static int
client_topic(marquee_t *self, int option, uint8_t kind, uint64_t key)
{
    if (!self->link.events) {
        errno = ENOTCONN;
        return -1;
    }
    uint8_t topic[CLIENT_TOPIC_SIZE] = { kind };
    for (int i = 0; i < 8; i++)
        topic[1 + i] = (uint8_t)(key >> (56 - 8 * i));
    return zmq_setsockopt(self->link.events, option, topic, sizeof topic);
}

int
marquee_follow(marquee_t *self, uint64_t showtime)
{
    return client_topic(self, ZMQ_SUBSCRIBE, 'S', showtime);
}

int
marquee_unfollow(marquee_t *self, uint64_t showtime)
{
    return client_topic(self, ZMQ_UNSUBSCRIBE, 'S', showtime);
}

int
marquee_follow_partition(marquee_t *self, uint32_t partition)
{
    return client_topic(self, ZMQ_SUBSCRIBE, 'P', partition);
}

int
marquee_follow_cinema(marquee_t *self, uint64_t cinema)
{
    return client_topic(self, ZMQ_SUBSCRIBE, 'C', cinema);
}

int
marquee_unfollow_cinema(marquee_t *self, uint64_t cinema)
{
    return client_topic(self, ZMQ_UNSUBSCRIBE, 'C', cinema);
}

void
marquee_on_event(marquee_t *self, marquee_event_fn *event, void *argument)
{
    self->event = event;
    self->event_argument = argument;
}

void
marquee_on_tell(marquee_t *self, marquee_event_fn *tell, void *argument)
{
    self->tell = tell;
    self->tell_argument = argument;
    self->hello_ms = 0;
}

int
marquee_fd(const marquee_t *self)
{
    return self->link.fd;
}

uint32_t
marquee_in_flight(const marquee_t *self)
{
    return self->in_flight;
}

bool
marquee_connected(const marquee_t *self)
{
    return self->greeted && link_writable(&self->link);
}

uint32_t
marquee_partitions(const marquee_t *self)
{
    return self->map.partitions;
}

uint32_t
marquee_programmes(const marquee_t *self)
{
    return self->map.programmes;
}

uint32_t
marquee_members(const marquee_t *self)
{
    return self->map.members;
}

const char *
marquee_role(const marquee_t *self)
{
    return self->role;
}

uint32_t
marquee_partition_of(const marquee_t *self, uint64_t showtime)
{
    assert(self->map.partitions > 0);
    return shard_of(showtime, self->map.partitions);
}

const char *
marquee_version(void)
{
    return CLIENT_VERSION;
}

marquee_t *
marquee_new(const marquee_options_t *options)
{
    const marquee_options_t defaults = { .endpoint = NULL };
    options = options ? options : &defaults;
    marquee_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->link.fd = -1;
    self->in_flight_max = options->in_flight_max ? options->in_flight_max : CLIENT_IN_FLIGHT;
    self->timeout_ms = options->timeout_ms ? options->timeout_ms : MARQUEE_TIMEOUT_MS;
    self->resend_ms = options->resend_ms ? options->resend_ms : CLIENT_RESEND_MS;
    self->retry_ms = CLIENT_RETRY_MS;
    self->retry = options->retry;
    self->request_next = options->first_request ? options->first_request : 1;
    self->due_ms = INT64_MAX;
    self->clock_ms = client_clock_ms(CLOCK_REALTIME) - client_now_ms();
    self->queue = (queue_t){ CLIENT_NOBODY, CLIENT_NOBODY };
    uint32_t slots = 2;
    while (slots < self->in_flight_max && slots < UINT32_C(1) << 30)
        slots *= 2;
    slots *= 2; /* twice as many places as calls: a free one is never far */
    self->slot_mask = slots - 1;
    self->slots = calloc(slots, sizeof *self->slots);
    bool good = self->slots != NULL;
    if (options->client)
        memcpy(self->client, options->client, sizeof self->client);
    else
        good = good && getrandom(self->client, sizeof self->client, 0) == sizeof self->client;
    good = good && link_open(&self->link, options) == 0;
    if (!good) {
        int saved = errno;
        marquee_destroy(&self);
        errno = saved;
    }
    return self;
}

void
marquee_destroy(marquee_t **self_p)
{
    marquee_t *self = *self_p;
    if (!self)
        return;
    assert(!self->in_callback);
    *self_p = NULL;
    link_close(&self->link);
    for (uint32_t i = 0; self->slots && i <= self->slot_mask; i++)
        free(self->slots[i].record);
    free(self->slots);
    free(self->answer);
    free(self);
}
