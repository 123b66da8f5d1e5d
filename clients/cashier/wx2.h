/* wx2 - WeChat Pay, APIv2: XML, MD5 or HMAC-SHA256 under the merchant's key.
 *
 * Answers and notifications are expected to be signed the way our orders are: by `hmac`. */
#ifndef WX2_H
#define WX2_H
#include "clients/cashier/params.h"
#include "clients/cashier/provider.h"
#include "clients/cashier/seal.h"

enum { WX2_KEY = 32 };

typedef struct {
    char base[128]; /* https://api.mch.weixin.qq.com */
    char appid[33], mchid[33], notify_url[256];
    char key[WX2_KEY + 1];
    char address[46]; /* the server's own: native orders carry it */
    bool hmac;
} wx2_t;

extern const driver_t wx2_driver;

/* The signature over all params but `sign`, by the order's own type. False: they are too long. */
bool wx2_sign(const char *key, bool hmac, params_t *params, char to[SEAL_HEX_ROOM]);
/* The signed values a page inside WeChat hands to the browser, as JSON. */
bool wx2_page(const wx2_t *self, const char *prepay_id, const moment_t *moment, out_t *to);
#endif
