/* pass - what the waiting room gives to whoever was called: leave to buy, for one showtime, one
 * user and a while.
 *
 * base64url of a signature (64 bytes, Ed25519) and what it is over: version 1 (u8), showtime, user,
 * until when (u64 each, Unix ms, big endian): 119 characters. Whoever has the public key can check
 * it; the first byte keeps it apart from an offline ticket, which is a map of msgpack.
 *
 * Pure: whether it is over by now is for the caller to say. */
#ifndef PASS_H
#define PASS_H
#include "clients/bridge/http.h"

enum {
    PASS_VERSION = 1,
    PASS_TEXT_SIZE = 119,
    PASS_ROOM = PASS_TEXT_SIZE + 1,
};

typedef struct {
    uint64_t showtime, user; /* at least 1 */
    int64_t until_ms;        /* not negative */
} pass_t;

/* Write a pass, with a NUL behind it. */
void pass_text(const uint8_t secret_key[64], const pass_t *pass, char text[PASS_ROOM]);
/* False: not a pass, or not one of this key. */
bool pass_read(http_text_t text, const uint8_t public_key[32], pass_t *pass);
#endif
