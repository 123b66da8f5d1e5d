/* tls - the context of TLS connections: 1.2 and 1.3, strong suites only, a certificate that can be
 * read again. */
#ifndef TLS_H
#define TLS_H
#include <openssl/ssl.h>
#include <stddef.h>

/* From files in PEM (and DER, for an OCSP response; "" for none). Sessions of `before`, which may
 * be NULL, can be resumed under the new one. NULL with the reason in `error`. */
SSL_CTX *tls_context(const char *certificate, const char *private_key, const char *ocsp,
                     SSL_CTX *before, char *error, size_t room);
#endif
