/* token_jwt - JSON web tokens (RFC 7519) of the bridge; see token.h for the contract.
 *
 * The algorithm is fixed here, not by what came: a header may only agree. Claims are parsed when
 * the signature is known to be right, so a stranger reaches the JSON parser with a header alone. */
#include "actors/ids.h"
#include "clients/bridge/token.h"
#include <assert.h>
#include <jansson.h>
#include <sodium/utils.h>
#include <string.h>
#include <strings.h>

enum { PART_MAX = TOKEN_JWT_MAX * 3 / 4, BRACKETS_MAX = 32 };

typedef struct {
    size_t size;
    char bytes[PART_MAX];
} token_part_t;

typedef struct {
    http_text_t signed_text; /* what the signature is over */
    token_part_t header, claims, signature;
} token_parts_t;

/* Append a part's base64url; false when there is no JSON, or it is too long. */
static bool
token_jwt_put(char text[TOKEN_JWT_MAX + 1], size_t *at, json_t *json)
{
    char bytes[PART_MAX];
    size_t size = json ? json_dumpb(json, bytes, sizeof bytes, JSON_COMPACT) : 0;
    if (size == 0 || size > sizeof bytes || ids_base64_size(size) > TOKEN_JWT_MAX - *at)
        return false;
    ids_base64_text(text + *at, (const uint8_t *)bytes, size);
    *at += ids_base64_size(size);
    return true;
}

/* What stands in logs and answers, so nothing that moves a cursor. */
static bool
token_jwt_plain(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return false;
    return true;
}

/* A claim of text that may be absent; 0, or -1 without memory. */
static int
token_jwt_put_text(json_t *claims, const char *name, const char *text)
{
    return text[0] ? json_object_set_new(claims, name, json_string(text)) : 0;
}

static int
token_jwt_put_cinemas(json_t *claims, const token_cinemas_t *cinemas)
{
    json_t *list = json_array();
    int fault = list ? 0 : -1;
    for (uint32_t i = 0; i < cinemas->count; i++)
        fault |= json_array_append_new(list, json_integer((json_int_t)cinemas->ids[i]));
    if (fault || cinemas->count == 0) {
        json_decref(list);
        return fault;
    }
    return json_object_set_new(claims, "cinemas", list);
}

static json_t *
token_jwt_claims(const char *issuer, const token_jwt_t *jwt)
{
    if (!jwt->subject[0] || !token_jwt_plain(jwt->subject) || !token_jwt_plain(jwt->id) ||
        !token_jwt_plain(jwt->family) || jwt->role == TOKEN_ROLE_NONE || jwt->issued_s < 0 ||
        jwt->expires_s < 0 || (jwt->cinemas.count > 0) != (jwt->role == TOKEN_ROLE_CINEMA_ADMIN))
        return NULL;
    json_t *claims = json_pack("{s:s, s:s, s:s, s:I, s:I}", "iss", issuer, "sub", jwt->subject,
                               "role", token_role_name(jwt->role), "iat", (json_int_t)jwt->issued_s,
                               "exp", (json_int_t)jwt->expires_s);
    if (claims && token_jwt_put_text(claims, "jti", jwt->id) == 0 &&
        token_jwt_put_text(claims, "sid", jwt->family) == 0 &&
        token_jwt_put_cinemas(claims, &jwt->cinemas) == 0)
        return claims;
    json_decref(claims);
    return NULL;
}

size_t
token_jwt(const token_ring_t *ring, const char *issuer, const token_jwt_t *jwt, char *text,
          size_t room)
{
    char whole[TOKEN_JWT_MAX + 1];
    uint8_t mac[TOKEN_MAC_SIZE];
    size_t size = 0;
    assert(ring->count > 0);
    const token_key_t *key = &ring->keys[0];
    json_t *header = json_pack("{s:s, s:s, s:s}", "alg", "HS256", "typ", "JWT", "kid", key->kid);
    json_t *claims = token_jwt_claims(issuer, jwt);
    bool fits = token_jwt_put(whole, &size, header) && size < TOKEN_JWT_MAX;
    if (fits) {
        whole[size++] = '.';
        fits = token_jwt_put(whole, &size, claims) &&
               size + 1 + ids_base64_size(sizeof mac) <= TOKEN_JWT_MAX;
    }
    json_decref(header);
    json_decref(claims);
    if (!fits || size + 1 + ids_base64_size(sizeof mac) >= room)
        return 0;
    token_mac(key->key, key->size, whole, size, mac);
    whole[size++] = '.';
    ids_base64_text(whole + size, mac, sizeof mac);
    size += ids_base64_size(sizeof mac);
    memcpy(text, whole, size + 1);
    return size;
}

static bool
token_jwt_part(const char *text, size_t size, token_part_t *part)
{
    return ids_base64_read(text, size, (uint8_t *)part->bytes, sizeof part->bytes, &part->size);
}

static bool
token_jwt_split(http_text_t text, token_parts_t *parts)
{
    if (text.size > TOKEN_JWT_MAX)
        return false;
    const char *end = text.data + text.size;
    const char *first = memchr(text.data, '.', text.size);
    const char *second = first ? memchr(first + 1, '.', (size_t)(end - first - 1)) : NULL;
    if (!second)
        return false;
    parts->signed_text = (http_text_t){ .data = text.data, .size = (size_t)(second - text.data) };
    /* a third dot is no character of base64url */
    return token_jwt_part(text.data, (size_t)(first - text.data), &parts->header) &&
           token_jwt_part(first + 1, (size_t)(second - first - 1), &parts->claims) &&
           token_jwt_part(second + 1, (size_t)(end - second - 1), &parts->signature);
}

/* jansson recurses once a level, and there are at most as many levels as brackets that open. */
static bool
token_jwt_is_shallow(const token_part_t *part)
{
    uint32_t brackets = 0;
    for (size_t i = 0; i < part->size; i++)
        brackets += part->bytes[i] == '{' || part->bytes[i] == '[';
    return brackets <= BRACKETS_MAX;
}

/* The object that a part is, or NULL. */
static json_t *
token_jwt_object(const token_part_t *part)
{
    json_error_t error;
    if (!token_jwt_is_shallow(part))
        return NULL;
    json_t *json = json_loadb(part->bytes, part->size, JSON_REJECT_DUPLICATES, &error);
    if (json_is_object(json))
        return json;
    json_decref(json);
    return NULL;
}

static token_verdict_t
token_jwt_judge_header(const token_ring_t *ring, const json_t *header, const token_key_t **key)
{
    const char *alg = json_string_value(json_object_get(header, "alg"));
    const char *kid = json_string_value(json_object_get(header, "kid"));
    const json_t *typ = json_object_get(header, "typ");
    if (!header || (typ && !json_is_string(typ)) ||
        (typ && strcmp(json_string_value(typ), "JWT") != 0))
        return TOKEN_MALFORMED;
    if (alg && strcasecmp(alg, "none") == 0)
        return TOKEN_UNSIGNED;
    if (!alg || strcmp(alg, "HS256") != 0 || json_object_get(header, "crit"))
        return TOKEN_WRONG_ALG;
    *key = kid ? token_ring_find(ring, (http_text_t){ .data = kid, .size = strlen(kid) }) : NULL;
    return *key ? TOKEN_GOOD : TOKEN_UNKNOWN_KEY;
}

static bool
token_jwt_is_signed(const token_key_t *key, const token_parts_t *parts)
{
    uint8_t mac[TOKEN_MAC_SIZE];
    token_mac(key->key, key->size, parts->signed_text.data, parts->signed_text.size, mac);
    return parts->signature.size == sizeof mac &&
           sodium_memcmp(mac, parts->signature.bytes, sizeof mac) == 0;
}

/* Copy a claim of 1 to TOKEN_SUBJECT_MAX bytes. */
static bool
token_jwt_string(const json_t *value, char to[TOKEN_SUBJECT_MAX + 1])
{
    const char *text = json_string_value(value);
    if (!text || !text[0] || strlen(text) > TOKEN_SUBJECT_MAX || !token_jwt_plain(text))
        return false;
    memcpy(to, text, strlen(text) + 1);
    return true;
}

static bool
token_jwt_time(const json_t *value, int64_t *time_s)
{
    *time_s = json_integer_value(value); /* jansson refuses what is no long long */
    return json_is_integer(value) && *time_s >= 0;
}

/* A cinema_admin has cinemas, in whatever order; nobody else has. */
static bool
token_jwt_cinemas(const json_t *list, token_jwt_t *jwt)
{
    size_t index;
    const json_t *one;
    if (!list || jwt->role != TOKEN_ROLE_CINEMA_ADMIN)
        return !list && jwt->role != TOKEN_ROLE_CINEMA_ADMIN;
    json_array_foreach(list, index, one)
    {
        json_int_t cinema = json_integer_value(one);
        if (cinema <= 0 || !token_cinemas_add(&jwt->cinemas, (uint64_t)cinema))
            return false;
    }
    return jwt->cinemas.count > 0;
}

static token_verdict_t
token_jwt_judge_claims(const json_t *claims, const char *issuer, int64_t now_s, token_jwt_t *jwt)
{
    const char *iss = json_string_value(json_object_get(claims, "iss"));
    const char *role = json_string_value(json_object_get(claims, "role"));
    const json_t *nbf = json_object_get(claims, "nbf"), *jti = json_object_get(claims, "jti");
    const json_t *sid = json_object_get(claims, "sid");
    int64_t begins_s = 0;
    jwt->role = role ? token_role_named(role) : TOKEN_ROLE_NONE;
    if (!iss || jwt->role == TOKEN_ROLE_NONE ||
        !token_jwt_string(json_object_get(claims, "sub"), jwt->subject) ||
        !token_jwt_time(json_object_get(claims, "exp"), &jwt->expires_s) ||
        !token_jwt_time(json_object_get(claims, "iat"), &jwt->issued_s) ||
        (nbf && !token_jwt_time(nbf, &begins_s)) || (jti && !token_jwt_string(jti, jwt->id)) ||
        (sid && !token_jwt_string(sid, jwt->family)) ||
        !token_jwt_cinemas(json_object_get(claims, "cinemas"), jwt))
        return TOKEN_MALFORMED;
    if (strcmp(iss, issuer) != 0 || json_object_get(claims, "aud"))
        return TOKEN_WRONG_ISSUER;
    if (now_s - jwt->expires_s >= TOKEN_DRIFT_S)
        return TOKEN_EXPIRED;
    if (begins_s - now_s > TOKEN_DRIFT_S || jwt->issued_s - now_s > TOKEN_DRIFT_S)
        return TOKEN_NOT_YET;
    return TOKEN_GOOD;
}

token_verdict_t
token_jwt_read(const token_ring_t *ring, const char *issuer, http_text_t text, int64_t now_s,
               token_jwt_t *jwt)
{
    token_parts_t parts;
    token_jwt_t read = { .role = TOKEN_ROLE_NONE };
    const token_key_t *key = NULL;
    assert(now_s >= 0);
    *jwt = read;
    if (text.size == 0)
        return TOKEN_MISSING;
    if (!token_jwt_split(text, &parts))
        return TOKEN_MALFORMED;
    json_t *header = token_jwt_object(&parts.header);
    token_verdict_t verdict = token_jwt_judge_header(ring, header, &key);
    json_decref(header);
    if (verdict != TOKEN_GOOD)
        return verdict;
    if (!token_jwt_is_signed(key, &parts))
        return TOKEN_FORGED;
    json_t *claims = token_jwt_object(&parts.claims);
    verdict = token_jwt_judge_claims(claims, issuer, now_s, &read);
    json_decref(claims);
    if (verdict == TOKEN_GOOD)
        *jwt = read;
    return verdict;
}
