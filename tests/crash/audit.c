/* audit - see audit.h for the contract. */
#include "tests/crash/audit.h"
#include "broker/mp.h"
#include "broker/operation.h"
#include "broker/status.h"
#include <string.h>

enum { SEAT_FREE, SEAT_HELD, SEAT_TAKEN, AUDIT_EDGE_MS = 500, AUDIT_BODY_MAX = 128 };

/* seats: [[id, row, column, state, ...], ...] */
static bool
audit_read_map(const wire_record_t *record, uint64_t states[BOOK_SEATS])
{
    mp_t at;
    uint32_t count, fields;
    if (!mp_find(record->body, record->body_size, "seats", &at) || !mp_read_array(&at, &count) ||
        count != BOOK_SEATS)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t id;
        if (!mp_read_array(&at, &fields) || fields < 4 || !mp_read_uint(&at, &id) || id != i + 1 ||
            !mp_skip(&at) || !mp_skip(&at) || !mp_read_uint(&at, &states[i]))
            return false;
        for (uint32_t k = 4; k < fields; k++)
            if (!mp_skip(&at))
                return false;
    }
    return true;
}

/* What a pair's seats must show: by its holder, if there is one whose lock is not over. */
static uint64_t
audit_expected(const sale_t *holder, int64_t now_ms)
{
    if (!holder || !book_holds(holder, now_ms))
        return SEAT_FREE;
    return holder->state == SALE_PAID ? SEAT_TAKEN : SEAT_HELD;
}

static void
audit_pair(book_t *book, uint32_t showtime, uint32_t pair, const uint64_t *states, int64_t now_ms)
{
    uint32_t number = book->holders[showtime][pair];
    const sale_t *holder = number ? &book->sales[number - 1] : NULL;
    uint64_t expected = audit_expected(holder, now_ms);
    /* While a lock ends, either is right. */
    if (holder && holder->state != SALE_PAID && now_ms > holder->until_ms - AUDIT_EDGE_MS &&
        now_ms < holder->until_ms + AUDIT_EDGE_MS)
        return;
    for (uint32_t i = 2 * pair; i < 2 * pair + 2; i++)
        if (states[i] != expected)
            book_fail(book, "showtime %llu, seat %u: state %llu instead of %llu (user %llu)",
                      (unsigned long long)(book->base + showtime), i + 1,
                      (unsigned long long)states[i], (unsigned long long)expected,
                      holder ? (unsigned long long)holder->user : 0);
}

int
audit_seats(book_t *book, caller_t *caller)
{
    for (uint32_t showtime = 0; showtime < book->showtime_count; showtime++) {
        wire_record_t record;
        uint64_t states[BOOK_SEATS] = { 0 };
        if (caller_call(caller, OP_SEATS_GET, book->base + showtime, NULL, 0, &record))
            return -1;
        if (record.header.status != STATUS_OK || !audit_read_map(&record, states)) {
            book_fail(book, "showtime %llu: no seat map: %s",
                      (unsigned long long)(book->base + showtime),
                      status_name(record.header.status));
            continue;
        }
        int64_t now_ms = caller_now_ms();
        for (uint32_t pair = 0; pair < BOOK_PAIRS; pair++)
            audit_pair(book, showtime, pair, states, now_ms);
    }
    return 0;
}

static bool
audit_text_is(const wire_record_t *record, const char *key, const char *wanted)
{
    mp_t at;
    const char *text;
    uint32_t size;
    return mp_find(record->body, record->body_size, key, &at) && mp_read_str(&at, &text, &size) &&
           size == strlen(wanted) && memcmp(text, wanted, size) == 0;
}

/* One call whose body is one text field, or two. */
static int
audit_call(caller_t *caller, uint16_t operation, uint64_t key, const char *const fields[4],
           wire_record_t *record)
{
    uint8_t body[AUDIT_BODY_MAX];
    pack_t pack;
    pack_init(&pack, body, sizeof body);
    pack_map(&pack, fields[2] ? 2 : 1);
    pack_key_str(&pack, fields[0], fields[1]);
    if (fields[2])
        pack_key_str(&pack, fields[2], fields[3]);
    return caller_call(caller, operation, key, body, (uint32_t)pack.size, record);
}

static int
audit_order(book_t *book, caller_t *caller, const sale_t *sale)
{
    static const char *const names[] = {
        [SALE_ORDERED] = "pending", [SALE_CANCELLED] = "cancelled", [SALE_PAID] = "paid"
    };
    wire_record_t record;
    const char *const fields[4] = { "order", sale->order };
    if (audit_call(caller, OP_ORDER_GET, book->base + sale->showtime, fields, &record))
        return -1;
    if (record.header.status != STATUS_OK)
        book_fail(book, "order %s is gone: %s", sale->order, status_name(record.header.status));
    else if (!audit_text_is(&record, "state", names[sale->state]))
        book_fail(book, "order %s is no longer %s", sale->order, names[sale->state]);
    return 0;
}

static int
audit_tickets(book_t *book, caller_t *caller, const sale_t *sale)
{
    for (uint32_t i = 0; i < 2; i++) {
        wire_record_t record;
        const char *const fields[4] = { "ticket", sale->tickets[i] };
        if (audit_call(caller, OP_TICKET_GET, book->base + sale->showtime, fields, &record))
            return -1;
        if (record.header.status != STATUS_OK)
            book_fail(book, "ticket %s is gone: %s", sale->tickets[i],
                      status_name(record.header.status));
        else if (i == 0 && sale->token[0] && !audit_text_is(&record, "token", sale->token))
            book_fail(book, "ticket %s has another token now", sale->tickets[i]);
    }
    return 0;
}

static int
audit_redeemed(book_t *book, caller_t *caller, const sale_t *sale)
{
    wire_record_t record;
    const char *const fields[4] = { "token", sale->token, "kiosk", "door-2" };
    if (audit_call(caller, OP_TICKET_REDEEM, book->base + sale->showtime, fields, &record))
        return -1;
    if (record.header.status != STATUS_ALREADY_REDEEMED)
        book_fail(book, "ticket %s was let in, and then answered: %s", sale->tickets[0],
                  status_name(record.header.status));
    return 0;
}

int
audit_sales(book_t *book, caller_t *caller, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++) {
        const sale_t *sale = &book->sales[i];
        int result = 0;
        if (sale->order[0])
            result = audit_order(book, caller, sale);
        if (result == 0 && sale->state == SALE_PAID)
            result = audit_tickets(book, caller, sale);
        if (result == 0 && sale->redeemed)
            result = audit_redeemed(book, caller, sale);
        if (result)
            return -1;
    }
    return 0;
}
