/* turn - what the domain gets from the world, and where its results go.
 *
 * Domain files (everything in actors/ but actor.c and the main program) include no ZeroMQ, clock,
 * random, socket or file API: time, chance and storage come in through here, results leave through
 * the sink. So serving, recovery and simulation run the same function. */
#ifndef TURN_H
#define TURN_H
#include "broker/mp.h"
#include "broker/operation.h"
#include "broker/shard.h"
#include "broker/status.h"
#include "store/state.h"
#include <stdbool.h>
#include <stdint.h>

enum { APPLY_VERSION = 7 }; /* raise with every change of what apply() does */

/* Constants of a site's partition; the same in every run over its journal. Partitions are numbered
 * through: first those of the box office, then those of the programme, then those of the members.
 */
typedef struct {
    uint8_t id[16];
    uint32_t partition;                       /* the number of this one */
    uint32_t partitions, programmes, members; /* how many of each role */
    uint8_t ticket_key[32];                   /* BLAKE2b key of the ticket tokens */
    uint8_t sign_secret[64];                  /* Ed25519, for the offline payload */
} site_t;

static inline shard_map_t
site_map(const site_t *site)
{
    return (shard_map_t){ site->partitions, site->programmes, site->members };
}
/* All partitions, of whatever role. */
static inline uint32_t
site_count(const site_t *site)
{
    return site->partitions + site->programmes + site->members;
}
/* The kind of key whose owners a partition keeps, which is its role. */
static inline key_kind_t
site_role(const site_t *site, uint32_t partition)
{
    if (partition < site->partitions)
        return KEY_SHOWTIME;
    return partition < site->partitions + site->programmes ? KEY_CINEMA : KEY_MEMBER;
}
/* The count that a partition's files are stamped with: of its role and of those before it, since a
 * role was added now and then, behind those that there were. */
static inline uint32_t
site_stamp(const site_t *site, uint32_t partition)
{
    switch (site_role(site, partition)) {
    case KEY_SHOWTIME:
        return site->partitions;
    case KEY_CINEMA:
        return site->partitions + site->programmes;
    case KEY_MEMBER:
    case KEY_NONE:
    case KEY_PARTITION:
    case KEY_CASHIER:
    case KEY_SENDER:
    case KEY_KINDS:
    default:
        return site_count(site);
    }
}

/* Where results go. During recovery the loop passes a sink that drops them. `body` is one msgpack
 * map, borrowed for the call. */
typedef struct {
    void *argument;
    /* Does anybody follow this showtime? If not, its events need not be made. */
    bool (*followed)(void *argument, uint64_t showtime);
    /* Publish an event to the followers of a showtime. `number` grows without gaps per showtime. */
    void (*event)(void *argument, uint16_t operation, uint64_t showtime, uint64_t number,
                  const void *body, uint32_t size);
    /* Send an outbox row to another part of Marquee (again). */
    void (*tell)(void *argument, uint16_t operation, uint64_t key, uint64_t number,
                 const void *body, uint32_t size);
    /* The end of a deferred command. */
    void (*resolved)(void *argument, const reply_t *reply);
} sink_t;

typedef struct {
    state_t *state;
    const site_t *site;
    const sink_t *sink;
    int64_t now_ms;
    uint64_t sequence; /* of the entry; in a read that of the last one applied */
    uint64_t seed;     /* state of turn_random() */
    pack_t *reply;     /* the answer's body; empty means an empty map */
} turn_t;

/* The next of the entry's random numbers (SplitMix64 from the entry's seed). */
uint64_t turn_random(turn_t *turn);
/* Answer a command that was deferred: remember the reply in place of PENDING, and send it. */
void turn_resolve(turn_t *turn, uint64_t client, uint64_t request, status_t status,
                  const void *body, uint32_t size);

/* A handler checks in full before it changes anything. It returns the status; a body it packed
 * goes with it. STATUS_PENDING defers the answer: the handler keeps client and request. A write
 * that does not return STATUS_OK has changed nothing, but for those statuses whose text says that
 * something was done (PENDING, AMOUNT_MISMATCH, LATE_REFUNDED, LATE_OFFER, PAID_TWICE), and that
 * ticket.redeem keeps the nonce of a request whatever becomes of it, and session.refresh ends a
 * log-in whose token comes a second time (SESSION_REUSED). */
typedef status_t handler_fn(turn_t *turn, const command_t *command);

/* The handlers of the box office, by the operation table: box_seats_lock for handler seats_lock. */
handler_fn box_showtime_open, box_showtime_get, box_showtime_list, box_seats_get, box_seats_lock,
    box_seats_best, box_seats_extend, box_seats_release, box_seats_block, box_seats_unblock,
    box_order_create, box_order_get, box_order_cancel, box_order_accept, box_order_refund,
    box_order_list, box_payment_begin, box_payment_settle, box_refund_settle, box_ticket_get,
    box_payment_opened, box_payment_callback, box_payment_audit, box_payment_list,
    box_ticket_redeem, box_ticket_print, box_tickets_revoked, box_rules, box_site_keys,
    box_queue_open, box_queue_close, box_queue_join, box_queue_look, box_queue_leave, box_queue_get,
    box_showtime_put, box_showtime_shut, box_showtime_cancel, box_showtime_remove;
/* Those of the programme. */
handler_fn prog_cinema_set, prog_cinema_get, prog_cinema_list, prog_movie_set, prog_movie_get,
    prog_movie_list, prog_movie_withdraw, prog_hall_set, prog_hall_get, prog_hall_list, prog_save,
    prog_check_only, prog_list, prog_publish, prog_close, prog_cancel, prog_delete, prog_price_set,
    prog_price_get;
/* Those of the members. */
handler_fn member_open, member_get, member_visits, member_bought, member_refunded, member_rules,
    points_list, points_checkin, points_give, batch_make, batch_get, batch_codes, coupon_issue,
    coupon_claim, coupon_take, coupon_list, coupon_reserve, coupon_settle, box_coupon_reserved;
handler_fn login_key, member_login, session_refresh, session_logout, member_ban, member_role,
    member_erase, sessions_revoked;
/* Those of outbox.c and probe.c, which partitions of all roles have. */
handler_fn outbox_ack, probe_send, probe_take, probe_get;
/* A record of the box office is due: carry out what its time brings. Must move, clear or remove
 * the due time. */
void box_due(turn_t *turn, state_key_t key);
/* Assert the invariants of one showtime: books balance, seats and purchases agree, due times are
 * right. For the simulator and the tests. Returns NULL or a sentence about what is broken. */
const char *box_check(state_t *state, uint64_t showtime);
#endif
