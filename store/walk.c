/* walk - see walk.h for the contract. */
#include "store/walk.h"
#include "store/refuse.h"
#include <assert.h>
#include <string.h>

int
walk_identity(const segment_reader_t *reader, const journal_file_options_t *options, char *error)
{
    const segment_head_t *head = &reader->head;
    if (memcmp(head->site, options->site, sizeof head->site) != 0)
        return refuse(error, "%s: the segment belongs to another site", reader->path);
    if (head->partition != options->partition || head->partitions != options->partitions)
        return refuse(error,
                      "%s: the segment is of partition %u of %u, not %u of %u; the partition count "
                      "of a site is fixed when it is made",
                      reader->path, head->partition, head->partitions, options->partition,
                      options->partitions);
    return 0;
}

int
walk_find(shelf_t *shelf, uint64_t sequence, uint64_t *number, char *error)
{
    uint64_t first;
    uint64_t count = shelf_count(shelf, &first);
    assert(count > 0);
    for (*number = first + count - 1; *number > first; --*number) {
        segment_reader_t reader;
        int rc = shelf_read(shelf, *number, &reader, error);
        if (rc == 1)
            return refuse(error, "segment %016llu is gone", (unsigned long long)*number);
        if (rc != 0)
            return -1;
        uint64_t base = reader.head.base;
        segment_close(&reader);
        if (base <= sequence)
            break;
    }
    return 0;
}

/* Open a segment and see that it goes on where the one before (if any) ended. */
static int
walk_open(shelf_t *shelf, const journal_file_options_t *options, uint64_t number,
          segment_reader_t *reader, const walk_end_t *before, char *error)
{
    int rc = shelf_read(shelf, number, reader, error);
    if (rc == 1)
        return refuse(error, "%s: segment %016llu is missing; restore from a backup",
                      shelf->directory, (unsigned long long)number);
    if (rc != 0)
        return -1;
    rc = walk_identity(reader, options, error);
    if (rc == 0 && reader->head.number != number)
        rc = refuse(error, "%s: the head names segment %llu; restore from a backup", reader->path,
                    (unsigned long long)reader->head.number);
    if (rc == 0 && before != NULL &&
        (reader->head.base != before->sequence ||
         memcmp(reader->head.chain, before->chain, sizeof before->chain) != 0))
        rc =
            refuse(error,
                   "segment %016llu is damaged at offset %llu: its entries end at sequence %llu, "
                   "but the next segment begins at %llu; restore from a backup",
                   (unsigned long long)before->head.number, (unsigned long long)before->offset,
                   (unsigned long long)before->sequence - 1, (unsigned long long)reader->head.base);
    if (rc != 0)
        segment_close(reader);
    return rc;
}

/* The entries end here; is it the end, or damage before the end? Beside a running owner what
 * looked torn may only have been half written: it is looked at again. */
static int
walk_judge(segment_reader_t *reader, bool *again, char *error)
{
    uint64_t found;
    if (segment_later(reader, &found, error) != 0)
        return -1;
    if (found == 0)
        return 0;
    if (*again) {
        *again = false;
        segment_refresh(reader);
        return 1;
    }
    return refuse(error,
                  "%s: damaged at offset %llu (sequence %llu): a valid entry follows at offset "
                  "%llu; restore from a backup",
                  reader->path, (unsigned long long)reader->offset,
                  (unsigned long long)reader->sequence, (unsigned long long)found);
}

/* The entries of one segment. 0 at its end, 1 when `through` is reached, else as walk(). */
static int
walk_segment(segment_reader_t *reader, bool last, bool beside, uint64_t from, uint64_t through,
             journal_visit_fn *visit, void *argument, int *result, char *error)
{
    bool again = beside;
    for (;;) {
        journal_entry_t entry;
        if (reader->sequence > through)
            return 1;
        segment_result_t found = segment_next(reader, &entry, error);
        if (found == SEGMENT_BROKEN)
            return -1;
        if (found == SEGMENT_ENTRY) {
            if (visit != NULL && entry.sequence >= from)
                *result = visit(argument, &entry);
            if (*result != 0)
                return 1;
            again = beside;
            continue;
        }
        int rc = last ? walk_judge(reader, &again, error) : 0;
        if (rc <= 0)
            return rc;
    }
}

int
walk(shelf_t *shelf, const journal_file_options_t *options, uint64_t number, uint64_t from,
     uint64_t through, journal_visit_fn *visit, void *argument, walk_end_t *end, char *error)
{
    uint64_t first, begin = number;
    uint64_t count = shelf_count(shelf, &first);
    int rc = 0, result = 0;
    *end = (walk_end_t){ .now_ms = 0 };
    for (; rc == 0 && number < first + count; number++) {
        segment_reader_t reader;
        if (walk_open(shelf, options, number, &reader, number == begin ? NULL : end, error) != 0)
            return -1;
        rc = walk_segment(&reader, number == first + count - 1, shelf->read_only, from, through,
                          visit, argument, &result, error);
        end->head = reader.head;
        end->size = reader.size;
        end->offset = reader.offset;
        end->newest = reader.newest;
        end->sequence = reader.sequence;
        if (reader.epoch > end->epoch)
            end->epoch = reader.epoch;
        end->now_ms = reader.now_ms;
        memcpy(end->chain, reader.chain, sizeof end->chain);
        segment_close(&reader);
    }
    return rc < 0 ? -1 : result;
}
