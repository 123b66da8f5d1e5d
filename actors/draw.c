/* draw - see draw.h for the contract.
 *
 * A Feistel network over pairs (left < high, right < low) with high * low just above count, whose
 * halves are added to instead of xored, and cycle walking for the few pairs that are too much:
 * J. Black and P. Rogaway, "Ciphers with Arbitrary Finite Domains", CT-RSA 2002. The domain is
 * larger than count by less than its root, so a walk beyond the first step is rare. */
#include "actors/draw.h"
#include "broker/wire.h"
#include <assert.h>
#include <sodium/crypto_generichash.h>

enum { DRAW_HASH_SIZE = crypto_generichash_BYTES_MIN };

typedef struct {
    const uint8_t *seed;
    uint32_t count, high, low;
    uint8_t lane;
} draw_t;

void
draw_seed(uint8_t seed[DRAW_SEED_SIZE], const uint8_t key[32], uint64_t random, uint64_t showtime)
{
    uint8_t data[1 + 8 + 8];
    data[0] = 'W'; /* no ticket's tag and no code: see ticket.c */
    put_u64(data + 1, random);
    put_u64(data + 9, showtime);
    int rc = crypto_generichash(seed, DRAW_SEED_SIZE, data, sizeof data, key, 32);
    assert(rc == 0);
    (void)rc;
}

void
draw_commitment(uint8_t commitment[DRAW_SEED_SIZE], const uint8_t seed[DRAW_SEED_SIZE])
{
    int rc = crypto_generichash(commitment, DRAW_SEED_SIZE, seed, DRAW_SEED_SIZE, NULL, 0);
    assert(rc == 0);
    (void)rc;
}

/* high: the smallest number whose square is not below count; low: as many as are needed then. */
static draw_t
draw_of(const uint8_t *seed, uint8_t lane, uint32_t count)
{
    uint32_t high = 0;
    for (uint32_t bit = 1024; bit; bit /= 2) /* the largest number whose square is below count */
        if ((high + bit) * (high + bit) < count)
            high += bit;
    high++;
    return (draw_t){
        .seed = seed, .count = count, .high = high, .low = (count + high - 1) / high, .lane = lane
    };
}

static uint32_t
draw_round(const draw_t *self, uint8_t round, uint32_t half, uint32_t modulus)
{
    uint8_t data[2 + 4 + 4], hash[DRAW_HASH_SIZE];
    data[0] = self->lane;
    data[1] = round;
    put_u32(data + 2, self->count);
    put_u32(data + 6, half);
    int rc = crypto_generichash(hash, sizeof hash, data, sizeof data, self->seed, DRAW_SEED_SIZE);
    assert(rc == 0);
    (void)rc;
    return (uint32_t)(get_u64(hash) % modulus);
}

static uint32_t
draw_forth(const draw_t *self, uint32_t at)
{
    uint32_t left = at / self->low, right = at % self->low;
    for (uint8_t round = 0; round < DRAW_ROUNDS; round++) {
        if (round % 2 == 0)
            left = (left + draw_round(self, round, right, self->high)) % self->high;
        else
            right = (right + draw_round(self, round, left, self->low)) % self->low;
    }
    return left * self->low + right;
}

static uint32_t
draw_back(const draw_t *self, uint32_t at)
{
    uint32_t left = at / self->low, right = at % self->low;
    for (uint8_t round = DRAW_ROUNDS; round-- > 0;) {
        if (round % 2 == 0)
            left = (left + self->high - draw_round(self, round, right, self->high)) % self->high;
        else
            right = (right + self->low - draw_round(self, round, left, self->low)) % self->low;
    }
    return left * self->low + right;
}

uint32_t
draw_place(const uint8_t seed[DRAW_SEED_SIZE], uint8_t lane, uint32_t count, uint32_t arrival)
{
    assert(count <= DRAW_COUNT_MAX);
    assert(arrival < count);
    draw_t draw = draw_of(seed, lane, count);
    do
        arrival = draw_forth(&draw, arrival);
    while (arrival >= count);
    return arrival;
}

uint32_t
draw_arrival(const uint8_t seed[DRAW_SEED_SIZE], uint8_t lane, uint32_t count, uint32_t place)
{
    assert(count <= DRAW_COUNT_MAX);
    assert(place < count);
    draw_t draw = draw_of(seed, lane, count);
    do
        place = draw_back(&draw, place);
    while (place >= count);
    return place;
}
