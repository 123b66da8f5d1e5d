/* names - see names.h for the contract. */
#include "tests/disk/names.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- nodes ---- */

node_t *
node_new(bool folder)
{
    node_t *node = calloc(1, sizeof *node);
    assert(node);
    node->folder = folder;
    node->fd = -1;
    return node;
}

void
node_hold(node_t *node)
{
    if (node)
        node->references++;
}

void
node_drop(node_t *node)
{
    if (!node)
        return;
    assert(node->references > 0);
    if (--node->references > 0)
        return;
    for (uint32_t i = 0; i < node->count; i++) {
        node_drop(node->entries[i].now);
        node_drop(node->entries[i].durable);
    }
    if (node->fd >= 0)
        (void)syscall(SYS_close, node->fd);
    shadow_free(&node->shadow);
    free(node->entries);
    free(node);
}

static void
node_put(node_t **place, node_t *node)
{
    node_hold(node);
    node_drop(*place);
    *place = node;
}

void
node_path(const node_t *node, char path[NAMES_PATH_MAX])
{
    size_t at = NAMES_PATH_MAX - 1;
    path[at] = 0;
    for (; node->folder_of; node = node->folder_of) {
        size_t size = strlen(node->name);
        if (path[at])
            path[--at] = '/';
        assert(size < at);
        at -= size;
        memcpy(path + at, node->name, size);
    }
    memmove(path, path + at, NAMES_PATH_MAX - at);
}

/* ---- entries ---- */

static entry_t *
names_entry(const node_t *folder, const char *name)
{
    assert(folder->folder);
    for (uint32_t i = 0; i < folder->count; i++)
        if (strcmp(folder->entries[i].name, name) == 0)
            return &folder->entries[i];
    return NULL;
}

static entry_t *
names_need(node_t *folder, const char *name)
{
    entry_t *entry = names_entry(folder, name);
    if (entry)
        return entry;
    if (folder->count == folder->room) {
        folder->room = folder->room ? 2 * folder->room : 8;
        folder->entries = realloc(folder->entries, folder->room * sizeof *folder->entries);
        assert(folder->entries);
    }
    entry = &folder->entries[folder->count++];
    *entry = (entry_t){ .now = NULL };
    assert(strlen(name) < sizeof entry->name);
    strcpy(entry->name, name);
    return entry;
}

/* Forget the entries that name nothing and of which no change is left. */
static void
names_sweep(node_t *folder)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < folder->count; i++)
        if (folder->entries[i].now || folder->entries[i].durable)
            folder->entries[count++] = folder->entries[i];
    folder->count = count;
}

void
names_init(names_t *self)
{
    *self = (names_t){ .root = node_new(true) };
    node_hold(self->root);
}

static void
names_forget_changes(names_t *self)
{
    for (uint32_t i = 0; i < self->count; i++)
        for (uint32_t k = 0; k < self->changes[i].count; k++) {
            node_drop(self->changes[i].parts[k].folder);
            node_drop(self->changes[i].parts[k].node);
        }
    self->count = 0;
}

void
names_free(names_t *self)
{
    names_forget_changes(self);
    node_drop(self->root);
    free(self->changes);
    *self = (names_t){ .root = NULL };
}

node_t *
names_find(const node_t *folder, const char *name)
{
    const entry_t *entry = names_entry(folder, name);
    return entry ? entry->now : NULL;
}

static void
names_show(node_t *folder, const char *name, node_t *node)
{
    entry_t *entry = names_need(folder, name);
    if (entry->now)
        entry->now->folder_of = NULL;
    node_put(&entry->now, node);
    if (!node)
        return;
    node->folder_of = folder;
    strcpy(node->name, entry->name);
}

void
names_adopt(node_t *folder, const char *name, node_t *node)
{
    names_show(folder, name, node);
    node_put(&names_need(folder, name)->durable, node);
}

static change_t *
names_note(names_t *self)
{
    if (self->count == self->room) {
        self->room = self->room ? 2 * self->room : 32;
        self->changes = realloc(self->changes, self->room * sizeof *self->changes);
        assert(self->changes);
    }
    change_t *change = &self->changes[self->count++];
    change->count = 0;
    return change;
}

static void
names_part(change_t *change, node_t *folder, const char *name, node_t *node)
{
    name_t *part = &change->parts[change->count++];
    *part = (name_t){ .folder = folder, .node = node };
    strcpy(part->name, name);
    node_hold(folder);
    node_hold(node);
}

void
names_set(names_t *self, node_t *folder, const char *name, node_t *node)
{
    names_part(names_note(self), folder, name, node);
    names_show(folder, name, node);
}

void
names_move(names_t *self, node_t *old, const char *from, node_t *folder, const char *to)
{
    node_t *node = names_find(old, from);
    assert(node);
    change_t *change = names_note(self);
    names_part(change, old, from, NULL);
    names_part(change, folder, to, node);
    names_show(old, from, NULL);
    names_show(folder, to, node);
}

/* ---- durable changes ---- */

static void
names_settle(const change_t *change)
{
    for (uint32_t i = 0; i < change->count; i++)
        node_put(&names_need(change->parts[i].folder, change->parts[i].name)->durable,
                 change->parts[i].node);
}

/* Is the change of that index among those that its folder keeps? */
static bool
names_kept(const change_t *change, uint32_t index)
{
    return index < change->parts[0].folder->cut;
}

/* The folder's changes below `limit` are durable, and what other folders share with them. */
static void
names_settle_below(names_t *self, node_t *folder, uint32_t limit)
{
    for (uint32_t i = 0; i < self->count; i++)
        for (uint32_t k = 0; k < self->changes[i].count; k++)
            self->changes[i].parts[k].folder->cut = 0;
    folder->cut = limit;
    for (uint32_t i = self->count; i-- > 0;) {
        const change_t *change = &self->changes[i];
        if (change->count < 2)
            continue;
        node_t *one = change->parts[0].folder, *two = change->parts[1].folder;
        if (i < one->cut && two->cut <= i)
            two->cut = i + 1;
        else if (i < two->cut && one->cut <= i)
            one->cut = i + 1;
    }
    uint32_t count = 0;
    for (uint32_t i = 0; i < self->count; i++) {
        change_t change = self->changes[i];
        if (!names_kept(&change, i)) {
            self->changes[count++] = change;
            continue;
        }
        names_settle(&change);
        for (uint32_t k = 0; k < change.count; k++) {
            node_drop(change.parts[k].node);
            node_drop(change.parts[k].folder);
        }
    }
    self->count = count;
    if (count == 0)
        names_sweep(folder);
}

void
names_sync(names_t *self, node_t *folder)
{
    if (self->count > 0)
        names_settle_below(self, folder, self->count);
}

void
names_sync_part(names_t *self, node_t *folder, const shadow_loss_t *loss)
{
    names_settle_below(self, folder, loss->chance(loss->argument, self->count + 1));
}

/* ---- what a power loss leaves ---- */

static void
names_start_left(node_t *folder)
{
    for (uint32_t i = 0; i < folder->count; i++) {
        entry_t *entry = &folder->entries[i];
        entry->left = entry->durable;
        if (entry->durable && entry->durable->folder)
            names_start_left(entry->durable);
        if (entry->now && entry->now->folder && entry->now != entry->durable)
            names_start_left(entry->now);
    }
}

/* How many changes each folder keeps; a change of two folders is kept by both or by none. */
static void
names_choose(names_t *self, const shadow_loss_t *loss)
{
    for (uint32_t i = 0; i < self->count; i++)
        for (uint32_t k = 0; k < self->changes[i].count; k++)
            self->changes[i].parts[k].folder->cut = UINT32_MAX;
    for (uint32_t i = 0; i < self->count; i++)
        for (uint32_t k = 0; k < self->changes[i].count; k++) {
            node_t *folder = self->changes[i].parts[k].folder;
            if (folder->cut != UINT32_MAX)
                continue;
            folder->cut = loss->share == 0 ? self->count : 0;
            if (loss->share > 0 && loss->share < 100)
                folder->cut = loss->chance(loss->argument, self->count + 1);
        }
    for (uint32_t i = 0; i < self->count; i++) {
        const change_t *change = &self->changes[i];
        if (change->count < 2)
            continue;
        node_t *one = change->parts[0].folder, *two = change->parts[1].folder;
        if (i >= one->cut && two->cut > i)
            two->cut = i;
        else if (i >= two->cut && one->cut > i)
            one->cut = i;
    }
}

void
names_cut(names_t *self, const shadow_loss_t *loss)
{
    names_start_left(self->root);
    names_choose(self, loss);
    for (uint32_t i = 0; i < self->count; i++) {
        const change_t *change = &self->changes[i];
        if (!names_kept(change, i))
            continue;
        for (uint32_t k = 0; k < change->count; k++)
            names_need(change->parts[k].folder, change->parts[k].name)->left =
                change->parts[k].node;
    }
}
