/* zone_offsets - a time zone's table as the field `offsets` of cinema.set says it. */
#ifndef ZONE_OFFSETS_H
#define ZONE_OFFSETS_H
#include <jansson.h>

enum { ZONE_OFFSETS_FROM_S = 946684800 }; /* the year 2000: what was before has no showtimes */

/* [[from, seconds ahead of UTC], ...] of a zone of the IANA database; NULL where the system has no
 * such zone. The caller owns it. */
json_t *zone_offsets(const char *name);
#endif
