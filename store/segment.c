/* segment - see segment.h for the contract. */
#include "store/segment.h"
#include "store/crc32c.h"
#include "store/refuse.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEGMENT_MAGIC UINT64_C(0x314c4e4a4551524d) /* "MRQEJNL1" */
#define ENTRY_MAGIC   UINT32_C(0x5154524e)

enum { WINDOW_SIZE = 8 * 1024 * 1024 };
_Static_assert(WINDOW_SIZE > JOURNAL_ENTRY_MAX + SEGMENT_HEAD, "an entry fits the window");

void
journal_chain(uint8_t chain[JOURNAL_CHAIN_SIZE], const uint8_t before[JOURNAL_CHAIN_SIZE],
              const journal_entry_t *entry)
{
    struct {
        uint8_t before[JOURNAL_CHAIN_SIZE];
        uint64_t sequence;
        int64_t now_ms;
        uint64_t seed;
        uint32_t count, size;
    } head = { .sequence = entry->sequence,
               .now_ms = entry->now_ms,
               .seed = entry->seed,
               .count = entry->count,
               .size = entry->size };
    _Static_assert(sizeof head == 48, "no padding is hashed");
    crypto_generichash_state hash;
    memcpy(head.before, before, JOURNAL_CHAIN_SIZE);
    int rc = crypto_generichash_init(&hash, NULL, 0, JOURNAL_CHAIN_SIZE);
    assert(rc == 0);
    rc = crypto_generichash_update(&hash, (const uint8_t *)&head, sizeof head);
    assert(rc == 0);
    rc = crypto_generichash_update(&hash, entry->payload, entry->size);
    assert(rc == 0);
    rc = crypto_generichash_final(&hash, chain, JOURNAL_CHAIN_SIZE);
    assert(rc == 0);
}

uint64_t
segment_space(uint32_t size)
{
    uint64_t bytes = sizeof(segment_entry_t) + (uint64_t)size;
    return (bytes + SEGMENT_ALIGN - 1) / SEGMENT_ALIGN * SEGMENT_ALIGN;
}

void
segment_name(char name[SEGMENT_NAME_MAX], uint64_t number)
{
    (void)snprintf(name, SEGMENT_NAME_MAX, "%016llu.seg", (unsigned long long)number);
}

bool
segment_number(const char *name, uint64_t *number)
{
    if (strlen(name) != 20 || strcmp(name + 16, ".seg") != 0)
        return false;
    *number = 0;
    for (int i = 0; i < 16; i++) {
        if (name[i] < '0' || name[i] > '9')
            return false;
        *number = *number * 10 + (uint64_t)(name[i] - '0');
    }
    return *number > 0;
}

static uint32_t
segment_head_crc(const segment_head_t *head)
{
    return crc32c(0, head, offsetof(segment_head_t, crc));
}

int
segment_write_head(int fd, segment_head_t *head)
{
    uint8_t block[SEGMENT_HEAD] = { 0 };
    head->magic = SEGMENT_MAGIC;
    head->format = SEGMENT_FORMAT;
    head->crc = segment_head_crc(head);
    memcpy(block, head, sizeof *head);
    for (size_t done = 0; done < sizeof block;) {
        ssize_t n = pwrite(fd, block + done, sizeof block - done, (off_t)done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return -1;
        done += (size_t)n;
    }
    return fdatasync(fd);
}

/* The checksum of an entry: over segment number and salt, the head without its crc, the payload. */
static uint32_t
segment_entry_crc(const segment_entry_t *stored, const segment_head_t *head, const void *payload)
{
    segment_entry_t plain = *stored;
    plain.crc = 0;
    uint32_t crc = crc32c(0, &head->number, sizeof head->number);
    crc = crc32c(crc, &head->salt, sizeof head->salt);
    crc = crc32c(crc, &plain, sizeof plain);
    return crc32c(crc, payload, stored->size);
}

void
segment_seal(segment_entry_t *stored, const segment_head_t *head, const journal_entry_t *entry,
             uint64_t epoch)
{
    *stored = (segment_entry_t){ .magic = ENTRY_MAGIC,
                                 .size = entry->size,
                                 .sequence = entry->sequence,
                                 .now_ms = entry->now_ms,
                                 .seed = entry->seed,
                                 .count = entry->count,
                                 .epoch = epoch };
    memcpy(stored->chain, entry->chain, sizeof stored->chain);
    stored->crc = segment_entry_crc(stored, head, entry->payload);
}

/* Bring [offset, offset + size) of the file into memory; NULL when the file ends before that, or
 * with *failed when it cannot be read. */
static const uint8_t *
segment_window(segment_reader_t *self, uint64_t offset, size_t size, bool *failed)
{
    assert(size <= WINDOW_SIZE);
    if (self->window == NULL) { /* no more than the file has */
        self->window = malloc(self->size < WINDOW_SIZE ? (size_t)self->size + 1 : WINDOW_SIZE);
        *failed = self->window == NULL;
        if (*failed)
            return NULL;
    }
    if (offset + size > self->size)
        return NULL;
    if (offset >= self->window_start && offset + size <= self->window_start + self->window_size)
        return self->window + (offset - self->window_start);
    self->window_start = offset;
    self->window_size = 0;
    uint64_t left = self->size - offset;
    size_t want = left < WINDOW_SIZE ? (size_t)left : WINDOW_SIZE;
    while (self->window_size < want) {
        ssize_t n = pread(self->fd, self->window + self->window_size, want - self->window_size,
                          (off_t)(offset + self->window_size));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            *failed = n < 0;
            return NULL;
        }
        self->window_size += (size_t)n;
    }
    return self->window;
}

/* The entry stored at `offset` when it is whole and its checksum right. */
static bool
segment_entry_at(segment_reader_t *self, uint64_t offset, segment_entry_t *stored,
                 const uint8_t **payload, bool *failed)
{
    const uint8_t *at = segment_window(self, offset, sizeof *stored, failed);
    if (at == NULL)
        return false;
    memcpy(stored, at, sizeof *stored);
    if (stored->magic != ENTRY_MAGIC || stored->size > JOURNAL_ENTRY_MAX)
        return false;
    at = segment_window(self, offset, sizeof *stored + stored->size, failed);
    if (at == NULL)
        return false;
    *payload = at + sizeof *stored;
    return stored->crc == segment_entry_crc(stored, &self->head, *payload);
}

int
segment_open(segment_reader_t *self, const char *path, char *error)
{
    struct stat status;
    *self = (segment_reader_t){ .fd = -1, .offset = SEGMENT_HEAD };
    (void)snprintf(self->path, sizeof self->path, "%s", path);
    self->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (self->fd < 0)
        return errno == ENOENT ? 1 : refuse(error, "%s: cannot open: %s", path, strerror(errno));
    if (fstat(self->fd, &status) != 0 ||
        pread(self->fd, &self->head, sizeof self->head, 0) != (ssize_t)sizeof self->head) {
        segment_close(self);
        return refuse(error, "%s: the segment's head cannot be read; restore from a backup", path);
    }
    self->size = (uint64_t)status.st_size;
    if (self->head.magic != SEGMENT_MAGIC || self->head.crc != segment_head_crc(&self->head)) {
        segment_close(self);
        return refuse(error, "%s: the segment's head (offset 0) is damaged; restore from a backup",
                      path);
    }
    if (self->head.format != SEGMENT_FORMAT) {
        uint32_t format = self->head.format;
        segment_close(self);
        return refuse(error, "%s: journal format %u is not format %d, which this program writes",
                      path, format, SEGMENT_FORMAT);
    }
    self->sequence = self->head.base;
    memcpy(self->chain, self->head.chain, sizeof self->chain);
    self->now_ms = self->head.now_ms;
    return 0;
}

void
segment_close(segment_reader_t *self)
{
    if (self->fd >= 0)
        (void)close(self->fd);
    free(self->window);
    self->fd = -1;
    self->window = NULL;
}

void
segment_refresh(segment_reader_t *self)
{
    self->window_size = 0;
}

segment_result_t
segment_next(segment_reader_t *self, journal_entry_t *entry, char *error)
{
    segment_entry_t stored;
    const uint8_t *payload = NULL;
    uint8_t chain[JOURNAL_CHAIN_SIZE];
    bool failed = false;
    if (!segment_entry_at(self, self->offset, &stored, &payload, &failed)) {
        if (!failed)
            return SEGMENT_END;
        (void)refuse(error, "%s: cannot read at offset %llu: %s", self->path,
                     (unsigned long long)self->offset, strerror(errno));
        return SEGMENT_BROKEN;
    }
    *entry = (journal_entry_t){ .sequence = stored.sequence,
                                .now_ms = stored.now_ms,
                                .seed = stored.seed,
                                .count = stored.count,
                                .size = stored.size,
                                .payload = payload };
    journal_chain(chain, self->chain, entry);
    if (stored.sequence != self->sequence || stored.now_ms < self->now_ms ||
        memcmp(chain, stored.chain, sizeof chain) != 0) {
        (void)refuse(error,
                     "%s: the entry at offset %llu does not follow the one before it (sequence "
                     "%llu, expected %llu); restore from a backup",
                     self->path, (unsigned long long)self->offset,
                     (unsigned long long)stored.sequence, (unsigned long long)self->sequence);
        return SEGMENT_BROKEN;
    }
    memcpy(entry->chain, chain, sizeof chain);
    memcpy(self->chain, chain, sizeof chain);
    self->now_ms = stored.now_ms;
    self->epoch = stored.epoch;
    self->newest = self->offset;
    self->offset += segment_space(stored.size);
    self->sequence++;
    return SEGMENT_ENTRY;
}

int
segment_later(segment_reader_t *self, uint64_t *found, char *error)
{
    segment_entry_t stored;
    const uint8_t *payload = NULL;
    bool failed = false;
    *found = 0;
    for (uint64_t at = self->offset; at + SEGMENT_ALIGN <= self->size; at += SEGMENT_ALIGN) {
        if (segment_entry_at(self, at, &stored, &payload, &failed) &&
            stored.sequence >= self->sequence) {
            *found = at;
            return 0;
        }
        if (failed)
            return refuse(error, "%s: cannot read at offset %llu: %s", self->path,
                          (unsigned long long)at, strerror(errno));
    }
    return 0;
}
