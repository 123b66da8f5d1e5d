/* box_charge - see box_charge.h for the records and the contract.
 *
 * Asked again after 2 s, 4 s .. 30 s until it is open, then after 5 s, 10 s .. 60 s how it stands,
 * once shortly before the lock is let go, and from then on after 2 s, 4 s .. 10 min to close it: an
 * order that the provider could still be paid for is closed there, or found paid. After a week,
 * when the provider closes by itself, it is given up and shown as lost. */
#include "actors/box_charge.h"
#include "actors/ids.h"
#include <assert.h>
#include <string.h>

#define CHARGE_LOST_MS (INT64_C(7) * 24 * 3600 * 1000)
enum { CHARGE_LAST_LOOK_MS = 5000 };

static const struct {
    uint16_t operation;
    int64_t first_ms, last_ms;
} charge_asks[CHARGE_STATES] = {
    [CHARGE_ASKED] = { OP_PROVIDER_CREATE, 2000, 30000 },
    [CHARGE_OPEN] = { OP_PROVIDER_QUERY, 5000, 60000 },
    [CHARGE_CLOSING] = { OP_PROVIDER_CLOSE, 2000, 600000 },
};

static const char *const charge_ways[WAYS] = {
    [WAY_NATIVE] = "native", [WAY_JSAPI] = "jsapi", [WAY_H5] = "h5", [WAY_PAGE] = "page"
};

static state_key_t
charge_key(const box_t *box, uint32_t number)
{
    return box_key(box->showtime, BOX_CHARGE, number);
}

const charge_t *
box_charge(const box_t *self, uint32_t number)
{
    return state_get(self->turn->state, charge_key(self, number), NULL);
}

static charge_t *
charge_edit(box_t *box, uint32_t number)
{
    return state_edit(box->turn->state, charge_key(box, number), 0, SIZE_MAX);
}

static bool
charge_goes_on(const charge_t *charge)
{
    return charge_asks[charge->state].operation != 0;
}

static void
charge_pack_create(const box_t *box, const charge_t *charge, pack_t *pack)
{
    box_pack_text(pack, "subject", box->head->title, sizeof box->head->title);
    pack_key_str(pack, "way", charge_ways[charge->way]);
    box_pack_text(pack, "payer", charge->payer, sizeof charge->payer);
    box_pack_text(pack, "address", charge->address, sizeof charge->address);
}

static void
charge_tell(const box_t *box, uint32_t number, const charge_t *charge)
{
    uint8_t body[640];
    char order[ORDER_ID_ROOM];
    const purchase_t *purchase = box_purchase(box, number);
    const sink_t *sink = box->turn->sink;
    pack_t pack;
    assert(purchase);
    bool create = charge->state == CHARGE_ASKED;
    ids_order_text(order, box->showtime, number);
    pack_init(&pack, body, sizeof body);
    pack_map(&pack, create ? 8 : 4);
    pack_key_str(&pack, "order", order);
    pack_key_str(&pack, "provider", box_provider_name(purchase->provider));
    pack_key_int(&pack, "amount", purchase->amount);
    pack_key_int(&pack, "until_ms", charge->until_ms);
    if (create)
        charge_pack_create(box, charge, &pack);
    assert(!pack.overflow);
    sink->tell(sink->argument, charge_asks[charge->state].operation, box->showtime, charge->tell,
               body, (uint32_t)pack.size);
}

static int64_t
charge_again_ms(const charge_t *charge, int64_t now_ms)
{
    int64_t wait_ms = charge_asks[charge->state].first_ms;
    for (uint32_t i = 1; i < charge->asked && wait_ms < charge_asks[charge->state].last_ms; i++)
        wait_ms *= 2;
    if (wait_ms > charge_asks[charge->state].last_ms)
        wait_ms = charge_asks[charge->state].last_ms;
    int64_t look_ms = charge->until_ms - CHARGE_LAST_LOOK_MS;
    if (charge->state == CHARGE_OPEN && now_ms < look_ms && now_ms + wait_ms > look_ms)
        return look_ms;
    return now_ms + wait_ms;
}

static void
charge_due_at(box_t *box, uint32_t number, int64_t due_ms)
{
    state_set_due(box->turn->state, charge_key(box, number), due_ms);
}

static void
charge_ask(box_t *box, uint32_t number, charge_t *charge)
{
    charge->asked++;
    charge->asked_in_all++;
    charge_due_at(box, number, charge_again_ms(charge, box->turn->now_ms));
    charge_tell(box, number, charge);
}

static void
charge_step(charge_t *charge, uint8_t event)
{
    uint8_t next = machine_next(MACHINE_CHARGE, charge->state, event);
    if (next != charge->state)
        charge->asked = 0;
    charge->state = next;
}

void
box_charge_due(box_t *self, uint32_t number)
{
    charge_t *charge = charge_edit(self, number);
    assert(charge && charge_goes_on(charge));
    if (charge->state == CHARGE_CLOSING && self->turn->now_ms > charge->until_ms + CHARGE_LOST_MS) {
        charge_step(charge, CHARGE_ON_LOSE);
        charge->ended_ms = self->turn->now_ms;
        charge_due_at(self, number, 0);
        return;
    }
    charge_ask(self, number, charge);
}

bool
box_charge_fits(const box_t *self, uint32_t number, const purchase_t *purchase, uint8_t provider)
{
    const charge_t *charge = box_charged(purchase) ? box_charge(self, number) : NULL;
    if (!charge)
        return true;
    if (charge->state == CHARGE_REFUSED)
        return provider != PROVIDER_SANDBOX;
    return provider == purchase->provider && charge_goes_on(charge);
}

static uint8_t
charge_way(const command_t *command)
{
    for (uint8_t way = 0; way < WAYS; way++)
        if (command_has(command, FIELD_WAY) &&
            command_text_is(command, FIELD_WAY, charge_ways[way]))
            return way;
    return WAY_NATIVE;
}

void
box_charge_begin(box_t *self, uint32_t number, const purchase_t *purchase, const command_t *command)
{
    charge_t *charge = charge_edit(self, number);
    if (charge && charge->state != CHARGE_REFUSED)
        return;
    if (!charge) {
        charge = state_insert(self->turn->state, charge_key(self, number), sizeof *charge);
        charge->tell = ++box_edit_counters(self->turn)->tells;
        charge->state = CHARGE_ASKED;
    } else
        charge_step(charge, CHARGE_ON_ASK);
    charge->began_ms = self->turn->now_ms;
    charge->until_ms = purchase->until_ms;
    charge->way = charge_way(command);
    memset(charge->reason, 0, sizeof charge->reason);
    command_text(command, FIELD_PAYER, charge->payer, sizeof charge->payer);
    command_text(command, FIELD_ADDRESS, charge->address, sizeof charge->address);
    charge_ask(self, number, charge);
}

bool
box_charge_wait(box_t *self, uint32_t number, const command_t *command)
{
    const charge_t *found = box_charge(self, number);
    if (!found || found->state != CHARGE_ASKED || found->request ||
        !command_number(command, FIELD_WAIT, 0))
        return false;
    charge_t *charge = charge_edit(self, number);
    charge->client = command->client;
    charge->request = command->request;
    return true;
}

static void
charge_pack_link(const box_t *box, uint32_t number, size_t most, pack_t *reply)
{
    size_t size = 0;
    const char *link = state_get(box->turn->state, box_key(box->showtime, BOX_LINK, number), &size);
    pack_str(reply, "link");
    pack_strn(reply, link ? link : "", link && size <= most ? size : 0);
}

void
box_charge_pack(const box_t *self, uint32_t number, const purchase_t *purchase, size_t link_most,
                pack_t *reply)
{
    const charge_t *charge = box_charge(self, number);
    char order[ORDER_ID_ROOM];
    ids_order_text(order, self->showtime, number);
    pack_map(reply, 5);
    pack_key_str(reply, "order", order);
    pack_key_int(reply, "amount", purchase->amount);
    pack_key_int(reply, "until_ms", purchase->until_ms);
    pack_key_str(reply, "charge",
                 machine_state_name(MACHINE_CHARGE, charge ? charge->state : CHARGE_NONE));
    charge_pack_link(self, number, link_most, reply);
}

void
box_charge_pack_more(const box_t *self, uint32_t number, pack_t *reply)
{
    const charge_t *charge = box_charge(self, number);
    pack_key_str(reply, "charge",
                 machine_state_name(MACHINE_CHARGE, charge ? charge->state : CHARGE_NONE));
    pack_key_str(reply, "way", charge ? charge_ways[charge->way] : "");
    box_pack_text(reply, "refused", charge ? charge->reason : "", charge ? BOX_REASON : 1);
    charge_pack_link(self, number, CHARGE_LINK_MAX, reply);
}

/* Answer who waits for the link. */
static void
charge_resolve(box_t *box, uint32_t number, charge_t *charge, status_t status)
{
    uint8_t body[REPLY_BODY_MAX];
    const purchase_t *purchase = box_purchase(box, number);
    uint64_t client = charge->client, request = charge->request;
    pack_t pack;
    if (request == 0)
        return;
    charge->client = charge->request = 0;
    pack_init(&pack, body, sizeof body);
    if (status == STATUS_OK)
        box_charge_pack(box, number, purchase, CHARGE_RESOLVED_LINK, &pack);
    else {
        pack_map(&pack, 2);
        pack_key_str(&pack, "error", status_name(status));
        box_pack_text(&pack, "reason", charge->reason, sizeof charge->reason);
    }
    assert(!pack.overflow);
    turn_resolve(box->turn, client, request, status, body, (uint32_t)pack.size);
}

void
box_charge_close(box_t *self, uint32_t number)
{
    const charge_t *found = box_charge(self, number);
    if (!found || !charge_goes_on(found))
        return;
    charge_t *charge = charge_edit(self, number);
    charge_step(charge, CHARGE_ON_CLOSE);
    charge_ask(self, number, charge);
    charge_resolve(self, number, charge, STATUS_ORDER_STATE);
}

void
box_charge_end(box_t *self, uint32_t number)
{
    const charge_t *found = box_charge(self, number);
    if (!found || found->state == CHARGE_ENDED)
        return;
    charge_t *charge = charge_edit(self, number);
    charge_step(charge, CHARGE_ON_END);
    charge->ended_ms = self->turn->now_ms;
    charge_due_at(self, number, 0);
    charge_resolve(self, number, charge, STATUS_PAYMENT_STATE);
}

static void
charge_open(box_t *box, uint32_t number, const purchase_t *purchase, const command_t *command)
{
    const value_t *link = command_value(command, FIELD_LINK);
    state_key_t key = box_key(box->showtime, BOX_LINK, number);
    charge_t *charge = charge_edit(box, number);
    if (state_get(box->turn->state, key, NULL))
        state_remove(box->turn->state, key);
    char *kept = state_insert(box->turn->state, key, link->text.size);
    memcpy(kept, link->text.data, link->text.size);
    charge_step(charge, CHARGE_ON_OPEN);
    charge->opened_ms = box->turn->now_ms;
    charge->asked = 1; /* the first look comes as late as the first pause is long */
    charge_due_at(box, number, charge_again_ms(charge, box->turn->now_ms));
    charge_resolve(box, number, charge, STATUS_OK);
    box_publish_order(box, number, purchase);
}

static void
charge_refuse(box_t *box, uint32_t number, const command_t *command)
{
    charge_t *charge = charge_edit(box, number);
    purchase_t *purchase = box_edit_purchase(box, number);
    charge_step(charge, CHARGE_ON_REFUSE);
    charge->ended_ms = box->turn->now_ms;
    command_text(command, FIELD_REASON, charge->reason, sizeof charge->reason);
    charge_due_at(box, number, 0);
    if (machine_allows(MACHINE_PAYMENT, purchase->payment, PAYMENT_ON_FAIL))
        purchase->payment = machine_next(MACHINE_PAYMENT, purchase->payment, PAYMENT_ON_FAIL);
    charge_resolve(box, number, charge, STATUS_PROVIDER_REFUSED);
    box_publish_order(box, number, purchase);
}

/* Only the first answer counts; and none when it has gone on to be closed: then what is open there
 * is closed in any case. */
status_t
box_payment_opened(turn_t *turn, const command_t *command)
{
    box_t box;
    uint32_t number;
    const purchase_t *purchase;
    if (!box_open(&box, turn, command->key))
        return STATUS_UNKNOWN_SHOWTIME;
    status_t status = box_find_order(&box, command, &number, &purchase);
    if (status != STATUS_OK)
        return status;
    const charge_t *charge = box_charge(&box, number);
    if (!charge || charge->tell != command_value(command, FIELD_TELL)->number ||
        !command_text_is(command, FIELD_PROVIDER, box_provider_name(purchase->provider)))
        return box_refuse_state(turn, STATUS_PAYMENT_STATE, MACHINE_PAYMENT, purchase->payment);
    if (charge->state == CHARGE_ASKED && command_has(command, FIELD_LINK))
        charge_open(&box, number, purchase, command);
    else if (charge->state == CHARGE_ASKED)
        charge_refuse(&box, number, command);
    pack_map(turn->reply, 1);
    pack_key_str(turn->reply, "state",
                 machine_state_name(MACHINE_CHARGE, box_charge(&box, number)->state));
    return STATUS_OK;
}

const char *
box_charge_check(const box_t *self, uint32_t number, const purchase_t *purchase)
{
    const charge_t *charge = box_charge(self, number);
    if (!charge)
        return purchase->provider > PROVIDER_SANDBOX ? "a payment has no charge" : NULL;
    if (charge->state == CHARGE_NONE || charge->state >= CHARGE_STATES || charge->way >= WAYS)
        return "a charge has no state";
    if (purchase->provider <= PROVIDER_SANDBOX)
        return "a charge is of no provider";
    if (purchase->txn[0] && charge->state != CHARGE_ENDED)
        return "a charge goes on though its money came";
    if (charge_goes_on(charge) && state_next_due(self->turn->state) == INT64_MAX)
        return "a charge that goes on is not due";
    if (charge->request && charge->state != CHARGE_ASKED)
        return "somebody waits for a link that will not come";
    if (charge->state == CHARGE_OPEN &&
        !state_get(self->turn->state, box_key(self->showtime, BOX_LINK, number), NULL))
        return "an open charge has no link";
    if (charge->notices > CHARGE_NOTICES_MAX)
        return "too many notices are kept";
    return NULL;
}
