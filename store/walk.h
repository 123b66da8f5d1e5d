/* walk - go over the entries of a journal's segments in order, and judge where and how they end. */
#ifndef WALK_H
#define WALK_H
#include "store/shelf.h"

/* Where the entries end. */
typedef struct {
    segment_head_t head; /* of the last segment */
    uint64_t size;       /* of the last segment's file */
    uint64_t offset;     /* where its next entry goes */
    uint64_t newest;     /* where its last entry is, 0: it has none */
    uint64_t sequence;   /* of the next entry */
    uint64_t epoch;      /* the highest that an entry carries */
    int64_t now_ms;      /* of the last entry */
    uint8_t chain[16];   /* of the last entry */
} walk_end_t;

/* Is the segment of this site and partition? 0, or -1 with `error`. */
int walk_identity(const segment_reader_t *reader, const journal_file_options_t *options,
                  char *error);
/* The segment that holds `sequence`, or the first one when all are above it. 0, or -1. */
int walk_find(shelf_t *shelf, uint64_t sequence, uint64_t *number, char *error);
/* Visit the entries from segment `number` on with from <= sequence <= through. Returns 0 with
 * `end`, the visitor's non-zero result, or -1 with `error`. A torn tail is an end; an end before a
 * valid entry is damage. */
int walk(shelf_t *shelf, const journal_file_options_t *options, uint64_t number, uint64_t from,
         uint64_t through, journal_visit_fn *visit, void *argument, walk_end_t *end, char *error);
#endif
