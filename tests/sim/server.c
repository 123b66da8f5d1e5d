/* server - see server.h for the contract: the loops of broker and actors in virtual time, births
 * and deaths. */
#include "actors/actor.h"
#include "broker/status.h"
#include "tests/sim/crowd.h"
#include "tests/sim/judge.h"
#include "tests/sim/net.h"
#include "tests/sim/server_inside.h"
#include <assert.h>
#include <inttypes.h>
#include <sodium/crypto_sign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
    INSIDE_MOST_US = 60, /* a message's way between two threads */
    BUSY_US = 1000,
    TELL_OVERTAKEN_US = 200000,
    TELL_DELAYED_S = 60,
    DOWN_LEAST_US = 50000,
    DOWN_MEAN_US = 1500000,
    OPENING_OPS = 60,
    DRIFT_PPM_MOST = 500,
    CLOCK_LOOK_S = 60,
    CLOCK_BACK_S = 40,
    CLOCK_FORWARD_S = 300,
};

/* A message between the threads of one life. */
typedef struct {
    uint32_t life, number;
    size_t size;
    uint8_t bytes[];
} inside_t;

static void
server_pass(sim_t *sim, uint32_t number, agenda_fn *act, const void *bytes, size_t size)
{
    inside_t *message = malloc(sizeof *message + size);
    assert(message);
    *message = (inside_t){ .life = sim->server->life, .number = number, .size = size };
    memcpy(message->bytes, bytes, size);
    agenda_add(&sim->agenda, sim->agenda.now_us + 1 + chance_below(&sim->chance, INSIDE_MOST_US),
               act, message, sizeof *message + size);
    free(message);
}

/* ------------------------------------------------------------------ clocks */

int64_t
server_wall_ms(const sim_t *sim)
{
    const server_t *server = sim->server;
    int64_t lived_us = sim->agenda.now_us - server->born_us;
    return sim_true_ms(sim) + server->offset_ms + lived_us / 1000 * server->drift_ppm / 1000000;
}

static void
server_clock_jumps(sim_t *sim, void *unused)
{
    (void)unused;
    server_t *server = sim->server;
    if (sim->faults.healed)
        return;
    int64_t jump_ms = 0;
    if (sim_strikes(sim, FAULT_CLOCK_FORWARD))
        jump_ms = chance_between(&sim->chance, 1, CLOCK_FORWARD_S * 1000);
    else if (sim_strikes(sim, FAULT_CLOCK_BACK))
        jump_ms = -chance_between(&sim->chance, 1, CLOCK_BACK_S * 1000);
    server->offset_ms += jump_ms;
    if (jump_ms)
        sim_tell(sim, jump_ms > 0 ? "clock jumps # ms forward" : "clock jumps # ms back",
                 (uint64_t)(jump_ms > 0 ? jump_ms : -jump_ms), 0, 0, 0);
    agenda_add(&sim->agenda, sim->agenda.now_us + CLOCK_LOOK_S * SECOND_US, server_clock_jumps,
               NULL, 0);
    for (uint32_t i = 0; jump_ms && i < SIM_PARTITIONS; i++)
        if (sim->server->up)
            server_guarded(sim, server_turn, &server->posts[i]);
}

/* ------------------------------------------------------------------ the broker's loop */

static role_t
router_role(void *argument, uint64_t name, const char *public_key)
{
    const sim_t *sim = argument;
    (void)public_key;
    return sim->crowd->people[server_person(name)].role;
}

static void *
router_room(void *argument, size_t size)
{
    server_t *server = ((sim_t *)argument)->server;
    if (size > server->reply_room) {
        server->reply = realloc(server->reply, size);
        server->reply_room = size;
        assert(server->reply);
    }
    server->reply_size = size;
    return server->reply;
}

static bool
server_dies_sending(sim_t *sim, fault_t fault)
{
    server_t *server = sim->server;
    if (server->plan != fault || server->plan_skip-- > 0)
        return false;
    server->plan = FAULTS;
    sim->faults.fired[fault]++;
    sim_tell(sim, "$", TRAIL_NAME(fault_name(fault)), 0, 0, 0);
    return true;
}

static int
router_send_client(void *argument, uint64_t name)
{
    sim_t *sim = argument;
    if (!disk_dead() && server_dies_sending(sim, FAULT_KILL_SEND_BEFORE))
        disk_die();
    if (disk_dead())
        return 0;
    net_to_person(sim, name, sim->server->reply, sim->server->reply_size);
    if (server_dies_sending(sim, FAULT_KILL_SEND_AFTER))
        disk_die();
    return 0;
}

static void server_at_actor(sim_t *sim, void *note);

static bool
router_send_actor(void *argument, uint64_t actor, const void *bytes, size_t size)
{
    server_pass(argument, (uint32_t)actor - 1, server_at_actor, bytes, size);
    return true;
}

static int64_t
router_wall_ms(void *argument)
{
    return server_wall_ms(argument);
}

static void
router_warns(void *argument, const char *what)
{
    sim_broken(argument, "the router warns: %s", what);
}

static void
server_bury_if_dead(sim_t *sim)
{
    if (sim->server->up && disk_dead())
        server_kill(sim);
}

void
server_receive(sim_t *sim, uint64_t name, const void *bytes, size_t size)
{
    server_t *server = sim->server;
    if (!server->up)
        return;
    router_clock(server->router, sim->agenda.now_us / 1000);
    router_client(server->router, name, NULL, bytes, size);
    router_flush(server->router);
    server_bury_if_dead(sim);
}

static void
server_at_router(sim_t *sim, void *note)
{
    const inside_t *message = note;
    server_t *server = sim->server;
    if (!server->up || message->life != server->life)
        return;
    router_clock(server->router, sim->agenda.now_us / 1000);
    router_actor(server->router, message->number + 1, message->bytes, message->size);
    router_flush(server->router);
    server_bury_if_dead(sim);
}

/* A tell that was on its way for long: also one of an earlier life. */
static void
server_late_tell(sim_t *sim, void *note)
{
    inside_t *message = note;
    message->life = sim->server->life;
    server_at_router(sim, message);
}

/* ------------------------------------------------------------------ an actor's loop */

static void
post_flush(post_t *post)
{
    if (post->out_size && !disk_dead())
        server_pass(post->sim, post->number, server_at_router, post->out, post->out_size);
    post->out_size = 0;
}

static int64_t
post_tell_late_us(sim_t *sim)
{
    int64_t us = 0;
    if (sim_strikes(sim, FAULT_TELL_REORDERED))
        us += chance_between(&sim->chance, 0, TELL_OVERTAKEN_US);
    if (sim_strikes(sim, FAULT_TELL_DELAYED))
        us += chance_between(&sim->chance, SECOND_US, TELL_DELAYED_S * SECOND_US);
    return us;
}

/* Between partitions the way is as bad as that to clients: lost, doubled, late. True when the tell
 * does not go with what leaves now. */
static bool
post_tell_strays(post_t *post, const wire_route_t *route, const wire_header_t *header,
                 const void *body, uint32_t size)
{
    sim_t *sim = post->sim;
    if (header->kind != WIRE_TELL || operation_of(header->operation)->key == KEY_CASHIER)
        return false;
    if (sim_strikes(sim, FAULT_TELL_LOST))
        return true;
    bool twice = sim_strikes(sim, FAULT_TELL_DOUBLED);
    int64_t late_us = post_tell_late_us(sim);
    if (!twice && late_us == 0)
        return false;
    inside_t *message = malloc(sizeof *message + wire_routed_size(size));
    assert(message);
    *message = (inside_t){ .number = post->number, .size = wire_routed_size(size) };
    wire_put_routed(message->bytes, route, header, body, size);
    agenda_add(&sim->agenda, sim->agenda.now_us + late_us + 1, server_late_tell, message,
               sizeof *message + message->size);
    free(message);
    return !twice;
}

static void
post_record(void *argument, const wire_route_t *route, const wire_header_t *header,
            const void *body, uint32_t size)
{
    post_t *post = argument;
    if (disk_dead())
        return;
    judge_exit(post->sim, post->number, route, header, body, size);
    if (post_tell_strays(post, route, header, body, size))
        return;
    if (post->out_size + wire_routed_size(size) > POST_OUT_BYTES)
        post_flush(post);
    post->out_size += wire_put_routed(post->out + post->out_size, route, header, body, size);
}

static bool
post_followed(void *argument, uint64_t showtime)
{
    (void)argument, (void)showtime;
    return true;
}

static void
post_event(void *argument, uint64_t showtime, const wire_header_t *header, const void *body,
           uint32_t size)
{
    post_t *post = argument;
    (void)showtime;
    if (!disk_dead())
        judge_event(post->sim, post->number, header, body, size);
}

static uint64_t
post_seed(void *argument)
{
    post_t *post = argument;
    return chance_next(&post->sim->chance);
}

static void
post_fatal(void *argument, const char *what)
{
    post_t *post = argument;
    server_t *server = post->sim->server;
    if (!server->struck && !disk_dead())
        sim_broken(post->sim, "partition %u stops without a reason: %s", post->number, what);
    if (!disk_dead())
        post_flush(post); /* what was answered UNKNOWN leaves */
    disk_die();
    assert(server->guard);
    longjmp(*server->guard, 1);
}

/* Turns that are due although nothing arrives. */
typedef struct {
    uint32_t life, number;
    int64_t at_us;
} wake_t;

static void
server_wake(sim_t *sim, void *note)
{
    const wake_t *wake = note;
    server_t *server = sim->server;
    post_t *post = &server->posts[wake->number];
    if (!server->up || wake->life != server->life || wake->at_us != post->wake_us)
        return; /* an earlier one has taken its place */
    post->wake_us = INT64_MAX;
    server_guarded(sim, server_turn, post);
}

static void
post_set_wake(sim_t *sim, post_t *post)
{
    int64_t wake_ms = partition_wake_ms(post->partition), now_ms = server_wall_ms(sim);
    if (wake_ms == INT64_MAX)
        return;
    int64_t at_us = sim->agenda.now_us + (wake_ms > now_ms ? (wake_ms - now_ms) * 1000 : BUSY_US);
    if (post->wake_us <= at_us)
        return;
    wake_t wake = { .life = sim->server->life, .number = post->number, .at_us = at_us };
    post->wake_us = at_us;
    agenda_add(&sim->agenda, at_us, server_wake, &wake, sizeof wake);
}

void
server_turn(sim_t *sim, post_t *post)
{
    uint64_t before = partition_sequence(post->partition);
    partition_turn(post->partition, server_wall_ms(sim));
    if (!disk_dead() && partition_sequence(post->partition) != before)
        judge_step(sim, post->number);
    post_flush(post);
    post_set_wake(sim, post);
}

/* What has arrived and did not fit yet waits. */
typedef struct {
    const uint8_t *bytes;
    size_t size;
} arrived_t;
static arrived_t arrived;

static void
post_take(sim_t *sim, post_t *post)
{
    size_t at = 0;
    while (at < arrived.size && !disk_dead()) {
        wire_route_t route;
        wire_record_t record;
        if (!partition_room(post->partition)) {
            server_pass(sim, post->number, server_at_actor, arrived.bytes + at, arrived.size - at);
            break;
        }
        status_t status = wire_next_routed(arrived.bytes, arrived.size, &at, &route, &record);
        if (status != STATUS_OK) {
            sim_broken(sim, "the router sent an actor what is no record: %s", status_name(status));
            break;
        }
        sim->commands++;
        partition_accept(post->partition, &route, &record, server_wall_ms(sim));
    }
    server_turn(sim, post);
}

static void
server_at_actor(sim_t *sim, void *note)
{
    const inside_t *message = note;
    server_t *server = sim->server;
    if (!server->up || message->life != server->life)
        return;
    arrived = (arrived_t){ .bytes = message->bytes, .size = message->size };
    server_guarded(sim, post_take, &server->posts[message->number]);
}

static void
post_say(sim_t *sim, post_t *post, wire_kind_t kind)
{
    uint8_t body[64];
    pack_t pack;
    (void)sim;
    pack_init(&pack, body, sizeof body);
    pack_map(&pack, 4);
    pack_key_uint(&pack, "partitions", SIM_BOX_OFFICES);
    pack_key_uint(&pack, "programmes", SIM_PROGRAMMES);
    pack_key_uint(&pack, "members", SIM_MEMBERS);
    pack_key_uint(&pack, "apply_version", APPLY_VERSION);
    wire_route_t route = { .partition = (uint16_t)post->number };
    wire_header_t header = { .kind = (uint8_t)kind,
                             .key = post->number,
                             .moment = (int64_t)partition_sequence(post->partition) };
    post->out_size +=
        wire_put_routed(post->out + post->out_size, &route, &header, body, (uint32_t)pack.size);
    post_flush(post);
}

static void
server_heartbeat(sim_t *sim, void *note)
{
    const inside_t *beat = note;
    server_t *server = sim->server;
    if (!server->up || beat->life != server->life)
        return;
    for (uint32_t i = 0; i < SIM_PARTITIONS; i++)
        post_say(sim, &server->posts[i], WIRE_HEARTBEAT);
    agenda_add(&sim->agenda, sim->agenda.now_us + ROUTER_HEARTBEAT_MS * 1000, server_heartbeat,
               beat, sizeof *beat);
}

/* ------------------------------------------------------------------ birth and death */

void
server_guarded(sim_t *sim, void (*act)(sim_t *sim, post_t *post), post_t *post)
{
    server_t *server = sim->server;
    jmp_buf here;
    server->guard = &here;
    if (setjmp(here) == 0)
        act(sim, post);
    server->guard = NULL;
    server_bury_if_dead(sim);
}

void
server_path(const sim_t *sim, uint32_t partition, const char *part, char *path, size_t room)
{
    int size = snprintf(path, room, "%s/site/p%u%s", sim->folder, partition, part);
    assert(size > 0 && (size_t)size < room);
}

static void
post_open(sim_t *sim, post_t *post)
{
    server_t *server = sim->server;
    char path[512], error[PARTITION_ERROR_MAX] = "";
    server_path(sim, post->number, "", path, sizeof path);
    partition_options_t options = server->options;
    options.directory = path;
    options.site = server->sites[post->number];
    options.journal_open = server_journal_open;
    options.ways = (partition_ways_t){ .argument = post,
                                       .record = post_record,
                                       .followed = post_followed,
                                       .event = post_event,
                                       .seed = post_seed,
                                       .fatal = post_fatal };
    post->wake_us = INT64_MAX;
    post->out_size = 0;
    post->partition = partition_open(&options, error);
    if (!post->partition && !server->struck && !disk_dead())
        sim_broken(sim, "partition %u does not start: %s", post->number, error);
    if (!post->partition)
        disk_die();
    else if (!disk_dead())
        judge_born(sim, post->number, partition_sequence(post->partition),
                   state_chain(partition_state(post->partition)));
}

static void
server_make_router(sim_t *sim)
{
    router_options_t options = {
        .map = { SIM_BOX_OFFICES, SIM_PROGRAMMES, SIM_MEMBERS },
        .peers_max = 1024,
        .in_flight_max = 64,
        .retry_ms = 50,
    };
    router_ways_t ways = { .argument = sim,
                           .role = router_role,
                           .client_room = router_room,
                           .client_send = router_send_client,
                           .actor_send = router_send_actor,
                           .wall_ms = router_wall_ms,
                           .warn = router_warns };
    sim->server->router = router_new(&options, &ways);
    assert(sim->server->router);
}

static void
server_begin(sim_t *sim, void *unused)
{
    server_t *server = sim->server;
    (void)unused;
    if (server->up || sim->broken)
        return;
    disk_revive();
    server->up = server->opening = true;
    server->struck = server->stopping = false;
    server->plan = sim_strikes(sim, FAULT_KILL_OPENING) ? FAULT_KILL_OPENING : FAULTS;
    if (server->plan != FAULTS) {
        sim->faults.fired[FAULT_KILL_OPENING]--; /* counted when it happens */
        server->plan_skip = chance_below(&sim->chance, OPENING_OPS);
    }
    server->offset_ms = server_wall_ms(sim) - sim_true_ms(sim);
    server->born_us = sim->agenda.now_us;
    server->drift_ppm = sim_strikes(sim, FAULT_CLOCK_DRIFT)
                            ? (int32_t)chance_between(&sim->chance, -DRIFT_PPM_MOST, DRIFT_PPM_MOST)
                            : 0;
    server_make_router(sim);
    sim_tell(sim, "life # begins", server->life, 0, 0, 0);
    for (uint32_t i = 0; i < SIM_PARTITIONS && server->up && !disk_dead(); i++)
        server_guarded(sim, post_open, &server->posts[i]);
    server->opening = false;
    if (!server->up)
        return;
    if (server->plan == FAULT_KILL_OPENING)
        server->plan = FAULTS;
    inside_t beat = { .life = server->life };
    for (uint32_t i = 0; i < SIM_PARTITIONS; i++) {
        post_say(sim, &server->posts[i], WIRE_READY);
        server_guarded(sim, server_turn, &server->posts[i]);
        if (!server->up)
            return;
    }
    agenda_add(&sim->agenda, sim->agenda.now_us + ROUTER_HEARTBEAT_MS * 1000, server_heartbeat,
               &beat, sizeof beat);
}

static void
server_drop_all(sim_t *sim)
{
    server_t *server = sim->server;
    for (uint32_t i = 0; i < SIM_PARTITIONS; i++)
        partition_abandon(&server->posts[i].partition);
    router_destroy(&server->router);
    server->up = false;
    server->life++;
}

static void
server_later(sim_t *sim)
{
    agenda_add(&sim->agenda,
               sim->agenda.now_us + DOWN_LEAST_US + chance_about(&sim->chance, DOWN_MEAN_US),
               server_begin, NULL, 0);
}

void
server_kill(sim_t *sim)
{
    server_t *server = sim->server;
    uint32_t pending = disk_pending();
    bool power = sim_strikes(sim, FAULT_POWER_LOST);
    disk_die();
    server_drop_all(sim);
    sim->kills++;
    sim_tell(sim,
             power ? "life # ends by a loss of power, # operations not durable"
                   : "life # is killed, # operations not durable",
             server->life - 1, pending, 0, 0);
    if (power) {
        const disk_counts_t before = *disk_counts();
        disk_power_loss();
        sim->faults.fired[FAULT_DISK_DROPPED] += disk_counts()->dropped - before.dropped;
        sim->faults.fired[FAULT_DISK_TORN] += disk_counts()->torn - before.torn;
    }
    server_later(sim);
}

static void
post_close(sim_t *sim, post_t *post)
{
    uint64_t before = partition_sequence(post->partition);
    (void)sim, (void)before;
    partition_close(&post->partition);
}

bool
server_stop(sim_t *sim)
{
    server_t *server = sim->server;
    sim_tell(sim, "life # stops in order", server->life, 0, 0, 0);
    server->stopping = true;
    for (uint32_t i = 0; i < SIM_PARTITIONS; i++) {
        post_t *post = &server->posts[i];
        server_guarded(sim, post_close, post);
        if (!server->up)
            return false;
        router_clock(server->router, sim->agenda.now_us / 1000);
        if (post->out_size)
            router_actor(server->router, post->number + 1, post->out, post->out_size);
        post->out_size = 0;
    }
    server_drop_all(sim);
    if (!sim->faults.healed)
        server_later(sim);
    return true;
}

bool
server_up(const sim_t *sim)
{
    return sim->server->up;
}

state_t *
server_state(const sim_t *sim, uint32_t partition)
{
    partition_t *it = sim->server->posts[partition].partition;
    return it ? partition_state(it) : NULL;
}

const site_t *
server_site(const sim_t *sim, uint32_t partition)
{
    return &sim->server->sites[partition];
}

size_t
server_replies_bytes(const sim_t *sim)
{
    return sim->server->options.replies_bytes;
}

void
server_heal(sim_t *sim)
{
    sim->server->plan = FAULTS;
    sim->server->full_until_us = 0;
}

/* Some minutes into a simulation the day is another one, and later it is the old one again: rules
 * of zones do change. */
static const zone_t days = {
    .count = 2,
    .at_s = { SIM_EPOCH_MS / 1000 + 100, SIM_EPOCH_MS / 1000 + 260 },
    .offset_s = { 86400, 0 },
};

static void
server_configure(sim_t *sim)
{
    server_t *server = sim->server;
    chance_t *chance = &sim->chance;
    server->patient = chance_below(chance, 2);
    server->disk_us = chance_between(chance, 100, 8000);
    server->fate_us = chance_between(chance, 40 * SECOND_US, 400 * SECOND_US);
    server->options = (partition_options_t){
        .rules = { .cap = 4,
                   .lock_ms = 60000,
                   .ceiling_ms = 120000,
                   .gap_rule = true,
                   .providers = 0x1e },
        .segment_bytes = (size_t)chance_between(chance, 64, 256) * 1024,
        .cache_bytes = (size_t)chance_between(chance, 16, 512) * 1024,
        .replies_bytes = (size_t)chance_between(chance, 48, 512) * 1024,
        .zone = &days,
        .journal_policy = JOURNAL_ARCHIVE,
        .checkpoint_ms = chance_between(chance, 200, 5000),
        .inline_io = true,
    };
    for (uint32_t i = 0; i < SIM_PARTITIONS; i++) {
        site_t *site = &server->sites[i];
        *site = (site_t){ .partition = i,
                          .partitions = SIM_BOX_OFFICES,
                          .programmes = SIM_PROGRAMMES,
                          .members = SIM_MEMBERS };
        memset(site->id, 0x5a, sizeof site->id);
        memset(site->ticket_key, 0x33, sizeof site->ticket_key);
        uint8_t seed[crypto_sign_SEEDBYTES], public_key[crypto_sign_PUBLICKEYBYTES];
        memset(seed, 0x44, sizeof seed);
        int rc = crypto_sign_seed_keypair(public_key, site->sign_secret, seed);
        assert(rc == 0);
        (void)rc;
    }
}

void
server_open(sim_t *sim)
{
    server_t *server = sim->server = calloc(1, sizeof *server);
    assert(server);
    server->plan = FAULTS;
    server_configure(sim);
    for (uint32_t i = 0; i < SIM_PARTITIONS; i++) {
        server->posts[i] = (post_t){ .sim = sim, .number = i, .out = malloc(POST_OUT_BYTES) };
        assert(server->posts[i].out);
    }
    snprintf(server->root, sizeof server->root, "%s/site", sim->folder);
    int rc = mkdir(server->root, 0700);
    assert(rc == 0);
    disk_options_t disk = {
        .root = server->root, .watch = server_watch, .chance = server_chance, .argument = sim
    };
    disk_mount(&disk);
    server_begin(sim, NULL);
    server_fate(sim, NULL);
    agenda_add(&sim->agenda, CLOCK_LOOK_S * SECOND_US, server_clock_jumps, NULL, 0);
}

void
server_close(sim_t *sim)
{
    server_t *server = sim->server;
    if (!server)
        return;
    if (server->up) {
        disk_die();
        server_drop_all(sim);
    }
    disk_revive();
    disk_unmount();
    for (uint32_t i = 0; i < SIM_PARTITIONS; i++)
        free(server->posts[i].out);
    free(server->reply);
    free(server);
    sim->server = NULL;
}
