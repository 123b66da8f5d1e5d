/* shelf - see shelf.h for the contract. */
#include "store/shelf.h"
#include "store/folder.h"
#include "store/refuse.h"
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    SEGMENT_DEFAULT = 64 * 1024 * 1024,
    FILL_CHUNK = 1024 * 1024,
    RETRY_MS = 200,
    LIVE_SPARE = 16
};

static const char spare_name[] = "spare", spare_draft[] = "spare.tmp", next_draft[] = "next.tmp";
static uint8_t fill_zeros[FILL_CHUNK]; /* never written to */

static int64_t
shelf_clock_ms(void)
{
    struct timespec now;
    int rc = clock_gettime(CLOCK_MONOTONIC, &now);
    assert(rc == 0);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool
shelf_full(int trouble)
{
    return trouble == ENOSPC || trouble == EDQUOT || trouble == EFBIG;
}

static int
number_order(const void *left, const void *right)
{
    uint64_t a, b;
    memcpy(&a, left, sizeof a);
    memcpy(&b, right, sizeof b);
    return a < b ? -1 : a > b;
}

/* The segment numbers in a directory, ascending. 0, 1 when it is absent, or -1 with `error`. */
static int
shelf_numbers(const char *path, uint64_t **numbers, size_t *count, char *error)
{
    *numbers = NULL;
    *count = 0;
    size_t room = 0;
    DIR *directory = opendir(path);
    if (directory == NULL)
        return errno == ENOENT ? 1 : refuse(error, "%s: %s", path, strerror(errno));
    for (struct dirent *item; (item = readdir(directory)) != NULL;) {
        uint64_t number;
        if (!segment_number(item->d_name, &number))
            continue;
        if (*count == room) {
            room = room ? room * 2 : 64;
            uint64_t *more = realloc(*numbers, room * sizeof **numbers);
            if (more == NULL) {
                (void)closedir(directory);
                return refuse(error, "out of memory");
            }
            *numbers = more;
        }
        (*numbers)[(*count)++] = number;
    }
    (void)closedir(directory);
    if (*count > 0)
        qsort(*numbers, *count, sizeof **numbers, number_order);
    return 0;
}

/* List the directory. A segment moves from live to archive at any time beside a running owner, so
 * the live ones are listed first and the archived ones fill up what is below. */
static int
shelf_list(shelf_t *self, char *error)
{
    char path[SEGMENT_PATH_MAX];
    uint64_t *live = NULL, *old = NULL;
    size_t live_count = 0, old_count = 0;
    (void)snprintf(path, sizeof path, "%s/archive", self->directory);
    if (shelf_numbers(self->directory, &live, &live_count, error) < 0 ||
        shelf_numbers(path, &old, &old_count, error) < 0) {
        free(live);
        free(old);
        return -1;
    }
    shelf_segment_t *list = calloc(live_count + LIVE_SPARE, sizeof *list);
    if (list == NULL) {
        free(live);
        free(old);
        return refuse(error, "out of memory");
    }
    free(self->live);
    free(self->archived);
    self->live_room = live_count + LIVE_SPARE;
    self->live = list;
    self->archived = old;
    self->live_count = live_count;
    for (size_t i = 0; i < live_count; i++)
        self->live[i].number = live[i];
    free(live);
    size_t end = 0;
    while (end < old_count && (live_count == 0 || old[end] < self->live[0].number))
        end++;
    size_t begin = end;
    uint64_t expected = live_count ? self->live[0].number : end ? old[end - 1] + 1 : 0;
    while (begin > 0 && old[begin - 1] == expected - 1) {
        begin--;
        expected--;
    }
    self->archived_count = self->archived_room = end - begin;
    if (begin > 0)
        memmove(old, old + begin, (end - begin) * sizeof *old);
    for (size_t i = 1; i < live_count; i++)
        if (self->live[i].number != self->live[i - 1].number + 1)
            return refuse(error, "%s: segment %016llu is missing; restore from a backup",
                          self->directory, (unsigned long long)self->live[i - 1].number + 1);
    return 0;
}

int
shelf_refresh(shelf_t *self, char *error)
{
    (void)pthread_mutex_lock(&self->mutex);
    int rc = -1;
    /* beside an owner a listing can miss a segment that moves meanwhile, so a gap is looked at
     * again; each look sees the moves before it */
    for (int attempt = 0; rc != 0 && attempt < (self->read_only ? 5 : 1); attempt++)
        rc = shelf_list(self, error);
    (void)pthread_mutex_unlock(&self->mutex);
    return rc;
}

/* Is the spare whole, of the right size, and nobody else's (a backup may have linked it)? */
static bool
shelf_spare_fits(shelf_t *self)
{
    struct stat status;
    return fstatat(self->directory_fd, spare_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
           S_ISREG(status.st_mode) && status.st_nlink == 1 &&
           (uint64_t)status.st_size == self->segment_bytes;
}

static int
shelf_own(shelf_t *self, char *error)
{
    if (folder_make(self->directory, error) != 0)
        return -1;
    self->directory_fd = open(self->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (self->directory_fd < 0)
        return refuse(error, "%s: %s", self->directory, strerror(errno));
    self->owner_fd = folder_own(self->directory, "journal", error);
    if (self->owner_fd < 0)
        return -1;
    (void)unlinkat(self->directory_fd, spare_draft, 0);
    (void)unlinkat(self->directory_fd, next_draft, 0);
    self->spare = shelf_spare_fits(self);
    if (!self->spare)
        (void)unlinkat(self->directory_fd, spare_name, 0);
    return 0;
}

int
shelf_open(shelf_t *self, const journal_file_options_t *options, char *error)
{
    *self = (shelf_t){ .policy = options->policy,
                       .inline_io = options->inline_io,
                       .read_only = options->read_only,
                       .segment_bytes =
                           options->segment_bytes ? options->segment_bytes : SEGMENT_DEFAULT,
                       .directory_fd = -1,
                       .owner_fd = -1 };
    if (self->segment_bytes < 2 * SEGMENT_HEAD)
        self->segment_bytes = 2 * SEGMENT_HEAD;
    self->segment_bytes = self->segment_bytes / SEGMENT_HEAD * SEGMENT_HEAD;
    int rc = pthread_mutex_init(&self->mutex, NULL);
    assert(rc == 0);
    rc = pthread_cond_init(&self->work, NULL);
    assert(rc == 0);
    rc = pthread_cond_init(&self->made, NULL);
    assert(rc == 0);
    if (strlen(options->directory) >= sizeof self->directory)
        return refuse(error, "%s: the path is too long", options->directory);
    (void)snprintf(self->directory, sizeof self->directory, "%s", options->directory);
    if (!self->read_only && shelf_own(self, error) != 0)
        return -1;
    return shelf_refresh(self, error);
}

/* Make a zero-filled file of `size` bytes. The space is taken first, in one piece if it can be, so
 * that a full disk is noticed before much is written; zeros are then really written, because a
 * first write into space that was only taken costs a change of metadata with every sync. */
static int
shelf_fill(shelf_t *self, const char *name, uint64_t size)
{
    int fd = openat(self->directory_fd, name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return -1;
    int rc = fallocate(fd, 0, 0, (off_t)size);
    if (rc != 0 && (errno == EOPNOTSUPP || errno == ENOSYS || errno == EINTR))
        rc = 0;
    for (uint64_t at = 0; rc == 0 && at < size;) {
        uint64_t left = size - at;
        ssize_t n =
            pwrite(fd, fill_zeros, left < FILL_CHUNK ? (size_t)left : FILL_CHUNK, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            rc = -1;
            break;
        }
        at += (uint64_t)n;
        rc = fdatasync(fd); /* in small portions: appends sync on the same disk meanwhile */
    }
    if (rc == 0)
        rc = fsync(fd);
    if (rc == 0)
        return fd;
    int trouble = errno ? errno : EIO;
    (void)close(fd);
    (void)unlinkat(self->directory_fd, name, 0);
    errno = trouble;
    return -1;
}

/* Make the spare; the mutex is not held. 0 or an errno. */
static int
shelf_make_spare(shelf_t *self)
{
    int fd = shelf_fill(self, spare_draft, self->segment_bytes);
    if (fd < 0)
        return errno;
    (void)close(fd);
    return renameat(self->directory_fd, spare_draft, self->directory_fd, spare_name) == 0 ? 0
                                                                                          : errno;
}

/* One attempt at a spare, the mutex held on entry and on return. */
static void
shelf_attempt(shelf_t *self)
{
    (void)pthread_mutex_unlock(&self->mutex);
    int trouble = shelf_make_spare(self);
    (void)pthread_mutex_lock(&self->mutex);
    self->trouble = trouble;
    self->spare = trouble == 0;
    self->wanted = false;
    self->retry_ms = trouble ? shelf_clock_ms() + RETRY_MS : 0;
    self->attempts++;
    (void)pthread_cond_broadcast(&self->made);
}

/* Move a retired segment to the archive. */
static bool
shelf_archive(shelf_t *self, const char *name)
{
    if (mkdirat(self->directory_fd, "archive", 0700) != 0 && errno != EEXIST)
        return false;
    int fd = openat(self->directory_fd, "archive", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool done = renameat(self->directory_fd, name, fd, name) == 0;
    (void)fsync(fd);
    (void)close(fd);
    return done;
}

/* Make a retired segment the spare, or remove it. A segment that a backup has linked is left to
 * the backup. */
static bool
shelf_drop(shelf_t *self, const char *name, bool *spare)
{
    struct stat status;
    *spare = !*spare && fstatat(self->directory_fd, name, &status, 0) == 0 &&
             status.st_nlink == 1 && (uint64_t)status.st_size == self->segment_bytes;
    if (*spare)
        return renameat(self->directory_fd, name, self->directory_fd, spare_name) == 0;
    return unlinkat(self->directory_fd, name, 0) == 0;
}

/* Retire the oldest live segment; the mutex is held on entry and on return. False when the disk
 * would not have it: it stays live, and the next checkpoint tries again. */
static bool
shelf_retire_one(shelf_t *self)
{
    char name[SEGMENT_NAME_MAX];
    uint64_t number = self->live[0].number;
    bool spare = self->spare || self->wanted;
    bool archive = self->policy == JOURNAL_ARCHIVE;
    segment_name(name, number);
    if (archive && self->archived_count == self->archived_room) {
        size_t room = self->archived_room * 2 + 64;
        uint64_t *more = realloc(self->archived, room * sizeof *more);
        if (more == NULL)
            return false;
        self->archived = more;
        self->archived_room = room;
    }
    (void)pthread_mutex_unlock(&self->mutex);
    bool done = archive ? shelf_archive(self, name) : shelf_drop(self, name, &spare);
    if (done)
        (void)fsync(self->directory_fd); /* lost, the segment is only retired once more */
    (void)pthread_mutex_lock(&self->mutex);
    if (!done)
        return false;
    if (archive)
        self->archived[self->archived_count++] = number;
    else
        self->archived_count = 0;
    if (!archive && spare) {
        self->spare = true;
        self->wanted = false;
        (void)pthread_cond_broadcast(&self->made);
    }
    self->live_count--;
    memmove(self->live, self->live + 1, self->live_count * sizeof *self->live);
    return true;
}

/* All entries of the oldest segment are below the base of the next one. */
static bool
shelf_can_retire(const shelf_t *self)
{
    return self->live_count > 1 && self->live[1].base <= self->through + 1;
}

static void *
shelf_keeper(void *argument)
{
    (void)pthread_setname_np(pthread_self(), "mq-segments");
    shelf_t *self = argument;
    (void)pthread_mutex_lock(&self->mutex);
    while (!self->stop) {
        if (self->wanted && !self->spare)
            shelf_attempt(self);
        else if (shelf_can_retire(self)) {
            if (!shelf_retire_one(self))
                self->through = 0;
        } else
            (void)pthread_cond_wait(&self->work, &self->mutex);
    }
    (void)pthread_mutex_unlock(&self->mutex);
    return NULL;
}

int
shelf_start(shelf_t *self, char *error)
{
    if (self->inline_io || self->read_only)
        return 0;
    int rc = pthread_create(&self->keeper, NULL, shelf_keeper, self);
    if (rc != 0)
        return refuse(error, "cannot start the journal's keeper thread: %s", strerror(rc));
    self->running = true;
    return 0;
}

void
shelf_close(shelf_t *self)
{
    if (self->running) {
        (void)pthread_mutex_lock(&self->mutex);
        self->stop = true;
        (void)pthread_cond_signal(&self->work);
        (void)pthread_mutex_unlock(&self->mutex);
        (void)pthread_join(self->keeper, NULL);
    }
    (void)pthread_cond_destroy(&self->made);
    (void)pthread_cond_destroy(&self->work);
    (void)pthread_mutex_destroy(&self->mutex);
    if (self->directory_fd >= 0)
        (void)close(self->directory_fd);
    if (self->owner_fd >= 0)
        (void)close(self->owner_fd);
    free(self->live);
    free(self->archived);
    self->live = NULL;
    self->archived = NULL;
}

/* Have a spare, the mutex held. 0 or an errno. */
static int
shelf_need_spare(shelf_t *self)
{
    if (self->spare && !shelf_spare_fits(self)) {
        (void)unlinkat(self->directory_fd, spare_name, 0);
        self->spare = false;
    }
    if (self->spare)
        return 0;
    if (!self->running) { /* who owns the journal decides when to ask again, by its own clock */
        shelf_attempt(self);
        return self->trouble;
    }
    if (!self->wanted && self->trouble && shelf_clock_ms() < self->retry_ms)
        return self->trouble;
    uint64_t seen = self->attempts;
    self->wanted = true;
    (void)pthread_cond_signal(&self->work);
    while (!self->spare && self->attempts == seen)
        (void)pthread_cond_wait(&self->made, &self->mutex);
    return self->spare ? 0 : self->trouble;
}

/* The draft of a segment with room for `need` bytes, or -1 with errno. */
static int
shelf_draft(shelf_t *self, uint64_t need, uint64_t *size)
{
    *size = self->segment_bytes;
    if (SEGMENT_HEAD + need > self->segment_bytes) {
        *size = SEGMENT_HEAD + need;
        return shelf_fill(self, next_draft, *size);
    }
    (void)pthread_mutex_lock(&self->mutex);
    int trouble = shelf_need_spare(self);
    if (trouble == 0 &&
        renameat(self->directory_fd, spare_name, self->directory_fd, next_draft) != 0)
        trouble = errno;
    if (trouble == 0)
        self->spare = false;
    (void)pthread_mutex_unlock(&self->mutex);
    errno = trouble;
    return trouble ? -1 : openat(self->directory_fd, next_draft, O_RDWR | O_CLOEXEC);
}

/* Room in the list for one more; false when memory is short. */
static bool
shelf_list_room(shelf_t *self)
{
    (void)pthread_mutex_lock(&self->mutex);
    bool room = self->live_count < self->live_room;
    if (!room) {
        shelf_segment_t *more = realloc(self->live, self->live_room * 2 * sizeof *more);
        room = more != NULL;
        if (room) {
            self->live = more;
            self->live_room *= 2;
        }
    }
    (void)pthread_mutex_unlock(&self->mutex);
    return room;
}

/* Only when its head is on disk does the segment get its name: a named one always has a head. */
int
shelf_take(shelf_t *self, segment_head_t *head, uint64_t need, uint64_t *size)
{
    char name[SEGMENT_NAME_MAX];
    segment_name(name, head->number);
    if (!shelf_list_room(self)) {
        errno = ENOMEM;
        return -1;
    }
    int fd = shelf_draft(self, need, size);
    if (fd < 0)
        return -1;
    if (segment_write_head(fd, head) != 0 ||
        renameat(self->directory_fd, next_draft, self->directory_fd, name) != 0 ||
        fsync(self->directory_fd) != 0) {
        int trouble = errno;
        (void)close(fd);
        errno = trouble;
        return -1;
    }
    (void)pthread_mutex_lock(&self->mutex);
    self->live[self->live_count++] = (shelf_segment_t){ head->number, head->base };
    (void)pthread_mutex_unlock(&self->mutex);
    return fd;
}

void
shelf_want(shelf_t *self)
{
    if (!self->running)
        return;
    (void)pthread_mutex_lock(&self->mutex);
    if (!self->spare && !self->wanted && shelf_clock_ms() >= self->retry_ms) {
        self->wanted = true;
        (void)pthread_cond_signal(&self->work);
    }
    (void)pthread_mutex_unlock(&self->mutex);
}

void
shelf_retire(shelf_t *self, uint64_t through)
{
    (void)pthread_mutex_lock(&self->mutex);
    self->through = through;
    if (self->running)
        (void)pthread_cond_signal(&self->work);
    else
        while (shelf_can_retire(self) && shelf_retire_one(self))
            ;
    (void)pthread_mutex_unlock(&self->mutex);
}

uint64_t
shelf_count(shelf_t *self, uint64_t *first)
{
    (void)pthread_mutex_lock(&self->mutex);
    *first = self->archived_count ? self->archived[0] : self->live_count ? self->live[0].number : 0;
    uint64_t count = self->archived_count + self->live_count;
    (void)pthread_mutex_unlock(&self->mutex);
    return count;
}

int
shelf_read(shelf_t *self, uint64_t number, segment_reader_t *reader, char *error)
{
    char path[SEGMENT_PATH_MAX], name[SEGMENT_NAME_MAX];
    segment_name(name, number);
    (void)snprintf(path, sizeof path, "%s/%s", self->directory, name);
    int rc = segment_open(reader, path, error);
    if (rc != 1)
        return rc;
    (void)snprintf(path, sizeof path, "%s/archive/%s", self->directory, name);
    return segment_open(reader, path, error);
}
