/* conf - the configuration of marqueed: one table of keys, see broker/zpl.h. */
#ifndef CONF_H
#define CONF_H
#include "broker/zpl.h"

/* K(id, path, type, default, min, max, help). Numbers' bounds; a text's bound is its bytes. */
#define CONF_TABLE(K)                                                                              \
    K(site_directory, "site/directory", TEXT, "data", 1, 200, "where journal and state live")      \
    K(site_partitions, "site/partitions", NUMBER, "1", 1, 1024, "fixed when the site is made")     \
    K(site_programmes, "site/programmes", NUMBER, "1", 1, 1024, "the same, for the programme")     \
    K(site_members, "site/members", NUMBER, "1", 1, 1024, "the same, for the members")             \
    K(site_actors, "site/actors", NUMBER, "0", 0, 256, "threads; 0: as fits the processor")        \
    K(broker_clients, "broker/clients", TEXT, "tcp://127.0.0.1:5570", 1, 400,                      \
      "keyless endpoints: loopback or ipc")                                                        \
    K(broker_bridges, "broker/bridges", TEXT, "tcp://127.0.0.1:5572", 0, 400,                      \
      "keyless endpoints of role bridge")                                                          \
    K(broker_senders, "broker/senders", TEXT, "", 0, 400, "keyless endpoints of role sender")      \
    K(broker_cashiers, "broker/cashiers", TEXT, "", 0, 400, "keyless endpoints of role cashier")   \
    K(broker_events, "broker/events", TEXT, "tcp://127.0.0.1:5571", 1, 400, "events, keyless")     \
    K(broker_secure_clients, "broker/secure_clients", TEXT, "", 0, 400, "endpoints with CURVE")    \
    K(broker_secure_events, "broker/secure_events", TEXT, "", 0, 400, "events with CURVE")         \
    K(broker_keys, "broker/keys", TEXT, "data/keys", 1, 200, "folder of certificates")             \
    K(broker_role, "broker/role", TEXT, "admin", 1, 15, "role of keyless clients")                 \
    K(broker_in_flight, "broker/in_flight", NUMBER, "16384", 1, 1000000,                           \
      "commands under way per partition")                                                          \
    K(broker_retry_ms, "broker/retry_ms", NUMBER, "20", 1, 60000, "told with BUSY")                \
    K(store_segment_mb, "store/segment_mb", NUMBER, "64", 1, 1024, "size of a journal segment")    \
    K(store_journal, "store/journal", TEXT, "archive", 1, 15, "archive or drop old segments")      \
    K(store_checkpoint_ms, "store/checkpoint_ms", NUMBER, "1000", 10, 600000,                      \
      "between checkpoints")                                                                       \
    K(store_cache_mb, "store/cache_mb", NUMBER, "256", 1, 1048576, "clean records kept in memory") \
    K(store_replies_mb, "store/replies_mb", NUMBER, "256", 1, 65536,                               \
      "bound of remembered replies")                                                               \
    K(member_time_zone, "member/time_zone", TEXT, "Asia/Shanghai", 1, 31,                          \
      "IANA zone of a member's days")                                                              \
    K(sale_cap, "sale/cap", NUMBER, "6", 1, 16, "seats one member may hold locked")                \
    K(sale_lock_ms, "sale/lock_ms", NUMBER, "900000", 1000, 3600000, "how long a lock is held")    \
    K(sale_ceiling_ms, "sale/ceiling_ms", NUMBER, "1800000", 1000, 7200000, "longest extension")   \
    K(sale_gap_rule, "sale/gap_rule", NUMBER, "1", 0, 1, "refuse choices that leave a lone seat")  \
    K(sale_providers, "sale/providers", TEXT, "sandbox", 1, 60, "payment providers that are taken")

typedef enum {
#define K(id, path, type, standard, min, max, help) CONF_##id,
    CONF_TABLE(K)
#undef K
        CONF_KEYS
} conf_key_t;

_Static_assert((int)CONF_KEYS <= (int)ZPL_KEYS_MAX, "keys fit");

/* A bit for each payment provider among the words of sale/providers; 0: a word names none. */
uint8_t conf_providers(const char *words);
/* Every key at its default. */
void conf_defaults(zpl_t *self);
#endif
