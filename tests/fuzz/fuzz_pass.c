/* fuzz_pass - passes of the waiting room, the files of keys, and what a kiosk signs. */
#include "actors/ids.h"
#include "actors/pass.h"
#include "clients/bridge/kiosk.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/tokens.h"
#include <sodium/crypto_sign.h>
#include <stdio.h>

enum { LINE_ROOM = 128 };

static uint8_t pass_public[32];
static site_t pass_site = { .partitions = 1 };
static char pass_written[KIOSK_COUNT_MAX * LINE_ROOM];

static void
pass_try_text(http_text_t text)
{
    pass_t pass;
    char again[PASS_ROOM];
    if (!pass_read(text.data, text.size, pass_public, &pass))
        return;
    FUZZ_HOLDS(pass.showtime >= 1 && pass.user >= 1 && pass.until_ms >= 0);
    pass_text(&pass_site, &pass, again);
    FUZZ_HOLDS(text.size == (size_t)PASS_TEXT && memcmp(again, text.data, text.size) == 0);
}

/* 25 bytes that are not ours, signed as ours. */
static void
pass_try_bytes(const uint8_t *data, size_t size)
{
    uint8_t bytes[64 + 25] = { 0 };
    char text[PASS_ROOM];
    memcpy(bytes + 64, data, size < 25 ? size : 25);
    crypto_sign_detached(bytes, NULL, bytes + 64, 25, pass_site.sign_secret);
    ids_base64_text(text, bytes, sizeof bytes);
    pass_try_text((http_text_t){ .data = text, .size = (size_t)PASS_TEXT });
}

static size_t
pass_write_line(size_t at, const char *name, const uint8_t *key, uint8_t size, bool revoked)
{
    char base64[LINE_ROOM];
    FUZZ_HOLDS(name[0] && size >= 32 && size <= 64);
    ids_base64_text(base64, key, size);
    return at + (size_t)snprintf(pass_written + at, LINE_ROOM, "%s %s%s\n", name, base64,
                                 revoked ? " revoked" : "");
}

static void
pass_error_is_whole(const char *error)
{
    unsigned line;
    FUZZ_HOLDS(sscanf(error, "line %u: ", &line) == 1 && line >= 1);
}

/* What was read is the same when it was written plainly and read again. */
static void
pass_try_kiosks(http_text_t text)
{
    static kiosk_ring_t ring, again;
    char error[100];
    if (kiosk_ring_read(&ring, text.data, text.size, error, sizeof error) != 0) {
        FUZZ_HOLDS(ring.count == 0);
        pass_error_is_whole(error);
        return;
    }
    size_t size = 0;
    for (uint32_t i = 0; i < ring.count; i++) {
        const kiosk_t *kiosk = &ring.kiosks[i];
        http_text_t name = { .data = kiosk->name, .size = strlen(kiosk->name) };
        FUZZ_HOLDS(kiosk_ring_find(&ring, name) == kiosk);
        size = pass_write_line(size, kiosk->name, kiosk->key, kiosk->size, kiosk->revoked);
    }
    FUZZ_HOLDS(kiosk_ring_read(&again, pass_written, size, error, sizeof error) == 0);
    FUZZ_HOLDS(again.count == ring.count);
    for (uint32_t i = 0; i < ring.count; i++) {
        const kiosk_t *one = &ring.kiosks[i], *other = &again.kiosks[i];
        FUZZ_HOLDS(strcmp(one->name, other->name) == 0 && one->revoked == other->revoked);
        FUZZ_HOLDS(one->size == other->size && memcmp(one->key, other->key, one->size) == 0);
    }
}

static void
pass_try_keys(http_text_t text)
{
    token_ring_t ring, again;
    char error[100];
    if (token_ring_read(&ring, text.data, text.size, error, sizeof error) != 0) {
        FUZZ_HOLDS(ring.count == 0);
        pass_error_is_whole(error);
        return;
    }
    size_t size = 0;
    FUZZ_HOLDS(ring.count >= 1 && ring.count <= TOKEN_KEYS_MAX);
    for (uint32_t i = 0; i < ring.count; i++)
        size = pass_write_line(size, ring.keys[i].kid, ring.keys[i].key, ring.keys[i].size, false);
    FUZZ_HOLDS(token_ring_read(&again, pass_written, size, error, sizeof error) == 0);
    FUZZ_HOLDS(again.count == ring.count);
    for (uint32_t i = 0; i < ring.count; i++) {
        const token_key_t *one = &ring.keys[i], *other = &again.keys[i];
        FUZZ_HOLDS(strcmp(one->kid, other->kid) == 0);
        FUZZ_HOLDS(one->size == other->size && memcmp(one->key, other->key, one->size) == 0);
    }
}

/* The next word up to a space. */
static http_text_t
pass_word(http_text_t *rest)
{
    const char *end = rest->size ? memchr(rest->data, ' ', rest->size) : NULL;
    http_text_t word = { .data = rest->data,
                         .size = end ? (size_t)(end - rest->data) : rest->size };
    size_t taken = word.size + (end != NULL);
    *rest = (http_text_t){ .data = rest->data + taken, .size = rest->size - taken };
    return word;
}

/* What is signed is good as it is, and nothing once it was altered. */
static void
pass_try_request(http_text_t rest)
{
    static kiosk_ring_t ring;
    const kiosk_t *who;
    char signature[KIOSK_SIGNATURE_ROOM], error[100];
    kiosk_request_t request;
    if (ring.count == 0)
        FUZZ_HOLDS(kiosk_ring_read(&ring, tokens_kiosks_text, sizeof tokens_kiosks_text - 1, error,
                                   sizeof error) == 0);
    http_text_t name = { .data = "lobby-1", .size = 7 };
    http_text_t mac = { .data = signature, .size = KIOSK_SIGNATURE_SIZE };
    if (!kiosk_timestamp_read(pass_word(&rest), &request.timestamp_ms))
        return;
    request.method = pass_word(&rest);
    request.path = pass_word(&rest);
    request.nonce = pass_word(&rest);
    kiosk_digest(&request, rest);
    bool sound = kiosk_sign(ring.kiosks[0].key, ring.kiosks[0].size, &request, signature);
    int64_t now_ms = request.timestamp_ms;
    FUZZ_HOLDS(kiosk_check(&ring, name, &request, rest, now_ms, &who) != KIOSK_GOOD);
    if (!sound)
        return;
    FUZZ_HOLDS(kiosk_check(&ring, name, &request, mac, now_ms, &who) == KIOSK_GOOD);
    request.digest[0] ^= 1;
    FUZZ_HOLDS(kiosk_check(&ring, name, &request, mac, now_ms, &who) == KIOSK_FORGED);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (pass_site.sign_secret[0] == 0)
        FUZZ_HOLDS(crypto_sign_seed_keypair(pass_public, pass_site.sign_secret, tokens_pass_seed) ==
                   0);
    if (size == 0)
        return 0;
    http_text_t text = { .data = (const char *)data + 1, .size = size - 1 };
    fuzz_memory_begin();
    if (data[0] % PASSES == PASS_WHOLE)
        pass_try_text(text);
    else if (data[0] % PASSES == PASS_KIOSKS)
        pass_try_kiosks(text);
    else if (data[0] % PASSES == PASS_KEYS)
        pass_try_keys(text);
    else if (data[0] % PASSES == PASS_SIGNED)
        pass_try_bytes(data + 1, size - 1);
    else
        pass_try_request(text);
    fuzz_memory_end(size, 0);
    return 0;
}
