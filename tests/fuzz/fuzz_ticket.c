/* fuzz_ticket - the token that is shown at the door: only the one that was made is taken. Input: a
 * claim, then a token that somebody else made, or what is changed of ours. */
#include "actors/ticket.h"
#include "tests/fuzz/fuzz.h"
#include <sodium.h>
#include <string.h>

enum { CHANGES_MAX = 4 };

static site_t site;
static uint8_t public_key[crypto_sign_PUBLICKEYBYTES];

static void
ticket_site(void)
{
    static const uint8_t seed[crypto_sign_SEEDBYTES] = "fuzz";
    memset(site.ticket_key, 7, sizeof site.ticket_key);
    FUZZ_HOLDS(sodium_init() >= 0);
    FUZZ_HOLDS(crypto_sign_seed_keypair(public_key, site.sign_secret, seed) == 0);
}

/* The signed payload is what a gate without a network reads: base64, signature, msgpack. */
static void
ticket_signed(const ticket_claim_t *claim, fuzz_input_t *input)
{
    char text[TICKET_OFFLINE_ROOM], id[TICKET_ID_ROOM], row[4] = { 0 };
    uint8_t bytes[TICKET_OFFLINE_ROOM];
    size_t size;
    for (uint32_t i = 0; i + 1 < sizeof row; i++)
        row[i] = (char)fuzz_take(input, 1);
    ids_ticket_text(id, claim->showtime, claim->purchase, claim->seat);
    ticket_offline_t offline = { .ticket = id,
                                 .row = row,
                                 .showtime = claim->showtime,
                                 .seat = claim->seat,
                                 .column = (uint32_t)fuzz_take(input, 4),
                                 .until_ms = (int64_t)fuzz_take(input, 8),
                                 .issued_ms = (int64_t)fuzz_take(input, 8) };
    ticket_offline(&site, &offline, text);
    FUZZ_HOLDS(ids_base64_read(text, strlen(text), bytes, sizeof bytes, &size));
    FUZZ_HOLDS(size > crypto_sign_BYTES);
    const uint8_t *body = bytes + crypto_sign_BYTES;
    size -= crypto_sign_BYTES;
    FUZZ_HOLDS(crypto_sign_verify_detached(bytes, body, size, public_key) == 0);
    FUZZ_HOLDS(mp_valid(body, size));
}

/* As the server does it: who is meant stands in the token itself, whose they are is known. */
static void
ticket_shown(const ticket_claim_t *claim, const char *made, const char *shown)
{
    ids_token_t token;
    if (!ids_token_read(shown, TOKEN_SIZE, &token))
        return;
    ticket_claim_t meant = { .showtime = token.showtime,
                             .user = claim->user,
                             .purchase = token.purchase,
                             .seat = claim->seat,
                             .line = token.line };
    FUZZ_HOLDS(ticket_verify(&site, &meant, &token) == (memcmp(made, shown, TOKEN_SIZE) == 0));
}

static void
ticket_codes(const ticket_claim_t *claim, fuzz_input_t *input)
{
    char code[IDS_CODE_SIZE], other[IDS_CODE_SIZE];
    ticket_code(&site, fuzz_take(input, 8), claim->showtime, claim->purchase, code);
    memcpy(other, code, sizeof other);
    FUZZ_HOLDS(ticket_code_is(code, other, sizeof other));
    FUZZ_HOLDS(!ticket_code_is(code, other, sizeof other - 1));
    uint8_t change = (uint8_t)fuzz_take(input, 1);
    other[fuzz_below(input, IDS_CODE_SIZE)] ^= (char)change;
    FUZZ_HOLDS(ticket_code_is(code, other, sizeof other) == (change == 0));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char made[TOKEN_ROOM], shown[TOKEN_ROOM];
    fuzz_input_t input = { data, size };
    if (!site.ticket_key[0])
        ticket_site();
    ticket_claim_t claim = { .showtime = fuzz_take(&input, 8) | 1,
                             .user = fuzz_take(&input, 8),
                             .purchase = (uint32_t)fuzz_take(&input, 4) | 1,
                             .seat = (uint16_t)(1 + fuzz_below(&input, UINT16_MAX)),
                             .line = (uint8_t)fuzz_take(&input, 1) };
    fuzz_memory_begin();
    ticket_token(&site, &claim, made);
    ticket_shown(&claim, made, made);
    ticket_codes(&claim, &input);
    ticket_signed(&claim, &input);
    memcpy(shown, made, sizeof shown);
    for (int i = 0; i < CHANGES_MAX && input.left > 0; i++) {
        shown[fuzz_below(&input, TOKEN_SIZE)] = (char)fuzz_take(&input, 1);
        ticket_shown(&claim, made, shown);
    }
    if (input.left >= TOKEN_SIZE)
        ticket_shown(&claim, made, (const char *)input.at);
    fuzz_memory_end(size, 0);
    return 0;
}
