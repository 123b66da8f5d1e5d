/* http - who speaks HTTP as a peer: marquee-bridge, or the classic design. One buyer a connection,
 * one request at a time, as browsers have it. What holds: `in` begins with the answer to the
 * request in flight.
 *
 * wrk does not tell a script which request an answer belongs to, so it can neither release what it
 * locked nor keep a ledger: that is why there is a client of our own. It reads no more of HTTP than
 * these two servers write: a status, Content-Length, a body. */
#include "bench/peers/peer.h"
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    HTTP_IN_MAX = 64 * 1024, /* a map of 300 seats takes a quarter */
    HTTP_OUT_MAX = 2048,
    HTTP_TOKEN_MAX = 1024,
    HTTP_WORD_MAX = 64,
    HTTP_WAIT_MS = 30000, /* for answers outside of the measuring */
};

struct peer {
    int socket;
    bool bridge; /* there a payment is begun, and then settled: two requests */
    bool settling;
    peer_step_t step; /* of the request in flight */
    char out[HTTP_OUT_MAX], in[HTTP_IN_MAX + 1];
    size_t out_size, out_at, in_size;
    /* JSON as it came, numbers and quoted texts alike, to be sent back as it is. */
    char order[HTTP_WORD_MAX], code[HTTP_WORD_MAX], ticket[HTTP_WORD_MAX];
    char token[HTTP_TOKEN_MAX];
    char error[PEER_ERROR_MAX];
};

typedef struct {
    int status;
    char *body;  /* within `in`, ended by 0 while it is looked at */
    size_t size; /* of the whole answer */
} http_answer_t;

const char *const peer_name = "http";

static int
http_fail(peer_t *self, const char *what)
{
    snprintf(self->error, sizeof self->error, "%s", what);
    return -1;
}

const char *
peer_error(const peer_t *self)
{
    return self->error;
}

__attribute__((format(printf, 4, 5))) static int
http_request(peer_t *self, const char *method, const char *body, const char *path, ...)
{
    char where[256];
    va_list words;
    va_start(words, path);
    int length = vsnprintf(where, sizeof where, path, words);
    va_end(words);
    char *out = self->out;
    int size =
        snprintf(out, sizeof self->out, "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\n", method, where);
    if (self->token[0])
        size += snprintf(out + size, sizeof self->out - (size_t)size,
                         "Authorization: Bearer %s\r\n", self->token);
    if (body)
        size += snprintf(out + size, sizeof self->out - (size_t)size,
                         "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                         strlen(body), body);
    else
        size += snprintf(out + size, sizeof self->out - (size_t)size,
                         strcmp(method, "POST") == 0 ? "Content-Length: 0\r\n\r\n" : "\r\n");
    self->out_size = (size_t)size;
    self->out_at = 0;
    return length < (int)sizeof where && size < (int)sizeof self->out
               ? 0
               : http_fail(self, "a request is too long");
}

int
peer_flush(peer_t *self)
{
    while (self->out_at < self->out_size) {
        ssize_t sent = send(self->socket, self->out + self->out_at, self->out_size - self->out_at,
                            MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN)
            return 1;
        if (sent < 0)
            return http_fail(self, strerror(errno));
        self->out_at += (size_t)sent;
    }
    return 0;
}

int
peer_receive(peer_t *self)
{
    ssize_t got =
        recv(self->socket, self->in + self->in_size, HTTP_IN_MAX - self->in_size, MSG_DONTWAIT);
    if (got == 0)
        return http_fail(self, "the server closed the connection");
    if (got < 0 && errno != EAGAIN && errno != EINTR)
        return http_fail(self, strerror(errno));
    self->in_size += got > 0 ? (size_t)got : 0;
    self->in[self->in_size] = 0;
    return 0;
}

/* The answer at the begin of `in`: 1, 0: it is not whole, or -1. */
static int
http_answer(peer_t *self, http_answer_t *answer)
{
    char *end = strstr(self->in, "\r\n\r\n");
    if (!end)
        return self->in_size < HTTP_IN_MAX ? 0 : http_fail(self, "an answer is too long");
    if (sscanf(self->in, "HTTP/1.1 %3d", &answer->status) != 1)
        return http_fail(self, "an answer is malformed");
    const char *length = strcasestr(self->in, "\r\nContent-Length:");
    bool bodiless = answer->status == 204;
    if (!bodiless && (!length || length > end))
        return http_fail(self, "an answer has no length");
    size_t size = bodiless ? 0 : strtoul(length + strlen("\r\nContent-Length:"), NULL, 10);
    answer->body = end + 4;
    answer->size = (size_t)(answer->body - self->in) + size;
    if (size > HTTP_IN_MAX || answer->size > HTTP_IN_MAX)
        return http_fail(self, "an answer is too long");
    return answer->size <= self->in_size ? 1 : 0;
}

/* Done with an answer. */
static void
http_forget(peer_t *self, const http_answer_t *answer)
{
    self->in_size -= answer->size;
    memmove(self->in, self->in + answer->size, self->in_size);
    self->in[self->in_size] = 0;
}

/* Copy the JSON behind `key` as it stands; false when it is not there, or too long. */
static bool
http_word(const char *body, const char *key, char *to, size_t room)
{
    const char *at = strstr(body, key);
    if (!at)
        return false;
    at += strlen(key);
    size_t size = strcspn(at, ",}]");
    if (size == 0 || size >= room)
        return false;
    memcpy(to, at, size);
    to[size] = 0;
    return true;
}

/* The same without its quotes. */
static bool
http_bare_word(const char *body, const char *key, char *to, size_t room)
{
    if (!http_word(body, key, to, room))
        return false;
    size_t size = strlen(to);
    if (to[0] != '"' || size < 2)
        return true;
    memmove(to, to + 1, size - 2);
    to[size - 2] = 0;
    return true;
}

/* Send what was made and wait for its answer. */
static int
http_wait(peer_t *self, http_answer_t *answer)
{
    int whole = 0;
    while (whole == 0) {
        int left = peer_flush(self);
        struct pollfd poll_of = { .fd = self->socket,
                                  .events = (short)(POLLIN | (left > 0 ? POLLOUT : 0)) };
        if (left < 0 || poll(&poll_of, 1, HTTP_WAIT_MS) <= 0)
            return left < 0 ? -1 : http_fail(self, "no answer");
        if (poll_of.revents & ~POLLOUT && peer_receive(self))
            return -1;
        whole = http_answer(self, answer);
    }
    return whole > 0 ? 0 : -1;
}

/* A session of its own, as every buyer has. */
static int
http_enter(peer_t *self)
{
    http_answer_t answer;
    if (http_request(self, "POST", NULL, "/api/session") || http_wait(self, &answer))
        return -1;
    bool good = answer.status / 100 == 2 &&
                http_bare_word(answer.body, "\"token\":", self->token, sizeof self->token);
    http_forget(self, &answer);
    return good ? 0 : http_fail(self, "there is no session");
}

peer_t *
peer_new(const char *endpoint, char error[PEER_ERROR_MAX])
{
    peer_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->bridge = strncmp(endpoint, "bridge:", 7) == 0;
    const char *port = strchr(endpoint, ':');
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)atoi(port ? port + 1 : "0")),
                                   .sin_addr = { htonl(INADDR_LOOPBACK) } };
    int one = 1;
    self->socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int result = self->socket < 0 ||
                         connect(self->socket, (struct sockaddr *)&address, sizeof address) ||
                         setsockopt(self->socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one)
                     ? http_fail(self, strerror(errno))
                     : http_enter(self);
    if (result) {
        snprintf(error, PEER_ERROR_MAX, "%s", self->error);
        peer_destroy(&self);
    }
    return self;
}

void
peer_destroy(peer_t **self_p)
{
    if (!*self_p)
        return;
    if ((*self_p)->socket >= 0)
        close((*self_p)->socket);
    free(*self_p);
    *self_p = NULL;
}

/* Not by HTTP: who starts the server puts showtimes on sale, 1 .. */
int
peer_setup(peer_t *self, uint32_t count)
{
    (void)self;
    (void)count;
    return 0;
}

int
peer_map(peer_t *self, uint32_t showtime, uint8_t states[LOAD_SEATS])
{
    static const char key[] = "\"status\":\"", kinds[] = "alsb";
    http_answer_t answer;
    if (http_request(self, "GET", NULL, "/api/showtimes/%" PRIu32 "/seats", showtime + 1) ||
        http_wait(self, &answer))
        return -1;
    uint32_t count = 0;
    const char *at = answer.body;
    while (answer.status == 200 && count < LOAD_SEATS && (at = strstr(at, key)) != NULL) {
        at += sizeof key - 1;
        const char *kind = *at ? strchr(kinds, *at) : NULL;
        if (!kind)
            break;
        states[count++] = (uint8_t)(kind - kinds);
    }
    http_forget(self, &answer);
    return count == LOAD_SEATS ? 0 : http_fail(self, "a seat map is malformed");
}

int
peer_descriptor(const peer_t *self)
{
    return self->socket;
}

static int
http_pay(peer_t *self, const peer_command_t *command)
{
    char body[256];
    if (self->bridge)
        snprintf(body, sizeof body, "{\"order\":%s}", self->order);
    else
        snprintf(body, sizeof body, "{\"order\":%s,\"amount\":%" PRId64 "}", self->order,
                 command->amount);
    return http_request(self, "POST", body, "/api/pay");
}

static int
http_settle(peer_t *self)
{
    char body[256];
    snprintf(body, sizeof body, "{\"order\":%s,\"code\":%s}", self->order, self->code);
    return http_request(self, "POST", body, "/api/sandbox/pay");
}

int
peer_send(peer_t *self, const peer_command_t *command)
{
    uint64_t showtime = command->showtime + 1;
    char body[64];
    self->step = command->step;
    self->settling = false;
    switch (command->step) {
    case PEER_LOCK:
        snprintf(body, sizeof body, "{\"seats\":[%" PRIu32 ",%" PRIu32 "]}", command->first,
                 command->second);
        return http_request(self, "POST", body, "/api/showtimes/%" PRIu64 "/locks", showtime);
    case PEER_RELEASE:
        return http_request(self, "DELETE", NULL, "/api/showtimes/%" PRIu64 "/locks/%" PRIu64,
                            showtime, command->lock);
    case PEER_ORDER:
        return http_request(self, "POST", NULL,
                            "/api/showtimes/%" PRIu64 "/locks/%" PRIu64 "/order", showtime,
                            command->lock);
    case PEER_PAY:
        return http_pay(self, command);
    case PEER_TICKET:
        return http_request(self, "GET", NULL, "/api/tickets/%s", self->ticket);
    case PEER_STEPS:
        break;
    }
    return http_fail(self, "there is no such step");
}

/* What an answer that says yes tells. False when it lacks that. */
static bool
http_digest(peer_t *self, const char *body, peer_answer_t *answer)
{
    char number[HTTP_WORD_MAX];
    answer->number = 1;
    switch (self->step) {
    case PEER_LOCK:
        answer->number =
            http_word(body, "\"lock\":", number, sizeof number) ? strtoull(number, NULL, 10) : 0;
        return answer->number != 0;
    case PEER_ORDER:
        if (!http_word(body, "\"amount\":", number, sizeof number))
            return false;
        answer->amount = strtoll(number, NULL, 10);
        return http_word(body, "\"order\":", self->order, sizeof self->order);
    case PEER_PAY:
        return http_bare_word(body, "\"tickets\":[[", self->ticket, sizeof self->ticket);
    case PEER_RELEASE:
    case PEER_TICKET:
    case PEER_STEPS:
        break;
    }
    return true;
}

/* A no of the trade; whoever is not let in, or asks too often, measures nothing. */
static bool
http_refused(int status)
{
    return status == 403 || status == 404 || status == 409 || status == 422;
}

int
peer_take(peer_t *self, peer_answer_t *answer)
{
    http_answer_t got;
    int whole = http_answer(self, &got);
    if (whole <= 0)
        return whole;
    char next = got.body[got.size - (size_t)(got.body - self->in)];
    self->in[got.size] = 0;
    *answer = (peer_answer_t){ 0 };
    bool yes = got.status / 100 == 2, good = yes || http_refused(got.status);
    bool begun = yes && self->step == PEER_PAY && self->bridge && !self->settling;
    if (begun)
        good = http_word(got.body, "\"code\":", self->code, sizeof self->code);
    else if (yes)
        good = http_digest(self, got.body, answer);
    if (!good)
        snprintf(self->error, sizeof self->error, "answered %d: %.200s", got.status, got.body);
    self->in[got.size] = next;
    http_forget(self, &got);
    if (!good)
        return -1;
    if (!begun)
        return 1;
    self->settling = true;
    return http_settle(self) || peer_flush(self) ? -1 : 0;
}
