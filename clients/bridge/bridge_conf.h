/* bridge_conf - the configuration of marquee-bridge: one table of keys, see broker/zpl.h. */
#ifndef BRIDGE_CONF_H
#define BRIDGE_CONF_H
#include "broker/zpl.h"

#define BRIDGE_CONF_TABLE(K)                                                                       \
    K(site_endpoint, "site/endpoint", TEXT, "tcp://127.0.0.1:5572", 1, 255,                        \
      "where marqueed takes bridges")                                                              \
    K(site_events, "site/events", TEXT, "tcp://127.0.0.1:5571", 1, 255, "where it publishes")      \
    K(site_key, "site/key", TEXT, "", 0, 400, "certificate of `marquee keys new`; none: no CURVE") \
    K(site_in_flight, "site/in_flight", NUMBER, "8192", 16, 65536,                                 \
      "commands that wait for answers")                                                            \
    K(http_listen, "http/listen", TEXT, "127.0.0.1:8080", 0, 400, "plain HTTP, ADDRESS:PORT each") \
    K(http_anywhere, "http/anywhere", NUMBER, "0", 0, 1, "1: plain HTTP beyond loopback is meant") \
    K(http_tls_listen, "http/tls_listen", TEXT, "", 0, 400, "HTTPS, ADDRESS:PORT each")            \
    K(http_certificate, "http/certificate", TEXT, "", 0, 400,                                      \
      "chain in PEM; read again on SIGHUP")                                                        \
    K(http_private_key, "http/private_key", TEXT, "", 0, 400, "its key in PEM")                    \
    K(http_ocsp, "http/ocsp", TEXT, "", 0, 400, "stapled OCSP response in DER; none: not stapled") \
    K(http_files, "http/files", TEXT, "", 0, 400, "folder of static pages; none: no pages")        \
    K(http_origins, "http/origins", TEXT, "", 0, 500, "other origins whose pages may call (CORS)") \
    K(http_proxies, "http/proxies", TEXT, "", 0, 500,                                              \
      "addresses whose X-Forwarded-For is believed")                                               \
    K(limits_connections, "limits/connections", NUMBER, "20000", 16, 200000, "in all")             \
    K(limits_per_address, "limits/per_address", NUMBER, "2048", 1, 200000,                         \
      "connections of one address")                                                                \
    K(limits_body_kb, "limits/body_kb", NUMBER, "64", 1, 1024, "largest request body")             \
    K(limits_head_ms, "limits/head_ms", NUMBER, "10000", 100, 600000, "for a request's head")      \
    K(limits_body_ms, "limits/body_ms", NUMBER, "20000", 100, 600000, "for a request's body")      \
    K(limits_idle_ms, "limits/idle_ms", NUMBER, "75000", 100, 3600000, "between two requests")     \
    K(limits_write_ms, "limits/write_ms", NUMBER, "20000", 100, 600000,                            \
      "for a reader to take what waits")                                                           \
    K(limits_read_rate, "limits/read_rate", NUMBER, "1000", 1, 1000000,                            \
      "reads a second of one address")                                                             \
    K(limits_sale_rate, "limits/sale_rate", NUMBER, "400", 1, 1000000,                             \
      "sale calls a second of one address")                                                        \
    K(limits_enter_rate, "limits/enter_rate", NUMBER, "50", 1, 1000000,                            \
      "new sessions a second of one address")                                                      \
    K(limits_user_rate, "limits/user_rate", NUMBER, "10", 1, 1000000,                              \
      "sale calls a second of one buyer")                                                          \
    K(live_tick_ms, "live/tick_ms", NUMBER, "25", 1, 1000,                                         \
      "changes are gathered so long before a push")                                                \
    K(live_lag_kb, "live/lag_kb", NUMBER, "64", 4, 4096, "a reader further behind is cut")         \
    K(live_uring, "live/uring", NUMBER, "1", 0, 1,                                                 \
      "push to many sockets with one system call, where the kernel lets us")                       \
    K(live_halls, "live/halls", NUMBER, "4096", 16, 1000000, "showtimes whose seats are kept")     \
    K(session_directory, "session/directory", TEXT, "data/bridge", 1, 200,                         \
      "keys, kiosks, staff, audit")                                                                \
    K(session_hours, "session/hours", NUMBER, "24", 1, 720, "how long a guest's session lasts")    \
    K(session_issuer, "session/issuer", TEXT, "marquee", 1, 60, "iss of tokens")                   \
    K(log_level, "log/level", TEXT, "info", 1, 7, "debug, info or error")                          \
    K(log_sample, "log/sample", NUMBER, "100", 1, 1000000,                                         \
      "at info one request in so many is told of")

typedef enum {
#define K(id, path, type, standard, min, max, help) BRIDGE_CONF_##id,
    BRIDGE_CONF_TABLE(K)
#undef K
        BRIDGE_CONF_KEYS
} bridge_conf_key_t;
_Static_assert((int)BRIDGE_CONF_KEYS <= (int)ZPL_KEYS_MAX, "keys fit");

/* Every key at its default. */
void bridge_conf_defaults(zpl_t *self);
#endif
