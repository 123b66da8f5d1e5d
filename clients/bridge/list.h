/* list - the list of showtimes behind GET /api/showtimes. */
#ifndef LIST_H
#define LIST_H
#include "clients/bridge/bridge.h"

/* NULL: no memory. */
list_t *list_new(bridge_t *bridge);
void list_destroy(list_t **self_p);
#endif
