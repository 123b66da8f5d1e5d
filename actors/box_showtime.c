/* box_showtime - opening a showtime, looking at it, and the defaults that it starts with. */
#include "actors/box.h"
#include <assert.h>
#include <string.h>

static const rules_t showtime_defaults = {
    .ttl_ms = 15 * 60 * 1000, .ceiling_ms = 30 * 60 * 1000, .cap = 6, .gap_rule = 1
};

/* A showtime as it is read, before anything is stored. */
typedef struct {
    head_t head;
    layout_t layout;
    bool blocked[LAYOUT_SEATS_MAX];
} showtime_draft_t;

static rules_t
showtime_rules(const command_t *command, rules_t rules)
{
    rules.ttl_ms = (uint32_t)command_number(command, FIELD_TTL, rules.ttl_ms);
    rules.ceiling_ms = (uint32_t)command_number(command, FIELD_CEILING, rules.ceiling_ms);
    rules.cap = (uint8_t)command_number(command, FIELD_CAP, rules.cap);
    rules.gap_rule = (uint8_t)command_number(command, FIELD_GAP_RULE, rules.gap_rule);
    if (rules.ttl_ms > rules.ceiling_ms)
        rules.ttl_ms = rules.ceiling_ms;
    return rules;
}

status_t
box_rules(turn_t *turn, const command_t *command)
{
    state_key_t key = box_key(0, BOX_RULES, 0);
    rules_t *rules = state_edit(turn->state, key, 0, SIZE_MAX);
    if (!rules)
        rules = state_insert(turn->state, key, sizeof *rules);
    *rules = showtime_rules(command, showtime_defaults);
    return STATUS_OK;
}

static status_t
showtime_bad_layout(turn_t *turn, const layout_fault_t *fault)
{
    pack_map(turn->reply, 4);
    pack_key_str(turn->reply, "error", status_name(STATUS_BAD_LAYOUT));
    pack_key_uint(turn->reply, "row", fault->row);
    pack_key_uint(turn->reply, "column", fault->column);
    pack_key_str(turn->reply, "reason", fault->reason);
    return STATUS_BAD_LAYOUT;
}

static const char *
showtime_read_zone(mp_t *items, head_t *head, uint32_t *zones)
{
    const char *letter, *name;
    uint32_t count, letter_size, name_size;
    uint64_t price;
    if (!mp_read_array(items, &count) || count != 3 || !mp_read_str(items, &letter, &letter_size) ||
        !mp_read_str(items, &name, &name_size) || !mp_read_uint(items, &price))
        return "a zone is [letter, name, price]";
    if (letter_size != 1 || letter[0] < 'a' || letter[0] > 'z')
        return "a zone's letter is one of a to z";
    if (*zones >> (letter[0] - 'a') & 1)
        return "a zone's letter comes twice";
    if (name_size == 0 || name_size > BOX_ZONE_NAME || memchr(name, 0, name_size))
        return "a zone's name has 1 to 32 bytes";
    if (price > MONEY_MAX_FEN)
        return "a zone's price is too high";
    box_zone_t *zone = &head->zones[head->zone_count++];
    zone->letter = (uint8_t)letter[0];
    zone->price = (int64_t)price;
    memcpy(zone->name, name, name_size);
    *zones |= 1u << (letter[0] - 'a');
    return NULL;
}

static bool
showtime_read_row(mp_t *items, showtime_draft_t *draft, uint32_t zones, layout_fault_t *fault)
{
    const char *text[3];
    uint32_t count, size[3];
    *fault = (layout_fault_t){ draft->layout.row_count + 1u, 0, "a row is [name, kinds, zones]" };
    if (!mp_read_array(items, &count) || count != 3)
        return false;
    for (uint32_t i = 0; i < 3; i++)
        if (!mp_read_str(items, &text[i], &size[i]))
            return false;
    return layout_add_row(&draft->layout, draft->blocked, zones, text[0], size[0], text[1], size[1],
                          text[2], size[2], fault);
}

static bool
showtime_read_hall(const command_t *command, showtime_draft_t *draft, layout_fault_t *fault)
{
    const value_t *zones = command_value(command, FIELD_ZONES);
    const value_t *rows = command_value(command, FIELD_ROWS);
    mp_t items = zones->list.items;
    uint32_t letters = 0;
    for (uint32_t i = 0; i < zones->list.count; i++) {
        *fault = (layout_fault_t){ 0, 0, showtime_read_zone(&items, &draft->head, &letters) };
        if (fault->reason)
            return false;
    }
    items = rows->list.items;
    for (uint32_t i = 0; i < rows->list.count; i++)
        if (!showtime_read_row(&items, draft, letters, fault))
            return false;
    return layout_complete(&draft->layout, fault);
}

status_t
box_judge_hall(turn_t *turn, const command_t *command, uint32_t *seats)
{
    showtime_draft_t draft;
    layout_fault_t fault;
    memset(&draft, 0, sizeof draft);
    if (!showtime_read_hall(command, &draft, &fault))
        return showtime_bad_layout(turn, &fault);
    *seats = draft.layout.seat_count;
    return STATUS_OK;
}

static void
showtime_store(turn_t *turn, uint64_t showtime, showtime_draft_t *draft)
{
    head_t *head = &draft->head;
    uint32_t count = draft->layout.seat_count;
    state_t *state = turn->state;
    seat_t *seats = state_insert(state, box_key(showtime, BOX_SEATS, 0), count * sizeof *seats);
    for (uint32_t i = 0; i < count; i++) {
        seats[i].state = draft->blocked[i] ? SEAT_BLOCKED : SEAT_AVAILABLE;
        head->counts[seats[i].state]++;
    }
    head->seat_count = (uint16_t)count;
    memcpy(state_insert(state, box_key(showtime, BOX_LAYOUT, 0), layout_size(count)),
           &draft->layout, layout_size(count));
    box_revoked_make(turn, showtime);
    size_t size = HEAD_COLD + head->zone_count * sizeof(box_zone_t);
    memcpy(state_insert(state, box_key(showtime, BOX_HEAD, 0), size), head, size);

    uint64_t at = box_edit_counters(turn)->showtimes++;
    state_key_t page = box_key(0, BOX_PAGE, at / BOX_PAGE_IDS);
    size_t offset = at % BOX_PAGE_IDS;
    uint64_t *ids = offset ? state_edit(state, page, offset * sizeof *ids, sizeof *ids)
                           : state_insert(state, page, BOX_PAGE_IDS * sizeof *ids);
    assert(ids);
    ids[offset] = showtime;
}

/* A name of the IANA database, which readers use as a file's name: so no dots, no slash first.
 * Source of the form: https://data.iana.org/time-zones/theory.html */
bool
box_time_zone_good(const command_t *command)
{
    char name[BOX_TIME_ZONE];
    command_text(command, FIELD_TIME_ZONE, name, sizeof name);
    for (size_t i = 0; name[i]; i++) {
        char c = name[i];
        bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        bool other = (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '+' || c == '/';
        if (!letter && (i == 0 || !other))
            return false;
    }
    return true;
}

status_t
box_showtime_open(turn_t *turn, const command_t *command)
{
    showtime_draft_t draft;
    layout_fault_t fault;
    box_t box;
    if (command->key == 0)
        return STATUS_UNKNOWN_SHOWTIME;
    if (box_open(&box, turn, command->key))
        return STATUS_SHOWTIME_EXISTS;
    memset(&draft, 0, sizeof draft);
    head_t *head = &draft.head;
    head->opens_ms = (int64_t)command_value(command, FIELD_OPENS)->number;
    head->closes_ms = (int64_t)command_value(command, FIELD_CLOSES)->number;
    head->starts_ms = (int64_t)command_value(command, FIELD_STARTS)->number;
    head->ends_ms = (int64_t)command_value(command, FIELD_ENDS)->number;
    if (head->opens_ms > head->closes_ms || head->closes_ms > head->ends_ms ||
        head->starts_ms >= head->ends_ms)
        return STATUS_BAD_TIMES;
    if (!box_time_zone_good(command))
        return box_refuse_field(turn, FIELD_TIME_ZONE);
    if (!showtime_read_hall(command, &draft, &fault))
        return showtime_bad_layout(turn, &fault);
    const rules_t *rules = state_get(turn->state, box_key(0, BOX_RULES, 0), NULL);
    head->rules = showtime_rules(command, rules ? *rules : showtime_defaults);
    command_text(command, FIELD_TITLE, head->title, sizeof head->title);
    command_text(command, FIELD_HALL, head->hall, sizeof head->hall);
    command_text(command, FIELD_FORMAT, head->format, sizeof head->format);
    command_text(command, FIELD_TIME_ZONE, head->time_zone, sizeof head->time_zone);
    showtime_store(turn, command->key, &draft);
    pack_map(turn->reply, 1);
    pack_key_uint(turn->reply, "seats", head->seat_count);
    return STATUS_OK;
}

static void
showtime_pack_rules(const rules_t *rules, pack_t *reply)
{
    pack_str(reply, "rules");
    pack_map(reply, 4);
    pack_key_uint(reply, "cap", rules->cap);
    pack_key_uint(reply, "ttl_ms", rules->ttl_ms);
    pack_key_uint(reply, "ceiling_ms", rules->ceiling_ms);
    pack_key_bool(reply, "gap_rule", rules->gap_rule);
}

static void
showtime_pack_counts(const box_t *box, pack_t *reply)
{
    uint32_t counts[SEAT_STATES] = { 0 };
    for (uint32_t i = 0; i < box->head->seat_count; i++)
        counts[box_shown(box, &box->seats[i])]++;
    pack_str(reply, "counts");
    pack_map(reply, SEAT_STATES - 1);
    for (uint8_t state = 1; state < SEAT_STATES; state++)
        pack_key_uint(reply, machine_state_name(MACHINE_SEAT, state), counts[state]);
}

static void
showtime_pack_hall(const box_t *box, pack_t *reply)
{
    pack_str(reply, "zones");
    pack_array(reply, box->head->zone_count);
    for (uint32_t i = 0; i < box->head->zone_count; i++) {
        const box_zone_t *zone = &box->head->zones[i];
        char letter[2] = { (char)zone->letter };
        pack_array(reply, 3);
        pack_str(reply, letter);
        pack_strn(reply, zone->name, strnlen(zone->name, sizeof zone->name));
        pack_int(reply, box_price(box, zone->letter, AUDIENCE_ADULT));
    }
    pack_str(reply, "rows");
    pack_array(reply, box->layout->row_count);
    for (uint32_t i = 0; i < box->layout->row_count; i++)
        pack_str(reply, box->layout->row_names[i]);
    pack_key_uint(reply, "columns", box->layout->column_count);
}

/* "fares": [zone, price for each audience] each. */
static void
showtime_pack_fares(const box_t *box, pack_t *reply)
{
    pack_str(reply, "fares");
    pack_array(reply, box->head->zone_count);
    for (uint32_t i = 0; i < box->head->zone_count; i++) {
        const uint8_t letter = box->head->zones[i].letter;
        const char text[2] = { (char)letter };
        pack_array(reply, 1 + AUDIENCES);
        pack_str(reply, text);
        for (audience_t audience = 0; audience < AUDIENCES; audience++)
            pack_int(reply, box_price(box, letter, audience));
    }
}

static void
showtime_pack_books(const head_t *head, pack_t *reply)
{
    pack_str(reply, "books");
    pack_map(reply, 5);
    pack_key_int(reply, "in", head->in);
    pack_key_int(reply, "live", head->live);
    pack_key_int(reply, "pending", head->pending);
    pack_key_int(reply, "refunding", head->refunding);
    pack_key_int(reply, "refunded", head->refunded);
}

status_t
box_showtime_get(turn_t *turn, const command_t *command)
{
    box_t box;
    pack_t *reply = turn->reply;
    if (!box_open(&box, turn, command->key))
        return STATUS_UNKNOWN_SHOWTIME;
    box_hall(&box);
    const box_plan_t *plan = box_plan(&box);
    pack_map(reply, 21);
    pack_key_uint(reply, "showtime", box.showtime);
    pack_key_uint(reply, "cinema", plan ? plan->cinema : 0);
    pack_key_uint(reply, "movie", plan ? plan->movie : 0);
    pack_key_bool(reply, "cancelled", box.head->cancelled);
    box_pack_text(reply, "title", box.head->title, sizeof box.head->title);
    box_pack_text(reply, "hall", box.head->hall, sizeof box.head->hall);
    box_pack_text(reply, "format", box.head->format, sizeof box.head->format);
    box_pack_text(reply, "time_zone", box.head->time_zone, sizeof box.head->time_zone);
    pack_key_int(reply, "starts_ms", box.head->starts_ms);
    pack_key_int(reply, "ends_ms", box.head->ends_ms);
    pack_key_int(reply, "opens_ms", box.head->opens_ms);
    pack_key_int(reply, "closes_ms", box.head->closes_ms);
    pack_key_uint(reply, "number", box.head->number);
    pack_key_uint(reply, "seats", box.head->seat_count);
    showtime_pack_counts(&box, reply);
    showtime_pack_rules(&box.head->rules, reply);
    showtime_pack_hall(&box, reply);
    showtime_pack_fares(&box, reply);
    showtime_pack_books(box.head, reply);
    return STATUS_OK;
}

/* [id, starts_ms, title, hall, free, seats, time_zone, format, cinema, movie, cancelled]; free as
 * counted, without a look at overdue locks. */
static void
showtime_pack_line(turn_t *turn, uint64_t showtime)
{
    box_t box;
    bool open = box_open(&box, turn, showtime);
    assert(open);
    (void)open;
    pack_array(turn->reply, 11);
    pack_uint(turn->reply, showtime);
    pack_int(turn->reply, box.head->starts_ms);
    pack_strn(turn->reply, box.head->title, strnlen(box.head->title, sizeof box.head->title));
    pack_strn(turn->reply, box.head->hall, strnlen(box.head->hall, sizeof box.head->hall));
    pack_uint(turn->reply, box.head->counts[SEAT_AVAILABLE]);
    pack_uint(turn->reply, box.head->seat_count);
    pack_strn(turn->reply, box.head->time_zone,
              strnlen(box.head->time_zone, sizeof box.head->time_zone));
    const box_plan_t *plan = box_plan(&box);
    pack_strn(turn->reply, box.head->format, strnlen(box.head->format, sizeof box.head->format));
    pack_uint(turn->reply, plan ? plan->cinema : 0);
    pack_uint(turn->reply, plan ? plan->movie : 0);
    pack_bool(turn->reply, box.head->cancelled);
}

/* A page of the list ends early where the next line might not fit any more. */
status_t
box_showtime_list(turn_t *turn, const command_t *command)
{
    enum { LINE_MAX_BYTES = 256, LIMIT_DEFAULT = 100 };
    pack_t *reply = turn->reply;
    const counters_t *counters = state_get(turn->state, box_key(0, BOX_COUNTERS, 0), NULL);
    uint64_t total = counters ? counters->showtimes : 0;
    uint64_t at = command_number(command, FIELD_FROM, 0);
    uint64_t limit = command_number(command, FIELD_LIMIT, LIMIT_DEFAULT);
    uint32_t count = 0;
    pack_map(reply, 2);
    pack_key_uint(reply, "total", total);
    pack_str(reply, "showtimes");
    size_t array = box_array_begin(reply);
    for (; at < total && count < limit && reply->size + LINE_MAX_BYTES <= LIST_BYTES_MAX; at++) {
        const uint64_t *ids = state_get(turn->state, box_key(0, BOX_PAGE, at / BOX_PAGE_IDS), NULL);
        assert(ids);
        showtime_pack_line(turn, ids[at % BOX_PAGE_IDS]);
        count++;
    }
    box_array_end(reply, array, count);
    return STATUS_OK;
}
