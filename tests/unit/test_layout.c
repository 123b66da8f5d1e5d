/* test_layout - halls as they are described, lone seats as a table, the best block by brute force.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "actors/layout.h"
#include "actors/machine.h"
#include "broker/operation.h"

static layout_t hall;
static bool blocked[LAYOUT_SEATS_MAX];
static seat_t seats[LAYOUT_SEATS_MAX];
static layout_fault_t fault;

static bool
add(const char *name, const char *kinds, const char *zones)
{
    return layout_add_row(&hall, blocked, 0x7, name, (uint32_t)strlen(name), kinds,
                          (uint32_t)strlen(kinds), zones, (uint32_t)strlen(zones), &fault);
}

static void
clear(void)
{
    memset(&hall, 0, sizeof hall);
    memset(blocked, 0, sizeof blocked);
    memset(seats, 0, sizeof seats);
}

static void
a_hall_is_read_in_row_major_order(void **unused)
{
    (void)unused;
    clear();
    assert_true(add("A", "ss.px", "aa.ba"));
    assert_true(add("B", "cccc.w", "bbbb.c"));
    assert_true(layout_complete(&hall, &fault));
    assert_int_equal(hall.seat_count, 9);
    assert_int_equal(hall.row_count, 2);
    assert_int_equal(hall.column_count, 6);
    static const layout_seat_t right[] = { { 0, 0, 's', 'a' }, { 0, 1, 's', 'a' },
                                           { 0, 3, 'p', 'b' }, { 0, 4, 's', 'a' },
                                           { 1, 0, 'c', 'b' }, { 1, 1, 'C', 'b' },
                                           { 1, 2, 'c', 'b' }, { 1, 3, 'C', 'b' },
                                           { 1, 5, 'w', 'c' } };
    assert_memory_equal(hall.seats, right, sizeof right);
    for (uint32_t i = 0; i < 9; i++)
        assert_int_equal(blocked[i], i == 3);
}

static void
bad_rows_name_their_place(void **unused)
{
    (void)unused;
    static const struct {
        const char *name, *kinds, *zones;
        uint32_t column;
        const char *part; /* of the reason */
    } bad[] = {
        { "", "s", "a", 0, "1 to 3 bytes" },    { "ABCD", "s", "a", 0, "1 to 3 bytes" },
        { "A B", "s", "a", 0, "space" },        { "X", "s", "a", 0, "another row" },
        { "B", "", "", 0, "1 to 64 columns" },  { "B", "ss", "a", 0, "differ in length" },
        { "B", "sq", "aa", 2, "a kind is" },    { "B", "ss", "ad", 2, "no such zone" },
        { "B", "sS", "aa", 2, "a kind is" },    { "B", "ss", "aA", 2, "no such zone" },
        { "B", "s.", "aa", 2, "needs a zone" }, { "B", "ss", "a.", 2, "needs a zone" },
        { "B", "sc", "aa", 2, "other half" },   { "B", "cs", "aa", 1, "other half" },
        { "B", "c.c", "a.a", 1, "other half" }, { "B", "ccc", "aaa", 3, "other half" },
        { "B", "cc", "ab", 2, "two zones" },
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        clear();
        assert_true(add("X", "s", "a"));
        assert_false(add(bad[i].name, bad[i].kinds, bad[i].zones));
        assert_int_equal(fault.row, 2);
        assert_int_equal(fault.column, bad[i].column);
        assert_non_null(strstr(fault.reason, bad[i].part));
    }
    clear();
    assert_true(add("A", "...", "..."));
    assert_false(layout_complete(&hall, &fault));
}

static void
halls_are_bounded(void **unused)
{
    (void)unused;
    char kinds[LAYOUT_COLUMNS_MAX + 2], zones[LAYOUT_COLUMNS_MAX + 2], name[12];
    clear();
    memset(kinds, 's', sizeof kinds);
    memset(zones, 'a', sizeof zones);
    kinds[65] = zones[65] = 0;
    assert_false(add("A", kinds, zones));
    kinds[64] = zones[64] = 0;
    clear();
    for (int i = 0; i < 32; i++) {
        snprintf(name, sizeof name, "%d", i);
        assert_true(add(name, kinds, zones));
    }
    assert_int_equal(hall.seat_count, LAYOUT_SEATS_MAX);
    assert_false(add("Z", "s", "a"));
    assert_non_null(strstr(fault.reason, "2048"));
    clear();
    for (int i = 0; i < 64; i++) {
        snprintf(name, sizeof name, "%d", i);
        assert_true(add(name, "s", "a"));
    }
    assert_false(add("Z", "s", "a"));
    assert_non_null(strstr(fault.reason, "64 rows"));
}

/* One row: kinds; 'o' of the plan is taken, 'x' chosen, '-' free; the lone seat expected, 0 none.
 */
static void
lone_seats(void **unused)
{
    (void)unused;
    static const struct {
        const char *kinds, *plan;
        uint16_t lone;
    } cases[] = {
        { "ssssss", "xx----", 0 },
        { "ssssss", "-xx---", 1 },
        { "ssssss", "--xx--", 0 },
        { "ssssss", "---xx-", 6 },
        { "ssssss", "x-x---", 2 },
        { "sss", "xx-", 0 },
        { "sss", "-xx", 0 },
        { "sss", "x-x", 0 },
        { "sss", "-x-", 1 },
        { "ss", "x-", 0 },
        { "s", "x", 0 },
        { "ssssss", "oxx--o", 0 },
        { "ssssss", "o-x--o", 2 },
        { "ssssss", "-oxx--", 0 },
        { "ssssss", "xxxxx-", 0 },
        { "ssss.s", "xx--.-", 0 },
        { "sss.ss", "-x-.--", 1 },
        { "sssw", "xx--", 0 },
        { "ssssw", "--x--", 4 },
        { "ccssss", "xx----", 0 },
        { "sccss", "-xx--", 0 },
        { "ssscc", "-x---", 1 },
        { "wss", "x--", 0 },
        { "spsp", "-xx-", 1 },
        { "sssssss", "x--x---", 0 },
        { "ssss.sss", "xx--.-x-", 5 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint16_t ids[SEATS_MAX];
        uint32_t count = 0, id = 0;
        char zones[LAYOUT_COLUMNS_MAX];
        clear();
        size_t columns = strlen(cases[i].kinds);
        for (size_t at = 0; at <= columns; at++)
            zones[at] = cases[i].kinds[at] == '.' ? '.' : 'a';
        zones[columns] = 0;
        assert_true(add("A", cases[i].kinds, zones));
        for (size_t at = 0; at < columns; at++) {
            if (cases[i].kinds[at] == '.')
                continue;
            seats[id++].state = cases[i].plan[at] == 'o' ? SEAT_SOLD : SEAT_AVAILABLE;
            if (cases[i].plan[at] == 'x')
                ids[count++] = (uint16_t)id;
        }
        uint16_t lone = layout_lone_seat(&hall, seats, ids, count);
        if (lone != cases[i].lone)
            fail_msg("%s %s: seat %u, not %u", cases[i].kinds, cases[i].plan, lone, cases[i].lone);
    }
}

static void
rows_do_not_touch(void **unused)
{
    (void)unused;
    clear();
    assert_true(add("A", "ss", "aa"));
    assert_true(add("B", ".s", ".a"));
    for (uint32_t i = 0; i < 3; i++)
        seats[i].state = SEAT_AVAILABLE;
    layout_wish_t wish = { .count = 3 };
    assert_int_equal(layout_best(&hall, seats, &wish), 0);
    wish.count = 2;
    assert_int_equal(layout_best(&hall, seats, &wish), 1);
}

static void
couples_and_wheelchairs_are_found(void **unused)
{
    (void)unused;
    clear();
    assert_true(add("A", "sccccw", "aaaaaa"));
    static const struct {
        uint16_t ids[4];
        uint32_t count;
        uint16_t split, wheelchair;
    } cases[] = {
        { { 1, 2 }, 2, 2, 0 }, { { 2, 3 }, 2, 0, 0 }, { { 3, 4 }, 2, 3, 0 },
        { { 5 }, 1, 5, 0 },    { { 1, 6 }, 2, 0, 6 }, { { 2, 3, 4, 5 }, 4, 0, 0 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(layout_couple_split(&hall, cases[i].ids, cases[i].count), cases[i].split);
        assert_int_equal(layout_wheelchair(&hall, cases[i].ids, cases[i].count),
                         cases[i].wheelchair);
    }
}

static uint32_t random_state;

static uint32_t
random_below(uint32_t bound)
{
    random_state = random_state * 1664525 + 1013904223;
    return (uint32_t)((uint64_t)random_state * bound >> 32);
}

/* A hall that has everything, partly taken. */
static void
random_hall(void)
{
    uint32_t rows = 1 + random_below(6), columns = 1 + random_below(9);
    clear();
    for (uint32_t row = 0; row < rows; row++) {
        char kinds[16] = { 0 }, zones[16] = { 0 }, name[12];
        for (uint32_t at = 0; at < columns; at++) {
            kinds[at] = "ssssspw."[random_below(8)];
            zones[at] = kinds[at] == '.' ? '.' : "ab"[random_below(2)];
            if (at + 1 < columns && random_below(8) == 0) {
                kinds[at] = kinds[at + 1] = 'c';
                zones[at] = zones[at + 1] = 'b';
                at++;
            }
        }
        snprintf(name, sizeof name, "%u", row);
        assert_true(add(name, kinds, zones));
    }
    for (uint32_t i = 0; i < hall.seat_count; i++)
        seats[i].state =
            random_below(3) ? SEAT_AVAILABLE : (uint8_t)(SEAT_LOCKED + random_below(3));
}

static int
at_place(uint32_t row, uint32_t column)
{
    for (int i = 0; i < hall.seat_count; i++)
        if (hall.seats[i].row == row && hall.seats[i].column == column)
            return i;
    return -1;
}

/* The same rules on a grid of places, written the slow way. */
static bool
naive_fits(uint32_t row, uint32_t column, const layout_wish_t *wish, uint64_t *distance)
{
    bool wheelchair = false;
    *distance = 0;
    for (uint32_t c = column; c < column + wish->count; c++) {
        int at = at_place(row, c);
        if (at < 0 || seats[at].state != SEAT_AVAILABLE ||
            (wish->zone && hall.seats[at].zone != wish->zone))
            return false;
        uint8_t kind = hall.seats[at].kind;
        if ((kind == KIND_COUPLE && c + 1 == column + wish->count) ||
            (kind == KIND_COUPLE_RIGHT && c == column))
            return false;
        wheelchair |= kind == KIND_WHEELCHAIR;
        int64_t down = 6 * (int64_t)row - 4 * (hall.row_count - 1);
        int64_t across = 6 * (int64_t)c - 3 * (hall.column_count - 1);
        *distance += (uint64_t)(down * down + across * across);
    }
    return wheelchair == wish->wheelchair;
}

static bool
naive_open(uint32_t row, uint32_t column)
{
    int at = at_place(row, column);
    return at >= 0 && seats[at].state == SEAT_AVAILABLE &&
           (hall.seats[at].kind == 's' || hall.seats[at].kind == 'p');
}

/* Was the seat's left and right neighbourhood longer before, and is it alone after? */
static bool
naive_leaves_lone(uint32_t row, uint32_t first, uint32_t count)
{
    uint32_t sides[2] = { first - 1, first + count };
    for (int i = 0; i < 2; i++) {
        uint32_t c = sides[i];
        bool from_run = naive_open(row, i == 0 ? c + 1 : c - 1);
        uint32_t beyond = i == 0 ? c - 1 : c + 1;
        if (naive_open(row, c) && from_run && !naive_open(row, beyond))
            return true;
    }
    return false;
}

static int
naive_best(const layout_wish_t *wish)
{
    int best = -1;
    bool best_lone = false;
    uint64_t best_distance = 0, distance;
    for (uint32_t row = 0; row < hall.row_count; row++) {
        for (uint32_t column = 0; column < hall.column_count; column++) {
            if (!naive_fits(row, column, wish, &distance))
                continue;
            bool lone = naive_leaves_lone(row, column, wish->count);
            if (best < 0 || (best_lone && !lone) ||
                (best_lone == lone && distance < best_distance)) {
                best = at_place(row, column);
                best_lone = lone;
                best_distance = distance;
            }
        }
    }
    return best;
}

static void
best_is_what_brute_force_finds(void **unused)
{
    (void)unused;
    enum { ROUNDS = 20000 };
    const char *given = getenv("SEED");
    uint32_t seed = given ? (uint32_t)strtoul(given, NULL, 10) : 20261123, found = 0;
    print_message("seed %u\n", seed);
    random_state = seed;
    for (int round = 0; round < ROUNDS; round++) {
        random_hall();
        layout_wish_t wish = { .count = 1 + random_below(4),
                               .zone = (uint8_t) "\0ab"[random_below(3)],
                               .wheelchair = random_below(4) == 0 };
        int best = naive_best(&wish);
        uint16_t id = layout_best(&hall, seats, &wish);
        if (id != best + 1)
            fail_msg("seed %u round %d: seat %u, not %d", seed, round, id, best + 1);
        found += id != 0;
    }
    assert_in_range(found, ROUNDS / 4, ROUNDS);
}

static void
equal_blocks_equal_seat_by_seat(void **unused)
{
    (void)unused;
    clear();
    assert_true(add("A", "sspp", "aabb"));
    assert_true(add("B", "sspp", "aabb"));
    assert_true(add("C", "sspp", "aaab"));
    for (uint32_t i = 0; i < 12; i++)
        seats[i].state = SEAT_AVAILABLE;
    uint16_t middle[] = { 2, 3 }, apart[] = { 1, 3 }, over[] = { 4, 5 };
    seats[1].state = seats[2].state = SEAT_SOLD;
    assert_int_equal(layout_equal_block(&hall, seats, middle, 2), 6);
    seats[5].state = SEAT_LOCKED; /* row C has another zone at the third place */
    assert_int_equal(layout_equal_block(&hall, seats, middle, 2), 0);
    assert_int_equal(layout_equal_block(&hall, seats, apart, 2), 0);
    assert_int_equal(layout_equal_block(&hall, seats, over, 2), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hall_is_read_in_row_major_order),
        cmocka_unit_test(bad_rows_name_their_place),
        cmocka_unit_test(halls_are_bounded),
        cmocka_unit_test(lone_seats),
        cmocka_unit_test(rows_do_not_touch),
        cmocka_unit_test(couples_and_wheelchairs_are_found),
        cmocka_unit_test(best_is_what_brute_force_finds),
        cmocka_unit_test(equal_blocks_equal_seat_by_seat),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
