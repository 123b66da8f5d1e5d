/* zone_load - a zone's table from the system's files (TZif, RFC 8536; package tzdata).
 *
 * The file's own changes are followed by those of its footer's rule, up to the end of 2100. What
 * lies before 1970 is left out: a programme has no showtimes there. */
#ifndef ZONE_LOAD_H
#define ZONE_LOAD_H
#include "actors/zone.h"
#include <stdbool.h>
#include <stddef.h>

enum { ZONE_FILE_MAX = 64 * 1024, ZONE_NAME_MAX = 64 };

/* "Europe/Berlin": 1 to ZONE_NAME_MAX letters, digits, and - _ + /, with no empty part. */
bool zone_name_valid(const char *name);
/* Read the bytes of a file of version 2 or newer; false when it is not one, to the letter. */
bool zone_parse(zone_t *zone, const void *bytes, size_t size);
/* 0; -EINVAL for what is no name, -EBADMSG for a file that is not sound, else what reading said. */
int zone_load(zone_t *zone, const char *name);
#endif
