/* sender_conf - the configuration of marquee-sender: one table of keys, see broker/zpl.h. */
#ifndef SENDER_CONF_H
#define SENDER_CONF_H
#include "broker/zpl.h"

#define SENDER_CONF_TABLE(K)                                                                       \
    K(site_endpoint, "site/endpoint", TEXT, "tcp://127.0.0.1:5573", 1, 255,                        \
      "where marqueed takes its sender")                                                           \
    K(site_key, "site/key", TEXT, "", 0, 400, "certificate of `marquee keys new`; none: no CURVE") \
    K(message_code, "message/code", TEXT,                                                          \
      "{code} is your Marquee code. It is good for 5 minutes.", 6, 300, "the words around a code") \
    K(message_open, "message/open", NUMBER, "4096", 1, 65536,                                      \
      "messages that are kept, to be sent or known again")                                         \
    K(file_path, "file/path", TEXT, "", 0, 400,                                                    \
      "where messages are written; none: to the console")                                          \
    K(webhook_url, "webhook/url", TEXT, "", 0, 400, "who delivers them; none: the file")           \
    K(webhook_secret, "webhook/secret", TEXT, "", 0, 400, "file of the secret that signs them")    \
    K(webhook_authorities, "webhook/authorities", TEXT, "", 0, 400,                                \
      "certificates to trust, in PEM; none: the system's")                                         \
    K(webhook_timeout_ms, "webhook/timeout_ms", NUMBER, "10000", 100, 60000, "for a whole call")   \
    K(webhook_in_flight, "webhook/in_flight", NUMBER, "32", 1, 1024, "calls at a time")

typedef enum {
#define K(id, path, type, standard, min, max, help) SENDER_CONF_##id,
    SENDER_CONF_TABLE(K)
#undef K
        SENDER_CONF_KEYS
} sender_conf_key_t;
_Static_assert((int)SENDER_CONF_KEYS <= (int)ZPL_KEYS_MAX, "keys fit");

/* Every key at its default. */
void sender_conf_defaults(zpl_t *self);
#endif
