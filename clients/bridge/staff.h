/* staff - keys of staff: the file DIRECTORY/staff has a line a key, "NAME HEX", the SHA-256 of the
 * key. The key itself is only with its holder. */
#ifndef STAFF_H
#define STAFF_H
#include "clients/bridge/http.h"

enum { STAFF_NAME_MAX = 15 };

typedef struct staff_ring staff_ring_t;

/* Read the keys from a text. NULL with "line N: reason" in `error`. */
staff_ring_t *staff_read(const char *text, size_t size, char *error, size_t room);
/* Read them from the folder's file; none at all is fine. NULL with the reason. */
staff_ring_t *staff_load(const char *directory, char *error, size_t room);
void staff_destroy(staff_ring_t **self_p);
/* The member of staff whose key this is; false when there is none. */
bool staff_find(const staff_ring_t *self, http_text_t key, char name[STAFF_NAME_MAX + 1]);
#endif
