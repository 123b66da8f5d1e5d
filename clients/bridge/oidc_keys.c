/* oidc_keys - a provider's public keys; see oidc.h for the contract. */
#include "actors/ids.h"
#include "clients/bridge/oidc.h"
#include <assert.h>
#include <jansson.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <string.h>

enum {
    RSA_BITS_MIN = 2048,
    RSA_BITS_MAX = 8192,
    RSA_BYTES_MAX = RSA_BITS_MAX / 8,
    RSA_EXPONENT_MAX = 8, /* bytes */
    P256_BYTES = 32,
};

/* A number of a key: base64url. */
static size_t
oidc_number(const json_t *key, const char *name, uint8_t *bytes, size_t room)
{
    size_t size;
    const char *text = json_string_value(json_object_get(key, name));
    return text && ids_base64_read(text, strlen(text), bytes, room, &size) ? size : 0;
}

static EVP_PKEY *
oidc_make(const char *type, OSSL_PARAM_BLD *build)
{
    EVP_PKEY *key = NULL;
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    if (params && context && EVP_PKEY_fromdata_init(context) == 1)
        (void)EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params);
    EVP_PKEY_CTX_free(context);
    OSSL_PARAM_free(params);
    return key;
}

static EVP_PKEY *
oidc_rsa(const json_t *json)
{
    uint8_t n_bytes[RSA_BYTES_MAX], e_bytes[RSA_EXPONENT_MAX];
    size_t n_size = oidc_number(json, "n", n_bytes, sizeof n_bytes);
    size_t e_size = oidc_number(json, "e", e_bytes, sizeof e_bytes);
    if (n_size == 0 || e_size == 0 || !(e_bytes[e_size - 1] & 1))
        return NULL;
    BIGNUM *n = BN_bin2bn(n_bytes, (int)n_size, NULL), *e = BN_bin2bn(e_bytes, (int)e_size, NULL);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    EVP_PKEY *key = NULL;
    if (n && e && build && BN_num_bits(n) >= RSA_BITS_MIN && BN_is_odd(n) && !BN_is_one(e) &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e) == 1)
        key = oidc_make("RSA", build);
    OSSL_PARAM_BLD_free(build);
    BN_free(n);
    BN_free(e);
    return key;
}

/* A point that is not on the curve makes no key. */
static EVP_PKEY *
oidc_p256(const json_t *json)
{
    uint8_t point[1 + 2 * P256_BYTES] = { 0x04 }; /* uncompressed */
    const char *curve = json_string_value(json_object_get(json, "crv"));
    if (!curve || strcmp(curve, "P-256") != 0 ||
        oidc_number(json, "x", point + 1, P256_BYTES) != P256_BYTES ||
        oidc_number(json, "y", point + 1 + P256_BYTES, P256_BYTES) != P256_BYTES)
        return NULL;
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    EVP_PKEY *key = NULL;
    if (build &&
        OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) == 1 &&
        OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point) == 1)
        key = oidc_make("EC", build);
    OSSL_PARAM_BLD_free(build);
    return key;
}

/* Is it for signatures of this algorithm, as far as it says? */
static bool
oidc_meant(const json_t *json, const char *alg)
{
    const char *use = json_string_value(json_object_get(json, "use"));
    const char *said = json_string_value(json_object_get(json, "alg"));
    return (!use || strcmp(use, "sig") == 0) && (!said || strcmp(said, alg) == 0);
}

/* Take one key of a set. False: there is no room for it. */
static bool
oidc_keys_add(oidc_keys_t *self, const json_t *json)
{
    const char *type = json_string_value(json_object_get(json, "kty"));
    const json_t *kid = json_object_get(json, "kid");
    const char *name = kid ? json_string_value(kid) : "";
    EVP_PKEY *key = NULL;
    if (!type || !name || strlen(name) > OIDC_KID_MAX)
        return true;
    bool elliptic = strcmp(type, "EC") == 0;
    if (elliptic && oidc_meant(json, "ES256"))
        key = oidc_p256(json);
    else if (strcmp(type, "RSA") == 0 && oidc_meant(json, "RS256"))
        key = oidc_rsa(json);
    if (!key)
        return true;
    if (self->count == OIDC_KEYS_MAX) {
        EVP_PKEY_free(key);
        return false;
    }
    self->keys[self->count].elliptic = elliptic;
    self->keys[self->count].key = key;
    memcpy(self->keys[self->count].kid, name, strlen(name) + 1);
    self->count++;
    return true;
}

bool
oidc_keys_read(oidc_keys_t *self, const char *text, size_t size)
{
    size_t index;
    const json_t *one;
    json_error_t error;
    *self = (oidc_keys_t){ 0 };
    if (size > OIDC_DOCUMENT_MAX)
        return false;
    json_t *set = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
    const json_t *list = json_object_get(set, "keys");
    bool good = json_is_array(list);
    json_array_foreach(list, index, one) good = good && oidc_keys_add(self, one);
    json_decref(set);
    if (good && self->count > 0)
        return true;
    oidc_keys_forget(self);
    return false;
}

void
oidc_keys_forget(oidc_keys_t *self)
{
    for (uint32_t i = 0; i < self->count; i++)
        EVP_PKEY_free(self->keys[i].key);
    *self = (oidc_keys_t){ 0 };
}

EVP_PKEY *
oidc_keys_find(const oidc_keys_t *self, bool elliptic, const char *kid)
{
    EVP_PKEY *found = NULL;
    for (uint32_t i = 0; i < self->count; i++) {
        if (self->keys[i].elliptic != elliptic || (kid && strcmp(self->keys[i].kid, kid) != 0))
            continue;
        if (found) /* two of one name, or two that fit: which is meant is not said */
            return NULL;
        found = self->keys[i].key;
    }
    return found;
}
