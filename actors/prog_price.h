/* prog_price - a cinema's price card: rules, of which the first that fits says the price.
 *
 * A rule fits by zone, start at the cinema (minutes of the day, weekday), format and audience; what
 * it leaves open fits all. Where no rule fits, the price is that of the zone in the hall's plan. A
 * showtime's prices are computed when it is published, and stay. */
#ifndef PROG_PRICE_H
#define PROG_PRICE_H
#include "actors/prog_show.h"

typedef struct {
    int64_t price;
    uint16_t from, until; /* the start's minute is in [from, until) */
    uint8_t weekdays;     /* a bit each, Monday's is 1; 0: any */
    uint8_t zone;         /* a letter; 0: any */
    uint8_t audience;     /* AUDIENCES: any */
    uint8_t zero;
    char format[SHOW_FORMAT]; /* empty: any */
} price_rule_t;
_Static_assert(sizeof(price_rule_t) == 32, "stored");

typedef struct {
    uint64_t count;
    price_rule_t rules[];
} price_card_t;
_Static_assert(sizeof(price_card_t) == 8, "stored");

/* Pack the field `fares` of a showtime: each zone of its plan with a price for each audience. */
void prog_pack_fares(turn_t *turn, uint64_t cinema, const show_t *show, const zone_t *zone,
                     const hall_plan_t *plan, pack_t *body);
#endif
