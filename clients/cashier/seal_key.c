/* seal_key - keys and certificates as providers hand them out. */
#include "clients/cashier/seal.h"
#include <limits.h>
#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <time.h>

enum { SEAL_FILE_MAX = 256 * 1024, SEAL_ROOTS_MAX = 16 };

/* A passphrase is never asked for. */
static int
seal_no_passphrase(char *to, int room, int writing, void *unused)
{
    (void)to, (void)room, (void)writing, (void)unused;
    return -1;
}

/* The bytes of bare base64 over any lines, the caller's. */
static uint8_t *
seal_bare(text_t text, size_t *size)
{
    char *joined = text.size <= SEAL_FILE_MAX ? malloc(text.size + 1) : NULL;
    uint8_t *bytes = joined ? malloc(text.size + 1) : NULL;
    size_t count = 0;
    for (size_t i = 0; bytes && i < text.size; i++)
        if (!strchr(" \t\r\n", text.data[i]) || text.data[i] == 0)
            joined[count++] = text.data[i];
    if (bytes && !seal_base64_read((text_t){ joined, count }, bytes, text.size, size)) {
        free(bytes);
        bytes = NULL;
    }
    free(joined);
    return bytes;
}

static bool
seal_is_pem(text_t text)
{
    static const char mark[] = "-----BEGIN ";
    return text.size && memmem(text.data, text.size, mark, sizeof mark - 1);
}

static EVP_PKEY *
seal_strong(EVP_PKEY *key)
{
    ERR_clear_error();
    if (key &&
        (EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA || EVP_PKEY_get_bits(key) < SEAL_KEY_BITS_MIN)) {
        EVP_PKEY_free(key);
        return NULL;
    }
    return key;
}

static BIO *
seal_memory(text_t text)
{
    return text.size <= SEAL_FILE_MAX ? BIO_new_mem_buf(text.data, (int)text.size) : NULL;
}

EVP_PKEY *
seal_private_key(text_t text)
{
    EVP_PKEY *key = NULL;
    if (seal_is_pem(text)) {
        BIO *bio = seal_memory(text);
        key = bio ? PEM_read_bio_PrivateKey(bio, NULL, seal_no_passphrase, NULL) : NULL;
        BIO_free(bio);
        return seal_strong(key);
    }
    size_t size;
    uint8_t *bytes = seal_bare(text, &size);
    const uint8_t *at = bytes;
    if (bytes && size <= LONG_MAX)
        key = d2i_AutoPrivateKey(NULL, &at, (long)size); /* PKCS#1 and PKCS#8 */
    free(bytes);
    return seal_strong(key);
}

EVP_PKEY *
seal_public_key(text_t text)
{
    EVP_PKEY *key = NULL;
    if (seal_is_pem(text)) {
        BIO *bio = seal_memory(text);
        key = bio ? PEM_read_bio_PUBKEY(bio, NULL, seal_no_passphrase, NULL) : NULL;
        BIO_free(bio);
        return seal_strong(key);
    }
    size_t size;
    uint8_t *bytes = seal_bare(text, &size);
    const uint8_t *at = bytes;
    if (bytes && size <= LONG_MAX)
        key = d2i_PUBKEY(NULL, &at, (long)size);
    free(bytes);
    return seal_strong(key);
}

X509 *
seal_certificate(text_t text)
{
    X509 *certificate = NULL;
    if (seal_is_pem(text)) {
        BIO *bio = seal_memory(text);
        certificate = bio ? PEM_read_bio_X509(bio, NULL, seal_no_passphrase, NULL) : NULL;
        BIO_free(bio);
    } else {
        size_t size;
        uint8_t *bytes = seal_bare(text, &size);
        const uint8_t *at = bytes;
        certificate = bytes ? d2i_X509(NULL, &at, (long)size) : NULL;
        free(bytes);
    }
    ERR_clear_error();
    return certificate;
}

EVP_PKEY *
seal_certificate_key(const X509 *certificate)
{
    return seal_strong(X509_get_pubkey((X509 *)(uintptr_t)certificate));
}

bool
seal_serial(const X509 *certificate, char to[SEAL_SERIAL_ROOM])
{
    BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), NULL);
    char *hex = number ? BN_bn2hex(number) : NULL;
    bool good = hex && text_copy(text_of(hex), to, SEAL_SERIAL_ROOM);
    OPENSSL_free(hex);
    BN_free(number);
    return good;
}

static bool
seal_moment(const ASN1_TIME *time, int64_t *ms)
{
    struct tm parts;
    if (ASN1_TIME_to_tm(time, &parts) != 1)
        return false;
    *ms = (int64_t)timegm(&parts) * 1000;
    return true;
}

bool
seal_validity(const X509 *certificate, int64_t *from_ms, int64_t *until_ms)
{
    return seal_moment(X509_get0_notBefore(certificate), from_ms) &&
           seal_moment(X509_get0_notAfter(certificate), until_ms);
}

/* The last name part first, as RFC 2253 writes them, and the serial in decimal. */
bool
seal_alipay_sn(const X509 *certificate, char to[SEAL_HEX_ROOM])
{
    char *name = NULL;
    BIO *bio = BIO_new(BIO_s_mem());
    BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), NULL);
    char *decimal = number ? BN_bn2dec(number) : NULL;
    bool good = bio && decimal &&
                X509_NAME_print_ex(bio, X509_get_issuer_name(certificate), 0,
                                   XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB) >= 0 &&
                BIO_write(bio, decimal, (int)strlen(decimal)) > 0;
    if (good) {
        long size = BIO_get_mem_data(bio, &name);
        seal_md5((text_t){ name, (size_t)size }, true, to);
    }
    OPENSSL_free(decimal);
    BN_free(number);
    BIO_free(bio);
    return good;
}

bool
seal_alipay_root_sn(text_t pem, char to[SEAL_SNS_ROOM])
{
    out_t out;
    BIO *bio = seal_memory(pem);
    X509 *one;
    out_init(&out, to, SEAL_SNS_ROOM);
    for (int i = 0; bio && i < SEAL_ROOTS_MAX &&
                    (one = PEM_read_bio_X509(bio, NULL, seal_no_passphrase, NULL));
         i++) {
        char sn[SEAL_HEX_ROOM];
        int method = NID_undef;
        bool rsa = OBJ_find_sigid_algs(X509_get_signature_nid(one), NULL, &method) == 1 &&
                   method == NID_rsaEncryption;
        if (rsa && seal_alipay_sn(one, sn))
            out_format(&out, "%s%s", out.size ? "_" : "", sn);
        X509_free(one);
    }
    BIO_free(bio);
    ERR_clear_error();
    return out.size > 0 && !out.overflow;
}
