/* queue - see queue.h for the contract. */
#include "tests/sim/crowd.h"
#include "tests/sim/queue.h"
#include "actors/box_queue.h"
#include "actors/pass.h"
#include "tests/sim/judge_inside.h"
#include "tests/sim/server.h"
#include <inttypes.h>
#include <string.h>

/* ------------------------------------------------------------------ what people do */

/* Every other showtime is one that many want. */
static bool
queue_pick(sim_t *sim, person_t *person)
{
    uint64_t showtime = crowd_showtime(sim);
    person->call.showtime = showtime;
    return showtime != 0 && showtime % 2 == 1;
}

bool
queue_make_open(sim_t *sim, person_t *person, pack_t *pack)
{
    if (!queue_pick(sim, person))
        return false;
    int64_t now_ms = person_clock(sim, person);
    bool later = chance_below(&sim->chance, 2), share = chance_below(&sim->chance, 2);
    bool larger = chance_below(&sim->chance, 8) == 0;
    uint64_t capacity = 1 + person->call.showtime / 2 % 3 + larger;
    person->call.amount = (int64_t)capacity;
    pack_map(pack, 3u + later + share);
    pack_key_uint(pack, "capacity", capacity);
    pack_key_uint(pack, "rate", (uint64_t)chance_between(&sim->chance, 20, 600));
    pack_key_uint(pack, "pass_ms", (uint64_t)chance_between(&sim->chance, 3000, 15000));
    if (later)
        pack_key_int(pack, "opens_ms", now_ms + chance_between(&sim->chance, 5000, 40000));
    if (share)
        pack_key_uint(pack, "share", chance_below(&sim->chance, 101));
    return true;
}

bool
queue_make_close(sim_t *sim, person_t *person, pack_t *pack)
{
    pack_map(pack, 0);
    return queue_pick(sim, person);
}

bool
queue_make_join(sim_t *sim, person_t *person, pack_t *pack)
{
    if (!queue_pick(sim, person))
        return false;
    pack_map(pack, 2);
    pack_key_uint(pack, "user", person->user);
    pack_key_uint(pack, "lane", person->user % 3 == 0);
    return true;
}

bool
queue_make_of_user(sim_t *sim, person_t *person, pack_t *pack)
{
    if (!queue_pick(sim, person))
        return false;
    pack_map(pack, 1);
    pack_key_uint(pack, "user", person->user);
    return true;
}

bool
queue_make_get(sim_t *sim, person_t *person, pack_t *pack)
{
    pack_map(pack, 0);
    return queue_pick(sim, person);
}

/* ------------------------------------------------------------------ what they are told */

static bool
told_uint(const void *body, uint32_t size, const char *key, uint64_t *value)
{
    mp_t at;
    return mp_find(body, size, key, &at) && mp_read_uint(&at, value);
}

static bool
told_text(const void *body, uint32_t size, const char *key, const char **text, uint32_t *length)
{
    mp_t at;
    return mp_find(body, size, key, &at) && mp_read_str(&at, text, length);
}

static const uint8_t *
told_hash(const void *body, uint32_t size, const char *key)
{
    mp_t at;
    mp_item_t item;
    bool found = mp_find(body, size, key, &at) && mp_next(&at, &item) && item.type == MP_BIN &&
                 item.size == DRAW_SEED_SIZE;
    return found ? item.data : NULL;
}

static queue_board_t *
queue_board_of(sim_t *sim, uint64_t showtime)
{
    uint32_t index = judge_index(sim, showtime);
    return index < CROWD_SHOWTIMES ? &sim->judge->queues[index] : NULL;
}

static const char *
queue_hear_commitment(queue_board_t *board, const uint8_t *commitment)
{
    if (!commitment)
        return "a waiting room is committed to nothing";
    if (board->told && memcmp(board->commitment, commitment, sizeof board->commitment) != 0)
        return "a waiting room has changed its commitment";
    memcpy(board->commitment, commitment, sizeof board->commitment);
    board->told = true;
    return NULL;
}

/* A number is one user's, and a place one number's, for ever. */
static const char *
queue_hear_place(queue_board_t *board, uint64_t user, const void *body, uint32_t size)
{
    uint64_t lane, number, place;
    if (!told_uint(body, size, "lane", &lane) || lane > 1 ||
        !told_uint(body, size, "number", &number) || number == 0 ||
        !told_uint(body, size, "place", &place))
        return "a place was malformed";
    if (number >= QUEUE_BOARD_PLACES || place >= QUEUE_BOARD_PLACES)
        return NULL;
    if (board->numbers[lane][number].user && board->numbers[lane][number].user != user)
        return "a number of the waiting room was given to two users";
    board->numbers[lane][number].user = user;
    if (place == 0)
        return NULL;
    if (board->numbers[lane][number].place && board->numbers[lane][number].place != place)
        return "somebody's place has changed";
    if (board->who[lane][place] && board->who[lane][place] != number)
        return "a place was given to two numbers";
    board->numbers[lane][number].place = (uint32_t)place;
    board->who[lane][place] = (uint32_t)number;
    return NULL;
}

/* Who is inside has a pass that says so, and nobody else has one. */
static const char *
queue_hear_pass(const site_t *site, const call_t *call, const void *body, uint32_t size)
{
    const char *state, *text;
    uint32_t state_size, text_size;
    uint64_t until_ms;
    pass_t pass;
    if (!told_text(body, size, "state", &state, &state_size) ||
        !told_uint(body, size, "until_ms", &until_ms))
        return "a place was malformed";
    bool inside = state_size == 6 && memcmp(state, "inside", 6) == 0;
    if (told_text(body, size, "pass", &text, &text_size) != inside)
        return "a pass for one who is not inside, or none for one who is";
    if (inside && (!pass_read(text, text_size, site->sign_secret + 32, &pass) ||
                   pass.showtime != call->showtime || pass.user != call->user ||
                   pass.until_ms != (int64_t)until_ms))
        return "a pass says something else than its answer";
    return NULL;
}

static const char *
queue_hear_receipt(const site_t *site, const queue_board_t *board, const call_t *call,
                   const void *body, uint32_t size)
{
    const char *text;
    uint32_t text_size;
    uint64_t number;
    pass_receipt_t receipt;
    if (!told_text(body, size, "receipt", &text, &text_size) ||
        !pass_receipt_read(text, text_size, site->sign_secret + 32, &receipt) ||
        !told_uint(body, size, "number", &number) || receipt.number != number ||
        receipt.user != call->user || receipt.showtime != call->showtime ||
        memcmp(receipt.commitment, board->commitment, sizeof receipt.commitment) != 0)
        return "a receipt says something else than its answer";
    return NULL;
}

void
queue_learn_place(sim_t *sim, person_t *person, status_t status, const void *body, uint32_t size)
{
    const call_t *call = &person->call;
    queue_board_t *board = queue_board_of(sim, call->showtime);
    if (status != STATUS_OK || !board)
        return;
    const site_t *site = server_site(sim, sim_home(call->operation, call->showtime));
    const char *broken = queue_hear_commitment(board, told_hash(body, size, "commitment"));
    if (!broken)
        broken = queue_hear_place(board, call->user, body, size);
    if (!broken)
        broken = queue_hear_pass(site, call, body, size);
    if (!broken && call->operation == OP_QUEUE_JOIN)
        broken = queue_hear_receipt(site, board, call, body, size);
    if (broken)
        sim_broken(sim, "showtime %" PRIu64 ", user %" PRIu64 ": %s", call->showtime, call->user,
                   broken);
}

/* The seed, once it is shown, is what was committed to, and what gave everybody's place. */
void
queue_learn_get(sim_t *sim, person_t *person, status_t status, const void *body, uint32_t size)
{
    uint8_t commitment[DRAW_SEED_SIZE];
    queue_board_t *board = queue_board_of(sim, person->call.showtime);
    const uint8_t *seed = told_hash(body, size, "seed");
    mp_t at;
    uint32_t lanes;
    if (status != STATUS_OK || !board)
        return;
    const char *broken = queue_hear_commitment(board, told_hash(body, size, "commitment"));
    if (seed) {
        draw_commitment(commitment, seed);
        broken = queue_hear_commitment(board, commitment);
    }
    if (!mp_find(body, size, "lanes", &at) || !mp_read_array(&at, &lanes) || lanes != 2)
        broken = "a waiting room has not two lanes";
    for (uint8_t lane = 0; seed && lane < 2 && !broken; lane++) {
        uint64_t drawn;
        mp_t whole = at;
        if (!mp_skip(&at) || !told_uint(whole.at, (uint32_t)(at.at - whole.at), "drawn", &drawn))
            broken = "a lane is malformed";
        for (uint32_t i = 1; !broken && i <= drawn && i < QUEUE_BOARD_PLACES; i++)
            if (board->numbers[lane][i].place &&
                board->numbers[lane][i].place != draw_place(seed, lane, (uint32_t)drawn, i - 1) + 1)
                broken = "a place is not the one that was drawn";
    }
    if (broken)
        sim_broken(sim, "showtime %" PRIu64 ": %s", person->call.showtime, broken);
}

void
queue_asked(queue_board_t *board, const call_t *call)
{
    if (call->operation == OP_QUEUE_OPEN && call->amount > board->capacity)
        board->capacity = (uint32_t)call->amount;
}

void
queue_event(sim_t *sim, queue_board_t *board, uint64_t showtime, const void *body, uint32_t size)
{
    mp_t called, joined;
    uint32_t two, too;
    if (!mp_find(body, size, "called", &called) || !mp_read_array(&called, &two) || two != 2 ||
        !mp_find(body, size, "joined", &joined) || !mp_read_array(&joined, &too) || too != 2) {
        sim_broken(sim, "showtime %" PRIu64 ": a queue.changed is malformed", showtime);
        return;
    }
    for (int lane = 0; lane < 2; lane++) {
        uint64_t places = 0, numbers = 0;
        if (!mp_read_uint(&called, &places) || !mp_read_uint(&joined, &numbers) ||
            places < board->called[lane] || places > numbers)
            sim_broken(sim, "showtime %" PRIu64 ": %" PRIu64 " places were called after %" PRIu64,
                       showtime, places, board->called[lane]);
        board->called[lane] = places;
    }
}

/* ------------------------------------------------------------------ what the records say */

/* The seats that the newest entry gave to buyers went to such as were inside. Who left or bought
 * in that entry too was until then; who joined anew then has no older place that is known. */
static void
queue_judge_locks(sim_t *sim, const box_t *box, int64_t now_ms)
{
    const queue_t *queue = box_queue(box);
    if (!queue->open || queue->opened_ms >= now_ms)
        return;
    for (uint32_t number = box->head->purchases; number > 0; number--) {
        const purchase_t *purchase = box_purchase(box, number);
        queue_user_t user;
        if (!purchase)
            continue;
        if (purchase->locked_ms < now_ms)
            return;
        if (purchase->user % CROWD_USERS >= CROWD_DESK_USER)
            continue;
        const place_t *place = box_queue_find(box, purchase->user, &user)
                                   ? box_queue_place(box, user.lane, user.number)
                                   : NULL;
        if (place && (place->joined_ms == now_ms || place->until_ms >= now_ms))
            continue;
        sim_broken(sim, "showtime %" PRIu64 ": user %" PRIu64 " took seats and was not inside",
                   box->showtime, purchase->user);
    }
}

void
queue_judge(sim_t *sim, const box_t *box, const queue_board_t *board, int64_t now_ms, bool settled)
{
    const queue_t *queue = box_queue(box);
    if (!queue)
        return;
    if (box_queue_inside(queue) > board->capacity)
        sim_broken(sim, "showtime %" PRIu64 ": %u are inside where %u may be", box->showtime,
                   box_queue_inside(queue), board->capacity);
    queue_judge_locks(sim, box, now_ms);
    if (settled && (box_queue_inside(queue) || (queue->open && box_queue_waiting(queue))))
        sim_broken(sim, "showtime %" PRIu64 ": %u still wait and %u are inside", box->showtime,
                   box_queue_waiting(queue), box_queue_inside(queue));
}
