/* control - see control.h for the contract. */
#include "clients/load/control.h"
#include "broker/mp.h"
#include "broker/operation.h"
#include "broker/status.h"
#include "clients/load/load.h"
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

enum {
    CONTROL_TIMEOUT_MS = 10000,
    CONTROL_DEADLINE_MS = 5000,
    CONTROL_WINDOW = 64, /* showtimes being opened at a time */
    CONTROL_BODY_MAX = 4096,
    CONTROL_OPEN_MAX_MS = 30000,
    CONTROL_SHOWTIME_MS = 3600 * 1000, /* starts in an hour; locks outlive every run */
};

static int64_t
control_wall_ms(void)
{
    return load_now_ns(CLOCK_REALTIME) / 1000000;
}

static void
control_nap(uint32_t ms)
{
    struct timespec nap = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 };
    (void)nanosleep(&nap, NULL);
}

/* Send one command as a message of its own. */
static int
control_send(void *socket, const wire_header_t *header, const void *body, uint32_t size)
{
    uint8_t frame[CONTROL_BODY_MAX + WIRE_PREFIX_SIZE + WIRE_HEADER_SIZE];
    assert(size <= CONTROL_BODY_MAX);
    size_t length = wire_put(frame, header, body, size);
    return zmq_send(socket, frame, length, 0) == (int)length ? 0 : -1;
}

/* Receive a message and read its record at *at; a message is kept while records are left in it. */
static int
control_receive(void *socket, zmq_msg_t *message, wire_record_t *record)
{
    if (zmq_msg_recv(message, socket, 0) < 0)
        return -1;
    size_t at = 0;
    return wire_next(zmq_msg_data(message), zmq_msg_size(message), &at, record) == STATUS_OK ? 0
                                                                                             : -1;
}

static bool
control_number(const wire_record_t *record, const char *key, uint64_t *value)
{
    mp_t at;
    return mp_find(record->body, record->body_size, key, &at) && mp_read_uint(&at, value);
}

static int
control_hello(void *socket, uint32_t *partitions, uint32_t *retry_ms, char *error)
{
    uint8_t client[16], body[64];
    if (getrandom(client, sizeof client, 0) != (ssize_t)sizeof client) {
        snprintf(error, CONTROL_ERROR_MAX, "no random bytes from the system");
        return -1;
    }
    pack_t pack;
    pack_init(&pack, body, sizeof body);
    pack_map(&pack, 1);
    pack_str(&pack, "client");
    pack_bin(&pack, client, sizeof client);
    wire_header_t header = { .kind = WIRE_COMMAND, .operation = OP_HELLO, .request = 1 };
    zmq_msg_t message;
    zmq_msg_init(&message);
    wire_record_t record;
    int result = -1;
    uint64_t count = 0, retry = 0;
    if (control_send(socket, &header, body, (uint32_t)pack.size) ||
        control_receive(socket, &message, &record))
        snprintf(error, CONTROL_ERROR_MAX, "no answer to hello: %s", zmq_strerror(zmq_errno()));
    else if (record.header.status != STATUS_OK)
        snprintf(error, CONTROL_ERROR_MAX, "hello was refused: %s",
                 status_name(record.header.status));
    else if (!control_number(&record, "partitions", &count) || count == 0 || count > UINT16_MAX ||
             !control_number(&record, "busy_retry_ms", &retry) || retry > 10000)
        snprintf(error, CONTROL_ERROR_MAX, "the answer to hello is malformed");
    else
        result = 0;
    if (partitions)
        *partitions = (uint32_t)count;
    if (retry_ms)
        *retry_ms = (uint32_t)retry;
    zmq_msg_close(&message);
    return result;
}

void *
control_connect(void *context, const char *endpoint, uint32_t *partitions, uint32_t *retry_ms,
                char error[CONTROL_ERROR_MAX])
{
    void *socket = zmq_socket(context, ZMQ_DEALER);
    if (!socket) {
        snprintf(error, CONTROL_ERROR_MAX, "no socket: %s", zmq_strerror(zmq_errno()));
        return NULL;
    }
    int timeout = CONTROL_TIMEOUT_MS, none = 0;
    /* No high-water mark: what is under way is bounded by the commands in flight. */
    bool good = zmq_setsockopt(socket, ZMQ_RCVTIMEO, &timeout, sizeof timeout) == 0 &&
                zmq_setsockopt(socket, ZMQ_SNDTIMEO, &timeout, sizeof timeout) == 0 &&
                zmq_setsockopt(socket, ZMQ_LINGER, &none, sizeof none) == 0 &&
                zmq_setsockopt(socket, ZMQ_SNDHWM, &none, sizeof none) == 0 &&
                zmq_setsockopt(socket, ZMQ_RCVHWM, &none, sizeof none) == 0;
    if (!good || zmq_connect(socket, endpoint))
        snprintf(error, CONTROL_ERROR_MAX, "%.100s: %s", endpoint, zmq_strerror(zmq_errno()));
    else if (control_hello(socket, partitions, retry_ms, error) == 0)
        return socket;
    zmq_close(socket);
    return NULL;
}

int
control_open(control_t *self, void *context, const char *endpoint)
{
    *self = (control_t){ .request = 1 };
    zmq_msg_init(&self->answer);
    self->socket =
        control_connect(context, endpoint, &self->partitions, &self->retry_ms, self->error);
    return self->socket ? 0 : -1;
}

void
control_close(control_t *self)
{
    zmq_msg_close(&self->answer);
    if (self->socket)
        zmq_close(self->socket);
    self->socket = NULL;
}

static bool
control_again(uint16_t status)
{
    return status == STATUS_BUSY || status == STATUS_UNAVAILABLE;
}

int
control_call(control_t *self, uint16_t operation, uint64_t key, const void *body, uint32_t size,
             wire_record_t *record)
{
    wire_header_t header = { .kind = WIRE_COMMAND, .operation = operation, .key = key };
    header.request = ++self->request;
    header.moment = control_wall_ms() + CONTROL_DEADLINE_MS;
    for (int tries = 0; tries < 200; tries++) {
        if (control_send(self->socket, &header, body, size) ||
            control_receive(self->socket, &self->answer, record)) {
            snprintf(self->error, sizeof self->error, "no answer to operation %u: %s", operation,
                     zmq_strerror(zmq_errno()));
            return -1;
        }
        if (!control_again(record->header.status))
            return 0;
        control_nap(self->retry_ms);
    }
    snprintf(self->error, sizeof self->error, "the server stays busy");
    return -1;
}

uint32_t
control_showtime_body(uint8_t *body, size_t room, uint64_t now_ms)
{
    pack_t pack;
    pack_init(&pack, body, room);
    pack_map(&pack, 12);
    pack_key_str(&pack, "title", "Load");
    pack_key_str(&pack, "hall", "Load hall");
    pack_key_uint(&pack, "starts_ms", now_ms + CONTROL_SHOWTIME_MS);
    pack_key_uint(&pack, "ends_ms", now_ms + 2 * CONTROL_SHOWTIME_MS);
    pack_key_uint(&pack, "opens_ms", now_ms - CONTROL_SHOWTIME_MS);
    pack_key_uint(&pack, "closes_ms", now_ms + CONTROL_SHOWTIME_MS);
    pack_key_uint(&pack, "cap", 16);
    pack_key_uint(&pack, "ttl_ms", CONTROL_LOCK_MS);
    pack_key_uint(&pack, "ceiling_ms", 2 * CONTROL_LOCK_MS);
    pack_key_bool(&pack, "gap_rule", false);
    pack_str(&pack, "zones");
    pack_array(&pack, 1);
    pack_array(&pack, 3);
    pack_str(&pack, "a");
    pack_str(&pack, "Load");
    pack_uint(&pack, 4500);
    pack_str(&pack, "rows");
    pack_array(&pack, LOAD_ROWS);
    for (uint32_t row = 0; row < LOAD_ROWS; row++) {
        char name[2] = { (char)('A' + row), 0 }, kinds[LOAD_COLUMNS], zones[LOAD_COLUMNS];
        memset(kinds, 's', sizeof kinds);
        memset(zones, 'a', sizeof zones);
        pack_array(&pack, 3);
        pack_str(&pack, name);
        pack_strn(&pack, kinds, sizeof kinds);
        pack_strn(&pack, zones, sizeof zones);
    }
    assert(!pack.overflow);
    return (uint32_t)pack.size;
}

/* Take the answers of one message; those that came too early are asked again. */
static int
control_opened(control_t *self, uint64_t base, const uint8_t *body, uint32_t size,
               uint32_t *waiting)
{
    if (zmq_msg_recv(&self->answer, self->socket, 0) < 0) {
        snprintf(self->error, sizeof self->error, "no answer to showtime.open: %s",
                 zmq_strerror(zmq_errno()));
        return -1;
    }
    size_t at = 0, length = zmq_msg_size(&self->answer);
    wire_record_t record;
    while (at < length) {
        if (wire_next(zmq_msg_data(&self->answer), length, &at, &record) != STATUS_OK) {
            snprintf(self->error, sizeof self->error, "a malformed answer");
            return -1;
        }
        uint16_t status = record.header.status;
        if (control_again(status)) {
            control_nap(self->retry_ms);
            wire_header_t header = { .kind = WIRE_COMMAND, .operation = OP_SHOWTIME_OPEN };
            header.key = base + (uint32_t)record.header.request;
            header.request = record.header.request;
            header.moment = control_wall_ms() + CONTROL_DEADLINE_MS;
            if (control_send(self->socket, &header, body, size))
                return -1;
            continue;
        }
        if (status != STATUS_OK && status != STATUS_SHOWTIME_EXISTS) {
            snprintf(self->error, sizeof self->error, "showtime.open was refused: %s",
                     status_name(status));
            return -1;
        }
        (*waiting)--;
    }
    return 0;
}

int
control_open_showtimes(control_t *self, uint64_t base, uint32_t from, uint32_t to)
{
    uint8_t body[CONTROL_BODY_MAX];
    uint32_t size = control_showtime_body(body, sizeof body, (uint64_t)control_wall_ms()),
             waiting = 0;
    int64_t end_ms = control_wall_ms() + CONTROL_OPEN_MAX_MS;
    while (from < to || waiting > 0) {
        if (control_wall_ms() > end_ms) {
            snprintf(self->error, sizeof self->error, "the showtimes take too long to open");
            return -1;
        }
        if (from < to && waiting < CONTROL_WINDOW) {
            wire_header_t header = { .kind = WIRE_COMMAND, .operation = OP_SHOWTIME_OPEN };
            header.key = base + from;
            /* The high half keeps these apart from the calls', the low half says which one. */
            header.request = UINT64_C(1) << 32 | from;
            header.moment = control_wall_ms() + CONTROL_DEADLINE_MS;
            if (control_send(self->socket, &header, body, size))
                return -1;
            from++;
            waiting++;
        } else if (control_opened(self, base, body, size, &waiting)) {
            return -1;
        }
    }
    return 0;
}

int
control_stats(control_t *self, control_stats_t *stats)
{
    *stats = (control_stats_t){ 0 };
    for (uint32_t i = 0; i < self->partitions; i++) {
        wire_record_t record;
        if (control_call(self, OP_STATS, i, NULL, 0, &record))
            return -1;
        if (record.header.status != STATUS_OK)
            continue; /* an echo server counts nothing */
        uint64_t value;
        stats->commands += control_number(&record, "commands", &value) ? value : 0;
        stats->entries += control_number(&record, "entries", &value) ? value : 0;
        stats->appends += control_number(&record, "appends", &value) ? value : 0;
    }
    return 0;
}
