/* prog_price - see prog_price.h for the contract. */
#include "actors/prog_price.h"
#include "actors/box.h"
#include <assert.h>
#include <string.h>

static const price_card_t *
price_card(turn_t *turn, uint64_t cinema)
{
    return state_get(turn->state, prog_key(cinema, PROG_CARD, 0), NULL);
}

/* ------------------------------------------------------------------ the card */

static const char *
price_read_rule(mp_t *items, price_rule_t *rule)
{
    uint32_t count, zone_size, format_size, audience_size;
    uint64_t from, until, weekdays, price;
    const char *zone, *format, *audience;
    memset(rule, 0, sizeof *rule);
    if (!mp_read_array(items, &count) || count != 7 || !mp_read_str(items, &zone, &zone_size) ||
        !mp_read_uint(items, &from) || !mp_read_uint(items, &until) ||
        !mp_read_uint(items, &weekdays) || !mp_read_str(items, &format, &format_size) ||
        !mp_read_str(items, &audience, &audience_size) || !mp_read_uint(items, &price))
        return "a rule is [zone, from, until, weekdays, format, audience, price]";
    if (zone_size > 1 || (zone_size && (zone[0] < 'a' || zone[0] > 'z')))
        return "a zone is a letter a to z, or empty";
    if (from >= until || until > 24 * 60)
        return "from and until are minutes of a day, from before until";
    if (weekdays > 0x7f)
        return "weekdays are bits, Monday's is 1, Sunday's 64; 0 is any";
    if (format_size >= SHOW_FORMAT || memchr(format, 0, format_size))
        return "a format has up to 15 bytes";
    if (price > MONEY_MAX_FEN)
        return "a price is too high";
    rule->audience = (uint8_t)audience_named(audience, audience_size);
    if (rule->audience == AUDIENCES && audience_size)
        return "an audience is adult, child, student, senior, or empty";
    rule->zone = zone_size ? (uint8_t)zone[0] : 0;
    rule->from = (uint16_t)from;
    rule->until = (uint16_t)until;
    rule->weekdays = (uint8_t)weekdays;
    rule->price = (int64_t)price;
    memcpy(rule->format, format, format_size);
    return NULL;
}

status_t
prog_price_set(turn_t *turn, const command_t *command)
{
    price_rule_t rules[CARD_MAX];
    const value_t *value = command_value(command, FIELD_CARD);
    mp_t items = value->list.items;
    state_key_t key = prog_key(command->key, PROG_CARD, 0);
    if (!prog_cinema(turn, command->key))
        return STATUS_UNKNOWN_CINEMA;
    for (uint32_t i = 0; i < value->list.count; i++) {
        const char *reason = price_read_rule(&items, &rules[i]);
        if (!reason)
            continue;
        pack_map(turn->reply, 4);
        pack_key_str(turn->reply, "error", status_name(STATUS_BAD_FIELD));
        pack_key_str(turn->reply, "field", field_info(FIELD_CARD)->name);
        pack_key_uint(turn->reply, "index", i);
        pack_key_str(turn->reply, "reason", reason);
        return STATUS_BAD_FIELD;
    }
    size_t size = value->list.count * sizeof rules[0];
    if (price_card(turn, command->key))
        state_remove(turn->state, key);
    price_card_t *card = state_insert(turn->state, key, sizeof *card + size);
    card->count = value->list.count;
    memcpy(card->rules, rules, size);
    prog_changed(turn, command->key);
    return STATUS_OK;
}

static void
price_pack_rule(pack_t *reply, const price_rule_t *rule)
{
    const char zone[2] = { (char)rule->zone };
    pack_array(reply, 7);
    pack_str(reply, zone);
    pack_uint(reply, rule->from);
    pack_uint(reply, rule->until);
    pack_uint(reply, rule->weekdays);
    pack_strn(reply, rule->format, strnlen(rule->format, sizeof rule->format));
    pack_str(reply, rule->audience < AUDIENCES ? audience_name(rule->audience) : "");
    pack_int(reply, rule->price);
}

status_t
prog_price_get(turn_t *turn, const command_t *command)
{
    const cinema_t *cinema = prog_cinema(turn, command->key);
    if (!cinema)
        return STATUS_UNKNOWN_CINEMA;
    const price_card_t *card = price_card(turn, command->key);
    uint32_t count = card ? (uint32_t)card->count : 0;
    pack_map(turn->reply, 2);
    pack_key_uint(turn->reply, "version", cinema->version);
    pack_str(turn->reply, "card");
    pack_array(turn->reply, count);
    for (uint32_t i = 0; i < count; i++)
        price_pack_rule(turn->reply, &card->rules[i]);
    return STATUS_OK;
}

/* ------------------------------------------------------------------ what a seat costs */

static int64_t
price_of(const price_card_t *card, const show_t *show, zone_local_t start, uint8_t zone,
         audience_t audience, int64_t otherwise)
{
    for (uint64_t i = 0; card && i < card->count; i++) {
        const price_rule_t *rule = &card->rules[i];
        if ((!rule->zone || rule->zone == zone) && start.minute >= rule->from &&
            start.minute < rule->until &&
            (!rule->weekdays || rule->weekdays >> zone_weekday(start.day) & 1) &&
            (!rule->format[0] || memcmp(rule->format, show->format, SHOW_FORMAT) == 0) &&
            (rule->audience == AUDIENCES || rule->audience == audience))
            return rule->price;
    }
    return otherwise;
}

void
prog_pack_fares(turn_t *turn, uint64_t cinema, const show_t *show, const zone_t *zone,
                const hall_plan_t *plan, pack_t *body)
{
    mp_t items = mp_over(plan->items, plan->zones_size);
    const price_card_t *card = price_card(turn, cinema);
    zone_local_t start = zone_local(zone, show->starts_ms);
    pack_str(body, "fares");
    pack_array(body, plan->zone_count);
    for (uint32_t i = 0; i < plan->zone_count; i++) {
        uint32_t count, size;
        uint64_t price = 0;
        const char *letter = NULL, *name;
        bool good = mp_read_array(&items, &count) && mp_read_str(&items, &letter, &size) &&
                    mp_read_str(&items, &name, &size) && mp_read_uint(&items, &price);
        assert(good); /* it was judged when it was kept */
        (void)good;
        pack_array(body, 1 + AUDIENCES);
        pack_strn(body, letter, 1);
        for (audience_t audience = 0; audience < AUDIENCES; audience++)
            pack_int(body,
                     price_of(card, show, start, (uint8_t)letter[0], audience, (int64_t)price));
    }
}
