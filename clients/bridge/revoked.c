/* revoked - see revoked.h for the contract. What holds between calls:
 * (1) A place is free when its until_s is 0; an entry stands at its digest's place or in the run of
 *     taken ones behind it, and no digest stands twice.
 * (2) At most three quarters of the places are taken, so that every run ends. */
#include "clients/bridge/revoked.h"
#include "clients/bridge/keyfile.h"
#include <assert.h>
#include <sodium/crypto_generichash.h>
#include <sodium/utils.h>
#include <stdlib.h>
#include <string.h>

enum { PLACES_MIN = 256, DIGEST_SIZE = 16 };
_Static_assert((int)DIGEST_SIZE >= (int)crypto_generichash_BYTES_MIN, "such a digest can be had");

typedef struct {
    uint8_t digest[DIGEST_SIZE];
    int64_t at_s, until_s;
} revoked_place_t;
_Static_assert(sizeof(revoked_place_t) == 32, "as revoked.h says");

struct revoked_list {
    uint8_t key[crypto_generichash_KEYBYTES_MIN];
    uint32_t max, count, place_count; /* place_count: a power of two */
    int64_t floor_s;                  /* tokens issued at it or before are taken back; -1: none */
    int64_t swept_s;                  /* what was over then is forgotten */
    uint64_t known[REVOKED_SOURCES_MAX];
    revoked_place_t *places;
};
_Static_assert(sizeof((revoked_list_t){ 0 }.key) == 16, "a key fits");

revoked_list_t *
revoked_new(uint32_t max, const uint8_t key[16])
{
    assert(max >= 1 && max <= REVOKED_MAX);
    revoked_list_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    memcpy(self->key, key, sizeof self->key);
    self->max = max;
    self->floor_s = -1;
    self->place_count = PLACES_MIN;
    self->places = calloc(self->place_count, sizeof *self->places);
    if (!self->places)
        revoked_destroy(&self);
    return self;
}

void
revoked_destroy(revoked_list_t **self_p)
{
    revoked_list_t *self = *self_p;
    if (!self)
        return;
    free(self->places);
    sodium_memzero(self->key, sizeof self->key);
    free(self);
    *self_p = NULL;
}

static void
revoked_digest(const revoked_list_t *self, revoked_kind_t kind, const char *name,
               uint8_t digest[DIGEST_SIZE])
{
    uint8_t text[1 + TOKEN_SUBJECT_MAX] = { (uint8_t)kind };
    size_t size = strlen(name);
    assert(size >= 1 && size <= TOKEN_SUBJECT_MAX);
    memcpy(text + 1, name, size);
    (void)crypto_generichash(digest, DIGEST_SIZE, text, 1 + size, self->key, sizeof self->key);
}

/* Where a digest stands, or would. */
static revoked_place_t *
revoked_place(const revoked_list_t *self, const uint8_t digest[DIGEST_SIZE])
{
    uint32_t at = (uint32_t)token_get_u64(digest);
    for (;; at++) {
        revoked_place_t *place = &self->places[at & (self->place_count - 1)];
        if (place->until_s == 0 || memcmp(place->digest, digest, DIGEST_SIZE) == 0)
            return place;
    }
}

/* Move what is not over into a table of so many places; false when memory is short. */
static bool
revoked_move(revoked_list_t *self, uint32_t place_count, int64_t now_s)
{
    revoked_place_t *old = self->places, *end = old + self->place_count;
    revoked_place_t *places = calloc(place_count, sizeof *places);
    if (!places)
        return false;
    self->places = places;
    self->place_count = place_count;
    self->count = 0;
    for (const revoked_place_t *one = old; one < end; one++)
        if (one->until_s > now_s) {
            *revoked_place(self, one->digest) = *one;
            self->count++;
        }
    free(old);
    return true;
}

/* Make room for one more: forget what is over, once a second, and grow when that was little. */
static bool
revoked_room(revoked_list_t *self, int64_t now_s)
{
    uint32_t most = self->place_count / 4 * 3;
    if (self->count < most && self->count < self->max)
        return true;
    if (now_s > self->swept_s && revoked_move(self, self->place_count, now_s))
        self->swept_s = now_s;
    if (self->count >= most / 2 && self->place_count < 2 * self->max)
        (void)revoked_move(self, self->place_count * 2, now_s);
    return self->count < self->place_count / 4 * 3 && self->count < self->max;
}

/* An id or a family means tokens that were issued whenever, which is before now: those of the
 * future are refused. */
static int64_t
revoked_last_s(const revoked_t *entry, int64_t now_s)
{
    return entry->kind == REVOKED_SUBJECT ? entry->at_s : now_s + TOKEN_DRIFT_S;
}

void
revoked_put(revoked_list_t *self, const revoked_t *entry, int64_t now_s)
{
    uint8_t digest[DIGEST_SIZE];
    int64_t last_s = revoked_last_s(entry, now_s);
    if (entry->until_s <= now_s)
        return;
    revoked_digest(self, entry->kind, entry->name, digest);
    revoked_place_t *place = revoked_place(self, digest);
    if (place->until_s == 0 && !revoked_room(self, now_s)) {
        self->floor_s = last_s > self->floor_s ? last_s : self->floor_s;
        return;
    }
    place = revoked_place(self, digest); /* it may have moved */
    if (place->until_s == 0)
        self->count++;
    if (place->until_s <= now_s)
        place->at_s = 0;
    memcpy(place->digest, digest, sizeof place->digest);
    place->at_s = last_s > place->at_s ? last_s : place->at_s;
    place->until_s = entry->until_s > place->until_s ? entry->until_s : place->until_s;
}

static bool
revoked_names(const revoked_list_t *self, revoked_kind_t kind, const char *name, int64_t issued_s)
{
    uint8_t digest[DIGEST_SIZE];
    if (!*name)
        return false;
    revoked_digest(self, kind, name, digest);
    const revoked_place_t *place = revoked_place(self, digest);
    return place->until_s != 0 && (kind != REVOKED_SUBJECT || issued_s <= place->at_s);
}

bool
revoked_has(const revoked_list_t *self, const token_jwt_t *jwt)
{
    return jwt->issued_s <= self->floor_s ||
           revoked_names(self, REVOKED_SUBJECT, jwt->subject, jwt->issued_s) ||
           revoked_names(self, REVOKED_ID, jwt->id, jwt->issued_s) ||
           revoked_names(self, REVOKED_FAMILY, jwt->family, jwt->issued_s);
}

uint32_t
revoked_count(const revoked_list_t *self)
{
    return self->count;
}

uint64_t
revoked_known(const revoked_list_t *self, uint32_t source)
{
    assert(source < REVOKED_SOURCES_MAX);
    return self->known[source];
}

bool
revoked_step(revoked_list_t *self, uint32_t source, uint64_t from, uint64_t number)
{
    assert(source < REVOKED_SOURCES_MAX);
    uint64_t *known = &self->known[source];
    if (from == 0 || from - 1 > *known)
        return false;
    if (number > *known)
        *known = number;
    return true;
}

void
revoked_wait_for(revoked_list_t *self, uint32_t source)
{
    assert(source < REVOKED_SOURCES_MAX);
    self->known[source] = 0;
}

/* ------------------------------------------------------------------ the file */

static bool
revoked_name(http_text_t word, char name[TOKEN_SUBJECT_MAX + 1])
{
    if (word.size > TOKEN_SUBJECT_MAX)
        return false;
    for (size_t i = 0; i < word.size; i++)
        if ((unsigned char)word.data[i] < 0x20 || word.data[i] == 0x7f)
            return false;
    memcpy(name, word.data, word.size);
    return true;
}

static bool
revoked_kind_named(http_text_t word, revoked_kind_t *kind)
{
    static const char *const names[] = {
        [REVOKED_SUBJECT] = "sub", [REVOKED_ID] = "jti", [REVOKED_FAMILY] = "sid"
    };
    for (*kind = REVOKED_SUBJECT; *kind <= REVOKED_FAMILY; (*kind)++)
        if (http_text_is(word, names[*kind]))
            return true;
    return false;
}

/* The words of a line as an entry, or why not. */
static const char *
revoked_line(const keyfile_t *file, revoked_t *entry)
{
    *entry = (revoked_t){ 0 };
    if (file->count < 3 || !revoked_kind_named(file->words[0], &entry->kind))
        return "not sub, jti or sid, a name, and until when";
    if (!revoked_name(file->words[1], entry->name))
        return "a name has 1 to 63 bytes, no control characters";
    if (!keyfile_time(file->words[2], &entry->until_s))
        return "until when is said in Unix seconds";
    if (entry->kind == REVOKED_SUBJECT
            ? file->count != 4 || !keyfile_time(file->words[3], &entry->at_s)
            : file->count != 3)
        return "behind sub, and there alone, stands when, in Unix seconds";
    return NULL;
}

int
revoked_read(revoked_list_t *self, const char *text, size_t size, int64_t now_s, char *error,
             size_t room)
{
    revoked_t entry;
    for (int pass = 0; pass < 2; pass++) { /* a bad file changes nothing */
        keyfile_t file = { .rest = { .data = text, .size = size } };
        for (uint32_t lines = 0; keyfile_next(&file); lines++) {
            const char *reason = revoked_line(&file, &entry);
            if (reason || lines == REVOKED_LINES_MAX)
                return keyfile_wrong(&file, reason ? reason : "too many lines", error, room);
            if (pass == 1)
                revoked_put(self, &entry, now_s);
        }
    }
    return 0;
}
