/* orders - create, show, pay, cancel, accept, refund, list; see ctl.h. */
#include "clients/ctl/ctl.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { ORDER_PAGE = 200 };

static json_t *
order_fields(const ctl_t *ctl, bool with_order)
{
    uint64_t user;
    if (!ctl_flag_u64(ctl, CTL_FLAG_USER, 1, &user))
        return NULL;
    json_t *fields = json_pack("{s:I}", "user", (json_int_t)user);
    if (with_order)
        (void)json_object_set_new(fields, "order", json_string(ctl->arguments[0]));
    return fields;
}

static ctl_exit_t
order_create(ctl_t *ctl)
{
    uint64_t showtime, lock;
    json_t *reply, *fields;
    if (!ctl_lock_argument(ctl, 0, &showtime, &lock) || !(fields = order_fields(ctl, false)))
        return CTL_USAGE;
    const char *provider = ctl_flag_text(ctl, CTL_FLAG_PROVIDER, "sandbox");
    (void)json_object_set_new(fields, "lock", json_integer((json_int_t)lock));
    (void)json_object_set_new(fields, "provider", json_string(provider));
    if (ctl->flags[CTL_FLAG_COUPON])
        (void)json_object_set_new(fields, "coupon", json_string(ctl->flags[CTL_FLAG_COUPON]));
    ctl_exit_t outcome = ctl_ask(ctl, OP_ORDER_CREATE, showtime, fields, &reply);
    if (outcome != CTL_DONE)
        return outcome;
    if (!ctl_print_json(ctl, reply)) {
        char amount[CTL_MONEY_ROOM], until[CTL_TIME_ROOM];
        printf("order    %s\namount   %s\npay by   %s\n", ctl_text(reply, "order"),
               ctl_money(amount, ctl_number(reply, "amount")),
               ctl_time(until, ctl_number(reply, "until_ms"), CTL_TIME_UNTIL));
        if (ctl_number(reply, "discount"))
            printf("discount %s\n", ctl_money(amount, ctl_number(reply, "discount")));
        if (*ctl_text(reply, "code"))
            printf("code     %s\n", ctl_text(reply, "code"));
        ctl_hint(ctl, "next: marquee orders pay %s", ctl_text(reply, "order"));
    }
    json_decref(reply);
    return CTL_DONE;
}

/* [ticket, seat, token] each */
static void
order_print_tickets(const ctl_t *ctl, const json_t *tickets)
{
    size_t index;
    json_t *ticket;
    json_array_foreach(tickets, index, ticket)
        printf("ticket   %s\n", json_string_value(json_array_get(ticket, 0)));
    if (json_array_size(tickets))
        ctl_hint(ctl, "next: marquee tickets show %s --qr terminal",
                 json_string_value(json_array_get(json_array_get(tickets, 0), 0)));
}

static void
order_print_payment(const json_t *payment)
{
    char paid[CTL_MONEY_ROOM], when[CTL_TIME_ROOM];
    if (!*ctl_text(payment, "state"))
        return;
    printf("payment  %s", ctl_text(payment, "state"));
    if (*ctl_text(payment, "provider"))
        printf(", %s", ctl_text(payment, "provider"));
    if (ctl_number(payment, "paid"))
        printf(", %s at %s%s", ctl_money(paid, ctl_number(payment, "paid")),
               ctl_time(when, ctl_number(payment, "paid_ms"), CTL_TIME_EXACT),
               ctl_number(payment, "mismatch") ? " (not what was asked for)" : "");
    putchar('\n');
}

static void
order_print_lists(const json_t *order)
{
    char amount[CTL_MONEY_ROOM];
    size_t index;
    json_t *line;
    json_array_foreach(json_object_get(order, "refunds"), index, line)
        printf("refund   %" PRId64 ": %s, %s, %s\n", ctl_number(line, "tell"),
               ctl_money(amount, ctl_number(line, "amount")), ctl_text(line, "state"),
               ctl_text(line, "reason"));
    json_array_foreach(json_object_get(order, "lines"), index, line)
        printf("seat     %s%" PRId64 ", %s, ticket %s\n", ctl_text(line, "row"),
               ctl_number(line, "column"), ctl_money(amount, ctl_number(line, "price")),
               ctl_text(line, "ticket"));
}

static ctl_exit_t
order_show(ctl_t *ctl)
{
    uint64_t showtime;
    json_t *order;
    if (!ctl_order_argument(ctl, 0, &showtime))
        return CTL_USAGE;
    ctl_exit_t outcome = ctl_ask(ctl, OP_ORDER_GET, showtime,
                                 json_pack("{s:s}", "order", ctl->arguments[0]), &order);
    if (outcome != CTL_DONE)
        return outcome;
    if (!ctl_print_json(ctl, order)) {
        char amount[CTL_MONEY_ROOM], until[CTL_TIME_ROOM];
        printf("order    %s\nstate    %s%s\nshowtime %" PRIu64 "\nbuyer    %" PRId64
               "\namount   %s\nuntil    %s\n",
               ctl_text(order, "order"), ctl_text(order, "state"),
               ctl_number(order, "late") ? " (paid late)" : "", showtime, ctl_number(order, "user"),
               ctl_money(amount, ctl_number(order, "amount")),
               ctl_time(until, ctl_number(order, "until_ms"), CTL_TIME_EXACT));
        order_print_payment(json_object_get(order, "payment"));
        order_print_lists(order);
        order_print_tickets(ctl, json_object_get(order, "tickets"));
    }
    json_decref(order);
    return CTL_DONE;
}

/* A transaction number as a provider would choose one, never twice. */
static bool
order_make_txn(char text[32])
{
    uint64_t number;
    if (getrandom(&number, sizeof number, 0) != sizeof number)
        return false;
    snprintf(text, 32, "cli-%016" PRIx64, number);
    return true;
}

/* The amount and the code come with the beginning of the payment; asked again, it answers the same.
 */
static ctl_exit_t
order_begin(ctl_t *ctl, uint64_t showtime, const char *provider, json_t *settle)
{
    json_t *reply, *fields = order_fields(ctl, true);
    if (!fields)
        return CTL_USAGE;
    (void)json_object_set_new(fields, "provider", json_string(provider));
    if (ctl->flags[CTL_FLAG_COUPON])
        (void)json_object_set_new(fields, "coupon", json_string(ctl->flags[CTL_FLAG_COUPON]));
    ctl_exit_t outcome = ctl_ask(ctl, OP_PAYMENT_BEGIN, showtime, fields, &reply);
    if (outcome != CTL_DONE)
        return outcome;
    (void)json_object_set(settle, "amount", json_object_get(reply, "amount"));
    (void)json_object_set(settle, "code", json_object_get(reply, "code"));
    json_decref(reply);
    return CTL_DONE;
}

/* With --code the payment was begun before, maybe too long ago: only its amount is looked up. */
static ctl_exit_t
order_look(ctl_t *ctl, uint64_t showtime, json_t *settle)
{
    json_t *order;
    ctl_exit_t outcome = ctl_ask(ctl, OP_ORDER_GET, showtime,
                                 json_pack("{s:s}", "order", ctl->arguments[0]), &order);
    if (outcome != CTL_DONE)
        return outcome;
    (void)json_object_set(settle, "amount", json_object_get(order, "amount"));
    (void)json_object_set_new(settle, "code", json_string(ctl->flags[CTL_FLAG_CODE]));
    json_decref(order);
    return CTL_DONE;
}

static ctl_exit_t
order_settle(ctl_t *ctl, uint64_t showtime, json_t *settle)
{
    json_t *reply;
    ctl_exit_t outcome = ctl_ask(ctl, OP_PAYMENT_SETTLE, showtime, settle, &reply);
    if (outcome != CTL_DONE)
        return outcome;
    if (!ctl_print_json(ctl, reply)) {
        printf("state    %s\n", ctl_text(reply, "state"));
        order_print_tickets(ctl, json_object_get(reply, "tickets"));
    }
    json_decref(reply);
    return CTL_DONE;
}

static ctl_exit_t
order_pay(ctl_t *ctl)
{
    uint64_t showtime, amount;
    char made_up[32];
    if (!ctl_order_argument(ctl, 0, &showtime) || !ctl_flag_u64(ctl, CTL_FLAG_AMOUNT, 0, &amount))
        return CTL_USAGE;
    if (!order_make_txn(made_up))
        return ctl_say(CTL_FAULT, "the system gives no random numbers");
    const char *provider = ctl_flag_text(ctl, CTL_FLAG_PROVIDER, "sandbox");
    json_t *settle =
        json_pack("{s:s,s:s,s:s,s:s}", "order", ctl->arguments[0], "provider", provider, "outcome",
                  ctl_flag_text(ctl, CTL_FLAG_OUTCOME, "succeeded"), "txn",
                  ctl_flag_text(ctl, CTL_FLAG_TXN, made_up));
    ctl_exit_t outcome = ctl->flags[CTL_FLAG_CODE] ? order_look(ctl, showtime, settle)
                                                   : order_begin(ctl, showtime, provider, settle);
    if (outcome != CTL_DONE) {
        json_decref(settle);
        return outcome;
    }
    if (ctl->flags[CTL_FLAG_AMOUNT])
        (void)json_object_set_new(settle, "amount", json_integer((json_int_t)amount));
    return order_settle(ctl, showtime, settle);
}

/* Ask, and print the order's new state. */
static ctl_exit_t
order_do(ctl_t *ctl, operation_code_t code, uint64_t showtime, json_t *fields)
{
    json_t *reply;
    ctl_exit_t outcome = ctl_ask(ctl, code, showtime, fields, &reply);
    if (outcome != CTL_DONE)
        return outcome;
    if (!ctl_print_json(ctl, reply)) {
        char amount[CTL_MONEY_ROOM];
        printf("state    %s\n", ctl_text(reply, "state"));
        if (json_object_get(reply, "refunded"))
            printf("refunded %s\n", ctl_money(amount, ctl_number(reply, "refunded")));
        order_print_tickets(ctl, json_object_get(reply, "tickets"));
    }
    json_decref(reply);
    return CTL_DONE;
}

static ctl_exit_t
order_cancel(ctl_t *ctl)
{
    uint64_t showtime;
    json_t *fields;
    if (!ctl_order_argument(ctl, 0, &showtime) || !(fields = order_fields(ctl, true)))
        return CTL_USAGE;
    return order_do(ctl, OP_ORDER_CANCEL, showtime, fields);
}

static ctl_exit_t
order_accept(ctl_t *ctl)
{
    uint64_t showtime;
    json_t *fields;
    if (!ctl_order_argument(ctl, 0, &showtime) || !(fields = order_fields(ctl, true)))
        return CTL_USAGE;
    (void)json_object_set_new(fields, "yes", json_boolean(!ctl->flags[CTL_FLAG_NO]));
    return order_do(ctl, OP_ORDER_ACCEPT, showtime, fields);
}

static ctl_exit_t
order_refund(ctl_t *ctl)
{
    uint64_t showtime;
    if (!ctl_order_argument(ctl, 0, &showtime))
        return CTL_USAGE;
    json_t *fields = json_pack("{s:s}", "order", ctl->arguments[0]);
    if (ctl->flags[CTL_FLAG_REASON])
        (void)json_object_set_new(fields, "reason", json_string(ctl->flags[CTL_FLAG_REASON]));
    if (ctl->flags[CTL_FLAG_WAIT])
        (void)json_object_set_new(fields, "wait", json_true());
    if (ctl->flags[CTL_FLAG_SEATS]) {
        hall_t hall;
        ctl_exit_t outcome = hall_load(ctl, showtime, &hall);
        json_t *ids = outcome == CTL_DONE ? hall_list(&hall, ctl->flags[CTL_FLAG_SEATS]) : NULL;
        if (outcome == CTL_DONE)
            hall_free(&hall);
        if (!ids) {
            json_decref(fields);
            return outcome == CTL_DONE ? CTL_USAGE : outcome;
        }
        (void)json_object_set_new(fields, "tickets", ids);
    }
    return order_do(ctl, OP_ORDER_REFUND, showtime, fields);
}

/* [order, user, state, amount, seats] each */
static void
order_print_row(const hall_t *hall, const json_t *row)
{
    char amount[CTL_MONEY_ROOM];
    char *labels = hall_labels(hall, json_array_get(row, 4));
    printf("%s  %-10s %10s  buyer %-8" PRId64 " %s\n", json_string_value(json_array_get(row, 0)),
           json_string_value(json_array_get(row, 2)),
           ctl_money(amount, json_integer_value(json_array_get(row, 3))),
           (int64_t)json_integer_value(json_array_get(row, 1)), labels ? labels : "");
    free(labels);
}

static ctl_exit_t
order_pages(ctl_t *ctl, uint64_t showtime, uint64_t limit, const hall_t *hall, json_t *all)
{
    int64_t from = 0;
    do {
        json_t *reply, *row;
        size_t index;
        ctl_exit_t outcome =
            ctl_ask(ctl, OP_ORDER_LIST, showtime,
                    json_pack("{s:I,s:i}", "from", (json_int_t)from, "limit", ORDER_PAGE), &reply);
        if (outcome != CTL_DONE)
            return outcome;
        json_array_foreach(json_object_get(reply, "orders"), index, row)
        {
            if (json_array_size(all) == limit)
                break;
            (void)json_array_append(all, row);
            if (!ctl->json)
                order_print_row(hall, row);
        }
        int64_t next = ctl_number(reply, "next");
        from = next > from ? next : 0;
        json_decref(reply);
    } while (from && json_array_size(all) < limit);
    return CTL_DONE;
}

static ctl_exit_t
order_list(ctl_t *ctl)
{
    uint64_t showtime, limit;
    hall_t hall;
    if (!ctl_argument_u64(ctl, 0, "a showtime", &showtime) ||
        !ctl_flag_u64(ctl, CTL_FLAG_LIMIT, 1000, &limit))
        return CTL_USAGE;
    ctl_exit_t outcome = hall_load(ctl, showtime, &hall);
    if (outcome != CTL_DONE)
        return outcome;
    json_t *all = json_array();
    outcome = order_pages(ctl, showtime, limit, &hall, all);
    if (outcome == CTL_DONE) {
        (void)ctl_print_json(ctl, all);
        ctl_hint(ctl, "%zu orders", json_array_size(all));
    }
    json_decref(all);
    hall_free(&hall);
    return outcome;
}

#define ORDERS_PAY                                                                                 \
    (CTL_FLAG(USER) | CTL_FLAG(PROVIDER) | CTL_FLAG(OUTCOME) | CTL_FLAG(AMOUNT) | CTL_FLAG(TXN) |  \
     CTL_FLAG(CODE))

const ctl_verb_t ctl_order_verbs[] = {
    { "orders", "create", "LOCK", 1, 1, CTL_FLAG(USER) | CTL_FLAG(PROVIDER) | CTL_FLAG(COUPON),
      order_create, "make an order of a lock and begin its payment" },
    { "orders", "pay", "ORDER", 1, 1, ORDERS_PAY, order_pay,
      "play the provider: say how the payment ended" },
    { "orders", "show", "ORDER", 1, 1, 0, order_show,
      "payment, refunds, seats and tickets of one" },
    { "orders", "cancel", "ORDER", 1, 1, CTL_FLAG(USER), order_cancel,
      "cancel an unpaid one and free its seats" },
    { "orders", "accept", "ORDER", 1, 1, CTL_FLAG(USER) | CTL_FLAG(NO), order_accept,
      "take the other seats offered after a late payment, or with --no the money" },
    { "orders", "refund", "ORDER", 1, 1, CTL_FLAG(SEATS) | CTL_FLAG(REASON) | CTL_FLAG(WAIT),
      order_refund, "void tickets and pay their price back" },
    { "orders", "list", "SHOWTIME", 1, 1, CTL_FLAG(LIMIT), order_list, "the orders of a showtime" },
    { NULL, NULL, NULL, 0, 0, 0, NULL, NULL },
};
