/* rebuild - make the state of a partition anew from its journal alone, in another place.
 *
 * For verification (is the rebuilt state the live one, byte for byte?) and for history (which
 * command changed this seat?). Needs every entry from the first one on, so a site that archives.
 * Reads beside a running owner. */
#ifndef REBUILD_H
#define REBUILD_H
#include "actors/apply.h"

typedef struct {
    const char *journal; /* directory of the journal that is read */
    const char *scratch; /* empty directory for the new state */
    site_t site;
    uint64_t through;     /* the last entry wanted; UINT64_MAX: all that are durable */
    size_t replies_bytes; /* the live state's bound of the reply memory; 0: the default */
    const sink_t *sink;   /* sees every event on the way */
    /* Before events come, the entry and the command that cause them; item NULL: what was due. May
     * be NULL. */
    void (*cause)(void *argument, const journal_entry_t *entry, const intake_item_t *item);
    void *argument;
    void (*fatal)(void *argument, const char *what);
} rebuild_options_t;

/* 0 with the state, checkpointed, which the caller closes; or -1 with `error` (STATE_ERROR_MAX). */
int rebuild_run(const rebuild_options_t *options, state_t **state, char *error);
#endif
