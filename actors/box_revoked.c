/* box_revoked - the tickets of a showtime that became void, in that order: what a gate without a
 * network has to know. The list only grows, so its length is its version. */
#include "actors/box.h"
#include "actors/ids.h"
#include <assert.h>

static state_key_t
revoked_page(const box_t *box, uint64_t at)
{
    return box_key(box->showtime, BOX_REVOKED, 1 + at / BOX_VOIDS);
}

void
box_revoked_make(turn_t *turn, uint64_t showtime)
{
    (void)state_insert(turn->state, box_key(showtime, BOX_REVOKED, 0), sizeof(revoked_t));
}

void
box_revoked_add(box_t *self, uint32_t purchase, uint16_t seat)
{
    state_t *state = self->turn->state;
    revoked_t *revoked = state_edit(state, box_key(self->showtime, BOX_REVOKED, 0), 0, SIZE_MAX);
    assert(revoked);
    uint64_t at = revoked->count++;
    state_key_t page = revoked_page(self, at);
    size_t offset = at % BOX_VOIDS;
    void_t *voids = offset ? state_edit(state, page, offset * sizeof *voids, sizeof *voids)
                           : state_insert(state, page, BOX_VOIDS * sizeof *voids);
    assert(voids);
    voids[offset] = (void_t){ .purchase = purchase, .seat = seat };
}

/* Visit the void tickets by purchase and seat. */
typedef void revoked_visit_fn(void *argument, void_t ticket);
static void
revoked_search(const box_t *box, revoked_visit_fn *visit, void *argument)
{
    for (uint32_t number = 1; number <= box->head->purchases; number++) {
        const purchase_t *purchase = box_purchase(box, number);
        for (uint32_t i = 0; purchase && i < purchase->count; i++)
            if (purchase->lines[i].ticket == TICKET_VOID)
                visit(argument, (void_t){ .purchase = number, .seat = purchase->lines[i].seat });
    }
}

static void
revoked_take(void *argument, void_t ticket)
{
    box_revoked_add(argument, ticket.purchase, ticket.seat);
}

/* The one time that a showtime opened by an older program is searched for good. What reads found
 * before keeps its place: nothing became void since, or there would be a list. */
void
box_revoked_begin(box_t *self)
{
    if (box_revoked(self))
        return;
    box_revoked_make(self->turn, self->showtime);
    revoked_search(self, revoked_take, self);
}

const revoked_t *
box_revoked(const box_t *self)
{
    return state_get(self->turn->state, box_key(self->showtime, BOX_REVOKED, 0), NULL);
}

void_t
box_revoked_at(const box_t *self, uint64_t at)
{
    const void_t *voids = state_get(self->turn->state, revoked_page(self, at), NULL);
    assert(voids);
    return voids[at % BOX_VOIDS];
}

/* What is asked for, and what was passed by and packed so far. */
typedef struct {
    const box_t *box;
    uint64_t since, limit, passed, packed;
} revoked_answer_t;

static void
revoked_pack(void *argument, void_t ticket)
{
    revoked_answer_t *self = argument;
    char text[TICKET_ID_ROOM];
    if (self->passed++ < self->since || self->packed == self->limit)
        return;
    ids_ticket_text(text, self->box->showtime, ticket.purchase, ticket.seat);
    pack_str(self->box->turn->reply, text);
    self->packed++;
}

static uint64_t
revoked_pack_list(revoked_answer_t *self, const revoked_t *list)
{
    self->passed = self->since;
    while (self->passed < list->count && self->packed < self->limit)
        revoked_pack(self, box_revoked_at(self->box, self->passed));
    return list->count;
}

/* `next` is the `since` to go on with, 0 at the end. */
status_t
box_tickets_revoked(turn_t *turn, const command_t *command)
{
    enum { LIMIT_DEFAULT = 100 };
    box_t box;
    pack_t *reply = turn->reply;
    if (!box_open(&box, turn, command->key))
        return STATUS_UNKNOWN_SHOWTIME;
    const revoked_t *list = box_revoked(&box);
    revoked_answer_t answer = { .box = &box,
                                .since = command_number(command, FIELD_SINCE, 0),
                                .limit = command_number(command, FIELD_LIMIT, LIMIT_DEFAULT) };
    pack_map(reply, 3);
    pack_str(reply, "tickets");
    size_t array = box_array_begin(reply);
    if (list)
        answer.passed = revoked_pack_list(&answer, list);
    else
        revoked_search(&box, revoked_pack, &answer);
    box_array_end(reply, array, (uint32_t)answer.packed);
    uint64_t next = answer.since + answer.packed;
    pack_key_uint(reply, "version", answer.passed);
    pack_key_uint(reply, "next", next < answer.passed ? next : 0);
    return STATUS_OK;
}
