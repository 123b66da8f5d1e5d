/* agenda - see agenda.h for the contract. */
#include "tests/sim/agenda.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

static bool
agenda_before(const agenda_item_t *a, const agenda_item_t *b)
{
    return a->at_us != b->at_us ? a->at_us < b->at_us : a->order < b->order;
}

void
agenda_add(agenda_t *self, int64_t at_us, agenda_fn *act, const void *note, size_t size)
{
    if (self->count == self->room) {
        self->room = self->room ? self->room * 2 : 1024;
        self->items = realloc(self->items, self->room * sizeof *self->items);
        assert(self->items);
    }
    void *copy = malloc(size ? size : 1);
    assert(copy);
    if (size)
        memcpy(copy, note, size);
    agenda_item_t item = { .at_us = at_us < self->now_us ? self->now_us : at_us,
                           .order = ++self->order,
                           .act = act,
                           .note = copy };
    size_t at = self->count++;
    for (; at > 0 && agenda_before(&item, &self->items[(at - 1) / 2]); at = (at - 1) / 2)
        self->items[at] = self->items[(at - 1) / 2];
    self->items[at] = item;
}

static agenda_item_t
agenda_take(agenda_t *self)
{
    agenda_item_t first = self->items[0], last = self->items[--self->count];
    size_t at = 0;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= self->count)
            break;
        if (child + 1 < self->count && agenda_before(&self->items[child + 1], &self->items[child]))
            child++;
        if (!agenda_before(&self->items[child], &last))
            break;
        self->items[at] = self->items[child];
        at = child;
    }
    self->items[at] = last;
    return first;
}

bool
agenda_step(agenda_t *self, sim_t *sim, int64_t until_us)
{
    if (self->count == 0 || self->items[0].at_us >= until_us) {
        self->now_us = until_us;
        return false;
    }
    agenda_item_t item = agenda_take(self);
    self->now_us = item.at_us;
    item.act(sim, item.note);
    free(item.note);
    return true;
}

void
agenda_clear(agenda_t *self)
{
    for (size_t i = 0; i < self->count; i++)
        free(self->items[i].note);
    free(self->items);
    *self = (agenda_t){ .now_us = self->now_us };
}
