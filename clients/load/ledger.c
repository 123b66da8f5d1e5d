/* ledger - see ledger.h for the contract. What holds: a seat's word is 0 while nobody is known to
 * have it, else the owner's number, with LEDGER_SOLD once the sale was acknowledged. */
#include "clients/load/ledger.h"
#include "clients/load/load.h"
#include <assert.h>
#include <stdlib.h>

#define LEDGER_SOLD (UINT32_C(1) << 31)

typedef struct {
    _Atomic uint32_t touched;
    _Atomic uint32_t owners[LOAD_SEATS];
} ledger_page_t;

struct ledger {
    ledger_page_t *pages[LOAD_SHOWTIMES_MAX];
    uint32_t count;
    _Atomic uint64_t oversold, lost;
};

ledger_t *
ledger_new(void)
{
    return calloc(1, sizeof(ledger_t));
}

void
ledger_destroy(ledger_t **self_p)
{
    ledger_t *self = *self_p;
    if (!self)
        return;
    for (uint32_t i = 0; i < self->count; i++)
        free(self->pages[i]);
    free(self);
    *self_p = NULL;
}

bool
ledger_grow(ledger_t *self, uint32_t count)
{
    assert(count <= LOAD_SHOWTIMES_MAX);
    while (self->count < count) {
        ledger_page_t *page = calloc(1, sizeof *page);
        if (!page)
            return false;
        self->pages[self->count++] = page;
    }
    return true;
}

uint32_t
ledger_count(const ledger_t *self)
{
    return self->count;
}

void
ledger_locked(ledger_t *self, uint32_t showtime, uint32_t pair, uint32_t owner)
{
    assert(owner != 0 && pair < LOAD_PAIRS);
    ledger_page_t *page = self->pages[showtime];
    atomic_store_explicit(&page->touched, 1, memory_order_relaxed);
    for (uint32_t i = 2 * pair; i < 2 * pair + 2; i++)
        if (atomic_exchange(&page->owners[i], owner) != 0)
            atomic_fetch_add(&self->oversold, 1);
}

void
ledger_sold(ledger_t *self, uint32_t showtime, uint32_t pair, uint32_t owner)
{
    assert(pair < LOAD_PAIRS);
    for (uint32_t i = 2 * pair; i < 2 * pair + 2; i++)
        if (atomic_exchange(&self->pages[showtime]->owners[i], owner | LEDGER_SOLD) != owner)
            atomic_fetch_add(&self->oversold, 1);
}

void
ledger_released(ledger_t *self, uint32_t showtime, uint32_t pair, uint32_t owner)
{
    assert(pair < LOAD_PAIRS);
    for (uint32_t i = 2 * pair; i < 2 * pair + 2; i++)
        if (atomic_exchange(&self->pages[showtime]->owners[i], 0) != owner)
            atomic_fetch_add(&self->oversold, 1);
}

void
ledger_compare(ledger_t *self, uint32_t showtime, uint32_t seat, uint64_t state)
{
    assert(seat >= 1 && seat <= LOAD_SEATS);
    uint32_t owner = atomic_load(&self->pages[showtime]->owners[seat - 1]);
    if (owner & LEDGER_SOLD) {
        if (state != 2)
            atomic_fetch_add(&self->lost, 1);
    } else if (owner && state != 1 && state != 2) {
        atomic_fetch_add(&self->oversold, 1);
    }
}

bool
ledger_touched(const ledger_t *self, uint32_t showtime)
{
    return atomic_load(&self->pages[showtime]->touched) != 0;
}

uint64_t
ledger_oversold(const ledger_t *self)
{
    return atomic_load(&self->oversold);
}

uint64_t
ledger_lost(const ledger_t *self)
{
    return atomic_load(&self->lost);
}
