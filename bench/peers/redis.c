/* redis - Redis as a peer: hiredis over a socket of our own loop, one FCALL a command, as many of
 * them behind one another as are in flight. */
#include "bench/peers/peer.h"
#include "clients/load/choice.h"
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REDIS_SETUP_AT_ONCE = 1000 };

struct peer {
    redisContext *context;
    uint64_t chance; /* tokens of tickets */
    char error[PEER_ERROR_MAX];
};

const char *const peer_name = "redis";

static int
redis_fail(peer_t *self, const char *what)
{
    snprintf(self->error, sizeof self->error, "%s", what);
    return -1;
}

const char *
peer_error(const peer_t *self)
{
    return self->error;
}

static int
redis_waits(peer_t *self, bool waits)
{
    int flags = fcntl(self->context->fd, F_GETFL);
    if (flags < 0 ||
        fcntl(self->context->fd, F_SETFL, waits ? flags & ~O_NONBLOCK : flags | O_NONBLOCK) < 0)
        return redis_fail(self, "a socket cannot be changed");
    if (waits)
        self->context->flags |= REDIS_BLOCK;
    else
        self->context->flags &= ~REDIS_BLOCK;
    return 0;
}

peer_t *
peer_new(const char *endpoint, char error[PEER_ERROR_MAX])
{
    peer_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->context = redisConnect("127.0.0.1", (int)strtol(endpoint, NULL, 10));
    if (!self->context || self->context->err || redis_waits(self, false)) {
        snprintf(error, PEER_ERROR_MAX, "%s", self->context ? self->context->errstr : "no memory");
        peer_destroy(&self);
        return NULL;
    }
    self->chance = choice_seed((uint32_t)self->context->fd);
    return self;
}

void
peer_destroy(peer_t **self_p)
{
    if (!*self_p)
        return;
    if ((*self_p)->context)
        redisFree((*self_p)->context);
    free(*self_p);
    *self_p = NULL;
}

/* Wait for the next answer; it must be no error. */
static int
redis_expect(peer_t *self, redisReply **reply)
{
    void *got = NULL;
    if (redisGetReply(self->context, &got) != REDIS_OK)
        return redis_fail(self, self->context->errstr);
    *reply = got;
    return (*reply)->type == REDIS_REPLY_ERROR ? redis_fail(self, (*reply)->str) : 0;
}

static int
redis_expect_any(peer_t *self, uint32_t count)
{
    int result = 0;
    for (uint32_t i = 0; i < count && result == 0; i++) {
        redisReply *reply = NULL;
        result = redis_expect(self, &reply);
        freeReplyObject(reply);
    }
    return result;
}

/* Functions stay: the script loads them. */
int
peer_setup(peer_t *self, uint32_t count)
{
    if (redis_waits(self, true) || redisAppendCommand(self->context, "FLUSHALL SYNC"))
        return -1;
    int result = redis_expect_any(self, 1);
    for (uint32_t from = 0; from < count && result == 0; from += REDIS_SETUP_AT_ONCE) {
        uint32_t some = count - from < REDIS_SETUP_AT_ONCE ? count - from : REDIS_SETUP_AT_ONCE;
        for (uint32_t i = from; i < from + some && result == 0; i++)
            result = redisAppendCommand(self->context, "SET price:%u %d", i, PEER_PRICE);
        if (result == 0)
            result = redis_expect_any(self, some);
    }
    return redis_waits(self, false) ? -1 : result;
}

/* Fields and values in turn; those that name no seat are skipped. */
static int
redis_read_map(peer_t *self, const redisReply *reply, uint8_t states[LOAD_SEATS])
{
    memset(states, 0, LOAD_SEATS);
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements % 2 != 0)
        return redis_fail(self, "a seat map is malformed");
    for (size_t i = 0; i < reply->elements; i += 2) {
        unsigned long seat = strtoul(reply->element[i]->str, NULL, 10);
        if (seat >= 1 && seat <= LOAD_SEATS)
            states[seat - 1] = strstr(reply->element[i + 1]->str, ":sold") ? 2 : 1;
    }
    return 0;
}

int
peer_map(peer_t *self, uint32_t showtime, uint8_t states[LOAD_SEATS])
{
    redisReply *reply = NULL;
    if (redis_waits(self, true) ||
        redisAppendCommand(self->context, "HGETALL showtime:%u", showtime))
        return -1;
    int result = redis_expect(self, &reply);
    if (result == 0)
        result = redis_read_map(self, reply, states);
    freeReplyObject(reply);
    return redis_waits(self, false) ? -1 : result;
}

int
peer_descriptor(const peer_t *self)
{
    return self->context->fd;
}

/* 32 digits of chance. */
static void
redis_token(peer_t *self, char token[33])
{
    uint32_t parts[4];
    for (size_t i = 0; i < 4; i++)
        parts[i] = choice_random(&self->chance, UINT32_MAX);
    snprintf(token, 33, "%08x%08x%08x%08x", parts[0], parts[1], parts[2], parts[3]);
}

int
peer_send(peer_t *self, const peer_command_t *command)
{
    redisContext *to = self->context;
    unsigned long long showtime = command->showtime, user = command->user, lock = command->lock;
    char token[33];
    int result = REDIS_ERR;
    switch (command->step) {
    case PEER_LOCK:
        result = redisAppendCommand(to, "FCALL seats_lock 1 showtime:%llu %u %u %llu %d", showtime,
                                    command->first, command->second, user, PEER_LOCK_MS);
        break;
    case PEER_RELEASE:
        result = redisAppendCommand(to, "FCALL seats_release 1 showtime:%llu %u %u %llu %llu",
                                    showtime, command->first, command->second, user, lock);
        break;
    case PEER_ORDER:
        result = redisAppendCommand(
            to, "FCALL order_create 3 showtime:%llu price:%llu orders %u %u %llu %llu", showtime,
            showtime, command->first, command->second, user, lock);
        break;
    case PEER_PAY:
        redis_token(self, token);
        result = redisAppendCommand(to, "FCALL order_pay 1 tickets %llu %lld %s",
                                    (unsigned long long)command->order, (long long)command->amount,
                                    token);
        break;
    case PEER_TICKET:
        result = redisAppendCommand(to, "FCALL ticket_get 0 %llu %llu",
                                    (unsigned long long)command->ticket, user);
        break;
    case PEER_STEPS:
        break;
    }
    return result == REDIS_OK ? 0 : redis_fail(self, "a command could not be made");
}

int
peer_flush(peer_t *self)
{
    int done = 0;
    if (redisBufferWrite(self->context, &done) != REDIS_OK)
        return redis_fail(self, self->context->errstr);
    return done ? 0 : 1;
}

int
peer_receive(peer_t *self)
{
    return redisBufferRead(self->context) == REDIS_OK ? 0 : redis_fail(self, self->context->errstr);
}

static int64_t
redis_number(const redisReply *reply, size_t index)
{
    if (reply->type == REDIS_REPLY_INTEGER)
        return index == 0 ? reply->integer : 0;
    bool there = reply->type == REDIS_REPLY_ARRAY && index < reply->elements &&
                 reply->element[index]->type == REDIS_REPLY_INTEGER;
    return there ? reply->element[index]->integer : 0;
}

int
peer_take(peer_t *self, peer_answer_t *answer)
{
    void *got = NULL;
    if (redisGetReplyFromReader(self->context, &got) != REDIS_OK)
        return redis_fail(self, self->context->errstr);
    if (!got)
        return 0;
    redisReply *reply = got;
    bool fault = reply->type == REDIS_REPLY_ERROR;
    if (fault)
        (void)redis_fail(self, reply->str);
    answer->number = (uint64_t)redis_number(reply, 0);
    answer->amount = redis_number(reply, 1);
    freeReplyObject(reply);
    return fault ? -1 : 1;
}
