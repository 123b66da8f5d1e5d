/* oidc_token - id tokens (OpenID Connect Core 1.0, 3.1.3.7); see oidc.h for the contract.
 *
 * The algorithm is one of two, each with keys of its own kind, so a public key is never taken for
 * the key of an HMAC. Claims are parsed when the signature is known to be right. */
#include "actors/ids.h"
#include "clients/bridge/oidc.h"
#include <assert.h>
#include <jansson.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <sodium/crypto_hash_sha256.h>
#include <sodium/utils.h>
#include <stdlib.h>
#include <string.h>

enum {
    PART_MAX = OIDC_TOKEN_MAX * 3 / 4 + 3,
    SIGNATURE_MAX = 1024, /* RSA of 8192 bits */
    ES256_SIZE = 64,
    DER_MAX = 80,
    HASH_HALF = crypto_hash_sha256_BYTES / 2,
};

/* Too large for a stack: kept for one judgement. */
typedef struct {
    http_text_t signed_text, parts[3];
    size_t signature_size;
    char bytes[PART_MAX];
    uint8_t signature[SIGNATURE_MAX];
} oidc_work_t;

static bool
oidc_token_split(http_text_t text, oidc_work_t *work)
{
    size_t begin = 0, count = 0;
    for (size_t at = 0; at <= text.size; at++) {
        if (at < text.size && text.data[at] != '.')
            continue;
        if (count == 3)
            return false;
        work->parts[count++] = (http_text_t){ text.data + begin, at - begin };
        begin = at + 1;
    }
    if (count != 3)
        return false;
    work->signed_text = (http_text_t){ text.data, text.size - work->parts[2].size - 1 };
    return ids_base64_read(work->parts[2].data, work->parts[2].size, work->signature,
                           sizeof work->signature, &work->signature_size);
}

/* The object that a part is, or NULL. */
static json_t *
oidc_token_object(oidc_work_t *work, http_text_t part)
{
    size_t size;
    json_error_t error;
    if (!ids_base64_read(part.data, part.size, (uint8_t *)work->bytes, sizeof work->bytes, &size))
        return NULL;
    json_t *json = json_loadb(work->bytes, size, JSON_REJECT_DUPLICATES, &error);
    if (json_is_object(json))
        return json;
    json_decref(json);
    return NULL;
}

static oidc_fault_t
oidc_token_header(const oidc_keys_t *keys, const json_t *header, bool *elliptic, EVP_PKEY **key)
{
    const json_t *kid = json_object_get(header, "kid");
    const char *alg = json_string_value(json_object_get(header, "alg"));
    if (!header || (kid && !json_is_string(kid)))
        return OIDC_MALFORMED;
    if (!alg || (strcmp(alg, "RS256") != 0 && strcmp(alg, "ES256") != 0) ||
        json_object_get(header, "crit"))
        return OIDC_WRONG_ALG;
    *elliptic = *alg == 'E';
    *key = oidc_keys_find(keys, *elliptic, kid ? json_string_value(kid) : NULL);
    return *key ? OIDC_GOOD : OIDC_UNKNOWN_KEY;
}

/* JWS has r and s side by side, OpenSSL wants them in DER. */
static size_t
oidc_es256_der(const uint8_t *signature, size_t size, uint8_t der[DER_MAX])
{
    enum { HALF = ES256_SIZE / 2 };
    if (size != ES256_SIZE)
        return 0;
    ECDSA_SIG *pair = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(signature, HALF, NULL), *s = BN_bin2bn(signature + HALF, HALF, NULL);
    int written = 0;
    if (pair && r && s && ECDSA_SIG_set0(pair, r, s) == 1) {
        r = s = NULL; /* the pair's now */
        written = i2d_ECDSA_SIG(pair, NULL);
        written = written > 0 && written <= DER_MAX ? i2d_ECDSA_SIG(pair, &der) : 0;
    }
    BN_free(r);
    BN_free(s);
    ECDSA_SIG_free(pair);
    return written > 0 ? (size_t)written : 0;
}

static bool
oidc_token_signed(const oidc_work_t *work, bool elliptic, EVP_PKEY *key)
{
    uint8_t der[DER_MAX];
    const uint8_t *signature = work->signature;
    size_t size = work->signature_size;
    if (elliptic) {
        size = oidc_es256_der(work->signature, work->signature_size, der);
        signature = der;
    }
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good = size > 0 && context &&
                EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
                EVP_DigestVerify(context, signature, size, (const uint8_t *)work->signed_text.data,
                                 work->signed_text.size) == 1;
    EVP_MD_CTX_free(context);
    return good;
}

/* aud is a text or a list of them. Where it names others too, azp says whose the token is. */
static bool
oidc_token_ours(const json_t *claims, const char *client)
{
    const json_t *audience = json_object_get(claims, "aud"),
                 *party = json_object_get(claims, "azp");
    const json_t *one;
    size_t index;
    bool listed = false;
    if (json_is_string(audience))
        listed = strcmp(json_string_value(audience), client) == 0;
    json_array_foreach(audience, index, one) listed |=
        json_is_string(one) && strcmp(json_string_value(one), client) == 0;
    if (json_array_size(audience) > 1 && !party)
        return false;
    return listed &&
           (!party || (json_is_string(party) && strcmp(json_string_value(party), client) == 0));
}

/* exp and iat have to be there, nbf may. Providers write whole seconds. */
static oidc_fault_t
oidc_token_times(const json_t *claims, int64_t now_s)
{
    const json_t *exp = json_object_get(claims, "exp"), *iat = json_object_get(claims, "iat");
    const json_t *nbf = json_object_get(claims, "nbf");
    int64_t ends_s = json_integer_value(exp), issued_s = json_integer_value(iat);
    int64_t begins_s = json_integer_value(nbf);
    if (!json_is_integer(exp) || !json_is_integer(iat) || (nbf && !json_is_integer(nbf)) ||
        ends_s < 0 || issued_s < 0 || begins_s < 0)
        return OIDC_MALFORMED;
    if (now_s - ends_s >= TOKEN_DRIFT_S || now_s - issued_s > OIDC_LOGIN_MAX_S + TOKEN_DRIFT_S)
        return OIDC_EXPIRED;
    if (issued_s - now_s > TOKEN_DRIFT_S || begins_s - now_s > TOKEN_DRIFT_S)
        return OIDC_NOT_YET;
    return OIDC_GOOD;
}

/* at_hash: the left half of the digest of the access token that came beside it. */
static bool
oidc_token_hash(const json_t *claims, const char *access)
{
    uint8_t digest[crypto_hash_sha256_BYTES];
    char text[OIDC_WORD_ROOM];
    const json_t *hash = json_object_get(claims, "at_hash");
    if (!hash || !access)
        return true;
    (void)crypto_hash_sha256(digest, (const uint8_t *)access, strlen(access));
    ids_base64_text(text, digest, HASH_HALF);
    return json_is_string(hash) && strcmp(json_string_value(hash), text) == 0;
}

/* Copy a text of 1 to `room` - 1 bytes without control characters. */
static bool
oidc_token_text(const json_t *value, char *to, size_t room)
{
    const char *text = json_string_value(value);
    if (!text || !text[0] || strlen(text) >= room)
        return false;
    for (const char *c = text; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return false;
    memcpy(to, text, strlen(text) + 1);
    return true;
}

static oidc_fault_t
oidc_token_claims(const json_t *claims, const oidc_client_t *client, const char *nonce,
                  const char *access, int64_t now_s, oidc_person_t *person)
{
    const char *issuer = json_string_value(json_object_get(claims, "iss"));
    const char *said = json_string_value(json_object_get(claims, "nonce"));
    if (!claims || !issuer)
        return OIDC_MALFORMED;
    if (strcmp(issuer, client->issuer) != 0)
        return OIDC_WRONG_ISSUER;
    if (!oidc_token_ours(claims, client->client))
        return OIDC_WRONG_AUDIENCE;
    oidc_fault_t fault = oidc_token_times(claims, now_s);
    if (fault != OIDC_GOOD)
        return fault;
    if (!said || strlen(said) != strlen(nonce) || sodium_memcmp(said, nonce, strlen(nonce)) != 0)
        return OIDC_WRONG_NONCE;
    if (!oidc_token_hash(claims, access))
        return OIDC_WRONG_HASH;
    if (!oidc_token_text(json_object_get(claims, "sub"), person->subject, sizeof person->subject))
        return OIDC_MALFORMED;
    memcpy(person->issuer, issuer, strlen(issuer) + 1);
    if (json_is_true(json_object_get(claims, "email_verified")))
        (void)oidc_token_text(json_object_get(claims, "email"), person->email,
                              sizeof person->email);
    (void)oidc_token_text(json_object_get(claims, "name"), person->name, sizeof person->name);
    return OIDC_GOOD;
}

static oidc_fault_t
oidc_token_judge(const oidc_keys_t *keys, const oidc_client_t *client, const char *nonce,
                 const char *access, int64_t now_s, oidc_work_t *work, oidc_person_t *person)
{
    bool elliptic = false;
    EVP_PKEY *key = NULL;
    json_t *header = oidc_token_object(work, work->parts[0]);
    oidc_fault_t fault = oidc_token_header(keys, header, &elliptic, &key);
    json_decref(header);
    if (fault != OIDC_GOOD)
        return fault;
    if (!oidc_token_signed(work, elliptic, key))
        return OIDC_FORGED;
    json_t *claims = oidc_token_object(work, work->parts[1]);
    fault = oidc_token_claims(claims, client, nonce, access, now_s, person);
    json_decref(claims);
    return fault;
}

oidc_fault_t
oidc_token_read(const oidc_keys_t *keys, const oidc_client_t *client, const char *nonce,
                http_text_t text, const char *access, int64_t now_s, oidc_person_t *person)
{
    *person = (oidc_person_t){ 0 };
    assert(now_s >= 0);
    oidc_work_t *work = text.size <= OIDC_TOKEN_MAX ? calloc(1, sizeof *work) : NULL;
    oidc_fault_t fault = OIDC_MALFORMED;
    if (work && oidc_token_split(text, work))
        fault = oidc_token_judge(keys, client, nonce, access, now_s, work, person);
    free(work);
    if (fault != OIDC_GOOD)
        *person = (oidc_person_t){ 0 };
    return fault;
}
