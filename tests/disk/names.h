/* names - the folders and files below the mounted root, and the changes of their names that are
 * not durable yet.
 *
 * An entry of a folder says which file has the name now and which one durably. The changes between
 * are kept in order; one that moves a name to another folder is one change of both folders, as in
 * every file system with a journal: it is durable in both or in none. */
#ifndef NAMES_H
#define NAMES_H
#include "tests/disk/shadow.h"

enum { NAMES_NAME_MAX = 64, NAMES_PATH_MAX = 1024 };

typedef struct node node_t;

typedef struct {
    char name[NAMES_NAME_MAX];
    node_t *now, *durable, *left; /* left: what names_cut() found */
} entry_t;

struct node {
    node_t *folder_of; /* where its name is now, NULL: it has none */
    char name[NAMES_NAME_MAX];
    bool folder;
    uint32_t references; /* entries, changes, descriptors */
    uint32_t open;       /* descriptors of the process */
    int fd;              /* our own, -1: none */
    shadow_t shadow;     /* of a file */
    entry_t *entries;    /* of a folder */
    uint32_t count, room;
    uint32_t cut; /* scratch: changes below this index are kept */
};

typedef struct {
    node_t *folder;
    char name[NAMES_NAME_MAX];
    node_t *node; /* who has the name after it, NULL: nobody */
} name_t;

typedef struct {
    name_t parts[2];
    uint32_t count;
} change_t;

typedef struct {
    node_t *root;
    change_t *changes;
    uint32_t count, room;
} names_t;

node_t *node_new(bool folder);
void node_hold(node_t *node);
/* Let go; the last one frees. */
void node_drop(node_t *node);
/* Its path below the root, in `path`; an empty one for the root. */
void node_path(const node_t *node, char path[NAMES_PATH_MAX]);

void names_init(names_t *self);
void names_free(names_t *self);
/* Who has the name now, or NULL. */
node_t *names_find(const node_t *folder, const char *name);
/* A name that is durable already. */
void names_adopt(node_t *folder, const char *name, node_t *node);
/* The name is given to `node`, or with NULL to nobody. */
void names_set(names_t *self, node_t *folder, const char *name, node_t *node);
/* The name `from` of `old` becomes `to` of `folder`. */
void names_move(names_t *self, node_t *old, const char *from, node_t *folder, const char *to);
/* A sync of the folder: of all of its changes, or of the first ones, as far as chance says. */
void names_sync(names_t *self, node_t *folder);
void names_sync_part(names_t *self, node_t *folder, const shadow_loss_t *loss);
/* Choose what a power loss leaves: the entries' `left`. */
void names_cut(names_t *self, const shadow_loss_t *loss);
#endif
