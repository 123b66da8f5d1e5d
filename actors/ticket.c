/* ticket - see ticket.h for the contract. */
#include "actors/ticket.h"
#include <assert.h>
#include <sodium/crypto_generichash.h>
#include <sodium/crypto_sign.h>
#include <sodium/utils.h>
#include <string.h>

enum { HASH_SIZE = crypto_generichash_BYTES_MIN, OFFLINE_MAX = 200 };
_Static_assert((int)TICKET_KEY_SIZE == (int)crypto_sign_PUBLICKEYBYTES, "a key is one");
_Static_assert((int)HASH_SIZE >= (int)TOKEN_TAG_SIZE, "a tag is a cut hash");

static void
ticket_hash(const site_t *site, uint8_t hash[HASH_SIZE], const void *data, size_t size)
{
    int rc =
        crypto_generichash(hash, HASH_SIZE, data, size, site->ticket_key, sizeof site->ticket_key);
    assert(rc == 0);
    (void)rc;
}

/* The first byte of what is hashed says for which purpose, so a tag is never a code. */
static void
ticket_tag(const site_t *site, const ticket_claim_t *claim, ids_token_t *token)
{
    uint8_t data[1 + TOKEN_NAMED_SIZE + 2 + 8], hash[HASH_SIZE];
    *token = (ids_token_t){ .showtime = claim->showtime,
                            .purchase = claim->purchase,
                            .line = claim->line };
    data[0] = 'T';
    ids_token_named(data + 1, token);
    put_u16(data + 1 + TOKEN_NAMED_SIZE, claim->seat);
    put_u64(data + 1 + TOKEN_NAMED_SIZE + 2, claim->user);
    ticket_hash(site, hash, data, sizeof data);
    memcpy(token->tag, hash, TOKEN_TAG_SIZE);
}

void
ticket_token(const site_t *site, const ticket_claim_t *claim, char text[TOKEN_ROOM])
{
    ids_token_t token;
    ticket_tag(site, claim, &token);
    ids_token_text(text, &token);
}

bool
ticket_verify(const site_t *site, const ticket_claim_t *claim, const ids_token_t *token)
{
    ids_token_t right;
    ticket_tag(site, claim, &right);
    return sodium_memcmp(right.tag, token->tag, TOKEN_TAG_SIZE) == 0;
}

void
ticket_code(const site_t *site, uint64_t random, uint64_t showtime, uint32_t purchase,
            char code[IDS_CODE_SIZE])
{
    uint8_t data[1 + 8 + 8 + 4], hash[HASH_SIZE];
    data[0] = 'C';
    put_u64(data + 1, random);
    put_u64(data + 9, showtime);
    put_u32(data + 17, purchase);
    ticket_hash(site, hash, data, sizeof data);
    ids_code_text(code, hash);
}

bool
ticket_code_is(const char code[IDS_CODE_SIZE], const char *text, size_t size)
{
    return size == IDS_CODE_SIZE && sodium_memcmp(code, text, IDS_CODE_SIZE) == 0;
}

void
ticket_public_key(const site_t *site, uint8_t key[TICKET_KEY_SIZE])
{
    int rc = crypto_sign_ed25519_sk_to_pk(key, site->sign_secret);
    assert(rc == 0);
    (void)rc;
}

void
ticket_key_id(const uint8_t key[TICKET_KEY_SIZE], char id[TICKET_KEY_ID_ROOM])
{
    uint8_t hash[crypto_generichash_BYTES];
    int rc = crypto_generichash(hash, sizeof hash, key, TICKET_KEY_SIZE, NULL, 0);
    assert(rc == 0);
    (void)rc;
    sodium_bin2hex(id, TICKET_KEY_ID_ROOM, hash, TICKET_KEY_ID_ROOM / 2);
}

void
ticket_offline(const site_t *site, const ticket_offline_t *claim, char text[TICKET_OFFLINE_ROOM])
{
    uint8_t bytes[crypto_sign_BYTES + OFFLINE_MAX];
    pack_t pack;
    pack_init(&pack, bytes + crypto_sign_BYTES, OFFLINE_MAX);
    pack_map(&pack, 7);
    pack_key_str(&pack, "ticket", claim->ticket);
    pack_key_uint(&pack, "showtime", claim->showtime);
    pack_key_uint(&pack, "seat", claim->seat);
    pack_key_str(&pack, "row", claim->row);
    pack_key_uint(&pack, "column", claim->column);
    pack_key_int(&pack, "until_ms", claim->until_ms);
    pack_key_int(&pack, "issued_ms", claim->issued_ms);
    assert(!pack.overflow);
    int rc = crypto_sign_detached(bytes, NULL, pack.data, pack.size, site->sign_secret);
    assert(rc == 0);
    (void)rc;
    _Static_assert((sizeof bytes * 8 + 5) / 6 < TICKET_OFFLINE_ROOM, "the text fits");
    ids_base64_text(text, bytes, crypto_sign_BYTES + pack.size);
}
