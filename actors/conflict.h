/* conflict - what speaks against a showtime: the hall, its equipment, the film, the house. Pure.
 *
 * An index over the showtimes of one cinema answers for one showtime or for a batch, whose members
 * are checked against each other too. Nothing is saved by asking; who saves asks first, of the same
 * index. Showtimes that were there are taken as they are: they may conflict among themselves.
 *
 * Times are moments; a showtime covers [start, end). Only opening hours and release are matters of
 * the wall clock, and those follow the cinema's zone, over midnight and changes of the clock.
 *
 * Cost: building sorts, O(n log n); a showtime with k conflicts is O(log n + k). Nothing is
 * allocated: the caller brings the room, conflict_room() entries. */
#ifndef CONFLICT_H
#define CONFLICT_H
#include "actors/zone.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CONFLICT_EQUIPMENT_MAX = 32, CONFLICT_OTHER_NONE = -1, CONFLICT_LONGEST_MS = 86400000 };

typedef enum { CONFLICT_REFUSED, CONFLICT_WARNING, CONFLICT_NOTICE } conflict_weight_t;

/* kind, weight, what a manager reads */
#define CONFLICT_TABLE(X)                                                                          \
    X(BAD_TIMES, REFUSED, "ends before it starts, or is longer than a day")                        \
    X(TOO_SHORT, REFUSED, "is shorter than the film")                                              \
    X(WITHDRAWN, REFUSED, "the film is withdrawn")                                                 \
    X(BEFORE_RELEASE, REFUSED, "is before the film's release")                                     \
    X(AFTER_RUN, REFUSED, "is after the last day of the film's run")                               \
    X(CLOSED, REFUSED, "is outside the opening hours")                                             \
    X(OVERLAP, REFUSED, "another film is on in the hall")                                          \
    X(EQUIPMENT, WARNING, "shared equipment is in use elsewhere")                                  \
    X(CLEANING, NOTICE, "leaves less time for cleaning than the hall needs")

typedef enum {
#define X(kind, weight, text) CONFLICT_##kind,
    CONFLICT_TABLE(X)
#undef X
        CONFLICT_KINDS
} conflict_kind_t;

typedef struct {
    uint32_t duration_min;
    int32_t release_day, last_day; /* local days, both included */
    bool withdrawn;
} conflict_film_t;

typedef struct {
    int64_t cleaning_ms; /* the least between two showtimes */
} conflict_hall_t;

/* Opening hours by weekday, 0 is Monday: from and until a minute of the local day; until may be up
 * to 2880, the end of the next day. Equal ones: closed. */
typedef struct {
    uint16_t from_minute[7], until_minute[7];
} conflict_hours_t;

typedef struct {
    uint64_t id;         /* 0: it has none yet */
    uint32_t film, hall; /* places in the cinema's arrays */
    uint32_t equipment;  /* a bit for each shared thing that is in use while it runs */
    int64_t start_ms, end_ms;
} conflict_showtime_t;

typedef struct {
    const zone_t *zone;
    conflict_hours_t hours;
    const conflict_film_t *films;
    const conflict_hall_t *halls;
    uint32_t film_count, hall_count;
} conflict_cinema_t;

/* `other` is a place in the showtimes that the index was built of: those that were there, then the
 * batch. CONFLICT_OTHER_NONE where no other showtime is meant. */
typedef struct {
    conflict_kind_t kind;
    int32_t other;
    uint32_t equipment; /* EQUIPMENT: what both use */
} conflict_t;

/* One showtime on one track: its hall, or a thing that it uses. */
typedef struct {
    uint64_t track; /* while building, an id of the batch */
    int64_t start_ms, end_ms, reach_ms;
    int32_t showtime;
} conflict_entry_t;

typedef struct {
    const conflict_cinema_t *cinema;
    const conflict_showtime_t *there, *batch;
    uint32_t there_count, batch_count, entry_count;
    conflict_entry_t *entries;
} conflict_index_t;

/* How many entries an index over these needs. */
size_t conflict_room(const conflict_showtime_t *there, uint32_t there_count,
                     const conflict_showtime_t *batch, uint32_t batch_count);
/* Build it; the arrays are borrowed while it is used. A showtime of the batch takes the place of
 * the one of the same id that was there. Films and halls are within the cinema's, asserted. */
void conflict_build(conflict_index_t *index, const conflict_cinema_t *cinema,
                    const conflict_showtime_t *there, uint32_t there_count,
                    const conflict_showtime_t *batch, uint32_t batch_count,
                    conflict_entry_t *entries, size_t room);
/* What speaks against member `at` of the batch. Returns how many conflicts there are; the first
 * `room` of them are in `found`: those of the film and the house, then those with others, hall
 * first, by time. One with bad times is not looked at further, and is in nobody's way. */
uint32_t conflict_find(const conflict_index_t *index, uint32_t at, conflict_t *found,
                       uint32_t room);
/* The showtime that `other` means. */
const conflict_showtime_t *conflict_other(const conflict_index_t *index, int32_t other);

/* Does the house have open from start to end, without a break? */
bool conflict_open(const conflict_cinema_t *cinema, int64_t start_ms, int64_t end_ms);
conflict_weight_t conflict_weight(conflict_kind_t kind);
const char *conflict_text(conflict_kind_t kind);
#endif
