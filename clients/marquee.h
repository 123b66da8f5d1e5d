/* libmarquee - talk to a Marquee server from C.
 *
 * One marquee_t is one connection with an identity of its own. Calls are asynchronous:
 * marquee_call() queues a command, marquee_poll() sends what waits (packed, where several commands
 * are for one partition), receives, and runs the callbacks; marquee_ask() does all that for one
 * command and waits. A command is carried out at most once: when an answer is late, or the server
 * was started again, the library sends the very same bytes again, and the server answers a repeat
 * as it answered the first.
 *
 *     marquee_t *marquee = marquee_new(NULL);
 *     uint8_t room[256];
 *     marquee_body_t body;
 *     marquee_reply_t reply;
 *     uint64_t seats[] = { 55, 56 }, lock;
 *     marquee_body_init(&body, room, sizeof room);
 *     marquee_body_number(&body, "user", 7);
 *     marquee_body_numbers(&body, "seats", seats, 2);
 *     if (marquee_ask(marquee, marquee_operation("seats.lock"), 2611231401, &body, 0, &reply) == 0
 * && marquee_reply_number(&reply, "lock", &lock)) printf("lock %" PRIu64 "\n", lock);
 *     marquee_destroy(&marquee);
 *
 * Link with `pkg-config --libs marquee`. Nothing here may be shared between threads without a lock;
 * several marquee_t in several threads are fine. Operations, their fields and the statuses are in
 * docs/protocol.md, or ask `marquee operations list`. */
#ifndef MARQUEE_H
#define MARQUEE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MARQUEE_ENDPOINT "tcp://127.0.0.1:5570"
#define MARQUEE_EVENTS   "tcp://127.0.0.1:5571"

enum {
    MARQUEE_CLIENT_SIZE = 16,       /* bytes of a client's identity */
    MARQUEE_KEY_SIZE = 40,          /* characters of a CURVE key in Z85 */
    MARQUEE_TIMEOUT_MS = 10000,     /* of a call that names none */
    MARQUEE_TIMEOUT_MAX_MS = 55000, /* the server takes no deadline further away than a minute */
    MARQUEE_BODY_MAX = 65504,       /* bytes of a command's body */
};

/* Statuses that the server never sends; all others are in docs/protocol.md. */
enum {
    MARQUEE_NOT_SENT = 65534,  /* there was no connection in time; nothing was done */
    MARQUEE_NO_ANSWER = 65535, /* sent, but no answer came in time; a write may have been done */
};

/* Zero means the default everywhere; strings and bytes are copied. */
typedef struct {
    const char *endpoint;   /* where the server takes clients; MARQUEE_ENDPOINT */
    const char *events;     /* where it publishes events; the endpoint's port and one */
    const char *server_key; /* CURVE: the server's public key in Z85; NULL: no CURVE */
    const char *public_key; /* CURVE: our keys in Z85 */
    const char *secret_key;
    const uint8_t *client;  /* MARQUEE_CLIENT_SIZE bytes; chosen at random. A fixed identity must
                               never use a request number again: see first_request. */
    uint64_t first_request; /* requests are numbered upwards from here; 1 */
    uint32_t in_flight_max; /* calls that wait for an answer; 1024 */
    uint32_t timeout_ms;    /* of a call that names none; MARQUEE_TIMEOUT_MS */
    uint32_t resend_ms;     /* how long to wait for an answer before sending again; 500 */
    bool retry;             /* answer BUSY and UNAVAILABLE ourselves, by trying until the timeout */
} marquee_options_t;

/* An answer. `body` is a msgpack map, borrowed: from a callback's argument until it returns, from
 * marquee_ask() until the next call of it. */
typedef struct {
    uint16_t operation, status; /* status 0: done */
    uint64_t key, request;
    uint64_t sequence; /* the partition's sequence number when it answered */
    const void *body;
    size_t body_size;
} marquee_reply_t;

/* Something that happened in a showtime. Seat changes are numbered without gaps: one whose `from`
 * is not the last number seen + 1 means that some were missed; ask seats.get with since. */
typedef struct {
    uint16_t operation;
    uint64_t showtime, number;
    const void *body;
    size_t body_size;
} marquee_event_t;

/* A callback may make calls, but not poll, ask or destroy. */
typedef void marquee_reply_fn(void *argument, const marquee_reply_t *reply);
typedef void marquee_event_fn(void *argument, const marquee_event_t *event);

typedef struct marquee marquee_t;

/* A client that connects in the background; NULL options mean all defaults. NULL with errno set
 * when an option is malformed (EINVAL) or memory or descriptors are short. */
marquee_t *marquee_new(const marquee_options_t *options);
/* Forget what waits without running its callbacks, close, and clear the caller's pointer. */
void marquee_destroy(marquee_t **self_p);

/* Command bodies: a msgpack map built in the caller's memory. Any msgpack library's bytes do as
 * well. At most 15 fields; what does not fit makes the call fail with EMSGSIZE. */
typedef struct {
    uint8_t *data;
    size_t size, room;
    bool overflow;
} marquee_body_t;
void marquee_body_init(marquee_body_t *body, void *room, size_t size);
void marquee_body_number(marquee_body_t *body, const char *field, uint64_t value);
void marquee_body_bool(marquee_body_t *body, const char *field, bool value);
void marquee_body_text(marquee_body_t *body, const char *field, const char *value);
void marquee_body_numbers(marquee_body_t *body, const char *field, const uint64_t *values,
                          size_t count);

/* Queue a command. `key` is the showtime (or the partition, for the operations that say so), `body`
 * NULL where there are no fields, timeout 0 the default. `done` runs exactly once unless the client
 * is destroyed before. Returns 0, or -1 with errno EAGAIN (too many in flight: poll), EMSGSIZE,
 * EINVAL (no operation 0) or ENOMEM; then nothing was queued. */
int marquee_call(marquee_t *self, uint16_t operation, uint64_t key, const marquee_body_t *body,
                 uint32_t timeout_ms, marquee_reply_fn *done, void *argument);
/* Send what waits, receive what came, run callbacks; wait up to timeout_ms (-1: for ever) for
 * something to happen. Returns how many callbacks ran, or -1 with errno on a fault of ours. A
 * signal ends the wait with 0. */
int marquee_poll(marquee_t *self, int timeout_ms);
/* Call and poll until it is answered. Returns the status (0: done), or -1 with errno. */
int marquee_ask(marquee_t *self, uint16_t operation, uint64_t key, const marquee_body_t *body,
                uint32_t timeout_ms, marquee_reply_t *reply);

/* Follow the events of a showtime, or stop to; `marquee_on_event` names who gets them. 0, or -1. */
int marquee_follow(marquee_t *self, uint64_t showtime);
int marquee_unfollow(marquee_t *self, uint64_t showtime);
/* The same of a cinema: each change of its programme. */
int marquee_follow_cinema(marquee_t *self, uint64_t cinema);
int marquee_unfollow_cinema(marquee_t *self, uint64_t cinema);
/* Follow what a partition itself publishes; in such an event `showtime` is the partition. */
int marquee_follow_partition(marquee_t *self, uint32_t partition);
void marquee_on_event(marquee_t *self, marquee_event_fn *event, void *argument);

/* Be the one whom partitions tell what they want to be done outside, for roles cashier and sender,
 * as long as this client polls: it says so to the server at once, and again every few seconds,
 * since the server may be another by then. `tell` gets operation, key (as `showtime`), number and
 * body. What is told comes again until it is answered by a command of its own (docs/protocol.md,
 * section 10); key and number are its name. */
void marquee_on_tell(marquee_t *self, marquee_event_fn *tell, void *argument);

/* For other loops: a descriptor that is readable when something came, and how long (ms) to sleep at
 * most. Call marquee_poll(self, 0) after making calls, when readable, and when the time is over. */
int marquee_fd(const marquee_t *self);
int marquee_wait_ms(const marquee_t *self);
uint32_t marquee_in_flight(const marquee_t *self);
/* Is there a connection that takes commands now, to a server that has answered our hello? A
 * connection that is cut is seen at once, one whose other end is silent after the heartbeat's
 * timeout. */
bool marquee_connected(const marquee_t *self);
/* What the server said to our hello; 0 and "" before the first. */
uint32_t marquee_partitions(const marquee_t *self);
/* Of the programme: their numbers follow those of the box office. */
uint32_t marquee_programmes(const marquee_t *self);
/* Of the members: their numbers follow those of the programme. */
uint32_t marquee_members(const marquee_t *self);
const char *marquee_role(const marquee_t *self);
/* The partition that a showtime belongs to; the server must have been heard. */
uint32_t marquee_partition_of(const marquee_t *self, uint64_t showtime);

/* Fields of an answer or event; false when the field is not there or is of another type. Text is
 * borrowed and not terminated. */
bool marquee_reply_number(const marquee_reply_t *reply, const char *field, uint64_t *value);
bool marquee_reply_text(const marquee_reply_t *reply, const char *field, const char **text,
                        size_t *size);
/* The code of an operation's name, 0 if there is none; the stable word and the sentence of a
 * status. */
uint16_t marquee_operation(const char *name);
const char *marquee_status_name(uint16_t status);
const char *marquee_status_text(uint16_t status);
const char *marquee_version(void);

#ifdef __cplusplus
}
#endif
#endif
