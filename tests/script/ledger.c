/* ledger - see ledger.h for the contract. */
#include "tests/script/ledger.h"
#include "broker/status.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

static void *
ledger_copy(const void *bytes, size_t size)
{
    void *copy = malloc(size + 1);
    assert(copy);
    if (size > 0)
        memcpy(copy, bytes, size);
    return copy;
}

void
ledger_init(ledger_t *self, const ledger_t *below, uint64_t base)
{
    *self = (ledger_t){ .below = below, .base = base };
}

static void
ledger_cut(ledger_t *self, size_t count)
{
    while (self->entry_count > count)
        free((void *)(uintptr_t)self->entries[--self->entry_count].payload);
}

void
ledger_free(ledger_t *self)
{
    ledger_cut(self, 0);
    for (size_t i = 0; i < self->answer_count; i++)
        free(self->answers[i].body);
    free(self->entries);
    free(self->answers);
    *self = (ledger_t){ .below = NULL };
}

void
ledger_append(ledger_t *self, const journal_entry_t *entry)
{
    static const uint8_t none[JOURNAL_CHAIN_SIZE];
    assert(entry->sequence > self->base && entry->sequence > self->left);
    assert(entry->sequence <= self->base + self->entry_count + 1);
    ledger_cut(self, entry->sequence - self->base - 1);
    if (self->entry_count == self->entry_room) {
        self->entry_room = self->entry_room ? 2 * self->entry_room : 256;
        self->entries = realloc(self->entries, self->entry_room * sizeof *self->entries);
        assert(self->entries);
    }
    const journal_entry_t *before = ledger_entry(self, entry->sequence - 1);
    journal_entry_t *kept = &self->entries[self->entry_count++];
    *kept = *entry;
    kept->payload = ledger_copy(entry->payload, entry->size);
    journal_chain(kept->chain, before ? before->chain : none, kept);
}

void
ledger_left(ledger_t *self, uint64_t sequence)
{
    if (sequence > self->left)
        self->left = sequence;
}

void
ledger_answer(ledger_t *self, const script_command_t *command, const wire_header_t *header,
              const void *body, uint32_t size)
{
    switch (header->status) {
    case STATUS_BUSY:
    case STATUS_EXPIRED:
    case STATUS_NO_SPACE:
    case STATUS_UNAVAILABLE:
    case STATUS_UNKNOWN_OUTCOME:
    case STATUS_REQUEST_REUSED:
        return;
    default:
        break;
    }
    ledger_left(self, (uint64_t)header->moment);
    if (self->answer_count == self->answer_room) {
        self->answer_room = self->answer_room ? 2 * self->answer_room : 256;
        self->answers = realloc(self->answers, self->answer_room * sizeof *self->answers);
        assert(self->answers);
    }
    self->answers[self->answer_count++] = (ledger_answer_t){ .command = command,
                                                             .sequence = (uint64_t)header->moment,
                                                             .status = header->status,
                                                             .size = size,
                                                             .body = ledger_copy(body, size) };
}

const journal_entry_t *
ledger_entry(const ledger_t *self, uint64_t sequence)
{
    while (self && sequence <= self->base)
        self = self->below;
    if (!self || sequence - self->base > self->entry_count)
        return NULL;
    return &self->entries[sequence - self->base - 1];
}

uint64_t
ledger_last(const ledger_t *self)
{
    return self->base + self->entry_count;
}
