/* disk - a disk under the store that keeps the promises an operating system makes, and no others.
 *
 * The program that links this file has its own open, pwrite, fdatasync, rename and so on, which the
 * store and liblmdb call instead of libc's. Paths below the mounted folder are watched; all others
 * pass through untouched. The files are real (so LMDB can map them) and show what the kernel's
 * cache would show. Beside them stands what is not durable yet: each write since the last sync of
 * its file, each change of names since the last sync of its folder.
 *
 * What a power loss may leave, per POSIX and ext4's ordered mode: of the unsynced writes of a file
 * any subset, and of a write any subset of its sectors (512 bytes; the newest is torn most often);
 * a size between the durable and the newest one; of the changes of names in a folder any prefix,
 * where a move between folders happened in both or in neither. What a sync promised stays. A sync
 * of a file says nothing about its name, a write with O_DSYNC nothing about other bytes. What is
 * written through a map (LMDB's lock.mdb alone) is in the newest content, whatever was lost.
 *
 * What libc does inside of itself (fopen, mkdtemp, remove) passes by: a file made so is durable
 * from the moment it is first opened. One thread. No allocation that can fail is left unchecked: it
 * aborts. */
#ifndef DISK_H
#define DISK_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DISK_SECTOR = 512 };

typedef enum {
    DISK_WRITE,    /* bytes of a file; one with O_DSYNC is durable when it returns */
    DISK_SYNC,     /* fsync or fdatasync of a file */
    DISK_NAMES,    /* create, rename, unlink, mkdir */
    DISK_SYNC_DIR, /* fsync of a folder */
    DISK_SIZE,     /* ftruncate, fallocate */
    DISK_KINDS
} disk_kind_t;

typedef struct {
    disk_kind_t kind;
    const char *path; /* below the mounted folder, such as "p0/journal/0000000000000001.seg" */
    uint64_t offset, size;
} disk_op_t;

/* What becomes of an operation. Dying is the death of the process that did it: the operation
 * happens not at all, in part (a prefix of the write, in sectors; a sync that made a part durable)
 * or whole; every later operation of the mount fails with EIO and changes nothing. */
typedef enum {
    DISK_GO,
    DISK_FAIL, /* fails with *trouble; a failed sync loses what it was to make durable, as Linux
                * does: those writes may be gone after a power loss, whatever later syncs say,
                * until they are written once more. Names and sizes wait for the next sync. */
    DISK_DIE_BEFORE,
    DISK_DIE_DURING,
    DISK_DIE_AFTER,
    DISK_SHORT, /* a write does a part, at least a byte, and says so; others do as with DISK_GO */
} disk_verdict_t;
/* Asked before every operation that changes something. */
typedef disk_verdict_t disk_watch_fn(void *argument, const disk_op_t *op, int *trouble);
/* A number in [0, bound), bound > 0: the only chance in here. */
typedef uint32_t disk_chance_fn(void *argument, uint32_t bound);

typedef struct {
    const char *root; /* an existing folder, best in /dev/shm; what is in it is durable */
    disk_watch_fn *watch;
    disk_chance_fn *chance;
    void *argument;
} disk_options_t;

typedef struct {
    uint64_t ops[DISK_KINDS];
    uint64_t dropped, torn; /* writes that a power loss took, whole or in part */
} disk_counts_t;

/* Until disk_unmount() a mount made before rests: nothing below it may be touched. So a watcher can
 * mount an image of what it watches and unmount it before it answers. */
void disk_mount(const disk_options_t *options);
/* Forget everything about the files, which stay. Nothing below the root may be open. */
void disk_unmount(void);
/* Did the process die at an operation? disk_die() lets it die between two. The dead can still read
 * and close. */
bool disk_dead(void);
void disk_die(void);
/* The process starts again: what it left open is closed (names and bytes stay: the kernel lives).
 */
void disk_revive(void);
/* The power is cut: what is not durable is lost as far as chance says, in the real files. The
 * process must be dead and everything closed. */
void disk_power_loss(void);
/* Write into the existing empty folder `to`, outside of the mount, what a power loss right now
 * might leave, with `percent` the share of unsynced writes that are lost (0: none, the newest whole
 * cache; 100: nothing unsynced survives; 101: chance for each). The mount is not touched. */
void disk_image(const char *to, uint32_t percent);
/* How many writes and changes of names are not durable at the moment. */
uint32_t disk_pending(void);
const disk_counts_t *disk_counts(void);
#endif
