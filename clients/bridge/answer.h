/* answer - responses of the bridge, and problems (RFC 9457) with stable codes.
 *
 * Every one of these ends the call: it is given back, and the connection goes on or closes. When
 * the client has gone they only do that. */
#ifndef ANSWER_H
#define ANSWER_H
#include "clients/bridge/bridge.h"

/* What the bridge itself refuses. X(code, HTTP status, title) */
#define PROBLEM_TABLE(X)                                                                           \
    X(BAD_REQUEST, 400, "the request cannot be read")                                              \
    X(BAD_JSON, 400, "the body is not a JSON object of this operation")                            \
    X(BAD_PARAMETER, 400, "a parameter of path or query is wrong")                                 \
    X(UNAUTHORIZED, 401, "a session or token is needed")                                           \
    X(TOKEN_MISSING, 401, "there is no token")                                                     \
    X(TOKEN_MALFORMED, 401, "the token cannot be read")                                            \
    X(TOKEN_UNSIGNED, 401, "the token is not signed")                                              \
    X(TOKEN_WRONG_ALG, 401, "the token is signed in a way that is not accepted")                   \
    X(TOKEN_UNKNOWN_KEY, 401, "the token is signed under a key that is not known")                 \
    X(TOKEN_FORGED, 401, "the token's signature is wrong")                                         \
    X(TOKEN_WRONG_ISSUER, 401, "the token is of another issuer")                                   \
    X(TOKEN_EXPIRED, 401, "the token is over")                                                     \
    X(TOKEN_NOT_YET, 401, "the token is not valid yet")                                            \
    X(TOKEN_REVOKED, 401, "the token was taken back; log in again")                                \
    X(STAFF_ONLY, 403, "this is for staff")                                                        \
    X(CSRF_TOKEN, 403, "the X-CSRF-Token of the session is needed")                                \
    X(CROSS_ORIGIN, 403, "a page of another origin may not do this")                               \
    X(KIOSK_REFUSED, 403, "not signed by an enrolled kiosk")                                       \
    X(KIOSK_STALE, 403, "the kiosk's clock is too far from ours")                                  \
    X(NOT_FOUND, 404, "there is nothing here")                                                     \
    X(UNKNOWN_KIOSK, 404, "there is no such kiosk, or it is not here now")                         \
    X(METHOD_NOT_ALLOWED, 405, "this method is not for this path")                                 \
    X(TIMEOUT, 408, "the request did not come in time")                                            \
    X(KIOSK_EXISTS, 409, "a kiosk of this name is enrolled already")                               \
    X(BODY_TOO_LARGE, 413, "the body is too large")                                                \
    X(TARGET_TOO_LONG, 414, "the request target is too long")                                      \
    X(NOT_JSON, 415, "the body must be application/json")                                          \
    X(RANGE, 416, "this range cannot be had")                                                      \
    X(EXPECTATION, 417, "this expectation is not met here")                                        \
    X(WEBSOCKET, 426, "this is a WebSocket of version 13")                                         \
    X(RATE_LIMITED, 429, "too many requests; wait a little")                                       \
    X(HEAD_TOO_LARGE, 431, "the request's head is too large")                                      \
    X(INTERNAL, 500, "something is wrong here")                                                    \
    X(NOT_IMPLEMENTED, 501, "this transfer coding is not spoken here")                             \
    X(BAD_GATEWAY, 502, "the server's answer cannot be read")                                      \
    X(SERVER_AWAY, 503, "the ticket server is away for a moment")                                  \
    X(NO_ANSWER, 504, "no answer in time; a write may have been done")                             \
    X(HTTP_VERSION, 505, "HTTP/1.0 and 1.1 are spoken here")

typedef enum {
#define X(code, status, title) PROBLEM_##code,
    PROBLEM_TABLE(X)
#undef X
        PROBLEMS
} problem_t;

/* `extra` is more header lines, each with its CRLF, or "". */
void answer_bytes(call_t *call, uint16_t status, const char *type, const void *body, size_t size,
                  const char *extra);
/* The same with a body that is gzip already. */
void answer_packed(call_t *call, uint16_t status, const char *type, const void *body, size_t size,
                   const char *extra);
enum { ANSWER_GZIP_FROM = 1400 }; /* smaller than this fits a packet as it is */
/* Pack by gzip; the caller's, NULL when memory is short. */
char *answer_gzip(const void *data, size_t size, size_t *packed_size);
/* Takes the JSON; NULL means that memory was short. */
void answer_json(call_t *call, uint16_t status, json_t *body, const char *extra);
void answer_empty(call_t *call, uint16_t status, const char *extra);
void answer_problem(call_t *call, problem_t problem, const char *detail, const char *extra);
/* The problem of an HTTP status that the edge refused with. */
problem_t answer_problem_of(uint16_t status);
problem_t answer_problem_named(const char *code);
const char *answer_problem_code(problem_t problem);
uint16_t answer_problem_status(problem_t problem);
const char *answer_problem_title(problem_t problem);
/* A refusal of the trade, or of the way there. */
void answer_refused(call_t *call, const marquee_reply_t *reply);
/* The HTTP status of a status of the trade. */
uint16_t answer_status_of(uint16_t status);
/* Begin an answer without end: the head of a 200 of this type that is closed by its end. */
bool answer_begin_stream(call_t *call, const char *type);
#endif
