/* inside - see inside.h for the contract. The four part_ functions are what the figures are split
 * by: they are looked for by name, so they are never inlined. */
#include "bench/instructions/inside.h"
#include "broker/mp.h"
#include "broker/status.h"
#include "clients/load/control.h"
#include "clients/load/ledger.h"
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    INSIDE_ACTOR = 1,
    INSIDE_DEADLINE_MS = 5000,
    INSIDE_BASE = 1,
    INSIDE_OPENED_MAX = 400, /* showtimes; the purchases of a run stay within them */
    INSIDE_HOT = 20,
    INSIDE_UNIFORM = 400,
    INSIDE_TURNS_MAX = 100000, /* without an answer: something is stuck */
};
static const int64_t inside_begin_ms = INT64_C(1800000000000);

static _Noreturn void
inside_fail(const char *what)
{
    fprintf(stderr, "bench-instructions: %s\n", what);
    exit(1);
}

/* ------------------------------------------------------------------ post */

static void
post_open(inside_post_t *self)
{
    self->bytes = malloc(INSIDE_BYTES);
    if (!self->bytes)
        inside_fail("no memory");
}

static void
post_clear(inside_post_t *self)
{
    self->size = self->count = 0;
}

static uint8_t *
post_room(inside_post_t *self, size_t size)
{
    if (self->size + size > INSIDE_BYTES ||
        self->count == sizeof self->messages / sizeof self->messages[0])
        inside_fail("more is on its way than can be");
    self->newest = size;
    return self->bytes + self->size;
}

static void
post_send(inside_post_t *self, uint64_t end)
{
    self->messages[self->count].at = self->size;
    self->messages[self->count].size = self->newest;
    self->messages[self->count++].end = end;
    self->size += self->newest;
}

/* ------------------------------------------------------------------ ways */

static role_t
way_role(void *argument, uint64_t client, const char *public_key)
{
    (void)argument, (void)client, (void)public_key;
    return ROLE_LOAD;
}

static void *
way_client_room(void *argument, size_t size)
{
    inside_t *self = argument;
    return post_room(&self->to_clients, size);
}

static int
way_client_send(void *argument, uint64_t client)
{
    inside_t *self = argument;
    post_send(&self->to_clients, client);
    return 0;
}

static bool
way_actor_send(void *argument, uint64_t actor, const void *bytes, size_t size)
{
    inside_t *self = argument;
    memcpy(post_room(&self->to_actor, size), bytes, size);
    post_send(&self->to_actor, actor);
    return true;
}

static int64_t
way_wall_ms(void *argument)
{
    const inside_t *self = argument;
    return self->now_ms;
}

static void
way_warn(void *argument, const char *what)
{
    (void)argument;
    inside_fail(what);
}

static void
way_record(void *argument, const wire_route_t *route, const wire_header_t *header, const void *body,
           uint32_t size)
{
    inside_t *self = argument;
    inside_post_t *post = &self->from_actor;
    if (header->kind != WIRE_REPLY)
        return; /* a tell: nobody executes refunds here */
    if (post->size + wire_size(size) + sizeof *route > INSIDE_BYTES)
        inside_fail("an actor says too much");
    post->size += wire_put_routed(post->bytes + post->size, route, header, body, size);
}

static bool
way_followed(void *argument, uint64_t showtime)
{
    (void)argument, (void)showtime;
    return false;
}

static void
way_event(void *argument, uint64_t showtime, const wire_header_t *header, const void *body,
          uint32_t size)
{
    (void)argument, (void)showtime, (void)header, (void)body, (void)size;
}

static uint64_t
way_seed(void *argument)
{
    inside_t *self = argument;
    return self->seed += UINT64_C(0x9e3779b97f4a7c15);
}

static void
way_fatal(void *argument, const char *what)
{
    (void)argument;
    inside_fail(what);
}

/* ------------------------------------------------------------------ the parts of a turn */

/* Whoever has its answer makes the next command: a message each, as of independent buyers. */
INSIDE_PART static void
part_client(inside_t *self)
{
    inside_post_t *post = &self->to_clients;
    for (uint32_t i = 0; i < post->count; i++) {
        const uint8_t *bytes = post->bytes + post->messages[i].at;
        size_t size = post->messages[i].size, at = 0;
        wire_record_t record;
        while (at < size && wire_next(bytes, size, &at, &record) == STATUS_OK) {
            uint64_t place =
                (post->messages[i].end - 1) * INSIDE_INFLIGHT + buyer_index(record.header.request);
            uint16_t status = record.header.status;
            self->by_status[status < INSIDE_STATUSES ? status : 0]++;
            self->answers++;
            self->buyers[place].waiting = false;
            buyer_answer(&self->buyers[place], &self->load, &record);
        }
    }
    post_clear(post);
    for (uint32_t i = 0; i < INSIDE_BUYERS; i++) {
        buyer_t *buyer = &self->buyers[i];
        if (buyer->waiting || !buyer_next(buyer, &self->load, self->now_ms + INSIDE_DEADLINE_MS))
            continue;
        buyer->waiting = true;
        memcpy(post_room(&self->to_broker, buyer->frame_size), buyer->frame, buyer->frame_size);
        post_send(&self->to_broker, i / INSIDE_INFLIGHT + 1);
    }
}

INSIDE_PART static void
part_broker(inside_t *self)
{
    inside_post_t *post = &self->to_broker;
    router_clock(self->router, self->now_ms);
    if (self->from_actor.size)
        router_actor(self->router, INSIDE_ACTOR, self->from_actor.bytes, self->from_actor.size);
    post_clear(&self->from_actor);
    for (uint32_t i = 0; i < post->count; i++)
        router_client(self->router, post->messages[i].end, NULL, post->bytes + post->messages[i].at,
                      post->messages[i].size);
    post_clear(post);
    router_flush(self->router);
}

INSIDE_PART static void
part_actor(inside_t *self)
{
    inside_post_t *post = &self->to_actor;
    for (uint32_t i = 0; i < post->count; i++) {
        const uint8_t *bytes = post->bytes + post->messages[i].at;
        size_t size = post->messages[i].size, at = 0;
        wire_route_t route;
        wire_record_t record;
        while (at < size && wire_next_routed(bytes, size, &at, &route, &record) == STATUS_OK) {
            while (!partition_room(self->partition))
                partition_turn(self->partition, self->now_ms);
            partition_accept(self->partition, &route, &record, self->now_ms);
        }
    }
    post_clear(post);
    partition_turn(self->partition, self->now_ms);
}

static void
inside_turn(inside_t *self)
{
    self->now_ms++;
    part_broker(self);
    part_actor(self);
}

void
inside_run(inside_t *self, uint64_t answers)
{
    uint64_t until = self->answers + answers;
    for (uint32_t turns = 0; self->answers < until; turns++) {
        if (turns == INSIDE_TURNS_MAX)
            inside_fail("no answers come");
        part_client(self);
        inside_turn(self);
    }
}

/* ------------------------------------------------------------------ the beginning */

static void
inside_partition(inside_t *self, const char *directory)
{
    char error[PARTITION_ERROR_MAX];
    uint8_t seed[32] = { 9 }, public_key[32];
    partition_options_t options = { .directory = directory,
                                    .site = { .id = { 7 }, .partitions = 1 },
                                    .rules = { .cap = 6, .lock_ms = 900000, .ceiling_ms = 1800000 },
                                    .segment_bytes = 64 * 1024 * 1024,
                                    .replies_bytes = 64 * 1024 * 1024,
                                    .journal_policy = JOURNAL_DROP,
                                    .checkpoint_ms = 1000,
                                    .inline_io = true,
                                    .ways = { .argument = self,
                                              .record = way_record,
                                              .followed = way_followed,
                                              .event = way_event,
                                              .seed = way_seed,
                                              .fatal = way_fatal } };
    if (crypto_sign_seed_keypair(public_key, options.site.sign_secret, seed) != 0)
        inside_fail("no key");
    self->partition = partition_open(&options, error);
    if (!self->partition)
        inside_fail(error);
}

static void
inside_router(inside_t *self)
{
    const router_options_t options = { .map = { .partitions = 1 },
                                       .peers_max = 256,
                                       .in_flight_max = 2 * INSIDE_BUYERS,
                                       .retry_ms = 1 };
    const router_ways_t ways = { .argument = self,
                                 .role = way_role,
                                 .client_room = way_client_room,
                                 .client_send = way_client_send,
                                 .actor_send = way_actor_send,
                                 .wall_ms = way_wall_ms,
                                 .warn = way_warn };
    uint8_t body[64];
    pack_t pack;
    self->router = router_new(&options, &ways);
    if (!self->router)
        inside_fail("no memory");
    pack_init(&pack, body, sizeof body);
    pack_map(&pack, 4);
    pack_key_uint(&pack, "partitions", 1);
    pack_key_uint(&pack, "programmes", 0);
    pack_key_uint(&pack, "members", 0);
    pack_key_uint(&pack, "apply_version", APPLY_VERSION);
    const wire_route_t route = { 0 };
    const wire_header_t header = { .kind = WIRE_READY };
    self->from_actor.size =
        wire_put_routed(self->from_actor.bytes, &route, &header, body, (uint32_t)pack.size);
    part_broker(self);
}

/* A command that no buyer makes. */
static void
inside_say(inside_t *self, uint64_t client, uint16_t operation, uint64_t key, uint64_t request,
           const void *body, uint32_t size)
{
    const wire_header_t header = { .kind = WIRE_COMMAND,
                                   .operation = operation,
                                   .key = key,
                                   .request = request,
                                   .moment = self->now_ms + INSIDE_DEADLINE_MS };
    uint8_t *room = post_room(&self->to_broker, wire_size(size));
    (void)wire_put(room, &header, body, size);
    post_send(&self->to_broker, client);
}

/* Let it be answered, with nothing but good. */
static void
inside_settle(inside_t *self, uint32_t answers)
{
    for (uint32_t turns = 0; answers > 0; turns++) {
        if (turns == INSIDE_TURNS_MAX)
            inside_fail("the beginning is not answered");
        inside_turn(self);
        part_broker(self);
        for (uint32_t i = 0; i < self->to_clients.count; i++) {
            size_t at = 0;
            wire_record_t record;
            while (at < self->to_clients.messages[i].size && answers > 0) {
                if (wire_next(self->to_clients.bytes + self->to_clients.messages[i].at,
                              self->to_clients.messages[i].size, &at, &record) != STATUS_OK ||
                    record.header.status != STATUS_OK)
                    inside_fail(status_name(record.header.status));
                answers--;
            }
        }
        post_clear(&self->to_clients);
    }
}

static void
inside_hello(inside_t *self)
{
    for (uint64_t client = 1; client <= INSIDE_CLIENTS; client++) {
        uint8_t body[64], name[16] = { (uint8_t)client };
        pack_t pack;
        pack_init(&pack, body, sizeof body);
        pack_map(&pack, 1);
        pack_str(&pack, "client");
        pack_bin(&pack, name, sizeof name);
        inside_say(self, client, OP_HELLO, 0, 1, body, (uint32_t)pack.size);
    }
    inside_settle(self, INSIDE_CLIENTS);
}

static void
inside_showtimes(inside_t *self, uint32_t count)
{
    static uint8_t body[4096];
    uint32_t size = control_showtime_body(body, sizeof body, (uint64_t)self->now_ms);
    for (uint32_t i = 0; i < count; i++) {
        inside_say(self, 1, OP_SHOWTIME_OPEN, INSIDE_BASE + i, UINT64_C(1) << 32 | i, body, size);
        if (i % 64 == 63 || i + 1 == count)
            inside_settle(self, i % 64 + 1);
    }
    if (!ledger_grow(self->load.ledger, count))
        inside_fail("no memory");
    atomic_store(&self->load.opened, count);
}

void
inside_open(inside_t *self, load_scenario_t scenario, const char *directory)
{
    uint32_t spread = scenario == LOAD_RUSH  ? 1
                      : scenario == LOAD_HOT ? INSIDE_HOT
                                             : INSIDE_UNIFORM;
    *self = (inside_t){ .options = { .scenario = scenario,
                                     .clients = INSIDE_CLIENTS,
                                     .inflight = INSIDE_INFLIGHT,
                                     .base = INSIDE_BASE },
                        .seed = 1,
                        .now_ms = inside_begin_ms };
    self->load.options = &self->options;
    self->load.showtimes = spread;
    self->load.partitions = 1;
    self->load.ledger = ledger_new();
    self->buyers = calloc(INSIDE_BUYERS, sizeof *self->buyers);
    if (!self->load.ledger || !self->buyers)
        inside_fail("no memory");
    post_open(&self->to_broker);
    post_open(&self->to_actor);
    post_open(&self->from_actor);
    post_open(&self->to_clients);
    for (uint32_t i = 0; i < INSIDE_BUYERS; i++)
        buyer_init(&self->buyers[i], i, i / INSIDE_INFLIGHT, i % INSIDE_INFLIGHT);
    inside_partition(self, directory);
    inside_router(self);
    inside_hello(self);
    inside_showtimes(self, scenario == LOAD_PURCHASE ? (uint32_t)INSIDE_OPENED_MAX : spread);
}

void
inside_close(inside_t *self)
{
    if (ledger_oversold(self->load.ledger) != 0)
        inside_fail("a seat was promised twice");
    partition_close(&self->partition);
    router_destroy(&self->router);
    ledger_destroy(&self->load.ledger);
    free(self->buyers);
    free(self->to_broker.bytes);
    free(self->to_actor.bytes);
    free(self->from_actor.bytes);
    free(self->to_clients.bytes);
}
