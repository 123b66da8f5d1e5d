/* journal_file - the local backend of journal.h: segments of a directory.
 *
 * What holds between calls:
 * (1) `fd`, `offset` and `head` describe the segment being written; while an append runs they are
 *     the writer thread's, otherwise the owner's.
 * (2) base.last and `chain` are of the last durable entry, and are the owner's.
 * (3) after JOURNAL_UNKNOWN nothing is ever written again. */
#include "store/journal.h"
#include "store/refuse.h"
#include "store/shelf.h"
#include "store/walk.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

typedef struct {
    journal_t base;
    journal_file_options_t options;
    char directory[SEGMENT_PATH_MAX / 2];
    shelf_t shelf;
    uint64_t epoch;
    uint8_t chain[16]; /* of the last durable entry */
    int fd;
    uint64_t offset, size;
    segment_head_t head;
    journal_entry_t entry;  /* being appended */
    journal_entry_t *asker; /* whose append runs */
    bool appending, dead;
    atomic_int result; /* journal_result_t of the append */
    atomic_int trouble;
    atomic_ullong bytes, appends, last_us, max_us;
    pthread_mutex_t mutex; /* guards `asked` and `stop` */
    pthread_cond_t wake;
    pthread_t writer;
    bool running, asked, stop;
} journal_file_t;

static int64_t
journal_clock_us(void)
{
    struct timespec now;
    int rc = clock_gettime(CLOCK_MONOTONIC, &now);
    assert(rc == 0);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Write all of it, or fail. */
static int
journal_write_whole(int fd, struct iovec *parts, int count, uint64_t offset)
{
    while (count > 0) {
        ssize_t n = pwritev(fd, parts, count, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return -1;
        offset += (uint64_t)n;
        size_t left = (size_t)n;
        for (; count > 0 && left >= parts->iov_len; parts++, count--)
            left -= parts->iov_len;
        if (count > 0) {
            parts->iov_base = (uint8_t *)parts->iov_base + left;
            parts->iov_len -= left;
        }
    }
    return 0;
}

/* Go on in a new segment whose first entry is `entry`. Until its name is there, nothing happened.
 */
static journal_result_t
journal_turn_page(journal_file_t *self, const journal_entry_t *entry)
{
    segment_head_t head = self->head;
    uint64_t size;
    head.number++;
    head.apply_version = self->options.apply_version;
    head.base = entry->sequence;
    head.now_ms = self->base.now_ms;
    memcpy(head.chain, self->chain, sizeof head.chain);
    randombytes_buf(&head.salt, sizeof head.salt);
    int fd = shelf_take(&self->shelf, &head, segment_space(entry->size), &size);
    if (fd < 0) {
        atomic_store(&self->trouble, errno);
        return shelf_full(errno) ? JOURNAL_FULL : JOURNAL_UNKNOWN;
    }
    if (self->fd >= 0)
        (void)close(self->fd); /* every write to it was synced and checked */
    self->fd = fd;
    self->head = head;
    self->size = size;
    self->offset = SEGMENT_HEAD;
    return JOURNAL_OK;
}

static journal_result_t
journal_write_entry(journal_file_t *self, const journal_entry_t *entry)
{
    static const uint8_t zeros[SEGMENT_ALIGN] = { 0 };
    uint64_t space = segment_space(entry->size);
    if (self->offset + space > self->size) {
        journal_result_t result = journal_turn_page(self, entry);
        if (result != JOURNAL_OK)
            return result;
    }
    segment_entry_t stored;
    segment_seal(&stored, &self->head, entry, self->epoch);
    struct iovec parts[3] = {
        { &stored, sizeof stored },
        { (void *)(uintptr_t)entry->payload, entry->size },
        { (void *)(uintptr_t)zeros, (size_t)(space - sizeof stored - entry->size) },
    };
    if (journal_write_whole(self->fd, parts, 3, self->offset) != 0 || fdatasync(self->fd) != 0) {
        atomic_store(&self->trouble, errno);
        return JOURNAL_UNKNOWN;
    }
    self->offset += space;
    (void)atomic_fetch_add(&self->bytes, space);
    (void)atomic_fetch_add(&self->appends, 1);
    if (self->offset > self->size / 2)
        shelf_want(&self->shelf);
    return JOURNAL_OK;
}

static void
journal_perform(journal_file_t *self)
{
    int64_t start_us = journal_clock_us();
    journal_chain(self->entry.chain, self->chain, &self->entry);
    journal_result_t result =
        self->dead ? JOURNAL_UNKNOWN : journal_write_entry(self, &self->entry);
    unsigned long long took_us = (unsigned long long)(journal_clock_us() - start_us);
    atomic_store(&self->last_us, took_us);
    if (took_us > atomic_load(&self->max_us))
        atomic_store(&self->max_us, took_us);
    atomic_store(&self->result, (int)result);
}

static void *
journal_writer(void *argument)
{
    (void)pthread_setname_np(pthread_self(), "mq-journal");
    journal_file_t *self = argument;
    (void)pthread_mutex_lock(&self->mutex);
    for (;;) {
        while (!self->asked && !self->stop)
            (void)pthread_cond_wait(&self->wake, &self->mutex);
        if (!self->asked)
            break;
        self->asked = false;
        (void)pthread_mutex_unlock(&self->mutex);
        journal_perform(self);
        uint64_t one = 1;
        ssize_t n = write(self->base.fd, &one, sizeof one);
        assert(n == (ssize_t)sizeof one);
        (void)pthread_mutex_lock(&self->mutex);
    }
    (void)pthread_mutex_unlock(&self->mutex);
    return NULL;
}

static void
journal_file_append(journal_t *base, journal_entry_t *entry)
{
    journal_file_t *self = (journal_file_t *)base;
    assert(!self->options.read_only);
    assert(!self->appending);
    assert(entry->size <= JOURNAL_ENTRY_MAX);
    assert(entry->sequence == base->last + 1);
    assert(entry->now_ms >= base->now_ms);
    self->entry = *entry;
    self->asker = entry;
    self->appending = true;
    self->dead = self->dead || atomic_load(&self->result) == JOURNAL_UNKNOWN;
    atomic_store(&self->result, JOURNAL_RUNNING);
    if (!self->running || entry->at_once) {
        journal_perform(self);
        return;
    }
    (void)pthread_mutex_lock(&self->mutex);
    self->asked = true;
    (void)pthread_cond_signal(&self->wake);
    (void)pthread_mutex_unlock(&self->mutex);
}

static journal_result_t
journal_file_ended(journal_t *base)
{
    journal_file_t *self = (journal_file_t *)base;
    journal_result_t result = (journal_result_t)atomic_load(&self->result);
    if (result == JOURNAL_RUNNING || !self->appending)
        return result;
    /* The result is there before the signal: wait for that too, or it would wake a later append. */
    uint64_t signal;
    if (self->running && !self->entry.at_once && read(base->fd, &signal, sizeof signal) < 0)
        return JOURNAL_RUNNING;
    self->appending = false;
    base->trouble = atomic_load(&self->trouble);
    if (result == JOURNAL_OK) {
        base->last = self->entry.sequence;
        if (base->first == 0)
            base->first = base->last;
        base->now_ms = self->entry.now_ms;
        memcpy(self->chain, self->entry.chain, sizeof self->chain);
        memcpy(self->asker->chain, self->entry.chain, sizeof self->chain);
    }
    return result;
}

/* Epochs are kept in the lock file; the entries' own are the lower bound should it be lost. */
static journal_result_t
journal_file_acquire(journal_t *base, uint64_t *epoch)
{
    journal_file_t *self = (journal_file_t *)base;
    char text[32] = "";
    assert(!self->options.read_only);
    ssize_t n = pread(self->shelf.owner_fd, text, sizeof text - 1, 0);
    uint64_t stored = n > 0 ? strtoull(text, NULL, 10) : 0;
    self->epoch = (stored > self->epoch ? stored : self->epoch) + 1;
    int size = snprintf(text, sizeof text, "%llu\n", (unsigned long long)self->epoch);
    n = pwrite(self->shelf.owner_fd, text, (size_t)size, 0);
    if (n != size || fdatasync(self->shelf.owner_fd) != 0) {
        base->trouble = errno;
        return shelf_full(errno) ? JOURNAL_FULL : JOURNAL_UNKNOWN;
    }
    *epoch = self->epoch;
    return JOURNAL_OK;
}

static int
journal_file_read(journal_t *base, uint64_t from, journal_visit_fn *visit, void *argument,
                  char *error)
{
    journal_file_t *self = (journal_file_t *)base;
    walk_end_t end;
    uint64_t number, first;
    if (self->options.read_only && shelf_refresh(&self->shelf, error) != 0)
        return -1;
    if (from == 0)
        from = 1;
    if (shelf_count(&self->shelf, &first) == 0)
        return 0;
    uint64_t through = self->options.read_only ? UINT64_MAX : base->last;
    if (from > through)
        return 0;
    if (walk_find(&self->shelf, from, &number, error) != 0)
        return -1;
    segment_reader_t reader;
    int rc = shelf_read(&self->shelf, number, &reader, error);
    if (rc != 0)
        return rc == 1 ? refuse(error, "segment %016llu is gone", (unsigned long long)number) : -1;
    uint64_t lowest = reader.head.base;
    segment_close(&reader);
    if (lowest > from)
        return refuse(error, "%s: entries before %llu are not kept any more", self->directory,
                      (unsigned long long)lowest);
    return walk(&self->shelf, &self->options, number, from, through, visit, argument, &end, error);
}

static void
journal_file_truncate(journal_t *base, uint64_t through)
{
    journal_file_t *self = (journal_file_t *)base;
    assert(!self->options.read_only);
    assert(through <= base->last);
    shelf_retire(&self->shelf, through);
    /* A dropped segment takes its entries along; the keeper may still be at it, so this can name
     * entries as gone that are there a moment longer. */
    if (self->options.policy == JOURNAL_DROP) {
        uint64_t lowest = base->first;
        (void)pthread_mutex_lock(&self->shelf.mutex);
        for (size_t i = 0; i < self->shelf.live_count; i++)
            if (self->shelf.live[i].base <= through + 1 && self->shelf.live[i].base > lowest)
                lowest = self->shelf.live[i].base;
        (void)pthread_mutex_unlock(&self->shelf.mutex);
        base->first = lowest;
    }
}

static void
journal_file_close(journal_t **self_p)
{
    if (*self_p == NULL)
        return;
    journal_file_t *self = (journal_file_t *)*self_p;
    *self_p = NULL;
    if (self->running) {
        (void)pthread_mutex_lock(&self->mutex);
        self->stop = true;
        (void)pthread_cond_signal(&self->wake);
        (void)pthread_mutex_unlock(&self->mutex);
        (void)pthread_join(self->writer, NULL);
    }
    shelf_close(&self->shelf);
    (void)pthread_cond_destroy(&self->wake);
    (void)pthread_mutex_destroy(&self->mutex);
    if (self->fd >= 0)
        (void)close(self->fd);
    if (self->base.fd >= 0)
        (void)close(self->base.fd);
    free(self);
}

static void
journal_file_figures(journal_t *base, journal_figures_t *figures)
{
    journal_file_t *self = (journal_file_t *)base;
    uint64_t first;
    *figures = (journal_figures_t){ .appends = atomic_load(&self->appends),
                                    .bytes = atomic_load(&self->bytes),
                                    .append_last_us = atomic_load(&self->last_us),
                                    .append_max_us = atomic_load(&self->max_us),
                                    .segments = shelf_count(&self->shelf, &first) };
}

/* ---- opening ---- */

static int
journal_stop_visit(void *argument, const journal_entry_t *entry)
{
    memcpy(argument, entry->chain, JOURNAL_CHAIN_SIZE);
    return 1;
}

/* The checkpoint must be an entry of this journal: its chain value says so. */
static int
journal_match(journal_file_t *self, uint64_t checkpoint, const uint8_t *chain, char *error)
{
    uint8_t found[JOURNAL_CHAIN_SIZE] = { 0 };
    uint64_t number;
    walk_end_t end;
    segment_reader_t reader;
    if (checkpoint > self->base.last)
        return refuse(error,
                      "%s: the journal ends at %llu, but the state is a checkpoint of %llu: the "
                      "journal was lost or is older; restore both from one backup",
                      self->directory, (unsigned long long)self->base.last,
                      (unsigned long long)checkpoint);
    if (checkpoint + 1 < self->base.first)
        return refuse(error,
                      "%s: the state is a checkpoint of %llu, but the journal begins at %llu: the "
                      "entries between are missing; restore both from one backup",
                      self->directory, (unsigned long long)checkpoint,
                      (unsigned long long)self->base.first);
    if (checkpoint == 0)
        return 0;
    if (walk_find(&self->shelf, checkpoint + 1, &number, error) != 0)
        return -1;
    int rc = shelf_read(&self->shelf, number, &reader, error);
    if (rc != 0)
        return rc == 1 ? refuse(error, "segment %016llu is gone", (unsigned long long)number) : -1;
    bool before = reader.head.base == checkpoint + 1;
    if (before)
        memcpy(found, reader.head.chain, sizeof found);
    segment_close(&reader);
    if (!before && walk(&self->shelf, &self->options, number, checkpoint, checkpoint,
                        journal_stop_visit, found, &end, error) < 0)
        return -1;
    return memcmp(found, chain, sizeof found) == 0
               ? 0
               : refuse(error,
                        "%s: entry %llu is not the one that the state was made with: state and "
                        "journal are of different histories; restore both from one backup",
                        self->directory, (unsigned long long)checkpoint);
}

/* Read the heads: the bases of the live segments, and the lowest apply version still needed. */
static int
journal_heads(journal_file_t *self, uint64_t checkpoint, char *error)
{
    uint64_t first, needed;
    uint64_t count = shelf_count(&self->shelf, &first);
    if (walk_find(&self->shelf, checkpoint + 1, &needed, error) != 0)
        return -1;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t number = first + i;
        size_t archived = self->shelf.archived_count;
        if (i > 0 && i < archived && number < needed)
            continue;
        segment_reader_t reader;
        int rc = shelf_read(&self->shelf, number, &reader, error);
        if (rc != 0)
            return rc == 1 ? refuse(error, "segment %016llu is gone", (unsigned long long)number)
                           : -1;
        rc = walk_identity(&reader, &self->options, error);
        segment_head_t head = reader.head;
        segment_close(&reader);
        if (rc != 0)
            return rc;
        if (i == 0)
            self->base.first = head.base;
        if (i >= archived)
            self->shelf.live[i - archived].base = head.base;
        if (number >= needed && self->base.last > checkpoint && head.base <= self->base.last &&
            head.apply_version < self->base.apply_version)
            self->base.apply_version = head.apply_version;
    }
    return 0;
}

/* Zero what a torn append can have left behind the last entry, so that nothing but zeros, or what
 * can never pass for an entry, follows the next one. */
static int
journal_cut_tail(journal_file_t *self, char *error)
{
    size_t room = (size_t)segment_space(JOURNAL_ENTRY_MAX);
    uint64_t left = self->size - self->offset;
    size_t want = left < room ? (size_t)left : room;
    uint8_t *bytes = malloc(want + 1);
    if (bytes == NULL)
        return refuse(error, "out of memory");
    bool clean = true;
    for (size_t done = 0; done < want;) {
        ssize_t n = pread(self->fd, bytes + done, want - done, (off_t)(self->offset + done));
        if (n <= 0) {
            free(bytes);
            return refuse(error, "%s: cannot read behind the last entry", self->directory);
        }
        for (ssize_t i = 0; i < n && clean; i++)
            clean = bytes[done + (size_t)i] == 0;
        done += (size_t)n;
    }
    int rc = 0;
    if (!clean) {
        memset(bytes, 0, want);
        struct iovec part = { bytes, want };
        rc = journal_write_whole(self->fd, &part, 1, self->offset) != 0 || fdatasync(self->fd) != 0
                 ? refuse(error, "%s: cannot clear the torn tail: %s", self->directory,
                          strerror(errno))
                 : 0;
    }
    free(bytes);
    return rc;
}

/* What was read is promised again from now on: repeats are answered from it. But who wrote the last
 * entry may have died before its sync, or because of it, and then the entry is in the kernel's
 * memory only, even marked as clean. So it is written once more and synced, and so are the names
 * in the directory. Entries before it were synced before it was written. */
static int
journal_settle_tail(journal_file_t *self, uint64_t newest, char *error)
{
    size_t size = newest == 0 ? 0 : (size_t)(self->offset - newest);
    uint8_t *bytes = malloc(size + 1);
    if (bytes == NULL)
        return refuse(error, "out of memory");
    int rc = 0;
    for (size_t done = 0; rc == 0 && done < size;) {
        ssize_t n = pread(self->fd, bytes + done, size - done, (off_t)(newest + done));
        if (n > 0)
            done += (size_t)n;
        else if (n == 0 || errno != EINTR)
            rc = refuse(error, "%s: cannot read the last entry", self->directory);
    }
    struct iovec part = { bytes, size };
    if (rc == 0 && (journal_write_whole(self->fd, &part, size > 0, newest) != 0 ||
                    fdatasync(self->fd) != 0 || fsync(self->shelf.directory_fd) != 0))
        rc = refuse(error, "%s: cannot make the last entry durable: %s", self->directory,
                    strerror(errno));
    free(bytes);
    return rc;
}

/* Find where the journal ends and take up writing there. */
static int
journal_resume(journal_file_t *self, char *error)
{
    walk_end_t end;
    uint64_t first;
    char name[SEGMENT_NAME_MAX];
    uint64_t count = shelf_count(&self->shelf, &first);
    uint64_t live = self->shelf.live_count ? self->shelf.live[0].number : first + count - 1;
    if (walk(&self->shelf, &self->options, live, 0, UINT64_MAX, NULL, NULL, &end, error) != 0)
        return -1;
    self->base.last = end.sequence - 1;
    self->head = end.head;
    self->epoch = end.epoch;
    self->base.now_ms = end.now_ms;
    self->size = end.size;
    self->offset = end.offset;
    memcpy(self->chain, end.chain, sizeof self->chain);
    if (self->options.read_only)
        return 0;
    segment_name(name, end.head.number);
    self->fd = openat(self->shelf.directory_fd, name, O_RDWR | O_CLOEXEC);
    if (self->fd < 0)
        return refuse(error, "%s/%s: %s", self->directory, name, strerror(errno));
    if (journal_cut_tail(self, error) != 0 || journal_settle_tail(self, end.newest, error) != 0)
        return -1;
    if (self->head.apply_version != self->options.apply_version)
        self->offset = self->size; /* entries of another version go to a segment of their own */
    return 0;
}

static int
journal_begin(journal_file_t *self, uint64_t checkpoint, const uint8_t *chain, char *error)
{
    uint64_t first;
    if (shelf_count(&self->shelf, &first) == 0) {
        self->base.last = checkpoint;
        memcpy(self->chain, chain, sizeof self->chain);
        if (checkpoint > 0 && !self->options.begin_behind)
            return refuse(error,
                          "%s: there is no journal, but the state is a checkpoint of %llu: the "
                          "journal was lost; restore both from one backup",
                          self->directory, (unsigned long long)checkpoint);
        return 0;
    }
    if (self->shelf.live_count == 0)
        return refuse(error, "%s: the segment behind %016llu is missing; restore from a backup",
                      self->directory,
                      (unsigned long long)self->shelf.archived[self->shelf.archived_count - 1]);
    if (journal_resume(self, error) != 0 || journal_heads(self, checkpoint, error) != 0)
        return -1;
    if (self->base.last < self->base.first)
        self->base.first = 0;
    return journal_match(self, checkpoint, chain, error);
}

static int
journal_threads(journal_file_t *self, char *error)
{
    if (self->options.inline_io || self->options.read_only)
        return 0;
    self->base.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (self->base.fd < 0)
        return refuse(error, "eventfd: %s", strerror(errno));
    int rc = pthread_create(&self->writer, NULL, journal_writer, self);
    if (rc != 0)
        return refuse(error, "cannot start the journal's writer thread: %s", strerror(rc));
    self->running = true;
    return 0;
}

/* Begin an empty journal with a segment that says where it begins. */
static int
journal_found(journal_file_t *self, char *error)
{
    journal_entry_t first = { .sequence = self->base.last + 1 };
    return journal_turn_page(self, &first) == JOURNAL_OK
               ? 0
               : refuse(error, "%s: cannot begin a journal: %s", self->directory,
                        strerror(atomic_load(&self->trouble)));
}

int
journal_file_open(journal_t **self_p, const journal_file_options_t *options, uint64_t checkpoint,
                  const uint8_t chain[JOURNAL_CHAIN_SIZE], char *error)
{
    *self_p = NULL;
    if (sodium_init() < 0)
        return refuse(error, "libsodium does not start");
    journal_file_t *self = calloc(1, sizeof *self);
    if (self == NULL)
        return refuse(error, "out of memory");
    self->options = *options;
    self->base = (journal_t){ .acquire = journal_file_acquire,
                              .append = journal_file_append,
                              .ended = journal_file_ended,
                              .read = journal_file_read,
                              .truncate = journal_file_truncate,
                              .figures = journal_file_figures,
                              .close = journal_file_close,
                              .apply_version = options->apply_version,
                              .now_ms = INT64_MIN,
                              .fd = -1 };
    self->fd = -1;
    memcpy(self->head.site, options->site, sizeof self->head.site);
    self->head.partition = options->partition;
    self->head.partitions = options->partitions;
    int rc = pthread_mutex_init(&self->mutex, NULL);
    assert(rc == 0);
    rc = pthread_cond_init(&self->wake, NULL);
    assert(rc == 0);
    (void)snprintf(self->directory, sizeof self->directory, "%s", options->directory);
    self->options.directory = self->directory;
    *self_p = &self->base;
    if (shelf_open(&self->shelf, options, error) == 0 &&
        journal_begin(self, checkpoint, chain, error) == 0 &&
        shelf_start(&self->shelf, error) == 0 &&
        (self->options.read_only || self->fd >= 0 || journal_found(self, error) == 0) &&
        journal_threads(self, error) == 0)
        return 0;
    journal_file_close(self_p);
    return -1;
}
