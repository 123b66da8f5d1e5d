/* member - see member.h for the contract: members, names, days, and what must hold. */
#include "actors/member.h"
#include "actors/box.h"
#include "actors/ids.h"
#include "actors/member_session.h"
#include <assert.h>
#include <sodium/crypto_generichash.h>
#include <string.h>

const member_t *
member_find(turn_t *turn, uint64_t id)
{
    return ids_is_member(id) ? state_get(turn->state, member_key(id, MEMBER_HEAD, 0), NULL) : NULL;
}

member_t *
member_edit(turn_t *turn, uint64_t id)
{
    member_t *member = state_edit(turn->state, member_key(id, MEMBER_HEAD, 0), 0, SIZE_MAX);
    assert(member);
    return member;
}

member_t *
member_edit_or_make(turn_t *turn, uint64_t id)
{
    state_key_t key = member_key(id, MEMBER_HEAD, 0);
    member_t *member = state_edit(turn->state, key, 0, SIZE_MAX);
    assert(ids_is_member(id));
    if (member)
        return member;
    member = state_insert(turn->state, key, sizeof *member);
    member->joined_ms = turn->now_ms;
    return member;
}

/* ------------------------------------------------------------------ names */

/* Where a name would stand first, and what tells it from another that would stand there too. Where
 * that one stands already, the next number is looked at; no entry is ever removed. */
static uint64_t
index_hash(uint8_t kind, const char *name, size_t size, uint8_t digest[16])
{
    uint8_t data[1 + 2 * MEMBER_REFERENCE], hash[24];
    assert(size < sizeof data);
    data[0] = kind;
    memcpy(data + 1, name, size);
    int rc = crypto_generichash(hash, sizeof hash, data, 1 + size, NULL, 0);
    assert(rc == 0);
    (void)rc;
    memcpy(digest, hash + 8, 16);
    return get_u64(hash);
}

static const member_index_t *
index_at(turn_t *turn, uint64_t id, uint64_t place)
{
    return state_get(turn->state, member_key(id, MEMBER_INDEX, place), NULL);
}

uint64_t
member_index(turn_t *turn, uint64_t id, uint8_t kind, const char *name, size_t size)
{
    uint8_t digest[16];
    uint64_t place = index_hash(kind, name, size, digest);
    const member_index_t *entry;
    for (; (entry = index_at(turn, id, place)); place++)
        if (memcmp(entry->digest, digest, sizeof digest) == 0)
            return entry->number;
    return 0;
}

void
member_index_add(turn_t *turn, uint64_t id, uint8_t kind, const char *name, size_t size,
                 uint64_t number)
{
    uint8_t digest[16];
    uint64_t place = index_hash(kind, name, size, digest);
    while (index_at(turn, id, place))
        place++;
    member_index_t *entry =
        state_insert(turn->state, member_key(id, MEMBER_INDEX, place), sizeof *entry);
    entry->number = number;
    memcpy(entry->digest, digest, sizeof digest);
}

/* ------------------------------------------------------------------ days */

int32_t
member_day(turn_t *turn, int64_t at_ms)
{
    static const zone_t utc;
    const zone_t *zone = state_get(turn->state, member_key(0, MEMBER_ZONE, 0), NULL);
    return zone_local(zone ? zone : &utc, at_ms).day;
}

uint32_t
member_month(turn_t *turn, int64_t at_ms)
{
    int32_t year, month, day;
    zone_date_of(member_day(turn, at_ms), &year, &month, &day);
    return year < 1970 ? 0 : (uint32_t)((year - 1970) * 12 + month - 1);
}

/* ------------------------------------------------------------------ operations */

status_t
member_rules(turn_t *turn, const command_t *command)
{
    zone_t zone = { 0 };
    mp_t items = command_value(command, FIELD_CHANGES)->list.items;
    uint32_t left = command_value(command, FIELD_CHANGES)->list.count, two;
    for (int64_t at_s, offset_s; left-- > 0; zone.count++) {
        if (!mp_read_array(&items, &two) || two != 2 || !mp_read_int(&items, &at_s) ||
            !mp_read_int(&items, &offset_s) || offset_s < -ZONE_OFFSET_MAX_S ||
            offset_s > ZONE_OFFSET_MAX_S)
            return box_refuse_field(turn, FIELD_CHANGES);
        zone.at_s[zone.count] = at_s;
        zone.offset_s[zone.count] = (int32_t)offset_s;
        if (zone.count == 0)
            zone.first_offset_s = (int32_t)offset_s;
    }
    if (!zone_valid(&zone))
        return box_refuse_field(turn, FIELD_CHANGES);
    state_key_t key = member_key(0, MEMBER_ZONE, 0);
    zone_t *kept = state_edit(turn->state, key, 0, SIZE_MAX);
    if (!kept)
        kept = state_insert(turn->state, key, sizeof *kept);
    *kept = zone;
    return STATUS_OK;
}

/* For members that another system had; who logs in gets an id by itself. */
status_t
member_open(turn_t *turn, const command_t *command)
{
    if (!ids_is_member(command->key))
        return STATUS_UNKNOWN_MEMBER;
    if (member_find(turn, command->key))
        return STATUS_MEMBER_EXISTS;
    (void)member_edit_or_make(turn, command->key);
    return STATUS_OK;
}

/* What was spent in the twelve months before the running one, and in it. */
static int64_t
member_spent(turn_t *turn, const member_t *member)
{
    uint32_t now = member_month(turn, turn->now_ms);
    int64_t sum = 0;
    for (uint32_t back = 0; back < MEMBER_MONTHS && back <= member->month; back++)
        if (member->month - back + MEMBER_MONTHS > now)
            sum += member->spent[(member->month - back) % MEMBER_MONTHS];
    return sum;
}

status_t
member_get(turn_t *turn, const command_t *command)
{
    const member_t *member = member_find(turn, command->key);
    pack_t *reply = turn->reply;
    if (!member)
        return STATUS_UNKNOWN_MEMBER;
    pack_map(reply, 10);
    pack_key_uint(reply, "member", command->key);
    pack_key_str(reply, "role", member->vip ? "member_vip" : "member");
    pack_key_bool(reply, "banned", member->banned);
    pack_key_int(reply, "joined_ms", member->joined_ms);
    pack_key_int(reply, "points", member->balance);
    pack_key_uint(reply, "movements", member->movements);
    pack_key_uint(reply, "visits", member->visits);
    pack_key_uint(reply, "coupons", member->coupons);
    pack_key_uint(reply, "streak", member->streak);
    pack_key_int(reply, "spent", member_spent(turn, member));
    return STATUS_OK;
}

/* ------------------------------------------------------------------ for tests */

static const char *
check_ledger(turn_t *turn, uint64_t id, const member_t *member)
{
    int64_t balance = 0;
    for (uint64_t n = 1; n <= member->movements; n++) {
        const movement_t *move = state_get(turn->state, member_key(id, MEMBER_MOVEMENT, n), NULL);
        if (!move)
            return "an entry of the ledger is gone";
        if (move->cause == CAUSE_NONE || move->cause >= CAUSES)
            return "points moved without a cause";
        if (member_moved(turn, id, move->cause, move->reference) != n)
            return "points moved twice for one reason";
        balance += move->amount;
        if (move->balance != balance)
            return "the ledger's balance is not the sum of its amounts";
    }
    return balance == member->balance ? NULL : "the points are not those of the ledger";
}

static const char *
check_visits(turn_t *turn, uint64_t id, const member_t *member)
{
    for (uint64_t n = 1; n <= member->visits; n++) {
        const visit_t *visit = state_get(turn->state, member_key(id, MEMBER_VISIT, n), NULL);
        char order[ORDER_ID_ROOM];
        if (!visit)
            return "a visit is gone";
        ids_order_text(order, visit->showtime, visit->purchase);
        if (member_index(turn, id, INDEX_VISIT, order, ORDER_ID_SIZE) != n)
            return "a visit is not found by its order";
        int64_t left = visit->known ? visit->paid - visit->refunded : 0;
        if (left < 0)
            return "more was refunded than paid";
        if (visit->points != (left + MEMBER_FEN_A_POINT - 1) / MEMBER_FEN_A_POINT)
            return "an order gave other points than are due for it";
    }
    return NULL;
}

static const char *
check_coupons(turn_t *turn, uint64_t id, const member_t *member)
{
    for (uint64_t n = 1; n <= member->coupons; n++) {
        const coupon_t *coupon = state_get(turn->state, member_key(id, MEMBER_COUPON, n), NULL);
        if (!coupon)
            return "a coupon is gone";
        if (member_index(turn, id, INDEX_COUPON, coupon->code, COUPON_CODE_SIZE) != n)
            return "a coupon is not found by its code";
        if (coupon->state == COUPON_NONE || coupon->state > COUPON_USED)
            return "a coupon has no state";
        if ((coupon->state != COUPON_ISSUED) != (coupon->showtime != 0))
            return "a coupon names an order and is not in use, or the other way round";
    }
    return NULL;
}

static const char *
check_batch(turn_t *turn, uint64_t id, const batch_t *batch)
{
    uint32_t given = 0;
    for (uint64_t n = 1; n <= batch->quantity; n++) {
        bool has = state_get(turn->state, member_key(id, MEMBER_GIVEN, n), NULL) != NULL;
        given += has;
        if (!has && n < batch->next)
            return "a batch passes over a coupon that is free";
    }
    return given == batch->given ? NULL : "a batch has given out another number than it says";
}

const char *
member_check(state_t *state, uint64_t id)
{
    turn_t turn = { .state = state };
    const batch_t *batch = state_get(state, member_key(id, MEMBER_BATCH, 0), NULL);
    if (batch)
        return check_batch(&turn, id, batch);
    const member_t *member = member_find(&turn, id);
    if (!member)
        return ids_is_member(id) ? "records of a member that there is not" : NULL;
    const char *broken = session_check(state, id);
    if (!broken)
        broken = check_ledger(&turn, id, member);
    if (!broken)
        broken = check_visits(&turn, id, member);
    return broken ? broken : check_coupons(&turn, id, member);
}
