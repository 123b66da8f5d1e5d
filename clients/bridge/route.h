/* route - the one table of what can be asked over HTTP.
 *
 * Dispatch, checks, limits, docs/http.md and GET /openapi.json come from it. Where a route names an
 * operation, its fields come from broker/operation.h: a parameter in braces or in `query` is the
 * field of that name, and the body may have the operation's other fields. */
#ifndef ROUTE_H
#define ROUTE_H
#include "broker/operation.h"
#include "clients/bridge/http.h"

/* Who may call. */
typedef enum {
    WHO_ANYONE, /* nothing is asked for */
    WHO_BUYER,  /* a session: cookie with CSRF token, or bearer token */
    WHO_STAFF,  /* a staff key */
    WHO_KIOSK,  /* signed by an enrolled kiosk, inside the body or query */
    WHO_GATE,   /* staff, or an enrolled kiosk by the X-Kiosk fields */
} who_t;

/* Whose bucket pays for it. */
typedef enum { LANE_FREE, LANE_READ, LANE_SALE, LANE_ENTER, LANES } lane_kind_t;

/* R(id, method, path, who, lane, operation, handler, query, body, success, summary). `operation` is
 * 0 where none is meant alone; `body` is "" for none, "*" for the operation's fields, or
 * "name:type" words with '!' behind what is required: types are text, number, flag, seats and
 * list. */
#define ROUTE_TABLE(R)                                                                             \
    R(HEALTH, GET, "/healthz", ANYONE, FREE, 0, health, "", "", 200, "The process runs")           \
    R(READY, GET, "/readyz", ANYONE, FREE, 0, ready, "", "", 200,                                  \
      "The process has the broker and every partition has its actor")                              \
    R(METRICS, GET, "/metrics", ANYONE, FREE, 0, metrics, "", "", 200, "Figures for Prometheus")   \
    R(OPENAPI, GET, "/openapi.json", ANYONE, READ, 0, openapi, "", "", 200, "This document")       \
    R(SESSION_GET, GET, "/api/session", ANYONE, ENTER, 0, session_get, "", "", 200,                \
      "Who I am; begins a guest session by cookie where there is none")                            \
    R(SESSION_POST, POST, "/api/session", ANYONE, ENTER, 0, session_post, "", "", 201,             \
      "A guest's bearer token, for programs")                                                      \
    R(SESSION_DELETE, DELETE, "/api/session", BUYER, READ, 0, session_delete, "", "", 204,         \
      "End the cookie session")                                                                    \
    R(CHECKOUT, GET, "/checkout", ANYONE, ENTER, 0, session_get, "", "", 200,                      \
      "The session's CSRF token, as integrators know it")                                          \
    R(SHOWTIMES, GET, "/api/showtimes", ANYONE, READ, 0, showtimes,                                \
      "from_ms until_ms date cinema movie format from limit", "", 200,                             \
      "Showtimes on sale by start; date is the day at the cinema, YYYY-MM-DD")                     \
    R(SHOWTIME, GET, "/api/showtimes/{showtime}", ANYONE, READ, OP_SHOWTIME_GET, showtime, "", "", \
      200, "One showtime: hall, times, zones and prices, counts")                                  \
    R(LAYOUT, GET, "/api/showtimes/{showtime}/layout", ANYONE, READ, 0, layout, "", "", 200,       \
      "Where each seat is, its kind and zone; never changes")                                      \
    R(SEATS, GET, "/api/showtimes/{showtime}/seats", ANYONE, READ, 0, seats, "format since", "",   \
      200, "The seat map; format=compact: a digit a seat, with since only what changed")           \
    R(SEATS_SSE, GET, "/api/showtimes/{showtime}/events", ANYONE, READ, 0, seats_stream, "since",  \
      "", 200, "Seat changes as server-sent events")                                               \
    R(SEATS_WS, GET, "/ws/showtimes/{showtime}", ANYONE, READ, 0, seats_stream, "since", "", 101,  \
      "Seat changes over a WebSocket")                                                             \
    R(LOCK, POST, "/api/showtimes/{showtime}/locks", BUYER, SALE, 0, lock, "",                     \
      "seats:seats count:number zone:text wheelchair:flag ttl_ms:number", 201,                     \
      "Lock these seats, all or none; or, with count, the best ones")                              \
    R(LOCK_TICKET, POST, "/api/tickets/{place}/lock", BUYER, SALE, 0, lock_place, "", "", 201,     \
      "Lock one seat, named SHOWTIME-SEAT")                                                        \
    R(LOCK_EXTEND, PATCH, "/api/showtimes/{showtime}/locks/{lock}", BUYER, SALE, OP_SEATS_EXTEND,  \
      operation, "", "*", 200, "Hold a lock longer, up to its ceiling")                            \
    R(LOCK_RELEASE, DELETE, "/api/showtimes/{showtime}/locks/{lock}", BUYER, SALE,                 \
      OP_SEATS_RELEASE, operation, "", "", 204, "Give locked seats back")                          \
    R(ORDER_CREATE, POST, "/api/showtimes/{showtime}/locks/{lock}/order", BUYER, SALE,             \
      OP_ORDER_CREATE, operation, "", "*", 201, "Make an order of a lock")                         \
    R(ORDER_GET, GET, "/api/orders/{order}", BUYER, READ, OP_ORDER_GET, operation, "", "", 200,    \
      "An order of one's own, its payment, refunds and tickets")                                   \
    R(ORDER_CANCEL, DELETE, "/api/orders/{order}", BUYER, SALE, OP_ORDER_CANCEL, operation, "",    \
      "", 200, "Cancel an unpaid order and free its seats")                                        \
    R(ORDER_ACCEPT, POST, "/api/orders/{order}/accept", BUYER, SALE, OP_ORDER_ACCEPT, operation,   \
      "", "*", 200, "Answer the offer of other seats after a late payment")                        \
    R(ORDER_SSE, GET, "/api/orders/{order}/events", BUYER, READ, 0, order_stream, "", "", 200,     \
      "How one's own order and its payment stand, as server-sent events")                          \
    R(ORDER_WS, GET, "/ws/orders/{order}", BUYER, READ, 0, order_stream, "", "", 101,              \
      "The same over a WebSocket")                                                                 \
    R(PAY, POST, "/api/pay", BUYER, SALE, OP_PAYMENT_BEGIN, pay, "", "order:text! provider:text",  \
      200, "Begin the payment of an order")                                                        \
    R(SANDBOX, POST, "/api/sandbox/pay", BUYER, SALE, OP_PAYMENT_SETTLE, sandbox, "",              \
      "order:text! code:text!", 200, "Pay as the built-in sandbox provider would")                 \
    R(ROOM_GET, GET, "/api/showtimes/{showtime}/room", ANYONE, READ, OP_QUEUE_GET, operation, "",  \
      "", 200, "The waiting room: settings, counts, commitment and, after the draw, the seed")     \
    R(ROOM_OPEN, PUT, "/api/showtimes/{showtime}/room", STAFF, SALE, OP_QUEUE_OPEN, operation, "", \
      "*", 200, "Open a waiting room, or change its settings")                                     \
    R(ROOM_CLOSE, DELETE, "/api/showtimes/{showtime}/room", STAFF, SALE, OP_QUEUE_CLOSE,           \
      operation, "", "", 204, "Close it: buyers go straight to the seats")                         \
    R(QUEUE_JOIN, POST, "/api/showtimes/{showtime}/queue", BUYER, SALE, OP_QUEUE_JOIN, queue_join, \
      "", "", 200, "Take a place in the waiting room, or hear again which one it is")              \
    R(QUEUE_LOOK, GET, "/api/showtimes/{showtime}/queue", BUYER, READ, OP_QUEUE_LOOK, operation,   \
      "", "", 200, "One's own place; inside, the pass for X-Queue-Pass")                           \
    R(QUEUE_LEAVE, DELETE, "/api/showtimes/{showtime}/queue", BUYER, SALE, OP_QUEUE_LEAVE,         \
      operation, "", "", 204, "Give the place, or the pass, back")                                 \
    R(QUEUE_SSE, GET, "/api/showtimes/{showtime}/queue/events", BUYER, READ, 0, queue_stream, "",  \
      "", 200, "One's own place as server-sent events")                                            \
    R(QUEUE_WS, GET, "/ws/showtimes/{showtime}/queue", BUYER, READ, 0, queue_stream, "", "", 101,  \
      "The same over a WebSocket")                                                                 \
    R(TICKET_KEYS, GET, "/api/tickets/keys", ANYONE, READ, 0, ticket_keys, "", "", 200,            \
      "Public keys that offline ticket payloads are signed under")                                 \
    R(TICKET_GET, GET, "/api/tickets/{ticket}", BUYER, READ, OP_TICKET_GET, operation, "offline",  \
      "", 200, "A ticket of one's own, with its token")                                            \
    R(TICKET_SVG, GET, "/api/tickets/{ticket}/qr.svg", BUYER, READ, OP_TICKET_GET, ticket_qr, "",  \
      "", 200, "Its QR code as SVG")                                                               \
    R(TICKET_PNG, GET, "/api/tickets/{ticket}/qr.png", BUYER, READ, OP_TICKET_GET, ticket_qr, "",  \
      "", 200, "Its QR code as PNG, 300 px")                                                       \
    R(KIOSK_REDEEM, POST, "/api/kiosk/redeem", KIOSK, SALE, OP_TICKET_REDEEM, kiosk_redeem, "",    \
      "qr_code_data:text! kiosk_id:text! timestamp:number! nonce:text! signature:text!", 200,      \
      "Let the holder of a ticket in, once")                                                       \
    R(KIOSK_WS, GET, "/ws/kiosk", KIOSK, READ, 0, kiosk_stream,                                    \
      "kiosk_id timestamp nonce signature", "", 101, "What staff tell a kiosk, over a WebSocket")  \
    R(PRINT, POST, "/api/tickets/{ticket}/print", GATE, SALE, OP_TICKET_PRINT, ticket_print, "",   \
      "*", 200, "Say how the printing of a ticket goes; a reprint is for staff")                   \
    R(REVOKED, GET, "/api/showtimes/{showtime}/revoked", GATE, READ, OP_TICKETS_REVOKED,           \
      operation, "since limit", "", 200, "Tickets that became void, for gates without a server")   \
    R(SEATS_BLOCK, POST, "/api/showtimes/{showtime}/blocks", STAFF, SALE, OP_SEATS_BLOCK,          \
      operation, "", "*", 204, "Take seats off sale")                                              \
    R(SEATS_UNBLOCK, POST, "/api/showtimes/{showtime}/unblocks", STAFF, SALE, OP_SEATS_UNBLOCK,    \
      operation, "", "*", 204, "Put blocked seats back on sale")                                   \
    R(ORDERS, GET, "/api/showtimes/{showtime}/orders", STAFF, READ, OP_ORDER_LIST, operation,      \
      "from limit", "", 200, "The orders of a showtime")                                           \
    R(REFUND, POST, "/api/orders/{order}/refunds", STAFF, SALE, OP_ORDER_REFUND, operation, "",    \
      "*", 200, "Void tickets and pay their price back")                                           \
    R(KIOSKS, GET, "/api/kiosks", STAFF, READ, 0, kiosk_list, "", "", 200, "Enrolled kiosks")      \
    R(KIOSK_ENROL, POST, "/api/kiosks", STAFF, SALE, 0, kiosk_enrol, "", "kiosk:text!", 201,       \
      "Enrol a kiosk; its key is in this answer and nowhere else")                                 \
    R(KIOSK_TELL, POST, "/api/kiosks/{kiosk}/commands", STAFF, SALE, 0, kiosk_tell, "",            \
      "command:text! text:text", 202, "Tell a kiosk something over its WebSocket")                 \
    R(KIOSK_REVOKE, DELETE, "/api/kiosks/{kiosk}", STAFF, SALE, 0, kiosk_revoke, "", "", 204,      \
      "Take a kiosk's key back")                                                                   \
    R(CINEMAS, GET, "/api/cinemas", ANYONE, READ, 0, cinemas, "", "", 200, "The cinemas")          \
    R(CINEMA, GET, "/api/cinemas/{cinema}", ANYONE, READ, OP_CINEMA_GET, operation, "", "", 200,   \
      "A cinema: name, time zone, opening hours, version")                                         \
    R(CINEMA_SET, PUT, "/api/cinemas/{cinema}", STAFF, SALE, OP_CINEMA_SET, cinema_set, "", "*",   \
      200, "Make a cinema, or say all of it again; without offsets those of its time zone")        \
    R(SCHEDULE_SSE, GET, "/api/cinemas/{cinema}/events", ANYONE, READ, 0, schedule_stream, "", "", \
      200, "The version of a cinema's programme with every change, as server-sent events")         \
    R(SCHEDULE_WS, GET, "/ws/schedule", ANYONE, READ, 0, schedule_stream, "cinema", "", 101,       \
      "The same over a WebSocket")                                                                 \
    R(MOVIES, GET, "/api/cinemas/{cinema}/movies", ANYONE, READ, OP_MOVIE_LIST, operation,         \
      "from limit", "", 200, "The films of a cinema")                                              \
    R(MOVIE, GET, "/api/cinemas/{cinema}/movies/{movie}", ANYONE, READ, OP_MOVIE_GET, operation,   \
      "", "", 200, "A film")                                                                       \
    R(MOVIE_SET, PUT, "/api/cinemas/{cinema}/movies/{movie}", STAFF, SALE, OP_MOVIE_SET,           \
      operation, "", "*", 200, "Make a film known, or say all of it again")                        \
    R(MOVIE_WITHDRAW, DELETE, "/api/cinemas/{cinema}/movies/{movie}", STAFF, SALE,                 \
      OP_MOVIE_WITHDRAW, operation, "", "", 200, "Take a film off the programme")                  \
    R(HALLS, GET, "/api/cinemas/{cinema}/halls", ANYONE, READ, OP_HALL_LIST, operation, "", "",    \
      200, "The halls of a cinema")                                                                \
    R(HALL, GET, "/api/cinemas/{cinema}/halls/{hall_number}", ANYONE, READ, OP_HALL_GET,           \
      operation, "version", "", 200, "A hall with its zones and rows")                             \
    R(HALL_SET, PUT, "/api/cinemas/{cinema}/halls/{hall_number}", STAFF, SALE, OP_HALL_SET,        \
      operation, "", "*", 200, "Make a hall, or say all of it again")                              \
    R(PROGRAMME, GET, "/api/cinemas/{cinema}/programme", STAFF, READ, OP_PROGRAMME_LIST,           \
      operation, "from_ms until_ms movie hall_number format state from limit", "", 200,            \
      "Showtimes of a cinema by start, drafts too")                                                \
    R(PROGRAMME_SAVE, POST, "/api/cinemas/{cinema}/programme", STAFF, SALE, OP_PROGRAMME_SAVE,     \
      operation, "", "*", 200, "Add drafts, or change them; all or none")                          \
    R(PROGRAMME_PUBLISH, POST, "/api/cinemas/{cinema}/programme/publish", STAFF, SALE,             \
      OP_PROGRAMME_PUBLISH, operation, "", "*", 200, "Put drafts on sale")                         \
    R(PROGRAMME_CLOSE, POST, "/api/cinemas/{cinema}/programme/close", STAFF, SALE,                 \
      OP_PROGRAMME_CLOSE, operation, "", "*", 200, "End the sale; tickets stay good")              \
    R(PROGRAMME_CANCEL, POST, "/api/cinemas/{cinema}/programme/cancel", STAFF, SALE,               \
      OP_PROGRAMME_CANCEL, operation, "", "*", 200, "Cancel: every ticket is paid back")           \
    R(PROGRAMME_DELETE, POST, "/api/cinemas/{cinema}/programme/delete", STAFF, SALE,               \
      OP_PROGRAMME_DELETE, operation, "", "*", 200, "Forget drafts")                               \
    R(PRICES, GET, "/api/cinemas/{cinema}/prices", ANYONE, READ, OP_PRICE_GET, operation, "", "",  \
      200, "The price card of a cinema")                                                           \
    R(PRICES_SET, PUT, "/api/cinemas/{cinema}/prices", STAFF, SALE, OP_PRICE_SET, operation, "",   \
      "*", 200, "Say the whole price card; what is published later sells by it")                   \
    R(CONFLICTS, POST, "/api/scheduling/conflict-check", STAFF, READ, OP_PROGRAMME_CHECK,          \
      operation, "", "cinema:number! showtimes:list!", 200, "What speaks against saving them")

typedef enum {
#define R(id, method, path, who, lane, operation, handler, query, body, success, summary)          \
    ROUTE_##id,
    ROUTE_TABLE(R)
#undef R
        ROUTES
} route_id_t;

/* Fields that the bridge answers for, whatever a body says: who buys, and what a kiosk has signed.
 */
#define ROUTE_FIELDS_OWN M3(USER, NONCE, AT)

enum { ROUTE_PARAMETERS_MAX = 3, ROUTE_SEGMENTS_MAX = 8 };

typedef struct route {
    route_id_t id;
    http_method_t method;
    who_t who;
    lane_kind_t lane;
    uint16_t operation, success;
    const char *path, *query, *body, *summary;
} route_t;

/* What stood in a path's braces, still escaped, in order. */
typedef struct {
    uint32_t count;
    http_text_t names[ROUTE_PARAMETERS_MAX], values[ROUTE_PARAMETERS_MAX];
} path_t;

typedef enum { ROUTE_FOUND, ROUTE_NO_METHOD, ROUTE_NO_PATH } route_verdict_t;

const route_t *route_of(route_id_t id);
/* The route of a method and path. ROUTE_NO_METHOD: the path is there for others; *allowed has a bit
 * for each. HEAD goes where GET goes. */
route_verdict_t route_match(http_method_t method, http_text_t path, const route_t **route,
                            path_t *parameters, uint32_t *allowed);
/* Is `name` among words apart by spaces? */
bool route_word(const char *words, const char *name, size_t size);
/* Step through the body's words: false at the end. */
bool route_body_next(const char **words, const char **name, size_t *size, char *type,
                     bool *required);
const char *route_method_name(http_method_t method);
#endif
