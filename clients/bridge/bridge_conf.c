/* bridge_conf - see bridge_conf.h for the contract. */
#include "clients/bridge/bridge_conf.h"
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const zpl_key_t bridge_conf_keys[BRIDGE_CONF_KEYS] = {
#define K(id, path_, type_, standard_, min_, max_, help_)                                          \
    { .path = (path_),                                                                             \
      .type = ZPL_##type_,                                                                         \
      .standard = (standard_),                                                                     \
      .min = (min_),                                                                               \
      .max = (max_),                                                                               \
      .help = (help_) },
    BRIDGE_CONF_TABLE(K)
#undef K
};

static bool
bridge_conf_local(const char *addresses)
{
    static const char *const local[] = { "127.", "localhost:", "[::1]:", NULL };
    return zpl_words_begin(addresses, local);
}

static const char *
bridge_conf_wrong(const zpl_t *self, size_t key)
{
    const char *text = self->text[key];
    bool tls = *self->text[BRIDGE_CONF_http_tls_listen] != 0;
    switch ((int)key) {
    case BRIDGE_CONF_http_listen:
        if (!self->number[BRIDGE_CONF_http_anywhere] && !bridge_conf_local(text))
            return "plain HTTP is for loopback; http/tls_listen serves others, or http/anywhere = "
                   "1 "
                   "says that plain is meant";
        return *text || tls ? NULL : "nothing to listen at";
    case BRIDGE_CONF_http_certificate:
    case BRIDGE_CONF_http_private_key:
        return *text || !tls ? NULL : "needed by http/tls_listen";
    case BRIDGE_CONF_log_level:
        return strcmp(text, "debug") == 0 || strcmp(text, "info") == 0 || strcmp(text, "error") == 0
                   ? NULL
                   : "debug, info or error";
    default:
        return NULL;
    }
}

void
bridge_conf_defaults(zpl_t *self)
{
    self->keys = bridge_conf_keys;
    self->count = BRIDGE_CONF_KEYS;
    self->wrong = bridge_conf_wrong;
    zpl_defaults(self);
}
