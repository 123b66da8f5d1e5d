/* courier - carries requests to providers and their answers back, by libcurl in libevent's loop.
 *
 * No thread waits; TLS is verified always; redirects are not followed; an answer that is too large
 * is none. An answer's memory is borrowed for the call of `done`. */
#ifndef COURIER_H
#define COURIER_H
#include "clients/cashier/provider.h"
#include <event2/event.h>

typedef struct {
    uint32_t calls_max;
    long timeout_ms;
    const char *authorities;                   /* "": the system's */
    const char *certificate, *certificate_key; /* for requests that want one; "": none */
} courier_options_t;

/* `bytes` is NULL when there was no answer: nothing is known of what became of the request. */
typedef void courier_done_fn(void *argument, const provider_bytes_t *bytes);
typedef struct courier courier_t;

courier_t *courier_new(struct event_base *base, const courier_options_t *options);
/* Forgets what is under way without calling `done`. */
void courier_destroy(courier_t **self_p);
/* 0; or -1: too many are under way, or no memory. */
int courier_send(courier_t *self, const provider_request_t *request, courier_done_fn *done,
                 void *argument);
#endif
