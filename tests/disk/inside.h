/* inside - what disk.c and its calls.c share: the mount, and the question to the watcher. */
#ifndef DISK_INSIDE_H
#define DISK_INSIDE_H
#include "tests/disk/names.h"

typedef struct {
    node_t *node; /* NULL: not one of ours */
    bool durable; /* O_DSYNC */
    bool append;
} opened_t;

typedef struct mount mount_t;
struct mount {
    mount_t *outer; /* rests meanwhile */
    disk_options_t options;
    char root[NAMES_PATH_MAX];
    size_t root_size;
    names_t names;
    opened_t *opened; /* by descriptor */
    int opened_room;
    bool dead;
    disk_counts_t counts;
    uint8_t *content; /* scratch of images */
    size_t content_room;
};

/* The newest mount, or NULL. */
mount_t *disk_mounted(void);
/* A loss with this share, drawn from the mount's chance. */
shadow_loss_t disk_loss(mount_t *self, uint32_t share);
uint32_t disk_draw(mount_t *self, uint32_t bound);
/* What becomes of an operation on `name` in `folder` (NULL: on `node` itself)? Counts it. A dead
 * process gets DISK_DIE_BEFORE; *trouble is set unless the verdict is DISK_GO or DISK_SHORT. */
disk_verdict_t disk_ask(mount_t *self, disk_kind_t kind, const node_t *node, const char *name,
                        uint64_t offset, uint64_t size, int *trouble);
/* The node's path in the real file system. */
void disk_real_path(const mount_t *self, const node_t *node, char path[NAMES_PATH_MAX]);
/* Have a descriptor of our own of a file, while it has a name. */
void disk_grasp(mount_t *self, node_t *node);
/* Give it back when nothing needs it. */
void disk_loosen(node_t *node);
/* A file or folder that is there already, with all it holds: durable. */
node_t *disk_adopt(mount_t *self, node_t *folder, const char *name);
#endif
