/* shadow - see shadow.h for the contract. */
#include "tests/disk/shadow.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void
shadow_room(shadow_t *self, size_t bytes)
{
    if (self->count + 2 > self->room) {
        self->room = self->room ? 2 * self->room : 16;
        self->writes = realloc(self->writes, self->room * sizeof *self->writes);
        assert(self->writes);
    }
    if (self->used + bytes > self->bytes_room) {
        self->bytes_room = 2 * (self->used + bytes);
        self->bytes = realloc(self->bytes, self->bytes_room);
        assert(self->bytes);
    }
}

/* The bytes of the file in [offset, offset + size), zeros behind its end. */
static void
shadow_read(int fd, uint64_t offset, uint8_t *to, size_t size)
{
    size_t done = 0;
    if (size == 0)
        return;
    while (done < size) {
        ssize_t n = pread(fd, to + done, size - done, (off_t)(offset + done));
        assert(n >= 0);
        if (n == 0)
            break;
        done += (size_t)n;
    }
    memset(to + done, 0, size - done);
}

uint8_t *
shadow_begin(shadow_t *self, int fd, uint64_t offset, size_t size)
{
    shadow_room(self, 2 * size);
    shadow_write_t *write = &self->writes[self->count++];
    *write = (shadow_write_t){ .offset = offset,
                               .size = size,
                               .put = self->used,
                               .replaced = self->used + size,
                               .file_size = SHADOW_SAME };
    if (offset < self->size)
        shadow_read(fd, offset, self->bytes + write->replaced, size);
    else
        write->replaced = SHADOW_ZEROS;
    self->used += write->replaced == SHADOW_ZEROS ? size : 2 * size;
    return self->bytes + write->put;
}

void
shadow_end(shadow_t *self, size_t size)
{
    shadow_write_t *write = &self->writes[self->count - 1];
    assert(size <= write->size);
    write->size = size;
    if (size == 0) {
        self->used = write->put;
        self->count--;
    } else if (write->offset + size > self->size)
        self->size = write->offset + size;
}

/* Cutting a file is a write of zeros as well, lest its old bytes come back when it grows again. */
void
shadow_resize(shadow_t *self, int fd, uint64_t size)
{
    uint64_t cut = size < self->size ? self->size - size : 0;
    shadow_room(self, cut);
    self->writes[self->count++] = (shadow_write_t){
        .offset = size, .size = cut, .put = SHADOW_ZEROS, .replaced = self->used, .file_size = size
    };
    shadow_read(fd, size, self->bytes + self->used, cut);
    self->used += cut;
    self->size = size;
}

/* ---- what becomes durable ---- */

/* The part of a write from `from` on, `size` bytes. */
static shadow_write_t
shadow_piece(const shadow_write_t *write, uint64_t from, uint64_t size)
{
    shadow_write_t piece = *write;
    size_t skip = from - write->offset;
    piece.offset = from;
    piece.size = size;
    if (piece.put != SHADOW_ZEROS)
        piece.put += skip;
    if (piece.replaced != SHADOW_ZEROS)
        piece.replaced += skip;
    return piece;
}

/* Take [from, to) out of write `index`. */
static void
shadow_trim(shadow_t *self, uint32_t index, uint64_t from, uint64_t to)
{
    shadow_write_t write = self->writes[index];
    uint64_t end = write.offset + write.size;
    if (to <= write.offset || from >= end)
        return;
    if (from > write.offset && to < end) {
        shadow_room(self, 0);
        memmove(self->writes + index + 1, self->writes + index,
                (self->count++ - index) * sizeof write);
        self->writes[index] = shadow_piece(&write, write.offset, from - write.offset);
        self->writes[index + 1] = shadow_piece(&write, to, end - to);
    } else if (from > write.offset)
        self->writes[index] = shadow_piece(&write, write.offset, from - write.offset);
    else if (to < end)
        self->writes[index] = shadow_piece(&write, to, end - to);
    else
        self->writes[index] = shadow_piece(&write, write.offset, 0);
}

/* Write `index` is durable: it goes, and older ones have no say in its place. */
static void
shadow_settle(shadow_t *self, uint32_t index)
{
    shadow_write_t write = self->writes[index];
    uint64_t end = write.offset + write.size;
    memmove(self->writes + index, self->writes + index + 1, (--self->count - index) * sizeof write);
    for (uint32_t i = index; i-- > 0;)
        if (write.size > 0)
            shadow_trim(self, i, write.offset, end);
    if (write.file_size != SHADOW_SAME)
        self->durable_size = write.file_size;
    else if (end > self->durable_size)
        self->durable_size = end;
}

static size_t
shadow_keep(const shadow_t *self, uint8_t *bytes, size_t at, size_t *from, size_t size)
{
    if (*from == SHADOW_ZEROS || size == 0)
        return at;
    memcpy(bytes + at, self->bytes + *from, size);
    *from = at;
    return at + size;
}

/* Forget writes of which nothing is left, and the bytes that no other one needs. */
static void
shadow_tidy(shadow_t *self)
{
    uint8_t *bytes = self->count ? malloc(self->bytes_room + 1) : NULL;
    assert(bytes || self->count == 0);
    uint32_t count = 0;
    size_t used = 0;
    for (uint32_t i = 0; i < self->count; i++) {
        shadow_write_t write = self->writes[i];
        if (write.size == 0 && write.file_size == SHADOW_SAME)
            continue;
        used = shadow_keep(self, bytes, used, &write.put, write.size);
        used = shadow_keep(self, bytes, used, &write.replaced, write.size);
        self->writes[count++] = write;
    }
    if (bytes) {
        free(self->bytes);
        self->bytes = bytes;
    }
    self->count = count;
    self->used = used;
}

void
shadow_settle_newest(shadow_t *self)
{
    assert(self->count > 0);
    shadow_settle(self, self->count - 1);
    shadow_tidy(self);
}

void
shadow_sync(shadow_t *self)
{
    bool lost = false;
    for (uint32_t i = 0; i < self->count && !lost; i++)
        lost = self->writes[i].lost;
    if (lost)
        shadow_sync_part(self, NULL);
    else
        self->count = 0, self->used = 0;
    self->durable_size = self->size;
}

/* Oldest first; what a write leaves of older ones may be two pieces, which moves those behind. */
void
shadow_sync_part(shadow_t *self, const shadow_loss_t *loss)
{
    for (uint32_t i = 0; i < self->count;) {
        uint32_t before = self->count;
        bool durable = !loss || loss->chance(loss->argument, 2);
        if (durable && !self->writes[i].lost) {
            shadow_settle(self, i);
            i += self->count + 1 - before;
        } else
            i++;
    }
    shadow_tidy(self);
}

void
shadow_lose(shadow_t *self)
{
    for (uint32_t i = 0; i < self->count; i++)
        self->writes[i].lost = self->writes[i].file_size == SHADOW_SAME;
}

/* ---- what a power loss leaves ---- */

static void
shadow_copy(const shadow_t *self, uint8_t *content, uint64_t offset, uint64_t size, size_t from)
{
    if (from == SHADOW_ZEROS)
        memset(content + offset, 0, size);
    else if (size > 0)
        memcpy(content + offset, self->bytes + from, size);
}

/* Some of its sectors; how far the write still reaches. */
static uint64_t
shadow_tear(const shadow_t *self, uint8_t *content, const shadow_write_t *write,
            const shadow_loss_t *loss)
{
    uint64_t end = write->offset + write->size, reach = 0;
    for (uint64_t at = write->offset; at < end;) {
        uint64_t next = at / DISK_SECTOR * DISK_SECTOR + DISK_SECTOR;
        if (next > end)
            next = end;
        if (loss->chance(loss->argument, 2)) {
            shadow_copy(self, content, at, next - at, write->put + (at - write->offset));
            reach = next;
        }
        at = next;
    }
    return reach;
}

uint64_t
shadow_reach(const shadow_t *self)
{
    uint64_t reach = self->size > self->durable_size ? self->size : self->durable_size;
    for (uint32_t i = 0; i < self->count; i++)
        if (self->writes[i].offset + self->writes[i].size > reach)
            reach = self->writes[i].offset + self->writes[i].size;
    return reach;
}

uint64_t
shadow_cut(const shadow_t *self, uint8_t *content, const shadow_loss_t *loss)
{
    uint64_t size = self->durable_size;
    if (loss->share == 0 || self->count == 0)
        return loss->share == 0 ? self->size : size;
    for (uint32_t i = self->count; i-- > 0;)
        shadow_copy(self, content, self->writes[i].offset, self->writes[i].size,
                    self->writes[i].replaced);
    for (uint32_t i = 0; i < self->count; i++) {
        const shadow_write_t *write = &self->writes[i];
        uint64_t reach = write->offset + write->size;
        if (loss->share >= 100 || loss->chance(loss->argument, 100) < loss->share) {
            loss->counts->dropped++;
            continue;
        }
        bool newest = i + 1 == self->count;
        if (write->size > DISK_SECTOR && write->put != SHADOW_ZEROS &&
            loss->chance(loss->argument, newest ? 2 : 8) == 0) {
            loss->counts->torn++;
            reach = shadow_tear(self, content, write, loss);
        } else
            shadow_copy(self, content, write->offset, write->size, write->put);
        if (write->file_size != SHADOW_SAME)
            size = write->file_size;
        else if (reach > size)
            size = reach;
    }
    uint64_t most = self->size > self->durable_size ? self->size : self->durable_size;
    if (loss->share < 100 && size < most && loss->chance(loss->argument, 4) == 0)
        size += loss->chance(loss->argument, (uint32_t)(most - size)) + 1;
    return size;
}

void
shadow_free(shadow_t *self)
{
    free(self->writes);
    free(self->bytes);
    *self = (shadow_t){ .size = self->size, .durable_size = self->durable_size };
}
