/* tickets - show with a QR code, print, redeem, and list those that are void; see ctl.h. */
#include "actors/ids.h"
#include "clients/ctl/ctl.h"
#include "clients/qr.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Fields of a ticket in the order they are shown; the rest follows as it is. */
static void
ticket_print(const json_t *ticket)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)ticket, key, value)
    {
        char text[CTL_TIME_ROOM];
        size_t size = strlen(key);
        if (strcmp(key, "offline") == 0)
            continue;
        if (json_is_integer(value) && size > 3 && strcmp(key + size - 3, "_ms") == 0) {
            if (json_integer_value(value))
                printf("%-9.*s %s\n", (int)(size - 3), key,
                       ctl_time(text, json_integer_value(value), CTL_TIME_SHOW));
        } else if (json_is_string(value)) {
            if (*json_string_value(value))
                printf("%-9s %s\n", key, json_string_value(value));
        } else if (strcmp(key, "price") == 0) {
            char price[CTL_MONEY_ROOM];
            printf("%-9s %s\n", key, ctl_money(price, json_integer_value(value)));
        } else if (json_is_integer(value)) {
            printf("%-9s %" PRId64 "\n", key, (int64_t)json_integer_value(value));
        }
    }
}

static int
ticket_draw_to(const ctl_t *ctl, const qr_t *qr, const char *kind, uint32_t pixels, FILE *to)
{
    if (strcmp(kind, "png") == 0)
        return qr_png(qr, pixels, to);
    if (strcmp(kind, "svg") == 0)
        return qr_svg(qr, pixels, to);
    return qr_terminal(qr, ctl->colour, to);
}

static ctl_exit_t
ticket_draw(const ctl_t *ctl, const char *text)
{
    const char *kind = ctl->flags[CTL_FLAG_QR], *path = ctl->flags[CTL_FLAG_OUT];
    uint64_t pixels;
    if (!ctl_flag_u64(ctl, CTL_FLAG_PIXELS, QR_PIXELS, &pixels))
        return CTL_USAGE;
    if (!path && strcmp(kind, "png") == 0 && isatty(STDOUT_FILENO))
        return ctl_say(CTL_USAGE, "a PNG does not go to a terminal; say --out FILE");
    qr_t *qr = qr_new(text, strlen(text));
    if (!qr)
        return ctl_say(CTL_FAULT, "the code cannot be made: %s", strerror(errno));
    FILE *to = path ? fopen(path, "wb") : stdout;
    int fault =
        !to || ticket_draw_to(ctl, qr, kind, pixels > UINT32_MAX ? 0 : (uint32_t)pixels, to);
    int saved = errno;
    if (to && to != stdout && fclose(to) && !fault) {
        fault = 1;
        saved = errno;
    }
    qr_destroy(&qr);
    if (fault)
        return ctl_say(CTL_FAULT, "%s: %s", path ? path : "the drawing",
                       saved == ERANGE ? "--pixels is too few or too many" : strerror(saved));
    if (path)
        ctl_hint(ctl, "written to %s", path);
    return CTL_DONE;
}

static bool
ticket_good_kind(const char *kind)
{
    return !kind || strcmp(kind, "terminal") == 0 || strcmp(kind, "svg") == 0 ||
           strcmp(kind, "png") == 0;
}

static ctl_exit_t
ticket_show(ctl_t *ctl)
{
    uint64_t showtime;
    json_t *ticket;
    const char *kind = ctl->flags[CTL_FLAG_QR], *path = ctl->flags[CTL_FLAG_OUT];
    if (!ids_ticket_showtime(ctl->arguments[0], &showtime))
        return ctl_say(CTL_USAGE, "'%s' is not a ticket id, or it is mistyped", ctl->arguments[0]);
    if (!ticket_good_kind(kind) || (path && !kind))
        return ctl_say(CTL_USAGE, "--qr is terminal, svg or png, and --out goes with it");
    json_t *fields = json_pack("{s:s}", "ticket", ctl->arguments[0]);
    if (ctl->flags[CTL_FLAG_OFFLINE])
        (void)json_object_set_new(fields, "offline", json_true());
    ctl_exit_t outcome = ctl_ask(ctl, OP_TICKET_GET, showtime, fields, &ticket);
    if (outcome != CTL_DONE)
        return outcome;
    const char *text = ctl_text(ticket, ctl->flags[CTL_FLAG_OFFLINE] ? "offline" : "token");
    /* A drawing on stdout is all that is on stdout, but for one that is for eyes. */
    bool alone = kind && !path && strcmp(kind, "terminal") != 0;
    if (!alone && !ctl_print_json(ctl, ticket)) {
        ticket_print(ticket);
        if (ctl->flags[CTL_FLAG_OFFLINE])
            printf("%-9s %s\n", "offline", text);
    }
    if (kind && !(ctl->json && !path)) {
        if (!alone && !path)
            putchar('\n');
        outcome = *text ? ticket_draw(ctl, text)
                        : ctl_say(CTL_REFUSED, "this ticket has no code to draw");
    }
    if (outcome == CTL_DONE && *ctl_text(ticket, "token"))
        ctl_hint(ctl, "next: marquee tickets redeem %s --kiosk lobby-1", ctl_text(ticket, "token"));
    json_decref(ticket);
    return outcome;
}

static ctl_exit_t
ticket_redeem(ctl_t *ctl)
{
    uint64_t showtime;
    json_t *ticket;
    if (!ids_token_showtime(ctl->arguments[0], &showtime))
        return ctl_say(CTL_USAGE, "'%s' is not a ticket's token", ctl->arguments[0]);
    if (!ctl->flags[CTL_FLAG_KIOSK])
        return ctl_say(CTL_USAGE, "--kiosk says where the ticket is shown");
    json_t *fields =
        json_pack("{s:s,s:s}", "token", ctl->arguments[0], "kiosk", ctl->flags[CTL_FLAG_KIOSK]);
    ctl_exit_t outcome = ctl_ask(ctl, OP_TICKET_REDEEM, showtime, fields, &ticket);
    if (outcome != CTL_DONE)
        return outcome;
    if (!ctl_print_json(ctl, ticket)) {
        printf("%swelcome%s\n", ctl_sgr(ctl, "\033[1;32m"), ctl_sgr(ctl, "\033[0m"));
        ticket_print(ticket);
    }
    json_decref(ticket);
    return CTL_DONE;
}

static ctl_exit_t
ticket_step(ctl_t *ctl)
{
    uint64_t showtime;
    json_t *ticket;
    if (!ids_ticket_showtime(ctl->arguments[0], &showtime))
        return ctl_say(CTL_USAGE, "'%s' is not a ticket id, or it is mistyped", ctl->arguments[0]);
    if (!ctl->flags[CTL_FLAG_KIOSK])
        return ctl_say(CTL_USAGE, "--kiosk says where the printer is");
    json_t *fields =
        json_pack("{s:s,s:s,s:s}", "ticket", ctl->arguments[0], "kiosk", ctl->flags[CTL_FLAG_KIOSK],
                  "step", ctl_flag_text(ctl, CTL_FLAG_STEP, "begin"));
    ctl_exit_t outcome = ctl_ask(ctl, OP_TICKET_PRINT, showtime, fields, &ticket);
    if (outcome != CTL_DONE)
        return outcome;
    if (!ctl_print_json(ctl, ticket))
        ticket_print(ticket);
    json_decref(ticket);
    return CTL_DONE;
}

/* Add a page of the list behind `since` to `all`; *next is where to go on, 0 at the end. */
static ctl_exit_t
ticket_revoked_page(ctl_t *ctl, uint64_t showtime, uint64_t since, json_t *all, uint64_t *next)
{
    enum { PAGE = 500 };
    json_t *page;
    json_t *fields = json_pack("{s:I,s:i}", "since", (json_int_t)since, "limit", PAGE);
    ctl_exit_t outcome = ctl_ask(ctl, OP_TICKETS_REVOKED, showtime, fields, &page);
    if (outcome != CTL_DONE)
        return outcome;
    (void)json_array_extend(json_object_get(all, "tickets"), json_object_get(page, "tickets"));
    (void)json_object_set_new(all, "version", json_integer(ctl_number(page, "version")));
    int64_t more = ctl_number(page, "next");
    *next = more > 0 && (uint64_t)more > since ? (uint64_t)more : 0;
    json_decref(page);
    return CTL_DONE;
}

static ctl_exit_t
ticket_revoked(ctl_t *ctl)
{
    uint64_t showtime, since = 0;
    ctl_exit_t outcome;
    if (!ctl_argument_u64(ctl, 0, "a showtime", &showtime))
        return CTL_USAGE;
    json_t *ticket, *all = json_pack("{s:i,s:[]}", "version", 0, "tickets");
    size_t index;
    do
        outcome = ticket_revoked_page(ctl, showtime, since, all, &since);
    while (outcome == CTL_DONE && since > 0);
    if (outcome == CTL_DONE && !ctl_print_json(ctl, all))
        json_array_foreach(json_object_get(all, "tickets"), index, ticket)
            puts(json_is_string(ticket) ? json_string_value(ticket) : "");
    json_decref(all);
    return outcome;
}

const ctl_verb_t ctl_ticket_verbs[] = {
    { "tickets", "show", "TICKET", 1, 1,
      CTL_FLAG(QR) | CTL_FLAG(OUT) | CTL_FLAG(PIXELS) | CTL_FLAG(OFFLINE), ticket_show,
      "one ticket with its token, and its QR code" },
    { "tickets", "print", "TICKET", 1, 1, CTL_FLAG(KIOSK) | CTL_FLAG(STEP), ticket_step,
      "say how the printing of a ticket goes" },
    { "tickets", "revoked", "SHOWTIME", 1, 1, 0, ticket_revoked,
      "the tickets that became void, in that order" },
    { "tickets", "redeem", "TOKEN", 1, 1, CTL_FLAG(KIOSK), ticket_redeem,
      "let the holder of a ticket in, once" },
    { NULL, NULL, NULL, 0, 0, 0, NULL, NULL },
};
