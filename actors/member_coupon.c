/* member_coupon - the coupons in a member's hands: reserved by an order, then used, or given back.
 *
 * coupon.reserve is answered by a message of its own, coupon.reserved, which carries the discount.
 * An order that got one ends it by one coupon.settle. The box office keeps to that; what it says
 * about another order than the one that has the coupon changes nothing. */
#include "actors/box.h"
#include "actors/ids.h"
#include "actors/member.h"
#include "actors/outbox.h"
#include <assert.h>
#include <string.h>

static const char *
coupon_state_name(turn_t *turn, const coupon_t *coupon)
{
    switch (coupon->state) {
    case COUPON_ISSUED:
        return turn->now_ms >= coupon->terms.until_ms ? "expired" : "issued";
    case COUPON_RESERVED:
        return "reserved";
    case COUPON_USED:
        return "used";
    default:
        return "none";
    }
}

static coupon_t *
coupon_edit(turn_t *turn, uint64_t id, uint64_t number)
{
    coupon_t *coupon = state_edit(turn->state, member_key(id, MEMBER_COUPON, number), 0, SIZE_MAX);
    assert(coupon);
    return coupon;
}

static uint64_t
coupon_number(turn_t *turn, const command_t *command)
{
    const value_t *text = command_value(command, FIELD_COUPON);
    return text->text.size == COUPON_CODE_SIZE
               ? member_index(turn, command->key, INDEX_COUPON, text->text.data, COUPON_CODE_SIZE)
               : 0;
}

void
member_coupon_add(turn_t *turn, uint64_t id, const char code[COUPON_CODE_SIZE],
                  const coupon_terms_t *terms)
{
    uint64_t number = ++member_edit_or_make(turn, id)->coupons;
    coupon_t *coupon =
        state_insert(turn->state, member_key(id, MEMBER_COUPON, number), sizeof *coupon);
    coupon->terms = *terms;
    coupon->at_ms = turn->now_ms;
    coupon->state = COUPON_ISSUED;
    memcpy(coupon->code, code, COUPON_CODE_SIZE);
    member_index_add(turn, id, INDEX_COUPON, code, COUPON_CODE_SIZE, number);
}

/* The batch has written it down as given, so it is taken in whatever the member has; it comes
 * once. */
status_t
coupon_take(turn_t *turn, const command_t *command)
{
    coupon_terms_t terms;
    const value_t *text = command_value(command, FIELD_COUPON);
    if (!ids_is_member(command->key))
        return STATUS_UNKNOWN_MEMBER;
    if (text->text.size != COUPON_CODE_SIZE || coupon_number(turn, command) ||
        coupon_terms(command, &terms) != FIELDS)
        return STATUS_COUPON_INVALID;
    member_coupon_add(turn, command->key, text->text.data, &terms);
    return STATUS_OK;
}

/* What stands in the way of an order's having it? */
static status_t
coupon_judge(turn_t *turn, const command_t *command, const coupon_t *coupon)
{
    char format[MEMBER_FORMAT];
    const coupon_terms_t *terms = &coupon->terms;
    if (coupon->state != COUPON_ISSUED)
        return STATUS_COUPON_USED;
    if (turn->now_ms >= terms->until_ms)
        return STATUS_COUPON_EXPIRED;
    if (turn->now_ms < terms->from_ms)
        return STATUS_COUPON_NOT_YET;
    if ((int64_t)command_value(command, FIELD_AMOUNT)->number < terms->minimum)
        return STATUS_COUPON_MIN_AMOUNT;
    command_text(command, FIELD_FORMAT, format, sizeof format);
    if (terms->format[0] && memcmp(format, terms->format, sizeof format) != 0)
        return STATUS_COUPON_FORMAT;
    return STATUS_OK;
}

static void
coupon_answer(turn_t *turn, uint64_t showtime, const command_t *command, status_t status,
              int64_t discount)
{
    uint8_t body[96];
    pack_t pack;
    const value_t *order = command_value(command, FIELD_ORDER);
    pack_init(&pack, body, sizeof body);
    pack_map(&pack, 3);
    pack_str(&pack, "order");
    pack_strn(&pack, order->text.data, order->text.size);
    pack_key_uint(&pack, "status", status);
    pack_key_int(&pack, "amount", discount);
    assert(!pack.overflow);
    outbox_send(turn, OP_COUPON_RESERVED, showtime, 0, 0, body, (uint32_t)pack.size);
}

status_t
coupon_reserve(turn_t *turn, const command_t *command)
{
    const value_t *order = command_value(command, FIELD_ORDER);
    int64_t amount = (int64_t)command_value(command, FIELD_AMOUNT)->number, discount = 0;
    uint64_t showtime, number = coupon_number(turn, command);
    uint32_t purchase;
    status_t status = STATUS_COUPON_INVALID;
    if (!ids_order_read(order->text.data, order->text.size, &showtime, &purchase))
        return STATUS_BAD_ORDER_ID;
    if (number && amount > 0) {
        const coupon_t *found =
            state_get(turn->state, member_key(command->key, MEMBER_COUPON, number), NULL);
        status = coupon_judge(turn, command, found);
    }
    if (status == STATUS_OK) {
        coupon_t *coupon = coupon_edit(turn, command->key, number);
        discount = coupon_takes(coupon->terms.kind, coupon->terms.value, amount);
        coupon->state = COUPON_RESERVED;
        coupon->at_ms = turn->now_ms;
        coupon->showtime = showtime;
        coupon->purchase = purchase;
        coupon->discount = discount;
    }
    coupon_answer(turn, showtime, command, status, discount);
    return STATUS_OK;
}

status_t
coupon_settle(turn_t *turn, const command_t *command)
{
    const value_t *order = command_value(command, FIELD_ORDER);
    uint64_t showtime, number = coupon_number(turn, command);
    uint32_t purchase;
    if (!ids_order_read(order->text.data, order->text.size, &showtime, &purchase))
        return STATUS_BAD_ORDER_ID;
    if (number == 0)
        return STATUS_COUPON_INVALID;
    const coupon_t *found =
        state_get(turn->state, member_key(command->key, MEMBER_COUPON, number), NULL);
    if (found->state != COUPON_RESERVED || found->showtime != showtime ||
        found->purchase != purchase)
        return STATUS_COUPON_USED;
    coupon_t *coupon = coupon_edit(turn, command->key, number);
    coupon->at_ms = turn->now_ms;
    if (command_value(command, FIELD_YES)->number) {
        coupon->state = COUPON_USED;
        return STATUS_OK;
    }
    coupon->state = COUPON_ISSUED;
    coupon->showtime = 0;
    coupon->purchase = 0;
    coupon->discount = 0;
    return STATUS_OK;
}

/* A map of each, the newest first. */
status_t
coupon_list(turn_t *turn, const command_t *command)
{
    enum { LIMIT_DEFAULT = 50 };
    pack_t *reply = turn->reply;
    const member_t *member = member_find(turn, command->key);
    if (!member)
        return STATUS_UNKNOWN_MEMBER;
    uint64_t skip = command_number(command, FIELD_FROM, 0);
    uint64_t limit = command_number(command, FIELD_LIMIT, LIMIT_DEFAULT);
    uint64_t at = skip < member->coupons ? member->coupons - skip : 0;
    uint32_t count = 0;
    pack_map(reply, 2);
    pack_key_uint(reply, "total", member->coupons);
    pack_str(reply, "coupons");
    size_t array = box_array_begin(reply);
    for (; at > 0 && count < limit && reply->size + MEMBER_LINE_MAX <= LIST_BYTES_MAX; at--) {
        const coupon_t *coupon =
            state_get(turn->state, member_key(command->key, MEMBER_COUPON, at), NULL);
        char order[ORDER_ID_ROOM] = "";
        assert(coupon);
        if (coupon->showtime)
            ids_order_text(order, coupon->showtime, coupon->purchase);
        pack_map(reply, 10);
        box_pack_text(reply, "coupon", coupon->code, COUPON_CODE_SIZE);
        pack_key_str(reply, "state", coupon_state_name(turn, coupon));
        coupon_pack_terms(reply, &coupon->terms);
        pack_key_str(reply, "order", order);
        pack_key_int(reply, "discount", coupon->discount);
        count++;
    }
    box_array_end(reply, array, count);
    return STATUS_OK;
}
