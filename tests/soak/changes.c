/* changes - see changes.h for the contract. */
#include "tests/soak/changes.h"
#include "broker/operation.h"
#include "clients/marquee.h"
#include "tests/unit/chance.h"
#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CHANGES_IN_FLIGHT = 2048,
    CHANGES_TIMEOUT_MS = 20000,
    CHANGES_BURST_MS = 5,    /* so much at a time, as a bridge sends what a turn of it brought */
    CHANGES_HELD_LOW = 60,   /* seats locked: below this only locks are made, */
    CHANGES_HELD_HIGH = 200, /* and above this only releases */
};

typedef struct {
    _Atomic int64_t durable_ns;
    _Atomic uint64_t print;
} changes_mark_t;

/* A seat is in `free` or in `held`, or a command about it is on its way. */
typedef struct {
    uint64_t showtime, sequence; /* of the last answer */
    copy_t truth;
    uint16_t free[COPY_SEATS], held[COPY_SEATS];
    uint32_t free_count, held_count;
    uint64_t locks[COPY_SEATS + 1]; /* of a held seat */
    changes_mark_t *marks;
    _Atomic uint32_t number;
} changes_hall_t;

typedef struct changes_call changes_call_t;
struct changes_call {
    changes_t *changes;
    changes_call_t *next; /* free ones */
    uint32_t hall;
    uint16_t seat;
    bool lock;
};

struct changes {
    marquee_t *marquee;
    pthread_t thread;
    bool started;
    uint32_t count, per_second, turn;
    changes_hall_t *halls;
    changes_call_t calls[CHANGES_IN_FLIGHT], *unused;
    chance_t chance;
    int64_t begin_ns; /* since then `offered` changes were offered; 0: held */
    uint64_t offered;
    _Atomic bool stop, hold, quiet;
    _Atomic uint64_t made, refused, behind, disordered;
    char error[CHANGES_ERROR_MAX];
};

changes_t *
changes_new(const char *endpoint, uint64_t base, uint32_t count, uint32_t per_second)
{
    const marquee_options_t options = { .endpoint = endpoint,
                                        .in_flight_max = CHANGES_IN_FLIGHT,
                                        .timeout_ms = CHANGES_TIMEOUT_MS,
                                        .resend_ms = CHANGES_TIMEOUT_MS,
                                        .retry = true };
    changes_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->count = count;
    self->per_second = per_second;
    self->chance.state = base;
    atomic_store(&self->hold, true);
    self->halls = calloc(count, sizeof *self->halls);
    self->marquee = self->halls ? marquee_new(&options) : NULL;
    bool good = self->marquee != NULL;
    for (uint32_t i = 0; good && i < count; i++) {
        changes_hall_t *hall = &self->halls[i];
        hall->showtime = base + i;
        hall->truth.whole = true;
        for (uint16_t seat = 1; seat <= COPY_SEATS; seat++)
            hall->free[hall->free_count++] = seat;
        good = (hall->marks = calloc(CHANGES_REMEMBERED, sizeof *hall->marks)) != NULL;
    }
    for (size_t i = 0; i < CHANGES_IN_FLIGHT; i++) {
        self->calls[i].changes = self;
        self->calls[i].next = self->unused;
        self->unused = &self->calls[i];
    }
    if (!good)
        changes_destroy(&self);
    return self;
}

/* ------------------------------------------------------------------ answers */

static void
changes_carried_out(changes_t *self, changes_hall_t *hall, const changes_call_t *call,
                    const marquee_reply_t *reply)
{
    if (call->lock) {
        (void)marquee_reply_number(reply, "lock", &hall->locks[call->seat]);
        hall->held[hall->held_count++] = call->seat;
    } else
        hall->free[hall->free_count++] = call->seat;
    if (reply->sequence < hall->sequence)
        atomic_fetch_add(&self->disordered, 1);
    hall->sequence = reply->sequence;
    copy_set(&hall->truth, call->seat, call->lock ? 1 : 0);
    uint32_t number = ++hall->truth.number;
    changes_mark_t *mark = &hall->marks[number % CHANGES_REMEMBERED];
    atomic_store_explicit(&mark->durable_ns, load_now_ns(CLOCK_MONOTONIC), memory_order_relaxed);
    atomic_store_explicit(&mark->print, hall->truth.print, memory_order_relaxed);
    atomic_store(&hall->number, number);
    atomic_fetch_add(&self->made, 1);
}

static void
changes_answered(void *argument, const marquee_reply_t *reply)
{
    changes_call_t *call = argument;
    changes_t *self = call->changes;
    changes_hall_t *hall = &self->halls[call->hall];
    if (reply->status == 0)
        changes_carried_out(self, hall, call, reply);
    else if (atomic_fetch_add(&self->refused, 1) == 0)
        snprintf(self->error, sizeof self->error, "showtime %u, seat %u, %s: %s", call->hall,
                 call->seat, call->lock ? "lock" : "release", marquee_status_name(reply->status));
    call->next = self->unused;
    self->unused = call;
}

/* ------------------------------------------------------------------ commands */

/* Take a seat out of a list by chance. */
static uint16_t
changes_draw(changes_t *self, uint16_t *list, uint32_t *count)
{
    uint32_t at = chance_below(&self->chance, *count);
    uint16_t seat = list[at];
    list[at] = list[--*count];
    return seat;
}

static bool
changes_make(changes_t *self)
{
    uint8_t room[64];
    marquee_body_t body;
    changes_call_t *call = self->unused;
    uint32_t at = self->turn++ % self->count;
    changes_hall_t *hall = &self->halls[at];
    if (!call)
        return false;
    bool lock = hall->held_count < CHANGES_HELD_LOW ||
                (hall->held_count < CHANGES_HELD_HIGH && chance_next(&self->chance) & 1);
    if ((lock ? hall->free_count : hall->held_count) == 0)
        return false;
    self->unused = call->next;
    uint16_t seat = lock ? changes_draw(self, hall->free, &hall->free_count)
                         : changes_draw(self, hall->held, &hall->held_count);
    call->hall = at;
    call->seat = seat;
    call->lock = lock;
    marquee_body_init(&body, room, sizeof room);
    marquee_body_number(&body, "user", seat);
    const uint64_t seats[] = { seat };
    if (lock)
        marquee_body_numbers(&body, "seats", seats, 1);
    else
        marquee_body_number(&body, "lock", hall->locks[seat]);
    int fault = marquee_call(self->marquee, lock ? OP_SEATS_LOCK : OP_SEATS_RELEASE, hall->showtime,
                             &body, 0, changes_answered, call);
    assert(fault == 0); /* there are as many calls as may be in flight */
    return fault == 0;
}

/* Make what is due. It is called now and then, not for each: see CHANGES_BURST_MS. */
static void
changes_burst(changes_t *self, int64_t now_ns)
{
    if (atomic_load(&self->hold)) {
        self->begin_ns = 0;
        self->offered = 0;
        return;
    }
    if (!self->begin_ns)
        self->begin_ns = now_ns;
    uint64_t due = (uint64_t)(now_ns - self->begin_ns) * self->per_second / UINT64_C(1000000000);
    for (; self->offered < due; self->offered++)
        if (!changes_make(self))
            atomic_fetch_add(&self->behind, 1);
}

static void *
changes_run(void *argument)
{
    changes_t *self = argument;
    int64_t burst_ns = 0;
    while (!atomic_load(&self->stop)) {
        int64_t now_ns = load_now_ns(CLOCK_MONOTONIC);
        if (now_ns >= burst_ns) {
            burst_ns = now_ns + CHANGES_BURST_MS * INT64_C(1000000);
            changes_burst(self, now_ns);
        }
        if (marquee_poll(self->marquee, (int)((burst_ns - now_ns) / 1000000)) < 0)
            break;
        atomic_store(&self->quiet, !self->begin_ns && marquee_in_flight(self->marquee) == 0);
    }
    return NULL;
}

int
changes_start(changes_t *self)
{
    self->started = pthread_create(&self->thread, NULL, changes_run, self) == 0;
    return self->started ? 0 : -1;
}

void
changes_destroy(changes_t **self_p)
{
    changes_t *self = *self_p;
    if (!self)
        return;
    atomic_store(&self->stop, true);
    if (self->started)
        pthread_join(self->thread, NULL);
    marquee_destroy(&self->marquee);
    for (uint32_t i = 0; self->halls && i < self->count; i++)
        free(self->halls[i].marks);
    free(self->halls);
    free(self);
    *self_p = NULL;
}

/* ------------------------------------------------------------------ looks from outside */

void
changes_hold(changes_t *self, bool hold)
{
    atomic_store(&self->quiet, false);
    atomic_store(&self->hold, hold);
}

bool
changes_quiet(const changes_t *self)
{
    return atomic_load(&self->quiet) && atomic_load(&self->hold);
}

uint32_t
changes_number(const changes_t *self, uint32_t showtime)
{
    assert(showtime < self->count);
    return atomic_load(&self->halls[showtime].number);
}

bool
changes_at(const changes_t *self, uint32_t showtime, uint32_t number, int64_t *durable_ns,
           uint64_t *print)
{
    assert(showtime < self->count);
    const changes_hall_t *hall = &self->halls[showtime];
    const changes_mark_t *mark = &hall->marks[number % CHANGES_REMEMBERED];
    if (number > atomic_load(&hall->number))
        return false;
    *durable_ns = atomic_load_explicit(&mark->durable_ns, memory_order_relaxed);
    *print = atomic_load_explicit(&mark->print, memory_order_relaxed);
    /* One place less: the thread may be writing the next mark over the oldest. */
    return atomic_load(&hall->number) - number < CHANGES_REMEMBERED - 1;
}

void
changes_figures(const changes_t *self, changes_figures_t *figures)
{
    figures->made = atomic_load(&self->made);
    figures->refused = atomic_load(&self->refused);
    figures->behind = atomic_load(&self->behind);
    figures->disordered = atomic_load(&self->disordered);
}

const char *
changes_error(const changes_t *self)
{
    return self->error;
}
