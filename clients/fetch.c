/* fetch - see fetch.h for the contract. */
#include "clients/fetch.h"
#include <assert.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

typedef struct call fetch_call_t;
struct call {
    fetch_t *fetch;
    fetch_call_t *next, **link;
    CURL *easy;
    struct curl_slist *headers;
    fetch_done_fn *done;
    void *argument;
    char *body, *answer; /* answer: room for answer_max and a NUL */
    size_t size, answer_max;
    bool too_large;
    char reason[CURL_ERROR_SIZE];
};

struct fetch {
    struct event_base *base;
    struct event *timer;
    CURLM *multi;
    fetch_call_t *calls;
    uint32_t count, max;
    char *authorities;
};

static bool
fetch_begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

bool
fetch_url_plain(const char *url)
{
    static const char *const hosts[] = { "http://127.0.0.1", "http://[::1]", "http://localhost" };
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        size_t size = strlen(hosts[i]);
        if (fetch_begins(url, hosts[i]) && (url[size] == ':' || url[size] == '/' || !url[size]))
            return strchr(url, '@') == NULL;
    }
    return false;
}

bool
fetch_url_good(const char *url)
{
    return fetch_begins(url, "https://") || fetch_url_plain(url);
}

static void
fetch_free(fetch_call_t *call)
{
    fetch_t *self = call->fetch;
    *call->link = call->next;
    if (call->next)
        call->next->link = call->link;
    self->count--;
    if (call->easy) {
        (void)curl_multi_remove_handle(self->multi, call->easy);
        curl_easy_cleanup(call->easy);
    }
    curl_slist_free_all(call->headers);
    free(call->body);
    free(call->answer);
    free(call);
}

static void
fetch_end(fetch_call_t *call, CURLcode code)
{
    curl_off_t wait_s = 0;
    fetch_answer_t answer = { .body = call->answer, .size = call->size, .reason = "" };
    call->answer[call->size] = 0;
    if (code == CURLE_OK)
        (void)curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &answer.status);
    else
        answer.reason = call->too_large   ? "the answer is too large"
                        : call->reason[0] ? call->reason
                                          : curl_easy_strerror(code);
    if (curl_easy_getinfo(call->easy, CURLINFO_RETRY_AFTER, &wait_s) == CURLE_OK && wait_s > 0)
        answer.retry_after_s = wait_s < FETCH_RETRY_AFTER_MAX_S ? wait_s : FETCH_RETRY_AFTER_MAX_S;
    fetch_done_fn *done = call->done;
    void *argument = call->argument;
    char *body = call->answer;
    call->answer = NULL; /* the callback reads it when the call has gone */
    char reason[FETCH_REASON_MAX];
    snprintf(reason, sizeof reason, "%s", answer.reason);
    answer.reason = reason;
    fetch_free(call);
    done(argument, &answer);
    free(body);
}

static void
fetch_take(fetch_t *self)
{
    int left;
    for (CURLMsg *message; (message = curl_multi_info_read(self->multi, &left));) {
        fetch_call_t *call = NULL;
        CURLcode code = message->data.result;
        if (message->msg == CURLMSG_DONE &&
            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &call) == CURLE_OK && call)
            fetch_end(call, code);
    }
}

static void
fetch_socket_ready(evutil_socket_t fd, short what, void *argument)
{
    fetch_t *self = argument;
    int running,
        bits = (what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0);
    (void)curl_multi_socket_action(self->multi, fd, bits, &running);
    fetch_take(self);
}

static void
fetch_timer_due(evutil_socket_t fd, short what, void *argument)
{
    fetch_t *self = argument;
    int running;
    (void)fd;
    (void)what;
    (void)curl_multi_socket_action(self->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    fetch_take(self);
}

/* libcurl says which sockets it waits for; `watch` is the event that it keeps for us. */
static int
fetch_watch(CURL *easy, curl_socket_t fd, int what, void *argument, void *watch)
{
    fetch_t *self = argument;
    struct event *event = watch;
    (void)easy;
    if (event)
        event_free(event);
    event = NULL;
    if (what != CURL_POLL_REMOVE) {
        short wanted = (short)((what & CURL_POLL_IN ? EV_READ : 0) |
                               (what & CURL_POLL_OUT ? EV_WRITE : 0) | EV_PERSIST);
        event = event_new(self->base, fd, wanted, fetch_socket_ready, self);
        if (!event || event_add(event, NULL) != 0) {
            if (event)
                event_free(event);
            return -1;
        }
    }
    (void)curl_multi_assign(self->multi, fd, event);
    return 0;
}

static int
fetch_set_timer(CURLM *multi, long wait_ms, void *argument)
{
    fetch_t *self = argument;
    const struct timeval wait = { .tv_sec = wait_ms / 1000, .tv_usec = wait_ms % 1000 * 1000 };
    (void)multi;
    return wait_ms < 0 ? evtimer_del(self->timer) : evtimer_add(self->timer, &wait);
}

static size_t
fetch_write(char *data, size_t size, size_t count, void *argument)
{
    fetch_call_t *call = argument;
    size_t more = size * count;
    if (more > call->answer_max - call->size) {
        call->too_large = true;
        return 0;
    }
    memcpy(call->answer + call->size, data, more);
    call->size += more;
    return more;
}

fetch_t *
fetch_new(struct event_base *base, uint32_t max, const char *authorities)
{
    fetch_t *self = calloc(1, sizeof *self);
    if (!self || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        free(self);
        return NULL;
    }
    self->base = base;
    self->max = max;
    self->multi = curl_multi_init();
    self->timer = evtimer_new(base, fetch_timer_due, self);
    self->authorities = authorities ? strdup(authorities) : NULL;
    if (!self->multi || !self->timer || (authorities && !self->authorities)) {
        fetch_destroy(&self);
        return NULL;
    }
    (void)curl_multi_setopt(self->multi, CURLMOPT_SOCKETFUNCTION, fetch_watch);
    (void)curl_multi_setopt(self->multi, CURLMOPT_SOCKETDATA, self);
    (void)curl_multi_setopt(self->multi, CURLMOPT_TIMERFUNCTION, fetch_set_timer);
    (void)curl_multi_setopt(self->multi, CURLMOPT_TIMERDATA, self);
    (void)curl_multi_setopt(self->multi, CURLMOPT_MAXCONNECTS, (long)max);
    return self;
}

void
fetch_destroy(fetch_t **self_p)
{
    fetch_t *self = *self_p;
    if (!self)
        return;
    while (self->calls)
        fetch_free(self->calls);
    if (self->multi)
        (void)curl_multi_cleanup(self->multi);
    if (self->timer)
        event_free(self->timer);
    free(self->authorities);
    free(self);
    curl_global_cleanup();
    *self_p = NULL;
}

bool
fetch_room(const fetch_t *self)
{
    return self->count < self->max;
}

static bool
fetch_copy(fetch_call_t *call, const fetch_request_t *request)
{
    for (uint32_t i = 0; i < FETCH_HEADERS_MAX && request->headers[i]; i++) {
        struct curl_slist *more = curl_slist_append(call->headers, request->headers[i]);
        if (!more)
            return false;
        call->headers = more;
    }
    call->answer_max = request->answer_max;
    call->answer = malloc(request->answer_max + 1);
    if (request->body && !(call->body = malloc(request->body_size + 1)))
        return false;
    if (request->body)
        memcpy(call->body, request->body, request->body_size);
    return call->answer && (call->easy = curl_easy_init());
}

static bool
fetch_options(fetch_call_t *call, const fetch_request_t *request)
{
    CURL *easy = call->easy;
    CURLcode code = curl_easy_setopt(easy, CURLOPT_URL, request->url);
    const struct {
        CURLoption option;
        long value;
    } numbers[] = {
        { CURLOPT_NOSIGNAL, 1 },
        { CURLOPT_FOLLOWLOCATION, 0 },
        { CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1 },
        { CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2 },
        { CURLOPT_CONNECTTIMEOUT_MS, FETCH_CONNECT_MS },
        { CURLOPT_TIMEOUT_MS, (long)request->timeout_ms },
    };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0] && code == CURLE_OK; i++)
        code = curl_easy_setopt(easy, numbers[i].option, numbers[i].value);
    const char *protocols = request->plain ? "http,https" : "https";
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, protocols);
    if (code == CURLE_OK && call->fetch->authorities)
        code = curl_easy_setopt(easy, CURLOPT_CAINFO, call->fetch->authorities);
    if (code == CURLE_OK && call->body) {
        (void)curl_easy_setopt(easy, CURLOPT_POSTFIELDS, call->body);
        code = curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_size);
    }
    (void)curl_easy_setopt(easy, CURLOPT_HTTPHEADER, call->headers);
    (void)curl_easy_setopt(easy, CURLOPT_USERAGENT, "marquee");
    (void)curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, call->reason);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, fetch_write);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
    (void)curl_easy_setopt(easy, CURLOPT_PRIVATE, call);
    return code == CURLE_OK;
}

int
fetch_start(fetch_t *self, const fetch_request_t *request, fetch_done_fn *done, void *argument)
{
    if (self->count == self->max)
        return -1;
    fetch_call_t *call = calloc(1, sizeof *call);
    if (!call)
        return -1;
    *call = (fetch_call_t){
        .fetch = self, .next = self->calls, .link = &self->calls, .done = done, .argument = argument
    };
    if (call->next)
        call->next->link = &call->next;
    self->calls = call;
    self->count++;
    if (fetch_copy(call, request) && fetch_options(call, request) &&
        curl_multi_add_handle(self->multi, call->easy) == CURLM_OK)
        return 0;
    fetch_free(call);
    return -1;
}
