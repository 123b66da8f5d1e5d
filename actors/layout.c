/* layout - see layout.h for the contract. */
#include "actors/layout.h"
#include "actors/machine.h"
#include "broker/operation.h"
#include <assert.h>
#include <stddef.h>
#include <string.h>

static bool
layout_fault(layout_fault_t *fault, uint32_t row, uint32_t column, const char *reason)
{
    *fault = (layout_fault_t){ row, column, reason };
    return false;
}

static bool
layout_row_name(layout_t *self, const char *name, uint32_t size, layout_fault_t *fault)
{
    uint32_t row = self->row_count;
    char padded[LAYOUT_ROW_NAME] = { 0 };
    if (size == 0 || size >= LAYOUT_ROW_NAME)
        return layout_fault(fault, row + 1, 0, "a row's name has 1 to 3 bytes");
    for (uint32_t i = 0; i < size; i++)
        if ((uint8_t)name[i] <= ' ' || name[i] == 0x7f)
            return layout_fault(fault, row + 1, 0, "a row's name has a space or control character");
    memcpy(padded, name, size);
    for (uint32_t i = 0; i < row; i++)
        if (memcmp(self->row_names[i], padded, sizeof padded) == 0)
            return layout_fault(fault, row + 1, 0, "another row has this name");
    memcpy(self->row_names[row], padded, sizeof padded);
    return true;
}

/* Add one seat; the stored kind tells the halves of a pair apart. */
static const char *
layout_add_seat(layout_t *self, bool *blocked, uint32_t zones, uint32_t column, char kind,
                char zone)
{
    if (!memchr("spcwx", kind, 5))
        return "a kind is one of . s p c w x";
    if (zone < 'a' || zone > 'z' || !(zones >> (zone - 'a') & 1))
        return "there is no such zone";
    if (self->seat_count == LAYOUT_SEATS_MAX)
        return "a hall has at most 2048 seats";
    layout_seat_t *seat = &self->seats[self->seat_count];
    const layout_seat_t *before = self->seat_count ? seat - 1 : NULL;
    bool right = kind == 'c' && before && before->row == self->row_count &&
                 before->column + 1u == column && before->kind == KIND_COUPLE;
    if (right && before->zone != (uint8_t)zone)
        return "a couple seat lies in two zones";
    *seat =
        (layout_seat_t){ .row = self->row_count,
                         .column = (uint8_t)column,
                         .kind = right ? KIND_COUPLE_RIGHT : (uint8_t)(kind == 'x' ? 's' : kind),
                         .zone = (uint8_t)zone };
    blocked[self->seat_count++] = kind == 'x';
    return NULL;
}

/* Every left half of the row from `first` on has its right half. */
static bool
layout_pairs(const layout_t *self, uint32_t first, layout_fault_t *fault)
{
    for (uint32_t i = first; i < self->seat_count; i++) {
        const layout_seat_t *seat = &self->seats[i];
        if (seat->kind != KIND_COUPLE)
            continue;
        if (i + 1 == self->seat_count || seat[1].kind != KIND_COUPLE_RIGHT)
            return layout_fault(fault, seat->row + 1u, seat->column + 1u,
                                "a couple seat lacks its other half");
    }
    return true;
}

bool
layout_add_row(layout_t *self, bool blocked[LAYOUT_SEATS_MAX], uint32_t zones, const char *name,
               uint32_t name_size, const char *kinds, uint32_t kinds_size, const char *row_zones,
               uint32_t zones_size, layout_fault_t *fault)
{
    uint32_t row = self->row_count, first = self->seat_count;
    if (row == LAYOUT_ROWS_MAX)
        return layout_fault(fault, row + 1, 0, "a hall has at most 64 rows");
    if (!layout_row_name(self, name, name_size, fault))
        return false;
    if (kinds_size == 0 || kinds_size > LAYOUT_COLUMNS_MAX)
        return layout_fault(fault, row + 1, 0, "a row has 1 to 64 columns");
    if (kinds_size != zones_size)
        return layout_fault(fault, row + 1, 0, "kinds and zones differ in length");
    for (uint32_t column = 0; column < kinds_size; column++) {
        if (kinds[column] == '.' && row_zones[column] == '.')
            continue;
        const char *reason =
            layout_add_seat(self, blocked, zones, column, kinds[column], row_zones[column]);
        if (kinds[column] == '.' || row_zones[column] == '.')
            reason = "a seat needs a zone, and a gap has none";
        if (reason)
            return layout_fault(fault, row + 1, column + 1, reason);
    }
    if (kinds_size > self->column_count)
        self->column_count = (uint8_t)kinds_size;
    self->row_count++;
    return layout_pairs(self, first, fault);
}

bool
layout_complete(const layout_t *self, layout_fault_t *fault)
{
    return self->seat_count > 0 || layout_fault(fault, 0, 0, "there is no seat");
}

static bool
layout_chosen(const uint16_t *ids, uint32_t count, uint32_t id)
{
    for (uint32_t i = 0; i < count; i++)
        if (ids[i] == id)
            return true;
    return false;
}

uint16_t
layout_couple_split(const layout_t *self, const uint16_t *ids, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint8_t kind = self->seats[ids[i] - 1].kind;
        if ((kind == KIND_COUPLE && !layout_chosen(ids, count, ids[i] + 1u)) ||
            (kind == KIND_COUPLE_RIGHT && !layout_chosen(ids, count, ids[i] - 1u)))
            return ids[i];
    }
    return 0;
}

uint16_t
layout_wheelchair(const layout_t *self, const uint16_t *ids, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (self->seats[ids[i] - 1].kind == KIND_WHEELCHAIR)
            return ids[i];
    return 0;
}

/* Are seats a and a + 1 (by index) neighbours in a row? */
static bool
layout_adjoin(const layout_t *self, uint32_t a)
{
    const layout_seat_t *seat = &self->seats[a];
    return a + 1u < self->seat_count && seat[1].row == seat->row &&
           seat[1].column == seat->column + 1;
}

static bool
layout_open(const layout_t *self, const seat_t *seats, uint32_t at)
{
    uint8_t kind = self->seats[at].kind;
    return seats[at].state == SEAT_AVAILABLE && (kind == KIND_STANDARD || kind == KIND_PREMIUM);
}

/* The run [*first, *last] (indexes) around an open seat. */
static void
layout_run(const layout_t *self, const seat_t *seats, uint32_t at, uint32_t *first, uint32_t *last)
{
    *first = *last = at;
    while (*first > 0 && layout_adjoin(self, *first - 1) && layout_open(self, seats, *first - 1))
        --*first;
    while (layout_adjoin(self, *last) && layout_open(self, seats, *last + 1))
        ++*last;
}

/* A seat left alone out of a longer run, or 0; with `forced`, also where no choice avoids it. */
static uint16_t
layout_single(const layout_t *self, const seat_t *seats, const uint16_t *ids, uint32_t count,
              bool forced)
{
    for (uint32_t i = 0; i < count;) {
        uint32_t first, last, at = ids[i] - 1u;
        if (!layout_open(self, seats, at)) {
            i++;
            continue;
        }
        layout_run(self, seats, at, &first, &last);
        uint32_t taken = 0, lone = 0, next = first; /* next: the first free one not yet passed */
        for (; i < count && ids[i] - 1u <= last; i++, taken++) {
            if (!lone && ids[i] - 1u == next + 1)
                lone = next + 1;
            next = ids[i];
        }
        if (!lone && next == last)
            lone = last + 1;
        if (lone && (forced || last - first != taken))
            return (uint16_t)lone;
    }
    return 0;
}

uint16_t
layout_lone_seat(const layout_t *self, const seat_t *seats, const uint16_t *ids, uint32_t count)
{
    return layout_single(self, seats, ids, count, false);
}

/* The sum of squared distances to the focal point, in units of a sixth of a seat. */
static uint64_t
layout_distance(const layout_t *self, uint32_t first, uint32_t count)
{
    uint64_t sum = 0;
    for (uint32_t i = first; i < first + count; i++) {
        const layout_seat_t *seat = &self->seats[i];
        int64_t down = 6 * (int64_t)seat->row - 4 * (self->row_count - 1);
        int64_t across = 6 * (int64_t)seat->column - 3 * (self->column_count - 1);
        sum += (uint64_t)(down * down + across * across);
    }
    return sum;
}

/* Is [first, first + count) a block of free neighbours with its pairs whole? */
static bool
layout_block_free(const layout_t *self, const seat_t *seats, uint32_t first, uint32_t count)
{
    for (uint32_t i = first; i < first + count; i++)
        if (seats[i].state != SEAT_AVAILABLE || (i > first && !layout_adjoin(self, i - 1)))
            return false;
    return self->seats[first].kind != KIND_COUPLE_RIGHT &&
           self->seats[first + count - 1].kind != KIND_COUPLE;
}

typedef bool layout_fits_fn(const layout_t *self, uint32_t first, const void *argument);

static uint16_t
layout_search(const layout_t *self, const seat_t *seats, uint32_t count, layout_fits_fn *fits,
              const void *argument)
{
    uint16_t ids[SEATS_MAX], best = 0;
    bool best_lone = false;
    uint64_t best_distance = 0;
    assert(count >= 1 && count <= SEATS_MAX);
    for (uint32_t first = 0; first + count <= self->seat_count; first++) {
        if (!layout_block_free(self, seats, first, count) || !fits(self, first, argument))
            continue;
        for (uint32_t i = 0; i < count; i++)
            ids[i] = (uint16_t)(first + i + 1);
        uint64_t distance = layout_distance(self, first, count);
        bool worse = best && distance >= best_distance;
        if (worse && !best_lone)
            continue;
        bool lone = layout_single(self, seats, ids, count, true) != 0;
        if (best && (lone != best_lone ? lone : worse))
            continue;
        best = ids[0];
        best_lone = lone;
        best_distance = distance;
    }
    return best;
}

static bool
layout_fits_wish(const layout_t *self, uint32_t first, const void *argument)
{
    const layout_wish_t *wish = argument;
    bool wheelchair = false;
    for (uint32_t i = first; i < first + wish->count; i++) {
        wheelchair |= self->seats[i].kind == KIND_WHEELCHAIR;
        if (wish->zone && self->seats[i].zone != wish->zone)
            return false;
    }
    return wheelchair == wish->wheelchair;
}

uint16_t
layout_best(const layout_t *self, const seat_t *seats, const layout_wish_t *wish)
{
    return layout_search(self, seats, wish->count, layout_fits_wish, wish);
}

typedef struct {
    const uint16_t *ids;
    uint32_t count;
} layout_pattern_t;

static bool
layout_fits_pattern(const layout_t *self, uint32_t first, const void *argument)
{
    const layout_pattern_t *pattern = argument;
    for (uint32_t i = 0; i < pattern->count; i++) {
        const layout_seat_t *old = &self->seats[pattern->ids[i] - 1],
                            *new = &self->seats[first + i];
        if (old->kind != new->kind || old->zone != new->zone)
            return false;
    }
    return true;
}

uint16_t
layout_equal_block(const layout_t *self, const seat_t *seats, const uint16_t *ids, uint32_t count)
{
    layout_pattern_t pattern = { ids, count };
    for (uint32_t i = 1; i < count; i++)
        if (ids[i] != ids[i - 1] + 1 || !layout_adjoin(self, ids[i - 1] - 1u))
            return 0;
    return layout_search(self, seats, count, layout_fits_pattern, &pattern);
}
