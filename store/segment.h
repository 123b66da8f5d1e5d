/* segment - one file of the local journal, by the byte; docs/storage.md has the tables.
 *
 * A segment is a head block and then entries, each at a multiple of 512 bytes, so that a torn
 * sector of one append never holds bytes of an earlier entry. Behind the last entry there are
 * zeros, or what the file held in an earlier life: every checksum is seeded with the segment's
 * number and its random salt, so neither old entries nor bytes that a client made up can pass for
 * new ones. */
#ifndef SEGMENT_H
#define SEGMENT_H
#include "store/journal.h"
#include <stdbool.h>
#include <stdint.h>

enum {
    SEGMENT_HEAD = 4096, /* bytes of the head block; entries begin behind it */
    SEGMENT_ALIGN = 512,
    SEGMENT_FORMAT = 1,
    SEGMENT_PATH_MAX = 4096,
    SEGMENT_NAME_MAX = 32,
};

typedef struct {
    uint64_t magic;
    uint32_t format, apply_version;
    uint8_t site[16];
    uint32_t partition, partitions;
    uint64_t number, base; /* base: sequence number of the first entry */
    uint8_t chain[16];     /* of the entry before it */
    int64_t now_ms;        /* of the entry before it */
    uint64_t salt;
    uint32_t reserved, crc;
} segment_head_t;
_Static_assert(sizeof(segment_head_t) == 96, "the head is stored as it is");

typedef struct {
    uint32_t magic, size;
    uint64_t sequence;
    int64_t now_ms;
    uint64_t seed;
    uint32_t count, crc;
    uint64_t epoch;
    uint8_t chain[16];
} segment_entry_t;
_Static_assert(sizeof(segment_entry_t) == 64, "the entry's head is stored as it is");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "records are stored little endian");

/* The bytes that an entry with `size` bytes of payload takes. */
uint64_t segment_space(uint32_t size);
/* The file name of a segment, and the number of a name (false when it is no segment's). */
void segment_name(char name[SEGMENT_NAME_MAX], uint64_t number);
bool segment_number(const char *name, uint64_t *number);

/* Seal and write the head block into `fd` and sync. 0 or -1 with errno. */
int segment_write_head(int fd, segment_head_t *head);
/* Fill the stored form of an entry's head; the payload is checksummed, not copied. */
void segment_seal(segment_entry_t *stored, const segment_head_t *head, const journal_entry_t *entry,
                  uint64_t epoch);

/* Reads the entries of one segment in order, checking each against the one before. */
typedef struct {
    int fd;
    char path[SEGMENT_PATH_MAX];
    segment_head_t head;
    uint64_t size;     /* of the file */
    uint64_t offset;   /* of the next entry */
    uint64_t newest;   /* offset of the last entry read, 0: none */
    uint64_t sequence; /* of the next entry */
    uint64_t epoch;    /* of the last entry read */
    int64_t now_ms;    /* of the last entry read, or the one before the segment */
    uint8_t chain[16]; /* of the last entry read */
    uint8_t *window;   /* what is in memory of the file */
    uint64_t window_start;
    size_t window_size;
} segment_reader_t;

typedef enum {
    SEGMENT_ENTRY,  /* an entry was read */
    SEGMENT_END,    /* there is no valid entry at the offset */
    SEGMENT_BROKEN, /* it cannot be read, or contradicts the one before: `error` says which */
} segment_result_t;

/* Open the file at `path`. 0, 1 when there is no such file, or -1 with `error`. */
int segment_open(segment_reader_t *self, const char *path, char *error);
void segment_close(segment_reader_t *self);
/* Read the next entry; its payload is valid until the next call. */
segment_result_t segment_next(segment_reader_t *self, journal_entry_t *entry, char *error);
/* Behind the place where segment_next() found the end: is there a valid entry after all? Then the
 * end is no end but damage. `*found` is its offset or 0. 0, or -1 with `error`. */
int segment_later(segment_reader_t *self, uint64_t *found, char *error);
/* Forget what is in memory of the file, so that it is read anew. */
void segment_refresh(segment_reader_t *self);
#endif
