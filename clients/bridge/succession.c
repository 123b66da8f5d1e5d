/* succession - see succession.h for the contract. */
#include "clients/bridge/succession.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SUCCESSION_FIRST = 3, SUCCESSION_WAIT_S = 30 };

static long
succession_number(const char *name)
{
    const char *text = getenv(name);
    char *end;
    if (!text || !*text)
        return -1;
    long number = strtol(text, &end, 10);
    return *end ? -1 : number;
}

int
succession_take(edge_t *edge, char *error, size_t room)
{
    long count = succession_number("LISTEN_FDS");
    if (count <= 0 || succession_number("LISTEN_PID") != (long)getpid())
        return 0;
    char names[256];
    const char *said = getenv("LISTEN_FDNAMES");
    snprintf(names, sizeof names, "%s", said ? said : "");
    char *rest = names;
    for (long i = 0; i < count; i++) {
        const char *name = strsep(&rest, ":");
        bool tls = name && strcmp(name, "https") == 0;
        if (tls && !edge->tls) {
            snprintf(error, room, "a socket for TLS was handed over, but there is no certificate");
            return -1;
        }
        if (edge_listen_fd(edge, SUCCESSION_FIRST + (int)i, tls, error, room) != 0)
            return -1;
    }
    (void)unsetenv("LISTEN_PID");
    (void)unsetenv("LISTEN_FDS");
    (void)unsetenv("LISTEN_FDNAMES");
    return (int)count;
}

bool
succession_awaited(void)
{
    return succession_number("MARQUEE_READY_FD") >= SUCCESSION_FIRST;
}

void
succession_ready(void)
{
    long fd = succession_number("MARQUEE_READY_FD");
    if (fd < SUCCESSION_FIRST)
        return;
    ssize_t told = write((int)fd, "1", 1);
    (void)told; /* who asked may be gone: then nobody waits */
    close((int)fd);
    (void)unsetenv("MARQUEE_READY_FD");
}

/* In the child: the sockets move to their places, everything else closes by itself. Descriptors are
 * first moved out of the way of one another. */
static void
succession_become(const bridge_t *bridge, int ready)
{
    const edge_t *edge = bridge->edge;
    char number[16], names[128] = "";
    int moved[EDGE_LISTENERS_MAX], count = (int)edge->listener_count;
    int far = SUCCESSION_FIRST + EDGE_LISTENERS_MAX + 1;
    for (int i = 0; i < count; i++) {
        moved[i] = fcntl(edge->listener_fds[i], F_DUPFD, far);
        if (i)
            strncat(names, ":", sizeof names - strlen(names) - 1);
        strncat(names, edge->listener_tls[i] ? "https" : "http", sizeof names - strlen(names) - 1);
    }
    int told = fcntl(ready, F_DUPFD, far);
    for (int i = 0; i < count; i++) {
        if (moved[i] < 0 || dup2(moved[i], SUCCESSION_FIRST + i) < 0)
            _exit(127);
        close(moved[i]);
    }
    snprintf(number, sizeof number, "%d", told);
    (void)setenv("MARQUEE_READY_FD", number, 1);
    snprintf(number, sizeof number, "%d", count);
    (void)setenv("LISTEN_FDS", number, 1);
    (void)setenv("LISTEN_FDNAMES", names, 1);
    snprintf(number, sizeof number, "%d", (int)getpid());
    (void)setenv("LISTEN_PID", number, 1);
    /* Where it was installed, not what runs: that may have been replaced by a newer one. */
    (void)execv(bridge->program, bridge->argv);
    _exit(127);
}

static void
succession_heard(evutil_socket_t fd, short what, void *argument)
{
    bridge_t *bridge = argument;
    char byte;
    bool good = what & EV_READ && read(fd, &byte, 1) == 1;
    close(fd);
    if (!good && kill(bridge->heir_pid, SIGKILL) == 0) /* or two would serve some day */
        (void)waitpid(bridge->heir_pid, NULL, 0);
    event_free(bridge->heir);
    bridge->heir = NULL;
    bridge->heir_done(bridge, good);
}

void
succession_begin(bridge_t *bridge, void (*done)(bridge_t *bridge, bool good))
{
    int pipe_fds[2];
    const struct timeval patience = { .tv_sec = SUCCESSION_WAIT_S };
    if (bridge->heir || bridge->stopping)
        return;
    if (pipe2(pipe_fds, O_CLOEXEC) != 0) {
        done(bridge, false);
        return;
    }
    bridge->heir_done = done;
    bridge->heir = event_new(bridge->base, pipe_fds[0], EV_READ, succession_heard, bridge);
    pid_t child = bridge->heir ? fork() : -1;
    if (child == 0)
        succession_become(bridge, pipe_fds[1]);
    close(pipe_fds[1]);
    bridge->heir_pid = child;
    if (child > 0 && event_add(bridge->heir, &patience) == 0)
        return;
    close(pipe_fds[0]);
    if (bridge->heir)
        event_free(bridge->heir);
    bridge->heir = NULL;
    done(bridge, false);
}
