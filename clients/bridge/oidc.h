/* oidc - log-in by OpenID Connect: what is sent to a provider, and what is believed of its answers.
 *
 * The authorization code flow of OpenID Connect Core 1.0 with PKCE (RFC 7636, S256). Pure: time,
 * randomness, documents and keys are passed in. Nothing is remembered between the way to the
 * provider and the way back: a cookie that only this ring could have made carries a random seed,
 * and state, nonce and verifier are computed of it under the ring's key, so any bridge of the site
 * can take either step. */
#ifndef OIDC_H
#define OIDC_H
#include "clients/bridge/token.h"
#include <openssl/types.h>

enum {
    OIDC_URL_MAX = 255, /* of an endpoint */
    OIDC_ID_MAX = 127,  /* of a client's id and secret, and a scope */
    OIDC_CODE_MAX = 1024,
    OIDC_SEED_SIZE = 32,
    OIDC_WORD_ROOM = 44, /* state, nonce, verifier: 43 characters */
    OIDC_COOKIE_ROOM = 128,
    OIDC_REQUEST_ROOM = 4096,
    OIDC_LOGIN_MAX_S = 600, /* between the way there and back */
    OIDC_DOCUMENT_MAX = 64 * 1024,
    OIDC_ANSWER_MAX = 32 * 1024, /* of the token endpoint */
    OIDC_TOKEN_MAX = 16 * 1024,  /* of an id token */
    OIDC_KEYS_MAX = 16,
    OIDC_KID_MAX = 127,
    OIDC_SUBJECT_MAX = 255,
    OIDC_TEXT_MAX = 127, /* of a name or an address */
};

/* What goes wrong, each with its stable code. X(id, title) */
#define OIDC_FAULT_TABLE(X)                                                                        \
    X(AWAY, "the provider does not answer")                                                        \
    X(BUSY, "too many log-ins are under way")                                                      \
    X(DOCUMENT, "the provider describes itself wrongly")                                           \
    X(DENIED, "the provider, or who asked, said no")                                               \
    X(STATE, "this log-in was not begun here, or too long ago")                                    \
    X(CODE, "the provider does not take the code")                                                 \
    X(MALFORMED, "the id token cannot be read")                                                    \
    X(WRONG_ALG, "the id token is signed in a way that is not accepted")                           \
    X(UNKNOWN_KEY, "the id token is signed under a key that is not known")                         \
    X(FORGED, "the id token's signature is wrong")                                                 \
    X(WRONG_ISSUER, "the id token is of another issuer")                                           \
    X(WRONG_AUDIENCE, "the id token is for somebody else")                                         \
    X(EXPIRED, "the id token is over")                                                             \
    X(NOT_YET, "the id token is not valid yet")                                                    \
    X(WRONG_NONCE, "the id token belongs to another log-in")                                       \
    X(WRONG_HASH, "the id token belongs to another access token")

typedef enum {
    OIDC_GOOD,
#define X(id, title) OIDC_##id,
    OIDC_FAULT_TABLE(X)
#undef X
        OIDC_FAULTS
} oidc_fault_t;
/* "OIDC_AWAY", ...; "OK" for good. */
const char *oidc_fault_name(oidc_fault_t fault);
const char *oidc_fault_title(oidc_fault_t fault);

/* What an operator says. */
typedef struct {
    const char *issuer;           /* https:, or http: to loopback */
    const char *client, *secret;  /* secret "": a public client */
    const char *redirect, *scope; /* scope has the word openid */
} oidc_client_t;
/* NULL, or what is wrong with it. */
const char *oidc_client_wrong(const oidc_client_t *client);

/* What a provider says of itself (OpenID Connect Discovery 1.0). */
typedef struct {
    char authorization[OIDC_URL_MAX + 1], token[OIDC_URL_MAX + 1], keys[OIDC_URL_MAX + 1];
    bool secret_in_body; /* it takes client_secret_post and not client_secret_basic */
    bool names_issuer;   /* it says iss on the way back (RFC 9207) */
} oidc_document_t;
/* Where it stands. False: too long. */
bool oidc_document_url(const oidc_client_t *client, char url[OIDC_URL_MAX + 1]);
/* Read it: of this very issuer, with endpoints that are https, or to loopback where the issuer is,
 * and S256 where it tells its methods. */
oidc_fault_t oidc_document_read(oidc_document_t *self, const oidc_client_t *client,
                                const char *text, size_t size);

/* One log-in, between the way there and back. */
typedef struct {
    int64_t began_s;
    uint8_t seed[OIDC_SEED_SIZE];
} oidc_login_t;
/* The cookie's value, as token_cookie() makes its: kid, '.', base64url of version, began, seed,
 * tag. */
void oidc_cookie(const token_ring_t *ring, const oidc_login_t *login, char text[OIDC_COOKIE_ROOM]);
/* False: not one of ours, altered, of the future, or older than OIDC_LOGIN_MAX_S. */
bool oidc_cookie_read(const token_ring_t *ring, http_text_t text, int64_t now_s,
                      oidc_login_t *login);

/* What the provider is given, and gives back. */
typedef struct {
    char state[OIDC_WORD_ROOM], nonce[OIDC_WORD_ROOM], verifier[OIDC_WORD_ROOM];
} oidc_words_t;
/* Of a cookie's text, under the key that signed it, which the ring has. */
void oidc_words(const token_ring_t *ring, http_text_t cookie, const oidc_login_t *login,
                oidc_words_t *words);

/* Where to send the browser. Bytes written, and a NUL behind them; 0: no room. */
size_t oidc_authorization(const oidc_client_t *client, const oidc_document_t *document,
                          const oidc_words_t *words, char url[OIDC_REQUEST_ROOM]);
/* The query that the browser came back with: the code, copied, or why there is none. */
oidc_fault_t oidc_callback(const oidc_client_t *client, const oidc_document_t *document,
                           const oidc_words_t *words, http_text_t query,
                           char code[OIDC_CODE_MAX + 1]);
/* What is posted to the token endpoint: a form, and the value of Authorization, "" for none. Bytes
 * of the form; 0: no room. */
size_t oidc_exchange(const oidc_client_t *client, const oidc_document_t *document,
                     const oidc_words_t *words, const char *code, char form[OIDC_REQUEST_ROOM],
                     char authorization[OIDC_REQUEST_ROOM]);

/* ------------------------------------------------------------------ keys (oidc_keys.c) */

/* A provider's keys (RFC 7517): those that can check RS256 (2048 to 8192 bits) or ES256. Others are
 * left out. */
typedef struct {
    uint32_t count;
    struct {
        char kid[OIDC_KID_MAX + 1]; /* "": it has none */
        bool elliptic;
        EVP_PKEY *key;
    } keys[OIDC_KEYS_MAX];
} oidc_keys_t;
/* Read a set of keys. False: it is none, or none of its keys can be used, or more than
 * OIDC_KEYS_MAX; then `self` is empty. */
bool oidc_keys_read(oidc_keys_t *self, const char *text, size_t size);
void oidc_keys_forget(oidc_keys_t *self);
/* The key that a token is signed under by what its header says; without a kid, the only one that
 * fits. NULL: there is none. */
EVP_PKEY *oidc_keys_find(const oidc_keys_t *self, bool elliptic, const char *kid);

/* ------------------------------------------------------------------ the id token (oidc_token.c) */

/* Who logged in. */
typedef struct {
    char issuer[OIDC_URL_MAX + 1], subject[OIDC_SUBJECT_MAX + 1];
    char email[OIDC_TEXT_MAX + 1]; /* "" unless the provider says that it is verified */
    char name[OIDC_TEXT_MAX + 1];  /* "" when it says none, or one that is too long */
} oidc_person_t;

/* Judge an id token in this order: bounds, shape, alg, key, signature, then claims: iss, aud and
 * azp, exp, iat and nbf, nonce, at_hash where it is there and `access` is too. `person` is all zero
 * unless OIDC_GOOD. OIDC_UNKNOWN_KEY: look for newer keys and ask again. */
oidc_fault_t oidc_token_read(const oidc_keys_t *keys, const oidc_client_t *client,
                             const char *nonce, http_text_t text, const char *access, int64_t now_s,
                             oidc_person_t *person);
#endif
