/* net - see net.h for the contract. */
#include "tests/sim/net.h"
#include "tests/sim/crowd.h"
#include "tests/sim/server.h"
#include <stdlib.h>
#include <string.h>

enum { NET_LEAST_US = 150, NET_MEAN_US = 2000, NET_OVERTAKEN_US = 200000, NET_DELAYED_S = 60 };

typedef struct {
    uint64_t name;
    bool to_server;
    size_t size;
    uint8_t bytes[];
} packet_t;

static void
net_arrive(sim_t *sim, void *note)
{
    packet_t *packet = note;
    if (packet->to_server)
        server_receive(sim, packet->name, packet->bytes, packet->size);
    else
        crowd_receive(sim, packet->name, packet->bytes, packet->size);
}

static int64_t
net_latency(sim_t *sim)
{
    int64_t us = NET_LEAST_US + chance_about(&sim->chance, NET_MEAN_US);
    if (sim_strikes(sim, FAULT_NET_REORDERED))
        us += chance_between(&sim->chance, 0, NET_OVERTAKEN_US);
    if (sim_strikes(sim, FAULT_NET_DELAYED))
        us += chance_between(&sim->chance, SECOND_US, NET_DELAYED_S * SECOND_US);
    return us;
}

static void
net_send(sim_t *sim, uint64_t name, bool to_server, const void *bytes, size_t size)
{
    sim_note(sim, bytes, size);
    if (sim_strikes(sim, FAULT_NET_LOST))
        return;
    packet_t *packet = malloc(sizeof *packet + size);
    if (!packet)
        abort();
    *packet = (packet_t){ .name = name, .to_server = to_server, .size = size };
    memcpy(packet->bytes, bytes, size);
    uint32_t copies = sim_strikes(sim, FAULT_NET_DOUBLED) ? 2 : 1;
    for (uint32_t i = 0; i < copies; i++)
        agenda_add(&sim->agenda, sim->agenda.now_us + net_latency(sim), net_arrive, packet,
                   sizeof *packet + size);
    free(packet);
}

void
net_to_server(sim_t *sim, uint64_t name, const void *bytes, size_t size)
{
    net_send(sim, name, true, bytes, size);
}

void
net_to_person(sim_t *sim, uint64_t name, const void *bytes, size_t size)
{
    net_send(sim, name, false, bytes, size);
}
