/* box_coupon - coupons on orders, and what members' partitions are told of orders.
 *
 * order.create with a coupon asks the member's partition first (coupon.reserve) and is answered
 * when coupon.reserved comes back: by then the lock may have ended, so it is looked at again, and
 * what nobody waits for is given back. An order that has its coupon ends it once: used when it is
 * paid, given back when it ends otherwise. Money that comes after that is paid back: the discount
 * is gone.
 */
#include "actors/box.h"
#include "actors/ids.h"
#include "actors/outbox.h"
#include <assert.h>
#include <string.h>

/* Rows that an order with a coupon writes at its member's partition: reserve, settle, bought. */
enum { COUPON_ROWS = 3 };

static state_key_t
coupon_key(const box_t *box, uint32_t number)
{
    return box_key(box->showtime, BOX_COUPON, number);
}

const box_coupon_t *
box_coupon(const box_t *self, uint32_t number, const purchase_t *purchase)
{
    if (!(purchase->flags & PURCHASE_COUPON))
        return NULL;
    return state_get(self->turn->state, coupon_key(self, number), NULL);
}

/* A body that begins with the order. */
static void
member_body(pack_t *pack, uint8_t *body, size_t room, uint32_t pairs, uint64_t showtime,
            uint32_t number)
{
    char order[ORDER_ID_ROOM];
    ids_order_text(order, showtime, number);
    pack_init(pack, body, room);
    pack_map(pack, pairs);
    pack_key_str(pack, "order", order);
}

static void
member_tell(const box_t *box, uint16_t operation, uint64_t member, const pack_t *pack)
{
    assert(!pack->overflow);
    outbox_send(box->turn, operation, member, 0, 0, pack->data, (uint32_t)pack->size);
}

static bool
member_known(const box_t *box, uint64_t user)
{
    return ids_is_member(user) && box->turn->site->members > 0;
}

/* ------------------------------------------------------------------ asking */

status_t
box_coupon_ask(box_t *self, const command_t *command, uint32_t number, uint8_t provider,
               int64_t amount)
{
    uint8_t body[256];
    pack_t pack;
    turn_t *turn = self->turn;
    const value_t *code = command_value(command, FIELD_COUPON);
    const purchase_t *held = box_purchase(self, number);
    if (!member_known(self, held->user))
        return STATUS_MEMBERS_ONLY;
    if (code->text.size != sizeof((box_coupon_t){ 0 }.code))
        return STATUS_COUPON_INVALID;
    if (!outbox_room(turn, OP_COUPON_RESERVE, held->user, COUPON_ROWS))
        return STATUS_BUSY;
    purchase_t *purchase = box_edit_purchase(self, number);
    purchase->flags |= PURCHASE_COUPON;
    box_coupon_t *coupon = state_insert(turn->state, coupon_key(self, number), sizeof *coupon);
    coupon->state = BOX_COUPON_ASKED;
    coupon->user = purchase->user;
    coupon->client = command->client;
    coupon->request = command->request;
    coupon->provider = provider;
    memcpy(coupon->code, code->text.data, sizeof coupon->code);
    member_body(&pack, body, sizeof body, 4, self->showtime, number);
    box_pack_text(&pack, "coupon", coupon->code, sizeof coupon->code);
    pack_key_int(&pack, "amount", amount);
    box_pack_text(&pack, "format", self->head->format, sizeof self->head->format);
    member_tell(self, OP_COUPON_RESERVE, purchase->user, &pack);
    return STATUS_PENDING;
}

/* ------------------------------------------------------------------ ending */

static void
coupon_tell_settle(box_t *box, uint32_t number, const box_coupon_t *coupon, bool used)
{
    uint8_t body[128];
    pack_t pack;
    member_body(&pack, body, sizeof body, 3, box->showtime, number);
    box_pack_text(&pack, "coupon", coupon->code, sizeof coupon->code);
    pack_key_bool(&pack, "yes", used);
    member_tell(box, OP_COUPON_SETTLE, coupon->user, &pack);
}

void
box_coupon_end(box_t *self, uint32_t number, const purchase_t *purchase, bool used)
{
    if (!box_coupon(self, number, purchase))
        return;
    box_coupon_t *coupon = state_edit(self->turn->state, coupon_key(self, number), 0, SIZE_MAX);
    assert(coupon->state == BOX_COUPON_HELD);
    coupon->state = used ? BOX_COUPON_USED : BOX_COUPON_RETURNED;
    coupon_tell_settle(self, number, coupon, used);
}

/* ------------------------------------------------------------------ the answer */

/* There is no order after all: the lock is as it was, if it is still there. */
static void
coupon_refused(box_t *box, uint32_t number, const box_coupon_t *asked, status_t status)
{
    turn_t *turn = box->turn;
    const purchase_t *purchase = box_purchase(box, number);
    state_remove(turn->state, coupon_key(box, number));
    if (purchase)
        box_edit_purchase(box, number)->flags &= (uint8_t)~PURCHASE_COUPON;
    if (!asked->client)
        return;
    pack_map(turn->reply, 1);
    pack_key_str(turn->reply, "error", status_name(status));
    turn_resolve(turn, asked->client, asked->request, status, turn->reply->data,
                 (uint32_t)turn->reply->size);
}

status_t
box_coupon_reserved(turn_t *turn, const command_t *command)
{
    box_t box;
    const value_t *order = command_value(command, FIELD_ORDER);
    status_t status = (status_t)command_value(command, FIELD_STATUS)->number;
    uint64_t showtime;
    uint32_t number;
    if (!box_open(&box, turn, command->key))
        return STATUS_UNKNOWN_SHOWTIME;
    if (!ids_order_read(order->text.data, order->text.size, &showtime, &number) ||
        showtime != box.showtime)
        return STATUS_BAD_ORDER_ID;
    const box_coupon_t *found = state_get(turn->state, coupon_key(&box, number), NULL);
    if (!found || found->state != BOX_COUPON_ASKED)
        return STATUS_ORDER_STATE;
    const box_coupon_t asked = *found;
    const purchase_t *held = box_purchase(&box, number);
    if (status == STATUS_OK &&
        (!held || held->lock != LOCK_HELD || turn->now_ms >= held->until_ms)) {
        coupon_tell_settle(&box, number, &asked, false);
        status = STATUS_LOCK_ENDED;
    }
    if (status != STATUS_OK) {
        coupon_refused(&box, number, &asked, status);
        return STATUS_OK;
    }
    box_coupon_t *coupon = state_edit(turn->state, coupon_key(&box, number), 0, SIZE_MAX);
    coupon->state = BOX_COUPON_HELD;
    coupon->discount = (int64_t)command_value(command, FIELD_AMOUNT)->number;
    coupon->client = coupon->request = 0;
    box_make_order(&box, number, asked.provider, coupon->discount, NULL);
    if (asked.client)
        turn_resolve(turn, asked.client, asked.request, STATUS_OK, turn->reply->data,
                     (uint32_t)turn->reply->size);
    return STATUS_OK;
}

/* ------------------------------------------------------------------ points */

void
box_member_bought(box_t *self, uint32_t number, const purchase_t *purchase)
{
    uint8_t body[512];
    pack_t pack;
    if (!member_known(self, purchase->user))
        return;
    member_body(&pack, body, sizeof body, 7, self->showtime, number);
    pack_key_int(&pack, "amount", purchase->paid);
    pack_key_uint(&pack, "count", purchase->count);
    pack_key_int(&pack, "at_ms", purchase->paid_ms);
    pack_key_int(&pack, "starts_ms", self->head->starts_ms);
    box_pack_text(&pack, "title", self->head->title, sizeof self->head->title);
    box_pack_text(&pack, "format", self->head->format, sizeof self->head->format);
    member_tell(self, OP_MEMBER_BOUGHT, purchase->user, &pack);
}

void
box_member_refunded(box_t *self, uint32_t number, const purchase_t *purchase, int64_t amount,
                    uint32_t tickets)
{
    uint8_t body[128];
    pack_t pack;
    if (!member_known(self, purchase->user))
        return;
    member_body(&pack, body, sizeof body, 3, self->showtime, number);
    pack_key_int(&pack, "amount", amount);
    pack_key_uint(&pack, "count", tickets);
    member_tell(self, OP_MEMBER_REFUNDED, purchase->user, &pack);
}
