/* choice - which seats a buyer of a scenario asks for. One place for all who drive load, so that
 * whatever is measured beside Marquee does the same work. */
#ifndef CHOICE_H
#define CHOICE_H
#include "clients/load/load.h"

enum {
    CHOICE_KEEP_ONE_IN = 4,    /* rush: of the locks, those held aside for a while */
    CHOICE_RETURN_ONE_IN = 16, /* and how often one who holds such a lock gives it back */
};

/* Where a buyer's numbers begin; never 0. */
static inline uint64_t
choice_seed(uint32_t number)
{
    return (number + UINT64_C(1)) * UINT64_C(0x9e3779b97f4a7c15);
}

/* xorshift64 (Marsaglia, 2003); enough to choose seats by. */
static inline uint32_t
choice_random(uint64_t *chance, uint32_t below)
{
    *chance ^= *chance << 13;
    *chance ^= *chance >> 7;
    *chance ^= *chance << 17;
    return (uint32_t)((*chance >> 32) * below >> 32);
}

/* Each of hot's buyers has a few pairs of its own showtime, which overlap a little with the
 * neighbours': most locks are accepted, some meet somebody. */
static inline void
choice_hot(uint64_t *chance, uint32_t number, uint32_t buyers, uint32_t showtimes,
           uint32_t *showtime, uint32_t *pair)
{
    uint32_t share = (buyers + showtimes - 1) / showtimes;
    uint32_t first = number / showtimes * LOAD_PAIRS / share;
    uint32_t width = LOAD_PAIRS / share > 4 ? LOAD_PAIRS / share : 4;
    *showtime = number % showtimes;
    *pair = (first + choice_random(chance, width)) % LOAD_PAIRS;
}

/* Rush and uniform: any pair of any showtime. */
static inline void
choice_any(uint64_t *chance, uint32_t showtimes, uint32_t *showtime, uint32_t *pair)
{
    *showtime = choice_random(chance, showtimes);
    *pair = choice_random(chance, LOAD_PAIRS);
}

/* Purchases never meet: the n-th takes the next pair, round the showtimes of a window, window
 * after window. */
static inline void
choice_purchase(uint64_t n, uint32_t *showtime, uint32_t *pair)
{
    uint64_t window = n / (LOAD_WINDOW * LOAD_PAIRS);
    *showtime = (uint32_t)(window * LOAD_WINDOW + n % LOAD_WINDOW);
    *pair = (uint32_t)(n / LOAD_WINDOW % LOAD_PAIRS);
}
#endif
