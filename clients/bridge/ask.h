/* ask - from a request to a command, and its answer back to the call.
 *
 * A command's body is put together field by field in memory of the bridge's own: one at a time,
 * sent before the next is begun. */
#ifndef ASK_H
#define ASK_H
#include "clients/bridge/bridge.h"

typedef struct {
    call_t *call;
    pack_t pack;
    uint32_t count;
    field_set_t present;
} ask_t;

void ask_begin(ask_t *self, call_t *call);
void ask_number(ask_t *self, field_t field, uint64_t value);
void ask_flag(ask_t *self, field_t field, bool value);
void ask_text(ask_t *self, field_t field, http_text_t value);
/* The one seat of a seats field. */
void ask_seat(ask_t *self, uint64_t seat);
void ask_bytes(ask_t *self, field_t field, const void *data, size_t size);
/* By the field's type; false: the value is of another. */
bool ask_json(ask_t *self, field_t field, const json_t *value);
static inline bool
ask_has(const ask_t *self, field_t field)
{
    return field_in(self->present, field);
}

/* Everything that a route's path, query and body say for an operation, the identity's user
 * included, is put into the command, and *key is its shard key. False: it has answered with a
 * problem. */
bool ask_request(ask_t *self, uint16_t operation, const http_request_t *request, const path_t *path,
                 http_text_t body, uint64_t *key);
/* The body as a JSON object, the caller's; NULL: it has answered with a problem. An empty body is
 * {}. */
json_t *ask_body(call_t *call, const http_request_t *request, http_text_t body);
/* A parameter of the path, unescaped; false when it is too long or malformed. */
bool ask_parameter(const path_t *path, const char *name, char *to, size_t room);
/* The showtime in a path; false: it has answered with a problem. */
bool ask_showtime(call_t *call, const path_t *path, uint64_t *showtime);
/* A number in decimal, without sign or zeros in front. */
bool ask_decimal(const char *text, uint64_t *value);
/* One query parameter, unescaped: 1 when it is there, 0 when not, -1 when malformed or there twice.
 */
int ask_query(const http_request_t *request, const char *name, char *to, size_t room);

/* Send it; `done` is called with the answer, unless the client has gone by then. When it cannot be
 * sent the call is answered with a problem. */
void ask_send(ask_t *self, uint16_t operation, uint64_t key,
              void (*done)(call_t *call, const marquee_reply_t *reply));
/* The same for a background call, with a body of one's own; `done` runs whatever becomes of the
 * connection, and releases the call. 0, or -1: nothing was sent and the call is released. */
int ask_background(call_t *call, uint16_t operation, uint64_t key, const marquee_body_t *body,
                   void (*done)(call_t *call, const marquee_reply_t *reply));
/* Answer with the reply as JSON and the route's status, or with the refusal. */
void ask_answer(call_t *call, const marquee_reply_t *reply);
/* Commands were queued: send them when this turn of the loop ends. */
void bridge_turn(bridge_t *self);
#endif
