/* server - a marqueed that is started, killed and started again on one directory. */
#ifndef CRASH_SERVER_H
#define CRASH_SERVER_H
#include <stdint.h>
#include <sys/types.h>

enum { SERVER_ENDPOINT_MAX = 128, SERVER_PATH_MAX = 1024, SERVER_PARTITIONS = 2 };

typedef struct {
    const char *programs;  /* folder of marqueed and marquee */
    const char *directory; /* the site's data */
    pid_t pid;             /* 0: not running */
    int output;            /* its standard output */
    char clients[SERVER_ENDPOINT_MAX];
} server_t;

/* Start it; it is not ready yet. 0 or -1, errno set. */
int server_start(server_t *self);
/* Wait for its ready line, which names the endpoint. 0, or -1 when it ended or took too long. */
int server_ready(server_t *self);
/* kill -9, and wait until it is gone. */
void server_kill(server_t *self);
/* Ask it to stop, and wait. Its exit status, or -1 when it did not end in time or was killed. */
int server_stop(server_t *self);
/* Is it still running? Reaps it when not. */
int server_alive(server_t *self);
#endif
