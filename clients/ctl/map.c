/* map - a hall drawn in the terminal.
 *
 * Kind is told by shape and state by how the shape is filled, so the map reads without colour; the
 * colours then tell the price zones apart. Every place is two columns wide. */
#include "clients/ctl/ctl.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { MAP_STATES = 4, MAP_MARGIN = 5 };

/* By state: available, locked, sold, blocked. */
static const struct map_shape {
    char kind;
    const char *name;
    const char *glyphs[MAP_STATES];
} map_shapes[] = {
    { 's', "standard", { "□ ", "◧ ", "■ ", "✕ " } },
    { 'p', "premium", { "◇ ", "◈ ", "◆ ", "✕ " } },
    { 'c', "couple", { "⟨ ", "⟪ ", "❰ ", "✕ " } },
    { 'C', NULL, { "⟩ ", "⟫ ", "❱ ", "✕ " } },
    { 'w', "wheelchair", { "○ ", "◐ ", "● ", "✕ " } },
};
static const char *const map_states[MAP_STATES] = { "available", "locked", "sold", "blocked" };
/* Sold is dim, locked yellow, blocked red; what is available has its zone's colour. */
static const char *const map_state_colours[MAP_STATES] = { "", "\033[33m", "\033[2m", "\033[31m" };
static const char *const map_zone_colours[] = { "\033[36m", "\033[32m", "\033[35m",
                                                "\033[34m", "\033[96m", "\033[92m" };

static const struct map_shape *
map_shape(char kind)
{
    for (size_t i = 0; i < sizeof map_shapes / sizeof map_shapes[0]; i++)
        if (map_shapes[i].kind == kind)
            return &map_shapes[i];
    return &map_shapes[0];
}

static const char *
map_zone_colour(char zone)
{
    size_t colours = sizeof map_zone_colours / sizeof map_zone_colours[0];
    return map_zone_colours[(size_t)(unsigned char)(zone - 'a') % colours];
}

static const char *
map_colour(const hall_seat_t *seat)
{
    uint32_t state = seat->state < MAP_STATES ? seat->state : 0;
    return state ? map_state_colours[state] : map_zone_colour(seat->zone);
}

static void
map_spaces(uint32_t count)
{
    printf("%*s", (int)count, "");
}

static void
map_screen(const hall_t *hall)
{
    static const char text[] = " SCREEN ";
    uint32_t width = 2 * (hall->column_last - hall->column_first + 1);
    uint32_t bar = width > sizeof text ? (width - (uint32_t)sizeof text + 1) / 2 : 2;
    map_spaces(MAP_MARGIN);
    for (uint32_t i = 0; i < bar; i++)
        fputs("▔", stdout);
    fputs(text, stdout);
    for (uint32_t i = 0; i < bar; i++)
        fputs("▔", stdout);
    puts("\n");
}

/* The column numbers above the seats, tens over ones. */
static void
map_columns(const ctl_t *ctl, const hall_t *hall)
{
    for (int tens = 1; tens >= 0; tens--) {
        if (tens && hall->column_last < 10)
            continue;
        map_spaces(MAP_MARGIN);
        fputs(ctl_sgr(ctl, "\033[2m"), stdout);
        for (uint32_t column = hall->column_first; column <= hall->column_last; column++) {
            if (!tens)
                printf("%u ", column % 10);
            else if (column >= 10 && (column % 10 == 0 || column == hall->column_first))
                printf("%u ", column / 10);
            else
                fputs("  ", stdout);
        }
        printf("%s\n", ctl_sgr(ctl, "\033[0m"));
    }
}

/* The zones of a row with the columns where they begin, so that prices read without colour. */
static void
map_row_zones(const hall_seat_t *first, const hall_seat_t *end)
{
    char before = 0;
    for (const hall_seat_t *seat = first; seat < end; seat++) {
        if (!before)
            printf("%c", seat->zone);
        else if (seat->zone != before)
            printf(" %u-%c", seat->column, seat->zone);
        before = seat->zone;
    }
}

static void
map_row(const ctl_t *ctl, const hall_t *hall, const hall_seat_t *first, const hall_seat_t *end)
{
    printf(" %-*s", MAP_MARGIN - 1, first->row);
    uint32_t column = hall->column_first;
    for (const hall_seat_t *seat = first; seat < end; seat++, column++) {
        map_spaces(2 * (seat->column - column));
        column = seat->column;
        const char *glyph =
            map_shape(seat->kind)->glyphs[seat->state < MAP_STATES ? seat->state : 0];
        printf("%s%s%s%s", ctl_sgr(ctl, map_colour(seat)),
               seat->marked ? ctl_sgr(ctl, "\033[7m") : "", glyph, ctl_sgr(ctl, "\033[0m"));
    }
    map_spaces(2 * (hall->column_last + 1 - column));
    printf(" %s%-3s%s ", ctl_sgr(ctl, "\033[0m"), first->row, ctl_sgr(ctl, "\033[2m"));
    map_row_zones(first, end);
    printf("%s\n", ctl_sgr(ctl, "\033[0m"));
}

/* How many seats of a state and, with a zone, of that zone. */
static uint32_t
map_count(const hall_t *hall, uint32_t state, char zone)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < hall->seat_count; i++)
        count += hall->seats[i].state == state && (!zone || hall->seats[i].zone == zone);
    return count;
}

static bool
map_has_kind(const hall_t *hall, char kind)
{
    for (uint32_t i = 0; i < hall->seat_count; i++)
        if (hall->seats[i].kind == kind)
            return true;
    return false;
}

/* One line for each kind of seat in the hall, then one for each zone. */
static void
map_legend(const ctl_t *ctl, const hall_t *hall)
{
    printf("\n%*s", 12, "");
    for (int state = 0; state < MAP_STATES; state++)
        printf("  %-9s", map_states[state]);
    for (size_t i = 0; i < sizeof map_shapes / sizeof map_shapes[0]; i++) {
        if (!map_shapes[i].name || !map_has_kind(hall, map_shapes[i].kind))
            continue;
        printf("\n %-11s", map_shapes[i].name);
        bool pair = map_shapes[i].kind == 'c';
        for (int state = 0; state < MAP_STATES; state++)
            printf("  %s%s%s%*s", ctl_sgr(ctl, map_state_colours[state]),
                   map_shapes[i].glyphs[state], pair ? map_shapes[i + 1].glyphs[state] : "  ", 5,
                   "");
        fputs(ctl_sgr(ctl, "\033[0m"), stdout);
    }
    printf("\n %-11s", "seats");
    for (uint32_t state = 0; state < MAP_STATES; state++)
        printf("  %-9u", map_count(hall, state, 0));
    puts("\n");
    size_t index;
    json_t *zone;
    json_array_foreach(json_object_get(hall->showtime, "zones"), index, zone)
    {
        char price[CTL_MONEY_ROOM];
        const char *letter = json_string_value(json_array_get(zone, 0));
        const char *name = json_string_value(json_array_get(zone, 1));
        printf(" %s%s%s  ", ctl_sgr(ctl, map_zone_colour(letter ? letter[0] : 'a')),
               letter ? letter : "?", ctl_sgr(ctl, "\033[0m"));
        ctl_print_padded(name ? name : "", 16);
        printf(" %9s  %u available\n",
               ctl_money(price, json_integer_value(json_array_get(zone, 2))),
               map_count(hall, 0, letter ? letter[0] : 0));
    }
}

void
hall_draw(const ctl_t *ctl, const hall_t *hall)
{
    map_screen(hall);
    map_columns(ctl, hall);
    for (uint32_t first = 0; first < hall->seat_count;) {
        uint32_t end = first;
        while (end < hall->seat_count && hall->seats[end].line == hall->seats[first].line)
            end++;
        /* A row without seats is an aisle across the hall. */
        for (uint32_t line = first ? hall->seats[first - 1].line + 1 : hall->seats[first].line;
             line < hall->seats[first].line; line++)
            putchar('\n');
        map_row(ctl, hall, &hall->seats[first], &hall->seats[end]);
        first = end;
    }
    map_legend(ctl, hall);
}
