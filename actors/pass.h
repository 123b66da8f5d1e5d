/* pass - what a waiting room signs: the pass of one who may buy, and the receipt of a place. Pure;
 * bridges and tools read them too.
 *
 * Both are base64url without padding of 64 bytes Ed25519 signature by the site's key, then the
 * bytes it is over, whose first says what it is; numbers are big endian:
 *   pass     u8 1, u64 showtime, u64 user, u64 until_ms
 *   receipt  u8 2, u64 showtime, u64 user, u32 number, u8 lane, u64 joined_ms, 32 bytes commitment
 * A pass says what was so when it was given: one who bought or left has it still, so whether he may
 * buy only the box office knows. A receipt binds the arrival number, and the commitment under which
 * it was drawn. */
#ifndef PASS_H
#define PASS_H
#include "actors/draw.h"
#include "actors/turn.h"

typedef struct {
    uint64_t showtime, user;
    int64_t until_ms;
} pass_t;

typedef struct {
    uint64_t showtime, user;
    int64_t joined_ms;
    uint32_t number; /* from 1, in the lane */
    uint8_t lane;
    uint8_t commitment[DRAW_SEED_SIZE];
} pass_receipt_t;

enum {
    PASS_SIGNATURE = 64,
    PASS_KEY_SIZE = 32,
    PASS_BYTES = 1 + 8 + 8 + 8,
    PASS_RECEIPT_BYTES = 1 + 8 + 8 + 4 + 1 + 8 + DRAW_SEED_SIZE,
    PASS_TEXT = ((PASS_SIGNATURE + PASS_BYTES) * 4 + 2) / 3, /* characters */
    PASS_ROOM = (PASS_SIGNATURE + PASS_BYTES) * 4 / 3 + 3,
    PASS_RECEIPT_ROOM = (PASS_SIGNATURE + PASS_RECEIPT_BYTES) * 4 / 3 + 3,
};

void pass_text(const site_t *site, const pass_t *pass, char text[PASS_ROOM]);
void pass_receipt_text(const site_t *site, const pass_receipt_t *receipt,
                       char text[PASS_RECEIPT_ROOM]);
/* Read one; false when it is not one. With a key also when the key did not sign it. */
bool pass_read(const char *text, size_t size, const uint8_t key[PASS_KEY_SIZE], pass_t *pass);
bool pass_receipt_read(const char *text, size_t size, const uint8_t key[PASS_KEY_SIZE],
                       pass_receipt_t *receipt);
#endif
