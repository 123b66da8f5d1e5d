/* desk - keys of staff, of kiosks and of tokens, in the folder of marquee-bridge; see ctl.h.
 *
 * Lines that are not meant stay as they are, comments too. A file is read, changed and replaced
 * under the folder's lock, and what would be written is read back by the bridge's own reader first,
 * so that no bridge finds a file that it cannot take. */
#include "actors/ids.h"
#include "clients/bridge/keyfile.h"
#include "clients/bridge/kiosk.h"
#include "clients/bridge/revoked.h"
#include "clients/bridge/staff.h"
#include "clients/bridge/store.h"
#include "clients/bridge/token.h"
#include "clients/ctl/ctl.h"
#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    DESK_KEY_SIZE = 32,
    DESK_KEY_ROOM = 64,
    DESK_ERROR_MAX = 128,
    DESK_LINE_ROOM = 640,
    DESK_HOUR_S = 3600
};
_Static_assert((int)STAFF_NAME_MAX == (int)KIOSK_NAME_MAX, "names are of one kind");

typedef struct {
    const char *name; /* of the file */
    bool (*good)(const char *text, size_t size, char *error);
    ctl_t *ctl;
    const char *directory;
    int lock;
    char *text; /* all of the file */
    size_t size;
} desk_t;

static bool
desk_good_staff(const char *text, size_t size, char *error)
{
    staff_ring_t *ring = staff_read(text, size, error, DESK_ERROR_MAX);
    bool good = ring != NULL;
    staff_destroy(&ring);
    return good;
}

static bool
desk_good_kiosks(const char *text, size_t size, char *error)
{
    kiosk_ring_t *ring = malloc(sizeof *ring);
    snprintf(error, DESK_ERROR_MAX, "memory is short");
    bool good = ring && kiosk_ring_read(ring, text, size, error, DESK_ERROR_MAX) == 0;
    if (ring)
        sodium_memzero(ring, sizeof *ring);
    free(ring);
    return good;
}

/* No keys at all are fine: a bridge makes the first one. */
static bool
desk_good_tokens(const char *text, size_t size, char *error)
{
    token_ring_t ring;
    bool good = size == 0 || token_ring_read(&ring, text, size, error, DESK_ERROR_MAX) == 0;
    sodium_memzero(&ring, sizeof ring);
    return good;
}

static bool
desk_good_revoked(const char *text, size_t size, char *error)
{
    static const uint8_t key[16];
    revoked_list_t *list = revoked_new(REVOKED_LINES_MAX, key);
    snprintf(error, DESK_ERROR_MAX, "memory is short");
    bool good = list && revoked_read(list, text, size, 0, error, DESK_ERROR_MAX) == 0;
    revoked_destroy(&list);
    return good;
}

static desk_t
desk_of(ctl_t *ctl, const char *name)
{
    return (desk_t){ .name = name,
                     .good = *name == 's'   ? desk_good_staff
                             : *name == 't' ? desk_good_tokens
                             : *name == 'r' ? desk_good_revoked
                                            : desk_good_kiosks,
                     .ctl = ctl,
                     .directory = ctl_flag_text(ctl, CTL_FLAG_DIRECTORY, "data/bridge"),
                     .lock = -1 };
}

static void
desk_close(desk_t *self)
{
    if (self->text)
        sodium_memzero(self->text, self->size);
    free(self->text);
    if (self->lock >= 0)
        close(self->lock);
}

static ctl_exit_t
desk_fault(const desk_t *self, const char *reason)
{
    return ctl_say(CTL_FAULT, "%s/%s: %s", self->directory, self->name, reason);
}

/* Read the file; one that is not there is empty. To change it, keep others away. */
static ctl_exit_t
desk_open(desk_t *self, bool change)
{
    char error[DESK_ERROR_MAX];
    if (change)
        self->lock = store_lock(self->directory, true);
    if (change ? self->lock < 0 : access(self->directory, X_OK) != 0)
        return ctl_say(CTL_FAULT, "%s: %s; --directory names the bridge's session/directory",
                       self->directory, strerror(errno));
    self->text = store_read(self->directory, self->name, &self->size);
    if (!self->text && errno != ENOENT)
        return desk_fault(self, strerror(errno));
    if (!self->text && !(self->text = calloc(1, 1)))
        return desk_fault(self, "memory is short");
    return self->good(self->text, self->size, error) ? CTL_DONE : desk_fault(self, error);
}

/* Put `size` bytes in the place of `gone` bytes at `at`, and write the file. */
static ctl_exit_t
desk_write(desk_t *self, size_t at, size_t gone, const char *bytes, size_t size)
{
    char error[DESK_ERROR_MAX];
    size_t whole = self->size - gone + size;
    char *text = malloc(whole + 1);
    if (!text)
        return desk_fault(self, "memory is short");
    memcpy(text, self->text, at);
    memcpy(text + at, bytes, size);
    memcpy(text + at + size, self->text + at + gone, self->size - at - gone);
    ctl_exit_t outcome = CTL_DONE;
    if (!self->good(text, whole, error))
        outcome = ctl_say(CTL_REFUSED, "%s/%s: %s", self->directory, self->name, error);
    else if (store_write(self->directory, self->name, text, whole) != 0)
        outcome = desk_fault(self, strerror(errno));
    sodium_memzero(text, whole);
    free(text);
    return outcome;
}

/* Where the line begins that `file` stands behind. */
static const char *
desk_line(const desk_t *self, const keyfile_t *file)
{
    const char *at = file->words[0].data;
    while (at > self->text && at[-1] != '\n')
        at--;
    return at;
}

/* The next line of a name, from where `file` stands; *at and *size are its bytes, LF included. */
static bool
desk_find(const desk_t *self, keyfile_t *file, const char *name, size_t *at, size_t *size)
{
    while (keyfile_next(file)) {
        const char *line = desk_line(self, file);
        if (!http_text_is(file->words[0], name))
            continue;
        *at = (size_t)(line - self->text);
        *size = (size_t)(file->rest.data - line);
        return true;
    }
    return false;
}

static bool
desk_has(const desk_t *self, const char *name)
{
    size_t at, size;
    keyfile_t file = { .rest = { self->text, self->size } };
    return desk_find(self, &file, name, &at, &size);
}

static bool
desk_name(const ctl_t *ctl)
{
    char copy[STAFF_NAME_MAX + 1];
    const char *name = ctl->arguments[0];
    if (keyfile_name((http_text_t){ name, strlen(name) }, copy, sizeof copy))
        return true;
    ctl_say(CTL_USAGE, "a name has 1 to %d letters, digits, '-' and '_', not '%s'", STAFF_NAME_MAX,
            name);
    return false;
}

static void
desk_hint(const desk_t *self)
{
    ctl_hint(self->ctl, "A running bridge reads it on SIGHUP: systemctl reload marquee-bridge, or "
                        "pkill -HUP marquee-bridge");
}

/* Append a name and a value, in a line of their own. */
static ctl_exit_t
desk_add(desk_t *self, const char *name, const char *value)
{
    char line[DESK_LINE_ROOM];
    bool open = self->size && self->text[self->size - 1] != '\n';
    int size = snprintf(line, sizeof line, "%s%s %s\n", open ? "\n" : "", name, value);
    ctl_exit_t outcome = desk_write(self, self->size, 0, line, (size_t)size);
    sodium_memzero(line, sizeof line);
    return outcome;
}

static ctl_exit_t
desk_say_key(const desk_t *self, const char *key)
{
    const char *name = self->ctl->arguments[0];
    json_t *said = json_pack("{s:s, s:s}", "name", name, "key", key);
    if (!ctl_print_json(self->ctl, said)) {
        printf("key   %s\n", key);
        ctl_hint(self->ctl, "This is the only time that it is shown.");
        desk_hint(self);
    }
    json_decref(said);
    return CTL_DONE;
}

/* What stands behind a digest, for --role and --cinemas; false after having said what is wrong. */
enum { DESK_ROLE_ROOM = 400 };
static bool
desk_role(const ctl_t *ctl, char text[DESK_ROLE_ROOM])
{
    token_cinemas_t cinemas;
    const char *word = ctl_flag_text(ctl, CTL_FLAG_ROLE, "staff");
    const char *list = ctl_flag_text(ctl, CTL_FLAG_CINEMAS, "");
    token_role_t role = token_role_named(word);
    if (role < TOKEN_ROLE_STAFF) {
        ctl_say(CTL_USAGE, "--role is one of staff, cinema_admin, operator");
        return false;
    }
    if (role == TOKEN_ROLE_CINEMA_ADMIN
            ? !staff_cinemas((http_text_t){ list, strlen(list) }, &cinemas)
            : *list) {
        ctl_say(CTL_USAGE, "--cinemas names up to %d of a cinema_admin: 7,12", TOKEN_CINEMAS_MAX);
        return false;
    }
    if (role != TOKEN_ROLE_STAFF)
        snprintf(text, DESK_ROLE_ROOM, " %s%s%s", word, *list ? " " : "", list);
    return true;
}

/* Staff are known by the digest of a key, kiosks by the key itself: they sign with it. */
static ctl_exit_t
desk_new(ctl_t *ctl, const char *name)
{
    uint8_t key[DESK_KEY_SIZE], digest[crypto_hash_sha256_BYTES];
    char text[DESK_KEY_ROOM], hex[2 * sizeof digest + 1];
    char role[DESK_ROLE_ROOM] = "", value[sizeof hex + sizeof role];
    desk_t desk = desk_of(ctl, name);
    if (!desk_name(ctl) || (desk.good == desk_good_staff && !desk_role(ctl, role)))
        return CTL_USAGE;
    if (sodium_init() < 0)
        return ctl_say(CTL_FAULT, "there is no randomness");
    ctl_exit_t outcome = desk_open(&desk, true);
    if (outcome == CTL_DONE && desk_has(&desk, ctl->arguments[0]))
        outcome =
            ctl_say(CTL_REFUSED, "%s is in %s/%s already", ctl->arguments[0], desk.directory, name);
    randombytes_buf(key, sizeof key);
    ids_base64_text(text, key, sizeof key);
    (void)crypto_hash_sha256(digest, (const uint8_t *)text, strlen(text));
    sodium_bin2hex(hex, sizeof hex, digest, sizeof digest);
    snprintf(value, sizeof value, "%s%s", hex, role);
    if (outcome == CTL_DONE)
        outcome = desk_add(&desk, ctl->arguments[0], desk.good == desk_good_staff ? value : text);
    desk_close(&desk);
    if (outcome == CTL_DONE)
        outcome = desk_say_key(&desk, text);
    sodium_memzero(key, sizeof key);
    sodium_memzero(text, sizeof text);
    return outcome;
}

static ctl_exit_t
desk_list(ctl_t *ctl, const char *name)
{
    desk_t desk = desk_of(ctl, name);
    ctl_exit_t outcome = desk_open(&desk, false);
    keyfile_t file = { .rest = { desk.text, desk.size } };
    json_t *all = json_array();
    bool staff = desk.good == desk_good_staff;
    while (outcome == CTL_DONE && keyfile_next(&file)) {
        json_t *one = json_pack("{s:s%}", "name", file.words[0].data, file.words[0].size);
        if (!staff)
            (void)json_object_set_new(one, "revoked", json_boolean(file.count > 2));
        else if (file.count > 2)
            (void)json_object_set_new(one, "role",
                                      json_stringn(file.words[2].data, file.words[2].size));
        if (staff && file.count > 3)
            (void)json_object_set_new(one, "cinemas",
                                      json_stringn(file.words[3].data, file.words[3].size));
        (void)json_array_append_new(all, one);
    }
    size_t index;
    json_t *one;
    if (outcome == CTL_DONE && !ctl_print_json(ctl, all))
        json_array_foreach(all, index, one)
            printf("%s%s%s%s%s%s\n", ctl_text(one, "name"),
                   json_is_true(json_object_get(one, "revoked")) ? "  revoked" : "",
                   *ctl_text(one, "role") ? "  " : "", ctl_text(one, "role"),
                   *ctl_text(one, "cinemas") ? " of " : "", ctl_text(one, "cinemas"));
    json_decref(all);
    desk_close(&desk);
    return outcome;
}

static ctl_exit_t
desk_unknown(const desk_t *self)
{
    return ctl_say(CTL_REFUSED, "%s is not in %s/%s", self->ctl->arguments[0], self->directory,
                   self->name);
}

static ctl_exit_t
desk_staff_new(ctl_t *ctl)
{
    return desk_new(ctl, "staff");
}

static ctl_exit_t
desk_staff_list(ctl_t *ctl)
{
    return desk_list(ctl, "staff");
}

/* Every key of the name: the file may have several. */
static ctl_exit_t
desk_staff_remove(ctl_t *ctl)
{
    size_t at, size;
    desk_t desk = desk_of(ctl, "staff");
    ctl_exit_t outcome = desk_open(&desk, true);
    keyfile_t file = { .rest = { desk.text, desk.size } };
    bool found = false;
    while (outcome == CTL_DONE && desk_find(&desk, &file, ctl->arguments[0], &at, &size)) {
        found = true;
        memmove(desk.text + at, desk.text + at + size, desk.size - at - size);
        desk.size -= size;
        file.rest = (http_text_t){ desk.text + at, desk.size - at };
    }
    if (outcome == CTL_DONE)
        outcome = found ? desk_write(&desk, 0, 0, "", 0) : desk_unknown(&desk);
    if (outcome == CTL_DONE)
        desk_hint(&desk);
    desk_close(&desk);
    return outcome;
}

static ctl_exit_t
desk_kiosks_new(ctl_t *ctl)
{
    return desk_new(ctl, "kiosks");
}

static ctl_exit_t
desk_kiosks_list(ctl_t *ctl)
{
    return desk_list(ctl, "kiosks");
}

/* The name stays taken, so that what it signed does not become somebody else's. */
static ctl_exit_t
desk_kiosks_revoke(ctl_t *ctl)
{
    static const char word[] = " revoked";
    size_t at, size;
    desk_t desk = desk_of(ctl, "kiosks");
    ctl_exit_t outcome = desk_open(&desk, true);
    keyfile_t file = { .rest = { desk.text, desk.size } };
    bool found = outcome == CTL_DONE && desk_find(&desk, &file, ctl->arguments[0], &at, &size);
    if (outcome == CTL_DONE && !found)
        outcome = desk_unknown(&desk);
    if (found && file.count == 2) {
        at = (size_t)(file.words[1].data + file.words[1].size - desk.text);
        outcome = desk_write(&desk, at, 0, word, sizeof word - 1);
    }
    if (outcome == CTL_DONE)
        desk_hint(&desk);
    desk_close(&desk);
    return outcome;
}

/* A key that ends, and whose end has come: the bridge has forgotten it. */
static bool
desk_is_over(const keyfile_t *file, int64_t now_s)
{
    return file->count > 2 && strtoll(file->words[2].data, NULL, 10) <= now_s;
}

/* Write the ring's file anew: a key in front, an end behind those that had none, without those that
 * are over. Returns the bytes. */
static size_t
desk_turn_ring(const desk_t *self, const char *first, int64_t now_s, int64_t until_s, char *to,
               size_t room)
{
    keyfile_t file = { .rest = { self->text, self->size } };
    const char *at = self->text;
    size_t size = (size_t)snprintf(to, room, "%s", first);
    while (keyfile_next(&file)) {
        const char *line = desk_line(self, &file), *end = file.rest.data;
        const char *value = file.words[1].data + file.words[1].size;
        size += (size_t)snprintf(to + size, room - size, "%.*s", (int)(line - at), at);
        if (file.count == 2)
            size += (size_t)snprintf(to + size, room - size, "%.*s %" PRId64 "%.*s",
                                     (int)(value - line), line, until_s, (int)(end - value), value);
        else if (!desk_is_over(&file, now_s))
            size += (size_t)snprintf(to + size, room - size, "%.*s", (int)(end - line), line);
        at = end;
    }
    size +=
        (size_t)snprintf(to + size, room - size, "%.*s", (int)(self->text + self->size - at), at);
    return size;
}

static ctl_exit_t
desk_rotate(desk_t *self, const char *kid, int64_t now_s, int64_t until_s)
{
    enum { ENDS_ROOM = TOKEN_KEYS_MAX * 16 };
    uint8_t key[DESK_KEY_SIZE];
    char first[TOKEN_KID_MAX + DESK_KEY_ROOM + 4];
    size_t room = self->size + sizeof first + ENDS_ROOM;
    char *text = malloc(room);
    if (!text)
        return desk_fault(self, "memory is short");
    randombytes_buf(key, sizeof key);
    size_t size = (size_t)snprintf(first, sizeof first, "%s ", kid);
    ids_base64_text(first + size, key, sizeof key);
    strcat(first, "\n");
    size = desk_turn_ring(self, first, now_s, until_s, text, room);
    ctl_exit_t outcome = desk_write(self, 0, self->size, text, size);
    sodium_memzero(text, room);
    sodium_memzero(first, sizeof first);
    sodium_memzero(key, sizeof key);
    free(text);
    return outcome;
}

/* How long what a key signed may still be good. */
static bool
desk_hours(const ctl_t *ctl, uint64_t *hours)
{
    enum { HOURS = 25, HOURS_MAX = 8784 };
    if (!ctl_flag_u64(ctl, CTL_FLAG_HOURS, HOURS, hours))
        return false;
    if (*hours >= 1 && *hours <= HOURS_MAX)
        return true;
    ctl_say(CTL_USAGE, "--hours is 1 to %d", HOURS_MAX);
    return false;
}

/* A new key signs from now on; the old ones verify until what they signed is over. */
static ctl_exit_t
desk_tokens_rotate(ctl_t *ctl)
{
    char kid[TOKEN_KID_MAX + 1];
    uint64_t hours;
    int64_t now_s = (int64_t)time(NULL);
    desk_t desk = desk_of(ctl, "tokens");
    if (!desk_hours(ctl, &hours))
        return CTL_USAGE;
    if (sodium_init() < 0)
        return ctl_say(CTL_FAULT, "there is no randomness");
    snprintf(kid, sizeof kid, "k%" PRId64 "-%04x", now_s, randombytes_uniform(0x10000));
    int64_t until_s = now_s + (int64_t)hours * DESK_HOUR_S;
    ctl_exit_t outcome = desk_open(&desk, true);
    if (outcome == CTL_DONE)
        outcome = desk_rotate(&desk, kid, now_s, until_s);
    if (outcome == CTL_DONE) {
        json_t *said = json_pack("{s:s, s:I}", "name", kid, "until_s", (json_int_t)until_s);
        if (!ctl_print_json(ctl, said)) {
            printf("signs   %s\n", kid);
            desk_hint(&desk);
        }
        json_decref(said);
    }
    desk_close(&desk);
    return outcome;
}

/* Words of the file: no space, no comment, nothing that moves a cursor. */
static bool
desk_word(const char *text)
{
    size_t size = strlen(text);
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)text[i] <= ' ' || text[i] == 0x7f || text[i] == '#')
            return false;
    return size >= 1 && size <= TOKEN_SUBJECT_MAX;
}

/* Take tokens back before their time: of somebody, as of now, or one, or those of one log-in. */
static ctl_exit_t
desk_tokens_revoke(ctl_t *ctl)
{
    uint64_t hours;
    const char *kind = ctl->arguments[0], *name = ctl->arguments[1];
    int64_t now_s = (int64_t)time(NULL);
    char value[TOKEN_SUBJECT_MAX + 64];
    bool subject = strcmp(kind, "sub") == 0;
    if (!subject && strcmp(kind, "jti") != 0 && strcmp(kind, "sid") != 0)
        return ctl_say(CTL_USAGE, "the kind is sub, jti or sid, not '%s'", kind);
    if (!desk_word(name))
        return ctl_say(CTL_USAGE, "a name has 1 to %d bytes and no spaces", TOKEN_SUBJECT_MAX);
    if (!desk_hours(ctl, &hours))
        return CTL_USAGE;
    int size =
        snprintf(value, sizeof value, "%s %" PRId64, name, now_s + (int64_t)hours * DESK_HOUR_S);
    if (subject)
        snprintf(value + size, sizeof value - (size_t)size, " %" PRId64, now_s);
    desk_t desk = desk_of(ctl, "revoked");
    ctl_exit_t outcome = desk_open(&desk, true);
    if (outcome == CTL_DONE)
        outcome = desk_add(&desk, kind, value);
    if (outcome == CTL_DONE)
        desk_hint(&desk);
    desk_close(&desk);
    return outcome;
}

/* The first one signs. */
static ctl_exit_t
desk_tokens_list(ctl_t *ctl)
{
    desk_t desk = desk_of(ctl, "tokens");
    ctl_exit_t outcome = desk_open(&desk, false);
    keyfile_t file = { .rest = { desk.text, desk.size } };
    json_t *all = json_array();
    while (outcome == CTL_DONE && keyfile_next(&file)) {
        json_int_t until_s = file.count > 2 ? strtoll(file.words[2].data, NULL, 10) : 0;
        (void)json_array_append_new(all, json_pack("{s:s%, s:b, s:I}", "name", file.words[0].data,
                                                   file.words[0].size, "signs",
                                                   json_array_size(all) == 0, "until_s", until_s));
    }
    size_t index;
    json_t *one;
    char when[CTL_TIME_ROOM];
    if (outcome == CTL_DONE && !ctl_print_json(ctl, all))
        json_array_foreach(all, index, one)
        {
            int64_t until_s = ctl_number(one, "until_s");
            printf("%-20s %s%s\n", ctl_text(one, "name"),
                   index == 0    ? "signs"
                   : until_s > 0 ? "until "
                                 : "verifies",
                   until_s > 0 ? ctl_time(when, until_s * 1000, CTL_TIME_EXACT) : "");
        }
    json_decref(all);
    desk_close(&desk);
    return outcome;
}

const ctl_verb_t ctl_desk_verbs[] = {
    { "staff", "new", "NAME", 1, 1, CTL_FLAG(DIRECTORY) | CTL_FLAG(ROLE) | CTL_FLAG(CINEMAS),
      desk_staff_new, "make a key for the bridge's API; run it where the bridge is" },
    { "staff", "list", "", 0, 0, CTL_FLAG(DIRECTORY), desk_staff_list, "who has one" },
    { "staff", "remove", "NAME", 1, 1, CTL_FLAG(DIRECTORY), desk_staff_remove, "take it back" },
    { "kiosks", "new", "NAME", 1, 1, CTL_FLAG(DIRECTORY), desk_kiosks_new,
      "enrol a kiosk; run it where the bridge is" },
    { "kiosks", "list", "", 0, 0, CTL_FLAG(DIRECTORY), desk_kiosks_list, "which there are" },
    { "kiosks", "revoke", "NAME", 1, 1, CTL_FLAG(DIRECTORY), desk_kiosks_revoke,
      "take its key back; its name stays taken" },
    { "tokens", "rotate", "", 0, 0, CTL_FLAG(DIRECTORY) | CTL_FLAG(HOURS), desk_tokens_rotate,
      "a new key signs, the old ones end in a while" },
    { "tokens", "revoke", "sub|jti|sid NAME", 2, 2, CTL_FLAG(DIRECTORY) | CTL_FLAG(HOURS),
      desk_tokens_revoke, "take back somebody's tokens, one, or those of a log-in" },
    { "tokens", "list", "", 0, 0, CTL_FLAG(DIRECTORY), desk_tokens_list,
      "keys that sign cookies and tokens" },
    { NULL, NULL, NULL, 0, 0, 0, NULL, NULL },
};
