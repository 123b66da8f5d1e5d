/* cashier_conf - the configuration of marquee-cashier: one table of keys, see broker/zpl.h. */
#ifndef CASHIER_CONF_H
#define CASHIER_CONF_H
#include "broker/zpl.h"

#define CASHIER_CONF_TABLE(K)                                                                      \
    K(site_endpoint, "site/endpoint", TEXT, "tcp://127.0.0.1:5573", 1, 255,                        \
      "where marqueed takes cashiers")                                                             \
    K(site_key, "site/key", TEXT, "", 0, 400, "certificate of `marquee keys new`; none: no CURVE") \
    K(desk_listen, "desk/listen", TEXT, "tcp://127.0.0.1:5574", 1, 255,                            \
      "where bridges hand callbacks over: loopback or ipc")                                        \
    K(net_timeout_ms, "net/timeout_ms", NUMBER, "10000", 500, 60000, "for a call to a provider")   \
    K(net_calls, "net/calls", NUMBER, "64", 1, 1024, "calls under way")                            \
    K(net_authorities, "net/authorities", TEXT, "", 0, 400,                                        \
      "certificates in PEM that servers are trusted by; none: the system's")                       \
    K(log_audit, "log/audit", TEXT, "data/cashier/audit.log", 1, 400,                              \
      "a line for each call and callback")                                                         \
    K(log_level, "log/level", TEXT, "info", 1, 7, "debug, info or error")                          \
    K(wxpay_appid, "wxpay/appid", TEXT, "", 0, 32, "WeChat Pay, APIv3; none: not used")            \
    K(wxpay_mchid, "wxpay/mchid", TEXT, "", 0, 32, "merchant number")                              \
    K(wxpay_serial, "wxpay/serial", TEXT, "", 0, 64, "serial of the merchant's certificate")       \
    K(wxpay_key, "wxpay/key", TEXT, "", 0, 400, "file: the merchant's private key")                \
    K(wxpay_api_key, "wxpay/api_key", TEXT, "", 0, 400, "file: the APIv3 key, 32 characters")      \
    K(wxpay_public_key, "wxpay/public_key", TEXT, "", 0, 400,                                      \
      "file: WeChat Pay's public key; none: platform certificates are fetched")                    \
    K(wxpay_public_key_id, "wxpay/public_key_id", TEXT, "", 0, 64, "its id, PUB_KEY_ID_...")       \
    K(wxpay_notify_url, "wxpay/notify_url", TEXT, "", 0, 255, "https://.../api/wxpay/notify")      \
    K(wxpay_base, "wxpay/base", TEXT, "https://api.mch.weixin.qq.com", 8, 120, "its server")       \
    K(wxpay2_appid, "wxpay2/appid", TEXT, "", 0, 32, "WeChat Pay, APIv2; none: not used")          \
    K(wxpay2_mchid, "wxpay2/mchid", TEXT, "", 0, 32, "merchant number")                            \
    K(wxpay2_api_key, "wxpay2/api_key", TEXT, "", 0, 400, "file: the APIv2 key, 32 characters")    \
    K(wxpay2_sign, "wxpay2/sign", TEXT, "HMAC-SHA256", 1, 11, "HMAC-SHA256 or MD5")                \
    K(wxpay2_certificate, "wxpay2/certificate", TEXT, "", 0, 400,                                  \
      "file: the merchant's certificate in PEM, for refunds")                                      \
    K(wxpay2_certificate_key, "wxpay2/certificate_key", TEXT, "", 0, 400, "file: its private key") \
    K(wxpay2_address, "wxpay2/address", TEXT, "127.0.0.1", 1, 45, "this server's IP address")      \
    K(wxpay2_notify_url, "wxpay2/notify_url", TEXT, "", 0, 255, "https://.../api/wxpay/notify")    \
    K(wxpay2_base, "wxpay2/base", TEXT, "https://api.mch.weixin.qq.com", 8, 120, "its server")     \
    K(alipay_app_id, "alipay/app_id", TEXT, "", 0, 32, "Alipay; none: not used")                   \
    K(alipay_seller_id, "alipay/seller_id", TEXT, "", 0, 32, "2088..., who is paid")               \
    K(alipay_key, "alipay/key", TEXT, "", 0, 400, "file: the application's private key")           \
    K(alipay_public_key, "alipay/public_key", TEXT, "", 0, 400,                                    \
      "file: Alipay's public key; none: certificates")                                             \
    K(alipay_app_certificate, "alipay/app_certificate", TEXT, "", 0, 400,                          \
      "file: the application's certificate")                                                       \
    K(alipay_certificate, "alipay/certificate", TEXT, "", 0, 400, "file: Alipay's certificate")    \
    K(alipay_root_certificate, "alipay/root_certificate", TEXT, "", 0, 400,                        \
      "file: Alipay's root certificates")                                                          \
    K(alipay_notify_url, "alipay/notify_url", TEXT, "", 0, 255, "https://.../api/alipay/notify")   \
    K(alipay_return_url, "alipay/return_url", TEXT, "", 0, 255, "where page payments come back")   \
    K(alipay_gateway, "alipay/gateway", TEXT, "https://openapi.alipay.com/gateway.do", 8, 120,     \
      "its server")

typedef enum {
#define K(id, path, type, standard, min, max, help) CASHIER_CONF_##id,
    CASHIER_CONF_TABLE(K)
#undef K
        CASHIER_CONF_KEYS
} cashier_conf_key_t;
_Static_assert((int)CASHIER_CONF_KEYS <= (int)ZPL_KEYS_MAX, "keys fit");

/* Every key at its default. */
void cashier_conf_defaults(zpl_t *self);
#endif
