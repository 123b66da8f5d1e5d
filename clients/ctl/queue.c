/* queue - waiting rooms: opened by staff, joined and looked at, and checked by anybody. */
#include "actors/draw.h"
#include "clients/ctl/ctl.h"
#include <inttypes.h>
#include <string.h>

/* --- staff ------------------------------------------------------------------------------------ */

/* Set a field from a flag, if it was given. False after having said what is wrong. */
static bool
queue_flag(const ctl_t *ctl, json_t *fields, const char *name, ctl_flag_t flag)
{
    uint64_t value;
    if (!ctl_flag_u64(ctl, flag, 0, &value))
        return false;
    if (ctl->flags[flag])
        (void)json_object_set_new(fields, name, json_integer((json_int_t)value));
    return true;
}

static ctl_exit_t
queue_open(ctl_t *ctl)
{
    uint64_t showtime, capacity, rate;
    char opens[CTL_TIME_ROOM];
    json_t *reply;
    if (!ctl_argument_u64(ctl, 0, "a showtime", &showtime) ||
        !ctl_argument_u64(ctl, 1, "how many may be inside", &capacity) ||
        !ctl_argument_u64(ctl, 2, "how many a minute", &rate))
        return CTL_USAGE;
    json_t *fields =
        json_pack("{s:I,s:I}", "capacity", (json_int_t)capacity, "rate", (json_int_t)rate);
    if (!queue_flag(ctl, fields, "pass_ms", CTL_FLAG_PASS) ||
        !queue_flag(ctl, fields, "share", CTL_FLAG_SHARE) ||
        !queue_flag(ctl, fields, "opens_ms", CTL_FLAG_OPENS)) {
        json_decref(fields);
        return CTL_USAGE;
    }
    ctl_exit_t outcome = ctl_ask(ctl, OP_QUEUE_OPEN, showtime, fields, &reply);
    if (outcome != CTL_DONE)
        return outcome;
    if (!ctl_print_json(ctl, reply)) {
        printf("%-11s %s\n", "commitment", ctl_text(reply, "commitment"));
        printf("%-11s %s\n", "opens",
               ctl_time(opens, ctl_number(reply, "opens_ms"), CTL_TIME_EXACT));
    }
    json_decref(reply);
    return CTL_DONE;
}

static ctl_exit_t
queue_close(ctl_t *ctl)
{
    uint64_t showtime;
    json_t *reply;
    if (!ctl_argument_u64(ctl, 0, "a showtime", &showtime))
        return CTL_USAGE;
    ctl_exit_t outcome = ctl_ask(ctl, OP_QUEUE_CLOSE, showtime, NULL, &reply);
    if (outcome != CTL_DONE)
        return outcome;
    if (!ctl_print_json(ctl, reply))
        puts("closed");
    json_decref(reply);
    return CTL_DONE;
}

static void
queue_print_lane(size_t number, const json_t *lane)
{
    static const char *const counts[] = { "drawn",  "joined", "called", "waiting",
                                          "inside", "bought", "left",   "expired" };
    printf("lane %zu    ", number);
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        printf(" %s %" PRId64, counts[i], ctl_number(lane, counts[i]));
    putchar('\n');
}

static ctl_exit_t
queue_show(ctl_t *ctl)
{
    uint64_t showtime;
    char opens[CTL_TIME_ROOM];
    json_t *room, *lane;
    size_t number;
    if (!ctl_argument_u64(ctl, 0, "a showtime", &showtime))
        return CTL_USAGE;
    ctl_exit_t outcome = ctl_ask(ctl, OP_QUEUE_GET, showtime, NULL, &room);
    if (outcome != CTL_DONE)
        return outcome;
    if (!ctl_print_json(ctl, room)) {
        printf("%-11s %s\n", "state", ctl_number(room, "open") ? "open" : "closed");
        printf("%-11s %s%s\n", "opens",
               ctl_time(opens, ctl_number(room, "opens_ms"), CTL_TIME_EXACT),
               ctl_number(room, "drawn_ms") ? ", drawn" : "");
        printf("%-11s %" PRId64 " of %" PRId64 ", %" PRId64 " a minute, %" PRId64 " s each\n",
               "inside", ctl_number(room, "inside"), ctl_number(room, "capacity"),
               ctl_number(room, "rate"), ctl_number(room, "pass_ms") / 1000);
        printf("%-11s %" PRId64 " %% for lane 1\n", "share", ctl_number(room, "share"));
        json_array_foreach(json_object_get(room, "lanes"), number, lane)
            queue_print_lane(number, lane);
        printf("%-11s %s\n", "commitment", ctl_text(room, "commitment"));
        if (*ctl_text(room, "seed"))
            printf("%-11s %s\n", "seed", ctl_text(room, "seed"));
    }
    json_decref(room);
    return CTL_DONE;
}

/* --- buyers ----------------------------------------------------------------------------------- */

static void
queue_print_place(const ctl_t *ctl, uint64_t showtime, const json_t *reply)
{
    char until[CTL_TIME_ROOM];
    const char *state = ctl_text(reply, "state");
    printf("%-9s %s%s%s\n", "state", state, *ctl_text(reply, "end") ? ", " : "",
           ctl_text(reply, "end"));
    printf("%-9s %" PRId64 " in lane %" PRId64 "\n", "number", ctl_number(reply, "number"),
           ctl_number(reply, "lane"));
    if (ctl_number(reply, "place"))
        printf("%-9s %" PRId64 ", %" PRId64 " ahead\n", "place", ctl_number(reply, "place"),
               ctl_number(reply, "ahead"));
    if (ctl_number(reply, "wait_ms"))
        printf("%-9s about %" PRId64 " s\n", "wait", (ctl_number(reply, "wait_ms") + 999) / 1000);
    if (ctl_number(reply, "until_ms"))
        printf("%-9s %s\n", "until",
               ctl_time(until, ctl_number(reply, "until_ms"), CTL_TIME_UNTIL));
    if (*ctl_text(reply, "pass"))
        printf("%-9s %s\n", "pass", ctl_text(reply, "pass"));
    if (*ctl_text(reply, "receipt"))
        printf("%-9s %s\n", "receipt", ctl_text(reply, "receipt"));
    if (strcmp(state, "inside") == 0)
        ctl_hint(ctl, "next: marquee seats best %" PRIu64 " COUNT", showtime);
    else if (*ctl_text(reply, "receipt"))
        ctl_hint(ctl, "after the draw: marquee queue verify RECEIPT");
}

/* What a user asks; `word` is said when there is nothing else to say. */
static ctl_exit_t
queue_of_user(ctl_t *ctl, operation_code_t code, const char *word)
{
    uint64_t showtime, user;
    json_t *reply;
    if (!ctl_argument_u64(ctl, 0, "a showtime", &showtime) ||
        !ctl_flag_u64(ctl, CTL_FLAG_USER, 1, &user))
        return CTL_USAGE;
    json_t *fields = json_pack("{s:I}", "user", (json_int_t)user);
    if (!queue_flag(ctl, fields, "lane", CTL_FLAG_LANE)) {
        json_decref(fields);
        return CTL_USAGE;
    }
    ctl_exit_t outcome = ctl_ask(ctl, code, showtime, fields, &reply);
    if (outcome != CTL_DONE)
        return outcome;
    if (!ctl_print_json(ctl, reply)) {
        if (word)
            puts(word);
        else
            queue_print_place(ctl, showtime, reply);
    }
    json_decref(reply);
    return CTL_DONE;
}

static ctl_exit_t
queue_join(ctl_t *ctl)
{
    return queue_of_user(ctl, OP_QUEUE_JOIN, NULL);
}

static ctl_exit_t
queue_look(ctl_t *ctl)
{
    return queue_of_user(ctl, OP_QUEUE_LOOK, NULL);
}

static ctl_exit_t
queue_leave(ctl_t *ctl)
{
    return queue_of_user(ctl, OP_QUEUE_LEAVE, "left");
}

#define QUEUE_SETTINGS (CTL_FLAG(PASS) | CTL_FLAG(SHARE) | CTL_FLAG(OPENS))

const ctl_verb_t ctl_queue_verbs[] = {
    { "queue", "open", "SHOWTIME CAPACITY RATE", 3, 3, QUEUE_SETTINGS, queue_open,
      "open a waiting room; RATE a minute are let in" },
    { "queue", "close", "SHOWTIME", 1, 1, 0, queue_close, "close it: everybody may buy" },
    { "queue", "show", "SHOWTIME", 1, 1, 0, queue_show, "its settings, counts and seed" },
    { "queue", "join", "SHOWTIME", 1, 1, CTL_FLAG(USER) | CTL_FLAG(LANE), queue_join,
      "get in line, or see the place again" },
    { "queue", "look", "SHOWTIME", 1, 1, CTL_FLAG(USER), queue_look, "look at a place in line" },
    { "queue", "leave", "SHOWTIME", 1, 1, CTL_FLAG(USER), queue_leave, "give a place up" },
    { "queue", "verify", "RECEIPT...", 1, -1, CTL_FLAG(SITE_KEY) | CTL_FLAG(ROOM), queue_verify,
      "was the draw fair to these? @FILE has one a line" },
    { NULL, NULL, NULL, 0, 0, 0, NULL, NULL },
};
