/* staff - keys of staff: the file DIRECTORY/staff has a line a key, "NAME HEX", the SHA-256 of the
 * key. The key itself is only with its holder. */
#include "clients/bridge/bridge.h"
#include "clients/bridge/keyfile.h"
#include "clients/bridge/store.h"
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STAFF_MAX = 256 };

struct staff_ring {
    uint32_t count;
    struct {
        char name[BRIDGE_STAFF_MAX + 1];
        uint8_t digest[crypto_hash_sha256_BYTES];
    } keys[STAFF_MAX];
};

static int
staff_read(struct staff_ring *self, const char *text, size_t size, char *error, size_t room)
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

struct staff_ring *
staff_load(const char *directory, char *error, size_t room)
{
    size_t size;
    struct staff_ring *self = calloc(1, sizeof *self);
    char *text = store_read(directory, "staff", &size);
    if (self && text && staff_read(self, text, size, error, room) != 0)
        staff_destroy(&self);
    else if (!self)
        snprintf(error, room, "memory is short");
    free(text);
    return self;
}

void
staff_destroy(struct staff_ring **self_p)
{
    free(*self_p);
    *self_p = NULL;
}

bool
staff_find(const struct staff_ring *self, http_text_t key, char name[BRIDGE_STAFF_MAX + 1])
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
