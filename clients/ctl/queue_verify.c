/* queue_verify - `queue verify`: hold receipts of a waiting room against its draw.
 *
 * A receipt is what the site signed before it could know the draw: number, lane, and the hash of
 * the seed. The seed, shown after the draw, must have that hash, and then everybody's place is a
 * matter of arithmetic. What a server says of the place is compared too; with --room nothing is
 * asked. */
#include "actors/pass.h"
#include "clients/ctl/ctl.h"
#include <errno.h>
#include <inttypes.h>
#include <sodium/utils.h>
#include <stdlib.h>
#include <string.h>

enum { VERIFY_KEYS = 16 };

typedef struct {
    ctl_t *ctl;
    json_t *room; /* as queue.get says it, of the showtime last asked for */
    uint64_t showtime;
    uint8_t keys[VERIFY_KEYS][PASS_KEY_SIZE];
    size_t key_count;
    json_t *results; /* with --json */
    size_t wrong;
} verify_queue_t;

static bool
queue_hex(const char *text, uint8_t bytes[32])
{
    size_t size;
    const char *end;
    return sodium_hex2bin(bytes, 32, text, strlen(text), NULL, &size, &end) == 0 && size == 32 &&
           *end == 0;
}

/* --- what is known of the site ---------------------------------------------------------------- */

/* Keys from the command line, or of a server that tells them. Without any, signatures are not
 * looked at. */
static bool
queue_load_keys(verify_queue_t *self, uint64_t showtime)
{
    const char *given = self->ctl->flags[CTL_FLAG_SITE_KEY];
    const operation_t *keys = operation_named("site.keys");
    json_t *reply = NULL, *key;
    status_t status;
    size_t index;
    if (given) {
        if (!queue_hex(given, self->keys[0]))
            return false;
        self->key_count = 1;
        return true;
    }
    if (self->ctl->flags[CTL_FLAG_ROOM] || !keys ||
        ctl_try(self->ctl, (operation_code_t)keys->code, keys->key == KEY_SHOWTIME ? showtime : 0,
                NULL, &reply, &status) != CTL_DONE)
        return true;
    json_array_foreach(json_object_get(reply, "keys"), index, key)
    {
        const char *text = json_string_value(json_array_get(key, 1));
        if (self->key_count < VERIFY_KEYS && text && queue_hex(text, self->keys[self->key_count]))
            self->key_count++;
    }
    json_decref(reply);
    return true;
}

/* The room of a showtime, from --room or the server. */
static ctl_exit_t
queue_load_room(verify_queue_t *self, uint64_t showtime)
{
    const char *path = self->ctl->flags[CTL_FLAG_ROOM];
    json_error_t error;
    if (self->room && self->showtime == showtime)
        return CTL_DONE;
    json_decref(self->room);
    self->room = NULL;
    self->showtime = showtime;
    if (!path)
        return ctl_ask(self->ctl, OP_QUEUE_GET, showtime, NULL, &self->room);
    self->room = json_load_file(path, 0, &error);
    return self->room ? CTL_DONE : ctl_say(CTL_FAULT, "%s: %s", path, error.text);
}

/* --- one receipt ------------------------------------------------------------------------------ */

/* Which place the draw gave; NULL, or why it cannot be said. */
static const char *
queue_compute(const verify_queue_t *self, const pass_receipt_t *receipt, uint32_t *place)
{
    uint8_t seed[DRAW_SEED_SIZE], commitment[DRAW_SEED_SIZE], promised[DRAW_SEED_SIZE];
    const json_t *lane = json_array_get(json_object_get(self->room, "lanes"), receipt->lane);
    int64_t drawn = ctl_number(lane, "drawn"), joined = ctl_number(lane, "joined");
    if ((uint64_t)ctl_number(self->room, "showtime") != receipt->showtime)
        return "the room is another showtime's";
    if (!queue_hex(ctl_text(self->room, "commitment"), promised) ||
        memcmp(promised, receipt->commitment, sizeof promised) != 0)
        return "the room is committed to something else than the receipt says";
    if (!queue_hex(ctl_text(self->room, "seed"), seed))
        return "the room was not drawn yet";
    draw_commitment(commitment, seed);
    if (memcmp(commitment, receipt->commitment, sizeof commitment) != 0)
        return "the seed is not the one that was committed to";
    if (drawn < 0 || drawn > DRAW_COUNT_MAX || receipt->number > joined)
        return "the room never gave this number";
    *place = receipt->number;
    if (receipt->number <= drawn)
        *place = 1 + draw_place(seed, receipt->lane, (uint32_t)drawn, receipt->number - 1);
    return NULL;
}

/* One who came back later has another number. */
static const char *
queue_differs(const json_t *reply, const pass_receipt_t *receipt, uint32_t place)
{
    bool same = ctl_number(reply, "number") == receipt->number &&
                ctl_number(reply, "lane") == receipt->lane;
    return same && ctl_number(reply, "place") != place ? "the server gave another place" : NULL;
}

/* What the server says of the user's place. */
static const char *
queue_compare(const verify_queue_t *self, const pass_receipt_t *receipt, uint32_t place)
{
    json_t *reply = NULL;
    status_t status;
    const char *wrong = NULL;
    if (self->ctl->flags[CTL_FLAG_ROOM] || receipt->user > INT64_MAX)
        return NULL;
    json_t *fields = json_pack("{s:I}", "user", (json_int_t)receipt->user);
    if (ctl_try(self->ctl, OP_QUEUE_LOOK, receipt->showtime, fields, &reply, &status) != CTL_DONE)
        return "the server does not say the place";
    if (status == STATUS_NOT_QUEUED)
        wrong = "the server does not know the user";
    else if (status == STATUS_OK) /* not of a room that is closed, or to who may not look */
        wrong = queue_differs(reply, receipt, place);
    json_decref(reply);
    return wrong;
}

static bool
queue_signed(const verify_queue_t *self, const char *text)
{
    pass_receipt_t receipt;
    for (size_t i = 0; i < self->key_count; i++)
        if (pass_receipt_read(text, strlen(text), self->keys[i], &receipt))
            return true;
    return self->key_count == 0;
}

static void
queue_report(verify_queue_t *self, const pass_receipt_t *receipt, uint32_t place, const char *wrong)
{
    if (wrong)
        self->wrong++;
    if (self->ctl->json) {
        (void)json_array_append_new(
            self->results,
            json_pack("{s:I,s:I,s:I,s:I,s:I,s:b,s:s}", "showtime", (json_int_t)receipt->showtime,
                      "user", (json_int_t)receipt->user, "lane", (json_int_t)receipt->lane,
                      "number", (json_int_t)receipt->number, "place", (json_int_t)place, "agrees",
                      wrong == NULL, "why", wrong ? wrong : ""));
        return;
    }
    printf("user %" PRIu64 "  lane %u  number %u  place %u  %s\n", receipt->user, receipt->lane,
           receipt->number, place, wrong ? wrong : "agrees");
}

static ctl_exit_t
queue_verify_one(verify_queue_t *self, const char *text)
{
    pass_receipt_t receipt = { 0 };
    uint32_t place = 0;
    if (!pass_receipt_read(text, strlen(text), NULL, &receipt)) {
        queue_report(self, &(pass_receipt_t){ 0 }, 0, "this is no receipt, or it is mistyped");
        return CTL_DONE;
    }
    if (self->key_count == 0 && !queue_load_keys(self, receipt.showtime))
        return ctl_say(CTL_USAGE, "--site-key is 64 hexadecimal digits");
    ctl_exit_t outcome = queue_load_room(self, receipt.showtime);
    if (outcome != CTL_DONE)
        return outcome;
    const char *wrong = queue_compute(self, &receipt, &place);
    if (!wrong && !queue_signed(self, text))
        wrong = "the receipt is not signed by the site";
    if (!wrong)
        wrong = queue_compare(self, &receipt, place);
    queue_report(self, &receipt, place, wrong);
    return CTL_DONE;
}

/* --- all of them ------------------------------------------------------------------------------ */

static ctl_exit_t
queue_verify_file(verify_queue_t *self, const char *path)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t size;
    ctl_exit_t outcome = CTL_DONE;
    FILE *file = fopen(path, "r");
    if (!file)
        return ctl_say(CTL_FAULT, "%s: %s", path, strerror(errno));
    while (outcome == CTL_DONE && (size = getline(&line, &room, file)) >= 0) {
        line[strcspn(line, "\r\n")] = 0;
        if (*line)
            outcome = queue_verify_one(self, line);
    }
    free(line);
    (void)fclose(file);
    return outcome;
}

ctl_exit_t
queue_verify(ctl_t *ctl)
{
    verify_queue_t self = { .ctl = ctl, .results = json_array() };
    ctl_exit_t outcome = CTL_DONE;
    for (int i = 0; i < ctl->argument_count && outcome == CTL_DONE; i++) {
        const char *text = ctl->arguments[i];
        outcome = *text == '@' ? queue_verify_file(&self, text + 1) : queue_verify_one(&self, text);
    }
    (void)ctl_print_json(ctl, self.results);
    if (outcome == CTL_DONE && self.key_count == 0)
        ctl_hint(ctl, "signatures were not checked: --site-key says the site's public key");
    if (outcome == CTL_DONE && self.wrong)
        outcome = ctl_say(CTL_REFUSED, "%zu do not agree", self.wrong);
    json_decref(self.results);
    json_decref(self.room);
    return outcome;
}
