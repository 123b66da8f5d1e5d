/* fuzz_layout - the rows of a hall as they come with showtime.open, then choices of seats in it.
 * Input: four bytes of zones, a byte how many rows; a row is a byte of its name's length, one of
 * its columns, one how the letters are meant, then name, kinds and zones; then choices of seats. */
#include "actors/layout.h"
#include "actors/machine.h"
#include "broker/operation.h"
#include "tests/fuzz/fuzz.h"
#include <string.h>

enum { LETTERS_PLAIN = 3, CHOICES_MAX = 8, TEXT_ROOM = 80 };

static layout_t hall;
static seat_t states[LAYOUT_SEATS_MAX];
static bool blocked[LAYOUT_SEATS_MAX];

/* Bytes as they are, or as letters of `letters`, so that halls come about. */
static void
layout_text(char *text, uint32_t size, const char *letters, fuzz_input_t *input)
{
    size_t count = strlen(letters);
    for (uint32_t i = 0; i < size; i++) {
        uint8_t byte = (uint8_t)fuzz_take(input, 1);
        text[i] = count ? letters[byte % count] : (char)byte;
    }
}

static bool
layout_row(uint32_t zones, fuzz_input_t *input, layout_fault_t *fault)
{
    char name[8], kinds[TEXT_ROOM], row_zones[TEXT_ROOM];
    uint32_t name_size = fuzz_below(input, 6), columns = fuzz_below(input, LAYOUT_COLUMNS_MAX + 6);
    uint8_t how = (uint8_t)fuzz_take(input, 1);
    bool plain = how & LETTERS_PLAIN;
    uint32_t zones_size = how == 4 ? columns / 2 : columns;
    layout_text(name, name_size, "", input);
    layout_text(kinds, columns, plain ? "ssss.pccwx" : "", input);
    layout_text(row_zones, columns, plain ? "ab" : "", input);
    for (uint32_t i = 0; plain && i < columns; i++)
        if (kinds[i] == '.')
            row_zones[i] = '.';
    return layout_add_row(&hall, blocked, zones, name, name_size, kinds, columns, row_zones,
                          zones_size, fault);
}

/* What every hall that was taken is like. */
static void
layout_sound(uint32_t zones)
{
    FUZZ_HOLDS(hall.seat_count >= 1 && hall.seat_count <= LAYOUT_SEATS_MAX);
    FUZZ_HOLDS(hall.row_count <= LAYOUT_ROWS_MAX && hall.column_count <= LAYOUT_COLUMNS_MAX);
    for (uint32_t i = 0; i < hall.seat_count; i++) {
        const layout_seat_t *seat = &hall.seats[i], *before = i ? seat - 1 : NULL;
        FUZZ_HOLDS(seat->row < hall.row_count && seat->column < hall.column_count);
        FUZZ_HOLDS(!before || before->row < seat->row ||
                   (before->row == seat->row && before->column < seat->column));
        FUZZ_HOLDS(memchr("spcCw", seat->kind, 5) != NULL);
        FUZZ_HOLDS(zones >> (seat->zone - 'a') & 1);
        bool right = before && before->kind == KIND_COUPLE;
        FUZZ_HOLDS((seat->kind == KIND_COUPLE_RIGHT) == right);
        FUZZ_HOLDS(!right || (before->row == seat->row && before->column + 1 == seat->column &&
                              before->zone == seat->zone));
    }
    FUZZ_HOLDS(hall.seats[hall.seat_count - 1].kind != KIND_COUPLE);
}

/* A block that was offered: free neighbours of one row, pairs whole. */
static void
layout_block_sound(uint32_t first, uint32_t count)
{
    uint16_t ids[SEATS_MAX];
    FUZZ_HOLDS(first >= 1 && first + count - 1 <= hall.seat_count);
    for (uint32_t i = 0; i < count; i++) {
        const layout_seat_t *seat = &hall.seats[first + i - 1];
        ids[i] = (uint16_t)(first + i);
        FUZZ_HOLDS(states[first + i - 1].state == SEAT_AVAILABLE);
        FUZZ_HOLDS(i == 0 || (seat->row == seat[-1].row && seat->column == seat[-1].column + 1));
    }
    FUZZ_HOLDS(layout_couple_split(&hall, ids, count) == 0);
}

static bool
layout_among(const uint16_t *ids, uint32_t count, uint16_t id)
{
    for (uint32_t i = 0; i < count; i++)
        if (ids[i] == id)
            return true;
    return false;
}

static void
layout_wished(fuzz_input_t *input)
{
    layout_wish_t wish = { .count = 1 + fuzz_below(input, SEATS_MAX),
                           .zone = (uint8_t) "\0abz"[fuzz_below(input, 4)],
                           .wheelchair = fuzz_below(input, 4) == 0 };
    uint16_t first = layout_best(&hall, states, &wish);
    bool wheelchair = false;
    if (!first)
        return;
    layout_block_sound(first, wish.count);
    for (uint32_t i = 0; i < wish.count; i++) {
        wheelchair |= hall.seats[first + i - 1].kind == KIND_WHEELCHAIR;
        FUZZ_HOLDS(!wish.zone || hall.seats[first + i - 1].zone == wish.zone);
    }
    FUZZ_HOLDS(wheelchair == wish.wheelchair);
}

/* Strictly ascending ids, as a command's are. */
static void
layout_choice(fuzz_input_t *input)
{
    uint16_t ids[SEATS_MAX];
    uint32_t count = 0, id = fuzz_below(input, hall.seat_count);
    uint32_t wanted = 1 + fuzz_below(input, SEATS_MAX);
    for (; count < wanted && id < hall.seat_count; id += 1 + fuzz_take(input, 1) / 128)
        ids[count++] = (uint16_t)++id;
    uint16_t split = layout_couple_split(&hall, ids, count);
    FUZZ_HOLDS(!split || layout_among(ids, count, split));
    uint16_t chair = layout_wheelchair(&hall, ids, count);
    FUZZ_HOLDS(!chair || layout_among(ids, count, chair));
    uint16_t lone = layout_lone_seat(&hall, states, ids, count);
    FUZZ_HOLDS(!lone || (lone <= hall.seat_count && !layout_among(ids, count, lone) &&
                         states[lone - 1].state == SEAT_AVAILABLE));
    uint16_t first = layout_equal_block(&hall, states, ids, count);
    if (!first)
        return;
    layout_block_sound(first, count);
    for (uint32_t i = 0; i < count; i++) {
        const layout_seat_t *old = &hall.seats[ids[i] - 1], *equal = &hall.seats[first + i - 1];
        FUZZ_HOLDS(old->kind == equal->kind && old->zone == equal->zone);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_input_t input = { data, size };
    layout_fault_t fault = { 0, 0, NULL };
    memset(&hall, 0, sizeof hall);
    memset(blocked, 0, sizeof blocked);
    memset(states, 0, sizeof states);
    fuzz_memory_begin();
    uint32_t zones = (uint32_t)fuzz_take(&input, 4) | 3;
    uint32_t rows = fuzz_below(&input, LAYOUT_ROWS_MAX + 2);
    bool good = true;
    for (uint32_t i = 0; i < rows && good; i++)
        good = layout_row(zones & 0x3ffffff, &input, &fault);
    good = good && layout_complete(&hall, &fault);
    FUZZ_HOLDS(good || (fault.reason && fault.row <= LAYOUT_ROWS_MAX + 1));
    if (good) {
        layout_sound(zones);
        for (uint32_t i = 0; i < hall.seat_count; i++)
            states[i].state = blocked[i]              ? SEAT_BLOCKED
                              : fuzz_below(&input, 4) ? SEAT_AVAILABLE
                                                      : SEAT_SOLD;
        for (uint32_t i = 0; i < CHOICES_MAX && input.left > 0; i++) {
            layout_choice(&input);
            layout_wished(&input);
        }
    }
    fuzz_memory_end(size, 0);
    return 0;
}
