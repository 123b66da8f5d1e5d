/* members - members with their points, visits and coupons, and batches of coupons. */
#include "actors/coupon.h"
#include "clients/ctl/ctl.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { DAY_S = 86400, VALID_DAYS = 30 };

/* Ask about the member or batch of the first argument; NULL `fields` for none. */
static ctl_exit_t
member_ask(ctl_t *ctl, operation_code_t code, const char *what, json_t *fields, json_t **reply)
{
    uint64_t key;
    *reply = NULL;
    if (ctl_argument_u64(ctl, 0, what, &key))
        return ctl_ask(ctl, code, key, fields, reply);
    json_decref(fields);
    return CTL_USAGE;
}

/* The same, where one word says all that there is to say. */
static ctl_exit_t
member_do(ctl_t *ctl, operation_code_t code, json_t *fields, const char *word)
{
    json_t *reply;
    ctl_exit_t outcome = member_ask(ctl, code, "a member", fields, &reply);
    if (outcome == CTL_DONE && !ctl_print_json(ctl, reply))
        puts(word);
    json_decref(reply);
    return outcome;
}

/* ------------------------------------------------------------------ members */

static ctl_exit_t
members_open(ctl_t *ctl)
{
    return member_do(ctl, OP_MEMBER_OPEN, NULL, "opened");
}

static ctl_exit_t
members_show(ctl_t *ctl)
{
    static const char *const counts[] = { "points", "movements", "visits", "coupons", "streak" };
    char joined[CTL_TIME_ROOM], spent[CTL_MONEY_ROOM];
    json_t *reply;
    ctl_exit_t outcome = member_ask(ctl, OP_MEMBER_GET, "a member", NULL, &reply);
    if (outcome == CTL_DONE && !ctl_print_json(ctl, reply)) {
        printf("%-10s %s%s\n", "role", ctl_text(reply, "role"),
               ctl_number(reply, "banned") ? ", turned out" : "");
        printf("%-10s %s\n", "joined",
               ctl_time(joined, ctl_number(reply, "joined_ms"), CTL_TIME_EXACT));
        for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
            printf("%-10s %" PRId64 "\n", counts[i], ctl_number(reply, counts[i]));
        printf("%-10s %s\n", "spent", ctl_money(spent, ctl_number(reply, "spent")));
    }
    json_decref(reply);
    return outcome;
}

static json_t *
member_limit(const ctl_t *ctl)
{
    uint64_t limit;
    return ctl_flag_u64(ctl, CTL_FLAG_LIMIT, 50, &limit)
               ? json_pack("{s:I}", "limit", (json_int_t)limit)
               : NULL;
}

static int64_t
item_number(const json_t *line, size_t at)
{
    return json_integer_value(json_array_get(line, at));
}

static const char *
item_text(const json_t *line, size_t at)
{
    const char *text = json_string_value(json_array_get(line, at));
    return text ? text : "";
}

static ctl_exit_t
members_points(ctl_t *ctl)
{
    char at[CTL_TIME_ROOM];
    json_t *reply, *line, *fields = member_limit(ctl);
    size_t i;
    if (!fields)
        return CTL_USAGE;
    ctl_exit_t outcome = member_ask(ctl, OP_POINTS_LIST, "a member", fields, &reply);
    if (outcome == CTL_DONE && !ctl_print_json(ctl, reply)) {
        printf("%8s %8s  %-9s %-24s %s\n", "points", "balance", "cause", "for", "at");
        json_array_foreach(json_object_get(reply, "movements"), i, line)
            printf("%+8" PRId64 " %8" PRId64 "  %-9s %-24s %s\n", item_number(line, 4),
                   item_number(line, 5), item_text(line, 2), item_text(line, 3),
                   ctl_time(at, item_number(line, 1), CTL_TIME_EXACT));
    }
    json_decref(reply);
    return outcome;
}

static ctl_exit_t
members_visits(ctl_t *ctl)
{
    char starts[CTL_TIME_ROOM], paid[CTL_MONEY_ROOM], back[CTL_MONEY_ROOM];
    json_t *reply, *line, *fields = member_limit(ctl);
    size_t i;
    if (!fields)
        return CTL_USAGE;
    ctl_exit_t outcome = member_ask(ctl, OP_MEMBER_VISITS, "a member", fields, &reply);
    if (outcome == CTL_DONE && !ctl_print_json(ctl, reply)) {
        printf("%-22s %7s %10s %10s %6s  %s\n", "order", "tickets", "paid", "refunded", "points",
               "film");
        json_array_foreach(json_object_get(reply, "visits"), i, line) printf(
            "%-22s %7" PRId64 " %10s %10s %6" PRId64 "  %s, %s\n", item_text(line, 0),
            item_number(line, 5) - item_number(line, 6), ctl_money(paid, item_number(line, 7)),
            ctl_money(back, item_number(line, 8)), item_number(line, 9), item_text(line, 3),
            ctl_time(starts, item_number(line, 2), CTL_TIME_SHOW));
    }
    json_decref(reply);
    return outcome;
}

/* "15 %", "12.5 %", or money. */
static const char *
coupon_worth(char text[CTL_MONEY_ROOM], const json_t *terms)
{
    int64_t value = ctl_number(terms, "value");
    if (strcmp(ctl_text(terms, "kind"), "discount") != 0)
        return ctl_money(text, value);
    snprintf(text, CTL_MONEY_ROOM, "%" PRId64 ".%02" PRId64 " %%", value / 100, value % 100);
    return text;
}

static ctl_exit_t
members_coupons(ctl_t *ctl)
{
    char worth[CTL_MONEY_ROOM], until[CTL_TIME_ROOM];
    json_t *reply, *coupon, *fields = member_limit(ctl);
    size_t i;
    if (!fields)
        return CTL_USAGE;
    ctl_exit_t outcome = member_ask(ctl, OP_COUPON_LIST, "a member", fields, &reply);
    if (outcome == CTL_DONE && !ctl_print_json(ctl, reply)) {
        printf("%-20s %-8s %10s  %-22s %s\n", "coupon", "state", "worth", "order", "until");
        json_array_foreach(json_object_get(reply, "coupons"), i, coupon) printf(
            "%-20s %-8s %10s  %-22s %s\n", ctl_text(coupon, "coupon"), ctl_text(coupon, "state"),
            coupon_worth(worth, coupon), ctl_text(coupon, "order"),
            ctl_time(until, ctl_number(coupon, "valid_until_ms"), CTL_TIME_EXACT));
    }
    json_decref(reply);
    return outcome;
}

static ctl_exit_t
members_give(ctl_t *ctl)
{
    uint64_t points;
    json_t *reply;
    if (!ctl_argument_u64(ctl, 1, "how many points", &points))
        return CTL_USAGE;
    ctl_exit_t outcome = member_ask(
        ctl, OP_POINTS_GIVE, "a member",
        json_pack("{s:I,s:s}", "points", (json_int_t)points, "reference", ctl->arguments[2]),
        &reply);
    if (outcome == CTL_DONE && !ctl_print_json(ctl, reply))
        printf("%-10s %" PRId64 "\n", "points", ctl_number(reply, "points"));
    json_decref(reply);
    return outcome;
}

static ctl_exit_t
members_ban(ctl_t *ctl)
{
    return member_do(ctl, OP_MEMBER_BAN, json_pack("{s:b}", "yes", 1), "turned out");
}

static ctl_exit_t
members_admit(ctl_t *ctl)
{
    return member_do(ctl, OP_MEMBER_BAN, json_pack("{s:b}", "yes", 0), "may log in");
}

static ctl_exit_t
members_role(ctl_t *ctl)
{
    return member_do(ctl, OP_MEMBER_ROLE, json_pack("{s:s}", "role", ctl->arguments[1]),
                     ctl->arguments[1]);
}

static ctl_exit_t
members_erase(ctl_t *ctl)
{
    return member_do(ctl, OP_MEMBER_ERASE, NULL, "erased");
}

/* ------------------------------------------------------------------ batches */

/* Set a field from a flag, if it was given. False after having said what is wrong. */
static bool
coupon_flag(const ctl_t *ctl, json_t *fields, const char *name, ctl_flag_t flag)
{
    uint64_t value;
    if (!ctl_flag_u64(ctl, flag, 0, &value))
        return false;
    if (ctl->flags[flag])
        (void)json_object_set_new(fields, name, json_integer((json_int_t)value));
    return true;
}

static ctl_exit_t
coupons_batch(ctl_t *ctl)
{
    uint64_t value, quantity, days;
    json_t *reply;
    if (!ctl_argument_u64(ctl, 2, "what it takes off", &value) ||
        !ctl_argument_u64(ctl, 3, "how many", &quantity) ||
        !ctl_flag_u64(ctl, CTL_FLAG_DAYS, VALID_DAYS, &days))
        return CTL_USAGE;
    if (days > 36500)
        return ctl_say(CTL_USAGE, "--days is 1 to 36500");
    json_int_t until_ms = ((json_int_t)time(NULL) + (json_int_t)days * DAY_S) * 1000;
    json_t *fields =
        json_pack("{s:s,s:I,s:I,s:I}", "kind", ctl->arguments[1], "value", (json_int_t)value,
                  "quantity", (json_int_t)quantity, "valid_until_ms", until_ms);
    if (!coupon_flag(ctl, fields, "minimum", CTL_FLAG_MINIMUM) ||
        !coupon_flag(ctl, fields, "per_member", CTL_FLAG_PER_MEMBER)) {
        json_decref(fields);
        return CTL_USAGE;
    }
    if (ctl->flags[CTL_FLAG_FORMAT])
        (void)json_object_set_new(fields, "format", json_string(ctl->flags[CTL_FLAG_FORMAT]));
    ctl_exit_t outcome = member_ask(ctl, OP_BATCH_MAKE, "a batch", fields, &reply);
    if (outcome == CTL_DONE && !ctl_print_json(ctl, reply)) {
        puts("made");
        ctl_hint(ctl, "next: marquee coupon issue %s MEMBER", ctl->arguments[0]);
    }
    json_decref(reply);
    return outcome;
}

static ctl_exit_t
coupons_show(ctl_t *ctl)
{
    char worth[CTL_MONEY_ROOM], minimum[CTL_MONEY_ROOM], until[CTL_TIME_ROOM];
    json_t *reply;
    ctl_exit_t outcome = member_ask(ctl, OP_BATCH_GET, "a batch", NULL, &reply);
    if (outcome == CTL_DONE && !ctl_print_json(ctl, reply)) {
        printf("%-10s %s, %s\n", "worth", ctl_text(reply, "kind"), coupon_worth(worth, reply));
        printf("%-10s %s\n", "minimum", ctl_money(minimum, ctl_number(reply, "minimum")));
        printf("%-10s %" PRId64 " of %" PRId64 ", %" PRId64 " for one member\n", "given",
               ctl_number(reply, "given"), ctl_number(reply, "quantity"),
               ctl_number(reply, "per_member"));
        printf("%-10s %s\n", "until",
               ctl_time(until, ctl_number(reply, "valid_until_ms"), CTL_TIME_EXACT));
    }
    json_decref(reply);
    return outcome;
}

/* A line each, for who prints them. */
static ctl_exit_t
coupons_codes(ctl_t *ctl)
{
    json_t *reply, *code, *fields = member_limit(ctl);
    size_t i;
    if (!fields)
        return CTL_USAGE;
    ctl_exit_t outcome = member_ask(ctl, OP_BATCH_CODES, "a batch", fields, &reply);
    if (outcome == CTL_DONE && !ctl_print_json(ctl, reply))
        json_array_foreach(json_object_get(reply, "codes"), i, code) puts(json_string_value(code));
    json_decref(reply);
    return outcome;
}

static ctl_exit_t
coupons_give(ctl_t *ctl, operation_code_t code, uint64_t batch, json_t *fields)
{
    json_t *reply;
    ctl_exit_t outcome = ctl_ask(ctl, code, batch, fields, &reply);
    if (outcome != CTL_DONE)
        return outcome;
    if (!ctl_print_json(ctl, reply)) {
        puts(ctl_text(reply, "coupon"));
        ctl_hint(ctl, "next: marquee orders create LOCK --user MEMBER --coupon %s",
                 ctl_text(reply, "coupon"));
    }
    json_decref(reply);
    return CTL_DONE;
}

static ctl_exit_t
coupons_issue(ctl_t *ctl)
{
    uint64_t batch, member;
    if (!ctl_argument_u64(ctl, 0, "a batch", &batch) ||
        !ctl_argument_u64(ctl, 1, "a member", &member))
        return CTL_USAGE;
    return coupons_give(ctl, OP_COUPON_ISSUE, batch,
                        json_pack("{s:I}", "member", (json_int_t)member));
}

static ctl_exit_t
coupons_claim(ctl_t *ctl)
{
    uint64_t member;
    uint32_t batch;
    uint16_t number;
    const char *code = ctl->arguments[0];
    if (!ctl_argument_u64(ctl, 1, "a member", &member))
        return CTL_USAGE;
    if (!coupon_read(code, strlen(code), &batch, &number))
        return ctl_say(CTL_USAGE, "'%s' is not the code of a coupon", code);
    return coupons_give(ctl, OP_COUPON_CLAIM, batch,
                        json_pack("{s:I,s:s}", "user", (json_int_t)member, "coupon", code));
}

#define BATCH_FLAGS (CTL_FLAG(DAYS) | CTL_FLAG(MINIMUM) | CTL_FLAG(PER_MEMBER) | CTL_FLAG(FORMAT))

const ctl_verb_t ctl_member_verbs[] = {
    { "member", "open", "MEMBER", 1, 1, 0, members_open, "make a member of another system's" },
    { "member", "show", "MEMBER", 1, 1, 0, members_show, "points, counts and what was spent" },
    { "member", "points", "MEMBER", 1, 1, CTL_FLAG(LIMIT), members_points, "the ledger" },
    { "member", "visits", "MEMBER", 1, 1, CTL_FLAG(LIMIT), members_visits, "orders, newest first" },
    { "member", "coupons", "MEMBER", 1, 1, CTL_FLAG(LIMIT), members_coupons, "coupons in hand" },
    { "member", "give", "MEMBER POINTS REFERENCE", 3, 3, 0, members_give,
      "give points, once for what REFERENCE says" },
    { "member", "ban", "MEMBER", 1, 1, 0, members_ban, "end all log-ins and refuse new ones" },
    { "member", "admit", "MEMBER", 1, 1, 0, members_admit, "let a banned one in again" },
    { "member", "role", "MEMBER member|member_vip", 2, 2, 0, members_role, "make a VIP, or not" },
    { "member", "erase", "MEMBER", 1, 1, 0, members_erase, "forget who it is; sums stay" },
    { "coupon", "batch", "BATCH discount|fixed VALUE QUANTITY", 4, 4, BATCH_FLAGS, coupons_batch,
      "make coupons: VALUE hundredths of a percent, or fen" },
    { "coupon", "show", "BATCH", 1, 1, 0, coupons_show, "what they are worth, how many are given" },
    { "coupon", "codes", "BATCH", 1, 1, CTL_FLAG(LIMIT), coupons_codes, "codes that nobody has" },
    { "coupon", "issue", "BATCH MEMBER", 2, 2, 0, coupons_issue, "give a member one" },
    { "coupon", "claim", "CODE MEMBER", 2, 2, 0, coupons_claim, "take one by its code" },
    { NULL, NULL, NULL, 0, 0, 0, NULL, NULL },
};
