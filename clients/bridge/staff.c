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
        char name[STAFF_NAME_MAX + 1];
        uint8_t digest[crypto_hash_sha256_BYTES];
    } keys[STAFF_MAX];
};

static int
staff_read_lines(staff_ring_t *self, const char *text, size_t size, char *error, size_t room)
{
    keyfile_t file = { .rest = { text, size } };
    while (keyfile_next(&file)) {
        size_t got;
        if (self->count == STAFF_MAX)
            return keyfile_wrong(&file, "too many keys", error, room);
        if (file.count != 2 ||
            !keyfile_name(file.words[0], self->keys[self->count].name, sizeof self->keys[0].name))
            return keyfile_wrong(&file, "not NAME and a digest", error, room);
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
staff_find(const staff_ring_t *self, http_text_t key, char name[STAFF_NAME_MAX + 1])
{
    enum { STAFF_KEY_MAX = 128 };
    uint8_t digest[crypto_hash_sha256_BYTES];
    if (!self || key.size > STAFF_KEY_MAX ||
        crypto_hash_sha256(digest, (const unsigned char *)key.data, key.size) != 0)
        return false;
    for (uint32_t i = 0; i < self->count; i++) {
        if (sodium_memcmp(self->keys[i].digest, digest, sizeof digest) != 0)
            continue;
        memcpy(name, self->keys[i].name, sizeof self->keys[i].name);
        return true;
    }
    return false;
}
