/* book - see book.h for the contract. */
#include "tests/crash/book.h"
#include "tests/crash/caller.h"
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
book_close(book_t *self)
{
    free(self->holders);
    free(self->sales);
    *self = (book_t){ 0 };
}

bool
book_add_showtime(book_t *self)
{
    size_t count = self->showtime_count + 1;
    void *holders = realloc(self->holders, count * sizeof *self->holders);
    if (!holders)
        return false;
    self->holders = holders;
    memset(self->holders[self->showtime_count++], 0, sizeof *self->holders);
    return true;
}

void
book_fail(book_t *self, const char *format, ...)
{
    if (self->failures++ >= BOOK_SHOWN_MAX)
        return;
    va_list arguments;
    va_start(arguments, format);
    printf("    ");
    vprintf(format, arguments);
    printf("\n");
    va_end(arguments);
}

bool
book_holds(const sale_t *sale, int64_t now_ms)
{
    if (sale->state == SALE_PAID)
        return true;
    bool open = sale->state == SALE_LOCKED || sale->state == SALE_ORDERED;
    return open && !sale->ending && now_ms < sale->until_ms;
}

uint32_t
book_add_sale(book_t *self, const sale_t *sale)
{
    if (self->sale_count == self->sale_room) {
        uint32_t room = self->sale_room ? 2 * self->sale_room : 1024;
        sale_t *sales = realloc(self->sales, room * sizeof *sales);
        assert(sales);
        self->sales = sales;
        self->sale_room = room;
    }
    uint32_t *holder = &self->holders[sale->showtime][sale->pair];
    if (*holder && book_holds(&self->sales[*holder - 1], caller_now_ms()))
        book_fail(self, "showtime %llu, seats %u and %u: locked for user %llu and for user %llu",
                  (unsigned long long)(self->base + sale->showtime), 2 * sale->pair + 1,
                  2 * sale->pair + 2, (unsigned long long)self->sales[*holder - 1].user,
                  (unsigned long long)sale->user);
    self->sales[self->sale_count] = *sale;
    *holder = ++self->sale_count;
    return self->sale_count - 1;
}

void
book_ending(book_t *self, uint32_t number)
{
    sale_t *sale = &self->sales[number];
    uint32_t *holder = &self->holders[sale->showtime][sale->pair];
    sale->ending = true;
    if (*holder == number + 1)
        *holder = 0;
}

void
book_paid(book_t *self, uint32_t number)
{
    sale_t *sale = &self->sales[number];
    uint32_t *holder = &self->holders[sale->showtime][sale->pair];
    if (*holder != number + 1)
        book_fail(self, "order %s is paid, but its seats went to another sale", sale->order);
    sale->state = SALE_PAID;
}
