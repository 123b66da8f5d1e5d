/* round - see round.h for the contract. */
#include "tests/nth/round.h"
#include "broker/mp.h"
#include "broker/operation.h"
#include "broker/status.h"
#include "tests/script/desk.h"
#include "tests/unit/scratch.h"
#include <assert.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdarg.h>
#include <sys/stat.h>

enum {
    SCRIPT_SEED = 4,
    CLOSE_EVERY = 100,
    TRIES = 6, /* of a command, or of a start: one strike needs no more */
    CHECKPOINT_EVERY_MS = 10000,
    LATE_MS = 3600 * 1000,
    FULL_WAIT_MS = 300, /* a partition that found the disk full looks again then */
    VIEW_MAX = 64 * 1024,
    LOOKS = 3 * SCRIPT_SHOWTIMES,
};

typedef struct {
    uint16_t status;
    uint32_t size;
    uint8_t *body;
} answer_t;

typedef struct {
    script_command_t command;
    int64_t now_ms;
    answer_t answer;
} step_t;

struct rounds {
    char root[SCRATCH_PATH_MAX];
    step_t *steps;
    uint32_t count;
    answer_t looks[LOOKS]; /* what is to be seen at the end */
    script_t script;       /* while the script is made */
    bool making;
    /* of the round */
    strike_kind_t kind;
    uint64_t n, chance;
    desk_t desk;
    ledger_t ledger;
    int64_t now_ms;
    uint64_t asked; /* the request that an answer is wanted to */
    bool came;
    answer_t answer; /* the last one; its body is in `view` */
    uint8_t view[VIEW_MAX];
    bool failed;
};

static bool
round_fail(rounds_t *self, const char *format, ...)
{
    if (self->failed)
        return false;
    self->failed = true;
    printf("    %s, number %" PRIu64 " (%s): ", strike_name(self->kind), self->n,
           strike_now()->what);
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
    return false;
}

static uint32_t
round_chance(void *argument, uint32_t bound)
{
    rounds_t *self = argument;
    return (uint32_t)((scratch_random(&self->chance) >> 32) * bound >> 32);
}

static const script_command_t *
round_find(desk_t *desk, uint64_t request)
{
    const rounds_t *self = desk->argument;
    return request <= self->count ? &self->steps[request - 1].command : NULL;
}

static bool
round_leave(desk_t *desk, const script_command_t *command, const wire_header_t *header,
            const void *body, uint32_t size)
{
    rounds_t *self = desk->argument;
    if (strike_hits(STRIKE_SEND, "send"))
        return false;
    if (self->making && command)
        script_answer(&self->script, command, header->status, body, size);
    else if (self->making && header->kind == WIRE_TELL)
        script_tell(&self->script, header, body, size);
    if (header->kind != WIRE_REPLY || header->request != self->asked)
        return true; /* that may be the end of what was deferred before */
    assert(size <= sizeof self->view);
    self->came = true;
    self->answer = (answer_t){ .status = header->status, .size = size, .body = self->view };
    memcpy(self->view, body, size);
    return true;
}

/* ---- answers ---- */

static answer_t
round_copy(const answer_t *answer)
{
    answer_t copy = *answer;
    copy.body = malloc(answer->size + 1);
    assert(copy.body);
    memcpy(copy.body, answer->body, answer->size);
    return copy;
}

/* The same, but for times: after a strike a command is carried out a little later. */
static bool
round_alike(const answer_t *left, const answer_t *right)
{
    if (left->status != right->status)
        return false;
    if (left->size == right->size &&
        (left->size == 0 || memcmp(left->body, right->body, left->size) == 0))
        return true;
    mp_t a = mp_over(left->body, left->size), b = mp_over(right->body, right->size);
    mp_item_t one, two;
    if (!mp_next(&a, &one) || !mp_next(&b, &two) || one.type != MP_MAP || two.type != MP_MAP ||
        one.u != two.u)
        return false;
    for (uint64_t i = one.u; i > 0; i--) {
        mp_item_t key, other;
        if (!mp_next(&a, &key) || !mp_next(&b, &other) || key.size != other.size ||
            memcmp(key.data, other.data, key.size) != 0)
            return false;
        const uint8_t *from_a = a.at, *from_b = b.at;
        if (!mp_skip(&a) || !mp_skip(&b))
            return false;
        bool time = key.size == 8 && memcmp(key.data, "until_ms", 8) == 0;
        if (!time && (a.at - from_a != b.at - from_b ||
                      memcmp(from_a, from_b, (size_t)(a.at - from_a)) != 0))
            return false;
    }
    return true;
}

static bool
round_comes_later(uint16_t status)
{
    return status == STATUS_BUSY || status == STATUS_NO_SPACE || status == STATUS_UNKNOWN_OUTCOME ||
           status == STATUS_UNAVAILABLE;
}

/* ---- lives ---- */

/* The process is gone; perhaps the power went as well. */
static void
round_end_life(rounds_t *self)
{
    desk_abandon(&self->desk);
    strike_reap(); /* what had been opened only in part when it died */
    disk_revive();
    if (round_chance(self, 3) > 0) {
        disk_die();
        disk_power_loss();
        disk_revive();
    }
}

/* A partition that is open and has everything. */
static bool
round_live(rounds_t *self)
{
    for (int tries = 0; !self->desk.partition && tries < TRIES; tries++) {
        if (!desk_open(&self->desk)) {
            bool died = strncmp(self->desk.error, "fatal: ", 7) == 0;
            if (!died && strike_left() > 0)
                return round_fail(self, "%u things are not given back by a refused start",
                                  strike_left());
            round_end_life(self);
            continue;
        }
        if (self->making)
            continue;
        bool struck = strike_now()->struck;
        const char *wrong = desk_check(&self->desk, &self->ledger, self->now_ms + LATE_MS);
        if (wrong && !struck && strike_now()->struck)
            round_end_life(self); /* it hit who was looking */
        else if (wrong)
            return round_fail(self, "%s", wrong);
    }
    return self->desk.partition || round_fail(self, "does not start: %s", self->desk.error);
}

static bool
round_close(rounds_t *self)
{
    if (!self->desk.partition)
        return true;
    if (!desk_close(&self->desk)) {
        round_end_life(self);
        return true;
    }
    return strike_left() == 0 ||
           round_fail(self, "%u things are not given back by a stop", strike_left());
}

/* Give one command until it is answered. */
static bool
round_give(rounds_t *self, const script_command_t *command)
{
    for (int tries = 0; tries < TRIES; tries++) {
        if (!round_live(self))
            return false;
        self->came = false;
        self->asked = command->header.request;
        self->desk.seed = command->header.request * UINT64_C(0x9e3779b97f4a7c15);
        if (!desk_take(&self->desk, command, self->now_ms) ||
            !desk_turn(&self->desk, self->now_ms)) {
            round_end_life(self);
            continue;
        }
        if (self->came && !round_comes_later(self->answer.status))
            return true;
        self->now_ms += FULL_WAIT_MS;
    }
    return round_fail(self, "request %" PRIu64 " is not answered", command->header.request);
}

/* What staff see of every showtime. */
static bool
round_look(rounds_t *self, uint32_t index)
{
    static const uint16_t operations[3] = { OP_SHOWTIME_GET, OP_SEATS_GET, OP_ORDER_LIST };
    script_command_t command = {
        .route = { .peer = 1, .client = 1, .role = ROLE_ADMIN },
        .header = { .kind = WIRE_COMMAND,
                    .operation = operations[index % 3],
                    .key = SCRIPT_FIRST_SHOWTIME + index / 3,
                    .request = UINT64_MAX },
        .size = 1,
        .body = { 0x80 },
    };
    for (int tries = 0; tries < TRIES; tries++) {
        if (!round_live(self))
            return false;
        self->came = false;
        self->asked = command.header.request;
        if (!desk_take(&self->desk, &command, self->now_ms))
            round_end_life(self);
        else if (self->came)
            return true;
    }
    return round_fail(self, "a look is not answered");
}

static bool
round_step(rounds_t *self, uint32_t index)
{
    step_t *step = &self->steps[index];
    if (self->making) {
        step->now_ms = self->now_ms + 1000;
        if (script_below(&self->script, 16) == 0)
            step->now_ms += 40000;
        script_next(&self->script, step->now_ms, &step->command);
        self->count = index + 1;
    }
    if (step->now_ms > self->now_ms)
        self->now_ms = step->now_ms;
    if (!round_give(self, &step->command))
        return false;
    if (self->making)
        step->answer = round_copy(&self->answer);
    else if (!round_alike(&self->answer, &step->answer))
        return round_fail(self, "request %u (%s) was answered %s instead of %s", index + 1,
                          operation_of(step->command.header.operation)->name,
                          status_name(self->answer.status), status_name(step->answer.status));
    return index % CLOSE_EVERY != CLOSE_EVERY - 1 || round_close(self);
}

static bool
round_ending(rounds_t *self)
{
    if (!round_close(self) || !round_live(self))
        return false;
    for (uint32_t i = 0; i < LOOKS; i++) {
        if (!round_look(self, i))
            return false;
        if (self->making)
            self->looks[i] = round_copy(&self->answer);
        else if (!round_alike(&self->answer, &self->looks[i]))
            return round_fail(self, "showtime %u ended in another way (view %u)",
                              SCRIPT_FIRST_SHOWTIME + i / 3, i % 3);
    }
    round_end_life(self);
    return round_live(self) && round_close(self);
}

static uint32_t
round_descriptors(void)
{
    uint32_t count = 0;
    DIR *folder = opendir("/proc/self/fd");
    assert(folder);
    while (readdir(folder))
        count++;
    (void)closedir(folder);
    return count;
}

bool
rounds_run(rounds_t *self, strike_kind_t kind, uint64_t n)
{
    uint32_t commands = self->count;
    uint32_t descriptors = round_descriptors();
    self->kind = kind;
    self->n = n;
    self->chance = (uint64_t)kind << 32 | n;
    self->failed = false;
    self->now_ms = SCRIPT_START_MS;
    ledger_init(&self->ledger, NULL, 0);
    int rc = mkdir(self->root, 0700);
    assert(rc == 0);
    disk_mount(&(disk_options_t){
        .root = self->root, .watch = strike_watch, .chance = round_chance, .argument = self });
    desk_init(&self->desk, self->root, n % 2 ? JOURNAL_DROP : JOURNAL_ARCHIVE);
    self->desk.options.checkpoint_ms = CHECKPOINT_EVERY_MS;
    self->desk.argument = self;
    self->desk.find = round_find;
    self->desk.leave = round_leave;
    self->desk.ledger = &self->ledger;
    strike_begin(kind, n);
    bool fine = true;
    for (uint32_t i = 0; fine && i < commands; i++)
        fine = round_step(self, i);
    fine = fine && round_ending(self);
    desk_abandon(&self->desk);
    strike_reap();
    disk_revive();
    disk_unmount();
    scratch_remove(self->root);
    ledger_free(&self->ledger);
    if (fine && round_descriptors() != descriptors)
        fine = round_fail(self, "descriptors were left open");
    return fine;
}

rounds_t *
rounds_new(const char *folder, uint32_t commands)
{
    rounds_t *self = calloc(1, sizeof *self);
    assert(self);
    (void)snprintf(self->root, sizeof self->root, "%s/disk", folder);
    self->steps = calloc(commands, sizeof *self->steps);
    assert(self->steps);
    script_init(&self->script, SCRIPT_SEED);
    self->making = true;
    self->count = commands;
    if (!rounds_run(self, STRIKE_NOTHING, 0))
        rounds_destroy(&self);
    else
        self->making = false;
    return self;
}

void
rounds_destroy(rounds_t **self_p)
{
    rounds_t *self = *self_p;
    if (!self)
        return;
    for (uint32_t i = 0; i < self->count; i++)
        free(self->steps[i].answer.body);
    for (uint32_t i = 0; i < LOOKS; i++)
        free(self->looks[i].body);
    free(self->steps);
    free(self);
    *self_p = NULL;
}
