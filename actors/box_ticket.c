/* box_ticket - looking at a ticket, printing it, letting its holder in once, and the keys that
 * check it. */
#include "actors/box.h"
#include "actors/ticket.h"
#include <assert.h>
#include <string.h>

/* A ticket found. */
typedef struct {
    uint32_t purchase;
    uint8_t at;
    const purchase_t *of;
    const line_t *line;
} ticket_found_t;

static void
ticket_pack_place(const box_t *box, const ticket_found_t *found, pack_t *reply)
{
    char ticket[TICKET_ID_ROOM];
    const layout_seat_t *place = &box->layout->seats[found->line->seat - 1];
    ids_ticket_text(ticket, box->showtime, found->purchase, found->line->seat);
    pack_key_str(reply, "ticket", ticket);
    pack_key_uint(reply, "seat", found->line->seat);
    pack_key_str(reply, "row", box->layout->row_names[place->row]);
    pack_key_uint(reply, "column", place->column + 1u);
    box_pack_text(reply, "title", box->head->title, sizeof box->head->title);
    box_pack_text(reply, "hall", box->head->hall, sizeof box->head->hall);
    pack_key_int(reply, "starts_ms", box->head->starts_ms);
}

static bool
ticket_find(const box_t *box, const command_t *command, ticket_found_t *found)
{
    const value_t *text = command_value(command, FIELD_TICKET);
    uint64_t showtime;
    uint16_t seat;
    if (!ids_ticket_read(text->text.data, text->text.size, &showtime, &found->purchase, &seat) ||
        showtime != box->showtime)
        return false;
    found->of = box_purchase(box, found->purchase);
    for (found->at = 0; found->of && found->at < found->of->count; found->at++) {
        found->line = &found->of->lines[found->at];
        if (found->line->seat == seat)
            return found->line->ticket != TICKET_NONE;
    }
    return false;
}

static void
ticket_pack_offline(const box_t *box, const ticket_found_t *found, pack_t *reply)
{
    char text[TICKET_OFFLINE_ROOM], ticket[TICKET_ID_ROOM];
    const layout_seat_t *place = &box->layout->seats[found->line->seat - 1];
    ids_ticket_text(ticket, box->showtime, found->purchase, found->line->seat);
    ticket_offline_t claim = { .ticket = ticket,
                               .row = box->layout->row_names[place->row],
                               .showtime = box->showtime,
                               .seat = found->line->seat,
                               .column = place->column + 1u,
                               .until_ms = box->head->ends_ms,
                               .issued_ms = found->of->paid_ms };
    ticket_offline(box->turn->site, &claim, text);
    pack_key_str(reply, "offline", text);
}

static uint8_t
ticket_print_state(const line_t *line)
{
    return line->print + PRINT_ISSUED;
}

/* Two pairs. */
static void
ticket_pack_print(const line_t *line, pack_t *reply)
{
    pack_key_str(reply, "print", machine_state_name(MACHINE_PRINT, ticket_print_state(line)));
    pack_key_uint(reply, "prints", line->prints);
}

/* A void ticket shows without what would open a gate. */
status_t
box_ticket_get(turn_t *turn, const command_t *command)
{
    box_t box;
    ticket_found_t found;
    char token[TOKEN_ROOM];
    pack_t *reply = turn->reply;
    if (!box_open(&box, turn, command->key))
        return STATUS_UNKNOWN_SHOWTIME;
    if (!ticket_find(&box, command, &found))
        return STATUS_UNKNOWN_TICKET;
    if (command_number(command, FIELD_USER, found.of->user) != found.of->user)
        return STATUS_NOT_YOURS;
    box_hall(&box);
    bool good = found.line->ticket != TICKET_VOID;
    bool offline = good && command_number(command, FIELD_OFFLINE, 0);
    ticket_claim_t claim = { box.showtime, found.of->user, found.purchase, found.line->seat,
                             found.at };
    ticket_token(turn->site, &claim, token);
    pack_map(reply, 16u + good + offline);
    ticket_pack_place(&box, &found, reply);
    pack_key_uint(reply, "showtime", box.showtime);
    box_pack_text(reply, "format", box.head->format, sizeof box.head->format);
    pack_key_int(reply, "ends_ms", box.head->ends_ms);
    pack_key_int(reply, "price", found.line->price);
    pack_key_str(reply, "state", machine_state_name(MACHINE_TICKET, found.line->ticket));
    pack_key_int(reply, "redeemed_ms", found.line->redeemed_ms);
    box_pack_text(reply, "kiosk", found.line->kiosk, sizeof found.line->kiosk);
    ticket_pack_print(found.line, reply);
    if (good)
        pack_key_str(reply, "token", token);
    if (offline)
        ticket_pack_offline(&box, &found, reply);
    return STATUS_OK;
}

static bool
ticket_of_token(const box_t *box, const command_t *command, ticket_found_t *found)
{
    const value_t *text = command_value(command, FIELD_TOKEN);
    ids_token_t token;
    if (!ids_token_read(text->text.data, text->text.size, &token) ||
        token.showtime != box->showtime)
        return false;
    *found = (ticket_found_t){ .purchase = token.purchase,
                               .at = token.line,
                               .of = box_purchase(box, token.purchase) };
    if (!found->of || token.line >= found->of->count)
        return false;
    found->line = &found->of->lines[token.line];
    ticket_claim_t claim = { box->showtime, found->of->user, token.purchase, found->line->seat,
                             token.line };
    return found->line->ticket != TICKET_NONE && ticket_verify(box->turn->site, &claim, &token);
}

static status_t
ticket_redeemed_before(turn_t *turn, const line_t *line)
{
    pack_map(turn->reply, 3);
    pack_key_str(turn->reply, "error", status_name(STATUS_ALREADY_REDEEMED));
    pack_key_int(turn->reply, "redeemed_ms", line->redeemed_ms);
    box_pack_text(turn->reply, "kiosk", line->kiosk, sizeof line->kiosk);
    return STATUS_ALREADY_REDEEMED;
}

status_t
box_ticket_redeem(turn_t *turn, const command_t *command)
{
    box_t box;
    ticket_found_t found;
    if (!box_open(&box, turn, command->key))
        return STATUS_UNKNOWN_SHOWTIME;
    status_t status = box_nonce_take(&box, command);
    if (status != STATUS_OK)
        return status;
    if (!ticket_of_token(&box, command, &found))
        return STATUS_BAD_TOKEN;
    if (found.line->ticket == TICKET_VOID)
        return STATUS_TICKET_VOID;
    if (found.line->ticket == TICKET_REDEEMED)
        return ticket_redeemed_before(turn, found.line);
    if (turn->now_ms >= box.head->ends_ms)
        return STATUS_TICKET_EXPIRED;
    if (box.head->cancelled)
        return STATUS_SHOWTIME_CANCELLED; /* its turn to be paid back comes */
    line_t *line = &box_edit_purchase(&box, found.purchase)->lines[found.at];
    line->ticket = machine_next(MACHINE_TICKET, line->ticket, TICKET_ON_REDEEM);
    line->redeemed_ms = turn->now_ms;
    command_text(command, FIELD_KIOSK, line->kiosk, sizeof line->kiosk);
    box_hall(&box);
    pack_map(turn->reply, 7);
    ticket_pack_place(&box, &found, turn->reply);
    return STATUS_OK;
}

/* What stands in the way of this step? Paper that came out, or did not, is taken note of whatever
 * has become of the ticket meanwhile. */
static status_t
ticket_judge_print(const box_t *box, const line_t *line, uint8_t event)
{
    bool wanted = event == PRINT_ON_BEGIN || event == PRINT_ON_REPRINT;
    uint8_t state = ticket_print_state(line);
    if (wanted && line->ticket == TICKET_VOID)
        return STATUS_TICKET_VOID;
    if (wanted && box->turn->now_ms >= box->head->ends_ms)
        return STATUS_TICKET_EXPIRED;
    if (!machine_allows(MACHINE_PRINT, state, event) || (wanted && line->prints == UINT16_MAX))
        return box_refuse_state(box->turn, STATUS_PRINT_STATE, MACHINE_PRINT, state);
    return STATUS_OK;
}

/* The paper counts, not the wish: a printer that failed has printed nothing. */
status_t
box_ticket_print(turn_t *turn, const command_t *command)
{
    box_t box;
    ticket_found_t found;
    uint8_t event = 0;
    if (!box_open(&box, turn, command->key))
        return STATUS_UNKNOWN_SHOWTIME;
    status_t status = box_nonce_take(&box, command);
    if (status != STATUS_OK)
        return status;
    while (event < PRINT_EVENTS &&
           !command_text_is(command, FIELD_STEP, machine_event_name(MACHINE_PRINT, event)))
        event++;
    if (event == PRINT_EVENTS)
        return box_refuse_field(turn, FIELD_STEP);
    if (event == PRINT_ON_REPRINT && !(command->role & (ROLE_ADMIN | ROLE_STAFF)))
        return STATUS_FORBIDDEN;
    if (!ticket_find(&box, command, &found))
        return STATUS_UNKNOWN_TICKET;
    status = ticket_judge_print(&box, found.line, event);
    if (status != STATUS_OK)
        return status;
    line_t *line = &box_edit_purchase(&box, found.purchase)->lines[found.at];
    line->print =
        machine_next(MACHINE_PRINT, ticket_print_state(line), event) - (uint8_t)PRINT_ISSUED;
    line->prints = (uint16_t)(line->prints + (event == PRINT_ON_DONE));
    char ticket[TICKET_ID_ROOM];
    ids_ticket_text(ticket, box.showtime, found.purchase, line->seat);
    pack_map(turn->reply, 3);
    pack_key_str(turn->reply, "ticket", ticket);
    ticket_pack_print(line, turn->reply);
    return STATUS_OK;
}

/* One key now; a list, so that a new one can be announced before the old one goes. */
status_t
box_site_keys(turn_t *turn, const command_t *command)
{
    uint8_t key[TICKET_KEY_SIZE];
    char id[TICKET_KEY_ID_ROOM];
    (void)command;
    ticket_public_key(turn->site, key);
    ticket_key_id(key, id);
    pack_map(turn->reply, 1);
    pack_str(turn->reply, "keys");
    pack_array(turn->reply, 1);
    pack_array(turn->reply, 2);
    pack_str(turn->reply, id);
    pack_bin(turn->reply, key, sizeof key);
    return STATUS_OK;
}
