/* draw - the shuffle of a waiting room: who came as which, and who stands where. Pure.
 *
 * A permutation of 0 .. count-1 for each (seed, lane, count), computed one place at a time and in
 * both directions, so that none is stored. docs/protocol.md has it by the byte: everybody who has
 * the seed can do the same sum.
 *
 * The seed is committed to before anybody comes, by its BLAKE2b-256, and shown after the draw. */
#ifndef DRAW_H
#define DRAW_H
#include <stdint.h>

enum { DRAW_SEED_SIZE = 32, DRAW_COUNT_MAX = 1 << 20, DRAW_ROUNDS = 12 };

/* A seed that nobody knows who does not have the key. */
void draw_seed(uint8_t seed[DRAW_SEED_SIZE], const uint8_t key[32], uint64_t random,
               uint64_t showtime);
void draw_commitment(uint8_t commitment[DRAW_SEED_SIZE], const uint8_t seed[DRAW_SEED_SIZE]);
/* The place of one who came as `arrival` of `count`, and who has a place; all from 0. */
uint32_t draw_place(const uint8_t seed[DRAW_SEED_SIZE], uint8_t lane, uint32_t count,
                    uint32_t arrival);
uint32_t draw_arrival(const uint8_t seed[DRAW_SEED_SIZE], uint8_t lane, uint32_t count,
                      uint32_t place);
#endif
