/* idle - thousands of HTTP connections that were served once and then say nothing, some that say
 * one byte a second, and one client among them that wants to be answered. */
#ifndef IDLE_H
#define IDLE_H
#include "tests/soak/verdict.h"
#include <netinet/in.h>

typedef struct {
    struct sockaddr_in to;
    uint32_t idle, slow; /* connections of each kind */
    uint32_t head_ms;    /* limits/head_ms of the server */
    int pid;             /* of the server */
    uint64_t showtime;   /* whose map the client asks for */
} idle_options_t;

/* Run it all and judge. */
void idle_run(const idle_options_t *options, verdict_t *verdict);
#endif
