/* pass - see pass.h for the contract. */
#include "actors/pass.h"
#include "actors/ids.h"
#include <assert.h>
#include <sodium/crypto_sign.h>
#include <string.h>

_Static_assert((int)PASS_SIGNATURE == (int)crypto_sign_BYTES, "Ed25519");
_Static_assert((int)PASS_KEY_SIZE == (int)crypto_sign_PUBLICKEYBYTES, "Ed25519");

enum { PASS_KIND = 1, PASS_RECEIPT_KIND = 2 };

static uint8_t *
pass_put(uint8_t *to, uint64_t value, int bytes)
{
    while (bytes-- > 0)
        *to++ = (uint8_t)(value >> 8 * bytes);
    return to;
}

static uint64_t
pass_get(const uint8_t **from, int bytes)
{
    uint64_t value = 0;
    while (bytes-- > 0)
        value = value << 8 | *(*from)++;
    return value;
}

/* Sign what stands behind the room for the signature. */
static void
pass_sign(const site_t *site, uint8_t *bytes, size_t size, char *text)
{
    int rc = crypto_sign_detached(bytes, NULL, bytes + PASS_SIGNATURE, size, site->sign_secret);
    assert(rc == 0);
    (void)rc;
    ids_base64_text(text, bytes, PASS_SIGNATURE + size);
}

void
pass_text(const site_t *site, const pass_t *pass, char text[PASS_ROOM])
{
    uint8_t bytes[PASS_SIGNATURE + PASS_BYTES], *at = bytes + PASS_SIGNATURE;
    at = pass_put(at, PASS_KIND, 1);
    at = pass_put(at, pass->showtime, 8);
    at = pass_put(at, pass->user, 8);
    at = pass_put(at, (uint64_t)pass->until_ms, 8);
    assert(at == bytes + sizeof bytes);
    pass_sign(site, bytes, PASS_BYTES, text);
}

void
pass_receipt_text(const site_t *site, const pass_receipt_t *receipt, char text[PASS_RECEIPT_ROOM])
{
    uint8_t bytes[PASS_SIGNATURE + PASS_RECEIPT_BYTES], *at = bytes + PASS_SIGNATURE;
    at = pass_put(at, PASS_RECEIPT_KIND, 1);
    at = pass_put(at, receipt->showtime, 8);
    at = pass_put(at, receipt->user, 8);
    at = pass_put(at, receipt->number, 4);
    at = pass_put(at, receipt->lane, 1);
    at = pass_put(at, (uint64_t)receipt->joined_ms, 8);
    assert(at + sizeof receipt->commitment == bytes + sizeof bytes);
    memcpy(at, receipt->commitment, sizeof receipt->commitment);
    pass_sign(site, bytes, PASS_RECEIPT_BYTES, text);
}

/* The bytes of a text of this kind and size, or NULL; `bytes` has room for them and the signature.
 */
static const uint8_t *
pass_open(const char *text, size_t size, const uint8_t *key, uint8_t *bytes, size_t room,
          uint8_t kind)
{
    size_t read;
    if (!ids_base64_read(text, size, bytes, room, &read) || read != room ||
        bytes[PASS_SIGNATURE] != kind)
        return NULL;
    const uint8_t *body = bytes + PASS_SIGNATURE;
    if (key && crypto_sign_verify_detached(bytes, body, room - PASS_SIGNATURE, key) != 0)
        return NULL;
    return body + 1;
}

bool
pass_read(const char *text, size_t size, const uint8_t key[PASS_KEY_SIZE], pass_t *pass)
{
    uint8_t bytes[PASS_SIGNATURE + PASS_BYTES];
    const uint8_t *at = pass_open(text, size, key, bytes, sizeof bytes, PASS_KIND);
    if (!at)
        return false;
    pass->showtime = pass_get(&at, 8);
    pass->user = pass_get(&at, 8);
    pass->until_ms = (int64_t)pass_get(&at, 8);
    return pass->showtime > 0 && pass->user > 0 && pass->until_ms >= 0;
}

bool
pass_receipt_read(const char *text, size_t size, const uint8_t key[PASS_KEY_SIZE],
                  pass_receipt_t *receipt)
{
    uint8_t bytes[PASS_SIGNATURE + PASS_RECEIPT_BYTES];
    const uint8_t *at = pass_open(text, size, key, bytes, sizeof bytes, PASS_RECEIPT_KIND);
    if (!at)
        return false;
    receipt->showtime = pass_get(&at, 8);
    receipt->user = pass_get(&at, 8);
    receipt->number = (uint32_t)pass_get(&at, 4);
    receipt->lane = (uint8_t)pass_get(&at, 1);
    receipt->joined_ms = (int64_t)pass_get(&at, 8);
    memcpy(receipt->commitment, at, sizeof receipt->commitment);
    return receipt->number > 0 && receipt->lane <= 1;
}
