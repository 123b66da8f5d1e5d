/* shadow - the writes of one file that are not durable yet.
 *
 * The file itself holds the newest bytes. Each write since the last sync is kept with the bytes it
 * put and the bytes it replaced, in order of time: taking all of them back, newest first, gives the
 * durable content; putting some of them again, oldest first, gives what a power loss may leave.
 *
 * A write that becomes durable before an older one settles its place for good: the older one is
 * cut by that range. A write lost by a failed sync stays, whatever syncs follow, until it is
 * written over durably. */
#ifndef SHADOW_H
#define SHADOW_H
#include "tests/disk/disk.h"

typedef struct {
    uint64_t offset, size;
    size_t put, replaced; /* where the bytes are; SHADOW_ZEROS: zeros */
    uint64_t file_size;   /* set by this change; SHADOW_SAME: as far as the write reaches */
    bool lost;
} shadow_write_t;
#define SHADOW_ZEROS SIZE_MAX
#define SHADOW_SAME  UINT64_MAX

typedef struct {
    shadow_write_t *writes;
    uint32_t count, room;
    uint8_t *bytes;
    size_t used, bytes_room;
    uint64_t size, durable_size; /* of the file */
} shadow_t;

typedef struct {
    disk_chance_fn *chance;
    void *argument;
    uint32_t share; /* percent that is lost */
    disk_counts_t *counts;
} shadow_loss_t;

/* A write begins: room for its bytes; what it replaces is read from `fd`. */
uint8_t *shadow_begin(shadow_t *self, int fd, uint64_t offset, size_t size);
/* It ended: `size` bytes were written, none when it failed. */
void shadow_end(shadow_t *self, size_t size);
/* The size is about to be changed. */
void shadow_resize(shadow_t *self, int fd, uint64_t size);
/* The newest write is durable: its descriptor is O_DSYNC. */
void shadow_settle_newest(shadow_t *self);
/* A sync: whole; of a part that chance chooses (NULL: all that it can); failed. */
void shadow_sync(shadow_t *self);
void shadow_sync_part(shadow_t *self, const shadow_loss_t *loss);
void shadow_lose(shadow_t *self);
/* How far any of its states reaches. */
uint64_t shadow_reach(const shadow_t *self);
/* Turn the newest content, zeros behind it up to shadow_reach(), into what a power loss may leave;
 * the size that is left. */
uint64_t shadow_cut(const shadow_t *self, uint8_t *content, const shadow_loss_t *loss);
void shadow_free(shadow_t *self);
#endif
