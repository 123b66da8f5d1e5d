/* burst - see burst.h for the contract. Between calls nothing is in the ring. */
#include "clients/bridge/burst.h"
#include <assert.h>
#include <errno.h>
#include <liburing.h>
#include <stdlib.h>
#include <sys/socket.h>

struct burst {
    struct io_uring ring;
    bool has_ring;
};

enum { BURST_FLAGS = MSG_NOSIGNAL | MSG_DONTWAIT };

/* Hand over what was prepared and wait until all `count` of it is done. 0, or a negative errno. */
static int
burst_finish(burst_t *self, burst_io_t *ios, size_t count)
{
    size_t done = 0;
    while (done < count) {
        struct io_uring_cqe *cqe;
        unsigned head, seen = 0;
        int given = io_uring_submit_and_wait(&self->ring, (unsigned)(count - done));
        if (given < 0 && given != -EINTR && given != -EAGAIN)
            return given;
        io_uring_for_each_cqe(&self->ring, head, cqe)
        {
            size_t at = (size_t)cqe->user_data;
            assert(at < count);
            ios[at].done = cqe->res;
            seen++;
        }
        io_uring_cq_advance(&self->ring, seen);
        done += seen;
    }
    return 0;
}

/* A kernel may have io_uring and forbid its use, now or at the first call: tried with nothing. */
static bool
burst_try(burst_t *self)
{
    burst_io_t nothing = { .fd = -1 };
    struct io_uring_sqe *sqe = io_uring_get_sqe(&self->ring);
    assert(sqe);
    io_uring_prep_nop(sqe);
    sqe->user_data = 0;
    return burst_finish(self, &nothing, 1) == 0;
}

/* Kernels before 6.1 know less: they take the ring without its hints. */
static bool
burst_open(burst_t *self)
{
    const unsigned hints = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
    if (io_uring_queue_init(BURST_MAX, &self->ring, hints) != 0 &&
        io_uring_queue_init(BURST_MAX, &self->ring, 0) != 0)
        return false;
    if (burst_try(self))
        return true;
    io_uring_queue_exit(&self->ring);
    return false;
}

burst_t *
burst_new(bool ring)
{
    burst_t *self = calloc(1, sizeof *self);
    if (self)
        self->has_ring = ring && burst_open(self);
    return self;
}

void
burst_destroy(burst_t **self_p)
{
    if (*self_p && (*self_p)->has_ring)
        io_uring_queue_exit(&(*self_p)->ring);
    free(*self_p);
    *self_p = NULL;
}

bool
burst_has_ring(const burst_t *self)
{
    return self->has_ring;
}

/* One by one. */
static void
burst_each(burst_io_t *ios, size_t count, bool sends)
{
    for (burst_io_t *io = ios; io < ios + count; io++) {
        io->done = sends ? send(io->fd, io->data, io->size, BURST_FLAGS)
                         : recv(io->fd, io->room, io->size, MSG_DONTWAIT);
        if (io->done < 0)
            io->done = -errno;
    }
}

static void
burst_all(burst_t *self, burst_io_t *ios, size_t count, bool sends)
{
    assert(count <= BURST_MAX);
    if (!self->has_ring || count < 2) {
        burst_each(ios, count, sends);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        struct io_uring_sqe *sqe = io_uring_get_sqe(&self->ring);
        assert(sqe);
        if (sends)
            io_uring_prep_send(sqe, ios[i].fd, ios[i].data, ios[i].size, BURST_FLAGS);
        else
            io_uring_prep_recv(sqe, ios[i].fd, ios[i].room, ios[i].size, MSG_DONTWAIT);
        sqe->user_data = i;
    }
    /* It has worked before: what it could refuse now is a call that is wrong. */
    int fault = burst_finish(self, ios, count);
    assert(fault == 0);
    (void)fault;
}

void
burst_send(burst_t *self, burst_io_t *writes, size_t count)
{
    burst_all(self, writes, count, true);
}

void
burst_receive(burst_t *self, burst_io_t *reads, size_t count)
{
    burst_all(self, reads, count, false);
}
