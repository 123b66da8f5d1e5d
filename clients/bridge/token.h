/* token - what the bridge hands out and takes back as proof: guest cookies, CSRF tokens, JWTs.
 *
 * Pure: time and randomness are passed in, and time is never negative. What somebody sends is
 * bounded before it is looked at, and what was signed is compared in constant time. A text has one
 * spelling: base64url is read canonically, so no bit of a cookie or a CSRF token is idle. */
#ifndef TOKEN_H
#define TOKEN_H
#include "clients/bridge/http.h"

enum {
    TOKEN_KEY_SIZE = 32,
    TOKEN_KEYS_MAX = 8, /* the newest signs, all verify */
    TOKEN_KID_MAX = 31,
    TOKEN_SUBJECT_MAX = 63,
    TOKEN_CINEMAS_MAX = 16,
    TOKEN_JWT_MAX = 2048,
    TOKEN_COOKIE_ROOM = 96,
    TOKEN_CSRF_ROOM = 96,
    TOKEN_DRIFT_S = 60,
};

typedef struct {
    char kid[TOKEN_KID_MAX + 1];
    uint8_t key[64]; /* 32 .. 64 bytes used */
    uint8_t size;
    int64_t until_s; /* Unix s, when it stops to verify; 0: never */
} token_key_t;

typedef struct {
    uint32_t count;
    token_key_t keys[TOKEN_KEYS_MAX]; /* the newest first */
} token_ring_t;

/* Read a key ring: one line a key, "KID BASE64URL [UNTIL]", the newest first, '#' begins a comment.
 * 0, or -1 with "line N: reason" in `error`, and the ring is empty. A key has 32 to 64 bytes, a kid
 * 1 to 31 letters, digits, '-' and '_'. UNTIL is in Unix seconds; the first key, which signs, has
 * none. No kid comes twice, nor does a key; a ring without a key is refused. All below asserts that
 * a ring has a key. */
int token_ring_read(token_ring_t *self, const char *text, size_t size, char *error, size_t room);
/* Forget the keys whose time is over; true when there were any. The first key stays. */
bool token_ring_age(token_ring_t *self, int64_t now_s);
/* The key of a kid; NULL: there is none. */
const token_key_t *token_ring_find(const token_ring_t *self, http_text_t kid);

/* HMAC-SHA256 under a key of any size. */
enum { TOKEN_MAC_SIZE = 32 };
void token_mac(const uint8_t *key, size_t key_size, const void *data, size_t size,
               uint8_t mac[TOKEN_MAC_SIZE]);

/* Numbers inside of what is handed out: big endian. */
static inline void
token_put_u64(uint8_t *at, uint64_t value)
{
    for (int i = 7; i >= 0; i--, value >>= 8)
        at[i] = (uint8_t)value;
}
static inline uint64_t
token_get_u64(const uint8_t *at)
{
    uint64_t value = 0;
    for (int i = 0; i < 8; i++)
        value = value << 8 | at[i];
    return value;
}

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
/* False: not one of ours, altered, issued in the future by more than the drift, or older than
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
    TOKEN_ROLE_GUEST,
    TOKEN_ROLE_MEMBER,
    TOKEN_ROLE_MEMBER_VIP,
    TOKEN_ROLE_STAFF,
    TOKEN_ROLE_CINEMA_ADMIN,
    TOKEN_ROLE_OPERATOR,
} token_role_t;

typedef enum {
    TOKEN_GOOD,
    TOKEN_MISSING,
    TOKEN_MALFORMED,   /* too long, not three canonical base64url parts, not the right JSON; of
                          claims it is said only behind a right signature */
    TOKEN_UNSIGNED,    /* alg is "none", however it is spelled */
    TOKEN_WRONG_ALG,   /* not HS256; crit is refused too */
    TOKEN_UNKNOWN_KEY, /* no or an unknown kid */
    TOKEN_FORGED,
    TOKEN_WRONG_ISSUER, /* or for another audience: nothing here has aud, so whatever has it is */
    TOKEN_EXPIRED,      /* exp is past by the drift or more: RFC 7519 4.1.4 ends at exp itself */
    TOKEN_NOT_YET,      /* nbf or iat in the future by more than the drift */
    TOKEN_REVOKED,      /* never said here: see revoked.h */
} token_verdict_t;

/* Cinemas that somebody administers, ascending. */
typedef struct {
    uint32_t count;
    uint64_t ids[TOKEN_CINEMAS_MAX]; /* 1 .. 2^63-1 */
} token_cinemas_t;

typedef struct {
    char subject[TOKEN_SUBJECT_MAX + 1];
    char id[TOKEN_SUBJECT_MAX + 1];     /* jti; "" when absent */
    char family[TOKEN_SUBJECT_MAX + 1]; /* sid, the log-in that it comes from; "" when absent */
    token_role_t role;
    token_cinemas_t cinemas; /* of a cinema_admin, who has some; none of anybody else */
    int64_t issued_s, expires_s;
} token_jwt_t;

/* Sign (JWS compact, RFC 7515; HS256 with kid; sub, role, exp, iat, iss, jti, sid, cinemas). Bytes
 * written, and a NUL behind them. 0: too long, nothing that would be taken back (no or control
 * characters in a subject, no role, not UTF-8), or no memory. */
size_t token_jwt(const token_ring_t *ring, const char *issuer, const token_jwt_t *jwt, char *text,
                 size_t room);
/* Verify in this order: bounds, shape, alg, kid, signature, then claims. A header may have typ
 * "JWT"; what else it has (jwk, x5c, b64) is not used. Claims: exp, iat, iss, sub and role have to
 * be there, nbf, jti and sid may, cinemas with role cinema_admin only and always; times are
 * integers from 0 on. `jwt` is all zero unless TOKEN_GOOD. */
token_verdict_t token_jwt_read(const token_ring_t *ring, const char *issuer, http_text_t text,
                               int64_t now_s, token_jwt_t *jwt);
/* The stable code of a verdict: TOKEN_MISSING, TOKEN_EXPIRED, ... "OK" for good. */
const char *token_verdict_name(token_verdict_t verdict);
/* "guest", "member", "member_vip", "staff", "cinema_admin", "operator"; "none" for none. */
const char *token_role_name(token_role_t role);
/* TOKEN_ROLE_NONE: there is no such role. */
token_role_t token_role_named(const char *name);
/* Add a cinema; false: not a cinema's number, there already, or one too many. */
bool token_cinemas_add(token_cinemas_t *self, uint64_t cinema);
bool token_cinemas_same(const token_cinemas_t *self, const token_cinemas_t *other);
/* May this role, over these cinemas, run that one? Staff and operators run all. */
bool token_runs(token_role_t role, const token_cinemas_t *cinemas, uint64_t cinema);
#endif
