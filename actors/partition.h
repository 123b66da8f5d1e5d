/* partition - one partition at work: commands in, journal, apply, answers out. No sockets, clock or
 * chance: the loop around it (actor.c, or a simulator) gives the time and carries the messages.
 *
 * One entry is being made durable while the one before it is applied and the next one is
 * gathered. Truths: (1) apply sees an entry only after its append ended with JOURNAL_OK; (2) an
 * answer, event or tell leaves only from apply; (3) entries are applied in order, without a gap. */
#ifndef PARTITION_H
#define PARTITION_H
#include "actors/apply.h"
#include "actors/zone.h"
#include "store/journal.h"
#include <stdbool.h>
#include <stdint.h>

enum { PARTITION_ERROR_MAX = 512 };

typedef struct {
    uint32_t cap;
    int64_t lock_ms, ceiling_ms;
    bool gap_rule;
    uint8_t providers; /* a bit each, see box.h; 0: the sandbox alone */
} sale_rules_t;

/* The ways out. Bodies are borrowed for the call. */
typedef struct {
    void *argument;
    void (*record)(void *argument, const wire_route_t *route, const wire_header_t *header,
                   const void *body, uint32_t size);
    bool (*followed)(void *argument, uint64_t showtime);
    void (*event)(void *argument, uint64_t showtime, const wire_header_t *header, const void *body,
                  uint32_t size);
    uint64_t (*seed)(void *argument);                /* a random number */
    void (*fatal)(void *argument, const char *what); /* does not return */
} partition_ways_t;

typedef struct {
    const char *directory;
    site_t site;
    sale_rules_t rules;
    /* The clock that members' days are of; of its changes the first ones are taken, so the caller
     * leaves out those of the past. NULL: what the state has, at first UTC. Lives on. */
    const zone_t *zone;
    size_t segment_bytes, cache_bytes, replies_bytes;
    journal_policy_t journal_policy;
    int64_t checkpoint_ms;
    bool inline_io;
    /* Another journal than the file in the directory: takes the place of journal_file_open(), with
     * the same contract. NULL: the file. */
    int (*journal_open)(void *argument, journal_t **journal, const journal_file_options_t *options,
                        uint64_t checkpoint, const uint8_t chain[JOURNAL_CHAIN_SIZE], char *error);
    partition_ways_t ways; /* their argument is journal_open's too */
} partition_options_t;

typedef struct partition partition_t;

/* Open and recover: state at its checkpoint, then the journal's tail. NULL with a sentence in
 * `error` (PARTITION_ERROR_MAX bytes). */
partition_t *partition_open(const partition_options_t *options, char *error);
/* Finish what is being made durable, checkpoint, close. */
void partition_close(partition_t **self_p);
/* Close without finishing: nothing more is written. For a process that is dying. */
void partition_abandon(partition_t **self_p);
/* Take one command. Reads, repeats and refusals of form are answered at once. */
void partition_accept(partition_t *self, const wire_route_t *route, const wire_record_t *record,
                      int64_t now_ms);
/* May another command of any size be taken now? */
bool partition_room(const partition_t *self);
/* Move on: take the end of an append, start the next one, apply, checkpoint. Call it after a
 * batch of commands, when a descriptor is readable, and when partition_wake_ms() has come. */
void partition_turn(partition_t *self, int64_t now_ms);
/* When partition_turn() is due although nothing happens; INT64_MAX: never. */
int64_t partition_wake_ms(const partition_t *self);
/* Descriptors to watch for reading: of the journal, of the state. */
int partition_journal_fd(const partition_t *self);
int partition_state_fd(const partition_t *self);
uint64_t partition_sequence(const partition_t *self);
/* The state, for looking between two calls: for the simulator and the tests. */
state_t *partition_state(partition_t *self);
#endif
