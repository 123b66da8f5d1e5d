/* cashier_conf - see cashier_conf.h for the contract. */
#include "clients/cashier/cashier_conf.h"
#include <string.h>

static const zpl_key_t cashier_conf_keys[CASHIER_CONF_KEYS] = {
#define K(id, path_, type_, standard_, min_, max_, help_)                                          \
    { .path = (path_),                                                                             \
      .type = ZPL_##type_,                                                                         \
      .standard = (standard_),                                                                     \
      .min = (min_),                                                                               \
      .max = (max_),                                                                               \
      .help = (help_) },
    CASHIER_CONF_TABLE(K)
#undef K
};

/* Key `key` is needed where the first one of its provider is set. */
static const struct {
    cashier_conf_key_t key, when;
} cashier_conf_needs[] = {
    { CASHIER_CONF_wxpay_mchid, CASHIER_CONF_wxpay_appid },
    { CASHIER_CONF_wxpay_serial, CASHIER_CONF_wxpay_appid },
    { CASHIER_CONF_wxpay_key, CASHIER_CONF_wxpay_appid },
    { CASHIER_CONF_wxpay_api_key, CASHIER_CONF_wxpay_appid },
    { CASHIER_CONF_wxpay_public_key_id, CASHIER_CONF_wxpay_public_key },
    { CASHIER_CONF_wxpay_notify_url, CASHIER_CONF_wxpay_appid },
    { CASHIER_CONF_wxpay2_mchid, CASHIER_CONF_wxpay2_appid },
    { CASHIER_CONF_wxpay2_api_key, CASHIER_CONF_wxpay2_appid },
    { CASHIER_CONF_wxpay2_notify_url, CASHIER_CONF_wxpay2_appid },
    { CASHIER_CONF_alipay_seller_id, CASHIER_CONF_alipay_app_id },
    { CASHIER_CONF_alipay_key, CASHIER_CONF_alipay_app_id },
    { CASHIER_CONF_alipay_notify_url, CASHIER_CONF_alipay_app_id },
    { CASHIER_CONF_alipay_certificate, CASHIER_CONF_alipay_app_certificate },
    { CASHIER_CONF_alipay_root_certificate, CASHIER_CONF_alipay_app_certificate },
};

static const char *
cashier_conf_wrong(const zpl_t *self, size_t key)
{
    static const char *const servers[] = { "https://", "http://127.",
                                           "http://localhost:", "http://[::1]:", NULL };
    static const char *const local[] = { "ipc://", "tcp://127.",
                                         "tcp://localhost:", "tcp://[::1]:", NULL };
    const char *text = self->text[key];
    for (size_t i = 0; i < sizeof cashier_conf_needs / sizeof cashier_conf_needs[0]; i++)
        if (cashier_conf_needs[i].key == key && !*text && *self->text[cashier_conf_needs[i].when])
            return "needed by its provider";
    switch ((int)key) {
    case CASHIER_CONF_wxpay_base:
    case CASHIER_CONF_wxpay2_base:
    case CASHIER_CONF_alipay_gateway:
        return zpl_words_begin(text, servers) ? NULL : "https://, or http:// on loopback";
    case CASHIER_CONF_desk_listen:
        return zpl_words_begin(text, local) ? NULL : "keyless, so it must be loopback or ipc";
    case CASHIER_CONF_wxpay2_sign:
        return strcmp(text, "MD5") == 0 || strcmp(text, "HMAC-SHA256") == 0 ? NULL
                                                                            : "HMAC-SHA256 or MD5";
    case CASHIER_CONF_alipay_public_key:
        return !*self->text[CASHIER_CONF_alipay_app_id] || *text ||
                       *self->text[CASHIER_CONF_alipay_app_certificate]
                   ? NULL
                   : "Alipay's public key, or certificates, are needed";
    case CASHIER_CONF_log_level:
        return strcmp(text, "debug") == 0 || strcmp(text, "info") == 0 || strcmp(text, "error") == 0
                   ? NULL
                   : "debug, info or error";
    default:
        return NULL;
    }
}

void
cashier_conf_defaults(zpl_t *self)
{
    self->keys = cashier_conf_keys;
    self->count = CASHIER_CONF_KEYS;
    self->wrong = cashier_conf_wrong;
    zpl_defaults(self);
}
