/* zone_rule - the footer of a TZif file: a rule as POSIX spells it in TZ,
 * "CET-1CEST,M3.5.0,M10.5.0/3". Of RFC 8536 it takes what version 3 added: hours from -167 to 167.
 */
#ifndef ZONE_RULE_H
#define ZONE_RULE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ZONE_RULE_FIRST_YEAR = 1970, ZONE_RULE_LAST_YEAR = 2100 };

typedef enum { ZONE_BY_WEEKDAY, ZONE_BY_JULIAN, ZONE_BY_NUMBER } zone_by_t;
typedef struct {
    zone_by_t by;
    int32_t month, week, weekday; /* Mm.w.d: weekday 0 is Sunday, week 5 the last */
    int32_t day;                  /* Jn: 1 to 365 without a leap day; n: 0 to 365 with it */
    int32_t at_s;                 /* after midnight by the clock until then */
} zone_turn_t;
typedef struct {
    bool has_summer;
    int32_t offset_s, summer_offset_s; /* local time less UTC, unlike in TZ */
    zone_turn_t to_summer, to_winter;
} zone_rule_t;
typedef struct {
    int64_t at_s;
    int32_t offset_s;
} zone_change_t;

/* False when the text is not such a rule, to its last byte. */
bool zone_rule_parse(zone_rule_t *rule, const char *text, size_t size);
/* The two changes of a year, the earlier one first. */
void zone_rule_year(const zone_rule_t *rule, int32_t year, zone_change_t changes[2]);
#endif
