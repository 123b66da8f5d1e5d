/* stage - a broker, and beside it the partition that a test plays by hand: it tells the sender what
 * lines of standard input say, and prints what the sender answers; it tells bridges of tokens that
 * were taken back.
 *
 *     tell NUMBER PHONE code|text UNTIL_MS VALUE      VALUE goes up to the end of the line
 *     again NUMBER                                    the last tell of that number once more
 *     deaf, hearing                                   answers are not, or are, taken
 *     revoke KIND NAME AT UNTIL                       an entry, and the event; KIND is 0 sub, 1
 * jti, 2 sid unsaid KIND NAME AT UNTIL                       an entry whose event was lost forget
 * there are no entries any more restart                                         the broker ends,
 * and begins anew in its place
 *
 * Prints "ready SENDERS BRIDGES EVENTS", then "settle KEY NUMBER OUTCOME" for each answer, and
 * "done" behind each line that was read. */
#include "broker/broker.h"
#include "broker/operation.h"
#include "broker/status.h"
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    STAGE_TELLS = 64,
    STAGE_ENTRIES = 64,
    STAGE_PAGE = 3,
    STAGE_FRAME = 4096,
    STAGE_LINE = 2048,
    STAGE_BEAT_MS = 300,
    STAGE_TRIES = 200,
    STAGE_PAUSE_MS = 20
};

typedef struct {
    broker_options_t options;
    zactor_t *broker;
    zsock_t *actor, *events;
    char senders[128], bridges[128], public[128];
    bool deaf;
    uint32_t entry_count;
    struct {
        uint64_t kind, at_s, until_s;
        char name[64];
    } entries[STAGE_ENTRIES];
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
    static const char any[] = "tcp://127.0.0.1:*";
    self->options.senders = *self->senders ? self->senders : any;
    self->options.bridges = *self->bridges ? self->bridges : any;
    self->options.events = *self->public ? self->public : any;
    /* The ports of the one before may be closed a moment later. */
    int rc = -1;
    for (int tries = 0; rc != 0 && tries < STAGE_TRIES; tries++) {
        zactor_destroy(&self->broker);
        if (tries > 0)
            zclock_sleep(STAGE_PAUSE_MS);
        self->broker = zactor_new(broker_actor, &self->options);
        rc = self->broker ? zsock_wait(self->broker) : -1;
    }
    assert(rc == 0);
    zstr_sendx(self->broker, "ENDPOINTS", NULL);
    rc = zstr_recvx(self->broker, &clients, &events, &secure, &bridges, &senders, NULL);
    assert(rc == 5);
    snprintf(self->senders, sizeof self->senders, "%s", senders);
    snprintf(self->bridges, sizeof self->bridges, "%s", bridges);
    snprintf(self->public, sizeof self->public, "%s", events);
    zstr_free(&clients);
    zstr_free(&events);
    zstr_free(&secure);
    zstr_free(&bridges);
    zstr_free(&senders);
    self->actor = zsock_new_dealer(BROKER_INSIDE);
    self->events = zsock_new(ZMQ_PUB);
    assert(self->actor && self->events);
    rc = zsock_connect(self->events, "%s", BROKER_INSIDE_EVENTS);
    assert(rc == 0);
    stage_say(self, WIRE_READY);
}

static void
stage_end(stage_t *self)
{
    zsock_destroy(&self->actor);
    zsock_destroy(&self->events);
    zactor_destroy(&self->broker);
}

static void
stage_reply(stage_t *self, const wire_route_t *route, const wire_record_t *record, status_t status,
            const pack_t *body)
{
    static uint8_t frame[STAGE_FRAME];
    wire_header_t header = record->header;
    header.kind = WIRE_REPLY;
    header.status = status;
    header.moment = 1;
    stage_send(self, frame,
               wire_put_routed(frame, route, &header, body ? body->data : NULL,
                               body ? (uint32_t)body->size : 0));
}

/* The entries of `first` to `last`, counted from 0, as they are told. */
static void
stage_pack_entries(const stage_t *self, pack_t *pack, uint32_t first, uint32_t last)
{
    pack_str(pack, "revoked");
    pack_array(pack, last - first);
    for (uint32_t i = first; i < last; i++) {
        pack_array(pack, 4);
        pack_uint(pack, self->entries[i].kind);
        pack_str(pack, self->entries[i].name);
        pack_uint(pack, self->entries[i].at_s);
        pack_uint(pack, self->entries[i].until_s);
    }
}

/* Few a page, so that pages are turned. */
static void
stage_revoked(stage_t *self, const wire_route_t *route, const wire_record_t *record,
              const command_t *command)
{
    uint8_t body[STAGE_FRAME / 2];
    pack_t pack;
    uint64_t since = command_number(command, FIELD_SINCE, 0);
    uint32_t first = since < self->entry_count ? (uint32_t)since : self->entry_count;
    uint32_t last = first + STAGE_PAGE < self->entry_count ? first + STAGE_PAGE : self->entry_count;
    pack_init(&pack, body, sizeof body);
    pack_map(&pack, 3);
    stage_pack_entries(self, &pack, first, last);
    pack_key_uint(&pack, "version", self->entry_count);
    pack_key_uint(&pack, "next", last < self->entry_count ? last : 0);
    stage_reply(self, route, record, STATUS_OK, &pack);
}

static void
stage_publish(stage_t *self)
{
    uint8_t body[512], frame[1024] = { 'P' };
    pack_t pack;
    pack_init(&pack, body, sizeof body);
    pack_map(&pack, 2);
    pack_key_uint(&pack, "from", self->entry_count);
    stage_pack_entries(self, &pack, self->entry_count - 1, self->entry_count);
    wire_header_t header = { .kind = WIRE_EVENT,
                             .operation = OP_SESSION_REVOKED,
                             .request = self->entry_count };
    size_t size = 9 + wire_put(frame + 9, &header, body, (uint32_t)pack.size);
    int rc = zmq_send(zsock_resolve(self->events), frame, size, 0);
    assert(rc == (int)size);
}

static bool
stage_revoke(stage_t *self, const char *words, bool say)
{
    uint32_t at = self->entry_count;
    if (at == STAGE_ENTRIES ||
        sscanf(words, "%" SCNu64 " %63s %" SCNu64 " %" SCNu64, &self->entries[at].kind,
               self->entries[at].name, &self->entries[at].at_s, &self->entries[at].until_s) != 4)
        return false;
    self->entry_count++;
    if (say)
        stage_publish(self);
    return true;
}

static void
stage_answer(stage_t *self, const wire_route_t *route, const wire_record_t *record)
{
    command_t command;
    field_t field;
    status_t status = command_decode(&command, record, route, &field);
    if (status == STATUS_OK && record->header.operation == OP_SESSIONS_REVOKED) {
        stage_revoked(self, route, record, &command);
        return;
    }
    if (status == STATUS_OK && record->header.operation != OP_MESSAGE_SETTLE)
        status = STATUS_UNKNOWN_OPERATION;
    if (status != STATUS_OK)
        stage_reply(self, route, record, status, NULL);
    if (status != STATUS_OK || self->deaf)
        return;
    const value_t *outcome = command_value(&command, FIELD_OUTCOME);
    printf("settle %" PRIu64 " %" PRIu64 " %.*s\n", command.key,
           command_number(&command, FIELD_TELL, 0), (int)outcome->text.size, outcome->text.data);
    stage_reply(self, route, record, STATUS_OK, NULL);
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
    if (strncmp(line, "revoke ", 7) == 0 || strncmp(line, "unsaid ", 7) == 0)
        return stage_revoke(self, line + 7, *line == 'r');
    if (strcmp(line, "forget") == 0) {
        self->entry_count = 0;
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
                                         .secure_clients = "",
                                         .secure_events = "",
                                         .actors = "",
                                         .actor_events = "",
                                         .keys = "",
                                         .role = ROLE_ADMIN,
                                         .map = { .partitions = 1 },
                                         .in_flight_max = 100,
                                         .retry_ms = 20 } };
    zsys_handler_set(NULL);
    setvbuf(stdout, NULL, _IOLBF, 0);
    stage_begin(&self);
    printf("ready %s %s %s\n", self.senders, self.bridges, self.public);
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
