/* courier - see courier.h for the contract. */
#include "clients/cashier/courier.h"
#include <assert.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <strings.h>

enum { COURIER_HEAD_MAX = 8192 };

typedef struct parcel parcel_t;
struct parcel {
    courier_t *courier;
    parcel_t *next, *before;
    CURL *curl;
    struct curl_slist *headers;
    courier_done_fn *done;
    void *argument;
    char *sent;
    char head[COURIER_HEAD_MAX];
    out_t head_out;
    char *body;
    size_t size, room;
    bool too_large;
};

struct courier {
    struct event_base *base;
    struct event *timer;
    CURLM *multi;
    courier_options_t options;
    parcel_t *parcels;
    uint32_t count;
};

/* ------------------------------------------------------------------ one request */

static size_t
courier_take_head(char *line, size_t one, size_t size, void *argument)
{
    parcel_t *parcel = argument;
    static const char kept[] = "Wechatpay-";
    (void)one;
    if (size > sizeof kept && strncasecmp(line, kept, sizeof kept - 1) == 0)
        out_put(&parcel->head_out, line, size); /* the line feed is the line's own */
    return size;
}

static size_t
courier_take_body(char *bytes, size_t one, size_t size, void *argument)
{
    parcel_t *parcel = argument;
    (void)one;
    if (size > PROVIDER_ANSWER_MAX - parcel->size) {
        parcel->too_large = true;
        return 0;
    }
    if (parcel->size + size > parcel->room) {
        size_t room = parcel->room ? parcel->room * 2 : 4096;
        while (room < parcel->size + size)
            room *= 2;
        char *body = realloc(parcel->body, room);
        if (!body)
            return 0;
        parcel->body = body;
        parcel->room = room;
    }
    memcpy(parcel->body + parcel->size, bytes, size);
    parcel->size += size;
    return size;
}

static void
courier_free(parcel_t *parcel)
{
    courier_t *self = parcel->courier;
    if (parcel->before)
        parcel->before->next = parcel->next;
    else
        self->parcels = parcel->next;
    if (parcel->next)
        parcel->next->before = parcel->before;
    self->count--;
    if (parcel->curl) {
        (void)curl_multi_remove_handle(self->multi, parcel->curl);
        curl_easy_cleanup(parcel->curl);
    }
    curl_slist_free_all(parcel->headers);
    free(parcel->sent);
    free(parcel->body);
    free(parcel);
}

static void
courier_finish(parcel_t *parcel, CURLcode result)
{
    long status = 0;
    (void)curl_easy_getinfo(parcel->curl, CURLINFO_RESPONSE_CODE, &status);
    provider_bytes_t bytes = { .status = (int)status,
                               .head = { parcel->head, parcel->head_out.size },
                               .body = { parcel->body ? parcel->body : "", parcel->size } };
    bool good = result == CURLE_OK && !parcel->too_large && !parcel->head_out.overflow;
    parcel->done(parcel->argument, good ? &bytes : NULL);
    courier_free(parcel);
}

/* ------------------------------------------------------------------ the loop */

static void
courier_harvest(courier_t *self)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(self->multi, &left))) {
        if (message->msg != CURLMSG_DONE)
            continue;
        char *parcel = NULL;
        CURLcode result = message->data.result;
        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &parcel);
        courier_finish((parcel_t *)(void *)parcel, result);
    }
}

static void
courier_on_socket(evutil_socket_t fd, short what, void *argument)
{
    courier_t *self = argument;
    int running,
        flags = (what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0);
    (void)curl_multi_socket_action(self->multi, fd, flags, &running);
    courier_harvest(self);
}

static void
courier_on_timer(evutil_socket_t fd, short what, void *argument)
{
    courier_t *self = argument;
    int running;
    (void)fd, (void)what;
    (void)curl_multi_socket_action(self->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    courier_harvest(self);
}

static int
courier_watch(CURL *curl, curl_socket_t fd, int what, void *argument, void *event_p)
{
    courier_t *self = argument;
    struct event *event = event_p;
    (void)curl;
    if (event)
        event_free(event);
    event = NULL;
    if (what != CURL_POLL_REMOVE) {
        short wanted = (short)(EV_PERSIST | (what & CURL_POLL_IN ? EV_READ : 0) |
                               (what & CURL_POLL_OUT ? EV_WRITE : 0));
        event = event_new(self->base, fd, wanted, courier_on_socket, self);
        if (!event || event_add(event, NULL) != 0)
            return -1;
    }
    (void)curl_multi_assign(self->multi, fd, event);
    return 0;
}

static int
courier_wake(CURLM *multi, long wait_ms, void *argument)
{
    courier_t *self = argument;
    const struct timeval wait = { .tv_sec = wait_ms / 1000, .tv_usec = wait_ms % 1000 * 1000 };
    (void)multi;
    return wait_ms < 0 ? event_del(self->timer) : event_add(self->timer, &wait);
}

courier_t *
courier_new(struct event_base *base, const courier_options_t *options)
{
    courier_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->base = base;
    self->options = *options;
    self->timer = evtimer_new(base, courier_on_timer, self);
    self->multi = curl_multi_init();
    if (!self->timer || !self->multi) {
        courier_destroy(&self);
        return NULL;
    }
    (void)curl_multi_setopt(self->multi, CURLMOPT_SOCKETFUNCTION, courier_watch);
    (void)curl_multi_setopt(self->multi, CURLMOPT_SOCKETDATA, self);
    (void)curl_multi_setopt(self->multi, CURLMOPT_TIMERFUNCTION, courier_wake);
    (void)curl_multi_setopt(self->multi, CURLMOPT_TIMERDATA, self);
    return self;
}

void
courier_destroy(courier_t **self_p)
{
    courier_t *self = *self_p;
    if (!self)
        return;
    while (self->parcels)
        courier_free(self->parcels);
    if (self->multi)
        (void)curl_multi_cleanup(self->multi);
    if (self->timer)
        event_free(self->timer);
    free(self);
    *self_p = NULL;
}

/* ------------------------------------------------------------------ sending */

static bool
courier_set_text(CURL *curl, CURLoption option, const char *text)
{
    return !*text || curl_easy_setopt(curl, option, text) == CURLE_OK;
}

static bool
courier_headers(parcel_t *parcel, const provider_request_t *request)
{
    static const char *const more[] = { "User-Agent: marquee-cashier", "Expect:" };
    for (uint32_t i = 0; i < request->header_count + 2; i++) {
        const char *line =
            i < request->header_count ? request->headers[i] : more[i - request->header_count];
        struct curl_slist *longer = curl_slist_append(parcel->headers, line);
        if (!longer)
            return false;
        parcel->headers = longer;
    }
    return curl_easy_setopt(parcel->curl, CURLOPT_HTTPHEADER, parcel->headers) == CURLE_OK;
}

static bool
courier_body(parcel_t *parcel, const provider_request_t *request)
{
    CURL *curl = parcel->curl;
    if (!request->post)
        return curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L) == CURLE_OK;
    parcel->sent = malloc(request->body_size + 1);
    if (!parcel->sent)
        return false;
    memcpy(parcel->sent, request->body, request->body_size);
    return curl_easy_setopt(curl, CURLOPT_POST, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)request->body_size) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_POSTFIELDS, parcel->sent) == CURLE_OK;
}

/* The configuration lets plain HTTP go to loopback alone; what is not set here is libcurl's
 * default, and that verifies. */
static bool
courier_prepare(courier_t *self, parcel_t *parcel, const provider_request_t *request)
{
    CURL *curl = parcel->curl;
    return curl_easy_setopt(curl, CURLOPT_URL, request->url) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_PROXY, "") == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, self->options.timeout_ms) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, courier_take_head) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_HEADERDATA, parcel) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, courier_take_body) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEDATA, parcel) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_PRIVATE, parcel) == CURLE_OK &&
           courier_set_text(curl, CURLOPT_CAINFO, self->options.authorities) &&
           (!request->certificate ||
            (courier_set_text(curl, CURLOPT_SSLCERT, self->options.certificate) &&
             courier_set_text(curl, CURLOPT_SSLKEY, self->options.certificate_key))) &&
           courier_headers(parcel, request) && courier_body(parcel, request);
}

int
courier_send(courier_t *self, const provider_request_t *request, courier_done_fn *done,
             void *argument)
{
    assert(!request->none);
    parcel_t *parcel = self->count < self->options.calls_max ? calloc(1, sizeof *parcel) : NULL;
    if (!parcel)
        return -1;
    parcel->courier = self;
    parcel->done = done;
    parcel->argument = argument;
    out_init(&parcel->head_out, parcel->head, sizeof parcel->head);
    parcel->next = self->parcels;
    if (parcel->next)
        parcel->next->before = parcel;
    self->parcels = parcel;
    self->count++;
    parcel->curl = curl_easy_init();
    if (!parcel->curl || !courier_prepare(self, parcel, request) ||
        curl_multi_add_handle(self->multi, parcel->curl) != CURLM_OK) {
        courier_free(parcel);
        return -1;
    }
    return 0;
}
