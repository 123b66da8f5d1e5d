/* server - see server.h for the contract. */
#include "tests/crash/server.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

_Static_assert(SERVER_PARTITIONS == 2, "as site/partitions says below");
enum { SERVER_READY_MS = 20000, SERVER_STOP_MS = 20000, SERVER_WORDS_MAX = 32 };

/* Small segments and frequent checkpoints: kills fall between all the things a server does. */
static const char *const server_settings[] = {
    "broker/clients=tcp://127.0.0.1:*",
    "broker/events=tcp://127.0.0.1:*",
    "broker/bridges=",
    "store/segment_mb=4",
    "store/checkpoint_ms=150",
    "store/journal=archive",
    "site/partitions=2",

};

static int64_t
server_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void
server_exec(const server_t *self, const char *const *words, int output)
{
    char path[SERVER_PATH_MAX];
    char *arguments[SERVER_WORDS_MAX];
    /* The child does not outlive the test, however that ends. */
    if (prctl(PR_SET_PDEATHSIG, (unsigned long)SIGKILL, 0UL, 0UL, 0UL) ||
        snprintf(path, sizeof path, "%s/%s", self->programs, words[0]) >= (int)sizeof path)
        _exit(126);
    size_t count = 0;
    for (; words[count] && count + 1 < SERVER_WORDS_MAX; count++)
        arguments[count] = strdup(words[count]);
    arguments[count] = NULL;
    if (dup2(output, STDOUT_FILENO) < 0)
        _exit(126);
    execv(path, arguments);
    perror(path);
    _exit(127);
}

int
server_start(server_t *self)
{
    char place[SERVER_PATH_MAX];
    const char *words[SERVER_WORDS_MAX] = { "marqueed", "--set", place };
    size_t count = 3;
    if (snprintf(place, sizeof place, "site/directory=%s", self->directory) >= (int)sizeof place)
        return -1;
    for (size_t i = 0; i < sizeof server_settings / sizeof server_settings[0]; i++) {
        words[count++] = "--set";
        words[count++] = server_settings[i];
    }
    int ends[2];
    if (pipe2(ends, O_CLOEXEC))
        return -1;
    self->pid = fork();
    if (self->pid == 0)
        server_exec(self, words, ends[1]);
    (void)close(ends[1]);
    self->output = ends[0];
    if (self->pid < 0) {
        self->pid = 0;
        (void)close(self->output);
        return -1;
    }
    return 0;
}

/* Read one line, bounded in time and size. */
static int
server_read_line(const server_t *self, char *line, size_t room)
{
    int64_t end_ms = server_now_ms() + SERVER_READY_MS;
    size_t size = 0;
    while (size + 1 < room) {
        struct pollfd wait = { .fd = self->output, .events = POLLIN };
        int64_t left_ms = end_ms - server_now_ms();
        if (left_ms <= 0 || poll(&wait, 1, (int)left_ms) == 0)
            return -1;
        ssize_t got = read(self->output, line + size, 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got != 1)
            return -1;
        if (line[size] == '\n')
            break;
        size++;
    }
    line[size] = 0;
    return 0;
}

int
server_ready(server_t *self)
{
    char line[512];
    if (server_read_line(self, line, sizeof line))
        return -1;
    const char *clients = strstr(line, "clients=");
    if (strncmp(line, "ready ", 6) != 0 || !clients)
        return -1;
    clients += strlen("clients=");
    size_t size = strcspn(clients, " ");
    if (size == 0 || size >= sizeof self->clients)
        return -1;
    memcpy(self->clients, clients, size);
    self->clients[size] = 0;
    return 0;
}

static int
server_wait(server_t *self)
{
    int status;
    while (waitpid(self->pid, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    self->pid = 0;
    (void)close(self->output);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void
server_kill(server_t *self)
{
    if (self->pid == 0)
        return;
    (void)kill(self->pid, SIGKILL);
    (void)server_wait(self);
}

int
server_alive(server_t *self)
{
    int status;
    if (self->pid == 0)
        return 0;
    if (waitpid(self->pid, &status, WNOHANG) != self->pid)
        return 1;
    self->pid = 0;
    (void)close(self->output);
    return 0;
}

int
server_stop(server_t *self)
{
    (void)kill(self->pid, SIGTERM);
    int64_t end_ms = server_now_ms() + SERVER_STOP_MS;
    while (server_now_ms() < end_ms) {
        siginfo_t info = { 0 };
        if (waitid(P_PID, (id_t)self->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid)
            return server_wait(self);
        struct timespec nap = { .tv_nsec = 5000000 };
        (void)nanosleep(&nap, NULL);
    }
    server_kill(self);
    return -1;
}
