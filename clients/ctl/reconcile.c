/* reconcile - a provider's bill of a day against the books, both ways.
 *
 * The books are asked once, showtime by showtime, and kept by order; then the bill is read line by
 * line. Whatever does not fit is a line of its own, with its likely cause. */
#include "clients/cashier/provider.h"
#include "clients/cashier/yuan.h"
#include "clients/ctl/bill.h"
#include "clients/ctl/ctl.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DAY_MS = 86400000, PROGRESS_EVERY = 4096, PAGE = 500 };

typedef struct {
    uint64_t tell;
    int64_t amount, ended_ms;
    bool done, seen;
} back_t;

typedef struct {
    char order[PROVIDER_ORDER], txn[PROVIDER_TXN];
    int64_t paid, paid_ms;
    uint32_t back, back_count; /* in `backs` */
    bool seen;
} entry_t;

typedef struct {
    ctl_t *ctl;
    const char *provider;
    int64_t from_ms, until_ms;
    entry_t *entries;
    back_t *backs;
    size_t count, room, back_count, back_room;
    uint32_t *places; /* entry + 1, by order */
    size_t place_mask;
    json_t *differences;
    uint64_t lines;
} books_t;

static void
books_progress(const books_t *self, const char *what, uint64_t done, uint64_t all)
{
    if (!isatty(STDERR_FILENO) || self->ctl->json)
        return;
    int filled = all ? (int)(done * 40 / all) : 0;
    fprintf(stderr, "\r%-8s [%-40.*s] %" PRIu64 "  ", what, filled,
            "########################################", done);
    if (done == all)
        fputs("\r\033[K", stderr);
}

/* ------------------------------------------------------------------ the books */

static void *
books_grow(void *items, size_t count, size_t *room, size_t size)
{
    if (count < *room)
        return items;
    *room = *room ? *room * 2 : 1024;
    return realloc(items, *room * size);
}

static bool
books_take_refund(books_t *self, const json_t *row)
{
    self->backs = books_grow(self->backs, self->back_count, &self->back_room, sizeof *self->backs);
    if (!self->backs)
        return false;
    const char *state = json_string_value(json_array_get(row, 2));
    self->backs[self->back_count++] =
        (back_t){ .tell = (uint64_t)json_integer_value(json_array_get(row, 0)),
                  .amount = json_integer_value(json_array_get(row, 1)),
                  .done = state && strcmp(state, "done") == 0,
                  .ended_ms = json_integer_value(json_array_get(row, 3)) };
    return true;
}

static bool
books_take(books_t *self, const json_t *row)
{
    const char *order = json_string_value(json_array_get(row, 0));
    const char *provider = json_string_value(json_array_get(row, 1));
    const char *txn = json_string_value(json_array_get(row, 6));
    const json_t *refund;
    size_t index;
    if (!order || !provider || !txn || strcmp(provider, self->provider) != 0)
        return true;
    self->entries = books_grow(self->entries, self->count, &self->room, sizeof *self->entries);
    if (!self->entries)
        return false;
    entry_t *entry = &self->entries[self->count++];
    *entry = (entry_t){ .paid = json_integer_value(json_array_get(row, 4)),
                        .paid_ms = json_integer_value(json_array_get(row, 5)),
                        .back = (uint32_t)self->back_count };
    snprintf(entry->order, sizeof entry->order, "%s", order);
    snprintf(entry->txn, sizeof entry->txn, "%s", txn);
    json_array_foreach(json_array_get(row, 7), index, refund)
    {
        if (!books_take_refund(self, refund))
            return false;
        entry->back_count++;
    }
    return true;
}

static ctl_exit_t
books_of_showtime(books_t *self, uint64_t showtime)
{
    for (int64_t from = 0, next = 1; next > from; from = next) {
        json_t *reply;
        const json_t *row;
        size_t index;
        bool room = true;
        ctl_exit_t outcome =
            ctl_ask(self->ctl, OP_PAYMENT_LIST, showtime,
                    json_pack("{s:I,s:i}", "from", (json_int_t)from, "limit", PAGE), &reply);
        if (outcome != CTL_DONE)
            return outcome;
        json_array_foreach(json_object_get(reply, "payments"), index, row) room =
            room && books_take(self, row);
        next = ctl_number(reply, "next");
        json_decref(reply);
        if (!room)
            return ctl_say(CTL_FAULT, "memory is short");
    }
    return CTL_DONE;
}

static ctl_exit_t
books_of_partition(books_t *self, uint32_t partition)
{
    int64_t total = 1;
    for (int64_t from = 0; from < total;) {
        json_t *reply;
        const json_t *row;
        size_t index;
        ctl_exit_t outcome =
            ctl_ask(self->ctl, OP_SHOWTIME_LIST, partition,
                    json_pack("{s:I,s:i}", "from", (json_int_t)from, "limit", PAGE), &reply);
        if (outcome != CTL_DONE)
            return outcome;
        total = ctl_number(reply, "total");
        const json_t *list = json_object_get(reply, "showtimes");
        if (json_array_size(list) == 0)
            total = 0;
        json_array_foreach(list, index, row)
        {
            if (outcome == CTL_DONE)
                outcome =
                    books_of_showtime(self, (uint64_t)json_integer_value(json_array_get(row, 0)));
            books_progress(self, "books", (uint64_t)++from, (uint64_t)total);
        }
        json_decref(reply);
        if (outcome != CTL_DONE)
            return outcome;
    }
    return CTL_DONE;
}

static size_t
books_place(const books_t *self, text_t order)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < order.size; i++)
        hash = (hash ^ (uint8_t)order.data[i]) * UINT64_C(1099511628211);
    size_t at = (size_t)(hash ^ hash >> 32) & self->place_mask;
    while (self->places[at] && !text_is(order, self->entries[self->places[at] - 1].order))
        at = (at + 1) & self->place_mask;
    return at;
}

static bool
books_index(books_t *self)
{
    size_t places = 1024;
    while (places < self->count * 2)
        places *= 2;
    self->place_mask = places - 1;
    self->places = calloc(places, sizeof *self->places);
    for (size_t i = 0; self->places && i < self->count; i++)
        self->places[books_place(self, text_of(self->entries[i].order))] = (uint32_t)i + 1;
    return self->places != NULL;
}

/* ------------------------------------------------------------------ differences */

static void
books_differ(books_t *self, const char *what, text_t order, int64_t here, int64_t there,
             const char *cause)
{
    char name[PROVIDER_WORD], ours[CTL_MONEY_ROOM], theirs[CTL_MONEY_ROOM];
    if (!text_copy(order, name, sizeof name) || !text_is_utf8(order))
        snprintf(name, sizeof name, "?");
    (void)json_array_append_new(self->differences,
                                json_pack("{s:s,s:s,s:I,s:I,s:s}", "difference", what, "order",
                                          name, "books", (json_int_t)here, "bill",
                                          (json_int_t)there, "cause", cause));
    if (!self->ctl->json)
        printf("%-16s %-32s books %-12s bill %-12s %s\n", what, name, ctl_money(ours, here),
               ctl_money(theirs, there), cause);
}

static void
books_check_payment(books_t *self, entry_t *entry, const bill_line_t *line)
{
    if (entry->seen)
        books_differ(self, "twice", line->order, entry->paid, line->amount,
                     "the bill has this order twice");
    else if (!text_is(line->txn, entry->txn))
        books_differ(self, "transaction", line->order, entry->paid, line->amount,
                     "another transaction was told of: a second payment, or a mixed-up bill");
    else if (entry->paid != line->amount)
        books_differ(self, "amount", line->order, entry->paid, line->amount,
                     "the notice said another amount than the bill");
    entry->seen = true;
}

static void
books_check_refund(books_t *self, const entry_t *entry, const bill_line_t *line)
{
    char number[PROVIDER_REFUND];
    uint64_t tell = 0;
    if (text_copy(line->refund_number, number, sizeof number))
        (void)provider_refund_tell(number, entry->order, &tell);
    for (uint32_t i = 0; i < entry->back_count; i++) {
        back_t *back = &self->backs[entry->back + i];
        if (back->tell != tell)
            continue;
        if (!back->done)
            books_differ(self, "refund open", line->order, back->amount, line->amount,
                         "paid back there, not confirmed here yet: it will be asked again");
        else if (back->amount != line->amount)
            books_differ(self, "refund amount", line->order, back->amount, line->amount,
                         "another amount was paid back than asked for");
        back->seen = true;
        return;
    }
    books_differ(self, "refund unknown", line->order, 0, line->amount,
                 "paid back by hand in the merchant's pages");
}

static ctl_exit_t
books_read_bill(books_t *self, FILE *file, const char *path)
{
    static bill_t bill;
    bill_line_t line;
    int got;
    if (!bill_open(&bill, self->provider, file))
        return ctl_say(CTL_USAGE, "--provider is wxpay, wxpay2 or alipay");
    (void)fseek(file, 0, SEEK_END);
    long size = ftell(file);
    rewind(file);
    while ((got = bill_next(&bill, &line)) > 0) {
        uint32_t place = self->places[books_place(self, line.order)];
        if (++self->lines % PROGRESS_EVERY == 0)
            books_progress(self, "bill", (uint64_t)ftell(file), (uint64_t)size);
        if (!place)
            books_differ(self, line.refund ? "refund unknown" : "not in books", line.order, 0,
                         line.amount,
                         "money there that is not known here: another site's, or all was lost");
        else if (line.refund)
            books_check_refund(self, &self->entries[place - 1], &line);
        else
            books_check_payment(self, &self->entries[place - 1], &line);
    }
    books_progress(self, "bill", 1, 1);
    return got < 0 ? ctl_say(CTL_FAULT, "%s:%" PRIu64 ": not a line of a bill in UTF-8", path,
                             bill.number)
                   : CTL_DONE;
}

static bool
books_that_day(const books_t *self, int64_t ms)
{
    return ms >= self->from_ms && ms < self->until_ms;
}

static void
books_check_missing(books_t *self)
{
    for (size_t i = 0; i < self->count; i++) {
        const entry_t *entry = &self->entries[i];
        if (!entry->seen && books_that_day(self, entry->paid_ms))
            books_differ(self, "not in bill", text_of(entry->order), entry->paid, 0,
                         "paid around midnight: the bill of the day before; else ask the provider");
        for (uint32_t j = 0; j < entry->back_count; j++) {
            const back_t *back = &self->backs[entry->back + j];
            if (back->done && !back->seen && books_that_day(self, back->ended_ms))
                books_differ(self, "refund missing", text_of(entry->order), back->amount, 0,
                             "settled by hand, or the bill of another day has it");
        }
    }
}

static ctl_exit_t
books_compare(books_t *self, FILE *file, const char *path)
{
    uint32_t partitions = ctl_partitions(self->ctl);
    ctl_exit_t outcome = partitions ? CTL_DONE : CTL_FAULT;
    for (uint32_t i = 0; i < partitions && outcome == CTL_DONE; i++)
        outcome = books_of_partition(self, i);
    if (outcome == CTL_DONE && !books_index(self))
        outcome = ctl_say(CTL_FAULT, "memory is short");
    if (outcome == CTL_DONE)
        outcome = books_read_bill(self, file, path);
    if (outcome == CTL_DONE)
        books_check_missing(self);
    return outcome;
}

/* A difference is a refusal: exit 1, for who runs it every morning. */
ctl_exit_t
payment_reconcile(ctl_t *ctl)
{
    const char *path = ctl_flag_text(ctl, CTL_FLAG_BILL, "");
    books_t books = { .ctl = ctl, .provider = ctl_flag_text(ctl, CTL_FLAG_PROVIDER, "") };
    if (!*path || !beijing_day(text_of(ctl_flag_text(ctl, CTL_FLAG_DATE, "")), &books.from_ms))
        return ctl_say(CTL_USAGE, "--provider, --date YYYY-MM-DD and --bill FILE are wanted");
    books.until_ms = books.from_ms + DAY_MS;
    FILE *file = fopen(path, "r");
    if (!file)
        return ctl_say(CTL_FAULT, "%s: cannot be read", path);
    books.differences = json_array();
    ctl_exit_t outcome = books_compare(&books, file, path);
    size_t differences = json_array_size(books.differences);
    if (outcome == CTL_DONE) {
        (void)ctl_print_json(ctl, books.differences);
        ctl_hint(ctl, "%" PRIu64 " lines, %zu payments in the books, %zu differences", books.lines,
                 books.count, differences);
    }
    fclose(file);
    json_decref(books.differences);
    free(books.entries);
    free(books.backs);
    free(books.places);
    return outcome == CTL_DONE && differences ? CTL_REFUSED : outcome;
}
