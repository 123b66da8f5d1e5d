/* ledger - what a partition gave to its journal and what it answered: what must be found again
 * after any crash.
 *
 * A ledger can stand on another one, of the time before a crash: it holds what came after. */
#ifndef LEDGER_H
#define LEDGER_H
#include "actors/partition.h"
#include "tests/script/script.h"

typedef struct {
    const script_command_t *command; /* borrowed */
    uint64_t sequence;
    uint16_t status;
    uint32_t size;
    uint8_t *body;
} ledger_answer_t;

typedef struct ledger ledger_t;
struct ledger {
    const ledger_t *below;
    uint64_t base;            /* entries up to this one are those of `below` */
    journal_entry_t *entries; /* payloads are the ledger's own copies */
    size_t entry_count, entry_room;
    ledger_answer_t *answers; /* by request, newer ones behind older ones */
    size_t answer_count, answer_room;
    uint64_t left; /* the highest sequence of anything that left */
};

void ledger_init(ledger_t *self, const ledger_t *below, uint64_t base);
void ledger_free(ledger_t *self);
/* An entry is about to be appended; those from its sequence on were never durable. */
void ledger_append(ledger_t *self, const journal_entry_t *entry);
/* An answer left. Those that are not remembered by the partition are not kept. */
void ledger_answer(ledger_t *self, const script_command_t *command, const wire_header_t *header,
                   const void *body, uint32_t size);
/* Something else left. */
void ledger_left(ledger_t *self, uint64_t sequence);
/* The entry of a sequence, or NULL. */
const journal_entry_t *ledger_entry(const ledger_t *self, uint64_t sequence);
uint64_t ledger_last(const ledger_t *self);
#endif
