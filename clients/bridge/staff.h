/* staff - keys of staff: the file DIRECTORY/staff has a line a key, "NAME HEX [ROLE [CINEMAS]]",
 * the SHA-256 of the key and what its holder is: staff, operator, or cinema_admin of cinemas,
 * "7,12". The key itself is only with its holder. */
#ifndef STAFF_H
#define STAFF_H
#include "clients/bridge/token.h"

enum { STAFF_NAME_MAX = 15 };

typedef struct {
    char name[STAFF_NAME_MAX + 1];
    token_role_t role; /* STAFF, CINEMA_ADMIN or OPERATOR */
    token_cinemas_t cinemas;
} staff_t;

typedef struct staff_ring staff_ring_t;

/* Read the keys from a text. NULL with "line N: reason" in `error`. */
staff_ring_t *staff_read(const char *text, size_t size, char *error, size_t room);
/* Read them from the folder's file; none at all is fine. NULL with the reason. */
staff_ring_t *staff_load(const char *directory, char *error, size_t room);
void staff_destroy(staff_ring_t **self_p);
/* The member of staff whose key this is; false when there is none. */
bool staff_find(const staff_ring_t *self, http_text_t key, staff_t *who);
/* Does somebody of this name still have a key, of this very role and cinemas? */
bool staff_is(const staff_ring_t *self, const staff_t *who);
/* Take "7,12" as cinemas. False: they are no such list, or too long. */
bool staff_cinemas(http_text_t word, token_cinemas_t *cinemas);
#endif
