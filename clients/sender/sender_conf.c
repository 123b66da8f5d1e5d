/* sender_conf - see sender_conf.h for the contract. */
#include "clients/sender/sender_conf.h"
#include "clients/fetch.h"
#include "clients/sender/message.h"

static const zpl_key_t sender_conf_keys[SENDER_CONF_KEYS] = {
#define K(id, path_, type_, standard_, min_, max_, help_)                                          \
    { .path = (path_),                                                                             \
      .type = ZPL_##type_,                                                                         \
      .standard = (standard_),                                                                     \
      .min = (min_),                                                                               \
      .max = (max_),                                                                               \
      .help = (help_) },
    SENDER_CONF_TABLE(K)
#undef K
};

static const char *
sender_conf_wrong(const zpl_t *self, size_t key)
{
    const char *text = self->text[key], *url = self->text[SENDER_CONF_webhook_url];
    switch ((int)key) {
    case SENDER_CONF_message_code:
        return message_words_good(text) ? NULL : "{code} stands once in what is UTF-8";
    case SENDER_CONF_webhook_url:
        return !*text || fetch_url_good(text)
                   ? NULL
                   : "https://..., or http:// to loopback: codes would travel in the open";
    case SENDER_CONF_webhook_secret:
        return !*text == !*url ? NULL : "webhook/url and webhook/secret belong together";
    default:
        return NULL;
    }
}

void
sender_conf_defaults(zpl_t *self)
{
    self->keys = sender_conf_keys;
    self->count = SENDER_CONF_KEYS;
    self->wrong = sender_conf_wrong;
    zpl_defaults(self);
}
