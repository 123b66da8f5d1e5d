/* net - the virtual network between people and the server. */
#ifndef SIM_NET_H
#define SIM_NET_H
#include "tests/sim/sim.h"

void net_to_server(sim_t *sim, uint64_t name, const void *bytes, size_t size);
void net_to_person(sim_t *sim, uint64_t name, const void *bytes, size_t size);
#endif
