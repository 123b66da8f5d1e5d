/* seal - the cryptography that payment providers ask for, by OpenSSL.
 *
 * Pure: keys are passed in, nothing is random (PKCS#1 v1.5 is not), nothing is kept. A key's owner
 * frees it. Digests and MACs are compared in constant time. */
#ifndef SEAL_H
#define SEAL_H
#include "clients/cashier/text.h"
#include <openssl/types.h>

enum {
    SEAL_KEY_BITS_MIN = 2048,
    SEAL_SIGNATURE_ROOM = 1400, /* base64 of an RSA signature of 8192 bits, and a NUL */
    SEAL_HEX_ROOM = 65,
    SEAL_SERIAL_ROOM = 65,
    SEAL_SNS_ROOM = 400,
    SEAL_GCM_KEY = 32,
    SEAL_GCM_NONCE = 12,
    SEAL_GCM_TAG = 16,
};

/* A key or certificate in PEM, or its DER in base64 over any lines; NULL: it is none, or not RSA of
 * at least SEAL_KEY_BITS_MIN. Private keys are PKCS#1 or PKCS#8. */
EVP_PKEY *seal_private_key(text_t text);
EVP_PKEY *seal_public_key(text_t text);
X509 *seal_certificate(text_t text);
/* The public key in a certificate, the caller's; its serial in upper-case hex; the first and the
 * last moment it is good for. */
EVP_PKEY *seal_certificate_key(const X509 *certificate);
bool seal_serial(const X509 *certificate, char to[SEAL_SERIAL_ROOM]);
bool seal_validity(const X509 *certificate, int64_t *from_ms, int64_t *until_ms);
/* Alipay's serial of a certificate: MD5 of issuer and serial. Of a file of root certificates: those
 * signed by RSA, joined by '_'. */
bool seal_alipay_sn(const X509 *certificate, char to[SEAL_HEX_ROOM]);
bool seal_alipay_root_sn(text_t pem, char to[SEAL_SNS_ROOM]);

/* RSA with SHA-256, PKCS#1 v1.5, in base64. */
bool seal_sign(EVP_PKEY *key, text_t message, char to[SEAL_SIGNATURE_ROOM]);
bool seal_verify(EVP_PKEY *key, text_t message, text_t signature);
/* Upper-case hex of MD5 (lower-case with `lower`), and of HMAC-SHA-256. */
void seal_md5(text_t message, bool lower, char to[SEAL_HEX_ROOM]);
void seal_hmac(text_t key, text_t message, char to[SEAL_HEX_ROOM]);
void seal_sha256(text_t message, uint8_t to[32]);
/* Are the two the same? Takes as long wherever they differ. */
bool seal_same(text_t one, text_t other);

/* AES-256-GCM as WeChat seals resources: base64 of ciphertext and tag. The plain text goes to `to`,
 * which is emptied when the tag does not fit. */
bool seal_open_gcm(const uint8_t key[SEAL_GCM_KEY], text_t nonce, text_t aad, text_t sealed,
                   out_t *to);
/* AES-256-ECB with PKCS#7 padding under a key of 32 characters; it proves nothing. */
bool seal_open_ecb(text_t key, text_t sealed, out_t *to);

/* Strict base64 (RFC 4648): padded, canonical, no blanks. False: malformed, or no room. */
bool seal_base64_read(text_t text, uint8_t *to, size_t room, size_t *size);
void seal_base64_write(const void *data, size_t size, out_t *to);
#endif
