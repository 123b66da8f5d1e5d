/* till - see till.h for the contract. */
#include "clients/cashier/till.h"
#include "clients/cashier/cashier_conf.h"
#include <assert.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>

enum { TILL_FILE_MAX = 64 * 1024 };

typedef struct {
    const zpl_t *conf;
    char *error;
    size_t room;
    bool wrong;
} till_reader_t;

static void
till_fail(till_reader_t *reader, const char *what, const char *why)
{
    if (!reader->wrong)
        snprintf(reader->error, reader->room, "%.200s: %s", what, why);
    reader->wrong = true;
}

/* A file of the configuration, the caller's to wipe and free; NULL: none is named, or it failed. */
static char *
till_file(till_reader_t *reader, cashier_conf_key_t key, size_t *size)
{
    const char *path = reader->conf->text[key];
    if (!*path)
        return NULL;
    FILE *file = fopen(path, "rb");
    char *bytes = file ? malloc(TILL_FILE_MAX + 1) : NULL;
    *size = bytes ? fread(bytes, 1, TILL_FILE_MAX + 1, file) : 0;
    if (!bytes)
        till_fail(reader, path, strerror(errno));
    else if (*size == 0 || *size > TILL_FILE_MAX) {
        till_fail(reader, path, "empty, or too large");
        free(bytes);
        bytes = NULL;
    }
    if (file)
        fclose(file);
    return bytes;
}

static void
till_forget(char *bytes, size_t size)
{
    if (bytes)
        OPENSSL_cleanse(bytes, size);
    free(bytes);
}

static EVP_PKEY *
till_key(till_reader_t *reader, cashier_conf_key_t key, EVP_PKEY *read(text_t text))
{
    size_t size;
    char *bytes = till_file(reader, key, &size);
    EVP_PKEY *found = bytes ? read((text_t){ bytes, size }) : NULL;
    if (bytes && !found)
        till_fail(reader, reader->conf->text[key], "not an RSA key of 2048 bits or more");
    till_forget(bytes, size);
    return found;
}

/* 32 characters, blanks around them apart. */
static void
till_secret(till_reader_t *reader, cashier_conf_key_t key, void *to)
{
    size_t size, begin = 0;
    char *bytes = till_file(reader, key, &size);
    size_t end = bytes ? size : 0;
    while (begin < end && strchr(" \t\r\n", bytes[begin]))
        begin++;
    while (end > begin && strchr(" \t\r\n", bytes[end - 1]))
        end--;
    if (bytes && end - begin == 32)
        memcpy(to, bytes + begin, 32);
    else if (bytes)
        till_fail(reader, reader->conf->text[key], "not a key of 32 characters");
    till_forget(bytes, size);
}

static void
till_text(const zpl_t *conf, cashier_conf_key_t key, char *to, size_t room)
{
    bool fits = text_copy(text_of(conf->text[key]), to, room);
    assert(fits); /* by the bounds of the table */
    (void)fits;
}

static void
till_wx3(till_t *self, till_reader_t *reader)
{
    wx3_t *wx3 = &self->wx3;
    const zpl_t *conf = reader->conf;
    till_text(conf, CASHIER_CONF_wxpay_appid, wx3->appid, sizeof wx3->appid);
    till_text(conf, CASHIER_CONF_wxpay_mchid, wx3->mchid, sizeof wx3->mchid);
    till_text(conf, CASHIER_CONF_wxpay_serial, wx3->serial, sizeof wx3->serial);
    till_text(conf, CASHIER_CONF_wxpay_notify_url, wx3->notify_url, sizeof wx3->notify_url);
    till_text(conf, CASHIER_CONF_wxpay_base, wx3->base, sizeof wx3->base);
    till_secret(reader, CASHIER_CONF_wxpay_api_key, wx3->api_key);
    wx3->key = till_key(reader, CASHIER_CONF_wxpay_key, seal_private_key);
    EVP_PKEY *public = till_key(reader, CASHIER_CONF_wxpay_public_key, seal_public_key);
    if (public)
        wx3_keep_key(wx3, conf->text[CASHIER_CONF_wxpay_public_key_id], public, 0, INT64_MAX);
    self->fetches = !public;
    self->has_wx3 = true;
}

static void
till_wx2(till_t *self, till_reader_t *reader)
{
    wx2_t *wx2 = &self->wx2;
    const zpl_t *conf = reader->conf;
    till_text(conf, CASHIER_CONF_wxpay2_appid, wx2->appid, sizeof wx2->appid);
    till_text(conf, CASHIER_CONF_wxpay2_mchid, wx2->mchid, sizeof wx2->mchid);
    till_text(conf, CASHIER_CONF_wxpay2_notify_url, wx2->notify_url, sizeof wx2->notify_url);
    till_text(conf, CASHIER_CONF_wxpay2_base, wx2->base, sizeof wx2->base);
    till_text(conf, CASHIER_CONF_wxpay2_address, wx2->address, sizeof wx2->address);
    till_secret(reader, CASHIER_CONF_wxpay2_api_key, wx2->key);
    wx2->hmac = strcmp(conf->text[CASHIER_CONF_wxpay2_sign], "MD5") != 0;
    self->has_wx2 = true;
}

static X509 *
till_certificate(till_reader_t *reader, cashier_conf_key_t key)
{
    size_t size;
    char *bytes = till_file(reader, key, &size);
    X509 *certificate = bytes ? seal_certificate((text_t){ bytes, size }) : NULL;
    if (bytes && !certificate)
        till_fail(reader, reader->conf->text[key], "not a certificate");
    free(bytes);
    return certificate;
}

static void
till_ali_certificates(till_t *self, till_reader_t *reader)
{
    ali_t *ali = &self->ali;
    size_t size;
    X509 *app = till_certificate(reader, CASHIER_CONF_alipay_app_certificate);
    X509 *theirs = till_certificate(reader, CASHIER_CONF_alipay_certificate);
    char *roots = till_file(reader, CASHIER_CONF_alipay_root_certificate, &size);
    if (app && theirs && roots) {
        ali->alipay_key = seal_certificate_key(theirs);
        if (!ali->alipay_key || !seal_alipay_sn(app, ali->app_cert_sn) ||
            !seal_alipay_sn(theirs, ali->alipay_cert_sn) ||
            !seal_alipay_root_sn((text_t){ roots, size }, ali->root_cert_sn))
            till_fail(reader, "alipay", "the certificates are of no use");
    }
    free(roots);
    X509_free(app);
    X509_free(theirs);
}

static void
till_ali(till_t *self, till_reader_t *reader)
{
    ali_t *ali = &self->ali;
    const zpl_t *conf = reader->conf;
    till_text(conf, CASHIER_CONF_alipay_app_id, ali->app_id, sizeof ali->app_id);
    till_text(conf, CASHIER_CONF_alipay_seller_id, ali->seller_id, sizeof ali->seller_id);
    till_text(conf, CASHIER_CONF_alipay_notify_url, ali->notify_url, sizeof ali->notify_url);
    till_text(conf, CASHIER_CONF_alipay_return_url, ali->return_url, sizeof ali->return_url);
    till_text(conf, CASHIER_CONF_alipay_gateway, ali->gateway, sizeof ali->gateway);
    ali->key = till_key(reader, CASHIER_CONF_alipay_key, seal_private_key);
    if (*conf->text[CASHIER_CONF_alipay_app_certificate])
        till_ali_certificates(self, reader);
    else
        ali->alipay_key = till_key(reader, CASHIER_CONF_alipay_public_key, seal_public_key);
    self->has_ali = true;
}

int
till_open(till_t *self, const zpl_t *conf, char *error, size_t room)
{
    till_reader_t reader = { .conf = conf, .error = error, .room = room };
    memset(self, 0, sizeof *self);
    if (*conf->text[CASHIER_CONF_wxpay_appid])
        till_wx3(self, &reader);
    if (*conf->text[CASHIER_CONF_wxpay2_appid])
        till_wx2(self, &reader);
    if (*conf->text[CASHIER_CONF_alipay_app_id])
        till_ali(self, &reader);
    if (!self->has_wx3 && !self->has_wx2 && !self->has_ali)
        till_fail(&reader, "no provider", "wxpay/appid, wxpay2/appid or alipay/app_id is wanted");
    return reader.wrong ? -1 : 0;
}

void
till_close(till_t *self)
{
    wx3_end(&self->wx3);
    ali_end(&self->ali);
    OPENSSL_cleanse(self, sizeof *self);
}

till_place_t
till_find(const till_t *self, const char *provider)
{
    if (self->has_wx3 && strcmp(provider, wx3_driver.name) == 0)
        return (till_place_t){ &wx3_driver, &self->wx3 };
    if (self->has_wx2 && strcmp(provider, wx2_driver.name) == 0)
        return (till_place_t){ &wx2_driver, &self->wx2 };
    if (self->has_ali && strcmp(provider, ali_driver.name) == 0)
        return (till_place_t){ &ali_driver, &self->ali };
    return (till_place_t){ NULL, NULL };
}

till_place_t
till_route(const till_t *self, const char *route, text_t head)
{
    text_t unused;
    if (strcmp(route, "wxpay") == 0 && provider_header(head, "Wechatpay-Signature", &unused) == 0)
        return till_find(self, wx2_driver.name);
    return till_find(self, route);
}
