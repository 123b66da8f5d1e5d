/* tokens - the keys that fuzz_cookie and fuzz_pass know, and seeds_token.c signs under. */
#ifndef FUZZ_TOKENS_H
#define FUZZ_TOKENS_H
#include "clients/bridge/token.h"
#include <string.h>

enum { TOKENS_NOW_S = 1800000000, TOKENS_AGE_MAX_S = 30 * 86400 };

/* The first byte of an input. */
enum { COOKIE_TEXT, COOKIE_CSRF, COOKIE_JWT, COOKIE_CLAIMS, COOKIE_HEADER, COOKIE_BYTES, COOKIES };
enum { PASS_WHOLE, PASS_KIOSKS, PASS_KEYS, PASS_SIGNED, PASS_REQUEST, PASSES };

#define TOKENS_KEY_A "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
#define TOKENS_KEY_B "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA"
static const char tokens_ring_text[] = "b " TOKENS_KEY_B "\n# the one before\na " TOKENS_KEY_A "\n";
static const char tokens_kiosks_text[] =
    "lobby-1 " TOKENS_KEY_A "\n# by the door\ngone " TOKENS_KEY_B " revoked\n";
static const char tokens_issuer[] = "us";
static const token_session_t tokens_session = { .user = 77, .issued_s = TOKENS_NOW_S };
static const uint8_t tokens_pass_seed[32] = { 1, 2, 3 };

/* The ring; its second key alone when it is `old` that signs. */
static inline token_ring_t
tokens_ring(bool old)
{
    char error[100];
    token_ring_t ring;
    const char *text = old ? strstr(tokens_ring_text, "\na ") + 1 : tokens_ring_text;
    (void)token_ring_read(&ring, text, strlen(text), error, sizeof error);
    return ring;
}

typedef void tokens_seed_fn(const char *name, const void *bytes, size_t size);
void tokens_seeds(tokens_seed_fn *seed);
#endif
