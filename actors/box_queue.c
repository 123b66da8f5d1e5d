/* box_queue - the waiting room's commands: opened by staff, joined, looked at and left by buyers.
 * See box_queue.h. */
#include "actors/box_queue.h"
#include "actors/pass.h"
#include <assert.h>
#include <string.h>

/* ------------------------------------------------------------------ staff */

static void
queue_settings(queue_t *queue, const command_t *command)
{
    queue->capacity = (uint32_t)command_value(command, FIELD_CAPACITY)->number;
    queue->rate = (uint32_t)command_value(command, FIELD_RATE)->number;
    queue->pass_ms = (uint32_t)command_number(command, FIELD_PASS, queue->pass_ms);
    queue->share = (uint8_t)command_number(command, FIELD_SHARE, queue->share);
}

static queue_t *
queue_insert(box_t *box)
{
    turn_t *turn = box->turn;
    box_edit_head(box)->room = 1;
    queue_t *queue = state_insert(turn->state, box_key(box->showtime, BOX_QUEUE, 0), sizeof *queue);
    draw_seed(queue->seed, turn->site->ticket_key, turn_random(turn), box->showtime);
    draw_commitment(queue->commitment, queue->seed);
    queue->pass_ms = QUEUE_PASS_MS;
    return queue;
}

/* Opened again, a room keeps its places and its seed; the draw is not moved once it has been. */
status_t
box_queue_open(turn_t *turn, const command_t *command)
{
    box_t box;
    if (!box_open(&box, turn, command->key))
        return STATUS_UNKNOWN_SHOWTIME;
    if (turn->now_ms >= box.head->closes_ms)
        return STATUS_SALE_CLOSED;
    const queue_t *before = box_queue(&box);
    int64_t opens_ms = before ? before->opens_ms : box.head->opens_ms;
    if (command_has(command, FIELD_OPENS))
        opens_ms = (int64_t)command_value(command, FIELD_OPENS)->number;
    if (before && before->drawn_ms && opens_ms != before->opens_ms)
        return box_refuse_field(turn, FIELD_OPENS);
    if (opens_ms >= box.head->closes_ms)
        return STATUS_BAD_TIMES;
    queue_t *queue = before ? box_queue_edit(&box) : queue_insert(&box);
    queue_settings(queue, command);
    queue->opens_ms = opens_ms;
    if (!queue->open)
        queue->opened_ms = turn->now_ms;
    queue->open = 1;
    box_queue_go_on(&box);
    box_queue_publish(&box, queue);
    pack_map(turn->reply, 2);
    pack_str(turn->reply, "commitment");
    pack_bin(turn->reply, queue->commitment, sizeof queue->commitment);
    pack_key_int(turn->reply, "opens_ms", opens_ms);
    return STATUS_OK;
}

status_t
box_queue_close(turn_t *turn, const command_t *command)
{
    box_t box;
    if (!box_open(&box, turn, command->key))
        return STATUS_UNKNOWN_SHOWTIME;
    if (!box_queue(&box))
        return STATUS_NO_QUEUE;
    if (!box_queue(&box)->open)
        return STATUS_QUEUE_CLOSED;
    queue_t *queue = box_queue_edit(&box);
    queue->open = 0;
    box_queue_schedule(&box, queue);
    box_queue_publish(&box, queue);
    return STATUS_OK;
}

static void
queue_pack_lane(const queue_lane_t *lane, pack_t *reply)
{
    pack_map(reply, 4u + (PLACE_STATES - 1));
    pack_key_uint(reply, "drawn", lane->drawn);
    pack_key_uint(reply, "joined", lane->joined);
    pack_key_uint(reply, "called", lane->called);
    pack_key_int(reply, "front_ms", lane->front_ms);
    for (uint8_t state = 1; state < PLACE_STATES; state++)
        pack_key_uint(reply, machine_state_name(MACHINE_PLACE, state), lane->counts[state]);
}

/* The seed is shown only when nothing can be learnt from it any more. */
status_t
box_queue_get(turn_t *turn, const command_t *command)
{
    box_t box;
    pack_t *reply = turn->reply;
    if (!box_open(&box, turn, command->key))
        return STATUS_UNKNOWN_SHOWTIME;
    const queue_t *queue = box_queue(&box);
    if (!queue)
        return STATUS_NO_QUEUE;
    pack_map(reply, queue->drawn_ms ? 12 : 11);
    pack_key_uint(reply, "showtime", box.showtime);
    pack_key_bool(reply, "open", queue->open);
    pack_key_int(reply, "opens_ms", queue->opens_ms);
    pack_key_int(reply, "drawn_ms", queue->drawn_ms);
    pack_key_uint(reply, "capacity", queue->capacity);
    pack_key_uint(reply, "rate", queue->rate);
    pack_key_uint(reply, "pass_ms", queue->pass_ms);
    pack_key_uint(reply, "share", queue->share);
    pack_key_uint(reply, "inside", box_queue_inside(queue));
    pack_str(reply, "commitment");
    pack_bin(reply, queue->commitment, sizeof queue->commitment);
    if (queue->drawn_ms) {
        pack_str(reply, "seed");
        pack_bin(reply, queue->seed, sizeof queue->seed);
    }
    pack_str(reply, "lanes");
    pack_array(reply, QUEUE_LANES);
    for (int lane = 0; lane < QUEUE_LANES; lane++)
        queue_pack_lane(&queue->lanes[lane], reply);
    return STATUS_OK;
}

/* ------------------------------------------------------------------ a place, as its owner sees it
 */

/* A user's newest place. */
typedef struct {
    const queue_t *queue;
    const place_t *place;
    queue_user_t user;
} queue_mine_t;

static bool
queue_find(const box_t *box, uint64_t user, queue_mine_t *mine)
{
    mine->queue = box_queue(box);
    if (!box_queue_find(box, user, &mine->user))
        return false;
    mine->place = box_queue_place(box, mine->user.lane, mine->user.number);
    assert(mine->place->user == user);
    return true;
}

/* Past its end a pass is over, even where no timer has run yet. */
static uint8_t
queue_shown(const box_t *box, const place_t *place)
{
    if (place->state == PLACE_INSIDE && place->until_ms <= box->turn->now_ms)
        return machine_next(MACHINE_PLACE, place->state, PLACE_ON_EXPIRE);
    return place->state;
}

/* {place, ahead, wait_ms}: places that were left before they are called still count as ahead. */
static void
queue_pack_rank(const box_t *box, const queue_mine_t *mine, uint8_t shown)
{
    pack_t *reply = box->turn->reply;
    const queue_t *queue = mine->queue;
    int64_t now_ms = box->turn->now_ms, wait_ms = 0;
    uint32_t place = 0, ahead = 0;
    if (queue->drawn_ms) {
        place = box_queue_rank(queue, mine->user.lane, mine->user.number) + 1;
        if (shown == PLACE_WAITING) {
            ahead = place - 1 - queue->lanes[mine->user.lane].called;
            wait_ms = box_queue_wait_ms(queue, mine->user.lane, ahead);
        }
    } else if (queue->opens_ms > now_ms) {
        wait_ms = queue->opens_ms - now_ms;
    }
    pack_key_uint(reply, "place", place);
    pack_key_uint(reply, "ahead", ahead);
    pack_key_int(reply, "wait_ms", wait_ms);
}

static void
queue_pack_receipt(const box_t *box, const queue_mine_t *mine)
{
    char text[PASS_RECEIPT_ROOM];
    pass_receipt_t receipt = { .showtime = box->showtime,
                               .user = mine->user.user,
                               .joined_ms = mine->place->joined_ms,
                               .number = mine->user.number + 1,
                               .lane = mine->user.lane };
    memcpy(receipt.commitment, mine->queue->commitment, sizeof receipt.commitment);
    pass_receipt_text(box->turn->site, &receipt, text);
    pack_key_str(box->turn->reply, "receipt", text);
}

static void
queue_pack_pass(const box_t *box, const queue_mine_t *mine)
{
    char text[PASS_ROOM];
    pass_t pass = { .showtime = box->showtime,
                    .user = mine->user.user,
                    .until_ms = mine->place->until_ms };
    pass_text(box->turn->site, &pass, text);
    pack_key_str(box->turn->reply, "pass", text);
}

static void
queue_pack_mine(const box_t *box, const queue_mine_t *mine, bool with_receipt)
{
    pack_t *reply = box->turn->reply;
    uint8_t shown = queue_shown(box, mine->place);
    bool inside = shown == PLACE_INSIDE, done = shown > PLACE_INSIDE;
    const char *state = "done";
    if (shown == PLACE_WAITING)
        state = mine->queue->drawn_ms ? "waiting" : "early";
    else if (inside)
        state = "inside";
    pack_map(reply, 8u + with_receipt + inside + done);
    pack_key_str(reply, "state", state);
    pack_key_uint(reply, "number", mine->user.number + 1);
    pack_key_uint(reply, "lane", mine->user.lane);
    queue_pack_rank(box, mine, shown);
    pack_key_int(reply, "until_ms", mine->place->until_ms);
    pack_str(reply, "commitment");
    pack_bin(reply, mine->queue->commitment, sizeof mine->queue->commitment);
    if (with_receipt)
        queue_pack_receipt(box, mine);
    if (inside)
        queue_pack_pass(box, mine);
    if (done)
        pack_key_str(reply, "end", machine_state_name(MACHINE_PLACE, shown));
}

/* ------------------------------------------------------------------ buyers */

/* Can the user be given another place? */
static status_t
queue_has_room(const queue_t *queue, bool known, const queue_mine_t *mine)
{
    if (known && mine->user.joins >= QUEUE_JOINS_MAX)
        return STATUS_QUEUE_LIMIT;
    if (queue->lanes[0].joined + queue->lanes[1].joined >= QUEUE_PLACES_MAX)
        return STATUS_QUEUE_FULL;
    return STATUS_OK;
}

/* A new place at the end; without a share for lane 1 there is one lane only. */
static status_t
queue_append(box_t *box, const command_t *command)
{
    queue_mine_t mine = { 0 };
    uint64_t user = command_value(command, FIELD_USER)->number;
    bool known = queue_find(box, user, &mine);
    status_t status = queue_has_room(box_queue(box), known, &mine);
    if (status != STATUS_OK)
        return status;
    queue_t *queue = box_queue_edit(box);
    uint8_t lane = queue->share && command_number(command, FIELD_LANE, 0);
    if (!box_queue_add(box, queue, lane, user))
        return STATUS_QUEUE_FULL;
    if (known && mine.place->state == PLACE_INSIDE) /* its time is over, but no tick has been yet */
        box_queue_step(box, queue, mine.user.lane, mine.user.number, PLACE_ON_EXPIRE);
    return STATUS_OK;
}

/* Who waits or is inside keeps that. Before the draw one who had left gets the same number again:
 * it is worth what any other is. */
status_t
box_queue_join(turn_t *turn, const command_t *command)
{
    box_t box;
    queue_mine_t mine;
    uint64_t user = command_value(command, FIELD_USER)->number;
    if (!box_open(&box, turn, command->key))
        return STATUS_UNKNOWN_SHOWTIME;
    const queue_t *queue = box_queue(&box);
    if (!queue)
        return STATUS_NO_QUEUE;
    if (!queue->open)
        return STATUS_QUEUE_CLOSED;
    if (turn->now_ms >= box.head->closes_ms)
        return STATUS_SALE_CLOSED;
    uint8_t shown = queue_find(&box, user, &mine) ? queue_shown(&box, mine.place) : PLACE_NONE;
    if (shown == PLACE_LEFT && !queue->drawn_ms) {
        box_queue_step(&box, box_queue_edit(&box), mine.user.lane, mine.user.number,
                       PLACE_ON_RETURN);
    } else if (shown != PLACE_WAITING && shown != PLACE_INSIDE) {
        status_t status = queue_append(&box, command);
        if (status != STATUS_OK)
            return status;
        box_queue_go_on(&box);
    }
    bool found = queue_find(&box, user, &mine);
    assert(found);
    (void)found;
    queue_pack_mine(&box, &mine, true);
    return STATUS_OK;
}

status_t
box_queue_look(turn_t *turn, const command_t *command)
{
    box_t box;
    queue_mine_t mine;
    if (!box_open(&box, turn, command->key))
        return STATUS_UNKNOWN_SHOWTIME;
    const queue_t *queue = box_queue(&box);
    if (!queue)
        return STATUS_NO_QUEUE;
    if (!queue->open)
        return STATUS_QUEUE_CLOSED;
    if (!queue_find(&box, command_value(command, FIELD_USER)->number, &mine))
        return STATUS_NOT_QUEUED;
    queue_pack_mine(&box, &mine, false);
    return STATUS_OK;
}

/* Who has left already has left: that is no refusal. */
status_t
box_queue_leave(turn_t *turn, const command_t *command)
{
    box_t box;
    queue_mine_t mine;
    if (!box_open(&box, turn, command->key))
        return STATUS_UNKNOWN_SHOWTIME;
    if (!box_queue(&box))
        return STATUS_NO_QUEUE;
    if (!queue_find(&box, command_value(command, FIELD_USER)->number, &mine))
        return STATUS_NOT_QUEUED;
    if (!machine_allows(MACHINE_PLACE, queue_shown(&box, mine.place), PLACE_ON_LEAVE))
        return STATUS_OK;
    queue_t *queue = box_queue_edit(&box);
    box_queue_step(&box, queue, mine.user.lane, mine.user.number, PLACE_ON_LEAVE);
    box_queue_schedule(&box, queue);
    return STATUS_OK;
}

/* ------------------------------------------------------------------ the rest of the box office */

status_t
box_queue_allows(const box_t *box, const command_t *command)
{
    queue_mine_t mine;
    const queue_t *queue = box_queue(box);
    if (!queue || !queue->open || !(command->role & (ROLE_BRIDGE | ROLE_LOAD)))
        return STATUS_OK;
    bool inside = queue_find(box, command_value(command, FIELD_USER)->number, &mine) &&
                  queue_shown(box, mine.place) == PLACE_INSIDE;
    return inside ? STATUS_OK : STATUS_QUEUE_FIRST;
}

void
box_queue_bought(box_t *box, uint64_t user)
{
    queue_mine_t mine;
    if (!box_queue(box) || !queue_find(box, user, &mine) || mine.place->state != PLACE_INSIDE)
        return;
    queue_t *queue = box_queue_edit(box);
    box_queue_step(box, queue, mine.user.lane, mine.user.number, PLACE_ON_BUY);
    box_queue_schedule(box, queue);
}
