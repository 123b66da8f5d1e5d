/* member - see member.h for the contract. */
#include "tests/sim/member.h"
#include "actors/box.h"
#include "actors/ids.h"
#include "actors/member.h"
#include "tests/sim/judge_inside.h"
#include "tests/sim/server.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { QUANTITY = 40, OWNERS_MAX = MEMBER_BATCHES + CROWD_MAX + MEMBER_TOKENS };

/* ------------------------------------------------------------------ what people do */

/* A member among the guests; mostly the person, if it is one. */
static uint64_t
pick_member(sim_t *sim, const person_t *person)
{
    const crowd_t *crowd = sim->crowd;
    if (ids_is_member(person->user) && chance_below(&sim->chance, 8))
        return person->user;
    for (uint32_t i = 0; i < CROWD_MAX; i++) {
        const person_t *other = &crowd->people[chance_below(&sim->chance, crowd->count)];
        if (ids_is_member(other->user))
            return other->user;
    }
    return IDS_MEMBER_FIRST;
}

bool
member_make_of_member(sim_t *sim, person_t *person, pack_t *pack)
{
    person->call.showtime = pick_member(sim, person);
    pack_map(pack, 0);
    return true;
}

bool
member_make_open(sim_t *sim, person_t *person, pack_t *pack)
{
    (void)member_make_of_member(sim, person, pack);
    if (chance_below(&sim->chance, 10) == 0)
        person->call.showtime = 1 + chance_below(&sim->chance, 100); /* of no member */
    return true;
}

bool
member_make_list(sim_t *sim, person_t *person, pack_t *pack)
{
    person->call.showtime = pick_member(sim, person);
    pack_map(pack, 2);
    pack_key_uint(pack, "from", chance_below(&sim->chance, 4));
    pack_key_uint(pack, "limit", 1 + chance_below(&sim->chance, 100));
    return true;
}

bool
member_make_give(sim_t *sim, person_t *person, pack_t *pack)
{
    char reference[24];
    person->call.showtime = pick_member(sim, person);
    snprintf(reference, sizeof reference, "sorry %u", chance_below(&sim->chance, 12));
    pack_map(pack, 2);
    pack_key_uint(pack, "points", 1 + chance_below(&sim->chance, 100));
    pack_key_str(pack, "reference", reference);
    return true;
}

static void
pick_batch(sim_t *sim, person_t *person)
{
    person->call.showtime = 1 + chance_below(&sim->chance, MEMBER_BATCHES);
}

bool
member_make_batch(sim_t *sim, person_t *person, pack_t *pack)
{
    bool fixed = chance_below(&sim->chance, 2), minimum = chance_below(&sim->chance, 3) == 0;
    bool format = chance_below(&sim->chance, 6) == 0;
    int64_t now_ms = person_clock(sim, person);
    pick_batch(sim, person);
    pack_map(pack, 5u + minimum + format);
    pack_key_str(pack, "kind", fixed ? "fixed" : "discount");
    pack_key_uint(pack, "value", 1 + chance_below(&sim->chance, fixed ? 9000 : 11000));
    pack_key_uint(pack, "quantity", QUANTITY);
    pack_key_uint(pack, "per_member", 1 + chance_below(&sim->chance, 12));
    pack_key_int(pack, "valid_until_ms", now_ms + chance_between(&sim->chance, -10, 1500) * 1000);
    if (minimum)
        pack_key_uint(pack, "minimum", chance_below(&sim->chance, 15000));
    if (format)
        pack_key_str(pack, "format", "IMAX");
    return true;
}

bool
member_make_of_batch(sim_t *sim, person_t *person, pack_t *pack)
{
    pick_batch(sim, person);
    pack_map(pack, 0);
    return true;
}

bool
member_make_codes(sim_t *sim, person_t *person, pack_t *pack)
{
    pick_batch(sim, person);
    pack_map(pack, 2);
    pack_key_uint(pack, "from", chance_below(&sim->chance, QUANTITY));
    pack_key_uint(pack, "limit", 1 + chance_below(&sim->chance, 3));
    return true;
}

bool
member_make_issue(sim_t *sim, person_t *person, pack_t *pack)
{
    pick_batch(sim, person);
    person->call.user = pick_member(sim, person);
    pack_map(pack, 1);
    pack_key_uint(pack, "member", person->call.user);
    return true;
}

static const known_code_t *
pick_code(sim_t *sim)
{
    const member_codes_t *codes = &sim->crowd->codes;
    return &codes->codes[chance_below(&sim->chance, MEMBER_CODES)];
}

static void
pack_code(sim_t *sim, const known_code_t *known, pack_t *pack)
{
    char text[sizeof known->text];
    memcpy(text, known->text, sizeof text);
    if (chance_below(&sim->chance, 20) == 0) /* in its hash */
        text[10] = text[10] == 'A' ? 'B' : 'A';
    pack_key_str(pack, "coupon", text);
}

bool
member_make_claim(sim_t *sim, person_t *person, pack_t *pack)
{
    const known_code_t *known = pick_code(sim);
    uint32_t batch;
    uint16_t number;
    if (!coupon_read(known->text, strlen(known->text), &batch, &number))
        return false;
    person->call.showtime = batch;
    pack_map(pack, 2);
    pack_key_uint(pack, "user", person->call.user);
    pack_code(sim, known, pack);
    return true;
}

bool
member_wants_coupon(sim_t *sim)
{
    return sim->crowd->codes.next > 0 && chance_below(&sim->chance, 2);
}

/* One of one's own, where one is known; else one of somebody's. */
void
member_add_coupon(sim_t *sim, person_t *person, pack_t *pack)
{
    const known_code_t *known = pick_code(sim);
    for (uint32_t i = 0; i < MEMBER_CODES && known->member != person->call.user; i++)
        known = pick_code(sim);
    person->call.wait = true;
    if (known->text[0])
        pack_code(sim, known, pack);
    else
        pack_key_str(pack, "coupon", "FREE");
}

bool
member_make_login_key(sim_t *sim, person_t *person, pack_t *pack)
{
    char login[32];
    person->call.showtime = chance_below(&sim->chance, SIM_PARTITIONS);
    person->call.line = chance_below(&sim->chance, MEMBER_LOGINS);
    snprintf(login, sizeof login, "oidc:somebody %u", person->call.line);
    pack_map(pack, 1);
    pack_key_str(pack, "login", login);
    return true;
}

bool
member_make_login(sim_t *sim, person_t *person, pack_t *pack)
{
    person->call.showtime = sim->crowd->logins[chance_below(&sim->chance, MEMBER_LOGINS)];
    pack_map(pack, 0);
    return person->call.showtime != 0;
}

/* Of somebody who has logged in. */
static const known_token_t *
pick_token(sim_t *sim, person_t *person)
{
    const known_token_t *token = &sim->crowd->tokens[chance_below(&sim->chance, MEMBER_TOKENS)];
    person->call.showtime = token->member;
    return token->member ? token : NULL;
}

bool
member_make_known(sim_t *sim, person_t *person, pack_t *pack)
{
    pack_map(pack, 0);
    return pick_token(sim, person) != NULL;
}

/* Now and then with a character changed: in its hash. */
bool
member_make_refresh(sim_t *sim, person_t *person, pack_t *pack)
{
    const known_token_t *token = pick_token(sim, person);
    char text[sizeof token->text];
    if (!token)
        return false;
    memcpy(text, token->text, sizeof text);
    if (chance_below(&sim->chance, 10) == 0) {
        text[40] = text[40] == 'A' ? 'B' : 'A';
        person->call.forged = person->call.operation == OP_SESSION_REFRESH;
    }
    pack_map(pack, 1);
    pack_key_str(pack, "refresh", text);
    return true;
}

bool
member_make_revoked(sim_t *sim, person_t *person, pack_t *pack)
{
    person->call.showtime = chance_below(&sim->chance, SIM_PARTITIONS);
    pack_map(pack, 2);
    pack_key_uint(pack, "since", chance_below(&sim->chance, 10));
    pack_key_uint(pack, "limit", 1 + chance_below(&sim->chance, 20));
    return true;
}

bool
member_make_ban(sim_t *sim, person_t *person, pack_t *pack)
{
    pack_map(pack, 1);
    pack_key_bool(pack, "yes", chance_below(&sim->chance, 3) == 0);
    return pick_token(sim, person) != NULL;
}

bool
member_make_role(sim_t *sim, person_t *person, pack_t *pack)
{
    static const char *const roles[] = { "member", "member_vip", "emperor" };
    pack_map(pack, 1);
    pack_key_str(pack, "role", roles[chance_below(&sim->chance, 3)]);
    return pick_token(sim, person) != NULL;
}

/* ------------------------------------------------------------------ what they learn */

void
member_learn_login_key(sim_t *sim, person_t *person, status_t status, const void *body,
                       uint32_t size)
{
    uint64_t *known = &sim->crowd->logins[person->call.line], key;
    mp_t at;
    if (status != STATUS_OK || !mp_find(body, size, "key", &at) || !mp_read_uint(&at, &key))
        return;
    if (*known && *known != key)
        sim_broken(sim, "the key of a log-in is another than before");
    *known = key;
}

void
member_learn_session(sim_t *sim, person_t *person, status_t status, const void *body, uint32_t size)
{
    known_token_t *token = &sim->crowd->tokens[sim->crowd->token_next++ % MEMBER_TOKENS];
    mp_t at;
    const char *text;
    uint32_t text_size;
    (void)person;
    if (status != STATUS_OK || !mp_find(body, size, "member", &at) ||
        !mp_read_uint(&at, &token->member) || !mp_find(body, size, "refresh", &at) ||
        !mp_read_str(&at, &text, &text_size) || text_size >= sizeof token->text)
        return;
    memset(token->text, 0, sizeof token->text);
    memcpy(token->text, text, text_size);
}

static void
learn_code(sim_t *sim, mp_t at, uint64_t member)
{
    member_codes_t *codes = &sim->crowd->codes;
    const char *text;
    uint32_t size;
    if (!mp_read_str(&at, &text, &size) || size >= sizeof codes->codes[0].text)
        return;
    known_code_t *code = &codes->codes[codes->next++ % MEMBER_CODES];
    *code = (known_code_t){ .member = member };
    memcpy(code->text, text, size);
}

void
member_learn_codes(sim_t *sim, person_t *person, status_t status, const void *body, uint32_t size)
{
    mp_t at;
    uint32_t count;
    (void)person;
    if (status != STATUS_OK || !mp_find(body, size, "codes", &at) || !mp_read_array(&at, &count))
        return;
    while (count-- > 0) {
        learn_code(sim, at, 0);
        if (!mp_skip(&at))
            return;
    }
}

void
member_learn_coupon(sim_t *sim, person_t *person, status_t status, const void *body, uint32_t size)
{
    mp_t at;
    if (status == STATUS_OK && mp_find(body, size, "coupon", &at))
        learn_code(sim, at, person->call.user);
}

/* ------------------------------------------------------------------ what must hold */

/* Members and batches that the simulation has. */
static uint32_t
owners(const sim_t *sim, uint64_t *ids)
{
    uint32_t count = 0;
    for (uint64_t batch = 1; batch <= MEMBER_BATCHES; batch++)
        ids[count++] = batch;
    for (uint32_t i = 0; i < sim->crowd->count; i++)
        if (ids_is_member(sim->crowd->people[i].user))
            ids[count++] = sim->crowd->people[i].user;
    for (uint32_t i = 0; i < MEMBER_TOKENS; i++)
        if (sim->crowd->tokens[i].member)
            ids[count++] = sim->crowd->tokens[i].member;
    return count;
}

void
member_judge(sim_t *sim, uint32_t partition)
{
    uint64_t ids[OWNERS_MAX];
    state_t *state = server_state(sim, partition);
    if (partition < SIM_BOX_OFFICES + SIM_PROGRAMMES)
        return;
    for (uint32_t i = owners(sim, ids); i-- > 0 && !sim->broken;) {
        bool batch = ids[i] <= MEMBER_BATCHES;
        const void *head =
            state_get(state, member_key(ids[i], batch ? MEMBER_BATCH : MEMBER_HEAD, 0), NULL);
        const char *broken = head ? member_check(state, ids[i]) : NULL;
        if (head && sim_home(OP_MEMBER_GET, ids[i]) != partition)
            sim_broken(sim, "member %" PRIu64 " is at partition %u", ids[i], partition);
        if (broken)
            sim_broken(sim, "%s %" PRIu64 ": %s", batch ? "batch" : "member", ids[i], broken);
    }
}

/* What the box office and the member say of one order. */
static void
judge_visit(sim_t *sim, const box_t *box, uint32_t number, const purchase_t *purchase)
{
    state_t *state = server_state(sim, sim_home(OP_MEMBER_GET, purchase->user));
    turn_t turn = { .state = state };
    char order[ORDER_ID_ROOM];
    int64_t live = 0;
    bool paid = false;
    for (uint32_t i = 0; i < purchase->count; i++) {
        paid |= purchase->lines[i].ticket != TICKET_NONE;
        if (purchase->lines[i].ticket == TICKET_ISSUED ||
            purchase->lines[i].ticket == TICKET_REDEEMED)
            live += purchase->lines[i].price;
    }
    ids_order_text(order, box->showtime, number);
    uint64_t at = member_index(&turn, purchase->user, INDEX_VISIT, order, ORDER_ID_SIZE);
    const visit_t *visit =
        at ? state_get(state, member_key(purchase->user, MEMBER_VISIT, at), NULL) : NULL;
    if (paid != (visit != NULL))
        sim_broken(sim, "order %s was %spaid, and the member was %stold", order, paid ? "" : "not ",
                   visit ? "" : "not ");
    else if (visit && (visit->paid - visit->refunded != live ||
                       visit->points != (live + MEMBER_FEN_A_POINT - 1) / MEMBER_FEN_A_POINT))
        sim_broken(sim,
                   "order %s has tickets for %" PRId64 " fen, the member %" PRId64
                   " points for %" PRId64 " fen",
                   order, live, visit->points, visit->paid - visit->refunded);
}

/* What both say of the coupon of an order that has one. A member's partition knows of it before and
 * after the box office does. */
static void
judge_coupon(sim_t *sim, const box_t *box, uint32_t number, const box_coupon_t *coupon,
             bool settled)
{
    state_t *state = server_state(sim, sim_home(OP_MEMBER_GET, coupon->user));
    turn_t turn = { .state = state };
    uint64_t at = member_index(&turn, coupon->user, INDEX_COUPON, coupon->code, COUPON_CODE_SIZE);
    const coupon_t *held =
        at ? state_get(state, member_key(coupon->user, MEMBER_COUPON, at), NULL) : NULL;
    bool ours = held && held->showtime == box->showtime && held->purchase == number;
    if (coupon->state == BOX_COUPON_HELD && !(ours && held->state == COUPON_RESERVED))
        sim_broken(sim, "showtime %" PRIu64 ": order %u holds a coupon that is not reserved for it",
                   box->showtime, number);
    if (coupon->state == BOX_COUPON_USED && !ours)
        sim_broken(sim, "showtime %" PRIu64 ": order %u used a coupon that is another's",
                   box->showtime, number);
    if (ours && held->state != COUPON_ISSUED && coupon->state != BOX_COUPON_ASKED &&
        held->discount != coupon->discount)
        sim_broken(sim, "showtime %" PRIu64 ": order %u has another discount than its coupon",
                   box->showtime, number);
    const purchase_t *purchase = box_purchase(box, number);
    if (coupon->state == BOX_COUPON_RETURNED && purchase->lines[0].ticket != TICKET_NONE)
        sim_broken(sim, "showtime %" PRIu64 ": order %u has tickets and gave its coupon back",
                   box->showtime, number);
    if (!settled)
        return;
    if (coupon->state == BOX_COUPON_ASKED || coupon->state == BOX_COUPON_HELD)
        sim_broken(sim, "showtime %" PRIu64 ": order %u still waits for its coupon", box->showtime,
                   number);
    if (coupon->state == BOX_COUPON_USED && held && held->state != COUPON_USED)
        sim_broken(sim, "showtime %" PRIu64 ": order %u was paid and its coupon is not used",
                   box->showtime, number);
    if (coupon->state == BOX_COUPON_RETURNED && ours)
        sim_broken(sim, "showtime %" PRIu64 ": order %u gave its coupon back and still has it",
                   box->showtime, number);
}

static void
judge_orders(sim_t *sim, uint64_t showtime, bool settled)
{
    turn_t turn = { .state = server_state(sim, sim_home(OP_SHOWTIME_GET, showtime)) };
    box_t box;
    if (!box_open(&box, &turn, showtime))
        return;
    for (uint32_t number = 1; number <= box.head->purchases && !sim->broken; number++) {
        const purchase_t *purchase = box_purchase(&box, number);
        const box_coupon_t *coupon =
            state_get(turn.state, box_key(showtime, BOX_COUPON, number), NULL);
        if (coupon)
            judge_coupon(sim, &box, number, coupon, settled);
        if (settled && purchase && ids_is_member(purchase->user))
            judge_visit(sim, &box, number, purchase);
    }
}

/* A coupon that is in use has an order that says so, or will when it hears of it. */
static void
judge_reserved(sim_t *sim, uint64_t member)
{
    state_t *state = server_state(sim, sim_home(OP_MEMBER_GET, member));
    const member_t *head = state_get(state, member_key(member, MEMBER_HEAD, 0), NULL);
    for (uint64_t n = 1; head && n <= head->coupons && !sim->broken; n++) {
        const coupon_t *coupon = state_get(state, member_key(member, MEMBER_COUPON, n), NULL);
        if (coupon->state == COUPON_ISSUED)
            continue;
        const box_coupon_t *of =
            state_get(server_state(sim, sim_home(OP_SHOWTIME_GET, coupon->showtime)),
                      box_key(coupon->showtime, BOX_COUPON, coupon->purchase), NULL);
        if (coupon->state == COUPON_RESERVED)
            sim_broken(sim, "member %" PRIu64 ": coupon %" PRIu64 " is reserved for ever", member,
                       n);
        else if (!of || of->state != BOX_COUPON_USED ||
                 memcmp(of->code, coupon->code, COUPON_CODE_SIZE) != 0)
            sim_broken(sim, "member %" PRIu64 ": coupon %" PRIu64 " was used for no order", member,
                       n);
    }
}

void
member_judge_all(sim_t *sim, bool settled)
{
    uint64_t ids[OWNERS_MAX];
    for (uint32_t i = 0; i < SIM_PARTITIONS; i++)
        if (!server_state(sim, i))
            return;
    for (uint32_t i = 0; i < sim->crowd->showtime_count && !sim->broken; i++)
        judge_orders(sim, sim->crowd->showtimes[i], settled);
    for (uint32_t i = owners(sim, ids); settled && i-- > 0 && !sim->broken;)
        if (ids_is_member(ids[i]))
            judge_reserved(sim, ids[i]);
}
