/* fetch - HTTP calls to others, bounded in number, time and size, on libevent's loop by libcurl.
 *
 * No redirect is followed: who is asked is who was meant. Certificates are checked. Callbacks come
 * from the loop, never from within fetch_start(). */
#ifndef FETCH_H
#define FETCH_H
#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    FETCH_HEADERS_MAX = 8,
    FETCH_REASON_MAX = 160,
    FETCH_CONNECT_MS = 5000,
    FETCH_RETRY_AFTER_MAX_S = 3600,
};

typedef struct {
    const char *url;                        /* https:, or http: where `plain` allows it */
    const char *headers[FETCH_HEADERS_MAX]; /* "Name: value", up to the first NULL */
    const char *body;                       /* NULL: GET; else POST */
    size_t body_size, answer_max;
    int64_t timeout_ms;
    bool plain;
} fetch_request_t;

typedef struct {
    long status;      /* 0: there was no whole answer, and `reason` says why */
    const char *body; /* and a NUL behind it; borrowed until the callback returns */
    const char *reason;
    size_t size;
    int64_t retry_after_s; /* 0: it did not say */
} fetch_answer_t;

typedef void fetch_done_fn(void *argument, const fetch_answer_t *answer);
typedef struct fetch fetch_t;

/* At most `max` calls at a time. `authorities` is a file of certificates to trust in place of the
 * system's, NULL for those. NULL: no memory. */
fetch_t *fetch_new(struct event_base *base, uint32_t max, const char *authorities);
/* What is under way is given up without its callback. */
void fetch_destroy(fetch_t **self_p);
/* All of the request is copied. 0, or -1 when there are too many, or memory is short. */
int fetch_start(fetch_t *self, const fetch_request_t *request, fetch_done_fn *done, void *argument);
/* Is there room for another? */
bool fetch_room(const fetch_t *self);
/* Is it https:, or http: to an address of loopback (127.0.0.1, [::1], localhost)? */
bool fetch_url_good(const char *url);
/* Is it http: to loopback? */
bool fetch_url_plain(const char *url);
#endif
