/* kiosk - see kiosk.h for the contract. */
#include "clients/bridge/kiosk.h"
#include "clients/bridge/keyfile.h"
#include "clients/bridge/token.h"
#include <assert.h>
#include <sodium/crypto_hash_sha256.h>
#include <sodium/utils.h>
#include <stdio.h>
#include <string.h>

enum {
    DIGITS_MAX = 19, /* of INT64_MAX */
    DIGEST_HEX = 2 * KIOSK_DIGEST_SIZE,
    CANONICAL_ROOM = KIOSK_METHOD_MAX + KIOSK_PATH_MAX + DIGITS_MAX + KIOSK_NONCE_MAX + DIGEST_HEX +
                     4 /* LF */ + 1,
};
_Static_assert((int)KIOSK_KEY_MAX == (int)KEYFILE_KEY_MAX, "a key fits");
_Static_assert((int)KIOSK_DIGEST_SIZE == (int)crypto_hash_sha256_BYTES, "a digest fits");
_Static_assert((int)KIOSK_SIGNATURE_SIZE == 2 * (int)TOKEN_MAC_SIZE, "a signature is a MAC in hex");

/* The words of a line as the next kiosk, or why not. */
static const char *
kiosk_ring_add(kiosk_ring_t *self, const keyfile_t *file)
{
    if (self->count == KIOSK_COUNT_MAX)
        return "more kiosks than there may be";
    kiosk_t *kiosk = &self->kiosks[self->count];
    const http_text_t *last = &file->words[2];
    kiosk->revoked = file->count == 3 && last->size == 7 && memcmp(last->data, "revoked", 7) == 0;
    if (file->count != 2 && !kiosk->revoked)
        return "not a name, a key, and perhaps the word revoked";
    if (!keyfile_name(file->words[0], kiosk->name, sizeof kiosk->name))
        return "a name has 1 to 15 letters, digits, '-' and '_'";
    if (!keyfile_key(file->words[1], kiosk->key, &kiosk->size))
        return "a key has 32 to 64 bytes in base64url";
    for (uint32_t i = 0; i < self->count; i++) {
        const kiosk_t *other = &self->kiosks[i];
        if (strcmp(other->name, kiosk->name) == 0)
            return "this kiosk was there before";
        /* the canonical text has no name: who shares a key could be taken for the other */
        if (other->size == kiosk->size && sodium_memcmp(other->key, kiosk->key, kiosk->size) == 0)
            return "this key was there before";
    }
    self->count++;
    return NULL;
}

int
kiosk_ring_read(kiosk_ring_t *self, const char *text, size_t size, char *error, size_t room)
{
    keyfile_t file = { .rest = { .data = text, .size = size } };
    const char *reason = NULL;
    memset(self, 0, sizeof *self);
    while (!reason && keyfile_next(&file))
        reason = kiosk_ring_add(self, &file);
    if (!reason)
        return 0;
    sodium_memzero(self, sizeof *self);
    return keyfile_wrong(&file, reason, error, room);
}

const kiosk_t *
kiosk_ring_find(const kiosk_ring_t *self, http_text_t name)
{
    for (uint32_t i = 0; i < self->count; i++) {
        const kiosk_t *kiosk = &self->kiosks[i];
        if (strlen(kiosk->name) == name.size && memcmp(kiosk->name, name.data, name.size) == 0)
            return kiosk;
    }
    return NULL;
}

void
kiosk_digest(kiosk_request_t *request, http_text_t body)
{
    crypto_hash_sha256(request->digest, (const uint8_t *)body.data, body.size);
}

void
kiosk_digest_redeem(kiosk_request_t *request, http_text_t qr_code_data, http_text_t kiosk_id)
{
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, (const uint8_t *)qr_code_data.data, qr_code_data.size);
    crypto_hash_sha256_update(&state, (const uint8_t *)"\n", 1);
    crypto_hash_sha256_update(&state, (const uint8_t *)kiosk_id.data, kiosk_id.size);
    crypto_hash_sha256_final(&state, request->digest);
}

bool
kiosk_timestamp_read(http_text_t text, int64_t *timestamp_ms)
{
    int64_t value = 0;
    if (text.size == 0 || text.size > DIGITS_MAX || (text.data[0] == '0' && text.size > 1))
        return false;
    for (size_t i = 0; i < text.size; i++) {
        int digit = text.data[i] - '0';
        if (digit < 0 || digit > 9 || value > (INT64_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *timestamp_ms = value;
    return true;
}

static bool
kiosk_is_method(http_text_t text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] < 'A' || text.data[i] > 'Z')
            return false;
    return text.size >= 1 && text.size <= KIOSK_METHOD_MAX;
}

static bool
kiosk_is_path(http_text_t text)
{
    if (text.size == 0 || text.size > KIOSK_PATH_MAX || text.data[0] != '/')
        return false;
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] <= ' ' || text.data[i] > '~' || text.data[i] == '?')
            return false;
    return true;
}

static bool
kiosk_is_nonce(http_text_t text)
{
    char copy[KIOSK_NONCE_MAX + 1];
    return text.size >= KIOSK_NONCE_MIN && keyfile_name(text, copy, sizeof copy);
}

bool
kiosk_sign(const uint8_t *key, size_t size, const kiosk_request_t *request,
           char signature[KIOSK_SIGNATURE_ROOM])
{
    char digest[DIGEST_HEX + 1], canonical[CANONICAL_ROOM];
    uint8_t mac[TOKEN_MAC_SIZE];
    if (!kiosk_is_method(request->method) || !kiosk_is_path(request->path) ||
        !kiosk_is_nonce(request->nonce) || request->timestamp_ms < 0)
        return false;
    sodium_bin2hex(digest, sizeof digest, request->digest, sizeof request->digest);
    int length = snprintf(canonical, sizeof canonical, "%.*s\n%.*s\n%lld\n%.*s\n%s",
                          (int)request->method.size, request->method.data, (int)request->path.size,
                          request->path.data, (long long)request->timestamp_ms,
                          (int)request->nonce.size, request->nonce.data, digest);
    assert(length > 0 && length < CANONICAL_ROOM);
    token_mac(key, size, canonical, (size_t)length, mac);
    sodium_bin2hex(signature, KIOSK_SIGNATURE_ROOM, mac, sizeof mac);
    return true;
}

kiosk_verdict_t
kiosk_check(const kiosk_ring_t *self, http_text_t name, const kiosk_request_t *request,
            http_text_t signature, int64_t now_ms, const kiosk_t **kiosk)
{
    static const kiosk_t nobody = { .size = KEYFILE_KEY_MIN };
    char right[KIOSK_SIGNATURE_ROOM];
    assert(now_ms >= 0);
    const kiosk_t *found = kiosk_ring_find(self, name), *signer = found ? found : &nobody;
    if (!kiosk_sign(signer->key, signer->size, request, right))
        return KIOSK_MALFORMED;
    bool same = signature.size == KIOSK_SIGNATURE_SIZE &&
                sodium_memcmp(right, signature.data, KIOSK_SIGNATURE_SIZE) == 0;
    if (!found)
        return KIOSK_UNKNOWN;
    if (!same)
        return KIOSK_FORGED;
    if (found->revoked)
        return KIOSK_REVOKED;
    int64_t ahead_ms = request->timestamp_ms - now_ms;
    if (ahead_ms > KIOSK_WINDOW_MS || ahead_ms < -(int64_t)KIOSK_WINDOW_MS)
        return KIOSK_STALE;
    *kiosk = found;
    return KIOSK_GOOD;
}

const char *
kiosk_verdict_name(kiosk_verdict_t verdict)
{
    static const char *const names[] = {
        [KIOSK_GOOD] = "OK",
        [KIOSK_MALFORMED] = "KIOSK_MALFORMED",
        [KIOSK_UNKNOWN] = "KIOSK_UNKNOWN",
        [KIOSK_FORGED] = "KIOSK_FORGED",
        [KIOSK_REVOKED] = "KIOSK_REVOKED",
        [KIOSK_STALE] = "KIOSK_STALE",
    };
    assert(verdict <= KIOSK_STALE);
    return names[verdict];
}
