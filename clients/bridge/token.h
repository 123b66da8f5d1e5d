/* token - what the bridge hands out and takes back as proof: guest cookies, CSRF tokens, JWTs,
 * passes.
 *
 * Pure: time and randomness are passed in. Everything is checked in constant time and bounded
 * first. */
#ifndef TOKEN_H
#define TOKEN_H
#include "clients/bridge/http.h"

enum {
    TOKEN_KEY_SIZE = 32,
    TOKEN_KEYS_MAX = 8, /* the newest signs, all verify */
    TOKEN_KID_MAX = 31,
    TOKEN_SUBJECT_MAX = 63,
    TOKEN_JWT_MAX = 2048,
    TOKEN_COOKIE_ROOM = 96,
    TOKEN_CSRF_ROOM = 96,
    TOKEN_DRIFT_S = 60,
};

typedef struct {
    char kid[TOKEN_KID_MAX + 1];
    uint8_t key[64]; /* 32 .. 64 bytes used */
    uint8_t size;
} token_key_t;

typedef struct {
    uint32_t count;
    token_key_t keys[TOKEN_KEYS_MAX]; /* the newest first */
} token_ring_t;

/* Read a key ring: one line a key, "KID BASE64URL", the newest first, '#' begins a comment. 0, or
 * -1 with "line N: reason" in `error`. A key has 32 to 64 bytes, a kid 1 to 31 letters, digits, '-'
 * and '_'. */
int token_ring_read(token_ring_t *self, const char *text, size_t size, char *error, size_t room);

/* A guest session: who (a random number, 1 .. 2^63-1), since when. The cookie's value is base64url
 * of version (u8), user (u64), issued (u64, Unix s), first 16 bytes of HMAC-SHA256 under a key
 * derived from the ring's for cookies alone, in that order, and begins with the key's kid and a
 * '.'. */
typedef struct {
    uint64_t user;
    int64_t issued_s;
} token_session_t;
void token_cookie(const token_ring_t *ring, const token_session_t *session,
                  char text[TOKEN_COOKIE_ROOM]);
/* False: not one of ours, altered, issued in the future (over the drift), or older than
 * `age_max_s`. */
bool token_cookie_read(const token_ring_t *ring, http_text_t text, int64_t now_s, int64_t age_max_s,
                       token_session_t *session);

/* A CSRF token, bound to the session: kid '.' base64url(16 random bytes, first 16 of HMAC over them
 * and user and issued). */
void token_csrf(const token_ring_t *ring, const token_session_t *session, const uint8_t random[16],
                char text[TOKEN_CSRF_ROOM]);
bool token_csrf_check(const token_ring_t *ring, const token_session_t *session, http_text_t text);

typedef enum {
    TOKEN_ROLE_NONE,
    TOKEN_ROLE_MEMBER,
    TOKEN_ROLE_MEMBER_VIP,
    TOKEN_ROLE_STAFF,
    TOKEN_ROLE_CINEMA_ADMIN,
    TOKEN_ROLE_OPERATOR,
} token_role_t;

typedef enum {
    TOKEN_GOOD,
    TOKEN_MISSING,
    TOKEN_MALFORMED,   /* not three canonical base64url parts of the right JSON, or too long */
    TOKEN_WRONG_ALG,   /* not HS256; crit is refused too */
    TOKEN_UNKNOWN_KEY, /* no or an unknown kid */
    TOKEN_FORGED,
    TOKEN_WRONG_ISSUER,
    TOKEN_EXPIRED,
    TOKEN_NOT_YET, /* nbf or iat in the future by more than the drift */
} token_verdict_t;

typedef struct {
    char subject[TOKEN_SUBJECT_MAX + 1];
    char id[TOKEN_SUBJECT_MAX + 1]; /* jti; "" when absent */
    token_role_t role;
    int64_t issued_s, expires_s;
} token_jwt_t;

/* Sign (JWS compact, RFC 7515; HS256 with kid; sub, role, exp, iat, iss, jti). Bytes written, 0:
 * too long. */
size_t token_jwt(const token_ring_t *ring, const char *issuer, const token_jwt_t *jwt, char *text,
                 size_t room);
/* Verify in the order of payments.md 7: bounds, shape, alg, kid, signature, then claims. */
token_verdict_t token_jwt_read(const token_ring_t *ring, const char *issuer, http_text_t text,
                               int64_t now_s, token_jwt_t *jwt);
/* The stable code of a verdict: TOKEN_MISSING, TOKEN_EXPIRED, ... "OK" for good. */
const char *token_verdict_name(token_verdict_t verdict);
const char *token_role_name(token_role_t role);
#endif
