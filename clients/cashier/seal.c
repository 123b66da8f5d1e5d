/* seal - see seal.h for the contract; seal_key.c reads keys and certificates. */
#include "clients/cashier/seal.h"
#include <assert.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>

enum { SEAL_RSA_MAX = 1024 };

static const char seal_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static int
seal_base64_value(char c)
{
    const char *at = c ? strchr(seal_digits, c) : NULL;
    return at ? (int)(at - seal_digits) : -1;
}

bool
seal_base64_read(text_t text, uint8_t *to, size_t room, size_t *size)
{
    size_t out = 0, pad = 0;
    if (text.size % 4 != 0)
        return false;
    while (pad < 2 && pad < text.size && text.data[text.size - 1 - pad] == '=')
        pad++;
    size_t wanted = text.size / 4 * 3 - pad;
    if (wanted > room)
        return false;
    uint32_t bits = 0;
    int count = 0;
    for (size_t i = 0; i < text.size - pad; i++) {
        int value = seal_base64_value(text.data[i]);
        if (value < 0)
            return false;
        bits = (bits << 6 | (uint32_t)value) & 0xffffff;
        count += 6;
        if (count >= 8) {
            count -= 8;
            to[out++] = (uint8_t)(bits >> count);
        }
    }
    *size = out;
    return out == wanted && (bits & ((1u << count) - 1)) == 0;
}

void
seal_base64_write(const void *data, size_t size, out_t *to)
{
    const uint8_t *at = data;
    for (size_t i = 0; i < size; i += 3) {
        size_t left = size - i;
        uint32_t bits = (uint32_t)at[i] << 16 | (left > 1 ? (uint32_t)at[i + 1] << 8 : 0) |
                        (left > 2 ? at[i + 2] : 0);
        char four[4] = { seal_digits[bits >> 18], seal_digits[bits >> 12 & 63],
                         left > 1 ? seal_digits[bits >> 6 & 63] : '=',
                         left > 2 ? seal_digits[bits & 63] : '=' };
        out_put(to, four, sizeof four);
    }
}

bool
seal_sign(EVP_PKEY *key, text_t message, char to[SEAL_SIGNATURE_ROOM])
{
    uint8_t signature[SEAL_RSA_MAX];
    size_t size = sizeof signature;
    out_t out;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good =
        context && EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
        EVP_DigestSign(context, signature, &size, (const uint8_t *)message.data, message.size) == 1;
    EVP_MD_CTX_free(context);
    out_init(&out, to, SEAL_SIGNATURE_ROOM);
    if (good)
        seal_base64_write(signature, size, &out);
    return good && !out.overflow;
}

bool
seal_verify(EVP_PKEY *key, text_t message, text_t signature)
{
    uint8_t bytes[SEAL_RSA_MAX];
    size_t size;
    if (!seal_base64_read(signature, bytes, sizeof bytes, &size))
        return false;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good =
        context && EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
        EVP_DigestVerify(context, bytes, size, (const uint8_t *)message.data, message.size) == 1;
    EVP_MD_CTX_free(context);
    return good;
}

static void
seal_hex(const uint8_t *bytes, size_t size, bool lower, char *to)
{
    const char *digits = lower ? "0123456789abcdef" : "0123456789ABCDEF";
    for (size_t i = 0; i < size; i++) {
        to[2 * i] = digits[bytes[i] >> 4];
        to[2 * i + 1] = digits[bytes[i] & 15];
    }
    to[2 * size] = 0;
}

void
seal_md5(text_t message, bool lower, char to[SEAL_HEX_ROOM])
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    int rc = EVP_Digest(message.data, message.size, digest, &size, EVP_md5(), NULL);
    assert(rc == 1 && size == 16);
    seal_hex(digest, size, lower, to);
}

void
seal_hmac(text_t key, text_t message, char to[SEAL_HEX_ROOM])
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    const uint8_t *rc = HMAC(EVP_sha256(), key.data, (int)key.size, (const uint8_t *)message.data,
                             message.size, digest, &size);
    assert(rc && size == 32);
    seal_hex(digest, size, false, to);
}

void
seal_sha256(text_t message, uint8_t to[32])
{
    unsigned size = 0;
    int rc = EVP_Digest(message.data, message.size, to, &size, EVP_sha256(), NULL);
    assert(rc == 1 && size == 32);
}

bool
seal_same(text_t one, text_t other)
{
    return one.size == other.size && CRYPTO_memcmp(one.data, other.data, one.size) == 0;
}

/* Decrypt `size` bytes behind one another; the plain text's size, or -1. */
static int
seal_decrypt(EVP_CIPHER_CTX *context, const uint8_t *from, int size, uint8_t *to)
{
    int first = 0, last = 0;
    if (EVP_DecryptUpdate(context, to, &first, from, size) != 1 ||
        EVP_DecryptFinal_ex(context, to + first, &last) != 1)
        return -1;
    return first + last;
}

static int
seal_gcm(const uint8_t key[SEAL_GCM_KEY], text_t nonce, text_t aad, uint8_t *sealed, size_t size,
         uint8_t *to)
{
    int plain = -1, unused = 0;
    size_t text = size - SEAL_GCM_TAG;
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    if (context &&
        EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), NULL, key, (const uint8_t *)nonce.data) ==
            1 &&
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, SEAL_GCM_TAG, sealed + text) == 1 &&
        (aad.size == 0 ||
         EVP_DecryptUpdate(context, NULL, &unused, (const uint8_t *)aad.data, (int)aad.size) == 1))
        plain = seal_decrypt(context, sealed, (int)text, to);
    EVP_CIPHER_CTX_free(context);
    return plain;
}

/* Room for the bytes of a base64 text, and for a block more that the cipher may write. */
static uint8_t *
seal_room(text_t sealed, size_t *room)
{
    *room = sealed.size / 4 * 3;
    return sealed.size <= 1 << 20 ? malloc(2 * (*room + 32)) : NULL;
}

bool
seal_open_gcm(const uint8_t key[SEAL_GCM_KEY], text_t nonce, text_t aad, text_t sealed, out_t *to)
{
    size_t room, size;
    int plain = -1;
    uint8_t *bytes = seal_room(sealed, &room);
    if (bytes && nonce.size == SEAL_GCM_NONCE && aad.size <= 4096 &&
        seal_base64_read(sealed, bytes, room, &size) && size >= SEAL_GCM_TAG) {
        uint8_t *text = bytes + room + 32;
        plain = seal_gcm(key, nonce, aad, bytes, size, text);
        if (plain >= 0)
            out_put(to, text, (size_t)plain);
    }
    free(bytes);
    return plain >= 0 && !to->overflow;
}

bool
seal_open_ecb(text_t key, text_t sealed, out_t *to)
{
    size_t room, size;
    int plain = -1;
    uint8_t *bytes = seal_room(sealed, &room);
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    if (bytes && context && key.size == 32 && seal_base64_read(sealed, bytes, room, &size) &&
        size % 16 == 0 && size > 0 &&
        EVP_DecryptInit_ex(context, EVP_aes_256_ecb(), NULL, (const uint8_t *)key.data, NULL) ==
            1) {
        uint8_t *text = bytes + room + 32;
        plain = seal_decrypt(context, bytes, (int)size, text);
        if (plain >= 0)
            out_put(to, text, (size_t)plain);
    }
    EVP_CIPHER_CTX_free(context);
    free(bytes);
    return plain >= 0 && !to->overflow;
}
