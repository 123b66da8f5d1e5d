/* member_batch - batches of coupons: made by staff, given to members one by one.
 *
 * Of a coupon that nobody has, nothing is kept: its code follows from batch and number. Staff have
 * codes printed, or give one to a member; a member claims one by its code. Either way the batch
 * notes who has it, and the coupon goes to the member's partition by outbox. */
#include "actors/box.h"
#include "actors/ids.h"
#include "actors/member.h"
#include "actors/outbox.h"
#include <assert.h>
#include <string.h>

field_t
coupon_terms(const command_t *command, coupon_terms_t *terms)
{
    memset(terms, 0, sizeof *terms);
    terms->kind = coupon_kind(command);
    terms->value = (int64_t)command_value(command, FIELD_VALUE)->number;
    terms->minimum = (int64_t)command_number(command, FIELD_MINIMUM, 0);
    terms->from_ms = (int64_t)command_number(command, FIELD_VALID_FROM, 0);
    terms->until_ms = (int64_t)command_value(command, FIELD_VALID_UNTIL)->number;
    command_text(command, FIELD_FORMAT, terms->format, sizeof terms->format);
    if (terms->kind == COUPON_KIND_NONE)
        return FIELD_KIND;
    if (terms->value == 0 || (terms->kind == COUPON_DISCOUNT && terms->value > COUPON_WHOLE))
        return FIELD_VALUE;
    return terms->until_ms <= terms->from_ms ? FIELD_VALID_UNTIL : FIELDS;
}

void
coupon_pack_terms(pack_t *pack, const coupon_terms_t *terms)
{
    pack_key_str(pack, "kind", coupon_kind_name(terms->kind));
    pack_key_int(pack, "value", terms->value);
    pack_key_int(pack, "minimum", terms->minimum);
    pack_key_int(pack, "valid_from_ms", terms->from_ms);
    pack_key_int(pack, "valid_until_ms", terms->until_ms);
    box_pack_text(pack, "format", terms->format, sizeof terms->format);
}

static const batch_t *
batch_find(turn_t *turn, uint64_t id)
{
    if (id == 0 || id > COUPON_BATCH_MAX)
        return NULL;
    return state_get(turn->state, member_key(id, MEMBER_BATCH, 0), NULL);
}

status_t
batch_make(turn_t *turn, const command_t *command)
{
    coupon_terms_t terms;
    uint64_t id = command->key;
    if (id == 0 || id > COUPON_BATCH_MAX)
        return STATUS_UNKNOWN_BATCH;
    if (batch_find(turn, id))
        return STATUS_BATCH_EXISTS;
    field_t wrong = coupon_terms(command, &terms);
    if (wrong != FIELDS)
        return box_refuse_field(turn, wrong);
    batch_t *batch = state_insert(turn->state, member_key(id, MEMBER_BATCH, 0), sizeof *batch);
    batch->terms = terms;
    batch->quantity = (uint32_t)command_value(command, FIELD_QUANTITY)->number;
    batch->per_member = (uint32_t)command_number(command, FIELD_PER_MEMBER, 1);
    batch->next = 1;
    return STATUS_OK;
}

status_t
batch_get(turn_t *turn, const command_t *command)
{
    const batch_t *batch = batch_find(turn, command->key);
    if (!batch)
        return STATUS_UNKNOWN_BATCH;
    pack_map(turn->reply, 10);
    pack_key_uint(turn->reply, "batch", command->key);
    coupon_pack_terms(turn->reply, &batch->terms);
    pack_key_uint(turn->reply, "quantity", batch->quantity);
    pack_key_uint(turn->reply, "given", batch->given);
    pack_key_uint(turn->reply, "per_member", batch->per_member);
    return STATUS_OK;
}

static const batch_given_t *
batch_given(turn_t *turn, uint64_t id, uint64_t number)
{
    return state_get(turn->state, member_key(id, MEMBER_GIVEN, number), NULL);
}

/* The codes of the coupons that nobody has, to be printed: [code] from number `from` on. */
status_t
batch_codes(turn_t *turn, const command_t *command)
{
    enum { LIMIT_DEFAULT = 100 };
    pack_t *reply = turn->reply;
    const batch_t *batch = batch_find(turn, command->key);
    if (!batch)
        return STATUS_UNKNOWN_BATCH;
    uint64_t at = command_number(command, FIELD_FROM, 0) + 1;
    uint64_t limit = command_number(command, FIELD_LIMIT, LIMIT_DEFAULT);
    uint32_t count = 0;
    pack_map(reply, 2);
    pack_str(reply, "codes");
    size_t array = box_array_begin(reply);
    for (; at <= batch->quantity && count < limit; at++) {
        char code[COUPON_CODE_ROOM];
        if (batch_given(turn, command->key, at))
            continue;
        coupon_code(turn->site, (uint32_t)command->key, (uint16_t)at, 0, code);
        pack_str(reply, code);
        count++;
    }
    box_array_end(reply, array, count);
    pack_key_uint(reply, "next", at <= batch->quantity ? at - 1 : 0);
    return STATUS_OK;
}

/* May the member have one more of this batch? */
static status_t
batch_judge(turn_t *turn, uint64_t id, const batch_t *batch, uint64_t member)
{
    const uint32_t *had = state_get(turn->state, member_key(id, MEMBER_HAD, member), NULL);
    if (!ids_is_member(member))
        return STATUS_UNKNOWN_MEMBER;
    if (turn->now_ms >= batch->terms.until_ms)
        return STATUS_COUPON_EXPIRED;
    if (had && *had >= batch->per_member)
        return STATUS_COUPON_LIMIT;
    return outbox_room(turn, OP_COUPON_TAKE, member, 1) ? STATUS_OK : STATUS_BUSY;
}

static void
batch_give(turn_t *turn, uint64_t id, uint16_t number, uint64_t member)
{
    uint8_t body[256];
    char code[COUPON_CODE_ROOM];
    pack_t pack;
    batch_t *batch = state_edit(turn->state, member_key(id, MEMBER_BATCH, 0), 0, SIZE_MAX);
    assert(batch);
    batch_given_t *given =
        state_insert(turn->state, member_key(id, MEMBER_GIVEN, number), sizeof *given);
    given->member = member;
    given->at_ms = turn->now_ms;
    batch->given++;
    while (batch->next <= batch->quantity && batch_given(turn, id, batch->next))
        batch->next++;
    state_key_t key = member_key(id, MEMBER_HAD, member);
    uint32_t *had = state_edit(turn->state, key, 0, SIZE_MAX);
    if (!had)
        had = state_insert(turn->state, key, sizeof *had);
    ++*had;
    coupon_code(turn->site, (uint32_t)id, number, 0, code);
    pack_init(&pack, body, sizeof body);
    pack_map(&pack, 7);
    pack_key_str(&pack, "coupon", code);
    coupon_pack_terms(&pack, &batch->terms);
    assert(!pack.overflow);
    outbox_send(turn, OP_COUPON_TAKE, member, 0, 0, body, (uint32_t)pack.size);
    pack_map(turn->reply, 2);
    pack_key_str(turn->reply, "coupon", code);
    pack_key_int(turn->reply, "valid_until_ms", batch->terms.until_ms);
}

status_t
coupon_issue(turn_t *turn, const command_t *command)
{
    const batch_t *batch = batch_find(turn, command->key);
    uint64_t member = command_value(command, FIELD_MEMBER)->number;
    if (!batch)
        return STATUS_UNKNOWN_BATCH;
    status_t status = batch_judge(turn, command->key, batch, member);
    if (status != STATUS_OK)
        return status;
    if (batch->next > batch->quantity)
        return STATUS_BATCH_EMPTY;
    batch_give(turn, command->key, (uint16_t)batch->next, member);
    return STATUS_OK;
}

/* A code that somebody was handed. Whoever has it already is not told who does. */
status_t
coupon_claim(turn_t *turn, const command_t *command)
{
    const value_t *text = command_value(command, FIELD_COUPON);
    const batch_t *batch = batch_find(turn, command->key);
    uint64_t member = command_value(command, FIELD_USER)->number;
    uint32_t of;
    uint16_t number;
    if (!batch || !coupon_read(text->text.data, text->text.size, &of, &number) ||
        of != command->key || number == 0 || number > batch->quantity ||
        !coupon_is(turn->site, text->text.data, text->text.size, of, number))
        return STATUS_COUPON_INVALID;
    if (batch_given(turn, command->key, number))
        return STATUS_COUPON_USED;
    status_t status = batch_judge(turn, command->key, batch, member);
    if (status == STATUS_OK)
        batch_give(turn, command->key, number, member);
    return status;
}
