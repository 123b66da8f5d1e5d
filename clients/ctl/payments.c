/* payments - what a payment provider was asked and told about an order. */
#include "clients/ctl/ctl.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bytes from outside, for a terminal: control characters do nothing. */
static void
payment_print_bytes(const char *bytes, size_t size)
{
    fputs("         ", stdout);
    for (size_t i = 0; i < size; i++)
        if (bytes[i] == '\n')
            fputs("\n         ", stdout);
        else
            putchar((unsigned char)bytes[i] < 0x20 || bytes[i] == 0x7f ? '?' : bytes[i]);
    putchar('\n');
}

/* JSON has no bytes: they came as hex. */
static void
payment_print_hex(const char *hex)
{
    size_t size = strlen(hex) / 2;
    char *bytes = malloc(size + 1);
    for (size_t i = 0; bytes && i < size; i++) {
        const char digits[] = { hex[2 * i], hex[2 * i + 1], 0 };
        bytes[i] = (char)strtoul(digits, NULL, 16);
    }
    if (bytes)
        payment_print_bytes(bytes, size);
    free(bytes);
}

static void
payment_print_when(const char *what, int64_t ms)
{
    char when[CTL_TIME_ROOM];
    if (ms)
        printf("%s %s\n", what, ctl_time(when, ms, CTL_TIME_EXACT));
}

static void
payment_print_charge(const json_t *audit)
{
    const json_t *charge = json_object_get(audit, "charge");
    const char *refused = ctl_text(charge, "refused");
    printf("provider %s\ncharge   %s, asked %" PRId64 " times\n", ctl_text(audit, "provider"),
           ctl_text(charge, "state"), ctl_number(charge, "asked"));
    payment_print_when("begun   ", ctl_number(charge, "began_ms"));
    payment_print_when("opened  ", ctl_number(charge, "opened_ms"));
    payment_print_when("ended   ", ctl_number(charge, "ended_ms"));
    if (*refused)
        printf("refused  %s\n", refused);
}

static void
payment_print_notice(const json_t *notice)
{
    char when[CTL_TIME_ROOM], amount[CTL_MONEY_ROOM];
    const json_t *head = json_object_get(notice, "head"), *raw = json_object_get(notice, "raw");
    printf("notice   %" PRId64 ": %s, %s, %s, transaction %s: %s\n", ctl_number(notice, "number"),
           ctl_time(when, ctl_number(notice, "at_ms"), CTL_TIME_EXACT), ctl_text(notice, "outcome"),
           ctl_money(amount, ctl_number(notice, "amount")), ctl_text(notice, "txn"),
           ctl_text(notice, "settled"));
    if (json_string_length(head))
        payment_print_bytes(json_string_value(head), json_string_length(head));
    if (json_is_string(raw))
        payment_print_hex(json_string_value(raw));
}

/* All pages of an order's audit as one; NULL after having said why not. */
static json_t *
payment_audit(ctl_t *ctl, uint64_t showtime, ctl_exit_t *outcome)
{
    json_t *all = NULL;
    for (int64_t from = 0, next = 1; next > from; from = next) {
        json_t *page;
        next = 0;
        *outcome = ctl_ask(
            ctl, OP_PAYMENT_AUDIT, showtime,
            json_pack("{s:s,s:I}", "order", ctl->arguments[0], "from", (json_int_t)from), &page);
        if (*outcome != CTL_DONE) {
            json_decref(all);
            return NULL;
        }
        next = ctl_number(page, "next");
        if (!all) {
            all = page;
            continue;
        }
        (void)json_array_extend(json_object_get(all, "notices"), json_object_get(page, "notices"));
        json_decref(page);
    }
    (void)json_object_del(all, "next");
    return all;
}

static ctl_exit_t
payment_show(ctl_t *ctl)
{
    uint64_t showtime;
    ctl_exit_t outcome;
    size_t index;
    json_t *notice;
    if (!ctl_order_argument(ctl, 0, &showtime))
        return CTL_USAGE;
    json_t *audit = payment_audit(ctl, showtime, &outcome);
    if (!audit)
        return outcome;
    if (!ctl_print_json(ctl, audit)) {
        payment_print_charge(audit);
        json_array_foreach(json_object_get(audit, "notices"), index, notice)
            payment_print_notice(notice);
    }
    json_decref(audit);
    return CTL_DONE;
}

const ctl_verb_t ctl_payment_verbs[] = {
    { "payments", "show", "ORDER", 1, 1, 0, payment_show,
      "what its provider was asked and told, raw" },
    { "payments", "reconcile", "", 0, 0, CTL_FLAG(PROVIDER) | CTL_FLAG(DATE) | CTL_FLAG(BILL),
      payment_reconcile, "compare a provider's bill of a day with the books" },
    { NULL, NULL, NULL, 0, 0, 0, NULL, NULL },
};
