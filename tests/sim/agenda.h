/* agenda - what happens when, in virtual time: a heap of actions. Same order of adding, same order
 * of happening. */
#ifndef AGENDA_H
#define AGENDA_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct sim sim_t;
/* `note` is what was added with the action: copied, gone after the call. */
typedef void agenda_fn(sim_t *sim, void *note);

typedef struct {
    int64_t at_us;
    uint64_t order;
    agenda_fn *act;
    void *note;
} agenda_item_t;

typedef struct {
    agenda_item_t *items;
    size_t count, room;
    uint64_t order;
    int64_t now_us;
} agenda_t;

/* Add an action with `size` bytes of note. Times before now happen now. */
void agenda_add(agenda_t *self, int64_t at_us, agenda_fn *act, const void *note, size_t size);
/* Carry out what comes next; false when nothing is left before `until_us` (time is then that). */
bool agenda_step(agenda_t *self, sim_t *sim, int64_t until_us);
void agenda_clear(agenda_t *self);
#endif
