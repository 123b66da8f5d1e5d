/* site - the identity and secrets of a site, made once: DIRECTORY/site. */
#ifndef SITE_H
#define SITE_H
#include "actors/turn.h"

enum { SITE_ERROR_MAX = 512 };

/* Load the site of a data directory, or make both. The counts of partitions must be those the site
 * was made with, where not 0; a site made before there were any of a role gets them now.
 * `site->partition` is left 0. 0, or -1 with a sentence. */
int site_load(site_t *site, const char *directory, const shard_map_t *wanted, char *error);
/* Load the site of a directory as it is, and make nothing: for tools that only look. The count of a
 * role is 0 where none were made yet. */
int site_find(site_t *site, const char *directory, char *error);
#endif
