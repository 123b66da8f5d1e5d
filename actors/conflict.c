/* conflict - see conflict.h for the contract.
 *
 * Entries are sorted by track, then start. Over the entries of a track lies a search tree that
 * needs no pointers: the root of [low, high) is its middle, and reach_ms is the latest end within.
 * A part whose reach is not beyond the start that is asked about holds nothing, whole. What holds:
 * (1) entries ascend by (track, start, showtime).
 * (2) reach_ms of a root is the maximum of end_ms over its part. */
#include "actors/conflict.h"
#include <assert.h>

static const struct {
    conflict_weight_t weight;
    const char *text;
} conflict_kinds[CONFLICT_KINDS] = {
#define X(kind, weight, text) { CONFLICT_##weight, text },
    CONFLICT_TABLE(X)
#undef X
};

conflict_weight_t
conflict_weight(conflict_kind_t kind)
{
    assert(kind < CONFLICT_KINDS);
    return conflict_kinds[kind].weight;
}

const char *
conflict_text(conflict_kind_t kind)
{
    assert(kind < CONFLICT_KINDS);
    return conflict_kinds[kind].text;
}

static bool
conflict_times_good(const conflict_showtime_t *showtime)
{
    return showtime->start_ms < showtime->end_ms &&
           showtime->start_ms > -(int64_t)ZONE_DAY_MAX * 43200000 &&
           showtime->end_ms < (int64_t)ZONE_DAY_MAX * 43200000 &&
           showtime->end_ms - showtime->start_ms <= CONFLICT_LONGEST_MS;
}

static uint32_t
conflict_tracks(const conflict_showtime_t *showtime)
{
    uint32_t tracks = 1;
    for (uint32_t left = showtime->equipment; left; left &= left - 1)
        tracks++;
    return tracks;
}

size_t
conflict_room(const conflict_showtime_t *there, uint32_t there_count,
              const conflict_showtime_t *batch, uint32_t batch_count)
{
    size_t room = batch_count; /* for the ids, while building */
    for (uint32_t i = 0; i < there_count; i++)
        room += conflict_tracks(&there[i]);
    for (uint32_t i = 0; i < batch_count; i++)
        room += conflict_tracks(&batch[i]);
    return room;
}

static bool
conflict_before(const conflict_entry_t *left, const conflict_entry_t *right)
{
    if (left->track != right->track)
        return left->track < right->track;
    if (left->start_ms != right->start_ms)
        return left->start_ms < right->start_ms;
    return left->showtime < right->showtime;
}

static void
conflict_sink(conflict_entry_t *entries, size_t at, size_t count)
{
    conflict_entry_t moved = entries[at];
    for (size_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && conflict_before(&entries[child], &entries[child + 1]))
            child++;
        if (!conflict_before(&moved, &entries[child]))
            break;
        entries[at] = entries[child];
    }
    entries[at] = moved;
}

/* Heapsort: in place, and no order of the input makes it slow. */
static void
conflict_sort(conflict_entry_t *entries, size_t count)
{
    for (size_t at = count / 2; at-- > 0;)
        conflict_sink(entries, at, count);
    for (size_t left = count; left-- > 1;) {
        conflict_entry_t most = entries[0];
        entries[0] = entries[left];
        entries[left] = most;
        conflict_sink(entries, 0, left);
    }
}

/* A hall's track is its number; those of equipment come behind all halls. */
static void
conflict_add(conflict_index_t *index, const conflict_showtime_t *showtime, int32_t number)
{
    assert(showtime->film < index->cinema->film_count);
    assert(showtime->hall < index->cinema->hall_count);
    if (!conflict_times_good(showtime))
        return;
    conflict_entry_t entry = { .track = showtime->hall,
                               .start_ms = showtime->start_ms,
                               .end_ms = showtime->end_ms,
                               .showtime = number };
    index->entries[index->entry_count++] = entry;
    for (uint32_t thing = 0; thing < CONFLICT_EQUIPMENT_MAX; thing++) {
        if (!(showtime->equipment >> thing & 1))
            continue;
        entry.track = (uint64_t)index->cinema->hall_count + thing;
        index->entries[index->entry_count++] = entry;
    }
}

/* Is the id among `count` entries sorted by track, which are ids here? */
static bool
conflict_id_among(const conflict_entry_t *ids, uint32_t count, uint64_t id)
{
    uint32_t low = 0, high = count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (ids[middle].track < id)
            low = middle + 1;
        else
            high = middle;
    }
    return id != 0 && low < count && ids[low].track == id;
}

static int64_t
conflict_reach(conflict_entry_t *entries, uint32_t low, uint32_t high)
{
    if (low == high)
        return INT64_MIN;
    uint32_t middle = low + (high - low) / 2;
    int64_t left_ms = conflict_reach(entries, low, middle);
    int64_t right_ms = conflict_reach(entries, middle + 1, high);
    int64_t reach_ms = entries[middle].end_ms;
    reach_ms = left_ms > reach_ms ? left_ms : reach_ms;
    reach_ms = right_ms > reach_ms ? right_ms : reach_ms;
    return entries[middle].reach_ms = reach_ms;
}

/* The first entry of a track not before the one asked for. */
static uint32_t
conflict_track_begin(const conflict_index_t *index, uint64_t track)
{
    uint32_t low = 0, high = index->entry_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (index->entries[middle].track < track)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void
conflict_build(conflict_index_t *index, const conflict_cinema_t *cinema,
               const conflict_showtime_t *there, uint32_t there_count,
               const conflict_showtime_t *batch, uint32_t batch_count, conflict_entry_t *entries,
               size_t room)
{
    assert(room >= conflict_room(there, there_count, batch, batch_count));
    assert(room <= INT32_MAX);
    *index = (conflict_index_t){ .cinema = cinema,
                                 .there = there,
                                 .batch = batch,
                                 .there_count = there_count,
                                 .batch_count = batch_count,
                                 .entries = entries };
    conflict_entry_t *ids = entries + room - batch_count;
    for (uint32_t i = 0; i < batch_count; i++)
        ids[i] = (conflict_entry_t){ .track = batch[i].id };
    conflict_sort(ids, batch_count);
    for (uint32_t i = 0; i < there_count; i++)
        if (!conflict_id_among(ids, batch_count, there[i].id))
            conflict_add(index, &there[i], (int32_t)i);
    for (uint32_t i = 0; i < batch_count; i++)
        conflict_add(index, &batch[i], (int32_t)(there_count + i));
    conflict_sort(entries, index->entry_count);
    for (uint32_t low = 0; low < index->entry_count;) {
        uint32_t high = conflict_track_begin(index, entries[low].track + 1);
        (void)conflict_reach(entries, low, high);
        low = high;
    }
}

const conflict_showtime_t *
conflict_other(const conflict_index_t *index, int32_t other)
{
    assert(other >= 0);
    uint32_t at = (uint32_t)other;
    assert(at < index->there_count + index->batch_count);
    return at < index->there_count ? &index->there[at] : &index->batch[at - index->there_count];
}

/* One question, and what was found so far. */
typedef struct {
    const conflict_index_t *index;
    const conflict_showtime_t *showtime;
    int32_t self;
    int64_t from_ms, until_ms; /* what meets this is told */
    uint32_t thing;            /* 0: the track is a hall */
    conflict_t *found;
    uint32_t count, room;
} conflict_search_t;

static void
conflict_tell(conflict_search_t *search, conflict_kind_t kind, int32_t other, uint32_t equipment)
{
    if (search->count < search->room)
        search->found[search->count] = (conflict_t){ kind, other, equipment };
    search->count++;
}

/* A thing that both use is told once, on the track of the lowest that both use. */
static void
conflict_meet(conflict_search_t *search, const conflict_entry_t *entry)
{
    if (entry->showtime == search->self)
        return;
    if (!search->thing) {
        bool apart = entry->end_ms <= search->showtime->start_ms ||
                     search->showtime->end_ms <= entry->start_ms;
        conflict_tell(search, apart ? CONFLICT_CLEANING : CONFLICT_OVERLAP, entry->showtime, 0);
        return;
    }
    const conflict_showtime_t *other = conflict_other(search->index, entry->showtime);
    uint32_t both = other->equipment & search->showtime->equipment;
    if (other->hall != search->showtime->hall && (both & -both) == search->thing)
        conflict_tell(search, CONFLICT_EQUIPMENT, entry->showtime, both);
}

static void
conflict_walk(conflict_search_t *search, uint32_t low, uint32_t high)
{
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const conflict_entry_t *entry = &search->index->entries[middle];
        if (entry->reach_ms <= search->from_ms)
            return;
        conflict_walk(search, low, middle);
        if (entry->start_ms >= search->until_ms)
            return;
        if (entry->end_ms > search->from_ms)
            conflict_meet(search, entry);
        low = middle + 1;
    }
}

static void
conflict_walk_track(conflict_search_t *search, uint64_t track)
{
    conflict_walk(search, conflict_track_begin(search->index, track),
                  conflict_track_begin(search->index, track + 1));
}

/* Windows ascend by their beginning, so one walk from the evening before sees whether they cover
 * the time; two that touch or overlap are one. */
bool
conflict_open(const conflict_cinema_t *cinema, int64_t start_ms, int64_t end_ms)
{
    int32_t last = zone_local(cinema->zone, end_ms).day;
    int64_t covered_ms = start_ms;
    for (int32_t day = zone_local(cinema->zone, start_ms).day - 1; day <= last; day++) {
        int32_t weekday = zone_weekday(day);
        uint16_t from = cinema->hours.from_minute[weekday];
        uint16_t until = cinema->hours.until_minute[weekday];
        if (from >= until || zone_utc_ms(cinema->zone, day, from) > covered_ms)
            continue;
        int64_t until_ms = zone_utc_ms(cinema->zone, day, until);
        covered_ms = until_ms > covered_ms ? until_ms : covered_ms;
    }
    return covered_ms >= end_ms;
}

static void
conflict_film_and_house(conflict_search_t *search, const conflict_cinema_t *cinema)
{
    const conflict_showtime_t *showtime = search->showtime;
    const conflict_film_t *film = &cinema->films[showtime->film];
    int32_t day = zone_local(cinema->zone, showtime->start_ms).day;
    const bool holds[CONFLICT_KINDS] = {
        [CONFLICT_TOO_SHORT] =
            showtime->end_ms - showtime->start_ms < (int64_t)film->duration_min * 60000,
        [CONFLICT_WITHDRAWN] = film->withdrawn,
        [CONFLICT_BEFORE_RELEASE] =
            day<film->release_day, [CONFLICT_AFTER_RUN] = day> film->last_day,
        [CONFLICT_CLOSED] = !conflict_open(cinema, showtime->start_ms, showtime->end_ms),
    };
    for (conflict_kind_t kind = 0; kind < CONFLICT_KINDS; kind++)
        if (holds[kind])
            conflict_tell(search, kind, CONFLICT_OTHER_NONE, 0);
}

uint32_t
conflict_find(const conflict_index_t *index, uint32_t at, conflict_t *found, uint32_t room)
{
    assert(at < index->batch_count);
    const conflict_showtime_t *showtime = &index->batch[at];
    const conflict_cinema_t *cinema = index->cinema;
    conflict_search_t search = { .index = index,
                                 .showtime = showtime,
                                 .self = (int32_t)(index->there_count + at),
                                 .found = found,
                                 .room = room };
    if (!conflict_times_good(showtime)) {
        conflict_tell(&search, CONFLICT_BAD_TIMES, CONFLICT_OTHER_NONE, 0);
        return search.count;
    }
    conflict_film_and_house(&search, cinema);
    int64_t cleaning_ms = cinema->halls[showtime->hall].cleaning_ms;
    search.from_ms = showtime->start_ms - cleaning_ms;
    search.until_ms = showtime->end_ms + cleaning_ms;
    conflict_walk_track(&search, showtime->hall);
    search.from_ms = showtime->start_ms;
    search.until_ms = showtime->end_ms;
    for (uint32_t left = showtime->equipment; left; left &= left - 1) {
        search.thing = left & -left;
        uint32_t thing = 0;
        while (search.thing >> thing != 1)
            thing++;
        conflict_walk_track(&search, (uint64_t)cinema->hall_count + thing);
    }
    return search.count;
}
