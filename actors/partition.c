/* partition - see partition.h for the contract. */
#include "actors/partition.h"
#include "actors/outbox.h"
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PARTITION_CHANGES_MAX = 64, /* of a zone: 32 years where clocks are set twice a year */
    DEFERRED_MAX = 1024,
    READ_BODY_MAX = WIRE_RECORD_MAX - WIRE_HEADER_SIZE,
    DIRTY_SOFT = 32 * 1024 * 1024,  /* a checkpoint starts before its time */
    DIRTY_HARD = 256 * 1024 * 1024, /* no write is taken until one has ended */
    FULL_RETRY_MS = 250,
    BATCHES = 3,
    /* So few commands on an idle partition are appended by its own thread: two wake-ups less for
     * a lone client, and little that could have been done meanwhile. */
    LONE_COMMANDS = 2,
};

/* Where the end of a deferred command goes: of the command that is known by (client, request), to
 * one of those who asked for it; there may be several, if it has `once`. */
typedef struct {
    uint64_t client, request;
    uint64_t asker; /* the client of the route */
    wire_route_t route;
    wire_header_t header;
} deferred_t;

struct partition {
    partition_options_t options;
    state_t *state;
    journal_t *journal;
    apply_t apply;
    sink_t sink;
    /* Three turns of one wheel: one batch is gathered, one is in the entry that is being made
     * durable, and one is applied. */
    intake_t batches[BATCHES];
    uint32_t wheel; /* the one that is gathered */
    intake_t *gathering, *running;
    const intake_t *applying;
    journal_entry_t entry;
    bool appending;
    int64_t now_ms;
    int64_t checkpoint_due_ms, full_until_ms;
    uint64_t on_disk; /* sequence of the last checkpoint */
    uint64_t full_refusals;
    uint8_t *read_body;
    deferred_t deferred[DEFERRED_MAX];
    uint32_t deferred_next;
};

/* ------------------------------------------------------------------ answers */

static void
partition_reply(partition_t *self, const wire_route_t *route, const wire_header_t *command,
                status_t status, uint64_t sequence, const void *body, uint32_t size)
{
    wire_header_t header = { .kind = WIRE_REPLY,
                             .operation = command->operation,
                             .status = status,
                             .key = command->key,
                             .request = command->request,
                             .moment = (int64_t)sequence };
    self->options.ways.record(self->options.ways.argument, route, &header, body, size);
}

static void
partition_refuse(partition_t *self, const wire_route_t *route, const wire_header_t *command,
                 status_t status, field_t field)
{
    uint8_t body[128];
    pack_t pack;
    pack_init(&pack, body, sizeof body);
    apply_refusal(&pack, status, field);
    partition_reply(self, route, command, status, state_sequence(self->state), body,
                    (uint32_t)pack.size);
}

/* A newer deferral takes the oldest place: who lost it repeats its request. */
static void
partition_defer(partition_t *self, const wire_route_t *route, const wire_header_t *header,
                const reply_t *reply)
{
    deferred_t *slot = NULL;
    for (uint32_t i = 0; i < DEFERRED_MAX && !slot; i++)
        if (self->deferred[i].client == reply->client &&
            self->deferred[i].request == reply->request &&
            self->deferred[i].asker == route->client &&
            self->deferred[i].header.request == header->request)
            slot = &self->deferred[i];
    if (!slot)
        slot = &self->deferred[self->deferred_next++ % DEFERRED_MAX];
    *slot = (deferred_t){ .client = reply->client,
                          .request = reply->request,
                          .asker = route->client,
                          .route = *route,
                          .header = *header };
    slot->route.client = 0; /* the broker counts the command as answered by PENDING */
}

static void
partition_resolved(void *argument, const reply_t *reply)
{
    partition_t *self = argument;
    for (uint32_t i = 0; i < DEFERRED_MAX; i++) {
        deferred_t *slot = &self->deferred[i];
        if (!slot->client || slot->client != reply->client || slot->request != reply->request)
            continue;
        partition_reply(self, &slot->route, &slot->header, reply->status, reply->sequence,
                        reply->body, reply->body_size);
        slot->client = 0;
    }
}

static void
partition_send_remembered(partition_t *self, const wire_route_t *route, const wire_header_t *header,
                          const reply_t *reply)
{
    if (reply->status == STATUS_PENDING)
        partition_defer(self, route, header, reply);
    partition_reply(self, route, header, reply->status, reply->sequence, reply->body,
                    reply->body_size);
}

static void
partition_answer(void *argument, uint32_t index, const reply_t *reply)
{
    partition_t *self = argument;
    const intake_item_t *item = &self->applying->items[index];
    if (item->route.peer || reply->status == STATUS_PENDING)
        partition_send_remembered(self, &item->route, &item->header, reply);
}

static bool
partition_followed(void *argument, uint64_t showtime)
{
    const partition_t *self = argument;
    return self->options.ways.followed(self->options.ways.argument, showtime);
}

static void
partition_event(void *argument, uint16_t operation, uint64_t showtime, uint64_t number,
                const void *body, uint32_t size)
{
    partition_t *self = argument;
    wire_header_t header = { .kind = WIRE_EVENT,
                             .operation = operation,
                             .key = showtime,
                             .request = number,
                             .moment = (int64_t)state_sequence(self->state) };
    self->options.ways.event(self->options.ways.argument, showtime, &header, body, size);
}

static void
partition_tell(void *argument, uint16_t operation, uint64_t key, uint64_t number, const void *body,
               uint32_t size)
{
    partition_t *self = argument;
    wire_route_t route = { .partition = (uint16_t)self->options.site.partition };
    wire_header_t header = { .kind = WIRE_TELL,
                             .operation = operation,
                             .key = key,
                             .request = number,
                             .moment = (int64_t)state_sequence(self->state) };
    self->options.ways.record(self->options.ways.argument, &route, &header, body, size);
}

/* ------------------------------------------------------------------ birth and recovery */

static void
partition_drop_answer(void *argument, uint32_t index, const reply_t *reply)
{
    (void)argument, (void)index, (void)reply;
}

static bool
partition_nobody_follows(void *argument, uint64_t showtime)
{
    (void)argument, (void)showtime;
    return false;
}

static void
partition_drop_event(void *argument, uint16_t operation, uint64_t showtime, uint64_t number,
                     const void *body, uint32_t size)
{
    (void)argument, (void)operation, (void)showtime, (void)number, (void)body, (void)size;
}

static void
partition_drop_resolved(void *argument, const reply_t *reply)
{
    (void)argument, (void)reply;
}

/* Results of entries that are applied again were sent before, or their senders repeat them. */
static const sink_t recovery_sink = {
    .followed = partition_nobody_follows,
    .event = partition_drop_event,
    .tell = partition_drop_event,
    .resolved = partition_drop_resolved,
};

static int
partition_replay(void *argument, const journal_entry_t *entry)
{
    partition_t *self = argument;
    intake_t *batch = &self->batches[0];
    if (!intake_load(batch, entry->payload, entry->size, entry->count))
        return -2;
    apply_entry(&self->apply, entry, batch);
    if (state_dirty_bytes(self->state) > DIRTY_SOFT) {
        state_checkpoint_wait(self->state);
        state_checkpoint(self->state);
    }
    return 0;
}

static int
partition_recover(partition_t *self, char *error)
{
    uint64_t from = state_sequence(self->state) + 1;
    if (self->journal->last >= from && self->journal->apply_version != APPLY_VERSION) {
        snprintf(error, PARTITION_ERROR_MAX,
                 "%s: the journal's tail was written by version %u of the rules, this program has "
                 "%u; start the old program once and stop it cleanly",
                 self->options.directory, self->journal->apply_version, APPLY_VERSION);
        return -1;
    }
    self->apply.sink = &recovery_sink;
    self->apply.answer = partition_drop_answer;
    int rc = self->journal->read(self->journal, from, partition_replay, self, error);
    if (rc == -2)
        snprintf(error, PARTITION_ERROR_MAX,
                 "%s: journal entry %" PRIu64 " cannot be decoded; restore from a backup",
                 self->options.directory, state_sequence(self->state) + 1);
    self->apply.sink = &self->sink;
    self->apply.answer = partition_answer;
    self->apply.counts = (apply_counts_t){ 0 };
    return rc ? -1 : 0;
}

static int
partition_open_store(partition_t *self, char *error)
{
    const partition_options_t *options = &self->options;
    char path[4096];
    if ((size_t)snprintf(path, sizeof path, "%s/state", options->directory) >= sizeof path) {
        snprintf(error, PARTITION_ERROR_MAX, "the directory's name is too long");
        return -1;
    }
    state_options_t state = {
        .directory = path,
        .partition = options->site.partition,
        .partitions = site_stamp(&options->site, options->site.partition),
        .apply_version = APPLY_VERSION,
        .cache_bytes = options->cache_bytes,
        .replies_bytes = options->replies_bytes,
        .inline_io = options->inline_io,
        .fatal = options->ways.fatal,
        .argument = options->ways.argument,
    };
    memcpy(state.site, options->site.id, sizeof state.site);
    if (state_open(&self->state, &state, error) != 0)
        return -1;
    snprintf(path, sizeof path, "%s/journal", options->directory);
    journal_file_options_t journal = {
        .directory = path,
        .partition = options->site.partition,
        .partitions = site_stamp(&options->site, options->site.partition),
        .apply_version = APPLY_VERSION,
        .segment_bytes = options->segment_bytes,
        .policy = options->journal_policy,
        .inline_io = options->inline_io,
        .fatal = options->ways.fatal,
        .argument = options->ways.argument,
    };
    memcpy(journal.site, options->site.id, sizeof journal.site);
    uint64_t checkpoint = state_sequence(self->state);
    const uint8_t *chain = state_chain(self->state);
    int rc = options->journal_open
                 ? options->journal_open(options->ways.argument, &self->journal, &journal,
                                         checkpoint, chain, error)
                 : journal_file_open(&self->journal, &journal, checkpoint, chain, error);
    if (rc != 0)
        return -1;
    uint64_t epoch;
    if (self->journal->acquire(self->journal, &epoch) != JOURNAL_OK) {
        snprintf(error, PARTITION_ERROR_MAX, "%s: somebody else owns the journal",
                 options->directory);
        return -1;
    }
    return 0;
}

static void
rules_of_sale(const partition_t *self, pack_t *pack)
{
    const sale_rules_t *rules = &self->options.rules;
    pack_map(pack, 5);
    pack_key_uint(pack, "providers", rules->providers);
    pack_key_uint(pack, "cap", rules->cap);
    pack_key_uint(pack, "ttl_ms", (uint64_t)rules->lock_ms);
    pack_key_uint(pack, "ceiling_ms", (uint64_t)rules->ceiling_ms);
    pack_key_bool(pack, "gap_rule", rules->gap_rule);
}

/* The clock of the members' days, from the caller's moment on; before it, as at its beginning. */
static void
rules_of_members(const partition_t *self, pack_t *pack)
{
    const zone_t *zone = self->options.zone;
    uint32_t count =
        zone->count < PARTITION_CHANGES_MAX - 1 ? zone->count : PARTITION_CHANGES_MAX - 1;
    pack_map(pack, 1);
    pack_str(pack, "changes");
    pack_array(pack, count + 1);
    pack_array(pack, 2);
    pack_int(pack, -1);
    pack_int(pack, zone->first_offset_s);
    for (uint32_t i = 0; i < count; i++) {
        pack_array(pack, 2);
        pack_int(pack, zone->at_s[i]);
        pack_int(pack, zone->offset_s[i]);
    }
}

/* The rules reach the state as a command of their own, so that a replay finds the same. */
static void
partition_tell_rules(partition_t *self)
{
    uint8_t body[64 * PARTITION_CHANGES_MAX / 2];
    pack_t pack;
    key_kind_t role = site_role(&self->options.site, self->options.site.partition);
    bool members = role == KEY_MEMBER;
    if (role == KEY_CINEMA || (members && !self->options.zone))
        return;
    pack_init(&pack, body, sizeof body);
    if (members)
        rules_of_members(self, &pack);
    else
        rules_of_sale(self, &pack);
    assert(!pack.overflow);
    wire_route_t route = { .role = ROLE_ACTOR,
                           .partition = (uint16_t)self->options.site.partition };
    wire_record_t record = {
        .header = { .kind = WIRE_COMMAND,
                    .operation = members ? OP_MEMBER_RULES : OP_RULES,
                    .key = self->options.site.partition,
                    .request = 1 },
        .body = body,
        .body_size = (uint32_t)pack.size,
    };
    field_t field;
    uint16_t status = intake_add(self->gathering, &route, &record, &field);
    assert(status == STATUS_OK);
}

partition_t *
partition_open(const partition_options_t *options, char *error)
{
    partition_t *self = calloc(1, sizeof *self);
    if (!self) {
        snprintf(error, PARTITION_ERROR_MAX, "out of memory");
        return NULL;
    }
    self->options = *options;
    self->sink = (sink_t){ .argument = self,
                           .followed = partition_followed,
                           .event = partition_event,
                           .tell = partition_tell,
                           .resolved = partition_resolved };
    self->read_body = malloc(READ_BODY_MAX);
    bool room = self->read_body != NULL;
    for (uint32_t i = 0; room && i < BATCHES; i++)
        room = intake_init(&self->batches[i]);
    if (!room) {
        snprintf(error, PARTITION_ERROR_MAX, "out of memory");
        partition_abandon(&self);
        return NULL;
    }
    if (partition_open_store(self, error) != 0) {
        partition_abandon(&self);
        return NULL;
    }
    apply_init(&self->apply, self->state, &self->options.site);
    self->apply.argument = self;
    if (partition_recover(self, error) != 0) {
        partition_abandon(&self); /* half recovered: it must not be checkpointed */
        return NULL;
    }
    self->on_disk = state_checkpoint_ended(self->state);
    intake_clear(&self->batches[0]);
    self->gathering = &self->batches[0];
    self->now_ms = self->apply.now_ms;
    partition_tell_rules(self);
    return self;
}

/* ------------------------------------------------------------------ commands in */

static void partition_read(partition_t *self, const wire_route_t *route,
                           const wire_record_t *record, int64_t now_ms);

/* Is an operation one of those that are asked of partitions of this role? */
static bool
partition_plays(const partition_t *self, const operation_t *operation)
{
    const site_t *site = &self->options.site;
    return operation->key == KEY_PARTITION || operation->key == site_role(site, site->partition);
}

/* A write that can't be carried out any more needs no journal; unless it was answered before: then
 * it gets that answer. In time, a repeat is found by apply like any other command. */
static bool
partition_stale(partition_t *self, const wire_route_t *route, const wire_header_t *header,
                const command_t *command, int64_t now_ms)
{
    status_t status = STATUS_OK;
    if (command->deadline_ms < now_ms)
        status = command->deadline_ms <= 0 ? STATUS_BAD_DEADLINE : STATUS_EXPIRED;
    else if (command->deadline_ms > now_ms + WIRE_DEADLINE_HORIZON_MS)
        status = STATUS_BAD_DEADLINE;
    else if (now_ms < self->full_until_ms)
        status = STATUS_NO_SPACE;
    else if (state_dirty_bytes(self->state) > DIRTY_HARD) /* the checkpoint is behind */
        status = state_full(self->state) ? STATUS_NO_SPACE : STATUS_BUSY;
    if (status == STATUS_OK)
        return false;
    reply_t reply;
    if (replies_find(state_replies(self->state), command->client, command->request, &reply) &&
        reply.digest == command->digest) {
        self->apply.counts.repeats++;
        partition_send_remembered(self, route, header, &reply);
    } else {
        partition_refuse(self, route, header, status, FIELDS);
    }
    return true;
}

/* May a tell go to the journal? If not, its sender is told so, and waits. One that no partition of
 * this role can read or carry out comes from another program than ours: it is left alone. */
static bool
partition_hears(partition_t *self, const operation_t *operation, const wire_route_t *route,
                const wire_record_t *record, int64_t now_ms)
{
    uint8_t body[64];
    pack_t pack;
    if (!operation || operation->mode == MODE_READ || !partition_plays(self, operation))
        return false;
    if (operation->code == OP_OUTBOX_ACK ||
        (now_ms >= self->full_until_ms && state_dirty_bytes(self->state) <= DIRTY_HARD))
        return true;
    pack_init(&pack, body, sizeof body);
    outbox_pack_ack(&pack, record->header.request, STATUS_BUSY);
    partition_tell(self, OP_OUTBOX_ACK, route->sender, record->header.request, body,
                   (uint32_t)pack.size);
    return false;
}

void
partition_accept(partition_t *self, const wire_route_t *route, const wire_record_t *record,
                 int64_t now_ms)
{
    if (now_ms < self->now_ms)
        now_ms = self->now_ms;
    const operation_t *operation = operation_of(record->header.operation);
    if (record->header.kind == WIRE_TELL &&
        !partition_hears(self, operation, route, record, now_ms))
        return;
    if (operation && !partition_plays(self, operation)) {
        partition_refuse(self, route, &record->header, STATUS_WRONG_PARTITION, FIELDS);
        return;
    }
    if (operation && operation->mode == MODE_READ) {
        partition_read(self, route, record, now_ms);
        return;
    }
    assert(partition_room(self));
    field_t field;
    status_t status = intake_add(self->gathering, route, record, &field);
    if (status != STATUS_OK) {
        partition_refuse(self, route, &record->header, status, field);
        return;
    }
    if (record->header.kind == WIRE_TELL)
        return;
    const intake_item_t *item = &self->gathering->items[self->gathering->count - 1];
    if (partition_stale(self, route, &record->header, &item->command, now_ms))
        intake_drop(self->gathering);
}

bool
partition_room(const partition_t *self)
{
    return intake_room(self->gathering, WIRE_RECORD_MAX);
}

/* ------------------------------------------------------------------ reads */

static void
partition_stats(partition_t *self, pack_t *pack)
{
    const apply_counts_t *counts = &self->apply.counts;
    state_figures_t state;
    journal_figures_t journal;
    state_figures(self->state, &state);
    self->journal->figures(self->journal, &journal);
    const struct {
        const char *name;
        uint64_t value;
    } figures[] = {
        { "partition", self->options.site.partition },
        { "sequence", state_sequence(self->state) },
        { "checkpoint", self->on_disk },
        { "entries", counts->entries },
        { "commands", counts->commands },
        { "accepted", counts->accepted },
        { "refused", counts->refused },
        { "repeats", counts->repeats },
        { "timers", counts->timers },
        { "reads", counts->reads },
        { "full_refusals", self->full_refusals },
        { "appends", journal.appends },
        { "journal_bytes", journal.bytes },
        { "append_last_us", journal.append_last_us },
        { "append_max_us", journal.append_max_us },
        { "segments", journal.segments },
        { "checkpoints", state.checkpoints },
        { "checkpoint_last_us", state.checkpoint_last_us },
        { "checkpoint_max_us", state.checkpoint_max_us },
        { "checkpoint_pieces", state.checkpoint_pieces },
        { "records_cached", state.records_cached },
        { "cache_bytes", state.cache_bytes },
        { "dirty_bytes", state.dirty_bytes },
        { "timers_waiting", state.timers },
        { "map_bytes", state.map_bytes },
        { "map_used_bytes", state.map_used_bytes },
        { "replies", replies_count(state_replies(self->state)) },
        { "replies_bytes", replies_bytes(state_replies(self->state)) },
    };
    pack_map(pack, sizeof figures / sizeof figures[0]);
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++)
        pack_key_uint(pack, figures[i].name, figures[i].value);
}

static void
partition_read(partition_t *self, const wire_route_t *route, const wire_record_t *record,
               int64_t now_ms)
{
    command_t command;
    field_t field;
    pack_t pack;
    pack_init(&pack, self->read_body, READ_BODY_MAX);
    status_t status = command_decode(&command, record, route, &field);
    if (status == STATUS_OK && command.deadline_ms > 0 && command.deadline_ms < now_ms)
        status = STATUS_EXPIRED;
    if (status != STATUS_OK)
        apply_refusal(&pack, status, field);
    else if (command.operation->code == OP_ECHO)
        pack_raw(&pack, record->body, record->body_size);
    else if (command.operation->code == OP_STATS)
        partition_stats(self, &pack);
    else
        status = apply_read(&self->apply, &command, now_ms, &pack);
    partition_reply(self, route, &record->header, status, state_sequence(self->state), pack.data,
                    (uint32_t)pack.size);
}

/* ------------------------------------------------------------------ the turn */

/* Hand the gathered commands to the journal. */
static void
partition_start(partition_t *self, int64_t now_ms, bool at_once)
{
    if (now_ms < self->full_until_ms)
        return;
    intake_t *batch = self->gathering;
    self->running = batch;
    self->wheel = (self->wheel + 1) % BATCHES;
    self->gathering = &self->batches[self->wheel];
    intake_clear(self->gathering);
    self->entry = (journal_entry_t){
        .sequence = self->journal->last + 1,
        .now_ms = now_ms,
        .seed = self->options.ways.seed(self->options.ways.argument),
        .count = batch->count,
        .size = (uint32_t)batch->size,
        .payload = batch->bytes,
        .at_once = at_once,
    };
    self->appending = true;
    self->journal->append(self->journal, &self->entry);
}

static void
partition_apply(partition_t *self, const journal_entry_t *entry, const intake_t *batch)
{
    self->applying = batch;
    apply_entry(&self->apply, entry, batch);
    self->applying = NULL;
}

/* Answer every command of an entry that was not, or perhaps not, made durable. */
static void
partition_refuse_batch(partition_t *self, const intake_t *batch, status_t status)
{
    for (uint32_t i = 0; i < batch->count; i++)
        if (batch->items[i].route.peer)
            partition_refuse(self, &batch->items[i].route, &batch->items[i].header, status, FIELDS);
}

/* The append has ended: the next one is started before this entry is applied, so that the disk
 * and the processor work at the same time. The next entry's batch is the one gathered meanwhile. */
static void
partition_ended(partition_t *self, journal_result_t result, int64_t now_ms)
{
    self->appending = false;
    if (result == JOURNAL_FULL) {
        self->full_until_ms = now_ms + FULL_RETRY_MS;
        self->full_refusals += self->running->count;
        partition_refuse_batch(self, self->running, STATUS_NO_SPACE);
        return;
    }
    if (result != JOURNAL_OK) {
        partition_refuse_batch(self, self->running, STATUS_UNKNOWN_OUTCOME);
        partition_refuse_batch(self, self->gathering, STATUS_UNKNOWN_OUTCOME);
        self->options.ways.fatal(self->options.ways.argument,
                                 result == JOURNAL_FENCED ? "the journal has another owner now"
                                                          : "a journal write or sync failed");
        return;
    }
    journal_entry_t entry = self->entry;
    const intake_t *batch = self->running;
    if (self->gathering->count)
        partition_start(self, now_ms, false);
    partition_apply(self, &entry, batch);
}

/* Take the end of an append, if one has ended. */
static void
partition_take_end(partition_t *self, int64_t now_ms)
{
    journal_result_t result =
        self->appending ? self->journal->ended(self->journal) : JOURNAL_RUNNING;
    if (result != JOURNAL_RUNNING)
        partition_ended(self, result, now_ms);
}

static void
partition_checkpoint(partition_t *self, int64_t now_ms)
{
    uint64_t on_disk = state_checkpoint_ended(self->state);
    if (on_disk != self->on_disk) {
        self->on_disk = on_disk;
        self->journal->truncate(self->journal, on_disk);
    }
    bool due = now_ms >= self->checkpoint_due_ms || state_dirty_bytes(self->state) > DIRTY_SOFT;
    if (due && !state_checkpoint_running(self->state)) {
        self->checkpoint_due_ms = now_ms + self->options.checkpoint_ms;
        state_checkpoint(self->state);
    }
}

void
partition_turn(partition_t *self, int64_t now_ms)
{
    if (now_ms < self->now_ms)
        now_ms = self->now_ms;
    self->now_ms = now_ms;
    partition_take_end(self, now_ms);
    if (!self->appending && (self->gathering->count || state_next_due(self->state) <= now_ms)) {
        partition_start(self, now_ms, self->gathering->count <= LONE_COMMANDS);
        partition_take_end(self, now_ms);
    }
    partition_checkpoint(self, now_ms);
}

int64_t
partition_wake_ms(const partition_t *self)
{
    int64_t wake = state_dirty_bytes(self->state) ? self->checkpoint_due_ms : INT64_MAX;
    if (self->appending)
        return wake;
    int64_t work = self->gathering->count ? self->now_ms : state_next_due(self->state);
    if (work < self->full_until_ms)
        work = self->full_until_ms;
    return work < wake ? work : wake;
}

/* ------------------------------------------------------------------ the rest */

static void
partition_finish(partition_t *self)
{
    if (!self->appending && self->gathering->count)
        partition_start(self, self->now_ms, false);
    while (self->appending) {
        struct pollfd item = { .fd = self->journal->fd, .events = POLLIN };
        if (item.fd >= 0 && poll(&item, 1, -1) < 0 && errno != EINTR)
            break;
        journal_result_t result = self->journal->ended(self->journal);
        if (result != JOURNAL_RUNNING)
            partition_ended(self, result, self->now_ms);
    }
    partition_refuse_batch(self, self->gathering, STATUS_UNAVAILABLE);
    state_checkpoint_wait(self->state);
    if (state_checkpoint(self->state))
        self->on_disk = state_checkpoint_wait(self->state);
    self->journal->truncate(self->journal, self->on_disk);
}

void
partition_close(partition_t **self_p)
{
    if (*self_p)
        partition_finish(*self_p);
    partition_abandon(self_p);
}

void
partition_abandon(partition_t **self_p)
{
    partition_t *self = *self_p;
    if (!self)
        return;
    if (self->journal)
        self->journal->close(&self->journal);
    state_close(&self->state);
    for (uint32_t i = 0; i < BATCHES; i++)
        intake_free(&self->batches[i]);
    free(self->read_body);
    free(self);
    *self_p = NULL;
}

int
partition_journal_fd(const partition_t *self)
{
    return self->journal->fd;
}

int
partition_state_fd(const partition_t *self)
{
    return state_fd(self->state);
}

uint64_t
partition_sequence(const partition_t *self)
{
    return state_sequence(self->state);
}

state_t *
partition_state(partition_t *self)
{
    return self->state;
}
