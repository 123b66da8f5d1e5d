/* seats - show, lock, best, extend, release, block, unblock; see ctl.h. */
#include "clients/ctl/ctl.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static ctl_exit_t
seats_show(ctl_t *ctl)
{
    uint64_t showtime;
    hall_t hall;
    if (!ctl_argument_u64(ctl, 0, "a showtime", &showtime))
        return CTL_USAGE;
    if (ctl->json) {
        json_t *reply;
        ctl_exit_t outcome = ctl_ask(ctl, OP_SEATS_GET, showtime, NULL, &reply);
        (void)(outcome == CTL_DONE && ctl_print_json(ctl, reply));
        json_decref(reply);
        return outcome;
    }
    ctl_exit_t outcome = hall_load(ctl, showtime, &hall);
    if (outcome != CTL_DONE)
        return outcome;
    char starts[CTL_TIME_ROOM];
    printf("%s%s%s  %s\n%s, %s\n\n", ctl_sgr(ctl, "\033[1m"), ctl_text(hall.showtime, "title"),
           ctl_sgr(ctl, "\033[0m"), ctl_text(hall.showtime, "format"),
           ctl_text(hall.showtime, "hall"),
           ctl_time(starts, ctl_number(hall.showtime, "starts_ms"), CTL_TIME_SHOW));
    hall_draw(ctl, &hall);
    hall_free(&hall);
    ctl_hint(ctl,
             "\nnext: marquee seats lock %" PRIu64 " SEAT...   or   marquee seats best %" PRIu64
             " COUNT",
             showtime, showtime);
    return CTL_DONE;
}

/* What a lock's answer says; `ids` are its seats, or NULL. */
static void
seats_print_lock(const ctl_t *ctl, uint64_t showtime, const hall_t *hall, const json_t *ids,
                 const json_t *reply)
{
    char until[CTL_TIME_ROOM];
    int64_t until_ms = ctl_number(reply, "until_ms");
    int64_t left_s = until_ms / 1000 - (int64_t)time(NULL);
    if (ctl_print_json(ctl, reply))
        return;
    if (hall && ids) {
        char *labels = hall_labels(hall, ids);
        printf("%-8s %s\n", "seats", labels ? labels : "?");
        free(labels);
    }
    printf("%-8s %" PRIu64 "/%" PRId64 "\n", "lock", showtime, ctl_number(reply, "lock"));
    printf("%-8s %s (%" PRId64 ":%02" PRId64 " min)\n", "until",
           ctl_time(until, until_ms, CTL_TIME_UNTIL), left_s / 60, left_s % 60);
    ctl_hint(ctl, "next: marquee orders create %" PRIu64 "/%" PRId64, showtime,
             ctl_number(reply, "lock"));
}

/* The fields that both ways of locking take. False after having said what is wrong. */
static bool
seats_lock_fields(const ctl_t *ctl, json_t *fields)
{
    uint64_t user, ttl_ms;
    if (!ctl_flag_u64(ctl, CTL_FLAG_USER, 1, &user) || !ctl_flag_u64(ctl, CTL_FLAG_TTL, 0, &ttl_ms))
        return false;
    (void)json_object_set_new(fields, "user", json_integer((json_int_t)user));
    if (ctl->flags[CTL_FLAG_TTL])
        (void)json_object_set_new(fields, "ttl_ms", json_integer((json_int_t)ttl_ms));
    if (ctl->flags[CTL_FLAG_WHEELCHAIR])
        (void)json_object_set_new(fields, "wheelchair", json_true());
    return true;
}

static ctl_exit_t
seats_lock(ctl_t *ctl)
{
    uint64_t showtime;
    hall_t hall;
    json_t *reply = NULL;
    if (!ctl_argument_u64(ctl, 0, "a showtime", &showtime))
        return CTL_USAGE;
    ctl_exit_t outcome = hall_load(ctl, showtime, &hall);
    if (outcome != CTL_DONE)
        return outcome;
    json_t *fields = json_object(), *ids = hall_arguments(&hall, ctl, 1);
    if (!ids || !seats_lock_fields(ctl, fields)) {
        outcome = CTL_USAGE;
        json_decref(fields);
    } else {
        (void)json_object_set(fields, "seats", ids);
        outcome = ctl_ask(ctl, OP_SEATS_LOCK, showtime, fields, &reply);
    }
    if (outcome == CTL_DONE)
        seats_print_lock(ctl, showtime, &hall, ids, reply);
    json_decref(reply);
    json_decref(ids);
    hall_free(&hall);
    return outcome;
}

static ctl_exit_t
seats_best(ctl_t *ctl)
{
    uint64_t showtime, count;
    hall_t hall;
    json_t *reply;
    if (!ctl_argument_u64(ctl, 0, "a showtime", &showtime) ||
        !ctl_argument_u64(ctl, 1, "how many seats", &count))
        return CTL_USAGE;
    json_t *fields = json_pack("{s:I}", "count", (json_int_t)count);
    if (ctl->flags[CTL_FLAG_ZONE])
        (void)json_object_set_new(fields, "zone", json_string(ctl->flags[CTL_FLAG_ZONE]));
    if (!seats_lock_fields(ctl, fields)) {
        json_decref(fields);
        return CTL_USAGE;
    }
    ctl_exit_t outcome = ctl_ask(ctl, OP_SEATS_BEST, showtime, fields, &reply);
    if (outcome != CTL_DONE)
        return outcome;
    if (ctl_print_json(ctl, reply)) {
        json_decref(reply);
        return CTL_DONE;
    }
    outcome = hall_load(ctl, showtime, &hall);
    if (outcome == CTL_DONE) {
        seats_print_lock(ctl, showtime, &hall, json_object_get(reply, "seats"), reply);
        hall_free(&hall);
    }
    json_decref(reply);
    return outcome;
}

static ctl_exit_t
seats_extend(ctl_t *ctl)
{
    uint64_t showtime, lock;
    json_t *reply, *fields = json_object();
    if (!ctl_lock_argument(ctl, 0, &showtime, &lock) || !seats_lock_fields(ctl, fields)) {
        json_decref(fields);
        return CTL_USAGE;
    }
    (void)json_object_set_new(fields, "lock", json_integer((json_int_t)lock));
    ctl_exit_t outcome = ctl_ask(ctl, OP_SEATS_EXTEND, showtime, fields, &reply);
    if (outcome != CTL_DONE)
        return outcome;
    seats_print_lock(ctl, showtime, NULL, NULL, reply);
    json_decref(reply);
    return CTL_DONE;
}

/* Ask, and say one word when it is done. */
static ctl_exit_t
seats_do(ctl_t *ctl, operation_code_t code, uint64_t showtime, json_t *fields, const char *done)
{
    json_t *reply;
    ctl_exit_t outcome = ctl_ask(ctl, code, showtime, fields, &reply);
    if (outcome != CTL_DONE)
        return outcome;
    if (!ctl_print_json(ctl, reply))
        puts(done);
    json_decref(reply);
    return CTL_DONE;
}

static ctl_exit_t
seats_release(ctl_t *ctl)
{
    uint64_t showtime, lock, user;
    if (!ctl_lock_argument(ctl, 0, &showtime, &lock) || !ctl_flag_u64(ctl, CTL_FLAG_USER, 1, &user))
        return CTL_USAGE;
    json_t *fields = json_pack("{s:I,s:I}", "user", (json_int_t)user, "lock", (json_int_t)lock);
    return seats_do(ctl, OP_SEATS_RELEASE, showtime, fields, "released");
}

static ctl_exit_t
seats_staff(ctl_t *ctl, operation_code_t code, const char *done)
{
    uint64_t showtime;
    hall_t hall;
    if (!ctl_argument_u64(ctl, 0, "a showtime", &showtime))
        return CTL_USAGE;
    ctl_exit_t outcome = hall_load(ctl, showtime, &hall);
    if (outcome != CTL_DONE)
        return outcome;
    json_t *ids = hall_arguments(&hall, ctl, 1);
    hall_free(&hall);
    if (!ids)
        return CTL_USAGE;
    json_t *fields = json_pack("{s:o}", "seats", ids);
    if (ctl->flags[CTL_FLAG_REASON])
        (void)json_object_set_new(fields, "reason", json_string(ctl->flags[CTL_FLAG_REASON]));
    return seats_do(ctl, code, showtime, fields, done);
}

static ctl_exit_t
seats_block(ctl_t *ctl)
{
    return seats_staff(ctl, OP_SEATS_BLOCK, "blocked");
}

static ctl_exit_t
seats_unblock(ctl_t *ctl)
{
    return seats_staff(ctl, OP_SEATS_UNBLOCK, "unblocked");
}

#define SEATS_BUYER (CTL_FLAG(USER) | CTL_FLAG(TTL) | CTL_FLAG(WHEELCHAIR))

const ctl_verb_t ctl_seat_verbs[] = {
    { "seats", "show", "SHOWTIME", 1, 1, 0, seats_show, "draw the seat map" },
    { "seats", "lock", "SHOWTIME SEAT...", 2, -1, SEATS_BUYER, seats_lock,
      "lock seats, all or none; a seat is an id or a name like F7" },
    { "seats", "best", "SHOWTIME COUNT", 2, 2, SEATS_BUYER | CTL_FLAG(ZONE), seats_best,
      "choose the best seats together and lock them" },
    { "seats", "extend", "LOCK", 1, 1, CTL_FLAG(USER) | CTL_FLAG(TTL), seats_extend,
      "hold a lock longer, up to its ceiling" },
    { "seats", "release", "LOCK", 1, 1, CTL_FLAG(USER), seats_release, "give locked seats back" },
    { "seats", "block", "SHOWTIME SEAT...", 2, -1, CTL_FLAG(REASON), seats_block,
      "take seats off sale" },
    { "seats", "unblock", "SHOWTIME SEAT...", 2, -1, 0, seats_unblock,
      "put blocked seats back on sale" },
    { NULL, NULL, NULL, 0, 0, 0, NULL, NULL },
};
