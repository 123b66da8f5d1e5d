/* test_server - a real marqueed over real sockets: who is let in, what is refused by name, repeats,
 * overload, and locks that end at their time, also over a kill. */
#include "broker/broker.h"
#include "broker/gate.h"
#include "broker/shard.h"
#include "broker/status.h"
#include "broker/wire.h"
#include <czmq.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <cmocka.h>

enum { ARGUMENTS_MAX = 24, WAIT_MS = 10000, FRAME_MAX = 256 * 1024, SHOWTIME = 7 };

typedef struct {
    pid_t pid;
    char directory[64], clients[128], events[128], secure[128];
    const char *extra[8]; /* --set values beside the directory and ports */
} server_t;

typedef struct {
    zsock_t *socket;
    uint64_t request;
} caller_t;

typedef struct {
    wire_header_t header;
    uint8_t body[FRAME_MAX];
    uint32_t size;
} answer_t;

static int64_t
wall_ms(void)
{
    return zclock_time();
}

/* ------------------------------------------------------------------ the server */

static void
server_exec(const server_t *self, int out)
{
    char *arguments[ARGUMENTS_MAX];
    char directory[128], program[256];
    const char *build = getenv("BUILD");
    int count = 0;
    snprintf(program, sizeof program, "%s/marqueed", build ? build : "build/release");
    snprintf(directory, sizeof directory, "site/directory=%s", self->directory);
    const char *fixed[] = { program,
                            "--set",
                            directory,
                            "--set",
                            "broker/clients=tcp://127.0.0.1:*",
                            "--set",
                            "broker/bridges=",
                            "--set",
                            "broker/events=tcp://127.0.0.1:*",
                            "--set",
                            "store/segment_mb=4" };
    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
        arguments[count++] = strdup(fixed[i]);
    for (size_t i = 0; self->extra[i]; i++) {
        arguments[count++] = strdup("--set");
        arguments[count++] = strdup(self->extra[i]);
    }
    arguments[count] = NULL;
    if (dup2(out, STDOUT_FILENO) >= 0)
        execv(program, arguments);
    _exit(127);
}

static void
server_start(server_t *self)
{
    int pipes[2];
    char line[512] = "";
    assert_int_equal(pipe(pipes), 0);
    self->pid = fork();
    assert_true(self->pid >= 0);
    if (self->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failed test leaves no server behind */
        server_exec(self, pipes[1]);
    }
    close(pipes[1]);
    FILE *out = fdopen(pipes[0], "r");
    assert_non_null(fgets(line, sizeof line, out));
    fclose(out);
    assert_in_range(sscanf(line, "ready clients=%127s events=%127s secure=%127s", self->clients,
                           self->events, self->secure),
                    2, 3);
}

static void
server_stop(server_t *self, int signal)
{
    int status;
    assert_int_equal(kill(self->pid, signal), 0);
    assert_int_equal(waitpid(self->pid, &status, 0), self->pid);
    if (signal == SIGTERM)
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void
server_new(server_t *self)
{
    snprintf(self->directory, sizeof self->directory, "/tmp/marquee-test-XXXXXX");
    assert_non_null(mkdtemp(self->directory));
    server_start(self);
}

static void
server_remove(server_t *self)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", self->directory);
    assert_int_equal(system(command), 0);
}

/* ------------------------------------------------------------------ a client of raw frames */

static size_t
put(caller_t *self, uint8_t *to, uint16_t operation, uint64_t key, const pack_t *body)
{
    wire_header_t header = { .kind = WIRE_COMMAND,
                             .operation = operation,
                             .key = key,
                             .request = ++self->request,
                             .moment = wall_ms() + WAIT_MS };
    return wire_put(to, &header, body ? body->data : NULL, body ? (uint32_t)body->size : 0);
}

static void
send_bytes(caller_t *self, const void *bytes, size_t size)
{
    assert_true(zmq_send(zsock_resolve(self->socket), bytes, size, 0) >= 0);
}

static bool
receive_within(caller_t *self, answer_t *answer, int wait_ms)
{
    static uint8_t frame[FRAME_MAX];
    static size_t size, at;
    wire_record_t record;
    if (at >= size) {
        zsock_set_rcvtimeo(self->socket, wait_ms);
        int got = zmq_recv(zsock_resolve(self->socket), frame, sizeof frame, 0);
        if (got < 0)
            return false;
        size = (size_t)got;
        at = 0;
    }
    assert_int_equal(wire_next(frame, size, &at, &record), STATUS_OK);
    answer->header = record.header;
    answer->size = record.body_size;
    memcpy(answer->body, record.body, record.body_size);
    return true;
}

static void
receive(caller_t *self, answer_t *answer)
{
    assert_true(receive_within(self, answer, WAIT_MS));
}

static uint16_t
call(caller_t *self, uint16_t operation, uint64_t key, const pack_t *body, answer_t *answer)
{
    uint8_t frame[4096];
    send_bytes(self, frame, put(self, frame, operation, key, body));
    receive(self, answer);
    assert_true(answer->header.request == self->request);
    assert_int_equal(answer->header.kind, WIRE_REPLY);
    return answer->header.status;
}

static void
pack_begin(pack_t *pack, uint8_t *bytes, size_t room, uint32_t fields)
{
    pack_init(pack, bytes, room);
    pack_map(pack, fields);
}

static size_t
put_hello(caller_t *self, uint8_t *to, uint8_t who)
{
    uint8_t bytes[64], identity[16] = { who };
    pack_t pack;
    pack_begin(&pack, bytes, sizeof bytes, 1);
    pack_str(&pack, "client");
    pack_bin(&pack, identity, sizeof identity);
    return put(self, to, OP_HELLO, 0, &pack);
}

static caller_t
caller_new(const char *endpoint)
{
    caller_t self = { .socket = zsock_new(ZMQ_DEALER) };
    zsock_set_linger(self.socket, 0);
    assert_int_equal(zsock_connect(self.socket, "%s", endpoint), 0);
    return self;
}

static caller_t
caller_hello(const char *endpoint, uint8_t who)
{
    static answer_t answer;
    uint8_t frame[256];
    caller_t self = caller_new(endpoint);
    send_bytes(&self, frame, put_hello(&self, frame, who));
    receive(&self, &answer);
    assert_int_equal(answer.header.status, STATUS_OK);
    return self;
}

static void
pack_showtime(pack_t *pack, uint8_t *bytes, size_t room)
{
    int64_t now = wall_ms();
    pack_begin(pack, bytes, room, 9);
    pack_key_str(pack, "title", "The Long Take");
    pack_key_str(pack, "hall", "1");
    pack_key_int(pack, "starts_ms", now + 3600000);
    pack_key_int(pack, "ends_ms", now + 7200000);
    pack_key_int(pack, "opens_ms", now - 1000);
    pack_key_int(pack, "closes_ms", now + 3600000);
    pack_key_bool(pack, "gap_rule", false);
    pack_str(pack, "zones");
    pack_array(pack, 1);
    pack_array(pack, 3);
    pack_str(pack, "a");
    pack_str(pack, "Stalls");
    pack_uint(pack, 4500);
    pack_str(pack, "rows");
    pack_array(pack, 10);
    for (char row = 'A'; row < 'A' + 10; row++) {
        pack_array(pack, 3);
        pack_strn(pack, &row, 1);
        pack_str(pack, "ssssssssssssssssssss");
        pack_str(pack, "aaaaaaaaaaaaaaaaaaaa");
    }
}

static void
open_showtime(caller_t *self, uint64_t showtime)
{
    static answer_t answer;
    uint8_t bytes[2048];
    pack_t pack;
    pack_showtime(&pack, bytes, sizeof bytes);
    assert_int_equal(call(self, OP_SHOWTIME_OPEN, showtime, &pack, &answer), STATUS_OK);
}

static void
pack_lock(pack_t *pack, uint8_t *bytes, size_t room, uint64_t user, uint32_t seat, uint32_t ttl_ms)
{
    pack_begin(pack, bytes, room, 3);
    pack_key_uint(pack, "user", user);
    pack_str(pack, "seats");
    pack_array(pack, 1);
    pack_uint(pack, seat);
    pack_key_uint(pack, "ttl_ms", ttl_ms);
}

static uint16_t
lock_seat(caller_t *self, uint64_t user, uint32_t seat, uint32_t ttl_ms, answer_t *answer)
{
    uint8_t bytes[128];
    pack_t pack;
    pack_lock(&pack, bytes, sizeof bytes, user, seat, ttl_ms);
    return call(self, OP_SEATS_LOCK, SHOWTIME, &pack, answer);
}

static bool
answer_names(const answer_t *answer, const char *name)
{
    mp_t mp;
    const char *text;
    uint32_t size;
    return mp_find(answer->body, answer->size, "error", &mp) && mp_read_str(&mp, &text, &size) &&
           size == strlen(name) && memcmp(text, name, size) == 0;
}

/* ------------------------------------------------------------------ tests */

static void
wrong_frames_are_named_and_change_nothing(void **state)
{
    (void)state;
    static answer_t answer;
    server_t server = { .extra = { "site/partitions=4" } };
    uint8_t frame[8192], bytes[64];
    pack_t pack;
    server_new(&server);
    caller_t caller = caller_new(server.clients);
    assert_int_equal(call(&caller, OP_STATS, 0, NULL, &answer), STATUS_HELLO_FIRST);
    assert_int_equal(call(&caller, OP_HELLO, 0, NULL, &answer), STATUS_MISSING_FIELD);
    zsock_destroy(&caller.socket);
    caller = caller_hello(server.clients, 1);
    assert_int_equal(call(&caller, 63, 0, NULL, &answer), STATUS_UNKNOWN_OPERATION);
    assert_true(answer_names(&answer, "UNKNOWN_OPERATION"));
    assert_int_equal(call(&caller, OP_RULES, 0, NULL, &answer), STATUS_FORBIDDEN);
    assert_int_equal(call(&caller, OP_PROVIDER_REFUND, 0, NULL, &answer), STATUS_FORBIDDEN);
    assert_int_equal(call(&caller, OP_STATS, 6, NULL, &answer), STATUS_WRONG_PARTITION);
    assert_int_equal(call(&caller, OP_SHOWTIME_GET, 99, NULL, &answer), STATUS_UNKNOWN_SHOWTIME);
    static const struct {
        size_t at;
        uint8_t value;
        uint16_t status;
    } cases[] = { { 4, 0, STATUS_BAD_FRAME },         { 6, 9, STATUS_BAD_VERSION },
                  { 7, WIRE_EVENT, STATUS_BAD_KIND }, { 7, 99, STATUS_BAD_KIND },
                  { 0, 200, STATUS_BAD_FRAME },       { 3, 1, STATUS_TOO_LARGE } };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t size = put(&caller, frame, OP_STATS, 0, NULL);
        frame[cases[i].at] = cases[i].value;
        send_bytes(&caller, frame, size);
        receive(&caller, &answer);
        assert_int_equal(answer.header.status, cases[i].status);
    }
    send_bytes(&caller, "", 0);
    receive(&caller, &answer);
    assert_int_equal(answer.header.status, STATUS_BAD_FRAME);
    /* two partitions in one frame: the first goes through, the second is refused */
    size_t size = put(&caller, frame, OP_STATS, 0, NULL);
    size += put(&caller, frame + size, OP_STATS, 1, NULL);
    send_bytes(&caller, frame, size);
    uint32_t mixed = 0, done = 0;
    for (int i = 0; i < 2; i++) {
        receive(&caller, &answer);
        mixed += answer.header.status == STATUS_MIXED_PARTITIONS;
        done += answer.header.status == STATUS_OK;
    }
    assert_true(mixed == 1 && done == 1);
    /* a message of two frames is not of this protocol: dropped, and the connection goes on */
    zmq_send(zsock_resolve(caller.socket), "x", 1, ZMQ_SNDMORE);
    send_bytes(&caller, "y", 1);
    assert_int_equal(call(&caller, OP_STATS, 1, NULL, &answer), STATUS_OK);
    pack_begin(&pack, bytes, sizeof bytes, 1);
    pack_key_uint(&pack, "nonsense", 1);
    assert_int_equal(call(&caller, OP_SEATS_LOCK, SHOWTIME, &pack, &answer), STATUS_UNKNOWN_FIELD);
    zsock_destroy(&caller.socket);
    server_stop(&server, SIGTERM);
    server_remove(&server);
}

static void
a_write_needs_a_deadline_in_reach(void **state)
{
    (void)state;
    static answer_t answer;
    server_t server = { .extra = { NULL } };
    server_new(&server);
    caller_t caller = caller_hello(server.clients, 1);
    open_showtime(&caller, SHOWTIME);
    static const struct {
        int64_t ahead_ms;
        uint16_t status;
    } cases[] = { { INT64_MIN, STATUS_BAD_DEADLINE },
                  { -1000, STATUS_EXPIRED },
                  { 5000, STATUS_OK },
                  { 90000, STATUS_BAD_DEADLINE } };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t frame[512], bytes[128];
        pack_t pack;
        pack_lock(&pack, bytes, sizeof bytes, 1, 5, 60000);
        size_t size = put(&caller, frame, OP_SEATS_LOCK, SHOWTIME, &pack);
        int64_t moment = cases[i].ahead_ms == INT64_MIN ? 0 : wall_ms() + cases[i].ahead_ms;
        put_u64(frame + WIRE_PREFIX_SIZE + 24, (uint64_t)moment);
        send_bytes(&caller, frame, size);
        receive(&caller, &answer);
        assert_int_equal(answer.header.status, cases[i].status);
    }
    zsock_destroy(&caller.socket);
    server_stop(&server, SIGTERM);
    server_remove(&server);
}

static void
a_repeat_gets_the_same_bytes_even_after_a_kill(void **state)
{
    (void)state;
    static answer_t first, again;
    server_t server = { .extra = { NULL } };
    uint8_t frame[512], bytes[128];
    pack_t pack;
    server_new(&server);
    caller_t caller = caller_hello(server.clients, 9);
    open_showtime(&caller, SHOWTIME);
    pack_lock(&pack, bytes, sizeof bytes, 1, 5, 60000);
    size_t size = put(&caller, frame, OP_SEATS_LOCK, SHOWTIME, &pack);
    send_bytes(&caller, frame, size);
    receive(&caller, &first);
    assert_int_equal(first.header.status, STATUS_OK);
    for (int round = 0; round < 2; round++) {
        send_bytes(&caller, frame, size);
        receive(&caller, &again);
        assert_int_equal(first.header.status, again.header.status);
        assert_true(first.header.request == again.header.request);
        assert_true(first.header.moment == again.header.moment);
        assert_int_equal(first.size, again.size);
        assert_memory_equal(first.body, again.body, first.size);
        if (round)
            break;
        zsock_destroy(&caller.socket);
        server_stop(&server, SIGKILL);
        server_start(&server);
        uint64_t request = caller.request;
        caller = caller_hello(server.clients, 9);
        caller.request = request;
    }
    /* the same request id for something else is refused; another client's is its own */
    frame[size - 1] ^= 1;
    put_u64(frame + WIRE_PREFIX_SIZE + 24, (uint64_t)(wall_ms() + WAIT_MS));
    send_bytes(&caller, frame, size);
    receive(&caller, &again);
    assert_int_equal(again.header.status, STATUS_REQUEST_REUSED);
    zsock_destroy(&caller.socket);
    caller = caller_hello(server.clients, 10);
    send_bytes(&caller, frame, size);
    receive(&caller, &again);
    assert_int_equal(again.header.status, STATUS_SEAT_LOCKED);
    zsock_destroy(&caller.socket);
    server_stop(&server, SIGTERM);
    server_remove(&server);
}

static void
too_much_in_flight_is_busy_and_the_rest_is_served(void **state)
{
    (void)state;
    enum { SENT = 64, BOUND = 8 };
    static answer_t answer;
    static uint8_t frame[SENT * 256];
    server_t server = { .extra = { "broker/in_flight=8" } };
    size_t size = 0;
    server_new(&server);
    caller_t caller = caller_hello(server.clients, 1);
    open_showtime(&caller, SHOWTIME);
    for (uint32_t i = 0; i < SENT; i++) {
        uint8_t bytes[128];
        pack_t pack;
        pack_lock(&pack, bytes, sizeof bytes, i + 1, i + 1, 60000);
        size += put(&caller, frame + size, OP_SEATS_LOCK, SHOWTIME, &pack);
    }
    send_bytes(&caller, frame, size);
    uint32_t served = 0, busy = 0;
    for (uint32_t i = 0; i < SENT; i++) {
        receive(&caller, &answer);
        served += answer.header.status == STATUS_OK;
        busy += answer.header.status == STATUS_BUSY;
        if (answer.header.status == STATUS_BUSY) {
            mp_t mp;
            uint64_t retry_ms;
            assert_true(mp_find(answer.body, answer.size, "retry_ms", &mp) &&
                        mp_read_uint(&mp, &retry_ms) && retry_ms > 0);
        }
    }
    assert_int_equal(served, BOUND);
    assert_int_equal(busy, SENT - BOUND);
    assert_int_equal(lock_seat(&caller, 1000, 100, 60000, &answer), STATUS_OK);
    zsock_destroy(&caller.socket);
    server_stop(&server, SIGTERM);
    server_remove(&server);
}

/* The moment at which an event says that the seat is free. */
static int64_t
freed_at(zsock_t *events)
{
    uint8_t frame[4096];
    for (;;) {
        int size = zmq_recv(zsock_resolve(events), frame, sizeof frame, 0);
        assert_true(size > 9);
        size_t at = 9;
        wire_record_t record;
        assert_int_equal(wire_next(frame, (size_t)size, &at, &record), STATUS_OK);
        mp_t mp;
        uint32_t count, pair;
        uint64_t id, seat_state;
        if (record.header.operation == OP_SEATS_CHANGED &&
            mp_find(record.body, record.body_size, "changes", &mp) && mp_read_array(&mp, &count) &&
            mp_read_array(&mp, &pair) && mp_read_uint(&mp, &id) && mp_read_uint(&mp, &seat_state) &&
            seat_state == 0)
            return wall_ms();
    }
}

static zsock_t *
follow(const server_t *server)
{
    zsock_t *events = zsock_new(ZMQ_SUB);
    zsock_set_subscribe(events, "S");
    zsock_set_rcvtimeo(events, WAIT_MS);
    assert_int_equal(zsock_connect(events, "%s", server->events), 0);
    return events;
}

static int64_t
until_of(const answer_t *answer)
{
    mp_t mp;
    int64_t until_ms = 0;
    assert_true(mp_find(answer->body, answer->size, "until_ms", &mp) &&
                mp_read_int(&mp, &until_ms));
    return until_ms;
}

static void
a_lock_ends_at_its_time_also_over_a_kill(void **state)
{
    (void)state;
    static answer_t answer;
    server_t server = { .extra = { NULL } };
    server_new(&server);
    zsock_t *events = follow(&server);
    caller_t caller = caller_hello(server.clients, 1);
    open_showtime(&caller, SHOWTIME);
    for (int round = 0; round < 2; round++) {
        uint32_t ttl_ms = round ? 2000 : 1000;
        assert_int_equal(lock_seat(&caller, 1, 5, ttl_ms, &answer), STATUS_OK);
        int64_t until_ms = until_of(&answer);
        assert_int_equal(lock_seat(&caller, 2, 5, ttl_ms, &answer), STATUS_SEAT_LOCKED);
        if (round) {
            zsock_destroy(&caller.socket);
            zsock_destroy(&events);
            server_stop(&server, SIGKILL);
            server_start(&server);
            events = follow(&server);
            caller = caller_hello(server.clients, 2);
        }
        int64_t at_ms = freed_at(events);
        assert_in_range(at_ms, until_ms, until_ms + 100);
        assert_int_equal(lock_seat(&caller, 2, 5, 60000, &answer), STATUS_OK);
        mp_t mp;
        uint64_t lock = 0;
        assert_true(mp_find(answer.body, answer.size, "lock", &mp) && mp_read_uint(&mp, &lock));
        uint8_t bytes[64];
        pack_t pack;
        pack_begin(&pack, bytes, sizeof bytes, 2);
        pack_key_uint(&pack, "user", 2);
        pack_key_uint(&pack, "lock", lock);
        assert_int_equal(call(&caller, OP_SEATS_RELEASE, SHOWTIME, &pack, &answer), STATUS_OK);
        freed_at(events);
    }
    zsock_destroy(&caller.socket);
    zsock_destroy(&events);
    server_stop(&server, SIGTERM);
    server_remove(&server);
}

static caller_t
caller_curve(const char *endpoint, const char *directory, const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s.key", directory, name);
    zcert_t *cert = zcert_load(path);
    assert_non_null(cert);
    caller_t self = { .socket = zsock_new(ZMQ_DEALER) };
    zsock_set_linger(self.socket, 0);
    zcert_apply(cert, self.socket);
    zsock_set_curve_serverkey(self.socket, zcert_meta(cert, "server"));
    assert_int_equal(zsock_connect(self.socket, "%s", endpoint), 0);
    zcert_destroy(&cert);
    return self;
}

static void
curve_lets_in_known_keys_by_their_role(void **state)
{
    (void)state;
    static answer_t answer;
    char keys[64], strangers[64], folder[96], command[160];
    uint8_t frame[256], bytes[128];
    pack_t pack;
    snprintf(keys, sizeof keys, "/tmp/marquee-keys-XXXXXX");
    snprintf(strangers, sizeof strangers, "/tmp/marquee-keys-XXXXXX");
    assert_non_null(mkdtemp(keys));
    assert_non_null(mkdtemp(strangers));
    assert_int_equal(gate_issue(keys, "lobby", ROLE_KIOSK), 0);
    assert_int_equal(gate_issue(keys, "lobby", ROLE_KIOSK), -1);
    assert_int_equal(gate_issue(strangers, "stranger", ROLE_ADMIN), 0);
    snprintf(folder, sizeof folder, "broker/keys=%s", keys);
    server_t server = { .extra = { "broker/secure_clients=tcp://127.0.0.1:*",
                                   "broker/secure_events=tcp://127.0.0.1:*", folder } };
    server_new(&server);
    const char *endpoint = server.secure;
    caller_t kiosk = caller_curve(endpoint, keys, "lobby");
    send_bytes(&kiosk, frame, put_hello(&kiosk, frame, 1));
    receive(&kiosk, &answer);
    assert_int_equal(answer.header.status, STATUS_OK);
    pack_lock(&pack, bytes, sizeof bytes, 1, 5, 60000);
    assert_int_equal(call(&kiosk, OP_SEATS_LOCK, SHOWTIME, &pack, &answer), STATUS_FORBIDDEN);
    pack_begin(&pack, bytes, sizeof bytes, 2);
    pack_key_str(&pack, "token", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    pack_key_str(&pack, "kiosk", "lobby");
    uint16_t status = call(&kiosk, OP_TICKET_REDEEM, SHOWTIME, &pack, &answer);
    assert_true(status == STATUS_BAD_TOKEN || status == STATUS_UNKNOWN_SHOWTIME);
    zsock_destroy(&kiosk.socket);
    /* the right server key, but a client key that nobody issued here */
    snprintf(command, sizeof command, "cp %s/lobby.key %s/lobby.key", keys, strangers);
    assert_int_equal(system(command), 0);
    zcert_t *known = zcert_load(strstr(command, strangers)), *fresh = zcert_new();
    caller_t stranger = { .socket = zsock_new(ZMQ_DEALER) };
    zsock_set_linger(stranger.socket, 0);
    zcert_apply(fresh, stranger.socket);
    zsock_set_curve_serverkey(stranger.socket, zcert_meta(known, "server"));
    assert_int_equal(zsock_connect(stranger.socket, "%s", endpoint), 0);
    send_bytes(&stranger, frame, put_hello(&stranger, frame, 2));
    assert_false(receive_within(&stranger, &answer, 700));
    zcert_destroy(&known);
    zcert_destroy(&fresh);
    zsock_destroy(&stranger.socket);
    /* no keys at all */
    caller_t plain = caller_new(endpoint);
    send_bytes(&plain, frame, put_hello(&plain, frame, 3));
    assert_false(receive_within(&plain, &answer, 700));
    zsock_destroy(&plain.socket);
    server_stop(&server, SIGTERM);
    server_remove(&server);
    snprintf(command, sizeof command, "rm -rf %s %s", keys, strangers);
    assert_int_equal(system(command), 0);
}

int
main(void)
{
    zsys_handler_set(NULL);
    zsys_set_logstream(stderr);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_frames_are_named_and_change_nothing),
        cmocka_unit_test(a_write_needs_a_deadline_in_reach),
        cmocka_unit_test(a_repeat_gets_the_same_bytes_even_after_a_kill),
        cmocka_unit_test(too_much_in_flight_is_busy_and_the_rest_is_served),
        cmocka_unit_test(a_lock_ends_at_its_time_also_over_a_kill),
        cmocka_unit_test(curve_lets_in_known_keys_by_their_role),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
