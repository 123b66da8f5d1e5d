/* conf - see conf.h for the contract. */
#include "actors/conf.h"
#include "actors/box.h"
#include "broker/operation.h"
#include <czmq.h>

static const zpl_key_t conf_keys[CONF_KEYS] = {
#define K(id, path_, type_, standard_, min_, max_, help_)                                          \
    { .path = (path_),                                                                             \
      .type = ZPL_##type_,                                                                         \
      .standard = (standard_),                                                                     \
      .min = (min_),                                                                               \
      .max = (max_),                                                                               \
      .help = (help_) },
    CONF_TABLE(K)
#undef K
};

/* Without keys nothing but this machine may reach an endpoint. */
static bool
conf_local(const char *endpoints)
{
    static const char *const local[] = { "ipc://",           "inproc://",    "tcp://127.",
                                         "tcp://localhost:", "tcp://[::1]:", NULL };
    return zpl_words_begin(endpoints, local);
}

uint8_t
conf_providers(const char *words)
{
    char copy[ZPL_TEXT_MAX];
    uint8_t mask = 0;
    snprintf(copy, sizeof copy, "%s", words);
    char *rest = copy;
    for (const char *word; (word = zpl_word(&rest));) {
        uint8_t provider = PROVIDER_NONE + 1;
        while (provider < PROVIDERS && !streq(word, box_provider_name(provider)))
            provider++;
        if (provider == PROVIDERS)
            return 0;
        mask |= (uint8_t)(1 << provider);
    }
    return mask;
}

static const char *
conf_wrong(const zpl_t *self, size_t key)
{
    const char *text = self->text[key];
    switch ((int)key) {
    case CONF_broker_clients:
    case CONF_broker_bridges:
    case CONF_broker_senders:
    case CONF_broker_cashiers:
    case CONF_broker_events:
        return conf_local(text) ? NULL
                                : "keyless, so it must be loopback or ipc; secure_clients and "
                                  "secure_events are for other machines";
    case CONF_broker_role:
        return role_named(text) & (ROLES_KEYS & ~(uint32_t)ROLE_ACTOR) ? NULL : "no such role";
    case CONF_broker_secure_events:
        return !*text == !*self->text[CONF_broker_secure_clients]
                   ? NULL
                   : "secure_clients and secure_events belong together";
    case CONF_store_journal:
        return streq(text, "archive") || streq(text, "drop") ? NULL : "archive or drop";
    case CONF_sale_providers:
        return conf_providers(text) ? NULL : "of sandbox, wxpay, wxpay2 and alipay";
    case CONF_sale_ceiling_ms:
        return self->number[key] >= self->number[CONF_sale_lock_ms] ? NULL : "below sale/lock_ms";
    default:
        return NULL;
    }
}

void
conf_defaults(zpl_t *self)
{
    self->keys = conf_keys;
    self->count = CONF_KEYS;
    self->wrong = conf_wrong;
    zpl_defaults(self);
}
