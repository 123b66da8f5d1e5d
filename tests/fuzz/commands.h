/* commands - which commands of `marquee` fuzz_ctl runs, counted as its inputs count them.
 *
 * Left out are those that wait (top, events watch), that write keys, and that work on a data
 * directory, whose parsers are fuzzed by themselves. Flags that name files, hosts or times to wait
 * are never given: no input may choose a path of this machine. */
#ifndef COMMANDS_H
#define COMMANDS_H
#include "clients/ctl/ctl.h"

#define COMMANDS_FLAGS_NEVER                                                                       \
    (CTL_FLAG(ENDPOINT) | CTL_FLAG(EVENTS) | CTL_FLAG(KEY) | CTL_FLAG(TIMEOUT) | CTL_FLAG(JSON) |  \
     CTL_FLAG(OUT) | CTL_FLAG(DIRECTORY) | CTL_FLAG(DATA) | CTL_FLAG(ROOM) | CTL_FLAG(RULES))

/* The command of this number, or NULL when there are fewer. */
static inline const ctl_verb_t *
commands_at(uint32_t number)
{
    static const ctl_verb_t *const lists[] = { ctl_status_verbs,    ctl_showtime_verbs,
                                               ctl_seat_verbs,      ctl_order_verbs,
                                               ctl_ticket_verbs,    ctl_demo_verbs,
                                               ctl_generic_verbs,   ctl_queue_verbs,
                                               ctl_programme_verbs, ctl_cinema_verbs };
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        for (const ctl_verb_t *row = lists[i]; row->noun; row++)
            if (number-- == 0)
                return row;
    return NULL;
}
#endif
