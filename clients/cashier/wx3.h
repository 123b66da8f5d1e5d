/* wx3 - WeChat Pay, APIv3: JSON, RSA-SHA256, AES-256-GCM.
 *
 * What answers and notifications are verified with is a ring of keys by serial: WeChat's public key
 * (PUB_KEY_ID_...), or platform certificates, of which two are live around a change. */
#ifndef WX3_H
#define WX3_H
#include "clients/cashier/provider.h"
#include "clients/cashier/seal.h"

enum { WX3_KEYS_MAX = 8 };

typedef struct {
    char serial[SEAL_SERIAL_ROOM];
    EVP_PKEY *key;
    int64_t from_ms, until_ms; /* good for [from_ms, until_ms) */
} wx3_key_t;

typedef struct {
    char base[128]; /* https://api.mch.weixin.qq.com */
    char appid[33], mchid[33], serial[SEAL_SERIAL_ROOM], notify_url[256];
    uint8_t api_key[SEAL_GCM_KEY];
    EVP_PKEY *key; /* the merchant's */
    wx3_key_t keys[WX3_KEYS_MAX];
    uint32_t key_count;
} wx3_t;

extern const driver_t wx3_driver;

/* Take a key into the ring, which then owns it; the oldest one goes when there is no room. One that
 * is there already is freed. */
void wx3_keep_key(wx3_t *self, const char *serial, EVP_PKEY *key, int64_t from_ms,
                  int64_t until_ms);
/* Forget certificates that have ended; then keep those of an answer to CALL_KEYS: each is sealed
 * under the APIv3 key, and the answer is signed by one in the ring or, while the ring is empty, by
 * one of its own. Returns how many it has, -1 when it was not proven. */
int wx3_take_keys(wx3_t *self, const moment_t *moment, const provider_bytes_t *bytes);
/* Free keys. */
void wx3_end(wx3_t *self);

/* The signed values a page inside WeChat hands to the browser, as JSON. */
bool wx3_page(const wx3_t *self, const char *prepay_id, const moment_t *moment, out_t *to);
/* Is the signature of an answer or notification good? VERDICT_GOOD, or why not. */
verdict_t wx3_verify(const wx3_t *self, const moment_t *moment, const provider_bytes_t *bytes);
#endif
