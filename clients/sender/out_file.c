/* out_file - see out.h for the contract. */
#include "clients/sender/out.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    out_t out;
    int fd;
    char what[OUT_ERROR_MAX];
} out_file_t;

static bool
file_room(const out_t *self)
{
    (void)self;
    return true;
}

/* A line is written whole, or the whole of it again later. */
static void
file_send(out_t *out, uint32_t slot, const message_t *message)
{
    out_file_t *self = (out_file_t *)out;
    char line[MESSAGE_BODY_ROOM + 1];
    size_t size = message_json(message, line);
    if (size)
        line[size++] = '\n';
    ssize_t written = size ? write(self->fd, line, size) : -1;
    if (written == (ssize_t)size)
        out->done(out->argument, slot, POST_TAKEN, 0, "");
    else
        out->done(out->argument, slot, POST_LATER, 0, written < 0 ? strerror(errno) : "no room");
}

static void
file_destroy(out_t *out)
{
    out_file_t *self = (out_file_t *)out;
    if (self->fd != STDOUT_FILENO)
        close(self->fd);
    free(self);
}

out_t *
out_file_new(const char *path, out_done_fn *done, void *argument, char error[OUT_ERROR_MAX])
{
    out_file_t *self = calloc(1, sizeof *self);
    snprintf(error, OUT_ERROR_MAX, "memory is short");
    if (!self)
        return NULL;
    self->fd = *path ? open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600) : STDOUT_FILENO;
    if (self->fd < 0) {
        snprintf(error, OUT_ERROR_MAX, "%.200s: %s", path, strerror(errno));
        free(self);
        return NULL;
    }
    snprintf(self->what, sizeof self->what, "%.200s", *path ? path : "standard output");
    self->out = (out_t){ .what = self->what,
                         .room = file_room,
                         .send = file_send,
                         .destroy = file_destroy,
                         .done = done,
                         .argument = argument };
    return &self->out;
}
