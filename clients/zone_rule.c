/* zone_rule - see zone_rule.h for the contract. */
#include "clients/zone_rule.h"
#include "actors/zone.h"

enum { RULE_DAY_S = 86400 };

typedef struct {
    const char *at, *end;
} rule_text_t;

static bool
rule_skip(rule_text_t *text, char letter)
{
    if (text->at == text->end || *text->at != letter)
        return false;
    text->at++;
    return true;
}

static bool
rule_number(rule_text_t *text, int32_t least, int32_t most, int32_t *number)
{
    const char *first = text->at;
    *number = 0;
    while (text->at < text->end && *text->at >= '0' && *text->at <= '9' && text->at - first < 3)
        *number = *number * 10 + (*text->at++ - '0');
    return text->at > first && *number >= least && *number <= most;
}

/* Three letters or more, or anything of its alphabet between angle brackets. */
static bool
rule_name(rule_text_t *text)
{
    bool quoted = rule_skip(text, '<');
    const char *first = text->at;
    for (; text->at < text->end; text->at++) {
        char c = *text->at;
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter && !(quoted && ((c >= '0' && c <= '9') || c == '+' || c == '-')))
            break;
    }
    return text->at - first >= 3 && text->at - first <= 16 && (!quoted || rule_skip(text, '>'));
}

/* [+-]h[hh][:mm[:ss]] */
static bool
rule_time(rule_text_t *text, int32_t hours_max, int32_t *seconds)
{
    int32_t hours, minutes = 0, rest = 0;
    bool minus = rule_skip(text, '-');
    if (!minus)
        (void)rule_skip(text, '+');
    if (!rule_number(text, 0, hours_max, &hours))
        return false;
    if (rule_skip(text, ':')) {
        if (!rule_number(text, 0, 59, &minutes))
            return false;
        if (rule_skip(text, ':') && !rule_number(text, 0, 59, &rest))
            return false;
    }
    *seconds = hours * 3600 + minutes * 60 + rest;
    *seconds = minus ? -*seconds : *seconds;
    return true;
}

static bool
rule_turn(rule_text_t *text, zone_turn_t *turn)
{
    bool right;
    *turn = (zone_turn_t){ .by = ZONE_BY_NUMBER, .at_s = 2 * 3600 };
    if (rule_skip(text, 'M')) {
        turn->by = ZONE_BY_WEEKDAY;
        right = rule_number(text, 1, 12, &turn->month) && rule_skip(text, '.') &&
                rule_number(text, 1, 5, &turn->week) && rule_skip(text, '.') &&
                rule_number(text, 0, 6, &turn->weekday);
    } else if (rule_skip(text, 'J')) {
        turn->by = ZONE_BY_JULIAN;
        right = rule_number(text, 1, 365, &turn->day);
    } else {
        right = rule_number(text, 0, 365, &turn->day);
    }
    return right && (!rule_skip(text, '/') || rule_time(text, 167, &turn->at_s));
}

bool
zone_rule_parse(zone_rule_t *rule, const char *text, size_t size)
{
    rule_text_t rest = { text, text + size };
    *rule = (zone_rule_t){ .has_summer = false };
    if (!rule_name(&rest) || !rule_time(&rest, 24, &rule->offset_s))
        return false;
    rule->offset_s = -rule->offset_s;
    if (rest.at == rest.end)
        return true;
    rule->has_summer = true;
    rule->summer_offset_s = rule->offset_s + 3600;
    if (!rule_name(&rest))
        return false;
    if (rest.at < rest.end && *rest.at != ',') {
        if (!rule_time(&rest, 24, &rule->summer_offset_s))
            return false;
        rule->summer_offset_s = -rule->summer_offset_s;
    }
    return rule_skip(&rest, ',') && rule_turn(&rest, &rule->to_summer) && rule_skip(&rest, ',') &&
           rule_turn(&rest, &rule->to_winter) && rest.at == rest.end;
}

static bool
rule_is_leap(int32_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int32_t
rule_day(const zone_turn_t *turn, int32_t year)
{
    int32_t new_year = zone_day_of(year, 1, 1);
    if (turn->by == ZONE_BY_NUMBER)
        return new_year + turn->day;
    if (turn->by == ZONE_BY_JULIAN) /* no number for 29 February: 60 is always 1 March */
        return new_year + turn->day - 1 + (rule_is_leap(year) && turn->day >= 60);
    int32_t first = zone_day_of(year, turn->month, 1);
    int32_t next =
        turn->month == 12 ? zone_day_of(year + 1, 1, 1) : zone_day_of(year, turn->month + 1, 1);
    int32_t sunday_first = (zone_weekday(first) + 1) % 7;
    int32_t day = first + (turn->weekday - sunday_first + 7) % 7 + (turn->week - 1) * 7;
    return day < next ? day : day - 7;
}

void
zone_rule_year(const zone_rule_t *rule, int32_t year, zone_change_t changes[2])
{
    int64_t summer = (int64_t)rule_day(&rule->to_summer, year) * RULE_DAY_S + rule->to_summer.at_s -
                     rule->offset_s;
    int64_t winter = (int64_t)rule_day(&rule->to_winter, year) * RULE_DAY_S + rule->to_winter.at_s -
                     rule->summer_offset_s;
    int at = summer > winter;
    changes[at] = (zone_change_t){ summer, rule->summer_offset_s };
    changes[1 - at] = (zone_change_t){ winter, rule->offset_s };
}
