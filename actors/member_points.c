/* member_points - the ledger of points: every movement stands in it once, by its cause and what it
 * was for. */
#include "actors/box.h"
#include "actors/member.h"
#include <assert.h>
#include <stdio.h>
#include <string.h>

static const char *const cause_names[CAUSES] = { [CAUSE_NONE] = "none",
#define X(id, name) [CAUSE_##id] = name,
                                                 MEMBER_CAUSES(X)
#undef X
};

/* A name in the index: the cause, then the reference. */
static size_t
move_name(uint8_t cause, const char *reference, char name[1 + MEMBER_REFERENCE])
{
    size_t size = strnlen(reference, MEMBER_REFERENCE);
    name[0] = (char)cause;
    memcpy(name + 1, reference, size);
    return 1 + size;
}

uint64_t
member_moved(turn_t *turn, uint64_t id, uint8_t cause, const char *reference)
{
    char name[1 + MEMBER_REFERENCE];
    size_t size = move_name(cause, reference, name);
    return member_index(turn, id, INDEX_MOVEMENT, name, size);
}

bool
member_move(turn_t *turn, uint64_t id, uint8_t cause, const char *reference, int64_t amount)
{
    char name[1 + MEMBER_REFERENCE];
    size_t size = move_name(cause, reference, name);
    if (member_index(turn, id, INDEX_MOVEMENT, name, size))
        return false;
    member_t *member = member_edit(turn, id);
    uint64_t number = ++member->movements;
    member->balance += amount;
    movement_t *move =
        state_insert(turn->state, member_key(id, MEMBER_MOVEMENT, number), sizeof *move);
    move->at_ms = turn->now_ms;
    move->amount = amount;
    move->balance = member->balance;
    move->cause = cause;
    memcpy(move->reference, reference, size - 1);
    member_index_add(turn, id, INDEX_MOVEMENT, name, size, number);
    return true;
}

/* The n-th day running gives n points. */
status_t
points_checkin(turn_t *turn, const command_t *command)
{
    char reference[MEMBER_REFERENCE];
    const member_t *found = member_find(turn, command->key);
    if (!found)
        return STATUS_UNKNOWN_MEMBER;
    int32_t day = member_day(turn, turn->now_ms);
    if (found->streak && found->checkin_day >= day) /* later: the zone's rules were changed */
        return STATUS_CHECKED_IN;
    member_t *member = member_edit(turn, command->key);
    member->streak = member->streak && member->checkin_day == day - 1 ? member->streak + 1 : 1;
    member->checkin_day = day;
    snprintf(reference, sizeof reference, "day %d", day);
    bool moved = member_move(turn, command->key, CAUSE_CHECKIN, reference, member->streak);
    assert(moved);
    (void)moved;
    pack_map(turn->reply, 3);
    pack_key_uint(turn->reply, "given", member->streak);
    pack_key_uint(turn->reply, "streak", member->streak);
    pack_key_int(turn->reply, "points", member->balance);
    return STATUS_OK;
}

status_t
points_give(turn_t *turn, const command_t *command)
{
    char reference[MEMBER_REFERENCE];
    if (!member_find(turn, command->key))
        return STATUS_UNKNOWN_MEMBER;
    command_text(command, FIELD_REFERENCE, reference, sizeof reference);
    if (!member_move(turn, command->key, CAUSE_GIVEN, reference,
                     (int64_t)command_value(command, FIELD_POINTS)->number))
        return STATUS_ALREADY_GIVEN;
    pack_map(turn->reply, 1);
    pack_key_int(turn->reply, "points", member_find(turn, command->key)->balance);
    return STATUS_OK;
}

/* [number, at_ms, cause, reference, amount, balance] each, the newest first. */
status_t
points_list(turn_t *turn, const command_t *command)
{
    enum { LIMIT_DEFAULT = 50 };
    pack_t *reply = turn->reply;
    const member_t *member = member_find(turn, command->key);
    if (!member)
        return STATUS_UNKNOWN_MEMBER;
    uint64_t skip = command_number(command, FIELD_FROM, 0);
    uint64_t limit = command_number(command, FIELD_LIMIT, LIMIT_DEFAULT);
    uint64_t at = skip < member->movements ? member->movements - skip : 0;
    uint32_t count = 0;
    pack_map(reply, 3);
    pack_key_int(reply, "points", member->balance);
    pack_key_uint(reply, "total", member->movements);
    pack_str(reply, "movements");
    size_t array = box_array_begin(reply);
    for (; at > 0 && count < limit && reply->size + MEMBER_LINE_MAX <= LIST_BYTES_MAX; at--) {
        const movement_t *move =
            state_get(turn->state, member_key(command->key, MEMBER_MOVEMENT, at), NULL);
        assert(move);
        pack_array(reply, 6);
        pack_uint(reply, at);
        pack_int(reply, move->at_ms);
        pack_str(reply, cause_names[move->cause]);
        pack_strn(reply, move->reference, strnlen(move->reference, sizeof move->reference));
        pack_int(reply, move->amount);
        pack_int(reply, move->balance);
        count++;
    }
    box_array_end(reply, array, count);
    return STATUS_OK;
}
