/* bridge - the inside of marquee-bridge: what its sources share.
 *
 * The bridge holds no truth. A request becomes a command and the answer a response; what it keeps
 * (the seats of showtimes that are looked at, counters, buckets) it can lose at any moment. One
 * thread, one loop: requests of one turn are sent at its end as one message a partition.
 *
 *     edge (HTTP, TLS, WebSocket) -> serve -> guard, routes -> a handler -> ask -> the broker
 *                                                  answer <- the reply  <-
 *     events of the broker -> hall -> live -> edge */
#ifndef BRIDGE_H
#define BRIDGE_H
#include "broker/operation.h"
#include "broker/status.h"
#include "clients/bridge/bridge_conf.h"
#include "clients/bridge/edge.h"
#include "clients/bridge/kiosk.h"
#include "clients/bridge/limit.h"
#include "clients/bridge/revoked.h"
#include "clients/bridge/route.h"
#include "clients/bridge/staff.h"
#include "clients/bridge/token.h"
#include "clients/marquee.h"
#include <jansson.h>
#include <sys/types.h>

typedef struct bridge bridge_t;
typedef struct call call_t;
typedef struct halls halls_t;
typedef struct files files_t;
typedef struct list list_t;
typedef struct revoked_live revoked_live_t;

enum {
    BRIDGE_REQUEST_ID_MAX = 36,
    BRIDGE_ETAG_MAX = 48,
    BRIDGE_TRACE_SIZE = 26,
    BRIDGE_STAFF_MAX = STAFF_NAME_MAX,
    BRIDGE_WORD_MAX = 64,
    BRIDGE_PROGRAM_MAX = 1023,
    BRIDGE_CALLS_FREE = 1024,
    BRIDGE_READ_MS = 3000,   /* how long a read may take */
    BRIDGE_WRITE_MS = 10000, /* how long a write may take */

};

typedef enum { IDENTITY_NONE, IDENTITY_BUYER, IDENTITY_STAFF, IDENTITY_KIOSK } identity_kind_t;

/* Who calls, as far as was proved. */
typedef struct {
    identity_kind_t kind;
    token_role_t role;
    uint64_t user;
    bool cookie;                      /* proved by a cookie, so that CSRF is possible */
    bool key;                         /* proved by a key of staff */
    token_session_t session;          /* of the cookie */
    token_cinemas_t cinemas;          /* of a cinema_admin */
    char staff[BRIDGE_STAFF_MAX + 1]; /* of staff and cinema_admins; of a kiosk its name */
} identity_t;

/* A request that is being answered. */
struct call {
    bridge_t *bridge;
    conn_t *conn; /* NULL: the client has gone */
    const route_t *route;
    call_t *next;           /* in whatever list it waits, or is free */
    call_t *before, *after; /* of all that are under way */
    void (*done)(call_t *self, const marquee_reply_t *reply);
    identity_t identity;
    address_t address;
    uint64_t key, since;
    int64_t began_us;
    uint16_t format; /* the handler's own */
    uint8_t method, trace[BRIDGE_TRACE_SIZE];
    bool to_end; /* its end is heard though the client has gone */
    bool traced, once, gzip, has_since, fresh_cookie, stale, websocket, cors;
    uint8_t once_key[16], nonce[16]; /* nonce: of a kiosk's signed request */
    int64_t signed_ms;               /* when that was made, 0: there is none */
    char accept[WS_ACCEPT_ROOM];     /* of a WebSocket's handshake */
    char request_id[BRIDGE_REQUEST_ID_MAX + 1];
    char etag[BRIDGE_ETAG_MAX + 1]; /* of If-None-Match, "" when there is none */
    char word[BRIDGE_WORD_MAX + 1]; /* the handler's own: an order, a ticket, a kiosk */
    char origin[BRIDGE_WORD_MAX + 1];
};

enum { BRIDGE_SITE_KEYS = 4, BRIDGE_BUCKETS = 14, METRICS_PARTITIONS_MAX = 64 };
typedef struct {
    uint64_t count, sum_us, buckets[BRIDGE_BUCKETS];
    uint64_t by_class[6]; /* of status / 100 */
} route_figures_t;

typedef struct {
    uint64_t turns, turn_calls, turn_calls_max; /* how many commands went out together */
    uint64_t pushes, push_bytes, cut_lagging, sockets, streams;
    uint64_t limited, csrf_refused, unauthorized, unavailable, kiosk_refused;
} bridge_figures_t;

struct bridge {
    zpl_t conf;
    struct event_base *base;
    edge_t *edge;
    marquee_t *marquee, *cashier; /* the cashier takes callbacks of providers; NULL: none */
    struct event *answers, *turn, *clock, *signals[5];
    struct event *cashier_answers, *cashier_turn, *cashier_clock;
    halls_t *halls;
    files_t *files;
    list_t *list;
    token_ring_t ring;
    kiosk_ring_t *kiosks;
    staff_ring_t *staff;
    revoked_list_t *revoked;
    revoked_live_t *revoked_live;
    limit_t *by_address[LANES], *by_user;
    call_t *free_calls, *under_way;
    uint32_t free_count, calls;
    int audit;           /* descriptor */
    bool audit_unsynced; /* lines were written since the last sync */
    uint64_t turn_calls, request_number;
    uint8_t secret[16]; /* of this process: hash keys */
    int64_t now_ms;     /* wall clock, at the last turn */
    bool turn_due, stopping, greeting;
    uint64_t ticks;                               /* of the clock */
    int64_t drain_ms;                             /* when the rest is cut, on the monotonic clock */
    char **argv, program[BRIDGE_PROGRAM_MAX + 1]; /* what to start anew */
    pid_t heir_pid;
    struct event *heir; /* the next process is starting */
    void (*heir_done)(bridge_t *self, bool good);
    bool connected; /* to a broker that knows us, as of the last turn */
    bridge_figures_t figures;
    route_figures_t routes[ROUTES];
    uint64_t refusals[256]; /* by status of the trade */
    char date[HTTP_DATE_ROOM];
    int64_t date_s;
    int log_level;
    uint8_t site_keys[BRIDGE_SITE_KEYS][32]; /* public, of passes */
    uint32_t site_key_count;
    json_t *looks[METRICS_PARTITIONS_MAX + 1]; /* the broker's status, then partitions' */
};

/* serve.c: what the edge hands over. */
extern const edge_handlers_t serve_handlers;
/* A call is over. */
void serve_release(call_t *call);
/* Forget all calls, be they over or not: nothing will answer them any more. */
void serve_forget(bridge_t *self);
/* A call that nobody asked for over HTTP: the connection's owner stays who it is. NULL: no memory.
 */
call_t *serve_background(bridge_t *self, conn_t *conn);
int64_t bridge_clock_us(void);
/* Random bytes for names and tokens. */
void bridge_random(void *to, size_t size);

/* route handlers, named by the table */
typedef void route_handler_fn(call_t *call, const http_request_t *request, const path_t *path,
                              http_text_t body);
extern route_handler_fn *const route_handlers[ROUTES];

/* kiosk_api.c: is a request signed in its X-Kiosk fields? 0, or -1 after having answered. */
int kiosk_admit(call_t *call, const http_request_t *request, http_text_t body);
/* Read the file of kiosks again; a bad one leaves the old ring. 0, or -1 with the reason. */
int kiosk_load(bridge_t *self, char *error, size_t room);
/* guard.c: who calls, and may they? 0, or it has answered with a problem. */
int guard_admit(call_t *call, const http_request_t *request, http_text_t body);
void guard_address(call_t *call, const http_request_t *request);
/* The number under which a member of staff buys at the desk. */
uint64_t guard_desk_user(const char *name);
/* Does it come from a page of an origin that is listed? Then it may read the answer. */
void guard_origin(call_t *call, const http_request_t *request);
/* metrics.c */
void metrics_count(call_t *call, uint16_t status);
/* log.c */
void log_request(const call_t *call, uint16_t status, int64_t took_us);
void log_say(const bridge_t *bridge, const char *level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
#endif
