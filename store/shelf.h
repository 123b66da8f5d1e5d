/* shelf - the directory of a local journal: which segments there are, live and archived; the spare
 * one that is made ahead; what becomes of those that a checkpoint has covered.
 *
 * A thread of the shelf (the keeper) makes spares and retires segments, so that neither the owner
 * nor the thread that writes waits for it. With inline_io there is no thread. */
#ifndef SHELF_H
#define SHELF_H
#include "store/segment.h"
#include <pthread.h>

typedef struct {
    uint64_t number, base;
} shelf_segment_t;

typedef struct {
    char directory[SEGMENT_PATH_MAX / 2];
    size_t segment_bytes;
    journal_policy_t policy;
    bool inline_io, read_only;
    int directory_fd, owner_fd;
    pthread_mutex_t mutex; /* guards all below */
    pthread_cond_t work, made;
    pthread_t keeper;
    bool running, stop;
    shelf_segment_t *live; /* ascending, without gaps; the last one is being written */
    size_t live_count, live_room;
    uint64_t *archived; /* numbers, ascending, without gaps, ending where live begins */
    size_t archived_count, archived_room;
    uint64_t through;   /* sequence number up to which segments may be retired */
    bool wanted, spare; /* a spare segment is asked for; is there */
    uint64_t attempts;  /* to make a spare, ended */
    int trouble;        /* errno of the last attempt */
    int64_t retry_ms;   /* no new attempt before this (monotonic) */
} shelf_t;

/* Open the directory, lock it (unless read_only) and list it; `live` has no bases yet. 0, or -1
 * with `error`. */
int shelf_open(shelf_t *self, const journal_file_options_t *options, char *error);
/* Take up work: call it when the bases are filled in. 0, or -1 with `error`. */
int shelf_start(shelf_t *self, char *error);
void shelf_close(shelf_t *self);

/* Put a segment with this head and room for an entry of `need` bytes at the end. Its descriptor
 * and size, or -1 with errno; shelf_full() of it says that nothing happened. */
int shelf_take(shelf_t *self, segment_head_t *head, uint64_t need, uint64_t *size);
/* Is this errno want of room, rather than a fault? */
bool shelf_full(int trouble);
/* Make a spare ahead, if there is none. */
void shelf_want(shelf_t *self);
/* Entries up to `through` are not needed any more: retire the segments that hold only such. */
void shelf_retire(shelf_t *self, uint64_t through);

/* How many segments can be read; their numbers are first..first+count-1. */
uint64_t shelf_count(shelf_t *self, uint64_t *first);
/* Open segment `number` for reading, wherever it is. Results as segment_open(). */
int shelf_read(shelf_t *self, uint64_t number, segment_reader_t *reader, char *error);
/* Look at the directory again (read_only: the owner goes on meanwhile). */
int shelf_refresh(shelf_t *self, char *error);
#endif
