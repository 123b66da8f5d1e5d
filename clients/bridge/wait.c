/* wait - see wait.h for the contract. */
#include "clients/bridge/wait.h"

void
wait_init(wait_list_t *self, int64_t lasts_ms)
{
    self->ends = (wait_node_t){ .next = &self->ends, .before = &self->ends };
    self->lasts_ms = lasts_ms;
}

void
wait_begin(wait_list_t *self, wait_node_t *node, int64_t now_ms)
{
    wait_end(node);
    node->until_ms = now_ms + self->lasts_ms;
    node->before = self->ends.before;
    node->next = &self->ends;
    node->before->next = node;
    self->ends.before = node;
}

void
wait_end(wait_node_t *node)
{
    if (!node->next)
        return;
    node->before->next = node->next;
    node->next->before = node->before;
    node->next = node->before = NULL;
}

wait_node_t *
wait_over(wait_list_t *self, int64_t now_ms)
{
    wait_node_t *first = self->ends.next;
    if (first == &self->ends || first->until_ms > now_ms)
        return NULL;
    wait_end(first);
    return first;
}
