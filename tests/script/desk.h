/* desk - one life of a partition: its ways out, what goes in, and whether it died of a fault.
 *
 * What it appends and answers is written into a ledger, if it has one. */
#ifndef DESK_H
#define DESK_H
#include "tests/script/ledger.h"
#include <setjmp.h>

typedef struct desk desk_t;
struct desk {
    partition_options_t options;
    partition_t *partition;
    journal_t *journal;
    void (*append)(journal_t *journal, journal_entry_t *entry); /* the journal's own */
    desk_t *outer;
    ledger_t *ledger; /* NULL: nothing is noted */
    uint64_t seed;    /* of the next entry */
    /* An answer, or (command NULL) a tell or event, has left; false: it is lost on the way. May be
     * NULL. */
    bool (*leave)(desk_t *self, const script_command_t *command, const wire_header_t *header,
                  const void *body, uint32_t size);
    /* The command with this request number. */
    const script_command_t *(*find)(desk_t *self, uint64_t request);
    void *argument; /* theirs */
    void *again;    /* during desk_check() */
    jmp_buf death;
    bool mortal; /* `death` is set */
    char error[PARTITION_ERROR_MAX];
};

void desk_init(desk_t *self, const char *directory, journal_policy_t policy);
/* Open; false with `error` when it is refused or died of it. */
bool desk_open(desk_t *self);
/* Take commands, move on; false: the partition died of it, with `error`. */
bool desk_take(desk_t *self, const script_command_t *command, int64_t now_ms);
bool desk_turn(desk_t *self, int64_t now_ms);
/* Close in order; false: it died of it. */
bool desk_close(desk_t *self);
/* Let go of a partition that dies. One already gone is fine. */
void desk_abandon(desk_t *self);

/* Is all of `ledger` there in the partition just opened? NULL, or what is wrong. `late_ms` is after
 * every deadline. */
const char *desk_check(desk_t *self, const ledger_t *ledger, int64_t late_ms);
/* Is every showtime sound? NULL, or what is wrong. */
const char *desk_sound(desk_t *self);
#endif
