/* out - the ways that messages leave by: one interface, a file (or the console) and a webhook
 * behind it. */
#ifndef SENDER_OUT_H
#define SENDER_OUT_H
#include "clients/sender/post.h"
#include <event2/event.h>

/* A try ended: once for each message that was taken, from within out_send() or later. */
typedef void out_done_fn(void *argument, uint32_t slot, post_result_t result, int64_t wait_ms,
                         const char *reason);

typedef struct out out_t;
struct out {
    const char *what; /* for people: where messages go */
    bool (*room)(const out_t *self);
    void (*send)(out_t *self, uint32_t slot, const message_t *message);
    void (*destroy)(out_t *self);
    out_done_fn *done;
    void *argument;
};

enum { OUT_ERROR_MAX = 256 };

/* Lines of JSON at the end of a file, "" for standard output: nobody's telephone rings. NULL with
 * the reason. */
out_t *out_file_new(const char *path, out_done_fn *done, void *argument, char error[OUT_ERROR_MAX]);

typedef struct {
    const char *url, *secret_file, *authorities; /* authorities: "" for the system's */
    int64_t timeout_ms;
    uint32_t in_flight_max;
} out_webhook_options_t;
/* Signed POSTs by the Standard Webhooks. 2xx: taken; 408, 425, 429, 5xx and no answer: later;
 * others: refused. NULL with the reason. */
out_t *out_webhook_new(struct event_base *base, const out_webhook_options_t *options,
                       out_done_fn *done, void *argument, char error[OUT_ERROR_MAX]);

static inline bool
out_room(const out_t *self)
{
    return self->room(self);
}
static inline void
out_send(out_t *self, uint32_t slot, const message_t *message)
{
    self->send(self, slot, message);
}
static inline void
out_destroy(out_t **self_p)
{
    if (*self_p)
        (*self_p)->destroy(*self_p);
    *self_p = NULL;
}
#endif
