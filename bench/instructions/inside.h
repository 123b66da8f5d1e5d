/* inside - one client process, one broker and one partition in one thread, without sockets: what is
 * left of a command's way is what it costs in instructions. */
#ifndef INSIDE_H
#define INSIDE_H
#include "actors/partition.h"
#include "broker/router.h"
#include "clients/load/buyer.h"

enum {
    INSIDE_CLIENTS = 64,
    INSIDE_INFLIGHT = 16,
    INSIDE_BUYERS = INSIDE_CLIENTS * INSIDE_INFLIGHT,
    INSIDE_STATUSES = 512,
    INSIDE_BYTES = 4 * 1024 * 1024, /* of one direction in one turn */
};

/* Found by its name: never inlined, and no copy of it is made for one caller. */
#ifdef __clang__
#define INSIDE_PART __attribute__((noinline))
#else
#define INSIDE_PART __attribute__((noipa))
#endif

/* Messages on their way, each for one end. */
typedef struct {
    uint8_t *bytes;
    size_t size, newest;
    uint32_t count;
    struct {
        size_t at, size;
        uint64_t end; /* a client */
    } messages[2 * INSIDE_BUYERS];
} inside_post_t;

typedef struct {
    load_options_t options;
    load_t load;
    buyer_t *buyers;
    router_t *router;
    partition_t *partition;
    inside_post_t to_broker, to_actor, from_actor, to_clients;
    uint64_t seed, answers;
    uint64_t by_status[INSIDE_STATUSES];
    int64_t now_ms;
} inside_t;

/* A partition in an empty directory, with the showtimes of a scenario on sale. Ends the process
 * when something fails. */
void inside_open(inside_t *self, load_scenario_t scenario, const char *directory);
void inside_close(inside_t *self);
/* Let the buyers go on until so many more answers have come. */
void inside_run(inside_t *self, uint64_t answers);
#endif
