/* staff - see staff.h for the contract. */
#include "clients/bridge/staff.h"
#include "clients/bridge/keyfile.h"
#include "clients/bridge/store.h"
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STAFF_MAX = 256 };

struct staff_ring {
    uint32_t count;
    struct {
        staff_t who;
        uint8_t digest[crypto_hash_sha256_BYTES];
    } keys[STAFF_MAX];
};

bool
staff_cinemas(http_text_t word, token_cinemas_t *cinemas)
{
    const char *at = word.data, *end = at + word.size;
    *cinemas = (token_cinemas_t){ 0 };
    while (at < end) {
        uint64_t number = 0;
        for (; at < end && *at >= '0' && *at <= '9' && number <= INT64_MAX / 10; at++)
            number = number * 10 + (uint64_t)(*at - '0');
        if (!token_cinemas_add(cinemas, number) || (at < end && *at != ',') || at + 1 == end)
            return false;
        at += at < end;
    }
    return cinemas->count > 0;
}

/* What stands behind the digest: nothing for staff, else a role, behind it cinemas where they
 * belong. */
static bool
staff_read_role(const keyfile_t *file, staff_t *who)
{
    char word[TOKEN_KID_MAX + 1] = "staff";
    if (file->count > 2 && !keyfile_name(file->words[2], word, sizeof word))
        return false;
    who->role = token_role_named(word);
    if (who->role == TOKEN_ROLE_CINEMA_ADMIN)
        return file->count == 4 && staff_cinemas(file->words[3], &who->cinemas);
    return file->count < 4 && (who->role == TOKEN_ROLE_STAFF || who->role == TOKEN_ROLE_OPERATOR);
}

static int
staff_read_lines(staff_ring_t *self, const char *text, size_t size, char *error, size_t room)
{
    keyfile_t file = { .rest = { text, size } };
    while (keyfile_next(&file)) {
        size_t got;
        if (self->count == STAFF_MAX)
            return keyfile_wrong(&file, "too many keys", error, room);
        staff_t *who = &self->keys[self->count].who;
        if (file.count < 2 || !keyfile_name(file.words[0], who->name, sizeof who->name))
            return keyfile_wrong(&file, "not NAME and a digest", error, room);
        if (!staff_read_role(&file, who))
            return keyfile_wrong(&file, "the role is staff, operator, or cinema_admin and cinemas",
                                 error, room);
        if (sodium_hex2bin(self->keys[self->count].digest, sizeof self->keys[0].digest,
                           file.words[1].data, file.words[1].size, NULL, &got, NULL) != 0 ||
            got != sizeof self->keys[0].digest)
            return keyfile_wrong(&file, "the digest is not 64 hexadecimal digits", error, room);
        self->count++;
    }
    return 0;
}

staff_ring_t *
staff_read(const char *text, size_t size, char *error, size_t room)
{
    staff_ring_t *self = calloc(1, sizeof *self);
    if (!self)
        snprintf(error, room, "memory is short");
    else if (staff_read_lines(self, text, size, error, room) != 0)
        staff_destroy(&self);
    return self;
}

staff_ring_t *
staff_load(const char *directory, char *error, size_t room)
{
    size_t size = 0;
    char *text = store_read(directory, "staff", &size), reason[96] = "";
    staff_ring_t *self = NULL;
    /* A file that is there and cannot be read must not pass for one without keys. */
    if (text || errno == ENOENT)
        self = staff_read(text ? text : "", size, reason, sizeof reason);
    else
        snprintf(reason, sizeof reason, "%s", strerror(errno));
    if (!self)
        snprintf(error, room, "%.200s/staff: %s", directory, reason);
    free(text);
    return self;
}

void
staff_destroy(staff_ring_t **self_p)
{
    free(*self_p);
    *self_p = NULL;
}

bool
staff_find(const staff_ring_t *self, http_text_t key, staff_t *who)
{
    enum { STAFF_KEY_MAX = 128 };
    uint8_t digest[crypto_hash_sha256_BYTES];
    if (!self || key.size > STAFF_KEY_MAX ||
        crypto_hash_sha256(digest, (const unsigned char *)key.data, key.size) != 0)
        return false;
    for (uint32_t i = 0; i < self->count; i++) {
        if (sodium_memcmp(self->keys[i].digest, digest, sizeof digest) != 0)
            continue;
        *who = self->keys[i].who;
        return true;
    }
    return false;
}

bool
staff_is(const staff_ring_t *self, const staff_t *who)
{
    for (uint32_t i = 0; i < self->count; i++) {
        const staff_t *one = &self->keys[i].who;
        if (strcmp(one->name, who->name) == 0 && one->role == who->role &&
            token_cinemas_same(&one->cinemas, &who->cinemas))
            return true;
    }
    return false;
}
