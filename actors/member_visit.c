/* member_visit - what the box office tells of a member's orders, and the points that follow.
 *
 * Of an order two things are told: what was paid, once, and each refund. They come in any order, as
 * outboxes go; so what an order has given is not counted up and down, but follows from what is
 * known of it: nothing before the payment is, then for what is left of it. */
#include "actors/box.h"
#include "actors/ids.h"
#include "actors/member.h"
#include <assert.h>
#include <stdio.h>
#include <string.h>

static const visit_t *
visit_find(turn_t *turn, const command_t *command)
{
    const value_t *text = command_value(command, FIELD_ORDER);
    uint64_t number =
        member_index(turn, command->key, INDEX_VISIT, text->text.data, text->text.size);
    return number ? state_get(turn->state, member_key(command->key, MEMBER_VISIT, number), NULL)
                  : NULL;
}

/* The member's visit of a command's order, made when it is the first told of it; false for what is
 * no order. */
static visit_t *
visit_edit(turn_t *turn, const command_t *command)
{
    const value_t *text = command_value(command, FIELD_ORDER);
    uint64_t showtime, id = command->key;
    uint32_t purchase;
    if (!ids_order_read(text->text.data, text->text.size, &showtime, &purchase))
        return NULL;
    uint64_t number = member_index(turn, id, INDEX_VISIT, text->text.data, text->text.size);
    if (number)
        return state_edit(turn->state, member_key(id, MEMBER_VISIT, number), 0, SIZE_MAX);
    number = ++member_edit_or_make(turn, id)->visits;
    member_index_add(turn, id, INDEX_VISIT, text->text.data, text->text.size, number);
    visit_t *visit = state_insert(turn->state, member_key(id, MEMBER_VISIT, number), sizeof *visit);
    visit->showtime = showtime;
    visit->purchase = purchase;
    return visit;
}

/* Bring the points for an order to what is due. Each move has a reference of its own. */
static void
visit_settle(turn_t *turn, uint64_t id, visit_t *visit)
{
    char order[ORDER_ID_ROOM], reference[ORDER_ID_ROOM + 12];
    int64_t left = visit->known ? visit->paid - visit->refunded : 0;
    int64_t due = (left + MEMBER_FEN_A_POINT - 1) / MEMBER_FEN_A_POINT;
    if (due == visit->points)
        return;
    ids_order_text(order, visit->showtime, visit->purchase);
    if (visit->moves)
        snprintf(reference, sizeof reference, "%s/%u", order, visit->moves);
    else
        snprintf(reference, sizeof reference, "%s", order);
    assert(strlen(reference) <= MEMBER_REFERENCE);
    bool moved = member_move(turn, id, due > visit->points ? CAUSE_PURCHASE : CAUSE_REFUND,
                             reference, due - visit->points);
    assert(moved);
    (void)moved;
    visit->points = due;
    visit->moves++;
}

/* Months that have passed since the last one are empty. */
static void
visit_spend(turn_t *turn, uint64_t id, int64_t at_ms, int64_t amount)
{
    member_t *member = member_edit(turn, id);
    uint32_t month = member_month(turn, at_ms);
    for (uint32_t i = 0; member->month < month && i < MEMBER_MONTHS && i <= month; i++)
        member->spent[(month - i) % MEMBER_MONTHS] =
            month - i > member->month ? 0 : member->spent[(month - i) % MEMBER_MONTHS];
    if (member->month < month)
        member->month = month;
    if (member->month - month < MEMBER_MONTHS)
        member->spent[month % MEMBER_MONTHS] += amount;
}

status_t
member_bought(turn_t *turn, const command_t *command)
{
    if (!ids_is_member(command->key))
        return STATUS_UNKNOWN_MEMBER;
    int64_t paid = (int64_t)command_value(command, FIELD_AMOUNT)->number;
    int64_t paid_ms = (int64_t)command_value(command, FIELD_AT)->number;
    if (paid_ms > ZONE_TIME_MAX_MS)
        return box_refuse_field(turn, FIELD_AT);
    const visit_t *found = visit_find(turn, command);
    if (found && (found->known || paid < found->refunded))
        return STATUS_ORDER_STATE;
    visit_t *visit = visit_edit(turn, command);
    if (!visit)
        return STATUS_BAD_ORDER_ID;
    visit->known = 1;
    visit->paid = paid;
    visit->tickets = (uint16_t)command_value(command, FIELD_COUNT)->number;
    visit->paid_ms = paid_ms;
    visit->starts_ms = (int64_t)command_value(command, FIELD_STARTS)->number;
    command_text(command, FIELD_TITLE, visit->title, sizeof visit->title);
    command_text(command, FIELD_FORMAT, visit->format, sizeof visit->format);
    visit_spend(turn, command->key, visit->paid_ms, visit->paid - visit->refunded);
    visit_settle(turn, command->key, visit);
    return STATUS_OK;
}

/* A refund is taken off the month of its purchase. */
status_t
member_refunded(turn_t *turn, const command_t *command)
{
    if (!ids_is_member(command->key))
        return STATUS_UNKNOWN_MEMBER;
    int64_t amount = (int64_t)command_value(command, FIELD_AMOUNT)->number;
    const visit_t *found = visit_find(turn, command);
    if (found && (found->known ? amount > found->paid - found->refunded
                               : amount > MONEY_MAX_FEN - found->refunded))
        return STATUS_ORDER_STATE;
    visit_t *visit = visit_edit(turn, command);
    if (!visit)
        return STATUS_BAD_ORDER_ID;
    visit->refunded += amount;
    visit->void_tickets =
        (uint16_t)(visit->void_tickets + command_value(command, FIELD_COUNT)->number);
    if (visit->known)
        visit_spend(turn, command->key, visit->paid_ms, -amount);
    visit_settle(turn, command->key, visit);
    return STATUS_OK;
}

/* [order, paid_ms, starts_ms, title, format, tickets, void, paid, refunded, points] each, the
 * newest first. */
status_t
member_visits(turn_t *turn, const command_t *command)
{
    enum { LIMIT_DEFAULT = 50 };
    pack_t *reply = turn->reply;
    const member_t *member = member_find(turn, command->key);
    if (!member)
        return STATUS_UNKNOWN_MEMBER;
    uint64_t skip = command_number(command, FIELD_FROM, 0);
    uint64_t limit = command_number(command, FIELD_LIMIT, LIMIT_DEFAULT);
    uint64_t at = skip < member->visits ? member->visits - skip : 0;
    uint32_t count = 0;
    pack_map(reply, 2);
    pack_key_uint(reply, "total", member->visits);
    pack_str(reply, "visits");
    size_t array = box_array_begin(reply);
    for (; at > 0 && count < limit && reply->size + MEMBER_LINE_MAX <= LIST_BYTES_MAX; at--) {
        const visit_t *visit =
            state_get(turn->state, member_key(command->key, MEMBER_VISIT, at), NULL);
        char order[ORDER_ID_ROOM];
        assert(visit);
        ids_order_text(order, visit->showtime, visit->purchase);
        pack_array(reply, 10);
        pack_str(reply, order);
        pack_int(reply, visit->paid_ms);
        pack_int(reply, visit->starts_ms);
        pack_strn(reply, visit->title, strnlen(visit->title, sizeof visit->title));
        pack_strn(reply, visit->format, strnlen(visit->format, sizeof visit->format));
        pack_uint(reply, visit->tickets);
        pack_uint(reply, visit->void_tickets);
        pack_int(reply, visit->paid);
        pack_int(reply, visit->refunded);
        pack_int(reply, visit->points);
        count++;
    }
    box_array_end(reply, array, count);
    return STATUS_OK;
}
