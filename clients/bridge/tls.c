/* tls - see tls.h for the contract. */
#include "clients/bridge/tls.h"
#include <openssl/err.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TLS_OCSP_MAX = 64 * 1024, TLS_TICKET_KEYS = 80, TLS_SESSION_S = 7200 };

/* Forward secrecy and authenticated encryption only (RFC 9325 4.2). */
#define TLS_SUITES_12                                                                              \
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"     \
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
#define TLS_SUITES_13 "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"

/* A staple belongs to its context. */
typedef struct {
    unsigned char *bytes;
    long size;
} tls_staple_t;

static int tls_staple_index = -1;

static void
tls_staple_free(void *parent, void *value, CRYPTO_EX_DATA *data, int index, long argl, void *argp)
{
    tls_staple_t *staple = value;
    (void)parent;
    (void)data;
    (void)index;
    (void)argl;
    (void)argp;
    if (staple)
        free(staple->bytes);
    free(staple);
}

static int
tls_say(char *error, size_t room, const char *what)
{
    char reason[160];
    ERR_error_string_n(ERR_get_error(), reason, sizeof reason);
    snprintf(error, room, "%s: %s", what, reason);
    return -1;
}

static int
tls_stapled(SSL *ssl, void *argument)
{
    const tls_staple_t *staple = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), tls_staple_index);
    (void)argument;
    if (!staple)
        return SSL_TLSEXT_ERR_NOACK;
    unsigned char *copy = OPENSSL_malloc((size_t)staple->size);
    if (!copy)
        return SSL_TLSEXT_ERR_NOACK;
    memcpy(copy, staple->bytes, (size_t)staple->size);
    SSL_set_tlsext_status_ocsp_resp(ssl, copy, staple->size);
    return SSL_TLSEXT_ERR_OK;
}

static int
tls_staple(SSL_CTX *context, const char *path, char *error, size_t room)
{
    if (!*path)
        return 0;
    if (tls_staple_index < 0)
        tls_staple_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, tls_staple_free);
    FILE *file = fopen(path, "rb");
    tls_staple_t *staple = calloc(1, sizeof *staple);
    if (staple)
        staple->bytes = malloc(TLS_OCSP_MAX);
    size_t got = file && staple && staple->bytes ? fread(staple->bytes, 1, TLS_OCSP_MAX, file) : 0;
    bool whole = file && got > 0 && got < TLS_OCSP_MAX && !ferror(file);
    if (file)
        fclose(file);
    if (!whole || SSL_CTX_set_ex_data(context, tls_staple_index, staple) != 1) {
        if (staple)
            free(staple->bytes);
        free(staple);
        snprintf(error, room, "%.200s: not an OCSP response", path);
        return -1;
    }
    staple->size = (long)got;
    SSL_CTX_set_tlsext_status_cb(context, tls_stapled);
    return 0;
}

static int
tls_strict(SSL_CTX *context)
{
    char groups[] = "X25519:P-256:P-384"; /* OpenSSL's macro drops const */
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                     SSL_OP_NO_COMPRESSION | SSL_OP_PRIORITIZE_CHACHA |
                                     SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF); /* tickets, no memory */
    SSL_CTX_set_timeout(context, TLS_SESSION_S);
    return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
                   SSL_CTX_set_cipher_list(context, TLS_SUITES_12) == 1 &&
                   SSL_CTX_set_ciphersuites(context, TLS_SUITES_13) == 1 &&
                   SSL_CTX_set1_groups_list(context, groups) == 1 &&
                   SSL_CTX_set_session_id_context(context, (const unsigned char *)"marquee", 7) == 1
               ? 0
               : -1;
}

static void
tls_keep_tickets(SSL_CTX *context, SSL_CTX *before)
{
    unsigned char keys[TLS_TICKET_KEYS];
    if (before && SSL_CTX_get_tlsext_ticket_keys(before, keys, sizeof keys) == 1)
        (void)SSL_CTX_set_tlsext_ticket_keys(context, keys, sizeof keys);
    OPENSSL_cleanse(keys, sizeof keys);
}

/* Browsers that offer h2 too are told that it is HTTP/1.1. */
static int
tls_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_size, const unsigned char *in,
             unsigned in_size, void *argument)
{
    static const unsigned char ours[] = "\x08http/1.1";
    unsigned char *chosen;
    (void)ssl;
    (void)argument;
    if (SSL_select_next_proto(&chosen, out_size, ours, sizeof ours - 1, in, in_size) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_NOACK;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

SSL_CTX *
tls_context(const char *certificate, const char *private_key, const char *ocsp, SSL_CTX *before,
            char *error, size_t room)
{
    ERR_clear_error();
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    int fault = 0;
    if (!context || tls_strict(context) != 0)
        fault = tls_say(error, room, "TLS cannot be set up");
    else if (SSL_CTX_use_certificate_chain_file(context, certificate) != 1)
        fault = tls_say(error, room, certificate);
    else if (SSL_CTX_use_PrivateKey_file(context, private_key, SSL_FILETYPE_PEM) != 1 ||
             SSL_CTX_check_private_key(context) != 1)
        fault = tls_say(error, room, private_key);
    else
        fault = tls_staple(context, ocsp, error, room);
    if (fault) {
        SSL_CTX_free(context);
        return NULL;
    }
    SSL_CTX_set_alpn_select_cb(context, tls_protocol, NULL);
    tls_keep_tickets(context, before);
    return context;
}
