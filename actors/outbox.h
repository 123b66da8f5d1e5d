/* outbox - messages from one partition to another: told until they are acknowledged, applied once.
 *
 * A row is written in the entry that causes it, so it is durable when the first tell leaves. Each
 * destination has a lane, which numbers its rows 1, 2, 3, ...; only the OUTBOX_WINDOW lowest
 * numbers from the oldest unacknowledged one on are on their way, the others wait. The receiver
 * keeps, for each sender, the last number and its outcome in each of as many slots, by number
 * modulo the window. What holds between entries: (1) A row on its way is due at its next resend;
 * one that waits is not due. (2) A number below the lane's oldest was acknowledged, so applied. (3)
 * A number is new to the receiver exactly if it is above its slot's: where a later one of the slot
 * was told, the window says that this one was acknowledged. So the memory is bounded and exact,
 * however tells are lost, doubled, or overtake one another.
 *
 * Records, in space 0:
 *   O destination << 48 | number   outbox_row_t and the body
 *   D destination                  outbox_lane_t
 *   I sender                       inbox_t */
#ifndef OUTBOX_H
#define OUTBOX_H
#include "actors/turn.h"

enum {
    OUTBOX_ROW = 'O',
    OUTBOX_LANE = 'D',
    OUTBOX_INBOX = 'I',
    OUTBOX_WINDOW = 32,     /* rows on their way to one destination */
    OUTBOX_ROWS_MAX = 4096, /* for one destination; then what may be refused is, as BUSY */
    OUTBOX_BODY_MAX = 56 * 1024,
    OUTBOX_RETRY_MS = 1000, /* doubled up to the other */
    OUTBOX_RETRY_MAX_MS = 60 * 1000,
};

typedef struct {
    uint64_t key;      /* of the receiver's operation */
    uint64_t about[2]; /* what the sender knows it by; not sent */
    int64_t asked_ms;
    uint32_t attempts, body_size;
    uint16_t operation;
    uint8_t zero[6];
    uint8_t body[];
} outbox_row_t;
_Static_assert(sizeof(outbox_row_t) == 48, "stored");
_Static_assert(sizeof(outbox_row_t) + OUTBOX_BODY_MAX <= STATE_RECORD_MAX, "a row is a record");

typedef struct {
    uint64_t given;  /* the last number */
    uint64_t oldest; /* the lowest number that is not acknowledged; given + 1: none */
    uint64_t rows;   /* not acknowledged */
} outbox_lane_t;
_Static_assert(sizeof(outbox_lane_t) == 24, "stored");

typedef struct {
    uint64_t number; /* the last one of this slot that was applied, 0: none */
    status_t status; /* how it ended */
    uint8_t zero[6];
} inbox_slot_t;
typedef struct {
    uint64_t applied; /* rows of this sender, in all */
    inbox_slot_t slots[OUTBOX_WINDOW];
} inbox_t;
_Static_assert(sizeof(inbox_t) == 8 + 16 * OUTBOX_WINDOW, "stored");

/* What is done at the sender when a row has ended, for `about` it. */
typedef void outbox_ended_fn(turn_t *turn, const uint64_t about[2], status_t status);

/* Is there room for `rows` more to where this key belongs? Whoever may refuse asks first; what must
 * follow from what was accepted (an order that ends) is written in any case: there is no more of it
 * than was accepted. */
bool outbox_room(turn_t *turn, uint16_t operation, uint64_t key, uint32_t rows);
/* Write a row, and tell it once the entry is durable. The operation takes role
 * ACTOR; how it ended comes to the sender's table in outbox.c, with `about`. */
void outbox_send(turn_t *turn, uint16_t operation, uint64_t key, uint64_t about, uint64_t about_too,
                 const void *body, uint32_t size);
/* A row is due: tell it again. */
void outbox_due(turn_t *turn, uint64_t number);

/* The receiver's side: was this number of the sender applied? Then *status is how it ended. */
bool outbox_seen(turn_t *turn, uint16_t sender, uint64_t number, status_t *status);
void outbox_keep(turn_t *turn, uint16_t sender, uint64_t number, status_t status);
/* Tell the sender how it ended. */
void outbox_acknowledge(turn_t *turn, uint16_t sender, uint64_t number, status_t status);
/* The body of that, for who refuses a tell before it is journaled. */
void outbox_pack_ack(pack_t *pack, uint64_t number, status_t status);
/* Does this status end a row? Else it is told again. */
bool outbox_final(status_t status);

/* Assert the truths above of one lane; NULL or a sentence. For the simulator and the tests. */
const char *outbox_check(state_t *state, uint32_t destination);
#endif
