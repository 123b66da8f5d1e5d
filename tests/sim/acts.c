/* acts - what people can do: see act_t in crowd.h. The table is at the end. */
#include "actors/ids.h"
#include "actors/machine.h"
#include "broker/status.h"
#include "tests/sim/bank.h"
#include "tests/sim/crowd.h"
#include "tests/sim/programme.h"
#include "tests/sim/judge_inside.h"
#include "tests/sim/queue.h"
#include "tests/sim/shows.h"
#include <stdio.h>
#include <string.h>

enum {
    HALL_ROWS = 4,
    HALL_COLUMNS = 10,
    HALL_SEATS = HALL_ROWS * HALL_COLUMNS,
    ON_SALE_MAX = 3,
    SALE_LEAST_S = 180,
    SALE_MOST_S = 700,
};

/* ------------------------------------------------------------------ picking and packing */

static bool
pick_showtime(sim_t *sim, person_t *person)
{
    person->call.showtime = crowd_showtime(sim);
    return person->call.showtime != 0;
}

/* One to three neighbours, mostly in the middle, where everybody wants to sit. */
static void
pick_seats(sim_t *sim, call_t *call)
{
    uint32_t count = 1 + chance_below(&sim->chance, 3);
    uint32_t first = chance_below(&sim->chance, 3)
                         ? HALL_SEATS / 2 - 8 + chance_below(&sim->chance, 12)
                         : 1 + chance_below(&sim->chance, HALL_SEATS);
    call->count = (uint8_t)count;
    for (uint32_t i = 0; i < count; i++)
        call->seats[i] = (uint16_t)(first + i);
}

static held_t *
pick_held(sim_t *sim, person_t *person)
{
    held_t *held = &person->held[chance_below(&sim->chance, PERSON_LOCKS)];
    return held->lock ? held : NULL;
}

static bought_t *
pick_bought(sim_t *sim, person_t *person)
{
    bought_t *bought = &person->bought[chance_below(&sim->chance, PERSON_ORDERS)];
    return bought->purchase ? bought : NULL;
}

static const known_t *
pick_known(sim_t *sim, bool with_token)
{
    const known_t *known = &sim->crowd->known[chance_below(&sim->chance, CROWD_KNOWN)];
    return known->purchase && (!with_token || known->token[0]) ? known : NULL;
}

static void
pack_seats(pack_t *pack, const char *key, const call_t *call)
{
    pack_str(pack, key);
    pack_array(pack, call->count);
    for (uint32_t i = 0; i < call->count; i++)
        pack_uint(pack, call->seats[i]);
}

static bool
body_uint(const void *body, uint32_t size, const char *key, uint64_t *value)
{
    mp_t at;
    return mp_find(body, size, key, &at) && mp_read_uint(&at, value);
}

static bool
mp_text(mp_t *at, char *text, uint32_t room)
{
    const char *found;
    uint32_t size;
    if (!mp_read_str(at, &found, &size) || size >= room)
        return false;
    memcpy(text, found, size);
    text[size] = 0;
    return true;
}

/* ------------------------------------------------------------------ staff */

static void
pack_hall(pack_t *pack)
{
    pack_str(pack, "zones");
    pack_array(pack, 2);
    for (int zone = 0; zone < 2; zone++) {
        pack_array(pack, 3);
        pack_str(pack, zone ? "b" : "a");
        pack_str(pack, zone ? "front" : "back");
        pack_uint(pack, zone ? 3900 : 5900);
    }
    pack_str(pack, "rows");
    pack_array(pack, HALL_ROWS);
    for (int row = 0; row < HALL_ROWS; row++) {
        char name[2] = { (char)('A' + row), 0 };
        pack_array(pack, 3);
        pack_str(pack, name);
        pack_str(pack, row == 3 ? "ssssw.wcccc" : "sssss.sssss");
        pack_str(pack, row == 3 ? "bbbbb.bbbbb" : "aaaaa.aaaaa");
    }
}

static bool
make_showtime(sim_t *sim, person_t *person, pack_t *pack)
{
    crowd_t *crowd = sim->crowd;
    int64_t now_ms = person_clock(sim, person);
    uint32_t on_sale = 0;
    for (uint32_t i = 0; i < crowd->showtime_count; i++)
        on_sale += crowd->closes_ms[i] > now_ms;
    if (on_sale >= ON_SALE_MAX || crowd->showtime_count == CROWD_SHOWTIMES)
        return false;
    int64_t closes_ms = now_ms + chance_between(&sim->chance, SALE_LEAST_S, SALE_MOST_S) * 1000;
    crowd->closes_ms[crowd->showtime_count] = closes_ms;
    person->call.showtime = crowd->showtimes[crowd->showtime_count] =
        1000 + crowd->showtime_count * 7u;
    crowd->showtime_count++;
    uint64_t ttl_ms = (uint64_t)chance_between(&sim->chance, 5000, 60000);
    pack_map(pack, 12);
    pack_key_str(pack, "title", "The Long Night");
    pack_key_str(pack, "hall", "1");
    pack_key_int(pack, "opens_ms", now_ms - 1000);
    pack_key_int(pack, "closes_ms", closes_ms);
    pack_key_int(pack, "starts_ms", closes_ms + 60000);
    pack_key_int(pack, "ends_ms", closes_ms + 300000);
    pack_key_uint(pack, "cap", 3 + chance_below(&sim->chance, 4));
    pack_key_uint(pack, "ttl_ms", ttl_ms);
    pack_key_uint(pack, "ceiling_ms", 2 * ttl_ms);
    pack_key_bool(pack, "gap_rule", chance_below(&sim->chance, 2));
    pack_hall(pack);
    return true;
}

static bool
make_block(sim_t *sim, person_t *person, pack_t *pack)
{
    if (!pick_showtime(sim, person))
        return false;
    pick_seats(sim, &person->call);
    pack_map(pack, 1);
    pack_seats(pack, "seats", &person->call);
    return true;
}

/* First what failed before; else any order that got around, whole or in part. */
static bool
make_refund(sim_t *sim, person_t *person, pack_t *pack)
{
    call_t *call = &person->call;
    const char *order = bank_refused(sim);
    const known_t *known = order ? NULL : pick_known(sim, true);
    if (known)
        order = known->order;
    if (!order || !ids_order_read(order, strlen(order), &call->showtime, &call->purchase))
        return false;
    bool part = known && chance_below(&sim->chance, 3) == 0;
    call->wait = chance_below(&sim->chance, 3) == 0;
    pack_map(pack, 3u + part);
    pack_key_str(pack, "order", order);
    pack_key_str(pack, "reason", "the projector is broken");
    pack_key_bool(pack, "wait", call->wait);
    if (part) {
        call->count = 1;
        call->seats[0] = known->seat;
        pack_seats(pack, "tickets", call);
    }
    return true;
}

static bool
make_order_list(sim_t *sim, person_t *person, pack_t *pack)
{
    if (!pick_showtime(sim, person))
        return false;
    pack_map(pack, 2);
    pack_key_uint(pack, "from", chance_below(&sim->chance, 20));
    pack_key_uint(pack, "limit", 1 + chance_below(&sim->chance, 50));
    return true;
}

/* ------------------------------------------------------------------ buyers: seats */

static bool
make_lock(sim_t *sim, person_t *person, pack_t *pack)
{
    if (!pick_showtime(sim, person))
        return false;
    bool short_time = chance_below(&sim->chance, 4) == 0,
         wheels = chance_below(&sim->chance, 8) == 0;
    pick_seats(sim, &person->call);
    pack_map(pack, 2u + short_time + wheels);
    pack_key_uint(pack, "user", person->call.user);
    pack_seats(pack, "seats", &person->call);
    if (short_time)
        pack_key_uint(pack, "ttl_ms", (uint64_t)chance_between(&sim->chance, 1000, 8000));
    if (wheels)
        pack_key_bool(pack, "wheelchair", true);
    return true;
}

static bool
make_best(sim_t *sim, person_t *person, pack_t *pack)
{
    if (!pick_showtime(sim, person))
        return false;
    bool zone = chance_below(&sim->chance, 3) == 0;
    person->call.count = (uint8_t)(1 + chance_below(&sim->chance, 4));
    pack_map(pack, 2u + zone);
    pack_key_uint(pack, "user", person->call.user);
    pack_key_uint(pack, "count", person->call.count);
    if (zone)
        pack_key_str(pack, "zone", chance_below(&sim->chance, 2) ? "a" : "b");
    return true;
}

static void
learn_lock(sim_t *sim, person_t *person, status_t status, const void *body, uint32_t size)
{
    uint64_t lock, until_ms;
    (void)sim;
    if (status != STATUS_OK || !body_uint(body, size, "lock", &lock) ||
        !body_uint(body, size, "until_ms", &until_ms))
        return;
    person->held[person->held_next++ % PERSON_LOCKS] = (held_t){ .showtime = person->call.showtime,
                                                                 .lock = (uint32_t)lock,
                                                                 .until_ms = (int64_t)until_ms,
                                                                 .count = person->call.count };
}

/* What one does with a lock; now and then with somebody else's. */
static bool
pick_lock(sim_t *sim, person_t *person)
{
    const held_t *held = pick_held(sim, person);
    if (!held)
        return false;
    person->call.showtime = held->showtime;
    person->call.lock = held->lock;
    if (chance_below(&sim->chance, 12) == 0)
        person->call.lock = 1 + chance_below(&sim->chance, held->lock + 2);
    return true;
}

static bool
make_of_lock(sim_t *sim, person_t *person, pack_t *pack)
{
    if (!pick_lock(sim, person))
        return false;
    pack_map(pack, 2);
    pack_key_uint(pack, "user", person->call.user);
    pack_key_uint(pack, "lock", person->call.lock);
    return true;
}

static const char *
some_provider(sim_t *sim)
{
    static const char *const others[] = { "wxpay", "wxpay2", "alipay" };
    return chance_below(&sim->chance, 2) ? "sandbox" : others[chance_below(&sim->chance, 3)];
}

static bool
make_order(sim_t *sim, person_t *person, pack_t *pack)
{
    if (!pick_lock(sim, person))
        return false;
    bool pay = chance_below(&sim->chance, 2), child = chance_below(&sim->chance, 8) == 0;
    bool coupon = member_wants_coupon(sim);
    pack_map(pack, 2u + pay + child + coupon);
    pack_key_uint(pack, "user", person->call.user);
    pack_key_uint(pack, "lock", person->call.lock);
    if (coupon)
        member_add_coupon(sim, person, pack);
    if (child) { /* whose seat it is, or somebody else's */
        pack_str(pack, "audiences");
        pack_array(pack, 1);
        pack_array(pack, 2);
        pack_uint(pack, HALL_SEATS / 2 - 8 + chance_below(&sim->chance, 14));
        pack_str(pack, "child");
    }
    if (pay)
        pack_key_str(pack, "provider", some_provider(sim));
    return true;
}

static bool
read_order(bought_t *bought, const void *body, uint32_t size)
{
    mp_t at;
    uint64_t amount, until_ms;
    if (!mp_find(body, size, "order", &at) || !mp_text(&at, bought->order, ORDER_TEXT) ||
        !ids_order_read(bought->order, strlen(bought->order), &bought->showtime,
                        &bought->purchase) ||
        !body_uint(body, size, "amount", &amount) || !body_uint(body, size, "until_ms", &until_ms))
        return false;
    bought->amount = (int64_t)amount;
    bought->until_ms = (int64_t)until_ms;
    bought->asked = mp_find(body, size, "code", &at);
    return true;
}

static void
learn_order(sim_t *sim, person_t *person, status_t status, const void *body, uint32_t size)
{
    bought_t bought = { 0 };
    if (status != STATUS_OK || !read_order(&bought, body, size))
        return;
    person->bought[person->bought_next++ % PERSON_ORDERS] = bought;
    if (bought.asked)
        bank_pay(sim, person, &bought);
}

/* ------------------------------------------------------------------ buyers: orders */

static bool
pick_order(sim_t *sim, person_t *person, pack_t *pack, uint32_t fields)
{
    const bought_t *bought = pick_bought(sim, person);
    const known_t *known = chance_below(&sim->chance, 15) == 0 ? pick_known(sim, false) : NULL;
    if (!bought && !known)
        return false;
    person->call.showtime = known ? known->showtime : bought->showtime;
    person->call.purchase = known ? known->purchase : bought->purchase;
    pack_map(pack, fields);
    pack_key_str(pack, "order", known ? known->order : bought->order);
    pack_key_uint(pack, "user", person->call.user);
    return true;
}

static bool
make_begin(sim_t *sim, person_t *person, pack_t *pack)
{
    bool wait = chance_below(&sim->chance, 4) == 0;
    if (!pick_order(sim, person, pack, 3u + wait))
        return false;
    pack_key_str(pack, "provider", chance_below(&sim->chance, 20) ? some_provider(sim) : "gold");
    if (wait)
        pack_key_bool(pack, "wait", true);
    person->call.wait = wait;
    return true;
}

static void
learn_begin(sim_t *sim, person_t *person, status_t status, const void *body, uint32_t size)
{
    bought_t bought = { 0 };
    if (status == STATUS_OK && read_order(&bought, body, size) && bought.asked)
        bank_pay(sim, person, &bought);
}

static bool
make_audit(sim_t *sim, person_t *person, pack_t *pack)
{
    const known_t *known = pick_known(sim, false);
    if (!known)
        return false;
    person->call.showtime = known->showtime;
    person->call.purchase = known->purchase;
    pack_map(pack, 1);
    pack_key_str(pack, "order", known->order);
    return true;
}

static bool
make_of_order(sim_t *sim, person_t *person, pack_t *pack)
{
    return pick_order(sim, person, pack, 2);
}

static bool
make_accept(sim_t *sim, person_t *person, pack_t *pack)
{
    if (!pick_order(sim, person, pack, 3))
        return false;
    person->call.paid = chance_below(&sim->chance, 3) != 0;
    pack_key_bool(pack, "yes", person->call.paid);
    return true;
}

static void
know_tickets(sim_t *sim, mp_t at, const char *order)
{
    uint32_t count, parts;
    uint64_t seat;
    if (!mp_read_array(&at, &count))
        return;
    while (count-- > 0) {
        known_t known = { 0 };
        char ticket[TICKET_ID_ROOM];
        ids_token_t token;
        if (!mp_read_array(&at, &parts) || parts != 3 || !mp_text(&at, ticket, sizeof ticket) ||
            !mp_read_uint(&at, &seat) || !mp_text(&at, known.token, TOKEN_TEXT) ||
            !ids_token_read(known.token, strlen(known.token), &token))
            return;
        known.showtime = token.showtime;
        known.purchase = token.purchase;
        known.line = token.line;
        known.seat = (uint16_t)seat;
        snprintf(known.order, sizeof known.order, "%s", order);
        crowd_know(sim, &known);
    }
}

/* Looking at an order shows its tickets, which go from hand to hand. */
static void
learn_look(sim_t *sim, person_t *person, status_t status, const void *body, uint32_t size)
{
    mp_t at;
    char order[ORDER_TEXT];
    (void)person;
    if (status == STATUS_OK && mp_find(body, size, "order", &at) &&
        mp_text(&at, order, sizeof order) && mp_find(body, size, "tickets", &at))
        know_tickets(sim, at, order);
}

/* A payment that somebody makes up, without the code. */
static bool
make_forged_payment(sim_t *sim, person_t *person, pack_t *pack)
{
    const bought_t *bought = pick_bought(sim, person);
    if (!bought)
        return false;
    person->call.showtime = bought->showtime;
    person->call.purchase = bought->purchase;
    person->call.amount = bought->amount;
    person->call.forged = true;
    pack_map(pack, 6);
    pack_key_str(pack, "order", bought->order);
    pack_key_str(pack, "provider", "sandbox");
    pack_key_str(pack, "outcome", "succeeded");
    pack_key_int(pack, "amount", bought->amount);
    pack_key_str(pack, "txn", "FORGED");
    pack_key_str(pack, "code", "0123456789ABCDEF");
    return true;
}

/* ------------------------------------------------------------------ looking around */

static bool
make_seats_get(sim_t *sim, person_t *person, pack_t *pack)
{
    if (!pick_showtime(sim, person))
        return false;
    bool whole = chance_below(&sim->chance, 6) == 0;
    person->call.lock = (uint32_t)judge_since(sim, person->call.showtime);
    pack_map(pack, whole ? 0 : 1);
    if (!whole)
        pack_key_uint(pack, "since", person->call.lock);
    return true;
}

static void
learn_seats_get(sim_t *sim, person_t *person, status_t status, const void *body, uint32_t size)
{
    if (status == STATUS_OK)
        judge_read(sim, person->call.showtime, person->call.lock, body, size);
}

static bool
make_of_showtime(sim_t *sim, person_t *person, pack_t *pack)
{
    pack_map(pack, 0);
    return pick_showtime(sim, person);
}

/* Of a partition, or of the broker: the key is the partition's number. */
static bool
make_of_partition(sim_t *sim, person_t *person, pack_t *pack)
{
    person->call.showtime = chance_below(&sim->chance, SIM_PARTITIONS);
    pack_map(pack, 0);
    return true;
}

/* Of a message that nobody was told to send. */
static bool
make_message_end(sim_t *sim, person_t *person, pack_t *pack)
{
    person->call.showtime = chance_below(&sim->chance, SIM_PARTITIONS);
    pack_map(pack, 2);
    pack_key_uint(pack, "tell", 1 + chance_below(&sim->chance, 100));
    pack_key_str(pack, "outcome", chance_below(&sim->chance, 2) ? "done" : "failed");
    return true;
}

/* Of one of a few cinemas. */
static bool
make_probe(sim_t *sim, person_t *person, pack_t *pack)
{
    person->call.showtime = SIM_CINEMA + chance_below(&sim->chance, SIM_CINEMAS);
    pack_map(pack, 2);
    pack_key_uint(pack, "count", 1 + chance_below(&sim->chance, SEATS_MAX));
    pack_key_uint(pack, "amount", chance_below(&sim->chance, 1000));
    return true;
}

static bool
make_ticket_get(sim_t *sim, person_t *person, pack_t *pack)
{
    const known_t *known = pick_known(sim, true);
    char ticket[TICKET_ID_ROOM];
    if (!known)
        return false;
    ids_ticket_text(ticket, known->showtime, known->purchase, known->seat);
    person->call.showtime = known->showtime;
    pack_map(pack, 2);
    pack_key_str(pack, "ticket", ticket);
    pack_key_bool(pack, "offline", false);
    return true;
}

/* ------------------------------------------------------------------ kiosks */

static uint64_t
text_hash(const char *text, uint32_t size)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (uint32_t i = 0; i < size; i++)
        hash = (hash ^ (uint8_t)text[i]) * UINT64_C(1099511628211);
    return hash;
}

/* Now and then a nonce that somebody used before, or a time that nobody believes. */
static void
pack_nonce(sim_t *sim, person_t *person, pack_t *pack)
{
    crowd_t *crowd = sim->crowd;
    uint64_t bytes[2] = { 0, 0x4e4f4e4345 };
    int64_t off_ms = chance_below(&sim->chance, 10) ? chance_between(&sim->chance, -250000, 250000)
                                                    : chance_between(&sim->chance, -800000, 800000);
    bytes[0] = crowd->nonces[chance_below(&sim->chance, CROWD_NONCES)];
    if (bytes[0] == 0 || chance_below(&sim->chance, 4)) {
        bytes[0] = chance_next(&sim->chance) | 1;
        crowd->nonces[crowd->nonce_next++ % CROWD_NONCES] = bytes[0];
    }
    person->call.nonce = bytes[0];
    person->call.at_ms = person_clock(sim, person) + off_ms;
    pack_str(pack, "nonce");
    pack_bin(pack, bytes, sizeof bytes);
    pack_key_int(pack, "at_ms", person->call.at_ms);
}

/* How a printer goes on; a reprint is not for kiosks. */
static bool
make_print(sim_t *sim, person_t *person, pack_t *pack)
{
    static const uint8_t likely[] = { PRINT_ON_BEGIN,  PRINT_ON_BEGIN, PRINT_ON_BEGIN,
                                      PRINT_ON_DONE,   PRINT_ON_DONE,  PRINT_ON_FAIL,
                                      PRINT_ON_REPRINT };
    const known_t *known = pick_known(sim, true);
    char ticket[TICKET_ID_ROOM];
    if (!known)
        return false;
    call_t *call = &person->call;
    ids_ticket_text(ticket, known->showtime, known->purchase, known->seat);
    call->showtime = known->showtime;
    call->purchase = known->purchase;
    call->line = known->line;
    call->step = likely[chance_below(&sim->chance, sizeof likely)];
    if (person->role != ROLE_KIOSK && chance_below(&sim->chance, 2))
        call->step = PRINT_ON_REPRINT;
    call->forged = person->role == ROLE_KIOSK && call->step == PRINT_ON_REPRINT;
    bool nonce = chance_below(&sim->chance, 2);
    pack_map(pack, nonce ? 5 : 3);
    pack_key_str(pack, "ticket", ticket);
    pack_key_str(pack, "kiosk", "lobby-1");
    pack_key_str(pack, "step", machine_event_name(MACHINE_PRINT, call->step));
    if (nonce)
        pack_nonce(sim, person, pack);
    return true;
}

static bool
make_revoked(sim_t *sim, person_t *person, pack_t *pack)
{
    if (!pick_showtime(sim, person))
        return false;
    person->call.lock = chance_below(&sim->chance, 12);
    pack_map(pack, 2);
    pack_key_uint(pack, "since", person->call.lock);
    pack_key_uint(pack, "limit", 1 + chance_below(&sim->chance, 20));
    return true;
}

/* The list only grows: what stood somewhere stands there for ever. */
static void
learn_revoked(sim_t *sim, person_t *person, status_t status, const void *body, uint32_t size)
{
    uint64_t version;
    uint32_t count, text_size, index = judge_index(sim, person->call.showtime);
    const char *text;
    mp_t at;
    if (status != STATUS_OK || index == CROWD_SHOWTIMES)
        return;
    if (!body_uint(body, size, "version", &version) || !mp_find(body, size, "tickets", &at) ||
        !mp_read_array(&at, &count) || (count > 0 && person->call.lock + count > version))
        sim_broken(sim, "a list of revoked tickets is longer than its version");
    for (uint32_t i = person->call.lock; !sim->broken && count-- > 0; i++) {
        if (!mp_read_str(&at, &text, &text_size) || i >= CROWD_REVOKED)
            return;
        uint64_t *known = &sim->crowd->revoked[index][i], hash = text_hash(text, text_size);
        if (*known != 0 && *known != hash)
            sim_broken(sim, "showtime %llu: revoked ticket %u is another than before",
                       (unsigned long long)person->call.showtime, i);
        *known = hash;
    }
}

/* Now and then with one character changed. */
static bool
make_redeem(sim_t *sim, person_t *person, pack_t *pack)
{
    const known_t *known = pick_known(sim, true);
    char token[TOKEN_TEXT];
    if (!known)
        return false;
    snprintf(token, sizeof token, "%s", known->token);
    if (chance_below(&sim->chance, 10) == 0) { /* in its tag */
        char *at = &token[20 + chance_below(&sim->chance, 10)];
        *at = *at == 'A' ? 'B' : 'A';
        person->call.forged = true;
    }
    person->call.showtime = known->showtime;
    person->call.purchase = known->purchase;
    person->call.line = known->line;
    bool nonce = chance_below(&sim->chance, 4) != 0;
    pack_map(pack, nonce ? 4 : 2);
    pack_key_str(pack, "token", token);
    pack_key_str(pack, "kiosk", "lobby-1");
    if (nonce)
        pack_nonce(sim, person, pack);
    return true;
}

/* ------------------------------------------------------------------ the table */

#define GUEST   ROLE_BRIDGE
#define STAFF   ROLE_ADMIN
#define GATE    ROLE_KIOSK
#define CASHIER ROLE_CASHIER
const act_t acts[] = {
    { OP_SHOWTIME_OPEN, STAFF, 40, make_showtime, NULL, false },
    { OP_SEATS_LOCK, GUEST, 30, make_lock, learn_lock, false },
    { OP_SEATS_BEST, GUEST, 15, make_best, learn_lock, false },
    { OP_SEATS_EXTEND, GUEST, 6, make_of_lock, NULL, false },
    { OP_SEATS_RELEASE, GUEST, 6, make_of_lock, NULL, false },
    { OP_SEATS_BLOCK, STAFF, 6, make_block, NULL, false },
    { OP_SEATS_UNBLOCK, STAFF, 6, make_block, NULL, false },
    { OP_ORDER_CREATE, GUEST, 40, make_order, learn_order, false },
    { OP_ORDER_CANCEL, GUEST, 5, make_of_order, NULL, false },
    { OP_ORDER_ACCEPT, GUEST, 12, make_accept, NULL, false },
    { OP_ORDER_GET, GUEST, 25, make_of_order, learn_look, false },
    { OP_ORDER_REFUND, STAFF, 25, make_refund, NULL, false },
    { OP_ORDER_LIST, STAFF, 6, make_order_list, NULL, false },
    { OP_PAYMENT_BEGIN, GUEST, 12, make_begin, learn_begin, false },
    { OP_PAYMENT_SETTLE, CASHIER, 1, bank_make_settle, bank_learn_settle, false },
    { OP_PAYMENT_SETTLE, GUEST, 2, make_forged_payment, NULL, false },
    { OP_REFUND_SETTLE, CASHIER, 1, bank_make_refund, bank_learn_refund, false },
    { OP_PAYMENT_OPENED, CASHIER, 1, bank_make_opened, bank_learn_opened, false },
    { OP_PAYMENT_CALLBACK, CASHIER, 1, bank_make_notice, bank_learn_notice, false },
    { OP_PAYMENT_AUDIT, STAFF, 4, make_audit, NULL, false },
    { OP_PAYMENT_LIST, STAFF, 3, make_order_list, NULL, false },
    { OP_TICKET_GET, GATE | GUEST, 3, make_ticket_get, NULL, false },
    { OP_TICKET_REDEEM, GATE, 30, make_redeem, NULL, false },
    { OP_TICKET_PRINT, GATE, 20, make_print, NULL, false },
    { OP_TICKET_PRINT, STAFF, 8, make_print, NULL, false },
    { OP_TICKETS_REVOKED, GATE, 5, make_revoked, learn_revoked, false },
    { OP_SHOWTIME_GET, GUEST, 4, make_of_showtime, NULL, false },
    { OP_SHOWTIME_LIST, GUEST, 2, make_of_partition, NULL, false },
    { OP_SEATS_GET, GUEST, 25, make_seats_get, learn_seats_get, false },
    { OP_ECHO, STAFF, 2, make_of_showtime, NULL, false },
    { OP_CINEMA_SET, STAFF, 8, programme_make_cinema, NULL, false },
    { OP_MOVIE_SET, STAFF, 10, programme_make_movie, NULL, false },
    { OP_MOVIE_WITHDRAW, STAFF, 3, programme_make_of_movie, NULL, false },
    { OP_HALL_SET, STAFF, 10, programme_make_hall, NULL, false },
    { OP_CINEMA_GET, GUEST, 2, programme_make_of_cinema, NULL, false },
    { OP_CINEMA_LIST, GUEST, 1, make_of_partition, NULL, false },
    { OP_MOVIE_GET, GUEST, 2, programme_make_of_movie, NULL, false },
    { OP_MOVIE_LIST, GUEST, 1, programme_make_of_cinema, NULL, false },
    { OP_HALL_GET, GUEST, 2, programme_make_of_hall, NULL, false },
    { OP_HALL_LIST, GUEST, 1, programme_make_of_cinema, NULL, false },
    { OP_PRICE_SET, STAFF, 4, programme_make_card, NULL, false },
    { OP_PRICE_GET, GUEST, 1, programme_make_of_cinema, NULL, false },
    { OP_PROGRAMME_SAVE, STAFF, 20, shows_make_save, NULL, false },
    { OP_PROGRAMME_CHECK, STAFF, 2, shows_make_save, NULL, false },
    { OP_PROGRAMME_LIST, STAFF, 2, shows_make_list, NULL, false },
    { OP_PROGRAMME_PUBLISH, STAFF, 30, shows_make_publish, shows_learn_published, false },
    { OP_PROGRAMME_CLOSE, STAFF, 3, shows_make_close, NULL, false },
    { OP_PROGRAMME_CANCEL, STAFF, 4, shows_make_cancel, NULL, false },
    { OP_PROGRAMME_DELETE, STAFF, 2, shows_make_delete, NULL, false },
    { OP_LOGIN_KEY, GUEST, 2, member_make_login_key, member_learn_login_key, false },
    { OP_MEMBER_LOGIN, GUEST, 8, member_make_login, member_learn_session, false },
    { OP_SESSION_REFRESH, GUEST, 14, member_make_refresh, member_learn_session, false },
    { OP_SESSION_LOGOUT, GUEST, 3, member_make_refresh, NULL, false },
    { OP_SESSIONS_REVOKED, GUEST, 3, member_make_revoked, NULL, false },
    { OP_MEMBER_BAN, STAFF, 3, member_make_ban, NULL, false },
    { OP_MEMBER_ROLE, STAFF, 3, member_make_role, NULL, false },
    { OP_MEMBER_ERASE, GUEST, 1, member_make_known, NULL, false },
    { OP_MEMBER_OPEN, STAFF, 6, member_make_open, NULL, false },
    { OP_MEMBER_GET, GUEST, 4, member_make_of_member, NULL, false },
    { OP_MEMBER_VISITS, GUEST, 4, member_make_list, NULL, false },
    { OP_POINTS_LIST, GUEST, 4, member_make_list, NULL, false },
    { OP_POINTS_CHECKIN, GUEST, 6, member_make_of_member, NULL, false },
    { OP_POINTS_GIVE, STAFF, 8, member_make_give, NULL, false },
    { OP_BATCH_MAKE, STAFF, 10, member_make_batch, NULL, false },
    { OP_BATCH_GET, STAFF, 2, member_make_of_batch, NULL, false },
    { OP_BATCH_CODES, STAFF, 8, member_make_codes, member_learn_codes, false },
    { OP_COUPON_ISSUE, STAFF, 25, member_make_issue, member_learn_coupon, false },
    { OP_COUPON_CLAIM, GUEST, 12, member_make_claim, member_learn_coupon, false },
    { OP_COUPON_LIST, GUEST, 4, member_make_list, NULL, false },
    { OP_PROBE_SEND, STAFF, 25, make_probe, NULL, false },
    { OP_PROBE_GET, STAFF, 2, make_of_partition, NULL, false },
    { OP_STATS, STAFF, 2, make_of_partition, NULL, false },
    { OP_SESSIONS_REVOKED, STAFF, 1, make_of_partition, NULL, false },
    { OP_MESSAGE_SETTLE, STAFF, 1, make_message_end, NULL, false },
    { OP_SITE_KEYS, GATE | GUEST, 1, make_of_partition, NULL, false },
    { OP_BROKER_STATUS, STAFF, 2, make_of_partition, NULL, false },
    { OP_QUEUE_OPEN, STAFF, 12, queue_make_open, NULL, false },
    { OP_QUEUE_CLOSE, STAFF, 2, queue_make_close, NULL, false },
    { OP_QUEUE_JOIN, GUEST, 30, queue_make_join, queue_learn_place, false },
    { OP_QUEUE_LOOK, GUEST, 12, queue_make_of_user, queue_learn_place, false },
    { OP_QUEUE_LEAVE, GUEST, 3, queue_make_of_user, NULL, false },
    { OP_QUEUE_GET, GUEST, 4, queue_make_get, queue_learn_get, false },
    /* at a desk */
    { OP_SEATS_BLOCK, GUEST, 2, make_block, NULL, true },
    { OP_SEATS_UNBLOCK, GUEST, 2, make_block, NULL, true },
    { OP_SEATS_LOCK, GUEST, 4, make_lock, learn_lock, true },
    { OP_ORDER_REFUND, GUEST, 3, make_refund, NULL, true },
    { OP_ORDER_LIST, GUEST, 1, make_order_list, NULL, true },
    { OP_TICKET_REDEEM, GUEST, 2, make_redeem, NULL, true },
    { OP_TICKET_PRINT, GUEST, 2, make_print, NULL, true },
};
const uint32_t act_count = sizeof acts / sizeof acts[0];

const act_t *
act_named(uint16_t operation)
{
    for (uint32_t i = 0; i < act_count; i++)
        if (acts[i].operation == operation)
            return &acts[i];
    return NULL;
}
