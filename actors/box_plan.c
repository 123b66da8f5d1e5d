/* box_plan - showtimes that a cinema puts on sale, ends the sale of, and cancels.
 *
 * What is cancelled sells nothing from then on. Its purchases are walked in the order of their
 * numbers, BOX_WALK of them at a time, so that a full house does not hold up everybody else: locks
 * are let go, orders that wait for money end, offers are declined, tickets that were not used
 * become void and are paid back. */
#include "actors/box.h"
#include <assert.h>
#include <string.h>

enum { BOX_WALK = 64, BOX_WALK_MS = 1 };

static box_plan_t *
plan_edit(const box_t *box)
{
    box_plan_t *plan =
        state_edit(box->turn->state, box_key(box->showtime, BOX_PLAN, 0), 0, SIZE_MAX);
    assert(plan);
    return plan;
}

const box_plan_t *
box_plan(const box_t *self)
{
    if (!self->head->planned)
        return NULL;
    return state_get(self->turn->state, box_key(self->showtime, BOX_PLAN, 0), NULL);
}

/* ------------------------------------------------------------------ fares */

/* [zone, price, ...] each, in the order of the zones. False when it is malformed. */
static bool
fares_read(const command_t *command, box_fare_t fares[BOX_ZONES_MAX])
{
    const value_t *value = command_value(command, FIELD_FARES);
    mp_t items = value->list.items, zones = command_value(command, FIELD_ZONES)->list.items;
    if (value->list.count != command_value(command, FIELD_ZONES)->list.count)
        return false;
    for (uint32_t i = 0; i < value->list.count; i++) {
        uint32_t count, size, letter_size;
        const char *letter, *zone;
        mp_t inside = zones;
        if (!mp_read_array(&items, &count) || count != 1 + AUDIENCES ||
            !mp_read_str(&items, &letter, &size) || !mp_read_array(&inside, &count) ||
            !mp_read_str(&inside, &zone, &letter_size) || size != 1 || letter_size != 1 ||
            *letter != *zone || !mp_skip(&zones))
            return false;
        for (audience_t audience = 0; audience < AUDIENCES; audience++) {
            uint64_t price;
            if (!mp_read_uint(&items, &price) || price > MONEY_MAX_FEN)
                return false;
            fares[i].price[audience] = (int64_t)price;
        }
    }
    return true;
}

int64_t
box_price(const box_t *self, uint8_t letter, audience_t audience)
{
    const box_zone_t *zone = box_zone(self->head, letter);
    assert(zone);
    const box_fare_t *fares =
        self->head->planned
            ? state_get(self->turn->state, box_key(self->showtime, BOX_FARES, 0), NULL)
            : NULL;
    return fares ? fares[zone - self->head->zones].price[audience] : zone->price;
}

/* ------------------------------------------------------------------ what a cinema tells */

/* By a number that is taken the showtime is open already: not this cinema's. */
status_t
box_showtime_put(turn_t *turn, const command_t *command)
{
    box_fare_t fares[BOX_ZONES_MAX];
    if (!fares_read(command, fares))
        return box_refuse_field(turn, FIELD_FARES);
    status_t status = box_showtime_open(turn, command);
    if (status != STATUS_OK)
        return status;
    size_t size = command_value(command, FIELD_FARES)->list.count * sizeof fares[0];
    memcpy(state_insert(turn->state, box_key(command->key, BOX_FARES, 0), size), fares, size);
    box_plan_t *plan = state_insert(turn->state, box_key(command->key, BOX_PLAN, 0), sizeof *plan);
    plan->cinema = command_value(command, FIELD_CINEMA)->number;
    plan->movie = (uint32_t)command_value(command, FIELD_MOVIE)->number;
    box_t box;
    bool open = box_open(&box, turn, command->key);
    assert(open);
    (void)open;
    box_edit_head(&box)->planned = 1;
    return STATUS_OK;
}

/* A showtime of the cinema that tells. */
static status_t
plan_open(box_t *box, turn_t *turn, const command_t *command)
{
    if (!box_open(box, turn, command->key))
        return STATUS_UNKNOWN_SHOWTIME;
    const box_plan_t *plan = box_plan(box);
    return plan && plan->cinema == command_value(command, FIELD_CINEMA)->number
               ? STATUS_OK
               : STATUS_UNKNOWN_SHOWTIME;
}

/* The sale is over; what is locked may still be paid. */
static void
plan_shut(box_t *box)
{
    head_t *head = box_edit_head(box);
    if (head->closes_ms > box->turn->now_ms)
        head->closes_ms = box->turn->now_ms;
    if (head->opens_ms > head->closes_ms)
        head->opens_ms = head->closes_ms;
}

status_t
box_showtime_shut(turn_t *turn, const command_t *command)
{
    box_t box;
    status_t status = plan_open(&box, turn, command);
    if (status == STATUS_OK)
        plan_shut(&box);
    return status;
}

status_t
box_showtime_cancel(turn_t *turn, const command_t *command)
{
    box_t box;
    status_t status = plan_open(&box, turn, command);
    if (status != STATUS_OK || box.head->cancelled)
        return status;
    plan_shut(&box);
    box_edit_head(&box)->cancelled = 1;
    box_plan_t *plan = plan_edit(&box);
    command_text(command, FIELD_REASON, plan->reason, sizeof plan->reason);
    if (plan->reason[0] == 0)
        memcpy(plan->reason, "the showtime is cancelled", 25);
    state_set_due(turn->state, box_key(box.showtime, BOX_PLAN, 0), turn->now_ms + BOX_WALK_MS);
    return STATUS_OK;
}

/* Nothing is held, so there is nothing to walk: only numbers of locks that have ended. */
status_t
box_showtime_remove(turn_t *turn, const command_t *command)
{
    box_t box;
    status_t status = plan_open(&box, turn, command);
    if (status != STATUS_OK)
        return status;
    if (box.head->counts[SEAT_LOCKED] || box.head->counts[SEAT_SOLD])
        return STATUS_HAS_TICKETS;
    plan_shut(&box);
    box_edit_head(&box)->cancelled = 1;
    plan_edit(&box)->walked = box.head->purchases;
    return STATUS_OK;
}

/* ------------------------------------------------------------------ the walk */

static void
plan_end_purchase(box_t *box, uint32_t number, const char *reason)
{
    const purchase_t *found = box_purchase(box, number);
    if (!found)
        return;
    if (found->order == ORDER_NONE) {
        box_change_lines(box, number, found, SEAT_ON_RELEASE);
        state_remove(box->turn->state, box_key(box->showtime, BOX_PURCHASE, number));
        return;
    }
    purchase_t *purchase = box_edit_purchase(box, number);
    if (purchase->order == ORDER_PENDING) {
        box_end_order(box, number, purchase, ORDER_ON_CANCEL);
        box_publish_order(box, number, purchase);
    } else if (purchase->order == ORDER_OFFERED) {
        box_offer_end(box, number, purchase, false);
    } else {
        box_refund_unused(box, number, purchase, reason);
    }
}

void
box_plan_due(box_t *self)
{
    const state_key_t key = box_key(self->showtime, BOX_PLAN, 0);
    box_plan_t *plan = plan_edit(self);
    uint32_t last = self->head->purchases;
    uint32_t end = last - plan->walked > BOX_WALK ? plan->walked + BOX_WALK : last;
    assert(self->head->cancelled);
    box_hall(self);
    while (plan->walked < end)
        plan_end_purchase(self, ++plan->walked, plan->reason);
    state_set_due(self->turn->state, key,
                  plan->walked < last ? self->turn->now_ms + BOX_WALK_MS : 0);
}
