/* server - one marqueed of the simulation: router, partitions, cashier's seat; born, killed, born
 * again, on a disk that outlives it. */
#ifndef SIM_SERVER_H
#define SIM_SERVER_H
#include "tests/sim/sim.h"

/* Names of connections: whose, and the how manyeth of theirs. */
static inline uint64_t
server_name(uint32_t person, uint32_t generation)
{
    return (uint64_t)generation << 16 | (person + 1);
}
static inline uint32_t
server_person(uint64_t name)
{
    return (uint32_t)(name & 0xffff) - 1;
}

/* Mount the disk and be born. */
void server_open(sim_t *sim);
/* Stop in order. False when it broke on the way (sim_broken was called). */
bool server_stop(sim_t *sim);
void server_close(sim_t *sim);
/* Is there a process that accepts connections? */
bool server_up(const sim_t *sim);
/* A frame of a connection arrives. */
void server_receive(sim_t *sim, uint64_t name, const void *bytes, size_t size);
/* The time that the server's host shows, Unix ms. */
int64_t server_wall_ms(const sim_t *sim);
/* The faults' turn is over: be up, and stay so. */
void server_heal(sim_t *sim);
/* The state of a partition, NULL while it is down. */
state_t *server_state(const sim_t *sim, uint32_t partition);
const site_t *server_site(const sim_t *sim, uint32_t partition);
size_t server_replies_bytes(const sim_t *sim);
/* Where a partition's files are. */
void server_path(const sim_t *sim, uint32_t partition, const char *part, char *path, size_t room);
#endif
