/* crowd - see crowd.h for the contract: how people call, wait, retry, vanish and come back. */
#include "tests/sim/crowd.h"
#include "actors/ids.h"
#include "broker/status.h"
#include "tests/sim/bank.h"
#include "tests/sim/net.h"
#include "tests/sim/server.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
    THINK_MEAN_US = 1200000,
    LOOK_US = 400000,
    CASHIER_LOOK_US = 60000,
    PATIENCE = 12, /* attempts before a call is given up */
    DEADLINE_LEAST_MS = 3000,
    DEADLINE_MOST_MS = 40000,
    HURRIED_ONE_OF = 25, /* calls whose deadline is so near that it passes on the way */
    HURRIED_MOST_MS = 25,
    REPEAT_MOST_S = 30,
    GONE_MOST_S = 30,
    HELLO_REQUEST = 1,
    CASHIER_REQUESTS = 5000, /* above the numbers of tells, which the sandbox uses as requests */
    BURST_FRAMES = 12,
    BURST_RECORDS = 60,
    BURST_LOOK_S = 60,
    CASHIER_HELLO_S = 5,
    ONCE_ONE_OF = 4, /* writes that are known by `once` */
    ONCE_LATER_MOST_S = 60,
    STAFF_FORGED_ONE_OF = 25,
};

int64_t
person_clock(const sim_t *sim, const person_t *person)
{
    return sim_true_ms(sim) + person->skew_ms;
}

person_t *
crowd_cashier(sim_t *sim)
{
    return &sim->crowd->people[sim->crowd->count - 1];
}

void
crowd_know(sim_t *sim, const known_t *known)
{
    sim->crowd->known[sim->crowd->known_count++ % CROWD_KNOWN] = *known;
}

uint64_t
crowd_showtime(sim_t *sim)
{
    const crowd_t *self = sim->crowd;
    if (self->showtime_count == 0)
        return 0;
    uint32_t among = self->showtime_count < 4 ? self->showtime_count : 4;
    if (chance_below(&sim->chance, 20) == 0) /* an old one, now and then */
        among = self->showtime_count;
    return self->showtimes[self->showtime_count - 1 - chance_below(&sim->chance, among)];
}

/* ------------------------------------------------------------------ sending */

void
crowd_shout(sim_t *sim, person_t *person, const void *frame, size_t size)
{
    net_to_server(sim, server_name(person->index, person->generation), frame, size);
}

static void
person_hello(sim_t *sim, person_t *person)
{
    uint8_t body[64], frame[256];
    pack_t pack;
    pack_init(&pack, body, sizeof body);
    pack_map(&pack, 1);
    pack_str(&pack, "client");
    pack_bin(&pack, person->identity, sizeof person->identity);
    wire_header_t hello = { .kind = WIRE_COMMAND, .operation = OP_HELLO, .request = HELLO_REQUEST };
    size_t size = wire_put(frame, &hello, body, (uint32_t)pack.size);
    if (person->role == ROLE_CASHIER) {
        wire_header_t ready = { .kind = WIRE_READY, .request = HELLO_REQUEST };
        size += wire_put(frame + size, &ready, NULL, 0);
    }
    crowd_shout(sim, person, frame, size);
}

/* A connection is lost: what is on its way to the old one is lost with it. */
static void
person_reconnect(person_t *person)
{
    person->generation++;
    person->greeted = false;
}

static void
person_send(sim_t *sim, person_t *person)
{
    person->sent_us = sim->agenda.now_us;
    person->attempts++;
    crowd_shout(sim, person, person->frame, person->frame_size);
    if (sim_strikes(sim, FAULT_CLIENT_VANISHED)) {
        person->gone = true;
        person->waiting = false;
    }
}

/* Things that no client of ours would send: cut, random, of another kind, unknown. */
static void
person_nonsense(sim_t *sim, person_t *person)
{
    uint8_t bytes[512];
    size_t size = 1 + chance_below(&sim->chance, sizeof bytes - 1);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)chance_next(&sim->chance);
    wire_header_t header = { .kind = WIRE_COMMAND,
                             .operation = (uint16_t)chance_below(&sim->chance, 200),
                             .key = crowd_showtime(sim),
                             .request = 1u << 30,
                             .moment = person_clock(sim, person) + 5000 };
    uint32_t kind = chance_below(&sim->chance, 4);
    uint8_t frame[1024];
    size_t frame_size = wire_put(frame, &header, bytes, (uint32_t)size);
    if (kind == 0)
        crowd_shout(sim, person, bytes, size);
    else if (kind == 1)
        crowd_shout(sim, person, frame, 1 + chance_below(&sim->chance, (uint32_t)frame_size - 1));
    else if (kind == 2) {
        frame[4 + chance_below(&sim->chance, 8)] ^= (uint8_t)(1 + chance_below(&sim->chance, 255));
        crowd_shout(sim, person, frame, frame_size);
    } else
        crowd_shout(sim, person, frame, frame_size);
}

/* One more pair for the map that the body is. */
static void
pack_more(pack_t *pack, const char *key)
{
    assert(pack->data[0] >= 0x80 && pack->data[0] < 0x8f); /* a fixmap, also with one more */
    pack->data[0]++;
    pack_str(pack, key);
}

static void
pack_more_trace(sim_t *sim, pack_t *pack)
{
    uint8_t trace[26];
    for (size_t i = 0; i < sizeof trace; i++)
        trace[i] = (uint8_t)chance_next(&sim->chance);
    pack_more(pack, "trace");
    pack_bin(pack, trace, sizeof trace);
}

/* What goes with any command: a name to be known by, and for whom it is. */
static void
person_extras(sim_t *sim, person_t *person, const act_t *act, pack_t *pack)
{
    call_t *call = &person->call;
    bool write = operation_of(act->operation)->mode == MODE_WRITE;
    bool lie = person->role != ROLE_BRIDGE && !chance_below(&sim->chance, STAFF_FORGED_ONE_OF);
    if (person->role == ROLE_CASHIER)
        return;
    if (write && chance_below(&sim->chance, ONCE_ONE_OF) == 0) {
        uint32_t once[4] = { call->once = ++sim->crowd->once_count };
        pack_more(pack, "once");
        pack_bin(pack, once, sizeof once);
    }
    if (act->staff || lie) {
        pack_more(pack, "staff");
        pack_str(pack, "wang");
        call->forged |= lie;
    }
}

/* Somebody else of the same role sends the same write, as another bridge would: in another request
 * and another trace. */
typedef struct {
    call_t call;
    role_t role;
    size_t size;
    uint8_t body[];
} twin_t;

static void
twin_sends(sim_t *sim, void *note)
{
    const twin_t *twin = note;
    uint8_t body[PERSON_FRAME_MAX], frame[PERSON_FRAME_MAX + 256];
    person_t *person = &sim->crowd->people[chance_below(&sim->chance, sim->crowd->count)];
    if (person->role != twin->role || person->waiting || !person->greeted)
        return;
    pack_t pack;
    pack_init(&pack, body, sizeof body);
    pack_raw(&pack, twin->body, twin->size);
    pack_more_trace(sim, &pack);
    call_t call = twin->call;
    call.deadline_ms = person_clock(sim, person) + DEADLINE_LEAST_MS;
    wire_header_t header = { .kind = WIRE_COMMAND,
                             .operation = call.operation,
                             .key = call.showtime,
                             .request = ++person->request,
                             .moment = call.deadline_ms };
    judge_call(sim, person->index, person->request, &call);
    crowd_shout(sim, person, frame, wire_put(frame, &header, body, (uint32_t)pack.size));
}

/* Several tries: the one who is chosen may be somebody else, or busy. */
static void
twins_later(sim_t *sim, const person_t *person, const pack_t *pack)
{
    enum { TRIES = 4 };
    twin_t *twin = malloc(sizeof *twin + pack->size);
    assert(twin);
    *twin = (twin_t){ .call = person->call, .role = person->role, .size = pack->size };
    memcpy(twin->body, pack->data, pack->size);
    for (int i = 0; i < TRIES; i++)
        agenda_add(&sim->agenda,
                   sim->agenda.now_us +
                       chance_between(&sim->chance, 0, ONCE_LATER_MOST_S * SECOND_US),
                   twin_sends, twin, sizeof *twin + twin->size);
    free(twin);
}

static size_t
person_write(sim_t *sim, person_t *person, const act_t *act, uint8_t *frame, size_t room)
{
    uint8_t body[PERSON_FRAME_MAX - 256];
    pack_t pack;
    pack_init(&pack, body, sizeof body);
    person->call = (call_t){ .operation = act->operation,
                             .user = person->user + (act->staff ? (uint64_t)CROWD_DESK_USER : 0) };
    if (!act->make(sim, person, &pack))
        return 0;
    person_extras(sim, person, act, &pack);
    if (person->call.once)
        twins_later(sim, person, &pack);
    if (chance_below(&sim->chance, 3) == 0)
        pack_more_trace(sim, &pack);
    assert(!pack.overflow && wire_size((uint32_t)pack.size) <= room);
    bool hurried = chance_below(&sim->chance, HURRIED_ONE_OF) == 0;
    person->deadline_ms =
        person_clock(sim, person) +
        (hurried ? chance_between(&sim->chance, 1, HURRIED_MOST_MS)
                 : chance_between(&sim->chance, DEADLINE_LEAST_MS, DEADLINE_MOST_MS));
    wire_header_t header = { .kind = WIRE_COMMAND,
                             .operation = act->operation,
                             .key = person->call.showtime,
                             .request = ++person->request,
                             .moment = person->deadline_ms };
    person->call.deadline_ms = person->deadline_ms;
    judge_call(sim, person->index, person->request, &person->call);
    sim_tell(sim, "$ # asks $ of #", TRAIL_NAME(role_name(person->role)), person->index,
             TRAIL_NAME(operation_of(act->operation)->name), person->call.showtime);
    return wire_put(frame, &header, body, (uint32_t)pack.size);
}

bool
crowd_call(sim_t *sim, person_t *person, const act_t *act)
{
    if (person->waiting || !person->greeted)
        return false;
    if (sim_strikes(sim, FAULT_CLIENT_WRONG))
        person_nonsense(sim, person);
    person->frame_size = person_write(sim, person, act, person->frame, sizeof person->frame);
    if (person->frame_size == 0)
        return false;
    person->act = act;
    person->waiting = true;
    person->attempts = 0;
    person_send(sim, person);
    return true;
}

/* Many calls at once, in full messages, more than may be in flight. */
static void
crowd_burst(sim_t *sim, void *unused)
{
    (void)unused;
    if (sim->faults.healed)
        return;
    agenda_add(&sim->agenda, sim->agenda.now_us + BURST_LOOK_S * SECOND_US, crowd_burst, NULL, 0);
    if (!sim_strikes(sim, FAULT_OVERLOAD))
        return;
    static uint8_t frame[BURST_RECORDS * 512];
    const act_t *act = act_named(OP_SEATS_LOCK);
    person_t *person = &sim->crowd->people[chance_below(&sim->chance, sim->crowd->count - 1)];
    if (!(act->roles & person->role) || person->waiting)
        return;
    for (uint32_t i = 0; i < BURST_FRAMES; i++) {
        size_t size = 0;
        uint64_t showtime = 0;
        for (uint32_t at = 0; at < BURST_RECORDS; at++) {
            size_t more = person_write(sim, person, act, frame + size, sizeof frame - size);
            if (more == 0 || (showtime && person->call.showtime != showtime))
                continue; /* one message is for one partition; the call is never sent */
            showtime = person->call.showtime;
            size += more;
        }
        if (size)
            crowd_shout(sim, person, frame, size);
    }
}

/* ------------------------------------------------------------------ a person's life */

static void
person_give_up(person_t *person)
{
    person->waiting = false;
}

static void
person_look_after_call(sim_t *sim, person_t *person)
{
    if (sim->agenda.now_us - person->sent_us < LOOK_US)
        return;
    if (person->attempts > PATIENCE) {
        person_give_up(person);
        return;
    }
    if (!sim_strikes(sim, FAULT_CLIENT_RETRIED) && !sim->faults.healed) {
        person_give_up(person); /* this one does not retry */
        return;
    }
    if (chance_below(&sim->chance, 4) == 0)
        person_reconnect(person);
    if (!person->greeted)
        person_hello(sim, person);
    person_send(sim, person);
}

static const act_t *
person_choice(sim_t *sim, const person_t *person)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < act_count; i++)
        sum += acts[i].roles & person->role ? acts[i].weight : 0;
    if (sum == 0)
        return NULL;
    uint32_t at = chance_below(&sim->chance, sum);
    for (uint32_t i = 0; i < act_count; i++) {
        uint32_t weight = acts[i].roles & person->role ? acts[i].weight : 0;
        if (at < weight)
            return &acts[i];
        at -= weight;
    }
    return NULL;
}

static void
person_begin(sim_t *sim, person_t *person)
{
    if (!person->greeted) {
        person_hello(sim, person);
        return;
    }
    if (person->role == ROLE_CASHIER) {
        (void)(crowd_call(sim, person, act_named(OP_PAYMENT_OPENED)) ||
               crowd_call(sim, person, act_named(OP_PAYMENT_CALLBACK)) ||
               crowd_call(sim, person, act_named(OP_PAYMENT_SETTLE)) ||
               crowd_call(sim, person, act_named(OP_REFUND_SETTLE)));
        return;
    }
    if (sim->crowd->calm) {
        if (person->role == ROLE_ADMIN && bank_refused(sim))
            (void)crowd_call(sim, person, act_named(OP_ORDER_REFUND));
        return;
    }
    const act_t *act = person_choice(sim, person);
    if (act)
        (void)crowd_call(sim, person, act);
}

static void
person_step(sim_t *sim, void *note)
{
    uint32_t index;
    memcpy(&index, note, sizeof index);
    person_t *person = &sim->crowd->people[index];
    int64_t pause_us = chance_about(&sim->chance, THINK_MEAN_US);
    if (person->role == ROLE_CASHIER)
        pause_us = CASHIER_LOOK_US;
    else if (person->waiting)
        pause_us = LOOK_US;
    if (person->gone) {
        person->gone = false;
        person_reconnect(person);
        pause_us = chance_between(&sim->chance, 0, GONE_MOST_S * SECOND_US);
    } else if (person->waiting) {
        person_look_after_call(sim, person);
    } else {
        person_begin(sim, person);
    }
    agenda_add(&sim->agenda, sim->agenda.now_us + pause_us, person_step, &index, sizeof index);
}

/* The cashier says now and then that it is there: the server may be another. */
static void
cashier_hello(sim_t *sim, void *unused)
{
    (void)unused;
    person_hello(sim, crowd_cashier(sim));
    agenda_add(&sim->agenda, sim->agenda.now_us + CASHIER_HELLO_S * SECOND_US, cashier_hello, NULL,
               0);
}

/* ------------------------------------------------------------------ answers */

static void
person_greeting(sim_t *sim, person_t *person, const wire_record_t *record)
{
    mp_t at;
    int64_t now_ms;
    person->greeted = true;
    if (mp_find(record->body, record->body_size, "now_ms", &at) && mp_read_int(&at, &now_ms))
        person->skew_ms = now_ms - sim_true_ms(sim);
}

/* A frame that is sent once more, long after its answer. */
typedef struct {
    uint32_t person;
    size_t size;
    uint8_t frame[];
} again_t;

static void
person_repeats(sim_t *sim, void *note)
{
    const again_t *again = note;
    crowd_shout(sim, &sim->crowd->people[again->person], again->frame, again->size);
}

static void
person_repeats_later(sim_t *sim, const person_t *person)
{
    again_t *again = malloc(sizeof *again + person->frame_size);
    assert(again);
    *again = (again_t){ .person = person->index, .size = person->frame_size };
    memcpy(again->frame, person->frame, person->frame_size);
    agenda_add(&sim->agenda,
               sim->agenda.now_us + chance_between(&sim->chance, 0, REPEAT_MOST_S * SECOND_US),
               person_repeats, again, sizeof *again + again->size);
    free(again);
}

static void
person_learn(sim_t *sim, person_t *person, const wire_record_t *record)
{
    person->waiting = false;
    sim_tell(sim, "$ # hears $ for $", TRAIL_NAME(role_name(person->role)), person->index,
             TRAIL_NAME(status_name(record->header.status)),
             TRAIL_NAME(operation_of(record->header.operation)->name));
    if (person->act->learn)
        person->act->learn(sim, person, record->header.status, record->body, record->body_size);
    if (sim_strikes(sim, FAULT_CLIENT_REPEATED))
        person_repeats_later(sim, person);
}

static void
person_reply(sim_t *sim, person_t *person, const wire_record_t *record)
{
    if (record->header.operation == OP_HELLO) {
        if (record->header.status == STATUS_OK)
            person_greeting(sim, person, record);
        return;
    }
    if (!person->waiting || record->header.request != person->request)
        return;
    switch (record->header.status) {
    case STATUS_HELLO_FIRST:
        person->greeted = false;
        break;
    case STATUS_BUSY:
    case STATUS_UNAVAILABLE:
    case STATUS_NO_SPACE:
    case STATUS_UNKNOWN_OUTCOME:
    case STATUS_PENDING:
        break; /* tried again at the next look */
    case STATUS_EXPIRED:
    case STATUS_BAD_DEADLINE:
        person->waiting = false;
        person->greeted = false; /* the clocks differ: ask again */
        break;
    default:
        person_learn(sim, person, record);
    }
}

void
crowd_receive(sim_t *sim, uint64_t name, const void *bytes, size_t size)
{
    person_t *person = &sim->crowd->people[server_person(name)];
    if (name != server_name(person->index, person->generation) || person->gone)
        return;
    size_t at = 0;
    wire_record_t record;
    while (at < size && !sim->broken) {
        if (wire_next(bytes, size, &at, &record) != STATUS_OK) {
            sim_broken(sim, "a client got what is no record");
            return;
        }
        if (record.header.kind == WIRE_TELL)
            bank_tell(sim, &record);
        else if (record.header.kind == WIRE_REPLY)
            person_reply(sim, person, &record);
        else
            sim_broken(sim, "a client got a record of kind %u", record.header.kind);
    }
}

/* ------------------------------------------------------------------ birth */

static void
crowd_add(sim_t *sim, role_t role, uint32_t count)
{
    crowd_t *self = sim->crowd;
    for (uint32_t i = 0; i < count; i++) {
        assert(self->count < CROWD_MAX);
        person_t *person = &self->people[self->count];
        *person = (person_t){ .index = self->count++, .role = role };
        /* every other one is a member */
        person->user = (person->index % 2 ? IDS_MEMBER_FIRST : 0) + 100 + person->index;
        person->request = role == ROLE_CASHIER ? CASHIER_REQUESTS : HELLO_REQUEST;
        for (uint32_t byte = 0; byte < sizeof person->identity; byte++)
            person->identity[byte] = (uint8_t)chance_next(&sim->chance);
    }
}

void
crowd_open(sim_t *sim)
{
    sim->crowd = calloc(1, sizeof *sim->crowd);
    assert(sim->crowd);
    for (uint16_t code = 0; code < OPERATION_CODE_MAX; code++) {
        const operation_t *operation = operation_of(code);
        if (operation && operation->mode != MODE_MACHINE && code != OP_HELLO && !act_named(code))
            sim_broken(sim, "nobody in the simulation calls %s: add it to acts.c", operation->name);
    }
    crowd_add(sim, ROLE_BRIDGE, 6 + chance_below(&sim->chance, 10));
    crowd_add(sim, ROLE_ADMIN, 2);
    crowd_add(sim, ROLE_KIOSK, 2);
    crowd_add(sim, ROLE_CASHIER, 1); /* the last one */
    for (uint32_t i = 0; i < sim->crowd->count; i++)
        agenda_add(&sim->agenda, chance_below(&sim->chance, SECOND_US), person_step, &i, sizeof i);
    cashier_hello(sim, NULL);
    agenda_add(&sim->agenda, BURST_LOOK_S * SECOND_US, crowd_burst, NULL, 0);
}

void
crowd_heal(sim_t *sim)
{
    sim->crowd->calm = true;
}

void
crowd_close(sim_t *sim)
{
    free(sim->crowd);
    sim->crowd = NULL;
}
