/* member_session - the records of log-ins, and what was taken back. See member_session.c.
 *
 *   space: login key   L 0          u64: the member
 *   space: member      S n % 16     session_t: log-in n
 *   space: 0           X 0          revocations_t
 *                      X n          revocation_t: what was taken back as number n, from 1 */
#ifndef MEMBER_SESSION_H
#define MEMBER_SESSION_H
#include "actors/member.h"

enum {
    MEMBER_LOGIN = 'L',
    MEMBER_SESSION = 'S',
    MEMBER_REVOKED = 'X',
    SESSIONS_MAX = 16, /* log-ins of a member; one more ends the oldest */
    REVOKED_NAME = 32,
    LOGIN_MAX = 512,
    SESSION_TOKEN_MAX_S = 24 * 3600, /* no access token lives longer */
};
#define SESSION_LIFE_MS (INT64_C(30) * 24 * 3600 * 1000) /* since the last refresh */

typedef struct {
    uint64_t number;
    uint64_t salt, name; /* drawn; the name is shown, the salt never */
    uint64_t generation; /* of the token that is good, from 1 */
    int64_t began_ms, until_ms;
} session_t;
_Static_assert(sizeof(session_t) == 48, "stored");

typedef struct {
    uint64_t first, given; /* entries that are kept: from `first` to `given` */
} revocations_t;
_Static_assert(sizeof(revocations_t) == 16, "stored");

/* As bridges number them: all tokens for a subject, (one token,) all of a log-in. */
enum { REVOKED_KIND_SUBJECT, REVOKED_KIND_ID, REVOKED_KIND_FAMILY };

typedef struct {
    int64_t at_s, until_s; /* what was issued till then; after it all of that is over */
    uint8_t kind, zero[7];
    char name[REVOKED_NAME];
} revocation_t;
_Static_assert(sizeof(revocation_t) == 56, "stored");

/* Assert what holds of a member's log-ins; NULL or a sentence. */
const char *session_check(state_t *state, uint64_t id);
#endif
