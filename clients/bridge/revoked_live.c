/* revoked_live - see revoked_live.h for the contract. */
#include "clients/bridge/revoked_live.h"
#include "clients/bridge/ask.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    bool asking;
    bool heard;     /* all that was there when it was asked first is in the list */
    bool none;      /* it takes nothing back, and need not be asked */
    uint64_t since; /* what is asked for comes after this one */
} partition_state_t;

struct revoked_live {
    bridge_t *bridge;
    uint32_t count; /* of partitions; 0: not known yet */
    partition_state_t partitions[REVOKED_SOURCES_MAX];
};

revoked_live_t *
revoked_live_new(bridge_t *bridge)
{
    revoked_live_t *self = calloc(1, sizeof *self);
    if (self)
        self->bridge = bridge;
    return self;
}

void
revoked_live_destroy(revoked_live_t **self_p)
{
    free(*self_p);
    *self_p = NULL;
}

/* ------------------------------------------------------------------ entries */

/* One entry: [kind, name, at_s, until_s]. */
static bool
revoked_live_entry(mp_t *mp, revoked_t *entry)
{
    enum { PARTS = 4 };
    uint32_t count, size;
    uint64_t kind, at_s, until_s;
    const char *name;
    *entry = (revoked_t){ 0 };
    if (!mp_read_array(mp, &count) || count != PARTS || !mp_read_uint(mp, &kind) ||
        !mp_read_str(mp, &name, &size) || !mp_read_uint(mp, &at_s) || !mp_read_uint(mp, &until_s) ||
        kind > REVOKED_FAMILY || size == 0 || size > TOKEN_SUBJECT_MAX || memchr(name, 0, size) ||
        at_s > (uint64_t)TIME_MAX_MS || until_s > (uint64_t)TIME_MAX_MS)
        return false;
    entry->kind = (revoked_kind_t)kind;
    entry->at_s = (int64_t)at_s;
    entry->until_s = (int64_t)until_s;
    memcpy(entry->name, name, size);
    return true;
}

/* Put all entries of a body; false: it is malformed. Some may have been put then, which is no harm.
 */
static bool
revoked_live_take(const revoked_live_t *self, const void *body, size_t size)
{
    mp_t mp;
    uint32_t count;
    revoked_t entry;
    if (!mp_valid(body, size) || !mp_find(body, size, "revoked", &mp) ||
        !mp_read_array(&mp, &count))
        return false;
    while (count-- > 0) {
        if (!revoked_live_entry(&mp, &entry))
            return false;
        revoked_put(self->bridge->revoked, &entry, self->bridge->now_ms / 1000);
    }
    return true;
}

static bool
revoked_live_number(const void *body, size_t size, const char *key, uint64_t *number)
{
    mp_t mp;
    return mp_find(body, size, key, &mp) && mp_read_uint(&mp, number);
}

/* ------------------------------------------------------------------ what is asked for */

static void revoked_live_ask(revoked_live_t *self, uint32_t partition);

static void
revoked_live_wrong(const revoked_live_t *self, uint32_t partition, const char *what)
{
    log_say(self->bridge, "error", "revoked tokens of partition %u: %s", partition, what);
}

/* A page of the answer, or all of it. */
static void
revoked_live_page(revoked_live_t *self, uint32_t partition, const marquee_reply_t *reply)
{
    partition_state_t *state = &self->partitions[partition];
    revoked_list_t *list = self->bridge->revoked;
    uint64_t version, next;
    if (!revoked_live_number(reply->body, reply->body_size, "version", &version) ||
        !revoked_live_number(reply->body, reply->body_size, "next", &next) ||
        (next && (next <= state->since || next > version)) ||
        !revoked_live_take(self, reply->body, reply->body_size)) {
        revoked_live_wrong(self, partition, "the answer cannot be read");
        return;
    }
    if (version < state->since) { /* the site is not what it was: begin anew */
        revoked_wait_for(list, partition);
        revoked_live_ask(self, partition);
        return;
    }
    (void)revoked_step(list, partition, state->since + 1, next ? next : version);
    if (next)
        revoked_live_ask(self, partition);
    else
        state->heard = true;
}

static void
revoked_live_answer(call_t *call, const marquee_reply_t *reply)
{
    revoked_live_t *self = call->bridge->revoked_live;
    uint32_t partition = call->format;
    call->conn = NULL;
    serve_release(call);
    if (!self || partition >= self->count)
        return;
    self->partitions[partition].asking = false;
    if (reply->status == STATUS_OK)
        revoked_live_page(self, partition, reply);
    else if (reply->status == STATUS_UNKNOWN_OPERATION)
        self->partitions[partition].none = self->partitions[partition].heard = true;
    else if (reply->status == STATUS_FORBIDDEN)
        revoked_live_wrong(self, partition, "this bridge may not ask");
}

static void
revoked_live_ask(revoked_live_t *self, uint32_t partition)
{
    uint8_t room[32];
    marquee_body_t body;
    partition_state_t *state = &self->partitions[partition];
    if (state->asking || state->none)
        return;
    call_t *call = serve_background(self->bridge, NULL);
    if (!call)
        return;
    call->format = (uint16_t)partition;
    state->since = revoked_known(self->bridge->revoked, partition);
    marquee_body_init(&body, room, sizeof room);
    marquee_body_number(&body, "since", state->since);
    state->asking = true;
    if (ask_background(call, OP_SESSIONS_REVOKED, partition, &body, revoked_live_answer) != 0)
        state->asking = false;
}

/* ------------------------------------------------------------------ the loop */

/* How many partitions there are is known when the broker was heard. */
static void
revoked_live_begin(revoked_live_t *self)
{
    const marquee_t *marquee = self->bridge->marquee;
    uint32_t count =
        marquee_partitions(marquee) + marquee_programmes(marquee) + marquee_members(marquee);
    if (self->count || count > REVOKED_SOURCES_MAX)
        return;
    self->count = count;
    for (uint32_t i = 0; i < count; i++)
        if (marquee_follow_partition(self->bridge->marquee, i) != 0)
            revoked_live_wrong(self, i, "cannot be followed; asked for every second");
}

void
revoked_live_connected(revoked_live_t *self)
{
    revoked_live_begin(self);
    for (uint32_t i = 0; i < self->count; i++)
        self->partitions[i].none = false; /* it may be a later version */
    revoked_live_clock(self);
}

void
revoked_live_clock(revoked_live_t *self)
{
    for (uint32_t i = 0; i < self->count; i++)
        revoked_live_ask(self, i);
}

void
revoked_live_event(revoked_live_t *self, const marquee_event_t *event)
{
    uint64_t from;
    if (event->showtime >= self->count)
        return;
    uint32_t partition = (uint32_t)event->showtime;
    if (!revoked_live_take(self, event->body, event->body_size) ||
        !revoked_live_number(event->body, event->body_size, "from", &from)) {
        revoked_live_wrong(self, partition, "the event cannot be read");
        return;
    }
    self->partitions[partition].none = false;
    if (!revoked_step(self->bridge->revoked, partition, from, event->number))
        revoked_live_ask(self, partition);
}

bool
revoked_live_whole(const revoked_live_t *self)
{
    for (uint32_t i = 0; i < self->count; i++)
        if (!self->partitions[i].heard)
            return false;
    return self->count > 0;
}
