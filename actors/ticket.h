/* ticket - what makes a ticket unforgeable: tags, codes and signatures. Pure: no clock, no chance.
 */
#ifndef TICKET_H
#define TICKET_H
#include "actors/ids.h"
#include "actors/turn.h"

/* Who holds which seat by which line of which purchase; a tag is keyed BLAKE2b over all of it, so
 * a token stops working when the line's seat or owner is another. */
typedef struct {
    uint64_t showtime, user;
    uint32_t purchase;
    uint16_t seat;
    uint8_t line;
} ticket_claim_t;

void ticket_token(const site_t *site, const ticket_claim_t *claim, char text[TOKEN_ROOM]);
/* Is the token's tag that of the claim? In constant time. */
bool ticket_verify(const site_t *site, const ticket_claim_t *claim, const ids_token_t *token);

/* A payment code. The entry's random numbers follow from one another, so they are hashed under the
 * site's key: a buyer who sees one code learns nothing of the next. */
void ticket_code(const site_t *site, uint64_t random, uint64_t showtime, uint32_t purchase,
                 char code[IDS_CODE_SIZE]);
/* Do `size` bytes equal the code? In constant time. */
bool ticket_code_is(const char code[IDS_CODE_SIZE], const char *text, size_t size);

/* The Ed25519 key that checks what the site signs, and what it is called by: the first 8
 * hexadecimal digits of its BLAKE2b-256. */
enum { TICKET_KEY_SIZE = 32, TICKET_KEY_ID_ROOM = 9 };
void ticket_public_key(const site_t *site, uint8_t key[TICKET_KEY_SIZE]);
void ticket_key_id(const uint8_t key[TICKET_KEY_SIZE], char id[TICKET_KEY_ID_ROOM]);

typedef struct {
    const char *ticket, *row;
    uint64_t showtime;
    uint32_t seat, column;
    int64_t until_ms, issued_ms;
} ticket_offline_t;
enum { TICKET_OFFLINE_ROOM = 400 };

/* The signed payload that is checked without a server: base64url of 64 bytes Ed25519 signature,
 * then the msgpack map {ticket, showtime, seat, row, column, until_ms, issued_ms} it is over. */
void ticket_offline(const site_t *site, const ticket_offline_t *claim,
                    char text[TICKET_OFFLINE_ROOM]);
#endif
