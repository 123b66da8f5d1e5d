/* token - see token.h for the contract; JWTs are in token_jwt.c.
 *
 * A ring's key signs JWTs as it is, so that whoever else has it can check them. Cookies and CSRF
 * tokens are signed under keys derived from it, so nothing of one kind is ever good as another. */
#include "clients/bridge/token.h"
#include "actors/ids.h"
#include "clients/bridge/keyfile.h"
#include <assert.h>
#include <sodium/crypto_auth_hmacsha256.h>
#include <sodium/utils.h>
#include <string.h>

enum {
    TAG_SIZE = 16,
    COOKIE_VERSION = 1,
    COOKIE_SIGNED = 1 + 8 + 8,
    COOKIE_SIZE = COOKIE_SIGNED + TAG_SIZE,
    CSRF_RANDOM = 16,
    CSRF_SIGNED = CSRF_RANDOM + 8 + 8,
    CSRF_SIZE = CSRF_RANDOM + TAG_SIZE,
};
_Static_assert(TOKEN_KID_MAX + 1 + (COOKIE_SIZE * 8 + 5) / 6 < TOKEN_COOKIE_ROOM, "a cookie fits");
_Static_assert(TOKEN_KID_MAX + 1 + (CSRF_SIZE * 8 + 5) / 6 < TOKEN_CSRF_ROOM, "a CSRF token fits");
_Static_assert((int)KEYFILE_KEY_MAX == (int)sizeof((token_key_t){ 0 }.key), "a key fits");
_Static_assert((int)KEYFILE_KEY_MIN == (int)TOKEN_KEY_SIZE, "the least is the same");
_Static_assert((int)TOKEN_MAC_SIZE == (int)crypto_auth_hmacsha256_BYTES, "a MAC fits");

static const char cookie_purpose[] = "marquee guest cookie";
static const char csrf_purpose[] = "marquee csrf token";

/* The words of a line as the next key, or why not. */
static const char *
token_ring_add(token_ring_t *self, const keyfile_t *file)
{
    if (self->count == TOKEN_KEYS_MAX)
        return "more keys than a ring has";
    token_key_t *key = &self->keys[self->count];
    if (file->count != 2 && file->count != 3)
        return "not a kid and a key";
    if (!keyfile_name(file->words[0], key->kid, sizeof key->kid))
        return "a kid has 1 to 31 letters, digits, '-' and '_'";
    if (!keyfile_key(file->words[1], key->key, &key->size))
        return "a key has 32 to 64 bytes in base64url";
    if (file->count == 3 && !keyfile_time(file->words[2], &key->until_s))
        return "behind a key stands when it ends, in Unix seconds";
    if (key->until_s && self->count == 0)
        return "the first key signs, so it has no end";
    for (uint32_t i = 0; i < self->count; i++) {
        const token_key_t *other = &self->keys[i];
        if (strcmp(other->kid, key->kid) == 0)
            return "this kid was there before";
        /* a new name for an old key would look like a rotation and be none */
        if (other->size == key->size && sodium_memcmp(other->key, key->key, key->size) == 0)
            return "this key was there before";
    }
    self->count++;
    return NULL;
}

int
token_ring_read(token_ring_t *self, const char *text, size_t size, char *error, size_t room)
{
    keyfile_t file = { .rest = { .data = text, .size = size } };
    const char *reason = NULL;
    *self = (token_ring_t){ 0 };
    while (!reason && keyfile_next(&file))
        reason = token_ring_add(self, &file);
    if (!reason && self->count == 0)
        reason = "no key";
    if (!reason)
        return 0;
    sodium_memzero(self, sizeof *self);
    return keyfile_wrong(&file, reason, error, room);
}

bool
token_ring_age(token_ring_t *self, int64_t now_s)
{
    uint32_t kept = 1, count = self->count;
    assert(count > 0 && count <= TOKEN_KEYS_MAX && self->keys[0].until_s == 0);
    for (uint32_t i = 1; i < count; i++)
        if (self->keys[i].until_s == 0 || now_s < self->keys[i].until_s)
            self->keys[kept++] = self->keys[i];
    self->count = kept;
    sodium_memzero(&self->keys[kept], (TOKEN_KEYS_MAX - kept) * sizeof self->keys[0]);
    return kept < count;
}

const token_key_t *
token_ring_find(const token_ring_t *self, http_text_t kid)
{
    assert(self->count > 0 && self->count <= TOKEN_KEYS_MAX);
    for (uint32_t i = 0; i < self->count; i++) {
        const token_key_t *key = &self->keys[i];
        if (strlen(key->kid) == kid.size && memcmp(key->kid, kid.data, kid.size) == 0)
            return key;
    }
    return NULL;
}

void
token_mac(const uint8_t *key, size_t key_size, const void *data, size_t size,
          uint8_t mac[TOKEN_MAC_SIZE])
{
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, key, key_size);
    crypto_auth_hmacsha256_update(&state, data, size);
    crypto_auth_hmacsha256_final(&state, mac);
    sodium_memzero(&state, sizeof state);
}

static void
token_tag(const token_key_t *key, const char *purpose, const uint8_t *data, size_t size,
          uint8_t tag[TAG_SIZE])
{
    uint8_t derived[TOKEN_MAC_SIZE], mac[TOKEN_MAC_SIZE];
    token_mac(key->key, key->size, purpose, strlen(purpose), derived);
    token_mac(derived, sizeof derived, data, size, mac);
    memcpy(tag, mac, TAG_SIZE);
    sodium_memzero(derived, sizeof derived);
}

static void
token_put(char *text, const token_key_t *key, const uint8_t *bytes, size_t size)
{
    size_t at = strlen(key->kid);
    memcpy(text, key->kid, at);
    text[at++] = '.';
    ids_base64_text(text + at, bytes, size);
}

/* Take the kid off and read exactly `size` bytes behind it; NULL when it is not of that shape. */
static const token_key_t *
token_get(const token_ring_t *ring, http_text_t text, uint8_t *bytes, size_t size)
{
    size_t read, most = TOKEN_KID_MAX + 1 + ids_base64_size(size);
    if (text.size == 0 || text.size > most)
        return NULL;
    const char *dot = memchr(text.data, '.', text.size);
    if (!dot)
        return NULL;
    http_text_t kid = { .data = text.data, .size = (size_t)(dot - text.data) };
    if (!ids_base64_read(dot + 1, text.size - kid.size - 1, bytes, size, &read) || read != size)
        return NULL;
    return token_ring_find(ring, kid);
}

static bool
token_session_sound(const token_session_t *session)
{
    return session->user >= 1 && session->user <= INT64_MAX && session->issued_s >= 0;
}

void
token_cookie(const token_ring_t *ring, const token_session_t *session, char text[TOKEN_COOKIE_ROOM])
{
    uint8_t bytes[COOKIE_SIZE] = { COOKIE_VERSION };
    assert(ring->count > 0);
    assert(token_session_sound(session));
    token_put_u64(bytes + 1, session->user);
    token_put_u64(bytes + 9, (uint64_t)session->issued_s);
    token_tag(&ring->keys[0], cookie_purpose, bytes, COOKIE_SIGNED, bytes + COOKIE_SIGNED);
    token_put(text, &ring->keys[0], bytes, sizeof bytes);
}

bool
token_cookie_read(const token_ring_t *ring, http_text_t text, int64_t now_s, int64_t age_max_s,
                  token_session_t *session)
{
    uint8_t bytes[COOKIE_SIZE], tag[TAG_SIZE];
    assert(now_s >= 0);
    const token_key_t *key = token_get(ring, text, bytes, sizeof bytes);
    if (!key)
        return false;
    token_tag(key, cookie_purpose, bytes, COOKIE_SIGNED, tag);
    if (sodium_memcmp(tag, bytes + COOKIE_SIGNED, TAG_SIZE) != 0 || bytes[0] != COOKIE_VERSION)
        return false;
    token_session_t read = { .user = token_get_u64(bytes + 1),
                             .issued_s = (int64_t)token_get_u64(bytes + 9) };
    if (!token_session_sound(&read) || read.issued_s - now_s > TOKEN_DRIFT_S ||
        now_s - read.issued_s > age_max_s)
        return false;
    *session = read;
    return true;
}

static void
token_csrf_tag(const token_key_t *key, const token_session_t *session,
               const uint8_t random[CSRF_RANDOM], uint8_t tag[TAG_SIZE])
{
    uint8_t data[CSRF_SIGNED];
    memcpy(data, random, CSRF_RANDOM);
    token_put_u64(data + CSRF_RANDOM, session->user);
    token_put_u64(data + CSRF_RANDOM + 8, (uint64_t)session->issued_s);
    token_tag(key, csrf_purpose, data, sizeof data, tag);
}

void
token_csrf(const token_ring_t *ring, const token_session_t *session, const uint8_t random[16],
           char text[TOKEN_CSRF_ROOM])
{
    uint8_t bytes[CSRF_SIZE];
    assert(ring->count > 0);
    assert(token_session_sound(session));
    memcpy(bytes, random, CSRF_RANDOM);
    token_csrf_tag(&ring->keys[0], session, random, bytes + CSRF_RANDOM);
    token_put(text, &ring->keys[0], bytes, sizeof bytes);
}

bool
token_csrf_check(const token_ring_t *ring, const token_session_t *session, http_text_t text)
{
    uint8_t bytes[CSRF_SIZE], tag[TAG_SIZE];
    const token_key_t *key = token_get(ring, text, bytes, sizeof bytes);
    if (!key)
        return false;
    token_csrf_tag(key, session, bytes, tag);
    return sodium_memcmp(tag, bytes + CSRF_RANDOM, TAG_SIZE) == 0;
}

static const char *const role_names[] = {
    [TOKEN_ROLE_NONE] = "none",         [TOKEN_ROLE_GUEST] = "guest",
    [TOKEN_ROLE_MEMBER] = "member",     [TOKEN_ROLE_MEMBER_VIP] = "member_vip",
    [TOKEN_ROLE_STAFF] = "staff",       [TOKEN_ROLE_CINEMA_ADMIN] = "cinema_admin",
    [TOKEN_ROLE_OPERATOR] = "operator",
};

const char *
token_role_name(token_role_t role)
{
    assert(role <= TOKEN_ROLE_OPERATOR);
    return role_names[role];
}

token_role_t
token_role_named(const char *name)
{
    for (token_role_t role = TOKEN_ROLE_GUEST; role <= TOKEN_ROLE_OPERATOR; role++)
        if (strcmp(role_names[role], name) == 0)
            return role;
    return TOKEN_ROLE_NONE;
}

bool
token_cinemas_add(token_cinemas_t *self, uint64_t cinema)
{
    uint32_t at = 0;
    assert(self->count <= TOKEN_CINEMAS_MAX);
    while (at < self->count && self->ids[at] < cinema)
        at++;
    if (cinema == 0 || cinema > INT64_MAX || self->count == TOKEN_CINEMAS_MAX ||
        (at < self->count && self->ids[at] == cinema))
        return false;
    memmove(&self->ids[at + 1], &self->ids[at], (self->count - at) * sizeof self->ids[0]);
    self->ids[at] = cinema;
    self->count++;
    return true;
}

bool
token_cinemas_same(const token_cinemas_t *self, const token_cinemas_t *other)
{
    return self->count == other->count &&
           memcmp(self->ids, other->ids, self->count * sizeof self->ids[0]) == 0;
}

bool
token_runs(token_role_t role, const token_cinemas_t *cinemas, uint64_t cinema)
{
    if (role == TOKEN_ROLE_STAFF || role == TOKEN_ROLE_OPERATOR)
        return true;
    for (uint32_t i = 0; role == TOKEN_ROLE_CINEMA_ADMIN && i < cinemas->count; i++)
        if (cinemas->ids[i] == cinema)
            return true;
    return false;
}

const char *
token_verdict_name(token_verdict_t verdict)
{
    static const char *const names[] = {
        [TOKEN_GOOD] = "OK",
        [TOKEN_MISSING] = "TOKEN_MISSING",
        [TOKEN_MALFORMED] = "TOKEN_MALFORMED",
        [TOKEN_UNSIGNED] = "TOKEN_UNSIGNED",
        [TOKEN_WRONG_ALG] = "TOKEN_WRONG_ALG",
        [TOKEN_UNKNOWN_KEY] = "TOKEN_UNKNOWN_KEY",
        [TOKEN_FORGED] = "TOKEN_FORGED",
        [TOKEN_WRONG_ISSUER] = "TOKEN_WRONG_ISSUER",
        [TOKEN_EXPIRED] = "TOKEN_EXPIRED",
        [TOKEN_NOT_YET] = "TOKEN_NOT_YET",
        [TOKEN_REVOKED] = "TOKEN_REVOKED",
    };
    assert(verdict <= TOKEN_REVOKED);
    return names[verdict];
}
