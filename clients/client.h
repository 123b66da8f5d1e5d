/* client - the inside of a marquee_t, shared by the sources of the library and by nobody else.
 *
 * What holds between calls:
 * (1) A slot is in use exactly while its request is not 0; it stands at request & slot_mask.
 * (2) A slot in use is either in the queue (to be sent) or was sent and waits for its answer.
 * (3) The bytes of a record never change once they were sent, its deadline included. */
#ifndef CLIENT_H
#define CLIENT_H
#include "broker/shard.h"
#include "broker/wire.h"
#include "clients/link.h"
#include "clients/marquee.h"
#include <time.h>

enum {
    CLIENT_IN_FLIGHT = 1024,
    CLIENT_RESEND_MS = 500,
    CLIENT_RESENDS_MAX_SHIFT = 3, /* the pause doubles up to eight times the first */
    CLIENT_HELLO_PAUSE_MS = 20,
    CLIENT_RETRY_MS = 20, /* after BUSY, when the server names no time */
    CLIENT_RECORD_MIN = 256,
    CLIENT_ROLE_MAX = 16,
    CLIENT_TOPIC_SIZE = 9, /* of an event frame: 'S' and a showtime, 'C' and a cinema, big endian */
};
#define CLIENT_NOBODY UINT32_MAX /* no slot; no partition */

typedef struct {
    uint64_t request, key;
    marquee_reply_fn *done;
    void *argument;
    int64_t give_up_ms, again_ms; /* on the monotonic clock */
    uint32_t next, before;        /* neighbours in the queue */
    uint32_t partition;           /* valid in the queue, once the partitions are known */
    uint32_t sends, size, room;
    uint16_t operation;
    bool queued, pending;
    bool doubt; /* sent again without having heard that the first was not carried out */
    uint8_t *record;
} slot_t;

typedef struct {
    uint32_t first, last;
} queue_t;

struct marquee {
    link_t link;
    uint8_t client[MARQUEE_CLIENT_SIZE];
    slot_t *slots;
    uint32_t slot_mask, in_flight, in_flight_max;
    queue_t queue;
    uint64_t request_next;
    uint64_t hello_request; /* 0: no hello is under way */
    int64_t hello_ms;       /* when one was sent last, or may be sent next */
    int64_t due_ms;         /* no slot has anything to do before; INT64_MAX: none */
    int64_t clock_ms;       /* the server's wall clock minus our monotonic one */
    shard_map_t map;        /* all 0 until the server was heard */
    uint32_t timeout_ms, resend_ms, retry_ms;
    uint16_t hello_status; /* why the server does not want us; 0: it does, or is not asked yet */
    bool greeted, retry, blocked, in_callback;
    char role[CLIENT_ROLE_MAX];
    marquee_event_fn *event;
    void *event_argument;
    uint8_t *answer; /* the body of the last marquee_ask() */
    size_t answer_room;
};

int64_t client_clock_ms(clockid_t clock);
int64_t client_now_ms(void);
/* Something is to be done at due_ms. */
void client_due(marquee_t *self, int64_t due_ms);
void client_enqueue(marquee_t *self, slot_t *slot);
/* The end of a call: free its slot, then run its callback, which may want it. */
void client_finish(marquee_t *self, slot_t *slot, marquee_reply_t *reply);

/* client_send.c: send what is queued; greet the server. 0, or -1 with errno. */
int client_flush(marquee_t *self, int64_t now_ms);
int client_hello(marquee_t *self, int64_t now_ms);
void queue_push(marquee_t *self, queue_t *queue, slot_t *slot);
void queue_remove(marquee_t *self, queue_t *queue, slot_t *slot);

/* client_take.c: take the frames that came; how many callbacks ran, or -1 with errno. */
int client_take_answers(marquee_t *self, int64_t now_ms);
int client_take_events(marquee_t *self, int64_t now_ms);
#endif
