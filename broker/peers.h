/* peers - the router's memory of who is connected: an open-addressing table, bounded. */
#ifndef PEERS_H
#define PEERS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint64_t name;   /* 0: the slot is free */
    uint64_t client; /* identity for repeats; 0 before hello */
    int64_t seen_ms;
    uint8_t role;
    /* Replies of this turn, as a list through the router's table; -1: none. */
    int32_t first, last;
    uint32_t bytes;
} peer_t;

typedef struct peers peers_t;

peers_t *peers_new(size_t peers_max);
void peers_destroy(peers_t **self_p);
/* NULL when unknown. Pointers are valid until the next add or sweep. */
peer_t *peers_find(peers_t *self, uint64_t name);
/* The peer, added when unknown; NULL when the table is full. */
peer_t *peers_add(peers_t *self, uint64_t name);
void peers_remove(peers_t *self, uint64_t name);
/* Forget who was last seen before `before_ms`. */
void peers_sweep(peers_t *self, int64_t before_ms);
size_t peers_count(const peers_t *self);
#endif
