/* desk - see desk.h for the contract. */
#include "tests/script/desk.h"
#include "actors/box.h"
#include "broker/operation.h"
#include "broker/status.h"
#include "store/state.h"
#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { SEGMENT_BYTES = 64 * 1024, CHECKPOINT_MS = 1000, REPLIES_BYTES = 512 * 1024 };

static desk_t *newest; /* that is open; recovery in an image is inside of a turn of another one */

/* ---- the ways out ---- */

static void
desk_record(void *argument, const wire_route_t *route, const wire_header_t *header,
            const void *body, uint32_t size)
{
    desk_t *self = argument;
    (void)route;
    bool reply = header->kind == WIRE_REPLY;
    const script_command_t *command =
        reply && self->find ? self->find(self, header->request) : NULL;
    if (self->leave && !self->leave(self, command, header, body, size))
        return;
    if (!self->ledger)
        return;
    if (command)
        ledger_answer(self->ledger, command, header, body, size);
    else
        ledger_left(self->ledger, (uint64_t)header->moment);
}

static bool
desk_followed(void *argument, uint64_t showtime)
{
    (void)argument;
    return showtime % 2;
}

static void
desk_event(void *argument, uint64_t showtime, const wire_header_t *header, const void *body,
           uint32_t size)
{
    desk_t *self = argument;
    (void)showtime;
    if (self->leave && !self->leave(self, NULL, header, body, size))
        return;
    if (self->ledger)
        ledger_left(self->ledger, (uint64_t)header->moment);
}

static uint64_t
desk_seed(void *argument)
{
    const desk_t *self = argument;
    return self->seed;
}

static _Noreturn void
desk_fatal(void *argument, const char *what)
{
    desk_t *self = argument;
    (void)snprintf(self->error, sizeof self->error, "fatal: %s", what);
    assert(self->mortal);
    longjmp(self->death, 1);
}

static void
desk_append(journal_t *journal, journal_entry_t *entry)
{
    desk_t *self = newest;
    while (self && self->journal != journal)
        self = self->outer;
    assert(self);
    if (self->ledger)
        ledger_append(self->ledger, entry);
    self->append(journal, entry);
}

static int
desk_journal_open(void *argument, journal_t **journal, const journal_file_options_t *options,
                  uint64_t checkpoint, const uint8_t chain[JOURNAL_CHAIN_SIZE], char *error)
{
    desk_t *self = argument;
    if (journal_file_open(journal, options, checkpoint, chain, error) != 0)
        return -1;
    self->journal = *journal;
    self->append = self->journal->append;
    self->journal->append = desk_append;
    return 0;
}

/* ---- a life ---- */

void
desk_init(desk_t *self, const char *directory, journal_policy_t policy)
{
    uint8_t seed[32] = { 9 }, public_key[32];
    *self = (desk_t){
        .options = { .directory = directory,
                     .site = { .id = { 7 }, .partitions = 1 },
                     .rules = { .cap = 6, .lock_ms = 30000, .ceiling_ms = 60000, .gap_rule = true },
                     .segment_bytes = SEGMENT_BYTES,
                     .replies_bytes = REPLIES_BYTES,
                     .journal_policy = policy,
                     .checkpoint_ms = CHECKPOINT_MS,
                     .inline_io = true,
                     .journal_open = desk_journal_open,
                     .ways = { .argument = self,
                               .record = desk_record,
                               .followed = desk_followed,
                               .event = desk_event,
                               .seed = desk_seed,
                               .fatal = desk_fatal } }
    };
    memset(self->options.site.ticket_key, 3, sizeof self->options.site.ticket_key);
    int rc = crypto_sign_seed_keypair(public_key, self->options.site.sign_secret, seed);
    assert(rc == 0);
}

/* Run what follows unless the partition dies of it. */
#define LIVES(self) ((self)->mortal = true, setjmp((self)->death) == 0)

bool
desk_open(desk_t *self)
{
    assert(!self->partition);
    self->outer = newest;
    newest = self;
    bool lives = LIVES(self);
    if (lives)
        self->partition = partition_open(&self->options, self->error);
    self->mortal = false;
    if (!self->partition) {
        newest = self->outer;
        self->journal = NULL;
    }
    return self->partition != NULL;
}

bool
desk_take(desk_t *self, const script_command_t *command, int64_t now_ms)
{
    wire_record_t record = { .header = command->header,
                             .body = command->body,
                             .body_size = command->size };
    bool lives = LIVES(self);
    if (lives)
        partition_accept(self->partition, &command->route, &record, now_ms);
    self->mortal = false;
    return lives;
}

bool
desk_turn(desk_t *self, int64_t now_ms)
{
    bool lives = LIVES(self);
    if (lives)
        partition_turn(self->partition, now_ms);
    self->mortal = false;
    return lives;
}

void
desk_abandon(desk_t *self)
{
    if (!self->partition)
        return;
    partition_abandon(&self->partition);
    self->journal = NULL;
    assert(newest == self);
    newest = self->outer;
}

bool
desk_close(desk_t *self)
{
    bool lives = LIVES(self);
    if (lives)
        partition_close(&self->partition);
    self->mortal = false;
    if (!lives) {
        desk_abandon(self);
        return false;
    }
    self->journal = NULL;
    newest = self->outer;
    return true;
}

/* ---- what must be there ---- */

typedef struct {
    const ledger_t *ledger;
    uint64_t sequence; /* of the last entry seen */
    char *error;
} desk_walk_t;

static int
desk_walk_entry(void *argument, const journal_entry_t *entry)
{
    desk_walk_t *walk = argument;
    const journal_entry_t *right = ledger_entry(walk->ledger, entry->sequence);
    walk->sequence = entry->sequence;
    if (right && memcmp(right->chain, entry->chain, sizeof right->chain) == 0)
        return 0;
    (void)snprintf(walk->error, PARTITION_ERROR_MAX, "entry %llu is %s",
                   (unsigned long long)entry->sequence,
                   right ? "another one than was appended" : "one that nobody appended");
    return 1;
}

static const char *
desk_check_journal(desk_t *self, const ledger_t *ledger)
{
    journal_t *journal = self->journal;
    desk_walk_t walk = { .ledger = ledger, .error = self->error };
    uint64_t last = partition_sequence(self->partition);
    if (last < ledger->left || last > ledger_last(ledger)) {
        (void)snprintf(self->error, sizeof self->error,
                       "recovered up to entry %llu, but %llu had left and %llu were appended",
                       (unsigned long long)last, (unsigned long long)ledger->left,
                       (unsigned long long)ledger_last(ledger));
        return self->error;
    }
    if (journal->last == 0)
        return last == 0 ? NULL : "the journal is empty";
    int rc = journal->read(journal, journal->first, desk_walk_entry, &walk, self->error);
    if (rc != 0)
        return self->error;
    return journal->first == 0 || walk.sequence == last ? NULL : "the journal ends too early";
}

/* One answer that is asked for again. */
typedef struct {
    const ledger_answer_t *right;
    bool came, same;
    uint16_t status;
    uint64_t sequence;
} desk_again_t;

static bool
desk_again_came(desk_t *self, const script_command_t *command, const wire_header_t *header,
                const void *body, uint32_t size)
{
    desk_again_t *again = self->again;
    const ledger_answer_t *right = again->right;
    (void)command;
    if (header->kind != WIRE_REPLY || header->request != right->command->header.request)
        return true;
    again->came = true;
    again->status = header->status;
    again->sequence = (uint64_t)header->moment;
    /* A refusal of form is made at the door, each time anew, and names the newest entry. */
    bool form = header->status >= STATUS_BAD_BODY && header->status <= STATUS_TOO_LARGE;
    again->same = header->status == right->status && (form || again->sequence == right->sequence) &&
                  size == right->size && (size == 0 || memcmp(body, right->body, size) == 0);
    /* the end of what was deferred may be durable without having left */
    if (right->status == STATUS_PENDING && header->status != STATUS_EXPIRED &&
        again->sequence > right->sequence)
        again->same = true;
    return true;
}

/* The newest answer to each request; older ones are of what was deferred. */
static bool
desk_is_newest(const ledger_t *ledger, size_t index)
{
    const script_command_t *command = ledger->answers[index].command;
    if (ledger->answers[index].status != STATUS_PENDING)
        return true;
    for (size_t i = index + 1; i < ledger->answer_count; i++)
        if (ledger->answers[i].command == command && ledger->answers[i].status != STATUS_PENDING)
            return false;
    return true;
}

static const char *
desk_check_answers(desk_t *self, const ledger_t *ledger, int64_t late_ms)
{
    for (size_t i = ledger->answer_count; i-- > 0;) {
        desk_again_t again = { .right = &ledger->answers[i] };
        const wire_header_t *header = &again.right->command->header;
        if (!desk_is_newest(ledger, i))
            continue;
        self->again = &again;
        if (!desk_take(self, again.right->command, late_ms))
            return self->error;
        if (again.came && again.same)
            continue;
        (void)snprintf(self->error, sizeof self->error,
                       "request %llu (%s) was answered %s by entry %llu, and now %s by %llu%s",
                       (unsigned long long)header->request, operation_of(header->operation)->name,
                       status_name(again.right->status), (unsigned long long)again.right->sequence,
                       again.came ? status_name(again.status) : "nothing",
                       (unsigned long long)again.sequence,
                       again.status == again.right->status ? ", differently" : "");
        return self->error;
    }
    return NULL;
}

const char *
desk_sound(desk_t *self)
{
    state_t *state = partition_state(self->partition);
    for (uint64_t i = 0; i < SCRIPT_SHOWTIMES; i++) {
        state_key_t head = { .space = SCRIPT_FIRST_SHOWTIME + i, .table = BOX_HEAD };
        const char *broken = state_get(state, head, NULL) ? box_check(state, head.space) : NULL;
        if (broken)
            return broken;
    }
    return NULL;
}

const char *
desk_check(desk_t *self, const ledger_t *ledger, int64_t late_ms)
{
    ledger_t *own = self->ledger;
    bool (*leave)(desk_t *, const script_command_t *, const wire_header_t *, const void *,
                  uint32_t) = self->leave;
    self->ledger = NULL;
    self->leave = desk_again_came;
    const char *wrong = desk_check_journal(self, ledger);
    if (!wrong)
        wrong = desk_sound(self);
    for (const ledger_t *at = ledger; at && !wrong; at = at->below)
        wrong = desk_check_answers(self, at, late_ms);
    self->ledger = own;
    self->leave = leave;
    return wrong;
}
