/* stage - a broker, and beside it the partition that a test plays by hand: it tells the sender what
 * lines of standard input say, and prints what the sender answers.
 *
 *     tell NUMBER PHONE code|text UNTIL_MS VALUE      VALUE goes up to the end of the line
 *     again NUMBER                                    the last tell of that number once more
 *     deaf, hearing                                   answers are not, or are, taken
 *     restart                                         the broker ends, and begins anew in its place
 *
 * Prints "ready ENDPOINT", then "settle KEY NUMBER OUTCOME" for each answer, and "done" behind each
 * line that was read. */
#include "broker/broker.h"
#include "broker/operation.h"
#include "broker/status.h"
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { STAGE_TELLS = 64, STAGE_FRAME = 4096, STAGE_LINE = 2048, STAGE_BEAT_MS = 300 };

typedef struct {
    broker_options_t options;
    zactor_t *broker;
    zsock_t *actor;
    char senders[128];
    bool deaf;
    struct {
        uint8_t frame[STAGE_FRAME];
        size_t size;
    } tells[STAGE_TELLS];
} stage_t;

static void
stage_send(stage_t *self, const void *frame, size_t size)
{
    int rc = zmq_send(zsock_resolve(self->actor), frame, size, 0);
    assert(rc == (int)size);
}

static void
stage_say(stage_t *self, wire_kind_t kind)
{
    uint8_t frame[256], body[64];
    pack_t pack;
    pack_init(&pack, body, sizeof body);
    pack_map(&pack, 1);
    pack_key_uint(&pack, "partitions", 1);
    wire_route_t route = { 0 };
    wire_header_t header = { .kind = (uint8_t)kind };
    stage_send(self, frame, wire_put_routed(frame, &route, &header, body, (uint32_t)pack.size));
}

/* Begin, the first time at a free port, later where it was. */
static void
stage_begin(stage_t *self)
{
    char *clients, *events, *secure, *bridges, *senders;
    self->options.senders = *self->senders ? self->senders : "tcp://127.0.0.1:*";
    self->broker = zactor_new(broker_actor, &self->options);
    int rc = self->broker ? zsock_wait(self->broker) : -1;
    assert(rc == 0);
    zstr_sendx(self->broker, "ENDPOINTS", NULL);
    rc = zstr_recvx(self->broker, &clients, &events, &secure, &bridges, &senders, NULL);
    assert(rc == 5);
    snprintf(self->senders, sizeof self->senders, "%s", senders);
    zstr_free(&clients);
    zstr_free(&events);
    zstr_free(&secure);
    zstr_free(&bridges);
    zstr_free(&senders);
    self->actor = zsock_new_dealer(BROKER_INSIDE);
    assert(self->actor);
    stage_say(self, WIRE_READY);
}

static void
stage_end(stage_t *self)
{
    zsock_destroy(&self->actor);
    zactor_destroy(&self->broker);
}

static void
stage_answer(stage_t *self, const wire_route_t *route, const wire_record_t *record)
{
    command_t command;
    field_t field;
    uint8_t frame[256];
    if (command_decode(&command, record, route, &field) != STATUS_OK ||
        record->header.operation != OP_MESSAGE_SETTLE || self->deaf)
        return;
    const value_t *outcome = command_value(&command, FIELD_OUTCOME);
    printf("settle %" PRIu64 " %" PRIu64 " %.*s\n", command.key,
           command_number(&command, FIELD_TELL, 0), (int)outcome->text.size, outcome->text.data);
    wire_header_t header = record->header;
    header.kind = WIRE_REPLY;
    header.moment = 1;
    stage_send(self, frame, wire_put_routed(frame, route, &header, NULL, 0));
}

static void
stage_receive(stage_t *self)
{
    uint8_t frame[STAGE_FRAME];
    for (int size;
         (size = zmq_recv(zsock_resolve(self->actor), frame, sizeof frame, ZMQ_DONTWAIT)) >= 0;) {
        size_t at = 0;
        wire_route_t route;
        wire_record_t record;
        assert(size <= (int)sizeof frame);
        while (at < (size_t)size &&
               wire_next_routed(frame, (size_t)size, &at, &route, &record) == STATUS_OK)
            stage_answer(self, &route, &record);
    }
}

static bool
stage_tell(stage_t *self, const char *line)
{
    char phone[64], kind[8];
    int64_t until_ms;
    uint64_t number;
    int value_at = 0;
    if (sscanf(line, "tell %" SCNu64 " %63s %7s %" SCNd64 " %n", &number, phone, kind, &until_ms,
               &value_at) != 4 ||
        number >= STAGE_TELLS)
        return false;
    uint8_t body[STAGE_LINE + 256];
    pack_t pack;
    pack_init(&pack, body, sizeof body);
    pack_map(&pack, 3);
    pack_key_str(&pack, "phone", phone);
    pack_key_str(&pack, kind, line + value_at);
    pack_key_int(&pack, "until_ms", until_ms);
    wire_route_t route = { 0 };
    wire_header_t header = { .kind = WIRE_TELL, .operation = OP_MESSAGE_SEND, .request = number };
    self->tells[number].size =
        wire_put_routed(self->tells[number].frame, &route, &header, body, (uint32_t)pack.size);
    stage_send(self, self->tells[number].frame, self->tells[number].size);
    return true;
}

static bool
stage_line(stage_t *self, const char *line)
{
    uint64_t number;
    if (strncmp(line, "tell ", 5) == 0)
        return stage_tell(self, line);
    if (sscanf(line, "again %" SCNu64, &number) == 1 && number < STAGE_TELLS) {
        stage_send(self, self->tells[number].frame, self->tells[number].size);
        return true;
    }
    if (strcmp(line, "restart") == 0) {
        stage_end(self);
        stage_begin(self);
        return true;
    }
    self->deaf = strcmp(line, "deaf") == 0;
    return self->deaf || strcmp(line, "hearing") == 0;
}

/* Lines that have come; false at the end of the input. */
static bool
stage_lines(stage_t *self)
{
    static char text[STAGE_LINE];
    static size_t size;
    ssize_t more = read(STDIN_FILENO, text + size, sizeof text - 1 - size);
    if (more <= 0)
        return false;
    size += (size_t)more;
    text[size] = 0;
    for (char *end; (end = strchr(text, '\n'));) {
        *end = 0;
        printf(stage_line(self, text) ? "done\n" : "what?\n");
        size -= (size_t)(end + 1 - text);
        memmove(text, end + 1, size + 1);
    }
    return true;
}

int
main(void)
{
    static stage_t self = { .options = { .clients = "tcp://127.0.0.1:*",
                                         .events = "tcp://127.0.0.1:*",
                                         .bridges = "",
                                         .secure_clients = "",
                                         .secure_events = "",
                                         .actors = "",
                                         .actor_events = "",
                                         .keys = "",
                                         .role = ROLE_ADMIN,
                                         .partitions = 1,
                                         .in_flight_max = 100,
                                         .retry_ms = 20 } };
    zsys_handler_set(NULL);
    setvbuf(stdout, NULL, _IOLBF, 0);
    stage_begin(&self);
    printf("ready %s\n", self.senders);
    for (;;) {
        zmq_pollitem_t items[] = { { .fd = STDIN_FILENO, .events = ZMQ_POLLIN },
                                   { .socket = zsock_resolve(self.actor), .events = ZMQ_POLLIN } };
        (void)zmq_poll(items, 2, STAGE_BEAT_MS);
        stage_receive(&self);
        if (items[0].revents && !stage_lines(&self))
            break;
        stage_say(&self, WIRE_HEARTBEAT);
    }
    stage_end(&self);
    return 0;
}
