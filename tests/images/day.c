/* day - see day.h for the contract. */
#include "tests/images/day.h"
#include "broker/operation.h"
#include "tests/images/mirror.h"
#include "tests/script/desk.h"
#include "tests/unit/scratch.h"
#include <assert.h>
#include <inttypes.h>
#include <sys/stat.h>

enum {
    TURNS = 160,
    BATCH_MAX = 6,
    LATE_MS = 3600 * 1000,
    COMMANDS_MAX = TURNS * BATCH_MAX,
    AGAIN_TURNS = 4,
    AGAIN_OPS = 40, /* operations after which a second crash comes at the latest */
};

typedef struct {
    uint64_t seed;
    uint64_t chance; /* of the disk and of the points; another stream than the script's */
    uint64_t images_max;
    uint64_t images;
    script_t script;
    script_command_t *commands;
    script_command_t extra[AGAIN_TURNS * BATCH_MAX]; /* given in an image */
    desk_t desk;
    ledger_t ledger;
    mirror_t *mirror;
    int64_t now_ms;
    char root[SCRATCH_PATH_MAX], image[SCRATCH_PATH_MAX], mirror_at[SCRATCH_PATH_MAX];
    char point[256];
    day_counts_t *counts;
    bool failed;
    uint32_t ops_left; /* in an image that is crashed again: until it dies */
    disk_verdict_t how;
} day_t;

static uint32_t
day_chance(void *argument, uint32_t bound)
{
    day_t *self = argument;
    return (uint32_t)((scratch_random(&self->chance) >> 32) * bound >> 32);
}

static void
day_fail(day_t *self, const char *what)
{
    printf("    SEED=%" PRIu64 " image %" PRIu64 ", %s: %s\n", self->seed, self->images,
           self->point, what);
    self->failed = true;
    self->counts->failed++;
}

static const script_command_t *
day_find(desk_t *desk, uint64_t request)
{
    const day_t *self = desk->argument;
    return request <= self->script.request ? &self->commands[request - 1]
                                           : &self->extra[request - self->script.request - 1];
}

/* ---- an image ---- */

static void
day_empty(const char *folder)
{
    scratch_remove(folder);
    int rc = mkdir(folder, 0700);
    assert(rc == 0);
}

/* Open what is in the image folder: all of the ledger must be there. */
static bool
day_open_image(day_t *self, const ledger_t *ledger, bool digest)
{
    desk_t desk;
    desk_init(&desk, self->image, self->desk.options.journal_policy);
    desk.argument = self;
    desk.find = day_find;
    if (!desk_open(&desk)) {
        day_fail(self, desk.error);
        return false;
    }
    const char *wrong = desk_check(&desk, ledger, self->now_ms + LATE_MS);
    uint64_t sequence = partition_sequence(desk.partition);
    if (!wrong && digest && sequence > 0) {
        uint8_t found[MIRROR_DIGEST];
        const uint8_t *right = mirror_digest(self->mirror, ledger, sequence);
        self->counts->digests++;
        if (!right || !mirror_digest_of(partition_state(desk.partition), found) ||
            memcmp(found, right, sizeof found) != 0)
            wrong = "its state is not that of a run without a crash";
    }
    if (wrong)
        day_fail(self, wrong);
    desk_abandon(&desk);
    return !wrong;
}

static disk_verdict_t
day_dies(void *argument, const disk_op_t *op, int *trouble)
{
    day_t *self = argument;
    (void)op, (void)trouble;
    return self->ops_left-- > 1 ? DISK_GO : self->how;
}

/* What the dead say nobody hears. */
static bool
day_leave_again(desk_t *desk, const script_command_t *command, const wire_header_t *header,
                const void *body, uint32_t size)
{
    (void)desk, (void)command, (void)header, (void)body, (void)size;
    return !disk_dead();
}

/* The partition in the image goes to work, until it dies or has done enough. */
static void
day_work_again(day_t *self, desk_t *desk)
{
    script_t script = self->script;
    int64_t now_ms = self->now_ms;
    uint32_t given = 0;
    bool lives = true;
    for (int turn = 0; turn < AGAIN_TURNS && lives && !disk_dead(); turn++) {
        now_ms += 400;
        desk->seed = scratch_random(&self->chance);
        for (uint32_t i = day_chance(self, BATCH_MAX); i > 0 && lives; i--) {
            script_command_t *command = &self->extra[given++];
            script_next(&script, now_ms, command);
            lives = desk_take(desk, command, now_ms);
        }
        lives = lives && desk_turn(desk, now_ms);
    }
}

/* Crash what recovers in the image; then everything must be there still. */
static bool
day_again(day_t *self)
{
    desk_t desk;
    ledger_t more;
    disk_mount(&(disk_options_t){
        .root = self->image, .watch = day_dies, .chance = day_chance, .argument = self });
    self->ops_left = 1 + day_chance(self, AGAIN_OPS);
    self->how = (disk_verdict_t)(DISK_DIE_BEFORE + day_chance(self, 3));
    desk_init(&desk, self->image, self->desk.options.journal_policy);
    desk.argument = self;
    desk.find = day_find;
    desk.leave = day_leave_again;
    bool opened = desk_open(&desk);
    if (opened) {
        ledger_init(&more, &self->ledger, partition_sequence(desk.partition));
        ledger_left(&more, self->ledger.left);
        desk.ledger = &more;
        day_work_again(self, &desk);
        desk_abandon(&desk);
    } else if (!disk_dead())
        day_fail(self, desk.error);
    self->counts->again++;
    self->counts->again_late += opened;
    disk_revive();
    disk_die();
    if (day_chance(self, 4))
        disk_power_loss();
    disk_revive();
    disk_unmount();
    bool fine = day_open_image(self, opened ? &more : &self->ledger, false);
    if (opened)
        ledger_free(&more);
    return fine;
}

static void
day_image(day_t *self, uint32_t kind)
{
    uint32_t luck = day_chance(self, 8);
    self->images++;
    self->counts->images++;
    self->counts->points[kind]++;
    disk_image(self->image, luck == 0 ? 0 : luck < 3 ? 100 : 101);
    bool fine = true;
    if (day_chance(self, 6) == 0)
        fine = day_again(self);
    else
        fine = day_open_image(self, &self->ledger, day_chance(self, 4) == 0);
    (void)fine;
    day_empty(self->image);
}

/* ---- the day ---- */

/* Of the points that come all the time only some are looked at. */
static bool
day_looks(day_t *self, uint32_t kind, const char *path)
{
    if (self->failed || self->images >= self->images_max)
        return false;
    if (kind == DAY_AFTER_ANSWERS)
        return day_chance(self, 4) == 0;
    if (kind == DISK_NAMES || kind == DISK_SYNC_DIR || kind == DISK_SIZE)
        return true;
    return day_chance(self, strstr(path, "state") ? 2 : 3) == 0;
}

static disk_verdict_t
day_watch(void *argument, const disk_op_t *op, int *trouble)
{
    static const char *const kinds[DISK_KINDS] = { "write", "sync", "names", "sync of a folder",
                                                   "size" };
    day_t *self = argument;
    (void)trouble;
    if (!day_looks(self, op->kind, op->path))
        return DISK_GO;
    snprintf(self->point, sizeof self->point,
             "before %s of %s, offset %" PRIu64 ", %" PRIu64 " bytes", kinds[op->kind], op->path,
             op->offset, op->size);
    day_image(self, op->kind);
    return DISK_GO;
}

static bool
day_leave(desk_t *desk, const script_command_t *command, const wire_header_t *header,
          const void *body, uint32_t size)
{
    day_t *self = desk->argument;
    if (command)
        script_answer(&self->script, command, header->status, body, size);
    else if (header->kind == WIRE_TELL)
        script_tell(&self->script, header, body, size);
    return true;
}

static void
day_turn(day_t *self)
{
    bool lives = true;
    self->now_ms += 100 + script_below(&self->script, 400);
    if (script_below(&self->script, 16) == 0)
        self->now_ms += 40000; /* locks expire, money comes late */
    self->desk.seed = script_random(&self->script);
    for (uint32_t i = script_below(&self->script, BATCH_MAX); i > 0 && lives; i--) {
        const script_command_t *command;
        if (self->script.request > 0 && script_below(&self->script, 10) == 0)
            command = &self->commands[script_below(&self->script, (uint32_t)self->script.request)];
        else {
            script_command_t *fresh = &self->commands[self->script.request];
            script_next(&self->script, self->now_ms, fresh);
            command = fresh;
        }
        lives = desk_take(&self->desk, command, self->now_ms);
    }
    lives = lives && desk_turn(&self->desk, self->now_ms);
    snprintf(self->point, sizeof self->point, "after answers");
    if (!lives)
        day_fail(self, self->desk.error);
    else if (day_looks(self, DAY_AFTER_ANSWERS, ""))
        day_image(self, DAY_AFTER_ANSWERS);
}

/* Now and then the partition is closed in order and opened again. */
static void
day_work(day_t *self)
{
    if (!desk_open(&self->desk)) {
        day_fail(self, self->desk.error);
        return;
    }
    for (int turn = 0; turn < TURNS && !self->failed && self->images < self->images_max; turn++) {
        day_turn(self);
        if (turn % 50 != 49 || self->failed)
            continue;
        if (!desk_close(&self->desk) || !desk_open(&self->desk)) {
            day_fail(self, self->desk.error);
            return;
        }
    }
    if (!self->failed && !desk_close(&self->desk))
        day_fail(self, self->desk.error);
    desk_abandon(&self->desk);
}

static void
day_folder(char path[SCRATCH_PATH_MAX], const char *folder, const char *name)
{
    int n = snprintf(path, SCRATCH_PATH_MAX, "%s/%s", folder, name);
    assert(n < SCRATCH_PATH_MAX);
    int rc = mkdir(path, 0700);
    assert(rc == 0);
}

bool
day_run(const char *folder, uint64_t seed, uint64_t images, day_counts_t *counts)
{
    day_t *self = calloc(1, sizeof *self);
    assert(self);
    self->seed = seed;
    self->chance = seed * UINT64_C(0x2545f4914f6cdd1d) + 1;
    self->images_max = images;
    self->counts = counts;
    self->now_ms = SCRIPT_START_MS;
    self->commands = calloc(COMMANDS_MAX, sizeof *self->commands);
    assert(self->commands);
    day_folder(self->root, folder, "disk");
    day_folder(self->image, folder, "image");
    day_folder(self->mirror_at, folder, "mirror");
    script_init(&self->script, seed);
    ledger_init(&self->ledger, NULL, 0);
    desk_init(&self->desk, self->root, seed % 2 ? JOURNAL_DROP : JOURNAL_ARCHIVE);
    self->desk.argument = self;
    self->desk.find = day_find;
    self->desk.leave = day_leave;
    self->desk.ledger = &self->ledger;
    self->mirror = mirror_new(self->mirror_at, &self->desk.options);
    disk_mount(&(disk_options_t){
        .root = self->root, .watch = day_watch, .chance = day_chance, .argument = self });
    if (self->mirror)
        day_work(self);
    counts->days++;
    counts->dropped += disk_counts()->dropped;
    counts->torn += disk_counts()->torn;
    disk_revive();
    disk_unmount();
    bool fine = self->mirror && !self->failed;
    mirror_destroy(&self->mirror);
    ledger_free(&self->ledger);
    free(self->commands);
    free(self);
    day_empty(folder);
    return fine;
}
