/* wait - deadlines of connections: one list a kind of wait, in the order of their end.
 *
 * All waits of a kind last equally long, so a new one stands last and nothing is ever sorted; a
 * look at the heads finds all that are over. Pure. */
#ifndef WAIT_H
#define WAIT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct wait_node wait_node_t;
struct wait_node {
    wait_node_t *next, *before; /* NULL both: not waiting */
    int64_t until_ms;
};

typedef struct {
    wait_node_t ends; /* a ring: next is the first */
    int64_t lasts_ms;
} wait_list_t;

void wait_init(wait_list_t *self, int64_t lasts_ms);
/* Begin a wait; one under way in whatever list ends first. */
void wait_begin(wait_list_t *self, wait_node_t *node, int64_t now_ms);
void wait_end(wait_node_t *node);
static inline bool
wait_under_way(const wait_node_t *node)
{
    return node->next != NULL;
}
/* The first that is over, taken out of the list; NULL when none is. */
wait_node_t *wait_over(wait_list_t *self, int64_t now_ms);
#endif
