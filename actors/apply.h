/* apply - the function that the whole of Marquee is built around: state and entry in, state and
 * results out. Serving, recovery, standby and simulation call it with the same entries.
 *
 * Pure: no clock, chance, socket or file. */
#ifndef APPLY_H
#define APPLY_H
#include "actors/intake.h"
#include "actors/turn.h"
#include "store/journal.h"

/* A reply to a write with `once` is remembered at least so long. */
enum { APPLY_ONCE_KEEP_MS = 120 * 1000 };

typedef struct {
    uint64_t entries, commands, accepted, refused, repeats, timers, reads;
} apply_counts_t;

typedef struct {
    state_t *state;
    const site_t *site;
    const sink_t *sink;
    /* The answer of the batch's command number `index`; PENDING means that the end comes through
     * sink->resolved. */
    void (*answer)(void *argument, uint32_t index, const reply_t *reply);
    /* The batch's command number `index` comes next; NULL when nobody wants to know. */
    void (*begin)(void *argument, uint32_t index);
    void *argument;
    int64_t now_ms; /* of the last entry: time never goes back */
    apply_counts_t counts;
} apply_t;

/* Ready to go on behind what `state` holds. The caller sets sink and answer. */
void apply_init(apply_t *self, state_t *state, const site_t *site);
/* Carry out one durable entry whose commands are `batch`: what is due first, then each command. */
void apply_entry(apply_t *self, const journal_entry_t *entry, const intake_t *batch);
/* Answer a read from applied state. The body goes to `reply`. */
status_t apply_read(apply_t *self, const command_t *command, int64_t now_ms, pack_t *reply);
/* Pack {error: NAME} where a refusal has no body yet, with the field meant if there is one. */
void apply_refusal(pack_t *reply, status_t status, field_t field);
#endif
